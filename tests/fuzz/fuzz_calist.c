/** @file fuzz_calist.c  Whatever the list's server sends: its facts are whole, and no stranger's
 * list is taken */
#include "shaken/calist.h"

#include "certificate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that is promised of a list that was read */
static void check_facts(const struct sk_calist *list)
{
	const struct sk_span pem = sk_calist_pem(list);

	if (strlen(sk_calist_x5u(list)) == 0 || strlen(sk_calist_x5u(list)) > SK_URL_MAX)
		abort();
	if (sk_calist_sequence(list) < 0 || sk_calist_exp(list) <= 0 ||
	    sk_calist_count(list) != 0 || pem.len == 0 || pem.ptr[pem.len] != '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sk_span text = { (const char *)data, size };
	const struct sk_span chain = { someones_certificate, sizeof(someones_certificate) - 1 };
	const struct sk_span roots = { stranger_root, sizeof(stranger_root) - 1 };
	SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;

	if (sk_calist_parse(text, &list))
		return 0;

	check_facts(list);
	if (sk_calist_check(list, chain, roots, 1443208350, -1) == SK_OK)
		abort();
	/* a certificate that is its own root: then the signature alone decides */
	if (sk_calist_check(list, chain, chain, 1640000000, -1) == SK_OK)
		abort();
	return 0;
}
