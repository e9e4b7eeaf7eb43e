/*
 * Who answers a job: the copy or the network, in each order of events.  The disk is a
 * gate in a wrapped store_get(), the network a list of jobs that the story ends.
 */
#include "redirector/certs/stored.h"

#include "redirector/certs/cache.h"
#include "tests/check.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define URL "https://cert.example/a.pem"

enum {
	NOW = 1700000000,
	JOBS = 2048,
};

struct fake_net {
	struct fetcher base;
	struct fetch_job *jobs[JOBS]; /* under way */
	size_t count, started, stopped, reloads;
	enum sk_err refuse;
	char etag[64]; /* of the last that was started */
};

struct fake_clock {
	struct clock base;
	int64_t wall;
	int64_t ahead; /* of the true monotonic clock */
};

struct ask {
	struct fetch_job job;
	unsigned calls;
	struct fetch_result result;
	char body[64], etag[64];
	struct fetcher *again; /* starts once more from the handler */
};

struct world {
	struct loop *loop;
	struct fake_clock clock;
	struct fake_net net;
	struct fetcher *stored;
	char folder[64];
	char log[4096];
};

/* --- the log --- */

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...) SK_PRINTF(3, 4);

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	struct world *w = (struct world *)(void *)log;
	const size_t len = strlen(w->log);
	va_list args;

	if (level != (strstr(fmt, "state=damaged") ? LEVEL_ERROR : LEVEL_WARNING))
		abort();
	va_start(args, fmt);
	vsnprintf(w->log + len, sizeof(w->log) - len, fmt, args);
	va_end(args);
}

static struct log *log_of(struct world *w)
{
	return (struct log *)(void *)w;
}

/* --- the disk --- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

bool __real_store_get(struct store *store, struct sk_span url, struct store_copy *out);
bool __wrap_store_get(struct store *store, struct sk_span url, struct store_copy *out);
static bool damaged;

bool __wrap_store_condemned(const struct store *s);

bool __wrap_store_condemned(const struct store *s)
{
	(void)s;
	return damaged;
}

size_t __real_store_put_many(struct store *s, const struct fetch_kept *const *kept, size_t count);
size_t __wrap_store_put_many(struct store *s, const struct fetch_kept *const *kept, size_t count);

bool __wrap_store_get(struct store *store, struct sk_span url, struct store_copy *out)
{
	bool found;

	pthread_mutex_lock(&gate);
	found = __real_store_get(store, url, out);
	pthread_mutex_unlock(&gate);
	return found;
}

size_t __wrap_store_put_many(struct store *s, const struct fetch_kept *const *kept, size_t count)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return __real_store_put_many(s, kept, count);
}

/* --- the network --- */

static enum sk_err net_start(struct fetcher *self, struct fetch_job *job)
{
	struct fake_net *net = (struct fake_net *)self;

	if (net->refuse != SK_OK)
		return net->refuse;
	if (net->count == JOBS)
		abort();
	snprintf(net->etag, sizeof(net->etag), "%.*s", (int)job->etag.len, job->etag.ptr);
	net->jobs[net->count++] = job;
	net->started++;
	return SK_OK;
}

static void net_stop(struct fetcher *self, struct fetch_job *job)
{
	struct fake_net *net = (struct fake_net *)self;

	for (size_t i = 0; i < net->count; i++) {
		if (net->jobs[i] == job) {
			net->jobs[i] = net->jobs[--net->count];
			net->stopped++;
			return;
		}
	}
	abort(); /* stopped a job that is not under way */
}

static bool net_reload(struct fetcher *self, const struct certs_conf *conf, char reason[256])
{
	struct fake_net *net = (struct fake_net *)self;

	(void)conf;
	snprintf(reason, 256, "no");
	return ++net->reloads == 1;
}

/* Ends the newest; err OK without a body is "not modified". */
static bool hasty; /* a look at the store is late when it is, not a hundred times later */

bool __wrap_timer_set(struct timer *timer, int64_t ms);
bool __real_timer_set(struct timer *timer, int64_t ms);

/* Where others hold the cores only the story that is about it finds a look late. */
bool __wrap_timer_set(struct timer *timer, int64_t ms)
{
	return __real_timer_set(timer, hasty ? ms : ms * 100);
}

static void net_end(struct world *w, enum sk_err err, const char *body, const char *etag)
{
	struct fetch_result result = { .err = err, .body = sk_span_of(body) };
	struct fetch_job *job;

	if (w->net.count == 0)
		abort(); /* nothing is under way */
	job = w->net.jobs[--w->net.count];
	freshness_init(&result.headers);
	result.not_modified = err == SK_OK && !body;
	snprintf(result.headers.etag, sizeof(result.headers.etag), "%s", etag);
	result.headers.max_age = 77;
	job->done(job, &result);
}

/* --- the world --- */

static int64_t fake_mono(const struct clock *self)
{
	return clock_real_mono(NULL) + ((const struct fake_clock *)self)->ahead;
}

static int64_t fake_wall(const struct clock *self)
{
	return ((const struct fake_clock *)self)->wall;
}

static void begin(struct world *w)
{
	char why[STORE_WHY_SIZE];
	struct store *store = NULL;
	enum store_state state;

	*w = (struct world){ .net.base = { net_start, net_stop, net_reload, NULL },
			     .clock = { { fake_wall, fake_mono }, NOW, 0 },
			     .loop = loop_new() };
	snprintf(w->folder, sizeof(w->folder), "/tmp/test_stored.%d", (int)getpid());
	if (!w->loop || !store_open(w->folder, 1 << 20, &store, &state, why) ||
	    !stored_new(w->loop, &w->clock.base, log_of(w), store, &w->net.base, &w->stored)) {
		fprintf(stderr, "the set-up failed\n");
		exit(1);
	}
}

static void end(struct world *w)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "owners" };
	char path[128];

	CHECK(w->net.count == 0, "jobs are left over");
	stored_free(w->stored);
	loop_free(w->loop);
	for (size_t i = 0; i < SK_COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->folder, names[i]);
		(void)remove(path);
	}
	(void)remove(w->folder);
}

static struct stored_counters counters(const struct world *w)
{
	struct stored_counters c;

	stored_counters(w->stored, &c);
	return c;
}

static void keep(struct world *w, const char *url, const char *body, int64_t fetched, int64_t until)
{
	struct fetch_kept kept = { sk_span_of(url), sk_span_of(body), SK_SPAN("\"s\""), fetched,
				   until };
	uint64_t before = counters(w).kept;

	w->stored->keep(w->stored, &kept);
	for (int i = 0; i < 1000 && counters(w).kept == before; i++)
		usleep(5000);
	CHECK(counters(w).kept == before + 1, "%s is kept", url);
}

static void on_done(struct fetch_job *job, const struct fetch_result *result)
{
	struct ask *ask = job->arg;

	ask->calls++;
	ask->result = *result;
	snprintf(ask->body, sizeof(ask->body), "%.*s", (int)result->body.len, result->body.ptr);
	snprintf(ask->etag, sizeof(ask->etag), "%.60s", result->headers.etag);
	if (ask->again) {
		struct fetcher *again = ask->again;

		ask->again = NULL;
		CHECK(again->start(again, job) == SK_OK, "once more from the handler");
	}
}

static void start(struct world *w, struct ask *ask, const char *url)
{
	ask->job.url = sk_span_of(url);
	ask->job.done = on_done;
	ask->job.arg = ask;
	CHECK(w->stored->start(w->stored, &ask->job) == SK_OK, "started");
	CHECK(ask->calls == 0, "not before start() has returned");
}

/* Until it is answered, or so many jobs were started in the network. */
static void run(struct world *w, const struct ask *ask, unsigned calls, size_t started)
{
	for (int i = 0; i < 500 && ask->calls < calls && w->net.started < started; i++)
		loop_step(w->loop, 20);
}

/* --- stories --- */

static void test_rows(void)
{
	static const struct {
		const char *what;
		int64_t fetched, until; /* of the copy, from now */
		int64_t have;           /* from now; 0: none     */
		const char *etag;       /* the owner's           */
		enum sk_err err;        /* of the network; SK_BYPASSED: it is not asked */
		const char *body;       /* what it sends; NULL: not modified     */
		const char *sent_etag;  /* what it was sent      */
		enum sk_err got;
		const char *got_body;
		bool stored, not_modified;
	} rows[] = {
#define NOT_ASKED SK_BYPASSED, "", ""
		{ "fresh", -10, 10, 0, "", NOT_ASKED, SK_OK, "copy", true, false },
		{ "newer than what one has", -10, 10, -20, "e", NOT_ASKED, SK_OK, "copy", true,
		  false },
		{ "the one that one has", -10, 10, -10, "", SK_OK, "net", "", SK_OK, "net", false,
		  false },
		{ "older than what one has", -10, 10, -5, "\"o\"", SK_OK, NULL, "\"o\"", SK_OK, "",
		  false, true },
		{ "over", -10, 0, 0, "", SK_OK, "net", "\"s\"", SK_OK, "net", false, false },
		{ "over, confirmed", -10, 0, 0, "", SK_OK, NULL, "\"s\"", SK_OK, "copy", false,
		  false },
		{ "over, newer, confirmed", -10, 0, -20, "", SK_OK, NULL, "\"s\"", SK_OK, "copy",
		  false, false },
		{ "over, the owner's confirmed", -10, 0, -20, "\"o\"", SK_OK, NULL, "\"o\"", SK_OK,
		  "", false, true },
		{ "stale", -10, -5, 0, "", SK_FETCH_TIMEOUT, "", "\"s\"", SK_OK, "copy", true,
		  false },
		{ "stale, just so", -CACHE_STALE_MAX - 9, -CACHE_STALE_MAX, 0, "", SK_FETCH_CONNECT,
		  "", "\"s\"", SK_OK, "copy", true, false },
		{ "too stale", -CACHE_STALE_MAX - 9, -CACHE_STALE_MAX - 1, 0, "", SK_FETCH_CONNECT,
		  "", "\"s\"", SK_FETCH_CONNECT, "", false, false },
		{ "stale, but one has one", -10, -5, -20, "", SK_FETCH_TLS, "", "\"s\"",
		  SK_FETCH_TLS, "", false, false },
		{ "stale, may not be asked", -10, -5, 0, "", SK_FETCH_REFUSED, "", "\"s\"",
		  SK_FETCH_REFUSED, "", false, false },
		{ "stale, our own fault", -10, -5, 0, "", SK_BUSY, "", "\"s\"", SK_BUSY, "", false,
		  false },
		{ "from the future", 1000, 2000, 0, "", SK_OK, "net", "", SK_OK, "net", false,
		  false },
		{ "from the future, and it fails", 1000, 2000, 0, "", SK_FETCH_DNS, "", "",
		  SK_FETCH_DNS, "", false, false },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct ask ask = { .calls = 0 };
		bool asked = rows[i].err != SK_BYPASSED;
		struct world w;

		begin(&w);
		keep(&w, URL, "copy", NOW + rows[i].fetched, NOW + rows[i].until);
		ask.job.have = rows[i].have ? NOW + rows[i].have : 0;
		ask.job.etag = sk_span_of(rows[i].etag);
		start(&w, &ask, URL);
		run(&w, &ask, 1, 1);
		CHECK(w.net.started == asked, "%s: the network", rows[i].what);
		if (w.net.count > 0) {
			CHECK_STR(w.net.etag, rows[i].sent_etag, rows[i].what);
			net_end(&w, rows[i].err, rows[i].body, "\"n\"");
		}
		CHECK(ask.calls == 1 && !ask.job.slot, "%s: done once", rows[i].what);
		CHECK(ask.result.err == rows[i].got, "%s: %s", rows[i].what,
		      sk_err_name(ask.result.err));
		CHECK_STR(ask.body, rows[i].got_body, rows[i].what);
		CHECK(ask.result.stored == rows[i].stored, "%s: stored", rows[i].what);
		CHECK(ask.result.not_modified == rows[i].not_modified, "%s: 304", rows[i].what);
		if (rows[i].stored) {
			CHECK(ask.result.fetched == NOW + rows[i].fetched &&
				      ask.result.until == NOW + rows[i].until,
			      "%s: times", rows[i].what);
			CHECK_STR(ask.etag, "\"s\"", rows[i].what);
		} else if (rows[i].got == SK_OK) {
			CHECK_STR(ask.etag, "\"n\"", rows[i].what);
			CHECK(ask.result.headers.max_age == 77, "%s: new headers", rows[i].what);
		}
		CHECK(counters(&w).hits == !asked && counters(&w).misses == asked &&
			      counters(&w).stale == (asked && rows[i].stored),
		      "%s: counted", rows[i].what);
		end(&w);
	}
}

static void test_limits(void)
{
	struct ask ask = { .job.max = 3 }, post = { .job.post = SK_SPAN("{}") }, none = { 0 };
	struct world w;
	char why[256];

	begin(&w);
	keep(&w, URL, "copy", NOW, NOW + 10);
	start(&w, &ask, URL);
	run(&w, &ask, 1, 1);
	CHECK(w.net.count == 1, "a copy that is too long is none");
	net_end(&w, SK_FETCH_SIZE, "", "");
	CHECK(ask.calls == 1 && ask.result.err == SK_FETCH_SIZE, "not when it fails, either");
	start(&w, &post, URL);
	CHECK(w.net.count == 1, "a post is not looked up");
	net_end(&w, SK_OK, "token", "");
	CHECK_STR(post.body, "token", "the answer to a post");
	w.net.refuse = SK_FETCH_REFUSED;
	CHECK(w.stored->start(w.stored, &post.job) == SK_FETCH_REFUSED && post.calls == 1,
	      "refused at once");
	start(&w, &none, "https://cert.example/none");
	run(&w, &none, 1, 9);
	CHECK(none.calls == 1 && none.result.err == SK_FETCH_REFUSED, "refused after the look-up");
	CHECK(w.stored->reload(w.stored, NULL, why) && !w.stored->reload(w.stored, NULL, why),
	      "a reload is the inner one's");
	w.stored->keep(w.stored, &(struct fetch_kept){
					 SK_SPAN(URL), { "", 33 << 20 }, SK_SPAN(""), NOW, NOW });
	CHECK(counters(&w).lost == 1, "too long to be kept");
	CHECK(strstr(w.log, "event=store result=lost lost=1 "), "and said: %s", w.log);
	end(&w);
}

/* The disk does not answer. */
static void test_late(void)
{
	struct ask a = { 0 }, b = { 0 }, gone = { 0 }, fetched = { 0 }, last = { 0 };
	struct world w;

	begin(&w);
	keep(&w, URL, "copy", NOW - 10, NOW - 5);
	pthread_mutex_lock(&gate);
	start(&w, &gone, URL);
	w.stored->stop(w.stored, &gone.job);
	w.stored->stop(w.stored, &gone.job);
	start(&w, &a, URL);
	start(&w, &b, "https://cert.example/none");
	start(&w, &fetched, URL);
	run(&w, &a, 1, 3);
	CHECK(w.net.started == 3 && counters(&w).late == 3, "late: the network is asked");
	CHECK_STR(w.net.etag, "", "without the copy's etag");
	net_end(&w, SK_OK, "net", "");
	CHECK(fetched.calls == 1, "who has an answer");
	pthread_mutex_unlock(&gate);
	hasty = false;
	start(&w, &last,
	      URL); /* when its copy, which is over, is there, those before have theirs */
	run(&w, &last, 1, 4);
	CHECK(w.net.started == 4, "the last look-up");
	net_end(&w, SK_OK, "net", "");
	CHECK(a.calls == 0 && b.calls == 0, "a late copy is no answer");
	net_end(&w, SK_FETCH_TIMEOUT, "", "");
	net_end(&w, SK_FETCH_TIMEOUT, "", "");
	CHECK(a.calls == 1 && a.result.stored && strcmp(a.body, "copy") == 0,
	      "but serves when the network fails");
	CHECK(b.calls == 1 && b.result.err == SK_FETCH_TIMEOUT, "nothing there, nothing served");
	CHECK(gone.calls == 0 && fetched.calls == 1, "who was stopped, or has an answer");
	end(&w);
}

static void test_stops(void)
{
	struct ask a = { 0 }, b = { 0 };
	struct world w;

	begin(&w);
	keep(&w, URL, "copy", NOW - 10, NOW + 10);
	start(&w, &a, "https://cert.example/none");
	run(&w, &a, 1, 1);
	w.stored->stop(w.stored, &a.job);
	CHECK(w.net.stopped == 1 && w.net.count == 0, "the inner one is stopped");
	b.again = w.stored;
	start(&w, &b, URL);
	run(&w, &b, 2, 9);
	CHECK(b.calls == 2 && b.result.stored, "asked again from the handler");
	/* answered, not delivered: a stop comes first */
	start(&w, &a, URL);
	usleep(100000);
	w.stored->stop(w.stored, &a.job);
	for (int i = 0; i < 5; i++)
		loop_step(w.loop, 20);
	CHECK(a.calls == 0, "no answer after a stop");
	/* left over at the end: a question that nobody waits for */
	pthread_mutex_lock(&gate);
	for (int i = 0; i < 3; i++) {
		start(&w, &a, URL);
		w.stored->stop(w.stored, &a.job);
	}
	pthread_mutex_unlock(&gate);
	end(&w);
}

static unsigned answered(const struct ask *asks, size_t count)
{
	unsigned calls = 0;

	for (size_t i = 0; i < count; i++)
		calls += asks[i].calls;
	return calls;
}

static void test_queue(void)
{
	static struct ask asks[STORED_QUEUE + 20];
	struct fetch_kept kept = { SK_SPAN(URL), SK_SPAN("body"), SK_SPAN(""), NOW, NOW + 9 };
	unsigned calls;
	struct world w;

	begin(&w);
	pthread_mutex_lock(&gate);
	for (size_t i = 0; i < SK_COUNT(asks); i++)
		start(&w, &asks[i], URL);
	CHECK(w.net.count == 20 && counters(&w).late == 20, "no place: on to the network");
	for (size_t i = 0; i < STORED_QUEUE + 20; i++)
		w.stored->keep(w.stored, &kept);
	CHECK(counters(&w).lost == 20, "%d writes lost", (int)counters(&w).lost);
	CHECK(strstr(w.log, "lost=1 ") && !strstr(w.log + 1, "event=store"), "said once: %s",
	      w.log);
	w.clock.ahead = 30000;
	w.stored->keep(w.stored, &kept);
	CHECK(!strstr(w.log + 1, "event=store"), "once a minute: %s", w.log);
	w.clock.ahead = 61000;
	w.stored->keep(w.stored, &kept);
	CHECK(strstr(w.log + 1, "lost=21 "), "the others: %s", w.log);
	pthread_mutex_unlock(&gate);
	/* answered, or on to the network as the twenty without a place before */
	for (int i = 0; i < 1500 && (counters(&w).kept < STORED_QUEUE ||
				     answered(asks, SK_COUNT(asks)) + w.net.count < SK_COUNT(asks));
	     i++)
		loop_step(w.loop, 20);
	while (w.net.count > 0)
		net_end(&w, SK_OK, "net", "");
	calls = answered(asks, SK_COUNT(asks));
	CHECK(calls == SK_COUNT(asks), "each has its answer: %u", calls);
	CHECK(counters(&w).kept == STORED_QUEUE, "all written");
	end(&w);
}

/* Once, and whatever comes by. */
static void test_damage(void)
{
	struct ask a = { 0 }, b = { 0 };
	struct world w;
	char *line;

	begin(&w);
	start(&w, &a, URL);
	CHECK(!strstr(w.log, "damaged"), "nothing is damaged: %s", w.log);
	damaged = true;
	start(&w, &b, URL);
	line = strstr(w.log, "event=store state=damaged");
	CHECK(line != NULL, "said: %s", w.log);
	w.stored->keep(w.stored, &(struct fetch_kept){ sk_span_of(URL), sk_span_of("x"),
						       sk_span_of(""), 1, 2 });
	CHECK(line && !strstr(line + 1, "event=store state=damaged"), "once: %s", w.log);
	damaged = false;
	w.stored->stop(w.stored, &a.job);
	w.stored->stop(w.stored, &b.job);
	end(&w);
}

/* What waits at the end is there at the next beginning. */
static void test_end(void)
{
	struct ask ask = { 0 };
	struct world w;

	begin(&w);
	pthread_mutex_lock(&gate);
	for (int i = 0; i < 10; i++) {
		char url[64];

		snprintf(url, sizeof(url), "https://cert.example/%d", i);
		w.stored->keep(w.stored, &(struct fetch_kept){ sk_span_of(url), SK_SPAN("body"),
							       SK_SPAN(""), NOW, NOW + 9 });
	}
	pthread_mutex_unlock(&gate);
	stored_free(w.stored);
	loop_free(w.loop);
	begin(&w);
	/* where others take the cores a look may be late, and the network is asked instead */
	for (int tries = 0; tries < 5 && !ask.result.stored; tries++) {
		ask = (struct ask){ 0 };
		start(&w, &ask, "https://cert.example/9");
		run(&w, &ask, 1, w.net.started + 1);
		while (w.net.count > 0)
			net_end(&w, SK_FETCH_TIMEOUT, "net", "");
	}
	CHECK(ask.calls == 1 && ask.result.stored, "the last one was written");
	end(&w);
}

int main(void)
{
	test_rows();
	test_limits();
	hasty = true;
	test_late();
	hasty = false;
	test_stops();
	test_queue();
	test_end();
	test_damage();
	return check_result();
}
