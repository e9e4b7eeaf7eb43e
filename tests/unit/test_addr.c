#include "redirector/base/addr.h"
#include "tests/check.h"

/* clang-format off */
static const struct { const char *text, *printed; } good[] = {
	{ "192.0.2.1:5060", NULL }, { "0.0.0.0:1", NULL }, { "255.255.255.255:65535", NULL }, { "127.0.0.1:0", NULL },
	{ ":5060", "0.0.0.0:5060" }, { "[2001:db8::1]:5060", NULL }, { "[::]:5060", NULL }, { "[::1]:0", NULL },
	{ "[2001:DB8:0:0::1]:1", "[2001:db8::1]:1" }, { "[::ffff:192.0.2.1]:5060", NULL }, { "192.0.2.1:05060", "192.0.2.1:5060" },
};
static const char *const bad[] = {
	"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:5060x", "192.0.2.1: 5060",
	"192.0.2:5060", "192.0.2.256:5060", "192.0.02.1:5060", "0x7f.0.0.1:5060", "2130706433:5060", "localhost:5060", "::1:5060", "[::1]", "[::1]5060",
	"[::1:5060", "::1]:5060", "[]:5060", "[fe80::1%eth0]:5060", "[192.0.2.1]:5060", " 192.0.2.1:5060", "*:5060", "192.0.2.1:123456",
};
static const char *const good_nets[] = {
	"0.0.0.0/0", "192.0.2.0/24", "192.0.2.1", "192.0.2.1/32", "::/0", "2001:db8::/32", "2001:db8::1", "::1/128", "10.128.0.0/9", "::ffff:192.0.2.0/120",
};
static const char *const bad_nets[] = {
	"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.1/24", "192.0.2.0/24/24", "192.0.2.0/-1", "192.0.2.0/x", "2001:db8::/129",
	"2001:db8::1/64", "example.com", "192.0.2", "[::1]/128", "192.0.2.0 /24", "0.0.0.1/0", "192.0.2.1:5060", "::ffff:192.0.2.1/120",
};
static const struct { const char *net, *addr; bool in; } members[] = {
	{ "192.0.2.0/24", "192.0.2.255:1", true }, { "192.0.2.0/24", "192.0.3.0:1", false }, { "0.0.0.0/0", "8.8.8.8:1", true },
	{ "0.0.0.0/0", "[2001:db8::1]:1", false }, { "::/0", "[2001:db8::1]:1", true }, { "::/0", "192.0.2.1:1", false },
	{ "192.0.2.0/24", "[::ffff:192.0.2.7]:1", true }, { "::/0", "[::ffff:192.0.2.7]:1", false },
	{ "::ffff:192.0.2.0/120", "192.0.2.7:1", true }, { "::ffff:192.0.2.0/120", "[::ffff:192.0.2.7]:1", true }, { "::ffff:192.0.2.0/120", "192.0.3.7:1", false },
	{ "10.128.0.0/9", "10.128.0.0:1", true }, { "10.128.0.0/9", "10.127.255.255:1", false }, { "192.0.2.1", "192.0.2.1:9", true }, { "192.0.2.1", "192.0.2.2:9", false },
	{ "2001:db8::/33", "[2001:db8:7fff::]:1", true }, { "2001:db8::/33", "[2001:db8:8000::]:1", false }, { "::1/128", "[::1]:1", true }, { "::1/128", "127.0.0.1:1", false },
};
/* clang-format on */

static void addresses(void)
{
	struct addr a, untouched = { .len = 77 };
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < SK_COUNT(good); i++) {
		CHECK(addr_parse(sk_span_of(good[i].text), &a), "%s", good[i].text);
		addr_print(&a, text);
		CHECK_STR(text, good[i].printed ? good[i].printed : good[i].text, "printed");
		CHECK(addr_eq(&a, &a), "%s", good[i].text);
	}
	for (size_t i = 0; i < SK_COUNT(bad); i++)
		CHECK(!addr_parse(sk_span_of(bad[i]), &untouched), "%s", bad[i]);
	CHECK(!addr_parse((struct sk_span){ "127.0.0.1\0:1", 12 }, &untouched), "a NUL inside");
	CHECK(untouched.len == 77, "set only on success");
}

static struct addr parsed(const char *text)
{
	struct addr a = { .len = 0 };

	CHECK(addr_parse(sk_span_of(text), &a), "%s", text);
	return a;
}

static void equality(void)
{
	struct addr a = parsed("192.0.2.1:5060"), b = parsed("192.0.2.1:5061"),
		    m = parsed("[::ffff:192.0.2.1]:5060"), six = parsed("[2001:db8::1]:5060");
	char text[ADDR_TEXT_SIZE];

	CHECK(!addr_eq(&a, &b), "another port");
	CHECK(addr_eq(&a, &m) && addr_eq(&m, &a), "mapped is the same");
	CHECK(!addr_eq(&a, &six), "another family");
	addr_set_port(&b, 5060);
	CHECK(addr_eq(&a, &b) && addr_port(&b) == 5060, "port set");
	addr_set_port(&six, 1);
	addr_print_host(&six, text);
	CHECK_STR(text, "2001:db8::1", "host alone");
	addr_print(&(struct addr){ .len = 0 }, text);
	CHECK_STR(text, "?:0", "no address");
}

static void networks(void)
{
	struct net net, nets[2];
	struct net_list list = { nets, 2 };
	struct addr a;

	for (size_t i = 0; i < SK_COUNT(good_nets); i++)
		CHECK(net_parse(sk_span_of(good_nets[i]), &net), "%s", good_nets[i]);
	for (size_t i = 0; i < SK_COUNT(bad_nets); i++)
		CHECK(!net_parse(sk_span_of(bad_nets[i]), &net), "%s", bad_nets[i]);
	for (size_t i = 0; i < SK_COUNT(members); i++) {
		CHECK(net_parse(sk_span_of(members[i].net), &net), "%s", members[i].net);
		a = parsed(members[i].addr);
		CHECK(net_has(&net, &a) == members[i].in, "%s in %s", members[i].addr,
		      members[i].net);
	}
	CHECK(net_parse(SK_SPAN("10.0.0.0/8"), &nets[0]) &&
		      net_parse(SK_SPAN("2001:db8::/32"), &nets[1]),
	      "two");
	a = parsed("[2001:db8::5]:1");
	CHECK(net_list_has(&list, &a), "in the second");
	a = parsed("11.0.0.1:1");
	CHECK(!net_list_has(&list, &a), "in neither");
	list.count = 0;
	CHECK(!net_list_has(&list, &a), "nobody");
}

int main(void)
{
	addresses();
	equality();
	networks();
	return check_result();
}
