#include "shaken/err.h"
#include "tests/check.h"

#include <limits.h>
#include <stdbool.h>

/* What RFC 8224, 6.2.2, RFC 3261 and RFC 4474 call each code. */
static const char *phrase_of(unsigned code)
{
	switch (code) {
	case 0:
		return "";
	case 400:
		return "Bad Request";
	case 403:
		return "Stale Date";
	case 414:
		return "Request-URI Too Long";
	case 416:
		return "Unsupported URI Scheme";
	case 428:
		return "Use Identity Header";
	case 436:
		return "Bad Identity Info";
	case 437:
		return "Unsupported Credential";
	case 438:
		return "Invalid Identity Header";
	case 482:
		return "Loop Detected";
	default:
		return "a code that no outcome may have";
	}
}

static void test_rows(void)
{
	for (int i = 0; i < SK_ERR_COUNT; i++) {
		const struct sk_outcome *row = sk_outcome((enum sk_err)i);

		CHECK(row->name && strncmp(row->name, "SK_", 3) == 0, "row %d has a name", i);
		CHECK(row->text && row->text[0], "%s has a text", row->name);
		CHECK_STR(row->phrase, phrase_of(row->code), row->name);
		CHECK(row->atis_case <= 19, "%s: E%d", row->name, row->atis_case);
		CHECK((row->verstat == SK_VERSTAT_PASSED) == (i == SK_OK), "%s passes", row->name);
		CHECK(row->blame != SK_CLASS_OURS || row->code == 0, "%s blames the peer",
		      row->name);
		CHECK((row->blame == SK_CLASS_NONE) == (i == SK_OK), "%s has a class", row->name);
		CHECK_STR(sk_err_name((enum sk_err)i), row->name, "name");
		CHECK_STR(sk_err_text((enum sk_err)i), row->text, "text");
		for (int j = 0; j < i; j++)
			CHECK(strcmp(row->name, sk_err_name((enum sk_err)j)) != 0, "%s twice",
			      row->name);
	}
}

static void test_beyond(void)
{
	CHECK(sk_outcome(SK_ERR_COUNT) == sk_outcome(SK_EINTERNAL), "one too far");
	CHECK(sk_outcome((enum sk_err)INT_MAX) == sk_outcome(SK_EINTERNAL), "far too far");
	CHECK(sk_outcome((enum sk_err) - 1) == sk_outcome(SK_EINTERNAL), "negative");
	CHECK_STR(sk_class_name((enum sk_class)99), "ours", "class without a name");
	CHECK_STR(sk_verstat_text((enum sk_verstat)99), "No-TN-Validation", "no such verstat");
}

static void test_texts(void)
{
	CHECK_STR(sk_verstat_text(SK_VERSTAT_NO), "No-TN-Validation", "no");
	CHECK_STR(sk_verstat_text(SK_VERSTAT_FAILED), "TN-Validation-Failed", "failed");
	CHECK_STR(sk_verstat_text(SK_VERSTAT_PASSED), "TN-Validation-Passed", "passed");
	CHECK_STR(sk_class_name(SK_CLASS_NONE), "none", "class");
	CHECK_STR(sk_class_name(SK_CLASS_OURS), "ours", "class");
	CHECK_STR(sk_class_name(SK_CLASS_INPUT), "input", "class");
	CHECK_STR(sk_class_name(SK_CLASS_ABSENT), "absent", "class");
	CHECK_STR(sk_class_name(SK_CLASS_TOKEN), "token", "class");
	CHECK_STR(sk_class_name(SK_CLASS_STALE), "stale", "class");
	CHECK_STR(sk_class_name(SK_CLASS_FETCH), "fetch", "class");
	CHECK_STR(sk_class_name(SK_CLASS_CREDENTIAL), "credential", "class");
}

static void test_rank(void)
{
	static const enum sk_err rising[] = {
		SK_OK,
		SK_PPT_UNKNOWN,
		SK_IDENTITY_SYNTAX,
		SK_TOKEN_SYNTAX,
		SK_INFO_MISSING,
		SK_FETCH_TIMEOUT, /* 436 only when nothing says more (RFC 8224, 6.2.2) */
		SK_HEADER_CLAIM,
		SK_CLAIM_TYPE,
		SK_ORIG_MISMATCH,
		SK_ATTEST_INVALID,
		SK_IAT_STALE,
		SK_ENOMEM,
		SK_CERT_UNTRUSTED,
		SK_CONSTRAINT,
		SK_BAD_SIGNATURE,
	};

	for (size_t i = 1; i < SK_COUNT(rising); i++)
		CHECK(sk_err_rank(rising[i - 1]) < sk_err_rank(rising[i]), "%s before %s",
		      sk_err_name(rising[i - 1]), sk_err_name(rising[i]));
	CHECK(sk_err_rank(SK_ENOMEM) == sk_err_rank(SK_ECRYPTO), "ours are all alike");
}

/* The assignments of the standards, one by one, so that a slip in the table is seen. */
static void test_codes(void)
{
	static const struct {
		enum sk_err err;
		unsigned code, atis_case;
		enum sk_verstat verstat;
	} rows[] = {
		{ SK_REQUEST_SYNTAX, 400, 2, SK_VERSTAT_NO },
		{ SK_URI_TOO_LONG, 414, 0, SK_VERSTAT_NO },
		{ SK_URI_SCHEME, 416, 0, SK_VERSTAT_NO },
		{ SK_DATE_STALE, 403, 3, SK_VERSTAT_NO },
		{ SK_DATE_MISSING, 428, 3, SK_VERSTAT_NO },
		{ SK_DIVERSIONS, 482, 0, SK_VERSTAT_NO },
		{ SK_NO_IDENTITY, 0, 0, SK_VERSTAT_NO },
		{ SK_BYPASSED, 0, 0, SK_VERSTAT_NO },
		{ SK_IDENTITY_REQUIRED, 428, 1, SK_VERSTAT_NO },
		{ SK_PPT_UNKNOWN, 0, 5, SK_VERSTAT_NO },
		{ SK_COMPACT_FORM, 438, 4, SK_VERSTAT_NO },
		{ SK_PPT_PARAM, 438, 5, SK_VERSTAT_NO },
		{ SK_INFO_MISSING, 436, 6, SK_VERSTAT_NO },
		{ SK_INFO_INVALID, 436, 7, SK_VERSTAT_NO },
		{ SK_FETCH_TIMEOUT, 436, 8, SK_VERSTAT_NO },
		{ SK_HEADER_CLAIM, 436, 9, SK_VERSTAT_NO },
		{ SK_X5U_MISMATCH, 436, 10, SK_VERSTAT_NO },
		{ SK_TYP_INVALID, 437, 11, SK_VERSTAT_NO },
		{ SK_ALG_UNSUPPORTED, 437, 12, SK_VERSTAT_NO },
		{ SK_PPT_MISMATCH, 438, 13, SK_VERSTAT_NO },
		{ SK_CLAIM_MISSING, 438, 14, SK_VERSTAT_NO },
		{ SK_IAT_STALE, 403, 15, SK_VERSTAT_NO },
		{ SK_ORIG_MISMATCH, 438, 16, SK_VERSTAT_NO },
		{ SK_CERT_UNTRUSTED, 437, 17, SK_VERSTAT_FAILED },
		{ SK_BAD_SIGNATURE, 438, 18, SK_VERSTAT_FAILED },
		{ SK_ATTEST_INVALID, 438, 19, SK_VERSTAT_NO },
		{ SK_DIV_BROKEN, 438, 0, SK_VERSTAT_FAILED },
		{ SK_REPLAYED, 438, 0, SK_VERSTAT_FAILED },
		{ SK_RPH_MISMATCH, 438, 0, SK_VERSTAT_NO },
		{ SK_RCD_INVALID, 438, 0, SK_VERSTAT_NO },
		{ SK_ENOMEM, 0, 0, SK_VERSTAT_NO },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const struct sk_outcome *row = sk_outcome(rows[i].err);

		CHECK(row->code == rows[i].code && row->atis_case == rows[i].atis_case &&
			      row->verstat == rows[i].verstat,
		      "%s: %u E%u", row->name, row->code, row->atis_case);
	}
}

int main(void)
{
	test_rows();
	test_beyond();
	test_texts();
	test_rank();
	test_codes();

	return check_result();
}
