/*
 * Each field is a name and a text or a number; the two formats differ only in
 * what stands around them.  A field that has nothing to say is not there.
 */
#include "redirector/call/record.h"

#include "redirector/call/asked.h"
#include "redirector/call/attest.h"

#include <stdio.h>

enum {
	TEXT_MAX = 160, /* most bytes that one text takes in the line; a URL may be longer */
	SHOWN = 4,      /* leading digits of a masked number            */
	HASHED = 8,     /* bytes of a hashed one                        */
};

struct line {
	struct sk_buf *out;
	struct sk_mac *mac;
	enum conf_numbers numbers;
	bool json;
	bool first;
};

static void begin_field(struct line *l, const char *name)
{
	if (!l->first)
		sk_buf_putc(l->out, l->json ? ',' : ' ');
	l->first = false;
	if (l->json)
		sk_buf_putc(l->out, '"');
	sk_buf_puts(l->out, name);
	sk_buf_puts(l->out, l->json ? "\":" : "=");
}

/* Characters that need no escape, each in its own place; the blank is one, too. */
static const char plain_chars[256] = "                                "
				     " ! #$%&'()*+,-./0123456789:;<=>?"
				     "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[ ]^_"
				     "`abcdefghijklmnopqrstuvwxyz{|}~ ";

static size_t plain_len(struct sk_span s)
{
	size_t n = 0;

	while (n < s.len && (s.ptr[n] == ' ' || plain_chars[(unsigned char)s.ptr[n]] > ' '))
		n++;
	return n;
}

/* Quoted; what could end the quotes or the line, and all beyond ASCII, is escaped.  Cut by what is
 * printed: a text full of escapes must not push the others out of the line. */
static void put_quoted(struct line *l, struct sk_span s, size_t max)
{
	size_t most = l->out->len + max, plain = plain_len(s);

	sk_buf_putc(l->out, '"');
	/* the quote counts, so a text that long could lose its last character below */
	if (plain >= max)
		plain = 0;
	sk_buf_put(l->out, (struct sk_span){ s.ptr, plain });
	for (size_t i = plain; i < s.len && l->out->len < most; i++) {
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
	sk_buf_put_number(l->out, value);
}

/* The same number gives the same text wherever sip.tag-key is the same, and no way back. */
static bool hash_number(struct sk_mac *mac, const char *number, char out[SK_PARTY_SIZE])
{
	const struct sk_span parts[] = { SK_SPAN("number in a record"), sk_span_of(number) };
	uint8_t hash[SK_MAC_LEN];

	if (!mac || sk_mac_hash(mac, parts, SK_COUNT(parts), hash))
		return false;
	for (size_t i = 0; i < HASHED; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return true;
}

/* Telephone numbers are personal data: all of it only where configured. */
static void put_party(struct line *l, const char *name, const struct sk_party *party)
{
	char text[SK_PARTY_SIZE];
	size_t len = strlen(party->text);

	if (party->kind == SK_PARTY_NONE)
		return;
	memcpy(text, party->text, len + 1);
	if (l->numbers != NUMBERS_HASHED || !hash_number(l->mac, party->text, text))
		for (size_t i = SHOWN; l->numbers != NUMBERS_FULL && i < len; i++)
			text[i] = 'x';
	put_text(l, name, sk_span_of(text));
}

static const char *cert_from(enum certs_from from)
{
	static const char *const names[] = { "", "map", "memory", "store", "fetch" };

	return names[from];
}

/* Of the claims, or else as the request says them; iat, which all claims have, tells which. */
static void put_parties(struct line *l, const struct call *c)
{
	static const struct sk_party nobody = { .kind = SK_PARTY_NONE };
	const struct sk_party *orig = &nobody, *dest = &nobody;
	struct sk_call_parties asked;

	if (c->has_claims) {
		orig = &c->claims.orig;
		dest = &c->claims.dest[0];
	} else if (!attest_parties(c, &asked)) {
		orig = c->caller < asked.caller_count ? &asked.callers[c->caller] : &nobody;
		dest = &asked.called;
	}
	put_party(l, "orig", orig);
	put_party(l, "dest", dest);
}

static void put_claims(struct line *l, const struct call *c)
{
	char attest[2] = { sk_attest_letter(c->claims.attest), '\0' };

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

bool record_billable(const struct call *c)
{
	if (c->facts.repeat || c->dummy || c->over_limit || sk_err_class(c->err) == SK_CLASS_OURS ||
	    c->err == SK_LISTED)
		return false;
	if (c->task == TASK_SIGN)
		return c->identity_len > 0;
	return c->task == TASK_VERIFY && c->judged_count > 0;
}

static void put_time(struct line *l, int64_t seconds)
{
	char text[SK_TIMESTAMP_SIZE];

	if (sk_timestamp_print(seconds, text))
		put_word(l, "time", text);
}

/* Which request it was, and whose. */
static void put_request(struct line *l, const struct call *c)
{
	char address[ADDR_TEXT_SIZE];

	put_time(l, c->facts.now);
	put_text(l, "id", c->facts.call_id);
	if (!c->asked)
		put_text(l, "cseq", c->facts.cseq);
	if (c->facts.branch.len > 0)
		put_text(l, "branch", c->facts.branch);
	addr_print(&c->facts.source, address);
	put_word(l, "source", address);
	addr_print(&c->facts.local, address);
	put_word(l, "listener", address);
	put_word(l, "transport", c->facts.transport);
	if (c->asked) {
		put_word(l, "interface", c->asked->interface);
		put_word(l, "client", c->asked->client);
	}
	put_word(l, "tenant", c->tenant->set->name);
	if (c->trunk)
		put_word(l, "trunk", c->trunk->name);
	put_word(l, "customer", c->customer);
}

static void put_lists(struct line *l, unsigned lists)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ NUMBERS_DO_NOT_ORIGINATE, "do-not-originate" },
		{ NUMBERS_BLOCK, "block" },
		{ NUMBERS_ALLOW, "allow" },
	};
	char mem[64];
	struct sk_buf all;

	sk_buf_init(&all, mem, sizeof(mem));
	for (size_t i = 0; i < SK_COUNT(names); i++)
		if (lists & names[i].bit)
			sk_buf_printf(&all, "%s%s", all.len > 0 ? "," : "", names[i].name);
	put_word(l, "lists", mem);
}

static void put_result(struct line *l, const struct call *c, const struct answer *a)
{
	put_word(l, "task", policy_task_name(c->task));
	put_word(l, "result", sk_err_name(c->err));
	if (c->err)
		put_word(l, "reason", sk_err_text(c->err));
	put_number(l, "status", (int64_t)a->status);
	put_word(l, "verstat", a->verstat);
	put_lists(l, c->lists);
	put_parties(l, c);
	if (c->has_claims)
		put_claims(l, c);
	if (c->credential)
		put_word(l, "credential", c->credential);
	if (c->x5u[0])
		put_cut(l, "x5u", sk_span_of(c->x5u), SK_URL_MAX);
	put_word(l, "cert", cert_from(c->cert_from));
	put_judged(l, c);
	put_beside(l, c);
	if (c->rcd_name[0])
		put_number(l, "cnam", 1);
}

void record_print(const struct call *c, const struct answer *a, bool json, struct sk_mac *mac,
		  int64_t us, struct sk_buf *out)
{
	struct line l = { .out = out,
			  .mac = mac,
			  .numbers = c->tenant->set->records.numbers,
			  .json = json,
			  .first = true };

	if (l.json)
		sk_buf_putc(out, '{');
	put_word(&l, "event", "call");
	put_request(&l, c);
	put_result(&l, c, a);
	put_number(&l, "waited", c->waited);
	if (c->dummy)
		put_number(&l, "dummy", 1);
	if (c->over_limit)
		put_number(&l, "limited", 1);
	put_number(&l, "repeat", c->facts.repeat);
	put_number(&l, "billable", record_billable(c));
	put_number(&l, "us", us);
	sk_buf_puts(out, l.json ? "}\n" : "\n");
}
