/*
 * The breaker, with a fake network and clock.  A row is a story: words that say
 * what a job meets or what must be so, one after the other.
 */
#include "redirector/certs/breaker.h"
#include "tests/check.h"

#include <stdarg.h>
#include <stdlib.h>

enum {
	JOBS = 8,
};

struct world {
	struct clock clock;
	int64_t mono;
	struct fetcher net;
	enum sk_err refuse;
	struct fetch_job *under_way[JOBS]; /* what has come through, the newest last */
	size_t count;
	unsigned kept, reloads, asked;
	bool reload_fails;
	struct fetcher *breaker;
	const char *url;
	bool ours;
	struct fetch_job jobs[JOBS]; /* what the owner has, the newest last */
	size_t open;
	enum sk_err told;
	bool told_304;
	char log[1024]; /* what was logged since the last look */
};

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...) SK_PRINTF(3, 4);

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	struct world *w = (struct world *)(void *)log;
	const size_t len = strlen(w->log);
	va_list args;

	if (level != LEVEL_WARNING)
		abort();
	va_start(args, fmt);
	vsnprintf(w->log + len, sizeof(w->log) - len, fmt, args);
	va_end(args);
}

static struct log *log_of(struct world *w)
{
	return (struct log *)(void *)w;
}

static int64_t fake_mono(const struct clock *self)
{
	return ((const struct world *)self)->mono;
}

/* Seconds of the day begin with the others. */
static int64_t fake_wall(const struct clock *self)
{
	return 1700000000 + ((const struct world *)self)->mono / 1000;
}

static struct world *of_net(struct fetcher *self)
{
	return (struct world *)(void *)((char *)self - offsetof(struct world, net));
}

static enum sk_err net_start(struct fetcher *self, struct fetch_job *job)
{
	struct world *w = of_net(self);

	w->asked++;
	if (w->refuse != SK_OK)
		return w->refuse;
	if (w->count == JOBS)
		abort();
	w->under_way[w->count++] = job;
	return SK_OK;
}

static void net_stop(struct fetcher *self, struct fetch_job *job)
{
	struct world *w = of_net(self);

	if (w->count == 0 || w->under_way[w->count - 1] != job)
		abort(); /* the stories stop the newest only */
	w->count--;
}

static bool net_reload(struct fetcher *self, const struct certs_conf *conf, char why[256])
{
	struct world *w = of_net(self);

	(void)conf;
	snprintf(why, 256, "no");
	w->reloads += !w->reload_fails;
	return !w->reload_fails;
}

static void net_keep(struct fetcher *self, const struct fetch_kept *kept)
{
	of_net(self)->kept += kept->body.len == 4;
}

static void on_done(struct fetch_job *job, const struct fetch_result *result)
{
	struct world *w = job->arg;

	w->told = result->err;
	w->told_304 = result->not_modified;
}

static void begin(struct world *w, int64_t limit)
{
	struct certs_conf conf = { .breaker = limit };

	*w = (struct world){ .clock = { .wall = fake_wall, .mono = fake_mono },
			     .mono = 5000,
			     .net = { net_start, net_stop, net_reload, net_keep },
			     .url = "https://a.example/x" };
	if (!breaker_new(&w->clock, log_of(w), &conf, &w->net, &w->breaker))
		abort();
}

static enum sk_err go(struct world *w)
{
	struct fetch_job *job = &w->jobs[w->open];
	enum sk_err err;

	if (w->open == JOBS)
		abort();
	*job = (struct fetch_job){
		.url = sk_span_of(w->url),
		.etag = SK_SPAN("\"e\""),
		.done = on_done,
		.arg = w,
		.ours = w->ours,
	};
	err = w->breaker->start(w->breaker, job);
	w->open += err == SK_OK;
	return err;
}

/* The oldest or the newest of those under way. */
static void end(struct world *w, size_t i, enum sk_err err, bool not_modified)
{
	struct fetch_job *job = w->under_way[i];

	memmove(&w->under_way[i], &w->under_way[i + 1], (--w->count - i) * sizeof(w->under_way[0]));
	job->done(job, &(struct fetch_result){ .err = err, .not_modified = not_modified });
	if (w->count == 0)
		w->open = 0;
}

/* clang-format off */
static const struct {
	const char *word;
	enum sk_err err;
} outcomes[] = {
	{ "ok", SK_OK }, { "304", SK_OK }, { "dns", SK_FETCH_DNS }, { "connect", SK_FETCH_CONNECT },
	{ "tls", SK_FETCH_TLS }, { "timeout", SK_FETCH_TIMEOUT }, { "status", SK_FETCH_STATUS },
	{ "size", SK_FETCH_SIZE }, { "syntax", SK_FETCH_SYNTAX }, { "refused", SK_FETCH_REFUSED },
	{ "busy", SK_BUSY }, { "memory", SK_ENOMEM },
};

static const struct {
	const char *name, *story;
} rows[] = {
	{ "five failures in a row open it", "dns connect tls timeout connect spared-connect open-1" },
	{ "four do not", "connect connect connect connect ok open-0" },
	{ "a success between starts anew", "connect connect connect connect ok connect connect connect connect ok" },
	{ "a 304 is a success", "tls tls tls tls 304 tls tls tls tls ok" },
	{ "a 404 is an answer", "dns dns dns dns status dns dns dns dns ok" },
	{ "so is a file too large", "dns dns dns dns size dns dns dns dns ok" },
	{ "so is what is no certificate", "dns dns dns dns syntax dns dns dns dns ok" },
	{ "404s alone never open it", "status status status status status status status status ok" },
	{ "busy does not count, and ends no row", "dns dns dns dns busy busy dns spared-dns" },
	{ "nor does memory", "dns dns dns dns memory dns spared-dns" },
	{ "nor does what may not be asked", "dns dns dns dns refused refused dns spared-dns" },
	{ "what start() says at once does not count", "refuse-timeout refuse-timeout refuse-timeout refuse-timeout refuse-timeout refuse-timeout ok" },
	{ "the last failure is told", "connect connect connect connect tls spared-tls spared-tls" },
	{ "left alone for 30 s", "5-dns pass-29 spared-dns pass-1 ok ok open-0" },
	{ "doubled each time", "5-dns pass-30 connect spared-connect pass-59 spared-connect pass-1 dns pass-119 spared-dns pass-1 ok" },
	{ "up to 10 minutes", "5-dns pass-30 dns pass-60 dns pass-120 dns pass-240 dns pass-480 dns pass-599 spared-dns pass-1 dns pass-599 spared-dns pass-1 ok" },
	{ "from 30 s again after a success", "5-dns pass-30 dns pass-60 ok 5-tls pass-29 spared-tls pass-1 ok" },
	{ "one trial at a time", "5-dns pass-30 go spared-dns spared-dns newest-ok ok open-0" },
	{ "a trial that fails", "5-dns pass-30 go spared-dns newest-connect spared-connect pass-60 go spared-connect newest-ok ok" },
	{ "a 404 of the trial closes it", "5-dns pass-30 status ok open-0" },
	{ "a trial that is stopped leaves its place", "5-dns pass-30 go spared-dns stop go spared-dns newest-ok open-0" },
	{ "a trial that found no place leaves its own", "5-dns pass-30 refuse-busy go spared-dns newest-ok open-0" },
	{ "a trial that waited too long in a queue", "5-dns pass-30 busy open-1 go spared-dns newest-ok open-0" },
	{ "a trial without memory", "5-dns pass-30 memory refuse-memory ok open-0" },
	{ "a trial that may not be asked", "5-dns pass-30 refused ok open-0" },
	{ "late failures do not make the pause longer", "go go go 5-dns pass-10 oldest-tls oldest-tls oldest-tls pass-19 spared-tls pass-1 ok" },
	{ "a late success closes it", "go 5-dns spared-dns oldest-ok ok open-0" },
	{ "a late failure beside the trial", "go 5-dns pass-30 go oldest-tls spared-tls newest-ok ok open-0" },
	{ "the trial's end after a late success", "go 5-dns pass-30 go oldest-ok newest-connect ok open-0" },
	{ "another host has its own count", "5-dns host-b ok ok host-a spared-dns" },
	{ "another port is another host", "5-dns port-b ok ok host-a spared-dns" },
	{ "the port may be written", "5-dns port-443 spared-dns" },
	{ "upper case is the same host", "5-dns upper spared-dns" },
	{ "another path is the same host", "5-dns path spared-dns" },
	{ "two hosts open", "5-dns host-b 5-tls open-2 spared-tls host-a spared-dns pass-30 ok open-1" },
	{ "a reload to never", "5-dns limit-0 ok 5-dns 5-dns ok open-0" },
	{ "a reload to fewer", "dns limit-2 dns spared-dns open-1" },
	{ "a reload that fails changes nothing", "dns limit-fails dns dns dns dns spared-dns" },
	{ "a warning when it opens", "dns dns dns dns quiet dns says-open spared-dns spared-dns quiet" },
	{ "one when it closes", "5-dns says-open pass-30 ok says-closed ok dns quiet" },
	{ "none while it stays open", "5-dns says-open pass-30 dns pass-60 dns pass-120 dns quiet pass-240 status says-closed" },
	{ "another host's has its own", "5-dns says-open host-b ok quiet 5-tls says-open-b" },
	{ "an IPv6 address has brackets", "six 5-dns says-open-six spared-dns" },
	{ "a list is fetched all the same", "5-timeout spared-timeout ours tls dns theirs spared-dns open-1" },
	{ "its answer closes it", "5-timeout spared-timeout ours status open-0 theirs ok" },
	{ "it is no trial", "5-dns pass-30 ours go theirs go spared-dns newest-connect spared-connect oldest-ok open-0 ok" },
	{ "its failures count", "ours 5-connect theirs spared-connect open-1" },
	{ "no URL goes no further", "bad-url" },
};
/* clang-format on */

static bool outcome_of(const char *word, enum sk_err *err)
{
	for (size_t i = 0; i < SK_COUNT(outcomes); i++) {
		if (strcmp(outcomes[i].word, word) != 0)
			continue;
		*err = outcomes[i].err;
		return true;
	}
	return false;
}

static const char *after(const char *word, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(word, prefix, len) == 0 ? word + len : NULL;
}

/* A job that goes through and ends so. */
static bool meets(struct world *w, const char *word, enum sk_err err)
{
	unsigned asked = w->asked;
	size_t open = w->open;

	w->told = SK_EINTERNAL;
	if (go(w) != SK_OK || w->asked != asked + 1)
		return false;
	end(w, w->count - 1, err, strcmp(word, "304") == 0);
	w->open = open;
	return w->told == err && w->told_304 == (strcmp(word, "304") == 0);
}

static bool refuses(struct world *w, enum sk_err err, bool spared)
{
	unsigned asked = w->asked;
	bool fine;

	w->refuse = spared ? SK_OK : err;
	fine = go(w) == err && w->asked == asked + !spared;
	w->refuse = SK_OK;
	return fine;
}

static bool change_limit(struct world *w, const char *to)
{
	struct certs_conf conf = { .breaker = atoi(to) };
	char why[256] = "";
	unsigned before = w->reloads;

	w->reload_fails = strcmp(to, "fails") == 0;
	return w->breaker->reload(w->breaker, &conf, why) == !w->reload_fails &&
	       w->reloads == before + !w->reload_fails;
}

static bool change_host(struct world *w, const char *word)
{
	static const char *const urls[][2] = {
		{ "host-a", "https://a.example/x" },       { "host-b", "https://b.example/x" },
		{ "port-b", "https://a.example:8443/x" },  { "upper", "https://A.EXAMPLE/x" },
		{ "port-443", "https://a.example:443/x" }, { "path", "https://a.example/y" },
		{ "six", "https://[FD00::2]:8443/x" },
	};

	for (size_t i = 0; i < SK_COUNT(urls); i++)
		if (strcmp(word, urls[i][0]) == 0) {
			w->url = urls[i][1];
			return true;
		}
	return false;
}

static bool says(struct world *w, const char *state)
{
	static const struct {
		const char *word, *line;
	} lines[] = {
		{ "open", "event=breaker state=open host=\"a.example:443\" msg=\"the certificate's "
			  "host has no address\"" },
		{ "open-b", "event=breaker state=open host=\"b.example:443\" msg=\"the "
			    "certificate's host failed the TLS check\"" },
		{ "open-six", "event=breaker state=open host=\"[fd00::2]:8443\" msg=\"the "
			      "certificate's host has no address\"" },
		{ "closed", "event=breaker state=closed host=\"a.example:443\" msg=\"it answers "
			    "again\"" },
	};

	for (size_t i = 0; i < SK_COUNT(lines); i++) {
		if (strcmp(state, lines[i].word) != 0 || strcmp(w->log, lines[i].line) != 0)
			continue;
		w->log[0] = '\0';
		return true;
	}
	fprintf(stderr, "it said: %s\n", w->log);
	return false;
}

static bool stop(struct world *w)
{
	struct fetch_job *job = &w->jobs[--w->open];

	w->breaker->stop(w->breaker, job);
	w->breaker->stop(w->breaker, job); /* harmless */
	return true;
}

/* @return false: it is not as the word says */
static bool step(struct world *w, const char *word)
{
	struct breaker_counters counters;
	const char *rest;
	enum sk_err err;

	if (outcome_of(word, &err))
		return meets(w, word, err);
	if ((rest = after(word, "5-")) && outcome_of(rest, &err))
		return meets(w, rest, err) && meets(w, rest, err) && meets(w, rest, err) &&
		       meets(w, rest, err) && meets(w, rest, err);
	if ((rest = after(word, "spared-")) && outcome_of(rest, &err))
		return refuses(w, err, true);
	if ((rest = after(word, "refuse-")) && outcome_of(rest, &err))
		return refuses(w, err, false);
	if ((rest = after(word, "pass-"))) {
		w->mono += atoi(rest) * 1000;
		return true;
	}
	breaker_counters(w->breaker, &counters);
	if ((rest = after(word, "open-")))
		return counters.open == (size_t)atoi(rest);
	if ((rest = after(word, "limit-")))
		return change_limit(w, rest);
	if (strcmp(word, "quiet") == 0)
		return w->log[0] == '\0';
	if ((rest = after(word, "says-")))
		return says(w, rest);
	if (strcmp(word, "ours") == 0 || strcmp(word, "theirs") == 0) {
		w->ours = *word == 'o';
		return true;
	}
	if (strcmp(word, "go") == 0)
		return go(w) == SK_OK;
	if (strcmp(word, "stop") == 0)
		return stop(w);
	if ((rest = after(word, "newest-")) && outcome_of(rest, &err))
		return w->count > 0 && (end(w, w->count - 1, err, false), true);
	if ((rest = after(word, "oldest-")) && outcome_of(rest, &err))
		return w->count > 0 && (end(w, 0, err, false), true);
	if (strcmp(word, "bad-url") == 0) {
		w->url = "http://a.example/x";
		return go(w) == SK_FETCH_REFUSED && w->asked == 0;
	}
	return change_host(w, word);
}

static void tell(const char *name, const char *story)
{
	char text[512], *rest = text, *word;
	struct world w;
	bool fine = true;

	begin(&w, 5);
	snprintf(text, sizeof(text), "%s", story);
	while (fine && (word = strtok_r(rest, " ", &rest)))
		fine = step(&w, word);
	CHECK(fine, "%s: at \"%s\"", name, word);
	while (w.count > 0)
		end(&w, 0, SK_FETCH_CONNECT, false);
	breaker_free(w.breaker);
}

/* A stranger who names ten thousand hosts takes no more memory, and no other's job. */
static void bounded(void)
{
	struct breaker_counters counters;
	char url[64];
	struct world w;

	begin(&w, 1);
	for (int i = 0; i < BREAKER_HOSTS + 100; i++) {
		snprintf(url, sizeof(url), "https://h%d.example/x", i);
		w.url = url;
		if (!meets(&w, "dns", SK_FETCH_DNS))
			CHECK(false, "host %d", i);
	}
	breaker_counters(w.breaker, &counters);
	CHECK(counters.open == BREAKER_HOSTS && counters.opened == BREAKER_HOSTS + 100,
	      "%zu open of %llu", counters.open, (unsigned long long)counters.opened);
	w.url = "https://h99.example/x";
	CHECK(step(&w, "ok"), "the oldest was forgotten");
	w.url = "https://h100.example/x";
	CHECK(step(&w, "spared-dns"), "the next one not");

	/* a trial whose host is forgotten meanwhile */
	w.mono += 30000;
	CHECK(go(&w) == SK_OK, "the trial");
	for (int i = 0; i < BREAKER_HOSTS; i++) {
		snprintf(url, sizeof(url), "https://g%d.example/x", i);
		w.url = url;
		if (!meets(&w, "dns", SK_FETCH_DNS))
			CHECK(false, "host %d", i);
	}
	end(&w, 0, SK_FETCH_TLS, false);
	breaker_counters(w.breaker, &counters);
	CHECK(w.told == SK_FETCH_TLS && counters.open == BREAKER_HOSTS, "came back all the same");
	breaker_free(w.breaker);
}

/* Who fails is shown, the last one first, in letters that hurt nobody. */
static void shown(void)
{
	static struct breaker_host hosts[4];
	static char url[400];
	const char *end;
	struct world w;

	begin(&w, 2);
	CHECK(breaker_hosts(w.breaker, hosts, 4) == 0, "nobody");
	w.url = "https://A.example/x";
	CHECK(meets(&w, "dns", SK_FETCH_DNS), "one");
	w.mono += 5000;
	CHECK(meets(&w, "timeout", SK_FETCH_TIMEOUT), "again");
	w.mono += 1000;
	w.url = "https://b.example:8443/y";
	CHECK(meets(&w, "dns", SK_FETCH_DNS), "another");
	CHECK(breaker_hosts(w.breaker, hosts, 4) == 2, "two");
	CHECK_STR(hosts[0].name, "b.example:8443", "the last first");
	CHECK_STR(hosts[1].name, "a.example:443", "without its path");
	CHECK(hosts[1].failures == 2 && hosts[1].open && hosts[1].err == SK_FETCH_TIMEOUT, "how");
	CHECK(hosts[1].last - hosts[1].since == 5, "since when");
	CHECK(hosts[0].failures == 1 && !hosts[0].open, "not given up");
	CHECK(breaker_hosts(w.breaker, hosts, 1) == 1, "no more than that");
	snprintf(url, sizeof(url), "https://%0250d.example:444/", 7);
	w.url = url;
	if (meets(&w, "dns", SK_FETCH_DNS)) {
		CHECK(breaker_hosts(w.breaker, hosts, 1) == 1, "a long one");
		end = hosts[0].name + strlen(hosts[0].name) - 5;
		CHECK(strlen(hosts[0].name) == BREAKER_HOST_SIZE - 1 && strcmp(end, "~:444") == 0,
		      "%s", hosts[0].name);
	}
	breaker_free(w.breaker);
}

static void passes_on(void)
{
	struct fetch_kept kept = { .body = SK_SPAN("text") };
	struct fetcher *plain = NULL;
	struct certs_conf conf = { .breaker = 5 };
	struct fetch_job job = { .url = SK_SPAN("https://a.example/x"),
				 .etag = SK_SPAN("\"e\""),
				 .have = 7,
				 .max = 8,
				 .bearer = SK_SPAN("t"),
				 .post = SK_SPAN("{}"),
				 .done = on_done };
	struct world w;

	begin(&w, 5);
	w.breaker->keep(w.breaker, &kept);
	CHECK(w.kept == 1, "what is kept");
	job.arg = &w;
	CHECK(w.breaker->start(w.breaker, &job) == SK_OK && w.count == 1, "a job");
	CHECK(w.under_way[0]->have == 7 && w.under_way[0]->max == 8 &&
		      sk_span_eq(w.under_way[0]->etag, job.etag) &&
		      sk_span_eq(w.under_way[0]->bearer, job.bearer) &&
		      sk_span_eq(w.under_way[0]->post, job.post),
	      "all of it");
	end(&w, 0, SK_OK, true);
	CHECK(w.told_304 && !job.slot, "and the answer");
	w.net.keep = NULL;
	CHECK(breaker_new(&w.clock, NULL, &conf, &w.net, &plain) && !plain->keep,
	      "nothing to keep with");
	breaker_free(plain);
	breaker_free(w.breaker);
	breaker_free(NULL);
}

int main(void)
{
	for (size_t i = 0; i < SK_COUNT(rows); i++)
		tell(rows[i].name, rows[i].story);
	bounded();
	shown();
	passes_on();
	return check_result();
}
