/*
 * The two ladders.  Each step is one function that answers with an outcome; the
 * order of the calls is the order of the checks, and a token that fails on an
 * earlier step says nothing about the later ones.
 */
#include "shaken/verify.h"

#include "shaken/es256.h"
#include "shaken/json.h"

static enum sk_ppt type_of(const struct sk_identity *identity)
{
	return identity->ppt.ptr ? sk_ppt_param(identity->ppt) : SK_PPT_NONE;
}

/* V5.  RFC 8224, 6.2, step 1: what has an unknown type is ignored, whatever its form */
static enum sk_err cut_token(const struct sk_identity *identity,
			     const struct sk_verify_policy *policy, struct sk_token *out)
{
	const enum sk_err err = sk_token_split(identity->token, out);

	return type_of(identity) == SK_PPT_OTHER && !policy->unknown_ppt_refused ? SK_PPT_UNKNOWN
										 : err;
}

/* V6.  A known type that is not wanted, or none, is not what this ladder judges */
static enum sk_err check_type(const struct sk_identity *identity, enum sk_ppt want)
{
	return type_of(identity) == want ? SK_OK : SK_PPT_PARAM;
}

/* V8.  RFC 8224, section 4: absoluteURI in angle brackets; ATIS-1000074, 5.3.1: which URIs */
static enum sk_err check_info(const struct sk_identity *identity,
			      const struct sk_verify_policy *policy)
{
	if (!identity->info.ptr)
		return SK_INFO_MISSING;

	return identity->info_brackets && sk_url_parse(identity->info, policy->url_rules, NULL)
		       ? SK_OK
		       : SK_INFO_INVALID;
}

/* V9.  RFC 8224, 4.1: without the parameter it is ES256 */
static enum sk_err check_alg_param(const struct sk_identity *identity,
				   const struct sk_verify_policy *policy)
{
	if (!identity->alg.ptr)
		return policy->alg_required ? SK_ALG_UNSUPPORTED : SK_OK;

	/* RFC 3261, 7.3.1: parameter values have no case; in the token (RFC 7515) they do */
	return sk_span_eq_nocase(identity->alg, SK_SPAN("ES256")) ? SK_OK : SK_ALG_UNSUPPORTED;
}

/* V11 and V12 */
static enum sk_err check_jose(const struct sk_jose *jose, struct sk_span info, enum sk_ppt want)
{
	const struct sk_span x5u = { jose->x5u, jose->x5u_len };

	/* RFC 7515, 4.1.11: an extension that must be understood and is not */
	if (jose->critical)
		return SK_TOKEN_SYNTAX;
	/* RFC 8588, section 4: a shaken token names its type itself */
	if (jose->ppt == SK_PPT_NONE)
		return SK_HEADER_CLAIM;
	/* RFC 3986, 6.2.1: simple string comparison */
	if (!sk_span_eq(x5u, info))
		return SK_X5U_MISMATCH;
	if (!jose->typ_is_passport)
		return SK_TYP_INVALID;
	if (!jose->alg_is_es256)
		return SK_ALG_UNSUPPORTED;

	return jose->ppt == want ? SK_OK : SK_PPT_MISMATCH;
}

enum sk_err sk_verify_token(struct sk_span value, const struct sk_verify_policy *policy,
			    struct sk_passport *out)
{
	return sk_verify_token_of(value, SK_PPT_SHAKEN, policy, out);
}

enum sk_err sk_verify_token_of(struct sk_span value, enum sk_ppt ppt,
			       const struct sk_verify_policy *policy, struct sk_passport *out)
{
	struct sk_identity identity = { 0 };
	enum sk_err err;

	out->token = (struct sk_token){ 0 };
	if (ppt != SK_PPT_SHAKEN && ppt != SK_PPT_DIV && ppt != SK_PPT_RPH && ppt != SK_PPT_RCD)
		return SK_PPT_PARAM;
	err = sk_identity_parse(value, &identity);
	if (!err && policy->extra_params_refused && identity.extra_params > 0)
		err = SK_IDENTITY_PARAMS;
	if (!err)
		err = cut_token(&identity, policy, &out->token);
	if (!err)
		err = check_type(&identity, ppt);
	/* RFC 8588, section 7: shaken has no compact form */
	if (!err && out->token.compact)
		err = SK_COMPACT_FORM;
	if (!err)
		err = check_info(&identity, policy);
	if (!err)
		err = check_alg_param(&identity, policy);
	if (!err)
		err = sk_jose_read(&out->token, &out->jose);
	if (!err)
		err = check_jose(&out->jose, identity.info, ppt);
	if (!err)
		err = sk_payload_read(&out->token, ppt, &out->claims);
	if (!err)
		sk_passport_read_sig(out);

	return err;
}

/* iat may be any 64-bit number */
bool sk_verify_fresh(int64_t iat, const struct sk_verify_policy *policy, int64_t now)
{
	int64_t age;

	if (__builtin_sub_overflow(now, iat, &age))
		return false;

	return age <= policy->max_age && age >= -policy->max_skew;
}

/* V15.  ATIS-1000074, 5.3.1: any of the two P-Asserted-Identity values may be the one signed */
static enum sk_err check_orig(const struct sk_party *orig, const struct sk_call_parties *call)
{
	for (size_t i = 0; i < call->caller_count && i < SK_CALLERS_MAX; i++)
		if (sk_party_eq(orig, &call->callers[i]))
			return SK_OK;

	return SK_ORIG_MISMATCH;
}

static enum sk_err check_dest(const struct sk_claims *claims, const struct sk_call_parties *call)
{
	for (size_t i = 0; i < claims->dest_count; i++)
		if (sk_party_eq(&claims->dest[i], &call->called))
			return SK_OK;

	return SK_DEST_MISMATCH;
}

enum sk_err sk_verify_beside_claims(const struct sk_claims *claims,
				    const struct sk_call_parties *call,
				    const struct sk_verify_policy *policy, int64_t now)
{
	enum sk_err err;

	if (!sk_verify_fresh(claims->iat, policy, now))
		return SK_IAT_STALE;

	err = check_orig(&claims->orig, call);
	return err ? err : check_dest(claims, call);
}

enum sk_err sk_verify_claims(const struct sk_claims *claims, const struct sk_call_parties *call,
			     const struct sk_verify_policy *policy, int64_t now)
{
	enum sk_err err = sk_verify_beside_claims(claims, call, policy, now);

	if (err)
		return err;

	/* V16.  RFC 8588, section 4: A, B or C */
	return sk_attest_letter(claims->attest) == '-' ? SK_ATTEST_INVALID : SK_OK;
}

enum sk_err sk_verify_div_claims(const struct sk_claims *claims, const struct sk_call_parties *call,
				 const struct sk_verify_policy *policy, int64_t now)
{
	struct sk_verify_policy inner = *policy;

	/* RFC 8946, 4.2: a call may ring for long before it is diverted once more */
	if (policy->div_max_age > 0)
		inner.max_age = policy->div_max_age;

	return sk_verify_fresh(claims->iat, &inner, now) ? check_orig(&claims->orig, call)
							 : SK_IAT_STALE;
}

enum sk_err sk_verify_shape(const struct sk_passport *passport)
{
	uint8_t der[SK_DER_SIG_MAX];

	if (passport->sig_len != SK_SIG_LEN)
		return SK_BAD_SIGNATURE;

	return sk_es256_to_der(passport->sig, der) > 0 ? SK_OK : SK_BAD_SIGNATURE;
}

static bool is_provider(const struct sk_tnauth *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].kind == SK_TNAUTH_SPC)
			return true;

	return false;
}

/* What a certificate may sign.  RFC 8226, section 5: authority over the calling number; RFC 8946,
 * 4.1: of a div token over the number that diverted */
static enum sk_err check_scope(const struct sk_leaf *leaf, const struct sk_passport *passport)
{
	const enum sk_ppt ppt = passport->jose.ppt;
	const struct sk_claims *claims = &passport->claims;

	if (leaf->extensions)
		return leaf->extensions;
	if (!leaf->has_tnauth)
		return SK_CERT_TNAUTH;
	/* ATIS-1000074, 5.3.1: a provider vouches for the call; a delegate can for itself only
	 * (RFC 9060) */
	if (ppt == SK_PPT_SHAKEN && !is_provider(&leaf->tnauth))
		return SK_CERT_TNAUTH;
	/* RFC 8443: authority over the priority, which no list of numbers gives */
	if (ppt == SK_PPT_RPH)
		return is_provider(&leaf->tnauth) ? SK_OK : SK_CERT_SCOPE;

	return sk_tnauth_covers(&leaf->tnauth, ppt == SK_PPT_DIV ? &claims->div : &claims->orig)
		       ? SK_OK
		       : SK_CERT_SCOPE;
}

/* The payload is read again for the few certificates that constrain claims we do not keep */
static enum sk_err check_constraints(const struct sk_leaf *leaf, const struct sk_token *token)
{
	json_auto_t *payload = NULL;
	enum sk_err err;

	if (!leaf->constraints)
		return SK_OK;

	err = sk_token_json(token->payload, &payload);
	return err ? err : sk_constraints_check(leaf->constraints, payload);
}

enum sk_err sk_verify_signed(const struct sk_passport *passport, const struct sk_chain *chain,
			     enum sk_err verdict)
{
	const struct sk_leaf *leaf = sk_chain_leaf(chain);
	enum sk_err err = verdict;

	if (!err)
		err = sk_chain_valid_at(chain, passport->claims.iat);
	if (!err)
		err = check_scope(leaf, passport);
	if (!err)
		err = check_constraints(leaf, &passport->token);
	if (!err)
		err = sk_verify_shape(passport);
	if (!err)
		err = sk_chain_verify(chain, passport->token.signed_part, passport->sig);

	return err;
}

enum sk_err sk_verify_credential(const struct sk_passport *passport, const struct sk_chain *chain,
				 const struct sk_trust *trust, int64_t now)
{
	return sk_verify_signed(passport, chain, sk_trust_check(trust, chain, now, NULL));
}
