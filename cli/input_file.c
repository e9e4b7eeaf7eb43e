/*
 * Files with certificates.  A file that cannot be read is our own fault and ends
 * the command; a file that holds something else than it should is an answer.
 */
#include "cli/input.h"
#include "cli/out.h"
#include "redirector/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	TRUST_FILE_MAX = 16 << 20, /* the revocation list of a whole country is large */
};

int input_chain(const struct command *self, const char *path, struct sk_chain **out,
		enum sk_err *err)
{
	char why[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len = 0;

	if (!file_read(path, FILE_PUBLIC, SK_CERT_FILE_MAX, &text, &len, why))
		return out_fault(self, "%s: %s", path, why);

	*err = sk_chain_new(text, len, out);
	file_free(text, len);
	if (*err == SK_FETCH_SYNTAX) /* its own text speaks of an address */
		fprintf(stderr,
			"shaken %s: %s: %s: the file holds no certificate, or a broken one\n",
			self->name, sk_err_name(*err), path);
	return CLI_YES;
}

typedef enum sk_err add_h(struct sk_trust *trust, const char *text, size_t len, size_t *count);

static int add_file(const struct command *self, struct sk_trust *trust, const char *path,
		    add_h *add)
{
	char why[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len = 0;
	enum sk_err err;

	if (!file_read(path, FILE_PUBLIC, TRUST_FILE_MAX, &text, &len, why))
		return out_fault(self, "%s: %s", path, why);

	err = add(trust, text, len, NULL);
	file_free(text, len);
	if (err)
		return out_fault(self, "%s: %s: %s", path, sk_err_name(err),
				 add == sk_trust_add_anchors
					 ? "not the certificates of authorities in PEM"
					 : sk_err_text(err));
	return CLI_YES;
}

static int is_certificate_name(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot &&
	       (strcmp(dot, ".pem") == 0 || strcmp(dot, ".crt") == 0 || strcmp(dot, ".cer") == 0);
}

static int add_folder(const struct command *self, struct sk_trust *trust, const char *path)
{
	struct dirent **names = NULL;
	int count = scandir(path, &names, is_certificate_name, alphasort);
	int status = CLI_YES;

	if (count < 0)
		return out_fault(self, "%s: %s", path, strerror(errno));
	if (count == 0)
		status = out_fault(self, "%s: no file *.pem, *.crt or *.cer in it", path);

	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];

		if (status == CLI_YES && snprintf(file, sizeof(file), "%s/%s", path,
						  names[i]->d_name) < (int)sizeof(file))
			status = add_file(self, trust, file, sk_trust_add_anchors);
		free(names[i]);
	}
	free(names);
	return status;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int add_list(const struct command *self, struct sk_trust *trust,
		    const struct args_list *paths, add_h *add)
{
	int status = CLI_YES;

	for (size_t i = 0; status == CLI_YES && i < paths->count; i++) {
		const char *path = paths->items[i];

		status = add == sk_trust_add_anchors && is_folder(path)
				 ? add_folder(self, trust, path)
				 : add_file(self, trust, path, add);
	}
	return status;
}

/* What stands above the leaf may sign lists, as far as the path to it is good */
static void add_chain(struct sk_trust *trust, const char *path)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;
	char why[FILE_WHY_SIZE], *text = NULL;
	size_t len = 0;

	if (!path || !file_read(path, FILE_PUBLIC, SK_CERT_FILE_MAX, &text, &len, why))
		return;
	if (sk_chain_new(text, len, &chain) == SK_OK) {
		for (size_t i = 1; i < sk_chain_count(chain); i++) {
			BIO *bio = BIO_new(BIO_s_mem());
			char *pem = NULL;
			long size = 0;

			if (bio && PEM_write_bio_X509(bio, sk_chain_at(chain, i)))
				size = BIO_get_mem_data(bio, &pem);
			/* one that may not sign lists is no signer */
			if (size > 0 && sk_trust_add_crl_signers(trust, pem, (size_t)size, NULL))
				ERR_clear_error();
			BIO_free_all(bio);
		}
	}
	file_free(text, len);
}

static void note_crl(const struct command *self, const struct sk_trust *trust, const char *path,
		     const struct input_trust *from)
{
	char why[FILE_WHY_SIZE], *text = NULL;
	size_t len = 0;
	int64_t ends;

	if (!file_read(path, FILE_PUBLIC, TRUST_FILE_MAX, &text, &len, why))
		return;
	if (sk_trust_review_crls(trust, (struct sk_span){ text, len }, (struct sk_span){ 0 },
				 from->now, &ends) == SK_CERT_UNTRUSTED)
		(void)out_fault(self,
				"%s: a list in it is forged, or signed by nobody of --trust and "
				"--crl-signer: it counts %s",
				path,
				from->chain ? "for nobody"
					    : "only for a chain that brings its signer");
	file_free(text, len);
}

static int read_trust(const struct command *self, const struct sk_trust_rules *rules,
		      const struct input_trust *from, struct sk_trust **out)
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	enum sk_err err = sk_trust_new(rules, &trust);
	int status = CLI_YES;

	if (err)
		return out_refusal(self, err);

	status = add_list(self, trust, from->anchors, sk_trust_add_anchors);
	if (status == CLI_YES)
		status = add_list(self, trust, from->signers, sk_trust_add_crl_signers);
	if (status == CLI_YES)
		*out = sk_steal(trust);
	return status;
}

/* A note alone: what a list is worth is seen when a chain is judged */
static void note_crls(const struct command *self, const struct sk_trust_rules *rules,
		      const struct input_trust *from)
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trial = NULL;

	if (from->crls->count == 0 || read_trust(self, rules, from, &trial) != CLI_YES)
		return;
	add_chain(trial, from->chain);
	for (size_t i = 0; i < from->crls->count; i++)
		note_crl(self, trial, from->crls->items[i], from);
}

int input_trust(const struct command *self, const struct sk_trust_rules *rules,
		const struct input_trust *from, struct sk_trust **out)
{
	SK_CLEANUP(sk_trust_free_p) struct sk_trust *trust = NULL;
	int status = read_trust(self, rules, from, &trust);

	if (status == CLI_YES)
		status = add_list(self, trust, from->crls, sk_trust_add_crls);
	if (status != CLI_YES)
		return status;

	note_crls(self, rules, from);
	*out = sk_steal(trust);
	return CLI_YES;
}
