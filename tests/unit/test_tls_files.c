/*
 * What TLS is made from: files that are good enough, those that are not, and a change of them
 * while connections are there.
 */
#include "tests/check.h"
#include "tests/unit/tls_kit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct pki_cert root, middle;

static void keep(struct kit_cert spec)
{
	struct pki_cert made = kit_issue(&spec);

	pki_drop(&made);
}

static void with_key(const char *name, EVP_PKEY *key)
{
	struct kit_cert spec = { .name = name, .issuer = &root };
	struct pki_cert made = kit_renew(&spec, key);

	pki_drop(&made);
	EVP_PKEY_free(key);
}

static void lock_key(const char *to, const char *from)
{
	FILE *in = fopen(kit_path(from), "r"), *out = fopen(kit_path(to), "w");
	EVP_PKEY *key = in ? PEM_read_PrivateKey(in, NULL, NULL, NULL) : NULL;

	if (!out || PEM_write_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), "x", 1, NULL, NULL) != 1)
		exit(1);
	fclose(in);
	fclose(out);
	EVP_PKEY_free(key);
	chmod(kit_path(to), 0600);
}

static void cut(const char *to, const char *from, size_t len, unsigned mode)
{
	static char text[PKI_TEXT_MAX];
	FILE *in = fopen(kit_path(from), "r");
	size_t n = in ? fread(text, 1, sizeof(text), in) : 0;

	if (n == 0)
		exit(1);
	fclose(in);
	kit_write(to, text, len < n ? len : n / 2, mode);
}

static void make_files(void)
{
	static char large[300000];

	root = kit_issue(&(struct kit_cert){ .name = "root", .cn = "root", .ca = true });
	middle = kit_issue(
		&(struct kit_cert){ .name = "middle", .cn = "mid", .ca = true, .issuer = &root });
	keep((struct kit_cert){ .name = "p256", .issuer = &root });
	keep((struct kit_cert){ .name = "p384", .issuer = &root, .key = "P-384" });
	keep((struct kit_cert){ .name = "rsa", .issuer = &root, .key = "RSA" });
	keep((struct kit_cert){ .name = "koblitz", .issuer = &root, .key = "secp256k1" });
	keep((struct kit_cert){ .name = "below", .issuer = &middle });
	keep((struct kit_cert){ .name = "ended", .issuer = &root, .from = -9, .to = -1 });
	keep((struct kit_cert){ .name = "early", .issuer = &root, .from = 1, .to = 9 });
	keep((struct kit_cert){ .name = "servers", .issuer = &root, .eku = "serverAuth" });
	keep((struct kit_cert){ .name = "clients", .issuer = &root, .eku = "clientAuth" });
	with_key("ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	with_key("rsa1024", EVP_RSA_gen(1024));
	kit_join("chain.pem", "below.pem", "middle.pem");
	kit_join("whole.pem", "chain.pem", "root.pem");
	kit_join("order.pem", "middle.pem", "below.pem");
	kit_join("stray.pem", "p256.pem", "middle.pem");
	kit_join("both.pem", "p256.pem", "p256.key");
	cut("half.pem", "p256.pem", 99999, 0644);
	kit_join("torn.pem", "p256.pem", "half.pem");
	cut("open.key", "p256.key", 241, 0644);
	cut("group.key", "p256.key", 241, 0640);
	cut("half.key", "p256.key", 99999, 0600);
	kit_write("empty.pem", "", 0, 0600);
	kit_write("large.pem", large, sizeof(large), 0600);
	lock_key("locked.key", "p256.key");
}

/* clang-format off */
static const struct {
	const char *what, *certificate, *key, *roots, *why; /* why: NULL: good; else a part of it */
} rows[] = {
	{ "P-256", "p256.pem", "p256.key", NULL, NULL },
	{ "P-384", "p384.pem", "p384.key", NULL, NULL },
	{ "RSA", "rsa.pem", "rsa.key", NULL, NULL },
	{ "Ed25519", "ed25519.pem", "ed25519.key", NULL, NULL },
	{ "for servers", "servers.pem", "servers.key", NULL, NULL },
	{ "with its issuer", "chain.pem", "below.key", NULL, NULL },
	{ "with the root", "whole.pem", "below.key", NULL, NULL },
	{ "and a key behind it", "both.pem", "p256.key", NULL, NULL },
	{ "with roots", "p256.pem", "p256.key", "root.pem", NULL },
	{ "with an issuer as root", "p256.pem", "p256.key", "chain.pem", NULL },
	{ "no certificate", "none.pem", "p256.key", NULL, "tls.certificate: " },
	{ "a folder", "", "p256.key", NULL, "not a regular file" },
	{ "an empty file", "empty.pem", "p256.key", NULL, "tls.certificate: has no certificate" },
	{ "a key for a certificate", "p256.key", "p256.key", NULL, "tls.certificate: has no certificate" },
	{ "half a certificate", "half.pem", "p256.key", NULL, "tls.certificate: a certificate cannot be read" },
	{ "half an issuer", "torn.pem", "p256.key", NULL, "tls.certificate: a certificate cannot be read" },
	{ "too large", "large.pem", "p256.key", NULL, "larger than 262144 bytes" },
	{ "ended", "ended.pem", "ended.key", NULL, "tls.certificate: the certificate has ended" },
	{ "too early", "early.pem", "early.key", NULL, "tls.certificate: the certificate is not valid yet" },
	{ "for clients", "clients.pem", "clients.key", NULL, "tls.certificate: the first certificate is not for a TLS server" },
	{ "the issuer first", "order.pem", "below.key", NULL, "tls.certificate: the first certificate is not for a TLS server" },
	{ "a stranger second", "stray.pem", "p256.key", NULL, "tls.certificate: certificate 2 is not the issuer of the one before it" },
	{ "no key", "p256.pem", "none.key", NULL, "tls.key: " },
	{ "an empty key", "p256.pem", "empty.pem", NULL, "tls.key: has no key" },
	{ "half a key", "p256.pem", "half.key", NULL, "tls.key: has no key" },
	{ "a certificate for a key", "p256.pem", "p256.pem", NULL, "group or others may touch a secret" },
	{ "everybody reads the key", "p256.pem", "open.key", NULL, "mode is 0644: group or others may touch a secret" },
	{ "the group reads the key", "p256.pem", "group.key", NULL, "mode is 0640" },
	{ "another key", "p256.pem", "below.key", NULL, "tls.key: is not the key of the first certificate" },
	{ "a key of another kind", "p256.pem", "rsa.key", NULL, "tls.key: is not the key of the first certificate" },
	{ "a pass phrase", "p256.pem", "locked.key", NULL, "tls.key: has no key, or one with a pass phrase" },
	{ "RSA 1024", "rsa1024.pem", "rsa1024.key", NULL, "too weak" },
	{ "secp256k1", "koblitz.pem", "koblitz.key", NULL, "tls.key: neither on a curve of TLS nor RSA of 2048 bits" },
	{ "no roots", "p256.pem", "p256.key", "none.pem", "tls.client-ca: " },
	{ "empty roots", "p256.pem", "p256.key", "empty.pem", "tls.client-ca: has no certificate" },
	{ "half a root", "p256.pem", "p256.key", "torn.pem", "tls.client-ca: a certificate cannot be read" },
};
/* clang-format on */

static void test_files(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct tls_set set = {
			.certificate = kit_path(rows[i].certificate),
			.key = kit_path(rows[i].key),
			.client_ca = rows[i].roots ? kit_path(rows[i].roots) : "",
			.ask = rows[i].roots ? TLS_DEMAND : TLS_ASK_NOT,
		};
		char why[TLS_WHY_SIZE] = "";
		struct tls *tls = NULL;
		bool ok = tls_new(&set, &tls, why);

		CHECK(ok == !rows[i].why && ok == (tls != NULL), "%s: %s", rows[i].what, why);
		CHECK(!rows[i].why || strstr(why, rows[i].why), "%s: says \"%s\"", rows[i].what,
		      why);
		CHECK(ERR_peek_error() == 0, "%s: nothing is left in the queue", rows[i].what);
		tls_unref(tls);
	}
}

/* A folder of systemd's is as good as an owner, and nobody is asked to believe a path. */
static void test_credential(void)
{
	struct tls_set set = { .certificate = kit_path("p256.pem"),
			       .key = kit_path("p256.key"),
			       .client_ca = "" };
	struct tls *tls = NULL;
	char why[TLS_WHY_SIZE];

	setenv("CREDENTIALS_DIRECTORY", kit_path(""), 1);
	CHECK(tls_new(&set, &tls, why), "a credential: %s", why);
	tls_unref(tls);
	tls = NULL;
	set.key = kit_path("open.key");
	CHECK(!tls_new(&set, &tls, why) && strstr(why, "mode is 0644"), "without a list: %s", why);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static struct tls *made(const char *name, enum tls_ask ask)
{
	char pem[64], key[64], why[TLS_WHY_SIZE] = "";
	struct tls_set set = { .certificate = NULL, .client_ca = kit_path("root.pem"), .ask = ask };
	struct tls *tls = NULL;

	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	set.certificate = kit_path(pem);
	set.key = kit_path(key);
	CHECK(tls_new(&set, &tls, why), "%s: %s", name, why);
	return tls;
}

/* The certificate of ours that a client sees. */
static int bits_seen(struct kit_pair *pair)
{
	return EVP_PKEY_get_bits(X509_get0_pubkey(SSL_get0_peer_certificate(pair->client)));
}

static void test_reload(void)
{
	struct tls *before = made("p256", TLS_ASK_NOT), *after = made("p384", TLS_ASK_NOT);
	struct kit_client how = { .cert = NULL };
	struct kit_pair old, half, fresh;
	char out[8];
	size_t n;
	bool theirs;

	kit_connect(before, &how, &old);
	CHECK(kit_shake(&old, &theirs) == TLS_DONE && theirs, "before");
	kit_connect(before, &how, &half);
	SSL_do_handshake(half.client);
	CHECK(tls_handshake(half.session) == TLS_WANT_READ, "in the middle");
	tls_unref(before); /* the sessions have theirs */

	kit_connect(after, &how, &fresh);
	CHECK(kit_shake(&fresh, &theirs) == TLS_DONE && theirs, "after");
	CHECK(kit_shake(&half, &theirs) == TLS_DONE && theirs, "in the middle of it");
	CHECK(bits_seen(&old) == 256 && bits_seen(&half) == 256 && bits_seen(&fresh) == 384,
	      "each has the certificate of its time");
	CHECK(SSL_write(old.client, "x", 1) == 1 &&
		      tls_read(old.session, out, sizeof(out), &n) == TLS_DONE && n == 1,
	      "the old one goes on");
	tls_unref(after);
	kit_drop(&old);
	kit_drop(&half);
	kit_drop(&fresh);
}

/* What was resumed would not be asked for a certificate. */
static void test_resume(void)
{
	struct tls *tls = made("p256", TLS_DEMAND);

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct kit_client how = { .cert = "clients", .max = version };
		struct kit_pair first, second;
		bool theirs;

		kit_connect(tls, &how, &first);
		CHECK(kit_shake(&first, &theirs) == TLS_DONE && theirs, "first");
		how.cert = NULL;
		how.resume = SSL_get0_session(first.client);
		kit_connect(tls, &how, &second);
		CHECK(kit_shake(&second, &theirs) == TLS_FAILED, "again without a certificate");
		kit_drop(&first);
		kit_drop(&second);
	}
	tls_unref(tls);
}

static void test_end(void)
{
	struct tls *tls = made("p256", TLS_ASK_NOT);
	long long left = tls_not_after(tls) - (long long)time(NULL);

	CHECK(left > 59LL * KIT_DAY && left <= 60LL * KIT_DAY, "ends in %lld s", left);
	CHECK(tls_ref(tls) == tls, "counted");
	tls_unref(tls);
	tls_unref(tls);
	tls_unref(NULL);
	tls_session_free(NULL);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	make_files();
	test_files();
	test_credential();
	test_reload();
	test_resume();
	test_end();
	pki_drop(&root);
	pki_drop(&middle);
	kit_clean();
	return check_result();
}
