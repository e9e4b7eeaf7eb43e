/**
 * @file certs_chains.h  What a repository may serve, by name, and whom to trust for it
 *
 *   good rolled revoked    three leaves under one root; `rolled` has another key
 *   short                  its leaf ends an hour after PKI_NOW
 *   issuer                 its intermediate ends an hour after PKI_NOW, its leaf later
 *   leap                   its leaf is good from 1 to 29 February 2028, to the last second
 *   other                  under another root
 *   mixed                  the leaf of `good` above the intermediate of `other`
 *   html empty cut         no chain at all
 */
#pragma once

#include "pki.h"
#include "shaken/trust.h"

/** Makes all of them.  Once, first. */
void chains_init(void);

/** Aborts when there is none of this name. */
const struct pki_text *chains_get(const char *name);

/** good, other, or crl: as good, with a list that names `revoked`. */
struct sk_trust *chains_trust(const char *name);
