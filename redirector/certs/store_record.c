/*
 * One record, there and back.  What surprises: the copy is made before the check,
 * for a file under a memory map can change between a check and its use.
 */
#include "redirector/certs/store_record.h"

#include <openssl/sha.h>
#include <stdlib.h>

enum {
	AT_MAGIC = RECORD_SUM_SIZE,
	AT_URL_LEN = AT_MAGIC + 8,
	AT_ETAG_LEN = AT_URL_LEN + 4,
	AT_BODY_LEN = AT_ETAG_LEN + 4,
	AT_FETCHED = AT_BODY_LEN + 4,
	AT_UNTIL = AT_FETCHED + 8,
	SIZE_MAX_ALL = RECORD_HEAD_SIZE + RECORD_URL_MAX + FRESHNESS_ETAG_SIZE + STORE_BODY_MAX,
};

_Static_assert(AT_UNTIL + 8 == RECORD_HEAD_SIZE, "the head has no gap");

static const char magic[8] = { 'S', 'K', 's', 't', 'o', 'r', 'e', '1' };

struct parts {
	struct sk_span url, etag, body;
	struct record_times times;
};

static void put_le(char *out, uint64_t n, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (char)(unsigned char)(n >> 8 * i);
}

static uint64_t get_le(const char *in, size_t bytes)
{
	uint64_t n = 0;

	for (size_t i = bytes; i-- > 0;)
		n = n << 8 | (unsigned char)in[i];
	return n;
}

static char *append(char *out, struct sk_span s)
{
	if (s.len > 0)
		memcpy(out, s.ptr, s.len);
	return out + s.len;
}

static void checksum(struct sk_span raw, unsigned char sum[RECORD_SUM_SIZE])
{
	SHA256((const unsigned char *)raw.ptr + RECORD_SUM_SIZE, raw.len - RECORD_SUM_SIZE, sum);
}

void record_key(struct sk_span url, unsigned char key[RECORD_KEY_SIZE])
{
	SHA256((const unsigned char *)url.ptr, url.len, key);
}

size_t record_size(const struct fetch_kept *kept)
{
	if (kept->url.len == 0 || kept->url.len > RECORD_URL_MAX ||
	    kept->body.len > STORE_BODY_MAX || kept->etag.len >= FRESHNESS_ETAG_SIZE ||
	    kept->fetched < 0 || kept->until < 0)
		return 0;
	return RECORD_HEAD_SIZE + kept->url.len + kept->etag.len + kept->body.len;
}

void record_encode(const struct fetch_kept *kept, char *out)
{
	unsigned char sum[RECORD_SUM_SIZE];
	char *end;

	memcpy(out + AT_MAGIC, magic, sizeof(magic));
	put_le(out + AT_URL_LEN, kept->url.len, 4);
	put_le(out + AT_ETAG_LEN, kept->etag.len, 4);
	put_le(out + AT_BODY_LEN, kept->body.len, 4);
	put_le(out + AT_FETCHED, (uint64_t)kept->fetched, 8);
	put_le(out + AT_UNTIL, (uint64_t)kept->until, 8);
	end = append(out + RECORD_HEAD_SIZE, kept->url);
	end = append(end, kept->etag);
	end = append(end, kept->body);
	checksum((struct sk_span){ out, (size_t)(end - out) }, sum);
	memcpy(out, sum, sizeof(sum));
}

/* Lengths that add up to what is there; they may still be the wrong ones. */
static bool split(struct sk_span raw, struct parts *p)
{
	if (raw.len < RECORD_HEAD_SIZE || raw.len > SIZE_MAX_ALL ||
	    memcmp(raw.ptr + AT_MAGIC, magic, sizeof(magic)) != 0)
		return false;
	p->url = (struct sk_span){ raw.ptr + RECORD_HEAD_SIZE, get_le(raw.ptr + AT_URL_LEN, 4) };
	p->etag.len = get_le(raw.ptr + AT_ETAG_LEN, 4);
	p->body.len = get_le(raw.ptr + AT_BODY_LEN, 4);
	if (p->etag.len >= FRESHNESS_ETAG_SIZE ||
	    p->url.len + p->etag.len + p->body.len != raw.len - RECORD_HEAD_SIZE)
		return false; /* 32-bit numbers: no sum of three wraps around */
	p->etag.ptr = p->url.ptr + p->url.len;
	p->body.ptr = p->etag.ptr + p->etag.len;
	p->times.fetched = (int64_t)get_le(raw.ptr + AT_FETCHED, 8);
	p->times.until = (int64_t)get_le(raw.ptr + AT_UNTIL, 8);
	return p->times.fetched >= 0 && p->times.until >= 0;
}

static bool whole(struct sk_span raw, struct parts *p)
{
	unsigned char sum[RECORD_SUM_SIZE];

	if (!split(raw, p))
		return false;
	checksum(raw, sum);
	return memcmp(raw.ptr, sum, sizeof(sum)) == 0;
}

bool record_times(struct sk_span raw, struct record_times *out)
{
	struct parts p;

	if (!split(raw, &p))
		return false;
	*out = p.times;
	return true;
}

bool record_good(struct sk_span raw, const unsigned char key[RECORD_KEY_SIZE])
{
	unsigned char its[RECORD_KEY_SIZE];
	struct parts p;

	if (!whole(raw, &p))
		return false;
	record_key(p.url, its);
	return memcmp(its, key, sizeof(its)) == 0;
}

bool record_decode(struct sk_span raw, struct sk_span url, struct store_copy *out)
{
	struct store_copy copy = { .body = NULL };
	struct parts p;

	if (raw.len > SIZE_MAX_ALL || !(copy.body = malloc(raw.len + 1)))
		return false;
	memcpy(copy.body, raw.ptr, raw.len);
	if (!whole((struct sk_span){ copy.body, raw.len }, &p) || !sk_span_eq(p.url, url)) {
		free(copy.body);
		return false;
	}
	copy.len = p.body.len;
	copy.fetched = p.times.fetched;
	copy.until = p.times.until;
	append(copy.etag, p.etag);
	memmove(copy.body, p.body.ptr, p.body.len); /* to the front of its own block */
	copy.body[copy.len] = '\0';
	*out = copy;
	return true;
}
