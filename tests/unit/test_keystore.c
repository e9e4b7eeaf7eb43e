/*
 * Keys and certificates as they lie in files: what is loaded, what is refused and
 * why, and when a credential may be used.
 */
#include "redirector/keys/keystore.h"
#include "tests/check.h"
#include "tests/unit/pki.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[512];

static char *named(const char *name)
{
	static char paths[4][600];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, 600, "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(named(name), "w");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f) != 0 || chmod(named(name), mode) != 0)
		exit(1);
}

static void write_key(const char *name, EVP_PKEY *key, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		exit(1);
	len = BIO_get_mem_data(bio, &text);
	write_file(name, text, (size_t)len, mode);
	BIO_free(bio);
}

/* A leaf for this key, alone; the issuer does not matter to a signer. */
static void write_cert(const char *name, EVP_PKEY *key, int64_t from, int64_t to)
{
	const struct pki_spec usual = { 0 }, spec = { .from = from, .to = to };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert leaf = pki_issue(&spec, PKI_LEAF, &root, key);
	struct pki_text *text = calloc(1, sizeof(*text));

	if (!text)
		exit(1);
	pki_add_cert(text, leaf.cert);
	write_file(name, text->text, text->len, 0644);
	free(text);
	pki_drop(&leaf);
	pki_drop(&root);
}

/* clang-format off */
static const struct {
	const char *name, *key, *certificate, *x5u;
	const char *why; /* NULL: loaded */
} rows[] = {
	{ "key and certificate", "key", "cert", "https://a.example/c.pem", NULL },
	{ "key alone", "key", "", "https://a.example/c.pem", NULL },
	{ "0644", "open", "cert", "https://a.example/c.pem", "chmod 600" },
	{ "0640", "group", "cert", "https://a.example/c.pem", "chmod 600" },
	{ "no key file", "none", "cert", "https://a.example/c.pem", "No such file" },
	{ "a folder", ".", "cert", "https://a.example/c.pem", "not a regular file" },
	{ "garbage", "garbage", "cert", "https://a.example/c.pem", "not a private key on P-256" },
	{ "half a key", "half", "cert", "https://a.example/c.pem", "not a private key on P-256" },
	{ "empty", "empty", "cert", "https://a.example/c.pem", "not a private key on P-256" },
	{ "P-384", "p384", "cert", "https://a.example/c.pem", "not a private key on P-256" },
	{ "RSA", "rsa", "cert", "https://a.example/c.pem", "not a private key on P-256" },
	{ "too large", "large", "cert", "https://a.example/c.pem", "larger than" },
	{ "certificate for a key", "cert600", "cert", "https://a.example/c.pem", "not a private key on P-256" },
	{ "another key's certificate", "key", "other", "https://a.example/c.pem", "does not belong" },
	{ "no certificate file", "key", "none", "https://a.example/c.pem", "sign.certificate" },
	{ "key for a certificate", "key", "key", "https://a.example/c.pem", "sign.certificate" },
	{ "expired", "key", "expired", "https://a.example/c.pem", "expired" },
	{ "not yet", "key", "future", "https://a.example/c.pem", "not valid yet" },
	{ "http", "key", "cert", "http://a.example/c.pem", "sign.x5u" },
	{ "no x5u", "key", "cert", "", "sign.x5u" },
};
/* clang-format on */

static void make_files(EVP_PKEY *key)
{
	EVP_PKEY *other = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384"),
		 *rsa = EVP_RSA_gen(2048);
	static char large[SK_KEY_FILE_MAX + 1];
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	write_key("key", key, 0600);
	write_key("open", key, 0644);
	write_key("group", key, 0640);
	write_key("p384", p384, 0600);
	write_key("rsa", rsa, 0600);
	write_file("garbage", "garbage", 7, 0600);
	write_file("empty", "", 0, 0600);
	memset(large, ' ', sizeof(large));
	write_file("large", large, sizeof(large), 0600);
	write_cert("cert", key, 0, 0);
	write_cert("cert600", key, 0, 0);
	chmod(named("cert600"), 0600);
	write_cert("other", other, 0, 0);
	write_cert("expired", key, PKI_FROM, PKI_NOW - 1);
	write_cert("future", key, PKI_NOW + 1, PKI_TO);
	f = fopen(named("key"), "r");
	if (f && getdelim(&text, &len, '\0', f) > 60)
		write_file("half", text, 60, 0600);
	if (f)
		fclose(f);
	free(text);
	EVP_PKEY_free(other);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(rsa);
}

static bool load(const char *key, const char *certificate, char *x5u, struct keystore **out,
		 char why[KEYSTORE_WHY_SIZE])
{
	char none[] = "";
	struct sign_conf conf = { .key = named(key), .x5u = x5u };

	conf.certificate = certificate[0] ? named(certificate) : none;
	return keystore_load(&conf, SK_URL_STRICT, PKI_NOW, out, why);
}

static void loading(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct keystore *k = NULL;
		char why[KEYSTORE_WHY_SIZE] = "", x5u[64];
		bool ok;

		snprintf(x5u, sizeof(x5u), "%s", rows[i].x5u);
		ok = load(rows[i].key, rows[i].certificate, x5u, &k, why);
		CHECK(ok == !rows[i].why && !!k == ok, "%s: %s", rows[i].name, why);
		CHECK(!rows[i].why || strstr(why, rows[i].why), "%s: %s", rows[i].name, why);
		CHECK(!rows[i].why || strstr(why, "sign."), "%s: %s", rows[i].name, why);
		CHECK(!strstr(why, "PRIVATE"), "%s: %s", rows[i].name, why);
		keystore_free(k);
	}
}

static void using(void)
{
	struct keystore *k = NULL, *bare = NULL, *none = (struct keystore *)(uintptr_t)1;
	const struct sk_credential *c = NULL;
	char why[KEYSTORE_WHY_SIZE], x5u[] = "https://a.example/c.pem", empty[] = "";
	struct sign_conf unset = { .key = empty, .certificate = empty, .x5u = empty };

	CHECK(load("key", "cert", x5u, &k, why) && load("key", "", x5u, &bare, why), "loaded");
	CHECK(keystore_load(&unset, SK_URL_STRICT, PKI_NOW, &none, why) && !none, "no key: NULL");
	CHECK(keystore_credential(none, SK_PPT_SHAKEN, PKI_NOW, PKI_NOW, &c) == SK_NO_CREDENTIAL &&
		      !c,
	      "none");
	CHECK(keystore_credential(k, SK_PPT_SHAKEN, PKI_NOW, PKI_NOW, &c) == SK_OK && c, "valid");
	CHECK_STR(sk_credential_x5u(c), x5u, "x5u");
	c = NULL;
	CHECK(keystore_credential(k, SK_PPT_SHAKEN, PKI_TO + 1, PKI_TO, &c) == SK_SIGNER_EXPIRED,
	      "now is late");
	CHECK(keystore_credential(k, SK_PPT_SHAKEN, PKI_TO, PKI_TO + 1, &c) == SK_SIGNER_EXPIRED,
	      "iat is late");
	CHECK(keystore_credential(k, SK_PPT_SHAKEN, PKI_FROM, PKI_FROM - 1, &c) ==
		      SK_SIGNER_EXPIRED,
	      "early");
	CHECK(!c, "set only on success");
	CHECK(keystore_credential(bare, SK_PPT_SHAKEN, PKI_TO + 1, PKI_TO + 1, &c) == SK_OK,
	      "nothing to check by");
	for (enum sk_ppt ppt = SK_PPT_NONE; ppt <= SK_PPT_OTHER; ppt++) {
		bool is_signed = ppt != SK_PPT_NONE && ppt != SK_PPT_DIV_O && ppt != SK_PPT_OTHER;

		CHECK(keystore_credential(k, ppt, PKI_NOW, PKI_NOW, &c) ==
			      (is_signed ? SK_OK : SK_NO_CREDENTIAL),
		      "type %d", (int)ppt);
	}
	CHECK(keystore_not_after(k) == PKI_TO, "end");
	CHECK(keystore_not_after(bare) == 0 && keystore_not_after(NULL) == 0, "no end known");
	keystore_free(k);
	keystore_free(bare);
}

int main(void)
{
	static const char *const files[] = { "key",   "open",    "group", "p384",  "rsa",
					     "empty", "garbage", "large", "cert",  "cert600",
					     "other", "expired", "half",  "future" };
	const char *base = getenv("TMPDIR");
	EVP_PKEY *key = EVP_EC_gen("P-256");

	snprintf(folder, sizeof(folder), "%.400s/keys-XXXXXX", base ? base : P_tmpdir);
	if (!mkdtemp(folder) || !key)
		return 1;
	make_files(key);
	loading();
	using();
	for (size_t i = 0; i < SK_COUNT(files); i++)
		unlink(named(files[i]));
	rmdir(folder);
	EVP_PKEY_free(key);
	return check_result();
}
