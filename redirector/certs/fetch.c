/*
 * curl's multi handle on our loop, behind a queue.  What surprises: a name is
 * resolved in a thread of curl's that no timeout ends.  QUICK_EXIT lets us walk
 * away from it, and a timer of ours says when, also at the end of the daemon.
 */
#include "redirector/certs/fetch.h"

#include "redirector/base/clock.h"
#include "redirector/certs/known.h"
#include "redirector/certs/transfer.h"
#include "redirector/certs/turns.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	GRACE = 200, /* ms: curl's own timeout speaks first, its reason is the better one */
};

struct curl_fetcher {
	struct fetcher base; /* the first member: a fetcher is one of these */
	struct loop *loop;
	CURLM *multi;
	struct timer *timer; /* when curl wants to be called     */
	struct timer *kick;  /* starts those whose turn has come */
	struct turns turns;
	struct known *known; /* hosts that have answered */
	struct rules *rules;
};

/* One job: first in the queue, then a transfer. */
struct slot {
	struct turn turn; /* the first member: turns_next() gives it back */
	struct curl_fetcher *fetcher;
	struct fetch_job *job;
	struct timer *timer;
	struct rules *rules;
	struct transfer transfer;
};

static void slot_free(struct slot *slot)
{
	if (slot->transfer.easy)
		curl_multi_remove_handle(slot->fetcher->multi, slot->transfer.easy);
	transfer_end(&slot->transfer);
	timer_free(slot->timer);
	rules_unref(slot->rules);
	free(slot);
}
SK_DEFINE_CLEANUP(struct slot, slot_free)

/* A place is free.  Not at once: handlers may start jobs, and jobs may end in handlers. */
static bool kick(struct curl_fetcher *f)
{
	return turns_queued(&f->turns) == 0 || timer_set(f->kick, 0);
}

/* Should the kick fail for want of memory, the queue's own timers end what waits. */
static void leave(struct slot *slot)
{
	turns_remove(&slot->fetcher->turns, &slot->turn);
	slot->job->slot = NULL;
	if (!kick(slot->fetcher))
		timer_stop(slot->fetcher->kick);
}

/* By a transfer: what waited for its turn in vain says nothing of the host. */
static void learn(struct slot *slot, enum sk_err err)
{
	struct known *known = slot->fetcher->known;

	if (fetch_host_spoke(err))
		known_answered(known, slot->turn.host, clock_real_mono(NULL));
	else if (fetch_host_silent(err))
		known_failed(known, slot->turn.host);
}

static void finish(struct slot *slot, const struct fetch_result *result)
{
	learn(slot, result->err);
	leave(slot);
	slot->job->done(slot->job, result);
	slot_free(slot);
}

static void finish_err(struct slot *slot, enum sk_err err)
{
	struct fetch_result result = { .err = err };

	finish(slot, &result);
}

static void reap(struct curl_fetcher *f)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(f->multi, &left))) {
		struct slot *slot = NULL;
		struct fetch_result result;

		if (msg->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &slot) != CURLE_OK)
			continue;
		result = transfer_result(&slot->transfer, msg->data.result);
		finish(slot, &result);
	}
}

static void on_ready(void *arg, int fd, int events)
{
	struct curl_fetcher *f = arg;
	int mask = 0, running;

	mask |= events & LOOP_IN ? CURL_CSELECT_IN : 0;
	mask |= events & LOOP_OUT ? CURL_CSELECT_OUT : 0;
	mask |= events & LOOP_ERR ? CURL_CSELECT_ERR : 0;
	curl_multi_socket_action(f->multi, fd, mask, &running);
	reap(f);
}

/* What curl wants to hear about a descriptor. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
	struct curl_fetcher *f = arg;
	struct watch *watch = socket;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		watch_free(watch);
		curl_multi_assign(f->multi, fd, NULL);
		return 0;
	}
	events |= what & CURL_POLL_IN ? LOOP_IN : 0;
	events |= what & CURL_POLL_OUT ? LOOP_OUT : 0;
	if (watch)
		return watch_set(watch, events) ? 0 : -1;
	watch = watch_new(f->loop, fd, events, on_ready, f);
	if (!watch || curl_multi_assign(f->multi, fd, watch) != CURLM_OK) {
		watch_free(watch);
		return -1;
	}
	return 0;
}

static void on_timer(void *arg)
{
	struct curl_fetcher *f = arg;
	int running;

	curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(f);
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
	struct curl_fetcher *f = arg;

	(void)multi;
	if (ms >= 0)
		return timer_set(f->timer, ms) ? 0 : -1;
	timer_stop(f->timer);
	return 0;
}

/* Waited too long in the queue, or curl has not come to an end by itself. */
static void on_deadline(void *arg)
{
	struct slot *slot = arg;

	finish_err(slot, slot->turn.running ? SK_FETCH_TIMEOUT : SK_BUSY);
}

static enum sk_err run(struct slot *slot)
{
	struct curl_fetcher *f = slot->fetcher;
	enum sk_err err = transfer_begin(&slot->transfer, slot->rules, slot->job);

	if (err != SK_OK)
		return err;
	if (!timer_set(slot->timer, transfer_timeout(&slot->transfer) + GRACE) ||
	    curl_easy_setopt(slot->transfer.easy, CURLOPT_PRIVATE, slot) != CURLE_OK ||
	    curl_multi_add_handle(f->multi, slot->transfer.easy) != CURLM_OK)
		return SK_ENOMEM;
	return SK_OK;
}

static void on_kick(void *arg)
{
	struct curl_fetcher *f = arg;
	struct turn *turn;

	while ((turn = turns_next(&f->turns))) {
		struct slot *slot = (struct slot *)turn;
		enum sk_err err = run(slot);

		if (err != SK_OK)
			finish_err(slot, err);
	}
}

static enum turn_kind kind_of(const struct curl_fetcher *f, const struct fetch_job *job,
			      struct sk_span host)
{
	if (job->ours)
		return TURN_OURS;
	return known_has(f->known, host) ? TURN_KNOWN : TURN_NEW;
}

/* For its turn.  No call waits for what is ours. */
static int64_t patience(const struct slot *slot)
{
	const int64_t timeout = slot->rules->timeout;

	return slot->job->ours && timeout < FETCH_LIST_TIMEOUT ? FETCH_LIST_TIMEOUT : timeout;
}

static enum sk_err curl_start(struct fetcher *self, struct fetch_job *job)
{
	struct curl_fetcher *f = (struct curl_fetcher *)self;
	SK_CLEANUP(slot_free_p) struct slot *slot = calloc(1, sizeof(*slot));
	enum turns_place place;
	struct sk_url url;
	enum sk_err err;

	if (!slot)
		return SK_ENOMEM;
	slot->fetcher = f;
	slot->job = job;
	slot->rules = f->rules;
	slot->rules->refs++;
	err = transfer_accept(&slot->transfer, slot->rules, job, &url);
	if (err != SK_OK)
		return err;
	slot->turn.host = url.host;
	slot->turn.kind = kind_of(f, job, url.host);
	slot->timer = timer_new(f->loop, on_deadline, slot);
	if (!slot->timer || !timer_set(slot->timer, patience(slot)))
		return SK_ENOMEM;
	place = turns_add(&f->turns, &slot->turn);
	if (place == TURNS_HOST_FULL)
		return SK_FETCH_TIMEOUT; /* it is the host that does not keep up */
	if (place == TURNS_FULL)
		return SK_BUSY;
	if (!kick(f)) {
		turns_remove(&f->turns, &slot->turn);
		return SK_ENOMEM;
	}
	job->slot = sk_steal(slot);
	return SK_OK;
}

static void curl_stop(struct fetcher *self, struct fetch_job *job)
{
	struct slot *slot = job->slot;

	(void)self;
	if (!slot)
		return;
	leave(slot);
	slot_free(slot);
}

static void set_limits(struct curl_fetcher *f, const struct certs_conf *conf)
{
	f->turns.parallel = (size_t)conf->parallel;
	f->turns.per_host = (size_t)conf->per_host;
	f->turns.queue = (size_t)conf->queue;
}

static bool curl_reload(struct fetcher *self, const struct certs_conf *conf, char why[256])
{
	struct curl_fetcher *f = (struct curl_fetcher *)self;
	struct rules *rules = NULL;

	if (!rules_new(conf, &rules, why))
		return false;
	rules_unref(f->rules);
	f->rules = rules;
	set_limits(f, conf);
	return true;
}

static bool open_multi(struct curl_fetcher *f)
{
	f->known = known_new();
	f->multi = curl_multi_init();
	f->timer = timer_new(f->loop, on_timer, f);
	f->kick = timer_new(f->loop, on_kick, f);
	return f->known && f->multi && f->timer && f->kick &&
	       curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
	       curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f) == CURLM_OK &&
	       curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timeout) == CURLM_OK &&
	       curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f) == CURLM_OK;
}

static void curl_fetcher_free(struct curl_fetcher *f)
{
	curl_multi_cleanup(f->multi);
	timer_free(f->timer);
	timer_free(f->kick);
	rules_unref(f->rules);
	known_free(f->known);
	free(f);
	curl_global_cleanup();
}
SK_DEFINE_CLEANUP(struct curl_fetcher, curl_fetcher_free)

bool fetch_curl_new(struct loop *loop, const struct certs_conf *conf, struct fetcher **out,
		    char why[256])
{
	SK_CLEANUP(curl_fetcher_free_p) struct curl_fetcher *f = NULL;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		snprintf(why, 256, "libcurl does not start");
		return false;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		curl_global_cleanup();
		snprintf(why, 256, "out of memory");
		return false;
	}
	f->base = (struct fetcher){ curl_start, curl_stop, curl_reload, .keep = NULL };
	f->loop = loop;
	turns_init(&f->turns, 0, 0, 0);
	set_limits(f, conf);
	if (!rules_new(conf, &f->rules, why))
		return false;
	if (!open_multi(f)) {
		snprintf(why, 256, "out of memory");
		return false;
	}
	*out = &sk_steal(f)->base;
	return true;
}

void fetch_curl_free(struct fetcher *fetcher)
{
	if (fetcher)
		curl_fetcher_free((struct curl_fetcher *)fetcher);
}

bool fetch_may_ask(const struct certs_conf *conf, struct sk_span url)
{
	const struct text_list *hosts = &conf->hosts;
	struct sk_url parts;

	return hosts->count == 0 || (sk_url_parse(url, SK_URL_LAB, &parts) &&
				     sk_url_host_listed(parts.host, hosts->items, hosts->count));
}
