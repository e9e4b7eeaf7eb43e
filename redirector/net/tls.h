/**
 * @file tls.h  TLS of one connection, and what all connections share (OpenSSL)
 *
 * Non-blocking; the descriptor is the stream's.  A context is counted: a reload makes another
 * for new connections, those that are there keep theirs.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TLS_NAMES_MAX = 16, /**< names of a client's certificate that are looked at */
	TLS_WHY_SIZE = 256,
};

/** Whether clients show a certificate. */
enum tls_ask {
	TLS_ASK_NOT,
	TLS_ASK, /**< one that is shown must be good */
	TLS_DEMAND,
};

/** PEM files. */
struct tls_set {
	const char *certificate, *key;
	const char *client_ca; /**< "": no client's certificate is good */
	enum tls_ask ask;
	bool only_13; /**< TLS 1.3 alone, else 1.2 too */
};

struct tls;

/**
 * Reads and checks the files: the key must be the certificate's, owner-only (as for signing
 * keys), on a curve or RSA of 2048 bits at least, and the certificate valid.
 *
 * @param why  On failure the reason, with the setting's name ("tls.key: ...")
 */
SK_MUSTCHECK
bool tls_new(const struct tls_set *set, struct tls **out, char why[TLS_WHY_SIZE]);
struct tls *tls_ref(struct tls *tls);
void tls_unref(struct tls *tls);
SK_DEFINE_CLEANUP(struct tls, tls_unref)

/** When our certificate ends, seconds since the epoch. */
long long tls_not_after(const struct tls *tls);

struct tls_session;

enum tls_io {
	TLS_DONE,
	TLS_WANT_READ,  /**< ask again when the descriptor is readable */
	TLS_WANT_WRITE, /**< ... writable                              */
	TLS_CLOSED,     /**< the peer said good-bye, or is gone        */
	TLS_FAILED,     /**< no TLS, a bad certificate, ...: tls_why() */
};

/** Takes a reference of `tls`.  @return NULL when out of memory, or without a `tls` */
struct tls_session *tls_session_new(struct tls *tls, int fd);
void tls_session_free(struct tls_session *session);

enum tls_io tls_handshake(struct tls_session *session);

/** @param got  Set with TLS_DONE: at least 1 */
enum tls_io tls_read(struct tls_session *session, char *out, size_t size, size_t *got);

/** Bytes that were read from the descriptor already and not given yet: no readable event comes for
 * them. */
size_t tls_pending(const struct tls_session *session);

/** @param put  Set with TLS_DONE: at least 1, maybe not all.  After TLS_WANT_* the same bytes come
 * again (they may have moved). */
enum tls_io tls_write(struct tls_session *session, const char *bytes, size_t len, size_t *put);

/** Says good-bye, without waiting for the peer's. */
void tls_bye(struct tls_session *session);

/** DNS names and hosts of SIP URIs of the client's certificate, which was checked (RFC 5922, 7.1);
 * live as long as the session. @return how many; 0 without a certificate */
size_t tls_names(const struct tls_session *session, const struct sk_span **out);

/** Why it failed, for a counter and a line at debug level; lives until the next call. */
const char *tls_why(const struct tls_session *session);
