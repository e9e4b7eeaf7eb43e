/**
 * @file shaken.h  libshaken: STIR/SHAKEN without a SIP stack, sockets, files, clock or log
 *
 * Bytes, the time and keys come in; outcomes (err.h) go out.
 *
 *   signing     key.h, sign.h      key -> credential -> sk_sign(): Identity value
 *   verifying   verify.h           sk_verify_token() -> sk_verify_claims() -> [certificate]
 *                                  -> sk_verify_credential()
 *   numbers     tn.h               header value -> canonical number
 *
 * Objects belong to one thread at a time; there is no global state.  The headers are
 * C; from C++ include this one inside `extern "C" { }`.
 */
#pragma once

#include "shaken/b64url.h"
#include "shaken/buf.h"
#include "shaken/calist.h"
#include "shaken/cert.h"
#include "shaken/claims.h"
#include "shaken/constraints.h"
#include "shaken/date.h"
#include "shaken/div.h"
#include "shaken/err.h"
#include "shaken/identity.h"
#include "shaken/json.h"
#include "shaken/key.h"
#include "shaken/mac.h"
#include "shaken/macro.h"
#include "shaken/passport.h"
#include "shaken/rcd.h"
#include "shaken/reason.h"
#include "shaken/rph.h"
#include "shaken/sign.h"
#include "shaken/span.h"
#include "shaken/table.h"
#include "shaken/tn.h"
#include "shaken/tnauth.h"
#include "shaken/trust.h"
#include "shaken/url.h"
#include "shaken/verify.h"
