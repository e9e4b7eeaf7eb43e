/*
 * No file, however spoilt, ends the process, and what is moved aside was to blame.
 * Deaths inside LMDB are real ones: of children, in a wrapped mdb_get().
 */
#include "redirector/certs/store.h"
#include "tests/check.h"

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define URL SK_SPAN("https://cert.example/a.pem")

enum {
	SIZE = 1 << 20,
	NOW = 1700000000,
};

static char folder[64], why[STORE_WHY_SIZE];
static bool die_inside;

int __real_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);

int __wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	if (die_inside)
		raise(SIGKILL);
	return __real_mdb_get(txn, dbi, key, data);
}

static const char *in_folder(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void clear(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "owners", "data.mdb.broken" };

	for (size_t i = 0; i < SK_COUNT(names); i++)
		(void)remove(in_folder(names[i]));
	(void)remove(folder);
}

static bool there(const char *name)
{
	return access(in_folder(name), F_OK) == 0;
}

static struct store *open_as(enum store_state want, const char *what)
{
	struct store *store = NULL;
	enum store_state state = STORE_NEW;

	why[0] = '\0';
	CHECK(store_open(folder, SIZE, &store, &state, why), "%s: opens: %s", what, why);
	CHECK(state == want, "%s: state %d, not %d (%s)", what, (int)state, (int)want, why);
	if (!store)
		exit(1);
	return store;
}

static void close_as(enum store_state want, const char *what)
{
	store_close(open_as(want, what));
}

static bool put(struct store *store, const char *body)
{
	return store_put(store,
			 &(struct fetch_kept){ URL, sk_span_of(body), SK_SPAN(""), NOW, NOW + 9 });
}

static bool has(struct store *store, const char *body)
{
	struct store_copy copy;
	bool same;

	if (!store_get(store, URL, &copy))
		return false;
	same = strcmp(copy.body, body) == 0;
	store_copy_deinit(&copy);
	return same;
}

static void make(void)
{
	struct store *store = open_as(STORE_NEW, "make");

	CHECK(put(store, "body"), "kept");
	store_close(store);
}

/* --- files that are no good --- */

struct damage {
	const char *what;
	long truncate; /* to so many bytes; 0: not, -1: to none */
	long at;       /* where bytes are written               */
	size_t len;
	unsigned char byte;
};

static void do_damage(const struct damage *d)
{
	char bytes[65536];
	int fd = open(in_folder("data.mdb"), O_RDWR | O_CLOEXEC);

	memset(bytes, d->byte, sizeof(bytes));
	if (fd < 0 || (d->truncate != 0 && ftruncate(fd, d->truncate > 0 ? d->truncate : 0) < 0) ||
	    pwrite(fd, bytes, d->len, d->at) != (ssize_t)d->len)
		exit(1);
	close(fd);
}

static void test_damage(void)
{
	static const struct damage rows[] = {
		{ "empty", -1, 0, 0, 0 },
		{ "one byte", 1, 0, 0, 0 },
		{ "half a page", 2000, 0, 0, 0 },
		{ "a page", 4096, 0, 0, 0 },
		{ "a page and a half", 6000, 0, 0, 0 },
		{ "two pages of three", 8192, 0, 0, 0 },
		{ "not all of the last page", 12000, 0, 0, 0 },
		{ "a few bytes more", 0, 16384, 9, 0 },
		{ "zeros", -1, 0, 65536, 0 },
		{ "ones", -1, 0, 65536, 0xff },
		{ "text", -1, 0, 65536, 'a' },
		{ "another magic", 0, 16, 4, 'x' },
		{ "another magic, second", 0, 4096 + 16, 4, 'x' },
		{ "another version", 0, 20, 4, 9 },
		{ "no page size", 0, 40, 4, 0 },
		{ "no page size, second", 0, 4096 + 40, 4, 0 },
		{ "large pages", 0, 41, 1, 0x77 },
		{ "a far last page", 0, 136, 8, 0x11 },
		{ "a far last page, second", 0, 4096 + 136, 3, 0x11 },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct store *store;

		make();
		do_damage(&rows[i]);
		store = open_as(STORE_REBUILT, rows[i].what);
		CHECK(strncmp(why, "data.mdb was moved aside: ", 26) == 0, "%s: said why: %s",
		      rows[i].what, why);
		CHECK(there("data.mdb.broken"), "%s: moved aside", rows[i].what);
		CHECK(!has(store, "body") && put(store, "new") && has(store, "new"), "%s: works",
		      rows[i].what);
		store_close(store);
		close_as(STORE_AS_IT_WAS, rows[i].what);
		clear();
	}
}

/* What nobody sees before the first look: that look condemns it. */
static void test_inner_damage(void)
{
	static const struct damage d = { "the tree", 0, 8192, 8192, 0 };
	struct store *store;

	make();
	do_damage(&d);
	store = open_as(STORE_AS_IT_WAS, d.what);
	CHECK(!has(store, "body"), "nothing that can be believed");
	store_close(store);
	store = open_as(STORE_REBUILT, d.what);
	CHECK(strstr(why, "damaged") != NULL, "said why: %s", why);
	CHECK(put(store, "new") && has(store, "new"), "works again");
	store_close(store);
	close_as(STORE_AS_IT_WAS, d.what);
	clear();
}

/* Anything in "owners" and lock.mdb is survived, and costs nothing. */
static void test_other_files(void)
{
	static const char *const texts[] = { "", "x", "crashes 7", "crashes x\n-----\n" };

	for (size_t i = 0; i < SK_COUNT(texts); i++) {
		struct store *store;

		make();
		for (int k = 0; k < 2; k++) {
			FILE *f = fopen(in_folder(k ? "owners" : "lock.mdb"), "w");

			if (!f || fputs(texts[i], f) < 0 || fclose(f) != 0)
				exit(1);
		}
		store = open_as(STORE_AS_IT_WAS, texts[i]);
		CHECK(has(store, "body"), "\"%s\": still there", texts[i]);
		store_close(store);
		clear();
	}
}

/* --- who may write --- */

static void test_refused(void)
{
	static const struct {
		const char *what, *name;
		unsigned mode; /* 0: a link instead; 1: another owner; 2: a folder instead */
		bool ok;
	} rows[] = {
		{ "the folder, for all to write", ".", 0777, false },
		{ "the folder, for the group", ".", 0770, false },
		{ "the folder, to read", ".", 0755, true },
		{ "data for all to write", "data.mdb", 0666, false },
		{ "data for the group", "data.mdb", 0620, false },
		{ "data to read", "data.mdb", 0644, true },
		{ "locks for all to write", "lock.mdb", 0602, false },
		{ "owners for all to write", "owners", 0602, false },
		{ "data is a link", "data.mdb", 0, false },
		{ "owners is a link", "owners", 0, false },
		{ "data is a folder", "data.mdb", 2, false },
		{ "another's data", "data.mdb", 1, false },
		{ "another's folder", ".", 1, false },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		const char *path;
		struct store *store = NULL;
		enum store_state state;

		if (rows[i].mode == 1 && geteuid() != 0)
			continue; /* only root can give a file away */
		make();
		path = in_folder(rows[i].name);
		if (rows[i].mode == 1)
			CHECK(chown(path, 12345, 12345) == 0, "%s", rows[i].what);
		else if (rows[i].mode == 2)
			CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0, "%s", rows[i].what);
		else if (rows[i].mode == 0)
			CHECK(unlink(path) == 0 && symlink("/dev/null", path) == 0, "%s",
			      rows[i].what);
		else
			CHECK(chmod(path, rows[i].mode) == 0, "%s", rows[i].what);
		why[0] = '\0';
		CHECK(store_open(folder, SIZE, &store, &state, why) == rows[i].ok, "%s: %s",
		      rows[i].what, why);
		CHECK(rows[i].ok || why[0] != '\0', "%s: said why", rows[i].what);
		CHECK(!there("data.mdb.broken"), "%s: nothing moved", rows[i].what);
		if (store)
			store_close(store);
		clear();
	}
}

static void test_no_folder(void)
{
	static const char *const paths[] = { "/dev/null", "/proc/self/nothing", "/no/such/folder",
					     "" };
	struct store *store = NULL;
	enum store_state state;

	for (size_t i = 0; i < SK_COUNT(paths); i++) {
		why[0] = '\0';
		CHECK(!store_open(paths[i], SIZE, &store, &state, why) && why[0] && !store,
		      "\"%s\" is no folder", paths[i]);
	}
}

/* --- deaths --- */

enum death {
	INSIDE,
	OUTSIDE,
	CLEAN,
	STAYS
};

/* A process that opens the store and ends so.  @return its id for STAYS, else 0 */
static pid_t child(enum death death)
{
	int ready[2];
	char c = 0;
	pid_t pid;

	if (pipe(ready) < 0 || (pid = fork()) < 0)
		exit(1);
	if (pid == 0) {
		struct store *store = NULL;
		enum store_state state;

		if (!store_open(folder, SIZE, &store, &state, why))
			_exit(7);
		die_inside = death == INSIDE;
		(void)has(store, "body");
		if (death == CLEAN)
			store_close(store);
		if (write(ready[1], "x", 1) != 1)
			_exit(8);
		while (death == STAYS)
			pause();
		if (death == OUTSIDE)
			raise(SIGKILL);
		_exit(0);
	}
	close(ready[1]);
	while (read(ready[0], &c, 1) < 0)
		;
	close(ready[0]);
	CHECK((c == 'x') == (death != INSIDE), "death %d", (int)death);
	if (death == STAYS)
		return pid;
	waitpid(pid, NULL, 0);
	return 0;
}

static void test_deaths(void)
{
	static const struct {
		const char *what, *deaths;
		enum store_state then;
	} rows[] = {
		{ "killed outside", "oooooo", STORE_AS_IT_WAS },
		{ "two crashes", "ii", STORE_AS_IT_WAS },
		{ "three crashes", "iii", STORE_REBUILT },
		{ "three crashes, kills between", "ioioi", STORE_REBUILT },
		{ "a clean end between", "iicii", STORE_AS_IT_WAS },
		{ "a clean end at last", "iic", STORE_AS_IT_WAS },
		{ "three, made anew, two", "iiiii", STORE_REBUILT },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		struct store *store;

		make();
		for (const char *d = rows[i].deaths; *d; d++)
			child(*d == 'i' ? INSIDE : *d == 'o' ? OUTSIDE : CLEAN);
		if (strcmp(rows[i].deaths, "iiiii") == 0) { /* the fourth made it anew */
			CHECK(there("data.mdb.broken"), "%s: moved aside", rows[i].what);
			close_as(STORE_AS_IT_WAS, rows[i].what);
			clear();
			continue;
		}
		store = open_as(rows[i].then, rows[i].what);
		CHECK(has(store, "body") == (rows[i].then == STORE_AS_IT_WAS), "%s: the record",
		      rows[i].what);
		store_close(store);
		clear();
	}
}

/* Nobody pulls the file from under a process that lives. */
static void test_in_use(void)
{
	struct store *store = NULL;
	enum store_state state;
	pid_t pid;

	make();
	pid = child(STAYS);
	close_as(STORE_AS_IT_WAS, "two at once");
	for (int i = 0; i < 3; i++)
		child(INSIDE);
	CHECK(!store_open(folder, SIZE, &store, &state, why), "somebody has it open");
	CHECK(strstr(why, "another process") != NULL, "said so: %s", why);
	CHECK(!store_open(folder, SIZE, &store, &state, why), "a refusal forgives nothing");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close_as(STORE_REBUILT, "nobody has it open");
	close_as(STORE_AS_IT_WAS, "and again");
	clear();
}

int main(void)
{
	snprintf(folder, sizeof(folder), "/tmp/test_store_open.%d", (int)getpid());
	clear();
	close_as(STORE_NEW, "new");
	close_as(STORE_AS_IT_WAS, "again");
	clear();
	test_damage();
	test_inner_damage();
	test_other_files();
	test_refused();
	test_no_folder();
	test_deaths();
	test_in_use();
	return check_result();
}
