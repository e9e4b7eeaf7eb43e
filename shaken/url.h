/**
 * @file url.h  May this be the address of a certificate?  (ATIS-1000074, 5.3.1; RFC 8224, section
 * 4)
 *
 * Judged before any URL parser of a library sees the text, and byte by byte:
 * "https://" host [":" 443 | 8443] "/" path.  No user, query or fragment, not
 * even an empty one; no backslash, white space or control character; a `%` only
 * in the path and only before two hex digits.  Where the host's address leads is
 * not judged here (redirector/certs/address.h).
 */
#pragma once

#include "shaken/macro.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SK_URL_MAX = 512, /**< longest URL, bytes */
};

enum sk_url_rules {
	SK_URL_STRICT, /**< port none, 443 or 8443                                   */
	SK_URL_LAB,    /**< any port; for a laboratory, the rest stays as strict     */
};

struct sk_url {
	struct sk_span host; /**< name or address; an IPv6 address without its brackets */
	uint16_t port;       /**< 443 when none is written                              */
	struct sk_span path; /**< from the first slash on, at least "/"                 */
};

/**
 * Take a URL apart and judge it.
 *
 * @param out  Points into `text`; set only on success; may be NULL
 */
SK_MUSTCHECK
bool sk_url_parse(struct sk_span text, enum sk_url_rules rules, struct sk_url *out);

/**
 * Is this host on a list?  "cert.example.net" means itself, "*.example.net" every name
 * below it, at any depth, and not itself.  Upper case counts as lower; a dot at the end
 * counts.  An address has no names below it; "*" and "*." match nothing.
 *
 * @param host   As sk_url_parse() gives it
 * @param items  `count` texts; may be NULL when there are none
 */
SK_MUSTCHECK
bool sk_url_host_listed(struct sk_span host, char *const *items, size_t count);
