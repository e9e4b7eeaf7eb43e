/*
 * What is asked is copied once, so that nothing of the request has to outlive its handler; a call
 * that waits keeps its tenant, and with it the client, whatever a reload does.
 */
#include "redirector/http/desk.h"

#include "redirector/call/ledger.h"
#include "redirector/call/limit.h"
#include "redirector/call/seen.h"
#include "redirector/call/tag_mac.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct desk {
	struct desk_parts parts;
	struct directory *directory;   /* a reference                       */
	struct conf *conf;             /* the directory's                   */
	const struct numbers *numbers; /* borrowed; NULL: none              */
	struct sk_mac *mac;
	struct seen *seen; /* NULL: replays were never looked for */
	struct waiting waiting;
	struct ledger ledger;
	bool draining;
	bool said_seen; /* a warning that is given once      */
};

/* One question in hand. */
struct question {
	struct call call; /* first: the call that ends is the question's */
	struct asked asked;
	struct sk_rph rph;
	struct desk *desk;
	desk_h *done;
	void *arg;
	int64_t began_us;
	bool starting; /* desk_ask() has not returned yet */
	bool ended;
	char made_id[SK_UUID_SIZE];
	char mem[]; /* copies of its texts             */
};

static void count(struct desk *d, enum counter counter)
{
	d->parts.counters->n[counter]++;
}

/* Microseconds by the desk's clock, for buckets. */
static int64_t now_us(const struct desk *d)
{
	return d->parts.clock->mono(d->parts.clock) * 1000;
}

static void question_free(struct question *q)
{
	call_deinit(&q->call);
	free(q);
}

/* Counted before it is answered: whoever has the answer finds it in the counters. */
static void on_done(struct call *call)
{
	struct question *q = (struct question *)call;
	struct answer answer = ledger_answer(call);

	ledger_add(&q->desk->ledger, call, &answer, clock_us() - q->began_us, now_us(q->desk));
	q->done(q->arg, call);
	q->ended = true;
	if (!q->starting)
		question_free(q);
}

/* --- from a question to a call --- */

static size_t texts_len(const struct desk_question *asked, size_t identities)
{
	size_t len = asked->id.len + asked->asked.x5u.len;

	for (size_t i = 0; i < identities; i++)
		len += asked->identities[i].len;
	return len;
}

static struct sk_span keep(char **at, struct sk_span text)
{
	struct sk_span kept = { *at, text.len };

	if (text.len > 0)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

static void copy_texts(struct question *q, const struct desk_question *asked, size_t identities)
{
	struct facts *f = &q->call.facts;
	char *at = q->mem;

	for (size_t i = 0; i < identities; i++)
		f->identities[i] = keep(&at, asked->identities[i]);
	f->identity_count = identities;
	q->asked.x5u = keep(&at, asked->asked.x5u);
	f->call_id = asked->id.len > 0 ? keep(&at, asked->id) : sk_span_of(q->made_id);
}

/* The desk does not trust an interface with what a client must not say. */
static enum sk_attest bounded(enum sk_attest wanted, enum conf_attest best)
{
	if (wanted == SK_ATTEST_NONE || wanted == SK_ATTEST_BAD)
		return wanted;
	return (int)best > (int)wanted || best == CONF_ATTEST_NONE ? (enum sk_attest)best : wanted;
}

static void copy_asked(struct question *q, const struct desk_question *asked)
{
	const struct client_conf *client = asked->client->set;

	q->asked = asked->asked;
	q->asked.interface = asked->interface;
	q->asked.client = client->name;
	q->asked.attest = bounded(q->asked.attest, client->attest);
	q->asked.best = (enum sk_attest)client->attest;
	if (q->asked.rph) {
		q->rph = *q->asked.rph;
		q->asked.rph = &q->rph;
	}
}

static struct seen *desk_seen(struct desk *d)
{
	if (!d->seen)
		d->seen = seen_open(&d->parts.seen, d->conf);
	if (!d->seen && !d->said_seen) {
		d->said_seen = true;
		log_print(d->parts.log, LEVEL_ERROR,
			  "msg=\"no memory to look for replays (verify.replay-entries)\"");
	}
	return d->seen;
}

static void give_parts(struct desk *d, struct call *c)
{
	c->numbers = d->numbers;
	c->tokens = d->parts.tokens;
	c->certs = d->parts.certs;
	c->loop = d->parts.loop;
	c->seen = c->tenant->set->verify.replay == REPLAY_OFF ? NULL : desk_seen(d);
	c->mac = d->mac;
	c->waiting = &d->waiting;
	c->done = on_done;
	c->deadline_ms = c->conf->http.deadline < c->conf->certs.wait ? c->conf->http.deadline
								      : c->conf->certs.wait;
}

static void fill_facts(struct desk *d, struct facts *f, const struct desk_question *asked)
{
	f->source = *asked->source;
	f->local = *asked->local;
	f->transport = asked->transport;
	f->complete = true;
	f->repeat = false;
	f->tag[0] = '\0';
	f->now = f->first_seen = d->parts.clock->wall(d->parts.clock);
}

/* @return NULL when out of memory, or of chance */
static struct question *question_new(struct desk *d, const struct desk_question *asked)
{
	size_t identities =
		asked->identity_count < SK_IDENTITY_MAX ? asked->identity_count : SK_IDENTITY_MAX;
	struct question *q = malloc(sizeof(*q) + texts_len(asked, identities));
	struct call *c;

	if (!q)
		return NULL;
	c = &q->call;
	/* the large members are written before they are read, as of a dip */
	memset(&c->facts, 0, offsetof(struct facts, headers));
	c->facts.header_count = 0;
	if (getrandom(c->facts.id, sizeof(c->facts.id), 0) != sizeof(c->facts.id)) {
		free(q);
		return NULL;
	}
	sk_uuid_print(c->facts.id, q->made_id);
	copy_asked(q, asked);
	copy_texts(q, asked, identities);
	fill_facts(d, &c->facts, asked);
	q->desk = d;
	q->began_us = clock_us();
	c->asked = &q->asked;
	c->tenant = tenant_ref(asked->client->tenant);
	c->conf = conf_ref(d->conf);
	c->trunk = asked->client->trunk;
	c->timer = NULL;
	c->links = NULL;
	c->extras = NULL;
	give_parts(d, c);
	call_init(c);
	return q;
}

static void start(struct desk *d, struct call *c)
{
	if (d->draining) {
		count(d, COUNT_DRAINED);
		c->task = TASK_PASS;
		c->err = SK_DRAINING;
		on_done(c);
		return;
	}
	c->over_limit = !limit_is_heartbeat(c) && !limit_take(c, now_us(d));
	if (c->over_limit)
		count(d, COUNT_LIMITED);
	call_start(c);
}

enum sk_err desk_ask(struct desk *d, const struct desk_question *asked, desk_h *done, void *arg)
{
	struct question *q = question_new(d, asked);

	if (!q)
		return SK_ENOMEM;
	count(d, COUNT_QUESTIONS);
	q->done = done;
	q->arg = arg;
	q->starting = true;
	q->ended = false;
	start(d, &q->call);
	q->starting = false;
	if (q->ended)
		question_free(q);
	return SK_OK;
}

/* --- the desk --- */

bool desk_new(const struct desk_parts *parts, struct directory *directory, struct desk **out,
	      char why[256])
{
	SK_CLEANUP(desk_free_p) struct desk *d = calloc(1, sizeof(*d));

	if (d) {
		d->parts = *parts;
		desk_set_directory(d, directory);
		d->mac = tag_mac_new(parts->tag_key, d->conf);
	}
	if (!d || !d->mac) {
		snprintf(why, 256, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	d->ledger.counters = parts->counters;
	d->ledger.steps = parts->steps;
	d->ledger.log = parts->log;
	d->ledger.records = parts->records;
	d->ledger.trace = parts->trace;
	d->ledger.mac = d->mac;
	if (d->conf->tenant.verify.replay != REPLAY_OFF && !desk_seen(d)) {
		snprintf(why, 256, "verify.replay-entries: %s", sk_err_text(SK_ENOMEM));
		return false;
	}
	*out = sk_steal(d);
	return true;
}

void desk_free(struct desk *d)
{
	if (!d)
		return;
	desk_give_up(d);
	seen_free(d->seen);
	sk_mac_free(d->mac);
	directory_unref(d->directory);
	free(d);
}

void desk_set_directory(struct desk *d, struct directory *directory)
{
	struct directory *old = d->directory;

	d->directory = directory_ref(directory);
	d->conf = directory_conf(directory);
	d->waiting.max = (size_t)d->conf->sip.waiting_max;
	directory_unref(old);
}

void desk_set_numbers(struct desk *d, const struct numbers *numbers)
{
	d->numbers = numbers;
}

void desk_drain(struct desk *d)
{
	d->draining = true;
}

size_t desk_waiting(const struct desk *d)
{
	return d->waiting.count;
}

void desk_give_up(struct desk *d)
{
	while (d->waiting.first)
		call_give_up(d->waiting.first, SK_LATE);
}
