/** @file fuzz_constraints.c  What the plain kind accepts the enhanced kind accepts, with one
 * meaning */
#include "shaken/constraints.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *payload(void)
{
	return json_pack("{s:s, s:s, s:{s:[s]}, s:i, s:s, s:n}", "attest", "B", "confidence",
			 "high", "dest", "tn", "12155551213", "iat", 1443208345, "a", "", "b");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SK_CLEANUP(sk_constraints_free_p) struct sk_constraints *plain = NULL, *enhanced = NULL;
	const enum sk_err as_plain = sk_constraints_new(data, size, false, &plain);
	const enum sk_err as_enhanced = sk_constraints_new(data, size, true, &enhanced);
	json_t *full = payload(), *empty = json_object();

	if (as_plain == SK_OK && (as_enhanced != SK_OK || !enhanced))
		abort();
	if (plain && sk_constraints_check(plain, full) != sk_constraints_check(enhanced, full))
		abort();
	if (enhanced) {
		const enum sk_err first = sk_constraints_check(enhanced, full);

		if (first != sk_constraints_check(enhanced, full))
			abort();
		/* only mustInclude can forbid the payload without claims */
		if (sk_constraints_check(enhanced, empty) != SK_OK && data[2] != 0xa0 &&
		    size < 0x80)
			abort();
	}
	json_decref(full);
	json_decref(empty);
	return 0;
}
