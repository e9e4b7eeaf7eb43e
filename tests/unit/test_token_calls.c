/*
 * Calls whose key is in a token, beside calls whose key is in a file: who waits, who does not,
 * and what a call gets when the token does not answer.  Arguments: the stalling library.
 */
#include "tests/check.h"
#include "tests/unit/hsm.h"
#include "tests/unit/rig.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>
#include <unistd.h>

#define FILE_FROM  "\"Ann\" <sip:+14045550100@a.example;user=phone>"
#define TOKEN_FROM "\"Bob\" <sip:+12155551212@a.example;user=phone>"
#define PATIENT    "sip: {deadline: 30s}\ncerts: {wait: 30s}\n" /* the shorter one counts */

static char *module, conf[4096];
static EVP_PKEY *key;

/* +1404... by a key in a file, all others by the token.  A token has time, unless told else. */
static struct rig *rig_queue(int queue, const char *more)
{
	snprintf(conf, sizeof(conf),
		 "hsm: {module: \"%s\", pin-file: \"%s\", queue: %d, retry: 5s}\n%s"
		 "sign: {attest: A, key: \"pkcs11:token=one;object=k1\", certificate: \"%s\","
		 " x5u: \"" RIG_X5U "\", rph: [esnet.1], rcd: passport}\n"
		 "credentials:\n  file: {key: \"@/key.pem\", certificate: \"@/chain.pem\","
		 " x5u: \"" RIG_X5U "\", numbers: [\"+1404*\"]}\n"
		 "tenant: {mode: sign}\n%s",
		 module, hsm_path("pin"), queue, strstr(more, "sip:") ? "" : PATIENT,
		 hsm_path("chain.pem"), more);
	return rig_new(conf);
}

static struct rig *rig(const char *more)
{
	return rig_queue(64, more);
}

static const char *dial(struct rig *r, const char *from, unsigned number)
{
	char branch[32], call_id[32];
	const struct dial d = { .from = from,
				.branch = branch,
				.call_id = call_id,
				.more = "Resource-Priority: esnet.1\r\n" };

	snprintf(branch, sizeof(branch), "z9hG4bK-%u", number);
	snprintf(call_id, sizeof(call_id), "call-%u", number);
	return rig_dial(r, &d);
}

static int identities(const char *answer)
{
	int n = 0;

	for (const char *at = answer; (at = strstr(at, "\r\nIdentity: ")); at++)
		n++;
	return strncmp(answer, "SIP/2.0 302 ", 12) == 0 ? n : -1;
}

/* Is the first Identity signed by the token's key, and by none else? */
static bool is_by_token(const char *answer, const struct sk_chain *chain)
{
	static struct sk_passport passport;
	const char *at = strstr(answer, "\r\nIdentity: ");
	struct sk_identity identity;
	struct sk_span value;

	if (!at)
		return false;
	at += 12;
	value = (struct sk_span){ at, strcspn(at, "\r") };
	return !sk_identity_parse(value, &identity) &&
	       !sk_passport_parse(identity.token, &passport) &&
	       !sk_chain_verify(chain, passport.token.signed_part, passport.sig);
}

static struct sk_chain *make_chain(void)
{
	static struct pki_text text;
	const struct pki_spec usual = { 0 };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert leaf = pki_issue(&usual, PKI_LEAF, &root, key);
	struct sk_chain *chain = NULL;

	pki_add_cert(&text, leaf.cert);
	text.text[text.len] = '\0';
	hsm_write("chain.pem", text.text);
	if (sk_chain_new(text.text, text.len, &chain))
		exit(1);
	pki_drop(&leaf);
	pki_drop(&root);
	return chain;
}

static void signing(const struct sk_chain *chain)
{
	struct rig *r = rig("");
	const char *answer = dial(r, TOKEN_FROM, 1);

	CHECK(answer[0] == '\0' && front_waiting(r->front) == 1, "it rests");
	answer = rig_wait(r);
	CHECK(identities(answer) == 3, "shaken, rph and rcd: %s", answer);
	CHECK(is_by_token(answer, chain), "by the token's key");
	CHECK(front_waiting(r->front) == 0 && rig_answers(r) == 0, "and that is all");
	answer = dial(r, FILE_FROM, 2);
	CHECK(identities(answer) == 3 && !is_by_token(answer, chain), "the other key, at once");
	CHECK(rig_tally(r, "default", TALLY_SIGNED) == 2, "counted");
	rig_free(r);
}

/* A repeat while the first is under way: each gets its answer. */
static void repeating(void)
{
	struct rig *r = rig("");

	hsm_say("stall-one", true);
	CHECK(dial(r, TOKEN_FROM, 1)[0] == '\0' && dial(r, TOKEN_FROM, 1)[0] == '\0', "both rest");
	CHECK(front_waiting(r->front) == 2, "both");
	hsm_say("stall-one", false);
	CHECK(identities(rig_wait(r)) == 3, "the first");
	CHECK(identities(rig_wait(r)) == 3, "the repeat");
	rig_free(r);
}

/* Once its threads are back; a call has no time to spare here. */
static bool signs_again(struct rig *r)
{
	const char *answer;

	for (unsigned i = 0; i < 1000; i++) {
		answer = dial(r, TOKEN_FROM, 41 + i);
		if (answer[0] == '\0')
			answer = rig_wait(r);
		if (identities(answer) == 3)
			return true;
		loop_step(r->loop, 10);
	}
	return false;
}

static void stalling(void)
{
	struct rig *r = rig("sip: {deadline: 100ms}\n");
	const char *answer;
	int stalled = hsm_calls("stall");

	hsm_say("stall-one", true);
	for (unsigned i = 0; i < 10; i++)
		CHECK(dial(r, TOKEN_FROM, i)[0] == '\0', "call %u rests", i);
	hsm_wait_calls("stall", stalled + 1);
	for (unsigned i = 10; i < 30; i++) {
		answer = dial(r, FILE_FROM, i);
		CHECK(identities(answer) == 3, "call %u does not", i);
	}
	for (unsigned i = 0; i < 10; i++) {
		answer = rig_wait(r);
		CHECK(identities(answer) == 0, "goes on unsigned: %s", answer);
	}
	CHECK(front_waiting(r->front) == 0, "none waits any more");
	CHECK(r->counters.outcomes[SK_SIGNER_AWAY] == 10, "counted");
	CHECK(tokens_counters(r->tokens)->abandoned == 10, "abandoned");
	r->mono += 1000;
	answer = dial(r, TOKEN_FROM, 40);
	CHECK(identities(answer) == 0, "now it is known to hang: at once");
	hsm_say("stall-one", false);
	for (int i = 0; i < 20; i++)
		loop_step(r->loop, 10);
	CHECK(rig_answers(r) == 0, "what came late came to nothing");
	CHECK(signs_again(r), "it signs again");
	rig_free(r);
}

static void waiting_too_many(void)
{
	struct rig *r = rig("limits: {waiting: 2}\n");

	hsm_say("stall-one", true);
	CHECK(dial(r, TOKEN_FROM, 1)[0] == '\0' && dial(r, TOKEN_FROM, 2)[0] == '\0', "two rest");
	CHECK(identities(dial(r, TOKEN_FROM, 3)) == 0, "a third does not");
	CHECK(r->counters.outcomes[SK_BUSY] == 1, "counted");
	CHECK(identities(dial(r, FILE_FROM, 4)) == 3, "nor need it");
	hsm_say("stall-one", false);
	CHECK(identities(rig_wait(r)) == 3 && identities(rig_wait(r)) == 3, "the two");
	CHECK(dial(r, TOKEN_FROM, 5)[0] == '\0' && identities(rig_wait(r)) == 3, "room again");
	rig_free(r);
}

static void queueing(void)
{
	struct rig *r = rig_queue(4, "");
	int busy = 0;

	hsm_say("stall-one", true);
	for (unsigned i = 0; i < 12; i++)
		busy += identities(dial(r, TOKEN_FROM, i)) == 0;
	/* hsm.queue is 4, and a thread or two have one each */
	CHECK(busy >= 6 && busy <= 8, "%d", busy);
	CHECK(r->counters.outcomes[SK_BUSY] == (uint64_t)busy, "counted");
	hsm_say("stall-one", false);
	for (int i = busy; i < 12; i++)
		CHECK(identities(rig_wait(r)) == 3, "call %d", i);
	rig_free(r);
}

static void giving_up(void)
{
	struct rig *r = rig("");

	hsm_say("stall-one", true);
	CHECK(dial(r, TOKEN_FROM, 1)[0] == '\0', "rests");
	front_drain(r->front);
	front_give_up(r->front);
	CHECK(identities(rig_take(r)) == 0 && front_waiting(r->front) == 0, "answered, unsigned");
	CHECK(r->counters.outcomes[SK_LATE] == 1, "counted");
	hsm_say("stall-one", false);
	rig_free(r);
}

static void away(void)
{
	struct rig *r = rig("");
	const char *answer;

	CHECK(dial(r, TOKEN_FROM, 1)[0] == '\0' && identities(rig_wait(r)) == 3, "there");
	hsm_take_away("one");
	answer = dial(r, TOKEN_FROM, 2);
	CHECK(answer[0] == '\0' && identities(rig_wait(r)) == 0, "asked once");
	CHECK(identities(dial(r, TOKEN_FROM, 3)) == 0, "then left alone");
	CHECK(r->counters.outcomes[SK_SIGNER_AWAY] == 2, "counted");
	CHECK(identities(dial(r, FILE_FROM, 4)) == 3, "the key in a file");
	hsm_bring_back("one");
	CHECK(identities(dial(r, TOKEN_FROM, 5)) == 0, "still left alone");
	r->mono += 6000; /* hsm.retry is 5 s */
	answer = dial(r, TOKEN_FROM, 6);
	CHECK(answer[0] == '\0' && identities(rig_wait(r)) == 3, "back");
	rig_free(r);
}

/* A reload while a signature is under way: the call keeps its tenant, and its key. */
static void reloading(const struct sk_chain *chain)
{
	struct rig *r = rig("");
	const char *answer;

	hsm_say("stall-one", true);
	CHECK(dial(r, TOKEN_FROM, 1)[0] == '\0', "rests");
	rig_reload(r, RIG_SIGN "tenant: {mode: sign}\n");
	CHECK(identities(dial(r, TOKEN_FROM, 2)) == 1, "by the new key, at once");
	hsm_say("stall-one", false);
	answer = rig_wait(r);
	CHECK(identities(answer) == 3 && is_by_token(answer, chain), "by the old key");
	rig_free(r);
}

/* Wherever memory ends, there is an answer. */
static void starving(void)
{
	struct rig *r = rig("");
	const char *answer;
	long tries = 0;

	CHECK(dial(r, TOKEN_FROM, 9999)[0] == '\0' && identities(rig_wait(r)) == 3, "warm");
	do {
		hit = false;
		only_one = true;
		budget = tries++;
		answer = dial(r, TOKEN_FROM, (unsigned)tries);
		budget = -1;
		if (answer[0] == '\0' && front_waiting(r->front) > 0)
			answer = rig_wait(r);
		if (!hit || answer[0])
			CHECK(identities(answer) >= 0 || strncmp(answer, "SIP/2.0 5", 9) == 0,
			      "allocation %ld: %s", tries, answer);
		r->mono += 6000;
	} while (hit && tries < 1000);
	CHECK(tries > 3, "%ld", tries);
	answer = dial(r, TOKEN_FROM, 10000);
	CHECK(answer[0] == '\0' && identities(rig_wait(r)) == 3, "and then all is well");
	CHECK(front_waiting(r->front) == 0, "nothing is left");
	rig_free(r);
}

int main(int argc, char **argv)
{
	struct sk_chain *chain;

	/* before OpenSSL's first allocation, or it refuses */
	if (argc != 2 || CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		return 2;
	module = argv[1];
	hsm_begin();
	hsm_token("one");
	key = EVP_EC_gen("P-256");
	hsm_key("one", "k1", key);
	chain = make_chain();
	signing(chain);
	repeating();
	stalling();
	waiting_too_many();
	queueing();
	giving_up();
	away();
	reloading(chain);
	starving();
	sk_chain_free(chain);
	EVP_PKEY_free(key);
	hsm_end();
	hsm_leave(check_result());
}
