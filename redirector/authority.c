/*
 * One thread at a time, for one opening.  It hands the store over by a descriptor that the
 * loop watches, so a store belongs to one thread at any time.  A failure is told once, not at
 * every look.
 */
#include "redirector/authority.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct authority {
	struct authority_parts parts;
	char *folder;
	bool warm, warm_now; /* the second: of the opening under way, which the thread reads */
	int64_t watch_ms;
	struct timer *timer;
	int event;
	struct watch *watch;
	struct numbers *numbers; /* NULL: none yet */
	uint64_t faults;         /* of those that were closed */
	uint64_t faults_seen;
	bool damage_told; /* of this generation */

	pthread_t thread;
	bool opening; /* the thread runs, or is to be joined */
	struct numbers *opened;
	char why[NUMBERS_WHY_SIZE], told[NUMBERS_WHY_SIZE];
};

static void take(struct authority *a, struct numbers *numbers)
{
	struct numbers *before = a->numbers;

	if (!numbers) {
		if (strcmp(a->why, a->told) != 0)
			log_print(a->parts.log, LEVEL_ERROR,
				  "event=numbers result=failed msg=\"authority.store: %s\"",
				  a->why);
		memcpy(a->told, a->why, sizeof(a->told));
		return;
	}
	a->told[0] = '\0';
	a->numbers = numbers;
	a->parts.set(a->parts.arg, numbers);
	if (before)
		a->faults += numbers_faults(before);
	a->faults_seen = a->faults;
	a->damage_told = false;
	numbers_close(before);
	log_print(a->parts.log, LEVEL_INFO, "event=numbers result=opened folder=\"%.300s\"",
		  a->folder);
}

static void open_now(struct authority *a)
{
	a->opened = NULL;
	if (!numbers_open(a->folder, a->warm_now, &a->opened, a->why))
		a->opened = NULL;
}

static void *run(void *arg)
{
	struct authority *a = arg;
	uint64_t one = 1;

	open_now(a);
	if (write(a->event, &one, sizeof(one)) != (ssize_t)sizeof(one))
		log_print(a->parts.log, LEVEL_ERROR, "event=numbers msg=\"cannot wake the loop\"");
	return NULL;
}

static void on_event(void *arg, int fd, int events)
{
	struct authority *a = arg;
	uint64_t count;

	(void)events;
	if (read(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		return;
	pthread_join(a->thread, NULL);
	a->opening = false;
	take(a, sk_steal(a->opened));
}

/* Reading a large store whole takes minutes, mapping it microseconds. */
static void open_store(struct authority *a)
{
	a->warm_now = a->warm;
	if (a->warm_now) {
		a->opening = pthread_create(&a->thread, NULL, run, a) == 0;
		return;
	}
	open_now(a);
	take(a, sk_steal(a->opened));
}

/* Calls go on with less than they should get, and lists block nobody: somebody must know. */
static void tell_faults(struct authority *a)
{
	uint64_t faults = authority_faults(a);

	if (faults != a->faults_seen && !a->damage_told) {
		log_print(a->parts.log, LEVEL_ERROR,
			  "event=numbers result=damaged folder=\"%.300s\" faults=%llu "
			  "msg=\"look-ups fail; import the numbers anew\"",
			  a->folder, (unsigned long long)faults);
		a->damage_told = true;
	}
	a->faults_seen = faults;
}

static void on_timer(void *arg)
{
	struct authority *a = arg;

	tell_faults(a);
	if (!a->opening && (!a->numbers || numbers_is_old(a->numbers)))
		open_store(a);
	if (!timer_set(a->timer, a->watch_ms))
		log_print(a->parts.log, LEVEL_ERROR,
			  "event=numbers msg=\"is not watched any more\"");
}

void authority_reload(struct authority *a, const struct authority_conf *conf)
{
	if (!a)
		return;
	a->warm = conf->warm;
	a->watch_ms = conf->watch * 1000;
	timer_stop(a->timer);
	on_timer(a);
}

bool authority_new(const struct authority_parts *parts, const struct authority_conf *conf,
		   struct authority **out)
{
	SK_CLEANUP(authority_free_p) struct authority *a = NULL;

	if (conf->store[0] == '\0') {
		*out = NULL;
		return true;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return false;
	*a = (struct authority){ .parts = *parts, .event = -1, .warm = conf->warm };
	a->watch_ms = conf->watch * 1000;
	a->folder = strdup(conf->store);
	a->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->timer = timer_new(parts->loop, on_timer, a);
	if (!a->folder || a->event < 0 || !a->timer)
		return false;
	a->watch = watch_new(parts->loop, a->event, LOOP_IN, on_event, a);
	if (!a->watch)
		return false;
	on_timer(a);
	*out = sk_steal(a);
	return true;
}

bool authority_check(const struct authority_conf *conf, char why[AUTHORITY_WHY_SIZE])
{
	SK_CLEANUP(numbers_close_p) struct numbers *numbers = NULL;
	char reason[NUMBERS_WHY_SIZE];

	if (conf->store[0] == '\0' || numbers_open(conf->store, false, &numbers, reason))
		return true;
	snprintf(why, AUTHORITY_WHY_SIZE, "authority.store: %s", reason);
	return false;
}

void authority_free(struct authority *a)
{
	if (!a)
		return;
	if (a->opening)
		pthread_join(a->thread, NULL);
	numbers_close(a->opened);
	numbers_close(a->numbers);
	watch_free(a->watch);
	timer_free(a->timer);
	if (a->event >= 0)
		close(a->event);
	free(a->folder);
	free(a);
}

uint64_t authority_faults(const struct authority *a)
{
	return a->faults + (a->numbers ? numbers_faults(a->numbers) : 0);
}
