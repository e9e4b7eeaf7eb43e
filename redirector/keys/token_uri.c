/*
 * Stricter than libp11, which takes PINs in several places of a URI: a URI is printed in
 * logs and by --print-config.
 */
#include "redirector/keys/token_state.h"

#include <stdio.h>
#include <string.h>

static bool refuse(char why[TOKEN_WHY_SIZE], const char *reason)
{
	snprintf(why, TOKEN_WHY_SIZE, "%s", reason);
	return false;
}

/* RFC 7512, 2.3: pk11-pchar; printable and without what means something elsewhere. */
static bool is_value(struct sk_span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] <= ' ' || value.ptr[i] >= 127 ||
		    strchr("\"<>\\^`{|}#", value.ptr[i]))
			return false;
	return value.len > 0;
}

static bool is_name(struct sk_span name)
{
	static const char *const known[] = { "token",  "manufacturer", "serial", "model",
					     "object", "id",           "type" };

	for (size_t i = 0; i < SK_COUNT(known); i++)
		if (sk_span_eq(name, sk_span_of(known[i])))
			return true;
	return false;
}

struct parts {
	struct sk_span token;
	bool key;
};

static bool read_attribute(struct sk_span text, struct parts *out, char why[TOKEN_WHY_SIZE])
{
	const char *equals = memchr(text.ptr, '=', text.len);
	struct sk_span name = { text.ptr, equals ? (size_t)(equals - text.ptr) : text.len };
	struct sk_span value = { text.ptr + name.len + 1, equals ? text.len - name.len - 1 : 0 };

	if (!is_name(name))
		return refuse(why, "a URI of a key says token, object, id, serial, model or "
				   "manufacturer, and nothing else");
	if (!equals || !is_value(value))
		return refuse(why, "an attribute of the URI has no value, or a character that must "
				   "be %-encoded");
	if (sk_span_eq(name, SK_SPAN("token")))
		out->token = value;
	if (sk_span_eq(name, SK_SPAN("type")) && !sk_span_eq(value, SK_SPAN("private")))
		return refuse(why, "a URI of a key has type=private or none");
	out->key |= sk_span_eq(name, SK_SPAN("object")) || sk_span_eq(name, SK_SPAN("id"));
	return true;
}

bool token_uri_read(const char *uri, struct sk_span *token, char why[TOKEN_WHY_SIZE])
{
	static const char scheme[] = "pkcs11:";
	struct parts parts = { .token = SK_SPAN("") };

	if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0)
		return refuse(why, "is no pkcs11: URI");
	if (strlen(uri) > TOKEN_URI_MAX)
		return refuse(why, "the URI is too long");
	/* RFC 7512, 2.4: pin-value and pin-source stand there, module-path too */
	if (strchr(uri, '?'))
		return refuse(why, "nothing behind a \"?\": the PIN is in hsm.pin-file, the "
				   "library in hsm.module");
	uri += sizeof(scheme) - 1;
	for (;;) {
		size_t len = strcspn(uri, ";");

		if (!read_attribute((struct sk_span){ uri, len }, &parts, why))
			return false;
		if (uri[len] == '\0')
			break;
		uri += len + 1;
	}
	if (!parts.key)
		return refuse(why, "the URI names no key: object or id is missing");
	*token = parts.token;
	return true;
}
