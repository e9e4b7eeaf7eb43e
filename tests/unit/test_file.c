#include "redirector/base/file.h"
#include "shaken/macro.h"
#include "tests/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[512], path[600];

static const char *named(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *bytes, size_t len, mode_t mode)
{
	FILE *f = fopen(named(name), "w");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0 || chmod(path, mode) != 0)
		exit(1);
}

static void check(const char *name, enum file_kind kind, size_t max, bool want, const char *reason)
{
	char *text = NULL, why[FILE_WHY_SIZE] = "";
	size_t len = 77;
	bool ok = file_read(named(name), kind, max, &text, &len, why);

	CHECK(ok == want, "%s: %s", name, why);
	if (want) {
		CHECK(text && strlen(text) <= len && text[len] == '\0', "%s", name);
	} else {
		CHECK(!text && len == 77, "%s: set only on success", name);
		CHECK(strstr(why, reason), "%s: %s", name, why);
	}
	file_free(text, ok ? len : 0);
}

static void modes(void)
{
	static const struct {
		mode_t mode;
		bool secret;
	} rows[] = {
		{ 0600, true },  { 0400, true },  { 0640, false }, { 0604, false },
		{ 0644, false }, { 0620, false }, { 0601, false }, { 0700, true },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		write_file("mode", "x", 1, rows[i].mode);
		check("mode", FILE_SECRET, 10, rows[i].secret, "group or others");
		check("mode", FILE_PUBLIC, 10, true, "");
	}
	unlink(named("mode"));
}

static void sizes(void)
{
	write_file("ten", "0123456\089", 10, 0600);
	check("ten", FILE_PUBLIC, 10, true, "");
	check("ten", FILE_PUBLIC, 9, false, "larger than 9 bytes");
	check("ten", FILE_PUBLIC, 0, false, "larger than 0 bytes");
	write_file("empty", "", 0, 0600);
	check("empty", FILE_SECRET, 10, true, "");
	check("empty", FILE_SECRET, 0, true, "");
	unlink(named("empty"));
}

static void no_files(void)
{
	char to[600];

	check("missing", FILE_PUBLIC, 10, false, "No such file");
	check(".", FILE_PUBLIC, 10, false, "not a regular file");
	if (mkfifo(named("fifo"), 0600) != 0)
		exit(1);
	check("fifo", FILE_SECRET, 10, false, "not a regular file"); /* and does not block */
	unlink(named("fifo"));
	snprintf(to, sizeof(to), "%s/ten", folder);
	if (symlink(to, named("link")) != 0)
		exit(1);
	check("link", FILE_SECRET, 10, true, "");
	unlink(to);
	check("link", FILE_SECRET, 10, false, "No such file");
	unlink(named("link"));
	file_free(NULL, 0);
}

int main(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.400s/file-XXXXXX", base ? base : P_tmpdir);
	if (!mkdtemp(folder))
		return 1;
	modes();
	sizes();
	no_files();
	rmdir(folder);
	return check_result();
}
