/*
 * Each row of the generated vectors arrives as an INVITE at the row's clock, once
 * where failures continue and once where they are refused: status, phrase,
 * verstat and Reason are what the row says.
 */
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <jansson.h>
#include <stdlib.h>

#define MAP "certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}, fetch: no"

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

static const char *dial_row(struct rig *r, const json_t *row)
{
	char from[128], to[128], more[16384], branch[64];
	struct dial d = { .from = from, .to = to, .more = more, .branch = branch };
	const char *identity = text_of(row, "identity");

	snprintf(from, sizeof(from), "<sip:+%s@example.com;user=phone>", text_of(row, "call_orig"));
	snprintf(to, sizeof(to), "<sip:+%s@example.net;user=phone>", text_of(row, "call_dest"));
	snprintf(branch, sizeof(branch), "z9hG4bK-%s", text_of(row, "name"));
	more[0] = '\0';
	if (identity[0])
		snprintf(more, sizeof(more), "Identity: %s\r\n", identity);
	r->wall = json_integer_value(json_object_get(row, "now"));
	return rig_dial(r, &d);
}

static void check_verstat(const char *answer, const char *name, const char *verstat)
{
	char want[128];

	snprintf(want, sizeof(want), ";verstat=%s>", verstat);
	CHECK(strstr(rig_header(answer, "Contact"), want), "%s: %s", name, answer);
	snprintf(want, sizeof(want), ";verstat=%s@example.com", verstat);
	CHECK(strstr(rig_header(answer, "P-Asserted-Identity"), want), "%s: %s", name, answer);
	CHECK(!strcmp(verstat, "TN-Validation-Passed") == !!strstr(answer, "Passed"), "%s: %s",
	      name, answer);
}

static void check_continue(struct rig *r, const json_t *row)
{
	const json_t *expect = json_object_get(row, "expect");
	long long code = json_integer_value(json_object_get(expect, "sip"));
	const char *answer = dial_row(r, row), *name = text_of(row, "name"), *reason;
	char want[128];

	CHECK(strncmp(answer, "SIP/2.0 302 Moved Temporarily\r\n", 31) == 0, "%s: %s", name,
	      answer);
	check_verstat(answer, name, text_of(expect, "verstat"));
	reason = rig_header(answer, "Reason");
	snprintf(want, sizeof(want), "STIR;cause=%lld;text=\"%s\"", code,
		 text_of(expect, "reason"));
	if (code)
		CHECK_STR(reason, want, name);
	else
		CHECK_STR(reason, "", name);
	CHECK(rig_answers(r) == 0, "%s: one answer", name);
}

static void check_reject(struct rig *r, const json_t *row)
{
	const json_t *expect = json_object_get(row, "expect");
	long long code = json_integer_value(json_object_get(expect, "sip"));
	const char *answer = dial_row(r, row), *name = text_of(row, "name");
	char want[128];

	if (code) {
		snprintf(want, sizeof(want), "SIP/2.0 %lld %s\r\n", code,
			 text_of(expect, "reason"));
		CHECK(strncmp(answer, want, strlen(want)) == 0, "%s: %s", name, answer);
		CHECK(!strstr(answer, "\r\nContact:"), "%s: %s", name, answer);
		CHECK(!strstr(answer, "Validation"), "%s: %s", name, answer);
	} else {
		CHECK(strncmp(answer, "SIP/2.0 302 ", 12) == 0, "%s: %s", name, answer);
		check_verstat(answer, name, text_of(expect, "verstat"));
	}
}

static void run(const json_t *rows, const char *verify, const char *required,
		void (*check)(struct rig *, const json_t *))
{
	struct rig *r = rig_new(verify), *strict = rig_new(required);
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
		check(json_object_get(row, "identity") &&
				      json_is_null(json_object_get(row, "identity"))
			      ? strict
			      : r,
		      row);
	CHECK(r->fetches == 0, "nothing is fetched");
	CHECK(r->counters.n[COUNT_INVITES] == 87, "all were calls");
	CHECK(r->counters.n[COUNT_PASSED] == 16, "%d passed", (int)r->counters.n[COUNT_PASSED]);
	rig_free(r);
	rig_free(strict);
}

int main(void)
{
	size_t len;
	char *text = pki_vector("passports/generated.json", &len);
	json_t *rows = json_loadb(text, len, 0, NULL);

	CHECK(json_array_size(rows) == 88, "88 rows");
	run(rows, RIG_TRUST "verify: {on-failure: continue, " MAP "}\ntenant: {mode: verify}\n",
	    RIG_TRUST "verify: {identity-required: yes, " MAP "}\ntenant: {mode: verify}\n",
	    check_continue);
	run(rows, RIG_TRUST "verify: {on-failure: reject, " MAP "}\ntenant: {mode: verify}\n",
	    RIG_TRUST "verify: {on-failure: reject, identity-required: yes, " MAP
		      "}\ntenant: {mode: verify}\n",
	    check_reject);
	json_decref(rows);
	free(text);
	return check_result();
}
