/**
 * @file desk_kit.h  A desk beside the rig's front, its questions, and what came of them
 */
#pragma once

#include "redirector/http/desk.h"
#include "tests/check.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <string.h>

struct desk_kit {
	struct rig *rig;
	struct desk *desk;
	struct client client;
	struct addr source, local;
	struct steps steps;

	/* what came of the last question */
	unsigned answers;
	enum sk_err err;
	enum sk_verstat verstat;
	bool over_limit, waited;
	struct sk_claims claims;
	char identity[SK_IDENTITY_SIZE];
	size_t extras;
};

/* Of the main file's tenant and its first client. */
static inline void kit_client(struct desk_kit *k)
{
	const struct tenant_conf *set = k->rig->tenant->set;
	const struct client_conf *clients = set->clients.items;
	const struct trunk_conf *trunks = set->trunks.items;

	k->client = (struct client){ .tenant = k->rig->tenant, .set = &clients[0] };
	for (size_t i = 0; i < set->trunks.count; i++)
		if (strcmp(trunks[i].name, clients[0].trunk) == 0)
			k->client.trunk = &trunks[i];
}

static inline bool kit_open(struct desk_kit *k)
{
	struct rig *r = k->rig;
	struct desk_parts parts = { .loop = r->loop,
				    .log = r->log,
				    .clock = &r->clock,
				    .certs = r->certs,
				    .counters = &r->counters,
				    .tokens = r->tokens,
				    .tally = r->tally,
				    .steps = &k->steps };
	char why[256] = "";

	return desk_new(&parts, r->directory, &k->desk, why);
}

/** @param yaml  Has a client */
static inline void kit_begin(struct desk_kit *k, const char *yaml)
{
	memset(k, 0, sizeof(*k));
	k->rig = rig_new(yaml);
	kit_client(k);
	if (!kit_open(k) || !addr_parse(SK_SPAN("192.0.2.9:6060"), &k->source) ||
	    !addr_parse(SK_SPAN("[2001:db8::1]:8080"), &k->local))
		exit(1);
}

static inline void kit_end(struct desk_kit *k)
{
	desk_free(k->desk);
	rig_free(k->rig);
}

static inline void kit_done(void *arg, const struct call *call)
{
	struct desk_kit *k = arg;

	k->answers++;
	k->err = call->err;
	k->verstat = profile_outcome(&call->tenant->profile, call->err).verstat;
	k->over_limit = call->over_limit;
	k->waited = call->waited;
	k->claims = call->claims;
	k->extras = call->extra_count;
	memcpy(k->identity, call->identity, call->identity_len);
	k->identity[call->identity_len] = '\0';
}

static inline struct sk_party kit_number(const char *digits)
{
	struct sk_party p = { .kind = digits ? SK_PARTY_TN : SK_PARTY_NONE };

	if (digits)
		snprintf(p.text, sizeof(p.text), "%s", digits);
	return p;
}

/** A question of the usual numbers. */
static inline struct asked kit_asked(enum task task)
{
	struct asked a = { .task = task,
			   .ppt = SK_PPT_SHAKEN,
			   .from = kit_number(RIG_ORIG),
			   .to = { kit_number(RIG_DEST) },
			   .to_count = 1 };

	return a;
}

/** @return what desk_ask() returns; the outcome is in `k` */
static inline enum sk_err kit_ask(struct desk_kit *k, const struct asked *asked,
				  const char *identity, const char *id)
{
	struct sk_span one = sk_span_of(identity ? identity : "");
	struct desk_question q = { .client = &k->client,
				   .asked = *asked,
				   .identities = &one,
				   .identity_count = identity != NULL,
				   .source = &k->source,
				   .local = &k->local,
				   .transport = "http",
				   .id = sk_span_of(id),
				   .interface = "atis" };

	k->answers = 0;
	k->identity[0] = '\0';
	return desk_ask(k->desk, &q, kit_done, k);
}
