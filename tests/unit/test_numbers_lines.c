/*
 * A line of numbers: what is refused, why, and that what is printed reads the same.  A file of
 * them: what is imported of it, and which ones leave the store as it is.
 */
#include "redirector/numbers/csv.h"
#include "tests/unit/numbers_kit.h"

static const struct {
	const char *line, *why; /* NULL: good */
} lines[] = {
	{ "t,number,c,+14045550100,,A,,,", NULL },
	{ "t,,c,14045550100,14045550199,,,,", NULL },
	{ "t,number,\"a, \"\"b\"\"\",1,,A,k,2026-01-01,2026-12-31", NULL },
	{ "t,number,c,100,999,B,,2026-01-01T00:00:00Z,2026-01-01T00:00:01Z", NULL },
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
	{ "Az0._-,number,c,1,,A,,,", NULL },
	{ "t ,number,c,1,,A,,,", "tenant is 1 to 64" },
	{ " t,number,c,1,,A,,,", "tenant is 1 to 64" },
	{ "t/x,number,c,1,,A,,,", "tenant is 1 to 64" },
	{ "t*,number,c,1,,A,,,", "tenant is 1 to 64" },
	{ "**,do-not-originate,,1,,,,,", "tenant is 1 to 64" },
	{ "t\xc3\xa4,number,c,1,,A,,,", "tenant is 1 to 64" },
	{ "\"t,x\",number,c,1,,A,,,", "tenant is 1 to 64" },
	{ "T234567890123456789012345678901234567890123456789012345678901234,,,1,,A,,,", NULL },
	{ "T2345678901234567890123456789012345678901234567890123456789012345,,,1,,A,,,",
	  "tenant is 1 to 64" },
	{ "t,number,c,0,,A,,,", "begins with 0" },
	{ "t,number,c,04045550100,,A,,,", "begins with 0" },
	{ "t,number,c,+04045550100,,A,,,", "begins with 0" },
	{ "t,block,,000,999,,,,", "begins with 0" },
	{ "*,do-not-originate,,0014045550100,,,,,", "begins with 0" },
	{ "t,number,c,10,09,A,,,", "last is less" },
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
	CHECK(refused >= 37, "%zu", refused);
}

/* What --tenant says is looked at as what the column says. */
static void test_fixed_tenant(void)
{
	static const struct {
		const char *tenant, *line, *why;
	} rows[] = {
		{ "t", ",1", NULL },
		{ "t", "t,1", NULL },
		{ "t", "u,1", "not the tenant of --tenant" },
		{ "t ", ",1", "tenant is 1 to 64" },
		{ "t/x", "t/x,1", "tenant is 1 to 64" },
		{ "", ",1", "no tenant" },
	};
	struct csv_header header;
	struct csv_entry e;
	char why[CSV_WHY_SIZE];

	CHECK(csv_header_read(SK_SPAN("tenant,first"), NULL, &header, why), "%s", why);
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		bool ok =
			csv_entry_read(&header, sk_span_of(rows[i].line), rows[i].tenant, &e, why);

		CHECK(ok == !rows[i].why && (ok || strstr(why, rows[i].why)), "%s of %s: %s",
		      rows[i].line, rows[i].tenant, ok ? "taken" : why);
	}
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

/* clang-format off */
static const struct {
	const char *text, *tenant;
	bool merge, keep_going, allow_empty;
	enum import_end end;
	uint64_t entries;
	const char *why;
} files[] = {
	{ "tenant,first\n\n# b\na,7\na,8\n\n", NULL, .end = IMPORT_DONE, .entries = 2 },
	{ "# a\ntenant,first\na,x\na,8\n", NULL, .keep_going = true, .end = IMPORT_DONE, .entries = 1 },
	{ "", NULL, .end = IMPORT_WRONG, .why = "empty" },
	{ "\n# a\n", NULL, .keep_going = true, .end = IMPORT_WRONG, .why = ":2: empty" },
	{ "", NULL, .allow_empty = true, .end = IMPORT_WRONG, .why = "empty" },
	{ "a,14045550100\n", NULL, .end = IMPORT_WRONG, .why = ":1: the first line names the columns" },
	{ "first\n1\n", NULL, .keep_going = true, .end = IMPORT_WRONG, .why = "no column `tenant`" },
	{ "tenant,first,first\na,1,1\n", NULL, .end = IMPORT_WRONG, .why = "twice" },
	{ "tenant,first\na,1\ntenant,first\na,2\n", NULL, .end = IMPORT_WRONG, .why = "lines are wrong" },
	{ "tenant,first\na,01\n", NULL, .end = IMPORT_WRONG, .why = "lines are wrong" },
	{ "first\n1\n", "a b", .end = IMPORT_WRONG, .why = "lines are wrong" },
	{ "tenant,first\n", NULL, .end = IMPORT_WRONG, .why = "to empty the store say --allow-empty" },
	{ "first\n# a\n", "a", .end = IMPORT_WRONG, .why = "to empty the tenant say --allow-empty" },
	{ "tenant,first\na,x\n", NULL, .keep_going = true, .end = IMPORT_WRONG, .why = "--allow-empty" },
	{ "tenant,first\n", NULL, .merge = true, .end = IMPORT_DONE },
	{ "first\n", "a", .allow_empty = true, .end = IMPORT_DONE },
};
/* clang-format on */

static void test_files(void)
{
	uint64_t generation = 0;

	for (size_t i = 0; i < SK_COUNT(files); i++) {
		const struct import_options o = { .folder = named("files"),
						  .input = input,
						  .tenant = files[i].tenant,
						  .merge = files[i].merge,
						  .keep_going = files[i].keep_going,
						  .allow_empty = files[i].allow_empty,
						  .memory = 1 << 20 };
		struct import_result result;
		char why[NUMBERS_WHY_SIZE] = "";
		enum import_end end;

		write_input(files[i].text);
		end = import_with(&o, &result, why);
		CHECK(end == files[i].end, "file %zu: %d, %s", i, end, why);
		CHECK(!files[i].why || strstr(why, files[i].why), "file %zu: %s", i, why);
		if (end != IMPORT_DONE) {
			CHECK(access(named("files/import.state"), F_OK) != 0, "file %zu: left", i);
			continue;
		}
		CHECK(result.entries == files[i].entries, "file %zu: %llu entries", i,
		      (unsigned long long)result.entries);
		CHECK(result.generation == ++generation, "file %zu: generation %llu", i,
		      (unsigned long long)result.generation);
	}
}

int main(void)
{
	make_folder();
	test_lines();
	test_fixed_tenant();
	test_headers();
	test_files();
	remove_folder();
	return check_result();
}
