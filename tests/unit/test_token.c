/*
 * Keys in tokens: SoftHSM behind a library of ours that stalls and fails when it is told to.
 * Argument: that library.
 */
#include "redirector/keys/token.h"
#include "tests/check.h"
#include "tests/unit/hsm.h"
#include "tests/unit/pki.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ONE "pkcs11:token=one;object=k1;type=private"
#define TWO "pkcs11:token=two;object=k2;type=private"

static char *module;
static _Atomic int64_t now = 1000000; /* moves by hand: no job takes long unless it is told to */

static int64_t by_hand(const struct clock *self)
{
	(void)self;
	return now;
}

static struct clock hand = { clock_real_wall, by_hand };

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

static struct tokens *open_tokens(struct loop *loop, int64_t threads, int64_t queue, int64_t retry)
{
	char pin[512], why[TOKEN_WHY_SIZE] = "";
	struct hsm_conf conf = { module, pin, threads, queue, retry };
	struct tokens *t = NULL;

	snprintf(pin, sizeof(pin), "%s", hsm_path("pin"));
	if (!tokens_new(loop, &hand, &conf, &t, why) || !t) {
		fprintf(stderr, "tokens: %s\n", why);
		exit(1);
	}
	return t;
}

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

static EVP_PKEY *keys[3]; /* of k1, k2, k3: another of token one */

static struct sk_chain *chain_for(EVP_PKEY *key)
{
	static struct pki_text text;
	const struct pki_spec usual = { 0 };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert leaf = pki_issue(&usual, PKI_LEAF, &root, key);
	struct sk_chain *chain = NULL;

	text.len = 0;
	pki_add_cert(&text, leaf.cert);
	if (sk_chain_new(text.text, text.len, &chain))
		exit(1);
	pki_drop(&leaf);
	pki_drop(&root);
	return chain;
}

static struct token_key *key_new(struct tokens *t, const char *uri)
{
	char why[TOKEN_WHY_SIZE];
	struct token_key *key = NULL;

	if (!token_key_new(t, uri, &key, why)) {
		fprintf(stderr, "%s: %s\n", uri, why);
		exit(1);
	}
	return key;
}

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

struct work {
	struct token_job job;
	int number;
	enum sk_err err;
	uint8_t sig[SK_SIG_LEN];
};

static _Atomic int ran, dropped;
static int done, good, pending, order[512]; /* pending: neither done nor dropped */

static void on_run(struct token_job *job)
{
	struct work *w = (struct work *)job;
	struct sk_signer *signer = token_key_signer(job->key);

	w->err = signer->sign(signer, SK_SPAN("what is signed"), w->sig);
	ran++;
}

static void on_done(struct token_job *job)
{
	struct work *w = (struct work *)job;

	order[done++] = w->number;
	good += !w->err;
	pending--;
	free(w);
}

static void on_verify(struct token_job *job)
{
	struct work *w = (struct work *)job;
	struct sk_chain *chain = chain_for(keys[w->number]);

	good += !w->err && !sk_chain_verify(chain, SK_SPAN("what is signed"), w->sig);
	done++;
	sk_chain_free(chain);
	free(w);
}

static void on_drop(struct token_job *job)
{
	free(job);
	dropped++;
}

static struct work *work_new(struct token_key *key, int number)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		exit(1);
	w->job = (struct token_job){ .run = on_run, .done = on_done, .drop = on_drop, .key = key };
	w->number = number;
	return w;
}

static enum sk_err submit(struct tokens *t, struct token_key *key, int number, struct work **out)
{
	struct work *w = work_new(key, number);
	enum sk_err err = token_submit(t, &w->job);

	if (err)
		free(w);
	else if (out)
		*out = w;
	pending += !err;
	return err;
}

static void forget(void)
{
	done = good = 0;
	ran = 0;
}

/* Until so many are done; a test that waits for ever is ended by its frame. */
static void wait_done(struct loop *loop, int count)
{
	while (done < count)
		loop_step(loop, 50);
}

/* Until nothing is under way. */
static void settle(struct loop *loop)
{
	while (pending > dropped)
		loop_step(loop, 10);
	pending = 0;
	dropped = 0;
}

/* Until it signs again; the key is left alone for a while, which passes at once. */
static void wait_healed(struct loop *loop, struct tokens *t, struct token_key *key)
{
	do {
		settle(loop);
		forget();
		if (submit(t, key, 0, NULL))
			now += 60000;
		else
			wait_done(loop, 1);
	} while (good == 0);
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

/* --- away --- */

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

/* --- stuck --- */

static void stalling(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 4, 64, 60000);
	struct token_key *one = key_new(t, ONE), *two = key_new(t, TWO);
	struct work *stuck[9] = { NULL };
	int n = 0, stalled = hsm_calls("stall");

	wait_healed(loop, t, one);
	wait_healed(loop, t, two);
	hsm_say("stall-one", true);
	forget();
	for (int i = 0; i < 8; i++)
		CHECK(submit(t, one, 1, &stuck[n++]) == SK_OK, "the stuck token, job %d", i);
	for (int i = 0; i < 20; i++)
		CHECK(submit(t, two, 2, NULL) == SK_OK, "the other one, job %d", i);
	wait_done(loop, 20);
	CHECK(good == 20 && ran == 20, "all of the other token, none of the stuck one");
	hsm_wait_calls("stall", stalled + 1);
	now += 250;
	CHECK(submit(t, one, 1, &stuck[n++]) == SK_OK, "it may still come");
	now += 1;
	CHECK(submit(t, one, 1, NULL) == SK_SIGNER_AWAY, "it takes too long");
	for (int i = 0; i < n; i++)
		token_abandon(t, &stuck[i]->job);
	CHECK(done == 20 && ran == 20, "nothing came of them");
	hsm_say("stall-one", false);
	settle(loop); /* the threads drop them, once they are back */
	wait_healed(loop, t, one);
	CHECK(good == 1, "healed");
	CHECK(tokens_counters(t)->abandoned == 9, "counted");
	token_key_unref(one);
	token_key_unref(two);
	tokens_free(t);
}

/* A login that hangs holds up nobody whose key is open. */
static void stalled_login(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 4, 64, 60000);
	struct token_key *one = key_new(t, ONE), *two = key_new(t, TWO);
	struct work *w;

	wait_healed(loop, t, two);
	hsm_say("login-one", true);
	forget();
	CHECK(submit(t, one, 1, &w) == SK_OK, "asked");
	for (int i = 0; i < 20; i++)
		CHECK(submit(t, two, 2, NULL) == SK_OK, "the other one, job %d", i);
	wait_done(loop, 20);
	CHECK(good == 20, "all of the other token");
	token_abandon(t, &w->job);
	hsm_say("login-one", false);
	settle(loop);
	token_key_unref(one);
	token_key_unref(two);
	tokens_free(t);
}

static void queueing(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 1, 4, 60000);
	struct token_key *one = key_new(t, ONE);
	struct work *w[5];
	enum sk_err err = SK_OK;
	int n = 0, stalled = hsm_calls("stall");

	wait_healed(loop, t, one);
	hsm_say("stall-one", true);
	forget();
	while (n < 5 && !err) {
		err = submit(t, one, n, &w[n]);
		n += !err;
		hsm_wait_calls("stall", stalled + 1); /* the thread takes the first */
	}
	CHECK(err == SK_OK && n == 5, "one under way, four wait");
	CHECK(submit(t, one, 9, NULL) == SK_BUSY && tokens_counters(t)->refused_busy == 1, "full");
	token_abandon(t, &w[2]->job);
	CHECK(dropped == 1, "at once, since no thread has it");
	CHECK(submit(t, one, 5, &w[2]) == SK_OK, "room again");
	hsm_say("stall-one", false);
	wait_done(loop, 5);
	CHECK(order[0] == 0 && order[1] == 1 && order[2] == 3 && order[3] == 4 && order[4] == 5,
	      "in order");
	token_key_unref(one);
	tokens_free(t);
}

/* A result that waits for the loop may still be abandoned. */
static void abandoning(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 2, 16, 60000);
	struct token_key *one = key_new(t, ONE);
	struct work *w;

	wait_healed(loop, t, one);
	forget();
	CHECK(submit(t, one, 0, &w) == SK_OK, "asked");
	while (ran < 1)
		usleep(1000);
	usleep(20000); /* likely it is a result by now; if it is not, much the same holds */
	token_abandon(t, &w->job);
	settle(loop);
	CHECK(done == 0, "dropped, not done");
	token_key_unref(one);
	tokens_free(t);
}

/* In a process of its own: a thread hangs, and the end comes all the same. */
static void ending(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct loop *loop = loop_new();
		struct tokens *t = open_tokens(loop, 2, 16, 60000);
		struct token_key *one = key_new(t, ONE);
		struct work *w;

		hsm_patience = 0; /* the end waits for the thread as long as ever */
		wait_healed(loop, t, one);
		hsm_say("stall-one", true);
		if (submit(t, one, 0, &w))
			_exit(1);
		hsm_wait_calls("stall", 1);
		token_abandon(t, &w->job);
		token_key_unref(one);
		tokens_free(t);
		loop_free(loop);
		exit(7);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		      WEXITSTATUS(status) == 7,
	      "status %x", (unsigned)status);
	hsm_say("stall-one", false);
}

static void make_tokens(void)
{
	EVP_PKEY *p384 = EVP_EC_gen("P-384"), *rsa = EVP_RSA_gen(2048);

	hsm_token("one");
	hsm_token("two");
	for (size_t i = 0; i < SK_COUNT(keys); i++)
		keys[i] = EVP_EC_gen("P-256");
	hsm_key("one", "k1", keys[0]);
	hsm_key("two", "k2", keys[1]);
	hsm_key("one", "k3", keys[2]);
	hsm_key("one", "p384", p384);
	hsm_key("one", "rsa", rsa);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(rsa);
}

int main(int argc, char **argv)
{
	struct loop *loop;

	if (argc != 2)
		return 2;
	module = argv[1];
	hsm_begin();
	make_tokens();
	ending();
	loop = loop_new();
	naming();
	beginning();
	checking();
	signing(loop);
	naming_again(loop);
	going_away(loop);
	coming_late(loop);
	changing(loop);
	failing(loop);
	wrong_pin(loop);
	stalling(loop);
	stalled_login(loop);
	queueing(loop);
	abandoning(loop);
	loop_free(loop);
	for (size_t i = 0; i < SK_COUNT(keys); i++)
		EVP_PKEY_free(keys[i]);
	hsm_end();
	hsm_leave(check_result());
}
