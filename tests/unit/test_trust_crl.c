/*
 * Revocation lists: whose word counts for whom, and for how long; each list once where
 * lists are welcome and once where they are required.
 */
#include "shaken/trust.h"

#include "pki.h"
#include "tests/check.h"

#include <stdlib.h>

struct files {
	struct pki_cert root, mid, leaf;
	struct pki_text chain, anchors;
};

static void make(const char *crldp, struct files *f)
{
	const struct pki_spec usual = { .crldp = crldp }, top = { 0 };

	f->chain.len = f->anchors.len = 0;
	f->root = pki_issue(&top, PKI_ROOT, NULL, NULL);
	f->mid = pki_issue(&usual, PKI_MID, &f->root, NULL);
	f->leaf = pki_issue(&usual, PKI_LEAF, &f->mid, NULL);
	pki_add_cert(&f->chain, f->leaf.cert);
	pki_add_cert(&f->chain, f->mid.cert);
	pki_add_cert(&f->anchors, f->root.cert);
}

static void drop(struct files *f)
{
	pki_drop(&f->root);
	pki_drop(&f->mid);
	pki_drop(&f->leaf);
}

/* Lists: who signed them, what is on them, when, and the two modes */
enum crl_signer {
	NOBODY,
	BY_MID,
	BY_ROOT,
	BY_OTHER_ANCHOR,  /* "SHAKEN CRL", which the certificates name as cRLIssuer */
	BY_STRANGER,      /* the same name, but no anchor */
	BY_MID_STRANGER,  /* the name of the intermediate, another key */
	BY_ADMIN,         /* no anchor: sk_trust_add_crl_signers()      */
	BY_ROGUE_ANCHOR,  /* an anchor that no certificate names as cRLIssuer */
	BY_LATE_ADMIN,    /* his certificate has expired                      */
	BY_EARLY_ADMIN,   /* ... is not valid yet                             */
	BY_RENEWED_ADMIN, /* ... has expired, and there is a new one of the same key */
	BY_LATE_ANCHOR,   /* as BY_OTHER_ANCHOR, expired                      */
};

enum victim {
	NONE,
	LEAF,
	MID,
	ANOTHER, /* a certificate that is not in the path */
};

/* clang-format off */
static const char indirect_idp[] = "30038401ff";
static const char idp_x[] = "3013a00ea00c860a68747470733a2f2f782f8401ff"; /* https://x/, indirect */
static const char idp_y[] = "3013a00ea00c860a68747470733a2f2f792f8401ff";
static const struct crl_row {
	const char *name;
	enum sk_err soft, hard; /* without and with crl_required */
	enum crl_signer signer, second; /* a further good list of the root */
	enum victim victim;
	struct pki_crl crl;
	const char *crldp; /* of leaf and intermediate; NULL: with "SHAKEN CRL" as cRLIssuer */
	int64_t grace, missing_until;
} crl_rows[] = {
	{ "no list", SK_OK, SK_CRL_INVALID, NOBODY, NOBODY, NONE, .crl = { 0 } },
	{ "a list of each CA", SK_OK, SK_OK, BY_MID, BY_ROOT, NONE, .crl = { 0 } },
	{ "no list of the root", SK_OK, SK_CRL_INVALID, BY_MID, NOBODY, NONE, .crl = { 0 } },
	{ "no list of the intermediate", SK_OK, SK_CRL_INVALID, BY_ROOT, NOBODY, NONE, .crl = { 0 } },
	{ "leaf revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_MID, BY_ROOT, LEAF, .crl = { 0 } },
	{ "intermediate revoked", SK_CERT_REVOKED, SK_CRL_INVALID, BY_ROOT, NOBODY, MID, .crl = { 0 } },
	{ "leaf's number on the list of another CA", SK_OK, SK_CRL_INVALID, BY_ROOT, NOBODY, LEAF, .crl = { 0 } },
	{ "out of date", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, .crl = { .to = PKI_NOW - 1 } },
	{ "out of date, leaf on it", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_MID, BY_ROOT, LEAF, .crl = { .to = PKI_NOW - 1 } },
	{ "of tomorrow", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, .crl = { .from = PKI_NOW + 1 } },
	{ "without nextUpdate", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, .crl = { .to = -1 } },
	{ "forged", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, .crl = { .spoil = true } },
	{ "forged, leaf on it", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, LEAF, .crl = { .spoil = true } },
	{ "of a stranger with the CA's name", SK_OK, SK_CRL_INVALID, BY_MID_STRANGER, BY_ROOT, LEAF, .crl = { 0 } },
	{ "delta", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, .crl = { .delta = true } },
	{ "delta, leaf on it", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_MID, BY_ROOT, LEAF, .crl = { .delta = true } },
	{ "about leaves", SK_OK, SK_OK, BY_MID, BY_ROOT, NONE, .crl = { .idp = "30038101ff" } },
	{ "about CAs only", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, .crl = { .idp = "30038201ff" } },
	{ "some reasons only", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, .crl = { .idp = "300483020560" } },
	{ "indirect", SK_OK, SK_OK, BY_OTHER_ANCHOR, NOBODY, NONE, .crl = { .idp = indirect_idp } },
	{ "indirect, leaf revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_OTHER_ANCHOR, NOBODY, LEAF, .crl = { .idp = indirect_idp, .names_issuer = true } },
	{ "indirect, intermediate revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_OTHER_ANCHOR, NOBODY, MID, .crl = { .idp = indirect_idp, .names_issuer = true } },
	{ "indirect, the number of another issuer", SK_OK, SK_OK, BY_OTHER_ANCHOR, NOBODY, LEAF, .crl = { .idp = indirect_idp } },
	{ "indirect, of a stranger", SK_OK, SK_CRL_INVALID, BY_STRANGER, NOBODY, LEAF, .crl = { .idp = indirect_idp, .names_issuer = true } },
	{ "not marked as indirect", SK_OK, SK_CRL_INVALID, BY_OTHER_ANCHOR, NOBODY, NONE, .crl = { 0 } },

	/* whose list speaks for whom */
	{ "administrator", SK_OK, SK_OK, BY_ADMIN, NOBODY, NONE, { .idp = indirect_idp }, .crldp = "" },
	{ "administrator, leaf revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_ADMIN, NOBODY, LEAF,
	  { .idp = indirect_idp, .names_issuer = true }, .crldp = "" },
	{ "administrator, intermediate revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_ADMIN, NOBODY, MID,
	  { .idp = indirect_idp, .names_issuer = true }, .crldp = "" },
	{ "administrator, not indirect", SK_OK, SK_CRL_INVALID, BY_ADMIN, NOBODY, LEAF, { .names_issuer = true }, .crldp = "" },
	{ "administrator, forged", SK_OK, SK_CRL_INVALID, BY_ADMIN, NOBODY, LEAF,
	  { .idp = indirect_idp, .names_issuer = true, .spoil = true }, .crldp = "" },
	{ "rogue anchor", SK_OK, SK_CRL_INVALID, BY_ROGUE_ANCHOR, NOBODY, LEAF, .crl = { .idp = indirect_idp, .names_issuer = true } },
	{ "rogue anchor, no CRL point", SK_OK, SK_CRL_INVALID, BY_ROGUE_ANCHOR, NOBODY, LEAF,
	  { .idp = indirect_idp, .names_issuer = true }, .crldp = "" },
	{ "rogue anchor, not indirect", SK_OK, SK_CRL_INVALID, BY_ROGUE_ANCHOR, NOBODY, LEAF, .crl = { .names_issuer = true } },

	/* IDP and CRLDP: https://x/ and https://y/ */
	{ "the point of the certificates", SK_OK, SK_OK, BY_ADMIN, NOBODY, NONE, .crl = { .idp = idp_x } },
	{ "another point", SK_OK, SK_CRL_INVALID, BY_ADMIN, NOBODY, NONE, .crl = { .idp = idp_y } },
	{ "another point, leaf on it", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_ADMIN, NOBODY, LEAF, .crl = { .idp = idp_y, .names_issuer = true } },
	{ "a point, the certificates have none", SK_OK, SK_OK, BY_ADMIN, NOBODY, NONE, { .idp = idp_y }, .crldp = "" },

	/* RFC 5280, 6.3.3 (f): the signer's certificate is valid itself; who is revoked stays it */
	{ "administrator, expired", SK_OK, SK_CRL_INVALID, BY_LATE_ADMIN, NOBODY, NONE, { .idp = indirect_idp }, .crldp = "" },
	{ "administrator, expired, leaf revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_LATE_ADMIN, NOBODY, LEAF,
	  { .idp = indirect_idp, .names_issuer = true }, .crldp = "" },
	{ "administrator, not yet", SK_OK, SK_CRL_INVALID, BY_EARLY_ADMIN, NOBODY, NONE, { .idp = indirect_idp }, .crldp = "" },
	{ "administrator, not yet, leaf revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_EARLY_ADMIN, NOBODY, LEAF,
	  { .idp = indirect_idp, .names_issuer = true }, .crldp = "" },
	{ "administrator, expired, no grace for him", SK_OK, SK_CRL_INVALID, BY_LATE_ADMIN, NOBODY, NONE,
	  { .idp = indirect_idp }, .crldp = "", .grace = 100 },
	{ "administrator, renewed", SK_OK, SK_OK, BY_RENEWED_ADMIN, NOBODY, NONE, { .idp = indirect_idp }, .crldp = "" },
	{ "anchor, expired", SK_OK, SK_CRL_INVALID, BY_LATE_ANCHOR, NOBODY, NONE, .crl = { .idp = indirect_idp } },
	{ "anchor, expired, leaf revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_LATE_ANCHOR, NOBODY, LEAF,
	  .crl = { .idp = indirect_idp, .names_issuer = true } },

	/* RFC 5280, 5.3: an entry says something critical that nobody here understands */
	{ "another's entry", SK_OK, SK_OK, BY_MID, BY_ROOT, ANOTHER, .crl = { 0 } },
	{ "another's entry, unknown", SK_OK, SK_OK, BY_MID, BY_ROOT, ANOTHER, .crl = { .entry_extra = "1.2.3.4" } },
	{ "another's entry, critical and unknown", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, ANOTHER,
	  .crl = { .entry_extra = "1.2.3.4", .entry_critical = true } },
	{ "leaf's entry, critical and unknown", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_MID, BY_ROOT, LEAF,
	  .crl = { .entry_extra = "1.2.3.4", .entry_critical = true } },

	/* the grace, and the time without any */
	{ "late, in its grace", SK_OK, SK_OK, BY_MID, BY_ROOT, NONE, { .to = PKI_NOW - 100 }, .grace = 100 },
	{ "late, past its grace", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, { .to = PKI_NOW - 101 }, .grace = 100 },
	{ "without nextUpdate, grace", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, { .to = -1 }, .grace = 100 },
	{ "of tomorrow, grace", SK_OK, SK_CRL_INVALID, BY_MID, BY_ROOT, NONE, { .from = PKI_NOW + 1 }, .grace = 100 },
	{ "in its grace, leaf on it", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_MID, BY_ROOT, LEAF, { .to = PKI_NOW - 1 }, .grace = 100 },
	{ "no list, tolerated", SK_OK, SK_OK, NOBODY, NOBODY, NONE, { 0 }, .missing_until = PKI_NOW + 1 },
	{ "no list, no longer", SK_OK, SK_CRL_INVALID, NOBODY, NOBODY, NONE, { 0 }, .missing_until = PKI_NOW },
	{ "tolerated, leaf revoked", SK_CERT_REVOKED, SK_CERT_REVOKED, BY_MID, NOBODY, LEAF, { 0 }, .missing_until = PKI_NOW + 1 },
};
/* clang-format on */

/* No CA: keyUsage cRLSign only */
static struct pki_cert issue_admin(int64_t to, int64_t from, EVP_PKEY *key)
{
	const struct pki_spec spec = {
		.cn = "STI-PA CRL", .usage = "03020102", .tnauth = "", .from = from, .to = to
	};

	return pki_issue(&spec, PKI_LEAF, NULL, key);
}

static bool is_admin(enum crl_signer who)
{
	return who == BY_ADMIN || who == BY_LATE_ADMIN || who == BY_EARLY_ADMIN ||
	       who == BY_RENEWED_ADMIN;
}

static struct pki_cert crl_signer(const struct files *f, enum crl_signer who)
{
	const struct pki_spec ca = { .cn = "SHAKEN Test CA" };

	switch (who) {
	case BY_MID:
		X509_up_ref(f->mid.cert), EVP_PKEY_up_ref(f->mid.key);
		return f->mid;
	case BY_ROOT:
		X509_up_ref(f->root.cert), EVP_PKEY_up_ref(f->root.key);
		return f->root;
	case BY_OTHER_ANCHOR:
	case BY_STRANGER: {
		const struct pki_spec spec = { .cn = "SHAKEN CRL", .bare_name = true };

		return pki_issue(&spec, PKI_ROOT, NULL, NULL);
	}
	case BY_MID_STRANGER:
		return pki_issue(&ca, PKI_MID, NULL, NULL);
	case BY_ADMIN:
		return issue_admin(0, 0, NULL);
	case BY_LATE_ADMIN:
	case BY_RENEWED_ADMIN:
		return issue_admin(PKI_NOW - 1, 0, NULL);
	case BY_EARLY_ADMIN:
		return issue_admin(0, PKI_NOW + 1, NULL);
	case BY_LATE_ANCHOR: {
		const struct pki_spec spec = { .cn = "SHAKEN CRL",
					       .bare_name = true,
					       .to = PKI_NOW - 1 };

		return pki_issue(&spec, PKI_ROOT, NULL, NULL);
	}
	case BY_ROGUE_ANCHOR: {
		const struct pki_spec spec = { .cn = "SHAKEN Rogue ROOT" };

		return pki_issue(&spec, PKI_ROOT, NULL, NULL);
	}
	case NOBODY:
		break;
	}
	abort();
}

static void add_crls(const struct crl_row *row, struct files *f, struct pki_text *out,
		     struct pki_text *admin)
{
	struct pki_crl crl = row->crl;
	struct pki_cert signer;

	out->len = admin->len = 0;
	if (row->signer == NOBODY)
		return;

	if (row->victim != NONE)
		crl.revoked = row->victim == LEAF  ? f->leaf.cert
			      : row->victim == MID ? f->mid.cert
						   : f->root.cert;
	signer = crl_signer(f, row->signer);
	pki_add_crl(out, &crl, &signer);
	if (row->signer == BY_OTHER_ANCHOR || row->signer == BY_ROGUE_ANCHOR ||
	    row->signer == BY_LATE_ANCHOR)
		pki_add_cert(&f->anchors, signer.cert);
	if (is_admin(row->signer))
		pki_add_cert(admin, signer.cert);
	if (row->signer == BY_RENEWED_ADMIN) {
		struct pki_cert renewed = issue_admin(0, 0, signer.key);

		pki_add_cert(admin, renewed.cert);
		pki_drop(&renewed);
	}
	pki_drop(&signer);
	if (row->second == BY_ROOT)
		pki_add_crl(out, &(struct pki_crl){ 0 }, &f->root);
}

static void try_crl(const struct crl_row *row, bool required)
{
	static struct files f;
	static struct pki_text crls, admin;
	const struct sk_trust_rules rules = { .crl_required = required,
					      .crl_grace = row->grace,
					      .crl_missing_until = row->missing_until };
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	const enum sk_err want = required ? row->hard : row->soft;
	enum sk_err err;

	make(row->crldp, &f);
	add_crls(row, &f, &crls, &admin);
	CHECK(!sk_trust_new(&rules, &trust) &&
		      !sk_trust_add_anchors(trust, f.anchors.text, f.anchors.len, NULL) &&
		      !sk_chain_new(f.chain.text, f.chain.len, &chain),
	      "%s: set-up", row->name);
	if (admin.len > 0) {
		size_t count = 0;

		CHECK(!sk_trust_add_crl_signers(trust, admin.text, admin.len, &count) &&
			      count == (row->signer == BY_RENEWED_ADMIN ? 2 : 1) &&
			      sk_trust_anchors(trust) == 1,
		      "%s: administrator", row->name);
	}
	if (crls.len > 0) {
		size_t count = 0;

		CHECK(!sk_trust_add_crls(trust, crls.text, crls.len, &count) &&
			      count == (row->second == BY_ROOT ? 2 : 1),
		      "%s: lists", row->name);
	}
	if (chain) {
		err = sk_trust_check(trust, chain, PKI_NOW, NULL);
		CHECK(err == want, "list: %s, %s: %s", row->name,
		      required ? "required" : "not required", sk_err_name(err));
	}
	drop(&f);
}

/* May a list that arrives take the place of none? */
static void review(enum crl_signer who, bool known, enum sk_err want)
{
	static struct files f;
	static struct pki_text crls, admin;
	const struct crl_row row = { .signer = who, .crl = { .idp = indirect_idp }, .crldp = "" };
	const struct sk_trust_rules rules = { .crl_required = true };
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	const struct sk_span held = { NULL, 0 };
	int64_t ends = 0;
	enum sk_err err;

	make(row.crldp, &f);
	add_crls(&row, &f, &crls, &admin);
	CHECK(!sk_trust_new(&rules, &trust) &&
		      !sk_trust_add_anchors(trust, f.anchors.text, f.anchors.len, NULL) &&
		      (!known || !sk_trust_add_crl_signers(trust, admin.text, admin.len, NULL)),
	      "review: set-up");
	err = sk_trust_review_crls(trust, (struct sk_span){ crls.text, crls.len }, held, PKI_NOW,
				   &ends);
	CHECK(err == want && (ends == PKI_TO) == !want, "review of %d: %s", who, sk_err_name(err));
	drop(&f);
}

static void test_review(void)
{
	review(BY_ADMIN, true, SK_OK);
	review(BY_RENEWED_ADMIN, true, SK_OK);
	review(BY_ADMIN, false, SK_CERT_UNTRUSTED);
	review(BY_LATE_ADMIN, true, SK_CERT_EXPIRED);
	review(BY_EARLY_ADMIN, true, SK_CERT_EXPIRED);
	review(BY_LATE_ADMIN, false, SK_CERT_UNTRUSTED);
}

int main(void)
{
	for (size_t i = 0; i < SK_COUNT(crl_rows); i++) {
		try_crl(&crl_rows[i], false);
		try_crl(&crl_rows[i], true);
	}
	test_review();
	return check_result();
}
