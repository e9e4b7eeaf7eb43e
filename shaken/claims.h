/**
 * @file claims.h  The payload of a PASSporT (RFC 8225, section 5; RFC 8588; RFC 8946)
 *
 * Struct to text and text to struct.  Nothing is judged against a call, a clock
 * or a key here.
 */
#pragma once

#include "shaken/buf.h"
#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/tn.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_rph;
struct sk_rcd;

enum {
	SK_DEST_MAX = 8,      /**< most called parties in one token          */
	SK_ORIGID_SIZE = 128, /**< longest origid, terminator included       */
};

/** What the signer vouches for (RFC 8588, section 4). */
enum sk_attest {
	SK_ATTEST_NONE, /**< no such claim (types other than shaken)       */
	SK_ATTEST_A,    /**< full: knows the customer and the number       */
	SK_ATTEST_B,    /**< partial: knows the customer                   */
	SK_ATTEST_C,    /**< gateway: knows where the call entered         */
	SK_ATTEST_BAD,  /**< the claim is there and is none of the three   */
};

/** The PASSporT types that the library reads. */
enum sk_ppt {
	SK_PPT_NONE,   /**< a base PASSporT, no type (RFC 8225)  */
	SK_PPT_SHAKEN, /**< RFC 8588                             */
	SK_PPT_DIV,    /**< RFC 8946                             */
	SK_PPT_DIV_O,  /**< RFC 8946, section 5                  */
	SK_PPT_RPH,    /**< RFC 8443                             */
	SK_PPT_RCD,    /**< RFC 9795                             */
	SK_PPT_OTHER,  /**< a type we do not know                */
};

struct sk_claims {
	struct sk_party orig;              /**< calling party, exactly one              */
	struct sk_party dest[SK_DEST_MAX]; /**< called parties, numbers before URIs     */
	size_t dest_count;                 /**< how many of them, at least 1            */
	int64_t iat;                       /**< issued at, seconds since the epoch      */
	enum sk_attest attest;
	char origid[SK_ORIGID_SIZE]; /**< opaque text as received, may hold anything but NUL */
	struct sk_party div;         /**< who diverted; SK_PARTY_NONE without     */
	const struct sk_rph *rph;    /**< to print: rph.h; NULL: none.  Reading leaves it NULL */
	const struct sk_rcd *rcd;    /**< to print: rcd.h; NULL: none.  Reading leaves it NULL */
};

/**
 * Read a payload.  Claims that are not in the struct are ignored (RFC 7519,
 * section 4).  `orig` and `dest` are taken as they stand: a number in a claim
 * is not made canonical, so "+1..." equals no number (RFC 8224, 8.3).
 *
 * @param payload  The payload as sk_json_parse() read it
 * @param ppt      Says which claims must be there: shaken: attest, dest, iat,
 *                 orig, origid; div and div-o: dest, div, iat, orig; else dest,
 *                 iat, orig
 * @param out      Set only on success
 *
 * @return SK_OK, SK_CLAIM_MISSING, or SK_CLAIM_TYPE (wrong type, orig or div not
 *         exactly one party, dest empty or more than SK_DEST_MAX, text too long).
 *         A wrong attest is no error here: it is SK_ATTEST_BAD in `out`.
 */
SK_MUSTCHECK
enum sk_err sk_claims_read(const json_t *payload, enum sk_ppt ppt, struct sk_claims *out);

/**
 * Print a payload as RFC 8225, section 9 asks: names sorted, no white space,
 * dest sorted.  Claims that are not set (attest NONE, empty origid, div of kind
 * NONE, rph and rcd NULL) are left out.  All texts are escaped as JSON.
 *
 * @param out  Gets the text; look at `out->overflow`, which is also set when a digest of
 *             rcdi can not be computed
 */
void sk_claims_print(const struct sk_claims *claims, struct sk_buf *out);

/** @return 'A', 'B', 'C', or '-' */
char sk_attest_letter(enum sk_attest attest);

/** @return SK_ATTEST_BAD for anything but exactly "A", "B" or "C" */
enum sk_attest sk_attest_parse(struct sk_span text);

/** @return SK_PPT_NONE for the empty text, SK_PPT_OTHER for an unknown one; case matters */
enum sk_ppt sk_ppt_parse(struct sk_span text);

/** The same of the parameter of a header field, where case does not count (RFC 3261, 7.3.1). */
enum sk_ppt sk_ppt_param(struct sk_span text);

/** @return "", "shaken", "div", "div-o", "rph", "rcd" or "other" */
const char *sk_ppt_text(enum sk_ppt ppt);
