/**
 * @file tenant.h  Whose call it is: configuration, keys and choices, ready to use
 *
 * Counted, atomically because a reload makes and drops tenants in a thread: a call keeps its tenant
 * from start to end, whatever a reload does.
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/clock.h"
#include "redirector/call/facts.h"
#include "redirector/call/profile.h"
#include "redirector/call/tally.h"
#include "redirector/certs/certs.h"
#include "redirector/keys/keystore.h"
#include "shaken/shaken.h"

#include <stdatomic.h>
#include <stdint.h>

struct tenant {
	_Atomic unsigned refs;
	struct conf *conf; /**< a reference, of the main file's tenant alone: `set` lies in it */
	struct tenant_conf *own; /**< of a tenant with a file: `set`, owned                     */
	const struct tenant_conf *set; /**< its settings */
	struct certs_own certs;        /**< with a file: its certificates; owned         */
	struct keystore *keys; /**< NULL: cannot sign                                         */
	struct sk_verify_policy verify; /**< the profile's choices and the tenant's own */
	struct profile profile;         /**< every choice, settled                    */
	struct tally *table;      /**< what the slots lie in; NULL: nothing is counted           */
	struct tally_slot *tally; /**< its counters and buckets; NULL: there was no room         */
	struct tally_slot *
		*trunks; /**< of set->trunks, in their order; owned; entries may be NULL */
	void *source;    /**< what it was read from; roster.c's, freed by free_source  */
	void (*free_source)(void *source);
};

/** What tenants are made of; all of it must outlive them. */
struct tenant_parts {
	const struct clock *clock;
	struct tally *tally;     /**< NULL: nothing is counted            */
	struct tokens *tokens;   /**< NULL: no keys in tokens             */
	bool lab;                /**< certs.lab                           */
	bool keyless;            /**< leave its credentials out           */
	const atomic_bool *stop; /**< set: nobody wants the rest any more; NULL: never */
	size_t max; /**< tenants that `tally` was made for; 0: tenants.max alone counts */
};

/**
 * The tenant of the main file.
 *
 * @param conf  A reference is taken
 * @param why   On failure the reason
 *
 * @return NULL on failure; else the caller drops the reference
 */
struct tenant *tenant_new(struct conf *conf, const struct tenant_parts *parts,
			  char why[KEYSTORE_WHY_SIZE]);

/** A tenant with a file of its own.  @param set  Its settings; taken over, also on failure */
struct tenant *tenant_of_file(struct tenant_conf *set, const struct tenant_parts *parts,
			      char why[KEYSTORE_WHY_SIZE]);

/** For certs_want_for(): NULL for the main file's tenant. */
static inline const struct certs_own *tenant_certs(const struct tenant *tenant)
{
	return tenant->own ? &tenant->certs : NULL;
}

struct tenant *tenant_ref(struct tenant *tenant);
void tenant_unref(struct tenant *tenant);
SK_DEFINE_CLEANUP(struct tenant, tenant_unref)
