/**
 * @file calist.h  The STI-PA's list of trusted authorities (ATIS-1000080; ATIS-1000084)
 *
 * A JWS in compact form, ES256, whose payload is
 * {"version":..,"sequence":..,"exp":..,"trustList":["-----BEGIN CERTIFICATE..."]}.
 * Two steps, since the signer's chain has to be had in between.
 */
#pragma once

#include "shaken/cert.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"
#include "shaken/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SK_CALIST_MAX = 4 << 20,      /**< longest list, bytes          */
	SK_CALIST_ANCHORS_MAX = 1024, /**< most authorities of one list */
};

struct sk_calist;

/**
 * Take a list apart; judges its form and nothing else: that its authorities are certificates is
 * looked at when its signature is good.
 *
 * @param text  The JWS, or the STI-PA's answer {"status":"success","caList":"<JWS>"}; white
 *              space around it is allowed
 *
 * @return SK_OK; SK_TOKEN_SYNTAX, SK_TOKEN_SIZE, SK_ALG_UNSUPPORTED, SK_HEADER_CLAIM (no x5u),
 *         SK_CLAIM_MISSING, SK_CLAIM_TYPE, SK_ENOMEM
 */
SK_MUSTCHECK
enum sk_err sk_calist_parse(struct sk_span text, struct sk_calist **out);
void sk_calist_free(struct sk_calist *list);
SK_DEFINE_CLEANUP(struct sk_calist, sk_calist_free)

const char *sk_calist_x5u(const struct sk_calist *list);
int64_t sk_calist_sequence(const struct sk_calist *list);
int64_t sk_calist_exp(const struct sk_calist *list);  /**< seconds since the epoch */
size_t sk_calist_count(const struct sk_calist *list); /**< 0 before sk_calist_check() */

/** The authorities as one PEM text, for sk_trust_add_anchors(); lives as long as the list. */
struct sk_span sk_calist_pem(const struct sk_calist *list);

/**
 * Is it theirs, in force, and not older than the one we have?
 *
 * @param chain      PEM of the signer and its issuers, leaf first
 * @param roots      PEM of the administrator's certificates, the only anchors
 * @param sequence   Of the list in use; -1: none.  The same or a higher one passes
 *
 * @return SK_OK; SK_CERT_SYNTAX (also: an authority is no CA certificate), SK_TOKEN_SIZE (too many
 *         of them), SK_CERT_UNTRUSTED, SK_CERT_INVALID, SK_CERT_EXPIRED,
 *         SK_CERT_NOT_YET; SK_BAD_SIGNATURE; SK_IAT_STALE (past exp); SK_REPLAYED (a lower
 *         sequence); SK_ENOMEM, SK_ECRYPTO
 */
SK_MUSTCHECK
enum sk_err sk_calist_check(struct sk_calist *list, struct sk_span chain, struct sk_span roots,
			    int64_t now, int64_t sequence);
