/*
 * Claim constraints: which extensions are read, and which payloads obey.
 */
#include "shaken/constraints.h"

#include "pki.h"
#include "tests/check.h"

#include <stdlib.h>

static enum sk_err new_hex(const char *hex, bool enhanced, struct sk_constraints **out)
{
	uint8_t der[8192];
	size_t len = pki_hex(hex, der, sizeof(der));
	uint8_t *copy = malloc(len ? len : 1);
	enum sk_err err;

	memcpy(copy, der, len);
	err = sk_constraints_new(copy, len, enhanced, out);
	free(copy); /* the object keeps no pointer into it */
	return err;
}

#define CONFIDENCE "3010a00e300c160a636f6e666964656e6365"
#define ATTEST_BC  "3016a11430123010160661747465737430060c01420c0143"
#define BOTH       "3027a0123010160661747465737416066f7269676964a111300f300d160661747465737430030c0143"
#define RCDI       "301ca11a30183016160472636469300e0c0c7b222f6e616d223a2278227d"
#define RFC9118 \
	"3040a00e300c160a636f6e666964656e6365a120301e301c160a636f6e666964656e6365300e0c0468696768" \
	"0c066d656469756da20c300a16087072696f72697479"

static void test_syntax(void)
{
	static const struct {
		const char *what, *hex;
		int plain, enhanced; /* 1: read, 0: refused, -1: counts as absent */
	} cases[] = {
		{ "mustInclude", CONFIDENCE, 1, 1 },
		{ "permittedValues", ATTEST_BC, 1, 1 },
		{ "both", BOTH, 1, 1 },
		{ "RFC 9118, figure 1", RFC9118, 0, 1 },
		{ "mustExclude alone", "300aa2083006160470726961", 0, 1 },
		{ "excludes iat", "3009a20730051603696174", 0, -1 },
		{ "excludes orig", "300aa208300616046f726967", 0, -1 },
		{ "excludes dest and more",
		  "300da20b30091601611604"
		  "64657374",
		  0, -1 },
		{ "empty", "3000", 0, 0 },
		{ "nothing", "", 0, 0 },
		{ "empty mustInclude", "3004a0023000", 0, 0 },
		{ "empty permittedValues", "3004a1023000", 0, 0 },
		{ "no values",
		  "300ba10930073005160161"
		  "3000",
		  0, 0 },
		{ "no claim",
		  "3009a107300530033001"
		  "0c",
		  0, 0 },
		{ "empty name", "3006a00430021600", 0, 0 },
		{ "blank in a name", "3009a00730051603612062", 0, 0 },
		{ "NUL in a name", "3009a00730051603610062", 0, 0 },
		{ "UTF8 name", "3007a00530030c0161", 0, 0 },
		{ "IA5 value",
		  "300da10b300930071601613002"
		  "1600",
		  0, 0 },
		{ "twice", "300ea0053003160161a0053003160162", 0, 0 },
		{ "wrong order",
		  "3015a10c300a300816016130030c0142"
		  "a0053003160161",
		  0, 0 },
		{ "implicit", "3005a003160161", 0, 0 },
		{ "trailing", CONFIDENCE "00", 0, 0 },
		{ "unknown component",
		  "3007a30530031601"
		  "61",
		  0, 0 },
		{ "indefinite",
		  "3080a0053003160161"
		  "0000",
		  0, 0 },
		{ "NULL", "0500", 0, 0 },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		for (int enhanced = 0; enhanced < 2; enhanced++) {
			struct sk_constraints *c = (struct sk_constraints *)(uintptr_t)1;
			const int want = enhanced ? cases[i].enhanced : cases[i].plain;
			enum sk_err err = new_hex(cases[i].hex, enhanced == 1, &c);

			CHECK(err == (want ? SK_OK : SK_CERT_SYNTAX), "%s: %s", cases[i].what,
			      sk_err_name(err));
			if (err) {
				CHECK(c == (void *)(uintptr_t)1, "%s: untouched", cases[i].what);
				continue;
			}
			CHECK((c != NULL) == (want == 1), "%s: counts as absent", cases[i].what);
			sk_constraints_free(c);
		}
	}
}

static void test_cut(void)
{
	static const char *const texts[] = { CONFIDENCE, ATTEST_BC, BOTH, RFC9118 };

	for (size_t i = 0; i < SK_COUNT(texts); i++) {
		char hex[256];

		for (size_t len = 0; len < strlen(texts[i]); len += 2) {
			struct sk_constraints *c = NULL;

			snprintf(hex, sizeof(hex), "%.*s", (int)len, texts[i]);
			CHECK(new_hex(hex, true, &c) == SK_CERT_SYNTAX && !c, "cut: %s", hex);
		}
	}
}

static void test_payloads(void)
{
	static const struct {
		const char *hex, *payload;
		bool enhanced, obeys;
	} cases[] = {
		{ CONFIDENCE, "{\"confidence\":\"high\"}", false, true },
		{ CONFIDENCE, "{\"confidence\":null}", false, true },
		{ CONFIDENCE, "{\"confidenc\":1,\"confidence \":1}", false, false },
		{ CONFIDENCE, "{}", false, false },
		{ ATTEST_BC, "{\"attest\":\"B\"}", false, true },
		{ ATTEST_BC, "{\"attest\":\"C\"}", false, true },
		{ ATTEST_BC, "{\"iat\":1}", false, true },
		{ ATTEST_BC, "{\"attest\":\"A\"}", false, false },
		{ ATTEST_BC, "{\"attest\":\"b\"}", false, false },
		{ ATTEST_BC, "{\"attest\":\"\"}", false, false },
		{ ATTEST_BC, "{\"attest\":\"BB\"}", false, false },
		{ ATTEST_BC, "{\"attest\":[\"B\"]}", false, false },
		{ ATTEST_BC, "{\"attest\":null}", false, false },
		{ ATTEST_BC, "{\"attest\":1}", false, false },
		{ RCDI, "{\"rcdi\":{\"/nam\":\"x\"}}", false, true },
		{ RCDI, "{\"rcdi\": { \"\\u002fnam\" : \"x\" } }", false, true },
		{ RCDI, "{\"rcdi\":\"{\\\"/nam\\\":\\\"x\\\"}\"}", false, true },
		{ RCDI, "{}", false, true },
		{ RCDI, "{\"rcdi\":{\"/nam\":\"y\"}}", false, false },
		{ RCDI, "{\"rcdi\":{\"/nam\":\"x\",\"/apn\":\"x\"}}", false, false },
		{ RCDI, "{\"rcdi\":{}}", false, false },
		{ RCDI, "{\"rcdi\":[]}", false, false },
		{ RCDI, "{\"rcdi\":null}", false, false },
		{ BOTH, "{\"attest\":\"C\",\"origid\":\"x\"}", false, true },
		{ BOTH, "{\"attest\":\"C\"}", false, false },
		{ BOTH, "{\"attest\":\"A\",\"origid\":\"x\"}", false, false },
		{ RFC9118, "{\"confidence\":\"high\"}", true, true },
		{ RFC9118, "{\"confidence\":\"medium\"}", true, true },
		{ RFC9118, "{\"confidence\":\"low\"}", true, false },
		{ RFC9118, "{\"confidence\":\"high\",\"priority\":1}", true, false },
		{ RFC9118, "{\"priority\":1}", true, false },
		{ RFC9118, "{}", true, false },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		SK_CLEANUP(sk_constraints_free_p) struct sk_constraints *c = NULL;
		json_t *payload = json_loads(cases[i].payload, 0, NULL);

		CHECK(payload && new_hex(cases[i].hex, cases[i].enhanced, &c) == SK_OK && c,
		      "row %zu", i);
		if (c)
			CHECK(sk_constraints_check(c, payload) ==
				      (cases[i].obeys ? SK_OK : SK_CONSTRAINT),
			      "%s under %s", cases[i].payload, cases[i].hex);
		json_decref(payload);
	}
}

/* A list of `count` names "a" in mustInclude */
static void test_limits(void)
{
	for (size_t count = SK_CONSTRAINT_NAMES; count <= SK_CONSTRAINT_NAMES + 1; count++) {
		struct sk_constraints *c = NULL;
		uint8_t der[256] = { 0x30 };
		const size_t names = count * 3;

		der[1] = (uint8_t)(names + 4);
		memcpy(der + 2, (uint8_t[]){ 0xa0, (uint8_t)(names + 2), 0x30, (uint8_t)names }, 4);
		for (size_t i = 0; i < count; i++)
			memcpy(der + 6 + i * 3,
			       "\x16\x01"
			       "a",
			       3);
		CHECK((sk_constraints_new(der, names + 6, false, &c) == SK_OK) ==
			      (count == SK_CONSTRAINT_NAMES),
		      "%zu names", count);
		sk_constraints_free(c);
	}

	struct sk_constraints *c = NULL;
	uint8_t *big = calloc(1, SK_CONSTRAINT_SIZE + 1);

	CHECK(sk_constraints_new(big, SK_CONSTRAINT_SIZE + 1, true, &c) == SK_CERT_SYNTAX,
	      "too long");
	free(big);
}

int main(void)
{
	test_syntax();
	test_cut();
	test_payloads();
	test_limits();
	return check_result();
}
