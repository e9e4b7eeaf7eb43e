/*
 * A reload names another address: the good list of the old one serves until the new
 * one has given its first; a list of another administrator does not.
 */
#include "lists_replay.h"
#include "tests/check.h"

#include <stdlib.h>

#define SECOND "https://mirror.example/crl"
#define THIRD  "https://third.example/crl"
#define MOVED  "https://mirror.example/ca-list"

static const char indirect[] = "30038401ff";

static struct conf *with_crls(const char *one, const char *two)
{
	struct conf *conf = lists_conf();

	lists_add(&conf->trust.anchors, lists_file("a.pem", lists_a.anchor.text, 0644));
	conf->trust.crl_required = true;
	if (one)
		lists_add(&conf->trust.crl_urls, one);
	if (two)
		lists_add(&conf->trust.crl_urls, two);
	return conf;
}

static struct conf *of_stranger(struct conf *conf)
{
	struct pki_text *pem = calloc(1, sizeof(*pem));

	if (!pem)
		abort();
	pki_add_cert(pem, lists_stranger.cert);
	lists_set_text(&conf->trust.administrator.items[0],
		       lists_file("stranger.pem", pem->text, 0644));
	free(pem);
	return conf;
}

static void give(struct lists_world *w, const char *url, long number, const X509 *revoked,
		 const struct pki_cert *by)
{
	const struct pki_crl spec = { .from = PKI_NOW - 1000 + number,
				      .number = number,
				      .idp = indirect,
				      .names_issuer = true,
				      .revoked = revoked };
	char *crl = lists_crl(&spec, by);

	lists_answer(w, url, crl);
	free(crl);
}

static void begin(struct lists_world *w, const X509 *revoked)
{
	if (!lists_begin(w, with_crls(CRL_URL, NULL)))
		abort();
	lists_pass(w, 0);
	give(w, CRL_URL, 7, revoked, &lists_admin);
	CHECK(lists_judge(w, &lists_a) == (revoked ? SK_CERT_REVOKED : SK_OK), "at first");
}

static void test_crl(void)
{
	struct lists_world w;

	begin(&w, lists_a.leaf.cert);
	CHECK(lists_reload(&w, with_crls(SECOND, NULL)), "%s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "moved");
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, SECOND) && !lists_asked(&w, CRL_URL), "the new one is asked at once");
	CHECK(lists_asked(&w, SECOND)->etag.len == 0, "without the old one's tag");
	lists_fail(&w, SECOND, SK_FETCH_STATUS);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED && !lists_said(&w, "error "),
	      "404 there: %s", w.log);
	CHECK(lists_reload(&w, with_crls(THIRD, NULL)), "%s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "moved once more");
	CHECK(lists_reload(&w, with_crls(THIRD, NULL)), "%s", w.why);
	lists_pass(&w, 0);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "and reloaded");
	give(&w, THIRD, 6, NULL, &lists_admin);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED &&
		      lists_said(&w, "older than the one in use"),
	      "an older one is no way back: %s", w.log);
	lists_pass(&w, 120);
	give(&w, THIRD, 8, NULL, &lists_admin);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "the first from there takes its place");
	CHECK(lists_reload(&w, with_crls(THIRD, NULL)) && lists_judge(&w, &lists_a) == SK_OK,
	      "and keeps it");
	CHECK(lists_end(&w) == 0, "end");
}

/* What else a reload may do with addresses */
static void test_crl_others(void)
{
	struct lists_world w;

	begin(&w, lists_a.leaf.cert);
	CHECK(lists_reload(&w, with_crls(CRL_URL, SECOND)), "%s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "one more");
	CHECK(lists_reload(&w, with_crls(SECOND, THIRD)), "%s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "the first one replaced");
	lists_pass(&w, 0);
	give(&w, SECOND, 9, NULL, &lists_admin);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "one of two came");
	give(&w, THIRD, 9, NULL, &lists_admin);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "both came");
	CHECK(lists_end(&w) == 0, "end");

	begin(&w, lists_a.leaf.cert);
	CHECK(lists_reload(&w, with_crls(NULL, NULL)), "%s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_CRL_INVALID, "no address: its list is gone");
	CHECK(lists_end(&w) == 0, "end");
}

/* Who signed it is not known any more */
static void test_crl_stranger(void)
{
	static const char *const urls[] = { CRL_URL, SECOND };

	for (size_t i = 0; i < SK_COUNT(urls); i++) {
		struct lists_world w;

		begin(&w, NULL);
		CHECK(lists_reload(&w, of_stranger(with_crls(urls[i], NULL))), "%s", w.why);
		CHECK(lists_judge(&w, &lists_a) == SK_CRL_INVALID, "%s: it goes", urls[i]);
		lists_pass(&w, 0);
		CHECK(lists_asked(&w, urls[i]) && lists_asked(&w, urls[i])->etag.len == 0,
		      "%s: asked for whole", urls[i]);
		give(&w, urls[i], 7, NULL, &lists_admin);
		CHECK(lists_said(&w, "error event=crl result=ended") == 1 &&
			      lists_judge(&w, &lists_a) == SK_CRL_INVALID,
		      "%s: refused, and said: %s", urls[i], w.log);
		lists_pass(&w, 120);
		give(&w, urls[i], 1, NULL, &lists_stranger);
		CHECK(lists_judge(&w, &lists_a) == SK_OK, "%s: the new one's", urls[i]);
		CHECK(lists_end(&w) == 0, "end");
	}
}

static struct conf *with_ca(const char *url)
{
	struct conf *conf = lists_conf();

	lists_set_text(&conf->trust.ca_list_url, url);
	return conf;
}

static void give_ca(struct lists_world *w, const char *url, int64_t sequence,
		    const struct provider *who)
{
	char *list =
		pki_calist(sequence, PKI_NOW + DAY, who->anchor.text, X5U_URL, lists_signer.key);

	lists_answer(w, url, list);
	if (lists_asked(w, X5U_URL))
		lists_answer(w, X5U_URL, lists_signer_pem.text);
	free(list);
}

static void test_ca(void)
{
	struct lists_world w;

	if (!lists_begin(&w, with_ca(LIST_URL)))
		abort();
	lists_pass(&w, 0);
	give_ca(&w, LIST_URL, 5, &lists_a);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "at first");
	CHECK(lists_reload(&w, with_ca(MOVED)), "%s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "moved");
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, MOVED) && lists_asked(&w, MOVED)->etag.len == 0,
	      "asked at once, without the old one's tag");
	lists_fail(&w, MOVED, SK_FETCH_STATUS);
	CHECK(lists_judge(&w, &lists_a) == SK_OK, "404 there");
	lists_pass(&w, 120);
	give_ca(&w, MOVED, 4, &lists_b);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && lists_counters(w.lists)->refused == 1,
	      "a lower sequence");
	lists_pass(&w, 240);
	give_ca(&w, MOVED, 6, &lists_b);
	CHECK(lists_judge(&w, &lists_b) == SK_OK && lists_judge(&w, &lists_a) == SK_CERT_UNTRUSTED,
	      "the first from there");
	CHECK(lists_reload(&w, of_stranger(with_ca(LIST_URL))), "%s", w.why);
	CHECK(lists_judge(&w, &lists_b) == SK_CERT_UNTRUSTED, "another administrator");
	CHECK(lists_end(&w) == 0, "end");
}

int main(void)
{
	lists_init();
	test_crl();
	test_crl_others();
	test_crl_stranger();
	test_ca();
	lists_done();
	return check_result();
}
