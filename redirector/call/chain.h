/**
 * @file chain.h  The chain of a diverted call, where verify.div asks for it (RFC 8946, 4.2)
 *
 * From where the call is going back to the shaken token that passed.
 */
#pragma once

#include "redirector/call/call.h"

/** Makes room for the links, where there is a chain to check; `parties` are read.
 *
 * @return SK_OK or SK_ENOMEM */
SK_MUSTCHECK
enum sk_err chain_begin(struct call *call);

/** Says one of the Identity values that it is of this type?  After `types` was read. */
bool chain_has_type(const struct call *call, enum sk_ppt ppt);

/** The policy for shaken and div tokens: where the call was diverted any may be an inner link,
 * and older. */
struct sk_verify_policy chain_inner_policy(const struct call *call);

/** Keeps the token `passport`, which passed, if it can be a link. */
void chain_add(struct call *call);

/**
 * V20, when all tokens are judged.  Drops links.
 *
 * @return SK_OK, also where there is no chain to check; SK_DIV_BROKEN; SK_IAT_STALE when only the
 *         outermost link is too old
 */
SK_MUSTCHECK
enum sk_err chain_check(struct call *call);
