/*
 * Which certificate is at which address, how long it may be kept, and what is answered who asks
 * for it, has it, or asks for something else.
 */
#include "redirector/http/hosting.h"

#include "redirector/http/conditional.h"
#include "redirector/http/hosted.h"
#include "tests/check.h"
#include "tests/unit/keystore_kit.h"
#include "tests/unit/manykit.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <unistd.h>

/* --- the server, for one request --- */

struct exchange {
	struct http_request request;
	const char *host, *known, *only; /* NULL: no such header */
	unsigned answers, status;
	char type[64], tag[64], control[64], body[16384];
	size_t len;
};

const struct http_request *__wrap_exchange_request(const struct exchange *exchange);
struct sk_span __wrap_exchange_header(const struct exchange *exchange, const char *name);
struct sk_span __wrap_exchange_headers(const struct exchange *exchange, const char *name, char *mem,
				       size_t size);
void __wrap_exchange_answer(struct exchange *exchange, const struct http_reply *reply);
void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...);

const struct http_request *__wrap_exchange_request(const struct exchange *exchange)
{
	return &exchange->request;
}

struct sk_span __wrap_exchange_header(const struct exchange *exchange, const char *name)
{
	if (strcasecmp(name, "Host") == 0)
		return sk_span_of(exchange->host);
	return (struct sk_span){ NULL, 0 };
}

struct sk_span __wrap_exchange_headers(const struct exchange *exchange, const char *name, char *mem,
				       size_t size)
{
	(void)mem, (void)size;
	if (strcasecmp(name, "If-None-Match") == 0)
		return sk_span_of(exchange->known);
	if (strcasecmp(name, "If-Match") == 0)
		return sk_span_of(exchange->only);
	return (struct sk_span){ NULL, 0 };
}

void __wrap_exchange_answer(struct exchange *x, const struct http_reply *reply)
{
	x->answers++;
	x->status = reply->status;
	snprintf(x->type, sizeof(x->type), "%s", reply->type ? reply->type : "");
	x->tag[0] = x->control[0] = '\0';
	for (size_t i = 0; i < REPLY_HEADERS_MAX && reply->headers[i].name; i++) {
		const struct http_header *h = &reply->headers[i];
		bool tag = strcmp(h->name, "ETag") == 0;

		if (reply->status == 405) {
			CHECK_STR(h->name, "Allow", "its only header");
			continue;
		}
		CHECK(tag || strcmp(h->name, "Cache-Control") == 0, "header %s", h->name);
		snprintf(tag ? x->tag : x->control, 64, "%s", h->value);
	}
	x->len = reply->body.len;
	if (x->len < sizeof(x->body) && x->len > 0)
		memcpy(x->body, reply->body.ptr, x->len);
	x->body[x->len < sizeof(x->body) ? x->len : 0] = '\0';
}

static unsigned log_lines;
static char log_last[512];

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)log;
	CHECK(level == LEVEL_ERROR, "level %d", (int)level);
	log_lines++;
	va_start(args, fmt);
	vsnprintf(log_last, sizeof(log_last), fmt, args);
	va_end(args);
}

/* --- lists of tags --- */

/* clang-format off */
static const struct {
	const char *list;
	bool has; /* "abc" */
} lists[] = {
	{ "\"abc\"", true }, { "*", true }, { "  *  ", true }, { "W/\"abc\"", true },
	{ "\"x\", \"abc\"", true }, { "\"x\",\"abc\"", true }, { "\"x\" , W/\"abc\" , \"y\"", true },
	{ ",,\"abc\",", true }, { "\t\"abc\"\t", true }, { "\"\", \"abc\"", true },
	{ "\"a,b\", \"abc\"", true }, { "\"a b\" , \"abc\"", false }, { "\"abc\" x", true },
	{ "", false }, { " ", false }, { ",", false }, { "abc", false }, { "\"abc", false }, { "abc\"", false },
	{ "\"ABC\"", false }, { "\"abcd\"", false }, { "\"ab\"", false }, { "w/\"abc\"", false },
	{ "W/abc", false }, { "W/", false }, { "W", false }, { "\"", false }, { "\"\"", false },
	{ "\"x\"\"abc\"", false }, { "**", false }, { "*, \"x\"", false }, { "\"x\", *", false },
	{ "W/W/\"abc\"", false }, { "'abc'", false }, { "\"x\"; \"abc\"", false },
	{ "bad, \"abc\"", false },
};
/* clang-format on */

static void test_lists(void)
{
	for (size_t i = 0; i < SK_COUNT(lists); i++)
		CHECK(conditional_has(sk_span_of(lists[i].list), "\"abc\"", false) == lists[i].has,
		      "%s", lists[i].list);
	CHECK(conditional_has(SK_SPAN("\"abc\""), "\"abc\"", true), "strong: the same");
	CHECK(conditional_has(SK_SPAN("W/\"abc\", \"abc\""), "\"abc\"", true),
	      "strong: behind a weak one");
	CHECK(conditional_has(SK_SPAN("*"), "\"abc\"", true), "strong: any");
	CHECK(!conditional_has(SK_SPAN("W/\"abc\""), "\"abc\"", true),
	      "strong: weak ones do not count");
	CHECK(!conditional_has(SK_SPAN("\"x\""), "\"abc\"", true), "strong: another");
}

/* --- tenants with certificates --- */

static int64_t wall_now = PKI_NOW;

static int64_t test_wall(const struct clock *self)
{
	(void)self;
	return wall_now;
}

static const struct clock test_clock = { .wall = test_wall };

struct world {
	struct conf *conf;
	struct tenant *tenants[16];
	size_t count;
	struct directory *directory;
};

#define KEY          "key: @/k.key, "
#define CRED(c, x5u) "key: @/k.key, certificate: @/" c ".pem, x5u: \"" x5u "\""

/* clang-format off */
static const struct {
	const char *name, *yaml; /* @: the folder */
} tenants[] = {
	{ "acme", "sign: {" CRED("a", "https://certs.example/acme/sp.pem") "}\n"
	  "credentials: {second: {" CRED("b", "https://certs.example/acme/second.pem") ", numbers: [\"+1404555*\"]}}" },
	{ "rot", "credentials: {main: {" CRED("short", "https://rot.example/c.pem") ", next-certificate: @/next.pem}}" },
	{ "rot-two", "credentials: {main: {" CRED("a", "https://rot.example/1/v.pem")
	  ", next-certificate: @/next.pem, next-x5u: \"https://rot.example/2/v.pem\"}}" },
	{ "over", "credentials: {main: {" CRED("old", "https://over.example/c2.pem") ", next-certificate: @/b.pem}}" },
	{ "share", "sign: {" CRED("a", "https://certs.example/acme/sp.pem") "}" },
	{ "thief", "sign: {" CRED("b", "https://certs.example/acme/sp.pem") "}" },
	{ "pub", "sign: {" CRED("b", "https://pub.example/v1/pub/direct.pem") "}" },
	{ "same-name", "sign: {" CRED("a", "https://x.example/other/second.pem") "}" },
	{ "six", "sign: {" CRED("a", "https://[2001:db8::1]:8443/six.pem") "}" },
	{ "port", "sign: {" CRED("b", "https://certs.example:8443/port.pem") "}" },
	{ "upper", "sign: {" CRED("b", "https://CERTS.Example/Upper%2F.pem") "}" },
	{ "bare", "sign: {" KEY "x5u: \"https://bare.example/bare.pem\"}" },
	{ "ends", "sign: {" CRED("short", "https://ends.example/ends.pem") "}" },
	{ "nothing", "" },
};
/* clang-format on */

static struct tenant *tenant_of(struct world *w, const char *name, const char *form)
{
	char yaml[4096];
	size_t at = (size_t)snprintf(yaml, sizeof(yaml), "match: {hosts: [%s.example]}\n", name);

	for (; *form; form++)
		if (*form == '@')
			at += (size_t)snprintf(yaml + at, sizeof(yaml) - at, "%s", folder);
		else
			yaml[at++] = *form;
	snprintf(yaml + at, sizeof(yaml) - at, "\n");
	return many_tenant(w->conf, name, yaml);
}

static void world_begin(struct world *w, size_t count)
{
	char why[DIRECTORY_WHY_SIZE] = "";

	*w = (struct world){ .count = count };
	w->conf = many_conf("tenants: {folder: .}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\n"
			    "hosting: {serve: yes, max-age: 1h}\n");
	for (size_t i = 0; i < count; i++)
		w->tenants[i] = tenant_of(w, tenants[i].name, tenants[i].yaml);
	w->directory = directory_new(w->conf, NULL, w->tenants, count, why);
	CHECK(w->directory != NULL, "%s", why);
}

static void world_end(struct world *w)
{
	directory_unref(w->directory);
	for (size_t i = 0; i < w->count; i++)
		tenant_unref(w->tenants[i]);
	conf_unref(w->conf);
}

/* The file's text, which is what is served. */
static void read_text(const char *name, char out[16384])
{
	FILE *f = fopen(named(name), "r");
	size_t len = f ? fread(out, 1, 16383, f) : 0;

	if (!f || fclose(f) != 0)
		exit(1);
	out[len] = '\0';
}

/* clang-format off */
static const struct {
	const char *what, *host, *path, *known;
	int64_t after; /* PKI_NOW */
	unsigned status;
	const char *file, *control; /* NULL: not looked at */
} requests[] = {
	{ "by its x5u", "certs.example", "/acme/sp.pem", NULL, 0, 200, "a.pem", "public, max-age=3600" },
	{ "in upper case", "CERTS.example", "/acme/sp.pem", NULL, 0, 200, "a.pem", NULL },
	{ "with a port", "certs.example:8443", "/acme/sp.pem", NULL, 0, 200, "a.pem", NULL },
	{ "with a dot", "certs.example.", "/acme/sp.pem", NULL, 0, 200, "a.pem", NULL },
	{ "with dot and port", "certs.example.:443", "/acme/sp.pem", NULL, 0, 200, "a.pem", NULL },
	{ "another credential", "certs.example", "/acme/second.pem", NULL, 0, 200, "b.pem", NULL },
	{ "an x5u with a port", "certs.example", "/port.pem", NULL, 0, 200, "b.pem", NULL },
	{ "an x5u in upper case", "certs.example", "/Upper%2F.pem", NULL, 0, 200, "b.pem", NULL },
	{ "its path in lower case", "certs.example", "/upper%2f.pem", NULL, 0, 404, NULL, NULL },
	{ "its path decoded", "certs.example", "/Upper/.pem", NULL, 0, 404, NULL, NULL },
	{ "an address", "[2001:db8::1]", "/six.pem", NULL, 0, 200, "a.pem", NULL },
	{ "an address with a port", "[2001:DB8::1]:443", "/six.pem", NULL, 0, 200, "a.pem", NULL },
	{ "an address without brackets", "2001:db8::1", "/six.pem", NULL, 0, 404, NULL, NULL },
	{ "half an address", "[2001:db8::1", "/six.pem", NULL, 0, 404, NULL, NULL },
	{ "another host", "other.example", "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "another tenant's host", "rot.example", "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "an empty host", "", "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "a dot for a host", ".", "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "a port for a host", ":443", "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "no host", NULL, "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "a host below", "x.certs.example", "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "a host above", "example", "/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "nothing", "certs.example", "/", NULL, 0, 404, NULL, NULL },
	{ "a folder", "certs.example", "/acme/", NULL, 0, 404, NULL, NULL },
	{ "a folder without its slash", "certs.example", "/acme", NULL, 0, 404, NULL, NULL },
	{ "upwards", "certs.example", "/x/../acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "upwards, encoded", "certs.example", "/x/%2e%2e/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "to a file", "certs.example", "/../../../../etc/passwd", NULL, 0, 404, NULL, NULL },
	{ "to the key", "certs.example", "/acme/k.key", NULL, 0, 404, NULL, NULL },
	{ "two slashes", "certs.example", "//acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "a dot", "certs.example", "/./acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "a letter encoded", "certs.example", "/acme/s%70.pem", NULL, 0, 404, NULL, NULL },
	{ "longer", "certs.example", "/acme/sp.pem/", NULL, 0, 404, NULL, NULL },
	{ "without a certificate", "bare.example", "/bare.pem", NULL, 0, 404, NULL, NULL },
	{ "before the next one", "rot.example", "/c.pem", NULL, 0, 200, "short.pem", "public, max-age=100" },
	{ "shortly before", "rot.example", "/c.pem", NULL, 99, 200, "short.pem", "public, max-age=1" },
	{ "the next one is valid", "rot.example", "/c.pem", NULL, 100, 200, "next.pem", "public, max-age=3600" },
	{ "the old one has ended", "rot.example", "/c.pem", NULL, 400, 200, "next.pem", "public, max-age=3600" },
	{ "all have ended", "rot.example", "/c.pem", NULL, PKI_TO - PKI_NOW + 1, 200, "next.pem", "no-store" },
	{ "long ago", "rot.example", "/c.pem", NULL, PKI_FROM - PKI_NOW - 1, 200, "short.pem", "public, max-age=3600" },
	{ "the first of two addresses", "rot.example", "/1/v.pem", NULL, 0, 200, "a.pem", "public, max-age=3600" },
	{ "the second, not valid yet", "rot.example", "/2/v.pem", NULL, 0, 200, "next.pem", "public, max-age=3600" },
	{ "the first, when the second is valid", "rot.example", "/1/v.pem", NULL, 200, 200, "a.pem", "public, max-age=3600" },
	{ "an old one with its next", "over.example", "/c2.pem", NULL, 0, 200, "b.pem", "public, max-age=3600" },
	{ "it ends soon", "ends.example", "/ends.pem", NULL, 0, 200, "short.pem", "public, max-age=300" },
	{ "in a second", "ends.example", "/ends.pem", NULL, 299, 200, "short.pem", "public, max-age=1" },
	{ "now", "ends.example", "/ends.pem", NULL, 300, 200, "short.pem", "no-store" },
	{ "it has ended, and is all there is", "ends.example", "/ends.pem", NULL, 301, 200, "short.pem", "no-store" },
	{ "pub", "whoever.example", "/v1/pub/sp.pem", NULL, 0, 200, "a.pem", "public, max-age=3600" },
	{ "pub, no host", NULL, "/v1/pub/port.pem", NULL, 0, 200, "b.pem", NULL },
	{ "pub, the very path", "pub.example", "/v1/pub/direct.pem", NULL, 0, 200, "b.pem", NULL },
	{ "pub, that at another host", "other.example", "/v1/pub/direct.pem", NULL, 0, 200, "b.pem", NULL },
	{ "pub, one name, two certificates", "certs.example", "/v1/pub/second.pem", NULL, 0, 404, NULL, NULL },
	{ "pub, current and next", "a.example", "/v1/pub/v.pem", NULL, 0, 200, "a.pem", "public, max-age=100" },
	{ "pub, the next", "a.example", "/v1/pub/v.pem", NULL, 100, 200, "next.pem", NULL },
	{ "pub, another path below", "certs.example", "/v1/pub/acme/sp.pem", NULL, 0, 404, NULL, NULL },
	{ "pub, nothing", "certs.example", "/v1/pub/", NULL, 0, 404, NULL, NULL },
	{ "pub, upwards", "certs.example", "/v1/pub/../sp.pem", NULL, 0, 404, NULL, NULL },
	{ "pub, encoded", "certs.example", "/v1/pub/%2e%2e%2fk.key", NULL, 0, 404, NULL, NULL },
	{ "pub, the key", "certs.example", "/v1/pub/k.key", NULL, 0, 404, NULL, NULL },
	{ "pub, the certificate's file", "certs.example", "/v1/pub/a.pem", NULL, 0, 404, NULL, NULL },
	{ "has another", "certs.example", "/acme/sp.pem", "\"0123\"", 0, 200, "a.pem", NULL },
	{ "has any", "certs.example", "/acme/sp.pem", "*", 0, 304, NULL, "public, max-age=3600" },
	{ "has any of nothing", "certs.example", "/nothing", "*", 0, 404, NULL, NULL },
};
/* clang-format on */

static void ask(struct hosting *h, const struct routes *routes, struct exchange *x)
{
	const struct route *route = routes_find(routes, x->request.path);

	(void)h;
	CHECK(route && route->who == ROUTE_ANYBODY && route->methods & METHOD_GET, "route of %s",
	      x->request.path.ptr);
	x->answers = 0;
	if (!x->request.method)
		x->request.method = METHOD_GET;
	if (route)
		route->handler(route->arg, x);
	CHECK(x->answers == 1, "%s: one answer", x->request.path.ptr);
}

static void test_request(struct hosting *h, const struct routes *routes, size_t i)
{
	static struct exchange x;
	static char want[16384];
	const char *what = requests[i].what;
	char tag[64];

	x = (struct exchange){ .request = { .method = METHOD_GET,
					    .path = sk_span_of(requests[i].path) },
			       .host = requests[i].host,
			       .known = requests[i].known };
	wall_now = PKI_NOW + requests[i].after;
	ask(h, routes, &x);
	CHECK(x.status == requests[i].status, "%s: %u", what, x.status);
	if (requests[i].control)
		CHECK_STR(x.control, requests[i].control, what);
	if (!requests[i].file) {
		CHECK(x.status == 304 || !strstr(x.body, "BEGIN"), "%s: nothing gets out", what);
		x.request.method = METHOD_OTHER;
		ask(h, routes, &x);
		CHECK(x.status == (requests[i].status == 304 ? 405 : 404),
		      "%s: by another method: %u", what, x.status);
		return;
	}
	read_text(requests[i].file, want);
	CHECK_STR(x.body, want, what);
	CHECK_STR(x.type, "application/pem-certificate-chain", what);
	strcpy(tag, x.tag);
	x.known = tag;
	ask(h, routes, &x);
	CHECK(x.status == 304 && x.len == strlen(want) && !x.type[0],
	      "%s: who has it is told its length (RFC 9110, 8.6)", what);
	CHECK_STR(x.tag, tag, what);
	x.only = tag;
	ask(h, routes, &x);
	CHECK(x.status == 304, "%s: it is the one, and it is there", what);
	x.known = NULL;
	ask(h, routes, &x);
	CHECK(x.status == 200 && x.len == strlen(want), "%s: the only one that is wanted", what);
	x.only = "\"other\"";
	x.known = tag;
	ask(h, routes, &x);
	CHECK(x.status == 412 && x.len == 0, "%s: another is wanted", what);
	x.request.method = METHOD_POST;
	ask(h, routes, &x);
	CHECK(x.status == 405, "%s: cannot be changed", what);
}

/* As a reload does it. */
static bool serve(struct hosting *h, struct directory *directory, char why[HOSTING_WHY_SIZE])
{
	bool ok = hosting_prepare(h, directory, why);

	if (ok)
		hosting_swap(h);
	return ok;
}

static void test_requests(void)
{
	struct hosting_parts parts = { .clock = &test_clock, .log = (struct log *)&log_lines };
	char why[HOSTING_WHY_SIZE] = "";
	struct routes routes = { .count = 0 };
	struct hosting *h = NULL;
	static struct exchange x;
	bool on = true;
	struct world w;

	world_begin(&w, SK_COUNT(tenants));
	CHECK(hosting_new(&parts, &h), "new");
	hosting_add(h, &on, &routes);
	x = (struct exchange){ .request.path = SK_SPAN("/acme/sp.pem"), .host = "certs.example" };
	ask(h, &routes, &x);
	CHECK(x.status == 404 && hosting_count(h) == 0, "nothing before there are tenants");
	log_lines = 0;
	CHECK(serve(h, w.directory, why), "%s", why);
	CHECK(hosting_count(h) == 12, "%zu addresses", hosting_count(h));
	CHECK(log_lines == 1, "%u lines", log_lines);
	CHECK_STR(log_last,
		  "event=hosting result=conflict x5u=https://certs.example/acme/sp.pem "
		  "served=acme/default left-out=thief/default",
		  "who has it");
	world_end(&w); /* what is served stays */
	for (size_t i = 0; i < SK_COUNT(requests); i++)
		test_request(h, &routes, i);

	on = false;
	CHECK(!routes_find(&routes, SK_SPAN("/acme/sp.pem")), "switched off");
	CHECK(!routes_find(&routes, SK_SPAN("/v1/pub/sp.pem")), "pub, too");
	hosting_free(h);
	hosting_free(NULL);
}

/* A reload gives an address to another, and takes one away. */
static void test_reload(void)
{
	struct hosting_parts parts = { .clock = &test_clock, .log = NULL };
	char why[HOSTING_WHY_SIZE] = "";
	static char want[16384];
	static struct exchange x;
	struct routes routes = { .count = 0 };
	struct hosting *h = NULL;
	struct world w;

	wall_now = PKI_NOW;
	CHECK(hosting_new(&parts, &h), "new");
	hosting_add(h, NULL, &routes);
	world_begin(&w, 2);
	CHECK(serve(h, w.directory, why), "%s", why);
	world_end(&w);
	x = (struct exchange){ .request.path = SK_SPAN("/c.pem"), .host = "rot.example" };
	ask(h, &routes, &x);
	CHECK(x.status == 200, "before");
	world_begin(&w, 1);
	directory_unref(w.directory);
	tenant_unref(w.tenants[0]);
	w.tenants[0] = tenant_of(&w, "thief", tenants[5].yaml);
	w.directory = directory_new(w.conf, NULL, w.tenants, 1, want);
	CHECK(serve(h, w.directory, why), "%s", why);
	ask(h, &routes, &x);
	CHECK(x.status == 404, "it is gone");
	x = (struct exchange){ .request.path = SK_SPAN("/acme/sp.pem"), .host = "certs.example" };
	ask(h, &routes, &x);
	read_text("b.pem", want);
	CHECK(x.status == 200, "another's");
	CHECK_STR(x.body, want, "the new one");
	world_end(&w);
	hosting_free(h);
}

static void test_starved(void)
{
	struct hosting_parts parts = { .clock = &test_clock, .log = NULL };
	char why[HOSTING_WHY_SIZE];
	struct routes routes = { .count = 0 };
	static struct exchange x;
	struct world few, all;
	struct hosting *h = NULL;

	CHECK(hosting_new(&parts, &h), "new");
	hosting_add(h, NULL, &routes);
	world_begin(&few, 1);
	world_begin(&all, SK_COUNT(tenants));
	CHECK(serve(h, few.directory, why), "few");
	CHECK(hosting_prepare(h, all.directory, why) && hosting_count(h) == 2, "prepared only");
	hosting_drop(h);
	hosting_swap(h);
	CHECK(hosting_count(h) == 2, "dropped: nothing is swapped");
	for (int one = 0; one < 2; one++) {
		long n = 0;

		for (hit = true; hit; n++) {
			bool ok;

			hit = false;
			only_one = one;
			budget = n;
			ok = serve(h, all.directory, why);
			budget = -1;
			ERR_clear_error();
			CHECK(ok || hit, "%ld: with memory enough", n);
			CHECK(hosting_count(h) == (ok ? 12 : 2), "%ld: whole, or as it was", n);
			x = (struct exchange){ .request.path = SK_SPAN("/acme/sp.pem"),
					       .host = "certs.example" };
			ask(h, &routes, &x);
			CHECK(x.status == 200, "%ld: served", n);
			CHECK(serve(h, few.directory, why), "few again");
		}
		CHECK(n > 20, "%ld allocations", n);
	}
	budget = 0;
	only_one = true;
	CHECK(!hosting_new(&parts, &h), "no memory");
	budget = -1;
	hosting_free(h);
	world_end(&few);
	world_end(&all);
}

/* Leaf, issuer and root in each file that is loaded; without the root in what is served. */
static void write_files(void)
{
	static const struct {
		const char *name;
		int64_t from, to;
	} files[] = {
		{ "a", PKI_FROM, PKI_TO },
		{ "b", PKI_FROM, PKI_TO },
		{ "short", PKI_FROM, PKI_NOW + 300 },
		{ "old", PKI_FROM, PKI_NOW - 10 },
		{ "next", PKI_NOW + 100, PKI_TO },
	};
	struct pki_cert key = pki_issue(&(struct pki_spec){ 0 }, PKI_ROOT, NULL, NULL);

	write_key("k.key", key.key, 0600);
	for (size_t i = 0; i < SK_COUNT(files); i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s.pem", files[i].name);
		write_cert(name, key.key, files[i].from, files[i].to);
	}
	pki_drop(&key);
}

int main(void)
{
	char command[600];

	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	snprintf(folder, sizeof(folder), "/tmp/shaken-hosting-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	write_files();
	test_lists();
	test_requests();
	test_reload();
	test_starved();
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	if (system(command) != 0)
		return 1;
	return check_result();
}
