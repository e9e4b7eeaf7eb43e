/*
 * Somebody else's calls beside the measured ones: from another address, at a rate of their own,
 * by the same thread, so that they come evenly and take no core from the server.  Their answers
 * are counted by kind and not timed.
 */
#include "bench/blast.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	AT_ONCE = 8, /* calls that one step may send: a stall is not made up for by a burst */
};

struct others {
	struct scripts scripts;
	struct others_tally tally;
	double rate;
	uint64_t due; /* ns: when the next one is */
	size_t next;
	int fd;
};

bool others_new(const struct wish *wish, struct others **out)
{
	SK_CLEANUP(others_free_p) struct others *o = calloc(1, sizeof(*o));
	struct wish own = *wish;

	if (!o)
		return false;
	own.from = wish->others;
	own.transport = OVER_UDP;
	o->rate = wish->others_rate;
	o->fd = blast_socket(&own, SOCK_DGRAM);
	if (o->fd < 0 || getsockname(o->fd, &own.from.sa.any, &own.from.len) < 0 ||
	    !scripts_init(&o->scripts, &own))
		return false;
	*out = sk_steal(o);
	return true;
}

void others_free(struct others *o)
{
	if (!o)
		return;
	if (o->fd >= 0)
		close(o->fd);
	scripts_deinit(&o->scripts);
	free(o);
}

static bool send_due(struct others *o, uint64_t now)
{
	uint64_t step = (uint64_t)(1e9 / o->rate);
	char bytes[MESSAGE_SIZE];

	if (o->due == 0)
		o->due = now;
	for (int i = 0; i < AT_ONCE && o->due <= now; i++, o->due += step) {
		const struct script *script = &o->scripts.items[o->next % o->scripts.count];
		size_t len = message_fill(&script->request, o->next++, bytes);

		if (send(o->fd, bytes, len, 0) < 0 && errno != EAGAIN && errno != ENOBUFS &&
		    errno != ECONNREFUSED)
			return false;
		o->tally.sent++;
	}
	if (o->due < now) /* what was not sent in time is not sent at all */
		o->due = now;
	return true;
}

bool others_step(struct others *o, uint64_t now)
{
	char bytes[MESSAGE_SIZE];
	struct answer_view a;
	ssize_t n;

	if (now > 0 && !send_due(o, now))
		return false;
	while ((n = recv(o->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		if (!answer_read((struct sk_span){ bytes, (size_t)n }, o->scripts.run, &a))
			continue;
		o->tally.answered++;
		if (a.status == 503)
			o->tally.refused++;
		else if (a.status == 302 && a.identities > 0)
			o->tally.signed_ones++;
		else if (a.status == 302)
			o->tally.plain++;
	}
	return n >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED;
}

const struct others_tally *others_tally(const struct others *o)
{
	return &o->tally;
}
