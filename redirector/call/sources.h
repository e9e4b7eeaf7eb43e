/**
 * @file sources.h  How much each address asks: a bucket an address, in a table of fixed size
 *
 * Set-associative under a keyed hash; the address that was quiet longest goes out of a full
 * set, so an attacker with many addresses can make us forget but not grow.  IPv6 addresses
 * count by their /64.  In memory that several workers share, a rate is one for all of them:
 * nothing in it is locked, so none that dies leaves anything behind that stops the others.
 *
 * What it does not do: who can forge the address of another (UDP) uses up the other's
 * bucket, and an address that is forgotten starts with a full one.  So only sources that
 * may speak at all are to be asked for here.
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/mac.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SOURCES_MAX = 65536, /**< addresses that are remembered                            */
	SOURCES_FLOOD = 10,  /**< so many times the rate is more than deserves an answer   */
};

enum sources_say {
	SOURCES_OK,
	SOURCES_OVER,   /**< over the rate                     */
	SOURCES_FLOODS, /**< over SOURCES_FLOOD times the rate */
};

struct sources;

/** Bytes of the table. */
size_t sources_bytes(void);

/**
 * @param memory  Of sources_bytes(), zeroed before the first process has it; it stays the
 *                caller's.  NULL: a table of its own
 * @param key     The same in all processes that share the memory
 *
 * @return NULL when out of memory
 */
struct sources *sources_new_in(void *memory, const uint8_t key[SK_MAC_KEY]);

/** A table of its own, under a key of its own.  @return NULL when out of memory */
struct sources *sources_new(void);
void sources_free(struct sources *sources);
SK_DEFINE_CLEANUP(struct sources, sources_free)

/**
 * Takes one of the address's bucket, whatever its port; when that is empty, one of a second
 * bucket for those that are refused.
 *
 * @param rate  A second; 0: no limit
 */
SK_MUSTCHECK
enum sources_say sources_take(struct sources *sources, const struct addr *source, int64_t rate,
			      int64_t burst, int64_t now_us);

/**
 * The same for what is worth `cost` of them: it passes while one is left, and what is missing is
 * taken from what flows in next.  Never more than half of the burst, so that whoever passed with a
 * full bucket may ask something, too.
 *
 * @return false: over the rate
 */
SK_MUSTCHECK
bool sources_take_dear(struct sources *sources, const struct addr *source, int64_t rate,
		       int64_t burst, int64_t cost, int64_t now_us);
