/*
 * Questions through the desk, where no server is: what they come to, what they cost of the limits
 * that SIP has too, how they wait, and what is left of them in counters and log.
 */
#include "tests/unit/desk_kit.h"

#include <stdlib.h>

#define CLIENT "clients: {c: {sources: [127.0.0.0/8], attest: A}}\n"
#define SIGN   RIG_SIGN CLIENT
#define VERIFY RIG_TRUST RIG_MAP CLIENT

/* Ends it.  @return what is in the log then: closing it writes it */
static const char *end_and_read(struct desk_kit *k)
{
	static char text[65536];
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", k->rig->folder);
	f = fopen(path, "r");
	if (!f)
		exit(1);
	kit_end(k);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	return text;
}

/* --- signing --- */

struct sign_row {
	const char *name, *yaml;
	const char *from, *to, *second, *origid, *x5u, *div;
	enum sk_ppt ppt;
	enum sk_attest attest;
	int64_t late; /* seconds behind the clock; its time is said when not 0 */
	enum sk_err want;
	const char *in; /* the Identity has it at its end  */
	enum sk_attest signed_as;
};

#define UUID  "123e4567-e89b-12d3-a456-426655440000"
#define BOUND RIG_SIGN "clients: {c: {sources: [127.0.0.0/8], attest: B}}\n"
#define MUTE  RIG_SIGN "clients: {c: {sources: [127.0.0.0/8], attest: none}}\n"
#define LOW \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: C, x5u: \"" RIG_X5U \
	"\"}\nclients: {c: {sources: [127.0.0.0/8], attest: B}}\n"
#define SHAKEN SK_PPT_SHAKEN
#define F      RIG_ORIG
#define T      RIG_DEST
#define A      SK_ATTEST_A
#define B      SK_ATTEST_B
#define C      SK_ATTEST_C
#define NO     SK_ATTEST_NONE
#define REFUSE \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: A, stale-date: " \
	"\"403\", x5u: \"" RIG_X5U "\"}\n" CLIENT
#define OWN \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: A, stale-date: " \
	"own-clock, x5u: \"" RIG_X5U "\"}\n" CLIENT
#define STORED "authority: {store: \"@\"}\n"
#define PRIORITY(allowed) \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: A, rph: [" allowed \
	"], x5u: \"" RIG_X5U "\"}\n" CLIENT
#define BY_NUMBER(letter) \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: " letter \
	", by-number: yes, x5u: \"" RIG_X5U "\"}\n" CLIENT STORED
#define STORE   BY_NUMBER("B")
#define STORE_C BY_NUMBER("C")

/* clang-format off */
static const struct sign_row signs[] = {
	{ "as the tenant does", SIGN, F, T, NULL, "", "", NULL, SHAKEN, NO, 0, SK_OK, ";ppt=shaken", A },
	{ "A", SIGN, F, T, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_OK, ";ppt=shaken", A },
	{ "B", SIGN, F, T, NULL, UUID, "", NULL, SHAKEN, B, 0, SK_OK, ";ppt=shaken", B },
	{ "C", SIGN, F, T, NULL, UUID, "", NULL, SHAKEN, C, 0, SK_OK, ";ppt=shaken", C },
	{ "bounded", BOUND, F, T, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_OK, ";ppt=shaken", B },
	{ "bounded, and says nothing", BOUND, F, T, NULL, UUID, "", NULL, SHAKEN, NO, 0, SK_OK, ";ppt=shaken", B },
	{ "bounded above what the tenant does", LOW, F, T, NULL, UUID, "", NULL, SHAKEN, NO, 0, SK_OK, ";ppt=shaken", C },
	{ "may say none, and says nothing", MUTE, F, T, NULL, UUID, "", NULL, SHAKEN, NO, 0, SK_OK, ";ppt=shaken", A },
	{ "within its bound", BOUND, F, T, NULL, UUID, "", NULL, SHAKEN, C, 0, SK_OK, ";ppt=shaken", C },
	{ "one that may say none", MUTE, F, T, NULL, UUID, "", NULL, SHAKEN, C, 0, SK_OK, ";ppt=shaken", A },
	{ "no attestation", SIGN, F, T, NULL, UUID, "", NULL, SHAKEN, SK_ATTEST_BAD, 0, SK_NO_ATTEST, "", NO },
	{ "a store that is away, A", STORE, F, T, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_OK, ";ppt=shaken", B },
	{ "a store that is away, C", STORE, F, T, NULL, UUID, "", NULL, SHAKEN, C, 0, SK_OK, ";ppt=shaken", C },
	{ "lowered", STORE_C, F, T, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_OK, ";ppt=shaken", C },
	{ "two called parties", SIGN, F, T, "12155551214", UUID, "", NULL, SHAKEN, A, 0, SK_OK, ";ppt=shaken", A },
	{ "59 s ago", SIGN, F, T, NULL, UUID, "", NULL, SHAKEN, A, 59, SK_OK, ";ppt=shaken", A },
	{ "61 s ago", REFUSE, F, T, NULL, UUID, "", NULL, SHAKEN, A, 61, SK_DATE_STALE, "", NO },
	{ "61 s ago, where SIP would take our clock", OWN, F, T, NULL, UUID, "", NULL, SHAKEN, A, 61, SK_DATE_STALE, "", NO },
	{ "in 61 s", REFUSE, F, T, NULL, UUID, "", NULL, SHAKEN, A, -61, SK_DATE_STALE, "", NO },
	{ "by its certificate", SIGN, F, T, NULL, UUID, RIG_X5U, NULL, SHAKEN, A, 0, SK_OK, ";ppt=shaken", A },
	{ "by one that is not there", SIGN, F, T, NULL, UUID, RIG_X5U "x", NULL, SHAKEN, A, 0, SK_NO_CREDENTIAL, "", NO },
	{ "no calling number", SIGN, NULL, T, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_NO_ORIG, "", NO },
	{ "no called number", SIGN, F, NULL, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_NO_DEST, "", NO },
	{ "no key", CLIENT, F, T, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_NO_CREDENTIAL, "", NO },
	{ "div", SIGN, F, T, NULL, UUID, "", "12155551219", SK_PPT_DIV, A, 0, SK_OK, ";ppt=div", NO },
	{ "div without its own", SIGN, F, T, NULL, UUID, "", NULL, SK_PPT_DIV, A, 0, SK_CLAIM_MISSING, "", NO },
	{ "rph", PRIORITY("esnet.1"), F, T, NULL, UUID, "", "rph", SK_PPT_RPH, A, 0, SK_OK, ";ppt=rph", NO },
	{ "rph, both", PRIORITY("ets.*, esnet.1"), F, T, NULL, UUID, "", "two", SK_PPT_RPH, A, 0, SK_OK, ";ppt=rph", NO },
	{ "rph, one of two", PRIORITY("esnet.1"), F, T, NULL, UUID, "", "two", SK_PPT_RPH, A, 0, SK_CLAIM_MISSING, "", NO },
	{ "rph, another", PRIORITY("esnet.2, ets.*"), F, T, NULL, UUID, "", "rph", SK_PPT_RPH, A, 0, SK_CLAIM_MISSING, "", NO },
	{ "rph, none allowed", SIGN, F, T, NULL, UUID, "", "rph", SK_PPT_RPH, A, 0, SK_CLAIM_MISSING, "", NO },
	{ "rph without its own", PRIORITY("esnet.1"), F, T, NULL, UUID, "", NULL, SK_PPT_RPH, A, 0, SK_CLAIM_MISSING, "", NO },
	{ "a heartbeat", RIG_SIGN "clients: {c: {sources: [127.0.0.0/8], attest: A}}\n", "19999999999", T, NULL, UUID, "", NULL, SHAKEN, A, 0, SK_OK, ";ppt=shaken", A },
};
/* clang-format on */

static void check_signed(const struct desk_kit *k, const struct sign_row *row)
{
	size_t len = strlen(k->identity), end = strlen(row->in);

	CHECK(len > end && strcmp(k->identity + len - end, row->in) == 0, "%s: %s", row->name,
	      k->identity);
	CHECK(k->claims.attest == row->signed_as, "%s: %c", row->name,
	      sk_attest_letter(k->claims.attest));
	CHECK(k->claims.dest_count == (row->second ? 2 : 1), "%s: dest", row->name);
	if (row->ppt == SHAKEN && row->origid[0])
		CHECK_STR(k->claims.origid, row->origid, row->name);
	if (row->ppt == SHAKEN)
		CHECK(sk_uuid_check(sk_span_of(k->claims.origid)), "%s: a UUID", row->name);
	if (row->late)
		CHECK(k->claims.iat == k->rig->wall - row->late, "%s: iat", row->name);
}

static void sign_all(void)
{
	static const struct sk_rph one = { .auth = { "esnet.1" }, .count = 1 };
	static const struct sk_rph two = { .auth = { "esnet.1", "ets.0" }, .count = 2 };

	for (size_t i = 0; i < SK_COUNT(signs); i++) {
		const struct sign_row *row = &signs[i];
		struct asked a = kit_asked(TASK_SIGN);
		struct desk_kit k;

		kit_begin(&k, row->yaml);
		a.ppt = row->ppt;
		a.from = kit_number(row->from);
		a.to[0] = kit_number(row->to);
		a.to[1] = kit_number(row->second);
		a.to_count = row->second ? 2 : 1;
		a.attest = row->attest;
		a.x5u = sk_span_of(row->x5u);
		a.div = kit_number(row->ppt == SK_PPT_DIV ? row->div : NULL);
		a.rph = row->ppt != SK_PPT_RPH || !row->div ? NULL
			: strcmp(row->div, "two") == 0      ? &two
							    : &one;
		a.has_time = row->late != 0;
		a.time = k.rig->wall - row->late;
		snprintf(a.origid, sizeof(a.origid), "%s", row->origid);
		CHECK(!kit_ask(&k, &a, NULL, "one") && k.answers == 1, "%s: one answer", row->name);
		CHECK(k.err == row->want, "%s: %s", row->name, sk_err_name(k.err));
		if (!row->want)
			check_signed(&k, row);
		else
			CHECK_STR(k.identity, "", row->name);
		CHECK(k.rig->counters.n[COUNT_SIGNED] == !row->want, "%s: counted", row->name);
		CHECK(k.steps.step[STEP_SIGN].buckets[0] <= 1, "%s: a step", row->name);
		kit_end(&k);
	}
}

/* --- verifying --- */

struct verify_row {
	const char *name, *yaml;
	const char *from, *to, *second;
	int64_t age;  /* of the token */
	int64_t time; /* of the call, from now; 1: not said */
	bool spoiled, none;
	enum sk_err want;
	bool early; /* now is half a minute after the certificate's first second */
};

#define STRICT \
	RIG_TRUST CLIENT \
		"tenant: {profile: man}\nverify: {date-check: strict, certificates: {\"" RIG_X5U \
		"\": \"@/chain.pem\"}}\n"

/* clang-format off */
static const struct verify_row verifies[] = {
	{ "good", VERIFY, F, T, NULL, 0, 0, false, false, SK_OK, false },
	{ "no time is said", VERIFY, F, T, NULL, 0, 1, false, false, SK_OK, false },
	{ "an old time", VERIFY, F, T, NULL, 0, -300, false, false, SK_DATE_STALE, false },
	{ "an old token", VERIFY, F, T, NULL, 300, 0, false, false, SK_IAT_STALE, false },
	{ "another caller", VERIFY, "12155551999", T, NULL, 0, 0, false, false, SK_ORIG_MISMATCH, false },
	{ "another called party", VERIFY, F, "12155551999", NULL, 0, 0, false, false, SK_DEST_MISMATCH, false },
	{ "a second called party", VERIFY, F, T, "12155551999", 0, 0, false, false, SK_DEST_MISMATCH, false },
	{ "the same twice", VERIFY, F, T, T, 0, 0, false, false, SK_OK, false },
	{ "a wrong signature", VERIFY, F, T, NULL, 0, 0, true, false, SK_BAD_SIGNATURE, false },
	{ "no Identity", VERIFY, F, T, NULL, 0, 0, false, true, SK_NO_IDENTITY, false },
	{ "nobody calls", VERIFY, NULL, T, NULL, 0, 0, false, false, SK_ORIG_MISMATCH, false },
	{ "nobody is called", VERIFY, F, NULL, NULL, 0, 0, false, false, SK_DEST_MISMATCH, false },
	{ "nobody trusted", RIG_MAP CLIENT, F, T, NULL, 0, 0, false, false, SK_CERT_UNTRUSTED, false },
	{ "strict", STRICT, F, T, NULL, 0, 0, false, false, SK_OK, false },
	{ "strict, no time is said", STRICT, F, T, NULL, 0, 1, false, false, SK_DATE_MISSING, false },
	{ "strict, an old time", STRICT, F, T, NULL, 0, -300, false, false, SK_DATE_STALE, false },
	{ "strict, a time before the certificate", STRICT, F, T, NULL, 0, -40, false, false, SK_CERT_NOT_YET, true },
	{ "strict, a time within it", STRICT, F, T, NULL, 0, -20, false, false, SK_OK, true },
	{ "a time before the certificate", VERIFY, F, T, NULL, 0, -40, false, false, SK_OK, true },
};
/* clang-format on */

static void spoil(char *identity)
{
	char *at = strstr(identity, ";info") - 10;

	*at = *at == 'A' ? 'B' : 'A';
}

static void verify_all(void)
{
	for (size_t i = 0; i < SK_COUNT(verifies); i++) {
		const struct verify_row *row = &verifies[i];
		struct asked a = kit_asked(TASK_VERIFY);
		char identity[SK_IDENTITY_SIZE];
		struct desk_kit k;

		kit_begin(&k, row->yaml);
		if (row->early)
			k.rig->wall = PKI_FROM + 30;
		rig_token(
			&(struct rig_token){ .ppt = SK_PPT_SHAKEN, .iat = k.rig->wall - row->age },
			identity, sizeof(identity));
		if (row->spoiled)
			spoil(identity);
		a.from = kit_number(row->from);
		a.to[0] = kit_number(row->to);
		a.to[1] = kit_number(row->second);
		a.to_count = row->second ? 2 : 1;
		a.has_time = row->time != 1;
		a.time = k.rig->wall + row->time;
		CHECK(!kit_ask(&k, &a, row->none ? NULL : identity, "one") && k.answers == 1,
		      "%s: one answer", row->name);
		CHECK(k.err == row->want, "%s: %s", row->name, sk_err_name(k.err));
		CHECK(k.rig->counters.outcomes[row->want] == 1, "%s: counted", row->name);
		CHECK((k.verstat == SK_VERSTAT_PASSED) == !row->want, "%s: verdict", row->name);
		CHECK(k.rig->counters.n[COUNT_SILENT] == 0, "%s: it had an answer", row->name);
		kit_end(&k);
	}
}

/* --- waiting for a certificate --- */

static const char far_away[] = RIG_TRUST CLIENT "http: {deadline: 60ms}\n";

static void waits(void)
{
	struct asked a = kit_asked(TASK_VERIFY);
	char identity[SK_IDENTITY_SIZE];
	struct desk_kit k;

	kit_begin(&k, far_away);
	rig_token(&(struct rig_token){ .ppt = SK_PPT_SHAKEN, .iat = k.rig->wall }, identity,
		  sizeof(identity));
	CHECK(!kit_ask(&k, &a, identity, "one") && k.answers == 0, "no answer yet");
	CHECK(desk_waiting(k.desk) == 1 && k.rig->job_count == 1, "it waits");
	memset(identity, 'x', sizeof(identity)); /* all of it was copied */
	a.from.text[0] = '9';
	rig_serve(k.rig, SK_OK);
	CHECK(k.answers == 1 && k.err == SK_OK && k.waited, "served: %s", sk_err_name(k.err));
	CHECK(desk_waiting(k.desk) == 0 && k.rig->counters.n[COUNT_WAITED] == 1, "counted");
	CHECK(k.steps.step[STEP_WAITED].us > 0 && k.steps.step[STEP_VERIFY].us == 0, "a step");
	kit_end(&k);
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

static void gives_up(void)
{
	struct asked a = kit_asked(TASK_VERIFY);
	char identity[SK_IDENTITY_SIZE];
	struct timer *timer;
	struct desk_kit k;

	kit_begin(&k, far_away);
	timer = timer_new(k.rig->loop, stop_loop, k.rig->loop);
	rig_token(&(struct rig_token){ .ppt = SK_PPT_SHAKEN, .iat = k.rig->wall }, identity,
		  sizeof(identity));
	CHECK(!kit_ask(&k, &a, identity, "one") && k.answers == 0, "no answer yet");
	for (int i = 0; i < 200 && k.answers == 0; i++)
		if (timer_set(timer, 20))
			loop_run(k.rig->loop);
	CHECK(k.answers == 1 && k.err == SK_FETCH_TIMEOUT, "late: %s", sk_err_name(k.err));
	CHECK(k.rig->counters.n[COUNT_LATE] == 1, "counted");

	CHECK(!kit_ask(&k, &a, identity, "two") && k.answers == 0, "another");
	desk_give_up(k.desk);
	CHECK(k.answers == 1 && k.err == SK_LATE, "given up: %s", sk_err_name(k.err));
	CHECK(!kit_ask(&k, &a, identity, "three") && k.answers == 0, "a third");
	desk_free(k.desk);
	k.desk = NULL;
	CHECK(k.answers == 1 && k.err == SK_LATE, "freed: %s", sk_err_name(k.err));
	timer_free(timer);
	kit_end(&k);
}

/* --- limits, draining, replays, reloads --- */

static void limits(void)
{
	struct asked a = kit_asked(TASK_SIGN);
	struct desk_kit k;

	kit_begin(&k, SIGN "limits: {rate: 10, burst: 3}\n");
	for (int i = 0; i < 3; i++)
		CHECK(!kit_ask(&k, &a, NULL, "") && k.err == SK_OK, "%d within", i);
	CHECK(!kit_ask(&k, &a, NULL, "") && k.err == SK_OVER_LIMIT && k.over_limit, "over: %s",
	      sk_err_name(k.err));
	CHECK(k.rig->counters.n[COUNT_LIMITED] == 1, "counted");
	CHECK(rig_tally(k.rig, "default", TALLY_LIMITED) == 1, "for the tenant");
	CHECK(!strstr(rig_dial(k.rig, &(struct dial){ .call_id = "x" }), "Identity:"),
	      "SIP takes from the same bucket");
	k.rig->mono += 1000;
	CHECK(!kit_ask(&k, &a, NULL, "") && k.err == SK_OK, "a second later");
	CHECK(strstr(rig_dial(k.rig, &(struct dial){ .call_id = "y", .branch = "z9hG4bKy" }),
		     "Identity:"),
	      "by SIP too");
	kit_end(&k);

	kit_begin(&k, RIG_SIGN "trunks: {t: {rate: 10, burst: 1}}\n"
			       "clients: {c: {sources: [127.0.0.0/8], attest: A, trunk: t}}\n");
	CHECK(!kit_ask(&k, &a, NULL, "") && k.err == SK_OK, "of a trunk");
	CHECK(!kit_ask(&k, &a, NULL, "") && k.err == SK_OVER_LIMIT, "over its limit");
	CHECK(rig_tally(k.rig, "default/t", TALLY_LIMITED) == 1, "counted for the trunk");
	CHECK(strstr(end_and_read(&k), "trunk=t "), "and recorded");
}

static void drains(void)
{
	struct asked a = kit_asked(TASK_SIGN);
	struct desk_kit k;

	kit_begin(&k, SIGN);
	desk_drain(k.desk);
	CHECK(!kit_ask(&k, &a, NULL, "") && k.answers == 1 && k.err == SK_DRAINING, "%s",
	      sk_err_name(k.err));
	CHECK(k.rig->counters.n[COUNT_DRAINED] == 1 && k.rig->counters.n[COUNT_QUESTIONS] == 1,
	      "counted");
	kit_end(&k);
}

static void replays(void)
{
	struct asked a = kit_asked(TASK_VERIFY);
	char identity[SK_IDENTITY_SIZE];
	struct desk_kit k;

	kit_begin(&k, RIG_TRUST CLIENT "verify: {replay: refuse, certificates: {\"" RIG_X5U
				       "\": \"@/chain.pem\"}}\n");
	rig_token(&(struct rig_token){ .ppt = SK_PPT_SHAKEN, .iat = k.rig->wall }, identity,
		  sizeof(identity));
	CHECK(!kit_ask(&k, &a, identity, "one") && k.err == SK_OK, "first");
	CHECK(!kit_ask(&k, &a, identity, "one") && k.err == SK_OK, "the same request");
	CHECK(!kit_ask(&k, &a, identity, "two") && k.err == SK_REPLAYED, "another: %s",
	      sk_err_name(k.err));
	CHECK(!kit_ask(&k, &a, identity, "") && k.err == SK_REPLAYED, "one without a name");
	CHECK(k.rig->counters.n[COUNT_REPLAYED] == 2, "counted");
	kit_end(&k);
}

static void records(void)
{
	struct asked a = kit_asked(TASK_SIGN);
	const char *log;
	struct desk_kit k;

	kit_begin(&k, SIGN);
	CHECK(!kit_ask(&k, &a, NULL, "req\n1") && k.err == SK_OK, "signed");
	log = end_and_read(&k);
	CHECK(strstr(log, " id=\"req\\u000a1\" source=192.0.2.9:6060 listener=[2001:db8::1]:8080 "
			  "transport=http interface=atis client=c tenant=default task=sign "
			  "result=SK_OK "),
	      "%s", log);
	CHECK(strstr(log, " status=0 orig=" RIG_ORIG " dest=" RIG_DEST " attest=A "), "%s", log);
	CHECK(strstr(log, " billable=1 ") && !strstr(log, "cseq="), "%s", log);

	kit_begin(&k, VERIFY);
	a.task = TASK_VERIFY;
	CHECK(!kit_ask(&k, &a, "rubbish", "") && k.err == SK_TOKEN_SYNTAX, "%s",
	      sk_err_name(k.err));
	log = end_and_read(&k);
	CHECK(strstr(log, " result=SK_TOKEN_SYNTAX ") && strstr(log, " status=438 ") &&
		      strstr(log, " verstat=No-TN-Validation "),
	      "%s", log);
}

/* A question that waits keeps its tenant. */
static void reloads(void)
{
	struct asked a = kit_asked(TASK_VERIFY);
	char identity[SK_IDENTITY_SIZE];
	const char *log;
	struct desk_kit k;

	kit_begin(&k, RIG_TRUST CLIENT);
	rig_token(&(struct rig_token){ .ppt = SK_PPT_SHAKEN, .iat = k.rig->wall }, identity,
		  sizeof(identity));
	CHECK(!kit_ask(&k, &a, identity, "one") && k.answers == 0, "it waits");
	rig_reload(k.rig, RIG_TRUST
		   "tenant: {name: other}\nclients: {d: {sources: [127.0.0.0/8], attest: A}}\n");
	desk_set_directory(k.desk, k.rig->directory);
	kit_client(&k);
	rig_serve(k.rig, SK_OK);
	CHECK(k.answers == 1 && k.err == SK_OK, "%s", sk_err_name(k.err));
	CHECK(!kit_ask(&k, &a, identity, "two") && k.answers == 1, "the next");
	log = end_and_read(&k);
	CHECK(strstr(log, "client=c tenant=default "), "the old one's: %s", log);
	CHECK(strstr(log, "client=d tenant=other "), "the new one's: %s", log);
}

int main(void)
{
	sign_all();
	verify_all();
	waits();
	gives_up();
	limits();
	drains();
	replays();
	records();
	reloads();
	return check_result();
}
