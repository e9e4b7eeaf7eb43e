/*
 * Directories by chance, against a reference that looks at every tenant and every value.
 */
#include "tests/check.h"
#include "tests/unit/manykit.h"

#include "redirector/call/match.h"

enum {
	ROUNDS = 3000,
	REQUESTS = 25,
	TENANTS = 10,
	VALUES = 3,
};

static uint64_t state = 88172645463325252u;

static unsigned dice(unsigned sides)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % sides;
}

static const char *const hosts[] = { "a.example", "b.example", "c.example", "d.example" };
static const char *const names[] = { "one.example", "two.example", "three.example" };
static const char *const headers[] = { "x", "y", "z" };
static const char *const listeners[] = { "udp:192.0.2.1:5060", "udp:192.0.2.2:5060",
					 "udp:0.0.0.0:5060", "udp:[::]:5060",
					 "udp:[2001:db8::1]:5060" };
static const char *const locals[] = { "192.0.2.1:5060", "192.0.2.2:5060", "192.0.2.3:5060",
				      "[2001:db8::1]:5060", "[2001:db8::2]:5060" };
static const char *const nets[] = {
	"0.0.0.0/0",   "10.0.0.0/8", "10.1.0.0/16",   "10.1.1.0/24",
	"10.1.1.1/32", "::/0",       "2001:db8::/32", "2001:db8:1::/48"
};
static const char *const sources[] = { "10.1.1.1:5060",        "10.1.1.2:5060",
				       "10.1.2.1:5060",        "10.2.0.1:5060",
				       "11.0.0.1:5060",        "[2001:db8:1::1]:5060",
				       "[2001:db8:2::1]:5060", "[2001:db9::1]:5060" };

/* A tenant that owns nothing but room for its lists. */
struct made {
	struct tenant_conf set;
	char name[16];
	char *texts[4][VALUES];
	struct net nets[VALUES];
};

static struct text_list pick(char **room, const char *const *values, unsigned count,
			     unsigned chance)
{
	struct text_list list = { room, 0 };

	if (dice(100) >= chance)
		return list;
	list.count = 1 + dice(VALUES);
	for (size_t i = 0; i < list.count; i++)
		room[i] = (char *)(uintptr_t)values[dice(count)];
	return list;
}

static struct tenant *make(struct made *m, unsigned nth)
{
	struct match_conf *match = &m->set.match;
	struct tenant *t = calloc(1, sizeof(*t));

	if (!t)
		exit(1);
	snprintf(m->name, sizeof(m->name), "t%u", nth);
	m->set = (struct tenant_conf){ .name = m->name };
	do {
		match->tls_names = pick(m->texts[0], names, SK_COUNT(names), 20);
		match->headers = pick(m->texts[1], headers, SK_COUNT(headers), 20);
		match->hosts = pick(m->texts[2], hosts, SK_COUNT(hosts), 40);
		match->listeners = pick(m->texts[3], listeners, SK_COUNT(listeners), 30);
		match->sources =
			(struct net_list){ m->nets, dice(100) < 60 ? 1 + dice(VALUES) : 0 };
		for (size_t i = 0; i < match->sources.count; i++)
			if (!net_parse(sk_span_of(nets[dice(SK_COUNT(nets))]), &m->nets[i]))
				exit(1);
	} while (!match->tls_names.count && !match->headers.count && !match->hosts.count &&
		 !match->listeners.count && !match->sources.count);
	t->refs = 1;
	t->set = &m->set;
	return t;
}

static bool share_text(const struct text_list *a, const struct text_list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (strcmp(a->items[i], b->items[j]) == 0)
				return true;
	return a->count == 0 && b->count == 0;
}

static bool share_net(const struct net_list *a, const struct net_list *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (memcmp(&a->nets[i], &b->nets[j], sizeof(struct net)) == 0)
				return true;
	return a->count == 0 && b->count == 0;
}

/* Could a request be both tenants' with nothing to tell them apart? */
static bool collide(const struct match_conf *a, const struct match_conf *b)
{
	return share_text(&a->tls_names, &b->tls_names) && share_text(&a->headers, &b->headers) &&
	       share_text(&a->hosts, &b->hosts) && share_text(&a->listeners, &b->listeners) &&
	       share_net(&a->sources, &b->sources);
}

/* How strongly a tenant whose criteria hold is meant. */
static int rank(const struct match_conf *set, const struct facts *facts)
{
	int listener = 0, bits = -1;

	for (size_t i = 0; i < set->listeners.count; i++) {
		const char *text = set->listeners.items[i];
		int one = strstr(text, "0.0.0.0") || strstr(text, "[::]") ? 1 : 2;

		if (match_listener(sk_span_of(text), facts) && one > listener)
			listener = one;
	}
	for (size_t i = 0; i < set->sources.count; i++)
		if (net_has(&set->sources.nets[i], &facts->source) &&
		    set->sources.nets[i].bits > bits)
			bits = set->sources.nets[i].bits;
	return (set->tls_names.count > 0) << 20 | (set->headers.count > 0) << 19 |
	       (set->hosts.count > 0) << 18 | listener << 16 | (bits + 1);
}

static size_t hits, misses, refused, ties;

/* A tie is possible by two names of the client alone: all else a request says once. */
static struct tenant *slow_find(const struct conf *conf, struct tenant *const *all, size_t count,
				const struct facts *facts)
{
	struct tenant *best = NULL;
	bool tie = false;

	for (size_t i = 0; i < count; i++) {
		int before = best ? rank(&best->set->match, facts) : -1;

		if (!match_holds(conf, &all[i]->set->match, facts) ||
		    rank(&all[i]->set->match, facts) < before)
			continue;
		tie = rank(&all[i]->set->match, facts) == before;
		best = all[i];
	}
	ties += tie;
	return tie ? NULL : best;
}

static void ask_by_chance(struct facts *facts, char uri[64], struct sk_span said[2])
{
	snprintf(uri, 64, "sip:1@%s%s", hosts[dice(SK_COUNT(hosts))], dice(4) ? "" : ":5062");
	many_ask(facts, sources[dice(SK_COUNT(sources))], locals[dice(SK_COUNT(locals))], uri);
	if (dice(2))
		many_header(facts, "X-Tenant", headers[dice(SK_COUNT(headers))]);
	facts->tls_names = said;
	facts->tls_name_count = dice(3);
	for (size_t i = 0; i < facts->tls_name_count; i++)
		said[i] = sk_span_of(names[dice(SK_COUNT(names))]);
}

static void one_round(struct conf *conf, unsigned round)
{
	static struct made room[TENANTS];
	struct tenant *all[TENANTS];
	char why[DIRECTORY_WHY_SIZE] = "";
	size_t count = 0;
	struct directory *d;

	for (unsigned i = 0; i < TENANTS; i++) {
		bool fits = true;

		all[count] = make(&room[count], i);
		for (size_t k = 0; fits && k < count; k++)
			fits = !collide(&all[k]->set->match, &all[count]->set->match);
		count++;
		if (fits)
			continue;
		d = directory_new(conf, NULL, all, count, why);
		CHECK(!d && strstr(why, "same criteria"), "round %u: a collision is seen", round);
		directory_unref(d);
		refused++;
		tenant_unref(all[--count]);
	}
	d = directory_new(conf, NULL, all, count, why);
	CHECK(d, "round %u: no collision: %s", round, why);
	for (unsigned i = 0; d && i < REQUESTS; i++) {
		struct tenant *want, *got;
		struct sk_span said[2];
		struct facts facts;
		char uri[64];

		ask_by_chance(&facts, uri, said);
		want = slow_find(conf, all, count, &facts);
		got = directory_find(d, &facts);
		*(want ? &hits : &misses) += 1;
		CHECK(got == want, "round %u, request %u %s: got %s, want %s", round, i, uri,
		      got ? got->set->name : "nobody", want ? want->set->name : "nobody");
	}
	directory_unref(d);
	while (count > 0)
		tenant_unref(all[--count]);
}

int main(void)
{
	struct conf *conf = many_conf("sip: {sources: [10.1.0.0/16, \"2001:db8:1::/48\"]}\n"
				      "tenants: {folder: ., header: X-Tenant, header-sources: "
				      "[10.1.1.0/24]}\n");

	for (unsigned i = 0; i < ROUNDS; i++)
		one_round(conf, i);
	CHECK(hits > 10000 && misses > 10000 && refused > 1000 && ties > 20,
	      "all kinds were there: %zu hits, %zu misses, %zu collisions, %zu ties", hits, misses,
	      refused, ties);
	conf_unref(conf);
	return check_result();
}
