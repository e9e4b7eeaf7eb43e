/**
 * @file manykit.h  Several tenants made by hand, and requests to them
 */
#pragma once

#include "config/load.h"
#include "config/tenant_file.h"
#include "redirector/call/directory.h"

#include <stdio.h>
#include <stdlib.h>

#define MANY_NOW 1443208350

static inline int64_t many_wall(const struct clock *self)
{
	(void)self;
	return MANY_NOW;
}

static inline struct conf *many_conf(const char *yaml)
{
	struct complaints complaints = { 0 };
	struct conf *conf = NULL;

	if (!conf_load_text(yaml, strlen(yaml), "main", &conf, &complaints)) {
		fprintf(stderr, "%s\n%s\n", yaml, complaints.count ? complaints.items[0] : "");
		exit(1);
	}
	complaints_deinit(&complaints);
	return conf;
}

/* A tenant as if it had a file of that name. */
static inline struct tenant *many_tenant(struct conf *conf, const char *name, const char *yaml)
{
	struct complaints complaints = { 0 };
	struct clock clock = { .wall = many_wall };
	struct tenant_parts parts = { .clock = &clock };
	struct tenant_conf *set = NULL;
	char path[128], why[KEYSTORE_WHY_SIZE] = "";
	struct tenant *tenant = NULL;

	snprintf(path, sizeof(path), "%s.yaml", name);
	if (tenant_conf_load(yaml, strlen(yaml), path, conf, &set, &complaints))
		tenant = tenant_of_file(set, &parts, why);
	if (!tenant) {
		fprintf(stderr, "%s: %s\n%s %s\n", name, yaml,
			complaints.count ? complaints.items[0] : "", why);
		exit(1);
	}
	complaints_deinit(&complaints);
	return tenant;
}

static inline struct tenant *many_main(struct conf *conf)
{
	struct clock clock = { .wall = many_wall };
	struct tenant_parts parts = { .clock = &clock };
	char why[KEYSTORE_WHY_SIZE] = "";
	struct tenant *tenant = tenant_new(conf, &parts, why);

	if (tenant)
		return tenant;
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static inline void many_ask(struct facts *facts, const char *source, const char *local,
			    const char *uri)
{
	*facts = (struct facts){ .transport = "udp", .request_uri = sk_span_of(uri) };
	if (!addr_parse(sk_span_of(source), &facts->source) ||
	    !addr_parse(sk_span_of(local), &facts->local))
		exit(1);
}

static inline void many_header(struct facts *facts, const char *name, const char *value)
{
	facts->headers[facts->header_count++] =
		(struct header){ sk_span_of(name), sk_span_of(value) };
}
