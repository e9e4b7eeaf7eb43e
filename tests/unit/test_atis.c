/*
 * ATIS-1000082 without a server: every row of the exceptions, letter by letter; every member
 * missing, of every wrong type and value; who may ask.
 */
#include "redirector/http/atis_exception.h"
#include "tests/unit/atiskit.h"

/* --- the texts --- */

static const struct {
	enum atis_exception exception;
	unsigned status;
	const char *first, *second, *body;
} exceptions[] = {
	{ ATIS_SVC4000, 400, NULL, NULL,
	  SERVICE("SVC4000", "Missing JSON body in the request.", "") },
	{ ATIS_SVC4001, 400, "iat", NULL, MISSING("iat") },
	{ ATIS_SVC4002, 406, "text/plain", NULL,
	  SERVICE("SVC4002", "Requested response body type '%1' is not supported.",
		  "\"text/plain\"") },
	{ ATIS_SVC4003, 404, NULL, NULL,
	  SERVICE("SVC4003", "Requested resource was not found.", "") },
	{ ATIS_SVC4004, 415, "application/json", NULL,
	  SERVICE("SVC4004", "Unsupported request body type, expected '%1'.",
		  "\"application/json\"") },
	{ ATIS_SVC4005, 400, "iat", "not fresh", INVALID("iat", "not fresh") },
	{ ATIS_SVC4006, 400, "not a JSON object", NULL,
	  SERVICE("SVC4006", "Failed to parse received message body: '%1'.",
		  "\"not a JSON object\"") },
	{ ATIS_SVC4007, 411, NULL, NULL,
	  SERVICE("SVC4007", "Missing mandatory Content-Length header.", "") },
	{ ATIS_POL4050, 405, NULL, NULL,
	  POLICY("POL4050", "Method Not Allowed: Invalid HTTP method used.", "") },
	{ ATIS_POL5000, 500, NULL, NULL, OURS },
	{ ATIS_POL4010, 401, NULL, NULL, POLICY("POL4010", "Authentication is required.", "") },
	{ ATIS_POL4030, 403, "signing", NULL,
	  POLICY("POL4030", "Request is not allowed: %1.", "\"signing\"") },
	{ ATIS_POL4130, 413, NULL, NULL, POLICY("POL4130", "Request body is too long.", "") },
	{ ATIS_POL4290, 429, NULL, NULL,
	  POLICY("POL4290", "Too many requests. Please try again later.", "") },
	{ ATIS_POL5030, 503, NULL, NULL, BUSY },
	/* what a client sent cannot break out */
	{ ATIS_SVC4002, 406, "a\"\\\n/b", NULL,
	  SERVICE("SVC4002", "Requested response body type '%1' is not supported.",
		  "\"a\\\"\\\\\\n/b\"") },
};

static void test_exceptions(void)
{
	bool seen[ATIS_EXCEPTIONS] = { false };

	for (size_t i = 0; i < SK_COUNT(exceptions); i++) {
		char mem[ATIS_EXCEPTION_SIZE];
		struct sk_buf text;

		sk_buf_init(&text, mem, sizeof(mem));
		atis_exception_print(exceptions[i].exception, exceptions[i].first,
				     exceptions[i].second, &text);
		CHECK_STR(mem, exceptions[i].body, "exception");
		CHECK(atis_status(exceptions[i].exception) == exceptions[i].status, "%s",
		      exceptions[i].body);
		CHECK(!text.overflow, "%s", exceptions[i].body);
		seen[exceptions[i].exception] = true;
	}
	for (size_t i = 0; i < ATIS_EXCEPTIONS; i++)
		CHECK(seen[i], "exception %zu has a row", i);
}

/* What the server refuses before a handler sees it. */
static const struct {
	enum refusal why;
	enum atis_exception exception;
	const char *variable;
} refusals[] = {
	{ REFUSAL_METHOD, ATIS_POL4050, NULL },
	{ REFUSAL_UNKNOWN, ATIS_POL4010, NULL },
	{ REFUSAL_NOT_YOURS, ATIS_POL4030, "this client" },
	{ REFUSAL_ACCEPT, ATIS_SVC4002, "text/html?" },
	{ REFUSAL_NO_LENGTH, ATIS_SVC4007, NULL },
	{ REFUSAL_TOO_LONG, ATIS_POL4130, NULL },
	{ REFUSAL_TYPE, ATIS_SVC4004, "application/json" },
	{ REFUSAL_RATE, ATIS_POL4290, NULL },
	{ REFUSAL_DRAINING, ATIS_POL5030, NULL },
	{ REFUSAL_LATE, ATIS_POL5030, NULL },
	{ REFUSAL_OURS, ATIS_POL5000, NULL },
};

static void test_refusals(void)
{
	const struct route *route = routes_find(&routes, SK_SPAN(SIGNING));

	_Static_assert(SK_COUNT(refusals) == REFUSAL_LAST, "every refusal has a row");
	for (size_t i = 0; i < SK_COUNT(refusals); i++) {
		struct exchange e = { .headers = { { "Accept", "text/html\x01" },
						   { "X-RequestID", "r-1" } } };
		struct http_reply reply = { .status = 400 + (unsigned)i };
		char mem[ATIS_EXCEPTION_SIZE];
		struct sk_buf text;

		reply.headers[0] = (struct http_header){ "Allow", "POST" };
		sk_buf_init(&text, mem, sizeof(mem));
		atis_exception_print(refusals[i].exception, refusals[i].variable, NULL, &text);
		route->refuse(route->arg, &e, refusals[i].why, &reply);
		CHECK(sk_span_eq(reply.body, sk_span_of(mem)), "refusal %zu: %.*s", i,
		      (int)reply.body.len, reply.body.ptr);
		CHECK_STR(reply.type, "application/json", "type of a refusal");
		CHECK_STR(reply.headers[0].name, "Allow", "the server's header stays");
		CHECK_STR(reply.headers[1].value, "r-1", "and X-RequestID comes back");
	}
}

/* --- requests --- */

struct change {
	const char *what, *by; /* in the good request */
	unsigned status;
	const char *body; /* NULL: the same as of a good one */
};

static const struct change signing_changes[] = {
	{ "\"signingRequest\"", "\"signingrequest\"", 400, MISSING("signingRequest") },
	{ "{\"signingRequest\":{", "{\"signingRequest\":null,\"x\":{", 400,
	  MISSING("signingRequest") },
	{ "{\"signingRequest\":{", "{\"signingRequest\":[],\"x\":{", 400,
	  INVALID("signingRequest", "not an object") },
	/* attest */
	{ "\"attest\":\"A\",", "", 400, MISSING("attest") },
	{ "\"attest\":\"A\"", "\"attest\":null", 400, MISSING("attest") },
	{ "\"attest\":\"A\"", "\"attest\":\"B\"", 200, NULL },
	{ "\"attest\":\"A\"", "\"attest\":\"C\"", 200, NULL },
	{ "\"attest\":\"A\"", "\"attest\":\"D\"", 400, INVALID("attest", "not A, B or C") },
	{ "\"attest\":\"A\"", "\"attest\":\"a\"", 400, INVALID("attest", "not A, B or C") },
	{ "\"attest\":\"A\"", "\"attest\":\"AA\"", 400, INVALID("attest", "not A, B or C") },
	{ "\"attest\":\"A\"", "\"attest\":\"\"", 400, INVALID("attest", "empty") },
	{ "\"attest\":\"A\"", "\"attest\":1", 400, INVALID("attest", "not a string") },
	{ "\"attest\":\"A\"", "\"attest\":true", 400, INVALID("attest", "not a string") },
	{ "\"attest\":\"A\"", "\"attest\":[\"A\"]", 400, INVALID("attest", "not a string") },
	{ "\"attest\":\"A\"", "\"attest\":{}", 400, INVALID("attest", "not a string") },
	/* dest */
	{ "\"dest\":{\"tn\":[\"12155551213\"]},", "", 400, MISSING("dest") },
	{ "{\"tn\":[\"12155551213\"]}", "\"12155551213\"", 400, INVALID("dest", "not an object") },
	{ "{\"tn\":[\"12155551213\"]}", "[]", 400, INVALID("dest", "not an object") },
	{ "{\"tn\":[\"12155551213\"]}", "{}", 400, MISSING("dest.tn") },
	{ "{\"tn\":[\"12155551213\"]}", "{\"uri\":[\"sip:a@b.example\"]}", 400,
	  MISSING("dest.tn") },
	{ "[\"12155551213\"]", "\"12155551213\"", 400, INVALID("dest.tn", "not an array") },
	{ "[\"12155551213\"]", "[]", 400, INVALID("dest.tn", "an empty array") },
	{ "[\"12155551213\"]", "[12155551213]", 400, INVALID("dest.tn", "not a string") },
	{ "[\"12155551213\"]", "[null]", 400, INVALID("dest.tn", "not a string") },
	{ "[\"12155551213\"]", "[\"x\"]", 400, INVALID("dest.tn", "not a telephone number") },
	{ "[\"12155551213\"]", "[\"\"]", 400, INVALID("dest.tn", "not a telephone number") },
	{ "[\"12155551213\"]", "[\"12155551213\",\"\"]", 400,
	  INVALID("dest.tn", "not a telephone number") },
	{ "[\"12155551213\"]", "[\"12155551213\",\"12155551214\"]", 200, NULL },
	{ "[\"12155551213\"]", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]", 200, NULL },
	{ "[\"12155551213\"]", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]", 400,
	  INVALID("dest.tn", "more than 8 called parties") },
	{ "[\"12155551213\"]", "[\"+1 (215) 555-1213\"]", 200, NULL },
	/* iat */
	{ "\"iat\":1443208345,", "", 400, MISSING("iat") },
	{ "1443208345", "null", 400, MISSING("iat") },
	{ "1443208345", "\"1443208345\"", 400, INVALID("iat", "not an integer") },
	{ "1443208345", "1443208345.0", 400, INVALID("iat", "not an integer") },
	{ "1443208345", "1e9", 400, INVALID("iat", "not an integer") },
	{ "1443208345", "false", 400, INVALID("iat", "not an integer") },
	{ "1443208345", "-1", 400, INVALID("iat", "not a number of seconds since 1970") },
	{ "1443208345", "9007199254740992", 400,
	  INVALID("iat", "not a number of seconds since 1970") },
	{ "1443208345", "9007199254740991", 200, NULL },
	{ "1443208345", "0", 200, NULL },
	/* orig */
	{ "\"orig\":{\"tn\":\"12155551212\"},", "", 400, MISSING("orig") },
	{ "{\"tn\":\"12155551212\"}", "\"12155551212\"", 400, INVALID("orig", "not an object") },
	{ "{\"tn\":\"12155551212\"}", "{}", 400, MISSING("orig.tn") },
	{ "\"orig\":{\"tn\":\"12155551212\"}", "\"orig\":{\"tn\":null}", 400, MISSING("orig.tn") },
	{ "{\"tn\":\"12155551212\"}", "{\"uri\":\"sip:a@b.example\"}", 400, MISSING("orig.tn") },
	{ "\"tn\":\"12155551212\"", "\"tn\":\"1\",\"uri\":\"sip:a@b.example\"", 400,
	  INVALID("orig", "both tn and uri") },
	{ "\"tn\":\"12155551212\"", "\"tn\":[\"12155551212\"]", 400,
	  INVALID("orig.tn", "not a string") },
	{ "\"tn\":\"12155551212\"", "\"tn\":12155551212", 400, INVALID("orig.tn", "not a string") },
	{ "\"tn\":\"12155551212\"", "\"tn\":\"alice\"", 400,
	  INVALID("orig.tn", "not a telephone number") },
	{ "\"tn\":\"12155551212\"", "\"tn\":\"\"", 400,
	  INVALID("orig.tn", "not a telephone number") },
	{ "\"tn\":\"12155551212\"", "\"tn\":\"+1-215-555-1212\"", 200, NULL },
	/* origid */
	{ ",\"origid\":\"" ORIGID "\"", "", 400, MISSING("origid") },
	{ "\"" ORIGID "\"", "7", 400, INVALID("origid", "not a string") },
	{ "\"" ORIGID "\"", "\"\"", 400, INVALID("origid", "empty") },
	{ "\"" ORIGID "\"", "\"x\"", 400, INVALID("origid", "not a UUID") },
	{ "\"" ORIGID "\"", "\"123e4567-e89b-12d3-a456-42665544000\"", 400,
	  INVALID("origid", "not a UUID") },
	{ "\"" ORIGID "\"", "\"123e4567-e89b-12d3-a456-4266554400000\"", 400,
	  INVALID("origid", "not a UUID") },
	{ "\"" ORIGID "\"", "\"123e4567xe89b-12d3-a456-426655440000\"", 400,
	  INVALID("origid", "not a UUID") },
	{ "\"" ORIGID "\"", "\"123e4567-e89b-12d3-a456-42665544000g\"", 400,
	  INVALID("origid", "not a UUID") },
	{ ORIGID, "123E4567-E89B-12D3-A456-426655440000", 200, NULL },
	/* what is not known is not looked at */
	{ "\"attest\"", "\"extra\":{\"a\":[1]},\"attest\"", 200, NULL },
};

static const struct change verification_changes[] = {
	{ "\"verificationRequest\"", "\"x\"", 400, MISSING("verificationRequest") },
	{ "{\"verificationRequest\":{", "{\"verificationRequest\":\"\",\"x\":{", 400,
	  INVALID("verificationRequest", "not an object") },
	{ "\"from\":{\"tn\":\"12155551212\"},", "", 400, MISSING("from") },
	{ "{\"tn\":\"12155551212\"}", "7", 400, INVALID("from", "not an object") },
	{ "{\"tn\":\"12155551212\"}", "{}", 400, MISSING("from.tn") },
	{ "\"tn\":\"12155551212\"", "\"tn\":[]", 400, INVALID("from.tn", "not a string") },
	{ "\"tn\":\"12155551212\"", "\"tn\":\"*67\"", 400,
	  INVALID("from.tn", "not a telephone number") },
	{ "\"to\":{\"tn\":[\"12155551213\"]},", "", 400, MISSING("to") },
	{ "{\"tn\":[\"12155551213\"]}", "[]", 400, INVALID("to", "not an object") },
	{ "{\"tn\":[\"12155551213\"]}", "{}", 400, MISSING("to.tn") },
	{ "[\"12155551213\"]", "\"12155551213\"", 400, INVALID("to.tn", "not an array") },
	{ "[\"12155551213\"]", "[]", 400, INVALID("to.tn", "an empty array") },
	{ "[\"12155551213\"]", "[{}]", 400, INVALID("to.tn", "not a string") },
	{ "[\"12155551213\"]", "[\"*67\"]", 200, NULL },
	{ "\"time\":1443208345,", "", 400, MISSING("time") },
	{ "1443208345", "\"now\"", 400, INVALID("time", "not an integer") },
	{ "1443208345", "-5", 400, INVALID("time", "not a number of seconds since 1970") },
	{ ",\"identity\":\"" TOKEN "\"", "", 400, MISSING("identity") },
	{ "\"" TOKEN "\"", "null", 400, MISSING("identity") },
	{ "\"" TOKEN "\"", "[\"" TOKEN "\"]", 400, INVALID("identity", "not a string") },
	{ "\"" TOKEN "\"", "\"\"", 400, INVALID("identity", "empty") },
	{ "\"" TOKEN "\"", "\"  \"", 400, INVALID("identity", "not an Identity header") },
	{ "\"" TOKEN "\"", "\",\"", 400, INVALID("identity", "not an Identity header") },
	{ "\"" TOKEN "\"", "\"" TOKEN "," TOKEN "\"", 200, NULL },
	{ "\"" TOKEN "\"", "\"a,a,a,a,a,a,a,a,a\"", 400,
	  INVALID("identity", "not an Identity header") },
};

static void walk(const char *path, const char *good, const struct change *rows, size_t count)
{
	char want[API_KIT_BODY];

	post(path, good);
	CHECK(exchange.status == 200, "%s: %s", path, exchange.body);
	snprintf(want, sizeof(want), "%s", exchange.body);
	for (size_t i = 0; i < count; i++) {
		int asked = kit_desk.asked;

		post(path, kit_replaced(good, rows[i].what, rows[i].by));
		expect(rows[i].status, rows[i].body ? rows[i].body : want, rows[i].by);
		CHECK(kit_desk.asked - asked == (rows[i].status == 200), "%s: asked or not",
		      rows[i].by);
	}
}

#define UNREAD \
	SERVICE("SVC4006", "Failed to parse received message body: '%1'.", \
		"\"not a JSON object that is read here\"")

/* What is no JSON object, and what is one that is not read. */
static const struct {
	const char *body, *answer;
} bodies[] = {
	{ "", SERVICE("SVC4000", "Missing JSON body in the request.", "") },
	{ " \r\n\t", SERVICE("SVC4000", "Missing JSON body in the request.", "") },
	{ "{", UNREAD },
	{ "[]", UNREAD },
	{ "\"x\"", UNREAD },
	{ "{} {}", UNREAD },
	{ "{\"a\":1,\"a\":2}", UNREAD },
	{ "{\"a\":\"\\u0000\"}", UNREAD },
	{ "{\"a\":99999999999999999999}", UNREAD },
	{ "{\"a\":1e999}", UNREAD },
	{ "{\"a\":\"\xff\"}", UNREAD },
	{ "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", UNREAD },
};

static void test_bodies(void)
{
	for (size_t i = 0; i < SK_COUNT(bodies); i++) {
		post(SIGNING, bodies[i].body);
		expect(400, bodies[i].answer, bodies[i].body);
		post(VERIFICATION, bodies[i].body);
		expect(400, bodies[i].answer, bodies[i].body);
	}
}

/* What the desk is asked. */
static void test_asked(void)
{
	const struct asked *asked = &kit_desk.question.asked;

	exchange.headers[0] = (struct http_header){ "x-requestid", "id 7" };
	post(SIGNING, kit_replaced(kit_replaced(REQUEST, "[\"12155551213\"]",
						"[\"+1 215-555-1213\",\"12155551213\",\"911\"]"),
				   "123e4567", "123E4567"));
	CHECK(asked->task == TASK_SIGN && asked->ppt == SK_PPT_SHAKEN, "task");
	CHECK(asked->attest == SK_ATTEST_A && asked->has_time && asked->time == 1443208345,
	      "claims");
	CHECK_STR(asked->from.text, "12155551212", "from");
	CHECK(asked->to_count == 2, "one given twice counts once: %zu", asked->to_count);
	CHECK_STR(asked->to[0].text, "12155551213", "canonical");
	CHECK_STR(asked->to[1].text, "911", "a short one");
	CHECK_STR(asked->origid, ORIGID, "small letters");
	CHECK_STR(kit_desk.id, "id 7", "the request's id");
	CHECK_STR(kit_desk.question.transport, "http", "transport");
	CHECK_STR(kit_desk.question.interface, "atis", "interface");
	CHECK(kit_desk.question.client == &client, "client");

	post(VERIFICATION, kit_replaced(QUESTION, TOKEN, TOKEN ", " TOKEN));
	CHECK(asked->task == TASK_VERIFY && asked->time == 1443208345, "to verify");
	CHECK(kit_desk.question.identity_count == 2, "joined ones are cut apart");
	CHECK_STR(kit_desk.identities[1], TOKEN, "the second");
	exchange.headers[0].name = NULL;
}

/* --- who may --- */

static const struct {
	bool sign, verify;
	enum conf_attest best;
	const char *attest;
	unsigned signing, verification;
} allowed[] = {
	{ true, true, CONF_ATTEST_A, "A", 200, 200 },
	{ true, true, CONF_ATTEST_B, "A", 403, 200 },
	{ true, true, CONF_ATTEST_B, "B", 200, 200 },
	{ true, true, CONF_ATTEST_B, "C", 200, 200 },
	{ true, true, CONF_ATTEST_C, "B", 403, 200 },
	{ true, true, CONF_ATTEST_C, "C", 200, 200 },
	{ true, true, CONF_ATTEST_NONE, "C", 403, 200 },
	{ false, true, CONF_ATTEST_A, "A", 403, 200 },
	{ true, false, CONF_ATTEST_A, "A", 200, 403 },
	{ false, false, CONF_ATTEST_A, "A", 403, 403 },
};

static void test_rights(void)
{
	for (size_t i = 0; i < SK_COUNT(allowed); i++) {
		char attest[8];

		snprintf(attest, sizeof(attest), ":\"%s\"", allowed[i].attest);
		rights = (struct client_conf){ .sign = allowed[i].sign,
					       .verify = allowed[i].verify,
					       .attest = allowed[i].best };
		post(SIGNING, kit_replaced(REQUEST, ":\"A\"", attest));
		CHECK(exchange.status == allowed[i].signing, "row %zu: %s", i, exchange.body);
		post(VERIFICATION, QUESTION);
		CHECK(exchange.status == allowed[i].verification, "row %zu: %s", i, exchange.body);
	}
	rights = (struct client_conf){ .sign = true, .verify = true, .attest = CONF_ATTEST_A };
}

/* --- headers and resources --- */

static const struct {
	const char *sent, *got;
} ids[] = {
	{ "a", "a" },
	{ "550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000" },
	{ "with space ~!", "with space ~!" },
	{ "", "" },
	{ "tab\there", "" },
	{ "line\r\nX: y", "" },
	{ "gr\xc3\xbc\xc3\x9f", "" },
	{ "del\x7f", "" },
};

static void test_ids(void)
{
	char longest[API_ID_SIZE + 1];

	for (size_t i = 0; i < SK_COUNT(ids); i++) {
		exchange.headers[0] = (struct http_header){ "X-RequestID", ids[i].sent };
		exchange.headers[1] = (struct http_header){ "X-InstanceID", ids[i].sent };
		post(SIGNING, REQUEST);
		CHECK_STR(exchange.request_id, ids[i].got, "X-RequestID");
		CHECK_STR(exchange.instance_id, ids[i].got, "X-InstanceID");
		post(SIGNING, "");
		CHECK_STR(exchange.request_id, ids[i].got, "X-RequestID of an exception");
	}
	memset(longest, 'x', sizeof(longest));
	longest[API_ID_SIZE] = '\0';
	exchange.headers[0].value = longest;
	post(SIGNING, REQUEST);
	CHECK_STR(exchange.request_id, "", "129 bytes do not come back");
	longest[API_ID_SIZE - 1] = '\0';
	post(SIGNING, REQUEST);
	CHECK_STR(exchange.request_id, longest, "128 do");
	exchange.headers[0].name = NULL;
}

static void test_resources(void)
{
	static const char *const none[] = { "/stir/v1/", "/stir/v1/sign", "/stir/v1/signing/",
					    "/stir/v1/Signing", "/stir/v1/signing2" };
	static const char *const nobody[] = { "/stir/v2/signing", "/stir", "/stir/v1" };

	for (size_t i = 0; i < SK_COUNT(none); i++) {
		post(none[i], REQUEST);
		expect(404, SERVICE("SVC4003", "Requested resource was not found.", ""), none[i]);
	}
	for (size_t i = 0; i < SK_COUNT(nobody); i++)
		CHECK(!routes_find(&routes, sk_span_of(nobody[i])), "%s is not ours", nobody[i]);
	on = false;
	CHECK(!routes_find(&routes, SK_SPAN(SIGNING)), "switched off");
	on = true;
	CHECK(routes_find(&routes, SK_SPAN(SIGNING)), "and on again");
}

/* An answer that comes later, and two questions at once. */
static void test_later(void)
{
	desk_h *done;
	void *arg;

	kit_desk.held = true;
	kit_post(&routes, &exchange, &client, SIGNING, REQUEST);
	CHECK(exchange.answers == 0, "not yet");
	done = kit_desk.done;
	arg = kit_desk.arg;
	kit_post(&routes, &exchange, &client, VERIFICATION, QUESTION);
	kit_release();
	CHECK(exchange.answers == 1 && strstr(exchange.body, "verificationResponse"), "the second");
	done(arg, kit_desk.call);
	CHECK(exchange.answers == 2 && strstr(exchange.body, "signingResponse"), "the first");
	kit_desk.held = false;
}

int main(void)
{
	struct atis *atis = kit_atis();

	test_exceptions();
	test_refusals();
	walk(SIGNING, REQUEST, signing_changes, SK_COUNT(signing_changes));
	walk(VERIFICATION, QUESTION, verification_changes, SK_COUNT(verification_changes));
	test_bodies();
	test_asked();
	test_rights();
	test_ids();
	test_resources();
	test_later();

	atis_free(atis);
	kit_drop(kit_desk.call);
	return check_result();
}
