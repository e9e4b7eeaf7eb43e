/*
 * Loads a redirector with distinct calls and checks every answer: a benchmark
 * that does not look at what it gets measures how fast nonsense is made.
 */
#include "bench/blast.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WRONG_USE = 2,
	CALLS_MAX = 100 * 1000 * 1000
};

static const char help[] =
	"usage: blast --to ADDR:PORT --kind sign|verify|options [option]...\n"
	"\n"
	"  --from ADDR:PORT      source (port 0: any) [127.0.0.1:0]\n"
	"  --calls N             distinct calls [10000]\n"
	"  --window W            at most W calls without an answer [64]\n"
	"  --rate R              R calls a second instead of a window\n"
	"  --identity FILE       one Identity value per line; needed to verify\n"
	"  --ack                 acknowledge each final answer\n"
	"  --certificate FILE    chain that signed answers must verify with\n"
	"  --check N             verify every Nth signature [100]\n"
	"  --others ADDR:PORT    calls beside them, from there, that are not measured\n"
	"  --others-rate R       R of them a second\n"
	"  --patience SECONDS    a call without an answer is lost after [2]\n"
	"\n"
	"It spins: give it a core of its own.  Prints one line of key=value and one for\n"
	"people.  Exit status: 0 all answered and right, 1 not so, 2 wrong use, 3 a fault.\n";

static bool set_address(const char *text, struct addr *out)
{
	return addr_parse(sk_span_of(text), out);
}

static bool set_count(const char *text, size_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > CALLS_MAX)
		return false;
	*out = n;
	return true;
}

static bool set_number(const char *text, double *out)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n > 0 && n < 1e9))
		return false;
	*out = n;
	return true;
}

static bool set_kind(const char *text, enum kind *out)
{
	static const char *const names[] = { "sign", "verify", "options" };

	for (size_t i = 0; i < SK_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (enum kind)i;
			return true;
		}
	}
	return false;
}

static bool set(struct wish *w, int option, const char *text)
{
	switch (option) {
	case 't':
		return set_address(text, &w->to);
	case 'f':
		return set_address(text, &w->from);
	case 'n':
		return set_count(text, &w->calls) && w->calls > 0;
	case 'w':
		return set_count(text, &w->window) && w->window > 0;
	case 'r':
		return set_number(text, &w->rate);
	case 'k':
		return set_kind(text, &w->kind);
	case 'i':
		w->identity = text;
		return true;
	case 'a':
		w->ack = true;
		return true;
	case 'c':
		w->certificate = text;
		return true;
	case 'e':
		return set_count(text, &w->check);
	case 'p':
		return set_number(text, &w->patience);
	case 'o':
		return set_address(text, &w->others);
	case 'q':
		return set_number(text, &w->others_rate);
	default:
		return false;
	}
}

static bool parse(int argc, char **argv, struct wish *w)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "from", required_argument, NULL, 'f' },
		{ "calls", required_argument, NULL, 'n' },
		{ "window", required_argument, NULL, 'w' },
		{ "rate", required_argument, NULL, 'r' },
		{ "kind", required_argument, NULL, 'k' },
		{ "identity", required_argument, NULL, 'i' },
		{ "ack", no_argument, NULL, 'a' },
		{ "certificate", required_argument, NULL, 'c' },
		{ "check", required_argument, NULL, 'e' },
		{ "patience", required_argument, NULL, 'p' },
		{ "others", required_argument, NULL, 'o' },
		{ "others-rate", required_argument, NULL, 'q' },
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == '?')
			return false;
		if (!set(w, c, optarg)) {
			fprintf(stderr, "blast: %s: not allowed here\n", optarg);
			return false;
		}
	}
	if (w->window == 0 && w->rate <= 0)
		w->window = 64;
	if ((w->others_rate > 0) != (w->others.len > 0))
		return false;
	return optind == argc && w->to.len > 0 && (w->kind == KIND_VERIFY) == (w->identity != NULL);
}

static void report(const struct run *run)
{
	const struct tally *t = run_tally(run);
	const struct others_tally *o = run_others(run);
	double rate = t->seconds > 0 ? (double)t->answered / t->seconds : 0;
	double p50 = run_percentile(run, 0.50), p90 = run_percentile(run, 0.90);
	double p99 = run_percentile(run, 0.99), p999 = run_percentile(run, 0.999);

	printf("sent=%zu answered=%zu lost=%zu wrong=%zu stray=%zu verified=%zu seconds=%.3f "
	       "rate=%.0f p50_us=%.0f p90_us=%.0f p99_us=%.0f p999_us=%.0f",
	       t->sent, t->answered, t->lost, t->wrong, t->stray, t->verified, t->seconds, rate,
	       p50, p90, p99, p999);
	if (o)
		printf(" others_sent=%zu others_answered=%zu others_signed=%zu others_plain=%zu "
		       "others_refused=%zu",
		       o->sent, o->answered, o->signed_ones, o->plain, o->refused);
	printf("\n%zu calls in %.2f s: %.0f answers a second, %zu lost, %zu wrong; half within "
	       "%.2f ms, 99 of 100 within %.2f ms\n",
	       t->sent, t->seconds, rate, t->lost, t->wrong, p50 / 1000, p99 / 1000);
}

int main(int argc, char **argv)
{
	SK_CLEANUP(run_free_p) struct run *run = NULL;
	struct wish wish = { .calls = 10000, .check = 100, .patience = 2 };

	if (!set_address("127.0.0.1:0", &wish.from))
		return 3;
	if (!parse(argc, argv, &wish)) {
		fputs(help, stderr);
		return WRONG_USE;
	}
	if (!run_new(&wish, &run))
		return 3;
	if (!run_all(run) || !run_sort(run)) {
		fprintf(stderr, "blast: %s\n", strerror(errno));
		return 3;
	}
	report(run);
	return run_tally(run)->answered < wish.calls || run_tally(run)->wrong > 0;
}
