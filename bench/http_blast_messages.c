/*
 * The bytes of a request are made before the clock runs, and nothing of an answer is taken on
 * trust: an answer without its length, or with another status, is a wrong one.
 */
#include "bench/http_blast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t print_request(const struct http_wish *wish, const char *body, char *out, size_t room)
{
	char host[ADDR_TEXT_SIZE];
	size_t len;

	addr_print(&wish->to, host);
	len = (size_t)snprintf(out, room, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n",
			       wish->path, host, strlen(body));
	for (size_t i = 0; i < wish->line_count; i++)
		len += (size_t)snprintf(out ? out + len : NULL, room > len ? room - len : 0,
					"%s\r\n", wish->lines[i]);
	len += (size_t)snprintf(out ? out + len : NULL, room > len ? room - len : 0, "\r\n%s",
				body);
	return len;
}

static bool add(struct http_requests *r, const struct http_wish *wish, const char *body)
{
	size_t begin = r->count > 0 ? r->ends[r->count - 1] : 0;
	size_t len = print_request(wish, body, NULL, 0);
	char *text = realloc(r->text, begin + len + 1);
	size_t *ends;

	if (!text)
		return false;
	r->text = text;
	ends = realloc(r->ends, (r->count + 1) * sizeof(*ends));
	if (!ends)
		return false;
	r->ends = ends;
	print_request(wish, body, text + begin, len + 1);
	r->ends[r->count++] = begin + len;
	return true;
}

bool http_requests_init(struct http_requests *r, const struct http_wish *wish)
{
	FILE *file = fopen(wish->bodies, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	bool ok = file != NULL;

	*r = (struct http_requests){ .text = NULL };
	while (ok && r->count < BODIES_MAX && (len = getline(&line, &size, file)) >= 0) {
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		ok = add(r, wish, line);
	}
	free(line);
	if (file)
		fclose(file);
	if (ok && r->count > 0)
		return true;
	fprintf(stderr, "%s: no bodies\n", wish->bodies);
	http_requests_deinit(r);
	return false;
}

void http_requests_deinit(struct http_requests *r)
{
	free(r->text);
	free(r->ends);
	*r = (struct http_requests){ .text = NULL };
}

/* The value of Content-Length; -1: there is none, or no number. */
static long content_length(const char *head)
{
	const char *at = head;

	while ((at = strstr(at, "\r\n")) != NULL) {
		at += 2;
		if (strncasecmp(at, "Content-Length:", 15) == 0) {
			char *end;
			long n = strtol(at + 15, &end, 10);

			return end > at + 15 && *end == '\r' && n >= 0 ? n : -1;
		}
	}
	return -1;
}

static bool is_wanted(const struct http_wish *wish, const char *head, const char *body)
{
	if (strncmp(head, "HTTP/1.1 ", 9) != 0 || strtoul(head + 9, NULL, 10) != wish->status)
		return false;
	for (size_t i = 0; i < wish->want_count; i++)
		if (!strstr(body, wish->wants[i]))
			return false;
	return true;
}

enum http_answer http_answer_read(const struct http_wish *wish, char *text, size_t len,
				  size_t *used)
{
	char *end, kept;
	size_t head;
	long body;
	bool good;

	text[len] = '\0';
	end = strstr(text, "\r\n\r\n");
	if (!end)
		return strlen(text) < len || len >= HTTP_ANSWER_MAX ? HTTP_NOISE : HTTP_PART;
	head = (size_t)(end - text) + 4;
	end[2] = '\0'; /* the last line of the head keeps its end, the body is another text */
	body = content_length(text);
	end[2] = '\r';
	if (body < 0 || (size_t)body > HTTP_ANSWER_MAX - head)
		return HTTP_NOISE;
	*used = head + (size_t)body;
	if (len < *used)
		return HTTP_PART;
	kept = text[*used];
	text[*used] = '\0';
	good = is_wanted(wish, text, text + head);
	text[*used] = kept;
	return good ? HTTP_RIGHT : HTTP_WRONG;
}
