/*
 * Loading and comparing with the first, second, third ... allocation failing:
 * a complaint or a configuration, never both, never neither, and no leak.
 */
#include "config/load.h"
#include "config/tenant_file.h"
#include "tests/check.h"

#include <stdarg.h>
#include <stdlib.h>

/* allocations left before one fails; negative: no limit */
static long budget = -1;

static bool spend(void)
{
	if (budget == 0)
		return false;
	if (budget > 0)
		budget--;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t size)
{
	return spend() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return spend() ? __real_calloc(n, size) : NULL;
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return spend() ? __real_reallocarray(p, n, size) : NULL;
}

char *__wrap_strdup(const char *s)
{
	return spend() ? __real_strdup(s) : NULL;
}

/* Allocations fail from the `after`-th on; true when none had to. */
static bool try(const char *yaml, long after, bool good)
{
	struct complaints all = { .items = NULL };
	SK_CLEANUP(conf_unref_p) struct conf *conf = NULL;
	bool ok, spared;

	budget = after;
	ok = conf_load_text(yaml, strlen(yaml), "c", &conf, &all);
	spared = budget != 0;
	budget = -1;

	CHECK(ok == (conf != NULL), "after %ld", after);
	CHECK(ok || all.count + all.lost > 0, "after %ld: refused in silence", after);
	CHECK(!spared || ok == good, "after %ld: memory was enough", after);
	complaints_deinit(&all);
	return spared;
}

/* The same of a tenant's file. */
static bool try_tenant(const char *yaml, const struct conf *main, long after)
{
	struct complaints all = { .items = NULL };
	SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
	bool ok, spared;

	budget = after;
	ok = tenant_conf_load(yaml, strlen(yaml), "/t/acme.yaml", main, &set, &all);
	spared = budget != 0;
	budget = -1;

	CHECK(ok == (set != NULL), "after %ld", after);
	CHECK(ok || all.count + all.lost > 0, "after %ld: refused in silence", after);
	CHECK(!spared || ok, "after %ld: memory was enough", after);
	complaints_deinit(&all);
	return spared;
}

static void test_tenant(void)
{
	static const char main_file[] = "sign: {rph: [\"ets.*\", \"esnet.0\"]}\n"
					"verify: {verstat: {stale: failed, token: no}}\n"
					"sip: {sources: [10.0.0.0/8]}\ntrust: {anchors: [a]}\n"
					"function: {hosts: {a: sign, b: verify}}\n";
	static const char *const rows[] = {
		"",
		"match: {hosts: [a, b], sources: [10.0.0.0/8]}\nanswer: {preset: freeswitch}\n"
		"sign: {key: k, x5u: \"https://a.example/b\", attest: A}\n"
		"tenant: {trunk-parameter: otg}\ntrunks: {a: {groups: [x, y], sources: "
		"[10.1.0.0/16]}, b: {attest: C}}\n"
		"credentials: {c: {key: k, certificate: d, x5u: \"https://a.example/b\", "
		"numbers: [+1404*, +1405*]}}\n",
	};
	SK_CLEANUP(conf_unref_p) struct conf *main = NULL;
	struct complaints all = { .items = NULL };

	CHECK(conf_load_text(main_file, strlen(main_file), "c", &main, &all), "%s", main_file);
	for (size_t i = 0; main && i < SK_COUNT(rows); i++) {
		long after = 0;

		while (!try_tenant(rows[i], main, after))
			after++;
		CHECK(after > 50, "row %zu: only %ld allocations seen", i, after);
	}
	complaints_deinit(&all);
}

int main(void)
{
	static const struct {
		const char *yaml;
		bool good;
	} rows[] = {
		{ "sip: {sources: [10.0.0.0/8], tag-key: 00112233445566778899aabbccddeeff}\n"
		  "sign: {key: k, x5u: \"https://a.example/b\", attest-headers: [a, b]}\n"
		  "verify: {certificates: {\"https://a.example/c\": d, \"https://a.example/e\": "
		  "f}}\n"
		  "trust: {anchors: [a, b, c]}\n"
		  "certs: {wait: 1s}\n",
		  false },
		{ "sign: {key: k, x5u: \"https://a.example/b\"}\n"
		  "verify: {certificates: {\"https://a.example/c\": d, \"https://a.example/e\": "
		  "f}}\n"
		  "trust: {anchors: [a, b, c]}\n"
		  "certs: {wait: 1s}\n",
		  true },
		{ "tenants: {folder: /, header: X, header-sources: [10.0.0.1]}\n"
		  "tenant: {trunk-parameter: otg}\ntrunks: {a: {groups: [x, y]}, b: {customer: "
		  "c}}\n"
		  "authority: {store: s}\nsign: {by-number: yes}\n"
		  "credentials: {c: {key: k, certificate: d, x5u: \"https://a.example/b\", "
		  "numbers: [+1404*, +1405*], next-certificate: e}}\n"
		  "answer: {preset: freeswitch}\nfunction: {hosts: {a: sign}}\n",
		  true },
		{ "sip: {x: 1, deadline: 2, listen: [\"tcp::1\"]}\n", false },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		long after = 0;

		while (!try(rows[i].yaml, after, rows[i].good))
			after++;
		CHECK(after > 100, "row %zu: only %ld allocations seen", i, after);
	}
	test_tenant();
	return check_result();
}
