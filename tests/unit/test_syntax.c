/*
 * Whatever is read by hand, the SIP library reads, and finds the same: on the fuzzer's corpus, on
 * the examples, and on many thousand requests that were usual before some of their bytes were
 * changed.  The table at the end says what must be read by hand at all, and what must not.
 */
#include "redirector/sip/syntax.h"
#include "tests/check.h"
#include "tests/unit/pki.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	TEXT_SIZE = 20000,
	ROUNDS = 300000,
	CHANGES_MAX = 3,
};

static struct addr source;
static unsigned usual_count, judged_count;

static bool same(struct sk_span a, struct sk_span b)
{
	return sk_span_eq(a, b);
}

/* @return false: they differ */
static bool agree(struct sk_span bytes, const struct scan *scan)
{
	static char mem[2][TEXT_SIZE];
	struct syntax usual = { .rport = false }, parsed = { .rport = false };
	struct sk_buf vias[2];

	sk_buf_init(&vias[0], mem[0], TEXT_SIZE);
	sk_buf_init(&vias[1], mem[1], TEXT_SIZE);
	if (!syntax_usual(scan, &source, &usual, &vias[0]))
		return vias[0].len == 0;
	usual_count++;
	return syntax_parsed(bytes, scan, &source, &parsed, &vias[1]) &&
	       vias[0].overflow == vias[1].overflow && strcmp(mem[0], mem[1]) == 0 &&
	       same(usual.branch, parsed.branch) && same(usual.sent_by, parsed.sent_by) &&
	       same(usual.sent_port, parsed.sent_port) && same(usual.from_tag, parsed.from_tag) &&
	       usual.rport == parsed.rport && usual.in_dialog == parsed.in_dialog &&
	       usual.sound == parsed.sound;
}

static bool judge(const char *text, size_t len)
{
	struct sk_span bytes = { text, len };
	static struct scan scan;

	judged_count++;
	return scan_message(bytes, FACTS_HEADERS_MAX, &scan) != SCAN_OK || agree(bytes, &scan);
}

static void judge_folder(const char *path)
{
	const char *root = getenv("VECTORS");
	char folder[512], file[1024];
	unsigned count = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/%s", root ? root : "", path);
	dir = opendir(folder);
	CHECK(dir != NULL, "%s", folder);
	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
		size_t len;
		char *bytes;

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%.255s", path, e->d_name);
		bytes = pki_vector(file, &len);
		CHECK(judge(bytes, len), "%s", file);
		free(bytes);
		count++;
	}
	if (dir)
		closedir(dir);
	CHECK(count > 10, "%s: %u files", path, count);
}

/* --- changed --- */

static const char *const seeds[] = {
	"INVITE sip:+12155551213@sti.example.net;user=phone SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-1;rport;received=1.2.3.4\r\n"
	"Via: SIP/2.0/TCP a.example;branch=z9hG4bKx;i=3\r\n"
	"Max-Forwards: 70\r\nFrom: \"Bob, B\" "
	"<sip:+12155551212@example.com:5061;user=phone>;tag=19\r\n"
	"To: Carol C <tel:+12155551213>;x=y\r\nCall-ID: a-b.c@host\r\nCSeq: 17 INVITE\r\n"
	"Contact: <sip:x@y>\r\nContent-Length: 0\r\n\r\n",
	"OPTIONS sips:example.com SIP/2.0\r\nv:SIP/2.0/TLS "
	"h\r\nf:<sip:a@b>\r\nt:<sips:c@d.e;lr>;tag=5\r\n"
	"i:1\r\nCSeq:1 OPTIONS\r\nl:0\r\n\r\n",
};

static const char odd[] = "\0\t\r\n \"#%&'()*+,-./0159:;<=>?@AVZ[\\]^_`avz{|}~\x7f\x80\xff";

static unsigned roll(uint32_t *state, size_t count)
{
	*state = *state * 1664525 + 1013904223;
	return (unsigned)((*state >> 10) % count);
}

/* One byte is put in, taken out, or replaced. */
static size_t change(char *text, size_t len, uint32_t *state)
{
	size_t at = roll(state, len);
	char c = odd[roll(state, sizeof(odd) - 1)];

	switch (roll(state, 4)) {
	case 0:
		memmove(text + at + 1, text + at, len - at);
		text[at] = c;
		return len + 1;
	case 1:
		memmove(text + at, text + at + 1, len - at - 1);
		return len - 1;
	default:
		text[at] = c;
		return len;
	}
}

static void judge_changed(void)
{
	uint32_t state = 1;
	unsigned bad = 0;

	for (unsigned i = 0; i < ROUNDS && bad < 5; i++) {
		const char *seed = seeds[roll(&state, SK_COUNT(seeds))];
		unsigned changes = 1 + roll(&state, CHANGES_MAX);
		size_t len = strlen(seed);
		char text[1024];

		memcpy(text, seed, len);
		while (changes-- > 0)
			len = change(text, len, &state);
		if (judge(text, len))
			continue;
		bad++;
		CHECK(false, "round %u: %.*s", i, (int)len, text);
	}
	CHECK(bad == 0, "all agree");
}

/* --- what is usual --- */

/* clang-format off */
static const struct {
	const char *from, *to; /* in the first seed, what is put in the place of what */
	bool usual;
} rows[] = {
	{ "", "", true },
	{ "sip:+12155551213@sti.example.net;user=phone ", "tel:+12155551213 ", true },
	{ "sip:+12155551213@", "sip:", true },
	{ "\"Bob, B\" ", "", true },
	{ "\"Bob, B\"", "Bob", true },
	{ ";rport", "", true },
	{ "UDP", "TLS", true },
	{ "Call-ID", "i", true },
	{ "a-b.c@host", "0815", true },
	{ "17 INVITE", "999999999 INVITE", true },
	{ "sip:+12155551213@sti", "sip:%2B12155551213@sti", false },
	{ "sip:+12155551213@sti", "sip:a:b@sti", false },
	{ "sip:+12155551213@sti", "SIP:+12155551213@sti", false },
	{ "net;user=phone", "net;user=phone?a=b", false },
	{ "127.0.0.1:5060", "[::1]:5060", false },
	{ "127.0.0.1:5060", "127.0.0.1:65536", false },
	{ "127.0.0.1:5060", "127.0.0.1:", false },
	{ "127.0.0.1:5060", "127.0.0.1 :5060", false },
	{ "SIP/2.0/UDP", "SIP/2.0/udp", false },
	{ "SIP/2.0/UDP", "SIP / 2.0/UDP", false },
	{ ";rport", ";RPORT", false },
	{ ";rport", ";rport;rport=1", false },
	{ "branch=z9hG4bK-1", "branch", false },
	{ "branch=z9hG4bK-1", "branch=\"z9hG4bK-1\"", false },
	{ ";received=1.2.3.4", ";received=1.2.3.4;branch=x", false },
	{ ";received=1.2.3.4", ", SIP/2.0/UDP b", false },
	{ ";i=3", ";a;b;c;d;e;f;g", false },
	{ "\"Bob, B\"", "\"Bo\\\"b\"", false },
	{ "\"Bob, B\" <", "<", true },
	{ "<sip:+12155551212@example.com:5061;user=phone>", "sip:+12155551212@example.com", false },
	{ ";tag=19", "; tag=19", false },
	{ ";tag=19", ";tag", false },
	{ ";tag=19", ";tag=1;Tag=2", false },
	{ "a-b.c@host", "a@b@c", false },
	{ "a-b.c@host", "{a}", false },
	{ "17 INVITE", "17 BYE", false },
	{ "17 INVITE", "17  INVITE", false },
	{ "17 INVITE", "4294967295 INVITE", false },
	{ "From: ", "From : ", false },
	{ "Contact: <", "Contact:\t<", false },
	{ "Contact: <sip:x@y>", "Contact: <sip:x@y>\r\n ;a=b", false },
	{ "Contact: <sip:x@y>", "CSeq: 17 INVITE", false },
	{ "Max-Forwards: 70", "To: <sip:a@b>", false },
	{ "Max-Forwards: 70", "f: <sip:a@b>", false },
	{ " SIP/2.0\r\n", " sip/2.0\r\n", false },
};
/* clang-format on */

static void check_rows(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const char *at = strstr(seeds[0], rows[i].from);
		unsigned before = usual_count;
		char text[1024];

		CHECK(at != NULL, "row %zu", i);
		if (!at)
			continue;
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - seeds[0]), seeds[0], rows[i].to,
			 at + strlen(rows[i].from));
		CHECK(judge(text, strlen(text)), "row %zu: %s", i, rows[i].to);
		CHECK((usual_count > before) == rows[i].usual, "row %zu: %s is %susual", i,
		      rows[i].to, rows[i].usual ? "" : "un");
	}
}

int main(void)
{
	CHECK(addr_parse(SK_SPAN("192.0.2.1:5062"), &source), "an address");
	judge_folder("../fuzz/corpus/front");
	judge_folder("sip/examples");
	judge_changed();
	CHECK(judged_count > ROUNDS && usual_count > ROUNDS / 20, "%u of %u were usual",
	      usual_count, judged_count);
	check_rows();
	return check_result();
}
