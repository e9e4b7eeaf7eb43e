/*
 * User id and password for a token (ATIS-1000084): a file of two lines that only
 * its owner can read, made into the JSON that the STI-PA wants.  What is secret is
 * wiped before it is freed.
 */
#include "redirector/base/file.h"
#include "redirector/certs/lists_state.h"
#include "shaken/buf.h"
#include "shaken/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool complain(char why[TRUST_FILES_WHY_SIZE], const char *path, const char *reason)
{
	snprintf(why, TRUST_FILES_WHY_SIZE, "trust.ca-list-login: %.130s: %.80s", path, reason);
	return false;
}

/* RFC 8259, section 7 */
static void put_string(struct sk_buf *out, struct sk_span text)
{
	sk_buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.ptr[i];

		if (c == '"' || c == '\\')
			sk_buf_putc(out, '\\');
		if (c < 0x20)
			sk_buf_printf(out, "\\u%04x", c);
		else
			sk_buf_putc(out, text.ptr[i]);
	}
	sk_buf_putc(out, '"');
}

/* The next line without its end; what is left is in `rest` */
static struct sk_span take_line(struct sk_span *rest)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
	struct sk_span line = { rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len };
	const size_t step = line.len + (end != NULL);

	*rest = (struct sk_span){ rest->ptr + step, rest->len - step };
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* @return The JSON; its size is that of `LISTS_LOGIN_MAX` with every byte escaped */
static char *print_login(struct sk_span user, struct sk_span password, size_t *len)
{
	const size_t size = 6 * LISTS_LOGIN_MAX + 64;
	char *text = calloc(1, size);
	struct sk_buf out;

	if (!text)
		return NULL;

	sk_buf_init(&out, text, size);
	sk_buf_puts(&out, "{\"userId\":");
	put_string(&out, user);
	sk_buf_puts(&out, ",\"password\":");
	put_string(&out, password);
	sk_buf_putc(&out, '}');
	*len = out.len;
	return text;
}

bool ca_login_read(struct ca_feed *ca, const struct trust_conf *conf,
		   char why[TRUST_FILES_WHY_SIZE])
{
	const char *url = conf->ca_list_login_url ? conf->ca_list_login_url : "";
	const char *path = conf->ca_list_login ? conf->ca_list_login : "";
	char reason[FILE_WHY_SIZE], *text = NULL;
	struct sk_span rest, user, password;
	size_t len = 0;

	if (url[0] == '\0' && path[0] == '\0')
		return true;
	if (url[0] == '\0' || path[0] == '\0') {
		snprintf(why, TRUST_FILES_WHY_SIZE,
			 "trust.ca-list-login and trust.ca-list-login-url: one needs the other");
		return false;
	}
	if (!file_read(path, FILE_SECRET, LISTS_LOGIN_MAX, &text, &len, reason))
		return complain(why, path, reason);

	rest = (struct sk_span){ text, len };
	user = take_line(&rest);
	password = take_line(&rest);
	if (user.len > 0 && password.len > 0 && rest.len == 0)
		ca->login = print_login(user, password, &ca->login_len);
	file_free(text, len);
	ca->login_url = strdup(url);
	if (!ca->login || !ca->login_url)
		return complain(why, path, "not two lines, user id and password");

	return true;
}

/* It goes into a header line (RFC 6750, 2.1), and came from outside */
static bool is_token(struct sk_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
			return false;

	return text.len > 0 && text.len <= LISTS_TOKEN_MAX;
}

bool ca_login_token(struct ca_feed *ca, struct sk_span answer)
{
	json_auto_t *json = NULL;
	struct sk_span token;

	ca_login_forget(ca);
	if (sk_json_parse(answer, &json) || !sk_json_string(json, "accessToken", &token) ||
	    !is_token(token))
		return false;

	ca->token = strndup(token.ptr, token.len);
	return ca->token != NULL;
}

void ca_login_forget(struct ca_feed *ca)
{
	if (ca->token)
		explicit_bzero(ca->token, strlen(ca->token));
	free(ca->token);
	ca->token = NULL;
}
