/**
 * @file http.h  The HTTP server: libmicrohttpd on our loop, HTTP and HTTPS
 *
 * We own the listening sockets (handed over by the supervisor) and accept by ourselves
 * (MHD_add_connection), so that sources, connection limits and rates are judged before
 * libmicrohttpd sees a byte.  libmicrohttpd never has a thread; its epoll descriptor is a watch of
 * our loop.  TLS is GnuTLS's; the certificate comes from a callback, so that a reload gives the
 * next handshake the new one.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/http/authorization.h"
#include "redirector/http/route.h"
#include "redirector/monitor/http_counts.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	HTTP_LISTEN_MAX = 17, /**< http.listen and http.health */
};

struct http;

enum http_door {
	DOOR_HTTP,
	DOOR_HTTPS,
	DOOR_HEALTH, /**< plain, and only routes with `on_health` */
};

/** A listening socket, non-blocking; borrowed. */
struct http_socket {
	int fd;
	enum http_door door;
};

/** What it needs; all of it must outlive it. */
struct http_parts {
	struct loop *loop;
	struct log *log;
	const struct clock *clock;
	struct http_counts *counts; /**< in shared memory */
	const struct routes *routes;
};

/**
 * @param conf           A reference is taken
 * @param authorization  A reference is taken; NULL: nobody is a client or a viewer
 * @param why            On failure the reason, with the setting: "http.key: ..."
 */
SK_MUSTCHECK
bool http_new(const struct http_parts *parts, struct conf *conf,
	      struct authorization *authorization, const struct http_socket *sockets, size_t count,
	      struct http **out, char why[256]);
void http_free(struct http *http);
SK_DEFINE_CLEANUP(struct http, http_free)

/**
 * All that other settings need: files are read, memory is taken; what is served stays.
 *
 * @param conf  A reference is taken
 *
 * @return false with the reason, and nothing is prepared
 */
SK_MUSTCHECK
bool http_prepare(struct http *http, struct conf *conf, char why[256]);

/** What was prepared, and these clients, from the next request (TLS: handshake) on.
 * @param authorization  A reference is taken; NULL: nobody is a client or a viewer */
void http_swap(struct http *http, struct authorization *authorization);

/** Forgets what was prepared. */
void http_drop(struct http *http);

/** No new connections; those that are there get `Connection: close` with their next answer, idle
 * ones are closed at once. */
void http_drain(struct http *http);

/** Connections that are open. */
size_t http_open(const struct http *http);

/**
 * Would it start with these settings?  Reads certificate, key and CA; for --check and reloads.
 *
 * @param not_after  When the certificate ends; 0: there is no https.  NULL: never mind
 */
SK_MUSTCHECK
bool http_check(const struct conf *conf, int64_t *not_after, char why[256]);

/** When http.certificate ends, seconds since the epoch; 0: there is none. */
int64_t http_not_after(const struct http *http);
