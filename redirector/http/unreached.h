/**
 * @file unreached.h  Certificates that we host, and that not everybody gets
 *
 * Another route has their path for who is in http.sources, or a request for it is refused.
 *
 * It costs nobody a call here; at verifiers all calls fail that are signed with them.
 */
#pragma once

#include "config/load.h"
#include "redirector/base/log.h"
#include "redirector/call/directory.h"
#include "redirector/http/route.h"
#include "shaken/macro.h"

#include <stdbool.h>

/** A line for each.  @param routes  Of the server, with hosting's among them, switched on */
void unreached_log(const struct directory *directory, const struct routes *routes, struct log *log);

/**
 * For --check: a text for each, with the setting, if hosting.serve is on.
 *
 * @return false: out of memory
 */
SK_MUSTCHECK
bool unreached_find(const struct directory *directory, struct complaints *out);
