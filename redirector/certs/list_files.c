/*
 * The files of trust.crls, looked at once for a configuration: who signed them?  What
 * surprises: one that nobody known signed may be right, since its signer may come with
 * a chain.  But an indirect list speaks for all issuers only when it is the
 * administrator's, so one of a stranger is a mistake or a forgery.
 */
#include "redirector/certs/lists_state.h"
#include "shaken/x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

SK_DEFINE_CLEANUP(BIO, BIO_free_all)
SK_DEFINE_CLEANUP(ISSUING_DIST_POINT, ISSUING_DIST_POINT_free)

static const char *reason_of(const struct crl_file *file)
{
	switch ((int)file->err) {
	case SK_CERT_UNTRUSTED:
		return file->indirect ? "an indirect list, forged or signed by nobody of "
					"trust.administrator and trust.crl-signers"
				      : "forged, or signed by nobody known yet: it counts only for "
					"chains that bring its signer (see trust.crl-signers)";
	case SK_CERT_EXPIRED:
		return "its signer's certificate is not valid now";
	case SK_CRL_INVALID:
		return "of tomorrow";
	default:
		return sk_err_text(file->err);
	}
}

static bool is_indirect(const X509_CRL *list)
{
	SK_CLEANUP(ISSUING_DIST_POINT_free_p)
	ISSUING_DIST_POINT *idp =
		X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, NULL, NULL);

	return idp && idp->indirectCRL > 0;
}

/* One list.  Whatever is wrong with an indirect one is what the file is blamed for. */
static void judge_list(struct crl_file *file, const struct sk_trust *trust, X509_CRL *list,
		       int64_t now)
{
	const bool indirect = is_indirect(list);
	unsigned char *der = NULL;
	const int len = i2d_X509_CRL(list, &der);
	enum sk_err err = SK_ENOMEM;
	int64_t ends = INT64_MAX;

	if (len > 0)
		err = sk_trust_review_crls(trust,
					   (struct sk_span){ (const char *)der, (size_t)len },
					   (struct sk_span){ 0 }, now, &ends);
	OPENSSL_free(der);
	if (!err) {
		file->counts = true;
		file->ends = ends < file->ends ? ends : file->ends;
		file->endless |= ends == INT64_MAX;
	} else if (!file->err || indirect) {
		file->err = err;
		file->indirect = indirect;
	}
}

/* A list in DER opens with a SEQUENCE of more than 127 bytes, which no text does. */
static bool is_der(struct sk_span text)
{
	return text.len > 2 && text.ptr[0] == 0x30 && ((unsigned char)text.ptr[1] & 0x80);
}

static void judge_each(struct crl_file *file, const struct sk_trust *trust, struct sk_span text,
		       int64_t now)
{
	SK_CLEANUP(BIO_free_all_p) BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	const bool der = is_der(text);
	X509_CRL *list;

	if (!bio) {
		file->err = SK_ENOMEM;
		return;
	}
	do {
		list = der ? d2i_X509_CRL_bio(bio, NULL)
			   : PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
		if (list)
			judge_list(file, trust, list, now);
		X509_CRL_free(list);
	} while (list && !der);
	ERR_clear_error();
}

/* One by one only when something is wrong: a list may have 50,000 entries */
static void judge_text(struct crl_file *file, const struct sk_trust *trust, struct sk_span text,
		       int64_t now)
{
	int64_t ends = INT64_MAX;

	if (sk_trust_review_crls(trust, text, (struct sk_span){ 0 }, now, &ends)) {
		judge_each(file, trust, text, now);
		return;
	}
	file->counts = true;
	file->ends = ends;
	file->endless = ends == INT64_MAX;
}

static void tell(const struct lists *lists, const struct crl_file *file)
{
	if (file->err && lists->parts.log)
		log_print(lists->parts.log, LEVEL_WARNING,
			  "event=crl result=unknown file=\"%s\" msg=\"%s\"", file->path,
			  reason_of(file));
}

bool list_files_review(const struct lists *lists, struct lists_set *set,
		       const struct sk_trust *trust, char why[TRUST_FILES_WHY_SIZE])
{
	const struct text_list *paths = &set->conf->trust.crls;
	const int64_t now = lists_now(lists);

	set->files_crl = calloc(paths->count + 1, sizeof(*set->files_crl));
	if (!set->files_crl) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	for (size_t i = 0; i < paths->count; i++) {
		struct crl_file *file = &set->files_crl[set->file_count++];

		*file = (struct crl_file){ .path = paths->items[i], .ends = INT64_MAX };
		judge_text(file, trust, trust_files_crl(set->files, i), now);
		if (file->err == SK_ENOMEM || (file->err == SK_CERT_UNTRUSTED && file->indirect)) {
			snprintf(why, TRUST_FILES_WHY_SIZE, "trust.crls: %.110s: %s", file->path,
				 reason_of(file));
			return false;
		}
		tell(lists, file);
	}
	return true;
}
