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
	CONF_FILE,   /**< text; relative ones start from the configuration file's folder */
	CONF_TARGET, /**< "stderr", "stdout" or a file                                   */
	CONF_HEADER, /**< name of a header field                                         */
	CONF_UUID,
	CONF_HEX,     /**< hex digits                                                     */
	CONF_COUNTRY, /**< country code: 1 to 3 digits                                    */
	CONF_PREFIX,  /**< dial prefix: digits                                            */
	CONF_BOOL,
	CONF_INTEGER,
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
	size_t at;        /**< offset of the field in struct conf     */
	const char *dflt; /**< YAML                                   */
	int64_t min;      /**< smallest value; of a text the shortest length, of a list the fewest
			     entries */
	int64_t max;
	const struct conf_word *words; /**< of CONF_WORD and CONF_WORDS */
	enum conf_reload reload;
	const char *doc; /**< one sentence for operators */
};

/** A heading of the file. */
struct conf_section {
	const char *name;
	const char *doc;
};

extern const struct conf_item conf_schema[];
extern const size_t conf_schema_count;
extern const struct conf_section conf_sections[];
extern const size_t conf_section_count;

enum {
	CONF_ALLOWED_SIZE = 256, /**< room for conf_item_allowed() */
};

/** The row of a path, or NULL. */
const struct conf_item *conf_item_find(const char *path);

enum conf_shape conf_item_shape(const struct conf_item *item);

/** Is it a row of this section?  The key behind the dot, or NULL. */
const char *conf_item_key(const struct conf_item *item, const char *section);

/** What a value may be, for people: "1s to 300s", "silence | 403"; "" when there is nothing to say.
 */
void conf_item_allowed(const struct conf_item *item, struct sk_buf *out);

/** The value of a setting as YAML on one line, without the key. */
void conf_item_print(const struct conf_item *item, const struct conf *conf, FILE *to);

/** The settings as a manual page in roff. */
void conf_print_man(FILE *to);
