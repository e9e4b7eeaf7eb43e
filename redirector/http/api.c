#include "redirector/http/api.h"

#include <stdio.h>
#include <string.h>

/* Only what can be printed goes back: nothing that could end a header or hide in a log. */
static void read_id(const struct exchange *exchange, const char *name, char out[API_ID_SIZE])
{
	struct sk_span value = exchange_header(exchange, name);

	out[0] = '\0';
	if (!value.ptr || value.len >= API_ID_SIZE)
		return;
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e)
			return;
	memcpy(out, value.ptr, value.len);
	out[value.len] = '\0';
}

void api_ids_read(const struct exchange *exchange, struct api_ids *out)
{
	read_id(exchange, "X-RequestID", out->request);
	read_id(exchange, "X-InstanceID", out->instance);
}

static void add_header(struct http_reply *reply, const char *name, const char *value)
{
	size_t i = 0;

	while (i < REPLY_HEADERS_MAX && reply->headers[i].name)
		i++;
	if (value[0] && i < REPLY_HEADERS_MAX)
		reply->headers[i] = (struct http_header){ name, value };
}

void api_ids_add(const struct api_ids *ids, struct http_reply *reply)
{
	add_header(reply, "X-RequestID", ids->request);
	add_header(reply, "X-InstanceID", ids->instance);
}

bool api_found(struct api_finding *finding, enum api_fault fault, const char *name,
	       const char *what)
{
	finding->fault = fault;
	snprintf(finding->name, sizeof(finding->name), "%s", name);
	finding->what = what;
	return false;
}

static bool is_blank(struct sk_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(" \t\r\n", text.ptr[i], 4))
			return false;
	return true;
}

bool api_body(struct sk_span body, json_t **out, struct api_finding *finding)
{
	enum sk_err err;

	if (is_blank(body))
		return api_found(finding, API_NO_BODY, "", NULL);
	err = sk_json_parse_max(body, API_BODY_MAX, out);
	if (err == SK_ENOMEM)
		return api_found(finding, API_NO_MEMORY, "", NULL);
	if (err == SK_TOKEN_SIZE)
		return api_found(finding, API_NO_JSON, "", "more than 65536 bytes");
	return !err || api_found(finding, API_NO_JSON, "", "not a JSON object that is read here");
}
