/*
 * The profile is a table: who it is about, must or should, the text, and a
 * question about facts that were collected in one pass.  Extensions are read by
 * our own DER reader, so no question can fail for want of memory.
 */
#include "shaken/profile.h"

#include "shaken/der.h"
#include "shaken/x509.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
	EXT_MAX = 32,   /* most extensions of one certificate */
	SERIAL_MIN = 8, /* bytes of a serial number; CA/B and ATIS-1000080 ask for 64 random bits */
	SERIAL_MAX = 20, /* RFC 5280, 4.1.2.2 */
	SKI_SIZE = 20,   /* bytes */
};

enum role {
	LEAF = 1,
	ISSUER = 2, /* between leaf and root */
	ROOT = 4,
	CA = ISSUER | ROOT,
	ANY = LEAF | CA,
};

struct facts {
	const X509 *cert;
	const struct sk_leaf *leaf;
	const struct sk_trust_rules *rules;
	uint32_t flags, usage;
	size_t ext_count;
	unsigned seen[SK_EXT_COUNT];
	bool critical[SK_EXT_COUNT];
	bool twice;   /* an extension is there twice            */
	bool ragged;  /* bytes behind the value of an extension */
	bool strange; /* an unknown extension is critical       */
};

static bool allows_p384(const struct facts *f)
{
	return f->rules->allow_p384_issuers;
}

static bool is_v3(const struct facts *f)
{
	return X509_get_version(f->cert) == X509_VERSION_3;
}

static bool is_tidy(const struct facts *f)
{
	return f->ext_count <= EXT_MAX && !f->twice && !f->ragged;
}

static bool no_strange_critical(const struct facts *f)
{
	return !f->strange;
}

static bool leaf_curve(const struct facts *f)
{
	return f->leaf->key_is_p256;
}

static bool issuer_curve(const struct facts *f)
{
	const enum sk_curve curve = sk_x509_curve(f->cert);

	return curve == SK_CURVE_P256 || (curve == SK_CURVE_P384 && allows_p384(f));
}

static bool signature_algorithm(const struct facts *f)
{
	const int nid = X509_get_signature_nid(f->cert);

	return nid == NID_ecdsa_with_SHA256 || (nid == NID_ecdsa_with_SHA384 && allows_p384(f));
}

static bool is_no_ca(const struct facts *f)
{
	return !(f->flags & EXFLAG_CA);
}

static bool is_ca(const struct facts *f)
{
	return (f->flags & EXFLAG_CA) && (f->flags & EXFLAG_BCONS);
}

static bool may_sign_calls(const struct facts *f)
{
	return f->seen[SK_EXT_KEY_USAGE] && f->critical[SK_EXT_KEY_USAGE] &&
	       (f->usage & KU_DIGITAL_SIGNATURE);
}

static bool signs_calls_only(const struct facts *f)
{
	return f->seen[SK_EXT_KEY_USAGE] && f->usage == KU_DIGITAL_SIGNATURE;
}

static bool may_sign_certs(const struct facts *f)
{
	return f->seen[SK_EXT_KEY_USAGE] && (f->usage & KU_KEY_CERT_SIGN);
}

static bool usage_is_critical(const struct facts *f)
{
	return f->critical[SK_EXT_KEY_USAGE];
}

static bool basic_is_critical(const struct facts *f)
{
	return f->seen[SK_EXT_BASIC] && f->critical[SK_EXT_BASIC];
}

static bool serial_is_random(const struct facts *f)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(f->cert);
	const int len = ASN1_STRING_length(serial);

	return ASN1_STRING_type(serial) == V_ASN1_INTEGER && len >= SERIAL_MIN && len <= SERIAL_MAX;
}

/* RFC 5280, 4.2.1.2 (1): the SHA-1 of the key, as ATIS-1000080 wants it; RFC 7093: as long */
static bool has_ski(const struct facts *f)
{
	struct sk_der value = { 0 }, id;

	return sk_x509_find(f->cert, SK_EXT_SKI, &value) == 1 &&
	       sk_der_only(value, V_ASN1_OCTET_STRING, &id) && id.len == SKI_SIZE;
}

static bool has_aki(const struct facts *f)
{
	return f->seen[SK_EXT_AKI] > 0;
}

/* 2.16.840.1.114569.1.1.n, n in 1..4: the certificate policies up to version 1.4 */
static bool is_usual_policy(struct sk_der oid)
{
	static const uint8_t arc[] = { 0x60, 0x86, 0x48, 0x01, 0x86, 0xff, 0x09, 0x01, 0x01 };

	return oid.len == sizeof(arc) + 1 && memcmp(oid.ptr, arc, sizeof(arc)) == 0 &&
	       oid.ptr[sizeof(arc)] >= 1 && oid.ptr[sizeof(arc)] <= 4;
}

static bool is_known_policy(struct sk_der oid, const struct sk_trust_rules *rules)
{
	if (rules->policy_count == 0)
		return is_usual_policy(oid);

	for (size_t i = 0; i < rules->policy_count; i++)
		if (oid.len == rules->policies[i].len &&
		    memcmp(oid.ptr, rules->policies[i].der, oid.len) == 0)
			return true;

	return false;
}

/* RFC 5280, 4.2.1.4: SEQUENCE OF SEQUENCE { OID, ... } */
static bool one_policy(const struct facts *f)
{
	struct sk_der value = { 0 }, list, info, oid;

	if (sk_x509_find(f->cert, SK_EXT_POLICIES, &value) != 1 || f->critical[SK_EXT_POLICIES])
		return false;

	return sk_der_only(value, SK_DER_SEQUENCE, &list) &&
	       sk_der_only(list, SK_DER_SEQUENCE, &info) &&
	       sk_der_take(&info, V_ASN1_OBJECT, &oid) && is_known_policy(oid, f->rules);
}

static bool no_policy(const struct facts *f)
{
	return f->seen[SK_EXT_POLICIES] == 0;
}

/* RFC 5280, 4.2.1.13: one DistributionPoint with [0] a name and [2] cRLIssuer */
static bool one_crl_point(const struct facts *f)
{
	struct sk_der value = { 0 }, list, point, name, issuer;

	return sk_x509_find(f->cert, SK_EXT_CRLDP, &value) == 1 &&
	       sk_der_only(value, SK_DER_SEQUENCE, &list) &&
	       sk_der_only(list, SK_DER_SEQUENCE, &point) &&
	       sk_der_take(&point, SK_DER_EXPLICIT + 0, &name) &&
	       sk_der_only(point, SK_DER_EXPLICIT + 2, &issuer);
}

static bool tnauth_is_not_critical(const struct facts *f)
{
	return !f->critical[SK_EXT_TNAUTH];
}

static bool no_tnauth(const struct facts *f)
{
	return f->seen[SK_EXT_TNAUTH] == 0 || f->rules->allow_delegates;
}

static bool no_constraints(const struct facts *f)
{
	return f->seen[SK_EXT_CONSTRAINTS] + f->seen[SK_EXT_ECONSTRAINTS] == 0;
}

static bool no_further_extensions(const struct facts *f)
{
	return f->seen[SK_EXT_OTHER] == 0;
}

static unsigned count_entries(const X509 *cert, int nid)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	unsigned count = 0;

	for (int i = X509_NAME_get_index_by_NID(name, nid, -1); i >= 0;
	     i = X509_NAME_get_index_by_NID(name, nid, i))
		count++;

	return count;
}

static bool one_country(const struct facts *f)
{
	return count_entries(f->cert, NID_countryName) == 1;
}

static bool one_organization(const struct facts *f)
{
	return count_entries(f->cert, NID_organizationName) == 1;
}

/* Is this text in the (first) common name? */
static bool name_has(const X509 *cert, const char *text)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *data;

	if (at < 0)
		return false;

	data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return memmem(ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data), text,
		      strlen(text)) != NULL;
}

static bool name_has_spc(const struct facts *f)
{
	const char *spc = sk_tnauth_spc(&f->leaf->tnauth);
	char text[sizeof("SHAKEN ") + SK_SPC_SIZE] = "SHAKEN ";

	return name_has(f->cert, spc ? strcat(text, spc) : "SHAKEN");
}

static bool name_has_shaken(const struct facts *f)
{
	return name_has(f->cert, "SHAKEN");
}

static bool name_has_root(const struct facts *f)
{
	return name_has(f->cert, "ROOT") || name_has(f->cert, "Root");
}

/* clang-format off */
static const struct rule {
	unsigned roles;
	bool must; /* else a finding, which only the strict mode refuses */
	bool (*holds)(const struct facts *f);
	const char *text;
} table[] = {
	/* the musts: what nobody may do without */
	{ ANY,    true,  is_v3,                  "a certificate is not version 3" },
	{ ANY,    true,  is_tidy,                "a certificate has too many extensions, one twice, or bytes behind one" },
	{ ANY,    true,  no_strange_critical,    "an extension is critical and unknown" },
	{ ANY,    true,  signature_algorithm,    "a signature algorithm is not ecdsa-with-SHA256" },
	{ LEAF,   true,  leaf_curve,             "leaf: the key is not on P-256" },
	{ CA,     true,  issuer_curve,           "issuer: the key is not on P-256" },
	{ LEAF,   true,  is_no_ca,               "leaf: is a CA" },
	{ CA,     true,  is_ca,                  "issuer: is no CA" },
	{ LEAF,   true,  may_sign_calls,         "leaf: keyUsage is not critical with digitalSignature" },
	{ CA,     true,  may_sign_certs,         "issuer: keyUsage lacks keyCertSign" },
	/* the rest of ATIS-1000080, from which CAs deviate */
	{ ANY,    false, serial_is_random,       "a serial number is not of 8 to 20 bytes and above 0" },
	{ ANY,    false, basic_is_critical,      "basicConstraints is missing or not critical" },
	{ LEAF,   false, signs_calls_only,       "leaf: keyUsage has more than digitalSignature" },
	{ CA,     false, usage_is_critical,      "issuer: keyUsage is not critical" },
	{ LEAF,   false, one_country,            "leaf: the subject has not exactly one C" },
	{ LEAF,   false, one_organization,       "leaf: the subject has not exactly one O" },
	{ LEAF,   false, name_has_spc,           "leaf: the CN has no \"SHAKEN\" and service provider code" },
	{ CA,     false, name_has_shaken,        "issuer: the CN has no \"SHAKEN\"" },
	{ ROOT,   false, name_has_root,          "root: the CN has no \"ROOT\"" },
	{ ANY,    false, has_ski,                "subjectKeyIdentifier is missing, or not of 20 bytes" },
	{ LEAF | ISSUER, false, has_aki,         "authorityKeyIdentifier is missing" },
	{ LEAF | ISSUER, false, one_policy,      "certificatePolicies is not one known policy" },
	{ ROOT,   false, no_policy,              "root: has certificatePolicies" },
	{ LEAF | ISSUER, false, one_crl_point,   "cRLDistributionPoints is not one point with a cRLIssuer" },
	{ LEAF,   false, tnauth_is_not_critical, "leaf: TNAuthList is critical" },
	{ CA,     false, no_tnauth,              "issuer: has a TNAuthList" },
	{ CA,     false, no_constraints,         "issuer: has claim constraints" },
	{ ANY,    false, no_further_extensions,  "there are extensions beyond the profile" },
};
/* clang-format on */

static bool is_whole(struct sk_der value)
{
	struct sk_der body;
	uint8_t tag;

	return sk_der_next(&value, &tag, &body) && value.len == 0;
}

static void collect_extension(const X509 *cert, int at, struct facts *f)
{
	X509_EXTENSION *ext = X509_get_ext(cert, at);
	const enum sk_ext kind = sk_x509_ext_kind(ext);
	const bool critical = X509_EXTENSION_get_critical(ext) == 1;

	f->seen[kind]++;
	f->critical[kind] |= critical;
	f->ragged |= !is_whole(sk_x509_ext_value(ext));
	f->twice |= X509_get_ext_by_OBJ(cert, X509_EXTENSION_get_object(ext), at) >= 0;
	f->strange |= kind == SK_EXT_OTHER && critical && !X509_supported_extension(ext);
}

static void collect(X509 *cert, struct facts *f)
{
	const int count = X509_get_ext_count(cert);

	f->cert = cert;
	f->flags = X509_get_extension_flags(cert);
	f->usage = X509_get_key_usage(cert);
	f->ext_count = (size_t)(count > 0 ? count : 0);
	for (int at = 0; at < count && at < EXT_MAX; at++)
		collect_extension(cert, at, f);
}

static void note(struct sk_findings *findings, const char *text)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->text[i] == text)
			return;
	if (findings->count < SK_FINDINGS_MAX)
		findings->text[findings->count++] = text;
}

enum sk_err sk_profile_judge(X509 *const *certs, size_t count, const struct sk_leaf *leaf,
			     const struct sk_trust_rules *rules, struct sk_findings *findings)
{
	enum sk_err err = SK_OK;

	for (size_t i = 0; i < count; i++) {
		struct facts f = { .leaf = leaf, .rules = rules };
		enum role role = i == 0 ? LEAF : ISSUER;

		collect(certs[i], &f);
		if (i > 0 && (f.flags & EXFLAG_SI))
			role = ROOT;
		for (size_t row = 0; row < SK_COUNT(table); row++) {
			if (!(table[row].roles & role) || table[row].holds(&f))
				continue;
			note(findings, table[row].text);
			if (table[row].must)
				err = SK_CERT_PROFILE;
		}
	}
	return err;
}

void sk_profile_check(const struct sk_chain *chain, const struct sk_trust_rules *rules,
		      struct sk_findings *findings)
{
	X509 *certs[SK_CERT_MAX];
	const size_t count = sk_chain_count(chain);

	*findings = (struct sk_findings){ 0 };
	for (size_t i = 0; i < count; i++)
		certs[i] = sk_chain_at(chain, i);

	/* the texts are the answer; which of them are musts is trust.h's business */
	(void)!sk_profile_judge(certs, count, sk_chain_leaf(chain), rules, findings);
}
