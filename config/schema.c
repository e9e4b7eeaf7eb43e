/*
 * The table of settings.  A row whose type is not the type of its field does
 * not compile, and the words of an enum belong to that enum: the row names the
 * enum, and both the field and the table of words must be of it.
 */
#include "config/schema.h"

#include <string.h>
#define CTYPE_TEXT     char *
#define CTYPE_FILE     char *
#define CTYPE_TARGET   char *
#define CTYPE_HEADER   char *
#define CTYPE_UUID     char *
#define CTYPE_HEX      char *
#define CTYPE_COUNTRY  char[4]
#define CTYPE_PREFIX   char[SK_PREFIX_SIZE]
#define CTYPE_BOOL     bool
#define CTYPE_INTEGER  int64_t
#define CTYPE_SMALL    uint8_t
#define CTYPE_SIZE     int64_t
#define CTYPE_SECONDS  int64_t
#define CTYPE_MILLIS   int64_t
#define CTYPE_FILES    struct text_list
#define CTYPE_HEADERS  struct text_list
#define CTYPE_TEXTS    struct text_list
#define CTYPE_NETS     struct net_list
#define CTYPE_TEXT_MAP struct text_map
#define CTYPE_FILE_MAP struct text_map

/* clang-format off */
/* offsetof(), and a compile error when the row's type is not the field's */
#define IS(field, ctype) __builtin_types_compatible_p(__typeof__(((struct conf *)0)->field), ctype)
#define AT(field, ctype) (offsetof(struct conf, field) + 0 * sizeof(char[IS(field, ctype) ? 1 : -1]))

#define ROW(path_, type_, field_, dflt_, min_, max_, reload_, doc_) \
	{ .path = path_, .type = CONF_##type_, .at = AT(field_, CTYPE_##type_), .dflt = dflt_, \
	  .min = min_, .max = max_, .reload = CONF_##reload_, .doc = doc_ }
#define WORD(path_, enum_, field_, dflt_, reload_, doc_) \
	{ .path = path_, .type = CONF_WORD, .at = AT(field_, enum enum_), .dflt = dflt_, \
	  .words = words_##enum_, .reload = CONF_##reload_, .doc = doc_ }
#define BITS(path_, words_, field_, dflt_, min_, doc_) \
	{ .path = path_, .type = CONF_WORDS, .at = AT(field_, unsigned), .dflt = dflt_, \
	  .min = min_, .max = 8, .words = words_, .reload = CONF_LIVE, .doc = doc_ }

#define WORDS(enum_, ...) \
	_Static_assert(sizeof(enum enum_) == sizeof(unsigned), "an enum is stored as unsigned"); \
	static const struct conf_word words_##enum_[] = { __VA_ARGS__, { NULL, 0 } }

WORDS(conf_strangers, { "silence", STRANGERS_SILENCE }, { "403", STRANGERS_403 });
WORDS(conf_in_dialog, { "302", IN_DIALOG_302 }, { "481", IN_DIALOG_481 });
WORDS(conf_profile, { "atis", PROFILE_ATIS }, { "rfc8224", PROFILE_RFC8224 }, { "man", PROFILE_MAN });
WORDS(conf_mode, { "auto", MODE_AUTO }, { "sign", MODE_SIGN }, { "verify", MODE_VERIFY },
      { "pass", MODE_PASS });
WORDS(conf_attest, { "none", CONF_ATTEST_NONE }, { "A", CONF_ATTEST_A }, { "B", CONF_ATTEST_B },
      { "C", CONF_ATTEST_C });
WORDS(conf_orig_source, { "profile", ORIG_BY_PROFILE }, { "pai-first", ORIG_PAI_FIRST },
      { "from-first", ORIG_FROM_FIRST }, { "from-only", ORIG_FROM_ONLY });
WORDS(conf_origid, { "derived", ORIGID_DERIVED }, { "fixed", ORIGID_FIXED }, { "header", ORIGID_HEADER });
WORDS(conf_no_orig, { "continue", NO_ORIG_CONTINUE }, { "403", NO_ORIG_403 }, { "433", NO_ORIG_433 });
WORDS(conf_stale_sign, { "continue", STALE_SIGN_CONTINUE }, { "403", STALE_SIGN_403 },
      { "own-clock", STALE_SIGN_OWN_CLOCK });
WORDS(conf_fault, { "continue", FAULT_CONTINUE }, { "503", FAULT_503 });
WORDS(conf_date_check, { "profile", DATE_BY_PROFILE }, { "iat-only", DATE_IAT_ONLY }, { "rfc", DATE_RFC },
      { "strict", DATE_STRICT });
WORDS(conf_by_profile, { "profile", CHOICE_BY_PROFILE }, { "no", CHOICE_NO }, { "yes", CHOICE_YES });
WORDS(conf_on_failure, { "continue", FAILURE_CONTINUE }, { "reject", FAILURE_REJECT });
WORDS(conf_code, { "302", CODE_302 }, { "300", CODE_300 });
WORDS(conf_contact, { "source", CONTACT_SOURCE }, { "request-uri", CONTACT_REQUEST_URI },
      { "template", CONTACT_TEMPLATE });
WORDS(conf_code_choice, { "profile", CODE_BY_PROFILE }, { "436", CODE_436 }, { "437", CODE_437 },
      { "438", CODE_438 });
WORDS(conf_replay, { "off", REPLAY_OFF }, { "report", REPLAY_REPORT }, { "refuse", REPLAY_REFUSE });
WORDS(conf_rcd, { "none", RCD_NONE }, { "passport", RCD_PASSPORT }, { "shaken", RCD_SHAKEN });
WORDS(conf_reason, { "profile", REASON_BY_PROFILE }, { "stir", REASON_STIR },
      { "sip", REASON_SIP }, { "none", REASON_NONE });
WORDS(conf_nothing, { "302", NOTHING_302 }, { "404", NOTHING_404 }, { "503", NOTHING_503 });
WORDS(sk_profile_mode, { "off", SK_PROFILE_OFF }, { "warn", SK_PROFILE_WARN },
      { "strict", SK_PROFILE_STRICT });
WORDS(conf_log_level, { "error", LOG_ERROR }, { "warning", LOG_WARNING }, { "info", LOG_INFO },
      { "debug", LOG_DEBUG });
WORDS(conf_log_format, { "key-value", FORMAT_KEY_VALUE }, { "json", FORMAT_JSON });
WORDS(conf_numbers, { "full", NUMBERS_FULL }, { "masked", NUMBERS_MASKED });

static const struct conf_word identity_places[] = {
	{ "header", IDENTITY_IN_HEADER },
	{ "x-identity", IDENTITY_IN_X_IDENTITY },
	{ "contact", IDENTITY_IN_CONTACT },
	{ NULL, 0 },
};

static const struct conf_word verstat_places[] = {
	{ "contact-uri", VERSTAT_IN_CONTACT_URI },
	{ "contact-user", VERSTAT_IN_CONTACT_USER },
	{ "pai", VERSTAT_IN_PAI },
	{ "contact-pai", VERSTAT_IN_CONTACT_PAI },
	{ "header", VERSTAT_IN_HEADER },
	{ NULL, 0 },
};

const struct conf_section conf_sections[] = {
	{ "sip", "The SIP side: where we listen, to whom, and how much." },
	{ "tenant", "Whose calls these are." },
	{ "numbers", "How the peer writes telephone numbers." },
	{ "sign", "Signing (STI-AS)." },
	{ "verify", "Verifying (STI-VS)." },
	{ "answer", "What the answer looks like." },
	{ "trust", "Which certificates are believed." },
	{ "certs", "Fetching and keeping the certificates of others." },
	{ "log", "What is written, and where." },
};
const size_t conf_section_count = SK_COUNT(conf_sections);

const struct conf_item conf_schema[] = {
	ROW("sip.listen", TEXTS, sip.listen, "[\"udp:127.0.0.1:5060\"]", 1, 16, RESTART,
	    "Where to listen: udp:ADDRESS:PORT, an IPv6 address in brackets."),
	ROW("sip.sources", NETS, sip.sources, "[127.0.0.0/8, \"::1/128\"]", 1, 1024, LIVE,
	    "The addresses and networks that may send requests to us."),
	WORD("sip.strangers", conf_strangers, sip.strangers, "silence", LIVE,
	     "What all other senders get."),
	ROW("sip.datagram-max", SIZE, sip.datagram_max, "16KiB", 1024, 16384, LIVE,
	    "The longest datagram that is read."),
	ROW("sip.headers-max", INTEGER, sip.headers_max, "128", 16, 128, LIVE,
	    "The most header lines a request may have."),
	ROW("sip.receive-buffer", SIZE, sip.receive_buffer, "4MiB", 65536, 1 << 30, RESTART,
	    "The kernel's buffer for datagrams that wait for us (net.core.rmem_max must allow it)."),
	ROW("sip.deadline", MILLIS, sip.deadline, "400ms", 50, 30000, LIVE,
	    "When a call is answered at the latest; below SIP's T1 of 500ms nothing is sent twice."),
	ROW("sip.drain", MILLIS, sip.drain, "5s", 0, 30000, LIVE,
	    "How long calls in hand may take to finish when the service is stopped."),
	ROW("sip.waiting-max", INTEGER, sip.waiting_max, "4096", 0, 1000000, LIVE,
	    "The most calls that may wait for a certificate at once."),
	ROW("sip.tag-key", HEX, sip.tag_key, "\"\"", 32, 32, RESTART,
	    "A secret of 32 hex digits, the same in all instances behind one name; \"\": made at start."),
	WORD("sip.in-dialog", conf_in_dialog, sip.in_dialog, "302", LIVE,
	     "The answer to an INVITE inside a dialog, which belongs to somebody else."),

	ROW("tenant.name", TEXT, tenant.name, "default", 1, 64, LIVE,
	    "The name in the call records."),
	WORD("tenant.profile", conf_profile, tenant.profile, "atis", LIVE,
	     "Whose rules hold where the documents disagree: ATIS-1000074, the RFCs, or the French MAN."),
	WORD("tenant.mode", conf_mode, tenant.mode, "auto", LIVE,
	     "What to do with a call; auto: with an Identity verify, without one sign."),

	ROW("numbers.country", COUNTRY, tenant.dialplan.country, "\"\"", 0, 3, LIVE,
	    "Country code of national numbers; \"\": only those with + or of 11 digits are numbers."),
	ROW("numbers.international", PREFIX, tenant.dialplan.international, "\"\"", 0, 7, LIVE,
	    "The prefix of international calls, such as 011 or 00."),
	ROW("numbers.trunk", PREFIX, tenant.dialplan.trunk, "\"\"", 0, 7, LIVE,
	    "The prefix of national calls, such as 1 or 0."),
	ROW("numbers.bare-digits", BOOL, tenant.dialplan.digits_are_tn, "yes", 0, 0, LIVE,
	    "A user part of digits is a telephone number also without user=phone."),
	ROW("numbers.min-digits", SMALL, tenant.dialplan.min_digits, "7", 3, 15, LIVE,
	    "How many digits that takes."),

	ROW("sign.key", FILE, tenant.sign.key, "\"\"", 0, 4096, LIVE,
	    "The private key, a PEM file only its owner can read; \"\": nothing is signed."),
	ROW("sign.certificate", FILE, tenant.sign.certificate, "\"\"", 0, 4096, LIVE,
	    "The certificate of the key, a PEM file; when it is set, the two must match."),
	ROW("sign.x5u", TEXT, tenant.sign.x5u, "\"\"", 0, SK_URL_MAX, LIVE,
	    "The https URL under which everybody finds that certificate."),
	WORD("sign.attest", conf_attest, tenant.sign.attest, "none", LIVE,
	     "The attestation when no header says another; none: such a call is not signed."),
	ROW("sign.attest-headers", HEADERS, tenant.sign.attest_headers, "[]", 0, 8, LIVE,
	    "Headers of the request that say the attestation; the first one there counts."),
	ROW("sign.attest-sources", NETS, tenant.sign.attest_sources, "[]", 0, 1024, LIVE,
	    "Who may say the attestation with such a header."),
	WORD("sign.origid", conf_origid, tenant.sign.origid, "derived", LIVE,
	     "Where the origid comes from: derived from the request, always the same, or a header."),
	ROW("sign.origid-value", UUID, tenant.sign.origid_value, "\"\"", 0, 36, LIVE,
	    "The UUID for `origid: fixed`."),
	ROW("sign.origid-header", HEADER, tenant.sign.origid_header, "\"\"", 0, 64, LIVE,
	    "The request header for `origid: header`."),
	WORD("sign.orig-source", conf_orig_source, tenant.sign.orig_source, "profile", LIVE,
	     "Where the calling number is read: P-Asserted-Identity or From."),
	WORD("sign.no-orig", conf_no_orig, tenant.sign.no_orig, "continue", LIVE,
	     "What a call without a calling number gets; continue: an answer without Identity."),
	WORD("sign.stale-date", conf_stale_sign, tenant.sign.stale_date, "continue", LIVE,
	     "What a call with an old Date gets; own-clock: it is signed with our time."),
	WORD("sign.fault", conf_fault, tenant.sign.fault, "continue", LIVE,
	     "What a call gets when we cannot sign; continue: an answer without Identity."),
	ROW("sign.div", BOOL, tenant.sign.div, "no", 0, 0, LIVE,
	    "Sign a div PASSporT when a call that has a PASSporT goes elsewhere (RFC 8946)."),
	ROW("sign.rph", TEXTS, tenant.sign.rph, "[]", 0, 32, LIVE,
	    "Resource-Priority values that we may sign for, such as esnet.0 or ets.* (RFC 8443)."),
	WORD("sign.rcd", conf_rcd, tenant.sign.rcd, "none", LIVE,
	     "Rich call data: none, in a PASSporT of its own, or inside the shaken one (RFC 9795)."),
	ROW("sign.rcd-name", TEXT, tenant.sign.rcd_name, "\"\"", 0, 128, LIVE,
	    "The caller's name for rich call data; \"\": the display name of From."),
	ROW("sign.rcd-icon", TEXT, tenant.sign.rcd_icon, "\"\"", 0, SK_URL_MAX, LIVE,
	    "The https URL of the caller's picture for rich call data; \"\": none."),
	ROW("sign.rcd-reason", TEXT, tenant.sign.rcd_reason, "\"\"", 0, 128, LIVE,
	    "The reason of the call for rich call data; \"\": none."),
	WORD("sign.bypass", conf_by_profile, tenant.sign.bypass, "profile", LIVE,
	     "Say P-Identity-Bypass in the answer when we cannot sign (French MAN)."),
	ROW("sign.bypass-value", TEXT, tenant.sign.bypass_value, "\"1\"", 1, 64, LIVE,
	    "The value of that header, a token."),
	WORD("sign.diversion", conf_by_profile, tenant.sign.diversion, "profile", LIVE,
	     "A Diversion header makes attestation A a C; more than 5 get 482 (French MAN)."),

	ROW("verify.max-age", SECONDS, tenant.verify.max_age, "60s", 1, 300, LIVE,
	    "How old an iat may be."),
	ROW("verify.max-skew", SECONDS, tenant.verify.max_skew, "60s", 0, 300, LIVE,
	    "How far ahead of our clock an iat may be."),
	WORD("verify.date-check", conf_date_check, tenant.verify.date_check, "profile", LIVE,
	     "How Date counts; strict: it must be there (else 428) and fresh (else 403)."),
	WORD("verify.alg-required", conf_by_profile, tenant.verify.alg_required, "profile", LIVE,
	     "An Identity header without `alg` is refused."),
	WORD("verify.extra-params-refused", conf_by_profile, tenant.verify.extra_params_refused, "profile",
	     LIVE, "An Identity header with parameters we do not know is refused."),
	WORD("verify.unknown-ppt-refused", conf_by_profile, tenant.verify.unknown_ppt_refused, "profile",
	     LIVE, "A PASSporT of a kind we do not know is refused, not passed over."),
	WORD("verify.bypass", conf_by_profile, tenant.verify.bypass, "profile", LIVE,
	     "P-Identity-Bypass stands for a missing Identity: not required then (French MAN)."),
	WORD("verify.header-claim-code", conf_code_choice, tenant.verify.header_claim_code, "profile", LIVE,
	     "The status when alg, ppt, typ or x5u is missing in a token: 436 or 438."),
	WORD("verify.typ-code", conf_code_choice, tenant.verify.typ_code, "profile", LIVE,
	     "The status when typ is not passport: 437 or 438."),
	WORD("verify.constraint-code", conf_code_choice, tenant.verify.constraint_code, "profile", LIVE,
	     "The status when a claim breaks the certificate's constraints: 437 or 438."),
	ROW("verify.verstat", TEXT_MAP, tenant.verify.verstat, "{}", 0, 128, LIVE,
	    "What is said of the number after a failure: OUTCOME or class: no or failed."),
	ROW("verify.rph", BOOL, tenant.verify.rph, "no", 0, 0, LIVE,
	    "Judge the rph PASSporT of a call with Resource-Priority (RFC 8443)."),
	ROW("verify.rcd", BOOL, tenant.verify.rcd, "no", 0, 0, LIVE,
	    "Judge rich call data, digests included (RFC 9795)."),
	ROW("verify.div-max-age", SECONDS, tenant.verify.div_max_age, "60s", 1, 10800, LIVE,
	    "How old the inner PASSporTs of a diverted call may be (RFC 8946, 4.2)."),
	WORD("verify.replay", conf_replay, tenant.verify.replay, "off", LIVE,
	     "A PASSporT that came before, in another call: off, report it, or refuse it."),
	ROW("verify.replay-entries", INTEGER, tenant.verify.replay_entries, "65536", 1024, 16777216,
	    RESTART, "How many PASSporTs are remembered for that."),
	ROW("verify.div", BOOL, tenant.verify.div, "no", 0, 0, LIVE,
	    "A diverted call (To is not the Request-URI) needs its chain of div PASSporTs."),
	WORD("verify.identity-required", conf_by_profile, tenant.verify.identity_required, "profile", LIVE,
	     "A call without Identity gets 428 instead of a plain answer."),
	WORD("verify.on-failure", conf_on_failure, tenant.verify.on_failure, "continue", LIVE,
	     "A call that fails gets a verstat that says so, or the SIP code of the failure."),
	WORD("verify.fault", conf_fault, tenant.verify.fault, "continue", LIVE,
	     "What a call gets when the fault is ours; continue: No-TN-Validation."),
	ROW("verify.certificates", FILE_MAP, tenant.verify.certificates, "{}", 0, 4096, LIVE,
	    "Certificates that are read from files and never fetched: x5u: FILE."),
	ROW("verify.fetch", BOOL, tenant.verify.fetch, "yes", 0, 0, LIVE,
	    "Fetch the certificates that are not in that list."),

	WORD("answer.code", conf_code, tenant.answer.code, "302", LIVE, "The status of the redirect."),
	WORD("answer.contact", conf_contact, tenant.answer.contact, "source", LIVE,
	     "The target: the called user at the sender's address, the Request-URI, or a template."),
	ROW("answer.contact-template", TEXT, tenant.answer.contact_template, "\"\"", 0, 255, LIVE,
	    "The URI for `contact: template`: sip:{user}@next.example.net, also with {host}, {port}."),
	BITS("answer.identity-in", identity_places, tenant.answer.identity_in, "[header]", 1,
	     "Where the Identity goes; in a Contact some peers cut it (Kamailio: 1023 bytes)."),
	BITS("answer.verstat-in", verstat_places, tenant.answer.verstat_in, "[contact-uri, pai]", 0,
	     "Where the verstat goes."),
	ROW("answer.verstat-header", HEADER, tenant.answer.verstat_header, "X-Verstat", 1, 64, LIVE,
	    "The name of the header for `verstat-in: [header]`."),
	ROW("answer.verstat-suffix", BOOL, tenant.answer.verstat_suffix, "no", 0, 0, LIVE,
	    "Put the attestation behind the verstat: TN-Validation-Passed-A."),
	ROW("answer.attest-header", HEADER, tenant.answer.attest_header, "P-Attestation-Indicator", 0, 64,
	    LIVE, "The header that tells the attestation; \"\": none."),
	ROW("answer.origid-header", HEADER, tenant.answer.origid_header, "P-Origination-ID", 0, 64, LIVE,
	    "The header that tells the origid; \"\": none."),
	ROW("answer.name-header", HEADER, tenant.answer.name_header, "X-RCD-Name", 0, 64, LIVE,
	    "The header that tells the verified name of rich call data; \"\": none."),
	ROW("answer.priority-header", HEADER, tenant.answer.priority_header, "Priority-Verstat", 0, 64,
	    LIVE, "The header that tells the verdict on rph; \"\": none."),
	WORD("answer.reason", conf_reason, tenant.answer.reason, "profile", LIVE,
	     "The protocol of the Reason header that tells a failure (RFC 9410), or none."),
	WORD("answer.nothing", conf_nothing, tenant.answer.nothing, "302", LIVE,
	     "The answer when there is nothing to sign and nothing to verify."),

	ROW("trust.anchors", FILES, trust.anchors, "[]", 0, 256, LIVE,
	    "The roots that are trusted, PEM files or folders of them."),
	ROW("trust.crls", FILES, trust.crls, "[]", 0, 256, LIVE,
	    "Revocation lists, PEM or DER files."),
	WORD("trust.profile", sk_profile_mode, trust.profile, "warn", LIVE,
	     "What becomes of certificates that miss parts of ATIS-1000080; RFC 5280 is always kept to."),
	ROW("trust.policies", TEXTS, trust.policies, "[2.16.840.1.114569.1.1.1, 2.16.840.1.114569.1.1.2, "
	    "2.16.840.1.114569.1.1.3, 2.16.840.1.114569.1.1.4]", 1, SK_POLICIES_MAX, LIVE,
	    "The certificate policies of which that profile wants one, OIDs."),
	ROW("trust.p384-issuers", BOOL, trust.p384_issuers, "yes", 0, 0, LIVE,
	    "Accept P-384 keys and SHA-384 signatures above the leaf."),
	ROW("trust.delegates", BOOL, trust.delegates, "no", 0, 0, LIVE,
	    "Accept delegate certificates, of numbers (RFC 9060): for div and rcd, never for shaken."),
	ROW("trust.crl-required", BOOL, trust.crl_required, "no", 0, 0, LIVE,
	    "Refuse a chain whose issuer has no valid revocation list."),
	ROW("trust.crl-grace", SECONDS, trust.crl_grace, "0s", 0, 30 * 86400, LIVE,
	    "With crl-required: how long a list counts after its end, or may miss after the start."),
	ROW("trust.crl-urls", TEXTS, trust.crl_urls, "[]", 0, 64, LIVE,
	    "Revocation lists that are fetched, https URLs; also the indirect one of the STI-PA."),
	ROW("trust.crl-signers", FILES, trust.crl_signers, "[]", 0, 64, LIVE,
	    "Who else may sign revocation lists, such as intermediates; PEM files."),
	ROW("trust.administrator", FILES, trust.administrator, "[]", 0, 16, LIVE,
	    "The certificates of the policy administrator (STI-PA), who signs the lists; PEM files."),
	ROW("trust.ca-list", FILE, trust.ca_list, "\"\"", 0, 4096, LIVE,
	    "The STI-PA's signed list of trusted authorities, a file; \"\": none."),
	ROW("trust.ca-list-url", TEXT, trust.ca_list_url, "\"\"", 0, SK_URL_MAX, LIVE,
	    "Where that list is fetched, an https URL; \"\": not at all."),
	ROW("trust.ca-list-certificate", FILE, trust.ca_list_certificate, "\"\"", 0, 4096, LIVE,
	    "The certificate chain of the list's signer; \"\": of a fetched list that of its x5u."),
	ROW("trust.ca-list-login-url", TEXT, trust.ca_list_login_url, "\"\"", 0, SK_URL_MAX, LIVE,
	    "Where user id and password are exchanged for the token that ca-list-url wants; \"\": none."),
	ROW("trust.ca-list-login", FILE, trust.ca_list_login, "\"\"", 0, 4096, LIVE,
	    "The file with user id and password, a line each, that only its owner can read."),
	ROW("trust.refresh", SECONDS, trust.refresh, "1h", 60, 7 * 86400, LIVE,
	    "How often the lists are fetched at least; sooner when one says it ends sooner."),

	ROW("certs.tls-ca", FILE, certs.tls_ca, "\"\"", 0, 4096, LIVE,
	    "The roots for the https servers of x5u, lists and log-in, a PEM file; \"\": the system's."),
	ROW("certs.wait", MILLIS, certs.wait, "300ms", 10, 30000, LIVE,
	    "How long a call waits for a certificate."),
	ROW("certs.timeout", MILLIS, certs.timeout, "2s", 100, 60000, LIVE,
	    "How long a fetch may take; it goes on when the call has left."),
	ROW("certs.entries", INTEGER, certs.entries, "4096", 16, 1000000, LIVE,
	    "The most certificates that are kept in memory, about 28 KB each."),
	ROW("certs.parallel", INTEGER, certs.parallel, "64", 1, 1024, LIVE,
	    "The most fetches under way at once; half of them to hosts that have not answered yet."),
	ROW("certs.per-host", INTEGER, certs.per_host, "4", 1, 64, LIVE,
	    "The most fetches under way at once to one host."),
	ROW("certs.queue", INTEGER, certs.queue, "64", 0, 65536, LIVE,
	    "The most fetches that wait for their turn; those of one host may be half of it."),
	ROW("certs.lifetime", SECONDS, certs.lifetime, "24h", 60, 30 * 86400, LIVE,
	    "How long a certificate is kept at least, never past its end (ATIS-1000074)."),
	ROW("certs.failure-lifetime", SECONDS, certs.failure_lifetime, "30s", 1, 3600, LIVE,
	    "How long a fetch that failed is not tried again."),
	ROW("certs.hosts", TEXTS, certs.hosts, "[]", 0, 4096, LIVE,
	    "The only hosts that may be asked, such as cert.example.net or *.example.net; []: all."),
	ROW("certs.breaker", INTEGER, certs.breaker, "5", 0, 1000, LIVE,
	    "After so many failures in a row a host is left alone for a while; 0: never."),
	ROW("certs.store", FILE, certs.store, "\"\"", 0, 4096, RESTART,
	    "The folder where certificates are kept over restarts and shared; \"\": memory only."),
	ROW("certs.store-size", SIZE, certs.store_size, "256MiB", 1 << 20, 1ll << 36, RESTART,
	    "The most bytes that store takes."),
	ROW("certs.lab", BOOL, certs.lab, "no", 0, 0, LIVE,
	    "LABORATORY ONLY: certificates may come from any port and any address, also our own."),
	ROW("certs.resolve", TEXT_MAP, certs.resolve, "{}", 0, 64, LIVE,
	    "Laboratory only: where the host of an x5u is, \"HOST:PORT\": ADDRESS or \"ADDRESS:PORT\"."),

	WORD("log.level", conf_log_level, log.level, "info", LIVE, "How much is written."),
	WORD("log.format", conf_log_format, log.format, "key-value", LIVE, "How a record is written."),
	ROW("log.target", TARGET, log.target, "stderr", 1, 4096, RESTART,
	    "Where it is written: stderr, stdout or a file."),
	ROW("log.calls", BOOL, log.calls, "yes", 0, 0, LIVE,
	    "Write one record for each call."),
	WORD("log.numbers", conf_numbers, log.numbers, "full", LIVE,
	     "Telephone numbers in records: full, or only their first four digits."),
};
const size_t conf_schema_count = SK_COUNT(conf_schema);
/* clang-format on */

const struct conf_item *conf_item_find(const char *path)
{
	for (size_t i = 0; i < conf_schema_count; i++)
		if (strcmp(conf_schema[i].path, path) == 0)
			return &conf_schema[i];
	return NULL;
}

const char *conf_item_key(const struct conf_item *item, const char *section)
{
	size_t len = strlen(section);

	if (strncmp(item->path, section, len) != 0 || item->path[len] != '.')
		return NULL;
	return item->path + len + 1;
}

enum conf_shape conf_item_shape(const struct conf_item *item)
{
	switch (item->type) {
	case CONF_TEXT:
	case CONF_FILE:
	case CONF_TARGET:
	case CONF_HEADER:
	case CONF_UUID:
	case CONF_HEX:
		return CONF_SHAPE_TEXT;
	case CONF_FILES:
	case CONF_TEXTS:
	case CONF_HEADERS:
		return CONF_SHAPE_LIST;
	case CONF_NETS:
		return CONF_SHAPE_NETS;
	case CONF_TEXT_MAP:
	case CONF_FILE_MAP:
		return CONF_SHAPE_MAP;
	case CONF_COUNTRY:
	case CONF_PREFIX:
	case CONF_BOOL:
	case CONF_INTEGER:
	case CONF_SMALL:
	case CONF_SIZE:
	case CONF_SECONDS:
	case CONF_MILLIS:
	case CONF_WORD:
	case CONF_WORDS:
		break;
	}
	return CONF_SHAPE_FLAT;
}
