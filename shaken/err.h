/**
 * @file err.h  Every way a call can fail to sign or to verify
 *
 * One row per outcome: whose fault it is (the class), and all that a reporter
 * needs: SIP code and phrase (RFC 8224, 6.2.2), verstat (TS 24.229, 7.2A.20),
 * the verification case of ATIS-1000082 (E1..E19; 0: none), and a text for
 * people.  Whoever reports reads the row and never looks at single outcomes.
 *
 * A row with code 0 never reaches the peer as a 4xx: the call goes on.
 */
#pragma once

#include "shaken/macro.h"

#include <stdint.h>

/* clang-format off */
#define SK_ERRORS(X) \
	/* symbol               class       code phrase                      verstat  case  text */ \
	X(SK_OK,                NONE,         0, "",                         PASSED,  0, "ok") \
	/* our own machinery: never the caller's fault, never a 4xx, never "Passed" */ \
	X(SK_ENOMEM,            OURS,         0, "",                         NO,      0, "out of memory") \
	X(SK_ECRYPTO,           OURS,         0, "",                         NO,      0, "the crypto library failed") \
	X(SK_EINTERNAL,         OURS,         0, "",                         NO,      0, "internal error") \
	X(SK_TOO_LONG,          OURS,         0, "",                         NO,      0, "the result does not fit") \
	X(SK_BUSY,              OURS,         0, "",                         NO,      0, "too much in hand") \
	X(SK_LATE,              OURS,         0, "",                         NO,      0, "no answer before the call's deadline") \
	X(SK_DRAINING,          OURS,         0, "",                         NO,      0, "shutting down") \
	X(SK_NO_CREDENTIAL,     OURS,         0, "",                         NO,      0, "no key and certificate to sign with") \
	X(SK_KEY_INVALID,       OURS,         0, "",                         NO,      0, "not a private key on P-256") \
	X(SK_KEY_MISMATCH,      OURS,         0, "",                         NO,      0, "the key does not belong to the certificate") \
	X(SK_SIGNER_AWAY,       OURS,         0, "",                         NO,      0, "the token with our key does not answer") \
	X(SK_NUMBERS_AWAY,      OURS,         0, "",                         NO,      0, "the store of numbers could not be asked") \
	X(SK_OVER_LIMIT,        OURS,         0, "",                         NO,      0, "more than the limit allows") \
	X(SK_OVERLOAD,          OURS,         0, "",                         NO,      0, "more calls than can be done in time") \
	X(SK_SIGNER_EXPIRED,    OURS,         0, "",                         NO,      0, "our own certificate is not valid now") \
	/* the request */ \
	X(SK_REQUEST_SYNTAX,    INPUT,      400, "Bad Request",              NO,      2, "the Request-URI, From, To or P-Asserted-Identity is malformed") \
	X(SK_URI_TOO_LONG,      INPUT,      414, "Request-URI Too Long",     NO,      0, "the Request-URI is too long") \
	X(SK_URI_SCHEME,        INPUT,      416, "Unsupported URI Scheme",   NO,      0, "the Request-URI has a scheme that cannot be redirected") \
	X(SK_DATE_SYNTAX,       INPUT,      400, "Bad Request",              NO,      2, "Date is not an RFC 1123 date in GMT") \
	X(SK_DATE_STALE,        STALE,      403, "Stale Date",               NO,      3, "Date is outside the allowed window") \
	X(SK_DATE_MISSING,      INPUT,      428, "Use Identity Header",      NO,      3, "no Date header, and policy requires one") \
	X(SK_DIVERSIONS,        INPUT,      482, "Loop Detected",            NO,      0, "diverted too often") \
	X(SK_INCOMPLETE,        INPUT,        0, "",                         NO,      2, "no Max-Forwards, Call-ID, From tag or z9hG4bK branch: not signed") \
	X(SK_SIGNED_ALREADY,    ABSENT,       0, "",                         NO,      0, "has a shaken PASSporT already") \
	X(SK_NOTHING_TO_DO,     ABSENT,       0, "",                         NO,      0, "neither to be signed nor to be verified") \
	X(SK_DUMMY,             ABSENT,       0, "",                         NO,      0, "a heartbeat's number") \
	X(SK_LISTED,            INPUT,        0, "",                         NO,      0, "the calling number is on a list of numbers to block") \
	X(SK_NO_ORIG,           INPUT,        0, "",                         NO,      2, "no calling number that can be signed") \
	X(SK_NO_DEST,           INPUT,        0, "",                         NO,      2, "no called number") \
	X(SK_NO_ATTEST,         INPUT,        0, "",                         NO,      2, "no attestation was given for this call") \
	X(SK_TN_SYNTAX,         INPUT,        0, "",                         NO,      2, "not a telephone number") \
	/* nothing to verify */ \
	X(SK_NO_IDENTITY,       ABSENT,       0, "",                         NO,      0, "no Identity header") \
	X(SK_BYPASSED,          ABSENT,       0, "",                         NO,      0, "the originating side could not sign (P-Identity-Bypass)") \
	X(SK_IDENTITY_REQUIRED, ABSENT,     428, "Use Identity Header",      NO,      1, "no Identity header, and policy requires one") \
	X(SK_PPT_UNKNOWN,       ABSENT,       0, "",                         NO,      5, "only PASSporT types that we do not know") \
	/* the Identity header and its token */ \
	X(SK_IDENTITY_SYNTAX,   TOKEN,      438, "Invalid Identity Header",  NO,      2, "the Identity header is malformed") \
	X(SK_IDENTITY_PARAMS,   TOKEN,      438, "Invalid Identity Header",  NO,      2, "the Identity header has parameters beyond info, alg and ppt") \
	X(SK_TOKEN_SYNTAX,      TOKEN,      438, "Invalid Identity Header",  NO,      2, "the token is not three base64url parts of JSON, JSON and signature") \
	X(SK_TOKEN_SIZE,        TOKEN,      438, "Invalid Identity Header",  NO,      2, "the token is too long") \
	X(SK_COMPACT_FORM,      TOKEN,      438, "Invalid Identity Header",  NO,      4, "compact form, where SHAKEN asks for the full form") \
	X(SK_PPT_PARAM,         TOKEN,      438, "Invalid Identity Header",  NO,      5, "the ppt parameter is missing or not the type that is judged") \
	X(SK_INFO_MISSING,      TOKEN,      436, "Bad Identity Info",        NO,      6, "the info parameter is missing") \
	X(SK_INFO_INVALID,      TOKEN,      436, "Bad Identity Info",        NO,      7, "the info parameter is not an acceptable https URI") \
	X(SK_HEADER_CLAIM,      TOKEN,      436, "Bad Identity Info",        NO,      9, "alg, ppt, typ or x5u is missing in the PASSporT header") \
	X(SK_X5U_MISMATCH,      TOKEN,      436, "Bad Identity Info",        NO,     10, "x5u is not the info parameter") \
	X(SK_TYP_INVALID,       TOKEN,      437, "Unsupported Credential",   NO,     11, "typ is not passport") \
	X(SK_ALG_UNSUPPORTED,   TOKEN,      437, "Unsupported Credential",   NO,     12, "alg is not ES256") \
	X(SK_PPT_MISMATCH,      TOKEN,      438, "Invalid Identity Header",  NO,     13, "ppt in the PASSporT header is not that of the parameter") \
	X(SK_CLAIM_MISSING,     TOKEN,      438, "Invalid Identity Header",  NO,     14, "attest, dest, iat, orig or origid is missing") \
	X(SK_CLAIM_TYPE,        TOKEN,      438, "Invalid Identity Header",  NO,     14, "a claim is of the wrong type") \
	X(SK_IAT_STALE,         STALE,      403, "Stale Date",               NO,     15, "iat is outside the allowed window") \
	X(SK_ORIG_MISMATCH,     TOKEN,      438, "Invalid Identity Header",  NO,     16, "orig is not the calling number") \
	X(SK_DEST_MISMATCH,     TOKEN,      438, "Invalid Identity Header",  NO,     16, "dest does not have the called number") \
	X(SK_ATTEST_INVALID,    TOKEN,      438, "Invalid Identity Header",  NO,     19, "attest is not A, B or C") \
	/* getting the certificate */ \
	X(SK_FETCH_REFUSED,     FETCH,      436, "Bad Identity Info",        NO,      8, "the certificate's address may not be asked") \
	X(SK_FETCH_DNS,         FETCH,      436, "Bad Identity Info",        NO,      8, "the certificate's host has no address") \
	X(SK_FETCH_CONNECT,     FETCH,      436, "Bad Identity Info",        NO,      8, "no connection to the certificate's host") \
	X(SK_FETCH_TLS,         FETCH,      436, "Bad Identity Info",        NO,      8, "the certificate's host failed the TLS check") \
	X(SK_FETCH_TIMEOUT,     FETCH,      436, "Bad Identity Info",        NO,      8, "the certificate did not come in time") \
	X(SK_FETCH_STATUS,      FETCH,      436, "Bad Identity Info",        NO,      8, "the certificate's host did not answer 200") \
	X(SK_FETCH_SIZE,        FETCH,      436, "Bad Identity Info",        NO,      8, "the certificate file is too large") \
	X(SK_FETCH_SYNTAX,      FETCH,      436, "Bad Identity Info",        NO,      8, "what the certificate's address serves is not a certificate") \
	/* the certificate */ \
	X(SK_CERT_SYNTAX,       CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "the certificate chain is malformed") \
	X(SK_CERT_UNTRUSTED,    CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "the certificate leads to no trusted root") \
	X(SK_CERT_INVALID,      CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "the certificate path is not valid") \
	X(SK_CERT_EXPIRED,      CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "a certificate has expired") \
	X(SK_CERT_NOT_YET,      CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "a certificate is not valid yet") \
	X(SK_CERT_REVOKED,      CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "a certificate is revoked") \
	X(SK_CRL_INVALID,       CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "the revocation list is missing, forged or out of date") \
	X(SK_CERT_PROFILE,      CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "the certificate breaks the SHAKEN profile") \
	X(SK_CERT_TNAUTH,       CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "the TNAuthList is missing, malformed or not one SPC") \
	X(SK_CERT_SCOPE,        CREDENTIAL, 437, "Unsupported Credential",   FAILED, 17, "the certificate does not cover the calling number") \
	X(SK_CONSTRAINT,        TOKEN,      438, "Invalid Identity Header",  FAILED, 18, "a claim breaks the certificate's constraints") \
	X(SK_BAD_SIGNATURE,     TOKEN,      438, "Invalid Identity Header",  FAILED, 18, "the signature does not match") \
	X(SK_DIV_BROKEN,        TOKEN,      438, "Invalid Identity Header",  FAILED,  0, "the div chain is broken") \
	X(SK_REPLAYED,          TOKEN,      438, "Invalid Identity Header",  FAILED,  0, "the same PASSporT came before, in another call") \
	/* tokens beside shaken: they never change the verdict on the calling number */ \
	X(SK_RPH_MISMATCH,      TOKEN,      438, "Invalid Identity Header",  NO,      0, "rph does not cover the Resource-Priority header") \
	X(SK_RCD_INVALID,       TOKEN,      438, "Invalid Identity Header",  NO,      0, "the rcd claims are malformed or not what their digests say")
/* clang-format on */

#define X(sym, class, code, phrase, verstat, atis, text) sym,
enum sk_err {
	SK_ERRORS(X) SK_ERR_COUNT
};
#undef X

enum sk_class {
	SK_CLASS_NONE,
	SK_CLASS_OURS,       /**< our machinery: never blame the caller   */
	SK_CLASS_INPUT,      /**< the request itself                      */
	SK_CLASS_ABSENT,     /**< nothing to verify                       */
	SK_CLASS_TOKEN,      /**< the Identity header or its token        */
	SK_CLASS_STALE,      /**< too old, or from the future             */
	SK_CLASS_FETCH,      /**< the certificate is out of reach         */
	SK_CLASS_CREDENTIAL, /**< the certificate is not acceptable       */
};

/** The three values of TS 24.229, 7.2A.20. */
enum sk_verstat {
	SK_VERSTAT_NO,     /**< No-TN-Validation     */
	SK_VERSTAT_FAILED, /**< TN-Validation-Failed */
	SK_VERSTAT_PASSED, /**< TN-Validation-Passed */
};

/** One row of the table.  Lives for ever. */
struct sk_outcome {
	const char *name;        /**< "SK_IAT_STALE": stable, for logs and metrics  */
	const char *text;        /**< for people                                    */
	const char *phrase;      /**< SIP reason phrase, "" without a code          */
	uint16_t code;           /**< SIP status, 0: nothing to tell the peer       */
	enum sk_class blame;     /**< whose fault                                   */
	enum sk_verstat verstat; /**< what a verifier says of the calling number    */
	uint8_t atis_case;       /**< n of case "En" in ATIS-1000082, 0: none       */
};

/** @return The row of `err`; that of SK_EINTERNAL for a value that has no row. */
const struct sk_outcome *sk_outcome(enum sk_err err);

const char *sk_err_name(enum sk_err err);
const char *sk_err_text(enum sk_err err);
enum sk_class sk_err_class(enum sk_err err);

/** @return "none", "ours", "input", "absent", "token", "stale", "fetch" or "credential". */
const char *sk_class_name(enum sk_class blame);

/** @return "No-TN-Validation", "TN-Validation-Failed" or "TN-Validation-Passed". */
const char *sk_verstat_text(enum sk_verstat verstat);

/**
 * Which of two failures is the one to report when several Identity headers all
 * failed: the higher rank (the standards ask for "a 4xx"; RFC 8224, 6.2.2).
 * The order of the rows is the order of the checks: a token that came further
 * says more.  But a certificate that could not be had ranks below every claim, and
 * a stale iat above the other claims.  A fault of ours outranks all that
 * proves nothing, and no forgery that is proven: else a stranger could hide one
 * behind a second Identity whose certificate is slow.
 */
unsigned sk_err_rank(enum sk_err err);
