/*
 * What a credential puts into every Identity value is printed and encoded once;
 * a call adds its payload and a signature.  The JOSE header's base64url is a
 * whole part of the token, so joining the parts is copying.
 */
#include "shaken/sign.h"

#include "shaken/b64url.h"
#include "shaken/mac.h"
#include "shaken/rcd.h"
#include "shaken/rph.h"
#include "shaken/url.h"

#include <stdlib.h>
#include <string.h>

enum {
	JOSE_SIZE = SK_URL_MAX + 80,
	TAIL_SIZE = SK_URL_MAX + 48,
	PAYLOAD_SIZE = SK_IDENTITY_SIZE * 3 / 4,
	SIG_TEXT_LEN = SK_B64URL_LEN(SK_SIG_LEN),
};

struct sk_credential {
	struct sk_signer *signer;
	enum sk_ppt ppt;
	char x5u[SK_URL_MAX + 1];
	char head[SK_B64URL_LEN(JOSE_SIZE) + 1]; /* "header." */
	size_t head_len;
	char tail[TAIL_SIZE]; /* ";info=<...>;alg=ES256;ppt=..." */
	size_t tail_len;
};

static bool print_head(struct sk_credential *c)
{
	char jose[JOSE_SIZE];
	struct sk_buf buf;

	sk_buf_init(&buf, jose, sizeof(jose));
	sk_jose_print(c->ppt, sk_span_of(c->x5u), &buf);
	if (buf.overflow)
		return false;

	c->head_len = sk_b64url_encode(jose, buf.len, c->head);
	c->head[c->head_len++] = '.';
	return true;
}

/* RFC 8224, section 4: info is the first parameter */
static bool print_tail(struct sk_credential *c)
{
	struct sk_buf buf;

	sk_buf_init(&buf, c->tail, sizeof(c->tail));
	sk_buf_printf(&buf, ";info=<%s>;alg=ES256", c->x5u);
	if (c->ppt != SK_PPT_NONE)
		sk_buf_printf(&buf, ";ppt=%s", sk_ppt_text(c->ppt));

	c->tail_len = buf.len;
	return !buf.overflow;
}

enum sk_err sk_credential_new(struct sk_span x5u, enum sk_url_rules rules, enum sk_ppt ppt,
			      struct sk_signer *signer, struct sk_credential **out)
{
	SK_CLEANUP(sk_credential_free_p) struct sk_credential *c = NULL;

	if (x5u.len > SK_URL_MAX || !sk_url_parse(x5u, rules, NULL))
		return SK_INFO_INVALID;

	c = calloc(1, sizeof(*c));
	if (!c)
		return SK_ENOMEM;

	c->signer = signer;
	c->ppt = ppt;
	memcpy(c->x5u, x5u.ptr, x5u.len);
	if (!print_head(c) || !print_tail(c))
		return SK_INFO_INVALID;

	*out = sk_steal(c);
	return SK_OK;
}

void sk_credential_free(struct sk_credential *credential)
{
	free(credential);
}

const char *sk_credential_x5u(const struct sk_credential *credential)
{
	return credential->x5u;
}

/* A calling number is plain E.164 (RFC 8224, 8.3); a star can only be called */
static bool is_plain_number(const struct sk_party *party)
{
	const size_t len = strlen(party->text);

	return party->kind == SK_PARTY_TN && len > 0 && len <= SK_TN_DIGITS &&
	       strspn(party->text, "0123456789") == len;
}

static enum sk_err check_parties(bool shaken, const struct sk_claims *claims)
{
	if (shaken ? !is_plain_number(&claims->orig) : claims->orig.kind == SK_PARTY_NONE)
		return SK_NO_ORIG;
	if (claims->dest_count == 0 || claims->dest_count > SK_DEST_MAX)
		return SK_NO_DEST;
	for (size_t i = 0; i < claims->dest_count; i++)
		if (claims->dest[i].kind == SK_PARTY_NONE || claims->dest[i].text[0] == '\0')
			return SK_NO_DEST;

	return SK_OK;
}

/* RFC 8588, sections 4 and 5: attest and origid are part of every shaken token, and of no other */
static enum sk_err check_attestation(bool shaken, const struct sk_claims *claims)
{
	if (!shaken)
		return claims->attest == SK_ATTEST_NONE && claims->origid[0] == '\0'
			       ? SK_OK
			       : SK_CLAIM_TYPE;
	if (sk_attest_letter(claims->attest) == '-')
		return SK_NO_ATTEST;
	if (claims->origid[0] == '\0')
		return SK_CLAIM_MISSING;

	return sk_uuid_check(sk_span_of(claims->origid)) ? SK_OK : SK_CLAIM_TYPE;
}

/* A claim that makes its type: there with that type, and with no other that is not `also` */
static enum sk_err check_presence(bool there, bool must, bool also)
{
	if (must && !there)
		return SK_CLAIM_MISSING;

	return there && !must && !also ? SK_CLAIM_TYPE : SK_OK;
}

/* RFC 8946, section 3; RFC 8443, section 3; RFC 9795: rcd may ride in any other type,
 * with us in shaken */
static enum sk_err check_types(enum sk_ppt ppt, const struct sk_claims *claims)
{
	const bool div = ppt == SK_PPT_DIV || ppt == SK_PPT_DIV_O;
	enum sk_err err = check_presence(claims->div.kind != SK_PARTY_NONE, div, false);

	if (!err)
		err = check_presence(claims->rph != NULL, ppt == SK_PPT_RPH, false);
	if (!err)
		err = check_presence(claims->rcd != NULL, ppt == SK_PPT_RCD, ppt == SK_PPT_SHAKEN);
	if (!err && claims->rph && !sk_rph_check(claims->rph))
		err = SK_CLAIM_TYPE;
	if (!err && claims->rcd && !sk_rcd_check(claims->rcd))
		err = SK_RCD_INVALID;

	return err;
}

static enum sk_err check_claims(enum sk_ppt ppt, const struct sk_claims *claims)
{
	const bool shaken = ppt == SK_PPT_SHAKEN;
	enum sk_err err = check_parties(shaken, claims);

	if (!err && claims->iat < 0)
		err = SK_CLAIM_TYPE;
	if (!err)
		err = check_attestation(shaken, claims);
	if (!err)
		err = check_types(ppt, claims);

	return err;
}

static void append(char *buf, size_t *at, const char *text, size_t len)
{
	memcpy(buf + *at, text, len);
	*at += len;
}

enum sk_err sk_sign(const struct sk_credential *credential, const struct sk_claims *claims,
		    char *buf, size_t size, size_t *len)
{
	enum sk_err err = check_claims(credential->ppt, claims);
	char payload[PAYLOAD_SIZE];
	uint8_t sig[SK_SIG_LEN];
	struct sk_buf text;
	size_t at = 0;

	if (err)
		return err;

	sk_buf_init(&text, payload, sizeof(payload));
	sk_claims_print(claims, &text);
	if (text.overflow || credential->head_len + SK_B64URL_LEN(text.len) + 1 + SIG_TEXT_LEN +
					     credential->tail_len >=
				     size)
		return SK_TOO_LONG;

	append(buf, &at, credential->head, credential->head_len);
	at += sk_b64url_encode(payload, text.len, buf + at);
	err = credential->signer->sign(credential->signer, (struct sk_span){ buf, at }, sig);
	if (err)
		return err;

	buf[at++] = '.';
	at += sk_b64url_encode(sig, sizeof(sig), buf + at);
	append(buf, &at, credential->tail, credential->tail_len);
	buf[at] = '\0';
	*len = at;
	return SK_OK;
}
