/**
 * @file keystore.h  What a tenant signs with: credentials, each a key, a certificate and its
 * address
 *
 * Built whole at start and reload, then only read.  Blocks while it loads, and asks tokens.
 *
 * A credential may have a next certificate, which takes over by itself: of the two the one
 * that is valid and became valid last.
 */
#pragma once

#include "config/tenant_conf.h"
#include "redirector/keys/published.h"
#include "redirector/keys/token.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEYSTORE_WHY_SIZE = 512, /**< room for a reason, terminator included */
};

struct keystore;

/** A key with its certificate, by all types that are signed. */
struct keystore_entry;

/**
 * Load sign.* as the credential named "default" and all of `credentials`.  Refused, with the
 * setting, the file and the reason: a key that others may read, one that is no P-256 key, one
 * that does not belong to its certificate, a certificate that is not valid now (a next one may
 * be of the future), a certificate without the SPC that was stated, an x5u that is no good,
 * number patterns that are none or that two credentials share.  A key in a token that does not
 * answer is no reason: it is asked again later.
 *
 * @param tokens  For keys named pkcs11:...; NULL: such keys are refused
 * @param now     Seconds since the epoch
 * @param out     Set only on success; the caller frees it.  NULL with true: no key is configured
 */
SK_MUSTCHECK
bool keystore_load(const struct tenant_conf *set, struct tokens *tokens, enum sk_url_rules rules,
		   int64_t now, struct keystore **out, char why[KEYSTORE_WHY_SIZE]);
void keystore_free(struct keystore *keystore);
SK_DEFINE_CLEANUP(struct keystore, keystore_free)

/** By what a credential is chosen; the first that is set decides. */
struct keystore_wish {
	struct sk_span x5u;  /**< the address of a certificate, by which alone is chosen then:
				  NULL or empty: not                                       */
	struct sk_span name; /**< of a header, a trunk or the number store; empty: none    */
	struct sk_span
		spc; /**< of a header or a trunk: a credential for this provider code, of
			several the one that has the number, or else the first; empty: none */
	const struct sk_party
		*orig; /**< by credentials.*.numbers, the longest pattern; NULL: not */
};

/**
 * The credential to sign with at this time.
 *
 * @param keystore  NULL is allowed
 * @param iat       Must lie within the certificate's validity, as `now` (RFC 8224, 6.1, step 3)
 *
 * @return SK_OK, SK_NO_CREDENTIAL (also: no such name or
 *         provider code; refused by sign.check-x5u) or
 *         SK_SIGNER_EXPIRED
 */
SK_MUSTCHECK
enum sk_err keystore_choose(const struct keystore *keystore, const struct keystore_wish *wish,
			    int64_t now, int64_t iat, const struct keystore_entry **out);

/** What sk_sign() wants, by type; NULL for a type that is not signed. */
const struct sk_credential *keystore_credential(const struct keystore_entry *entry,
						enum sk_ppt ppt);

/** Its name, "default" or a member of `credentials`. */
const char *keystore_name(const struct keystore_entry *entry);

/** Its key in a token: then sk_sign() blocks, and belongs in the run() of a token_job.  NULL: the
 * key is in this process. */
struct token_key *keystore_token(const struct keystore_entry *entry);

/** Each certificate with its name and x5u, the next ones too: for the x5u check, the expiry report
 * and the certificate host. */
struct keystore_cert {
	const char *name, *x5u;
	const char *certificate;           /**< its file */
	const struct sk_chain *chain;      /**< NULL: no certificate is configured */
	const struct published *published; /**< what others get of it; NULL: the same */
	bool next;
	const struct keystore_entry *entry;
};
size_t keystore_count(const struct keystore *keystore);
void keystore_at(const struct keystore *keystore, size_t i, struct keystore_cert *out);

/** What sign.check-x5u found: with `refuse`, this certificate does not sign (any thread). */
void keystore_refuse(struct keystore *keystore, size_t i, bool refuse);

/** When the first credential ends, with its last certificate; 0 without a certificate or keystore.
 */
int64_t keystore_not_after(const struct keystore *keystore);
