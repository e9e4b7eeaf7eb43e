/*
 * Many threads may sign at once, one may open a key beside them, and nobody may be in the
 * library while it is started anew.  Whoever waits for his turn waits a moment and then
 * goes without: behind the lock of a library that hangs nothing would ever end.
 *
 * What surprises: starting anew is the only cure that is tried.  A library tells the same
 * error for a session that has timed out, a token that was away for a moment and one that
 * was restored from a copy, and after C_Finalize() all of them are the same.
 */
#include "redirector/keys/token_state.h"

#include "redirector/keys/secret.h"

#include <stdlib.h>
#include <string.h>

/* (lock held) */
static bool wait_turn(struct tokens *t, bool opening)
{
	int64_t until = clock_real_mono(NULL) + TOKEN_TURN_MS;

	while (t->stopping || (opening && t->opening))
		if (!tokens_wait(t, until))
			return false;
	return true;
}

/* --- the PIN --- */

static struct pin_mark mark_of(const char *path)
{
	struct stat st;

	if (path[0] == '\0' || stat(path, &st) != 0)
		return (struct pin_mark){ 0 };
	return (struct pin_mark){ true, st.st_dev, st.st_ino, st.st_size, st.st_mtim };
}

static bool is_same(const struct pin_mark *a, const struct pin_mark *b)
{
	return a->set && b->set && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Read each time, so that a new PIN needs no restart and none of ours stays in memory. */
static enum pkcs11_fault open_with_pin(struct tokens *t, const char *uri, EVP_PKEY **out)
{
	char why[FILE_WHY_SIZE];
	enum pkcs11_fault fault;
	char *pin = NULL;
	size_t len;

	if (t->pin_file[0] == '\0')
		return pkcs11_open(t->library, uri, NULL, out);
	if (!secret_read(t->pin_file, TOKEN_PIN_MAX, &pin, &len, why))
		return PKCS11_PIN;
	pin[strcspn(pin, "\r\n")] = '\0';
	fault = pkcs11_open(t->library, uri, pin, out);
	file_free(pin, len);
	return fault;
}

/* --- in and out --- */

static const char *fault_text(enum pkcs11_fault fault)
{
	switch (fault) {
	case PKCS11_LIBRARY:
		return "the library does not start";
	case PKCS11_PIN:
		return "the token does not take the PIN; the same one is not tried again";
	case PKCS11_OBJECT:
		return "no such token, or no such key in it";
	case PKCS11_KIND:
		return "no private key on P-256";
	case PKCS11_NONE:
	default:
		return "";
	}
}

static bool is_in_use(const struct tokens *t)
{
	for (const struct token_object *o = t->objects; o; o = o->next)
		if (o->pkey)
			return true;
	return false;
}

/* (lock held; lets go of it while the library is asked) */
static enum sk_err open_object(struct tokens *t, struct token_object *o)
{
	struct pin_mark mark = mark_of(t->pin_file);
	enum pkcs11_fault fault;
	EVP_PKEY *pkey = NULL;

	if (is_same(&mark, &o->slot->refused))
		return SK_SIGNER_AWAY;
	t->opening = true;
	t->users++;
	pthread_mutex_unlock(&t->lock);
	fault = open_with_pin(t, o->uri, &pkey);
	pthread_mutex_lock(&t->lock);
	t->users--;
	t->opening = false;
	pthread_cond_broadcast(&t->moved);
	o->pkey = pkey;
	if (fault == PKCS11_NONE)
		return SK_OK;
	if (fault == PKCS11_PIN)
		o->slot->refused = mark;
	if (fault == PKCS11_LIBRARY && !is_in_use(t))
		t->dead_until = tokens_now(t) + t->retry_ms;
	o->why = fault_text(fault);
	return fault == PKCS11_KIND ? SK_KEY_INVALID : SK_SIGNER_AWAY;
}

enum sk_err object_enter(struct tokens *t, struct token_object *o, uint64_t *generation)
{
	enum sk_err err = SK_SIGNER_AWAY;

	pthread_mutex_lock(&t->lock);
	*generation = t->generation;
	if (wait_turn(t, false) && (o->pkey || wait_turn(t, true))) {
		*generation = t->generation;
		/* another thread may have opened it meanwhile */
		err = o->pkey ? SK_OK : open_object(t, o);
	} else {
		o->why = "the library is held by another token";
	}
	t->users += !err;
	pthread_mutex_unlock(&t->lock);
	return err;
}

void object_leave(struct tokens *t)
{
	pthread_mutex_lock(&t->lock);
	t->users--;
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
}

void object_settle(struct tokens *t, struct token_object *o, enum sk_err err)
{
	bool was_failed;

	pthread_mutex_lock(&t->lock);
	was_failed = o->failed;
	o->failed = err == SK_SIGNER_AWAY || err == SK_KEY_INVALID;
	if (!o->failed)
		o->why = "";
	else if (o->why[0] == '\0')
		o->why = "the token does not sign";
	o->trying = false;
	o->away_until = tokens_now(t) + t->retry_ms;
	o->is_news |= was_failed != o->failed;
	if (o->is_news)
		tokens_wake(t);
	pthread_mutex_unlock(&t->lock);
}

/* --- anew --- */

static void close_keys(struct token_object *first)
{
	for (struct token_object *o = first; o; o = o->next) {
		pkcs11_close(o->pkey);
		o->pkey = NULL;
	}
}

static bool is_hung(const struct tokens *t)
{
	for (const struct token_slot *slot = t->slots; slot; slot = slot->next)
		if (slot_is_stuck(t, slot))
			return true;
	return false;
}

/* Nobody comes in any more; those inside leave soon, or the attempt is off. (lock held) */
static bool empty_library(struct tokens *t)
{
	int64_t until = clock_real_mono(NULL) + TOKEN_TURN_MS;

	t->stopping = true;
	while (t->users > 0)
		if (!tokens_wait(t, until))
			break;
	if (t->users == 0)
		return true;
	t->stopping = false;
	pthread_cond_broadcast(&t->moved);
	return false;
}

/* While `stopping` is set nobody takes a key out of the list, and new ones are not open.  (lock
 * held; lets go of it while the library is asked) */
static void restart(struct tokens *t)
{
	struct token_object *first = t->objects;

	t->generation++;
	t->began = tokens_now(t);
	t->counters.restarts++;
	pthread_mutex_unlock(&t->lock);
	close_keys(first);
	pkcs11_stop(t->library);
	pthread_mutex_lock(&t->lock);
	t->stopping = false;
	pthread_cond_broadcast(&t->moved);
}

bool tokens_restart(struct tokens *t, uint64_t generation)
{
	bool again;

	pthread_mutex_lock(&t->lock);
	again = generation != t->generation;
	if (!again && !t->stopping && !is_hung(t) && tokens_now(t) - t->began >= t->retry_ms &&
	    empty_library(t)) {
		restart(t);
		again = true;
	}
	pthread_mutex_unlock(&t->lock);
	return again;
}

void tokens_reap(struct tokens *t)
{
	struct token_object **at = &t->objects, *gone = NULL;

	t->unused = false;
	while (*at) {
		struct token_object *o = *at;

		if (o->refs > 0) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		o->next = gone;
		gone = o;
	}
	t->users++;
	pthread_mutex_unlock(&t->lock);
	while (gone) {
		struct token_object *next = gone->next;

		pkcs11_close(gone->pkey);
		free(gone);
		gone = next;
	}
	pthread_mutex_lock(&t->lock);
	t->users--;
	pthread_cond_broadcast(&t->moved);
}

void tokens_close(struct tokens *t)
{
	close_keys(t->objects);
	pkcs11_free(t->library);
	t->library = NULL;
}
