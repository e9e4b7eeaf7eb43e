/*
 * The HTTP server with each allocation of ours failing once: it does not start, or it answers, or
 * the connection ends; it never stops, and nothing is left behind.
 */
#include "config/load.h"
#include "redirector/http/http.h"
#include "tests/check.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	STEPS = 2000, /* of the loop, until an answer must be there */
	BODY = 9000,
};

struct ground {
	struct loop *loop;
	struct log *log;
	struct clock clock;
	struct conf *conf;
	struct http_counts counts;
	struct routes routes;
	struct timer *timer;
	struct exchange *waiting;
	int listener;
	struct addr at;
};

static void answer(struct exchange *exchange)
{
	const struct http_request *request = exchange_request(exchange);
	struct http_reply reply = { .status = 200, .type = "text/plain", .body = request->body };

	exchange_answer(exchange, &reply);
}

static void on_time(void *arg)
{
	struct ground *g = arg;

	answer(g->waiting);
	g->waiting = NULL;
}

/* Answers later, when that can be. */
static void on_request(void *arg, struct exchange *exchange)
{
	struct ground *g = arg;

	g->waiting = exchange;
	if (!timer_set(g->timer, 1))
		on_time(g);
}

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "the test itself: %s\n", what);
		exit(1);
	}
}

static void prepare(struct ground *g)
{
	static const char yaml[] = "http: {health: \"\", rate: 1000}\n";
	const struct route route = { .path = "/a",
				     .methods = METHOD_POST,
				     .who = ROUTE_LISTED,
				     .counted = "a",
				     .handler = on_request,
				     .arg = g };
	struct complaints all = { .items = NULL };
	char why[256];

	g->clock = CLOCK_REAL;
	g->loop = loop_new();
	must(g->loop && log_open("/dev/null", LEVEL_ERROR, &g->log, why), "loop and log");
	must(conf_load_text(yaml, sizeof(yaml) - 1, "c", &g->conf, &all), "configuration");
	complaints_deinit(&all);
	g->timer = timer_new(g->loop, on_time, g);
	must(g->timer, "timer");
	routes_add(&g->routes, &route);
	g->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must(addr_parse(SK_SPAN("127.0.0.1:0"), &g->at), "address");
	must(bind(g->listener, &g->at.sa.any, g->at.len) == 0 && listen(g->listener, 16) == 0 &&
		     getsockname(g->listener, &g->at.sa.any, &g->at.len) == 0,
	     "listener");
}

static void release(struct ground *g)
{
	close(g->listener);
	timer_free(g->timer);
	loop_free(g->loop);
	conf_unref(g->conf);
	log_close(g->log);
}

static int dial(const struct ground *g)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(connect(fd, &g->at.sa.any, g->at.len) == 0, "connect");
	return fd;
}

/* @return The status; 0: the connection ended without one; -1: nothing came at all */
static int ask(struct ground *g, int fd)
{
	static char request[BODY + 200], got[2 * BODY];
	int head = snprintf(request, sizeof(request),
			    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY);
	size_t len = 0, sent = 0, all = (size_t)head + BODY;

	memset(request + head, 'x', BODY);
	for (int i = 0; i < STEPS; i++) {
		ssize_t n = sent < all ? send(fd, request + sent, all - sent,
					      MSG_DONTWAIT | MSG_NOSIGNAL)
				       : 0;

		sent += n > 0 ? (size_t)n : 0;
		loop_step(g->loop, 1);
		n = recv(fd, got + len, sizeof(got) - 1 - len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return 0;
		len += n > 0 ? (size_t)n : 0;
		got[len] = '\0';
		if (len > BODY ||
		    (len > 12 && strstr(got, "\r\n\r\n") && strncmp(got, "HTTP/1.1 200", 12) != 0))
			return atoi(got + 9);
	}
	return -1;
}

/* All of a server's life.  @return whether it was as it must be */
static bool live(struct ground *g, int *status)
{
	struct http_parts parts = { g->loop, g->log, &g->clock, &g->counts, &g->routes };
	const struct http_socket at = { g->listener, DOOR_HTTP };
	struct http *http = NULL;
	char why[256] = "";
	int fd;

	if (!http_new(&parts, g->conf, NULL, &at, 1, &http, why))
		return why[0] != '\0';
	fd = dial(g);
	*status = ask(g, fd);
	if (*status == 200 && http_prepare(http, g->conf, why))
		http_swap(http, NULL);
	else if (*status == 200 && why[0] == '\0')
		*status = -1;
	close(fd);
	for (int i = 0; i < STEPS && (http_open(http) > 0 || g->waiting); i++)
		loop_step(g->loop, 1);
	if (http_open(http) > 0)
		*status = -2;
	http_free(http);
	return *status >= 0;
}

int main(void)
{
	struct ground g = { .listener = -1 };
	int status = 0;
	long n;

	must(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free), "OpenSSL");
	prepare(&g);
	CHECK(live(&g, &status) && status == 200, "with all memory: %d", status);
	for (n = 0; n < 500; n++) {
		bool ok;

		status = 0;
		hit = false;
		only_one = true;
		budget = n;
		ok = live(&g, &status);
		budget = -1;
		CHECK(ok, "allocation %ld fails: %d", n, status);
		CHECK(atomic_load(&g.counts.open) == 0, "allocation %ld fails: nobody is left", n);
		if (!hit)
			break;
		CHECK(live(&g, &status) && status == 200, "after allocation %ld failed: %d", n,
		      status);
	}
	CHECK(!hit && n > 5, "all of them were tried: %ld", n);
	release(&g);
	return check_result();
}
