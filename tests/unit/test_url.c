#include "shaken/url.h"
#include "tests/check.h"

#include <stdio.h>

static void test_accepted(void)
{
	static const struct {
		const char *in, *host;
		uint16_t port;
		const char *path;
	} cases[] = {
		{ "https://cert.example.org/passport.cer", "cert.example.org", 443,
		  "/passport.cer" },
		{ "https://cert.example.org/", "cert.example.org", 443, "/" },
		{ "https://cert.example.org:443/a", "cert.example.org", 443, "/a" },
		{ "https://cert.example.org:8443/a", "cert.example.org", 8443, "/a" },
		{ "https://CERT.Example.ORG/A", "CERT.Example.ORG", 443, "/A" },
		{ "https://localhost/a", "localhost", 443, "/a" },
		{ "https://a/b", "a", 443, "/b" },
		{ "https://xn--bcher-kva.example/a", "xn--bcher-kva.example", 443, "/a" },
		{ "https://3com.example/a", "3com.example", 443, "/a" },
		{ "https://192.0.2.1/a", "192.0.2.1", 443, "/a" },
		{ "https://255.255.255.255:8443/a", "255.255.255.255", 8443, "/a" },
		{ "https://[2001:db8::1]/a", "2001:db8::1", 443, "/a" },
		{ "https://[::]:8443/a", "::", 8443, "/a" },
		{ "https://[2001:DB8:1:2:3:4:5:6]/a", "2001:DB8:1:2:3:4:5:6", 443, "/a" },
		{ "https://[1::2:3:4:5:6:7]/a", "1::2:3:4:5:6:7", 443, "/a" },
		{ "https://[fe80::]/a", "fe80::", 443, "/a" },
		{ "https://a.example/%41%2f%00/x", "a.example", 443, "/%41%2f%00/x" },
		{ "https://a.example//x/../y/.", "a.example", 443, "//x/../y/." },
		{ "https://a.example/-._~!$&'()*+,;=:@", "a.example", 443, "/-._~!$&'()*+,;=:@" },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_url url = { .port = 1 };

		CHECK(sk_url_parse(sk_span_of(cases[i].in), SK_URL_STRICT, &url), "%s",
		      cases[i].in);
		CHECK(sk_span_eq(url.host, sk_span_of(cases[i].host)), "%s: host", cases[i].in);
		CHECK(sk_span_eq(url.path, sk_span_of(cases[i].path)), "%s: path", cases[i].in);
		CHECK(url.port == cases[i].port, "%s: port %u", cases[i].in, url.port);
		CHECK(sk_url_parse(sk_span_of(cases[i].in), SK_URL_LAB, NULL), "%s: lab",
		      cases[i].in);
	}
}

static void test_refused(void)
{
	static const char *const cases[] = {
		"",
		"https",
		"https:",
		"https:/",
		"https://",
		"https:///a",
		"https:/a.example/a",
		"https:a.example/a",
		"https:\\\\a.example/a",
		"http://a.example/a",
		"HTTPS://a.example/a",
		"ftp://a.example/a",
		"file:///etc/passwd",
		"//a.example/a",
		"a.example/a",
		" https://a.example/a",
		"https://a.example/a ",
		"https://a.example/a\n",
		"https://a.example/a\r\nX: y",
		"https://a.example",
		"https://a.example:443",
		"https://a.example?x",
		"https://a.example#x",
		"https://a.example/a?",
		"https://a.example/a?b=c",
		"https://a.example/a#",
		"https://a.example/a#b",
		"https://u@a.example/a",
		"https://u:p@a.example/a",
		"https://@a.example/a",
		"https://a.example@b.example/a",
		"https://a.example:443@b.example/a",
		"https://a.example\\@b.example/a",
		"https://a.example\\b/a",
		"https://a.example/a\\b",
		"https://a.example:/a",
		"https://a.example:0/a",
		"https://a.example:0443/a",
		"https://a.example:443a/a",
		"https://a.example:+443/a",
		"https://a.example: 443/a",
		"https://a.example:65536/a",
		"https://a.example:4294967739/a",
		"https://a.example:99999999999999999443/a",
		"https://.example/a",
		"https://a..example/a",
		"https://a.example./a",
		"https://-a.example/a",
		"https://a-.example/a",
		"https://a_b.example/a",
		"https://a%2eexample/a",
		"https://%31%32%37.0.0.1/a",
		"https://\303\251.example/a",
		"https://a b.example/a",
		"https://127.1/a",
		"https://2130706433/a",
		"https://0x7f.1/a",
		"https://127.0.0.0x1/a",
		"https://127.0.0.01/a",
		"https://127.0.0.256/a",
		"https://127.0.0.1./a",
		"https://127.0.0.1.1/a",
		"https://127.0.0/a",
		"https://[]/a",
		"https://[::1/a",
		"https://::1/a",
		"https://[::1]a/a",
		"https://[:1:]/a",
		"https://[1:2:3:4:5:6:7]/a",
		"https://[1:2:3:4:5:6:7:8:9]/a",
		"https://[1:2:3:4:5:6:7:8::]/a",
		"https://[1::2::3]/a",
		"https://[:::]/a",
		"https://[1:2:3:4:5:6:7:]/a",
		"https://[12345::]/a",
		"https://[g::]/a",
		"https://[fe80::1%25eth0]/a",
		"https://[::ffff:127.0.0.1]/a",
		"https://[127.0.0.1]/a",
		"https://[a.example]/a",
		"https://a.example/%",
		"https://a.example/%4",
		"https://a.example/%zz",
		"https://a.example/a%4",
		"https://a.example/<a>",
		"https://a.example/\"a\"",
		"https://a.example/a|b",
		"https://a.example/{a}",
		"https://a.example/[a]",
		"https://a.example/a^b",
		"https://a.example/`a`",
		"https://a.example/\177",
		"https://a.example/\303\251",
		"https://a.example/\001",
		"https://https://a.example/a",
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++) {
		struct sk_url url = { .port = 1 };

		CHECK(!sk_url_parse(sk_span_of(cases[i]), SK_URL_STRICT, &url), "%s", cases[i]);
		CHECK(!sk_url_parse(sk_span_of(cases[i]), SK_URL_LAB, &url), "%s: lab", cases[i]);
		CHECK(url.port == 1 && !url.host.ptr, "%s: untouched", cases[i]);
	}
	CHECK(!sk_url_parse((struct sk_span){ "https://a.example/\0", 19 }, SK_URL_STRICT, NULL),
	      "NUL");
}

static void test_ports(void)
{
	static const char *const others[] = { "1", "80", "444", "5061", "8080", "8444", "65535" };
	struct sk_url url;
	char text[64];

	for (size_t i = 0; i < SK_COUNT(others); i++) {
		snprintf(text, sizeof(text), "https://a.example:%s/a", others[i]);
		CHECK(!sk_url_parse(sk_span_of(text), SK_URL_STRICT, NULL), "%s", text);
		CHECK(sk_url_parse(sk_span_of(text), SK_URL_LAB, &url), "%s: lab", text);
	}
	CHECK(url.port == 65535, "the last port");
}

static void test_lengths(void)
{
	char text[SK_URL_MAX + 2];

	snprintf(text, sizeof(text), "https://a.example/%0*d", SK_URL_MAX - 18, 0);
	CHECK(strlen(text) == SK_URL_MAX && sk_url_parse(sk_span_of(text), SK_URL_STRICT, NULL),
	      "the longest");
	snprintf(text, sizeof(text), "https://a.example/%0*d", SK_URL_MAX - 17, 0);
	CHECK(!sk_url_parse(sk_span_of(text), SK_URL_STRICT, NULL), "one more");

	snprintf(text, sizeof(text), "https://a%062d/a", 0);
	CHECK(sk_url_parse(sk_span_of(text), SK_URL_STRICT, NULL), "label of 63");
	snprintf(text, sizeof(text), "https://a%063d/a", 0);
	CHECK(!sk_url_parse(sk_span_of(text), SK_URL_STRICT, NULL), "label of 64");

	snprintf(text, sizeof(text), "https://a%062d.a%062d.a%062d.a%060d/a", 0, 0, 0, 0);
	CHECK(sk_url_parse(sk_span_of(text), SK_URL_STRICT, NULL), "host of 253");
	snprintf(text, sizeof(text), "https://a%062d.a%062d.a%062d.a%061d/a", 0, 0, 0, 0);
	CHECK(!sk_url_parse(sk_span_of(text), SK_URL_STRICT, NULL), "host of 254");
}

static bool listed(const char *host, const char *item)
{
	char none[] = "nobody.invalid", copy[64], *items[] = { none, copy };

	snprintf(copy, sizeof(copy), "%s", item);
	return sk_url_host_listed(sk_span_of(host), items, 2);
}

static void test_listed(void)
{
	static const struct {
		const char *host, *item;
		bool listed;
	} cases[] = {
		{ "cert.example.net", "cert.example.net", true },
		{ "CERT.example.NET", "cert.EXAMPLE.net", true },
		{ "a.example.net", "*.example.net", true },
		{ "a.b.c.example.net", "*.EXAMPLE.net", true },
		{ "example.net", "*.net", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "2001:db8::1", "2001:DB8::1", true },
		{ "example.net", "*.example.net", false },
		{ "badexample.net", "*.example.net", false },
		{ "badexample.net", "example.net", false },
		{ "example.net.evil.org", "*.example.net", false },
		{ "example.net.evil.org", "example.net", false },
		{ "cert.example.net", "cert.example.net.", false },
		{ "cert.example.net.", "cert.example.net", false },
		{ "cert.example.net.", "cert.example.net.", false },
		{ "cert.example.net", "*", false },
		{ "cert.example.net", "*.", false },
		{ "cert.example.net", ".", false },
		{ "cert.example.net", "", false },
		{ "cert.example.net", ".example.net", false },
		{ "cert.example.net", "**.example.net", false },
		{ "cert.example.net", "*.*.net", false },
		{ "cert.example.net", "cert.*.net", false },
		{ "cert.example.net", "c*.example.net", false },
		{ "cert.example.net", " cert.example.net", false },
		{ "cert.example.net", "https://cert.example.net", false },
		{ "cert.example.net", "cert.example.net:443", false },
		{ "*", "*", false },
		{ "", "", false },
		{ "", "*", false },
		{ ".example.net", "*.example.net", false },
		{ "192.0.2.1", "*.0.2.1", false },
		{ "192.0.2.1", "*.2.1", false },
		{ "2001:db8::1", "*.1", false },
		{ "2001:db8::1", "[2001:db8::1]", false },
	};

	for (size_t i = 0; i < SK_COUNT(cases); i++)
		CHECK(listed(cases[i].host, cases[i].item) == cases[i].listed, "%s on %s",
		      cases[i].host, cases[i].item);
	CHECK(!sk_url_host_listed(SK_SPAN("a.example"), NULL, 0), "no list");
	CHECK(!sk_url_host_listed((struct sk_span){ NULL, 0 }, NULL, 0), "nothing on no list");
}

int main(void)
{
	CHECK(!sk_url_parse((struct sk_span){ NULL, 0 }, SK_URL_STRICT, NULL), "nothing");
	test_accepted();
	test_refused();
	test_ports();
	test_lengths();
	test_listed();

	return check_result();
}
