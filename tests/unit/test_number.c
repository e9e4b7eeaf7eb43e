/*
 * Numbers with units: what reads, what does not, and that what is printed reads
 * as the same number.
 */
#include "config/number.h"
#include "tests/check.h"

static void test_numbers(void)
{
	static const struct {
		enum conf_type type;
		const char *text;
		int64_t want; /* -1: refused */
	} rows[] = {
		{ CONF_INTEGER, "0", 0 },
		{ CONF_INTEGER, "", -1 },
		{ CONF_INTEGER, "4096", 4096 },
		{ CONF_INTEGER, "-1", -1 },
		{ CONF_SIZE, "10", 10 },
		{ CONF_INTEGER, "+1", -1 },
		{ CONF_SIZE, "2KiB", 2048 },
		{ CONF_INTEGER, "010", -1 },
		{ CONF_SIZE, "1GiB", 1 << 30 },
		{ CONF_INTEGER, "0x10", -1 },
		{ CONF_SECONDS, "1d", 86400 },
		{ CONF_INTEGER, "1 ", -1 },
		{ CONF_SECONDS, "2h", 7200 },
		{ CONF_INTEGER, "12345678901", -1 },
		{ CONF_SECONDS, "5m", 300 },
		{ CONF_SIZE, "2KB", -1 },
		{ CONF_SECONDS, "0s", 0 },
		{ CONF_SECONDS, "60", -1 },
		{ CONF_MILLIS, "300ms", 300 },
		{ CONF_SECONDS, "60ms", -1 },
		{ CONF_MILLIS, "2s", 2000 },
		{ CONF_MILLIS, "1.5s", -1 },
		{ CONF_MILLIS, "1m", 60000 },
		{ CONF_MILLIS, "2h", -1 },
		{ CONF_SIZE, "9999999999GiB", -1 },
		{ CONF_SIZE, "1kib", -1 },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		int64_t got = -1;
		bool ok = number_parse(rows[i].type, rows[i].text, &got);

		CHECK(ok == (rows[i].want >= 0) && got == rows[i].want, "\"%s\": %lld",
		      rows[i].text, (long long)got);
	}
}

static void test_print(void)
{
	static const struct {
		enum conf_type type;
		int64_t value;
		const char *want;
	} rows[] = {
		{ CONF_INTEGER, 0, "0" },        { CONF_SMALL, 15, "15" },
		{ CONF_SIZE, 0, "0" },           { CONF_SIZE, 16384, "16KiB" },
		{ CONF_SIZE, 16385, "16385" },   { CONF_SIZE, 1 << 30, "1GiB" },
		{ CONF_SECONDS, 60, "60s" },     { CONF_SECONDS, 86400, "24h" },
		{ CONF_SECONDS, 3601, "3601s" }, { CONF_SECONDS, 0, "0s" },
		{ CONF_MILLIS, 400, "400ms" },   { CONF_MILLIS, 2000, "2s" },
		{ CONF_MILLIS, 60000, "60s" },   { CONF_MILLIS, 0, "0ms" },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		char text[32];
		struct sk_buf buf;
		int64_t back = -1;

		sk_buf_init(&buf, text, sizeof(text));
		number_print(rows[i].type, rows[i].value, &buf);
		CHECK_STR(text, rows[i].want, rows[i].want);
		CHECK(number_parse(rows[i].type, text, &back) && back == rows[i].value, "%s", text);
	}
}

int main(void)
{
	test_numbers();
	test_print();
	return check_result();
}
