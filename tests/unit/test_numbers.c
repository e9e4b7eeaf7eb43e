/*
 * Whose a number is: lines that are refused, a store against a slow reference that keeps all
 * lines in an array, what one tenant cannot see of another, and a damaged file.
 */
#include "redirector/numbers/csv.h"
#include "redirector/numbers/export.h"
#include "redirector/numbers/import.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINES = 4000,
	ASKED = 40000,
	NOW = 1800000000, /* 2027-01-15 */
};

static char folder[256], input[420];

static const char *named(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_input(const char *text)
{
	FILE *f = fopen(input, "w");

	need(f && fputs(text, f) != EOF && fclose(f) == 0, input);
}

/* Standard error is for people; these tests look at what comes of it. */
static enum import_end import(const char *store, const char *tenant, bool merge, uint64_t memory)
{
	const struct import_options o = { .folder = named(store),
					  .input = input,
					  .tenant = tenant,
					  .merge = merge,
					  .memory = memory };
	struct import_result result;
	char why[NUMBERS_WHY_SIZE];
	enum import_end end;
	int saved = dup(STDERR_FILENO), quiet = open("/dev/null", O_WRONLY);

	dup2(quiet, STDERR_FILENO);
	end = import_run(&o, &result, why);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(quiet);
	return end;
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

/* --- lines --- */

static const struct {
	const char *line, *why; /* NULL: good */
} lines[] = {
	{ "t,number,c,+14045550100,,A,,,", NULL },
	{ "t,,c,14045550100,14045550199,,,,", NULL },
	{ "t,number,\"a, \"\"b\"\"\",1,,A,k,2026-01-01,2026-12-31", NULL },
	{ "t,number,c,000,999,B,,2026-01-01T00:00:00Z,2026-01-01T00:00:01Z", NULL },
	{ "t,block,c,441,,,,,", NULL },
	{ "*,do-not-originate,,441,,,,,", NULL },
	{ "t,number,c,123456789012345,,C,,,", NULL },
	{ "t,number,c,1000000,10999999,,,,", "as many digits" },
	{ "t,number,c,10000000,19999999,,,,\r", NULL },
	{ "t,number,c,10000000,20000000,,,,", "10,000,000" },
	{ "t,number,c,1,,A,,2026-02-29,", "from is no date" },
	{ "t,number,c,1,,A,,2026-1-1,", "from is no date" },
	{ "t,number,c,1,,A,,,2026-13-01", "until is no date" },
	{ "t,number,c,1,,A,,,tomorrow", "until is no date" },
	{ "t,number,c,1,,A,,2026-01-02,2026-01-01", "until is not after" },
	{ "t,number,c,1,,D,,,", "attest is A, B or C" },
	{ "t,number,c,1,,AB,,,", "attest is A, B or C" },
	{ "t,block,c,1,,A,,,", "for list `number` only" },
	{ "t,numbers,c,1,,A,,,", "list is" },
	{ "*,block,c,1,,,,,", "tenant * (all)" },
	{ ",number,c,1,,A,,,", "no tenant" },
	{ "t,number,c,,,A,,,", "first is no number" },
	{ "t,number,c,12a,,A,,,", "first is no number" },
	{ "t,number,c,++1,,A,,,", "first is no number" },
	{ "t,number,c,1234567890123456,,A,,,", "first is no number" },
	{ "t,number,c,5,4,A,,,", "last is less" },
	{ "t,number,c,5,x,A,,,", "last is no number" },
	{ "t,number,c,1,,A,,", "fewer values" },
	{ "t,number,c,1,,A,,,,", "more values" },
	{ "t,number,\"c,1,,A,,,", "quotes" },
	{ "t,number,a\"b,1,,A,,,", "quotes" },
	{ "t,number,\"a\"b,1,,A,,,", "quotes" },
	{ "t,number,a\x01,1,,A,,,", "control" },
	{ "t,number,1234567890123456789012345678901234567890123456789012345678901234,1,,A,,,",
	  NULL },
	{ "t,number,12345678901234567890123456789012345678901234567890123456789012345,1,,A,,,",
	  "customer is longer" },
};

static void test_lines(void)
{
	struct csv_header header;
	char why[CSV_WHY_SIZE], text[CSV_TEXT_SIZE];
	struct csv_entry e, back;
	size_t refused = 0;

	CHECK(csv_header_read(sk_span_of(csv_header_text), NULL, &header, why), "%s", why);
	for (size_t i = 0; i < SK_COUNT(lines); i++) {
		bool ok = csv_entry_read(&header, sk_span_of(lines[i].line), NULL, &e, why);

		CHECK(ok == !lines[i].why, "%s: %s", lines[i].line, ok ? "taken" : why);
		CHECK(ok || (lines[i].why && strstr(why, lines[i].why)), "%s: %s", lines[i].line,
		      why);
		refused += !ok;
		if (!ok)
			continue;
		csv_entry_print(&e, text);
		CHECK(csv_entry_read(&header, (struct sk_span){ text, strlen(text) - 1 }, NULL,
				     &back, why) &&
			      memcmp(&e, &back, sizeof(e)) == 0,
		      "%s prints as %s", lines[i].line, text);
	}
	CHECK(refused >= 24, "%zu", refused);
}

static void test_headers(void)
{
	static const struct {
		const char *line, *tenant;
		bool ok;
	} rows[] = {
		{ "first", "t", true },
		{ "first,tenant", NULL, true },
		{ "\xef\xbb\xbf"
		  "tenant,first\r",
		  NULL, true },
		{ "\"tenant\",\"first\"", NULL, true },
		{ "first", NULL, false },
		{ "tenant", NULL, false },
		{ "tenant,first,first", NULL, false },
		{ "tenant,first,name", NULL, false },
		{ "14045550100", "t", false },
		{ "", "t", false },
		{ "Tenant,First", NULL, false },
	};
	struct csv_header header;
	char why[CSV_WHY_SIZE];

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		CHECK(csv_header_read(sk_span_of(rows[i].line), rows[i].tenant, &header, why) ==
			      rows[i].ok,
		      "%s", rows[i].line);
	CHECK(csv_is_empty(SK_SPAN(" \t# x")) && csv_is_empty(SK_SPAN("")) &&
		      !csv_is_empty(SK_SPAN("1 #")),
	      "comments");
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
	uint64_t width = pick(4) == 0 ? pick(25000) : pick(3) == 0 ? pick(100) : 0;

	*e = (struct csv_entry){ .list = pick(6) == 0 ? (enum list_kind)pick(LIST_KINDS)
						      : LIST_NUMBERS,
				 .digits = (uint8_t)(5 + pick(2)) };
	snprintf(e->tenant, sizeof(e->tenant), "t%d", (int)pick(3));
	snprintf(e->rule.customer, sizeof(e->rule.customer), "c%d", (int)pick(3));
	e->rule.attest = e->list == LIST_NUMBERS ? (char)('A' + (int)pick(3)) : '-';
	e->first = pick(90000);
	e->last = e->first + width > 99999 ? 99999 : e->first + width;
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
	const struct csv_entry *best = NULL;

	for (int c = 0; c < 3; c++) {
		const struct csv_entry *own = NULL;
		char name[8];

		snprintf(name, sizeof(name), "c%d", c);
		if (customer[0] && strcmp(customer, name) != 0)
			continue;
		for (size_t i = 0; i < entry_count; i++) {
			const struct csv_entry *e = &entries[i];

			if (e->list == list && e->digits == digits && e->first <= number &&
			    number <= e->last && strcmp(e->tenant, tenant) == 0 &&
			    strcmp(e->rule.customer, name) == 0 && applies(e) &&
			    (!own || counts_more(e, own, number)))
				own = e;
		}
		if (own && (!best || own->rule.attest < best->rule.attest))
			best = own;
	}
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
	uint64_t value = pick(100000);
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

	write_input("tenant,first,attest\na,100,A\nb,100,B\n");
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
	CHECK(attest_of(after, "b", "100") == 'B', "b's stays");
	CHECK(attest_of(after, "c", "100") == '-' && attest_of(after, "", "100") == '-' &&
		      attest_of(after, "a", "") == '-' && attest_of(after, "a", "x") == '-',
	      "nobody's");
	numbers_close(before);
	numbers_close(after);

	write_input("tenant,first,last,attest\na,100,,B\nb,090,110,C\n");
	CHECK(import("gen", NULL, true, 1 << 20) == IMPORT_DONE, "merged");
	after = opened("gen");
	CHECK(attest_of(after, "a", "100") == 'B' && attest_of(after, "a", "200") == 'C', "both");
	CHECK(attest_of(after, "b", "100") == 'C' && attest_of(after, "b", "091") == 'C',
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
	const char *base = getenv("TMPDIR");
	char rm[300];

	snprintf(folder, sizeof(folder), "%.200s/numbers-XXXXXX", base ? base : P_tmpdir);
	need(mkdtemp(folder) != NULL, folder);
	snprintf(input, sizeof(input), "%s/input.csv", folder);
	test_lines();
	test_headers();
	test_reference(1 << 20);
	test_reference(1); /* the least: many parts */
	test_round_trip();
	test_switch();
	test_many_customers();
	test_dates();
	test_damage();
	snprintf(rm, sizeof(rm), "rm -rf %s", folder);
	need(system(rm) == 0, rm);
	return check_result();
}
