/**
 * @file lab.h  The parts of `shaken lab`: what is made, and where it is written
 */
#pragma once

#include "cli/pki.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What the user asked for. */
struct lab_wish {
	const char *dir;
	const char *x5u_base; /**< "https://certs.lab.example", without a slash at the end */
	const char *host;     /**< host of `x5u_base`: a name of the TLS certificate       */
	const char *listen;   /**< "127.0.0.1:5060"                                        */
	EVP_PKEY *draft_key;  /**< key to certify from 2015 on; NULL: none                 */
	int64_t now;
	int64_t days; /**< validity of what is valid                               */
};

/** Who signs a leaf, and what stands in its chain file. */
enum lab_above {
	BY_INTERMEDIATE,    /**< the leaf, then the intermediate        */
	INTERMEDIATE_FIRST, /**< the same the wrong way round           */
	BY_OTHER_ROOT,      /**< the leaf, then a root nobody trusts    */
	BY_PROVIDER,        /**< the leaf, a CA of 709J, the intermediate */
	BY_ITSELF,          /**< the leaf alone                         */
	BY_MANY,            /**< a chain of more than a verifier reads  */
};

/** A leaf with something wrong. */
struct lab_leaf {
	const char *name;  /**< NAME.pem and NAME.key                    */
	const char *about; /**< for people                               */
	enum lab_above above;
	enum pki_key key;
	unsigned flags;             /**< PKI_...                                  */
	int64_t from_days, to_days; /**< validity from now on; both 0: valid now  */
	struct pki_ext tnauth, constraints;
};

/** The leaves in the order they are made. */
size_t lab_leaf_count(void);
const struct lab_leaf *lab_leaf_at(size_t index);

/** The TNAuthList of a leaf that is as it should be: service provider code 709J. */
struct pki_ext lab_spc(void);

/** Write NAME.pem, and NAME.key beside it.  On failure stderr says why. */
SK_MUSTCHECK
bool lab_write_certs(const char *dir, const char *name, X509 *const *certs, size_t count);
SK_MUSTCHECK
bool lab_write_pair(const char *dir, const char *name, const struct pki_pair *pair);

/**
 * Make the policy administrator: its root, the signer of its list of authorities, the
 * list, and the indirect revocation list of all authorities.  On failure stderr says why.
 *
 * @param root     The authority that the list names
 * @param revoked  The certificate on the revocation list
 */
SK_MUSTCHECK
bool lab_make_admin(const struct lab_wish *wish, int64_t ca_from, X509 *root, const X509 *revoked);

/** Make the PKI's files.  On failure stderr says why. */
SK_MUSTCHECK
bool lab_make_pki(const struct lab_wish *wish);

/** Write redirector.yaml, the configuration that goes with them.  On failure stderr says why. */
SK_MUSTCHECK
bool lab_make_config(const struct lab_wish *wish);

/**
 * Write a file of the laboratory, whole or not at all.  On failure stderr says why.
 *
 * @param secret  Mode 0600 instead of 0644
 */
SK_MUSTCHECK
bool lab_write(const char *dir, const char *name, bool secret, const char *text, size_t len);

/** Remove what an earlier laboratory left and this one does not have.  On failure stderr says why.
 */
SK_MUSTCHECK
bool lab_remove(const char *dir, const char *name);
