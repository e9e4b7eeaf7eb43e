/*
 * Whose a number is: a store against a slow reference that keeps all lines in an array, what
 * one tenant cannot see of another, and a file that is damaged, before it is opened or after.
 */
#include "redirector/numbers/csv.h"
#include "redirector/numbers/export.h"
#include "tests/unit/numbers_kit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	LINES = 4000,
	ASKED = 40000,
	NOW = 1800000000, /* 2027-01-15 */
};

static enum import_end import(const char *store, const char *tenant, bool merge, uint64_t memory)
{
	const struct import_options o = { .folder = named(store),
					  .input = input,
					  .tenant = tenant,
					  .merge = merge,
					  .memory = memory };
	struct import_result result;
	char why[NUMBERS_WHY_SIZE];

	return import_with(&o, &result, why);
}

static struct numbers *opened(const char *store)
{
	char why[NUMBERS_WHY_SIZE] = "";
	struct numbers *n = NULL;

	CHECK(numbers_open(named(store), true, &n, why), "%s", why);
	if (!n)
		exit(1);
	return n;
}

/* --- against a reference --- */

static uint64_t seed = 42;

static uint64_t pick(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static struct csv_entry entries[LINES];
static size_t entry_count;

static void random_entry(struct csv_entry *e)
{
	uint64_t width = pick(4) == 0 ? pick(25000) : pick(3) == 0 ? pick(100) : 0, most;

	*e = (struct csv_entry){ .list = pick(6) == 0 ? (enum list_kind)pick(LIST_KINDS)
						      : LIST_NUMBERS,
				 .digits = (uint8_t)(5 + pick(2)) };
	snprintf(e->tenant, sizeof(e->tenant), "t%d", (int)pick(3));
	snprintf(e->rule.customer, sizeof(e->rule.customer), "c%d", (int)pick(3));
	e->rule.attest = e->list == LIST_NUMBERS ? (char)('A' + (int)pick(3)) : '-';
	e->first = (e->digits == 5 ? 10000 : 100000) + pick(90000);
	most = e->digits == 5 ? 99999 : 199999;
	e->last = e->first + width > most ? most : e->first + width;
	if (pick(5) == 0)
		e->rule.until = NOW + (pick(2) ? 1 : -1);
	if (pick(5) == 0)
		e->rule.from = NOW - (pick(2) ? 0 : -1) - (e->rule.until ? 10 : 0);
}

static bool has_dates(const struct csv_entry *e)
{
	return e->rule.from || e->rule.until;
}

/* How much of a line lies in the block of a number: what is left of its width. */
static uint64_t width_at(const struct csv_entry *e, uint64_t number)
{
	uint64_t block = number / BLOCK * BLOCK, first = e->first, last = e->last;

	if (!has_dates(e))
		return 1000000 + last - first;
	first = first < block ? block : first;
	last = last >= block + BLOCK ? block + BLOCK - 1 : last;
	return last - first;
}

static bool applies(const struct csv_entry *e)
{
	return e->rule.from <= NOW && (!e->rule.until || NOW < e->rule.until);
}

static bool counts_more(const struct csv_entry *e, const struct csv_entry *own, uint64_t number)
{
	uint64_t width = width_at(e, number), other = width_at(own, number);

	if (width != other)
		return width < other;
	return has_dates(e) ? e->rule.attest < own->rule.attest : true;
}

/* Of each customer's lines that apply: one with dates before one without, the narrowest, of equal
 * ones without dates the last; of all customers the highest attestation. */
static const struct csv_entry *reference(const char *tenant, const char *customer,
					 enum list_kind list, uint8_t digits, uint64_t number)
{
	const struct csv_entry *own[3] = { NULL }, *best = NULL;

	for (size_t i = 0; i < entry_count; i++) {
		const struct csv_entry *e = &entries[i], **of = &own[e->rule.customer[1] - '0'];

		if (e->first <= number && number <= e->last && e->list == list &&
		    e->digits == digits && strcmp(e->tenant, tenant) == 0 &&
		    (!customer[0] || strcmp(e->rule.customer, customer) == 0) && applies(e) &&
		    (!*of || counts_more(e, *of, number)))
			*of = e;
	}
	for (int c = 0; c < 3; c++)
		if (own[c] && (!best || own[c]->rule.attest < best->rule.attest))
			best = own[c];
	return best;
}

/* A number that changes hands on a day, and a customer's dates within a range of his. */
static void test_dates(void)
{
	struct numbers_hit hit;
	struct numbers *n;

	write_input("tenant,customer,first,last,attest,from,until\n"
		    "t,x,100,,A,2026-01-01,2026-06-30\n"
		    "t,x,100,,B,2026-07-01,2026-12-31\n"
		    "t,y,200,299,C,,\n"
		    "t,y,250,,A,2026-01-01,2026-06-30\n");
	CHECK(import("dates", NULL, false, 1 << 20) == IMPORT_DONE, "import");
	n = opened("dates");
#define AT(number, day) \
	(numbers_find(n, SK_SPAN("t"), SK_SPAN(""), SK_SPAN(number), day, &hit) == NUMBERS_FOUND \
		 ? sk_attest_letter(hit.attest) \
		 : '-')
	CHECK(AT("100", 1767225599) == '-' && AT("100", 1767225600) == 'A', "from the day");
	CHECK(AT("100", 1782863999) == 'A' && AT("100", 1782864000) == 'B', "changes at midnight");
	CHECK(AT("100", 1798761599) == 'B' && AT("100", 1798761600) == '-', "to the day's end");
	CHECK(AT("250", 1767225599) == 'C' && AT("250", 1767225600) == 'A' &&
		      AT("250", 1782864000) == 'C' && AT("251", 1767225600) == 'C',
	      "beside its dates the range holds it");
	numbers_close(n);
}

static void ask_one(const struct numbers *n)
{
	char tenant[8], customer[8] = "", number[16];
	uint8_t digits = (uint8_t)(5 + pick(2));
	/* of six digits, half begin with 0: they are not those of five */
	uint64_t value = digits == 5 ? 10000 + pick(90000) : pick(200000);
	struct numbers_hit hit = { .attest = SK_ATTEST_NONE };
	const struct csv_entry *want;
	enum numbers_result got;
	unsigned lists, want_lists = 0;

	snprintf(tenant, sizeof(tenant), "t%d", (int)pick(4));
	if (pick(2))
		snprintf(customer, sizeof(customer), "c%d", (int)pick(3));
	snprintf(number, sizeof(number), "%0*llu", digits, (unsigned long long)value);
	want = reference(tenant, customer, LIST_NUMBERS, digits, value);
	got = numbers_find(n, sk_span_of(tenant), sk_span_of(customer), sk_span_of(number), NOW,
			   &hit);
	CHECK(got == (want ? NUMBERS_FOUND : NUMBERS_NONE), "%s %s %s: %d", tenant, customer,
	      number, got);
	if (want && got == NUMBERS_FOUND)
		CHECK(sk_attest_letter(hit.attest) == want->rule.attest, "%s %s %s: %c, not %c",
		      tenant, customer, number, sk_attest_letter(hit.attest), want->rule.attest);
	for (int l = LIST_DO_NOT_ORIGINATE; l < LIST_KINDS; l++)
		if (reference(tenant, "", (enum list_kind)l, digits, value))
			want_lists |= 1u << (l - 1);
	got = numbers_lists(n, sk_span_of(tenant), sk_span_of(number), NOW, &lists);
	CHECK(got == (want_lists ? NUMBERS_FOUND : NUMBERS_NONE) && lists == want_lists,
	      "%s %s: lists %x, not %x", tenant, number, lists, want_lists);
}

static void write_entries(size_t from, size_t count)
{
	FILE *f = fopen(input, "w");
	char text[CSV_TEXT_SIZE];

	need(f != NULL, input);
	fputs(csv_header_text, f);
	for (size_t i = from; i < from + count; i++) {
		csv_entry_print(&entries[i], text);
		fputs(text, f);
	}
	need(fclose(f) == 0, input);
}

static void test_reference(uint64_t memory)
{
	struct numbers *n;

	entry_count = LINES;
	for (size_t i = 0; i < LINES; i++)
		random_entry(&entries[i]);
	write_entries(0, LINES);
	CHECK(import("random", NULL, false, memory) == IMPORT_DONE, "import");
	n = opened("random");
	for (int i = 0; i < ASKED; i++)
		ask_one(n);
	CHECK(numbers_faults(n) == 0, "no faults");
	numbers_close(n);
}

static void export_to(const char *store, const char *name)
{
	char path[400], why[NUMBERS_WHY_SIZE] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s", named(name));
	f = fopen(path, "w");
	need(f != NULL, path);
	CHECK(export_print(named(store), NULL, -1, f, why), "%s", why);
	need(fclose(f) == 0, path);
}

/* What is exported imports to the same store; the order of customers may differ. */
static void test_round_trip(void)
{
	char command[1200], one[400];

	export_to("random", "one.csv");
	snprintf(one, sizeof(one), "%s", named("one.csv"));
	snprintf(input, sizeof(input), "%s", one);
	CHECK(import("again", NULL, false, 1 << 20) == IMPORT_DONE, "import");
	export_to("again", "two.csv");
	snprintf(command, sizeof(command),
		 "cd %s && sort one.csv >one && sort two.csv >two && cmp one two && test $(wc -l "
		 "<one) -gt "
		 "2000",
		 folder);
	CHECK(system(command) == 0, "the same lines");
	snprintf(input, sizeof(input), "%s", named("input.csv"));
}

/* --- generations --- */

static char attest_of(struct numbers *n, const char *tenant, const char *number)
{
	struct numbers_hit hit;

	return numbers_find(n, sk_span_of(tenant), SK_SPAN(""), sk_span_of(number), NOW, &hit) ==
			       NUMBERS_FOUND
		       ? sk_attest_letter(hit.attest)
		       : '-';
}

static void test_switch(void)
{
	struct numbers *before, *after;

	write_input("tenant,first,attest\na,100,A\nb,150,B\n");
	CHECK(import("gen", NULL, false, 1 << 20) == IMPORT_DONE, "first");
	before = opened("gen");
	CHECK(!numbers_is_old(before), "it is the newest");
	write_input("first,attest\n200,C\n");
	CHECK(import("gen", "a", false, 1 << 20) == IMPORT_DONE, "a's anew");
	CHECK(numbers_is_old(before), "there is a newer one");
	CHECK(attest_of(before, "a", "100") == 'A' && attest_of(before, "a", "200") == '-',
	      "whoever reads reads on");
	after = opened("gen");
	CHECK(attest_of(after, "a", "100") == '-' && attest_of(after, "a", "200") == 'C', "a's");
	CHECK(attest_of(after, "b", "150") == 'B', "b's stays");
	CHECK(attest_of(after, "c", "100") == '-' && attest_of(after, "", "100") == '-' &&
		      attest_of(after, "a", "") == '-' && attest_of(after, "a", "x") == '-',
	      "nobody's");
	numbers_close(before);
	numbers_close(after);

	write_input("tenant,first,last,attest\na,100,,B\nb,140,160,C\n");
	CHECK(import("gen", NULL, true, 1 << 20) == IMPORT_DONE, "merged");
	after = opened("gen");
	CHECK(attest_of(after, "a", "100") == 'B' && attest_of(after, "a", "200") == 'C', "both");
	CHECK(attest_of(after, "b", "150") == 'C' && attest_of(after, "b", "141") == 'C',
	      "a line counts more than what was there");
	numbers_close(after);

	write_input("tenant,first\na,x\n");
	CHECK(import("gen", NULL, false, 1 << 20) == IMPORT_WRONG, "a wrong line");
	after = opened("gen");
	CHECK(attest_of(after, "a", "200") == 'C', "nothing was changed");
	numbers_close(after);
}

/* What an older store has is looked up while the new one is made. */
static void test_many_customers(void)
{
	static char text[40 * 1000];
	size_t len = (size_t)sprintf(text, "tenant,customer,first\n");
	struct numbers *n;

	for (int i = 0; i < 1000; i++)
		len += (size_t)sprintf(text + len, "a,customer%d,1404555%04d\n", i, i);
	write_input(text);
	CHECK(import("many", NULL, false, 1 << 20) == IMPORT_DONE, "a thousand customers");
	write_input("first,attest\n200,C\n");
	CHECK(import("many", "b", false, 1 << 20) == IMPORT_DONE, "another tenant beside them");
	CHECK(import("many", "a", true, 1 << 20) == IMPORT_DONE, "one number more");
	n = opened("many");
	CHECK(attest_of(n, "a", "14045550000") == 'A' && attest_of(n, "a", "14045550999") == 'A' &&
		      attest_of(n, "a", "200") == 'C' && attest_of(n, "b", "200") == 'C',
	      "all are there");
	numbers_close(n);
}

/* --- damage --- */

enum end {
	ENDS_BY_PAGE,
	ENDS_BY_KILL
};

/* A SIGBUS that is not of a look-up, in a process that has had one of them. */
static int end_of(enum end how)
{
	pid_t child = fork();
	int status = 0;
	char *page;

	need(child >= 0, "fork");
	if (child == 0) {
		struct rlimit none = { 0 };
		int fd = open(named("cut/page"), O_RDWR | O_CREAT, 0600);

		setrlimit(RLIMIT_CORE, &none);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (how == ENDS_BY_KILL)
			kill(getpid(), SIGBUS);
		else if (page != MAP_FAILED)
			dup2(page[0], fd);
		_exit(0);
	}
	need(waitpid(child, &status, 0) == child, "waitpid");
	return status;
}

/* Whoever cuts a file off under the service gets faults, and other tenants' numbers never. */
static void test_cut(void)
{
	struct numbers *one, *two;
	struct numbers_hit hit;
	unsigned lists = 7;

	write_input("tenant,list,first\na,number,100\na,block,200\n");
	CHECK(import("cut", NULL, false, 1 << 20) == IMPORT_DONE, "import");
	one = opened("cut");
	two = opened("cut");
	CHECK(attest_of(one, "a", "100") == 'A', "there");
	need(truncate(named("cut/1.mdb"), 0) == 0, "truncate");
	CHECK(numbers_find(one, SK_SPAN("a"), SK_SPAN(""), SK_SPAN("100"), NOW, &hit) ==
		      NUMBERS_FAILED,
	      "a missing page");
	CHECK(numbers_lists(two, SK_SPAN("a"), SK_SPAN("200"), NOW, &lists) == NUMBERS_FAILED &&
		      lists == 0,
	      "and once more in this process");
	CHECK(numbers_faults(one) == 1 && numbers_faults(two) == 1, "counted");
	export_to("random", "cut/1.mdb");
	CHECK(numbers_find(one, SK_SPAN("a"), SK_SPAN(""), SK_SPAN("100"), NOW, &hit) ==
		      NUMBERS_FAILED,
	      "whatever is there now is not asked");
	for (enum end how = ENDS_BY_PAGE; how <= ENDS_BY_KILL; how++) {
		int status = end_of(how);

		CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "end %d: %x", (int)how,
		      status);
	}
	write_input("tenant,first\na,300\n");
	CHECK(import("cut", NULL, false, 1 << 20) == IMPORT_DONE, "anew");
	CHECK(numbers_is_old(one), "there is a newer one");
	numbers_close(one);
	numbers_close(two);
	one = opened("cut");
	CHECK(attest_of(one, "a", "300") == 'A', "and it serves");
	numbers_close(one);
}

static void test_damage(void)
{
	char path[400], why[NUMBERS_WHY_SIZE];
	struct numbers *n = NULL;
	struct stat st;
	char *bytes;
	FILE *f;

	write_input("tenant,first,attest\na,100,A\n");
	CHECK(import("bad", NULL, false, 1 << 20) == IMPORT_DONE, "import");
	snprintf(path, sizeof(path), "%s", named("bad/1.mdb"));
	need(stat(path, &st) == 0, path);
	bytes = malloc((size_t)st.st_size);
	f = fopen(path, "r");
	need(bytes && f && fread(bytes, (size_t)st.st_size, 1, f) == 1 && fclose(f) == 0, path);
	for (off_t at = 0; at < st.st_size; at += 97) {
		f = fopen(path, "w");
		bytes[at] ^= 0x40;
		need(f && fwrite(bytes, (size_t)st.st_size, 1, f) == 1 && fclose(f) == 0, path);
		CHECK(!numbers_open(named("bad"), true, &n, why) && strstr(why, "damaged"),
		      "byte %lld: %s", (long long)at, why);
		bytes[at] ^= 0x40;
	}
	for (off_t len = 0; len < st.st_size; len += 1000) {
		f = fopen(path, "w");
		need(f && fwrite(bytes, 1, (size_t)len, f) == (size_t)len && fclose(f) == 0, path);
		CHECK(!numbers_open(named("bad"), false, &n, why), "%lld bytes", (long long)len);
	}
	free(bytes);
	unlink(path);
	CHECK(!numbers_open(named("bad"), true, &n, why), "no file");
	CHECK(!numbers_open(named("nothing"), true, &n, why) && strstr(why, "nothing"), "%s", why);
	need(mkdir(named("empty"), 0755) == 0, "empty");
	CHECK(!numbers_open(named("empty"), true, &n, why) && strstr(why, "no numbers"), "%s", why);
	f = fopen(named("empty/current"), "w");
	need(f && fputs("something else\n", f) != EOF && fclose(f) == 0, "current");
	CHECK(!numbers_open(named("empty"), true, &n, why) && strstr(why, "not written by"), "%s",
	      why);
	CHECK(n == NULL, "nothing was handed out");
}

int main(void)
{
	make_folder();
	test_reference(1 << 20);
	test_reference(1); /* the least: many parts */
	test_round_trip();
	test_switch();
	test_many_customers();
	test_dates();
	test_cut();
	test_damage();
	remove_folder();
	return check_result();
}
