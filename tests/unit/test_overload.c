/*
 * More than we can do, by ages and clocks of our own: what is dropped, what is turned away and
 * how, and who is never turned away.  When it is over: test_overload_state.c; who is how old:
 * test_overload_age.c.
 */
#include "tests/check.h"
#include "tests/unit/overload_kit.h"

/* --- what becomes of one request --- */

struct row {
	const char *name;
	const char *overload; /* sip.overload; "": the default */
	struct dial dial;
	int64_t age_ms;
	bool full; /* there is too much already */
	const char *want;
	unsigned turned, shed, stale; /* counted */
};

#define LOOKS_LIKE .to = "\";tag=x\" <sip:+12155551213@example.net>"

/* clang-format off */
static const struct row rows[] = {
	{ "fresh", "", { 0 }, FRESH_MS, false, "signed", 0, 0, 0 },
	{ "old, for the first time", "", { 0 }, OLD_MS, false, "signed", 0, 0, 0 },
	{ "as old as may be", "", { 0 }, 500, false, "signed", 0, 0, 0 },
	{ "stale", "", { 0 }, STALE_MS, false, "silence", 0, 0, 1 },
	{ "stale for hours: a clock was set", "", { 0 }, 7200000, false, "silence", 0, 0, 1 },
	{ "stale OPTIONS", "", { .method = "OPTIONS" }, STALE_MS, false, "silence", 0, 0, 1 },
	{ "stale ACK", "", { .method = "ACK" }, STALE_MS, false, "silence", 0, 0, 0 },
	{ "stale, to the police", "", { .uri = "urn:service:sos" }, STALE_MS, false, "silence", 0, 0, 1 },

	{ "full: fresh", "", { 0 }, FRESH_MS, true, "signed", 0, 0, 0 },
	{ "full: just not old", "", { 0 }, 100, true, "signed", 0, 0, 0 },
	{ "full: old", "", { 0 }, OLD_MS, true, "503", 1, 0, 0 },
	{ "full: old, 302", "302", { 0 }, OLD_MS, true, "302", 1, 0, 0 },
	{ "full: old, silence", "silence", { 0 }, OLD_MS, true, "silence", 1, 1, 0 },
	{ "full: stale", "", { 0 }, STALE_MS, true, "silence", 0, 0, 1 },
	{ "full: stale, 302", "302", { 0 }, STALE_MS, true, "silence", 0, 0, 1 },

	{ "full: emergency", "", { .uri = "urn:service:sos" }, OLD_MS, true, "signed", 0, 0, 0 },
	{ "full: emergency, silence", "silence", { .uri = "urn:service:sos" }, OLD_MS, true, "signed", 0, 0, 0 },
	{ "full: a kind of emergency", "", { .uri = "URN:Service:SOS.fire" }, OLD_MS, true, "signed", 0, 0, 0 },
	{ "full: hardly an emergency", "", { .uri = "urn:service:sosumi" }, OLD_MS, true, "503", 1, 0, 0 },
	{ "full: another service", "", { .uri = "urn:service:counseling" }, OLD_MS, true, "503", 1, 0, 0 },
	{ "full: the word alone", "", { .uri = "sip:urn:service:sos@x.example" }, OLD_MS, true, "503", 1, 0, 0 },
	{ "full: in a dialog", "", { IN_DIALOG }, OLD_MS, true, "302", 0, 0, 0 },
	{ "full: in a dialog, silence", "silence", { IN_DIALOG }, OLD_MS, true, "302", 0, 0, 0 },
	{ "full: looks like a dialog", "", { LOOKS_LIKE }, OLD_MS, true, "503", 1, 0, 0 },
	{ "full: looks like a dialog, silence", "silence", { LOOKS_LIKE }, OLD_MS, true, "silence", 1, 1, 0 },

	{ "full: OPTIONS", "", { .method = "OPTIONS" }, OLD_MS, true, "200", 0, 0, 0 },
	{ "full: OPTIONS, silence", "silence", { .method = "OPTIONS" }, OLD_MS, true, "200", 0, 0, 0 },
	{ "full: another method", "", { .method = "REGISTER" }, OLD_MS, true, "silence", 1, 1, 0 },
	{ "full: another method, fresh", "", { .method = "REGISTER" }, FRESH_MS, true, "405", 0, 0, 0 },
	{ "full: ACK", "", { .method = "ACK" }, OLD_MS, true, "silence", 0, 0, 0 },
	{ "full: CANCEL", "", { .method = "CANCEL" }, OLD_MS, true, "silence", 0, 0, 0 },
	{ "full: what cannot be redirected", "", { .uri = "foo:bar" }, OLD_MS, true, "416", 0, 0, 0 },
	{ "full: malformed", "", { .more = "Call-ID: again\r\n" }, OLD_MS, true, "400", 0, 0, 0 },
	{ "full: a stranger", "", { .source = "192.0.2.9" }, OLD_MS, true, "silence", 0, 0, 0 },
};
/* clang-format on */

static void one_row(const struct row *row)
{
	struct rig *r;
	char yaml[1024];
	uint64_t stale;

	snprintf(yaml, sizeof(yaml), SIGN "sip: {strangers: 403%s%s}\n",
		 row->overload[0] ? ", overload: " : "", row->overload);
	r = rig_new(yaml);
	if (row->full)
		fill(r);
	stale = r->counters.n[COUNT_STALE];
	CHECK_STR(kind(call_aged(r, row->dial, row->age_ms)), row->want, row->name);
	CHECK(r->counters.n[COUNT_OVERLOAD] == row->turned &&
		      r->counters.n[COUNT_SHED] == row->shed &&
		      r->counters.n[COUNT_STALE] - stale == row->stale,
	      "%s: counted %llu, %llu, %llu", row->name,
	      (unsigned long long)r->counters.n[COUNT_OVERLOAD],
	      (unsigned long long)r->counters.n[COUNT_SHED],
	      (unsigned long long)(r->counters.n[COUNT_STALE] - stale));
	rig_free(r);
}

/* --- the answer to one that is turned away --- */

static void seconds_to_wait(void)
{
	struct rig *r = rig_new(SIGN);
	unsigned seen[6] = { 0 };

	fill(r);
	for (int i = 0; i < 60; i++) {
		const char *answer = call_aged(r, (struct dial){ 0 }, OLD_MS);
		int seconds = atoi(rig_header(answer, "Retry-After"));

		CHECK(seconds >= 1 && seconds <= 5 && !strstr(answer, "Identity"), "%s", answer);
		seen[seconds >= 1 && seconds <= 5 ? seconds : 0]++;
		r->mono++;
	}
	CHECK(seen[1] && seen[2] && seen[3] && seen[4] && seen[5], "not all at one time");
	rig_free(r);
}

static void what_is_kept(void)
{
	struct rig *r = rig_new(SIGN);
	uint64_t answered;

	fill(r);
	for (int i = 0; i < 150; i++)
		call_aged(r, (struct dial){ 0 }, OLD_MS);
	CHECK(r->counters.outcomes[SK_OVERLOAD] + r->counters.n[COUNT_SHED] == 150, "outcomes");
	CHECK(rig_tally(r, "default", TALLY_FAULTS) == r->counters.outcomes[SK_OVERLOAD],
	      "our fault");
	CHECK(rig_tally(r, "default", TALLY_BILLABLE) == 3 &&
		      rig_tally(r, "default", TALLY_LIMITED) == 0 &&
		      r->counters.n[COUNT_UNVERIFIED] == 0,
	      "nobody pays, nobody is over his limit, nothing was judged");
	/* on a slow machine fewer than 100 are answered at all: each of them has its record */
	answered = r->counters.outcomes[SK_OVERLOAD];
	CHECK(answered - r->counters.n[COUNT_UNRECORDED] == (answered < 100 ? answered : 100),
	      "100 records a second");
	rig_free(r);
}

/* A copy of a call that has been answered costs as much as a new one. */
static void repeats(void)
{
	struct rig *r = rig_new(SIGN);
	struct dial again = { .call_id = "again" }, turned = { .call_id = "turned" };

	CHECK_STR(kind(call_aged(r, again, FRESH_MS)), "signed", "the first time");
	fill(r);
	CHECK_STR(kind(call_aged(r, again, OLD_MS)), "silence", "its repeat");
	CHECK_STR(kind(call_aged(r, again, FRESH_MS)), "signed", "one that is not old");
	CHECK_STR(kind(call_aged(r, turned, OLD_MS)), "503", "another");
	CHECK_STR(kind(call_aged(r, turned, OLD_MS)), "silence", "its repeat");
	CHECK(r->counters.n[COUNT_OVERLOAD] == 3 && r->counters.n[COUNT_SHED] == 2, "counted");
	r->mono += 2000;
	CHECK_STR(kind(call_aged(r, turned, FRESH_MS)), "signed", "later it is served");
	rig_free(r);
}

static void verified(void)
{
	static const char *const how[] = { "503", "302", "silence" };
	char line[2048], yaml[1024];

	for (size_t i = 0; i < SK_COUNT(how); i++) {
		const char *answer;
		struct rig *r;

		snprintf(yaml, sizeof(yaml),
			 RIG_TRUST RIG_MAP "tenant: {mode: verify}\nsip: {overload: %s}\n", how[i]);
		r = rig_new(yaml);
		rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, r->wall, line, sizeof(line));
		answer = call_aged(r, (struct dial){ .more = line }, FRESH_MS);
		CHECK(strstr(answer, "TN-Validation-Passed"), "is good: %s", answer);
		for (int j = 0; j < 3; j++) {
			call_aged(r, (struct dial){ .method = "REGISTER" }, OLD_MS);
			r->mono += 60;
		}
		r->mono -= 60;
		answer = call_aged(r, (struct dial){ .more = line }, OLD_MS);
		CHECK_STR(kind(answer), how[i], "as configured");
		CHECK(!strstr(answer, "TN-Validation"), "%s: nothing is said", how[i]);
		rig_free(r);
	}
}

static void limits_and_the_end(void)
{
	static const struct dial beat = { .uri = "sip:9999999999@a.example",
					  .to = "<sip:9999999999@a.example>" };
	struct rig *r = rig_new(SIGN);

	fill(r);
	CHECK_STR(kind(call_aged(r, beat, OLD_MS)), "302", "a heartbeat");
	front_drain(r->front);
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "503", "at the end");
	CHECK(r->counters.outcomes[SK_DRAINING] == 1 && r->counters.n[COUNT_OVERLOAD] == 0,
	      "it is");
	rig_free(r);

	r = rig_new(SIGN "sip: {source-rate: 3, source-burst: 3}\n");
	fill(r);
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "silence",
		  "an address over its limit");
	CHECK(r->counters.n[COUNT_SOURCE_OVER] == 1 && r->counters.n[COUNT_SOURCE_DROPPED] == 1,
	      "counted, as one that got no answer");
	CHECK(r->counters.n[COUNT_OVERLOAD] == 0, "and not as turned away");
	call_aged(r, (struct dial){ 0 }, FRESH_MS);
	CHECK(r->counters.n[COUNT_SOURCE_OVER] == 2 && r->counters.n[COUNT_SOURCE_DROPPED] == 1,
	      "a fresh one is answered");
	rig_free(r);

	r = rig_new(SIGN "sip: {source-rate: 3, source-burst: 3, source-over: silence}\n");
	fill(r);
	call_aged(r, (struct dial){ 0 }, OLD_MS);
	CHECK(r->counters.n[COUNT_SOURCE_OVER] == 1 && r->counters.n[COUNT_SOURCE_DROPPED] == 1,
	      "once each");
	rig_free(r);
}

int main(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		one_row(&rows[i]);
	seconds_to_wait();
	what_is_kept();
	repeats();
	verified();
	limits_and_the_end();
	return check_result();
}
