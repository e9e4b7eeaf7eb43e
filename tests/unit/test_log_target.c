/*
 * The log's two daemons, played by sockets of our own: what a line looks like, and that a
 * daemon that sleeps, goes away or comes later costs lines, which are counted, and no time.
 */
#include "redirector/base/log.h"
#include "redirector/base/log_json.h"
#include "redirector/base/log_word.h"
#include "shaken/macro.h"
#include "tests/check.h"

#include <jansson.h>
#include <poll.h>
#include <regex.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[512], got[16384];

static int listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%.90s/%s", folder, name);
	unlink(at.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		exit(1);
	return fd;
}

static struct log *opened(const char *kind, const char *name)
{
	char target[700], why[256];
	struct log *log = NULL;

	snprintf(target, sizeof(target), "%s:%s/%s", kind, folder, name);
	if (!log_open(target, LEVEL_INFO, &log, why)) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	return log;
}

/* The next datagram, or "" when none comes. */
static const char *next(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, 5000) > 0 ? recv(fd, got, sizeof(got) - 1, 0) : 0;

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t re;
	bool ok;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		exit(1);
	ok = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return ok;
}

static void to_syslog(void)
{
	int fd = listen_at("syslog");
	struct log *log = opened("syslog", "syslog");

	log_print(log, LEVEL_ERROR, "event=x n=%d", 1);
	CHECK(matches(next(fd),
		      "^<27>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} shaken-redirector\\[[0-9]+\\]: "
		      "time=[^ ]+ level=error event=x n=1$"),
	      "%s", got);
	log_print(log, LEVEL_WARNING, "w");
	CHECK(strncmp(next(fd), "<28>", 4) == 0, "%s", got);
	log_print(log, LEVEL_DEBUG, "quiet");
	log_write(log, SK_SPAN("{\"event\":\"call\"}\n"));
	CHECK(matches(next(fd), "^<30>.*: \\{\"event\":\"call\"\\}$"), "%s", got);
	CHECK(log_reopen(log), "nothing to open");
	CHECK(log_lost(log) == 0, "nothing is lost");
	log_close(log);
	close(fd);
}

static void to_journal(void)
{
	int fd = listen_at("journal");
	struct log *log = opened("journal", "journal");

	log_print(log, LEVEL_WARNING, "event=x");
	CHECK(matches(next(fd),
		      "^PRIORITY=4\nSYSLOG_IDENTIFIER=shaken-redirector\nMESSAGE=time=[^ ]+ "
		      "level=warning event=x\n$"),
	      "%s", got);
	log_write(log, SK_SPAN("{\"event\":\"call\"}\n"));
	CHECK_STR(next(fd),
		  "PRIORITY=6\nSYSLOG_IDENTIFIER=shaken-redirector\nMESSAGE={\"event\":\"call\"}\n"
		  "SHAKEN_RECORD={\"event\":\"call\"}\n",
		  "a record");
	log_close(log);
	close(fd);
}

/* Not there, then there, then another in its place. */
static void comes_and_goes(void)
{
	struct log *log = opened("syslog", "late");
	int fd;

	log_print(log, LEVEL_ERROR, "nobody");
	for (int i = 0; i < 250 && log_lost(log) == 0; i++)
		usleep(20000);
	CHECK(log_lost(log) == 1, "nobody hears it");
	fd = listen_at("late");
	for (int i = 0; i < 100 && next(fd)[0] == '\0'; i++)
		log_print(log, LEVEL_ERROR, "somebody");
	while (log_lost(log) < 2 && got[0] == '\0')
		usleep(1000);
	CHECK(strstr(got, "somebody") || log_lost(log) > 0, "%s", got);
	close(fd);
	fd = listen_at("late");
	for (int i = 0; i < 100; i++) {
		log_print(log, LEVEL_ERROR, "again %d", i);
		usleep(30000);
		if (i > 50 && strstr(next(fd), "again"))
			break;
	}
	CHECK(strstr(got, "again"), "another daemon is found: %s", got);
	log_close(log);
	close(fd);
}

/* A daemon that does not read: the caller goes on, the ring fills, lines are counted. */
static void sleeps(void)
{
	int fd = listen_at("asleep");
	struct log *log = opened("journal", "asleep");
	char line[1001];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 2] = '\n';
	for (int i = 0; i < 3000; i++)
		log_write(log, (struct sk_span){ line, sizeof(line) - 1 });
	CHECK(log_lost(log) > 1000, "the ring has its limit: %llu",
	      (unsigned long long)log_lost(log));
	log_close(log); /* ends, though nobody reads */
	close(fd);
}

static void one_pair(const char *text, const char *want)
{
	char mem[8192];
	struct sk_buf out;
	json_t *o;

	sk_buf_init(&out, mem, sizeof(mem));
	sk_buf_puts(&out, "{\"t\":1");
	log_json_pairs(sk_span_of(text), &out);
	sk_buf_putc(&out, '}');
	CHECK_STR(mem + 6, want, text);
	o = json_loads(mem, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json_is_object(o), "%s: %s", text, mem);
	json_decref(o);
}

static void pairs(void)
{
	one_pair("event=reload result=ok ms=12",
		 ",\"event\":\"reload\",\"result\":\"ok\",\"ms\":12}");
	one_pair("msg=\"two words\" n=1", ",\"msg\":\"two words\",\"n\":1}");
	one_pair("msg=\"a \"quoted\"x\" n=1", ",\"msg\":\"a \\\"quoted\\\"x\",\"n\":1}");
	one_pair("msg=\"tenants.header: \"X-A B\" is believed from nobody; \"c\"\"",
		 ",\"msg\":\"tenants.header: \\\"X-A B\\\" is believed from nobody; \\\"c\\\"\"}");
	one_pair("msg=\"c:1:6: \"a\" is not known; did you mean \"b\"?\" n=1",
		 ",\"msg\":\"c:1:6: \\\"a\\\" is not known; did you mean \\\"b\\\"?\",\"n\":1}");
	one_pair("msg=\"\"a\" and \"b\" end it\" key=\"pkcs11:x\"",
		 ",\"msg\":\"\\\"a\\\" and \\\"b\\\" end it\",\"key\":\"pkcs11:x\"}");
	one_pair("msg=\"\" n=1", ",\"msg\":\"\",\"n\":1}");
	one_pair("msg=\"\"\" n=1", ",\"msg\":\"\\\"\",\"n\":1}");
	one_pair("msg=\"a \"b\" Key=1\" n=1", ",\"msg\":\"a \\\"b\\\" Key=1\",\"n\":1}");
	one_pair("msg=\"a\"  n=1\"", ",\"msg\":\"a\\\"  n=1\"}");
	one_pair("msg=\"a \" =1\" n=1", ",\"msg\":\"a \\\" =1\",\"n\":1}");
	one_pair("msg=\"no end", ",\"msg\":\"no end\"}");
	one_pair("name=\"a\\\"b\\\\ c=d\\\" e=f\" n=1",
		 ",\"name\":\"a\\\"b\\\\ c=d\\\" e=f\",\"n\":1}");
	one_pair("name=\"\\u00e9\\u0022 \\u01ff \\u00\" n=1",
		 ",\"name\":\"\\u00e9\\\" \\\\u01ff \\\\u00\",\"n\":1}");
	one_pair("just words", ",\"msg\":\"just words\"}");
	one_pair("", "}");
	one_pair("n=007 m=1234567890123456 e= f=-1",
		 ",\"n\":\"007\",\"m\":\"1234567890123456\",\"e\":\"\",\"f\":\"-1\"}");
	one_pair("a=1 Rest of it=2", ",\"a\":1,\"msg\":\"Rest of it=2\"}");
	one_pair("p=\\ q=\x80", ",\"p\":\"\\\\\",\"q\":\"\\u0080\"}");
}

/* A name of somebody's choice; as JSON it is the name again. */
static void words(void)
{
	static const struct {
		const char *name, *word, *json;
	} rows[] = {
		{ "acme", "acme", "acme" },
		{ "acme/trunk-1", "acme/trunk-1", "acme/trunk-1" },
		{ "a<b>&'", "a<b>&'", "a<b>&'" },
		{ "", "\"\"", "" },
		{ "a b", "\"a b\"", "a b" },
		{ "a calls=9", "\"a calls=9\"", "a calls=9" },
		{ "a=b", "\"a=b\"", "a=b" },
		{ "\"", "\"\\\"\"", "\\\"" },
		{ "a\" calls=9", "\"a\\\" calls=9\"", "a\\\" calls=9" },
		{ "a\\", "\"a\\\\\"", "a\\\\" },
		{ "a\nb\x7f", "\"a\\u000ab\\u007f\"", "a\\u000ab\\u007f" },
		{ "\xc3\xa9", "\"\\u00c3\\u00a9\"", "\\u00c3\\u00a9" },
	};
	char out[LOG_WORD_SIZE], text[LOG_WORD_SIZE + 16], want[LOG_WORD_SIZE + 32];
	char longest[2 * LOG_WORD_MAX];

	for (size_t i = 0; i < SK_COUNT(rows); i++) {
		CHECK_STR(log_word(rows[i].name, out), rows[i].word, rows[i].name);
		snprintf(text, sizeof(text), "name=%s n=1", out);
		snprintf(want, sizeof(want), ",\"name\":\"%s\",\"n\":1}", rows[i].json);
		one_pair(text, want);
	}
	memset(longest, '\n', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CHECK(strlen(log_word(longest, out)) == LOG_WORD_SIZE - 1, "cut: %zu", strlen(out));
	memset(longest, 'x', sizeof(longest) - 1);
	CHECK(strlen(log_word(longest, out)) == LOG_WORD_MAX, "cut: %zu", strlen(out));
}

static void json_messages(void)
{
	int fd = listen_at("json");
	struct log *log = opened("syslog", "json");
	const char *at;
	json_t *o;

	log_set_json(log, true);
	log_print(log, LEVEL_WARNING, "event=x msg=\"%s\"", "a\r\nb \"c\" d");
	at = strchr(next(fd), '{');
	o = at ? json_loads(at, 0, NULL) : NULL;
	CHECK(o && strcmp(json_string_value(json_object_get(o, "level")), "warning") == 0 &&
		      strcmp(json_string_value(json_object_get(o, "event")), "x") == 0 &&
		      strcmp(json_string_value(json_object_get(o, "msg")), "a??b \"c\" d") == 0,
	      "%s", got);
	json_decref(o);
	log_close(log);
	close(fd);
}

int main(void)
{
	const char *base = getenv("TMPDIR");
	char rm[600];

	snprintf(folder, sizeof(folder), "%.60s/log-XXXXXX",
		 base && strlen(base) < 60 ? base : P_tmpdir);
	if (!mkdtemp(folder))
		return 1;
	to_syslog();
	to_journal();
	comes_and_goes();
	sleeps();
	pairs();
	words();
	json_messages();
	snprintf(rm, sizeof(rm), "rm -rf %s", folder);
	if (system(rm) != 0)
		return 1;
	return check_result();
}
