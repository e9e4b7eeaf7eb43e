/*
 * Two questions to the number store: which lists the caller is on, and whose the
 * number is that we are to sign.  A store that fails may cost an A, never a call.
 */
#include "redirector/call/attest.h"

#include "redirector/call/asked.h"
#include "redirector/call/function.h"
#include "redirector/call/heartbeat.h"

#include <stdio.h>

static struct sk_span tenant_name(const struct call *c)
{
	return sk_span_of(c->tenant->set->name);
}

static bool uses_lists(const struct lists_conf *set)
{
	return set->do_not_originate != LIST_OFF || set->block != LIST_OFF ||
	       set->allow != ALLOW_OFF;
}

enum sk_err attest_parties(const struct call *c, struct sk_call_parties *out)
{
	if (c->asked) {
		asked_parties(c->asked, out);
		return SK_OK;
	}
	return c->task == TASK_SIGN
		       ? policy_signed_parties(c->tenant, &c->facts, attest_may_say(c), out)
		       : policy_parties(c->tenant, &c->facts, out);
}

static bool look_up(const struct call *c, const struct sk_party *caller, unsigned *any,
		    unsigned *all)
{
	unsigned lists = 0;

	if (numbers_lists(c->numbers, tenant_name(c), sk_span_of(caller->text), c->facts.now,
			  &lists) == NUMBERS_FAILED)
		return false;
	*any |= lists;
	*all &= lists;
	return true;
}

/* What the called party is shown, also where another header is what is signed or proven.  Who asks
 * outright names one caller. */
static bool read_from(const struct call *c, struct sk_party *from)
{
	return !c->asked &&
	       !sk_party_read(c->facts.from, &c->tenant->set->dialplan, SK_ROLE_ORIG, from) &&
	       from->kind == SK_PARTY_TN;
}

/*
 * The lists of all who may be the caller: on a bad list when one of them is, on the allow
 * list when all are, so that a second asserted identity gets nobody through.
 *
 * @return false: the store was not there or failed
 */
static bool read_lists(struct call *c)
{
	struct sk_call_parties parties;
	unsigned any = 0, all = ~0u;
	struct sk_party from;
	bool shown = read_from(c, &from);

	if (!c->numbers || attest_parties(c, &parties))
		return false;
	for (size_t i = 0; i < parties.caller_count; i++) {
		unsigned before = any;

		if (!look_up(c, &parties.callers[i], &any, &all))
			return false;
		/* the record names who is on a bad list, not who stands beside him */
		if ((any & ~(unsigned)NUMBERS_ALLOW) && !(before & ~(unsigned)NUMBERS_ALLOW))
			c->caller = i;
		shown = shown && !sk_party_eq(&from, &parties.callers[i]);
	}
	if (shown && !look_up(c, &from, &any, &all))
		return false;
	if (parties.caller_count == 0 && !shown)
		all = 0;
	c->lists = (any & ~(unsigned)NUMBERS_ALLOW) | (all & NUMBERS_ALLOW);
	return true;
}

/* What the tenant does about the lists: LIST_OFF, or the harder of what applies. */
static enum conf_list_use judge_lists(const struct call *c)
{
	const struct lists_conf *set = &c->tenant->set->lists;
	enum conf_list_use use = LIST_OFF;

	if (set->allow != ALLOW_OFF && (c->lists & NUMBERS_ALLOW))
		return LIST_OFF;
	if (set->allow == ALLOW_ONLY)
		return LIST_BLOCK;
	if (c->lists & NUMBERS_DO_NOT_ORIGINATE)
		use = set->do_not_originate;
	if ((c->lists & NUMBERS_BLOCK) && set->block > use)
		use = set->block;
	return use;
}

enum sk_err attest_look(struct call *c)
{
	enum conf_list_use use;

	c->dummy = c->listed = c->has_number = false;
	c->lists = 0;
	c->caller = 0;
	c->customer[0] = '\0'; /* calls are used again, for any tenant */
	if (!c->asked)         /* else it is the client's */
		c->trunk = function_trunk(c->tenant, &c->facts);
	if (c->trunk)
		snprintf(c->customer, sizeof(c->customer), "%s", c->trunk->customer);
	if (!c->no_dummy && heartbeat_is(c)) {
		c->dummy = true;
		return SK_DUMMY;
	}
	if (c->task == TASK_PASS || !uses_lists(&c->tenant->set->lists) || !read_lists(c))
		return SK_OK;
	use = judge_lists(c);
	c->listed = use != LIST_OFF;
	return use == LIST_BLOCK ? SK_LISTED : SK_OK;
}

bool attest_may_say(const struct call *c)
{
	return (c->trunk && c->trunk->may_say) ||
	       net_list_has(&c->tenant->set->sign.attest_sources, &c->facts.source);
}

/* The first of the headers that is there. */
static bool said_attest(const struct call *c, enum sk_attest *out)
{
	const struct text_list *names = &c->tenant->set->sign.attest_headers;

	if (!attest_may_say(c))
		return false;
	for (size_t i = 0; i < names->count; i++) {
		struct sk_span value = facts_only_header(&c->facts, sk_span_of(names->items[i]));

		if (!value.ptr)
			continue;
		*out = sk_attest_parse(value);
		return true;
	}
	return false;
}

static enum sk_attest usual_attest(const struct call *c)
{
	if (c->trunk && c->trunk->attest != CONF_ATTEST_NONE)
		return (enum sk_attest)c->trunk->attest;
	return (enum sk_attest)c->tenant->set->sign.attest;
}

/* Whose is the number to be signed?  Only what belongs to the trunk's customer counts. */
static enum numbers_result find_number(struct call *c)
{
	struct sk_span customer = sk_span_of(c->trunk ? c->trunk->customer : "");
	enum numbers_result found;

	if (!c->numbers)
		return NUMBERS_FAILED;
	found = numbers_find(c->numbers, tenant_name(c), customer, sk_span_of(c->claims.orig.text),
			     c->facts.now, &c->number);
	if (found == NUMBERS_FOUND)
		memcpy(c->customer, c->number.customer, sizeof(c->customer));
	c->has_number = found == NUMBERS_FOUND;
	return found;
}

/* By the tenant's own rules. */
static enum sk_attest own_attest(const struct call *c, enum numbers_result found)
{
	enum sk_attest attest;

	if (found == NUMBERS_FOUND && c->number.attest != SK_ATTEST_NONE)
		return c->number.attest;
	attest = usual_attest(c);
	/* ATIS-1000074: A means that we know the caller to hold the number; nobody could look */
	return found == NUMBERS_FAILED && attest == SK_ATTEST_A ? SK_ATTEST_B : attest;
}

/* What a client asks for, which the desk has bounded already; with sign.by-number the tenant's
 * rules may make it worse, never better.  Who says nothing gets no more than he may say. */
static enum sk_attest asked_attest(const struct call *c, enum numbers_result found)
{
	enum sk_attest said = c->asked->attest, own;

	if (said == SK_ATTEST_BAD)
		return said;
	if (said == SK_ATTEST_NONE)
		said = c->asked->best;
	else if (!c->tenant->set->sign.by_number)
		return said;
	own = own_attest(c, found);
	return own == SK_ATTEST_NONE || own > said ? own : said;
}

static enum sk_attest choose_attest(struct call *c, bool *failed)
{
	enum numbers_result found = c->tenant->set->sign.by_number ? find_number(c) : NUMBERS_NONE;
	enum sk_attest attest;

	*failed = found == NUMBERS_FAILED;
	if (c->asked)
		return asked_attest(c, found);
	return said_attest(c, &attest) ? attest : own_attest(c, found);
}

enum sk_err attest_decide(struct call *c)
{
	bool failed;
	enum sk_attest attest = policy_lowered(c->tenant, &c->facts, choose_attest(c, &failed));

	c->claims.attest = attest;
	/* that nobody could look is our fault, not the tenant's choice to sign nothing */
	if (failed && attest == SK_ATTEST_NONE)
		return SK_NUMBERS_AWAY;
	return attest == SK_ATTEST_NONE || attest == SK_ATTEST_BAD ? SK_NO_ATTEST : SK_OK;
}

/* What a header says, where headers count. */
static struct sk_span said_by(const struct call *c, const char *header)
{
	if (header[0] && attest_may_say(c))
		return facts_header(&c->facts, sk_span_of(header));
	return (struct sk_span){ NULL, 0 };
}

struct sk_span attest_spc(const struct call *c)
{
	struct sk_span said = said_by(c, c->tenant->set->sign.spc_header);

	return said.len > 0 || !c->trunk ? said : sk_span_of(c->trunk->spc);
}

struct sk_span attest_credential(const struct call *c)
{
	struct sk_span said = said_by(c, c->tenant->set->sign.credential_header);

	if (said.len > 0)
		return said;
	if (c->trunk && c->trunk->credential[0])
		return sk_span_of(c->trunk->credential);
	return c->has_number ? sk_span_of(c->number.credential) : said;
}
