/*
 * From bytes to bytes.  What is cheap and refuses most comes first: who may
 * speak, how long, which method, how often; only then is anything parsed, and
 * only then is it known whose it is.
 */
#include "redirector/call/limit.h"
#include "redirector/call/tag_mac.h"
#include "redirector/sip/front_state.h"

#include <stdio.h>
#include <stdlib.h>

static void answer_now(struct dip *d, unsigned status)
{
	struct answer a;

	answer_plain(status, d->front->answer, &a);
	dip_answer(d, &a, d->front->parts.counters);
}

static void end_answered(struct dip *d, const struct answer *a)
{
	struct front *f = d->front;

	if (a->status > 0)
		dip_answer(d, a, f->parts.counters);
	ledger_add(&f->ledger, &d->call, a, clock_us() - d->began_us, front_now_us(f));
}

/* The call has ended: answer, count, record. */
static void on_done(struct call *call)
{
	struct dip *d = (struct dip *)call;
	struct front *f = d->front;
	struct answer a;

	answer_build(call, f->answer, &a);
	if (a.points_at_itself && !f->said_loop) {
		f->said_loop = true;
		log_print(f->parts.log, LEVEL_WARNING,
			  "msg=\"a Contact equals its Request-URI: a proxy that follows it loops "
			  "(answer.contact)\"");
	}
	end_answered(d, &a);
	d->ended = true;
	if (!d->starting)
		dip_free(d);
}

/* An INVITE that is answered without a call; it leaves a record all the same. */
static void end_early(struct dip *d, enum sk_err why, const struct answer *a)
{
	d->call.task = TASK_PASS;
	d->call.err = why;
	end_answered(d, a);
}

static void refuse(struct dip *d, unsigned status, enum sk_err why)
{
	struct answer a;

	answer_plain(status, d->front->answer, &a);
	end_early(d, why, &a);
}

static void on_in_dialog(struct dip *d)
{
	struct front *f = d->front;
	struct answer a;

	front_count(f, COUNT_IN_DIALOG);
	if (f->conf->sip.in_dialog == IN_DIALOG_481) {
		refuse(d, 481, SK_NOTHING_TO_DO);
		return;
	}
	answer_in_dialog(&d->call, f->answer, &a);
	end_early(d, SK_NOTHING_TO_DO, &a);
}

/* Over sip.source-rate, and not so far that it is dropped. */
static void on_source_over(struct dip *d)
{
	struct front *f = d->front;
	struct answer a;

	d->call.over_limit = true;
	if (f->conf->sip.source_over == OVER_LIMIT_503) {
		refuse(d, 503, SK_OVER_LIMIT);
		return;
	}
	answer_in_dialog(&d->call, f->answer, &a);
	end_early(d, SK_OVER_LIMIT, &a);
}

/* One too many: turned away, or answered as ever because it costs nothing. */
static bool on_turned_away(struct dip *d)
{
	struct answer a;

	if (!front_turn_away(d, &a))
		return false;
	if (a.status > 0)
		end_answered(d, &a);
	return true;
}

/* Of a source that may speak, but no tenant's: a stranger all the same. */
static void on_nobodys(struct dip *d)
{
	front_count(d->front, COUNT_UNMATCHED);
	if (front_stranger_is_told(d->front))
		answer_now(d, 403);
}

static void on_invite(struct dip *d)
{
	struct front *f = d->front;
	enum sk_err refused = dip_refusal(d);

	front_count(f, COUNT_INVITES);
	if (!front_begin(d, on_done)) {
		on_nobodys(d);
	} else if (refused) {
		front_count(f, COUNT_MALFORMED);
		refuse(d, sk_outcome(refused)->code, refused);
	} else if (f->draining) {
		front_count(f, COUNT_DRAINED);
		refuse(d, 503, SK_DRAINING);
	} else if (d->source_over) {
		on_source_over(d);
	} else if (d->call.facts.in_dialog) {
		on_in_dialog(d);
	} else if (f->load != LOAD_TURN || !on_turned_away(d)) {
		d->ended = false;
		d->call.over_limit = !limit_is_heartbeat(&d->call) && front_is_over(d);
		call_start(&d->call);
	}
}

/* OPTIONS asks whether we live, and nobody's limit counts for it. */
static void on_request(struct dip *d, struct sk_span method)
{
	struct front *f = d->front;

	if (sk_span_eq(method, SK_SPAN("INVITE"))) {
		on_invite(d);
	} else if (sk_span_eq(method, SK_SPAN("OPTIONS"))) {
		front_count(f, COUNT_OPTIONS);
		answer_now(d, f->draining || front_is_full(f) ? 503 : 200);
	} else {
		front_count(f, COUNT_OTHER_METHODS);
		answer_now(d, 405);
	}
}

/* Malformed, but there is somebody to answer. */
static void on_bad(struct dip *d, struct sk_span method, unsigned status)
{
	if (!sk_span_eq(method, SK_SPAN("INVITE")))
		answer_now(d, status);
	else if (front_begin(d, on_done))
		refuse(d, status, SK_REQUEST_SYNTAX);
	else
		on_nobodys(d);
}

/* ACK and CANCEL are ignored (RFC 3261, 8.2.7); seen before anything is parsed. */
static bool is_ignored(struct front *f, struct sk_span bytes)
{
	if (bytes.len > 4 && memcmp(bytes.ptr, "ACK ", 4) == 0) {
		front_count(f, COUNT_ACK);
		return true;
	}
	if (bytes.len > 7 && memcmp(bytes.ptr, "CANCEL ", 7) == 0) {
		front_count(f, COUNT_CANCEL);
		return true;
	}
	return false;
}

static bool may_speak(struct front *f, const struct packet *g, bool *stranger)
{
	*stranger = !directory_admits(f->directory, &g->source);
	if (*stranger)
		front_count(f, COUNT_STRANGERS);
	if (*stranger && !front_stranger_is_told(f))
		return false;
	if (g->fault != PACKET_CUT && g->bytes.len <= (size_t)f->conf->sip.datagram_max)
		return true;
	front_count(f, COUNT_OVERSIZED);
	return g->fault == PACKET_CUT && g->stream; /* its head is whole: 513 */
}

/* Counts what is dropped.  @return false: there is nobody to answer */
static bool read_request(struct dip *d, struct sk_span *method, bool *bad)
{
	static const enum counter dropped[] = {
		[DIP_NOISE] = COUNT_NOISE,
		[DIP_FLOOD] = COUNT_HEADER_FLOOD,
		[DIP_UNROUTABLE] = COUNT_UNROUTABLE,
		[DIP_BAD] = COUNT_MALFORMED,
	};
	struct front *f = d->front;
	enum dip_result result = dip_read(d, (size_t)f->conf->sip.headers_max, f->mac, method);

	*bad = result == DIP_BAD;
	if (result != DIP_READ)
		front_count(f, dropped[result]);
	return result == DIP_READ || result == DIP_BAD;
}

/* What a message deserves that is not whole; 0: it is.  RFC 3261, 18.3: without a Content-Length
 * nobody knows where it ends; 21.5.7: longer than we read. */
static unsigned fault_status(enum packet_fault fault)
{
	if (fault == PACKET_NO_LENGTH)
		return 400;
	return fault == PACKET_CUT ? 513 : 0;
}

static void handle(struct dip *d, enum packet_fault fault, bool stranger)
{
	unsigned status = fault_status(fault);
	struct sk_span method;
	bool bad;

	if (!read_request(d, &method, &bad))
		return;
	if (stranger) {
		answer_now(d, 403);
		return;
	}
	front_tell_load(d, sk_span_eq(method, SK_SPAN("INVITE")));
	if (fault == PACKET_NO_LENGTH && !bad)
		front_count(d->front, COUNT_MALFORMED);
	if (bad || status > 0)
		on_bad(d, method, status > 0 ? status : 400);
	else
		on_request(d, method);
}

static void take_in_hand(struct front *f, const struct packet *g, bool stranger, bool source_over)
{
	struct dip *d = dip_new(f, g);

	if (!d)
		return;
	d->source_over = source_over;
	handle(d, g->fault, stranger);
	d->starting = false;
	if (d->ended)
		dip_free(d);
}

/* While there is too much: nothing for strangers, and for those who ask too much. */
static void take_few(struct front *f, const struct packet *g, bool stranger)
{
	int64_t began_us = clock_us();
	enum front_source source;

	if (stranger)
		return;
	source = front_source(f, &g->source);
	if (source == FRONT_SOURCE_OVER) /* at other times it would get an answer */
		front_count(f, COUNT_SOURCE_DROPPED);
	if (source != FRONT_SOURCE_OK)
		return;
	take_in_hand(f, g, false, false);
	front_load_spent(f, began_us);
}

void front_on_packet(void *arg, const struct packet *g)
{
	enum front_source source = FRONT_SOURCE_OK;
	struct front *f = arg;
	bool stranger;

	front_count(f, COUNT_DATAGRAMS);
	if (front_is_stale(f, g) || !may_speak(f, g, &stranger) || is_ignored(f, g->bytes))
		return;
	f->load = front_load(f, g);
	if (f->load == LOAD_TURN)
		take_few(f, g, stranger);
	if (f->load != LOAD_FINE)
		return;
	if (!stranger)
		source = front_source(f, &g->source);
	if (source != FRONT_SOURCE_DROP)
		take_in_hand(f, g, stranger, source == FRONT_SOURCE_OVER);
}

static void make_ledger(struct front *f)
{
	f->ledger.counters = f->parts.counters;
	f->ledger.steps = f->parts.steps;
	f->ledger.log = f->parts.log;
	f->ledger.records = f->parts.records;
	f->ledger.trace = f->parts.trace;
	f->ledger.mac = f->mac;
}

/* All workers look for an address in the same place: its key is of the one they share. */
static bool make_sources(struct front *f)
{
	const struct sk_span what = SK_SPAN("sources");
	uint8_t key[SK_MAC_LEN];

	_Static_assert((int)SK_MAC_LEN == (int)SK_MAC_KEY, "a hash is a key");
	if (sk_mac_hash(f->mac, &what, 1, key))
		return false;
	f->sources = sources_new_in(f->parts.sources.at, key);
	explicit_bzero(key, sizeof(key));
	return f->sources != NULL;
}

bool front_new(const struct front_parts *parts, struct directory *directory, struct front **out,
	       char why[256])
{
	SK_CLEANUP(front_free_p) struct front *f = calloc(1, sizeof(*f));

	if (f) {
		f->parts = *parts;
		front_set_directory(f, directory);
		f->repeat = repeat_new();
		f->mac = tag_mac_new(parts->tag_key, f->conf);
		f->waiting.max = (size_t)f->conf->sip.waiting_max;
	}
	if (!f || !f->repeat || !f->mac || !make_sources(f) || !front_overload_init(f)) {
		snprintf(why, 256, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	make_ledger(f);
	if (f->conf->tenant.verify.replay != REPLAY_OFF && !front_seen(f)) {
		snprintf(why, 256, "verify.replay-entries: %s", sk_err_text(SK_ENOMEM));
		return false;
	}
	*out = sk_steal(f);
	return true;
}

void front_free(struct front *f)
{
	if (!f)
		return;
	front_give_up(f);
	front_overload_deinit(f);
	repeat_free(f->repeat);
	seen_free(f->seen);
	sources_free(f->sources);
	sk_mac_free(f->mac);
	directory_unref(f->directory);
	free(f);
}

void front_set_directory(struct front *f, struct directory *directory)
{
	struct directory *old = f->directory;

	f->directory = directory_ref(directory);
	f->conf = directory_conf(directory);
	f->waiting.max = (size_t)f->conf->sip.waiting_max;
	directory_unref(old);
}

void front_set_numbers(struct front *f, const struct numbers *numbers)
{
	f->numbers = numbers;
}

void front_drain(struct front *f)
{
	f->draining = true;
}

void front_give_up(struct front *f)
{
	while (f->waiting.first)
		call_give_up(f->waiting.first, SK_LATE);
}

size_t front_waiting(const struct front *f)
{
	return f->waiting.count;
}
