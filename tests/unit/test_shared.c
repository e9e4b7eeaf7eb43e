/*
 * Memory in common: two maps of it are one, it outlives its maker, and nothing else is taken for
 * it.
 */
#include "redirector/base/shared.h"
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BYTES = 3 * 4096 + 17
};

static void in_common(void)
{
	struct shared one = { .fd = -1 }, two = { .fd = -1 };
	int status = 1;
	char *text;
	pid_t child;

	if (!shared_make("test", BYTES, &one))
		exit(1);
	text = one.at;
	CHECK(one.bytes == BYTES && text[0] == 0 && text[BYTES - 1] == 0, "zeroed");
	child = fork();
	if (child == 0) {
		strcpy(text, "child");
		_exit(0);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "a child");
	CHECK_STR(text, "child", "what another process wrote");
	CHECK(shared_take(dup(one.fd), BYTES, &two), "another map");
	text[1] = 'H';
	shared_drop(&one);
	CHECK(!one.at && one.fd == -1, "dropped");
	CHECK_STR((char *)two.at, "cHild", "outlives the first");
	shared_drop(&two);
	shared_drop(&two);
}

static void refused(void)
{
	struct shared made = { .fd = -1 }, got = { .fd = -1 };
	int ends[2];

	if (!shared_make("test", BYTES, &made) || pipe(ends) < 0)
		exit(1);
	CHECK(!shared_take(made.fd, BYTES + 1, &got), "longer than it is");
	CHECK(!shared_take(made.fd, 0, &got), "of no length");
	CHECK(!shared_take(ends[0], BYTES, &got), "a pipe");
	CHECK(!shared_take(-1, BYTES, &got), "nothing");
	CHECK(!shared_make("test", 0, &got) && !got.at, "no memory");
	shared_drop(&made);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	in_common();
	refused();
	return check_result();
}
