/**
 * @file expiry.h  Certificates that end soon: said at start, after a reload, and once a day
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/call/directory.h"

#include <stdint.h>

enum {
	EXPIRY_DAYS = 7,    /* certificates of a week are common */
	EXPIRY_LINES = 100, /* of one report; the rest is counted */
};

/** Warns of every credential whose certificates, the next one included, all end within
 * EXPIRY_DAYS. */
void expiry_report(const struct directory *directory, int64_t now, struct log *log);
