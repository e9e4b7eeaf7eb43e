/**
 * @file store_record.h  The bytes of one record of the store
 *
 *   sha256[32] magic[8] url_len[4] etag_len[4] body_len[4] fetched[8] until[8] url etag body
 *
 * Numbers are little-endian.  The checksum covers everything behind it, so a record
 * that sits under another's key is as wrong as one with a flipped bit.  Pure.
 */
#pragma once

#include "redirector/certs/fetch.h"
#include "redirector/certs/store.h"

enum {
	RECORD_SUM_SIZE = 32,
	RECORD_KEY_SIZE = 32,  /**< SHA-256 of the URL: LMDB's keys end at 511 bytes */
	RECORD_HEAD_SIZE = 68, /**< all that stands before the URL */
	RECORD_URL_MAX = 4096,
};

/** Of a record whose checksum nobody has looked at. */
struct record_times {
	int64_t fetched, until;
};

void record_key(struct sk_span url, unsigned char key[RECORD_KEY_SIZE]);

/** How long the record will be.  @return 0: it may not be kept, a part is too long or a time before
 * 1970 */
SK_MUSTCHECK
size_t record_size(const struct fetch_kept *kept);

/** @param out  record_size() bytes */
void record_encode(const struct fetch_kept *kept, char *out);

/** What the head says, for those who look for the oldest.  @return false: no record */
SK_MUSTCHECK
bool record_times(struct sk_span raw, struct record_times *out);

/** It is whole, and its URL's key is this one. */
SK_MUSTCHECK
bool record_good(struct sk_span raw, const unsigned char key[RECORD_KEY_SIZE]);

/** Copies first and judges the copy, since the bytes belong to a map of a file.  false: no good,
 * or out of memory */
SK_MUSTCHECK
bool record_decode(struct sk_span raw, struct sk_span url, struct store_copy *out);
