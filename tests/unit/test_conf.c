/*
 * The configuration: what is accepted, and for every refusal the exact words,
 * because they are all an operator has at three in the morning.
 */
#include "config/load.h"
#include "config/schema.h"
#include "tests/check.h"
#include "tests/unit/conf_refused.h"
#include "tests/unit/conf_rows.h"
#include "tests/unit/confkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void test_refused(void)
{
	for (size_t i = 0; i < SK_COUNT(conf_refused); i++) {
		struct complaints all = { .items = NULL };
		struct conf *conf = NULL;
		bool ok = conf_load_text(conf_refused[i].yaml, strlen(conf_refused[i].yaml), "c",
					 &conf, &all);
		char *why = join(&all);

		CHECK(!ok && !conf, "row %zu: accepted: %s", i, conf_refused[i].yaml);
		CHECK_STR(why, conf_refused[i].why, conf_refused[i].yaml);
		free(why);
		complaints_deinit(&all);
		conf_unref(conf);
	}
}

/* Accepted, and the line that --print-config shows for it. */
static void test_accepted(void)
{
	for (size_t i = 0; i < SK_COUNT(conf_accepted); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *conf = loaded(conf_accepted[i].yaml);
		SK_CLEANUP(conf_unref_p) struct conf *again = NULL;
		char *once, *twice, *line = NULL;

		if (!conf)
			continue;
		once = printed(conf);
		again = loaded(once);
		twice = again ? printed(again) : strdup("");
		CHECK_STR(twice, once, conf_accepted[i].yaml);
		if (asprintf(&line, "\n  %s\n", conf_accepted[i].line) < 0)
			line = NULL;
		CHECK(line && strstr(once, line), "row %zu: no line \"%s\" in\n%s", i,
		      conf_accepted[i].line, once);
		free(line);
		free(once);
		free(twice);
	}
}

static void test_warned(void)
{
	for (size_t i = 0; i < SK_COUNT(conf_warned); i++) {
		struct complaints all = { .items = NULL };
		SK_CLEANUP(conf_unref_p) struct conf *conf = NULL;
		bool ok = conf_load_text(conf_warned[i].yaml, strlen(conf_warned[i].yaml), "c",
					 &conf, &all);
		char *why = join(&all);

		CHECK(ok, "row %zu: %s", i, conf_warned[i].yaml);
		CHECK_STR(why, conf_warned[i].why, conf_warned[i].yaml);
		free(why);
		complaints_deinit(&all);
	}
}

static void test_schema(void)
{
	for (size_t i = 0; i < conf_schema_count; i++) {
		const struct conf_item *item = &conf_schema[i];
		size_t homes = 0;

		for (size_t s = 0; s < conf_section_count; s++)
			homes += conf_item_key(item, conf_sections[s].name) != NULL;
		CHECK(homes == 1, "%s: in %zu sections", item->path, homes);
		CHECK(conf_item_find(item->path) == item, "%s: twice", item->path);
		CHECK(strlen(item->doc) > 10 && item->doc[strlen(item->doc) - 1] == '.',
		      "%s: no documentation", item->path);
		CHECK(item->min <= item->max, "%s: range", item->path);
	}
	CHECK(!conf_item_find("sip"), "a section is no setting");
	CHECK(!conf_item_find("sip.listen2"), "sip.listen2 is no setting");
}

static void test_defaults(void)
{
	SK_CLEANUP(conf_unref_p) struct conf *conf = loaded("");

	if (!conf)
		return;
	CHECK(conf->sip.listen.count == 1, "listen");
	CHECK_STR(conf->sip.listen.items[0], "udp:127.0.0.1:5060", "listen");
	CHECK(conf->sip.sources.count == 2, "sources");
	CHECK(conf->sip.datagram_max == 16384 && conf->sip.headers_max == 128, "limits");
	CHECK(conf->sip.receive_buffer == 4 << 20, "receive-buffer");
	CHECK(conf->sip.deadline == 400 && conf->sip.drain == 5000, "sip times");
	CHECK(conf->tenant.dialplan.digits_are_tn && conf->tenant.dialplan.min_digits == 7, "plan");
	CHECK_STR(conf->tenant.dialplan.country, "", "country");
	CHECK_STR(conf->tenant.sign.key, "", "an unset text is empty");
	CHECK(conf->tenant.verify.max_age == 60 && conf->tenant.verify.max_skew == 60, "ages");
	CHECK(conf->tenant.answer.identity_in == IDENTITY_IN_HEADER, "identity-in");
	CHECK(conf->tenant.answer.verstat_in == (VERSTAT_IN_CONTACT_URI | VERSTAT_IN_PAI),
	      "verstat-in");
	CHECK(conf->trust.profile == SK_PROFILE_WARN && conf->trust.p384_issuers, "trust");
	CHECK(conf->certs.wait == 300 && conf->certs.timeout == 2000, "fetch times");
	CHECK(conf->certs.lifetime == 86400 && conf->certs.failure_lifetime == 30, "cache times");
	CHECK(!conf->certs.lab && conf->tenant.records.calls, "switches");
	CHECK(!conf->tenant.sign.div && conf->tenant.sign.rcd == RCD_NONE, "nothing beside shaken");
	CHECK(conf->tenant.verify.replay == REPLAY_OFF && !conf->tenant.verify.rph,
	      "no more asked");
	CHECK(conf->trust.crl_grace == 0 && conf->trust.refresh == 3600, "lists");
	CHECK(conf->certs.breaker == 5 && conf->certs.hosts.count == 0, "hosts");
	CHECK_STR(conf->certs.store, "", "memory only");
	CHECK_STR(conf->path, "c", "path");
}

static void test_ref(void)
{
	struct conf *conf = loaded("");

	if (!conf)
		return;
	CHECK(conf_ref(conf) == conf && conf->refs == 2, "counted");
	conf_unref(conf);
	CHECK(conf->refs == 1, "still there");
	conf_unref(conf);
	conf_unref(NULL);
}

static void test_restart(void)
{
	static const struct {
		const char *yaml, *names;
	} rows[] = {
		{ "", "" },
		{ "sip: {listen: [\"udp:127.0.0.1:5060\"]}\n", "" },
		{ "sip: {receive-buffer: 4096KiB}\n", "" },
		{ "sip: {deadline: 1s, drain: 1s}\nlog: {level: debug}\n", "" },
		{ "certs: {lab: yes, resolve: {\"a:443\": 127.0.0.1}, wait: 10ms}\n", "" },
		{ "sip: {listen: [\"udp:127.0.0.1:5061\"]}\n", "sip.listen" },
		{ "sip: {tag-key: 00112233445566778899aabbccddeeff}\n", "sip.tag-key" },
		{ "sip: {receive-buffer: 1MiB, waiting-max: 1}\n", "sip.receive-buffer" },
		{ "certs: {entries: 16, parallel: 8, per-host: 2, queue: 0}\n", "" },
		{ "sip: {receive-buffer: 1MiB, tag-key: 00112233445566778899aabbccddeeff}\n",
		  "sip.receive-buffer AND sip.tag-key" },
		{ "log: {target: stdout}\n", "log.target" },
		{ "certs: {store: s, store-size: 1MiB}\nverify: {replay-entries: 1024}\n",
		  "certs.store AND certs.store-size AND verify.replay-entries" },
		{ "certs: {hosts: [a], breaker: 0}\nverify: {replay: report}\n", "" },
	};
	SK_CLEANUP(conf_unref_p) struct conf *running = loaded("");

	for (size_t i = 0; running && i < SK_COUNT(rows); i++) {
		struct complaints names = { .items = NULL };
		SK_CLEANUP(conf_unref_p) struct conf *wanted = loaded(rows[i].yaml);
		size_t n;
		char *got;

		if (!wanted)
			continue;
		n = conf_restart_needed(running, wanted, &names);
		got = join(&names);
		CHECK_STR(got, rows[i].names, rows[i].yaml);
		CHECK(n == names.count, "row %zu: %zu counted", i, n);
		free(got);
		complaints_deinit(&names);
	}
}

/* A hundred wrong settings: the first are told, the others counted. */
static void test_many(void)
{
	struct complaints all = { .items = NULL };
	struct conf *conf = NULL;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		exit(1);
	fputs("sip:\n", to);
	for (int i = 0; i < 100; i++)
		fprintf(to, "  wrong-%d: x\n", i);
	fclose(to);
	CHECK(!conf_load_text(text, len, "c", &conf, &all), "accepted");
	CHECK(all.count == CONF_COMPLAINTS_MAX && all.lost == 100 - CONF_COMPLAINTS_MAX,
	      "%zu kept, %zu lost", all.count, all.lost);
	complaints_deinit(&all);
	CHECK(all.count == 0 && !all.items, "deinit");
	free(text);
}

/* Text that repeats `piece`: limits, and that hostile sizes stay cheap. */
static void test_big(void)
{
	static const struct {
		const char *head, *piece;
		size_t times;
		const char *why;
	} rows[] = {
		{ "", "#\n", CONF_FILE_MAX, "c: larger than 1048576 bytes" },
		{ "sip:\n  sources: [", "a,", 20000, "c:2:32775: too many entries in the file" },
		{ "sip: ", "[", 100000, "c:1:11: nested too deep" },
		{ "sip: ", "{a: ", 100000, "c:1:26: nested too deep" },
		{ "", "? ", 100000, "c:1:3: a key must be a plain text" },
		{ "", "- ", 100000, "c:1:13: nested too deep" },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct complaints all = { .items = NULL };
		struct conf *conf = NULL;
		char *text = NULL, *why;
		size_t len;
		FILE *to = open_memstream(&text, &len);

		if (!to)
			exit(1);
		fputs(rows[i].head, to);
		for (size_t k = 0; k < rows[i].times; k++)
			fputs(rows[i].piece, to);
		fclose(to);
		CHECK(!conf_load_text(text, len, "c", &conf, &all), "%s: accepted", rows[i].why);
		why = join(&all);
		CHECK_STR(why, rows[i].why, rows[i].piece);
		free(why);
		free(text);
		complaints_deinit(&all);
	}
}

static char *file_text(const char *root, const char *name)
{
	char path[4096], *text = calloc(1, 1 << 18);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "r");
	if (!f || !text || fread(text, 1, (1 << 18) - 1, f) == 0) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return text;
}

/* What lies in the tree is what the schema prints now. */
static void test_written(const char *root)
{
	static const struct {
		const char *file;
		void (*print)(FILE *to);
	} rows[] = {
		{ "config/examples/redirector.yaml", conf_print_sample },
		{ "docs/man/shaken-redirector.yaml.5", conf_print_man },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		char *want = NULL, *is = file_text(root, rows[i].file);
		size_t len;
		FILE *to = open_memstream(&want, &len);

		if (!to)
			exit(1);
		rows[i].print(to);
		fclose(to);
		CHECK(strcmp(is, want) == 0, "%s is out of date: write it anew with config-manual",
		      rows[i].file);
		free(want);
		free(is);
	}
}

/* A half-written file must not become a service of defaults. */
static void test_nothing(void)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "", false },
		{ "\n\n", false },
		{ "# sip:\n", false },
		{ "---\n", false },
		{ "---\n...\n", false },
		{ "{}\n", false },
		{ "sip:\n", false },
		{ "sip: {}\ntrust:\n  # anchors: [a]\n", false },
		{ "~\n", false },
		{ "log: {level: info}\n", true },
		{ "sip:\nlog: {level: info}\n", true },
	};
	char path[] = "/tmp/conf.XXXXXX";
	int fd = mkstemp(path);

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		size_t len = strlen(rows[i].text);
		struct complaints all = { .items = NULL };
		struct conf *conf = NULL;

		if (fd < 0 || ftruncate(fd, 0) < 0 ||
		    pwrite(fd, rows[i].text, len, 0) != (ssize_t)len)
			exit(1);
		CHECK(conf_load(path, &conf, &all) == rows[i].good, "\"%s\"", rows[i].text);
		CHECK((conf != NULL) == rows[i].good, "\"%s\"", rows[i].text);
		CHECK(rows[i].good || all.count == 1, "\"%s\": one reason", rows[i].text);
		CHECK(rows[i].good || strncmp(rows[i].text, "--", 2) == 0 ||
			      rows[i].text[0] == '~' ||
			      strstr(all.items[0], ": there is nothing in it"),
		      "\"%s\": %s", rows[i].text, all.items[0]);
		complaints_deinit(&all);
		conf_unref(conf);
	}
	close(fd);
	unlink(path);
}

static void test_files(const char *root)
{
	struct complaints all = { .items = NULL };
	SK_CLEANUP(conf_unref_p) struct conf *sample = NULL;
	SK_CLEANUP(conf_unref_p) struct conf *lab = NULL;
	SK_CLEANUP(conf_unref_p) struct conf *empty = loaded("");
	struct conf *none = NULL;
	char path[4096], want[4200], *a, *b;

	snprintf(path, sizeof(path), "%s/config/examples/redirector.yaml", root);
	CHECK(conf_load(path, &sample, &all), "%s", path);
	snprintf(path, sizeof(path), "%s/config/examples/lab.yaml", root);
	CHECK(conf_load(path, &lab, &all), "%s", path);
	if (!sample || !lab || !empty)
		exit(1);

	a = printed(sample);
	b = printed(empty);
	CHECK_STR(a, b, "the sample is the defaults");
	free(a);
	free(b);
	snprintf(want, sizeof(want), "%s/config/examples/root.pem", root);
	CHECK_STR(lab->trust.anchors.items[0], want, "beside the configuration");
	snprintf(want, sizeof(want), "%s/config/examples/sp.pem", root);
	CHECK_STR(lab->tenant.verify.certificates.values[0], want, "beside the configuration");
	CHECK_STR(lab->log.target, "stderr", "no file");
	complaints_deinit(&all);

	/* a relative path gives absolute files, too */
	if (chdir(root) != 0)
		exit(1);
	conf_unref(lab);
	lab = NULL;
	CHECK(conf_load("config/examples/lab.yaml", &lab, &all), "relative path");
	snprintf(want, sizeof(want), "%s/config/examples/sp.key", root);
	CHECK(lab && strcmp(lab->tenant.sign.key, want) == 0, "%s", want);
	complaints_deinit(&all);

	CHECK(!conf_load("config/examples/none.yaml", &none, &all), "a missing file");
	CHECK_STR(all.items[0], "config/examples/none.yaml: No such file or directory", "missing");
	complaints_deinit(&all);
	CHECK(!conf_load("config", &none, &all), "a folder");
	CHECK_STR(all.items[0], "config: not a regular file", "folder");
	complaints_deinit(&all);
}

int main(void)
{
	const char *root = getenv("SOURCE_ROOT");

	if (!root) {
		fprintf(stderr, "SOURCE_ROOT is not set\n");
		return 1;
	}
	test_schema();
	test_defaults();
	test_ref();
	test_accepted();
	test_refused();
	test_warned();
	test_restart();
	test_many();
	test_big();
	test_written(root);
	test_nothing();
	test_files(root);
	return check_result();
}
