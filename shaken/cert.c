/*
 * From bytes to certificates and the facts of the leaf.  Nothing is trusted
 * here: a chain that leads nowhere, or whose leaf is no SHAKEN certificate, is
 * read all the same.  A private key among the certificates is refused at once,
 * so that nobody gets used to publishing one.
 */
#include "shaken/cert.h"

#include "shaken/crypto.h"
#include "shaken/es256.h"
#include "shaken/x509.h"

#include <stdlib.h>
#include <string.h>

struct sk_chain {
	struct sk_leaf leaf;
	struct sk_constraints *constraints;
	EVP_PKEY_CTX *ctx; /* of the leaf's key, when that is on P-256 */
	EVP_MD *sha256;
	struct sk_table *table;      /* of the same key, or NULL */
	uint64_t verified, *counter; /* the latter leads to the former: who only reads counts too */
	size_t count;
	X509 *certs[SK_CERT_MAX];
};

static enum sk_err add_der(struct sk_chain *chain, const uint8_t *der, size_t len)
{
	SK_CLEANUP(X509_free_p) X509 *cert = NULL;
	const uint8_t *p = der;

	if (chain->count == SK_CERT_MAX)
		return SK_CERT_SYNTAX;

	ERR_clear_error();
	cert = d2i_X509(NULL, &p, (long)len);
	if (!cert)
		return sk_crypto_memory() ? SK_ENOMEM : SK_FETCH_SYNTAX;
	if (p != der + len)
		return SK_FETCH_SYNTAX;

	const enum sk_err err = sk_x509_settle(cert);

	if (!err)
		chain->certs[chain->count++] = sk_steal(cert);

	return err;
}

static enum sk_err read_pem(struct sk_chain *chain, const char *text, size_t len)
{
	SK_CLEANUP(sk_pem_clear) struct sk_pem block = { 0 };
	SK_CLEANUP(BIO_free_all_p) BIO *in = BIO_new_mem_buf(text, (int)len);
	enum sk_err err = in ? SK_OK : SK_ENOMEM;

	while (!err) {
		err = sk_pem_next(in, &block);
		if (!err && !block.name)
			break;
		if (!err && strcmp(block.name, "CERTIFICATE") != 0)
			err = SK_FETCH_SYNTAX;
		if (err == SK_CERT_SYNTAX)
			err = SK_FETCH_SYNTAX;
		if (!err)
			err = add_der(chain, block.der, block.len);
	}

	return !err && chain->count == 0 ? SK_FETCH_SYNTAX : err;
}

/* No text has a byte above 0x7f behind a '0', and no certificate is shorter than 128 bytes */
static bool is_der(const char *text, size_t len)
{
	return len > 2 && text[0] == SK_DER_SEQUENCE && ((uint8_t)text[1] & 0x80);
}

/* RFC 2253 text.  Its escapes leave printable ASCII only; the loop makes it certain */
static enum sk_err print_name(const X509_NAME *name, char out[SK_CERT_NAME_SIZE])
{
	SK_CLEANUP(BIO_free_all_p) BIO *text = BIO_new(BIO_s_mem());
	char *ptr = NULL;
	long len;

	ERR_clear_error();
	if (!text || X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253) < 0)
		return sk_crypto_memory() || !text ? SK_ENOMEM : SK_CERT_SYNTAX;

	len = BIO_get_mem_data(text, &ptr);
	if (len > SK_CERT_NAME_SIZE - 1)
		len = SK_CERT_NAME_SIZE - 1;
	for (long i = 0; i < len; i++)
		out[i] = (char)(ptr[i] < 0x20 || ptr[i] > 0x7e ? '?' : ptr[i]);
	out[len] = '\0';
	return SK_OK;
}

static void print_serial(const ASN1_INTEGER *serial, char *out, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = ASN1_STRING_get0_data(serial);
	const int len = ASN1_STRING_length(serial);
	size_t at = 0;

	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		out[at++] = '-';
	for (int i = 0; i < len && at + 2 < size; i++) {
		out[at++] = digits[bytes[i] >> 4];
		out[at++] = digits[bytes[i] & 15];
	}
	out[at] = '\0';
}

static enum sk_err read_names(const X509 *cert, struct sk_leaf *leaf)
{
	enum sk_err err = print_name(X509_get_subject_name(cert), leaf->subject);

	if (!err)
		err = print_name(X509_get_issuer_name(cert), leaf->issuer);
	print_serial(X509_get0_serialNumber(cert), leaf->serial, sizeof(leaf->serial));

	return err;
}

/* @return A failure of class OURS; what is wrong with the extension goes to `leaf->extensions` */
static enum sk_err read_constraints(struct sk_chain *chain)
{
	const X509 *cert = chain->certs[0];
	struct sk_der value = { 0 };
	const size_t plain = sk_x509_find(cert, SK_EXT_CONSTRAINTS, &value);
	const size_t enhanced = sk_x509_find(cert, SK_EXT_ECONSTRAINTS, &value);
	enum sk_err err = SK_OK;

	/* RFC 9118, section 3: one of the two kinds, not both */
	if (plain + enhanced > 1)
		err = SK_CERT_SYNTAX;
	else if (plain + enhanced == 1)
		err = sk_constraints_new(value.ptr, value.len, enhanced == 1, &chain->constraints);

	chain->leaf.constraints = chain->constraints;
	if (sk_err_class(err) == SK_CLASS_OURS)
		return err;
	if (!chain->leaf.extensions)
		chain->leaf.extensions = err;

	return SK_OK;
}

/* The context is made once: making it costs 4 % of a verification each time */
static enum sk_err prepare_key(struct sk_chain *chain)
{
	EVP_PKEY *key = X509_get0_pubkey(chain->certs[0]);

	chain->leaf.key_is_p256 = key && sk_x509_curve(chain->certs[0]) == SK_CURVE_P256;
	if (!chain->leaf.key_is_p256)
		return SK_OK;

	ERR_clear_error();
	chain->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	chain->ctx = EVP_PKEY_CTX_new(key, NULL);
	if (!chain->sha256 || !chain->ctx || EVP_PKEY_verify_init(chain->ctx) != 1)
		return sk_crypto_fault();

	return SK_OK;
}

static enum sk_err read_leaf(struct sk_chain *chain)
{
	struct sk_leaf *leaf = &chain->leaf;
	const X509 *cert = chain->certs[0];
	enum sk_err err = read_names(cert, leaf);

	if (err)
		return err;
	if (!sk_x509_time(X509_get0_notBefore(cert), &leaf->not_before) ||
	    !sk_x509_time(X509_get0_notAfter(cert), &leaf->not_after))
		return SK_CERT_SYNTAX;

	leaf->extensions = sk_x509_tnauth(cert, &leaf->has_tnauth, &leaf->tnauth);
	err = read_constraints(chain);
	if (!err)
		err = prepare_key(chain);

	return err;
}

static enum sk_err read_chain(const char *text, size_t len, struct sk_chain **out)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = calloc(1, sizeof(*chain));
	enum sk_err err;

	if (!chain)
		return SK_ENOMEM;

	chain->counter = &chain->verified;
	if (is_der(text, len))
		err = add_der(chain, (const uint8_t *)text, len);
	else
		err = read_pem(chain, text, len);
	if (!err)
		err = read_leaf(chain);
	if (!err)
		*out = sk_steal(chain);

	ERR_clear_error();
	return err;
}

enum sk_err sk_chain_new(const char *text, size_t len, struct sk_chain **out)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	enum sk_err err;

	if (len > SK_CERT_FILE_MAX)
		return SK_FETCH_SIZE;
	if (len == 0)
		return SK_FETCH_SYNTAX;

	err = read_chain(text, len, &chain);
	if (sk_crypto_blames(err))
		err = sk_crypto_agree(err, read_chain(text, len, &chain));
	if (!err)
		*out = sk_steal(chain);

	return err;
}

void sk_chain_free(struct sk_chain *chain)
{
	if (!chain)
		return;

	sk_table_free(chain->table);
	EVP_PKEY_CTX_free(chain->ctx);
	EVP_MD_free(chain->sha256);
	sk_constraints_free(chain->constraints);
	for (size_t i = 0; i < chain->count; i++)
		X509_free(chain->certs[i]);
	free(chain);
}

static bool is_among(const X509 *cert, X509 *const *certs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (certs[i] == cert)
			return true;
	return false;
}

void sk_chain_trim(struct sk_chain *chain, X509 *const *keep, size_t count)
{
	size_t kept = 1;

	for (size_t i = 1; i < chain->count; i++) {
		if (is_among(chain->certs[i], keep, count))
			chain->certs[kept++] = chain->certs[i];
		else
			X509_free(chain->certs[i]);
	}
	chain->count = kept;
}

const struct sk_leaf *sk_chain_leaf(const struct sk_chain *chain)
{
	return &chain->leaf;
}

size_t sk_chain_count(const struct sk_chain *chain)
{
	return chain->count;
}

X509 *sk_chain_at(const struct sk_chain *chain, size_t index)
{
	return chain->certs[index];
}

bool sk_chain_same_leaf(const struct sk_chain *a, const struct sk_chain *b)
{
	return X509_cmp(sk_chain_at(a, 0), sk_chain_at(b, 0)) == 0;
}

enum sk_err sk_chain_valid_at(const struct sk_chain *chain, int64_t when)
{
	/* RFC 5280, 4.1.2.5: both ends belong to the period */
	if (when < chain->leaf.not_before)
		return SK_CERT_NOT_YET;

	return when > chain->leaf.not_after ? SK_CERT_EXPIRED : SK_OK;
}

/* A signature whose u1*G + u2*Q is the point at infinity is wrong (FIPS 186-4, 6.4.2), and the
 * owner of a key can make one; OpenSSL reports it as an error, not as a mismatch */
static enum sk_err verify_failure(void)
{
	const unsigned long e = ERR_peek_error();
	const bool infinity =
		ERR_GET_LIB(e) == ERR_LIB_EC && ERR_GET_REASON(e) == EC_R_POINT_AT_INFINITY;
	const enum sk_err fault = sk_crypto_fault();

	return infinity && fault != SK_ENOMEM ? SK_BAD_SIGNATURE : fault;
}

static enum sk_err verify_usual(const struct sk_chain *chain, const uint8_t hash[SK_HASH_LEN],
				const uint8_t sig[SK_SIG_LEN])
{
	uint8_t der[SK_DER_SIG_MAX];
	const size_t len = sk_es256_to_der(sig, der);
	int result;

	if (len == 0)
		return SK_BAD_SIGNATURE;

	ERR_clear_error();
	result = EVP_PKEY_verify(chain->ctx, der, len, hash, SK_HASH_LEN);
	if (result == 1)
		return SK_OK;

	/* below 0 it could not be judged: nobody is to blame for that */
	return result == 0 ? SK_BAD_SIGNATURE : verify_failure();
}

enum sk_err sk_chain_verify(const struct sk_chain *chain, struct sk_span msg,
			    const uint8_t sig[SK_SIG_LEN])
{
	uint8_t hash[SK_HASH_LEN];

	if (!chain->leaf.key_is_p256)
		return SK_CERT_PROFILE;

	ERR_clear_error();
	if (EVP_Digest(msg.ptr, msg.len, hash, NULL, chain->sha256, NULL) != 1)
		return sk_crypto_fault();

	(*chain->counter)++;
	if (chain->table) {
		const enum sk_err err = sk_table_verify(chain->table, hash, sig);

		if (sk_err_class(err) != SK_CLASS_OURS)
			return err;
	}
	return verify_usual(chain, hash, sig);
}

uint64_t sk_chain_verified(const struct sk_chain *chain)
{
	return chain->verified;
}

void sk_chain_set_table(struct sk_chain *chain, struct sk_table *table)
{
	sk_table_free(chain->table);
	chain->table = table;
}

bool sk_chain_has_table(const struct sk_chain *chain)
{
	return chain->table != NULL;
}
