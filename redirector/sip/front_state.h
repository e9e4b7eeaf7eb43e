/**
 * @file front_state.h  What the front's files share: its state, and what they ask of each other
 *
 *   front.c          packet -> request -> call
 *   front_begin.c    whose it is
 *   front_limits.c   who has asked too much
 *   front_overload.c what is done while all together ask too much
 *   front_told.c     what clients are told of that (RFC 7339)
 */
#pragma once

#include "redirector/call/answer.h"
#include "redirector/call/ledger.h"
#include "redirector/call/seen.h"
#include "redirector/call/sources.h"
#include "redirector/sip/dip.h"
#include "redirector/sip/front.h"
#include "redirector/sip/front_overload.h"

struct front {
	struct front_parts parts;
	struct directory *directory;   /* a reference                    */
	struct conf *conf;             /* the directory's                */
	const struct numbers *numbers; /* borrowed; NULL: none           */
	struct sk_mac *mac;
	struct repeat *repeat;
	struct seen *seen; /* NULL: replays were never looked for    */
	struct sources *sources;
	struct waiting waiting;
	struct overload overload;
	enum load load; /* what is to be done with the packet in hand */
	bool draining;
	bool said_loop, said_seen;    /* a warning that is given once           */
	_Atomic int64_t strangers_at; /* buckets: 403 answers for all strangers */
	char answer[ANSWER_SIZE];
	struct ledger ledger;
};

static inline void front_count(struct front *f, enum counter counter)
{
	f->parts.counters->n[counter]++;
}

/** Microseconds by the front's clock, for buckets. */
static inline int64_t front_now_us(const struct front *f)
{
	return f->parts.clock->mono(f->parts.clock) * 1000;
}

/** Finds whose the request is and makes a call of it.  @return false: it is nobody's */
SK_MUSTCHECK
bool front_begin(struct dip *d, call_h *done);

/** The table for replays, made when the first call wants it; NULL: there is no memory for it. */
struct seen *front_seen(struct front *f);

/** What a source that may speak is treated like. */
enum front_source {
	FRONT_SOURCE_OK,
	FRONT_SOURCE_OVER, /**< over sip.source-rate: read, so that it can be answered */
	FRONT_SOURCE_DROP, /**< no answer, hence not even read                         */
};

/** Takes one of the address's bucket and counts what is over. */
enum front_source front_source(struct front *f, const struct addr *source);

/** Takes one of the buckets of the call's trunk and tenant, and counts what is over.  A repeat is
 * treated as the first was and takes none. */
SK_MUSTCHECK
bool front_is_over(struct dip *d);

/** May a stranger get a 403?  So few a second that nobody can be hit by way of us. */
SK_MUSTCHECK
bool front_stranger_is_told(struct front *f);
