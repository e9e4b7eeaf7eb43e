#include "shaken/b64url.h"
#include "shaken/div.h"
#include "tests/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static struct sk_party tn(const char *text)
{
	struct sk_party party = { .kind = SK_PARTY_TN };

	snprintf(party.text, sizeof(party.text), "%s", text);
	return party;
}

/* A token without text: "orig dest" or "orig dest div". */
static struct sk_passport link_of(enum sk_ppt ppt, const char *orig, const char *dest,
				  const char *div)
{
	struct sk_passport passport = { .jose = { .ppt = ppt } };

	passport.claims.orig = tn(orig);
	passport.claims.dest[0] = tn(dest);
	passport.claims.dest_count = 1;
	if (div)
		passport.claims.div = tn(div);
	return passport;
}

static const char *text_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

/* Parse every Identity of a row; a div-o brings its nested token along. */
static size_t parse_all(const json_t *row, struct sk_passport *out, char nested[][SK_TOKEN_MAX])
{
	const json_t *values = json_object_get(row, "identities");
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(values); i++) {
		struct sk_identity identity = { 0 };
		const char *value = json_string_value(json_array_get(values, i));
		struct sk_span text;

		CHECK(sk_identity_parse(sk_span_of(value), &identity) == SK_OK, "%s",
		      text_of(row, "name"));
		CHECK(sk_passport_parse(identity.token, &out[count]) == SK_OK, "%s",
		      text_of(row, "name"));
		count++;
		if (sk_div_nested(&out[count - 1], nested[i], SK_TOKEN_MAX, &text) != SK_OK)
			continue;
		CHECK(sk_passport_parse(text, &out[count]) == SK_OK, "%s: nested",
		      text_of(row, "name"));
		count++;
	}

	return count;
}

static void test_vectors(void)
{
	static char nested[SK_IDENTITY_MAX][SK_TOKEN_MAX];
	const char *folder = getenv("VECTORS");
	json_auto_t *rows = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/passports/div-chains.json",
		 folder ? folder : "no-VECTORS");
	rows = json_load_file(path, 0, NULL);
	CHECK(json_array_size(rows) == 8, "%s: %zu rows", path, json_array_size(rows));

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *name = text_of(row, "name");
		bool pass = strncmp(text_of(row, "expect"), "pass", 4) == 0;
		struct sk_passport passports[SK_IDENTITY_MAX];
		size_t count = parse_all(row, passports, nested);
		size_t chain[SK_IDENTITY_MAX] = { 0 }, links = 99;
		struct sk_party target = tn(text_of(row, "ruri")), to = tn(text_of(row, "to"));
		enum sk_err err = sk_div_follow(passports, count, &target, chain, &links);

		CHECK(err == (pass ? SK_OK : SK_DIV_BROKEN), "%s: %s", name, sk_err_name(err));
		CHECK(links == (pass ? count : 99), "%s: %zu links", name, links);
		CHECK(!pass || sk_party_eq(&passports[chain[0]].claims.dest[0], &target),
		      "%s: outermost first", name);
		CHECK(!pass || sk_party_eq(&passports[chain[count - 1]].claims.dest[0], &to),
		      "%s: innermost last", name);
	}
}

static void test_follow(void)
{
	const struct sk_passport first = link_of(SK_PPT_SHAKEN, "1", "2", NULL);
	const struct sk_passport second = link_of(SK_PPT_DIV, "1", "3", "2");
	const struct sk_passport third = link_of(SK_PPT_DIV, "1", "4", "3");
	const struct sk_passport stranger = link_of(SK_PPT_SHAKEN, "9", "2", NULL);
	const struct sk_passport back = link_of(SK_PPT_DIV, "1", "2", "3");
	const struct sk_passport base = link_of(SK_PPT_NONE, "1", "2", NULL);
	const struct sk_passport other = link_of(SK_PPT_OTHER, "1", "2", NULL);
	const struct sk_passport rph = link_of(SK_PPT_RPH, "1", "2", NULL);
	const struct sk_passport nested = link_of(SK_PPT_DIV_O, "1", "3", "2");
	const struct {
		const char *name, *target;
		struct sk_passport passports[4];
		size_t count;
		size_t chain[4], links; /* links 0: broken */
	} cases[] = {
		{ "not diverted", "2", { first }, 1, { 0 }, 1 },
		{ "one hop", "3", { first, second }, 2, { 1, 0 }, 2 },
		{ "two hops, mixed", "4", { second, third, first }, 3, { 1, 0, 2 }, 3 },
		{ "a stranger beside", "3", { stranger, second, first }, 3, { 1, 2 }, 2 },
		{ "stops at the first that was not diverted",
		  "2",
		  { back, second, first },
		  3,
		  { 2 },
		  1 },
		{ "a base token inside", "3", { base, second }, 2, { 1, 0 }, 2 },
		{ "div-o with its nested token", "3", { nested, first }, 2, { 0, 1 }, 2 },
		{ "nothing", "2", { first }, 0, { 0 }, 0 },
		{ "another target", "7", { first, second, third }, 3, { 0 }, 0 },
		{ "div alone", "3", { second }, 1, { 0 }, 0 },
		{ "a gap", "4", { first, third }, 2, { 0 }, 0 },
		{ "another orig inside", "3", { stranger, second }, 2, { 0 }, 0 },
		{ "a circle", "3", { second, back }, 2, { 0 }, 0 },
		{ "an unknown type inside", "3", { other, second }, 2, { 0 }, 0 },
		{ "rph inside", "3", { rph, second }, 2, { 0 }, 0 },
		{ "itself", "2", { back, back, back, back }, 4, { 0 }, 0 },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_party target = tn(cases[i].target);
		size_t chain[4] = { 0 }, links = 0;
		enum sk_err err =
			sk_div_follow(cases[i].passports, cases[i].count, &target, chain, &links);

		CHECK(err == (cases[i].links ? SK_OK : SK_DIV_BROKEN), "%s: %s", cases[i].name,
		      sk_err_name(err));
		CHECK(links == cases[i].links, "%s: %zu links", cases[i].name, links);
		for (size_t j = 0; j < links; j++)
			CHECK(chain[j] == cases[i].chain[j], "%s: link %zu is %zu", cases[i].name,
			      j, chain[j]);
	}
}

static void test_limits(void)
{
	static struct sk_passport many[SK_IDENTITY_MAX + 1];
	struct sk_party none = { SK_PARTY_NONE, "" }, two = tn("2");
	size_t chain[SK_IDENTITY_MAX + 1], links = 99;

	many[0] = link_of(SK_PPT_SHAKEN, "1", "2", NULL);
	CHECK(sk_div_follow(many, SK_IDENTITY_MAX, &two, chain, &links) == SK_OK, "most");
	CHECK(sk_div_follow(many, SK_IDENTITY_MAX + 1, &two, chain, &links) == SK_DIV_BROKEN,
	      "one more");
	many[1] = link_of(SK_PPT_SHAKEN, "1", "", NULL);
	many[1].claims.dest[0].kind = SK_PARTY_NONE;
	CHECK(sk_div_follow(many, 2, &none, chain, &links) == SK_DIV_BROKEN, "no target");
}

static struct sk_span encode(const char *payload)
{
	static char text[SK_TOKEN_MAX * 2];

	return (struct sk_span){ text, sk_b64url_encode(payload, strlen(payload), text) };
}

static void test_nested(void)
{
	static const struct {
		const char *payload;
		enum sk_ppt ppt;
		enum sk_err err;
	} cases[] = {
		{ "{\"opt\":\"a.b.c\"}", SK_PPT_DIV_O, SK_OK },
		{ "{\"opt\":\"\\u0061.b.c\"}", SK_PPT_DIV_O, SK_OK },
		{ "{\"opt\":\"a.b.c\"}", SK_PPT_DIV, SK_DIV_BROKEN },
		{ "{\"opt\":\"a.b.c\"}", SK_PPT_SHAKEN, SK_DIV_BROKEN },
		{ "{\"opt\":[\"a.b.c\"]}", SK_PPT_DIV_O, SK_DIV_BROKEN },
		{ "{}", SK_PPT_DIV_O, SK_DIV_BROKEN },
		{ "{\"opt\":\"a.b.cd\"}", SK_PPT_DIV_O, SK_TOKEN_SIZE },
		{ "{\"opt\":\"a.b.c\"", SK_PPT_DIV_O, SK_TOKEN_SYNTAX },
		{ "{\"opt\":\"a\",\"opt\":\"a\"}", SK_PPT_DIV_O, SK_TOKEN_SYNTAX },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_passport passport = { .jose = { .ppt = cases[i].ppt } };
		struct sk_span text = { NULL, 0 };
		char buf[5];
		enum sk_err err;

		passport.token.payload = encode(cases[i].payload);
		err = sk_div_nested(&passport, buf, sizeof(buf), &text);
		CHECK(err == cases[i].err, "%s: %s", cases[i].payload, sk_err_name(err));
		CHECK(err || sk_span_eq(text, SK_SPAN("a.b.c")), "%s: %.*s", cases[i].payload,
		      (int)text.len, text.ptr);
		CHECK(!err || !text.ptr, "%s: untouched", cases[i].payload);
	}
}

static void test_not_base64url(void)
{
	static char text[SK_TOKEN_MAX + 1];
	struct sk_passport passport = { .jose = { .ppt = SK_PPT_DIV_O } };
	struct sk_span out;
	char buf[8];

	memset(text, 'A', sizeof(text));
	passport.token.payload = (struct sk_span){ "=", 1 };
	CHECK(sk_div_nested(&passport, buf, sizeof(buf), &out) == SK_TOKEN_SYNTAX, "alphabet");
	passport.token.payload = (struct sk_span){ text, sizeof(text) };
	CHECK(sk_div_nested(&passport, buf, sizeof(buf), &out) == SK_TOKEN_SIZE, "size");
}

int main(void)
{
	test_vectors();
	test_follow();
	test_limits();
	test_nested();
	test_not_base64url();

	return check_result();
}
