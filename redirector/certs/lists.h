/**
 * @file lists.h  What the trust is made of: files, the STI-PA's list of authorities, revocation
 * lists
 *
 * Files are read at start and at a reload.  What has an URL is fetched in the
 * background, at start, every trust.refresh, and ahead of its end when a list says
 * that it ends sooner; a failure is tried again after a minute, doubled up to an hour.  A new
 * list is checked (signature, sequence, exp; crl: issuer, dates) before anything is
 * built; then a whole trust is built and handed over.  A bad download changes
 * nothing, is logged and counted; a list once good stays until it ends by itself:
 * a list of authorities past its `exp` takes its anchors away, loudly.
 *
 * With a store the last good lists are there at the next start (the fetcher's).
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/certs/fetch.h"
#include "redirector/certs/trust_files.h"
#include "shaken/macro.h"
#include "shaken/trust.h"

#include <stdbool.h>
#include <stdint.h>

struct lists;

/** A new trust; the receiver takes it over. */
typedef void lists_h(void *arg, struct sk_trust *trust);

struct lists_parts {
	struct loop *loop;
	const struct clock *clock;
	struct fetcher *fetcher; /**< NULL: files only (--check, the command) */
	struct log *log;         /**< NULL: nothing is logged                 */
};

struct lists_counters {
	uint64_t fetched, failed, refused; /**< refused: arrived, and no good */
	uint64_t swapped;
};

/**
 * @param conf     A reference is taken
 * @param handler  Called from the loop, never before this returns
 * @param trust    The first trust, of files (and nothing else)
 * @param why      On failure the reason, which names the file and the setting
 */
SK_MUSTCHECK
bool lists_new(const struct lists_parts *parts, struct conf *conf, lists_h *handler, void *arg,
	       struct lists **out, struct sk_trust **trust, char why[TRUST_FILES_WHY_SIZE]);
void lists_free(struct lists *lists);
SK_DEFINE_CLEANUP(struct lists, lists_free)

/**
 * Build what a reload needs beside what is in use: reads the files, keeps lists that
 * were fetched, also those of another URL until the new one has given its first; but
 * none that nobody of the new files signed.  Nothing is swapped before lists_commit().
 *
 * @param next  Set on success: give it to lists_commit() or lists_drop()
 */
struct lists_next;
SK_MUSTCHECK
bool lists_prepare(struct lists *lists, struct conf *conf, struct lists_next **next,
		   struct sk_trust **trust, char why[TRUST_FILES_WHY_SIZE]);
void lists_commit(struct lists *lists, struct lists_next *next);
void lists_drop(struct lists_next *next);

const struct lists_counters *lists_counters(const struct lists *lists);

/* lists_status.c */

enum lists_kind {
	LISTS_CA,       /**< the STI-PA's list of authorities, fetched           */
	LISTS_CRL,      /**< a revocation list, fetched                          */
	LISTS_CRL_FILE, /**< ... of a file                                       */
};

enum lists_state {
	LISTS_AWAITED, /**< not asked yet                                         */
	LISTS_GOOD,    /**< the last look went well                               */
	LISTS_FAILED,  /**< it did not; the one in use stays, if there is one     */
};

enum {
	LISTS_NAME_SIZE = 160,
};

/** One list. */
struct lists_status {
	char name[LISTS_NAME_SIZE]; /**< address without query, or path; a longer one loses its
				       middle */
	int32_t kind, state; /**< enum lists_kind, enum lists_state                            */
	bool counts;         /**< there is one, and it is in date                              */
	uint64_t failures;   /**< in a row                                                     */
	int64_t fetched;     /**< seconds since the epoch; 0: never, or a file                 */
	int64_t until;       /**< when it ends; INT64_MAX: it says no end; 0: there is none    */
};

/** @return How many, at most `max` */
size_t lists_status(const struct lists *lists, struct lists_status *out, size_t max);

/** trust.crl-required is set, and no revocation list counts: all chains fail. */
SK_MUSTCHECK
bool lists_crls_missing(const struct lists *lists);
