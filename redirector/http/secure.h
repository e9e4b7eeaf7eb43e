/**
 * @file secure.h  TLS of the HTTP side (GnuTLS): certificate, key, who may come
 *
 * Made of the settings, then only read, and counted: a session keeps the one that it began with.
 * Nothing is resumed: a session that outlives a change of http.client-ca would go around it.
 */
#pragma once

#include "config/conf.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SECURE_NAMES_MAX = 16, /**< names of a client's certificate that are looked at */
	SECURE_NAME_LEN = 256,
};

struct secure;

/**
 * Reads and checks the files of http.certificate, http.key and http.client-ca, by the rules of
 * tls.* (a key that only its owner can read, on a curve of TLS or RSA of 2048 bits at least; a
 * certificate that is valid now, its issuers in order).
 *
 * @param why  On failure the reason, with the setting: "http.key: ..."
 */
SK_MUSTCHECK
bool secure_new(const struct http_conf *set, struct secure **out, char why[256]);
struct secure *secure_ref(struct secure *secure);
void secure_unref(struct secure *secure);
SK_DEFINE_CLEANUP(struct secure, secure_unref)

/** When our certificate ends, seconds since the epoch. */
int64_t secure_not_after(const struct secure *secure);

/** Gives a new session all of it; before its handshake.  @return false: out of memory */
SK_MUSTCHECK
bool secure_session(struct secure *secure, gnutls_session_t session);

/**
 * The DNS names of the client's certificate, which was checked in the handshake.
 *
 * @param text  Set to what the names lie in; the caller frees it
 * @return how many; 0: no certificate, no names
 */
size_t secure_names(gnutls_session_t session, struct sk_span names[SECURE_NAMES_MAX], char **text);
