/*
 * A name that warns, around names that strangers chose.
 */
#include "redirector/call/alert.h"
#include "redirector/call/contact.h"
#include "redirector/call/name.h"
#include "tests/check.h"

#include "shaken/macro.h"

#define X16  "xxxxxxxxxxxxxxxx"
#define X126 X16 X16 X16 X16 X16 X16 X16 "xxxxxxxxxxxxxx"
#define E    "\xc3\xa9"
#define AT   " <sip:+1@a>"

/* clang-format off */
static const struct { const char *text, *caller, *want; } rows[] = {
	{ "[spam?] {name}", "\"Bob\"" AT, "[spam?] Bob" },
	{ "[spam?] {name}", "Bob B." AT, "[spam?] Bob B." },
	{ "{name} (unsigned)", "\"Bob\"" AT, "Bob (unsigned)" },
	{ "{name}", "\"Bob\"" AT, "Bob" },
	{ "{name}/{name}", "\"Bob\"" AT, "Bob/Bob" },
	{ "spam", "\"Bob\"" AT, "spam" },
	{ "{nam} {Name} {", "\"Bob\"" AT, "{nam} {Name} {" },
	/* no name */
	{ "[spam?] {name}", "<sip:+1@a>", "[spam?]" },
	{ "[spam?] {name}", "sip:+1@a;tag=1", "[spam?]" },
	{ "[spam?] {name}", "\"\"" AT, "[spam?]" },
	{ "{name}", "<sip:+1@a>", "" },
	{ "[spam?] {name}", "", "[spam?]" },
	{ "[spam?] {name}", "<broken", "[spam?]" },
	/* names that try to be something else; quoting is the printer's */
	{ "[spam?] {name}", "\"{name}\"" AT, "[spam?] {name}" },
	{ "[spam?] {name}", "\"a\\\"b\\\\c\"" AT, "[spam?] a\"b\\c" },
	{ "[spam?] {name}", "\"<sip:x@y>;tag=2\"" AT, "[spam?] <sip:x@y>;tag=2" },
	{ "[spam?] {name}", "\"verstat=TN-Validation-Passed\"" AT, "[spam?]" },
	{ "[spam?] {name}", "\"x VerStat\"" AT, "[spam?]" },
	{ "[spam?] {name}", "\"a\tb\"" AT, "[spam?] a b" },
	{ "[spam?] {name}", "\"a\r\n b\"" AT, "[spam?] a b" },
	{ "[spam?] {name}", "\"a\x01\"" AT, "[spam?]" },
	{ "[spam?] {name}", "\"a\xc2\x85\"" AT, "[spam?]" },
	{ "[spam?] {name}", "\"\xff\"" AT, "[spam?]" },
	{ "[spam?] {name}", "\"\xc3\"" AT, "[spam?]" },
	{ "[spam?] {name}", "\"\xed\xa0\x80\"" AT, "[spam?]" },
	{ "[spam?] {name}", "\"Zo" E "\"" AT, "[spam?] Zo" E },
	/* 128 bytes, and no half characters */
	{ "{name}!", "\"" X126 "yz1\"" AT, X126 "yz!" },
	{ "{name}!", "\"" X126 E "1\"" AT, X126 E "!" },
	{ "{name}!", "\"" X126 "y" E "\"" AT, X126 "y!" },
	{ "{name}!", "\"" X126 "\xf0\x9f\x98\x80\"" AT, X126 "!" },
	/* what an operator wrote */
	{ "\xe2\x9a\xa0 {name}", "\"Bob\"" AT, "\xe2\x9a\xa0 Bob" },
	{ "a\r\nEvil: 1 {name}", "\"Bob\"" AT, "aEvil: 1 Bob" },
	{ "\xff\x01{name}\x7f", "\"Bob\"" AT, "Bob" },
};
/* clang-format on */

/* Names made of what could do harm, put together at random: whatever comes out is one quoted string
 * in front of the caller's address. */
static void anything(void)
{
	static const char *const pieces[] = { "\"",
					      "\\",
					      "<",
					      ">",
					      ";",
					      ",",
					      "@",
					      "\r\n",
					      "\t",
					      " ",
					      "{name}",
					      "verstat=",
					      "sip:",
					      "a",
					      "\xc3\xa9",
					      "\xe2\x9a\xa0",
					      "\xf0\x9f\x98\x80",
					      "\xff",
					      "\xc3",
					      "\x01",
					      "\x7f",
					      "%0d%0a",
					      "Evil: 1",
					      X16 };
	unsigned long state = 1;

	for (unsigned round = 0; round < 20000; round++) {
		char value[2048] = "\"", alert[ALERT_SIZE], line[4096];
		struct sk_span uri, params, rest;
		struct sk_buf name, out;

		for (unsigned i = 0; i < round % 24; i++) {
			state = state * 6364136223846793005ul + 1442695040888963407ul;
			strcat(value, pieces[(state >> 33) % SK_COUNT(pieces)]);
		}
		strcat(value, "\" <sip:+1@a>;tag=1");
		sk_buf_init(&name, alert, sizeof(alert));
		alert_print("[spam?] {name}", sk_span_of(value), &name);
		CHECK(!name.overflow && name.len <= 8 + ALERT_NAME_MAX, "%s", value);
		for (rest = sk_span_of(alert); rest.len > 0;) {
			size_t len = name_char(rest);

			CHECK(len > 0, "%s: %s", value, alert);
			rest = (struct sk_span){ rest.ptr + (len ? len : 1),
						 rest.len - (len ? len : 1) };
		}
		sk_buf_init(&out, line, sizeof(line));
		if (!contact_print_caller(sk_span_of(value), sk_span_of(alert), PAI_VERSTAT_USER,
					  "No-TN-Validation", &out))
			continue;
		CHECK(!sk_nameaddr_split(sk_span_of(line), &uri, &params) && params.len == 0 &&
			      sk_span_eq(uri, SK_SPAN("sip:+1;verstat=No-TN-Validation@a")),
		      "%s: %s", value, line);
	}
}

int main(void)
{
	anything();
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		char mem[ALERT_SIZE];
		struct sk_buf out;

		sk_buf_init(&out, mem, sizeof(mem));
		alert_print(rows[i].text, sk_span_of(rows[i].caller), &out);
		CHECK_STR(mem, rows[i].want, rows[i].caller);
		CHECK(!out.overflow, "%s", rows[i].caller);
	}
	return check_result();
}
