/*
 * The supervisor's words and ours, one a message:
 *
 *   reload (with the text as a descriptor) -> reload ok ... | reload failed ...
 *   counters -> counters        reopen -> reopen ok | reopen failed
 *   records, leaving, drain, end, retire: no answer
 *   ready, failed ..., draining: unasked; of the web process "asked": may it drain?
 *
 * Whoever has no supervisor any more drains: nobody would make us anew or tell us to end.
 */
#include "redirector/worker_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MESSAGE_SIZE = 1024,
	ALIVE_MS = 1000,
	LIVES = 4, /* signs of life in service.watchdog, at least */
};

void worker_say(const struct worker *w, const char *fmt, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;
	int len;

	if (w->given.control < 0)
		return;
	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	/* it reads all day; and when it does not, it has gone, and we shall hear of it */
	if (len > 0 && send(w->given.control, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_print(w->log, LEVEL_ERROR, "msg=\"the supervisor cannot be told: %s\"",
			  strerror(errno));
}

/* The descriptor that came with a message; -1: none did. */
static int came_with(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void obey(struct worker *w, const char *word, int fd)
{
	if (strcmp(word, "reload") == 0) {
		worker_reload(w, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (strcmp(word, "records") == 0) {
		worker_reopen_records(w);
	} else if (strcmp(word, "reopen") == 0) {
		worker_say(w, "reopen %s", worker_reopen(w) ? "ok" : "failed");
	} else if (strcmp(word, "counters") == 0) {
		worker_log_counters(w);
		worker_say(w, "counters");
	} else if (strcmp(word, "leaving") == 0) {
		worker_leave(w);
	} else if (strcmp(word, "retire") == 0) {
		worker_retire(w);
	} else if (strcmp(word, "drain") == 0) {
		worker_drain(w);
	} else if (strcmp(word, "end") == 0) {
		worker_end(w);
	}
}

static void on_message(void *arg, int from, int events)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	char text[MESSAGE_SIZE];
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct worker *w = arg;
	ssize_t len = recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	(void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) { /* the supervisor is dead */
		watch_free(w->control);
		w->control = NULL;
		worker_drain(w);
		return;
	}
	text[len] = '\0';
	obey(w, text, came_with(&msg));
}

static void on_alive(void *arg)
{
	struct worker *w = arg;
	int64_t often = w->start->service.watchdog / LIVES;

	atomic_store(&w->page->alive_ms, w->clock.mono(&w->clock));
	worker_show(w);
	if (!timer_set(w->alive, often < ALIVE_MS ? often : ALIVE_MS))
		log_print(w->log, LEVEL_ERROR, "msg=\"no sign of life can be given\"");
}

bool worker_open_control(struct worker *w, char why[WHY_SIZE])
{
	w->alive = timer_new(w->loop, on_alive, w);
	if (w->given.control >= 0)
		w->control = watch_new(w->loop, w->given.control, LOOP_IN, on_message, w);
	if (!w->alive || (w->given.control >= 0 && !w->control)) {
		snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	on_alive(w);
	return true;
}
