/*
 * Which chains may sign: for each kind that must be refused, the outcome, and the
 * good neighbours that differ in one thing only.
 *
 * The classes, and where they are: version, extensions, curve, algorithm, leaf
 * and CA flags, usage, pathlen, TNAuthList, times, unknown critical extensions,
 * bytes behind a value (here); revocation, forged, late and foreign lists (test_trust_crl.c);
 * a file of many, a loop, 60 of one name (test_trust_paths.c); what is no anchor and no list
 * (test_trust_loading.c); bytes behind a certificate (test_cert.c); a list of authorities that is
 * no good (test_calist.c, test_lists.c).
 */
#include "tests/check.h"
#include "tests/unit/trust_kit.h"

static const struct sk_trust_rules plain = { .profile = SK_PROFILE_OFF };
static const struct sk_trust_rules strict = { .profile = SK_PROFILE_STRICT };
static const struct sk_trust_rules p384 = { .allow_p384_issuers = true };
static const struct sk_trust_rules delegates = { .allow_delegates = true };

static const struct sk_trust_rules policies = {
	.profile = SK_PROFILE_STRICT,
	.policies = { { 3, { 0x2a, 3, 6 } }, { 3, { 0x2a, 3, 4 } } }, /* 1.2.3.6 and 1.2.3.4 */
	.policy_count = 2,
};

static const char one_number[] = "300fa20d160b3132313535353531323132";
static const char hundred[] = "3014a1123010160b31323135353535313230300201"
			      "64"; /* ...1200 to 1299 */
static const char low_half[] = "3014a1123010160b31323135353535313230300201"
			       "32"; /* ...1200 to 1249 */
static const char two_halves[] = "3028a1123010160b31323135353535313230300201"
				 "32"
				 "a1123010160b31323135353535313235300201"
				 "32";
static const char spc_709j[] = "3008a00616043730394a";
static const char spc_1234[] = "3008a006160431323334";

/* clang-format off */
static const struct row rows[] = {
	/* accepted */
	{ .name = "good", .want = SK_OK },
	{ .name = "good, strict", .want = SK_OK, .rules = &strict },
	{ .name = "root in the file", .want = SK_OK, .shape = WITH_ROOT },
	{ .name = "an anchor that is not self-signed", .want = SK_OK, .shape = MID_ANCHOR },
	{ .name = "no intermediate", .want = SK_OK, .shape = NO_MID },
	{ .name = "P-384 root, allowed", .want = SK_OK, .rules = &p384, .root = { .key = "P-384" } },
	{ .name = "P-384 CAs and SHA-384, allowed", .want = SK_OK, .rules = &p384, .leaf = { .digest = "SHA384" },
	  .mid = { .key = "P-384", .digest = "SHA384" }, .root = { .key = "P-384", .digest = "SHA384" } },
	{ .name = "after 2049", .want = SK_OK, .leaf = { .to = 4102444800 }, .mid = { .to = 4102444800 },
	  .root = { .to = 4102444800 }, .now = 3800000000 },
	{ .name = "its first second", .want = SK_OK, .leaf = { .from = PKI_NOW } },
	{ .name = "its last second but one", .want = SK_OK, .leaf = { .to = PKI_NOW + 1 } },
	{ .name = "TNAuthList critical", .want = SK_OK, .leaf = { .tnauth_critical = true } },
	{ .name = "constraints critical", .want = SK_OK,
	  .leaf = { .jcc = "3010a00e300c160a636f6e666964656e6365", .jcc_critical = true } },
	{ .name = "room for one CA", .want = SK_OK, .root = { .basic = "30060101ff020101" }, .mid = { .basic = "30060101ff020100" } },
	{ .name = "basicConstraints not critical in the leaf", .want = SK_OK, .leaf = { .basic_plain = true } },
	{ .name = "no basicConstraints in the leaf", .want = SK_OK, .leaf = { .basic = "" } },
	{ .name = "one more extension", .want = SK_OK, .leaf = { .extra = "1.2.3.4" } },
	{ .name = "no names", .want = SK_OK, .leaf = { .bare_name = true, .cn = "x" }, .mid = { .cn = "y" }, .root = { .cn = "z" } },
	{ .name = "short serial number", .want = SK_OK, .leaf = { .serial = "01" } },

	/* trust and path */
	{ .name = "no anchors", .want = SK_CERT_UNTRUSTED, .shape = NO_ANCHORS },
	{ .name = "no intermediate in the file", .want = SK_CERT_UNTRUSTED, .shape = LEAF_ONLY },
	{ .name = "another root", .want = SK_CERT_UNTRUSTED, .shape = STRANGE_TOP },
	{ .name = "self-signed leaf", .want = SK_CERT_UNTRUSTED, .shape = SELF_SIGNED },
	{ .name = "intermediate first", .want = SK_CERT_PROFILE, .shape = REVERSED },
	{ .name = "forged leaf", .want = SK_CERT_INVALID, .leaf = { .spoil = true } },
	{ .name = "forged intermediate", .want = SK_CERT_INVALID, .mid = { .spoil = true } },
	{ .name = "expired leaf", .want = SK_CERT_EXPIRED, .leaf = { .to = PKI_NOW - 1 } },
	{ .name = "expired intermediate", .want = SK_CERT_EXPIRED, .mid = { .to = PKI_NOW - 1 } },
	{ .name = "expired root", .want = SK_CERT_EXPIRED, .root = { .to = PKI_NOW - 1 } },
	{ .name = "leaf of tomorrow", .want = SK_CERT_NOT_YET, .leaf = { .from = PKI_NOW + 1 } },
	{ .name = "intermediate of tomorrow", .want = SK_CERT_NOT_YET, .mid = { .from = PKI_NOW + 1 } },
	{ .name = "root of tomorrow", .want = SK_CERT_NOT_YET, .root = { .from = PKI_NOW + 1 } },
	{ .name = "room for no CA", .want = SK_CERT_INVALID, .root = { .basic = "30060101ff020100" } },
	{ .name = "pathlen in a leaf", .want = SK_CERT_INVALID, .leaf = { .basic = "3003020100" } },
	{ .name = "intermediate is no CA", .want = SK_CERT_INVALID, .mid = { .basic = "3000" } },
	{ .name = "intermediate without basicConstraints", .want = SK_CERT_INVALID, .mid = { .basic = "" } },
	{ .name = "CA, not critical", .want = SK_CERT_INVALID, .mid = { .basic_plain = true } },
	{ .name = "CA without keyUsage", .want = SK_CERT_INVALID, .mid = { .usage = "" } },
	{ .name = "CA without keyCertSign", .want = SK_CERT_INVALID, .mid = { .usage = "03020780" } },
	{ .name = "CA that signs lists only", .want = SK_CERT_INVALID, .mid = { .usage = "03020102" } },
	{ .name = "CA without SKI", .want = SK_CERT_INVALID, .mid = { .ski = "" } },
	{ .name = "leaf without AKI", .want = SK_CERT_INVALID, .leaf = { .aki = "" } },
	{ .name = "AKI of another key", .want = SK_CERT_UNTRUSTED,
	  .leaf = { .aki = "301680140000000000000000000000000000000000000000" } },
	{ .name = "critical and unknown, leaf", .want = SK_CERT_INVALID, .leaf = { .extra = "1.2.3.4", .extra_critical = true } },
	{ .name = "critical and unknown, beside a critical TNAuthList", .want = SK_CERT_INVALID,
	  .leaf = { .tnauth_critical = true, .extra = "1.2.3.4", .extra_critical = true } },
	{ .name = "critical and unknown, CA", .want = SK_CERT_INVALID, .mid = { .extra = "1.2.3.4", .extra_critical = true } },
	{ .name = "critical and unknown, root", .want = SK_CERT_INVALID, .root = { .extra = "1.2.3.4", .extra_critical = true } },
	{ .name = "critical TNAuthList in a CA", .want = SK_CERT_INVALID, .mid = { .tnauth = spc_709j, .tnauth_critical = true } },
	{ .name = "critical constraints in a CA", .want = SK_CERT_INVALID,
	  .mid = { .jcc = "3010a00e300c160a636f6e666964656e6365", .jcc_critical = true } },
	{ .name = "version 1 leaf", .want = SK_CERT_INVALID, .leaf = { .version = 1 } },
	{ .name = "version 2 leaf", .want = SK_CERT_INVALID, .leaf = { .version = 2 } },
	{ .name = "version 1 CA", .want = SK_CERT_INVALID, .mid = { .version = 1 } },
	{ .name = "malformed basicConstraints", .want = SK_CERT_INVALID, .leaf = { .basic = "3003020101ff" } },
	{ .name = "malformed keyUsage", .want = SK_CERT_UNTRUSTED, .leaf = { .usage = "0402" } },

	/* keys and algorithms, which OpenSSL lets through */
	{ .name = "leaf on P-384", .want = SK_CERT_PROFILE, .leaf = { .key = "P-384" } },
	{ .name = "leaf on P-384, CAs allowed", .want = SK_CERT_PROFILE, .rules = &p384, .leaf = { .key = "P-384" } },
	{ .name = "leaf on P-521", .want = SK_CERT_PROFILE, .leaf = { .key = "P-521" } },
	{ .name = "leaf on secp256k1", .want = SK_CERT_PROFILE, .leaf = { .key = "secp256k1" } },
	{ .name = "leaf on P-224", .want = SK_CERT_PROFILE, .leaf = { .key = "P-224" } },
	{ .name = "leaf with RSA", .want = SK_CERT_PROFILE, .leaf = { .key = "RSA" } },
	{ .name = "leaf with a curve spelled out", .want = SK_CERT_INVALID, .leaf = { .key = "explicit" } },
	{ .name = "CA on P-384", .want = SK_CERT_PROFILE, .mid = { .key = "P-384" } },
	{ .name = "CA on secp256k1", .want = SK_CERT_PROFILE, .mid = { .key = "secp256k1" } },
	{ .name = "CA on P-521, P-384 allowed", .want = SK_CERT_PROFILE, .rules = &p384, .mid = { .key = "P-521" } },
	{ .name = "CA with RSA", .want = SK_CERT_PROFILE, .mid = { .key = "RSA" } },
	{ .name = "root on P-384", .want = SK_CERT_PROFILE, .root = { .key = "P-384" } },
	{ .name = "root with RSA", .want = SK_CERT_PROFILE, .rules = &p384, .root = { .key = "RSA" } },
	{ .name = "leaf signed with SHA-384", .want = SK_CERT_PROFILE, .leaf = { .digest = "SHA384" } },
	{ .name = "leaf signed with SHA-512", .want = SK_CERT_PROFILE, .rules = &p384, .leaf = { .digest = "SHA512" } },
	{ .name = "leaf signed with SHA-224", .want = SK_CERT_PROFILE, .leaf = { .digest = "SHA224" } },
	{ .name = "leaf signed with SHA-1", .want = SK_CERT_PROFILE, .leaf = { .digest = "SHA1" } },
	{ .name = "CA signed with SHA-1", .want = SK_CERT_PROFILE, .mid = { .digest = "SHA1" } },
	{ .name = "CA signed with SHA-384", .want = SK_CERT_PROFILE, .mid = { .digest = "SHA384" } },

	/* what the leaf is for */
	{ .name = "leaf is a CA", .want = SK_CERT_PROFILE, .leaf = { .basic = "30030101ff", .usage = "03020186" } },
	{ .name = "leaf without keyUsage", .want = SK_CERT_PROFILE, .leaf = { .usage = "" } },
	{ .name = "keyUsage not critical", .want = SK_CERT_PROFILE, .leaf = { .usage_plain = true } },
	{ .name = "no digitalSignature", .want = SK_CERT_PROFILE, .leaf = { .usage = "03020520" } },
	{ .name = "nonRepudiation only", .want = SK_CERT_PROFILE, .leaf = { .usage = "03020640" } },
	{ .name = "an extension twice", .want = SK_CERT_PROFILE, .leaf = { .extra = "1.2.3.4", .extra_count = 2 } },
	{ .name = "an extension twice, CA", .want = SK_CERT_PROFILE, .mid = { .extra = "1.2.3.4", .extra_count = 2 } },
	{ .name = "40 extensions", .want = SK_CERT_PROFILE, .leaf = { .extra = "1.2.3.4", .extra_count = 40 } },
	{ .name = "a byte behind basicConstraints", .want = SK_CERT_PROFILE, .leaf = { .basic = "300000" } },
	{ .name = "a byte behind keyUsage", .want = SK_CERT_PROFILE, .leaf = { .usage = "0302078000" } },
	{ .name = "a byte behind keyUsage, CA", .want = SK_CERT_PROFILE, .mid = { .usage = "0302010600" } },
	{ .name = "a byte behind policies", .want = SK_CERT_PROFILE, .leaf = { .policies = "300e300c060a6086480186ff0901010400" } },

	/* TNAuthList and constraints */
	{ .name = "no TNAuthList", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "" } },
	{ .name = "TNAuthList twice", .want = SK_CERT_PROFILE, .leaf = { .tnauth_twice = true } },
	{ .name = "TNAuthList empty", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "3000" } },
	{ .name = "two codes", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "3010a006160431323334a006160435363738" } },
	{ .name = "code and number", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "3015a006160431323334a20b16093132313535353531" "32" } },
	{ .name = "a number", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = one_number } },
	{ .name = "a range", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = hundred } },
	{ .name = "empty code", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "3004a0021600" } },
	{ .name = "code in lower case", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "3008a00616043730396a" } },
	{ .name = "implicit tag", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "3006800431323334" } },
	{ .name = "UTF8String", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "3008a0060c0431323334" } },
	{ .name = "indefinite length", .want = SK_CERT_PROFILE, .leaf = { .tnauth = "3080a0061604313233340000" } },
	{ .name = "a byte behind the TNAuthList", .want = SK_CERT_PROFILE, .leaf = { .tnauth = "3008a00616043132333400" } },
	{ .name = "unknown choice", .want = SK_CERT_TNAUTH, .leaf = { .tnauth = "300da006160431323334a303160178" } },
	{ .name = "constraints empty", .want = SK_CERT_SYNTAX, .leaf = { .jcc = "3000" } },
	{ .name = "both kinds of constraints", .want = SK_CERT_SYNTAX,
	  .leaf = { .jcc = "3010a00e300c160a636f6e666964656e6365", .ejcc = "3010a00e300c160a636f6e666964656e6365" } },

	/* the strict mode */
	{ .name = "strict: serial number", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .serial = "01" } },
	{ .name = "strict: serial number below 0", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .serial = "-5a00000000000000000001" } },
	{ .name = "strict: basicConstraints", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .basic = "" } },
	{ .name = "strict: keyUsage", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .usage = "030206c0" } },
	{ .name = "strict: C and O", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .bare_name = true } },
	{ .name = "strict: CN", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .cn = "SHAKEN 709K" } },
	{ .name = "strict: CN of the CA", .want = SK_CERT_PROFILE, .rules = &strict, .mid = { .cn = "Test CA" } },
	{ .name = "strict: CN of the root", .want = SK_CERT_PROFILE, .rules = &strict, .root = { .cn = "SHAKEN" } },
	{ .name = "strict: SKI", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .ski = "" } },
	{ .name = "strict: SKI of one byte", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .ski = "040101" } },
	{ .name = "strict: SKI of 19 bytes", .want = SK_CERT_PROFILE, .rules = &strict,
	  .leaf = { .ski = "041300112233445566778899aabbccddeeff001122" } },
	{ .name = "strict: SKI of 20 bytes", .want = SK_OK, .rules = &strict,
	  .leaf = { .ski = "041400112233445566778899aabbccddeeff00112233" } },
	{ .name = "strict: SKI of 21 bytes", .want = SK_CERT_PROFILE, .rules = &strict,
	  .leaf = { .ski = "041500112233445566778899aabbccddeeff0011223344" } },
	{ .name = "SKI of one byte", .want = SK_OK, .leaf = { .ski = "040101" } },
	{ .name = "strict: a policy of our own", .want = SK_OK, .rules = &policies,
	  .leaf = { .policies = "3007300506032a0304" }, .mid = { .policies = "3007300506032a0306" } },
	{ .name = "strict: a policy of our own, and further bytes", .want = SK_CERT_PROFILE, .rules = &policies,
	  .leaf = { .policies = "3008300606042a030401" }, .mid = { .policies = "3007300506032a0304" } },
	{ .name = "strict: a policy of our own, of the CA too", .want = SK_CERT_PROFILE, .rules = &policies,
	  .leaf = { .policies = "3007300506032a0304" }, .mid = { .policies = "3007300506032a0305" } },
	{ .name = "strict: the usual policy is none of our own", .want = SK_CERT_PROFILE, .rules = &policies },
	{ .name = "strict: a policy of nobody", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .policies = "3007300506032a0304" } },
	{ .name = "strict: no policy", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .policies = "" } },
	{ .name = "strict: another policy", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .policies = "300e300c060a6086480186ff09010105" } },
	{ .name = "strict: two policies", .want = SK_CERT_PROFILE, .rules = &strict,
	  .leaf = { .policies = "301c300c060a6086480186ff09010103300c060a6086480186ff09010104" } },
	{ .name = "strict: policy of a root", .want = SK_CERT_PROFILE, .rules = &strict, .root = { .policies = "300e300c060a6086480186ff09010104" } },
	{ .name = "strict: no CRL point", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .crldp = "" } },
	{ .name = "strict: CRL point without issuer", .want = SK_CERT_PROFILE, .rules = &strict,
	  .leaf = { .crldp = "30123010a00ea00c860a68747470733a2f2f782f" } },
	{ .name = "strict: TNAuthList critical", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .tnauth_critical = true } },
	{ .name = "strict: TNAuthList of a CA", .want = SK_CERT_PROFILE, .rules = &strict, .mid = { .tnauth = spc_709j } },
	{ .name = "strict: another extension", .want = SK_CERT_PROFILE, .rules = &strict, .leaf = { .extra = "1.2.3.4" } },

	/* delegation (RFC 9060) */
	{ .name = "delegates: one code", .want = SK_OK, .rules = &delegates },
	{ .name = "delegates: a number under a code", .want = SK_OK, .rules = &delegates,
	  .leaf = { .tnauth = one_number }, .mid = { .tnauth = spc_709j } },
	{ .name = "delegates: a number under its range", .want = SK_OK, .rules = &delegates,
	  .leaf = { .tnauth = one_number }, .mid = { .tnauth = hundred }, .root = { .tnauth = spc_709j } },
	{ .name = "delegates: the same range", .want = SK_OK, .rules = &delegates,
	  .leaf = { .tnauth = hundred }, .mid = { .tnauth = hundred }, .root = { .tnauth = hundred } },
	{ .name = "delegates: a range over two of the issuer", .want = SK_OK, .rules = &delegates,
	  .leaf = { .tnauth = hundred }, .mid = { .tnauth = two_halves }, .root = { .tnauth = spc_709j } },
	{ .name = "delegates: critical list in a CA", .want = SK_OK, .rules = &delegates,
	  .leaf = { .tnauth = one_number }, .mid = { .tnauth = spc_709j, .tnauth_critical = true } },
	{ .name = "delegates: issuer without a list", .want = SK_CERT_TNAUTH, .rules = &delegates, .leaf = { .tnauth = one_number } },
	{ .name = "delegates: the root has no list", .want = SK_CERT_TNAUTH, .rules = &delegates,
	  .leaf = { .tnauth = one_number }, .mid = { .tnauth = hundred } },
	{ .name = "delegates: half of the range", .want = SK_CERT_TNAUTH, .rules = &delegates,
	  .leaf = { .tnauth = hundred }, .mid = { .tnauth = low_half }, .root = { .tnauth = spc_709j } },
	{ .name = "delegates: the issuer has more than its own issuer", .want = SK_CERT_TNAUTH, .rules = &delegates,
	  .leaf = { .tnauth = one_number }, .mid = { .tnauth = hundred }, .root = { .tnauth = low_half } , .now = 0 },
	{ .name = "delegates: a code of the issuer is not this code", .want = SK_CERT_TNAUTH, .rules = &delegates,
	  .leaf = { .tnauth = "3010a006160431323334a006160435363738" }, .mid = { .tnauth = spc_1234 } },
	{ .name = "delegates: malformed list of the issuer", .want = SK_CERT_TNAUTH, .rules = &delegates,
	  .leaf = { .tnauth = one_number }, .mid = { .tnauth = "3000" } },
	{ .name = "a code under a CA of numbers", .want = SK_CERT_TNAUTH, .mid = { .tnauth = hundred } },
	{ .name = "a code under a CA of another code", .want = SK_CERT_TNAUTH, .mid = { .tnauth = spc_1234 } },
	{ .name = "a code under a CA of the same code", .want = SK_OK, .mid = { .tnauth = spc_709j } },
	{ .name = "delegates: a code under a CA of numbers", .want = SK_CERT_TNAUTH, .rules = &delegates,
	  .mid = { .tnauth = hundred } },
	{ .name = "delegates: no list", .want = SK_CERT_TNAUTH, .rules = &delegates, .leaf = { .tnauth = "" } },
};
/* clang-format on */

static void try_row(const struct row *row)
{
	static struct files f;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	struct sk_findings findings;
	enum sk_err err;

	make(row, &f);
	CHECK(sk_trust_new(row->rules ? row->rules : &plain, &trust) == SK_OK, "%s", row->name);
	if (row->shape != NO_ANCHORS)
		CHECK(!sk_trust_add_anchors(trust, f.anchors.text, f.anchors.len, NULL),
		      "%s: anchors", row->name);
	CHECK(sk_chain_new(f.chain.text, f.chain.len, &chain) == SK_OK, "%s: chain", row->name);
	for (int round = 0; chain && round < 2; round++) {
		err = sk_trust_check(trust, chain, row->now ? row->now : PKI_NOW, &findings);
		CHECK(err == row->want, "%s: %s", row->name, sk_err_name(err));
		CHECK(err != SK_CERT_PROFILE || findings.count > 0, "%s: says why", row->name);
	}
	drop(&f);
}

static void test_rows(void)
{
	size_t refused = 0;

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		try_row(&rows[i]);
		refused += rows[i].want != SK_OK;
	}
	CHECK(refused >= 57, "refused: %zu", refused);
}

static bool has_finding(const struct sk_findings *findings, const char *part)
{
	for (size_t i = 0; i < findings->count; i++)
		if (strstr(findings->text[i], part))
			return true;

	return false;
}

static void test_findings(void)
{
	static struct files f;
	const struct sk_trust_rules warn = { .profile = SK_PROFILE_WARN };
	const struct row row = { .name = "findings",
				 .leaf = { .cn = "x", .policies = "", .serial = "01" },
				 .root = { .cn = "SHAKEN" } };
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL, *off = NULL;
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	struct sk_findings findings = { .count = 99 };

	make(&row, &f);
	CHECK(!sk_trust_new(&warn, &trust) && !sk_trust_new(&plain, &off) &&
		      !sk_trust_add_anchors(trust, f.anchors.text, f.anchors.len, NULL) &&
		      !sk_trust_add_anchors(off, f.anchors.text, f.anchors.len, NULL) &&
		      !sk_chain_new(f.chain.text, f.chain.len, &chain),
	      "set-up");
	if (!chain)
		return;
	CHECK(sk_trust_check(trust, chain, PKI_NOW, &findings) == SK_OK, "accepted");
	CHECK(findings.count == 4 && has_finding(&findings, "CN") &&
		      has_finding(&findings, "ROOT") && has_finding(&findings, "Policies") &&
		      has_finding(&findings, "serial"),
	      "findings: %zu", findings.count);
	CHECK(sk_trust_check(off, chain, PKI_NOW, &findings) == SK_OK && findings.count == 0,
	      "off");
	CHECK(sk_trust_check(trust, chain, PKI_NOW, NULL) == SK_OK, "nobody asks");
	sk_profile_check(chain, &warn, &findings);
	CHECK(findings.count == 3 && has_finding(&findings, "CN"), "without trust: %zu",
	      findings.count);
	drop(&f);
}

int main(void)
{
	test_rows();
	test_findings();
	return check_result();
}
