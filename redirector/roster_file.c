/*
 * Stamps are taken before contents are read, and contents are hashed before they are used: a
 * file that changes in between differs next time at the latest.
 */
#include "redirector/roster_file.h"

#include "config/tenant_file.h"
#include "redirector/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FINDING_SIZE = 1024,
	FILES_OF_CREDENTIAL = 4, /* key, certificate, and those that follow */
};

static void roster_file_free(struct roster_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		free(file->files[i].path);
	free(file->files);
	free(file);
}
SK_DEFINE_CLEANUP(struct roster_file, roster_file_free)

static void free_source(void *source)
{
	roster_file_free(source);
}

struct roster_file *roster_file_of(const struct tenant *tenant)
{
	return tenant->source;
}

static struct stamp stamp_of(const char *path)
{
	struct stamp stamp = { .size = 0 };
	struct stat st;

	if (stat(path, &st) < 0)
		return stamp;
	stamp.device = st.st_dev;
	stamp.inode = st.st_ino;
	stamp.size = st.st_size;
	stamp.changed = st.st_mtim;
	stamp.status = st.st_ctim;
	stamp.mode = st.st_mode;
	stamp.owner = st.st_uid;
	return stamp;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(a->changed, b->changed) && same_time(a->status, b->status);
}

/* What cannot be read has the hash of nothing: it is the loader who says why. */
static bool hash_file(const char *path, uint8_t out[SK_DIGEST_LEN])
{
	char why[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len = 0;
	enum sk_err err;

	if (!file_read(path, FILE_PUBLIC, CONF_FILE_MAX, &text, &len, why))
		return !sk_digest(SK_SPAN(""), out);
	err = sk_digest((struct sk_span){ text, len }, out);
	file_free(text, len);
	return !err;
}

/* The hash of the hashes, in order. */
static bool hash_all(struct watched *files, size_t count, const uint8_t *first,
		     uint8_t out[SK_DIGEST_LEN])
{
	uint8_t *hashes = malloc(count * SK_DIGEST_LEN);
	bool ok = hashes != NULL;

	for (size_t i = 0; ok && i < count; i++) {
		if (i == 0 && first)
			memcpy(hashes, first, SK_DIGEST_LEN);
		else
			ok = hash_file(files[i].path, hashes + i * SK_DIGEST_LEN);
	}
	ok = ok && !sk_digest((struct sk_span){ (const char *)hashes, count * SK_DIGEST_LEN }, out);
	free(hashes);
	return ok;
}

static bool stamps_same(const struct roster_file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		struct stamp now = stamp_of(file->files[i].path);

		if (!same_stamp(&now, &file->files[i].stamp))
			return false;
	}
	return true;
}

/* A key that others may read by now is refused, although its contents are the same. */
static bool same_access(const struct stamp *a, const struct stamp *b)
{
	return a->mode == b->mode && a->owner == b->owner;
}

bool roster_file_same(const struct tenant *tenant)
{
	struct roster_file *file = roster_file_of(tenant);
	struct stamp *stamps;
	uint8_t hash[SK_DIGEST_LEN];
	bool same;

	if (stamps_same(file))
		return true;
	stamps = calloc(file->count, sizeof(*stamps));
	same = stamps != NULL;
	for (size_t i = 0; same && i < file->count; i++) {
		stamps[i] = stamp_of(file->files[i].path);
		same = same_access(&stamps[i], &file->files[i].stamp);
	}
	same = same && hash_all(file->files, file->count, NULL, hash) &&
	       memcmp(hash, file->hash, sizeof(hash)) == 0;
	for (size_t i = 0; same && i < file->count; i++)
		file->files[i].stamp = stamps[i];
	free(stamps);
	return same;
}

/* Once each: a next key is mostly the same. */
static bool watch(struct roster_file *file, const char *path)
{
	struct watched *w = &file->files[file->count];
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	static const char credential[] = "credential:";

	if (path[0] == '\0' || strncmp(path, "pkcs11:", 7) == 0)
		return true;
	if (strncmp(path, credential, sizeof(credential) - 1) != 0)
		w->path = strdup(path);
	else if (asprintf(&w->path, "%s/%s", folder ? folder : "", path + sizeof(credential) - 1) <
		 0)
		w->path = NULL;
	if (!w->path)
		return false;
	for (size_t i = 0; i < file->count; i++) {
		if (strcmp(file->files[i].path, w->path) != 0)
			continue;
		free(w->path);
		return true;
	}
	w->stamp = stamp_of(w->path);
	file->count++;
	return true;
}

static bool watch_all(struct roster_file *file, const struct tenant_conf *set)
{
	const struct credential_conf *credentials = set->credentials.items;
	const struct text_map *certificates = &set->verify.certificates;
	size_t most = file->count + 2 + set->credentials.count * FILES_OF_CREDENTIAL +
		      certificates->count;
	struct watched *files = realloc(file->files, most * sizeof(*files));
	bool ok = files != NULL;

	if (ok)
		file->files = files;
	ok = ok && watch(file, set->sign.key) && watch(file, set->sign.certificate);
	for (size_t i = 0; ok && i < set->credentials.count; i++)
		ok = watch(file, credentials[i].key) && watch(file, credentials[i].certificate) &&
		     watch(file, credentials[i].next_key) &&
		     watch(file, credentials[i].next_certificate);
	for (size_t i = 0; ok && i < certificates->count; i++)
		ok = watch(file, certificates->values[i]);
	/* most of them were empty, and there are many tenants */
	files = ok ? realloc(file->files, file->count * sizeof(*files)) : NULL;
	if (files)
		file->files = files;
	return ok;
}

static void find(struct complaints *findings, const char *path, const char *what)
{
	char text[FINDING_SIZE];

	snprintf(text, sizeof(text), "%.400s: %s", path, what);
	complaints_add(findings, text);
}

/* The tenant's own file: read once, for its settings and for its hash. */
static bool read_own(struct roster_file *file, struct conf *conf, uint8_t hash[SK_DIGEST_LEN],
		     struct tenant_conf **out, struct complaints *findings)
{
	const char *path = file->files[0].path;
	char why[FILE_WHY_SIZE];
	char *text = NULL;
	size_t len = 0;
	bool ok;

	file->files[0].stamp = stamp_of(path);
	if (!file_read(path, FILE_PUBLIC, CONF_FILE_MAX, &text, &len, why)) {
		find(findings, path, why);
		return false;
	}
	ok = !sk_digest((struct sk_span){ text, len }, hash);
	if (!ok)
		find(findings, path, sk_err_text(SK_ECRYPTO));
	ok = ok && tenant_conf_load(text, len, path, conf, out, findings);
	file_free(text, len);
	return ok;
}

static struct roster_file *file_new(const char *path)
{
	SK_CLEANUP(roster_file_free_p) struct roster_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->files = calloc(1, sizeof(*file->files));
	if (!file->files)
		return NULL;
	file->files[0].path = strdup(path);
	if (!file->files[0].path)
		return NULL;
	file->count = 1;
	return sk_steal(file);
}

struct tenant *roster_file_load(const char *path, struct conf *conf,
				const struct tenant_parts *parts, struct complaints *findings)
{
	SK_CLEANUP(roster_file_free_p) struct roster_file *file = file_new(path);
	SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
	uint8_t own[SK_DIGEST_LEN];
	char why[KEYSTORE_WHY_SIZE];
	struct tenant *tenant;

	if (!file) {
		find(findings, path, sk_err_text(SK_ENOMEM));
		return NULL;
	}
	if (!read_own(file, conf, own, &set, findings))
		return NULL;
	if (!watch_all(file, set) || !hash_all(file->files, file->count, own, file->hash)) {
		find(findings, path, sk_err_text(SK_ENOMEM));
		return NULL;
	}
	tenant = tenant_of_file(sk_steal(set), parts, why);
	if (!tenant) {
		find(findings, path, why);
		return NULL;
	}
	tenant->source = sk_steal(file);
	tenant->free_source = free_source;
	return tenant;
}

void roster_file_hex(const struct roster_file *file, char out[ROSTER_HEX_SIZE])
{
	for (size_t i = 0; i < SK_DIGEST_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", file->hash[i]);
}
