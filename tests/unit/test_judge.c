/*
 * What the certificate profile finds in a chain is told once: in one line, whoever asks
 * how often, and again only when the verdict has become another.
 */
#include "redirector/certs/judge.h"

#include "redirector/base/file.h"
#include "tests/check.h"
#include "tests/unit/pki.h"

#include <stdlib.h>
#include <unistd.h>

#define X5U SK_SPAN("https://cert.example.org/sp.pem")

static char path[] = "/tmp/test-judge-XXXXXX";

/* What is in the file, once the log is closed; the caller frees it */
static char *logged(struct log **log)
{
	char *text = NULL, why[FILE_WHY_SIZE];
	size_t len;

	log_close(*log);
	*log = NULL;
	if (!file_read(path, FILE_PUBLIC, 1 << 20, &text, &len, why))
		text = strdup(""); /* an empty file is no file */
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static struct log *begin(void)
{
	struct log *log = NULL;
	char why[256];

	if (truncate(path, 0) != 0 || !log_open(path, LEVEL_INFO, &log, why)) {
		fprintf(stderr, "the log cannot be opened\n");
		exit(1);
	}
	return log;
}

static struct sk_trust *trust_of(enum sk_profile_mode mode, const struct pki_text *anchors)
{
	const struct sk_trust_rules rules = { .profile = mode };
	struct sk_trust *trust = NULL;

	if (sk_trust_new(&rules, &trust) ||
	    sk_trust_add_anchors(trust, anchors->text, anchors->len, NULL))
		exit(1);
	return trust;
}

/* Without an O and C, and without policies */
static void make(const struct pki_spec *spec, struct pki_text *pem, struct pki_text *anchors)
{
	const struct pki_spec usual = { 0 };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert leaf = pki_issue(spec, PKI_LEAF, &root, NULL);

	pem->len = anchors->len = 0;
	pki_add_cert(pem, leaf.cert);
	pki_add_cert(anchors, root.cert);
	pki_drop(&leaf);
	pki_drop(&root);
}

static void new_chain(struct judged *judged, const struct pki_text *pem)
{
	judged_clear(judged);
	if (sk_chain_new(pem->text, pem->len, &judged->chain))
		exit(1);
}

static void test_modes(void)
{
	static const struct pki_spec bare = { .bare_name = true, .policies = "", .cn = "x" };
	static const struct pki_spec good = { 0 };
	static const struct pki_spec usage = { .usage_plain = true };
	static const struct {
		const char *what;
		enum sk_profile_mode mode;
		const struct pki_spec *spec;
		const char *line; /* NULL: nothing is written */
	} rows[] = {
		{ "warn", SK_PROFILE_WARN, &bare, "result=SK_OK findings=4 finding=\"leaf:" },
		{ "strict", SK_PROFILE_STRICT, &bare, "result=SK_CERT_PROFILE findings=4 " },
		{ "off", SK_PROFILE_OFF, &bare, NULL },
		{ "warn, nothing found", SK_PROFILE_WARN, &good, NULL },
		{ "strict, nothing found", SK_PROFILE_STRICT, &good, NULL },
		{ "off, a must", SK_PROFILE_OFF, &usage, "result=SK_CERT_PROFILE findings=1 " },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		static struct pki_text pem, anchors;
		struct log *log = begin();
		struct judged judged = { .chain = NULL };
		struct judge by = { NULL, 1, PKI_NOW, log };
		struct sk_trust *trust;
		char *text;

		make(rows[i].spec, &pem, &anchors);
		trust = trust_of(rows[i].mode, &anchors);
		by.trust = trust;
		new_chain(&judged, &pem);
		/* calls, a minute that is over, another trust that says the same */
		for (unsigned k = 0; k < 300; k++) {
			by.now = PKI_NOW + k;
			by.generation = 1 + k / 50;
			(void)!judge(&by, X5U, &judged);
		}
		text = logged(&log);
		CHECK(count(text, "event=certificate x5u=\"https://cert.example.org/sp.pem\" ") ==
			      (rows[i].line != NULL),
		      "%s: once: %s", rows[i].what, text);
		CHECK(!rows[i].line || strstr(text, rows[i].line), "%s: %s", rows[i].what, text);
		CHECK(count(text, "\n") <= 1 && (!rows[i].line || strstr(text, "level=warning")),
		      "%s: one line: %s", rows[i].what, text);
		free(text);
		judged_clear(&judged);
		sk_trust_free(trust);
	}
}

/* A chain that came anew is told of anew; a verdict that became another, too */
static void test_again(void)
{
	static const struct pki_spec bare = { .bare_name = true };
	static struct pki_text pem, anchors;
	struct judged judged = { .chain = NULL };
	struct judge by = { NULL, 1, PKI_NOW, NULL };
	struct sk_trust *warn, *strict;
	struct log *log = begin();
	char *text;

	make(&bare, &pem, &anchors);
	warn = trust_of(SK_PROFILE_WARN, &anchors);
	strict = trust_of(SK_PROFILE_STRICT, &anchors);
	new_chain(&judged, &pem);
	by.trust = warn;
	CHECK(judge(&by, X5U, &judged) == SK_OK, "without a log");
	by.log = log;
	by.generation++;
	CHECK(judge(&by, X5U, &judged) == SK_OK, "warn");
	by.trust = strict;
	by.generation++;
	CHECK(judge(&by, X5U, &judged) == SK_CERT_PROFILE, "strict");
	new_chain(&judged, &pem);
	CHECK(judge(&by, X5U, &judged) == SK_CERT_PROFILE, "anew");
	text = logged(&log);
	CHECK(count(text, "event=certificate") == 3 && count(text, "result=SK_OK") == 1 &&
		      count(text, "result=SK_CERT_PROFILE") == 2,
	      "three lines: %s", text);
	free(text);
	judged_clear(&judged);
	sk_trust_free(warn);
	sk_trust_free(strict);
}

/* The longest address and every finding: one line all the same, its quotes closed */
static void test_long(void)
{
	static const struct pki_spec worst = {
		.bare_name = true,
		.cn = "x",
		.serial = "01",
		.basic = "",
		.usage = "03020640",
		.ski = "",
		.policies = "",
		.crldp = "",
		.tnauth_critical = true,
		.extra = "1.2.3.4",
	};
	static struct pki_text pem, anchors;
	struct judged judged = { .chain = NULL };
	struct judge by = { NULL, 1, PKI_NOW, NULL };
	struct log *log = begin();
	struct sk_trust *trust;
	char x5u[SK_URL_MAX], *text;

	memset(x5u, 'a', sizeof(x5u));
	make(&worst, &pem, &anchors);
	trust = trust_of(SK_PROFILE_WARN, &anchors);
	new_chain(&judged, &pem);
	by.trust = trust;
	by.log = log;
	(void)!judge(&by, (struct sk_span){ x5u, sizeof(x5u) }, &judged);
	text = logged(&log);
	CHECK(count(text, "\n") == 1 && count(text, "\"") == 4 && strstr(text, "\"\n"),
	      "one line: %s", text);
	free(text);
	judged_clear(&judged);
	sk_trust_free(trust);
}

int main(void)
{
	const int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	test_modes();
	test_again();
	test_long();
	unlink(path);
	return check_result();
}
