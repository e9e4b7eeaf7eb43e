#include "redirector/http/api_reason.h"

#include "redirector/call/answer.h"
#include "redirector/http/api_claim.h"
#include "shaken/buf.h"

/* By case; %s is the claim. */
static const char *const descriptions[] = {
	[3] = "Received 'time' value is not fresh.",
	[4] = "Identity header in compact form instead of required by SHAKEN spec full form.",
	[5] = "Identity header is received with 'ppt' parameter value that is not 'shaken'.",
	[6] = "Missing 'info' parameter in the 'identity'.",
	[7] = "Invalid 'info' URI.",
	[8] = "Failed to dereference 'info' URI.",
	[9] = "Missing '%s' claim in the PASSporT header.",
	[10] = "'x5u' from PASSporT header doesn't match the 'info' parameter of identity header "
	       "value.",
	[11] = "'typ' from PASSporT header is not 'passport'.",
	[12] = "'alg' from PASSporT header is not 'ES256'.",
	[13] = "'ppt' from PASSporT header is not 'shaken'.",
	[14] = "Missing '%s' mandatory claim in PASSporT payload",
	[15] = "'iat' from PASSporT payload is not fresh.",
	[16] = "'%s' claim from PASSporT payload doesn't match the received in the verification "
	       "request claim.",
	[17] = "Failed to authenticate CA.",
	[18] = "Signature validation failed.",
	[19] = "'attest' claim in PASSporT is not valid.",
};

/* Written otherwise than in SIP. */
static const char *phrase(unsigned code)
{
	switch (code) {
	case 403:
		return "Stale Date";
	case 436:
		return "Bad identity Info";
	case 437:
		return "Unsupported credential";
	default:
		return "Invalid Identity Header";
	}
}

/* An Identity is there, so a type that we do not know is case E5, also where a policy that wants
 * an Identity made more of it. */
static unsigned case_of(enum sk_err err)
{
	return err == SK_IDENTITY_REQUIRED ? 5 : sk_outcome(err)->atis_case;
}

/* What no case has (a broken chain, a token that came twice) is told in our words. */
static void describe(enum sk_err err, struct sk_span identity, struct sk_buf *out)
{
	unsigned number = case_of(err);

	if (number >= SK_COUNT(descriptions) || !descriptions[number]) {
		sk_buf_puts(out, sk_err_text(err));
		return;
	}
	for (const char *p = descriptions[number]; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			sk_buf_puts(out, api_claim(identity, err));
			p++;
		} else {
			sk_buf_putc(out, *p);
		}
	}
}

/* @return false: it is not told by a code */
static bool set_code(const struct tenant *tenant, enum sk_err err, struct api_reason *out)
{
	if (err == SK_LISTED) {
		out->code = answer_block_status(tenant, &out->text);
		return true;
	}
	out->code = case_of(err) == 5 ? 438 : profile_outcome(&tenant->profile, err).code;
	out->text = phrase(out->code);
	return out->code != 0;
}

bool api_reason(const struct tenant *tenant, enum sk_err err, struct sk_span identity,
		struct api_reason *out)
{
	struct sk_buf text;

	if (!set_code(tenant, err, out))
		return false;
	sk_buf_init(&text, out->description, sizeof(out->description));
	describe(err, identity, &text);
	return true;
}
