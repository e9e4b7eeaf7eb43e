/*
 * Stories of time and change: renewal, stale answers, expiry, reload, doubt.
 */
#include "certs_replay.h"
#include "tests/check.h"

#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/certs-XXXXXX";

static void refresh(void)
{
	struct world w;
	struct call c;

	replay_begin(&w);
	replay_store(&w, URL("a"), "ETag: \"one\"");
	replay_pass(&w, DAY * 9 / 10 - 1);
	c = replay_ask(&w, URL("a"));
	CHECK(c.from == CERTS_FROM_MEMORY && w.net.count == 0, "not yet");
	replay_pass(&w, 2);
	c = replay_ask(&w, URL("a"));
	CHECK(c.from == CERTS_FROM_MEMORY && c.calls == 1 && w.net.count == 1, "in the background");
	CHECK(certs_counters(w.certs)->background == 1, "counted");
	CHECK(sk_span_eq(w.net.jobs[0]->etag, SK_SPAN("\"one\"")), "with the tag");
	(void)replay_ask(&w, URL("a"));
	CHECK(w.net.count == 1, "once");
	replay_end_fetch(&w, SK_OK, NULL, "Cache-Control: max-age=100000");
	CHECK(certs_counters(w.certs)->not_modified == 1, "not modified");
	replay_pass(&w, 89000);
	(void)replay_ask(&w, URL("a"));
	CHECK(w.net.count == 0, "as long as it says now");
	replay_pass(&w, 2000);
	(void)replay_ask(&w, URL("a"));
	CHECK(w.net.count == 1, "due");
	replay_end_fetch(&w, SK_OK, &replay_good, "Cache-Control: no-store");
	c = replay_ask(&w, URL("a"));
	CHECK(c.from == CERTS_FROM_MEMORY && w.net.count == 0, "no-store: the floor");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void stale(void)
{
	struct world w;
	struct call c = { .calls = 0 };

	replay_begin(&w);
	replay_store(&w, URL("a"), NULL);
	replay_pass(&w, DAY + 1);
	replay_want(&w, URL("a"), &c);
	CHECK(c.calls == 0 && w.net.count == 1, "too old: asks and waits");
	replay_end_fetch(&w, SK_FETCH_CONNECT, NULL, NULL);
	CHECK(c.calls == 1 && c.chain && c.err == SK_OK && c.from == CERTS_FROM_MEMORY,
	      "stale, for want of better");
	c = replay_ask(&w, URL("a"));
	CHECK(c.calls == 1 && c.chain && w.net.count == 0, "no question within the pause");
	replay_pass(&w, 31);
	c = replay_ask(&w, URL("a"));
	CHECK(c.calls == 1 && c.chain && w.net.count == 1, "then in the background");
	replay_end_fetch(&w, SK_FETCH_CONNECT, NULL, NULL);
	replay_pass(&w, DAY);
	c = (struct call){ .calls = 0 };
	replay_want(&w, URL("a"), &c);
	CHECK(c.calls == 0 && w.net.count == 1, "a day is enough");
	replay_end_fetch(&w, SK_FETCH_CONNECT, NULL, NULL);
	CHECK(c.calls == 1 && !c.chain && c.err == SK_FETCH_CONNECT, "gone");
	replay_store(&w, URL("b"), NULL);
	replay_pass(&w, DAY + 1);
	w.net.refuse = SK_BUSY;
	c = replay_ask(&w, URL("b"));
	CHECK(c.calls == 1 && c.chain && c.from == CERTS_FROM_MEMORY, "stale when all is busy");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void expiry(void)
{
	struct world w;
	struct call c = { .calls = 0 };

	replay_begin(&w);
	replay_pass(&w, PKI_TO - PKI_NOW - 3600);
	replay_store(&w, URL("a"), "Cache-Control: max-age=1000000");
	CHECK(replay_ask(&w, URL("a")).verdict == SK_OK, "an hour to go");
	replay_pass(&w, 3600 - 1);
	(void)replay_ask(&w, URL("a"));
	CHECK(w.net.count == 1, "renewed ahead of its end");
	replay_end_fetch(&w, SK_FETCH_TIMEOUT, NULL, NULL);
	replay_pass(&w, 40);
	replay_want(&w, URL("a"), &c);
	CHECK(c.calls == 0 && w.net.count == 1, "past its end no stale answer");
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(c.calls == 1 && c.chain && c.verdict == SK_CERT_EXPIRED, "the same one again");
	c = replay_ask(&w, URL("a"));
	CHECK(c.calls == 1 && c.err == SK_CERT_EXPIRED && w.net.count == 0,
	      "not fetched for each call");
	w.clock.wall = PKI_NOW;
	c = replay_ask(&w, URL("a"));
	CHECK(c.verdict == SK_OK, "and set right");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void reload(void)
{
	struct world w;
	struct call waiting = { .calls = 0 }, c;
	struct conf *conf = replay_conf();
	struct sk_trust *trust = replay_trust(&replay_other_anchors);
	char why[256] = "";

	replay_begin(&w);
	replay_store(&w, URL("a"), NULL);
	replay_want(&w, URL("b"), &waiting);
	w.net.reload_fails = true;
	CHECK(!certs_reload(w.certs, conf, trust, why), "the fetcher refuses");
	CHECK(replay_ask(&w, URL("a")).verdict == SK_OK, "nothing changed");
	w.net.reload_fails = false;
	CHECK(certs_reload(w.certs, conf, trust, why) && w.net.reloads == 1, "another trust");
	c = replay_ask(&w, URL("a"));
	CHECK(c.chain && c.verdict == SK_CERT_UNTRUSTED && w.net.started == 2, "judged again");
	CHECK(waiting.calls == 0, "who waits goes on waiting");
	replay_end_fetch(&w, SK_OK, &replay_other, NULL);
	CHECK(waiting.calls == 1 && waiting.verdict == SK_OK, "by the new trust");
	CHECK(certs_reload(w.certs, conf, replay_trust(&replay_anchors), why), "back");
	CHECK(replay_ask(&w, URL("a")).verdict == SK_OK, "trusted again");
	CHECK(replay_ask(&w, URL("b")).verdict == SK_CERT_UNTRUSTED, "and the other is not");
	conf->certs.entries = 1;
	CHECK(certs_reload(w.certs, conf, replay_trust(&replay_anchors), why), "fewer entries");
	CHECK(certs_entries(w.certs) == 1, "the rest left");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
	conf_unref(conf);
}

static void untrusted(void)
{
	struct world w;
	struct call c;

	replay_begin(&w);
	(void)replay_ask(&w, URL("a"));
	replay_end_fetch(&w, SK_OK, &replay_other, "Cache-Control: max-age=1000000");
	c = replay_ask(&w, URL("a"));
	CHECK(!c.chain && c.err == SK_CERT_UNTRUSTED && w.net.count == 0,
	      "the verdict is kept, the stranger's chain is not");
	replay_pass(&w, 31);
	c = replay_ask(&w, URL("a"));
	CHECK(c.calls == 0 && w.net.count == 1, "asked for again as soon as a failure");
	replay_end_fetch(&w, SK_OK, &replay_good, NULL);
	CHECK(replay_ask(&w, URL("a")).verdict == SK_OK, "mended");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
}

static void suspect(void)
{
	struct world w;

	replay_begin(&w);
	certs_suspect(w.certs, URL("a"));
	replay_store(&w, URL("a"), "ETag: \"one\"");
	replay_pass(&w, 300);
	certs_suspect(w.certs, URL("a"));
	CHECK(w.net.count == 0, "five minutes old is young");
	replay_pass(&w, 1);
	certs_suspect(w.certs, URL("a"));
	CHECK(w.net.count == 1 && w.net.jobs[0]->etag.len == 0, "asks for the whole of it");
	certs_suspect(w.certs, URL("a"));
	CHECK(w.net.count == 1, "once at a time");
	CHECK(replay_ask(&w, URL("a")).from == CERTS_FROM_MEMORY, "meanwhile the old one serves");
	replay_end_fetch(&w, SK_FETCH_TIMEOUT, NULL, NULL);
	CHECK(replay_ask(&w, URL("a")).chain, "and after a failure too");
	replay_pass(&w, 299);
	certs_suspect(w.certs, URL("a"));
	CHECK(w.net.count == 0, "once in five minutes");
	replay_pass(&w, 1);
	certs_suspect(w.certs, URL("a"));
	CHECK(w.net.count == 1, "again");
	replay_end_fetch(&w, SK_OK, &replay_other, NULL);
	CHECK(replay_ask(&w, URL("a")).err == SK_CERT_UNTRUSTED, "the new one counts");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
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

static void set_map(struct conf *conf, const char *url, char *path)
{
	struct text_map *map = &conf->tenant.verify.certificates;

	map->keys = malloc(sizeof(char *));
	map->values = malloc(sizeof(char *));
	if (!map->keys || !map->values)
		abort();
	map->keys[0] = strdup(url);
	map->values[0] = path;
	map->count = 1;
}

static void configured(void)
{
	static struct pki_text text = { 5, "hello" };
	struct world w;
	struct conf *fine = replay_conf(), *broken = replay_conf(), *missing = replay_conf();
	struct sk_trust *trust = replay_trust(&replay_anchors);
	char why[256] = "";
	struct call c;

	set_map(fine, "https://cert.example/a", put("good.pem", &replay_good));
	set_map(broken, "https://cert.example/a", put("text.pem", &text));
	set_map(missing, "https://cert.example/a", strdup("/nonexistent/none.pem"));
	fine->tenant.verify.fetch = false;
	replay_begin(&w);
	CHECK(!certs_reload(w.certs, broken, trust, why) && strstr(why, "text.pem"), "%s", why);
	CHECK(!certs_reload(w.certs, missing, trust, why) && strstr(why, "/nonexistent/none.pem"),
	      "%s", why);
	CHECK(certs_reload(w.certs, fine, trust, why), "%s", why);
	c = replay_ask(&w, URL("a"));
	CHECK(c.calls == 1 && c.from == CERTS_FROM_MAP && c.verdict == SK_OK, "from the map");
	CHECK(certs_counters(w.certs)->hits_map == 1 && w.net.started == 0, "never fetched");
	CHECK(replay_ask(&w, URL("b")).err == SK_FETCH_REFUSED, "the others not either");
	replay_pass(&w, PKI_TO - PKI_NOW + 1);
	CHECK(replay_ask(&w, URL("a")).verdict == SK_CERT_EXPIRED, "judged at its time");
	certs_suspect(w.certs, URL("a"));
	CHECK(w.net.started == 0, "nothing to fetch again");
	CHECK(certs_reload(w.certs, w.conf, replay_trust(&replay_anchors), why), "without the map");
	CHECK(replay_ask(&w, URL("a")).calls == 0 && w.net.started == 1, "fetched now");
	CHECK(replay_end(&w) == 0, "every fetch was stopped");
	unlink(fine->tenant.verify.certificates.values[0]);
	unlink(broken->tenant.verify.certificates.values[0]);
	conf_unref(fine);
	conf_unref(broken);
	conf_unref(missing);
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	replay_init();
	refresh();
	stale();
	expiry();
	reload();
	untrusted();
	suspect();
	configured();
	rmdir(dir);
	return check_result();
}
