/*
 * Parts are made from the bottom up, each with what it needs of those below; what the
 * configuration got wrong ends the start here, but a tenant's broken file does not.
 */
#include "redirector/worker_state.h"

#include "redirector/expiry.h"
#include "redirector/tls_conf.h"
#include "redirector/worker_http.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	DAY_MS = 24 * 3600 * 1000,
};

static void on_daily(void *arg)
{
	struct worker *w = arg;

	if (worker_tells(w)) {
		expiry_report(w->directory, w->clock.wall(&w->clock), w->log);
		tls_conf_expiry(directory_conf(w->directory), w->tls, w->clock.wall(&w->clock),
				w->log);
	}
	worker_http_tell_expiry(w->http);
	if (!timer_set(w->daily, DAY_MS))
		log_print(w->log, LEVEL_ERROR, "event=expiry msg=\"is not watched any more\"");
}

static void on_token_news(void *arg, const char *uri, const char *why)
{
	struct worker *w = arg;

	if (why[0])
		log_print(w->log, LEVEL_ERROR, "event=token result=away key=\"%s\" msg=\"%s\"", uri,
			  why);
	else
		log_print(w->log, LEVEL_INFO, "event=token result=back key=\"%s\"", uri);
}

static void on_token_took(void *arg, int64_t us)
{
	struct worker *w = arg;

	steps_add(&w->page->steps, STEP_TOKEN, us);
}

/* What everything else stands on, and keys in tokens. */
static bool open_ground(struct worker *w, char why[WHY_SIZE])
{
	w->daily = timer_new(w->loop, on_daily, w);
	w->losses = timer_new(w->loop, worker_on_losses, w);
	if (!w->daily || !w->losses) {
		snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	if (!tokens_new(w->loop, &w->clock, &w->start->hsm, &w->tokens, why))
		return false;
	if (w->tokens) {
		tokens_watch(w->tokens, on_token_news, w);
		tokens_time(w->tokens, on_token_took, w);
	}
	w->tenants = (struct tenant_parts){ .clock = &w->clock,
					    .tally = w->tally,
					    .tokens = w->tokens,
					    .max = (size_t)w->start->tenants.max };
	return true;
}

static bool read_tenants(struct worker *w, char why[WHY_SIZE])
{
	struct roster_report report = { 0 };
	int64_t began = clock_us();
	bool ok = roster_read(w->start, &w->tenants, NULL, &w->directory, &report, why);

	worker_log_report(w, &report);
	if (ok && worker_tells(w) && w->start->tenants.folder[0] != '\0')
		log_print(w->log, LEVEL_INFO, "event=tenants count=%zu broken=%zu ms=%lld",
			  directory_count(w->directory), report.broken,
			  (long long)((clock_us() - began) / 1000));
	roster_report_deinit(&report);
	return ok;
}

static void tell_listening(struct worker *w, const struct udp *socket)
{
	char text[ADDR_TEXT_SIZE];

	if (!worker_tells(w))
		return;
	addr_print(udp_local(socket), text);
	log_print(w->log, LEVEL_INFO, "event=listen address=udp:%s receive_buffer=%d", text,
		  udp_receive_buffer(socket));
}

static bool open_sockets(struct worker *w, char why[WHY_SIZE])
{
	for (size_t i = 0; i < LISTEN_MAX; i++) {
		int fd = w->given.sockets[i].udp;

		if (fd < 0)
			continue;
		if (!udp_adopt(w->loop, fd, front_on_packet, w->front, &w->sockets[w->socket_count],
			       why))
			return false;
		tell_listening(w, w->sockets[w->socket_count++]);
	}
	return true;
}

static void on_numbers(void *arg, const struct numbers *numbers)
{
	struct worker *w = arg;

	if (w->front)
		front_set_numbers(w->front, numbers);
	worker_http_set_numbers(w->http, numbers);
}

static bool open_front(struct worker *w, char why[WHY_SIZE])
{
	struct front_parts front = {
		.loop = w->loop,
		.log = w->log,
		.clock = &w->clock,
		.certs = supply_certs(w->supply),
		.counters = &w->page->counters,
		.tokens = w->tokens,
		.records = w->records,
		.tally = w->tally,
		.sources = w->given.sources,
		.seen = w->given.seen,
		.tag_key = ((const struct pages *)w->given.pages.at)->tag_key,
		.trace = w->trace,
		.steps = &w->page->steps,
	};

	return front_new(&front, w->directory, &w->front, why);
}

/* Before the sockets: who asks finds the store there. */
static bool open_numbers(struct worker *w, char why[WHY_SIZE])
{
	struct authority_parts authority = { w->loop, w->log, on_numbers, w };

	if (authority_new(&authority, &w->start->authority, &w->authority))
		return true;
	snprintf(why, WHY_SIZE, "authority.store: %s", sk_err_text(SK_ENOMEM));
	return false;
}

/* SIP, HTTP, or with --single both. */
static bool open_doors(struct worker *w, char why[WHY_SIZE])
{
	if (!trace_new(&w->start->hep, &w->trace, why))
		return false;
	if (!w->given.web && !open_front(w, why))
		return false;
	if (w->given.http.count > 0 && !worker_http_new(w, &w->http, why))
		return false;
	if (!open_numbers(w, why))
		return false;
	return w->given.web || (open_sockets(w, why) && worker_open_streams(w, why));
}

/* What looks after the rest while it runs. */
static bool open_care(struct worker *w, char why[WHY_SIZE])
{
	struct reload_parts reload = {
		.loop = w->loop,
		.log = w->log,
		.path = w->start->path,
		.running = w->start->tenants.running,
		.tenants = &w->tenants,
		.web = w->http != NULL,
	};

	w->reload = reload_new(&reload, worker_on_reload, w);
	w->x5u_check = x5u_check_new(supply_network(w->supply), worker_tells(w) ? w->log : NULL);
	if (!w->reload || !w->x5u_check) {
		snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	on_daily(w);
	worker_on_losses(w);
	if (worker_tells(w))
		reload_write(w->reload, w->directory);
	x5u_check_start(w->x5u_check, w->directory, NULL);
	if (w->given.text >= 0)
		reload_set_text(w->reload, w->given.text);
	return worker_open_control(w, why);
}

/* Last: threads that were made before keep their rank. */
static bool open_seat(struct worker *w, char why[WHY_SIZE])
{
	if (w->given.web)
		w->seat = back_seat_new(w->loop, w->log);
	if (!w->given.web || w->seat)
		return true;
	snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
	return false;
}

bool worker_open(struct worker *w, char why[WHY_SIZE])
{
	struct supply_parts supply = { w->loop, &w->clock, w->log, &w->page->steps };

	return open_ground(w, why) && read_tenants(w, why) &&
	       supply_new(&supply, w->start, &w->supply, why) && open_doors(w, why) &&
	       open_care(w, why) && open_seat(w, why);
}

void worker_deinit(struct worker *w)
{
	back_seat_free(w->seat);
	watch_free(w->control);
	timer_free(w->alive);
	timer_free(w->daily);
	timer_free(w->losses);
	timer_free(w->drain_timer);
	timer_free(w->asking);
	reload_free(w->reload);
	worker_http_free(w->http);
	front_free(w->front); /* answers what still waits, through the sockets */
	for (size_t i = 0; i < w->socket_count; i++)
		udp_free(w->sockets[i]);
	streams_free(w->streams);
	tls_unref(w->tls);
	trace_free(w->trace);
	authority_free(w->authority);
	x5u_check_free(w->x5u_check);
	supply_free(w->supply);
	directory_unref(w->directory);
	tokens_free(w->tokens); /* keys in them are gone with the tenants */
	tally_free(w->tally);
	loop_free(w->loop);
	log_close(w->records);
	log_close(w->log);
	conf_unref(w->start);
}
