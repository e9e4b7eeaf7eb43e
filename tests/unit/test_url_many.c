/*
 * Thousands of URLs and lists of hosts.  Each is put together from parts, so that the
 * verdict is known from how it was made; the same each time.
 */
#include "shaken/url.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	EACH = 1000, /* per class */
	PART = 700,  /* longer than what is allowed, on purpose */
};

struct parts {
	char scheme[32], user[32], host[PART], port[32], path[PART];
	unsigned number; /* of the port */
	bool v6, name;
};

static uint32_t state;

static unsigned draw(unsigned below)
{
	state = state * 1664525 + 1013904223;
	return (unsigned)((state >> 8) % below);
}

static void add(char *text, char c)
{
	size_t len = strlen(text);

	text[len] = c;
	text[len + 1] = '\0';
}

static void add_some(char *text, const char *from, unsigned count)
{
	while (count-- > 0)
		add(text, from[draw((unsigned)strlen(from))]);
}

static void put_name(char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCXYZ";
	static const char inner[] = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789--";
	static const char ends[] = "abcxyzXYZ019";
	unsigned labels = 1 + draw(5);

	host[0] = '\0';
	while (labels-- > 0) {
		/* the last one begins with a letter, else it could be an address */
		add_some(host, labels == 0 ? letters : ends, 1);
		if (draw(5) > 0) {
			add_some(host, inner, draw(12));
			add_some(host, ends, 1);
		}
		if (labels > 0)
			add(host, '.');
	}
}

static void put_v4(char *host)
{
	unsigned high = draw(65536), low = draw(65536);

	snprintf(host, PART, "%u.%u.%u.%u", high >> 8, high & 255, low >> 8, low & 255);
}

/* All eight groups, or fewer and a gap. */
static void put_v6(char *host)
{
	unsigned groups = draw(2) ? 8 : draw(8), gap = groups == 8 ? 9 : draw(groups + 1);

	host[0] = '\0';
	for (unsigned i = 0; i < groups; i++) {
		if (i == gap)
			strcat(host, "::");
		else if (i > 0)
			add(host, ':');
		add_some(host, "0123456789abcdefABCDEF", 1 + draw(4));
	}
	if (gap == groups)
		strcat(host, "::");
}

static void put_path(char *path)
{
	static const char plain[] = "abcxyzABC019/-._~!$&'()*+,;=:@";
	unsigned len = draw(60);

	strcpy(path, "/");
	while (len-- > 0) {
		if (draw(10) > 0) {
			add_some(path, plain, 1);
			continue;
		}
		add(path, '%');
		add_some(path, "0123456789abcdefABCDEF", 2);
	}
}

static void good(struct parts *p)
{
	static const char *const ports[] = { "", ":443", ":8443" };
	unsigned port = draw(3), kind = draw(6);

	*p = (struct parts){ .scheme = "https://", .number = port == 2 ? 8443 : 443 };
	strcpy(p->port, ports[port]);
	p->v6 = kind == 0;
	p->name = kind > 1;
	if (p->v6)
		put_v6(p->host);
	else if (p->name)
		put_name(p->host);
	else
		put_v4(p->host);
	put_path(p->path);
}

static struct sk_span whole(const struct parts *p, char text[4 * PART])
{
	int len = snprintf(text, 4 * PART, "%s%s%s%s%s%s%s", p->scheme, p->user, p->v6 ? "[" : "",
			   p->host, p->v6 ? "]" : "", p->port, p->path);

	return (struct sk_span){ text, (size_t)len };
}

/* --- what is bad; each takes a good one and spoils it --- */

#define PICK(list) ((list)[draw(SK_COUNT(list))])

static void bad_scheme(struct parts *p)
{
	static const char *const list[] = {
		"http://", "HTTPS://", "https:/",   "https:",           "ftp://",
		"",        "//",       " https://", "https:\\\\",       "https:///",
		"wss://",  "https//",  "file://",   "https://https://",
	};

	strcpy(p->scheme, PICK(list));
}

static void bad_user(struct parts *p)
{
	static const char *const list[] = { "u@",         "u:p@", "@",     ":@",
					    "a.example@", "%40@", "u%3a@", "127.0.0.1:443@",
					    "a@b@",       "\\@" };

	strcpy(p->user, PICK(list));
}

static void insert(char *text, size_t at, const char *what)
{
	size_t len = strlen(what);

	memmove(text + at + len, text + at, strlen(text + at) + 1);
	memcpy(text + at, what, len);
}

/* What neither a host nor a path may have. */
static const char *foreign(bool in_path)
{
	static const char bytes[] = "\001\t\n\r \"#<>?\\^`{|}\177\200\303\377";
	static const char *const escapes[] = { "%", "%g0", "%0g", "%%", "%-1", "[", "]" };
	static char one[2];

	if (in_path && draw(4) == 0)
		return PICK(escapes);
	one[0] = bytes[draw(sizeof(bytes) - 1)];
	return one;
}

static void bad_host_byte(struct parts *p)
{
	static const char *const more[] = { "_", "%61", "*", "!", "~", "@", "\\", "(", "$", "," };
	const char *what = draw(2) ? foreign(false) : PICK(more);

	insert(p->host, draw((unsigned)strlen(p->host) + 1), what);
}

static void bad_path_byte(struct parts *p)
{
	const char *what = foreign(true);
	size_t len = strlen(p->path);

	/* a bare % is spoiled at the end only: elsewhere two digits may follow */
	insert(p->path, strcmp(what, "%") == 0 ? len : 1 + draw((unsigned)len), what);
}

static void bad_labels(struct parts *p)
{
	static const char *const fronts[] = { ".", "-", ".." };
	static const char *const backs[] = { ".", "..a", "-", "-.a", ".1", ".0x7f" };
	unsigned kind = draw(8);

	p->v6 = false;
	put_name(p->host);
	if (kind == 0) { /* more than 253 */
		while (strlen(p->host) <= 253)
			strcat(p->host, ".abcdefghij");
	} else if (kind == 1) { /* a label of 64 or more */
		strcat(p->host, ".a");
		add_some(p->host, "abc012-", 62 + draw(30));
		add(p->host, 'z');
	} else if (kind < 4) {
		insert(p->host, 0, PICK(fronts));
	} else {
		strcat(p->host, PICK(backs));
	}
}

static void bad_v4(struct parts *p)
{
	static const struct {
		const char *front, *back;
		int parts;
	} forms[] = {
		{ "0", "", 4 },   { "0x", "", 4 },  { "", ".1", 4 },  { "", ".", 4 },
		{ "", "a", 4 },   { "", "", 3 },    { "", "", 2 },    { "", ".256", 3 },
		{ "", ".01", 3 }, { "", ".-1", 3 }, { "", "..1", 3 }, { "999.", "", 3 },
	};
	size_t form = draw(SK_COUNT(forms)), len = 0;

	p->v6 = false;
	put_v4(p->host);
	for (int dots = 0; p->host[len]; len++) {
		dots += p->host[len] == '.';
		if (dots == forms[form].parts)
			break;
	}
	p->host[len] = '\0';
	insert(p->host, 0, forms[form].front);
	strcat(p->host, forms[form].back);
}

static void bad_v6(struct parts *p)
{
	static const char *const tails[] = {
		":1:2:3:4:5:6:7:8:9",
		"::1::2",
		":::1",
		":g",
		":12345",
		":",
		"%25eth0",
		"%lo",
		":127.0.0.1",
		"::127.0.0.1",
		"::1]:443[",
	};
	static const char *const whole_ones[] = {
		"", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8::", "a.example"
	};

	p->v6 = true;
	put_v6(p->host);
	if (draw(3) == 0)
		strcpy(p->host, PICK(whole_ones));
	else if (draw(8) == 0)
		p->v6 = false; /* without its brackets */
	else if (strchr(p->host, ':') && strlen(p->host) > 2 && p->host[strlen(p->host) - 1] != ':')
		strcat(p->host, PICK(tails));
	else
		strcpy(p->host, "1::2::3");
}

static void bad_port(struct parts *p)
{
	static const char *const list[] = {
		":",           ":0",       ":0443",  ":443a",  ":+443",
		": 443",       ":443 ",    ":65536", ":99999", ":-1",
		":4294967739", ":443:443", ":0x1bb", ":08443", ":\xd9\xa4",
	};

	strcpy(p->port, PICK(list));
}

static void bad_end(struct parts *p)
{
	static const char *const list[] = { "", "?", "?a", "#", "#a", "\\a", "?/a", "#/a" };

	strcpy(p->path, PICK(list));
}

static void bad_length(struct parts *p)
{
	while (strlen(p->path) <= SK_URL_MAX - strlen("https://h"))
		add_some(p->path, "abc/", 1 + draw(9));
}

static void test_many(void)
{
	static void (*const classes[])(struct parts *) = {
		bad_scheme, bad_user, bad_host_byte, bad_path_byte, bad_labels,
		bad_v4,     bad_v6,   bad_port,      bad_end,       bad_length,
	};
	char text[4 * PART];
	struct parts p;

	for (int i = 0; i < 6 * EACH; i++) {
		struct sk_url url = { .port = 0 };
		struct sk_span span = (good(&p), whole(&p, text));

		CHECK(sk_url_parse(span, SK_URL_STRICT, &url) && url.port == p.number &&
			      sk_span_eq(url.host, sk_span_of(p.host)) &&
			      sk_span_eq(url.path, sk_span_of(p.path)) &&
			      sk_url_parse(span, SK_URL_LAB, NULL),
		      "good: %s", text);
	}
	for (size_t c = 0; c < SK_COUNT(classes); c++) {
		for (int i = 0; i < EACH; i++) {
			struct sk_span span;

			good(&p);
			classes[c](&p);
			span = whole(&p, text);
			CHECK(!sk_url_parse(span, SK_URL_STRICT, NULL) &&
				      !sk_url_parse(span, SK_URL_LAB, NULL),
			      "bad, class %zu: %s", c, text);
		}
	}
}

/* A port of its own is for the laboratory. */
static void test_ports(void)
{
	char text[4 * PART];
	struct parts p;

	for (unsigned port = 1; port <= UINT16_MAX; port += 1 + draw(20)) {
		struct sk_span span;
		bool strict = port == 443 || port == 8443;

		good(&p);
		snprintf(p.port, sizeof(p.port), ":%u", port);
		span = whole(&p, text);
		CHECK(sk_url_parse(span, SK_URL_STRICT, NULL) == strict &&
			      sk_url_parse(span, SK_URL_LAB, NULL),
		      "port: %s", text);
	}
}

static bool listed(const char *host, const char *item)
{
	char none[] = "nobody.invalid", copy[PART + 16], *items[] = { none, copy };

	snprintf(copy, sizeof(copy), "%s", item);
	return sk_url_host_listed(sk_span_of(host), items, 2);
}

static void other_case(const char *from, char *to)
{
	for (; *from; from++, to++)
		*to = draw(2) && ((*from >= 'a' && *from <= 'z') || (*from >= 'A' && *from <= 'Z'))
			      ? (char)(*from ^ 0x20)
			      : *from;
	*to = '\0';
}

static void test_list(void)
{
	char item[PART + 16], *empty[1] = { item };

	for (int i = 0; i < 5 * EACH; i++) {
		struct parts p;
		const char *dot;

		good(&p);
		other_case(p.host, item);
		dot = strchr(item, '.');
		CHECK(listed(p.host, item), "itself: %s %s", p.host, item);
		CHECK(!sk_url_host_listed(sk_span_of(p.host), empty, 0), "nobody: %s", p.host);
		if (dot)
			CHECK(!listed(p.host, dot) && !listed(p.host, dot + 1), "its end: %s",
			      item);
		strcat(item, ".");
		CHECK(!listed(p.host, item), "a dot at the end: %s", item);
		for (; dot && dot[1]; dot = strchr(dot + 1, '.')) {
			char below[PART + 16];

			snprintf(below, sizeof(below), "*%.*s", (int)strlen(dot) - 1, dot);
			CHECK(listed(p.host, below) == p.name, "below: %s %s", p.host, below);
		}
		snprintf(item, sizeof(item), "*.%s", p.host);
		CHECK(!listed(p.host, item), "not itself: %s", item);
		snprintf(item, sizeof(item), "x%s", p.host);
		CHECK(!listed(p.host, item) && !listed(item, p.host), "longer: %s", item);
	}
}

int main(void)
{
	test_many();
	test_ports();
	test_list();
	return check_result();
}
