/**
 * @file args.h  A command's options, as a table
 *
 * `--name VALUE` or `--name=VALUE`; `--` ends the options; a lone `-` is an
 * argument.  A row names where its value goes; the target that is set says what
 * the option takes.  Values point into argv.
 */
#pragma once

#include "cli/cli.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ARGS_LIST_MAX = 64, /**< most values of one repeated option */
};

struct args_list {
	const char *items[ARGS_LIST_MAX];
	size_t count;
};

/** An option.  Exactly one of the four targets is set. */
struct args_option {
	const char *name;       /**< "--key"                                   */
	const char **text;      /**< takes a text, at most once                */
	struct args_list *list; /**< takes a text, may be repeated             */
	bool *flag;             /**< takes nothing                             */
	int64_t *number;        /**< takes an integer from `min` to `max`      */
	int64_t min, max;
	bool required;
};

struct args {
	const struct command *command;
	const struct args_option *options;
	size_t count;
	size_t rest_max; /**< most arguments that are no options */
};

enum args_result {
	ARGS_GO,    /**< all read                                   */
	ARGS_HELP,  /**< --help was answered: nothing more to do    */
	ARGS_WRONG, /**< wrong use: stderr says what is allowed     */
};

/**
 * Read the arguments behind the command's name.
 *
 * @param rest  Gets what is no option
 */
SK_MUSTCHECK
enum args_result args_read(const struct args *args, int argc, char **argv, struct args_list *rest);

/** The exit status of a result that is not ARGS_GO. */
int args_status(enum args_result result);

/** Says on stderr what is wrong with the use of a command, and returns CLI_USAGE. */
int args_wrong(const struct command *command, const char *fmt, ...) SK_PRINTF(2, 3);
