/**
 * @file call.h  One INVITE, from what it says to what is answered
 *
 * No sockets, no SIP library, no curl: facts come in, an answer goes out.  The
 * answer may come before call_start() returns, or later when a certificate has
 * to be waited for.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/loop.h"
#include "redirector/call/facts.h"
#include "redirector/call/policy.h"
#include "redirector/call/seen.h"
#include "redirector/call/tenant.h"
#include "redirector/certs/certs.h"
#include "redirector/keys/token.h"
#include "redirector/numbers/numbers.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stdint.h>

struct asked;
struct call;

typedef void call_h(struct call *call);

/** What became of one Identity value. */
struct judgement {
	enum sk_err err; /**< SK_PPT_UNKNOWN: passed over, nothing is told of it */
	enum sk_ppt
		as; /**< the check it was judged by: shaken, div, rph or rcd; SK_PPT_OTHER: none */
	struct sk_span signature; /**< the token's third part, empty when it could not be cut */
};

/** The calls that wait for a certificate or a token; one list of a front. */
struct waiting {
	struct call *first;
	size_t count;
	size_t max; /**< more are answered at once, as SK_BUSY */
};

/** A PASSporT that was signed besides the first. */
struct signed_extra {
	enum sk_ppt ppt;
	char text[SK_IDENTITY_SIZE]; /**< an Identity value */
	size_t len;
};

/** What became of a PASSporT that says something else than the number: never changes `err`. */
struct beside {
	bool judged;     /**< there was something to judge, and it was wanted */
	enum sk_err err; /**< SK_OK: good                                      */
};

struct call {
	/* set by the front before call_start() */
	struct facts facts;
	const struct asked *asked;      /**< not by SIP: what it says, and not the headers of
					     `facts`; NULL: SIP                           */
	struct conf *conf;              /**< a reference: the service's settings           */
	struct tenant *tenant;          /**< a reference                                   */
	const struct trunk_conf *trunk; /**< NULL: none; lives as long as the tenant       */
	const struct numbers *numbers;  /**< NULL: none; asked within call_start() only    */
	struct tokens *tokens;          /**< NULL: no keys in tokens                       */
	struct certs *certs;
	struct loop *loop;
	struct seen *seen;       /**< NULL: replays are not looked for              */
	struct sk_mac *mac;      /**< for it                                         */
	struct waiting *waiting; /**< the list it stands in while it waits          */
	call_h *done;            /**< called exactly once                           */
	int64_t deadline_ms;     /**< from now on                                   */

	/* the outcome, for the answer and the record */
	enum task task;
	bool over_limit; /**< neither signed nor verified, err is SK_OVER_LIMIT         */
	bool dummy;      /**< a heartbeat: never signed, never billed                   */
	bool no_dummy;   /**< the front has asked: it is none                           */
	unsigned lists;  /**< NUMBERS_...: lists that the calling number is on          */
	bool listed;     /**< ... and that the tenant acts on (block or alert)          */
	size_t caller;   /**< of attest_parties(), the one that they are about          */
	char customer[NUMBERS_NAME_SIZE]; /**< whose the number is, or the trunk's; "": not known */
	struct numbers_hit number;        /**< what the store has of the number to sign     */
	bool has_number;                  /**< it has something                             */
	const char *credential; /**< name of the one that signed; "": none; lives as long as
				     the tenant */
	enum sk_err err;
	struct sk_claims claims; /**< signed, or of the PASSporT that came furthest */
	bool has_claims;
	char identity[SK_IDENTITY_SIZE]; /**< what was signed; "" when nothing was     */
	size_t identity_len;
	struct signed_extra *extras; /**< div, rph, rcd; owned; NULL: none             */
	size_t extra_count;
	enum sk_err extra_err;    /**< why one that was wanted is not among them; SK_OK: all are */
	char x5u[SK_URL_MAX + 1]; /**< of the PASSporT that was judged, or signed    */
	bool passed;              /**< a shaken PASSporT passed everything           */
	struct judgement judged[SK_IDENTITY_MAX];
	size_t judged_count;
	struct beside rph, rcd;          /**< verify.rph, verify.rcd                   */
	char rcd_name[SK_RCD_TEXT_SIZE]; /**< nam of the rcd claim that passed, or ""  */
	struct sk_span name_of; /**< signature of the shaken PASSporT it stood in; empty: in none */
	bool replayed;          /**< verify.replay: came before in another call */
	enum certs_from cert_from;
	bool late;   /**< its deadline came before the certificate */
	bool waited; /**< it is in the list of waiting calls, or was     */

	/* while it is judged and waits; for call.c only */
	struct sk_call_parties parties;
	struct sk_passport passport;
	struct sk_passport *links; /* those that passed, shaken and div; NULL: not wanted */
	size_t link_count;
	enum certs_from link_from[SK_IDENTITY_MAX]; /* where the certificates of links came from */
	struct certs_wait wait;
	enum sk_ppt types[SK_IDENTITY_MAX]; /* what each Identity value says it is */
	bool has_shaken;                    /* one of the Identity values says it is shaken */
	enum sk_ppt as;                     /* the check that `passport` is judged by */
	enum certs_from from;               /* where its certificate came from */
	bool claims_read;     /* `passport` has its claims, whatever was said of them */
	enum sk_err noted;    /* the outcome that `claims` belong to */
	bool asking;          /* within certs_want() */
	enum sk_err no_wait;  /* SK_OK: it may wait; else what a further wait comes to */
	struct sign_job *job; /* a signature under way in a token */
	struct timer *timer;
	struct call *prev, *next;
};

/** Nothing has come of it yet: all of the outcome, and what is for call.c alone.  The front's
 * part stays. */
void call_init(struct call *call);

/** Signs or verifies.  `call->done` may be called before this returns. */
void call_start(struct call *call);

/** What came of a signature in a token; by signing.h alone. */
void call_signed(struct call *call, enum sk_err err);

/** Ends the wait of a call: answers by what can be judged without; `why`, of class OURS or FETCH,
 * is what the wait came to. */
void call_give_up(struct call *call, enum sk_err why);

/** Drops what a call holds: its tenant, its timer, its extras.  After `done`. */
void call_deinit(struct call *call);
