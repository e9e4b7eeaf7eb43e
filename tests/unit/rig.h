/**
 * @file rig.h  The whole daemon but its sockets, its network and its clocks
 *
 * A real front, real certs, a real tenant from a configuration text; datagrams go
 * in by a call, answers are caught where they would have gone to the kernel, the
 * clocks and the repository of certificates are the test's.  Link with
 * -Wl,--wrap=sendmmsg.  Whatever fails in here ends the test program.
 */
#pragma once

#include "config/load.h"
#include "redirector/base/log.h"
#include "redirector/certs/fetch.h"
#include "redirector/net/udp.h"
#include "redirector/sip/front.h"
#include "tests/unit/pki.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_X5U  "https://cert.example.org/passport.cer"
#define RIG_ORIG "12155551212"
#define RIG_DEST "12155551213"

/* pieces of configuration; '@' stands for the folder of the rig */
#define RIG_SIGN \
	"sign: {key: \"@/key.pem\", certificate: \"@/chain.pem\", attest: A, x5u: \"" RIG_X5U \
	"\"}\n"
#define RIG_TRUST "trust: {anchors: [\"@/anchors.pem\"]}\n"
#define RIG_MAP   "verify: {certificates: {\"" RIG_X5U "\": \"@/chain.pem\"}}\n"

enum {
	RIG_ANSWERS = 64, /* answers kept until they are taken */
	RIG_TEXT = 65536,
	RIG_JOBS = 64,
	RIG_TENANTS = 16,
};

struct rig_answer {
	char text[RIG_TEXT];
	size_t len;
	struct sockaddr_in to;
};

struct rig {
	struct clock clock; /* first: the clock's functions find the rig by it */
	struct fetcher fetcher;
	int64_t wall, mono;
	char folder[256];
	struct pki_text chain, anchors;
	struct loop *loop;
	struct log *log;
	struct conf *conf;
	struct tally *tally;
	struct tokens *tokens; /* with hsm.module; by the rig's clock */
	struct tenant *tenant; /* the main file's */
	struct directory *directory;
	struct certs *certs;
	struct front *front;
	struct udp *socket;
	struct counters counters;

	/* the repository */
	enum sk_err refuse; /* what start() says; SK_OK: it waits for rig_serve() */
	struct fetch_job *jobs[RIG_JOBS];
	size_t job_count;
	unsigned fetches, stopped;
};

/** One INVITE; NULL is the usual thing. */
struct dial {
	const char *method, *uri, *from, *to, *call_id, *branch, *tag;
	const char *more;   /**< whole header lines with their CRLF */
	unsigned from_port; /**< of the source; 0: 5060             */
	const char *source; /**< its address; NULL: 127.0.0.1       */
};

/** A tenant with a file of its own. */
struct rig_tenant {
	const char *name;
	const char *yaml; /**< '@' stands for the rig's folder */
};

/** @param yaml  '@' stands for the rig's folder, which holds key.pem, chain.pem,
 *  anchors.pem and other.pem, the root of nobody */
struct rig *rig_new(const char *yaml);

/** With tenants of their own; all others are nobody's unless tenants.fallback says so. */
struct rig *rig_new_with(const char *yaml, const struct rig_tenant *tenants, size_t count);
void rig_free(struct rig *rig);

/** Builds a tenant and trust of another configuration and swaps them in, as a reload does. */
void rig_reload(struct rig *rig, const char *yaml);
void rig_reload_with(struct rig *rig, const char *yaml, const struct rig_tenant *tenants,
		     size_t count);

/** Prints an INVITE.  @return its length */
size_t rig_print(const struct dial *dial, char *out, size_t size);

/** Hands bytes to the front as a datagram from 127.0.0.1:port. */
void rig_datagram(struct rig *rig, const char *bytes, size_t len, unsigned port);

/** ... from any address, "192.0.2.1:5060". */
void rig_datagram_from(struct rig *rig, const char *bytes, size_t len, const char *source);

/** What was counted for a tenant, or for "TENANT/TRUNK". */
uint64_t rig_tally(const struct rig *rig, const char *name, enum tally_count what);

/** Hands an INVITE to the front.  @return the answer that came at once, or "" */
const char *rig_dial(struct rig *rig, const struct dial *dial);

/** The oldest answer not taken yet, or "".  Good until the next call. */
const char *rig_take(struct rig *rig);
const struct rig_answer *rig_take_answer(struct rig *rig);
size_t rig_answers(const struct rig *rig);

/** Ends the oldest job: with the chain (SK_OK) or with a failure. */
void rig_serve(struct rig *rig, enum sk_err err);

/** Ends the oldest job with other bytes. */
void rig_serve_bytes(struct rig *rig, const char *bytes, size_t len);

/** Runs the loop until an answer is there, or 60 s. */
const char *rig_wait(struct rig *rig);

/** A PASSporT to be signed by the rig's key; NULL is the usual thing. */
struct rig_token {
	enum sk_ppt ppt;
	const char *x5u, *orig, *dest, *div;
	int64_t iat;
	const struct sk_rph *rph;
	const struct sk_rcd *rcd;
	bool spoiled;          /**< its signature is wrong */
	enum sk_attest attest; /**< of a shaken one; 0: A */
};

/** Prints an Identity value. */
void rig_token(const struct rig_token *token, char *out, size_t size);

/** Prints "Identity: ...\r\n", signed by the rig's key. */
void rig_identity(const struct rig *rig, const char *x5u, const char *orig, const char *dest,
		  int64_t iat, char *out, size_t size);

/** The value of a header line of an answer, "" when it is not there.  Good until the next call. */
const char *rig_header(const char *answer, const char *name);
