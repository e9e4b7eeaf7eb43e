/*
 * A damaged page head costs a record, not the machine: LMDB would put millions of pages on
 * its list, or write to pages of others.  And writes that fail for no disk's reason end.
 */
#include "redirector/certs/store.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SIZE = 1 << 20,
	NOW = 1700000000,
	PAGE = 4096,
	LONG = 10000, /* bytes of a body: three pages   */
	SHORT = 300,  /* one that stands among others   */
	RECORDS = 12,
	GROWTH = 64 << 10, /* KiB that a write may cost  */
};

static char folder[64], why[STORE_WHY_SIZE];
static int commit_fails; /* what mdb_txn_commit() says; 0: what it likes */

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);

int __wrap_mdb_txn_commit(MDB_txn *txn)
{
	if (!commit_fails)
		return __real_mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return commit_fails;
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
	(void)rmdir(folder);
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

static struct sk_span url_of(char letter)
{
	static char url[] = "https://cert.example/?.pem";

	url[sizeof("https://cert.example/") - 1] = letter;
	return sk_span_of(url);
}

static bool put(struct store *store, char letter, size_t len, int64_t fetched)
{
	static char body[4 * LONG];

	memset(body, letter, sizeof(body));
	return store_put(
		store,
		&(struct fetch_kept){
			url_of(letter), { body, len }, SK_SPAN(""), fetched, fetched + 3600 });
}

static bool has(struct store *store, char letter)
{
	struct store_copy copy;

	if (!store_get(store, url_of(letter), &copy))
		return false;
	store_copy_deinit(&copy);
	return true;
}

static void fill(size_t len)
{
	struct store *store;

	clear();
	store = open_as(STORE_NEW, "fill");
	for (int i = 0; i < RECORDS; i++)
		CHECK(put(store, (char)('A' + i), len, NOW + i), "fill %d", i);
	store_close(store);
}

/* @return The first page of the record of this letter, in a map of the file */
static char *page_of(char *map, size_t size, char letter)
{
	char run[100], *at;

	memset(run, letter, sizeof(run));
	at = memmem(map, size, run, sizeof(run));
	if (!at)
		abort();
	return map + (at - map) / PAGE * PAGE;
}

static void damage(char letter, size_t offset, const char *bytes, size_t len)
{
	int fd = open(in_folder("data.mdb"), O_RDWR | O_CLOEXEC);
	struct stat st;
	char *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		abort();
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	memcpy(page_of(map, (size_t)st.st_size, letter) + offset, bytes, len);
	munmap(map, (size_t)st.st_size);
	close(fd);
}

static long peak(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

enum way {
	REPLACED, /* the same address is kept again         */
	SPOILT,   /* the record is bad too, so it is deleted */
	EVICTED,  /* the store is full                      */
};

/* clang-format off */
static const struct {
	const char *what;
	size_t offset;
	const char *bytes;
	size_t len;
} heads[] = {
	{ "more pages",         12, "\xff\xff\xff\x0f", 4 },
	{ "as many as can be",  12, "\xff\xff\xff\xff", 4 },
	{ "one page more",      12, "\x04", 1 },
	{ "no pages",           12, "\0", 1 },
	{ "another's place",     0, "\x03", 1 },
	{ "no page's place",     0, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8 },
	{ "no long value",      10, "\x02", 1 },
};
/* clang-format on */

static void use(struct store *store, enum way way)
{
	char letter = 'a';

	switch (way) {
	case REPLACED:
		CHECK(!put(store, 'F', 4 * LONG, NOW + 100), "not replaced");
		break;
	case SPOILT:
		CHECK(!has(store, 'F'), "the record is bad");
		(void)put(store, 'z', LONG, NOW + 100);
		break;
	case EVICTED:
	default:
		for (int i = 0; i < 40 && !store_condemned(store); i++)
			(void)put(store, (char)(letter + i % 26), 3 * LONG, NOW + 100 + i);
	}
}

static void check_head(size_t i, enum way way)
{
	static const char *const ways[] = { "replaced", "spoilt", "evicted" };
	char what[64];
	struct store *store;
	long before;

	snprintf(what, sizeof(what), "%s, %s", heads[i].what, ways[way]);
	fill(LONG);
	damage('F', heads[i].offset, heads[i].bytes, heads[i].len);
	if (way == SPOILT)
		damage('F', 600, "!", 1);
	store = open_as(STORE_AS_IT_WAS, what);
	CHECK(put(store, 'B', LONG, NOW + 50) && has(store, 'B'), "%s: others go on", what);
	CHECK(!store_condemned(store), "%s: nobody has looked", what);
	before = peak();
	use(store, way);
	CHECK(peak() - before < GROWTH, "%s: %ld KiB", what, peak() - before);
	CHECK(store_condemned(store), "%s: condemned", what);
	CHECK(!put(store, 'C', LONG, NOW + 200), "%s: nothing more is written", what);
	CHECK(way == EVICTED || has(store, 'D'), "%s: what is good is still read", what);
	store_close(store);
	store = open_as(STORE_REBUILT, what);
	CHECK(put(store, 'F', LONG, NOW) && has(store, 'F'), "%s: as new", what);
	store_close(store);
}

/* Nothing of this is damage. */
static void sound(void)
{
	static const size_t lens[] = {
		0, SHORT, 1900, 1961, 1962, 1963, 2100, 4000, LONG, 4 * LONG
	};

	for (size_t i = 0; i < SK_COUNT(lens); i++) {
		struct store *store;

		fill(lens[i]);
		store = open_as(STORE_AS_IT_WAS, "sound");
		for (int k = 0; k < 120; k++)
			CHECK(put(store, (char)('A' + k % 40), lens[(i + (size_t)k / 40) % 10],
				  NOW + 100 + k),
			      "%zu: put %d", lens[i], k);
		CHECK(!store_condemned(store), "%zu bytes", lens[i]);
		store_close(store);
	}
}

/* One batch: pages written in this transaction are replaced in it. */
static void twice_in_a_batch(void)
{
	static char body[LONG];
	struct fetch_kept kept[64];
	const struct fetch_kept *all[SK_COUNT(kept)];
	struct store *store;

	fill(LONG);
	store = open_as(STORE_AS_IT_WAS, "batch");
	for (size_t i = 0; i < SK_COUNT(kept); i++) {
		kept[i] = (struct fetch_kept){ i % 2 ? SK_SPAN("https://a.example/a.pem")
						     : SK_SPAN("https://a.example/b.pem"),
					       { body, i % 3 ? SHORT : LONG - i },
					       SK_SPAN(""),
					       NOW + (int64_t)i,
					       NOW + 3600 };
		all[i] = &kept[i];
	}
	CHECK(store_put_many(store, all, SK_COUNT(kept)) == SK_COUNT(kept), "all are kept");
	CHECK(!store_condemned(store), "batch: nothing is damaged");
	store_close(store);
}

/* clang-format off */
static const struct {
	int rc;
	unsigned writes; /* until nothing more is tried; 0: never */
} failures[] = {
	{ EINVAL, 8 }, { MDB_PANIC, 8 }, { ENOSPC, 0 }, { EDQUOT, 0 }, { EIO, 0 }, { EROFS, 0 }, { ENOMEM, 0 },
};
/* clang-format on */

static void failing(int rc, unsigned writes)
{
	struct store *store;
	unsigned i = 0;

	fill(LONG);
	store = open_as(STORE_AS_IT_WAS, "failing");
	commit_fails = rc;
	/* a write is tried twice, the second time alone */
	while (i < 50 && !store_condemned(store))
		CHECK(!put(store, 'A', LONG, NOW + 100 + i++), "%d: not kept", rc);
	CHECK(i == (writes ? writes / 2 : 50), "%d: %u writes", rc, i);
	commit_fails = rc == ENOSPC ? MDB_PANIC : 0; /* so LMDB goes on after a failed commit */
	(void)put(store, 'B', LONG, NOW + 200);
	CHECK(store_condemned(store) == (writes > 0), "%d: condemned", rc);
	commit_fails = 0;
	CHECK(put(store, 'B', LONG, NOW + 201) == (writes == 0), "%d: then", rc);
	store_close(store);
	store_close(open_as(writes ? STORE_REBUILT : STORE_AS_IT_WAS, "after failures"));
}

int main(void)
{
	snprintf(folder, sizeof(folder), "/tmp/test_store_page.%d", (int)getpid());
	CHECK(sysconf(_SC_PAGESIZE) == PAGE, "a page");
	for (size_t i = 0; i < SK_COUNT(heads); i++)
		for (enum way way = REPLACED; way <= EVICTED; way++)
			check_head(i, way);
	sound();
	twice_in_a_batch();
	for (size_t i = 0; i < SK_COUNT(failures); i++)
		failing(failures[i].rc, failures[i].writes);
	clear();
	return check_result();
}
