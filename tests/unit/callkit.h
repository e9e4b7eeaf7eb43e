/**
 * @file callkit.h  A call made by hand, as it is when it has ended
 */
#pragma once

#include "config/load.h"
#include "redirector/call/call.h"

#include <stdio.h>
#include <stdlib.h>

#define KIT_NOW 1443208350
#define KIT_URI "sip:+12155551213@sti.example.net;user=phone"

static inline int64_t kit_wall(const struct clock *self)
{
	(void)self;
	return KIT_NOW;
}

static inline struct tenant *kit_tenant(const char *yaml)
{
	struct complaints complaints = { 0 };
	char why[KEYSTORE_WHY_SIZE] = "";
	struct clock clock = { .wall = kit_wall };
	struct tenant_parts parts = { .clock = &clock };
	struct conf *conf = NULL;
	struct tenant *tenant;

	if (!conf_load_text(yaml, strlen(yaml), "test", &conf, &complaints)) {
		fprintf(stderr, "%s\n%s\n", yaml, complaints.count ? complaints.items[0] : "");
		exit(1);
	}
	complaints_deinit(&complaints);
	parts.lab = conf->certs.lab;
	tenant = tenant_new(conf, &parts, why);
	conf_unref(conf);
	if (!tenant) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	return tenant;
}

/* From 192.0.2.9:6060 to 192.0.2.1:5060. */
static inline struct call *kit_call(const char *yaml)
{
	struct call *c = calloc(1, sizeof(*c));

	if (!c)
		exit(1);
	c->tenant = kit_tenant(yaml);
	c->facts.request_uri = SK_SPAN(KIT_URI);
	c->facts.from = SK_SPAN("\"Bob\" <sip:+12155551212@example.com;user=phone>;tag=1");
	c->facts.to = SK_SPAN("<sip:+12155551213@example.net;user=phone>");
	c->facts.call_id = SK_SPAN("call-1");
	c->facts.cseq = SK_SPAN("1 INVITE");
	c->facts.transport = "udp";
	c->facts.now = c->facts.first_seen = KIT_NOW;
	if (!addr_parse(SK_SPAN("192.0.2.9:6060"), &c->facts.source) ||
	    !addr_parse(SK_SPAN("192.0.2.1:5060"), &c->facts.local))
		exit(1);
	return c;
}

static inline void kit_drop(struct call *c)
{
	tenant_unref(c->tenant);
	free(c);
}

/* As if it had been signed. */
static inline void kit_sign(struct call *c)
{
	c->task = TASK_SIGN;
	c->has_claims = true;
	c->claims.iat = KIT_NOW;
	c->claims.attest = SK_ATTEST_A;
	snprintf(c->claims.origid, sizeof(c->claims.origid),
		 "123e4567-e89b-12d3-a456-426655440000");
	c->identity_len =
		(size_t)snprintf(c->identity, sizeof(c->identity),
				 "e30.e30.c2ln;info=<https://a.example/c>;alg=ES256;ppt=shaken");
}
