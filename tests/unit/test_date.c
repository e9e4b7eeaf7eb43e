/*
 * Every day is walked by counting up, with a calendar of its own, so that the
 * formulas under test are checked against plain counting.
 */
#include "shaken/date.h"
#include "shaken/macro.h"
#include "tests/check.h"

#include <time.h>

#include <stdio.h>

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct day {
	int year, month, day, weekday;
};

static int length(const struct day *d)
{
	switch (d->month) {
	case 1:
		return (d->year % 400 == 0 || (d->year % 4 == 0 && d->year % 100 != 0)) ? 29 : 28;
	case 3:
	case 5:
	case 8:
	case 10:
		return 30;
	default:
		return 31;
	}
}

static void step(struct day *d)
{
	d->weekday = (d->weekday + 1) % 7;
	if (++d->day <= length(d))
		return;
	d->day = 1;
	if (++d->month < 12)
		return;
	d->month = 0;
	d->year++;
}

static void check_second(const struct day *d, int64_t days, int second)
{
	static const char *const names[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	char want[64], got[SK_DATE_SIZE] = "";
	int64_t when = days * 86400 + second, back = -1;

	snprintf(want, sizeof(want), "%s, %02d %s %04d %02d:%02d:%02d GMT", names[d->weekday],
		 d->day, months[d->month], d->year, second / 3600, second / 60 % 60, second % 60);
	CHECK(sk_date_print(when, got), "print %s", want);
	CHECK_STR(got, want, "print");
	CHECK(sk_date_parse(sk_span_of(want), &back) && back == when, "parse %s: %lld", want,
	      (long long)back);
}

static void test_walk(void)
{
	static const int seconds[] = { 1, 3599, 3600, 43199, 61261, 86340, 86399 };
	struct day d = { 1970, 0, 1, 0 };

	for (int64_t days = 0; d.year <= 2200; days++, step(&d)) {
		check_second(&d, days, 0);
		for (size_t i = 0; d.year >= 2024 && d.year <= 2050 && i < SK_COUNT(seconds); i++)
			check_second(&d, days, seconds[i]);
	}
}

static void test_known(void)
{
	static const struct {
		const char *text;
		int64_t when;
	} cases[] = {
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Fri, 25 Sep 2015 19:12:25 GMT", 1443208345 }, /* the date of RFC 8224 */
		{ "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
		{ "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 },
		{ "Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648) },
		{ "Sun, 07 Feb 2106 06:28:16 GMT", INT64_C(4294967296) },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799) },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		char text[SK_DATE_SIZE] = "";
		int64_t when = -1;

		CHECK(sk_date_parse(sk_span_of(cases[i].text), &when), "%s", cases[i].text);
		CHECK(when == cases[i].when, "%s: %lld", cases[i].text, (long long)when);
		CHECK(sk_date_print(cases[i].when, text), "%s", cases[i].text);
		CHECK_STR(text, cases[i].text, "print");
	}
}

static void test_refused(void)
{
	static const char *const cases[] = {
		"",
		"Fri, 25 Sep 2015 19:12:25 EST",
		"Fri, 25 Sep 2015 19:12:25 gmt",
		"Fri, 25 Sep 2015 19:12:25 UTC",
		"Fri, 25 Sep 2015 19:12:25 +0000",
		"Fri, 25 Sep 2015 19:12:25",
		"Fri, 25 Sep 2015 19:12:25 GMT ",
		" Fri, 25 Sep 2015 19:12:25 GMT",
		"Fri, 25 Sep 2015 19:12:25 GMTX",
		"Fri, 25 Sep 2015 19:12:25 GM",
		"Fri, 5 Sep 2015 19:12:25 GMT",
		"Fri,  5 Sep 2015 19:12:25 GMT",
		"Fri, 25 sep 2015 19:12:25 GMT",
		"Fri, 25 SEP 2015 19:12:25 GMT",
		"Fri, 25 Spt 2015 19:12:25 GMT",
		"fri, 25 Sep 2015 19:12:25 GMT",
		"Fry, 25 Sep 2015 19:12:25 GMT",
		"Fri; 25 Sep 2015 19:12:25 GMT",
		"Fri, 25-Sep-2015 19:12:25 GMT",
		"Fri, 25 Sep 2015 24:00:00 GMT",
		"Fri, 25 Sep 2015 19:60:25 GMT",
		"Fri, 25 Sep 2015 19:12:60 GMT",
		"Fri, 25 Sep 2015 19.12.25 GMT",
		"Fri, 25 Sep 2015 -9:12:25 GMT",
		"Fri, 25 Sep 2015  9:12:25 GMT",
		"Fri, 00 Sep 2015 19:12:25 GMT",
		"Fri, 31 Apr 2015 19:12:25 GMT",
		"Fri, 31 Jun 2015 19:12:25 GMT",
		"Fri, 31 Sep 2015 19:12:25 GMT",
		"Fri, 31 Nov 2015 19:12:25 GMT",
		"Fri, 32 Jan 2015 19:12:25 GMT",
		"Fri, 29 Feb 2015 19:12:25 GMT",
		"Fri, 29 Feb 2100 19:12:25 GMT",
		"Fri, 30 Feb 2024 19:12:25 GMT",
		"Wed, 31 Dec 1969 23:59:59 GMT",
		"Fri, 25 Sep +015 19:12:25 GMT",
		"Fri, 25 Sep 0000 19:12:25 GMT",
		"Friday, 25-Sep-15 19:12:25 GMT",
		"Fri Sep 25 19:12:25 2015 GMT!",
		"1443208345",
	};
	char text[SK_DATE_SIZE] = "untouched";

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		int64_t when = -7;

		CHECK(!sk_date_parse(sk_span_of(cases[i]), &when), "%s", cases[i]);
		CHECK(when == -7, "%s: untouched", cases[i]);
	}
	CHECK(!sk_date_print(-1, text) && !sk_date_print(INT64_MIN, text), "before the epoch");
	CHECK(!sk_date_print(INT64_C(253402300800), text), "year 10000");
	CHECK(!sk_date_print(INT64_MAX, text), "the largest number");
	CHECK_STR(text, "untouched", "print leaves it alone");
}

/* Against the C library, a day and some seconds at a time. */
static void test_timestamp(void)
{
	char text[SK_TIMESTAMP_SIZE], want[64];

	for (time_t when = 0; when < (time_t)253402300800; when += 86400 * 97 + 4711) {
		struct tm tm;

		CHECK(gmtime_r(&when, &tm) &&
			      strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0 &&
			      sk_timestamp_print(when, text),
		      "%lld", (long long)when);
		CHECK_STR(text, want, "a timestamp");
	}
	CHECK(!sk_timestamp_print(-1, text) && !sk_timestamp_print(253402300800, text),
	      "out of range");
}

int main(void)
{
	int64_t when;

	test_known();
	test_walk();
	test_refused();
	test_timestamp();
	CHECK(sk_date_parse(SK_SPAN("Mon, 25 Sep 2015 19:12:25 GMT"), &when) && when == 1443208345,
	      "the wrong day of the week is no error");
	CHECK(sk_date_parse(SK_SPAN("Sat, 29 Feb 2000 00:00:00 GMT"), &when) && when == 951782400,
	      "2000 is a leap year");

	return check_result();
}
