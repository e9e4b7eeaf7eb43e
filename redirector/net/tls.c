/*
 * OpenSSL's errors stand in a queue of the thread: it is emptied before each call, or one
 * connection would be judged by what another left there.  What goes out is written with
 * write(): SIGPIPE is ignored since the loop was made (su_init).
 */
#include "redirector/net/tls.h"

#include "redirector/net/tls_state.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_session {
	struct tls *tls;
	SSL *ssl;
	struct tls_names *names; /* NULL: none */
	bool broken;             /* nothing more may be said, not even good-bye */
	char why[96];
};

struct tls *tls_ref(struct tls *tls)
{
	tls->refs++;
	return tls;
}

void tls_unref(struct tls *tls)
{
	if (!tls || --tls->refs > 0)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

long long tls_not_after(const struct tls *tls)
{
	return tls->not_after;
}

struct tls_session *tls_session_new(struct tls *tls, int fd)
{
	struct tls_session *s = tls ? calloc(1, sizeof(*s)) : NULL;

	ERR_clear_error();
	if (!s)
		return NULL;
	s->ssl = SSL_new(tls->ctx);
	if (!s->ssl || !SSL_set_fd(s->ssl, fd)) {
		ERR_clear_error();
		SSL_free(s->ssl);
		free(s);
		return NULL;
	}
	SSL_set_accept_state(s->ssl);
	s->tls = tls_ref(tls);
	return s;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	tls_unref(s->tls);
	free(s->names);
	free(s);
}

static void note(struct tls_session *s, const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s", why);
}

/* A peer that goes without a good-bye: a SIP message says itself where it ends, so nothing can
 * be cut off unseen. */
static bool is_end(unsigned long error)
{
	return ERR_GET_LIB(error) == ERR_LIB_SSL &&
	       ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static enum tls_io failed(struct tls_session *s)
{
	unsigned long error = ERR_peek_last_error();
	long verdict = SSL_get_verify_result(s->ssl);
	const char *reason = ERR_reason_error_string(error);

	s->broken = true;
	if (is_end(error)) {
		note(s, "closed without good-bye");
		return TLS_CLOSED;
	}
	if (verdict != X509_V_OK)
		reason = X509_verify_cert_error_string(verdict);
	note(s, reason ? reason : "TLS failed");
	return TLS_FAILED;
}

static enum tls_io outcome(struct tls_session *s, int result)
{
	int error = errno;

	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		note(s, "closed");
		return TLS_CLOSED;
	case SSL_ERROR_SYSCALL:
		s->broken = true;
		note(s, error ? strerror(error) : "closed");
		return TLS_CLOSED;
	default:
		return failed(s);
	}
}

/* The certificate was checked by the handshake, or there is none. */
static bool take_names(struct tls_session *s)
{
	const X509 *cert = SSL_get0_peer_certificate(s->ssl);
	bool ok = !cert || tls_names_read(cert, &s->names);

	ERR_clear_error();
	return ok;
}

enum tls_io tls_handshake(struct tls_session *s)
{
	enum tls_io result;

	ERR_clear_error();
	errno = 0;
	result = outcome(s, SSL_do_handshake(s->ssl));
	if (result != TLS_DONE || take_names(s))
		return result;
	note(s, "out of memory");
	return TLS_FAILED;
}

enum tls_io tls_read(struct tls_session *s, char *out, size_t size, size_t *got)
{
	size_t n = 0;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_read_ex(s->ssl, out, size, &n);
	if (result != 1)
		return outcome(s, result);
	*got = n;
	return TLS_DONE;
}

size_t tls_pending(const struct tls_session *s)
{
	return (size_t)SSL_pending(s->ssl);
}

enum tls_io tls_write(struct tls_session *s, const char *bytes, size_t len, size_t *put)
{
	size_t n = 0;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_write_ex(s->ssl, bytes, len, &n);
	if (result != 1)
		return outcome(s, result);
	*put = n;
	return TLS_DONE;
}

void tls_bye(struct tls_session *s)
{
	/* in the middle of a handshake there is nothing to end */
	if (s->broken || !SSL_is_init_finished(s->ssl))
		return;
	SSL_shutdown(s->ssl);
	ERR_clear_error();
}

size_t tls_names(const struct tls_session *s, const struct sk_span **out)
{
	*out = s->names ? s->names->names : NULL;
	return s->names ? s->names->count : 0;
}

const char *tls_why(const struct tls_session *s)
{
	return s->why;
}
