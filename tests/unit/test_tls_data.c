/*
 * The bytes of a connection: read and written in pieces, ended in every way.
 */
#include "tests/check.h"
#include "tests/unit/tls_kit.h"

#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LONG = 300000,
};

static struct tls *context(void)
{
	struct tls_set set = { .certificate = kit_path("server.pem"),
			       .key = kit_path("server.key"),
			       .client_ca = "" };
	struct tls *tls = NULL;
	char why[TLS_WHY_SIZE] = "";

	if (!tls_new(&set, &tls, why)) {
		fprintf(stderr, "test set-up failed: %s\n", why);
		exit(1);
	}
	return tls;
}

static void opened(struct tls *tls, int version, struct kit_pair *pair)
{
	struct kit_client how = { .max = version };
	bool theirs;

	kit_connect(tls, &how, pair);
	CHECK(kit_shake(pair, &theirs) == TLS_DONE && theirs, "a connection");
}

static void test_read(struct tls *tls, int version)
{
	struct kit_pair pair;
	char out[64];
	size_t got = 99;

	opened(tls, version, &pair);
	CHECK(tls_read(pair.session, out, sizeof(out), &got) == TLS_WANT_READ && got == 99,
	      "nothing there");
	CHECK(SSL_write(pair.client, "abcdef", 6) == 6, "six");
	CHECK(tls_pending(pair.session) == 0, "not read yet");
	CHECK(tls_read(pair.session, out, 2, &got) == TLS_DONE && got == 2 &&
		      memcmp(out, "ab", 2) == 0,
	      "two of them");
	CHECK(tls_pending(pair.session) == 4, "four wait");
	CHECK(tls_read(pair.session, out, sizeof(out), &got) == TLS_DONE && got == 4 &&
		      memcmp(out, "cdef", 4) == 0,
	      "the rest");
	CHECK(SSL_write(pair.client, "g", 1) == 1 && SSL_shutdown(pair.client) >= 0, "good-bye");
	CHECK(tls_read(pair.session, out, sizeof(out), &got) == TLS_DONE && got == 1,
	      "before the good-bye");
	CHECK(tls_read(pair.session, out, sizeof(out), &got) == TLS_CLOSED, "the good-bye");
	CHECK(tls_write(pair.session, "late", 4, &got) == TLS_DONE && got == 4,
	      "an answer still goes out");
	tls_bye(pair.session);
	kit_drop(&pair);

	opened(tls, version, &pair);
	close(pair.fds[1]);
	pair.fds[1] = -1;
	CHECK(tls_read(pair.session, out, sizeof(out), &got) == TLS_CLOSED, "gone");
	CHECK(tls_write(pair.session, "late", 4, &got) == TLS_CLOSED, "nobody reads");
	CHECK(tls_why(pair.session)[0] != '\0', "says why");
	kit_drop(&pair);
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* A client that renegotiates, or changes its keys without an end. */
static void test_again(struct tls *tls)
{
	struct kit_pair pair;
	size_t got = 0;
	char out[64];
	int calls;

	opened(tls, TLS1_2_VERSION, &pair);
	CHECK(SSL_renegotiate(pair.client) == 1 && SSL_do_handshake(pair.client) != 0, "again");
	CHECK(tls_read(pair.session, out, sizeof(out), &got) != TLS_DONE, "no data");
	CHECK(kit_client_read(&pair, out, sizeof(out)) == -1, "is refused");
	kit_drop(&pair);

	opened(tls, TLS1_3_VERSION, &pair);
	for (int i = 0; i < 3; i++)
		CHECK(SSL_key_update(pair.client, SSL_KEY_UPDATE_REQUESTED) == 1 &&
			      SSL_do_handshake(pair.client) == 1,
		      "new keys");
	CHECK(SSL_write(pair.client, "x", 1) == 1, "and a byte");
	for (calls = 1; tls_read(pair.session, out, sizeof(out), &got) == TLS_WANT_READ; calls++)
		if (!is_readable(pair.fds[0]) || calls > 20)
			break;
	CHECK(calls > 3 && got == 1, "comes after some calls, %d, and is never forgotten", calls);
	kit_drop(&pair);
}

/* More than the descriptor takes at once; what is left comes from another place. */
static void test_write(struct tls *tls, int version)
{
	char *bytes = malloc(LONG), *got = malloc(LONG), *moved = NULL;
	size_t sent = 0, received = 0, put;
	struct kit_pair pair;
	bool waited = false;

	for (size_t i = 0; i < LONG; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	opened(tls, version, &pair);
	for (int turn = 0; turn < 100000 && received < LONG; turn++) {
		enum tls_io result = TLS_WANT_WRITE;
		int n;

		if (sent < LONG) {
			free(moved);
			moved = malloc(LONG - sent);
			memcpy(moved, bytes + sent, LONG - sent);
			result = tls_write(pair.session, moved, LONG - sent, &put);
		}
		if (result == TLS_DONE) {
			sent += put;
			continue;
		}
		waited |= result == TLS_WANT_WRITE && sent < LONG;
		n = kit_client_read(&pair, got + received, (int)(LONG - received));
		received += n > 0 ? (size_t)n : 0;
	}
	CHECK(waited && sent == LONG && received == LONG && memcmp(got, bytes, LONG) == 0,
	      "all arrives in order: %zu of %zu", received, sent);
	tls_bye(pair.session);
	CHECK(kit_client_read(&pair, got, LONG) == -1 &&
		      SSL_get_shutdown(pair.client) & SSL_RECEIVED_SHUTDOWN,
	      "then the good-bye");
	kit_drop(&pair);
	free(moved);
	free(bytes);
	free(got);
}

static void test_data(void)
{
	struct tls *tls = context();

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		test_read(tls, version);
		test_write(tls, version);
	}
	test_again(tls);
	tls_unref(tls);
}

/* One connection's failure is not another's. */
static void test_errors_apart(void)
{
	struct tls *tls = context();
	struct kit_client how = { .cert = NULL };
	struct kit_pair good, bad;
	size_t got;
	char out[8];

	opened(tls, 0, &good);
	kit_connect(tls, &how, &bad);
	CHECK(write(bad.fds[1], "rubbish rubbish", 15) == 15, "written");
	CHECK(tls_handshake(bad.session) == TLS_FAILED, "a bad one");
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	CHECK(tls_read(good.session, out, sizeof(out), &got) == TLS_WANT_READ,
	      "the good one waits: %s", tls_why(good.session));
	CHECK(SSL_write(good.client, "x", 1) == 1, "one byte");
	CHECK(tls_read(good.session, out, sizeof(out), &got) == TLS_DONE && got == 1, "it reads");
	kit_drop(&good);
	kit_drop(&bad);
	tls_unref(tls);
}

int main(void)
{
	struct kit_cert server = { .name = "server" };
	struct pki_cert made = kit_issue(&server);

	signal(SIGPIPE, SIG_IGN);
	test_data();
	test_errors_apart();
	pki_drop(&made);
	kit_clean();
	return check_result();
}
