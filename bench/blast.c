/*
 * Loads a redirector with distinct calls and checks every answer: a benchmark
 * that does not look at what it gets measures how fast nonsense is made.
 */
#include "bench/blast.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WRONG_USE = 2,
	FAULT = 3,
	CALLS_MAX = 100 * 1000 * 1000
};

static const double LATE = 0.5; /* seconds: SIP's T1, when a client sends once more */

static const char help[] =
	"usage: blast --to ADDR:PORT --kind sign|verify|plain|options [option]...\n"
	"\n"
	"  --from ADDR:PORT      source (port 0: any) [127.0.0.1:0]\n"
	"  --transport T         udp, tcp or tls [udp]\n"
	"  --sockets N           UDP sockets, one 4-tuple each [1]\n"
	"  --connections N       the same for TCP and TLS\n"
	"  --ca FILE             for TLS: who has signed the server's certificate\n"
	"  --calls N             distinct calls [10000]\n"
	"  --window W            at most W calls without an answer [64]\n"
	"  --rate R              R calls a second instead of a window\n"
	"  --phases R:S,R:S,...  R calls a second for S seconds, then the next; no --calls\n"
	"  --series FILE         a line for each tenth of a second\n"
	"  --shed                503, and 302 without what was asked, are counted, not wrong\n"
	"  --hosts N             request-URIs of t0.example and on, one host each tenant\n"
	"  --numbers N           different callers [1000]\n"
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

static bool set_address(const char *text, void *out)
{
	return addr_parse(sk_span_of(text), out);
}

static bool set_text(const char *text, void *out)
{
	*(const char **)out = text;
	return true;
}

static bool set_flag(const char *text, void *out)
{
	(void)text;
	*(bool *)out = true;
	return true;
}

static bool set_any_count(const char *text, void *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > CALLS_MAX)
		return false;
	*(size_t *)out = n;
	return true;
}

static bool set_count(const char *text, void *out)
{
	return set_any_count(text, out) && *(size_t *)out > 0;
}

static bool set_number(const char *text, void *out)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n > 0 && n < 1e9))
		return false;
	*(double *)out = n;
	return true;
}

/* One of the words, as its place among them. */
static bool set_word(const char *text, const char *const *words, size_t count, unsigned *out)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = (unsigned)i;
			return true;
		}
	}
	return false;
}

static bool set_kind(const char *text, void *out)
{
	static const char *const words[] = { "sign", "verify", "plain", "options" };

	return set_word(text, words, SK_COUNT(words), out);
}

static bool set_transport(const char *text, void *out)
{
	static const char *const words[] = { "udp", "tcp", "tls" };

	return set_word(text, words, SK_COUNT(words), out);
}

/* "60000:5,10000:3.5"; how many calls that is, comes out in check(). */
static bool set_phases(const char *text, void *out)
{
	struct wish *w = out;

	for (w->phase_count = 0; w->phase_count < PHASES_MAX; text++) {
		struct phase *p = &w->phases[w->phase_count++];
		char *end;

		p->rate = strtod(text, &end);
		if (end == text || *end != ':')
			return false;
		text = end + 1;
		p->seconds = strtod(text, &end);
		if (end == text || !(p->rate > 0 && p->rate < 1e9) ||
		    !(p->seconds > 0 && p->seconds < 1e6))
			return false;
		text = end;
		if (*text != ',')
			return *text == '\0';
	}
	return false;
}

static bool set_rate(const char *text, void *out)
{
	struct wish *w = out;

	w->phase_count = 1;
	return set_number(text, &w->phases[0].rate);
}

struct option_row {
	const char *name;
	bool (*set)(const char *text, void *out);
	size_t at; /* in struct wish */
};

/* clang-format off */
static const struct option_row rows[] = {
	{ "to",          set_address,   offsetof(struct wish, to) },
	{ "from",        set_address,   offsetof(struct wish, from) },
	{ "transport",   set_transport, offsetof(struct wish, transport) },
	{ "sockets",     set_count,     offsetof(struct wish, lanes) },
	{ "connections", set_count,     offsetof(struct wish, lanes) },
	{ "ca",          set_text,      offsetof(struct wish, ca) },
	{ "calls",       set_count,     offsetof(struct wish, calls) },
	{ "window",      set_count,     offsetof(struct wish, window) },
	{ "rate",        set_rate,      0 },
	{ "phases",      set_phases,    0 },
	{ "series",      set_text,      offsetof(struct wish, series) },
	{ "shed",        set_flag,      offsetof(struct wish, shed) },
	{ "hosts",       set_count,     offsetof(struct wish, hosts) },
	{ "numbers",     set_count,     offsetof(struct wish, numbers) },
	{ "kind",        set_kind,      offsetof(struct wish, kind) },
	{ "identity",    set_text,      offsetof(struct wish, identity) },
	{ "ack",         set_flag,      offsetof(struct wish, ack) },
	{ "certificate", set_text,      offsetof(struct wish, certificate) },
	{ "check",       set_any_count, offsetof(struct wish, check) },
	{ "others",      set_address,   offsetof(struct wish, others) },
	{ "others-rate", set_number,    offsetof(struct wish, others_rate) },
	{ "patience",    set_number,    offsetof(struct wish, patience) },
};
/* clang-format on */

/* What the options say together. */
static bool check(struct wish *w)
{
	double calls = 0;

	for (size_t i = 0; i < w->phase_count; i++)
		calls += w->phases[i].rate * w->phases[i].seconds;
	if (calls > CALLS_MAX)
		return false;
	if (calls >= 1)
		w->calls = (size_t)calls;
	if (w->window == 0 && w->phase_count == 0)
		w->window = 64;
	if ((w->others_rate > 0) != (w->others.len > 0) || w->lanes > LANES_MAX)
		return false;
	if ((w->transport == OVER_TLS) != (w->ca != NULL))
		return false;
	return w->to.len > 0 && (w->kind == KIND_VERIFY) == (w->identity != NULL);
}

static bool parse(int argc, char **argv, struct wish *w)
{
	struct option options[SK_COUNT(rows) + 1] = { 0 };

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		options[i] =
			(struct option){ rows[i].name,
					 rows[i].set == set_flag ? no_argument : required_argument,
					 NULL, (int)i };
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == '?')
			return false;
		if (!rows[c].set(optarg, (char *)w + rows[c].at)) {
			fprintf(stderr, "blast: --%s %s: not allowed here\n", rows[c].name, optarg);
			return false;
		}
	}
	return optind == argc && check(w);
}

static void report(const struct run *run, const struct times *times)
{
	const struct tally *t = run_tally(run);
	const struct others_tally *o = run_others(run);
	double rate = t->seconds > 0 ? (double)t->answered / t->seconds : 0;
	double p50 = times_percentile(times, 0.50), p99 = times_percentile(times, 0.99);

	printf("sent=%zu answered=%zu lost=%zu wrong=%zu stray=%zu shed=%zu unsaid=%zu "
	       "verified=%zu seconds=%.3f rate=%.0f p50_us=%.0f p90_us=%.0f p99_us=%.0f "
	       "p999_us=%.0f behind_us=%.0f late=%zu idle=%.3f",
	       t->sent, t->answered, t->lost, t->wrong, t->stray, t->shed, t->unsaid, t->verified,
	       t->seconds, rate, p50, times_percentile(times, 0.90), p99,
	       times_percentile(times, 0.999), (double)t->behind / 1000, times_over(times, LATE),
	       t->seconds > 0 ? (double)t->idle / 1e9 / t->seconds : 0);
	if (o)
		printf(" others_sent=%zu others_answered=%zu others_signed=%zu others_plain=%zu "
		       "others_refused=%zu",
		       o->sent, o->answered, o->signed_ones, o->plain, o->refused);
	printf("\n%zu calls in %.2f s: %.0f answers a second, %zu lost, %zu wrong; half within "
	       "%.2f ms, 99 of 100 within %.2f ms\n",
	       t->sent, t->seconds, rate, t->lost, t->wrong, p50 / 1000, p99 / 1000);
}

static bool finish(const struct run *run, const struct wish *wish)
{
	struct times times;
	size_t count;
	const struct flight *flights = run_flights(run, &count);

	if (!times_init(&times, flights, count))
		return false;
	report(run, &times);
	times_deinit(&times);
	return !wish->series || series_write(run, wish->series);
}

int main(int argc, char **argv)
{
	SK_CLEANUP(run_free_p) struct run *run = NULL;
	struct wish wish = {
		.calls = 10000, .check = 100, .patience = 2, .lanes = 1, .numbers = 1000
	};

	/* a connection that the server ends is a fault that has a name */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || !set_address("127.0.0.1:0", &wish.from))
		return FAULT;
	if (!parse(argc, argv, &wish)) {
		fputs(help, stderr);
		return WRONG_USE;
	}
	if (!run_new(&wish, &run))
		return FAULT;
	if (!run_all(run) || !finish(run, &wish)) {
		fprintf(stderr, "blast: %s\n", strerror(errno));
		return FAULT;
	}
	/* where calls are shed some are given up, and answered after that */
	return run_tally(run)->answered + run_tally(run)->shed < wish.calls ||
	       run_tally(run)->wrong > 0 || (!wish.shed && run_tally(run)->stray > 0);
}
