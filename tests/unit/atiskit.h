/**
 * @file atiskit.h  Good requests of ATIS-1000082, its exceptions as text, and somebody who asks
 */
#pragma once

#include "redirector/http/atis.h"
#include "tests/unit/apikit.h"

#define ORIGID "123e4567-e89b-12d3-a456-426655440000"
#define REQUEST \
	"{\"signingRequest\":{\"attest\":\"A\",\"dest\":{\"tn\":[\"12155551213\"]}," \
	"\"iat\":1443208345,\"orig\":{\"tn\":\"12155551212\"},\"origid\":\"" ORIGID "\"}}"
#define TOKEN "e30.e30.c2ln;info=<https://a.example/c>;alg=ES256;ppt=shaken"
#define QUESTION \
	"{\"verificationRequest\":{\"from\":{\"tn\":\"12155551212\"}," \
	"\"to\":{\"tn\":[\"12155551213\"]},\"time\":1443208345,\"identity\":\"" TOKEN "\"}}"
#define SIGNING      "/stir/v1/signing"
#define VERIFICATION "/stir/v1/verification"
#define SERVICE(id, text, variables) \
	"{\"requestError\":{\"serviceException\":{\"messageId\":\"" id \
	"\",\"text\":\"Error: " text "\",\"variables\":[" variables "]}}}"
#define POLICY(id, text, variables) \
	"{\"requestError\":{\"policyException\":{\"messageId\":\"" id "\",\"text\":\"Error: " text \
	"\",\"variables\":[" variables "]}}}"
#define MISSING(name) SERVICE("SVC4001", "Missing mandatory parameter '%1'.", "\"" name "\"")
#define INVALID(name, what) \
	SERVICE("SVC4005", "Invalid '%1' parameter value: %2.", "\"" name "\",\"" what "\"")
#define OURS POLICY("POL5000", "Internal Server Error. Please try again later.", "")
#define BUSY POLICY("POL5030", "Service is busy. Please try again later.", "")

static bool on = true;
static struct routes routes;
static struct exchange exchange;
static struct client client;
static struct client_conf rights;

static inline void post(const char *path, const char *body)
{
	kit_post(&routes, &exchange, &client, path, body);
	CHECK(exchange.answers == 1, "%s %s: answered once", path, body);
	CHECK_STR(exchange.type, "application/json", "type");
}

static inline void expect(unsigned status, const char *body, const char *what)
{
	CHECK(exchange.status == status, "%s: got %u, want %u", what, exchange.status, status);
	CHECK_STR(exchange.body, body, what);
}

/* Everything but what is tested: one tenant, one client who may all. */
static inline struct atis *kit_atis(void)
{
	const struct api_parts parts = { .desk = NULL };
	struct call *call = kit_call("numbers: {country: 1}\n");
	struct atis *atis = atis_new(&parts);

	if (!atis)
		exit(1);
	atis_add(atis, &on, &routes);
	kit_desk.call = call;
	client = (struct client){ .tenant = call->tenant, .set = &rights };
	rights = (struct client_conf){ .sign = true, .verify = true, .attest = CONF_ATTEST_A };
	snprintf(call->identity, sizeof(call->identity), "%s", TOKEN);
	call->identity_len = strlen(call->identity);
	call->facts.identities[0] = SK_SPAN(TOKEN);
	call->facts.identity_count = call->judged_count = 1;
	return atis;
}
