/*
 * What a chain costs in memory: of a file that a stranger stuffed no more than of its path.
 * OpenSSL's own allocations are counted, which is nearly all there is.
 */
#include "shaken/trust.h"
#include "tests/check.h"
#include "tests/unit/pki.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum {
	STUFFED = 3,      /* certificates that lead nowhere, beside leaf and intermediate */
	POINTS = 7000,    /* empty distribution points in each: 2 bytes that become 100   */
	USUAL = 64 << 10, /* bytes; more than any honest chain */
};

static size_t held; /* bytes */

static void *count_malloc(size_t size, const char *file, int line)
{
	void *p = malloc(size);

	(void)file;
	(void)line;
	held += malloc_usable_size(p);
	return p;
}

static void count_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	held -= malloc_usable_size(p);
	free(p);
}

static void *count_realloc(void *p, size_t size, const char *file, int line)
{
	void *next;

	if (size == 0) {
		count_free(p, file, line);
		return NULL;
	}
	held -= malloc_usable_size(p);
	next = realloc(p, size);
	held += malloc_usable_size(next);
	return next;
}

static void stuff(struct pki_text *file)
{
	static char hex[8 + 4 * POINTS + 1];
	struct pki_spec spec = { .crldp = hex };
	size_t len = (size_t)sprintf(hex, "3082%04x", 2 * POINTS);

	for (int i = 0; i < POINTS; i++)
		len += (size_t)sprintf(hex + len, "3000");
	for (int i = 0; i < STUFFED; i++) {
		struct pki_cert cert = pki_issue(&spec, PKI_MID, NULL, NULL);

		pki_add_cert(file, cert.cert);
		pki_drop(&cert);
	}
}

/* @return What the chain holds when it was judged, and trimmed */
static size_t cost(const struct sk_trust *trust, const struct pki_text *file, bool trim)
{
	struct sk_chain *chain = NULL;
	size_t before = held, bytes, count;

	CHECK(sk_chain_new(file->text, file->len, &chain) == SK_OK, "a chain");
	CHECK(sk_trust_check(trust, chain, PKI_NOW, NULL) == SK_OK, "it passes");
	count = sk_chain_count(chain);
	if (trim) {
		sk_trust_trim(trust, chain, PKI_NOW);
		CHECK(sk_chain_count(chain) == 2, "its path is left, not %zu",
		      sk_chain_count(chain));
		CHECK(sk_trust_check(trust, chain, PKI_NOW, NULL) == SK_OK, "and still passes");
	} else {
		CHECK(sk_chain_count(chain) == count, "judging takes nothing away");
	}
	bytes = held - before;
	sk_chain_free(chain);
	CHECK(held == before, "all of it is given back");
	return bytes;
}

/* What does not pass is not touched: its owner throws it away or asks again */
static void untrusted(const struct pki_text *file)
{
	static const struct sk_trust_rules rules;
	struct sk_trust *nobody = NULL;
	struct sk_chain *chain = NULL;

	CHECK(sk_trust_new(&rules, &nobody) == SK_OK, "a trust in nobody");
	CHECK(sk_chain_new(file->text, file->len, &chain) == SK_OK, "a chain");
	sk_trust_trim(nobody, chain, PKI_NOW);
	CHECK(sk_chain_count(chain) == 2 + STUFFED, "untrusted: as it was");
	sk_chain_free(chain);
	sk_trust_free(nobody);
}

int main(void)
{
	static const struct sk_trust_rules rules;
	static struct pki_text anchors, plain, stuffed;
	struct sk_trust *trust = NULL;
	size_t honest, whole, trimmed;

	CHECK(CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) == 1, "counted");
	EVP_PKEY_free(pki_simple(NULL, &plain, &anchors));
	stuffed = plain;
	stuff(&stuffed);
	CHECK(sk_trust_new(&rules, &trust) == SK_OK, "a trust");
	CHECK(sk_trust_add_anchors(trust, anchors.text, anchors.len, NULL) == SK_OK, "anchors");
	(void)cost(trust, &plain, true); /* what OpenSSL keeps for good */

	honest = cost(trust, &plain, true);
	whole = cost(trust, &stuffed, false);
	trimmed = cost(trust, &stuffed, true);
	CHECK(stuffed.len <= SK_CERT_FILE_MAX, "a file that is taken: %zu", stuffed.len);
	CHECK(whole > 10 * honest, "stuffed: %zu bytes, honest: %zu", whole, honest);
	CHECK(trimmed <= honest + 1024, "trimmed: %zu bytes, honest: %zu", trimmed, honest);
	CHECK(honest < USUAL, "honest: %zu bytes", honest);
	printf("bytes: honest %zu, stuffed %zu, trimmed %zu\n", honest, whole, trimmed);
	untrusted(&stuffed);
	sk_trust_free(trust);
	return check_result();
}
