/** @file fuzz_cert.c  Whatever a file holds: its facts are whole, and no stranger's chain is
 * trusted */
#include "shaken/cert.h"
#include "shaken/trust.h"

#include "certificate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void printable(const char *text, size_t size)
{
	if (strlen(text) >= size)
		abort();
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			abort();
}

static void check_leaf(const struct sk_chain *chain)
{
	const struct sk_leaf *leaf = sk_chain_leaf(chain);

	printable(leaf->subject, sizeof(leaf->subject));
	printable(leaf->issuer, sizeof(leaf->issuer));
	printable(leaf->serial, sizeof(leaf->serial));
	if (leaf->has_tnauth != (leaf->tnauth.count > 0))
		abort();
	if (sk_chain_count(chain) < 1 || sk_chain_count(chain) > SK_CERT_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sk_trust_rules rules = { .profile = SK_PROFILE_STRICT,
						     .allow_p384_issuers = true,
						     .allow_delegates = true };
	static const uint8_t sig[SK_SIG_LEN] = { [31] = 1, [63] = 1 };
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct sk_findings findings;

	if (sk_trust_new(&rules, &trust))
		abort();
	/* the input as trust list and as revocation lists: neither may end us */
	(void)!sk_trust_add_crls(trust, (const char *)data, size, NULL);
	(void)!sk_trust_add_anchors(trust, (const char *)data, size, NULL);
	if (sk_chain_new((const char *)data, size, &chain))
		return 0;

	check_leaf(chain);
	sk_profile_check(chain, &rules, &findings);
	(void)!sk_chain_verify(chain, SK_SPAN("x"), sig);
	(void)!sk_trust_check(trust, chain, 1443208350, &findings);

	sk_trust_free(trust);
	trust = NULL;
	if (sk_trust_new(&rules, &trust) ||
	    sk_trust_add_anchors(trust, stranger_root, sizeof(stranger_root) - 1, NULL))
		abort();
	if (sk_trust_check(trust, chain, 1443208350, &findings) == SK_OK)
		abort();
	return 0;
}
