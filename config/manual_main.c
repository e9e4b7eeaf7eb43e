/*
 * Prints what is kept in the tree but written by the schema:
 *
 *   config-manual sample > config/examples/redirector.yaml
 *   config-manual man    > docs/man/shaken-redirector.yaml.5
 *
 * A test tells when one of the two is out of date.
 */
#include "config/load.h"
#include "config/schema.h"

#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "sample") == 0)
		conf_print_sample(stdout);
	else if (argc == 2 && strcmp(argv[1], "man") == 0)
		conf_print_man(stdout);
	else
		fprintf(stderr, "config-manual sample | man\n");
	return argc != 2 || ferror(stdout) || fflush(stdout) != 0;
}
