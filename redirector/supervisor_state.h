/**
 * @file supervisor_state.h  What the supervisor's files share
 *
 *   supervisor.c          start, signals, the end
 *   supervisor_spawn.c    a process is made
 *   supervisor_members.c  what processes say, and what becomes of them
 *   supervisor_watch.c    signs of life
 *   supervisor_rounds.c   what all are asked: reload, counters, reopen
 *   supervisor_rolling.c  all are made anew
 *   supervisor_end.c      all are told to end, the web process last
 *
 * The web process is a member like a worker, in the place behind the last of them; what is said of
 * workers that serve means SIP's.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/call/tally.h"
#include "redirector/common.h"
#include "redirector/monitor/page.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	NOBODY = -1,
	ANSWER_SIZE_MAX = 1024, /* a message of a worker */
};

enum round_kind {
	ROUND_RELOAD,
	ROUND_COUNTERS,
	ROUND_REOPEN,
	ROUND_LAST,
};

struct supervisor;

/* A process, by its seat. */
struct member {
	struct supervisor *of;
	unsigned index, seat;
	pid_t pid; /* 0: nobody sits here */
	int control;
	struct watch *watch;
	enum worker_phase phase;
	bool retiring; /* another has its place */
	bool killed;   /* by us */
	bool owes[ROUND_LAST];
	bool took_next;   /* the configuration of the reload under way */
	int64_t since_ms; /* the phase */
	unsigned version; /* of the configuration it was given */
};

/* A worker's place, whoever fills it. */
struct post {
	struct supervisor *of;
	unsigned index;
	struct timer *respawn;
	int64_t delay_ms; /* before the next one is made */
};

/* What all were asked. */
struct round {
	bool under_way, again;
	unsigned failed, asked;
	char answer[ANSWER_SIZE_MAX]; /* of the first that said ok */
	char why[ANSWER_SIZE_MAX];    /* of the first that failed  */
};

struct supervisor {
	struct conf *start; /* what it was started with */
	struct conf *conf;  /* in use                    */
	struct conf *next;  /* of a reload under way     */
	int start_text, text, next_text;
	unsigned version; /* of `text` */
	const char *log_level;
	struct log *log;
	struct clock clock;
	struct common common;
	struct tally *tally;
	struct loop *loop;
	struct timer *look, *patience; /* for signs of life; for the end */
	int64_t looked_ms;
	struct member members[SEATS_MAX];
	struct post posts[WORKERS_MAX];
	struct round rounds[ROUND_LAST];
	bool begun; /* the first has been ready, once */
	bool ready; /* all have                        */
	bool stopping;
	bool at_once;        /* ... and nobody waits for what is in hand */
	bool last_told;      /* SIP is gone, and the web process knows   */
	int rolling;         /* the index that is made anew; NOBODY */
	struct member *made; /* who is to fill it */
	int status;
};

/* Is it the one that serves HTTP? */
static inline bool supervisor_is_web(const struct supervisor *s, unsigned index)
{
	return index == common_web(&s->common);
}

static inline int64_t supervisor_now(const struct supervisor *s)
{
	return s->clock.mono(&s->clock);
}

static inline struct worker_page *supervisor_page(const struct supervisor *s, unsigned seat)
{
	return &common_pages(&s->common)->worker[seat];
}

/* supervisor.c */

/** Somebody is ready: makes the others, or says that all are. */
void supervisor_start_on(struct supervisor *s);

/* supervisor_end.c */

/** Answers the calls in hand and ends; a second time at once. */
void supervisor_terminate(struct supervisor *s);

/** The start has failed: ends those that are there, then the loop. */
void supervisor_fail(struct supervisor *s);

/** Somebody is gone, and we are stopping: who goes last is told; with the last the loop ends. */
void supervisor_end_on(struct supervisor *s);

/** A timer_h: who is still there after its time is killed. */
void supervisor_on_patience(void *supervisor);

/* supervisor_spawn.c */

/** Makes a process for that place.  @return false: it was said why */
bool supervisor_spawn(struct supervisor *s, unsigned index);

/* supervisor_members.c */

/** The one that fills a place, or will; not one that retires.  NULL: none */
struct member *supervisor_member(struct supervisor *s, unsigned index);

/** Another one of that place, retiring or not. */
struct member *supervisor_other(struct supervisor *s, const struct member *m);

/** A watch_h: reads what one said.  @param arg  The member */
void supervisor_on_message(void *arg, int fd, int events);

/** @param fd  Goes with it; -1: none  @return false: it does not listen */
SK_MUSTCHECK
bool supervisor_tell(struct member *m, const char *word, int fd);

/** To all that sit; who does not listen is the watchdog's. */
void supervisor_tell_all(struct supervisor *s, const char *word);

/** SIGCHLD. */
void supervisor_reap(struct supervisor *s);

/** A timer_h: makes the next one.  @param arg  The post */
void supervisor_on_respawn(void *arg);

/** Who gets what comes: called whenever that changes. */
void supervisor_select(struct supervisor *s);

/** SIGKILL, after it gets nothing new. */
void supervisor_kill(struct member *m, const char *why);

/* supervisor_watch.c */

/** A timer_h. */
void supervisor_on_look(void *supervisor);

/* supervisor_rounds.c */

void supervisor_reload(struct supervisor *s);
void supervisor_count(struct supervisor *s);
void supervisor_reopen(struct supervisor *s);

/** One has answered, or never will.  @param why  NULL: it did */
void supervisor_answered(struct member *m, enum round_kind kind, const char *answer,
			 const char *why);

/** Gives the configuration in use to those that started with another. */
void supervisor_catch_up(struct supervisor *s);

/** The counters: the sum over all seats, and the tenants'. */
void supervisor_report(struct supervisor *s);

/* supervisor_rolling.c */

void supervisor_roll(struct supervisor *s);

/** Somebody became ready, or is gone: goes on with it. */
void supervisor_roll_on(struct supervisor *s);
