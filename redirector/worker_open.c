/*
 * Parts are made from the bottom up, each with what it needs of those below; what the
 * configuration got wrong ends the start here, but a tenant's broken file does not.
 */
#include "redirector/worker_state.h"

#include "redirector/expiry.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	DAY_MS = 24 * 3600 * 1000,
};

static void on_daily(void *arg)
{
	struct worker *w = arg;

	expiry_report(w->directory, w->clock.wall(&w->clock), w->log);
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

/* What everything else stands on, and keys in tokens. */
static bool open_ground(struct worker *w, char why[WHY_SIZE])
{
	w->tally = tally_new((size_t)w->start->tenants.max);
	w->daily = timer_new(w->loop, on_daily, w);
	w->losses = timer_new(w->loop, worker_on_losses, w);
	if (!w->tally || !w->daily || !w->losses) {
		snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	if (!tokens_new(w->loop, &w->clock, &w->start->hsm, &w->tokens, why))
		return false;
	if (w->tokens)
		tokens_watch(w->tokens, on_token_news, w);
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
	if (ok && w->start->tenants.folder[0] != '\0')
		log_print(w->log, LEVEL_INFO, "event=tenants count=%zu broken=%zu ms=%lld",
			  directory_count(w->directory), report.broken,
			  (long long)((clock_us() - began) / 1000));
	roster_report_deinit(&report);
	return ok;
}

static bool open_sockets(struct worker *w, char why[WHY_SIZE])
{
	const struct text_list *listen = &w->start->sip.listen;
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < listen->count && i < LISTEN_MAX; i++) {
		struct sk_span s = sk_span_of(listen->items[i]);
		struct addr at;

		/* "udp:" was checked with the configuration */
		if (!addr_parse((struct sk_span){ s.ptr + 4, s.len - 4 }, &at)) {
			snprintf(why, WHY_SIZE, "sip.listen: %.100s", s.ptr);
			return false;
		}
		if (!udp_new(w->loop, &at, w->start->sip.receive_buffer, front_on_datagram,
			     w->front, &w->sockets[w->socket_count], why))
			return false;
		addr_print(udp_local(w->sockets[w->socket_count]), text);
		log_print(w->log, LEVEL_INFO, "event=listen address=udp:%s receive_buffer=%d", text,
			  udp_receive_buffer(w->sockets[w->socket_count]));
		w->socket_count++;
	}
	return true;
}

static void on_numbers(void *arg, const struct numbers *numbers)
{
	struct worker *w = arg;

	front_set_numbers(w->front, numbers);
}

static bool open_front(struct worker *w, char why[WHY_SIZE])
{
	struct front_parts front = {
		.loop = w->loop,
		.log = w->log,
		.clock = &w->clock,
		.certs = supply_certs(w->supply),
		.counters = &w->counters,
		.tokens = w->tokens,
		.records = w->records,
		.tally = w->tally,
	};
	struct authority_parts authority = { w->loop, w->log, on_numbers, w };

	if (!front_new(&front, w->directory, &w->front, why))
		return false;
	if (!authority_new(&authority, &w->start->authority, &w->authority)) {
		snprintf(why, WHY_SIZE, "authority.store: %s", sk_err_text(SK_ENOMEM));
		return false;
	}
	return open_sockets(w, why);
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
	};

	w->reload = reload_new(&reload, worker_on_reload, w);
	w->x5u_check = x5u_check_new(supply_network(w->supply), w->log);
	if (!w->reload || !w->x5u_check) {
		snprintf(why, WHY_SIZE, "%s", sk_err_text(SK_ENOMEM));
		return false;
	}
	on_daily(w);
	worker_on_losses(w);
	reload_write(w->reload, w->directory);
	x5u_check_start(w->x5u_check, w->directory, NULL);
	return true;
}

bool worker_open(struct worker *w, char why[WHY_SIZE])
{
	struct supply_parts supply = { w->loop, &w->clock, w->log };

	return open_ground(w, why) && read_tenants(w, why) &&
	       supply_new(&supply, w->start, &w->supply, why) && open_front(w, why) &&
	       open_care(w, why);
}

void worker_deinit(struct worker *w)
{
	timer_free(w->daily);
	timer_free(w->losses);
	timer_free(w->drain_timer);
	reload_free(w->reload);
	front_free(w->front); /* answers what still waits, through the sockets */
	for (size_t i = 0; i < w->socket_count; i++)
		udp_free(w->sockets[i]);
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
