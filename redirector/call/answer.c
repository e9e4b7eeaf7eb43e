/*
 * What the proxy reads.  The status comes first, from the outcome's row and the
 * tenant's choices; then the lines (answer_lines.c).  A table row without a code
 * never becomes an error answer by itself.
 */
#include "redirector/call/answer.h"

#include "redirector/call/action.h"
#include "redirector/call/answer_lines.h"

#include <stdio.h>

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
		{ 513, "Message Too Large" },
		{ 603, "Decline" },
		{ 607, "Unwanted" }, /* RFC 8197 */
		{ 608, "Rejected" }, /* RFC 8688 */
	};

	for (size_t i = 0; i < SK_COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

void answer_status(struct answer *a, unsigned status, const char *phrase)
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
	return err == SK_NOTHING_TO_DO || err == SK_DUMMY || err == SK_SIGNED_ALREADY ||
	       err == SK_NO_CREDENTIAL || err == SK_NO_ATTEST;
}

/* RFC 8224, 6.1: what cannot be signed should go on unsigned, unless configured otherwise. */
static void sign_status(const struct call *c, struct answer *a)
{
	const struct sign_conf *set = &c->tenant->set->sign;
	const struct sk_outcome row = profile_outcome(&c->tenant->profile, c->err);
	bool bad_date = c->err == SK_DATE_STALE || c->err == SK_DATE_SYNTAX;

	if (!c->err || c->extra_count > 0) /* something was signed */
		answer_status(a, redirect_code(c), NULL);
	else if (c->err == SK_NO_ORIG)
		answer_status(a, unsigned_orig_code(c), NULL);
	else if (bad_date && set->stale_date == STALE_SIGN_403)
		answer_status(a, row.code, row.phrase);
	else if (bad_date)
		answer_status(a, redirect_code(c), NULL);
	else if (is_fault(c))
		answer_status(a, set->fault == FAULT_503 ? 503 : redirect_code(c), NULL);
	else if (row.code)
		answer_status(a, row.code, row.phrase);
	else if (is_nothing(c->err))
		answer_status(a, nothing_code(c), NULL);
	else
		answer_status(a, redirect_code(c), NULL);
}

/* RFC 8224, 6.2.2: a missing Identity is told by 428, where policy does not let it pass. */
static void stop_status(struct sk_outcome row, struct answer *a)
{
	if (row.blame == SK_CLASS_ABSENT && row.code == 0)
		row = *sk_outcome(SK_IDENTITY_REQUIRED);
	a->blocked = true;
	answer_status(a, row.code ? row.code : 603, row.code ? row.phrase : NULL);
}

static void verify_status(const struct call *c, enum conf_action action, struct answer *a)
{
	const struct verify_conf *set = &c->tenant->set->verify;
	const struct sk_outcome row = profile_outcome(&c->tenant->profile, c->err);
	bool goes_on = action == ACTION_PASS || action == ACTION_REASON || action == ACTION_ALERT;

	if (is_fault(c))
		answer_status(a, set->fault == FAULT_503 ? 503 : redirect_code(c), NULL);
	else if (c->err == SK_REQUEST_SYNTAX) /* not a verdict: the request itself is broken */
		answer_status(a, row.code, row.phrase);
	else if (action == ACTION_STOP)
		stop_status(row, a);
	else if (action == ACTION_BLOCK)
		answer_block(c, a);
	else if (!goes_on && row.code && set->on_failure == FAILURE_REJECT)
		answer_status(a, row.code, row.phrase);
	else
		answer_status(a, redirect_code(c), NULL);
}

static void begin(struct answer *a, char *mem)
{
	*a = (struct answer){ .phrase = "", .verstat = "" };
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
	answer_status(out, status, NULL);
	if (status == 405 || status == 200)
		answer_header(out, "Allow", "INVITE, ACK, CANCEL, OPTIONS");
	retry_later(out);
}

void answer_in_dialog(const struct call *call, char *mem, struct answer *out)
{
	begin(out, mem);
	answer_status(out, redirect_code(call), NULL);
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

/* Neither signed nor verified: nothing is said of the number. */
static void build_plain(const struct call *c, unsigned status, struct answer *a)
{
	answer_status(a, status, NULL);
	if (status < 400)
		answer_contact(c, "", "", a);
}

static void build_over_limit(const struct call *c, struct answer *a)
{
	if (c->tenant->set->limits.over != OVER_LIMIT_SILENCE)
		print_bypass(c, a);
	switch (c->tenant->set->limits.over) {
	case OVER_LIMIT_SILENCE:
		break;
	case OVER_LIMIT_302:
		build_plain(c, redirect_code(c), a);
		break;
	case OVER_LIMIT_503:
	default:
		build_plain(c, 503, a);
		retry_later(a);
	}
}

void answer_overload(const struct call *c, bool goes_on, unsigned retry_s, char *mem,
		     struct answer *out)
{
	char seconds[12];

	begin(out, mem);
	print_bypass(c, out);
	build_plain(c, goes_on ? redirect_code(c) : 503, out);
	if (goes_on)
		return;
	snprintf(seconds, sizeof(seconds), "%u", retry_s);
	answer_header(out, "Retry-After", seconds);
}

static void build_signed(const struct call *c, struct answer *a)
{
	sign_status(c, a);
	if (is_fault(c))
		answer_fault(c, a);
	print_bypass(c, a);
	if (a->status < 400)
		answer_sign_lines(c, a);
}

static void build_verified(const struct call *c, struct answer *a)
{
	enum conf_action action = action_of(c);

	verify_status(c, action, a);
	if (is_fault(c))
		answer_fault(c, a);
	if (a->status >= 400)
		return;
	answer_verify_lines(c, action, a);
	a->verstat = sk_verstat_text(c->tenant->profile.verstat[c->err]);
}

void answer_build(const struct call *c, char *mem, struct answer *out)
{
	begin(out, mem);
	if (c->over_limit && c->err == SK_OVER_LIMIT) /* and not its fetches alone */
		build_over_limit(c, out);
	else if (c->err == SK_LISTED)
		answer_block(c, out);
	else if (c->err == SK_DUMMY)
		build_plain(c, nothing_code(c), out);
	else if (c->task == TASK_VERIFY)
		build_verified(c, out);
	else
		build_signed(c, out);
	/* what does not fit is said without the extras, never in part */
	if (out->lines.overflow && out->status < 400)
		answer_in_dialog(c, mem, out);
}
