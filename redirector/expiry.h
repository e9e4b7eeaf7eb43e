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
	/* a renewal every 60 to 90 days is common, so this one is late */
	EXPIRY_LISTENER_DAYS = 30,
};

/** Warns of every credential whose certificates, the next one included, all end within
 * EXPIRY_DAYS. */
void expiry_report(const struct directory *directory, int64_t now, struct log *log);

/**
 * Warns of a certificate of our listeners that ends within EXPIRY_LISTENER_DAYS; an error when it
 * has EXPIRY_DAYS or less.
 *
 * @param section    Whose: "tls" or "http"
 * @param not_after  Seconds since the epoch; 0: there is none
 */
void expiry_listener(const char *section, int64_t not_after, const char *certificate, int64_t now,
		     struct log *log);
