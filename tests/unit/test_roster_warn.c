/*
 * What works and is told all the same: keys that several tenants name, tenants nobody counts.
 */
#include "tests/unit/folderkit.h"

static bool warned(const struct kit *k, const char *first, const char *second)
{
	for (size_t i = 0; i < k->report.warnings.count; i++)
		if (strstr(k->report.warnings.items[i], first) &&
		    strstr(k->report.warnings.items[i], second))
			return true;
	return false;
}

/* Whoever writes a tenant's file may name another's key: it works, and is told. */
static void shared_keys(void)
{
	static const char form[] = "match: {hosts: [%s.example]}\nsign: {key: %s, "
				   "x5u: \"https://a.example/k.pem\", attest: A}\n";
	char text[512];
	struct kit k;

	kit_begin(&k);
	kit_key(&k, "k");
	kit_key(&k, "l");
	snprintf(text, sizeof(text), form, "a", "../k.key");
	kit_put(&k, "tenants/a.yaml", text);
	snprintf(text, sizeof(text), form, "b", "../l.key");
	kit_put(&k, "tenants/b.yaml", text);
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [c.example]}\n");
	kit_put(&k, "tenants/d.yaml",
		"match: {hosts: [d.example]}\nsign: {attest: A}\ncredentials:\n"
		"  one: {key: ../k2.key, certificate: ../k2.pem, x5u: "
		"\"https://a.example/k.pem\"}\n"
		"  two: {key: ../k2.key, certificate: ../k2.pem, x5u: \"https://a.example/k.pem\", "
		"numbers: [\"+1\"]}\n");
	kit_key(&k, "k2");
	kit_expect(&k, "each its own", "+a +b +c +d", 0);
	CHECK(k.report.warnings.count == 0, "nothing to say: %s",
	      k.report.warnings.count ? k.report.warnings.items[0] : "");
	snprintf(text, sizeof(text), form, "b", "../link.key");
	kit_put(&k, "tenants/b.yaml", text);
	if (symlink("k.key", kit_path(&k, "link.key")) != 0)
		exit(1);
	kit_expect(&k, "by a link", "~b", 3);
	CHECK(k.report.warnings.count == 1 && warned(&k, "k.key: ", "tenants a and b sign"),
	      "one warning: %s", k.report.warnings.count ? k.report.warnings.items[0] : "");
	kit_expect(&k, "again", "", 4);
	CHECK(k.report.warnings.count == 1, "is told each time");
	snprintf(text, sizeof(text), form, "c", "../k.key");
	kit_put(&k, "tenants/c.yaml", text);
	kit_expect(&k, "three", "~c", 3);
	CHECK(k.report.warnings.count == 1 && warned(&k, "tenants a and b and 1 more", ""), "one");
	kit_end(&k);
}

/* Without a limit of its own a tenant is served all the same: somebody should know. */
static void uncounted(void)
{
	struct tally *tally = tally_new(1);
	struct kit k;

	if (!tally)
		exit(1);
	kit_begin(&k);
	k.parts.tally = tally;
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_expect(&k, "room for both", "+a +b", 0);
	CHECK(k.report.warnings.count == 0, "nothing to say");
	kit_put(&k, "tenants/c.yaml", "match: {hosts: [c.example]}\n");
	kit_expect(&k, "none for a third", "+c", 2);
	CHECK(k.report.warnings.count == 1 && warned(&k, "tenant c is served, but not counted", ""),
	      "c: %s", k.report.warnings.count ? k.report.warnings.items[0] : "");
	kit_end(&k);
	tally_free(tally);
}

int main(void)
{
	shared_keys();
	uncounted();
	return check_result();
}
