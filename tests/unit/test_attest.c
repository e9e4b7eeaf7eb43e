/*
 * What is known of the calling number, and what may be said of the caller: against a store
 * that this file is.  It has numbers of another tenant that must never count.
 */
#include "redirector/call/attest.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#define DNO   NUMBERS_DO_NOT_ORIGINATE
#define BLOCK NUMBERS_BLOCK
#define ALLOW NUMBERS_ALLOW

/* --- the store --- */

enum numbers_result __wrap_numbers_find(const struct numbers *, struct sk_span, struct sk_span,
					struct sk_span, int64_t, struct numbers_hit *);
enum numbers_result __wrap_numbers_lists(const struct numbers *, struct sk_span, struct sk_span,
					 int64_t, unsigned *);

static bool store_fails;
static unsigned asked;
static char any_store; /* its address stands for the store */

/* clang-format off */
static const struct { const char *tenant, *customer, *number, *credential; enum sk_attest attest; } held[] = {
	{ "default", "acme", "14045550100", "",      SK_ATTEST_A },
	{ "default", "acme", "14045550101", "second", SK_ATTEST_B },
	{ "default", "beta", "14045550200", "",      SK_ATTEST_A },
	{ "default", "acme", "14045550300", "",      SK_ATTEST_NONE },
	{ "other",   "acme", "14045550400", "theirs", SK_ATTEST_A },
};
static const struct { const char *tenant, *number; unsigned lists; } listed[] = {
	{ "default", "14045550500", DNO }, { "default", "14045550501", BLOCK },
	{ "default", "14045550502", ALLOW }, { "default", "14045550503", BLOCK | ALLOW },
	{ "default", "14045550504", DNO | BLOCK }, { "other", "14045550505", BLOCK | DNO },
};
/* clang-format on */

enum numbers_result __wrap_numbers_find(const struct numbers *numbers, struct sk_span tenant,
					struct sk_span customer, struct sk_span number, int64_t now,
					struct numbers_hit *out)
{
	CHECK(numbers == (void *)&any_store && now == KIT_NOW, "asked as it should be");
	asked++;
	for (size_t i = 0; !store_fails && i < SK_COUNT(held); i++) {
		if (!sk_span_eq(tenant, sk_span_of(held[i].tenant)) ||
		    !sk_span_eq(number, sk_span_of(held[i].number)) ||
		    (customer.len > 0 && !sk_span_eq(customer, sk_span_of(held[i].customer))))
			continue;
		*out = (struct numbers_hit){ .attest = held[i].attest };
		snprintf(out->customer, sizeof(out->customer), "%s", held[i].customer);
		snprintf(out->credential, sizeof(out->credential), "%s", held[i].credential);
		return NUMBERS_FOUND;
	}
	return store_fails ? NUMBERS_FAILED : NUMBERS_NONE;
}

enum numbers_result __wrap_numbers_lists(const struct numbers *numbers, struct sk_span tenant,
					 struct sk_span number, int64_t now, unsigned *lists)
{
	CHECK(numbers == (void *)&any_store && now == KIT_NOW, "asked as it should be");
	asked++;
	*lists = 0;
	for (size_t i = 0; !store_fails && i < SK_COUNT(listed); i++)
		if (sk_span_eq(tenant, sk_span_of(listed[i].tenant)) &&
		    sk_span_eq(number, sk_span_of(listed[i].number)))
			*lists = listed[i].lists;
	return store_fails ? NUMBERS_FAILED : *lists ? NUMBERS_FOUND : NUMBERS_NONE;
}

/* --- what is tried --- */

#define FROM(number) "<sip:+" number "@a.example;user=phone>;tag=1"
#define TRUST \
	"sign: {attest: B, attest-headers: [Attestation-Info, X-Attest], " \
	"attest-sources: [192.0.2.0/24]}\n"
#define OTHERS "sign: {attest: B, attest-headers: [X-Attest], attest-sources: [198.51.100.0/24]}\n"
#define SAYS \
	"sign: {attest: B, attest-headers: [X-Attest], attest-sources: [198.51.100.0/24]}\n" \
	"trunks: {t: {sources: [192.0.2.9/32], may-say: yes}}\n"

/* clang-format off */
static const struct { const char *name, *yaml, *header, *value, *header2; enum sk_attest want; } said[] = {
	{ "our own", TRUST, NULL, NULL, NULL, SK_ATTEST_B },
	{ "said", TRUST, "Attestation-Info", "A", NULL, SK_ATTEST_A },
	{ "said, any case of the name", TRUST, "attestation-INFO", "C", NULL, SK_ATTEST_C },
	{ "the second name", TRUST, "X-Attest", "C", NULL, SK_ATTEST_C },
	{ "the order is ours", TRUST, "X-Attest", "C", "Attestation-Info", SK_ATTEST_A },
	{ "nonsense is not signed", TRUST, "X-Attest", "a", NULL, SK_ATTEST_BAD },
	{ "empty is not signed", TRUST, "X-Attest", "", NULL, SK_ATTEST_BAD },
	{ "another header", TRUST, "P-Attest", "A", NULL, SK_ATTEST_B },
	{ "from a stranger", OTHERS, "X-Attest", "A", NULL, SK_ATTEST_B },
	{ "from a trunk that may", SAYS, "X-Attest", "A", NULL, SK_ATTEST_A },
	{ "nothing is set", "", "X-Attest", "A", NULL, SK_ATTEST_NONE },
};

#define BY   "sign: {by-number: yes, attest: C}\n"
#define BY_A "sign: {by-number: yes, attest: A}\n"
#define NONE "sign: {by-number: yes}\n"
#define ACME "trunks: {t: {customer: acme, attest: B}}\n"
#define ALSO "trunks: {t: {customer: acme}}\n"
#define FULL "trunks: {t: {customer: acme, attest: A}}\n"
#define SAYS_BY "sign: {by-number: yes, attest: C, attest-headers: [X-Attest], attest-sources: [192.0.2.0/24]}\n"
static const struct {
	const char *name, *yaml, *number;
	bool fails, no_store;
	const char *header; /* value of X-Attest */
	enum sk_attest want;
	const char *customer, *credential;
} numbers[] = {
	{ "the customer's", BY ACME, "14045550100", false, false, NULL, SK_ATTEST_A, "acme", "" },
	{ "the customer's, its own key", BY ACME, "14045550101", false, false, NULL, SK_ATTEST_B, "acme", "second" },
	{ "another customer's", BY ACME, "14045550200", false, false, NULL, SK_ATTEST_B, "acme", "" },
	{ "another customer's, no trunk.attest", BY ALSO, "14045550200", false, false, NULL, SK_ATTEST_C, "acme", "" },
	{ "nobody's", BY ACME, "14045559999", false, false, NULL, SK_ATTEST_B, "acme", "" },
	{ "nobody's, nothing set", NONE ALSO, "14045559999", false, false, NULL, SK_ATTEST_NONE, "acme", "" },
	{ "any customer's, no trunk", BY, "14045550200", false, false, NULL, SK_ATTEST_A, "beta", "" },
	{ "another tenant's", BY, "14045550400", false, false, NULL, SK_ATTEST_C, "", "" },
	{ "another tenant's, same customer", BY ACME, "14045550400", false, false, NULL, SK_ATTEST_B, "acme", "" },
	{ "the store says no attestation", BY ACME, "14045550300", false, false, NULL, SK_ATTEST_B, "acme", "" },
	{ "not by number", "sign: {attest: C}\ntrunks: {t: {attest: B}}\n", "14045550100", false, false, NULL, SK_ATTEST_B, "", "" },
	{ "a header goes first", SAYS_BY, "14045550100", false, false, "C", SK_ATTEST_C, "acme", "" },
	{ "a bad header goes first", SAYS_BY, "14045550100", false, false, "X", SK_ATTEST_BAD, "acme", "" },
	{ "damaged: B is as it was", BY ACME, "14045550100", true, false, NULL, SK_ATTEST_B, "acme", "" },
	{ "damaged: C is as it was", BY, "14045550100", true, false, NULL, SK_ATTEST_C, "", "" },
	{ "damaged: no A of the tenant's", BY_A, "14045550100", true, false, NULL, SK_ATTEST_B, "", "" },
	{ "damaged: no A of the trunk's", BY FULL, "14045550100", true, false, NULL, SK_ATTEST_B, "acme", "" },
	{ "damaged: nothing from nothing", NONE, "14045550100", true, false, NULL, SK_ATTEST_NONE, "", "" },
	{ "no store: no A", BY_A, "14045550100", false, true, NULL, SK_ATTEST_B, "", "" },
	{ "damaged: a header may say A", SAYS_BY, "14045550100", true, false, "A", SK_ATTEST_A, "", "" },
	{ "diverted", BY "tenant: {profile: man}\n", "14045550100", false, false, "diverted", SK_ATTEST_C, "acme", "" },
};

#define L(text) "lists: {" text "}\n"
#define ALL "do-not-originate: block, block: block"
static const struct { const char *name, *yaml, *number, *pai; bool fails, no_store; enum sk_err want; bool listed; } lists[] = {
	{ "nothing set", "", "14045550501", NULL, false, false, SK_OK, false },
	{ "dno", L(ALL), "14045550500", NULL, false, false, SK_LISTED, true },
	{ "block", L(ALL), "14045550501", NULL, false, false, SK_LISTED, true },
	{ "neither", L(ALL), "14045550502", NULL, false, false, SK_OK, false },
	{ "dno alone is set", L("do-not-originate: block"), "14045550501", NULL, false, false, SK_OK, false },
	{ "block alone is set", L("block: block"), "14045550500", NULL, false, false, SK_OK, false },
	{ "alert", L("block: alert"), "14045550501", NULL, false, false, SK_OK, true },
	{ "the harder", L("block: alert, do-not-originate: block"), "14045550504", NULL, false, false, SK_LISTED, true },
	{ "the harder 2", L("block: block, do-not-originate: alert"), "14045550504", NULL, false, false, SK_LISTED, true },
	{ "allowed, not exempt", L(ALL), "14045550503", NULL, false, false, SK_LISTED, true },
	{ "exempt", L(ALL ", allow: exempt"), "14045550503", NULL, false, false, SK_OK, false },
	{ "exempt, another", L(ALL ", allow: exempt"), "14045550501", NULL, false, false, SK_LISTED, true },
	{ "only", L("allow: only"), "14045550502", NULL, false, false, SK_OK, false },
	{ "only, another", L("allow: only"), "14045559999", NULL, false, false, SK_LISTED, true },
	{ "only, though blocked", L(ALL ", allow: only"), "14045550503", NULL, false, false, SK_OK, false },
	{ "another tenant's", L(ALL), "14045550505", NULL, false, false, SK_OK, false },
	{ "shown, though another is asserted", L(ALL), "14045550501", "<tel:+14045559999>", false, false, SK_LISTED, true },
	{ "asserted, though another is shown", L(ALL), "14045559999", "<tel:+14045550501>", false, false, SK_LISTED, true },
	{ "damaged", L(ALL), "14045550501", NULL, true, false, SK_OK, false },
	{ "damaged, only", L("allow: only"), "14045550502", NULL, true, false, SK_OK, false },
	{ "no store", L(ALL), "14045550501", NULL, false, true, SK_OK, false },
	{ "no store, only", L("allow: only"), "14045559999", NULL, false, true, SK_OK, false },
};
/* clang-format on */

static struct call *make(const char *yaml, const char *number, bool no_store)
{
	static char from[128];
	char all[1024];
	struct call *c;

	/* the store of this file is none of the configuration's */
	snprintf(all, sizeof(all),
		 "sip: {sources: [192.0.2.0/24]}\nauthority: {store: /none}\nanswer: {block: "
		 "603}\n%s",
		 yaml);
	c = kit_call(all);

	snprintf(from, sizeof(from), "<sip:+%s@a.example;user=phone>;tag=1", number);
	c->facts.from = sk_span_of(from);
	c->facts.complete = true;
	c->task = TASK_SIGN;
	c->numbers = no_store ? NULL : (const struct numbers *)(void *)&any_store;
	return c;
}

static void set_header(struct call *c, const char *name, const char *value)
{
	c->facts.headers[c->facts.header_count++] =
		(struct header){ sk_span_of(name), sk_span_of(value) };
}

static enum sk_err decide(struct call *c)
{
	if (attest_look(c) || policy_claims(c->tenant, &c->facts, attest_may_say(c), &c->claims))
		return SK_EINTERNAL;
	return attest_decide(c);
}

static void check_attest(struct call *c, enum sk_attest want, const char *name)
{
	enum sk_err err = decide(c), none = store_fails ? SK_NUMBERS_AWAY : SK_NO_ATTEST;

	CHECK(c->claims.attest == want, "%s: %c", name, sk_attest_letter(c->claims.attest));
	CHECK(err == (want == SK_ATTEST_BAD    ? SK_NO_ATTEST
		      : want == SK_ATTEST_NONE ? none
					       : SK_OK),
	      "%s: %s", name, sk_err_name(err));
}

static void by_header(void)
{
	for (size_t i = 0; i < SK_COUNT(said); i++) {
		struct call *c = make(said[i].yaml, "14045550100", true);

		if (said[i].header)
			set_header(c, said[i].header, said[i].value);
		if (said[i].header2)
			set_header(c, said[i].header2, "A");
		check_attest(c, said[i].want, said[i].name);
		kit_drop(c);
	}
}

static void by_number(void)
{
	for (size_t i = 0; i < SK_COUNT(numbers); i++) {
		struct call *c = make(numbers[i].yaml, numbers[i].number, numbers[i].no_store);
		struct sk_span credential;
		char text[64];

		store_fails = numbers[i].fails;
		asked = 0;
		if (numbers[i].header)
			set_header(c, "X-Attest", numbers[i].header);
		if (numbers[i].header && numbers[i].header[0] == 'd')
			set_header(c, "Diversion", "<sip:+14045550177@a>");
		check_attest(c, numbers[i].want, numbers[i].name);
		CHECK_STR(c->customer, numbers[i].customer, numbers[i].name);
		credential = attest_credential(c);
		snprintf(text, sizeof(text), "%.*s", (int)credential.len,
			 credential.ptr ? credential.ptr : "");
		CHECK_STR(text, numbers[i].credential, numbers[i].name);
		CHECK(asked == (unsigned)(c->tenant->set->sign.by_number && c->numbers), "%s: %u",
		      numbers[i].name, asked);
		kit_drop(c);
	}
	store_fails = false;
}

static void by_list(void)
{
	for (size_t i = 0; i < SK_COUNT(lists); i++) {
		for (int task = TASK_SIGN; task <= TASK_VERIFY; task++) {
			struct call *c = make(lists[i].yaml, lists[i].number, lists[i].no_store);
			enum sk_err err;

			store_fails = lists[i].fails;
			c->task = (enum task)task;
			if (lists[i].pai)
				c->facts.pai[c->facts.pai_count++] = sk_span_of(lists[i].pai);
			err = attest_look(c);
			CHECK(err == lists[i].want, "%s: %s", lists[i].name, sk_err_name(err));
			CHECK(c->listed == lists[i].listed, "%s: listed", lists[i].name);
			CHECK(!c->dummy, "%s", lists[i].name);
			kit_drop(c);
		}
	}
	store_fails = false;
}

/* Whoever says another number than the first must not get through by that. */
static void two_callers(void)
{
	struct call *c = make(L(ALL), "14045550100", false);

	c->facts.pai[c->facts.pai_count++] = SK_SPAN("<tel:+14045559999>");
	c->facts.pai[c->facts.pai_count++] = SK_SPAN("<sip:+14045550501@a>");
	CHECK(attest_look(c) == SK_LISTED, "the second asserted one is blocked");
	CHECK(c->caller == 1, "and it is the one that the record names");
	kit_drop(c);
	c = make(L(ALL ", allow: exempt"), "14045550100", false);
	c->facts.pai[c->facts.pai_count++] = SK_SPAN("<tel:+14045550502>");
	c->facts.pai[c->facts.pai_count++] = SK_SPAN("<sip:+14045550501@a>");
	CHECK(attest_look(c) == SK_LISTED, "an allowed one does not excuse another");
	kit_drop(c);
}

static void odd_callers(void)
{
	struct call *c = make(L(ALL), "14045550501", false);

	c->facts.from = SK_SPAN("<sip:anonymous@anonymous.invalid>;tag=1");
	CHECK(attest_look(c) == SK_OK && !c->listed, "nobody is on no list");
	c->facts.from = SK_SPAN("<sip:+14045550501@a");
	CHECK(attest_look(c) == SK_OK, "a broken From is told by others");
	kit_drop(c);

	c = make(L("allow: only"), "14045550501", false);
	c->facts.from = SK_SPAN("<sip:anonymous@anonymous.invalid>;tag=1");
	CHECK(attest_look(c) == SK_LISTED, "nobody is not on the allow list");
	kit_drop(c);

	c = make(L(ALL) "sign: {orig-header: X-Orig, attest-headers: [X-A], attest-sources: "
			"[192.0.2.0/24]}\n",
		 "14045559999", false);
	set_header(c, "X-Orig", "+14045550501");
	CHECK(attest_look(c) == SK_LISTED, "the number that is to be signed");
	c->task = TASK_VERIFY;
	CHECK(attest_look(c) == SK_OK, "no header says what is to be verified");
	kit_drop(c);
}

/* clang-format off */
#define US   "sign: {attest: A, spc-header: X-SPC, attest-sources: [192.0.2.0/24]}\n"
#define THEM "sign: {attest: A, spc-header: X-SPC, attest-sources: [198.51.100.0/24]}\n"
#define TRUNK(more) "trunks: {t: {sources: [192.0.2.9/32]" more "}}\n"
static const struct { const char *name, *yaml, *trunk, *said, *want; } codes[] = {
	{ "a header", US, NULL, "709J", "709J" },
	{ "no header", US, NULL, NULL, "" },
	{ "an empty one", US, NULL, "", "" },
	{ "no such setting", "sign: {attest: A}\n", NULL, "709J", "" },
	{ "of somebody who may not", THEM, NULL, "709J", "" },
	{ "a trunk that may", THEM TRUNK(", may-say: yes"), NULL, "709J", "709J" },
	{ "a trunk's", "sign: {attest: A}\n" TRUNK(""), "709J", NULL, "709J" },
	{ "a trunk's, a stranger's header", THEM TRUNK(""), "709J", "709K", "709J" },
	{ "a header before the trunk's", US TRUNK(""), "709J", "709K", "709K" },
	{ "an empty header, and the trunk's", US TRUNK(""), "709J", "", "709J" },
};
/* clang-format on */

/* That a credential is for it is the settings' own check. */
static void set_trunk_spc(const struct call *c, const char *spc)
{
	char **set = &((struct trunk_conf *)(uintptr_t)c->trunk)->spc;

	free(*set);
	*set = strdup(spc);
	if (!*set)
		exit(1);
}

static void credentials(void)
{
	static const char yaml[] = "sign: {by-number: yes, attest: A, credential-header: X-Key, "
				   "attest-headers: [X-A], "
				   "attest-sources: [192.0.2.0/24]}\n"
				   "trunks: {t: {sources: [192.0.2.9/32]}}\n";
	static const char stranger[] =
		"sign: {attest: A, credential-header: X-Key, attest-headers: [X-A], "
		"attest-sources: [198.51.100.0/24]}\n";
	static char trunk_name[] = "trunk's";
	struct call *c = make(yaml, "14045550101", false);
	char **named;

	CHECK(!decide(c) && c->trunk && sk_span_eq(attest_credential(c), SK_SPAN("second")),
	      "the store's");
	named = &((struct trunk_conf *)(uintptr_t)c->trunk)->credential;
	free(*named);
	*named = trunk_name;
	CHECK(sk_span_eq(attest_credential(c), SK_SPAN("trunk's")), "the trunk's before it");
	set_header(c, "x-key", "named");
	CHECK(sk_span_eq(attest_credential(c), SK_SPAN("named")), "a header before both");
	*named = strdup("");
	kit_drop(c);
	for (size_t i = 0; i < SK_COUNT(codes); i++) {
		char text[32];
		struct sk_span spc;

		c = make(codes[i].yaml, "14045550101", false);
		if (codes[i].said)
			set_header(c, "x-spc", codes[i].said);
		spc = decide(c) ? SK_SPAN("refused") : attest_spc(c);
		if (codes[i].trunk) {
			set_trunk_spc(c, codes[i].trunk);
			spc = attest_spc(c);
		}
		snprintf(text, sizeof(text), "%.*s", (int)spc.len, spc.len > 0 ? spc.ptr : "");
		CHECK_STR(text, codes[i].want, codes[i].name);
		kit_drop(c);
	}
	c = make(stranger, "14045550101", false);
	set_header(c, "X-Key", "named");
	CHECK(!decide(c) && attest_credential(c).len == 0, "a header of somebody who may not");
	kit_drop(c);
}

/* Nothing of the call before is left, whoever's it was. */
static void used_again(void)
{
	struct call *c = make(BY ACME "lists: {block: alert}\n", "14045550101", false);

	CHECK(!decide(c) && c->has_number, "known");
	c->lists = BLOCK;
	c->listed = c->dummy = true;
	c->facts.from = SK_SPAN(FROM("14045559999"));
	snprintf(c->customer, sizeof(c->customer), "another tenant's");
	CHECK(!decide(c) && !c->has_number && !c->listed && !c->dummy && c->lists == 0,
	      "not known");
	CHECK_STR(c->customer, "acme", "the trunk's");
	CHECK(attest_credential(c).len == 0, "no credential of the number before");
	kit_drop(c);
}

int main(void)
{
	used_again();
	by_header();
	by_number();
	by_list();
	two_callers();
	odd_callers();
	credentials();
	return check_result();
}
