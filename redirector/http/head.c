/*
 * Each piece must begin where the one before it leads: so many separators, and no byte else.  A
 * field: name, ":" (NUL now), white space, value, and two bytes of a line's end.
 */
#include "redirector/http/head.h"

#include <microhttpd.h>

enum {
	LINE_END = 2, /* CR LF; a bare one of them is 1 */
};

struct walk {
	struct head *head;
	const char *at; /* behind the last piece and its end of line; NULL: lost */
};

static bool is_blank(const char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != ' ' && *from != '\t')
			return false;
	return true;
}

static struct sk_span without_blanks_behind(struct sk_span s)
{
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static enum MHD_Result on_field(void *arg, enum MHD_ValueKind kind, const char *name,
				size_t name_len, const char *value, size_t value_len)
{
	struct walk *w = arg;
	struct head *head = w->head;

	(void)kind;
	if (head->count == HEAD_FIELDS_MAX) {
		head->too_many = true;
		return MHD_NO;
	}
	if (!value || name != w->at || value < name + name_len + 1 ||
	    !is_blank(name + name_len + 1, value)) {
		head->crooked = true;
		return MHD_NO;
	}
	head->fields[head->count++] = (struct head_field){
		.name = { name, name_len },
		.value = without_blanks_behind((struct sk_span){ value, value_len }),
	};
	w->at = value + value_len + LINE_END;
	return MHD_YES;
}

void head_read(struct MHD_Connection *mhd, const char *begin, struct sk_span target,
	       const char *version, struct head *out)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct walk w = { .head = out };

	out->method = sk_span_of(begin);
	out->target = target;
	out->version = sk_span_of(version);
	out->count = 0;
	out->too_many = false;
	out->size = info ? info->header_size : 0;
	/* "GET" " " "/path" " " "HTTP/1.1" */
	out->crooked = !info || version != begin + out->method.len + 1 + target.len + 1;
	if (out->crooked)
		return;
	w.at = version + out->version.len + LINE_END;
	MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, on_field, &w);
	if (!out->crooked && !out->too_many)
		out->crooked = w.at + LINE_END != begin + info->header_size;
}

struct sk_span head_find(const struct head *head, const char *name, size_t *count)
{
	struct sk_span wanted = sk_span_of(name), found = { NULL, 0 };

	*count = 0;
	for (size_t i = 0; i < head->count; i++) {
		if (!sk_span_eq_nocase(head->fields[i].name, wanted))
			continue;
		if ((*count)++ == 0)
			found = head->fields[i].value;
	}
	return found;
}
