/*
 * What the live page answers: paths, headers, conditions, one answer a second for all, no memory.
 */
#include "redirector/http/live.h"
#include "redirector/http/page.h"
#include "redirector/monitor/monitor.h"
#include "tests/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* allocations left before one fails; negative: no limit */
static long budget = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool spend(void)
{
	if (budget == 0)
		return false;
	if (budget > 0)
		budget--;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return spend() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return spend() ? __real_calloc(n, size) : NULL;
}

/* An exchange without a server: what is asked, what came back. */
struct exchange {
	const char *known; /* If-None-Match; NULL: none */
	unsigned status;
	char *body; /* freed by ask() at the next call */
	size_t len;
	char type[64], tag[64], cache[64], policy[400];
};

struct sk_span exchange_headers(const struct exchange *exchange, const char *name, char *mem,
				size_t size)
{
	(void)mem, (void)size;
	if (strcmp(name, "If-None-Match") == 0 && exchange->known)
		return sk_span_of(exchange->known);
	return (struct sk_span){ NULL, 0 };
}

static void keep(char *out, size_t size, const struct http_reply *r, const char *name)
{
	out[0] = '\0';
	for (size_t i = 0; i < REPLY_HEADERS_MAX && r->headers[i].name; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			snprintf(out, size, "%s", r->headers[i].value);
}

void exchange_answer(struct exchange *e, const struct http_reply *r)
{
	CHECK(e->status == 0, "answered once");
	e->status = r->status;
	snprintf(e->type, sizeof(e->type), "%s", r->type ? r->type : "");
	keep(e->tag, sizeof(e->tag), r, "ETag");
	keep(e->cache, sizeof(e->cache), r, "Cache-Control");
	keep(e->policy, sizeof(e->policy), r, "Content-Security-Policy");
	e->len = r->body.len;
	e->body = e->len > 0 ? strndup(r->body.ptr, r->body.len) : NULL;
}

static int64_t mono = 5000000;

static int64_t wall_of(const struct clock *self)
{
	(void)self;
	return 1800000000 + mono / 1000;
}

static int64_t mono_of(const struct clock *self)
{
	(void)self;
	return mono;
}

static const struct clock the_clock = { .wall = wall_of, .mono = mono_of };

struct setting {
	struct pages *pages;
	struct monitor *monitor;
	struct tally *tally;
	struct loop *loop;
	void *region;
	struct live *live;
	struct routes routes;
	bool on;
	struct exchange last;
};

static struct live_parts parts_of(const struct setting *s)
{
	return (struct live_parts){ .loop = s->loop,
				    .clock = &the_clock,
				    .monitor = s->monitor,
				    .tally = s->tally,
				    .history = s->region,
				    .version = "9.8" };
}

static void set_up(struct setting *s)
{
	struct monitor_parts monitor = { .clock = &the_clock };
	struct live_parts parts;

	*s = (struct setting){ .on = true };
	s->pages = aligned_alloc(64, sizeof(*s->pages) + 2 * sizeof(s->pages->worker[0]));
	s->region = calloc(1, history_bytes());
	s->tally = tally_new(10);
	s->loop = loop_new();
	if (!s->pages || !s->region || !s->tally || !s->loop)
		exit(1);
	memset(s->pages, 0, sizeof(*s->pages) + 2 * sizeof(s->pages->worker[0]));
	s->pages->seats = 2;
	monitor.pages = s->pages;
	monitor.tally = s->tally;
	s->monitor = monitor_new(&monitor);
	parts = parts_of(s);
	s->live = s->monitor ? live_new(&parts) : NULL;
	if (!s->live)
		exit(1);
	live_add(s->live, &s->on, &s->routes);
}

static void tear_down(struct setting *s)
{
	free(s->last.body);
	live_free(s->live);
	monitor_free(s->monitor);
	tally_free(s->tally);
	loop_free(s->loop);
	free(s->region);
	free(s->pages);
}

/* GET.  @return The status; 404 without a route */
static unsigned ask(struct setting *s, const char *path, const char *known)
{
	const struct route *route = routes_find(&s->routes, sk_span_of(path));

	free(s->last.body);
	s->last = (struct exchange){ .known = known };
	if (!route)
		return 404;
	route->handler(route->arg, &s->last);
	return s->last.status;
}

static void paths(void)
{
	static const char *const strangers[] = { "/page",
						 "/page/",
						 "/page/page.css",
						 "/live",
						 "/live.json/",
						 "/live-hour",
						 "/index.html",
						 "//",
						 "/x",
						 "" };
	struct setting s;

	set_up(&s);
	for (size_t i = 0; i < page_asset_count; i++) {
		const struct page_asset *a = &page_assets[i];
		const struct route *r = routes_find(&s.routes, sk_span_of(a->path));

		CHECK(r && r->who == ROUTE_LISTED && r->methods == METHOD_GET, "%s", a->path);
		CHECK(ask(&s, a->path, NULL) == 200 && s.last.len == a->body.len, "%s", a->path);
		CHECK(strstr(s.last.policy, "default-src 'none'"), "%s: policy", a->path);
		CHECK(!strstr(s.last.policy, "unsafe"), "%s: nothing unsafe", a->path);
		CHECK(!strstr(s.last.cache, "immutable") == (i == 0), "%s: %s", a->path,
		      s.last.cache);
		CHECK(ask(&s, a->path, a->tag) == 304 && s.last.len == a->body.len,
		      "%s: 304, with the length of what it does not have", a->path);
		CHECK(ask(&s, a->path, "\"x\"") == 200, "%s: another tag", a->path);
	}
	CHECK_STR(page_assets[0].path, "/", "the page comes first");
	for (size_t i = 0; i < SK_COUNT(strangers); i++)
		CHECK(ask(&s, strangers[i], NULL) == 404, "\"%s\"", strangers[i]);
	s.on = false;
	for (size_t i = 0; i < s.routes.count; i++)
		CHECK(ask(&s, s.routes.items[i].path, NULL) == 404, "%s: off",
		      s.routes.items[i].path);
	tear_down(&s);
}

/* Nothing in the page runs but its own files, and they take no text for markup. */
static void inline_free(void)
{
	static const char *const forbidden[] = { "<style",      "style=",  "onclick", "onload",
						 "javascript:", "http://", "https://" };
	static const char *const unsafe[] = { "innerHTML",      "outerHTML", "insertAdjacentHTML",
					      "document.write", "eval(",     "new Function" };

	for (size_t k = 0; k < SK_COUNT(forbidden); k++) {
		const char *at = memmem(page_assets[0].body.ptr, page_assets[0].body.len,
					forbidden[k], strlen(forbidden[k]));

		/* the picture in the tab is a data: URL that names its language */
		CHECK(!at || strncmp(at, "http://www.w3.org/2000/svg'", 27) == 0, "%s",
		      forbidden[k]);
	}
	for (size_t i = 1; i < page_asset_count; i++)
		for (size_t k = 0; k < SK_COUNT(unsafe); k++)
			CHECK(!memmem(page_assets[i].body.ptr, page_assets[i].body.len, unsafe[k],
				      strlen(unsafe[k])),
			      "%s: %s", page_assets[i].path, unsafe[k]);
}

static int64_t calls_of(const struct setting *s)
{
	json_t *got = json_loadb(s->last.body, s->last.len, 0, NULL);
	int64_t calls =
		json_integer_value(json_object_get(json_object_get(got, "totals"), "calls"));

	CHECK(got != NULL, "JSON");
	json_decref(got);
	return calls;
}

/* Whoever asks within a second gets the same. */
static void shared(void)
{
	static const char *const data[] = { "/live.json", "/live-hour.json" };
	struct setting s;
	char tag[64];

	set_up(&s);
	for (size_t i = 0; i < SK_COUNT(data); i++) {
		const struct route *r = routes_find(&s.routes, sk_span_of(data[i]));

		CHECK(r && r->who == ROUTE_VIEWER && r->methods == METHOD_GET, "%s", data[i]);
		CHECK(ask(&s, data[i], NULL) == 200, "%s", data[i]);
		CHECK_STR(s.last.cache, "no-store", data[i]);
		CHECK_STR(s.last.type, "application/json", data[i]);
	}
	s.pages->worker[0].counters.n[COUNT_INVITES] = 7;
	mono += 1500;
	CHECK(ask(&s, "/live.json", NULL) == 200 && calls_of(&s) == 7, "a look");
	snprintf(tag, sizeof(tag), "%s", s.last.tag);
	s.pages->worker[0].counters.n[COUNT_INVITES] = 9;
	mono += 10;
	CHECK(ask(&s, "/live.json", NULL) == 200 && calls_of(&s) == 7, "the same look");
	CHECK_STR(s.last.tag, tag, "the same tag");
	CHECK(ask(&s, "/live.json", tag) == 304, "known already");
	mono += 1500;
	CHECK(ask(&s, "/live.json", tag) == 200 && calls_of(&s) == 9, "another look");
	CHECK(strcmp(s.last.tag, tag) != 0, "another tag");
	tear_down(&s);
}

/* Each allocation fails once: there is no page, or there is, and nothing leaks. */
static void starved(void)
{
	struct setting s;
	struct live_parts parts;
	long after = 0;

	set_up(&s);
	parts = parts_of(&s);
	for (; after < 100; after++) {
		struct live *live;
		bool spared;

		budget = after;
		live = live_new(&parts);
		spared = budget != 0;
		budget = -1;
		CHECK(!spared || live, "after %ld: memory was enough", after);
		live_free(live);
		if (spared)
			break;
	}
	CHECK(after > 4 && after < 100, "%ld allocations", after);
	budget = 0; /* whoever asks needs none */
	CHECK(ask(&s, "/page", NULL) == 404, "nothing");
	budget = -1;
	live_free(NULL);
	tear_down(&s);
}

int main(void)
{
	paths();
	inline_free();
	shared();
	starved();
	return check_result();
}
