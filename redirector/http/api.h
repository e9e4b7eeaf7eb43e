/**
 * @file api.h  What the interfaces that speak JSON share: bodies, members, parties, answers
 *
 * Knows nothing of the words of an interface: each says by itself what a fault is called.
 */
#pragma once

#include "redirector/base/clock.h"
#include "redirector/base/log.h"
#include "redirector/http/desk.h"
#include "redirector/http/exchange.h"
#include "shaken/json.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	API_BODY_MAX = 65536, /**< longest body that is read, bytes                    */
	API_ID_SIZE = 129,    /**< longest X-RequestID or X-InstanceID, with its NUL   */
	API_SHOWN_SIZE = 129, /**< longest text that is repeated, with its NUL         */
};

/** What every interface needs; all of it must outlive it. */
struct api_parts {
	struct desk *desk;
	struct log *log;
	const struct clock *clock;
};

/** Headers of a request that come back in its answer; "" for one that does not. */
struct api_ids {
	char request[API_ID_SIZE];  /**< X-RequestID  */
	char instance[API_ID_SIZE]; /**< X-InstanceID */
};

/** Only what is printable ASCII and at most 128 bytes comes back. */
void api_ids_read(const struct exchange *exchange, struct api_ids *out);

/** Adds them to the headers of an answer; they must live until it is sent. */
void api_ids_add(const struct api_ids *ids, struct http_reply *reply);

/** What is wrong with a member, for the interface to say in its words. */
enum api_fault {
	API_GOOD,
	API_NO_BODY,   /**< nothing, or only white space                 */
	API_NO_JSON,   /**< no JSON object by our rules (json.h)         */
	API_MISSING,   /**< a member that must be there is not           */
	API_INVALID,   /**< it is there and is not what it must be       */
	API_NO_MEMORY, /**< ours                                         */
};

/** One fault: of which member, and what would be right. */
struct api_finding {
	enum api_fault fault;
	char name[64];    /**< "orig.tn"; "" where no member is to blame          */
	const char *what; /**< a short text, lives for ever; NULL: nothing to say */
};

/** @return false always, so that a reader can end by `return api_found(...)` */
bool api_found(struct api_finding *finding, enum api_fault fault, const char *name,
	       const char *what);

/**
 * Reads a body.
 *
 * @param out  A new reference, set only on success
 */
SK_MUSTCHECK
bool api_body(struct sk_span body, json_t **out, struct api_finding *finding);

/** The value of a member that must be there; JSON's null is as if it was not. */
SK_MUSTCHECK
const json_t *api_member(const json_t *object, const char *name);

/**
 * Readers of one member each.  `path` is its name as the interface writes it in an error
 * ("orig.tn"), `name` the member of `object`.
 *
 * @return false: what was wrong stands in `finding`
 */
SK_MUSTCHECK
bool api_object(const json_t *object, const char *name, const char *path, const json_t **out,
		struct api_finding *finding);
SK_MUSTCHECK
bool api_text(const json_t *object, const char *name, const char *path, struct sk_span *out,
	      struct api_finding *finding);
/** A whole number of seconds since 1970, 0 to 2^53 - 1. */
SK_MUSTCHECK
bool api_time(const json_t *object, const char *name, const char *path, int64_t *out,
	      struct api_finding *finding);
/** "A", "B" or "C". */
SK_MUSTCHECK
bool api_attest(const json_t *object, const char *name, enum sk_attest *out,
		struct api_finding *finding);
/** A UUID (RFC 4122, section 3): 8-4-4-4-12 hexadecimal digits; letters become small. */
SK_MUSTCHECK
bool api_origid(const json_t *object, const char *name, char out[SK_ORIGID_SIZE],
		struct api_finding *finding);

/** Whose numbers, and how that peer writes them. */
struct api_party_rules {
	const struct sk_dialplan *plan;
	enum sk_role role;
	bool uris; /**< "uri" may stand in the place of "tn" */
};

/** {"tn":"..."} or {"uri":"..."}: exactly one of them, one text. */
SK_MUSTCHECK
bool api_party(const json_t *object, const char *path, const struct api_party_rules *rules,
	       struct sk_party *out, struct api_finding *finding);

/**
 * {"tn":[...]} and, where the rules allow, {"uri":[...]}; a single text is taken as a list of one
 * where `single`.  1 to ASKED_TO_MAX parties in all; one given twice counts once.
 */
SK_MUSTCHECK
bool api_parties(const json_t *object, const char *path, const struct api_party_rules *rules,
		 bool single, struct asked *out, struct api_finding *finding);

/** An address out of a text: sip:, sips: or tel:. */
SK_MUSTCHECK
bool api_uri(const json_t *value, const char *path, const struct api_party_rules *rules,
	     struct sk_party *out, struct api_finding *finding);

/** How the client's tenant writes numbers (numbers.*). */
const struct sk_dialplan *api_plan(const struct client *client);

/** May this client ask for that attestation (clients.*.attest: the highest)? */
SK_MUSTCHECK
bool api_attest_allowed(const struct client *client, enum sk_attest attest);

/** What may be repeated of what somebody sent: printable ASCII, cut at 128 bytes; others are "?".
 */
void api_shown(struct sk_span text, char out[API_SHOWN_SIZE]);

/** The Identity values of a text, joined ones cut apart.
 * @return false: there is none, an empty one, or one more than fits */
SK_MUSTCHECK
bool api_identities(struct sk_span text, struct sk_span out[SK_IDENTITY_MAX], size_t *count);

/** How an outcome of ours is told by HTTP: 503 what is over soon (limits, load, the end), else
 * 500. */
unsigned api_status_ours(enum sk_err err);

/**
 * Asks in the name of a request: its client, addresses, transport and X-RequestID.
 *
 * @param interface  Its name in the record; lives for ever
 * @param done       Called with `arg`, now or later, unless this fails
 *
 * @return As desk_ask()
 */
SK_MUSTCHECK
enum sk_err api_ask(const struct api_parts *parts, struct exchange *exchange,
		    const struct api_ids *ids, const char *interface,
		    struct desk_question *question, desk_h *done, void *arg);

/** Answers with a JSON text. A 503 gets Retry-After. */
void api_answer(struct exchange *exchange, unsigned status, struct sk_span text,
		const struct api_ids *ids);

/**
 * The same with a value that is printed here.
 *
 * @param json   The reference is taken; NULL: there was no memory for it
 * @param spare  Status 500 and this, which lives for ever, when it cannot be printed
 */
void api_answer_json(struct exchange *exchange, unsigned status, json_t *json,
		     const struct api_ids *ids, struct sk_span spare);
