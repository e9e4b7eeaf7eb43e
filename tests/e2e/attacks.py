"""Attacks on connections, by whatever transport, and what must hold all the while: calls of others
are answered, and when it is over the worker has no more descriptors than before.

    ground = Ground(server, Transport('TCP', '127.0.0.1', 5060), checks)
    ground.run(ATTACKS)
"""
import os
import random
import re
import select
import signal
import socket
import ssl
import struct
import threading
import time

import lab

BACK = 10            # seconds until the descriptors are back (the bound)
RESET = struct.pack('ii', 1, 0)

# what a server needs so that nothing here takes longer than BACK, and that it never finds itself
# overloaded: who is served then is another test's question
SETTINGS = {'streams_idle': '5s', 'streams_message_time': '2s', 'streams_send_time': '2s',
            'streams_connections': 300, 'streams_per_source': 100, 'tls_handshake': '2s',
            'sip_overload_age': '29s', 'sip_queue_age': '30s', 'sip_sources': ['127.0.0.0/16', '::1/128']}


class Transport:
    """How to reach the server: plain TCP, or TLS when there is a context."""

    def __init__(self, name, host, port, context=None):
        self.name, self.host, self.port, self.context = name, host, port, context
        self.family = socket.AF_INET6 if ':' in host else socket.AF_INET

    def plain(self, source=None):
        """A connection without a byte on it."""
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        sock.settimeout(lab.PATIENCE)
        if source:
            sock.bind((source, 0))
        try:
            sock.connect((self.host, self.port))
        except ConnectionResetError:
            pass                        # refused so fast that it looks like this
        return sock

    def dial(self, source=None):
        """One that can be spoken on."""
        sock = self.plain(source)
        return self.context.wrap_socket(sock, server_hostname='localhost') if self.context else sock


class Client:
    """A proxy that asks over one connection."""

    def __init__(self, transport, source=None):
        self.transport, self.sock, self.rest = transport, transport.dial(source), b''

    def build(self, method='INVITE', **how):
        host, port = self.sock.getsockname()[:2]
        raw = lab.request(method, host='[%s]' % host if ':' in host else host, port=port, **how)
        return raw.replace(b'SIP/2.0/UDP', b'SIP/2.0/' + self.transport.name.encode(), 1)

    def send(self, raw):
        self.sock.sendall(raw)

    def receive(self):
        """The next message; None: the connection has ended."""
        while True:
            head, mark, rest = self.rest.partition(b'\r\n\r\n')
            if mark:
                length = int(re.search(rb'\r\nContent-Length: (\d+)', head + mark).group(1))
                if len(rest) >= length:
                    self.rest = rest[length:]
                    return lab.Message(head + mark + rest[:length])
            try:
                more = self.sock.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                return None
            if not more:
                return None
            self.rest += more

    def ask(self, raw):
        self.send(raw)
        return self.receive()

    def close(self):
        self.sock.close()


def is_closed(sock):
    """Has the server closed it by now?  What it said before is thrown away."""
    sock.setblocking(False)
    try:
        while sock.recv(65536):
            pass
        return True
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except (ConnectionError, ssl.SSLError, OSError):
        return True


def reset(sock):
    """Gone without a good-bye."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    os.close(sock.detach())


class Clock(threading.Thread):
    """Seconds of a machine that goes on: what it stood still for is nobody's."""

    def __init__(self):
        super().__init__(daemon=True)
        self.began, self.stolen = time.monotonic(), 0
        self.start()

    def run(self):
        while True:
            before = time.monotonic()
            time.sleep(0.02)
            late = time.monotonic() - before - 0.02
            self.stolen += late if late > 0.1 else 0

    def now(self):
        return time.monotonic() - self.began - self.stolen


CLOCK = Clock()


class Ground:
    """One worker under attack, and two clients that only want to call."""

    def __init__(self, server, transport, checks):
        self.server, self.transport, self.checks = server, transport, checks
        server.wait_log('event=ready', 'ready')
        self.pid = server.workers()[0]
        self.udp = server.peer()
        self.good = Client(transport)
        self.sockets = []
        self.calls()
        self.before = self.descriptors()

    def descriptors(self):
        return len(os.listdir('/proc/%d/fd' % self.pid))

    def counts(self):
        """What the worker has counted of its connections."""
        had, rounds = (self.server.log.count(word) for word in ('event=streams', 'event=outcomes'))
        self.server.send_signal(signal.SIGUSR1)
        self.server.wait_log('event=streams', 'counters', had + 1)
        self.server.wait_log('event=outcomes', 'the end of the round: in its midst nobody is asked again', rounds + 1)
        line = [line for line in self.server.log.splitlines() if 'event=streams' in line][-1]
        return dict((k, int(v)) for k, v in re.findall(r' (\w+)=(\d+)\b', line))

    def hold(self, source=None, spoken=True):
        sock = self.transport.dial(source) if spoken else self.transport.plain(source)
        self.sockets.append(sock)
        return sock

    def calls(self):
        """Others are answered meanwhile."""
        for name, peer in (('UDP', self.udp), (self.transport.name, self.good)):
            answer = peer.ask(peer.build())
            if not answer or answer.code != 302 or not answer.get('Identity'):
                return self.checks.that(False, 'a call by %s meanwhile' % name, answer and answer.raw)
        return True

    def until_closed(self, sockets):
        """How many of them the server has closed in time."""
        end, left = CLOCK.now() + BACK, list(sockets)
        while left and CLOCK.now() < end:
            self.calls()
            left = [sock for sock in left if not is_closed(sock)]
            time.sleep(0.05)
        return len(sockets) - len(left)

    def is_back(self):
        end = CLOCK.now() + BACK
        while self.descriptors() > self.before and CLOCK.now() < end:
            self.calls()
            time.sleep(0.05)
        return self.descriptors() <= self.before

    def run(self, attacks):
        for attack in attacks:
            name = '%s to %s: %s' % (self.transport.name, self.transport.host, attack.__name__)
            attack(self, name)
            self.checks.that(self.calls(), name + ': others are answered')
            self.checks.that(self.is_back(), name + ': descriptors', (self.before, self.descriptors()))
            for sock in self.sockets:
                sock.close()
            self.sockets = []

    def close(self):
        self.udp.close()
        self.good.close()


def say(sock, raw):
    try:
        sock.sendall(raw)
    except OSError:
        pass                            # closed already


def many(ground, name, count, text):
    """Each says that and no more; the server must close them all."""
    for n in range(count):
        sock = ground.hold()
        say(sock, text(n))
        if n % 20 == 0:
            ground.calls()
    ground.checks.same(ground.until_closed(ground.sockets), count, name + ': closed by the server')


def garbage(ground, name):
    dice = random.Random(5)
    many(ground, name, 80, lambda n: dice.randbytes(1 + n * 7))


def half_a_message(ground, name):
    raw = ground.good.build()
    many(ground, name, 80, lambda n: raw[:1 + n * 3 % (len(raw) - 1)])


def idle(ground, name):
    many(ground, name, 80, lambda n: b'')


def line_ends(ground, name):
    many(ground, name, 20, lambda n: b'\r\n' * (n % 2) + b'\r\n\r')


def drip(ground, name):
    """A byte now and then is no message."""
    raw, socks = ground.good.build(), [ground.hold() for _ in range(20)]
    for n in range(40):
        for sock in socks:
            say(sock, raw[n:n + 1])
        ground.calls()
        time.sleep(0.1)
    ground.checks.same(ground.until_closed(socks), len(socks), name + ': closed by the server')


def huge(ground, name):
    """A length beyond all limits is answered from the head alone, and the rest is not waited for."""
    for length in (b'99999999999999999999', b'4294967296', b'20000'):
        client = Client(ground.transport)
        ground.sockets.append(client.sock)
        client.send(client.build().replace(b'Content-Length: 0', b'Content-Length: ' + length) + b'v=0\r\n' * 999)
        answer = client.receive()
        ground.checks.same(answer and answer.status, '513 Message Too Large', '%s: %s' % (name, length))
        ground.checks.same(client.receive(), None, name + ': then it ends')


def no_length(ground, name):
    client = Client(ground.transport)
    ground.sockets.append(client.sock)
    client.send(client.build().replace(b'Content-Length: 0\r\n', b''))
    answer = client.receive()
    ground.checks.same(answer and answer.code, 400, name)
    ground.checks.same(client.receive(), None, name + ': then it ends')


def long_heads(ground, name):
    many(ground, name, 20, lambda n: b'INVITE sip:a SIP/2.0\r\nX: ' + b'x' * 20000)


def resets(ground, name):
    """Gone in the middle of anything, answers under way or not."""
    raw = ground.good.build()
    for n in range(300):
        sock = ground.transport.plain() if n % 3 == 0 else ground.transport.dial()
        if n % 10 == 0:
            ground.calls()
        if n % 3:
            say(sock, raw * 5 if n % 3 == 1 else raw[:99])
        reset(sock)
    ground.calls()


def gone(counts, before, why):
    """How many were refused for that, or had been silent for so long that there was room for others."""
    return sum(counts.get(name, 0) - before.get(name, 0) for name in (why, 'slow', 'idle'))


def is_judged(sock):
    """The last of the queue has been refused, and so all before it have been looked at."""
    try:
        sock.recv(1)
    except OSError:
        pass


def flood(ground, name):
    """More connections than one address may have, and than all may have."""
    before = ground.counts()
    for n in range(350):
        sock = ground.transport.plain()
        ground.sockets.append(sock)
        if n % 10 == 0:
            ground.calls()
    is_judged(ground.sockets[-1])
    ground.calls()
    counts = ground.counts()
    ground.checks.that(counts['open'] <= 100, name + ': not more than its share', counts)
    ground.checks.that(gone(counts, before, 'source_over') >= 250, name + ': refused', counts)
    if ground.transport.family == socket.AF_INET:
        for n in range(300):
            ground.sockets.append(ground.transport.plain('127.0.1.%d' % (1 + n % 4)))
        is_judged(ground.sockets[-1])
        ground.calls()
        counts = ground.counts()
        ground.checks.that(counts['open'] <= 300, name + ': not more than there may be', counts)
        ground.checks.that(gone(counts, before, 'over') >= 90, name + ': refused', counts)


def slow_reader(ground, name):
    """Asks and asks, and reads nothing."""
    socks = []
    for _ in range(5):
        sock = socket.socket(ground.transport.family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(lab.PATIENCE)
        sock.connect((ground.transport.host, ground.transport.port))
        if ground.transport.context:
            sock = ground.transport.context.wrap_socket(sock, server_hostname='localhost')
        socks.append(sock)
        ground.sockets.append(sock)
        sock.setblocking(False)
    raw = ground.good.build('OPTIONS') * 50
    end = time.monotonic() + BACK
    left = {sock: 0 for sock in socks}
    while left and time.monotonic() < end:
        ground.calls()
        for sock in select.select([], list(left), [], 0.05)[1]:
            try:
                for _ in range(50):
                    left[sock] = (left[sock] + sock.send(raw[left[sock]:])) % len(raw)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
            except OSError:
                del left[sock]
    ground.checks.that(not left, name + ': closed by the server', len(left))


def strangers(ground, name):
    """Who may not speak hears nothing, whatever he says."""
    if ground.transport.family != socket.AF_INET:
        return
    heard = b''
    for n in range(50):
        sock = ground.transport.plain('127.9.9.%d' % (n + 1))
        ground.sockets.append(sock)
        try:
            sock.sendall(ground.good.build('OPTIONS'))
            heard += sock.recv(1)
        except OSError:
            pass
    ground.checks.same(heard, b'', name + ': silence')
    ground.checks.that(ground.counts().get('strangers', 0) >= 50, name + ': counted')


def opened_and_closed(ground, name):
    count = 10000 if not ground.transport.context else 500
    for n in range(count):
        sock = ground.transport.plain()
        if n % 2:
            reset(sock)
        else:
            sock.close()
        if n % 100 == 0:
            ground.calls()


ATTACKS = [garbage, half_a_message, idle, line_ends, drip, huge, no_length, long_heads, resets, flood,
           slow_reader, strangers, opened_and_closed]
