/*
 * Revocation lists that do not count: files of strangers, and what trust.crl-required
 * says before it lets calls fail.
 */
#include "lists_replay.h"
#include "tests/check.h"

#include <stdlib.h>

static const char indirect[] = "30038401ff";

/* Provider A by file */
static struct conf *plain(bool required, int64_t grace)
{
	struct conf *conf = lists_conf();

	lists_add(&conf->trust.anchors, lists_file("a.pem", lists_a.anchor.text, 0644));
	conf->trust.crl_required = required;
	conf->trust.crl_grace = grace;
	return conf;
}

static void add_crl_file(struct conf *conf, const char *name, const struct pki_crl *spec,
			 const struct pki_cert *by)
{
	char *crl = lists_crl(spec, by);

	lists_add(&conf->trust.crls, lists_file(name, crl, 0644));
	free(crl);
}

static struct conf *with_file(bool required, int64_t grace, const struct pki_crl *spec,
			      const struct pki_cert *by)
{
	struct conf *conf = plain(required, grace);

	add_crl_file(conf, "crl.pem", spec, by);
	return conf;
}

/* One file of trust.crls: is it refused, warned of, or in order? */
/* clang-format off */
static const struct row {
	const char *name;
	const struct pki_cert *by;
	struct pki_crl crl;
	const char *refused, *warned; /* words; NULL: it is not */
	enum sk_err verdict;          /* on A, whose leaf the list has */
} rows[] = {
	{ "indirect, the administrator's", &lists_admin, { .idp = indirect, .names_issuer = true }, NULL, NULL, SK_CERT_REVOKED },
	{ "indirect, a stranger's", &lists_stranger, { .idp = indirect, .names_issuer = true }, "indirect", NULL, SK_OK },
	{ "indirect, forged", &lists_admin, { .idp = indirect, .names_issuer = true, .spoil = true }, "indirect", NULL, SK_OK },
	{ "indirect, of an authority that is no anchor", &lists_b.root, { .idp = indirect, .names_issuer = true }, "indirect", NULL, SK_OK },
	{ "indirect, of an intermediate", &lists_a.mid, { .idp = indirect, .names_issuer = true }, "indirect", NULL, SK_OK },
	{ "direct, the root's", &lists_a.root, { 0 }, NULL, NULL, SK_OK },
	{ "direct, of an intermediate", &lists_a.mid, { 0 }, NULL, "known yet", SK_CERT_REVOKED },
	{ "direct, forged", &lists_a.mid, { .spoil = true }, NULL, "known yet", SK_OK },
	{ "direct, a stranger's", &lists_b.root, { 0 }, NULL, "known yet", SK_OK },
	{ "of tomorrow", &lists_admin, { .from = PKI_NOW + DAY, .idp = indirect, .names_issuer = true }, NULL, "of tomorrow", SK_CERT_REVOKED },
	{ "past its end", &lists_admin, { .to = PKI_NOW - 1, .idp = indirect, .names_issuer = true }, NULL, NULL, SK_CERT_REVOKED },
};
/* clang-format on */

static void try_row(const struct row *row)
{
	struct pki_crl spec = row->crl;
	struct lists_world w;
	bool ok;

	spec.revoked = lists_a.leaf.cert;
	ok = lists_begin(&w, with_file(false, 0, &spec, row->by));
	CHECK(ok == !row->refused, "%s: %s", row->name, ok ? "taken" : w.why);
	if (!ok) {
		CHECK(strstr(w.why, "trust.crls: ") && strstr(w.why, "/crl.pem: ") &&
			      row->refused && strstr(w.why, row->refused),
		      "%s: \"%s\"", row->name, w.why);
		conf_unref(w.conf);
		return;
	}
	CHECK(lists_said(&w, "warning event=crl result=unknown") == (row->warned != NULL), "%s: %s",
	      row->name, w.log);
	CHECK(!row->warned || (lists_said(&w, row->warned) && lists_said(&w, "/crl.pem\"")),
	      "%s: %s", row->name, w.log);
	CHECK(lists_judge(&w, &lists_a) == row->verdict, "%s: verdict %s", row->name,
	      sk_err_name(lists_judge(&w, &lists_a)));
	CHECK(!lists_said(&w, "error "), "%s: not required: %s", row->name, w.log);
	CHECK(lists_end(&w) == 0, "%s: end", row->name);
}

/* A reload with such a list is refused, and what is in use stays */
static void test_reload(void)
{
	const struct pki_crl good = { .idp = indirect,
				      .names_issuer = true,
				      .revoked = lists_a.leaf.cert };
	const struct pki_crl bad = { .idp = indirect, .spoil = true };
	struct lists_world w;

	if (!lists_begin(&w, with_file(false, 0, &good, &lists_admin)))
		abort();
	CHECK(!lists_reload(&w, with_file(false, 0, &bad, &lists_admin)) &&
		      strstr(w.why, "indirect"),
	      "refused: %s", w.why);
	CHECK(lists_judge(&w, &lists_a) == SK_CERT_REVOKED, "the old one stays");
	CHECK(lists_end(&w) == 0, "end");
}

static struct conf *with_url(int64_t grace)
{
	struct conf *conf = plain(true, grace);

	lists_add(&conf->trust.crl_urls, CRL_URL);
	return conf;
}

static void give_crl(struct lists_world *w, int64_t to)
{
	const struct pki_crl spec = { .from = w->clock.wall - 10, .to = to, .idp = indirect };
	char *crl = lists_crl(&spec, &lists_admin);

	lists_answer(w, CRL_URL, crl);
	free(crl);
}

static unsigned ended(const struct lists_world *w)
{
	return lists_said(w, "error event=crl result=ended");
}

#define CHECK_ENDED(w, want, fails, what) \
	CHECK(ended(w) == (want) && (lists_judge(w, &lists_a) == SK_CRL_INVALID) == (fails), \
	      "%s: %u lines, %s: %s", what, ended(w), sk_err_name(lists_judge(w, &lists_a)), \
	      (w)->log)

/* Files: each state in which all calls fail is a line, once */
static void test_files(void)
{
	const struct pki_crl good = { .to = PKI_NOW + HOUR, .idp = indirect };
	const struct pki_crl over = { .to = PKI_NOW - HOUR, .idp = indirect };
	const struct pki_crl endless = { .to = -1, .idp = indirect };
	const struct pki_crl direct = { .from = 0 };
	struct lists_world w;

	if (!lists_begin(&w, with_file(true, 0, &good, &lists_admin)))
		abort();
	lists_pass(&w, HOUR);
	CHECK_ENDED(&w, 0, false, "in date");
	lists_pass(&w, 1);
	CHECK_ENDED(&w, 1, true, "ends while running");
	CHECK(lists_said(&w, "/crl.pem\" msg=\"past its end, and trust.crl-required"), "named: %s",
	      w.log);
	lists_pass(&w, DAY);
	CHECK_ENDED(&w, 1, true, "said once");
	CHECK(lists_reload(&w, with_file(true, 2 * HOUR, &good, &lists_admin)), "%s", w.why);
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_file(true, 0, &over, &lists_admin)))
		abort();
	CHECK_ENDED(&w, 1, true, "over at start");
	CHECK(lists_end(&w) == 0, "end");

	/* the grace of the start is as long as that of the list */
	if (!lists_begin(&w, with_file(true, 2 * HOUR, &over, &lists_admin)))
		abort();
	lists_pass(&w, 2 * HOUR - 1);
	CHECK_ENDED(&w, 0, false, "tolerated");
	lists_pass(&w, 1);
	CHECK_ENDED(&w, 1, true, "and then not");
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_file(true, 0, &endless, &lists_admin)))
		abort();
	CHECK_ENDED(&w, 1, true, "no nextUpdate");
	CHECK(lists_said(&w, "says no end"), "why: %s", w.log);
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_file(true, 0, &direct, &lists_b.root)))
		abort();
	CHECK_ENDED(&w, 1, true, "a stranger's alone");
	CHECK(lists_said(&w, "no list of trust.crls counts"), "why: %s", w.log);
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, plain(true, 0)))
		abort();
	CHECK_ENDED(&w, 1, true, "none at all");
	CHECK(lists_end(&w) == 0, "end");
}

/* Addresses: nothing from the start, late when it comes, late later, and good again */
static void test_urls(void)
{
	struct lists_world w;

	if (!lists_begin(&w, with_url(0)))
		abort();
	lists_pass(&w, 0);
	CHECK_ENDED(&w, 0, true, "not asked to the end yet");
	lists_fail(&w, CRL_URL, SK_FETCH_STATUS);
	CHECK_ENDED(&w, 1, true, "404 from the start");
	CHECK(lists_said(&w, CRL_URL "\" msg=\"none came"), "named: %s", w.log);
	lists_pass(&w, 60);
	give_crl(&w, w.clock.wall - 5);
	CHECK_ENDED(&w, 1, true, "late when it comes: the same state goes on");
	lists_pass(&w, 120);
	give_crl(&w, w.clock.wall + HOUR);
	CHECK_ENDED(&w, 1, false, "good");
	w.net.refuse = SK_FETCH_CONNECT;
	lists_pass(&w, HOUR + 1);
	CHECK_ENDED(&w, 2, true, "past its end");
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_url(0)))
		abort();
	lists_pass(&w, 0);
	give_crl(&w, PKI_NOW - 5);
	CHECK_ENDED(&w, 1, true, "the first one is late");
	CHECK(lists_end(&w) == 0, "end");

	if (!lists_begin(&w, with_url(HOUR)))
		abort();
	w.net.refuse = SK_FETCH_CONNECT;
	lists_pass(&w, HOUR - 1);
	CHECK_ENDED(&w, 0, false, "tolerated");
	lists_pass(&w, 1);
	CHECK_ENDED(&w, 1, true, "and then not");
	CHECK(lists_end(&w) == 0, "end");
}

/* As `--check` does: no network */
static void test_check(void)
{
	static const struct {
		const char *name;
		struct pki_crl crl;
		const struct pki_cert *by;
		bool url, ok;
	} checks[] = {
		{ "in date", { .idp = indirect }, &lists_admin, false, true },
		{ "over", { .to = PKI_NOW - 1, .idp = indirect }, &lists_admin, false, false },
		{ "a stranger's", { 0 }, &lists_b.root, false, false },
		{ "over, but there is an address",
		  { .to = PKI_NOW - 1, .idp = indirect },
		  &lists_admin,
		  true,
		  true },
	};

	for (size_t i = 0; i < SK_COUNT(checks); i++) {
		struct conf *conf = with_file(true, 0, &checks[i].crl, checks[i].by);
		struct lists_world w;
		bool ok;

		if (checks[i].url)
			lists_add(&conf->trust.crl_urls, CRL_URL);
		ok = lists_check(&w, conf);
		CHECK(ok == checks[i].ok && (ok || strstr(w.why, "trust.crl-required")), "%s: %s",
		      checks[i].name, ok ? "good" : w.why);
	}
}

int main(void)
{
	lists_init();
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		try_row(&rows[i]);
	test_reload();
	test_files();
	test_urls();
	test_check();
	lists_done();
	return check_result();
}
