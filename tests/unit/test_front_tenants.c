/*
 * Whose a call is, seen from outside: what one tenant's calls are to another's, what they leave
 * in the log, and what a reload does to a call that waits.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

#define TO(host) "sip:+" RIG_DEST "@" host ";user=phone"
#define PASSED   ";verstat=TN-Validation-Passed>"
#define MAP      "certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}"
#define FAILED   ";verstat=TN-Validation-Failed>"

/* An INVITE to a host with a good Identity. */
static const char *dial_signed(struct rig *r, const char *host_uri, const char *call_id)
{
	static char more[SK_IDENTITY_SIZE + 32];

	rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, r->wall, more, sizeof(more));
	return rig_dial(r, &(struct dial){ .uri = host_uri, .call_id = call_id, .more = more });
}

/* --- one tenant's PASSporT in the call of another is no replay --- */

static void replays(void)
{
	static const struct rig_tenant two[] = {
		{ "a", "match: {hosts: [a.example]}\nverify: {replay: refuse, " MAP "}\n" },
		{ "b", "match: {hosts: [b.example]}\nverify: {replay: refuse, " MAP "}\n" },
		{ "c", "match: {hosts: [c.example]}\nverify: {replay: \"off\", " MAP "}\n" },
	};
	struct rig *r = rig_new_with(RIG_TRUST "tenant: {mode: verify}\n", two, 3);
	char more[SK_IDENTITY_SIZE + 32];
	struct dial d = { .more = more };

	rig_identity(r, RIG_X5U, RIG_ORIG, RIG_DEST, r->wall, more, sizeof(more));
	d.uri = TO("a.example");
	d.call_id = "one";
	CHECK(strstr(rig_dial(r, &d), PASSED), "a's call");
	d.uri = TO("b.example");
	d.call_id = "two";
	CHECK(strstr(rig_dial(r, &d), PASSED), "the same call, farther on, is b's");
	d.call_id = "three";
	CHECK(strstr(rig_dial(r, &d), FAILED), "b's own replay");
	d.uri = TO("c.example");
	d.call_id = "four";
	CHECK(strstr(rig_dial(r, &d), PASSED), "c does not look");
	CHECK(rig_tally(r, "a", TALLY_PASSED) == 1 && rig_tally(r, "a", TALLY_FAILED) == 0, "a");
	CHECK(rig_tally(r, "b", TALLY_PASSED) == 1 && rig_tally(r, "b", TALLY_FAILED) == 1, "b");
	CHECK(rig_tally(r, "c", TALLY_PASSED) == 1 && rig_tally(r, "c", TALLY_FAILED) == 0, "c");
	rig_free(r);
}

/* --- what is counted, for whom --- */

struct row {
	const char *name;
	struct dial dial;
	const char *tenant; /* whose it is; NULL: nobody's */
	const char *want;   /* in the answer; "": there is none */
	enum tally_count counted;
};

#define NAMED(who) "X-Tenant: " who "\r\n"

/* clang-format off */
static const struct row rows[] = {
	{ "by host", { .uri = TO("a.example") }, "a", "\r\nIdentity: ey", TALLY_SIGNED },
	{ "by host, in a dialog", { .uri = TO("a.example"), .to = "<sip:+12155551213@x.example>;tag=1" },
	  "a", "SIP/2.0 302 ", TALLY_CALLS },
	{ "by host, malformed From", { .uri = TO("a.example"), .from = "<sip:+12155551212@" },
	  "a", "SIP/2.0 400 ", TALLY_CALLS },
	{ "by host, two Call-IDs", { .uri = TO("a.example"), .more = "i: other\r\n" },
	  "a", "SIP/2.0 400 ", TALLY_CALLS },
	{ "by source", { .uri = TO("x.example"), .source = "192.0.2.1" }, "b", "SIP/2.0 404 ", TALLY_CALLS },
	{ "by header", { .uri = TO("x.example"), .more = NAMED("cc") }, "c", "\r\nIdentity: ey", TALLY_SIGNED },
	{ "by header, whatever the host", { .uri = TO("a.example"), .more = NAMED("cc") }, "c", "\r\nIdentity: ey", TALLY_SIGNED },
	{ "a header of who may not say it", { .uri = TO("a.example"), .source = "198.51.100.1", .more = NAMED("cc") },
	  "a", "\r\nIdentity: ey", TALLY_SIGNED },
	{ "a header that names nobody", { .uri = TO("x.example"), .more = NAMED("dd") }, NULL, "", TALLY_CALLS },
	{ "another host", { .uri = TO("x.example") }, NULL, "", TALLY_CALLS },
	{ "another scheme", { .uri = "foo:bar" }, NULL, "", TALLY_CALLS },
	{ "a number", { .uri = "tel:+12155551213" }, NULL, "", TALLY_CALLS },
	{ "a host in front of it", { .uri = TO("a.example.evil.example") }, NULL, "", TALLY_CALLS },
	{ "a source that may not speak", { .uri = TO("a.example"), .source = "203.0.113.1" }, NULL, "", TALLY_CALLS },
	{ "malformed and nobody's", { .uri = TO("x.example"), .more = "i: other\r\n" }, NULL, "", TALLY_CALLS },
};
/* clang-format on */

static const struct rig_tenant three[] = {
	{ "a", "match: {hosts: [a.example]}\n" RIG_SIGN },
	{ "b", "match: {sources: [192.0.2.0/24]}\nanswer: {nothing: 404}\n" },
	{ "c", "match: {headers: [cc]}\n" RIG_SIGN },
};

static const char main_file[] = "sip: {sources: [127.0.0.0/8, 192.0.2.0/24, 198.51.100.0/24]}\n"
				"tenants: {header: X-Tenant, header-sources: [127.0.0.0/8]}\n";

static uint64_t calls_of_all(const struct rig *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SK_COUNT(three); i++)
		sum += rig_tally(r, three[i].name, TALLY_CALLS);
	return sum + rig_tally(r, "default", TALLY_CALLS);
}

static void whose(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct rig *r = rig_new_with(main_file, three, SK_COUNT(three));
		const char *answer = rig_dial(r, &row->dial);

		if (row->want[0] == '\0')
			CHECK(answer[0] == '\0', "%s: %s", row->name, answer);
		else
			CHECK(strstr(answer, row->want), "%s: %s", row->name, answer);
		CHECK(calls_of_all(r) == (row->tenant ? 1 : 0), "%s: counted once", row->name);
		if (row->tenant)
			CHECK(rig_tally(r, row->tenant, row->counted) == 1 &&
				      rig_tally(r, row->tenant, TALLY_CALLS) == 1,
			      "%s: for %s", row->name, row->tenant);
		rig_free(r);
	}
}

/* What no tenant takes is the main file's, where it says so. */
static void fallback(void)
{
	static const char conf[] = RIG_SIGN "tenants: {fallback: yes}\ntenant: {mode: sign}\n";
	struct rig *r = rig_new_with(conf, three, 1);

	CHECK(strstr(rig_dial(r, &(struct dial){ .uri = TO("x.example") }), "\r\nIdentity: ey"),
	      "its");
	CHECK(rig_tally(r, "default", TALLY_SIGNED) == 1 && rig_tally(r, "a", TALLY_CALLS) == 0,
	      "counted for it");
	rig_free(r);
}

/* --- certificates on file are their tenant's --- */

static void certificates(void)
{
	static const struct rig_tenant two[] = {
		{ "a", "match: {hosts: [a.example]}\nverify: {fetch: no, " MAP "}\n" },
		{ "b", "match: {hosts: [b.example]}\nverify: {fetch: no}\n" },
		{ "c", "match: {hosts: [c.example]}\nverify: {fetch: yes}\n" },
	};
	struct rig *r = rig_new_with(RIG_TRUST "verify: {fetch: no, " MAP "}\n"
					       "tenants: {fallback: yes}\ntenant: {mode: verify}\n",
				     two, SK_COUNT(two));

	CHECK(strstr(dial_signed(r, TO("a.example"), "1"), PASSED), "a has it");
	CHECK(!strstr(dial_signed(r, TO("b.example"), "2"), PASSED), "b has not");
	CHECK(strstr(dial_signed(r, TO("x.example"), "3"), PASSED), "the main file has it");
	CHECK(r->fetches == 0, "none of them fetches");
	CHECK_STR(dial_signed(r, TO("c.example"), "4"), "", "c fetches");
	rig_serve(r, SK_OK);
	CHECK(strstr(rig_take(r), PASSED), "and has it then");
	CHECK(!strstr(dial_signed(r, TO("b.example"), "5"), PASSED), "which is not b's");
	rig_reload_with(r, RIG_TRUST "tenant: {mode: verify}\n", two, 1);
	CHECK(strstr(dial_signed(r, TO("a.example"), "6"), PASSED), "after a reload as before");
	rig_free(r);
}

/* --- a call that waits --- */

/* Its tenant changes, or goes: the call ends as it began. */
static void reload_while_it_waits(void)
{
	static const struct rig_tenant before[] = {
		{ "a", "match: {hosts: [a.example]}\nanswer: {origid-header: X-Old}\n" },
	};
	static const struct rig_tenant changed[] = {
		{ "a", "match: {hosts: [a.example]}\nanswer: {origid-header: X-New}\n" },
	};
	static const char conf[] = RIG_TRUST "tenant: {mode: verify}\n";
	struct rig *r = rig_new_with(conf, before, 1);
	const char *answer;

	CHECK_STR(dial_signed(r, TO("a.example"), "one"), "", "it waits");
	CHECK(front_waiting(r->front) == 1, "one waits");
	rig_reload_with(r, conf, changed, 1);
	CHECK_STR(dial_signed(r, TO("a.example"), "two"), "", "another one");
	rig_reload_with(r, conf, &(struct rig_tenant){ "z", "match: {hosts: [z.example]}\n" }, 1);
	CHECK_STR(dial_signed(r, TO("a.example"), "three"), "", "nobody's by now");
	CHECK(front_waiting(r->front) == 2, "two wait");
	rig_serve(r, SK_OK);
	for (int i = 0; i < 2; i++) {
		answer = rig_take(r);
		CHECK(strstr(answer, PASSED), "it passed: %s", answer);
		CHECK((strstr(answer, "Call-ID: one") && strstr(answer, "\r\nX-Old: ")) ||
			      (strstr(answer, "Call-ID: two") && strstr(answer, "\r\nX-New: ")),
		      "by the settings it began with: %s", answer);
	}
	CHECK(front_waiting(r->front) == 0 && rig_answers(r) == 0, "no more");
	CHECK(rig_tally(r, "a", TALLY_PASSED) == 2 && rig_tally(r, "z", TALLY_CALLS) == 0,
	      "counted for the tenant that is gone");
	rig_free(r);
}

/* --- the log --- */

static void records(void)
{
	static const struct rig_tenant two[] = {
		{ "a", "match: {hosts: [a.example]}\nrecords: {calls: no}\n" RIG_SIGN },
		{ "b", "match: {hosts: [b.example]}\nrecords: {calls: yes}\n" RIG_SIGN },
	};
	struct rig *r = rig_new_with("", two, 2);
	char text[16384], path[512];
	size_t len = 0;
	FILE *f;

	rig_dial(r, &(struct dial){ .uri = TO("a.example"), .call_id = "call-of-a" });
	rig_dial(r, &(struct dial){ .uri = TO("b.example"), .call_id = "call-of-b" });
	rig_dial(r, &(struct dial){ .uri = TO("x.example"), .call_id = "call-of-nobody" });
	snprintf(path, sizeof(path), "%s/log", r->folder);
	f = fopen(path, "r"); /* stays open when the rig removes it; closing the log writes it */
	CHECK(f != NULL, "the log");
	rig_free(r);
	if (f) {
		len = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[len] = '\0';
	CHECK(strstr(text, "call-of-b") && strstr(text, "tenant=b"), "b's record: %s", text);
	CHECK(!strstr(text, "call-of-a"), "a wants none: %s", text);
	CHECK(!strstr(text, "call-of-nobody"), "nobody's leaves none: %s", text);
}

int main(void)
{
	replays();
	whose();
	fallback();
	certificates();
	reload_while_it_waits();
	records();
	return check_result();
}
