/*
 * Certificates that lead nowhere, each of them good by itself: mazes, long ways and loops, which
 * end soon and are not trusted.
 */
#include "shaken/trust.h"
#include "tests/check.h"
#include "tests/unit/pki.h"

#include <stdio.h>
#include <time.h>

static const struct sk_trust_rules plain = { .profile = SK_PROFILE_OFF };

/* Certificates that all have one name and sign each other in a ring: as many as a file can have */
static void test_maze(void)
{
	const struct pki_spec spec = { .cn = "SHAKEN maze", .aki = "3000" }, usual = { 0 };
	struct pki_cert made[60];
	static struct pki_text anchors, chain_text, all;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL, *none = NULL;
	struct pki_cert leaf;
	clock_t start;

	made[0] = pki_issue(&spec, PKI_MID, NULL, NULL);
	for (size_t i = 1; i < SK_COUNT(made); i++)
		made[i] = pki_issue(&spec, PKI_MID, &made[i - 1], NULL);
	leaf = pki_issue(&usual, PKI_LEAF, &made[59], NULL);
	pki_add_cert(&all, leaf.cert);
	pki_add_cert(&chain_text, leaf.cert);
	for (size_t i = 0; i < SK_COUNT(made); i++) {
		pki_add_cert(&all, made[i].cert);
		if (i < SK_CERT_MAX - 1)
			pki_add_cert(&chain_text, made[i].cert);
	}
	EVP_PKEY_free(pki_simple(NULL, &(struct pki_text){ 0 }, &anchors));
	start = clock();
	CHECK(sk_chain_new(all.text, all.len, &none) != SK_OK, "60 certificates in a file");
	CHECK(!sk_trust_new(&plain, &trust) &&
		      !sk_trust_add_anchors(trust, anchors.text, anchors.len, NULL) &&
		      !sk_chain_new(chain_text.text, chain_text.len, &chain),
	      "set-up");
	CHECK(chain && sk_trust_check(trust, chain, PKI_NOW, NULL) == SK_CERT_UNTRUSTED, "maze");
	printf("maze: %ld us\n", (long)((clock() - start) * 1000000 / CLOCKS_PER_SEC));
	pki_drop(&leaf);
	for (size_t i = 0; i < SK_COUNT(made); i++)
		pki_drop(&made[i]);
}

/* 13 certificates under each other, all good: a file of five of them, and all in one file */
static void test_long(void)
{
	const struct pki_spec usual = { 0 };
	static struct pki_text anchors, all, five;
	struct pki_cert made[13];
	char name[32];
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL, *none = NULL;

	made[12] = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	for (size_t i = 12; i > 0; i--) {
		snprintf(name, sizeof(name), "SHAKEN CA %zu", i);
		made[i - 1] = pki_issue(&(struct pki_spec){ .cn = i > 1 ? name : NULL },
					i > 1 ? PKI_MID : PKI_LEAF, &made[i], NULL);
	}
	for (size_t i = 0; i < 12; i++)
		pki_add_cert(&all, made[i].cert);
	for (size_t i = 0; i < SK_CERT_MAX; i++)
		pki_add_cert(&five, made[i].cert);
	pki_add_cert(&anchors, made[12].cert);
	CHECK(sk_chain_new(all.text, all.len, &none) == SK_CERT_SYNTAX, "13 deep, in one file");
	CHECK(!sk_trust_new(&plain, &trust) &&
		      !sk_trust_add_anchors(trust, anchors.text, anchors.len, NULL) &&
		      !sk_chain_new(five.text, five.len, &chain),
	      "set-up");
	CHECK(chain && sk_trust_check(trust, chain, PKI_NOW, NULL) == SK_CERT_UNTRUSTED,
	      "13 deep, five of them in the file");
	for (size_t i = 0; i < SK_COUNT(made); i++)
		pki_drop(&made[i]);
}

/* Two that issued each other, and neither is an anchor */
static void test_loop(void)
{
	const struct pki_spec one = { .cn = "SHAKEN one" }, two = { .cn = "SHAKEN two" },
			      usual = { 0 };
	struct pki_cert first = pki_issue(&one, PKI_MID, NULL, NULL);
	struct pki_cert second = pki_issue(&two, PKI_MID, &first, NULL);
	struct pki_cert again = pki_issue(&one, PKI_MID, &second, first.key);
	struct pki_cert leaf = pki_issue(&usual, PKI_LEAF, &again, NULL);
	static struct pki_text chain_text, anchors;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;

	EVP_PKEY_free(pki_simple(NULL, &(struct pki_text){ 0 }, &anchors));
	pki_add_cert(&chain_text, leaf.cert);
	pki_add_cert(&chain_text, again.cert);
	pki_add_cert(&chain_text, second.cert);
	CHECK(!sk_trust_new(&plain, &trust) &&
		      !sk_trust_add_anchors(trust, anchors.text, anchors.len, NULL) &&
		      !sk_chain_new(chain_text.text, chain_text.len, &chain),
	      "set-up");
	CHECK(chain && sk_trust_check(trust, chain, PKI_NOW, NULL) == SK_CERT_UNTRUSTED, "loop");
	pki_drop(&first);
	pki_drop(&second);
	pki_drop(&again);
	pki_drop(&leaf);
}

int main(void)
{
	test_maze();
	test_long();
	test_loop();
	return check_result();
}
