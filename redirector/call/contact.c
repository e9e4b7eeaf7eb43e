/*
 * The Contact names the called party; where the call goes on is the proxy's to
 * decide.  Everything that came from the request was checked by uri_parse():
 * nothing in it can end the <> or the line.
 */
#include "redirector/call/contact.h"

#include "redirector/call/name.h"
#include "redirector/call/uri.h"

static bool is_sip(const struct uri *uri)
{
	return sk_span_eq_nocase(uri->scheme, SK_SPAN("sip")) ||
	       sk_span_eq_nocase(uri->scheme, SK_SPAN("sips"));
}

static void print_verstat(const char *verstat, struct sk_buf *out)
{
	if (!verstat[0])
		return;
	sk_buf_puts(out, ";verstat=");
	sk_buf_puts(out, verstat);
}

static const struct sk_span verstat_only[] = { { "verstat", 7 } };

/* The user part; a verstat that somebody else put there goes, ours comes. */
static void print_user(struct sk_span user, const char *verstat, struct sk_buf *out)
{
	const char *semi = user.len ? memchr(user.ptr, ';', user.len) : NULL;
	size_t bare = semi ? (size_t)(semi - user.ptr) : user.len;

	sk_buf_put(out, (struct sk_span){ user.ptr, bare });
	uri_print_params_without((struct sk_span){ user.ptr + bare, user.len - bare }, verstat_only,
				 SK_COUNT(verstat_only), out);
	print_verstat(verstat, out);
}

static bool is_urn(const struct uri *target)
{
	return sk_span_eq_nocase(target->scheme, SK_SPAN("urn"));
}

/* The user part of a URN names a service, not somebody at a host. */
static bool has_user(const struct uri *target)
{
	return target->user.len > 0 && target->user.ptr[0] != ';' && !is_urn(target);
}

/* "user@", nothing when the request named no user. */
static void print_user_at(const struct call *c, const struct uri *target, const char *verstat,
			  struct sk_buf *out)
{
	bool in_user = c->tenant->set->answer.verstat_in & VERSTAT_IN_CONTACT_USER;

	if (!has_user(target))
		return;
	print_user(target->user, in_user ? verstat : "", out);
	sk_buf_putc(out, '@');
}

static const char *scheme_of(const struct uri *target)
{
	/* RFC 3261, 8.1.1.8: who asked by sips is answered by sips */
	return sk_span_eq_nocase(target->scheme, SK_SPAN("sips")) ? "sips:" : "sip:";
}

static bool is_phone(const struct uri *target)
{
	return sk_span_eq_nocase(target->scheme, SK_SPAN("tel")) ||
	       sk_span_eq_nocase(uri_param(target->params, SK_SPAN("user")), SK_SPAN("phone"));
}

static bool by_stream(const struct call *c)
{
	return strcmp(c->facts.transport, "udp") != 0;
}

/* The port of a connection's other end is good for this connection alone; where the client
 * listens its Via says (RFC 3261, 18.1.1). */
static uint16_t stream_port(const struct call *c)
{
	uint16_t usual = strcmp(c->facts.transport, "tls") == 0 ? 5061 : 5060;
	struct sk_span text = c->facts.sent_port;
	uint32_t port = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || port > UINT16_MAX)
			return usual;
		port = port * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	return port > 0 && port <= UINT16_MAX ? (uint16_t)port : usual;
}

static void print_source(const struct call *c, struct sk_buf *out)
{
	struct addr source = c->facts.source;
	char host[ADDR_TEXT_SIZE];

	if (by_stream(c))
		addr_set_port(&source, stream_port(c));
	if (source.sa.any.sa_family == AF_INET6 || addr_port(&source) != 5060)
		addr_print(&source, host);
	else
		addr_print_host(&source, host);
	sk_buf_puts(out, host);
}

/* Without it the URI would lead there by UDP (RFC 3263, 4.1). */
static void print_transport(const struct call *c, struct sk_buf *out)
{
	if (by_stream(c))
		sk_buf_printf(out, ";transport=%s", c->facts.transport);
}

/* The called user at the host and port that the request came from. */
static void print_at_source(const struct call *c, const struct uri *target, const char *verstat,
			    struct sk_buf *out)
{
	sk_buf_puts(out, scheme_of(target));
	print_user_at(c, target, verstat, out);
	print_source(c, out);
	if (is_phone(target))
		sk_buf_puts(out, ";user=phone");
	print_transport(c, out);
}

/* The Request-URI itself, without headers, which may not stand in a request. */
static void print_request_uri(const struct call *c, const struct uri *target, const char *verstat,
			      struct sk_buf *out)
{
	/* RFC 3261, 19.1.1: method and lr may not stand in a Contact; verstat is ours to say */
	static const struct sk_span dropped[] = { { "verstat", 7 }, { "method", 6 }, { "lr", 2 } };

	sk_buf_put(out, target->scheme);
	sk_buf_putc(out, ':');
	if (!is_sip(target)) {
		bool in_user = c->tenant->set->answer.verstat_in & VERSTAT_IN_CONTACT_USER;

		print_user(target->user, in_user ? verstat : "", out);
		return;
	}
	print_user_at(c, target, verstat, out);
	sk_buf_put(out, target->host);
	if (target->port.len > 0) {
		sk_buf_putc(out, ':');
		sk_buf_put(out, target->port);
	}
	uri_print_params_without(target->params, dropped, SK_COUNT(dropped), out);
}

/* "sip:{user}@next.example.net;user=phone": {user}, {host} and {port} of the Request-URI.  The
 * configuration lets {user} stand nowhere but in front of an @. */
static void print_template(const struct call *c, const struct uri *target, const char *verstat,
			   struct sk_buf *out)
{
	const char *t = c->tenant->set->answer.contact_template;

	while (*t) {
		if (strncmp(t, "{user}@", 7) == 0) {
			print_user_at(c, target, verstat, out);
			t += 7;
		} else if (strncmp(t, "{host}", 6) == 0) {
			sk_buf_put(out, target->host);
			t += 6;
		} else if (strncmp(t, "{port}", 6) == 0) {
			sk_buf_put(out, target->port.len ? target->port : SK_SPAN("5060"));
			t += 6;
		} else {
			sk_buf_putc(out, *t++);
		}
	}
}

/* Does the Request-URI lead to the address the request arrived at? */
static bool names_us(const struct call *c, const struct uri *target)
{
	struct sk_span port = target->port.len ? target->port : SK_SPAN("5060");
	char mem[ADDR_TEXT_SIZE];
	struct sk_buf text;
	struct addr addr;

	sk_buf_init(&text, mem, sizeof(mem));
	sk_buf_put(&text, target->host);
	sk_buf_putc(&text, ':');
	sk_buf_put(&text, port);
	return !text.overflow && addr_parse((struct sk_span){ text.text, text.len }, &addr) &&
	       addr_eq(&addr, &c->facts.local);
}

/* `must_be_sip`: it is to carry headers, which only a SIP URI can. */
static void print_target(const struct call *c, const struct uri *target, const char *verstat,
			 bool must_be_sip, struct sk_buf *out)
{
	enum conf_contact how = c->tenant->set->answer.contact;
	bool repeat = how == CONTACT_REQUEST_URI && !names_us(c, target) &&
		      (is_sip(target) || !must_be_sip);

	if (how == CONTACT_TEMPLATE)
		print_template(c, target, verstat, out);
	else if (repeat || (is_urn(target) && !must_be_sip))
		/* urn:service:sos: an emergency call keeps its target (RFC 5031) */
		print_request_uri(c, target, verstat, out);
	else
		print_at_source(c, target, verstat, out);
}

/* Reads what was printed from `start` on. */
static bool parse_printed(const struct sk_buf *out, size_t start, struct uri *made)
{
	return !out->overflow &&
	       uri_parse((struct sk_span){ out->text + start, out->len - start }, made);
}

/* RFC 3261, 8.3: never redirect to the Request-URI; 19.1.4: transport makes two URIs differ,
 * another parameter in only one of them would not */
static bool make_differ(const struct call *c, const struct uri *target, const struct uri *made,
			struct sk_buf *out)
{
	if (!uri_eq(target, made))
		return true;
	if (!is_sip(made) || uri_param(made->params, SK_SPAN("transport")).ptr)
		return false;
	sk_buf_puts(out, ";transport=");
	sk_buf_puts(out, c->facts.transport);
	return true;
}

bool contact_print(const struct call *c, const char *verstat, const char *headers,
		   struct sk_buf *out)
{
	const struct answer_conf *set = &c->tenant->set->answer;
	struct uri target, made;
	bool fits, differs, sip;
	size_t start;

	if (!facts_target(&c->facts, &target))
		return false;
	sk_buf_putc(out, '<');
	start = out->len;
	print_target(c, &target, verstat, headers[0] != '\0', out);
	fits = parse_printed(out, start, &made);
	if (!fits && !out->overflow) {
		/* a template that does not fit this Request-URI: no host in tel, no user */
		out->len = start;
		print_at_source(c, &target, verstat, out);
		fits = parse_printed(out, start, &made);
	}
	if (!fits && !out->overflow) {
		/* nor does its user part: then nobody at the source */
		out->len = start;
		sk_buf_puts(out, "sip:");
		print_source(c, out);
		print_transport(c, out);
		fits = parse_printed(out, start, &made);
	}
	if (!fits)
		return false;
	sip = is_sip(&made);
	differs = (headers[0] && sip) || make_differ(c, &target, &made, out);
	if (!is_urn(&made) && (set->verstat_in & VERSTAT_IN_CONTACT_URI))
		print_verstat(verstat, out);
	if (headers[0] && sip) {
		sk_buf_putc(out, '?');
		sk_buf_puts(out, headers);
	}
	sk_buf_putc(out, '>');
	return differs;
}

/*
 * One quoted string, or words: nothing that a careless reader could take for a URI
 * or a parameter.  A verstat that somebody else wrote there must not come from us
 * (TS 24.229, 7.2A.20).
 */
static bool is_plain_name(struct sk_span name)
{
	bool quoted = name.len > 1 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"';

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c == '\r' || (!quoted && strchr("\";:@=,<>", c)))
			return false;
		if (name.len - i >= 7 && strncasecmp(name.ptr + i, "verstat", 7) == 0)
			return false;
	}
	return name.len > 0;
}

/* The name as received (the proxy puts this header in the place of the caller's), or another. */
static void print_caller_name(struct sk_span caller, struct sk_span uri, struct sk_span name,
			      struct sk_buf *out)
{
	struct sk_span own = { NULL, 0 };

	if (uri.ptr > caller.ptr)
		own = sk_span_trim(
			(struct sk_span){ caller.ptr, (size_t)(uri.ptr - caller.ptr) - 1 });
	if (name.len > 0)
		name_print_quoted(name, out);
	else if (is_plain_name(own))
		sk_buf_put(out, own);
	else
		return;
	sk_buf_putc(out, ' ');
}

/* The parameters of a tel URI are those of its user part. */
static bool belongs_in_user(const struct uri *uri, enum conf_pai_verstat where)
{
	return where == PAI_VERSTAT_USER || (where == PAI_VERSTAT_URI && !is_sip(uri));
}

bool contact_print_caller(struct sk_span caller, struct sk_span name, enum conf_pai_verstat where,
			  const char *verstat, struct sk_buf *out)
{
	bool in_header = where == PAI_VERSTAT_HEADER, in_user;
	struct sk_span text, params;
	struct uri uri;

	if (sk_nameaddr_split(caller, &text, &params) || !uri_parse(text, &uri))
		return false;
	/* without a user part there is none to hold it: then it is the URI's */
	in_user = has_user(&uri) && belongs_in_user(&uri, where);
	print_caller_name(caller, text, name, out);
	sk_buf_putc(out, '<');
	sk_buf_put(out, uri.scheme);
	sk_buf_putc(out, ':');
	if (has_user(&uri))
		print_user(uri.user, in_user ? verstat : "", out);
	if (is_sip(&uri)) {
		if (has_user(&uri))
			sk_buf_putc(out, '@');
		sk_buf_put(out, uri.host);
		if (uri.port.len > 0) {
			sk_buf_putc(out, ':');
			sk_buf_put(out, uri.port);
		}
		uri_print_params_without(uri.params, verstat_only, SK_COUNT(verstat_only), out);
		if (!in_user && !in_header)
			print_verstat(verstat, out);
	}
	sk_buf_putc(out, '>');
	/* RFC 3325, 9.1, knows no parameters there; some peers write and read them all the same */
	if (in_header)
		print_verstat(verstat, out);
	return true;
}
