/*
 * Each field is a name and a text or a number; the two formats differ only in
 * what stands around them.
 */
#include "redirector/call/record.h"

#include <stdio.h>

enum {
	TEXT_MAX = 160, /* most bytes that one text takes in the line; a URL may be longer */
	SHOWN = 4,      /* leading digits of a masked number            */
};

struct line {
	struct sk_buf *out;
	bool json;
	bool first;
};

static void begin_field(struct line *l, const char *name)
{
	if (!l->first)
		sk_buf_putc(l->out, l->json ? ',' : ' ');
	l->first = false;
	sk_buf_printf(l->out, l->json ? "\"%s\":" : "%s=", name);
}

/* Quoted; what could end the quotes or the line, and all beyond ASCII, is escaped.  Cut by what is
 * printed: a text full of escapes must not push the others out of the line. */
static void put_quoted(struct line *l, struct sk_span s, size_t max)
{
	size_t most = l->out->len + max;

	sk_buf_putc(l->out, '"');
	for (size_t i = 0; i < s.len && l->out->len < most; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '"' || c == '\\')
			sk_buf_printf(l->out, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			sk_buf_printf(l->out, "\\u%04x", c);
		else
			sk_buf_putc(l->out, (char)c);
	}
	sk_buf_putc(l->out, '"');
}

static bool is_bare(struct sk_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return s.len > 0;
}

static void put_cut(struct line *l, const char *name, struct sk_span value, size_t max)
{
	if (value.len > max)
		value.len = max;
	begin_field(l, name);
	if (l->json || !is_bare(value))
		put_quoted(l, value, max);
	else
		sk_buf_put(l->out, value);
}

static void put_text(struct line *l, const char *name, struct sk_span value)
{
	put_cut(l, name, value, TEXT_MAX);
}

static void put_word(struct line *l, const char *name, const char *value)
{
	if (value[0])
		put_text(l, name, sk_span_of(value));
}

static void put_number(struct line *l, const char *name, int64_t value)
{
	begin_field(l, name);
	sk_buf_printf(l->out, "%lld", (long long)value);
}

/* Telephone numbers are personal data: all of it only where configured. */
static void put_party(struct line *l, const char *name, const struct sk_party *party, bool masked)
{
	char text[SK_PARTY_SIZE];
	size_t len = strlen(party->text);

	if (party->kind == SK_PARTY_NONE)
		return;
	memcpy(text, party->text, len + 1);
	for (size_t i = SHOWN; masked && i < len; i++)
		text[i] = 'x';
	put_text(l, name, (struct sk_span){ text, len });
}

static const char *cert_from(enum certs_from from)
{
	static const char *const names[] = { "", "map", "memory", "store", "fetch" };

	return names[from];
}

static void put_claims(struct line *l, const struct call *c)
{
	bool masked = c->tenant->conf->log.numbers == NUMBERS_MASKED;
	char attest[2] = { sk_attest_letter(c->claims.attest), '\0' };

	put_party(l, "orig", &c->claims.orig, masked);
	put_party(l, "dest", &c->claims.dest[0], masked);
	if (attest[0] != '-') /* a div token has none */
		put_word(l, "attest", attest);
	put_word(l, "origid", c->claims.origid);
	put_number(l, "iat", c->claims.iat);
}

/* Where there are several Identity values: what became of each, in their order. */
static void put_judged(struct line *l, const struct call *c)
{
	char mem[TEXT_MAX * 2];
	struct sk_buf all;

	if (c->facts.identity_count < 2)
		return;
	put_number(l, "identities", (int64_t)c->facts.identity_count);
	sk_buf_init(&all, mem, sizeof(mem));
	for (size_t i = 0; i < c->judged_count; i++) {
		const struct judgement *j = &c->judged[i];

		sk_buf_printf(&all, "%s%s:%s", i > 0 ? "," : "", sk_ppt_text(j->as),
			      j->as == SK_PPT_OTHER ? "-" : sk_err_name(j->err));
	}
	if (all.len > 0)
		put_cut(l, "judged", (struct sk_span){ mem, all.len }, sizeof(mem));
}

/* What there is besides the calling number. */
static void put_beside(struct line *l, const struct call *c)
{
	char mem[TEXT_MAX];
	struct sk_buf extras;

	if (c->rph.judged)
		put_word(l, "rph", sk_err_name(c->rph.err));
	if (c->rcd.judged)
		put_word(l, "rcd", sk_err_name(c->rcd.err));
	if (c->replayed)
		put_word(l, "replay", "yes");
	sk_buf_init(&extras, mem, sizeof(mem));
	for (size_t i = 0; i < c->extra_count; i++)
		sk_buf_printf(&extras, "%s%s", i > 0 ? "," : "", sk_ppt_text(c->extras[i].ppt));
	put_word(l, "extras", mem);
	if (c->extra_err)
		put_word(l, "extra-result", sk_err_name(c->extra_err));
}

void record_print(const struct call *c, const struct answer *a, int64_t us, struct sk_buf *out)
{
	struct line l = { .out = out,
			  .json = c->tenant->conf->log.format == FORMAT_JSON,
			  .first = true };
	char date[SK_DATE_SIZE], source[ADDR_TEXT_SIZE];

	if (!sk_date_print(c->facts.now, date))
		date[0] = '\0';
	addr_print(&c->facts.source, source);
	if (l.json)
		sk_buf_putc(out, '{');
	put_word(&l, "event", "call");
	put_word(&l, "time", date);
	put_text(&l, "id", c->facts.call_id);
	put_text(&l, "cseq", c->facts.cseq);
	put_word(&l, "source", source);
	put_word(&l, "transport", c->facts.transport);
	put_word(&l, "tenant", c->tenant->set->name);
	put_word(&l, "task", policy_task_name(c->task));
	put_word(&l, "result", sk_err_name(c->err));
	put_number(&l, "status", (int64_t)a->status);
	put_word(&l, "verstat", a->verstat);
	if (c->has_claims)
		put_claims(&l, c);
	if (c->x5u[0])
		put_cut(&l, "x5u", sk_span_of(c->x5u), SK_URL_MAX);
	put_word(&l, "cert", cert_from(c->cert_from));
	put_judged(&l, c);
	put_beside(&l, c);
	put_number(&l, "waited", c->waited);
	put_number(&l, "repeat", c->facts.repeat);
	put_number(&l, "us", us);
	sk_buf_puts(out, l.json ? "}\n" : "\n");
}
