/*
 * TS 24.229, Annex V.2 without a server: members, errors, every type that is signed, several
 * Identity headers, and what is said of each.
 */
#include "redirector/http/ms.h"
#include "tests/unit/apikit.h"

#define ORIGID "123e4567-e89b-12d3-a456-426655440000"
#define SHAKEN \
	"{\"signingRequest\":{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]}," \
	"\"iat\":1443208345,\"orig\":{\"tn\":\"12155551212\"},\"origid\":\"" ORIGID "\"}}"
#define DIV \
	"{\"signingRequest\":{\"ppt\":\"div\",\"dest\":{\"tn\":[\"12155551214\"]}," \
	"\"iat\":1443208345,\"orig\":{\"tn\":\"12155551212\"},\"div\":{\"tn\":\"12155551213\"}}}"
#define RPH \
	"{\"signingRequest\":{\"ppt\":\"rph\",\"dest\":{\"uri\":[\"tel:+12155551213\"]}," \
	"\"iat\":1443208345,\"orig\":{\"tn\":\"12155551212\"},\"rph\":{\"auth\":[\"esnet.1\"]}}}"
#define TAIL      ";info=<https://a.example/c>;alg=ES256;ppt="
#define TOKEN     "e30.e30.c2ln" TAIL "shaken"
#define DIV_TOKEN "e30.eyJkaXYiOnsidG4iOiIxIn19.c2ln" TAIL "div" /* {"div":{"tn":"1"}} */
/* {"rph":{"auth":["esnet.1"]}} */
#define RPH_TOKEN "e30.eyJycGgiOnsiYXV0aCI6WyJlc25ldC4xIl19fQ.c2ln" TAIL "rph"
#define QUESTION \
	"{\"verificationRequest\":{\"from\":{\"tn\":\"12155551212\"}," \
	"\"to\":{\"tn\":\"12155551213\"},\"time\":1443208345,\"identityHeader\":\"" TOKEN "\"}}"
#define MISSING(name) "{\"error\":\"Missing Mandatory Parameter\",\"parameter\":\"" name "\"}"
#define INVALID(name) "{\"error\":\"Invalid Parameter Value\",\"parameter\":\"" name "\"}"

static bool on = true;
static struct routes routes;
static struct exchange exchange;
static struct client client;
static struct client_conf rights;

static void post(const char *resource, const char *body)
{
	char path[64];

	snprintf(path, sizeof(path), "/ms/v1/%s", resource);
	kit_post(&routes, &exchange, &client, path, body);
	CHECK(exchange.answers == 1, "%s %s: answered once", path, body);
	CHECK_STR(exchange.type, "application/json", "type");
}

static void expect(unsigned status, const char *body, const char *what)
{
	CHECK(exchange.status == status, "%s: got %u, want %u", what, exchange.status, status);
	CHECK_STR(exchange.body, body, what);
}

/* --- requests --- */

struct change {
	const char *good, *what, *by;
	const char *body; /* of a 400; NULL: 200 */
};

static const struct change signing_changes[] = {
	{ SHAKEN, "\"signingRequest\"", "\"x\"", MISSING("signingRequest") },
	{ SHAKEN, "{\"signingRequest\":{", "{\"signingRequest\":7,\"x\":{",
	  INVALID("signingRequest") },
	{ SHAKEN, "\"attest\":\"A\",", "", MISSING("attest") },
	{ SHAKEN, "\"attest\":\"A\"", "\"attest\":\"Z\"", INVALID("attest") },
	{ SHAKEN, "\"attest\":\"A\"", "\"attest\":1", INVALID("attest") },
	{ SHAKEN, "\"attest\":\"A\"", "\"ppt\":\"shaken\",\"attest\":\"A\"", NULL },
	{ SHAKEN, "\"attest\":\"A\"", "\"ppt\":\"rcd\",\"attest\":\"A\"", INVALID("ppt") },
	{ SHAKEN, "\"attest\":\"A\"", "\"ppt\":\"SHAKEN\",\"attest\":\"A\"", INVALID("ppt") },
	{ SHAKEN, "\"attest\":\"A\"", "\"ppt\":7,\"attest\":\"A\"", INVALID("ppt") },
	{ SHAKEN, "\"attest\":\"A\"", "\"ppt\":\"shaken\",\"div\":{\"tn\":\"1\"},\"attest\":\"A\"",
	  INVALID("div") },
	{ SHAKEN, "\"attest\":\"A\"",
	  "\"ppt\":\"shaken\",\"rph\":{\"auth\":[\"ets.0\"]},\"attest\":\"A\"", INVALID("rph") },
	{ SHAKEN, "\"attest\":\"A\"", "\"sph\":\"psap-callback\",\"attest\":\"A\"",
	  INVALID("sph") },
	{ SHAKEN, "\"dest\":{\"tn\":[\"12155551213\"]},", "", MISSING("dest") },
	{ SHAKEN, "{\"tn\":[\"12155551213\"]}", "{}", MISSING("dest.tn") },
	{ SHAKEN, "[\"12155551213\"]", "\"12155551213\"", NULL },
	{ SHAKEN, "[\"12155551213\"]", "[]", INVALID("dest.tn") },
	{ SHAKEN, "[\"12155551213\"]", "[7]", INVALID("dest.tn") },
	{ SHAKEN, "[\"12155551213\"]", "7", INVALID("dest.tn") },
	{ SHAKEN, "{\"tn\":[\"12155551213\"]}", "{\"uri\":[\"tel:+12155551213\"]}", NULL },
	{ SHAKEN, "{\"tn\":[\"12155551213\"]}",
	  "{\"uri\":[\"sip:+12155551213@a.example;user=phone\"]}", NULL },
	{ SHAKEN, "{\"tn\":[\"12155551213\"]}", "{\"uri\":\"tel:+12155551213\"}", NULL },
	{ SHAKEN, "{\"tn\":[\"12155551213\"]}", "{\"uri\":[\"sip:\"]}", INVALID("dest.uri") },
	{ SHAKEN, "{\"tn\":[\"12155551213\"]}", "{\"uri\":[7]}", INVALID("dest.uri") },
	{ SHAKEN, "\"iat\":1443208345,", "", MISSING("iat") },
	{ SHAKEN, "1443208345", "\"1\"", INVALID("iat") },
	{ SHAKEN, "1443208345", "-1", INVALID("iat") },
	{ SHAKEN, "\"orig\":{\"tn\":\"12155551212\"},", "", MISSING("orig") },
	{ SHAKEN, "\"orig\":{\"tn\":\"12155551212\"}", "\"orig\":{}", MISSING("orig.tn") },
	{ SHAKEN, "\"tn\":\"12155551212\"", "\"uri\":\"tel:+12155551212\"", NULL },
	{ SHAKEN, "\"tn\":\"12155551212\"", "\"uri\":\"tel:x\"", INVALID("orig.uri") },
	{ SHAKEN, "\"tn\":\"12155551212\"", "\"uri\":[\"tel:+12155551212\"]", INVALID("orig.uri") },
	{ SHAKEN, "\"tn\":\"12155551212\"", "\"tn\":\"1\",\"uri\":\"tel:+1\"", INVALID("orig") },
	{ SHAKEN, ",\"origid\":\"" ORIGID "\"", "", MISSING("origid") },
	{ SHAKEN, ORIGID, "7", INVALID("origid") },
	/* div */
	{ DIV, "\"ppt\":\"div\",", "", NULL },
	{ DIV, ",\"div\":{\"tn\":\"12155551213\"}", "", MISSING("div") },
	{ DIV, "{\"tn\":\"12155551213\"}", "\"12155551213\"", INVALID("div") },
	{ DIV, "{\"tn\":\"12155551213\"}", "{}", MISSING("div.tn") },
	{ DIV, "{\"tn\":\"12155551213\"}", "{\"uri\":\"tel:+12155551213\"}", NULL },
	{ DIV, "{\"tn\":\"12155551213\"}", "{\"tn\":\"12155551213\",\"hi\":\"1\"}",
	  INVALID("div.hi") },
	{ DIV, "{\"tn\":\"12155551213\"}", "{\"tn\":[\"12155551213\"]}", INVALID("div.tn") },
	{ DIV, "\"ppt\":\"div\"", "\"ppt\":\"div\",\"attest\":\"A\"", NULL },
	{ DIV, "\"ppt\":\"div\"", "\"ppt\":\"div\",\"attest\":\"Q\"", INVALID("attest") },
	{ DIV, "\"ppt\":\"div\"", "\"ppt\":\"rph\"", INVALID("div") },
	{ DIV, "\"ppt\":\"div\"", "\"rph\":{\"auth\":[\"esnet.1\"]}", INVALID("rph") },
	{ DIV, "\"ppt\":\"div\"", "\"sph\":\"psap-callback\"", INVALID("sph") },
	/* rph */
	{ RPH, "\"ppt\":\"rph\",", "", NULL },
	{ RPH, ",\"rph\":{\"auth\":[\"esnet.1\"]}", "", MISSING("rph") },
	{ RPH, "{\"auth\":[\"esnet.1\"]}", "[\"esnet.1\"]", INVALID("rph") },
	{ RPH, "{\"auth\":[\"esnet.1\"]}", "{}", MISSING("rph.auth") },
	{ RPH, "[\"esnet.1\"]", "[]", INVALID("rph.auth") },
	{ RPH, "[\"esnet.1\"]", "\"esnet.1\"", INVALID("rph.auth") },
	{ RPH, "[\"esnet.1\"]", "[7]", INVALID("rph.auth") },
	{ RPH, "[\"esnet.1\"]", "[\"\"]", INVALID("rph.auth") },
	{ RPH, "[\"esnet.1\"]", "[\"a b\"]", INVALID("rph.auth") },
	{ RPH, "[\"esnet.1\"]", "[\"esnet.1\",\"esnet.0\"]", NULL },
	{ RPH, "\"rph\":{", "\"sph\":\"psap-callback\",\"rph\":{", NULL },
	{ RPH, "\"rph\":{", "\"sph\":\"other\",\"rph\":{", INVALID("sph") },
	{ RPH, "\"rph\":{", "\"sph\":true,\"rph\":{", INVALID("sph") },
};

static const struct change verification_changes[] = {
	{ QUESTION, "\"verificationRequest\"", "\"x\"", MISSING("verificationRequest") },
	{ QUESTION, ",\"identityHeader\":\"" TOKEN "\"", "", MISSING("identityHeader") },
	{ QUESTION, "\"" TOKEN "\"", "7", INVALID("identityHeader") },
	{ QUESTION, "\"" TOKEN "\"", "\"\"", INVALID("identityHeader") },
	{ QUESTION, "\"identityHeader\":\"" TOKEN "\"", "\"identityHeaders\":[\"" TOKEN "\"]",
	  NULL },
	{ QUESTION, "\"identityHeader\":\"" TOKEN "\"",
	  "\"identityHeader\":\"a\",\"identityHeaders\":[\"b\",\"c,d\"]", NULL },
	{ QUESTION, "\"identityHeader\":\"" TOKEN "\"", "\"identityHeaders\":[]",
	  INVALID("identityHeaders") },
	{ QUESTION, "\"identityHeader\":\"" TOKEN "\"", "\"identityHeaders\":\"" TOKEN "\"",
	  INVALID("identityHeaders") },
	{ QUESTION, "\"identityHeader\":\"" TOKEN "\"", "\"identityHeaders\":[null]",
	  INVALID("identityHeaders") },
	{ QUESTION, "\"identityHeader\":\"" TOKEN "\"",
	  "\"identityHeader\":\"a,a,a,a\",\"identityHeaders\":[\"a,a,a,a,a\"]",
	  INVALID("identityHeaders") },
	{ QUESTION, "\"from\":{\"tn\":\"12155551212\"},", "", MISSING("from") },
	{ QUESTION, "\"from\":{\"tn\":\"12155551212\"}", "\"from\":{\"uri\":\"tel:+12155551212\"}",
	  NULL },
	{ QUESTION, "\"from\":{\"tn\":\"12155551212\"}", "\"from\":{\"tn\":\"x\"}",
	  INVALID("from.tn") },
	{ QUESTION, "\"to\":{\"tn\":\"12155551213\"},", "", MISSING("to") },
	{ QUESTION, "\"tn\":\"12155551213\"", "\"tn\":[\"12155551213\"]", NULL },
	{ QUESTION, "\"tn\":\"12155551213\"", "\"uri\":\"sip:+12155551213@a.example;user=phone\"",
	  NULL },
	{ QUESTION, "\"tn\":\"12155551213\"", "\"tn\":7", INVALID("to.tn") },
	{ QUESTION, "\"time\":1443208345,", "", MISSING("time") },
	{ QUESTION, "1443208345", "1.5", INVALID("time") },
	{ QUESTION, "\"time\"", "\"dest\":\"tel:+12155551214\",\"time\"", NULL },
	{ QUESTION, "\"time\"", "\"dest\":{\"uri\":\"tel:+12155551214\"},\"time\"", NULL },
	{ QUESTION, "\"time\"", "\"dest\":{\"tn\":\"12155551214\"},\"time\"", NULL },
	{ QUESTION, "\"time\"", "\"dest\":{},\"time\"", MISSING("dest.tn") },
	{ QUESTION, "\"time\"", "\"dest\":7,\"time\"", INVALID("dest") },
	{ QUESTION, "\"time\"", "\"dest\":\"x\",\"time\"", INVALID("dest") },
	{ QUESTION, "\"time\"", "\"protectedHeaders\":[\"Resource-Priority: esnet.1\"],\"time\"",
	  NULL },
	{ QUESTION, "\"time\"", "\"protectedHeaders\":[],\"time\"", NULL },
	{ QUESTION, "\"time\"", "\"protectedHeaders\":[\"esnet.1\"],\"time\"",
	  INVALID("protectedHeaders") },
	{ QUESTION, "\"time\"", "\"protectedHeaders\":[{}],\"time\"", INVALID("protectedHeaders") },
	{ QUESTION, "\"time\"", "\"protectedHeaders\":\"a: b\",\"time\"",
	  INVALID("protectedHeaders") },
};

static void walk(const char *resource, const struct change *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int asked = kit_desk.asked;

		kit_desk.call->facts.identity_count = 0;
		post(resource, kit_replaced(rows[i].good, rows[i].what, rows[i].by));
		if (rows[i].body)
			expect(400, rows[i].body, rows[i].by);
		else
			CHECK(exchange.status == 200, "%s: %s", rows[i].by, exchange.body);
		CHECK(kit_desk.asked - asked == !rows[i].body, "%s: asked or not", rows[i].by);
	}
}

static void test_bodies(void)
{
	static const struct {
		const char *body, *answer;
	} bodies[] = {
		{ "", "{\"error\":\"Missing Request body\"}" },
		{ " \n", "{\"error\":\"Missing Request body\"}" },
		{ "{", "{\"error\":\"Failed To Parse Message Body\"}" },
		{ "[]", "{\"error\":\"Failed To Parse Message Body\"}" },
		{ "{\"a\":1,\"a\":1}", "{\"error\":\"Failed To Parse Message Body\"}" },
	};

	for (size_t i = 0; i < SK_COUNT(bodies); i++) {
		post("signing", bodies[i].body);
		expect(400, bodies[i].answer, bodies[i].body);
		post("verification", bodies[i].body);
		expect(400, bodies[i].answer, bodies[i].body);
	}
}

static void test_asked(void)
{
	const struct asked *asked = &kit_desk.question.asked;

	post("signing", DIV);
	CHECK(asked->ppt == SK_PPT_DIV && asked->task == TASK_SIGN, "div");
	CHECK_STR(asked->div.text, "12155551213", "who diverted");
	CHECK_STR(asked->to[0].text, "12155551214", "to whom");
	post("signing", RPH);
	CHECK(asked->ppt == SK_PPT_RPH && asked->rph, "rph");
	CHECK_STR(asked->to[0].text, "12155551213", "a tel: URI is a number");
	CHECK(asked->to[0].kind == SK_PARTY_TN, "a tel: URI is a number");
	post("signing", SHAKEN);
	CHECK(asked->ppt == SK_PPT_SHAKEN && asked->attest == SK_ATTEST_A && !asked->rph, "shaken");
	CHECK_STR(asked->origid, ORIGID, "origid");
	post("verification",
	     kit_replaced(QUESTION, "\"time\"",
			  "\"dest\":\"tel:+12155551214\",\"identityHeaders\":[\"" DIV_TOKEN
			  "\"],\"time\""));
	CHECK(asked->task == TASK_VERIFY && asked->time == 1443208345, "to verify");
	CHECK_STR(asked->target.text, "12155551214", "where it goes");
	CHECK(kit_desk.question.identity_count == 2, "both members count");
	CHECK_STR(kit_desk.identities[0], TOKEN, "first the one");
	CHECK_STR(kit_desk.identities[1], DIV_TOKEN, "then the list");
	CHECK_STR(kit_desk.question.interface, "ms", "interface");
}

/* --- answers --- */

static void set_identities(enum sk_err err, size_t count, const char *const *values,
			   const enum sk_err *errs)
{
	struct call *call = kit_desk.call;

	call->err = err;
	call->facts.identity_count = call->judged_count = count;
	for (size_t i = 0; i < count; i++) {
		call->facts.identities[i] = sk_span_of(values[i]);
		call->judged[i].err = errs[i];
	}
}

#define RESULT(ppt, rest) "{\"verifyResult\":{\"ppt\":\"" ppt "\"," rest "}}"
#define PASS(ppt, token, claims) \
	RESULT(ppt, "\"status\":\"pass\",\"passport\":\"" token "\",\"validClaims\":" claims)
#define FAIL(ppt, token, code, text, desc) \
	RESULT(ppt, "\"status\":\"fail\",\"reasonCode\":" #code ",\"reasonText\":\"" text \
		    "\",\"reasonDescription\":\"" desc "\",\"passport\":\"" token "\"")
#define RESPONSE(members) "{\"verificationResponse\":{" members "}}"
#define DIV_CLAIMS        "{\"div\":{\"tn\":\"1\"}}"
#define RPH_CLAIMS        "{\"rph\":{\"auth\":[\"esnet.1\"]}}"
#define DIV_TEXT          "e30.eyJkaXYiOnsidG4iOiIxIn19.c2ln"
#define RPH_TEXT          "e30.eyJycGgiOnsiYXV0aCI6WyJlc25ldC4xIl19fQ.c2ln"

static const struct {
	enum sk_err err;
	size_t count;
	const char *values[3];
	enum sk_err errs[3];
	const char *protected, *body;
} reports[] = {
	{ SK_OK,
	  1,
	  { TOKEN },
	  { SK_OK },
	  "",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Passed\",\"verifyResults\":[" PASS(
		  "shaken", "e30.e30.c2ln", "{}") "]") },
	{ SK_BAD_SIGNATURE,
	  1,
	  { TOKEN },
	  { SK_BAD_SIGNATURE },
	  "",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Failed\",\"verifyResults\":[" FAIL(
		  "shaken", "e30.e30.c2ln", 438, "Invalid Identity Header",
		  "Signature validation failed.") "]") },
	{ SK_IAT_STALE,
	  1,
	  { TOKEN },
	  { SK_IAT_STALE },
	  "",
	  RESPONSE("\"verstatValue\":\"No-TN-Validation\",\"verifyResults\":[" FAIL(
		  "shaken", "e30.e30.c2ln", 403, "Stale Date",
		  "'iat' from PASSporT payload is not fresh.") "]") },
	{ SK_OK,
	  2,
	  { TOKEN, DIV_TOKEN },
	  { SK_OK, SK_OK },
	  "",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Passed\",\"divResult\":[{\"div\":{\"tn\":"
		   "\"1\"},"
		   "\"verstatValue\":\"TN-Validation-Passed\"}],\"verifyResults\":[" PASS(
			   "shaken", "e30.e30.c2ln", "{}") "," PASS("div", DIV_TEXT,
								    DIV_CLAIMS) "]") },
	{ SK_DIV_BROKEN,
	  2,
	  { TOKEN, DIV_TOKEN },
	  { SK_OK, SK_OK },
	  "",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Failed\",\"divResult\":[{\"div\":{\"tn\":"
		   "\"1\"},"
		   "\"verstatValue\":\"TN-Validation-Failed\"}],\"verifyResults\":[" PASS(
			   "shaken", "e30.e30.c2ln", "{}") "," PASS("div", DIV_TEXT,
								    DIV_CLAIMS) "]") },
	{ SK_OK,
	  2,
	  { TOKEN, RPH_TOKEN },
	  { SK_OK, SK_OK },
	  "Resource-Priority: esnet.1",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Passed\",\"verstatPriority\":"
		   "\"RPH-Validation-Passed\",\"verifyResults\":[" PASS(
			   "shaken", "e30.e30.c2ln", "{}") "," PASS("rph", RPH_TEXT,
								    RPH_CLAIMS) "]") },
	{ SK_OK,
	  2,
	  { TOKEN, RPH_TOKEN },
	  { SK_OK, SK_OK },
	  "resource-priority : ESNET.1 ",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Passed\",\"verstatPriority\":"
		   "\"RPH-Validation-Passed\",\"verifyResults\":[" PASS(
			   "shaken", "e30.e30.c2ln", "{}") "," PASS("rph", RPH_TEXT,
								    RPH_CLAIMS) "]") },
	{ SK_OK,
	  2,
	  { TOKEN, RPH_TOKEN },
	  { SK_OK, SK_OK },
	  "Resource-Priority: esnet.1, esnet.0",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Passed\",\"verstatPriority\":"
		   "\"RPH-Validation-Failed\",\"verifyResults\":[" PASS(
			   "shaken", "e30.e30.c2ln",
			   "{}") "," FAIL("rph", RPH_TEXT, 438, "Invalid Identity Header",
					  "rph does not cover the Resource-Priority header") "]") },
	{ SK_OK,
	  2,
	  { TOKEN, RPH_TOKEN },
	  { SK_OK, SK_CERT_EXPIRED },
	  "",
	  RESPONSE("\"verstatValue\":\"TN-Validation-Passed\",\"verstatPriority\":"
		   "\"RPH-Validation-Failed\",\"verifyResults\":[" PASS(
			   "shaken", "e30.e30.c2ln",
			   "{}") "," FAIL("rph", RPH_TEXT, 437, "Unsupported credential",
					  "Failed to authenticate CA.") "]") },
	/* what cannot be read is told of, too */
	{ SK_IDENTITY_SYNTAX,
	  1,
	  { "\"" },
	  { SK_IDENTITY_SYNTAX },
	  "",
	  RESPONSE("\"verstatValue\":\"No-TN-Validation\",\"verifyResults\":[{\"verifyResult\":{"
		   "\"status\":\"fail\",\"reasonCode\":438,\"reasonText\":\"Invalid Identity "
		   "Header\","
		   "\"reasonDescription\":\"the Identity header is malformed\"}}]") },
	{ SK_PPT_UNKNOWN,
	  1,
	  { "e30.e30.c2ln" TAIL "zzz" },
	  { SK_PPT_UNKNOWN },
	  "",
	  RESPONSE("\"verstatValue\":\"No-TN-Validation\",\"verifyResults\":[" FAIL(
		  "zzz", "e30.e30.c2ln", 438, "Invalid Identity Header",
		  "Identity header is received with 'ppt' parameter value that is not "
		  "'shaken'.") "]") },
};

static void test_reports(void)
{
	for (size_t i = 0; i < SK_COUNT(reports); i++) {
		char extra[256];

		set_identities(reports[i].err, reports[i].count, reports[i].values,
			       reports[i].errs);
		snprintf(extra, sizeof(extra), "\"protectedHeaders\":[\"X: y\"%s%s%s],\"time\"",
			 reports[i].protected[0] ? ",\"" : "", reports[i].protected,
			 reports[i].protected[0] ? "\"" : "");
		post("verification", kit_replaced(QUESTION, "\"time\"", extra));
		expect(200, reports[i].body, "report");
	}
	/* what ends a call before its Identity headers are looked at */
	set_identities(SK_DATE_STALE, 1, (const char *const[]){ TOKEN },
		       (const enum sk_err[]){ SK_OK });
	kit_desk.call->judged_count = 0;
	post("verification", QUESTION);
	expect(200,
	       RESPONSE("\"verstatValue\":\"No-TN-Validation\",\"verifyResults\":[" FAIL(
		       "shaken", "e30.e30.c2ln", 403, "Stale Date",
		       "Received 'time' value is not fresh.") "]"),
	       "time");
	/* ... or because a list blocks the calling number: as by SIP (answer.block) */
	kit_desk.call->err = SK_LISTED;
	post("verification", QUESTION);
	expect(200,
	       RESPONSE("\"verstatValue\":\"No-TN-Validation\",\"verifyResults\":[" FAIL(
		       "shaken", "e30.e30.c2ln", 603, "Network Blocked",
		       "the calling number is on a list of numbers to block") "]"),
	       "blocked");
}

static void test_outcomes(void)
{
	for (int err = SK_OK; err < SK_ERR_COUNT; err++) {
		const struct sk_outcome *row = sk_outcome((enum sk_err)err);

		set_identities((enum sk_err)err, 1, (const char *const[]){ TOKEN },
			       (const enum sk_err[]){ (enum sk_err)err });
		post("verification", QUESTION);
		if (row->blame == SK_CLASS_OURS)
			CHECK((exchange.status == 500 &&
			       strcmp(exchange.body, "{\"error\":\"Internal Server Error\"}") ==
				       0) ||
				      (exchange.status == 503 &&
				       strcmp(exchange.body,
					      "{\"error\":\"Service Unavailable\"}") == 0),
			      "%s: %u %s", row->name, exchange.status, exchange.body);
		else
			CHECK(exchange.status == 200 &&
				      strstr(exchange.body, sk_verstat_text(row->verstat)),
			      "%s: %s", row->name, exchange.body);
		post("signing", SHAKEN);
		if (err == SK_OK)
			expect(200, "{\"signingResponse\":{\"identityHeader\":\"" TOKEN "\"}}",
			       row->name);
		else if (row->blame == SK_CLASS_OURS)
			CHECK(exchange.status >= 500, "%s", row->name);
		else if (err == SK_DATE_STALE)
			expect(400, INVALID("iat"), row->name);
		else if (err == SK_NO_ORIG)
			expect(400, INVALID("orig"), row->name);
		else if (err == SK_NO_DEST)
			expect(400, INVALID("dest"), row->name);
		else if (err != SK_CLAIM_MISSING)
			expect(403, "{\"error\":\"Forbidden\"}", row->name);
	}
	kit_desk.call->err = SK_OK;
	kit_desk.refused = SK_ENOMEM;
	post("signing", SHAKEN);
	expect(500, "{\"error\":\"Internal Server Error\"}", "the desk has no memory");
	post("verification", QUESTION);
	expect(500, "{\"error\":\"Internal Server Error\"}", "the desk has no memory");
	kit_desk.refused = SK_OK;
}

/* --- who may, what is there --- */

/* The settings of a tenant are for reading, but to the one who made them. */
static struct sign_conf *sign_settings(struct client *of)
{
	return (struct sign_conf *)(uintptr_t)&of->tenant->set->sign;
}

static void test_rights(void)
{
	rights.sign = false;
	post("signing", SHAKEN);
	expect(403, "{\"error\":\"Forbidden\"}", "signing");
	rights = (struct client_conf){ .sign = true, .attest = CONF_ATTEST_B };
	post("signing", SHAKEN);
	expect(403, "{\"error\":\"Forbidden\"}", "attest");
	post("signing", kit_replaced(SHAKEN, "\"A\"", "\"B\""));
	CHECK(exchange.status == 200, "B");
	post("signing", DIV);
	CHECK(exchange.status == 200, "a div has no attest");
	sign_settings(&client)->div = false;
	post("signing", DIV);
	expect(403, "{\"error\":\"Forbidden\"}", "a div where sign.div is off");
	sign_settings(&client)->div = true;
	post("signing", kit_replaced(RPH, "[\"esnet.1\"]", "[\"esnet.1\",\"wps.0\"]"));
	expect(403, "{\"error\":\"Forbidden\"}", "a priority that sign.rph does not have");
	post("verification", QUESTION);
	expect(403, "{\"error\":\"Forbidden\"}", "verification");
	rights = (struct client_conf){ .sign = true, .verify = true, .attest = CONF_ATTEST_A };
}

static void test_refusals(void)
{
	static const struct {
		enum refusal why;
		unsigned status;
		const char *body;
	} rows[] = {
		{ REFUSAL_METHOD, 405, "{\"error\":\"Method Not Allowed\"}" },
		{ REFUSAL_UNKNOWN, 401, "{\"error\":\"Unauthorized\"}" },
		{ REFUSAL_NOT_YOURS, 403, "{\"error\":\"Forbidden\"}" },
		{ REFUSAL_ACCEPT, 406, "{\"error\":\"Not Acceptable\"}" },
		{ REFUSAL_NO_LENGTH, 411, "{\"error\":\"Length Required\"}" },
		{ REFUSAL_TOO_LONG, 413, "{\"error\":\"Content Too Large\"}" },
		{ REFUSAL_TYPE, 415, "{\"error\":\"Unsupported Media Type\"}" },
		{ REFUSAL_RATE, 429, "{\"error\":\"Too Many Requests\"}" },
		{ REFUSAL_DRAINING, 503, "{\"error\":\"Service Unavailable\"}" },
		{ REFUSAL_LATE, 503, "{\"error\":\"Service Unavailable\"}" },
		{ REFUSAL_OURS, 500, "{\"error\":\"Internal Server Error\"}" },
	};
	const struct route *route = routes_find(&routes, SK_SPAN("/ms/v1/signing"));

	_Static_assert(SK_COUNT(rows) == REFUSAL_LAST, "every refusal has a row");
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct exchange e = { .headers = { { "X-InstanceID", "i-1" } } };
		struct http_reply reply = { .status = rows[i].status };

		route->refuse(route->arg, &e, rows[i].why, &reply);
		CHECK(sk_span_eq(reply.body, sk_span_of(rows[i].body)), "%s: %.*s", rows[i].body,
		      (int)reply.body.len, reply.body.ptr);
		CHECK_STR(reply.headers[0].value, "i-1", "X-InstanceID comes back");
	}
	post("divSigning", DIV);
	expect(404, "{\"error\":\"Not Found\"}", "an older resource");
	post("", "");
	expect(404, "{\"error\":\"Not Found\"}", "none");
	CHECK(!routes_find(&routes, SK_SPAN("/signing")), "not below the root");
}

static void test_root(const struct api_parts *parts)
{
	struct ms *ms = ms_new(parts, "");
	struct routes own = { .count = 0 };

	ms_add(ms, &on, &own);
	CHECK(routes_find(&own, SK_SPAN("/signing")), "without a root");
	CHECK(routes_find(&own, SK_SPAN("/verification")), "without a root");
	CHECK(!routes_find(&own, SK_SPAN("/x")), "the rest is not ours then");
	ms_free(ms);
}

int main(void)
{
	const struct api_parts parts = { .desk = NULL };
	struct call *call =
		kit_call("numbers: {country: 1}\nsign: {div: yes, rph: [\"esnet.*\"]}\n");
	struct ms *ms = ms_new(&parts, "/ms/v1");

	if (!ms)
		return 1;
	ms_add(ms, &on, &routes);
	kit_desk.call = call;
	client = (struct client){ .tenant = call->tenant, .set = &rights };
	rights = (struct client_conf){ .sign = true, .verify = true, .attest = CONF_ATTEST_A };
	snprintf(call->identity, sizeof(call->identity), "%s", TOKEN);
	call->identity_len = strlen(call->identity);

	walk("signing", signing_changes, SK_COUNT(signing_changes));
	walk("verification", verification_changes, SK_COUNT(verification_changes));
	test_bodies();
	test_asked();
	test_reports();
	test_outcomes();
	test_rights();
	test_refusals();
	test_root(&parts);

	ms_free(ms);
	kit_drop(call);
	return check_result();
}
