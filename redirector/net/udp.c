/*
 * recvmmsg() fills an array of buffers, the handler prints its answers one after
 * the other into one buffer, sendmmsg() sends them.  On a wildcard address the
 * kernel says which of ours a datagram came to, and the answer leaves from there.
 *
 * It also says when each came, by the clock on the wall, the only one it has for this: one that
 * is set makes what lies in the queue at that moment look older or younger, and nothing else.
 */
#include "redirector/net/udp.h"

#include "redirector/base/pages.h"
#include "redirector/net/group.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CONTROL_SIZE = CMSG_SPACE(sizeof(struct in6_pktinfo)),
	/* what the kernel writes: to which address, and when */
	NOTES_SIZE = CONTROL_SIZE + CMSG_SPACE(sizeof(struct timespec)),
	CACHE_LINE = 64,
	INBOX_ROOM = UDP_DATAGRAM_MAX + 17 * CACHE_LINE,
};

/* One more byte than is handed on tells a datagram that is too long.  Datagrams of a usual size lie
 * that many lines of the cache apart: at a distance that is a power of two all 64 would have to
 * share the same few of its lines. */
struct inbox {
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct addr source[UDP_BATCH];
	_Alignas(struct cmsghdr) char control[UDP_BATCH][NOTES_SIZE];
	_Alignas(CACHE_LINE) char bytes[UDP_BATCH][INBOX_ROOM];
};

struct outbox {
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct addr to[UDP_BATCH];
	_Alignas(struct cmsghdr) char control[UDP_BATCH][CONTROL_SIZE];
	unsigned count;
	size_t used;
	char bytes[UDP_SEND_BUFFER];
};

struct udp {
	int fd;
	bool wildcard;
	bool in_batch;
	int receive_buffer;
	struct addr local;
	struct watch *watch;
	packet_h *handler;
	void *arg;
	struct udp_counters counters;
	struct inbox in;
	struct outbox out;
};

/* Sends what is in the outbox; a message that the kernel refuses is lost and counted. */
static void flush(struct udp *u)
{
	unsigned done = 0;

	while (done < u->out.count) {
		int n = sendmmsg(u->fd, u->out.msgs + done, u->out.count - done, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			u->counters.failed++;
			n = 1;
		} else {
			u->counters.sent += (unsigned)n;
		}
		done += (unsigned)n;
	}
	u->out.count = 0;
	u->out.used = 0;
}

static int64_t microseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

/* One of the kernel's notes on a datagram: the address of ours that it came to, or when. */
static void read_note(struct cmsghdr *c, int64_t now_us, struct packet *d)
{
	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
		struct timespec came;

		memcpy(&came, CMSG_DATA(c), sizeof(came));
		d->waited_us = now_us - microseconds(&came);
		if (d->waited_us < 0)
			d->waited_us = 0;
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		d->local.sa.v4.sin_addr = info.ipi_addr;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		d->local.sa.v6.sin6_addr = info.ipi6_addr;
	}
}

static void hand_on(struct udp *u, unsigned i, int64_t now_us)
{
	struct mmsghdr *m = &u->in.msgs[i];
	struct packet d = { .transport = TRANSPORT_UDP, .socket = u };

	d.source = u->in.source[i];
	d.source.len = m->msg_hdr.msg_namelen;
	d.local = u->local;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr); c; c = CMSG_NXTHDR(&m->msg_hdr, c))
		read_note(c, now_us, &d);
	if (m->msg_len > UDP_DATAGRAM_MAX || (m->msg_hdr.msg_flags & MSG_TRUNC))
		d.fault = PACKET_CUT;
	d.bytes = (struct sk_span){ u->in.bytes[i],
				    m->msg_len > UDP_DATAGRAM_MAX ? UDP_DATAGRAM_MAX : m->msg_len };
	u->counters.received++;
	u->handler(u->arg, &d);
}

static void prepare_inbox(struct udp *u)
{
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		u->in.iov[i] = (struct iovec){ u->in.bytes[i], UDP_DATAGRAM_MAX + 1 };
		u->in.msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &u->in.source[i].sa,
			.msg_namelen = sizeof(u->in.source[i].sa),
			.msg_iov = &u->in.iov[i],
			.msg_iovlen = 1,
			.msg_control = u->in.control[i],
			.msg_controllen = NOTES_SIZE,
		};
	}
}

static void on_readable(void *arg, int fd, int events)
{
	struct udp *u = arg;
	struct timespec now;
	int n;

	(void)events;
	n = recvmmsg(fd, u->in.msgs, UDP_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return; /* nothing there, or an error that reading has cleared */

	clock_gettime(CLOCK_REALTIME, &now);
	u->in_batch = true;
	for (int i = 0; i < n; i++) {
		hand_on(u, (unsigned)i, microseconds(&now));
		/* only what this one changed: lengths that the kernel wrote */
		u->in.msgs[i].msg_hdr.msg_namelen = sizeof(u->in.source[i].sa);
		u->in.msgs[i].msg_hdr.msg_controllen = NOTES_SIZE;
	}
	u->in_batch = false;
	flush(u);
}

void udp_turn(struct udp *u)
{
	if (u->watch && !u->in_batch)
		on_readable(u, u->fd, LOOP_IN);
}

char *udp_reserve(struct udp *u, size_t size)
{
	if (size > UDP_SEND_BUFFER)
		return NULL;
	if (u->out.count == UDP_BATCH || UDP_SEND_BUFFER - u->out.used < size)
		flush(u);
	return u->out.bytes + u->out.used;
}

/* Says which of our addresses the answer leaves from. */
static size_t print_from(const struct addr *from, char control[CONTROL_SIZE])
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;

	memset(control, 0, CONTROL_SIZE);
	if (from->sa.any.sa_family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = from->sa.v6.sin6_addr };

		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	struct in_pktinfo info = { .ipi_spec_dst = from->sa.v4.sin_addr };

	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	return CMSG_SPACE(sizeof(info));
}

void udp_send(struct udp *u, const struct addr *to, const struct addr *from, size_t len)
{
	unsigned i = u->out.count++;
	struct outbox *o = &u->out;

	o->to[i] = *to;
	o->iov[i] = (struct iovec){ o->bytes + o->used, len };
	o->msgs[i].msg_hdr = (struct msghdr){
		.msg_name = &o->to[i].sa,
		.msg_namelen = to->len,
		.msg_iov = &o->iov[i],
		.msg_iovlen = 1,
	};
	if (u->wildcard) {
		o->msgs[i].msg_hdr.msg_control = o->control[i];
		o->msgs[i].msg_hdr.msg_controllen = print_from(from, o->control[i]);
	}
	o->used += len;
	if (!u->in_batch)
		flush(u);
}

static bool is_wildcard(const struct addr *at)
{
	if (at->sa.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&at->sa.v6.sin6_addr);
	return at->sa.v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

static void set_option(int fd, int level, int name, int value)
{
	/* a refused wish shows in udp_receive_buffer() or in the first answer; not fatal */
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		errno = 0;
}

/* What is asked of the socket for each datagram, and what its binder was granted. */
static bool look_at(struct udp *u)
{
	socklen_t local_len = sizeof(u->local.sa), len = sizeof(u->receive_buffer);
	bool v6;

	if (getsockname(u->fd, &u->local.sa.any, &local_len) < 0)
		return false;
	u->local.len = local_len;
	u->wildcard = is_wildcard(&u->local);
	v6 = u->local.sa.any.sa_family == AF_INET6;
	set_option(u->fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if (u->wildcard)
		set_option(u->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			   v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
	return getsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &u->receive_buffer, &len) == 0;
}

bool udp_adopt(struct loop *loop, int fd, packet_h *handler, void *arg, struct udp **out,
	       char why[256])
{
	SK_CLEANUP(udp_free_p) struct udp *u = pages_new(sizeof(*u));

	if (u) {
		u->fd = fd;
		u->handler = handler;
		u->arg = arg;
	}
	if (!u || !look_at(u)) {
		snprintf(why, 256, "a UDP socket: %s", strerror(errno));
		if (u)
			u->fd = -1;
		return false;
	}
	prepare_inbox(u);
	u->watch = watch_new(loop, u->fd, LOOP_IN, on_readable, u);
	if (!u->watch) {
		snprintf(why, 256, "a UDP socket: cannot be watched");
		u->fd = -1;
		return false;
	}
	*out = sk_steal(u);
	return true;
}

bool udp_new(struct loop *loop, const struct addr *at, int64_t receive_buffer, packet_h *handler,
	     void *arg, struct udp **out, char why[256])
{
	struct group_set set = { .kind = GROUP_UDP, .count = 1, .receive_buffer = receive_buffer };
	struct group group;

	if (!group_open(at, &set, &group, why))
		return false;
	if (udp_adopt(loop, group.fds[0], handler, arg, out, why))
		return true;
	group_close(&group);
	return false;
}

void udp_rest(struct udp *u)
{
	watch_free(u->watch);
	u->watch = NULL;
}

void udp_free(struct udp *u)
{
	if (!u)
		return;
	watch_free(u->watch);
	if (u->fd >= 0)
		close(u->fd);
	pages_free(u, sizeof(*u));
}

const struct addr *udp_local(const struct udp *u)
{
	return &u->local;
}

int udp_receive_buffer(const struct udp *u)
{
	return u->receive_buffer;
}

const struct udp_counters *udp_counters(const struct udp *u)
{
	return &u->counters;
}
