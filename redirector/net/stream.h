/**
 * @file stream.h  One connection, TCP or TLS: bytes in, messages out, answers back
 *
 * Counted: a call that waits keeps the connection it came by, which may be closed meanwhile.
 * Answers are printed straight into the connection's buffer; what does not leave at once waits
 * there, bounded, and while it waits nothing more is read.  An answer never opens a connection.
 */
#pragma once

#include "redirector/net/packet.h"
#include "shaken/macro.h"

#include <stddef.h>

struct stream *stream_ref(struct stream *stream);
void stream_unref(struct stream *stream);
SK_DEFINE_CLEANUP(struct stream, stream_unref)

/** Room for one answer; print into it, then stream_send().  @return NULL: closed, or its client
 * does not read */
char *stream_reserve(struct stream *stream, size_t size);

/** The bytes that were printed into that room leave: with all others of the same event. */
void stream_send(struct stream *stream, size_t len);

/** Names of the client's certificate; see tls_names().  They live as long as the reference. */
size_t stream_names(const struct stream *stream, const struct sk_span **out);
