/**
 * @file contact.h  Where the 302 points to (RFC 3261, 8.3 and 19.1; standards: a redirect
 *                  must not point to the Request-URI, and ours never at ourselves)
 */
#pragma once

#include "redirector/call/call.h"
#include "shaken/buf.h"

#include <stdbool.h>

/**
 * Print the Contact's value: `<uri>`.
 *
 * @param verstat   Put in as user and URI parameter where configured; "" for none
 * @param headers   Headers of the URI, escaped already, joined by '&'; "" for none
 *
 * @return false when it could not be made to differ from the Request-URI
 */
bool contact_print(const struct call *call, const char *verstat, const char *headers,
		   struct sk_buf *out);

/**
 * Print the value of a P-Asserted-Identity: the caller's name and address as
 * received, with `;verstat=...` in the user part (TS 24.229, 7.2A.20) or as
 * `where` says.  A verstat that was there already goes.
 *
 * @param name     Stands in the place of the caller's, plain UTF-8; empty: it does not
 * @param verstat  "" for none
 *
 * @return false when the caller's header cannot be read; nothing is printed
 */
bool contact_print_caller(struct sk_span caller, struct sk_span name, enum conf_pai_verstat where,
			  const char *verstat, struct sk_buf *out);
