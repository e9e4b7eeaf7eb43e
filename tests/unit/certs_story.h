/**
 * @file certs_story.h  The inside of a story; for certs_script.c and certs_story.c only
 */
#pragma once

#include "certs_replay.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	CALLS = 256,
	WORDS = 16,
};

struct story {
	struct world w;
	struct fetcher *breaker;
	struct call calls[CALLS];
	bool seen[CALLS];
	size_t count;
	const char *trust;
	char hosts[128];
	long entries, waiting, fetch, lifetime;
	char note[256]; /* what was seen instead */
	/* the statement */
	char *words[WORDS];
	int n;
	const char *rest; /* all behind the second word */
};

/** A time of the story, such as 5m.  Aborts when it is none. */
int64_t story_seconds(const char *text);
struct sk_span story_url(const char *word, char url[128]);

/** The word as a number, 0 when there is none. */
long story_number(const struct story *s, int i);

/** Notes what was seen when it is not what the story says. */
bool story_same(struct story *s, const char *what, int64_t got, int64_t want);

/* the statements about time, trust and settings */
bool story_pass(struct story *s);
bool story_jump(struct story *s);
bool story_at(struct story *s);
bool story_trust(struct story *s);
bool story_suspect(struct story *s);
bool story_hosts(struct story *s);
bool story_set(struct story *s);
bool story_entries(struct story *s);
bool story_count(struct story *s);
