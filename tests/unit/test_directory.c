#include "tests/check.h"
#include "tests/unit/manykit.h"

static const char service[] =
	"sip: {sources: [192.0.2.0/24, \"2001:db8::/32\"], listen: [\"udp:192.0.2.1:5060\", "
	"\"udp:192.0.2.1:5061\", \"udp:192.0.2.1:5070\", \"udp:0.0.0.0:5071\", \"udp:[::]:5070\", "
	"\"udp:0.0.0.0:5072\"]}\n"
	"tenants: {folder: ., header: X-Tenant, header-sources: [192.0.2.200/32]}\n";

/* clang-format off */
static const struct {
	const char *name, *yaml;
} tenants[] = {
	{ "host", "match: {hosts: [a.example, \"[2001:db8::5]\"]}" },
	{ "host-net", "match: {hosts: [a.example], sources: [198.51.100.0/24]}" },
	{ "host-narrow", "match: {hosts: [a.example], sources: [198.51.100.128/25]}" },
	{ "host-listener", "match: {hosts: [a.example], listeners: [\"udp:192.0.2.1:5061\"]}" },
	{ "listener", "match: {listeners: [\"udp:192.0.2.1:5070\"]}" },
	{ "any-listener", "match: {listeners: [\"udp:0.0.0.0:5071\"]}" },
	{ "any-six", "match: {listeners: [\"udp:[::]:5070\"]}" },
	{ "wide", "match: {sources: [203.0.113.0/24, \"2001:db8:1::/48\"]}" },
	{ "narrow", "match: {sources: [203.0.113.64/26, \"2001:db8:1:1::/64\"]}" },
	{ "one", "match: {sources: [203.0.113.77/32, \"2001:db8:1:1::7/128\"]}" },
	{ "header", "match: {headers: [carrier-7, \"carrier 8\"]}" },
	{ "header-host", "match: {headers: [carrier-7], hosts: [b.example]}" },
	{ "tls", "match: {tls-names: [sbc.c.example]}" },
	{ "tls-net", "match: {tls-names: [sbc.c.example], sources: [203.0.113.0/24]}" },
	{ "tls-two", "match: {tls-names: [e.example, f.example]}" },
	{ "tls-host", "match: {tls-names: [f.example], hosts: [f.example]}" },
	{ "tls-host-2", "match: {tls-names: [sbc.c.example], hosts: [f.example]}" },
	{ "elsewhere", "match: {hosts: [d.example], sources: [192.0.2.0/24]}" },
};

static const struct {
	const char *what, *source, *local, *uri, *header;
	const char *tls; /* names of the client, "a,b" */
	const char *want;
} requests[] = {
	{ "a host", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "", "host" },
	{ "in upper case", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@A.EXAMPLE", NULL, "", "host" },
	{ "with a dot", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@a.example.", NULL, "", "host" },
	{ "with a port", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@a.example:5090;x=y", NULL, "", "host" },
	{ "an address for a host", "192.0.2.9:5060", "192.0.2.1:5060", "sips:1@[2001:DB8::5]:9", NULL, "", "host" },
	{ "a part of the host", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@example", NULL, "", NULL },
	{ "a longer host", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@a.example.net", NULL, "", NULL },
	{ "a host in the user part", "192.0.2.9:5060", "192.0.2.1:5060", "sip:a.example@x.example", NULL, "", NULL },
	{ "a host in a parameter", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example;maddr=a.example", NULL, "", NULL },
	{ "two dots", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@a.example..", NULL, "", NULL },
	{ "no host", "192.0.2.9:5060", "192.0.2.1:5060", "tel:+14045550100", NULL, "", NULL },
	{ "no URI", "192.0.2.9:5060", "192.0.2.1:5060", "a.example", NULL, "", NULL },
	{ "host and network", "198.51.100.7:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "", "host-net" },
	{ "host and longer network", "198.51.100.200:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "", "host-narrow" },
	{ "the network, another host", "198.51.100.200:5060", "192.0.2.1:5060", "sip:1@b.example", NULL, "", NULL },
	{ "the host, a network of others", "203.0.113.1:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "", "wide" },
	{ "the host, from nowhere", "10.0.0.1:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "", NULL },
	{ "host and listener", "192.0.2.9:5060", "192.0.2.1:5061", "sip:1@a.example", NULL, "", "host-listener" },
	{ "that listener, no host", "192.0.2.9:5060", "192.0.2.1:5061", "sip:1@x.example", NULL, "", NULL },
	{ "a listener", "192.0.2.9:5060", "192.0.2.1:5070", "sip:1@x.example", NULL, "", "listener" },
	{ "a listener mapped", "192.0.2.9:5060", "[::ffff:192.0.2.1]:5070", "sip:1@x.example", NULL, "", "listener" },
	{ "another address of the port", "192.0.2.9:5060", "192.0.2.2:5071", "sip:1@x.example", NULL, "", "any-listener" },
	{ "of the other family", "192.0.2.9:5060", "[2001:db8::1]:5070", "sip:1@x.example", NULL, "", "any-six" },
	{ "another port", "192.0.2.9:5060", "192.0.2.1:5073", "sip:1@x.example", NULL, "", NULL },
	{ "a listener, from nowhere", "203.0.112.255:5060", "192.0.2.1:5070", "sip:1@x.example", NULL, "", NULL },
	{ "a network", "203.0.113.1:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", "wide" },
	{ "a longer prefix", "203.0.113.65:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", "narrow" },
	{ "one address", "203.0.113.77:9", "192.0.2.1:5060", "sip:1@x.example", NULL, "", "one" },
	{ "one address mapped", "[::ffff:203.0.113.77]:9", "192.0.2.1:5060", "sip:1@x.example", NULL, "", "one" },
	{ "beside the network", "203.0.114.0:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", NULL },
	{ "IPv6", "[2001:db8:1:2::1]:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", "wide" },
	{ "IPv6, longer", "[2001:db8:1:1::1]:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", "narrow" },
	{ "IPv6, one", "[2001:db8:1:1::7]:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", "one" },
	{ "IPv6, beside", "[2001:db8:2::1]:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", NULL },
	{ "IPv6, none of ours", "[2001:db9::1]:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "", NULL },
	{ "a header of a trusted source", "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@x.example", "carrier-7", "", "header" },
	{ "its second value", "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@x.example", "carrier 8", "", "header" },
	{ "before the host", "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@a.example", "carrier-7", "", "header" },
	{ "with the host", "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@b.example", "carrier-7", "", "header-host" },
	{ "in another case", "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@x.example", "Carrier-7", "", NULL },
	{ "an unknown value", "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@x.example", "carrier-9", "", NULL },
	{ "an empty value", "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@x.example", "", "", NULL },
	{ "a header of somebody else", "192.0.2.201:5060", "192.0.2.1:5060", "sip:1@x.example", "carrier-7", "", NULL },
	{ "a header of a tenant", "203.0.113.1:5060", "192.0.2.1:5060", "sip:1@x.example", "carrier-7", "", "wide" },
	{ "a TLS name", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "SBC.c.example", "tls" },
	{ "before everything", "192.0.2.200:5060", "192.0.2.1:5070", "sip:1@a.example", "carrier-7", "sbc.c.example.", "tls" },
	{ "with a network", "203.0.113.77:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "sbc.c.example", "tls-net" },
	{ "another TLS name", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "c.example", NULL },
	{ "a TLS name from nowhere", "10.0.0.1:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "sbc.c.example", NULL },
	{ "a second name", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "x.example,sbc.c.example", "tls" },
	{ "the last of many", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,sbc.c.example", "tls" },
	{ "no name of many", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", NULL },
	{ "no name of many, but a host", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "a,b", "host" },
	{ "two names of one tenant", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "e.example,F.example.", "tls-two" },
	{ "one name twice", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "e.example,E.EXAMPLE", "tls-two" },
	{ "names of two tenants", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "sbc.c.example,e.example", NULL },
	{ "the other way round", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "e.example,sbc.c.example", NULL },
	{ "of two, and a host of a third", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@a.example", NULL, "e.example,sbc.c.example", NULL },
	{ "of two, and a network tells", "203.0.113.1:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "e.example,sbc.c.example", "tls-net" },
	{ "of two, and a host tells", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@f.example", NULL, "e.example,f.example", "tls-host" },
	{ "of two with that host", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@f.example", NULL, "f.example,sbc.c.example", NULL },
	{ "nothing of anybody", "192.0.2.9:5060", "192.0.2.1:5060", "sip:1@x.example", NULL, "", NULL },
};

static const struct {
	const char *what, *first, *second;
	bool ok;
} pairs[] = {
	{ "two hosts", "match: {hosts: [a.example]}", "match: {hosts: [b.example]}", true },
	{ "one host", "match: {hosts: [a.example]}", "match: {hosts: [a.example]}", false },
	{ "one host in two ways", "match: {hosts: [a.example]}", "match: {hosts: [b.example, A.Example]}", false },
	{ "one host, one more criterion", "match: {hosts: [a.example]}", "match: {hosts: [a.example], sources: [10.0.0.0/8]}", true },
	{ "one host, two networks", "match: {hosts: [a.example], sources: [10.1.0.0/16]}", "match: {hosts: [a.example], sources: [10.0.0.0/8]}", true },
	{ "one host, one network of several", "match: {hosts: [a.example], sources: [10.1.0.0/16, 10.2.0.0/16]}", "match: {hosts: [a.example], sources: [10.3.0.0/16, 10.2.0.0/16]}", false },
	{ "one network", "match: {sources: [10.0.0.0/8]}", "match: {sources: [10.0.0.0/8]}", false },
	{ "one network in two ways", "match: {sources: [10.0.0.0/8]}", "match: {sources: [\"::ffff:10.0.0.0/104\"]}", false },
	{ "one inside the other", "match: {sources: [10.0.0.0/8]}", "match: {sources: [10.0.0.0/9]}", true },
	{ "one TLS name", "match: {tls-names: [a.example]}", "match: {tls-names: [A.example]}", false },
	{ "TLS name and host", "match: {tls-names: [a.example]}", "match: {hosts: [a.example]}", true },
	{ "one header", "match: {headers: [x]}", "match: {headers: [y, x]}", false },
	{ "a header in two cases", "match: {headers: [x]}", "match: {headers: [X]}", true },
	{ "one listener", "match: {listeners: [\"udp:192.0.2.1:5060\"]}", "match: {listeners: [\"udp:192.0.2.1:5060\"]}", false },
	{ "every address in two ways", "match: {listeners: [\"udp:0.0.0.0:5072\"]}", "match: {listeners: [\"udp:0.0.0.0:5072\"]}", false },
	{ "one address and every address", "match: {listeners: [\"udp:192.0.2.1:5060\"]}", "match: {listeners: [\"udp:0.0.0.0:5072\"]}", true },
	{ "a value twice in one tenant", "match: {sources: [10.0.0.0/8, \"::ffff:10.0.0.0/104\"]}", "match: {sources: [10.0.0.0/9]}", true },
};
/* clang-format on */

/* "a,b" -> two names. */
static void set_names(struct facts *facts, const char *text, struct sk_span names[16])
{
	facts->tls_names = names;
	facts->tls_name_count = 0;
	for (size_t len; *text && facts->tls_name_count < 16; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		names[facts->tls_name_count++] = (struct sk_span){ text, len };
	}
}

static void lookup(void)
{
	struct conf *conf = many_conf(service);
	struct tenant *all[SK_COUNT(tenants)];
	char why[DIRECTORY_WHY_SIZE];
	struct directory *d;

	for (size_t i = 0; i < SK_COUNT(tenants); i++)
		all[i] = many_tenant(conf, tenants[i].name, tenants[i].yaml);
	d = directory_new(conf, NULL, all, SK_COUNT(tenants), why);
	CHECK(d, "%s", why);
	for (size_t i = 0; d && i < SK_COUNT(requests); i++) {
		struct sk_span names[16];
		struct tenant *found;
		struct facts facts;

		many_ask(&facts, requests[i].source, requests[i].local, requests[i].uri);
		if (requests[i].header)
			many_header(&facts, "x-tenant", requests[i].header);
		set_names(&facts, requests[i].tls, names);
		found = directory_find(d, &facts);
		CHECK(found ? requests[i].want && strcmp(found->set->name, requests[i].want) == 0
			    : !requests[i].want,
		      "%s: got %s, want %s", requests[i].what, found ? found->set->name : "nobody",
		      requests[i].want ? requests[i].want : "nobody");
	}
	CHECK(d && directory_count(d) == SK_COUNT(tenants) && directory_conf(d) == conf,
	      "holds all");
	directory_unref(d);
	for (size_t i = 0; i < SK_COUNT(tenants); i++) {
		CHECK(all[i]->refs == 1, "%s is let go", tenants[i].name);
		tenant_unref(all[i]);
	}
	CHECK(conf->refs == 1, "the settings are let go");
	conf_unref(conf);
}

static void conflicts(void)
{
	struct conf *conf = many_conf(service);

	for (size_t i = 0; i < SK_COUNT(pairs); i++) {
		struct tenant *two[] = { many_tenant(conf, "Zoe", pairs[i].first),
					 many_tenant(conf, "Yve", pairs[i].second) };
		char why[DIRECTORY_WHY_SIZE] = "";
		struct directory *d = directory_new(conf, NULL, two, 2, why);

		CHECK(!d == !pairs[i].ok, "%s: %s", pairs[i].what, why);
		CHECK(pairs[i].ok || (strstr(why, "Zoe") && strstr(why, "Yve")),
		      "%s: names both: %s", pairs[i].what, why);
		directory_unref(d);
		CHECK(two[0]->refs == 1 && two[1]->refs == 1, "%s: let go", pairs[i].what);
		tenant_unref(two[0]);
		tenant_unref(two[1]);
	}
	conf_unref(conf);
}

static void same_name(void)
{
	struct conf *conf = many_conf(service);
	struct tenant *two[] = { many_tenant(conf, "a", "match: {hosts: [a.example]}"),
				 many_tenant(conf, "a", "match: {hosts: [b.example]}") };
	struct tenant *ours = many_main(conf);
	struct tenant *namesake = many_tenant(conf, "default", "match: {hosts: [a.example]}");
	char why[DIRECTORY_WHY_SIZE] = "";
	struct directory *d = directory_new(conf, ours, two, 1, why);

	CHECK(!directory_new(conf, NULL, two, 2, why) && strstr(why, " a"), "one name: %s", why);
	CHECK(!directory_new(conf, ours, &namesake, 1, why) && strstr(why, "default"),
	      "the fallback's name: %s", why);
	CHECK(!directory_new(conf, NULL, &ours, 1, why) && strstr(why, "default"),
	      "no criteria: %s", why);
	CHECK(d && directory_by_name(d, SK_SPAN("a")) == two[0], "by name");
	CHECK(d && directory_by_name(d, SK_SPAN("default")) == ours, "the fallback by name");
	CHECK(d && !directory_by_name(d, SK_SPAN("b")) && !directory_by_name(d, SK_SPAN("")),
	      "no such name");
	directory_unref(d);
	tenant_unref(two[0]);
	tenant_unref(two[1]);
	tenant_unref(ours);
	tenant_unref(namesake);
	conf_unref(conf);
}

static void fallback(void)
{
	/* clang-format off */
	static const struct {
		const char *source, *uri, *want;
		bool admitted;
	} rows[] = {
		{ "192.0.2.9:5060", "sip:1@a.example", "a", true },
		{ "192.0.2.9:5060", "sip:1@b.example", "default", true },
		{ "192.0.2.9:5060", "tel:1", "default", true },
		{ "10.0.0.1:5060", "sip:1@c.example", "c", true },
		{ "10.0.0.1:5060", "sip:1@a.example", NULL, true },
		{ "10.0.0.1:5060", "sip:1@b.example", NULL, true },
		{ "10.0.0.2:5060", "sip:1@c.example", NULL, false },
		{ "[2001:db8::1]:5060", "sip:1@b.example", "default", true },
		{ "[2001:db9::1]:5060", "sip:1@b.example", NULL, false },
		{ "[::ffff:10.0.0.1]:5060", "sip:1@c.example", "c", true },
	};
	/* clang-format on */
	struct conf *conf = many_conf(service);
	struct tenant *two[] = {
		many_tenant(conf, "a", "match: {hosts: [a.example]}"),
		many_tenant(conf, "c", "match: {hosts: [c.example], sources: [10.0.0.1/32]}")
	};
	struct tenant *ours = many_main(conf);
	char why[DIRECTORY_WHY_SIZE] = "";
	struct directory *d = directory_new(conf, ours, two, 2, why);

	for (size_t i = 0; d && i < SK_COUNT(rows); i++) {
		struct tenant *found;
		struct facts facts;

		many_ask(&facts, rows[i].source, "192.0.2.1:5060", rows[i].uri);
		found = directory_find(d, &facts);
		CHECK(found ? rows[i].want && strcmp(found->set->name, rows[i].want) == 0
			    : !rows[i].want,
		      "%s %s: got %s", rows[i].source, rows[i].uri,
		      found ? found->set->name : "nobody");
		CHECK(directory_admits(d, &facts.source) == rows[i].admitted, "%s", rows[i].source);
	}
	CHECK(d && directory_fallback(d) == ours, "%s", why);
	directory_unref(d);
	tenant_unref(two[0]);
	tenant_unref(two[1]);
	tenant_unref(ours);
	conf_unref(conf);
}

static void header_twice(void)
{
	struct conf *conf = many_conf(service);
	struct tenant *one = many_tenant(conf, "a", "match: {headers: [x]}");
	char why[DIRECTORY_WHY_SIZE] = "";
	struct directory *d = directory_new(conf, NULL, &one, 1, why);
	struct facts facts;

	many_ask(&facts, "192.0.2.200:5060", "192.0.2.1:5060", "sip:1@b.example");
	many_header(&facts, "X-TENANT", "x");
	CHECK(d && directory_find(d, &facts) == one, "once");
	many_header(&facts, "X-Tenant", "y");
	CHECK(d && !directory_find(d, &facts), "twice is no answer");
	directory_unref(d);
	tenant_unref(one);
	conf_unref(conf);
}

int main(void)
{
	lookup();
	conflicts();
	same_name();
	fallback();
	header_twice();
	return check_result();
}
