/*
 * Each file is read once, whole and through a descriptor that was checked; GnuTLS never sees a
 * path and never asks for a pass phrase.  The rules are those of tls.* (redirector/net).
 */
#include "redirector/http/secure_files.h"

#include "redirector/base/file.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	PEM_MAX = 256 << 10, /* a list of roots is longer than a chain */
	RSA_BITS_MIN = 2048, /* BCP 195: RFC 9325, 4.5 */
};

struct chain {
	gnutls_x509_crt_t *certs;
	unsigned count;
};

static bool refuse(char why[256], const char *setting, const char *reason)
{
	snprintf(why, 256, "%s: %s", setting, reason);
	return false;
}

static bool pem_read(const char *setting, const char *path, enum file_kind kind,
		     gnutls_datum_t *out, char why[256])
{
	char reason[FILE_WHY_SIZE], *text;
	size_t len;

	if (!path || path[0] == '\0')
		return refuse(why, setting, "https needs it");
	if (!file_read(path, kind, PEM_MAX, &text, &len, reason)) {
		snprintf(why, 256, "%s: %.100s: %.120s", setting, path, reason);
		return false;
	}
	*out = (gnutls_datum_t){ (unsigned char *)text, (unsigned)len };
	return true;
}

static void pem_free(gnutls_datum_t *pem)
{
	file_free((char *)pem->data, pem->size);
}

static void chain_free(struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		gnutls_x509_crt_deinit(chain->certs[i]);
	gnutls_free(chain->certs);
}

static bool is_for_servers(gnutls_x509_crt_t leaf)
{
	char oid[128];
	unsigned critical;

	for (unsigned i = 0; i < 64; i++) {
		size_t len = sizeof(oid);
		int r = gnutls_x509_crt_get_key_purpose_oid(leaf, i, oid, &len, &critical);

		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return i == 0; /* none: for anything */
		if (r >= 0 &&
		    (strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER) == 0 || strcmp(oid, GNUTLS_KP_ANY) == 0))
			return true;
	}
	return false;
}

static bool is_strong(gnutls_x509_crt_t leaf)
{
	unsigned bits = 0;
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	gnutls_datum_t x = { NULL, 0 }, y = { NULL, 0 };

	switch (gnutls_x509_crt_get_pk_algorithm(leaf, &bits)) {
	case GNUTLS_PK_ECDSA:
		if (gnutls_x509_crt_get_pk_ecc_raw(leaf, &curve, &x, &y) < 0)
			return false;
		gnutls_free(x.data);
		gnutls_free(y.data);
		return curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1 ||
		       curve == GNUTLS_ECC_CURVE_SECP521R1;
	case GNUTLS_PK_EDDSA_ED25519:
	case GNUTLS_PK_EDDSA_ED448:
		return true;
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return bits >= RSA_BITS_MIN;
	default:
		return false;
	}
}

/* RFC 8446, 4.4.2: each certifies the one before it. */
static bool check_chain(const struct chain *chain, char why[256])
{
	static const char setting[] = "http.certificate";
	gnutls_x509_crt_t leaf = chain->certs[0];
	time_t now = time(NULL);
	char reason[80];

	if (gnutls_x509_crt_get_activation_time(leaf) > now)
		return refuse(why, setting, "the certificate is not valid yet");
	if (gnutls_x509_crt_get_expiration_time(leaf) <= now)
		return refuse(why, setting, "the certificate has ended");
	if (!is_for_servers(leaf))
		return refuse(why, setting, "the first certificate is not for a TLS server");
	if (!is_strong(leaf))
		return refuse(why, "http.key",
			      "neither on a curve of TLS nor RSA of 2048 bits at least");
	if (chain->count > SECURE_CHAIN_MAX)
		return refuse(why, setting, "too many certificates");
	for (unsigned i = 1; i < chain->count; i++) {
		if (gnutls_x509_crt_check_issuer(chain->certs[i - 1], chain->certs[i]))
			continue;
		snprintf(reason, sizeof(reason),
			 "certificate %u is not the issuer of the one before it", i + 1);
		return refuse(why, setting, reason);
	}
	return true;
}

static bool read_chain(const char *path, struct chain *chain, char why[256])
{
	gnutls_datum_t pem;
	int r;

	if (!pem_read("http.certificate", path, FILE_PUBLIC, &pem, why))
		return false;
	r = gnutls_x509_crt_list_import2(&chain->certs, &chain->count, &pem, GNUTLS_X509_FMT_PEM,
					 0);
	pem_free(&pem);
	if (r == GNUTLS_E_NO_CERTIFICATE_FOUND || (r >= 0 && chain->count == 0))
		return refuse(why, "http.certificate", "has no certificate");
	if (r < 0) {
		chain->count = 0;
		chain->certs = NULL;
		return refuse(why, "http.certificate", "a certificate cannot be read");
	}
	return check_chain(chain, why);
}

static bool read_key(const char *path, gnutls_x509_privkey_t key, char why[256])
{
	gnutls_datum_t pem;
	int r;

	if (!pem_read("http.key", path, file_kind_of_secret(path), &pem, why))
		return false;
	r = gnutls_x509_privkey_import2(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	pem_free(&pem);
	return r >= 0 || refuse(why, "http.key", "has no key, or one with a pass phrase");
}

static bool use_own(gnutls_certificate_credentials_t credentials, const struct chain *chain,
		    const struct http_conf *set, char why[256])
{
	gnutls_x509_privkey_t key;
	bool ok;
	int r;

	if (gnutls_x509_privkey_init(&key) < 0)
		return refuse(why, "http.key", "out of memory");
	ok = read_key(set->key, key, why);
	if (ok) {
		r = gnutls_certificate_set_x509_key(credentials, chain->certs, (int)chain->count,
						    key);
		ok = r >= 0 ||
		     refuse(why, "http.key",
			    r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH
				    ? "is not the key of the first certificate of http.certificate"
				    : "is no good");
	}
	gnutls_x509_privkey_deinit(key);
	return ok;
}

bool secure_read_own(gnutls_certificate_credentials_t credentials, const struct http_conf *set,
		     int64_t *not_after, char why[256])
{
	struct chain chain = { .certs = NULL };
	bool ok =
		read_chain(set->certificate, &chain, why) && use_own(credentials, &chain, set, why);

	if (ok)
		*not_after = gnutls_x509_crt_get_expiration_time(chain.certs[0]);
	chain_free(&chain);
	return ok;
}

bool secure_read_roots(gnutls_certificate_credentials_t credentials, const char *path,
		       char why[256])
{
	gnutls_datum_t pem;
	int n;

	if (!pem_read("http.client-ca", path, FILE_PUBLIC, &pem, why))
		return false;
	n = gnutls_certificate_set_x509_trust_mem(credentials, &pem, GNUTLS_X509_FMT_PEM);
	pem_free(&pem);
	if (n < 0)
		return refuse(why, "http.client-ca",
			      n == GNUTLS_E_NO_CERTIFICATE_FOUND ? "has no certificate"
								 : "a certificate cannot be read");
	return n > 0 || refuse(why, "http.client-ca", "has no certificate");
}
