/**
 * @file diversion.h  How often a call was diverted on its way to us (RFC 5806)
 */
#pragma once

#include "redirector/call/facts.h"

enum {
	DIVERSIONS_MAX = 5, /**< more of them are a loop (French MAN) */
};

/** By the values of Diversion, or by what they count if that is more: a counter of 0 does not
 * unmake the value it stands at. */
size_t diversion_count(const struct facts *facts);
