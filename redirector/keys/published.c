/*
 * From a chain to the text that is served.
 *
 * What surprises: the issuers are looked for by name and key identifier, not taken in the file's
 * order, since people put files together by hand.
 */
#include "redirector/keys/published.h"

#include "shaken/crypto.h"
#include "shaken/digest.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The certificates that go out, in their order. */
struct order {
	X509 *certs[SK_CERT_MAX];
	size_t count;
};

static bool is_in(const struct order *order, const X509 *cert)
{
	for (size_t i = 0; i < order->count; i++)
		if (order->certs[i] == cert)
			return true;
	return false;
}

static bool is_root(X509 *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

/* By what sk_chain_new() has parsed already: OpenSSL's own question would ask for memory, and take
 * none for a no. */
static bool has_issued(X509 *issuer, X509 *cert)
{
	const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(issuer);
	const ASN1_OCTET_STRING *named = X509_get0_authority_key_id(cert);

	return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(cert)) == 0 &&
	       (!own || !named || ASN1_OCTET_STRING_cmp(own, named) == 0);
}

/* Who issued the last one of them; NULL: the file does not have it. */
static X509 *issuer_of_last(const struct sk_chain *chain, const struct order *order)
{
	X509 *last = order->certs[order->count - 1];

	for (size_t i = 1; i < sk_chain_count(chain); i++) {
		X509 *cert = sk_chain_at(chain, i);

		if (!is_in(order, cert) && !is_root(cert) && has_issued(cert, last))
			return cert;
	}
	return NULL;
}

static void put_in_order(const struct sk_chain *chain, struct order *order)
{
	X509 *next = sk_chain_at(chain, 0);

	while (next) {
		order->certs[order->count++] = next;
		next = order->count < SK_CERT_MAX ? issuer_of_last(chain, order) : NULL;
	}
}

static enum sk_err set_tag(struct published *p)
{
	uint8_t digest[SK_DIGEST_LEN];
	enum sk_err err = sk_digest((struct sk_span){ p->pem, p->len }, digest);

	if (err)
		return err;
	p->tag[0] = '"';
	for (size_t i = 0; i < (PUBLISHED_TAG_SIZE - 3) / 2; i++)
		snprintf(p->tag + 1 + 2 * i, 3, "%02x", digest[i]);
	memcpy(p->tag + PUBLISHED_TAG_SIZE - 2, "\"", 2);
	return SK_OK;
}

static enum sk_err print(const struct order *order, BIO *out)
{
	ERR_clear_error();
	for (size_t i = 0; i < order->count; i++)
		if (PEM_write_bio_X509(out, order->certs[i]) != 1)
			return sk_crypto_fault();
	return SK_OK;
}

enum sk_err published_new(const struct sk_chain *chain, struct published **out)
{
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new(BIO_s_mem());
	SK_CLEANUP(published_free_p) struct published *p = NULL;
	struct order order = { .count = 0 };
	char *text = NULL;
	enum sk_err err;
	long len;

	if (!bio)
		return SK_ENOMEM;
	put_in_order(chain, &order);
	err = print(&order, bio);
	if (err)
		return err;
	len = BIO_get_mem_data(bio, &text);
	p = calloc(1, sizeof(*p) + (size_t)len + 1);
	if (!p)
		return SK_ENOMEM;
	memcpy(p->pem, text, (size_t)len);
	p->len = (size_t)len;
	p->not_before = sk_chain_leaf(chain)->not_before;
	p->not_after = sk_chain_leaf(chain)->not_after;
	err = set_tag(p);
	if (!err)
		*out = sk_steal(p);
	return err;
}

void published_free(struct published *published)
{
	free(published);
}
