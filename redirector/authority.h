/**
 * @file authority.h  The store of numbers, opened and kept up to date
 *
 * Opens what an import has put there, in a thread when it is to be read whole first, and looks
 * from time to time for a newer one.  A store that cannot be opened costs what it would have
 * said, never the service.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/numbers/numbers.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

struct authority;

enum {
	AUTHORITY_WHY_SIZE = NUMBERS_WHY_SIZE + 32,
};

/** This one is asked from now on; the one before it is closed when this returns. */
typedef void authority_h(void *arg, const struct numbers *numbers);

struct authority_parts {
	struct loop *loop;
	struct log *log;
	authority_h *set;
	void *arg;
};

/**
 * @param conf  Used during the call only
 * @param out   Set only on success; NULL with true: authority.store is not set
 *
 * @return false when out of memory or descriptors
 */
SK_MUSTCHECK
bool authority_new(const struct authority_parts *parts, const struct authority_conf *conf,
		   struct authority **out);

/** Could what is there be opened now?  Also true when authority.store is not set. */
SK_MUSTCHECK
bool authority_check(const struct authority_conf *conf, char why[AUTHORITY_WHY_SIZE]);

/** Waits for a thread that opens.  Nobody asks the store any more.  NULL is allowed. */
void authority_free(struct authority *authority);
SK_DEFINE_CLEANUP(struct authority, authority_free)

/** What a reload may change.  NULL is allowed as `authority`. */
void authority_reload(struct authority *authority, const struct authority_conf *conf);

/** Lookups that failed because of damage, in all stores there were. */
uint64_t authority_faults(const struct authority *authority);
