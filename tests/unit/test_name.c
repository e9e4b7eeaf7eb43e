/*
 * Display names: what is read, and what is no name that may be signed.
 */
#include "redirector/call/name.h"
#include "tests/check.h"

#define AT " <sip:+12155551212@example.com>"

/* clang-format off */
static const struct {
	const char *what, *value, *want; /* NULL: no name */
} rows[] = {
	{ "quoted", "\"Bob\"" AT, "Bob" },
	{ "words", "Bob  B" AT, "Bob B" },
	{ "no space before the address", "Bob<sip:a@b>", "Bob" },
	{ "escapes", "\"B\\\"o\\\\b\"" AT, "B\"o\\b" },
	{ "escaped at the end", "\"Bob\\\\\"" AT, "Bob\\" },
	{ "marks of a header", "\"a;b,c<d>e@f\"" AT, "a;b,c<d>e@f" },
	{ "a fold", "\"Bob\r\n  Smith\"" AT, "Bob Smith" },
	{ "white space inside the quotes", "\"  Bob \"" AT, "Bob" },
	{ "two bytes", "\"J\xc3\xbcrgen\"" AT, "J\xc3\xbcrgen" },
	{ "three bytes", "\"\xe2\x82\xac\"" AT, "\xe2\x82\xac" },
	{ "four bytes", "\"\xf0\x9f\x93\x9e\"" AT, "\xf0\x9f\x93\x9e" },
	{ "20 bytes are too many for the room of 20", "\"01234567890123456789\"" AT, NULL },
	{ "19 are not", "\"0123456789012345678\"" AT, "0123456789012345678" },
	{ "none", "<sip:a@b>", NULL },
	{ "bare address", "sip:a@b", NULL },
	{ "empty", "\"\"" AT, NULL },
	{ "blank", "\"  \"" AT, NULL },
	{ "two strings", "\"a\" \"b\"" AT, NULL },
	{ "a quote in a word", "a\"b\"c" AT, NULL },
	{ "control", "\"a\\\x01\"" AT, NULL },
	{ "DEL", "\"a\\\x7f\"" AT, NULL },
	{ "C1 control", "\"a\xc2\x85\"" AT, NULL },
	{ "Latin-1", "\"J\xfcrgen\"" AT, NULL },
	{ "cut short", "\"a\xe2\x82\"" AT, NULL },
	{ "longer than needed", "\"\xc0\xaf\"" AT, NULL },
	{ "longer than needed, three", "\"\xe0\x80\xaf\"" AT, NULL },
	{ "a surrogate", "\"\xed\xa0\x80\"" AT, NULL },
	{ "beyond the last", "\"\xf4\x90\x80\x80\"" AT, NULL },
	{ "a byte that never is", "\"\xff\"" AT, NULL },
	{ "an open quote", "\"a" AT, NULL },
	{ "nothing", "", NULL },
};
/* clang-format on */

int main(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		char out[20];
		bool ok = name_read(sk_span_of(rows[i].value), out, sizeof(out));

		CHECK(ok == !!rows[i].want, "%s: %s", rows[i].what, out);
		CHECK_STR(out, rows[i].want ? rows[i].want : "", rows[i].what);
	}
	return check_result();
}
