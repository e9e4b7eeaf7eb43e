/*
 * What all connections share, made from files.  Each file is read once, whole and through a
 * descriptor that was checked; OpenSSL never sees a path and never asks for a pass phrase.
 *
 * Nothing is resumed: the next connection of a client meets another worker, and a session that
 * outlives a change of tls.client-ca would go around it.  A client connects once and stays.
 */
#include "redirector/net/tls_state.h"

#include "redirector/base/file.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PEM_MAX = 256 << 10, /* a list of roots is longer than a chain */
	CHAIN_MAX = 8,
	CLIENT_CHAIN_BYTES = 16 << 10,
	RSA_BITS_MIN = 2048, /* BCP 195: RFC 9325, 4.5 */
};

SK_DEFINE_CLEANUP(SSL_CTX, SSL_CTX_free)
SK_DEFINE_CLEANUP(X509, X509_free)
SK_DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)

/* One of the files, in memory. */
struct pem {
	const char *setting; /* "tls.key", for the reason */
	char *text;
	size_t len;
	BIO *bio;
};

static bool refuse(char why[TLS_WHY_SIZE], const char *setting, const char *reason)
{
	snprintf(why, TLS_WHY_SIZE, "%s: %s", setting, reason);
	ERR_clear_error();
	return false;
}

static bool pem_open(struct pem *pem, const char *setting, const char *path, enum file_kind kind,
		     char why[TLS_WHY_SIZE])
{
	char reason[FILE_WHY_SIZE];

	*pem = (struct pem){ .setting = setting };
	if (!file_read(path, kind, PEM_MAX, &pem->text, &pem->len, reason)) {
		snprintf(why, TLS_WHY_SIZE, "%s: %.100s: %.120s", setting, path, reason);
		return false;
	}
	pem->bio = BIO_new_mem_buf(pem->text, (int)pem->len);
	return pem->bio || refuse(why, setting, "out of memory");
}

static void pem_close(struct pem *pem)
{
	BIO_free_all(pem->bio);
	file_free(pem->text, pem->len);
}

/* For pem_password_cb: a key with a pass phrase is refused, nobody is there to be asked. */
static int no_phrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* The next certificate.  @return NULL with `end` set: there is no more; else it cannot be read */
static X509 *next_certificate(const struct pem *pem, bool *end)
{
	X509 *cert = PEM_read_bio_X509(pem->bio, NULL, no_phrase, NULL);
	unsigned long error = ERR_peek_last_error();

	*end = !cert && ERR_GET_LIB(error) == ERR_LIB_PEM &&
	       ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return cert;
}

static bool read_leaf(SSL_CTX *ctx, const struct pem *pem, char why[TLS_WHY_SIZE])
{
	bool end = false;
	SK_CLEANUP(X509_free_p) X509 *leaf = next_certificate(pem, &end);

	if (!leaf)
		return refuse(why, pem->setting,
			      end ? "has no certificate" : "a certificate cannot be read");
	if (X509_cmp_current_time(X509_get0_notBefore(leaf)) >= 0)
		return refuse(why, pem->setting, "the certificate is not valid yet");
	if (X509_cmp_current_time(X509_get0_notAfter(leaf)) <= 0)
		return refuse(why, pem->setting, "the certificate has ended");
	if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) != 1)
		return refuse(why, pem->setting, "the first certificate is not for a TLS server");
	if (SSL_CTX_use_certificate(ctx, leaf) != 1)
		return refuse(why, pem->setting, "the key of the certificate is too weak");
	return true;
}

/* RFC 8446, 4.4.2: each certifies the one before it; RFC 5246, 7.4.2 has it as a must. */
static bool read_issuers(SSL_CTX *ctx, const struct pem *pem, char why[TLS_WHY_SIZE])
{
	X509 *before = SSL_CTX_get0_certificate(ctx);
	bool end = false;

	for (int n = 2;; n++) {
		SK_CLEANUP(X509_free_p) X509 *issuer = next_certificate(pem, &end);
		char reason[80];

		if (!issuer)
			return end || refuse(why, pem->setting, "a certificate cannot be read");
		if (n > CHAIN_MAX)
			return refuse(why, pem->setting, "too many certificates");
		if (X509_check_issued(issuer, before) != X509_V_OK) {
			snprintf(reason, sizeof(reason),
				 "certificate %d is not the issuer of the one before it", n);
			return refuse(why, pem->setting, reason);
		}
		if (SSL_CTX_add0_chain_cert(ctx, issuer) != 1)
			return refuse(why, pem->setting, "a certificate's key is too weak");
		before = sk_steal(issuer);
	}
}

static bool read_certificate(SSL_CTX *ctx, const char *path, char why[TLS_WHY_SIZE])
{
	struct pem pem;
	bool ok = pem_open(&pem, "tls.certificate", path, FILE_PUBLIC, why) &&
		  read_leaf(ctx, &pem, why) && read_issuers(ctx, &pem, why);

	pem_close(&pem);
	return ok;
}

/* Those that TLS has signatures for (RFC 8446, 4.2.3). */
static bool is_curve(const EVP_PKEY *key)
{
	static const char *const known[] = { SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1 };
	char name[32] = "";

	EVP_PKEY_get_group_name(key, name, sizeof(name), NULL);
	for (size_t i = 0; i < SK_COUNT(known); i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

static bool is_strong(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return is_curve(key);
	case EVP_PKEY_ED25519:
	case EVP_PKEY_ED448:
		return true;
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
	default:
		return false;
	}
}

static bool use_key(SSL_CTX *ctx, const struct pem *pem, char why[TLS_WHY_SIZE])
{
	SK_CLEANUP(EVP_PKEY_free_p)
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem->bio, NULL, no_phrase, NULL);

	if (!key)
		return refuse(why, pem->setting, "has no key, or one with a pass phrase");
	if (!is_strong(key))
		return refuse(why, pem->setting,
			      "neither on a curve of TLS nor RSA of 2048 bits at least");
	if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) != 1)
		return refuse(why, pem->setting,
			      "is not the key of the first certificate of tls.certificate");
	return SSL_CTX_use_PrivateKey(ctx, key) == 1 || refuse(why, pem->setting, "is no good");
}

static bool read_key(SSL_CTX *ctx, const char *path, char why[TLS_WHY_SIZE])
{
	struct pem pem;
	bool ok = pem_open(&pem, "tls.key", path, file_kind_of_secret(path), why) &&
		  use_key(ctx, &pem, why);

	pem_close(&pem);
	return ok;
}

/* What stands in the file is trusted, whoever signed it: a root, or one issuer below it. */
static bool take_roots(SSL_CTX *ctx, const struct pem *pem, char why[TLS_WHY_SIZE])
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	bool end = false;

	for (size_t n = 0;; n++) {
		SK_CLEANUP(X509_free_p) X509 *root = next_certificate(pem, &end);

		if (!root && !end)
			return refuse(why, pem->setting, "a certificate cannot be read");
		if (!root)
			return n > 0 || refuse(why, pem->setting, "has no certificate");
		/* the names go to the client, so that it knows which of its certificates to show */
		if (X509_STORE_add_cert(store, root) != 1 || SSL_CTX_add_client_CA(ctx, root) != 1)
			return refuse(why, pem->setting, "a certificate cannot be used");
	}
}

static bool read_roots(SSL_CTX *ctx, const char *path, char why[TLS_WHY_SIZE])
{
	struct pem pem;
	bool ok = pem_open(&pem, "tls.client-ca", path, FILE_PUBLIC, why) &&
		  take_roots(ctx, &pem, why);

	pem_close(&pem);
	return ok;
}

static bool set_clients(SSL_CTX *ctx, const struct tls_set *set, char why[TLS_WHY_SIZE])
{
	int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;

	if (set->ask == TLS_ASK_NOT)
		return true;
	if (set->ask == TLS_DEMAND)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, mode, NULL);
	SSL_CTX_set_verify_depth(ctx, CHAIN_MAX);
	/* each certificate costs 0.1 ms and 4 KB while its client stays, also those that lead
	 * nowhere: OpenSSL's own limit of 100 KB would be 30 ms and 0.9 MB */
	SSL_CTX_set_max_cert_list(ctx, CLIENT_CHAIN_BYTES);
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
	/* RFC 5280, 4.2.1.12: for TLS clients, or for no purpose in particular */
	if (!SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT))
		return refuse(why, "tls.client-ca", "out of memory");
	return set->client_ca[0] == '\0' || read_roots(ctx, set->client_ca, why);
}

static bool set_rules(SSL_CTX *ctx, const struct tls_set *set)
{
	/* BCP 195 (RFC 9325, 4.2) goes before the cipher that RFC 3261, 26.2.1, asks for: ephemeral
	 * keys and AEAD alone */
	static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
				      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
				      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
	char groups[] = "X25519:P-256:P-384";

	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	/* 2,048 idle connections: no buffers while nothing is said */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	/* a peer that sends records without a byte in them must not keep us in one call */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(ctx, 0);
	return SSL_CTX_set_num_tickets(ctx, 0) &&
	       SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"sip", 3) &&
	       SSL_CTX_set_min_proto_version(ctx, set->only_13 ? TLS1_3_VERSION : TLS1_2_VERSION) &&
	       SSL_CTX_set_cipher_list(ctx, ciphers) && SSL_CTX_set1_groups_list(ctx, groups);
}

static long long end_of(const X509 *cert)
{
	struct tm tm = { .tm_sec = 0 };

	/* it was compared with the clock before, so it can be read */
	ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm);
	return (long long)timegm(&tm);
}

bool tls_new(const struct tls_set *set, struct tls **out, char why[TLS_WHY_SIZE])
{
	SK_CLEANUP(SSL_CTX_free_p) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct tls *tls;

	if (!ctx || !set_rules(ctx, set))
		return refuse(why, "tls", "out of memory");
	if (!read_certificate(ctx, set->certificate, why) || !read_key(ctx, set->key, why) ||
	    !set_clients(ctx, set, why))
		return false;
	tls = calloc(1, sizeof(*tls));
	if (!tls)
		return refuse(why, "tls", "out of memory");
	tls->refs = 1;
	tls->not_after = end_of(SSL_CTX_get0_certificate(ctx));
	tls->ctx = sk_steal(ctx);
	*out = tls;
	return true;
}
