/**
 * @file key_hashes.h  Whose key is it?  The hashes of keys, compared in constant time
 *
 * A table under a keyed hash of the key's SHA-256.  What is compared, and for how long, depends on
 * that keyed hash alone, never on how much of a stored hash agrees: the run of slots is walked to
 * its end, each one is compared whole, and a key that nobody has goes the same way.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEY_HASH_SIZE = 32, /**< SHA-256 */
};

/** "sha256:64 hex digits" -> bytes.  @return false: it is none */
SK_MUSTCHECK
bool key_hash_read(const char *text, uint8_t out[KEY_HASH_SIZE]);

struct key_hashes;

/** @param limit  Most hashes that go in.  @return NULL when out of memory */
struct key_hashes *key_hashes_new(size_t limit);
void key_hashes_free(struct key_hashes *keys);
SK_DEFINE_CLEANUP(struct key_hashes, key_hashes_free)

size_t key_hashes_count(const struct key_hashes *keys);

/**
 * The value of a hash, to read or to set; a hash that was not there goes in with the value 0.
 *
 * @return NULL: the limit is reached, or a fault of OpenSSL's
 */
size_t *key_hashes_at(struct key_hashes *keys, const uint8_t hash[KEY_HASH_SIZE]);

/**
 * Whose key is it?
 *
 * @param key    As it was presented
 * @param value  Set with SK_OK: the value of its hash, 0: nobody's
 *
 * @return SK_OK or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err key_hashes_find(const struct key_hashes *keys, struct sk_span key, size_t *value);
