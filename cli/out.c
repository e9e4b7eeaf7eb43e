/*
 * Names and texts of outcomes come from the table in shaken/err.h, so that the
 * command says what the daemon's log says.
 */
#include "cli/out.h"

#include "shaken/date.h"
#include "shaken/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int out_status(enum sk_err err)
{
	if (err == SK_OK)
		return CLI_YES;

	return sk_err_class(err) == SK_CLASS_OURS ? CLI_OURS : CLI_NO;
}

void out_row(const char *name, const char *fmt, ...)
{
	va_list ap;

	printf("%-12s ", name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

const char *out_safe(struct sk_span text, char out[OUT_TEXT_SIZE])
{
	size_t used = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (used + sizeof("\\xff...") > OUT_TEXT_SIZE) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (c >= 0x20 && c < 0x7f)
			out[used++] = (char)c;
		else
			used += (size_t)sprintf(out + used, "\\x%02x", c);
	}
	out[used] = '\0';
	return out;
}

void out_row_span(const char *name, struct sk_span text)
{
	char safe[OUT_TEXT_SIZE];

	out_row(name, "%s", out_safe(text, safe));
}

const char *out_time(int64_t seconds, char out[OUT_TIME_SIZE])
{
	if (!sk_date_print(seconds, out))
		snprintf(out, OUT_TIME_SIZE, "%" PRId64, seconds);

	return out;
}

json_t *out_json_text(struct sk_span text)
{
	json_t *json = json_stringn(text.ptr ? text.ptr : "", text.len);
	char safe[OUT_TEXT_SIZE];

	return json ? json : json_string(out_safe(text, safe));
}

json_t *out_json_outcome(enum sk_err err)
{
	return out_json_row(sk_outcome(err));
}

json_t *out_json_row(const struct sk_outcome *row)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:i}", "outcome", row->name, "text",
			 row->text, "class", sk_class_name(row->blame), "code", (int)row->code,
			 "phrase", row->phrase, "verstat", sk_verstat_text(row->verstat),
			 "atis_case", (int)row->atis_case);
}

int out_json(json_t *object, int status)
{
	size_t flags = JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII;
	bool printed = object && json_dumpf(object, stdout, flags) == 0;

	json_decref(object);
	if (!printed) {
		fprintf(stderr, "shaken: the answer can not be printed as JSON\n");
		return CLI_OURS;
	}
	putchar('\n');
	return status;
}

void out_pretty(const json_t *value, int indent)
{
	char *text = sk_json_text(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII |
						 JSON_ENCODE_ANY);
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")))
		printf("%*s%s\n", indent, "", line);
	free(text);
}

int out_refusal(const struct command *command, enum sk_err err)
{
	fprintf(stderr, "shaken %s: %s: %s\n", command->name, sk_err_name(err), sk_err_text(err));
	return out_status(err);
}

int out_fault(const struct command *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "shaken %s: ", command->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLI_OURS;
}
