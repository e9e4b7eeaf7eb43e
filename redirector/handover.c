/*
 * Both sides are the same binary (/proc/self/exe), so the order of the numbers is all there is
 * to know.
 */
#include "redirector/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct line {
	char *text;
	size_t len;
};

static void put(struct line *l, long long n)
{
	int len = snprintf(l->text + l->len, HANDOVER_SIZE - l->len, "%lld ", n);

	if (len > 0 && l->len + (size_t)len < HANDOVER_SIZE)
		l->len += (size_t)len;
}

static void put_shared(struct line *l, const struct shared *s)
{
	put(l, s->fd);
	put(l, (long long)s->bytes);
}

void handover_print(const struct handover *h, char out[HANDOVER_SIZE])
{
	const struct worker_given *g = &h->given;
	struct line l = { out, 0 };

	out[0] = '\0';
	put(&l, g->index);
	put(&l, g->count);
	put(&l, g->web);
	put(&l, g->seat);
	put(&l, g->seats);
	put(&l, g->control);
	put(&l, g->text);
	put(&l, h->start_text);
	put_shared(&l, &g->pages);
	put_shared(&l, &g->tally);
	put_shared(&l, &g->sources);
	put_shared(&l, &g->seen);
	put_shared(&l, &g->history);
	put(&l, (long long)g->http.count);
	for (size_t i = 0; i < g->http.count; i++) {
		put(&l, g->http.items[i].fd);
		put(&l, g->http.items[i].door);
	}
	for (size_t i = 0; i < LISTEN_MAX; i++) {
		put(&l, g->sockets[i].udp);
		put(&l, g->sockets[i].tcp);
	}
}

/* The next number; -1 and `text` NULL when there is none. */
static long long get(const char **text)
{
	char *end;
	long long n;

	if (!*text)
		return -1;
	errno = 0;
	n = strtoll(*text, &end, 10);
	if (end == *text || errno || (*end != ' ' && *end != '\0')) {
		*text = NULL;
		return -1;
	}
	*text = end;
	return n;
}

static bool get_shared(const char **text, struct shared *out)
{
	int fd = (int)get(text);
	long long bytes = get(text);

	return fd >= 0 && bytes > 0 && shared_take(fd, (size_t)bytes, out);
}

static bool get_http(const char **text, struct http_sockets *out)
{
	long long count = get(text);

	if (count < 0 || count > HTTP_LISTEN_MAX)
		return false;
	for (out->count = 0; out->count < (size_t)count; out->count++) {
		struct http_socket *socket = &out->items[out->count];
		long long door;

		socket->fd = (int)get(text);
		door = get(text);
		if (socket->fd < 0 || door < DOOR_HTTP || door > DOOR_HEALTH)
			return false;
		socket->door = (enum http_door)door;
	}
	return true;
}

/* The web process has its place behind the workers. */
static bool is_place(const struct worker_given *g)
{
	return g->web ? g->index == g->count : g->index < g->count;
}

static bool get_all(const char *line, struct handover *h)
{
	struct worker_given *g = &h->given;

	g->index = (unsigned)get(&line);
	g->count = (unsigned)get(&line);
	g->web = get(&line) == 1;
	g->seat = (unsigned)get(&line);
	g->seats = (unsigned)get(&line);
	g->control = (int)get(&line);
	g->text = (int)get(&line);
	h->start_text = (int)get(&line);
	if (!get_shared(&line, &g->pages) || !get_shared(&line, &g->tally) ||
	    !get_shared(&line, &g->sources) || !get_shared(&line, &g->seen) ||
	    !get_shared(&line, &g->history) || !get_http(&line, &g->http))
		return false;
	for (size_t i = 0; i < LISTEN_MAX; i++) {
		g->sockets[i].udp = (int)get(&line);
		g->sockets[i].tcp = (int)get(&line);
	}
	return line && is_place(g) && g->seat < g->seats && g->control >= 0 && g->text >= 0 &&
	       h->start_text >= 0;
}

bool handover_take(const char *line, struct handover *out)
{
	struct handover h = { .start_text = -1 };
	int fds[HANDOVER_FDS];

	if (!line || !get_all(line, &h))
		return false;
	for (unsigned i = 0, n = handover_fds(&h, fds); i < n; i++)
		if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) < 0)
			return false;
	*out = h;
	return true;
}

unsigned handover_fds(const struct handover *h, int out[HANDOVER_FDS])
{
	const struct worker_given *g = &h->given;
	const int singles[] = { g->control,  g->text,       h->start_text, g->pages.fd,
				g->tally.fd, g->sources.fd, g->seen.fd,    g->history.fd };
	unsigned n = 0;

	for (size_t i = 0; i < SK_COUNT(singles); i++)
		if (singles[i] >= 0)
			out[n++] = singles[i];
	for (size_t i = 0; i < LISTEN_MAX; i++) {
		if (g->sockets[i].udp >= 0)
			out[n++] = g->sockets[i].udp;
		if (g->sockets[i].tcp >= 0)
			out[n++] = g->sockets[i].tcp;
	}
	for (size_t i = 0; i < g->http.count; i++)
		out[n++] = g->http.items[i].fd;
	return n;
}
