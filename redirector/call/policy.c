/*
 * Rules, no state.  Every rule that a carrier may want otherwise is a setting of
 * the tenant; the documents' own disagreements are in profile.c.
 */
#include "redirector/call/policy.h"

#include "redirector/call/diversion.h"
#include "redirector/call/function.h"

#include <string.h>

enum {
	DATE_TOLERANCE = 60, /* seconds both ways (RFC 8224, 6.1, step 3) */
};

enum sk_ppt policy_identity_type(struct sk_span identity)
{
	struct sk_identity id;

	return !sk_identity_parse(identity, &id) && id.ppt.ptr ? sk_ppt_param(id.ppt) : SK_PPT_NONE;
}

bool policy_has_type(const struct facts *facts, enum sk_ppt ppt)
{
	for (size_t i = 0; i < facts->identity_count; i++)
		if (policy_identity_type(facts->identities[i]) == ppt)
			return true;
	return false;
}

bool policy_is_diverted(const struct tenant *t, const struct facts *facts,
			const struct sk_party *called, struct sk_party *target)
{
	target->kind = SK_PARTY_NONE;
	/* what cannot be read as a party is certainly not the one of the To header */
	if (sk_party_from_uri(facts->request_uri, &t->set->dialplan, SK_ROLE_DEST, target))
		return true;
	/* a host alone is nobody: some proxies ask with ours and name the called party in To */
	if (target->kind == SK_PARTY_URI && !strchr(target->text, '@'))
		return false;
	return !sk_party_eq(target, called);
}

/* The originating side says that it could not sign (French MAN); the value is a token of theirs. */
static bool is_bypassed(const struct tenant *t, const struct facts *facts)
{
	return t->profile.verify_bypass && facts->identity_count == 0 &&
	       facts_header(facts, SK_SPAN("P-Identity-Bypass")).len > 0;
}

enum sk_err policy_no_identity(const struct tenant *t, const struct facts *facts)
{
	if (is_bypassed(t, facts))
		return SK_BYPASSED;
	return t->profile.identity_required ? SK_IDENTITY_REQUIRED : SK_NO_IDENTITY;
}

enum task policy_task(const struct tenant *t, const struct facts *facts)
{
	switch (function_mode(t, facts)) {
	case MODE_SIGN:
		return TASK_SIGN;
	case MODE_VERIFY:
		return TASK_VERIFY;
	case MODE_AUTO:
		/* a call that others could not sign is not ours to vouch for */
		return facts->identity_count > 0 || is_bypassed(t, facts) ? TASK_VERIFY : TASK_SIGN;
	case MODE_PASS:
	default:
		return TASK_PASS;
	}
}

const char *policy_task_name(enum task task)
{
	static const char *const names[] = { "pass", "sign", "verify" };

	return names[task];
}

/* In an address %00 would end a number early for a careless reader behind us (RFC 4475, 3.1.1.4);
 * in a display name it is three characters. */
static bool has_escaped_nul(struct sk_span uri)
{
	const char *percent = uri.len > 2 ? memchr(uri.ptr, '%', uri.len) : NULL;

	/* hardly anybody has one, and for a single character the look is quick */
	return percent && memmem(percent, (size_t)(uri.ptr + uri.len - percent), "%00", 3) != NULL;
}

static enum sk_err read_party(const struct tenant *t, struct sk_span value, enum sk_role role,
			      struct sk_party *out)
{
	struct sk_span uri, params;
	enum sk_err err = sk_nameaddr_split(value, &uri, &params);

	if (!err && has_escaped_nul(uri))
		err = SK_REQUEST_SYNTAX;
	return err ? err : sk_party_from_uri(uri, &t->set->dialplan, role, out);
}

/* The numbers among the asserted identities. */
static enum sk_err add_pai(const struct tenant *t, const struct facts *facts,
			   struct sk_call_parties *out)
{
	enum sk_err err = SK_OK;

	for (size_t i = 0; i < facts->pai_count && !err; i++) {
		struct sk_party *party = &out->callers[out->caller_count];

		err = read_party(t, facts->pai[i], SK_ROLE_ORIG, party);
		out->caller_count += !err && party->kind == SK_PARTY_TN;
	}
	return err;
}

enum sk_err policy_parties(const struct tenant *t, const struct facts *facts,
			   struct sk_call_parties *out)
{
	bool from_first = t->profile.orig_source != ORIG_PAI_FIRST;
	struct sk_party from;
	enum sk_err err;

	out->caller_count = 0;
	/* a malformed From is a malformed request, whichever header counts */
	err = read_party(t, facts->from, SK_ROLE_ORIG, &from);
	if (!err)
		err = read_party(t, facts->to, SK_ROLE_DEST, &out->called);
	if (!err && from_first && from.kind == SK_PARTY_TN)
		out->callers[out->caller_count++] = from;
	if (!err && t->profile.orig_source != ORIG_FROM_ONLY && out->caller_count == 0)
		err = add_pai(t, facts, out);
	if (!err && !from_first && out->caller_count == 0 && from.kind == SK_PARTY_TN)
		out->callers[out->caller_count++] = from;
	return err;
}

static bool says(const struct tenant *t, struct sk_span value, const struct sk_party *number)
{
	struct sk_party party;

	return !read_party(t, value, SK_ROLE_ORIG, &party) &&
	       (number ? sk_party_eq(&party, number) : party.kind == SK_PARTY_TN);
}

struct sk_span policy_caller_value(const struct tenant *t, const struct facts *facts,
				   const struct sk_party *proven)
{
	size_t pais = t->profile.orig_source == ORIG_FROM_ONLY ? 0 : facts->pai_count;

	for (size_t i = 0; proven && i < pais; i++)
		if (says(t, facts->pai[i], proven))
			return facts->pai[i];
	if (proven || pais == 0)
		return facts->from;
	if (t->profile.orig_source == ORIG_FROM_FIRST && says(t, facts->from, NULL))
		return facts->from;
	return facts->pai[0];
}

bool policy_is_near(int64_t date, int64_t now)
{
	return date >= now - DATE_TOLERANCE && date <= now + DATE_TOLERANCE;
}

/* RFC 8224, 6.1, step 3 and 4.1: iat is the Date when there is a fresh one. */
static enum sk_err signing_time(const struct tenant *t, const struct facts *facts, int64_t *iat)
{
	bool own_clock = t->set->sign.stale_date == STALE_SIGN_OWN_CLOCK;
	int64_t date;

	*iat = facts->first_seen;
	if (facts->date.len == 0)
		return SK_OK;
	if (!sk_date_parse(facts->date, &date))
		return own_clock ? SK_OK : SK_DATE_SYNTAX;
	if (!policy_is_near(date, facts->first_seen))
		return own_clock ? SK_OK : SK_DATE_STALE;
	*iat = date;
	return SK_OK;
}

/* Of the first of the headers that is there, good or not. */
static struct sk_span said_origid(const struct text_list *names, const struct facts *facts)
{
	struct sk_span said = { NULL, 0 };

	for (size_t i = 0; i < names->count && !said.ptr; i++)
		said = facts_only_header(facts, sk_span_of(names->items[i]));
	return said;
}

void policy_origid(const struct tenant *t, struct sk_span given, const uint8_t id[16],
		   char out[SK_ORIGID_SIZE])
{
	if (t->set->sign.origid == ORIGID_FIXED)
		given = sk_span_of(t->set->sign.origid_value);
	if (!sk_uuid_read(given, out))
		sk_uuid_print(id, out);
}

/* Ours is derived from the request, so that a repeat gets the same one. */
static void origid(const struct tenant *t, const struct facts *facts, bool may_say,
		   char out[SK_ORIGID_SIZE])
{
	const struct sign_conf *set = &t->set->sign;
	struct sk_span given = { NULL, 0 };

	if (set->origid == ORIGID_HEADER && may_say)
		given = said_origid(&set->origid_headers, facts);
	policy_origid(t, given, facts->id, out);
}

/* A number as people write it, or an address as in From; anything else is nobody: whoever may name
 * the number and fails to must not get another one signed. */
static void read_said(const struct tenant *t, struct sk_span value, enum sk_role role,
		      struct sk_party *out)
{
	if (!sk_party_from_number(value, &t->set->dialplan, role, out))
		return;
	if (read_party(t, value, role, out))
		out->kind = SK_PARTY_NONE;
}

enum sk_err policy_signed_parties(const struct tenant *t, const struct facts *facts, bool may_say,
				  struct sk_call_parties *out)
{
	const struct sign_conf *set = &t->set->sign;
	enum sk_err err = policy_parties(t, facts, out);
	struct sk_span orig, dest;

	if (err || !may_say)
		return err;
	orig = facts_only_header(facts, sk_span_of(set->orig_header));
	dest = facts_only_header(facts, sk_span_of(set->dest_header));
	if (orig.ptr) {
		read_said(t, orig, SK_ROLE_ORIG, &out->callers[0]);
		out->caller_count = out->callers[0].kind == SK_PARTY_TN;
	}
	if (dest.ptr)
		read_said(t, dest, SK_ROLE_DEST, &out->called);
	return SK_OK;
}

enum sk_attest policy_lowered(const struct tenant *t, const struct facts *facts,
			      enum sk_attest attest)
{
	/* of a call that was diverted to us, we know where it came in and no more */
	if (t->profile.diversion && attest == SK_ATTEST_A && diversion_count(facts) > 0)
		return SK_ATTEST_C;
	return attest;
}

/* ATIS-1000074: a shaken dest is a number; an emergency call may name the service (RFC 9027, 4.1)
 */
bool policy_is_signable(const struct sk_party *called)
{
	return called->kind == SK_PARTY_TN ||
	       (called->kind == SK_PARTY_URI && strncmp(called->text, "urn:service:", 12) == 0);
}

enum sk_err policy_claims(const struct tenant *t, const struct facts *facts, bool may_say,
			  struct sk_claims *out)
{
	struct sk_call_parties parties;
	enum sk_err err = policy_signed_parties(t, facts, may_say, &parties);

	if (!err && t->profile.diversion && diversion_count(facts) > DIVERSIONS_MAX)
		err = SK_DIVERSIONS;
	if (!err && policy_has_type(facts, SK_PPT_SHAKEN))
		err = SK_SIGNED_ALREADY;
	if (!err && !facts->complete)
		err = SK_INCOMPLETE;
	if (!err && parties.caller_count == 0)
		err = SK_NO_ORIG;
	if (!err && !policy_is_signable(&parties.called))
		err = SK_NO_DEST;
	if (!err)
		err = signing_time(t, facts, &out->iat);
	if (err)
		return err;

	out->orig = parties.callers[0];
	out->dest[0] = parties.called;
	out->dest_count = 1;
	out->div.kind = SK_PARTY_NONE;
	out->attest = SK_ATTEST_NONE;
	origid(t, facts, may_say, out->origid);
	return SK_OK;
}

enum sk_err policy_date(const struct tenant *t, const struct facts *facts)
{
	int64_t date;

	if (t->profile.date_check == DATE_IAT_ONLY || is_bypassed(t, facts))
		return SK_OK;
	if (facts->date.len == 0)
		return t->profile.date_check == DATE_STRICT ? SK_DATE_MISSING : SK_OK;
	if (!sk_date_parse(facts->date, &date))
		return SK_DATE_SYNTAX;
	if (t->profile.date_check == DATE_RFC)
		return SK_OK; /* RFC 8224, 6.2, step 3: iat of the full form may stand in for a
				 stale Date */
	return date < facts->now - t->verify.max_age || date > facts->now + t->verify.max_skew
		       ? SK_DATE_STALE
		       : SK_OK;
}

enum sk_err policy_date_covered(const struct tenant *t, const struct facts *facts,
				const struct sk_chain *chain)
{
	int64_t date;

	if (t->profile.date_check != DATE_STRICT || !sk_date_parse(facts->date, &date))
		return SK_OK;
	return sk_chain_valid_at(chain, date);
}
