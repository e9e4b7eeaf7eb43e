/*
 * Each check is a line of its own, with words for people and "ok" for machines.  Nothing in it
 * comes from outside: no text needs an escape.
 */
#include "redirector/http/health.h"

#include "shaken/buf.h"

#include <stdlib.h>

enum {
	BODY_SIZE = 2048,
};

struct health {
	struct monitor *monitor;
	bool draining;
};

/* An answer on its way. */
struct report {
	char text[BODY_SIZE];
	struct sk_buf checks;
	bool ok;
};

struct health *health_new(struct monitor *monitor)
{
	struct health *h = calloc(1, sizeof(*h));

	if (h)
		h->monitor = monitor;
	return h;
}

void health_free(struct health *health)
{
	free(health);
}

void health_set_draining(struct health *health)
{
	health->draining = true;
}

static void begin(struct report *r)
{
	sk_buf_init(&r->checks, r->text, sizeof(r->text));
	r->ok = true;
}

/* One check; its words follow. */
static void check(struct report *r, const char *name, bool ok)
{
	sk_buf_printf(&r->checks, "%s\n  {\"check\": \"%s\", \"ok\": %s, \"text\": \"",
		      r->checks.len > 0 ? "," : "", name, ok ? "true" : "false");
	r->ok &= ok;
}

static void say(struct report *r, const char *text)
{
	sk_buf_puts(&r->checks, text);
	sk_buf_puts(&r->checks, "\"}");
}

static void send_report(struct exchange *exchange, const struct report *r)
{
	char body[BODY_SIZE + 64];
	struct http_reply reply = { .status = r->ok ? 200 : 503,
				    .type = "application/json",
				    .headers = { { "Cache-Control", "no-store" } } };
	struct sk_buf out;

	sk_buf_init(&out, body, sizeof(body));
	sk_buf_printf(&out, "{\"status\": \"%s\", \"checks\": [", r->ok ? "ok" : "fail");
	sk_buf_put(&out, (struct sk_span){ r->text, r->checks.len });
	sk_buf_puts(&out, "\n]}\n");
	reply.body = (struct sk_span){ body, out.len };
	exchange_answer(exchange, &reply);
}

/* --- does it live? --- */

static void check_supervisor(struct report *r, const struct snapshot *s)
{
	if (s->supervisor_silent_ms < 0) {
		check(r, "supervisor", true);
		say(r, "there is none: one process does all");
		return;
	}
	check(r, "supervisor", s->supervisor_silent_ms <= HEALTH_SILENT_MS);
	sk_buf_printf(&r->checks, "its last sign of life is %lld s old",
		      (long long)(s->supervisor_silent_ms / 1000));
	say(r, "");
}

static void check_loops(struct report *r, const struct snapshot *s)
{
	size_t alive = 0, stuck = 0;

	for (size_t i = 0; i < s->process_count; i++) {
		const struct seen_process *p = &s->processes[i];

		if (p->pid == 0 || p->phase != WORKER_READY)
			continue;
		alive++;
		stuck += p->silent_ms > HEALTH_SILENT_MS;
	}
	check(r, "loops", stuck == 0);
	sk_buf_printf(&r->checks, "%zu of %zu processes show signs of life", alive - stuck, alive);
	say(r, "");
}

static void answer_alive(void *arg, struct exchange *exchange)
{
	struct health *h = arg;
	const struct snapshot *s = monitor_look(h->monitor);
	struct report r;

	begin(&r);
	check_supervisor(&r, s);
	check_loops(&r, s);
	send_report(exchange, &r);
}

/* --- does it serve as it should? --- */

static void check_draining(struct report *r, bool draining)
{
	check(r, "draining", !draining);
	say(r, draining ? "the service ends" : "no");
}

static void check_workers(struct report *r, const struct snapshot *s)
{
	check(r, "workers", s->ready > 0);
	sk_buf_printf(&r->checks, "%zu of %zu SIP workers are ready", s->ready,
		      s->workers_configured);
	say(r, "");
}

/* One of many without a certificate is no reason to send all calls elsewhere: that has an alert. */
static void check_keys(struct report *r, const struct seen_certs *c)
{
	check(r, "keys", c->signers == 0 || c->signers_able > 0);
	if (c->signers == 0) {
		say(r, "no tenant signs");
		return;
	}
	sk_buf_printf(&r->checks, "%zu of %zu tenants that sign have a key and a certificate",
		      c->signers_able, c->signers);
	say(r, "");
}

static void check_trust(struct report *r, const struct snapshot *s)
{
	if (s->certs.verifiers == 0) {
		check(r, "trust", true);
		say(r, "no tenant verifies");
		return;
	}
	check(r, "trust", s->anchors_known && s->anchors > 0 && !s->crls_missing);
	if (!s->anchors_known)
		say(r, "no worker is there to tell");
	else if (s->anchors == 0)
		say(r,
		    "no authority is trusted: the list of authorities has not come, or it ended");
	else if (s->crls_missing)
		say(r, "no revocation list counts, and trust.crl-required is set");
	else {
		sk_buf_printf(&r->checks, "trusted authorities: %llu",
			      (unsigned long long)s->anchors);
		say(r, "");
	}
}

static void answer_ready(void *arg, struct exchange *exchange)
{
	struct health *h = arg;
	const struct snapshot *s = monitor_look(h->monitor);
	struct report r;

	begin(&r);
	check_draining(&r, h->draining || (s->draining > 0 && s->ready == 0));
	check_workers(&r, s);
	check_keys(&r, &s->certs);
	check_trust(&r, s);
	send_report(exchange, &r);
}

void health_add(struct health *health, struct routes *routes)
{
	struct route route = { .path = "/healthz",
			       .methods = METHOD_GET,
			       .who = ROUTE_LISTED,
			       .on_health = true,
			       .counted = "health",
			       .handler = answer_alive,
			       .arg = health };

	routes_add(routes, &route);
	route.path = "/readyz";
	route.handler = answer_ready;
	routes_add(routes, &route);
}
