/**
 * @file certs_replay.h  The certificates' world for tests: the network is a list of jobs, the clock
 * two numbers
 *
 * So every story ends the same way each time.  Whatever fails in the set-up ends
 * the test program.
 */
#pragma once

#include "pki.h"
#include "redirector/certs/certs.h"
#include "redirector/certs/fetch.h"

#define URL(n) SK_SPAN("https://cert.example/" n)

enum {
	JOBS = 256,
	DAY = 86400,
};

struct fake_net {
	struct fetcher base;
	struct fetch_job *jobs[JOBS]; /* under way */
	size_t count;
	unsigned started, stopped, reloads;
	enum sk_err refuse; /* what start() says */
	bool reload_fails;
	unsigned keeps;         /* what was kept for others, and the last of it */
	struct fetch_kept kept; /* url, body and etag are gone                  */
	size_t kept_body;
};

struct fake_clock {
	struct clock base;
	int64_t wall, mono;
};

/* One redirector, as far as certificates go. */
struct world {
	struct fake_net net;
	struct fake_clock clock;
	struct conf *conf;
	struct certs *certs;
};

/* What a handler was told. */
struct call {
	struct certs_wait wait;
	unsigned calls;
	enum sk_err err, verdict;
	enum certs_from from;
	bool chain;
	struct world *again; /* asks once more from the handler */
	struct call *cancel; /* cancels this one from the handler */
};

/** Two chains, and whom one must trust for each. */
extern struct pki_text replay_good, replay_other, replay_anchors, replay_other_anchors;

/** Makes the chains.  Once, first. */
void replay_init(void);

void replay_begin(struct world *w);

/** Also checks that every fetch under way was stopped.  @return how many were not */
size_t replay_end(struct world *w);

struct conf *replay_conf(void);
struct sk_trust *replay_trust(const struct pki_text *pem);

/** Both clocks go on. */
void replay_pass(struct world *w, int64_t seconds);

/** A call asks and waits. */
void replay_want(struct world *w, struct sk_span url, struct call *call);

/** A call asks and goes away at once if it would have to wait. */
struct call replay_ask(struct world *w, struct sk_span url);

/** Fetches the good chain into memory. */
void replay_store(struct world *w, struct sk_span url, const char *header);

/** Ends the newest fetch.  Aborts when there is none. */
void replay_result(struct world *w, const struct fetch_result *result);

/** Ends the newest fetch; SK_OK without a body is a 304.  Aborts when there is none. */
void replay_end_fetch(struct world *w, enum sk_err err, const struct pki_text *body,
		      const char *header);
