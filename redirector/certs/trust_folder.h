/**
 * @file trust_folder.h  The certificates in a folder
 */
#pragma once

#include "shaken/macro.h"

/**
 * The paths of *.pem, *.crt and *.cer in a folder, by name, the same order everywhere.
 *
 * @param paths  Set when there are any; trust_folder_free() frees
 *
 * @return How many; -1: the folder cannot be read, a path is too long, or out of memory
 */
SK_MUSTCHECK
int trust_folder_list(const char *folder, char ***paths);
void trust_folder_free(char **paths, int count);
