/*
 * SipHash by OpenSSL.  The key is given again for each text: in OpenSSL 3.0 an
 * init without a key leaves the state of the last text in place.
 */
#include "shaken/mac.h"

#include "shaken/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct sk_mac {
	EVP_MAC_CTX *ctx;
	uint8_t key[SK_MAC_KEY];
};

enum sk_err sk_mac_new(const uint8_t key[SK_MAC_KEY], struct sk_mac **out)
{
	SK_CLEANUP(sk_mac_free_p) struct sk_mac *mac = calloc(1, sizeof(*mac));
	SK_CLEANUP(EVP_MAC_free_p) EVP_MAC *siphash = NULL;

	if (!mac)
		return SK_ENOMEM;

	ERR_clear_error();
	siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	if (siphash)
		mac->ctx = EVP_MAC_CTX_new(siphash);
	if (!mac->ctx)
		return sk_crypto_fault();

	memcpy(mac->key, key, SK_MAC_KEY);
	*out = sk_steal(mac);
	return SK_OK;
}

void sk_mac_free(struct sk_mac *mac)
{
	if (!mac)
		return;

	EVP_MAC_CTX_free(mac->ctx);
	OPENSSL_cleanse(mac->key, sizeof(mac->key));
	free(mac);
}

static bool add_part(EVP_MAC_CTX *ctx, struct sk_span part)
{
	uint8_t len[8];

	for (size_t i = 0; i < sizeof(len); i++)
		len[i] = (uint8_t)((uint64_t)part.len >> 8 * i);

	return EVP_MAC_update(ctx, len, sizeof(len)) == 1 &&
	       (part.len == 0 || EVP_MAC_update(ctx, (const uint8_t *)part.ptr, part.len) == 1);
}

enum sk_err sk_mac_hash(struct sk_mac *mac, const struct sk_span *parts, size_t count,
			uint8_t out[SK_MAC_LEN])
{
	uint8_t hash[SK_MAC_LEN];
	size_t len = 0;

	if (EVP_MAC_init(mac->ctx, mac->key, SK_MAC_KEY, NULL) != 1)
		return SK_ECRYPTO;
	for (size_t i = 0; i < count; i++)
		if (!add_part(mac->ctx, parts[i]))
			return SK_ECRYPTO;
	if (EVP_MAC_final(mac->ctx, hash, &len, sizeof(hash)) != 1 || len != sizeof(hash))
		return SK_ECRYPTO;

	memcpy(out, hash, sizeof(hash));
	return SK_OK;
}

/* where a dash stands in 8-4-4-4-12 */
static bool is_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void sk_uuid_print(const uint8_t bytes[SK_MAC_LEN], char out[SK_UUID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < SK_MAC_LEN; i++) {
		unsigned byte = bytes[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x80; /* RFC 9562, 5.8: version 8 */
		if (i == 8)
			byte = (byte & 0x3f) | 0x80; /* RFC 9562, 4.1: variant */
		if (is_dash_at(at))
			out[at++] = '-';
		out[at++] = digits[byte >> 4];
		out[at++] = digits[byte & 15];
	}
	out[at] = '\0';
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool sk_uuid_check(struct sk_span text)
{
	if (text.len != SK_UUID_SIZE - 1)
		return false;

	for (size_t i = 0; i < text.len; i++)
		if (is_dash_at(i) ? text.ptr[i] != '-' : !is_hex(text.ptr[i]))
			return false;

	return true;
}
