/*
 * raw [sign|verify [CHUNKS]]: what the crypto library alone costs: EVP_PKEY_sign and
 * EVP_PKEY_verify on P-256 with a reused context and the digest given.  All else that a call costs
 * is ours, so this is what the benchmark divides by.  The surprise: it reads
 * the thread's CPU clock, not the wall's, since the machine may have other work.
 */
#include "shaken/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CHUNKS_MAX = 99, /* the median of so many    */
	CHUNKS = 9,
	SIGN_CHUNK = 1500, /* operations in one chunk  */
	VERIFY_CHUNK = 500,
	DIGEST_LEN = 32,
	SIG_ROOM = 80,
};

SK_DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)

struct raw {
	EVP_PKEY_CTX *sign, *verify;
	uint8_t digest[DIGEST_LEN];
	uint8_t sig[SIG_ROOM];
	size_t sig_len;
	int chunks;
};

typedef bool operation(struct raw *raw);

static bool sign_once(struct raw *raw)
{
	raw->digest[0]++;
	raw->sig_len = sizeof(raw->sig);
	return EVP_PKEY_sign(raw->sign, raw->sig, &raw->sig_len, raw->digest, DIGEST_LEN) == 1;
}

static bool verify_once(struct raw *raw)
{
	return EVP_PKEY_verify(raw->verify, raw->sig, raw->sig_len, raw->digest, DIGEST_LEN) == 1;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* @return Nanoseconds of one operation; negative when it failed */
static double measure(struct raw *raw, operation *once, int chunk)
{
	double ns[CHUNKS_MAX];

	for (int i = 0; i < raw->chunks; i++) {
		double start = cpu_ns();

		for (int k = 0; k < chunk; k++)
			if (!once(raw))
				return -1;
		ns[i] = (cpu_ns() - start) / chunk;
	}
	qsort(ns, (size_t)raw->chunks, sizeof(ns[0]), by_size);
	return ns[raw->chunks / 2];
}

/* What is asked for; the other is not run, so that the figure is as fresh as can be. */
static int report(struct raw *raw, const char *only)
{
	double ns;

	if (!sign_once(raw)) /* there must be something to verify */
		return -1;
	if (!only || strcmp(only, "sign") == 0) {
		ns = measure(raw, sign_once, SIGN_CHUNK);
		if (ns < 0)
			return -1;
		printf("sign_ns=%.0f%s", ns, only ? "\n" : " ");
	}
	if (!only || strcmp(only, "verify") == 0) {
		/* sign_once() counts the digest on: the last signature is of the last digest */
		ns = measure(raw, verify_once, VERIFY_CHUNK);
		if (ns < 0)
			return -1;
		printf("verify_ns=%.0f\n", ns);
	}
	return 0;
}

int main(int argc, char **argv)
{
	SK_CLEANUP(EVP_PKEY_free_p) EVP_PKEY *key = EVP_EC_gen("P-256");
	SK_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *sign = NULL;
	SK_CLEANUP(EVP_PKEY_CTX_free_p) EVP_PKEY_CTX *verify = NULL;
	const char *only = argc > 1 ? argv[1] : NULL;
	struct raw raw = { .chunks = argc > 2 ? atoi(argv[2]) : CHUNKS };

	if (argc > 3 || raw.chunks < 1 || raw.chunks > CHUNKS_MAX ||
	    (only && strcmp(only, "sign") != 0 && strcmp(only, "verify") != 0)) {
		fputs("usage: raw [sign|verify [CHUNKS]]\n", stderr);
		return 2;
	}
	if (key) {
		sign = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
		verify = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	}
	if (!sign || !verify || EVP_PKEY_sign_init(sign) != 1 ||
	    EVP_PKEY_verify_init(verify) != 1) {
		fputs("raw: the crypto library failed\n", stderr);
		return 3;
	}
	raw.sign = sign;
	raw.verify = verify;
	if (report(&raw, only) < 0) {
		fputs("raw: an operation failed\n", stderr);
		return 3;
	}
	return 0;
}
