/**
 * @file keystore_state.h  What a keystore is made of: for keystore.c and keystore_load.c alone
 */
#pragma once

#include "redirector/keys/keystore.h"
#include "redirector/keys/patterns.h"

/** One certificate with its key. */
struct keystore_entry {
	char *name;        /* of its credential */
	char *certificate; /* its file; "" without one */
	bool next;
	_Atomic bool refused;
	struct sk_key *key;                              /* NULL: in a token */
	struct token_key *token;                         /* NULL: in this process */
	struct sk_chain *chain;                          /* NULL: no certificate is configured */
	struct published *published;                     /* NULL: the same */
	struct sk_credential *credentials[SK_PPT_OTHER]; /* by type; all share the key */
};

/** A credential: its certificate, and behind it the next one. */
struct keystore_member {
	char *spc;           /* the provider code it is for, or "" */
	size_t first, count; /* in entries: 1, or 2 with a next one */
};

enum {
	KEYSTORE_NOBODY = -1,
};

struct keystore {
	struct keystore_entry *entries;
	size_t entry_count;
	struct keystore_member *members;
	size_t member_count;
	ptrdiff_t usual; /* the member that signs what no pattern has, or KEYSTORE_NOBODY */
	struct patterns *patterns;
};
