/**
 * @file tenant.h  Whose call it is: configuration, keys and choices, ready to use
 *
 * Counted: a call keeps its tenant from start to end, whatever a reload does.
 */
#pragma once

#include "config/conf.h"
#include "redirector/call/facts.h"
#include "redirector/call/profile.h"
#include "redirector/keys/keystore.h"
#include "shaken/shaken.h"

#include <stdint.h>

struct tenant {
	unsigned refs;
	struct conf *conf;              /**< a reference of our own                       */
	const struct tenant_conf *set;  /**< the tenant's part of it                      */
	struct keystore *keys;          /**< NULL: cannot sign                            */
	struct sk_verify_policy verify; /**< the profile's choices and the tenant's own */
	struct profile profile;         /**< every choice, settled                    */
};

/**
 * @param conf  A reference is taken
 * @param now   Seconds since the epoch, to judge the certificate
 * @param why   On failure the reason
 *
 * @return NULL on failure; else the caller drops the reference
 */
struct tenant *tenant_new(struct conf *conf, int64_t now, char why[KEYSTORE_WHY_SIZE]);
struct tenant *tenant_ref(struct tenant *tenant);
void tenant_unref(struct tenant *tenant);
SK_DEFINE_CLEANUP(struct tenant, tenant_unref)

/** The tenant of a request.  There is one per configuration; every listed source is its. */
struct tenant *tenant_find(struct tenant *only, const struct facts *facts);
