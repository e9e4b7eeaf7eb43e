/*
 * Who asks: by key, by name, by address, by all of them; who is told from whom, and who is not.
 */
#include "redirector/http/authorization.h"

#include "shaken/digest.h"
#include "tests/check.h"
#include "tests/unit/manykit.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

enum {
	MANY = 10000,
};

static bool no_crypto;

enum sk_err __real_sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN]);
enum sk_err __wrap_sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN]);

enum sk_err __wrap_sk_digest(struct sk_span bytes, uint8_t out[SK_DIGEST_LEN])
{
	return no_crypto ? SK_ECRYPTO : __real_sk_digest(bytes, out);
}

/* "sha256:..." of a key, in one of a few buffers. */
static const char *hash_text(const char *key)
{
	static char texts[8][80];
	static unsigned next;
	char *text = texts[next++ % 8];
	uint8_t digest[SK_DIGEST_LEN];

	if (__real_sk_digest(sk_span_of(key), digest) != SK_OK)
		exit(1);
	strcpy(text, "sha256:");
	for (size_t i = 0; i < SK_DIGEST_LEN; i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", digest[i]);
	return text;
}

/* --- many tenants --- */

static const char service[] =
	"sip: {sources: [192.0.2.0/24]}\n"
	"http: {listen: [\"https:192.0.2.1:8443\"], certificate: /c.pem, key: /k.pem, "
	"client-ca: /ca.pem, clients: asked, sources: [10.0.0.0/8, 192.0.2.0/24, "
	"\"2001:db8::/32\"], viewer-keys: [\"%s\"], viewer-names: [viewer.example], "
	"viewer-sources: [10.9.0.0/16]}\n"
	"tenants: {folder: .}\n";

struct world {
	struct conf *conf;
	struct tenant *tenants[32];
	size_t count;
	struct directory *directory;
};

static void world_begin(struct world *w)
{
	char yaml[2048];

	snprintf(yaml, sizeof(yaml), service, hash_text("the viewer's key"));
	*w = (struct world){ .conf = many_conf(yaml) };
}

/* @param clients  The value of `clients`; "%1" to "%4" are hashes of "key 1" to "key 4" */
static void world_add(struct world *w, const char *name, const char *clients)
{
	char yaml[4096];
	size_t at = (size_t)snprintf(yaml, sizeof(yaml),
				     "match: {hosts: [%s.example]}\ntrunks: {pbx: {sources: "
				     "[192.0.2.7/32]}}\nclients: ",
				     name);

	for (const char *c = clients; *c; c++) {
		char key[] = "key 0";

		if (*c != '%') {
			yaml[at++] = *c;
			continue;
		}
		key[4] = *++c;
		at += (size_t)snprintf(yaml + at, sizeof(yaml) - at, "\"%s\"", hash_text(key));
	}
	snprintf(yaml + at, sizeof(yaml) - at, "\n");
	w->tenants[w->count++] = many_tenant(w->conf, name, yaml);
}

static void world_settle(struct world *w)
{
	char why[DIRECTORY_WHY_SIZE] = "";

	w->directory = directory_new(w->conf, NULL, w->tenants, w->count, why);
	CHECK(w->directory != NULL, "directory: %s", why);
}

static void world_end(struct world *w)
{
	directory_unref(w->directory);
	for (size_t i = 0; i < w->count; i++)
		tenant_unref(w->tenants[i]);
	conf_unref(w->conf);
}

/* What is shown: names "a,b", a key or NULL, an address. */
struct shown {
	struct addr source;
	struct sk_span names[4];
	struct credentials credentials;
};

static const struct credentials *show(struct shown *s, const char *key, const char *names,
				      const char *source)
{
	char text[128];
	size_t count = 0;

	snprintf(text, sizeof(text), strchr(source, ':') ? "[%s]:1" : "%s:1", source);
	if (!addr_parse(sk_span_of(text), &s->source))
		exit(1);
	for (const char *c = names; *c; c += strcspn(c, ","), c += *c == ',')
		s->names[count++] = (struct sk_span){ c, strcspn(c, ",") };
	s->credentials = (struct credentials){ &s->source, sk_span_of(key), s->names, count };
	return &s->credentials;
}

/* clang-format off */
static const struct {
	const char *name, *clients;
} tenants[] = {
	{ "key", "{web: {keys: [%1]}}" },
	{ "key-net", "{web: {keys: [%2], sources: [10.1.0.0/16, \"2001:db8:1::/48\"]}}" },
	{ "key-narrow", "{web: {keys: [%2], sources: [10.1.2.0/24]}}" },
	{ "key-name", "{web: {keys: [%2], tls-names: [k.example]}}" },
	{ "two-keys", "{web: {keys: [%3, %4], trunk: pbx}}" },
	{ "name", "{web: {tls-names: [A.example, b.example]}}" },
	{ "name-net", "{web: {tls-names: [a.example], sources: [10.1.0.0/16]}}" },
	{ "net", "{web: {sources: [10.2.0.0/16, \"2001:db8:2::/48\"]}}" },
	{ "narrow", "{web: {sources: [10.2.3.0/24, 10.2.3.4/32]}}" },
	{ "both", "{one: {sources: [10.3.0.0/16]}, two: {sources: [10.3.1.0/24]}}" },
	{ "name-far", "{web: {tls-names: [far.example], sources: [10.4.0.0/16]}}" },
};

static const struct {
	const char *what, *key, *names, *source;
	const char *want; /* "tenant/client", or the result */
} requests[] = {
	{ "a key", "key 1", "", "10.0.0.1", "key/web" },
	{ "a key and another's name", "key 1", "a.example", "10.0.0.1", "key/web" },
	{ "a key at another's address", "key 1", "", "10.2.3.4", "key/web" },
	{ "a key by IPv6", "key 1", "", "2001:db8::1", "key/web" },
	{ "a key from outside http.sources", "key 1", "", "203.0.113.1", "403" },
	{ "the second of two keys", "key 4", "", "10.0.0.1", "two-keys/web" },
	{ "the first", "key 3", "", "10.0.0.1", "two-keys/web" },
	{ "key and network", "key 2", "", "10.1.0.1", "key-net/web" },
	{ "key and longer network", "key 2", "", "10.1.2.3", "key-narrow/web" },
	{ "key and network, mapped", "key 2", "", "::ffff:10.1.2.3", "key-narrow/web" },
	{ "key and network of IPv6", "key 2", "", "2001:db8:1::9", "key-net/web" },
	{ "key and name", "key 2", "k.example", "10.7.0.1", "key-name/web" },
	{ "key and name before key and network", "key 2", "x.example,K.EXAMPLE", "10.1.2.3", "key-name/web" },
	{ "key from elsewhere", "key 2", "", "10.7.0.1", "403" },
	{ "key from elsewhere, wrong name", "key 2", "a.example", "10.7.0.1", "403" },
	{ "key of IPv6 from elsewhere", "key 2", "", "2001:db8:2::9", "403" },
	{ "nobody's key", "key 9", "", "10.0.0.1", "401" },
	{ "nobody's key, a good name", "key 9", "b.example", "10.0.0.1", "401" },
	{ "nobody's key, a good address", "key 9", "", "10.2.0.1", "401" },
	{ "an empty key", "", "", "10.2.0.1", "401" },
	{ "a key in another case", "KEY 1", "", "10.0.0.1", "401" },
	{ "the beginning of a key", "key", "", "10.0.0.1", "401" },
	{ "a viewer's key", "the viewer's key", "", "10.0.0.1", "403" },
	{ "a name", NULL, "b.example", "10.0.0.1", "name/web" },
	{ "a name in another case", NULL, "B.Example", "10.0.0.1", "name/web" },
	{ "the second name", NULL, "x.example,b.example", "10.0.0.1", "name/web" },
	{ "name without network", NULL, "a.example", "10.7.0.1", "name/web" },
	{ "name with network", NULL, "a.example", "10.1.0.1", "name-net/web" },
	{ "name before a network", NULL, "b.example", "10.2.3.4", "name/web" },
	{ "another name", NULL, "c.example", "10.0.0.1", "401" },
	{ "a name below", NULL, "x.b.example", "10.0.0.1", "401" },
	{ "a part of a name", NULL, "example", "10.0.0.1", "401" },
	{ "a wildcard", NULL, "*.example", "10.0.0.1", "401" },
	{ "a name with a dot", NULL, "b.example.", "10.0.0.1", "401" },
	{ "an empty name", NULL, ",", "10.0.0.1", "401" },
	{ "a name from elsewhere", NULL, "far.example", "10.0.0.1", "403" },
	{ "that name from where it may", NULL, "far.example", "10.4.0.1", "name-far/web" },
	{ "that name elsewhere, by the address", NULL, "far.example", "10.2.0.1", "net/web" },
	{ "a name from outside http.sources", NULL, "b.example", "203.0.113.1", "403" },
	{ "a viewer's name", NULL, "viewer.example", "10.0.0.1", "401" },
	{ "an address", NULL, "", "10.2.0.1", "net/web" },
	{ "an address, a name of nobody", NULL, "c.example", "10.2.0.1", "net/web" },
	{ "a longer network", NULL, "", "10.2.3.9", "narrow/web" },
	{ "one address", NULL, "", "10.2.3.4", "narrow/web" },
	{ "one address, mapped", NULL, "", "::ffff:10.2.3.4", "narrow/web" },
	{ "IPv6", NULL, "", "2001:db8:2::1", "net/web" },
	{ "two of a tenant", NULL, "", "10.3.0.1", "both/one" },
	{ "the other", NULL, "", "10.3.1.1", "both/two" },
	{ "no network of anybody", NULL, "", "10.5.0.1", "401" },
	{ "behind the network", NULL, "", "10.4.0.0", "401" },
	{ "IPv6 of nobody", NULL, "", "2001:db8:3::1", "401" },
	{ "a client's network that has a key", NULL, "", "10.1.2.3", "401" },
};

static const struct {
	const char *what, *key, *names, *source;
	enum authorized want;
} viewers[] = {
	{ "a viewer's key", "the viewer's key", "", "10.0.0.1", AUTHORIZED },
	{ "a viewer's key from anywhere", "the viewer's key", "", "2001:db8::1", AUTHORIZED },
	{ "a viewer's name", NULL, "viewer.example", "10.0.0.1", AUTHORIZED },
	{ "the same in another case", NULL, "x.example,VIEWER.example", "10.0.0.1", AUTHORIZED },
	{ "a viewer's address", NULL, "", "10.9.1.1", AUTHORIZED },
	{ "the same, mapped", NULL, "", "::ffff:10.9.1.1", AUTHORIZED },
	{ "a viewer's key at a viewer's address", "the viewer's key", "", "10.9.1.1", AUTHORIZED },
	{ "nobody", NULL, "", "10.0.0.1", AUTHORIZED_UNKNOWN },
	{ "a client's key", "key 1", "", "10.0.0.1", AUTHORIZED_REFUSED },
	{ "a client's key at a viewer's address", "key 1", "", "10.9.1.1", AUTHORIZED_REFUSED },
	{ "nobody's key", "key 9", "", "10.0.0.1", AUTHORIZED_UNKNOWN },
	{ "nobody's key at a viewer's address", "key 9", "", "10.9.1.1", AUTHORIZED_UNKNOWN },
	{ "nobody's key and a viewer's name", "key 9", "viewer.example", "10.9.1.1", AUTHORIZED_UNKNOWN },
	{ "an empty key", "", "viewer.example", "10.9.1.1", AUTHORIZED_UNKNOWN },
	{ "a client's name", NULL, "b.example", "10.0.0.1", AUTHORIZED_UNKNOWN },
	{ "a name below", NULL, "x.viewer.example", "10.0.0.1", AUTHORIZED_UNKNOWN },
};
/* clang-format on */

/* "tenant/client", "401" and so on. */
static const char *asked(const struct authorization *a, const struct credentials *credentials)
{
	static const char *const results[] = { "", "401", "403", "500" };
	static char text[160];
	const struct client *client = NULL;
	enum authorized result = authorization_client(a, credentials, &client);

	CHECK((result == AUTHORIZED) == (client != NULL), "a client only when authorized");
	if (result != AUTHORIZED)
		return results[result];
	snprintf(text, sizeof(text), "%s/%s", client->tenant->set->name, client->set->name);
	return text;
}

static void test_table(void)
{
	char why[AUTHORIZATION_WHY_SIZE] = "";
	const struct client *client = NULL;
	struct authorization *a;
	struct shown s;
	struct world w;

	world_begin(&w);
	for (size_t i = 0; i < SK_COUNT(tenants); i++)
		world_add(&w, tenants[i].name, tenants[i].clients);
	world_settle(&w);
	a = authorization_new(w.directory, why);
	CHECK(a != NULL, "%s", why);
	world_end(&w); /* the authorization has what it needs */
	for (size_t i = 0; a && i < SK_COUNT(requests); i++)
		CHECK_STR(
			asked(a, show(&s, requests[i].key, requests[i].names, requests[i].source)),
			requests[i].want, requests[i].what);
	for (size_t i = 0; a && i < SK_COUNT(viewers); i++)
		CHECK(authorization_viewer(a, show(&s, viewers[i].key, viewers[i].names,
						   viewers[i].source)) == viewers[i].want,
		      "viewer: %s", viewers[i].what);
	CHECK(authorization_client(a, show(&s, "key 3", "", "10.0.0.1"), &client) == AUTHORIZED &&
		      client->trunk && strcmp(client->trunk->name, "pbx") == 0,
	      "its trunk");
	CHECK(authorization_client(a, show(&s, "key 1", "", "10.0.0.1"), &client) == AUTHORIZED &&
		      !client->trunk,
	      "no trunk");
	no_crypto = true;
	CHECK_STR(asked(a, show(&s, "key 1", "", "10.0.0.1")), "500", "a fault of ours");
	CHECK(authorization_viewer(a, show(&s, "key 1", "", "10.0.0.1")) == AUTHORIZED_FAULT,
	      "viewer: a fault of ours");
	no_crypto = false;
	CHECK_STR(asked(authorization_ref(a), show(&s, "key 1", "", "10.0.0.1")), "key/web", "ref");
	authorization_unref(a);
	authorization_unref(a);
	authorization_unref(NULL);
}

static void test_long_keys(void)
{
	char why[AUTHORIZATION_WHY_SIZE] = "", key[BEARER_MAX + 2], yaml[256];
	struct authorization *a;
	struct shown s;
	struct world w;

	memset(key, 'x', sizeof(key));
	key[BEARER_MAX] = '\0';
	world_begin(&w);
	snprintf(yaml, sizeof(yaml), "{web: {keys: [\"%s\"]}}", hash_text(key));
	world_add(&w, "a", yaml);
	key[BEARER_MAX] = 'x';
	key[BEARER_MAX + 1] = '\0';
	snprintf(yaml, sizeof(yaml), "{web: {keys: [\"%s\"]}}", hash_text(key));
	world_add(&w, "b", yaml);
	world_settle(&w);
	a = authorization_new(w.directory, why);
	CHECK(a != NULL, "%s", why);
	CHECK_STR(asked(a, show(&s, key, "", "10.0.0.1")), "401", "too long a key");
	key[BEARER_MAX] = '\0';
	CHECK_STR(asked(a, show(&s, key, "", "10.0.0.1")), "a/web", "the longest");
	authorization_unref(a);
	world_end(&w);
}

/* --- clients that nothing tells apart --- */

/* clang-format off */
static const struct {
	const char *what, *one, *two;
	bool tie;
} pairs[] = {
	{ "a key", "{w: {keys: [%1]}}", "{v: {keys: [%1]}}", true },
	{ "one of the keys", "{w: {keys: [%1, %2]}}", "{v: {keys: [%3, %2]}}", true },
	{ "other keys", "{w: {keys: [%1, %2]}}", "{v: {keys: [%3, %4]}}", false },
	{ "a key, one with a name", "{w: {keys: [%1]}}", "{v: {keys: [%1], tls-names: [a.example]}}", false },
	{ "a key, one with a network", "{w: {keys: [%1]}}", "{v: {keys: [%1], sources: [10.0.0.0/8]}}", false },
	{ "a key and other names", "{w: {keys: [%1], tls-names: [b.example]}}", "{v: {keys: [%1], tls-names: [a.example]}}", false },
	{ "a key and a name", "{w: {keys: [%1], tls-names: [b.example, a.example]}}", "{v: {keys: [%1], tls-names: [A.example]}}", true },
	{ "a key and other networks", "{w: {keys: [%1], sources: [10.1.0.0/16]}}", "{v: {keys: [%1], sources: [10.0.0.0/8]}}", false },
	{ "a key and a network", "{w: {keys: [%1], sources: [10.1.0.0/16, 10.2.0.0/16]}}", "{v: {keys: [%1], sources: [10.2.0.0/16]}}", true },
	{ "all three", "{w: {keys: [%1], tls-names: [a.example], sources: [10.1.0.0/16]}}", "{v: {keys: [%1], tls-names: [a.example], sources: [10.1.0.0/16]}}", true },
	{ "key and network, another name", "{w: {keys: [%1], tls-names: [a.example], sources: [10.1.0.0/16]}}", "{v: {keys: [%1], tls-names: [b.example], sources: [10.1.0.0/16]}}", false },
	{ "a key that others need not", "{w: {keys: [%1]}}", "{v: {sources: [10.0.0.0/8]}}", false },
	{ "a name", "{w: {tls-names: [a.example]}}", "{v: {tls-names: [b.example, A.EXAMPLE]}}", true },
	{ "other names", "{w: {tls-names: [a.example]}}", "{v: {tls-names: [b.example]}}", false },
	{ "a name, one with a network", "{w: {tls-names: [a.example]}}", "{v: {tls-names: [a.example], sources: [10.0.0.0/8]}}", false },
	{ "a name and a network", "{w: {tls-names: [a.example], sources: [10.0.0.0/8]}}", "{v: {tls-names: [a.example], sources: [10.0.0.0/8]}}", true },
	{ "a name that others need not", "{w: {tls-names: [a.example], sources: [10.0.0.0/8]}}", "{v: {sources: [10.0.0.0/8]}}", false },
	{ "a network", "{w: {sources: [10.0.0.0/8]}}", "{v: {sources: [10.1.0.0/16, 10.0.0.0/8]}}", true },
	{ "a network within", "{w: {sources: [10.0.0.0/8]}}", "{v: {sources: [10.1.0.0/16]}}", false },
	{ "a network in both", "{w: {sources: [0.0.0.0/0]}}", "{v: {sources: [\"::/0\"]}}", false },
	{ "within a tenant", "{w: {sources: [10.0.0.0/8]}, x: {sources: [10.0.0.0/8]}}", "{}", true },
	{ "within a tenant, told apart", "{w: {sources: [10.0.0.0/8]}, x: {sources: [10.0.0.0/9]}}", "{}", false },
};
/* clang-format on */

struct told {
	size_t count;
	char why[AUTHORIZATION_WHY_SIZE];
};

static void on_left_out(void *arg, const char *why)
{
	struct told *told = arg;

	told->count++;
	snprintf(told->why, sizeof(told->why), "%s", why);
}

static void test_pair(size_t i)
{
	char why[AUTHORIZATION_WHY_SIZE] = "";
	struct told told = { 0 };
	struct authorization *a, *lenient;
	struct world w;

	world_begin(&w);
	world_add(&w, "one", pairs[i].one);
	world_add(&w, "two", pairs[i].two);
	world_settle(&w);
	a = authorization_new(w.directory, why);
	CHECK((a == NULL) == pairs[i].tie, "%s: %s", pairs[i].what, why);
	CHECK(!pairs[i].tie || strstr(why, "clients one/w and "), "%s: names: %s", pairs[i].what,
	      why);
	CHECK(!pairs[i].tie || strstr(why, "two/v") || strstr(why, "one/x"), "%s: names: %s",
	      pairs[i].what, why);
	CHECK(!strstr(why, "sha256"), "%s: no hash is told", pairs[i].what);
	authorization_unref(a);

	lenient = authorization_start(w.directory, on_left_out, &told, why);
	CHECK(lenient != NULL, "%s: a start goes on", pairs[i].what);
	CHECK(told.count == pairs[i].tie, "%s: %zu left out", pairs[i].what, told.count);
	authorization_unref(lenient);
	world_end(&w);
}

/* The one that is left out takes nothing from the others. */
static void test_left_out(void)
{
	char why[AUTHORIZATION_WHY_SIZE] = "";
	struct told told = { 0 };
	struct authorization *a;
	struct shown s;
	struct world w;

	world_begin(&w);
	world_add(&w, "a", "{w: {keys: [%1]}, fine: {sources: [10.5.0.0/16]}}");
	world_add(&w, "b", "{w: {keys: [%2, %1]}, fine: {sources: [10.6.0.0/16]}}");
	world_add(&w, "c", "{w: {keys: [%2]}}");
	world_settle(&w);
	a = authorization_start(w.directory, on_left_out, &told, why);
	CHECK(a && told.count == 1, "one is left out");
	CHECK_STR(told.why,
		  "clients a/w and b/w: nothing tells their requests apart (keys, tls-names, "
		  "sources)",
		  "why");
	CHECK_STR(asked(a, show(&s, "key 1", "", "10.0.0.1")), "a/w", "the first stays");
	CHECK_STR(asked(a, show(&s, "key 2", "", "10.0.0.1")), "c/w", "its other key is free");
	CHECK_STR(asked(a, show(&s, NULL, "", "10.6.0.1")), "b/fine", "its tenant's other client");
	authorization_unref(a);
	world_end(&w);
}

/* What the configuration lets nobody write. */
static void test_broken(void)
{
	char why[AUTHORIZATION_WHY_SIZE] = "", none[] = "", other[] = "other";
	struct client_conf *set;
	struct authorization *a;
	struct told told = { 0 };
	struct shown s;
	struct world w;
	char *key;

	world_begin(&w);
	world_add(&w, "a", "{w: {keys: [%1]}}");
	world_settle(&w);
	set = w.tenants[0]->set->clients.items;
	key = set->keys.items[0];
	set->keys.items[0] = none;
	CHECK(!authorization_new(w.directory, why) && strstr(why, "client a/w: keys"), "%s", why);
	a = authorization_start(w.directory, on_left_out, &told, why);
	CHECK(a && told.count == 1, "left out");
	authorization_unref(a);
	set->keys.items[0] = key;

	key = set->trunk;
	set->trunk = other;
	CHECK(!authorization_new(w.directory, why) && strstr(why, "client a/w: trunk"), "%s", why);
	set->trunk = key;

	set->keys.count = 0;
	a = authorization_new(w.directory, why);
	CHECK_STR(asked(a, show(&s, NULL, "", "10.0.0.1")), "403", "a client of nothing is nobody");
	CHECK_STR(asked(a, show(&s, NULL, "a.example", "10.0.0.1")), "403", "by no name, too");
	CHECK_STR(asked(a, show(&s, "key 1", "", "10.0.0.1")), "401", "by no key, too");
	authorization_unref(a);
	set->keys.count = 1;
	world_end(&w);
}

static void test_too_many_alike(void)
{
	char why[AUTHORIZATION_WHY_SIZE] = "", yaml[4096] = "{";
	struct authorization *a;
	struct world w;

	world_begin(&w);
	for (int t = 0; t < 3; t++) {
		size_t len = 1;

		for (int i = 0; i < 25; i++)
			len += (size_t)snprintf(yaml + len, sizeof(yaml) - len,
						"c%d: {tls-names: [a.example], sources: "
						"[10.%d.%d.0/24]}, ",
						i, t, i);
		strcpy(yaml + len - 2, "}");
		world_add(&w, t == 0 ? "a" : t == 1 ? "b" : "c", yaml);
	}
	world_settle(&w);
	a = authorization_new(w.directory, why);
	CHECK(!a && strstr(why, "too many share"), "%s", why);
	w.tenants[2]->own->clients.count -= 11;
	a = authorization_new(w.directory, why);
	CHECK(a != NULL, "64 may: %s", why);
	authorization_unref(a);
	w.tenants[2]->own->clients.count += 11;
	world_end(&w);
}

/* --- ten thousand --- */

static struct tenant_conf many_sets[MANY];
static struct client_conf many_clients[MANY];
static char many_names[MANY][24], many_hosts[MANY][24], many_keys[MANY][80];
static char *many_items[MANY][2];
static struct net many_nets[MANY];

/* One third by key, by name, by network. */
static struct tenant *many_one(size_t i)
{
	static char none[] = "", client[] = "web";
	struct tenant *t = calloc(1, sizeof(*t));
	char key[24];

	if (!t)
		exit(1);
	atomic_init(&t->refs, 1);
	t->set = &many_sets[i];
	snprintf(many_names[i], sizeof(many_names[i]), "t%zu", i);
	snprintf(many_hosts[i], sizeof(many_hosts[i]), "t%zu.example", i);
	snprintf(key, sizeof(key), "key %zu", i);
	strcpy(many_keys[i], hash_text(key));
	many_items[i][0] = many_hosts[i];
	many_items[i][1] = many_keys[i];
	many_clients[i] = (struct client_conf){ .name = client, .trunk = none };
	many_nets[i] = (struct net){ .bits = 24, .bytes = { 10, (uint8_t)(i >> 8), (uint8_t)i } };
	if (i % 3 == 0)
		many_clients[i].keys = (struct text_list){ &many_items[i][1], 1 };
	else if (i % 3 == 1)
		many_clients[i].tls_names = (struct text_list){ &many_items[i][0], 1 };
	else
		many_clients[i].sources = (struct net_list){ &many_nets[i], 1 };
	many_sets[i] = (struct tenant_conf){ .name = many_names[i],
					     .match.hosts = { &many_items[i][0], 1 },
					     .clients = { &many_clients[i], 1 } };
	return t;
}

static void test_many(void)
{
	static struct tenant *all[MANY];
	char why[DIRECTORY_WHY_SIZE] = "", key[24], source[32], want[48];
	struct conf *conf = many_conf("http: {sources: [10.0.0.0/8]}\ntenants: {folder: .}\n");
	struct directory *directory;
	struct authorization *a;
	struct shown s;
	size_t wrong = 0;

	for (size_t i = 0; i < MANY; i++)
		all[i] = many_one(i);
	directory = directory_new(conf, NULL, all, MANY, why);
	CHECK(directory != NULL, "%s", why);
	a = authorization_new(directory, why);
	CHECK(a != NULL, "%s", why);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "key %zu", i);
		snprintf(want, sizeof(want), "t%zu/web", i);
		snprintf(source, sizeof(source), "10.%zu.%zu.9", i >> 8, i & 255);
		wrong += strcmp(asked(a, show(&s, i % 3 == 0 ? key : NULL,
					      i % 3 == 1 ? many_hosts[i] : "",
					      i % 3 == 2 ? source : "10.200.0.1")),
				want) != 0;
		if (i % 3 != 0)
			wrong += strcmp(asked(a, show(&s, key, "", "10.200.0.1")), "401") != 0;
		if (i % 3 != 2)
			wrong += strcmp(asked(a, show(&s, NULL, "", source)), "401") != 0;
	}
	CHECK(wrong == 0, "%zu of ten thousand clients", wrong);
	authorization_unref(a);
	directory_unref(directory);
	for (size_t i = 0; i < MANY; i++)
		tenant_unref(all[i]);
	conf_unref(conf);
}

/* --- no memory --- */

static void test_starved(void)
{
	char why[AUTHORIZATION_WHY_SIZE];
	struct world w;

	world_begin(&w);
	for (size_t i = 0; i < SK_COUNT(tenants); i++)
		world_add(&w, tenants[i].name, tenants[i].clients);
	world_settle(&w);
	for (int one = 0; one < 2; one++) {
		long n = 0;

		for (hit = true; hit; n++) {
			struct told told = { 0 };
			struct authorization *a;

			hit = false;
			only_one = one;
			budget = n;
			a = authorization_start(w.directory, n % 2 ? on_left_out : NULL, &told,
						why);
			budget = -1;
			ERR_clear_error();
			CHECK(hit || a, "%ld: with memory enough: %s", n, why);
			CHECK(told.count == 0, "%ld: nobody is left out for want of memory", n);
			authorization_unref(a);
		}
		CHECK(n > 20, "%ld allocations", n);
	}
	world_end(&w);
}

int main(void)
{
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 1;
	test_table();
	test_long_keys();
	for (size_t i = 0; i < SK_COUNT(pairs); i++)
		test_pair(i);
	test_left_out();
	test_broken();
	test_too_many_alike();
	test_many();
	test_starved();
	return check_result();
}
