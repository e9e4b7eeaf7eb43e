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
	static char paths[32][64];
	static unsigned next;
	char *path = paths[next++ % 32];
	FILE *file;

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0)
		abort();
	return path;
}

static void refused_conf(const struct trust_conf *conf, const char *named, const char *what)
{
	struct sk_trust *trust = NULL;
	char why[TRUST_FILES_WHY_SIZE] = "";
	bool ok = trust_files_load(conf, &trust, why);

	CHECK(!ok && !trust, "%s", what);
	CHECK(strstr(why, named), "%s: the reason \"%s\" does not name %s", what, why, named);
	if (ok)
		sk_trust_free(trust);
}

static void refused(char *anchor, char *crl, const char *named, const char *what)
{
	const struct trust_conf conf = { .anchors = { &anchor, anchor != NULL },
					 .crls = { &crl, crl != NULL } };

	refused_conf(&conf, named, what);
}

/* A folder's files in the order of their names; what has another ending is passed over */
static void test_folder(const struct pki_text *one, const struct pki_text *two,
			const struct pki_text *leaf)
{
	char sub[64], *folder = sub, why[TRUST_FILES_WHY_SIZE] = "";
	const struct trust_conf conf = { .anchors = { &folder, 1 } };
	struct sk_trust *trust = NULL;

	snprintf(sub, sizeof(sub), "%s/sub", dir);
	if (mkdir(sub, 0755) != 0)
		abort();
	refused(sub, NULL, "trust.anchors", "an empty folder");
	put("sub/readme.txt", "hello", 5);
	put("sub/.hidden.pem", "hello", 5);
	refused(sub, NULL, sub, "a folder without a certificate");
	put("sub/b.crt", one->text, one->len);
	put("sub/a.pem", two->text, two->len);
	CHECK(trust_files_load(&conf, &trust, why) && sk_trust_anchors(trust) == 2, "folder: %s",
	      why);
	sk_trust_free(trust);
	put("sub/c.cer", leaf->text, leaf->len);
	refused(sub, NULL, "sub/c.cer", "a leaf in a folder");
	put("sub/aa.pem", "", 0);
	refused(sub, NULL, "sub/aa.pem", "the first by name is the one that is named");
	for (const char *const *n = (const char *const[]){ "readme.txt", ".hidden.pem", "b.crt",
							   "a.pem", "c.cer", "aa.pem", NULL };
	     *n; n++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", sub, *n);
		unlink(path);
	}
	rmdir(sub);
}

/* What a list needs, and each thing it may lack */
static void test_list(const struct pki_text *authority)
{
	static struct pki_text admin, signer_pem, stranger_pem;
	const int64_t far = 4102444800; /* the files' own clock is the system's */
	const struct pki_spec pa = { .cn = "STI-PA", .to = far };
	const struct pki_spec lists = { .cn = "lists", .tnauth = "", .crldp = "", .to = far };
	struct pki_cert root = pki_issue(&pa, PKI_ROOT, NULL, NULL);
	struct pki_cert stranger = pki_issue(&pa, PKI_ROOT, NULL, NULL);
	struct pki_cert signer = pki_issue(&lists, PKI_LEAF, &root, NULL);
	char *good = pki_calist(1, far, authority->text, NULL, signer.key);
	char *over = pki_calist(1, PKI_NOW, authority->text, NULL, signer.key);
	char *forged = pki_calist(1, far, authority->text, NULL, stranger.key);
	char *admin_path, *stranger_path, *leaf_path, why[TRUST_FILES_WHY_SIZE] = "";
	struct trust_conf conf = { 0 }, other;
	struct sk_trust *trust = NULL;

	pki_add_cert(&admin, root.cert);
	pki_add_cert(&stranger_pem, stranger.cert);
	pki_add_cert(&signer_pem, signer.cert);
	admin_path = put("admin.pem", admin.text, admin.len);
	stranger_path = put("stranger.pem", stranger_pem.text, stranger_pem.len);
	leaf_path = put("signer.pem", signer_pem.text, signer_pem.len);
	conf.ca_list = put("list.jws", good, strlen(good));
	refused_conf(&conf, "trust.administrator", "a list without administrator");
	conf.administrator = (struct text_list){ &admin_path, 1 };
	refused_conf(&conf, "trust.ca-list-certificate", "a list without its signer");
	conf.ca_list_certificate = leaf_path;
	CHECK(trust_files_load(&conf, &trust, why) && sk_trust_anchors(trust) == 1, "list: %s",
	      why);
	sk_trust_free(trust);

	other = conf;
	other.ca_list = put("over.jws", over, strlen(over));
	refused_conf(&other, "over.jws", "past its exp");
	other.ca_list = put("forged.jws", forged, strlen(forged));
	refused_conf(&other, "forged.jws", "forged");
	other.ca_list = put("text.jws", "hello", 5);
	refused_conf(&other, "trust.ca-list: ", "text");
	other.ca_list = (char[]){ "/nonexistent/list.jws" };
	refused_conf(&other, "/nonexistent/list.jws", "no such list");
	other = conf;
	other.administrator = (struct text_list){ &stranger_path, 1 };
	refused_conf(&other, "trust.administrator", "another administrator");
	other.administrator = (struct text_list){ &leaf_path, 1 };
	refused_conf(&other, "signer.pem", "an administrator who can sign neither");
	other = conf;
	other.ca_list_certificate = (char[]){ "/nonexistent/signer.pem" };
	refused_conf(&other, "/nonexistent/signer.pem", "no such signer");
	other.ca_list_url = (char[]){ "https://x/" };
	other.ca_list = NULL;
	other.administrator.count = 0;
	refused_conf(&other, "trust.ca-list-url", "an URL without administrator");
	free(good);
	free(over);
	free(forged);
	pki_drop(&root);
	pki_drop(&stranger);
	pki_drop(&signer);
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

	test_folder(&anchors, &more, &chain);
	test_list(&anchors);
	for (const char *const *n =
		     (const char *const[]){ "admin.pem", "stranger.pem", "signer.pem", "list.jws",
					    "over.jws", "forged.jws", "text.jws", "a.pem", "b.pem",
					    "list.pem", "empty.pem", "text.pem", "leaf.pem",
					    "half.pem", "empty.crl", NULL };
	     *n; n++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", dir, *n);
		unlink(path);
	}
	rmdir(dir);
	pki_drop(&root);
	return check_result();
}
