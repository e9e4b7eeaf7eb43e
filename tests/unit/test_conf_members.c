/*
 * Groups (`trunks`, `credentials`), presets, names of files, and the rules of what a tenant is.
 */
#include "config/preset.h"
#include "config/schema.h"
#include "tests/check.h"
#include "tests/unit/conf_member_rows.h"
#include "tests/unit/confkit.h"

#include <stdlib.h>

static void test_refused(void)
{
	for (size_t i = 0; i < SK_COUNT(member_refused); i++) {
		char *why;
		SK_CLEANUP(conf_unref_p) struct conf *conf = judged(member_refused[i].yaml, &why);

		CHECK(!conf, "row %zu: accepted: %s", i, member_refused[i].yaml);
		CHECK_STR(why, member_refused[i].why, member_refused[i].yaml);
		free(why);
	}
}

static void test_warned(void)
{
	for (size_t i = 0; i < SK_COUNT(member_warned); i++) {
		char *why;
		SK_CLEANUP(conf_unref_p) struct conf *conf = judged(member_warned[i].yaml, &why);

		CHECK(conf, "row %zu: refused: %s", i, member_warned[i].yaml);
		CHECK_STR(why, member_warned[i].why, member_warned[i].yaml);
		free(why);
	}
}

/* What is printed loads to the same. */
static void test_accepted(void)
{
	for (size_t i = 0; i < SK_COUNT(member_accepted); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *conf = loaded(member_accepted[i].yaml);
		SK_CLEANUP(conf_unref_p) struct conf *again = NULL;
		char *once, *twice, *line = NULL;

		if (!conf)
			continue;
		once = printed(conf);
		again = loaded(once);
		twice = again ? printed(again) : strdup("");
		CHECK_STR(twice, once, member_accepted[i].yaml);
		if (asprintf(&line, "\n  %s\n", member_accepted[i].line) < 0)
			exit(1);
		CHECK(strstr(once, line), "row %zu: no line \"%s\" in\n%s", i,
		      member_accepted[i].line, once);
		free(line);
		free(once);
		free(twice);
	}
}

/* Order, names and defaults of members. */
static void test_members(void)
{
	SK_CLEANUP(conf_unref_p)
	struct conf *conf =
		loaded("tenant: {trunk-parameter: otg}\n"
		       "trunks:\n"
		       "  zeta: {groups: [\"1\"], attest: B, rate: 5, burst: 7}\n"
		       "  alpha: {sources: [127.0.0.1], may-say: yes}\n"
		       "  rest:\n"
		       "credentials:\n"
		       "  one: {key: k, certificate: c, x5u: \"https://a.example/b\"}\n");
	const struct trunk_conf *t;
	const struct credential_conf *c;

	if (!conf)
		return;
	t = conf->tenant.trunks.items;
	c = conf->tenant.credentials.items;
	CHECK(conf->tenant.trunks.count == 3 && conf->tenant.credentials.count == 1, "members");
	CHECK_STR(t[0].name, "zeta", "the file's order");
	CHECK(t[0].attest == CONF_ATTEST_B && t[0].rate == 5 && t[0].burst == 7, "zeta");
	CHECK(t[0].groups.count == 1 && t[0].sources.count == 0 && !t[0].may_say, "zeta");
	CHECK_STR(t[1].name, "alpha", "the file's order");
	CHECK(t[1].may_say && t[1].sources.count == 1 && t[1].burst == 100, "alpha");
	CHECK(t[2].attest == CONF_ATTEST_NONE && t[2].rate == 0, "rest");
	CHECK_STR(t[2].customer, "", "an unset text is empty");
	CHECK_STR(c[0].next_key, "", "an unset text is empty");
	CHECK(c[0].numbers.count == 0, "numbers");
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{ "a", true },
		{ "A.b_c-9", true },
		{ "-", true },
		{ "0123456789012345678901234567890123456789012345678901234567890123", true },
		{ "01234567890123456789012345678901234567890123456789012345678901234", false },
		{ "", false },
		{ "a b", false },
		{ "a/b", false },
		{ "a\"", false },
		{ "\303\244", false },
	};
	char name[CONF_NAME_SIZE];

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		CHECK(conf_member_name(rows[i].name) == rows[i].good, "\"%s\"", rows[i].name);
	conf_item_name(conf_item_find("trunks.*.rate"), "a", name);
	CHECK_STR(name, "trunks.a.rate", "of a member");
	conf_item_name(conf_item_find("trunks.*.rate"), NULL, name);
	CHECK_STR(name, "trunks.NAME.rate", "of any member");
	conf_item_name(conf_item_find("sip.listen"), "a", name);
	CHECK_STR(name, "sip.listen", "of no group");
	CHECK(!conf_item_find("trunks.rate") && !conf_item_find("trunks.a.rate"), "no rows");
}

/* The rows of groups are as complete as all others, and a member is freed whole. */
static void test_rows(void)
{
	size_t groups = 0;

	for (size_t s = 0; s < conf_section_count; s++) {
		const struct conf_group *group = conf_sections[s].group;

		groups += group != NULL;
		for (size_t i = 0; group && i < group->row_count; i++) {
			const struct conf_item *item = &group->rows[i];

			CHECK(conf_item_find(item->path) == item, "%s: twice", item->path);
			CHECK(conf_item_key(item, conf_sections[s].name), "%s: home", item->path);
			CHECK(item->at >= sizeof(char *) && item->at < group->size, "%s: at",
			      item->path);
			CHECK(item->doc[strlen(item->doc) - 1] == '.', "%s: doc", item->path);
			CHECK(item->min <= item->max, "%s: range", item->path);
		}
	}
	CHECK(groups == 3, "%zu groups", groups);
}

/* systemd's credentials are files, found by the environment (systemd.exec(5)). */
static void test_credential_files(void)
{
	static const char *const bad[] = { "", "relative" };
	struct conf *conf;
	char *why;

	if (setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1) != 0)
		exit(1);
	conf = loaded("sign: {key: \"credential:key.pem\", x5u: \"https://a.example/b\"}\n"
		      "hsm: {module: /m, pin-file: \"credential:pin\"}\n"
		      "verify: {certificates: {\"https://a.example/c\": \"credential:c\"}}\n"
		      "credentials: {a: {key: \"credential:k2\", certificate: c, "
		      "x5u: \"https://a.example/b\"}}\n");
	if (!conf)
		return;
	CHECK_STR(conf->tenant.sign.key, "/run/credentials/x/key.pem", "key");
	CHECK_STR(conf->hsm.pin_file, "/run/credentials/x/pin", "pin");
	CHECK_STR(conf->tenant.verify.certificates.values[0], "/run/credentials/x/c", "map");
	CHECK_STR(((struct credential_conf *)conf->tenant.credentials.items)->key,
		  "/run/credentials/x/k2", "of a member");
	conf_unref(conf);

	for (size_t i = 0; i < SK_COUNT(bad); i++) {
		if (setenv("CREDENTIALS_DIRECTORY", bad[i], 1) != 0)
			exit(1);
		conf = judged("sign: {key: \"credential:k\"}\n", &why);
		CHECK(!conf && strstr(why, "needs $CREDENTIALS_DIRECTORY"), "\"%s\": %s", bad[i],
		      why);
		free(why);
	}
	if (unsetenv("CREDENTIALS_DIRECTORY") != 0)
		exit(1);
}

/* Whatever a preset sets is a tenant's setting with a value that is read, and is not a fault of the
 * file that only names the preset. */
static void test_presets(void)
{
	const struct conf_item *item = conf_item_find("answer.preset");

	for (const struct conf_word *w = item->words; w->name; w++) {
		enum conf_preset preset = (enum conf_preset)w->value;
		SK_CLEANUP(conf_unref_p) struct conf *conf = NULL;
		char text[128];
		size_t set = 0;

		snprintf(text, sizeof(text), "tenants: {folder: /}\nanswer: {preset: %s}\n",
			 w->name);
		conf = loaded(text);
		CHECK(conf && conf->tenant.answer.preset == preset, "%s", w->name);
		for (size_t i = 0; i < conf_schema_count; i++) {
			bool has = preset_text(preset, conf_schema[i].path) != NULL;

			CHECK(!has || conf_item_of_tenant(&conf_schema[i]), "%s: %s", w->name,
			      conf_schema[i].path);
			set += has;
		}
		CHECK((set > 0) == (preset != PRESET_NONE), "%s: %zu settings", w->name, set);
		CHECK(!preset_text(preset, "answer.preset"), "%s: names a preset", w->name);
		CHECK(!preset_text(preset, "tenant.name"), "%s: names a tenant", w->name);
	}
}

/* As many members as are allowed, and one more. */
static void test_many(void)
{
	static const struct {
		int count;
		bool good;
	} rows[] = { { 1024, true }, { 1025, false } };

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *conf = NULL;
		char *text = NULL, *why;
		size_t len;
		FILE *to = open_memstream(&text, &len);

		if (!to)
			exit(1);
		fputs("tenant: {trunk-parameter: otg}\ntrunks:\n", to);
		for (int k = 0; k < rows[i].count; k++)
			fprintf(to, "  t%d: {groups: [g%d]}\n", k, k);
		fclose(to);
		conf = judged(text, &why);
		CHECK(!conf == !rows[i].good, "%d: %s", rows[i].count, why);
		CHECK(rows[i].good || strcmp(why, "c:3:3: trunks: has 1025 members; allowed: 0 to "
						  "1024") == 0,
		      "%s", why);
		free(text);
		free(why);
	}
}

int main(void)
{
	if (unsetenv("CREDENTIALS_DIRECTORY") != 0)
		return 1;
	test_refused();
	test_warned();
	test_accepted();
	test_members();
	test_names();
	test_rows();
	test_credential_files();
	test_presets();
	test_many();
	return check_result();
}
