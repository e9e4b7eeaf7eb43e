/**
 * @file common.h  What all workers have in common: the sockets and the memory
 */
#pragma once

#include "config/conf.h"
#include "redirector/base/shared.h"
#include "redirector/page.h"
#include "redirector/sockets.h"
#include "redirector/worker.h"
#include "shaken/macro.h"

#include <stdbool.h>

enum {
	COMMON_WHY_SIZE = 512,
};

struct common {
	unsigned workers, seats;
	struct sockets sockets;
	struct shared pages, tally, sources, seen;
};

/**
 * @param out  Zeros; common_close() is due after a failure, too
 * @param why  On failure the reason
 */
SK_MUSTCHECK
bool common_open(const struct conf *conf, unsigned workers, unsigned seats, struct common *out,
		 char why[COMMON_WHY_SIZE]);
void common_close(struct common *common);

/** What a worker gets of it: borrowed, for as long as `common` is there. */
void common_give(const struct common *common, unsigned index, unsigned seat,
		 struct worker_given *out);

static inline struct pages *common_pages(const struct common *common)
{
	return common->pages.at;
}
