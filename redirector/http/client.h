/**
 * @file client.h  Who asks by HTTP: a tenant's client, or a viewer
 *
 * Made of the settings once per reload (authorization.h), then only read.  Whoever keeps one
 * across a wait keeps a reference of its clients.
 */
#pragma once

#include "config/conf.h"
#include "redirector/call/tenant.h"

#include <stdbool.h>

/** One entry of `clients` of a tenant. */
struct client {
	struct tenant *tenant;          /**< lives as long as the clients                      */
	const struct client_conf *set;  /**< the same                                          */
	const struct trunk_conf *trunk; /**< of clients.*.trunk; NULL: none                   */
};
