/*
 * What a table takes, and memory that runs out: each allocation fails once, alone or with
 * all after it.  A table is then not made, or says what it must say, or that it could not;
 * a chain goes the usual way in its place.
 */
#include "table_kit.h"

#include "pki.h"
#include "shaken/cert.h"
#include "tests/check.h"
#include "tests/unit/starve.h"

#include <malloc.h>
#include <openssl/crypto.h>

static size_t held; /* bytes in OpenSSL's hands */

static void *count_malloc(size_t size, const char *file, int line)
{
	void *p = crypto_malloc(size, file, line);

	held += p ? malloc_usable_size(p) : 0;
	return p;
}

static void count_free(void *p, const char *file, int line)
{
	held -= p ? malloc_usable_size(p) : 0;
	crypto_free(p, file, line);
}

static void *count_realloc(void *p, size_t size, const char *file, int line)
{
	const size_t before = p ? malloc_usable_size(p) : 0;
	void *next;

	if (size == 0) {
		count_free(p, file, line);
		return NULL;
	}
	next = crypto_realloc(p, size, file, line);
	if (next)
		held += malloc_usable_size(next) - before;
	return next;
}

struct world {
	struct kit_key key;
	struct sk_chain *chain;
	struct kit_case good, bad;
};

static enum sk_err do_new(struct world *w)
{
	struct sk_table *table = NULL;
	enum sk_err err = sk_table_new(w->key.key, &table);

	budget = -1;
	CHECK((err == SK_OK) == (table != NULL), "a table");
	if (table)
		CHECK(sk_table_verify(table, w->good.digest, w->good.sig) == SK_OK &&
			      sk_table_verify(table, w->bad.digest, w->bad.sig) == SK_BAD_SIGNATURE,
		      "it is whole");
	sk_table_free(table);
	return err;
}

static enum sk_err do_good(struct world *w)
{
	return sk_table_verify(w->key.table, w->good.digest, w->good.sig);
}

static enum sk_err do_bad(struct world *w)
{
	return sk_table_verify(w->key.table, w->bad.digest, w->bad.sig);
}

static enum sk_err do_chain(struct world *w)
{
	return sk_chain_verify(w->chain, SK_SPAN("x"), w->good.sig);
}

static enum sk_err do_chain_bad(struct world *w)
{
	return sk_chain_verify(w->chain, SK_SPAN("x"), w->bad.sig);
}

static const struct op {
	const char *name;
	enum sk_err (*run)(struct world *w);
	enum sk_err want;
} ops[] = {
	{ "new", do_new, SK_OK },
	{ "good", do_good, SK_OK },
	{ "bad", do_bad, SK_BAD_SIGNATURE },
	{ "chain", do_chain, SK_OK },
	{ "chain, bad", do_chain_bad, SK_BAD_SIGNATURE },
};

static void sweep(struct world *w, const struct op *op, bool one)
{
	long tries = 0;
	enum sk_err err;

	do {
		hit = false;
		only_one = one;
		budget = tries++;
		err = op->run(w);
		budget = -1;
		CHECK(err == op->want || (hit && sk_err_class(err) == SK_CLASS_OURS),
		      "%s: allocation %ld (%d): %s", op->name, tries, one, sk_err_name(err));
	} while (hit);
	/* the numbers that a failure left half done are made anew */
	CHECK(op->run(w) == op->want, "%s: afterwards", op->name);
	printf("%s: %ld allocations\n", op->name, tries - 1);
}

static void test_size(EVP_PKEY *key)
{
	struct sk_table *table = NULL;
	const size_t before = held;

	CHECK(sk_table_new(key, &table) == SK_OK, "a table");
	CHECK(held - before <= SK_TABLE_SIZE, "%zu bytes", held - before);
	printf("%zu bytes\n", held - before);
	sk_table_free(table);
	CHECK(held == before, "all given back: %zu bytes", held - before);
}

static void make_world(struct world *w)
{
	static struct pki_text text, anchors;
	EVP_PKEY *key = pki_simple(NULL, &text, &anchors);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[SK_DER_SIG_MAX];
	struct sk_table *table = NULL;
	size_t len = sizeof(der);

	w->key = (struct kit_key){ .key = key };
	kit_must(sk_chain_new(text.text, text.len, &w->chain) == SK_OK &&
		 EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		 EVP_DigestSign(ctx, der, &len, (const uint8_t *)"x", 1) == 1 &&
		 sk_es256_from_der(der, len, w->good.sig) &&
		 EVP_Digest("x", 1, w->good.digest, NULL, EVP_sha256(), NULL) == 1 &&
		 sk_table_new(key, &w->key.table) == SK_OK && sk_table_new(key, &table) == SK_OK);
	sk_chain_set_table(w->chain, table);
	w->bad = w->good;
	w->bad.sig[40] ^= 1;
	EVP_MD_CTX_free(ctx);
}

int main(void)
{
	static struct world w;

	/* before OpenSSL's first allocation, or it refuses */
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
		return 1;
	make_world(&w);
	test_size(w.key.key);
	for (size_t i = 0; i < SK_COUNT(ops); i++) {
		sweep(&w, &ops[i], false);
		sweep(&w, &ops[i], true);
	}
	sk_chain_free(w.chain);
	kit_key_free(&w.key);
	return check_result();
}
