/*
 * What a request says of itself counts only where the tenant's settings ask for it; a word
 * that nobody knows is as if it were not there.
 */
#include "redirector/call/function.h"

#include "redirector/call/match.h"
#include "redirector/call/uri.h"

bool function_word(struct sk_span word, enum conf_mode *out)
{
	static const struct {
		struct sk_span word;
		enum conf_mode mode;
	} words[] = {
		{ { "sign", 4 }, MODE_SIGN },     { { "sti-as", 6 }, MODE_SIGN },
		{ { "verify", 6 }, MODE_VERIFY }, { { "sti-vs", 6 }, MODE_VERIFY },
		{ { "auto", 4 }, MODE_AUTO },     { { "pass", 4 }, MODE_PASS },
	};

	for (size_t i = 0; i < SK_COUNT(words); i++) {
		if (!sk_span_eq_nocase(word, words[i].word))
			continue;
		*out = words[i].mode;
		return true;
	}
	return false;
}

/* In one of the two places, once: else it is not known which one the proxy wrote. */
static struct sk_span only_param(struct sk_span a, struct sk_span b, struct sk_span name)
{
	size_t count = uri_param_count(a, name) + uri_param_count(b, name);
	struct sk_span found = uri_param(a, name);

	if (count != 1)
		return (struct sk_span){ NULL, 0 };
	return found.ptr ? found : uri_param(b, name);
}

/* RFC 3261, 19.1.1: behind the host they are the URI's; in front of the '@' the number's, as in a
 * tel URI (RFC 3966; RFC 4904 has a trunk group there). */
struct sk_span function_from_parameter(const struct facts *facts, struct sk_span name)
{
	struct sk_span text, header_params, user = { NULL, 0 };
	struct uri uri;
	const char *semi;

	if (sk_nameaddr_split(facts->from, &text, &header_params) || !uri_parse(text, &uri))
		return user;
	semi = uri.user.len > 0 ? memchr(uri.user.ptr, ';', uri.user.len) : NULL;
	if (semi)
		user = (struct sk_span){ semi, (size_t)(uri.user.ptr + uri.user.len - semi) };
	return only_param(user, uri.params, name);
}

static bool by_header(const struct function_conf *set, const struct facts *facts,
		      enum conf_mode *out)
{
	return set->header[0] != '\0' &&
	       function_word(facts_only_header(facts, sk_span_of(set->header)), out);
}

static bool by_parameter(const struct function_conf *set, const struct facts *facts,
			 enum conf_mode *out)
{
	return set->parameter[0] != '\0' &&
	       function_word(function_from_parameter(facts, sk_span_of(set->parameter)), out);
}

static bool by_host(const struct function_conf *set, const struct facts *facts, enum conf_mode *out)
{
	struct sk_span host = set->hosts.count ? match_host(facts) : (struct sk_span){ NULL, 0 };

	for (size_t i = 0; host.len > 0 && i < set->hosts.count; i++)
		if (match_host_eq(sk_span_of(set->hosts.keys[i]), host))
			return function_word(sk_span_of(set->hosts.values[i]), out);
	return false;
}

static bool by_listener(const struct function_conf *set, const struct facts *facts,
			enum conf_mode *out)
{
	for (size_t i = 0; i < set->listeners.count; i++)
		if (match_listener(sk_span_of(set->listeners.keys[i]), facts))
			return function_word(sk_span_of(set->listeners.values[i]), out);
	return false;
}

enum conf_mode function_mode(const struct tenant *tenant, const struct facts *facts)
{
	const struct function_conf *set = &tenant->set->function;
	enum conf_mode mode = tenant->set->mode;

	if (!by_header(set, facts, &mode) && !by_parameter(set, facts, &mode) &&
	    !by_host(set, facts, &mode) && !by_listener(set, facts, &mode))
		return tenant->set->mode;
	return mode;
}

/* What a request says of its trunk; found once for all trunks. */
struct group {
	struct sk_span parameter, header;
};

static struct group group_of(const struct tenant *tenant, const struct facts *facts)
{
	const struct tenant_conf *set = tenant->set;
	struct group group = { { NULL, 0 }, { NULL, 0 } };

	if (set->trunk_parameter[0] != '\0')
		group.parameter = function_from_parameter(facts, sk_span_of(set->trunk_parameter));
	if (set->trunk_header[0] != '\0')
		group.header = facts_only_header(facts, sk_span_of(set->trunk_header));
	return group;
}

/* RFC 3261, 7.3.1 and 19.1.4: parameter values are compared in any case. */
static bool is_of_group(const struct trunk_conf *trunk, const struct group *group)
{
	for (size_t i = 0; i < trunk->groups.count; i++) {
		struct sk_span name = sk_span_of(trunk->groups.items[i]);

		if (name.len > 0 && (sk_span_eq_nocase(name, group->parameter) ||
				     sk_span_eq_nocase(name, group->header)))
			return true;
	}
	return trunk->groups.count == 0;
}

static bool is_to(const struct trunk_conf *trunk, const struct facts *facts)
{
	for (size_t i = 0; i < trunk->listeners.count; i++)
		if (match_listener(sk_span_of(trunk->listeners.items[i]), facts))
			return true;
	return trunk->listeners.count == 0;
}

const struct trunk_conf *function_trunk(const struct tenant *tenant, const struct facts *facts)
{
	const struct trunk_conf *trunks = tenant->set->trunks.items;
	struct group group;

	if (tenant->set->trunks.count == 0)
		return NULL;
	group = group_of(tenant, facts);
	for (size_t i = 0; i < tenant->set->trunks.count; i++)
		if ((trunks[i].sources.count == 0 ||
		     net_list_has(&trunks[i].sources, &facts->source)) &&
		    is_to(&trunks[i], facts) && is_of_group(&trunks[i], &group))
			return &trunks[i];
	return NULL;
}
