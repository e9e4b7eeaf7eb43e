/**
 * @file tls_conf.h  What the configuration says of TLS, made from its files
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/log.h"
#include "redirector/net/tls.h"

#include <stdint.h>

/**
 * Reads the files; blocks.
 *
 * @param out  Set with true; NULL: no listener speaks TLS
 * @param why  On failure the reason, with the setting's name
 */
SK_MUSTCHECK
bool tls_conf_read(const struct conf *conf, struct tls **out, char why[TLS_WHY_SIZE]);

/** Warns of a certificate that ends soon, an error when it has but days left.  `tls` may be NULL.
 */
void tls_conf_expiry(const struct conf *conf, const struct tls *tls, int64_t now, struct log *log);
