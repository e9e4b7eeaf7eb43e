/*
 * OpenSSL builds and validates the path.  Its faults are a long list; a table
 * says which of them mean "trusted by nobody" and which concern time, and all
 * others are an invalid path.
 */
#include "shaken/path.h"

#include "shaken/crypto.h"
#include "shaken/x509.h"

#include <openssl/x509v3.h>

/* A stack that only borrows */
SK_DEFINE_CLEANUP(STACK_OF(X509), sk_X509_free)

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

	/* of one: the leaf is an anchor itself, and so a CA */
	if (count < 2 || count > SK_PATH_MAX)
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
