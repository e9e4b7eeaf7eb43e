/**
 * @file check.h  The rules across settings; shared by the files that hold them
 *
 * Each complaint names the setting to change and the remedy; its place is the one in
 * the file that made the rule apply.
 */
#pragma once

#include "config/loading.h"
#include "config/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

static inline bool is_set(const char *text)
{
	return text[0] != '\0';
}

/* Where the file sets it; nowhere when it does not. */
static inline struct place place_of(const struct loading *l, const char *path)
{
	const struct node *node = loading_node(l, path);

	return node ? node->place : (struct place){ 0, 0 };
}

/* Of two settings that do not go together, the one that the file sets. */
static inline struct place place_of_either(const struct loading *l, const char *a, const char *b)
{
	return loading_node(l, a) ? place_of(l, a) : place_of(l, b);
}

/* The place of an entry of a list or mapping. */
static inline struct place entry_place(const struct loading *l, const char *path, size_t i)
{
	const struct node *node = loading_node(l, path);

	return node && i < node->count ? node->items[i]->place : (struct place){ 0, 0 };
}

/* Where a member sets it, or else where the member starts. */
static inline struct place member_place(const struct loading *l, const char *path,
					const char *member)
{
	const struct node *node = loading_member(l, path, member);
	char section[CONF_NAME_SIZE];

	if (node)
		return node->place;
	snprintf(section, sizeof(section), "%.*s", (int)strcspn(path, "."), path);
	node = tree_get(tree_get(l->root, section), member);
	return node ? node->key_place : (struct place){ 0, 0 };
}

/* The place of an entry of a list of a member. */
static inline struct place member_entry_place(const struct loading *l, const char *path,
					      const char *member, size_t i)
{
	const struct node *node = loading_member(l, path, member);

	return node && i < node->count ? node->items[i]->place : member_place(l, path, member);
}

/* Does the tenant that is judged get calls?  With a folder the main file's own may get none. */
static inline bool gets_calls(const struct loading *l, const struct conf *conf)
{
	return l->main || !is_set(conf->tenants.folder) || conf->tenants.fallback;
}

/* Is it the file's own wish?  What a tenant has from the main file need not fit to what it changes,
 * also where a printed file repeats it. */
bool is_wished(const struct loading *l, const struct conf *conf, const char *path);

/* Is there a key to sign with? */
static inline bool has_key(const struct tenant_conf *tenant)
{
	return is_set(tenant->sign.key) || tenant->credentials.count > 0;
}

/* Is one of the credentials for this provider code? */
bool is_spc_of(const struct tenant_conf *tenant, const char *spc);

/* Does its word on the signature count: of a trunk, or of attest-sources? */
bool somebody_may_say(const struct tenant_conf *tenant);

/* Letters, digits and marks only: what may stand unquoted in a header (RFC 3261, 25.1: token). */
bool is_token(const char *text);

/* A host as a URI names it: a name, an IPv4 address, or an IPv6 address in brackets. */
bool is_host(const char *text);

/* Do two that listen for TCP want the same port: the same address, or one has all? */
bool addr_meets(const struct addr *a, const struct addr *b);

/* Is there an https: listener? */
bool speaks_https(const struct conf *conf);

/* Does it ask clients of https for certificates that it could believe? */
bool asks_for_names(const struct conf *conf);

/* Does somebody ask from other machines without TLS, so that his key can be read on the way? */
bool shows_keys(const struct conf *conf);

/* "sha256:" and 64 hexadecimal digits. */
bool is_key_hash(const char *text);

/** Complains of what is none. */
void complain_of_key(struct loading *l, struct place place, const char *path);

/* Is there a listener for TLS? */
bool speaks_tls(const struct conf *conf);

/* The same listener as the text of sip.listen, port 0 and all; or the TCP one beside a "udp:". */
bool is_listener_of(const struct sip_conf *sip, const char *text);

/* Does `inner` lie in one of the networks? */
bool nets_cover(const struct net_list *list, const struct net *inner);

/* Is there anybody to trust, now or when it has been fetched? */
bool has_anchors(const struct trust_conf *trust);

/** Complains unless `url` may be asked: "path: "..." is no address of WHAT". */
void check_url(struct loading *l, const struct conf *conf, const char *path, struct place place,
	       const char *url, const char *what);

/** Warns of a burst without a rate. */
void check_burst(struct loading *l, const char *burst, const char *rate, int64_t per_second);

void check_signing(struct loading *l, const struct conf *conf);   /**< sign.*                    */
void check_verifying(struct loading *l, const struct conf *conf); /**< verify.*                  */
void check_anchors(struct loading *l, const struct conf *conf);   /**< verifying needs trust     */
void check_trust(struct loading *l, const struct conf *conf);     /**< trust.*                   */
void check_certs(struct loading *l, const struct conf *conf);     /**< certs.*                   */
void check_answer(struct loading *l, const struct conf *conf);    /**< answer.*, actions.*       */
void check_credentials(struct loading *l,
		       const struct conf *conf); /**< credentials, keys in tokens */
void check_tenant(struct loading *l,
		  const struct conf *conf); /**< match, trunks, function, lists */
void check_clients(struct loading *l, const struct conf *conf); /**< clients                     */
void check_http(struct loading *l, const struct conf *conf);    /**< http.*, hosting.*, hep.*    */
