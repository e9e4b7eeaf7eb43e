/*
 * What one PASSporT could lend another: attestation and name belong to the one that counts,
 * whatever stands beside it; and what is asked for once nobody waits.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

#define NOW  PKI_NOW
#define MAP  "certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}"
#define BASE RIG_TRUST "tenant: {mode: verify}\nanswer: {attest-header: X-Attest}\n"
#define CONF BASE "verify: {div: yes, div-max-age: 3h, rcd: yes, " MAP "}\n"
#define JUNK "YQ.YQ.YQ;info=<https://a.example/>;alg=ES256;ppt=div"

#define DIVERTED "sip:+12155551214@sti.example.net;user=phone"

static const struct sk_rcd ann = { .nam = "Ann" };

/* clang-format off */
static const struct {
	char letter;
	struct rig_token token;
} tokens[] = {
	{ 'C', { SK_PPT_SHAKEN, .iat = NOW, .attest = SK_ATTEST_C } },
	{ 'a', { SK_PPT_SHAKEN, .iat = NOW - 1800 } },                           /* stale, and an A   */
	{ 'n', { SK_PPT_SHAKEN, .iat = NOW - 1800, .rcd = &ann } },
	{ 'N', { SK_PPT_SHAKEN, .iat = NOW, .attest = SK_ATTEST_C, .rcd = &ann } },
	{ 'D', { SK_PPT_DIV, .iat = NOW, .dest = "12155551214", .div = RIG_DEST } },
	{ 'd', { SK_PPT_DIV, .iat = NOW - 1800, .dest = "12155551214", .div = RIG_DEST } },
};

static const struct row {
	const char *what, *letters;
	bool diverted;
	const char *verstat, *attest, *name;
} rows[] = {
	/* a call that nobody diverted: the age of an inner link is not for its PASSporT */
	{ "fresh", "C", false, "TN-Validation-Passed", "C", "" },
	{ "stale", "a", false, "No-TN-Validation", "", "" },
	{ "stale, and a div that is none", "aj", false, "No-TN-Validation", "", "" },
	{ "stale beside a fresh one", "aC", false, "TN-Validation-Passed", "C", "" },
	{ "stale beside a fresh one, and no div", "aCj", false, "TN-Validation-Passed", "C", "" },
	{ "stale behind a fresh one, and no div", "Caj", false, "TN-Validation-Passed", "C", "" },
	{ "stale, and a div for elsewhere", "aD", false, "No-TN-Validation", "", "" },

	/* a diverted one: the chain says who speaks, an old one too */
	{ "old, whole", "aD", true, "TN-Validation-Passed", "A", "" },
	{ "fresh, whole", "CD", true, "TN-Validation-Passed", "C", "" },
	{ "old, no link", "a", true, "TN-Validation-Failed", "", "" },
	{ "old, a stale link", "ad", true, "No-TN-Validation", "", "" },

	/* a name is worth as much as what it stands in */
	{ "a name inside", "N", false, "TN-Validation-Passed", "C", "Ann" },
	{ "a name in a stale one", "n", false, "No-TN-Validation", "", "" },
	{ "a name in a stale one, and no div", "nj", false, "No-TN-Validation", "", "" },
	{ "a name inside, whole", "ND", true, "TN-Validation-Passed", "C", "Ann" },
	{ "a name inside, no link", "N", true, "TN-Validation-Failed", "", "" },
	{ "a name inside, a stale link", "Nd", true, "No-TN-Validation", "", "" },
};
/* clang-format on */

static size_t put(char *out, const char *letters)
{
	size_t len = 0;

	for (; *letters; letters++) {
		char value[SK_IDENTITY_SIZE] = JUNK;

		for (size_t i = 0; i < SK_COUNT(tokens); i++)
			if (tokens[i].letter == *letters)
				rig_token(&tokens[i].token, value, sizeof(value));
		len += (size_t)sprintf(out + len, "Identity: %s\r\n", value);
	}
	return len;
}

static void check_row(struct rig *r, const struct row *row, unsigned number)
{
	char more[60000], call_id[32], branch[32];
	struct dial d = { .more = more, .call_id = call_id, .branch = branch };
	const char *answer;

	snprintf(call_id, sizeof(call_id), "c%u", number);
	snprintf(branch, sizeof(branch), "z9hG4bK-%u", number);
	d.uri = row->diverted ? DIVERTED : NULL;
	put(more, row->letters);
	answer = rig_dial(r, &d);
	CHECK(strstr(answer, row->verstat), "%s: %s", row->what, answer);
	CHECK_STR(rig_header(answer, "X-Attest"), row->attest, row->what);
	if (row->name[0])
		CHECK(strstr(rig_header(answer, "X-RCD-Name"), row->name), "%s: %s", row->what,
		      answer);
	else
		CHECK_STR(rig_header(answer, "X-RCD-Name"), "", row->what);
}

/* Eight addresses in one call: the first is waited for, and behind the deadline nobody is asked */
static void eight_addresses(void)
{
	struct rig *r = rig_new(BASE "verify: {" MAP "}\n");
	char more[60000];
	struct dial d = { .more = more };
	size_t len = 0;

	for (int i = 1; i <= 8; i++) {
		char value[SK_IDENTITY_SIZE], x5u[64];
		struct rig_token far = { SK_PPT_SHAKEN, .x5u = x5u, .iat = NOW };

		snprintf(x5u, sizeof(x5u), "https://far%d.example.org/c.pem", i);
		if (i == 8) /* this one is here: it still counts */
			far.x5u = NULL;
		rig_token(&far, value, sizeof(value));
		len += (size_t)sprintf(more + len, "Identity: %s\r\n", value);
	}
	CHECK_STR(rig_dial(r, &d), "", "the first is waited for");
	CHECK(r->fetches == 1, "and asked: %u", r->fetches);
	front_give_up(r->front);
	CHECK(strstr(rig_take(r), "TN-Validation-Passed"), "what is here counts");
	CHECK(r->fetches == 1, "behind the deadline nobody else is asked: %u", r->fetches);
	rig_free(r);
}

int main(void)
{
	struct rig *r = rig_new(CONF);

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		check_row(r, &rows[i], (unsigned)i);
	rig_free(r);
	eight_addresses();
	return check_result();
}
