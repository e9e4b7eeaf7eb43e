/*
 * A job is ended by hand, at the moment that the story wants.
 */
#include "certs_replay.h"

#include <stdio.h>
#include <stdlib.h>

struct pki_text replay_good, replay_other, replay_anchors, replay_other_anchors;

void replay_init(void)
{
	EVP_PKEY_free(pki_simple(NULL, &replay_good, &replay_anchors));
	EVP_PKEY_free(pki_simple(NULL, &replay_other, &replay_other_anchors));
}

static enum sk_err net_start(struct fetcher *self, struct fetch_job *job)
{
	struct fake_net *net = (struct fake_net *)self;

	if (net->refuse != SK_OK)
		return net->refuse;
	if (net->count == JOBS)
		abort();
	net->jobs[net->count++] = job;
	net->started++;
	return SK_OK;
}

static void net_remove(struct fake_net *net, size_t i)
{
	net->jobs[i] = net->jobs[--net->count];
}

static void net_stop(struct fetcher *self, struct fetch_job *job)
{
	struct fake_net *net = (struct fake_net *)self;

	for (size_t i = 0; i < net->count; i++) {
		if (net->jobs[i] == job) {
			net_remove(net, i);
			net->stopped++;
			return;
		}
	}
	abort(); /* stopped a job that is not under way */
}

static bool net_reload(struct fetcher *self, const struct certs_conf *conf, char why[256])
{
	struct fake_net *net = (struct fake_net *)self;

	(void)conf;
	snprintf(why, 256, "no");
	net->reloads += !net->reload_fails;
	return !net->reload_fails;
}

static void net_keep(struct fetcher *self, const struct fetch_kept *kept)
{
	struct fake_net *net = (struct fake_net *)self;

	net->keeps++;
	net->kept_body = kept->body.len;
	net->kept = (struct fetch_kept){ .fetched = kept->fetched, .until = kept->until };
}

void replay_result(struct world *w, const struct fetch_result *result)
{
	struct fetch_job *job;

	if (w->net.count == 0)
		abort(); /* no fetch is under way */
	job = w->net.jobs[w->net.count - 1];
	net_remove(&w->net, w->net.count - 1);
	job->done(job, result);
}

void replay_end_fetch(struct world *w, enum sk_err err, const struct pki_text *body,
		      const char *header)
{
	struct fetch_result result = { .err = err };

	freshness_init(&result.headers);
	if (header)
		freshness_header(&result.headers, sk_span_of(header));
	if (body)
		result.body = (struct sk_span){ body->text, body->len };
	else if (err == SK_OK)
		result.not_modified = true;
	replay_result(w, &result);
}

static int64_t fake_wall(const struct clock *self)
{
	return ((const struct fake_clock *)self)->wall;
}

static int64_t fake_mono(const struct clock *self)
{
	return ((const struct fake_clock *)self)->mono;
}

void replay_pass(struct world *w, int64_t seconds)
{
	w->clock.wall += seconds;
	w->clock.mono += seconds * 1000;
}

struct conf *replay_conf(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		abort();
	conf->refs = 1;
	conf->sip.waiting_max = 150;
	conf->tenant.verify.fetch = true;
	conf->certs = (struct certs_conf){ .entries = 4, .lifetime = DAY, .failure_lifetime = 30 };
	return conf;
}

struct sk_trust *replay_trust(const struct pki_text *pem)
{
	struct sk_trust_rules rules = { .profile = SK_PROFILE_OFF };
	struct sk_trust *trust = NULL;

	if (sk_trust_new(&rules, &trust) != SK_OK ||
	    sk_trust_add_anchors(trust, pem->text, pem->len, NULL) != SK_OK)
		abort();
	return trust;
}

void replay_begin(struct world *w)
{
	struct certs_parts parts = { .clock = &w->clock.base, .fetcher = &w->net.base };
	char why[256];

	*w = (struct world){ .net.base = { net_start, net_stop, net_reload, net_keep },
			     .clock = { { fake_wall, fake_mono }, PKI_NOW, 1000000 },
			     .conf = replay_conf() };
	if (!certs_new(&parts, w->conf, replay_trust(&replay_anchors), &w->certs, why))
		abort();
}

size_t replay_end(struct world *w)
{
	size_t under_way = w->net.count;

	certs_free(w->certs);
	conf_unref(w->conf);
	return under_way - w->net.stopped + w->net.count;
}

static void on_certs(void *arg, const struct certs_result *result)
{
	struct call *call = arg;
	struct world *again = call->again;

	call->calls++;
	call->err = result->err;
	call->verdict = result->verdict;
	call->from = result->from;
	call->chain = result->chain != NULL;
	if (call->cancel)
		certs_cancel(again->certs, &call->cancel->wait);
	else if (again) {
		call->again = NULL;
		certs_want(again->certs, URL("again"), &call->wait, on_certs, call);
	}
	if (result->chain && sk_chain_count(result->chain) == 0)
		abort(); /* it must outlive all that the handler did */
}

void replay_want(struct world *w, struct sk_span url, struct call *call)
{
	certs_want(w->certs, url, &call->wait, on_certs, call);
}

struct call replay_ask(struct world *w, struct sk_span url)
{
	struct call call = { .calls = 0 };

	replay_want(w, url, &call);
	certs_cancel(w->certs, &call.wait);
	return call;
}

void replay_store(struct world *w, struct sk_span url, const char *header)
{
	(void)replay_ask(w, url);
	replay_end_fetch(w, SK_OK, &replay_good, header);
}
