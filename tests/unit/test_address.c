/*
 * The edges of every refused network, on both sides.
 */
#include "redirector/certs/address.h"
#include "tests/check.h"

/* clang-format off */
static const struct {
	const char *text;
	bool may;
} rows[] = {
	{ "0.0.0.0", false }, { "0.0.0.1", false }, { "0.255.255.255", false }, { "1.0.0.0", true },
	{ "9.255.255.255", true }, { "10.0.0.0", false }, { "10.255.255.255", false }, { "11.0.0.0", true },
	{ "100.63.255.255", true }, { "100.64.0.0", false }, { "100.127.255.255", false }, { "100.128.0.0", true },
	{ "126.255.255.255", true }, { "127.0.0.0", false }, { "127.0.0.1", false },
	{ "127.255.255.255", false }, { "128.0.0.0", true },
	{ "169.253.255.255", true }, { "169.254.0.0", false }, { "169.254.169.254", false },
	{ "169.254.255.255", false }, { "169.255.0.0", true },
	{ "172.15.255.255", true }, { "172.16.0.0", false }, { "172.31.255.255", false }, { "172.32.0.0", true },
	{ "191.255.255.255", true }, { "192.0.0.0", false }, { "192.0.0.255", false }, { "192.0.1.0", true },
	{ "192.0.1.255", true }, { "192.0.2.0", false }, { "192.0.2.255", false }, { "192.0.3.0", true },
	{ "192.31.195.255", true }, { "192.31.196.0", false }, { "192.31.197.0", true },
	{ "192.52.192.255", true }, { "192.52.193.0", false }, { "192.52.194.0", true },
	{ "192.88.98.255", true }, { "192.88.99.0", false }, { "192.88.99.255", false }, { "192.88.100.0", true },
	{ "192.167.255.255", true }, { "192.168.0.0", false }, { "192.168.255.255", false }, { "192.169.0.0", true },
	{ "192.175.47.255", true }, { "192.175.48.0", false }, { "192.175.49.0", true },
	{ "198.17.255.255", true }, { "198.18.0.0", false }, { "198.19.255.255", false }, { "198.20.0.0", true },
	{ "198.51.99.255", true }, { "198.51.100.0", false }, { "198.51.100.255", false }, { "198.51.101.0", true },
	{ "203.0.112.255", true }, { "203.0.113.0", false }, { "203.0.113.255", false }, { "203.0.114.0", true },
	{ "223.255.255.255", true }, { "224.0.0.0", false }, { "239.255.255.255", false },
	{ "240.0.0.0", false }, { "255.255.255.255", false }, { "8.8.8.8", true },
	/* IPv6: only 2000::/3 */
	{ "[::]", false }, { "[::1]", false }, { "[::2]", false }, { "[::127.0.0.1]", false }, { "[::8.8.8.8]", false },
	{ "[100::1]", false }, { "[1fff:ffff::1]", false }, { "[2000::]", true }, { "[2000::1]", true },
	{ "[2000:ffff::1]", true }, { "[2001::]", false }, { "[2001::1]", false }, { "[2001:1::1]", false },
	{ "[2001:10::1]", false }, { "[2001:20::1]", false }, { "[2001:1ff:ffff::1]", false }, { "[2001:200::]", true },
	{ "[2001:db7:ffff::1]", true }, { "[2001:db8::]", false }, { "[2001:db8:ffff::1]", false }, { "[2001:db9::]", true },
	{ "[2001:ffff::1]", true }, { "[2002::]", false }, { "[2002:0808:0808::1]", false }, { "[2002:7f00:1::]", false },
	{ "[2002:ffff:ffff::1]", false }, { "[2003::1]", true }, { "[2606:4700::1111]", true },
	{ "[3ffe:ffff::1]", true }, { "[3fff::]", false }, { "[3fff:fff:ffff::1]", false }, { "[3fff:1000::]", true },
	{ "[3fff:ffff::1]", true }, { "[4000::1]", false }, { "[5f00::1]", false }, { "[8000::1]", false },
	{ "[fbff::1]", false }, { "[fc00::1]", false }, { "[fd12:3456::1]", false }, { "[fdff::1]", false },
	{ "[fe80::1]", false }, { "[febf::1]", false }, { "[fec0::1]", false }, { "[ff02::1]", false }, { "[ffff::1]", false },
	/* an IPv4 address inside: mapped */
	{ "[::ffff:8.8.8.8]", true }, { "[::ffff:127.0.0.1]", false }, { "[::ffff:10.0.0.1]", false },
	{ "[::ffff:169.254.169.254]", false }, { "[::ffff:192.168.1.1]", false }, { "[::ffff:0.0.0.0]", false },
	{ "[::ffff:11.0.0.0]", true }, { "[::ffff:7f00:1]", false }, { "[::fffe:8.8.8.8]", false },
	{ "[::ffff:0:8.8.8.8]", false }, { "[1::ffff:8.8.8.8]", false },
	/* NAT64: the well-known prefix only; the local one (RFC 8215) may lead anywhere */
	{ "[64:ff9b::8.8.8.8]", true }, { "[64:ff9b::127.0.0.1]", false }, { "[64:ff9b::10.0.0.1]", false },
	{ "[64:ff9b::a9fe:a9fe]", false }, { "[64:ff9b::100.64.0.1]", false }, { "[64:ff9b::1:8.8.8.8]", false },
	{ "[64:ff9b:1::8.8.8.8]", false }, { "[64:ff9c::8.8.8.8]", false }, { "[64:ff9b:0:1::8.8.8.8]", false },
};
/* clang-format on */

int main(void)
{
	struct addr addr;
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		snprintf(text, sizeof(text), "%s:443", rows[i].text);
		if (!addr_parse(sk_span_of(text), &addr)) {
			CHECK(false, "%s is no address", rows[i].text);
			continue;
		}
		CHECK(address_may_ask(&addr) == rows[i].may, "%s", rows[i].text);
	}
	addr.sa.any.sa_family = AF_UNIX;
	CHECK(!address_may_ask(&addr), "a local socket");
	addr.sa.any.sa_family = AF_UNSPEC;
	CHECK(!address_may_ask(&addr), "no family");
	return check_result();
}
