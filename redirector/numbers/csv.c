/*
 * Strict: what is not understood is refused with its reason, never guessed; a number
 * too many in such a list is a signature for a stranger.
 */
#include "redirector/numbers/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char csv_header_text[] = "tenant,list,customer,first,last,attest,credential,from,until\n";

static const char *const column_names[CSV_COLUMNS] = {
	"tenant", "list", "customer", "first", "last", "attest", "credential", "from", "until",
};

struct values {
	char text[CSV_COLUMNS][CSV_LINE_MAX + 1];
};

static bool fail(char why[CSV_WHY_SIZE], const char *what, const char *value)
{
	snprintf(why, CSV_WHY_SIZE, "%s%s%.60s%s", what, value ? ": \"" : "", value ? value : "",
		 value ? "\"" : "");
	return false;
}

bool csv_is_empty(struct sk_span line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == '#')
			return true;
		if (line.ptr[i] != ' ' && line.ptr[i] != '\t' && line.ptr[i] != '\r')
			return false;
	}
	return true;
}

/* Takes one value off the front.  @return false: bad quotes */
static bool take_value(struct sk_span *rest, char *out)
{
	size_t at = 0, len = 0;
	bool quoted = rest->len > 0 && rest->ptr[0] == '"';

	for (at = quoted; at < rest->len; at++) {
		char c = rest->ptr[at];

		if (quoted && c == '"') {
			at++;
			if (at == rest->len || rest->ptr[at] != '"') {
				quoted = false;
				break;
			}
		} else if (!quoted && c == ',') {
			break;
		} else if (!quoted && c == '"') {
			return false;
		}
		out[len++] = c;
	}
	out[len] = '\0';
	if (quoted || (at < rest->len && rest->ptr[at] != ','))
		return false;
	*rest = (struct sk_span){ rest->ptr + at, rest->len - at };
	return true;
}

/* Calls for each value in turn; `columns` says which it is, NULL: the header itself. */
static bool take_all(struct sk_span line, const struct csv_header *header, struct values *out,
		     size_t *count, char why[CSV_WHY_SIZE])
{
	char value[CSV_LINE_MAX + 1];

	*count = 0;
	while (line.len > 0 && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
		line.len--;
	for (;;) {
		size_t at = *count;

		if (!take_value(&line, value))
			return fail(why, "quotes within a value or not closed", NULL);
		if (at >= (header ? header->count : CSV_COLUMNS))
			return fail(why, "more values than columns", NULL);
		memcpy(out->text[header ? header->columns[at] : at], value, strlen(value) + 1);
		++*count;
		if (line.len == 0)
			return true;
		line = (struct sk_span){ line.ptr + 1, line.len - 1 };
	}
}

bool csv_header_read(struct sk_span line, const char *tenant, struct csv_header *out,
		     char why[CSV_WHY_SIZE])
{
	static const char bom[] = "\xef\xbb\xbf";
	bool seen[CSV_COLUMNS] = { false };
	static _Thread_local struct values values;
	size_t count;

	if (line.len > CSV_LINE_MAX)
		return fail(why, "longer than 1024 bytes", NULL);
	if (line.len >= 3 && memcmp(line.ptr, bom, 3) == 0)
		line = (struct sk_span){ line.ptr + 3, line.len - 3 };
	if (!take_all(line, NULL, &values, &count, why))
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;

		while (k < CSV_COLUMNS && strcmp(values.text[i], column_names[k]) != 0)
			k++;
		if (k == CSV_COLUMNS)
			return fail(
				why,
				"the first line names the columns (tenant, list, customer, first, "
				"last, attest, credential, from, until), not",
				values.text[i]);
		if (seen[k])
			return fail(why, "twice in the header", values.text[i]);
		seen[k] = true;
		out->columns[i] = (enum csv_column)k;
	}
	out->count = count;
	if (!seen[CSV_FIRST])
		return fail(why, "no column `first`", NULL);
	if (!seen[CSV_TENANT] && !tenant)
		return fail(why, "no column `tenant`, and no --tenant", NULL);
	return true;
}

static bool read_name(const char *text, const char *what, char out[NUMBERS_NAME_SIZE],
		      char why[CSV_WHY_SIZE])
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return fail(why, "a control character", NULL);
	if (len >= NUMBERS_NAME_SIZE)
		return fail(why, what, text);
	memcpy(out, text, len + 1);
	return true;
}

/* As the configuration names tenants: what nobody is called nobody would ever ask for. */
bool csv_is_tenant(const char *name)
{
	static const char letters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
	size_t len = strlen(name);

	return strcmp(name, "*") == 0 ||
	       (len > 0 && len < NUMBERS_NAME_SIZE && strspn(name, letters) == len);
}

static bool read_list(const char *text, enum list_kind *out, char why[CSV_WHY_SIZE])
{
	*out = LIST_NUMBERS;
	if (text[0] == '\0')
		return true;
	for (int i = 0; i < LIST_KINDS; i++) {
		if (strcmp(text, list_name((enum list_kind)i)) == 0) {
			*out = (enum list_kind)i;
			return true;
		}
	}
	return fail(why, "list is number, do-not-originate, block or allow, not", text);
}

static bool read_range(const struct values *v, struct csv_entry *out, char why[CSV_WHY_SIZE])
{
	const char *first = v->text[CSV_FIRST], *last = v->text[CSV_LAST];

	first += first[0] == '+';
	last += last[0] == '+';
	if (last[0] == '\0')
		last = first;
	if (!number_read(sk_span_of(first), &out->first))
		return fail(why, "first is no number of 1 to 15 digits", v->text[CSV_FIRST]);
	/* E.164 knows no country code that begins so: it is a number as it is dialled at home */
	if (first[0] == '0')
		return fail(why, "first begins with 0: it needs its country code",
			    v->text[CSV_FIRST]);
	if (!number_read(sk_span_of(last), &out->last) || strlen(first) != strlen(last))
		return fail(why, "last is no number of as many digits as first", v->text[CSV_LAST]);
	if (out->last < out->first)
		return fail(why, "last is less than first", v->text[CSV_LAST]);
	if (out->last - out->first >= RANGE_MAX)
		return fail(why, "more than 10,000,000 numbers in one range: say it by policy",
			    NULL);
	out->digits = (uint8_t)strlen(first);
	return true;
}

/* Digits at their places; anything else is none. */
static bool read_date(const char *text, const char *what, bool end, int64_t *out,
		      char why[CSV_WHY_SIZE])
{
	struct tm tm = { 0 }, back;
	time_t when;
	const char *rest;

	*out = 0;
	if (text[0] == '\0')
		return true;
	rest = strptime(text, "%Y-%m-%d", &tm);
	if (rest && *rest == 'T')
		rest = strptime(rest, "T%H:%M:%SZ", &tm);
	else if (rest && end)
		tm.tm_mday++; /* the day counts to its end */
	when = timegm(&tm);
	if (!rest || *rest || (strlen(text) != 10 && strlen(text) != 20) || when <= 0 ||
	    !gmtime_r(&when, &back))
		return fail(why, what, text);
	if (!end && (back.tm_mday != atoi(text + 8) || back.tm_mon + 1 != atoi(text + 5)))
		return fail(why, what, text);
	*out = when;
	return true;
}

static bool read_attest(const char *text, enum list_kind list, char *out, char why[CSV_WHY_SIZE])
{
	*out = '-';
	if (list != LIST_NUMBERS)
		return text[0] == '\0' || fail(why, "attest is for list `number` only", text);
	*out = text[0] ? text[0] : 'A';
	if (*out < 'A' || *out > 'C' || (text[0] && text[1]))
		return fail(why, "attest is A, B or C, not", text);
	return true;
}

static bool read_tenant(const char *text, const char *fixed, struct csv_entry *out,
			char why[CSV_WHY_SIZE])
{
	const char *name = fixed ? fixed : text;

	if (fixed && text[0] && strcmp(text, fixed) != 0)
		return fail(why, "not the tenant of --tenant", text);
	if (name[0] == '\0')
		return fail(why, "no tenant", NULL);
	if (!csv_is_tenant(name))
		return fail(why, "tenant is 1 to 64 of A-Z a-z 0-9 . _ - (or *), not", name);
	memcpy(out->tenant, name, strlen(name) + 1);
	if (strcmp(out->tenant, "*") == 0 && out->list != LIST_DO_NOT_ORIGINATE)
		return fail(why, "tenant * (all) is for list do-not-originate only", NULL);
	return true;
}

bool csv_entry_read(const struct csv_header *header, struct sk_span line, const char *tenant,
		    struct csv_entry *out, char why[CSV_WHY_SIZE])
{
	static _Thread_local struct values v;
	size_t count;

	if (line.len > CSV_LINE_MAX)
		return fail(why, "longer than 1024 bytes", NULL);
	for (size_t i = 0; i < CSV_COLUMNS; i++)
		v.text[i][0] = '\0';
	memset(out, 0, sizeof(*out));
	if (!take_all(line, header, &v, &count, why))
		return false;
	if (count != header->count)
		return fail(why, "fewer values than columns", NULL);
	if (!read_list(v.text[CSV_LIST], &out->list, why) ||
	    !read_tenant(v.text[CSV_TENANT], tenant, out, why) || !read_range(&v, out, why) ||
	    !read_name(v.text[CSV_CUSTOMER], "customer is longer than 64 bytes", out->rule.customer,
		       why) ||
	    !read_name(v.text[CSV_CREDENTIAL], "credential is longer than 64 bytes",
		       out->rule.credential, why) ||
	    !read_attest(v.text[CSV_ATTEST], out->list, &out->rule.attest, why) ||
	    !read_date(v.text[CSV_FROM], "from is no date (YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ)",
		       false, &out->rule.from, why) ||
	    !read_date(v.text[CSV_UNTIL], "until is no date (YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ)",
		       true, &out->rule.until, why))
		return false;
	if (out->rule.until && out->rule.until <= out->rule.from)
		return fail(why, "until is not after from", v.text[CSV_UNTIL]);
	return true;
}

/* A name in quotes where it needs them; quotes in it double. */
static size_t print_name(const char *name, char *out)
{
	size_t len = 0;

	if (!strpbrk(name, ",\"#") && name[0] != ' ')
		return (size_t)sprintf(out, "%s,", name);
	out[len++] = '"';
	for (; *name; name++) {
		if (*name == '"')
			out[len++] = '"';
		out[len++] = *name;
	}
	out[len++] = '"';
	out[len++] = ',';
	out[len] = '\0';
	return len;
}

static size_t print_date(int64_t seconds, char *out)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	out[0] = '\0';
	if (seconds == 0 || !gmtime_r(&when, &tm))
		return 0;
	return strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void csv_entry_print(const struct csv_entry *e, char out[CSV_TEXT_SIZE])
{
	size_t len = print_name(e->tenant, out);

	len += (size_t)sprintf(out + len, "%s,", list_name(e->list));
	len += print_name(e->rule.customer, out + len);
	len += (size_t)sprintf(out + len, "%0*" PRIu64 ",", e->digits, e->first);
	if (e->last != e->first)
		len += (size_t)sprintf(out + len, "%0*" PRIu64, e->digits, e->last);
	out[len++] = ',';
	if (e->rule.attest != '-')
		out[len++] = e->rule.attest;
	out[len++] = ',';
	len += print_name(e->rule.credential, out + len);
	len += print_date(e->rule.from, out + len);
	out[len++] = ',';
	len += print_date(e->rule.until, out + len);
	out[len++] = '\n';
	out[len] = '\0';
}
