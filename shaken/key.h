/**
 * @file key.h  Something that signs ES256
 *
 * A key in this process, a token in an HSM, another process: whoever signs a
 * call holds a `struct sk_signer` and never sees a key.  Nobody outside key.c
 * holds a private EVP_PKEY.
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/span.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SK_KEY_FILE_MAX = 16384, /**< largest key file, bytes */
};

/**
 * The interface.  `sign` hashes `msg` by SHA-256 and writes r and s, 32 bytes
 * each, big-endian (RFC 7518, 3.4).  It returns SK_OK or a failure of class OURS.
 */
struct sk_signer {
	enum sk_err (*sign)(struct sk_signer *self, struct sk_span msg, uint8_t sig[SK_SIG_LEN]);
};

struct sk_key;

/**
 * Read a private key: PEM (PKCS#8 or SEC 1), not encrypted, on P-256.  The
 * parsed key is cleansed when freed; cleansing `text` is the caller's duty.
 *
 * @param out  Set only on success; the caller frees it.  Belongs to one thread.
 *
 * @return SK_OK, SK_KEY_INVALID, SK_ENOMEM or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_key_new(const char *text, size_t len, struct sk_key **out);
void sk_key_free(struct sk_key *key);
SK_DEFINE_CLEANUP(struct sk_key, sk_key_free)

/** The signer; lives as long as the key. */
struct sk_signer *sk_key_signer(struct sk_key *key);

/** Does the key belong to the chain's leaf?  @return SK_OK, SK_KEY_MISMATCH or a failure of class
 * OURS */
SK_MUSTCHECK
enum sk_err sk_key_check(const struct sk_key *key, const struct sk_chain *chain);
