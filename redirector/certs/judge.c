/*
 * The leaf's own end is looked at each time, since that is two comparisons: no
 * call passes on a leaf that has ended a second ago.
 */
#include "redirector/certs/judge.h"

#include "shaken/buf.h"

enum {
	X5U_SHOWN = 200,     /* bytes of an address in a line of the log */
	FINDINGS_SIZE = 600, /* bytes of findings in it                  */
};

void judged_clear(struct judged *judged)
{
	tables_leave(&judged->use);
	sk_chain_free(judged->chain);
	*judged = (struct judged){ .chain = NULL };
}

static void put_finding(struct sk_buf *out, const char *text)
{
	if (out->len > 0)
		sk_buf_puts(out, "; ");
	for (; *text; text++) /* it stands in quotes itself */
		sk_buf_putc(out, *text == '"' ? '\'' : *text);
}

/* One line for a chain, however much there is to say: who can make us fetch can make us write */
static void tell(struct judged *j, struct log *log, struct sk_span x5u,
		 const struct sk_findings *findings)
{
	const int shown = x5u.len < X5U_SHOWN ? (int)x5u.len : X5U_SHOWN;
	char mem[FINDINGS_SIZE];
	struct sk_buf text;

	if (!log || findings->count == 0 || (j->told && j->told_as == j->verdict))
		return;

	sk_buf_init(&text, mem, sizeof(mem));
	for (size_t i = 0; i < findings->count; i++)
		put_finding(&text, findings->text[i]);
	log_print(log, LEVEL_WARNING,
		  "event=certificate x5u=\"%.*s\" result=%s findings=%zu finding=\"%.*s%s\"", shown,
		  x5u.ptr, sk_err_name(j->verdict), findings->count, (int)text.len, mem,
		  text.overflow ? " ..." : "");
	j->told = true;
	j->told_as = j->verdict;
}

static bool stands(const struct judged *j, uint64_t generation, int64_t now)
{
	return j->generation == generation && now >= j->at && now - j->at < JUDGE_AGAIN &&
	       sk_err_class(j->verdict) != SK_CLASS_OURS &&
	       sk_chain_valid_at(j->chain, now) == sk_chain_valid_at(j->chain, j->at);
}

enum sk_err judge(const struct judge *judge, struct sk_span x5u, struct judged *judged)
{
	struct sk_findings findings;

	if (stands(judged, judge->generation, judge->now))
		return judged->verdict;
	judged->verdict = sk_trust_check(judge->trust, judged->chain, judge->now, &findings);
	judged->at = judge->now;
	judged->generation = judge->generation;
	tell(judged, judge->log, x5u, &findings);
	return judged->verdict;
}
