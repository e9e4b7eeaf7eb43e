#include "tests/unit/streams_kit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the place of those of loop.c. */
struct timer {
	timer_h *handler;
	void *arg;
	int64_t at; /* 0: stopped */
	struct timer *next;
};

static struct timer *timers;
static int64_t timer_now;

struct timer *__wrap_timer_new(struct loop *loop, timer_h *handler, void *arg);
bool __wrap_timer_set(struct timer *timer, int64_t ms);
void __wrap_timer_stop(struct timer *timer);
void __wrap_timer_free(struct timer *timer);

struct timer *__wrap_timer_new(struct loop *loop, timer_h *handler, void *arg)
{
	struct timer *t = calloc(1, sizeof(*t));

	(void)loop;
	if (!t)
		exit(1);
	*t = (struct timer){ handler, arg, 0, timers };
	timers = t;
	return t;
}

bool __wrap_timer_set(struct timer *t, int64_t ms)
{
	t->at = timer_now + ms;
	return true;
}

void __wrap_timer_stop(struct timer *t)
{
	t->at = 0;
}

void __wrap_timer_free(struct timer *t)
{
	struct timer **place = &timers;

	if (!t)
		return;
	while (*place != t)
		place = &(*place)->next;
	*place = t->next;
	free(t);
}

static struct timer *next_due(int64_t until)
{
	struct timer *due = NULL;

	for (struct timer *t = timers; t; t = t->next)
		if (t->at != 0 && t->at <= until && (!due || t->at < due->at))
			due = t;
	return due;
}

void kit_pass(struct kit *k, int64_t ms)
{
	int64_t end = k->now + ms;

	kit_settle(k);
	for (struct timer *t = next_due(end); t; t = next_due(end)) {
		k->now = timer_now = t->at;
		t->at = 0;
		t->handler(t->arg);
		kit_settle(k);
	}
	k->now = timer_now = end;
	kit_settle(k);
}

static int64_t kit_mono(const struct clock *clock)
{
	return ((const struct kit *)(const void *)clock)->now;
}

static void echo(const struct packet *g)
{
	char *room = stream_reserve(g->stream, g->bytes.len);

	if (!room)
		return;
	memcpy(room, g->bytes.ptr, g->bytes.len);
	stream_send(g->stream, g->bytes.len);
}

static void flood(const struct packet *g)
{
	for (unsigned i = 0; i < 10000; i++) {
		char *room = stream_reserve(g->stream, 1000);

		if (!room)
			return;
		memset(room, 'x', 1000);
		stream_send(g->stream, 1000);
	}
}

static void on_packet(void *arg, const struct packet *g)
{
	struct kit *k = arg;

	k->now += k->step;
	k->since++;
	k->most = k->since > k->most ? k->since : k->most;
	k->whole += g->fault == PACKET_WHOLE;
	k->cut += g->fault == PACKET_CUT;
	k->no_length += g->fault == PACKET_NO_LENGTH;
	k->source = g->source;
	k->local = g->local;
	k->run = k->last == g->stream ? k->run + 1 : 1;
	k->last = g->stream;
	k->longest = k->run > k->longest ? k->run : k->longest;
	if (k->mode == KIT_ECHO)
		echo(g);
	else if (k->mode == KIT_FLOOD)
		flood(g);
	else if (k->mode == KIT_HOLD && k->held_count < KIT_HELD_MAX)
		k->held[k->held_count++] = stream_ref(g->stream);
}

static bool admits(void *arg, const struct addr *source)
{
	const struct kit *k = arg;

	(void)source;
	return k->admits;
}

static bool pays(void *arg, const struct addr *source, bool tls)
{
	struct kit *k = arg;

	(void)source;
	k->tcp += !tls;
	k->tls += tls;
	return !k->broke;
}

static void between(void *arg)
{
	struct kit *k = arg;

	k->betweens++;
	k->since = 0;
}

static int listen_at(struct kit *k, const char *where)
{
	struct addr at;
	int fd;

	if (!addr_parse(sk_span_of(where), &at))
		exit(1);
	fd = socket(at.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	k->at.len = sizeof(k->at.sa);
	if (fd < 0 || bind(fd, &at.sa.any, at.len) < 0 || listen(fd, 1000) < 0 ||
	    getsockname(fd, &k->at.sa.any, &k->at.len) < 0) {
		perror(where);
		exit(1);
	}
	return fd;
}

void kit_open(struct kit *k, const char *where)
{
	struct streams_parts parts;
	char why[256] = "";

	*k = (struct kit){ .clock = { .mono = kit_mono }, .now = 1000, .admits = true };
	timer_now = k->now;
	k->limits = (struct streams_limits){ 100, 100, 10000, 90000, 5000, 5000, 16384 };
	k->loop = loop_new();
	parts = (struct streams_parts){
		.loop = k->loop,
		.clock = &k->clock,
		.handler = on_packet,
		.admits = admits,
		.pays = pays,
		.between = between,
		.handler_arg = k,
		.admits_arg = k,
		.between_arg = k,
		.open = k->open,
		.workers = 2,
		.self = 1,
		.counts = k->counts,
	};
	if (!k->loop || !streams_new(&parts, &k->limits, &k->streams, why) ||
	    !streams_listen(k->streams, listen_at(k, where), false, why)) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
}

void kit_close(struct kit *k)
{
	streams_free(k->streams);
	loop_free(k->loop);
}

int kit_connect(struct kit *k, const char *from)
{
	int fd = socket(k->at.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct addr at, to = k->at;

	if (fd < 0 ||
	    (from && (!addr_parse(sk_span_of(from), &at) || bind(fd, &at.sa.any, at.len) < 0))) {
		perror("connect");
		exit(1);
	}
	if (to.sa.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&to.sa.v6.sin6_addr))
		to.sa.v6.sin6_addr = in6addr_loopback;
	if (connect(fd, &to.sa.any, to.len) < 0) {
		perror("connect");
		exit(1);
	}
	kit_settle(k);
	return fd;
}

void kit_message(unsigned number, char out[KIT_MESSAGE + 1])
{
	snprintf(out, KIT_MESSAGE + 1, "OPTIONS sip:%06u SIP/2.0\r\nl: 0\r\n\r\n",
		 number % 1000000);
}

void kit_write(int fd, const void *bytes, size_t len)
{
	if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len) {
		perror("write");
		exit(1);
	}
}

/* On loopback what was sent is there; a few turns more than it takes are for half of it. */
void kit_settle(struct kit *k)
{
	for (int i = 0; i < 40; i++)
		loop_step(k->loop, i < 2 ? 1 : 0);
}

size_t kit_read(struct kit *k, int fd, char *out, size_t size)
{
	size_t len = 0;

	for (int silent = 0; len < size && silent < 100;) {
		ssize_t n = recv(fd, out + len, size - len, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		len += n > 0 ? (size_t)n : 0;
		silent = n > 0 ? 0 : silent + 1;
		loop_step(k->loop, n > 0 ? 0 : 2);
	}
	return len;
}

char kit_state(struct kit *k, int fd)
{
	char byte;
	ssize_t n;

	kit_settle(k);
	n = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
	if (n > 0)
		return 'B';
	if (n == 0)
		return 'E';
	return errno == ECONNRESET ? 'R' : '.';
}

void kit_answer_held(struct kit *k)
{
	for (size_t i = 0; i < k->held_count; i++) {
		char *room = stream_reserve(k->held[i], 4);

		if (room) {
			memcpy(room, "late", 4);
			stream_send(k->held[i], 4);
		}
		stream_unref(k->held[i]);
	}
	k->held_count = 0;
	kit_settle(k);
}
