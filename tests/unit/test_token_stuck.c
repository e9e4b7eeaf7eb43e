/*
 * Tokens that do not answer: who waits for them and who does not, what is abandoned, and that the
 * end comes all the same.  SoftHSM behind a library of ours that stalls when it is told to.
 * Argument: that library.
 */
#include "tests/check.h"
#include "tests/unit/token_kit.h"

#include <sys/wait.h>
#include <unistd.h>

static void stalling(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 4, 64, 60000);
	struct token_key *one = key_new(t, ONE), *two = key_new(t, TWO);
	struct work *stuck[9] = { NULL };
	int n = 0, stalled = hsm_calls("stall");

	wait_healed(loop, t, one);
	wait_healed(loop, t, two);
	hsm_say("stall-one", true);
	forget();
	for (int i = 0; i < 8; i++)
		CHECK(submit(t, one, 1, &stuck[n++]) == SK_OK, "the stuck token, job %d", i);
	for (int i = 0; i < 20; i++)
		CHECK(submit(t, two, 2, NULL) == SK_OK, "the other one, job %d", i);
	wait_done(loop, 20);
	CHECK(good == 20 && ran == 20, "all of the other token, none of the stuck one");
	hsm_wait_calls("stall", stalled + 1);
	now += 250;
	CHECK(submit(t, one, 1, &stuck[n++]) == SK_OK, "it may still come");
	now += 1;
	CHECK(submit(t, one, 1, NULL) == SK_SIGNER_AWAY, "it takes too long");
	for (int i = 0; i < n; i++)
		token_abandon(t, &stuck[i]->job);
	CHECK(done == 20 && ran == 20, "nothing came of them");
	hsm_say("stall-one", false);
	settle(loop); /* the threads drop them, once they are back */
	wait_healed(loop, t, one);
	CHECK(good == 1, "healed");
	CHECK(tokens_counters(t)->abandoned == 9, "counted");
	token_key_unref(one);
	token_key_unref(two);
	tokens_free(t);
}

/* A login that hangs holds up nobody whose key is open. */
static void stalled_login(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 4, 64, 60000);
	struct token_key *one = key_new(t, ONE), *two = key_new(t, TWO);
	struct work *w;

	wait_healed(loop, t, two);
	hsm_say("login-one", true);
	forget();
	CHECK(submit(t, one, 1, &w) == SK_OK, "asked");
	for (int i = 0; i < 20; i++)
		CHECK(submit(t, two, 2, NULL) == SK_OK, "the other one, job %d", i);
	wait_done(loop, 20);
	CHECK(good == 20, "all of the other token");
	token_abandon(t, &w->job);
	hsm_say("login-one", false);
	settle(loop);
	token_key_unref(one);
	token_key_unref(two);
	tokens_free(t);
}

static void queueing(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 1, 4, 60000);
	struct token_key *one = key_new(t, ONE);
	struct work *w[5];
	enum sk_err err = SK_OK;
	int n = 0, stalled = hsm_calls("stall");

	wait_healed(loop, t, one);
	hsm_say("stall-one", true);
	forget();
	while (n < 5 && !err) {
		err = submit(t, one, n, &w[n]);
		n += !err;
		hsm_wait_calls("stall", stalled + 1); /* the thread takes the first */
	}
	CHECK(err == SK_OK && n == 5, "one under way, four wait");
	CHECK(submit(t, one, 9, NULL) == SK_BUSY && tokens_counters(t)->refused_busy == 1, "full");
	token_abandon(t, &w[2]->job);
	CHECK(dropped == 1, "at once, since no thread has it");
	CHECK(submit(t, one, 5, &w[2]) == SK_OK, "room again");
	hsm_say("stall-one", false);
	wait_done(loop, 5);
	CHECK(order[0] == 0 && order[1] == 1 && order[2] == 3 && order[3] == 4 && order[4] == 5,
	      "in order");
	token_key_unref(one);
	tokens_free(t);
}

/* A result that waits for the loop may still be abandoned. */
static void abandoning(struct loop *loop)
{
	struct tokens *t = open_tokens(loop, 2, 16, 60000);
	struct token_key *one = key_new(t, ONE);
	struct work *w;

	wait_healed(loop, t, one);
	forget();
	CHECK(submit(t, one, 0, &w) == SK_OK, "asked");
	while (ran < 1)
		usleep(1000);
	usleep(20000); /* likely it is a result by now; if it is not, much the same holds */
	token_abandon(t, &w->job);
	settle(loop);
	CHECK(done == 0, "dropped, not done");
	token_key_unref(one);
	tokens_free(t);
}

/* In a process of its own: a thread hangs, and the end comes all the same. */
static void ending(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct loop *loop = loop_new();
		struct tokens *t = open_tokens(loop, 2, 16, 60000);
		struct token_key *one = key_new(t, ONE);
		struct work *w;

		hsm_patience = 0; /* the end waits for the thread as long as ever */
		wait_healed(loop, t, one);
		hsm_say("stall-one", true);
		if (submit(t, one, 0, &w))
			_exit(1);
		hsm_wait_calls("stall", 1);
		token_abandon(t, &w->job);
		token_key_unref(one);
		tokens_free(t);
		loop_free(loop);
		exit(7);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		      WEXITSTATUS(status) == 7,
	      "status %x", (unsigned)status);
	hsm_say("stall-one", false);
}

int main(int argc, char **argv)
{
	struct loop *loop;

	if (argc != 2)
		return 2;
	kit_begin(argv[1]);
	ending();
	loop = loop_new();
	stalling(loop);
	stalled_login(loop);
	queueing(loop);
	abandoning(loop);
	loop_free(loop);
	kit_end();
	hsm_leave(check_result());
}
