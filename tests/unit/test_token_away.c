/*
 * Tokens that are away, come back as they were or changed, fail, or are opened with a wrong PIN:
 * SoftHSM behind a library of ours that fails when it is told to.  Argument: that library.
 */
#include "tests/check.h"
#include "tests/unit/token_kit.h"

static char news[4][128];
static int news_count;

static void on_news(void *arg, const char *uri, const char *why)
{
	(void)arg;
	snprintf(news[news_count++ & 3], sizeof(news[0]), "%.40s: %.60s", uri, why);
}

static void going_away(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 4, 64, 300);
	struct token_key *one = key_new(t, ONE), *two = key_new(t, TWO);

	news_count = 0;
	tokens_watch(t, on_news, NULL);
	wait_healed(loop, t, one);
	wait_healed(loop, t, two);
	hsm_take_away("two");
	forget();
	CHECK(submit(t, two, 0, NULL) == SK_OK, "nobody knows yet");
	wait_done(loop, 1);
	CHECK(good == 0, "it is away");
	CHECK(submit(t, two, 0, NULL) == SK_SIGNER_AWAY, "and left alone");
	CHECK(tokens_counters(t)->failed == 1 && tokens_counters(t)->refused_away == 1, "counted");
	forget();
	CHECK(submit(t, one, 0, NULL) == SK_OK, "the other token");
	wait_done(loop, 1);
	CHECK(good == 1, "signs");
	hsm_bring_back("two");
	wait_healed(loop, t, two);
	CHECK(good == 1, "healed");
	forget();
	CHECK(submit(t, one, 0, NULL) == SK_OK, "the other token again");
	wait_done(loop, 1);
	CHECK(good == 1, "signs");
	CHECK(news_count == 2, "%d news", news_count);
	CHECK_STR(news[0], TWO ": no such token, or no such key in it", "away");
	CHECK_STR(news[1], TWO ": ", "back");
	token_key_unref(one);
	token_key_unref(two);
	tokens_free(t);
}

/* There from the start it is not, nor is any other token. */
static void coming_late(struct loop *loop)
{
	struct tokens *t;
	struct token_key *key;
	struct sk_chain *chain = chain_for(keys[0]);
	enum sk_err err;

	hsm_take_away("one");
	hsm_take_away("two");
	t = open_tokens(loop, 2, 64, 200);
	key = key_new(t, ONE);
	err = token_key_check(key, chain);
	CHECK(err == SK_SIGNER_AWAY, "no token at all: %s", sk_err_name(err));
	hsm_bring_back("one");
	hsm_bring_back("two");
	wait_healed(loop, t, key);
	CHECK(good == 1, "healed");
	token_key_unref(key);
	tokens_free(t);
	sk_chain_free(chain);
}

/* The token came back with another key of that name. */
static void changing(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 2, 64, 50);
	struct token_key *key = key_new(t, "pkcs11:token=one;object=k3");
	struct sk_chain *chain = chain_for(keys[1]), *right = chain_for(keys[2]);

	CHECK(token_key_check(key, chain) == SK_KEY_MISMATCH, "not its key");
	forget();
	CHECK(submit(t, key, 0, NULL) == SK_OK, "asked");
	wait_done(loop, 1);
	CHECK(good == 0, "never signs with it");
	CHECK(token_key_check(key, right) == SK_OK, "with its certificate");
	forget();
	CHECK(submit(t, key, 0, NULL) == SK_OK, "asked");
	wait_done(loop, 1);
	CHECK(good == 1, "it signs");
	token_key_unref(key);
	tokens_free(t);
	sk_chain_free(chain);
	sk_chain_free(right);
}

static void failing(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 2, 64, 100);
	struct token_key *key = key_new(t, ONE);

	wait_healed(loop, t, key);
	hsm_say("fail-one", true);
	forget();
	CHECK(submit(t, key, 0, NULL) == SK_OK, "asked");
	wait_done(loop, 1);
	CHECK(good == 0 && tokens_counters(t)->failed == 1, "refused by the device");
	hsm_say("fail-one", false);
	wait_healed(loop, t, key);
	CHECK(good == 1, "healed");
	token_key_unref(key);
	tokens_free(t);
}

/* A wrong PIN is tried once, or the token locks itself. */
static void wrong_pin(struct loop *loop)
{
	struct tokens *t;
	struct token_key *key;
	int logins;

	hsm_write("pin", "9999\n");
	t = open_tokens(loop, 2, 64, 20);
	key = key_new(t, ONE);
	logins = hsm_calls("login");
	for (int i = 0; i < 10; i++) {
		forget();
		if (!submit(t, key, 0, NULL))
			wait_done(loop, 1);
		CHECK(good == 0, "round %d", i);
		now += 30;
	}
	CHECK(hsm_calls("login") == logins + 1, "%d logins", hsm_calls("login") - logins);
	hsm_write("pin", HSM_PIN);
	wait_healed(loop, t, key);
	CHECK(good == 1, "with the right one it signs");
	token_key_unref(key);
	tokens_free(t);
}

int main(int argc, char **argv)
{
	struct loop *loop;

	if (argc != 2)
		return 2;
	kit_begin(argv[1]);
	loop = loop_new();
	going_away(loop);
	coming_late(loop);
	changing(loop);
	failing(loop);
	wrong_pin(loop);
	loop_free(loop);
	kit_end();
	hsm_leave(check_result());
}
