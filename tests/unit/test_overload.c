/*
 * More than we can do, by ages and clocks of our own: what is dropped, what is turned away and
 * how, who is never turned away, how much of it is answered, what clients are told, and when
 * it is over.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include "redirector/net/stream.h"
#include "redirector/net/udp.h"

#include <stdlib.h>
#include <unistd.h>

#define SIGN RIG_SIGN "tenant: {mode: sign}\n"

enum {
	FRESH_MS = 20,
	OLD_MS = 150,   /* more than sip.overload-age */
	STALE_MS = 501, /* more than sip.queue-age */
};

/* --- a connection that keeps what it is to send --- */

struct stream {
	unsigned refs;
	char text[RIG_TEXT];
};

static struct stream connection;

struct stream *__wrap_stream_ref(struct stream *stream);
void __wrap_stream_unref(struct stream *stream);
char *__wrap_stream_reserve(struct stream *stream, size_t size);
void __wrap_stream_send(struct stream *stream, size_t len);
size_t __wrap_stream_names(const struct stream *stream, const struct sk_span **out);

struct stream *__wrap_stream_ref(struct stream *stream)
{
	stream->refs++;
	return stream;
}

void __wrap_stream_unref(struct stream *stream)
{
	if (stream)
		stream->refs--;
}

char *__wrap_stream_reserve(struct stream *stream, size_t size)
{
	return size < sizeof(stream->text) ? stream->text : NULL;
}

void __wrap_stream_send(struct stream *stream, size_t len)
{
	stream->text[len] = '\0';
}

size_t __wrap_stream_names(const struct stream *stream, const struct sk_span **out)
{
	(void)stream;
	*out = NULL;
	return 0;
}

/* One request that lay in the kernel for so long.  @return the answer, "" when there is none */
static const char *send_aged(struct rig *r, const struct dial *dial, int64_t age_ms)
{
	struct packet g = { .socket = r->socket, .waited_us = age_ms * 1000 };
	char text[8192], source[64];

	g.bytes = (struct sk_span){ text, rig_print(dial, text, sizeof(text)) };
	snprintf(source, sizeof(source), "%s:%u", dial->source ? dial->source : "127.0.0.1",
		 dial->from_port ? dial->from_port : 5060);
	if (!addr_parse(sk_span_of(source), &g.source))
		exit(1);
	g.local = *udp_local(r->socket);
	front_on_packet(r->front, &g);
	return rig_take(r);
}

/* A new call. */
static const char *call_aged(struct rig *r, struct dial dial, int64_t age_ms)
{
	static unsigned number;
	char id[32];

	snprintf(id, sizeof(id), "overload-%u", number++);
	if (!dial.call_id)
		dial.call_id = id;
	return send_aged(r, &dial, age_ms);
}

/* Old datagrams for longer than sip.overload-age; nobody is turned away for it. */
static void fill(struct rig *r)
{
	for (int i = 0; i < 3; i++) {
		call_aged(r, (struct dial){ .uri = "urn:service:sos" }, OLD_MS);
		r->mono += 60;
	}
	r->mono -= 60;
}

/* What an answer is. */
static const char *kind(const char *answer)
{
	static char text[32];

	if (answer[0] == '\0')
		return "silence";
	if (strstr(answer, "\r\nIdentity: ey"))
		return "signed";
	if (strncmp(answer, "SIP/2.0 302 ", 12) == 0)
		return strstr(answer, "\r\nContact: ") ? "302" : "302 to nowhere";
	snprintf(text, sizeof(text), "%.3s", answer + 8);
	return text;
}

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

#define IN_DIALOG  .to = "<sip:+12155551213@example.net>;tag=x"
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

/* --- when it begins and ends --- */

static bool log_says(const struct rig *r, const char *text)
{
	char path[300], all[65536];

	snprintf(path, sizeof(path), "%s/log", r->folder);
	for (int i = 0; i < 200; i++) {
		FILE *f = fopen(path, "r");
		size_t n = f ? fread(all, 1, sizeof(all) - 1, f) : 0;

		if (f)
			fclose(f);
		all[n] = '\0';
		if (strstr(all, text))
			return true;
		usleep(10000); /* a thread of the log's own writes */
	}
	return false;
}

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

static unsigned answered_of(struct rig *r, unsigned calls)
{
	unsigned answered = 0;

	for (unsigned i = 0; i < calls; i++)
		answered += call_aged(r, (struct dial){ 0 }, OLD_MS)[0] != '\0';
	return answered;
}

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

/* --- connections --- */

/* The same by a stream; how old it is nobody says. */
static const char *call_by_stream(struct rig *r, const struct dial *usual)
{
	struct packet g = { .transport = TRANSPORT_TCP, .stream = &connection };
	struct dial dial = *usual;
	static unsigned number;
	char text[8192], id[32];

	snprintf(id, sizeof(id), "stream-%u", number++);
	dial.call_id = id;
	g.bytes = (struct sk_span){ text, rig_print(&dial, text, sizeof(text)) };
	g.local = *udp_local(r->socket);
	if (!addr_parse(SK_SPAN("127.0.0.1:5060"), &g.source))
		exit(1);
	connection.text[0] = '\0';
	front_on_packet(r->front, &g);
	CHECK(connection.refs == 0, "nothing holds the connection");
	return connection.text;
}

static const struct dial usual;

/* A round of the loop that takes too long. */
static void a_slow_round(void)
{
	struct rig *r = rig_new(SIGN);

	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "the first of a round");
	r->mono += 119;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "not late enough");
	r->mono += 30;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "late for the first time");
	r->mono += 99;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "not for long enough");
	r->mono += 1;
	CHECK_STR(kind(call_by_stream(r, &usual)), "503", "for long enough");
	CHECK_STR(kind(call_by_stream(r, &(struct dial){ .uri = "urn:service:sos" })), "signed",
		  "an emergency");
	CHECK_STR(kind(call_by_stream(r, &(struct dial){ .method = "REGISTER" })), "405",
		  "it would wait for half a minute");
	CHECK_STR(kind(call_aged(r, usual, FRESH_MS)), "signed", "a datagram has its own age");
	r->mono += 1001;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "nothing was heard for a second");
	CHECK(log_says(r, "state=end ms=0 turned_away=1 unanswered=0 stale=0"), "over");
	rig_free(r);
}

/* Whoever is served beside old datagrams waits as long as they do. */
static void beside_datagrams(void)
{
	struct rig *r = rig_new(SIGN "records: {calls: no}\n");

	fill(r);
	CHECK_STR(kind(call_by_stream(r, &usual)), "503", "as old as they are");
	answered_of(r, 20000);
	CHECK(answered_of(r, 10) == 0, "nothing is left for datagrams");
	CHECK_STR(kind(call_by_stream(r, &usual)), "503", "but nobody sends this again");
	for (int i = 0; i < 30; i++) {
		r->mono++;
		call_by_stream(r, &usual);
	}
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "the datagrams have ended");
	rig_free(r);

	r = rig_new(SIGN "sip: {overload: silence}\n");
	fill(r);
	CHECK_STR(kind(call_by_stream(r, &usual)), "silence", "by choice");
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

/* --- how old something is --- */

static int64_t youngest, oldest;
static unsigned came;

static void on_packet(void *arg, const struct packet *g)
{
	(void)arg;
	if (came++ == 0 || g->waited_us < youngest)
		youngest = g->waited_us;
	if (g->waited_us > oldest)
		oldest = g->waited_us;
}

/* Two datagrams that are left alone for a while, on one address and on all. */
static void by_the_kernel(void)
{
	static const char *const places[] = { "127.0.0.1:0", "0.0.0.0:0", "[::1]:0" };

	for (size_t i = 0; i < SK_COUNT(places); i++) {
		SK_CLEANUP(loop_free_p) struct loop *loop = loop_new();
		SK_CLEANUP(udp_free_p) struct udp *udp = NULL;
		char why[256] = "";
		struct addr at;
		int fd;

		came = 0;
		youngest = oldest = 0;
		CHECK(addr_parse(sk_span_of(places[i]), &at), "%s", places[i]);
		if (!loop || !udp_new(loop, &at, 65536, on_packet, NULL, &udp, why)) {
			CHECK(false, "%s: %s", places[i], why);
			continue;
		}
		at = *udp_local(udp);
		if (i == 1)
			at.sa.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd = socket(at.sa.any.sa_family, SOCK_DGRAM, 0);
		CHECK(sendto(fd, "ping", 4, 0, &at.sa.any, at.len) == 4, "the first");
		usleep(30000);
		CHECK(sendto(fd, "ping", 4, 0, &at.sa.any, at.len) == 4, "the second");
		usleep(20000);
		close(fd);
		for (int j = 0; j < 100 && came < 2; j++)
			loop_step(loop, 10);
		CHECK(came == 2 && youngest >= 20000 && oldest >= youngest + 30000,
		      "%s: %u, %lld and %lld us", places[i], came, (long long)youngest,
		      (long long)oldest);
	}
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
	after_a_stall();
	begins_and_ends();
	ends_by_itself();
	options_say_so();
	options_have_a_limit();
	emergencies_have_a_limit();
	budget();
	a_slow_round();
	beside_datagrams();
	clients_are_told();
	deaf_clients();
	by_the_kernel();
	return check_result();
}
