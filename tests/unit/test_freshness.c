/*
 * Header lines in, seconds out.  The clock of the rows is Fri, 25 Sep 2015 19:12:30 GMT.
 */
#include "redirector/certs/freshness.h"
#include "tests/check.h"

enum {
	NOW = 1443208350,
	FAR = NOW + 100 * 86400, /* the end of the certificate */
	FLOOR = 1000,
};

/* clang-format off */
static const struct {
	const char *lines[4];
	int64_t floor, not_after, want;
	const char *what;
} rows[] = {
	{ { NULL }, FLOOR, FAR, 1000, "nothing said" },
	{ { NULL }, 0, FAR, 0, "nothing said, no floor" },
	{ { "Cache-Control: max-age=5000" }, FLOOR, FAR, 5000, "max-age" },
	{ { "cache-control:MAX-AGE=5000\r\n" }, FLOOR, FAR, 5000, "case, line end" },
	{ { "Cache-Control: \"x\", public , max-age=\"5000\"" }, FLOOR, FAR, 5000, "quoted" },
	{ { "Cache-Control: ext=\"a, max-age=9\\\", b\", max-age=5000" }, FLOOR, FAR, 5000, "a comma in quotes" },
	{ { "Cache-Control: max-age=5000, max-age=9000" }, FLOOR, FAR, 5000, "the first of two" },
	{ { "Cache-Control: max-age=5000", "Cache-Control: max-age=9000" }, FLOOR, FAR, 5000, "in two lines" },
	{ { "Cache-Control: max-age=9000, s-maxage=5000" }, FLOOR, FAR, 5000, "a shared cache" },
	{ { "Cache-Control: max-age=5" }, FLOOR, FAR, 1000, "the floor" },
	{ { "Cache-Control: no-store, max-age=5000" }, FLOOR, FAR, 1000, "no-store" },
	{ { "Cache-Control: no-cache, max-age=5000" }, FLOOR, FAR, 1000, "no-cache" },
	{ { "Cache-Control: no-cache=\"x\", max-age=5000" }, FLOOR, FAR, 1000, "no-cache of a field" },
	{ { "Cache-Control: private, max-age=5000" }, FLOOR, FAR, 1000, "private" },
	{ { "Cache-Control: max-age=-1" }, FLOOR, FAR, 1000, "negative" },
	{ { "Cache-Control: max-age=5000x" }, FLOOR, FAR, 1000, "letters" },
	{ { "Cache-Control: max-age=" }, FLOOR, FAR, 1000, "no value" },
	{ { "Cache-Control: max-age" }, FLOOR, FAR, 1000, "no equals sign" },
	{ { "Cache-Control: max-age=x, max-age=5000" }, FLOOR, FAR, 1000, "the first of two is nonsense" },
	{ { "Cache-Control: xmax-age=5000" }, FLOOR, FAR, 1000, "another name" },
	{ { "Cache-Control: ,,,max-age=5000,,"}, FLOOR, FAR, 5000, "empty members" },
	{ { "Cache-Control: \"max-age=5000" }, FLOOR, FAR, 1000, "an open quote" },
	{ { "Cache-Control: max-age=99999999999999999999999" }, FLOOR, FAR, 8640000, "beyond 64 bits" },
	{ { "Cache-Control: max-age=99999999999999999999999" }, FLOOR, INT64_MAX, INT32_MAX, "counts as 2^31-1" },
	{ { "Cache-Control: max-age=5000", "Age: 1500" }, FLOOR, FAR, 3500, "age" },
	{ { "Cache-Control: max-age=5000", "Age: 9999999999999" }, FLOOR, FAR, 1000, "older than its life" },
	{ { "Cache-Control: max-age=5000", "Age: -5" }, FLOOR, FAR, 5000, "nonsense of an age" },
	{ { "Cache-Control: max-age=5000", "Date: Fri, 25 Sep 2015 18:12:30 GMT" }, FLOOR, FAR, 1400, "an hour on the way" },
	{ { "Cache-Control: max-age=5000", "Date: Fri, 25 Sep 2015 18:12:30 GMT", "Age: 3700" }, FLOOR, FAR, 1300, "the larger age" },
	{ { "Cache-Control: max-age=5000", "Date: Fri, 25 Sep 2015 20:12:30 GMT" }, FLOOR, FAR, 5000, "a date ahead" },
	{ { "Cache-Control: max-age=5000", "Date: yesterday" }, FLOOR, FAR, 5000, "no date" },
	{ { "Expires: Fri, 25 Sep 2015 21:12:30 GMT" }, FLOOR, FAR, 7200, "expires" },
	{ { "Expires: Friday, 25-Sep-15 21:12:30 GMT" }, FLOOR, FAR, 7200, "RFC 850" },
	{ { "Expires: Fri Sep 25 21:12:30 2015" }, FLOOR, FAR, 7200, "asctime" },
	{ { "Expires: Fri, 25 Sep 2015 21:12:30 GMT", "Date: Fri, 25 Sep 2015 19:12:30 GMT" }, FLOOR, FAR, 7200, "from its date" },
	{ { "Expires: Fri, 25 Sep 2015 21:12:30 GMT", "Cache-Control: max-age=5000" }, FLOOR, FAR, 5000, "max-age goes first" },
	{ { "Expires: Fri, 25 Sep 2015 11:12:30 GMT" }, FLOOR, FAR, 1000, "in the past" },
	{ { "Expires: 0" }, FLOOR, FAR, 1000, "expires 0" },
	{ { "Expires: Fri, 25 Sep 2015 21:12:30 GMT+1" }, FLOOR, FAR, 1000, "expires nonsense" },
	{ { "Cache-Control: max-age=5000" }, FLOOR, NOW + 300, 300, "the certificate ends" },
	{ { "Cache-Control: max-age=5000" }, FLOOR, NOW, 0, "ends now" },
	{ { "Cache-Control: max-age=5000" }, FLOOR, NOW - 1, 0, "has ended" },
	{ { "Cache-Control: max-age=5000" }, FLOOR, INT64_MIN, 0, "has always been at its end" },
	{ { "Cache-Control max-age=5000" }, FLOOR, FAR, 1000, "no colon" },
	{ { "Cache-Control : max-age=5000" }, FLOOR, FAR, 1000, "a space before the colon" },
	{ { "", ":", "\r\n", ": max-age=5000" }, FLOOR, FAR, 1000, "no names" },
};

static const struct {
	const char *line, *etag;
} etags[] = {
	{ "ETag: \"abc\"", "\"abc\"" },      { "etag: W/\"a b\"", "" },   { "ETag: W/\"ab\"", "W/\"ab\"" },
	{ "ETag: \"\"", "\"\"" },            { "ETag: abc", "" },         { "ETag: \"abc", "" },
	{ "ETag: \"", "" },                  { "ETag:", "" },             { "ETag: W/", "" },
	{ "ETag: \"a\"b\"", "" },            { "ETag: \"a\tb\"", "" },    { "ETag: \"a\r\nX: y\"", "" },
	{ "ETag: w/\"ab\"", "" },            { "ETag: \"a\x7f\"", "" },
};
/* clang-format on */

int main(void)
{
	struct freshness f;
	char line[200];

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		freshness_init(&f);
		for (size_t j = 0; j < SK_COUNT(rows[i].lines) && rows[i].lines[j]; j++)
			freshness_header(&f, sk_span_of(rows[i].lines[j]));
		int64_t got = freshness_keep(&f, NOW, rows[i].floor, rows[i].not_after);
		CHECK(got == rows[i].want, "%s: %lld", rows[i].what, (long long)got);
	}
	for (size_t i = 0; i < SK_COUNT(etags); i++) {
		freshness_init(&f);
		freshness_header(&f, sk_span_of(etags[i].line));
		CHECK_STR(f.etag, etags[i].etag, etags[i].line);
	}
	for (size_t len = 120; len < 130; len++) {
		snprintf(line, sizeof(line), "ETag: \"%0*d\"", (int)len, 0);
		freshness_init(&f);
		freshness_header(&f, sk_span_of(line));
		CHECK((f.etag[0] != 0) == (len + 2 < FRESHNESS_ETAG_SIZE), "a tag of %zu", len);
	}
	freshness_init(&f);
	freshness_header(&f, (struct sk_span){ NULL, 0 });
	CHECK(f.max_age == -1, "nothing at all");
	return check_result();
}
