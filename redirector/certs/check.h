/**
 * @file check.h  Would the certificate service start?  For --check
 */
#pragma once

#include "config/conf.h"
#include "shaken/macro.h"

#include <stdbool.h>

/** Reads the files of verify.certificates and certs.tls-ca.  Blocks.  @return false with the reason
 */
SK_MUSTCHECK
bool certs_check(const struct conf *conf, char why[256]);
