/*
 * The wall clock stands still at STILL_CLOCK, seconds since 1970; all other clocks go on.  For
 * LD_PRELOAD: unlike libfaketime it changes no timer, no thread and no monotonic clock.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int still_clock_gettime(clockid_t clock, struct timespec *out);
int still_gettimeofday(struct timeval *out, void *zone);
time_t still_time(time_t *out);

static time_t now(void)
{
	const char *text = getenv("STILL_CLOCK");

	return text ? (time_t)strtoll(text, NULL, 10) : 0;
}

int still_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, out);
	*out = (struct timespec){ .tv_sec = now() };
	return 0;
}

int still_gettimeofday(struct timeval *out, void *zone)
{
	(void)zone;
	*out = (struct timeval){ .tv_sec = now() };
	return 0;
}

time_t still_time(time_t *out)
{
	time_t t = now();

	if (out)
		*out = t;
	return t;
}

/* under their own names by the linker: the headers of the C library have attributes for these */
__asm__(".globl clock_gettime\n.set clock_gettime, still_clock_gettime\n"
	".globl gettimeofday\n.set gettimeofday, still_gettimeofday\n"
	".globl time\n.set time, still_time\n");
