/**
 * @file match_values.h  The values that tenants are matched by: read, hashed, compared
 */
#pragma once

#include "redirector/base/addr.h"
#include "redirector/call/facts.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdint.h>

/** The lists of struct match_conf, strongest first. */
enum {
	KIND_TLS,
	KIND_HEADER,
	KIND_HOST,
	KIND_LISTENER,
	KIND_SOURCE,
	KIND_COUNT,
};

enum listener_kind {
	LISTENER_NONE,
	LISTENER_ANY, /**< every address of its family; weaker than one address */
	LISTENER_ONE,
	LISTENER_KINDS,
};

struct listener {
	enum listener_kind kind;
	struct sk_span transport; /**< "udp" */
	struct addr addr;
};

/** "udp:192.0.2.1:5060" */
SK_MUSTCHECK
bool listener_parse(struct sk_span text, struct listener *out);

/** Where a request came to: its own address, or that of every address. */
void listener_of(const struct facts *facts, enum listener_kind kind, struct listener *out);

uint64_t listener_hash(const struct listener *listener);

SK_MUSTCHECK
bool listener_same(struct sk_span a, struct sk_span b);

/** Upper case hashes as lower, a dot at the end not at all. */
uint64_t hash_host(struct sk_span host);
uint64_t hash_text(struct sk_span text);

/** The header when the request has it once; twice is no answer to the question whose call it is. */
struct sk_span only_header(const struct facts *facts, struct sk_span name);
