/*
 * What a request says, read from its bytes: every example of the vectors, and a
 * table of shapes that must be read, refused, or left without an answer.
 */
#include "redirector/sip/facts.h"
#include "tests/check.h"
#include "tests/unit/pki.h"

#include <dirent.h>
#include <stdlib.h>

struct reading {
	struct scan scan;
	struct facts facts;
	struct return_path back;
	enum facts_result result;
	struct sk_buf head;
	char mem[32768];
};

static struct reading *read_text(const char *text, size_t len, const char *source)
{
	static struct reading r;

	memset(&r, 0, sizeof(r));
	if (!addr_parse(sk_span_of(source), &r.facts.source) ||
	    scan_message((struct sk_span){ text, len }, 128, &r.scan) != SCAN_OK) {
		r.result = FACTS_DROP;
		return &r;
	}
	sk_buf_init(&r.head, r.mem, sizeof(r.mem));
	r.result = facts_read((struct sk_span){ text, len }, &r.scan, &r.facts, &r.head, &r.back);
	return &r;
}

#define VIA  "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\n"
#define MAXF "Max-Forwards: 1\r\n"
#define FROM "From: <sip:a@b>;tag=1\r\n"
#define TO   "To: <sip:c@d>\r\n"
#define ID   "Call-ID: x\r\n"
#define CSEQ "CSeq: 1 INVITE\r\n"
#define REST MAXF FROM TO ID CSEQ

static struct reading *read_headers(const char *headers)
{
	static char text[20000];

	snprintf(text, sizeof(text), "INVITE sip:c@d SIP/2.0\r\n%s\r\n", headers);
	return read_text(text, strlen(text), "192.0.2.9:6060");
}

/* clang-format off */
static const struct {
	const char *name, *headers;
	enum facts_result want;
	bool complete;
} shapes[] = {
	{ "usual", VIA REST, FACTS_OK, true },
	{ "compact names", "v: SIP/2.0/UDP a;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: x\r\n" CSEQ MAXF, FACTS_OK, true },
	{ "odd case", "VIA: SIP/2.0/UDP a;branch=z9hG4bK1\r\nfrom: <sip:a@b>;tag=1\r\ntO: <sip:c@d>\r\nCALL-id: x\r\ncseq: 1 INVITE\r\nmax-FORWARDS: 2\r\n", FACTS_OK, true },
	{ "folded", VIA MAXF ID "From:\r\n <sip:a@b>\r\n ;tag=1\r\nTo: <sip:c@d>\r\nCSeq:\r\n\t1\r\n INVITE\r\n", FACTS_OK, true },
	{ "blank before colons", "Via : SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom\t: <sip:a@b>;tag=1\r\nTo : <sip:c@d>\r\nCall-ID : x\r\nCSeq : 1 INVITE\r\nMax-Forwards : 2\r\n", FACTS_OK, true },
	{ "body as said", VIA REST "Content-Length: 0\r\n", FACTS_OK, true },
	{ "zeros before the length", VIA REST "Content-Length: 00000000000000000000\r\n", FACTS_OK, true },
	{ "no Max-Forwards", VIA FROM TO ID CSEQ, FACTS_OK, false },
	{ "Max-Forwards twice", VIA REST MAXF, FACTS_OK, false },
	{ "no From tag", VIA MAXF TO ID CSEQ "From: <sip:a@b>\r\n", FACTS_OK, false },
	{ "no branch", "Via: SIP/2.0/UDP a\r\n" REST, FACTS_OK, false },
	{ "old branch", "Via: SIP/2.0/UDP a;branch=1\r\n" REST, FACTS_OK, false },
	{ "bare cookie", "Via: SIP/2.0/UDP a;branch=z9hG4bK\r\n" REST, FACTS_OK, false },
	{ "two From", VIA REST FROM, FACTS_BAD, false },
	{ "two From, one compact", VIA REST "f: <sip:x@y>;tag=1\r\n", FACTS_BAD, false },
	{ "two To", VIA REST TO, FACTS_BAD, false },
	{ "two Call-ID", VIA REST "i: y\r\n", FACTS_BAD, false },
	{ "two CSeq", VIA REST CSEQ, FACTS_BAD, false },
	{ "two Date", VIA REST "Date: x\r\nDate: x\r\n", FACTS_BAD, false },
	{ "no From", VIA MAXF TO ID CSEQ, FACTS_BAD, false },
	{ "no Call-ID", VIA MAXF FROM TO CSEQ, FACTS_BAD, false },
	{ "no CSeq", VIA MAXF FROM TO ID, FACTS_BAD, false },
	{ "CSeq of another method", VIA MAXF FROM TO ID "CSeq: 1 BYE\r\n", FACTS_BAD, false },
	{ "CSeq is no number", VIA MAXF FROM TO ID "CSeq: x INVITE\r\n", FACTS_BAD, false },
	{ "longer body said", VIA REST "Content-Length: 1\r\n", FACTS_BAD, false },
	{ "zeros before a length that is too long", VIA REST "l: 0000000001\r\n", FACTS_BAD, false },
	{ "zeros before no number", VIA REST "l: 00000000x\r\n", FACTS_BAD, false },
	{ "length is no number", VIA REST "Content-Length: 1x\r\n", FACTS_BAD, false },
	{ "negative length", VIA REST "l: -1\r\n", FACTS_BAD, false },
	{ "length without number", VIA REST "l:\r\n", FACTS_BAD, false },
	{ "huge length", VIA REST "l: 18446744073709551616\r\n", FACTS_BAD, false },
	{ "two lengths", VIA REST "l: 0\r\nContent-Length: 0\r\n", FACTS_BAD, false },
	{ "From is garbage", VIA MAXF TO ID CSEQ "From: <<<\r\n", FACTS_BAD, false },
	{ "no Via", REST, FACTS_DROP, false },
	{ "Via is garbage", "Via: garbage\r\n" REST, FACTS_DROP, false },
	{ "Via without host", "Via: SIP/2.0/UDP ;branch=z9hG4bK1\r\n" REST, FACTS_DROP, false },
	{ "no To to answer with", VIA MAXF FROM ID CSEQ, FACTS_DROP, false },
	{ "empty To", VIA MAXF FROM ID CSEQ "To:\r\n", FACTS_DROP, false },
};

/* The Via of the answer, and the port it goes to; the source is 192.0.2.9:6060 */
static const struct { const char *via, *head; unsigned port; } vias[] = {
	{ "SIP/2.0/UDP a.example;branch=z9hG4bK1", "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1;received=192.0.2.9\r\n", 5060 },
	{ "SIP/2.0/UDP 192.0.2.9:7070;branch=z9hG4bK1", "Via: SIP/2.0/UDP 192.0.2.9:7070;branch=z9hG4bK1\r\n", 7070 },
	{ "SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bK1", "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;received=192.0.2.9;rport=6060\r\n", 6060 },
	{ "SIP/2.0/UDP a;rport=1;branch=z9hG4bK1", "Via: SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.9;rport=6060\r\n", 6060 },
	{ "SIP/2.0/UDP a;received=9.9.9.9;branch=z9hG4bK1;x=y", "Via: SIP/2.0/UDP a;branch=z9hG4bK1;x=y;received=192.0.2.9\r\n", 5060 },
	{ "SIP/2.0/UDP a;maddr=9.9.9.9;ttl=3;branch=z9hG4bK1", "Via: SIP/2.0/UDP a;maddr=9.9.9.9;ttl=3;branch=z9hG4bK1;received=192.0.2.9\r\n", 5060 },
	{ "SIP/2.0/UDP [2001:db8::1]:70;branch=z9hG4bK1", "Via: SIP/2.0/UDP [2001:db8::1]:70;branch=z9hG4bK1;received=192.0.2.9\r\n", 70 },
	{ "SIP/2.0/UDP a:7;branch=z9hG4bK1, SIP/2.0/TCP b;branch=z9hG4bK0;received=1.1.1.1",
	  "Via: SIP/2.0/UDP a:7;branch=z9hG4bK1;received=192.0.2.9\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK0;received=1.1.1.1\r\n", 7 },
	{ "SIP/2.0/UDP a:7;branch=z9hG4bK1\r\nv: SIP/2.0/UDP b:8", "Via: SIP/2.0/UDP a:7;branch=z9hG4bK1;received=192.0.2.9\r\nVia: SIP/2.0/UDP b:8\r\n", 7 },
	{ "SIP / 2.0 / UDP  a : 7 ; branch=z9hG4bK1", "Via: SIP/2.0/UDP a:7;branch=z9hG4bK1;received=192.0.2.9\r\n", 7 },
};
/* clang-format on */

static void is(struct sk_span got, const char *want, const char *what)
{
	CHECK(sk_span_eq(got, sk_span_of(want)), "%s: got \"%.*s\", want \"%s\"", what,
	      (int)got.len, got.ptr ? got.ptr : "", want);
}

static void read_shapes(void)
{
	for (size_t i = 0; i < SK_COUNT(shapes); i++) {
		struct reading *r = read_headers(shapes[i].headers);

		CHECK(r->result == shapes[i].want, "%s: %d", shapes[i].name, r->result);
		CHECK(r->result != FACTS_OK || r->facts.complete == shapes[i].complete,
		      "%s: complete", shapes[i].name);
		CHECK(r->result == FACTS_DROP || strstr(r->mem, "\r\nTo: "), "%s: head",
		      shapes[i].name);
	}
}

static void read_vias(void)
{
	for (size_t i = 0; i < SK_COUNT(vias); i++) {
		char headers[1024];
		struct reading *r;

		snprintf(headers, sizeof(headers), "Via: %s\r\n" REST, vias[i].via);
		r = read_headers(headers);
		CHECK(r->result == FACTS_OK, "%s", vias[i].via);
		CHECK(strncmp(r->mem, vias[i].head, strlen(vias[i].head)) == 0 &&
			      strncmp(r->mem + strlen(vias[i].head), "From:", 5) == 0,
		      "%s: %s", vias[i].via, r->mem);
		CHECK(addr_port(&r->back.to) == vias[i].port, "%s: port %u", vias[i].via,
		      addr_port(&r->back.to));
		is(r->facts.branch, "z9hG4bK1", vias[i].via);
	}
}

static void six(void)
{
	const char *text =
		"INVITE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::9];rport\r\n" REST "\r\n";
	struct reading *r = read_text(text, strlen(text), "[2001:db8::9]:6060");

	CHECK(strstr(r->mem, ";received=2001:db8::9;rport=6060\r\n"), "IPv6: %s", r->mem);
	CHECK(addr_port(&r->back.to) == 6060, "rport");
	is(r->facts.sent_by, "[2001:db8::9]", "sent-by");
}

static void values(void)
{
	struct reading *r = read_headers(
		"Via: SIP/2.0/UDP p.example:5070;branch=z9hG4bK7\r\n" MAXF
		"f: \"B, b\" <sip:+1@b;x=\"y\">;tag=abc;q\r\nTo: <sip:c@d>;tag=zz\r\nCall-ID: "
		"a@b\r\nCSeq: 7  INVITE\r\nDate: some\r\n day\r\n"
		"Identity: one;info=<a,b>, two\r\ny:\r\nIdentity : three\r\n fold\r\n"
		"P-Asserted-Identity: \"x, y\" <sip:1@a>, <tel:+2>\r\n"
		"p-asserted-identity: <sip:3@c>\r\n");

	CHECK(r->result == FACTS_OK && r->facts.in_dialog, "read");
	is(r->facts.request_uri, "sip:c@d", "Request-URI");
	is(r->facts.from, "\"B, b\" <sip:+1@b;x=\"y\">;tag=abc;q", "From as it stands");
	is(r->facts.from_tag, "abc", "From tag");
	is(r->facts.call_id, "a@b", "Call-ID");
	is(r->facts.cseq, "7  INVITE", "CSeq");
	is(r->facts.sent_by, "p.example", "sent-by");
	is(r->facts.sent_port, "5070", "its port");
	is(r->facts.date, "some\r\n day", "Date");
	CHECK(r->facts.identity_count == 3, "%zu Identity values", r->facts.identity_count);
	is(r->facts.identities[0], "one;info=<a,b>", "first");
	is(r->facts.identities[1], "two", "second");
	is(r->facts.identities[2], "three\r\n fold", "third");
	CHECK(r->facts.pai_count == 2, "two P-Asserted-Identity values and no more");
	is(r->facts.pai[1], "<tel:+2>", "the second");
	is(facts_header(&r->facts, SK_SPAN("max-forwards")), "1", "any header");
	CHECK(!facts_header(&r->facts, SK_SPAN("None")).ptr, "none");
	CHECK(strstr(r->mem, "\r\nTo: <sip:c@d>;tag=zz") && r->mem[r->head.len - 1] != '\n',
	      "the To line comes last, open: %s", r->mem);
}

static void nine_identities(void)
{
	char headers[1024] = VIA REST;
	struct reading *r;

	for (int i = 0; i < 9; i++)
		snprintf(headers + strlen(headers), 32, "y: i%d\r\n", i);
	r = read_headers(headers);
	CHECK(r->facts.identity_count == 8, "eight of nine");
	is(r->facts.identities[7], "i7", "the first eight");
}

static void examples(void)
{
	char path[1024];
	int requests = 0, others = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sip/examples", getenv("VECTORS"));
	dir = opendir(path);
	CHECK(dir != NULL, "%s", path);
	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
		struct reading *r;
		size_t len;
		char *text;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "sip/examples/%s", e->d_name);
		text = pki_vector(path, &len);
		r = read_text(text, len, "192.0.2.10:5060");
		if (strstr(e->d_name, "invite")) {
			requests++;
			CHECK(r->result == FACTS_OK && r->facts.complete, "%s", e->d_name);
			CHECK(r->facts.identity_count == !strncmp(e->d_name, "vs-", 3), "%s",
			      e->d_name);
			CHECK((r->facts.date.len == 0) == !!strstr(e->d_name, "nodate"), "%s",
			      e->d_name);
			CHECK(r->facts.pai_count == !!strstr(e->d_name, "-pai"), "%s: %zu",
			      e->d_name, r->facts.pai_count);
		} else {
			others++;
			CHECK(r->result == FACTS_DROP, "%s is an answer", e->d_name);
		}
		free(text);
	}
	if (dir)
		closedir(dir);
	CHECK(requests == 4 && others == 13, "%d requests, %d answers", requests, others);
}

int main(void)
{
	read_shapes();
	read_vias();
	six();
	values();
	nine_identities();
	examples();
	return check_result();
}
