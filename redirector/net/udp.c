/*
 * recvmmsg() fills an array of buffers, the handler prints its answers one after
 * the other into one buffer, sendmmsg() sends them.  On a wildcard address the
 * kernel says which of ours a datagram came to, and the answer leaves from there.
 */
#include "redirector/net/udp.h"

#include "redirector/base/pages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONTROL_SIZE = CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

/* One more byte than is handed on tells a datagram that is too long. */
struct inbox {
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct addr source[UDP_BATCH];
	_Alignas(struct cmsghdr) char control[UDP_BATCH][CONTROL_SIZE];
	char bytes[UDP_BATCH][UDP_DATAGRAM_MAX + 1];
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
	udp_h *handler;
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

/* The address of ours that a datagram came to, from the kernel's note. */
static struct addr came_to(const struct udp *u, struct msghdr *msg)
{
	struct addr local = u->local;

	if (!u->wildcard)
		return local;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local.sa.v4.sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local.sa.v6.sin6_addr = info.ipi6_addr;
		}
	}
	return local;
}

static void hand_on(struct udp *u, unsigned i)
{
	struct mmsghdr *m = &u->in.msgs[i];
	struct datagram d = { .socket = u };

	d.source = u->in.source[i];
	d.source.len = m->msg_hdr.msg_namelen;
	d.local = came_to(u, &m->msg_hdr);
	d.cut = m->msg_len > UDP_DATAGRAM_MAX || (m->msg_hdr.msg_flags & MSG_TRUNC);
	d.bytes = (struct sk_span){ u->in.bytes[i],
				    m->msg_len > UDP_DATAGRAM_MAX ? UDP_DATAGRAM_MAX : m->msg_len };
	u->counters.received++;
	u->handler(u->arg, &d);
}

static void prepare_inbox(struct udp *u)
{
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		u->in.iov[i] = (struct iovec){ u->in.bytes[i], sizeof(u->in.bytes[i]) };
		u->in.msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &u->in.source[i].sa,
			.msg_namelen = sizeof(u->in.source[i].sa),
			.msg_iov = &u->in.iov[i],
			.msg_iovlen = 1,
			.msg_control = u->wildcard ? u->in.control[i] : NULL,
			.msg_controllen = u->wildcard ? CONTROL_SIZE : 0,
		};
	}
}

static void on_readable(void *arg, int fd, int events)
{
	struct udp *u = arg;
	int n;

	(void)events;
	n = recvmmsg(fd, u->in.msgs, UDP_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return; /* nothing there, or an error that reading has cleared */

	u->in_batch = true;
	for (int i = 0; i < n; i++) {
		hand_on(u, (unsigned)i);
		/* only what this one changed: lengths that the kernel wrote */
		u->in.msgs[i].msg_hdr.msg_namelen = sizeof(u->in.source[i].sa);
		u->in.msgs[i].msg_hdr.msg_controllen = u->wildcard ? CONTROL_SIZE : 0;
	}
	u->in_batch = false;
	flush(u);
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

static void set_options(struct udp *u, int64_t receive_buffer)
{
	bool v6 = u->local.sa.any.sa_family == AF_INET6;
	socklen_t len = sizeof(u->receive_buffer);

	set_option(u->fd, SOL_SOCKET, SO_RCVBUF, (int)receive_buffer);
	set_option(u->fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)receive_buffer);
	set_option(u->fd, SOL_SOCKET, SO_SNDBUF, (int)receive_buffer);
	if (v6)
		set_option(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (u->wildcard)
		set_option(u->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			   v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
	getsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &u->receive_buffer, &len);
}

static bool open_socket(struct udp *u, const struct addr *at, int64_t receive_buffer)
{
	socklen_t len = sizeof(u->local.sa);

	u->fd = socket(at->sa.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd < 0)
		return false;
	u->local = *at;
	u->wildcard = is_wildcard(at);
	set_options(u, receive_buffer);
	if (bind(u->fd, &at->sa.any, at->len) < 0 || getsockname(u->fd, &u->local.sa.any, &len) < 0)
		return false;
	u->local.len = len;
	return true;
}

bool udp_new(struct loop *loop, const struct addr *at, int64_t receive_buffer, udp_h *handler,
	     void *arg, struct udp **out, char why[256])
{
	SK_CLEANUP(udp_free_p) struct udp *u = pages_new(sizeof(*u));
	char text[ADDR_TEXT_SIZE];

	addr_print(at, text);
	if (u) {
		u->fd = -1;
		u->handler = handler;
		u->arg = arg;
	}
	if (!u || !open_socket(u, at, receive_buffer)) {
		snprintf(why, 256, "udp:%s: %s", text, strerror(errno));
		return false;
	}
	prepare_inbox(u);
	u->watch = watch_new(loop, u->fd, LOOP_IN, on_readable, u);
	if (!u->watch) {
		snprintf(why, 256, "udp:%s: cannot watch the socket", text);
		return false;
	}
	*out = sk_steal(u);
	return true;
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
