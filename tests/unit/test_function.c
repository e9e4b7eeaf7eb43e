#include "tests/check.h"
#include "tests/unit/manykit.h"

#include "redirector/call/function.h"

static const char service[] =
	"tenants: {folder: .}\n"
	"sip: {sources: [192.0.2.0/24], listen: [\"udp:192.0.2.1:5061\", \"udp:0.0.0.0:5062\"]}\n";

/* clang-format off */
static const struct {
	const char *word;
	bool known;
	enum conf_mode mode;
} words[] = {
	{ "sign", true, MODE_SIGN }, { "sti-as", true, MODE_SIGN }, { "STI-AS", true, MODE_SIGN },
	{ "verify", true, MODE_VERIFY }, { "sti-vs", true, MODE_VERIFY }, { "Verify", true, MODE_VERIFY },
	{ "auto", true, MODE_AUTO }, { "pass", true, MODE_PASS },
	{ "", false, 0 }, { "sig", false, 0 }, { "signs", false, 0 }, { "sti", false, 0 },
	{ "sti-as,", false, 0 }, { "\"sign\"", false, 0 }, { "none", false, 0 }, { "sign ", false, 0 },
};

#define ALL "function: {header: X-Do, parameter: qtype, hosts: {out.example: sign, in.example: verify}, " \
	    "listeners: {\"udp:192.0.2.1:5061\": pass, \"udp:0.0.0.0:5062\": verify}}\n"

static const struct {
	const char *what, *yaml, *header, *from, *uri, *local;
	enum conf_mode want;
} modes[] = {
	{ "nothing says anything", ALL "tenant: {mode: pass}", NULL, "<sip:1@h>", "sip:2@x", "192.0.2.1:5060", MODE_PASS },
	{ "nothing is set", "tenant: {mode: pass}\nfunction: {parameter: \"\"}", "sign", "<sip:1@h;qtype=sti-as>", "sip:2@out.example", "192.0.2.1:5061", MODE_PASS },
	{ "a header", ALL, "verify", "<sip:1@h;qtype=sti-as>", "sip:2@out.example", "192.0.2.1:5061", MODE_VERIFY },
	{ "a header nobody knows", ALL, "dance", "<sip:1@h;qtype=sti-vs>", "sip:2@out.example", "192.0.2.1:5061", MODE_VERIFY },
	{ "a parameter", ALL, NULL, "<sip:1@h;qtype=sti-as>;tag=1", "sip:2@in.example", "192.0.2.1:5061", MODE_SIGN },
	{ "a parameter of the user part", ALL, NULL, "<sip:1;qtype=sti-vs@h>;tag=1", "sip:2@out.example", "192.0.2.1:5060", MODE_VERIFY },
	{ "of a tel URI", ALL, NULL, "<tel:+1404;qtype=sti-vs>;tag=1", "sip:2@out.example", "192.0.2.1:5060", MODE_VERIFY },
	{ "a parameter of the header", ALL, NULL, "<sip:1@h>;qtype=sti-vs", "sip:2@out.example", "192.0.2.1:5060", MODE_SIGN },
	{ "a parameter in a name", ALL, NULL, "\";qtype=sti-vs\" <sip:1@h>", "sip:2@out.example", "192.0.2.1:5060", MODE_SIGN },
	{ "a parameter nobody knows", ALL, NULL, "<sip:1@h;qtype=lnp>", "sip:2@in.example", "192.0.2.1:5061", MODE_VERIFY },
	{ "a parameter without value", ALL, NULL, "<sip:1@h;qtype>", "sip:2@in.example", "192.0.2.1:5061", MODE_VERIFY },
	{ "no From to read", ALL, NULL, "<sip:1@h", "sip:2@in.example", "192.0.2.1:5061", MODE_VERIFY },
	{ "a host", ALL, NULL, "<sip:1@h>", "sip:2@OUT.example.:5060", "192.0.2.1:5061", MODE_SIGN },
	{ "another host", ALL, NULL, "<sip:1@h>", "sip:2@xout.example", "192.0.2.1:5061", MODE_PASS },
	{ "a listener", ALL, NULL, "<sip:1@h>", "sip:2@x", "192.0.2.1:5061", MODE_PASS },
	{ "every address", ALL, NULL, "<sip:1@h>", "sip:2@x", "192.0.2.77:5062", MODE_VERIFY },
	{ "another address", ALL, NULL, "<sip:1@h>", "sip:2@x", "192.0.2.2:5061", MODE_AUTO },
};

#define TRUNKS "tenant: {trunk-header: X-Trunk, trunk-parameter: otg}\ntrunks: {" \
	       "a: {groups: [\"0001\", alpha]}, b: {sources: [192.0.2.64/26], groups: [\"0002\"]}, " \
	       "c: {sources: [192.0.2.128/25]}}\n"

static const struct {
	const char *what, *yaml, *source, *from, *header, *want;
} trunks[] = {
	{ "a group", TRUNKS, "192.0.2.1:1", "<sip:1@h;otg=0001>", NULL, "a" },
	{ "its other name", TRUNKS, "192.0.2.1:1", "<sip:1;otg=Alpha@h>", NULL, "a" },
	{ "by a header", TRUNKS, "192.0.2.1:1", "<sip:1@h>", "0001", "a" },
	{ "the first counts", TRUNKS, "192.0.2.200:1", "<sip:1@h;otg=0001>", NULL, "a" },
	{ "network and group", TRUNKS, "192.0.2.65:1", "<sip:1@h;otg=0002>", NULL, "b" },
	{ "group of another network", TRUNKS, "192.0.2.1:1", "<sip:1@h;otg=0002>", NULL, NULL },
	{ "network without the group", TRUNKS, "192.0.2.65:1", "<sip:1@h>", NULL, NULL },
	{ "a network", TRUNKS, "192.0.2.129:1", "<sip:1@h;otg=9>", NULL, "c" },
	{ "a part of a group", TRUNKS, "192.0.2.1:1", "<sip:1@h;otg=000>", NULL, NULL },
	{ "an empty group", TRUNKS, "192.0.2.1:1", "<sip:1@h;otg=>", "", NULL },
	{ "nothing", TRUNKS, "192.0.2.1:1", "<sip:1@h>", NULL, NULL },
	{ "no trunks", "", "192.0.2.129:1", "<sip:1@h;otg=0001>", "0001", NULL },
	{ "another parameter", "tenant: {trunk-parameter: tgrp}\ntrunks: {a: {groups: [x]}}\n", "192.0.2.1:1", "<sip:1;tgrp=x@h;otg=y>", NULL, "a" },
};
/* clang-format on */

static void know_words(void)
{
	for (size_t i = 0; i < SK_COUNT(words); i++) {
		enum conf_mode mode = MODE_AUTO;
		bool known = function_word(sk_span_of(words[i].word), &mode);

		CHECK(known == words[i].known, "%s", words[i].word);
		CHECK(mode == (known ? words[i].mode : MODE_AUTO), "%s: what it means",
		      words[i].word);
	}
}

static void find_mode(void)
{
	struct conf *conf = many_conf(service);

	for (size_t i = 0; i < SK_COUNT(modes); i++) {
		char yaml[1024];
		struct tenant *tenant;
		struct facts facts;

		snprintf(yaml, sizeof(yaml), "match: {hosts: [x]}\n%s", modes[i].yaml);
		tenant = many_tenant(conf, "a", yaml);
		many_ask(&facts, "192.0.2.9:5060", modes[i].local, modes[i].uri);
		facts.from = sk_span_of(modes[i].from);
		if (modes[i].header)
			many_header(&facts, "x-do", modes[i].header);
		CHECK(function_mode(tenant, &facts) == modes[i].want, "%s: got %d", modes[i].what,
		      (int)function_mode(tenant, &facts));
		tenant_unref(tenant);
	}
	conf_unref(conf);
}

static void find_trunk(void)
{
	struct conf *conf = many_conf(service);

	for (size_t i = 0; i < SK_COUNT(trunks); i++) {
		const struct trunk_conf *trunk;
		struct tenant *tenant;
		struct facts facts;
		char yaml[1024];

		snprintf(yaml, sizeof(yaml), "match: {hosts: [x]}\n%s", trunks[i].yaml);
		tenant = many_tenant(conf, "a", yaml);
		many_ask(&facts, trunks[i].source, "192.0.2.1:5060", "sip:1@x");
		facts.from = sk_span_of(trunks[i].from);
		if (trunks[i].header)
			many_header(&facts, "X-TRUNK", trunks[i].header);
		trunk = function_trunk(tenant, &facts);
		CHECK(trunk ? trunks[i].want && strcmp(trunk->name, trunks[i].want) == 0
			    : !trunks[i].want,
		      "%s: got %s", trunks[i].what, trunk ? trunk->name : "none");
		tenant_unref(tenant);
	}
	conf_unref(conf);
}

int main(void)
{
	know_words();
	find_mode();
	find_trunk();
	return check_result();
}
