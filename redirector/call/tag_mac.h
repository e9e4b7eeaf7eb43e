/**
 * @file tag_mac.h  The keyed hash of a front: To tags, origids, replays, hashed numbers
 */
#pragma once

#include "config/conf.h"
#include "shaken/mac.h"

/**
 * @param key   SK_MAC_KEY bytes, the same in all workers; read here alone.  NULL: of sip.tag-key,
 *              or one that is made up
 *
 * @return NULL on failure
 */
struct sk_mac *tag_mac_new(const uint8_t *key, const struct conf *conf);
