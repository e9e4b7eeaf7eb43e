/**
 * @file nets.h  Networks of many owners, asked by one lookup for each length of prefix
 *
 * Filled, then only read, by any number of threads.  Not keyed: only who writes the
 * configuration puts networks in, and a stranger's address does not stay.
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nets;

/** @return NULL when out of memory */
struct nets *nets_new(void);
void nets_free(struct nets *nets);
SK_DEFINE_CLEANUP(struct nets, nets_free)

/** Puts all networks of the list in, with these marks (bits); one that is there gets them, too.
 *  @return false when out of memory; some of them may be in */
SK_MUSTCHECK
bool nets_add(struct nets *nets, const struct net_list *list, unsigned marks);

/** The marks of all networks that have the address; 0: none has. */
unsigned nets_marks(const struct nets *nets, const struct addr *addr);

/** The network of that length that the address lies in. */
struct net nets_of(const struct addr *addr, uint8_t bits);

/** For tables of networks: well mixed, the same in every process. */
uint64_t nets_hash(const struct net *net);

SK_MUSTCHECK
bool nets_same(const struct net *a, const struct net *b);
