#include "redirector/http/atis_report.h"

#include "redirector/http/api_reason.h"
#include "shaken/json.h"

bool atis_is_invalid(enum sk_err err)
{
	return sk_outcome(err)->atis_case == 2;
}

/* The one that the outcome is of; several may have failed. */
static struct sk_span value_of(const struct call *call)
{
	for (size_t i = 0; i < call->judged_count && i < call->facts.identity_count; i++)
		if (call->judged[i].err == call->err)
			return call->facts.identities[i];
	return (struct sk_span){ NULL, 0 };
}

void atis_report_print(const struct call *call, struct sk_buf *out)
{
	struct sk_outcome outcome = profile_outcome(&call->tenant->profile, call->err);
	struct api_reason reason;

	sk_buf_puts(out, "{\"verificationResponse\":{");
	if (api_reason(call->tenant, call->err, value_of(call), &reason)) {
		sk_buf_printf(out, "\"reasonCode\":%u,\"reasonText\":\"%s\",\"reasonDesc\":",
			      reason.code, reason.text);
		sk_json_put_string(out, reason.description);
		sk_buf_putc(out, ',');
	}
	sk_buf_printf(out, "\"verstat\":\"%s\"}}", sk_verstat_text(outcome.verstat));
}
