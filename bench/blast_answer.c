/*
 * Reads answers with a look at each header line, never with the parser of the
 * server under test: what both misread would pass unseen.
 */
#include "bench/blast.h"
#include "redirector/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct checker {
	struct sk_chain *chain; /* owned */
};

static bool cut_line(struct sk_span *rest, struct sk_span *line)
{
	const char *end = memchr(rest->ptr, '\n', rest->len);

	if (!end || end == rest->ptr || end[-1] != '\r') /* every line ends in CRLF */
		return false;
	*line = (struct sk_span){ rest->ptr, (size_t)(end - 1 - rest->ptr) };
	*rest = (struct sk_span){ end + 1, rest->len - line->len - 2 };
	return line->len > 0;
}

/* The value of a line when it is of this header. */
static bool is_header(struct sk_span line, struct sk_span name, struct sk_span *value)
{
	if (line.len <= name.len || line.ptr[name.len] != ':' ||
	    !sk_span_eq_nocase((struct sk_span){ line.ptr, name.len }, name))
		return false;
	*value = sk_span_trim((struct sk_span){ line.ptr + name.len + 1, line.len - name.len - 1 });
	return true;
}

/* What stands behind `key` up to `;`, `>` or the end. */
static struct sk_span parameter(struct sk_span value, struct sk_span key)
{
	const char *at = memmem(value.ptr, value.len, key.ptr, key.len);
	struct sk_span found = { NULL, 0 };

	if (!at)
		return found;
	found.ptr = at + key.len;
	while (found.ptr + found.len < value.ptr + value.len &&
	       !strchr(";>?", found.ptr[found.len]))
		found.len++;
	return found;
}

/* The call's number as packet_fill() wrote it. */
static bool read_number(struct sk_span text, size_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t number = 0;

	if (text.len < INDEX_DIGITS)
		return false;
	for (size_t i = 0; i < INDEX_DIGITS; i++) {
		const char *digit = memchr(digits, text.ptr[i], sizeof(digits) - 1);

		if (!digit)
			return false;
		number = number << 4 | (size_t)(digit - digits);
	}
	*out = number;
	return true;
}

/* "RUN-NUMBER..." -> number, in a Call-ID or behind a branch's cookie. */
static bool read_mark(struct sk_span text, const char *run, size_t *out)
{
	size_t len = strlen(run);

	if (text.len <= len || memcmp(text.ptr, run, len) != 0 || text.ptr[len] != '-')
		return false;
	return read_number((struct sk_span){ text.ptr + len + 1, text.len - len - 1 }, out);
}

static bool read_status(struct sk_span line, int *status)
{
	const struct sk_span version = SK_SPAN("SIP/2.0 ");

	if (line.len < version.len + 3 || memcmp(line.ptr, version.ptr, version.len) != 0)
		return false;
	*status = 0;
	for (size_t i = version.len; i < version.len + 3; i++) {
		if (line.ptr[i] < '0' || line.ptr[i] > '9')
			return false;
		*status = *status * 10 + (line.ptr[i] - '0');
	}
	return true;
}

static void read_header(struct sk_span line, struct answer_view *view, struct sk_span *call_id)
{
	struct sk_span value;

	if (is_header(line, SK_SPAN("Via"), &value)) {
		view->branch = parameter(value, SK_SPAN(";branch=z9hG4bK-"));
	} else if (is_header(line, SK_SPAN("To"), &value)) {
		view->to_tag = parameter(value, SK_SPAN(">;tag="));
	} else if (is_header(line, SK_SPAN("Call-ID"), &value)) {
		*call_id = value;
	} else if (is_header(line, SK_SPAN("CSeq"), &value)) {
		view->cseq = value;
	} else if (is_header(line, SK_SPAN("Contact"), &value)) {
		view->contact = value;
	} else if (is_header(line, SK_SPAN("Identity"), &value)) {
		view->identity = value;
		view->identities++;
	}
}

bool answer_read(struct sk_span bytes, const char *run, struct answer_view *out)
{
	struct answer_view view = { 0 };
	struct sk_span line, call_id = { NULL, 0 };
	size_t branch_number;

	if (!cut_line(&bytes, &line) || !read_status(line, &view.status))
		return false;
	while (cut_line(&bytes, &line))
		read_header(line, &view, &call_id);
	if (!read_mark(call_id, run, &view.number) ||
	    !read_mark(view.branch, run, &branch_number) || branch_number != view.number)
		return false;
	*out = view;
	return true;
}

const char *answer_judge(const struct answer_view *a, enum kind kind)
{
	const struct sk_span passed = SK_SPAN(";verstat=TN-Validation-Passed");

	if (a->status != (kind == KIND_OPTIONS ? 200 : 302))
		return "another status";
	if (a->to_tag.len == 0)
		return "no To tag";
	if (!sk_span_eq(a->cseq, kind == KIND_OPTIONS ? SK_SPAN("1 OPTIONS") : SK_SPAN("1 INVITE")))
		return "another CSeq";
	if (kind == KIND_OPTIONS)
		return NULL;
	if (a->contact.len == 0)
		return "no Contact";
	if (kind == KIND_PLAIN)
		return a->identities == 0 ? NULL : "an Identity header";
	if (kind == KIND_SIGN)
		return a->identities == 1 ? NULL : "not one Identity header";
	return memmem(a->contact.ptr, a->contact.len, passed.ptr, passed.len)
		       ? NULL
		       : "the Contact does not say TN-Validation-Passed";
}

bool answer_sheds(const struct answer_view *a, enum kind kind)
{
	static const char mark[] = "verstat=";

	if (a->status == 503)
		return true;
	if (a->status != 302 || a->identities > 0)
		return false;
	return kind == KIND_SIGN || (kind == KIND_VERIFY && !memmem(a->contact.ptr, a->contact.len,
								    mark, sizeof(mark) - 1));
}

static bool checker_load(struct checker *checker, const char *path)
{
	char why[FILE_WHY_SIZE];
	char *text;
	size_t len;
	enum sk_err err;

	if (!file_read(path, FILE_PUBLIC, SK_CERT_FILE_MAX, &text, &len, why)) {
		fprintf(stderr, "blast: %s: %s\n", path, why);
		return false;
	}
	err = sk_chain_new(text, len, &checker->chain);
	file_free(text, len);
	if (err)
		fprintf(stderr, "blast: %s: %s\n", path, sk_err_text(err));
	return !err;
}

bool checker_new(const char *certificate, struct checker **out)
{
	SK_CLEANUP(checker_free_p) struct checker *checker = calloc(1, sizeof(*checker));

	if (!checker || !checker_load(checker, certificate))
		return false;
	*out = sk_steal(checker);
	return true;
}

void checker_free(struct checker *checker)
{
	if (!checker)
		return;
	sk_chain_free(checker->chain);
	free(checker);
}

static bool is_number(const struct sk_party *party, const char *number)
{
	return party->kind == SK_PARTY_TN && strcmp(party->text, number) == 0;
}

/* An Identity that was made for one call and given to all would be cheap, and verify. */
static bool is_of(const struct sk_claims *claims, const struct script *script)
{
	return is_number(&claims->orig, script->orig) && claims->dest_count == 1 &&
	       is_number(&claims->dest[0], script->dest);
}

const char *checker_verify(const struct checker *checker, struct sk_span identity,
			   const struct script *script)
{
	static const struct sk_verify_policy policy = { .max_age = 60, .max_skew = 60 };
	struct sk_passport passport;
	enum sk_err err = sk_verify_token(identity, &policy, &passport);

	if (!err)
		err = sk_verify_shape(&passport);
	if (!err)
		err = sk_verify_signed(&passport, checker->chain, SK_OK);
	if (!err && !is_of(&passport.claims, script))
		return "the Identity is another call's";
	return err ? sk_err_text(err) : NULL;
}
