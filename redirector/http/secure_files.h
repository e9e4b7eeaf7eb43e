/**
 * @file secure_files.h  The files behind secure.h: read once, whole, and checked
 */
#pragma once

#include "config/conf.h"
#include "shaken/macro.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SECURE_CHAIN_MAX = 8, /**< certificates of a chain */
};

/** http.certificate and http.key.  @param not_after  When the certificate ends */
SK_MUSTCHECK
bool secure_read_own(gnutls_certificate_credentials_t credentials, const struct http_conf *set,
		     int64_t *not_after, char why[256]);

/** http.client-ca: what stands in the file is trusted, whoever signed it. */
SK_MUSTCHECK
bool secure_read_roots(gnutls_certificate_credentials_t credentials, const char *path,
		       char why[256]);
