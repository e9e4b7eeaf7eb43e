/*
 * No anchors at all is a trust that trusts nobody: right for a redirector that
 * only signs.  A file that is named and holds none is a mistake.
 */
#include "redirector/certs/trust_files.h"

#include "redirector/base/file.h"
#include "shaken/cert.h"

#include <stdio.h>

enum {
	ANCHORS_MAX = 4 << 20, /* bytes of one file: all roots of a country fit many times over */
	CRLS_MAX = 32 << 20,   /* bytes of one file: a list of half a million certificates      */
};

typedef enum sk_err add_f(struct sk_trust *trust, const char *text, size_t len, size_t *count);

static bool add_files(struct sk_trust *trust, const struct text_list *paths, size_t max, add_f *add,
		      char why[TRUST_FILES_WHY_SIZE])
{
	for (size_t i = 0; i < paths->count; i++) {
		char reason[FILE_WHY_SIZE], *text = NULL;
		size_t len = 0;
		enum sk_err err;

		if (!file_read(paths->items[i], FILE_PUBLIC, max, &text, &len, reason)) {
			snprintf(why, TRUST_FILES_WHY_SIZE, "%.160s: %.80s", paths->items[i],
				 reason);
			return false;
		}
		err = add(trust, text, len, NULL);
		file_free(text, len);
		if (err != SK_OK) {
			snprintf(why, TRUST_FILES_WHY_SIZE, "%.160s: %.80s", paths->items[i],
				 err == SK_CERT_SYNTAX
					 ? "not PEM certificates that may issue others"
					 : sk_err_text(err));
			return false;
		}
	}
	return true;
}

bool trust_files_load(const struct trust_conf *conf, struct sk_trust **out,
		      char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct sk_trust_rules rules = {
		.profile = conf->profile,
		.allow_p384_issuers = conf->p384_issuers,
		.allow_delegates = conf->delegates,
		.crl_required = conf->crl_required,
	};
	enum sk_err err = sk_trust_new(&rules, &trust);

	if (err != SK_OK) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "%s", sk_err_text(err));
		return false;
	}
	if (!add_files(trust, &conf->anchors, ANCHORS_MAX, sk_trust_add_anchors, why) ||
	    !add_files(trust, &conf->crls, CRLS_MAX, sk_trust_add_crls, why))
		return false;
	*out = sk_steal(trust);
	return true;
}
