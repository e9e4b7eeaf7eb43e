/**
 * @file folderkit.h  A folder of tenants' files, and what is read of it
 */
#pragma once

#include "redirector/roster.h"
#include "redirector/roster_file.h"
#include "tests/check.h"
#include "tests/unit/pki.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct kit {
	char folder[64];
	struct clock clock;
	struct tenant_parts parts;
	struct conf *conf;
	struct directory *directory; /* in use; NULL: nothing */
	struct roster_report report; /* of the last read */
	char why[DIRECTORY_WHY_SIZE];
};

static inline int64_t kit_wall(const struct clock *self)
{
	(void)self;
	return PKI_NOW;
}

static inline const char *kit_path(const struct kit *k, const char *name)
{
	static char path[4][256];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", k->folder, name);
	return path[turn];
}

/* Written beside and put in place, as a careful editor does: another inode. */
static inline void kit_put(const struct kit *k, const char *name, const char *text)
{
	const char *beside = kit_path(k, "beside"), *path = kit_path(k, name);
	FILE *f = fopen(beside, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(beside, 0600) < 0 ||
	    rename(beside, path) < 0) {
		fprintf(stderr, "%s: cannot write\n", path);
		exit(1);
	}
}

static inline void kit_remove(const struct kit *k, const char *name)
{
	if (remove(kit_path(k, name)) < 0)
		exit(1);
}

/* A key and its certificate: NAME.key, NAME.pem. */
static inline void kit_key(const struct kit *k, const char *name)
{
	struct pki_text *chain = calloc(1, sizeof(*chain)), *anchors = calloc(1, sizeof(*anchors));
	struct pki_text *text = calloc(1, sizeof(*text));
	EVP_PKEY *key;
	char file[64];

	if (!chain || !anchors || !text)
		exit(1);
	key = pki_simple(NULL, chain, anchors);
	pki_add_key(text, key);
	snprintf(file, sizeof(file), "%s.key", name);
	kit_put(k, file, text->text);
	snprintf(file, sizeof(file), "%s.pem", name);
	kit_put(k, file, chain->text);
	EVP_PKEY_free(key);
	free(text);
	free(chain);
	free(anchors);
}

static inline struct conf *kit_conf(const struct kit *k, const char *more)
{
	struct complaints complaints = { 0 };
	struct conf *conf = NULL;

	kit_put(k, "main.yml", more);
	if (!conf_load(kit_path(k, "main.yml"), &conf, &complaints)) {
		fprintf(stderr, "%s\n%s\n", more, complaints.count ? complaints.items[0] : "");
		exit(1);
	}
	complaints_deinit(&complaints);
	return conf;
}

/* The main file from now on; "tenants: {folder: tenants}" is there already. */
static inline void kit_main(struct kit *k, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "sip: {sources: [10.0.0.0/8]}\n%s%s",
		 strstr(more, "tenants:") ? "" : "tenants: {folder: tenants}\n", more);
	conf_unref(k->conf);
	k->conf = kit_conf(k, text);
}

static inline void kit_begin(struct kit *k)
{
	*k = (struct kit){ .folder = "/tmp/roster.XXXXXX", .clock = { .wall = kit_wall } };
	k->parts.clock = &k->clock;
	if (!mkdtemp(k->folder) || mkdir(kit_path(k, "tenants"), 0700) < 0)
		exit(1);
	kit_main(k, "");
}

static inline void kit_end(struct kit *k)
{
	char command[128];

	roster_report_deinit(&k->report);
	directory_unref(k->directory);
	conf_unref(k->conf);
	snprintf(command, sizeof(command), "rm -r %s", k->folder);
	if (system(command) != 0)
		exit(1);
}

/* @return whether it went well; then what was read is in use */
static inline bool kit_read(struct kit *k)
{
	struct directory *next = NULL;

	roster_report_deinit(&k->report);
	k->report = (struct roster_report){ 0 };
	if (!roster_read(k->conf, &k->parts, k->directory, &next, &k->report, k->why))
		return false;
	directory_unref(k->directory);
	k->directory = next;
	return true;
}

static inline struct tenant *kit_tenant(const struct kit *k, const char *name)
{
	return directory_by_name(k->directory, sk_span_of(name));
}

/* "+a ~b -c !d": counts and names. */
static inline void kit_expect(struct kit *k, const char *what, const char *names, size_t unchanged)
{
	char got[512] = "";

	CHECK(kit_read(k), "%s: %s", what, k->why);
	for (size_t i = 0; i < k->report.names.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%c%s", i ? " " : "",
			 k->report.names.items[i][0], k->report.names.items[i] + 2);
	CHECK_STR(got, names, what);
	CHECK(k->report.unchanged == unchanged, "%s: %zu unchanged, want %zu", what,
	      k->report.unchanged, unchanged);
	CHECK(k->report.added + k->report.changed + k->report.removed + k->report.broken ==
		      k->report.names.count,
	      "%s: as many counted as named", what);
}

/* Does one finding hold both texts? */
static inline bool kit_found(const struct kit *k, const char *first, const char *second)
{
	for (size_t i = 0; i < k->report.findings.count; i++)
		if (strstr(k->report.findings.items[i], first) &&
		    strstr(k->report.findings.items[i], second))
			return true;
	return false;
}
