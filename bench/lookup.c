/*
 * Makes numbers, and times look-ups in the store made of them; bench/numbers runs it.
 *
 *   lookup make TENANTS COUNT RANGES > lines.csv
 *   lookup cold|warm TENANTS COUNT STORE
 *
 * The same generator for both: half of the numbers that are asked are there.
 */
#include "redirector/numbers/numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* One number of one tenant. */
static void next_number(unsigned long tenants, unsigned long *tenant, uint64_t *number)
{
	*tenant = next_random() % tenants;
	*number = next_random() % 10000000000u;
}

/* Singles scattered over ten thousand million, and blocks of a thousand. */
static int make(unsigned long tenants, unsigned long count, unsigned long ranges)
{
	unsigned long tenant;
	uint64_t number;

	puts("tenant,customer,first,last,attest");
	for (unsigned long i = 0; i < count; i++) {
		next_number(tenants, &tenant, &number);
		printf("t%lu,c%lu,1%010" PRIu64 ",,A\n", tenant, i % 100, number);
	}
	for (unsigned long i = 0; i < ranges; i++)
		printf("t%lu,block,2%010lu,2%010lu,A\n", i % tenants, i * 1000, i * 1000 + 999);
	return fflush(stdout) != 0;
}

static void ask(const struct numbers *store, unsigned long tenants, unsigned long count,
		int64_t *took, unsigned long *found)
{
	char tenant[32], number[32];
	struct numbers_hit hit;
	unsigned long whose;
	uint64_t digits;
	int64_t began;

	for (unsigned long i = 0; i < count; i++) {
		next_number(tenants, &whose, &digits);
		snprintf(tenant, sizeof(tenant), "t%lu", whose);
		snprintf(number, sizeof(number), "1%010" PRIu64, (digits + (i & 1)) % 10000000000u);
		began = now_ns();
		*found += numbers_find(store, sk_span_of(tenant), SK_SPAN(""), sk_span_of(number),
				       1, &hit) == NUMBERS_FOUND;
		took[i] = now_ns() - began;
	}
}

static int measure(const char *kind, unsigned long tenants, unsigned long count, const char *folder)
{
	int64_t *took = calloc(count, sizeof(*took)), began = now_ns(), opened;
	struct numbers *store = NULL;
	char why[NUMBERS_WHY_SIZE];
	unsigned long found = 0;
	struct rusage usage;

	if (!took || !numbers_open(folder, strcmp(kind, "warm") == 0, &store, why)) {
		fprintf(stderr, "%s\n", took ? why : "out of memory");
		free(took);
		return 1;
	}
	opened = now_ns() - began;
	ask(store, tenants, count, took, &found);
	qsort(took, count, sizeof(*took), compare);
	getrusage(RUSAGE_SELF, &usage);
	printf("%s open_ms=%.1f found=%lu of %lu median_us=%.2f p99_us=%.2f max_us=%.1f "
	       "rss_mib=%ld\n",
	       kind, (double)opened / 1e6, found, count, (double)took[count / 2] / 1e3,
	       (double)took[count * 99 / 100] / 1e3, (double)took[count - 1] / 1e3,
	       usage.ru_maxrss / 1024);
	numbers_close(store);
	free(took);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long tenants = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;

	state = 88172645463325252u;
	if (tenants < 1 || count < 1) {
		fprintf(stderr,
			"lookup make TENANTS COUNT RANGES | cold|warm TENANTS COUNT STORE\n");
		return 2;
	}
	if (strcmp(argv[1], "make") == 0)
		return make(tenants, count, strtoul(argv[4], NULL, 10));
	return measure(argv[1], tenants, count, argv[4]);
}
