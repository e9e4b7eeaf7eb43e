/*
 * How much clients are to hold back (RFC 7339): a share of their calls, the same for all who ask,
 * from what was turned away in the last second.  Each worker tells what it sees itself; since the
 * load is spread over all of them by the call, they see the same.
 */
#include "redirector/sip/front_state.h"
#include "redirector/sip/oc.h"

enum {
	WINDOW_MS = 1000, /* also how long an answer's word holds: one that is not told anew has
			     nothing to hold back */
	LOSS_MAX = 95,    /* some must come, or nobody would see that it is over */
	VIA_SIZE = 1024,
};

/*
 * Of what all clients would send us, the part that we could not do; those that hold back
 * already send `loss` per cent less than they would.  When nothing was turned away nobody knows
 * how much more we could do: a quarter of it is given back.
 */
static unsigned next_loss(const struct load_window *w, unsigned loss)
{
	uint64_t wanted, served;

	if (w->turned == 0)
		return loss * 3 / 4;
	served = w->calls - w->turned;
	wanted = w->calls * 100;
	if (w->read > 0)
		wanted = w->calls * (100 * (w->read - w->asked) + w->asked * 10000 / (100 - loss)) /
			 w->read;
	loss = 100 - (unsigned)(served * 10000 / wanted);
	return loss < LOSS_MAX ? loss : LOSS_MAX;
}

void front_roll_window(struct overload *o, int64_t now_ms)
{
	if (now_ms - o->window.began_ms < WINDOW_MS)
		return;
	o->share = o->window.calls ? (unsigned)(o->window.turned * 100 / o->window.calls) : 0;
	o->loss = next_loss(&o->window, o->loss);
	o->window = (struct load_window){ .began_ms = now_ms };
}

static int64_t next_seq(struct front *f)
{
	struct overload *o = &f->overload;
	int64_t seq = (o->base_ms + f->parts.clock->mono(f->parts.clock)) * 100;

	o->seq = seq > o->seq ? seq : o->seq + 1;
	return o->seq;
}

void front_tell_load(struct dip *d, bool invite)
{
	struct overload *o = &d->front->overload;
	struct sk_span via = dip_via(d);
	char text[VIA_SIZE];
	struct sk_buf line;
	struct oc oc;
	bool asks = oc_asks(via);

	o->window.read += invite;
	o->window.asked += invite && asks;
	if (!asks)
		return;
	oc = (struct oc){ .loss = o->loss,
			  /* RFC 7339, 4.3: 0 means that nothing is asked for */
			  .validity_ms = o->loss > 0 ? WINDOW_MS : 0,
			  .seq = next_seq(d->front) };
	sk_buf_init(&line, text, sizeof(text));
	oc_print(via, &oc, &line);
	if (!line.overflow)
		dip_set_via(d, (struct sk_span){ text, line.len });
}
