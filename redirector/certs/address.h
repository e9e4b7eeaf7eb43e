/**
 * @file address.h  May a certificate be asked for at this IP address?
 *
 * Anyone who can send a call can name the host that we then connect to.  So only
 * addresses of the public Internet are asked: everything in the IANA registries
 * of special-purpose addresses is refused (RFC 6890 and its registry), and an
 * IPv6 address that carries an IPv4 address is judged by that one.
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/macro.h"

#include <stdbool.h>

/** Pure; anything but IPv4 and IPv6 is refused. */
SK_MUSTCHECK
bool address_may_ask(const struct addr *addr);
