/**
 * @file keystore.h  What a tenant signs with: key, certificate, address of the certificate
 *
 * Built whole at start and reload, then only read.  Blocks while it loads.
 */
#pragma once

#include "config/conf.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	KEYSTORE_WHY_SIZE = 512, /**< room for a reason, terminator included */
};

struct keystore;

/**
 * Load the key and, when one is configured, the certificate.  Refused, with the
 * file and the reason: a key that others may read, one that is no P-256 key, one
 * that does not belong to the certificate, a certificate that is not valid now.
 *
 * @param now  Seconds since the epoch
 * @param out  Set only on success; the caller frees it.  NULL with true: no key is configured
 */
SK_MUSTCHECK
bool keystore_load(const struct sign_conf *conf, enum sk_url_rules rules, int64_t now,
		   struct keystore **out, char why[KEYSTORE_WHY_SIZE]);
void keystore_free(struct keystore *keystore);
SK_DEFINE_CLEANUP(struct keystore, keystore_free)

/**
 * The credential to sign with at this time.
 *
 * @param keystore  NULL is allowed
 * @param ppt       SK_PPT_SHAKEN, SK_PPT_DIV, SK_PPT_RPH or SK_PPT_RCD; any other type is
 *                  SK_NO_CREDENTIAL
 * @param iat       Must lie within the certificate's validity (RFC 8224, 6.1, step 3)
 *
 * @return SK_OK, SK_NO_CREDENTIAL or SK_SIGNER_EXPIRED
 */
SK_MUSTCHECK
enum sk_err keystore_credential(const struct keystore *keystore, enum sk_ppt ppt, int64_t now,
				int64_t iat, const struct sk_credential **out);

/** End of the certificate's validity; 0 without a certificate or keystore. */
int64_t keystore_not_after(const struct keystore *keystore);
