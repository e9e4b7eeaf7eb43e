/*
 * From a header value to a canonical party, in three steps: cut the address out,
 * decide whether its user part is a number, and bring the number to E.164.
 *
 * What surprises: parameters of the user part are cut off before any digit is
 * looked at, so "rn=+1..." leaks no digits; a number with letters is an address,
 * never the digits that are left of it; and what can not be brought to E.164
 * without a guess is kept as it is for the called side and is no number at all
 * for the calling side.
 */
#include "shaken/tn.h"

#include "shaken/buf.h"
#include "shaken/dialplan.h"
#include "shaken/text.h"

/* The parts of a sip or sips URI that matter to us. */
struct address {
	struct sk_span user; /* with its parameters, without a password */
	struct sk_span host; /* an IPv6 address with its brackets       */
	bool phone;          /* user=phone                              */
};

static bool take_host(struct sk_span *rest, struct sk_span *host)
{
	bool v6 = starts_with(*rest, "[");

	*host = take_until(rest, v6 ? "]" : ":;?");
	if (v6) {
		if (rest->len == 0)
			return false;
		*rest = skip(*rest, 1);
		host->len++;
	}
	for (size_t i = v6; i + v6 < host->len; i++)
		if (v6 ? hex_of(host->ptr[i]) < 0 && !strchr(":.", host->ptr[i])
		       : !is_alnum(host->ptr[i]) && !strchr("-._", host->ptr[i]))
			return false;

	return host->len > (v6 ? 2 : 0);
}

static bool take_port(struct sk_span *rest)
{
	size_t len = 0;

	if (!starts_with(*rest, ":"))
		return true;

	*rest = skip(*rest, 1);
	while (len < rest->len && is_digit(rest->ptr[len]))
		len++;
	*rest = skip(*rest, len);
	return len >= 1 && len <= 5;
}

/* RFC 3261, 25.1, from behind the scheme's colon. */
static bool split_address(struct sk_span rest, struct address *out)
{
	const char *at = rest.len > 0 ? memchr(rest.ptr, '@', rest.len) : NULL;
	struct sk_span params, phone, password;

	out->user = SK_SPAN("");
	if (at) {
		password = (struct sk_span){ rest.ptr, (size_t)(at - rest.ptr) };
		rest = skip(rest, password.len + 1);
		out->user = take_until(&password, ":");
		/* an unescaped second '@' lets two readers see two hosts */
		if (out->user.len == 0 || memchr(rest.ptr, '@', rest.len))
			return false;
	}
	if (!take_host(&rest, &out->host) || !take_port(&rest))
		return false;
	if (rest.len > 0 && rest.ptr[0] != ';' && rest.ptr[0] != '?')
		return false;

	params = take_until(&rest, "?");
	out->phone = find_param(params, SK_SPAN("user"), &phone) &&
		     sk_span_eq_nocase(phone, SK_SPAN("phone")); /* RFC 3261, 19.1.4 */
	return true;
}

static void put_lower(struct sk_buf *out, struct sk_span s)
{
	size_t start = out->len;

	sk_buf_put(out, s);
	for (size_t i = start; i < out->len; i++)
		out->text[i] = lower(out->text[i]);
}

/* RFC 3986, 6.2.2.2: an escape of an unreserved character is undone, others stay. */
static void put_user(struct sk_buf *out, struct sk_span user)
{
	if (user.len > 0 && !memchr(user.ptr, '%', user.len)) {
		put_lower(out, user);
		return;
	}
	while (user.len > 0) {
		bool escaped = is_escape(user);
		char c = take_char(&user);

		if (escaped && !is_alnum(c) && !memchr("-_.!~*'()", c, 9))
			sk_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
		else
			sk_buf_putc(out, lower(c));
	}
}

static void finish_uri(const struct sk_buf *buf, struct sk_party *out)
{
	out->kind = SK_PARTY_URI;
	if (buf->overflow)
		*out = (struct sk_party){ .kind = SK_PARTY_NONE };
}

/* RFC 8224, 8.5: scheme, user and host, nothing else, all in lower case. */
static void print_address(const char *scheme, const struct address *address, struct sk_party *out)
{
	struct sk_buf buf;

	sk_buf_init(&buf, out->text, sizeof(out->text));
	sk_buf_puts(&buf, scheme);
	if (address->user.len > 0) {
		put_user(&buf, address->user);
		sk_buf_putc(&buf, '@');
	}
	put_lower(&buf, address->host);
	finish_uri(&buf, out);
}

/*
 * RFC 8224, section 11: nobody can vouch for such a name; for one with a NUL in it
 * no more (RFC 4475, 3.1.1.4).  The name is the canonical text behind the scheme.
 */
static bool is_nobody(const char *name)
{
	size_t len = strlen(name), user = strcspn(name, ";@");
	struct sk_span word = { name, name[user] != '\0' ? user : 0 };

	return sk_span_eq(word, SK_SPAN("anonymous")) || sk_span_eq(word, SK_SPAN("unavailable")) ||
	       strstr(name, "%00") || (len >= 8 && strcmp(name + len - 8, ".invalid") == 0);
}

static enum sk_err read_sip(const char *scheme, struct sk_span rest, const struct sk_dialplan *plan,
			    enum sk_role role, struct sk_party *out)
{
	struct sk_span params, dialled, context = { NULL, 0 };
	struct address address;
	struct sk_dialled number;

	if (!split_address(rest, &address))
		return SK_REQUEST_SYNTAX;

	print_address(scheme, &address, out);
	if (out->kind == SK_PARTY_URI && is_nobody(out->text + strlen(scheme))) {
		*out = (struct sk_party){ .kind = SK_PARTY_NONE };
		return SK_OK;
	}
	if (address.user.len == 0)
		return SK_OK;

	/* cut before any digit is read: parameters of the user part have digits of their own */
	params = address.user;
	dialled = take_until(&params, ";");
	find_param(params, SK_SPAN("phone-context"), &context);
	if (sk_dialled_scan(dialled, &number) && sk_dialled_counts(&number, address.phone, plan))
		sk_dialled_settle(&number, context, plan, role, out);

	return SK_OK;
}

/* RFC 3966, section 3: the number, then parameters of which only the context matters. */
static enum sk_err read_tel(struct sk_span rest, const struct sk_dialplan *plan, enum sk_role role,
			    struct sk_party *out)
{
	struct sk_span dialled = take_until(&rest, ";"), context = { NULL, 0 };
	struct sk_dialled number = { .len = 0 };

	/* there is no host to make an address of: what is no number is nobody */
	if (!sk_dialled_scan(dialled, &number))
		number.len = 0;
	find_param(rest, SK_SPAN("phone-context"), &context);
	sk_dialled_settle(&number, context, plan, role, out);
	return SK_OK;
}

/* urn:service:sos and the like: as it stands, in lower case (RFC 9027, 4.1). */
static enum sk_err read_other(struct sk_span uri, struct sk_party *out)
{
	struct sk_buf buf;

	sk_buf_init(&buf, out->text, sizeof(out->text));
	put_lower(&buf, uri);
	finish_uri(&buf, out);
	return SK_OK;
}

static bool is_scheme(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && !strchr("+-.", s.ptr[i]))
			return false;

	return s.len > 0 && is_alnum(s.ptr[0]) && !is_digit(s.ptr[0]);
}

enum sk_err sk_party_from_uri(struct sk_span uri, const struct sk_dialplan *plan, enum sk_role role,
			      struct sk_party *out)
{
	struct sk_span rest = uri, scheme = take_until(&rest, ":");

	if (!is_uri_text(uri) || !is_scheme(scheme) || rest.len < 2)
		return SK_REQUEST_SYNTAX;

	rest = skip(rest, 1);
	if (sk_span_eq_nocase(scheme, SK_SPAN("sip")))
		return read_sip("sip:", rest, plan, role, out);
	if (sk_span_eq_nocase(scheme, SK_SPAN("sips")))
		return read_sip("sips:", rest, plan, role, out);
	if (!sk_span_eq_nocase(scheme, SK_SPAN("tel")))
		return read_other(uri, out);

	return read_tel(rest, plan, role, out);
}

enum sk_err sk_party_from_number(struct sk_span text, const struct sk_dialplan *plan,
				 enum sk_role role, struct sk_party *out)
{
	struct sk_span trimmed = sk_span_trim(text);
	struct sk_party party = { .kind = SK_PARTY_NONE };
	struct sk_dialled number;

	if (trimmed.len == 0 || memchr(trimmed.ptr, '%', trimmed.len))
		return SK_TN_SYNTAX; /* people write no escapes */
	if (sk_dialled_scan(trimmed, &number))
		sk_dialled_settle(&number, (struct sk_span){ NULL, 0 }, plan, role, &party);
	if (party.kind != SK_PARTY_TN)
		return SK_TN_SYNTAX;

	*out = party;
	return SK_OK;
}

enum sk_err sk_party_read(struct sk_span value, const struct sk_dialplan *plan, enum sk_role role,
			  struct sk_party *out)
{
	struct sk_span uri, params;
	enum sk_err err = sk_nameaddr_split(value, &uri, &params);

	if (!err)
		err = sk_party_from_uri(uri, plan, role, out);

	return err;
}

bool sk_party_eq(const struct sk_party *a, const struct sk_party *b)
{
	return a->kind != SK_PARTY_NONE && a->kind == b->kind && strcmp(a->text, b->text) == 0;
}
