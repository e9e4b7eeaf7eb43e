/*
 * The list comes before anybody knows who signed it, so it is read with care:
 * its depth and its members are counted before jansson sees them, since four
 * megabytes of "[[[[" or "{},{}," would cost a multiple of that.  The signature is
 * over the bytes as they came.
 */
#include "shaken/calist.h"

#include "shaken/b64url.h"
#include "shaken/crypto.h"
#include "shaken/json.h"
#include "shaken/path.h"
#include "shaken/text.h"
#include "shaken/trust.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

SK_DEFINE_CLEANUP(X509_STORE, X509_STORE_free)

enum {
	DEPTH_MAX = 4,                               /* {"trustList":["..."]} has 2 */
	MEMBERS_MAX = SK_CALIST_ANCHORS_MAX + 1024,  /* of all objects and arrays   */
	HEADER_MAX = SK_B64URL_LEN(SK_JSON_MAX) + 1, /* of the JOSE header, encoded */
};

struct sk_calist {
	char x5u[SK_URL_MAX + 1];
	int64_t sequence, exp;
	size_t count;
	char *pem; /* owned */
	size_t pem_len, entries;
	uint32_t ends[SK_CALIST_ANCHORS_MAX]; /* of the entries in pem, their line ends included */
	char *jws;                            /* owned: "header.payload", what was signed */
	size_t jws_len;
	uint8_t sig[SK_SIG_LEN];
};

struct parts {
	struct sk_span header, payload, signature, signed_part;
};

static void free_text(char **text)
{
	free(*text);
}

/* No more nesting and no more members than a list needs.  Wrong JSON may pass: jansson is next */
static bool is_small(struct sk_span text)
{
	size_t depth = 0, members = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (quoted && c == '\\')
			i++; /* whatever is escaped ends no string */
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && ((is_one_of(c, "[{") && ++depth > DEPTH_MAX) ||
				     (c == ',' && ++members > MEMBERS_MAX)))
			return false;
		else if (!quoted && is_one_of(c, "]}") && depth > 0)
			depth--;
	}
	return true;
}

/* As sk_json_parse(), for a text that is larger than a token's */
static enum sk_err read_json(struct sk_span text, json_t **out)
{
	json_auto_t *json = NULL, *probe = NULL;
	json_error_t error;

	if (!is_small(text))
		return SK_TOKEN_SYNTAX;

	json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
	if (!json) {
		probe = json_object(); /* json.c says why */
		return !probe || error.text[0] == '\0' ||
				       json_error_code(&error) == json_error_out_of_memory
			       ? SK_ENOMEM
			       : SK_TOKEN_SYNTAX;
	}
	if (!json_is_object(json))
		return SK_TOKEN_SYNTAX;

	*out = sk_steal(json);
	return SK_OK;
}

/* The STI-PA's answer around the list; `answer` keeps what `jws` points into */
static enum sk_err unwrap(struct sk_span text, json_t **answer, struct sk_span *jws)
{
	struct sk_span status;
	enum sk_err err;

	*jws = text;
	if (!starts_with(text, "{"))
		return SK_OK;

	err = read_json(text, answer);
	if (err)
		return err;
	if (json_object_get(*answer, "status") && (!sk_json_string(*answer, "status", &status) ||
						   !sk_span_eq(status, SK_SPAN("success"))))
		return SK_TOKEN_SYNTAX;
	if (!json_object_get(*answer, "caList"))
		return SK_CLAIM_MISSING;

	return sk_json_string(*answer, "caList", jws) ? SK_OK : SK_CLAIM_TYPE;
}

/* RFC 7515, 3.1 */
static enum sk_err split(struct sk_span jws, struct parts *out)
{
	struct sk_span rest = jws;

	out->header = take_until(&rest, ".");
	rest = skip(rest, rest.len > 0);
	out->payload = take_until(&rest, ".");
	out->signed_part = (struct sk_span){ jws.ptr, out->header.len + 1 + out->payload.len };
	out->signature = skip(rest, rest.len > 0);
	if (out->header.len > HEADER_MAX)
		return SK_TOKEN_SIZE;
	if (!sk_b64url_check(out->header) || !sk_b64url_check(out->payload) ||
	    !sk_b64url_check(out->signature))
		return SK_TOKEN_SYNTAX;
	/* RFC 7518, 3.4: r and s, 32 bytes each */
	if (out->header.len == 0 || out->payload.len == 0 ||
	    out->signature.len != SK_B64URL_LEN(SK_SIG_LEN))
		return SK_TOKEN_SYNTAX;

	return SK_OK;
}

static enum sk_err decode(struct sk_span part, json_t **out)
{
	SK_CLEANUP(free_text) char *bytes = malloc(SK_B64URL_BYTES(part.len) + 1);
	size_t len = 0;

	if (!bytes)
		return SK_ENOMEM;
	if (!sk_b64url_decode(part, (uint8_t *)bytes, &len) || len == 0)
		return SK_TOKEN_SYNTAX;

	return read_json((struct sk_span){ bytes, len }, out);
}

static enum sk_err read_header(struct sk_span part, struct sk_calist *list)
{
	json_auto_t *header = NULL;
	struct sk_span alg, x5u;
	enum sk_err err = decode(part, &header);

	if (err)
		return err;
	/* RFC 7515, 4.1.11, and RFC 7797, 6: we understand no extension */
	if (json_object_get(header, "crit") || json_object_get(header, "b64"))
		return SK_TOKEN_SYNTAX;
	if (!sk_json_string(header, "alg", &alg) || !sk_span_eq(alg, SK_SPAN("ES256")))
		return SK_ALG_UNSUPPORTED;
	if (!sk_json_string(header, "x5u", &x5u) || x5u.len == 0 || x5u.len > SK_URL_MAX ||
	    !is_uri_text(x5u))
		return SK_HEADER_CLAIM;

	memcpy(list->x5u, x5u.ptr, x5u.len);
	list->x5u[x5u.len] = '\0';
	return SK_OK;
}

static enum sk_err read_integer(const json_t *payload, const char *name, int64_t min, int64_t *out)
{
	const json_t *member = json_object_get(payload, name);

	if (!member)
		return SK_CLAIM_MISSING;
	if (!json_is_integer(member) || json_integer_value(member) < min)
		return SK_CLAIM_TYPE;

	*out = json_integer_value(member);
	return SK_OK;
}

/* One after the other, each with a line end behind it */
static enum sk_err join(const json_t *array, struct sk_calist *list)
{
	size_t size = 1, at = 0, i;
	const json_t *item;

	json_array_foreach(array, i, item) {
		if (!json_is_string(item))
			return SK_CLAIM_TYPE;
		if (json_string_length(item) > SK_CERT_FILE_MAX)
			return SK_TOKEN_SIZE;
		size += json_string_length(item) + 1;
	}
	list->pem = malloc(size);
	if (!list->pem)
		return SK_ENOMEM;

	json_array_foreach(array, i, item) {
		memcpy(list->pem + at, json_string_value(item), json_string_length(item));
		at += json_string_length(item);
		list->pem[at++] = '\n';
		list->ends[i] = (uint32_t)at;
	}
	list->pem[at] = '\0';
	list->pem_len = at;
	list->entries = json_array_size(array);
	return SK_OK;
}

static enum sk_err read_payload(struct sk_span part, struct sk_calist *list)
{
	json_auto_t *payload = NULL;
	const json_t *array;
	int64_t version;
	enum sk_err err = decode(part, &payload);

	if (!err)
		err = read_integer(payload, "version", 0, &version);
	if (!err)
		err = read_integer(payload, "sequence", 0, &list->sequence);
	if (!err)
		err = read_integer(payload, "exp", 1, &list->exp);
	if (err)
		return err;

	array = json_object_get(payload, "trustList");
	/* a list of nobody would be a way to end all trust */
	if (!array || (json_is_array(array) && json_array_size(array) == 0))
		return SK_CLAIM_MISSING;
	if (!json_is_array(array))
		return SK_CLAIM_TYPE;
	if (json_array_size(array) > SK_CALIST_ANCHORS_MAX)
		return SK_TOKEN_SIZE;

	return join(array, list);
}

static enum sk_err keep_signed(const struct parts *parts, struct sk_calist *list)
{
	size_t len = 0;

	if (!sk_b64url_decode(parts->signature, list->sig, &len))
		return SK_TOKEN_SYNTAX;

	list->jws_len = parts->signed_part.len;
	list->jws = malloc(list->jws_len);
	if (!list->jws)
		return SK_ENOMEM;

	memcpy(list->jws, parts->signed_part.ptr, list->jws_len);
	return SK_OK;
}

enum sk_err sk_calist_parse(struct sk_span text, struct sk_calist **out)
{
	SK_CLEANUP(sk_calist_free_p) struct sk_calist *list = NULL;
	json_auto_t *answer = NULL;
	struct sk_span jws;
	struct parts parts;
	enum sk_err err;

	if (text.len > SK_CALIST_MAX)
		return SK_TOKEN_SIZE;

	err = unwrap(sk_span_trim(text), &answer, &jws);
	if (!err)
		err = split(jws, &parts);
	if (err)
		return err;

	list = calloc(1, sizeof(*list));
	if (!list)
		return SK_ENOMEM;

	err = read_header(parts.header, list);
	if (!err)
		err = read_payload(parts.payload, list);
	if (!err)
		err = keep_signed(&parts, list);
	if (!err)
		*out = sk_steal(list);

	return err;
}

void sk_calist_free(struct sk_calist *list)
{
	if (!list)
		return;

	free(list->pem);
	free(list->jws);
	free(list);
}

const char *sk_calist_x5u(const struct sk_calist *list)
{
	return list->x5u;
}

int64_t sk_calist_sequence(const struct sk_calist *list)
{
	return list->sequence;
}

int64_t sk_calist_exp(const struct sk_calist *list)
{
	return list->exp;
}

size_t sk_calist_count(const struct sk_calist *list)
{
	return list->count;
}

struct sk_span sk_calist_pem(const struct sk_calist *list)
{
	return (struct sk_span){ list->pem, list->pem_len };
}

/* Who signs lists need not be like a provider: no TNAuthList, no SHAKEN names */
static enum sk_err check_signer(const struct sk_chain *chain, struct sk_span roots, int64_t now)
{
	static const struct sk_trust_rules none;
	SK_CLEANUP(X509_STORE_free_p) X509_STORE *store = sk_store_new();
	struct sk_path path = { 0 };
	enum sk_err err = store ? sk_store_add(store, roots, SK_ANCHOR_ANY) : SK_ENOMEM;

	if (!err)
		err = sk_path_validate(store, &none, chain, now, &path);
	if (err)
		return err;
	/* RFC 5280, 4.2.1.3: without keyUsage a key may be used for anything */
	if (!sk_chain_leaf(chain)->key_is_p256 ||
	    !(X509_get_key_usage(sk_chain_at(chain, 0)) & KU_DIGITAL_SIGNATURE))
		return SK_CERT_INVALID;

	return SK_OK;
}

static enum sk_err read_chain(struct sk_span text, struct sk_chain **out)
{
	enum sk_err err = sk_chain_new(text.ptr, text.len, out);

	return sk_crypto_blames(err) ? SK_CERT_SYNTAX : err;
}

/* Each entry is one certificate or more, and all of them are CAs.  Only of a list whose signature
 * is good: a third of a millisecond each is a lot to ask of whoever reads what strangers send */
static enum sk_err count_anchors(struct sk_calist *list)
{
	static const struct sk_trust_rules none;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	enum sk_err err = sk_trust_new(&none, &trust);
	size_t at = 0;

	for (size_t i = 0; !err && i < list->entries; i++) {
		err = sk_trust_add_anchors(trust, list->pem + at, list->ends[i] - at, NULL);
		at = list->ends[i];
		if (!err && sk_trust_anchors(trust) > SK_CALIST_ANCHORS_MAX)
			err = SK_TOKEN_SIZE;
	}
	if (!err)
		list->count = sk_trust_anchors(trust);
	return err;
}

enum sk_err sk_calist_check(struct sk_calist *list, struct sk_span chain, struct sk_span roots,
			    int64_t now, int64_t sequence)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *signer = NULL;
	enum sk_err err = read_chain(chain, &signer);

	if (err)
		return err;

	err = check_signer(signer, roots, now);
	if (sk_crypto_blames(err))
		err = sk_crypto_agree(err, check_signer(signer, roots, now));
	if (!err)
		err = sk_chain_verify(signer, (struct sk_span){ list->jws, list->jws_len },
				      list->sig);
	if (!err)
		err = count_anchors(list);
	ERR_clear_error();
	if (err)
		return err;

	/* RFC 7519, 4.1.4: not on or after */
	if (now >= list->exp)
		return SK_IAT_STALE;

	return list->sequence < sequence ? SK_REPLAYED : SK_OK;
}
