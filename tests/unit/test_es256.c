/*
 * The two forms of a signature: each of the other, and nothing but strict DER of
 * two numbers in range.
 */
#include "shaken/es256.h"

#include "pki.h"
#include "tests/check.h"

#include <jansson.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define Z31 "00000000000000000000000000000000000000000000000000000000000000"
#define N   "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define N_1 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define N1  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"
#define FF  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define H80 "8000000000000000000000000000000000000000000000000000000000000000"
#define H7F "7f00000000000000000000000000000000000000000000000000000000000000"

static void test_to_der(void)
{
	static const struct {
		const char *raw, *der; /* der NULL: refused */
	} cases[] = {
		{ Z31 "01" Z31 "01", "3006020101020101" },
		{ Z31 "7f" Z31 "80", "300702017f02020080" },
		{ N_1 N_1, "3046022100" N_1 "022100" N_1 },
		{ H7F H80, "30450220" H7F "022100" H80 },
		{ Z31 "00" Z31 "01", NULL },
		{ Z31 "01" Z31 "00", NULL },
		{ Z31 "00" Z31 "00", NULL },
		{ N Z31 "01", NULL },
		{ Z31 "01" N, NULL },
		{ N1 Z31 "01", NULL },
		{ Z31 "01" FF, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t raw[SK_SIG_LEN], der[SK_DER_SIG_MAX], want[SK_DER_SIG_MAX],
			back[SK_SIG_LEN];
		size_t len, want_len = 0;

		pki_hex(cases[i].raw, raw, sizeof(raw));
		if (cases[i].der)
			want_len = pki_hex(cases[i].der, want, sizeof(want));
		len = sk_es256_to_der(raw, der);
		CHECK(len == want_len && memcmp(der, want, len) == 0, "to DER: %s", cases[i].raw);
		if (!cases[i].der)
			continue;
		CHECK(sk_es256_from_der(der, len, back) && memcmp(back, raw, sizeof(raw)) == 0,
		      "and back: %s", cases[i].raw);
	}
}

static void test_from_der(void)
{
	static const struct {
		const char *der, *why; /* why NULL: accepted */
	} cases[] = {
		{ "3006020101020101", NULL },
		{ "30070202008002017f", NULL },
		{ "30450220" H7F "022100" H80, NULL },
		{ "", "empty" },
		{ "30", "no length" },
		{ "3000", "no numbers" },
		{ "3003020101", "one number" },
		{ "3009020101020101020101", "three numbers" },
		{ "300602010102010100", "a byte behind" },
		{ "3007020101020101", "cut off" },
		{ "3006020100020101", "r is 0" },
		{ "3006020101020100", "s is 0" },
		{ "3006020181020101", "r is negative" },
		{ "3006020101020181", "s is negative" },
		{ "300702020001020101", "a zero too many" },
		{ "300702020000020101", "two zeros" },
		{ "30050200020101", "an empty number" },
		{ "308106020101020101", "length in a long form" },
		{ "30820006020101020101", "length in a longer form" },
		{ "3080020101020101"
		  "0000",
		  "indefinite length" },
		{ "3106020101020101", "a SET" },
		{ "3006030101020101", "a BIT STRING" },
		{ "3006020101040101", "an OCTET STRING" },
		{ "3046022100" N "022100" N_1, "r is n" },
		{ "3046022100" N_1 "022100" N1, "s is n + 1" },
		{ "3026022101" H7F "020101", "33 bytes" },
		{ "30280223"
		  "00000000" H7F "020101",
		  "long zeros" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t der[128], sig[SK_SIG_LEN], same[SK_SIG_LEN];
		size_t len = pki_hex(cases[i].der, der, sizeof(der));
		/* exactly as long as it is, so that a read behind it is seen */
		uint8_t *copy = malloc(len ? len : 1);
		bool ok;

		memcpy(copy, der, len);
		memset(sig, 0xee, sizeof(sig));
		memcpy(same, sig, sizeof(sig));
		ok = sk_es256_from_der(copy, len, sig);
		CHECK(ok == !cases[i].why, "%s (%s)", cases[i].der,
		      cases[i].why ? cases[i].why : "good");
		CHECK(ok || memcmp(sig, same, sizeof(sig)) == 0, "untouched: %s", cases[i].der);
		free(copy);
	}
}

static void test_random(void)
{
	for (int i = 0; i < 20000; i++) {
		uint8_t raw[SK_SIG_LEN], der[SK_DER_SIG_MAX], back[SK_SIG_LEN];
		size_t len;

		if (RAND_bytes(raw, sizeof(raw)) != 1)
			abort();
		if (i % 3 == 0)
			memset(raw, 0, (size_t)i % 31);
		if (i % 5 == 0)
			memset(raw + 32, 0, (size_t)i % 30);
		len = sk_es256_to_der(raw, der);
		if (len == 0)
			continue;
		CHECK(sk_es256_from_der(der, len, back) && memcmp(raw, back, sizeof(raw)) == 0,
		      "round trip %d", i);
	}
}

int main(void)
{
	test_to_der();
	test_from_der();
	test_random();
	return check_result();
}
