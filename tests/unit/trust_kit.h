/**
 * @file trust_kit.h  Chains that are good but for what a row says, and the files of them
 */
#pragma once

#include "shaken/trust.h"
#include "tests/unit/pki.h"

/* Which files a row hands over */
enum shape {
	NORMAL,      /* leaf, intermediate | root             */
	LEAF_ONLY,   /* leaf               | root             */
	WITH_ROOT,   /* leaf, intermediate, root | root       */
	REVERSED,    /* intermediate, leaf | root             */
	MID_ANCHOR,  /* leaf               | intermediate     */
	STRANGE_TOP, /* leaf, intermediate, root | other root */
	SELF_SIGNED, /* leaf signed by itself | root          */
	NO_MID,      /* leaf signed by the root | root        */
	NO_ANCHORS,  /* leaf, intermediate | none             */
};

struct row {
	const char *name;
	enum sk_err want;
	const struct sk_trust_rules *rules;
	struct pki_spec leaf, mid, root;
	enum shape shape;
	int64_t now; /* 0: PKI_NOW */
};

struct files {
	struct pki_cert root, mid, leaf, other;
	struct pki_text chain, anchors;
};

static inline void make(const struct row *row, struct files *f)
{
	const struct pki_spec usual = { 0 };
	const struct pki_cert *above = row->shape == NO_MID ? &f->root : &f->mid;

	f->chain.len = f->anchors.len = 0;
	f->root = pki_issue(&row->root, PKI_ROOT, NULL, NULL);
	f->mid = pki_issue(&row->mid, PKI_MID, &f->root, NULL);
	f->leaf = pki_issue(&row->leaf, PKI_LEAF, row->shape == SELF_SIGNED ? NULL : above, NULL);
	f->other = pki_issue(&usual, PKI_ROOT, NULL, NULL);

	if (row->shape == REVERSED)
		pki_add_cert(&f->chain, f->mid.cert);
	pki_add_cert(&f->chain, f->leaf.cert);
	if (row->shape == NORMAL || row->shape == WITH_ROOT || row->shape == STRANGE_TOP ||
	    row->shape == NO_ANCHORS)
		pki_add_cert(&f->chain, f->mid.cert);
	if (row->shape == WITH_ROOT || row->shape == STRANGE_TOP)
		pki_add_cert(&f->chain, f->root.cert);
	pki_add_cert(&f->anchors, row->shape == MID_ANCHOR    ? f->mid.cert
				  : row->shape == STRANGE_TOP ? f->other.cert
							      : f->root.cert);
}

static inline void drop(struct files *f)
{
	pki_drop(&f->root);
	pki_drop(&f->mid);
	pki_drop(&f->leaf);
	pki_drop(&f->other);
}
