/**
 * @file tree.h  A YAML text as a tree of nodes, each with its place
 *
 * Only the part of YAML that a configuration needs: texts, lists and mappings
 * with texts as keys.  Anchors, aliases, tags and further documents are refused,
 * so a small file stays a small tree.  Texts hold no control characters.
 */
#pragma once

#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TREE_DEPTH_MAX = 6,     /**< one more than a good file has, so that it can be judged */
	TREE_NODES_MAX = 16384, /**< in one file                                             */
	TREE_WHY_SIZE = 256,
};

enum node_kind {
	NODE_TEXT,
	NODE_LIST,
	NODE_MAP
};

struct place {
	unsigned line, column; /**< from 1; 0: nowhere */
};

struct node {
	enum node_kind kind;
	struct place place;
	char *text;          /**< of NODE_TEXT; owned                    */
	bool plain;          /**< a NODE_TEXT written without quotes     */
	struct node **items; /**< of NODE_LIST and NODE_MAP; owned       */
	size_t count;
	char *key; /**< of a member of a NODE_MAP; owned       */
	struct place key_place;
};

/** Why there is no tree. */
struct tree_error {
	struct place place;
	char why[TREE_WHY_SIZE];
};

/**
 * Read a text.
 *
 * @param out    Set only on success; NULL for a text that holds nothing
 * @param error  Set only on failure
 */
SK_MUSTCHECK
bool tree_parse(const char *text, size_t len, struct node **out, struct tree_error *error);

void tree_free(struct node *node);
SK_DEFINE_CLEANUP(struct node, tree_free)

/** The member of a mapping, or NULL; also NULL when `map` is NULL or no mapping. */
const struct node *tree_get(const struct node *map, const char *key);
