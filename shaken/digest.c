/*
 * One call of OpenSSL's, so that who compares files need not see OpenSSL.
 */
#include "shaken/digest.h"

#include <openssl/evp.h>

enum sk_err sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN])
{
	unsigned len = 0;

	if (EVP_Digest(bytes.ptr, bytes.len, out, &len, EVP_sha256(), NULL) != 1 ||
	    len != SK_DIGEST_LEN)
		return SK_ECRYPTO;
	return SK_OK;
}
