/*
 * Any bytes as a body of secsipidx's two.  Each answer is a line of its own words.  What is signed
 * says the fields of the body and checks "OK"; white space around a body changes nothing.
 */
#include "redirector/http/secsipidx.h"

#include "tests/fuzz/interface.h"

enum {
	FIELDS = 5, /* orig, dest, attest, origid, x5u */
};

static struct exchange answer;

static bool said(const char *text)
{
	return strcmp(answer.body, text) == 0;
}

static bool check(struct sk_span body)
{
	struct sk_identity parts;
	struct sk_passport p;

	post(&answer, "/v1/check", body);
	must(world.asked == 1 && world.identities == 1);
	must(answer.status == 200 ? said("OK\n") : answer.status == 500 && said("FAILED\n\n"));
	if (answer.status != 200)
		return false;
	must(sk_identity_parse(sk_span_trim(body), &parts) == SK_OK);
	must(sk_passport_parse(parts.token, &p) == SK_OK);
	return true;
}

/* White space around it is no part of it. */
static void check_blanks(struct sk_span body, bool ok)
{
	static char text[API_BODY_MAX + 8];

	if (body.len > API_BODY_MAX)
		return;
	memcpy(text, " \t\n", 3);
	memcpy(text + 3, body.ptr, body.len);
	memcpy(text + 3 + body.len, "\r\n", 2);
	must(check((struct sk_span){ text, body.len + 5 }) == ok);
}

/* The text up to the n-th comma, as somebody reads it who knows nothing of bodies that are cut. */
static struct sk_span field(struct sk_span body, size_t n)
{
	size_t begin = 0, end;

	for (; n > 0 && begin < body.len; begin++)
		n -= body.ptr[begin] == ',';
	for (end = begin; end < body.len && body.ptr[end] != ','; end++)
		;
	return sk_span_trim((struct sk_span){ body.ptr + begin, end - begin });
}

static size_t commas(struct sk_span body)
{
	size_t count = 0;

	for (size_t i = 0; i < body.len; i++)
		count += body.ptr[i] == ',';
	return count;
}

static void check_signed(struct sk_span body)
{
	static char identity[SK_IDENTITY_SIZE + 1];
	struct sk_passport p;
	struct sk_party orig;
	char letter[2] = "";

	must(strchr(answer.body, '\n') == answer.body + answer.len - 1);
	must(answer.len <= sizeof(identity));
	memcpy(identity, answer.body, answer.len);
	identity[answer.len - 1] = '\0';
	read_signed(identity, "shaken", &p);
	/* who calls is no number of the called side only: nothing of it was guessed */
	must(sk_party_from_number(field(body, 0), api_plan(&world.client), SK_ROLE_ORIG, &orig) ==
		     SK_OK &&
	     sk_party_eq(&orig, &p.claims.orig));
	must(is_canonical(&p.claims.orig, SK_ROLE_ORIG) && p.claims.dest_count == 1);
	must(is_canonical(&p.claims.dest[0], SK_ROLE_DEST));
	must(reads_as(field(body, 0), p.claims.orig.text));
	must(reads_as(field(body, 1), p.claims.dest[0].text));
	letter[0] = sk_attest_letter(p.claims.attest);
	must(field(body, 2).len == 0 || sk_span_eq(field(body, 2), sk_span_of(letter)));
	must(field(body, 3).len == 0 ||
	     sk_span_eq_nocase(field(body, 3), sk_span_of(p.claims.origid)));
	must(field(body, 4).len == 0 || sk_span_eq(field(body, 4), sk_span_of(p.jose.x5u)));
	must(check(sk_span_of(identity)));
}

static void sign(struct sk_span body)
{
	post(&answer, "/v1/sign-csv", body);
	must(answer.status == 200 || answer.status == 400);
	must(answer.len > 1 && strchr(answer.body, '\n') == answer.body + answer.len - 1);
	if (commas(sk_span_trim(body)) + 1 < FIELDS)
		must(answer.status == 400 && said("too few tokens\n"));
	if (answer.status == 200)
		check_signed(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secsipidx *secsipidx;
	static const bool on = true;
	struct sk_span body;
	bool signs;

	if (!secsipidx) {
		struct api_parts parts = world_begin("", RIG_SIGN);

		secsipidx = secsipidx_new(&parts);
		must(secsipidx != NULL);
		secsipidx_add(secsipidx, &on, &world.routes);
	}
	if (!read_input(data, size, &signs, &body))
		return 0;
	if (signs)
		sign(body);
	else
		check_blanks(body, check(body));
	must(strcmp(answer.type, "text/plain; charset=utf-8") == 0);
	return 0;
}
