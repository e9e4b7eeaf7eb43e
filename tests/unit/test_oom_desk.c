/*
 * Every allocation between a question and its answer fails once: as when memory is gone, and
 * alone.  What comes of it is right, a fault of ours, or nothing was begun; never a pass for what
 * must not pass, never half an Identity.
 *
 * As in test_oom_front.c, jansson goes on with a shorter text when its buffer alone cannot grow:
 * then the token may be blamed, and still may not pass.
 */
#include "tests/check.h"
#include "tests/unit/desk_kit.h"
#include "tests/unit/starve.h"

#include <jansson.h>
#include <openssl/crypto.h>

static void *json_alloc(size_t size)
{
	return spend() ? __real_malloc(size) : NULL;
}

struct scene {
	const char *name, *yaml;
	enum task task;
	bool fetched, spoiled;
	enum sk_err want;
};

#define CLIENT "clients: {c: {sources: [127.0.0.0/8], attest: A}}\n"

static const struct scene scenes[] = {
	{ "sign", RIG_SIGN CLIENT, TASK_SIGN, false, false, SK_OK },
	{ "verify", RIG_TRUST RIG_MAP CLIENT, TASK_VERIFY, false, false, SK_OK },
	{ "verify, fetched", RIG_TRUST CLIENT, TASK_VERIFY, true, false, SK_OK },
	{ "a wrong signature", RIG_TRUST RIG_MAP CLIENT, TASK_VERIFY, false, true,
	  SK_BAD_SIGNATURE },
};

static void spoil(char *identity)
{
	char *at = strstr(identity, ";info") - 10;

	*at = *at == 'A' ? 'B' : 'A';
}

/* One question, half an hour later.  @return what desk_ask() returned */
static enum sk_err play(struct desk_kit *k, const struct scene *s, long allowed)
{
	static unsigned number;
	struct asked a = kit_asked(s->task);
	char identity[SK_IDENTITY_SIZE], x5u[64] = RIG_X5U;
	enum sk_err err;

	k->rig->wall += 1800;
	k->rig->mono += 1800000;
	if (s->fetched)
		snprintf(x5u, sizeof(x5u), "https://h%u.example.org/c.pem", number++);
	rig_token(&(struct rig_token){ .ppt = SK_PPT_SHAKEN, .iat = k->rig->wall, .x5u = x5u },
		  identity, sizeof(identity));
	if (s->spoiled)
		spoil(identity);
	hit = false;
	budget = allowed;
	err = kit_ask(k, &a, s->task == TASK_VERIFY ? identity : NULL, "");
	if (k->rig->job_count > 0)
		rig_serve(k->rig, SK_OK);
	budget = -1;
	return err;
}

static void judge(const struct desk_kit *k, const struct scene *s, enum sk_err err, long n)
{
	CHECK(desk_waiting(k->desk) == 0, "%s, %ld: nobody waits", s->name, n);
	CHECK(k->answers == (err ? 0 : 1), "%s, %ld: %u answers", s->name, n, k->answers);
	if (err) {
		CHECK(err == SK_ENOMEM, "%s, %ld: %s", s->name, n, sk_err_name(err));
		return;
	}
	if (k->err == s->want)
		return;
	CHECK(k->err != SK_OK && k->identity[0] == '\0', "%s, %ld: %s", s->name, n,
	      sk_err_name(k->err));
	if (only_one && s->task == TASK_VERIFY)
		return; /* jansson: see above */
	CHECK(sk_err_class(k->err) == SK_CLASS_OURS, "%s, %ld: %s", s->name, n,
	      sk_err_name(k->err));
}

static long sweep(const struct scene *s, bool one)
{
	struct desk_kit k;
	enum sk_err err;
	long n = 0;

	kit_begin(&k, s->yaml);
	only_one = one;
	do {
		err = play(&k, s, n);
		judge(&k, s, err, n);
		if (!hit)
			break;
		CHECK(!play(&k, s, -1) && k.err == s->want, "%s, %ld: right again", s->name, n);
		n += n < 60 ? 1
			    : 7; /* far up it is the reading of certificates: test_oom_front.c */
	} while (n < 10000);
	kit_end(&k);
	return n;
}

static void start(void)
{
	struct desk_kit k;
	long n = 0;

	kit_begin(&k, RIG_TRUST CLIENT "verify: {replay: report}\n");
	do {
		desk_free(k.desk);
		k.desk = NULL;
		hit = false;
		only_one = false;
		budget = n;
		CHECK(!kit_open(&k) || !hit, "%ld: it tells", n);
		budget = -1;
	} while (hit && ++n < 100);
	CHECK(n >= 3 && n < 100, "%ld allocations", n);
	kit_end(&k);
}

int main(void)
{
	if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free))
		return 1;
	json_set_alloc_funcs(json_alloc, free);
	for (size_t i = 0; i < SK_COUNT(scenes); i++) {
		long all = sweep(&scenes[i], false), one = sweep(&scenes[i], true);

		CHECK(all > 1 && all < 10000 && one > 1 && one < 10000, "%s: %ld and %ld",
		      scenes[i].name, all, one);
	}
	start();
	return check_result();
}
