/*
 * SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012), written out: every datagram is hashed
 * as a whole, and OpenSSL's takes twice as long, most of it for being asked.  The surprise:
 * nothing here can fail, and a text is given in parts that begin anywhere in a word of 8 bytes.
 */
#include "shaken/mac.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct sk_mac {
	uint64_t key[2];
};

struct state {
	uint64_t a, b, c, d;
};

/* A text that is being hashed. */
struct sip {
	struct state v;
	uint64_t word; /* bytes that make no whole word yet, the first one lowest */
	size_t len;    /* of all bytes so far */
};

/* Eight bytes, the first one lowest, on any machine. */
static uint64_t load(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

static void store(uint64_t word, uint8_t *bytes)
{
	word = htole64(word);
	memcpy(bytes, &word, sizeof(word));
}

static uint64_t turn(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static struct state round_of(struct state v)
{
	v.a += v.b;
	v.c += v.d;
	v.b = turn(v.b, 13) ^ v.a;
	v.d = turn(v.d, 16) ^ v.c;
	v.a = turn(v.a, 32);
	v.c += v.b;
	v.a += v.d;
	v.b = turn(v.b, 17) ^ v.c;
	v.d = turn(v.d, 21) ^ v.a;
	v.c = turn(v.c, 32);
	return v;
}

static struct state put_word(struct state v, uint64_t word)
{
	v.d ^= word;
	v = round_of(round_of(v));
	v.a ^= word;
	return v;
}

static void begin(const struct sk_mac *mac, struct sip *sip)
{
	const uint64_t *key = mac->key;

	/* the four constants, "somepseudorandomlygeneratedbytes"; 0xee: it is to give 128 bits */
	sip->v = (struct state){
		.a = key[0] ^ UINT64_C(0x736f6d6570736575),
		.b = key[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
		.c = key[0] ^ UINT64_C(0x6c7967656e657261),
		.d = key[1] ^ UINT64_C(0x7465646279746573),
	};
	sip->word = 0;
	sip->len = 0;
}

/* A word of the hash may lie across two of the text: then it is made of two halves. */
static void update(struct sip *sip, const uint8_t *bytes, size_t len)
{
	const unsigned have = sip->len % 8 * 8;
	struct state v = sip->v;
	uint64_t word = sip->word;
	unsigned at = have;

	sip->len += len;
	for (; have == 0 && len >= 8; len -= 8, bytes += 8)
		v = put_word(v, load(bytes));
	for (; len >= 8; len -= 8, bytes += 8) {
		const uint64_t next = load(bytes);

		v = put_word(v, word | next << have);
		word = next >> (64 - have);
	}
	for (; len > 0; len--, bytes++) {
		word |= (uint64_t)*bytes << at;
		at += 8;
		if (at < 64)
			continue;
		v = put_word(v, word);
		word = at = 0;
	}
	sip->v = v;
	sip->word = word;
}

static void finish(const struct sip *sip, uint8_t out[SK_MAC_LEN])
{
	struct state v = put_word(sip->v, sip->word | (uint64_t)sip->len << 56);

	v.c ^= 0xee;
	v = round_of(round_of(round_of(round_of(v))));
	store(v.a ^ v.b ^ v.c ^ v.d, out);
	v.b ^= 0xdd;
	v = round_of(round_of(round_of(round_of(v))));
	store(v.a ^ v.b ^ v.c ^ v.d, out + 8);
}

enum sk_err sk_mac_new(const uint8_t key[SK_MAC_KEY], struct sk_mac **out)
{
	struct sk_mac *mac = malloc(sizeof(*mac));

	if (!mac)
		return SK_ENOMEM;
	mac->key[0] = load(key);
	mac->key[1] = load(key + 8);
	*out = mac;
	return SK_OK;
}

enum sk_err sk_mac_new_secret(struct sk_mac **out)
{
	uint8_t key[SK_MAC_KEY];
	enum sk_err err;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return SK_ECRYPTO;
	err = sk_mac_new(key, out);
	OPENSSL_cleanse(key, sizeof(key));
	return err;
}

void sk_mac_free(struct sk_mac *mac)
{
	if (mac)
		OPENSSL_cleanse(mac->key, sizeof(mac->key));
	free(mac);
}

/* Each part behind its length, so that no two lists of parts are one text. */
enum sk_err sk_mac_hash(struct sk_mac *mac, const struct sk_span *parts, size_t count,
			uint8_t out[SK_MAC_LEN])
{
	struct sip sip;

	begin(mac, &sip);
	for (size_t i = 0; i < count; i++) {
		uint8_t len[8];

		store(parts[i].len, len);
		update(&sip, len, sizeof(len));
		if (parts[i].len > 0)
			update(&sip, (const uint8_t *)parts[i].ptr, parts[i].len);
	}
	finish(&sip, out);
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
	static const char digits[256] = "                                "
					"                0123456789      "
					" ABCDEF                         "
					" abcdef";

	return digits[(unsigned char)c] > ' ';
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

bool sk_uuid_read(struct sk_span text, char out[SK_UUID_SIZE])
{
	if (!sk_uuid_check(text))
		return false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		out[i] = (char)(c >= 'A' && c <= 'F' ? c | 0x20 : c);
	}
	out[text.len] = '\0';

	return true;
}
