/*
 * The list of authorities, as a story: fetched, refused, refreshed, ended, reloaded.
 */
#include "lists_replay.h"
#include "tests/check.h"

#include <stdlib.h>

#define SEQ_END ((int64_t)PKI_NOW + 30 * DAY) /* exp of the lists, unless said otherwise */

static char *list_of(int64_t sequence, int64_t exp, const struct provider *who)
{
	return pki_calist(sequence, exp, who->anchor.text, X5U_URL, lists_signer.key);
}

/* Each answer is a text of its own, freed at once */
static void give(struct lists_world *w, const char *url, char *body)
{
	lists_answer(w, url, body);
	free(body);
}

static struct conf *with_url(void)
{
	struct conf *conf = lists_conf();

	lists_set_text(&conf->trust.ca_list_url, LIST_URL);
	return conf;
}

/* With sequence 5 of provider A, its signer's chain fetched */
static void begin_with_list(struct lists_world *w, struct conf *conf)
{
	if (!lists_begin(w, conf))
		abort();
	lists_pass(w, 0);
	give(w, LIST_URL, list_of(5, SEQ_END, &lists_a));
	lists_answer(w, X5U_URL, lists_signer_pem.text);
}

static void test_first(void)
{
	struct lists_world w;
	const struct lists_counters *n;

	CHECK(lists_begin(&w, with_url()), "begin: %s", w.why);
	n = lists_counters(w.lists);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED, "nobody yet");
	CHECK(w.net.started == 0, "nothing before the loop runs");
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, LIST_URL) && lists_asked(&w, LIST_URL)->max == SK_CALIST_MAX,
	      "asked");
	CHECK(lists_asked(&w, LIST_URL)->bearer.len == 0, "no token");
	give(&w, LIST_URL, list_of(5, SEQ_END, &lists_a));
	CHECK(w.swaps == 0 && lists_asked(&w, X5U_URL), "its signer next");
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(w.swaps == 1 && n->fetched == 1 && n->swapped == 1, "in use");
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "A is trusted");
	CHECK(lists_judge(&w, &lists_b) == SK_CERT_UNTRUSTED, "B is not");
	CHECK(w.net.kept == 2 && w.net.kept_until == SEQ_END, "chain and list are kept till exp");
	CHECK_STR(w.net.last_kept, LIST_URL, "kept");

	lists_pass(&w, HOUR - 1);
	CHECK(w.net.count == 0, "not before the refresh");
	lists_pass(&w, 1);
	CHECK(lists_asked(&w, LIST_URL), "refresh");
	CHECK(sk_span_eq(lists_asked(&w, LIST_URL)->etag, SK_SPAN("\"e1\"")), "with the etag");
	lists_unchanged(&w, LIST_URL);
	CHECK(w.swaps == 1 && n->fetched == 2, "304 changes nothing");

	lists_pass(&w, HOUR);
	give(&w, LIST_URL, list_of(6, SEQ_END + DAY, &lists_a));
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(w.swaps == 1 && n->fetched == 3, "the same authorities: no swap");

	lists_pass(&w, HOUR);
	give(&w, LIST_URL, list_of(7, SEQ_END, &lists_b));
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(w.swaps == 2, "others: a swap");
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED && lists_judge(&w, &lists_b) == SK_OK,
	      "B instead of A");
	CHECK(n->failed == 0 && n->refused == 0, "all went well");
	CHECK(lists_end(&w) == 0, "end");
}

/* What comes instead of a good list, when sequence 5 is in use */
enum what {
	STATUS,
	BODY,
	LOWER,
	PAST,
	FORGED,     /* by the signer's certificate, with another key */
	WRONG_ROOT, /* of a chain that leads to somebody else        */
	NO_CHAIN,
	BAD_CHAIN,
	NOBODY,
};

static const struct bad {
	const char *name;
	enum what what;
	bool refused; /* else failed */
	const char *body;
} bads[] = {
	{ "404", STATUS, false, NULL },
	{ "text", BODY, true, "hello" },
	{ "nothing", BODY, true, "" },
	{ "HTML", BODY, true, "<html>{}.{}.{}</html>" },
	{ "an error of the administrator's", BODY, true, "{\"status\":\"error\"}" },
	{ "PEM", BODY, true, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" },
	{ "a lower sequence", LOWER, true, NULL },
	{ "past its exp", PAST, true, NULL },
	{ "forged", FORGED, true, NULL },
	{ "of another root", WRONG_ROOT, true, NULL },
	{ "no chain", NO_CHAIN, false, NULL },
	{ "a chain of text", BAD_CHAIN, true, NULL },
	{ "of nobody", NOBODY, true, NULL },
};

static void answer_badly(struct lists_world *w, const struct bad *bad)
{
	const int64_t exp = bad->what == PAST ? w->clock.wall : SEQ_END;
	EVP_PKEY *key = bad->what == FORGED || bad->what == WRONG_ROOT ? lists_forger.key
								       : lists_signer.key;

	if (bad->what == STATUS) {
		lists_fail(w, LIST_URL, SK_FETCH_STATUS);
		return;
	}
	if (bad->what == BODY) {
		lists_answer(w, LIST_URL, bad->body);
		return;
	}
	if (bad->what == NOBODY) {
		give(w, LIST_URL,
		     pki_jws("{\"alg\":\"ES256\",\"x5u\":\"" X5U_URL "\"}",
			     "{\"version\":1,\"sequence\":9,\"exp\":1600000000,\"trustList\":[]}",
			     key));
		return;
	}
	give(w, LIST_URL,
	     pki_calist(bad->what == LOWER ? 4 : 9, exp, lists_b.anchor.text, X5U_URL, key));
	if (bad->what == NO_CHAIN)
		lists_fail(w, X5U_URL, SK_FETCH_TIMEOUT);
	else if (bad->what == BAD_CHAIN)
		lists_answer(w, X5U_URL, "hello");
	else
		lists_answer(w, X5U_URL,
			     bad->what == WRONG_ROOT ? lists_forger_pem.text
						     : lists_signer_pem.text);
}

static void test_refusals(void)
{
	for (size_t i = 0; i < SK_COUNT(bads); i++) {
		const struct bad *bad = &bads[i];
		struct lists_world w;
		const struct lists_counters *n;

		begin_with_list(&w, with_url());
		n = lists_counters(w.lists);
		lists_pass(&w, HOUR);
		answer_badly(&w, bad);
		CHECK(n->refused == bad->refused && n->failed == !bad->refused && w.swaps == 1,
		      "%s: counted", bad->name);
		CHECK(lists_judge(&w, &lists_a) == SK_OK &&
			      lists_judge(&w, &lists_b) == SK_CERT_UNTRUSTED,
		      "%s: what was good stays", bad->name);
		CHECK(w.net.kept == 2, "%s: not kept", bad->name);
		lists_pass(&w, 59);
		CHECK(w.net.count == 0, "%s: not at once again", bad->name);
		lists_pass(&w, 1);
		give(&w, LIST_URL, list_of(6, SEQ_END, &lists_b));
		lists_answer(&w, X5U_URL, lists_signer_pem.text);
		CHECK(lists_judge(&w, &lists_b) == SK_OK, "%s: the next one is good", bad->name);
		CHECK(lists_end(&w) == 0, "%s: end", bad->name);
	}
}

/* A minute, two, four, ... an hour */
static void test_patience(void)
{
	static const int64_t waits[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600 };
	struct lists_world w;

	if (!lists_begin(&w, with_url()))
		abort();
	lists_pass(&w, 0);
	lists_fail(&w, LIST_URL, SK_FETCH_DNS);
	for (size_t i = 0; i < SK_COUNT(waits); i++) {
		lists_pass(&w, waits[i] - 1);
		CHECK(w.net.count == 0, "patience %zu", i);
		lists_pass(&w, 1);
		CHECK(lists_asked(&w, LIST_URL), "again %zu", i);
		if (i % 2 == 0)
			lists_fail(&w, LIST_URL, SK_FETCH_CONNECT);
		else
			lists_answer(&w, LIST_URL, "hello");
	}
	w.net.refuse = SK_BUSY;
	lists_pass(&w, HOUR);
	CHECK(w.net.count == 0 && lists_counters(w.lists)->failed == 7, "a full queue fails, too");
	w.net.refuse = SK_OK;
	lists_pass(&w, HOUR);
	give(&w, LIST_URL, list_of(5, SEQ_END, &lists_a));
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	lists_pass(&w, HOUR);
	lists_fail(&w, LIST_URL, SK_FETCH_DNS);
	lists_pass(&w, 60);
	CHECK(lists_asked(&w, LIST_URL), "a minute again, after it went well once");
	CHECK(lists_end(&w) == 0, "end");
}

static void test_exp(void)
{
	struct conf *conf = with_url();
	struct lists_world w;

	lists_add(&conf->trust.anchors, lists_file("b.pem", lists_b.anchor.text, 0644));
	conf->trust.refresh = DAY;
	if (!lists_begin(&w, conf))
		abort();
	lists_pass(&w, 0);
	give(&w, LIST_URL, list_of(5, PKI_NOW + 2 * HOUR, &lists_a));
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	lists_pass(&w, 2 * HOUR - 1);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.swaps == 1, "its last second");
	lists_pass(&w, 1);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED && w.swaps == 2, "past exp");
	CHECK(lists_judge(&w, &lists_b) == SK_OK, "files stay");
	CHECK(lists_asked(&w, LIST_URL), "it was asked for at its exp");
	give(&w, LIST_URL, list_of(4, SEQ_END, &lists_a));
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED, "the sequence still counts");
	lists_pass(&w, 60);
	give(&w, LIST_URL, list_of(5, SEQ_END, &lists_a));
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.swaps == 3, "prolonged");
	/* the clock is set: within a minute it is seen */
	w.clock.wall += 40 * DAY;
	lists_pass(&w, 60);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED && w.swaps == 4, "a clock that jumps");
	CHECK(lists_end(&w) == 0, "end");
}

/* A store in front of the network */
static void test_store(void)
{
	char *old = list_of(5, SEQ_END, &lists_a), *over = list_of(6, PKI_NOW - 1, &lists_a);
	struct lists_world w;

	if (!lists_begin(&w, with_url()))
		abort();
	lists_pass(&w, 0);
	lists_from_store(&w, LIST_URL, old, PKI_NOW - 10 * HOUR);
	lists_from_store(&w, X5U_URL, lists_signer_pem.text, PKI_NOW - 10 * HOUR);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "a start without network");
	CHECK(w.net.kept == 0, "what is stored is not stored again");
	lists_pass(&w, 60);
	CHECK(lists_asked(&w, LIST_URL) && lists_asked(&w, LIST_URL)->have == PKI_NOW - 10 * HOUR,
	      "soon the network is asked for something newer");
	lists_from_store(&w, LIST_URL, old, PKI_NOW - 10 * HOUR);
	CHECK(lists_counters(w.lists)->failed == 1, "the same copy again: the network failed");
	lists_pass(&w, 60);
	give(&w, LIST_URL, list_of(6, SEQ_END, &lists_b));
	lists_from_store(&w, X5U_URL, lists_forger_pem.text, PKI_NOW - 20 * HOUR);
	CHECK(lists_asked(&w, X5U_URL) && lists_asked(&w, X5U_URL)->have == PKI_NOW - 20 * HOUR,
	      "a stored chain that does not fit is asked for anew");
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(lists_judge(&w, &lists_b) == SK_OK, "from the network");
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_url()))
		abort();
	lists_pass(&w, 0);
	lists_from_store(&w, LIST_URL, over, PKI_NOW - 10 * DAY);
	lists_from_store(&w, X5U_URL, lists_signer_pem.text, PKI_NOW - 10 * HOUR);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED, "a copy past its exp");
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, LIST_URL) && lists_asked(&w, LIST_URL)->have == PKI_NOW - 10 * DAY,
	      "the network at once");
	lists_from_store(&w, LIST_URL, over, PKI_NOW - 10 * DAY);
	CHECK(w.net.count == 0, "no endless loop");
	CHECK(lists_end(&w) == 0, "end");
	free(old);
	free(over);
}

static struct conf *with_login(const char *name, const char *text, mode_t mode)
{
	struct conf *conf = with_url();

	lists_set_text(&conf->trust.ca_list_login_url, LOGIN_URL);
	lists_set_text(&conf->trust.ca_list_login, lists_file(name, text, mode));
	return conf;
}

static void test_login(void)
{
	static const char *const bad[] = { "{}",
					   "",
					   "{\"accessToken\":1}",
					   "{\"accessToken\":\"\"}",
					   "{\"accessToken\":\"a\\r\\nX: y\"}",
					   "secret" };
	struct lists_world w;

	if (!lists_begin(&w, with_login("login", "me\np\"w\\1\n", 0600)))
		abort();
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, LOGIN_URL) && !lists_asked(&w, LIST_URL), "login first");
	CHECK(sk_span_eq(lists_asked(&w, LOGIN_URL)->post,
			 SK_SPAN("{\"userId\":\"me\",\"password\":\"p\\\"w\\\\1\"}")),
	      "what is posted");
	lists_answer(&w, LOGIN_URL, "{\"status\":\"success\",\"accessToken\":\"abc.def\"}");
	CHECK(lists_asked(&w, LIST_URL) &&
		      sk_span_eq(lists_asked(&w, LIST_URL)->bearer, SK_SPAN("abc.def")),
	      "the token");
	give(&w, LIST_URL, list_of(5, SEQ_END, &lists_a));
	CHECK(lists_asked(&w, X5U_URL) && lists_asked(&w, X5U_URL)->bearer.len == 0,
	      "the token is for the list only");
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "in use");
	CHECK(lists_end(&w) == 0, "end");

	for (size_t i = 0; i <= SK_COUNT(bad); i++) {
		if (!lists_begin(&w, with_login("login", "me\r\npw", 0600)))
			abort();
		w.net.base.keep = NULL;
		lists_pass(&w, 0);
		if (i < SK_COUNT(bad))
			lists_answer(&w, LOGIN_URL, bad[i]);
		else
			lists_fail(&w, LOGIN_URL, SK_FETCH_STATUS);
		CHECK(w.net.count == 0 && lists_counters(w.lists)->failed == 1, "login %zu", i);
		lists_end(&w);
	}
	if (!lists_begin(&w, with_login("login", "me\npw\n", 0600)))
		abort();
	lists_pass(&w, 0);
	lists_fail(&w, LOGIN_URL, SK_FETCH_CONNECT);
	CHECK(lists_asked(&w, LIST_URL) && lists_asked(&w, LIST_URL)->bearer.len == 0,
	      "a store may have it");
	CHECK(lists_said(&w, "the log-in failed: no connection to its host\""), "why: %s", w.log);
	CHECK(lists_end(&w) == 0, "end");
}

/* Settings that lists_new() refuses, and what the reason names */
static void refused(struct conf *conf, const char *named, const char *what)
{
	struct lists_world w;
	bool ok = lists_begin(&w, conf);

	CHECK(!ok && strstr(w.why, named), "%s: \"%s\" does not name %s", what, w.why, named);
	if (!ok)
		w.lists = NULL, w.trust = NULL;
	lists_end(&w);
}

static void test_settings(void)
{
	struct conf *conf;

	refused(with_login("login", "me\npw\n", 0644), "trust.ca-list-login:", "mode 0644");
	refused(with_login("login", "me\n", 0600), "trust.ca-list-login:", "no password");
	refused(with_login("login", "me\npw\nmore\n", 0600), "trust.ca-list-login:", "three lines");
	refused(with_login("login", "", 0600), "trust.ca-list-login:", "empty");
	conf = with_url();
	lists_set_text(&conf->trust.ca_list_login_url, LOGIN_URL);
	refused(conf, "trust.ca-list-login", "an address without a file");
	conf = lists_conf();
	lists_set_text(&conf->trust.ca_list_url, "http://pa.example/");
	refused(conf, "trust.ca-list-url", "http");
	conf = lists_conf();
	lists_set_text(&conf->trust.ca_list_url, "https://192.168.1.1/ca-list");
	refused(conf, "public Internet", "an address inside, of the list of authorities");
	conf = lists_conf();
	lists_add(&conf->trust.crl_urls, "https://10.0.0.5/crl");
	refused(conf, "trust.crl-urls: https://10.0.0.5/crl", "an address inside");
	conf = lists_conf();
	lists_add(&conf->trust.crl_urls, "https://[::1]/crl");
	refused(conf, "public Internet", "ourselves");
	conf = lists_conf();
	lists_add(&conf->trust.crl_urls, "https://pa.example:444/crl");
	refused(conf, "trust.crl-urls", "port 444");
	conf = with_url();
	free(conf->trust.administrator.items[0]);
	conf->trust.administrator.count = 0;
	refused(conf, "trust.administrator", "no administrator");
	conf = with_url();
	lists_set_text(&conf->trust.ca_list, "/nonexistent/list");
	refused(conf, "trust.ca-list-certificate", "a file without its signer");
	lists_set_text(&(conf = with_url())->trust.ca_list_certificate, "/nonexistent/x.pem");
	refused(conf, "trust.ca-list-certificate", "no such signer");
}

/* The list is a file, with its signer; then an URL, too */
static struct conf *with_file_of(int64_t sequence, int64_t exp, bool url,
				 const struct provider *who)
{
	struct conf *conf = url ? with_url() : lists_conf();
	char *list = list_of(sequence, exp, who);

	lists_set_text(&conf->trust.ca_list, lists_file("list.jws", list, 0644));
	lists_set_text(&conf->trust.ca_list_certificate,
		       lists_file("signer.pem", lists_signer_pem.text, 0644));
	free(list);
	return conf;
}

static struct conf *with_file(int64_t sequence, int64_t exp, bool url)
{
	return with_file_of(sequence, exp, url, &lists_a);
}

static void test_file(void)
{
	struct lists_world w;

	if (!lists_begin(&w, with_file(5, PKI_NOW + HOUR, false)))
		abort();
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.net.started == 0, "a file alone");
	lists_pass(&w, HOUR);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED && w.swaps == 1, "a file ends, too");
	CHECK(lists_end(&w) == 0, "end");

	CHECK(lists_begin(&w, with_file(5, PKI_NOW, true)),
	      "an old file is no reason to stay away");
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED, "but nobody is trusted by it");
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_file(5, SEQ_END, true)))
		abort();
	lists_pass(&w, 0);
	give(&w, LIST_URL, list_of(4, SEQ_END, &lists_b));
	CHECK(lists_counters(w.lists)->refused == 1 && w.swaps == 0, "older than the file");
	lists_pass(&w, 60);
	give(&w, LIST_URL, list_of(6, SEQ_END, &lists_b));
	CHECK(!lists_asked(&w, X5U_URL) && lists_judge(&w, &lists_b) == SK_OK,
	      "newer, and its signer is a file");
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED,
	      "the file's are not trusted any more");
	CHECK(lists_end(&w) == 0, "end");
}

static bool reload(struct lists_world *w, struct conf *conf, bool commit)
{
	struct lists_next *next = NULL;
	struct sk_trust *trust = NULL;
	const bool ok = lists_prepare(w->lists, conf, &next, &trust, w->why);

	if (ok && commit) {
		lists_commit(w->lists, next);
		sk_trust_free(w->trust);
		w->trust = trust;
	} else if (ok) {
		lists_drop(next);
		sk_trust_free(trust);
	}
	conf_unref(w->conf);
	w->conf = conf;
	return ok;
}

static void set_other_administrator(struct conf *conf)
{
	struct pki_text *pem = calloc(1, sizeof(*pem));

	if (!pem)
		abort();
	pki_add_cert(pem, lists_stranger.cert);
	lists_add(&conf->trust.administrator, lists_file("other.pem", pem->text, 0644));
	free(conf->trust.administrator.items[0]);
	conf->trust.administrator.items[0] = conf->trust.administrator.items[1];
	conf->trust.administrator.count = 1;
	free(pem);
}

static struct conf *with_file_of_other(int64_t sequence)
{
	struct conf *conf = lists_conf();
	char *list = pki_calist(sequence, SEQ_END, lists_a.anchor.text, X5U_URL, lists_forger.key);

	set_other_administrator(conf);
	lists_set_text(&conf->trust.ca_list, lists_file("list.jws", list, 0644));
	lists_set_text(&conf->trust.ca_list_certificate,
		       lists_file("forger.pem", lists_forger_pem.text, 0644));
	free(list);
	return conf;
}

static void steps_back(struct lists_world *w, struct conf *conf, const char *what)
{
	const enum sk_err before = lists_judge(w, &lists_a);

	w->why[0] = '\0';
	CHECK(!reload(w, conf, true) && strstr(w->why, "trust.ca-list") &&
		      strstr(w->why, "sequence is lower"),
	      "%s: %s", what, w->why);
	CHECK(lists_judge(w, &lists_a) == before, "%s: nothing changed", what);
}

/* A list of before brings back who was taken off: by a reload as little as by the network */
static void test_reload_back(void)
{
	struct lists_world w;

	if (!lists_begin(&w, with_file_of(9, PKI_NOW + HOUR, false, &lists_b)))
		abort();
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED, "A was taken off");
	steps_back(&w, with_file(4, SEQ_END, false), "a file, a lower one");
	steps_back(&w, with_file(8, SEQ_END, true), "a file, one below, and an URL");
	CHECK(reload(&w, with_file_of(9, PKI_NOW + HOUR, false, &lists_b), true), "the same");
	lists_pass(&w, 2 * HOUR);
	CHECK(lists_judge(&w, &lists_b) == SK_CERT_UNTRUSTED, "it has ended");
	steps_back(&w, with_file(4, SEQ_END, false), "a lower one, after its end");
	CHECK(reload(&w, with_file(10, SEQ_END, false), true) && !lists_judge(&w, &lists_a),
	      "a higher one: %s", w.why);
	CHECK(reload(&w, with_file_of_other(1), true) && !lists_judge(&w, &lists_a),
	      "another administrator counts by himself: %s", w.why);
	CHECK(lists_end(&w) == 0, "end");

	begin_with_list(&w, with_url());
	CHECK(reload(&w, with_file(4, SEQ_END, true), true) && !lists_judge(&w, &lists_a),
	      "a lower file beside the list that was fetched: %s", w.why);
	steps_back(&w, with_file(4, SEQ_END, false), "a lower file in its stead");
	CHECK(lists_end(&w) == 0, "end");
}

static void test_reload(void)
{
	struct lists_world w;
	struct conf *conf;

	begin_with_list(&w, with_url());
	CHECK(reload(&w, with_url(), false) && lists_judge(&w, &lists_a) == SK_OK, "dropped");
	CHECK(reload(&w, with_url(), true) && lists_judge(&w, &lists_a) == SK_OK,
	      "the same URL: the list goes on");
	lists_pass(&w, HOUR - 1);
	CHECK(w.net.count == 0, "and is not asked for again");
	lists_pass(&w, 1);
	CHECK(lists_asked(&w, LIST_URL), "but when it is due");
	CHECK(reload(&w, with_url(), true) && w.net.stopped == 1, "in the middle of a fetch");
	lists_pass(&w, 0);
	give(&w, LIST_URL, list_of(4, SEQ_END, &lists_b));
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	CHECK(lists_counters(w.lists)->refused == 1, "the sequence goes on");

	conf = with_url();
	lists_add(&conf->trust.anchors, "/nonexistent/a.pem");
	CHECK(!reload(&w, conf, true) && strstr(w.why, "/nonexistent/a.pem") &&
		      strstr(w.why, "trust.anchors"),
	      "a file that is missing: %s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "nothing changed");

	conf = with_url();
	set_other_administrator(conf);
	CHECK(reload(&w, conf, true) && lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED,
	      "another administrator: the list was not his");

	CHECK(reload(&w, lists_conf(), true), "no URL any more");
	lists_pass(&w, DAY);
	CHECK(w.net.count == 0, "nothing is asked for");
	CHECK(reload(&w, with_url(), true), "again");
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, LIST_URL), "asked for at once");
	CHECK(lists_end(&w) == 0, "end");
}

int main(void)
{
	lists_init();
	test_first();
	test_refusals();
	test_patience();
	test_exp();
	test_store();
	test_login();
	test_settings();
	test_file();
	test_reload();
	test_reload_back();
	lists_done();
	return check_result();
}
