/*
 * `shaken lab`: a PKI to throw away, and the configuration that uses it.
 * The surprising part is what is wrong in it, on purpose: lab_pki.c.
 */
#include "cli/lab.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "redirector/base/addr.h"
#include "redirector/base/file.h"
#include "shaken/key.h"
#include "shaken/url.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

SK_DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)
SK_DEFINE_CLEANUP(BIO, BIO_free_all)

enum {
	DAYS_MAX = 3600, /* the authorities' ten years end later */
	HOST_SIZE = 256,
};

struct lab_options {
	const char *x5u_base, *listen, *draft_key;
	int64_t days;
	bool force;
};

/* Room for the longest file name behind the base must stay (SK_URL_MAX). */
static bool base_ok(const char *base, char host[HOST_SIZE])
{
	char longest[SK_URL_MAX + 1];
	struct sk_url url;
	int len = snprintf(longest, sizeof(longest), "%s/wrong-issuer-order.pem", base);

	if (len >= (int)sizeof(longest) || base[strlen(base) - 1] == '/')
		return false;
	if (!sk_url_parse(sk_span_of(longest), SK_URL_LAB, &url) || url.host.len >= HOST_SIZE)
		return false;

	snprintf(host, HOST_SIZE, "%.*s", (int)url.host.len, url.host.ptr);
	return true;
}

/* The key may be a private or a public one: a certificate has only the public half. */
static EVP_PKEY *read_draft_key(const char *path)
{
	SK_CLEANUP(BIO_free_all_p) BIO *bio = NULL;
	EVP_PKEY *key = NULL;
	char why[FILE_WHY_SIZE], no_password[] = "";
	char *text = NULL;
	size_t len = 0;

	if (!file_read(path, FILE_PUBLIC, SK_KEY_FILE_MAX, &text, &len, why)) {
		fprintf(stderr, "shaken lab: --draft-key: %s: %s\n", path, why);
		return NULL;
	}
	bio = BIO_new_mem_buf(text, (int)len);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password) : NULL;
	if (!key && bio && BIO_reset(bio) == 1)
		key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	file_free(text, len);
	if (!key)
		fprintf(stderr, "shaken lab: --draft-key: %s: no key in PEM\n", path);
	return key;
}

static bool make_dir(const char *dir, bool force)
{
	char path[PATH_MAX];

	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		fprintf(stderr, "shaken lab: %s: %s\n", dir, strerror(errno));
		return false;
	}
	if (snprintf(path, sizeof(path), "%s/root.key", dir) >= (int)sizeof(path)) {
		fprintf(stderr, "shaken lab: %s: the name is too long\n", dir);
		return false;
	}
	if (!force && access(path, F_OK) == 0) {
		fprintf(stderr, "shaken lab: %s exists: --force makes the laboratory anew\n", path);
		return false;
	}
	return true;
}

static void print_files(const struct lab_wish *wish)
{
	printf("A laboratory in %s, for use in a closed network only.\n\n", wish->dir);
	printf("  %-24s %s\n", "root.pem root.key", "trust anchor");
	printf("  %-24s %s\n", "intermediate.pem .key", "issues the certificates below");
	printf("  %-24s %s\n", "sp.pem sp.key", "service provider 709J: signs calls");
	printf("  %-24s %s\n", "crl.pem", "revocation lists of intermediate and root");
	printf("  %-24s %s\n", "expired-crl.pem", "the same, out of date");
	printf("  %-24s %s\n", "admin.pem admin.key",
	       "policy administrator (STI-PA): signs the next two");
	printf("  %-24s %s\n", "ca-list.jws", "list of authorities: root.pem");
	printf("  %-24s %s\n", "admin-crl.pem", "indirect revocation list of all authorities");
	printf("  %-24s %s\n", "ca-list-signer.pem .key", "certificate that signs ca-list.jws");
	printf("  %-24s %s\n", "other-root.pem .key", "a root that nobody trusts");
	printf("  %-24s %s\n", "tls-ca.pem", "authority of the web certificates");
	printf("  %-24s %s\n", "tls.pem tls.key", "HTTPS server of the certificates");
	printf("  %-24s %s\n", "tls-other.pem .key", "HTTPS server of another name");
	if (wish->draft_key)
		printf("  %-24s %s\n", "draft.pem", "certificate of --draft-key, valid from 2015");
	printf("  %-24s %s\n", "redirector.yaml", "configuration for all this");
	printf("\nNot as they should be, each with its key:\n");
	for (size_t i = 0; i < lab_leaf_count(); i++)
		printf("  %-24s %s\n", lab_leaf_at(i)->name, lab_leaf_at(i)->about);
}

static void print_next(const struct lab_wish *wish)
{
	const char *dir = wish->dir;

	printf("\nTry:\n"
	       "  shaken cert --trust %s/root.pem %s/sp.pem\n"
	       "  shaken sign --key %s/sp.key --x5u %s/sp.pem --attest A \\\n"
	       "      --orig 12155551212 --dest 12155551213 |\n"
	       "    shaken verify --trust %s/root.pem --crl %s/crl.pem --certificate %s/sp.pem \\\n"
	       "      --orig 12155551212 --dest 12155551213\n"
	       "  shaken-redirector -c %s/redirector.yaml\n",
	       dir, dir, dir, wish->x5u_base, dir, dir, dir, dir);
}

static int make(struct lab_wish *wish, const struct lab_options *options)
{
	SK_CLEANUP(EVP_PKEY_free_p) EVP_PKEY *draft = NULL;

	if (options->draft_key) {
		draft = read_draft_key(options->draft_key);
		if (!draft)
			return CLI_OURS;
		wish->draft_key = draft;
	}
	if (!make_dir(wish->dir, options->force))
		return CLI_OURS;
	if (!lab_make_pki(wish) || !lab_make_config(wish))
		return CLI_OURS;

	print_files(wish);
	print_next(wish);
	return CLI_YES;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct lab_options o = { .days = 30 };
	struct args_list rest = { 0 };
	/* clang-format off */
	const struct args_option options[] = {
		{ "--days",      .number = &o.days, .min = 1, .max = DAYS_MAX },
		{ "--x5u-base",  .text = &o.x5u_base },
		{ "--listen",    .text = &o.listen },
		{ "--draft-key", .text = &o.draft_key },
		{ "--force",     .flag = &o.force },
	};
	/* clang-format on */
	const struct args args = { self, options, SK_COUNT(options), 1 };
	enum args_result result = args_read(&args, argc, argv, &rest);
	struct lab_wish wish;
	struct addr listen;
	char host[HOST_SIZE];

	if (result != ARGS_GO)
		return args_status(result);
	if (rest.count != 1 || rest.items[0][0] == '\0')
		return args_wrong(self, "which folder?");
	if (!o.x5u_base)
		o.x5u_base = "https://certs.lab.example";
	if (!o.listen)
		o.listen = "127.0.0.1:5060";
	if (o.x5u_base[0] == '\0' || !base_ok(o.x5u_base, host))
		return args_wrong(self, "--x5u-base: \"%s\" is not https://HOST[:PORT][/PATH]",
				  o.x5u_base);
	if (!addr_parse(sk_span_of(o.listen), &listen) || addr_port(&listen) == 0)
		return args_wrong(self, "--listen: \"%s\" is not ADDRESS:PORT", o.listen);

	wish = (struct lab_wish){ .dir = rest.items[0],
				  .x5u_base = o.x5u_base,
				  .host = host,
				  .listen = o.listen,
				  .now = time(NULL),
				  .days = o.days };
	return make(&wish, &o);
}

const struct command command_lab = {
	.name = "lab",
	.summary = "make a throw-away PKI and a configuration for tests",
	.synopsis = "[OPTION]... DIR",
	.help = "  --days N           validity of what is valid (30)\n"
		"  --x5u-base URL     where the certificates are served "
		"(https://certs.lab.example)\n"
		"  --listen ADDR:PORT where the redirector listens (127.0.0.1:5060)\n"
		"  --draft-key FILE   also certify this key, from 2015 on: draft.pem\n"
		"  --force            overwrite a laboratory that is there\n"
		"\n"
		"Example: shaken lab /tmp/lab\n",
	.run = run,
};
