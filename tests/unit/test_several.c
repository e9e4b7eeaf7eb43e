/*
 * Calls with several Identity values, each a letter: every one is judged, one that is good
 * is enough, and each that failed has its Reason.  Diverted calls, priority, rich call
 * data, and copies.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

#define NOW    PKI_NOW
#define BASE   RIG_TRUST "tenant: {mode: verify}\n"
#define MAP    "certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}"
#define VERIFY BASE "verify: {" MAP "}\n"
#define DIV    BASE "verify: {div: yes, " MAP "}\n"
#define OLD    BASE "verify: {div: yes, div-max-age: 300s, " MAP "}\n"
#define RPH    BASE "verify: {rph: yes, " MAP "}\n"
#define RCD    BASE "verify: {rcd: yes, " MAP "}\n"
#define ALL    BASE "verify: {rph: yes, rcd: yes, div: yes, " MAP "}\n"
#define FAR    "https://far.example.org/c.pem"

#define URI(n) "sip:+1215555" n "@sti.example.net;user=phone"

static const struct sk_rph esnet = { .auth = { "esnet.1" }, .count = 1 };
static const struct sk_rph other = { .auth = { "ets.0" }, .count = 1 };
static const struct sk_rcd bob = { .nam = "Bob", .digests = true };
static const struct sk_rcd ann = { .nam = "Ann" };

/* clang-format off */
static const struct {
	char letter;
	struct rig_token token;
} tokens[] = {
	{ 'S', { SK_PPT_SHAKEN, .iat = NOW } },
	{ 's', { SK_PPT_SHAKEN, .iat = NOW - 100 } },              /* stale            */
	{ 'b', { SK_PPT_SHAKEN, .iat = NOW - 1, .spoiled = true } }, /* bad signature    */
	{ 'o', { SK_PPT_SHAKEN, .iat = NOW - 2, .orig = "12155559999" } },
	{ 'f', { SK_PPT_SHAKEN, .iat = NOW - 3, .x5u = FAR } },    /* has to be fetched */
	{ 'N', { SK_PPT_SHAKEN, .iat = NOW - 4, .rcd = &ann } },   /* rcd inside       */
	{ 'D', { SK_PPT_DIV, .iat = NOW, .dest = "12155551214", .div = RIG_DEST } },
	{ 'd', { SK_PPT_DIV, .iat = NOW - 100, .dest = "12155551214", .div = RIG_DEST } },
	{ '2', { SK_PPT_DIV, .iat = NOW, .dest = "12155551215", .div = "12155551214" } },
	{ '3', { SK_PPT_DIV, .iat = NOW, .dest = "12155551216", .div = "12155551215" } },
	{ 'x', { SK_PPT_DIV, .iat = NOW, .dest = "12155551214", .div = "12155559999" } },
	{ 'w', { SK_PPT_DIV, .iat = NOW, .dest = "12155551214", .div = RIG_DEST, .spoiled = true } },
	{ 'y', { SK_PPT_DIV, .iat = NOW, .dest = "12155551214", .div = RIG_DEST, .orig = "12155559999" } },
	{ 'P', { SK_PPT_RPH, .iat = NOW, .rph = &esnet } },
	{ 'p', { SK_PPT_RPH, .iat = NOW - 100, .rph = &esnet } },
	{ 'q', { SK_PPT_RPH, .iat = NOW - 1, .rph = &esnet, .spoiled = true } },
	{ 'e', { SK_PPT_RPH, .iat = NOW, .rph = &other } },        /* covers other values */
	{ 'F', { SK_PPT_RPH, .iat = NOW, .rph = &esnet, .x5u = FAR } },
	{ 'R', { SK_PPT_RCD, .iat = NOW, .rcd = &bob } },
	{ 'r', { SK_PPT_RCD, .iat = NOW, .rcd = &bob, .orig = "12155559999" } },
	{ 't', { SK_PPT_RCD, .iat = NOW, .rcd = &bob, .spoiled = true } },
};
/* clang-format on */

static void print_value(char letter, char *out, size_t size)
{
	if (letter == 'u') /* a type that nobody knows */
		snprintf(out, size, "YQ.YQ.YQ;info=<https://a.example/>;alg=ES256;ppt=new");
	if (letter == 'h')
		snprintf(out, size, "garbage;info=<https://a.example/>;alg=ES256;ppt=new");
	if (letter == 'g')
		snprintf(out, size, "garbage");
	for (size_t i = 0; i < SK_COUNT(tokens); i++)
		if (tokens[i].letter == letter)
			rig_token(&tokens[i].token, out, size);
	if (out[0] == '\0') {
		fprintf(stderr, "no token '%c'\n", letter);
		exit(1);
	}
}

/* Letters become lines; behind a ',' a value joins the line before, behind a '_' the name is y. */
static void print_values(const char *letters, char *out, size_t size)
{
	char value[SK_IDENTITY_SIZE];
	size_t len = 0;

	out[0] = '\0';
	for (; *letters; letters++) {
		const char *name = "\r\nIdentity: ";

		if (*letters == ',' || *letters == '_')
			name = *letters++ == ',' ? ", " : "\r\ny: ";
		value[0] = '\0';
		print_value(*letters, value, sizeof(value));
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? name : name + 2,
					value);
	}
	snprintf(out + len, size - len, len ? "\r\n" : "");
}

/* "403,438": the causes of all Reason lines, in order; a '+' behind one that has a ppi. */
static const char *causes(const char *answer)
{
	static char out[256];
	size_t len = 0;

	out[0] = '\0';
	for (const char *at = strstr(answer, "\r\nReason: STIR;cause="); at;
	     at = strstr(at + 2, "\r\nReason: STIR;cause=")) {
		const char *end = strchr(at + 2, '\r'), *ppi = strstr(at, ";ppi=\"..");

		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.3s%s", len ? "," : "",
					at + 21, ppi && ppi < end ? "+" : "");
	}
	return out;
}

struct row {
	const char *what, *conf, *letters;
	const char *verstat; /* Passed, Failed or No; what it says of rph behind a '/' */
	const char *reasons;
	const char *uri, *more; /* NULL: nothing special */
	const char *name;       /* of rich call data     */
};

#define PRIORITY "Resource-Priority: esnet.1\r\n"

/* clang-format off */
static const struct row rows[] = {
	/* one that is good is enough, wherever it stands, and the others are told */
	{ "one good", VERIFY, "S", "Passed", .reasons = "" },
	{ "one bad", VERIFY, "b", "Failed", .reasons = "438" },
	{ "good, stale", VERIFY, "Ss", "Passed", .reasons = "403+" },
	{ "stale, good", VERIFY, "sS", "Passed", .reasons = "403+" },
	{ "good between", VERIFY, "sSb", "Passed", .reasons = "403+,438+" },
	{ "good, forged", VERIFY, "Sb", "Passed", .reasons = "438+" },
	{ "good, garbage", VERIFY, "Sg", "Passed", .reasons = "438" },
	{ "good, another caller's", VERIFY, "So", "Passed", .reasons = "438+" },
	{ "good, unknown type", VERIFY, "Su", "Passed", .reasons = "" },
	{ "unknown type, good", VERIFY, "uS", "Passed", .reasons = "" },
	{ "good, malformed of an unknown type", VERIFY, "Sh", "Passed", .reasons = "" },
	{ "malformed of an unknown type", VERIFY, "h", "No", .reasons = "" },
	{ "good twice", VERIFY, "SS", "Passed", .reasons = "" },
	{ "eight, the last is good", VERIFY, "sbogsbuS", "Passed", .reasons = "403+,438+,438+,438,403+,438+" },
	{ "the ninth is not looked at", VERIFY, "ssssssssS", "No", .reasons = "403+,403+,403+,403+,403+,403+,403+,403+" },
	{ "stale, forged: the forgery", VERIFY, "sb", "Failed", .reasons = "403+,438+" },
	{ "forged, stale: the same", VERIFY, "bs", "Failed", .reasons = "438+,403+" },
	{ "stale, garbage", VERIFY, "sg", "No", .reasons = "403+,438" },
	{ "two unknown types", VERIFY, "uu", "No", .reasons = "" },
	{ "unknown type and stale", VERIFY, "us", "No", .reasons = "403+" },
	{ "joined", VERIFY, "s,S", "Passed", .reasons = "403+" },
	{ "joined, three", VERIFY, "b,s,S", "Passed", .reasons = "438+,403+" },
	{ "compact name", VERIFY, "s_S", "Passed", .reasons = "403+" },
	{ "compact name, joined", VERIFY, "_s,Sb", "Passed", .reasons = "403+,438+" },
	{ "a certificate from afar, after a good one", VERIFY, "Sf", "Passed", .reasons = "" },
	{ "from afar twice, after a good one", VERIFY, "Sffs", "Passed", .reasons = "403+" },

	/* types beside it that nobody asked for are passed over */
	{ "div beside", VERIFY, "SDxw", "Passed", .reasons = "" },
	{ "rph beside", VERIFY, "SPpq", "Passed", .reasons = "", .more = PRIORITY },
	{ "rcd beside", VERIFY, "SRrt", "Passed", .reasons = "" },
	{ "rph alone", VERIFY, "P", "No", .reasons = "438", .more = PRIORITY },

	/* diverted calls */
	{ "not diverted", DIV, "S", "Passed", .reasons = "" },
	{ "not diverted, forged one too", DIV, "Sb", "Passed", .reasons = "438+" },
	{ "one link", DIV, "SD", "Passed", .reasons = "", .uri = URI("1214") },
	{ "one link, first", DIV, "DS", "Passed", .reasons = "", .uri = URI("1214") },
	{ "two links", DIV, "SD2", "Passed", .reasons = "", .uri = URI("1215") },
	{ "two links, any order", DIV, "2SD", "Passed", .reasons = "", .uri = URI("1215") },
	{ "three links", DIV, "S3D2", "Passed", .reasons = "", .uri = URI("1216") },
	{ "three links and a bad one", DIV, "S3D2w", "Passed", .reasons = "438+", .uri = URI("1216") },
	{ "no link", DIV, "S", "Failed", .reasons = "438", .uri = URI("1214") },
	{ "a link of another call", DIV, "Sx", "Failed", .reasons = "438", .uri = URI("1214") },
	{ "another caller's link", DIV, "Sy", "Failed", .reasons = "438+", .uri = URI("1214") },
	{ "a forged link", DIV, "Sw", "Failed", .reasons = "438+", .uri = URI("1214") },
	{ "the first link misses", DIV, "S2", "Failed", .reasons = "438", .uri = URI("1215") },
	{ "the last link misses", DIV, "SD", "Failed", .reasons = "438", .uri = URI("1215") },
	{ "the middle link misses", DIV, "SD3", "Failed", .reasons = "438", .uri = URI("1216") },
	{ "no shaken one", DIV, "D", "Failed", .reasons = "438", .uri = URI("1214") },
	{ "no shaken one, two links", DIV, "D2", "Failed", .reasons = "438", .uri = URI("1215") },
	{ "no shaken one, an unknown one", DIV, "uD", "Failed", .reasons = "438", .uri = URI("1214") },
	{ "no shaken one, another caller's link", DIV, "y", "No", .reasons = "438", .uri = URI("1214") },
	{ "no shaken one, not diverted", DIV, "D", "Failed", .reasons = "438" },
	{ "the shaken one is forged", DIV, "bD", "Failed", .reasons = "438+", .uri = URI("1214") },
	{ "a stale link", DIV, "Sd", "Failed", .reasons = "403+", .uri = URI("1214") },
	{ "a stale shaken one", DIV, "sD", "No", .reasons = "403+", .uri = URI("1214") },
	{ "old inside", OLD, "sD", "Passed", .reasons = "", .uri = URI("1214") },
	{ "old inside, two", OLD, "sd2", "Passed", .reasons = "", .uri = URI("1215") },
	{ "old outside", OLD, "sd", "No", .reasons = "403", .uri = URI("1214") },
	{ "old outside, a fresh one too", OLD, "sdD", "Passed", .reasons = "", .uri = URI("1214") },
	{ "old, and nothing was diverted", OLD, "s", "No", .reasons = "403" },

	/* priority: told by itself, and never changes the verdict on the number */
	{ "no priority asked for", RPH, "SP", "Passed", .reasons = "" },
	{ "covered", RPH, "SP", "Passed/Passed", .reasons = "", .more = PRIORITY },
	{ "covered, first", RPH, "PS", "Passed/Passed", .reasons = "", .more = PRIORITY },
	{ "none there", RPH, "S", "Passed/No", .reasons = "", .more = PRIORITY },
	{ "stale", RPH, "Sp", "Passed/No", .reasons = "403+", .more = PRIORITY },
	{ "forged", RPH, "Sq", "Passed/Failed", .reasons = "438+", .more = PRIORITY },
	{ "covers another value", RPH, "Se", "Passed/Failed", .reasons = "438+", .more = PRIORITY },
	{ "a bad one and a good one", RPH, "SqP", "Passed/Passed", .reasons = "438+", .more = PRIORITY },
	{ "a good one and a bad one", RPH, "SPe", "Passed/Passed", .reasons = "438+", .more = PRIORITY },
	{ "only half is covered", RPH, "SP", "Passed/Failed", .reasons = "438+", .more = "Resource-Priority: esnet.1, ets.0\r\n" },
	{ "only one line is covered", RPH, "SP", "Passed/Failed", .reasons = "438+", .more = PRIORITY "Resource-Priority: ets.0\r\n" },
	{ "the number failed", RPH, "bP", "Failed/Passed", .reasons = "438+", .more = PRIORITY },
	{ "without a shaken one", RPH, "P", "No/Passed", .reasons = "438", .more = PRIORITY },
	{ "bad, without a shaken one", RPH, "q", "No/Failed", .reasons = "438", .more = PRIORITY },

	/* rich call data */
	{ "a name", RCD, "SR", "Passed", .reasons = "", .name = "Bob" },
	{ "a name, first", RCD, "RS", "Passed", .reasons = "", .name = "Bob" },
	{ "none", RCD, "S", "Passed", .reasons = "" },
	{ "another caller's", RCD, "Sr", "Passed", .reasons = "438+" },
	{ "forged", RCD, "St", "Passed", .reasons = "438+" },
	{ "a bad one and a good one", RCD, "StR", "Passed", .reasons = "438+", .name = "Bob" },
	{ "inside", RCD, "N", "Passed", .reasons = "", .name = "Ann" },
	{ "inside, and nobody asked", VERIFY, "N", "Passed", .reasons = "" },
	{ "the first counts", RCD, "RN", "Passed", .reasons = "", .name = "Bob" },

	{ "all at once", ALL, "SDPRbu", "Passed/Passed", .reasons = "438+", .uri = URI("1214"), .more = PRIORITY },
};
/* clang-format on */

static void check_row(const struct row *row)
{
	struct rig *r = rig_new(row->conf);
	char want[64], more[60000];
	struct dial d = { .uri = row->uri, .more = more };
	size_t len = (size_t)snprintf(more, sizeof(more), "%s", row->more ? row->more : "");
	const char *slash = strchr(row->verstat, '/'), *answer;
	int n = slash ? (int)(slash - row->verstat) : (int)strlen(row->verstat);

	print_values(row->letters, more + len, sizeof(more) - len);
	answer = rig_dial(r, &d);
	snprintf(want, sizeof(want),
		 strncmp(row->verstat, "No", 2) ? "TN-Validation-%.*s" : "No-TN-Validation", n,
		 row->verstat);
	CHECK(strstr(answer, want), "%s: %s: %s", row->what, row->letters, answer);
	CHECK_STR(causes(answer), row->reasons, row->what);
	snprintf(want, sizeof(want), "%s%s", slash && slash[1] == 'N' ? "" : "RPH-Validation-",
		 !slash            ? ""
		 : slash[1] == 'N' ? "No-RPH-Validation"
				   : slash + 1);
	CHECK_STR(rig_header(answer, "Priority-Verstat"), slash ? want : "", row->what);
	if (row->name)
		CHECK(strstr(rig_header(answer, "X-RCD-Name"), row->name), "%s: %s", row->what,
		      answer);
	else if (!strchr(row->letters, 'R'))
		CHECK_STR(rig_header(answer, "X-RCD-Name"), "", row->what);
	CHECK(front_waiting(r->front) == 0, "%s: nobody waits", row->what);
	rig_free(r);
}

/* --- what has to be waited for --- */

static const char *ask(struct rig *r, const char *call_id, const char *letters)
{
	static unsigned number;
	char more[40000] = PRIORITY, branch[32];
	struct dial d = { .more = more, .call_id = call_id, .branch = branch };

	snprintf(branch, sizeof(branch), "z9hG4bK-%u", number++);
	print_values(letters, more + strlen(more), 30000);
	return rig_dial(r, &d);
}

static void nobody_waits_after_a_pass(void)
{
	struct rig *r = rig_new(RPH);
	const char *answer = ask(r, "a", "SFfs");

	CHECK(strstr(answer, "TN-Validation-Passed") && strstr(answer, "No-RPH-Validation"),
	      "at once: %s", answer);
	CHECK_STR(causes(answer), "403+", "who was not judged has no Reason");
	rig_serve(r, SK_OK);
	CHECK(rig_answers(r) == 0, "no second answer");
	CHECK(strstr(ask(r, "b", "SFf"), "RPH-Validation-Passed"), "judged when it is there");
	rig_free(r);
}

static void waiting(void)
{
	struct rig *r = rig_new(RPH);
	const char *answer;

	CHECK_STR(ask(r, "a", "FS"), "", "the priority's certificate is waited for");
	rig_serve(r, SK_OK);
	answer = rig_take(r);
	CHECK(strstr(answer, "TN-Validation-Passed") && strstr(answer, "RPH-Validation-Passed"),
	      "both: %s", answer);
	rig_free(r);

	r = rig_new(RPH);
	ask(r, "a", "FS");
	rig_serve(r, SK_FETCH_DNS);
	answer = rig_take(r);
	CHECK(strstr(answer, "TN-Validation-Passed") && strstr(answer, "No-RPH-Validation"),
	      "it does not come: %s", answer);
	CHECK_STR(causes(answer), "436+", "and that is told");
	rig_free(r);

	r = rig_new(RPH);
	ask(r, "a", "FS");
	front_give_up(r->front);
	answer = rig_take(r);
	CHECK(strstr(answer, "TN-Validation-Passed") && strstr(answer, "No-RPH-Validation"),
	      "given up: the number passes all the same: %s", answer);
	rig_free(r);

	r = rig_new(VERIFY);
	CHECK_STR(ask(r, "a", "fS"), "", "the first is waited for");
	rig_serve(r, SK_FETCH_DNS);
	CHECK(strstr(rig_take(r), "TN-Validation-Passed"), "the second passes");
	rig_free(r);
}

/* The links of a chain decide, so they are waited for, whoever has passed. */
static void links_are_waited_for(void)
{
	struct rig *r = rig_new(DIV);
	const struct rig_token far = { SK_PPT_DIV, .x5u = FAR, .iat = NOW, .dest = "12155551214",
				       .div = RIG_DEST };
	char more[20000];
	struct dial d = { .more = more, .uri = URI("1214") };
	size_t len;

	print_values("S", more, sizeof(more));
	len = strlen(more);
	len += (size_t)snprintf(more + len, sizeof(more) - len, "Identity: ");
	rig_token(&far, more + len, 8000);
	strcat(more, "\r\n");
	CHECK_STR(rig_dial(r, &d), "", "it waits");
	rig_serve(r, SK_OK);
	CHECK(strstr(rig_take(r), "TN-Validation-Passed"), "the chain is whole");
	rig_free(r);

	r = rig_new(DIV);
	rig_dial(r, &d);
	rig_serve(r, SK_FETCH_DNS);
	CHECK(!strstr(rig_take(r), "TN-Validation-Passed"), "the chain is not");
	rig_free(r);
}

/* --- copies --- */

static void replay_off(void)
{
	struct rig *r = rig_new(VERIFY);

	CHECK(strstr(ask(r, "a", "S"), "Validation-Passed"), "off: the first");
	CHECK(strstr(ask(r, "b", "S"), "Validation-Passed"), "off: a copy");
	CHECK(r->counters.n[COUNT_REPLAYED] == 0, "off: not counted");

	rig_reload(r, BASE "verify: {replay: refuse, " MAP "}\n");
	CHECK(strstr(ask(r, "c", "S"), "Validation-Passed"), "switched on: the first since then");
	CHECK(!strstr(ask(r, "d", "S"), "Validation-Passed"), "switched on: a copy");
	rig_reload(r, VERIFY);
	CHECK(strstr(ask(r, "e", "S"), "Validation-Passed"), "switched off again");
	rig_free(r);
}

static void replay_reported(void)
{
	struct rig *r = rig_new(BASE "verify: {replay: report, " MAP "}\n");
	const char *answer;

	ask(r, "a", "S");
	CHECK(strstr(ask(r, "a", "S"), "Validation-Passed"), "report: the same call");
	CHECK(r->counters.n[COUNT_REPLAYED] == 0, "report: the same call is none");
	answer = ask(r, "b", "S");
	CHECK(strstr(answer, "Validation-Passed") && !strstr(answer, "Reason"), "report: a copy");
	CHECK(r->counters.n[COUNT_REPLAYED] == 1, "report: counted");
	rig_free(r);
}

static void replay_refused(void)
{
	struct rig *r = rig_new(BASE "verify: {replay: refuse, " MAP "}\n");
	const char *answer;

	CHECK(strstr(ask(r, "a", "b"), "Failed"), "one that is forged is not remembered");
	CHECK(strstr(ask(r, "a", "S"), "Validation-Passed"), "refuse: the first");
	CHECK(strstr(ask(r, "a", "S"), "Validation-Passed"), "refuse: the same call");
	answer = ask(r, "b", "S");
	CHECK(!strstr(answer, "Validation-Passed"), "refuse: a copy: %s", answer);
	CHECK_STR(causes(answer), "438", "refuse: and why");
	CHECK(strstr(ask(r, "c", "SN"), "Validation-Passed"), "a copy beside a new one");
	CHECK_STR(causes(ask(r, "c", "SN")), "438+", "of which the copy is told");
	CHECK(r->counters.n[COUNT_REPLAYED] == 3, "counted");
	rig_free(r);
}

/* A good link alone leads to nobody, so a carrier that rejects failures rejects it */
static void a_link_alone_is_rejected(void)
{
	struct rig *r = rig_new(BASE "verify: {div: yes, on-failure: reject, " MAP "}\n");
	static const char *const letters[] = { "D", "uD", "D2" };
	char more[20000];
	struct dial d = { .more = more, .uri = URI("1214") };
	const char *answer;

	for (size_t i = 0; i < SK_COUNT(letters); i++) {
		print_values(letters[i], more, sizeof(more));
		answer = rig_dial(r, &d);
		CHECK(strncmp(answer, "SIP/2.0 438 ", 12) == 0, "%s: %s", letters[i], answer);
		rig_free(r);
		r = rig_new(BASE "verify: {div: yes, on-failure: reject, " MAP "}\n");
	}
	print_values("SD", more, sizeof(more));
	answer = rig_dial(r, &d);
	CHECK(strncmp(answer, "SIP/2.0 302 ", 12) == 0, "whole: %s", answer);
	rig_free(r);
}

int main(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		check_row(&rows[i]);
	a_link_alone_is_rejected();
	nobody_waits_after_a_pass();
	waiting();
	links_are_waited_for();
	replay_off();
	replay_reported();
	replay_refused();
	return check_result();
}
