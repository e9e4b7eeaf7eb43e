/**
 * @file tenant_conf.h  The configuration of one tenant
 *
 * A text that was not set is "" (never NULL), a list that was not set has count 0.
 * What a tenant's file leaves out is as in the main file.
 */
#pragma once

#include "config/words.h"
#include "redirector/base/addr.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_list {
	char **items; /**< owned */
	size_t count;
};

/** Named members of a group (`trunks:`, `credentials:`); the name is each one's first field. */
struct members {
	void *items; /**< owned; an array of the group's struct */
	size_t count;
};

/** Pairs of texts: x5u -> certificate file. */
struct text_map {
	char **keys;   /**< owned */
	char **values; /**< owned */
	size_t count;
};

/** Who a request must be to be a tenant's: all that is set must hold. */
struct match_conf {
	struct net_list sources;    /**< empty: those of sip.sources                      */
	struct text_list listeners; /**< as in sip.listen                                 */
	struct text_list hosts;     /**< of the Request-URI                               */
	struct text_list tls_names; /**< of the client's certificate                      */
	struct text_list headers;   /**< values of tenants.header                         */
};

/** What to do with a call, by how it came; the first that says something counts. */
struct function_conf {
	char *header;              /**< request header: sign, verify, auto, pass          */
	char *parameter;           /**< parameter of the From URI: sti-as, sti-vs, ...    */
	struct text_map hosts;     /**< host of the Request-URI -> function               */
	struct text_map listeners; /**< listener -> function                              */
};

/** A customer or gateway of a tenant, as it shows in a request. */
struct trunk_conf {
	char *name;
	struct net_list sources;
	struct text_list listeners; /**< ours it comes to; empty: any                     */
	struct text_list groups;    /**< values of match.trunk-parameter or match.trunk-header */
	char *customer;             /**< in the number store; "": any of the tenant's        */
	enum conf_attest attest;    /**< when the number is not known to be the customer's   */
	bool may_say;               /**< its headers for attestation, origid, credential and
					 numbers count                                       */
	char *credential;           /**< "": by spc, by number, or the default               */
	char *spc;                  /**< the credential of this provider code; "": none      */
	int64_t rate, burst;        /**< calls a second; 0: no limit                         */
};

/** A key and its certificate; `sign.key` and so on are the one named "default". */
struct credential_conf {
	char *name;
	char *key;         /**< PEM file, "credential:NAME" of systemd, or "pkcs11:..."   */
	char *certificate; /**< PEM file                                                  */
	char *x5u;
	char *next_key;         /**< "": `key`                                                    */
	char *next_certificate; /**< takes over when it is valid; "": none                */
	char *next_x5u;         /**< "": `x5u`                                            */
	char *spc;              /**< the provider code it is for; "": none                */
	struct text_list numbers; /**< "+1404555*", "+14045550100-+14045550199"           */
};

/** Who may ask by HTTP.  All that is set must hold: a key, a certificate, an address. */
struct client_conf {
	char *name;
	struct text_list keys;      /**< "sha256:HEX" of bearer keys (`shaken key`); any of them  */
	struct text_list tls_names; /**< of the client's certificate; any of them                 */
	struct net_list sources;    /**< empty: those of http.sources                             */
	bool sign, verify;          /**< what it may ask                                          */
	char *trunk;                /**< whose limits and rules count; "": the tenant's           */
	enum conf_attest attest;    /**< the best attestation that it may say                     */
};

/** Lists of the number store, and what becomes of a calling number that is on one. */
struct lists_conf {
	enum conf_list_use do_not_originate;
	enum conf_list_use block;
	enum conf_allow_use allow;
};

/** What is done about a calling number, by finding. */
struct actions_conf {
	enum conf_action missing; /**< no Identity                                     */
	enum conf_action passed;
	enum conf_action failed;     /**< TN-Validation-Failed                            */
	enum conf_action unverified; /**< an Identity, and No-TN-Validation               */
	char *alert_missing;         /**< "{name}" and what stands around it              */
	char *alert_passed;
	char *alert_failed;
	char *alert_unverified;
	char *alert_listed; /**< on the block or do-not-originate list           */
};

struct limits_conf {
	int64_t rate;  /**< calls a second; 0: no limit                                   */
	int64_t burst; /**< how many at once                                              */
	enum conf_over_limit over;
	int64_t fetches; /**< certificates fetched a minute for this tenant; 0: no limit */
	int64_t waiting; /**< calls that may wait at once; 0: sip.waiting-max        */
};

struct sign_conf {
	char *key;                       /**< PEM file, "": no signing                           */
	char *certificate;               /**< PEM file, "": not checked against the key          */
	char *x5u;                       /**< where verifiers find the certificate               */
	enum conf_attest attest;         /**< when no header says otherwise                      */
	struct text_list attest_headers; /**< request headers, first one that is there counts  */
	struct net_list attest_sources;  /**< who may say the attestation; empty: nobody       */
	enum conf_origid origid;
	char *origid_value;              /**< UUID of `fixed`                                    */
	struct text_list origid_headers; /**< of `header`; the first one that is there counts  */
	enum conf_orig_source orig_source;
	enum conf_no_orig no_orig;
	enum conf_stale_sign stale_date;
	enum conf_fault fault;
	enum conf_check_x5u check_x5u;  /**< is the certificate where x5u says                  */
	bool by_number;                 /**< attestation by the number store                    */
	char *credential_header;        /**< request header that names the credential; "": none */
	char *spc_header;               /**< request header with its provider code; "": none    */
	char *orig_header;              /**< request header with the calling number; "": none   */
	char *dest_header;              /**< ... the called number                              */
	struct text_list dummies;       /**< called numbers of heartbeats: never billed         */
	bool div;                       /**< sign div when a call was retargeted (RFC 8946) */
	struct text_list rph;           /**< "esnet.0", "ets.*": what we may authorize      */
	enum conf_rcd rcd;              /**< where rcd claims go (RFC 9795)                 */
	char *rcd_name;                 /**< nam; "": the display name of From              */
	char *rcd_icon;                 /**< icn, an https URL; "": none                    */
	char *rcd_reason;               /**< crn; "": none                                  */
	enum conf_by_profile bypass;    /**< P-Identity-Bypass when we cannot sign          */
	char *bypass_value;             /**< its value                                      */
	enum conf_by_profile diversion; /**< Diversion makes A a C, more than 5 are a loop  */
};

struct verify_conf {
	int64_t max_age;  /**< seconds */
	int64_t max_skew; /**< seconds */
	enum conf_date_check date_check;
	enum conf_by_profile alg_required;
	enum conf_by_profile extra_params_refused;
	enum conf_by_profile unknown_ppt_refused;
	enum conf_by_profile bypass; /**< P-Identity-Bypass excuses a missing Identity */
	enum conf_code_choice header_claim_code; /**< alg, ppt, typ or x5u missing: 436 | 438  */
	enum conf_code_choice typ_code;          /**< typ is not passport: 437 | 438           */
	enum conf_code_choice constraint_code;   /**< a broken claim constraint: 437 | 438     */
	struct text_map verstat; /**< outcome or class -> "no" | "failed"                      */
	bool rph;                /**< judge rph beside a Resource-Priority (RFC 8443)          */
	bool rcd;                /**< judge rcd claims (RFC 9795)                              */
	int64_t div_max_age;     /**< seconds; inner PASSporTs of a diverted call              */
	enum conf_replay replay; /**< the same PASSporT in another call                        */
	int64_t replay_entries;  /**< how many PASSporTs are remembered                        */
	bool div;                /**< check the chain of a diverted call (RFC 8946)            */
	enum conf_by_profile identity_required; /**< no Identity: 428, not a plain answer  */
	enum conf_on_failure on_failure;
	enum conf_fault fault;
	struct text_map certificates; /**< x5u -> file; these are never fetched               */
	bool fetch;                   /**< fetch the certificates that are not in the map     */
};

struct answer_conf {
	enum conf_preset preset;
	enum conf_code code;
	enum conf_contact contact;
	char *contact_template; /**< "sip:{user}@next.example.net;user=phone"           */
	unsigned identity_in;   /**< IDENTITY_IN_...                                    */
	unsigned verstat_in;    /**< VERSTAT_IN_...                                     */
	char *verstat_header;   /**< name                                               */
	bool verstat_suffix;    /**< "-A" behind TN-Validation-Passed, and so on        */
	char *attest_header;    /**< name, "": none                                     */
	char *origid_header;    /**< name, "": none                                     */
	char *name_header;      /**< the verified rcd name; "": none                    */
	char *priority_header;  /**< the verdict on rph; "": none                       */
	enum conf_reason reason;
	enum conf_nothing nothing; /**< nothing to sign and nothing to verify              */
	char *pai_header;          /**< what P-Asserted-Identity is called in the answer   */
	enum conf_pai_verstat pai_verstat; /**< where it has the verstat               */
	enum conf_block block;
	char *block_url; /**< redress address of a 603+ (ATIS-1000099); "": none      */
	char *block_tel;
	char *block_email;
	char *block_location; /**< location parameter of its Reason: LN, TN, RLN, ...      */
	char *block_card;     /**< https URL of the jwscard of a 608; "": none             */
};

/** Per tenant: which records are written. */
struct records_conf {
	bool calls;
	enum conf_numbers numbers;
};

/** Whose calls these are, and how they are treated.  One file may hold one tenant. */
struct tenant_conf {
	char *name;
	enum conf_profile profile;
	enum conf_mode mode;
	struct match_conf match;
	char *trunk_parameter;      /**< of the From URI, such as otg; "": none               */
	char *trunk_header;         /**< request header; "": none                             */
	struct members trunks;      /**< struct trunk_conf                                 */
	struct members credentials; /**< struct credential_conf                            */
	struct members clients;     /**< struct client_conf                                */
	struct function_conf function;
	struct lists_conf lists;
	struct actions_conf actions;
	struct limits_conf limits;
	struct records_conf records;
	struct sk_dialplan dialplan; /**< from numbers.country, .international, .trunk,
					.bare-digits, .min-digits */
	struct sign_conf sign;
	struct verify_conf verify;
	struct answer_conf answer;
};
