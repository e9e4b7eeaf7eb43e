/**
 * @file common.h  What all workers have in common: the sockets and the memory
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/shared.h"
#include "redirector/http_sockets.h"
#include "redirector/monitor/page.h"
#include "redirector/sockets.h"
#include "redirector/worker.h"
#include "shaken/macro.h"

#include <stdbool.h>

enum {
	COMMON_WHY_SIZE = 512,
};

struct common {
	unsigned workers, places, seats; /* for SIP; with the web process; of memory */
	struct sockets sockets;
	struct http_sockets http;
	struct shared pages, tally, sources, seen, history;
};

/** The place of the web process: behind the workers.  There is one if `places` has it. */
static inline unsigned common_web(const struct common *common)
{
	return common->workers;
}

/** Places of so many workers, and the web process if HTTP is served. */
unsigned common_places(const struct conf *conf, unsigned workers);

/**
 * @param workers  For SIP
 * @param seats    Of all
 * @param out  Zeros; common_close() is due after a failure, too
 * @param why  On failure the reason
 */
SK_MUSTCHECK
bool common_open(const struct conf *conf, unsigned workers, unsigned seats, struct common *out,
		 char why[COMMON_WHY_SIZE]);
void common_close(struct common *common);

/** What a place gets of it: borrowed, for as long as `common` is there.  With one seat for all it
 * gets both sides. */
void common_give(const struct common *common, unsigned index, unsigned seat,
		 struct worker_given *out);

static inline struct pages *common_pages(const struct common *common)
{
	return common->pages.at;
}
