/*
 * The small parts of the HTTP server, each by its table: routes, media types, and what a head must
 * not be.
 */
#include "redirector/http/examine.h"
#include "redirector/http/media.h"
#include "redirector/http/route.h"
#include "tests/check.h"

static void nothing(void *arg, struct exchange *exchange)
{
	(void)arg;
	(void)exchange;
}

static void test_routes(void)
{
	static bool on;
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "/a", "a" },     { "/a/", NULL },  { "/A", NULL },      { "/ab", NULL },
		{ "/b/", "b" },    { "/b", NULL },   { "/b/c", "b" },     { "/b/c/", "c" },
		{ "/b/c/d", "c" }, { "/b/cd", "b" }, { "/b/exact", "e" }, { "/b/exact/", "b" },
		{ "/", NULL },     { "", NULL },     { "a", NULL },       { "/off", NULL },
	};
	struct routes routes = { .count = 0 };
	const struct route add[] = {
		{ .path = "/a", .counted = "a", .handler = nothing },
		{ .path = "/b/", .counted = "b", .handler = nothing },
		{ .path = "/b/c/", .counted = "c", .handler = nothing },
		{ .path = "/b/exact", .counted = "e", .handler = nothing },
		{ .path = "/off", .counted = "off", .handler = nothing, .on = &on },
	};
	const struct route root = { .path = "/", .counted = "root", .exact = true };
	const struct route rest = { .path = "/", .counted = "rest" };
	const struct route *got;

	for (size_t i = 0; i < SK_COUNT(add); i++)
		routes_add(&routes, &add[i]);
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		got = routes_find(&routes, sk_span_of(rows[i].path));
		CHECK((got != NULL) == (rows[i].want != NULL), "route of %s", rows[i].path);
		if (got && rows[i].want)
			CHECK_STR(got->counted, rows[i].want, rows[i].path);
	}
	on = true;
	got = routes_find(&routes, SK_SPAN("/off"));
	CHECK(got && strcmp(got->counted, "off") == 0, "a route that was turned on");
	routes_add(&routes, &root);
	got = routes_find(&routes, SK_SPAN("/"));
	CHECK(got && strcmp(got->counted, "root") == 0, "the path / alone");
	CHECK(!routes_find(&routes, SK_SPAN("/x")), "nothing below it");
	routes_add(&routes, &rest);
	got = routes_find(&routes, SK_SPAN("/x"));
	CHECK(got && strcmp(got->counted, "rest") == 0, "what nobody else has");
	got = routes_find(&routes, SK_SPAN("/"));
	CHECK(got && strcmp(got->counted, "root") == 0, "the path / alone goes first");
}

static void test_media(void)
{
	static const struct {
		const char *value;
		bool want;
	} types[] = {
		{ "application/json", true },     { "Application/JSON", true },
		{ "application/json;x=y", true }, { "application/json ; charset=utf-8", true },
		{ " application/json ", true },   { "application/jsonp", false },
		{ "application/jso", false },     { "text/json", false },
		{ "application/*", false },       { "", false },
		{ ";application/json", false },   { "application/json, text/plain", false },
	};
	static const struct {
		const char *first, *second;
		bool want;
	} accepts[] = {
		{ "*/*", NULL, true },
		{ "application/*", NULL, true },
		{ "application/json", NULL, true },
		{ "APPLICATION/JSON;q=0.5", NULL, true },
		{ "text/html, application/json", NULL, true },
		{ "text/html", "application/json", true },
		{ "text/html, */*;q=0.1", NULL, true },
		{ "application/json;q=0.001", NULL, true },
		{ "application/json; v=1; q=1", NULL, true },
		{ ",,application/json", NULL, true },
		{ "", NULL, true }, /* RFC 9110, 12.5.1: the list may be empty: no preference */
		{ " , ,", NULL, true },
		{ "", "", true },
		{ "", "application/json", true },
		{ "", "text/html", false },
		{ "text/html", "", false },
		{ "", "application/json;q=0", false },
		{ "text/html", NULL, false },
		{ "text/*", NULL, false },
		{ "*", NULL, false },
		{ "application/json;q=0", NULL, false },
		{ "application/json;q=0.000", NULL, false },
		{ "*/*, application/json;q=0", NULL, false },
		{ "application/json;q=0", "*/*", false },
		{ "application/*;q=0, */*", NULL, false },
		{ "application/jsonp", NULL, false },
		{ "*/json", NULL, false },
	};

	for (size_t i = 0; i < SK_COUNT(types); i++)
		CHECK(media_is(sk_span_of(types[i].value), "application/json") == types[i].want,
		      "type \"%s\"", types[i].value);
	for (size_t i = 0; i < SK_COUNT(accepts); i++) {
		bool ok = false;
		int best = 0;

		media_accepts(sk_span_of(accepts[i].first), "application/json", &best, &ok);
		if (accepts[i].second)
			media_accepts(sk_span_of(accepts[i].second), "application/json", &best,
				      &ok);
		CHECK(ok == accepts[i].want, "Accept \"%s\"", accepts[i].first);
	}
}

/* "Name: value" lines; the method and the target before the first. */
struct row {
	const char *first, *fields[4];
	bool good;
};

static bool cut(const char *text, char mark, struct sk_span *left, struct sk_span *right)
{
	const char *at = strchr(text, mark);

	*left = (struct sk_span){ text, at ? (size_t)(at - text) : strlen(text) };
	*right = sk_span_trim(sk_span_of(at ? at + 1 : ""));
	return at != NULL;
}

static void fill(const struct row *row, struct head *head)
{
	struct sk_span rest;
	const char *space = strrchr(row->first, ' ');

	*head = (struct head){ .count = 0 };
	(void)cut(row->first, ' ', &head->method, &rest);
	head->version = sk_span_of(space + 1);
	head->target = (struct sk_span){ rest.ptr, (size_t)(space - rest.ptr) };
	for (size_t i = 0; i < SK_COUNT(row->fields) && row->fields[i]; i++)
		(void)cut(row->fields[i], ':', &head->fields[i].name, &head->fields[i].value),
			head->count++;
}

#define GET  "GET /a HTTP/1.1"
#define POST "POST /a HTTP/1.1"

static void test_examine(void)
{
	static const struct row rows[] = {
		{ GET, { "Host: a" }, true },
		{ GET, { "host: a:80" }, true },
		{ "GET /a HTTP/1.0", { NULL }, true },
		{ "GET /a?b=../c HTTP/1.1", { "Host: a" }, true },
		{ "GET /.../..a/a..b/%2e%2e%2e HTTP/1.1", { "Host: a" }, true },
		{ "PUT /a HTTP/1.1", { "Host: a", "Content-Length: 5" }, true },
		{ POST, { "Host: a", "Content-Length: 5" }, true },
		{ POST, { "Host: a", "Transfer-Encoding: Chunked" }, true },
		{ POST, { "Host: a", "Content-Length: 0", "Expect: 100-Continue" }, true },
		{ GET, { "Host: a", "Content-Length: 0" }, true },
		{ GET, { "Host: a", "X: \xc3\xa9\t" }, true },
		{ GET, { NULL }, false },
		{ GET, { "Host: a", "Host: a" }, false },
		{ GET, { "Host: a b" }, false },
		{ "GET /a HTTP/1.2", { "Host: a" }, false },
		{ "GET a HTTP/1.1", { "Host: a" }, false },
		{ "GET http://a/ HTTP/1.1", { "Host: a" }, false },
		{ "GET /.. HTTP/1.1", { "Host: a" }, false },
		{ "GET /a/. HTTP/1.1", { "Host: a" }, false },
		{ "GET /a/%2E./b HTTP/1.1", { "Host: a" }, false },
		{ "GET /../ HTTP/1.1", { "Host: a" }, false },
		{ "GET /a\\b HTTP/1.1", { "Host: a" }, false },
		{ "GET /a#b HTTP/1.1", { "Host: a" }, false },
		{ "GET /\x80 HTTP/1.1", { "Host: a" }, false },
		{ "GET /\x7f HTTP/1.1", { "Host: a" }, false },
		{ "G@T /a HTTP/1.1", { "Host: a" }, false },
		{ POST, { "Host: a", "Content-Length: 5", "Content-Length: 5" }, false },
		{ POST, { "Host: a", "Content-Length: +5" }, false },
		{ POST, { "Host: a", "Content-Length: " }, false },
		{ POST, { "Host: a", "Content-Length: 1234567890123456789" }, false },
		{ POST, { "Host: a", "Content-Length: 5", "Transfer-Encoding: chunked" }, false },
		{ POST, { "Host: a", "Transfer-Encoding: gzip" }, false },
		{ POST, { "Host: a", "Transfer-Encoding: " }, false },
		{ "POST /a HTTP/1.0", { "Transfer-Encoding: chunked" }, false },
		{ GET, { "Host: a", "Content-Length: 1" }, false },
		{ GET, { "Host: a", "Transfer-Encoding: chunked" }, false },
		{ POST, { "Host: a", "Expect: x" }, false },
		{ POST, { "Host: a", "Expect: 100-continue", "Expect: 100-continue" }, false },
		{ GET, { "Host: a", "Authorization: x", "Authorization: x" }, false },
		{ GET, { "Host: a", "X : y" }, false },
		{ GET, { "Host: a", ": y" }, false },
		{ GET, { "Host: a", "X: a\x01z" }, false },
		{ GET, { "Host: a", "X: a long value with \x7f in it" }, false },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct head head;
		struct examined out;
		const char *why;

		fill(&rows[i], &head);
		why = examine(&head, &out);
		CHECK((why == NULL) == rows[i].good, "row %zu, %s, %s: %s", i, rows[i].first,
		      rows[i].fields[1] ? rows[i].fields[1] : "", why ? why : "fine");
		head.crooked = true;
		CHECK(examine(&head, &out), "row %zu: crooked", i);
		head.crooked = false;
		head.too_many = true;
		CHECK(examine(&head, &out), "row %zu: too many", i);
	}
}

static void test_examined(void)
{
	static const struct row post = {
		POST, { "Host: a", "Content-Length: 0042", "Expect: 100-continue" }, true
	};
	static const struct row chunked = { POST,
					    { "Host: a", "Transfer-Encoding: chunked" },
					    true };
	static const struct row head10 = { "HEAD /a HTTP/1.0", { NULL }, true };
	struct head head;
	struct examined out;

	fill(&post, &head);
	CHECK(!examine(&head, &out) && out.method == METHOD_POST && out.has_length &&
		      out.length == 42 && out.expects && !out.chunked && !out.http_1_0,
	      "what a POST says");
	fill(&chunked, &head);
	CHECK(!examine(&head, &out) && out.chunked && !out.has_length && !out.expects, "chunks");
	fill(&head10, &head);
	CHECK(!examine(&head, &out) && out.method == METHOD_HEAD && out.http_1_0, "HTTP/1.0");
}

int main(void)
{
	test_routes();
	test_media();
	test_examine();
	test_examined();
	return check_result();
}
