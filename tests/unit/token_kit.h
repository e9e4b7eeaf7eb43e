/**
 * @file token_kit.h  Two tokens behind a library that stalls and fails when it is told to, and
 * signatures that are asked of them
 */
#pragma once

#include "redirector/keys/token.h"
#include "tests/unit/hsm.h"
#include "tests/unit/pki.h"

#include <stdio.h>
#include <stdlib.h>

#define ONE "pkcs11:token=one;object=k1;type=private"
#define TWO "pkcs11:token=two;object=k2;type=private"

static char *module;
static _Atomic int64_t now = 1000000; /* moves by hand: no job takes long unless it is told to */

static inline int64_t by_hand(const struct clock *self)
{
	(void)self;
	return now;
}

static struct clock hand = { clock_real_wall, by_hand };

static inline struct tokens *open_tokens(struct loop *loop, int64_t threads, int64_t queue,
					 int64_t retry)
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

static EVP_PKEY *keys[3]; /* of k1, k2, k3: another of token one */

static inline struct sk_chain *chain_for(EVP_PKEY *key)
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

static inline struct token_key *key_new(struct tokens *t, const char *uri)
{
	char why[TOKEN_WHY_SIZE];
	struct token_key *key = NULL;

	if (!token_key_new(t, uri, &key, why)) {
		fprintf(stderr, "%s: %s\n", uri, why);
		exit(1);
	}
	return key;
}

struct work {
	struct token_job job;
	int number;
	enum sk_err err;
	uint8_t sig[SK_SIG_LEN];
};

static _Atomic int ran, dropped;
static int done, good, pending, order[512]; /* pending: neither done nor dropped */

static inline void on_run(struct token_job *job)
{
	struct work *w = (struct work *)job;
	struct sk_signer *signer = token_key_signer(job->key);

	w->err = signer->sign(signer, SK_SPAN("what is signed"), w->sig);
	ran++;
}

static inline void on_done(struct token_job *job)
{
	struct work *w = (struct work *)job;

	order[done++] = w->number;
	good += !w->err;
	pending--;
	free(w);
}

static inline void on_drop(struct token_job *job)
{
	free(job);
	dropped++;
}

static inline struct work *work_new(struct token_key *key, int number)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		exit(1);
	w->job = (struct token_job){ .run = on_run, .done = on_done, .drop = on_drop, .key = key };
	w->number = number;
	return w;
}

static inline enum sk_err submit(struct tokens *t, struct token_key *key, int number,
				 struct work **out)
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

static inline void forget(void)
{
	done = good = 0;
	ran = 0;
}

/* Until so many are done; a test that waits for ever is ended by its frame. */
static inline void wait_done(struct loop *loop, int count)
{
	while (done < count)
		loop_step(loop, 50);
}

/* Until nothing is under way. */
static inline void settle(struct loop *loop)
{
	while (pending > dropped)
		loop_step(loop, 10);
	pending = 0;
	dropped = 0;
}

/* Until it signs again; the key is left alone for a while, which passes at once. */
static inline void wait_healed(struct loop *loop, struct tokens *t, struct token_key *key)
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

/* Two tokens with their keys, behind this library. */
static inline void kit_begin(char *library)
{
	EVP_PKEY *p384 = EVP_EC_gen("P-384"), *rsa = EVP_RSA_gen(2048);

	module = library;
	hsm_begin();
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

static inline void kit_end(void)
{
	for (size_t i = 0; i < SK_COUNT(keys); i++)
		EVP_PKEY_free(keys[i]);
	hsm_end();
}
