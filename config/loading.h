/**
 * @file loading.h  One load under way: where it complains, and what it reads
 *
 * Shared by the files that load; nobody else includes it.
 */
#pragma once

#include "config/conf.h"
#include "config/load.h"
#include "config/schema.h"
#include "config/tree.h"

struct loading {
	const char *name;        /**< stands for the file in complaints                */
	const char *folder;      /**< where relative files start; NULL: they stay      */
	const struct node *root; /**< NULL for an empty file                           */
	struct complaints *complaints;
	struct complaints warnings; /**< told only when nothing worse is to be told      */
	bool failed;                /**< at least one complaint was no warning            */
};

/** Adds "name:line:column: text" and marks the load as failed. */
void complain(struct loading *l, struct place place, const char *fmt, ...) SK_PRINTF(3, 4);

/** Adds "name:line:column: warning: text". */
void warn(struct loading *l, struct place place, const char *fmt, ...) SK_PRINTF(3, 4);

/** Adds a text as it is. */
void complaints_add(struct complaints *complaints, const char *text);

/** The node of "section.key" in the file, or NULL when the file does not set it. */
const struct node *loading_node(const struct loading *l, const char *path);

/** Reads one value into its field, which is zero.  What is wrong is complained about. */
void value_read(struct loading *l, const struct conf_item *item, const struct node *node,
		struct conf *conf);

/** The rules across settings.  Every field is set. */
void conf_check(struct loading *l, const struct conf *conf);
