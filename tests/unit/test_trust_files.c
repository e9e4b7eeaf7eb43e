/*
 * Files on disk -> trust; every reason names the file.
 */
#include "pki.h"
#include "redirector/certs/trust_files.h"
#include "tests/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/trust-files-XXXXXX";

static char *put(const char *name, const char *text, size_t len)
{
	static char paths[8][64];
	static unsigned next;
	char *path = paths[next++ % 8];
	FILE *file;

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0)
		abort();
	return path;
}

static void refused(char *anchor, char *crl, const char *named, const char *what)
{
	struct trust_conf conf = { .anchors = { &anchor, anchor != NULL },
				   .crls = { &crl, crl != NULL } };
	struct sk_trust *trust = NULL;
	char why[TRUST_FILES_WHY_SIZE] = "";
	bool ok = trust_files_load(&conf, &trust, why);

	CHECK(!ok && !trust, "%s", what);
	CHECK(strstr(why, named), "%s: the reason \"%s\" does not name %s", what, why, named);
	if (ok)
		sk_trust_free(trust);
}

int main(void)
{
	static struct pki_text chain, anchors, more, crl;
	const struct pki_spec usual = { 0 };
	const struct pki_crl list = { 0 };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	char *paths[2], *crl_path, why[TRUST_FILES_WHY_SIZE] = "";
	struct trust_conf conf = { .profile = SK_PROFILE_STRICT };
	struct sk_trust *trust = NULL;

	if (!mkdtemp(dir))
		abort();
	EVP_PKEY_free(pki_simple(NULL, &chain, &anchors));
	pki_add_cert(&more, root.cert);
	pki_add_crl(&crl, &list, &root);
	paths[0] = put("a.pem", anchors.text, anchors.len);
	paths[1] = put("b.pem", more.text, more.len);
	crl_path = put("list.pem", crl.text, crl.len);

	CHECK(trust_files_load(&conf, &trust, why) && sk_trust_anchors(trust) == 0, "no files");
	sk_trust_free(trust);
	conf.anchors = (struct text_list){ paths, 2 };
	conf.crls = (struct text_list){ &crl_path, 1 };
	CHECK(trust_files_load(&conf, &trust, why), "two anchors and a list: %s", why);
	CHECK(sk_trust_anchors(trust) == 2, "two anchors");
	sk_trust_free(trust);

	refused((char[]){ "/nonexistent/x.pem" }, NULL, "/nonexistent/x.pem", "no such file");
	refused(dir, NULL, dir, "a folder");
	refused(put("empty.pem", "", 0), NULL, "empty.pem", "an empty file");
	refused(put("text.pem", "hello", 5), NULL, "text.pem", "no certificate");
	refused(put("leaf.pem", chain.text, chain.len), NULL, "leaf.pem", "a leaf as anchor");
	refused(put("half.pem", anchors.text, anchors.len / 2), NULL, "half.pem", "half a file");
	refused(paths[0], (char[]){ "/nonexistent/y.crl" }, "/nonexistent/y.crl", "no such list");
	refused(paths[0], put("empty.crl", "", 0), "empty.crl", "an empty list");
	refused(paths[0], paths[1], "b.pem", "an anchor as list");
	refused(crl_path, NULL, "list.pem", "a list as anchor");

	for (const char *const *n =
		     (const char *const[]){ "a.pem", "b.pem", "list.pem", "empty.pem", "text.pem",
					    "leaf.pem", "half.pem", "empty.crl", NULL };
	     *n; n++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", dir, *n);
		unlink(path);
	}
	rmdir(dir);
	pki_drop(&root);
	return check_result();
}
