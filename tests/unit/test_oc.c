/*
 * Which Vias ask how much they are to hold back (RFC 7339), and what theirs looks like in the
 * answer: nothing but what we say of ourselves, whatever stood there.
 */
#include "redirector/sip/oc.h"
#include "tests/check.h"

#include <stdio.h>

#define VIA    "Via: SIP/2.0/UDP proxy.example:5060"
#define TOLD   ";oc=20;oc-algo=\"loss\";oc-validity=1000;oc-seq=1282321615.78200"
#define BRANCH ";branch=z9hG4bK-1"

struct row {
	const char *name, *via;
	const char *answer; /* NULL: it does not ask */
};

/* clang-format off */
static const struct row rows[] = {
	{ "as in the RFC", VIA BRANCH ";oc;oc-algo=\"loss,A\"", VIA BRANCH TOLD },
	{ "loss alone", VIA BRANCH ";oc;oc-algo=\"loss\"", VIA BRANCH TOLD },
	{ "loss last", VIA BRANCH ";oc;oc-algo=\"A , loss\"", VIA BRANCH TOLD },
	{ "without quotes", VIA BRANCH ";oc;oc-algo=loss", VIA BRANCH TOLD },
	{ "in any case", VIA BRANCH ";OC;Oc-Algo=\"Loss\"", VIA BRANCH TOLD },
	{ "white space", VIA " ; branch=z9hG4bK-1 ; oc ; oc-algo = \"loss\"", VIA " ; branch=z9hG4bK-1 " TOLD },
	{ "in the middle", VIA ";oc" BRANCH ";oc-algo=\"loss\";rport=5060", VIA BRANCH ";rport=5060" TOLD },
	{ "in front", VIA ";oc;oc-algo=\"loss\"" BRANCH, VIA BRANCH TOLD },
	{ "without a name", "SIP/2.0/TLS [2001:db8::1];oc;oc-algo=\"loss\"", "SIP/2.0/TLS [2001:db8::1]" TOLD },
	{ "words of a server are not handed back", VIA ";oc;oc-validity=999999;oc-algo=\"loss\";oc-seq=9999999999.9" BRANCH,
	  VIA BRANCH TOLD },
	{ "the first of two", VIA ";oc;oc-algo=\"loss\", SIP/2.0/UDP b.example;oc;oc-algo=\"loss\"",
	  VIA TOLD ", SIP/2.0/UDP b.example;oc;oc-algo=\"loss\"" },
	{ "a semicolon in quotes", VIA ";x=\";oc=5\";oc;oc-algo=\"loss\"", VIA ";x=\";oc=5\"" TOLD },
	{ "an escaped quote", VIA ";x=\"\\\";oc=5\";oc;oc-algo=\"loss\"", VIA ";x=\"\\\";oc=5\"" TOLD },

	{ "nothing", VIA, NULL },
	{ "no parameter of it", VIA BRANCH ";rport", NULL },
	{ "no algorithm", VIA BRANCH ";oc", NULL },
	{ "an algorithm alone", VIA BRANCH ";oc-algo=\"loss\"", NULL },
	{ "with a value", VIA BRANCH ";oc=5;oc-algo=\"loss\"", NULL },
	{ "with an empty value", VIA BRANCH ";oc=;oc-algo=\"loss\"", NULL },
	{ "twice", VIA BRANCH ";oc;oc;oc-algo=\"loss\"", NULL },
	{ "once with a value", VIA BRANCH ";oc;oc=100;oc-algo=\"loss\"", NULL },
	{ "two lists", VIA BRANCH ";oc;oc-algo=\"loss\";oc-algo=\"rate\"", NULL },
	{ "a way that we do not know", VIA BRANCH ";oc;oc-algo=\"rate\"", NULL },
	{ "nearly ours", VIA BRANCH ";oc;oc-algo=\"lossy,los\"", NULL },
	{ "an empty list", VIA BRANCH ";oc;oc-algo=\"\"", NULL },
	{ "no list", VIA BRANCH ";oc;oc-algo", NULL },
	{ "an open quote", VIA BRANCH ";oc-algo=\"loss;oc", NULL },
	{ "in quotes", VIA ";x=\";oc;oc-algo=loss;\"", NULL },
	{ "names that only begin like it", VIA ";ocx;oc-algox=\"loss\"", NULL },
	{ "the second of two", VIA BRANCH ", SIP/2.0/UDP b.example;oc;oc-algo=\"loss\"", NULL },
	{ "one half in each", VIA ";oc, SIP/2.0/UDP b.example;oc-algo=\"loss\"", NULL },
	{ "empty", "", NULL },
	{ "nothing but signs", ";;;=;=\";\\", NULL },
	{ "a dash at the end", VIA ";oc;oc-", NULL },
	{ "ends within the name", VIA ";oc;oc-algo", NULL },
};
/* clang-format on */

static const struct oc told = { .loss = 20, .validity_ms = 1000, .seq = 128232161578200 };

static void table(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sk_span via = sk_span_of(row->via);
		char text[512];
		struct sk_buf out;

		CHECK(oc_asks(via) == (row->answer != NULL), "%s", row->name);
		sk_buf_init(&out, text, sizeof(text));
		oc_print(via, &told, &out);
		CHECK(!out.overflow, "%s: fits", row->name);
		if (row->answer)
			CHECK_STR(text, row->answer, row->name);
	}
}

/* Every piece of a text that asks, each in memory of just its size: nothing is read behind. */
static void pieces(void)
{
	static const char whole[] = VIA ";x=\"\\\"\";oc;oc-algo=\"A,loss\";y";

	for (size_t from = 0; from < sizeof(whole); from++) {
		for (size_t len = 0; from + len < sizeof(whole); len++) {
			char piece[sizeof(whole)], text[512];
			struct sk_span via = { piece + sizeof(whole) - len, len };
			struct sk_buf out;

			memcpy(piece + sizeof(whole) - len, whole + from, len);
			sk_buf_init(&out, text, sizeof(text));
			oc_print(via, &told, &out);
			if (out.overflow || (oc_asks(via) && len < 20)) {
				CHECK(false, "%zu bytes from %zu", len, from);
				return;
			}
		}
	}
	CHECK(true, "all pieces");
}

static void nothing_to_hold_back(void)
{
	const struct oc calm = { .loss = 0, .validity_ms = 0, .seq = 100000 };
	char text[128];
	struct sk_buf out;

	sk_buf_init(&out, text, sizeof(text));
	oc_print(SK_SPAN("SIP/2.0/UDP a"), &calm, &out);
	CHECK_STR(text, "SIP/2.0/UDP a;oc=0;oc-algo=\"loss\";oc-validity=0;oc-seq=1.00000", "calm");
	sk_buf_init(&out, text, 20);
	oc_print(SK_SPAN("SIP/2.0/UDP a"), &calm, &out);
	CHECK(out.overflow, "no room");
}

int main(void)
{
	table();
	pieces();
	nothing_to_hold_back();
	return check_result();
}
