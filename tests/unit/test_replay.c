/*
 * The daemon played through under a clock that stands still: each kind of request
 * and its answer, repeats, and where answers go.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

#define SIGN       RIG_SIGN "tenant: {mode: sign}\n"
#define VERIFY     RIG_TRUST "tenant: {mode: verify}\n"
#define UNVERIFIED ";verstat=No-TN-Validation>"

/* --- one request, one answer --- */

struct row {
	const char *name, *conf;
	struct dial dial;
	const char *want, *and; /* parts of the answer; want "": there is none */
	const char *deny;       /* NULL, or what must not be in it              */
};

/* clang-format off */
static const struct row rows[] = {
	{ "signed", SIGN, { 0 }, "SIP/2.0 302 Moved Temporarily\r\n", "\r\nIdentity: ey", NULL },
	{ "signed: Date of iat", SIGN, { 0 }, "\r\nDate: Fri, 25 Sep 2015 19:12:30 GMT\r\n", "", NULL },
	{ "signed: no second Date", SIGN, { .more = "Date: Fri, 25 Sep 2015 19:12:25 GMT\r\n" },
	  "\r\nIdentity: ey", "", "\r\nDate:" },
	{ "stale Date", SIGN, { .more = "Date: Fri, 25 Sep 2015 19:10:25 GMT\r\n" },
	  "SIP/2.0 302 ", "", "Identity" },
	{ "future Date", SIGN, { .more = "Date: Fri, 25 Sep 2015 19:13:31 GMT\r\n" },
	  "SIP/2.0 302 ", "", "Identity" },
	{ "anonymous is not signed", SIGN, { .from = "<sip:anonymous@anonymous.invalid>" },
	  "SIP/2.0 302 ", "", "Identity" },
	{ "anonymous with PAI is signed", SIGN, { .from = "<sip:anonymous@anonymous.invalid>",
	  .more = "P-Asserted-Identity: <sip:+12155551212@example.com>\r\n" }, "\r\nIdentity: ey", "", NULL },
	{ "no credential", "", { 0 }, "SIP/2.0 302 ", "", "Identity" },
	{ "no credential, nothing: 404", "answer: {nothing: 404}\n", { 0 },
	  "SIP/2.0 404 Not Found\r\n", "", "Contact" },
	{ "no credential, nothing: 503", "answer: {nothing: 503}\n", { 0 },
	  "SIP/2.0 503 ", "", "Retry-After" },
	{ "signed already", SIGN, { .more = "Identity: a.b.c;info=<https://a.example>;ppt=shaken\r\n" },
	  "SIP/2.0 302 ", "", "Identity" },
	{ "no From tag", SIGN, { .tag = "" }, "SIP/2.0 302 ", "", "Identity" },
	{ "no cookie in the branch", SIGN, { .branch = "old" }, "SIP/2.0 302 ", "", "Identity" },
	{ "malformed To", SIGN, { .to = "<sip:+12155551213@example.net" }, "SIP/2.0 400 ", "", "Identity" },
	{ "%00 in the number", SIGN, { .from = "<sip:+1215%005551212@example.com;user=phone>" },
	  "SIP/2.0 400 ", "", "Identity" },
	{ "%00 in a name", SIGN, { .from = "\"100%00 off\" <sip:+12155551212@example.com;user=phone>" },
	  "SIP/2.0 302 ", "\r\nIdentity: ey", NULL },
	{ "mode pass", RIG_SIGN "tenant: {mode: pass}\n", { 0 }, "SIP/2.0 302 ", "", "Identity" },
	{ "auto signs", RIG_SIGN, { 0 }, "\r\nIdentity: ey", "", NULL },
	{ "in a dialog", SIGN, { .to = "<sip:+12155551213@example.net>;tag=x" }, "SIP/2.0 302 ", ";tag=x\r\n", "Identity" },
	{ "in a dialog: 481", SIGN "sip: {in-dialog: 481}\n", { .to = "<sip:+12155551213@example.net>;tag=x" },
	  "SIP/2.0 481 ", ";tag=x\r\n", "Contact" },
	{ "OPTIONS", SIGN, { .method = "OPTIONS" }, "SIP/2.0 200 OK\r\n", "Allow: INVITE", "Identity" },
	{ "REGISTER", SIGN, { .method = "REGISTER" }, "SIP/2.0 405 ", "Allow: INVITE", "Identity" },
	{ "ACK", SIGN, { .method = "ACK" }, "", "", NULL },
	{ "CANCEL", SIGN, { .method = "CANCEL" }, "", "", NULL },
	{ "unknown scheme", SIGN, { .uri = "foo:bar" }, "SIP/2.0 416 ", "", "Identity" },
	{ "two Call-IDs", SIGN, { .more = "i: other\r\n" }, "SIP/2.0 400 ", "", "Identity" },
	{ "a stranger", SIGN "sip: {sources: [10.0.0.0/8]}\n", { 0 }, "", "", NULL },
	{ "a stranger, told so", SIGN "sip: {sources: [10.0.0.0/8], strangers: 403}\n", { 0 },
	  "SIP/2.0 403 Forbidden\r\n", "", "Identity" },
	{ "nothing to verify", VERIFY, { 0 }, UNVERIFIED, "", "Reason" },
	{ "nothing to verify, but required", VERIFY "verify: {identity-required: yes, on-failure: reject}\n",
	  { 0 }, "SIP/2.0 428 Use Identity Header\r\n", "", "Contact" },
	{ "garbage", VERIFY, { .more = "Identity: garbage\r\n" }, UNVERIFIED, "Reason: STIR;cause=438", NULL },
	{ "empty Identity is none", VERIFY, { .more = "Identity:\r\n" }, UNVERIFIED, "", "Reason" },
	{ "an unknown type", VERIFY, { .more = "Identity: YQ.YQ.YQ;info=<https://a.example/>;ppt=new\r\n" },
	  UNVERIFIED, "", "Reason" },
};
/* clang-format on */

static void single_requests(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct rig *r = rig_new(row->conf);
		const char *answer = rig_dial(r, &row->dial);

		if (row->want[0])
			CHECK(strstr(answer, row->want) && strstr(answer, row->and), "%s: %s",
			      row->name, answer);
		else
			CHECK(answer[0] == '\0', "%s: %s", row->name, answer);
		CHECK(!row->deny || !strstr(answer, row->deny), "%s: %s", row->name, answer);
		CHECK(rig_answers(r) == 0, "%s: a second answer", row->name);
		rig_free(r);
	}
}

/* --- repeats --- */

static const char *payload_of(const char *answer)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s", rig_header(answer, "Identity"));
	if (strrchr(text, '.'))
		strchr(strchr(text, '.') + 1, '.')[0] = '\0';
	return text;
}

static void repeats(void)
{
	struct rig *r = rig_new(SIGN);
	struct dial d = { 0 }, other = { .branch = "z9hG4bK-other" };
	char tag[256], payload[4096];
	const char *answer = rig_dial(r, &d);

	snprintf(tag, sizeof(tag), "%s", rig_header(answer, "To"));
	snprintf(payload, sizeof(payload), "%s", payload_of(answer));
	r->wall += 31;
	r->mono += 31000;
	answer = rig_dial(r, &d);
	CHECK_STR(rig_header(answer, "To"), tag, "a repeat has the same tag");
	CHECK_STR(payload_of(answer), payload, "a repeat has the same iat and origid");
	CHECK(r->counters.n[COUNT_REPEATS] == 1, "it is counted");

	r->wall -= 3600; /* somebody sets the clock: iat stays */
	r->mono += 500;
	CHECK_STR(payload_of(rig_dial(r, &d)), payload, "a repeat after the clock went back");
	r->wall += 3600;
	answer = rig_dial(r, &other);
	CHECK(strcmp(rig_header(answer, "To"), tag) != 0, "another branch: another tag");
	CHECK(strcmp(payload_of(answer), payload) != 0, "another branch: another call");

	r->mono += 33000;
	r->wall += 33;
	answer = rig_dial(r, &d);
	CHECK_STR(rig_header(answer, "To"), tag, "the tag is the same for ever");
	CHECK(strcmp(payload_of(answer), payload) != 0, "after 32 s it is a new call");
	CHECK(r->counters.n[COUNT_REPEATS] == 2, "not counted as a repeat");
	rig_free(r);
}

static void shared_key(void)
{
	const char *conf = SIGN "sip: {tag-key: 000102030405060708090a0b0c0d0e0f}\n";
	struct rig *a = rig_new(conf);
	struct dial d = { 0 };
	char tag[256], payload[4096];
	const char *answer = rig_dial(a, &d);
	struct rig *b;

	snprintf(tag, sizeof(tag), "%s", rig_header(answer, "To"));
	snprintf(payload, sizeof(payload), "%s", payload_of(answer));
	rig_free(a);
	b = rig_new(conf);
	answer = rig_dial(b, &d);
	CHECK_STR(rig_header(answer, "To"), tag, "two instances, one tag");
	CHECK_STR(payload_of(answer), payload, "two instances, one origid");
	rig_free(b);
}

/* --- where answers go --- */

static void returns_to_source(void)
{
	/* clang-format off */
	static const struct {
		const char *via;
		unsigned port;
	} vias[] = {
		{ "SIP/2.0/UDP 127.0.0.1:7777;branch=z9hG4bK1", 7777 },
		{ "SIP/2.0/UDP 127.0.0.1:7777;branch=z9hG4bK1;rport", 6060 },
		{ "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1", 5060 },
		{ "SIP/2.0/UDP 192.0.2.66:7777;branch=z9hG4bK1", 7777 },
		{ "SIP/2.0/UDP 192.0.2.66;maddr=192.0.2.1;branch=z9hG4bK1;rport", 6060 },
		{ "SIP/2.0/UDP victim.example;received=192.0.2.1;branch=z9hG4bK1;rport", 6060 },
		{ "SIP/2.0/UDP 127.0.0.1:99999;branch=z9hG4bK1", 0 }, /* no Via at all */
		{ "SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bK1", 6060 },
	};
	/* clang-format on */
	struct rig *r = rig_new(SIGN);
	char text[2048];

	for (size_t i = 0; i < SK_COUNT(vias); i++) {
		const struct rig_answer *a;
		int len = snprintf(text, sizeof(text),
				   "OPTIONS sip:x SIP/2.0\r\nVia: %s\r\nMax-Forwards: 1\r\n"
				   "From: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: 1\r\n"
				   "CSeq: 1 OPTIONS\r\n\r\n",
				   vias[i].via);

		rig_datagram(r, text, (size_t)len, 6060);
		a = rig_take_answer(r);
		CHECK(!a || a->to.sin_addr.s_addr == htonl(INADDR_LOOPBACK), "%s", vias[i].via);
		CHECK((a ? ntohs(a->to.sin_port) : 0) == vias[i].port, "%s: port %u", vias[i].via,
		      a ? ntohs(a->to.sin_port) : 0);
	}
	CHECK(r->counters.n[COUNT_ELSEWHERE] == 0, "none went elsewhere");
	rig_free(r);
}

static void long_request_uri(void)
{
	struct rig *r = rig_new(SIGN), *far = rig_new(SIGN "answer: {contact: request-uri}\n");
	char uri[16000];
	struct dial d = { .uri = uri };
	const char *answer;

	for (size_t len = 500; len < 15000; len += 500) {
		snprintf(uri, sizeof(uri), "sip:%0*d@sti.example.net", (int)len, 1);
		answer = rig_dial(r, &d);
		CHECK(strstr(answer, "SIP/2.0 414 ") ||
			      strstr(rig_header(answer, "Contact"), "@127.0.0.1"),
		      "user of %zu: %.60s", len, answer);
		snprintf(uri, sizeof(uri), "sip:1@sti.example.net;x=%0*d", (int)len, 1);
		answer = rig_dial(far, &d);
		CHECK(strstr(answer, "SIP/2.0 414 ") ||
			      strstr(rig_header(answer, "Contact"), ";x=00"),
		      "parameter of %zu: %.60s", len, answer);
	}
	/* recorded and counted as what it is: nothing is wrong with From and To */
	CHECK(far->counters.outcomes[SK_URI_TOO_LONG] > 0 &&
		      far->counters.outcomes[SK_REQUEST_SYNTAX] == 0,
	      "too long");
	d.uri = "foo:bar";
	rig_dial(far, &d);
	CHECK(far->counters.outcomes[SK_URI_SCHEME] == 1, "a scheme we do not know");
	d.uri = "sip:1@a>";
	answer = rig_dial(far, &d);
	CHECK(strstr(answer, "SIP/2.0 400 ") && far->counters.outcomes[SK_REQUEST_SYNTAX] == 1,
	      "malformed: %.40s", answer);
	rig_free(far);
	rig_free(r);
}

int main(void)
{
	single_requests();
	repeats();
	shared_key();
	returns_to_source();
	long_request_uri();
	return check_result();
}
