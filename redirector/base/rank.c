/*
 * What surprises: the kernel lets everybody into SCHED_IDLE, and out of it only whoever may have
 * the niceness that the thread has (RLIMIT_NICE, or CAP_SYS_NICE).  So a thread that is about to
 * end tries it first.  And a thread inherits its maker's policy: curl's, that looks a name up,
 * would starve for ever, whatever becomes of the loop.
 */
#include "redirector/base/rank.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

static const struct sched_param nothing = { 0 };

static bool set(int policy)
{
	return sched_setscheduler(0, policy, &nothing) == 0;
}

void rank_set(int nice)
{
	(void)setpriority(PRIO_PROCESS, 0, nice);
}

static void *there_and_back(void *arg)
{
	bool *ok = arg;

	*ok = set(SCHED_IDLE) && set(SCHED_OTHER);
	return NULL;
}

/* pthread_create() without attributes of its caller: not inherited, but ordinary. */
static bool ordinary_threads(void)
{
	pthread_attr_t attr;
	bool ok;

	if (pthread_getattr_default_np(&attr) != 0)
		return false;
	ok = pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED) == 0 &&
	     pthread_attr_setschedpolicy(&attr, SCHED_OTHER) == 0 &&
	     pthread_attr_setschedparam(&attr, &nothing) == 0 &&
	     pthread_setattr_default_np(&attr) == 0;
	pthread_attr_destroy(&attr);
	return ok;
}

bool rank_back(void)
{
	pthread_t thread;
	bool ok = false;

	if (pthread_create(&thread, NULL, there_and_back, &ok) != 0)
		return false;
	pthread_join(thread, NULL);
	return ok && ordinary_threads() && set(SCHED_IDLE);
}

bool rank_again(void)
{
	return set(SCHED_IDLE);
}

void rank_forward(void)
{
	(void)set(SCHED_OTHER);
}
