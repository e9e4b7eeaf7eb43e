/**
 * @file words.h  The values that settings of few words take
 *
 * Each enum stands behind one or more rows of the schema; its words are there.
 */
#pragma once

enum conf_profile {
	PROFILE_ATIS,
	PROFILE_RFC8224,
	PROFILE_MAN
};

enum conf_strangers {
	STRANGERS_SILENCE,
	STRANGERS_403
};
enum conf_over_limit {
	OVER_LIMIT_503,     /**< with Retry-After                                      */
	OVER_LIMIT_302,     /**< the call goes on, neither signed nor verified         */
	OVER_LIMIT_SILENCE, /**< nothing                                               */
};
enum conf_tls_clients {
	TLS_CLIENTS_ANY,      /**< not asked for a certificate                             */
	TLS_CLIENTS_ASKED,    /**< one that is shown must be good; none is fine            */
	TLS_CLIENTS_REQUIRED, /**< no certificate, no connection                           */
};
enum conf_tls_version {
	TLS_VERSION_1_2,
	TLS_VERSION_1_3
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
/** Whether what an address serves is compared with the certificate on file. */
enum conf_check_x5u {
	CHECK_X5U_NO,
	CHECK_X5U_WARN,
	CHECK_X5U_REFUSE, /**< another certificate there: this one does not sign      */
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

/** What a finding about the calling number leads to. */
enum conf_action {
	ACTION_AS_SET, /**< what verify.on-failure and answer.reason say               */
	ACTION_PASS,   /**< the call goes on; no Reason                                */
	ACTION_REASON, /**< the call goes on; with a Reason                            */
	ACTION_ALERT,  /**< the call goes on; the display name tells                   */
	ACTION_STOP,   /**< the SIP code of the failure; 603 where it has none         */
	ACTION_BLOCK,  /**< the answer of answer.block                                 */
};
enum conf_list_use {
	LIST_OFF,
	LIST_ALERT, /**< the display name tells                                        */
	LIST_BLOCK, /**< the answer of answer.block                                    */
};
enum conf_allow_use {
	ALLOW_OFF,
	ALLOW_EXEMPT, /**< numbers of the list are never blocked                       */
	ALLOW_ONLY,   /**< all others are                                              */
};
enum conf_block {
	BLOCK_603_PLUS, /**< 603 Network Blocked and its Reason (ATIS-1000099)         */
	BLOCK_603,
	BLOCK_607, /**< RFC 8197 */
	BLOCK_608, /**< RFC 8688 */
};
/** A client whose conventions are taken; see preset.h. */
enum conf_preset {
	PRESET_NONE,
	PRESET_KAMAILIO,
	PRESET_OPENSIPS,
	PRESET_ASTERISK,
	PRESET_FREESWITCH,
	PRESET_ORACLE,
	PRESET_RIBBON,
	PRESET_CLEARIP,
	PRESET_SANSAY,
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

/** Where a P-Asserted-Identity has the verstat. */
enum conf_pai_verstat {
	PAI_VERSTAT_USER,  /**< a parameter of the user part (TS 24.229, 7.2A.20)              */
	PAI_VERSTAT_URI,   /**< a parameter of the URI                                         */
	PAI_VERSTAT_HEADER /**< a parameter of the header, behind the ">"                      */
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
	NUMBERS_MASKED, /**< the first four digits                                     */
	NUMBERS_HASHED, /**< a keyed hash: the same number, the same text              */
};

/** Interfaces of HTTP; bits. */
enum {
	API_ATIS = 1,      /**< ATIS-1000082                     */
	API_MS = 2,        /**< 3GPP TS 24.229, Annex V.2        */
	API_SECSIPIDX = 4, /**< secsipidx: /v1/check, ...        */
};
