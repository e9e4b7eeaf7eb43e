/**
 * @file secret.h  A secret in a file, or one that systemd hands over
 *
 * The configuration makes the path of a file in $CREDENTIALS_DIRECTORY out of
 * "credential:NAME" (LoadCredential=, LoadCredentialEncrypted=).  To another user than root
 * systemd gives such a file by an access list, which shows as a right of the group.
 */
#pragma once

#include "redirector/base/file.h"

/** As file_read() of a FILE_SECRET; file_free() it. */
SK_MUSTCHECK
bool secret_read(const char *path, size_t max, char **out, size_t *len, char why[FILE_WHY_SIZE]);
