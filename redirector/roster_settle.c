/*
 * Two tenants that want the same requests: the one that came or changed last is refused.  Its
 * version in use then needs its own place back, which a third one may have taken meanwhile;
 * that one is refused, too, and so on, and everything is tried once more.  What is in use fits
 * together, so this ends.
 */
#include "redirector/call/match.h"
#include "redirector/roster_file.h"
#include "redirector/roster_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_SIZE = 512,
};

struct settling {
	const struct conf *conf;
	struct complaints *findings;
	struct match *match;
	struct roster_item *
		*order; /* the oldest file first: at a start nothing else tells who was there */
	bool again;
};

/* In use already, so nobody may push it aside. */
static bool is_settled(const struct roster_item *item)
{
	return item->fate == FATE_SAME || item->fate == FATE_BROKEN;
}

static void tell_conflict(const struct settling *s, const struct roster_item *item,
			  const struct roster_item *other)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text),
		 "match: tenants %.64s and %.64s have the same criteria, and nothing tells their "
		 "requests apart",
		 item->name, other->name);
	roster_find(s->findings, item, text);
}

/* Its version in use wants its place back from whoever took it in this round. */
static void give_back(struct settling *s, struct roster_item *item)
{
	while (item->old) {
		void *other = NULL;
		struct roster_item *thief;

		if (match_add(s->match, &item->old->set->match, item, &other) != MATCH_CONFLICT)
			return;
		thief = other;
		s->again = true;
		if (is_settled(thief))
			return;
		tell_conflict(s, thief, item);
		roster_refuse(thief);
		item = thief;
	}
}

/* @return false when out of memory */
static bool place(struct settling *s, struct roster_item *item)
{
	void *other = NULL;
	enum match_result result = match_add(s->match, &item->now->set->match, item, &other);

	if (result == MATCH_OK)
		return true;
	if (result == MATCH_NO_MEMORY)
		return false;
	if (result == MATCH_CONFLICT)
		tell_conflict(s, item, other);
	else
		roster_find(s->findings, item, match_text(result));
	if (is_settled(item)) { /* cannot be: what is in use fits together */
		tenant_unref(sk_steal(item->now));
		return true;
	}
	roster_refuse(item);
	give_back(s, item);
	return true;
}

static struct timespec age(const struct roster_item *item)
{
	return item->now ? roster_file_of(item->now)->files[0].stamp.status
			 : (struct timespec){ 0, 0 };
}

/* By the time that nobody can set: a copy that keeps its times is younger all the same. */
static int oldest_first(const void *x, const void *y)
{
	const struct roster_item *const *a = x, *const *b = y;
	struct timespec of_a = age(*a), of_b = age(*b);

	if (of_a.tv_sec != of_b.tv_sec)
		return of_a.tv_sec < of_b.tv_sec ? -1 : 1;
	if (of_a.tv_nsec != of_b.tv_nsec)
		return of_a.tv_nsec < of_b.tv_nsec ? -1 : 1;
	return strcmp((*a)->name, (*b)->name);
}

static bool put_in_order(struct settling *s, struct roster_items *list)
{
	s->order = calloc(list->count + 1, sizeof(struct roster_item *));
	if (!s->order)
		return false;
	for (size_t i = 0; i < list->count; i++)
		s->order[i] = &list->items[i];
	qsort((void *)s->order, list->count, sizeof(struct roster_item *), oldest_first);
	return true;
}

static bool place_all(struct settling *s, struct roster_items *list)
{
	static const enum roster_fate order[] = { FATE_BROKEN, FATE_SAME, FATE_CHANGED,
						  FATE_ADDED };

	for (size_t turn = 0; turn < SK_COUNT(order); turn++)
		for (size_t i = 0; i < list->count; i++) {
			struct roster_item *item = s->order[i];

			if (item->now && item->fate == order[turn] && !place(s, item))
				return false;
		}
	return true;
}

/* The main file's tenant is asked by name, too. */
static void refuse_namesakes(struct roster_items *list, const struct conf *conf,
			     struct complaints *findings)
{
	for (size_t i = 0; conf->tenants.fallback && i < list->count; i++) {
		struct roster_item *item = &list->items[i];

		if (!item->now || strcmp(item->name, conf->tenant.name) != 0)
			continue;
		roster_find(findings, item, "the main file's tenant has this name (tenant.name)");
		item->fate = FATE_BROKEN;
		tenant_unref(sk_steal(item->now));
	}
}

bool roster_settle(struct roster_items *list, const struct conf *conf, struct complaints *findings)
{
	struct settling s = { .conf = conf, .findings = findings };
	bool ok;

	refuse_namesakes(list, conf, findings);
	if (!put_in_order(&s, list))
		return false;
	do {
		s.again = false;
		s.match = match_new(conf);
		ok = s.match && place_all(&s, list);
		match_free(s.match);
	} while (ok && s.again);
	free((void *)s.order);
	return ok;
}
