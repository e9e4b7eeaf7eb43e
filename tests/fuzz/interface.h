/**
 * @file interface.h  An interface of HTTP by hand, with a real desk and the rig behind it: a body
 *                    goes in, one answer comes out
 *
 * Stands in for exchange.c.  Link with [rig, pki], -Wl,--wrap=sendmmsg and -Wl,--wrap=desk_ask.
 */
#pragma once

#include "redirector/http/api.h"
#include "redirector/http/route.h"
#include "shaken/passport.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

/** A request and its answer. */
struct exchange {
	struct http_request request;
	unsigned answers, status;
	char type[64];
	char body[4 * API_BODY_MAX]; /* what is told of an Identity may be more than it */
	size_t len;
};

/** Everything but the interface. */
static struct {
	struct rig *rig;
	struct desk *desk;
	struct steps steps;
	struct client client;
	struct addr source, local;
	struct routes routes;
	struct sk_span id;      /* the X-RequestID of the request; `ptr` NULL: none */
	unsigned asked;         /* how often the desk was by the last request */
	struct asked asked_for; /* ... and what                           */
	size_t identities;      /* ... and how many Identity values           */
} world;

const struct http_request *exchange_request(const struct exchange *exchange)
{
	return &exchange->request;
}

struct sk_span exchange_header(const struct exchange *exchange, const char *name)
{
	(void)exchange;
	return strcmp(name, "X-RequestID") == 0 ? world.id : (struct sk_span){ NULL, 0 };
}

/* Nothing comes back but the very text, and that only as it may stand in a header and a log. */
static inline void check_header(const struct http_header *header)
{
	const struct sk_span value = sk_span_of(header->value);

	if (strcmp(header->name, "X-RequestID") != 0) {
		must(strcmp(header->name, "Retry-After") == 0);
		return;
	}
	must(sk_span_eq(value, world.id) && value.len > 0 && value.len < API_ID_SIZE);
	for (size_t i = 0; i < value.len; i++)
		must(value.ptr[i] >= ' ' && value.ptr[i] <= '~');
}

void exchange_answer(struct exchange *x, const struct http_reply *reply)
{
	x->answers++;
	x->status = reply->status;
	must(reply->type && reply->body.len < sizeof(x->body));
	snprintf(x->type, sizeof(x->type), "%s", reply->type);
	memcpy(x->body, reply->body.ptr, reply->body.len);
	x->len = reply->body.len;
	x->body[x->len] = '\0';
	must(strlen(x->body) == x->len);
	for (size_t i = 0; i < REPLY_HEADERS_MAX && reply->headers[i].name; i++)
		check_header(&reply->headers[i]);
}

enum sk_err __real_desk_ask(struct desk *desk, const struct desk_question *question, desk_h *done,
			    void *arg);
enum sk_err __wrap_desk_ask(struct desk *desk, const struct desk_question *question, desk_h *done,
			    void *arg);

/* What holds of every question, whatever the body was. */
enum sk_err __wrap_desk_ask(struct desk *desk, const struct desk_question *q, desk_h *done,
			    void *arg)
{
	const struct asked *a = &q->asked;

	world.asked++;
	world.asked_for = *a;
	world.identities = q->identity_count;
	must(q->client == &world.client && a->to_count >= 1 && a->to_count <= ASKED_TO_MAX);
	must(a->task == TASK_SIGN || a->task == TASK_VERIFY);
	must(a->task == TASK_VERIFY ? q->identity_count >= 1 && q->identity_count <= SK_IDENTITY_MAX
				    : q->identity_count == 0);
	must(!a->has_time || (a->time >= 0 && a->time < (int64_t)1 << 53));
	for (size_t i = 0; i < a->to_count; i++)
		for (size_t j = 0; j < i; j++)
			must(!sk_party_eq(&a->to[i], &a->to[j]));
	return __real_desk_ask(desk, q, done, arg);
}

static void world_end(void)
{
	desk_free(world.desk);
	rig_free(world.rig);
}

/** @param verify  More of `verify`, after a comma
 *  @param more    YAML beside trust and a client that may all */
static inline struct api_parts world_begin(const char *verify, const char *more)
{
	char yaml[2048], why[256] = "";
	struct rig *r;

	snprintf(yaml, sizeof(yaml),
		 RIG_TRUST "verify: {fetch: no%s, certificates: {\"" RIG_X5U
			   "\": \"@/chain.pem\"}}\n"
			   "clients: {c: {sources: [127.0.0.0/8], attest: A}}\n%s",
		 verify, more);
	world.rig = r = rig_new(yaml);
	must(desk_new(&(struct desk_parts){ .loop = r->loop,
					    .log = r->log,
					    .clock = &r->clock,
					    .certs = r->certs,
					    .counters = &r->counters,
					    .tokens = r->tokens,
					    .tally = r->tally,
					    .steps = &world.steps },
		      r->directory, &world.desk, why));
	world.client = (struct client){ .tenant = r->tenant, .set = r->tenant->set->clients.items };
	must(world.client.set[0].sign && world.client.set[0].verify);
	must(addr_parse(SK_SPAN("127.0.0.1:6060"), &world.source));
	must(addr_parse(SK_SPAN("127.0.0.1:8080"), &world.local));
	atexit(world_end);
	return (struct api_parts){ world.desk, r->log, &r->clock };
}

/** Exactly one outcome, at once: answered by the interface alone, or by the desk.  Nothing a client
 * can say is a fault of ours. */
static inline void post(struct exchange *x, const char *path, struct sk_span body)
{
	const struct route *route = routes_find(&world.routes, sk_span_of(path));

	world.asked = 0;
	world.rig->mono += 1000;
	x->answers = 0;
	x->request = (struct http_request){ .method = METHOD_POST,
					    .path = sk_span_of(path),
					    .body = body,
					    .source = &world.source,
					    .local = &world.local,
					    .client = &world.client };
	must(route != NULL);
	route->handler(route->arg, x);
	must(x->answers == 1 && world.asked <= 1 && desk_waiting(world.desk) == 0);
	must(world.asked == 1 || x->status == 400 || x->status == 403);
}

/** An input: how it begins says what is asked ("1": sign, "0": verify); with "3" and "2" a line
 * goes before the body, the X-RequestID.
 *
 * @return false: it is none */
static inline bool read_input(const uint8_t *data, size_t size, bool *signs, struct sk_span *body)
{
	const char *end;

	if (size == 0 || size > API_BODY_MAX + 2)
		return false;
	*signs = data[0] % 2;
	*body = (struct sk_span){ (const char *)data + 1, size - 1 };
	world.id = (struct sk_span){ NULL, 0 };
	if (!(data[0] & 2))
		return true;
	end = memchr(body->ptr, '\n', body->len);
	if (!end)
		return false;
	world.id = (struct sk_span){ body->ptr, (size_t)(end - body->ptr) };
	*body = (struct sk_span){ end + 1, body->len - world.id.len - 1 };
	return true;
}

/** The answer as JSON; a new reference. */
static inline json_t *answer_json(const struct exchange *x)
{
	json_t *json = NULL;

	must(strcmp(x->type, "application/json") == 0);
	must(sk_json_parse_max((struct sk_span){ x->body, x->len }, sizeof(x->body), &json) ==
	     SK_OK);
	must(json_object_size(json) >= 1);
	return json;
}

static inline const char *text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static inline struct sk_span string_of(const json_t *value)
{
	return (struct sk_span){ json_string_value(value), json_string_length(value) };
}

/** As a person reads it: of a number only the digits count, and '*' and '#'. */
static inline bool reads_as(struct sk_span said, const char *number)
{
	for (size_t i = 0; i < said.len; i++)
		if (said.ptr[i] && strchr("0123456789*#", said.ptr[i]) && said.ptr[i] != *number++)
			return false;
	return *number == '\0';
}

/** A way to write it that reads as this very party: of a number with the "+", or as it is dialled
 * where that has no country; NULL: there is none, so it is not in the form that is compared. */
static inline const char *as_said(const struct sk_party *p, enum sk_role role,
				  char out[SK_PARTY_SIZE + 1])
{
	const struct sk_dialplan *plan = api_plan(&world.client);
	struct sk_party again;

	if (p->kind == SK_PARTY_URI)
		return sk_party_from_uri(sk_span_of(p->text), plan, role, &again) == SK_OK &&
				       sk_party_eq(p, &again)
			       ? p->text
			       : NULL;
	if (p->kind != SK_PARTY_TN || strspn(p->text, "0123456789*#") != strlen(p->text))
		return NULL;
	for (int plus = 1; plus >= 0; plus--) {
		snprintf(out, SK_PARTY_SIZE + 1, "%s%s", plus ? "+" : "", p->text);
		if (sk_party_from_number(sk_span_of(out), plan, role, &again) == SK_OK &&
		    sk_party_eq(p, &again))
			return out;
	}
	return NULL;
}

static inline bool is_canonical(const struct sk_party *p, enum sk_role role)
{
	char text[SK_PARTY_SIZE + 1];

	return as_said(p, role, text) != NULL;
}

/** As JSON; of one that is_canonical(). */
static inline void put_party(struct sk_buf *out, const struct sk_party *p, enum sk_role role)
{
	char text[SK_PARTY_SIZE + 1];

	sk_json_put_string(out, as_said(p, role, text));
}

static inline bool in_dest(const struct sk_claims *claims, const struct sk_party *party)
{
	for (size_t i = 0; i < claims->dest_count; i++)
		if (sk_party_eq(&claims->dest[i], party))
			return true;
	return false;
}

/** What was signed says what was asked, and reads the same once more. */
static inline void read_signed(const char *identity, const char *ppt, struct sk_passport *out)
{
	const struct asked *a = &world.asked_for;
	static char text[SK_JSON_MAX];
	struct sk_identity parts;
	struct sk_claims again;
	json_auto_t *json = NULL;
	struct sk_buf buf;

	must(sk_identity_parse(sk_span_of(identity), &parts) == SK_OK);
	must(sk_span_eq(parts.ppt, sk_span_of(ppt)));
	must(sk_passport_parse(parts.token, out) == SK_OK);
	must(a->task == TASK_SIGN && (!a->has_time || a->time == out->claims.iat));
	must(sk_party_eq(&a->from, &out->claims.orig) && a->to_count == out->claims.dest_count);
	for (size_t i = 0; i < a->to_count; i++)
		must(in_dest(&out->claims, &a->to[i]));

	sk_buf_init(&buf, text, sizeof(text));
	sk_claims_print(&out->claims, &buf);
	must(!buf.overflow && sk_json_parse((struct sk_span){ text, buf.len }, &json) == SK_OK);
	must(sk_claims_read(json, sk_ppt_parse(sk_span_of(ppt)), &again) == SK_OK);
	must(again.iat == out->claims.iat && again.attest == out->claims.attest);
	must(sk_party_eq(&again.orig, &out->claims.orig) && again.dest_count == a->to_count);
	must(strcmp(again.origid, out->claims.origid) == 0);
}

/** Is there a token in this text that names these very parties? */
static inline bool names_them(struct sk_span identities)
{
	const struct asked *a = &world.asked_for;
	struct sk_span one;

	while (sk_identity_next(&identities, &one)) {
		struct sk_passport p;
		struct sk_identity parts;
		size_t found = 0;

		if (sk_identity_parse(one, &parts) || sk_passport_parse(parts.token, &p))
			continue;
		for (size_t i = 0; i < a->to_count; i++)
			found += in_dest(&p.claims, &a->to[i]);
		if (sk_party_eq(&p.claims.orig, &a->from) && found == a->to_count)
			return true;
	}
	return false;
}

/**
 * Posts an input to ROOT/signing or ROOT/verification.
 *
 * @param request  Set when it was taken (200): the object within its body, which lives in `body`
 *
 * @return The answer, a new reference; NULL: there was no input
 */
static inline json_t *post_json(struct exchange *x, const uint8_t *data, size_t size,
				const char *root, bool *signs, json_t **body,
				const json_t **request)
{
	struct sk_span text;
	char path[64];

	if (!read_input(data, size, signs, &text))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", root, *signs ? "signing" : "verification");
	post(x, path, text);
	if (x->status == 200) {
		must(sk_json_parse_max(text, API_BODY_MAX, body) == SK_OK);
		*request =
			json_object_get(*body, *signs ? "signingRequest" : "verificationRequest");
	}
	return answer_json(x);
}
