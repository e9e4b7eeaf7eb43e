/*
 * One thread that never sleeps: a generator that waits in poll() makes the
 * server pay for waking it.  Calls are numbered in the order of sending, so the
 * oldest one that is still open is all that has to be looked at for a loss.  The
 * surprise: at a given rate the response time counts from when the call was due,
 * not from when we got round to sending it; else a stall would hide itself.
 */
#include "bench/blast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	SOCKET_BUFFER = 8 << 20,
	COMPLAINTS_MAX = 5,              /* wrong answers that are shown */
	DEAF_AFTER = 3,                  /* times --patience without any answer: give up */
	OTHERS_REST = 100 * 1000 * 1000, /* ns: how long the others' last answers may take */
};

struct flight {
	uint64_t due;      /* ns: sent, or to be sent   */
	uint32_t response; /* ns / 16, once answered    */
	uint8_t state;     /* enum call_state           */
};

struct batch {
	struct mmsghdr heads[BATCH];
	struct iovec vectors[BATCH];
	char bytes[BATCH][PACKET_SIZE];
	size_t count;
};

struct run {
	struct wish wish;
	struct scripts scripts;
	struct checker *checker; /* owned, NULL without --certificate */
	struct others *others;   /* owned, NULL without --others      */
	struct flight *flights;  /* owned, wish.calls                 */
	uint32_t *sorted;        /* owned, tally.answered             */
	struct tally tally;
	size_t next;   /* number of the next call to send           */
	size_t oldest; /* all below are answered or lost            */
	uint64_t start;
	uint64_t heard; /* when the last answer came                */
	int fd;
	struct batch out, in, acks;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void batch_init(struct batch *b)
{
	for (size_t i = 0; i < BATCH; i++) {
		b->vectors[i] = (struct iovec){ b->bytes[i], PACKET_SIZE };
		b->heads[i].msg_hdr = (struct msghdr){ .msg_iov = &b->vectors[i], .msg_iovlen = 1 };
	}
}

/* A full buffer is waited out: what we do not send, the server cannot lose. */
static bool batch_send(struct run *r, struct batch *b)
{
	for (size_t sent = 0; sent < b->count;) {
		int n = sendmmsg(r->fd, b->heads + sent, (unsigned)(b->count - sent), 0);

		if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return false;
		if (n > 0)
			sent += (size_t)n;
	}
	b->count = 0;
	return true;
}

static size_t in_flight(const struct run *r)
{
	return r->tally.sent - r->tally.answered - r->tally.lost;
}

/* How many calls may be sent now. */
static size_t allowance(const struct run *r, uint64_t now)
{
	size_t left = r->wish.calls - r->next;
	size_t may = left < BATCH ? left : BATCH;

	if (r->wish.window > 0) {
		size_t open = in_flight(r);
		size_t room = open < r->wish.window ? r->wish.window - open : 0;

		may = may < room ? may : room;
	}
	if (r->wish.rate > 0) {
		double due = (double)(now - r->start) / 1e9 * r->wish.rate + 1;
		size_t late = due > (double)r->next ? (size_t)(due - (double)r->next) : 0;

		may = may < late ? may : late;
	}
	return may;
}

static bool send_calls(struct run *r)
{
	uint64_t now = now_ns();
	size_t may = allowance(r, now);

	for (size_t i = 0; i < may; i++) {
		size_t number = r->next++;
		struct flight *f = &r->flights[number];

		r->out.vectors[i].iov_len =
			packet_fill(&r->scripts.items[number % r->scripts.count].request, number,
				    r->out.bytes[i]);
		f->state = CALL_SENT;
		f->due = r->wish.rate > 0
				 ? r->start + (uint64_t)((double)number * 1e9 / r->wish.rate)
				 : now;
	}
	r->out.count = may;
	r->tally.sent += may;
	return may == 0 || batch_send(r, &r->out);
}

static void complain(struct run *r, const char *what, struct sk_span bytes)
{
	if (r->tally.wrong++ < COMPLAINTS_MAX)
		fprintf(stderr, "blast: %s:\n%.*s\n", what, (int)bytes.len, bytes.ptr);
}

static void judge(struct run *r, const struct answer_view *a, struct sk_span bytes)
{
	const char *what = answer_judge(a, r->wish.kind);

	if (!what && r->checker && r->wish.check > 0 && a->number % r->wish.check == 0) {
		what = checker_verify(r->checker, a->identity);
		r->tally.verified++;
	}
	if (what)
		complain(r, what, bytes);
}

static void acknowledge(struct run *r, const struct answer_view *a)
{
	struct batch *b = &r->acks;
	size_t len = ack_fill(&r->scripts.items[a->number % r->scripts.count], a->number, a->to_tag,
			      b->bytes[b->count]);

	if (len > 0)
		b->vectors[b->count++].iov_len = len;
}

static void take_answer(struct run *r, struct sk_span bytes, uint64_t now)
{
	struct answer_view a;
	struct flight *f;

	if (!answer_read(bytes, r->scripts.run, &a) || a.number >= r->next) {
		r->tally.stray++;
		return;
	}
	f = &r->flights[a.number];
	if (f->state != CALL_SENT) { /* twice, or after it was given up */
		r->tally.stray++;
		return;
	}
	r->heard = now;
	f->state = CALL_ANSWERED;
	f->response =
		(uint32_t)((now - f->due) / 16 < UINT32_MAX ? (now - f->due) / 16 : UINT32_MAX);
	r->tally.answered++;
	judge(r, &a, bytes);
	if (r->wish.ack && a.status >= 300)
		acknowledge(r, &a);
}

static bool take_answers(struct run *r)
{
	int n = recvmmsg(r->fd, r->in.heads, BATCH, MSG_DONTWAIT, NULL);
	uint64_t now = now_ns();

	if (n < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED;
	for (int i = 0; i < n; i++)
		take_answer(r, (struct sk_span){ r->in.bytes[i], r->in.heads[i].msg_len }, now);
	return batch_send(r, &r->acks);
}

static void give_up_late(struct run *r)
{
	uint64_t patience = (uint64_t)(r->wish.patience * 1e9);
	uint64_t now = now_ns();

	for (; r->oldest < r->next; r->oldest++) {
		struct flight *f = &r->flights[r->oldest];

		if (f->state == CALL_SENT && (now < f->due || now - f->due < patience))
			return;
		if (f->state == CALL_SENT) {
			f->state = CALL_LOST;
			r->tally.lost++;
		}
	}
}

/* Nobody is there any more: no use to try all the calls that are left. */
static bool is_deaf(const struct run *r)
{
	return r->tally.lost > 0 &&
	       (double)(now_ns() - r->heard) / 1e9 > DEAF_AFTER * r->wish.patience;
}

/* The others' last answers. */
static bool others_end(struct run *r)
{
	for (uint64_t end = now_ns() + OTHERS_REST; r->others && now_ns() < end;)
		if (!others_step(r->others, 0))
			return false;
	return true;
}

bool run_all(struct run *r)
{
	r->start = r->heard = now_ns();
	while (r->oldest < r->wish.calls) {
		if (!send_calls(r) || !take_answers(r) ||
		    (r->others && !others_step(r->others, now_ns())))
			return false;
		give_up_late(r);
		if (is_deaf(r)) {
			errno = ETIMEDOUT;
			return false;
		}
	}
	r->tally.seconds = (double)(now_ns() - r->start) / 1e9;
	return others_end(r);
}

int blast_socket(const struct wish *wish)
{
	int size = SOCKET_BUFFER;
	int fd = socket(wish->to.sa.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, &wish->from.sa.any, wish->from.len) == 0 &&
	    connect(fd, &wish->to.sa.any, wish->to.len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The port that the kernel chose goes into the messages. */
static bool run_prepare(struct run *r)
{
	r->fd = blast_socket(&r->wish);
	if (r->fd < 0 || getsockname(r->fd, &r->wish.from.sa.any, &r->wish.from.len) < 0) {
		fprintf(stderr, "blast: the socket: %s\n", strerror(errno));
		return false;
	}
	r->flights = calloc(r->wish.calls, sizeof(*r->flights));
	if (!r->flights) {
		fputs("blast: out of memory\n", stderr);
		return false;
	}
	batch_init(&r->out);
	batch_init(&r->in);
	batch_init(&r->acks);
	if (r->wish.others_rate > 0 && !others_new(&r->wish, &r->others)) {
		fprintf(stderr, "blast: the others: %s\n", strerror(errno));
		return false;
	}
	return (!r->wish.certificate || checker_new(r->wish.certificate, &r->checker)) &&
	       scripts_init(&r->scripts, &r->wish);
}

bool run_new(const struct wish *wish, struct run **out)
{
	SK_CLEANUP(run_free_p) struct run *r = calloc(1, sizeof(*r));

	if (!r) {
		fputs("blast: out of memory\n", stderr);
		return false;
	}
	r->wish = *wish;
	r->fd = -1;
	if (!run_prepare(r))
		return false;
	*out = sk_steal(r);
	return true;
}

void run_free(struct run *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	checker_free(r->checker);
	others_free(r->others);
	scripts_deinit(&r->scripts);
	free(r->flights);
	free(r->sorted);
	free(r);
}

const struct tally *run_tally(const struct run *r)
{
	return &r->tally;
}

const struct others_tally *run_others(const struct run *r)
{
	return r->others ? others_tally(r->others) : NULL;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

bool run_sort(struct run *r)
{
	size_t count = 0;

	r->sorted = calloc(r->tally.answered + 1, sizeof(*r->sorted));
	if (!r->sorted)
		return false;
	for (size_t i = 0; i < r->next; i++)
		if (r->flights[i].state == CALL_ANSWERED)
			r->sorted[count++] = r->flights[i].response;
	qsort(r->sorted, count, sizeof(*r->sorted), by_size);
	return true;
}

double run_percentile(const struct run *r, double share)
{
	size_t at = (size_t)(share * (double)r->tally.answered);

	if (!r->sorted || r->tally.answered == 0)
		return 0;
	if (at >= r->tally.answered)
		at = r->tally.answered - 1;
	return (double)r->sorted[at] * 16 / 1000;
}
