/**
 * @file check.h  Would the certificate service start?  For --check
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/log.h"
#include "shaken/macro.h"

#include <stdbool.h>

/**
 * Reads the files of verify.certificates and certs.tls-ca, looks at the folder of certs.store.
 * Blocks.
 *
 * @param log  Gets warnings; NULL: nobody wants them
 *
 * @return false with the reason
 */
SK_MUSTCHECK
bool certs_check(const struct conf *conf, struct log *log, char why[256]);
