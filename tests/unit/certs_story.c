/*
 * The statements about time, trust and settings.
 */
#include "certs_story.h"

#include "certs_chains.h"

#include <stdlib.h>

int64_t story_seconds(const char *text)
{
	char *unit;
	int64_t n = strtol(text, &unit, 10);
	const char *units = "smhd", *at = strchr(units, *unit);
	static const int64_t each[] = { 1, 60, 3600, DAY };

	if (!at || !*unit)
		abort();
	return n * each[at - units];
}

struct sk_span story_url(const char *word, char url[128])
{
	snprintf(url, 128, "https://%s%s", strchr(word, '/') ? "" : "cert.example/", word);
	return sk_span_of(url);
}

long story_number(const struct story *s, int i)
{
	return i < s->n ? atol(s->words[i]) : 0;
}

bool story_same(struct story *s, const char *what, int64_t got, int64_t want)
{
	if (got == want)
		return true;
	snprintf(s->note, sizeof(s->note), "%s is %lld", what, (long long)got);
	return false;
}

bool story_pass(struct story *s)
{
	replay_pass(&s->w, story_seconds(s->words[1]));
	return true;
}

bool story_jump(struct story *s)
{
	s->w.clock.wall += story_seconds(s->words[1]);
	return true;
}

bool story_at(struct story *s)
{
	s->w.clock.wall = story_number(s, 1);
	return true;
}

bool story_trust(struct story *s)
{
	s->trust = s->words[1];
	certs_set_trust(s->w.certs, chains_trust(s->trust));
	return true;
}

bool story_suspect(struct story *s)
{
	char url[128];

	certs_suspect(s->w.certs, story_url(s->words[1], url));
	return true;
}

static struct conf *conf_of(struct story *s)
{
	struct conf *conf = replay_conf();
	struct text_list *hosts = &conf->certs.hosts;
	char text[sizeof(s->hosts)], *rest = text, *host;

	conf->certs.entries = s->entries;
	conf->certs.lifetime = s->lifetime;
	conf->sip.waiting_max = s->waiting;
	conf->tenant.verify.fetch = s->fetch;
	hosts->items = calloc(WORDS, sizeof(char *));
	if (!hosts->items)
		abort();
	snprintf(text, sizeof(text), "%s", s->hosts);
	while ((host = strtok_r(rest, " ", &rest)))
		hosts->items[hosts->count++] = strdup(host);
	return conf;
}

static bool reload(struct story *s)
{
	struct conf *conf = conf_of(s);
	bool ok = certs_reload(s->w.certs, conf, chains_trust(s->trust), s->note);

	conf_unref(conf);
	return ok;
}

bool story_hosts(struct story *s)
{
	snprintf(s->hosts, sizeof(s->hosts), "%s%s%s", s->n > 1 ? s->words[1] : "",
		 s->rest[0] ? " " : "", s->rest);
	return reload(s);
}

bool story_set(struct story *s)
{
	struct {
		const char *name;
		long *value;
	} settings[] = { { "entries", &s->entries },
			 { "waiting", &s->waiting },
			 { "fetch", &s->fetch },
			 { "lifetime", &s->lifetime } };

	for (size_t i = 0; i < SK_COUNT(settings); i++) {
		if (strcmp(settings[i].name, s->words[1]) != 0)
			continue;
		*settings[i].value = story_number(s, 2);
		return reload(s);
	}
	return false;
}

bool story_entries(struct story *s)
{
	return story_same(s, "entries", (int64_t)certs_entries(s->w.certs), story_number(s, 1));
}

bool story_count(struct story *s)
{
	const struct certs_counters *c = certs_counters(s->w.certs);
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{ "joined", c->joined },
		{ "fetched", c->fetched },
		{ "failed", c->failed },
		{ "refused", c->refused },
		{ "busy", c->busy },
		{ "not_modified", c->not_modified },
		{ "background", c->background },
		{ "evicted", c->evicted },
		{ "hits_store", c->hits_store },
		{ "hits_memory", c->hits_memory },
	};

	for (size_t i = 0; i < SK_COUNT(counters); i++)
		if (strcmp(counters[i].name, s->words[1]) == 0)
			return story_same(s, counters[i].name, (int64_t)counters[i].value,
					  story_number(s, 2));
	return false;
}
