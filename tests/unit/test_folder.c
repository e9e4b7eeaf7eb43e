/*
 * What --check says of certs.store, and that it touches nothing.  Who is root may write
 * everywhere: rows about permissions of others are about owner and mode then.
 */
#include "redirector/certs/store_folder.h"
#include "tests/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/folder-XXXXXX";

static const char *at(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	return path;
}

static void file(const char *name, mode_t mode)
{
	int fd = open(at(name), O_CREAT | O_WRONLY, 0600);

	if (fd < 0 || close(fd) != 0 || chmod(at(name), mode) != 0)
		abort();
}

static void folder(const char *name, mode_t mode)
{
	if (mkdir(at(name), 0700) != 0 || chmod(at(name), mode) != 0)
		abort();
}

/* A path, and the words of the reason; NULL: it can be used */
/* clang-format off */
static const struct row {
	const char *path, *reason;
} rows[] = {
	{ "missing", NULL },
	{ "missing/", NULL },
	{ "good", NULL },
	{ "good/", NULL },
	{ "used", NULL },
	{ "missing/store", "No such file" },
	{ "file", "not a folder" },
	{ "file/store", "Not a directory" },
	{ "open", "group or others may write" },
	{ "linked", "not a regular file" },
	{ "loose", "group or others may write" },
};
/* clang-format on */

static void test_rows(void)
{
	char why[STORE_WHY_SIZE] = "";

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const bool ok = folder_usable(at(rows[i].path), why);

		CHECK(ok == !rows[i].reason && (ok || strstr(why, rows[i].reason)), "%s: %s",
		      rows[i].path, ok ? "usable" : why);
	}
	CHECK(access(at("missing"), F_OK) != 0 && access(at("good/owners"), F_OK) != 0,
	      "nothing is made");
}

static void test_path(void)
{
	char why[STORE_WHY_SIZE] = "", *longer = malloc(PATH_MAX + 10);

	if (!longer)
		abort();
	memset(longer, 'x', PATH_MAX + 9);
	longer[PATH_MAX + 9] = '\0';
	CHECK(!folder_usable(longer, why) && strstr(why, "too long"), "too long: %s", why);
	free(longer);
	CHECK(!folder_usable("/nonexistent/store", why), "no parent");
	CHECK(!folder_usable("/dev/null", why) && strstr(why, "not a folder"), "device: %s", why);
}

/* Only root can give a folder away; whoever is not root finds one of root's not writable */
static void test_strangers(void)
{
	char why[STORE_WHY_SIZE] = "";

	if (geteuid() == 0) {
		folder("theirs", 0700);
		if (chown(at("theirs"), 12345, 12345) != 0)
			abort();
		CHECK(!folder_usable(at("theirs"), why) && strstr(why, "another user"), "%s", why);
		rmdir(at("theirs"));
		return;
	}
	CHECK(!folder_usable("/etc/none/store", why), "below a folder of root's");
	CHECK(!folder_usable("/etc", why), "a folder of root's");
}

int main(void)
{
	static const char *const files[] = { "used/owners",    "used/data.mdb",   "used/lock.mdb",
					     "loose/data.mdb", "linked/data.mdb", "file" };
	static const char *const folders[] = { "good", "used", "open", "linked", "loose", "" };

	if (!mkdtemp(base))
		abort();
	folder("good", 0700);
	folder("used", 0755);
	folder("open", 0777);
	folder("linked", 0700);
	folder("loose", 0700);
	for (size_t i = 0; i < 3; i++)
		file(files[i], 0600);
	file("loose/data.mdb", 0666);
	file("file", 0600);
	if (symlink("/etc/passwd", at("linked/data.mdb")) != 0)
		abort();
	test_rows();
	test_path();
	test_strangers();
	for (size_t i = 0; i < SK_COUNT(files); i++)
		unlink(at(files[i]));
	for (size_t i = 0; i < SK_COUNT(folders); i++)
		rmdir(at(folders[i]));
	return check_result();
}
