/*
 * What the proxy reads.  The status comes first, from the outcome's row and the
 * tenant's choices; then the lines (answer_lines.c).  A table row without a code
 * never becomes an error answer by itself.
 */
#include "redirector/call/answer.h"

#include "redirector/call/answer_lines.h"

static const char *phrase_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 300, "Multiple Choices" },
		{ 302, "Moved Temporarily" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 414, "Request-URI Too Long" },
		{ 416, "Unsupported URI Scheme" },
		{ 433, "Anonymity Disallowed" }, /* RFC 5079 */
		{ 481, "Call/Transaction Does Not Exist" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < SK_COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

static void set_status(struct answer *a, unsigned status, const char *phrase)
{
	a->status = status;
	a->phrase = phrase ? phrase : phrase_of(status);
}

static unsigned redirect_code(const struct call *c)
{
	return c->tenant->set->answer.code == CODE_300 ? 300 : 302;
}

static unsigned nothing_code(const struct call *c)
{
	switch (c->tenant->set->answer.nothing) {
	case NOTHING_404:
		return 404;
	case NOTHING_503:
		return 503;
	case NOTHING_302:
	default:
		return redirect_code(c);
	}
}

static unsigned unsigned_orig_code(const struct call *c)
{
	switch (c->tenant->set->sign.no_orig) {
	case NO_ORIG_403:
		return 403;
	case NO_ORIG_433:
		return 433;
	case NO_ORIG_CONTINUE:
	default:
		return redirect_code(c);
	}
}

/* To have no key is a choice, not a fault. */
static bool is_fault(const struct call *c)
{
	return sk_err_class(c->err) == SK_CLASS_OURS && c->err != SK_NO_CREDENTIAL;
}

/* Nobody asked for a signature here, or it is there: not the same as one that could not be made. */
static bool is_nothing(enum sk_err err)
{
	return err == SK_NOTHING_TO_DO || err == SK_SIGNED_ALREADY || err == SK_NO_CREDENTIAL ||
	       err == SK_NO_ATTEST;
}

/* RFC 8224, 6.1: what cannot be signed should go on unsigned, unless configured otherwise. */
static void sign_status(const struct call *c, struct answer *a)
{
	const struct sign_conf *set = &c->tenant->set->sign;
	const struct sk_outcome row = profile_outcome(&c->tenant->profile, c->err);
	bool bad_date = c->err == SK_DATE_STALE || c->err == SK_DATE_SYNTAX;

	if (!c->err || c->extra_count > 0) /* something was signed */
		set_status(a, redirect_code(c), NULL);
	else if (c->err == SK_NO_ORIG)
		set_status(a, unsigned_orig_code(c), NULL);
	else if (bad_date && set->stale_date == STALE_SIGN_403)
		set_status(a, row.code, row.phrase);
	else if (bad_date)
		set_status(a, redirect_code(c), NULL);
	else if (is_fault(c))
		set_status(a, set->fault == FAULT_503 ? 503 : redirect_code(c), NULL);
	else if (row.code)
		set_status(a, row.code, row.phrase);
	else if (is_nothing(c->err))
		set_status(a, nothing_code(c), NULL);
	else
		set_status(a, redirect_code(c), NULL);
}

static void verify_status(const struct call *c, struct answer *a)
{
	const struct verify_conf *set = &c->tenant->set->verify;
	const struct sk_outcome row = profile_outcome(&c->tenant->profile, c->err);

	if (is_fault(c))
		set_status(a, set->fault == FAULT_503 ? 503 : redirect_code(c), NULL);
	else if (c->err == SK_REQUEST_SYNTAX) /* not a verdict: the request itself is broken */
		set_status(a, row.code, row.phrase);
	else if (row.code && set->on_failure == FAILURE_REJECT)
		set_status(a, row.code, row.phrase);
	else
		set_status(a, redirect_code(c), NULL);
}

static void begin(struct answer *a, char *mem)
{
	*a = (struct answer){ .verstat = "" };
	sk_buf_init(&a->lines, mem, ANSWER_SIZE);
}

/* RFC 3261, 21.5.4: for so long we get nothing at all, so only a fault or the end says it, never a
 * 503 that means "nothing to do" */
static void retry_later(struct answer *a)
{
	if (a->status == 503)
		answer_header(a, "Retry-After", "1");
}

void answer_plain(unsigned status, char *mem, struct answer *out)
{
	begin(out, mem);
	set_status(out, status, NULL);
	if (status == 405 || status == 200)
		answer_header(out, "Allow", "INVITE, ACK, CANCEL, OPTIONS");
	retry_later(out);
}

void answer_in_dialog(const struct call *call, char *mem, struct answer *out)
{
	begin(out, mem);
	set_status(out, redirect_code(call), NULL);
	answer_contact(call, "", "", out);
}

/* French MAN: the terminating side is told that a signature could not be made, so that it does not
 * ask for one.  Not where none was to be made. */
static void print_bypass(const struct call *c, struct answer *a)
{
	if (c->tenant->profile.sign_bypass && c->task == TASK_SIGN && c->extra_count == 0 &&
	    sk_err_class(c->err) == SK_CLASS_OURS)
		answer_header(a, "P-Identity-Bypass", c->tenant->set->sign.bypass_value);
}

void answer_build(const struct call *c, char *mem, struct answer *out)
{
	begin(out, mem);
	if (c->task == TASK_VERIFY)
		verify_status(c, out);
	else
		sign_status(c, out);
	if (is_fault(c))
		retry_later(out);
	print_bypass(c, out);
	if (out->status >= 400)
		return;

	if (c->task == TASK_VERIFY) {
		answer_verify_lines(c, out);
		out->verstat = sk_verstat_text(c->tenant->profile.verstat[c->err]);
	} else {
		answer_sign_lines(c, out);
	}
	if (out->lines.overflow) /* what does not fit is said without the extras, never in part */
		answer_in_dialog(c, mem, out);
}
