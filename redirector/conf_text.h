/**
 * @file conf_text.h  A configuration as a file without a name, to be handed on
 *
 * What the supervisor has read and found good is what every worker reads, whatever stands in
 * the file meanwhile.
 */
#pragma once

#include "config/load.h"
#include "shaken/macro.h"

#include <stdbool.h>

/**
 * Reads the file and keeps it.
 *
 * @param text  Set only on success: a sealed memfd, close-on-exec, with the file's bytes
 *
 * @return false: see `complaints`
 */
SK_MUSTCHECK
bool conf_text_read(const char *path, int *text, struct conf **out, struct complaints *complaints);

/** @param path  Of the file it was read from: relative files start there  @return false: see
 * `complaints` */
SK_MUSTCHECK
bool conf_text_load(int text, const char *path, struct conf **out, struct complaints *complaints);
