/*
 * A key file is taken apart by hand, in memory that is cleansed.  OpenSSL's readers of PEM and
 * of PKCS#8 give memory back with the key still in it, in base64 and in DER, and with them
 * comes a search through formats that may ask a terminal for a password.
 */
#include "shaken/keyfile.h"

#include "shaken/der.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum {
	BODY_MAX = 4096, /* base64 of one block; a key has about 200 */
	DER_OCTETS = 0x04,
	DER_BITS = 0x03,
	PUBLIC_KEY = 0x81, /* RFC 5958, section 2: [1] IMPLICIT BIT STRING */
};

/* RFC 5480, 2.1.1 and 2.1.1.1: id-ecPublicKey with the curve secp256r1, by its name */
static const uint8_t algorithm[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
				     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t *const curve = algorithm + 9;

enum {
	CURVE_LEN = sizeof(algorithm) - 9,
};

void sk_secret_clear(struct sk_secret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}

/* --- DER --- */

static bool is_same(struct sk_der in, const uint8_t *bytes, size_t len)
{
	return in.len == len && memcmp(in.ptr, bytes, len) == 0;
}

/* The point is a BIT STRING without unused bits (RFC 5480, 2.2); of two both must be the same. */
static bool read_point(struct sk_der bits, struct sk_secret *out)
{
	const size_t len = bits.len - 1;

	if (bits.len == 0 || bits.ptr[0] != 0)
		return false;
	if (len != SK_POINT_LEN && len != 1 + SK_POINT_LEN / 2)
		return false;
	if (out->point_len > 0)
		return out->point_len == len && memcmp(out->point, bits.ptr + 1, len) == 0;

	memcpy(out->point, bits.ptr + 1, len);
	out->point_len = len;
	return true;
}

/* RFC 5915, section 3: as long as the order of the curve.  Some writers left out leading zeros. */
static bool read_scalar(struct sk_der *in, struct sk_secret *out)
{
	struct sk_der value;

	if (!sk_der_take(in, DER_OCTETS, &value) || value.len == 0 || value.len > SK_SCALAR_LEN)
		return false;

	memcpy(out->scalar + SK_SCALAR_LEN - value.len, value.ptr, value.len);
	return true;
}

/* RFC 5915, section 3.  @param named  The curve was named outside */
static bool read_sec1(struct sk_der in, bool named, struct sk_secret *out)
{
	struct sk_der key, part, value;
	uint64_t version;

	if (!sk_der_only(in, SK_DER_SEQUENCE, &key) || !sk_der_uint(&key, &version) ||
	    version != 1 || !read_scalar(&key, out))
		return false;
	if (sk_der_take(&key, SK_DER_EXPLICIT, &part)) {
		if (!is_same(part, curve, CURVE_LEN))
			return false;
		named = true;
	}
	if (sk_der_take(&key, SK_DER_EXPLICIT + 1, &part) &&
	    (!sk_der_only(part, DER_BITS, &value) || !read_point(value, out)))
		return false;

	return named && key.len == 0;
}

/* RFC 5958, section 2; an encrypted key (section 3) does not begin with a version */
static bool read_pkcs8(struct sk_der in, struct sk_secret *out)
{
	struct sk_der key, kind, octets, part;
	uint64_t version;

	if (!sk_der_only(in, SK_DER_SEQUENCE, &key) || !sk_der_uint(&key, &version) ||
	    version > 1 || !sk_der_take(&key, SK_DER_SEQUENCE, &kind) ||
	    !is_same(kind, algorithm, sizeof(algorithm)) ||
	    !sk_der_take(&key, DER_OCTETS, &octets) || !read_sec1(octets, true, out))
		return false;
	/* attributes say nothing about the key */
	(void)!sk_der_take(&key, SK_DER_EXPLICIT, &part);
	if (version == 1 && sk_der_take(&key, PUBLIC_KEY, &part) && !read_point(part, out))
		return false;

	return key.len == 0;
}

/* --- PEM --- */

struct block {
	struct sk_span name, body;
};

/* Where `mark` begins a line. */
static const char *find_line(struct sk_span text, struct sk_span mark)
{
	const char *at = text.ptr, *end = text.ptr + text.len;

	while ((at = memmem(at, (size_t)(end - at), mark.ptr, mark.len))) {
		if (at == text.ptr || at[-1] == '\n')
			return at;
		at++;
	}
	return NULL;
}

static struct sk_span rest_from(struct sk_span text, const char *at)
{
	return (struct sk_span){ at, (size_t)(text.ptr + text.len - at) };
}

/* Cuts "NAME-----" and the end of its line off.  @return false: nothing of the kind */
static bool take_name(struct sk_span *text, struct sk_span *name)
{
	const char *end = memchr(text->ptr, '\n', text->len);
	struct sk_span line = { text->ptr, end ? (size_t)(end - text->ptr) : text->len };
	const size_t whole = line.len + (end ? 1 : 0);

	line = sk_span_trim(line);
	if (line.len < 5 || memcmp(line.ptr + line.len - 5, "-----", 5) != 0)
		return false;

	*name = (struct sk_span){ line.ptr, line.len - 5 };
	*text = rest_from(*text, text->ptr + whole);
	return true;
}

/* RFC 7468, section 2.  @param block  name.ptr is NULL when there is no further one */
static bool next_block(struct sk_span *text, struct block *block)
{
	const struct sk_span begin = SK_SPAN("-----BEGIN "), end = SK_SPAN("-----END ");
	const char *at = find_line(*text, begin);
	struct sk_span rest, name;

	*block = (struct block){ 0 };
	if (!at)
		return true;
	rest = rest_from(*text, at + begin.len);
	if (!take_name(&rest, &name))
		return false;
	at = find_line(rest, end);
	if (!at)
		return false;

	block->body = (struct sk_span){ rest.ptr, (size_t)(at - rest.ptr) };
	rest = rest_from(rest, at + end.len);
	if (!take_name(&rest, &block->name) || !sk_span_eq(name, block->name))
		return false;
	*text = rest;
	return true;
}

/* RFC 4648, section 4, with white space.  @return its length, 0: no base64 */
static size_t decode(struct sk_span body, char packed[BODY_MAX], uint8_t out[BODY_MAX])
{
	size_t n = 0, pads = 0;
	int len;

	for (size_t i = 0; i < body.len; i++) {
		if (sk_is_lws(body.ptr[i]))
			continue;
		if (n == BODY_MAX || (pads > 0 && body.ptr[i] != '='))
			return 0;
		pads += body.ptr[i] == '=';
		packed[n++] = body.ptr[i];
	}
	if (pads > 2 || n == 0 || n % 4 != 0)
		return 0;

	/* it has no state outside its arguments, as EVP_DecodeUpdate() has */
	len = EVP_DecodeBlock(out, (const uint8_t *)packed, (int)n);
	return len < 3 ? 0 : (size_t)len - pads;
}

static bool read_block(const struct block *block, struct sk_secret *out)
{
	char packed[BODY_MAX];
	uint8_t der[BODY_MAX];
	const struct sk_der all = { der, decode(block->body, packed, der) };
	bool good = false;

	if (sk_span_eq(block->name, SK_SPAN("PRIVATE KEY")))
		good = read_pkcs8(all, out);
	else if (sk_span_eq(block->name, SK_SPAN("EC PRIVATE KEY")))
		good = read_sec1(all, false, out);

	OPENSSL_cleanse(packed, sizeof(packed));
	OPENSSL_cleanse(der, sizeof(der));
	return good;
}

bool sk_secret_read(const char *text, size_t len, struct sk_secret *out)
{
	SK_CLEANUP(sk_secret_clear) struct sk_secret secret = { .point_len = 0 };
	struct sk_span rest = { text, len };
	struct block block;
	bool found = false;

	for (;;) {
		if (!next_block(&rest, &block))
			return false;
		if (!block.name.ptr)
			break;
		/* `openssl ecparam -genkey` puts the curve in a block of its own in front */
		if (sk_span_eq(block.name, SK_SPAN("EC PARAMETERS")))
			continue;
		if (found || !read_block(&block, &secret))
			return false;
		found = true;
	}
	if (found)
		*out = secret;
	return found;
}
