/*
 * The signal of a missing page comes in the thread that reads, so a jump out of the handler
 * is one out of the reading.  Only a thread that is within guard_run() jumps; any other
 * SIGBUS ends as it did before us.
 */
#include "redirector/numbers/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static _Thread_local sigjmp_buf *volatile armed;
static struct sigaction before; /* a handler belongs to the process, and so does this */

static void on_missing_page(int signo, siginfo_t *info, void *context)
{
	sigjmp_buf *back = armed;

	(void)context;
	if (back && info->si_code > 0)
		siglongjmp(*back, 1);
	/* what is read again faults again; what was sent by somebody has to be sent again */
	sigaction(signo, &before, NULL);
	if (info->si_code <= 0)
		raise(signo);
}

static void install(void)
{
	/* not blocked within: the jump leaves the handler without giving the mask back */
	struct sigaction ours = { .sa_sigaction = on_missing_page,
				  .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigemptyset(&ours.sa_mask);
	sigaction(SIGBUS, NULL, &before);
	sigaction(SIGBUS, &ours, NULL);
}

void guard_install(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
}

bool guard_run(void (*read)(void *arg), void *arg)
{
	sigjmp_buf here;

	/* without the mask: two system calls less for each look-up */
	if (sigsetjmp(here, 0) != 0) {
		armed = NULL;
		return false;
	}
	armed = &here;
	read(arg);
	armed = NULL;
	return true;
}
