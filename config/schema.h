/**
 * @file schema.h  Every setting there is: one row each
 *
 * The one table behind loading, checking, printing, the sample file, the manual
 * page and the question what a reload can do.  The default is YAML text and goes
 * through the same parser as the file.
 */
#pragma once

#include "config/conf.h"
#include "shaken/buf.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** What a value is written like.  The C type of the field follows from it (schema.c). */
enum conf_type {
	CONF_TEXT,
	CONF_FILE,   /**< text; relative ones start from the configuration file's folder,
			  and "credential:NAME" is a file of systemd's LoadCredential=    */
	CONF_KEY,    /**< the same, or "pkcs11:...", a key in a token                     */
	CONF_TARGET, /**< one of the row's words, or a file                              */
	CONF_HEADER, /**< name of a header field                                         */
	CONF_UUID,
	CONF_HEX,     /**< hex digits                                                     */
	CONF_COUNTRY, /**< country code: 1 to 3 digits                                    */
	CONF_PREFIX,  /**< dial prefix: digits                                            */
	CONF_BOOL,
	CONF_INTEGER,
	CONF_COUNT,    /**< integer, or the word auto, which is 0                          */
	CONF_SMALL,    /**< integer in one byte                                            */
	CONF_SIZE,     /**< bytes: 65536, 16KiB, 4MiB                                      */
	CONF_SECONDS,  /**< 60s, 5m, 24h, 1d                                               */
	CONF_MILLIS,   /**< 300ms, 2s                                                      */
	CONF_WORD,     /**< one of the row's words, an enum                                */
	CONF_WORDS,    /**< list of the row's words, bits                                  */
	CONF_FILES,    /**< list                                                           */
	CONF_TEXTS,    /**< list                                                           */
	CONF_HEADERS,  /**< list                                                           */
	CONF_NETS,     /**< list of networks                                               */
	CONF_TEXT_MAP, /**< text: text                                                     */
	CONF_FILE_MAP, /**< text: file                                                     */
};

/** How the field lies in memory; decides how it is freed. */
enum conf_shape {
	CONF_SHAPE_FLAT, /**< owns nothing        */
	CONF_SHAPE_TEXT, /**< `char *`            */
	CONF_SHAPE_LIST, /**< struct text_list    */
	CONF_SHAPE_NETS, /**< struct net_list     */
	CONF_SHAPE_MAP,  /**< struct text_map     */
};

/** What a reload does with a setting that differs. */
enum conf_reload {
	CONF_LIVE,    /**< new calls follow it                        */
	CONF_RESTART, /**< the old value stays until the next restart */
};

struct conf_word {
	const char *name; /**< NULL ends a table */
	unsigned value;
};

/** One setting. */
struct conf_item {
	const char *path; /**< "section.key"                          */
	enum conf_type type;
	size_t at;        /**< offset of the field in struct conf, or in a member's struct */
	const char *dflt; /**< YAML                                   */
	int64_t min;      /**< smallest value; of a text the shortest length, of a list the fewest
			     entries */
	int64_t max;
	const struct conf_word *words; /**< of CONF_WORD, CONF_WORDS and CONF_TARGET */
	enum conf_reload reload;
	const char *doc; /**< one sentence for operators */
};

/**
 * Settings that come once for each named member of a mapping: `trunks: { a: { ... } }`.
 * The path of a row is "trunks.*.sources", its field one of the member's struct, whose
 * first field is `char *name`.
 */
struct conf_group {
	const struct conf_item *rows;
	size_t row_count;
	size_t size; /**< of the struct of a member             */
	size_t at;   /**< offset of its struct members in struct conf */
	size_t max;  /**< most members                           */
};

/** A heading of the file. */
struct conf_section {
	const char *name;
	const char *doc;
	const struct conf_group *group; /**< NULL: the section holds settings itself */
};

extern const struct conf_item conf_schema[];
extern const size_t conf_schema_count;
extern const struct conf_section conf_sections[];
extern const size_t conf_section_count;

enum {
	CONF_ALLOWED_SIZE = 256, /**< room for conf_item_allowed() */
	CONF_NAME_SIZE = 128,    /**< room for conf_item_name()    */
	CONF_MEMBER_MAX = 64,    /**< longest name of a member, of A-Z a-z 0-9 . _ -  */
};

/** The row of a path, also of a group's, "trunks.*.sources"; or NULL. */
const struct conf_item *conf_item_find(const char *path);

/** The section of that name, or NULL. */
const struct conf_section *conf_section_find(const char *name);

/** The path with a member's name for the "*"; NULL: with the word NAME. */
void conf_item_name(const struct conf_item *item, const char *member, char out[CONF_NAME_SIZE]);

/** May a member, or a tenant, be called so? */
SK_MUSTCHECK
bool conf_member_name(const char *name);

enum conf_shape conf_item_shape(const struct conf_item *item);

/** Does the field lie in struct tenant_conf? */
SK_MUSTCHECK
bool conf_item_in_tenant(const struct conf_item *item);

/** May a tenant's file make this setting?  Those of struct tenant_conf that need no restart. */
SK_MUSTCHECK
bool conf_item_of_tenant(const struct conf_item *item);

/** May a tenant's file have this section? */
SK_MUSTCHECK
bool conf_section_of_tenant(const struct conf_section *section);

/** Is it a row of this section?  The key behind the dot, or NULL. */
const char *conf_item_key(const struct conf_item *item, const char *section);

/** What a value may be, for people: "1s to 300s", "silence | 403"; "" when there is nothing to say.
 */
void conf_item_allowed(const struct conf_item *item, struct sk_buf *out);

/** The value of a setting as YAML on one line, without the key.  @param base  struct conf, or the
 * struct of a member */
void conf_item_print(const struct conf_item *item, const void *base, FILE *to);

/** Prints a section with the settings that `print` says yes to. */
void conf_section_print(const struct conf_section *section, const struct conf *conf,
			bool (*print)(const struct conf_item *item), FILE *to);

/** The settings as a manual page in roff. */
void conf_print_man(FILE *to);
