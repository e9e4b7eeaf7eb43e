/*
 * One row per way to be wrong, all else right, so that a verifier refuses each
 * for its own reason and no other.  Two are good under the default rules: the one
 * with SHA-384, and the one with constraints when it signs B or C.
 */
#include "cli/lab.h"

/* clang-format off */

/* TNAuthorizationList (RFC 8226, section 9): EXPLICIT tags, SPC [0], range [1], one [2]. */
static const uint8_t spc[] = {
	0x30, 0x08,
	0xa0, 0x06, 0x16, 0x04, '7', '0', '9', 'J',
};
static const uint8_t two_spc[] = {
	0x30, 0x10,
	0xa0, 0x06, 0x16, 0x04, '7', '0', '9', 'J',
	0xa0, 0x06, 0x16, 0x04, '1', '2', '3', '4',
};
static const uint8_t implicit_spc[] = {
	0x30, 0x06,
	0x80, 0x04, '7', '0', '9', 'J',
};
static const uint8_t numbers[] = {
	0x30, 0x24,
	0xa1, 0x13, 0x30, 0x11, /* 1000 numbers from 12155551000 on */
	0x16, 0x0b, '1', '2', '1', '5', '5', '5', '5', '1', '0', '0', '0',
	0x02, 0x02, 0x03, 0xe8,
	0xa2, 0x0d,
	0x16, 0x0b, '1', '2', '0', '2', '5', '5', '5', '0', '1', '0', '0',
};

/* JWTClaimConstraints (RFC 8226, section 8): permittedValues [1], a list of names with values. */
static const uint8_t only_b_c[] = {
	0x30, 0x16,
	0xa1, 0x14, 0x30, 0x12, 0x30, 0x10,
	0x16, 0x06, 'a', 't', 't', 'e', 's', 't',
	0x30, 0x06, 0x0c, 0x01, 'B', 0x0c, 0x01, 'C',
};

/* clang-format on */

#define EXT(bytes) \
	{ \
		(bytes), sizeof(bytes) \
	}

/* clang-format off */
static const struct lab_leaf leaves[] = {
	{ .name = "expired", .about = "expired yesterday",
	  .from_days = -30, .to_days = -1, .tnauth = EXT(spc) },
	{ .name = "notyet", .about = "valid in a month",
	  .from_days = 30, .to_days = 60, .tnauth = EXT(spc) },
	{ .name = "revoked", .about = "listed in crl.pem",
	  .tnauth = EXT(spc) },
	{ .name = "wrong-curve", .about = "key on P-384",
	  .key = PKI_P384, .tnauth = EXT(spc) },
	{ .name = "rsa", .about = "RSA key",
	  .key = PKI_RSA, .tnauth = EXT(spc) },
	{ .name = "ca-leaf", .about = "CA:TRUE",
	  .flags = PKI_CA_FLAG, .tnauth = EXT(spc) },
	{ .name = "no-tnauth", .about = "without TNAuthList" },
	{ .name = "two-spc", .about = "TNAuthList of two service provider codes",
	  .tnauth = EXT(two_spc) },
	{ .name = "tnauth-malformed", .about = "TNAuthList with IMPLICIT tags",
	  .tnauth = EXT(implicit_spc) },
	{ .name = "delegate", .about = "TNAuthList of numbers: 12155551000 to 12155551999, 12025550100",
	  .tnauth = EXT(numbers) },
	{ .name = "delegate-good", .about = "the same numbers under a CA of 709J; good with trust.delegates",
	  .above = BY_PROVIDER, .tnauth = EXT(numbers) },
	{ .name = "no-keyusage", .about = "without key usage",
	  .flags = PKI_NO_USAGE, .tnauth = EXT(spc) },
	{ .name = "sha384", .about = "signed by ecdsa-with-SHA384; good unless trust.p384-issuers is no",
	  .flags = PKI_SHA384, .tnauth = EXT(spc) },
	{ .name = "untrusted", .about = "under other-root.pem",
	  .above = BY_OTHER_ROOT, .tnauth = EXT(spc) },
	{ .name = "self-signed", .about = "signed by itself",
	  .above = BY_ITSELF, .tnauth = EXT(spc) },
	{ .name = "wrong-issuer-order", .about = "good, but the intermediate stands first in the file",
	  .above = INTERMEDIATE_FIRST, .tnauth = EXT(spc) },
	{ .name = "constraint", .about = "may sign attest B and C only",
	  .tnauth = EXT(spc), .constraints = EXT(only_b_c) },
	{ .name = "long-chain", .about = "six certificates in the file",
	  .above = BY_MANY, .tnauth = EXT(spc) },
};
/* clang-format on */

size_t lab_leaf_count(void)
{
	return SK_COUNT(leaves);
}

const struct lab_leaf *lab_leaf_at(size_t index)
{
	return &leaves[index];
}

struct pki_ext lab_spc(void)
{
	return (struct pki_ext)EXT(spc);
}
