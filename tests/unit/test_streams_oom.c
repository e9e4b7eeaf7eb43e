/*
 * Whichever allocation fails: at most the connection that it was for is lost, nothing leaks, and
 * with memory again the next one is served.
 */
#include "tests/check.h"
#include "tests/unit/starve.h"
#include "tests/unit/streams_kit.h"

#include <unistd.h>

static char message[KIT_MESSAGE + 1], got[100 * KIT_MESSAGE];

/* Comes in, says half a message, then the rest and one more. */
static void visit(struct kit *k)
{
	int fd = kit_connect(k, NULL);

	send(fd, message, 20, MSG_NOSIGNAL);
	kit_settle(k);
	send(fd, message + 20, KIT_MESSAGE - 20, MSG_NOSIGNAL);
	send(fd, message, KIT_MESSAGE, MSG_NOSIGNAL);
	kit_settle(k);
	close(fd);
	kit_settle(k);
}

/* @return whether the n-th allocation was reached */
static bool starved(long n, bool one)
{
	struct kit k;
	int fd;

	kit_open(&k, "127.0.0.1:0");
	hit = false;
	only_one = one;
	budget = n;
	visit(&k);
	budget = -1;
	CHECK(streams_count(k.streams) == 0 && k.open[1] == 0, "%ld: nothing stays", n);
	CHECK(!hit || k.counts[STREAMS_FULL] > 0 || k.whole < 2 || one, "%ld: told", n);
	CHECK(hit || k.whole == 2, "%ld: with memory enough it goes well", n);

	kit_pass(&k, 100); /* accepting may pause */
	fd = kit_connect(&k, NULL);
	kit_write(fd, message, KIT_MESSAGE);
	CHECK(kit_read(&k, fd, got, KIT_MESSAGE) == KIT_MESSAGE, "%ld: the next one is served", n);
	close(fd);
	kit_close(&k);
	return hit;
}

int main(void)
{
	/* nothing here is OpenSSL's */
	(void)crypto_malloc;
	(void)crypto_realloc;
	(void)crypto_free;
	kit_message(7, message);
	for (int one = 0; one < 2; one++) {
		long n = 0;

		while (starved(n, one) && n < 1000)
			n++;
		CHECK(n >= 4, "%ld allocations", n);
		printf("%ld allocations, %s\n", n, one ? "one" : "all");
	}
	return check_result();
}
