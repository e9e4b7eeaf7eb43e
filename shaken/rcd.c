/*
 * A digest is over the JSON text of a value, quotes included, so it can be checked
 * for what stands in the token itself.  A URL may be pointed at as well: then the
 * digest is that of the document behind it, which nobody here ever asks for.
 */
#include "shaken/rcd.h"

#include "shaken/crypto.h"
#include "shaken/json.h"
#include "shaken/text.h"

#include <stdlib.h>

enum {
	NAME_SIZE = 128,                        /* longest name in a pointer and its terminator */
	QUOTED_SIZE = 2 * SK_RCD_TEXT_SIZE + 2, /* a text in quotes, each character escaped     */
	BASE64_SIZE = (EVP_MAX_MD_SIZE + 2) / 3 * 4 + 1,
};

/* RFC 9795, section 6: these three must be understood, and no other is */
static const struct hash {
	const char *prefix, *name;
	size_t bytes;
} hashes[] = {
	{ "sha256-", "SHA256", 32 },
	{ "sha384-", "SHA384", 48 },
	{ "sha512-", "SHA512", 64 },
};

/* The least second byte of a character; U+0080 to U+009F are control characters as well */
static unsigned least_second(unsigned char first)
{
	return first == 0xc2 || first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
}

static unsigned most_second(unsigned char first)
{
	return first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
}

/* How long a character of UTF-8 is (RFC 3629, section 4); 0: it is none, or it is a control */
static size_t char_len(const unsigned char *s, size_t left)
{
	const size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (len == 1)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > left)
		return 0;
	if (s[1] < least_second(s[0]) || s[1] > most_second(s[0]))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;

	return len;
}

static bool is_text(struct sk_span text)
{
	for (size_t at = 0, len; at < text.len; at += len) {
		len = char_len((const unsigned char *)text.ptr + at, text.len - at);
		if (len == 0)
			return false;
	}
	return true;
}

static bool is_printable(const char *text, size_t size)
{
	const size_t len = strnlen(text, size);

	return len < size && is_text((struct sk_span){ text, len });
}

bool sk_rcd_check(const struct sk_rcd *rcd)
{
	return is_printable(rcd->nam, sizeof(rcd->nam)) &&
	       is_printable(rcd->apn, sizeof(rcd->apn)) &&
	       is_printable(rcd->icn, sizeof(rcd->icn)) && is_printable(rcd->crn, sizeof(rcd->crn));
}

/* A member that may be missing, and is a text when it is there */
static bool read_text(const json_t *object, const char *name, char *out, size_t size)
{
	const json_t *value = json_object_get(object, name);
	struct sk_span text;

	if (!value)
		return true;
	if (!sk_json_string(object, name, &text) || text.len >= size || !is_text(text))
		return false;

	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return true;
}

/* RFC 6901, section 3: a name up to the next slash, ~0 and ~1 in it are ~ and / */
static bool take_name(const char **rest, char name[NAME_SIZE])
{
	const char *c = *rest;
	size_t len = 0;

	if (*c++ != '/')
		return false;
	for (; *c && *c != '/'; c++) {
		if (len + 1 == NAME_SIZE)
			return false;
		if (*c == '~' && *++c != '0' && *c != '1')
			return false;
		name[len++] = *c;
		if (c[-1] == '~')
			name[len - 1] = *c == '0' ? '~' : '/';
	}
	name[len] = '\0';
	*rest = c;
	return true;
}

/* RFC 6901, section 4: digits without a leading zero; "-" names what is not there */
static const json_t *item_of(const json_t *array, const char *name)
{
	const size_t len = strlen(name);

	if (len == 0 || len > 4 || strspn(name, "0123456789") != len || (name[0] == '0' && len > 1))
		return NULL;

	return json_array_get(array, strtoul(name, NULL, 10));
}

struct target {
	const json_t *value;
	char top[NAME_SIZE]; /* the member of rcd that it is in; "": rcd itself */
};

static bool find(const json_t *rcd, const char *pointer, struct target *out)
{
	char name[NAME_SIZE];

	*out = (struct target){ .value = rcd };
	while (*pointer) {
		if (!take_name(&pointer, name))
			return false;
		if (out->value == rcd)
			memcpy(out->top, name, sizeof(name));
		out->value = json_is_array(out->value) ? item_of(out->value, name)
						       : json_object_get(out->value, name);
		if (!out->value)
			return false;
		/* RFC 9795, 6.1: what follows are names in the card behind the link */
		if (strcmp(out->top, "jcl") == 0 && json_is_string(out->value))
			break;
	}
	while (*pointer)
		if (!take_name(&pointer, name))
			return false;

	return true;
}

/* RFC 9795, 6.1: for a URL the digest is that of what it leads to */
static bool is_reference(const struct target *target)
{
	static const char *const schemes[] = { "https://", "http://" };
	const char *text = json_string_value(target->value);

	if (!text)
		return false;
	if (strcmp(target->top, "jcl") == 0)
		return true;
	if (strcmp(target->top, "icn") != 0 && strcmp(target->top, "jcd") != 0)
		return false;

	for (size_t i = 0; i < SK_COUNT(schemes); i++)
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;

	return false;
}

/* Standard base64 (RFC 4648, section 4); the documents show it without the padding */
static bool is_base64(struct sk_span text, size_t bytes)
{
	const size_t len = (bytes * 4 + 2) / 3, full = (bytes + 2) / 3 * 4;

	if (text.len != len && text.len != full)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (i < len ? !is_alnum(text.ptr[i]) && !is_one_of(text.ptr[i], "+/")
			    : text.ptr[i] != '=')
			return false;

	return true;
}

static const struct hash *hash_of(struct sk_span digest)
{
	for (size_t i = 0; i < SK_COUNT(hashes); i++)
		if (starts_with(digest, hashes[i].prefix))
			return &hashes[i];

	return NULL;
}

static enum sk_err compute(const struct hash *hash, const char *text, size_t len,
			   char out[BASE64_SIZE])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	size_t bytes = 0;

	ERR_clear_error();
	if (EVP_Q_digest(NULL, hash->name, NULL, text, len, sum, &bytes) != 1)
		return sk_crypto_fault();

	EVP_EncodeBlock((unsigned char *)out, sum, (int)bytes);
	return SK_OK;
}

static enum sk_err check_printed(const json_t *value, size_t digits, const struct hash *hash,
				 struct sk_span digest)
{
	char *text = sk_json_text(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS |
						 JSON_REAL_PRECISION(digits));
	char want[BASE64_SIZE];
	enum sk_err err;

	if (!text)
		return SK_ENOMEM;
	err = compute(hash, text, strlen(text), want);
	free(text);
	if (err)
		return err;

	return memcmp(want, digest.ptr, (hash->bytes * 4 + 2) / 3) == 0 ? SK_OK : SK_RCD_INVALID;
}

/* RFC 9795, 6.1: over the value as RFC 8225, section 9 prints it.  How many digits a number has
 * there nobody says: as many as it needs, and that is 15 for what people write, and at most 17 */
static enum sk_err check_inline(const json_t *value, const struct hash *hash, struct sk_span digest)
{
	enum sk_err err = SK_RCD_INVALID;

	for (size_t digits = 15; err == SK_RCD_INVALID && digits <= 17; digits++)
		err = check_printed(value, digits, hash, digest);

	return err;
}

static enum sk_err check_digest(const json_t *rcd, const char *pointer, const json_t *value)
{
	const struct sk_span text = { json_string_value(value), json_string_length(value) };
	const struct hash *hash = text.ptr ? hash_of(text) : NULL;
	struct target target;
	struct sk_span digest;

	if (!hash || !find(rcd, pointer, &target))
		return SK_RCD_INVALID;
	digest = skip(text, strlen(hash->prefix));
	if (!is_base64(digest, hash->bytes))
		return SK_RCD_INVALID;

	return is_reference(&target) ? SK_OK : check_inline(target.value, hash, digest);
}

static enum sk_err check_digests(const json_t *rcd, json_t *digests)
{
	const size_t count = json_object_size(digests);
	const char *pointer;
	json_t *value;
	enum sk_err err;

	/* an array has no members either */
	if (count < 1 || count > SK_RCD_DIGESTS_MAX)
		return SK_RCD_INVALID;

	json_object_foreach(digests, pointer, value) {
		err = check_digest(rcd, pointer, value);
		if (err)
			return err;
	}
	return SK_OK;
}

static bool read_claims(const json_t *payload, const json_t *object, struct sk_rcd *rcd)
{
	const json_t *jcd = json_object_get(object, "jcd"), *jcl = json_object_get(object, "jcl");

	/* RFC 9795, 5.1: nam is always there, one card at most, the card itself or where it is */
	if (!json_is_object(object) || !json_object_get(object, "nam") || (jcd && jcl))
		return false;
	if ((jcd && !json_is_array(jcd) && !json_is_object(jcd)) || (jcl && !json_is_string(jcl)))
		return false;

	rcd->card = jcd || jcl;
	return read_text(object, "nam", rcd->nam, sizeof(rcd->nam)) &&
	       read_text(object, "apn", rcd->apn, sizeof(rcd->apn)) &&
	       read_text(object, "icn", rcd->icn, sizeof(rcd->icn)) &&
	       read_text(payload, "crn", rcd->crn, sizeof(rcd->crn));
}

enum sk_err sk_rcd_read(const struct sk_token *token, struct sk_rcd *out)
{
	json_auto_t *payload = NULL;
	enum sk_err err = sk_token_json(token->payload, &payload);
	const json_t *object = json_object_get(payload, "rcd");
	json_t *digests = json_object_get(payload, "rcdi");
	struct sk_rcd rcd = { .digests = digests != NULL };

	if (err)
		return err;
	/* RFC 9795, section 6: rcdi is there for rcd only */
	if (!object)
		return digests ? SK_RCD_INVALID : SK_CLAIM_MISSING;
	if (!read_claims(payload, object, &rcd))
		return SK_RCD_INVALID;
	if (digests)
		err = check_digests(object, digests);
	if (err)
		return err;

	*out = rcd;
	return SK_OK;
}

static void put_digest(struct sk_buf *out, const char *pointer, const char *text)
{
	char quoted[QUOTED_SIZE + 1], digest[BASE64_SIZE];
	struct sk_buf buf;

	sk_buf_init(&buf, quoted, sizeof(quoted));
	sk_json_put_string(&buf, text);
	if (buf.overflow || compute(&hashes[0], quoted, buf.len, digest)) {
		out->overflow = true;
		return;
	}
	sk_json_put_name(out, pointer);
	sk_buf_printf(out, "\"%s%.*s\"", hashes[0].prefix, (int)(hashes[0].bytes * 4 + 2) / 3,
		      digest);
}

static void put_text(struct sk_buf *out, const char *name, const char *text)
{
	sk_json_put_name(out, name);
	sk_json_put_string(out, text);
}

void sk_rcd_print(const struct sk_rcd *rcd, struct sk_buf *out)
{
	sk_json_put_name(out, "rcd");
	sk_buf_putc(out, '{');
	if (rcd->apn[0])
		put_text(out, "apn", rcd->apn);
	if (rcd->icn[0])
		put_text(out, "icn", rcd->icn);
	put_text(out, "nam", rcd->nam);
	sk_buf_putc(out, '}');
	if (!rcd->digests)
		return;

	sk_json_put_name(out, "rcdi");
	sk_buf_putc(out, '{');
	if (rcd->apn[0])
		put_digest(out, "/apn", rcd->apn);
	put_digest(out, "/nam", rcd->nam);
	sk_buf_putc(out, '}');
}
