/*
 * Hundreds of requests, usual and odd, in four services: each answer and record is, byte for
 * byte, what it was when tests/vectors/answers.txt was written.  What surprises: the file holds
 * digests, so a row that differs prints what came instead; `test_answers_kept --print` writes
 * the file anew, for a change of answers that is wanted.
 *
 * What no two runs have in common is blotted out: signatures, the port of the rig's socket, the
 * time that a call took, and the To tag of requests that hold a token signed just now.
 */
#include "shaken/digest.h"
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <dirent.h>
#include <stdlib.h>

enum {
	ROWS_MAX = 4096,
	NAME_SIZE = 96,
	DIGITS = 16, /* of a digest, in a row */
	TEXT_SIZE = 2 * RIG_TEXT,
};

struct row {
	char name[NAME_SIZE], digest[DIGITS + 1];
};

static struct row want[ROWS_MAX];
static size_t want_count, at_row;
static bool printing;

static char record[RIG_TEXT];
static size_t record_len;

void __wrap_log_write(struct log *log, struct sk_span line);

void __wrap_log_write(struct log *log, struct sk_span line)
{
	(void)log;
	if (line.len >= sizeof(record) - record_len)
		return;
	memcpy(record + record_len, line.ptr, line.len);
	record_len += line.len;
	record[record_len] = '\0';
}

/* --- what is compared --- */

/* From behind each `mark` up to one of `stops`. */
static void blot(char *text, const char *mark, const char *stops)
{
	for (char *at = strstr(text, mark); at; at = strstr(at, mark)) {
		char *from = at + strlen(mark);
		size_t len = strcspn(from, stops);

		memmove(from, from + len, strlen(from + len) + 1);
		at = from;
	}
}

/* The third part of each token behind `mark`. */
static void blot_signatures(char *text, const char *mark)
{
	for (char *at = strstr(text, mark); at; at = strstr(at + 1, mark)) {
		char *dot = strchr(at, '.');

		dot = dot ? strchr(dot + 1, '.') : NULL;
		if (dot)
			memmove(dot, dot + strcspn(dot, ";%\r"),
				strlen(dot + strcspn(dot, ";%\r")) + 1);
	}
}

static void blot_all(char *text, bool own_token)
{
	blot_signatures(text, "Identity: ");
	blot_signatures(text, "Identity=");
	blot(text, "listener=127.0.0.1:", " ");
	blot(text, "\"listener\":\"127.0.0.1:", "\"");
	blot(text, " us=", "\n");
	blot(text, "\"us\":", "}");
	if (own_token) {
		blot(text, "\nTo: ", "\r");
		blot(text, ";ppi=", "\r;");
	}
}

static void digest_of(const char *text, char out[DIGITS + 1])
{
	uint8_t hash[SK_DIGEST_LEN];

	CHECK(!sk_digest(sk_span_of(text), hash), "a digest");
	for (size_t i = 0; i < DIGITS / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void judge(const char *name, const char *text)
{
	char digest[DIGITS + 1];

	digest_of(text, digest);
	if (printing) {
		printf("%s %s\n", digest, name);
		return;
	}
	CHECK(at_row < want_count, "%s: not in the file", name);
	if (at_row >= want_count)
		return;
	CHECK_STR(name, want[at_row].name, "the order of the file");
	CHECK(strcmp(digest, want[at_row].digest) == 0, "%s: now\n%s", name, text);
	at_row++;
}

static void read_want(void)
{
	size_t len;
	char *text = pki_vector("answers.txt", &len), *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#' || want_count == ROWS_MAX)
			continue;
		CHECK(sscanf(line, "%16s %95s", want[want_count].digest, want[want_count].name) ==
			      2,
		      "a row: %s", line);
		want_count++;
	}
	free(text);
}

/* --- services --- */

#define SIP "sip: {tag-key: \"000102030405060708090a0b0c0d0e0f\""
#define MAP "certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}, fetch: no"

static const struct service {
	const char *name, *yaml;
} services[] = {
	{ "usual",
	  SIP "}\nlog: {format: json}\nrecords: {calls: yes, numbers: full}\n" RIG_SIGN RIG_TRUST
	      "verify: {" MAP "}\n" },
	{ "other",
	  SIP ", in-dialog: 481}\nrecords: {calls: yes, numbers: hashed}\n" RIG_SIGN RIG_TRUST
	      "verify: {" MAP ", on-failure: reject, identity-required: yes}\n"
	      "tenant: {profile: man}\n"
	      "answer: {contact: request-uri, identity-in: [contact, x-identity], "
	      "verstat-in: [contact-user, contact-pai, pai]}\n" },
	{ "pass", SIP "}\nrecords: {calls: yes, numbers: masked}\ntenant: {mode: pass}\n"
		      "answer: {contact: request-uri}\n" RIG_SIGN RIG_TRUST "verify: {" MAP "}\n" },
	{ "verify",
	  SIP "}\nlog: {format: json}\nrecords: {calls: yes}\ntenant: {mode: verify}\n"
	      "answer: {verstat-in: [header, contact-uri]}\n" RIG_TRUST "verify: {" MAP "}\n" },
};

/* A request and the same once more: a repeat is another record. */
static void ask(struct rig *r, const char *name, const char *bytes, size_t len, const char *source,
		bool own_token)
{
	static char text[TEXT_SIZE];

	r->mono += 40000;
	record_len = 0;
	record[0] = text[0] = '\0';
	for (int i = 0; i < 2; i++) {
		const char *answer;

		rig_datagram_from(r, bytes, len, source);
		answer = rig_take(r);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", answer);
	}
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", record);
	blot_all(text, own_token);
	judge(name, text);
}

/* --- requests: files --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void ask_folder(struct rig *r, const char *service, const char *path)
{
	char folder[512], name[NAME_SIZE], file[1024], *names[512];
	const char *root = getenv("VECTORS");
	size_t count = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/%s", root ? root : "", path);
	dir = opendir(folder);
	CHECK(dir != NULL, "%s is there", folder);
	for (struct dirent *e = dir ? readdir(dir) : NULL; e && count < SK_COUNT(names);
	     e = readdir(dir))
		if (e->d_name[0] != '.')
			names[count++] = strdup(e->d_name);
	if (dir)
		closedir(dir);
	CHECK(count > 10, "%s: %zu files", folder, count);
	qsort(names, count, sizeof(names[0]), by_name);
	for (size_t i = 0; i < count; i++) {
		size_t len;
		char *bytes;

		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		bytes = pki_vector(file, &len);
		snprintf(name, sizeof(name), "%s/%.70s", service, names[i]);
		ask(r, name, bytes, len, "127.0.0.1:5060", false);
		free(bytes);
		free(names[i]);
	}
}

/* --- requests: made from pieces --- */

/* clang-format off */
static const char *const uris[] = {
	"sip:+12155551213@sti.example.net;user=phone", "sip:12155551213@192.0.2.7:5080",
	"sips:+12155551213;npdi;rn=+12155550000@sti.example.net", "tel:+12155551213",
	"sip:bob@[2001:db8::1]:5062;transport=udp", "sip:sti.example.net", "sip:@x", "urn:service:sos",
	"sip:%2B12155551213@127.0.0.1:5060;verstat=No", "sip:a;b=c:secret@host_x.example?Subject=x",
	"sip:999999@-bad-.example;lr", "http://example.com/",
};
static const char *const vias[] = {
	"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-@;rport\r\n",
	"v:SIP/2.0/UDP pc.example;branch=z9hG4bK-@\r\n",
	"Via: SIP/2.0/UDP 192.0.2.9;rport=77;received=192.0.2.1;branch=z9hG4bK-@\r\n",
	"Via: SIP/2.0/TCP 127.0.0.1;BRANCH=z9hG4bK-@;Rport\r\nVia: SIP/2.0/UDP a.example:5070;branch=z9hG4bKq;received=192.0.2.3\r\n",
	"Via: SIP / 2.0 / UDP one.example ;branch=z9hG4bK-@;x=\"a;b\", SIP/2.0/UDP two.example;rport\r\n",
	"Via: SIP/2.0/UDP [2001:db8::9]:6060;branch=z9hG4bK-@;maddr=192.0.2.4;ttl=3\r\n",
	"Via: SIP/2.0/UDP host:99999;branch=z9hG4bK-@\r\n", "Via: SIP/2.0/UDP host:5061;branch=@\r\n",
	"Via: SIP/2.0/UDP host;branch=z9hG4bK-@;rport;rport=5;alias;x=y\r\nVia: nonsense\r\n",
	"Via: SIP/2.0/UDP host:007;branch=z9hG4bK-@;received=1.2.3.4;RECEIVED=5.6.7.8\r\n",
	"Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK-@;i=a.b-c%20\r\n",
	"Via: sip/2.0/udp 127.0.0.1;branch=z9hG4bK-@;\r\n", "",
};
static const char *const from_rows[] = {
	"From: \"Bob\" <sip:+12155551212@example.com;user=phone>;tag=19\r\n",
	"f: <sip:+12155551212@example.com>;tag=a.b-c\r\n",
	"From: Bob B <tel:+12155551212>;x=y;tag=5\r\n", "From: sip:+12155551212@example.com;tag=9\r\n",
	"From: \"Q \\\" ,<\" <sip:+12155551212@example.com>;tag=9;tag=10\r\n",
	"From: <sip:anonymous@anonymous.invalid>;tag=1\r\n", "From: <sip:+12155551212@example.com>\r\n",
	"From: <sip:+12155551212@example.com> ; tag = 7\r\n", "From: <sip:+1215 5551212@example.com>;tag=7\r\n",
	"From:\t<sip:+12155551212@example.com>\r\n ;tag=7\r\n", "From: *;tag=1\r\n",
	"From: <sip:+12155551212@example.com>;TAG=Up\r\n", "From: <SIP:+12155551212@EXAMPLE.com>;tag=7;q\r\n",
};
static const char *const tos[] = {
	"To: <sip:+12155551213@example.net;user=phone>\r\n", "t: <sip:+12155551213@example.net>;tag=there\r\n",
	"To: \"A, B\" <sip:+12155551213@example.net>;Tag=there\r\n", "To: tel:+12155551213\r\n",
	"To: Carol <sips:carol@chicago.example:5061>\r\n", "To: <sip:999999@example.net>\r\n",
	"To: <sip:+12155551213@example.net>;tag=\r\n", "To: <>\r\n", "To:\r\n",
};
static const char *const rests[] = {
	"Call-ID: call-@\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n",
	"i: a@@b.example\r\nCSeq: 4294967295 INVITE\r\nMax-Forwards: 0\r\nl: 0\r\n",
	"Call-ID: x@y@@\r\nCSeq: 2  INVITE\r\nMax-Forwards: 70\r\n",
	"Call-ID: {x}@\r\nCSeq: 0003 INVITE\r\nMax-Forwards: x\r\nContent-Length: 4\r\n",
	"Call-ID: c@\r\nCSeq: 4294967296 INVITE\r\nMax-Forwards: 70\r\n",
	"Call-ID: c@\r\nCSeq: 1 invite\r\nMax-Forwards: 70\r\nContact: <sip:x@[::]>, *\r\n",
	"Call-ID : c@\r\nCSeq: 1\r\n INVITE\r\nMax-Forwards: 70\r\nDate: Fri, 25 Sep 2015 19:12:30 GMT\r\n",
	"Call-ID: @\r\nCSeq: 1 INVITE\r\nP-Asserted-Identity: <sip:+12155551212@example.com>, <tel:+12155551299>\r\nMax-Forwards: 70\r\n",
	"Call-ID: c@\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Type: multipart/mixed\r\nContent-Length: 0\r\nIdentity:\r\n",
	"Call-ID: c@\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nMax-Forwards: 70\r\nSession-Expires: x\r\nDate: yesterday\r\n",
	"Call-ID: c d\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n", "CSeq: x INVITE\r\nCall-ID:\r\n",
};
static const char *const sources[] = { "127.0.0.1:5060", "192.0.2.200:16384", "[2001:db8::5]:5060", "[::ffff:192.0.2.8]:5060" };
/* clang-format on */

/* Puts a number where the pieces have an '@' of their own at the end of a word: "@@" stays one. */
static size_t number(char *text, unsigned n)
{
	char made[8192];
	size_t len = 0;

	for (const char *c = text; *c && len < sizeof(made) - 16; c++) {
		bool mark = *c == '@' && (c[1] == '\r' || c[1] == ';' || c[1] == '\n');

		if (mark)
			len += (size_t)snprintf(made + len, 16, "%u", n);
		else
			made[len++] = *c;
	}
	memcpy(text, made, len);
	text[len] = '\0';
	return len;
}

/* The same sequence everywhere. */
static unsigned roll(uint32_t *state, size_t count)
{
	*state = *state * 1664525 + 1013904223;
	return (unsigned)((*state >> 12) % count);
}

/* Most pieces are the usual one, else hardly a request would be good. */
#define PIECE(pieces) (pieces)[roll(&state, 4) ? 0 : roll(&state, SK_COUNT(pieces))]

static void ask_made(struct rig *r, const char *service, unsigned count)
{
	uint32_t state = 4711;

	for (unsigned i = 0; i < count; i++) {
		char text[8192], name[NAME_SIZE], identity[SK_IDENTITY_SIZE] = "";
		bool own = roll(&state, 4) == 0;
		const char *uri = PIECE(uris), *via = PIECE(vias), *from = PIECE(from_rows);
		const char *to = PIECE(tos), *rest = PIECE(rests), *source = PIECE(sources);

		if (own)
			rig_identity(r, RIG_X5U, roll(&state, 5) ? RIG_ORIG : "12155550000",
				     RIG_DEST, PKI_NOW - (roll(&state, 5) ? 0 : 1000), identity,
				     sizeof(identity));
		snprintf(text, sizeof(text), "INVITE %s SIP/2.0\r\n%s%s%s%s%s\r\n", uri, via, from,
			 to, rest, identity);
		snprintf(name, sizeof(name), "%s/made-%u", service, i);
		ask(r, name, text, number(text, i), source, own);
	}
}

int main(int argc, char **argv)
{
	printing = argc > 1 && strcmp(argv[1], "--print") == 0;
	if (printing)
		printf("# test_answers_kept --print: digest, service/request\n");
	else
		read_want();
	for (size_t i = 0; i < SK_COUNT(services); i++) {
		struct rig *r = rig_new(services[i].yaml);

		ask_folder(r, services[i].name, "../fuzz/corpus/front");
		ask_folder(r, services[i].name, "sip/examples");
		ask_made(r, services[i].name, 400);
		rig_free(r);
	}
	if (printing)
		return 0;
	CHECK(at_row == want_count, "%zu of %zu rows were asked", at_row, want_count);
	return check_result();
}
