/*
 * What each client expects of a redirect service, as far as its vendor or its source says; the
 * comments name where.  A preset answers for the whole shape of an answer, also where that is as
 * usual: else one client's habits, set in the main file, would be left standing under another's.
 */
#include "config/preset.h"

#include "shaken/macro.h"

#include <stddef.h>
#include <string.h>

struct row {
	const char *path;
	const char *text;
};

/* clang-format off */
/* What most of them have in common: TransNexus, Sansay, TILTX. */
static const struct row usual[] = {
	{ "answer.code", "302" },
	{ "answer.contact", "source" },
	{ "answer.identity-in", "[header]" },
	{ "answer.verstat-in", "[pai]" },
	{ "answer.verstat-suffix", "no" },
	{ "answer.verstat-header", "X-Verstat" },
	{ "answer.pai-header", "P-Asserted-Identity" },
	{ "answer.pai-verstat", "user" },
	{ "answer.attest-header", "P-Attestation-Indicator" }, /* Bandwidth, BulkVS */
	{ "answer.origid-header", "P-Origination-ID" },
	{ "answer.nothing", "302" },
};

/* A failure_route reads headers of the reply, $T_rpl($hdr(Identity)), and what follows the Contact
 * gets the verstat in its URI (modules tm, uac_redirect; run in our tests). */
static const struct row kamailio[] = {
	{ "answer.verstat-in", "[contact-uri, pai]" },
	{ "sign.attest-headers", "[P-Attestation-Indicator]" },
	{ NULL, NULL },
};

/* $(<reply>hdr(Identity)) in a failure_route (Script-CoreVar, uac_redirect). */
static const struct row opensips[] = {
	{ "sign.attest-headers", "[P-Attestation-Indicator]" },
	{ NULL, NULL },
};

/* res_pjsip with redirect_method=uri_pjsip: the headers of the Contact's URI become those of the new
 * INVITE, headers of the answer are lost (res_pjsip_session.c; pjproject, change 3386).  It goes
 * where the Contact says, so that has to be the next hop. */
static const struct row asterisk[] = {
	{ "answer.contact", "template" },
	{ "answer.identity-in", "[contact]" },
	{ "answer.verstat-in", "[contact-pai]" },
	{ "sign.attest-headers", "[P-Attestation-Indicator]" },
	{ NULL, NULL },
};

/* Of an answer only unknown headers called X-... or P-... come to the dialplan, as sip_rh_...:
 * Identity and P-Asserted-Identity are known to its stack and do not (sofia.c, mod_sofia.h). */
static const struct row freeswitch[] = {
	{ "answer.identity-in", "[x-identity]" },
	{ "answer.verstat-in", "[header, pai]" },
	{ "answer.pai-header", "X-Asserted-Identity" },
	{ "sign.attest-headers", "[P-Attestation-Indicator]" },
	{ NULL, NULL },
};

/* Headers of the Contact's URI go into the INVITE to where the Contact says (transnexus.com:
 * clearip-acme-shaken); the names of the attestation are those of the SBC's own client for
 * ATIS-1000082 (docs.oracle.com: sti-config). */
static const struct row oracle[] = {
	{ "answer.contact", "template" },
	{ "answer.identity-in", "[contact]" },
	{ "answer.verstat-in", "[contact-pai]" },
	{ "answer.attest-header", "Attestation-Info" },
	{ "answer.origid-header", "Origination-ID" },
	{ "answer.reason", "sip" },
	{ "sign.attest-headers", "[P-Attestation-Info, Attestation-Info]" },
	{ "sign.origid", "header" },
	{ "sign.origid-headers", "[P-Origination-ID, Origination-ID]" },
	{ NULL, NULL },
};

/* Identity Hub answers 300, with ?Identity= in the Contact or without; SBC Core takes embedded
 * headers by the flags "Honor Embedded Headers in 3xx" and "Include Embedded PAI"
 * (publicdoc.rbbn.com). */
static const struct row ribbon[] = {
	{ "answer.code", "300" },
	{ "answer.contact", "template" },
	{ "answer.identity-in", "[contact]" },
	{ "answer.verstat-in", "[contact-pai]" },
	{ NULL, NULL },
};

/* 302 with Identity as its header, verstat in P-Asserted-Identity; 404 lets the SBC take its next
 * route (docs.clearip.com: authentication and CNAM policies; docs.prosbc.com). */
static const struct row clearip[] = {
	{ "answer.nothing", "404" },
	{ NULL, NULL },
};

/* "A 302 is provided to all STI-AS requests": no 404, no Reason; otg and qtype in the From URI say
 * trunk group and function (support.sansay.com: NSS INVITE/302 example). */
static const struct row sansay[] = {
	{ "answer.attest-header", "\"\"" },
	{ "answer.origid-header", "\"\"" },
	{ "answer.reason", "none" },
	{ "tenant.trunk-parameter", "otg" },
	{ "function.parameter", "qtype" },
	{ NULL, NULL },
};

static const struct row *const presets[] = {
	[PRESET_KAMAILIO] = kamailio, [PRESET_OPENSIPS] = opensips, [PRESET_ASTERISK] = asterisk,
	[PRESET_FREESWITCH] = freeswitch, [PRESET_ORACLE] = oracle, [PRESET_RIBBON] = ribbon,
	[PRESET_CLEARIP] = clearip, [PRESET_SANSAY] = sansay,
};
/* clang-format on */

const char *preset_text(enum conf_preset preset, const char *path)
{
	if (preset == PRESET_NONE)
		return NULL;
	for (const struct row *row = presets[preset]; row->path; row++)
		if (strcmp(row->path, path) == 0)
			return row->text;
	for (size_t i = 0; i < SK_COUNT(usual); i++)
		if (strcmp(usual[i].path, path) == 0)
			return usual[i].text;
	return NULL;
}
