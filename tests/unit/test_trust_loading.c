/*
 * What trust is made of: anchors, revocation lists, who signs them, and the policies of one's own;
 * what is none of these is refused and changes nothing.
 */
#include "tests/check.h"
#include "tests/unit/trust_kit.h"

#include <stdio.h>

static const struct sk_trust_rules plain = { .profile = SK_PROFILE_OFF };
static const struct row fine = { .name = "good" };

static void test_loading(void)
{
	static struct files f;
	static struct pki_text crl;
	static char big[2 * PKI_TEXT_MAX + 64];
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	size_t count = 7;

	make(&fine, &f);
	CHECK(!sk_trust_new(&plain, &trust) && sk_trust_anchors(trust) == 0, "new");
	CHECK(sk_trust_add_anchors(trust, "", 0, &count) == SK_CERT_SYNTAX, "empty");
	CHECK(sk_trust_add_anchors(trust, "text", 4, &count) == SK_CERT_SYNTAX, "text");
	CHECK(sk_trust_add_anchors(trust, f.chain.text, f.chain.len, &count) == SK_CERT_SYNTAX,
	      "a leaf");
	snprintf(big, sizeof(big), "%s%s", f.anchors.text, f.chain.text);
	CHECK(sk_trust_add_anchors(trust, big, strlen(big), &count) == SK_CERT_SYNTAX,
	      "root and leaf");
	snprintf(big, sizeof(big), "%s-----BEGIN CERTIFICATE-----\nMAA=\n", f.anchors.text);
	CHECK(sk_trust_add_anchors(trust, big, strlen(big), &count) == SK_CERT_SYNTAX, "cut");
	CHECK(sk_trust_anchors(trust) == 0 && count == 7, "nothing was added");
	CHECK(!sk_trust_add_anchors(trust, f.anchors.text, f.anchors.len, &count) && count == 1,
	      "root");
	CHECK(sk_trust_anchors(trust) == 1, "one anchor");

	count = 7;
	pki_add_crl(&crl, &(struct pki_crl){ 0 }, &f.mid);
	CHECK(sk_trust_add_crls(trust, "", 0, &count) == SK_CRL_INVALID, "empty list");
	CHECK(sk_trust_add_crls(trust, "text", 4, &count) == SK_CRL_INVALID, "text");
	CHECK(sk_trust_add_crls(trust, f.anchors.text, f.anchors.len, &count) == SK_CRL_INVALID,
	      "cert");
	snprintf(big, sizeof(big), "%s%s", crl.text, f.anchors.text);
	CHECK(sk_trust_add_crls(trust, big, strlen(big), &count) == SK_CRL_INVALID,
	      "list and cert");
	CHECK(count == 7, "untouched");
	CHECK(!sk_trust_add_crls(trust, crl.text, crl.len, &count) && count == 1, "a list");
	drop(&f);
}

static void test_der_crl(void)
{
	static struct files f;
	static struct pki_text crl;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	uint8_t der[4096];
	size_t count = 0;
	char body[8192] = "", *line;
	int len;

	make(&fine, &f);
	pki_add_crl(&crl, &(struct pki_crl){ .revoked = f.leaf.cert }, &f.mid);
	for (line = strtok(crl.text, "\n"); line; line = strtok(NULL, "\n"))
		if (line[0] != '-')
			strcat(body, line);
	len = EVP_DecodeBlock(der, (uint8_t *)body, (int)strlen(body));
	while (len > 0 && body[strlen(body) - 1] == '=')
		body[strlen(body) - 1] = '\0', len--;

	CHECK(!sk_trust_new(&plain, &trust), "new");
	CHECK(sk_trust_add_crls(trust, (char *)der, (size_t)len - 1, &count) == SK_CRL_INVALID,
	      "short");
	CHECK(sk_trust_add_crls(trust, (char *)der, (size_t)len + 1, &count) == SK_CRL_INVALID,
	      "long");
	CHECK(!sk_trust_add_crls(trust, (char *)der, (size_t)len, &count) && count == 1, "DER");
	drop(&f);
}

static void test_signers(void)
{
	static struct files f;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	size_t count = 7;

	make(&fine, &f);
	CHECK(!sk_trust_new(&plain, &trust), "new");
	CHECK(sk_trust_add_crl_signers(trust, "", 0, &count) == SK_CERT_SYNTAX, "empty");
	CHECK(sk_trust_add_crl_signers(trust, "text", 4, &count) == SK_CERT_SYNTAX, "text");
	CHECK(sk_trust_add_crl_signers(trust, f.chain.text, f.chain.len, &count) == SK_CERT_SYNTAX,
	      "a leaf signs no lists");
	CHECK(count == 7, "untouched");
	CHECK(!sk_trust_add_crl_signers(trust, f.anchors.text, f.anchors.len, &count) && count == 1,
	      "a root");
	CHECK(!sk_chain_new(f.chain.text, f.chain.len, &chain) &&
		      sk_trust_check(trust, chain, PKI_NOW, NULL) == SK_CERT_UNTRUSTED,
	      "who signs lists is no anchor");
	drop(&f);
}

static void test_oid(void)
{
	static const struct {
		const char *text;
		uint8_t len, der[SK_OID_MAX];
	} good[] = {
		{ "1.2.3.4", 3, { 0x2a, 3, 4 } },
		{ "0.0", 1, { 0 } },
		{ "2.16.840.1.114569.1.1.4",
		  10,
		  { 0x60, 0x86, 0x48, 0x01, 0x86, 0xff, 0x09, 0x01, 0x01, 0x04 } },
	};
	static const char *const bad[] = {
		"",
		"1",
		"9.1",
		"1.40",
		"1.2.",
		".1.2",
		"1..2",
		"1.2 3",
		" 1.2",
		"1.2\n",
		"1.2.-3",
		"commonName",
		"1.2.x",
		"1.2.3/",
		"2.5.4.3a",
		"0x1.2.3",
		"1.2.999999999.999999999.999999999.999999999.999999999.999999999.999999999",
	};
	struct sk_oid oid;

	for (size_t i = 0; i < SK_COUNT(good); i++)
		CHECK(sk_oid_parse(good[i].text, &oid) && oid.len == good[i].len &&
			      memcmp(oid.der, good[i].der, oid.len) == 0,
		      "%s", good[i].text);
	for (size_t i = 0; i < SK_COUNT(bad); i++) {
		oid = (struct sk_oid){ .len = 77 };
		CHECK(!sk_oid_parse(bad[i], &oid) && oid.len == 77, "\"%s\"", bad[i]);
	}
}

int main(void)
{
	test_loading();
	test_der_crl();
	test_signers();
	test_oid();
	return check_result();
}
