/**
 * @file monitor_state.h  The inside of a monitor; for monitor*.c alone
 *
 *   monitor.c          the picture, once a second
 *   monitor_sum.c      sums over all seats, and the processes
 *   monitor_certs.c    certificates by what is left
 *   monitor_lists.c    trust lists and failing repositories, of all processes one
 *   monitor_tenants.c  the tenants with the most calls
 */
#pragma once

#include "redirector/monitor/monitor.h"

/** Which tenants have names of their own in the picture. */
struct tenants_watch {
	bool begun;
	const struct tally_slot *slots[MONITOR_TENANTS_MAX]; /* of a tenant for ever: tally.h */
	size_t count;
	uint64_t kept[TALLY_LAST]; /* what `others` has of those that came and went */
};

struct monitor {
	struct monitor_parts parts;
	struct directory *directory; /* NULL: none yet */
	int64_t certs_at_ms;         /* when its certificates were looked at; 0: never */
	struct tenants_watch tenants;
	struct shown_now room; /* 12 KiB that no stack should have */
	struct snapshot snapshot;
};

/** Everything in the pages; the rest of the picture is left as it is. */
void monitor_sum(struct monitor *monitor);

/** Adds what one process shows of lists and hosts. */
void monitor_add_lists(struct snapshot *to, const struct shown_now *now);
void monitor_add_hosts(struct snapshot *to, const struct shown_now *now);

/** Looks through all tenants. */
void monitor_certs(const struct directory *directory, int64_t now, struct seen_certs *out);

/** Chooses, and counts. */
void monitor_tenants(struct tenants_watch *watch, struct tally *tally, struct seen_tenants *out);
