#include "redirector/call/contact.h"
#include "redirector/call/uri.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#define SOURCE   "answer: {verstat-in: [contact-uri]}\n"
#define REQUEST  "answer: {contact: request-uri, verstat-in: [contact-uri]}\n"
#define USER     "answer: {verstat-in: [contact-user]}\n"
#define RUSER    "answer: {contact: request-uri, verstat-in: [contact-user]}\n"
#define TEMPLATE "answer: {contact: template, verstat-in: [contact-user], contact-template: "
#define V        "TN-Validation-Passed"

/* clang-format off */
static const struct {
	const char *name, *yaml, *uri, *source, *verstat, *headers, *want;
	bool differs;
} rows[] = {
	{ "source", SOURCE, KIT_URI, NULL, "", "", "<sip:+12155551213@192.0.2.9:6060;user=phone>", true },
	{ "verstat in URI", SOURCE, KIT_URI, NULL, V, "", "<sip:+12155551213@192.0.2.9:6060;user=phone;verstat=" V ">", true },
	{ "verstat in user", USER, KIT_URI, NULL, V, "", "<sip:+12155551213;verstat=" V "@192.0.2.9:6060;user=phone>", true },
	{ "usual port", SOURCE, KIT_URI, "192.0.2.9:5060", "", "", "<sip:+12155551213@192.0.2.9;user=phone>", true },
	{ "IPv6", SOURCE, KIT_URI, "[2001:db8::1]:5060", "", "", "<sip:+12155551213@[2001:db8::1]:5060;user=phone>", true },
	{ "headers", SOURCE, KIT_URI, NULL, V, "A=b&C=d", "<sip:+12155551213@192.0.2.9:6060;user=phone;verstat=" V "?A=b&C=d>", true },
	{ "equal", SOURCE, "sip:1@192.0.2.9:6060", NULL, "", "", "<sip:1@192.0.2.9:6060;transport=udp>", true },
	{ "equal but for parameters that do not count", SOURCE, "sip:1@192.0.2.9:6060;x=y", NULL, V, "", "<sip:1@192.0.2.9:6060;transport=udp;verstat=" V ">", true },
	{ "equal but for headers", SOURCE, "sip:1@192.0.2.9:6060", NULL, "", "A=b", "<sip:1@192.0.2.9:6060?A=b>", true },
	{ "sips", SOURCE, "sips:1@a", NULL, "", "", "<sips:1@192.0.2.9:6060>", true },
	{ "tel", SOURCE, "tel:+1-215;phone-context=+1", NULL, "", "", "<sip:+1-215;phone-context=+1@192.0.2.9:6060;user=phone>", true },
	{ "urn keeps its target", SOURCE, "urn:service:sos", NULL, V, "", "<urn:service:sos>", false },
	{ "urn that must carry headers", SOURCE, "urn:service:sos", NULL, "", "A=b", "<sip:192.0.2.9:6060?A=b>", true },
	{ "tel that must carry headers", "answer: {contact: request-uri}\n", "tel:+12155551213", NULL, "", "A=b", "<sip:+12155551213@192.0.2.9:6060;user=phone?A=b>", true },
	{ "a user of parameters only", USER, "sip:;verstat=x@a", NULL, V, "", "<sip:192.0.2.9:6060>", true },
	{ "a tel URI of parameters only", SOURCE, "tel:;verstat=x", NULL, "", "", "<sip:192.0.2.9:6060;user=phone>", true },
	{ "no user", USER, "sip:a.example", NULL, V, "", "<sip:192.0.2.9:6060>", true },
	{ "user=ip", SOURCE, "sip:1@a;user=ip", NULL, "", "", "<sip:1@192.0.2.9:6060>", true },
	{ "password is dropped", SOURCE, "sip:1:secret@a", NULL, "", "", "<sip:1@192.0.2.9:6060>", true },
	{ "a stranger's verstat goes", USER, "sip:1;verstat=TN-Validation-Failed;x=y@a", NULL, V, "", "<sip:1;x=y;verstat=" V "@192.0.2.9:6060>", true },
	{ "a stranger's verstat goes without ours", SOURCE, "sip:1;VERSTAT=x@a;verstat=y", NULL, "", "", "<sip:1@192.0.2.9:6060>", true },
	{ "request-uri", REQUEST, KIT_URI, NULL, "", "", "<" KIT_URI ";transport=udp>", true },
	{ "request-uri, verstat", REQUEST, KIT_URI, NULL, V, "", "<" KIT_URI ";transport=udp;verstat=" V ">", true },
	{ "request-uri, verstat in user", RUSER, KIT_URI, NULL, V, "", "<sip:+12155551213;verstat=" V "@sti.example.net;user=phone>", true },
	{ "request-uri, has transport", REQUEST, "sip:1@a;transport=tcp", NULL, "", "", "<sip:1@a;transport=tcp>", false },
	{ "request-uri, lr and method go", REQUEST, "sip:1@a;lr;x=y;method=BYE;verstat=z", NULL, "", "", "<sip:1@a;x=y>", true },
	{ "request-uri, headers go", REQUEST, "sip:1@a?Route=x", NULL, "", "", "<sip:1@a>", true },
	{ "request-uri, port and IPv6", REQUEST, "sip:1@[2001:db8::5]:70", NULL, "", "", "<sip:1@[2001:db8::5]:70;transport=udp>", true },
	{ "request-uri, tel", REQUEST, "tel:+1215", NULL, "", "", "<tel:+1215>", false },
	{ "request-uri, tel, verstat", RUSER, "tel:+1215;npdi", NULL, V, "", "<tel:+1215;npdi;verstat=" V ">", true },
	{ "request-uri names us", REQUEST, "sip:1@192.0.2.1", NULL, "", "", "<sip:1@192.0.2.9:6060>", true },
	{ "request-uri names us with a port", REQUEST, "sip:1@192.0.2.1:5060;x=y", NULL, "", "", "<sip:1@192.0.2.9:6060>", true },
	{ "request-uri names another port", REQUEST, "sip:1@192.0.2.1:5080", NULL, "", "", "<sip:1@192.0.2.1:5080;transport=udp>", true },
	{ "template", TEMPLATE "\"sip:{user}@next.example:{port};x={host}\"}\n", KIT_URI, NULL, V, "", "<sip:+12155551213;verstat=" V "@next.example:5060;x=sti.example.net>", true },
	{ "template, no user", TEMPLATE "\"sip:{user}@next.example\"}\n", "sip:a.example", NULL, V, "", "<sip:next.example>", true },
	{ "template, tel has no host", TEMPLATE "\"sip:{user}@{host}\"}\n", "tel:+1215", NULL, "", "", "<sip:+1215@192.0.2.9:6060;user=phone>", true },
	{ "template, equal", TEMPLATE "\"sip:{user}@{host}:{port}\"}\n", "sip:1@a:70", NULL, "", "", "<sip:1@a:70;transport=udp>", true },
};

/* P-Asserted-Identity made of the caller's header; want NULL: refused */
static const struct { const char *caller, *want; } callers[] = {
	{ "\"Bob\" <sip:+1@a;user=phone>;tag=1", "\"Bob\" <sip:+1;verstat=" V "@a;user=phone>" },
	{ "<sip:+1@a>", "<sip:+1;verstat=" V "@a>" },
	{ "sip:+1@a;tag=1", "<sip:+1;verstat=" V "@a>" },
	{ "<tel:+1;npdi>", "<tel:+1;npdi;verstat=" V ">" },
	{ "<sip:+1;verstat=x;a=b@a:70;verstat=y;q=r?h=i>;tag=1", "<sip:+1;a=b;verstat=" V "@a:70;q=r>" },
	{ "<sip:a.example>", "<sip:a.example;verstat=" V ">" },
	{ "<sip:a.example;verstat=x>", "<sip:a.example;verstat=" V ">" },
	{ "<sip:[2001:db8::1]:70>", "<sip:[2001:db8::1]:70;verstat=" V ">" },
	{ "\"a \\\" <sip:x@y>\" <sip:+1@a>", "\"a \\\" <sip:x@y>\" <sip:+1;verstat=" V "@a>" },
	{ "Bob\r\n <sip:+1@a>", "Bob <sip:+1;verstat=" V "@a>" },
	{ "\"Bob\r\n B\" <sip:+1@a>", "<sip:+1;verstat=" V "@a>" },
	{ "sip:+2@b;verstat=" V " <sip:+1@a>", "<sip:+1;verstat=" V "@a>" },
	{ "\"x;verstat=" V "\" <sip:+1@a>", "<sip:+1;verstat=" V "@a>" },
	{ "<sip:+1;%76erstat=" V "@a;VERSTAT=x>", "<sip:+1;verstat=" V "@a>" },
	{ "<sip:;verstat=x@a>", "<sip:a;verstat=" V ">" },
	{ "<sip:anonymous@anonymous.invalid>", "<sip:anonymous;verstat=" V "@anonymous.invalid>" },
	{ "\"open <sip:+1@a>", NULL }, { "<sip:+1@a", NULL }, { "<sip:+1 2@a>", NULL }, { "", NULL }, { "<>", NULL },
	{ "<nothing>", NULL }, { "<sip:+1@a\">", NULL }, { "<sip:+1@a>, <sip:+2@b>", NULL }, { "<sip:\xc3\xa9@a>", NULL },
};
/* clang-format on */

static void contacts(void)
{
	char mem[8192];
	struct sk_buf out;

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct call *c = kit_call(rows[i].yaml);

		c->facts.request_uri = sk_span_of(rows[i].uri);
		if (rows[i].source && !addr_parse(sk_span_of(rows[i].source), &c->facts.source))
			exit(1);
		sk_buf_init(&out, mem, sizeof(mem));
		CHECK(contact_print(c, rows[i].verstat, rows[i].headers, &out) == rows[i].differs,
		      "%s", rows[i].name);
		CHECK_STR(mem, rows[i].want, rows[i].name);
		kit_drop(c);
	}
}

static void no_room(void)
{
	struct call *c = kit_call(REQUEST);
	struct sk_buf out;
	char mem[128];

	for (size_t size = 1; size < 70; size++) {
		sk_buf_init(&out, mem, size);
		contact_print(c, V, "A=b", &out);
		CHECK(out.overflow, "%zu bytes", size);
	}
	kit_drop(c);
}

static void asserted(void)
{
	char mem[1024];
	struct sk_buf out;

	for (size_t i = 0; i < SK_COUNT(callers); i++) {
		bool ok;

		sk_buf_init(&out, mem, sizeof(mem));
		ok = contact_print_caller(sk_span_of(callers[i].caller), SK_SPAN(""),
					  PAI_VERSTAT_USER, V, &out);
		CHECK(ok == !!callers[i].want, "%s", callers[i].caller);
		CHECK_STR(mem, callers[i].want ? callers[i].want : "", callers[i].caller);
	}
}

/* clang-format off */
static const struct { const char *caller, *name, *verstat, *want; } named[] = {
	{ "\"Bob\" <sip:+1@a>", "Al", V, "\"Al\" <sip:+1;verstat=" V "@a>" },
	{ "<sip:+1@a>", "Al", V, "\"Al\" <sip:+1;verstat=" V "@a>" },
	{ "sip:+1@a;tag=1", "Al", V, "\"Al\" <sip:+1;verstat=" V "@a>" },
	{ "Bob <tel:+1>", "\"\\<,;", V, "\"\\\"\\\\<,;\" <tel:+1;verstat=" V ">" },
	{ "Bob <sip:+1@a>", "Al", "", "\"Al\" <sip:+1@a>" },
	{ "Bob <sip:+1;verstat=x@a>", "", "", "Bob <sip:+1@a>" },
	{ "<sip:a.example;verstat=x>", "Al", "", "\"Al\" <sip:a.example>" },
	{ "<sip:+1@a", "Al", V, NULL },
};
/* clang-format on */

/* A name of ours in the place of the caller's. */
static void with_name(void)
{
	char mem[1024];
	struct sk_buf out;

	for (size_t i = 0; i < SK_COUNT(named); i++) {
		bool ok;

		sk_buf_init(&out, mem, sizeof(mem));
		ok = contact_print_caller(sk_span_of(named[i].caller), sk_span_of(named[i].name),
					  PAI_VERSTAT_USER, named[i].verstat, &out);
		CHECK(ok == !!named[i].want, "%s", named[i].caller);
		CHECK_STR(mem, named[i].want ? named[i].want : "", named[i].caller);
	}
}

/* clang-format off */
static const struct { enum conf_pai_verstat where; const char *caller, *name, *verstat, *want; } places[] = {
	{ PAI_VERSTAT_URI, "\"Bob\" <sip:+1@a;user=phone>;tag=1", "", V, "\"Bob\" <sip:+1@a;user=phone;verstat=" V ">" },
	{ PAI_VERSTAT_URI, "Bob <sip:+1@a:70>", "Al", V, "\"Al\" <sip:+1@a:70;verstat=" V ">" },
	{ PAI_VERSTAT_URI, "<tel:+1;npdi>", "", V, "<tel:+1;npdi;verstat=" V ">" },
	{ PAI_VERSTAT_URI, "<sip:a.example;verstat=x>", "", V, "<sip:a.example;verstat=" V ">" },
	{ PAI_VERSTAT_URI, "<sip:+1;verstat=x;a=b@a;VERSTAT=y;q=r>;verstat=z", "", V, "<sip:+1;a=b@a;q=r;verstat=" V ">" },
	{ PAI_VERSTAT_URI, "<sip:+1;verstat=x@a>", "", "", "<sip:+1@a>" },
	{ PAI_VERSTAT_URI, "<sip:+1@a>, <sip:+2@b>", "", V, NULL },
	{ PAI_VERSTAT_HEADER, "\"Bob\" <sip:+1@a;user=phone>;tag=1", "", V, "\"Bob\" <sip:+1@a;user=phone>;verstat=" V },
	{ PAI_VERSTAT_HEADER, "sip:+1@a;tag=1", "Al", V, "\"Al\" <sip:+1@a>;verstat=" V },
	{ PAI_VERSTAT_HEADER, "<tel:+1;npdi>", "", V, "<tel:+1;npdi>;verstat=" V },
	{ PAI_VERSTAT_HEADER, "<sip:a.example;verstat=x>", "", V, "<sip:a.example>;verstat=" V },
	{ PAI_VERSTAT_HEADER, "<sip:+1;verstat=x@a;verstat=y>;verstat=z", "", V, "<sip:+1@a>;verstat=" V },
	{ PAI_VERSTAT_HEADER, "<sip:+1@a>;verstat=z", "", "", "<sip:+1@a>" },
	{ PAI_VERSTAT_HEADER, "\"x;verstat=z\" <sip:+1@a>", "", V, "<sip:+1@a>;verstat=" V },
	{ PAI_VERSTAT_HEADER, "<sip:+1@a", "", V, NULL },
};
/* clang-format on */

/* The verstat elsewhere than in the user part; a stranger's goes from wherever it was. */
static void other_places(void)
{
	char mem[1024];
	struct sk_buf out;

	for (size_t i = 0; i < SK_COUNT(places); i++) {
		bool ok;

		sk_buf_init(&out, mem, sizeof(mem));
		ok = contact_print_caller(sk_span_of(places[i].caller), sk_span_of(places[i].name),
					  places[i].where, places[i].verstat, &out);
		CHECK(ok == !!places[i].want, "%s", places[i].caller);
		CHECK_STR(mem, places[i].want ? places[i].want : "", places[i].caller);
	}
}

/* clang-format off */
static const struct { const char *transport, *source, *sent_port, *uri, *want; } by_stream[] = {
	{ "tcp", "192.0.2.9:41234", "5070", KIT_URI, "<sip:+12155551213@192.0.2.9:5070;user=phone;transport=tcp>" },
	{ "tcp", "192.0.2.9:41234", "", KIT_URI, "<sip:+12155551213@192.0.2.9;user=phone;transport=tcp>" },
	{ "tcp", "192.0.2.9:41234", "5060", KIT_URI, "<sip:+12155551213@192.0.2.9;user=phone;transport=tcp>" },
	{ "tcp", "[2001:db8::1]:41234", "5070", KIT_URI, "<sip:+12155551213@[2001:db8::1]:5070;user=phone;transport=tcp>" },
	{ "tcp", "192.0.2.9:41234", "0", KIT_URI, "<sip:+12155551213@192.0.2.9;user=phone;transport=tcp>" },
	{ "tcp", "192.0.2.9:41234", "65536", KIT_URI, "<sip:+12155551213@192.0.2.9;user=phone;transport=tcp>" },
	{ "tcp", "192.0.2.9:41234", "18446744073709556686", KIT_URI, "<sip:+12155551213@192.0.2.9;user=phone;transport=tcp>" },
	{ "tcp", "192.0.2.9:41234", "50x", KIT_URI, "<sip:+12155551213@192.0.2.9;user=phone;transport=tcp>" },
	{ "tls", "192.0.2.9:41234", "", KIT_URI, "<sip:+12155551213@192.0.2.9:5061;user=phone;transport=tls>" },
	{ "tls", "192.0.2.9:41234", "5081", "sips:1@a", "<sips:1@192.0.2.9:5081;transport=tls>" },
	{ "tcp", "192.0.2.9:41234", "5070", "sip:1@192.0.2.9:5070", "<sip:1@192.0.2.9:5070;transport=tcp>" },
	{ "tcp", "192.0.2.9:41234", "5070", "sip:;verstat=x@a", "<sip:192.0.2.9:5070;transport=tcp>" },
};
/* clang-format on */

/* The port that a connection came from is nobody's to call. */
static void streams(void)
{
	char mem[1024];
	struct sk_buf out;

	for (size_t i = 0; i < SK_COUNT(by_stream); i++) {
		struct call *c = kit_call(SOURCE);

		c->facts.request_uri = sk_span_of(by_stream[i].uri);
		c->facts.transport = by_stream[i].transport;
		c->facts.sent_port = sk_span_of(by_stream[i].sent_port);
		if (!addr_parse(sk_span_of(by_stream[i].source), &c->facts.source))
			exit(1);
		sk_buf_init(&out, mem, sizeof(mem));
		CHECK(contact_print(c, "", "", &out), "%s", by_stream[i].want);
		CHECK_STR(mem, by_stream[i].want, by_stream[i].uri);
		kit_drop(c);
	}
}

int main(void)
{
	contacts();
	streams();
	no_room();
	asserted();
	with_name();
	other_places();
	return check_result();
}
