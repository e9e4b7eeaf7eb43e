/**
 * @file tenant_file.h  One tenant's file, on top of the main file
 *
 * The file has the sections of conf_section_of_tenant().  A setting is the first of these
 * that is there: the file's own, that of the file's answer.preset, the main file's.  Not
 * taken from the main file, because they would give one tenant what is another's:
 * tenant.name (it is the file's name without .yaml), match.*, trunks, credentials,
 * sign.key, sign.certificate, sign.x5u, sign.origid-value, verify.certificates.
 *
 * Blocks; may run in any thread as long as nobody changes `main`.
 */
#pragma once

#include "config/conf.h"
#include "config/load.h"
#include "shaken/macro.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * @param text  The file's bytes, so that whoever compares contents reads them once
 * @param path  The file's name, for complaints, for the tenant's name, and as the start of
 *              relative files
 * @param main  The main file's configuration, checked
 * @param out   Set only on success; the caller frees it
 */
SK_MUSTCHECK
bool tenant_conf_load(const char *text, size_t len, const char *path, const struct conf *main,
		      struct tenant_conf **out, struct complaints *complaints);

/** NULL is allowed.  Not for the one inside a struct conf. */
void tenant_conf_free(struct tenant_conf *set);
SK_DEFINE_CLEANUP(struct tenant_conf, tenant_conf_free)

/** Prints a tenant's settings as YAML that loads to the same. */
void tenant_conf_print(const struct tenant_conf *set, FILE *to);

/** Would a tenant's file come to something else?  Also certs.lab counts. */
SK_MUSTCHECK
bool conf_tenants_differ(const struct conf *a, const struct conf *b);

/**
 * The settings that differ, all of them, one a text: "sip.drain: 5s -> 2s" and, of those that
 * need one, " (after a restart)".  Secrets (sip.tag-key) show only that they differ.
 *
 * @return how many
 */
size_t conf_changes(const struct conf *running, const struct conf *wanted, struct complaints *out);
