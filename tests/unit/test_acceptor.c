/* Who comes in, and who is turned away when no descriptor is left. */
#include "redirector/base/acceptor.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MANY = 150, /* more than two turns */
};

struct lab {
	struct loop *loop;
	struct acceptor *acceptor;
	int listening;
	struct sockaddr_in at;
	int taken[MANY], clients[MANY];
	size_t taken_count;
	unsigned shortages;
	bool refuses, stops;
	bool right; /* what the handler was given */
};

static void on_taken(void *arg, void *listener, int fd, const struct addr *source)
{
	struct lab *lab = arg;

	lab->right = lab->right && listener == &lab->listening &&
		     source->sa.any.sa_family == AF_INET && (fcntl(fd, F_GETFL) & O_NONBLOCK) &&
		     (fcntl(fd, F_GETFD) & FD_CLOEXEC);
	if (lab->stops)
		acceptor_stop(lab->acceptor);
	if (lab->refuses)
		acceptor_refuse(fd);
	else
		lab->taken[lab->taken_count++] = fd;
}

static void on_short(void *arg)
{
	struct lab *lab = arg;

	lab->shortages++;
}

static void lab_open(struct lab *lab)
{
	socklen_t len = sizeof(lab->at);
	char why[256];

	*lab = (struct lab){ .right = true };
	lab->loop = loop_new();
	lab->acceptor = acceptor_new(lab->loop, on_taken, on_short, lab);
	lab->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	lab->at.sin_family = AF_INET;
	lab->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(lab->listening, (struct sockaddr *)&lab->at, len) == 0 &&
		      listen(lab->listening, MANY) == 0 &&
		      getsockname(lab->listening, (struct sockaddr *)&lab->at, &len) == 0,
	      "it listens");
	CHECK(acceptor_listen(lab->acceptor, lab->listening, &lab->listening, why), "%s", why);
	for (size_t i = 0; i < MANY; i++)
		lab->clients[i] = -1;
}

static void lab_close(struct lab *lab)
{
	acceptor_free(lab->acceptor);
	for (size_t i = 0; i < lab->taken_count; i++)
		close(lab->taken[i]);
	for (size_t i = 0; i < MANY; i++)
		if (lab->clients[i] >= 0)
			close(lab->clients[i]);
	close(lab->listening);
	loop_free(lab->loop);
}

static void come(struct lab *lab, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		lab->clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(connect(lab->clients[i], (struct sockaddr *)&lab->at, sizeof(lab->at)) == 0,
		      "client %zu", i);
	}
}

/* '.' still there, 'R' reset, 'E' ended */
static char state_of(int fd, int wait_ms)
{
	struct pollfd poll_for = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&poll_for, 1, wait_ms) == 0)
		return '.';
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0 ? 'E' : errno == ECONNRESET ? 'R' : '.';
}

static void in_turns(void)
{
	struct lab lab;
	int on = 0;
	socklen_t len = sizeof(on);

	lab_open(&lab);
	come(&lab, 0, MANY);
	loop_step(lab.loop, 1000);
	CHECK(lab.taken_count == 64, "one turn: %zu", lab.taken_count);
	for (unsigned i = 0; i < 5; i++)
		loop_step(lab.loop, 0);
	CHECK(lab.taken_count == MANY && lab.right && lab.shortages == 0, "all: %zu",
	      lab.taken_count);
	CHECK(getsockopt(lab.taken[0], IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on,
	      "small answers leave at once");
	CHECK(getsockopt(lab.taken[0], SOL_SOCKET, SO_KEEPALIVE, &on, &len) == 0 && on,
	      "who vanishes is noticed");
	lab_close(&lab);
}

static void refused(void)
{
	struct lab lab;

	lab_open(&lab);
	lab.refuses = true;
	come(&lab, 0, 3);
	loop_step(lab.loop, 1000);
	for (size_t i = 0; i < 3; i++)
		CHECK(state_of(lab.clients[i], 1000) == 'R', "reset");
	lab_close(&lab);
}

static void stopped(void)
{
	struct lab lab;

	lab_open(&lab);
	lab.stops = true; /* by the handler of the first */
	come(&lab, 0, 5);
	loop_step(lab.loop, 1000);
	for (unsigned i = 0; i < 3; i++)
		loop_step(lab.loop, 0);
	CHECK(lab.taken_count == 1, "nobody behind the end: %zu", lab.taken_count);
	acceptor_resume(lab.acceptor);
	loop_step(lab.loop, 0);
	CHECK(lab.taken_count == 1, "nothing was paused");
	lab_close(&lab);
}

/* No descriptor is left: reset, no spinning, and accepted again when there is one, either by
 * itself a moment later, or at once when somebody says so. */
static void shortage(bool told)
{
	struct rlimit before, none;
	struct lab lab;

	lab_open(&lab);
	come(&lab, 0, 2);
	getrlimit(RLIMIT_NOFILE, &before);
	/* the next free number is the limit */
	none = before;
	none.rlim_cur = (rlim_t)dup(0);
	close((int)none.rlim_cur);
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0, "a limit");
	loop_step(lab.loop, 1000);
	CHECK(lab.taken_count == 0 && lab.shortages == 1, "%zu taken, %u times short",
	      lab.taken_count, lab.shortages);
	for (size_t i = 0; i < 2; i++)
		CHECK(state_of(lab.clients[i], 1000) == 'R', "turned away");
	setrlimit(RLIMIT_NOFILE, &before);
	come(&lab, 2, 4);
	loop_step(lab.loop, 0);
	CHECK(lab.taken_count == 0, "it pauses");
	if (told)
		acceptor_resume(lab.acceptor);
	for (unsigned i = 0; i < 100 && lab.taken_count < 2; i++)
		loop_step(lab.loop, 100);
	CHECK(lab.taken_count == 2 && lab.right && lab.shortages == 1, "accepted again: %zu",
	      lab.taken_count);
	CHECK(state_of(lab.clients[2], 0) == '.' && state_of(lab.clients[3], 0) == '.',
	      "both live");
	lab_close(&lab);
}

static void wrong(void)
{
	struct lab lab;
	char why[256];
	int count = 1, fd;

	lab_open(&lab);
	CHECK(!acceptor_listen(lab.acceptor, -1, NULL, why) && strstr(why, "Bad file"), "%s", why);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(!acceptor_listen(lab.acceptor, fd, NULL, why) && strstr(why, "watched"), "%s", why);
	close(fd);
	for (; count < ACCEPTOR_MAX + 5; count++) {
		int more = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool listens = acceptor_listen(lab.acceptor, more, NULL, why);

		CHECK(listens == (count < ACCEPTOR_MAX), "%d: %s", count, why);
		if (listens)
			lab.taken[lab.taken_count++] = more;
		else
			close(more);
	}
	CHECK(strstr(why, "more than 32"), "%s", why);
	lab_close(&lab);
}

int main(void)
{
	in_turns();
	refused();
	stopped();
	shortage(false);
	shortage(true);
	wrong();
	return check_result();
}
