/*
 * First all of the text is walked over, then the struct is filled.  A string is taken as it
 * stands when it is printable ASCII without quotes and backslashes: there is nothing to be undone
 * in it, and nothing that JSON forbids.
 */
#include "shaken/canonical.h"

#include <string.h>

enum {
	IAT_DIGITS = 18, /* so many always fit into 64 bits */
};

/* Characters of such a string, each in its own place; the blank is added where they are read. */
static const char plain_chars[256] = "                                "
				     " ! #$%&'()*+,-./0123456789:;<=>?"
				     "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[ ]^_"
				     "`abcdefghijklmnopqrstuvwxyz{|}~ ";

static bool is_plain(char c)
{
	return c == ' ' || plain_chars[(unsigned char)c] > ' ';
}

static bool take(struct sk_span *rest, struct sk_span text)
{
	if (rest->len < text.len || memcmp(rest->ptr, text.ptr, text.len) != 0)
		return false;
	*rest = (struct sk_span){ rest->ptr + text.len, rest->len - text.len };
	return true;
}

/* A string of 1 to `size` - 1 characters up to its closing quote, which is stepped over. */
static bool take_string(struct sk_span *rest, size_t size, struct sk_span *out)
{
	size_t n = 0;

	while (n < rest->len && is_plain(rest->ptr[n]))
		n++;
	if (n == 0 || n >= size || n == rest->len || rest->ptr[n] != '"')
		return false;
	*out = (struct sk_span){ rest->ptr, n };
	*rest = (struct sk_span){ rest->ptr + n + 1, rest->len - n - 1 };
	return true;
}

bool sk_canonical_jose(struct sk_span text, struct sk_jose *out)
{
	struct sk_span ppt, x5u;

	if (!take(&text, SK_SPAN("{\"alg\":\"ES256\",\"ppt\":\"")) ||
	    !take_string(&text, text.len, &ppt) ||
	    !take(&text, SK_SPAN(",\"typ\":\"passport\",\"x5u\":\"")) ||
	    !take_string(&text, sizeof(out->x5u), &x5u) || !sk_span_eq(text, SK_SPAN("}")))
		return false;

	out->typ_is_passport = out->alg_is_es256 = true;
	out->critical = false;
	out->ppt = sk_ppt_parse(ppt);
	memcpy(out->x5u, x5u.ptr, x5u.len);
	out->x5u[x5u.len] = '\0';
	out->x5u_len = x5u.len;
	return true;
}

/* RFC 8259, section 6: no zero in front of other digits. */
static bool take_iat(struct sk_span *rest, int64_t *out)
{
	int64_t number = 0;
	size_t n = 0;

	for (; n < rest->len && rest->ptr[n] >= '0' && rest->ptr[n] <= '9'; n++) {
		if (n == IAT_DIGITS)
			return false;
		number = number * 10 + (rest->ptr[n] - '0');
	}
	if (n == 0 || (n > 1 && rest->ptr[0] == '0'))
		return false;
	*rest = (struct sk_span){ rest->ptr + n, rest->len - n };
	*out = number;
	return true;
}

/* From behind the opening quote of the first to behind the closing bracket. */
static bool take_list(struct sk_span *rest, struct sk_span out[SK_DEST_MAX], size_t *count)
{
	for (size_t n = 0; n < SK_DEST_MAX; n++) {
		if (!take_string(rest, sizeof(((struct sk_party *)0)->text), &out[n]))
			return false;
		if (take(rest, SK_SPAN("]"))) {
			*count = n + 1;
			return true;
		}
		if (!take(rest, SK_SPAN(",\"")))
			return false;
	}
	return false;
}

static void set_text(char *out, struct sk_span text)
{
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

static void set_number(struct sk_party *out, struct sk_span number)
{
	out->kind = SK_PARTY_TN;
	set_text(out->text, number);
}

bool sk_canonical_claims(struct sk_span text, struct sk_claims *out)
{
	struct sk_span attest, dest[SK_DEST_MAX], orig, origid;
	enum sk_attest letter;
	size_t count;
	int64_t iat;

	if (!take(&text, SK_SPAN("{\"attest\":\"")) || !take_string(&text, 2, &attest) ||
	    !take(&text, SK_SPAN(",\"dest\":{\"tn\":[\"")) || !take_list(&text, dest, &count) ||
	    !take(&text, SK_SPAN("},\"iat\":")) || !take_iat(&text, &iat) ||
	    !take(&text, SK_SPAN(",\"orig\":{\"tn\":\"")) ||
	    !take_string(&text, sizeof(out->orig.text), &orig) ||
	    !take(&text, SK_SPAN("},\"origid\":\"")) ||
	    !take_string(&text, sizeof(out->origid), &origid) || !sk_span_eq(text, SK_SPAN("}")))
		return false;
	letter = sk_attest_parse(attest);
	if (letter == SK_ATTEST_BAD)
		return false;

	out->attest = letter;
	for (size_t i = 0; i < count; i++)
		set_number(&out->dest[i], dest[i]);
	out->dest_count = count;
	out->iat = iat;
	set_number(&out->orig, orig);
	set_text(out->origid, origid);
	out->div.kind = SK_PARTY_NONE;
	out->rph = NULL;
	out->rcd = NULL;
	return true;
}
