/**
 * @file conf.h  The configuration: typed, complete, constant
 *
 * Built once by the loader (load.h) from the rows of schema.c, then only read.
 * Counted: whoever keeps one across a wait takes a reference.  Texts and lists
 * are owned by the struct; a text that was not set is "" (never NULL), a list
 * that was not set has count 0.  Files are absolute or relative to the working
 * directory: the loader has resolved them against the configuration file's folder.
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_list {
	char **items; /**< owned */
	size_t count;
};

/** Pairs of texts: x5u -> certificate file. */
struct text_map {
	char **keys;   /**< owned */
	char **values; /**< owned */
	size_t count;
};

enum conf_profile {
	PROFILE_ATIS,
	PROFILE_RFC8224,
	PROFILE_MAN
};

enum conf_strangers {
	STRANGERS_SILENCE,
	STRANGERS_403
};
enum conf_in_dialog {
	IN_DIALOG_302,
	IN_DIALOG_481
};

enum conf_mode {
	MODE_AUTO,
	MODE_SIGN,
	MODE_VERIFY,
	MODE_PASS
};
enum conf_attest {
	CONF_ATTEST_NONE,
	CONF_ATTEST_A,
	CONF_ATTEST_B,
	CONF_ATTEST_C
};
enum conf_orig_source {
	ORIG_BY_PROFILE,
	ORIG_PAI_FIRST,
	ORIG_FROM_FIRST,
	ORIG_FROM_ONLY
};
enum conf_origid {
	ORIGID_DERIVED,
	ORIGID_FIXED,
	ORIGID_HEADER
};
enum conf_no_orig {
	NO_ORIG_CONTINUE,
	NO_ORIG_403,
	NO_ORIG_433
};
enum conf_stale_sign {
	STALE_SIGN_CONTINUE,
	STALE_SIGN_403,
	STALE_SIGN_OWN_CLOCK
};
enum conf_fault {
	FAULT_CONTINUE,
	FAULT_503
};

enum conf_date_check {
	DATE_BY_PROFILE,
	DATE_IAT_ONLY,
	DATE_RFC,
	DATE_STRICT
};
enum conf_by_profile {
	CHOICE_BY_PROFILE,
	CHOICE_NO,
	CHOICE_YES
};
/** A status code on which the documents differ; the value is the code. */
enum conf_code_choice {
	CODE_BY_PROFILE = 0,
	CODE_436 = 436,
	CODE_437 = 437,
	CODE_438 = 438
};
enum conf_replay {
	REPLAY_OFF,
	REPLAY_REPORT,
	REPLAY_REFUSE
};
enum conf_rcd {
	RCD_NONE,     /**< no rcd claims                          */
	RCD_PASSPORT, /**< in a PASSporT of their own, type rcd   */
	RCD_SHAKEN    /**< inside the shaken PASSporT             */
};
enum conf_on_failure {
	FAILURE_CONTINUE,
	FAILURE_REJECT
};

enum conf_code {
	CODE_302,
	CODE_300
};
enum conf_contact {
	CONTACT_SOURCE,
	CONTACT_REQUEST_URI,
	CONTACT_TEMPLATE
};
enum conf_reason {
	REASON_BY_PROFILE,
	REASON_STIR,
	REASON_SIP,
	REASON_NONE
};
enum conf_nothing {
	NOTHING_302,
	NOTHING_404,
	NOTHING_503
};

/** Where the Identity goes (bits). */
enum {
	IDENTITY_IN_HEADER = 1,
	IDENTITY_IN_X_IDENTITY = 2,
	IDENTITY_IN_CONTACT = 4
};

/** Where the verstat goes (bits). */
enum {
	VERSTAT_IN_CONTACT_URI = 1,  /**< URI parameter of the Contact                         */
	VERSTAT_IN_CONTACT_USER = 2, /**< user parameter of the Contact                        */
	VERSTAT_IN_PAI = 4,          /**< P-Asserted-Identity line in the answer               */
	VERSTAT_IN_CONTACT_PAI = 8,  /**< P-Asserted-Identity as header of the Contact URI     */
	VERSTAT_IN_HEADER = 16,      /**< a header of its own, answer.verstat-header           */
};

enum conf_log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_INFO,
	LOG_DEBUG
};
enum conf_log_format {
	FORMAT_KEY_VALUE,
	FORMAT_JSON
};
enum conf_numbers {
	NUMBERS_FULL,
	NUMBERS_MASKED
};

struct sip_conf {
	struct text_list listen;       /**< "udp:192.0.2.1:5060"                               */
	struct net_list sources;       /**< who may send to us                                 */
	enum conf_strangers strangers; /**< what all others get                                */
	int64_t datagram_max;          /**< bytes                                              */
	int64_t headers_max;           /**< header lines                                       */
	int64_t receive_buffer;        /**< SO_RCVBUF, bytes                                   */
	int64_t deadline;              /**< milliseconds until a call must be answered         */
	int64_t drain;                 /**< milliseconds for calls in hand after SIGTERM       */
	int64_t waiting_max;           /**< calls that may wait for a certificate at once      */
	char *tag_key; /**< 32 hex digits shared by all instances; "": made at start */
	enum conf_in_dialog in_dialog; /**< INVITE with a To tag                               */
};

struct sign_conf {
	char *key;                       /**< PEM file, "": no signing                           */
	char *certificate;               /**< PEM file, "": not checked against the key          */
	char *x5u;                       /**< where verifiers find the certificate               */
	enum conf_attest attest;         /**< when no header says otherwise                      */
	struct text_list attest_headers; /**< request headers, first one that is there counts  */
	struct net_list attest_sources;  /**< who may say the attestation; empty: nobody       */
	enum conf_origid origid;
	char *origid_value;  /**< UUID of `fixed`                                    */
	char *origid_header; /**< header name of `header`                            */
	enum conf_orig_source orig_source;
	enum conf_no_orig no_orig;
	enum conf_stale_sign stale_date;
	enum conf_fault fault;
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
};

/** Whose calls these are, and how they are treated.  One file may hold one tenant. */
struct tenant_conf {
	char *name;
	enum conf_profile profile;
	enum conf_mode mode;
	struct sk_dialplan dialplan; /**< from numbers.country, .international, .trunk,
					.bare-digits, .min-digits */
	struct sign_conf sign;
	struct verify_conf verify;
	struct answer_conf answer;
};

struct trust_conf {
	struct text_list anchors; /**< PEM files                                          */
	struct text_list crls;    /**< PEM or DER files                                   */
	enum sk_profile_mode profile;
	struct text_list policies; /**< OIDs                                               */
	bool p384_issuers;
	bool delegates;
	bool crl_required;
	int64_t crl_grace;         /**< seconds a list counts after its end, or may miss at start */
	struct text_list crl_urls; /**< lists to fetch                                       */
	struct text_list crl_signers; /**< PEM files: who else signs those, such as intermediates */
	struct text_list administrator; /**< PEM files: the STI-PA's roots and list signers  */
	char *ca_list;                  /**< file: the STI-PA's list of authorities, a JWS        */
	char *ca_list_url;              /**< where it is fetched; "": not                         */
	char *ca_list_certificate;      /**< PEM file: its signer's chain; "": by the list's x5u  */
	char *ca_list_login;            /**< file, owner only: user id and password, a line each  */
	char *ca_list_login_url;        /**< where they are exchanged for a token                 */
	int64_t refresh;                /**< seconds between two looks at the lists, at most      */
};

struct certs_conf {
	char *tls_ca;             /**< PEM bundle for the hosts of x5u; "": the system's  */
	int64_t wait;             /**< milliseconds a call waits for a certificate        */
	int64_t timeout;          /**< milliseconds one fetch may take                    */
	int64_t entries;          /**< certificates kept in memory                        */
	int64_t parallel;         /**< fetches under way at once                          */
	int64_t per_host;         /**< fetches under way at once to one host              */
	int64_t queue;            /**< fetches waiting for their turn                     */
	int64_t lifetime;         /**< seconds a certificate is kept at least             */
	int64_t failure_lifetime; /**< seconds a failure is kept                          */
	bool lab;                 /**< any port and any address may be asked: laboratory only */
	struct text_list hosts;   /**< hosts that may be asked, "*.a.example"; empty: all */
	int64_t breaker;          /**< failures in a row that close a host; 0: never      */
	char *store;              /**< folder that workers share; "": none                */
	int64_t store_size;       /**< bytes the store may grow to                        */
	struct text_map resolve;  /**< "host:port" -> address, for a laboratory           */
};

struct log_conf {
	enum conf_log_level level;
	enum conf_log_format format;
	char *target; /**< "stderr", "stdout", or a file                      */
	bool calls;   /**< one record per call                                */
	enum conf_numbers numbers;
};

struct conf {
	unsigned refs;
	char *path; /**< the file it came from                              */
	struct sip_conf sip;
	struct tenant_conf tenant;
	struct trust_conf trust;
	struct certs_conf certs;
	struct log_conf log;
};

struct conf *conf_ref(struct conf *conf);

/** Drops a reference; the last one frees.  NULL is allowed. */
void conf_unref(struct conf *conf);
SK_DEFINE_CLEANUP(struct conf, conf_unref)
