/*
 * The store in a process of its own, for test_store.py to kill and bench/store to measure:
 *
 *   fill FOLDER SEED N      puts N records (0: until killed), a line each time
 *   check FOLDER            reads all that may be there: state, found, wrong
 *   read FOLDER N           the same, N times over
 *   hold FOLDER             begins to write, and waits to be killed
 *   measure FOLDER N BYTES  figures, a line each
 *
 * The body of a record follows from its URL, so that each can be checked by anybody.
 */
#include "redirector/base/clock.h"
#include "redirector/certs/store.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	URLS = 500,       /* of fill and check                 */
	BATCH = 8,        /* most records of one put           */
	BODY_MAX = 20000, /* bytes                             */
	SIZE = 64 << 20,
	LOOKS = 2000, /* look-ups that are timed */
	COMMIT = 64,  /* records of one transaction, as the daemon's writer finds them when busy */
};

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static struct sk_span url_of(unsigned n, char out[64])
{
	return (struct sk_span){ out, (size_t)snprintf(out, 64, "https://c%u.example/%u.pem",
						       n % 97, n) };
}

/* @return Its length: `len`, or one that follows from the URL when that is 0 */
static size_t body_of(struct sk_span url, size_t len, char out[BODY_MAX])
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < url.len; i++)
		x = (x ^ (unsigned char)url.ptr[i]) * 1099511628211u;
	if (len == 0)
		len = next(&x) % 4 == 0 ? next(&x) % BODY_MAX : next(&x) % 3000;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)next(&x);
	return len;
}

static struct store *open_store(const char *folder, size_t size, enum store_state *state)
{
	char why[STORE_WHY_SIZE] = "";
	struct store *store = NULL;

	if (!store_open(folder, size, &store, state, why)) {
		fprintf(stderr, "refused: %s\n", why);
		exit(1);
	}
	if (why[0])
		fprintf(stderr, "%s\n", why);
	return store;
}

static void put_batch(struct store *store, const unsigned *numbers, size_t n, size_t len)
{
	static char urls[COMMIT][64], bodies[COMMIT][BODY_MAX];
	struct fetch_kept kept[COMMIT];
	const struct fetch_kept *list[COMMIT];
	int64_t now = clock_real_wall(NULL);

	for (size_t i = 0; i < n; i++) {
		kept[i] = (struct fetch_kept){ .url = url_of(numbers[i], urls[i]),
					       .etag = SK_SPAN("\"e\""),
					       .fetched = now,
					       .until = now + 86400 };
		kept[i].body.ptr = bodies[i];
		kept[i].body.len = body_of(kept[i].url, len, bodies[i]);
		list[i] = &kept[i];
	}
	if (store_put_many(store, list, n) != n) {
		fprintf(stderr, "a record was not kept\n");
		exit(1);
	}
}

static int fill(const char *folder, const char *seed, const char *count)
{
	enum store_state state;
	struct store *store = open_store(folder, SIZE, &state);
	uint64_t x = strtoul(seed, NULL, 10) * 2654435761u + 1;
	unsigned long n = strtoul(count, NULL, 10);

	printf("opened\n");
	fflush(stdout);
	for (unsigned long done = 0; n == 0 || done < n;) {
		unsigned numbers[BATCH];
		size_t k = 1 + next(&x) % BATCH;

		for (size_t i = 0; i < k; i++)
			numbers[i] = (unsigned)(next(&x) % URLS);
		put_batch(store, numbers, k, 0);
		done += k;
		printf("%lu\n", done);
		fflush(stdout);
	}
	store_close(store);
	return 0;
}

/* @return 1: there and right, 0: not there, -1: wrong */
static int look(struct store *store, unsigned n, size_t len)
{
	static char body[BODY_MAX];
	char text[64];
	struct sk_span url = url_of(n, text);
	struct store_copy copy;
	int found;

	if (!store_get(store, url, &copy))
		return 0;
	len = body_of(url, len, body);
	found = copy.len == len && memcmp(copy.body, body, len) == 0 ? 1 : -1;
	store_copy_deinit(&copy);
	return found;
}

static int check(const char *folder, unsigned long rounds)
{
	static const char *const names[] = { "as-it-was", "new", "rebuilt" };
	enum store_state state;
	struct store *store = open_store(folder, SIZE, &state);
	unsigned found = 0, wrong = 0;

	for (unsigned long r = 0; r < rounds; r++) {
		found = 0;
		for (unsigned i = 0; i < URLS; i++) {
			int got = look(store, i, 0);

			found += got > 0;
			wrong += got < 0;
		}
	}
	printf("%s %u %u %zu\n", names[state], found, wrong, store_count(store));
	store_close(store);
	return wrong > 0;
}

/* Behind the store's back: as a process would be that dies between two lines of a put. */
static int hold(const char *folder)
{
	MDB_env *env;
	MDB_txn *txn;

	if (mdb_env_create(&env) || mdb_env_open(env, folder, 0, 0600) ||
	    mdb_txn_begin(env, NULL, 0, &txn))
		return 1;
	printf("holding\n");
	fflush(stdout);
	for (;;)
		pause();
}

/* --- figures --- */

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void time_looks(struct store *store, const char *name, unsigned n, size_t len)
{
	static int64_t ns[LOOKS];
	uint64_t x = 4711;
	unsigned missing = 0;

	for (size_t i = 0; i < LOOKS; i++) {
		char text[64];
		struct sk_span url = url_of((unsigned)(next(&x) % n), text);
		struct store_copy copy;
		int64_t before = now_ns();
		bool found = store_get(store, url, &copy);

		ns[i] = now_ns() - before;
		missing += !found;
		if (found)
			store_copy_deinit(&copy);
	}
	qsort(ns, LOOKS, sizeof(ns[0]), by_value);
	printf("%s_median_us=%.1f\n%s_p99_us=%.1f\n", name, (double)ns[LOOKS / 2] / 1000, name,
	       (double)ns[LOOKS * 99 / 100] / 1000);
	if (missing > 0 || look(store, 0, len) != 1) {
		fprintf(stderr, "%u records are missing\n", missing);
		exit(1);
	}
}

static long rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long all, resident;

	if (!f || fscanf(f, "%ld %ld", &all, &resident) != 2)
		exit(1);
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Takes the file out of the page cache; nobody has it open. */
static void make_cold(const char *folder)
{
	char path[4096];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/data.mdb", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || fsync(fd) < 0 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		exit(1);
	close(fd);
	printf("file_kib=%ld\n", (long)(st.st_size / 1024));
}

static int measure(const char *folder, const char *count, const char *bytes)
{
	enum store_state state;
	struct store *store = open_store(folder, 256 << 20, &state);
	unsigned n = (unsigned)strtoul(count, NULL, 10), numbers[COMMIT];
	size_t len = strtoul(bytes, NULL, 10);
	int64_t begin = now_ns();

	if (n == 0 || len == 0 || len > BODY_MAX)
		return 2;
	for (unsigned i = 0; i < n; i += COMMIT) {
		size_t k = n - i < COMMIT ? n - i : COMMIT;

		for (size_t j = 0; j < k; j++)
			numbers[j] = i + (unsigned)j;
		put_batch(store, numbers, k, len);
	}
	printf("puts_per_s=%.0f\n", n / ((double)(now_ns() - begin) / 1e9));
	store_close(store);
	make_cold(folder);
	store = open_store(folder, 256 << 20, &state);
	printf("rss_opened_kib=%ld\n", rss_kib());
	time_looks(store, "cold", n, len);
	for (unsigned i = 0; i < n; i++)
		(void)look(store, i, len);
	printf("records=%zu\nrss_all_read_kib=%ld\n", store_count(store), rss_kib());
	time_looks(store, "warm", n, len);
	store_close(store);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	if (strcmp(mode, "fill") == 0 && argc == 5)
		return fill(argv[2], argv[3], argv[4]);
	if (strcmp(mode, "check") == 0 && argc == 3)
		return check(argv[2], 1);
	if (strcmp(mode, "read") == 0 && argc == 4)
		return check(argv[2], strtoul(argv[3], NULL, 10));
	if (strcmp(mode, "hold") == 0 && argc == 3)
		return hold(argv[2]);
	if (strcmp(mode, "measure") == 0 && argc == 5)
		return measure(argv[2], argv[3], argv[4]);
	fprintf(stderr, "usage: %s fill|check|read|hold|measure FOLDER ...\n", argv[0]);
	return 2;
}
