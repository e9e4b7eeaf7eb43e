/*
 * The STI-PA's list: what may stand in it, who may sign it, and for how long it is
 * in force.
 */
#include "pki.h"
#include "shaken/b64url.h"
#include "shaken/calist.h"
#include "shaken/trust.h"
#include "tests/check.h"

#include <stdlib.h>

#define HEADER "{\"alg\":\"ES256\",\"x5u\":\"https://pa.example/signer.pem\"}"

static struct pki_cert root, other, signer;
static struct pki_text root_pem, other_pem, signer_pem, anchor_pem, leaf_pem, two_pem, key_pem;
static char *anchor, *leaf, *two, *key; /* as JSON */

static void set_up(void)
{
	const struct pki_spec pa = { .cn = "STI-PA ROOT" }, usual = { 0 };
	const struct pki_spec lists = { .cn = "STI-PA lists", .tnauth = "", .crldp = "" };
	struct pki_cert ca = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert end = pki_issue(&usual, PKI_LEAF, &ca, NULL);

	root = pki_issue(&pa, PKI_ROOT, NULL, NULL);
	other = pki_issue(&pa, PKI_ROOT, NULL, NULL);
	signer = pki_issue(&lists, PKI_LEAF, &root, NULL);
	pki_add_cert(&root_pem, root.cert);
	pki_add_cert(&other_pem, other.cert);
	pki_add_cert(&signer_pem, signer.cert);
	pki_add_cert(&anchor_pem, ca.cert);
	pki_add_cert(&leaf_pem, end.cert);
	pki_add_cert(&two_pem, ca.cert);
	pki_add_cert(&two_pem, other.cert);
	pki_add_key(&key_pem, end.key);
	anchor = pki_json(anchor_pem.text);
	leaf = pki_json(leaf_pem.text);
	two = pki_json(two_pem.text);
	key = pki_json(key_pem.text);
	pki_drop(&ca);
	pki_drop(&end);
}

/* clang-format off */
/* In the payload A stands for a good authority, L for a leaf, T for two in one entry, K for a key. */
static const struct form {
	const char *name;
	enum sk_err want;
	const char *header, *payload;
} forms[] = {
	{ "good", SK_OK, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "another order, and more claims", SK_OK, HEADER,
	  "{\"trustList\":[\"A\"],\"iss\":\"x\",\"exp\":1600000000,\"extensions\":{\"a\":[1]},\"sequence\":7,\"version\":1}" },
	{ "two in one entry, and one", SK_OK, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"T\",\"A\"]}" },
	{ "typ and kid", SK_OK, "{\"typ\":\"JWT\",\"kid\":\"1\",\"alg\":\"ES256\",\"x5u\":\"https://pa.example/signer.pem\"}",
	  "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "sequence 0", SK_OK, HEADER, "{\"version\":1,\"sequence\":0,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "alg none", SK_ALG_UNSUPPORTED, "{\"alg\":\"none\",\"x5u\":\"https://x/\"}", "{}" },
	{ "alg ES384", SK_ALG_UNSUPPORTED, "{\"alg\":\"ES384\",\"x5u\":\"https://x/\"}", "{}" },
	{ "alg HS256", SK_ALG_UNSUPPORTED, "{\"alg\":\"HS256\",\"x5u\":\"https://x/\"}", "{}" },
	{ "alg in lower case", SK_ALG_UNSUPPORTED, "{\"alg\":\"es256\",\"x5u\":\"https://x/\"}", "{}" },
	{ "alg is a number", SK_ALG_UNSUPPORTED, "{\"alg\":1,\"x5u\":\"https://x/\"}", "{}" },
	{ "no alg", SK_ALG_UNSUPPORTED, "{\"x5u\":\"https://x/\"}", "{}" },
	{ "no x5u", SK_HEADER_CLAIM, "{\"alg\":\"ES256\"}", "{}" },
	{ "x5u empty", SK_HEADER_CLAIM, "{\"alg\":\"ES256\",\"x5u\":\"\"}", "{}" },
	{ "x5u is a list", SK_HEADER_CLAIM, "{\"alg\":\"ES256\",\"x5u\":[\"https://x/\"]}", "{}" },
	{ "x5u with a line end", SK_HEADER_CLAIM, "{\"alg\":\"ES256\",\"x5u\":\"https://x/\\n\"}", "{}" },
	{ "crit", SK_TOKEN_SYNTAX, "{\"alg\":\"ES256\",\"x5u\":\"https://x/\",\"crit\":[\"exp\"]}", "{}" },
	{ "b64", SK_TOKEN_SYNTAX, "{\"alg\":\"ES256\",\"x5u\":\"https://x/\",\"b64\":true}", "{}" },
	{ "alg twice", SK_TOKEN_SYNTAX, "{\"alg\":\"none\",\"alg\":\"ES256\",\"x5u\":\"https://x/\"}", "{}" },
	{ "the header is a list", SK_TOKEN_SYNTAX, "[]", "{}" },
	{ "the header is no JSON", SK_TOKEN_SYNTAX, "{", "{}" },
	{ "the payload is a list", SK_TOKEN_SYNTAX, HEADER, "[]" },
	{ "the payload is cut", SK_TOKEN_SYNTAX, HEADER, "{\"version\":1,\"sequence\":7" },
	{ "bytes behind the payload", SK_TOKEN_SYNTAX, HEADER, "{} {}" },
	{ "a NUL in a string", SK_TOKEN_SYNTAX, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"\\u0000A\"]}" },
	{ "no version", SK_CLAIM_MISSING, HEADER, "{\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "no sequence", SK_CLAIM_MISSING, HEADER, "{\"version\":1,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "no exp", SK_CLAIM_MISSING, HEADER, "{\"version\":1,\"sequence\":7,\"trustList\":[\"A\"]}" },
	{ "no trustList", SK_CLAIM_MISSING, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000}" },
	{ "nobody in trustList", SK_CLAIM_MISSING, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[]}" },
	{ "sequence is a string", SK_CLAIM_TYPE, HEADER, "{\"version\":1,\"sequence\":\"7\",\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "sequence is 1e3", SK_CLAIM_TYPE, HEADER, "{\"version\":1,\"sequence\":1e3,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "sequence below 0", SK_CLAIM_TYPE, HEADER, "{\"version\":1,\"sequence\":-1,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "sequence beyond 64 bits", SK_TOKEN_SYNTAX, HEADER,
	  "{\"version\":1,\"sequence\":9223372036854775808,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "exp is a string", SK_CLAIM_TYPE, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":\"never\",\"trustList\":[\"A\"]}" },
	{ "exp is a fraction", SK_CLAIM_TYPE, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000.5,\"trustList\":[\"A\"]}" },
	{ "trustList is a string", SK_CLAIM_TYPE, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":\"A\"}" },
	{ "trustList of objects", SK_CLAIM_TYPE, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[{}]}" },
	{ "exp twice", SK_TOKEN_SYNTAX, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
	{ "an empty entry", SK_CERT_SYNTAX, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"A\",\"\"]}" },
	{ "an entry that is text", SK_CERT_SYNTAX, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"hello\"]}" },
	{ "a leaf", SK_CERT_SYNTAX, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"A\",\"L\"]}" },
	{ "a private key", SK_CERT_SYNTAX, HEADER, "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"A\",\"K\"]}" },
	{ "five levels", SK_TOKEN_SYNTAX, HEADER, "{\"version\":[[[[1]]]],\"sequence\":7,\"exp\":1600000000,\"trustList\":[\"A\"]}" },
};
/* clang-format on */

/* The letters in quotes become certificates */
static char *fill(const char *payload)
{
	char *out = calloc(1, 1 << 16), *at = out;

	if (!out)
		abort();
	for (; *payload; payload++) {
		const bool lone = payload[0] && payload[1] == '"' && at > out && at[-1] == '"';
		const bool coded = at - out > 6 && memcmp(at - 6, "\\u0000", 6) == 0;
		const char *put = NULL;

		if (lone || coded)
			put = *payload == 'A'   ? anchor
			      : *payload == 'L' ? leaf
			      : *payload == 'T' ? two
			      : *payload == 'K' ? key
						: NULL;
		if (put)
			at = stpcpy(at, put);
		else
			*at++ = *payload;
	}
	return out;
}

static enum sk_err parse(const char *text, struct sk_calist **out)
{
	/* a copy without a NUL, so that the sanitizer sees who reads on */
	const size_t len = strlen(text);
	char *bare = malloc(len + 1);
	enum sk_err err;

	if (!bare)
		abort();
	memcpy(bare, text, len);
	bare = realloc(bare, len > 0 ? len : 1);
	err = sk_calist_parse((struct sk_span){ bare, len }, out);
	free(bare);
	return err;
}

static struct sk_span good_chain(void)
{
	return (struct sk_span){ signer_pem.text, signer_pem.len };
}

static struct sk_span good_roots(void)
{
	return (struct sk_span){ root_pem.text, root_pem.len };
}

static void test_forms(void)
{
	for (size_t i = 0; i < SK_COUNT(forms); i++) {
		SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
		char *payload = fill(forms[i].payload);
		char *jws = pki_jws(forms[i].header, payload, signer.key);
		enum sk_err err = parse(jws, &list);

		CHECK((list != NULL) == (err == SK_OK), "%s: out", forms[i].name);
		if (list) /* what is in the certificates is looked at last */
			err = sk_calist_check(list, good_chain(), good_roots(), PKI_NOW, -1);
		CHECK(err == forms[i].want, "%s: %s", forms[i].name, sk_err_name(err));
		free(jws);
		free(payload);
	}
}

static void test_facts(void)
{
	SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	const struct sk_trust_rules rules = { 0 };
	char *jws = pki_calist(41, 1600000000, two_pem.text, NULL, signer.key);
	struct sk_span pem;
	size_t count = 0;

	CHECK(parse(jws, &list) == SK_OK, "two");
	if (!list)
		return;
	pem = sk_calist_pem(list);
	CHECK_STR(sk_calist_x5u(list), "https://pa.example/signer.pem", "x5u");
	CHECK(sk_calist_sequence(list) == 41 && sk_calist_exp(list) == 1600000000, "numbers");
	CHECK(sk_calist_count(list) == 0, "nobody has looked at them");
	CHECK(sk_calist_check(list, good_chain(), good_roots(), PKI_NOW, -1) == SK_OK, "theirs");
	CHECK(sk_calist_count(list) == 2, "two authorities");
	CHECK(!sk_trust_new(&rules, &trust) &&
		      !sk_trust_add_anchors(trust, pem.ptr, pem.len, &count) && count == 2,
	      "their PEM");
	free(jws);
}

/* Around the JWS: %s is a good one */
static const struct {
	const char *name;
	enum sk_err want;
	const char *text;
} wraps[] = {
	{ "bare", SK_OK, "%s" },
	{ "white space", SK_OK, " \r\n%s\n" },
	{ "answer", SK_OK, "{\"status\":\"success\",\"caList\":\"%s\"}\n" },
	{ "answer without status", SK_OK, "{\"caList\":\"%s\"}" },
	{ "answer of failure", SK_TOKEN_SYNTAX, "{\"status\":\"error\",\"caList\":\"%s\"}" },
	{ "status is a number", SK_TOKEN_SYNTAX, "{\"status\":1,\"caList\":\"%s\"}" },
	{ "no list", SK_CLAIM_MISSING, "{\"status\":\"success\",\"x\":\"%s\"}" },
	{ "the list is a list", SK_CLAIM_TYPE, "{\"status\":\"success\",\"caList\":[\"%s\"]}" },
	{ "two lists", SK_TOKEN_SYNTAX, "{\"caList\":\"%s\",\"caList\":\"\"}" },
	{ "the answer is cut", SK_TOKEN_SYNTAX, "{\"caList\":\"%s\"" },
	{ "an array", SK_TOKEN_SYNTAX, "[\"%s\"]" },
	{ "an answer in an answer", SK_TOKEN_SYNTAX,
	  "{\"caList\":\"{\\\"caList\\\":1}\",\"x\":\"%s\"}" },
	{ "a fourth part", SK_TOKEN_SYNTAX, "%s.e30" },
	{ "padding", SK_TOKEN_SYNTAX, "%s=" },
	{ "a space inside", SK_TOKEN_SYNTAX, "e30. %s" },
	{ "a part in front", SK_TOKEN_SYNTAX, "e30.%s" },
	{ "no header", SK_TOKEN_SYNTAX, ".%s" },
	{ "a quote", SK_TOKEN_SYNTAX, "\"%s\"" },
};

static void test_wraps(void)
{
	char *jws = pki_calist(1, 1600000000, anchor_pem.text, NULL, signer.key), *text = NULL;

	for (size_t i = 0; i < SK_COUNT(wraps); i++) {
		SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
		const char *at = strstr(wraps[i].text, "%s");
		enum sk_err err;

		if (asprintf(&text, "%.*s%s%s", (int)(at - wraps[i].text), wraps[i].text, jws,
			     at + 2) < 0)
			abort();
		err = parse(text, &list);
		CHECK(err == wraps[i].want, "%s: %s", wraps[i].name, sk_err_name(err));
		free(text);
	}
	for (size_t cut = 0; cut < strlen(jws); cut += 7) {
		SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
		char *part = strndup(jws, cut);

		CHECK(parse(part, &list) != SK_OK, "cut at %zu", cut);
		free(part);
	}
	free(jws);
}

static char *repeat(const char *head, const char *piece, size_t times, const char *tail)
{
	char *out = malloc(strlen(head) + strlen(piece) * times + strlen(tail) + 1), *at = out;

	if (!out)
		abort();
	at = stpcpy(at, head);
	for (size_t i = 0; i < times; i++)
		at = stpcpy(at, piece);
	stpcpy(at, tail);
	return out;
}

static enum sk_err parse_payload(char *payload)
{
	SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
	char *jws = pki_jws(HEADER, payload, signer.key);
	enum sk_err err = parse(jws, &list);

	free(jws);
	free(payload);
	return err;
}

#define OPEN "{\"version\":1,\"sequence\":7,\"exp\":1600000000,\"trustList\":["

static void test_sizes(void)
{
	char *entry = NULL, *head = NULL;
	enum sk_err err;

	if (asprintf(&entry, ",\"%s\"", anchor) < 0 || asprintf(&head, OPEN "\"%s\"", anchor) < 0)
		abort();
	err = parse_payload(repeat(head, entry, 99, "]}"));
	CHECK(err == SK_OK, "100 authorities: %s", sk_err_name(err));
	err = parse_payload(repeat(OPEN "\"\"", ",\"\"", SK_CALIST_ANCHORS_MAX, "]}"));
	CHECK(err == SK_TOKEN_SIZE, "too many entries: %s", sk_err_name(err));
	err = parse_payload(repeat(OPEN "0", ",0", 500000, "]}"));
	CHECK(err == SK_TOKEN_SYNTAX, "half a million members: %s", sk_err_name(err));
	err = parse_payload(repeat("", "[", 1000000, ""));
	CHECK(err == SK_TOKEN_SYNTAX, "a million levels: %s", sk_err_name(err));
	err = parse_payload(repeat(OPEN "\"", "x", SK_CALIST_MAX, "\"]}"));
	CHECK(err == SK_TOKEN_SIZE, "larger than 4 MiB: %s", sk_err_name(err));
	free(entry);
	free(head);
}

/* Signed by `by`, and judged to the end */
static enum sk_err judge_payload(char *payload, EVP_PKEY *by)
{
	SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
	char *jws = pki_jws(HEADER, payload, by);
	enum sk_err err = parse(jws, &list);

	if (list) {
		err = sk_calist_check(list, good_chain(), good_roots(), PKI_NOW, -1);
		CHECK((sk_calist_count(list) > 0) == (err == SK_OK), "counted when it is good");
	}
	free(jws);
	free(payload);
	return err;
}

/* Certificates are read of a list that is signed, and of no other: they are what costs */
static void test_order(void)
{
	char *twenty = repeat("\"", anchor, 20, "\","), *last = NULL;
	enum sk_err err;

	err = judge_payload(repeat(OPEN "\"hello\"]}", "", 0, ""), other.key);
	CHECK(err == SK_BAD_SIGNATURE, "forged, and no certificates: %s", sk_err_name(err));
	err = judge_payload(repeat(OPEN "\"hello\"]}", "", 0, ""), signer.key);
	CHECK(err == SK_CERT_SYNTAX, "theirs, and no certificates: %s", sk_err_name(err));
	err = judge_payload(repeat(OPEN "\"", "x", SK_CERT_FILE_MAX, "\"]}"), signer.key);
	CHECK(err == SK_CERT_SYNTAX, "the longest entry: %s", sk_err_name(err));
	err = judge_payload(repeat(OPEN "\"", "x", SK_CERT_FILE_MAX + 1, "\"]}"), signer.key);
	CHECK(err == SK_TOKEN_SIZE, "one too long: %s", sk_err_name(err));
	if (asprintf(&last, "\"%s\"]}", anchor) < 0)
		abort();
	err = judge_payload(repeat(OPEN, twenty, 51, last), signer.key);
	CHECK(err == SK_OK, "1,021 authorities: %s", sk_err_name(err));
	err = judge_payload(repeat(OPEN, twenty, 52, last), signer.key);
	CHECK(err == SK_TOKEN_SIZE, "1,041: %s", sk_err_name(err));
	free(twenty);
	free(last);
}

/* Who signed it, and when it is looked at */
enum by {
	BY_SIGNER,
	BY_OTHER_KEY, /* the signer's certificate, another key's signature */
	BY_ROOT,      /* the administrator's root itself                   */
};

/* clang-format off */
static const struct check {
	const char *name;
	enum sk_err want;
	struct pki_spec spec;   /* of the signer */
	enum by by;
	bool other_root;        /* the administrator is somebody else */
	bool pinned;            /* the signer's certificate is the administrator's own */
	int64_t now, sequence;  /* 0: PKI_NOW, none */
	const char *chain;      /* instead of the signer's */
} checks[] = {
	{ .name = "good", .want = SK_OK },
	{ .name = "a signer that is trusted itself", .want = SK_OK, .pinned = true, .other_root = true },
	{ .name = "the same sequence", .want = SK_OK, .sequence = 7 },
	{ .name = "a higher sequence than in use", .want = SK_OK, .sequence = 6 },
	{ .name = "its last second", .want = SK_OK, .now = 1499999999 },
	{ .name = "a signer without keyUsage", .want = SK_OK, .spec = { .usage = "" } },
	{ .name = "a lower sequence", .want = SK_REPLAYED, .sequence = 8 },
	{ .name = "exp", .want = SK_IAT_STALE, .now = 1500000000 },
	{ .name = "long past exp", .want = SK_IAT_STALE, .now = 1570000000 },
	{ .name = "another root", .want = SK_CERT_UNTRUSTED, .other_root = true },
	{ .name = "another key", .want = SK_BAD_SIGNATURE, .by = BY_OTHER_KEY },
	{ .name = "the root, which may not sign", .want = SK_CERT_INVALID, .by = BY_ROOT },
	{ .name = "signer expired", .want = SK_CERT_EXPIRED, .spec = { .to = PKI_NOW - 1 } },
	{ .name = "signer of tomorrow", .want = SK_CERT_NOT_YET, .spec = { .from = PKI_NOW + 1 } },
	{ .name = "forged signer", .want = SK_CERT_INVALID, .spec = { .spoil = true } },
	{ .name = "signer for lists of revocation", .want = SK_CERT_INVALID, .spec = { .usage = "03020102" } },
	{ .name = "signer on P-384", .want = SK_CERT_INVALID, .spec = { .key = "P-384" } },
	{ .name = "signer with an unknown critical extension", .want = SK_CERT_INVALID,
	  .spec = { .extra = "1.2.3.4", .extra_critical = true } },
	{ .name = "no chain", .want = SK_CERT_SYNTAX, .chain = "" },
	{ .name = "a chain of text", .want = SK_CERT_SYNTAX, .chain = "hello" },
};
/* clang-format on */

static char *sign_list(const struct check *row, struct pki_cert *by)
{
	EVP_PKEY *used = row->by == BY_OTHER_KEY ? other.key : by->key;

	/* a list of any key that is not on P-256 cannot be made; who holds it is found out first */
	return pki_calist(7, 1500000000, anchor_pem.text, NULL, row->spec.key ? signer.key : used);
}

static void test_checks(void)
{
	for (size_t i = 0; i < SK_COUNT(checks); i++) {
		const struct check *row = &checks[i];
		struct pki_spec spec = row->spec;
		SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
		static struct pki_text chain, roots;
		struct pki_cert by;
		char *jws;
		enum sk_err err = SK_EINTERNAL;

		spec.cn = "STI-PA lists";
		spec.tnauth = "";
		by = row->by == BY_ROOT ? root : pki_issue(&spec, PKI_LEAF, &root, NULL);
		chain.len = roots.len = 0;
		pki_add_cert(&chain, by.cert);
		pki_add_cert(&roots, row->other_root ? other.cert : root.cert);
		if (row->pinned)
			pki_add_cert(&roots, by.cert);
		jws = sign_list(row, &by);
		CHECK(parse(jws, &list) == SK_OK, "%s: form", row->name);
		if (list)
			err = sk_calist_check(
				list,
				row->chain ? sk_span_of(row->chain)
					   : (struct sk_span){ chain.text, chain.len },
				(struct sk_span){ roots.text, roots.len },
				row->now ? row->now : PKI_NOW, row->sequence ? row->sequence : -1);
		CHECK(err == row->want, "%s: %s", row->name, sk_err_name(err));
		free(jws);
		if (row->by != BY_ROOT)
			pki_drop(&by);
	}
}

/* One bit anywhere in what is signed, or in the signature */
static void test_bits(void)
{
	char *jws = pki_calist(1, 1600000000, anchor_pem.text, NULL, signer.key);
	const struct sk_span chain = { signer_pem.text, signer_pem.len };
	const struct sk_span roots = { root_pem.text, root_pem.len };
	size_t judged = 0;

	for (size_t i = 0; i < strlen(jws); i += 5) {
		SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
		const char was = jws[i];

		if (was != '.')
			jws[i] = was == 'A' ? 'B' : 'A';
		if (was != '.' && parse(jws, &list) == SK_OK) {
			enum sk_err err = sk_calist_check(list, chain, roots, PKI_NOW, -1);

			CHECK(err == SK_BAD_SIGNATURE || err == SK_IAT_STALE, "bit at %zu: %s", i,
			      sk_err_name(err));
			judged++;
		}
		jws[i] = was;
	}
	CHECK(judged > 5, "some spoilt lists have a good form: %zu", judged);
	free(jws);
}

int main(void)
{
	set_up();
	test_forms();
	test_facts();
	test_wraps();
	test_sizes();
	test_order();
	test_checks();
	test_bits();
	return check_result();
}
