/*
 * Whoever was refused before all of its request was read may still be sending.  Closing the socket
 * on bytes that nobody read resets the connection, and the reset may overtake the answer (RFC 9112,
 * 9.6).  So a copy of the descriptor stays for a moment, and what comes is thrown away.
 */
#include "redirector/http/http_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LINGER_MS = 1000,
	LINGER_BYTES = 1 << 20,
};

struct one {
	struct lingers *home;
	struct one *next;
	struct watch *watch;
	struct timer *timer;
	size_t read;
	int fd;
};

struct lingers {
	struct loop *loop;
	struct one *first;
	size_t count;
};

static void end(struct one *o)
{
	struct one **place = &o->home->first;

	while (*place != o)
		place = &(*place)->next;
	*place = o->next;
	o->home->count--;
	watch_free(o->watch);
	timer_free(o->timer);
	close(o->fd);
	free(o);
}

static void on_bytes(void *arg, int fd, int events)
{
	struct one *o = arg;
	char waste[16384];
	ssize_t n = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);

	(void)events;
	if (n > 0)
		o->read += (size_t)n;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || o->read > LINGER_BYTES)
		end(o);
}

static void on_time(void *arg)
{
	end(arg);
}

struct lingers *lingers_new(struct loop *loop)
{
	struct lingers *l = calloc(1, sizeof(*l));

	if (l)
		l->loop = loop;
	return l;
}

void lingers_free(struct lingers *l)
{
	while (l && l->first)
		end(l->first);
	free(l);
}

void linger(struct lingers *l, int fd)
{
	struct one *o = fd >= 0 && l->count < HTTP_LINGERS ? calloc(1, sizeof(*o)) : NULL;

	if (!o) {
		if (fd >= 0)
			close(fd);
		return;
	}
	shutdown(fd, SHUT_WR);
	*o = (struct one){ .home = l, .fd = fd, .next = l->first };
	l->first = o;
	l->count++;
	o->timer = timer_new(l->loop, on_time, o);
	o->watch = watch_new(l->loop, fd, LOOP_IN, on_bytes, o);
	if (!o->timer || !o->watch || !timer_set(o->timer, LINGER_MS))
		end(o);
}
