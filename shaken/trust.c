/*
 * OpenSSL validates the path; then come the checks that it does not make.  Of 57
 * kinds of chain that must be refused it lets 35 through, so the second half is
 * not decoration.
 */
#include "shaken/trust.h"

#include "shaken/crl.h"
#include "shaken/crypto.h"
#include "shaken/delegate.h"
#include "shaken/path.h"
#include "shaken/profile.h"
#include "shaken/x509.h"

#include <limits.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct sk_trust {
	struct sk_trust_rules rules;
	X509_STORE *store;
	STACK_OF(X509) * anchors; /* the same certificates: they may sign lists */
	STACK_OF(X509) * signers; /* these may sign lists, and nothing else     */
	struct sk_crls crls;
};

bool sk_oid_parse(const char *text, struct sk_oid *out)
{
	struct sk_oid oid = { 0 };
	int len;

	/* OpenSSL takes a space for a dot, and does not miss a number between two dots */
	if (text[strspn(text, "0123456789.")] != '\0' || strstr(text, "..") ||
	    (text[0] && text[strlen(text) - 1] == '.'))
		return false;

	ERR_clear_error();
	len = a2d_ASN1_OBJECT(oid.der, sizeof(oid.der), text, -1);
	ERR_clear_error();
	if (len <= 0 || len > SK_OID_MAX)
		return false;

	oid.len = (uint8_t)len;
	*out = oid;
	return true;
}

enum sk_err sk_trust_new(const struct sk_trust_rules *rules, struct sk_trust **out)
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = calloc(1, sizeof(*trust));

	if (!trust)
		return SK_ENOMEM;

	trust->rules = *rules;
	trust->store = sk_store_new();
	trust->anchors = sk_X509_new_null();
	trust->signers = sk_X509_new_null();
	if (!trust->store || !trust->anchors || !trust->signers)
		return SK_ENOMEM;

	*out = sk_steal(trust);
	return SK_OK;
}

void sk_trust_free(struct sk_trust *trust)
{
	if (!trust)
		return;

	sk_crls_drop(&trust->crls, 0);
	sk_X509_pop_free(trust->anchors, X509_free);
	sk_X509_pop_free(trust->signers, X509_free);
	X509_STORE_free(trust->store);
	free(trust);
}

static enum sk_err store_anchors(struct sk_trust *trust, STACK_OF(X509) * certs)
{
	while (sk_X509_num(certs) > 0) {
		X509 *cert = sk_X509_shift(certs);

		if (sk_X509_push(trust->anchors, cert) <= 0) {
			X509_free(cert);
			return SK_ENOMEM;
		}
		if (X509_STORE_add_cert(trust->store, cert) != 1)
			return SK_ENOMEM;
	}
	return SK_OK;
}

enum sk_err sk_trust_add_anchors(struct sk_trust *trust, const char *pem, size_t len, size_t *count)
{
	SK_CLEANUP(sk_anchors_drop) STACK_OF(X509) *certs = sk_X509_new_null();
	enum sk_err err = certs ? sk_anchors_read(pem, len, SK_ANCHOR_CA, certs) : SK_ENOMEM;
	const size_t found = err ? 0 : (size_t)sk_X509_num(certs);

	if (!err)
		err = store_anchors(trust, certs);
	if (!err && count)
		*count = found;

	ERR_clear_error();
	return err;
}

enum sk_err sk_trust_add_crl_signers(struct sk_trust *trust, const char *pem, size_t len,
				     size_t *count)
{
	SK_CLEANUP(sk_anchors_drop) STACK_OF(X509) *certs = sk_X509_new_null();
	enum sk_err err = certs ? sk_anchors_read(pem, len, SK_ANCHOR_SIGNER, certs) : SK_ENOMEM;
	const size_t found = err ? 0 : (size_t)sk_X509_num(certs);

	while (!err && sk_X509_num(certs) > 0) {
		if (sk_X509_push(trust->signers, sk_X509_value(certs, 0)) <= 0)
			err = SK_ENOMEM;
		else
			(void)sk_X509_shift(certs); /* handed over */
	}
	if (!err && count)
		*count = found;

	return err;
}

size_t sk_trust_anchors(const struct sk_trust *trust)
{
	return (size_t)sk_X509_num(trust->anchors);
}

static enum sk_err add_crl(struct sk_crls *crls, const uint8_t *der, size_t len)
{
	SK_CLEANUP(X509_CRL_free_p) X509_CRL *list = NULL;
	const uint8_t *p = der;
	enum sk_err err;

	ERR_clear_error();
	list = d2i_X509_CRL(NULL, &p, (long)len);
	if (sk_crypto_memory())
		return SK_ENOMEM;
	if (!list || p != der + len)
		return SK_CRL_INVALID;

	err = sk_crls_add(crls, list);
	if (!err)
		list = NULL; /* handed over */

	return err;
}

static enum sk_err read_pem_crls(const char *text, size_t len, struct sk_crls *crls)
{
	SK_CLEANUP(sk_pem_clear) struct sk_pem block = { 0 };
	SK_CLEANUP(BIO_free_all_p) BIO *in = BIO_new_mem_buf(text, (int)len);
	const size_t before = crls->count;
	enum sk_err err;

	if (!in)
		return SK_ENOMEM;

	for (err = sk_pem_next(in, &block); !err && block.name; err = sk_pem_next(in, &block)) {
		if (strcmp(block.name, "X509 CRL") != 0)
			return SK_CRL_INVALID;

		err = add_crl(crls, block.der, block.len);
		if (err)
			return err;
	}
	if (err == SK_CERT_SYNTAX || (!err && crls->count == before))
		return SK_CRL_INVALID;

	return err;
}

static enum sk_err read_crls(const char *text, size_t len, struct sk_crls *crls)
{
	const size_t before = crls->count;
	enum sk_err err;

	/* DER opens with SEQUENCE and a length of at least one further byte; text has no such byte
	 */
	if (len > 2 && text[0] == SK_DER_SEQUENCE && ((uint8_t)text[1] & 0x80))
		err = add_crl(crls, (const uint8_t *)text, len);
	else
		err = read_pem_crls(text, len, crls);
	if (err)
		sk_crls_drop(crls, before);

	ERR_clear_error();
	return err;
}

enum sk_err sk_trust_add_crls(struct sk_trust *trust, const char *text, size_t len, size_t *count)
{
	const size_t before = trust->crls.count;
	enum sk_err err;

	if (len == 0 || len > INT_MAX)
		return SK_CRL_INVALID;

	err = read_crls(text, len, &trust->crls);
	if (sk_crypto_blames(err))
		err = sk_crypto_agree(err, read_crls(text, len, &trust->crls));
	if (err)
		sk_crls_drop(&trust->crls, before);
	else if (count)
		*count = trust->crls.count - before;

	return err;
}

static enum sk_err read_span(struct sk_span text, struct sk_crls *out)
{
	enum sk_err err;

	if (text.len == 0 || text.len > INT_MAX)
		return SK_CRL_INVALID;

	err = read_crls(text.ptr, text.len, out);
	return sk_crypto_blames(err) ? sk_crypto_agree(err, read_crls(text.ptr, text.len, out))
				     : err;
}

/* What was held passed this itself, earlier: only memory can fail */
static enum sk_err review(const struct sk_trust *trust, struct sk_crls *fresh, struct sk_crls *held,
			  struct sk_span fresh_text, struct sk_span held_text, int64_t now)
{
	const struct sk_path path = { .anchors = trust->anchors, .signers = trust->signers };
	enum sk_err err = held_text.len > 0 ? read_span(held_text, held) : SK_OK;

	if (err == SK_ENOMEM)
		return err;

	err = read_span(fresh_text, fresh);
	return err ? err : sk_crls_review(fresh, held, &path, now);
}

enum sk_err sk_trust_review_crls(const struct sk_trust *trust, struct sk_span fresh,
				 struct sk_span held, int64_t now, int64_t *ends)
{
	struct sk_crls *both = calloc(2, sizeof(*both));
	enum sk_err err;

	if (!both)
		return SK_ENOMEM;

	err = review(trust, &both[0], &both[1], fresh, held, now);
	if (!err)
		*ends = sk_crls_next_end(&both[0], INT64_MIN + 1);
	sk_crls_drop(&both[0], 0);
	sk_crls_drop(&both[1], 0);
	free(both);
	ERR_clear_error();
	return err;
}

int64_t sk_trust_changes_at(const struct sk_trust *trust, int64_t now)
{
	const struct sk_trust_rules *rules = &trust->rules;
	int64_t end;

	if (!rules->crl_required)
		return INT64_MAX;

	end = sk_crls_next_end(&trust->crls, now - rules->crl_grace);
	if (end < INT64_MAX)
		end += rules->crl_grace;

	if (rules->crl_missing_until > now && rules->crl_missing_until - 1 < end)
		end = rules->crl_missing_until - 1;
	return end;
}

/* What OpenSSL cannot judge */
static enum sk_err check_path(const struct sk_trust *trust, const struct sk_chain *chain,
			      const struct sk_path *path, int64_t now, struct sk_findings *findings)
{
	const struct sk_trust_rules *rules = &trust->rules;
	const struct sk_leaf *leaf = sk_chain_leaf(chain);
	enum sk_err err = sk_crls_check(&trust->crls, path, rules, now);

	if (!err)
		err = sk_profile_judge(path->certs, path->count, leaf, rules, findings);
	if (!err && rules->profile == SK_PROFILE_STRICT && findings->count > 0)
		err = SK_CERT_PROFILE;
	if (err)
		return err;
	if (rules->profile == SK_PROFILE_OFF)
		findings->count = 0;

	if (leaf->extensions)
		return leaf->extensions;
	if (!leaf->has_tnauth)
		return SK_CERT_TNAUTH;
	/* ATIS-1000080: one service provider code; RFC 9060: numbers, within those of the issuer */
	if (!rules->allow_delegates && !sk_tnauth_spc(&leaf->tnauth))
		return SK_CERT_TNAUTH;

	return sk_delegate_check(path->certs, path->count, &leaf->tnauth);
}

static enum sk_err judge(const struct sk_trust *trust, const struct sk_chain *chain, int64_t now,
			 struct sk_findings *findings)
{
	struct sk_path path = { .anchors = trust->anchors, .signers = trust->signers };
	enum sk_err err = sk_path_validate(trust->store, &trust->rules, chain, now, &path);

	*findings = (struct sk_findings){ 0 };
	/* the leaf is an anchor itself, and so a CA */
	if (!err && path.count < 2)
		err = SK_CERT_INVALID;
	return err ? err : check_path(trust, chain, &path, now, findings);
}

enum sk_err sk_trust_check(const struct sk_trust *trust, const struct sk_chain *chain, int64_t now,
			   struct sk_findings *findings)
{
	struct sk_findings found;
	enum sk_err err = judge(trust, chain, now, &found);

	if (sk_crypto_blames(err))
		err = sk_crypto_agree(err, judge(trust, chain, now, &found));
	if (findings)
		*findings = found;

	ERR_clear_error();
	return err;
}

void sk_trust_trim(const struct sk_trust *trust, struct sk_chain *chain, int64_t now)
{
	struct sk_path path = { 0 };

	if (sk_chain_count(chain) > 1 &&
	    !sk_path_validate(trust->store, &trust->rules, chain, now, &path))
		sk_chain_trim(chain, path.certs, path.count);
	ERR_clear_error();
}
