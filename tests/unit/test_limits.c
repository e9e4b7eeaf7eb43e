/*
 * The front under limits, by a clock of our own: what each kind of limit answers, what takes
 * from a bucket and what does not, and that one tenant's calls are nothing to another.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

#define SIGN    RIG_SIGN "tenant: {mode: sign, trunk-parameter: otg}\n"
#define SOURCES "sip: {sources: [192.0.2.0/24, 127.0.0.0/8]}\n"

/* What became of some calls. */
struct heard {
	unsigned full;   /* signed                       */
	unsigned plain;  /* 302 without Identity         */
	unsigned busy;   /* 503 with Retry-After         */
	unsigned silent; /* nothing                      */
	unsigned other;
};

static void hear(const char *answer, struct heard *h)
{
	if (answer[0] == '\0')
		h->silent++;
	else if (strstr(answer, "\r\nIdentity: ey"))
		h->full++;
	else if (strncmp(answer, "SIP/2.0 302 ", 12) == 0 && strstr(answer, "\r\nContact: "))
		h->plain++;
	else if (strncmp(answer, "SIP/2.0 503 ", 12) == 0 &&
		 strstr(answer, "\r\nRetry-After: 1\r\n"))
		h->busy++;
	else
		h->other++;
}

/* New calls, one after the other at one time. */
static struct heard ring(struct rig *r, unsigned calls, struct dial dial)
{
	static unsigned number;
	struct heard h = { 0 };
	char id[32];

	for (unsigned i = 0; i < calls; i++) {
		snprintf(id, sizeof(id), "limits-%u", number++);
		dial.call_id = id;
		hear(rig_dial(r, &dial), &h);
	}
	return h;
}

static bool is(const struct heard *h, unsigned full, unsigned plain, unsigned busy, unsigned silent)
{
	if (h->full == full && h->plain == plain && h->busy == busy && h->silent == silent &&
	    h->other == 0)
		return true;
	fprintf(stderr, "heard: %u signed, %u plain, %u busy, %u silent, %u other\n", h->full,
		h->plain, h->busy, h->silent, h->other);
	return false;
}

/* --- one limit of each kind --- */

struct row {
	const char *name, *conf;
	unsigned full, plain, busy, silent; /* of 20 calls at once */
};

/* clang-format off */
static const struct row rows[] = {
	{ "no limit", SIGN, 20, 0, 0, 0 },
	{ "no limit, whatever the burst", SIGN "limits: {burst: 1}\n", 20, 0, 0, 0 },
	{ "a limit that is not reached", SIGN "limits: {rate: 5, burst: 20}\n", 20, 0, 0, 0 },
	{ "tenant: 503", SIGN "limits: {rate: 5, burst: 3}\n", 3, 0, 17, 0 },
	{ "tenant: 302", SIGN "limits: {rate: 5, burst: 3, over: 302}\n", 3, 17, 0, 0 },
	{ "tenant: silence", SIGN "limits: {rate: 5, burst: 3, over: silence}\n", 3, 0, 0, 17 },
	{ "source: 503", SIGN "sip: {source-rate: 5, source-burst: 3}\n", 3, 0, 17, 0 },
	{ "source: 302", SIGN "sip: {source-rate: 5, source-burst: 3, source-over: 302}\n", 3, 17, 0, 0 },
	{ "source: silence", SIGN "sip: {source-rate: 5, source-burst: 3, source-over: silence}\n", 3, 0, 0, 17 },
	{ "source: ten times over", SIGN "sip: {source-rate: 1, source-burst: 1}\n", 1, 0, 10, 9 },
	{ "source before tenant", SIGN "sip: {source-rate: 5, source-burst: 3, source-over: silence}\n"
	  "limits: {rate: 5, burst: 2}\n", 2, 0, 1, 17 },
	{ "trunk", SIGN "trunks: {t: {sources: [127.0.0.0/8], rate: 5, burst: 4}}\n"
	  "limits: {over: silence}\n", 4, 0, 0, 16 },
	{ "another trunk", SIGN SOURCES "trunks: {t: {sources: [192.0.2.0/24], rate: 5, burst: 4}}\n", 20, 0, 0, 0 },
	{ "a trunk without a rate", SIGN "trunks: {t: {sources: [127.0.0.0/8], burst: 4}}\n", 20, 0, 0, 0 },
	{ "trunk and tenant", SIGN "trunks: {t: {sources: [127.0.0.0/8], rate: 5, burst: 4}}\n"
	  "limits: {rate: 5, burst: 3}\n", 3, 0, 17, 0 },
	{ "nothing to do has its limit, too", "limits: {rate: 5, burst: 3}\n", 0, 3, 17, 0 },
};
/* clang-format on */

static void kinds(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct rig *r = rig_new(row->conf);
		struct heard h = ring(r, 20, (struct dial){ 0 });

		CHECK(is(&h, row->full, row->plain, row->busy, row->silent), "%s", row->name);
		rig_free(r);
	}
}

/* A second later as many as the rate has let in. */
static void as_time_goes_by(void)
{
	struct rig *r = rig_new(SIGN "limits: {rate: 10, burst: 5}\n");
	struct heard h = ring(r, 20, (struct dial){ 0 });

	CHECK(is(&h, 5, 0, 15, 0), "at once");
	r->mono += 300;
	h = ring(r, 20, (struct dial){ 0 });
	CHECK(is(&h, 3, 0, 17, 0), "0.3 s later");
	r->mono += 10000;
	h = ring(r, 20, (struct dial){ 0 });
	CHECK(is(&h, 5, 0, 15, 0), "10 s later: the burst and no more");
	h = ring(r, 5, (struct dial){ 0 });
	CHECK(is(&h, 0, 0, 5, 0), "the clock stands");
	r->mono -= 60000;
	h = ring(r, 5, (struct dial){ 0 });
	CHECK(is(&h, 0, 0, 5, 0), "it went back");
	r->mono += 100;
	h = ring(r, 5, (struct dial){ 0 });
	CHECK(is(&h, 1, 0, 4, 0), "and on from there");
	CHECK(r->counters.n[COUNT_LIMITED] == 15 + 17 + 15 + 5 + 5 + 4, "%llu counted",
	      (unsigned long long)r->counters.n[COUNT_LIMITED]);
	rig_free(r);
}

/* --- what takes from a bucket --- */

static void repeats(void)
{
	struct rig *r = rig_new(SIGN "limits: {rate: 1, burst: 2}\n");
	struct dial in = { .call_id = "in" }, out = { .call_id = "out" };
	struct heard h;

	for (int i = 0; i < 1 + REPEAT_TIMES; i++) {
		h = (struct heard){ 0 };
		hear(rig_dial(r, &in), &h);
		CHECK(is(&h, 1, 0, 0, 0), "%d times the same request", i);
	}
	h = ring(r, 5, (struct dial){ 0 });
	CHECK(is(&h, 1, 0, 4, 0), "took one from the bucket");
	h = (struct heard){ 0 };
	hear(rig_dial(r, &out), &h);
	r->mono += 1500;
	for (int i = 0; i < REPEAT_TIMES; i++)
		hear(rig_dial(r, &out), &h);
	CHECK(is(&h, 0, 0, 1 + REPEAT_TIMES, 0), "refused, and so are its repeats");
	h = ring(r, 5, (struct dial){ 0 });
	CHECK(is(&h, 1, 0, 4, 0), "which took nothing");
	CHECK(rig_tally(r, "default", TALLY_REPEATS) == 2 * REPEAT_TIMES, "repeats are counted");
	rig_free(r);
}

/* One request sent for ever is no way around the limit. */
static void endless_repeat(void)
{
	struct rig *r = rig_new(SIGN "limits: {rate: 1, burst: 20}\n");
	struct dial same = { .call_id = "same" };
	struct heard h = { 0 };

	for (int i = 0; i < 100; i++)
		hear(rig_dial(r, &same), &h);
	CHECK(is(&h, 20 + REPEAT_TIMES, 0, 100 - 20 - REPEAT_TIMES, 0), "after six it counts");
	rig_free(r);
}

static void other_methods(void)
{
	struct rig *r = rig_new(SIGN "limits: {rate: 1, burst: 1}\n");
	struct heard h = ring(r, 2, (struct dial){ 0 });

	CHECK(is(&h, 1, 0, 1, 0), "the limit");
	for (int i = 0; i < 50; i++)
		CHECK(strncmp(rig_dial(r, &(struct dial){ .method = "OPTIONS" }), "SIP/2.0 200 ",
			      12) == 0,
		      "OPTIONS is nobody's call");
	r->mono += 1000;
	h = ring(r, 20, (struct dial){ .uri = "foo:bar" });
	CHECK(h.other == 20, "malformed: 416");
	h = ring(r, 20, (struct dial){ .to = "<sip:+12155551213@example.net>;tag=x" });
	CHECK(is(&h, 0, 20, 0, 0), "inside a dialog: nothing is done for it");
	h = ring(r, 2, (struct dial){ 0 });
	CHECK(is(&h, 1, 0, 1, 0), "neither took from the bucket");
	rig_free(r);
}

/* ACK is dropped before anything is counted: a call is one request of its source. */
static void acks_and_pings(void)
{
	struct rig *r = rig_new(SIGN "sip: {source-rate: 10, source-burst: 10}\n");
	struct heard h = { 0 };

	for (int i = 0; i < 10; i++) {
		struct heard one = ring(r, 1, (struct dial){ 0 });

		h.full += one.full;
		rig_dial(r, &(struct dial){ .method = "ACK" });
	}
	CHECK(is(&h, 10, 0, 0, 0), "ten calls");
	CHECK(strncmp(rig_dial(r, &(struct dial){ .method = "OPTIONS" }), "SIP/2.0 200 ", 12) == 0,
	      "a ping over the limit is answered: else the proxy would believe us dead");
	for (int i = 0; i < 99; i++)
		rig_dial(r, &(struct dial){ .method = "OPTIONS" });
	CHECK(rig_dial(r, &(struct dial){ .method = "OPTIONS" })[0] == '\0', "not for ever");
	CHECK(r->counters.n[COUNT_SOURCE_OVER] == 101 && r->counters.n[COUNT_SOURCE_DROPPED] == 1,
	      "counted");
	h = ring(r, 3, (struct dial){ .source = "127.0.0.2" });
	CHECK(is(&h, 3, 0, 0, 0), "another address has its own");
	h = ring(r, 3, (struct dial){ .from_port = 6060 });
	CHECK(is(&h, 0, 0, 0, 3), "another port has not");
	rig_free(r);
}

/* A heartbeat is nobody's call, as OPTIONS is: it takes nothing and is over nothing. */
static void heartbeats(void)
{
	static const struct dial beat = { .uri = "sip:9999999999@a.example",
					  .to = "<sip:9999999999@a.example>" };
	struct rig *r = rig_new(SIGN "limits: {rate: 5, burst: 3, over: silence}\n"
				     "trunks: {t: {sources: [127.0.0.0/8], rate: 5, burst: 3}}\n");
	struct heard h = ring(r, 50, beat);

	CHECK(is(&h, 0, 50, 0, 0), "fifty heartbeats");
	h = ring(r, 10, (struct dial){ 0 });
	CHECK(is(&h, 3, 0, 0, 7), "have taken nothing from the calls");
	h = ring(r, 50, beat);
	CHECK(is(&h, 0, 50, 0, 0), "nor are they over the limit when calls are");
	CHECK(r->counters.n[COUNT_LIMITED] == 7 && rig_tally(r, "default", TALLY_LIMITED) == 7 &&
		      rig_tally(r, "default/t", TALLY_LIMITED) == 7 &&
		      rig_tally(r, "default", TALLY_CALLS) == 110 &&
		      r->counters.outcomes[SK_DUMMY] == 100,
	      "counted as what they are");
	CHECK(r->counters.n[COUNT_UNRECORDED] == 7, "107 of the 110 want the room of 100: %llu",
	      (unsigned long long)r->counters.n[COUNT_UNRECORDED]);
	rig_free(r);
	r = rig_new(SIGN "sip: {source-rate: 5, source-burst: 3}\n");
	h = ring(r, 10, beat);
	CHECK(is(&h, 0, 3, 7, 0), "an address has its limit whatever it asks");
	CHECK(r->counters.outcomes[SK_DUMMY] == 3 && r->counters.outcomes[SK_OVER_LIMIT] == 7 &&
		      rig_tally(r, "default", TALLY_LIMITED) == 7,
	      "and then it is not looked at what it is");
	rig_free(r);
}

/* --- tenants --- */

static const struct rig_tenant three[] = {
	{ "a", "match: {hosts: [a.example]}\n" SIGN "limits: {rate: 5, burst: 5}\n" },
	{ "b", "match: {hosts: [b.example]}\n" SIGN "limits: {rate: 5, burst: 5, over: 302}\n"
	       "trunks: {t: {groups: [g1], rate: 2, burst: 2}, u: {groups: [g2]}}\n" },
	{ "c", "match: {sources: [192.0.2.0/24]}\n" SIGN },
};

#define TO(host) "sip:+" RIG_DEST "@" host ";user=phone"

static void one_of_many(void)
{
	static const struct dial a = { .uri = TO("a.example") }, b = { .uri = TO("B.example.") };
	struct rig *r = rig_new_with("", three, SK_COUNT(three));
	struct heard h = ring(r, 100, a);

	CHECK(is(&h, 5, 0, 95, 0), "a floods");
	h = ring(r, 5, b);
	CHECK(is(&h, 5, 0, 0, 0), "b has its own");
	h = ring(r, 100, b);
	CHECK(is(&h, 0, 100, 0, 0), "and its own way to say no");
	h = ring(r, 100, (struct dial){ .source = "192.0.2.7", .uri = TO("x.example") });
	CHECK(is(&h, 100, 0, 0, 0), "c has none");
	h = ring(r, 100, (struct dial){ .source = "192.0.2.7", .uri = TO("a.example") });
	CHECK(is(&h, 100, 0, 0, 0) || is(&h, 0, 0, 0, 100) || is(&h, 0, 0, 100, 0), "somebody's");

	CHECK(rig_tally(r, "a", TALLY_LIMITED) >= 95 && rig_tally(r, "a", TALLY_SIGNED) == 5, "a");
	CHECK(rig_tally(r, "b", TALLY_CALLS) == 105 && rig_tally(r, "b", TALLY_LIMITED) == 100 &&
		      rig_tally(r, "b", TALLY_SIGNED) == 5 &&
		      rig_tally(r, "b", TALLY_BILLABLE) == 5,
	      "b");
	CHECK(rig_tally(r, "c", TALLY_LIMITED) == 0 && rig_tally(r, "c", TALLY_FAULTS) == 0, "c");
	CHECK(rig_tally(r, "default", TALLY_CALLS) == 0, "the main file has none");
	rig_free(r);
}

#define FROM(group) "<sip:+" RIG_ORIG "@example.com;user=phone;otg=" group ">"

static void trunks_of_one(void)
{
	static const struct dial t = { .uri = TO("b.example"), .from = FROM("g1") };
	static const struct dial u = { .uri = TO("b.example"), .from = FROM("g2") };
	struct rig *r = rig_new_with("", three, SK_COUNT(three));
	struct heard h = ring(r, 50, t);

	CHECK(is(&h, 2, 48, 0, 0), "the trunk floods");
	h = ring(r, 50, u);
	CHECK(is(&h, 3, 47, 0, 0), "and leaves the rest of the tenant's limit to the other");
	CHECK(rig_tally(r, "b/t", TALLY_CALLS) == 50 && rig_tally(r, "b/t", TALLY_LIMITED) == 48,
	      "counted for the trunk");
	CHECK(rig_tally(r, "b", TALLY_CALLS) == 100, "and for the tenant");
	rig_free(r);
}

/* Whose request is the same to the last byte. */
static void same_request_of_two(void)
{
	struct rig *r = rig_new_with("",
				     (const struct rig_tenant[]){
					     { "a", "match: {sources: [127.0.0.0/8]}\n" SIGN
						    "limits: {rate: 1, burst: 1}\n" },
					     { "b", "match: {sources: [192.0.2.0/24]}\n" SIGN
						    "limits: {rate: 1, burst: 1}\n" },
				     },
				     2);
	struct dial dial = { .call_id = "same" },
		    twin = { .call_id = "same", .source = "192.0.2.7" };
	struct heard h = { 0 };

	ring(r, 1, (struct dial){ 0 });
	hear(rig_dial(r, &dial), &h);
	CHECK(is(&h, 0, 0, 1, 0), "a is over its limit");
	hear(rig_dial(r, &twin), &h);
	CHECK(is(&h, 1, 0, 1, 0), "b is not, and it is no repeat");
	CHECK(rig_tally(r, "b", TALLY_REPEATS) == 0 && rig_tally(r, "b", TALLY_BILLABLE) == 1,
	      "b's");
	rig_free(r);
}

/* --- nobody's --- */

static void nobodys(void)
{
	struct rig *r = rig_new_with("", three, SK_COUNT(three));
	struct dial nobody = { .uri = TO("x.example") };
	struct heard h = ring(r, 20, nobody);

	CHECK(is(&h, 0, 0, 0, 20), "silence");
	h = ring(r, 20, (struct dial){ .uri = "foo:bar" });
	CHECK(is(&h, 0, 0, 0, 20), "malformed: silence");
	CHECK(r->counters.n[COUNT_UNMATCHED] == 40, "counted");
	CHECK(strncmp(rig_dial(r, &(struct dial){ .method = "OPTIONS" }), "SIP/2.0 200 ", 12) == 0,
	      "a ping needs no tenant");
	rig_reload_with(r, "sip: {strangers: 403}\n", three, SK_COUNT(three));
	h = ring(r, 20, nobody);
	CHECK(h.other == 10 && h.silent == 10, "403, ten a second: %u", h.other);
	h = ring(r, 20, (struct dial){ .source = "198.51.100.1" });
	CHECK(is(&h, 0, 0, 0, 20), "and none is left for strangers");
	r->mono += 1000;
	h = ring(r, 20, (struct dial){ .source = "198.51.100.1" });
	CHECK(h.other == 10 && h.silent == 10, "a second later: %u", h.other);
	CHECK(rig_tally(r, "a", TALLY_CALLS) == 0 && rig_tally(r, "c", TALLY_CALLS) == 0,
	      "nothing was counted for anybody");
	rig_free(r);
}

/* --- a reload --- */

static void over_a_reload(void)
{
	static const struct rig_tenant wider[] = {
		{ "a", "match: {hosts: [a.example]}\n" SIGN "limits: {rate: 5, burst: 8}\n" },
		{ "b", "match: {hosts: [b.example]}\n" SIGN },
	};
	static const struct dial a = { .uri = TO("a.example") }, b = { .uri = TO("b.example") };
	struct rig *r = rig_new_with("", three, SK_COUNT(three));
	struct heard h = ring(r, 20, a);

	CHECK(is(&h, 5, 0, 15, 0), "the limit");
	rig_reload_with(r, "", three, SK_COUNT(three));
	h = ring(r, 20, a);
	CHECK(is(&h, 0, 0, 20, 0), "a reload opens no bucket");
	rig_reload_with(r, "", wider, SK_COUNT(wider));
	h = ring(r, 20, a);
	CHECK(is(&h, 3, 0, 17, 0), "a wider one counts on");
	h = ring(r, 20, b);
	CHECK(is(&h, 20, 0, 0, 0), "none any more");
	h = ring(r, 5, (struct dial){ .source = "192.0.2.7" });
	CHECK(is(&h, 0, 0, 0, 5), "a tenant that is gone is a stranger");
	CHECK(rig_tally(r, "a", TALLY_CALLS) == 60, "and it is counted on: %llu",
	      (unsigned long long)rig_tally(r, "a", TALLY_CALLS));
	rig_free(r);
}

/* A flood fills no disk. */
static void records_of_a_flood(void)
{
	struct rig *r = rig_new(SIGN "limits: {rate: 1, burst: 50}\n");
	struct heard h = ring(r, 500, (struct dial){ 0 });

	CHECK(is(&h, 50, 0, 450, 0), "a flood");
	CHECK(r->counters.n[COUNT_UNRECORDED] == 350, "100 a second leave a record: %llu",
	      (unsigned long long)r->counters.n[COUNT_UNRECORDED]);
	CHECK(rig_tally(r, "default", TALLY_LIMITED) == 450, "all are counted");
	rig_free(r);
}

/* Connections and requests of an address are of one bucket; TLS is dear. */
static void connections(void)
{
	static const struct {
		const char *yaml;
		unsigned tcp, tls; /* pass in one moment, of 50 */
	} prices[] = {
		{ SIGN, 50, 50 },
		{ SIGN "sip: {source-rate: 5, source-burst: 30}\n", 30, 3 },
		{ SIGN "sip: {source-rate: 5, source-burst: 1}\n", 1, 1 },
	};
	struct addr here = { .len = 0 }, there = here;

	CHECK(addr_parse(SK_SPAN("127.0.0.1:9"), &here), "an address");
	CHECK(addr_parse(SK_SPAN("127.0.0.2:9"), &there), "another");
	for (size_t i = 0; i < SK_COUNT(prices); i++) {
		struct rig *r = rig_new(prices[i].yaml);
		unsigned tcp = 0, tls = 0;

		for (int n = 0; n < 50; n++) {
			tcp += front_pays(r->front, &here, false);
			tls += front_pays(r->front, &there, true);
		}
		CHECK(tcp == prices[i].tcp && tls == prices[i].tls, "row %zu: %u, %u", i, tcp, tls);
		CHECK(r->counters.n[COUNT_SOURCE_OVER] == 0, "row %zu: no request", i);
		rig_free(r);
	}
}

int main(void)
{
	connections();
	kinds();
	as_time_goes_by();
	repeats();
	endless_repeat();
	other_methods();
	acks_and_pings();
	heartbeats();
	one_of_many();
	trunks_of_one();
	same_request_of_two();
	nobodys();
	over_a_reload();
	records_of_a_flood();
	return check_result();
}
