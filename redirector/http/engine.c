/*
 * libmicrohttpd without a thread: its epoll descriptor is watched by our loop, and it is run when
 * that has something, or when it asks to be run again.
 *
 * What surprises (0.9.75): it asks to be run at once, for ever, while a TLS handshake waits for
 * its client; and what is resumed sleeps on until something else happens.  So it is run again at
 * once a few times, as long as something comes of it, then ever more rarely; and whoever resumes
 * kicks it.
 */
#include "redirector/http/http_state.h"

#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TURNS_AT_ONCE = 4,
	PACE_MAX_MS = 16,
	/* beside the head: the fields' records, what is left of a body's piece, an answer's head.
	 * Were a longer head taken because it fits in here, there would be no room to answer it. */
	POOL_BESIDE = 8 << 10,
};

static void on_log(void *arg, const char *format, va_list args)
{
	const struct engine *e = arg;
	char line[256];

	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\r\n")] = '\0';
	log_print(e->home->parts.log, LEVEL_DEBUG, "msg=\"http\" library=\"%s\"", line);
}

/* The target stays as it was sent. */
static size_t unescape_nothing(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(text);
}

/* Never asked: each session is given its own credentials (secure.h). */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
			  const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
			  gnutls_pcert_st **chain, unsigned int *chain_len, gnutls_privkey_t *key)
{
	(void)session, (void)names, (void)name_count, (void)algorithms, (void)algorithm_count;
	*chain = NULL;
	*chain_len = 0;
	*key = NULL;
	return -1;
}

/* When it is to be run again. */
static void set_next(struct engine *e)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (e->kicked) {
		ms = 0;
		e->idle_turns = 0;
		e->kicked = false;
	} else if (MHD_get_timeout(e->daemon, &ms) != MHD_YES) {
		e->idle_turns = 0;
		timer_stop(e->timer);
		return;
	} else if (ms == 0 && e->progress == e->progress_seen) {
		e->idle_turns += e->idle_turns < 31;
		ms = e->idle_turns < 5 ? 1u << e->idle_turns : PACE_MAX_MS;
	} else {
		e->idle_turns = 0;
	}
	if (!timer_set(e->timer, (int64_t)(ms > 1000 ? 1000 : ms)))
		log_print(e->home->parts.log, LEVEL_ERROR, "msg=\"http: no timer\"");
}

static void run(struct engine *e)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (e->running)
		return;
	e->running = true;
	e->progress_seen = e->progress;
	for (unsigned i = 0; i < TURNS_AT_ONCE; i++) {
		uint64_t before = e->progress;

		MHD_run(e->daemon);
		if (MHD_get_timeout(e->daemon, &ms) != MHD_YES || ms > 0 || e->progress == before)
			break;
	}
	set_next(e);
	e->running = false;
}

static void on_event(void *arg, int fd, int events)
{
	(void)fd;
	(void)events;
	run(arg);
}

static void on_time(void *arg)
{
	run(arg);
}

void engine_kick(struct engine *e)
{
	e->progress++;
	e->idle_turns = 0;
	e->kicked = e->running;
	if (!e->running && !timer_set(e->timer, 0))
		log_print(e->home->parts.log, LEVEL_ERROR, "msg=\"http: no timer\"");
}

void engine_flush(struct engine *e)
{
	if (e && e->daemon)
		run(e);
}

static struct MHD_Daemon *start(struct engine *e)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | (e->tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{ e->tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0,
		  (void *)(uintptr_t)no_certificate },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(
		flags, 0, NULL, NULL, request_turn, e, MHD_OPTION_EXTERNAL_LOGGER, on_log, e,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, e->pool, MHD_OPTION_CONNECTION_MEMORY_INCREMENT,
		(size_t)1024, MHD_OPTION_CONNECTION_LIMIT, 1000000u, MHD_OPTION_CONNECTION_TIMEOUT,
		0u, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, request_ended, e,
		MHD_OPTION_NOTIFY_CONNECTION, connection_event, e, MHD_OPTION_URI_LOG_CALLBACK,
		request_first_line, e, MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, e,
		MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

struct engine *engine_new(struct http *http, bool tls, char why[256])
{
	struct engine *e = calloc(1, sizeof(*e));
	const union MHD_DaemonInfo *info;

	if (e) {
		*e = (struct engine){ .home = http, .tls = tls };
		e->head_max = (size_t)http->conf->http.header_max;
		e->pool = e->head_max + POOL_BESIDE;
		e->daemon = start(e);
	}
	info = e && e->daemon ? MHD_get_daemon_info(e->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info) {
		e->timer = timer_new(http->parts.loop, on_time, e);
		e->watch = watch_new(http->parts.loop, info->epoll_fd, LOOP_IN, on_event, e);
	}
	if (e && e->timer && e->watch)
		return e;
	snprintf(why, 256, "http: libmicrohttpd does not start");
	engine_free(e);
	return NULL;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	watch_free(e->watch);
	timer_free(e->timer);
	if (e->daemon)
		MHD_stop_daemon(e->daemon);
	free(e);
}

void engine_add(struct engine *e, struct connection *c)
{
	struct http *http = e->home;

	http->arriving = c;
	/* tells connection_event() from within; when it fails, it has closed the descriptor, and
	 * maybe told that, too */
	if (MHD_add_connection(e->daemon, c->fd, &c->source.sa.any, c->source.len) != MHD_YES &&
	    http->arriving == c)
		connection_gone(c);
	http->arriving = NULL;
	engine_kick(e);
}
