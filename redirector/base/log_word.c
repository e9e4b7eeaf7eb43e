#include "redirector/base/log_word.h"

#include <stdbool.h>
#include <stdio.h>

static bool is_bare(const char *text)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return text[0] != '\0';
}

const char *log_word(const char *text, char out[LOG_WORD_SIZE])
{
	char *to = out;

	if (is_bare(text)) {
		snprintf(out, LOG_WORD_MAX + 1, "%s", text);
		return out;
	}
	*to++ = '"';
	for (int i = 0; i < LOG_WORD_MAX && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c >= 0x7f) {
			to += snprintf(to, 7, "\\u%04x", c);
			continue;
		}
		if (c == '"' || c == '\\')
			*to++ = '\\';
		*to++ = (char)c;
	}
	*to++ = '"';
	*to = '\0';
	return out;
}
