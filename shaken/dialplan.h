/**
 * @file dialplan.h  From what was dialled to E.164 (RFC 3966, 5.1; RFC 8224, 8.3)
 *
 * Pure.  Not installed: tn.h is the door to it.
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"
#include "shaken/tn.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SK_DIAL_MAX = 32, /**< most digits, '*' and '#' of what was dialled, prefixes included */
};

/** What was dialled, without visual separators. */
struct sk_dialled {
	char text[SK_DIAL_MAX + 1];
	size_t len;
	size_t digits; /**< how many of them are no '*' or '#'           */
	bool global;   /**< stood behind a '+'                           */
	bool bare;     /**< had neither '+' nor separators               */
};

/**
 * Read digits, `*`, `#` and visual separators, escapes undone.
 *
 * @return false when it is no number
 */
SK_MUSTCHECK
bool sk_dialled_scan(struct sk_span text, struct sk_dialled *out);

/** Without user=phone only digits count, and only where the plan says so (RFC 8224, 8.1). */
SK_MUSTCHECK
bool sk_dialled_counts(const struct sk_dialled *n, bool phone, const struct sk_dialplan *plan);

/**
 * The last step; a number without digits becomes nobody.
 *
 * @param context  The value of a phone-context parameter, if any: a `+` and digits,
 *                 else a domain, which makes the number one of a private plan
 */
void sk_dialled_settle(const struct sk_dialled *n, struct sk_span context,
		       const struct sk_dialplan *plan, enum sk_role role, struct sk_party *out);
