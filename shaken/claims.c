/*
 * The payload, both ways.  Reading goes through jansson; printing does not, since
 * every signed call prints one and the order of the names is fixed anyway.
 */
#include "shaken/claims.h"

#include "shaken/json.h"
#include "shaken/rcd.h"
#include "shaken/rph.h"

enum {
	CLAIM_ATTEST = 1,
	CLAIM_DIV = 2,
	CLAIM_ORIGID = 4,
};

/* clang-format off */
static const struct {
	enum sk_ppt ppt;
	unsigned required; /* beside dest, iat and orig (RFC 8225, 5.1 and 5.2) */
	const char *text;
} types[] = {
	{ SK_PPT_NONE,   0,                           "" },
	{ SK_PPT_SHAKEN, CLAIM_ATTEST | CLAIM_ORIGID, "shaken" }, /* RFC 8588, sections 4 and 5 */
	{ SK_PPT_DIV,    CLAIM_DIV,                   "div" },    /* RFC 8946, section 3        */
	{ SK_PPT_DIV_O,  CLAIM_DIV,                   "div-o" },  /* RFC 8946, section 5        */
	{ SK_PPT_RPH,    0,                           "rph" },
	{ SK_PPT_RCD,    0,                           "rcd" },
	{ SK_PPT_OTHER,  0,                           "other" },
};
/* clang-format on */

static unsigned required_by(enum sk_ppt ppt)
{
	return (unsigned)ppt < SK_COUNT(types) ? types[ppt].required : 0;
}

static bool has(const json_t *object, const char *name)
{
	return json_object_get(object, name) != NULL;
}

static bool has_required(const json_t *payload, unsigned required)
{
	if (!has(payload, "dest") || !has(payload, "iat") || !has(payload, "orig"))
		return false;
	if ((required & CLAIM_ATTEST) && !has(payload, "attest"))
		return false;
	if ((required & CLAIM_DIV) && !has(payload, "div"))
		return false;

	return !(required & CLAIM_ORIGID) || has(payload, "origid");
}

/* Copy a string that is not too long; a NUL inside would end it too early. */
static bool read_text(const json_t *value, char *out, size_t size)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text || len >= size || memchr(text, '\0', len))
		return false;

	memcpy(out, text, len + 1);
	return true;
}

static bool read_party(const json_t *value, enum sk_party_kind kind, struct sk_party *out)
{
	out->kind = kind;
	return read_text(value, out->text, sizeof(out->text)) && out->text[0] != '\0';
}

/* RFC 8225, 5.2.1: orig is exactly one identity; RFC 8946, section 3: so is div. */
static bool read_single(const json_t *object, struct sk_party *out)
{
	const json_t *tn = json_object_get(object, "tn");
	const json_t *uri = json_object_get(object, "uri");

	if (!json_is_object(object) || !tn == !uri)
		return false;

	return tn ? read_party(tn, SK_PARTY_TN, out) : read_party(uri, SK_PARTY_URI, out);
}

/* RFC 8225, 5.2.1: an array of at least one identity, when it is there. */
static bool read_list(const json_t *list, enum sk_party_kind kind, struct sk_claims *out)
{
	size_t count = json_array_size(list);

	if (!list)
		return true;
	if (count < 1 || count > SK_DEST_MAX - out->dest_count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!read_party(json_array_get(list, i), kind, &out->dest[out->dest_count++]))
			return false;

	return true;
}

static bool read_dest(const json_t *object, struct sk_claims *out)
{
	return json_is_object(object) &&
	       read_list(json_object_get(object, "tn"), SK_PARTY_TN, out) &&
	       read_list(json_object_get(object, "uri"), SK_PARTY_URI, out) && out->dest_count > 0;
}

/* RFC 8225, 5.1.1: a number; RFC 8225, section 9, leaves no fraction. */
static bool read_iat(const json_t *value, int64_t *out)
{
	if (!json_is_integer(value))
		return false;

	*out = json_integer_value(value);
	return true;
}

static enum sk_attest read_attest(const json_t *payload)
{
	struct sk_span text;

	if (!has(payload, "attest"))
		return SK_ATTEST_NONE;

	return sk_json_string(payload, "attest", &text) ? sk_attest_parse(text) : SK_ATTEST_BAD;
}

enum sk_err sk_claims_read(const json_t *payload, enum sk_ppt ppt, struct sk_claims *out)
{
	unsigned required = required_by(ppt);
	const json_t *origid = json_object_get(payload, "origid");
	struct sk_claims claims = { .attest = read_attest(payload) };

	if (!has_required(payload, required))
		return SK_CLAIM_MISSING;

	if (!read_single(json_object_get(payload, "orig"), &claims.orig) ||
	    !read_dest(json_object_get(payload, "dest"), &claims) ||
	    !read_iat(json_object_get(payload, "iat"), &claims.iat))
		return SK_CLAIM_TYPE;
	if (origid && !read_text(origid, claims.origid, sizeof(claims.origid)))
		return SK_CLAIM_TYPE;
	/* in every other type div is a claim we do not know, and no link of a chain */
	if ((required & CLAIM_DIV) && !read_single(json_object_get(payload, "div"), &claims.div))
		return SK_CLAIM_TYPE;

	*out = claims;
	return SK_OK;
}

/* The called parties of one kind, sorted by code point; strcmp() does that in UTF-8. */
static size_t sorted(const struct sk_claims *claims, enum sk_party_kind kind,
		     const char *texts[SK_DEST_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < claims->dest_count && i < SK_DEST_MAX; i++) {
		const char *text = claims->dest[i].text;
		size_t at = count;

		if (claims->dest[i].kind != kind)
			continue;
		for (; at > 0 && strcmp(texts[at - 1], text) > 0; at--)
			texts[at] = texts[at - 1];
		texts[at] = text;
		count++;
	}

	return count;
}

static void put_list(struct sk_buf *out, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sk_buf_putc(out, i == 0 ? '[' : ',');
		sk_json_put_string(out, texts[i]);
	}
	sk_buf_putc(out, ']');
}

static void put_dest(struct sk_buf *out, const struct sk_claims *claims)
{
	const char *tns[SK_DEST_MAX], *uris[SK_DEST_MAX];
	size_t tn_count = sorted(claims, SK_PARTY_TN, tns);
	size_t uri_count = sorted(claims, SK_PARTY_URI, uris);

	if (tn_count == 0 && uri_count == 0)
		return;

	sk_json_put_name(out, "dest");
	sk_buf_putc(out, '{');
	if (tn_count > 0) {
		sk_json_put_name(out, "tn");
		put_list(out, tns, tn_count);
	}
	if (uri_count > 0) {
		sk_json_put_name(out, "uri");
		put_list(out, uris, uri_count);
	}
	sk_buf_putc(out, '}');
}

static void put_party(struct sk_buf *out, const char *name, const struct sk_party *party)
{
	if (party->kind == SK_PARTY_NONE)
		return;

	sk_json_put_name(out, name);
	sk_buf_putc(out, '{');
	sk_json_put_name(out, party->kind == SK_PARTY_TN ? "tn" : "uri");
	sk_json_put_string(out, party->text);
	sk_buf_putc(out, '}');
}

/* RFC 8225, section 9: names in the order of their code points, no white space. */
void sk_claims_print(const struct sk_claims *claims, struct sk_buf *out)
{
	char attest[2] = { sk_attest_letter(claims->attest), '\0' };

	sk_buf_putc(out, '{');
	if (attest[0] != '-') {
		sk_json_put_name(out, "attest");
		sk_json_put_string(out, attest);
	}
	if (claims->rcd && claims->rcd->crn[0] != '\0') {
		sk_json_put_name(out, "crn");
		sk_json_put_string(out, claims->rcd->crn);
	}
	put_dest(out, claims);
	put_party(out, "div", &claims->div);
	sk_json_put_name(out, "iat");
	sk_buf_put_number(out, claims->iat);
	put_party(out, "orig", &claims->orig);
	if (claims->origid[0] != '\0') {
		sk_json_put_name(out, "origid");
		sk_json_put_string(out, claims->origid);
	}
	if (claims->rcd)
		sk_rcd_print(claims->rcd, out);
	if (claims->rph)
		sk_rph_print(claims->rph, out);
	sk_buf_putc(out, '}');
}

char sk_attest_letter(enum sk_attest attest)
{
	switch (attest) {
	case SK_ATTEST_A:
		return 'A';
	case SK_ATTEST_B:
		return 'B';
	case SK_ATTEST_C:
		return 'C';
	case SK_ATTEST_NONE:
	case SK_ATTEST_BAD:
		break;
	}

	return '-';
}

enum sk_attest sk_attest_parse(struct sk_span text)
{
	if (text.len != 1 || text.ptr[0] < 'A' || text.ptr[0] > 'C')
		return SK_ATTEST_BAD;

	return (enum sk_attest)(SK_ATTEST_A + (text.ptr[0] - 'A'));
}

enum sk_ppt sk_ppt_parse(struct sk_span text)
{
	for (size_t i = 0; i < SK_COUNT(types); i++)
		if (sk_span_eq(text, sk_span_of(types[i].text)))
			return types[i].ppt;

	return SK_PPT_OTHER;
}

enum sk_ppt sk_ppt_param(struct sk_span text)
{
	for (size_t i = 0; i < SK_COUNT(types); i++)
		if (sk_span_eq_nocase(text, sk_span_of(types[i].text)))
			return types[i].ppt;

	return SK_PPT_OTHER;
}

const char *sk_ppt_text(enum sk_ppt ppt)
{
	return types[(unsigned)ppt < SK_COUNT(types) ? ppt : SK_PPT_OTHER].text;
}
