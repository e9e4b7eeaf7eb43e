/**
 * @file trust_files.h  The files of `trust:` -> struct sk_trust
 *
 * Read whole or not at all, so that a broken file leaves the trust in use as it
 * is.  The texts stay in memory: a list that is fetched later makes a new trust of
 * the same files, and the event loop never waits for a disk.
 *
 * Anchors may be folders: *.pem, *.crt and *.cer in them, by name.
 */
#pragma once

#include "config/conf.h"
#include "shaken/calist.h"
#include "shaken/macro.h"
#include "shaken/span.h"
#include "shaken/trust.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	TRUST_FILES_WHY_SIZE = 256,    /**< room for a reason, terminator included             */
	TRUST_FILES_CRL_MAX = 2 << 20, /**< bytes of one CRL: one of 50,000 certificates, which is
					  read in about 50 ms, in which no call is answered     */
};

struct trust_files;

/**
 * Read the files.  Blocks; for start and reload.
 *
 * @param now  Seconds since the epoch
 * @param out  Set only on success; the caller frees it
 * @param why  On failure the reason, which names the setting and the file
 */
SK_MUSTCHECK
bool trust_files_read(const struct trust_conf *conf, int64_t now, struct trust_files **out,
		      char why[TRUST_FILES_WHY_SIZE]);
void trust_files_free(struct trust_files *files);
SK_DEFINE_CLEANUP(struct trust_files, trust_files_free)

/**
 * A trust of the files, without the authorities of trust.ca-list.  Does not block.
 *
 * @param missing_until  See struct sk_trust_rules
 * @param out            Set only on success; the caller frees it
 */
SK_MUSTCHECK
bool trust_files_build(const struct trust_files *files, int64_t missing_until,
		       struct sk_trust **out, char why[TRUST_FILES_WHY_SIZE]);

/**
 * The list of trust.ca-list; NULL: none, or its time is over.
 *
 * @param over  Set to whether there is one whose time is over; may be NULL
 */
const struct sk_calist *trust_files_list(const struct trust_files *files, bool *over);

/** The file of trust.crls at this place of the setting, as it was read. */
struct sk_span trust_files_crl(const struct trust_files *files, size_t at);

/** The certificates of trust.administrator and of trust.ca-list-certificate, PEM; may be empty. */
struct sk_span trust_files_administrator(const struct trust_files *files);
struct sk_span trust_files_list_signer(const struct trust_files *files);

/**
 * All at once, with the authorities of trust.ca-list, by the clock of the system.
 * Blocks.  A list whose time is over is a failure here.
 *
 * @param out  Set only on success; the caller frees it
 * @param why  On failure the reason, which names the setting and the file
 */
SK_MUSTCHECK
bool trust_files_load(const struct trust_conf *conf, struct sk_trust **out,
		      char why[TRUST_FILES_WHY_SIZE]);
