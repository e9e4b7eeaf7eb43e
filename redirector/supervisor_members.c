/*
 * A worker that is gone leaves what it had in shared memory: its seat is cleaned before anybody
 * sits there again.  Its sockets stay ours, and what lies in them waits for the next one.
 */
#include "redirector/supervisor_state.h"

#include "redirector/base/notify.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	DELAY_FIRST_MS = 100,
	DELAY_MAX_MS = 10000,
	LONG_LIFE_MS = 60000, /* whoever lived so long died of something new */
};

struct member *supervisor_member(struct supervisor *s, unsigned index)
{
	for (unsigned i = index; i < 2 * s->common.places; i += s->common.places)
		if (s->members[i].pid != 0 && !s->members[i].retiring)
			return &s->members[i];
	return NULL;
}

struct member *supervisor_other(struct supervisor *s, const struct member *m)
{
	unsigned n = s->common.places;
	struct member *other = &s->members[m->seat < n ? m->seat + n : m->seat - n];

	return other->pid != 0 ? other : NULL;
}

void supervisor_select(struct supervisor *s)
{
	bool live[WORKERS_MAX] = { false };
	unsigned count = 0;
	char text[64];

	for (unsigned i = 0; i < 2 * s->common.places; i++) {
		const struct member *m = &s->members[i];

		if (m->pid != 0 && m->phase == WORKER_READY && !m->retiring && !m->killed)
			live[m->index] = true; /* the web process has no socket of these */
	}
	for (unsigned i = 0; i < s->common.workers; i++)
		count += live[i];
	snprintf(text, sizeof(text), "%u of %u workers serve", count, s->common.workers);
	if (!s->stopping)
		notify_status(text);
	if (!sockets_select(&s->common.sockets, live))
		log_print(s->log, LEVEL_ERROR,
			  "msg=\"the kernel does not take the selector of workers: %s\"",
			  strerror(errno));
}

void supervisor_kill(struct member *m, const char *why)
{
	struct supervisor *s = m->of;

	if (m->killed)
		return;
	m->killed = true;
	log_print(s->log, LEVEL_ERROR, "event=worker result=killed index=%u pid=%d msg=\"%s\"",
		  m->index, (int)m->pid, why);
	supervisor_select(s);
	kill(m->pid, SIGKILL);
}

bool supervisor_tell(struct member *m, const char *word, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { (char *)(uintptr_t)word, strlen(word) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c = (struct cmsghdr *)(void *)control;

		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fd)),
				       .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
	}
	return sendmsg(m->control, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void supervisor_tell_all(struct supervisor *s, const char *word)
{
	for (unsigned i = 0; i < 2 * s->common.places; i++)
		if (s->members[i].pid != 0 && !supervisor_tell(&s->members[i], word, -1))
			log_print(s->log, LEVEL_DEBUG, "event=worker index=%u msg=\"not told: %s\"",
				  s->members[i].index, word);
}

static void on_ready(struct member *m)
{
	struct supervisor *s = m->of;

	m->phase = WORKER_READY;
	m->since_ms = supervisor_now(s);
	supervisor_select(s);
	log_print(s->log, s->ready ? LEVEL_INFO : LEVEL_DEBUG,
		  "event=worker result=ready index=%u pid=%d", m->index, (int)m->pid);
	if (s->stopping)
		return;
	supervisor_catch_up(s);
	supervisor_roll_on(s);
	supervisor_start_on(s);
}

/* Of the first start stderr says it, once; later that may be nobody's, and whoever looks for the
 * reason looks into the log.  What the web process refuses at the start only it reads: it ends the
 * start, too, whereas one that just dies does not. */
static void on_failed(struct member *m, const char *why)
{
	struct supervisor *s = m->of;

	if (supervisor_is_web(s, m->index) && !s->ready && !s->stopping) {
		supervisor_fail(s);
		return;
	}
	if (s->begun)
		log_print(s->log, LEVEL_ERROR,
			  "event=worker result=failed index=%u pid=%d msg=\"%s\"", m->index,
			  (int)m->pid, why);
}

static void obey(struct member *m, const char *text)
{
	if (strcmp(text, "ready") == 0) {
		on_ready(m);
	} else if (strncmp(text, "failed ", 7) == 0) {
		on_failed(m, text + 7);
	} else if (strcmp(text, "draining") == 0) {
		m->phase = WORKER_DRAINING;
		supervisor_select(m->of);
	} else if (strcmp(text, "asked") == 0) {
		if (!m->of->stopping && !supervisor_tell(m, "drain", -1))
			supervisor_kill(m, "it does not listen");
	} else if (strncmp(text, "reload ok ", 10) == 0) {
		supervisor_answered(m, ROUND_RELOAD, text + 10, NULL);
	} else if (strncmp(text, "reload failed ", 14) == 0) {
		supervisor_answered(m, ROUND_RELOAD, "", text + 14);
	} else if (strcmp(text, "counters") == 0) {
		supervisor_answered(m, ROUND_COUNTERS, "", NULL);
	} else if (strcmp(text, "reopen ok") == 0) {
		supervisor_answered(m, ROUND_REOPEN, "", NULL);
	} else if (strcmp(text, "reopen failed") == 0) {
		supervisor_answered(m, ROUND_REOPEN, "", "a log cannot be opened");
	}
}

/* @return false: nothing more to read now */
static bool hear(struct member *m)
{
	char text[ANSWER_SIZE_MAX];
	ssize_t len = recv(m->control, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (len > 0) {
		text[len] = '\0';
		obey(m, text);
	} else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
		watch_free(m->watch); /* SIGCHLD says the rest */
		m->watch = NULL;
	}
	return len > 0;
}

void supervisor_on_message(void *arg, int fd, int events)
{
	(void)fd;
	(void)events;
	hear(arg);
}

/* What it said last came before it died. */
static void stand_up(struct member *m)
{
	struct supervisor *s = m->of;
	struct pages *pages = common_pages(&s->common);

	while (m->watch && hear(m))
		;
	watch_free(m->watch);
	m->watch = NULL;
	close(m->control);
	m->control = -1;
	m->pid = 0;
	m->phase = WORKER_DEAD;
	atomic_store(&supervisor_page(s, m->seat)->phase, WORKER_DEAD);
	atomic_store(&supervisor_page(s, m->seat)->pid, 0);
	atomic_store(&pages->streams_open[m->seat], 0);
	if (supervisor_is_web(s, m->index) && !supervisor_other(s, m))
		atomic_store(&pages->http.open, 0);
	shown_forget(&supervisor_page(s, m->seat)->shown);
	tally_forget(s->tally, m->seat);
}

static void tell_death(const struct member *m, pid_t pid, int status)
{
	struct supervisor *s = m->of;
	bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	enum log_level level = well && (m->retiring || s->stopping) ? LEVEL_DEBUG : LEVEL_ERROR;

	if (WIFSIGNALED(status))
		log_print(s->log, level, "event=worker result=died index=%u pid=%d signal=%d",
			  m->index, (int)pid, WTERMSIG(status));
	else
		log_print(s->log, level, "event=worker result=ended index=%u pid=%d status=%d",
			  m->index, (int)pid, WEXITSTATUS(status));
}

static void respawn(struct post *post)
{
	struct supervisor *s = post->of;

	if (supervisor_spawn(s, post->index))
		return;
	if (!timer_set(post->respawn, DELAY_MAX_MS))
		log_print(s->log, LEVEL_ERROR, "event=worker index=%u msg=\"is not made anew\"",
			  post->index);
}

void supervisor_on_respawn(void *arg)
{
	struct post *post = arg;

	if (!post->of->stopping && !supervisor_member(post->of, post->index))
		respawn(post);
}

/* At once the first time, then after longer and longer. */
static void fill_post(struct supervisor *s, const struct member *gone)
{
	struct post *post = &s->posts[gone->index];
	int64_t delay;

	if (gone->since_ms + LONG_LIFE_MS < supervisor_now(s))
		post->delay_ms = 0;
	delay = post->delay_ms;
	log_print(s->log, LEVEL_INFO, "event=worker result=respawn index=%u after_ms=%lld",
		  post->index, (long long)delay);
	post->delay_ms = delay > 0 ? 2 * delay : DELAY_FIRST_MS;
	if (post->delay_ms > DELAY_MAX_MS)
		post->delay_ms = DELAY_MAX_MS;
	if (delay == 0)
		respawn(post);
	else if (!timer_set(post->respawn, delay))
		respawn(post);
}

static void on_death(struct member *m, pid_t pid, int status)
{
	struct supervisor *s = m->of;

	stand_up(m);
	tell_death(m, pid, status);
	supervisor_select(s);
	for (int kind = 0; kind < ROUND_LAST; kind++)
		supervisor_answered(m, (enum round_kind)kind, "", "a worker died");
	if (s->stopping) {
		supervisor_end_on(s);
		return;
	}
	if (!s->begun) {
		if (WIFSIGNALED(status))
			fprintf(stderr, "shaken-redirector: the first worker died (signal %d)\n",
				WTERMSIG(status));
		supervisor_fail(s);
		return;
	}
	if (!supervisor_member(s, m->index))
		fill_post(s, m);
	supervisor_roll_on(s);
	if (supervisor_is_web(s, m->index)) /* nobody waits for it */
		supervisor_start_on(s);
}

void supervisor_reap(struct supervisor *s)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (unsigned i = 0; i < 2 * s->common.places; i++)
			if (s->members[i].pid == pid) {
				on_death(&s->members[i], pid, status);
				break;
			}
}
