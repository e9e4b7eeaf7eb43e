/*
 * Each piece of the answer is a function that knows by itself whether it has
 * anything to say.  Nothing from a request or a token gets into a line unless it
 * was checked to be harmless there.
 */
#include "redirector/call/answer_lines.h"

#include "redirector/call/action.h"
#include "redirector/call/alert.h"
#include "redirector/call/contact.h"
#include "redirector/call/name.h"
#include "redirector/call/uri.h"

#include <stdio.h>
#include <string.h>

enum {
	PAI_SIZE = 4096,                 /* longest P-Asserted-Identity that is repeated */
	EMBEDDED_SIZE = ANSWER_SIZE / 2, /* room for headers of the Contact URI          */
};

void answer_header(struct answer *a, const char *name, const char *value)
{
	sk_buf_puts(&a->lines, name);
	sk_buf_puts(&a->lines, ": ");
	sk_buf_puts(&a->lines, value);
	sk_buf_puts(&a->lines, "\r\n");
}

/* "TN-Validation-Passed", with "-A" behind it where that is configured (not standard, but common).
 */
static void print_verstat(const struct call *c, char *out, size_t size)
{
	enum sk_verstat verstat = c->tenant->profile.verstat[c->err];

	snprintf(out, size, "%s", sk_verstat_text(verstat));
	if (c->tenant->set->answer.verstat_suffix && verstat == SK_VERSTAT_PASSED)
		snprintf(out, size, "%s-%c", sk_verstat_text(verstat),
			 sk_attest_letter(c->claims.attest));
}

/* By the tenant's profile.  @return false for an outcome that has nothing to tell the peer */
static bool print_reason(const struct call *c, const char *protocol, enum sk_err err,
			 struct sk_span signature, struct answer *a)
{
	const struct sk_outcome row = profile_outcome(&c->tenant->profile, err);

	/* RFC 9410, 4: the causes of STIR are the codes of RFC 8224; 400 is none of them */
	if (row.code == 0 || (row.code == 400 && strcmp(protocol, "STIR") == 0))
		return false;
	sk_buf_puts(&a->lines, "Reason: ");
	sk_reason_print(protocol, &row, signature, &a->lines);
	sk_buf_puts(&a->lines, "\r\n");
	return true;
}

/* RFC 9410: one per failed PASSporT; ppi tells them apart when there are several.  A failure that
 * is none of a single PASSporT's (none there, a broken chain) has one without. */
static void print_stir_reasons(const struct call *c, enum sk_err err, struct answer *a)
{
	const struct sk_span nameless = { NULL, 0 };
	bool told = false;

	for (size_t i = 0; i < c->judged_count; i++) {
		const struct judgement *j = &c->judged[i];

		told |= print_reason(c, "STIR", j->err,
				     c->judged_count > 1 ? j->signature : nameless, a);
	}
	if (!told)
		print_reason(c, "STIR", err, nameless, a);
}

/* An action of the tenant's goes before what is usual.  A call without Identity has a failure to
 * tell only when a Reason was asked for: 428 (RFC 8224, 6.2.2). */
static void print_reasons(const struct call *c, enum conf_action action, struct answer *a)
{
	const struct sk_span nameless = { NULL, 0 };
	enum conf_reason how = c->tenant->profile.reason;
	enum sk_err err = c->err;

	if (action == ACTION_PASS)
		return;
	if (action == ACTION_REASON && how == REASON_NONE)
		how = REASON_STIR;
	if (action == ACTION_REASON && err == SK_NO_IDENTITY)
		err = SK_IDENTITY_REQUIRED;
	switch (how) {
	case REASON_SIP: /* RFC 3326, 2: of one protocol a message has one, and it knows no ppi */
		print_reason(c, "SIP", err, nameless, a);
		break;
	case REASON_NONE:
		break;
	case REASON_STIR:
	case REASON_BY_PROFILE:
	default:
		print_stir_reasons(c, err, a);
	}
}

void answer_fault(const struct call *c, struct answer *a)
{
	struct sk_outcome row = *sk_outcome(c->err);

	if (a->status != 503)
		return;
	answer_header(a, "Retry-After", "1");
	if (c->tenant->profile.reason == REASON_NONE)
		return;
	/* RFC 3326, 2: a fault of ours is no cause of STIR (RFC 9410, 4) */
	row.code = a->status;
	row.phrase = row.text;
	sk_buf_puts(&a->lines, "Reason: ");
	sk_reason_print("SIP", &row, (struct sk_span){ NULL, 0 }, &a->lines);
	sk_buf_puts(&a->lines, "\r\n");
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
		answer_header(a, set->attest_header, letter);
	if (set->origid_header[0] && is_plain(c->claims.origid))
		answer_header(a, set->origid_header, c->claims.origid);
}

/* @return false for a calling party that no header of ours can repeat; the call goes on without it
 */
static bool print_pai(const struct call *c, const char *verstat, struct sk_buf *out)
{
	/* a verdict stands on the number that was proven and on no other */
	const struct sk_party *proven = c->task != TASK_VERIFY || c->err ? NULL : &c->claims.orig;
	struct sk_span caller = policy_caller_value(c->tenant, &c->facts, proven);
	const char *template = action_alert(c);
	char mem[ALERT_SIZE];
	struct sk_buf alert;

	sk_buf_init(&alert, mem, sizeof(mem));
	if (template)
		alert_print(template, caller, &alert);
	return contact_print_caller(caller, (struct sk_span){ mem, alert.len },
				    c->tenant->set->answer.pai_verstat, verstat, out) &&
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
	if (out->len > 0)
		sk_buf_putc(out, '&');
	sk_buf_puts(out, "P-Asserted-Identity=");
	uri_escape((struct sk_span){ pai.text, pai.len }, out);
}

/* An alert is told also where the verstat stands elsewhere. */
static void print_pai_line(const struct call *c, const char *verstat, struct answer *a)
{
	const struct answer_conf *set = &c->tenant->set->answer;
	bool says_verstat = set->verstat_in & VERSTAT_IN_PAI;
	char mem[PAI_SIZE];
	struct sk_buf pai;

	sk_buf_init(&pai, mem, sizeof(mem));
	if ((says_verstat || action_alert(c)) && print_pai(c, says_verstat ? verstat : "", &pai))
		answer_header(a, set->pai_header, pai.text);
}

void answer_contact(const struct call *c, const char *verstat, const char *headers,
		    struct answer *a)
{
	sk_buf_puts(&a->lines, "Contact: ");
	a->points_at_itself = !contact_print(c, verstat, headers, &a->lines);
	sk_buf_puts(&a->lines, "\r\n");
}

/* RFC 8224, 6.1, step 3: a Date must be there; ours has the second of iat. */
static bool date_is_ours(const struct call *c, char out[SK_DATE_SIZE])
{
	return c->facts.date.len == 0 && c->has_claims && sk_date_print(c->claims.iat, out);
}

/* The n-th of what was signed: the PASSporT of the call first, where there is one. */
static struct sk_span signed_value(const struct call *c, size_t n)
{
	bool first = c->identity_len > 0;

	if (first && n == 0)
		return (struct sk_span){ c->identity, c->identity_len };
	n -= first;
	return n < c->extra_count ? (struct sk_span){ c->extras[n].text, c->extras[n].len }
				  : (struct sk_span){ NULL, 0 };
}

static void print_signed(const struct call *c, const char *name, struct answer *a)
{
	struct sk_span value;

	for (size_t i = 0; (value = signed_value(c, i)).ptr; i++) {
		sk_buf_puts(&a->lines, name);
		sk_buf_puts(&a->lines, ": ");
		sk_buf_put(&a->lines, value);
		sk_buf_puts(&a->lines, "\r\n");
	}
}

/* As headers of the Contact URI.  The call's own PASSporT has to fit; those beside it may be left
 * out, whole, for a URI has an end where a header has none. */
static void print_embedded(const struct call *c, struct sk_buf *out)
{
	char date[SK_DATE_SIZE];
	struct sk_span value;

	for (size_t i = 0; (value = signed_value(c, i)).ptr; i++) {
		struct sk_buf before = *out;

		sk_buf_puts(out, i > 0 ? "&Identity=" : "Identity=");
		uri_escape(value, out);
		if (i == 0 && date_is_ours(c, date)) {
			sk_buf_puts(out, "&Date=");
			uri_escape(sk_span_of(date), out);
		}
		if (i > 0 && out->overflow) {
			*out = before;
			out->text[out->len] = '\0';
		}
	}
}

void answer_sign_lines(const struct call *c, struct answer *a)
{
	unsigned in = c->tenant->set->answer.identity_in;
	char mem[EMBEDDED_SIZE], date[SK_DATE_SIZE];
	struct sk_buf headers;

	sk_buf_init(&headers, mem, sizeof(mem));
	if (in & IDENTITY_IN_CONTACT)
		print_embedded(c, &headers);
	if (action_alert(c))
		print_contact_pai(c, "", &headers);
	answer_contact(c, "", headers.text, a);
	if (action_alert(c))
		print_pai_line(c, "", a);
	if (!signed_value(c, 0).ptr)
		return;
	if (in & IDENTITY_IN_HEADER)
		print_signed(c, "Identity", a);
	if (in & IDENTITY_IN_X_IDENTITY)
		print_signed(c, "X-Identity", a);
	if (date_is_ours(c, date))
		answer_header(a, "Date", date);
	a->lines.overflow |= headers.overflow;
}

/* The verdict on the priority, in words of the same kind as the verstat (TS 24.229, Annex V). */
static void print_priority(const struct call *c, struct answer *a)
{
	const char *name = c->tenant->set->answer.priority_header;
	enum sk_err err = c->rph.err;

	if (!c->rph.judged || !name[0])
		return;
	if (!err)
		answer_header(a, name, "RPH-Validation-Passed");
	else if (err == SK_RPH_MISMATCH || c->tenant->profile.verstat[err] == SK_VERSTAT_FAILED)
		answer_header(a, name, "RPH-Validation-Failed");
	else
		answer_header(a, name, "No-RPH-Validation");
}

static bool is_shown(const char *text)
{
	struct sk_span rest = sk_span_of(text);
	size_t len;

	while (rest.len > 0 && (len = name_char(rest)) > 0)
		rest = (struct sk_span){ rest.ptr + len, rest.len - len };
	return rest.len == 0;
}

/* The name that was verified, as a quoted string (RFC 3261, 25.1). */
static void print_name(const struct call *c, struct answer *a)
{
	const char *header = c->tenant->set->answer.name_header;

	if (!c->rcd.judged || c->rcd.err || !header[0] || !c->rcd_name[0] || !is_shown(c->rcd_name))
		return;
	sk_buf_puts(&a->lines, header);
	sk_buf_puts(&a->lines, ": ");
	name_print_quoted(sk_span_of(c->rcd_name), &a->lines);
	sk_buf_puts(&a->lines, "\r\n");
}

void answer_verify_lines(const struct call *c, enum conf_action action, struct answer *a)
{
	const struct answer_conf *set = &c->tenant->set->answer;
	char mem[4096], verstat[64];
	struct sk_buf headers;

	print_verstat(c, verstat, sizeof(verstat));
	sk_buf_init(&headers, mem, sizeof(mem));
	print_contact_pai(c, verstat, &headers);
	answer_contact(c, verstat, headers.text, a);
	print_pai_line(c, verstat, a);
	if (set->verstat_in & VERSTAT_IN_HEADER)
		answer_header(a, set->verstat_header, verstat);
	print_attestation(c, a);
	print_priority(c, a);
	print_name(c, a);
	print_reasons(c, action, a);
}
