/*
 * All dates are those of the replay's clock, which begins at PKI_NOW.
 */
#include "certs_chains.h"

#include "shaken/macro.h"

#include <stdlib.h>
#include <string.h>

enum {
	HOUR = 3600,
};

static const int64_t far_away = 2840140800;  /* 1 January 2060 */
static const int64_t leap_from = 1832976000; /* 1 February 2028 */
static const int64_t leap_to = 1835481599;   /* 29 February 2028, 23:59:59 */

static struct named {
	const char *name;
	struct pki_text text;
} chains[] = {
	{ .name = "good" },   { .name = "rolled" }, { .name = "revoked" }, { .name = "short" },
	{ .name = "issuer" }, { .name = "leap" },   { .name = "other" },   { .name = "mixed" },
	{ .name = "html" },   { .name = "empty" },  { .name = "cut" },
};

static struct pki_text anchors, other_anchors, crl;

static struct pki_text *find(const char *name)
{
	for (size_t i = 0; i < SK_COUNT(chains); i++)
		if (strcmp(chains[i].name, name) == 0)
			return &chains[i].text;
	abort();
}

const struct pki_text *chains_get(const char *name)
{
	return find(name);
}

static void put(const char *name, const struct pki_cert *leaf, const struct pki_cert *mid)
{
	pki_add_cert(find(name), leaf->cert);
	pki_add_cert(find(name), mid->cert);
}

static void leaf(const char *name, const struct pki_cert *mid, int64_t from, int64_t to)
{
	struct pki_spec spec = { .from = from, .to = to };
	struct pki_cert made = pki_issue(&spec, PKI_LEAF, mid, NULL);

	put(name, &made, mid);
	pki_drop(&made);
}

static void revoked(const struct pki_cert *root, const struct pki_cert *mid)
{
	struct pki_spec usual = { .to = far_away };
	struct pki_crl list = { .to = far_away };
	struct pki_cert made = pki_issue(&usual, PKI_LEAF, mid, NULL);

	put("revoked", &made, mid);
	list.revoked = made.cert;
	pki_add_crl(&crl, &list, mid);
	list.revoked = NULL;
	pki_add_crl(&crl, &list, root);
	pki_drop(&made);
}

static void others(const struct pki_cert *mid)
{
	const struct pki_spec usual = { .to = far_away };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert other_mid = pki_issue(&usual, PKI_MID, &root, NULL);
	struct pki_cert mixed = pki_issue(&usual, PKI_LEAF, mid, NULL);

	pki_add_cert(&other_anchors, root.cert);
	leaf("other", &other_mid, 0, far_away);
	put("mixed", &mixed, &other_mid);
	pki_drop(&mixed);
	pki_drop(&other_mid);
	pki_drop(&root);
}

static void texts(void)
{
	struct pki_text *html = find("html"), *cut = find("cut");

	*cut = *find("good");
	cut->len /= 2;
	strcpy(html->text, "<html><body>Please log in</body></html>");
	html->len = strlen(html->text);
}

void chains_init(void)
{
	const struct pki_spec usual = { .to = far_away }, soon = { .to = PKI_NOW + HOUR };
	struct pki_cert root = pki_issue(&usual, PKI_ROOT, NULL, NULL);
	struct pki_cert mid = pki_issue(&usual, PKI_MID, &root, NULL);
	struct pki_cert short_mid = pki_issue(&soon, PKI_MID, &root, NULL);

	pki_add_cert(&anchors, root.cert);
	leaf("good", &mid, 0, 0);
	leaf("rolled", &mid, 0, 0);
	leaf("short", &mid, 0, PKI_NOW + HOUR);
	leaf("issuer", &short_mid, 0, 0);
	leaf("leap", &mid, leap_from, leap_to);
	revoked(&root, &mid);
	others(&mid);
	texts();
	pki_drop(&short_mid);
	pki_drop(&mid);
	pki_drop(&root);
}

struct sk_trust *chains_trust(const char *name)
{
	const struct pki_text *pem = strcmp(name, "other") == 0 ? &other_anchors : &anchors;
	struct sk_trust_rules rules = { .profile = SK_PROFILE_OFF };
	struct sk_trust *trust = NULL;

	if (sk_trust_new(&rules, &trust) != SK_OK ||
	    sk_trust_add_anchors(trust, pem->text, pem->len, NULL) != SK_OK)
		abort();
	if (strcmp(name, "crl") == 0 && sk_trust_add_crls(trust, crl.text, crl.len, NULL) != SK_OK)
		abort();
	return trust;
}
