/**
 * @file trust_files.h  The files of `trust:` -> struct sk_trust
 *
 * Built whole or not at all, so that a broken file leaves the trust in use as it is.
 */
#pragma once

#include "config/conf.h"
#include "shaken/macro.h"
#include "shaken/trust.h"

#include <stdbool.h>

enum {
	TRUST_FILES_WHY_SIZE = 256, /**< room for a reason, terminator included */
};

/**
 * Blocks; for start and reload.
 *
 * @param out  Set only on success; the caller frees it
 * @param why  On failure the reason, which names the file
 */
SK_MUSTCHECK
bool trust_files_load(const struct trust_conf *conf, struct sk_trust **out,
		      char why[TRUST_FILES_WHY_SIZE]);
