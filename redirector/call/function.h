/**
 * @file function.h  What to do with a call, and from which trunk it came: by the tenant's settings
 */
#pragma once

#include "redirector/call/facts.h"
#include "redirector/call/tenant.h"

/**
 * The mode of a request: the first of function.header, function.parameter, function.hosts,
 * function.listeners, tenant.mode that says something.  An unknown word in a header or
 * parameter says nothing.
 */
enum conf_mode function_mode(const struct tenant *tenant, const struct facts *facts);

/**
 * "sign", "sti-as" -> MODE_SIGN; "verify", "sti-vs" -> MODE_VERIFY; "auto", "pass"; any case.
 *
 * @return false: another word
 */
SK_MUSTCHECK
bool function_word(struct sk_span word, enum conf_mode *out);

/** The trunk: the first of the tenant's whose sources and groups both hold; NULL: none. */
const struct trunk_conf *function_trunk(const struct tenant *tenant, const struct facts *facts);

/** A parameter of the From URI ("otg" of <sip:+1404...;otg=0002@h;qtype=x>), in the user part or
 * behind the host; empty with `ptr` NULL: none. */
struct sk_span function_from_parameter(const struct facts *facts, struct sk_span name);
