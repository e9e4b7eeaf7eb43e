/**
 * @file input.h  What commands are given: numbers, tokens, certificates, trust
 *
 * Every function says on stderr what is wrong and returns the exit status to
 * leave with; CLI_YES means go on.  Outputs are set only then.
 */
#pragma once

#include "cli/args.h"
#include "cli/cli.h"
#include "shaken/cert.h"
#include "shaken/claims.h"
#include "shaken/identity.h"
#include "shaken/macro.h"
#include "shaken/span.h"
#include "shaken/tn.h"
#include "shaken/trust.h"

#include <stdbool.h>
#include <sys/types.h>

enum {
	INPUT_MAX = 65536, /**< most bytes read from standard input */
};

/** Reads standard input to its end.  @param text  Room for `size` + 1 bytes
 *  @return the length, or -1; more than `size` bytes are `size` + 1 */
ssize_t input_stdin(char *text, size_t size);

/** How the user writes numbers: --country, --international, --trunk; each may be NULL. */
SK_MUSTCHECK
int input_plan(const struct command *self, const char *country, const char *international,
	       const char *trunk, struct sk_dialplan *out);

/**
 * The number of --orig or --dest, as people write it, or as a SIP or tel URI.  A called party may
 * be a urn as well (urn:service:sos; RFC 9027).
 */
SK_MUSTCHECK
int input_number(const struct command *self, const char *option, const char *text,
		 const struct sk_dialplan *plan, enum sk_role role, struct sk_party *out);

/** A type of PASSporT that can be made and judged: shaken, div, rph or rcd. */
SK_MUSTCHECK
int input_ppt(const struct command *self, const char *text, enum sk_ppt *out);

/** One of the letters A, B and C. */
SK_MUSTCHECK
int input_attest(const struct command *self, const char *text, enum sk_attest *out);

/** What the user says of the rules for certificates. */
struct input_rules {
	const char *profile; /**< "off", "warn" or "strict"; NULL: warn */
	bool crl_required;
	bool delegates;
	bool no_p384;
};

SK_MUSTCHECK
int input_rules(const struct command *self, const struct input_rules *said,
		struct sk_trust_rules *out);

/** Identity values, each in a line of its own or behind a comma. */
struct input_identities {
	struct sk_span values[SK_IDENTITY_MAX];
	size_t count; /**< at least 1 */
	char *text;   /**< memory behind the values, or NULL; free() it also after a failure */
};

/**
 * The arguments, or standard input for `-` and for none.  A header name in front and white
 * space around a value are taken off.
 *
 * @param out  Zeroed before
 */
SK_MUSTCHECK
int input_identities(const struct command *self, const struct args_list *rest,
		     struct input_identities *out);

/**
 * A chain from a file.
 *
 * @param err  Set to SK_OK, or to why the file holds no chain (then `out` is not set)
 */
SK_MUSTCHECK
int input_chain(const struct command *self, const char *path, struct sk_chain **out,
		enum sk_err *err);

/** Where the trust comes from. */
struct input_trust {
	const struct args_list *anchors; /**< files, and folders of *.pem, *.crt and *.cer    */
	const struct args_list *crls;    /**< revocation lists                                */
	const struct args_list *signers; /**< of them, beside the anchors and the chain's own */
	const char *chain;               /**< the file of the chain; NULL: not known yet      */
	int64_t now;
};

/** Reads all that.  Says on stderr, too, when a revocation list counts for nobody. */
SK_MUSTCHECK
int input_trust(const struct command *self, const struct sk_trust_rules *rules,
		const struct input_trust *from, struct sk_trust **out);
