/*
 * The HTTP server alone, with a few paths of its own:  http_driver CONFIG DOOR:PORT...
 *
 * DOOR is http, https, health, http6 (on ::1).  Prints "ready", then on SIGUSR1 its counts.  SIGHUP
 * reads the configuration again; SIGTERM drains and ends when nobody is left.  Prints "held" when
 * /held is asked, and answers that a moment after SIGTERM.
 */
#include "config/load.h"
#include "redirector/http/http.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BIG = 4 << 20,
	SLOW_MS = 300,
};

struct driver {
	const char *path;
	struct loop *loop;
	struct log *log;
	struct clock clock;
	struct http *http;
	struct conf *conf;
	struct http_counts counts;
	struct routes routes;
	struct http_socket sockets[HTTP_LISTEN_MAX];
	size_t socket_count;
	struct timer *end;
	char *big;
	struct exchange *held;
};

struct later {
	struct exchange *exchange;
	struct timer *timer;
};

static void on_get(void *arg, struct exchange *exchange)
{
	struct http_reply reply = { .status = 200, .type = "text/plain", .body = SK_SPAN("got\n") };

	(void)arg;
	exchange_answer(exchange, &reply);
}

static void on_echo(void *arg, struct exchange *exchange)
{
	const struct http_request *request = exchange_request(exchange);
	struct http_reply reply = { .status = 200,
				    .type = "application/json",
				    .body = request->body };

	(void)arg;
	reply.headers[0] =
		(struct http_header){ "X-Seen",
				      exchange_header(exchange, "X-Say").ptr ? "said" : "nothing" };
	exchange_answer(exchange, &reply);
}

static void on_big(void *arg, struct exchange *exchange)
{
	const struct driver *d = arg;
	struct http_reply reply = {
		.status = 200, .type = "text/plain", .kept = true, .body = { d->big, BIG }
	};

	exchange_answer(exchange, &reply);
}

static void on_timer(void *arg)
{
	struct later *later = arg;

	on_get(NULL, later->exchange);
	timer_free(later->timer);
	free(later);
}

static void think(struct driver *d, struct exchange *exchange, int64_t ms)
{
	struct later *later = calloc(1, sizeof(*later));

	if (!later)
		exit(1);
	later->exchange = exchange;
	later->timer = timer_new(d->loop, on_timer, later);
	if (!later->timer || !timer_set(later->timer, ms))
		exit(1);
}

static void on_slow(void *arg, struct exchange *exchange)
{
	think(arg, exchange, SLOW_MS);
}

/* later than the server waits */
static void on_late(void *arg, struct exchange *exchange)
{
	const struct driver *d = arg;

	think(arg, exchange, d->conf->http.deadline + 1500);
}

static void on_held(void *arg, struct exchange *exchange)
{
	struct driver *d = arg;

	d->held = exchange;
	printf("held\n");
	fflush(stdout);
}

static void add_routes(struct driver *d)
{
	const struct route routes[] = {
		{ .path = "/get",
		  .methods = METHOD_GET,
		  .who = ROUTE_LISTED,
		  .counted = "get",
		  .handler = on_get },
		{ .path = "/open",
		  .methods = METHOD_GET,
		  .who = ROUTE_ANYBODY,
		  .counted = "open",
		  .handler = on_get },
		{ .path = "/healthz",
		  .methods = METHOD_GET,
		  .who = ROUTE_LISTED,
		  .on_health = true,
		  .counted = "health",
		  .handler = on_get },
		{ .path = "/echo",
		  .methods = METHOD_POST,
		  .who = ROUTE_LISTED,
		  .accepts = "application/json",
		  .produces = "application/json",
		  .counted = "echo",
		  .handler = on_echo },
		{ .path = "/below/",
		  .methods = METHOD_GET | METHOD_POST,
		  .who = ROUTE_LISTED,
		  .counted = "below",
		  .handler = on_get },
		{ .path = "/big",
		  .methods = METHOD_GET,
		  .who = ROUTE_LISTED,
		  .counted = "big",
		  .handler = on_big,
		  .arg = d },
		{ .path = "/slow",
		  .methods = METHOD_GET | METHOD_POST,
		  .who = ROUTE_LISTED,
		  .counted = "slow",
		  .handler = on_slow,
		  .arg = d },
		{ .path = "/late",
		  .methods = METHOD_GET,
		  .who = ROUTE_LISTED,
		  .counted = "late",
		  .handler = on_late,
		  .arg = d },
		{ .path = "/held",
		  .methods = METHOD_GET,
		  .who = ROUTE_LISTED,
		  .counted = "held",
		  .handler = on_held,
		  .arg = d },
	};

	for (size_t i = 0; i < SK_COUNT(routes); i++)
		routes_add(&d->routes, &routes[i]);
}

static struct conf *load(const struct driver *d)
{
	struct complaints all = { .items = NULL };
	struct conf *conf = NULL;

	if (!conf_load(d->path, &conf, &all))
		for (size_t i = 0; i < all.count; i++)
			fprintf(stderr, "%s\n", all.items[i]);
	complaints_deinit(&all);
	return conf;
}

static void print_counts(const struct driver *d)
{
	static const char *const names[HTTP_COUNT_LAST] = {
		"accepted", "closed_source", "closed_full", "timed_out", "tls_failed", "malformed",
		"unknown",  "refused",       "limited",     "late",      "bytes_in",   "bytes_out",
	};

	for (size_t i = 0; i < HTTP_COUNT_LAST; i++)
		printf("%s=%llu ", names[i], (unsigned long long)d->counts.n[i]);
	for (size_t i = 0; i < HTTP_ROUTES_MAX && d->counts.routes[i].name[0]; i++)
		for (size_t j = 1; j < 6; j++)
			if (d->counts.routes[i].answers[j])
				printf("%s.%zu=%llu ", d->counts.routes[i].name, j,
				       (unsigned long long)d->counts.routes[i].answers[j]);
	printf("open=%lld\n", (long long)d->counts.open);
	fflush(stdout);
}

static void reload(struct driver *d)
{
	SK_CLEANUP(conf_unref_p) struct conf *conf = load(d);
	char why[256] = "the configuration";
	bool ok = conf && http_prepare(d->http, conf, why);

	if (ok) {
		http_swap(d->http, NULL);
		conf_unref(d->conf);
		d->conf = sk_steal(conf);
	}
	printf("reload %s\n", ok ? "ok" : why);
	fflush(stdout);
}

static void on_end(void *arg)
{
	struct driver *d = arg;

	if (http_open(d->http) == 0 || !timer_set(d->end, 20))
		loop_stop(d->loop);
}

static void on_signal(void *arg, int number)
{
	struct driver *d = arg;

	if (number == SIGUSR1)
		print_counts(d);
	if (number == SIGHUP)
		reload(d);
	if (number == SIGTERM) {
		http_drain(d->http);
		if (d->held)
			think(d, sk_steal(d->held), SLOW_MS);
		on_end(d);
	}
}

static bool bind_one(struct driver *d, const char *text)
{
	static const struct {
		const char *name;
		enum http_door door;
		const char *host;
	} doors[] = {
		{ "http:", DOOR_HTTP, "127.0.0.1" },
		{ "https:", DOOR_HTTPS, "127.0.0.1" },
		{ "health:", DOOR_HEALTH, "127.0.0.1" },
		{ "http6:", DOOR_HTTP, "[::1]" },
	};

	for (size_t i = 0; i < SK_COUNT(doors); i++) {
		size_t len = strlen(doors[i].name);
		char where[64];
		struct addr addr;
		int one = 1, fd;

		if (strncmp(text, doors[i].name, len) != 0)
			continue;
		snprintf(where, sizeof(where), "%s:%s", doors[i].host, text + len);
		if (!addr_parse(sk_span_of(where), &addr))
			return false;
		fd = socket(addr.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		d->sockets[d->socket_count++] = (struct http_socket){ fd, doors[i].door };
		return bind(fd, &addr.sa.any, addr.len) == 0 && listen(fd, 1024) == 0;
	}
	return false;
}

static bool start(struct driver *d, int argc, char **argv)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGUSR1 };
	struct http_parts parts = { .clock = &d->clock,
				    .counts = &d->counts,
				    .routes = &d->routes };
	char why[256] = "usage: http_driver CONFIG DOOR:PORT...";

	d->path = argv[1];
	d->clock = CLOCK_REAL;
	d->big = malloc(BIG);
	d->conf = argc > 2 ? load(d) : NULL;
	d->loop = loop_new();
	add_routes(d);
	for (int i = 2; i < argc; i++)
		if (!bind_one(d, argv[i]))
			return false;
	if (!d->conf || !d->loop || !d->big || !log_open("stderr", LEVEL_DEBUG, &d->log, why) ||
	    !loop_signals(d->loop, signals, SK_COUNT(signals), on_signal, d)) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	memset(d->big, 'x', BIG);
	parts.loop = d->loop;
	parts.log = d->log;
	d->end = timer_new(d->loop, on_end, d);
	if (!http_new(&parts, d->conf, NULL, d->sockets, d->socket_count, &d->http, why)) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct driver d;
	bool ok = argc > 2 && start(&d, argc, argv);

	if (ok) {
		printf("ready\n");
		fflush(stdout);
		loop_run(d.loop);
		print_counts(&d);
	}
	http_free(d.http);
	timer_free(d.end);
	loop_free(d.loop);
	log_close(d.log);
	conf_unref(d.conf);
	free(d.big);
	for (size_t i = 0; i < d.socket_count; i++)
		close(d.sockets[i].fd);
	return ok ? 0 : 1;
}
