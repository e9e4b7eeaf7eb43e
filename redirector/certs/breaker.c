/*
 * A table of hosts that fail, and a passenger for each job that goes through.
 * What surprises: a passenger does not point at its host, which may be forgotten
 * while the job runs; it looks the host up again when it comes back.
 */
#include "redirector/certs/breaker.h"

#include "redirector/base/map.h"
#include "shaken/url.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_SIZE = SK_URL_MAX + 8, /* name or [address], colon, port */
};

struct passenger;

/* A host that failed the last time; without failures there is none. */
struct host {
	struct host *prev, *next; /* by the last failure, the newest at the front */
	char key[KEY_SIZE];
	int64_t failures;    /* in a row                           */
	enum sk_err err;     /* the last one                       */
	int64_t since, last; /* of the first and the last one, seconds since the epoch */
	bool open;
	int64_t pause, until;          /* seconds; milliseconds, then a trial may go */
	const struct passenger *trial; /* the one under way, NULL: none              */
};

struct breaker {
	struct fetcher base; /* the first member: a fetcher is one of these */
	struct fetcher *inner;
	const struct clock *clock;
	struct log *log; /* NULL: nothing is logged */
	int64_t limit;
	struct map *map;
	struct host ring; /* the head */
	struct breaker_counters counters;
};

struct passenger {
	struct breaker *breaker;
	struct fetch_job *outer, job; /* the owner's, and ours in its stead */
	char key[KEY_SIZE];
};

/* --- the table --- */

static void ring_remove(struct host *host)
{
	host->prev->next = host->next;
	host->next->prev = host->prev;
}

static void ring_push(struct host *head, struct host *host)
{
	host->prev = head;
	host->next = head->next;
	head->next->prev = host;
	head->next = host;
}

static struct host *find(const struct breaker *b, const char *key)
{
	return map_get(b->map, sk_span_of(key));
}

static void forget(struct breaker *b, struct host *host)
{
	(void)map_take(b->map, sk_span_of(host->key));
	ring_remove(host);
	b->counters.open -= host->open;
	free(host);
}

/* @return NULL when out of memory: then this failure is not counted */
static struct host *add(struct breaker *b, const char *key)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return NULL;
	if (map_count(b->map) >= BREAKER_HOSTS)
		forget(b, b->ring.prev);
	memcpy(host->key, key, sizeof(host->key));
	if (!map_put(b->map, sk_span_of(key), host)) {
		free(host);
		return NULL;
	}
	ring_push(&b->ring, host);
	return host;
}

static void forget_all(struct breaker *b)
{
	while (b->ring.next != &b->ring)
		forget(b, b->ring.next);
}

/* Of a host's state; a pause that grows is no change. */
static void tell(const struct breaker *b, const struct host *host, const char *state,
		 const char *what)
{
	if (b->log)
		log_print(b->log, LEVEL_WARNING, "event=breaker state=%s host=\"%s\" msg=\"%s\"",
			  state, host->key, what);
}

static void give_up(struct breaker *b, struct host *host, int64_t pause)
{
	if (!host->open)
		tell(b, host, "open", sk_err_text(host->err));
	b->counters.open += !host->open;
	b->counters.opened += !host->open;
	host->open = true;
	host->pause = pause < BREAKER_PAUSE_MAX ? pause : BREAKER_PAUSE_MAX;
	host->until = b->clock->mono(b->clock) + host->pause * 1000;
}

/* A job that was under way when the host was given up does not make the pause longer. */
static void failed(struct breaker *b, const struct passenger *p, enum sk_err err)
{
	struct host *host = find(b, p->key);

	if (!host)
		host = add(b, p->key);
	if (!host)
		return;
	ring_remove(host);
	ring_push(&b->ring, host);
	host->err = err;
	host->last = b->clock->wall(b->clock);
	if (host->failures++ == 0)
		host->since = host->last;
	if (host->trial == p)
		give_up(b, host, host->pause * 2);
	else if (!host->open && host->failures >= b->limit)
		give_up(b, host, BREAKER_PAUSE);
}

/* Another may be the trial. */
static void release(struct breaker *b, const struct passenger *p)
{
	struct host *host = find(b, p->key);

	if (host && host->trial == p)
		host->trial = NULL;
}

static void learn(struct breaker *b, const struct passenger *p, enum sk_err err)
{
	struct host *host = find(b, p->key);

	if (b->limit > 0 && fetch_host_silent(err))
		failed(b, p, err);
	else if (host && fetch_host_spoke(err)) {
		if (host->open)
			tell(b, host, "closed", "it answers again");
		forget(b, host);
	}
	release(b, p);
}

/* @return SK_OK: it may go, maybe as the trial; else why not */
static enum sk_err ask_leave(struct breaker *b, const struct passenger *p)
{
	struct host *host = find(b, p->key);

	/* ours are few, and a stranger's slow path at this host must not end them */
	if (!host || !host->open || p->job.ours)
		return SK_OK;
	if (host->trial || b->clock->mono(b->clock) < host->until) {
		b->counters.spared++;
		return host->err;
	}
	host->trial = p;
	return SK_OK;
}

/* --- the fetcher --- */

static void on_done(struct fetch_job *job, const struct fetch_result *result)
{
	struct passenger *p = job->arg;
	struct fetch_job *outer = p->outer;

	learn(p->breaker, p, result->err);
	outer->slot = NULL;
	free(p);
	outer->done(outer, result);
}

/* Names are the same in any case (RFC 1035, 2.3.3).  It is read by people as well, so an IPv6
 * address has brackets (RFC 5952, 6). */
static void set_key(char key[KEY_SIZE], const struct sk_url *url)
{
	bool six = memchr(url->host.ptr, ':', url->host.len) != NULL;
	size_t n = 0;

	if (six)
		key[n++] = '[';
	for (size_t i = 0; i < url->host.len; i++) {
		char c = url->host.ptr[i];

		key[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	snprintf(key + n, KEY_SIZE - n, "%s:%u", six ? "]" : "", (unsigned)url->port);
}

static enum sk_err breaker_start(struct fetcher *self, struct fetch_job *job)
{
	struct breaker *b = (struct breaker *)self;
	struct passenger *p;
	struct sk_url url;
	enum sk_err err;

	if (!sk_url_parse(job->url, SK_URL_LAB, &url))
		return SK_FETCH_REFUSED;
	p = calloc(1, sizeof(*p));
	if (!p)
		return SK_ENOMEM;
	set_key(p->key, &url);
	p->breaker = b;
	p->outer = job;
	p->job = *job;
	p->job.done = on_done;
	p->job.arg = p;
	p->job.slot = NULL;
	err = ask_leave(b, p);
	if (err == SK_OK)
		err = b->inner->start(b->inner, &p->job);
	if (err != SK_OK) {
		release(b, p);
		free(p);
		return err;
	}
	job->slot = p;
	return SK_OK;
}

static void breaker_stop(struct fetcher *self, struct fetch_job *job)
{
	struct breaker *b = (struct breaker *)self;
	struct passenger *p = job->slot;

	if (!p)
		return;
	b->inner->stop(b->inner, &p->job);
	release(b, p);
	job->slot = NULL;
	free(p);
}

static bool breaker_reload(struct fetcher *self, const struct certs_conf *conf, char why[256])
{
	struct breaker *b = (struct breaker *)self;

	if (b->inner->reload && !b->inner->reload(b->inner, conf, why))
		return false;
	b->limit = conf->breaker;
	if (b->limit == 0)
		forget_all(b);
	return true;
}

static void breaker_keep(struct fetcher *self, const struct fetch_kept *kept)
{
	struct breaker *b = (struct breaker *)self;

	b->inner->keep(b->inner, kept);
}

bool breaker_new(const struct clock *clock, struct log *log, const struct certs_conf *conf,
		 struct fetcher *inner, struct fetcher **out)
{
	struct breaker *b = calloc(1, sizeof(*b));
	struct map *map = map_new(BREAKER_HOSTS);

	if (!b || !map) {
		free(b);
		map_free(map, NULL);
		return false;
	}
	*b = (struct breaker){
		.base = { breaker_start, breaker_stop, breaker_reload,
			  inner->keep ? breaker_keep : NULL },
		.inner = inner,
		.clock = clock,
		.log = log,
		.limit = conf->breaker,
		.map = map,
	};
	b->ring.prev = b->ring.next = &b->ring;
	*out = &b->base;
	return true;
}

void breaker_free(struct fetcher *breaker)
{
	struct breaker *b = (struct breaker *)breaker;

	if (!b)
		return;
	forget_all(b);
	map_free(b->map, NULL);
	free(b);
}

void breaker_counters(const struct fetcher *breaker, struct breaker_counters *out)
{
	*out = ((const struct breaker *)breaker)->counters;
}

/* A host of an x5u is a stranger's word: no quote, blank or control character gets out of here. */
static void set_name(char out[BREAKER_HOST_SIZE], const char *key)
{
	const char *colon = strrchr(key, ':');
	const char *port = colon ? colon : "";
	size_t len = (size_t)(colon ? colon - key : (ptrdiff_t)strlen(key));
	size_t room = BREAKER_HOST_SIZE - 1 - strlen(port), n = len < room ? len : room - 1;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)key[i];

		out[i] = isalnum(c) || strchr("-._:[]", c) ? (char)c : '~';
	}
	if (n < len)
		out[n++] = '~';
	snprintf(out + n, BREAKER_HOST_SIZE - n, "%s", port);
}

size_t breaker_hosts(const struct fetcher *breaker, struct breaker_host *out, size_t max)
{
	const struct breaker *b = (const struct breaker *)breaker;
	size_t n = 0;

	for (const struct host *h = b->ring.next; h != &b->ring && n < max; h = h->next) {
		out[n] = (struct breaker_host){ .failures = (uint64_t)h->failures,
						.err = h->err,
						.open = h->open,
						.since = h->since,
						.last = h->last };
		set_name(out[n++].name, h->key);
	}
	return n;
}
