#include "shaken/buf.h"
#include "tests/check.h"

static void test_fits(void)
{
	char text[8];
	struct sk_buf buf;

	sk_buf_init(&buf, text, sizeof(text));
	CHECK_STR(text, "", "empty at first");
	sk_buf_puts(&buf, "ab");
	sk_buf_putc(&buf, 'c');
	sk_buf_put(&buf, (struct sk_span){ "defg", 2 });
	sk_buf_put(&buf, (struct sk_span){ NULL, 0 });
	sk_buf_printf(&buf, "%d", 42);
	CHECK_STR(text, "abcde42", "pieces");
	CHECK(buf.len == 7 && !buf.overflow, "full to the last byte");
	sk_buf_puts(&buf, "");
	CHECK(!buf.overflow, "nothing always fits");
}

static void test_overflow(void)
{
	char text[4];
	struct sk_buf buf;

	sk_buf_init(&buf, text, sizeof(text));
	sk_buf_puts(&buf, "ab");
	sk_buf_puts(&buf, "cd");
	CHECK(buf.overflow, "one byte too many");
	CHECK_STR(text, "ab", "no part of what does not fit");
	sk_buf_putc(&buf, 'c');
	CHECK_STR(text, "ab", "nothing follows a gap");
	sk_buf_printf(&buf, "c");
	CHECK_STR(text, "ab", "nothing follows a gap, printed");
	CHECK(buf.len == 2, "length stays");

	sk_buf_init(&buf, text, sizeof(text));
	sk_buf_printf(&buf, "%s", "abcd");
	CHECK(buf.overflow && buf.len == 0, "printed too long");
	CHECK_STR(text, "", "a cut print is taken back");

	sk_buf_init(&buf, text, sizeof(text));
	sk_buf_printf(&buf, "%s", "abc");
	CHECK(!buf.overflow, "printed to the last byte");
	CHECK_STR(text, "abc", "printed to the last byte");

	sk_buf_init(&buf, text, 1);
	sk_buf_puts(&buf, "");
	CHECK(!buf.overflow, "room for the terminator only");
	sk_buf_putc(&buf, 'a');
	CHECK(buf.overflow, "no room at all");
}

static void test_numbers(void)
{
	static const int64_t numbers[] = { 0,   -1,        9,         10,    -10,
					   302, INT64_MAX, INT64_MIN, 65535, 1443208345 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char text[32], want[32];
		struct sk_buf buf;

		snprintf(want, sizeof(want), "%lld", (long long)numbers[i]);
		sk_buf_init(&buf, text, sizeof(text));
		sk_buf_put_number(&buf, numbers[i]);
		CHECK_STR(text, want, "a number");
		sk_buf_init(&buf, text, strlen(want));
		sk_buf_put_number(&buf, numbers[i]);
		CHECK(buf.overflow && text[0] == '\0', "%s: no part of it", want);
	}
}

int main(void)
{
	test_fits();
	test_overflow();
	test_numbers();

	return check_result();
}
