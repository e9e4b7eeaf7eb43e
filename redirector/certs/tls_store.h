/**
 * @file tls_store.h  Which authorities vouch for the hosts of certificates: the web's, not SHAKEN's
 *
 * Read once, at start and at a reload: curl by itself reads its bundle, 18 ms of
 * work, while the loop waits.
 */
#pragma once

#include "shaken/macro.h"

#include <openssl/x509_vfy.h>
#include <stdbool.h>

/**
 * @param path  A PEM bundle; "": the system's, where OpenSSL was built to look (no
 *              environment variable can point elsewhere)
 * @param out   Set only on success; the caller frees it
 * @param why   On failure the reason
 */
SK_MUSTCHECK
bool tls_store_new(const char *path, X509_STORE **out, char why[256]);
SK_DEFINE_CLEANUP(X509_STORE, X509_STORE_free)

/** A curl option: gives a connection's `ssl_ctx` (an SSL_CTX) the store `arg`.  @return 1, or 0 */
int tls_store_use(void *ssl_ctx, X509_STORE *store);
