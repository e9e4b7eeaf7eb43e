/*
 * Messages of connections: all of them, in order, whatever pieces they come in, and each
 * connection in its turn.  How connections end.
 */
#include "tests/check.h"
#include "tests/unit/streams_kit.h"

#include <stdlib.h>
#include <unistd.h>

#define HEAD "INVITE sip:a SIP/2.0\r\n"

enum {
	MANY = 1000
};

static char all[MANY * KIT_MESSAGE + 1], got[MANY * KIT_MESSAGE + 1];

static void reset_on_close(int fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

/* The same bytes in pieces of 1, 7, 36, 1000 and all. */
static void pipelined(const char *where)
{
	static const size_t pieces[] = { 1, 7, KIT_MESSAGE, 1000, sizeof(all) - 1 };
	struct kit k;

	kit_open(&k, where);
	for (size_t i = 0; i < SK_COUNT(pieces); i++) {
		size_t len = pieces[i] == 1 ? 20 * KIT_MESSAGE : sizeof(all) - 1, n;
		int fd = kit_connect(&k, NULL);

		for (size_t at = 0; at < len; at += pieces[i]) {
			kit_write(fd, all + at, pieces[i] < len - at ? pieces[i] : len - at);
			loop_step(k.loop, 0);
		}
		n = kit_read(&k, fd, got, len);
		CHECK(n == len && memcmp(got, all, len) == 0, "%s, pieces of %zu: %zu of %zu",
		      where, pieces[i], n, len);
		CHECK(kit_state(&k, fd) == '.', "still open");
		close(fd);
	}
	kit_settle(&k);
	CHECK(streams_count(k.streams) == 0 && k.open[1] == 0, "all gone");
	CHECK(k.counts[STREAMS_ACCEPTED] == 5 && k.counts[STREAMS_MESSAGES] == 4 * MANY + 20,
	      "%llu", (unsigned long long)k.counts[STREAMS_MESSAGES]);
	kit_close(&k);
}

static void addresses(const char *where, const char *from, const char *at)
{
	char text[ADDR_TEXT_SIZE];
	struct addr want;
	struct kit k;
	int fd;

	kit_open(&k, where);
	fd = kit_connect(&k, from);
	kit_write(fd, all, KIT_MESSAGE);
	kit_settle(&k);
	CHECK(k.whole == 1, "%s: a message", where);
	want.len = sizeof(want.sa);
	getsockname(fd, &want.sa.any, &want.len);
	CHECK(addr_eq(&k.source, &want), "%s: its source", where);
	addr_print_host(&k.local, text);
	CHECK_STR(text, at, "the address it came to");
	CHECK(addr_port(&k.local) == addr_port(&k.at), "its port");
	close(fd);
	kit_close(&k);
}

/* Two with a thousand messages each, all there before the first is read. */
static void in_turn(void)
{
	struct kit k;
	int a, b;

	kit_open(&k, "127.0.0.1:0");
	k.mode = KIT_SILENT;
	a = kit_connect(&k, NULL);
	b = kit_connect(&k, NULL);
	kit_write(a, all, sizeof(all) - 1);
	kit_write(b, all, sizeof(all) - 1);
	kit_settle(&k);
	CHECK(k.whole == 2 * MANY, "%u messages", k.whole);
	CHECK(k.longest <= 128, "%u in a row", k.longest);
	close(a);
	close(b);
	kit_close(&k);
}

/* However many have much to say, those without a connection have their turn after each of theirs;
 * but not while no time has gone by. */
static void between_turns(void)
{
	enum {
		TALKERS = 10
	};
	int fd[TALKERS];
	unsigned before;
	struct kit k;

	kit_open(&k, "127.0.0.1:0");
	k.mode = KIT_SILENT;
	for (int i = 0; i < TALKERS; i++)
		fd[i] = kit_connect(&k, NULL);
	k.step = 1;
	for (int i = 0; i < TALKERS; i++)
		kit_write(fd[i], all, 200 * KIT_MESSAGE);
	kit_settle(&k);
	CHECK(k.whole == TALKERS * 200, "%u messages", k.whole);
	CHECK(k.most <= 64, "%u messages, and nobody else", k.most);
	CHECK(k.betweens >= TALKERS * 200 / 64, "%u turns", k.betweens);

	k.step = 0;
	before = k.betweens;
	for (int i = 0; i < TALKERS; i++)
		kit_write(fd[i], all, 200 * KIT_MESSAGE);
	kit_settle(&k);
	CHECK(k.whole == TALKERS * 400 && k.betweens <= before + 1, "%u turns in no time",
	      k.betweens - before);
	for (int i = 0; i < TALKERS; i++)
		close(fd[i]);
	kit_close(&k);
}

static void pings(void)
{
	struct kit k;
	int fd;

	kit_open(&k, "127.0.0.1:0");
	fd = kit_connect(&k, NULL);
	kit_write(fd, "\r\n", 2);
	CHECK(kit_state(&k, fd) == '.', "one line end is passed over");
	kit_write(fd, "\r", 1);
	CHECK(kit_state(&k, fd) == '.', "not yet two");
	kit_write(fd, "\n", 1);
	CHECK(kit_read(&k, fd, got, 3) == 2 && memcmp(got, "\r\n", 2) == 0, "pong");
	kit_write(fd, "\r\n\r\n\r\n\r\n\r\n", 10);
	kit_write(fd, all, KIT_MESSAGE);
	CHECK(kit_read(&k, fd, got, 100) == 4 + KIT_MESSAGE &&
		      memcmp(got, "\r\n\r\nOPTIONS", 11) == 0,
	      "two, and a message");
	CHECK(k.counts[STREAMS_PINGS] == 3 && k.counts[STREAMS_MESSAGES] == 1, "counted");
	close(fd);
	kit_close(&k);
}

/* clang-format off */
static const struct { const char *name, *bytes, *answer; unsigned cut, no_length; enum streams_count count; } ends[] = {
	{ "garbage", "\x16\x03\x01", "", 0, 0, STREAMS_GARBAGE },
	{ "a good one, then garbage", "OPTIONS sip:000000 SIP/2.0\r\nl: 0\r\n\r\n?", "OPTIONS sip:000000 SIP/2.0\r\nl: 0\r\n\r\n", 0, 0, STREAMS_GARBAGE },
	{ "too long", HEAD "l: 20000\r\n\r\n", HEAD "l: 20000\r\n\r\n", 1, 0, STREAMS_LAST },
	{ "too long, and more", HEAD "l: 20000\r\n\r\nabcdef", HEAD "l: 20000\r\n\r\n", 1, 0, STREAMS_LAST },
	{ "no length", HEAD "\r\n", HEAD "\r\n", 0, 1, STREAMS_LAST },
	{ "no length, a body", HEAD "\r\nOPTIONS sip:a", HEAD "\r\n", 0, 1, STREAMS_LAST },
	{ "lengths that contradict", HEAD "l: 0\r\nl: 1\r\n\r\n", "", 0, 0, STREAMS_GARBAGE },
};
/* clang-format on */

static void faults(void)
{
	for (size_t i = 0; i < SK_COUNT(ends); i++) {
		size_t len = strlen(ends[i].answer);
		struct kit k;
		int fd;

		kit_open(&k, "127.0.0.1:0");
		fd = kit_connect(&k, NULL);
		kit_write(fd, ends[i].bytes, strlen(ends[i].bytes));
		CHECK(kit_read(&k, fd, got, 1000) == len && memcmp(got, ends[i].answer, len) == 0,
		      "%s: the answer", ends[i].name);
		CHECK(kit_state(&k, fd) == 'E', "%s: %c", ends[i].name, kit_state(&k, fd));
		CHECK(k.cut == ends[i].cut && k.no_length == ends[i].no_length, "%s", ends[i].name);
		CHECK(ends[i].count == STREAMS_LAST || k.counts[ends[i].count] == 1, "%s: count",
		      ends[i].name);
		close(fd);
		kit_settle(&k);
		CHECK(streams_count(k.streams) == 0, "%s: gone", ends[i].name);
		kit_close(&k);
	}
}

/* After its last answer a client may send on for a while; it is not reset, and not waited for
 * longer than for any that does not read. */
static void sends_on(void)
{
	static const char long_one[] = HEAD "l: 900000\r\n\r\n";
	static char body[2 << 20];
	struct kit k;
	int fd;

	kit_open(&k, "127.0.0.1:0");
	fd = kit_connect(&k, NULL);
	kit_write(fd, long_one, strlen(long_one));
	for (int i = 0; i < 9; i++) {
		kit_write(fd, body, 10000);
		kit_settle(&k);
	}
	CHECK(kit_read(&k, fd, got, 1000) == strlen(long_one), "the answer");
	CHECK(kit_state(&k, fd) == 'E' && streams_count(k.streams) == 1, "waits for the client");
	kit_pass(&k, k.limits.send_time);
	CHECK(streams_count(k.streams) == 0 && k.counts[STREAMS_UNREAD] == 0, "not for ever");
	close(fd);

	fd = kit_connect(&k, NULL);
	kit_write(fd, long_one, strlen(long_one));
	for (size_t at = 0; at < sizeof(body) && streams_count(k.streams) > 0; at += 8192) {
		if (send(fd, body, 8192, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		kit_settle(&k);
	}
	CHECK(streams_count(k.streams) == 0, "nor for so much");
	close(fd);
	kit_close(&k);
}

/* The client has said all; it gets all its answers. */
static void half_closed(void)
{
	struct kit k;
	int fd;

	kit_open(&k, "127.0.0.1:0");
	k.mode = KIT_HOLD;
	fd = kit_connect(&k, NULL);
	kit_write(fd, all, 3 * KIT_MESSAGE + 5);
	shutdown(fd, SHUT_WR);
	CHECK(kit_state(&k, fd) == '.' && k.held_count == 3, "its calls wait");
	kit_answer_held(&k);
	CHECK(kit_read(&k, fd, got, 100) == 12 && memcmp(got, "latelatelate", 12) == 0, "answers");
	CHECK(kit_state(&k, fd) == 'E' && streams_count(k.streams) == 0, "and closed");
	close(fd);

	fd = kit_connect(&k, NULL);
	kit_write(fd, all, KIT_MESSAGE + 5);
	shutdown(fd, SHUT_WR);
	kit_settle(&k);
	stream_unref(k.held[0]);
	k.held_count = 0;
	CHECK(kit_state(&k, fd) == 'E' && streams_count(k.streams) == 0,
	      "a call without an answer");
	close(fd);

	fd = kit_connect(&k, NULL);
	kit_write(fd, all, KIT_MESSAGE);
	shutdown(fd, SHUT_WR);
	kit_settle(&k);
	reset_on_close(fd);
	kit_settle(&k);
	CHECK(streams_count(k.streams) == 0 && k.held_count == 1, "reset while it waited");
	kit_answer_held(&k);
	kit_close(&k);
}

/* Who waits keeps the object, not the descriptor. */
static void held(void)
{
	const struct sk_span *names;
	struct kit k;
	int fd;

	kit_open(&k, "127.0.0.1:0");
	k.mode = KIT_HOLD;
	fd = kit_connect(&k, NULL);
	kit_write(fd, all, 2 * KIT_MESSAGE);
	kit_settle(&k);
	CHECK(k.held_count == 2 && streams_count(k.streams) == 1, "held");
	CHECK(stream_names(k.held[0], &names) == 0 && !names, "TCP has no names");
	reset_on_close(fd);
	kit_settle(&k);
	CHECK(streams_count(k.streams) == 0 && k.open[1] == 0, "closed");
	kit_answer_held(&k);
	CHECK(k.counts[STREAMS_GONE] == 2, "nobody to answer");

	fd = kit_connect(&k, NULL);
	kit_write(fd, all, KIT_MESSAGE);
	kit_settle(&k);
	streams_free(k.streams);
	k.streams = NULL;
	CHECK(k.held_count == 1 && !stream_reserve(k.held[0], 10), "longer than all connections");
	CHECK(kit_state(&k, fd) == 'E', "closed");
	kit_answer_held(&k);
	close(fd);
	kit_close(&k);
}

static void drained(void)
{
	struct kit k;
	int idle, waits, late;

	kit_open(&k, "127.0.0.1:0");
	k.mode = KIT_HOLD;
	idle = kit_connect(&k, NULL);
	waits = kit_connect(&k, NULL);
	late = kit_connect(&k, NULL);
	kit_write(waits, all, KIT_MESSAGE);
	kit_settle(&k);
	kit_write(late, all, KIT_MESSAGE); /* nobody has looked yet */
	streams_drain(k.streams);
	CHECK(kit_state(&k, idle) == 'E' && streams_count(k.streams) == 2, "who waits for nothing");
	CHECK(k.held_count == 2, "what had come is not lost");
	kit_answer_held(&k);
	CHECK(kit_read(&k, waits, got, 10) == 4 && kit_state(&k, waits) == 'E', "answered");
	CHECK(kit_read(&k, late, got, 10) == 4 && kit_state(&k, late) == 'E', "answered too");
	CHECK(streams_count(k.streams) == 0, "all gone");
	close(waits);
	waits = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(waits, &k.at.sa.any, k.at.len) < 0, "nobody listens");
	close(idle);
	close(waits);
	close(late);
	kit_close(&k);
}

int main(void)
{
	for (unsigned i = 0; i < MANY; i++)
		kit_message(i, all + i * KIT_MESSAGE);
	pipelined("127.0.0.1:0");
	pipelined("[::1]:0");
	addresses("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1");
	/* to any address of ours goes to one's own */
	addresses("0.0.0.0:0", "127.0.0.9:0", "127.0.0.9");
	addresses("[::]:0", "[::1]:0", "::1");
	in_turn();
	between_turns();
	pings();
	faults();
	sends_on();
	half_closed();
	held();
	drained();
	return check_result();
}
