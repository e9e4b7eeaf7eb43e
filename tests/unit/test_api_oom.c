/*
 * Memory that ends at each allocation in turn, in every request of the interfaces: an answer comes
 * all the same, whole, and it says that the fault is ours.
 */
#include "redirector/http/ms.h"
#include "tests/unit/atiskit.h"
#include "tests/unit/starve.h"

#include <openssl/crypto.h>

#define DIV_TOKEN "e30.eyJkaXYiOnsidG4iOiIxIn19.c2ln;info=<https://a.example/c>;alg=ES256;ppt=div"
#define MS_QUESTION \
	"{\"verificationRequest\":{\"from\":{\"tn\":\"12155551212\"}," \
	"\"to\":{\"tn\":\"12155551213\"},\"time\":1443208345,\"identityHeaders\":[\"" TOKEN \
	"\",\"" DIV_TOKEN "\"],\"dest\":\"tel:+12155551214\"}}"

static const struct {
	const char *path, *body;
	enum sk_err err;
	unsigned status;
} rows[] = {
	{ SIGNING, REQUEST, SK_OK, 200 },
	{ VERIFICATION, QUESTION, SK_OK, 200 },
	{ VERIFICATION, QUESTION, SK_HEADER_CLAIM, 200 },
	{ "/ms/signing", REQUEST, SK_OK, 200 },
	{ "/ms/verification", MS_QUESTION, SK_OK, 200 },
	{ "/ms/verification", MS_QUESTION, SK_CLAIM_MISSING, 200 },
};

/* An object whole: jansson by itself would leave names out. */
static bool is_whole(const char *body)
{
	json_auto_t *json = NULL;

	return !sk_json_parse_max(sk_span_of(body), API_KIT_BODY, &json);
}

static int asked_before;

/* jansson's own allocations are not seen by the linker's --wrap.  Those of reading a body are
 * left out: jansson 2.14 ends the program by an assertion when the room for a long string cannot
 * grow (test_json.c has the shorter ones). */
static void *counted_malloc(size_t size)
{
	return kit_desk.asked > asked_before ? malloc(size) : __real_malloc(size);
}

static bool starved(size_t row, long tries, const char *want)
{
	bool failed;

	hit = false;
	only_one = true;
	asked_before = kit_desk.asked;
	budget = tries;
	kit_post(&routes, &exchange, &client, rows[row].path, rows[row].body);
	budget = -1;
	failed = hit;
	CHECK(exchange.answers == 1, "row %zu, allocation %ld: answered", row, tries);
	CHECK(is_whole(exchange.body), "row %zu, allocation %ld: %s", row, tries, exchange.body);
	if (!failed)
		CHECK_STR(exchange.body, want, "with all memory");
	else
		CHECK(exchange.status == 500 || exchange.status == 200,
		      "row %zu, allocation %ld: the fault is ours: %u %s", row, tries,
		      exchange.status, exchange.body);
	/* a verdict is whole or is not given */
	if (failed && exchange.status == 200 && rows[row].err == SK_OK)
		CHECK_STR(exchange.body, want, "a verdict of less memory");
	return failed;
}

static void test_parts(const struct api_parts *parts)
{
	struct atis *atis;
	struct ms *ms;

	only_one = true;
	budget = 0;
	atis = atis_new(parts);
	budget = 0;
	ms = ms_new(parts, "/x");
	budget = -1;
	CHECK(!atis && !ms, "not made");
	atis_free(atis);
	ms_free(ms);
}

int main(void)
{
	const struct api_parts parts = { .desk = NULL };
	struct atis *atis;
	struct ms *ms;

	json_set_alloc_funcs(counted_malloc, free);
	if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free))
		return 1;
	atis = kit_atis();
	ms = ms_new(&parts, "/ms");
	if (!ms)
		return 1;
	ms_add(ms, &on, &routes);
	kit_desk.call->facts.identities[1] = SK_SPAN(DIV_TOKEN);
	kit_desk.call->facts.identity_count = kit_desk.call->judged_count = 2;
	for (size_t row = 0; row < SK_COUNT(rows); row++) {
		char want[API_KIT_BODY];
		long tries = 0;

		kit_desk.call->err = rows[row].err;
		kit_desk.call->judged[0].err = kit_desk.call->judged[1].err = rows[row].err;
		kit_post(&routes, &exchange, &client, rows[row].path, rows[row].body);
		CHECK(exchange.status == rows[row].status, "row %zu: %s", row, exchange.body);
		snprintf(want, sizeof(want), "%s", exchange.body);
		while (starved(row, tries, want) && tries < 1000)
			tries++;
		CHECK(tries > 0 && tries < 1000, "row %zu: %ld allocations", row, tries);
	}
	test_parts(&parts);

	ms_free(ms);
	atis_free(atis);
	kit_drop(kit_desk.call);
	return check_result();
}
