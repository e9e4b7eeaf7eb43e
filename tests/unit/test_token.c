/*
 * Keys in tokens that are as they should be: what names a key, which are taken, and that they
 * sign.  SoftHSM behind a library of ours.  Argument: that library.
 */
#include "tests/check.h"
#include "tests/unit/token_kit.h"

#include <sys/stat.h>

/* --- URIs --- */

/* clang-format off */
static const struct {
	const char *uri;
	const char *why; /* NULL: taken */
} uris[] = {
	{ ONE, NULL },
	{ "pkcs11:token=t;object=k", NULL },
	{ "pkcs11:object=k", NULL },
	{ "pkcs11:token=My%20token;id=%01%02", NULL },
	{ "pkcs11:serial=1234;model=m;manufacturer=x;object=k", NULL },
	{ "", "no pkcs11: URI" },
	{ "/etc/key.pem", "no pkcs11: URI" },
	{ "PKCS11:token=t;object=k", "no pkcs11: URI" },
	{ "pkcs11:", "and nothing else" },
	{ "pkcs11:token=t", "names no key" },
	{ "pkcs11:token=t;object=", "no value" },
	{ "pkcs11:token=t;object", "no value" },
	{ "pkcs11:token=t;object=a b", "no value" },
	{ "pkcs11:token=t;object=a\n", "no value" },
	{ "pkcs11:token=t;;object=k", "and nothing else" },
	{ "pkcs11:token=t;object=k;", "and nothing else" },
	{ "pkcs11:token=t;object=k;type=cert", "type=private" },
	{ "pkcs11:token=t;object=k;type=public", "type=private" },
	{ "pkcs11:token=t;object=k;pin-value=1234", "and nothing else" },
	{ "pkcs11:token=t;object=k?pin-value=1234", "hsm.pin-file" },
	{ "pkcs11:token=t;object=k?pin-source=/etc/pin", "hsm.pin-file" },
	{ "pkcs11:token=t;object=k?module-path=/tmp/evil.so", "hsm.module" },
	{ "pkcs11:slot-id=0;object=k", "and nothing else" },
};
/* clang-format on */

static void naming(void)
{
	struct tokens *t = open_tokens(NULL, 1, 1, 100);
	char why[TOKEN_WHY_SIZE], *large = calloc(1, 2000);

	for (size_t i = 0; i < SK_COUNT(uris); i++) {
		struct token_key *key = NULL;
		bool ok = token_key_new(t, uris[i].uri, &key, why);

		CHECK(ok == !uris[i].why && !!key == ok, "%s", uris[i].uri);
		CHECK(ok || strstr(why, uris[i].why), "%s: %s", uris[i].uri, why);
		CHECK(ok || !strstr(why, "1234"), "%s: %s", uris[i].uri, why);
		token_key_unref(key);
	}
	memset(large, 'k', 1500);
	memcpy(large, "pkcs11:object=", 14);
	CHECK(!token_key_new(t, large, &(struct token_key *){ NULL }, why) &&
		      strstr(why, "too long"),
	      "a long one: %s", why);
	free(large);
	tokens_free(t);
}

/* --- beginning --- */

static void beginning(void)
{
	char none[] = "", missing[] = "/nowhere/p11.so", libc[] = "libm.so.6", open[512], gone[512],
	     pin[512], why[TOKEN_WHY_SIZE];
	const struct {
		const char *what;
		char *library, *pin;
		const char *why;
	} rows[] = {
		{ "no such library", missing, none, "hsm.module: /nowhere/p11.so" },
		{ "no PKCS#11 library", libc, none, "is no PKCS#11 library" },
		{ "a PIN that others may read", module, open, "hsm.pin-file" },
		{ "no PIN file", module, gone, "No such file" },
	};
	struct tokens *t = (struct tokens *)(void *)why;
	struct hsm_conf unset = { none, none, 1, 1, 100 };

	snprintf(open, sizeof(open), "%s", hsm_path("open"));
	snprintf(gone, sizeof(gone), "%s", hsm_path("gone"));
	snprintf(pin, sizeof(pin), "%s", hsm_path("pin"));
	hsm_write("open", HSM_PIN);
	chmod(open, 0644);
	CHECK(tokens_new(NULL, &hand, &unset, &t, why) && !t, "no library, no tokens");
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct hsm_conf conf = { rows[i].library, rows[i].pin, 1, 1, 100 };

		t = NULL;
		CHECK(!tokens_new(NULL, &hand, &conf, &t, why) && !t, "%s", rows[i].what);
		CHECK(strstr(why, rows[i].why), "%s: %s", rows[i].what, why);
		CHECK(!strstr(why, HSM_PIN), "%s: %s", rows[i].what, why);
	}
}

/* --- checking --- */

static void checking(void)
{
	struct sk_chain *chain = chain_for(keys[0]);
	const struct {
		const char *uri;
		enum sk_err err;
	} rows[] = {
		{ ONE, SK_OK },
		{ TWO, SK_KEY_MISMATCH },
		{ "pkcs11:token=one;object=p384", SK_KEY_INVALID },
		{ "pkcs11:token=one;object=rsa", SK_KEY_INVALID },
		{ "pkcs11:token=one;object=none", SK_SIGNER_AWAY },
		{ "pkcs11:token=none;object=k1", SK_SIGNER_AWAY },
		{ "pkcs11:token=two;object=k1", SK_SIGNER_AWAY },
		{ "pkcs11:object=k1", SK_OK },
		{ "pkcs11:token=one;id=%01", SK_OK },
		{ "pkcs11:token=one;object=%6B1", SK_OK },
	};
	struct tokens *t = open_tokens(NULL, 4, 16, 60000);

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct token_key *key = key_new(t, rows[i].uri);
		enum sk_err err = token_key_check(key, chain);

		CHECK(err == rows[i].err, "%s: %s", rows[i].uri, sk_err_name(err));
		token_key_unref(key);
	}
	sk_chain_free(chain);
	tokens_free(t);
}

/* --- signing --- */

static void on_verify(struct token_job *job)
{
	struct work *w = (struct work *)job;
	struct sk_chain *chain = chain_for(keys[w->number]);

	good += !w->err && !sk_chain_verify(chain, SK_SPAN("what is signed"), w->sig);
	done++;
	sk_chain_free(chain);
	free(w);
}

static void signing(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 4, 512, 60000);
	struct token_key *key[] = { key_new(t, ONE), key_new(t, TWO) };
	struct token_key *again;

	forget();
	for (int i = 0; i < 100; i++) {
		struct work *w = work_new(key[i & 1], i & 1);

		w->job.done = on_verify;
		CHECK(token_submit(t, &w->job) == SK_OK, "job %d", i);
	}
	wait_done(loop, 100);
	CHECK(good == 100 && ran == 100, "%d good", good);
	CHECK(tokens_counters(t)->signed_ok == 100 && tokens_counters(t)->failed == 0, "counted");

	int logins = hsm_calls("login");

	again = key_new(t, ONE);
	forget();
	CHECK(submit(t, again, 0, NULL) == SK_OK, "the same key");
	wait_done(loop, 1);
	CHECK(good == 1 && hsm_calls("login") == logins, "is open already");
	token_key_unref(again);
	token_key_unref(key[0]);
	token_key_unref(key[1]);
	tokens_free(t);
}

/* A key that is named no more is closed, and opens again when it is. */
static void naming_again(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 2, 16, 60000);

	for (int i = 0; i < 20; i++) {
		struct token_key *key = key_new(t, ONE);

		forget();
		CHECK(submit(t, key, 0, NULL) == SK_OK, "round %d", i);
		wait_done(loop, 1);
		CHECK(good == 1, "round %d", i);
		token_key_unref(key);
	}
	tokens_free(t);
}

int main(int argc, char **argv)
{
	struct loop *loop;

	if (argc != 2)
		return 2;
	kit_begin(argv[1]);
	loop = loop_new();
	naming();
	beginning();
	checking();
	signing(loop);
	naming_again(loop);
	loop_free(loop);
	kit_end();
	hsm_leave(check_result());
}
