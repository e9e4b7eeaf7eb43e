/*
 * A stranger's name in our words: it is cut between characters and never asked to hold
 * anything but text.
 */
#include "redirector/call/alert.h"

#include "redirector/call/name.h"

enum {
	NAME_SIZE = 4096, /* longest name that is read; a longer one is nothing */
};

/* A careless reader could take it for a verdict (TS 24.229, 7.2A.20). */
static bool says_verstat(const char *name)
{
	return strcasestr(name, "verstat") != NULL;
}

/* Whole characters only, ALERT_NAME_MAX bytes at most. */
static void print_name(struct sk_span caller, struct sk_buf *out)
{
	char name[NAME_SIZE];
	struct sk_span rest;
	size_t len, left = ALERT_NAME_MAX;

	if (!name_read(caller, name, sizeof(name)) || says_verstat(name))
		return;
	rest = sk_span_of(name);
	while (rest.len > 0 && (len = name_char(rest)) > 0 && len <= left) {
		sk_buf_put(out, (struct sk_span){ rest.ptr, len });
		rest = (struct sk_span){ rest.ptr + len, rest.len - len };
		left -= len;
	}
}

static void cut_spaces(struct sk_buf *out, size_t start)
{
	while (out->len > start && out->text[out->len - 1] == ' ')
		out->text[--out->len] = '\0';
}

void alert_print(const char *text, struct sk_span caller, struct sk_buf *out)
{
	struct sk_span rest = sk_span_of(text);
	size_t start = out->len, step;

	while (rest.len > 0) {
		step = name_char(rest);
		if (rest.len >= 6 && memcmp(rest.ptr, "{name}", 6) == 0) {
			print_name(caller, out);
			step = 6;
		} else if (step > 0) {
			sk_buf_put(out, (struct sk_span){ rest.ptr, step });
		}
		step += step == 0;
		rest = (struct sk_span){ rest.ptr + step, rest.len - step };
	}
	cut_spaces(out, start);
}
