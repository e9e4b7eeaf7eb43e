/*
 * What each client gets, to the byte: docs/clients.md shows it, and this test makes it.
 *
 *   test_preset          compares
 *   test_preset print    prints the answers for that page as they should be
 */
#include "config/preset.h"
#include "redirector/call/answer.h"
#include "redirector/sip/reply.h"
#include "tests/check.h"
#include "tests/unit/callkit.h"

#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <stdlib.h>

#define RCD   "e30.e30.c2Vj;info=<https://cert.example.net/a.pem>;alg=ES256;ppt=rcd"
#define TOKEN "e30.e30.c2ln;info=<https://cert.example.net/a.pem>;alg=ES256;ppt=shaken"
#define HEAD \
	"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: " \
	"<sip:+12155551212@example.com>;tag=1\r\n" \
	"Call-ID: call-1\r\nCSeq: 1 INVITE\r\nTo: <sip:+12155551213@example.net>"

/* What it comes to, and where the Identity has to be then. */
/* clang-format off */
static const struct { const char *name; unsigned places; } presets[] = {
	{ "kamailio", IDENTITY_IN_HEADER },
	{ "opensips", IDENTITY_IN_HEADER },
	{ "asterisk", IDENTITY_IN_CONTACT },
	{ "freeswitch", IDENTITY_IN_X_IDENTITY },
	{ "oracle", IDENTITY_IN_CONTACT },
	{ "ribbon", IDENTITY_IN_CONTACT },
	{ "clearip-compatible", IDENTITY_IN_HEADER },
	{ "sansay-compatible", IDENTITY_IN_HEADER },
};
static const struct { const char *name; enum task task; enum sk_err err; } cases[] = {
	{ "signed", TASK_SIGN, SK_OK },
	{ "nothing", TASK_SIGN, SK_NOTHING_TO_DO },
	{ "passed", TASK_VERIFY, SK_OK },
	{ "failed", TASK_VERIFY, SK_BAD_SIGNATURE },
	{ "blocked", TASK_VERIFY, SK_LISTED },
};
/* clang-format on */

static struct answer built;
static char lines[ANSWER_SIZE];
static char page[1 << 18];
static bool printing;

/* --- the page --- */

static void read_page(void)
{
	char path[4096];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/docs/clients.md", getenv("SOURCE_ROOT"));
	f = fopen(path, "r");
	if (f) {
		len = fread(page, 1, sizeof(page) - 1, f);
		fclose(f);
	}
	page[len] = '\0';
	CHECK(len > 0 && len < sizeof(page) - 1, "%s", path);
}

/* The fenced text behind "<!-- WHAT PRESET CASE -->" with its last line end; "" when there is none.
 */
static void read_block(const char *what, const char *preset, const char *name, char out[4096])
{
	char mark[256];
	const char *at, *end;

	out[0] = '\0';
	snprintf(mark, sizeof(mark), "<!-- %s %s%s%s -->\n```", what, preset, name[0] ? " " : "",
		 name);
	at = strstr(page, mark);
	at = at ? strchr(at + strlen(mark), '\n') : NULL;
	end = at ? strstr(at, "\n```") : NULL;
	if (end)
		snprintf(out, 4096, "%.*s", (int)(end - at), at + 1);
}

/* --- the answers --- */

static struct call *make(size_t preset, size_t which)
{
	char yaml[4096];
	struct call *c;

	read_block("settings", presets[preset].name, "", yaml);
	c = kit_call(yaml);
	if (!addr_parse(SK_SPAN("192.0.2.9:5060"), &c->facts.source))
		exit(1);
	kit_sign(c);
	c->task = cases[which].task;
	c->err = cases[which].err;
	c->identity_len = 0;
	if (c->task == TASK_SIGN && !c->err)
		c->identity_len = (size_t)snprintf(c->identity, sizeof(c->identity), "%s", TOKEN);
	if (c->task == TASK_VERIFY) {
		c->facts.identity_count = 1;
		c->judged[c->judged_count++].err = c->err;
	}
	return c;
}

/* Status line and lines as a page shows them, with bare line ends. */
static void show(char out[ANSWER_SIZE + 256])
{
	size_t len = (size_t)snprintf(out, 256, "SIP/2.0 %u %s\n", built.status, built.phrase);

	for (const char *c = lines; *c; c++)
		if (*c != '\r')
			out[len++] = *c;
	out[len] = '\0';
}

static void compare(size_t preset, size_t which)
{
	static char got[ANSWER_SIZE + 256], want[4096];
	struct call *c = make(preset, which);
	char what[128];

	snprintf(what, sizeof(what), "%s, %s", presets[preset].name, cases[which].name);
	answer_build(c, lines, &built);
	show(got);
	if (printing) {
		printf("<!-- answer %s %s -->\n```\n%s```\n", presets[preset].name,
		       cases[which].name, got);
	} else {
		read_block("answer", presets[preset].name, cases[which].name, want);
		CHECK_STR(got, want, what);
	}
	kit_drop(c);
}

/* --- what holds for all of them --- */

/* How often `name` starts a header line of the answer. */
static unsigned count_lines(const char *name)
{
	char start[64];
	unsigned n = 0;

	snprintf(start, sizeof(start), "%s: ", name);
	for (const char *p = lines; *p; p = strstr(p, "\r\n") + 2)
		n += strncasecmp(p, start, strlen(start)) == 0;
	return n;
}

/* How often a header of that name is in the Contact's URI, and whether it says `value` unescaped.
 */
static unsigned count_embedded(const sip_contact_t *contact, const char *name, const char *value)
{
	char text[8192];
	unsigned n = 0;
	char *save = NULL;

	if (!contact->m_url->url_headers)
		return 0;
	snprintf(text, sizeof(text), "%s", contact->m_url->url_headers);
	for (char *p = strtok_r(text, "&", &save); p; p = strtok_r(NULL, "&", &save)) {
		char *equals = strchr(p, '=');

		if (!equals || strncasecmp(p, name, (size_t)(equals - p)) != 0)
			continue;
		url_unescape(equals + 1, equals + 1);
		n += strcmp(equals + 1, value) == 0;
	}
	return n;
}

/* Sofia-SIP reads it as a response without an error in any header. */
static sip_t *parse(const char *what, msg_t **msg)
{
	static char bytes[ANSWER_SIZE + 1024];
	struct sk_buf out;
	sip_t *sip;

	sk_buf_init(&out, bytes, sizeof(bytes));
	reply_print(&built, SK_SPAN(HEAD), "0123", &out);
	*msg = msg_make(sip_default_mclass(), 0, bytes, (ssize_t)out.len);
	sip = sip_object(*msg);
	CHECK(sip && !sip->sip_error && !msg_has_error(*msg), "%s: %s", what, bytes);
	CHECK(sip->sip_status && sip->sip_status->st_status == (int)built.status, "%s", what);
	CHECK(sip->sip_to && sip->sip_to->a_tag && sip->sip_cseq && sip->sip_via, "%s", what);
	return sip;
}

static void check_places(size_t preset, const sip_contact_t *contact, const char *value,
			 unsigned lines_each, const char *what)
{
	unsigned in = presets[preset].places;

	CHECK(count_lines("Identity") == (in & IDENTITY_IN_HEADER ? lines_each : 0), "%s: %s", what,
	      lines);
	CHECK(count_lines("X-Identity") == (in & IDENTITY_IN_X_IDENTITY ? lines_each : 0), "%s: %s",
	      what, lines);
	CHECK(count_embedded(contact, "Identity", value) ==
		      (lines_each > 0 && (in & IDENTITY_IN_CONTACT) ? 1 : 0),
	      "%s: %s", what, lines);
}

static void property(size_t preset, size_t which)
{
	struct call *c = make(preset, which);
	msg_t *msg = NULL;
	char what[128];
	sip_t *sip;

	snprintf(what, sizeof(what), "%s, %s", presets[preset].name, cases[which].name);
	answer_build(c, lines, &built);
	sip = parse(what, &msg);
	if (built.status >= 400) {
		CHECK(!sip->sip_contact && !strstr(lines, "dentity"), "%s: %s", what, lines);
	} else if (sip->sip_contact) {
		/* one place to go, and never where the request came to */
		CHECK(!sip->sip_contact->m_next, "%s", what);
		CHECK(strcmp(sip->sip_contact->m_url->url_host, "sti.example.net") != 0, "%s",
		      what);
		CHECK(strncmp(sip->sip_contact->m_url->url_user, "+12155551213", 12) == 0, "%s",
		      what);
		check_places(preset, sip->sip_contact, TOKEN, c->identity_len > 0, what);
	} else {
		CHECK(false, "%s: no Contact", what);
	}
	CHECK(!strstr(lines, "Passed") || (c->task == TASK_VERIFY && !c->err), "%s", what);
	msg_destroy(msg);
	kit_drop(c);
}

/* Two PASSporTs: each place has both. */
static void several(size_t preset)
{
	struct call *c = make(preset, 0);
	msg_t *msg = NULL;
	sip_t *sip;

	c->extras = calloc(1, sizeof(*c->extras));
	if (!c->extras)
		exit(1);
	c->extra_count = 1;
	c->extras[0].ppt = SK_PPT_RCD;
	c->extras[0].len =
		(size_t)snprintf(c->extras[0].text, sizeof(c->extras[0].text), "%s", RCD);
	answer_build(c, lines, &built);
	sip = parse(presets[preset].name, &msg);
	if (sip->sip_contact) {
		check_places(preset, sip->sip_contact, TOKEN, 2, presets[preset].name);
		check_places(preset, sip->sip_contact, RCD, 2, presets[preset].name);
	}
	msg_destroy(msg);
	free(c->extras);
	kit_drop(c);
}

/* The names of the table are those of the schema, and what the file sets counts more. */
static void settings(void)
{
	struct tenant *t = kit_tenant("answer: {preset: ribbon, code: 302, contact: source}\n");

	CHECK(t->set->answer.code == CODE_302, "the file goes first");
	CHECK(t->set->answer.identity_in == IDENTITY_IN_CONTACT, "then the preset");
	CHECK(t->set->answer.block == BLOCK_603_PLUS, "then the default");
	tenant_unref(t);
	t = kit_tenant("answer: {preset: oracle, contact-template: \"sip:{user}@a.example\"}\n");
	CHECK(t->set->sign.origid == ORIGID_HEADER && t->set->sign.origid_headers.count == 2,
	      "both names of the SBC, in its order");
	CHECK_STR(t->set->sign.origid_headers.items[0], "P-Origination-ID", "oracle");
	CHECK_STR(t->set->sign.origid_headers.items[1], "Origination-ID", "oracle");
	tenant_unref(t);
	CHECK(!preset_text(PRESET_NONE, "answer.code"), "none");
	CHECK(!preset_text(PRESET_ORACLE, "sign.key") &&
		      !preset_text(PRESET_ORACLE, "answer.block"),
	      "a preset says nothing of keys and policy");
}

int main(int argc, char **argv)
{
	printing = argc > 1 && strcmp(argv[1], "print") == 0;
	read_page();
	for (size_t preset = 0; preset < SK_COUNT(presets); preset++) {
		for (size_t which = 0; which < SK_COUNT(cases); which++) {
			compare(preset, which);
			if (!printing)
				property(preset, which);
		}
		if (!printing)
			several(preset);
	}
	if (printing)
		return 0;
	settings();
	return check_result();
}
