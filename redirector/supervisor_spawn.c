/*
 * fork and exec of our own binary: a worker starts with clean memory, and a package that was
 * replaced meanwhile changes nothing, since /proc/self/exe is what runs.
 *
 * Between fork and exec only what is safe in a signal handler is called: the log has a thread.
 */
#include "redirector/supervisor.h"

#include "redirector/base/rank.h"
#include "redirector/conf_text.h"
#include "redirector/handover.h"
#include "redirector/supervisor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	NOT_STARTED = 127,
};

static int free_seat(const struct supervisor *s, unsigned index)
{
	if (s->members[index].pid == 0)
		return (int)index;
	index += s->common.places;
	return s->members[index].pid == 0 ? (int)index : NOBODY;
}

/* Ours, with the line, and without the service manager's: workers do not talk to it. */
static char **environment(char *line)
{
	size_t count = 0, n = 0;
	char **out;

	while (environ[count])
		count++;
	out = calloc(count + 2, sizeof(*out));
	if (!out)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], "NOTIFY_SOCKET=", 14) != 0 &&
		    strncmp(environ[i], HANDOVER_NAME "=", sizeof(HANDOVER_NAME)) != 0)
			out[n++] = environ[i];
	out[n] = line;
	return out;
}

/* What a program is started with; made before the fork. */
struct program {
	char *argv[6];
	char **environment;
	int fds[HANDOVER_FDS];
	unsigned fd_count;
	pid_t parent;
};

static void become_worker(const struct program *p)
{
	static const int ours[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH };
	sigset_t set;

	/* they wait until it can handle them */
	sigemptyset(&set);
	for (size_t i = 0; i < SK_COUNT(ours); i++)
		sigaddset(&set, ours[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
	for (unsigned i = 0; i < p->fd_count; i++)
		fcntl(p->fds[i], F_SETFD, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != p->parent) /* it died before we asked */
		_exit(NOT_STARTED);
	execve("/proc/self/exe", p->argv, p->environment);
	_exit(NOT_STARTED);
}

static pid_t start(const struct supervisor *s, const struct handover *h)
{
	static const char name[] = "shaken-redirector", option[] = "--worker";
	char line[sizeof(HANDOVER_NAME) + HANDOVER_SIZE] = HANDOVER_NAME "=";
	char index[16];
	struct program p = { .argv = { (char *)(uintptr_t)name, (char *)(uintptr_t)option, index,
				       s->start->path, (char *)(uintptr_t)s->log_level } };
	pid_t pid;

	snprintf(index, sizeof(index), "%u", h->given.index);
	handover_print(h, line + sizeof(HANDOVER_NAME));
	p.environment = environment(line);
	if (!p.environment)
		return -1;
	p.fd_count = handover_fds(h, p.fds);
	p.parent = getpid();
	pid = fork();
	if (pid == 0)
		become_worker(&p);
	free(p.environment);
	return pid;
}

static void sit_down(struct supervisor *s, struct member *m, const struct handover *h, pid_t pid,
		     int control)
{
	struct worker_page *page = supervisor_page(s, h->given.seat);

	*m = (struct member){ .of = s,
			      .index = h->given.index,
			      .seat = h->given.seat,
			      .pid = pid,
			      .control = control,
			      .phase = WORKER_STARTING,
			      .since_ms = supervisor_now(s),
			      .version = s->version };
	atomic_store(&page->web, h->given.web);
	atomic_store(&page->alive_ms, supervisor_now(s)); /* not its predecessor's silence */
	atomic_store(&page->phase, WORKER_STARTING);
	atomic_store(&page->pid, pid);
	atomic_fetch_add(&page->spawned, 1);
	m->watch = watch_new(s->loop, control, LOOP_IN, supervisor_on_message, m);
	if (!m->watch)
		supervisor_kill(m, "it cannot be heard");
}

bool supervisor_spawn(struct supervisor *s, unsigned index)
{
	int seat = free_seat(s, index), ends[2] = { -1, -1 };
	struct handover h = { .start_text = s->start_text };
	pid_t pid = -1;

	errno = EAGAIN;
	if (seat != NOBODY &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0) {
		common_give(&s->common, index, (unsigned)seat, &h.given);
		h.given.control = ends[1];
		h.given.text = s->text;
		pid = start(s, &h);
	}
	if (pid < 0)
		log_print(s->log, LEVEL_ERROR,
			  "event=worker result=failed index=%u msg=\"cannot be started: %s\"",
			  index, strerror(errno));
	if (ends[1] >= 0)
		close(ends[1]);
	if (pid < 0) {
		if (ends[0] >= 0)
			close(ends[0]);
		return false;
	}
	sit_down(s, &s->members[seat], &h, pid, ends[0]);
	return true;
}

static int no_start(const struct worker_given *given, const char *why)
{
	char text[512];

	fprintf(stderr, "shaken-redirector: %s\n", why);
	snprintf(text, sizeof(text), "failed %s", why);
	(void)!send(given->control, text, strlen(text), MSG_NOSIGNAL);
	return EXIT_FAILURE;
}

/* The settings that need a restart are those that all others run with. */
static bool load(const struct handover *h, const char *path, struct conf **out,
		 struct complaints *complaints)
{
	SK_CLEANUP(conf_unref_p) struct conf *start = NULL;

	if (!conf_text_load(h->given.text, path, out, complaints) ||
	    !conf_text_load(h->start_text, path, &start, complaints))
		return false;
	conf_keep_restart(*out, start);
	if (h->start_text != h->given.text)
		close(h->start_text);
	return true;
}

int supervisor_worker(int argc, char **argv)
{
	SK_CLEANUP(conf_unref_p) struct conf *conf = NULL;
	struct complaints complaints = { 0 };
	struct handover h;
	bool ok;

	if (argc < 2 || !handover_take(getenv(HANDOVER_NAME), &h)) {
		fputs("shaken-redirector: --worker is for the supervisor alone\n", stderr);
		return 2;
	}
	unsetenv(HANDOVER_NAME);
	prctl(PR_SET_NAME, h.given.web ? "shaken-web" : "shaken-worker");
	if (h.given.web) /* SIP goes first; its loop goes further back (back_seat.h) */
		rank_set(RANK_HTTP);
	ok = load(&h, argv[1], &conf, &complaints);
	if (!ok)
		no_start(&h.given, complaints.count ? complaints.items[0] : "out of memory");
	complaints_deinit(&complaints);
	return ok ? worker_run(conf, argc > 2 ? argv[2] : NULL, &h.given) : EXIT_FAILURE;
}
