/*
 * No anchors at all is a trust that trusts nobody: right for a redirector that
 * only signs.  A file that is named and holds none is a mistake.  Each file is
 * tried on a trust of its own kind when it is read, so that the complaint names it.
 */
#include "redirector/certs/trust_files.h"

#include "redirector/base/file.h"
#include "redirector/certs/trust_folder.h"
#include "shaken/cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	ANCHORS_MAX = 4 << 20, /* bytes of one file: all roots of a country fit many times over */
	PIECES_MAX = 4096,     /* files, those in folders included                             */
};

typedef enum sk_err add_f(struct sk_trust *trust, const char *text, size_t len, size_t *count);

/* A setting that names files. */
struct kind {
	const char *setting;
	size_t max;
	add_f *add;
	const char *wrong; /* what SK_CERT_SYNTAX and SK_CRL_INVALID mean for it */
};

/* clang-format off */
static const struct kind anchors = { "trust.anchors", ANCHORS_MAX, sk_trust_add_anchors,
	"not PEM certificates that may issue others" };
static const struct kind crls = { "trust.crls", TRUST_FILES_CRL_MAX, sk_trust_add_crls,
	"not revocation lists" };
static const struct kind administrator = { "trust.administrator", ANCHORS_MAX, sk_trust_add_crl_signers,
	"not PEM certificates that may issue others or revocation lists" };
static const struct kind crl_signers = { "trust.crl-signers", ANCHORS_MAX, sk_trust_add_crl_signers,
	"not PEM certificates that may issue revocation lists" };
/* clang-format on */

struct piece {
	const struct kind *kind;
	char *text; /* owned */
	size_t len;
};

struct trust_files {
	struct sk_trust_rules rules;
	struct piece *pieces; /* owned */
	size_t count;
	char *roots, *signer; /* owned; NULL: none */
	size_t roots_len, signer_len;
	struct sk_calist *list; /* owned; NULL: none */
	enum sk_err list_err;   /* SK_OK, or why its time is over */
};

static bool complain(char why[TRUST_FILES_WHY_SIZE], const char *setting, const char *path,
		     const char *reason)
{
	snprintf(why, TRUST_FILES_WHY_SIZE, "%.30s: %.130s: %.80s", setting, path, reason);
	return false;
}

static bool read_text(const char *setting, const char *path, size_t max, char **text, size_t *len,
		      char why[TRUST_FILES_WHY_SIZE])
{
	char reason[FILE_WHY_SIZE];

	return file_read(path, FILE_PUBLIC, max, text, len, reason) ||
	       complain(why, setting, path, reason);
}

static const char *reason_of(const struct kind *kind, enum sk_err err)
{
	return err == SK_CERT_SYNTAX || err == SK_CRL_INVALID ? kind->wrong : sk_err_text(err);
}

static bool put_piece(struct trust_files *files, const struct piece *piece)
{
	struct piece *grown;

	if (files->count == PIECES_MAX)
		return false;
	grown = reallocarray(files->pieces, files->count + 1, sizeof(*grown));
	if (!grown)
		return false;

	files->pieces = grown;
	files->pieces[files->count++] = *piece;
	return true;
}

static bool add_file(struct trust_files *files, const struct kind *kind, const char *path,
		     char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trial = NULL;
	struct piece piece = { .kind = kind };
	enum sk_err err;

	if (!read_text(kind->setting, path, kind->max, &piece.text, &piece.len, why))
		return false;

	err = sk_trust_new(&files->rules, &trial);
	if (!err)
		err = kind->add(trial, piece.text, piece.len, NULL);
	if (!err && put_piece(files, &piece))
		return true;

	file_free(piece.text, piece.len);
	return complain(why, kind->setting, path, err ? reason_of(kind, err) : "too many files");
}

static bool add_folder(struct trust_files *files, const char *folder,
		       char why[TRUST_FILES_WHY_SIZE])
{
	char **paths = NULL;
	const int count = trust_folder_list(folder, &paths);
	bool ok = count > 0;

	if (count < 0)
		return complain(why, anchors.setting, folder, "the folder cannot be read");
	if (count == 0)
		complain(why, anchors.setting, folder, "a folder without *.pem, *.crt or *.cer");
	for (int i = 0; i < count && ok; i++)
		ok = add_file(files, &anchors, paths[i], why);
	trust_folder_free(paths, count);
	return ok;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool add_files(struct trust_files *files, const struct kind *kind,
		      const struct text_list *paths, char why[TRUST_FILES_WHY_SIZE])
{
	for (size_t i = 0; i < paths->count; i++) {
		const char *path = paths->items[i];
		const bool folder = kind == &anchors && is_folder(path);

		if (!(folder ? add_folder(files, path, why) : add_file(files, kind, path, why)))
			return false;
	}
	return true;
}

/* All of the administrator's files as one text: the roots a list's signer must lead to */
static bool join_roots(struct trust_files *files)
{
	size_t size = 1;

	for (size_t i = 0; i < files->count; i++)
		if (files->pieces[i].kind == &administrator)
			size += files->pieces[i].len + 1;

	files->roots = malloc(size);
	if (!files->roots)
		return false;

	for (size_t i = 0; i < files->count; i++) {
		const struct piece *piece = &files->pieces[i];

		if (piece->kind != &administrator)
			continue;
		memcpy(files->roots + files->roots_len, piece->text, piece->len);
		files->roots_len += piece->len;
		files->roots[files->roots_len++] = '\n';
	}
	return true;
}

static const char *list_reason(enum sk_err err)
{
	switch ((int)err) {
	case SK_IAT_STALE:
		return "its exp is past";
	case SK_CERT_UNTRUSTED:
		return "its signer leads to no certificate of trust.administrator";
	case SK_CERT_EXPIRED:
		return "its signer's certificate has expired";
	case SK_CLAIM_MISSING:
		return "a claim is missing, or there is no authority in it";
	default:
		return sk_err_text(err);
	}
}

static bool read_list(const struct trust_conf *conf, int64_t now, struct trust_files *files,
		      char why[TRUST_FILES_WHY_SIZE])
{
	char *text = NULL;
	size_t len = 0;
	enum sk_err err;

	if (!read_text("trust.ca-list", conf->ca_list, SK_CALIST_MAX, &text, &len, why))
		return false;

	err = sk_calist_parse((struct sk_span){ text, len }, &files->list);
	file_free(text, len);
	if (!err)
		err = sk_calist_check(files->list, trust_files_list_signer(files),
				      trust_files_administrator(files), now, -1);
	/* what time has done is no mistake: whoever starts anew must not be worse off */
	files->list_err = err;
	if (!err || (files->list && (err == SK_IAT_STALE || err == SK_CERT_EXPIRED)))
		return true;

	return complain(why, "trust.ca-list", conf->ca_list, list_reason(err));
}

static bool needs(char why[TRUST_FILES_WHY_SIZE], const char *setting, const char *other)
{
	snprintf(why, TRUST_FILES_WHY_SIZE, "%s: needs %s", setting, other);
	return false;
}

static bool read_lists(const struct trust_conf *conf, int64_t now, struct trust_files *files,
		       char why[TRUST_FILES_WHY_SIZE])
{
	const bool file = conf->ca_list && conf->ca_list[0] != '\0';
	const bool url = conf->ca_list_url && conf->ca_list_url[0] != '\0';
	const bool signer = conf->ca_list_certificate && conf->ca_list_certificate[0] != '\0';

	if ((file || url) && conf->administrator.count == 0)
		return needs(why, file ? "trust.ca-list" : "trust.ca-list-url",
			     "trust.administrator, whose certificates vouch for the list");
	if (file && !signer)
		return needs(why, "trust.ca-list",
			     "trust.ca-list-certificate: a file's signer is not fetched");
	if (!join_roots(files)) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	if (signer && !read_text("trust.ca-list-certificate", conf->ca_list_certificate,
				 SK_CERT_FILE_MAX, &files->signer, &files->signer_len, why))
		return false;

	return !file || read_list(conf, now, files, why);
}

static bool set_policies(const struct text_list *oids, struct sk_trust_rules *rules,
			 char why[TRUST_FILES_WHY_SIZE])
{
	for (size_t i = 0; i < oids->count && i < SK_POLICIES_MAX; i++) {
		if (!sk_oid_parse(oids->items[i], &rules->policies[i]))
			return complain(why, "trust.policies", oids->items[i], "not an OID");
		rules->policy_count++;
	}
	return true;
}

bool trust_files_read(const struct trust_conf *conf, int64_t now, struct trust_files **out,
		      char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(trust_files_free_p) struct trust_files *files = calloc(1, sizeof(*files));

	if (!files) {
		snprintf(why, TRUST_FILES_WHY_SIZE, "out of memory");
		return false;
	}
	files->rules = (struct sk_trust_rules){
		.profile = conf->profile,
		.allow_p384_issuers = conf->p384_issuers,
		.allow_delegates = conf->delegates,
		.crl_required = conf->crl_required,
		.crl_grace = conf->crl_grace,
	};
	if (!set_policies(&conf->policies, &files->rules, why) ||
	    !add_files(files, &anchors, &conf->anchors, why) ||
	    !add_files(files, &crls, &conf->crls, why) ||
	    !add_files(files, &administrator, &conf->administrator, why) ||
	    !add_files(files, &crl_signers, &conf->crl_signers, why) ||
	    !read_lists(conf, now, files, why))
		return false;

	*out = sk_steal(files);
	return true;
}

void trust_files_free(struct trust_files *files)
{
	if (!files)
		return;

	for (size_t i = 0; i < files->count; i++)
		file_free(files->pieces[i].text, files->pieces[i].len);
	free(files->pieces);
	free(files->roots);
	file_free(files->signer, files->signer_len);
	sk_calist_free(files->list);
	free(files);
}

bool trust_files_build(const struct trust_files *files, int64_t missing_until,
		       struct sk_trust **out, char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct sk_trust_rules rules = files->rules;
	enum sk_err err;

	rules.crl_missing_until = missing_until;
	err = sk_trust_new(&rules, &trust);
	for (size_t i = 0; !err && i < files->count; i++) {
		const struct piece *piece = &files->pieces[i];

		err = piece->kind->add(trust, piece->text, piece->len, NULL);
	}
	if (err) {
		/* each was good by itself, so together they are too many */
		snprintf(why, TRUST_FILES_WHY_SIZE, "%s",
			 err == SK_CRL_INVALID ? "trust.crls: too many revocation lists"
					       : sk_err_text(err));
		return false;
	}
	*out = sk_steal(trust);
	return true;
}

const struct sk_calist *trust_files_list(const struct trust_files *files, bool *over)
{
	if (over)
		*over = files->list_err != SK_OK;

	return files->list_err ? NULL : files->list;
}

struct sk_span trust_files_crl(const struct trust_files *files, size_t at)
{
	size_t seen = 0;

	for (size_t i = 0; i < files->count; i++)
		if (files->pieces[i].kind == &crls && seen++ == at)
			return (struct sk_span){ files->pieces[i].text, files->pieces[i].len };

	return (struct sk_span){ 0 };
}

struct sk_span trust_files_administrator(const struct trust_files *files)
{
	return (struct sk_span){ files->roots, files->roots_len };
}

struct sk_span trust_files_list_signer(const struct trust_files *files)
{
	return (struct sk_span){ files->signer, files->signer_len };
}

bool trust_files_load(const struct trust_conf *conf, struct sk_trust **out,
		      char why[TRUST_FILES_WHY_SIZE])
{
	SK_CLEANUP(trust_files_free_p) struct trust_files *files = NULL;
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	struct sk_span pem;
	enum sk_err err;

	if (!trust_files_read(conf, (int64_t)time(NULL), &files, why))
		return false;
	if (files->list_err)
		return complain(why, "trust.ca-list", conf->ca_list, list_reason(files->list_err));
	if (!trust_files_build(files, 0, &trust, why))
		return false;
	if (files->list) {
		pem = sk_calist_pem(files->list);
		err = sk_trust_add_anchors(trust, pem.ptr, pem.len, NULL);
		if (err)
			return complain(why, "trust.ca-list", conf->ca_list, sk_err_text(err));
	}
	*out = sk_steal(trust);
	return true;
}
