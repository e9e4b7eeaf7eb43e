#include "redirector/http/ms.h"

#include "redirector/http/ms_error.h"
#include "redirector/http/ms_read.h"
#include "redirector/http/ms_report.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MS_PATH_SIZE = 128 + 16, /* http.ms-root and the longest resource */
};

struct ms {
	struct api_parts parts;
	char signing[MS_PATH_SIZE], verification[MS_PATH_SIZE], below[MS_PATH_SIZE];
	char refused[MS_ERROR_SIZE]; /* the latest refusal */
	struct api_ids refused_ids;  /* ... and its headers */
};

/* A question under way. */
struct waiting_question {
	struct exchange *exchange;
	json_t *body; /* owned */
	struct api_ids ids;
};

static void question_free(struct waiting_question *q)
{
	json_decref(q->body);
	free(q);
}

static void fail(struct exchange *exchange, const struct api_ids *ids, unsigned status,
		 const struct api_finding *finding)
{
	char mem[MS_ERROR_SIZE];
	struct sk_buf text;

	sk_buf_init(&text, mem, sizeof(mem));
	ms_error_print(status, finding, &text);
	api_answer(exchange, status, (struct sk_span){ mem, text.len }, ids);
}

/* --- what came of it --- */

/* What cannot be signed: by its parameters, or by what the tenant allows. */
static void fail_signing(struct waiting_question *q, enum sk_err err)
{
	struct api_finding finding = { .fault = API_INVALID };
	const char *name = err == SK_NO_ORIG         ? "orig"
			   : err == SK_NO_DEST       ? "dest"
			   : err == SK_DATE_STALE    ? "iat"
			   : err == SK_CLAIM_MISSING ? "rph"
						     : NULL;

	if (!name) {
		fail(q->exchange, &q->ids, 403, NULL);
		return;
	}
	api_found(&finding, API_INVALID, name, NULL);
	fail(q->exchange, &q->ids, 400, &finding);
}

static void answer_signed(struct waiting_question *q, const struct call *call)
{
	char mem[SK_IDENTITY_SIZE + 64];
	struct sk_buf text;

	sk_buf_init(&text, mem, sizeof(mem));
	sk_buf_puts(&text, "{\"signingResponse\":{\"identityHeader\":");
	sk_json_put_string(&text, call->identity);
	sk_buf_puts(&text, "}}");
	if (text.overflow)
		fail(q->exchange, &q->ids, 500, NULL);
	else
		api_answer(q->exchange, 200, (struct sk_span){ mem, text.len }, &q->ids);
}

static void signing_ended(void *arg, const struct call *call)
{
	struct waiting_question *q = arg;

	if (!call->err && call->identity_len > 0)
		answer_signed(q, call);
	else if (!call->err || sk_err_class(call->err) == SK_CLASS_OURS)
		fail(q->exchange, &q->ids, api_status_ours(call->err), NULL);
	else
		fail_signing(q, call->err);
	question_free(q);
}

static void verification_ended(void *arg, const struct call *call)
{
	struct waiting_question *q = arg;

	if (sk_err_class(call->err) == SK_CLASS_OURS)
		fail(q->exchange, &q->ids, api_status_ours(call->err), NULL);
	else
		api_answer_json(q->exchange, 200, ms_report(call, q->body), &q->ids,
				SK_SPAN("{\"error\":\"Internal Server Error\"}"));
	question_free(q);
}

/* --- what is asked --- */

/* @param body  Taken over */
static void ask(struct ms *ms, struct exchange *exchange, struct desk_question *question,
		json_t *body, const struct api_ids *ids, desk_h *done)
{
	struct waiting_question *q = malloc(sizeof(*q));

	if (!q) {
		json_decref(body);
		fail(exchange, ids, 500, NULL);
		return;
	}
	*q = (struct waiting_question){ exchange, body, *ids };
	if (api_ask(&ms->parts, exchange, ids, "ms", question, done, q)) {
		fail(exchange, ids, 500, NULL);
		question_free(q);
	}
}

/* A div or rph PASSporT only where the tenant signs them of calls by SIP, too. */
static bool may_sign(const struct client *client, const struct asked *asked)
{
	if (asked->ppt == SK_PPT_RPH)
		return asked_priority_allowed(client->tenant, asked->rph);
	if (asked->ppt == SK_PPT_DIV && !client->tenant->set->sign.div)
		return false;
	return asked->ppt != SK_PPT_SHAKEN || api_attest_allowed(client, asked->attest);
}

static void sign(void *arg, struct exchange *exchange)
{
	const struct http_request *request = exchange_request(exchange);
	struct desk_question question = { 0 };
	struct api_finding finding;
	json_auto_t *body = NULL;
	struct api_ids ids;
	struct sk_rph rph;

	api_ids_read(exchange, &ids);
	if (!request->client->set->sign) {
		fail(exchange, &ids, 403, NULL);
		return;
	}
	if (!api_body(request->body, &body, &finding) ||
	    !ms_read_signing(body, request->client, &question.asked, &rph, &finding)) {
		fail(exchange, &ids, ms_error_status(&finding), &finding);
		return;
	}
	if (!may_sign(request->client, &question.asked)) {
		fail(exchange, &ids, 403, NULL);
		return;
	}
	ask(arg, exchange, &question, sk_steal(body), &ids, signing_ended);
}

static void verify(void *arg, struct exchange *exchange)
{
	const struct http_request *request = exchange_request(exchange);
	struct ms_verification verification = { .identity_count = 0 };
	struct desk_question question = { .identities = verification.identities };
	struct api_finding finding;
	json_auto_t *body = NULL;
	struct api_ids ids;

	api_ids_read(exchange, &ids);
	if (!request->client->set->verify) {
		fail(exchange, &ids, 403, NULL);
		return;
	}
	if (!api_body(request->body, &body, &finding) ||
	    !ms_read_verification(body, request->client, &verification, &finding)) {
		fail(exchange, &ids, ms_error_status(&finding), &finding);
		return;
	}
	question.asked = verification.asked;
	question.identity_count = verification.identity_count;
	ask(arg, exchange, &question, sk_steal(body), &ids, verification_ended);
}

/* --- the server --- */

static void no_resource(void *arg, struct exchange *exchange)
{
	struct api_ids ids;

	(void)arg;
	api_ids_read(exchange, &ids);
	fail(exchange, &ids, 404, NULL);
}

static void refuse(void *arg, const struct exchange *exchange, enum refusal why,
		   struct http_reply *reply)
{
	struct ms *ms = arg;
	struct sk_buf text;

	(void)why; /* the status says it */
	sk_buf_init(&text, ms->refused, sizeof(ms->refused));
	ms_error_print(reply->status, NULL, &text);
	api_ids_read(exchange, &ms->refused_ids);
	api_ids_add(&ms->refused_ids, reply);
	reply->type = "application/json";
	reply->body = (struct sk_span){ ms->refused, text.len };
}

struct ms *ms_new(const struct api_parts *parts, const char *root)
{
	struct ms *ms = calloc(1, sizeof(*ms));

	if (!ms)
		return NULL;
	ms->parts = *parts;
	snprintf(ms->signing, sizeof(ms->signing), "%s/signing", root);
	snprintf(ms->verification, sizeof(ms->verification), "%s/verification", root);
	if (root[0])
		snprintf(ms->below, sizeof(ms->below), "%s/", root);
	return ms;
}

void ms_free(struct ms *ms)
{
	free(ms);
}

void ms_add(struct ms *ms, const bool *on, struct routes *routes)
{
	struct route route = {
		.path = ms->signing,
		.methods = METHOD_POST,
		.who = ROUTE_CLIENT,
		.accepts = "application/json",
		.produces = "application/json",
		.counted = "ms_signing",
		.handler = sign,
		.refuse = refuse,
		.arg = ms,
		.on = on,
	};

	routes_add(routes, &route);
	route.path = ms->verification;
	route.counted = "ms_verification";
	route.handler = verify;
	routes_add(routes, &route);
	if (!ms->below[0])
		return; /* the root is not ours alone */
	/* /divSigning and the like of older releases: no resource, by any method */
	route = (struct route){
		.path = ms->below,
		.methods = METHOD_GET | METHOD_HEAD | METHOD_POST | METHOD_OTHER,
		.who = ROUTE_LISTED,
		.counted = "ms_other",
		.handler = no_resource,
		.refuse = refuse,
		.arg = ms,
		.on = on,
	};
	routes_add(routes, &route);
}
