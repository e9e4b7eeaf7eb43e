/*
 * Arguments of the four subcommands; the work is import.c's, export.c's and numbers.c's.
 */
#include "redirector/numbers/command.h"

#include "redirector/numbers/csv.h"
#include "redirector/numbers/export.h"
#include "redirector/numbers/import.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	DONE = 0,
	NO = 1,
	WRONG_USE = 2,
	OUR_FAULT = 3,
	MEMORY_MIB = 256,
};

struct arguments {
	const char *store, *tenant, *list, *customer, *at;
	uint64_t memory_mib;
	bool merge, replace, keep_going, allow_empty, progress, json, help;
	char **rest;
	int rest_count;
};

static void print_help(FILE *to)
{
	fputs("shaken-redirector numbers: whose numbers are whose, and lists of them\n"
	      "\n"
	      "  numbers import --store DIR [--tenant T] [--merge | --replace] FILE | -\n"
	      "  numbers export --store DIR [--tenant T] [--list LIST]\n"
	      "  numbers lookup --store DIR --tenant T [--customer C] [--at DATE] NUMBER...\n"
	      "  numbers stats  --store DIR\n"
	      "\n"
	      "  --store DIR      the folder of authority.store\n"
	      "  --tenant T       import: all lines are T's, and what other tenants have stays;\n"
	      "                   export, lookup: only T's\n"
	      "  --replace        what the store (with --tenant: the tenant) has goes (the "
	      "default)\n"
	      "  --merge          what it has stays, where no line says otherwise\n"
	      "  --keep-going     leave wrong lines out; without it one wrong line ends the "
	      "import\n"
	      "  --allow-empty    import a file without an entry: what it replaces goes\n"
	      "  --memory MIB     how much to sort in at once (256)\n"
	      "  --progress       tell how far it is (always on a terminal)\n"
	      "  --list LIST      number, do-not-originate, block or allow\n"
	      "  --customer C     only what is C's\n"
	      "  --at DATE        as on that day (YYYY-MM-DD); now\n"
	      "  --json           for machines\n"
	      "\n"
	      "FILE is CSV with a header line:\n"
	      "  tenant,list,customer,first,last,attest,credential,from,until\n"
	      "An import that was killed goes on where it was when the same command is given\n"
	      "again.  The service takes the new numbers by itself.\n"
	      "\n"
	      "Exit status: 0 done or found, 1 not found, or the file is wrong or empty,\n"
	      "2 wrong use, 3 our fault.\n",
	      to);
}

static int wrong_use(const char *what)
{
	fprintf(stderr, "shaken-redirector numbers: %s; try --help\n", what);
	return WRONG_USE;
}

static int our_fault(const char *why)
{
	fprintf(stderr, "shaken-redirector numbers: %s\n", why);
	return OUR_FAULT;
}

static const struct option longs[] = {
	{ "store", required_argument, NULL, 's' }, { "tenant", required_argument, NULL, 't' },
	{ "list", required_argument, NULL, 'l' },  { "customer", required_argument, NULL, 'c' },
	{ "at", required_argument, NULL, 'a' },    { "memory", required_argument, NULL, 'm' },
	{ "merge", no_argument, NULL, 'M' },       { "replace", no_argument, NULL, 'R' },
	{ "keep-going", no_argument, NULL, 'k' },  { "allow-empty", no_argument, NULL, 'e' },
	{ "progress", no_argument, NULL, 'p' },    { "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },        { 0 },
};

/* @return false: an option that there is not, or a bad --memory */
static bool parse(int argc, char **argv, struct arguments *a)
{
	char *end;

	a->memory_mib = MEMORY_MIB;
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		switch (c) {
		case 's':
			a->store = optarg;
			break;
		case 't':
			a->tenant = optarg;
			break;
		case 'l':
			a->list = optarg;
			break;
		case 'c':
			a->customer = optarg;
			break;
		case 'a':
			a->at = optarg;
			break;
		case 'm':
			a->memory_mib = strtoull(optarg, &end, 10);
			if (*end || a->memory_mib < 1 || a->memory_mib > 1 << 20)
				return false;
			break;
		case 'M':
			a->merge = true;
			break;
		case 'R':
			a->replace = true;
			break;
		case 'k':
			a->keep_going = true;
			break;
		case 'e':
			a->allow_empty = true;
			break;
		case 'p':
			a->progress = true;
			break;
		case 'j':
			a->json = true;
			break;
		case 'h':
			a->help = true;
			break;
		default:
			return false;
		}
	}
	a->rest = argv + optind;
	a->rest_count = argc - optind;
	return true;
}

static int import_command(const struct arguments *a)
{
	const struct import_options options = { .folder = a->store,
						.input = a->rest_count ? a->rest[0] : "",
						.tenant = a->tenant,
						.merge = a->merge,
						.keep_going = a->keep_going,
						.allow_empty = a->allow_empty,
						.progress = a->progress || isatty(STDERR_FILENO),
						.memory = a->memory_mib << 20 };
	struct import_result result;
	char why[NUMBERS_WHY_SIZE] = "";

	if (a->rest_count != 1)
		return wrong_use("import takes one file, or - for standard input");
	if (a->merge && a->replace)
		return wrong_use("--merge or --replace, not both");
	switch (import_run(&options, &result, why)) {
	case IMPORT_DONE:
		printf("imported %" PRIu64 " lines (%" PRIu64 " wrong), generation %" PRIu64 "\n",
		       result.entries, result.wrong, result.generation);
		return DONE;
	case IMPORT_WRONG:
		fprintf(stderr, "shaken-redirector numbers: %s\n", why);
		return NO;
	case IMPORT_FAILED:
	default:
		return our_fault(why);
	}
}

static bool find_list(const char *name, int *out)
{
	*out = -1;
	for (int i = 0; name && i < LIST_KINDS; i++)
		if (strcmp(name, list_name((enum list_kind)i)) == 0)
			*out = i;
	return !name || *out >= 0;
}

static int export_command(const struct arguments *a)
{
	char why[NUMBERS_WHY_SIZE] = "";
	int list;

	if (a->rest_count != 0)
		return wrong_use("export takes no further words");
	if (!find_list(a->list, &list))
		return wrong_use("--list is number, do-not-originate, block or allow");
	return export_print(a->store, a->tenant, list, stdout, why) ? DONE : our_fault(why);
}

static int stats_command(const struct arguments *a)
{
	char why[NUMBERS_WHY_SIZE] = "";

	if (a->rest_count != 0)
		return wrong_use("stats takes no further words");
	return export_stats(a->store, a->json, stdout, why) ? DONE : our_fault(why);
}

static bool read_day(const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	const char *rest;

	*out = (int64_t)time(NULL);
	if (!text)
		return true;
	rest = strptime(text, "%Y-%m-%d", &tm);
	*out = timegm(&tm);
	return rest && *rest == '\0';
}

static void print_found(const char *number, enum numbers_result result,
			const struct numbers_hit *hit, unsigned lists, bool json)
{
	bool found = result == NUMBERS_FOUND;
	char attest[2] = { found ? sk_attest_letter(hit->attest) : '-', '\0' };

	printf(json ? "{\"number\":\"%s\",\"found\":%s,\"attest\":\"%s\",\"customer\":\"%s\","
		      "\"credential\":\"%s\",\"do-not-originate\":%s,\"block\":%s,\"allow\":%s}\n"
		    : "%s: %s attest=%s customer=%s credential=%s do-not-originate=%s block=%s "
		      "allow=%s\n",
	       number, json ? (found ? "true" : "false") : (found ? "found" : "not found"), attest,
	       found ? hit->customer : "", found ? hit->credential : "",
	       lists & NUMBERS_DO_NOT_ORIGINATE ? (json ? "true" : "yes") : (json ? "false" : "no"),
	       lists & NUMBERS_BLOCK ? (json ? "true" : "yes") : (json ? "false" : "no"),
	       lists & NUMBERS_ALLOW ? (json ? "true" : "yes") : (json ? "false" : "no"));
}

/* @return whether it is the tenant's, or on a list */
static int lookup_one(const struct numbers *store, const struct arguments *a, const char *text,
		      int64_t at)
{
	struct sk_span number = sk_span_of(text[0] == '+' ? text + 1 : text);
	struct numbers_hit hit = { .attest = SK_ATTEST_NONE };
	unsigned lists = 0;
	enum numbers_result result =
		numbers_find(store, sk_span_of(a->tenant),
			     sk_span_of(a->customer ? a->customer : ""), number, at, &hit);

	if (result == NUMBERS_FAILED ||
	    numbers_lists(store, sk_span_of(a->tenant), number, at, &lists) == NUMBERS_FAILED)
		return our_fault("the store is damaged; import the numbers anew");
	print_found(text, result, &hit, lists, a->json);
	return result == NUMBERS_FOUND || lists ? DONE : NO;
}

static int lookup_command(const struct arguments *a)
{
	SK_CLEANUP(numbers_close_p) struct numbers *store = NULL;
	char why[NUMBERS_WHY_SIZE] = "";
	int status = DONE;
	uint64_t value;
	int64_t at;

	if (!a->tenant || a->rest_count == 0)
		return wrong_use("lookup wants --tenant and at least one number");
	if (!read_day(a->at, &at))
		return wrong_use("--at is a date, YYYY-MM-DD");
	for (int i = 0; i < a->rest_count; i++)
		if (!number_read(sk_span_of(a->rest[i] + (a->rest[i][0] == '+')), &value))
			return wrong_use("a number is 1 to 15 digits");
	if (!numbers_open(a->store, false, &store, why))
		return our_fault(why);
	for (int i = 0; i < a->rest_count; i++) {
		int one = lookup_one(store, a, a->rest[i], at);

		status = one > status ? one : status;
	}
	return status;
}

int numbers_command(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct arguments *arguments);
	} commands[] = {
		{ "import", import_command },
		{ "export", export_command },
		{ "lookup", lookup_command },
		{ "stats", stats_command },
	};
	struct arguments a = { 0 };

	/* meant for the service, and sent by the name that an import has, too */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	if (argc < 1)
		return wrong_use("import, export, lookup or stats?");
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
		print_help(stdout);
		return DONE;
	}
	for (size_t i = 0; i < SK_COUNT(commands); i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		if (!parse(argc, argv, &a))
			return wrong_use("wrong arguments");
		if (a.help) {
			print_help(stdout);
			return DONE;
		}
		if (!a.store)
			return wrong_use("which store? --store DIR");
		if (a.tenant && !csv_is_tenant(a.tenant))
			return wrong_use("--tenant is 1 to 64 of A-Z a-z 0-9 . _ -, or *");
		return commands[i].run(&a);
	}
	return wrong_use("import, export, lookup or stats?");
}
