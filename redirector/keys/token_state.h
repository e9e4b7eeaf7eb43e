/**
 * @file token_state.h  What all tokens are made of: for token*.c alone
 *
 *   token.c       jobs, their queues and threads
 *   token_life.c  beginning and end
 *   token_key.c   keys by name, and what is asked of them
 *   token_open.c  keys in use: opened, closed, the library started anew
 *   token_uri.c   RFC 7512
 *
 * One lock for all of it, never held while the library is called.
 */
#pragma once

#include "redirector/keys/pkcs11.h"
#include "redirector/keys/token.h"

#include <pthread.h>
#include <sys/stat.h>

enum {
	TOKEN_CHECK_MS = 2000,  /* token_key_check() waits so long                             */
	TOKEN_STUCK_MS = 250,   /* a job that runs longer: its token is left alone             */
	TOKEN_TURN_MS = 300,    /* a thread waits so long for its turn at the library          */
	TOKEN_END_MS = 1000,    /* the end waits so long for threads                           */
	TOKEN_THREADS_MAX = 64, /* of hsm.threads                                             */
	TOKEN_PIN_MAX = 256,    /* largest file with a PIN, bytes                              */
};

enum token_job_state {
	JOB_NEW,
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_ABANDONED, /* ... and runs */
	JOB_DONE,      /* its result waits for the loop */
};

struct token_jobs {
	struct token_job *first, *last;
};

/* The PIN's file as it was when a token did not take what is in it.  Tokens lock themselves after
 * a few wrong PINs, so the same one is not tried twice. */
struct pin_mark {
	bool set;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

/* A token as URIs name it. */
struct token_slot {
	struct token_slot *next;
	struct token_jobs queue, busy;
	size_t queued, running;
	struct pin_mark refused;
	char name[];
};

/* A key in a token, shared by all who name it by the same URI. */
struct token_object {
	struct token_object *next;
	struct token_slot *slot;
	size_t refs;
	EVP_PKEY *pkey; /* NULL: not open */
	bool failed, trying;
	int64_t away_until;
	bool is_news;    /* to be told in the loop */
	const char *why; /* it is away; "": it is there */
	char uri[];
};

/* Joined by tokens_free() once it is leaving, so that nothing of it is there when the process ends.
 */
struct token_thread {
	pthread_t id;
	bool leaving; /* it needs nothing of us any more */
};

struct tokens {
	struct loop *loop;
	const struct clock *clock;
	bool name_only; /* no key is asked; set before there are any */
	char *pin_file;
	size_t thread_max, queue_max;
	struct token_counters counters;
	token_news_h *news;
	void *news_arg;
	token_took_h *took;
	void *took_arg;
	int fd; /* wakes the loop */
	struct watch *watch;

	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t work;  /* there may be a job, or the end has come */
	pthread_cond_t moved; /* whatever else changed: turns, checks, threads */
	int64_t retry_ms;
	struct token_slot *slots, *turn; /* turn: whose job was taken last */
	size_t slot_count, queued, threads;
	struct token_thread crew[TOKEN_THREADS_MAX]; /* `thread_max` of them, once they began */
	struct token_jobs results;
	bool ending;

	struct token_object *objects;
	bool unused; /* one of them has no key any more */
	struct pkcs11 *library;
	size_t users;           /* threads in it */
	bool opening, stopping; /* one of them opens a key; one waits to stop it */
	uint64_t generation;    /* starts of the library */
	int64_t began;          /* the last of them */
	int64_t dead_until;     /* it did not start: left alone */
};

struct token_key {
	struct sk_signer signer; /* first: a signer is its key */
	_Atomic unsigned refs;
	struct tokens *tokens;
	struct token_object *object;
	EVP_PKEY *_Atomic wanted; /* of the certificate; NULL: any */
};

/* --- token_uri.c --- */

/** Judges a URI.  @param token  Its token attribute, empty when it has none */
SK_MUSTCHECK
bool token_uri_read(const char *uri, struct sk_span *token, char why[TOKEN_WHY_SIZE]);

/* --- token.c --- */

int64_t tokens_now(const struct tokens *t);
void tokens_wake(struct tokens *t);

/** Waits for `moved`.  @param until  Of the true monotonic clock.  @return false: too late */
SK_MUSTCHECK
bool tokens_wait(struct tokens *t, int64_t until);

/** Does a thread hang in it?  (lock held) */
SK_MUSTCHECK
bool slot_is_stuck(const struct tokens *t, const struct token_slot *slot);

/** What each thread does. */
void *tokens_work(void *tokens);

/** A job that is done and was not handed over yet; NULL: none. */
struct token_job *tokens_pop_result(struct tokens *t);

/** The loop was woken: a watch_h. */
void tokens_on_results(void *tokens, int fd, int events);

/* --- token_open.c --- */

/**
 * Opens the key when it is not; the caller is then a user of the library.
 *
 * @param generation  Set always: that which was tried
 *
 * @return SK_OK, SK_SIGNER_AWAY, SK_KEY_INVALID
 */
SK_MUSTCHECK
enum sk_err object_enter(struct tokens *t, struct token_object *object, uint64_t *generation);
void object_leave(struct tokens *t);

/** Starts the library anew, unless somebody has since that generation, or it is too young.
 * @return false: it makes no sense to try again */
SK_MUSTCHECK
bool tokens_restart(struct tokens *t, uint64_t generation);

/** Closes keys that nobody names any more (lock held; lets go of it). */
void tokens_reap(struct tokens *t);

/** All keys are closed, the library ends (no thread is in it). */
void tokens_close(struct tokens *t);

/** What came of using a key: it is away, or back. */
void object_settle(struct tokens *t, struct token_object *object, enum sk_err err);
