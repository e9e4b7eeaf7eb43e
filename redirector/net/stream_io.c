/*
 * TCP looks like TLS without a handshake: the same four results.
 */
#include "redirector/net/stream_state.h"

#include <errno.h>
#include <sys/socket.h>

static enum tls_io failed(enum tls_io want)
{
	return errno == EAGAIN || errno == EINTR ? want : TLS_FAILED;
}

enum tls_io stream_read(struct stream *s, char *out, size_t size, size_t *got)
{
	ssize_t n;

	if (s->tls)
		return tls_read(s->tls, out, size, got);
	n = recv(s->fd, out, size, MSG_DONTWAIT);
	if (n < 0)
		return failed(TLS_WANT_READ);
	if (n == 0)
		return TLS_CLOSED;
	*got = (size_t)n;
	return TLS_DONE;
}

enum tls_io stream_write(struct stream *s, const char *bytes, size_t len, size_t *put)
{
	ssize_t n;

	if (s->tls)
		return tls_write(s->tls, bytes, len, put);
	n = send(s->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return failed(TLS_WANT_WRITE);
	*put = (size_t)n;
	return TLS_DONE;
}

bool stream_read_all(const struct stream *s, size_t got, size_t size)
{
	return s->tls ? tls_pending(s->tls) == 0 : got < size;
}
