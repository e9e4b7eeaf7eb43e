/**
 * @file check.h  The rules across settings; shared by the files that hold them
 *
 * Each complaint names the setting to change and the remedy; its place is the one in
 * the file that made the rule apply.
 */
#pragma once

#include "config/loading.h"

#include <stdbool.h>
#include <stddef.h>

static inline bool is_set(const char *text)
{
	return text[0] != '\0';
}

/* Where the file sets it; nowhere when it does not. */
static inline struct place place_of(const struct loading *l, const char *path)
{
	const struct node *node = loading_node(l, path);

	return node ? node->place : (struct place){ 0, 0 };
}

/* Of two settings that do not go together, the one that the file sets. */
static inline struct place place_of_either(const struct loading *l, const char *a, const char *b)
{
	return loading_node(l, a) ? place_of(l, a) : place_of(l, b);
}

/* The place of an entry of a list or mapping. */
static inline struct place entry_place(const struct loading *l, const char *path, size_t i)
{
	const struct node *node = loading_node(l, path);

	return node && i < node->count ? node->items[i]->place : (struct place){ 0, 0 };
}

/** Complains unless `url` may be asked: "path: "..." is no address of WHAT". */
void check_url(struct loading *l, const struct conf *conf, const char *path, struct place place,
	       const char *url, const char *what);

void check_signing(struct loading *l, const struct conf *conf);   /**< sign.*   */
void check_verifying(struct loading *l, const struct conf *conf); /**< verify.* */
void check_trust(struct loading *l, const struct conf *conf);     /**< trust.*  */
void check_certs(struct loading *l, const struct conf *conf);     /**< certs.*  */
