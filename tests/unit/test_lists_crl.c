/*
 * Revocation lists that are fetched: whose they may be, and what happens while one
 * is missing or late.
 */
#include "lists_replay.h"
#include "tests/check.h"

#include <stdlib.h>

static const char indirect[] = "30038401ff";

/* Provider A by file, lists by URL */
static struct conf *with_crl(bool required, int64_t grace)
{
	struct conf *conf = lists_conf();

	lists_add(&conf->trust.anchors, lists_file("a.pem", lists_a.anchor.text, 0644));
	lists_add(&conf->trust.crl_urls, CRL_URL);
	conf->trust.crl_required = required;
	conf->trust.crl_grace = grace;
	return conf;
}

static void give_crl(struct lists_world *w, const struct pki_crl *spec, const struct pki_cert *by)
{
	char *crl = lists_crl(spec, by);

	lists_answer(w, CRL_URL, crl);
	free(crl);
}

/* What comes when a good list of the administrator's is in use that lists nobody */
/* clang-format off */
static const struct row {
	const char *name;
	const struct pki_cert *by;
	bool refused;      /* else it is taken over */
	enum sk_err after; /* the verdict on A then */
	bool lists_leaf;
	struct pki_crl crl;
	const char *body;  /* instead */
} rows[] = {
	{ "newer, leaf revoked", &lists_admin, false, SK_CERT_REVOKED, true,
	  { .from = PKI_NOW - 10, .number = 8, .idp = indirect, .names_issuer = true }, NULL },
	{ "the same age", &lists_admin, false, SK_CERT_REVOKED, true,
	  { .from = PKI_NOW - 100, .number = 7, .idp = indirect, .names_issuer = true }, NULL },
	{ "past its end, still newer", &lists_admin, false, SK_CERT_REVOKED, true,
	  { .from = PKI_NOW - 10, .to = PKI_NOW - 1, .number = 8, .idp = indirect, .names_issuer = true }, NULL },
	{ "direct, of an authority", &lists_a.root, true, SK_OK, false, { .from = PKI_NOW - 10 }, NULL },
	{ "direct, of an intermediate", &lists_a.mid, true, SK_OK, true, { .from = PKI_NOW - 10 }, NULL },
	{ "older", &lists_admin, true, SK_OK, true,
	  { .from = PKI_NOW - 101, .number = 8, .idp = indirect, .names_issuer = true }, NULL },
	{ "of a lower number", &lists_admin, true, SK_OK, true,
	  { .from = PKI_NOW - 10, .number = 6, .idp = indirect, .names_issuer = true }, NULL },
	{ "forged", &lists_admin, true, SK_OK, true,
	  { .from = PKI_NOW - 10, .number = 8, .idp = indirect, .names_issuer = true, .spoil = true }, NULL },
	{ "of a stranger with the administrator's name", &lists_stranger, true, SK_OK, true,
	  { .from = PKI_NOW - 10, .number = 8, .idp = indirect, .names_issuer = true }, NULL },
	{ "indirect, of a stranger", &lists_b.root, true, SK_OK, true,
	  { .from = PKI_NOW - 10, .idp = indirect, .names_issuer = true }, NULL },
	{ "forged, of an authority", &lists_a.root, true, SK_OK, false, { .from = PKI_NOW - 10, .spoil = true }, NULL },
	{ "of tomorrow", &lists_admin, true, SK_OK, true,
	  { .from = PKI_NOW + DAY, .number = 8, .idp = indirect, .names_issuer = true }, NULL },
	{ "text", NULL, true, SK_OK, false, { 0 }, "hello" },
	{ "nothing", NULL, true, SK_OK, false, { 0 }, "" },
	{ "half of PEM", NULL, true, SK_OK, false, { 0 }, "-----BEGIN X509 CRL-----\nMAA=\n" },
};
/* clang-format on */

static void try_row(const struct row *row)
{
	const struct pki_crl first = { .from = PKI_NOW - 100, .number = 7, .idp = indirect };
	struct pki_crl spec = row->crl;
	struct lists_world w;
	const struct lists_counters *n;
	enum sk_err err;

	if (!lists_begin(&w, with_crl(true, 0)))
		abort();
	n = lists_counters(w.lists);
	lists_pass(&w, 0);
	give_crl(&w, &first, &lists_admin);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.swaps == 1 && n->fetched == 1,
	      "%s: the first", row->name);
	lists_pass(&w, HOUR);
	w.clock.wall = PKI_NOW; /* the rows count from here */
	spec.revoked = row->lists_leaf ? lists_a.leaf.cert : NULL;
	if (row->by)
		give_crl(&w, &spec, row->by);
	else
		lists_answer(&w, CRL_URL, row->body);
	err = lists_judge(&w, &lists_a);
	CHECK(err == row->after, "%s: %s", row->name, sk_err_name(err));
	CHECK(n->refused == row->refused && w.swaps == 2U - row->refused && n->failed == 0,
	      "%s: refused %u", row->name, (unsigned)n->refused);
	lists_pass(&w, 60);
	if (row->refused)
		CHECK(lists_asked(&w, CRL_URL) != NULL, "%s: again in a minute", row->name);
	CHECK(w.net.kept == 1U + (!row->refused && row->crl.to == 0), "%s: kept", row->name);
	CHECK(lists_end(&w) == 0, "%s: end", row->name);
}

/* The same list again, and 304: nothing is swapped */
static void test_same(void)
{
	const struct pki_crl spec = { .idp = indirect };
	char *crl = lists_crl(&spec, &lists_admin);
	struct lists_world w;

	if (!lists_begin(&w, with_crl(true, 0)))
		abort();
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, CRL_URL)->max == TRUST_FILES_CRL_MAX, "room for a long list");
	lists_answer(&w, CRL_URL, crl);
	lists_pass(&w, HOUR);
	lists_answer(&w, CRL_URL, crl);
	lists_pass(&w, HOUR);
	CHECK(sk_span_eq(lists_asked(&w, CRL_URL)->etag, SK_SPAN("\"e1\"")), "etag");
	lists_unchanged(&w, CRL_URL);
	lists_pass(&w, HOUR);
	lists_fail(&w, CRL_URL, SK_FETCH_STATUS);
	CHECK(w.swaps == 1 && lists_judge(&w, &lists_a) == SK_OK, "one swap");
	CHECK(lists_counters(w.lists)->fetched == 3 && lists_counters(w.lists)->failed == 1,
	      "counted");
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_crl(true, 0)))
		abort();
	lists_pass(&w, 0);
	lists_unchanged(&w, CRL_URL);
	CHECK(lists_counters(w.lists)->failed == 1, "304, and nothing to be unchanged");
	lists_pass(&w, 60);
	lists_from_store(&w, CRL_URL, crl, PKI_NOW - HOUR / 2);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.net.kept == 0, "a stored copy");
	lists_pass(&w, HOUR / 2);
	CHECK(lists_asked(&w, CRL_URL), "whose age counts");
	CHECK(lists_end(&w) == 0, "end");
	free(crl);
}

/* None came yet: tolerated for a while, then not, without any further event */
static void test_grace(void)
{
	const struct pki_crl spec = { .from = PKI_NOW - DAY,
				      .to = PKI_NOW + 6 * HOUR,
				      .idp = indirect };
	struct lists_world w;

	if (!lists_begin(&w, with_crl(true, 4 * HOUR)))
		abort();
	w.net.refuse = SK_FETCH_REFUSED;
	lists_pass(&w, 4 * HOUR - 1);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.swaps == 0, "no list, four hours");
	lists_pass(&w, 1);
	CHECK(lists_judge(&w, &lists_a) == SK_CRL_INVALID && w.swaps == 1,
	      "a second more: all is judged again");
	w.net.refuse = SK_OK;
	lists_pass(&w, HOUR);
	give_crl(&w, &spec, &lists_admin);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.swaps == 2, "there it is");
	w.net.refuse = SK_FETCH_REFUSED;
	lists_pass(&w, PKI_NOW + 10 * HOUR - w.clock.wall);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.swaps == 2, "late, four hours");
	lists_pass(&w, 1);
	CHECK(lists_judge(&w, &lists_a) == SK_CRL_INVALID && w.swaps == 3, "and not longer");
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_crl(false, 0)))
		abort();
	w.net.refuse = SK_FETCH_REFUSED;
	lists_pass(&w, DAY);
	CHECK(lists_judge(&w, &lists_a) == SK_OK && w.swaps == 0, "not required: not missed");
	CHECK(lists_end(&w) == 0, "end");
}

static void test_next_look(void)
{
	const struct pki_crl spec = { .to = PKI_NOW + 1000, .idp = indirect };
	const struct pki_crl soon = { .from = PKI_NOW, .to = PKI_NOW + 1010, .idp = indirect };
	struct lists_world w;

	if (!lists_begin(&w, with_crl(false, 0)))
		abort();
	lists_pass(&w, 0);
	give_crl(&w, &spec, &lists_admin);
	lists_pass(&w, 899);
	CHECK(w.net.count == 0, "before nine tenths of its time");
	lists_pass(&w, 1);
	CHECK(lists_asked(&w, CRL_URL), "a tenth ahead of nextUpdate");
	lists_unchanged(&w, CRL_URL);
	lists_pass(&w, 89);
	CHECK(w.net.count == 0, "still the old one");
	lists_pass(&w, 1);
	CHECK(lists_asked(&w, CRL_URL), "a tenth of what is left");
	lists_unchanged(&w, CRL_URL);
	lists_pass(&w, 60);
	give_crl(&w, &soon, &lists_admin);
	lists_pass(&w, 59);
	CHECK(w.net.count == 0, "a minute at least");
	lists_pass(&w, 1);
	CHECK(lists_asked(&w, CRL_URL), "then");
	CHECK(lists_end(&w) == 0, "end");
}

static void test_reload(void)
{
	const struct pki_crl spec = { .idp = indirect,
				      .names_issuer = true,
				      .revoked = lists_a.leaf.cert };
	struct lists_world w;
	struct conf *two = with_crl(false, 0), *none = with_crl(false, 0);

	lists_add(&two->trust.crl_urls, "https://pa.example/second");
	free(none->trust.crl_urls.items[0]);
	none->trust.crl_urls.count = 0;
	if (!lists_begin(&w, with_crl(false, 0)))
		abort();
	lists_pass(&w, 0);
	give_crl(&w, &spec, &lists_admin);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "revoked");
	CHECK(lists_reload(&w, two) && lists_judge(&w, &lists_a) == SK_CERT_REVOKED,
	      "one more URL");
	lists_pass(&w, 0);
	CHECK(!lists_asked(&w, CRL_URL) && lists_asked(&w, "https://pa.example/second"),
	      "only the new one is asked");
	CHECK(lists_reload(&w, none) && w.net.stopped == 1 && lists_judge(&w, &lists_a) == SK_OK,
	      "no URL: its list is gone");
	CHECK(lists_end(&w) == 0, "end");
}

/* The list of an authority that is not known yet is good as soon as it is known */
static void test_late_authority(void)
{
	const struct pki_crl spec = { .idp = indirect, .names_issuer = true };
	struct conf *conf = with_crl(false, 0);
	struct lists_world w;
	char *list = pki_calist(1, PKI_NOW + DAY, lists_b.anchor.text, X5U_URL, lists_signer.key);

	lists_set_text(&conf->trust.ca_list_url, LIST_URL);
	if (!lists_begin(&w, conf))
		abort();
	lists_pass(&w, 0);
	give_crl(&w, &spec, &lists_b.root);
	CHECK(lists_counters(w.lists)->refused == 1, "a stranger's");
	lists_answer(&w, LIST_URL, list);
	lists_answer(&w, X5U_URL, lists_signer_pem.text);
	lists_pass(&w, 0);
	CHECK(lists_asked(&w, CRL_URL), "asked for again at once");
	give_crl(&w, &spec, &lists_b.root);
	CHECK(lists_counters(w.lists)->refused == 1 && w.swaps == 2, "an authority's");
	CHECK(lists_end(&w) == 0, "end");
	free(list);
}

int main(void)
{
	lists_init();
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		try_row(&rows[i]);
	test_same();
	test_grace();
	test_next_look();
	test_reload();
	test_late_authority();
	lists_done();
	return check_result();
}
