/*
 * Why not getopt_long: it neither knows ranges nor required options, and takes
 * `--or` for `--orig`, which would make every new option a risk for old scripts.
 */
#include "cli/args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int args_wrong(const struct command *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "shaken %s: ", command->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nusage: shaken %s %s\nSee: shaken %s --help\n", command->name,
		command->synopsis, command->name);
	return CLI_USAGE;
}

int args_status(enum args_result result)
{
	return result == ARGS_WRONG ? CLI_USAGE : CLI_YES;
}

static const struct args_option *find(const struct args *args, const char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < args->count; i++) {
		const char *name = args->options[i].name;

		if (strlen(name) == len && memcmp(name, word, len) == 0)
			return &args->options[i];
	}
	return NULL;
}

static bool take_number(const struct args *args, const struct args_option *option,
			const char *value)
{
	char *end = NULL;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno == 0 && end != value && *end == '\0' && number >= option->min &&
	    number <= option->max) {
		*option->number = number;
		return true;
	}
	args_wrong(args->command, "%s: \"%s\" is no integer from %lld to %lld", option->name, value,
		   (long long)option->min, (long long)option->max);
	return false;
}

static bool take(const struct args *args, const struct args_option *option, const char *value)
{
	if (option->number)
		return take_number(args, option, value);

	if (option->list) {
		if (option->list->count == ARGS_LIST_MAX) {
			args_wrong(args->command, "%s: at most %d times", option->name,
				   ARGS_LIST_MAX);
			return false;
		}
		option->list->items[option->list->count++] = value;
		return true;
	}
	if (*option->text) {
		args_wrong(args->command, "%s: given twice", option->name);
		return false;
	}
	*option->text = value;
	return true;
}

/* @return how many words were used up, 0: wrong */
static int take_option(const struct args *args, char **words, int left)
{
	const struct args_option *option = find(args, words[0]);
	const char *equals = strchr(words[0], '=');

	if (!option) {
		args_wrong(args->command, "there is no option %.*s", (int)strcspn(words[0], "="),
			   words[0]);
		return 0;
	}
	if (option->flag) {
		if (equals) {
			args_wrong(args->command, "%s takes no value", option->name);
			return 0;
		}
		*option->flag = true;
		return 1;
	}
	if (equals)
		return take(args, option, equals + 1) ? 1 : 0;
	if (left < 2) {
		args_wrong(args->command, "%s needs a value", option->name);
		return 0;
	}
	return take(args, option, words[1]) ? 2 : 0;
}

static bool take_rest(const struct args *args, const char *word, struct args_list *rest)
{
	if (rest->count < args->rest_max && rest->count < ARGS_LIST_MAX) {
		rest->items[rest->count++] = word;
		return true;
	}
	args_wrong(args->command, "\"%s\" is one argument too many", word);
	return false;
}

static bool required_are_there(const struct args *args)
{
	for (size_t i = 0; i < args->count; i++) {
		const struct args_option *option = &args->options[i];
		bool there = option->text   ? *option->text != NULL
			     : option->list ? option->list->count > 0
					    : true;

		if (!option->required || there)
			continue;
		args_wrong(args->command, "%s is missing", option->name);
		return false;
	}
	return true;
}

static void print_help(const struct command *command)
{
	printf("usage: shaken %s %s\n\n%s\n\n%s", command->name, command->synopsis,
	       command->summary, command->help);
}

enum args_result args_read(const struct args *args, int argc, char **argv, struct args_list *rest)
{
	bool options = true;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		int used;

		if (options && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
			print_help(args->command);
			return ARGS_HELP;
		}
		if (options && strcmp(word, "--") == 0) {
			options = false;
			continue;
		}
		if (!options || word[0] != '-' || word[1] == '\0') {
			if (!take_rest(args, word, rest))
				return ARGS_WRONG;
			continue;
		}
		used = take_option(args, argv + i, argc - i);
		if (used == 0)
			return ARGS_WRONG;
		i += used - 1;
	}
	return required_are_there(args) ? ARGS_GO : ARGS_WRONG;
}
