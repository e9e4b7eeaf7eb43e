/*
 * Handshakes that must be and that must not, and whom the client is taken for.
 */
#include "redirector/net/tls_state.h"
#include "tests/check.h"
#include "tests/unit/tls_kit.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct pki_cert ca, other_ca;

static struct tls *context(enum tls_ask ask, bool only_13, const char *roots)
{
	struct tls_set set = {
		.certificate = kit_path("server.pem"),
		.key = kit_path("server.key"),
		.client_ca = roots ? kit_path(roots) : "",
		.ask = ask,
		.only_13 = only_13,
	};
	struct tls *tls = NULL;
	char why[TLS_WHY_SIZE] = "";

	if (!tls_new(&set, &tls, why)) {
		fprintf(stderr, "test set-up failed: %s\n", why);
		exit(1);
	}
	return tls;
}

static void drop(struct pki_cert made)
{
	pki_drop(&made);
}

static void make_certificates(void)
{
	static const char name[] = "DNS:sbc.example";
	const struct kit_cert roots[] = {
		{ .name = "ca", .cn = "root", .ca = true },
		{ .name = "other-ca", .cn = "other", .ca = true },
	};

	ca = kit_issue(&roots[0]);
	other_ca = kit_issue(&roots[1]);
	const struct kit_cert rows[] = {
		{ .name = "server", .san = "DNS:redirector.example", .issuer = &ca },
		{ .name = "client", .san = name, .issuer = &ca },
		{ .name = "client-rsa", .san = name, .key = "RSA", .issuer = &ca },
		{ .name = "client-purpose", .san = name, .eku = "clientAuth", .issuer = &ca },
		{ .name = "client-both", .eku = "serverAuth,clientAuth", .issuer = &ca },
		{ .name = "client-server", .san = name, .eku = "serverAuth", .issuer = &ca },
		{ .name = "client-ended", .san = name, .from = -9, .to = -1, .issuer = &ca },
		{ .name = "client-early", .san = name, .from = 1, .to = 9, .issuer = &ca },
		{ .name = "client-other", .san = name, .issuer = &other_ca },
		{ .name = "client-self", .san = name },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		drop(kit_issue(&rows[i]));
}

/* clang-format off */
static const struct {
	const char *what;
	enum tls_ask ask;
	bool only_13;
	const char *roots;
	struct kit_client client;
	const char *why; /* NULL: a connection */
	size_t names;
} handshakes[] = {
	{ "1.2", TLS_ASK_NOT, false, NULL, { .max = TLS1_2_VERSION }, NULL, 0 },
	{ "1.3", TLS_ASK_NOT, false, NULL, { .min = TLS1_3_VERSION }, NULL, 0 },
	{ "any", TLS_ASK_NOT, true, NULL, { .cert = NULL }, NULL, 0 },
	{ "1.0", TLS_ASK_NOT, false, NULL, { .max = TLS1_VERSION }, "unsupported protocol", 0 },
	{ "1.1", TLS_ASK_NOT, false, NULL, { .max = TLS1_1_VERSION }, "unsupported protocol", 0 },
	{ "1.2 where 1.3 is asked for", TLS_ASK_NOT, true, NULL, { .max = TLS1_2_VERSION }, "unsupported protocol", 0 },
	{ "CBC", TLS_ASK_NOT, false, NULL, { .max = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA" }, "no shared cipher", 0 },
	{ "SIP's old cipher", TLS_ASK_NOT, false, NULL, { .max = TLS1_2_VERSION, .ciphers = "AES128-SHA" }, "no shared cipher", 0 },
	{ "no certificate of ours", TLS_ASK_NOT, false, NULL, { .max = TLS1_2_VERSION, .ciphers = "aNULL" }, "no shared cipher", 0 },
	{ "AES256", TLS_ASK_NOT, false, NULL, { .max = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384" }, NULL, 0 },
	{ "ChaCha", TLS_ASK_NOT, false, NULL, { .max = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305" }, NULL, 0 },
	{ "P-384", TLS_ASK_NOT, false, NULL, { .groups = "P-384" }, NULL, 0 },
	{ "P-521", TLS_ASK_NOT, false, NULL, { .groups = "P-521" }, "no suitable key share", 0 },
	{ "a certificate that nobody asked for", TLS_ASK_NOT, false, NULL, { .cert = "client" }, NULL, 0 },
	{ "asked, none", TLS_ASK, false, "ca.pem", { .cert = NULL }, NULL, 0 },
	{ "asked, none, 1.2", TLS_ASK, false, "ca.pem", { .max = TLS1_2_VERSION }, NULL, 0 },
	{ "asked, good", TLS_ASK, false, "ca.pem", { .cert = "client" }, NULL, 1 },
	{ "asked, good, 1.2", TLS_ASK, false, "ca.pem", { .cert = "client", .max = TLS1_2_VERSION }, NULL, 1 },
	{ "asked, strange", TLS_ASK, false, "ca.pem", { .cert = "client-other" }, "unable to get local issuer certificate", 0 },
	{ "asked, no roots", TLS_ASK, false, NULL, { .cert = "client" }, "unable to get local issuer certificate", 0 },
	{ "asked, no roots, none", TLS_ASK, false, NULL, { .cert = NULL }, NULL, 0 },
	{ "demanded, none", TLS_DEMAND, false, "ca.pem", { .cert = NULL }, "peer did not return a certificate", 0 },
	{ "demanded, none, 1.2", TLS_DEMAND, false, "ca.pem", { .max = TLS1_2_VERSION }, "peer did not return a certificate", 0 },
	{ "demanded, good", TLS_DEMAND, false, "ca.pem", { .cert = "client" }, NULL, 1 },
	{ "demanded, RSA", TLS_DEMAND, false, "ca.pem", { .cert = "client-rsa" }, NULL, 1 },
	{ "demanded, for clients", TLS_DEMAND, false, "ca.pem", { .cert = "client-purpose" }, NULL, 1 },
	{ "demanded, for both, no name", TLS_DEMAND, false, "ca.pem", { .cert = "client-both" }, NULL, 1 },
	{ "demanded, for servers", TLS_DEMAND, false, "ca.pem", { .cert = "client-server" }, "unsuitable certificate purpose", 0 },
	{ "demanded, ended", TLS_DEMAND, false, "ca.pem", { .cert = "client-ended" }, "certificate has expired", 0 },
	{ "demanded, too early", TLS_DEMAND, false, "ca.pem", { .cert = "client-early" }, "certificate is not yet valid", 0 },
	{ "demanded, strange", TLS_DEMAND, false, "ca.pem", { .cert = "client-other", .max = TLS1_2_VERSION }, "unable to get local issuer certificate", 0 },
	{ "demanded, by itself", TLS_DEMAND, false, "ca.pem", { .cert = "client-self" }, "self-signed certificate", 0 },
	{ "demanded, by itself and known", TLS_DEMAND, false, "client-self.pem", { .cert = "client-self" }, NULL, 1 },
	{ "demanded, of two roots", TLS_DEMAND, false, "roots.pem", { .cert = "client-other" }, NULL, 1 },
};

static const struct {
	const char *what, *cn, *san, *want; /* want: each with a comma behind */
} names[] = {
	{ "one", "x", "DNS:sbc.example", "sbc.example," },
	{ "case and dot as they are", "x", "DNS:SBC.example.", "SBC.example.," },
	{ "several", "x", "DNS:a.example,DNS:b.example", "a.example,b.example," },
	{ "one twice", "x", "DNS:a.example,DNS:A.example,URI:sip:a.example", "a.example," },
	{ "a SIP URI", "x", "URI:sip:b.example", "b.example," },
	{ "any case of the scheme", "x", "URI:SIP:b.example", "b.example," },
	{ "with port and parameters", "x", "URI:sip:b.example:5061;transport=tls", "b.example," },
	{ "with an address", "x", "URI:sip:192.0.2.1", "192.0.2.1," },
	{ "with an IPv6 address", "x", "URI:sip:[2001:db8::1]:5061", "[2001:db8::1]," },
	{ "a user is no domain", "x", "URI:sip:user@b.example,DNS:c.example", "c.example," },
	{ "another scheme", "x", "URI:sips:b.example,URI:http://b.example,URI:sip", "" },
	{ "rubbish behind an address", "x", "URI:sip:[2001:db8::1]x,URI:sip:[2001", "" },
	{ "an address is no name", "x", "IP:192.0.2.1,email:a@b.example", "" },
	{ "wildcards", "x", "DNS:*.b.example,DNS:.b.example,DNS:*", "" },
	{ "what is no host", "x", "DNS:a b,DNS:a/b,DNS:a@b,DNS:c_1.example", "c_1.example," },
	{ "IDNA as it is", "x", "DNS:xn--bcher-kva.example", "xn--bcher-kva.example," },
	{ "the subject", "sbc.example", NULL, "sbc.example," },
	{ "the subject, no host", "SBC of Example Inc", NULL, "" },
	{ "the subject, a wildcard", "*.example", NULL, "" },
	{ "the subject beside other names", "sbc.example", "DNS:a.example", "a.example," },
	{ "the subject beside no usable name", "sbc.example", "IP:192.0.2.1", "" },
	{ "a NUL inside", "x", "hex:300f820d6576696c002e6578616d706c65", "" },
	{ "a NUL in a URI", "x", "hex:300d860b7369703a612e620000002e", "" },
	{ "an empty name", "sbc.example", "hex:30028200", "" },
	{ "no names at all", "sbc.example", "hex:3000", "" },
	{ "sixteen and more", "x", "DNS:a,DNS:b,DNS:c,DNS:d,DNS:e,DNS:f,DNS:g,DNS:h,DNS:i,DNS:j,DNS:k,DNS:l,DNS:m,DNS:n,DNS:o,DNS:p,DNS:q",
	  "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p," },
};
/* clang-format on */

static void test_handshakes(void)
{
	kit_join("roots.pem", "ca.pem", "other-ca.pem");
	for (size_t i = 0; i < SK_COUNT(handshakes); i++) {
		const char *what = handshakes[i].what, *why = handshakes[i].why;
		struct tls *tls =
			context(handshakes[i].ask, handshakes[i].only_13, handshakes[i].roots);
		const struct sk_span *found;
		struct kit_pair pair;
		enum tls_io result;
		bool theirs;

		kit_connect(tls, &handshakes[i].client, &pair);
		result = kit_shake(&pair, &theirs);
		CHECK(result == (why ? TLS_FAILED : TLS_DONE) && (why || theirs), "%s: %d, %s",
		      what, result, tls_why(pair.session));
		CHECK(!why || strcmp(tls_why(pair.session), why) == 0, "%s: says \"%s\"", what,
		      tls_why(pair.session));
		CHECK(tls_names(pair.session, &found) == handshakes[i].names, "%s: names", what);
		CHECK(why || !SSL_SESSION_is_resumable(SSL_get0_session(pair.client)),
		      "%s: nothing to resume", what);
		kit_drop(&pair);
		tls_unref(tls);
	}
}

/* A client shows its certificate and `others` that lead nowhere. */
static enum tls_io shake_with(struct tls *tls, unsigned others, int version, size_t *bytes,
			      char why[64])
{
	static char text[256 << 10];
	char first[8192], other[8192];
	struct kit_client how = { .cert = "many", .min = version, .max = version };
	struct kit_pair pair;
	enum tls_io result;
	bool theirs;

	kit_text("client.key", first, sizeof(first));
	kit_write("many.key", first, strlen(first), 0600);
	kit_text("client.pem", first, sizeof(first));
	kit_text("client-other.pem", other, sizeof(other));
	snprintf(text, sizeof(text), "%s", first);
	for (unsigned i = 0; i < others; i++)
		memcpy(text + strlen(first) + i * strlen(other), other, strlen(other) + 1);
	*bytes = (strlen(first) + others * strlen(other)) * 3 / 4; /* it is base64 */
	kit_write("many.pem", text, strlen(text), 0644);
	kit_connect(tls, &how, &pair);
	result = kit_shake(&pair, &theirs);
	snprintf(why, 64, "%s", tls_why(pair.session));
	kit_drop(&pair);
	return result;
}

/* Each costs time and memory, wherever it leads. */
static void test_long_lists(void)
{
	static const struct {
		unsigned others;
		bool good;
	} rows[] = { { 0, true }, { 7, true }, { 30, true }, { 60, false }, { 200, false } };
	struct tls *tls = context(TLS_DEMAND, false, "ca.pem");

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
		for (size_t i = 0; i < SK_COUNT(rows); i++) {
			size_t bytes;
			char why[64];
			enum tls_io got = shake_with(tls, rows[i].others, version, &bytes, why);

			CHECK(rows[i].good == (bytes < 16 << 10), "%zu bytes", bytes);
			CHECK(got == (rows[i].good ? TLS_DONE : TLS_FAILED), "%zu bytes, %x: %s",
			      bytes, (unsigned)version, why);
			CHECK(rows[i].good || strcmp(why, "excessive message size") == 0, "%s",
			      why);
		}
	tls_unref(tls);
}

static void test_names(void)
{
	struct tls *tls = context(TLS_DEMAND, false, "ca.pem");

	for (size_t i = 0; i < SK_COUNT(names); i++) {
		struct kit_cert spec = {
			.name = "named", .cn = names[i].cn, .san = names[i].san, .issuer = &ca
		};
		struct kit_client how = { .cert = "named" };
		const struct sk_span *found;
		struct kit_pair pair;
		char all[512] = "";
		size_t count;
		bool theirs;

		drop(kit_issue(&spec));
		kit_connect(tls, &how, &pair);
		CHECK(kit_shake(&pair, &theirs) == TLS_DONE, "%s: %s", names[i].what,
		      tls_why(pair.session));
		count = tls_names(pair.session, &found);
		for (size_t k = 0; k < count; k++)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%.*s,",
				 (int)found[k].len, found[k].ptr);
		CHECK_STR(all, names[i].want, names[i].what);
		kit_drop(&pair);
	}
	tls_unref(tls);
}

/* A client that says these bytes, and then maybe goes. */
static void test_strange(void)
{
	/* clang-format off */
	static const struct {
		const char *what, *bytes;
		size_t len;
		bool gone;
		enum tls_io want;
	} rows[] = {
		{ "silence", "", 0, false, TLS_WANT_READ },
		{ "gone at once", "", 0, true, TLS_CLOSED },
		{ "a SIP message", "OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n", 36, false, TLS_FAILED },
		{ "HTTP", "GET / HTTP/1.1\r\n\r\n", 18, false, TLS_FAILED },
		{ "zeros", "\0\0\0\0\0\0\0\0\0\0\0\0", 12, false, TLS_FAILED },
		{ "half a record", "\x16\x03\x01\x02\x00\x01\x00", 7, false, TLS_WANT_READ },
		{ "half a record, then gone", "\x16\x03\x01\x02\x00\x01\x00", 7, true, TLS_CLOSED },
		{ "a record that is too long", "\x16\x03\x01\xff\xff\x01\x00", 7, false, TLS_FAILED },
		{ "an alert first", "\x15\x03\x01\x00\x02\x02\x28", 7, false, TLS_FAILED },
		{ "data first", "\x17\x03\x03\x00\x02\x02\x28", 7, false, TLS_FAILED },
	};
	/* clang-format on */
	struct tls *tls = context(TLS_ASK_NOT, false, NULL);

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct kit_client how = { .cert = NULL };
		struct kit_pair pair;
		enum tls_io got;

		kit_connect(tls, &how, &pair);
		CHECK(write(pair.fds[1], rows[i].bytes, rows[i].len) == (ssize_t)rows[i].len,
		      "written");
		if (rows[i].gone) {
			close(pair.fds[1]);
			pair.fds[1] = -1;
		}
		got = tls_handshake(pair.session);
		CHECK(got == rows[i].want, "%s: got %d: %s", rows[i].what, got,
		      tls_why(pair.session));
		CHECK(got == TLS_WANT_READ || tls_why(pair.session)[0], "%s: says why",
		      rows[i].what);
		tls_bye(pair.session);
		kit_drop(&pair);
	}
	CHECK(ERR_peek_error() == 0, "nothing is left in the queue");
	tls_unref(tls);
}

/* What the client says reaches us one byte at a time. */
static enum tls_io trickle(struct kit_pair *pair, BIO *from, BIO *to)
{
	enum tls_io got = TLS_WANT_READ;
	char byte, piece[4096];

	for (int turn = 0; turn < 10 && got == TLS_WANT_READ; turn++) {
		SSL_do_handshake(pair->client);
		while (got == TLS_WANT_READ && BIO_read(from, &byte, 1) == 1) {
			CHECK(write(pair->fds[1], &byte, 1) == 1, "a byte");
			got = tls_handshake(pair->session);
		}
		for (ssize_t n; (n = read(pair->fds[1], piece, sizeof(piece))) > 0;)
			BIO_write(to, piece, (int)n);
	}
	return got;
}

static void test_pieces(void)
{
	struct tls *tls = context(TLS_DEMAND, false, "ca.pem");

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct kit_client how = { .cert = "client", .max = version };
		BIO *from = BIO_new(BIO_s_mem()), *to = BIO_new(BIO_s_mem());
		struct kit_pair pair;
		enum tls_io got;

		kit_connect(tls, &how, &pair);
		SSL_set_bio(pair.client, to, from);
		got = trickle(&pair, from, to);
		CHECK(got == TLS_DONE, "byte by byte, %x: %s", (unsigned)version,
		      tls_why(pair.session));
		kit_drop(&pair);
	}
	tls_unref(tls);
}

/* Names that are there but cannot be read are not the same as no names. */
static void test_torn(void)
{
	struct kit_cert spec = { .name = "torn", .cn = "sbc.example", .san = "hex:3003820561" };
	struct pki_cert made = kit_issue(&spec);
	struct tls_names *found = NULL;

	CHECK(tls_names_read(made.cert, &found) && !found, "the subject does not stand in");
	free(found);
	pki_drop(&made);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	make_certificates();
	test_handshakes();
	test_long_lists();
	test_names();
	test_strange();
	test_pieces();
	test_torn();
	pki_drop(&ca);
	pki_drop(&other_ca);
	kit_clean();
	return check_result();
}
