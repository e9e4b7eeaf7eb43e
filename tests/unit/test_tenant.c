#include "tests/check.h"
#include "tests/unit/callkit.h"

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

static void references(void)
{
	struct tenant *t = kit_tenant("certs: {lab: yes}\nverify: {max-age: 5s, max-skew: 0s}\n");
	struct tenant *again = tenant_ref(t);
	struct facts facts = { .complete = true };

	CHECK(again == t && tenant_find(t, &facts) == t, "one tenant");
	CHECK(t->verify.url_rules == SK_URL_LAB, "laboratory");
	CHECK(t->verify.max_age == 5 && t->verify.max_skew == 0, "own window");
	CHECK(t->conf->refs == 1 && t->keys == NULL, "holds its configuration, has no key");
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
	char why[KEYSTORE_WHY_SIZE] = "";
	struct conf *conf = NULL;

	if (!conf_load_text(yaml, sizeof(yaml) - 1, "test", &conf, &complaints))
		exit(1);
	complaints_deinit(&complaints);
	CHECK(!tenant_new(conf, KIT_NOW, why), "no key file");
	CHECK(strstr(why, "no-such-file") && strstr(why, "No such file"), "says so: %s", why);
	CHECK(conf->refs == 1, "lets the configuration go");
	conf_unref(conf);
}

int main(void)
{
	profiles();
	references();
	refused();
	return check_result();
}
