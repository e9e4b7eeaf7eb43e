/*
 * What differs between two configurations: what a reload would change, and whether tenants are
 * to be read anew.
 */
#include "config/tenant_file.h"
#include "tests/check.h"
#include "tests/unit/confkit.h"

#include <stdlib.h>

#define MEMBERS \
	"tenant: {trunk-parameter: otg}\ntrunks: {a: {groups: [x]}, b: {groups: [y], rate: 5}}\n"

static void test_changes(void)
{
	static const struct {
		const char *was, *is, *said;
	} rows[] = {
		{ "", "", "" },
		{ MEMBERS, MEMBERS, "" },
		{ "", "sip: {drain: 5000ms}\n", "" },
		{ "", "sip: {drain: 2s}\n", "sip.drain: 5s -> 2s" },
		{ "sip: {drain: 2s}\n", "", "sip.drain: 2s -> 5s" },
		{ "", "verify: {replay-entries: 1024}\n",
		  "verify.replay-entries: 65536 -> 1024 (after a restart)" },
		{ "", "sip: {tag-key: 00112233445566778899aabbccddeeff}\n",
		  "sip.tag-key: differs (after a restart)" },
		{ "sip: {tag-key: 00112233445566778899aabbccddeeff}\n",
		  "sip: {tag-key: 00112233445566778899aabbccddeef0}\n",
		  "sip.tag-key: differs (after a restart)" },
		{ "", "tenant: {name: a, mode: pass}\nlog: {level: debug}\n",
		  "log.level: info -> debug AND tenant.name: \"default\" -> \"a\" AND tenant.mode: "
		  "auto -> "
		  "pass" },
		{ "", MEMBERS,
		  "tenant.trunk-parameter: \"\" -> \"otg\" AND trunks.a: is new AND trunks.b: is "
		  "new" },
		{ MEMBERS, "",
		  "tenant.trunk-parameter: \"otg\" -> \"\" AND trunks.a: is gone AND trunks.b: is "
		  "gone" },
		{ MEMBERS,
		  "tenant: {trunk-parameter: otg}\ntrunks: {b: {groups: [y], rate: 5}, a: {groups: "
		  "[x]}}\n",
		  "trunks: another order" },
		{ MEMBERS,
		  "tenant: {trunk-parameter: otg}\ntrunks: {a: {groups: [x]}, b: {groups: [y, z], "
		  "rate: 6}}\n",
		  "trunks.b.groups: [\"y\"] -> [\"y\", \"z\"] AND trunks.b.rate: 5 -> 6" },
		{ MEMBERS,
		  "tenant: {trunk-parameter: otg}\ntrunks: {a: {groups: [x]}, c: {groups: [y]}}\n",
		  "trunks.c: is new AND trunks.b: is gone" },
		{ MEMBERS,
		  "tenant: {trunk-parameter: otg}\ntrunks: {n: {groups: [n]}, a: {groups: [x]}, b: "
		  "{groups: [y], rate: 5}}\n",
		  "trunks.n: is new" },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *was = loaded(rows[i].was);
		SK_CLEANUP(conf_unref_p) struct conf *is = loaded(rows[i].is);
		struct complaints all = { .items = NULL };
		size_t n;
		char *said;

		if (!was || !is)
			continue;
		n = conf_changes(was, is, &all);
		said = join(&all);
		CHECK_STR(said, rows[i].said, rows[i].is);
		CHECK(n == all.count, "row %zu: %zu counted", i, n);
		free(said);
		complaints_deinit(&all);
	}
}

/* Long values are cut, many changes are counted, and no secret is in the text. */
static void test_bounds(void)
{
	SK_CLEANUP(conf_unref_p) struct conf *a = loaded("");
	SK_CLEANUP(conf_unref_p) struct conf *b = NULL;
	struct complaints all = { .items = NULL };
	char *text = NULL, *said;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		exit(1);
	fputs("sip: {tag-key: 00112233445566778899aabbccddeeff}\ncerts: {hosts: [h", to);
	for (int i = 0; i < 1000; i++)
		fprintf(to, ", h%d.example", i);
	fputs("]}\ntenant: {trunk-parameter: otg}\ntrunks:\n", to);
	for (int i = 0; i < 100; i++)
		fprintf(to, "  t%d: {groups: [g]}\n", i);
	fclose(to);
	b = loaded(text);
	CHECK(conf_changes(a, b, &all) == 103, "all are counted");
	CHECK(all.count == CONF_COMPLAINTS_MAX && all.lost == 103 - CONF_COMPLAINTS_MAX, "%zu",
	      all.count);
	said = join(&all);
	CHECK(strstr(said, "certs.hosts: [] -> [\"h\", \"h0.example\""), "%s", said);
	CHECK(strstr(said, "... AND "), "cut: %s", said);
	CHECK(!strstr(said, "00112233"), "a secret");
	free(said);
	free(text);
	complaints_deinit(&all);
}

static void test_tenants_differ(void)
{
	static const struct {
		const char *a, *b;
		bool differ;
	} rows[] = {
		{ "", "", false },
		{ "", "sip: {drain: 1s}\nlog: {level: debug}\n", false },
		{ "", "certs: {wait: 100ms}\nlimits: {burst: 100}\n", false },
		/* not taken over, so nothing to a tenant */
		{ "", "tenant: {name: x}\n", false },
		{ "", "match: {hosts: [a]}\ntrunks: {a: {}}\n", false },
		{ "", "sign: {key: k, x5u: \"https://a.example/b\"}\n", false },
		{ "", "verify: {certificates: {\"https://a.example/b\": c}}\n", false },
		{ "", "certs: {lab: yes}\n", true },
		{ "", "tenant: {profile: man}\n", true },
		{ "", "numbers: {country: 1}\n", true },
		{ "", "verify: {max-age: 59s}\n", true },
		{ "", "verify: {replay-entries: 1024}\n", true },
		{ "", "answer: {preset: freeswitch}\n", true },
		{ "", "records: {calls: no}\n", true },
		{ "", "sip: {listen: [\"udp:127.0.0.1:5061\"]}\n", true },
		{ "", "authority: {store: s}\n", true },
		{ "", "tenants: {header: X, header-sources: [127.0.0.1]}\n", true },
		{ "", "trust: {anchors: [r]}\n", true },
		{ "trust: {anchors: [r]}\n", "trust: {anchors: [q]}\n", false },
		{ "authority: {store: s}\n", "authority: {store: t, warm: yes}\n", false },
		{ "hsm: {module: m}\n", "hsm: {module: m, threads: 2}\n", false },
		{ "hsm: {module: m}\n", "", true },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *a = loaded(rows[i].a);
		SK_CLEANUP(conf_unref_p) struct conf *b = loaded(rows[i].b);

		if (!a || !b)
			continue;
		CHECK(conf_tenants_differ(a, b) == rows[i].differ, "row %zu: %s", i, rows[i].b);
		CHECK(conf_tenants_differ(b, a) == rows[i].differ, "row %zu turned: %s", i,
		      rows[i].b);
		CHECK(!conf_tenants_differ(b, b), "row %zu with itself", i);
	}
}

/* Every setting that needs a restart, of every shape. */
static void test_keep_restart(void)
{
	static const char start[] =
		"service: {workers: 3, user: one, watchdog: 3s}\n"
		"sip: {listen: [\"udp:127.0.0.1:1111\", \"tcp:127.0.0.1:2\"], receive-buffer: "
		"1MiB, "
		"tag-key: 00112233445566778899aabbccddeeff, ack-filter: yes, drain: 1s}\n"
		"streams: {backlog: 7}\ntenants: {max: 5, running: /run/here}\n"
		"certs: {store: /var/here}\nauthority: {store: /var/there}\n"
		"verify: {replay-entries: 1024}\n";
	static const char now[] = "sip: {drain: 9s}\nservice: {user: somebody-else}\n";
	SK_CLEANUP(conf_unref_p) struct conf *was = loaded(start);
	SK_CLEANUP(conf_unref_p) struct conf *kept = loaded(start);
	SK_CLEANUP(conf_unref_p) struct conf *is = loaded(now);
	struct complaints names = { 0 };

	if (!was || !kept || !is)
		return;
	CHECK(conf_restart_needed(is, was, &names) == 13, "%zu differ", names.count);
	complaints_deinit(&names);
	conf_keep_restart(is, kept);
	CHECK(conf_restart_needed(is, was, &names) == 0, "%s",
	      names.count ? names.items[0] : "none");
	complaints_deinit(&names);
	CHECK(is->sip.drain == 9000, "the others stay: %lld", (long long)is->sip.drain);
	CHECK(is->service.workers == 3 && is->sip.ack_filter && is->sip.listen.count == 2, "kept");
}

int main(void)
{
	test_keep_restart();
	test_changes();
	test_bounds();
	test_tenants_differ();
	return check_result();
}
