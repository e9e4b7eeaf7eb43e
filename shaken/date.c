/*
 * The calendar is counted here: days since 1 January of the year 1, in which the
 * rule of leap years has no special case.  No locale, no time zone, no libc.
 */
#include "shaken/date.h"

#include <string.h>

enum {
	DATE_LEN = SK_DATE_SIZE - 1,
	EPOCH_DAYS = 719162, /* days from 0001-01-01 to 1970-01-01 */
	DAY_SECONDS = 86400,
	DAYS_400 = 146097, /* in 400 years, in 100 that are no multiple, in 4, in 1 */
	DAYS_100 = 36524,
	DAYS_4 = 1461,
	DAYS_1 = 365,
};

static const int64_t end_of_time = INT64_C(253402300799); /* 9999-12-31 23:59:59 */

static const char day_names[7][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month] + (month == 1 && is_leap(year));
}

/* Days since the epoch; `month` and `day` count from 0. */
static int64_t days_of(int year, int month, int day)
{
	int past = year - 1;
	int days = past * DAYS_1 + past / 4 - past / 100 + past / 400 + day;

	while (month > 0)
		days += month_days(year, --month);

	return days - EPOCH_DAYS;
}

/* Index of the name that stands at `text`, or -1.  RFC 9110, 5.6.7: case matters. */
static int name_at(const char *text, const char (*names)[4], int count)
{
	for (int i = 0; i < count; i++)
		if (memcmp(text, names[i], 3) == 0)
			return i;

	return -1;
}

/* The number that `len` digits make, or -1. */
static int number_at(const char *text, int len)
{
	int number = 0;

	for (int i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}

	return number;
}

/* Each character that never changes stands where the form has it. */
static const char form[SK_DATE_SIZE] = "___, __ ___ ____ __:__:__ GMT";

static bool has_form(const char *text)
{
	for (int i = 0; i < DATE_LEN; i++)
		if (form[i] != '_' && form[i] != text[i])
			return false;

	return true;
}

bool sk_date_parse(struct sk_span text, int64_t *out)
{
	int day, month, year, hour, minute, second;

	if (text.len != DATE_LEN || !has_form(text.ptr) || name_at(text.ptr, day_names, 7) < 0)
		return false;

	day = number_at(text.ptr + 5, 2);
	month = name_at(text.ptr + 8, month_names, 12);
	year = number_at(text.ptr + 12, 4);
	hour = number_at(text.ptr + 17, 2);
	minute = number_at(text.ptr + 20, 2);
	second = number_at(text.ptr + 23, 2);
	if (year < 1970 || month < 0 || day < 1 || day > month_days(year, month))
		return false;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;

	*out = days_of(year, month, day - 1) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
	return true;
}

/* The year that `days` since the year 1 are in; leaves the days since its 1 January. */
static int year_of(int *days)
{
	int n400 = *days / DAYS_400, rest = *days % DAYS_400;
	/* the last day of a leap year would make a fourth century, or a fourth year */
	int n100 = rest / DAYS_100 > 3 ? 3 : rest / DAYS_100;
	int n4, n1;

	rest -= n100 * DAYS_100;
	n4 = rest / DAYS_4;
	rest -= n4 * DAYS_4;
	n1 = rest / DAYS_1 > 3 ? 3 : rest / DAYS_1;

	*days = rest - n1 * DAYS_1;
	return n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1;
}

static void put_two(char *out, int number)
{
	out[0] = (char)('0' + number / 10);
	out[1] = (char)('0' + number % 10);
}

/* A second, taken apart; `month` and `day` count from 0. */
struct moment {
	int year, month, day, weekday, second;
};

static bool moment_of(int64_t seconds, struct moment *out)
{
	int days, month = 0;

	if (seconds < 0 || seconds > end_of_time)
		return false;

	days = (int)(seconds / DAY_SECONDS) + EPOCH_DAYS;
	out->second = (int)(seconds % DAY_SECONDS);
	out->weekday = days % 7; /* 0001-01-01 was a Monday */
	out->year = year_of(&days);
	for (; days >= month_days(out->year, month); month++)
		days -= month_days(out->year, month);
	out->month = month;
	out->day = days;
	return true;
}

static void put_clock(char out[8], int second)
{
	put_two(out, second / 3600);
	put_two(out + 3, second / 60 % 60);
	put_two(out + 6, second % 60);
}

static void put_year(char out[4], int year)
{
	put_two(out, year / 100);
	put_two(out + 2, year % 100);
}

bool sk_timestamp_print(int64_t seconds, char out[SK_TIMESTAMP_SIZE])
{
	static const char shape[SK_TIMESTAMP_SIZE] = "____-__-__T__:__:__Z";
	struct moment m;

	if (!moment_of(seconds, &m))
		return false;

	memcpy(out, shape, sizeof(shape));
	put_year(out, m.year);
	put_two(out + 5, m.month + 1);
	put_two(out + 8, m.day + 1);
	put_clock(out + 11, m.second);
	return true;
}

bool sk_date_print(int64_t seconds, char out[SK_DATE_SIZE])
{
	struct moment m;

	if (!moment_of(seconds, &m))
		return false;

	memcpy(out, form, sizeof(form));
	memcpy(out, day_names[m.weekday], 3);
	put_two(out + 5, m.day + 1);
	memcpy(out + 8, month_names[m.month], 3);
	put_year(out + 12, m.year);
	put_clock(out + 17, m.second);
	return true;
}
