/*
 * What of a certificate file gets out: the certificates that lead from the leaf towards the root,
 * whatever else is in it.
 */
#include "redirector/keys/published.h"

#include "tests/check.h"
#include "tests/unit/pki.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

enum {
	LEAF,
	MID,
	LOW, /* below MID */
	ROOT,
	DEEP, /* a leaf of LOW */
	STRANGER,
	ALONE, /* signed by itself */
	CERTS,
};

static struct pki_cert certs[CERTS];

static void make_certs(void)
{
	const struct pki_spec usual = { 0 }, low = { .cn = "Low" }, other = { .cn = "Other" };

	certs[ROOT] = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	certs[MID] = pki_issue(&usual, PKI_MID, &certs[ROOT], NULL);
	certs[LOW] = pki_issue(&low, PKI_MID, &certs[MID], NULL);
	certs[LEAF] = pki_issue(&usual, PKI_LEAF, &certs[MID], NULL);
	certs[DEEP] = pki_issue(&usual, PKI_LEAF, &certs[LOW], NULL);
	certs[STRANGER] = pki_issue(&other, PKI_MID, &certs[ROOT], NULL);
	certs[ALONE] = pki_issue(&usual, PKI_LEAF, NULL, NULL);
}

/* clang-format off */
static const struct {
	const char *what;
	int in[SK_CERT_MAX + 1], out[SK_CERT_MAX + 1]; /* up to the first below 0 */
} rows[] = {
	{ "a leaf", { LEAF, -1 }, { LEAF, -1 } },
	{ "leaf and issuer", { LEAF, MID, -1 }, { LEAF, MID, -1 } },
	{ "with the root", { LEAF, MID, ROOT, -1 }, { LEAF, MID, -1 } },
	{ "the root in between", { LEAF, ROOT, MID, -1 }, { LEAF, MID, -1 } },
	{ "leaf and root", { LEAF, ROOT, -1 }, { LEAF, -1 } },
	{ "two issuers", { DEEP, LOW, MID, -1 }, { DEEP, LOW, MID, -1 } },
	{ "two issuers the wrong way round", { DEEP, MID, LOW, -1 }, { DEEP, LOW, MID, -1 } },
	{ "all five, mixed", { DEEP, ROOT, MID, STRANGER, LOW, -1 }, { DEEP, LOW, MID, -1 } },
	{ "one is missing", { DEEP, MID, ROOT, -1 }, { DEEP, -1 } },
	{ "a stranger", { LEAF, STRANGER, -1 }, { LEAF, -1 } },
	{ "a stranger in between", { LEAF, STRANGER, MID, -1 }, { LEAF, MID, -1 } },
	{ "another leaf", { LEAF, DEEP, MID, -1 }, { LEAF, MID, -1 } },
	{ "the leaf twice", { LEAF, LEAF, MID, -1 }, { LEAF, MID, -1 } },
	{ "the issuer twice", { LEAF, MID, MID, -1 }, { LEAF, MID, -1 } },
	{ "signed by itself", { ALONE, -1 }, { ALONE, -1 } },
	{ "signed by itself, and others", { ALONE, MID, ROOT, -1 }, { ALONE, -1 } },
	{ "a root first", { ROOT, MID, -1 }, { ROOT, -1 } },
};
/* clang-format on */

static char tags[SK_COUNT(rows)][PUBLISHED_TAG_SIZE];

static void fill(struct pki_text *text, const int *which)
{
	text->len = 0;
	for (; *which >= 0; which++)
		pki_add_cert(text, certs[*which].cert);
}

static void test_row(size_t i, struct pki_text *in, struct pki_text *want)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL, *again = NULL;
	SK_CLEANUP(published_free_p) struct published *p = NULL;
	const char *what = rows[i].what;
	const X509 *leaf = certs[rows[i].in[0]].cert;
	char *text = NULL;

	fill(in, rows[i].in);
	fill(want, rows[i].out);
	if (asprintf(&text, "# our certificate\n%.*ssecret: none\n", (int)in->len, in->text) < 0)
		exit(1);
	CHECK(sk_chain_new(text, strlen(text), &chain) == SK_OK, "%s: is read", what);
	CHECK(chain && published_new(chain, &p) == SK_OK, "%s: is published", what);
	free(text);
	if (!p)
		return;
	CHECK(p->len == want->len && memcmp(p->pem, want->text, want->len) == 0, "%s: got %s", what,
	      p->pem);
	CHECK(p->pem[p->len] == '\0', "%s: terminated", what);
	CHECK(p->not_before == PKI_FROM && p->not_after == PKI_TO, "%s: its time", what);
	CHECK(strlen(p->tag) == PUBLISHED_TAG_SIZE - 1 && p->tag[0] == '"' &&
		      strspn(p->tag + 1, "0123456789abcdef") == PUBLISHED_TAG_SIZE - 3 &&
		      p->tag[PUBLISHED_TAG_SIZE - 2] == '"',
	      "%s: tag %s", what, p->tag);
	CHECK(sk_chain_new(p->pem, p->len, &again) == SK_OK &&
		      X509_cmp(sk_chain_at(again, 0), leaf) == 0,
	      "%s: others read it", what);
	strcpy(tags[i], p->tag);
}

/* The same bytes have the same tag, others another. */
static void test_tags(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		for (size_t j = 0; j < i; j++) {
			bool same = rows[i].out[0] == rows[j].out[0];

			for (size_t k = 0; same && rows[i].out[k] >= 0; k++)
				same = rows[i].out[k + 1] == rows[j].out[k + 1];
			CHECK((strcmp(tags[i], tags[j]) == 0) == same, "tags: %s and %s",
			      rows[i].what, rows[j].what);
		}
}

/* Nobody gets as far as publishing what is beside certificates. */
static void test_secrets(struct pki_text *text)
{
	static const int both[] = { LEAF, MID, -1 };
	struct sk_chain *chain = NULL;

	fill(text, both);
	pki_add_key(text, certs[LEAF].key);
	CHECK(sk_chain_new(text->text, text->len, &chain) == SK_FETCH_SYNTAX && !chain,
	      "a key behind the certificates");
	text->len = 0;
	pki_add_key(text, certs[LEAF].key);
	pki_add_cert(text, certs[LEAF].cert);
	CHECK(sk_chain_new(text->text, text->len, &chain) == SK_FETCH_SYNTAX && !chain,
	      "a key in front of them");
}

static void test_starved(struct pki_text *text)
{
	static const int all[] = { DEEP, MID, LOW, ROOT, -1 };
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	SK_CLEANUP(published_free_p) struct published *good = NULL;

	fill(text, all);
	CHECK(sk_chain_new(text->text, text->len, &chain) == SK_OK &&
		      published_new(chain, &good) == SK_OK,
	      "with memory");
	for (int one = 0; one < 2; one++) {
		long n = 0;

		for (hit = true; hit; n++) {
			SK_CLEANUP(published_free_p) struct published *p = NULL;
			enum sk_err err;

			hit = false;
			only_one = one;
			budget = n;
			err = published_new(chain, &p);
			budget = -1;
			ERR_clear_error();
			CHECK((err == SK_OK) == (p != NULL), "%ld: all or nothing", n);
			CHECK(err == SK_OK || (hit && sk_err_class(err) == SK_CLASS_OURS),
			      "%ld: our fault", n);
			CHECK(!p || (p->len == good->len && strcmp(p->tag, good->tag) == 0),
			      "%ld: whole", n);
		}
		CHECK(n > 3, "%ld allocations", n);
	}
}

int main(void)
{
	static struct pki_text in, want;

	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	make_certs();
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		test_row(i, &in, &want);
	test_tags();
	test_secrets(&in);
	test_starved(&in);
	for (size_t i = 0; i < CERTS; i++)
		pki_drop(&certs[i]);
	return check_result();
}
