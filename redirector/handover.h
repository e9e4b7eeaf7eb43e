/**
 * @file handover.h  What a worker inherits, as one line of numbers for its environment
 */
#pragma once

#include "redirector/worker.h"
#include "shaken/macro.h"

#include <stdbool.h>

enum {
	HANDOVER_SIZE = 2048,
	HANDOVER_FDS = 8 + 2 * LISTEN_MAX + HTTP_LISTEN_MAX, /**< most descriptors of it */
};

#define HANDOVER_NAME "SHAKEN_WORKER"

struct handover {
	struct worker_given given;
	int start_text; /**< the configuration that the service was started with */
};

void handover_print(const struct handover *h, char out[HANDOVER_SIZE]);

/** Reads the line and takes what it names: memory is mapped, no descriptor outlives an exec.
 * @return false: it is none of ours */
SK_MUSTCHECK
bool handover_take(const char *line, struct handover *out);

/** Its descriptors, those that are there.  @return how many */
unsigned handover_fds(const struct handover *h, int out[HANDOVER_FDS]);
