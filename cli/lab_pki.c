/*
 * Makes what lab_leaves.c lists, and all that stands around it.  With a draft key
 * the authorities are valid from 2015 on, the year of the examples printed in the
 * RFCs; the revocation lists then, too.
 */
#include "cli/lab.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

SK_DEFINE_CLEANUP(BIO, BIO_free_all)
SK_DEFINE_CLEANUP(X509_CRL, X509_CRL_free)
#define PAIR_CLEANUP SK_CLEANUP(pki_pair_deinit)

enum {
	HOUR = 3600,
	DAY = 24 * HOUR,
	CA_DAYS = 3650,
	NAMES_SIZE = 768,
	LONG_CAS = 5, /* with the leaf one certificate more than a verifier reads */
};

static const int64_t draft_from = 1420070400; /* 2015-01-01T00:00:00Z */

/* The authorities and what is known of the call of the command. */
struct lab {
	const struct lab_wish *wish;
	char crl_url[NAMES_SIZE];
	int64_t ca_from; /* from when on the authorities are valid */
	struct pki_pair root, intermediate, other_root;
};

static void lab_deinit(struct lab *lab)
{
	pki_pair_deinit(&lab->root);
	pki_pair_deinit(&lab->intermediate);
	pki_pair_deinit(&lab->other_root);
}

static bool crypto_failed(const char *what)
{
	char why[256];

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	fprintf(stderr, "shaken lab: %s: %s\n", what, why);
	return false;
}

static bool write_bio(const char *dir, const char *name, const char *suffix, bool secret, BIO *bio)
{
	char file[64];
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);

	snprintf(file, sizeof(file), "%s%s", name, suffix);
	return len > 0 ? lab_write(dir, file, secret, text, (size_t)len) : crypto_failed(file);
}

bool lab_write_certs(const char *dir, const char *name, X509 *const *certs, size_t count)
{
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new(BIO_s_mem());

	for (size_t i = 0; bio && i < count; i++) {
		if (!PEM_write_bio_X509(bio, certs[i]))
			return crypto_failed(name);
	}
	return bio ? write_bio(dir, name, ".pem", false, bio) : crypto_failed(name);
}

static bool write_key(const char *dir, const char *name, const EVP_PKEY *key)
{
	/* secure memory is cleansed when the BIO is freed */
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new(BIO_s_secmem());

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		return crypto_failed(name);

	return write_bio(dir, name, ".key", true, bio);
}

bool lab_write_pair(const char *dir, const char *name, const struct pki_pair *pair)
{
	return lab_write_certs(dir, name, &pair->cert, 1) && write_key(dir, name, pair->key);
}

static bool make_ca(const struct lab *lab, const char *name, unsigned flags,
		    const struct pki_pair *issuer, struct pki_pair *out)
{
	struct pki_plan plan = {
		.common_name = name,
		.flags = PKI_CA | flags,
		.from = lab->ca_from,
		.to = lab->wish->now + CA_DAYS * (int64_t)DAY,
		.crl_url = issuer ? lab->crl_url : NULL,
	};

	return pki_issue(&plan, issuer, out) || crypto_failed(name);
}

static bool make_authorities(struct lab *lab)
{
	return make_ca(lab, "SHAKEN Laboratory ROOT", PKI_NO_POLICY, NULL, &lab->root) &&
	       make_ca(lab, "SHAKEN Laboratory Intermediate", 0, &lab->root, &lab->intermediate) &&
	       make_ca(lab, "SHAKEN Other ROOT", PKI_NO_POLICY, NULL, &lab->other_root) &&
	       lab_write_pair(lab->wish->dir, "root", &lab->root) &&
	       lab_write_pair(lab->wish->dir, "intermediate", &lab->intermediate) &&
	       lab_write_pair(lab->wish->dir, "other-root", &lab->other_root);
}

static struct pki_plan leaf_plan(const struct lab *lab)
{
	return (struct pki_plan){
		.common_name = "SHAKEN 709J",
		.serial = "709J-1",
		.from = lab->wish->now - HOUR,
		.to = lab->wish->now + lab->wish->days * DAY,
		.tnauth = lab_spc(),
		.crl_url = lab->crl_url,
	};
}

static bool make_sp(const struct lab *lab)
{
	PAIR_CLEANUP struct pki_pair leaf = { 0 };
	struct pki_plan plan = leaf_plan(lab);

	if (!pki_issue(&plan, &lab->intermediate, &leaf))
		return crypto_failed("sp");

	return lab_write_certs(lab->wish->dir, "sp",
			       (X509 *[]){ leaf.cert, lab->intermediate.cert }, 2) &&
	       write_key(lab->wish->dir, "sp", leaf.key);
}

/* A certificate for somebody else's key, often a public one: there is no key file. */
static bool make_draft(const struct lab *lab)
{
	PAIR_CLEANUP struct pki_pair leaf = { 0 };
	struct pki_plan plan = leaf_plan(lab);

	if (!lab->wish->draft_key)
		return lab_remove(lab->wish->dir, "draft.pem");
	plan.own_key = lab->wish->draft_key;
	plan.from = draft_from;
	if (!pki_issue(&plan, &lab->intermediate, &leaf))
		return crypto_failed("draft");

	return lab_write_certs(lab->wish->dir, "draft",
			       (X509 *[]){ leaf.cert, lab->intermediate.cert }, 2);
}

static bool make_long_chain(const struct lab *lab, const struct pki_plan *plan, const char *name)
{
	struct pki_pair cas[LONG_CAS] = { 0 };
	PAIR_CLEANUP struct pki_pair leaf = { 0 };
	X509 *certs[LONG_CAS + 1];
	bool ok = true;

	for (size_t i = 0; ok && i < LONG_CAS; i++) {
		char text[64];

		snprintf(text, sizeof(text), "SHAKEN Laboratory Level %zu", i + 1);
		ok = make_ca(lab, text, 0, i == 0 ? &lab->root : &cas[i - 1], &cas[i]);
		certs[LONG_CAS - i] = cas[i].cert;
	}
	ok = ok && (pki_issue(plan, &cas[LONG_CAS - 1], &leaf) || crypto_failed(name));
	certs[0] = leaf.cert;
	ok = ok && lab_write_certs(lab->wish->dir, name, certs, SK_COUNT(certs)) &&
	     write_key(lab->wish->dir, name, leaf.key);

	for (size_t i = 0; i < LONG_CAS; i++)
		pki_pair_deinit(&cas[i]);
	return ok;
}

static const struct pki_pair *issuer_of(const struct lab *lab, enum lab_above above)
{
	switch (above) {
	case BY_OTHER_ROOT:
		return &lab->other_root;
	case BY_INTERMEDIATE:
	case INTERMEDIATE_FIRST:
		return &lab->intermediate;
	case BY_PROVIDER:
	case BY_ITSELF:
	case BY_MANY:
		break;
	}
	return NULL;
}

/* A provider's own CA hands numbers on (RFC 9060): leaf, that CA, the intermediate. */
static bool make_delegate(const struct lab *lab, const struct pki_plan *plan, const char *name)
{
	PAIR_CLEANUP struct pki_pair ca = { 0 };
	PAIR_CLEANUP struct pki_pair leaf = { 0 };
	struct pki_plan ca_plan = leaf_plan(lab);

	ca_plan.common_name = "SHAKEN Laboratory Provider 709J";
	ca_plan.flags = PKI_CA;
	if (!pki_issue(&ca_plan, &lab->intermediate, &ca) || !pki_issue(plan, &ca, &leaf))
		return crypto_failed(name);

	return lab_write_certs(lab->wish->dir, name,
			       (X509 *[]){ leaf.cert, ca.cert, lab->intermediate.cert }, 3) &&
	       write_key(lab->wish->dir, name, leaf.key);
}

static bool write_wrong(const struct lab *lab, const struct lab_leaf *wrong,
			const struct pki_pair *leaf)
{
	const struct pki_pair *issuer = issuer_of(lab, wrong->above);
	X509 *certs[] = { leaf->cert, issuer ? issuer->cert : NULL };

	if (wrong->above == INTERMEDIATE_FIRST) {
		certs[0] = issuer->cert;
		certs[1] = leaf->cert;
	}
	return lab_write_certs(lab->wish->dir, wrong->name, certs, issuer ? 2 : 1) &&
	       write_key(lab->wish->dir, wrong->name, leaf->key);
}

static bool write_crls(const struct lab *lab, const char *name, const X509 *revoked, int64_t from,
		       int64_t to)
{
	SK_CLEANUP(X509_CRL_free_p) X509_CRL *of_intermediate = NULL;
	SK_CLEANUP(X509_CRL_free_p) X509_CRL *of_root = NULL;
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new(BIO_s_mem());

	if (!bio || !pki_revoke(&lab->intermediate, revoked, from, to, &of_intermediate) ||
	    !pki_revoke(&lab->root, NULL, from, to, &of_root) ||
	    !PEM_write_bio_X509_CRL(bio, of_intermediate) || !PEM_write_bio_X509_CRL(bio, of_root))
		return crypto_failed(name);

	return write_bio(lab->wish->dir, name, ".pem", false, bio);
}

static bool make_crls(const struct lab *lab, const X509 *revoked)
{
	int64_t now = lab->wish->now;

	return write_crls(lab, "crl", revoked, lab->ca_from, now + lab->wish->days * DAY) &&
	       write_crls(lab, "expired-crl", revoked, now - 30 * (int64_t)DAY, now - DAY);
}

static bool make_wrong(const struct lab *lab, const struct lab_leaf *wrong)
{
	PAIR_CLEANUP struct pki_pair leaf = { 0 };
	struct pki_plan plan = leaf_plan(lab);

	plan.key = wrong->key;
	plan.flags = wrong->flags;
	plan.tnauth = wrong->tnauth;
	plan.constraints = wrong->constraints;
	if (wrong->to_days) {
		plan.from = lab->wish->now + wrong->from_days * DAY;
		plan.to = lab->wish->now + wrong->to_days * DAY;
	}
	if (wrong->above == BY_MANY)
		return make_long_chain(lab, &plan, wrong->name);
	if (wrong->above == BY_PROVIDER)
		return make_delegate(lab, &plan, wrong->name);
	if (!pki_issue(&plan, issuer_of(lab, wrong->above), &leaf))
		return crypto_failed(wrong->name);
	if (!write_wrong(lab, wrong, &leaf))
		return false;

	return strcmp(wrong->name, "revoked") != 0 ||
	       (make_crls(lab, leaf.cert) &&
		lab_make_admin(lab->wish, lab->ca_from, lab->root.cert, leaf.cert));
}

static bool make_tls_server(const struct lab *lab, const char *name, const struct pki_pair *ca,
			    const char *names)
{
	PAIR_CLEANUP struct pki_pair server = { 0 };
	struct pki_plan plan = {
		.common_name = name,
		.flags = PKI_NO_POLICY,
		.from = lab->wish->now - HOUR,
		.to = lab->wish->now + lab->wish->days * DAY,
		.alt_names = names,
	};

	if (!pki_issue(&plan, ca, &server))
		return crypto_failed(name);

	return lab_write_pair(lab->wish->dir, name, &server);
}

/* What the hosts of x5u show: web certificates, of an authority of their own. */
static bool make_tls(const struct lab *lab)
{
	PAIR_CLEANUP struct pki_pair ca = { 0 };
	char names[NAMES_SIZE];
	const char *host = lab->wish->host;
	bool address = strspn(host, "0123456789.") == strlen(host) || strchr(host, ':');

	snprintf(names, sizeof(names),
		 "DNS:certs.lab.example,DNS:localhost,IP:127.0.0.1,IP:::1,%s:%s",
		 address ? "IP" : "DNS", host);

	return make_ca(lab, "Laboratory web ROOT", PKI_NO_POLICY, NULL, &ca) &&
	       lab_write_certs(lab->wish->dir, "tls-ca", &ca.cert, 1) &&
	       make_tls_server(lab, "tls", &ca, names) &&
	       make_tls_server(lab, "tls-other", &ca, "DNS:other.lab.example");
}

bool lab_make_pki(const struct lab_wish *wish)
{
	SK_CLEANUP(lab_deinit)
	struct lab lab = {
		.wish = wish,
		.ca_from = wish->draft_key ? draft_from : wish->now - DAY,
	};

	snprintf(lab.crl_url, sizeof(lab.crl_url), "%s/crl.pem", wish->x5u_base);
	if (!make_authorities(&lab) || !make_sp(&lab) || !make_draft(&lab) || !make_tls(&lab))
		return false;

	for (size_t i = 0; i < lab_leaf_count(); i++) {
		if (!make_wrong(&lab, lab_leaf_at(i)))
			return false;
	}
	return true;
}
