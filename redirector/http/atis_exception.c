#include "redirector/http/atis_exception.h"

#include "shaken/json.h"

static const struct {
	unsigned status;
	const char *kind, *id, *text;
} rows[] = {
	[ATIS_SVC4000] = { 400, "serviceException", "SVC4000",
			   "Error: Missing JSON body in the request." },
	[ATIS_SVC4001] = { 400, "serviceException", "SVC4001",
			   "Error: Missing mandatory parameter '%1'." },
	[ATIS_SVC4002] = { 406, "serviceException", "SVC4002",
			   "Error: Requested response body type '%1' is not supported." },
	[ATIS_SVC4003] = { 404, "serviceException", "SVC4003",
			   "Error: Requested resource was not found." },
	[ATIS_SVC4004] = { 415, "serviceException", "SVC4004",
			   "Error: Unsupported request body type, expected '%1'." },
	[ATIS_SVC4005] = { 400, "serviceException", "SVC4005",
			   "Error: Invalid '%1' parameter value: %2." },
	[ATIS_SVC4006] = { 400, "serviceException", "SVC4006",
			   "Error: Failed to parse received message body: '%1'." },
	[ATIS_SVC4007] = { 411, "serviceException", "SVC4007",
			   "Error: Missing mandatory Content-Length header." },
	[ATIS_POL4050] = { 405, "policyException", "POL4050",
			   "Error: Method Not Allowed: Invalid HTTP method used." },
	[ATIS_POL5000] = { 500, "policyException", "POL5000",
			   "Error: Internal Server Error. Please try again later." },
	[ATIS_POL4010] = { 401, "policyException", "POL4010",
			   "Error: Authentication is required." },
	[ATIS_POL4030] = { 403, "policyException", "POL4030",
			   "Error: Request is not allowed: %1." },
	[ATIS_POL4130] = { 413, "policyException", "POL4130", "Error: Request body is too long." },
	[ATIS_POL4290] = { 429, "policyException", "POL4290",
			   "Error: Too many requests. Please try again later." },
	[ATIS_POL5030] = { 503, "policyException", "POL5030",
			   "Error: Service is busy. Please try again later." },
};

unsigned atis_status(enum atis_exception exception)
{
	return rows[exception].status;
}

void atis_exception_print(enum atis_exception exception, const char *first, const char *second,
			  struct sk_buf *out)
{
	sk_buf_printf(out, "{\"requestError\":{\"%s\":{\"messageId\":\"%s\",\"text\":",
		      rows[exception].kind, rows[exception].id);
	sk_json_put_string(out, rows[exception].text);
	sk_buf_puts(out, ",\"variables\":[");
	if (first)
		sk_json_put_string(out, first);
	if (first && second)
		sk_buf_putc(out, ',');
	if (second)
		sk_json_put_string(out, second);
	sk_buf_puts(out, "]}}}");
}
