/*
 * The table of err.h, unrolled.  The order of the rows is the order of the
 * checks, so the rank of a failure is its place in the table, but for two.
 */
#include "shaken/err.h"

#define X(sym, class_, code_, phrase_, verstat_, atis_, text_) \
	[sym] = { .name = #sym, \
		  .text = text_, \
		  .phrase = phrase_, \
		  .code = code_, \
		  .blame = SK_CLASS_##class_, \
		  .verstat = SK_VERSTAT_##verstat_, \
		  .atis_case = atis_ },
static const struct sk_outcome outcomes[] = { SK_ERRORS(X) };
#undef X

const struct sk_outcome *sk_outcome(enum sk_err err)
{
	return &outcomes[(unsigned)err < SK_ERR_COUNT ? err : SK_EINTERNAL];
}

const char *sk_err_name(enum sk_err err)
{
	return sk_outcome(err)->name;
}

const char *sk_err_text(enum sk_err err)
{
	return sk_outcome(err)->text;
}

enum sk_class sk_err_class(enum sk_err err)
{
	return sk_outcome(err)->blame;
}

const char *sk_class_name(enum sk_class blame)
{
	static const char *const names[] = { "none",  "ours",  "input", "absent",
					     "token", "stale", "fetch", "credential" };

	return names[(unsigned)blame < SK_COUNT(names) ? blame : SK_CLASS_OURS];
}

const char *sk_verstat_text(enum sk_verstat verstat)
{
	static const char *const texts[] = { "No-TN-Validation", "TN-Validation-Failed",
					     "TN-Validation-Passed" };

	return texts[(unsigned)verstat < SK_COUNT(texts) ? verstat : SK_VERSTAT_NO];
}

unsigned sk_err_rank(enum sk_err err)
{
	/* above all that proves nothing, below a forgery that is proven */
	if (sk_err_class(err) == SK_CLASS_OURS)
		return 2 * SK_CERT_SYNTAX - 1;
	/* RFC 8224, 6.2.2: 436 only when no certificate at all could be had */
	if (sk_err_class(err) == SK_CLASS_FETCH)
		return 2 * SK_INFO_INVALID + 1;
	if (err == SK_IAT_STALE)
		return 2 * SK_ATTEST_INVALID + 1;
	return 2 * (unsigned)err;
}
