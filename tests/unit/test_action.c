/*
 * What a finding, a list, a limit and a heartbeat lead to: every action with every finding, and
 * that none of them is ever reached by a fault of ours.
 */
#include "redirector/call/action.h"
#include "redirector/call/answer.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#define AT    "sip:+12155551213@192.0.2.9:6060;user=phone"
#define PLAIN "Contact: <" AT ">\r\n"
#define PAI(name, verstat) \
	"P-Asserted-Identity: \"" name "\" <sip:+12155551212;verstat=" verstat \
	"@example.com;user=phone>\r\n"
#define FAILED "TN-Validation-Failed"
#define NOT    "No-TN-Validation"
#define R438   "Reason: STIR;cause=438;text=\"Invalid Identity Header\"\r\n"
#define R428   "Reason: STIR;cause=428;text=\"Use Identity Header\"\r\n"
#define R436   "Reason: STIR;cause=436;text=\"Bad Identity Info\"\r\n"
#define PLUS   "Reason: SIP;cause=603;text=\"v=analytics1;email=a@b.example\";location=RLN\r\n"
#define MAIL   "answer: {block-email: a@b.example}\n"

static struct answer built;
static char mem[ANSWER_SIZE];

/* clang-format off */
static const struct {
	const char *yaml;
	enum sk_err err;
	unsigned status;
	const char *phrase, *want, *deny;
	bool blocked;
} rows[] = {
	/* as set */
	{ "", SK_BAD_SIGNATURE, 302, "Moved Temporarily", R438, "Bob\" <sip:+12155551212;verstat=TN-Validation-Passed", false },
	{ "", SK_NO_IDENTITY, 302, "Moved Temporarily", "verstat=" NOT ">", "Reason", false },
	/* pass */
	{ "actions: {failed: pass}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", "verstat=" FAILED ">", "Reason", false },
	{ "actions: {failed: pass}\nverify: {on-failure: reject}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", FAILED, "Reason", false },
	{ "actions: {missing: pass}\nverify: {on-failure: reject, identity-required: yes}\n", SK_IDENTITY_REQUIRED, 302, "Moved Temporarily", NOT, "Reason", false },
	{ "actions: {unverified: pass}\nverify: {on-failure: reject}\n", SK_FETCH_DNS, 302, "Moved Temporarily", NOT, "Reason", false },
	{ "actions: {passed: pass}\n", SK_OK, 302, "Moved Temporarily", "TN-Validation-Passed", "Reason", false },
	/* reason */
	{ "actions: {failed: reason}\nanswer: {reason: none}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", R438, "alert", false },
	{ "actions: {failed: reason}\nverify: {on-failure: reject}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", R438, "alert", false },
	{ "actions: {failed: reason}\nanswer: {reason: sip}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", "Reason: SIP;cause=438", "STIR", false },
	{ "actions: {missing: reason}\n", SK_NO_IDENTITY, 302, "Moved Temporarily", R428, "alert", false },
	{ "actions: {missing: reason}\n", SK_IDENTITY_REQUIRED, 302, "Moved Temporarily", R428, "alert", false },
	{ "actions: {unverified: reason}\n", SK_FETCH_DNS, 302, "Moved Temporarily", R436, "alert", false },
	{ "actions: {passed: reason}\n", SK_OK, 302, "Moved Temporarily", "TN-Validation-Passed", "Reason", false },
	/* alert */
	{ "actions: {failed: alert}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", PAI("[spoofed?] Bob", FAILED), "\"Bob\"", false },
	{ "actions: {failed: alert}\nverify: {on-failure: reject}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", R438, "\"Bob\"", false },
	{ "actions: {missing: alert}\n", SK_NO_IDENTITY, 302, "Moved Temporarily", PAI("[unsigned] Bob", NOT), "\"Bob\"", false },
	{ "actions: {unverified: alert}\n", SK_PPT_UNKNOWN, 302, "Moved Temporarily", PAI("[unverified] Bob", NOT), "\"Bob\"", false },
	{ "actions: {passed: alert}\n", SK_OK, 302, "Moved Temporarily", PAI("[verified] Bob", "TN-Validation-Passed"), "\"Bob\"", false },
	{ "actions: {failed: alert, alert-failed: 'say \"{name}\"'}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", PAI("say \\\"Bob\\\"", FAILED), "\"Bob\"", false },
	{ "actions: {failed: alert}\nanswer: {verstat-in: [contact-uri]}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily",
	  "P-Asserted-Identity: \"[spoofed?] Bob\" <sip:+12155551212@example.com;user=phone>\r\n", "\"Bob\"", false },
	{ "actions: {failed: alert}\nanswer: {pai-header: X-Asserted-Identity}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", "X-Asserted-Identity: \"[spoofed?] Bob\" <", "P-Asserted", false },
	{ "actions: {failed: alert}\nanswer: {verstat-in: [contact-pai]}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", "?P-Asserted-Identity=%22%5Bspoofed%3F%5D%20Bob%22%20%3Csip", "%22Bob", false },
	{ "actions: {passed: alert}\n", SK_BAD_SIGNATURE, 302, "Moved Temporarily", PAI("Bob", FAILED), "verified]", false },
	/* stop */
	{ "actions: {failed: stop}\n", SK_BAD_SIGNATURE, 438, "Invalid Identity Header", "", "Contact", true },
	{ "actions: {unverified: stop}\n", SK_FETCH_DNS, 436, "Bad Identity Info", "", "Contact", true },
	{ "actions: {missing: stop}\n", SK_NO_IDENTITY, 428, "Use Identity Header", "", "Contact", true },
	{ "actions: {missing: stop}\n", SK_IDENTITY_REQUIRED, 428, "Use Identity Header", "", "Contact", true },
	{ "actions: {missing: stop}\n", SK_DATE_STALE, 403, "Stale Date", "", "Contact", true },
	{ "actions: {passed: stop}\n", SK_OK, 603, "Decline", "", "Reason", true },
	/* block */
	{ "actions: {failed: block}\n" MAIL, SK_BAD_SIGNATURE, 603, "Network Blocked", PLUS, "Contact", true },
	{ "actions: {missing: block}\n" MAIL, SK_NO_IDENTITY, 603, "Network Blocked", PLUS, "Contact", true },
	{ "actions: {unverified: block}\n" MAIL, SK_IAT_STALE, 603, "Network Blocked", PLUS, "Contact", true },
	{ "actions: {passed: block}\nanswer: {block: 607}\n", SK_OK, 607, "Unwanted", "", "Reason", true },
	/* what is no finding */
	{ "actions: {missing: block}\n" MAIL, SK_BYPASSED, 302, "Moved Temporarily", NOT, "Reason", false },
	{ "actions: {failed: block, unverified: block}\n" MAIL, SK_REQUEST_SYNTAX, 400, "Bad Request", "", "Reason", false },
};

/* a list that blocks, in all its forms */
#define PLUSX(texts) "Reason: SIP;cause=603;text=\"v=analytics1;" texts "\";location="
static const struct { const char *yaml; unsigned status; const char *phrase, *want; } blocks[] = {
	{ MAIL, 603, "Network Blocked", PLUS },
	{ "", 603, "Network Blocked", PLUSX("") "RLN\r\n" },
	{ "answer: {block-url: \"https://a.example/why\"}\n", 603, "Network Blocked", PLUSX("url=https://a.example/why") "RLN\r\n" },
	{ "answer: {block-url: \"https://a.example/why\", block-tel: \"+14045550100\", block-email: a@b.example, block-location: LN}\n", 603, "Network Blocked",
	  PLUSX("url=https://a.example/why;tel=+14045550100;email=a@b.example") "LN\r\n" },
	{ "answer: {block-email: a@b.example, block-location: TN}\n", 603, "Network Blocked", PLUSX("email=a@b.example") "TN\r\n" },
	{ "answer: {block: 603}\n", 603, "Decline", "" },
	{ "answer: {block: 607}\n", 607, "Unwanted", "" },
	{ "answer: {block: 608}\n", 608, "Rejected", "" },
	{ "answer: {block: 608, block-card: \"https://a.example/card.jws\"}\n", 608, "Rejected", "Call-Info: <https://a.example/card.jws>;purpose=jwscard\r\n" },
	{ "answer: {nothing: 404, code: 300, block-email: a@b.example}\nverify: {fault: 503}\nsign: {fault: 503}\n", 603, "Network Blocked", PLUS },
};

static const struct { const char *yaml; unsigned status; const char *want; } limits[] = {
	{ "", 503, "Retry-After: 1\r\n" },
	{ "limits: {over: 503}\n", 503, "Retry-After: 1\r\n" },
	{ "limits: {over: 302}\n", 302, PLAIN },
	{ "limits: {over: 302}\nanswer: {code: 300}\n", 300, PLAIN },
	{ "limits: {over: 302}\nsign: {fault: 503}\nverify: {fault: 503}\n", 302, PLAIN },
	{ "limits: {over: silence}\n", 0, "" },
	{ "limits: {over: silence}\ntenant: {profile: man}\n", 0, "" },
};

static const struct { const char *yaml; unsigned status; const char *want; } dummies[] = {
	{ "", 302, PLAIN },
	{ "answer: {code: 300}\n", 300, PLAIN },
	{ "answer: {nothing: 404}\n", 404, "" },
	{ "answer: {nothing: 503}\n", 503, "" },
	{ MAIL "actions: {missing: block, unverified: block}\nverify: {fault: 503}\n", 302, PLAIN },
};
/* clang-format on */

static struct call *verified(const char *yaml, enum sk_err err)
{
	struct call *c = kit_call(yaml);
	bool missing = err == SK_NO_IDENTITY || err == SK_IDENTITY_REQUIRED || err == SK_BYPASSED ||
		       err == SK_DATE_STALE;

	kit_sign(c);
	c->task = TASK_VERIFY;
	c->identity[0] = '\0';
	c->identity_len = 0;
	c->err = err;
	c->facts.identity_count = !missing;
	if (!missing)
		c->judged[c->judged_count++].err = err;
	return c;
}

static void actions(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct call *c = verified(rows[i].yaml, rows[i].err);

		answer_build(c, mem, &built);
		CHECK(built.status == rows[i].status, "%s%s: %u", rows[i].yaml,
		      sk_err_name(rows[i].err), built.status);
		CHECK_STR(built.phrase, rows[i].phrase, rows[i].yaml);
		CHECK(strstr(mem, rows[i].want), "%s%s: %s", rows[i].yaml, sk_err_name(rows[i].err),
		      mem);
		CHECK(!strstr(mem, rows[i].deny), "%s%s: %s", rows[i].yaml,
		      sk_err_name(rows[i].err), mem);
		CHECK(built.blocked == rows[i].blocked, "%s: blocked", rows[i].yaml);
		kit_drop(c);
	}
}

/* Whatever is configured, a fault of ours never ends a call, nor warns of anybody. */
static void faults(void)
{
	static const char *const words[] = { "pass", "reason", "alert", "stop", "block" };
	char yaml[256];

	for (size_t w = 0; w < SK_COUNT(words); w++) {
		snprintf(yaml, sizeof(yaml),
			 MAIL "actions: {missing: %s, passed: %s, failed: %s, unverified: %s}\n",
			 words[w], words[w], words[w], words[w]);
		for (int err = SK_OK + 1; err < SK_ERR_COUNT; err++) {
			struct call *c = verified(yaml, (enum sk_err)err);

			if (sk_err_class(c->err) != SK_CLASS_OURS) {
				kit_drop(c);
				continue;
			}
			for (c->facts.identity_count = 0; c->facts.identity_count < 2;
			     c->facts.identity_count++) {
				answer_build(c, mem, &built);
				CHECK(built.status == 302 && !built.blocked, "%s: %s: %u", words[w],
				      sk_err_name(c->err), built.status);
				CHECK(strstr(mem, PAI("Bob", NOT)), "%s: %s: %s", words[w],
				      sk_err_name(c->err), mem);
			}
			kit_drop(c);
		}
	}
}

/* A stale Date must not make a call without Identity anything but that. */
static void findings(void)
{
	struct call *c =
		verified(MAIL "actions: {missing: block, unverified: pass}\n", SK_DATE_STALE);

	CHECK(action_of(c) == ACTION_BLOCK, "without Identity");
	c->facts.identity_count = 1;
	CHECK(action_of(c) == ACTION_PASS, "with one");
	c->task = TASK_SIGN;
	CHECK(action_of(c) == ACTION_AS_SET && !action_alert(c), "signed");
	c->task = TASK_PASS;
	CHECK(action_of(c) == ACTION_AS_SET && !action_alert(c), "passed on");
	kit_drop(c);

	c = verified("verify: {verstat: {SK_IAT_STALE: failed}}\nactions: {failed: block}\n" MAIL,
		     SK_IAT_STALE);
	CHECK(action_of(c) == ACTION_BLOCK, "failed is what the tenant calls so");
	kit_drop(c);
}

static void listed(void)
{
	for (size_t i = 0; i < SK_COUNT(blocks); i++) {
		for (int task = TASK_SIGN; task <= TASK_VERIFY; task++) {
			struct call *c = kit_call(blocks[i].yaml);

			c->task = (enum task)task;
			c->err = SK_LISTED;
			c->listed = true;
			answer_build(c, mem, &built);
			CHECK(built.status == blocks[i].status, "%s: %u", blocks[i].yaml,
			      built.status);
			CHECK_STR(built.phrase, blocks[i].phrase, blocks[i].yaml);
			CHECK_STR(mem, blocks[i].want, blocks[i].yaml);
			CHECK(built.blocked, "%s", blocks[i].yaml);
			CHECK_STR(built.verstat, "", blocks[i].yaml);
			kit_drop(c);
		}
	}
}

/* On a list that only warns. */
static void warned(void)
{
	struct call *c = verified("", SK_OK);

	c->listed = true;
	answer_build(c, mem, &built);
	CHECK(strstr(mem, PAI("[spam?] Bob", "TN-Validation-Passed")), "verified: %s", mem);
	c->err = SK_LATE;
	answer_build(c, mem, &built);
	CHECK(strstr(mem, PAI("[spam?] Bob", NOT)), "a fault hides no list: %s", mem);
	kit_drop(c);

	c = verified("actions: {failed: alert}\n", SK_BAD_SIGNATURE);
	c->listed = true;
	answer_build(c, mem, &built);
	CHECK(strstr(mem, PAI("[spam?] Bob", FAILED)), "the list is told: %s", mem);
	kit_drop(c);

	c = kit_call("actions: {alert-listed: \"{name} (?)\"}\nanswer: {identity-in: [header, "
		     "contact], verstat-in: [contact-pai]}\n");
	kit_sign(c);
	c->listed = true;
	answer_build(c, mem, &built);
	CHECK(strstr(mem, "\r\nP-Asserted-Identity: \"Bob (?)\" "
			  "<sip:+12155551212@example.com;user=phone>\r\n"),
	      "signed: %s", mem);
	CHECK(strstr(mem, "&P-Asserted-Identity=%22Bob%20(%3F)%22%20%3Csip%3A%2B12155551212%40"),
	      "signed, in the Contact: %s", mem);
	CHECK(strstr(mem, "\r\nIdentity: e30."), "signed: %s", mem);
	CHECK(!strstr(mem, "verstat"), "nothing was verified: %s", mem);
	kit_drop(c);
}

static void over_limits(void)
{
	for (size_t i = 0; i < SK_COUNT(limits); i++) {
		for (int task = TASK_PASS; task <= TASK_VERIFY; task++) {
			struct call *c = kit_call(limits[i].yaml);

			c->task = (enum task)task;
			c->over_limit = true;
			c->err = SK_OVER_LIMIT;
			answer_build(c, mem, &built);
			CHECK(built.status == limits[i].status, "%s: %u", limits[i].yaml,
			      built.status);
			CHECK_STR(mem, limits[i].want, limits[i].yaml);
			CHECK(!built.blocked, "%s", limits[i].yaml);
			kit_drop(c);
		}
	}
}

static void heartbeats(void)
{
	for (size_t i = 0; i < SK_COUNT(dummies); i++) {
		for (int task = TASK_SIGN; task <= TASK_VERIFY; task++) {
			struct call *c = kit_call(dummies[i].yaml);

			c->task = (enum task)task;
			c->dummy = true;
			c->err = SK_DUMMY;
			answer_build(c, mem, &built);
			CHECK(built.status == dummies[i].status, "%s: %u", dummies[i].yaml,
			      built.status);
			CHECK_STR(mem, dummies[i].want, dummies[i].yaml);
			CHECK_STR(built.verstat, "", dummies[i].yaml);
			kit_drop(c);
		}
	}
}

/* Texts of the configuration that would leave the place they stand in. */
static void harmless(void)
{
	struct call *c = kit_call("");
	struct answer_conf *set = (struct answer_conf *)(uintptr_t)&c->tenant->set->answer;
	char *url = set->block_url, *card = set->block_card, *location = set->block_location;
	static char evil[] = "https://a\"\r\nEvil: 1;<>\\\xc3";

	c->err = SK_LISTED;
	set->block_url = set->block_card = set->block_location = evil;
	answer_build(c, mem, &built);
	CHECK_STR(mem,
		  "Reason: "
		  "SIP;cause=603;text=\"v=analytics1;url=https://a%22%0D%0AEvil:%201%3B<>%5C%C3"
		  "\";location=https://a%22%0D%0AEvil:%201%3B%3C%3E%5C%C3\r\n",
		  "603+");
	set->block = BLOCK_608;
	answer_build(c, mem, &built);
	CHECK_STR(mem, "Call-Info: <https://a%22%0D%0AEvil:%201;%3C%3E%5C%C3>;purpose=jwscard\r\n",
		  "608");
	set->block_url = url;
	set->block_card = card;
	set->block_location = location;
	kit_drop(c);
}

int main(void)
{
	actions();
	faults();
	findings();
	listed();
	warned();
	over_limits();
	heartbeats();
	harmless();
	return check_result();
}
