/**
 * @file lists_replay.h  The lists' world for tests: network, store, clock and timer are all by hand
 *
 * Links with -Wl,--wrap=timer_new,--wrap=timer_set,--wrap=timer_free,--wrap=log_print.  Whatever
 * fails in the set-up ends the test program.
 */
#pragma once

#include "pki.h"
#include "redirector/certs/lists.h"
#include "shaken/cert.h"

#define LIST_URL  "https://pa.example/ca-list"
#define LOGIN_URL "https://pa.example/auth/login"
#define X5U_URL   "https://pa.example/signer.pem"
#define CRL_URL   "https://pa.example/crl"

enum {
	HOUR = 3600,
	DAY = 24 * HOUR,
};

struct lists_net {
	struct fetcher base;
	struct fetch_job *jobs[8];
	size_t count;
	unsigned started, stopped, kept;
	enum sk_err refuse; /* what start() says */
	char last_kept[128];
	int64_t kept_until;
};

struct lists_clock {
	struct clock base;
	int64_t wall, mono;
};

struct lists_world {
	struct lists_net net;
	struct lists_clock clock;
	struct conf *conf;
	struct lists *lists;
	struct sk_trust *trust; /* the newest */
	unsigned swaps;
	char why[TRUST_FILES_WHY_SIZE];
	char log[65536]; /* what was logged so far, a line each: "error event=..." */
	size_t log_len;
};

/** The administrator and a stranger of its name, each with a signer of lists of authorities. */
extern struct pki_cert lists_admin, lists_stranger, lists_signer, lists_forger;
/** Two providers: root, intermediate, leaf; the intermediate's certificates name no CRL issuer. */
struct provider {
	struct pki_cert root, mid, leaf;
	struct pki_text chain, anchor;
};
extern struct provider lists_a, lists_b;
extern struct pki_text lists_signer_pem, lists_forger_pem;

/** Makes all of that, and a folder for files.  Once, first. */
void lists_init(void);
void lists_done(void);

/** Writes a file.  @return Its path, which lives until lists_done() */
const char *lists_file(const char *name, const char *text, mode_t mode);

/** Settings: administrator, refresh 1 h, nothing else. */
struct conf *lists_conf(void);
void lists_add(struct text_list *list, const char *text);
void lists_set_text(char **setting, const char *text);

/** @param conf  Taken over.  @return false: lists_new() refused, `why` has the reason */
bool lists_begin(struct lists_world *w, struct conf *conf);

/** As --check does: without a network, nothing kept.  @return false: `why` has the reason */
bool lists_check(struct lists_world *w, struct conf *conf);

/** Also checks that all that was started has ended.  @return how many did not */
size_t lists_end(struct lists_world *w);

/** Time passes, the timer fires whenever it is due. */
void lists_pass(struct lists_world *w, int64_t seconds);

/** Is this URL being fetched? */
struct fetch_job *lists_asked(struct lists_world *w, const char *url);

/** Ends a fetch; aborts when it is not under way. */
void lists_answer(struct lists_world *w, const char *url, const char *body);
void lists_fail(struct lists_world *w, const char *url, enum sk_err err);
void lists_unchanged(struct lists_world *w, const char *url);
void lists_from_store(struct lists_world *w, const char *url, const char *body, int64_t fetched);

/** What the newest trust says of a provider's leaf, now. */
enum sk_err lists_judge(const struct lists_world *w, const struct provider *who);

/** How many lines of the log so far have the words. */
unsigned lists_said(const struct lists_world *w, const char *words);

/** A reload, committed.  @param conf  Taken over.  @return false: refused, `why` has the reason */
bool lists_reload(struct lists_world *w, struct conf *conf);

/** As one PEM text; the caller frees it. */
char *lists_crl(const struct pki_crl *spec, const struct pki_cert *by);
