#include "redirector/http/ms_error.h"

unsigned ms_error_status(const struct api_finding *finding)
{
	return finding->fault == API_NO_MEMORY ? 500 : 400;
}

static const char *of_finding(enum api_fault fault)
{
	switch (fault) {
	case API_NO_BODY:
		return "Missing Request body";
	case API_NO_JSON:
		return "Failed To Parse Message Body";
	case API_MISSING:
		return "Missing Mandatory Parameter";
	case API_GOOD:
	case API_INVALID:
	case API_NO_MEMORY:
	default:
		return "Invalid Parameter Value";
	}
}

static const char *of_status(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} rows[] = {
		{ 401, "Unauthorized" },      { 403, "Forbidden" },
		{ 404, "Not Found" },         { 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },    { 411, "Length Required" },
		{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" }, { 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		if (rows[i].status == status)
			return rows[i].text;
	return "Internal Server Error";
}

/* The names of parameters are ours and need no escape; so are the texts. */
void ms_error_print(unsigned status, const struct api_finding *finding, struct sk_buf *out)
{
	if (status != 400 || !finding) {
		sk_buf_printf(out, "{\"error\":\"%s\"}", of_status(status));
		return;
	}
	sk_buf_printf(out, "{\"error\":\"%s\"", of_finding(finding->fault));
	if (finding->fault == API_MISSING || finding->fault == API_INVALID)
		sk_buf_printf(out, ",\"parameter\":\"%s\"", finding->name);
	sk_buf_puts(out, "}");
}
