/**
 * @file cert.h  A certificate chain as it comes from an x5u (RFC 8226; ATIS-1000080)
 *
 * Parsed once and then only read.  The leaf comes first.  Whether the chain may
 * be trusted is trust.h.  An object belongs to one thread (it holds a reused
 * verification context).
 */
#pragma once

#include "shaken/constraints.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/span.h"
#include "shaken/table.h"
#include "shaken/tnauth.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_CERT_FILE_MAX = 65536, /**< largest certificate file, bytes       */
	SK_CERT_MAX = 5,          /**< most certificates in one file         */
	SK_CERT_NAME_SIZE = 256,  /**< a subject printed for people          */
};

/** What a chain's leaf says.  Lives as long as the chain. */
struct sk_leaf {
	int64_t not_before; /**< seconds since the epoch                           */
	int64_t not_after;
	char subject[SK_CERT_NAME_SIZE]; /**< RFC 2253 text, cut when longer; printable ASCII   */
	char issuer[SK_CERT_NAME_SIZE];
	char serial[48];  /**< hex                                               */
	bool key_is_p256; /**< id-ecPublicKey on P-256: can verify ES256         */
	bool has_tnauth;  /**< there is exactly one well-formed TNAuthList       */
	struct sk_tnauth tnauth;
	const struct sk_constraints *constraints; /**< NULL: none                               */
	enum sk_err extensions; /**< SK_OK, or why TNAuthList or constraints are refused:
				     malformed, twice, both kinds of constraints       */
};

struct sk_chain;

/**
 * Read a chain: PEM with anything around the blocks that is not a certificate
 * refused but white space and text between blocks allowed; or one certificate in
 * DER.  Trailing bytes after a certificate's DER are refused.
 *
 * @param len  More than SK_CERT_FILE_MAX is SK_FETCH_SIZE
 * @param out  Set only on success; the caller frees it
 *
 * @return SK_OK; SK_FETCH_SIZE; SK_FETCH_SYNTAX (no certificate in it, or bytes
 *         that are none); SK_CERT_SYNTAX (more than SK_CERT_MAX, or a leaf without
 *         readable names or dates); SK_ENOMEM or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_chain_new(const char *text, size_t len, struct sk_chain **out);
void sk_chain_free(struct sk_chain *chain);
SK_DEFINE_CLEANUP(struct sk_chain, sk_chain_free)

/** Frees what stands behind the leaf and is none of these certificates; for sk_trust_trim(). */
void sk_chain_trim(struct sk_chain *chain, X509 *const *keep, size_t count);

/** What the leaf says. */
const struct sk_leaf *sk_chain_leaf(const struct sk_chain *chain);

/** How many certificates; and the one at `index` (0: the leaf), owned by the chain. */
size_t sk_chain_count(const struct sk_chain *chain);
X509 *sk_chain_at(const struct sk_chain *chain, size_t index);

/** Are the leaves the same certificate, byte by byte? */
SK_MUSTCHECK
bool sk_chain_same_leaf(const struct sk_chain *a, const struct sk_chain *b);

/** Is the leaf valid at this time?  @return SK_OK, SK_CERT_EXPIRED or SK_CERT_NOT_YET */
SK_MUSTCHECK
enum sk_err sk_chain_valid_at(const struct sk_chain *chain, int64_t when);

/**
 * Check an ES256 signature with the leaf's key (RFC 7518, 3.4): SHA-256 over
 * `msg`, r and s in 1..n-1.
 *
 * @return SK_OK; SK_BAD_SIGNATURE; SK_CERT_PROFILE when the key is not on P-256;
 *         SK_ENOMEM or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_chain_verify(const struct sk_chain *chain, struct sk_span msg,
			    const uint8_t sig[SK_SIG_LEN]);

/** How many signatures the leaf's key was asked about, good and bad ones: is a table worth it? */
uint64_t sk_chain_verified(const struct sk_chain *chain);

/**
 * Verify by this table from now on, with the same outcomes.  Where the table fails for a
 * reason of ours, the usual way is taken as before.
 *
 * @param table  Of the leaf's key, and this thread's from now on; taken over.  NULL: the usual way
 */
void sk_chain_set_table(struct sk_chain *chain, struct sk_table *table);

/** Does it have one? */
SK_MUSTCHECK
bool sk_chain_has_table(const struct sk_chain *chain);
