/**
 * @file tn.h  Telephone numbers and SIP addresses in canonical form (RFC 8224, section 8)
 *
 * A party is one end of a call as a PASSporT names it: a telephone number
 * ("tn": digits, and for a called party also `*` and `#`) or an address ("uri").
 * Pure: text in, text out; nothing is looked up.
 */
#pragma once

#include "shaken/err.h"
#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SK_TN_DIGITS = 15,   /**< longest E.164 number                        */
	SK_PARTY_SIZE = 256, /**< longest canonical text, terminator included */
	SK_PREFIX_SIZE = 8,  /**< longest dial prefix, terminator included    */
};

enum sk_party_kind {
	SK_PARTY_NONE, /**< nothing that a PASSporT could name          */
	SK_PARTY_TN,   /**< `text` is digits, `*`, `#`                  */
	SK_PARTY_URI,  /**< `text` is "scheme:user@host", lower case    */
};

struct sk_party {
	enum sk_party_kind kind;
	char text[SK_PARTY_SIZE]; /**< NUL-terminated; "" for SK_PARTY_NONE */
};

/** How a peer writes numbers.  All empty: only full E.164 numbers are numbers of a country. */
struct sk_dialplan {
	char country[4];                    /**< country code for national numbers, "" for none   */
	char international[SK_PREFIX_SIZE]; /**< prefix of international calls: "011", "00", ""   */
	char trunk[SK_PREFIX_SIZE];         /**< prefix of national calls: "0", "1", ""           */
	bool digits_are_tn; /**< a user part of digits is a number without user=phone */
	uint8_t min_digits; /**< how many digits that takes; 7 is usual           */
};

/** Whom the number is for: RFC 8224 and ATIS-1000074 allow more in a called number. */
enum sk_role {
	SK_ROLE_ORIG, /**< calling: plain E.164 digits only            */
	SK_ROLE_DEST, /**< called: also short codes, `*` and `#` codes */
};

/**
 * Read the party out of the value of a From, To or P-Asserted-Identity header
 * field: name-addr or addr-spec with header parameters.  The display name is
 * never looked at.
 *
 * @param value  One header field value, folded lines allowed
 * @param plan   How the peer that sent it writes numbers
 * @param out    Set only with SK_OK.  Kind SK_PARTY_NONE means: well-formed, but
 *               nothing that can be signed or compared (anonymous, too long, ...)
 *
 * @return SK_OK, or SK_REQUEST_SYNTAX for a value that deserves a 400
 */
SK_MUSTCHECK
enum sk_err sk_party_read(struct sk_span value, const struct sk_dialplan *plan, enum sk_role role,
			  struct sk_party *out);

/** The same for a bare URI: a Request-URI, or the argument of a command. */
SK_MUSTCHECK
enum sk_err sk_party_from_uri(struct sk_span uri, const struct sk_dialplan *plan, enum sk_role role,
			      struct sk_party *out);

/**
 * Read a bare number as people write it ("+1 (215) 555-1212", "*67").
 *
 * @return SK_OK with kind SK_PARTY_TN, or SK_TN_SYNTAX
 */
SK_MUSTCHECK
enum sk_err sk_party_from_number(struct sk_span text, const struct sk_dialplan *plan,
				 enum sk_role role, struct sk_party *out);

/**
 * The part between `<` and `>` of a name-addr, or the whole addr-spec without
 * header parameters.
 *
 * @param uri     Points into `value`
 * @param params  What stands behind it, from the first `;` on; may be empty
 *
 * @return SK_OK or SK_REQUEST_SYNTAX
 */
SK_MUSTCHECK
enum sk_err sk_nameaddr_split(struct sk_span value, struct sk_span *uri, struct sk_span *params);

/** Same kind and same text.  Two parties of kind SK_PARTY_NONE are not equal. */
SK_MUSTCHECK
bool sk_party_eq(const struct sk_party *a, const struct sk_party *b);
