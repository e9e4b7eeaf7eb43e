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
	const struct conf *main; /**< of a tenant's file: what it stands on; else NULL */
	const struct node *root; /**< NULL for an empty file                           */
	enum conf_preset preset; /**< what the file sets as answer.preset              */
	const char *member;      /**< of the group that is being read                  */
	struct complaints *complaints;
	struct complaints warnings; /**< told only when nothing worse is to be told      */
	bool failed;                /**< at least one complaint was no warning            */
};

/** `key:` with nothing behind it: all that could stand there is commented out. */
static inline bool is_nothing(const struct node *node)
{
	return node->kind == NODE_TEXT && node->plain && node->text[0] == '\0';
}

/** Adds "name:line:column: text" and marks the load as failed. */
void complain(struct loading *l, struct place place, const char *fmt, ...) SK_PRINTF(3, 4);

/** Adds "name:line:column: warning: text". */
void warn(struct loading *l, struct place place, const char *fmt, ...) SK_PRINTF(3, 4);

/** The node of "section.key" in the file, or NULL when the file does not set it. */
const struct node *loading_node(const struct loading *l, const char *path);

/** The node of "section.*.key" of that member, or NULL. */
const struct node *loading_member(const struct loading *l, const char *path, const char *member);

/**
 * From a file's text to its tree, and that to `l->root`: known sections and settings only, and
 * l->preset read.  What is wrong is complained about.
 *
 * @param root  Owned by the caller, who keeps it as long as l->root is used
 * @return false: there is no tree
 */
SK_MUSTCHECK
bool loading_open(struct loading *l, const char *text, size_t len, struct node **root);

/** Hands the warnings over unless there is worse.  @return whether the load went well */
SK_MUSTCHECK
bool loading_close(struct loading *l);

/** The folder of a file as an absolute path; NULL: the working directory is not known. */
char *loading_folder(const char *path);

/** Reads one value into its field of `base`, which is zero.  What is wrong is complained about. */
void value_read(struct loading *l, const struct conf_item *item, const struct node *node,
		void *base);

/** The same from a text, which is a default or a preset. */
void value_parse(struct loading *l, const struct conf_item *item, const char *text, void *base);

/**
 * The file that a text means, owned by the caller: relative ones start from the folder,
 * "credential:NAME" is one of systemd's, "pkcs11:..." stays as it is where a key may be.
 *
 * @param why  Set on failure; "" when memory is out
 */
char *file_resolve(const struct loading *l, const struct conf_item *item, const char *text,
		   const char **why);

/** Are the members of a group called as they may be, with settings that exist? */
void group_names(struct loading *l, const struct node *section);

/** Reads the members of a group into its struct members of `base`. */
void group_read(struct loading *l, const struct conf_section *section, void *base);

/** Has a setting another value in the one than in the other?  @param a  As of conf_item_print() */
SK_MUSTCHECK
bool conf_item_differs(const struct conf_item *item, const void *a, const void *b);

/** Does a tenant take this setting from the main file when its own leaves it out? */
SK_MUSTCHECK
bool tenant_conf_inherits(const struct conf_item *item);

/** The rules across settings.  Every field is set. */
void conf_check(struct loading *l, const struct conf *conf);

/** Those of a tenant's file; conf->tenant is the tenant, the rest as in the main file. */
void conf_check_tenant(struct loading *l, const struct conf *conf);
