/**
 * @file token.h  Keys in tokens (PKCS#11), and the threads that may wait for them
 *
 * A token may be slow, away or stuck, so nothing of it runs in the loop: a signature is a
 * job for one of hsm.threads threads, of which one token gets half at most.  What waits
 * longer than its call is abandoned: the thread finishes and its result is dropped.  A key
 * that failed is left alone for hsm.retry, in which jobs are refused at once; then one of
 * them tries it again (library started anew, new login), so it heals by itself.  A token in
 * which a thread hangs is left alone until that thread is back.
 *
 * The PKCS#11 library is reached by libp11's engine for OpenSSL.  Made after fork.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/loop.h"
#include "shaken/key.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TOKEN_WHY_SIZE = 256,
	TOKEN_URI_MAX = 1024,
};

struct tokens;

/** Written by threads; read at any time. */
struct token_counters {
	_Atomic uint64_t signed_ok; /**< signatures                                       */
	_Atomic uint64_t failed;    /**< signatures that a token did not give             */
	_Atomic uint64_t refused_busy, refused_away, abandoned; /**< jobs                 */
	_Atomic uint64_t restarts; /**< the library was started anew                      */
};

/**
 * @param loop  Where results arrive; NULL: no job is submitted, keys are checked only
 * @param out   Set only on success; NULL with true: hsm.module is not set
 * @param why   On failure the reason: the library cannot be loaded, the PIN's file is open to
 * others
 */
SK_MUSTCHECK
bool tokens_new(struct loop *loop, const struct clock *clock, const struct hsm_conf *conf,
		struct tokens **out, char why[TOKEN_WHY_SIZE]);

/**
 * Every job has been abandoned or is done, every key dropped.  Waits a second for threads
 * to come back; one that hangs longer is left behind with all that it may touch, and from then
 * on exit() is _exit(): no library is torn down under a thread that is inside it.
 */
void tokens_free(struct tokens *tokens);
SK_DEFINE_CLEANUP(struct tokens, tokens_free)

/** No token is asked from now on: for --check, since a wrong PIN counts each time. */
void tokens_name_only(struct tokens *tokens);

void tokens_set_retry(struct tokens *tokens, int64_t retry_ms);
const struct token_counters *tokens_counters(const struct tokens *tokens);

/** Tells in the loop that a key went away or came back: `why` is "" then. */
typedef void token_news_h(void *arg, const char *uri, const char *why);
void tokens_watch(struct tokens *tokens, token_news_h *handler, void *arg);

/** Tells in the loop how long a token took over a job that was done, microseconds. */
typedef void token_took_h(void *arg, int64_t us);
void tokens_time(struct tokens *tokens, token_took_h *handler, void *arg);

/** A key in a token; counted, atomically. */
struct token_key;

/**
 * Name a key; nothing is asked yet.  The URI is RFC 7512's ("pkcs11:token=t;object=k").
 *
 * @return false with the reason: no URI of that kind, or one that holds a PIN
 */
SK_MUSTCHECK
bool token_key_new(struct tokens *tokens, const char *uri, struct token_key **out,
		   char why[TOKEN_WHY_SIZE]);
void token_key_unref(struct token_key *key);

/** From now on the key must belong to the chain.  Asks the token; blocks up to 2 s.
 *
 * @return SK_OK, SK_KEY_MISMATCH, SK_KEY_INVALID (no P-256 key), SK_SIGNER_AWAY */
SK_MUSTCHECK
enum sk_err token_key_check(struct token_key *key, const struct sk_chain *chain);

/** For sk_credential_new(); its sign() blocks: only within the run() of a job.  SK_SIGNER_AWAY when
 * the token fails or is left alone; SK_KEY_MISMATCH, SK_KEY_INVALID as above. */
struct sk_signer *token_key_signer(struct token_key *key);

/** Something that signs by tokens; the caller's struct begins with it and lies on the heap. */
struct token_job {
	void (*run)(struct token_job *job); /**< in a thread; touches nothing but the job         */
	void (*done)(struct token_job *job); /**< in the loop, unless abandoned; then frees */
	void (*drop)(struct token_job *job); /**< in any thread: it was abandoned; frees */
	struct token_key *key;         /**< what it signs with; lives at least as long          */
	struct token_job *prev, *next; /* for token.c alone, as all that follows */
	int state;
	bool trial;
	int64_t began;
	int64_t began_us, took_us;
};

/** @return SK_OK; SK_BUSY (the queue is full) or SK_SIGNER_AWAY, and the job stays the caller's */
SK_MUSTCHECK
enum sk_err token_submit(struct tokens *tokens, struct token_job *job);

/** The caller does not wait any longer: drop() comes when run() has ended, or now. */
void token_abandon(struct tokens *tokens, struct token_job *job);
