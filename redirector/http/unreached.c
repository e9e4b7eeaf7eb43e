/*
 * What answers is asked of the routes themselves, and what is refused of those who refuse it: there
 * is no second list that could differ.
 */
#include "redirector/http/unreached.h"

#include "redirector/base/log_word.h"
#include "redirector/http/examine.h"
#include "redirector/http/serving.h"
#include "shaken/url.h"

#include <stdio.h>
#include <string.h>

enum {
	REASON_SIZE = 256,
	TEXT_SIZE = 1024,
	TOLD_MAX = 20, /* lines */
};

typedef void found_h(void *arg, const struct tenant *tenant, const struct keystore_cert *cert,
		     const char *reason);

/* A route for anybody is hosting's.  Of the others strangers see nothing and get the certificate,
 * but who is in http.sources does not (route.h).
 * @return false with the reason */
static bool is_reached(const struct routes *routes, struct sk_span path, char reason[REASON_SIZE])
{
	const char *refused = examine_target(path);
	const struct route *route;

	if (refused) {
		snprintf(reason, REASON_SIZE, "a request for it is refused: %s", refused);
		return false;
	}
	route = routes_find(routes, path);
	if (route && route->who == ROUTE_ANYBODY)
		return true;
	snprintf(reason, REASON_SIZE, "its path is our own: %s", route ? route->path : "none");
	return false;
}

static void each_of(const struct tenant *tenant, const struct routes *routes, found_h *found,
		    void *arg)
{
	const char *before = "";

	for (size_t i = 0; i < keystore_count(tenant->keys); i++) {
		char reason[REASON_SIZE];
		struct keystore_cert cert;
		struct sk_url url;

		keystore_at(tenant->keys, i, &cert);
		/* the next one at the same address is the same fault */
		if (cert.published && strcmp(cert.x5u, before) != 0 &&
		    sk_url_parse(sk_span_of(cert.x5u), SK_URL_LAB, &url) &&
		    !is_reached(routes, url.path, reason))
			found(arg, tenant, &cert, reason);
		before = cert.x5u;
	}
}

static void each(const struct directory *d, const struct routes *routes, found_h *found, void *arg)
{
	for (size_t i = 0; i < directory_count(d); i++)
		each_of(directory_at(d, i), routes, found, arg);
	if (directory_fallback(d))
		each_of(directory_fallback(d), routes, found, arg);
}

/* --- the log --- */

struct telling {
	struct log *log;
	size_t count;
};

static void tell(void *arg, const struct tenant *tenant, const struct keystore_cert *cert,
		 const char *reason)
{
	char name[LOG_WORD_MAX], word[LOG_WORD_SIZE];
	struct telling *t = arg;

	if (t->count++ >= TOLD_MAX)
		return;
	snprintf(name, sizeof(name), "%.64s/%.64s", tenant->set->name, cert->name);
	log_print(t->log, LEVEL_ERROR,
		  "event=hosting result=unreachable x5u=%.256s left-out=%s msg=\"%s\"", cert->x5u,
		  log_word(name, word), reason);
}

void unreached_log(const struct directory *directory, const struct routes *routes, struct log *log)
{
	struct telling t = { .log = log };

	each(directory, routes, tell, &t);
	if (t.count > TOLD_MAX)
		log_print(log, LEVEL_ERROR, "event=hosting result=unreachable more=%zu",
			  t.count - TOLD_MAX);
}

/* --- --check --- */

/* As the file names it. */
static void print_setting(const struct tenant_conf *set, const struct keystore_cert *cert,
			  char out[REASON_SIZE])
{
	const struct credential_conf *members = set->credentials.items;

	for (size_t i = 0; i < set->credentials.count; i++)
		if (strcmp(members[i].name, cert->name) == 0) {
			snprintf(out, REASON_SIZE, "credentials.%.64s.%s", cert->name,
				 cert->next && members[i].next_x5u[0] ? "next-x5u" : "x5u");
			return;
		}
	snprintf(out, REASON_SIZE, "sign.x5u");
}

static void complain(void *arg, const struct tenant *tenant, const struct keystore_cert *cert,
		     const char *reason)
{
	char setting[REASON_SIZE], text[TEXT_SIZE];

	print_setting(tenant->set, cert, setting);
	snprintf(text, sizeof(text),
		 "tenant %.64s: %s: \"%.256s\" is not served by hosting.serve (%s): not every "
		 "verifier gets the certificate; take another path",
		 tenant->set->name, setting, cert->x5u, reason);
	complaints_add(arg, text);
}

bool unreached_find(const struct directory *directory, struct complaints *out)
{
	const struct conf *conf = directory_conf(directory);
	SK_CLEANUP(ms_free_p) struct ms *ms = NULL;
	const struct api_parts nobody = { 0 };
	struct routes routes = { .count = 0 };
	struct serving on;

	if (!conf->hosting.serve)
		return true;
	ms = ms_new(&nobody, conf->http.ms_root);
	if (!ms)
		return false;
	serving_set(&on, conf);
	serving_add(&on, &(struct servers){ .ms = ms }, &routes);
	each(directory, &routes, complain, out);
	return true;
}
