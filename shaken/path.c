/*
 * OpenSSL builds and validates the path.  Its faults are a long list; a table
 * says which of them mean "trusted by nobody" and which concern time, and all
 * others are an invalid path.
 */
#include "shaken/path.h"

#include "shaken/crypto.h"
#include "shaken/x509.h"

#include <limits.h>
#include <openssl/x509v3.h>
#include <string.h>

/* A stack that only borrows */
SK_DEFINE_CLEANUP(STACK_OF(X509), sk_X509_free)
SK_DEFINE_CLEANUP(X509_STORE, X509_STORE_free)

/* clang-format off */
static const struct {
	int verdict; /* of OpenSSL */
	enum sk_err err;
} verdicts[] = {
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,         SK_CERT_UNTRUSTED },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, SK_CERT_UNTRUSTED },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,   SK_CERT_UNTRUSTED },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,       SK_CERT_UNTRUSTED },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,         SK_CERT_UNTRUSTED },
	{ X509_V_ERR_CERT_UNTRUSTED,                    SK_CERT_UNTRUSTED },
	{ X509_V_ERR_CERT_REJECTED,                     SK_CERT_UNTRUSTED },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG,               SK_CERT_UNTRUSTED },
	{ X509_V_ERR_CERT_HAS_EXPIRED,                  SK_CERT_EXPIRED   },
	{ X509_V_ERR_CERT_NOT_YET_VALID,                SK_CERT_NOT_YET   },
	{ X509_V_ERR_OUT_OF_MEM,                        SK_ENOMEM         },
	{ X509_V_ERR_UNSPECIFIED,                       SK_ECRYPTO        },
	{ X509_V_ERR_STORE_LOOKUP,                      SK_ECRYPTO        },
	{ X509_V_ERR_INVALID_CALL,                      SK_ECRYPTO        },
};
/* clang-format on */

static enum sk_err outcome_of(int verdict)
{
	for (size_t i = 0; i < SK_COUNT(verdicts); i++)
		if (verdicts[i].verdict == verdict)
			return verdicts[i].err;

	return SK_CERT_INVALID;
}

/* RFC 5280, 4.2: a critical extension must be one that is processed.  RFC 8226 and RFC 9118 make
 * theirs non-critical, but nothing is lost when a CA marks them: the leaf's are processed, and
 * those of issuers, too, where delegation is */
static bool is_processed(X509_EXTENSION *ext, int depth, const struct sk_trust_rules *rules)
{
	const enum sk_ext kind = sk_x509_ext_kind(ext);

	if (kind == SK_EXT_TNAUTH)
		return depth == 0 || rules->allow_delegates;
	if (kind == SK_EXT_CONSTRAINTS || kind == SK_EXT_ECONSTRAINTS)
		return depth == 0;

	return X509_supported_extension(ext) == 1;
}

/* Asked about each fault that OpenSSL finds; 1 lets it pass */
static int on_fault(int ok, X509_STORE_CTX *ctx)
{
	const struct sk_trust_rules *rules = X509_STORE_CTX_get_app_data(ctx);
	const X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	const int depth = X509_STORE_CTX_get_error_depth(ctx);

	if (ok || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION)
		return ok;

	for (int i = 0; i < X509_get_ext_count(cert); i++) {
		X509_EXTENSION *ext = X509_get_ext(cert, i);

		if (X509_EXTENSION_get_critical(ext) && !is_processed(ext, depth, rules))
			return 0;
	}
	return 1;
}

/* The file's certificates behind the leaf, in a stack that borrows them */
static STACK_OF(X509) * others(const struct sk_chain *chain)
{
	STACK_OF(X509) *certs = sk_X509_new_null();

	for (size_t i = 1; certs && i < sk_chain_count(chain); i++) {
		if (sk_X509_push(certs, sk_chain_at(chain, i)) <= 0) {
			sk_X509_free(certs);
			certs = NULL;
		}
	}
	return certs;
}

/* The certificates stay alive without the context: the chain and the store hold them */
static enum sk_err copy_path(X509_STORE_CTX *ctx, struct sk_path *out)
{
	STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(ctx);
	const int count = sk_X509_num(built);

	if (count < 1 || count > SK_PATH_MAX)
		return SK_CERT_INVALID;

	for (int i = 0; i < count; i++)
		out->certs[i] = sk_X509_value(built, i);
	out->count = (size_t)count;
	return SK_OK;
}

static enum sk_err run(X509_STORE_CTX *ctx, int64_t now)
{
	enum sk_err err;

	X509_STORE_CTX_set_verify_cb(ctx, on_fault);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)now);
	if (X509_verify_cert(ctx) == 1)
		return SK_OK;

	err = outcome_of(X509_STORE_CTX_get_error(ctx));
	return sk_crypto_memory() ? SK_ENOMEM : err;
}

enum sk_err sk_path_validate(X509_STORE *store, const struct sk_trust_rules *rules,
			     const struct sk_chain *chain, int64_t now, struct sk_path *out)
{
	SK_CLEANUP(sk_X509_free_p) STACK_OF(X509) *certs = others(chain);
	SK_CLEANUP(X509_STORE_CTX_free_p) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	/* OpenSSL's argument lacks the const; it is only read */
	void *data = (void *)(uintptr_t)rules;
	enum sk_err err;

	if (!certs || !ctx)
		return SK_ENOMEM;

	ERR_clear_error();
	if (X509_STORE_CTX_init(ctx, store, sk_chain_at(chain, 0), certs) != 1 ||
	    X509_STORE_CTX_set_app_data(ctx, data) != 1)
		return sk_crypto_fault();

	err = run(ctx, now);
	return err ? err : copy_path(ctx, out);
}

static bool is_fit(X509 *cert, enum sk_anchor kind)
{
	/* RFC 5280, 4.2.1.9: a CA says so; 1 is OpenSSL's "says so in basicConstraints" */
	if (kind == SK_ANCHOR_ANY || X509_check_ca(cert) == 1)
		return true;

	/* RFC 5280, 4.2.1.3: the usage is there and says it; no usage at all says nothing */
	return kind == SK_ANCHOR_SIGNER && (X509_get_extension_flags(cert) & EXFLAG_KUSAGE) &&
	       (X509_get_key_usage(cert) & KU_CRL_SIGN);
}

/* @return The certificate; the failure goes to `err` */
static X509 *read_one(const struct sk_pem *block, enum sk_anchor kind, enum sk_err *err)
{
	SK_CLEANUP(X509_free_p) X509 *cert = NULL;
	const uint8_t *p = block->der;

	*err = SK_CERT_SYNTAX;
	if (strcmp(block->name, "CERTIFICATE") != 0)
		return NULL;

	ERR_clear_error();
	cert = d2i_X509(NULL, &p, (long)block->len);
	if (!cert && sk_crypto_memory())
		*err = SK_ENOMEM;
	if (!cert || p != block->der + block->len)
		return NULL;

	*err = sk_x509_settle(cert);
	if (!*err && !is_fit(cert, kind))
		*err = SK_CERT_SYNTAX;

	return *err ? NULL : sk_steal(cert);
}

static enum sk_err read_all(const char *pem, size_t len, enum sk_anchor kind, STACK_OF(X509) * out)
{
	SK_CLEANUP(sk_pem_clear) struct sk_pem block = { 0 };
	SK_CLEANUP(BIO_free_all_p) BIO *in = BIO_new_mem_buf(pem, (int)len);
	enum sk_err err;

	if (!in)
		return SK_ENOMEM;

	for (err = sk_pem_next(in, &block); !err && block.name; err = sk_pem_next(in, &block)) {
		X509 *cert = read_one(&block, kind, &err);

		if (err)
			return err;
		if (sk_X509_push(out, cert) <= 0) {
			X509_free(cert);
			return SK_ENOMEM;
		}
	}
	return !err && sk_X509_num(out) == 0 ? SK_CERT_SYNTAX : err;
}

static void empty(STACK_OF(X509) * certs)
{
	while (sk_X509_num(certs) > 0)
		X509_free(sk_X509_pop(certs));
}

enum sk_err sk_anchors_read(const char *pem, size_t len, enum sk_anchor kind, STACK_OF(X509) * out)
{
	enum sk_err err;

	if (len == 0 || len > INT_MAX)
		return SK_CERT_SYNTAX;

	err = read_all(pem, len, kind, out);
	if (sk_crypto_blames(err)) {
		empty(out);
		err = sk_crypto_agree(err, read_all(pem, len, kind, out));
	}
	if (err)
		empty(out);

	ERR_clear_error();
	return err;
}

X509_STORE *sk_store_new(void)
{
	SK_CLEANUP(X509_STORE_free_p) X509_STORE *store = X509_STORE_new();

	/* an anchor need not be self-signed (RFC 5280, 6.1.1 (d)): hence PARTIAL_CHAIN */
	if (!store ||
	    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN) != 1 ||
	    X509_STORE_set_depth(store, SK_PATH_MAX - 2) != 1)
		return NULL;

	return sk_steal(store);
}

enum sk_err sk_store_add(X509_STORE *store, struct sk_span pem, enum sk_anchor kind)
{
	SK_CLEANUP(sk_anchors_drop) STACK_OF(X509) *certs = sk_X509_new_null();
	enum sk_err err = certs ? sk_anchors_read(pem.ptr, pem.len, kind, certs) : SK_ENOMEM;

	for (int i = 0; !err && i < sk_X509_num(certs); i++)
		if (X509_STORE_add_cert(store, sk_X509_value(certs, i)) != 1)
			err = SK_ENOMEM;

	return err;
}
