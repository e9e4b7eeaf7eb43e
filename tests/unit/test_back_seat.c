/*
 * Behind SIP, and forward again: when, and that a thread's rank is its own.
 */
#include "redirector/back_seat.h"
#include "redirector/base/rank.h"
#include "tests/check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_starved(void)
{
	static const struct {
		const char *what;
		int64_t late_us, ran_us;
		bool starved;
	} rows[] = {
		{ "in time", 0, 0, false },
		{ "in time after much work", 0, 250000, false },
		{ "early: the clock of the timer is coarser", -900, 0, false },
		{ "a little late", 99999, 0, false },
		{ "late, and nothing was done", 100000, 0, true },
		{ "late, and a little was done", 100000, 24999, true },
		{ "late, and a quarter was done", 100000, 25000, false },
		{ "a long turn of its own", 800000, 790000, false },
		{ "half of a processor", 600000, 300000, false },
		{ "some thousandths of one", 3000000, 9000, true },
	};

	for (size_t i = 0; i < SK_COUNT(rows); i++)
		CHECK(back_seat_starved(rows[i].late_us, rows[i].ran_us) == rows[i].starved, "%s",
		      rows[i].what);
}

struct seen {
	int policy, nice;
};

/* What a thread is that this one makes: curl's, that looks up a name, is such a one. */
static void *look(void *arg)
{
	struct seen *seen = arg;

	seen->policy = sched_getscheduler(0);
	rank_set(RANK_RELOAD);
	seen->nice = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

static struct seen other_thread(void)
{
	struct seen seen = { -1, -1 };
	pthread_t thread;

	if (pthread_create(&thread, NULL, look, &seen) == 0)
		pthread_join(thread, NULL);
	return seen;
}

/* What this machine lets a process of our niceness do: one tries it. */
static bool may_return(void)
{
	static const struct sched_param nothing = { 0 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sched_setscheduler(0, SCHED_IDLE, &nothing) != 0 ||
		      sched_setscheduler(0, SCHED_OTHER, &nothing) != 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void test_there_and_back(void)
{
	struct seen seen;
	bool may;

	rank_set(RANK_HTTP);
	CHECK(getpriority(PRIO_PROCESS, 0) == RANK_HTTP, "nice");
	CHECK(sched_getscheduler(0) == SCHED_OTHER, "ordinary");
	may = may_return();
	CHECK(rank_back() == may, "it goes back where it may return");
	CHECK(sched_getscheduler(0) == (may ? SCHED_IDLE : SCHED_OTHER), "it is there");
	CHECK(rank_back() == may, "a second time");
	seen = other_thread();
	CHECK(seen.policy == SCHED_OTHER, "a thread that it makes is ordinary");
	CHECK(seen.nice == RANK_RELOAD, "and nice");
	rank_forward();
	CHECK(sched_getscheduler(0) == SCHED_OTHER, "forward");
	CHECK(!may || rank_again(), "and back");
	CHECK(sched_getscheduler(0) == (may ? SCHED_IDLE : SCHED_OTHER), "it is there again");
	rank_forward();
	CHECK(getpriority(PRIO_PROCESS, 0) == RANK_HTTP, "as nice as before");
}

/* Whoever may not come back does not go. */
static void test_no_way_back(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_NICE, &none);
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return;
	CHECK(!rank_back(), "it stays");
	CHECK(sched_getscheduler(0) == SCHED_OTHER, "ordinary");
}

int main(void)
{
	test_starved();
	test_there_and_back();
	test_no_way_back();
	return check_result();
}
