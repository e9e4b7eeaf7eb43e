/*
 * The words, statuses and line ends are those of secsipidx 1.2.0: its clients know nothing else.
 *
 * Its check has only an Identity, so calling and called party are what the token itself says: a
 * good token that was copied into another call is still "OK", and its client must compare them.
 */
#include "redirector/http/secsipidx.h"

#include <stdlib.h>

enum {
	FIELDS = 5, /* orig, dest, attest, origid, x5u */
};

struct secsipidx {
	struct api_parts parts;
};

/* --- answers --- */

static void say(struct exchange *exchange, unsigned status, struct sk_span text)
{
	struct http_reply reply = {
		.status = status,
		.type = "text/plain; charset=utf-8",
		.body = text,
	};

	if (status == 503)
		reply.headers[0] = (struct http_header){ "Retry-After", "1" };
	exchange_answer(exchange, &reply);
}

static bool is_ours(enum sk_err err)
{
	return sk_err_class(err) == SK_CLASS_OURS;
}

static void say_ours(struct exchange *exchange, enum sk_err err)
{
	unsigned status = api_status_ours(err);

	say(exchange, status, status == 503 ? SK_SPAN("UNAVAILABLE\n") : SK_SPAN("ERROR\n"));
}

/* --- POST /v1/check --- */

static void on_checked(void *arg, const struct call *call)
{
	struct exchange *exchange = arg;

	if (!call->err)
		say(exchange, 200, SK_SPAN("OK\n"));
	else if (is_ours(call->err))
		say_ours(exchange, call->err);
	else
		say(exchange, 500, SK_SPAN("FAILED\n\n"));
}

/* The parties of the token; of one that cannot be read nobody, and then it cannot pass.
 *
 * @return SK_OK, or a fault of ours */
static enum sk_err read_parties(struct sk_span identity, struct asked *out)
{
	struct sk_passport passport;
	struct sk_identity parts;
	enum sk_err err = sk_identity_parse(identity, &parts);

	if (!err)
		err = sk_passport_parse(parts.token, &passport);
	out->to_count = 1;
	if (err)
		return is_ours(err) ? err : SK_OK;
	out->from = passport.claims.orig;
	out->to_count = passport.claims.dest_count;
	memcpy(out->to, passport.claims.dest, out->to_count * sizeof(out->to[0]));
	return SK_OK;
}

static void ask(struct secsipidx *s, struct exchange *exchange, struct desk_question *question,
		desk_h *done)
{
	struct api_ids ids;
	enum sk_err err;

	api_ids_read(exchange, &ids);
	err = api_ask(&s->parts, exchange, &ids, "secsipidx", question, done, exchange);
	if (err)
		say_ours(exchange, err);
}

static void on_check(void *arg, struct exchange *exchange)
{
	struct secsipidx *s = arg;
	const struct http_request *request = exchange_request(exchange);
	struct sk_span identity = sk_span_trim(request->body);
	struct desk_question question = { .asked = { .task = TASK_VERIFY },
					  .identities = &identity,
					  .identity_count = 1 };
	enum sk_err err;

	if (!request->client->set->verify) {
		say(exchange, 403, SK_SPAN("this client may not ask for verification\n"));
		return;
	}
	/* it is asked while the call comes in; date-check `strict` wants a time */
	question.asked.has_time = true;
	question.asked.time = s->parts.clock->wall(s->parts.clock);
	err = read_parties(identity, &question.asked);
	if (err)
		say_ours(exchange, err);
	else
		ask(s, exchange, &question, on_checked);
}

/* --- POST /v1/sign-csv --- */

/* Why a token was not signed that could be: what the tenant has, and what he allows. */
static struct sk_span refusal(const struct call *call)
{
	if (call->err == SK_NO_CREDENTIAL)
		return call->asked->x5u.len > 0 ? SK_SPAN("no certificate with this x5u\n")
						: SK_SPAN("no key to sign with\n");
	if (call->err == SK_LISTED)
		return SK_SPAN("the calling number is on a list\n");
	if (call->err == SK_NO_ATTEST)
		return SK_SPAN("no attestation for this number\n");
	if (call->err == SK_DUMMY)
		return SK_SPAN("a number for heartbeats\n");
	return SK_SPAN("cannot be signed\n");
}

static void on_signed(void *arg, const struct call *call)
{
	struct exchange *exchange = arg;
	char text[SK_IDENTITY_SIZE + 1];

	if (!call->err) {
		memcpy(text, call->identity, call->identity_len);
		text[call->identity_len] = '\n';
		say(exchange, 200, (struct sk_span){ text, call->identity_len + 1 });
	} else if (is_ours(call->err) && call->err != SK_NO_CREDENTIAL) {
		say_ours(exchange, call->err);
	} else {
		say(exchange, 400, refusal(call));
	}
}

/* Fields beyond the fifth are ignored, as there.  @return false: too few */
static bool cut(struct sk_span body, struct sk_span fields[FIELDS])
{
	size_t n = 0, from = 0;

	for (size_t i = 0; i <= body.len && n < FIELDS; i++) {
		if (i < body.len && body.ptr[i] != ',')
			continue;
		fields[n++] = sk_span_trim((struct sk_span){ body.ptr + from, i - from });
		from = i + 1;
	}
	return n == FIELDS;
}

static bool read_number(struct sk_span text, const struct client *client, enum sk_role role,
			struct sk_party *out)
{
	return !sk_party_from_number(text, api_plan(client), role, out) && out->kind == SK_PARTY_TN;
}

/* @return What is wrong with the fields; empty: nothing */
static struct sk_span read_fields(const struct sk_span fields[FIELDS], const struct client *client,
				  struct asked *out)
{
	if (!read_number(fields[0], client, SK_ROLE_ORIG, &out->from))
		return SK_SPAN("origTN is not a telephone number\n");
	if (!read_number(fields[1], client, SK_ROLE_DEST, &out->to[0]))
		return SK_SPAN("destTN is not a telephone number\n");
	out->to_count = 1;
	/* there an empty one is signed as it is; no verifier takes such a token */
	if (fields[2].len > 0)
		out->attest = sk_attest_parse(fields[2]);
	if (out->attest == SK_ATTEST_BAD)
		return SK_SPAN("attest is not A, B or C\n");
	if (fields[3].len > 0 && !sk_uuid_read(fields[3], out->origid))
		return SK_SPAN("origID is not a UUID\n");
	out->x5u = fields[4];
	return (struct sk_span){ NULL, 0 };
}

static void on_sign(void *arg, struct exchange *exchange)
{
	const struct http_request *request = exchange_request(exchange);
	struct desk_question question = {
		.asked = { .task = TASK_SIGN, .ppt = SK_PPT_SHAKEN },
	};
	struct sk_span fields[FIELDS], wrong;

	if (!request->client->set->sign) {
		say(exchange, 403, SK_SPAN("this client may not ask for signatures\n"));
		return;
	}
	if (!cut(sk_span_trim(request->body), fields)) {
		say(exchange, 400, SK_SPAN("too few tokens\n"));
		return;
	}
	wrong = read_fields(fields, request->client, &question.asked);
	if (wrong.len > 0) {
		say(exchange, 400, wrong);
		return;
	}
	if (question.asked.attest != SK_ATTEST_NONE &&
	    !api_attest_allowed(request->client, question.asked.attest)) {
		say(exchange, 403, SK_SPAN("attest is more than this client may say\n"));
		return;
	}
	ask(arg, exchange, &question, on_signed);
}

/* --- its routes --- */

struct secsipidx *secsipidx_new(const struct api_parts *parts)
{
	struct secsipidx *s = calloc(1, sizeof(*s));

	if (s)
		s->parts = *parts;
	return s;
}

void secsipidx_free(struct secsipidx *s)
{
	free(s);
}

void secsipidx_add(struct secsipidx *s, const bool *on, struct routes *routes)
{
	const struct route check = {
		.path = "/v1/check",
		.methods = METHOD_POST,
		.who = ROUTE_CLIENT,
		.counted = "check",
		.handler = on_check,
		.arg = s,
		.on = on,
	};
	struct route sign = check;

	sign.path = "/v1/sign-csv";
	sign.counted = "sign-csv";
	sign.handler = on_sign;
	routes_add(routes, &check);
	routes_add(routes, &sign);
}
