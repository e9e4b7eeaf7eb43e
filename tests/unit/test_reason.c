#include "shaken/reason.h"
#include "tests/check.h"

int main(void)
{
	static const struct {
		const char *protocol;
		enum sk_err err;
		const char *signature, *want;
	} cases[] = {
		{ "STIR", SK_INFO_MISSING, "", "STIR;cause=436;text=\"Bad Identity Info\"" },
		{ "STIR", SK_BAD_SIGNATURE, "aB-_9",
		  "STIR;cause=438;text=\"Invalid Identity Header\";ppi=\"..aB-_9\"" },
		{ "SIP", SK_IAT_STALE, "", "SIP;cause=403;text=\"Stale Date\"" },
		{ "STIR", SK_CERT_EXPIRED, "x",
		  "STIR;cause=437;text=\"Unsupported Credential\";ppi=\"..x\"" },
		{ "STIR", SK_IDENTITY_REQUIRED, "", "STIR;cause=428;text=\"Use Identity Header\"" },
		/* nothing to tell, and never a fault of ours */
		{ "STIR", SK_OK, "sig", "" },
		{ "STIR", SK_ENOMEM, "sig", "" },
		{ "STIR", SK_NO_IDENTITY, "", "" },
		{ "STIR", SK_PPT_UNKNOWN, "sig", "" },
		{ "STIR", SK_ERR_COUNT, "sig", "" },
	};
	char text[128], tight[20];
	struct sk_buf buf;

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		sk_buf_init(&buf, text, sizeof(text));
		sk_reason_print(cases[i].protocol, sk_outcome(cases[i].err),
				sk_span_of(cases[i].signature), &buf);
		CHECK_STR(text, cases[i].want, sk_err_name(cases[i].err));
		CHECK(!buf.overflow, "%s fits", sk_err_name(cases[i].err));
	}

	sk_buf_init(&buf, tight, sizeof(tight));
	sk_reason_print("STIR", sk_outcome(SK_BAD_SIGNATURE), SK_SPAN("x"), &buf);
	CHECK(buf.overflow, "too small is told");

	return check_result();
}
