/*
 * Keys and certificates as they lie in files: what is loaded, what is refused and
 * why, which credential is chosen and when it may be used, and what is left of a key.
 */
#include "redirector/keys/keystore.h"
#include "tests/check.h"
#include "tests/unit/keystore_kit.h"
#include "tests/unit/pki.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name, *key, *certificate, *x5u;
	const char *why; /* NULL: loaded */
} rows[] = {
	{ "key and certificate", "key", "cert", "https://a.example/c.pem", NULL },
	{ "key alone", "key", "", "https://a.example/c.pem", NULL },
	{ "SEC 1", "sec1", "cert", "https://a.example/c.pem", NULL },
	{ "without its public key", "bare", "cert", "https://a.example/c.pem", NULL },
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
	{ "certificate for a key", "cert600", "cert", "https://a.example/c.pem",
	  "not a private key on P-256" },
	{ "another key's certificate", "key", "other", "https://a.example/c.pem",
	  "does not belong" },
	{ "no certificate file", "key", "none", "https://a.example/c.pem", "sign.certificate" },
	{ "key for a certificate", "key", "key", "https://a.example/c.pem", "sign.certificate" },
	{ "no certificate in the file", "key", "garbage", "https://a.example/c.pem",
	  "garbage: the file holds no certificate" },
	{ "nothing in the file", "key", "empty", "https://a.example/c.pem",
	  "empty: the file holds no certificate" },
	{ "expired", "key", "expired", "https://a.example/c.pem", "expired" },
	{ "not yet", "key", "future", "https://a.example/c.pem", "not valid yet" },
	{ "http", "key", "cert", "http://a.example/c.pem", "sign.x5u" },
	{ "no x5u", "key", "cert", "", "sign.x5u" },
};
/* clang-format on */

static void make_files(EVP_PKEY *key)
{
	EVP_PKEY *other = EVP_EC_gen("P-256"), *second = EVP_EC_gen("P-256"),
		 *p384 = EVP_EC_gen("P-384"), *rsa = EVP_RSA_gen(2048);
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
	write_key("key2", second, 0600);
	write_cert("short", key, PKI_FROM, PKI_NOW + 10800);
	write_cert("future2", second, PKI_NOW + 7200, PKI_TO);
	write_numbers_cert("numbers", key);
	f = fopen(named("key"), "r");
	if (f && getdelim(&text, &len, '\0', f) > 60)
		write_file("half", text, 60, 0600);
	if (f)
		fclose(f);
	free(text);
	EVP_PKEY_free(other);
	EVP_PKEY_free(second);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(rsa);
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
	struct tenant_conf unset = { .sign = { .key = empty, .certificate = empty, .x5u = empty } };

	CHECK(load("key", "cert", x5u, &k, why) && load("key", "", x5u, &bare, why), "loaded");
	CHECK(keystore_load(&unset, NULL, SK_URL_STRICT, PKI_NOW, &none, why) && !none,
	      "no key: NULL");
	CHECK(usual(none, SK_PPT_SHAKEN, PKI_NOW, PKI_NOW, &c) == SK_NO_CREDENTIAL && !c, "none");
	CHECK(usual(k, SK_PPT_SHAKEN, PKI_NOW, PKI_NOW, &c) == SK_OK && c, "valid");
	CHECK_STR(sk_credential_x5u(c), x5u, "x5u");
	c = NULL;
	CHECK(usual(k, SK_PPT_SHAKEN, PKI_TO + 1, PKI_TO, &c) == SK_SIGNER_EXPIRED, "now is late");
	CHECK(usual(k, SK_PPT_SHAKEN, PKI_TO, PKI_TO + 1, &c) == SK_SIGNER_EXPIRED, "iat is late");
	CHECK(usual(k, SK_PPT_SHAKEN, PKI_FROM, PKI_FROM - 1, &c) == SK_SIGNER_EXPIRED, "early");
	CHECK(!c, "set only on success");
	CHECK(usual(bare, SK_PPT_SHAKEN, PKI_TO + 1, PKI_TO + 1, &c) == SK_OK,
	      "nothing to check by");
	for (enum sk_ppt ppt = SK_PPT_NONE; ppt <= SK_PPT_OTHER; ppt++) {
		bool is_signed = ppt != SK_PPT_NONE && ppt != SK_PPT_DIV_O && ppt != SK_PPT_OTHER;

		c = NULL;
		CHECK(usual(k, ppt, PKI_NOW, PKI_NOW, &c) == SK_OK && !!c == is_signed, "type %d",
		      (int)ppt);
	}
	CHECK(keystore_not_after(k) == PKI_TO, "end");
	CHECK(keystore_not_after(bare) == 0 && keystore_not_after(NULL) == 0, "no end known");
	keystore_free(k);
	keystore_free(bare);
}

/* --- several --- */

#define NEXT "https://a.example/next.pem"

/* A credential as rows are written; NULL is "". */
struct member {
	const char *name, *key, *certificate, *x5u;
	const char *next_key, *next_certificate, *next_x5u, *spc;
	const char *numbers; /* one pattern */
};

static char *text_of(const char *text)
{
	char *copy = strdup(text ? text : "");

	if (!copy)
		exit(1);
	return copy;
}

static char *file_of(const char *name)
{
	return text_of(name && strncmp(name, "pkcs11:", 7) != 0 ? named(name) : name);
}

static void member_conf(const struct member *m, struct credential_conf *out)
{
	*out = (struct credential_conf){
		.name = text_of(m->name),
		.key = file_of(m->key),
		.certificate = file_of(m->certificate),
		.x5u = text_of(m->x5u),
		.next_key = file_of(m->next_key),
		.next_certificate = file_of(m->next_certificate),
		.next_x5u = text_of(m->next_x5u),
		.spc = text_of(m->spc),
	};
	if (!m->numbers)
		return;
	out->numbers.items = calloc(1, sizeof(char *));
	if (!out->numbers.items)
		exit(1);
	out->numbers.items[0] = text_of(m->numbers);
	out->numbers.count = 1;
}

static void member_drop(struct credential_conf *c)
{
	free(c->name);
	free(c->key);
	free(c->certificate);
	free(c->x5u);
	free(c->next_key);
	free(c->next_certificate);
	free(c->next_x5u);
	free(c->spc);
	for (size_t i = 0; i < c->numbers.count; i++)
		free(c->numbers.items[i]);
	free(c->numbers.items);
}

enum {
	MEMBERS = 4,
};

/* @param sign  With a key in `sign`, too */
static bool load_members(const struct member *list, bool sign, struct keystore **out,
			 char why[KEYSTORE_WHY_SIZE])
{
	char none[] = "", x5u[] = X5U, *key = file_of("key");
	struct credential_conf members[MEMBERS];
	struct tenant_conf set = { .sign = { .key = none, .certificate = none, .x5u = none } };
	size_t n = 0;
	bool ok;

	if (sign) {
		set.sign.key = key;
		set.sign.x5u = x5u;
	}
	for (; n < MEMBERS && list[n].name; n++)
		member_conf(&list[n], &members[n]);
	set.credentials.items = members;
	set.credentials.count = n;
	ok = keystore_load(&set, NULL, SK_URL_STRICT, PKI_NOW, out, why);
	while (n > 0)
		member_drop(&members[--n]);
	free(key);
	return ok;
}

/* clang-format off */
static const struct {
	const char *name;
	bool sign;
	struct member list[MEMBERS];
	const char *why; /* NULL: loaded */
} several_rows[] = {
	{ "one", false, { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U } }, NULL },
	{ "beside sign", true, { { .name = "a", .key = "key", .x5u = X5U } }, NULL },
	{ "default by name", false, { { .name = "default", .key = "key", .x5u = X5U } }, NULL },
	{ "default twice", true, { { .name = "default", .key = "key", .x5u = X5U } },
	  "credentials.default.key: there is a credential" },
	{ "a name twice", false,
	  { { .name = "a", .key = "key", .x5u = X5U }, { .name = "a", .key = "key2", .x5u = X5U } },
	  "credentials.a.key: there is a credential" },
	{ "no key", false, { { .name = "a", .x5u = X5U } }, "credentials.a.key: is not set" },
	{ "no x5u", false, { { .name = "a", .key = "key" } }, "credentials.a.x5u" },
	{ "bad x5u", false, { { .name = "a", .key = "key", .x5u = "http://a.example/c" } }, "credentials.a.x5u" },
	{ "0644", false, { { .name = "a", .key = "open", .x5u = X5U } }, "credentials.a.key" },
	{ "another's certificate", false, { { .name = "a", .key = "key", .certificate = "other", .x5u = X5U } },
	  "credentials.a.certificate" },
	{ "a bad one behind a good one", false,
	  { { .name = "a", .key = "key", .x5u = X5U }, { .name = "b", .key = "garbage", .x5u = X5U } },
	  "credentials.b.key" },
	{ "in a token, without hsm.module", false, { { .name = "a", .key = "pkcs11:token=t;object=k", .x5u = X5U } },
	  "credentials.a.key: a key in a token needs hsm.module" },
	{ "its provider", false, { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .spc = "709J" } },
	  NULL },
	{ "another provider", false, { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .spc = "709K" } },
	  "is not for provider code 709K" },
	{ "a provider without a certificate", false, { { .name = "a", .key = "key", .x5u = X5U, .spc = "709J" } },
	  "credentials.a.spc" },
	{ "a list of numbers", false,
	  { { .name = "a", .key = "key", .certificate = "numbers", .x5u = X5U, .spc = "709J" } },
	  "is not for provider code 709J" },

	{ "a next one", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_certificate = "future" } }, NULL },
	{ "a next one with its key", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_key = "key2",
	      .next_certificate = "future2", .next_x5u = NEXT } }, NULL },
	{ "a next one of another key", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_certificate = "future2" } },
	  "credentials.a.next-certificate" },
	{ "a next one that has ended", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_certificate = "expired" } },
	  "credentials.a.next-certificate" },
	{ "it has taken over", false,
	  { { .name = "a", .key = "key", .certificate = "expired", .x5u = X5U, .next_certificate = "cert" } }, NULL },
	{ "the first has ended, the next has not begun", false,
	  { { .name = "a", .key = "key", .certificate = "expired", .x5u = X5U, .next_certificate = "future" } },
	  "credentials.a.certificate" },
	{ "both of the future", false,
	  { { .name = "a", .key = "key", .certificate = "future", .x5u = X5U, .next_certificate = "future" } },
	  "credentials.a.certificate" },
	{ "a next key alone", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_key = "key2" } },
	  "credentials.a.next-certificate: is not set" },
	{ "a next address alone", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_x5u = NEXT } },
	  "credentials.a.next-certificate: is not set" },
	{ "a next key that others may read", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_key = "open",
	      .next_certificate = "future" } }, "credentials.a.next-key" },
	{ "a bad next address", false,
	  { { .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .next_certificate = "future",
	      .next_x5u = "ftp://a" } }, "credentials.a.next-x5u" },

	{ "numbers", false, { { .name = "a", .key = "key", .x5u = X5U, .numbers = "+1404*" } }, NULL },
	{ "no numbers", false, { { .name = "a", .key = "key", .x5u = X5U, .numbers = "1404" } },
	  "credentials.a.numbers: \"1404\"" },
	{ "shared numbers", false,
	  { { .name = "a", .key = "key", .x5u = X5U, .numbers = "+14045550100-+14045550199" },
	    { .name = "b", .key = "key2", .x5u = X5U, .numbers = "+14045550150" } },
	  "credentials.b.numbers: +14045550150 is one of credentials.a, too" },
	{ "numbers within numbers", false,
	  { { .name = "a", .key = "key", .x5u = X5U, .numbers = "+1404*" },
	    { .name = "b", .key = "key2", .x5u = X5U, .numbers = "+1404555*" } }, NULL },
};
/* clang-format on */

static void loading_several(void)
{
	for (size_t i = 0; i < SK_COUNT(several_rows); i++) {
		struct keystore *k = NULL;
		char why[KEYSTORE_WHY_SIZE] = "";
		bool ok = load_members(several_rows[i].list, several_rows[i].sign, &k, why);

		CHECK(ok == !several_rows[i].why && !!k == ok, "%s: %s", several_rows[i].name, why);
		CHECK(ok || strstr(why, several_rows[i].why), "%s: %s", several_rows[i].name, why);
		keystore_free(k);
	}
}

/* --- choosing --- */

static const struct member many[MEMBERS] = {
	{ .name = "a", .key = "key", .x5u = X5U, .numbers = "+1404*" },
	{ .name = "b", .key = "key2", .x5u = X5U, .numbers = "+14045550100-+14045550199" },
	{ .name = "c", .key = "key", .x5u = X5U },
};

/* of two for one provider b has numbers of its own */
static const struct member coded[MEMBERS] = {
	{ .name = "a", .key = "key", .certificate = "cert", .x5u = X5U, .spc = "709J" },
	{ .name = "b",
	  .key = "key",
	  .certificate = "cert",
	  .x5u = X5U,
	  .spc = "709J",
	  .numbers = "+1404*" },
	{ .name = "c", .key = "key", .x5u = X5U, .numbers = "+1215*" },
};

static const struct member sole = { .name = "a", .key = "key", .x5u = X5U };
static const struct member bound = { .name = "a", .key = "key", .x5u = X5U, .numbers = "+1404*" };

/* clang-format off */
static const struct {
	const struct member *list;
	bool sign;
	const char *name, *orig; /* "" not set */
	const char *chosen;      /* NULL: SK_NO_CREDENTIAL */
	const char *spc;         /* NULL: not set */
} choices[] = {
	{ many, true, "", "", "default", NULL },
	{ many, true, "", "12155551212", "default", NULL },
	{ many, true, "", "14041234567", "a", NULL },
	{ many, true, "", "14045550100", "b", NULL },
	{ many, true, "", "14045550200", "a", NULL },
	{ many, true, "c", "14045550100", "c", NULL },
	{ many, true, "a", "12155551212", "a", NULL },
	{ many, true, "default", "14045550100", "default", NULL },
	{ many, true, "d", "14045550100", NULL, NULL },
	{ many, true, "A", "", NULL, NULL },
	{ many, false, "", "", NULL, NULL },
	{ many, false, "", "12155551212", NULL, NULL },
	{ many, false, "", "14045550100", "b", NULL },
	{ many, false, "default", "", NULL, NULL },
	{ many, false, "c", "", "c", NULL },
	{ coded, true, "", "", "a", "709J" },
	{ coded, true, "", "12155551212", "a", "709J" },
	{ coded, true, "", "14045550100", "b", "709J" },
	{ coded, true, "", "14045550100", NULL, "709K" },
	{ coded, true, "", "", NULL, "709K" },
	{ coded, true, "", "", NULL, "709j" },
	{ coded, true, "", "", NULL, "709" },
	{ coded, true, "c", "14045550100", "c", "709J" },
	{ coded, true, "default", "", "default", "709K" },
	{ coded, true, "d", "", NULL, "709J" },
	{ coded, true, "", "12155551212", "c", NULL },
	{ coded, true, "", "13035551212", "default", NULL },
	{ many, true, "", "14045550100", NULL, "709J" },
	{ &sole, false, "", "12155551212", NULL, "709J" },
	{ &sole, false, "", "12155551212", "a", NULL },
	{ &sole, false, "", "", "a", NULL },
	{ &sole, false, "b", "", NULL, NULL },
	{ &bound, false, "", "12155551212", NULL, NULL },
	{ &bound, false, "", "14045551212", "a", NULL },
	{ &bound, false, "a", "12155551212", "a", NULL },
};
/* clang-format on */

/* By the address of a certificate alone, whatever else is wished. */
static void choosing_x5u(const struct keystore *k, size_t row)
{
	struct keystore_wish wish = { .x5u = SK_SPAN("https://none.example.org/x.pem"),
				      .name = SK_SPAN("a") };
	const struct keystore_entry *e = NULL;
	struct keystore_cert cert;

	CHECK(keystore_choose(k, &wish, PKI_NOW, PKI_NOW, &e) == SK_NO_CREDENTIAL && !e,
	      "row %zu: an address of none", row);
	for (size_t i = 0; i < keystore_count(k); i++) {
		keystore_at(k, i, &cert);
		wish.x5u = sk_span_of(cert.x5u);
		wish.name = SK_SPAN("nobody");
		CHECK(!keystore_choose(k, &wish, PKI_NOW, PKI_NOW, &e), "row %zu: %s", row,
		      cert.x5u);
		CHECK_STR(sk_credential_x5u(keystore_credential(e, SK_PPT_SHAKEN)), cert.x5u,
			  cert.name);
		wish.x5u.len--;
		CHECK(keystore_choose(k, &wish, PKI_NOW, PKI_NOW, &e) == SK_NO_CREDENTIAL,
		      "row %zu: cut short", row);
	}
}

static void choosing(void)
{
	for (size_t i = 0; i < SK_COUNT(choices); i++) {
		struct member list[MEMBERS] = { { 0 } };
		struct sk_party orig = { .kind = SK_PARTY_TN };
		struct keystore_wish wish = { .name = sk_span_of(choices[i].name),
					      .spc = sk_span_of(choices[i].spc) };
		const struct keystore_entry *e = NULL;
		struct keystore *k = NULL;
		char why[KEYSTORE_WHY_SIZE] = "";
		enum sk_err err;

		memcpy(list, choices[i].list,
		       (choices[i].list == many || choices[i].list == coded ? MEMBERS : 1) *
			       sizeof(list[0]));
		CHECK(load_members(list, choices[i].sign, &k, why), "%s", why);
		snprintf(orig.text, sizeof(orig.text), "%s", choices[i].orig);
		wish.orig = choices[i].orig[0] ? &orig : NULL;
		err = keystore_choose(k, &wish, PKI_NOW, PKI_NOW, &e);
		CHECK(err == (choices[i].chosen ? SK_OK : SK_NO_CREDENTIAL) && !!e == !err,
		      "row %zu: %s", i, sk_err_name(err));
		CHECK_STR(e ? keystore_name(e) : "", choices[i].chosen ? choices[i].chosen : "",
			  choices[i].orig);
		CHECK(!e || !keystore_token(e), "row %zu", i);
		choosing_x5u(k, i);
		keystore_free(k);
	}
}

/* --- the next one takes over --- */

static const struct member renewed[] = {
	{ .name = "a",
	  .key = "key",
	  .certificate = "short",
	  .x5u = X5U,
	  .next_key = "key2",
	  .next_certificate = "future2",
	  .next_x5u = NEXT },
	{ .name = NULL },
};

static void taking_over(void)
{
	/* "short" ends an hour after "future2" begins, at PKI_NOW + 7200 */
	static const struct {
		int64_t now, iat;
		const char *x5u; /* NULL: SK_SIGNER_EXPIRED */
		unsigned refused;
		bool none;
	} times[] = {
		{ PKI_NOW, PKI_NOW, X5U, 0, false },
		{ PKI_NOW + 7199, PKI_NOW + 7199, X5U, 0, false },
		{ PKI_NOW + 7200, PKI_NOW + 7199, X5U, 0, false },
		{ PKI_NOW + 7199, PKI_NOW + 7200, X5U, 0, false },
		{ PKI_NOW + 7200, PKI_NOW + 7200, NEXT, 0, false },
		{ PKI_NOW + 10801, PKI_NOW + 10801, NEXT, 0, false },
		{ PKI_NOW + 10801, PKI_NOW + 7100, NULL, 0, false },
		{ PKI_TO, PKI_TO, NEXT, 0, false },
		{ PKI_TO + 1, PKI_TO + 1, NULL, 0, false },
		{ PKI_FROM - 1, PKI_NOW, NULL, 0, false },
		{ PKI_NOW + 7200, PKI_NOW + 7200, X5U, 2, false },
		{ PKI_NOW + 7200, PKI_NOW + 7200, NEXT, 1, false },
		{ PKI_NOW, PKI_NOW, NULL, 1, true },
		{ PKI_NOW + 10801, PKI_NOW + 10801, NULL, 2, true },
		{ PKI_NOW + 7200, PKI_NOW + 7200, NULL, 3, true },
	};
	const struct keystore_wish wish = { .orig = NULL };
	char why[KEYSTORE_WHY_SIZE] = "";
	struct keystore_cert cert;
	struct keystore *k = NULL;

	CHECK(load_members(renewed, false, &k, why), "%s", why);
	for (size_t i = 0; i < SK_COUNT(times); i++) {
		const struct keystore_entry *e = NULL;
		enum sk_err want = times[i].x5u    ? SK_OK
				   : times[i].none ? SK_NO_CREDENTIAL
						   : SK_SIGNER_EXPIRED;
		enum sk_err err;

		keystore_refuse(k, 0, times[i].refused & 1);
		keystore_refuse(k, 1, times[i].refused & 2);
		err = keystore_choose(k, &wish, times[i].now, times[i].iat, &e);
		CHECK(err == want, "row %zu: %s", i, sk_err_name(err));
		CHECK_STR(e ? sk_credential_x5u(keystore_credential(e, SK_PPT_SHAKEN)) : "",
			  times[i].x5u ? times[i].x5u : "", "takes over");
	}
	CHECK(keystore_count(k) == 2 && keystore_count(NULL) == 0, "both are listed");
	keystore_at(k, 0, &cert);
	CHECK(!cert.next && cert.chain && strcmp(cert.x5u, X5U) == 0, "the first");
	CHECK_STR(cert.certificate, named("short"), "its file");
	keystore_at(k, 1, &cert);
	CHECK(cert.next && cert.chain && strcmp(cert.x5u, NEXT) == 0, "the next");
	CHECK_STR(cert.name, "a", "its name");
	CHECK(keystore_not_after(k) == PKI_TO, "the end is that of the last");
	keystore_free(k);
}

int main(void)
{
	static const char *const files[] = { "key",   "open",    "group",   "p384",   "rsa",
					     "empty", "garbage", "large",   "cert",   "cert600",
					     "other", "expired", "half",    "future", "key2",
					     "short", "future2", "numbers", "sec1",   "bare" };
	const char *base = getenv("TMPDIR");
	EVP_PKEY *key;

	key = EVP_EC_gen("P-256");
	snprintf(folder, sizeof(folder), "%.400s/keys-XXXXXX", base ? base : P_tmpdir);
	if (!mkdtemp(folder) || !key)
		return 1;
	make_files(key);
	write_forms(key);
	loading();
	using();
	loading_several();
	choosing();
	taking_over();
	for (size_t i = 0; i < SK_COUNT(files); i++)
		unlink(named(files[i]));
	rmdir(folder);
	EVP_PKEY_free(key);
	return check_result();
}
