/*
 * A tenant's file on top of the main one: what it takes from there and what it never does, what
 * it may not say, and that what is printed loads to the same.
 */
#include "config/schema.h"
#include "config/tenant_file.h"
#include "tests/check.h"
#include "tests/unit/confkit.h"

#include <stdlib.h>
#include <time.h>

/* A main file with everything that a tenant must not get, and some that it gets. */
static const char rich[] =
	"sip: {listen: [\"udp:127.0.0.1:5060\", \"udp:[::1]:5060\"], sources: [127.0.0.0/8]}\n"
	"tenants: {folder: /, fallback: yes, header: X-Carrier, header-sources: [127.0.0.1]}\n"
	"tenant: {name: house, profile: man, mode: auto}\n"
	"match: {hosts: [main.example]}\n"
	"trunks: {main-trunk: {attest: A, may-say: yes}}\n"
	"credentials: {main-cred: {key: mk, certificate: mc, x5u: \"https://main.example/c\"}}\n"
	"numbers: {country: 33, international: \"00\"}\n"
	"sign: {key: main-key, certificate: main-cert, x5u: \"https://main.example/b\", attest: "
	"B,\n"
	"  origid: fixed, origid-value: 123e4567-e89b-12d3-a456-426655440000, rph: [\"ets.*\"],\n"
	"  attest-headers: [X-Main], dummies: [\"123\"]}\n"
	"verify: {certificates: {\"https://main.example/d\": main-d}, max-age: 30s,\n"
	"  replay-entries: 2048, verstat: {stale: failed}}\n"
	"answer: {code: 300, contact: template, contact-template: \"sip:{user}@main.example\"}\n"
	"trust: {anchors: [r.pem]}\n"
	"authority: {store: s}\n"
	"limits: {rate: 5}\n";

#define PLAIN "sign: {origid: derived}\n"

static void test_inherited(void)
{
	SK_CLEANUP(conf_unref_p) struct conf *main = loaded(rich);
	SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
	char *why;

	if (!main)
		return;
	set = tenant_judged(PLAIN "verify: {max-skew: 5s}\n", main, &why);
	CHECK(set, "%s", why);
	free(why);
	if (!set)
		return;
	CHECK_STR(set->name, "acme", "the file's name");
	CHECK(set->profile == PROFILE_MAN && set->verify.max_age == 30, "from the main file");
	CHECK(set->verify.max_skew == 5 && set->sign.origid == ORIGID_DERIVED, "of its own");
	CHECK(set->sign.attest == CONF_ATTEST_B && set->limits.rate == 5, "from the main file");
	CHECK(set->verify.replay_entries == 2048, "from the main file, which alone may set it");
	CHECK(set->answer.code == CODE_300, "from the main file");
	CHECK_STR(set->answer.contact_template, "sip:{user}@main.example", "from the main file");
	CHECK_STR(set->dialplan.country, "33", "from the main file");
	CHECK_STR(set->sign.rph.items[0], "ets.*", "a list");
	CHECK(set->sign.rph.items != main->tenant.sign.rph.items, "a list of its own");
	CHECK_STR(set->verify.verstat.values[0], "failed", "a mapping");

	/* one tenant's are never another's */
	CHECK(set->match.hosts.count == 0, "match");
	CHECK(set->trunks.count == 0 && set->credentials.count == 0, "groups");
	CHECK_STR(set->sign.key, "", "key");
	CHECK_STR(set->sign.certificate, "", "certificate");
	CHECK_STR(set->sign.x5u, "", "x5u");
	CHECK_STR(set->sign.origid_value, "", "origid");
	CHECK(set->verify.certificates.count == 0, "certificates");
}

/* Every row of the main file's tenant is either taken over or empty, and nothing in between. */
static void test_every_row(void)
{
	static const char *const empty[] = { "\"\"", "[]", "{}" };
	size_t own = 0;

	for (size_t i = 0; i < conf_schema_count; i++) {
		const struct conf_item *item = &conf_schema[i];
		bool match = conf_item_key(item, "match") != NULL;

		if (!match && strcmp(item->path, "sign.key") != 0 &&
		    strcmp(item->path, "sign.certificate") != 0 &&
		    strcmp(item->path, "sign.x5u") != 0 &&
		    strcmp(item->path, "sign.origid-value") != 0 &&
		    strcmp(item->path, "verify.certificates") != 0)
			continue;
		own++;
		CHECK(strcmp(item->dflt, empty[0]) == 0 || strcmp(item->dflt, empty[1]) == 0 ||
			      strcmp(item->dflt, empty[2]) == 0,
		      "%s: what is not taken over is empty", item->path);
		CHECK(conf_item_of_tenant(item), "%s: a tenant's", item->path);
	}
	CHECK(own == 10, "%zu", own);
	CHECK(!conf_item_of_tenant(conf_item_find("verify.replay-entries")), "needs a restart");
	CHECK(conf_item_in_tenant(conf_item_find("verify.replay-entries")), "but is in a tenant");
	CHECK(!conf_item_of_tenant(conf_item_find("sip.listen")), "the service's");
	CHECK(!conf_item_of_tenant(conf_item_find("log.level")), "the service's");
	CHECK(conf_section_of_tenant(conf_section_find("trunks")), "trunks");
	CHECK(conf_section_of_tenant(conf_section_find("numbers")), "numbers");
	CHECK(!conf_section_of_tenant(conf_section_find("tenants")), "tenants");
	CHECK(!conf_section_of_tenant(conf_section_find("authority")), "authority");
}

/* On the main file `rich`: what is said; "" when the file is good and nothing is. */
static const struct {
	const char *yaml, *why;
} rows[] = {
	{ PLAIN, "" },
	{ PLAIN "tenant: {name: acme}\n", "" },
	{ PLAIN "match: {sources: [10.0.0.0/8], listeners: [\"udp:[::1]:5060\"], headers: [a]}\n",
	  "" },
	{ PLAIN "match: {sources: [10.0.0.0/8]}\ntrunks: {a: {sources: [10.1.0.0/16]}}\n", "" },
	{ PLAIN "answer: {contact: source}\n", "" },
	{ PLAIN "lists: {block: alert}\n", "" },
	{ "sign: {origid-value: 00000000-0000-0000-0000-000000000000}\n", "" },
	{ PLAIN "tenant:\ntrunks:\nnumbers:\n", "" },
	{ "", "/t/acme.yaml: sign.origid: \"fixed\" needs sign.origid-value, a UUID" },
	{ "[]", "/t/acme.yaml:1:1: must hold sections, `match:` and so on" },
	{ "a: &x b\n", "/t/acme.yaml:1:4: anchors, aliases and tags (&, *, !) are not allowed" },
	{ PLAIN "sip: {listen: []}\nlog: x\n",
	  "/t/acme.yaml:2:1: sip: belongs in the main file AND "
	  "/t/acme.yaml:3:1: log: belongs in the main file" },
	{ PLAIN "tenants: {folder: x}\ntrust: {}\ncerts: {}\nauthority: {}\nhsm: {}\n",
	  "/t/acme.yaml:2:1: tenants: belongs in the main file AND "
	  "/t/acme.yaml:3:1: trust: belongs in the main file AND "
	  "/t/acme.yaml:4:1: certs: belongs in the main file AND "
	  "/t/acme.yaml:5:1: authority: belongs in the main file AND "
	  "/t/acme.yaml:6:1: hsm: belongs in the main file" },
	{ PLAIN "verify: {replay-entries: 1024}\n",
	  "/t/acme.yaml:2:10: verify.replay-entries: belongs in the main file" },
	{ PLAIN "verify: {max-agee: 5s}\n",
	  "/t/acme.yaml:2:10: verify.max-agee: unknown setting; did you mean verify.max-age?" },
	{ PLAIN "veryfy: {max-age: 5s}\n",
	  "/t/acme.yaml:2:1: veryfy: unknown section; did you mean verify?" },
	{ PLAIN "tenant: {name: other}\n",
	  "/t/acme.yaml:2:16: tenant.name: is \"acme\", as the file is called; leave it out" },
	{ PLAIN "tenant: {name: [acme]}\n",
	  "/t/acme.yaml:2:16: tenant.name: is a list, [a, b], must be one value AND "
	  "/t/acme.yaml:2:16: tenant.name: is \"acme\", as the file is called; leave it out" },
	{ PLAIN "tenant: {mode: sign}\n",
	  "/t/acme.yaml:2:16: tenant.mode: \"sign\" needs sign.key and sign.x5u" },
	{ PLAIN "trunks: {a: {credential: main-cred}}\n",
	  "/t/acme.yaml:2:26: trunks.a.credential: \"main-cred\" is none of `credentials`" },
	{ PLAIN "trunks: {a: {credential: default}}\n",
	  "/t/acme.yaml:2:26: trunks.a.credential: \"default\" is none of `credentials`" },
	{ "sign: {origid: derived, key: k}\n",
	  "/t/acme.yaml:1:30: sign.key: \"/t/k\" needs sign.x5u, the URL of its certificate" },
	{ "sign: {origid: derived, attest-headers: [X-Own]}\n",
	  "/t/acme.yaml:1:41: sign.attest-headers: \"X-Own\" is believed from nobody; name who may "
	  "say it in sign.attest-sources, or by may-say of a trunk" },
	{ PLAIN "match: {listeners: [\"udp:127.0.0.1:5061\"]}\n",
	  "/t/acme.yaml:2:21: match.listeners: \"udp:127.0.0.1:5061\" is not among sip.listen" },
	{ PLAIN "match: {listeners: [\"tcp:[::1]:5060\"]}\n", "" },
	{ PLAIN "match: {listeners: [\"tls:[::1]:5060\"]}\n",
	  "/t/acme.yaml:2:21: match.listeners: \"tls:[::1]:5060\" is not among sip.listen" },
	{ PLAIN "match: {tls-names: [a.example]}\n",
	  "/t/acme.yaml:2:20: warning: match.tls-names: no listener speaks TLS, so no request is "
	  "this "
	  "tenant's" },
	{ PLAIN "lists: {block: block}\n",
	  "/t/acme.yaml: answer.block: \"603+\" needs where a blocked caller complains: one of "
	  "answer.block-url, answer.block-tel, answer.block-email (ATIS-1000099)" },
	{ "sign: {origid: derived, key: \"pkcs11:x\", x5u: \"https://a.example/b\"}\n",
	  "/t/acme.yaml:1:30: sign.key: \"pkcs11:x\" needs hsm.module, the library of the token" },
};

static void test_said(void)
{
	SK_CLEANUP(conf_unref_p) struct conf *main = loaded(rich);

	for (size_t i = 0; main && i < SK_COUNT(rows); i++) {
		char *why;
		SK_CLEANUP(tenant_conf_free_p)
		struct tenant_conf *set = tenant_judged(rows[i].yaml, main, &why);
		bool good = rows[i].why[0] == '\0' || strstr(rows[i].why, ": warning: ");

		CHECK(good == (set != NULL), "row %zu: %s", i, rows[i].yaml);
		CHECK_STR(why, rows[i].why, rows[i].yaml);
		free(why);
	}
}

/* Names of clients' certificates, where there are such clients and where not. */
static void test_tls_names(void)
{
#define LISTEN \
	"trust: {anchors: [r]}\nsip: {listen: [\"tls:127.0.0.1:5061\"]}\ntls: {certificate: c, " \
	"key: k"
#define HOST \
	" is no host; allowed: a name or an address, without port, such as sbc.example.net, " \
	"192.0.2.1 or [2001:db8::1]"
	/* clang-format off */
	static const struct {
		const char *main, *own, *why;
	} cases[] = {
		{ LISTEN ", client-ca: r, clients: required}\n", "match: {tls-names: [a.example, \"[2001:db8::1]\"]}\n", "" },
		{ LISTEN ", client-ca: r, clients: asked}\n", "match: {tls-names: [A.example]}\n", "" },
		{ LISTEN "}\n", "match: {tls-names: [a.example]}\n",
		  "/t/acme.yaml:1:20: warning: match.tls-names: tls.clients: any asks nobody for a certificate, so no request is this tenant's" },
		{ LISTEN ", client-ca: r, clients: asked}\n", "match: {tls-names: [\"*.a.example\"]}\n",
		  "/t/acme.yaml:1:21: match.tls-names: \"*.a.example\"" HOST },
		{ LISTEN ", client-ca: r, clients: asked}\n", "match: {tls-names: [\"sip:a.example\"]}\n",
		  "/t/acme.yaml:1:21: match.tls-names: \"sip:a.example\"" HOST },
		{ LISTEN ", client-ca: r, clients: asked}\n", "match: {tls-names: [a.example, A.EXAMPLE]}\n",
		  "/t/acme.yaml:1:32: match.tls-names: \"A.EXAMPLE\" is there twice" },
		{ LISTEN ", client-ca: r, clients: asked}\n", "match: {listeners: [\"tls:127.0.0.1:5061\"]}\n", "" },
		{ LISTEN ", client-ca: r, clients: asked}\n", "match: {listeners: [\"tcp:127.0.0.1:5061\"]}\n",
		  "/t/acme.yaml:1:21: match.listeners: \"tcp:127.0.0.1:5061\" is not among sip.listen" },
	};
	/* clang-format on */

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *main = loaded(cases[i].main);
		SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
		char *why;

		if (!main)
			continue;
		set = tenant_judged(cases[i].own, main, &why);
		CHECK_STR(why, cases[i].why, cases[i].own);
		free(why);
	}
}

/* Printed, loaded and printed again; relative files have become absolute. */
static void test_printed(void)
{
	SK_CLEANUP(conf_unref_p) struct conf *main = loaded(rich);

	for (size_t i = 0; main && i < SK_COUNT(rows); i++) {
		SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
		SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *again = NULL;
		char *why, *once, *twice;

		set = tenant_judged(rows[i].yaml, main, &why);
		free(why);
		if (!set)
			continue;
		once = tenant_printed(set);
		again = tenant_judged(once, main, &why);
		twice = again ? tenant_printed(again) : strdup(why);
		CHECK_STR(twice, once, rows[i].yaml);
		CHECK(!strstr(once, "replay-entries") && !strstr(once, "\nsip:"), "%s", once);
		free(why);
		free(once);
		free(twice);
	}
}

/* Own setting before own preset before the main file's. */
static void test_presets(void)
{
	static const struct {
		const char *main, *own;
		const char *pai_header;
		unsigned identity_in;
	} cases[] = {
		{ "", "", "P-Asserted-Identity", IDENTITY_IN_HEADER },
		{ "", "answer: {preset: freeswitch}\n", "X-Asserted-Identity",
		  IDENTITY_IN_X_IDENTITY },
		{ "", "answer: {preset: freeswitch, identity-in: [header]}\n",
		  "X-Asserted-Identity", IDENTITY_IN_HEADER },
		{ "", "answer: {preset: freeswitch, pai-header: X-A}\n", "X-A",
		  IDENTITY_IN_X_IDENTITY },
		{ "answer: {preset: freeswitch}\n", "", "X-Asserted-Identity",
		  IDENTITY_IN_X_IDENTITY },
		{ "answer: {preset: freeswitch}\n", "answer: {identity-in: [contact]}\n",
		  "X-Asserted-Identity", IDENTITY_IN_CONTACT },
		{ "answer: {preset: freeswitch, pai-header: X-M}\n", "", "X-M",
		  IDENTITY_IN_X_IDENTITY },
		{ "answer: {pai-header: X-M}\n", "answer: {preset: freeswitch}\n",
		  "X-Asserted-Identity", IDENTITY_IN_X_IDENTITY },
		{ "answer: {preset: freeswitch, pai-header: X-M}\n", "answer: {preset: none}\n",
		  "X-M", IDENTITY_IN_X_IDENTITY },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *main = loaded(cases[i].main);
		SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
		char *why;

		if (!main)
			continue;
		set = tenant_judged(cases[i].own, main, &why);
		CHECK(set, "row %zu: %s", i, why);
		free(why);
		if (!set)
			continue;
		CHECK_STR(set->answer.pai_header, cases[i].pai_header, cases[i].own);
		CHECK(set->answer.identity_in == cases[i].identity_in, "row %zu: %u", i,
		      set->answer.identity_in);
	}
}

/* The name is made of the path's last part. */
static void test_names(void)
{
	static const struct {
		const char *path, *name;
	} names[] = {
		{ "/t/acme.yaml", "acme" },
		{ "acme.yaml", "acme" },
		{ "t/a.b-c_9.yaml", "a.b-c_9" },
		{ "t/acme", "acme" },
		{ "t/.yaml", ".yaml" },
		{ "t/", NULL },
		{ "t/a b.yaml", NULL },
		{ "t/a\"b.yaml", NULL },
		{ "t/*.yaml", NULL },
		{ "t/\303\244.yaml", NULL },
		{ "t/0123456789012345678901234567890123456789012345678901234567890123.yaml",
		  "0123456789012345678901234567890123456789012345678901234567890123" },
		{ "t/01234567890123456789012345678901234567890123456789012345678901234.yaml",
		  NULL },
	};
	SK_CLEANUP(conf_unref_p) struct conf *main = loaded("");

	for (size_t i = 0; main && i < SK_COUNT(names); i++) {
		struct complaints all = { .items = NULL };
		SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
		bool ok = tenant_conf_load("", 0, names[i].path, main, &set, &all);
		char *why = join(&all);

		CHECK(ok == (names[i].name != NULL), "%s: %s", names[i].path, why);
		if (ok && names[i].name)
			CHECK_STR(set->name, names[i].name, names[i].path);
		else
			CHECK(strstr(why, "the file's name is the tenant's"), "%s", why);
		free(why);
		complaints_deinit(&all);
	}
	tenant_conf_free(NULL);
}

/* Tenants by the thousand: what one file costs is printed, and judged by who reads it. */
static void test_many(void)
{
	enum {
		MANY = 2000
	};
	static struct tenant_conf *sets[MANY];
	static const char text[] =
		"match: {hosts: [a.example.net]}\n"
		"sign: {key: k.pem, certificate: c.pem, x5u: \"https://a.example/b\", attest: A}\n"
		"tenant: {trunk-parameter: otg}\ntrunks: {a: {groups: [x], attest: B}, b: "
		"{}}\nanswer: {preset: freeswitch}\n";
	SK_CLEANUP(conf_unref_p) struct conf *main = loaded("trust: {anchors: [r]}\n");
	struct complaints all = { .items = NULL };
	struct timespec start, end;
	size_t good = 0;

	if (!main || clock_gettime(CLOCK_MONOTONIC, &start) != 0)
		exit(1);
	for (size_t i = 0; i < MANY; i++)
		good += tenant_conf_load(text, strlen(text), "/t/a.yaml", main, &sets[i], &all);
	if (clock_gettime(CLOCK_MONOTONIC, &end) != 0)
		exit(1);
	CHECK(good == MANY && all.count == 0, "%zu good: %s", good, all.count ? all.items[0] : "");
	printf("a tenant's file is read in %.0f us\n",
	       ((double)(end.tv_sec - start.tv_sec) * 1e6 +
		(double)(end.tv_nsec - start.tv_nsec) / 1e3) /
		       MANY);
	for (size_t i = 0; i < MANY; i++)
		tenant_conf_free(sets[i]);
	complaints_deinit(&all);
}

static char *text_of(const char *path)
{
	char *text = calloc(1, 1 << 16);
	FILE *f = fopen(path, "r");

	if (!f || !text || fread(text, 1, (1 << 16) - 1, f) == 0) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return text;
}

/* The example tenants are good, and nothing is to be said of them. */
static void test_examples(const char *root)
{
	static const char *const names[] = { "northwind", "fabrikam" };
	struct complaints all = { .items = NULL };
	SK_CLEANUP(conf_unref_p) struct conf *main = NULL;
	char path[4096], want[4200];

	snprintf(path, sizeof(path), "%s/config/examples/carriers.yaml", root);
	CHECK(conf_load(path, &main, &all), "%s", path);
	CHECK(all.count == 0, "%s", all.count ? all.items[0] : "");
	complaints_deinit(&all);
	for (size_t i = 0; main && i < SK_COUNT(names); i++) {
		SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
		char *text, *why;

		snprintf(path, sizeof(path), "%s/config/examples/tenants/%s.yaml", root, names[i]);
		text = text_of(path);
		CHECK(tenant_conf_load(text, strlen(text), path, main, &set, &all), "%s", path);
		why = join(&all);
		CHECK_STR(why, "", path);
		free(why);
		free(text);
		complaints_deinit(&all);
		if (!set)
			continue;
		CHECK_STR(set->name, names[i], path);
		snprintf(want, sizeof(want), "%s/config/examples/tenants/%s.key", root, names[i]);
		CHECK_STR(set->sign.key, want, "beside the tenant's file");
	}
}

int main(void)
{
	const char *root = getenv("SOURCE_ROOT");

	if (!root) {
		fprintf(stderr, "SOURCE_ROOT is not set\n");
		return 1;
	}
	test_inherited();
	test_every_row();
	test_said();
	test_tls_names();
	test_printed();
	test_presets();
	test_names();
	test_many();
	test_examples(root);
	return check_result();
}
