/*
 *   exchange -> body -> question -> desk ... call -> answer
 *
 * Every fault of a request has its row in atis_exception.h; a verification that fails is no fault
 * but an answer, status 200.
 */
#include "redirector/http/atis.h"

#include "redirector/http/atis_exception.h"
#include "redirector/http/atis_report.h"

#include <stdlib.h>

struct atis {
	struct api_parts parts;
	char refused[ATIS_EXCEPTION_SIZE]; /* the latest refusal */
	struct api_ids refused_ids;        /* ... and its headers */
};

/* A question under way. */
struct waiting_question {
	struct exchange *exchange;
	struct api_ids ids;
};

static void except(struct exchange *exchange, const struct api_ids *ids,
		   enum atis_exception exception, const char *first, const char *second)
{
	char mem[ATIS_EXCEPTION_SIZE];
	struct sk_buf text;

	sk_buf_init(&text, mem, sizeof(mem));
	atis_exception_print(exception, first, second, &text);
	api_answer(exchange, atis_status(exception), (struct sk_span){ mem, text.len }, ids);
}

static void except_finding(struct exchange *exchange, const struct api_ids *ids,
			   const struct api_finding *f)
{
	static const enum atis_exception by_fault[] = {
		[API_GOOD] = ATIS_POL5000,    [API_NO_BODY] = ATIS_SVC4000,
		[API_NO_JSON] = ATIS_SVC4006, [API_MISSING] = ATIS_SVC4001,
		[API_INVALID] = ATIS_SVC4005, [API_NO_MEMORY] = ATIS_POL5000,
	};
	bool named = f->fault == API_MISSING || f->fault == API_INVALID;

	except(exchange, ids, by_fault[f->fault], named ? f->name : f->what,
	       f->fault == API_INVALID ? f->what : NULL);
}

/* --- what came of it --- */

static void except_ours(struct waiting_question *q, enum sk_err err)
{
	except(q->exchange, &q->ids, api_status_ours(err) == 503 ? ATIS_POL5030 : ATIS_POL5000,
	       NULL, NULL);
}

/* What cannot be signed: by its parameters, or by what the tenant allows. */
static void except_signing(struct waiting_question *q, enum sk_err err)
{
	switch ((int)err) {
	case SK_NO_ORIG:
		except(q->exchange, &q->ids, ATIS_SVC4005, "orig.tn", sk_err_text(err));
		break;
	case SK_NO_DEST:
		except(q->exchange, &q->ids, ATIS_SVC4005, "dest.tn", sk_err_text(err));
		break;
	case SK_DATE_STALE:
		except(q->exchange, &q->ids, ATIS_SVC4005, "iat", "not fresh");
		break;
	default:
		except(q->exchange, &q->ids, ATIS_POL4030, sk_err_text(err), NULL);
	}
}

static void answer_signed(struct waiting_question *q, const struct call *call)
{
	char mem[SK_IDENTITY_SIZE + 64];
	struct sk_buf text;

	sk_buf_init(&text, mem, sizeof(mem));
	sk_buf_puts(&text, "{\"signingResponse\":{\"identity\":");
	sk_json_put_string(&text, call->identity);
	sk_buf_puts(&text, "}}");
	if (text.overflow)
		except_ours(q, SK_TOO_LONG);
	else
		api_answer(q->exchange, 200, (struct sk_span){ mem, text.len }, &q->ids);
}

static void signing_ended(void *arg, const struct call *call)
{
	struct waiting_question *q = arg;

	if (!call->err && call->identity_len > 0)
		answer_signed(q, call);
	else if (!call->err || sk_err_class(call->err) == SK_CLASS_OURS)
		except_ours(q, call->err);
	else
		except_signing(q, call->err);
	free(q);
}

static void verification_ended(void *arg, const struct call *call)
{
	struct waiting_question *q = arg;
	char mem[ATIS_REPORT_SIZE];
	struct sk_buf text;

	sk_buf_init(&text, mem, sizeof(mem));
	if (sk_err_class(call->err) == SK_CLASS_OURS) {
		except_ours(q, call->err);
	} else if (atis_is_invalid(call->err)) {
		except(q->exchange, &q->ids, ATIS_SVC4005, "identity", sk_err_text(call->err));
	} else {
		atis_report_print(call, &text);
		api_answer(q->exchange, 200, (struct sk_span){ mem, text.len }, &q->ids);
	}
	free(q);
}

/* --- what is asked --- */

static void ask(struct atis *atis, struct exchange *exchange, struct desk_question *question,
		const struct api_ids *ids, desk_h *done)
{
	struct waiting_question *q = malloc(sizeof(*q));

	if (!q) {
		except(exchange, ids, ATIS_POL5000, NULL, NULL);
		return;
	}
	*q = (struct waiting_question){ exchange, *ids };
	if (api_ask(&atis->parts, exchange, ids, "atis", question, done, q)) {
		except_ours(q, SK_ENOMEM);
		free(q);
	}
}

static bool read_signing(const json_t *body, const struct client *client, struct asked *out,
			 struct api_finding *finding)
{
	struct api_party_rules rules = { api_plan(client), SK_ROLE_DEST, false };
	const json_t *request, *dest, *orig;

	out->task = TASK_SIGN;
	out->ppt = SK_PPT_SHAKEN;
	out->has_time = true;
	if (!api_object(body, "signingRequest", "signingRequest", &request, finding) ||
	    !api_attest(request, "attest", &out->attest, finding) ||
	    !api_object(request, "dest", "dest", &dest, finding) ||
	    !api_parties(dest, "dest", &rules, false, out, finding) ||
	    !api_time(request, "iat", "iat", &out->time, finding) ||
	    !api_object(request, "orig", "orig", &orig, finding))
		return false;
	rules.role = SK_ROLE_ORIG;
	return api_party(orig, "orig", &rules, &out->from, finding) &&
	       api_origid(request, "origid", out->origid, finding);
}

static void sign(void *arg, struct exchange *exchange)
{
	const struct client *client = exchange_request(exchange)->client;
	struct desk_question question = { 0 };
	struct api_finding finding;
	json_auto_t *body = NULL;
	struct api_ids ids;

	api_ids_read(exchange, &ids);
	if (!client->set->sign)
		except(exchange, &ids, ATIS_POL4030, "signing", NULL);
	else if (!api_body(exchange_request(exchange)->body, &body, &finding) ||
		 !read_signing(body, client, &question.asked, &finding))
		except_finding(exchange, &ids, &finding);
	else if (!api_attest_allowed(client, question.asked.attest))
		except(exchange, &ids, ATIS_POL4030, "attest", NULL);
	else
		ask(arg, exchange, &question, &ids, signing_ended);
}

static bool read_verification(const json_t *body, const struct client *client, struct asked *out,
			      struct sk_span *identity, struct api_finding *finding)
{
	struct api_party_rules rules = { api_plan(client), SK_ROLE_ORIG, false };
	const json_t *request, *from, *to;

	out->task = TASK_VERIFY;
	out->has_time = true;
	if (!api_object(body, "verificationRequest", "verificationRequest", &request, finding) ||
	    !api_object(request, "from", "from", &from, finding) ||
	    !api_party(from, "from", &rules, &out->from, finding) ||
	    !api_object(request, "to", "to", &to, finding))
		return false;
	rules.role = SK_ROLE_DEST;
	return api_parties(to, "to", &rules, false, out, finding) &&
	       api_time(request, "time", "time", &out->time, finding) &&
	       api_text(request, "identity", "identity", identity, finding);
}

static void verify(void *arg, struct exchange *exchange)
{
	const struct client *client = exchange_request(exchange)->client;
	struct sk_span identity, identities[SK_IDENTITY_MAX];
	struct desk_question question = { .identities = identities };
	struct api_finding finding;
	json_auto_t *body = NULL;
	struct api_ids ids;

	api_ids_read(exchange, &ids);
	if (!client->set->verify)
		except(exchange, &ids, ATIS_POL4030, "verification", NULL);
	else if (!api_body(exchange_request(exchange)->body, &body, &finding) ||
		 !read_verification(body, client, &question.asked, &identity, &finding))
		except_finding(exchange, &ids, &finding);
	else if (!api_identities(identity, identities, &question.identity_count))
		except(exchange, &ids, ATIS_SVC4005, "identity", "not an Identity header");
	else
		ask(arg, exchange, &question, &ids, verification_ended);
}

/* --- the server --- */

static void no_resource(void *arg, struct exchange *exchange)
{
	struct api_ids ids;

	(void)arg;
	api_ids_read(exchange, &ids);
	except(exchange, &ids, ATIS_SVC4003, NULL, NULL);
}

static void refuse(void *arg, const struct exchange *exchange, enum refusal why,
		   struct http_reply *reply)
{
	static const enum atis_exception by_refusal[] = {
		[REFUSAL_METHOD] = ATIS_POL4050,    [REFUSAL_UNKNOWN] = ATIS_POL4010,
		[REFUSAL_NOT_YOURS] = ATIS_POL4030, [REFUSAL_ACCEPT] = ATIS_SVC4002,
		[REFUSAL_NO_LENGTH] = ATIS_SVC4007, [REFUSAL_TOO_LONG] = ATIS_POL4130,
		[REFUSAL_TYPE] = ATIS_SVC4004,      [REFUSAL_RATE] = ATIS_POL4290,
		[REFUSAL_DRAINING] = ATIS_POL5030,  [REFUSAL_LATE] = ATIS_POL5030,
		[REFUSAL_OURS] = ATIS_POL5000,
	};
	struct atis *atis = arg;
	char accept[API_SHOWN_SIZE];
	struct sk_buf text;

	api_shown(exchange_header(exchange, "Accept"), accept);
	sk_buf_init(&text, atis->refused, sizeof(atis->refused));
	atis_exception_print(by_refusal[why],
			     why == REFUSAL_ACCEPT      ? accept
			     : why == REFUSAL_TYPE      ? "application/json"
			     : why == REFUSAL_NOT_YOURS ? "this client"
							: NULL,
			     NULL, &text);
	api_ids_read(exchange, &atis->refused_ids);
	api_ids_add(&atis->refused_ids, reply);
	reply->type = "application/json";
	reply->body = (struct sk_span){ atis->refused, text.len };
}

struct atis *atis_new(const struct api_parts *parts)
{
	struct atis *atis = calloc(1, sizeof(*atis));

	if (atis)
		atis->parts = *parts;
	return atis;
}

void atis_free(struct atis *atis)
{
	free(atis);
}

void atis_add(struct atis *atis, const bool *on, struct routes *routes)
{
	struct route route = {
		.path = "/stir/v1/signing",
		.methods = METHOD_POST,
		.who = ROUTE_CLIENT,
		.accepts = "application/json",
		.produces = "application/json",
		.counted = "atis_signing",
		.handler = sign,
		.refuse = refuse,
		.arg = atis,
		.on = on,
	};

	routes_add(routes, &route);
	route.path = "/stir/v1/verification";
	route.counted = "atis_verification";
	route.handler = verify;
	routes_add(routes, &route);
	/* whatever else is below it has no resource, by any method */
	route = (struct route){
		.path = "/stir/v1/",
		.methods = METHOD_GET | METHOD_HEAD | METHOD_POST | METHOD_OTHER,
		.who = ROUTE_LISTED,
		.counted = "atis_other",
		.handler = no_resource,
		.refuse = refuse,
		.arg = atis,
		.on = on,
	};
	routes_add(routes, &route);
}
