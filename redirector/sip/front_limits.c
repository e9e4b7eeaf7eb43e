/*
 * Whoever asks too much must cost little and hurt nobody else.  A source is looked at before
 * anything is parsed, a trunk and a tenant as soon as it is known whose the call is.
 *
 * Every limit counts in milliseconds of the front's own clock, so that a replay can set it.
 */
#include "redirector/sip/front_state.h"

#include "redirector/base/bucket.h"
#include "redirector/call/limit.h"

enum {
	STRANGERS_SECOND = 10, /* 403 answers a second, for all strangers together */
	TLS_COST = 10,         /* a handshake is 0.3 ms, a call 0.03 */
};

enum front_source front_source(struct front *f, const struct addr *source)
{
	const struct sip_conf *set = &f->conf->sip;
	enum sources_say say;

	if (set->source_rate == 0)
		return FRONT_SOURCE_OK;
	say = sources_take(f->sources, source, set->source_rate, set->source_burst,
			   front_now_us(f));
	if (say == SOURCES_OK)
		return FRONT_SOURCE_OK;
	front_count(f, COUNT_SOURCE_OVER);
	if (say == SOURCES_OVER && set->source_over != OVER_LIMIT_SILENCE)
		return FRONT_SOURCE_OVER;
	front_count(f, COUNT_SOURCE_DROPPED);
	return FRONT_SOURCE_DROP;
}

bool front_pays(void *arg, const struct addr *source, bool tls)
{
	const struct front *f = arg;
	const struct sip_conf *set = &f->conf->sip;

	return sources_take_dear(f->sources, source, set->source_rate, set->source_burst,
				 tls ? TLS_COST : 1, front_now_us(f));
}

bool front_is_over(struct dip *d)
{
	struct front *f = d->front;
	bool over;

	/* the client asks again because our answer was lost: the same answer (RFC 3261, 8.2.7) */
	if (d->call.facts.repeat && !d->repeat.too_often)
		over = d->repeat.over;
	else
		over = !limit_take(&d->call, front_now_us(f));
	if (!over)
		return false;
	if (!d->call.facts.repeat)
		repeat_set_over(f->repeat, &d->repeat);
	front_count(f, COUNT_LIMITED);
	return true;
}

bool front_stranger_is_told(struct front *f)
{
	return f->conf->sip.strangers == STRANGERS_403 &&
	       bucket_take(&f->strangers_at, 1000, STRANGERS_SECOND, STRANGERS_SECOND,
			   front_now_us(f));
}
