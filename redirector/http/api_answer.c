#include "redirector/http/api.h"

#include <stdlib.h>

void api_shown(struct sk_span text, char out[API_SHOWN_SIZE])
{
	size_t len = text.len < API_SHOWN_SIZE ? text.len : API_SHOWN_SIZE - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = (char)(text.ptr[i] < 0x20 || text.ptr[i] > 0x7e ? '?' : text.ptr[i]);
	out[len] = '\0';
}

unsigned api_status_ours(enum sk_err err)
{
	switch ((int)err) {
	case SK_BUSY:
	case SK_LATE:
	case SK_DRAINING:
	case SK_OVER_LIMIT:
	case SK_OVERLOAD:
	case SK_SIGNER_AWAY:
		return 503;
	default:
		return 500;
	}
}

enum sk_err api_ask(const struct api_parts *parts, struct exchange *exchange,
		    const struct api_ids *ids, const char *interface,
		    struct desk_question *question, desk_h *done, void *arg)
{
	const struct http_request *request = exchange_request(exchange);

	question->client = request->client;
	question->source = request->source;
	question->local = request->local;
	question->transport = request->tls ? "https" : "http";
	question->id = sk_span_of(ids->request);
	question->interface = interface;
	return desk_ask(parts->desk, question, done, arg);
}

void api_answer(struct exchange *exchange, unsigned status, struct sk_span text,
		const struct api_ids *ids)
{
	struct http_reply reply = { .status = status, .type = "application/json", .body = text };

	if (status == 503)
		reply.headers[0] = (struct http_header){ "Retry-After", "1" };
	api_ids_add(ids, &reply);
	exchange_answer(exchange, &reply);
}

void api_answer_json(struct exchange *exchange, unsigned status, json_t *json,
		     const struct api_ids *ids, struct sk_span spare)
{
	char *text = json ? sk_json_text(json, JSON_COMPACT) : NULL;

	if (text)
		api_answer(exchange, status, sk_span_of(text), ids);
	else
		api_answer(exchange, 500, spare, ids);
	free(text);
	json_decref(json);
}
