/*
 * Out of memory is not a verdict: whichever allocation fails, a good list is taken
 * or memory is blamed, and a forged one is never taken.
 */
#include "pki.h"
#include "shaken/calist.h"
#include "tests/check.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

static char *good, *forged;
static struct pki_text chain, roots;

static void set_up(void)
{
	const struct pki_spec pa = { .cn = "STI-PA" }, usual = { 0 };
	const struct pki_spec lists = { .cn = "lists", .tnauth = "", .crldp = "" };
	struct pki_cert root = pki_issue(&pa, PKI_ROOT, NULL, NULL);
	struct pki_cert signer = pki_issue(&lists, PKI_LEAF, &root, NULL);
	struct pki_cert ca = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_text anchor = { 0 };

	pki_add_cert(&anchor, ca.cert);
	pki_add_cert(&chain, signer.cert);
	pki_add_cert(&roots, root.cert);
	good = pki_calist(7, 1600000000, anchor.text, NULL, signer.key);
	forged = pki_calist(7, 1600000000, anchor.text, NULL, ca.key);
	pki_drop(&root);
	pki_drop(&signer);
	pki_drop(&ca);
}

static enum sk_err judge(const char *jws)
{
	SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
	enum sk_err err = sk_calist_parse(sk_span_of(jws), &list);

	if (!err)
		err = sk_calist_check(list, (struct sk_span){ chain.text, chain.len },
				      (struct sk_span){ roots.text, roots.len }, PKI_NOW, 6);
	return err;
}

/* The n-th allocation fails, for each n, until none does */
static void sweep(const char *what, const char *jws, enum sk_err want, bool one)
{
	enum sk_err err = SK_ENOMEM;
	long n = 0;

	for (hit = true; hit && n < 100000; n++) {
		hit = false;
		only_one = one;
		budget = n;
		err = judge(jws);
		budget = -1;
		ERR_clear_error();
		CHECK(err == want || (hit && sk_err_class(err) == SK_CLASS_OURS),
		      "%s, allocation %ld: %s", what, n, sk_err_name(err));
	}
	CHECK(n > 50 && !hit && err == want, "%s: %ld allocations", what, n);
	printf("%s: %ld allocations, %s\n", what, n, one ? "one" : "all");
}

int main(void)
{
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	set_up();
	(void)judge(good); /* what OpenSSL allocates once */
	for (int one = 0; one < 2; one++) {
		sweep("good", good, SK_OK, one);
		sweep("forged", forged, SK_BAD_SIGNATURE, one);
	}
	free(good);
	free(forged);
	return check_result();
}
