/*
 * http_blast: the same bodies over connections that are kept, one request under way on each, every
 * answer looked at.  Spins like blast does (a generator that sleeps makes the server pay for waking
 * it) unless it is only there to be a load.
 *
 *   sent=... answered=... wrong=... lost=... rate=... p50_us=... p90_us=... p99_us=... p999_us=...
 * idle=...
 *
 * Exit status: 0; 1 with a wrong or a lost answer; 2 when the command line is none; 3 when nobody
 * is there.
 */
#include "bench/http_blast.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMES_MAX = 1 << 20, /* response times that are kept: the last ones */
	EVENTS = 64,
	REST_MS = 100,
	WRONG_SHOWN = 3,
};

struct connection {
	int fd;
	size_t number;    /* of the request under way                     */
	size_t left;      /* of its bytes, those that are still to be sent */
	uint64_t sent_at; /* ns */
	size_t len;
	char text[HTTP_ANSWER_MAX + 1];
};

struct run {
	struct http_wish wish;
	struct http_requests requests;
	struct connection *connections; /* owned */
	uint32_t *times;                /* owned, microseconds            */
	int poll;
	size_t sent, answered, wrong, lost, under_way, turns, idle_turns;
	uint64_t began, ends, last; /* ns: start, until when, last answer     */
};

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
	(void)number;
	told_to_end = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool wants_more(const struct run *r)
{
	if (told_to_end || (r->wish.calls > 0 && r->sent >= r->wish.calls))
		return false;
	return r->wish.seconds <= 0 || now_ns() < r->ends;
}

/* What does not leave at once leaves when the socket says so. */
static bool push(struct run *r, struct connection *c)
{
	size_t end = r->requests.ends[c->number];
	ssize_t n =
		send(c->fd, r->requests.text + end - c->left, c->left, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		c->left -= (size_t)n;
	return n >= 0 || errno == EAGAIN;
}

static void watch(struct run *r, struct connection *c, int what)
{
	struct epoll_event event = { .events = EPOLLIN | (c->left > 0 ? (unsigned)EPOLLOUT : 0),
				     .data = { .ptr = c } };

	epoll_ctl(r->poll, what, c->fd, &event);
}

static void drop(struct run *r, struct connection *c)
{
	r->under_way--;
	r->lost++;
	close(c->fd);
	c->fd = -1;
}

static void ask(struct run *r, struct connection *c)
{
	size_t begin;

	c->number = r->sent++ % r->requests.count;
	begin = c->number > 0 ? r->requests.ends[c->number - 1] : 0;
	c->left = r->requests.ends[c->number] - begin;
	c->len = 0;
	c->sent_at = now_ns();
	r->under_way++;
	if (!push(r, c))
		drop(r, c);
	else if (c->left > 0)
		watch(r, c, EPOLL_CTL_MOD);
}

static void note(struct run *r, struct connection *c, bool right)
{
	uint64_t now = now_ns();

	if (r->answered + r->wrong == 0) /* whoever loads a server by us may begin to measure */
		fputs("the first answer\n", stderr);
	r->times[(r->answered + r->wrong) % TIMES_MAX] = (uint32_t)((now - c->sent_at) / 1000);
	r->last = now;
	r->under_way--;
	if (right)
		r->answered++;
	else if (r->wrong++ < WRONG_SHOWN)
		fprintf(stderr, "wrong: %.400s\n", c->text);
}

static void take(struct run *r, struct connection *c)
{
	ssize_t n = recv(c->fd, c->text + c->len, HTTP_ANSWER_MAX - c->len, MSG_DONTWAIT);
	enum http_answer answer;
	size_t used = 0;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		drop(r, c);
		return;
	}
	c->len += (size_t)n;
	answer = http_answer_read(&r->wish, c->text, c->len, &used);
	if (answer == HTTP_PART)
		return;
	if (answer == HTTP_NOISE || c->len > used) { /* more than was asked for */
		drop(r, c);
		return;
	}
	note(r, c, answer == HTTP_RIGHT);
	if (wants_more(r))
		ask(r, c);
}

static void on_event(struct run *r, const struct epoll_event *event)
{
	struct connection *c = event->data.ptr;

	if (c->fd >= 0 && event->events & EPOLLOUT) {
		if (!push(r, c))
			drop(r, c);
		else if (c->left == 0)
			watch(r, c, EPOLL_CTL_MOD);
	}
	if (c->fd >= 0 && event->events & ~(unsigned)EPOLLOUT)
		take(r, c);
}

static bool dial(struct run *r, struct connection *c)
{
	const struct addr *to = &r->wish.to;
	int one = 1;

	c->fd = socket(to->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, &to->sa.any, to->len) != 0) {
		perror("connect");
		return false;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	watch(r, c, EPOLL_CTL_ADD);
	return true;
}

static bool dial_all(struct run *r)
{
	for (size_t i = 0; i < r->wish.connections; i++)
		if (!dial(r, &r->connections[i]))
			return false;
	return true;
}

static void run_all(struct run *r)
{
	struct epoll_event events[EVENTS];

	r->began = r->last = now_ns();
	r->ends = r->began + (uint64_t)(r->wish.seconds * 1e9);
	for (size_t i = 0; i < r->wish.connections && wants_more(r); i++)
		ask(r, &r->connections[i]);
	while (r->under_way > 0) {
		int n = epoll_wait(r->poll, events, EVENTS, r->wish.rests ? REST_MS : 0);

		r->turns++;
		r->idle_turns += n <= 0;
		for (int i = 0; i < n; i++)
			on_event(r, &events[i]);
		if (n <= 0 && (double)(now_ns() - r->last) > r->wish.patience * 1e9)
			break;
	}
	r->lost += r->under_way;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print(struct run *r)
{
	static const struct {
		const char *name;
		double share;
	} shares[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p999", 0.999 } };
	size_t all = r->answered + r->wrong, count = all < TIMES_MAX ? all : TIMES_MAX;
	double seconds = (double)(r->last - r->began) / 1e9;

	qsort(r->times, count, sizeof(*r->times), by_size);
	printf("sent=%zu answered=%zu wrong=%zu lost=%zu shed=0 rate=%.0f", r->sent, r->answered,
	       r->wrong, r->lost, seconds > 0 ? (double)all / seconds : 0);
	for (size_t i = 0; i < SK_COUNT(shares); i++) {
		size_t at = (size_t)(shares[i].share * (double)count);

		printf(" %s_us=%u", shares[i].name,
		       count > 0 ? r->times[at < count ? at : count - 1] : 0);
	}
	printf(" idle=%.2f\n", r->turns > 0 ? (double)r->idle_turns / (double)r->turns : 0);
}

static bool read_option(struct http_wish *w, int option)
{
	switch (option) {
	case 't':
		return addr_parse(sk_span_of(optarg), &w->to);
	case 'p':
		w->path = optarg;
		return optarg[0] == '/';
	case 'l':
		w->lines[w->line_count++] = optarg;
		return w->line_count < LINES_MAX;
	case 'b':
		w->bodies = optarg;
		return true;
	case 's':
		w->status = (unsigned)atoi(optarg);
		return w->status >= 100;
	case 'w':
		w->wants[w->want_count++] = optarg;
		return w->want_count < WANTS_MAX;
	case 'c':
		w->calls = strtoul(optarg, NULL, 10);
		return w->calls > 0;
	case 'S':
		w->seconds = atof(optarg);
		return w->seconds > 0;
	case 'n':
		w->connections = strtoul(optarg, NULL, 10);
		return w->connections > 0 && w->connections <= CONNECTIONS_MAX;
	case 'P':
		w->patience = atof(optarg);
		return w->patience > 0;
	case 'r':
		w->rests = true;
		return true;
	default:
		return false;
	}
}

static bool read_wish(int argc, char **argv, struct http_wish *w)
{
	static const struct option options[] = {
		{ "to", 1, NULL, 't' },          { "path", 1, NULL, 'p' },
		{ "line", 1, NULL, 'l' },        { "bodies", 1, NULL, 'b' },
		{ "status", 1, NULL, 's' },      { "want", 1, NULL, 'w' },
		{ "calls", 1, NULL, 'c' },       { "seconds", 1, NULL, 'S' },
		{ "connections", 1, NULL, 'n' }, { "patience", 1, NULL, 'P' },
		{ "rest", 0, NULL, 'r' },        { NULL, 0, NULL, 0 },
	};
	int option;

	*w = (struct http_wish){ .status = 200, .connections = 64, .patience = 5 };
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (!read_option(w, option))
			return false;
	return optind == argc && w->path && w->bodies && w->to.len > 0 &&
	       (w->calls > 0 || w->seconds > 0);
}

static int measure(struct run *r)
{
	r->connections = calloc(r->wish.connections, sizeof(*r->connections));
	r->times = calloc(TIMES_MAX, sizeof(*r->times));
	r->poll = epoll_create1(EPOLL_CLOEXEC);
	if (!r->connections || !r->times || r->poll < 0)
		return 3;
	if (!dial_all(r))
		return 3;
	run_all(r);
	print(r);
	return r->wrong > 0 || r->lost > 0 || r->answered == 0;
}

int main(int argc, char **argv)
{
	static struct run run;
	int status;

	if (!read_wish(argc, argv, &run.wish)) {
		fprintf(stderr,
			"http_blast --to ADDRESS:PORT --path PATH --bodies FILE (--calls N | "
			"--seconds S)\n"
			"  [--line HEADER]... [--status N] [--want TEXT]... [--connections N]\n"
			"  [--patience S] [--rest]\n");
		return 2;
	}
	if (!http_requests_init(&run.requests, &run.wish))
		return 2;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	status = measure(&run);
	http_requests_deinit(&run.requests);
	free(run.connections);
	free(run.times);
	return status;
}
