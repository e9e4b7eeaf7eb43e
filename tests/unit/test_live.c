/*
 * The data of the live page: JSON whatever the texts are, what is wrong, bounds, and no memory.
 */
#include "redirector/http/live_put.h"
#include "redirector/http/live_view.h"
#include "shaken/json.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	NOW_S = 1800000000,
	NOW_MS = 7200000,
	TEXT_MAX = LIVE_HOUR_SIZE,
};

static char text[TEXT_MAX];

struct setting {
	struct snapshot *seen;
	struct live_recent recent;
	struct history *history;
	struct volume *volume;
	struct tally *tally;
	void *region;
};

/* A service in which all is well. */
static void set_up(struct setting *s)
{
	struct history_sums sums = { .n = { [HISTORY_CALLS] = 40 } };

	*s = (struct setting){ .seen = calloc(1, sizeof(*s->seen)),
			       .region = calloc(1, history_bytes()),
			       .tally = tally_new(50) };
	if (!s->seen || !s->region || !s->tally)
		exit(1);
	s->history = history_at(s->region, NOW_MS - 5000);
	s->volume = volume_new(s->tally, NOW_MS - 5000);
	if (!s->history || !s->volume)
		exit(1);
	history_add(s->history, NOW_MS - 3000, &sums);
	s->recent.looks[0] = (struct live_look){ .at_ms = NOW_MS - 1000, .calls = 10 };
	s->recent.looks[1] = (struct live_look){ .at_ms = NOW_MS, .calls = 40 };
	s->recent.newest = 1;
	s->seen->at_s = NOW_S;
	s->seen->at_ms = NOW_MS;
	s->seen->workers = s->seen->ready = 2;
	s->seen->process_count = 1;
	s->seen->processes[0] = (struct seen_process){
		.pid = 77, .phase = WORKER_READY, .spawned = 1, .started_s = NOW_S - 9000
	};
	s->seen->clock = (struct clock_state){ .known = true, .synchronised = true };
	s->seen->anchors = 1;
	s->seen->anchors_known = true;
	s->seen->supervisor_silent_ms = 10;
}

static void tear_down(struct setting *s)
{
	history_free(s->history);
	volume_free(s->volume);
	tally_free(s->tally);
	free(s->region);
	free(s->seen);
}

static struct live_view view_of(const struct setting *s)
{
	return (struct live_view){ s->seen, &s->recent, s->history, s->volume, "1.2" };
}

static json_t *printed(const struct setting *s,
		       void (*print)(const struct live_view *view, struct sk_buf *out))
{
	struct live_view view = view_of(s);
	struct sk_buf out;
	json_error_t error;
	json_t *got;

	sk_buf_init(&out, text, sizeof(text));
	print(&view, &out);
	CHECK(!out.overflow, "it fits");
	got = json_loadb(text, out.len, JSON_REJECT_DUPLICATES, &error);
	CHECK(got != NULL, "JSON: %s at %d", error.text, error.position);
	return got ? got : json_object();
}

static void shape(void)
{
	static const char *const members[] = {
		"version",  "at",      "started", "step",   "ready", "places",
		"problems", "rate",    "totals",  "steps",  "hosts", "certs",
		"trust",    "tenants", "workers", "reload", "clock",
	};
	json_auto_t *now = NULL, *hour = NULL;
	struct setting s;

	set_up(&s);
	now = printed(&s, live_print);
	for (size_t i = 0; i < SK_COUNT(members); i++)
		CHECK(json_object_get(now, members[i]), "%s", members[i]);
	CHECK(json_number_value(json_object_get(json_object_get(now, "rate"), "now")) == 30,
	      "rate");
	CHECK(json_array_size(json_object_get(json_object_get(now, "rate"), "recent")) == 1,
	      "recent");
	CHECK(json_array_size(json_object_get(now, "problems")) == 0, "all is well");
	CHECK(json_array_size(json_object_get(now, "steps")) == STEP_LAST, "steps");
	hour = printed(&s, live_print_hour);
	for (int i = 0; i < HISTORY_LAST; i++)
		CHECK(json_array_size(json_object_get(hour, history_name(i))) == 1, "%s",
		      history_name(i));
	CHECK(json_array_size(json_object_get(hour, "began")) == 1, "began");
	CHECK(json_integer_value(json_object_get(json_object_get(hour, "sums"), "calls")) == 40,
	      "sums");
	tear_down(&s);
}

static void texts(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "<script>alert(1)</script>", "\"<script>alert(1)</script>\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "a\nb\x7f\x01", "\"a\\u000ab\\u007f\\u0001\"" },
		{ "Z\xc3\xbcrich", "\"Z\xc3\xbcrich\"" },
		{ "\xe2\x82\xac \xf0\x9f\x93\x9e", "\"\xe2\x82\xac \xf0\x9f\x93\x9e\"" },
		{ "torn \xc3", "\"torn ?\"" },
		{ "torn \xe2\x82", "\"torn ??\"" },
		{ "\x80\xbf", "\"??\"" },
		{ "\xc0\xaf", "\"??\"" },           /* longer than needed */
		{ "\xed\xa0\x80", "\"???\"" },      /* half of a pair */
		{ "\xf4\x90\x80\x80", "\"????\"" }, /* beyond the last one */
		{ "\xff\xfe", "\"??\"" },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		char got[200];
		struct sk_buf out;
		json_t *read;

		sk_buf_init(&out, got, sizeof(got));
		live_string(&out, rows[i].in);
		CHECK_STR(got, rows[i].out, rows[i].in);
		read = json_loads(got, JSON_DECODE_ANY, NULL);
		CHECK(read != NULL, "row %zu is JSON", i);
		json_decref(read);
	}
}

/* Full of strange texts, and so much of everything that it is at its bounds. */
static void at_bounds(void)
{
	static const char strange[] = "\"\\\x01<script>\xff\xc3";
	json_auto_t *now = NULL, *hour = NULL;
	struct history_sums sums = { .n = { 0 } };
	struct setting s;

	set_up(&s);
	for (size_t i = 0; i < sizeof(s.seen->findings) - 1; i++)
		s.seen->findings[i] = strange[i % (sizeof(strange) - 1)];
	s.seen->host_count = SHOWN_HOSTS_MAX;
	for (size_t i = 0; i < SHOWN_HOSTS_MAX; i++)
		memset(s.seen->hosts[i].host.name, 1, sizeof(s.seen->hosts[i].host.name) - 1);
	s.seen->list_count = SHOWN_LISTS_MAX;
	for (size_t i = 0; i < SHOWN_LISTS_MAX; i++)
		memset(s.seen->lists[i].name, 2, sizeof(s.seen->lists[i].name) - 1);
	s.seen->certs.count = s.seen->certs.total = MONITOR_CERTS_MAX;
	for (size_t i = 0; i < MONITOR_CERTS_MAX; i++) {
		memset(s.seen->certs.items[i].tenant, 3, MONITOR_NAME_SIZE - 1);
		memset(s.seen->certs.items[i].credential, 4, MONITOR_NAME_SIZE - 1);
	}
	s.seen->process_count = SEATS_MAX;
	for (int i = 0; i < SEATS_MAX; i++)
		s.seen->processes[i] = (struct seen_process){ .pid = INT32_MAX,
							      .spawned = UINT64_MAX,
							      .cpu_us = UINT64_MAX };
	s.seen->lists[0].until = INT64_MAX;
	s.seen->hosts[0].host.err = 99999;
	s.seen->hosts[1].host.err = -3;
	for (int i = 0; i < 50; i++) {
		char name[65];
		struct tally_slot *slot;

		memset(name, '"', sizeof(name) - 1);
		snprintf(name + 60, 5, "%03d", i);
		slot = tally_slot(s.tally, sk_span_of(name));
		tally_add(slot, TALLY_CALLS);
		tally_drop(s.tally, slot);
	}
	volume_add(s.volume, NOW_MS);
	now = printed(&s, live_print);
	CHECK(json_array_size(json_object_get(now, "hosts")) == SHOWN_HOSTS_MAX, "hosts");
	CHECK(json_array_size(json_object_get(now, "workers")) == SEATS_MAX, "workers");
	CHECK(json_array_size(json_object_get(now, "problems")) <= LIVE_PROBLEMS_MAX, "problems");
	CHECK(json_array_size(json_object_get(json_object_get(now, "certs"), "items")) ==
		      LIVE_CERTS_MAX,
	      "certificates");

	for (int i = 0; i < HISTORY_SLOTS + 5; i++) {
		for (int k = 0; k < HISTORY_LAST; k++)
			sums.n[k] += UINT32_MAX;
		for (int k = 0; k < STEP_LAST; k++)
			sums.buckets[k][STEP_BOUNDS] += UINT32_MAX;
		s.seen->at_ms += HISTORY_STEP_MS;
		history_add(s.history, s.seen->at_ms, &sums);
	}
	hour = printed(&s, live_print_hour);
	CHECK(json_array_size(json_object_get(hour, "calls")) == HISTORY_SLOTS, "a whole hour");
	tear_down(&s);
}

/* Too small a place: said, not written over. */
static void overflows(void)
{
	struct setting s;
	struct live_view view;

	set_up(&s);
	view = view_of(&s);
	for (size_t size = 1; size < 1000; size += 37) {
		struct sk_buf out;

		memset(text, 'x', 2000);
		sk_buf_init(&out, text, size);
		live_print(&view, &out);
		CHECK(out.overflow && out.len < size && text[size] == 'x', "%zu bytes", size);
	}
	tear_down(&s);
}

/* What each fault of a service leads to. */
/* clang-format off */
static void lame(struct snapshot *s) { s->ready = 1; }
static void dead(struct snapshot *s) { s->ready = 0; }
static void refused(struct snapshot *s) { s->reloaded_s = NOW_S - 5; }
static void reloaded(struct snapshot *s) { s->reloaded_s = NOW_S - 5; s->reload_ok = true; }
static void alone(struct snapshot *s) { s->supervisor_silent_ms = 60000; }
static void nobody(struct snapshot *s) { s->supervisor_silent_ms = -1; }
static void silent(struct snapshot *s) { s->processes[0].silent_ms = 60000; }
static void anew(struct snapshot *s) { s->processes[0].spawned = 2; s->processes[0].started_s = NOW_S - 60; }
static void anew_long_ago(struct snapshot *s) { s->processes[0].spawned = 2; }
static void unkept(struct snapshot *s) { s->clock.synchronised = false; }
static void unknown(struct snapshot *s) { s->clock = (struct clock_state){ .known = false }; }
static void doubtful(struct snapshot *s) { s->clock.error_us = 900000; }
static void keyless(struct snapshot *s) { s->certs.signers = 3; s->certs.signers_able = 2; }
static void untrusting(struct snapshot *s) { s->certs.verifiers = 1; s->anchors = 0; }
static void untrusting_signer(struct snapshot *s) { s->anchors = 0; }
static void uncertain(struct snapshot *s) { s->crls_missing = true; }
static void failing_host(struct snapshot *s) { s->host_count = 1; s->hosts[0].host.failures = 1; }
static void open_host(struct snapshot *s) { s->host_count = 1; s->hosts[0].host.open = true; }

static void list_of(struct snapshot *s, enum lists_state state, bool counts)
{
	s->list_count = 1;
	s->lists[0].state = state;
	s->lists[0].counts = counts;
}

static void good_list(struct snapshot *s) { list_of(s, LISTS_GOOD, true); }
static void awaited_list(struct snapshot *s) { list_of(s, LISTS_AWAITED, false); }
static void failed_list(struct snapshot *s) { list_of(s, LISTS_FAILED, true); }
static void ended_list(struct snapshot *s) { list_of(s, LISTS_GOOD, false); }

static void ends_in(struct snapshot *s, int64_t left, bool next)
{
	s->certs.count = s->certs.total = 1;
	s->certs.items[0].not_after = NOW_S + left;
	s->certs.items[0].next = next;
}

static void ended(struct snapshot *s) { ends_in(s, -1, false); }
static void ended_now(struct snapshot *s) { ends_in(s, 0, false); }
static void ends_tomorrow(struct snapshot *s) { ends_in(s, 86400, false); }
static void ends_in_a_week(struct snapshot *s) { ends_in(s, 7 * 86400, false); }
static void ends_in_a_month(struct snapshot *s) { ends_in(s, 30 * 86400, false); }
static void next_ends(struct snapshot *s) { ends_in(s, 86400, true); }

static void followed(struct snapshot *s, int64_t left)
{
	ends_in(s, left, false);
	s->certs.count = s->certs.total = 2;
	s->certs.items[1] = s->certs.items[0];
	s->certs.items[1].not_after = NOW_S + 300 * 86400;
	s->certs.items[1].next = true;
}

static void tls_ends(struct snapshot *s) { s->listener_ends[SHOWN_TLS] = NOW_S + 86400; }
static void https_ends(struct snapshot *s) { s->listener_ends[SHOWN_HTTPS] = NOW_S + 7 * 86400; }
static void https_ended(struct snapshot *s) { s->listener_ends[SHOWN_HTTPS] = NOW_S; }
static void https_lasts(struct snapshot *s) { s->listener_ends[SHOWN_HTTPS] = NOW_S + 30 * 86400; }
static void taken_over(struct snapshot *s) { followed(s, -1); }
static void followed_soon(struct snapshot *s) { followed(s, 86400); }
/* clang-format on */

static void problems(void)
{
	static const struct {
		const char *name;
		void (*spoil)(struct snapshot *s);
		const char *see; /* NULL: nothing is said */
		enum live_level level;
	} rows[] = {
		{ "a worker less", lame, "workers", LIVE_WARN },
		{ "no worker", dead, "workers", LIVE_BAD },
		{ "reload refused", refused, "reload", LIVE_WARN },
		{ "reload good", reloaded, NULL, 0 },
		{ "supervisor silent", alone, "workers", LIVE_WARN },
		{ "no supervisor", nobody, NULL, 0 },
		{ "worker silent", silent, "workers", LIVE_WARN },
		{ "worker made anew", anew, "workers", LIVE_NOTE },
		{ "... long ago", anew_long_ago, NULL, 0 },
		{ "clock not kept", unkept, "clock", LIVE_WARN },
		{ "clock not known", unknown, NULL, 0 },
		{ "clock doubtful", doubtful, "clock", LIVE_WARN },
		{ "no certificate", keyless, "certificates", LIVE_BAD },
		{ "no authority", untrusting, "trust", LIVE_BAD },
		{ "... where none is needed", untrusting_signer, NULL, 0 },
		{ "no revocation list", uncertain, "trust", LIVE_BAD },
		{ "list good", good_list, NULL, 0 },
		{ "list awaited", awaited_list, NULL, 0 },
		{ "list failed", failed_list, "trust", LIVE_WARN },
		{ "list ended", ended_list, "trust", LIVE_BAD },
		{ "host fails", failing_host, NULL, 0 },
		{ "host left alone", open_host, "repositories", LIVE_NOTE },
		{ "certificate ended", ended, "certificates", LIVE_BAD },
		{ "... this second", ended_now, "certificates", LIVE_BAD },
		{ "certificate ends tomorrow", ends_tomorrow, "certificates", LIVE_BAD },
		{ "certificate ends in a week", ends_in_a_week, "certificates", LIVE_WARN },
		{ "certificate ends in a month", ends_in_a_month, NULL, 0 },
		{ "that of TLS ends tomorrow", tls_ends, "certificates", LIVE_BAD },
		{ "that of HTTPS ends in a week", https_ends, "certificates", LIVE_WARN },
		{ "that of HTTPS has ended", https_ended, "certificates", LIVE_BAD },
		{ "that of HTTPS ends in a month", https_lasts, NULL, 0 },
		{ "a next one", next_ends, NULL, 0 },
		{ "one whose next has taken over", taken_over, NULL, 0 },
		{ "one with a next that lasts", followed_soon, NULL, 0 },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct live_problem got[LIVE_PROBLEMS_MAX];
		struct setting s;
		struct live_view view;
		size_t count;

		set_up(&s);
		rows[i].spoil(s.seen);
		view = view_of(&s);
		count = live_problems(&view, got);
		CHECK(count == (rows[i].see != NULL), "%s: %zu problems", rows[i].name, count);
		if (count == 1 && rows[i].see) {
			CHECK_STR(got[0].see, rows[i].see, rows[i].name);
			CHECK(got[0].level == rows[i].level, "%s: level %d", rows[i].name,
			      (int)got[0].level);
			CHECK(got[0].text[0], "%s: a text", rows[i].name);
		}
		tear_down(&s);
	}
}

/* What was counted within a minute. */
static void lately(void)
{
	struct live_problem got[LIVE_PROBLEMS_MAX];
	struct history_sums sums = { .n = { [HISTORY_OVERLOAD] = 3, [HISTORY_FAULTS] = 2 } };
	struct setting s;
	struct live_view view;
	size_t count;

	set_up(&s);
	history_add(s.history, NOW_MS, &sums);
	s.recent.looks[1].log_lost = s.recent.looks[1].tokens_failed = s.recent.looks[1].shed = 1;
	s.seen->clock.synchronised = false;
	view = view_of(&s);
	count = live_problems(&view, got);
	CHECK(count == 6, "%zu problems", count);
	CHECK(got[0].level == LIVE_BAD && got[1].level == LIVE_BAD, "the worst first");
	for (size_t i = 1; i < count; i++)
		CHECK(got[i].level <= got[i - 1].level, "%zu in order", i);
	s.seen->at_ms += 2 * LIVE_LATELY_MS;
	s.recent.looks[0] = s.recent.looks[1];
	count = live_problems(&view, got);
	CHECK(count == 1, "it is over: %zu", count);
	tear_down(&s);
}

int main(void)
{
	shape();
	texts();
	at_bounds();
	overflows();
	problems();
	lately();
	return check_result();
}
