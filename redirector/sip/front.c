/*
 * From bytes to bytes.  What is cheap and refuses most comes first: who may
 * speak, how long, which method; only then is anything parsed.
 */
#include "redirector/sip/front.h"

#include "redirector/call/answer.h"
#include "redirector/call/record.h"
#include "redirector/sip/dip.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	STRANGERS_SECOND = 10, /* 403 answers a second, for all strangers together */
};

struct front {
	struct front_parts parts;
	struct tenant *tenant;
	struct sk_mac *mac;
	struct repeat *repeat;
	struct seen *seen; /* NULL: replays were never looked for */
	struct waiting waiting;
	bool draining;
	bool said_loop;
	int64_t strangers_second;
	int strangers_left;
	char answer[ANSWER_SIZE];
	char record[RECORD_SIZE];
};

static void count(struct front *f, enum counter counter)
{
	f->parts.counters->n[counter]++;
}

static void answer_now(struct dip *d, unsigned status)
{
	struct answer a;

	answer_plain(status, d->front->answer, &a);
	dip_answer(d, &a, d->front->parts.counters);
}

static void count_outcome(struct front *f, const struct call *c)
{
	f->parts.counters->outcomes[c->err]++;
	if (c->waited)
		count(f, COUNT_WAITED);
	if (c->late)
		count(f, COUNT_LATE);
	if (c->err == SK_BUSY)
		count(f, COUNT_BUSY);
	if (c->replayed)
		count(f, COUNT_REPLAYED);
	if (c->task == TASK_SIGN && !c->err)
		count(f, COUNT_SIGNED);
	if (c->task == TASK_VERIFY)
		count(f, COUNT_UNVERIFIED - sk_outcome(c->err)->verstat);
}

_Static_assert(COUNT_UNVERIFIED - SK_VERSTAT_FAILED == COUNT_FAILED &&
		       COUNT_UNVERIFIED - SK_VERSTAT_PASSED == COUNT_PASSED,
	       "the three verdicts are counted in the reverse order of enum sk_verstat");

static void write_record(struct front *f, struct dip *d, const struct answer *a)
{
	struct sk_buf line;

	if (!d->call.tenant->conf->log.calls)
		return;
	sk_buf_init(&line, f->record, sizeof(f->record));
	record_print(&d->call, a, clock_us() - d->began_us, &line);
	if (!line.overflow)
		log_write(f->parts.log, (struct sk_span){ line.text, line.len });
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
	dip_answer(d, &a, f->parts.counters);
	count_outcome(f, call);
	write_record(f, d, &a);
	d->ended = true;
	if (!d->starting)
		dip_free(d);
}

static void begin_call(struct dip *d)
{
	struct front *f = d->front;
	struct call *c = &d->call;

	c->facts.now = f->parts.clock->wall(f->parts.clock);
	c->facts.first_seen = c->facts.now;
	c->facts.repeat = repeat_seen(f->repeat, c->facts.id, f->parts.clock->mono(f->parts.clock),
				      &c->facts.first_seen);
	if (c->facts.repeat)
		count(f, COUNT_REPEATS);
	c->tenant = tenant_ref(tenant_find(f->tenant, &c->facts));
	c->certs = f->parts.certs;
	c->seen = c->tenant->set->verify.replay == REPLAY_OFF ? NULL : f->seen;
	c->mac = f->mac;
	c->loop = f->parts.loop;
	c->waiting = &f->waiting;
	c->done = on_done;
	c->deadline_ms = c->tenant->conf->sip.deadline < c->tenant->conf->certs.wait
				 ? c->tenant->conf->sip.deadline
				 : c->tenant->conf->certs.wait;
	c->has_claims = c->passed = c->waited = c->late = c->asking = c->replayed = false;
	c->identity[0] = c->x5u[0] = c->rcd_name[0] = '\0';
	c->no_wait = c->noted = c->extra_err = SK_OK;
	c->identity_len = c->judged_count = c->link_count = c->extra_count = 0;
	c->rph = c->rcd = (struct beside){ .judged = false };
	c->cert_from = CERTS_FROM_NOWHERE;
	c->wait = (struct certs_wait){ .entry = NULL };
	c->prev = c->next = NULL;
}

/* An INVITE that is answered without a call; it leaves a record all the same. */
static void end_early(struct dip *d, enum sk_err why, const struct answer *a)
{
	struct front *f = d->front;

	d->call.task = TASK_PASS;
	d->call.err = why;
	dip_answer(d, a, f->parts.counters);
	count_outcome(f, &d->call);
	write_record(f, d, a);
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

	count(f, COUNT_IN_DIALOG);
	if (f->tenant->conf->sip.in_dialog == IN_DIALOG_481) {
		refuse(d, 481, SK_NOTHING_TO_DO);
		return;
	}
	answer_in_dialog(&d->call, f->answer, &a);
	end_early(d, SK_NOTHING_TO_DO, &a);
}

static void on_invite(struct dip *d)
{
	struct front *f = d->front;
	unsigned refused = dip_refusal(d);

	count(f, COUNT_INVITES);
	begin_call(d);
	if (refused) {
		count(f, COUNT_MALFORMED);
		refuse(d, refused, SK_REQUEST_SYNTAX);
		return;
	}
	if (f->draining) {
		count(f, COUNT_DRAINED);
		refuse(d, 503, SK_DRAINING);
		return;
	}
	if (d->call.facts.in_dialog) {
		on_in_dialog(d);
		return;
	}
	d->ended = false;
	call_start(&d->call);
}

static void on_request(struct dip *d, struct sk_span method)
{
	struct front *f = d->front;

	if (sk_span_eq(method, SK_SPAN("INVITE"))) {
		on_invite(d);
	} else if (sk_span_eq(method, SK_SPAN("OPTIONS"))) {
		count(f, COUNT_OPTIONS);
		answer_now(d, f->draining ? 503 : 200);
	} else {
		count(f, COUNT_OTHER_METHODS);
		answer_now(d, 405);
	}
}

/* ACK and CANCEL are ignored (RFC 3261, 8.2.7); seen before anything is parsed. */
static bool is_ignored(struct front *f, struct sk_span bytes)
{
	if (bytes.len > 4 && memcmp(bytes.ptr, "ACK ", 4) == 0) {
		count(f, COUNT_ACK);
		return true;
	}
	if (bytes.len > 7 && memcmp(bytes.ptr, "CANCEL ", 7) == 0) {
		count(f, COUNT_CANCEL);
		return true;
	}
	return false;
}

/* A few 403 a second for all strangers together, so that nobody can be hit by way of us. */
static bool stranger_gets_403(struct front *f)
{
	int64_t second = f->parts.clock->mono(f->parts.clock) / 1000;

	if (f->tenant->conf->sip.strangers != STRANGERS_403)
		return false;
	if (second != f->strangers_second) {
		f->strangers_second = second;
		f->strangers_left = STRANGERS_SECOND;
	}
	return f->strangers_left-- > 0;
}

static bool may_speak(struct front *f, const struct datagram *g, bool *stranger)
{
	*stranger = !net_list_has(&f->tenant->conf->sip.sources, &g->source);
	if (*stranger)
		count(f, COUNT_STRANGERS);
	if (*stranger && !stranger_gets_403(f))
		return false;
	if (g->cut || g->bytes.len > (size_t)f->tenant->conf->sip.datagram_max) {
		count(f, COUNT_OVERSIZED);
		return false;
	}
	return true;
}

/* Counts what is dropped; answers 400 where there is somebody to answer.  @return false: it is done
 */
static bool read_request(struct dip *d, struct sk_span *method)
{
	static const enum counter dropped[] = {
		[DIP_NOISE] = COUNT_NOISE,
		[DIP_FLOOD] = COUNT_HEADER_FLOOD,
		[DIP_UNROUTABLE] = COUNT_UNROUTABLE,
		[DIP_BAD] = COUNT_MALFORMED,
	};
	struct front *f = d->front;
	enum dip_result result =
		dip_read(d, (size_t)f->tenant->conf->sip.headers_max, f->mac, method);

	if (result == DIP_READ)
		return true;
	count(f, dropped[result]);
	if (result == DIP_BAD && sk_span_eq(*method, SK_SPAN("INVITE"))) {
		begin_call(d);
		refuse(d, 400, SK_REQUEST_SYNTAX);
	} else if (result == DIP_BAD) {
		answer_now(d, 400);
	}
	return false;
}

void front_on_datagram(void *arg, const struct datagram *g)
{
	struct front *f = arg;
	struct sk_span method;
	struct dip *d;
	bool stranger;

	count(f, COUNT_DATAGRAMS);
	if (!may_speak(f, g, &stranger) || is_ignored(f, g->bytes))
		return;
	d = dip_new(f, g);
	if (!d)
		return;
	if (stranger && read_request(d, &method))
		answer_now(d, 403);
	else if (!stranger && read_request(d, &method))
		on_request(d, method);
	d->starting = false;
	if (d->ended)
		dip_free(d);
}

static bool make_mac(const char *hex, struct sk_mac **out)
{
	uint8_t key[SK_MAC_KEY];
	bool made;

	if (hex[0] == '\0') {
		if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
			return false;
	} else {
		for (size_t i = 0; i < sizeof(key); i++) {
			unsigned byte;

			if (sscanf(hex + i * 2, "%2x", &byte) != 1)
				return false;
			key[i] = (uint8_t)byte;
		}
	}
	made = !sk_mac_new(key, out);
	explicit_bzero(key, sizeof(key));
	return made;
}

/* Replays are looked for from the first configuration on that wants it. */
static bool front_watch(struct front *f)
{
	const struct verify_conf *set = &f->tenant->set->verify;

	if (set->replay == REPLAY_OFF || f->seen)
		return true;
	f->seen = seen_new((size_t)set->replay_entries);
	return f->seen != NULL;
}

bool front_new(const struct front_parts *parts, struct tenant *tenant, struct front **out,
	       char why[256])
{
	SK_CLEANUP(front_free_p) struct front *f = calloc(1, sizeof(*f));

	if (f) {
		f->parts = *parts;
		f->tenant = tenant_ref(tenant);
		f->repeat = repeat_new();
		f->waiting.max = (size_t)tenant->conf->sip.waiting_max;
	}
	if (!f || !f->repeat || !make_mac(tenant->conf->sip.tag_key, &f->mac)) {
		snprintf(why, 256, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	if (!front_watch(f)) {
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
	repeat_free(f->repeat);
	seen_free(f->seen);
	sk_mac_free(f->mac);
	tenant_unref(f->tenant);
	free(f);
}

void front_set_tenant(struct front *f, struct tenant *tenant)
{
	struct tenant *old = f->tenant;

	f->tenant = tenant_ref(tenant);
	f->waiting.max = (size_t)tenant->conf->sip.waiting_max;
	tenant_unref(old);
	if (!front_watch(f))
		log_print(f->parts.log, LEVEL_ERROR,
			  "msg=\"no memory to look for replays (verify.replay-entries)\"");
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
