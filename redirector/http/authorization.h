/**
 * @file authorization.h  May this request be asked, and in whose name?
 *
 * A client is known by a bearer key (RFC 6750, 2.1; kept as SHA-256, compared in constant time),
 * by a name of its TLS certificate, by its address, or by all of these: all that is set of it must
 * hold.  Of several that hold the one with a key counts first, then the one with a name, then the
 * longest network; two that tie are a mistake that authorization_new() tells.
 *
 * A key that is shown must be good: with a wrong one nobody asks by name or address.
 *
 * Immutable once made and counted: a reload makes another in its thread; asked by one thread at a
 * time.  Keys and names are found by one lookup however many clients there are, addresses by one
 * for each length of network that occurs.
 */
#pragma once

#include "redirector/base/addr.h"
#include "redirector/call/directory.h"
#include "redirector/http/client.h"
#include "redirector/http/key_hashes.h"
#include "shaken/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	BEARER_MAX = 512,       /**< longest key that is looked at                         */
	CLIENTS_ALIKE_MAX = 64, /**< most clients of one key, one name or one network    */
	AUTHORIZATION_WHY_SIZE = 256,
};

struct authorization;

/** @param directory  A reference is taken.  @param why  Two clients that nothing tells apart (named
 * both), out of memory.  @return NULL on failure */
struct authorization *authorization_new(struct directory *directory,
					char why[AUTHORIZATION_WHY_SIZE]);

/** Told of a client that is left out, and why. */
typedef void client_left_out_h(void *arg, const char *why);

/** The same for a start, which must not fail because of one client: of two that nothing tells apart
 * the later one is left out and told.  @return NULL: out of memory */
struct authorization *authorization_start(struct directory *directory, client_left_out_h *left_out,
					  void *arg, char why[AUTHORIZATION_WHY_SIZE]);
struct authorization *authorization_ref(struct authorization *authorization);
void authorization_unref(struct authorization *authorization);
SK_DEFINE_CLEANUP(struct authorization, authorization_unref)

/** What a request shows of who sent it. */
struct credentials {
	const struct addr *source;
	struct sk_span bearer; /**< of its Authorization header; `ptr` NULL: none            */
	const struct sk_span *tls_names;
	size_t tls_name_count;
};

enum authorized {
	AUTHORIZED,
	AUTHORIZED_UNKNOWN, /**< 401: a key is missing, or it is nobody's       */
	AUTHORIZED_REFUSED, /**< 403: known, but not from there or not for this */
	AUTHORIZED_FAULT,   /**< 500: our own: no memory                        */
};

/** @param client  Set with AUTHORIZED: lives as long as the authorization */
SK_MUSTCHECK
enum authorized authorization_client(const struct authorization *authorization,
				     const struct credentials *shown, const struct client **client);

/** May it read metrics and the page (http.viewer-*)? */
SK_MUSTCHECK
enum authorized authorization_viewer(const struct authorization *authorization,
				     const struct credentials *shown);
