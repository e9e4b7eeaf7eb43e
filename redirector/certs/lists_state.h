/**
 * @file lists_state.h  The insides of lists.h, shared by lists.c, lists_set.c and list_*.c
 *
 * A feed is one URL that is looked at again and again.  A set is all that one
 * configuration asks for: a reload makes a new set beside the one in use, and what
 * the old one has fetched goes on in the new one.
 */
#pragma once

#include "redirector/certs/lists.h"
#include "shaken/calist.h"

#include <stddef.h>
#include <stdint.h>

enum {
	LISTS_RETRY = 60,       /**< seconds after a first failure; doubled ...         */
	LISTS_RETRY_MAX = 3600, /**< ... up to this                                     */
	LISTS_LOOK_MIN = 60,    /**< seconds between two looks that went well           */
	LISTS_TICK = 60,        /**< seconds: the wall clock is looked at as often      */
	LISTS_LOGIN_MAX = 1024, /**< bytes of the file with user id and password        */
	LISTS_TOKEN_MAX = 4096, /**< bytes of an access token                           */
	LISTS_KEPT_MAX = 64,    /**< lists of former addresses                          */
};

/** Bytes that several owners keep. */
struct blob {
	unsigned refs;
	size_t len;
	char text[];
};

struct blob *blob_new(struct sk_span text); /**< NULL: out of memory */
struct blob *blob_ref(struct blob *blob);
void blob_unref(struct blob *blob);
SK_DEFINE_CLEANUP(struct blob, blob_unref)
struct sk_span blob_span(const struct blob *blob); /**< empty for NULL */

struct ca_feed;

struct feed {
	struct lists *lists;
	struct ca_feed *ca; /**< the list of authorities; NULL: a revocation list         */
	struct fetch_job job;
	bool busy;
	char *url;         /**< owned                                                    */
	int64_t due;       /**< when to look again, ms of the monotonic clock            */
	unsigned failures; /**< in a row                                                 */
	int64_t have;      /**< when the newest answer left the network; 0: none came    */
	char etag[FRESHNESS_ETAG_SIZE]; /**< of `body`                                   */
	struct blob *body; /**< the last good one; NULL: none                            */
	int64_t ends;      /**< when that ends by itself, seconds since the epoch        */
	bool moved;        /**< a revocation list of an address that a reload brought    */
	bool told;         /**< that it is missing, though required                      */
};

/** A file of trust.crls. */
struct crl_file {
	const char *path; /**< the configuration's                                      */
	enum sk_err err;  /**< why one of its lists does not count; SK_OK: all do       */
	bool indirect;    /**< that one is an indirect list                             */
	bool counts;      /**< a list in it does                                        */
	bool endless;     /**< one that counts says no end                              */
	bool told;        /**< that it is too late                                      */
	int64_t ends;     /**< the earliest end of those that count; INT64_MAX: none    */
};

/** What was fetched from an address that a reload has taken away. */
struct crl_kept {
	struct blob *body;
	int64_t ends;
};

enum ca_step {
	CA_LOGIN,
	CA_LIST,
	CA_CHAIN,
};

struct ca_feed {
	struct feed feed;
	enum ca_step step;
	char *login_url, *login; /**< owned: where, and the JSON to post; NULL: no login  */
	size_t login_len;
	char *token; /**< owned; NULL: none                                               */
	struct sk_calist *list; /**< of feed.body                                         */
	struct blob *chain;     /**< of its signer, when that was fetched; may be NULL    */
	/* the list whose signer is being fetched */
	struct sk_calist *coming;
	struct blob *coming_body;
	char coming_etag[FRESHNESS_ETAG_SIZE];
	int64_t coming_have;
	bool coming_stored;
	int64_t chain_have; /**< a stored chain of this age was no good                   */
};

struct lists_set {
	struct conf *conf;
	struct trust_files *files;
	struct ca_feed *ca; /**< NULL: none */
	struct feed *crls;
	size_t count;
	struct crl_file *files_crl; /**< those of trust.crls */
	size_t file_count;
	/** They count until each new address has given its first list. */
	struct crl_kept kept[LISTS_KEPT_MAX];
	size_t kept_count;
	bool told;                     /**< that no list counts */
	const struct sk_calist *built; /**< the list in the trust in use; NULL: none      */
	int64_t changes_at;            /**< the last moment it judges as it does          */
};

struct lists {
	struct lists_parts parts;
	lists_h *handler;
	void *arg;
	struct timer *timer;
	struct lists_counters counters;
	int64_t started; /**< seconds since the epoch */
	struct lists_set *set;
};

/* lists.c */

int64_t lists_now(const struct lists *lists);

/** The list whose authorities count now; NULL: none. */
const struct sk_calist *lists_current(const struct lists_set *set, int64_t now);

/** Builds a trust of all that the set has. */
SK_MUSTCHECK
bool lists_build(const struct lists *lists, const struct lists_set *set, struct sk_trust **trust,
		 char why[TRUST_FILES_WHY_SIZE]);

/** Hands a trust over that was built of the set in use. */
void lists_swap(struct lists *lists, struct sk_trust *trust);

/** Sets the timer anew, after a feed's `due` has changed. */
void lists_schedule(struct lists *lists);

/* lists_set.c */

/** Everything for one configuration, with what the set in use has fetched, and its trust. */
SK_MUSTCHECK
bool set_new(struct lists *lists, struct conf *conf, struct lists_set **out,
	     struct sk_trust **trust, char why[TRUST_FILES_WHY_SIZE]);
void set_free(struct lists_set *set);
SK_DEFINE_CLEANUP(struct lists_set, set_free)

/** Does a list of a former address serve, since its successor has not come? */
bool set_needs_kept(const struct lists_set *set);
void set_drop_kept(struct lists_set *set);

/** Remembers what the trust was built of. */
void set_note(const struct lists *lists, struct lists_set *set, const struct sk_trust *trust);

/* list_files.c */

/** Judges the files of trust.crls by the set's trust; warns of what does not count.
 * @return false: an indirect list that nobody vouches for, with the reason */
SK_MUSTCHECK
bool list_files_review(const struct lists *lists, struct lists_set *set,
		       const struct sk_trust *trust, char why[TRUST_FILES_WHY_SIZE]);

/* list_missing.c */

/** With trust.crl-required: which lists make chains fail.  Each is said once. */
void list_missing_report(const struct lists *lists);

/** Is there no file that counts, nor an address where a list could come from? */
bool list_missing_all(const struct lists_set *set, int64_t now);

/* list_feed.c */

/** Starts what is in `feed->job`. */
void feed_send(struct feed *feed);

/** Stops what is under way. */
void feed_stop(struct feed *feed);

/** Is this answer no news: a copy that we had already, since the network failed? */
bool feed_is_echo(const struct feed *feed, const struct fetch_result *result);

/** A look went well: the next one is due at the refresh, or when what is held ends. */
void feed_good(struct feed *feed);

/** Why a fetch failed, said of a list. */
const char *feed_reason(enum sk_err err);

/** It did not arrive, or it arrived and is no good. */
void feed_failed(struct feed *feed, const char *why);
void feed_refused(struct feed *feed, bool stored, int64_t fetched, const char *why);

/** Gives a good body to the store. */
void feed_keep(const struct feed *feed, struct sk_span url, struct sk_span body, const char *etag,
	       int64_t fetched, int64_t until);

/** When the answer left the network. */
int64_t feed_fetched_at(const struct feed *feed, const struct fetch_result *result);

/** Goes on with what another feed of the same URL had.  The old one stays as it is. */
void feed_adopt(struct feed *feed, const struct feed *old, int64_t refresh);

/** Throws away what was fetched; to be asked for at once. */
void feed_forget(struct feed *feed);
void feed_deinit(struct feed *feed);

/* list_crl.c */
void crl_begin(struct feed *feed);
void crl_arrived(struct feed *feed, const struct fetch_result *result);

/* list_ca.c */
void ca_begin(struct ca_feed *ca);
void ca_arrived(struct ca_feed *ca, const struct fetch_result *result);

/** Would a reload bring back an older list of the same administrator, and with it authorities that
 * were taken off?  By the network that is refused, too. */
SK_MUSTCHECK
bool ca_steps_back(const struct lists_set *held, const struct lists_set *next);

/* list_login.c */

/** Reads user id and password, when there is a login.  On failure the reason names the file. */
SK_MUSTCHECK
bool ca_login_read(struct ca_feed *ca, const struct trust_conf *conf,
		   char why[TRUST_FILES_WHY_SIZE]);

/** Takes the token out of the answer.  @return false: there is none that can be used */
SK_MUSTCHECK
bool ca_login_token(struct ca_feed *ca, struct sk_span answer);
void ca_login_forget(struct ca_feed *ca); /**< the token */

/** As feed_adopt(); also judges the list by the new files. */
void ca_adopt(struct ca_feed *ca, const struct ca_feed *old, const struct trust_files *files,
	      int64_t refresh);
void ca_free(struct ca_feed *ca);
SK_DEFINE_CLEANUP(struct ca_feed, ca_free)
