/*
 * TCP and TLS: the same window as for UDP, spread over the connections, so that
 * each is pipelined.  Where a message ends says its Content-Length alone (RFC 3261,
 * 18.3).  The surprise: sockets connect and shake hands blocking, before the run.
 */
#include "bench/blast.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	OUT_SIZE = 256 << 10,
	OUT_URGENT = 128 << 10, /* of it, kept for ACK */
	IN_SIZE = 256 << 10,
};

struct stream {
	int fd;
	SSL *tls;  /* owned, NULL for TCP                       */
	char *out; /* owned, OUT_SIZE; unsent is [begin, end)   */
	size_t begin, end;
	char *in; /* owned, IN_SIZE; not yet taken is [0, got) */
	size_t got;
};

struct streams {
	struct lanes head;
	SSL_CTX *context; /* owned, NULL for TCP */
	struct stream lanes[];
};

static char *streams_room(struct lanes *lanes, size_t lane, bool urgent)
{
	struct stream *s = &((struct streams *)lanes)->lanes[lane];
	size_t keep = urgent ? 0 : OUT_URGENT;

	if (s->begin > 0 && OUT_SIZE - s->end < MESSAGE_SIZE + keep) {
		memmove(s->out, s->out + s->begin, s->end - s->begin);
		s->end -= s->begin;
		s->begin = 0;
	}
	return OUT_SIZE - s->end < MESSAGE_SIZE + keep ? NULL : s->out + s->end;
}

static void streams_put(struct lanes *lanes, size_t lane, size_t len)
{
	((struct streams *)lanes)->lanes[lane].end += len;
}

/* What SSL_read() or SSL_write() means by `n`.  @return bytes; 0: later; -1: errno says why */
static ssize_t tls_result(const struct stream *s, int n)
{
	int what = n > 0 ? SSL_ERROR_NONE : SSL_get_error(s->tls, n);

	if (n > 0)
		return n;
	ERR_clear_error();
	if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE)
		return 0;
	errno = ECONNRESET;
	return -1;
}

static ssize_t plain_result(ssize_t n)
{
	if (n > 0)
		return n;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	errno = ECONNRESET;
	return -1;
}

static bool stream_send(struct stream *s)
{
	while (s->begin < s->end) {
		const char *at = s->out + s->begin;
		size_t len = s->end - s->begin;
		ssize_t n =
			s->tls ? tls_result(s, SSL_write(s->tls, at, (int)len))
			       : plain_result(send(s->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT));

		if (n < 0)
			return false;
		if (n == 0)
			return true;
		s->begin += (size_t)n;
	}
	s->begin = s->end = 0;
	return true;
}

/* The bytes of the first message in `bytes`; 0: more must come; -1: no way to tell. */
static ssize_t message_length(struct sk_span bytes)
{
	static const char name[] = "\r\nContent-Length:";
	const char *end = memmem(bytes.ptr, bytes.len, "\r\n\r\n", 4);
	const char *line = end ? memmem(bytes.ptr, (size_t)(end - bytes.ptr), "\r\n", 2) : NULL;

	if (!end)
		return 0;
	for (; line && line < end; line = memmem(line + 2, (size_t)(end - line - 2), "\r\n", 2)) {
		if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
			unsigned long body = strtoul(line + sizeof(name) - 1, NULL, 10);
			size_t len = (size_t)(end + 4 - bytes.ptr) + body;

			if (body > MESSAGE_SIZE)
				return -1;
			return len <= bytes.len ? (ssize_t)len : 0;
		}
	}
	return -1;
}

static bool stream_cut(struct stream *s, size_t lane, take_fn *take, void *arg)
{
	uint64_t now = now_ns();
	size_t taken = 0;
	ssize_t len;

	for (;;) {
		len = message_length((struct sk_span){ s->in + taken, s->got - taken });
		if (len <= 0)
			break;
		take(arg, lane, (struct sk_span){ s->in + taken, (size_t)len }, now);
		taken += (size_t)len;
	}
	memmove(s->in, s->in + taken, s->got - taken);
	s->got -= taken;
	if (len == 0 && s->got < IN_SIZE)
		return true;
	fputs("blast: an answer without a Content-Length that can be believed\n", stderr);
	errno = EPROTO;
	return false;
}

static bool stream_receive(struct stream *s, size_t lane, take_fn *take, void *arg)
{
	char *at = s->in + s->got;
	size_t room = IN_SIZE - s->got;
	ssize_t n = s->tls ? tls_result(s, SSL_read(s->tls, at, (int)room))
			   : plain_result(recv(s->fd, at, room, MSG_DONTWAIT));

	if (n <= 0)
		return n == 0;
	s->got += (size_t)n;
	return stream_cut(s, lane, take, arg);
}

static bool streams_work(struct lanes *lanes, take_fn *take, void *arg)
{
	struct streams *s = (struct streams *)lanes;

	for (size_t i = 0; i < lanes->count; i++)
		if (!stream_send(&s->lanes[i]) || !stream_receive(&s->lanes[i], i, take, arg))
			return false;
	return true;
}

static void streams_free(struct lanes *lanes)
{
	struct streams *s = (struct streams *)lanes;

	for (size_t i = 0; i < lanes->count; i++) {
		if (s->lanes[i].tls)
			(void)SSL_shutdown(s->lanes[i].tls);
		SSL_free(s->lanes[i].tls);
		if (s->lanes[i].fd >= 0)
			close(s->lanes[i].fd);
		free(s->lanes[i].out);
		free(s->lanes[i].in);
	}
	SSL_CTX_free(s->context);
	free(s);
}

/* The address we ask for must stand in the certificate. */
static bool shake_hands(struct stream *s, SSL_CTX *context, const struct addr *to)
{
	char host[ADDR_TEXT_SIZE];

	addr_print_host(to, host);
	s->tls = SSL_new(context);
	if (s->tls && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->tls), host) == 1 &&
	    SSL_set_fd(s->tls, s->fd) == 1 && SSL_connect(s->tls) == 1)
		return true;
	fprintf(stderr, "blast: TLS: %s\n",
		s->tls ? X509_verify_cert_error_string(SSL_get_verify_result(s->tls))
		       : "no memory");
	errno = EPROTO;
	return false;
}

static bool stream_open(struct stream *s, const struct wish *wish, SSL_CTX *context)
{
	int one = 1;

	s->fd = blast_socket(wish, SOCK_STREAM);
	if (s->fd < 0)
		return false;
	s->out = malloc(OUT_SIZE);
	s->in = malloc(IN_SIZE);
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!s->out || !s->in || (context && !shake_hands(s, context, &wish->to)))
		return false;
	return fcntl(s->fd, F_SETFL, O_NONBLOCK) == 0;
}

static SSL_CTX *context_new(const char *ca)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context && SSL_CTX_load_verify_locations(context, ca, NULL) == 1) {
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
						  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		return context;
	}
	SSL_CTX_free(context);
	return NULL;
}

bool streams_open(const struct wish *wish, struct lanes **out)
{
	static const struct lanes_class class = { streams_room, streams_put, streams_work,
						  streams_free };
	struct streams *s = calloc(1, sizeof(*s) + wish->lanes * sizeof(s->lanes[0]));

	if (!s)
		return false;
	s->head.class = &class;
	if (wish->transport == OVER_TLS && !(s->context = context_new(wish->ca))) {
		fprintf(stderr, "blast: %s: no certificates\n", wish->ca);
		streams_free(&s->head);
		return false;
	}
	while (s->head.count < wish->lanes) {
		if (!stream_open(&s->lanes[s->head.count++], wish, s->context)) {
			fprintf(stderr, "blast: a connection: %s\n", strerror(errno));
			streams_free(&s->head);
			return false;
		}
	}
	s->head.local = wish->from;
	(void)getsockname(s->lanes[0].fd, &s->head.local.sa.any, &s->head.local.len);
	*out = &s->head;
	return true;
}
