/*
 * "udp:" is UDP and TCP on one port (RFC 3261, 18.2.1), unless an entry of its own says what
 * speaks TCP there; "tcp:" and "tls:" are one listening socket for each worker.
 */
#include "redirector/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	PORT_TRIES = 20, /* of a port that the kernel chose for UDP, and TCP cannot have */
};

static bool is_udp(const char *entry)
{
	return strncmp(entry, "udp:", 4) == 0;
}

/* Has another entry the same address for TCP or TLS? */
static bool is_told(const struct text_list *listen, const char *entry)
{
	for (size_t i = 0; i < listen->count; i++)
		if (!is_udp(listen->items[i]) && strcmp(listen->items[i] + 4, entry + 4) == 0)
			return true;
	return false;
}

static struct group_set set_of(const struct conf *conf, enum group_kind kind, unsigned workers)
{
	return (struct group_set){
		.kind = kind,
		.count = workers,
		.receive_buffer = conf->sip.receive_buffer,
		.ack_filter = conf->sip.ack_filter,
		.backlog = (int)conf->streams.backlog,
	};
}

static bool open_both(const struct conf *conf, const struct addr *at, unsigned workers,
		      struct listener *out, char why[256])
{
	struct group_set udp = set_of(conf, GROUP_UDP, workers);
	struct group_set tcp = set_of(conf, GROUP_TCP, workers);
	int error;

	for (int i = 0; i < PORT_TRIES; i++) {
		if (!group_open(at, &udp, &out->udp, why))
			return false;
		if (group_open(&out->udp.local, &tcp, &out->tcp, why))
			return true;
		error = errno;
		group_close(&out->udp);
		errno = error;
		if (addr_port(at) != 0)
			return false;
	}
	return false;
}

static bool open_one(const struct conf *conf, const char *entry, unsigned workers,
		     struct listener *out, char why[256])
{
	struct group_set udp = set_of(conf, GROUP_UDP, workers);
	struct group_set tcp = set_of(conf, GROUP_TCP, workers);
	struct addr at;

	/* the word before the address was checked with the configuration */
	if (strlen(entry) < 4 || !addr_parse(sk_span_of(entry + 4), &at)) {
		snprintf(why, 256, "sip.listen: %.100s", entry);
		errno = EINVAL;
		return false;
	}
	if (!is_udp(entry))
		return group_open(&at, &tcp, &out->tcp, why);
	if (is_told(&conf->sip.listen, entry))
		return group_open(&at, &udp, &out->udp, why);
	return open_both(conf, &at, workers, out, why);
}

bool sockets_open(const struct conf *conf, unsigned workers, struct sockets *out, char why[256])
{
	const struct text_list *listen = &conf->sip.listen;

	for (size_t i = 0; i < listen->count && i < LISTEN_MAX; i++) {
		out->count++;
		if (!open_one(conf, listen->items[i], workers, &out->listeners[i], why))
			return false;
	}
	return true;
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->count; i++) {
		group_close(&s->listeners[i].udp);
		group_close(&s->listeners[i].tcp);
	}
	s->count = 0;
}

static int socket_of(const struct group *g, unsigned worker)
{
	return worker < g->count ? g->fds[worker] : -1;
}

void sockets_of(const struct sockets *s, unsigned worker, struct worker_sockets out[LISTEN_MAX])
{
	for (size_t i = 0; i < LISTEN_MAX; i++)
		out[i] = (struct worker_sockets){ -1, -1 };
	for (size_t i = 0; i < s->count; i++) {
		out[i].udp = socket_of(&s->listeners[i].udp, worker);
		out[i].tcp = socket_of(&s->listeners[i].tcp, worker);
	}
}

bool sockets_select(const struct sockets *s, const bool *live)
{
	bool ok = true;

	for (size_t i = 0; i < s->count; i++)
		ok = group_select(&s->listeners[i].udp, live) &&
		     group_select(&s->listeners[i].tcp, live) && ok;
	return ok;
}
