/*
 * Hosts that have answered: who came first stays, whatever a stranger has names for.
 */
#include "redirector/certs/known.h"
#include "tests/check.h"

#include <stdio.h>

#define LAPSE (KNOWN_LAPSE * INT64_C(1000))

static struct sk_span numbered(unsigned i)
{
	static char name[32];

	return (struct sk_span){ name, (size_t)snprintf(name, sizeof(name), "n%u.example", i) };
}

int main(void)
{
	SK_CLEANUP(known_free_p) struct known *k = known_new();
	const struct sk_span first = SK_SPAN("cert.example"), next = SK_SPAN("next.example");
	unsigned learnt = 0;

	CHECK(!known_has(k, first), "nobody at first");
	known_failed(k, first);
	known_answered(k, first, 0);
	CHECK(known_has(k, first) && known_has(k, SK_SPAN("CERT.Example")), "it answered");
	CHECK(!known_has(k, SK_SPAN("cert.example.org")) && !known_has(k, SK_SPAN("ert.example")),
	      "and no other");
	known_failed(k, SK_SPAN("Cert.EXAMPLE"));
	CHECK(!known_has(k, first), "it failed: anew");
	known_answered(k, first, 0);
	known_answered(k, next, 1);

	for (unsigned i = 0; i < 3 * KNOWN_HOSTS; i++) {
		known_answered(k, numbered(i), 1000);
		learnt += known_has(k, numbered(i));
	}
	CHECK(learnt == KNOWN_HOSTS - 2, "as many as there is room for: %u", learnt);
	CHECK(known_has(k, first) && known_has(k, next), "who was there stays");

	known_answered(k, first, LAPSE - 1);
	known_answered(k, numbered(7000), LAPSE);
	CHECK(known_has(k, numbered(7000)) == false && known_has(k, next), "not for long yet");
	known_answered(k, numbered(7000), LAPSE + 1);
	CHECK(known_has(k, numbered(7000)) && !known_has(k, next), "silent for long: gives way");
	CHECK(known_has(k, first), "who answers stays");
	known_failed(k, numbered(7000));
	known_answered(k, next, LAPSE + 2);
	CHECK(known_has(k, next), "who fails makes room");
	return check_result();
}
