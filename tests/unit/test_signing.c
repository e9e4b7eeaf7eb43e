/*
 * What is signed beside a shaken PASSporT, or instead of one: each is read again by our own
 * verifier, in a second daemon.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

#define NOW PKI_NOW
#define SIGN(and) \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: A, x5u: \"" RIG_X5U \
	"\"" and "}\ntenant: {mode: sign}\n"
#define VERIFY \
	RIG_TRUST "tenant: {mode: verify}\nverify: {div: yes, rph: yes, rcd: yes, div-max-age: " \
		  "300s, " \
		  "certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}}\n"

#define URI(n)   "sip:+1215555" n "@sti.example.net;user=phone"
#define PRIORITY "Resource-Priority: esnet.1\r\n"

/* The types of the Identity lines of an answer, in order: "shaken,rph". */
static const char *types(const char *answer)
{
	static char out[256];
	size_t len = 0;

	out[0] = '\0';
	for (const char *at = strstr(answer, "\r\nIdentity: "); at;
	     at = strstr(at + 2, "\r\nIdentity: ")) {
		const char *ppt = strstr(at, ";ppt=");

		if (ppt)
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.*s",
						len ? "," : "", (int)strcspn(ppt + 5, "\r"),
						ppt + 5);
	}
	return out;
}

/* Appends the Identity lines of an answer to a request's own lines. */
static void carry_on(const char *answer, char *more, size_t size)
{
	size_t len = strlen(more);

	for (const char *at = strstr(answer, "\r\nIdentity: "); at;
	     at = strstr(at + 2, "\r\nIdentity: "))
		len += (size_t)snprintf(more + len, size - len, "%.*s",
					(int)(strchr(at + 2, '\n') - at - 1), at + 2);
}

struct row {
	const char *what, *sign;
	const char *types;   /* what is signed */
	const char *verdict; /* on priority, as Priority-Verstat says it; "": none */
	const char *name;    /* of rich call data; "": none                        */
	const char *from, *more;
};

/* clang-format off */
static const struct row rows[] = {
	{ "nothing beside", SIGN(""), "shaken", "", .name = "" },
	{ "priority, nothing allowed", SIGN(""), "shaken", "No-RPH-Validation", .name = "", .more = PRIORITY },
	{ "priority allowed", SIGN(", rph: [esnet.1]"), "shaken,rph", "RPH-Validation-Passed", .name = "", .more = PRIORITY },
	{ "a namespace allowed", SIGN(", rph: [\"esnet.*\"]"), "shaken,rph", "RPH-Validation-Passed", .name = "", .more = PRIORITY },
	{ "another allowed", SIGN(", rph: [ets.0]"), "shaken", "No-RPH-Validation", .name = "", .more = PRIORITY },
	{ "no priority asked for", SIGN(", rph: [esnet.1]"), "shaken", "", .name = "" },
	{ "priority in two lines", SIGN(", rph: [\"esnet.*\", \"ets.*\"]"), "shaken,rph", "RPH-Validation-Passed", .name = "",
	  .more = PRIORITY "Resource-Priority: ets.0\r\n" },
	{ "one of two allowed", SIGN(", rph: [\"esnet.*\"]"), "shaken,rph", "RPH-Validation-Failed", .name = "",
	  .more = PRIORITY "Resource-Priority: ets.0\r\n" },
	{ "a malformed priority", SIGN(", rph: [\"esnet.*\"]"), "shaken", "No-RPH-Validation", .name = "",
	  .more = "Resource-Priority: esnet\r\n" },
	{ "the name of From", SIGN(", rcd: passport"), "shaken,rcd", "", .name = "Bob" },
	{ "a name that is set", SIGN(", rcd: passport, rcd-name: \"Example Ltd\""), "shaken,rcd", "", .name = "Example Ltd" },
	{ "a name inside", SIGN(", rcd: shaken"), "shaken", "", .name = "Bob" },
	{ "a name and a reason inside", SIGN(", rcd: shaken, rcd-reason: Delivery"), "shaken", "", .name = "Bob" },
	{ "no name", SIGN(", rcd: passport"), "shaken", "", .name = "", .from = "<sip:+12155551212@example.com;user=phone>" },
	{ "no name, but a reason", SIGN(", rcd: passport, rcd-reason: Delivery"), "shaken,rcd", "", .name = "",
	  .from = "<sip:+12155551212@example.com;user=phone>" },
	{ "a name that is none", SIGN(", rcd: shaken"), "shaken", "", .name = "", .from = "\"\xff\" <sip:+12155551212@example.com;user=phone>" },
	{ "the name of another number", SIGN(", rcd: shaken"), "shaken", "", .name = "",
	  .from = "\"Bob\" <sip:+12155559999@example.com;user=phone>",
	  .more = "P-Asserted-Identity: <sip:+12155551212@example.com>\r\n" },
	{ "privacy", SIGN(", rcd: passport"), "shaken", "", .name = "", .more = "Privacy: id\r\n" },
	{ "no privacy", SIGN(", rcd: passport"), "shaken,rcd", "", .name = "Bob", .more = "Privacy: none\r\n" },
	{ "all", SIGN(", rph: [\"ets.*\", \"esnet.*\"], rcd: passport, div: yes"), "shaken,rph,rcd", "RPH-Validation-Passed", .name = "Bob", .more = PRIORITY },
	{ "not signed at all", SIGN(", rph: [\"esnet.*\"], rcd: passport"), "", "No-RPH-Validation", .name = "",
	  .from = "<sip:anonymous@anonymous.invalid>", .more = PRIORITY },
};
/* clang-format on */

static void beside(const struct row *row)
{
	struct rig *signer = rig_new(row->sign), *verifier;
	char more[20000];
	struct dial d = { .from = row->from, .more = more };
	const char *answer;

	snprintf(more, sizeof(more), "%s", row->more ? row->more : "");
	answer = rig_dial(signer, &d);
	CHECK_STR(types(answer), row->types, row->what);
	carry_on(answer, more, sizeof(more));
	rig_free(signer);

	verifier = rig_new(VERIFY);
	answer = rig_dial(verifier, &d);
	CHECK(!strstr(answer, "TN-Validation-Passed") == !row->types[0], "%s: %s", row->what,
	      answer);
	CHECK_STR(rig_header(answer, "Priority-Verstat"), row->verdict, row->what);
	if (row->name[0])
		CHECK(strstr(rig_header(answer, "X-RCD-Name"), row->name), "%s: %s", row->what,
		      answer);
	else
		CHECK(!strstr(rig_header(answer, "X-RCD-Name"), "Bob"), "%s: %s", row->what,
		      answer);
	rig_free(verifier);
}

/* --- diverted calls --- */

struct hop {
	const char *what;
	int64_t age;          /* of the shaken one, when the first hop diverts it */
	const char *uris[4];  /* where it goes, hop by hop */
	const char *types[4]; /* what each hop signs */
};

#define DIVERTS SIGN(", div: yes, rph: [\"esnet.*\"], rcd: passport")

/* clang-format off */
static const struct hop hops[] = {
	{ "not diverted", 0, { URI("1213") }, { "" } },
	{ "the same number, written otherwise", 0, { "tel:+1-215-555-1213" }, { "" } },
	{ "a host alone", 0, { "sip:sti.example.net" }, { "" } },
	{ "to no number", 0, { "sip:carol@example.net" }, { "" } },
	{ "once", 0, { URI("1214") }, { "div" } },
	{ "once, asked twice", 0, { URI("1214"), URI("1214") }, { "div", "" } },
	{ "twice", 0, { URI("1214"), URI("1215") }, { "div", "div" } },
	{ "three times", 0, { URI("1214"), URI("1215"), URI("1216") }, { "div", "div", "div" } },
	{ "and back", 0, { URI("1214"), URI("1213") }, { "div", "" } },
	{ "after a long ring", 200, { URI("1214") }, { "div" } },
};
/* clang-format on */

static void diverted(const struct hop *hop)
{
	struct rig *r = rig_new(DIVERTS), *verifier = rig_new(VERIFY);
	char more[30000] = "", branch[32];
	struct dial d = { .more = more, .branch = branch };
	const char *answer;

	rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, NOW - hop->age, more, sizeof(more));
	for (int i = 0; i < 4 && hop->uris[i]; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK-%d", i);
		d.uri = hop->uris[i];
		answer = rig_dial(r, &d);
		CHECK(strncmp(answer, "SIP/2.0 302 ", 12) == 0, "%s: %s", hop->what, answer);
		CHECK_STR(types(answer), hop->types[i], hop->what);
		carry_on(answer, more, sizeof(more));
	}
	answer = rig_dial(verifier, &d);
	if (strcmp(hop->what, "to no number") != 0)
		CHECK(strstr(answer, "TN-Validation-Passed"), "%s: %s", hop->what, answer);
	rig_free(r);
	rig_free(verifier);
}

/* What no link is signed for. */
static void not_diverted(void)
{
	/* clang-format off */
	static const struct {
		const char *what, *sign, *orig, *dest, *tag;
	} cases[] = {
		{ "not wanted", SIGN(""), RIG_ORIG, RIG_DEST, ";tag=1" },
		{ "another caller's token", DIVERTS, "12155559999", RIG_DEST, ";tag=1" },
		{ "for another called party", DIVERTS, RIG_ORIG, "12155559999", ";tag=1" },
		{ "no From tag: no amplifier", DIVERTS, RIG_ORIG, RIG_DEST, "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct rig *r = rig_new(cases[i].sign);
		char more[8192];
		struct dial d = { .more = more, .uri = URI("1214"), .tag = cases[i].tag };
		const char *answer;

		rig_identity(r, RIG_X5U, cases[i].orig, cases[i].dest, NOW, more, sizeof(more));
		answer = rig_dial(r, &d);
		CHECK_STR(types(answer), "", cases[i].what);
		CHECK(strncmp(answer, "SIP/2.0 302 ", 12) == 0, "%s: %s", cases[i].what, answer);
		d.more = "Identity: YQ.YQ.YQ;info=<https://a.example/>;ppt=shaken\r\n";
		d.branch = "z9hG4bK-2";
		CHECK_STR(types(rig_dial(r, &d)), "", "a token that cannot be read");
		rig_free(r);
	}
}

/* RFC 8946, 4.1: iat is that of the link before it, while that is fresh */
static void iat_of_the_link_before(void)
{
	/* clang-format off */
	static const struct {
		const char *what;
		int64_t shaken, div, want;
	} cases[] = {
		{ "of the link, not of the first", NOW - 30, NOW - 5, NOW - 5 },
		{ "of the link, the first is old", NOW - 200, NOW - 5, NOW - 5 },
		{ "a link that is old", NOW - 30, NOW - 100, NOW },
		{ "a link of tomorrow", NOW - 30, NOW + 86400, NOW },
		{ "all are old", NOW - 300, NOW - 100, NOW },
	};
	/* clang-format on */

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct rig *r = rig_new(DIVERTS);
		const struct rig_token div = { SK_PPT_DIV, .iat = cases[i].div,
					       .dest = "12155551214", .div = RIG_DEST };
		char more[20000], value[SK_IDENTITY_SIZE];
		struct dial d = { .more = more, .uri = URI("1215") };
		struct sk_passport link = { 0 };
		struct sk_identity identity;
		const char *answer;
		size_t len;

		rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, cases[i].shaken, more, sizeof(more));
		len = strlen(more);
		rig_token(&div, value, sizeof(value));
		snprintf(more + len, sizeof(more) - len, "Identity: %s\r\n", value);
		answer = rig_header(rig_dial(r, &d), "Identity");
		CHECK(!sk_identity_parse(sk_span_of(answer), &identity) &&
			      !sk_passport_parse(identity.token, &link) &&
			      link.jose.ppt == SK_PPT_DIV,
		      "%s: %s", cases[i].what, answer);
		CHECK(link.claims.iat == cases[i].want, "%s: %lld", cases[i].what,
		      (long long)(link.claims.iat - NOW));
		CHECK_STR(link.claims.div.text, "12155551214", cases[i].what);
		rig_free(r);
	}
}

int main(void)
{
	iat_of_the_link_before();
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		beside(&rows[i]);
	for (size_t i = 0; i < SK_COUNT(hops); i++)
		diverted(&hops[i]);
	not_diverted();
	return check_result();
}
