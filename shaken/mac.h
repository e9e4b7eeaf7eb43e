/**
 * @file mac.h  A short keyed hash (SipHash-2-4, 128 bits)
 *
 * For texts that must be the same for the same request and that strangers must
 * not be able to predict: To-tags (RFC 3261, 8.2.7), origids, cache slots.  Not
 * a signature.  One object belongs to one thread.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_MAC_KEY = 16,   /**< bytes of key  */
	SK_MAC_LEN = 16,   /**< bytes of hash */
	SK_UUID_SIZE = 37, /**< UUID text with its terminator */
};

struct sk_mac;

SK_MUSTCHECK
enum sk_err sk_mac_new(const uint8_t key[SK_MAC_KEY], struct sk_mac **out);

/** The same under a random key that nobody knows: for tables that strangers fill. */
SK_MUSTCHECK
enum sk_err sk_mac_new_secret(struct sk_mac **out);
void sk_mac_free(struct sk_mac *mac);
SK_DEFINE_CLEANUP(struct sk_mac, sk_mac_free)

/**
 * Hash some texts.  Their lengths go into the hash too: ("ab", "c") and
 * ("a", "bc") differ.
 *
 * @return SK_OK or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_mac_hash(struct sk_mac *mac, const struct sk_span *parts, size_t count,
			uint8_t out[SK_MAC_LEN]);

/** Print 16 bytes as a UUID of version 8, our own kind (RFC 9562, 5.8), lower case. */
void sk_uuid_print(const uint8_t bytes[SK_MAC_LEN], char out[SK_UUID_SIZE]);

/** Is this the text of a UUID: 8-4-4-4-12 hex digits (RFC 9562, section 4)? */
SK_MUSTCHECK
bool sk_uuid_check(struct sk_span text);

/**
 * Take a UUID that somebody wrote: one form goes out, lower case (RFC 9562, section 4).
 *
 * @param out  Set only on success
 *
 * @return false: it is none
 */
SK_MUSTCHECK
bool sk_uuid_read(struct sk_span text, char out[SK_UUID_SIZE]);
