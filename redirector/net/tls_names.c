/*
 * Whom a client's certificate names (RFC 5922, 7.1).  Only what could be a host is a name:
 * that leaves out a NUL and what stands behind it, and every wildcard.
 */
#include "redirector/net/tls_state.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_LEN = 255, /* RFC 1035, 2.3.4 */
};

/* RFC 5922, 7.2: no form of wildcard is matched, and "_" does no harm. */
static bool is_name(struct sk_span s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";

	if (s.len == 0 || s.len > NAME_MAX_LEN || s.ptr[0] == '.')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\0' || !strchr(allowed, s.ptr[i]))
			return false;
	return true;
}

/* RFC 3261, 25.1: an IPv6 address stands in brackets, and they are of the host. */
static bool is_reference(struct sk_span s)
{
	if (s.len < 4 || s.len > 47 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']')
		return false;
	for (size_t i = 1; i < s.len - 1; i++)
		if (s.ptr[i] == '\0' || !strchr("0123456789abcdefABCDEF:.", s.ptr[i]))
			return false;
	return true;
}

/* "sip:host:port;x=y" -> "host"; RFC 5922, 7.1: another scheme, or a user, is no domain. */
static struct sk_span host_of(struct sk_span uri)
{
	static const struct sk_span none = { NULL, 0 };
	struct sk_span host = { uri.ptr + 4, 0 };
	size_t left;

	if (uri.len < 5 || !sk_span_eq_nocase((struct sk_span){ uri.ptr, 4 }, SK_SPAN("sip:")) ||
	    memchr(uri.ptr, '@', uri.len) || memchr(uri.ptr, '\0', uri.len))
		return none;
	left = uri.len - 4;
	if (host.ptr[0] == '[') {
		const char *end = memchr(host.ptr, ']', left);

		host.len = end ? (size_t)(end - host.ptr) + 1 : 0;
	} else {
		while (host.len < left && !strchr(":;?", host.ptr[host.len]))
			host.len++;
	}
	if (host.len < left && !strchr(":;?", host.ptr[host.len]))
		return none;
	return is_name(host) || is_reference(host) ? host : none;
}

static struct sk_span span_of(const ASN1_STRING *s)
{
	return (struct sk_span){ (const char *)ASN1_STRING_get0_data(s),
				 (size_t)ASN1_STRING_length(s) };
}

static struct sk_span alternative(const GENERAL_NAME *name)
{
	struct sk_span s = { NULL, 0 };

	if (name->type == GEN_URI)
		return host_of(span_of(name->d.uniformResourceIdentifier));
	if (name->type == GEN_DNS)
		s = span_of(name->d.dNSName);
	return is_name(s) ? s : (struct sk_span){ NULL, 0 };
}

static struct sk_span common_name(const X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	struct sk_span s;

	if (at < 0)
		return (struct sk_span){ NULL, 0 };
	s = span_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	return is_name(s) ? s : (struct sk_span){ NULL, 0 };
}

static bool is_known(const struct sk_span *found, size_t count, struct sk_span name)
{
	for (size_t i = 0; i < count; i++)
		if (sk_span_eq_nocase(found[i], name))
			return true;
	return false;
}

static struct tls_names *copy(const struct sk_span *found, size_t count)
{
	struct tls_names *names;
	size_t room = 0;
	char *to;

	for (size_t i = 0; i < count; i++)
		room += found[i].len;
	names = malloc(sizeof(*names) + room);
	if (!names)
		return NULL;
	names->count = count;
	to = names->text;
	for (size_t i = 0; i < count; i++) {
		memcpy(to, found[i].ptr, found[i].len);
		names->names[i] = (struct sk_span){ to, found[i].len };
		to += found[i].len;
	}
	return names;
}

bool tls_names_read(const X509 *cert, struct tls_names **out)
{
	struct sk_span found[TLS_NAMES_MAX];
	struct tls_names *names = NULL;
	GENERAL_NAMES *list;
	size_t count = 0;
	int state = 0;

	list = X509_get_ext_d2i(cert, NID_subject_alt_name, &state, NULL);
	for (int i = 0; list && i < sk_GENERAL_NAME_num(list) && count < TLS_NAMES_MAX; i++) {
		struct sk_span name = alternative(sk_GENERAL_NAME_value(list, i));

		if (name.len > 0 && !is_known(found, count, name))
			found[count++] = name;
	}
	/* RFC 5922, 7.1: the subject counts if and only if there is no subjectAltName at all (-1),
	 * not when it is there and cannot be read */
	if (!list && state == -1) {
		found[0] = common_name(cert);
		count = found[0].len > 0;
	}
	if (count > 0)
		names = copy(found, count);
	GENERAL_NAMES_free(list);
	if (count > 0 && !names)
		return false;
	*out = names;
	return true;
}
