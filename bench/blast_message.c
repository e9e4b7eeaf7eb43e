/*
 * All messages are printed once, before the first is sent; a call then costs one
 * copy and a few marks, where its number goes as eight hex digits.  The surprise:
 * From and To of a verify call come out of the token, since they must match it.
 */
#include "bench/blast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Stands for the number while a message is printed; no other text has it. */
#define MARK "@@NUMBER"

static const char sdp[] = "v=0\r\n"
			  "o=- 3817213 3817213 IN IP4 192.0.2.17\r\n"
			  "s=-\r\n"
			  "c=IN IP4 192.0.2.17\r\n"
			  "t=0 0\r\n"
			  "m=audio 49170 RTP/AVP 96 9 8 0 18 101\r\n"
			  "a=rtcp:49171 IN IP4 192.0.2.17\r\n"
			  "a=rtpmap:96 opus/48000/2\r\n"
			  "a=fmtp:96 useinbandfec=1; maxaveragebitrate=30000\r\n"
			  "a=rtpmap:18 G729/8000\r\n"
			  "a=fmtp:18 annexb=no\r\n"
			  "a=rtpmap:8 PCMA/8000\r\n"
			  "a=rtpmap:0 PCMU/8000\r\n"
			  "a=rtpmap:9 G722/8000\r\n"
			  "a=rtpmap:101 telephone-event/8000\r\n"
			  "a=fmtp:101 0-15\r\n"
			  "a=ptime:20\r\n"
			  "a=sendrecv\r\n";

/* What the messages of one call share. */
struct subject {
	const char *method, *run, *orig, *dest, *identity, *host, *transport;
	char via[ADDR_TEXT_SIZE];
};

static bool message_marks(struct message *p)
{
	for (char *at = p->text; (at = strstr(at, MARK)); at += INDEX_DIGITS) {
		if (p->mark_count == MARKS_MAX)
			return false;
		p->marks[p->mark_count++] = (uint16_t)(at - p->text);
	}
	return true;
}

/* Takes what was printed; ten thousand messages are not to take ten thousand buffers. */
static bool message_keep(struct message *p, const struct sk_buf *b)
{
	p->text = b->overflow ? NULL : strdup(b->text);
	p->len = b->len;
	return p->text && message_marks(p);
}

static void print_head(struct sk_buf *b, const struct subject *s, const char *method)
{
	sk_buf_printf(b, "%s sip:+%s@%s;user=phone SIP/2.0\r\n", method, s->dest, s->host);
	sk_buf_printf(b, "Via: SIP/2.0/%s %s;branch=z9hG4bK-%s-" MARK ";rport\r\n", s->transport,
		      s->via, s->run);
	sk_buf_puts(b, "Max-Forwards: 70\r\n");
	sk_buf_printf(b, "From: \"Caller\" <sip:+%s@carrier.example;user=phone>;tag=f" MARK "\r\n",
		      s->orig);
	sk_buf_printf(b, "Call-ID: %s-" MARK "@blast.example\r\n", s->run);
}

static bool request_print(struct message *p, const struct subject *s)
{
	bool invite = strcmp(s->method, "INVITE") == 0;
	char text[MESSAGE_SIZE];
	struct sk_buf b;

	sk_buf_init(&b, text, sizeof(text));
	print_head(&b, s, s->method);
	sk_buf_printf(&b, "To: <sip:+%s@carrier.example;user=phone>\r\n", s->dest);
	sk_buf_printf(&b, "CSeq: 1 %s\r\n", s->method);
	sk_buf_printf(&b, "Contact: <sip:+%s@%s>\r\n", s->orig, s->via);
	if (s->identity)
		sk_buf_printf(&b, "Identity: %s\r\n", s->identity);
	sk_buf_puts(&b, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, REFER\r\n"
			"Supported: 100rel, timer, replaces\r\n"
			"Session-Expires: 1800;refresher=uac\r\n"
			"Min-SE: 90\r\n"
			"User-Agent: blast\r\n");
	if (invite)
		sk_buf_puts(&b, "Content-Type: application/sdp\r\n");
	sk_buf_printf(&b, "Content-Length: %zu\r\n\r\n%s", invite ? sizeof(sdp) - 1 : 0,
		      invite ? sdp : "");
	return message_keep(p, &b);
}

/* Ends where the answer's To tag goes; ack_fill() adds the rest.  It has no body: what a stream
 * needs to know stands before. */
static bool ack_print(struct message *p, const struct subject *s)
{
	char text[MESSAGE_SIZE];
	struct sk_buf b;

	sk_buf_init(&b, text, sizeof(text));
	print_head(&b, s, "ACK");
	sk_buf_puts(&b, "CSeq: 1 ACK\r\nContent-Length: 0\r\n");
	sk_buf_printf(&b, "To: <sip:+%s@carrier.example;user=phone>;tag=", s->dest);
	return message_keep(p, &b);
}

size_t message_fill(const struct message *p, size_t number, char out[MESSAGE_SIZE])
{
	char digits[INDEX_DIGITS];

	for (size_t i = 0; i < INDEX_DIGITS; i++)
		digits[i] = "0123456789abcdef"[number >> 4 * (INDEX_DIGITS - 1 - i) & 15];
	memcpy(out, p->text, p->len);
	for (size_t i = 0; i < p->mark_count; i++)
		memcpy(out + p->marks[i], digits, INDEX_DIGITS);
	return p->len;
}

size_t ack_fill(const struct script *script, size_t number, struct sk_span to_tag,
		char out[MESSAGE_SIZE])
{
	static const char end[] = "\r\n\r\n";
	size_t len = message_fill(&script->ack, number, out);

	if (to_tag.len > MESSAGE_SIZE - len - sizeof(end))
		return 0;
	memcpy(out + len, to_tag.ptr, to_tag.len);
	memcpy(out + len + to_tag.len, end, sizeof(end) - 1);
	return len + to_tag.len + sizeof(end) - 1;
}

static bool script_print(struct script *script, const struct subject *s)
{
	snprintf(script->orig, sizeof(script->orig), "%s", s->orig);
	snprintf(script->dest, sizeof(script->dest), "%s", s->dest);
	return request_print(&script->request, s) && ack_print(&script->ack, s);
}

static bool scripts_room(struct scripts *scripts)
{
	struct script *more;

	if (scripts->count & (scripts->count - 1)) /* room doubles at powers of two */
		return true;
	more = realloc(scripts->items, (scripts->count ? 2 * scripts->count : 1) * sizeof(*more));
	if (!more)
		return false;
	scripts->items = more;
	return true;
}

static bool scripts_add(struct scripts *scripts, const struct subject *s)
{
	if (!scripts_room(scripts))
		return false;
	memset(&scripts->items[scripts->count], 0, sizeof(scripts->items[0]));
	return script_print(&scripts->items[scripts->count++], s);
}

/* A call whose numbers are those of the token. */
static bool scripts_add_token(struct scripts *scripts, struct subject s, const char *line)
{
	struct sk_identity identity;
	struct sk_passport passport;

	if (sk_identity_parse(sk_span_of(line), &identity) != SK_OK ||
	    sk_passport_parse(identity.token, &passport) != SK_OK)
		return false;
	if (passport.claims.orig.kind != SK_PARTY_TN || passport.claims.dest[0].kind != SK_PARTY_TN)
		return false;
	s.orig = passport.claims.orig.text;
	s.dest = passport.claims.dest[0].text;
	s.identity = line;
	return scripts_add(scripts, &s);
}

static bool scripts_read(struct scripts *scripts, struct subject s, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[SK_IDENTITY_SIZE];
	bool ok = true;

	if (!file) {
		fprintf(stderr, "blast: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (ok && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		ok = scripts_add_token(scripts, s, line);
	}
	fclose(file);
	if (!ok || scripts->count == 0)
		fprintf(stderr, "blast: %s: line %zu is no Identity value with two numbers\n", path,
			scripts->count + 1);
	return ok && scripts->count > 0;
}

/* Calls of so many callers to as many called numbers, or by so many hosts. */
static bool scripts_number(struct scripts *scripts, struct subject s, const struct wish *wish)
{
	size_t count = wish->hosts > wish->numbers ? wish->hosts : wish->numbers;
	char orig[SK_TN_DIGITS + 1], dest[SK_TN_DIGITS + 1], host[32];

	s.orig = orig;
	s.dest = dest;
	for (size_t i = 0; i < count; i++) {
		snprintf(orig, sizeof(orig), "1215%07zu", (5551000 + i % wish->numbers) % 10000000);
		snprintf(dest, sizeof(dest), "1404%07zu", (5559999 - i) % 10000000);
		if (wish->hosts > 0) {
			snprintf(host, sizeof(host), "t%zu.example", i % wish->hosts);
			s.host = host;
		}
		if (!scripts_add(scripts, &s))
			return false;
	}
	return true;
}

bool scripts_init(struct scripts *scripts, const struct wish *wish)
{
	static const char *const transports[] = { "UDP", "TCP", "TLS" };
	struct subject s = { .method = wish->kind == KIND_OPTIONS ? "OPTIONS" : "INVITE",
			     .run = scripts->run,
			     .host = "proxy.example",
			     .transport = transports[wish->transport] };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(scripts->run, sizeof(scripts->run), "%x%05x", (unsigned)now.tv_nsec & 0xfffffff,
		 (unsigned)getpid() & 0xfffff);
	addr_print(&wish->from, s.via);
	if (wish->identity)
		return scripts_read(scripts, s, wish->identity);
	if (scripts_number(scripts, s, wish))
		return true;
	fputs("blast: out of memory\n", stderr);
	return false;
}

void scripts_deinit(struct scripts *scripts)
{
	for (size_t i = 0; i < scripts->count; i++) {
		free(scripts->items[i].request.text);
		free(scripts->items[i].ack.text);
	}
	free(scripts->items);
	scripts->items = NULL;
	scripts->count = 0;
}
