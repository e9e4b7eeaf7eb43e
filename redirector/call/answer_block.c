/*
 * The answers that end a call on purpose.  Proxies hand a 6xx to the caller at once and try
 * nobody else, so none of these may ever come from a fault of ours.
 */
#include "redirector/call/answer_lines.h"

/* What could end the text it stands in is escaped as in a URI. */
static void put_harmless(const char *text, const char *harmful, struct sk_buf *out)
{
	for (const char *c = text; *c; c++) {
		if (*c > ' ' && *c < 0x7f && !strchr(harmful, *c))
			sk_buf_putc(out, *c);
		else
			sk_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
	}
}

/* ATIS-1000099: receivers look for the phrase and for "v=analytics1;", and read the addresses where
 * a caller can complain behind it. */
static void print_analytics(const struct answer_conf *set, struct answer *a)
{
	const struct {
		const char *name, *value;
	} pairs[] = {
		{ "url", set->block_url },
		{ "tel", set->block_tel },
		{ "email", set->block_email },
	};
	bool any = false;

	sk_buf_puts(&a->lines, "Reason: SIP;cause=603;text=\"v=analytics1;");
	for (size_t i = 0; i < SK_COUNT(pairs); i++) {
		if (!pairs[i].value[0])
			continue;
		sk_buf_printf(&a->lines, "%s%s=", any ? ";" : "", pairs[i].name);
		put_harmless(pairs[i].value, "\"\\;", &a->lines);
		any = true;
	}
	sk_buf_puts(&a->lines, "\"");
	if (set->block_location[0]) {
		sk_buf_puts(&a->lines, ";location=");
		put_harmless(set->block_location, "\"\\;,=<>", &a->lines);
	}
	sk_buf_puts(&a->lines, "\r\n");
}

/* RFC 8688, 3.2: a card, signed, that says who blocked and how to complain. */
static void print_card(const struct answer_conf *set, struct answer *a)
{
	if (!set->block_card[0])
		return;
	sk_buf_puts(&a->lines, "Call-Info: <");
	put_harmless(set->block_card, "<>\"\\", &a->lines);
	sk_buf_puts(&a->lines, ">;purpose=jwscard\r\n");
}

static void print_status(enum conf_block block, struct answer *a)
{
	switch (block) {
	case BLOCK_603:
		answer_status(a, 603, NULL);
		break;
	case BLOCK_607:
		answer_status(a, 607, NULL);
		break;
	case BLOCK_608:
		answer_status(a, 608, NULL);
		break;
	case BLOCK_603_PLUS:
	default:
		answer_status(a, 603, "Network Blocked");
	}
}

unsigned answer_block_status(const struct tenant *tenant, const char **phrase)
{
	struct answer a;

	print_status(tenant->set->answer.block, &a);
	*phrase = a.phrase;
	return a.status;
}

void answer_block(const struct call *c, struct answer *a)
{
	const struct answer_conf *set = &c->tenant->set->answer;

	a->blocked = true;
	print_status(set->block, a);
	if (set->block == BLOCK_608)
		print_card(set, a);
	else if (set->block == BLOCK_603_PLUS)
		print_analytics(set, a);
}
