/*
 * What one process prints the other takes, and nothing else.
 */
#include "redirector/handover.h"
#include "tests/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int any_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0)
		exit(1);
	return fd;
}

static struct handover make(void)
{
	struct handover h = { .given = { .index = 3,
					 .count = 4,
					 .seat = 7,
					 .seats = 9,
					 .control = any_fd(),
					 .text = any_fd() },
			      .start_text = any_fd() };

	if (!shared_make("a", 100, &h.given.pages) || !shared_make("b", 200, &h.given.tally) ||
	    !shared_make("c", 300, &h.given.sources) || !shared_make("d", 400, &h.given.seen) ||
	    !shared_make("e", 500, &h.given.history))
		exit(1);
	for (size_t i = 0; i < LISTEN_MAX; i++)
		h.given.sockets[i] =
			(struct worker_sockets){ i < 2 ? any_fd() : -1, i == 1 ? any_fd() : -1 };
	return h;
}

/* The place behind the workers; with as many sockets as there may be. */
static void web(void)
{
	struct handover h = make(), got;
	char line[HANDOVER_SIZE];
	int fds[HANDOVER_FDS];
	unsigned count;

	h.given.web = true;
	h.given.index = h.given.count;
	for (size_t i = 0; i < LISTEN_MAX; i++)
		h.given.sockets[i] = (struct worker_sockets){ -1, -1 };
	for (h.given.http.count = 0; h.given.http.count < HTTP_LISTEN_MAX; h.given.http.count++)
		h.given.http.items[h.given.http.count] =
			(struct http_socket){ any_fd(), (enum http_door)(h.given.http.count % 3) };
	handover_print(&h, line);
	count = handover_fds(&h, fds);
	CHECK(count == 8 + HTTP_LISTEN_MAX, "%u descriptors", count);
	if (!handover_take(line, &got)) {
		CHECK(false, "%s", line);
		return;
	}
	CHECK(got.given.web && got.given.index == 4, "it is the web process");
	CHECK(got.given.http.count == HTTP_LISTEN_MAX &&
		      memcmp(got.given.http.items, h.given.http.items,
			     sizeof(h.given.http.items)) == 0,
	      "its sockets");
	CHECK(got.given.history.bytes == 500, "its memory");
	/* a worker has no place there, and the web process none among them */
	h.given.web = false;
	handover_print(&h, line);
	CHECK(!handover_take(line, &got), "a worker behind the last");
	h.given.web = true;
	h.given.index = 0;
	handover_print(&h, line);
	CHECK(!handover_take(line, &got), "the web process among the workers");
	h.given.index = h.given.count;
	h.given.http.items[0].door = (enum http_door)3;
	handover_print(&h, line);
	CHECK(!handover_take(line, &got), "no such door");
	h.given.http.items[0] = (struct http_socket){ -1, DOOR_HTTP };
	handover_print(&h, line);
	CHECK(!handover_take(line, &got), "no socket");
}

static void there_and_back(void)
{
	struct handover h = make(), got;
	char line[HANDOVER_SIZE];
	int fds[HANDOVER_FDS];
	unsigned count;

	handover_print(&h, line);
	count = handover_fds(&h, fds);
	CHECK(count == 11, "%u descriptors", count);
	for (unsigned i = 0; i < count; i++)
		if (fcntl(fds[i], F_SETFD, 0) < 0)
			exit(1);
	if (!handover_take(line, &got)) {
		CHECK(false, "%s", line);
		return;
	}
	CHECK(got.given.index == 3 && got.given.count == 4 && got.given.seat == 7 &&
		      got.given.seats == 9,
	      "numbers");
	CHECK(got.given.control == h.given.control && got.given.text == h.given.text &&
		      got.start_text == h.start_text,
	      "descriptors");
	CHECK(memcmp(got.given.sockets, h.given.sockets, sizeof(got.given.sockets)) == 0,
	      "sockets");
	CHECK(got.given.pages.bytes == 100 && got.given.seen.bytes == 400, "memory");
	*(char *)h.given.tally.at = 'x';
	CHECK(*(char *)got.given.tally.at == 'x', "the same memory");
	for (unsigned i = 0; i < count; i++)
		CHECK(fcntl(fds[i], F_GETFD) == FD_CLOEXEC, "descriptor %u goes no further", i);
}

/* Every line that is cut, and lines that lie. */
static void refused(void)
{
	static const char *const lies[] = {
		"",
		"hello",
		"0 1 0 1 0 0 0 0 100 0 100 0 100 0 100",
		"0 1 0 1 0 0 0 99999 100 99999 100 99999 100 99999 100",
		"99999999999999999999999 1",
		"1;2;3",
	};
	struct handover h = make(), got;
	char line[HANDOVER_SIZE], cut[HANDOVER_SIZE];

	for (size_t i = 0; i < SK_COUNT(lies); i++)
		CHECK(!handover_take(lies[i], &got), "%s", lies[i]);
	CHECK(!handover_take(NULL, &got), "no line");
	handover_print(&h, line);
	for (size_t len = strlen(line) - 2; len > 0; len--) {
		if (line[len] != ' ')
			continue;
		memcpy(cut, line, len);
		cut[len] = '\0';
		if (strrchr(cut, ' '))
			*strrchr(cut, ' ') = '\0';
		CHECK(!handover_take(cut, &got), "%s", cut);
	}
	h.given.index = h.given.count;
	handover_print(&h, line);
	CHECK(!handover_take(line, &got), "a worker too many");
}

int main(void)
{
	there_and_back();
	web();
	refused();
	return check_result();
}
