/**
 * @file published.h  What others get of a credential: its certificates, ready to be sent
 *
 * Printed anew from the parsed certificates, so that nothing else that lies in their file can ever
 * get out.  The leaf first, then each one's issuer as far as the file has it; the root is left out,
 * since who trusts it has it (RFC 8555, 9.1), and so is what issued none of them.
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/err.h"
#include "shaken/macro.h"

#include <stddef.h>
#include <stdint.h>

enum {
	PUBLISHED_TAG_SIZE = 35, /**< a quoted ETag with its terminator */
};

/** Immutable. */
struct published {
	int64_t not_before, not_after; /**< of the leaf, seconds since the epoch             */
	char tag[PUBLISHED_TAG_SIZE];  /**< strong ETag (RFC 9110, 8.8.3), from the bytes    */
	size_t len;
	char pem[]; /**< application/pem-certificate-chain; terminated                       */
};

/**
 * @param chain  As it was read: nothing behind the leaf was trimmed yet
 * @param out    Set only on success; published_free() it
 *
 * @return SK_OK, SK_ENOMEM or SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err published_new(const struct sk_chain *chain, struct published **out);
void published_free(struct published *published);
SK_DEFINE_CLEANUP(struct published, published_free)
