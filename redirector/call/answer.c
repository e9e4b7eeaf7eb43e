/*
 * What the proxy reads.  The status comes first, from the outcome's row and the
 * tenant's choices; then the lines.  A table row without a code never becomes an
 * error answer by itself.
 */
#include "redirector/call/answer.h"

#include "redirector/call/contact.h"
#include "redirector/call/uri.h"

#include <stdio.h>

enum {
	PAI_SIZE = 4096, /* longest P-Asserted-Identity that is repeated with its verstat */
};

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
	const struct sk_outcome *row = sk_outcome(c->err);
	bool bad_date = c->err == SK_DATE_STALE || c->err == SK_DATE_SYNTAX;

	if (!c->err)
		set_status(a, redirect_code(c), NULL);
	else if (c->err == SK_NO_ORIG)
		set_status(a, unsigned_orig_code(c), NULL);
	else if (bad_date && set->stale_date == STALE_SIGN_403)
		set_status(a, row->code, row->phrase);
	else if (bad_date)
		set_status(a, redirect_code(c), NULL);
	else if (is_fault(c))
		set_status(a, set->fault == FAULT_503 ? 503 : redirect_code(c), NULL);
	else if (row->code)
		set_status(a, row->code, row->phrase);
	else if (is_nothing(c->err))
		set_status(a, nothing_code(c), NULL);
	else
		set_status(a, redirect_code(c), NULL);
}

static void verify_status(const struct call *c, struct answer *a)
{
	const struct verify_conf *set = &c->tenant->set->verify;
	const struct sk_outcome *row = sk_outcome(c->err);

	if (is_fault(c))
		set_status(a, set->fault == FAULT_503 ? 503 : redirect_code(c), NULL);
	else if (c->err == SK_REQUEST_SYNTAX) /* not a verdict: the request itself is broken */
		set_status(a, row->code, row->phrase);
	else if (row->code && set->on_failure == FAILURE_REJECT)
		set_status(a, row->code, row->phrase);
	else
		set_status(a, redirect_code(c), NULL);
}

static void print_header(struct answer *a, const char *name, const char *value)
{
	sk_buf_printf(&a->lines, "%s: %s\r\n", name, value);
}

/* "TN-Validation-Passed", with "-A" behind it where that is configured (not standard, but common).
 */
static void print_verstat(const struct call *c, char *out, size_t size)
{
	enum sk_verstat verstat = sk_outcome(c->err)->verstat;

	snprintf(out, size, "%s", sk_verstat_text(verstat));
	if (c->tenant->set->answer.verstat_suffix && verstat == SK_VERSTAT_PASSED)
		snprintf(out, size, "%s-%c", sk_verstat_text(verstat),
			 sk_attest_letter(c->claims.attest));
}

/* RFC 8224, 6.1, step 3: a Date must be there; ours has the second of iat. */
static bool date_is_ours(const struct call *c, char out[SK_DATE_SIZE])
{
	return c->facts.date.len == 0 && sk_date_print(c->claims.iat, out);
}

static void print_identity_headers(const struct call *c, struct sk_buf *out)
{
	char date[SK_DATE_SIZE];

	if (c->identity_len == 0 || !(c->tenant->set->answer.identity_in & IDENTITY_IN_CONTACT))
		return;
	sk_buf_puts(out, "Identity=");
	uri_escape((struct sk_span){ c->identity, c->identity_len }, out);
	if (date_is_ours(c, date)) {
		sk_buf_puts(out, "&Date=");
		uri_escape(sk_span_of(date), out);
	}
}

/* @return false for an outcome that has nothing to tell the peer */
static bool print_reason(const char *protocol, enum sk_err err, struct sk_span signature,
			 struct answer *a)
{
	if (sk_outcome(err)->code == 0)
		return false;
	sk_buf_puts(&a->lines, "Reason: ");
	sk_reason_print(protocol, sk_outcome(err), signature, &a->lines);
	sk_buf_puts(&a->lines, "\r\n");
	return true;
}

/* RFC 9410: one per failed PASSporT; ppi tells them apart when there are several.  A failure that
 * is none of a single PASSporT's (none there, a broken chain) has one without. */
static void print_reasons(const struct call *c, const char *protocol, struct answer *a)
{
	const struct sk_span nameless = { NULL, 0 };
	bool told = false;

	for (size_t i = 0; i < c->judged_count; i++) {
		const struct judgement *j = &c->judged[i];

		told |= print_reason(protocol, j->err,
				     c->judged_count > 1 ? j->signature : nameless, a);
	}
	if (!told)
		print_reason(protocol, c->err, nameless, a);
}

/* Letters, digits and a few marks: what came from a token must not shape a header. */
static bool is_plain(const char *text)
{
	return text[0] && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789-_.:@+")] == '\0';
}

static void print_attestation(const struct call *c, struct answer *a)
{
	const struct answer_conf *set = &c->tenant->set->answer;
	char letter[2] = { sk_attest_letter(c->claims.attest), '\0' };

	if (c->err || !c->has_claims)
		return;
	if (set->attest_header[0])
		print_header(a, set->attest_header, letter);
	if (set->origid_header[0] && is_plain(c->claims.origid))
		print_header(a, set->origid_header, c->claims.origid);
}

/* @return false for a calling party that no header of ours can repeat; the call goes on without it
 */
static bool print_pai(const struct call *c, const char *verstat, struct sk_buf *out)
{
	/* a verdict stands on the number that was proven and on no other */
	const struct sk_party *proven = c->err ? NULL : &c->claims.orig;

	return contact_print_caller(policy_caller_value(c->tenant, &c->facts, proven), verstat,
				    out) &&
	       !out->overflow;
}

/* P-Asserted-Identity as a header of the Contact URI (one of the forms of standards, 9.4). */
static void print_contact_pai(const struct call *c, const char *verstat, struct sk_buf *out)
{
	char mem[1024];
	struct sk_buf pai;

	sk_buf_init(&pai, mem, sizeof(mem));
	if (!(c->tenant->set->answer.verstat_in & VERSTAT_IN_CONTACT_PAI) ||
	    !print_pai(c, verstat, &pai))
		return;
	sk_buf_puts(out, "P-Asserted-Identity=");
	uri_escape((struct sk_span){ pai.text, pai.len }, out);
}

static void print_pai_line(const struct call *c, const char *verstat, struct answer *a)
{
	char mem[PAI_SIZE];
	struct sk_buf pai;

	sk_buf_init(&pai, mem, sizeof(mem));
	if ((c->tenant->set->answer.verstat_in & VERSTAT_IN_PAI) && print_pai(c, verstat, &pai))
		print_header(a, "P-Asserted-Identity", pai.text);
}

static void print_contact(const struct call *c, const char *verstat, const char *headers,
			  struct answer *a)
{
	sk_buf_puts(&a->lines, "Contact: ");
	a->points_at_itself = !contact_print(c, verstat, headers, &a->lines);
	sk_buf_puts(&a->lines, "\r\n");
}

static void sign_lines(const struct call *c, struct answer *a)
{
	unsigned in = c->tenant->set->answer.identity_in;
	char mem[SK_IDENTITY_SIZE * 2], date[SK_DATE_SIZE];
	struct sk_buf headers;

	sk_buf_init(&headers, mem, sizeof(mem));
	print_identity_headers(c, &headers);
	print_contact(c, "", headers.text, a);
	if (c->identity_len == 0)
		return;
	if (in & IDENTITY_IN_HEADER)
		print_header(a, "Identity", c->identity);
	if (in & IDENTITY_IN_X_IDENTITY)
		print_header(a, "X-Identity", c->identity);
	if (date_is_ours(c, date))
		print_header(a, "Date", date);
	a->lines.overflow |= headers.overflow;
}

static void verify_lines(const struct call *c, const char *verstat, struct answer *a)
{
	const struct answer_conf *set = &c->tenant->set->answer;
	char mem[4096];
	struct sk_buf headers;

	sk_buf_init(&headers, mem, sizeof(mem));
	print_contact_pai(c, verstat, &headers);
	print_contact(c, verstat, headers.text, a);
	print_pai_line(c, verstat, a);
	if (set->verstat_in & VERSTAT_IN_HEADER)
		print_header(a, set->verstat_header, verstat);
	print_attestation(c, a);
	if (set->reason != REASON_NONE)
		print_reasons(c, set->reason == REASON_SIP ? "SIP" : "STIR", a);
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
		print_header(a, "Retry-After", "1");
}

void answer_plain(unsigned status, char *mem, struct answer *out)
{
	begin(out, mem);
	set_status(out, status, NULL);
	if (status == 405 || status == 200)
		print_header(out, "Allow", "INVITE, ACK, CANCEL, OPTIONS");
	retry_later(out);
}

void answer_in_dialog(const struct call *call, char *mem, struct answer *out)
{
	begin(out, mem);
	set_status(out, redirect_code(call), NULL);
	print_contact(call, "", "", out);
}

void answer_build(const struct call *c, char *mem, struct answer *out)
{
	char verstat[64];

	begin(out, mem);
	if (c->task == TASK_VERIFY)
		verify_status(c, out);
	else
		sign_status(c, out);
	if (is_fault(c))
		retry_later(out);
	if (out->status >= 400)
		return;

	if (c->task == TASK_VERIFY) {
		print_verstat(c, verstat, sizeof(verstat));
		verify_lines(c, verstat, out);
		out->verstat = sk_verstat_text(sk_outcome(c->err)->verstat);
	} else {
		sign_lines(c, out);
	}
	if (out->lines.overflow) /* what does not fit is said without the extras, never in part */
		answer_in_dialog(c, mem, out);
}
