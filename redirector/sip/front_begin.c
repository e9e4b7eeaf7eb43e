/*
 * Whose a request is, and a call of his: with everything that a call needs, and nothing of
 * the call before.
 */
#include "redirector/sip/front_state.h"

#include "redirector/call/function.h"

struct seen *front_seen(struct front *f)
{
	if (!f->seen)
		f->seen = seen_open(&f->parts.seen, f->conf);
	if (!f->seen && !f->said_seen) {
		f->said_seen = true;
		log_print(f->parts.log, LEVEL_ERROR,
			  "msg=\"no memory to look for replays (verify.replay-entries)\"");
	}
	return f->seen;
}

/* Two tenants' requests are never the same one, whatever they say of themselves. */
static void look_for_repeat(struct dip *d)
{
	struct front *f = d->front;
	struct facts *facts = &d->call.facts;

	d->repeat = repeat_seen(f->repeat, facts->id, sk_span_of(d->call.tenant->set->name),
				f->parts.clock->mono(f->parts.clock), facts->now);
	facts->repeat = d->repeat.is;
	facts->first_seen = d->repeat.wall;
	if (facts->repeat)
		front_count(f, COUNT_REPEATS);
}

static void give_parts(struct front *f, struct call *c, call_h *done)
{
	c->numbers = f->numbers;
	c->tokens = f->parts.tokens;
	c->certs = f->parts.certs;
	c->loop = f->parts.loop;
	c->seen = c->tenant->set->verify.replay == REPLAY_OFF ? NULL : front_seen(f);
	c->mac = f->mac;
	c->waiting = &f->waiting;
	c->done = done;
	c->deadline_ms = c->conf->sip.deadline < c->conf->certs.wait ? c->conf->sip.deadline
								     : c->conf->certs.wait;
}

/* Now that it is a tenant's; its answer follows by the same way. */
static void show(struct dip *d)
{
	struct trace *trace = d->front->parts.trace;

	if (!trace_wants_messages(trace))
		return;
	d->trace = trace;
	trace_request(trace, &d->call.facts, (struct sk_span){ d->mem, d->bytes_len });
}

bool front_begin(struct dip *d, call_h *done)
{
	struct front *f = d->front;
	struct call *c = &d->call;
	struct tenant *tenant;

	repeat_expect(f->repeat, c->facts.id);
	tenant = directory_find(f->directory, &c->facts);
	if (!tenant)
		return false;
	c->tenant = tenant_ref(tenant);
	c->conf = conf_ref(f->conf);
	c->trunk = function_trunk(tenant, &c->facts);
	c->facts.now = f->parts.clock->wall(f->parts.clock);
	look_for_repeat(d);
	give_parts(f, c, done);
	show(d);
	c->asked = NULL;
	call_init(c);
	return true;
}
