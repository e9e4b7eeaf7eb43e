/*
 * Any bytes as a body of Ms (TS 24.229, Annex V.2).  An error is one of its own, whole.  What is
 * signed, of whatever type, says what the body said, and verifies.  Of a verification every
 * Identity is told of once, and what is said of the call goes with what is said of each.
 */
#include "redirector/http/ms.h"

#include "shaken/rph.h"
#include "tests/fuzz/interface.h"

#define SIGN \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: A, div: yes, " \
	"rph: [\"esnet.*\", \"ets.*\", \"wps.0\"], x5u: \"" RIG_X5U "\"}\n"

static struct exchange answer;

static void check_error(const json_t *json)
{
	const char *error = text_at(json, "error"), *parameter = text_at(json, "parameter");
	bool of_one = strcmp(error, "Missing Mandatory Parameter") == 0 ||
		      strcmp(error, "Invalid Parameter Value") == 0;

	must(answer.status == 400 || answer.status == 403);
	must(json_object_size(json) == (of_one ? 2 : 1) && of_one == (parameter[0] != '\0'));
	must(answer.status == 400 ? of_one || strcmp(error, "Missing Request body") == 0 ||
					    strcmp(error, "Failed To Parse Message Body") == 0
				  : strcmp(error, "Forbidden") == 0);
}

static bool is(const char *text, const char *one, const char *two, const char *three)
{
	return strcmp(text, one) == 0 || strcmp(text, two) == 0 || strcmp(text, three) == 0;
}

/* --- verification --- */

/* What is gathered of the results. */
struct seen {
	size_t passed, divs;
	bool shaken, priority, priority_passed;
};

static void check_result(const json_t *outer, struct seen *seen)
{
	const json_t *result = json_object_get(outer, "verifyResult");
	bool passed = strcmp(text_at(result, "status"), "pass") == 0;
	enum sk_ppt ppt = sk_ppt_param(string_of(json_object_get(result, "ppt")));

	must(json_object_size(outer) == 1 && json_is_object(result));
	must(is(text_at(result, "status"), "pass", "fail", "fail"));
	must(passed ? json_is_object(json_object_get(result, "validClaims")) &&
			      json_is_string(json_object_get(result, "passport"))
		    : !json_object_get(result, "validClaims"));
	must(passed == !json_object_get(result, "reasonCode"));
	must(passed ||
	     (text_at(result, "reasonText")[0] && text_at(result, "reasonDescription")[0]));
	seen->passed += passed;
	seen->divs += ppt == SK_PPT_DIV;
	seen->shaken = seen->shaken || (passed && ppt == SK_PPT_SHAKEN);
	seen->priority = seen->priority || ppt == SK_PPT_RPH;
	seen->priority_passed = seen->priority_passed || (passed && ppt == SK_PPT_RPH);
}

/* @return verstatValue */
static const char *check_response(const json_t *json, struct seen *seen)
{
	const json_t *response = json_object_get(json, "verificationResponse");
	const json_t *results = json_object_get(response, "verifyResults");
	const char *verstat = text_at(response, "verstatValue");
	const char *priority = text_at(response, "verstatPriority");

	*seen = (struct seen){ .passed = 0 };
	must(answer.status == 200 && json_object_size(json) == 1);
	must(json_array_size(results) == world.identities);
	for (size_t i = 0; i < json_array_size(results); i++)
		check_result(json_array_get(results, i), seen);
	must(is(verstat, "TN-Validation-Passed", "TN-Validation-Failed", "No-TN-Validation"));
	must(json_array_size(json_object_get(response, "divResult")) == seen->divs);
	must(seen->priority == (priority[0] != '\0'));
	must(seen->priority_passed == (strcmp(priority, "RPH-Validation-Passed") == 0));
	must(seen->shaken || strcmp(verstat, "TN-Validation-Passed") != 0);
	return verstat;
}

static void check_asked(void)
{
	const struct asked *a = &world.asked_for;

	must(a->has_time && is_canonical(&a->from, SK_ROLE_ORIG));
	for (size_t i = 0; i < a->to_count; i++)
		must(is_canonical(&a->to[i], SK_ROLE_DEST));
	must(a->target.kind == SK_PARTY_NONE || is_canonical(&a->target, SK_ROLE_DEST));
	must(a->div.kind == SK_PARTY_NONE || is_canonical(&a->div, SK_ROLE_DEST));
}

/* Is each value between commas one of these, in any case? */
static bool is_each_in(const char *values, const json_t *auth)
{
	for (;; values++) {
		struct sk_span one = { values, strcspn(values, ",") };
		bool found = false;

		values += one.len;
		one = sk_span_trim(one);
		for (size_t i = 0; i < json_array_size(auth); i++)
			found = found || sk_span_eq_nocase(one, string_of(json_array_get(auth, i)));
		if (!found)
			return false;
		if (*values == '\0')
			return true;
	}
}

/* An rph that passed has all that the call wants to be. */
static void check_covered(const json_t *request, const json_t *json)
{
	const json_t *headers = json_object_get(request, "protectedHeaders");
	const json_t *results =
		json_object_get(json_object_get(json, "verificationResponse"), "verifyResults");

	for (size_t i = 0; i < json_array_size(results); i++) {
		const json_t *one = json_object_get(json_array_get(results, i), "verifyResult");
		const json_t *claims = json_object_get(one, "validClaims");
		const json_t *auth = json_object_get(json_object_get(claims, "rph"), "auth");

		if (!claims || strcasecmp(text_at(one, "ppt"), "rph") != 0)
			continue;
		for (size_t h = 0; h < json_array_size(headers); h++) {
			const char *text = json_string_value(json_array_get(headers, h));
			struct sk_span name = { text, strcspn(text, ":") };

			if (sk_span_eq_nocase(sk_span_trim(name), SK_SPAN("Resource-Priority")))
				must(is_each_in(text + name.len + 1, auth));
		}
	}
}

/* Of one that was not diverted: a token that names them all. */
static void check_verified(const json_t *request, const json_t *json)
{
	const json_t *list = json_object_get(request, "identityHeaders");
	struct seen seen;
	const char *verstat = check_response(json, &seen);
	bool named = names_them(string_of(json_object_get(request, "identityHeader")));

	check_asked();
	check_covered(request, json);
	for (size_t i = 0; i < json_array_size(list); i++)
		named = named || names_them(string_of(json_array_get(list, i)));
	if (strcmp(verstat, "TN-Validation-Passed") == 0 && seen.divs == 0)
		must(named);
}

/* --- signing --- */

static void put_parties(struct sk_buf *out, const struct sk_claims *claims, const char *name,
			enum sk_party_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < claims->dest_count; i++) {
		if (claims->dest[i].kind != kind)
			continue;
		if (count++ == 0)
			sk_buf_printf(out, "%s\"%s\":[", out->text[out->len - 1] == '{' ? "" : ",",
				      name);
		else
			sk_buf_putc(out, ',');
		put_party(out, &claims->dest[i], SK_ROLE_DEST);
	}
	if (count > 0)
		sk_buf_putc(out, ']');
}

/* What is signed at one resource passes at the other: a call by its shaken, an rph by itself. */
static void check_round(const struct sk_passport *p, const char *identity, enum sk_ppt ppt)
{
	static char text[API_BODY_MAX];
	json_auto_t *json = NULL;
	struct sk_buf buf;
	struct seen seen;
	const char *verstat;

	sk_buf_init(&buf, text, sizeof(text));
	sk_buf_printf(&buf, "{\"verificationRequest\":{\"from\":{\"%s\":",
		      p->claims.orig.kind == SK_PARTY_TN ? "tn" : "uri");
	put_party(&buf, &p->claims.orig, SK_ROLE_ORIG);
	sk_buf_puts(&buf, "},\"to\":{");
	put_parties(&buf, &p->claims, "tn", SK_PARTY_TN);
	put_parties(&buf, &p->claims, "uri", SK_PARTY_URI);
	sk_buf_printf(&buf, "},\"time\":%lld,\"identityHeaders\":[", (long long)p->claims.iat);
	sk_json_put_string(&buf, identity);
	sk_buf_puts(&buf, "]}}");
	must(!buf.overflow);
	post(&answer, "/ms/v1/verification", (struct sk_span){ text, buf.len });
	json = answer_json(&answer);
	verstat = check_response(json, &seen);
	if (ppt == SK_PPT_SHAKEN)
		must(seen.passed == 1 && strcmp(verstat, "TN-Validation-Passed") == 0);
	if (ppt == SK_PPT_RPH)
		must(seen.priority_passed);
}

/* The priorities of the body, each once or more, and no other. */
static void check_rph(const json_t *request, const struct sk_passport *p)
{
	const json_t *list = json_object_get(json_object_get(request, "rph"), "auth");
	struct sk_rph rph;

	must(sk_rph_read(&p->token, &rph) == SK_OK && sk_rph_check(&rph));
	must(rph.psap_callback == (text_at(request, "sph")[0] != '\0'));
	must(rph.count <= json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++)
		must(sk_rph_covers(&rph, string_of(json_array_get(list, i))));
	for (size_t i = 0; i < rph.count; i++)
		must(strncasecmp(rph.auth[i], "esnet.", 6) == 0 ||
		     strncasecmp(rph.auth[i], "ets.", 4) == 0 ||
		     strcasecmp(rph.auth[i], "wps.0") == 0);
}

static void check_signed(const json_t *request, const json_t *json)
{
	static char identity[SK_IDENTITY_SIZE];
	const struct asked *a = &world.asked_for;
	enum sk_ppt ppt = a->ppt;
	struct sk_passport p;
	char letter[2] = "";

	check_asked();
	must(a->time == json_integer_value(json_object_get(request, "iat")));
	snprintf(identity, sizeof(identity), "%s",
		 text_at(json_object_get(json, "signingResponse"), "identityHeader"));
	read_signed(identity, sk_ppt_text(ppt), &p);
	must(sk_party_eq(&p.claims.div, &a->div) || (ppt != SK_PPT_DIV && !p.claims.div.text[0]));
	letter[0] = sk_attest_letter(p.claims.attest);
	if (ppt == SK_PPT_SHAKEN)
		must(strcmp(letter, text_at(request, "attest")) == 0 &&
		     strcasecmp(p.claims.origid, text_at(request, "origid")) == 0);
	else
		must(letter[0] == '-' && p.claims.origid[0] == '\0');
	if (ppt == SK_PPT_RPH)
		check_rph(request, &p);
	check_round(&p, identity, ppt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ms *ms;
	static const bool on = true;
	json_auto_t *json = NULL, *body = NULL;
	const json_t *request = NULL;
	bool signs;

	if (!ms) {
		struct api_parts parts = world_begin(", rph: yes, div: yes", SIGN);

		ms = ms_new(&parts, "/ms/v1");
		must(ms != NULL);
		ms_add(ms, &on, &world.routes);
	}
	json = post_json(&answer, data, size, "/ms/v1", &signs, &body, &request);
	if (!json)
		return 0;

	if (answer.status != 200)
		check_error(json);
	else if (signs)
		check_signed(request, json);
	else
		check_verified(request, json);
	return 0;
}
