/*
 * Whatever is taken for the canonical form, jansson reads, and finds the same: on what we print,
 * and on many thousand texts that were canonical before some of their bytes were changed.
 */
#include "shaken/canonical.h"

#include "shaken/json.h"
#include "tests/check.h"

#include <stdint.h>
#include <stdlib.h>

enum {
	ROUNDS = 300000,
	CHANGES_MAX = 3,
};

static unsigned taken;

static bool same_party(const struct sk_party *a, const struct sk_party *b)
{
	return a->kind == b->kind && (a->kind == SK_PARTY_NONE || strcmp(a->text, b->text) == 0);
}

static bool same_claims(const struct sk_claims *a, const struct sk_claims *b)
{
	for (size_t i = 0; i < a->dest_count; i++)
		if (!same_party(&a->dest[i], &b->dest[i]))
			return false;
	return a->dest_count == b->dest_count && same_party(&a->orig, &b->orig) &&
	       same_party(&a->div, &b->div) && a->iat == b->iat && a->attest == b->attest &&
	       strcmp(a->origid, b->origid) == 0 && !a->rph && !a->rcd;
}

/* @return false: they differ */
static bool judge_claims(struct sk_span text)
{
	static const enum sk_ppt types[] = { SK_PPT_SHAKEN, SK_PPT_NONE, SK_PPT_RPH, SK_PPT_RCD,
					     SK_PPT_OTHER };
	struct sk_claims fast, slow;
	json_auto_t *json = NULL;

	if (!sk_canonical_claims(text, &fast))
		return true;
	taken++;
	if (sk_json_parse(text, &json))
		return false;
	for (size_t i = 0; i < SK_COUNT(types); i++)
		if (sk_claims_read(json, types[i], &slow) || !same_claims(&fast, &slow))
			return false;
	return true;
}

static bool has_text(const json_t *json, const char *name, const char *want)
{
	struct sk_span text;

	return sk_json_string(json, name, &text) && sk_span_eq(text, sk_span_of(want));
}

static bool judge_jose(struct sk_span text)
{
	json_auto_t *json = NULL;
	struct sk_jose jose;
	struct sk_span ppt, x5u;

	if (!sk_canonical_jose(text, &jose))
		return true;
	taken++;
	return !sk_json_parse(text, &json) && json_object_size(json) == 4 &&
	       has_text(json, "alg", "ES256") && has_text(json, "typ", "passport") &&
	       sk_json_string(json, "x5u", &x5u) && sk_json_string(json, "ppt", &ppt) &&
	       sk_span_eq(x5u, (struct sk_span){ jose.x5u, jose.x5u_len }) &&
	       jose.x5u[jose.x5u_len] == '\0' && jose.ppt == sk_ppt_parse(ppt) && ppt.len > 0 &&
	       jose.typ_is_passport && jose.alg_is_es256 && !jose.critical;
}

typedef bool judge_t(struct sk_span text);

/* clang-format off */
static const struct row {
	const char *text;
	judge_t *judge;
	bool canonical;
} rows[] = {
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"14045550100\"]},\"iat\":1443208345,\"orig\":{\"tn\":\"12155550112\"},\"origid\":\"123e4567-e89b-12d3-a456-426655440000\"}", judge_claims, true },
	{ "{\"attest\":\"C\",\"dest\":{\"tn\":[\"1\",\"2\",\"x y\"]},\"iat\":0,\"orig\":{\"tn\":\"+1\"},\"origid\":\"-\"}", judge_claims, true },
	{ "{\"attest\":\"B\",\"dest\":{\"tn\":[\"1\"]},\"iat\":999999999999999999,\"orig\":{\"tn\":\"1\"},\"origid\":\"/\"}", judge_claims, true },
	{ "{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"https://cert.example.org/passport.cer\"}", judge_jose, true },
	{ "{\"alg\":\"ES256\",\"ppt\":\"what\",\"typ\":\"passport\",\"x5u\":\"x\"}", judge_jose, true },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":1000000000000000000,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":01,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":-1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":1.0,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"D\",\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"uri\":[\"sip:a@b\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"\\u0031\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"\xc3\xa9\"}", judge_claims, false },
	{ "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"} ", judge_claims, false },
	{ "{\"attest\":\"A\", \"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":\"1\"},\"origid\":\"1\"}", judge_claims, false },
	{ "{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"x\"}", judge_jose, false },
	{ "{\"alg\":\"ES256\",\"ppt\":\"\",\"typ\":\"passport\",\"x5u\":\"x\"}", judge_jose, false },
	{ "{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"https:\\/\\/x\"}", judge_jose, false },
	{ "{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"x\",\"x5u\":\"y\"}", judge_jose, false },
	{ "{\"alg\":\"ES384\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"x\"}", judge_jose, false },
	{ "", judge_claims, false },
	{ "{", judge_jose, false },
};
/* clang-format on */

static void check_rows(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		unsigned before = taken;

		CHECK(rows[i].judge(sk_span_of(rows[i].text)), "%s", rows[i].text);
		CHECK((taken > before) == rows[i].canonical, "%s", rows[i].text);
	}
}

/* A text one character longer than its room is not taken, and one that just fits is. */
static void check_room(void)
{
	char text[1024], x5u[SK_URL_MAX + 2], origid[SK_ORIGID_SIZE + 1];
	struct sk_claims claims;
	struct sk_jose jose;

	for (size_t more = 0; more < 2; more++) {
		memset(x5u, 'x', sizeof(x5u));
		x5u[SK_URL_MAX + more] = '\0';
		snprintf(text, sizeof(text),
			 "{\"alg\":\"ES256\",\"ppt\":\"shaken\",\"typ\":\"passport\",\"x5u\":\"%"
			 "s\"}",
			 x5u);
		CHECK(sk_canonical_jose(sk_span_of(text), &jose) == !more, "x5u, %zu more", more);
		memset(origid, 'o', sizeof(origid));
		origid[SK_ORIGID_SIZE - 1 + more] = '\0';
		snprintf(text, sizeof(text),
			 "{\"attest\":\"A\",\"dest\":{\"tn\":[\"1\"]},\"iat\":1,\"orig\":{\"tn\":"
			 "\"1\"},"
			 "\"origid\":\"%s\"}",
			 origid);
		CHECK(sk_canonical_claims(sk_span_of(text), &claims) == !more, "origid, %zu more",
		      more);
	}
}

static unsigned roll(uint32_t *state, size_t count)
{
	*state = *state * 1664525 + 1013904223;
	return (unsigned)((*state >> 10) % count);
}

static void check_changed(void)
{
	static const char odd[] = "\0\t\n \"\\/{}[]:,.-+0159eE_abtnuAB\x7f\x80\xc3\xff";
	uint32_t state = 1;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const struct row *row = &rows[roll(&state, 5)];
		char text[512];
		size_t len = strlen(row->text);

		memcpy(text, row->text, len);
		for (unsigned n = 1 + roll(&state, CHANGES_MAX); n > 0; n--) {
			size_t at = roll(&state, len);

			if (roll(&state, 3) == 0) {
				memmove(text + at, text + at + 1, len - at - 1);
				len--;
			} else {
				text[at] = odd[roll(&state, sizeof(odd) - 1)];
			}
		}
		if (!row->judge((struct sk_span){ text, len }))
			CHECK(false, "round %u: %.*s", i, (int)len, text);
	}
	CHECK(taken > ROUNDS / 20, "%u were canonical", taken);
}

int main(void)
{
	check_rows();
	check_room();
	check_changed();
	return check_result();
}
