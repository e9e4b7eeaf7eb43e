"""Attacks on the HTTP side of the real daemon: slow, large, broken, ambiguous, many; and others are
served meanwhile, by HTTP and by SIP, and nothing is left behind."""
import os
import resource
import socket
import ssl
import struct
import time

import http_shapes
import lab
from http_lab import Raw, codes, cpu, descriptors, one, resident
from http_shapes import get, post
from lab import http_request
from tls_lab import Authority, context

PLAIN, SECURE = 8080, 8443
SLOW = 500
REQUEST_TIME = 6


def measured():
    """What AddressSanitizer keeps of freed memory is none of the server's: less of it."""
    return dict(os.environ, ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':quarantine_size_mb=4')


class Ground:
    """The daemon, its web process, and the ways in."""

    def __init__(self, home, checks):
        self.checks = checks
        self.authority = Authority(home.folder / 'tls')
        pem, key = self.authority.issue('server', 'DNS:a')
        self.good = context(self.authority)
        self.stranger = Authority(home.folder / 'other', 'other')
        self.daemon = home.redirector(http={
            'health': '', 'listen': ['http:127.0.0.1:%d' % PLAIN, 'https:127.0.0.1:%d' % SECURE],
            'certificate': str(pem), 'key': str(key), 'connections': 4000, 'per-source': 4000,
            'request-time': '%ds' % REQUEST_TIME, 'idle': '2s', 'send-time': '2s'}, env=measured())
        self.daemon.wait_workers(1, web=1)
        self.peer = self.daemon.peer()
        self.pid = self.daemon.web()[0]
        self.served('at first')

    def served(self, what):
        """Others are served, by every door."""
        self.checks.same(http_request(PLAIN, path='/healthz').status, 200, what + ': HTTP is served')
        self.checks.same(http_request(SECURE, path='/healthz', tls=self.good).status, 200, what + ': HTTPS is served')
        answer = self.peer.ask(self.peer.build('OPTIONS'))
        self.checks.same(answer.code, 200, what + ': SIP is served')

    def settled(self, before, what):
        """As many descriptors as before, or fewer."""
        end = time.monotonic() + lab.PATIENCE
        while descriptors(self.pid) > before and time.monotonic() < end:
            time.sleep(0.05)
        self.checks.that(descriptors(self.pid) <= before, what + ': descriptors are back',
                         '%d, before %d' % (descriptors(self.pid), before))


def close_all(connections):
    for c in connections:
        c.close()


def shapes(ground):
    """Each ambiguous request ends its connection with one refusal at most, and what hides in it is never
    answered."""
    for name, raw, wanted in http_shapes.refused():
        got = codes(one(PLAIN, raw))
        ground.checks.that(len(got) < 2 and (got[0] if got else None) in wanted, 'shape: ' + name, got)
        ground.checks.same(codes(one(PLAIN, get(b'Connection: close'))), [200], 'shape: %s: the next one' % name)
    for name, raw, wanted in http_shapes.refused():
        got = codes(one(SECURE, raw, tls=ground.good))
        ground.checks.that(len(got) < 2 and (got[0] if got else None) in wanted, 'shape by TLS: ' + name, got)
    for name, raw, wanted in http_shapes.taken():
        c = Raw(PLAIN)
        c.say(raw)
        got = codes(c.until(len(wanted)))
        ground.checks.that(len(got) == len(wanted) and all(w in (None, g) for g, w in zip(got, wanted)),
                           'clear: ' + name, got)
        c.close()


def torn(ground):
    """The same, in two pieces, torn anywhere: what is refused does not hang on where a read ended."""
    for name, raw, wanted in list(http_shapes.refused())[::3]:
        at = len(raw) // 3
        c = Raw(PLAIN)
        c.say(raw[:at])
        time.sleep(0.002)
        c.say(raw[at:])
        got = codes(c.rest())
        ground.checks.that(len(got) < 2 and (got[0] if got else None) in wanted, 'torn: ' + name, got)
        c.close()


def drip(ground, kinds):
    """500 of each kind (what, make, bytes) that say a byte a second, all at once."""
    before, began, held = descriptors(ground.pid), time.monotonic(), []
    for what, make, raw in kinds:
        rss = resident(ground.pid)
        clients = [make() for _ in range(SLOW)]
        ground.served(what + ' are there')
        each = resident(ground.pid) - rss
        ground.checks.that(each < SLOW * (96 << 10), what + ': memory is bounded', each)
        print('%s: %d clients, %.1f KiB each' % (what, SLOW, each / 1024 / SLOW))
        held.append((what, clients, raw))
    rss, used, waited = resident(ground.pid), cpu(ground.pid), time.monotonic()
    for n in range(REQUEST_TIME - 2):
        for what, clients, raw in held:
            for c in clients:
                c.say(raw[n:n + 1])
        ground.served('slow ones, second %d' % n)
        most = resident(ground.pid) - rss
        ground.checks.that(most < 32 << 20, 'what they say in pieces does not grow', most)
        time.sleep(1)
    for what, clients, _ in held:
        for c in clients:
            try:
                ground.checks.same(codes(c.rest()), [], what + ': cut')
            except (ssl.SSLError, ConnectionError):
                ground.checks.that(True, what + ': cut')
        close_all(clients)
    end = time.monotonic()
    spent, took = cpu(ground.pid) - used, end - waited
    print('slow ones: %.2f s of processor in %.1f s, after %.1f s to connect them' % (spent, took, waited - began))
    ground.checks.that(spent < took * 0.7, 'slow ones: nothing spins', spent)
    ground.settled(before, 'slow ones')


def slow(ground):
    def plain():
        return Raw(PLAIN)

    def secure():
        return Raw(SECURE, tls=ground.good)

    def hello():
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            ground.good.wrap_bio(incoming, outgoing).do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    def halfway():
        """The whole of a ClientHello, and nothing of what follows."""
        c = Raw(SECURE)
        c.say(hello())
        return c
    # stalled handshakes last: beside them each other handshake takes some milliseconds more
    drip(ground, [
        ('slow heads by TLS', secure, get()),
        ('slow heads', plain, get()),
        ('slow bodies', plain, post(b'Content-Length: 60000')[-3:] * 9),
        ('slow ClientHellos', lambda: Raw(SECURE), hello()),
        ('stalled handshakes', halfway, b''),
    ])


def large(ground):
    before, held = descriptors(ground.pid), []
    for name, raw, wanted in (
            ('a head without end', b'GET /healthz HTTP/1.1\r\nX: ' + b'y' * 3000000, {431, 400, None}),
            ('fields without end', b'GET /healthz HTTP/1.1\r\n' + b'X: y\r\n' * 400000, {431, 400, None}),
            ('a target without end', b'GET /' + b'y' * 3000000, {431, 414, 400, None}),
            ('a method without end', b'Y' * 3000000, {431, 414, 400, None}),
            ('nothing but line ends', b'\r\n' * 300000, {431, 414, 400, None}),
            ('arguments', b'GET /healthz?' + b'a&' * 7000 + b' HTTP/1.1\r\nHost: a\r\n\r\n', {431, 414, None}),
            ('cookies', get(b'Cookie: ' + b'a=b;' * 3500), {200, 431, None}),
            ('a body said to be large', post(b'Content-Length: 999999999999') + b'x' * 500000, {413, 401, 403}),
            ('chunks without end', post(b'Transfer-Encoding: chunked') + b'ff\r\n' + b'x' * 255 + b'\r\n', {413, 401, 403}),
            ('a chunk said to be large', post(b'Transfer-Encoding: chunked') + b'ffffffffff\r\nxx', {413, 401, 403, None})):
        c = Raw(PLAIN)
        c.say(raw)
        held.append((name, c, wanted))
    for name, c, wanted in held:    # some end by a deadline only: together
        got = codes(c.rest())
        ground.checks.that((got[0] if got else None) in wanted, 'large: ' + name, got)
        c.close()
    ground.served('large')
    ground.settled(before, 'large')


def bad_tls(ground):
    before = descriptors(ground.pid)
    said = [b'\0' * 500, os.urandom(2000), get(), b'\r\n\r\n', b'\x16\x03\x01\xff\xff\x01', b'\x15\x03\x01\x00\x02\x02\x28',
            b'\x80\x2e\x01\x03\x01', b'\x16\x03\x03\x00\x04\x0e\x00\x00\x00', b'\x16\x03\x01\x00\x00' * 50,
            b'\x17\x03\x03\x00\x10' + b'x' * 16, b'\x14\x03\x03\x00\x01\x01' * 20]
    held = [Raw(SECURE) for _ in range(66)]
    for n, c in enumerate(held):
        c.say(said[n % len(said)])
    ground.served('bad TLS is there')
    for n, c in enumerate(held):
        try:
            got = c.rest()
        except OSError:
            got = []
        ground.checks.same(codes(got), [], 'no TLS: %r' % said[n % len(said)][:12])
        c.close()
    for name, how in (('another CA', context(ground.stranger)), ('1.1', context(ground.authority, version=ssl.TLSVersion.TLSv1_1)),
                      ('1.0', context(ground.authority, version=ssl.TLSVersion.TLSv1))):
        try:
            Raw(SECURE, tls=how).close()
            ground.checks.that(False, 'TLS with ' + name)
        except (ssl.SSLError, OSError):
            ground.checks.that(True, 'TLS with ' + name)
    # TLS 1.2 alone: whoever renegotiates is refused, and so is who ends in the middle of a record
    c = Raw(SECURE, tls=context(ground.authority, version=ssl.TLSVersion.TLSv1_2))
    c.say(get())
    ground.checks.same(codes(c.until(1)), [200], 'TLS 1.2')
    under = socket.socket(fileno=os.dup(c.sock.fileno()))
    under.sendall(b'\x17\x03\x03\x00\x40' + os.urandom(20))
    under.close()
    c.close()
    ground.served('bad TLS')
    ground.settled(before, 'bad TLS')


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


def gone(ground):
    """Half-open ones, resets, and many that come and go."""
    before, held = descriptors(ground.pid), []
    for raw in (b'', get()[:9], get(), get() * 200, post(b'Content-Length: 100') + b'x'):
        for _ in range(20):
            c = Raw(PLAIN)
            c.say(raw)
            reset(c.sock)
        c = Raw(PLAIN)
        c.say(raw)
        try:
            c.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has been refused and cut already
        held.append(c)
    for c in held:
        c.rest()
        c.close()
    for n in range(1000):
        sock = socket.create_connection(('127.0.0.1', SECURE if n % 4 == 0 else PLAIN), timeout=lab.PATIENCE)
        reset(sock) if n % 2 else sock.close()
    ground.served('a thousand that come and go')
    ground.settled(before, 'gone')


def floods(ground):
    """Pipelined without reading an answer: the server reads no further than it has sent."""
    before, rss = descriptors(ground.pid), resident(ground.pid)
    held = []
    for _ in range(20):
        c = Raw(PLAIN)
        c.sock.settimeout(0.1)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += c.sock.send(get() * 1000)
        except OSError:
            pass
        ground.checks.that(sent < 64 << 20, 'a flood: not read without end', sent)
        held.append(c)
    ground.served('floods')
    ground.checks.that(resident(ground.pid) - rss < 16 << 20, 'floods: memory is bounded', resident(ground.pid) - rss)
    close_all(held)
    ground.settled(before, 'floods')


def test(home, checks):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    ground = Ground(home, checks)
    before, rss = descriptors(ground.pid), resident(ground.pid)
    for part in (shapes, torn, large, bad_tls, gone, floods, slow):
        part(ground)
    ground.settled(before, 'at the end')
    print('the web process: %d descriptors, %d KiB before, %d KiB after, %.2f s of processor'
          % (descriptors(ground.pid), rss >> 10, resident(ground.pid) >> 10, cpu(ground.pid)))
    checks.same(ground.daemon.web(), [ground.pid], 'it is the same process')
    checks.same(ground.daemon.stop(), 0, 'the end')


if __name__ == '__main__':
    lab.main(test)
