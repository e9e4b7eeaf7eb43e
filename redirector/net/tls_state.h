/**
 * @file tls_state.h  What the files of tls.c share
 */
#pragma once

#include "redirector/net/tls.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

struct tls {
	_Atomic unsigned refs; /* a reload makes one in a thread */
	SSL_CTX *ctx;
	long long not_after;
};

/* Read once after the handshake, in one piece of memory. */
struct tls_names {
	size_t count;
	struct sk_span names[TLS_NAMES_MAX];
	char text[];
};

/**
 * The names of a certificate that was checked.
 *
 * @param out  Set with true; NULL: it has none
 *
 * @return false when out of memory
 */
SK_MUSTCHECK
bool tls_names_read(const X509 *cert, struct tls_names **out);
