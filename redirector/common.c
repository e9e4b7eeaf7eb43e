/*
 * Made once, before the first worker and before privileges are dropped.  Memory is taken when
 * it is touched, so that what nobody uses costs nothing.
 */
#include "redirector/common.h"

#include "redirector/call/seen.h"
#include "redirector/call/sources.h"
#include "redirector/call/tally.h"
#include "redirector/monitor/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

/* The same key in all workers, and with sip.tag-key in all instances. */
static bool make_tag_key(const char *hex, uint8_t key[TAG_KEY_SIZE])
{
	if (hex[0] == '\0')
		return getrandom(key, TAG_KEY_SIZE, 0) == TAG_KEY_SIZE;
	for (size_t i = 0; i < TAG_KEY_SIZE; i++) {
		unsigned byte;

		if (sscanf(hex + i * 2, "%2x", &byte) != 1)
			return false;
		key[i] = (uint8_t)byte;
	}
	return true;
}

/* 64 workers with 16 listeners have more sockets than most soft limits. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Says what took them all. */
static void explain(int error, size_t listeners, unsigned workers, char why[COMMON_WHY_SIZE])
{
	size_t len = strlen(why);
	struct rlimit limit = { 0 };

	if (error != EMFILE || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	snprintf(why + len, COMMON_WHY_SIZE - len,
		 ": %zu listeners of %u workers are up to %zu sockets, and %llu files may be open "
		 "(ulimit -n, LimitNOFILE= of the unit)",
		 listeners, workers, 2 * listeners * workers, (unsigned long long)limit.rlim_cur);
}

static bool make_memory(const struct conf *conf, struct common *c)
{
	size_t pages = sizeof(struct pages) + c->seats * sizeof(struct worker_page);
	size_t seen = seen_bytes((size_t)conf->tenant.verify.replay_entries);

	return shared_make("shaken-pages", pages, &c->pages) &&
	       shared_make("shaken-tally", tally_bytes((size_t)conf->tenants.max, c->seats),
			   &c->tally) &&
	       shared_make("shaken-sources", sources_bytes(), &c->sources) &&
	       shared_make("shaken-seen", seen, &c->seen) &&
	       shared_make("shaken-history", history_bytes(), &c->history);
}

unsigned common_places(const struct conf *conf, unsigned workers)
{
	return workers + (http_sockets_wanted(conf) ? 1 : 0);
}

bool common_open(const struct conf *conf, unsigned workers, unsigned seats, struct common *out,
		 char why[COMMON_WHY_SIZE])
{
	*out = (struct common){ .workers = workers,
				.places = common_places(conf, workers),
				.seats = seats,
				.pages.fd = -1,
				.tally.fd = -1,
				.sources.fd = -1,
				.seen.fd = -1,
				.history.fd = -1 };
	allow_descriptors();
	if (!sockets_open(conf, workers, &out->sockets, why)) {
		explain(errno, conf->sip.listen.count, workers, why);
		return false;
	}
	if (!http_sockets_open(conf, &out->http, why))
		return false;
	if (!make_memory(conf, out)) {
		int error = errno;

		snprintf(why, COMMON_WHY_SIZE, "shared memory: %s", strerror(error));
		explain(error, conf->sip.listen.count, workers, why);
		return false;
	}
	if (out->http.count == 0) /* nothing for it to do */
		out->places = workers;
	common_pages(out)->seats = seats;
	common_pages(out)->workers = workers;
	if (!make_tag_key(conf->sip.tag_key, common_pages(out)->tag_key)) {
		snprintf(why, COMMON_WHY_SIZE, "sip.tag-key: %s", strerror(errno));
		return false;
	}
	return true;
}

void common_close(struct common *c)
{
	sockets_close(&c->sockets);
	http_sockets_close(&c->http);
	shared_drop(&c->pages);
	shared_drop(&c->tally);
	shared_drop(&c->sources);
	shared_drop(&c->seen);
	shared_drop(&c->history);
}

void common_give(const struct common *c, unsigned index, unsigned seat, struct worker_given *out)
{
	*out = (struct worker_given){
		.index = index,
		.count = c->workers,
		.web = index >= c->workers,
		.seat = seat,
		.seats = c->seats,
		.text = -1,
		.pages = c->pages,
		.tally = c->tally,
		.sources = c->sources,
		.seen = c->seen,
		.history = c->history,
		.control = -1,
	};
	if (out->web || c->seats == 1)
		out->http = c->http;
	sockets_of(&c->sockets, index, out->sockets);
}
