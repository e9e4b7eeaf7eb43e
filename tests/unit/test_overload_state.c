/*
 * More than we can do, as a state: when it begins and when it is over, how much is answered
 * meanwhile, and what clients are told.
 */
#include "tests/check.h"
#include "tests/unit/overload_kit.h"

/* --- when it begins and ends --- */

/* A machine that stood still for a while has a short queue, and serves it. */
static void after_a_stall(void)
{
	struct rig *r = rig_new(SIGN);

	for (int i = 0; i < 400; i++) {
		const char *want = i < 100 ? "silence" : "signed";

		CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, 600 - i)), want, "after a stall");
		r->mono += i % 5 == 0;
	}
	CHECK(r->counters.n[COUNT_STALE] == 100 && r->counters.n[COUNT_OVERLOAD] == 0, "counted");
	r->mono += 101;
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "signed", "another one later");
	r->mono += 99;
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "signed", "nearly");
	r->mono += 1;
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "503", "it did not end");
	rig_free(r);
}

static void begins_and_ends(void)
{
	struct rig *r = rig_new(SIGN);

	fill(r);
	CHECK(log_says(r, "event=overload state=begin"), "begins");
	for (int i = 0; i < 5; i++)
		call_aged(r, (struct dial){ 0 }, OLD_MS);
	call_aged(r, (struct dial){ .method = "REGISTER" }, OLD_MS);
	call_aged(r, (struct dial){ 0 }, STALE_MS);
	r->mono += 999;
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "503", "not over yet");
	r->mono += 1000;
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, FRESH_MS)), "signed", "over");
	CHECK(log_says(r, "event=overload state=end ms=999 turned_away=7 unanswered=1 stale=1"),
	      "ends");
	CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "signed", "begins anew");
	rig_free(r);
}

/* Nothing comes any more: a timer sees that. */
static void ends_by_itself(void)
{
	struct rig *r = rig_new(SIGN);
	bool over = false;

	fill(r);
	r->mono += 1000;
	for (int i = 0; i < 500 && !over; i++) {
		loop_step(r->loop, 10);
		over = i % 50 == 49 && log_says(r, "state=end");
	}
	CHECK(over, "told without a packet");
	rig_free(r);
}

/* Full for seconds: a client should look for another. */
static void options_say_so(void)
{
	static const struct dial options = { .method = "OPTIONS" };
	struct rig *r = rig_new(SIGN);

	fill(r);
	for (int i = 0; i < 39; i++) {
		r->mono += 50;
		CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, OLD_MS)), "503", "a call");
		CHECK_STR(kind(call_aged(r, options, OLD_MS)), "200", "a burst");
	}
	r->mono += 50;
	call_aged(r, (struct dial){ 0 }, OLD_MS);
	CHECK_STR(kind(call_aged(r, options, OLD_MS)), "503", "after two seconds");
	CHECK_STR(kind(call_aged(r, options, FRESH_MS)), "503", "whatever its own age");
	r->mono += 1000;
	CHECK_STR(kind(call_aged(r, options, FRESH_MS)), "200", "a second after it is over");
	rig_free(r);

	r = rig_new(SIGN);
	fill(r);
	for (int i = 0; i < 60; i++) {
		r->mono += 50;
		CHECK_STR(kind(call_aged(r, (struct dial){ 0 }, i % 3 ? FRESH_MS : OLD_MS)),
			  i % 3 ? "signed" : "503", "one of three");
		CHECK_STR(kind(call_aged(r, options, FRESH_MS)), "200", "most are served");
	}
	rig_free(r);
}

static void options_have_a_limit(void)
{
	static const struct dial options = { .method = "OPTIONS" };
	struct rig *r = rig_new(SIGN);
	unsigned answered = 0;

	fill(r);
	for (int i = 0; i < 300; i++)
		answered += call_aged(r, options, OLD_MS)[0] != '\0';
	CHECK(answered == 100 && r->counters.n[COUNT_SHED] == 200, "%u answered", answered);
	rig_free(r);
}

/* Who says the word thousands of times is treated like all others. */
static void emergencies_have_a_limit(void)
{
	static const struct dial sos = { .uri = "urn:service:sos" };
	struct rig *r = rig_new(SIGN);
	unsigned served = 0, later = 0;

	fill(r); /* its last one was the first that would have been turned away */
	for (int i = 0; i < 400; i++)
		served += strcmp(kind(call_aged(r, sos, OLD_MS)), "signed") == 0;
	CHECK(served == 199 && r->counters.n[COUNT_OVERLOAD] == 201, "%u served", served);
	CHECK_STR(kind(call_aged(r, sos, FRESH_MS)), "signed", "one that is not too old is served");
	r->mono += 90;
	for (int i = 0; i < 400; i++)
		later += strcmp(kind(call_aged(r, sos, OLD_MS)), "signed") == 0;
	CHECK(later == 18, "as many as 90 ms let in: %u", later);
	rig_free(r);
}

/* --- how many are answered --- */

/* The clock of the budget stands: what was saved up is spent, and that is all. */
static void budget(void)
{
	struct rig *r = rig_new(SIGN "records: {calls: no}\n");
	unsigned first, more;

	fill(r);
	first = answered_of(r, 20000);
	CHECK(first > 0 && first < 10000, "%u of 20,000 are answered", first);
	CHECK(r->counters.n[COUNT_OVERLOAD] == 20000 && r->counters.n[COUNT_SHED] == 20000 - first,
	      "the rest is counted");
	CHECK(answered_of(r, 100) == 0, "nothing is left");
	CHECK_STR(kind(call_aged(r, (struct dial){ IN_DIALOG }, OLD_MS)), "302", "but for some");
	for (int i = 0; i < 9; i++) {
		r->mono += 90;
		CHECK(answered_of(r, 1) <= 1, "time goes by");
	}
	more = answered_of(r, 20000);
	CHECK(more > 0 && more < 10000, "%u of 20,000 more", more);
	rig_free(r);
}

/* --- what clients are told (RFC 7339) --- */

static const struct dial asking = { .branch = "z9hG4bK-rig;oc;oc-algo=\"loss,A\"" };

/* "oc=..." of the answer's Via, with what it says of its validity. */
static int told(const char *answer, int *validity, double *seq)
{
	const char *via = rig_header(answer, "Via");
	const char *at = strstr(via, ";oc=");
	int loss = -1;

	if (!at || sscanf(at, ";oc=%d;oc-algo=\"loss\";oc-validity=%d;oc-seq=%lf", &loss, validity,
			  seq) != 3)
		return -1;
	return loss;
}

static double last_seq;

static void is_told(struct rig *r, int loss, int validity, int64_t age_ms, const char *what)
{
	double seq = 0;
	int got_validity = -1, got = told(call_aged(r, asking, age_ms), &got_validity, &seq);

	CHECK(got == loss && got_validity == validity, "%s: %d for %d ms", what, got, got_validity);
	CHECK(seq > last_seq || got < 0, "%s: %f after %f", what, seq, last_seq);
	last_seq = seq;
}

static void clients_are_told(void)
{
	struct rig *r = rig_new(SIGN);
	const char *answer;

	last_seq = 0;
	is_told(r, 0, 0, FRESH_MS, "all is well");
	is_told(r, 0, 0, FRESH_MS, "at the same time");
	answer = call_aged(r, (struct dial){ 0 }, FRESH_MS);
	CHECK(!strstr(answer, "oc="), "who does not ask is not told");
	answer = call_aged(r, (struct dial){ .method = "OPTIONS", .branch = asking.branch },
			   FRESH_MS);
	CHECK(strstr(answer, ";oc=0;oc-algo=\"loss\";oc-validity=0;oc-seq="), "%s", answer);
	answer = call_aged(r, (struct dial){ .branch = "z9hG4bK-rig;oc=9;oc-algo=\"loss\"" },
			   FRESH_MS);
	CHECK(strstr(answer, ";oc=9;oc-algo=\"loss\";") && !strstr(answer, "oc-seq"), "%s", answer);

	/* a second in which one of two was too much */
	fill(r);
	r->mono += 1; /* the window has one call that was served */
	is_told(r, 0, 0, FRESH_MS, "a first second is not over");
	is_told(r, 0, 0, OLD_MS, "and one is turned away");
	is_told(r, 0, 0, OLD_MS, "and another");
	r->mono += 999;
	is_told(r, 50, 1000, FRESH_MS, "half of it was too much");
	is_told(r, 50, 1000, OLD_MS, "those turned away are told, too");
	r->mono += 1000;
	is_told(r, 75, 1000, FRESH_MS, "half of half is too much still");
	r->mono += 1000;
	is_told(r, 56, 1000, FRESH_MS, "all were served: a quarter is given back");
	for (int i = 0; i < 20; i++) {
		r->mono += 1000;
		call_aged(r, asking, FRESH_MS);
	}
	is_told(r, 0, 0, FRESH_MS, "in the end all of it");
	rig_free(r);
}

/* Nobody holds back: then what we say follows what is turned away, and does not add up. */
static void deaf_clients(void)
{
	struct rig *r = rig_new(SIGN);

	fill(r);
	for (int second = 0; second < 5; second++) {
		for (int i = 0; i < 10; i++) {
			r->mono += 100;
			call_aged(r, (struct dial){ 0 }, FRESH_MS);
			call_aged(r, (struct dial){ 0 }, OLD_MS);
		}
	}
	r->mono += 1000;
	last_seq = 0;
	is_told(r, 50, 1000, FRESH_MS, "half");
	rig_free(r);
}

int main(void)
{
	after_a_stall();
	begins_and_ends();
	ends_by_itself();
	options_say_so();
	options_have_a_limit();
	emergencies_have_a_limit();
	budget();
	clients_are_told();
	deaf_clients();
	return check_result();
}
