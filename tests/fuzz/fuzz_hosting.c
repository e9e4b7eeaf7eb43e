/*
 * Any bytes as Host, path, If-None-Match and If-Match (a line each, "@" in the last two is our
 * tag): what is answered is one of the published certificates at its own address, whole, or nothing
 * at all; and who says by a list of tags that he has it or wants another, as a plain reader reads
 * that list, does not get it.
 */
#include "redirector/http/hosting.h"

#include "redirector/http/examine.h"
#include "tests/unit/rig.h"

#include <regex.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PUB "/v1/pub/"

enum {
	LIST_SIZE = 8192
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* --- the server, for one request --- */

struct exchange {
	struct http_request request;
	struct sk_span host, known, only; /* `ptr` NULL: no such header */
	unsigned answers, status;
	char tag[128], body[65536];
	size_t len;
};

const struct http_request *exchange_request(const struct exchange *exchange)
{
	return &exchange->request;
}

struct sk_span exchange_header(const struct exchange *exchange, const char *name)
{
	must(strcmp(name, "Host") == 0);
	return exchange->host;
}

struct sk_span exchange_headers(const struct exchange *exchange, const char *name, char *mem,
				size_t size)
{
	(void)mem, (void)size;
	if (strcmp(name, "If-Match") == 0)
		return exchange->only;
	must(strcmp(name, "If-None-Match") == 0);
	return exchange->known;
}

void exchange_answer(struct exchange *x, const struct http_reply *reply)
{
	x->answers++;
	x->status = reply->status;
	x->tag[0] = '\0';
	for (size_t i = 0; i < REPLY_HEADERS_MAX && reply->headers[i].name; i++)
		if (strcmp(reply->headers[i].name, "ETag") == 0)
			snprintf(x->tag, sizeof(x->tag), "%s", reply->headers[i].value);
	must(reply->body.len < sizeof(x->body));
	x->len = reply->body.len;
	if (x->len > 0)
		memcpy(x->body, reply->body.ptr, x->len);
	x->body[x->len] = '\0';
}

/* --- who publishes what --- */

#define CREDENTIAL(x5u) "key: \"@/key.pem\", certificate: \"@/chain.pem\", x5u: \"" x5u "\""

static const struct rig_tenant tenants[] = {
	{ "a", "match: {hosts: [a.example]}\n"
	       "sign: {" CREDENTIAL("https://certs.example/a/sp.pem") "}\n" },
	{ "b", "match: {hosts: [b.example]}\n"
	       "sign: {" CREDENTIAL("https://certs.example/Up%2Fper.pem") "}\n" },
	{ "c", "match: {hosts: [c.example]}\n"
	       "sign: {" CREDENTIAL("https://[2001:db8::1]:8443/six.pem") "}\n" },
	{ "d", "match: {hosts: [d.example]}\n"
	       "sign: {" CREDENTIAL("https://pub.example/v1/pub/direct.pem") "}\n" },
};

static const struct {
	const char *host, *path, *name;
} published[] = {
	{ "certs.example", "/a/sp.pem", "sp.pem" },
	{ "certs.example", "/Up%2Fper.pem", "Up%2Fper.pem" },
	{ "[2001:db8::1]", "/six.pem", "six.pem" },
	{ "pub.example", "/v1/pub/direct.pem", "direct.pem" },
};

static struct hosting *hosting;
static struct rig *rig;
static struct routes routes;
static char whole[65536], tag[128]; /* what all of them serve */

static bool says(const char *form, const char *text, int flags)
{
	regex_t regex;
	bool found;

	must(regcomp(&regex, form, REG_EXTENDED | REG_NOSUB | flags) == 0);
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

/* Is the host the one of an x5u: in any case, maybe with a dot and a port?  Behind brackets nothing
 * counts. */
static bool is_host(const char *said, const char *of)
{
	const bool brackets = of[0] == '[';
	const size_t len = strlen(of) - brackets;

	return strncasecmp(said, of, len) == 0 &&
	       says(brackets ? "^[.]?]" : "^[.]?(:.*)?$", said + len, 0);
}

static bool is_published(const char *host, const char *path)
{
	for (size_t i = 0; i < SK_COUNT(published); i++) {
		if (host && strcmp(path, published[i].path) == 0 &&
		    is_host(host, published[i].host))
			return true;
		if (strncmp(path, PUB, sizeof(PUB) - 1) == 0 &&
		    strcmp(path + sizeof(PUB) - 1, published[i].name) == 0)
			return true;
	}
	return false;
}

/* RFC 9110, 13.1.1 (strong) and 13.1.2 as a form; what stands behind a break is not read. */
static bool has_tag(const char *list, bool strong)
{
	static const char head[] =
		"^[ \t\r\n]*([*][ \t\r\n]*$|[ \t,]*((W/)?\"[^\"\x01-\x20\x7f]*\"[ \t,]+)*";
	char form[512];

	snprintf(form, sizeof(form), "%s%s%s", head, strong ? "" : "(W/)?", tag);
	strcat(form, ")");
	return says(form, list, 0);
}

/* --- one request --- */

static void ask(struct exchange *x)
{
	const struct route *route = routes_find(&routes, x->request.path);

	x->answers = 0;
	must(route && route->who == ROUTE_ANYBODY && route->methods & METHOD_GET);
	route->handler(route->arg, x);
	must(x->answers == 1);
}

static void put_away(void)
{
	hosting_free(hosting);
	rig_free(rig);
}

static void begin(void)
{
	static struct exchange x;
	struct hosting_parts parts;
	char why[HOSTING_WHY_SIZE] = "";

	rig = rig_new_with("verify: {fetch: no}\n"
			   "http: {listen: [\"http:127.0.0.1:8080\"]}\nhosting: {serve: yes}\n",
			   tenants, SK_COUNT(tenants));
	parts = (struct hosting_parts){ .clock = &rig->clock, .log = rig->log };
	must(hosting_new(&parts, &hosting) && hosting_prepare(hosting, rig->directory, why));
	hosting_swap(hosting);
	must(hosting_count(hosting) == SK_COUNT(published));
	hosting_add(hosting, NULL, &routes);
	x.request.method = METHOD_GET;
	x.request.path = SK_SPAN("/v1/pub/sp.pem");
	ask(&x);
	must(x.status == 200 && strncmp(x.body, "-----BEGIN CERTIFICATE-----", 27) == 0);
	must(!strstr(x.body, "PRIVATE"));
	strcpy(whole, x.body);
	strcpy(tag, x.tag);
	atexit(put_away);
}

static void check(const struct exchange *x, const char *host, const char *path, const char *known,
		  const char *only)
{
	if (!is_published(host, path)) {
		must(x->status == 404 && strcmp(x->body, "there is no certificate here\n") == 0);
		return;
	}
	must(strcmp(x->tag, tag) == 0 && tag[0] == '"' && strlen(tag) > 2);
	if (only && !has_tag(only, true))
		must(x->status == 412 && x->len == 0);
	else if (known && has_tag(known, false))
		must(x->status == 304 && x->len == strlen(whole)); /* not sent: it is its length */
	else
		must(x->status == 200 && strcmp(x->body, whole) == 0);
}

/* The next line, as a text of its own; "-" is a header that is not there. */
static const char *line(char **rest)
{
	char *begin = *rest, *end = strchr(begin, '\n');

	*rest = end ? end + 1 : begin + strlen(begin);
	if (end)
		*end = '\0';
	return strcmp(begin, "-") == 0 ? NULL : begin;
}

/* What the server refuses before it looks at paths comes to no handler. */
static bool is_examined(const char *host, const char *target, const char *known, const char *only)
{
	struct head head = { .method = SK_SPAN("GET"),
			     .target = sk_span_of(target),
			     .version = SK_SPAN("HTTP/1.0") };
	struct examined out;

	if (host)
		head.fields[head.count++] =
			(struct head_field){ SK_SPAN("Host"), sk_span_of(host) };
	if (known)
		head.fields[head.count++] =
			(struct head_field){ SK_SPAN("If-None-Match"), sk_span_of(known) };
	if (only)
		head.fields[head.count++] =
			(struct head_field){ SK_SPAN("If-Match"), sk_span_of(only) };
	return !examine(&head, &out);
}

/* The certificate is made anew for each run, so no file of a corpus has its tag. */
static const char *with_tag(const char *known, char text[LIST_SIZE])
{
	size_t len = 0;

	if (!known)
		return NULL;
	for (; *known && len + sizeof(tag) < LIST_SIZE; known++)
		if (*known == '@')
			len += (size_t)snprintf(text + len, LIST_SIZE - len, "%s", tag);
		else
			text[len++] = *known;
	text[len] = '\0';
	return text;
}

static void one(const char *host, const char *target, const char *known, const char *only)
{
	static struct exchange x;
	char path[8192];

	if (!target || strlen(target) >= sizeof(path) || !is_examined(host, target, known, only))
		return;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(target, "?"), target);
	x.request = (struct http_request){ .method = METHOD_GET, .path = sk_span_of(path) };
	x.host = sk_span_of(host);
	x.known = sk_span_of(known);
	x.only = sk_span_of(only);
	ask(&x);
	check(&x, host, path, known, only);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char lists[2][LIST_SIZE];
	const char *host, *target, *known;
	char *text, *rest;

	if (!hosting)
		begin();
	if (size == 0 ||
	    memchr(data, '\0', size)) /* a head that has one is refused before (head.h) */
		return 0;
	text = rest = strndup((const char *)data, size);
	must(text != NULL);
	host = line(&rest);
	target = line(&rest);
	known = with_tag(line(&rest), lists[0]);
	one(host, target, known, *rest ? with_tag(line(&rest), lists[1]) : NULL);
	free(text);
	return 0;
}
