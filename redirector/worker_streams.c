/*
 * TCP and TLS of one worker, as the configuration has them.
 *
 * What surprises: a reload whose certificate cannot be read is good all the same; the one in use
 * stays, and the log says why.  All calls over a file that comes a moment too late would be a
 * high price.
 */
#include "redirector/worker_state.h"

#include "redirector/tls_conf.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct streams_limits limits_of(const struct conf *conf, unsigned workers)
{
	const struct streams_conf *set = &conf->streams;

	return (struct streams_limits){
		.connections = set->connections,
		.per_source = streams_per_source(set->per_source, set->connections, workers),
		.message_time = set->message_time,
		.idle = set->idle,
		.send_time = set->send_time,
		.handshake = conf->tls.handshake,
		.message_max = (size_t)conf->sip.datagram_max,
	};
}

static bool admits(void *arg, const struct addr *source)
{
	const struct worker *w = arg;

	return directory_admits(w->directory, source);
}

static void take_datagrams(void *arg)
{
	const struct worker *w = arg;

	for (size_t i = 0; i < w->socket_count; i++)
		udp_turn(w->sockets[i]);
}

static void tell_listening(const struct worker *w, int fd, bool tls)
{
	struct addr at = { .len = sizeof(at.sa) };
	char text[ADDR_TEXT_SIZE];

	if (!worker_tells(w) || getsockname(fd, &at.sa.any, &at.len) < 0)
		return;
	addr_print(&at, text);
	log_print(w->log, LEVEL_INFO, "event=listen address=%s:%s", tls ? "tls" : "tcp", text);
}

static bool listen_all(struct worker *w, char why[WHY_SIZE])
{
	const struct text_list *listen = &w->start->sip.listen;

	for (size_t i = 0; i < listen->count && i < LISTEN_MAX; i++) {
		bool tls = strncmp(listen->items[i], "tls:", 4) == 0;
		int fd = w->given.sockets[i].tcp;

		if (fd < 0)
			continue;
		if (!streams_listen(w->streams, fd, tls, why))
			return false;
		tell_listening(w, fd, tls);
	}
	return true;
}

/* Of a start it is a mistake to be told.  Whoever comes later, in the place of one that died, does
 * not take UDP and TCP along: clients of TLS are sent away until a reload finds good files. */
static bool open_tls(struct worker *w, char why[WHY_SIZE])
{
	const struct pages *pages = w->given.pages.at;

	if (tls_conf_read(w->start, &w->tls, why))
		return true;
	if (!atomic_load(&pages->begun))
		return false;
	log_print(w->log, LEVEL_ERROR, "event=tls msg=\"%s; no TLS until a reload\"", why);
	return true;
}

bool worker_open_streams(struct worker *w, char why[WHY_SIZE])
{
	const struct streams_limits limits = limits_of(w->start, w->given.count);
	struct pages *pages = w->given.pages.at;
	const struct streams_parts parts = {
		.loop = w->loop,
		.clock = &w->clock,
		.handler = front_on_packet,
		.admits = admits,
		.pays = front_pays,
		.between = take_datagrams,
		.between_arg = w,
		.handler_arg = w->front,
		.admits_arg = w,
		.open = pages->streams_open,
		.workers = pages->seats,
		.self = w->given.seat,
		.counts = w->page->streams,
	};

	/* whoever sat here before has taken his connections with him */
	atomic_store(&pages->streams_open[w->given.seat], 0);
	if (!open_tls(w, why) || !streams_new(&parts, &limits, &w->streams, why))
		return false;
	streams_set_tls(w->streams, w->tls);
	return listen_all(w, why);
}

void worker_reload_streams(struct worker *w, const struct conf *conf)
{
	const struct streams_limits limits = limits_of(conf, w->given.count);
	struct tls *tls = NULL;
	char why[TLS_WHY_SIZE];

	if (!w->streams)
		return;
	streams_set_limits(w->streams, &limits);
	if (!tls_conf_read(conf, &tls, why)) {
		if (worker_tells(w))
			log_print(w->log, LEVEL_ERROR,
				  "event=reload msg=\"%s; the certificate in use stays\"", why);
		return;
	}
	/* without a tls: listener in it there is none; what listens is a restart's to change */
	if (!tls)
		return;
	tls_unref(w->tls);
	w->tls = tls;
	streams_set_tls(w->streams, tls);
}

void worker_log_streams(struct worker *w)
{
	char text[LOG_LINE_MAX] = "";
	size_t len = 0;

	for (int i = 0; i < STREAMS_LAST; i++) {
		uint64_t n = atomic_load_explicit(&w->page->streams[i], memory_order_relaxed);

		if (n > 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s=%llu",
						streams_count_name((enum streams_count)i),
						(unsigned long long)n);
	}
	log_print(w->log, LEVEL_ASKED, "event=streams open=%zu%s", streams_count(w->streams), text);
}
