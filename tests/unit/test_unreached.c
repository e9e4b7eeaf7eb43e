/*
 * Certificates that are hosted and that nobody gets: what is said of which x5u.
 */
#include "redirector/http/unreached.h"

#include "redirector/http/serving.h"
#include "tests/check.h"
#include "tests/unit/keystore_kit.h"
#include "tests/unit/manykit.h"

#include <stdarg.h>
#include <unistd.h>

static size_t lines;
static char last[1024];

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...) SK_PRINTF(3, 4);

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)log;
	CHECK(level == LEVEL_ERROR, "level %d", (int)level);
	lines++;
	va_start(args, fmt);
	vsnprintf(last, sizeof(last), fmt, args);
	va_end(args);
}

#define EVERYTHING "apis: [atis, ms, secsipidx]"

/* clang-format off */
static const struct {
	const char *http, *path, *why; /* NULL: it is served */
} rows[] = {
	{ EVERYTHING, "/sp.pem", NULL },
	{ EVERYTHING, "/metrics", "its path is our own: /metrics" },
	{ EVERYTHING, "/metrics/sp.pem", NULL },
	{ EVERYTHING, "/metrics.pem", NULL },
	{ EVERYTHING ", metrics: no", "/metrics", NULL },
	{ EVERYTHING, "/healthz", "its path is our own: /healthz" },
	{ EVERYTHING, "/readyz", "its path is our own: /readyz" },
	{ EVERYTHING, "/", "its path is our own: /" },
	{ EVERYTHING ", page: no", "/", NULL },
	{ EVERYTHING, "/live.json", "its path is our own: /live.json" },
	{ EVERYTHING, "/stir/v1/sp.pem", "its path is our own: /stir/v1/" },
	{ EVERYTHING, "/stir/v1/signing", "its path is our own: /stir/v1/signing" },
	{ EVERYTHING, "/stir/v2/sp.pem", NULL },
	{ EVERYTHING, "/STIR/v1/sp.pem", NULL },
	{ "apis: []", "/stir/v1/sp.pem", NULL },
	{ EVERYTHING, "/ms/c.pem", "its path is our own: /ms/" },
	{ EVERYTHING, "/ms", NULL },
	{ EVERYTHING ", ms-root: /here", "/ms/c.pem", NULL },
	{ EVERYTHING ", ms-root: /here", "/here/c.pem", "its path is our own: /here/" },
	{ EVERYTHING ", ms-root: \"\"", "/c.pem", NULL },
	{ EVERYTHING ", ms-root: \"\"", "/signing", "its path is our own: /signing" },
	{ EVERYTHING, "/v1/check", "its path is our own: /v1/check" },
	{ EVERYTHING, "/v1/sign-csv", "its path is our own: /v1/sign-csv" },
	{ "apis: [atis]", "/v1/check", NULL },
	{ EVERYTHING, "/v1/checks", NULL },
	{ EVERYTHING, "/v1/pub/sp.pem", NULL },
	{ EVERYTHING, "/a/../d.pem", "a request for it is refused: the target climbs" },
	{ EVERYTHING, "/a/%2e%2E/e.pem", "a request for it is refused: the target climbs" },
	{ EVERYTHING, "/./d.pem", "a request for it is refused: the target climbs" },
	{ EVERYTHING, "/..", "a request for it is refused: the target climbs" },
	{ EVERYTHING, "/a..b/.c.pem", NULL },
	{ EVERYTHING, "/...", NULL },
	{ EVERYTHING, "//d.pem", NULL },
};
/* clang-format on */

struct world {
	struct conf *conf;
	struct tenant *tenant;
	struct directory *directory;
};

static void world_begin(struct world *w, const char *http, const char *serve, const char *keys)
{
	char yaml[20480], why[DIRECTORY_WHY_SIZE] = "";

	snprintf(yaml, sizeof(yaml),
		 "tenants: {folder: .}\nhttp: {listen: [\"http:127.0.0.1:8080\"], %s}\n"
		 "hosting: {serve: %s}\n",
		 http, serve);
	w->conf = many_conf(yaml);
	snprintf(yaml, sizeof(yaml), "match: {hosts: [a.example]}\n%s", keys);
	w->tenant = many_tenant(w->conf, "acme", yaml);
	w->directory = directory_new(w->conf, NULL, &w->tenant, 1, why);
	CHECK(w->directory != NULL, "%s", why);
}

static void world_end(struct world *w)
{
	directory_unref(w->directory);
	tenant_unref(w->tenant);
	conf_unref(w->conf);
}

static void print_cert(const char *path, char out[512])
{
	snprintf(out, 512, "key: %s, certificate: %s, x5u: \"https://c.example%s\"", named("k.key"),
		 named("a.pem"), path);
}

/* As the server does it. */
static void say(const struct world *w)
{
	const struct api_parts nobody = { 0 };
	struct ms *ms = ms_new(&nobody, w->conf->http.ms_root);
	struct routes routes = { .count = 0 };
	struct serving on;

	serving_set(&on, w->conf);
	serving_add(&on, &(struct servers){ .ms = ms }, &routes);
	lines = 0;
	last[0] = '\0';
	unreached_log(w->directory, &routes, NULL);
	ms_free(ms);
}

static void test_row(size_t i)
{
	struct complaints found = { 0 };
	char cert[512], keys[600], want[1024] = "";
	struct world w;

	print_cert(rows[i].path, cert);
	snprintf(keys, sizeof(keys), "sign: {%s}\n", cert);
	world_begin(&w, rows[i].http, "yes", keys);
	say(&w);
	if (rows[i].why)
		snprintf(want, sizeof(want),
			 "event=hosting result=unreachable x5u=https://c.example%s "
			 "left-out=acme/default msg=\"%s\"",
			 rows[i].path, rows[i].why);
	CHECK_STR(last, want, rows[i].path);
	CHECK(unreached_find(w.directory, &found), "memory");
	if (rows[i].why)
		snprintf(
			want, sizeof(want),
			"tenant acme: sign.x5u: \"https://c.example%s\" is not served by "
			"hosting.serve (%s): not every verifier gets the certificate; take another "
			"path",
			rows[i].path, rows[i].why);
	CHECK_STR(found.count ? found.items[0] : "", want, rows[i].path);
	complaints_deinit(&found);
	world_end(&w);
}

/* Each by the name of its setting; what has one address is said once. */
static void test_settings(void)
{
	struct complaints found = { 0 };
	char one[512], two[512], keys[2400];
	struct world w;

	print_cert("/metrics", one);
	print_cert("/readyz", two);
	snprintf(keys, sizeof(keys),
		 "credentials:\n  one: {%s, next-certificate: %s}\n"
		 "  two: {%s, next-certificate: %s, next-x5u: \"https://c.example/healthz\", "
		 "numbers: [\"+1*\"]}\n",
		 one, named("next.pem"), two, named("next.pem"));
	world_begin(&w, EVERYTHING, "yes", keys);
	say(&w);
	CHECK(lines == 3, "%zu lines", lines);
	CHECK(unreached_find(w.directory, &found) && found.count == 3, "%zu", found.count);
	for (size_t i = 0; i < found.count && i < 3; i++) {
		static const char *const want[] = { "tenant acme: credentials.one.x5u: ",
						    "tenant acme: credentials.two.x5u: ",
						    "tenant acme: credentials.two.next-x5u: " };

		CHECK(strncmp(found.items[i], want[i], strlen(want[i])) == 0, "%s", found.items[i]);
	}
	complaints_deinit(&found);
	world_end(&w);
}

/* A line for each, up to some. */
static void test_many(void)
{
	char keys[16384] = "credentials:\n";
	struct world w;

	for (int i = 0; i < 30; i++) {
		char path[64], cert[512];
		size_t len = strlen(keys);

		snprintf(path, sizeof(path), "/ms/%d.pem", i);
		print_cert(path, cert);
		snprintf(keys + len, sizeof(keys) - len, "  c%d: {%s, numbers: [\"+1%02d*\"]}\n", i,
			 cert, i);
	}
	world_begin(&w, EVERYTHING, "yes", keys);
	say(&w);
	CHECK(lines == 21, "%zu lines", lines);
	CHECK_STR(last, "event=hosting result=unreachable more=10", "the rest");
	world_end(&w);
}

static void test_off(void)
{
	struct complaints found = { 0 };
	char cert[512], keys[600];
	struct world w;

	print_cert("/metrics", cert);
	snprintf(keys, sizeof(keys), "sign: {%s}\n", cert);
	world_begin(&w, EVERYTHING, "no", keys);
	CHECK(unreached_find(w.directory, &found) && found.count == 0, "somebody else serves them");
	world_end(&w);
}

int main(void)
{
	struct pki_cert key = pki_issue(&(struct pki_spec){ 0 }, PKI_ROOT, NULL, NULL);
	char command[600];

	snprintf(folder, sizeof(folder), "/tmp/shaken-unreached-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	write_key("k.key", key.key, 0600);
	write_cert("a.pem", key.key, PKI_FROM, PKI_TO);
	write_cert("next.pem", key.key, PKI_NOW + 100, PKI_TO);
	pki_drop(&key);
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		test_row(i);
	test_settings();
	test_many();
	test_off();
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	if (system(command) != 0)
		return 1;
	return check_result();
}
