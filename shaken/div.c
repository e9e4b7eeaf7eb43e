/*
 * The chain is a path in a graph of at most eight tokens.  Walking it breadth
 * first, each token once, finds the shortest path and cannot be sent in circles
 * by tokens that divert to each other.
 */
#include "shaken/div.h"

#include "shaken/json.h"

#include <stdbool.h>

static bool is_for(const struct sk_passport *passport, const struct sk_party *called)
{
	for (size_t i = 0; i < passport->claims.dest_count && i < SK_DEST_MAX; i++)
		if (sk_party_eq(&passport->claims.dest[i], called))
			return true;

	return false;
}

/* Types whose meaning we know; RFC 8946, 4.2: a chain that ends in another is ignored. */
static bool is_innermost(const struct sk_passport *passport)
{
	return passport->jose.ppt == SK_PPT_SHAKEN || passport->jose.ppt == SK_PPT_NONE;
}

static bool is_diverted(const struct sk_passport *passport)
{
	return passport->jose.ppt == SK_PPT_DIV || passport->jose.ppt == SK_PPT_DIV_O;
}

/* RFC 8946, 4.2: does `inner` continue `outer`?  dest is div, orig is the same. */
static bool continues(const struct sk_passport *inner, const struct sk_passport *outer)
{
	return sk_party_eq(&inner->claims.orig, &outer->claims.orig) &&
	       is_for(inner, &outer->claims.div);
}

struct walk {
	size_t queue[SK_IDENTITY_MAX]; /* tokens reached, in the order they were  */
	size_t from[SK_IDENTITY_MAX];  /* per place in the queue: place it came from */
	size_t reached;
	bool seen[SK_IDENTITY_MAX];
};

static void reach(struct walk *walk, size_t token, size_t from)
{
	walk->seen[token] = true;
	walk->from[walk->reached] = from;
	walk->queue[walk->reached++] = token;
}

/* The path to a place in the queue, outermost token first. */
static size_t path_to(const struct walk *walk, size_t place, size_t *chain)
{
	size_t links = 1;

	for (size_t at = place; walk->from[at] != at; at = walk->from[at])
		links++;
	for (size_t i = links; i > 0; i--, place = walk->from[place])
		chain[i - 1] = walk->queue[place];

	return links;
}

enum sk_err sk_div_follow(const struct sk_passport *passports, size_t count,
			  const struct sk_party *target, size_t *chain, size_t *links)
{
	struct walk walk = { 0 };

	if (count > SK_IDENTITY_MAX)
		return SK_DIV_BROKEN;

	/* RFC 8946, 4.2: start where the call is going; a first token comes from itself */
	for (size_t i = 0; i < count; i++)
		if (is_for(&passports[i], target))
			reach(&walk, i, walk.reached);

	for (size_t place = 0; place < walk.reached; place++) {
		const struct sk_passport *outer = &passports[walk.queue[place]];

		if (is_innermost(outer)) {
			*links = path_to(&walk, place, chain);
			return SK_OK;
		}
		if (!is_diverted(outer))
			continue;
		for (size_t i = 0; i < count; i++)
			if (!walk.seen[i] && continues(&passports[i], outer))
				reach(&walk, i, place);
	}

	return SK_DIV_BROKEN;
}

enum sk_err sk_div_nested(const struct sk_passport *passport, char *buf, size_t size,
			  struct sk_span *text)
{
	json_auto_t *payload = NULL;
	struct sk_span opt;
	enum sk_err err;

	/* RFC 8946, section 5: opt belongs to div-o, and must not stand in div */
	if (passport->jose.ppt != SK_PPT_DIV_O)
		return SK_DIV_BROKEN;
	err = sk_token_json(passport->token.payload, &payload);
	if (err)
		return err;
	if (!sk_json_string(payload, "opt", &opt))
		return SK_DIV_BROKEN;
	if (opt.len > size)
		return SK_TOKEN_SIZE;

	memcpy(buf, opt.ptr, opt.len);
	*text = (struct sk_span){ buf, opt.len };
	return SK_OK;
}
