/*
 * What of hep.* is read, when; what is shown, of which direction; that a reload changes all of it
 * at once or nothing.
 */
#include "redirector/call/trace.h"

#include "redirector/call/record.h"
#include "tests/unit/hep_decode.h"
#include "tests/unit/starve.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* The record itself is test_record's. */
void __wrap_record_print(const struct call *call, const struct answer *answer, bool json,
			 struct sk_mac *mac, int64_t us, struct sk_buf *out);

static bool record_too_long;

void __wrap_record_print(const struct call *call, const struct answer *answer, bool json,
			 struct sk_mac *mac, int64_t us, struct sk_buf *out)
{
	(void)call;
	(void)answer;
	(void)mac;
	sk_buf_printf(out, "{\"json\":%d,\"us\":%lld}\n", json, (long long)us);
	for (int i = 0; record_too_long && i < RECORD_SIZE; i++)
		sk_buf_putc(out, 'x');
}

static struct decoded got;
static char folder[] = "/tmp/test-trace-XXXXXX";

static const char *file(const char *name, const char *text, mode_t mode)
{
	static char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
	CHECK(fd >= 0 && fchmod(fd, mode) == 0 && write(fd, text, strlen(text)) >= 0, "%s", path);
	close(fd);
	return path;
}

static struct hep_conf settings(const char *collector)
{
	static char mem[4][128];
	struct hep_conf conf = { .collector = mem[0],
				 .id = 7,
				 .password = mem[1],
				 .node = mem[2],
				 .requests = true,
				 .records = true,
				 .rate = 1000000 };

	snprintf(mem[0], sizeof(mem[0]), "%s", collector);
	mem[1][0] = mem[2][0] = '\0';
	return conf;
}

static struct call *made_call(void)
{
	static struct call call;

	CHECK(addr_parse(SK_SPAN("192.0.2.1:5060"), &call.facts.source), "source");
	CHECK(addr_parse(SK_SPAN("198.51.100.2:5070"), &call.facts.local), "local");
	call.facts.transport = "udp";
	call.facts.call_id = SK_SPAN("call@example.org");
	return &call;
}

/* All three of one call.  @return how many came */
static int show(struct trace *trace, int fd)
{
	struct call *call = made_call();
	struct answer answer = { .status = 302 };
	int came = 0;

	trace_request(trace, &call->facts, SK_SPAN("INVITE"));
	trace_answer(trace, &call->facts, SK_SPAN("SIP/2.0"));
	trace_record(trace, call, &answer, NULL, 5);
	while (collector_next(fd, &got)) {
		CHECK(!got.fault, "%s", got.fault);
		came++;
	}
	return came;
}

static void check_next(int fd, const char *payload, int kind, unsigned from_port, bool correlated)
{
	CHECK(collector_next(fd, &got) && !got.fault, "%s came", payload);
	CHECK(chunk_is(&got, 15, payload, strlen(payload)), "%s", payload);
	CHECK(chunk_number(&got, 11) == kind, "%s: kind", payload);
	CHECK(chunk_number(&got, 7) == from_port, "%s: from", payload);
	CHECK(chunk_number(&got, 8) == 5060 + 5070 - from_port, "%s: to", payload);
	CHECK(got.chunk[17].there == correlated, "%s: correlation", payload);
	CHECK(chunk_number(&got, 12) == 7, "%s: agent", payload);
}

static void test_directions(int fd, const char *collector)
{
	struct hep_conf conf = settings(collector);
	struct answer answer = { .status = 302 };
	struct call *call = made_call();
	struct trace *trace = NULL;
	char why[256];

	CHECK(trace_new(&conf, &trace, why), "made");
	trace_request(trace, &call->facts, SK_SPAN("INVITE"));
	trace_answer(trace, &call->facts, SK_SPAN("SIP/2.0"));
	trace_record(trace, call, &answer, NULL, 5);
	check_next(fd, "INVITE", 1, 5060, false);
	check_next(fd, "SIP/2.0", 1, 5070, false);
	check_next(fd, "{\"json\":1,\"us\":5}", 100, 5060, true);
	CHECK(chunk_is(&got, 17, "call@example.org", 16), "by its Call-ID");
	record_too_long = true;
	trace_record(trace, call, &answer, NULL, 5);
	record_too_long = false;
	CHECK(!collector_next(fd, &got), "half a record is none");
	trace_free(trace);
}

static void test_switches(int fd, const char *collector)
{
	static const struct {
		bool on, requests, records;
		int wanted;
	} rows[] = {
		{ false, true, true, 0 }, { true, false, false, 0 }, { true, true, false, 2 },
		{ true, false, true, 1 }, { true, true, true, 3 },   { false, false, false, 0 },
	};
	struct hep_conf conf = settings("");
	struct trace *trace = NULL;
	char why[256];
	uint64_t sent = 0;

	CHECK(trace_new(&conf, &trace, why), "off");
	CHECK(!trace_wants_messages(trace) && show(trace, fd) == 0, "off: nothing");
	trace_swap(trace);
	CHECK(show(trace, fd) == 0, "nothing was ready");
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		bool before = trace_wants_messages(trace);

		conf = settings(rows[i].on ? collector : "");
		conf.requests = rows[i].requests;
		conf.records = rows[i].records;
		CHECK(trace_prepare(trace, &conf, why), "row %zu", i);
		CHECK(trace_wants_messages(trace) == before, "row %zu: not yet", i);
		trace_swap(trace);
		CHECK(trace_wants_messages(trace) == (rows[i].on && rows[i].requests), "row %zu",
		      i);
		CHECK(show(trace, fd) == rows[i].wanted, "row %zu: packets", i);
		sent += (uint64_t)rows[i].wanted;
		CHECK(trace_counters(trace).sent == sent, "row %zu: counted on", i);
	}
	trace_free(trace);
}

static void test_nobody(int fd)
{
	CHECK(show(NULL, fd) == 0 && !trace_wants_messages(NULL), "no trace");
	CHECK(trace_counters(NULL).sent == 0, "no counters");
	trace_free(NULL);
}

static void test_passwords(int fd, const char *collector)
{
	static char much[200];
	const struct {
		const char *text;
		mode_t mode;
		const char *password; /* NULL: refused */
	} rows[] = {
		{ "s3cret", 0400, "s3cret" },
		{ "s3cret\n", 0600, "s3cret" },
		{ "s3cret\r\n", 0600, "s3cret" },
		{ " two words ", 0600, " two words " },
		{ "s3cret", 0640, NULL },
		{ "s3cret", 0604, NULL },
		{ "", 0600, NULL },
		{ "\n", 0600, NULL },
		{ much, 0600, NULL },
		{ much + 199 - HEP_PASSWORD_MAX, 0600, much + 199 - HEP_PASSWORD_MAX },
		{ much + 198 - HEP_PASSWORD_MAX, 0600, NULL },
	};
	struct hep_conf conf = settings(collector);
	struct trace *trace = NULL;
	char why[256];

	memset(much, 'p', sizeof(much) - 1);
	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		bool good;

		conf = settings(collector);
		snprintf(conf.password, 128, "%s", file("password", rows[i].text, rows[i].mode));
		why[0] = '\0';
		good = trace_new(&conf, &trace, why);
		CHECK(good == (rows[i].password != NULL), "row %zu: %s", i, why);
		CHECK(good || strncmp(why, "hep.password: ", 14) == 0, "row %zu: \"%s\"", i, why);
		CHECK(!strstr(why, "s3cret") && !strstr(why, "ppp"), "row %zu: no secret", i);
		if (!good)
			continue;
		CHECK(show(trace, fd) == 3, "row %zu: shown", i);
		CHECK(chunk_is(&got, 14, rows[i].password, strlen(rows[i].password)), "row %zu", i);
		trace_free(trace);
		trace = NULL;
	}
	snprintf(conf.password, 128, "%s/none", folder);
	CHECK(!trace_new(&conf, &trace, why) && !trace, "no such file");
	conf = settings("");
	snprintf(conf.password, 128, "%s/none", folder);
	CHECK(trace_new(&conf, &trace, why), "not read where there is no collector: %s", why);
	trace_free(trace);
}

/* What cannot be made leaves what there is. */
static void test_refused(int fd, const char *collector)
{
	struct hep_conf good = settings(collector), bad = good;
	struct trace *trace = NULL;
	char why[256], nowhere[] = "tcp:127.0.0.1:9";

	CHECK(trace_new(&good, &trace, why), "made");
	bad.collector = nowhere;
	CHECK(!trace_prepare(trace, &bad, why), "refused");
	trace_swap(trace);
	CHECK(show(trace, fd) == 3, "as before");
	CHECK(trace_prepare(trace, &good, why) && !trace_prepare(trace, &bad, why),
	      "once, then not");
	bad.requests = false;
	trace_swap(trace);
	CHECK(show(trace, fd) == 3, "what was ready before is dropped");
	CHECK(trace_prepare(trace, &good, why) && trace_prepare(trace, &good, why), "twice");
	trace_free(trace);
	CHECK(!trace_new(&bad, &trace, why), "at start it is refused");
}

static void test_starved(int fd, const char *collector)
{
	struct hep_conf conf = settings(collector);
	struct trace *trace = NULL;
	char why[256];
	long n;

	snprintf(conf.password, 128, "%s", file("password", "s3cret", 0600));
	only_one = true;
	for (n = 0;; n++) {
		budget = n;
		hit = false;
		if (trace_new(&conf, &trace, why))
			break;
		CHECK(hit && !trace, "allocation %ld: %s", n, why);
	}
	budget = -1;
	CHECK(n >= 3 && !hit, "%ld allocations", n);
	for (n = 0; n < 100; n++) {
		bool ready;

		budget = n;
		hit = false;
		ready = trace_prepare(trace, &conf, why);
		budget = -1;
		CHECK(ready == !hit, "allocation %ld of a reload: %s", n, why);
		trace_swap(trace);
		CHECK(show(trace, fd) == 3, "goes on");
		if (ready)
			break;
	}
	trace_free(trace);
}

int main(void)
{
	char collector[64], path[128];
	int fd = collector_open(AF_INET, collector);

	(void)crypto_malloc;
	(void)crypto_realloc;
	(void)crypto_free;
	CHECK(mkdtemp(folder) != NULL, "a folder");
	test_directions(fd, collector);
	test_switches(fd, collector);
	test_nobody(fd);
	test_passwords(fd, collector);
	test_refused(fd, collector);
	test_starved(fd, collector);
	close(fd);
	snprintf(path, sizeof(path), "%s/password", folder);
	CHECK(unlink(path) == 0 && rmdir(folder) == 0, "clean");
	return check_result();
}
