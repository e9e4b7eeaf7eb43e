/*
 * What is a heartbeat, and what only looks like one.
 */
#include "redirector/call/attest.h"
#include "redirector/call/heartbeat.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

/* clang-format off */
/* From, To, Request-URI (NULL: that of To), P-Asserted-Identity; signed and verified */
#define TO "<sip:+14045550100@a>"
#define D9 "<sip:9999999999@sbc>"
#define D7 "<sip:7777777777@sbc>"
static const struct { const char *from, *to, *uri, *pai, *yaml; bool sign, verify; } beats[] = {
	{ D9, D7, NULL, NULL, "", true, true },
	{ D9, TO, NULL, NULL, "", true, false },
	{ "<sip:+14045550100@a>", D7, NULL, NULL, "", true, true },
	{ "<tel:999-999-9999>", TO, NULL, NULL, "", true, false },
	{ "<sip:+19999999999@sbc>", TO, NULL, NULL, "numbers: {country: 1}\n", true, false },
	{ "\"x\" <sip:9999999999;npdi@sbc;user=phone>;tag=1", TO, NULL, NULL, "", true, false },
	{ D9, TO, NULL, "<sip:9999999999@sbc>", "", true, false },
	{ "<sip:+19999999999@sbc>", TO, NULL, NULL, "", false, false },
	{ "<sip:99999999990@sbc>", TO, NULL, NULL, "", false, false },
	{ "<sip:9999999999x@sbc>", TO, NULL, NULL, "", false, false },
	{ "<sip:a9999999999@sbc>", TO, NULL, NULL, "", false, false },
	{ "<sip:sbc@9999999999>", TO, NULL, NULL, "", false, false },
	{ "<sip:@9999999999>", TO, NULL, NULL, "", false, false },
	{ "\"9999999999\" <sip:+14045550101@sbc>", TO, NULL, NULL, "", false, false },
	{ "<sip:9999999999@sbc", TO, NULL, NULL, "", false, false },
	{ D9, TO, NULL, NULL, "sign: {dummies: []}\n", false, false },
	{ "<sip:5550000@sbc>", TO, NULL, NULL, "sign: {dummies: [\"5550000\"]}\n", true, false },
	/* who would like to be taken for one, and calls somebody */
	{ "<sip:+14045550101@a>", D7, "sip:+14045550100@a", NULL, "", false, false },
	{ "<sip:+14045550101@a>", D7, "sip:a", NULL, "", false, false },
	{ "<sip:+14045550101@a>", TO, "sip:7777777777@a", NULL, "", false, false },
	{ "<sip:+14045550101@a>", TO, NULL, D9, "", false, false },
	{ D9, TO, NULL, "<tel:+14045550101>", "", false, false },
};
/* clang-format on */

static void heartbeat(size_t i, enum task task, bool want)
{
	struct call *c = kit_call(beats[i].yaml);
	struct sk_span params;

	c->task = task;
	c->facts.from = sk_span_of(beats[i].from);
	c->facts.to = sk_span_of(beats[i].to);
	c->facts.request_uri = sk_span_of(beats[i].uri);
	if (!beats[i].uri && sk_nameaddr_split(c->facts.to, &c->facts.request_uri, &params))
		exit(1);
	if (beats[i].pai)
		c->facts.pai[c->facts.pai_count++] = sk_span_of(beats[i].pai);
	CHECK(heartbeat_is(c) == want, "%s: %s to %s", policy_task_name(task), beats[i].from,
	      beats[i].to);
	CHECK((attest_look(c) == SK_DUMMY) == want && c->dummy == want, "%s: %s to %s",
	      policy_task_name(task), beats[i].from, beats[i].to);
	kit_drop(c);
}

static void heartbeats(void)
{
	for (size_t i = 0; i < SK_COUNT(beats); i++) {
		heartbeat(i, TASK_SIGN, beats[i].sign);
		heartbeat(i, TASK_VERIFY, beats[i].verify);
	}
}

int main(void)
{
	heartbeats();
	return check_result();
}
