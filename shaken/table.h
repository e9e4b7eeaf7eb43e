/**
 * @file table.h  ES256 verified by a table of multiples of the key, in a third of the time
 *
 * A verification needs u1 * G and u2 * Q.  OpenSSL has a table of multiples of G; this
 * makes the same for one key Q.  It pays for keys that are used often: a table costs as
 * much time as 500 verifications save, and SK_TABLE_SIZE of memory.
 *
 * One thread may make a table for another.  From then on it belongs to one thread: a
 * verification writes into numbers that it holds.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/passport.h"

#include <openssl/evp.h>
#include <stdint.h>

enum {
	SK_HASH_LEN = 32,           /**< SHA-256                                   */
	SK_TABLE_SIZE = 160 * 1024, /**< bytes that a table takes at most (x86-64) */
};

struct sk_table;

/**
 * Make the table of a public key.  Takes 20 ms: never on an event loop.  It is tried with
 * one good and one spoilt signature before it is given out.
 *
 * @param key  Not used any more when this returns; another thread may use it meanwhile
 * @param out  Set only on success; the caller frees it
 *
 * @return SK_OK; SK_CERT_PROFILE when the key is not on P-256; SK_ENOMEM or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_table_new(EVP_PKEY *key, struct sk_table **out);
void sk_table_free(struct sk_table *table);
SK_DEFINE_CLEANUP(struct sk_table, sk_table_free)

/**
 * Check a signature (RFC 7518, 3.4; FIPS 186-4, 6.4.2).
 *
 * @param digest  SHA-256 of what was signed
 *
 * @return SK_OK; SK_BAD_SIGNATURE; SK_ENOMEM or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_table_verify(const struct sk_table *table, const uint8_t digest[SK_HASH_LEN],
			    const uint8_t sig[SK_SIG_LEN]);
