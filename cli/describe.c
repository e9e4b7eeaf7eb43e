/*
 * A list of numbers may have hundreds of entries: rows show them all, one each,
 * since whoever asks for a certificate wants to see what it is good for.
 */
#include "cli/describe.h"

#include "cli/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *kind_text(enum sk_tnauth_kind kind)
{
	switch (kind) {
	case SK_TNAUTH_SPC:
		return "spc";
	case SK_TNAUTH_RANGE:
		return "range";
	case SK_TNAUTH_ONE:
		break;
	}
	return "one";
}

/* The last number of a range; the parser saw to it that it has as many digits as the first. */
static const char *describe_range(const struct sk_tnauth_entry *entry, char out[DESCRIBE_SIZE])
{
	char *end = NULL;
	uint64_t first = strtoull(entry->text, &end, 10);

	if (*end != '\0') /* with * or #: such a number has no successor to print */
		snprintf(out, DESCRIBE_SIZE, "%" PRIu64 " numbers from %s", entry->count,
			 entry->text);
	else
		snprintf(out, DESCRIBE_SIZE, "%s to %0*" PRIu64, entry->text,
			 (int)(end - entry->text), first + entry->count - 1);
	return out;
}

const char *describe_entry(const struct sk_tnauth_entry *entry, char out[DESCRIBE_SIZE])
{
	if (entry->kind == SK_TNAUTH_RANGE)
		return describe_range(entry, out);

	snprintf(out, DESCRIBE_SIZE, "%s", entry->text);
	return out;
}

static json_t *describe_tnauth(const struct sk_tnauth *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct sk_tnauth_entry *entry = &list->entries[i];
		json_t *object = json_pack("{s:s, s:s}", "kind", kind_text(entry->kind), "text",
					   entry->text);

		if (entry->kind == SK_TNAUTH_RANGE)
			json_object_set_new(object, "count",
					    json_integer((json_int_t)entry->count));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *describe_leaf(const struct sk_leaf *leaf)
{
	const char *spc = leaf->has_tnauth ? sk_tnauth_spc(&leaf->tnauth) : NULL;

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s*, s:o*, s:s, s:b}", "subject",
			 leaf->subject, "issuer", leaf->issuer, "serial", leaf->serial,
			 "not_before", (json_int_t)leaf->not_before, "not_after",
			 (json_int_t)leaf->not_after, "spc", spc, "tnauthlist",
			 leaf->has_tnauth ? describe_tnauth(&leaf->tnauth) : NULL, "extensions",
			 sk_err_name(leaf->extensions), "p256", (int)leaf->key_is_p256);
}

void describe_leaf_rows(const struct sk_leaf *leaf)
{
	char from[OUT_TIME_SIZE], to[OUT_TIME_SIZE], text[DESCRIBE_SIZE];

	out_row_span("certificate", sk_span_of(leaf->subject));
	out_row_span("issued by", sk_span_of(leaf->issuer));
	out_row("serial", "%s", leaf->serial);
	for (size_t i = 0; leaf->has_tnauth && i < leaf->tnauth.count; i++) {
		const struct sk_tnauth_entry *entry = &leaf->tnauth.entries[i];

		out_row(entry->kind == SK_TNAUTH_SPC ? "SPC" : "numbers", "%s",
			describe_entry(entry, text));
	}
	if (!leaf->has_tnauth)
		out_row("TNAuthList", "none that can be read");
	out_row("valid", "%s to %s", out_time(leaf->not_before, from),
		out_time(leaf->not_after, to));
}

json_t *describe_findings(const struct sk_findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->count; i++)
		json_array_append_new(array, json_string(findings->text[i]));
	return array;
}

void describe_findings_rows(const struct sk_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		out_row("finding", "%s", findings->text[i]);
}
