/**
 * @file ms_read.h  The two requests of Ms (TS 24.229, Annex V.2)
 */
#pragma once

#include "redirector/http/api.h"

/**
 * @param rph  Room for the claim of an rph PASSporT, which `out->rph` then points to
 *
 * @return false: what was wrong stands in `finding`
 */
SK_MUSTCHECK
bool ms_read_signing(const json_t *body, const struct client *client, struct asked *out,
		     struct sk_rph *rph, struct api_finding *finding);

/** What is asked to be verified. */
struct ms_verification {
	struct asked asked;
	struct sk_span identities[SK_IDENTITY_MAX]; /**< point into the body */
	size_t identity_count;
};

SK_MUSTCHECK
bool ms_read_verification(const json_t *body, const struct client *client,
			  struct ms_verification *out, struct api_finding *finding);

/**
 * Do the rph claims cover every Resource-Priority among protectedHeaders ("Name: value")?
 *
 * @param body  That ms_read_verification() has read
 */
SK_MUSTCHECK
bool ms_priority_covered(const json_t *body, const struct sk_rph *rph);
