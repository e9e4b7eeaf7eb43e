/**
 * @file overload_kit.h  Datagrams of any age, and a server that has too many of them
 */
#pragma once

#include "redirector/net/udp.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGN      RIG_SIGN "tenant: {mode: sign}\n"
#define IN_DIALOG .to = "<sip:+12155551213@example.net>;tag=x"

enum {
	FRESH_MS = 20,
	OLD_MS = 150,   /* more than sip.overload-age */
	STALE_MS = 501, /* more than sip.queue-age */
};

/* One request that lay in the kernel for so long.  @return the answer, "" when there is none */
static inline const char *send_aged(struct rig *r, const struct dial *dial, int64_t age_ms)
{
	struct packet g = { .socket = r->socket, .waited_us = age_ms * 1000 };
	char text[8192], source[64];

	g.bytes = (struct sk_span){ text, rig_print(dial, text, sizeof(text)) };
	snprintf(source, sizeof(source), "%s:%u", dial->source ? dial->source : "127.0.0.1",
		 dial->from_port ? dial->from_port : 5060);
	if (!addr_parse(sk_span_of(source), &g.source))
		exit(1);
	g.local = *udp_local(r->socket);
	front_on_packet(r->front, &g);
	return rig_take(r);
}

/* A new call. */
static inline const char *call_aged(struct rig *r, struct dial dial, int64_t age_ms)
{
	static unsigned number;
	char id[32];

	snprintf(id, sizeof(id), "overload-%u", number++);
	if (!dial.call_id)
		dial.call_id = id;
	return send_aged(r, &dial, age_ms);
}

/* Old datagrams for longer than sip.overload-age; nobody is turned away for it. */
static inline void fill(struct rig *r)
{
	for (int i = 0; i < 3; i++) {
		call_aged(r, (struct dial){ .uri = "urn:service:sos" }, OLD_MS);
		r->mono += 60;
	}
	r->mono -= 60;
}

/* What an answer is. */
static inline const char *kind(const char *answer)
{
	static char text[32];

	if (answer[0] == '\0')
		return "silence";
	if (strstr(answer, "\r\nIdentity: ey"))
		return "signed";
	if (strncmp(answer, "SIP/2.0 302 ", 12) == 0)
		return strstr(answer, "\r\nContact: ") ? "302" : "302 to nowhere";
	snprintf(text, sizeof(text), "%.3s", answer + 8);
	return text;
}

static inline bool log_says(const struct rig *r, const char *text)
{
	char path[300], all[65536];

	snprintf(path, sizeof(path), "%s/log", r->folder);
	for (int i = 0; i < 200; i++) {
		FILE *f = fopen(path, "r");
		size_t n = f ? fread(all, 1, sizeof(all) - 1, f) : 0;

		if (f)
			fclose(f);
		all[n] = '\0';
		if (strstr(all, text))
			return true;
		usleep(10000); /* a thread of the log's own writes */
	}
	return false;
}

static inline unsigned answered_of(struct rig *r, unsigned calls)
{
	unsigned answered = 0;

	for (unsigned i = 0; i < calls; i++)
		answered += call_aged(r, (struct dial){ 0 }, OLD_MS)[0] != '\0';
	return answered;
}
