/**
 * @file cli.h  The commands of `shaken`
 *
 * A command reads its own arguments (args.h), prints its answer on stdout and
 * returns its exit status.
 */
#pragma once

#include <stdint.h>

/** The end of the year 9999: the latest time that can be given and printed. */
#define CLI_TIME_MAX INT64_C(253402300799)

/** Exit status, the same for every command. */
enum {
	CLI_YES = 0,   /**< yes: signed, verified, well-formed           */
	CLI_NO = 1,    /**< no; the outcome's name and text say why      */
	CLI_USAGE = 2, /**< wrong use; the message says what is allowed  */
	CLI_OURS = 3,  /**< our own fault: memory, crypto, a file        */
};

struct command {
	const char *name;
	const char *summary;  /**< one line of `shaken --help`                   */
	const char *synopsis; /**< arguments, behind "usage: shaken NAME "       */
	const char *help;     /**< options and an example                        */
	int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command command_sign;
extern const struct command command_verify;
extern const struct command command_inspect;
extern const struct command command_cert;
extern const struct command command_tn;
extern const struct command command_lab;
extern const struct command command_key;
