/**
 * @file confkit.h  Configurations from texts, and what was complained about
 */
#pragma once

#include "config/load.h"
#include "config/tenant_file.h"
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>

/** All complaints as one text, "a AND b"; the caller frees. */
static inline char *join(const struct complaints *all)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	for (size_t i = 0; to && i < all->count; i++)
		fprintf(to, "%s%s", i ? " AND " : "", all->items[i]);
	if (!to || fclose(to) != 0)
		exit(1);
	return text;
}

/** --print-config; the caller frees. */
static inline char *printed(const struct conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		exit(1);
	conf_print(conf, to);
	fclose(to);
	return text;
}

/** The same of a tenant. */
static inline char *tenant_printed(const struct tenant_conf *set)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		exit(1);
	tenant_conf_print(set, to);
	fclose(to);
	return text;
}

/** A main file that must be good; called "c" in complaints. */
static inline struct conf *loaded(const char *yaml)
{
	struct complaints all = { .items = NULL };
	struct conf *conf = NULL;
	bool ok = conf_load_text(yaml, strlen(yaml), "c", &conf, &all);
	char *why = join(&all);

	CHECK(ok, "%s: %s", yaml, why);
	CHECK(ok == (conf != NULL), "%s", yaml);
	free(why);
	complaints_deinit(&all);
	return conf;
}

/** Whether a main file is good, and all that was said; the caller frees `why`. */
static inline struct conf *judged(const char *yaml, char **why)
{
	struct complaints all = { .items = NULL };
	struct conf *conf = NULL;
	bool ok = conf_load_text(yaml, strlen(yaml), "c", &conf, &all);

	CHECK(ok == (conf != NULL), "%s", yaml);
	*why = join(&all);
	complaints_deinit(&all);
	return conf;
}

/** Whether a tenant's file /t/acme.yaml is good, and all that was said; the caller frees both. */
static inline struct tenant_conf *tenant_judged(const char *yaml, const struct conf *main,
						char **why)
{
	struct complaints all = { .items = NULL };
	struct tenant_conf *set = NULL;
	bool ok = tenant_conf_load(yaml, strlen(yaml), "/t/acme.yaml", main, &set, &all);

	CHECK(ok == (set != NULL), "%s", yaml);
	*why = join(&all);
	complaints_deinit(&all);
	return set;
}
