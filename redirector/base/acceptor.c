/*
 * What surprises: one descriptor is kept in reserve.  When there is no other, it is given up for
 * a moment to take those who wait and turn them away.
 */
#include "redirector/base/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TURN = 64, /* connections of one event */
	RESUME_MS = 100,
	/* a peer that vanished is noticed in two minutes, if it was idle so long */
	KEEPALIVE_IDLE_S = 60,
	KEEPALIVE_STEP_S = 15,
	KEEPALIVE_COUNT = 4,
};

struct listening {
	struct acceptor *home;
	void *listener;
	struct watch *watch;
};

struct acceptor {
	struct loop *loop;
	acceptor_h *taken;
	acceptor_short_h *short_of;
	void *arg;
	struct listening sockets[ACCEPTOR_MAX];
	size_t count;
	struct timer *resume;
	int spare;   /* the descriptor in reserve; -1: none */
	bool paused; /* no descriptor was left              */
};

void acceptor_refuse(int fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static bool watch_all(struct acceptor *a, int events)
{
	bool all = true;

	for (size_t i = 0; i < a->count; i++)
		all = watch_set(a->sockets[i].watch, events) && all;
	return all;
}

void acceptor_resume(struct acceptor *a)
{
	if (!a->paused)
		return;
	timer_stop(a->resume);
	if (a->spare < 0)
		a->spare = eventfd(0, EFD_CLOEXEC);
	/* one that cannot be watched now would never be again */
	a->paused = !watch_all(a, LOOP_IN) && timer_set(a->resume, RESUME_MS);
}

static void on_resume(void *arg)
{
	acceptor_resume(arg);
}

/* Were the sockets still watched, the loop would come back here at once, and for ever. */
static void pause_accepting(struct acceptor *a)
{
	a->short_of(a->arg);
	if (a->paused || !timer_set(a->resume, RESUME_MS))
		return;
	a->paused = true;
	if (!watch_all(a, 0))
		a->short_of(a->arg);
}

static void turn_away(struct acceptor *a, int listener)
{
	for (unsigned i = 0; i < TURN && a->spare >= 0; i++) {
		int fd;

		close(a->spare);
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			acceptor_refuse(fd);
		a->spare = eventfd(0, EFD_CLOEXEC);
		if (fd < 0)
			return;
	}
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_connection(void *arg, int socket, int events)
{
	const struct listening *l = arg;
	struct acceptor *a = l->home;

	(void)events;
	for (unsigned i = 0; i < TURN && a->count > 0; i++) {
		struct addr source = { .len = sizeof(source.sa) };
		int fd = accept4(socket, &source.sa.any, &source.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			a->taken(a->arg, l->listener, fd, &source);
		} else if (is_shortage(errno)) {
			turn_away(a, socket);
			pause_accepting(a);
			return;
		} else if (errno == EAGAIN) {
			return;
		} /* else that one has gone again (accept(2)): the next */
	}
}

/* What is set on a listening socket its connections have from the start. */
static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT },
	};

	for (size_t i = 0; i < SK_COUNT(options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

bool acceptor_listen(struct acceptor *a, int fd, void *listener, char why[256])
{
	struct listening *l;
	int flags = fcntl(fd, F_GETFL);

	if (a->count == ACCEPTOR_MAX) {
		snprintf(why, 256, "more than %d listening sockets", ACCEPTOR_MAX);
		return false;
	}
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		snprintf(why, 256, "a listening socket: %s", strerror(errno));
		return false;
	}
	set_options(fd);
	l = &a->sockets[a->count];
	*l = (struct listening){ .home = a, .listener = listener };
	l->watch = watch_new(a->loop, fd, LOOP_IN, on_connection, l);
	if (!l->watch) {
		snprintf(why, 256, "a listening socket cannot be watched");
		return false;
	}
	a->count++;
	return true;
}

void acceptor_stop(struct acceptor *a)
{
	for (size_t i = 0; i < a->count; i++)
		watch_free(a->sockets[i].watch);
	a->count = 0;
	a->paused = false;
	timer_stop(a->resume);
}

struct acceptor *acceptor_new(struct loop *loop, acceptor_h *taken, acceptor_short_h *short_of,
			      void *arg)
{
	SK_CLEANUP(acceptor_free_p) struct acceptor *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	*a = (struct acceptor){ .loop = loop, .taken = taken, .short_of = short_of, .arg = arg };
	a->spare = eventfd(0, EFD_CLOEXEC);
	a->resume = timer_new(loop, on_resume, a);
	return a->resume ? sk_steal(a) : NULL;
}

void acceptor_free(struct acceptor *a)
{
	if (!a)
		return;
	if (a->resume)
		acceptor_stop(a);
	timer_free(a->resume);
	if (a->spare >= 0)
		close(a->spare);
	free(a);
}
