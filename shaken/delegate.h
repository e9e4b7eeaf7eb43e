/**
 * @file delegate.h  Delegate certificates (RFC 9060); private to the library
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/tnauth.h"

#include <openssl/x509.h>
#include <stddef.h>

/**
 * Does each list of numbers lie within that of its issuer, up to a certificate
 * with one service provider code or to the anchor?
 *
 * @param path  Validated, leaf first, anchor last
 * @param leaf  The leaf's list
 *
 * @return SK_OK or SK_CERT_TNAUTH
 */
SK_MUSTCHECK
enum sk_err sk_delegate_check(X509 *const *path, size_t count, const struct sk_tnauth *leaf);
