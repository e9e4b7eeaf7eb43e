/*
 * What surprises: the kernel lets everybody into SCHED_IDLE, and out of it only whoever may have
 * the niceness that the thread has (RLIMIT_NICE, or CAP_SYS_NICE).  So a thread that is about to
 * end tries it first.
 */
#include "redirector/base/rank.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>

static const struct sched_param nothing = { 0 };
static atomic_bool somebody_is_back; /* or was, in this process */

static bool set(int policy)
{
	return sched_setscheduler(0, policy, &nothing) == 0;
}

void rank_set(int nice)
{
	if (atomic_load(&somebody_is_back)) /* and made this thread, maybe */
		(void)set(SCHED_OTHER);
	(void)setpriority(PRIO_PROCESS, 0, nice);
}

static void *there_and_back(void *arg)
{
	bool *ok = arg;

	*ok = set(SCHED_IDLE) && set(SCHED_OTHER);
	return NULL;
}

bool rank_back(void)
{
	pthread_t thread;
	bool ok = false;

	if (pthread_create(&thread, NULL, there_and_back, &ok) != 0)
		return false;
	pthread_join(thread, NULL);
	atomic_store(&somebody_is_back, ok);
	return ok && set(SCHED_IDLE);
}

void rank_forward(void)
{
	(void)set(SCHED_OTHER);
}
