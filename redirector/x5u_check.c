/*
 * A cursor over tenants and their certificates, and a few jobs that take the next one each.
 */
#include "redirector/x5u_check.h"

#include "redirector/base/log_word.h"

#include <stdlib.h>

enum {
	JOBS = 8, /* fetches at once: a look at many tenants must not crowd out the calls' own */
};

struct job {
	struct fetch_job fetch;
	struct x5u_check *check;
	struct tenant *tenant; /* a reference; NULL: idle */
	size_t at;             /* of its certificates */
};

struct x5u_check {
	struct fetcher *network;
	struct log *log;
	struct directory *directory; /* NULL: no look under way */
	size_t tenant, certificate;  /* the cursor; one past the last tenant is the fallback */
	bool *wanted;                /* by tenant */
	struct job jobs[JOBS];
};

static void job_end(struct job *job)
{
	tenant_unref(sk_steal(job->tenant));
}

static void stop_all(struct x5u_check *c)
{
	for (size_t i = 0; i < JOBS; i++) {
		if (!c->jobs[i].tenant)
			continue;
		c->network->stop(c->network, &c->jobs[i].fetch);
		job_end(&c->jobs[i]);
	}
	free(sk_steal(c->wanted));
	directory_unref(sk_steal(c->directory));
}

struct x5u_check *x5u_check_new(struct fetcher *network, struct log *log)
{
	struct x5u_check *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->network = network;
	c->log = log;
	for (size_t i = 0; i < JOBS; i++)
		c->jobs[i].check = c;
	return c;
}

void x5u_check_free(struct x5u_check *c)
{
	if (!c)
		return;
	stop_all(c);
	free(c);
}

static void tell(const struct job *job, enum log_level level, const char *result, const char *msg)
{
	struct keystore_cert cert;
	char name[LOG_WORD_SIZE];

	if (!job->check->log)
		return;
	keystore_at(job->tenant->keys, job->at, &cert);
	log_print(
		job->check->log, level,
		"event=x5u tenant=%s credential=%s result=%s x5u=\"%.300s\" certificate=\"%.200s\" "
		"msg=\"%s\"",
		log_word(job->tenant->set->name, name), cert.name, result, cert.x5u,
		cert.certificate, msg);
}

/* What is there is not what we sign with. */
static void differs(const struct job *job, bool next)
{
	bool refuse = job->tenant->set->sign.check_x5u == CHECK_X5U_REFUSE && !next;

	if (refuse)
		keystore_refuse(job->tenant->keys, job->at, true);
	tell(job, refuse ? LEVEL_ERROR : LEVEL_WARNING, "differs",
	     refuse ? "another certificate is there: this one does not sign"
	     : next ? "the next certificate is not there yet"
		    : "another certificate is there: who verifies will refuse our calls");
}

static void judge(const struct job *job, const struct fetch_result *result)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	struct keystore_cert cert;
	enum sk_err err;

	if (result->err) {
		tell(job, LEVEL_WARNING, "unknown", sk_err_text(result->err));
		return;
	}
	keystore_at(job->tenant->keys, job->at, &cert);
	err = sk_chain_new(result->body.ptr, result->body.len, &chain);
	if (sk_err_class(err) == SK_CLASS_OURS) {
		tell(job, LEVEL_WARNING, "unknown", sk_err_text(err));
		return;
	}
	if (err || !sk_chain_same_leaf(chain, cert.chain)) {
		differs(job, cert.next);
		return;
	}
	keystore_refuse(job->tenant->keys, job->at, false);
	tell(job, LEVEL_INFO, "same", "our certificate is there");
}

/* Steps to the next certificate to look at.  @return false: there is none */
static bool next_certificate(struct x5u_check *c, struct tenant **tenant, size_t *at)
{
	for (; c->tenant <= directory_count(c->directory); c->tenant++, c->certificate = 0) {
		struct tenant *t = c->tenant < directory_count(c->directory)
					   ? directory_at(c->directory, c->tenant)
					   : directory_fallback(c->directory);

		if (!t || !t->keys || !c->wanted[c->tenant])
			continue;
		while (c->certificate < keystore_count(t->keys)) {
			struct keystore_cert cert;

			*at = c->certificate++;
			keystore_at(t->keys, *at, &cert);
			if (!cert.chain)
				continue;
			*tenant = t;
			return true;
		}
	}
	return false;
}

static void on_fetched(struct fetch_job *fetch, const struct fetch_result *result);

/* Gives the job the next one that can be asked. */
static void job_next(struct job *job)
{
	struct x5u_check *c = job->check;
	struct tenant *tenant;
	struct keystore_cert cert;
	enum sk_err err;

	while (next_certificate(c, &tenant, &job->at)) {
		keystore_at(tenant->keys, job->at, &cert);
		job->tenant = tenant_ref(tenant);
		job->fetch = (struct fetch_job){ .url = sk_span_of(cert.x5u),
						 .done = on_fetched,
						 .arg = job };
		err = c->network->start(c->network, &job->fetch);
		if (!err)
			return;
		tell(job, LEVEL_WARNING, "unknown", sk_err_text(err));
		job_end(job);
	}
}

static void end_if_idle(struct x5u_check *c)
{
	for (size_t i = 0; i < JOBS; i++)
		if (c->jobs[i].tenant)
			return;
	stop_all(c);
}

static void on_fetched(struct fetch_job *fetch, const struct fetch_result *result)
{
	struct job *job = fetch->arg;

	judge(job, result);
	job_end(job);
	job_next(job);
	end_if_idle(job->check);
}

/* A tenant that went through the reload as it was has been looked at. */
static bool is_wanted(const struct x5u_check *c, const struct tenant *tenant,
		      const struct directory *before)
{
	enum conf_check_x5u set = tenant ? tenant->set->sign.check_x5u : CHECK_X5U_NO;

	if (set == CHECK_X5U_NO || (!c->log && set != CHECK_X5U_REFUSE))
		return false;
	return !before || directory_by_name(before, sk_span_of(tenant->set->name)) != tenant;
}

void x5u_check_start(struct x5u_check *c, struct directory *directory,
		     const struct directory *before)
{
	size_t count = directory_count(directory);

	if (c->directory)
		before = NULL;
	stop_all(c);
	c->wanted = calloc(count + 1, sizeof(bool));
	if (!c->wanted && !c->log)
		return;
	if (!c->wanted) {
		log_print(c->log, LEVEL_ERROR, "event=x5u msg=\"%s\"", sk_err_text(SK_ENOMEM));
		return;
	}
	for (size_t i = 0; i < count; i++)
		c->wanted[i] = is_wanted(c, directory_at(directory, i), before);
	c->wanted[count] = is_wanted(c, directory_fallback(directory), before);
	c->directory = directory_ref(directory);
	c->tenant = c->certificate = 0;
	for (size_t i = 0; i < JOBS; i++)
		job_next(&c->jobs[i]);
	end_if_idle(c);
}
