/*
 * Linear probing in a table that is never more than half full, so a run is short whoever's key is
 * asked for.  Nothing is ever taken out.
 */
#include "redirector/http/key_hashes.h"

#include "shaken/digest.h"
#include "shaken/mac.h"

#include <stdlib.h>
#include <string.h>

struct slot {
	uint8_t hash[KEY_HASH_SIZE];
	size_t value;
	bool used;
};

struct key_hashes {
	struct sk_mac *mac;
	struct slot *slots;
	size_t mask; /* slots - 1, a power of two less one */
	size_t count, limit;
};

static bool read_digit(char c, unsigned *out)
{
	if (c >= '0' && c <= '9')
		*out = (unsigned)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*out = (unsigned)(c - 'a' + 10);
	else if (c >= 'A' && c <= 'F')
		*out = (unsigned)(c - 'A' + 10);
	else
		return false;
	return true;
}

bool key_hash_read(const char *text, uint8_t out[KEY_HASH_SIZE])
{
	static const char head[] = "sha256:";
	const char *digits = text + sizeof(head) - 1;

	if (strncmp(text, head, sizeof(head) - 1) != 0 || strlen(digits) != 2 * KEY_HASH_SIZE)
		return false;
	for (size_t i = 0; i < KEY_HASH_SIZE; i++) {
		unsigned high, low;

		if (!read_digit(digits[2 * i], &high) || !read_digit(digits[2 * i + 1], &low))
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

struct key_hashes *key_hashes_new(size_t limit)
{
	SK_CLEANUP(key_hashes_free_p) struct key_hashes *keys = calloc(1, sizeof(*keys));
	size_t slots = 4;

	if (!keys || limit > SIZE_MAX / 4 / sizeof(struct slot))
		return NULL;
	while (slots < 2 * limit + 2)
		slots *= 2;
	keys->mask = slots - 1;
	keys->limit = limit;
	keys->slots = calloc(slots, sizeof(*keys->slots));
	if (sk_mac_new_secret(&keys->mac) || !keys->slots)
		return NULL;
	return sk_steal(keys);
}

void key_hashes_free(struct key_hashes *keys)
{
	if (!keys)
		return;
	sk_mac_free(keys->mac);
	free(keys->slots);
	free(keys);
}

size_t key_hashes_count(const struct key_hashes *keys)
{
	return keys->count;
}

static bool home_of(const struct key_hashes *keys, const uint8_t hash[KEY_HASH_SIZE], size_t *home)
{
	const struct sk_span text = { (const char *)hash, KEY_HASH_SIZE };
	uint8_t bytes[SK_MAC_LEN];

	if (sk_mac_hash(keys->mac, &text, 1, bytes) != SK_OK)
		return false;
	memcpy(home, bytes, sizeof(*home));
	*home &= keys->mask;
	return true;
}

/* All bits set when they are the same, else 0; takes the same time for all. */
static size_t same_mask(const uint8_t a[KEY_HASH_SIZE], const uint8_t b[KEY_HASH_SIZE])
{
	volatile unsigned differs = 0;

	for (size_t i = 0; i < KEY_HASH_SIZE; i++)
		differs |= (unsigned)(a[i] ^ b[i]);
	/* only 0 - 1 borrows into the bits above the lowest eight */
	return (size_t)0 - ((size_t)(differs - 1) >> 8 & 1);
}

/* Where it is, plus 1; 0: nowhere.  @param end  Set to the free slot behind the run */
static size_t place_of(const struct key_hashes *keys, const uint8_t hash[KEY_HASH_SIZE],
		       size_t home, size_t *end)
{
	size_t place = 0, i;

	for (i = home; keys->slots[i].used; i = (i + 1) & keys->mask)
		place |= (i + 1) & same_mask(keys->slots[i].hash, hash);
	*end = i;
	return place;
}

size_t *key_hashes_at(struct key_hashes *keys, const uint8_t hash[KEY_HASH_SIZE])
{
	size_t home, end, place;

	if (!home_of(keys, hash, &home))
		return NULL;
	place = place_of(keys, hash, home, &end);
	if (place > 0)
		return &keys->slots[place - 1].value;
	if (keys->count >= keys->limit)
		return NULL;
	memcpy(keys->slots[end].hash, hash, KEY_HASH_SIZE);
	keys->slots[end].used = true;
	keys->count++;
	return &keys->slots[end].value;
}

enum sk_err key_hashes_find(const struct key_hashes *keys, struct sk_span key, size_t *value)
{
	uint8_t hash[KEY_HASH_SIZE];
	size_t home, end, place;
	enum sk_err err = sk_digest(key, hash);

	if (err)
		return err;
	if (!home_of(keys, hash, &home))
		return SK_ECRYPTO;
	place = place_of(keys, hash, home, &end);
	explicit_bzero(hash, sizeof(hash));
	*value = place > 0 ? keys->slots[place - 1].value : 0;
	return SK_OK;
}
