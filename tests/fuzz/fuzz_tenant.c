/*
 * A tenant's file: what loads is printed, what is printed loads, and prints the same again; and
 * nothing of the main file's own tenant is ever in it.
 */
#include "config/tenant_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char main_file[] =
	"sip: {sources: [10.0.0.0/8]}\n"
	"tenants: {header: X-Carrier, header-sources: [10.0.0.1]}\n"
	"authority: {store: s}\n"
	"hsm: {module: m}\n"
	"trust: {anchors: [r]}\n"
	"trunks: {SECRET: {attest: A}}\n"
	"credentials: {SECRET: {key: SECRET, certificate: SECRET, x5u: "
	"\"https://a.example/SECRET\"}}\n"
	"sign: {key: SECRET, x5u: \"https://a.example/SECRET\", attest: B, rph: [\"ets.*\"]}\n"
	"verify: {certificates: {\"https://a.example/SECRET\": SECRET}}\n";

static char *printed(const struct tenant_conf *set, size_t *len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, len);

	if (!to)
		exit(0);
	tenant_conf_print(set, to);
	fclose(to);
	return text;
}

static struct tenant_conf *load(const void *text, size_t len, const struct conf *main)
{
	struct complaints all = { .items = NULL };
	struct tenant_conf *set = NULL;
	bool ok = tenant_conf_load(text, len, "/t/fuzz.yaml", main, &set, &all);

	if (ok != (set != NULL) || (!ok && all.count == 0 && all.lost == 0))
		abort();
	complaints_deinit(&all);
	return set;
}

/* Loaded once: it is the same for every input. */
static const struct conf *main_conf(void)
{
	static struct conf *conf;
	struct complaints all = { .items = NULL };

	if (!conf && !conf_load_text(main_file, strlen(main_file), "main", &conf, &all))
		abort();
	complaints_deinit(&all);
	return conf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf *main = main_conf();
	SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *once = NULL;
	SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *twice = NULL;
	char *first, *second;
	size_t len;

	once = load(data, size, main);
	if (!once)
		return 0;

	first = printed(once, &len);
	twice = load(first, len, main);
	if (!twice)
		abort();
	second = printed(twice, &len);
	if (strcmp(first, second) != 0)
		abort();
	if (strstr(first, "SECRET") && !memmem(data, size, "SECRET", 6))
		abort();
	free(first);
	free(second);
	return 0;
}
