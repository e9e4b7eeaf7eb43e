#include "tests/check.h"
#include "tests/unit/callkit.h"
#include "tests/unit/manykit.h"

/* clang-format off */
static const struct {
	const char *yaml;
	enum conf_orig_source orig;
	enum conf_date_check date;
	bool alg, extra, ppt;
} rows[] = {
	{ "", ORIG_PAI_FIRST, DATE_IAT_ONLY, false, false, false },
	{ "tenant: {profile: rfc8224}\n", ORIG_FROM_ONLY, DATE_RFC, false, false, false },
	{ "tenant: {profile: man}\n", ORIG_FROM_FIRST, DATE_STRICT, true, true, true },
	{ "tenant: {profile: man}\nverify: {alg-required: no}\n", ORIG_FROM_FIRST, DATE_STRICT, false, true, true },
	{ "tenant: {profile: man}\nverify: {extra-params-refused: no, unknown-ppt-refused: no}\n", ORIG_FROM_FIRST, DATE_STRICT, true, false, false },
	{ "tenant: {profile: man}\nverify: {date-check: rfc}\nsign: {orig-source: pai-first}\n", ORIG_PAI_FIRST, DATE_RFC, true, true, true },
	{ "verify: {alg-required: yes}\n", ORIG_PAI_FIRST, DATE_IAT_ONLY, true, false, false },
	{ "verify: {extra-params-refused: yes, unknown-ppt-refused: yes}\n", ORIG_PAI_FIRST, DATE_IAT_ONLY, false, true, true },
	{ "verify: {date-check: strict}\nsign: {orig-source: from-only}\n", ORIG_FROM_ONLY, DATE_STRICT, false, false, false },
};
/* clang-format on */

static void profiles(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct tenant *t = kit_tenant(rows[i].yaml);

		CHECK(t->profile.orig_source == rows[i].orig, "%s", rows[i].yaml);
		CHECK(t->profile.date_check == rows[i].date, "%s", rows[i].yaml);
		CHECK(t->verify.alg_required == rows[i].alg, "%s", rows[i].yaml);
		CHECK(t->verify.extra_params_refused == rows[i].extra, "%s", rows[i].yaml);
		CHECK(t->verify.unknown_ppt_refused == rows[i].ppt, "%s", rows[i].yaml);
		CHECK(t->verify.max_age == 60 && t->verify.max_skew == 60, "%s", rows[i].yaml);
		CHECK(t->verify.url_rules == SK_URL_STRICT, "%s", rows[i].yaml);
		tenant_unref(t);
	}
}

static void count_slot(void *arg, const struct tally_slot *slot)
{
	(void)slot;
	++*(size_t *)arg;
}

static void references(void)
{
	struct tenant *t = kit_tenant("certs: {lab: yes}\nverify: {max-age: 5s, max-skew: 0s}\n");
	struct tenant *again = tenant_ref(t);

	CHECK(again == t, "one tenant");
	CHECK(t->verify.url_rules == SK_URL_LAB, "laboratory");
	CHECK(t->verify.max_age == 5 && t->verify.max_skew == 0, "own window");
	CHECK(t->conf->refs == 1 && t->keys == NULL, "holds its configuration, has no key");
	CHECK(!t->own && !t->tally && !t->trunks, "no file, nothing to count in");
	tenant_unref(t);
	CHECK(again->set == &again->conf->tenant, "alive as long as somebody holds it");
	tenant_unref(again);
	tenant_unref(NULL);
}

static void refused(void)
{
	static const char yaml[] =
		"sign: {key: no-such-file, x5u: \"https://a.example/c\", attest: "
		"A}\n";
	struct complaints complaints = { 0 };
	struct clock clock = { .wall = kit_wall };
	struct tally *tally = tally_new(8);
	struct tenant_parts parts = { .clock = &clock, .tally = tally };
	char why[KEYSTORE_WHY_SIZE] = "";
	struct conf *conf = NULL;
	size_t slots = 0;

	if (!tally || !conf_load_text(yaml, sizeof(yaml) - 1, "test", &conf, &complaints))
		exit(1);
	complaints_deinit(&complaints);
	CHECK(!tenant_new(conf, &parts, why), "no key file");
	CHECK(strstr(why, "no-such-file") && strstr(why, "No such file"), "says so: %s", why);
	CHECK(conf->refs == 1, "lets the configuration go");
	tally_each(tally, count_slot, &slots);
	CHECK(slots == 0, "takes no room for its counters");
	tally_free(tally);
	conf_unref(conf);
}

/* Of the trunks only those with a limit are counted by themselves. */
static void counted(void)
{
	static const char yaml[] = "match: {hosts: [a.example]}\n"
				   "tenant: {trunk-parameter: otg}\ntrunks: {one: {rate: 5, "
				   "groups: [a]}, two: {groups: [b]}, three: {rate: 7}}\n";
	struct conf *conf = many_conf("tenants: {folder: .}\n");
	struct complaints complaints = { 0 };
	struct clock clock = { .wall = kit_wall };
	struct tally *tally = tally_new(8);
	struct tenant_parts parts = { .clock = &clock, .tally = tally };
	struct tenant_conf *set = NULL;
	char why[KEYSTORE_WHY_SIZE] = "";
	struct tenant *t;

	if (!tally ||
	    !tenant_conf_load(yaml, sizeof(yaml) - 1, "acme.yaml", conf, &set, &complaints)) {
		fprintf(stderr, "%s\n", complaints.count ? complaints.items[0] : "");
		exit(1);
	}
	t = tenant_of_file(set, &parts, why);
	CHECK(t, "%s", why);
	if (!t)
		exit(1);
	CHECK(t->set == set && t->own == set && !t->conf, "its settings are its own");
	CHECK(t->tally == tally_slot(tally, SK_SPAN("acme")), "its slot");
	CHECK(t->trunks[0] && t->trunks[0] == tally_slot(tally, SK_SPAN("acme/one")), "a trunk");
	CHECK(!t->trunks[1], "a trunk without a limit");
	CHECK(t->trunks[2] && t->trunks[2] == tally_slot(tally, SK_SPAN("acme/three")), "another");
	tenant_unref(t);
	CHECK(conf->refs == 1, "does not hold the main file's settings");
	complaints_deinit(&complaints);
	tally_free(tally);
	conf_unref(conf);
}

/* Without a slot a tenant is served, but not when it has a limit. */
static void no_room(void)
{
	static const struct {
		const char *yaml;
		bool ok;
	} cases[] = {
		{ "match: {hosts: [a.example]}\n", true },
		{ "match: {hosts: [a.example]}\nlimits: {rate: 5}\n", false },
		{ "match: {hosts: [a.example]}\ntenant: {trunk-parameter: otg}\ntrunks: {one: "
		  "{groups: [a]}}\n",
		  true },
		{ "match: {hosts: [a.example]}\ntenant: {trunk-parameter: otg}\ntrunks: {one: "
		  "{groups: [a], rate: 5}}\n",
		  false },
	};
	struct conf *conf = many_conf("tenants: {folder: .}\n");
	struct clock clock = { .wall = kit_wall };
	struct tally *tally = tally_new(1);
	struct tenant_parts parts = { .clock = &clock, .tally = tally };

	if (!tally || !tally_slot(tally, SK_SPAN("somebody")) ||
	    !tally_slot(tally, SK_SPAN("who went")))
		exit(1);
	for (int i = 0; i < 2 * TALLY_TRUNKS_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "somebody/%d", i);
		CHECK(tally_slot(tally, sk_span_of(name)), "%s", name);
	}
	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct complaints complaints = { 0 };
		struct tenant_conf *set = NULL;
		char why[KEYSTORE_WHY_SIZE] = "";
		struct tenant *t;

		if (!tenant_conf_load(cases[i].yaml, strlen(cases[i].yaml), "acme.yaml", conf, &set,
				      &complaints))
			exit(1);
		t = tenant_of_file(set, &parts, why);
		CHECK(!t == !cases[i].ok, "%s: %s", cases[i].yaml, why);
		CHECK(t || strstr(why, "tenants.max"), "%s: %s", cases[i].yaml, why);
		CHECK(!t || !t->tally, "%s: not counted", cases[i].yaml);
		tenant_unref(t);
		complaints_deinit(&complaints);
	}
	tally_free(tally);
	conf_unref(conf);
}

/* Trunks with a rate are counted in memory that all share: so many and no more, each version. */
static void many_trunks(void)
{
	struct conf *conf = many_conf("tenants: {folder: .}\n");
	struct clock clock = { .wall = kit_wall };
	struct tally *tally = tally_new(1);

	if (!tally)
		exit(1);
	for (int version = 0; version < 6; version++) {
		int count = TALLY_TRUNKS_MAX + version % 2;
		struct tenant_parts parts = { .clock = &clock,
					      .tally = version < 4 ? tally : NULL };
		char yaml[16384] =
			"match: {hosts: [a.example]}\ntenant: {trunk-parameter: otg}\ntrunks:\n";
		struct complaints complaints = { 0 };
		struct tenant_conf *set = NULL;
		char why[KEYSTORE_WHY_SIZE] = "";
		struct tenant *t;

		for (int i = 0; i < count; i++)
			snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml),
				 "  v%d-%d: {groups: [g%d], rate: 5}\n", version, i, i);
		if (!tenant_conf_load(yaml, strlen(yaml), "acme.yaml", conf, &set, &complaints))
			exit(1);
		t = tenant_of_file(set, &parts, why);
		CHECK(!t == (count > TALLY_TRUNKS_MAX), "version %d: %s", version, why);
		CHECK(t || strstr(why, "more than 64 trunks with a rate"), "%s", why);
		CHECK(!t || !parts.tally || t->trunks[TALLY_TRUNKS_MAX - 1], "counted");
		tenant_unref(t);
		complaints_deinit(&complaints);
	}
	tally_free(tally);
	conf_unref(conf);
}

int main(void)
{
	profiles();
	references();
	refused();
	counted();
	no_room();
	many_trunks();
	return check_result();
}
