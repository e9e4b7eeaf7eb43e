/*
 * A list is taken apart once, when it is added.  At a check the cheap question
 * (is the serial number on it?) comes before the dear one (who signed it?), and a
 * list that would change nothing is not asked for its signature.
 */
#include "shaken/crl.h"

#include "shaken/crypto.h"
#include "shaken/x509.h"

SK_DEFINE_CLEANUP(ISSUING_DIST_POINT, ISSUING_DIST_POINT_free)
SK_DEFINE_CLEANUP(CRL_DIST_POINTS, CRL_DIST_POINTS_free)

void sk_crls_drop(struct sk_crls *crls, size_t keep)
{
	while (crls->count > keep) {
		struct sk_crl *last = &crls->items[--crls->count];

		ISSUING_DIST_POINT_free(last->scope);
		X509_CRL_free(last->list);
	}
}

/* RFC 5280, 5.2: a list with a critical extension that we cannot process does not show that a
 * certificate is good.  A delta list is marked critical, too. */
static bool has_unknown_critical(const X509_CRL *list)
{
	const int count = X509_CRL_get_ext_count(list);

	for (int i = 0; i < count; i++) {
		X509_EXTENSION *ext = X509_CRL_get_ext(list, i);
		const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

		if (X509_EXTENSION_get_critical(ext) && nid != NID_issuing_distribution_point)
			return true;
	}
	return false;
}

/* RFC 5280, 5.3: one entry with a critical extension that we cannot process spoils the list */
static bool has_unknown_entry(X509_CRL *list)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);

	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);

		for (int k = 0; k < X509_REVOKED_get_ext_count(entry); k++) {
			X509_EXTENSION *ext = X509_REVOKED_get_ext(entry, k);
			const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

			if (X509_EXTENSION_get_critical(ext) && nid != NID_certificate_issuer &&
			    nid != NID_crl_reason && nid != NID_invalidity_date)
				return true;
		}
	}
	return false;
}

/* RFC 5280, 5.2.5.  `scope` is the list's own on success */
static enum sk_err read_scope(struct sk_crl *crl)
{
	SK_CLEANUP(ISSUING_DIST_POINT_free_p) ISSUING_DIST_POINT *idp = NULL;
	int critical = 0;

	ERR_clear_error();
	idp = X509_CRL_get_ext_d2i(crl->list, NID_issuing_distribution_point, &critical, NULL);
	crl->partial = has_unknown_critical(crl->list) || has_unknown_entry(crl->list);
	if (idp) {
		crl->indirect = idp->indirectCRL > 0;
		crl->only_leaves = idp->onlyuser > 0;
		crl->only_issuers = idp->onlyCA > 0;
		crl->partial |= idp->onlysomereasons || idp->onlyattr > 0;
	}
	if (sk_crypto_memory())
		return SK_ENOMEM;
	/* -1: there is none; else it is malformed or there twice */
	if (!idp && critical != -1)
		return SK_CRL_INVALID;

	crl->scope = sk_steal(idp);
	return SK_OK;
}

enum sk_err sk_crls_add(struct sk_crls *crls, X509_CRL *list)
{
	struct sk_crl crl = { .list = list, .next_update = INT64_MIN };
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);
	enum sk_err err;

	if (crls->count == SK_CRL_MAX ||
	    !sk_x509_time(X509_CRL_get0_lastUpdate(list), &crl.this_update) ||
	    (next && !sk_x509_time(next, &crl.next_update)))
		return SK_CRL_INVALID;

	err = read_scope(&crl);
	if (!err)
		crls->items[crls->count++] = crl;

	return err;
}

/* A list that is taken for forged revokes nobody: so a "no" has to be said twice */
static bool is_signed(X509_CRL *list, EVP_PKEY *key)
{
	return X509_CRL_verify(list, key) == 1 || X509_CRL_verify(list, key) == 1;
}

static bool signed_with(const struct sk_crl *crl, X509 *signer)
{
	EVP_PKEY *key = X509_get0_pubkey(signer);

	/* RFC 5280, 6.3.3 (f) */
	return key && (X509_get_key_usage(signer) & KU_CRL_SIGN) &&
	       X509_NAME_cmp(X509_get_subject_name(signer), X509_CRL_get_issuer(crl->list)) == 0 &&
	       is_signed(crl->list, key);
}

enum standing {
	STRANGE, /* no signer of ours                                               */
	LATE,    /* his certificate is not valid now: what he revoked stays revoked */
	GOOD,
};

static enum standing standing_of(const struct sk_crl *crl, X509 *signer, int64_t now)
{
	int64_t from, to;

	if (!signed_with(crl, signer))
		return STRANGE;

	/* RFC 5280, 6.3.3 (f): his path is validated, too, and he ends it */
	return sk_x509_time(X509_get0_notBefore(signer), &from) &&
			       sk_x509_time(X509_get0_notAfter(signer), &to) && from <= now &&
			       now <= to
		       ? GOOD
		       : LATE;
}

/* The best of them: a certificate may have been renewed for the same key */
static enum standing best_of(const struct sk_crl *crl, const STACK_OF(X509) * signers, int64_t now)
{
	enum standing best = STRANGE;

	for (int i = 0; i < sk_X509_num(signers) && best != GOOD; i++) {
		const enum standing one = standing_of(crl, sk_X509_value(signers, i), now);

		best = one > best ? one : best;
	}
	return best;
}

static enum standing judge_signer(const struct sk_crl *crl, const struct sk_path *path, int64_t now)
{
	enum standing anchor, other;

	/* a leaf signs no list; the others of a path are valid now */
	for (size_t i = 1; i < path->count; i++)
		if (signed_with(crl, path->certs[i]))
			return GOOD;

	anchor = best_of(crl, path->anchors, now);
	other = anchor == GOOD ? STRANGE : best_of(crl, path->signers, now);
	return anchor > other ? anchor : other;
}

static bool names_issuer(const GENERAL_NAMES *names, const X509_NAME *issuer)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, issuer) == 0)
			return true;
	}
	return false;
}

/* RFC 5280, 6.3.3 (b) (1): the certificate says who lists it for its issuer */
static bool points_to(const X509 *cert, const struct sk_crl *crl)
{
	SK_CLEANUP(CRL_DIST_POINTS_free_p)
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);

	for (int i = 0; points && i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *point = sk_DIST_POINT_value(points, i);

		if (point->CRLissuer &&
		    names_issuer(point->CRLissuer, X509_CRL_get_issuer(crl->list)))
			return true;
	}
	return false;
}

/* May this list say anything about the certificate?  A root that marks its list as indirect does
 * not speak for the other roots' certificates unless these name it; the administrator does */
static bool speaks_for(const struct sk_crl *crl, const struct sk_path *path, const X509 *cert)
{
	if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_CRL_get_issuer(crl->list)) == 0)
		return true;

	return crl->indirect &&
	       (points_to(cert, crl) || best_of(crl, path->signers, crl->this_update) != STRANGE);
}

static bool shares_name(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
		for (int j = 0; j < sk_GENERAL_NAME_num(b); j++)
			if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i),
					     sk_GENERAL_NAME_value(b, j)) == 0)
				return true;

	return false;
}

enum {
	FULL_NAME = 0, /* the choice in DistributionPointName (RFC 5280, 4.2.1.13) */
};

/* RFC 5280, 6.3.3 (b) (2) (i): when both say where the list is, they say the same */
static bool same_point(const struct sk_crl *crl, const X509 *cert)
{
	const DIST_POINT_NAME *here = crl->scope ? crl->scope->distpoint : NULL;
	SK_CLEANUP(CRL_DIST_POINTS_free_p) CRL_DIST_POINTS *points = NULL;
	bool named = false;

	if (!here)
		return true;

	points = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
	for (int i = 0; points && i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *there = sk_DIST_POINT_value(points, i)->distpoint;

		named |= there != NULL;
		if (there && there->type == FULL_NAME && here->type == FULL_NAME &&
		    shares_name(there->name.fullname, here->name.fullname))
			return true;
	}
	return !named;
}

/* Would this list say so if the certificate at this place of the path were revoked?  The grace
 * is our operator's, not the standard's */
static bool covers(const struct sk_crl *crl, const struct sk_path *path, size_t at, int64_t grace,
		   int64_t now)
{
	if (crl->partial || (at == 0 ? crl->only_issuers : crl->only_leaves))
		return false;
	if (now < crl->this_update || now - grace > crl->next_update)
		return false;

	return same_point(crl, path->certs[at]) && speaks_for(crl, path, path->certs[at]);
}

static enum sk_err check_one(const struct sk_crls *crls, const struct sk_path *path, size_t at,
			     const struct sk_trust_rules *rules, int64_t now)
{
	bool covered = !rules->crl_required;

	for (size_t i = 0; i < crls->count; i++) {
		const struct sk_crl *crl = &crls->items[i];
		X509_REVOKED *entry = NULL;
		const bool listed = X509_CRL_get0_by_cert(crl->list, &entry, path->certs[at]) == 1;

		ERR_clear_error();
		if (listed || (!covered && covers(crl, path, at, rules->crl_grace, now))) {
			const enum standing signer = judge_signer(crl, path, now);

			if (listed && signer != STRANGE && speaks_for(crl, path, path->certs[at]))
				return SK_CERT_REVOKED;
			covered |= signer == GOOD && covers(crl, path, at, rules->crl_grace, now);
		}
		if (sk_crypto_memory())
			return SK_ENOMEM;
	}
	return covered || now < rules->crl_missing_until ? SK_OK : SK_CRL_INVALID;
}

enum sk_err sk_crls_check(const struct sk_crls *crls, const struct sk_path *path,
			  const struct sk_trust_rules *rules, int64_t now)
{
	enum sk_err err = SK_OK;

	/* the anchor is trusted by configuration, whatever a list says */
	for (size_t at = 0; !err && at + 1 < path->count; at++)
		err = check_one(crls, path, at, rules, now);

	return err;
}

static bool same_issuer(const struct sk_crl *a, const struct sk_crl *b)
{
	return a->indirect == b->indirect &&
	       X509_NAME_cmp(X509_CRL_get_issuer(a->list), X509_CRL_get_issuer(b->list)) == 0;
}

/* RFC 5280, 5.2.3: the numbers of an issuer's lists only grow */
static bool number_fell(const struct sk_crl *fresh, const struct sk_crl *held)
{
	ASN1_INTEGER *now = X509_CRL_get_ext_d2i(fresh->list, NID_crl_number, NULL, NULL);
	ASN1_INTEGER *then = X509_CRL_get_ext_d2i(held->list, NID_crl_number, NULL, NULL);
	const bool fell = now && then && ASN1_INTEGER_cmp(now, then) < 0;

	ASN1_INTEGER_free(now);
	ASN1_INTEGER_free(then);
	return fell;
}

static bool is_older(const struct sk_crl *fresh, const struct sk_crls *held)
{
	for (size_t i = 0; i < held->count; i++) {
		const struct sk_crl *old = &held->items[i];

		if (same_issuer(fresh, old) &&
		    (fresh->this_update < old->this_update || number_fell(fresh, old)))
			return true;
	}
	return false;
}

/* One trusted issuer's list is no substitute for another's. */
static bool misses_issuer(const struct sk_crls *fresh, const struct sk_crls *held,
			  const struct sk_path *path, int64_t now)
{
	for (size_t i = 0; i < held->count; i++) {
		bool found = judge_signer(&held->items[i], path, now) == STRANGE;

		for (size_t k = 0; k < fresh->count && !found; k++)
			found = same_issuer(&fresh->items[k], &held->items[i]);
		if (!found)
			return true;
	}
	return false;
}

enum sk_err sk_crls_review(const struct sk_crls *fresh, const struct sk_crls *held,
			   const struct sk_path *path, int64_t now)
{
	for (size_t i = 0; i < fresh->count; i++) {
		const struct sk_crl *crl = &fresh->items[i];
		const enum standing signer = judge_signer(crl, path, now);

		if (sk_crypto_memory())
			return SK_ENOMEM;
		/* else a forged one would push out the one that revokes */
		if (signer != GOOD)
			return signer == LATE ? SK_CERT_EXPIRED : SK_CERT_UNTRUSTED;
		if (crl->this_update > now + SK_CRL_SKEW)
			return SK_CRL_INVALID;
		if (is_older(crl, held))
			return SK_REPLAYED;
	}
	return misses_issuer(fresh, held, path, now) ? SK_CERT_SCOPE : SK_OK;
}

int64_t sk_crls_next_end(const struct sk_crls *crls, int64_t from)
{
	int64_t end = INT64_MAX;

	for (size_t i = 0; i < crls->count; i++)
		if (crls->items[i].next_update >= from && crls->items[i].next_update < end)
			end = crls->items[i].next_update;

	return end;
}
