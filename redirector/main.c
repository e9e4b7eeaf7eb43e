/*
 * Arguments; everything else is the worker's, or that of the numbers' command.
 */
#include "config/load.h"
#include "redirector/authority.h"
#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/call/trace.h"
#include "redirector/expiry.h"
#include "redirector/http/authorization.h"
#include "redirector/http/http.h"
#include "redirector/http/unreached.h"
#include "redirector/keys/token.h"
#include "redirector/numbers/command.h"
#include "redirector/privileges.h"
#include "redirector/roster.h"
#include "redirector/supervisor.h"
#include "redirector/supply.h"
#include "redirector/tls_conf.h"
#include "redirector/version.h"
#include "redirector/worker.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	EXIT_WRONG_USE = 2
};

struct options {
	const char *path;
	const char *log_level;
	bool check, print_config, print_sample, single;
};

static void print_help(void)
{
	puts("shaken-redirector: signs and verifies SIP calls by STIR/SHAKEN and answers 302\n"
	     "\n"
	     "  shaken-redirector -c FILE [--check] [--print-config] [--log-level LEVEL]\n"
	     "  shaken-redirector numbers import|export|lookup|stats ...\n"
	     "\n"
	     "  -c, --config FILE     the configuration (YAML)\n"
	     "      --check           check the configuration and the files it names, tenants'\n"
	     "                        too, tell what a reload would change, then end\n"
	     "      --print-config    print the configuration with all defaults, then end\n"
	     "      --print-sample    print every setting with its default and meaning, then end\n"
	     "      --log-level L     error, warning, info or debug: beats log.level\n"
	     "      --single          one process that serves, without a supervisor: for\n"
	     "                        debuggers and measurements\n"
	     "      --version         print the version, then end\n"
	     "  -h, --help            print this, then end\n"
	     "\n"
	     "  SIGHUP reads the configuration again, SIGUSR1 logs the counters, SIGUSR2 opens\n"
	     "  the log file anew, SIGWINCH makes every worker anew without a gap, SIGTERM "
	     "answers\n"
	     "  the calls in hand and ends.\n"
	     "\n"
	     "Exit status: 0 done, 1 the configuration or a file is no good, 2 wrong use.");
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },
		{ "print-config", no_argument, NULL, 'p' },
		{ "print-sample", no_argument, NULL, 's' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "single", no_argument, NULL, '1' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
		switch (c) {
		case 'c':
			o->path = optarg;
			break;
		case 'k':
			o->check = true;
			break;
		case 'p':
			o->print_config = true;
			break;
		case 's':
			o->print_sample = true;
			break;
		case 'l':
			o->log_level = optarg;
			break;
		case '1':
			o->single = true;
			break;
		case 'v':
			puts("shaken-redirector " SHAKEN_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			print_help();
			exit(EXIT_SUCCESS);
		default:
			return false;
		}
	}
	return optind == argc;
}

static int wrong_use(const char *what)
{
	fprintf(stderr, "shaken-redirector: %s; try --help\n", what);
	return EXIT_WRONG_USE;
}

static void print_all(const struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++)
		fprintf(stderr, "%s\n", list->items[i]);
	if (list->lost > 0)
		fprintf(stderr, "... and %zu more\n", list->lost);
}

static void print_warnings(const struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++)
		fprintf(stderr, "warning: %s\n", list->items[i]);
	if (list->lost > 0)
		fprintf(stderr, "... and %zu more\n", list->lost);
}

/* Two clients that nothing tells apart, of whichever tenants. */
static bool check_clients(struct directory *directory, char why[DIRECTORY_WHY_SIZE])
{
	SK_CLEANUP(authorization_unref_p)
	struct authorization *authorization = authorization_new(directory, why);

	return authorization != NULL;
}

/* Warnings: calls go on, it is others who fail them. */
static bool check_hosted(const struct directory *directory, char why[DIRECTORY_WHY_SIZE])
{
	struct complaints warnings = { 0 };
	bool ok = unreached_find(directory, &warnings);

	print_warnings(&warnings);
	complaints_deinit(&warnings);
	if (!ok)
		snprintf(why, DIRECTORY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return ok;
}

/* Tenants with keys in tokens name them; the tokens themselves are not asked. */
static bool check_tenants(struct conf *conf, char why[DIRECTORY_WHY_SIZE])
{
	SK_CLEANUP(loop_free_p) struct loop *loop = loop_new(); /* dropped last */
	SK_CLEANUP(tokens_free_p) struct tokens *tokens = NULL;
	SK_CLEANUP(directory_unref_p) struct directory *directory = NULL;
	struct clock clock = CLOCK_REAL;
	struct tenant_parts parts = { .clock = &clock };
	struct roster_report report = { 0 };
	bool ok;

	snprintf(why, DIRECTORY_WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	if (!loop || !tokens_new(loop, &clock, &conf->hsm, &tokens, why))
		return false;
	if (tokens)
		tokens_name_only(tokens);
	parts.tokens = tokens;
	ok = roster_read(conf, &parts, NULL, &directory, &report, why);
	print_all(&report.findings);
	print_warnings(&report.warnings);
	if (ok && report.broken > 0) {
		snprintf(why, DIRECTORY_WHY_SIZE, "%zu of %zu tenants are no good", report.broken,
			 report.broken + report.added);
		ok = false;
	}
	if (ok)
		ok = check_clients(directory, why);
	if (directory)
		ok = check_hosted(directory, why) && ok;
	if (directory && conf->tenants.running[0] != '\0' &&
	    access(conf->tenants.running, F_OK) == 0)
		ok = roster_compare(conf, directory, conf->tenants.running, stdout, why) && ok;
	roster_report_deinit(&report);
	return ok;
}

static bool tell(const struct conf *conf, bool ok, const char *why)
{
	if (!ok)
		fprintf(stderr, "%s: %s\n", conf->path, why);
	return ok;
}

/* A daemon that is away costs lines until it is there, and no start. */
static bool check_log(const struct conf *conf, const char *setting, const char *target)
{
	char reason[256], why[512];

	switch (log_try(target, reason)) {
	case LOG_REFUSED:
		snprintf(why, sizeof(why), "%s: %s", setting, reason);
		return tell(conf, false, why);
	case LOG_AWAY:
		fprintf(stderr, "%s: warning: %s: %s; lines are lost until it is there\n",
			conf->path, setting, reason);
		break;
	case LOG_FINE:
		break;
	}
	return true;
}

static bool check_logs(const struct conf *conf)
{
	bool ok = check_log(conf, "log.target", conf->log.target);

	return (strcmp(conf->log.records, "log") == 0 ||
		check_log(conf, "log.records", conf->log.records)) &&
	       ok;
}

static bool check_tls(const struct conf *conf, char why[TLS_WHY_SIZE])
{
	SK_CLEANUP(tls_unref_p) struct tls *tls = NULL;
	struct clock clock = CLOCK_REAL;
	SK_CLEANUP(log_close_p) struct log *log = NULL;

	if (!tls_conf_read(conf, &tls, why))
		return false;
	if (log_open("stderr", LEVEL_WARNING, &log, why))
		tls_conf_expiry(conf, tls, clock.wall(&clock), log);
	return true;
}

static bool check_web(const struct conf *conf, char why[256])
{
	struct clock clock = CLOCK_REAL;
	SK_CLEANUP(log_close_p) struct log *log = NULL;
	int64_t not_after;

	if (!http_check(conf, &not_after, why))
		return false;
	if (log_open("stderr", LEVEL_WARNING, &log, why))
		expiry_listener("http", not_after, conf->http.certificate, clock.wall(&clock), log);
	return true;
}

/* The password is read; nobody is asked. */
static bool check_trace(const struct conf *conf, char why[256])
{
	SK_CLEANUP(trace_free_p) struct trace *trace = NULL;

	return trace_new(&conf->hep, &trace, why);
}

/* What only a look at the files can tell: tenants, keys, certificates, anchors, logs, numbers. */
static bool check_files(struct conf *conf)
{
	SK_CLEANUP(log_close_p) struct log *log = NULL;
	char why[AUTHORITY_WHY_SIZE];
	bool ok = tell(conf, check_tenants(conf, why), why);

	ok = tell(conf,
		  log_open("stderr", LEVEL_WARNING, &log, why) && supply_check(conf, log, why),
		  why) &&
	     ok;
	ok = tell(conf, check_tls(conf, why), why) && ok;
	ok = tell(conf, check_web(conf, why), why) && ok;
	ok = tell(conf, check_trace(conf, why), why) && ok;
	ok = check_logs(conf) && ok;
	return tell(conf, authority_check(&conf->authority, why), why) && ok;
}

/* Root may read everything; what counts is what the user of the service may. */
static bool check_by_user(struct conf *conf)
{
	char why[PRIVILEGES_WHY_SIZE];

	if (!privileges_drop(conf->service.user, why))
		return tell(conf, false, why);
	if (access(conf->path, R_OK) != 0)
		return tell(conf, false,
			    "service.user: may not read this file, so no reload could");
	if (conf->service.user[0] != '\0' && privileges_warning(conf->service.user, why))
		fprintf(stderr, "%s: warning: %s\n", conf->path, why);
	return check_files(conf);
}

/* From here on they wait for the loop that handles them: one that comes while the configuration is
 * still read would end us by its default action.  SIGTERM and SIGINT may.  A worker inherits it. */
static void keep_signals(void)
{
	static const int kept[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < SK_COUNT(kept); i++)
		sigaddset(&set, kept[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int run(const struct options *o)
{
	SK_CLEANUP(conf_unref_p) struct conf *conf = NULL;
	struct complaints complaints = { 0 };
	bool ok = conf_load(o->path, &conf, &complaints);

	print_all(&complaints);
	complaints_deinit(&complaints);
	if (!ok)
		return EXIT_FAILURE;

	if (o->print_config)
		conf_print(conf, stdout);
	if (o->check)
		return check_by_user(conf) ? EXIT_SUCCESS : EXIT_FAILURE;
	if (o->print_config)
		return EXIT_SUCCESS;
	return o->single ? worker_run(conf, o->log_level, NULL)
			 : supervisor_run(conf, o->log_level);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };

	if (argc > 1 && strcmp(argv[1], "numbers") == 0)
		return numbers_command(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "--worker") == 0)
		return supervisor_worker(argc - 2, argv + 2);
	keep_signals();
	if (!parse(argc, argv, &o))
		return wrong_use("wrong arguments");
	if (o.log_level && worker_log_level(o.log_level) < 0)
		return wrong_use("--log-level is error, warning, info or debug");
	if (o.print_sample) {
		conf_print_sample(stdout);
		return EXIT_SUCCESS;
	}
	if (!o.path)
		return wrong_use("which configuration? -c FILE");
	return run(&o);
}
