#include "shaken/json.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

static void test_accepted(void)
{
	static const char *const cases[] = {
		"{}",
		" {\"a\" : [ 1 , true , null ] } \n",
		"{\"a\":\"\\u0031\\n\\\"\\\\\\/\"}",
		"{\"a\":\"\\ud83d\\ude00\"}",
		"{\"a\":\"\303\251\"}",
		"{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
		"{\"a\":1.5,\"b\":1e3}",
		"{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{{\"}",
		"{\"a\":1,\"A\":2}",
		"{\"\":1}",
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		json_auto_t *json = NULL;

		CHECK(sk_json_parse(sk_span_of(cases[i]), &json) == SK_OK, "%s", cases[i]);
		CHECK(json_is_object(json), "%s", cases[i]);
	}
}

static void test_refused(void)
{
	static const char *const cases[] = {
		"",
		" ",
		"[]",
		"[{}]",
		"1",
		"\"a\"",
		"null",
		"{",
		"}",
		"{}x",
		"{}{}",
		"{},",
		"\xef\xbb\xbf{}",
		"{\"a\":1,}",
		"{a:1}",
		"{'a':1}",
		"{\"a\" 1}",
		"{\"a\":}",
		"{\"a\":01}",
		"{\"a\":+1}",
		"{\"a\":.5}",
		"{\"a\":NaN}",
		"{\"a\":True}",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"b}",
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"\\u0061\":1}",
		"{\"b\":{\"a\":1,\"\\u0061\":2}}",
		"{\"a\":\"\\u0000\"}",
		"{\"\\u0000\":1}",
		"{\"a\":\"x\\u0000y\"}",
		"{\"a\":\"\\ud83d\"}",
		"{\"a\":\"\\ude00\"}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\xaf\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\xc3\"}",
		"{\"a\":9223372036854775808}",
		"{\"a\":-9223372036854775809}",
		"{\"a\":18446744073709551615}",
		"{\"a\":99999999999999999999}",
		"{\"a\":1e999}",
		"{/**/}",
	};
	json_t *json = NULL;

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		CHECK(sk_json_parse(sk_span_of(cases[i]), &json) == SK_TOKEN_SYNTAX, "%s",
		      cases[i]);
		CHECK(json == NULL, "%s: untouched", cases[i]);
	}
	CHECK(sk_json_parse((struct sk_span){ "{}\0", 3 }, &json) == SK_TOKEN_SYNTAX, "NUL behind");
	CHECK(sk_json_parse((struct sk_span){ "{\"a\":\"\0\"}", 9 }, &json) == SK_TOKEN_SYNTAX,
	      "NUL inside");
	CHECK(sk_json_parse((struct sk_span){ NULL, 0 }, &json) == SK_TOKEN_SYNTAX, "nothing");
}

static enum sk_err parse_nested(char open, char shut, size_t depth)
{
	char text[256];
	size_t len = 0;
	json_auto_t *json = NULL;

	/* {"a":[[[...]]]}; `depth` counts the outer braces too */
	len += (size_t)snprintf(text, sizeof(text), "{\"a\":");
	for (size_t i = 1; i < depth; i++) {
		text[len++] = open;
		if (open == '{' && i + 1 < depth)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "\"a\":");
	}
	for (size_t i = 1; i < depth; i++)
		text[len++] = shut;
	text[len++] = '}';

	return sk_json_parse((struct sk_span){ text, len }, &json);
}

static void test_limits(void)
{
	static char text[SK_JSON_MAX + 1];
	json_t *json = NULL;

	CHECK(parse_nested('[', ']', SK_JSON_DEPTH) == SK_OK, "deepest arrays");
	CHECK(parse_nested('[', ']', SK_JSON_DEPTH + 1) == SK_TOKEN_SYNTAX, "too deep arrays");
	CHECK(parse_nested('{', '}', SK_JSON_DEPTH) == SK_OK, "deepest objects");
	CHECK(parse_nested('{', '}', SK_JSON_DEPTH + 1) == SK_TOKEN_SYNTAX, "too deep objects");

	memset(text, '[', sizeof(text));
	CHECK(sk_json_parse((struct sk_span){ text, SK_JSON_MAX }, &json) == SK_TOKEN_SYNTAX,
	      "a bomb");
	memset(text, ' ', sizeof(text));
	memcpy(text, "{}", 2);
	CHECK(sk_json_parse((struct sk_span){ text, SK_JSON_MAX + 1 }, &json) == SK_TOKEN_SIZE,
	      "too long");
	CHECK(json == NULL, "untouched");
	CHECK(sk_json_parse((struct sk_span){ text, SK_JSON_MAX }, &json) == SK_OK, "longest");
	json_decref(json);
}

static void test_string(void)
{
	json_auto_t *json = NULL;
	struct sk_span text = { "x", 1 };

	CHECK(sk_json_parse(SK_SPAN("{\"s\":\"a\\u0062\",\"n\":1,\"z\":null,\"e\":\"\"}"), &json) ==
		      SK_OK,
	      "parse");
	CHECK(sk_json_string(json, "s", &text) && sk_span_eq(text, SK_SPAN("ab")), "a string");
	CHECK(sk_json_string(json, "e", &text) && text.len == 0, "an empty string");
	CHECK(!sk_json_string(json, "n", &text), "a number");
	CHECK(!sk_json_string(json, "z", &text), "null");
	CHECK(!sk_json_string(json, "absent", &text), "absent");
	CHECK(!sk_json_string(NULL, "s", &text), "no object");
	CHECK(text.len == 0, "untouched");
}

static long budget; /* allocations that are left to jansson */

static void *spend(size_t size)
{
	return budget-- > 0 ? malloc(size) : NULL;
}

/* Memory ends at each allocation in turn: it is never the text's fault. */
static void test_no_memory(void)
{
	static const char text[] = "{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]},"
				   "\"iat\":1443208345,\"orig\":{\"tn\":\"12155551212\"},"
				   "\"origid\":\"123e4567-e89b-12d3-a456-426655440000\"}";
	enum sk_err err = SK_ENOMEM;

	json_set_alloc_funcs(spend, free);
	for (long tries = 0; err != SK_OK && tries < 200; tries++) {
		json_auto_t *json = NULL;

		budget = tries;
		err = sk_json_parse(SK_SPAN(text), &json);
		CHECK(err == SK_OK || err == SK_ENOMEM, "%ld allocations: %s", tries,
		      sk_err_name(err));
		CHECK((err == SK_OK) == (json != NULL), "%ld allocations", tries);
	}
	json_set_alloc_funcs(malloc, free);
	CHECK(err == SK_OK, "enough at last");
}

/* Printed whole or not at all: json_dumps() leaves names out when its buffer cannot grow. */
static void test_text(void)
{
	json_auto_t *json = json_object();
	char *text = NULL, name[64];
	long tries = 0;

	CHECK(sk_json_text(NULL, JSON_COMPACT) == NULL, "nothing is no text");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "a name that is rather long, number %d", i);
		CHECK(!json_object_set_new(json, name, json_integer(i)), "%s", name);
	}
	json_set_alloc_funcs(spend, free);
	for (budget = 0; !text && tries < 1000; budget = ++tries)
		text = sk_json_text(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_set_alloc_funcs(malloc, free);
	CHECK(text != NULL, "enough at last");
	if (text) {
		json_auto_t *again = NULL;

		CHECK(sk_json_parse(sk_span_of(text), &again) == SK_OK, "it is JSON");
		CHECK(json_equal(json, again), "and all of it");
	}
	free(text);
}

static void test_longest(void)
{
	static char text[SK_JSON_MAX + 3] = "{}";
	json_auto_t *json = NULL;

	memset(text + 2, ' ', sizeof(text) - 3);
	CHECK(sk_json_parse_max((struct sk_span){ text, SK_JSON_MAX + 1 }, SK_JSON_MAX, &json) ==
		      SK_TOKEN_SIZE,
	      "too long");
	CHECK(sk_json_parse_max((struct sk_span){ text, SK_JSON_MAX + 1 }, SK_JSON_MAX + 1,
				&json) == SK_OK,
	      "with another limit");
}

int main(void)
{
	test_text();
	test_longest();
	test_accepted();
	test_refused();
	test_limits();
	test_string();
	test_no_memory();

	return check_result();
}
