/*
 * Tables in the memory of certificates: they go with what they belong to, whether that is a
 * file of verify.certificates or was fetched, and change no answer.
 */
#include "certs_replay.h"
#include "redirector/certs/configured.h"
#include "tests/check.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	PATIENCE = 400, /* steps of 50 ms */
	TABLES = 8,
};

static char dir[] = "/tmp/tables-XXXXXX";

/* certs_replay.h has no loop: the same world with one */
static void begin(struct world *w, struct loop *loop)
{
	struct certs_parts parts;
	char why[256];

	replay_begin(w);
	certs_free(w->certs);
	w->conf->certs.tables = TABLES;
	parts = (struct certs_parts){ .loop = loop,
				      .clock = &w->clock.base,
				      .fetcher = &w->net.base };
	if (!certs_new(&parts, w->conf, replay_trust(&replay_anchors), &w->certs, why))
		abort();
}

static void end(struct world *w, struct loop *loop)
{
	CHECK(replay_end(w) == 0, "every fetch was stopped");
	loop_free(loop);
}

struct asked {
	unsigned calls, trusted;
	bool table;
};

/* As a call does: the signature is looked at, whatever it is */
static void on_chain(void *arg, const struct certs_result *result)
{
	static const uint8_t sig[SK_SIG_LEN];
	struct asked *a = arg;

	a->calls++;
	a->trusted += result->chain && result->verdict == SK_OK;
	if (!result->chain)
		return;
	a->table = sk_chain_has_table(result->chain);
	if (sk_chain_verify(result->chain, SK_SPAN("x"), sig) != SK_BAD_SIGNATURE)
		abort();
}

static struct asked ask_for(struct world *w, const struct certs_own *own, struct sk_span url,
			    unsigned times)
{
	struct asked a = { .calls = 0 };
	struct certs_wait wait;

	for (unsigned i = 0; i < times; i++) {
		certs_want_for(w->certs, own, url, &wait, on_chain, &a);
		certs_cancel(w->certs, &wait);
	}
	return a;
}

static struct asked ask(struct world *w, struct sk_span url, unsigned times)
{
	return ask_for(w, NULL, url, times);
}

static size_t count(const struct world *w)
{
	return certs_tables(w->certs)->count;
}

static void wait_built(struct world *w, struct loop *loop, uint64_t built)
{
	for (int i = 0; i < PATIENCE && certs_tables(w->certs)->built < built; i++)
		loop_step(loop, 50);
	CHECK(certs_tables(w->certs)->built == built, "built: %llu",
	      (unsigned long long)certs_tables(w->certs)->built);
}

/* Until nothing is being made */
static void settle(struct world *w, struct loop *loop)
{
	for (int i = 0; i < PATIENCE && certs_tables(w->certs)->building; i++)
		loop_step(loop, 50);
	CHECK(!certs_tables(w->certs)->building, "the thread is done");
}

static void fetched(void)
{
	struct loop *loop = loop_new();
	struct world w;
	struct asked a;

	begin(&w, loop);
	replay_store(&w, URL("a"), NULL);
	a = ask(&w, URL("a"), TABLES_HOT + 1);
	CHECK(a.calls == TABLES_HOT + 1 && a.trusted == a.calls && !a.table, "each is answered");
	wait_built(&w, loop, 1);
	a = ask(&w, URL("a"), 2 * TABLES_STEP);
	CHECK(a.trusted == a.calls && a.table && count(&w) == 1, "by a table now");
	CHECK(certs_tables(w.certs)->verified > 0, "counted");

	/* another trust judges the same chain; the key is the same */
	certs_set_trust(w.certs, replay_trust(&replay_other_anchors));
	a = ask(&w, URL("a"), 1);
	CHECK(a.calls == 1 && a.trusted == 0 && count(&w) == 1, "judged again");
	certs_set_trust(w.certs, replay_trust(&replay_anchors));
	a = ask(&w, URL("a"), 1);
	CHECK(a.trusted == 1 && a.table, "and again");

	/* pushed out by others */
	replay_store(&w, URL("b"), NULL);
	replay_store(&w, URL("c"), NULL);
	replay_store(&w, URL("d"), NULL);
	replay_store(&w, URL("e"), NULL);
	CHECK(certs_entries(w.certs) == 4 && count(&w) == 0, "it went with its chain");
	end(&w, loop);
}

/* A chain that is not trusted is worth no table */
static void untrusted(void)
{
	struct loop *loop = loop_new();
	struct world w;

	begin(&w, loop);
	replay_store(&w, URL("a"), NULL);
	certs_set_trust(w.certs, replay_trust(&replay_other_anchors));
	(void)ask(&w, URL("a"), TABLES_HOT + TABLES_STEP);
	settle(&w, loop);
	CHECK(count(&w) == 0 && certs_tables(w.certs)->built == 0, "none");
	end(&w, loop);
}

static void renewed(void)
{
	struct loop *loop = loop_new();
	struct world w;
	struct asked a;

	begin(&w, loop);
	replay_store(&w, URL("a"), NULL);
	(void)ask(&w, URL("a"), TABLES_HOT + 1);
	wait_built(&w, loop, 1);
	replay_pass(&w, DAY - 100);
	(void)ask(&w, URL("a"), 1);
	replay_end_fetch(&w, SK_OK, NULL, NULL);
	CHECK(ask(&w, URL("a"), 1).table && count(&w) == 1, "a chain confirmed keeps its table");
	replay_pass(&w, DAY - 100);
	(void)ask(&w, URL("a"), 1);
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	a = ask(&w, URL("a"), 1);
	CHECK(a.trusted == 1 && !a.table && count(&w) == 0, "a new one begins anew");
	(void)ask(&w, URL("a"), TABLES_HOT + 1);
	wait_built(&w, loop, 2);
	CHECK(ask(&w, URL("a"), 1).table && count(&w) == 1, "and gets one");

	/* a chain that comes while the table of the last one is made */
	end(&w, loop);
	loop = loop_new();
	begin(&w, loop);
	replay_store(&w, URL("a"), NULL);
	(void)ask(&w, URL("a"), TABLES_HOT + 1);
	replay_pass(&w, DAY - 100);
	(void)ask(&w, URL("a"), 1);
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	settle(&w, loop);
	CHECK(!ask(&w, URL("a"), 1).table && count(&w) == 0, "not its own, so not given");
	end(&w, loop);
}

static char *put(const char *name, const struct pki_text *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (!file || fwrite(text->text, 1, text->len, file) != text->len || fclose(file) != 0)
		abort();
	return strdup(path);
}

static struct conf *conf_with_map(int64_t tables)
{
	struct conf *conf = replay_conf();
	struct text_map *map = &conf->tenant.verify.certificates;

	conf->certs.tables = tables;
	map->keys = malloc(sizeof(char *));
	map->values = malloc(sizeof(char *));
	if (!map->keys || !map->values)
		abort();
	map->keys[0] = strdup("https://cert.example/map");
	map->values[0] = put("chain.pem", &replay_good);
	map->count = 1;
	return conf;
}

static void reload(struct world *w, struct conf *conf)
{
	char why[256] = "";

	CHECK(certs_reload(w->certs, conf, replay_trust(&replay_anchors), why), "%s", why);
}

static void configured(void)
{
	struct loop *loop = loop_new();
	struct conf *on = conf_with_map(TABLES), *off = conf_with_map(0);
	struct world w;
	struct asked a;

	begin(&w, loop);
	reload(&w, on);
	a = ask(&w, URL("map"), TABLES_HOT + 1);
	CHECK(a.trusted == a.calls && certs_counters(w.certs)->hits_map == a.calls, "from files");
	wait_built(&w, loop, 1);
	CHECK(ask(&w, URL("map"), 1).table && count(&w) == 1, "by a table");
	reload(&w, on); /* the files are read again, so the chains are new ones */
	a = ask(&w, URL("map"), 1);
	CHECK(a.trusted == 1 && !a.table && count(&w) == 0, "gone with the file's chain");

	/* a reload while a table is being made for what it takes away */
	(void)ask(&w, URL("map"), TABLES_HOT + 1);
	reload(&w, on);
	settle(&w, loop);
	CHECK(count(&w) == 0, "nobody's");

	/* what was fetched outlives a reload, unless that says that there are to be none */
	replay_store(&w, URL("a"), NULL);
	(void)ask(&w, URL("a"), TABLES_HOT + 1);
	wait_built(&w, loop, 2);
	reload(&w, on);
	CHECK(ask(&w, URL("a"), 1).table && count(&w) == 1, "it stays");
	reload(&w, off);
	a = ask(&w, URL("a"), 1);
	CHECK(a.trusted == 1 && !a.table && count(&w) == 0, "none");
	(void)ask(&w, URL("a"), 2 * TABLES_HOT);
	CHECK(count(&w) == 0, "none any more");
	end(&w, loop);
	conf_unref(off);
	unlink(on->tenant.verify.certificates.values[0]);
	conf_unref(on);
}

/* A tenant's own map lives as long as the tenant, before or after the certificates' end */
static void tenants(bool outlives)
{
	struct loop *loop = loop_new();
	struct conf *conf = conf_with_map(TABLES);
	struct certs_own own = { .fetch = true };
	struct world w;
	char why[256];

	begin(&w, loop);
	if (!configured_load(&conf->tenant.verify.certificates, &own.configured, why))
		abort();
	(void)ask_for(&w, &own, URL("map"), TABLES_HOT + 1);
	wait_built(&w, loop, 1);
	CHECK(ask_for(&w, &own, URL("map"), 1).table && count(&w) == 1, "by a table");
	if (!outlives) {
		configured_free(own.configured);
		CHECK(count(&w) == 0, "gone with the tenant");
	}
	end(&w, loop);
	if (outlives)
		configured_free(own.configured);
	unlink(conf->tenant.verify.certificates.values[0]);
	conf_unref(conf);
}

/* The end, while a table is being made */
static void ends(void)
{
	struct loop *loop = loop_new();
	struct world w;

	begin(&w, loop);
	replay_store(&w, URL("a"), NULL);
	(void)ask(&w, URL("a"), TABLES_HOT + 1);
	end(&w, loop);
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	replay_init();
	fetched();
	untrusted();
	renewed();
	configured();
	tenants(false);
	tenants(true);
	ends();
	rmdir(dir);
	return check_result();
}
