/*
 * Any bytes as a request's head.  What examine() lets through is what a second reader, made of
 * regular expressions, lets through, and no path of it climbs.  Which route is taken, whether an
 * Accept is met and whose key it is are what plain readers find.
 */
#include "redirector/http/authorization.h"
#include "redirector/http/examine.h"
#include "redirector/http/media.h"
#include "redirector/http/route.h"
#include "shaken/digest.h"
#include "tests/unit/manykit.h"

#include <regex.h>

#define TYPE "application/json"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* --- a second reader --- */

/* So a text of a head, as a form says it: without NUL, which head_read() refuses. */
static bool says(struct sk_span text, const char *form)
{
	static char copy[65536];
	regex_t regex;
	bool found;

	must(text.len < sizeof(copy));
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	must(regcomp(&regex, form, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0);
	found = regexec(&regex, copy, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static size_t count_of(const struct head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->count; i++)
		count += sk_span_eq_nocase(head->fields[i].name, sk_span_of(name));
	return count;
}

/* All values of that name are of that form. */
static bool are(const struct head *head, const char *name, const char *form)
{
	for (size_t i = 0; i < head->count; i++)
		if (sk_span_eq_nocase(head->fields[i].name, sk_span_of(name)) &&
		    !says(head->fields[i].value, form))
			return false;
	return true;
}

static bool is_good_body(const struct head *head, bool old)
{
	bool takes = !sk_span_eq(head->method, SK_SPAN("GET")) &&
		     !sk_span_eq(head->method, SK_SPAN("HEAD"));
	size_t lengths = count_of(head, "Content-Length");
	size_t codings = count_of(head, "Transfer-Encoding");

	return lengths + codings <= 1 && !(codings && (old || !takes)) &&
	       are(head, "Transfer-Encoding", "^chunked$") &&
	       are(head, "Content-Length", takes ? "^[0-9]{1,18}$" : "^0{1,18}$") &&
	       count_of(head, "Expect") <= 1 && are(head, "Expect", "^100-continue$");
}

static bool is_good(const struct head *head)
{
	static const char token[] = "^[a-z0-9!#$%&'*+.^_`|~-]+$";
	bool old = sk_span_eq(head->version, SK_SPAN("HTTP/1.0"));

	for (size_t i = 0; i < head->count; i++)
		if (!says(head->fields[i].name, token) ||
		    says(head->fields[i].value, "[\x01-\x08\x0a-\x1f\x7f]"))
			return false;
	return says(head->method, token) &&
	       (old || sk_span_eq(head->version, SK_SPAN("HTTP/1.1"))) &&
	       says(head->target, "^/[^\x01-\x20\x7f-\xff#\\]*$") &&
	       !says(head->target, "^[^?]*/([.]|%2e){1,2}([/?]|$)") && is_good_body(head, old) &&
	       count_of(head, "Host") <= 1 && (old || count_of(head, "Host") == 1) &&
	       are(head, "Host", "^[^ \t/@,]*$") && count_of(head, "Authorization") <= 1;
}

static void check_examined(const struct head *head, const struct examined *e)
{
	size_t count;
	struct sk_span length = head_find(head, "Content-Length", &count);
	uint64_t want = 0;

	for (size_t i = 0; i < length.len; i++)
		want = want * 10 + (uint64_t)(length.ptr[i] - '0');
	must(e->has_length == (count == 1) && e->length == want);
	must(e->chunked == (count_of(head, "Transfer-Encoding") == 1));
	must(e->expects == (count_of(head, "Expect") == 1));
	must(e->http_1_0 == sk_span_eq(head->version, SK_SPAN("HTTP/1.0")));
	must((e->method == METHOD_POST) == sk_span_eq(head->method, SK_SPAN("POST")));
}

/* --- its route --- */

static const struct route table[] = {
	{ .path = "/stir/v1/signing" }, { .path = "/stir/v1/" },
	{ .path = "/ms/v1/" },          { .path = "/v1/check" },
	{ .path = "/v1/pub/" },         { .path = "/" },
	{ .path = "/", .exact = true }, { .path = "/health", .exact = true },
};

static void check_route(const struct routes *routes, struct sk_span target)
{
	const char *query = memchr(target.ptr, '?', target.len);
	struct sk_span path = { target.ptr, query ? (size_t)(query - target.ptr) : target.len };
	const struct route *found = routes_find(routes, path);
	size_t len = strlen(found->path);

	must(len <= path.len && memcmp(path.ptr, found->path, len) == 0);
	must(len == path.len || (!found->exact && found->path[len - 1] == '/'));
	for (size_t i = 0; i < routes->count; i++) {
		const struct route *r = &routes->items[i];
		bool below = !r->exact && r->path[strlen(r->path) - 1] == '/';

		if (sk_span_eq(path, sk_span_of(r->path)))
			must(len == path.len && found->exact >= r->exact);
		else if (below && strncmp(path.ptr, r->path, strlen(r->path)) == 0)
			must(len >= strlen(r->path));
	}
}

/* --- media types --- */

static bool accepts(struct sk_span first, struct sk_span second, struct sk_span third)
{
	bool ok = false;
	int best = 0;

	media_accepts(first, TYPE, &best, &ok);
	media_accepts(second, TYPE, &best, &ok);
	media_accepts(third, TYPE, &best, &ok);
	/* 0: nobody has a preference, -1: one, for others alone */
	must(best >= -1 && best <= 3 && (best > 0 || ok == (best == 0)));
	return ok;
}

/* A range nobody asks about changes nothing, unless it is the only one; the type itself, said
 * first, settles it; and a type that is not named by any range is not given. */
static void check_accept(struct sk_span value)
{
	static const struct sk_span none = { NULL, 0 };
	static char joined[65536];
	const bool empty = says(value, "^[ \t\r\n,]*$");
	bool ok = accepts(value, none, none);
	size_t half = value.len / 2;

	must(accepts(value, SK_SPAN("x/y, text/*;q=0"), none) == (ok && !empty));
	must(accepts(SK_SPAN("x/y;q=1,,text/*"), value, none) == (ok && !empty));
	must(accepts(SK_SPAN(TYPE), value, none) && !accepts(SK_SPAN(TYPE ";q=0"), value, none));
	must(!empty || ok);
	must(!ok || empty ||
	     says(value, "(^|[ \t\r\n,])([*]/[*]|application/([*]|json))([ \t\r\n,;]|$)"));
	/* two fields are one list (RFC 9110, 5.3) */
	memcpy(joined, value.ptr, half);
	joined[half] = ',';
	memcpy(joined + half + 1, value.ptr + half, value.len - half);
	must(accepts((struct sk_span){ joined, value.len + 1 }, none, none) ==
	     accepts((struct sk_span){ value.ptr, half }, none,
		     (struct sk_span){ value.ptr + half, value.len - half }));
}

static void check_type(struct sk_span value)
{
	must(media_is(value, TYPE) == says(value, "^[ \t\r\n]*application/json[ \t\r\n]*(;|$)"));
}

/* --- whose key --- */

static const char *const keys[] = { "key-a", "key-b", "viewer" };
static struct authorization *authorization;

static void print_hash(const char *key, char out[80])
{
	uint8_t digest[SK_DIGEST_LEN];

	must(sk_digest(sk_span_of(key), digest) == SK_OK);
	strcpy(out, "sha256:");
	for (size_t i = 0; i < SK_DIGEST_LEN; i++)
		snprintf(out + 7 + 2 * i, 3, "%02x", digest[i]);
}

static void put_away(void)
{
	authorization_unref(authorization);
}

static void begin(void)
{
	char yaml[2048], hash[3][80], why[DIRECTORY_WHY_SIZE] = "";
	struct directory *directory;
	struct tenant *tenants[1];
	struct conf *conf;

	for (size_t i = 0; i < SK_COUNT(keys); i++)
		print_hash(keys[i], hash[i]);
	snprintf(yaml, sizeof(yaml),
		 "http: {listen: [\"http:127.0.0.1:8080\"], sources: [10.0.0.0/8], "
		 "viewer-keys: [\"%s\"]}\ntenants: {folder: .}\n",
		 hash[2]);
	conf = many_conf(yaml);
	snprintf(yaml, sizeof(yaml),
		 "match: {hosts: [a.example]}\nclients: {a: {keys: [\"%s\"]}, b: {keys: [\"%s\"], "
		 "sources: [10.1.0.0/16]}, net: {sources: [10.2.0.0/16]}}\n",
		 hash[0], hash[1]);
	tenants[0] = many_tenant(conf, "a", yaml);
	directory = directory_new(conf, NULL, tenants, 1, why);
	must(directory != NULL);
	authorization = authorization_new(directory, why);
	must(authorization != NULL);
	atexit(put_away);
	directory_unref(directory);
	tenant_unref(tenants[0]);
	conf_unref(conf);
}

/* From 10.x.0.1: key-a from everywhere, key-b from its network alone, and by address only who shows
 * no key; a viewer is no client. */
static void check_key(struct sk_span key, unsigned x)
{
	struct addr source;
	const struct credentials shown = { .source = &source, .bearer = key };
	const struct client *client = NULL;
	enum authorized want = AUTHORIZED_UNKNOWN, got;
	const char *name = "";
	char text[32];

	snprintf(text, sizeof(text), "10.%u.0.1:5", x);
	must(addr_parse(sk_span_of(text), &source));
	if (sk_span_eq(key, SK_SPAN("key-a")) && key.ptr)
		want = AUTHORIZED, name = "a";
	else if (sk_span_eq(key, SK_SPAN("key-b")))
		want = x == 1 ? AUTHORIZED : AUTHORIZED_REFUSED, name = "b";
	else if (sk_span_eq(key, SK_SPAN("viewer")))
		want = AUTHORIZED_REFUSED;
	else if (!key.ptr && x == 2)
		want = AUTHORIZED, name = "net";
	got = authorization_client(authorization, &shown, &client);
	must(got == want && (got == AUTHORIZED) == (client != NULL));
	must(!client || strcmp(client->set->name, name) == 0);
	must((authorization_viewer(authorization, &shown) == AUTHORIZED) ==
	     sk_span_eq(key, SK_SPAN("viewer")));
}

/* --- a head out of bytes: strict, as head_read() has it --- */

static struct sk_span up_to(struct sk_span *rest, const char *mark)
{
	const char *at = rest->len ? memmem(rest->ptr, rest->len, mark, strlen(mark)) : NULL;
	struct sk_span piece = { rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len };
	size_t gone = piece.len + (at ? strlen(mark) : 0);

	*rest = (struct sk_span){ rest->ptr + gone, rest->len - gone };
	return piece;
}

/* @return false: no head at all */
static bool read_head(struct sk_span text, struct head *head)
{
	struct sk_span line = up_to(&text, "\n");

	head->count = 0;
	head->method = up_to(&line, " ");
	head->target = up_to(&line, " ");
	head->version = line;
	while (text.len > 0 && head->count < HEAD_FIELDS_MAX) {
		struct sk_span value = up_to(&text, "\n");

		head->fields[head->count].name = up_to(&value, ":");
		head->fields[head->count++].value = sk_span_trim(value);
	}
	return text.len == 0;
}

static void check_fields(const struct head *head)
{
	size_t count;
	struct sk_span key = head_find(head, "Authorization", &count);

	for (size_t i = 0; i < head->count; i++) {
		if (sk_span_eq_nocase(head->fields[i].name, SK_SPAN("Accept")))
			check_accept(head->fields[i].value);
		if (sk_span_eq_nocase(head->fields[i].name, SK_SPAN("Content-Type")))
			check_type(head->fields[i].value);
	}
	if (count == 1 && key.len >= 7 && strncasecmp(key.ptr, "Bearer ", 7) == 0)
		key = sk_span_trim((struct sk_span){ key.ptr + 7, key.len - 7 });
	else
		key = (struct sk_span){ NULL, 0 };
	for (unsigned x = 0; x < 3; x++)
		check_key(key, x);
	check_key(SK_SPAN(""), 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct routes routes;
	static struct head head;
	struct examined examined;
	bool good;

	if (!authorization) {
		begin();
		for (size_t i = 0; i < SK_COUNT(table); i++)
			routes_add(&routes, &table[i]);
	}
	if (size == 0 || size > 16384 || memchr(data, '\0', size) ||
	    !read_head((struct sk_span){ (const char *)data, size }, &head))
		return 0;
	good = examine(&head, &examined) == NULL;
	must(good == is_good(&head));
	if (!good)
		return 0;
	check_examined(&head, &examined);
	check_route(&routes, head.target);
	check_fields(&head);
	return 0;
}
