/*
 * Every allocation between a datagram and its answer fails once: ours (the linker
 * wraps malloc), OpenSSL's and jansson's; as when memory is gone, and alone.  The
 * answer is the right one, one without Identity or verdict, or none; never one
 * that blames the caller, never a pass for what must not pass.
 *
 * Left out are the allocations of the SIP library, which takes them from the C
 * library by itself.  jansson goes on with a shorter text when its buffer alone
 * cannot grow: then the token may be blamed, and still may not pass.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"
#include "tests/unit/starve.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

static void *json_alloc(size_t size)
{
	return spend() ? __real_malloc(size) : NULL;
}

struct scene {
	const char *name, *conf;
	bool identity, fetched; /* the INVITE has one; its certificate comes from far away */
	bool spoiled;           /* its signature is wrong                                  */
	const char *uri;        /* where it goes; NULL: to the party of To                 */
	const char *want;       /* in the answer when nothing fails           */
};

#define ELSEWHERE "sip:+12155551214@sti.example.net;user=phone"
#define MAP       "certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}"
#define BESIDE \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: A, x5u: \"" RIG_X5U \
	"\", div: yes, rcd: passport, rph: [esnet.1]}\ntenant: {mode: sign}\n"

/* clang-format off */
static const struct scene scenes[] = {
	{ "sign", RIG_SIGN "tenant: {mode: sign}\n", false, false, false, NULL, "\r\nIdentity: ey" },
	{ "sign, rcd and rph beside", BESIDE, false, false, false, NULL, "\r\nIdentity: ey" },
	{ "sign div", BESIDE, true, false, false, ELSEWHERE, ";ppt=div" },
	{ "verify, from the map", RIG_TRUST RIG_MAP "tenant: {mode: verify}\n", true, false, false, NULL, ";verstat=TN-Validation-Passed>" },
	{ "verify all", RIG_TRUST "verify: {div: yes, rph: yes, rcd: yes, replay: report, " MAP "}\ntenant: {mode: verify}\n",
	  true, false, false, NULL, ";verstat=TN-Validation-Passed>" },
	{ "verify, fetched", RIG_TRUST "tenant: {mode: verify}\n", true, true, false, NULL, ";verstat=TN-Validation-Passed>" },
	{ "wrong signature", RIG_TRUST "tenant: {mode: verify}\nverify: {on-failure: reject, certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}}\n", true, false, true,
	  NULL, "SIP/2.0 438 " },
};
/* clang-format on */

static void spoil(char *identity)
{
	char *at = strstr(identity, ";info") - 10;

	*at = *at == 'A' ? 'B' : 'A';
}

/* One INVITE while allocations fail.  @return the answer, "" without one */
static const char *play(struct rig *r, const struct scene *s, const char *more, long allowed)
{
	char text[8192], branch[32];
	static unsigned number;
	struct dial d = { .more = more, .branch = branch, .uri = s->uri };
	size_t len;

	snprintf(branch, sizeof(branch), "z9hG4bK%u", number++);
	len = rig_print(&d, text, sizeof(text));
	hit = false;
	budget = allowed;
	rig_datagram(r, text, len, 0);
	if (r->job_count > 0)
		rig_serve(r, SK_OK);
	budget = -1;
	CHECK(rig_answers(r) <= 1, "%s, %ld: one answer", s->name, allowed);
	CHECK(front_waiting(r->front) == 0, "%s, %ld: nobody waits", s->name, allowed);
	return rig_take(r);
}

static void judge_answer(const struct scene *s, const char *answer, long n)
{
	bool right = strstr(answer, s->want) != NULL;

	CHECK(!s->spoiled || !strstr(answer, "Passed"), "%s, %ld: %s", s->name, n, answer);
	if (right || answer[0] == '\0')
		return;
	CHECK(!strstr(answer, "\r\nIdentity:"), "%s, %ld: half an Identity: %s", s->name, n,
	      answer);
	if (only_one && s->identity)
		return; /* jansson: see above */
	CHECK(strncmp(answer, "SIP/2.0 302 ", 12) == 0, "%s, %ld: blames the caller: %s", s->name,
	      n, answer);
	CHECK(!strstr(answer, "Reason:") && !strstr(answer, "-Failed") && !strstr(answer, "Passed"),
	      "%s, %ld: %s", s->name, n, answer);
}

/* Half an hour later, so that nothing is remembered, with a certificate nobody has asked for yet.
 */
static void move_on(struct rig *r, const struct scene *s, char *more, size_t size)
{
	static unsigned number;
	char x5u[64] = RIG_X5U;

	r->wall += 1800;
	r->mono += 1800000;
	if (s->fetched)
		snprintf(x5u, sizeof(x5u), "https://h%u.example.org/c.pem", number++);
	snprintf(more, size, "Resource-Priority: esnet.1\r\n");
	if (s->identity)
		rig_identity(r, x5u, RIG_ORIG, RIG_DEST, r->wall, more + strlen(more),
			     size - strlen(more));
	if (s->spoiled)
		spoil(more);
}

static long sweep(const struct scene *s, bool one)
{
	struct rig *r = rig_new(s->conf);
	char more[8192];
	long n = 0;

	only_one = one;
	do {
		move_on(r, s, more, sizeof(more));
		judge_answer(s, play(r, s, more, n), n);
		if (!hit)
			break;
		r->mono += 700000; /* what was remembered of the failure is over */
		CHECK(strstr(play(r, s, more, -1), s->want), "%s, %ld: right again", s->name, n);
	} while (++n < 10000);
	rig_free(r);
	return n;
}

int main(void)
{
	if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free))
		return 1;
	json_set_alloc_funcs(json_alloc, free);
	for (size_t i = 0; i < SK_COUNT(scenes); i++) {
		long all = sweep(&scenes[i], false), one = sweep(&scenes[i], true);

		CHECK(all > 5 && all < 10000 && one > 5 && one < 10000, "%s: %ld and %ld",
		      scenes[i].name, all, one);
		printf("%s: %ld and %ld allocations\n", scenes[i].name, all, one);
	}
	return check_result();
}
