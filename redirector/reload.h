/**
 * @file reload.h  A reload in a thread: build, check; then the loop swaps
 *
 * Reading ten thousand files takes longer than a call may wait.  One reload at a time; a
 * SIGHUP during one starts another when it is done.
 */
#pragma once

#include "redirector/base/log.h"
#include "redirector/base/loop.h"
#include "redirector/http/authorization.h"
#include "redirector/roster.h"

#include <stdbool.h>
#include <stdint.h>

/** What a reload came to; the receiver takes `conf` and `directory` over. */
struct reloaded {
	bool ok;
	char why[DIRECTORY_WHY_SIZE]; /**< of !ok */
	struct conf *conf;
	struct directory *directory;
	struct authorization *authorization; /**< of its clients; NULL without `web`.  Taken over,
						  or left behind */
	struct complaints complaints;        /**< of the main file */
	struct roster_report report;
	int64_t ms; /**< how long it took */
};

/** @return The directory in use from now on, borrowed: what a reload that was asked for meanwhile
 * starts from */
typedef struct directory *reload_h(void *arg, struct reloaded *result);

struct reload;

/** What it needs; all of it must outlive the object. */
struct reload_parts {
	struct loop *loop;
	struct log *log;
	const char *path;    /**< of the main file */
	const char *running; /**< tenants.running; "": none */
	const struct tenant_parts *tenants;
	bool web; /**< serves HTTP; without, clients are judged all the same, so that all workers
		       refuse the same reload */
};

/** @return NULL when out of memory, descriptors or threads */
struct reload *reload_new(const struct reload_parts *parts, reload_h *done, void *arg);

/** Waits for one under way, which ends behind the file it reads; its result is dropped.  NULL is
 * allowed. */
void reload_free(struct reload *reload);
SK_DEFINE_CLEANUP(struct reload, reload_free)

/** From now on the configuration is this text (conf_text.h) and not the file's.  The descriptor is
 * taken over. */
void reload_set_text(struct reload *reload, int text);

/** Starts one, or has one follow the one under way; `old`, what is in use, is kept by reference
 * until it is done.  `done` comes from the loop. */
void reload_start(struct reload *reload, struct directory *old);

/** Writes tenants.running in the thread: this is what runs.  What is not written yet is left out.
 * A reference is taken; a failure goes to the log. */
void reload_write(struct reload *reload, struct directory *directory);

/** Drops a reference in the thread: freeing ten thousand tenants takes its time, too. */
void reload_drop(struct reload *reload, struct directory *directory);
