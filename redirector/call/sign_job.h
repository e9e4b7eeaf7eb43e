/**
 * @file sign_job.h  The signatures of one call, made here or in a thread: for signing.c
 *
 * All PASSporTs of a call are one job.  It touches nothing of the call: it has copies of the
 * claims, room of its own for what is signed, and a reference of the tenant, whose keys they are.
 */
#pragma once

#include "redirector/call/call.h"

/** What is to be signed, and what came of it. */
struct signing {
	enum sk_ppt ppt; /**< of the first: shaken or div                       */
	const struct sk_claims *claims;
	const struct keystore_entry *entry;
	bool rcd_inside, rcd_beside, rph_beside;
	struct sk_rcd rcd;
	struct sk_rph rph;

	char *identity; /**< SK_IDENTITY_SIZE bytes                            */
	size_t identity_len;
	struct signed_extra *extras; /**< owned, whatever came of it              */
	size_t extra_count;
	enum sk_err extra_err;
};

void signing_init(struct signing *s, enum sk_ppt ppt, const struct sk_claims *claims);

/** Signs all of it; what is beside the first never costs the first.  On failure there are no
 * extras. */
SK_MUSTCHECK
enum sk_err signing_perform(struct signing *s);

/** Moves a result into its call. */
void signing_take(struct call *call, const struct signing *s);

/** Gives all of it to a thread: `call->job` is set, and call_signed() tells what came of it.
 *
 * @return SK_OK, SK_BUSY, SK_SIGNER_AWAY or SK_ENOMEM */
SK_MUSTCHECK
enum sk_err sign_job_start(struct call *call, const struct signing *s);
