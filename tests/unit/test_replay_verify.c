/*
 * Verifying, played through under a clock that stands still: a certificate that is
 * there, comes, fails, never comes or comes too late, while the configuration
 * changes, the service stops or somebody sets the clock.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

#define NOW        PKI_NOW
#define VERIFY     RIG_TRUST "tenant: {mode: verify}\n"
#define VERIFY_MAP VERIFY RIG_MAP
#define QUICK      VERIFY "certs: {wait: 10ms}\n"
#define OTHER_X5U  "https://other.example.org/cert.pem"
#define PASSED     ";verstat=TN-Validation-Passed>"
#define FAILED     ";verstat=TN-Validation-Failed>"
#define UNVERIFIED ";verstat=No-TN-Validation>"

/* --- verifying --- */

/* A call with one Identity of this x5u, or with `more` when given. */
static const char *verify(struct rig *r, const char *branch, const char *x5u, int64_t iat)
{
	char more[8192];
	struct dial d = { .branch = branch, .more = more };

	rig_identity(r, x5u, RIG_ORIG, RIG_DEST, iat, more, sizeof(more));
	return rig_dial(r, &d);
}

static void from_map(void)
{
	struct rig *r = rig_new(VERIFY_MAP);

	CHECK(strstr(verify(r, "z9hG4bK1", RIG_X5U, NOW), PASSED), "from the map");
	CHECK(strstr(verify(r, "z9hG4bK2", RIG_X5U, NOW - 60), PASSED), "60 s old");
	CHECK(strstr(verify(r, "z9hG4bK3", RIG_X5U, NOW + 60), PASSED), "60 s ahead");
	CHECK(strstr(verify(r, "z9hG4bK4", RIG_X5U, NOW - 61), "cause=403"), "stale");
	CHECK(strstr(verify(r, "z9hG4bK5", RIG_X5U, NOW + 61), "cause=403"), "from the future");
	r->wall += 30;
	r->mono += 30000;
	CHECK(strstr(verify(r, "z9hG4bK2", RIG_X5U, NOW - 60), "cause=403"),
	      "a repeat stretches no freshness");
	CHECK(r->fetches == 0, "nothing is fetched");
	rig_free(r);
}

static void fetched_later(void)
{
	struct rig *r = rig_new(VERIFY);

	CHECK_STR(verify(r, "z9hG4bK1", RIG_X5U, NOW), "", "it waits");
	CHECK_STR(verify(r, "z9hG4bK2", RIG_X5U, NOW), "", "another joins");
	CHECK_STR(verify(r, "z9hG4bK1", RIG_X5U, NOW), "", "a repeat joins");
	CHECK(front_waiting(r->front) == 3 && r->fetches == 1, "one fetch for all");
	rig_serve(r, SK_OK);
	CHECK(front_waiting(r->front) == 0 && rig_answers(r) == 3, "all are answered");
	for (int i = 0; i < 3; i++)
		CHECK(strstr(rig_take(r), PASSED), "passed");
	CHECK(strstr(verify(r, "z9hG4bK3", RIG_X5U, NOW), PASSED), "from memory");
	CHECK(r->fetches == 1 && r->counters.n[COUNT_WAITED] == 3, "counted");
	rig_free(r);
}

static void fetch_failed(void)
{
	struct rig *r = rig_new(VERIFY);

	verify(r, "z9hG4bK1", RIG_X5U, NOW);
	rig_serve(r, SK_FETCH_STATUS);
	CHECK(strstr(rig_take(r), "cause=436"), "the repository says no");
	CHECK(strstr(verify(r, "z9hG4bK2", RIG_X5U, NOW), "cause=436"), "remembered");
	CHECK(r->fetches == 1, "and not asked again");
	verify(r, "z9hG4bK3", OTHER_X5U, NOW);
	rig_serve_bytes(r, "no certificate", 14);
	CHECK(strstr(rig_take(r), "cause=436"), "garbage");
	rig_free(r);

	r = rig_new(VERIFY "verify: {fetch: no}\n");
	CHECK(strstr(verify(r, "z9hG4bK1", RIG_X5U, NOW), "cause=436"), "fetching is switched off");
	CHECK(r->fetches == 0, "nothing is fetched");
	rig_free(r);

	r = rig_new(VERIFY);
	r->refuse = SK_BUSY;
	CHECK(strstr(verify(r, "z9hG4bK1", RIG_X5U, NOW), UNVERIFIED), "no place in the queue");
	r->refuse = SK_FETCH_REFUSED;
	CHECK(strstr(verify(r, "z9hG4bK2", OTHER_X5U, NOW), "cause=436"), "a forbidden address");
	rig_free(r);
}

static void untrusted(void)
{
	struct rig *r = rig_new("trust: {anchors: [\"@/other.pem\"]}\ntenant: {mode: verify}\n");

	verify(r, "z9hG4bK1", RIG_X5U, NOW);
	rig_serve(r, SK_OK);
	CHECK(strstr(rig_take(r), FAILED), "of a root we do not know");
	rig_free(r);
}

static void never_fetched(void)
{
	struct rig *r = rig_new(QUICK);
	const char *answer;

	CHECK_STR(verify(r, "z9hG4bK1", RIG_X5U, NOW), "", "it waits");
	answer = rig_wait(r);
	CHECK(strstr(answer, "SIP/2.0 302 ") && strstr(answer, UNVERIFIED), "late: %s", answer);
	CHECK(strstr(answer, "Reason: STIR;cause=436"), "as one that did not come: %s", answer);
	CHECK(r->counters.n[COUNT_LATE] == 1 && front_waiting(r->front) == 0, "counted");
	CHECK(r->job_count == 1 && r->stopped == 0, "the fetch goes on");
	rig_serve(r, SK_OK);
	CHECK(rig_answers(r) == 0, "no second answer");
	CHECK(strstr(verify(r, "z9hG4bK2", RIG_X5U, NOW), PASSED), "the next one profits");
	rig_free(r);

	r = rig_new(QUICK "verify: {on-failure: reject}\n");
	verify(r, "z9hG4bK1", RIG_X5U, NOW);
	CHECK(strstr(rig_wait(r), "SIP/2.0 436 "), "late, refused");
	r->refuse = SK_BUSY;
	answer = verify(r, "z9hG4bK2", OTHER_X5U, NOW);
	CHECK(strstr(answer, "SIP/2.0 302 ") && strstr(answer, UNVERIFIED),
	      "a fault of ours never refuses a call: %s", answer);
	rig_free(r);

	r = rig_new(VERIFY "verify: {fault: 503}\n");
	r->refuse = SK_BUSY;
	answer = verify(r, "z9hG4bK1", RIG_X5U, NOW);
	CHECK(strstr(answer, "SIP/2.0 503 ") && strstr(answer, "Retry-After: 1\r\n"),
	      "a fault, by choice 503: %s", answer);
	rig_free(r);
}

static void two_waits_one_deadline(void)
{
	struct rig *r = rig_new(VERIFY "certs: {wait: 30ms}\n");
	char more[16384];
	struct dial d = { .more = more };

	rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, NOW, more, 8192);
	rig_identity(r, OTHER_X5U, RIG_ORIG, RIG_DEST, NOW, more + strlen(more), 8192);
	CHECK_STR(rig_dial(r, &d), "", "it waits for the first");
	rig_serve(r, SK_FETCH_DNS);
	CHECK(rig_answers(r) == 0 && r->job_count == 1, "and then for the second");
	CHECK(front_waiting(r->front) == 1, "once in the list");
	CHECK(strstr(rig_wait(r), UNVERIFIED), "one deadline for both");
	CHECK(r->counters.n[COUNT_WAITED] == 1, "counted once");
	rig_free(r);

	r = rig_new(VERIFY);
	rig_dial(r, &d);
	rig_serve(r, SK_FETCH_DNS);
	rig_serve(r, SK_OK);
	CHECK(strstr(rig_take(r), PASSED), "one that is good is enough");
	rig_free(r);
}

/* A bad signature is known when the wait for another certificate ends. */
static void failed_before_deadline(void)
{
	struct rig *r = rig_new(VERIFY_MAP "certs: {wait: 10ms}\n");
	char more[16384], *at;
	struct dial d = { .more = more };
	const char *answer;

	rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, NOW, more, 8192);
	at = strstr(more, ";info") - 10;
	*at = *at == 'A' ? 'B' : 'A';
	rig_identity(r, OTHER_X5U, RIG_ORIG, RIG_DEST, NOW, more + strlen(more), 8192);
	CHECK_STR(rig_dial(r, &d), "", "it waits for the second");
	answer = rig_wait(r);
	CHECK(strstr(answer, FAILED), "the verdict that says most: %s", answer);
	CHECK(strstr(answer, "cause=438") && strstr(answer, "cause=436"), "both told: %s", answer);
	CHECK(r->counters.n[COUNT_LATE] == 1, "counted");
	rig_free(r);
}

/* --- several Identity headers --- */

static void several(void)
{
	struct rig *r = rig_new(VERIFY_MAP);
	char good[8192], stale[8192], more[65000] = "";
	struct dial d = { .more = more };
	const char *answer;

	rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, NOW, good, sizeof(good));
	rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, NOW - 100, stale, sizeof(stale));

	snprintf(more, sizeof(more), "%s%s", stale, good);
	answer = rig_dial(r, &d);
	CHECK(strstr(answer, PASSED) && strstr(answer, "cause=403"), "bad, good: %s", answer);
	CHECK(strstr(answer, ";ppi=\".."), "several: ppi: %s", answer);

	d.branch = "z9hG4bK2";
	snprintf(more, sizeof(more), "%s%s", good, stale);
	answer = rig_dial(r, &d);
	CHECK(strstr(answer, PASSED) && strstr(answer, "cause=403"), "good, bad: %s", answer);

	d.branch = "z9hG4bK3";
	snprintf(more, sizeof(more), "%sIdentity: x\r\n", stale);
	answer = rig_dial(r, &d);
	CHECK(strstr(answer, "cause=403") && strstr(answer, "cause=438"), "two bad: %s", answer);

	for (int n = 8; n <= 9; n++) {
		d.branch = n == 8 ? "z9hG4bK8" : "z9hG4bK9";
		more[0] = '\0';
		for (int i = 1; i < n; i++)
			strcat(more, "y: x\r\n");
		strcat(more, good);
		answer = rig_dial(r, &d);
		CHECK(!strstr(answer, PASSED) == (n == 9), "the good one is number %d: %s", n,
		      answer);
	}
	rig_free(r);
}

static void eight_wait(void)
{
	struct rig *r = rig_new(VERIFY);
	char more[65000] = "", x5u[64];
	struct dial d = { .more = more };

	for (int i = 0; i < 8; i++) {
		snprintf(x5u, sizeof(x5u), "https://h%d.example.org/c.pem", i);
		rig_identity(r, x5u, RIG_ORIG, RIG_DEST, NOW, more + strlen(more), 8000);
	}
	rig_dial(r, &d);
	for (int i = 0; i < 8; i++) {
		CHECK(rig_answers(r) == 0, "still waiting, %d", i);
		if (i < 7)
			rig_serve(r, SK_FETCH_TLS);
	}
	front_give_up(r->front);
	CHECK(strstr(rig_take(r), UNVERIFIED), "given up at the eighth");
	rig_free(r);
}

/* --- what happens meanwhile --- */

static void reload_while_waiting(void)
{
	struct rig *r = rig_new(VERIFY "answer: {verstat-in: [header], verstat-header: X-Old}\n");

	verify(r, "z9hG4bK1", RIG_X5U, NOW);
	rig_reload(r, VERIFY "answer: {verstat-in: [header], verstat-header: X-New}\n");
	rig_serve(r, SK_OK);
	CHECK(strstr(rig_take(r), "X-Old: TN-Validation-Passed"), "keeps the tenant it began with");
	CHECK(strstr(verify(r, "z9hG4bK2", RIG_X5U, NOW), "X-New: TN-Validation-Passed"),
	      "the next has the new one");
	verify(r, "z9hG4bK3", OTHER_X5U, NOW);
	rig_reload(r, "trust: {anchors: [\"@/other.pem\"]}\ntenant: {mode: verify}\n");
	rig_serve(r, SK_OK);
	CHECK(strstr(rig_take(r), "X-New: TN-Validation-Failed"),
	      "a certificate is judged by the trust of the moment");
	CHECK(strstr(verify(r, "z9hG4bK4", RIG_X5U, NOW), FAILED), "also one from memory");
	rig_free(r);
}

static void drain(void)
{
	struct rig *r = rig_new(VERIFY);
	struct dial options = { .method = "OPTIONS" };

	verify(r, "z9hG4bK1", RIG_X5U, NOW);
	front_drain(r->front);
	CHECK(strstr(verify(r, "z9hG4bK2", RIG_X5U, NOW), "SIP/2.0 503 "), "no new call");
	CHECK(strstr(rig_dial(r, &options), "SIP/2.0 503 "), "not asked to send more");
	rig_serve(r, SK_OK);
	CHECK(strstr(rig_take(r), PASSED), "those in hand are finished");
	CHECK(r->counters.n[COUNT_DRAINED] == 1, "counted");
	rig_free(r);

	r = rig_new(VERIFY);
	for (int i = 0; i < 10; i++) {
		char branch[32];

		snprintf(branch, sizeof(branch), "z9hG4bK%d", i);
		verify(r, branch, RIG_X5U, NOW);
	}
	front_drain(r->front);
	front_give_up(r->front);
	CHECK(rig_answers(r) == 10 && front_waiting(r->front) == 0, "all are answered");
	for (int i = 0; i < 10; i++)
		CHECK(strstr(rig_take(r), UNVERIFIED), "given up");
	rig_serve(r, SK_OK);
	CHECK(rig_answers(r) == 0, "and not answered again");
	rig_free(r);
}

static void too_many_waiting(void)
{
	struct rig *r = rig_new(VERIFY "sip: {waiting-max: 2}\n");

	verify(r, "z9hG4bK1", RIG_X5U, NOW);
	verify(r, "z9hG4bK2", RIG_X5U, NOW);
	CHECK(strstr(verify(r, "z9hG4bK3", RIG_X5U, NOW), UNVERIFIED), "the third is told at once");
	CHECK(front_waiting(r->front) == 2 && r->counters.n[COUNT_BUSY] == 1, "counted");
	rig_reload(r, VERIFY "sip: {waiting-max: 3}\n");
	verify(r, "z9hG4bK5", RIG_X5U, NOW);
	CHECK(front_waiting(r->front) == 3, "a reload makes room for one more");
	rig_reload(r, VERIFY "sip: {waiting-max: 2}\n");
	CHECK(strstr(verify(r, "z9hG4bK6", RIG_X5U, NOW), UNVERIFIED), "and takes it away");
	rig_serve(r, SK_OK);
	CHECK(rig_answers(r) == 3, "all three are served");
	rig_take(r);
	rig_take(r);
	rig_take(r);
	CHECK(strstr(verify(r, "z9hG4bK4", RIG_X5U, NOW), PASSED), "and the next from memory");
	rig_free(r);
}

static void clock_jumps(void)
{
	static const int jumps[] = { 3600, -3600, 86400 };

	for (size_t i = 0; i < SK_COUNT(jumps); i++) {
		struct rig *r = rig_new(QUICK);

		verify(r, "z9hG4bK1", RIG_X5U, NOW);
		r->wall += jumps[i];
		rig_serve(r, SK_OK);
		CHECK(strstr(rig_take(r), PASSED), "%d s: judged by the time it came", jumps[i]);
		CHECK(strstr(verify(r, "z9hG4bK2", RIG_X5U, NOW), "cause=403"),
		      "%d s: the next by the new time", jumps[i]);
		verify(r, "z9hG4bK3", OTHER_X5U, r->wall);
		r->wall -= jumps[i];
		CHECK(strstr(rig_wait(r), UNVERIFIED), "%d s: the deadline holds", jumps[i]);
		rig_free(r);
	}
}

static void freed_while_waiting(void)
{
	struct rig *r = rig_new(VERIFY);

	verify(r, "z9hG4bK1", RIG_X5U, NOW);
	front_give_up(r->front);
	CHECK(strstr(rig_take(r), UNVERIFIED), "answered");
	rig_free(r); /* the fetch is still under way */
}

int main(void)
{
	from_map();
	fetched_later();
	fetch_failed();
	untrusted();
	never_fetched();
	two_waits_one_deadline();
	failed_before_deadline();
	several();
	eight_wait();
	reload_while_waiting();
	drain();
	too_many_waiting();
	clock_jumps();
	freed_while_waiting();
	return check_result();
}
