/*
 * Keys of one URI are one, whoever names it: a reload opens nothing again.  But each has the
 * certificate of its own that it is compared with, at every signature, since the token may
 * have come back as another one.
 */
#include "redirector/keys/token_state.h"

#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- signing --- */

/* Does the open key belong to the certificate? */
static enum sk_err check_wanted(const struct token_key *key)
{
	const EVP_PKEY *wanted = key->wanted;

	return !wanted || EVP_PKEY_eq(key->object->pkey, wanted) == 1 ? SK_OK : SK_KEY_MISMATCH;
}

/* @param sig  NULL: only look whether the key is there */
static enum sk_err use_once(struct token_key *key, struct sk_span msg, uint8_t *sig,
			    uint64_t *generation)
{
	struct token_object *o = key->object;
	enum sk_err err = object_enter(key->tokens, o, generation);

	if (err)
		return err;
	err = check_wanted(key);
	if (!err && sig && !pkcs11_sign(o->pkey, msg, sig))
		err = SK_SIGNER_AWAY;
	object_leave(key->tokens);
	return err;
}

static enum sk_err use(struct token_key *key, struct sk_span msg, uint8_t *sig)
{
	struct tokens *t = key->tokens;
	uint64_t generation;
	enum sk_err err = use_once(key, msg, sig, &generation);

	if ((err == SK_SIGNER_AWAY || err == SK_KEY_MISMATCH) && tokens_restart(t, generation))
		err = use_once(key, msg, sig, &generation);
	object_settle(t, key->object, err);
	return err;
}

static enum sk_err key_sign(struct sk_signer *self, struct sk_span msg, uint8_t sig[SK_SIG_LEN])
{
	struct token_key *key = (struct token_key *)self;
	enum sk_err err = use(key, msg, sig);

	if (err)
		key->tokens->counters.failed++;
	else
		key->tokens->counters.signed_ok++;
	return err;
}

struct sk_signer *token_key_signer(struct token_key *key)
{
	return &key->signer;
}

/* --- the check --- */

/* Belongs to him who waits and to the job: the last one frees. */
struct check {
	struct token_job job;
	_Atomic int refs;
	enum sk_err err;
	bool ended;
};

static void check_drop(struct token_job *job)
{
	struct check *c = (struct check *)job;

	if (atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	token_key_unref(c->job.key);
	free(c);
}

static void check_run(struct token_job *job)
{
	struct check *c = (struct check *)job;
	struct tokens *t = job->key->tokens;
	enum sk_err err = use(job->key, (struct sk_span){ NULL, 0 }, NULL);

	pthread_mutex_lock(&t->lock);
	c->err = err;
	c->ended = true;
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
}

static void want(struct token_key *key, const struct sk_chain *chain)
{
	EVP_PKEY *leaf = X509_get_pubkey(sk_chain_at(chain, 0));

	EVP_PKEY_free(atomic_exchange(&key->wanted, leaf));
}

static enum sk_err wait_for(struct tokens *t, struct check *c)
{
	int64_t until = clock_real_mono(NULL) + TOKEN_CHECK_MS;
	enum sk_err err;

	pthread_mutex_lock(&t->lock);
	while (!c->ended && tokens_wait(t, until))
		;
	err = c->ended ? c->err : SK_SIGNER_AWAY;
	pthread_mutex_unlock(&t->lock);
	return err;
}

enum sk_err token_key_check(struct token_key *key, const struct sk_chain *chain)
{
	struct check *c = calloc(1, sizeof(*c));
	enum sk_err err = SK_SIGNER_AWAY;

	want(key, chain);
	if (!c || key->tokens->name_only) {
		free(c);
		return SK_SIGNER_AWAY;
	}
	c->job = (struct token_job){
		.run = check_run, .done = check_drop, .drop = check_drop, .key = key
	};
	c->refs = 2;
	atomic_fetch_add(&key->refs, 1);
	if (token_submit(key->tokens, &c->job))
		check_drop(&c->job);
	else
		err = wait_for(key->tokens, c);
	check_drop(&c->job);
	return err;
}

/* --- life --- */

/* The token of that name; made when there is none (lock held). */
static struct token_slot *find_slot(struct tokens *t, struct sk_span name)
{
	struct token_slot *slot = t->slots;

	while (slot && !sk_span_eq(name, sk_span_of(slot->name)))
		slot = slot->next;
	if (slot)
		return slot;
	slot = calloc(1, sizeof(*slot) + name.len + 1);
	if (!slot)
		return NULL;
	memcpy(slot->name, name.ptr, name.len);
	slot->next = t->slots;
	t->slots = slot;
	t->slot_count++;
	return slot;
}

static struct token_object *find_object(struct tokens *t, const char *uri, struct sk_span name)
{
	struct token_object *o = t->objects;
	size_t len = strlen(uri);

	while (o && strcmp(o->uri, uri) != 0)
		o = o->next;
	if (o)
		return o;
	o = calloc(1, sizeof(*o) + len + 1);
	if (!o)
		return NULL;
	o->slot = find_slot(t, name);
	if (!o->slot) {
		free(o);
		return NULL;
	}
	memcpy(o->uri, uri, len + 1);
	o->why = "";
	o->next = t->objects;
	t->objects = o;
	return o;
}

bool token_key_new(struct tokens *t, const char *uri, struct token_key **out,
		   char why[TOKEN_WHY_SIZE])
{
	struct sk_span name;
	struct token_key *key;

	if (!token_uri_read(uri, &name, why))
		return false;
	snprintf(why, TOKEN_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	key = calloc(1, sizeof(*key));
	if (!key)
		return false;
	key->signer.sign = key_sign;
	key->refs = 1;
	key->tokens = t;
	pthread_mutex_lock(&t->lock);
	key->object = find_object(t, uri, name);
	if (key->object)
		key->object->refs++;
	pthread_mutex_unlock(&t->lock);
	if (!key->object) {
		free(key);
		return false;
	}
	*out = key;
	return true;
}

void token_key_unref(struct token_key *key)
{
	struct tokens *t = key ? key->tokens : NULL;

	if (!key || atomic_fetch_sub(&key->refs, 1) > 1)
		return;
	pthread_mutex_lock(&t->lock);
	if (--key->object->refs == 0) {
		t->unused = true;
		pthread_cond_signal(&t->work);
	}
	pthread_mutex_unlock(&t->lock);
	EVP_PKEY_free(key->wanted);
	free(key);
}
