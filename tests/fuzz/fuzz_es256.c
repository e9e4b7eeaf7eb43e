/** @file fuzz_es256.c  Both forms say the same, and each number has one DER */
#include "shaken/es256.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t der[SK_DER_SIG_MAX], sig[SK_SIG_LEN];

	if (sk_es256_from_der(data, size, sig)) {
		const size_t len = sk_es256_to_der(sig, der);

		if (len != size || memcmp(der, data, len) != 0)
			abort();
	}

	if (size == SK_SIG_LEN) {
		const size_t len = sk_es256_to_der(data, der);

		if (len > 0 && (!sk_es256_from_der(der, len, sig) || memcmp(sig, data, size) != 0))
			abort();
	}
	return 0;
}
