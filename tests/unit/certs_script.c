/*
 * A statement is a row of `verbs`; it says whether it is so.
 */
#include "certs_script.h"

#include "certs_chains.h"
#include "certs_story.h"
#include "redirector/certs/breaker.h"

#include <stdlib.h>

static enum sk_err err_of(const char *word)
{
	if (strcmp(word, "ok") == 0)
		return SK_OK;
	for (int err = SK_OK + 1; err < SK_ERR_COUNT; err++)
		if (strcmp(sk_err_name((enum sk_err)err) + 3, word) == 0)
			return (enum sk_err)err;
	fprintf(stderr, "no such outcome: %s\n", word);
	abort();
}

/* --- calls --- */

static bool call_is(struct story *s, const struct call *call, int word)
{
	static const char *const from[] = { "nowhere", "map", "memory", "store", "fetch" };
	enum sk_err seen = call->err != SK_OK ? call->err : call->verdict;

	snprintf(s->note, sizeof(s->note), "%u times told %s from %s", call->calls,
		 sk_err_name(seen), from[call->from]);
	if (call->calls != 1 || seen != err_of(s->words[word]))
		return false;
	return word + 1 >= s->n || strcmp(from[call->from], s->words[word + 1]) == 0;
}

static struct call *new_call(struct story *s)
{
	if (s->count == CALLS)
		abort();
	return &s->calls[s->count++];
}

static bool do_ask(struct story *s)
{
	struct call *call = new_call(s);
	char url[128];

	replay_want(&s->w, story_url(s->words[1], url), call);
	if (strcmp(s->words[2], "waits") == 0)
		return story_same(s, "told", call->calls, 0);
	s->seen[s->count - 1] = true;
	return call_is(s, call, 2);
}

static bool do_many(struct story *s)
{
	char url[128];

	for (long i = 0; i < story_number(s, 1); i++) {
		struct call *call = new_call(s);

		replay_want(&s->w, story_url(s->words[2], url), call);
		if (call->calls > 0)
			return story_same(s, "told", i, -1);
	}
	return true;
}

static bool do_told(struct story *s)
{
	long told = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->seen[i] || s->calls[i].calls == 0)
			continue;
		s->seen[i] = true;
		told++;
		if (!call_is(s, &s->calls[i], 2))
			return false;
	}
	return story_same(s, "told", told, story_number(s, 1));
}

static bool do_leave(struct story *s)
{
	for (size_t i = 0; i < s->count; i++)
		certs_cancel(s->w.certs, &s->calls[i].wait);
	return true;
}

/* --- the network --- */

static void add_headers(const char *text, struct freshness *out)
{
	while (*text) {
		size_t len = strcspn(text, "|");

		freshness_header(out, sk_span_trim((struct sk_span){ text, len }));
		text += text[len] ? len + 1 : len;
	}
}

static bool answer(struct story *s, struct fetch_result *result, const char *chain,
		   const char *headers)
{
	freshness_init(&result->headers);
	add_headers(headers, &result->headers);
	if (chain) {
		const struct pki_text *text = chains_get(chain);

		result->body = (struct sk_span){ text->text, text->len };
	}
	if (s->w.net.count == 0)
		return story_same(s, "fetches", 0, -1);
	for (size_t i = 0; i < s->count; i++)
		s->seen[i] = s->seen[i] || s->calls[i].calls > 0;
	replay_result(&s->w, result);
	return true;
}

static bool do_200(struct story *s)
{
	return answer(s, &(struct fetch_result){ .err = SK_OK }, s->words[1], s->rest);
}

static bool do_304(struct story *s)
{
	return answer(s, &(struct fetch_result){ .not_modified = true },
		      s->n > 1 ? s->words[1] : NULL, "");
}

static bool do_stored(struct story *s)
{
	struct fetch_result result = { .stored = true,
				       .fetched = s->w.clock.wall - story_seconds(s->words[2]),
				       .until = s->w.clock.wall + story_seconds(s->words[3]) };

	return answer(s, &result, s->words[1], "ETag: \"stored\"");
}

static bool do_end(struct story *s)
{
	return answer(s, &(struct fetch_result){ .err = err_of(s->words[1]) }, NULL, "");
}

static bool do_refuse(struct story *s)
{
	s->w.net.refuse = err_of(s->words[1]);
	return true;
}

static const struct fetch_job *newest(const struct story *s)
{
	if (s->w.net.count == 0)
		abort(); /* the story asks for a fetch that is not */
	return s->w.net.jobs[s->w.net.count - 1];
}

static bool do_tag(struct story *s)
{
	const char *want = strcmp(s->words[1], "none") == 0 ? "" : s->words[1];

	return sk_span_eq(newest(s)->etag, sk_span_of(want));
}

static bool do_have(struct story *s)
{
	int64_t have = newest(s)->have;

	if (strcmp(s->words[1], "none") == 0)
		return story_same(s, "have", have, 0);
	return story_same(s, "age", s->w.clock.wall - have, story_seconds(s->words[1]));
}

static bool do_kept(struct story *s)
{
	if (s->n > 2 && !story_same(s, "fresh for", s->w.net.kept.until - s->w.clock.wall,
				    story_seconds(s->words[2])))
		return false;
	return story_same(s, "kept", s->w.net.keeps, story_number(s, 1));
}

static bool do_fetches(struct story *s)
{
	return story_same(s, "fetches", (int64_t)s->w.net.count, story_number(s, 1));
}

static bool do_started(struct story *s)
{
	return story_same(s, "started", s->w.net.started, story_number(s, 1));
}

static void begin(struct story *s, const struct certs_conf *breaker)
{
	struct certs_parts parts = { .clock = &s->w.clock.base, .fetcher = &s->w.net.base };

	certs_free(s->w.certs);
	if (breaker && !breaker_new(parts.clock, NULL, breaker, parts.fetcher, &s->breaker))
		abort();
	if (s->breaker)
		parts.fetcher = s->breaker;
	s->trust = "good";
	if (!certs_new(&parts, s->w.conf, chains_trust("good"), &s->w.certs, s->note))
		abort();
}

static bool do_breaker(struct story *s)
{
	begin(s, &(struct certs_conf){ .breaker = story_number(s, 1) });
	return true;
}

static const struct {
	const char *name;
	int words; /* at least */
	bool (*is_so)(struct story *s);
} verbs[] = {
	{ "ask", 3, do_ask },
	{ "many", 3, do_many },
	{ "told", 3, do_told },
	{ "leave", 1, do_leave },
	{ "200", 2, do_200 },
	{ "304", 1, do_304 },
	{ "stored", 4, do_stored },
	{ "end", 2, do_end },
	{ "refuse", 2, do_refuse },
	{ "pass", 2, story_pass },
	{ "jump", 2, story_jump },
	{ "at", 2, story_at },
	{ "fetches", 2, do_fetches },
	{ "started", 2, do_started },
	{ "tag", 2, do_tag },
	{ "have", 2, do_have },
	{ "kept", 2, do_kept },
	{ "trust", 2, story_trust },
	{ "suspect", 2, story_suspect },
	{ "hosts", 1, story_hosts },
	{ "set", 3, story_set },
	{ "breaker", 2, do_breaker },
	{ "entries", 2, story_entries },
	{ "count", 3, story_count },
};

static bool run(struct story *s, char *statement)
{
	char *rest = statement;

	s->n = 0;
	s->rest = "";
	while (s->n < WORDS && (s->words[s->n] = strtok_r(rest, " ", &rest))) {
		s->n++;
		if (s->n == 2)
			s->rest = rest;
		if (s->n == 2 &&
		    (strcmp(s->words[0], "200") == 0 || strcmp(s->words[0], "hosts") == 0))
			break; /* the rest is text */
	}
	for (size_t i = 0; i < SK_COUNT(verbs); i++)
		if (s->n > 0 && strcmp(verbs[i].name, s->words[0]) == 0)
			return s->n >= verbs[i].words && verbs[i].is_so(s);
	snprintf(s->note, sizeof(s->note), "no such word");
	return false;
}

bool script_tell(const char *story, char *where, size_t size)
{
	struct story *s = calloc(1, sizeof(*s));
	char text[1024], *rest = text, *statement;
	bool fine = true;

	if (!s || strlen(story) >= sizeof(text))
		abort();
	replay_begin(&s->w);
	s->entries = 4;
	s->waiting = 150;
	s->fetch = 1;
	s->lifetime = DAY;
	begin(s, NULL);
	memcpy(text, story, strlen(story) + 1);
	while (fine && (statement = strtok_r(rest, ";", &rest))) {
		snprintf(where, size, "%s", statement);
		s->note[0] = '\0';
		fine = run(s, statement);
	}
	if (!fine)
		snprintf(where + strlen(where), size - strlen(where), " (%s)", s->note);
	do_leave(s);
	if (replay_end(&s->w) != 0 && fine) {
		snprintf(where, size, "a fetch was not stopped");
		fine = false;
	}
	breaker_free(s->breaker);
	free(s);
	return fine;
}
