/*
 * More than we can do, by how old something is: a datagram's age is the kernel's to say, what comes
 * by a connection is as old as the round of the loop and the datagrams beside it.
 */
#include "tests/check.h"
#include "tests/unit/overload_kit.h"

#include "redirector/net/stream.h"

/* --- a connection that keeps what it is to send --- */

struct stream {
	unsigned refs;
	char text[RIG_TEXT];
};

static struct stream connection;

struct stream *__wrap_stream_ref(struct stream *stream);
void __wrap_stream_unref(struct stream *stream);
char *__wrap_stream_reserve(struct stream *stream, size_t size);
void __wrap_stream_send(struct stream *stream, size_t len);
size_t __wrap_stream_names(const struct stream *stream, const struct sk_span **out);

struct stream *__wrap_stream_ref(struct stream *stream)
{
	stream->refs++;
	return stream;
}

void __wrap_stream_unref(struct stream *stream)
{
	if (stream)
		stream->refs--;
}

char *__wrap_stream_reserve(struct stream *stream, size_t size)
{
	return size < sizeof(stream->text) ? stream->text : NULL;
}

void __wrap_stream_send(struct stream *stream, size_t len)
{
	stream->text[len] = '\0';
}

size_t __wrap_stream_names(const struct stream *stream, const struct sk_span **out)
{
	(void)stream;
	*out = NULL;
	return 0;
}

/* The same by a stream; how old it is nobody says. */
static const char *call_by_stream(struct rig *r, const struct dial *usual)
{
	struct packet g = { .transport = TRANSPORT_TCP, .stream = &connection };
	struct dial dial = *usual;
	static unsigned number;
	char text[8192], id[32];

	snprintf(id, sizeof(id), "stream-%u", number++);
	dial.call_id = id;
	g.bytes = (struct sk_span){ text, rig_print(&dial, text, sizeof(text)) };
	g.local = *udp_local(r->socket);
	if (!addr_parse(SK_SPAN("127.0.0.1:5060"), &g.source))
		exit(1);
	connection.text[0] = '\0';
	front_on_packet(r->front, &g);
	CHECK(connection.refs == 0, "nothing holds the connection");
	return connection.text;
}

static const struct dial usual;

/* A round of the loop that takes too long. */
static void a_slow_round(void)
{
	struct rig *r = rig_new(SIGN);

	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "the first of a round");
	r->mono += 119;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "not late enough");
	r->mono += 30;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "late for the first time");
	r->mono += 99;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "not for long enough");
	r->mono += 1;
	CHECK_STR(kind(call_by_stream(r, &usual)), "503", "for long enough");
	CHECK_STR(kind(call_by_stream(r, &(struct dial){ .uri = "urn:service:sos" })), "signed",
		  "an emergency");
	CHECK_STR(kind(call_by_stream(r, &(struct dial){ .method = "REGISTER" })), "405",
		  "it would wait for half a minute");
	CHECK_STR(kind(call_aged(r, usual, FRESH_MS)), "signed", "a datagram has its own age");
	r->mono += 1001;
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "nothing was heard for a second");
	CHECK(log_says(r, "state=end ms=0 turned_away=1 unanswered=0 stale=0"), "over");
	rig_free(r);
}

/* Whoever is served beside old datagrams waits as long as they do. */
static void beside_datagrams(void)
{
	struct rig *r = rig_new(SIGN "records: {calls: no}\n");

	fill(r);
	CHECK_STR(kind(call_by_stream(r, &usual)), "503", "as old as they are");
	answered_of(r, 20000);
	CHECK(answered_of(r, 10) == 0, "nothing is left for datagrams");
	CHECK_STR(kind(call_by_stream(r, &usual)), "503", "but nobody sends this again");
	for (int i = 0; i < 30; i++) {
		r->mono++;
		call_by_stream(r, &usual);
	}
	CHECK_STR(kind(call_by_stream(r, &usual)), "signed", "the datagrams have ended");
	rig_free(r);

	r = rig_new(SIGN "sip: {overload: silence}\n");
	fill(r);
	CHECK_STR(kind(call_by_stream(r, &usual)), "silence", "by choice");
	rig_free(r);
}

/* --- how old something is --- */

static int64_t youngest, oldest;
static unsigned came;

static void on_packet(void *arg, const struct packet *g)
{
	(void)arg;
	if (came++ == 0 || g->waited_us < youngest)
		youngest = g->waited_us;
	if (g->waited_us > oldest)
		oldest = g->waited_us;
}

/* Two datagrams that are left alone for a while, on one address and on all. */
static void by_the_kernel(void)
{
	static const char *const places[] = { "127.0.0.1:0", "0.0.0.0:0", "[::1]:0" };

	for (size_t i = 0; i < SK_COUNT(places); i++) {
		SK_CLEANUP(loop_free_p) struct loop *loop = loop_new();
		SK_CLEANUP(udp_free_p) struct udp *udp = NULL;
		char why[256] = "";
		struct addr at;
		int fd;

		came = 0;
		youngest = oldest = 0;
		CHECK(addr_parse(sk_span_of(places[i]), &at), "%s", places[i]);
		if (!loop || !udp_new(loop, &at, 65536, on_packet, NULL, &udp, why)) {
			CHECK(false, "%s: %s", places[i], why);
			continue;
		}
		usleep(50000); /* the kernel begins to note times a little after it was told to */
		at = *udp_local(udp);
		if (i == 1)
			at.sa.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd = socket(at.sa.any.sa_family, SOCK_DGRAM, 0);
		CHECK(sendto(fd, "ping", 4, 0, &at.sa.any, at.len) == 4, "the first");
		usleep(30000);
		CHECK(sendto(fd, "ping", 4, 0, &at.sa.any, at.len) == 4, "the second");
		usleep(20000);
		close(fd);
		for (int j = 0; j < 100 && came < 2; j++)
			loop_step(loop, 10);
		CHECK(came == 2 && youngest >= 20000 && oldest >= youngest + 30000,
		      "%s: %u, %lld and %lld us", places[i], came, (long long)youngest,
		      (long long)oldest);
	}
}

int main(void)
{
	a_slow_round();
	beside_datagrams();
	by_the_kernel();
	return check_result();
}
