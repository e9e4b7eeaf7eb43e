/*
 * The key's text is cleansed as soon as it is parsed; from then on only the
 * library holds the key.
 */
#include "redirector/keys/keystore.h"

#include "redirector/base/file.h"

#include <stdio.h>
#include <stdlib.h>

struct keystore {
	struct sk_key *key;
	struct sk_chain *chain;                          /* NULL: not configured */
	struct sk_credential *credentials[SK_PPT_OTHER]; /* by type; all share the key */
};

/* The types that are signed. */
static const enum sk_ppt types[] = { SK_PPT_SHAKEN, SK_PPT_DIV, SK_PPT_RPH, SK_PPT_RCD };

void keystore_free(struct keystore *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < SK_COUNT(types); i++)
		sk_credential_free(k->credentials[types[i]]);
	sk_chain_free(k->chain);
	sk_key_free(k->key);
	free(k);
}

static bool load_key(const char *path, struct sk_key **out, char why[KEYSTORE_WHY_SIZE])
{
	char reason[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len;
	enum sk_err err;

	if (!file_read(path, FILE_SECRET, SK_KEY_FILE_MAX, &text, &len, reason)) {
		snprintf(why, KEYSTORE_WHY_SIZE, "sign.key: %.200s: %s", path, reason);
		return false;
	}
	err = sk_key_new(text, len, out);
	file_free(text, len);
	if (err)
		snprintf(why, KEYSTORE_WHY_SIZE, "sign.key: %.200s: %s", path, sk_err_text(err));
	return !err;
}

static bool load_chain(const char *path, struct sk_chain **out, char why[KEYSTORE_WHY_SIZE])
{
	char reason[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len;
	enum sk_err err;

	if (!file_read(path, FILE_PUBLIC, SK_CERT_FILE_MAX, &text, &len, reason)) {
		snprintf(why, KEYSTORE_WHY_SIZE, "sign.certificate: %.200s: %s", path, reason);
		return false;
	}
	err = sk_chain_new(text, len, out);
	file_free(text, len);
	if (err)
		snprintf(why, KEYSTORE_WHY_SIZE, "sign.certificate: %.200s: %s", path,
			 sk_err_text(err));
	return !err;
}

static bool load_credentials(const struct sign_conf *conf, enum sk_url_rules rules,
			     struct keystore *k, char why[KEYSTORE_WHY_SIZE])
{
	for (size_t i = 0; i < SK_COUNT(types); i++) {
		enum sk_err err =
			sk_credential_new(sk_span_of(conf->x5u), rules, types[i],
					  sk_key_signer(k->key), &k->credentials[types[i]]);

		if (err) {
			snprintf(why, KEYSTORE_WHY_SIZE, "sign.x5u: %.200s: %s", conf->x5u,
				 sk_err_text(err));
			return false;
		}
	}
	return true;
}

/* The certificate is the key's, and valid now. */
static bool load_certificate(const struct sign_conf *conf, int64_t now, struct keystore *k,
			     char why[KEYSTORE_WHY_SIZE])
{
	enum sk_err err;

	if (conf->certificate[0] == '\0')
		return true;
	if (!load_chain(conf->certificate, &k->chain, why))
		return false;
	err = sk_key_check(k->key, k->chain);
	if (!err)
		err = sk_chain_valid_at(k->chain, now);
	if (err)
		snprintf(why, KEYSTORE_WHY_SIZE, "sign.certificate: %.200s: %s", conf->certificate,
			 sk_err_text(err));
	return !err;
}

bool keystore_load(const struct sign_conf *conf, enum sk_url_rules rules, int64_t now,
		   struct keystore **out, char why[KEYSTORE_WHY_SIZE])
{
	SK_CLEANUP(keystore_free_p) struct keystore *k = NULL;

	if (conf->key[0] == '\0') {
		*out = NULL;
		return true;
	}
	k = calloc(1, sizeof(*k));
	if (!k) {
		snprintf(why, KEYSTORE_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	if (!load_key(conf->key, &k->key, why) || !load_certificate(conf, now, k, why) ||
	    !load_credentials(conf, rules, k, why))
		return false;
	*out = sk_steal(k);
	return true;
}

enum sk_err keystore_credential(const struct keystore *k, enum sk_ppt ppt, int64_t now, int64_t iat,
				const struct sk_credential **out)
{
	if (!k || (unsigned)ppt >= SK_COUNT(k->credentials) || !k->credentials[ppt])
		return SK_NO_CREDENTIAL;
	/* RFC 8224, 6.1, step 3: the time of signing and the Date must both lie within */
	if (k->chain && (sk_chain_valid_at(k->chain, now) || sk_chain_valid_at(k->chain, iat)))
		return SK_SIGNER_EXPIRED;
	*out = k->credentials[ppt];
	return SK_OK;
}

int64_t keystore_not_after(const struct keystore *k)
{
	return k && k->chain ? sk_chain_leaf(k->chain)->not_after : 0;
}
