/**
 * @file x5u_check.h  Is our certificate where our signatures say it is?  (sign.check-x5u)
 *
 * Verifiers fetch x5u and fail every call when something else is there, which nobody notices
 * at the place where it was configured.  So it is fetched once after start and after a reload,
 * a few at a time.  An address that does not answer is no proof of anything.
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/call/directory.h"
#include "redirector/certs/fetch.h"
#include "shaken/macro.h"

struct x5u_check;

/**
 * @param log  NULL: nothing is told, and only tenants with `refuse` are looked at.  For all
 *             processes but one: each signs with keys of its own
 *
 * @return NULL when out of memory.  The fetcher and the log must outlive it
 */
struct x5u_check *x5u_check_new(struct fetcher *network, struct log *log);
void x5u_check_free(struct x5u_check *check);
SK_DEFINE_CLEANUP(struct x5u_check, x5u_check_free)

/**
 * Look at all tenants that want it, but those that `before` had, too; a look under way starts
 * anew, with all.
 *
 * @param directory  A reference is taken until the end of the look
 * @param before     What was in use; NULL: nothing
 */
void x5u_check_start(struct x5u_check *check, struct directory *directory,
		     const struct directory *before);
