/*
 * Finds the command and runs it.  The answer counts only when it was printed: a
 * full disk behind stdout turns a yes into a fault of ours.
 */
#include "cli/cli.h"
#include "shaken/macro.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_sign, &command_verify, &command_inspect, &command_cert,
	&command_tn,   &command_lab,    &command_key,
};

static void print_help(FILE *to)
{
	fprintf(to, "usage: shaken COMMAND [ARGUMENT]...\n"
		    "\n"
		    "STIR/SHAKEN on the command line: sign calls, verify them, look inside.\n"
		    "\n");
	for (size_t i = 0; i < SK_COUNT(commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(to, "\n"
		    "  shaken COMMAND --help    the arguments of a command, with an example\n"
		    "  shaken --version\n"
		    "\n"
		    "Exit status: 0 yes, 1 no, 2 wrong use, 3 a fault of our own.\n"
		    "\n"
		    "Example: shaken lab /tmp/lab\n");
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return CLI_YES;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("shaken %s\n", SHAKEN_VERSION);
		return CLI_YES;
	}
	for (size_t i = 0; i < SK_COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(commands[i], argc - 2, argv + 2);
	}
	fprintf(stderr, "shaken: there is no command \"%s\"\n", argv[1]);
	print_help(stderr);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	int status = dispatch(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("shaken: stdout");
		return CLI_OURS;
	}
	return status;
}
