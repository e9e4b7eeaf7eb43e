/**
 * @file worker_http.h  All that stands between the loop and the HTTP sockets of a process
 *
 *   server -> routes -> interfaces -> desk -> calls, as SIP's are
 *                    -> hosting, metrics, health, the page
 *
 * A reload is prepared whole, so that one that is refused changes nothing, and is then swapped.
 */
#pragma once

#include "redirector/http/authorization.h"
#include "redirector/numbers/numbers.h"
#include "redirector/worker_state.h"

#include <stdbool.h>
#include <stddef.h>

struct worker_http;

/** Makes it all from what `w` has, and listens.  @param why  Of false */
SK_MUSTCHECK
bool worker_http_new(struct worker *w, struct worker_http **out, char why[WHY_SIZE]);

/** Whoever waits gets an answer without a verdict.  NULL is allowed, as in all of these. */
void worker_http_free(struct worker_http *http);

/** All that a reload would serve, beside its clients.  @return false: why not */
SK_MUSTCHECK
bool worker_http_prepare(struct worker_http *http, struct directory *directory, char why[WHY_SIZE]);

/** From now on that is served.  @param authorization  A reference is taken */
void worker_http_swap(struct worker_http *http, struct directory *directory,
		      struct authorization *authorization);

/** Forgets what was prepared. */
void worker_http_drop(struct worker_http *http);

void worker_http_set_numbers(struct worker_http *http, const struct numbers *numbers);

/** All is served, and whoever asks how we are hears that we are going. */
void worker_http_leave(struct worker_http *http);

/** Whoever asks from now on, on a connection that is there, hears that we are going (SK_DRAINING).
 */
void worker_http_refuse(struct worker_http *http);

/** No new connections, and each that is there ends with its answer. */
void worker_http_drain(struct worker_http *http);

/** Questions in hand, and connections. */
size_t worker_http_busy(const struct worker_http *http);

/** Questions that wait for a certificate or a signature. */
size_t worker_http_waiting(const struct worker_http *http);

/** Answers all that wait now, without a verdict. */
void worker_http_give_up(struct worker_http *http);

/** When the certificate of https ends, seconds since the epoch; 0: there is none. */
int64_t worker_http_ends(const struct worker_http *http);

/** Warns when it ends soon. */
void worker_http_tell_expiry(const struct worker_http *http);
