#include "redirector/reload.h"
#include "tests/unit/folderkit.h"

struct seen {
	struct kit *k;
	struct loop *loop;
	unsigned results, good;
	bool had_clients;
	struct roster_report last; /* counts alone */
	char why[DIRECTORY_WHY_SIZE], complaint[256];
};

static struct directory *on_done(void *arg, struct reloaded *result)
{
	struct seen *s = arg;

	s->results++;
	s->good += result->ok;
	s->had_clients = result->authorization != NULL;
	s->last = (struct roster_report){ .added = result->report.added,
					  .changed = result->report.changed,
					  .removed = result->report.removed,
					  .unchanged = result->report.unchanged };
	snprintf(s->why, sizeof(s->why), "%s", result->why);
	snprintf(s->complaint, sizeof(s->complaint), "%s",
		 result->complaints.count ? result->complaints.items[0] : "");
	if (result->ok) {
		directory_unref(s->k->directory);
		s->k->directory = result->directory;
	}
	CHECK(result->ok == (result->directory != NULL), "a directory only when it is good");
	conf_unref(result->conf);
	loop_stop(s->loop);
	return s->k->directory;
}

static void wait_for(struct seen *s, unsigned results)
{
	while (s->results < results)
		loop_step(s->loop, 1000);
}

#define ALIKE "clients: {c: {sources: [192.0.2.0/24]}}\n"

/* Clients that nothing tells apart are refused, whether this process serves HTTP or not. */
static void test_clients(struct kit *k, struct log *log, bool web)
{
	struct seen s = { .k = k, .loop = loop_new() };
	char main_file[256];
	struct reload_parts parts = { .loop = s.loop, .log = log, .running = "", .web = web };
	struct reload *r;

	snprintf(main_file, sizeof(main_file), "%s", kit_path(k, "main.yml"));
	parts.path = main_file;
	parts.tenants = &k->parts;
	r = reload_new(&parts, on_done, &s);
	CHECK(r, "a thread");
	if (!r)
		return;
	kit_put(k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	kit_put(k, "tenants/a.yaml", "match: {hosts: [a.example]}\n" ALIKE);
	reload_start(r, k->directory);
	wait_for(&s, 1);
	CHECK(s.good == 1 && s.had_clients == web, "one of them: %s", s.why);
	kit_put(k, "tenants/b.yaml", "match: {hosts: [b.example]}\n" ALIKE);
	reload_start(r, k->directory);
	wait_for(&s, 2);
	CHECK(s.good == 1 && !s.had_clients && strstr(s.why, "a/c") && strstr(s.why, "b/c"),
	      "both: %s", s.why);
	kit_put(k, "tenants/b.yaml",
		"match: {hosts: [b.example]}\nclients: {c: {sources: [192.0.2.0/25]}}\n");
	reload_start(r, k->directory);
	wait_for(&s, 3);
	CHECK(s.good == 2 && s.had_clients == web, "told apart again: %s", s.why);
	reload_free(r);
	loop_free(s.loop);
}

int main(void)
{
	struct seen s = { .loop = loop_new() };
	char why[256], text[4096] = "";
	struct reload_parts parts;
	struct reload *r;
	struct log *log;
	struct kit k;
	FILE *f;

	kit_begin(&k);
	s.k = &k;
	if (!s.loop || !log_open(kit_path(&k, "log"), LEVEL_INFO, &log, why))
		return 1;
	kit_put(&k, "tenants/a.yaml", "match: {hosts: [a.example]}\n");
	kit_expect(&k, "at start", "+a", 0);
	parts = (struct reload_parts){
		s.loop,   log,  strdup(kit_path(&k, "main.yml")), strdup(kit_path(&k, "running")),
		&k.parts, false
	};
	r = reload_new(&parts, on_done, &s);
	CHECK(r, "a thread");
	if (!r)
		return 1;

	reload_start(r, k.directory);
	wait_for(&s, 1);
	CHECK(s.good == 1 && s.last.unchanged == 1, "nothing changed");

	kit_put(&k, "tenants/b.yaml", "match: {hosts: [b.example]}\n");
	reload_start(r, k.directory);
	for (int i = 0; i < 100; i++)
		reload_start(r, k.directory);
	wait_for(&s, 3);
	loop_step(s.loop, 0);
	CHECK(s.results == 3 && s.good == 3, "a hundred during one are one more");
	CHECK(s.last.unchanged == 2 && s.last.added == 0, "which starts from what the first made");

	kit_put(&k, "main.yml", "sip: {surces: []}\n");
	reload_start(r, k.directory);
	wait_for(&s, 4);
	CHECK(s.good == 3 && strstr(s.why, "errors") && strstr(s.complaint, "surces"), "%s %s",
	      s.why, s.complaint);
	CHECK(directory_count(k.directory) == 2, "what is in use stays");

	reload_write(r, k.directory);
	reload_drop(r, directory_ref(k.directory));
	reload_drop(r, NULL);
	for (int i = 0; i < 100; i++)
		reload_drop(r, directory_ref(k.directory));
	kit_main(&k, "");
	reload_start(r, k.directory);
	wait_for(&s, 5);
	f = fopen(parts.running, "r");
	CHECK(f && fread(text, 1, sizeof(text) - 1, f) > 0 && strstr(text, " a\n"),
	      "it is written");
	if (f)
		fclose(f);

	reload_start(r, k.directory);
	reload_free(r); /* its result is for nobody */
	reload_free(NULL);
	CHECK(s.results == 5 && s.good == 4, "nothing comes behind the end");
	test_clients(&k, log, false);
	test_clients(&k, log, true);
	log_close(log);
	loop_free(s.loop);
	free((char *)(uintptr_t)parts.path);
	free((char *)(uintptr_t)parts.running);
	kit_end(&k);
	return check_result();
}
