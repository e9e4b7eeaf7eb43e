/*
 * Any bytes as a body of ATIS-1000082.  An error is one of its exceptions, whole.  What is signed
 * says what the body said, and verifies.  A call has Passed only if a token names its parties.
 */
#include "redirector/http/atis.h"

#include "tests/fuzz/interface.h"

static struct exchange answer;

/* As many variables as its text has places for, and the status that its id stands for. */
static void check_exception(const json_t *json)
{
	const json_t *error = json_object_get(json, "requestError");
	const json_t *service = json_object_get(error, "serviceException");
	const json_t *policy = json_object_get(error, "policyException");
	const json_t *one = service ? service : policy, *variables;
	const char *id = text_at(one, "messageId"), *text = text_at(one, "text");
	size_t places = (strstr(text, "%1") != NULL) + (strstr(text, "%2") != NULL);

	must(json_object_size(json) == 1 && json_object_size(error) == 1);
	must(json_object_size(one) == 3 && strncmp(text, "Error: ", 7) == 0 && strlen(id) == 7);
	variables = json_object_get(one, "variables");
	must(json_is_array(variables) && json_array_size(variables) == places);
	for (size_t i = 0; i < places; i++)
		must(json_string_length(json_array_get(variables, i)) > 0);
	if (policy)
		must(strncmp(id, "POL", 3) == 0 && answer.status == strtoul(id + 3, NULL, 10) / 10);
	else
		must(strncmp(id, "SVC400", 6) == 0 && answer.status == 400);
}

/* Each number of the body is one of these parties, and each of these is one of the body's. */
static void check_numbers(const json_t *list, const struct sk_party *parties, size_t count)
{
	bool used[ASKED_TO_MAX] = { false };

	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t j = 0;

		while (j < count && !reads_as(string_of(json_array_get(list, i)), parties[j].text))
			j++;
		must(j < count);
		used[j] = true;
	}
	for (size_t j = 0; j < count; j++)
		must(used[j] && is_canonical(&parties[j], SK_ROLE_DEST));
}

static void check_question(const json_t *request, const char *from, const char *to,
			   const char *time)
{
	const struct asked *a = &world.asked_for;

	must(a->has_time && a->time == json_integer_value(json_object_get(request, time)));
	must(is_canonical(&a->from, SK_ROLE_ORIG));
	must(reads_as(string_of(json_object_get(json_object_get(request, from), "tn")),
		      a->from.text));
	check_numbers(json_object_get(json_object_get(request, to), "tn"), a->to, a->to_count);
}

static size_t print_question(const struct sk_claims *claims, const char *identity, char *out,
			     size_t size)
{
	struct sk_buf buf;

	sk_buf_init(&buf, out, size);
	sk_buf_puts(&buf, "{\"verificationRequest\":{\"from\":{\"tn\":");
	put_party(&buf, &claims->orig, SK_ROLE_ORIG);
	sk_buf_puts(&buf, "},\"to\":{\"tn\":[");
	for (size_t i = 0; i < claims->dest_count; i++) {
		sk_buf_puts(&buf, i ? "," : "");
		put_party(&buf, &claims->dest[i], SK_ROLE_DEST);
	}
	sk_buf_printf(&buf, "]},\"time\":%lld,\"identity\":", (long long)claims->iat);
	sk_json_put_string(&buf, identity);
	sk_buf_puts(&buf, "}}");
	must(!buf.overflow);
	return buf.len;
}

/* What is signed at one resource passes at the other. */
static void check_round(const struct sk_claims *claims, const char *identity)
{
	static char text[API_BODY_MAX];
	json_auto_t *json = NULL;
	const size_t len = print_question(claims, identity, text, sizeof(text));

	post(&answer, "/stir/v1/verification", (struct sk_span){ text, len });
	json = answer_json(&answer);
	must(answer.status == 200);
	must(strcmp(text_at(json_object_get(json, "verificationResponse"), "verstat"),
		    "TN-Validation-Passed") == 0);
}

static void check_signed(const json_t *request, const json_t *json)
{
	const char *identity = text_at(json_object_get(json, "signingResponse"), "identity");
	struct sk_passport p;
	char letter[2] = "";

	check_question(request, "orig", "dest", "iat");
	read_signed(identity, "shaken", &p);
	letter[0] = sk_attest_letter(p.claims.attest);
	must(strcmp(letter, text_at(request, "attest")) == 0);
	must(strcasecmp(p.claims.origid, text_at(request, "origid")) == 0);
	must(strcmp(p.claims.origid, world.asked_for.origid) == 0);
	must(strpbrk(p.claims.origid, "ABCDEF") == NULL);
	check_round(&p.claims, identity);
}

static void check_verified(const json_t *request, const json_t *json)
{
	const json_t *response = json_object_get(json, "verificationResponse");
	const char *verstat = text_at(response, "verstat");
	bool passed = strcmp(verstat, "TN-Validation-Passed") == 0;

	check_question(request, "from", "to", "time");
	must(passed || strcmp(verstat, "TN-Validation-Failed") == 0 ||
	     strcmp(verstat, "No-TN-Validation") == 0);
	must(json_object_size(response) == (passed ? 1 : 4));
	must(passed || (json_is_integer(json_object_get(response, "reasonCode")) &&
			text_at(response, "reasonText")[0] && text_at(response, "reasonDesc")[0]));
	if (passed)
		must(names_them(string_of(json_object_get(request, "identity"))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct atis *atis;
	static const bool on = true;
	json_auto_t *json = NULL, *body = NULL;
	const json_t *request = NULL;
	bool signs;

	if (!atis) {
		struct api_parts parts = world_begin("", RIG_SIGN);

		atis = atis_new(&parts);
		must(atis != NULL);
		atis_add(atis, &on, &world.routes);
	}
	json = post_json(&answer, data, size, "/stir/v1", &signs, &body, &request);
	if (!json)
		return 0;

	if (answer.status != 200)
		check_exception(json);
	else if (signs)
		check_signed(request, json);
	else
		check_verified(request, json);
	return 0;
}
