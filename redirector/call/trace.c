/*
 * What is in use and what is ready to be are two of the same; the one that goes leaves its counters
 * behind.
 */
#include "redirector/call/trace.h"

#include "redirector/base/file.h"
#include "redirector/call/record.h"

#include <stdio.h>
#include <stdlib.h>

/* One reading of hep.*. */
struct way {
	struct hep *hep; /* NULL: no collector */
	bool messages, records;
};

struct trace {
	struct way now, next;
	bool ready;                 /* `next` is there                    */
	struct hep_counters before; /* of those that are gone             */
	char record[RECORD_SIZE];
};

static void way_deinit(struct way *way)
{
	hep_free(way->hep);
	*way = (struct way){ .hep = NULL };
}

/* An editor leaves a line end behind it, which is not the password's. */
static struct sk_span without_line_end(const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	return (struct sk_span){ text, len };
}

static bool read_password(const char *path, char **text, size_t *len, char why[256])
{
	char reason[FILE_WHY_SIZE];

	if (path[0] == '\0')
		return true;
	if (!file_read(path, file_kind_of_secret(path), HEP_PASSWORD_MAX + 2, text, len, reason)) {
		snprintf(why, 256, "hep.password: %.100s: %.120s", path, reason);
		return false;
	}
	if (without_line_end(*text, *len).len > 0)
		return true;
	snprintf(why, 256, "hep.password: the file is empty");
	return false;
}

static bool way_init(struct way *way, const struct hep_conf *conf, char why[256])
{
	struct hep_settings settings = { .collector = conf->collector,
					 .id = (uint32_t)conf->id,
					 .node = conf->node,
					 .rate = conf->rate };
	struct way made = { .messages = conf->requests, .records = conf->records };
	char *password = NULL;
	size_t len = 0;
	bool ok;

	if (conf->collector[0] == '\0') {
		*way = (struct way){ .hep = NULL };
		return true;
	}
	ok = read_password(conf->password, &password, &len, why);
	if (ok) {
		settings.password = without_line_end(password, len);
		ok = hep_new(&settings, &made.hep, why);
	}
	file_free(password, len);
	if (ok)
		*way = made;
	return ok;
}

bool trace_new(const struct hep_conf *conf, struct trace **out, char why[256])
{
	SK_CLEANUP(trace_free_p) struct trace *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(why, 256, "hep: %s", sk_err_text(SK_ENOMEM));
		return false;
	}
	if (!way_init(&t->now, conf, why))
		return false;
	*out = sk_steal(t);
	return true;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	way_deinit(&t->now);
	way_deinit(&t->next);
	free(t);
}

bool trace_prepare(struct trace *t, const struct hep_conf *conf, char why[256])
{
	way_deinit(&t->next);
	t->ready = way_init(&t->next, conf, why);
	return t->ready;
}

void trace_swap(struct trace *t)
{
	if (!t->ready)
		return;
	t->before = trace_counters(t);
	way_deinit(&t->now);
	t->now = t->next;
	t->next = (struct way){ .hep = NULL };
	t->ready = false;
}

bool trace_wants_messages(const struct trace *t)
{
	return t && t->now.hep && t->now.messages;
}

void trace_request(struct trace *t, const struct facts *facts, struct sk_span bytes)
{
	const struct hep_packet packet = { .kind = HEP_SIP,
					   .from = &facts->source,
					   .to = &facts->local,
					   .transport = facts->transport,
					   .payload = bytes };

	if (trace_wants_messages(t))
		hep_send(t->now.hep, &packet);
}

void trace_answer(struct trace *t, const struct facts *facts, struct sk_span bytes)
{
	const struct hep_packet packet = { .kind = HEP_SIP,
					   .from = &facts->local,
					   .to = &facts->source,
					   .transport = facts->transport,
					   .payload = bytes };

	if (trace_wants_messages(t))
		hep_send(t->now.hep, &packet);
}

void trace_record(struct trace *t, const struct call *call, const struct answer *answer,
		  struct sk_mac *mac, int64_t us)
{
	struct hep_packet packet = { .kind = HEP_LOG,
				     .from = &call->facts.source,
				     .to = &call->facts.local,
				     .transport = call->facts.transport,
				     .correlation = call->facts.call_id };
	struct sk_buf line;

	if (!t || !t->now.hep || !t->now.records)
		return;
	sk_buf_init(&line, t->record, sizeof(t->record));
	record_print(call, answer, true, mac, us, &line);
	if (line.overflow)
		return;
	packet.payload = without_line_end(line.text, line.len);
	hep_send(t->now.hep, &packet);
}

struct hep_counters trace_counters(const struct trace *t)
{
	struct hep_counters sum = { 0 };

	if (!t)
		return sum;
	sum = t->before;
	if (t->now.hep) {
		const struct hep_counters *c = hep_counters(t->now.hep);

		sum.sent += c->sent;
		sum.dropped += c->dropped;
		sum.refused += c->refused;
	}
	return sum;
}
