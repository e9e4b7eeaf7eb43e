"""Attacks on a TLS listener: those of attacks.py within TLS, and those on TLS itself."""
import os
import resource
import socket
import ssl
import time

import attacks
import lab
from tls_lab import Authority, context


def hello(ground):
    """The first bytes of a client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ground.transport.context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def each(ground, name, count, text):
    """Says that without TLS, and no more; the server must close it."""
    for n in range(count):
        attacks.say(ground.hold(spoken=False), text(n))
        if n % 20 == 0:
            ground.calls()
    ground.checks.same(ground.until_closed(ground.sockets), count, name + ': closed by the server')


def stalled(ground, name):
    each(ground, name, 80, lambda n: b'')


def half_hello(ground, name):
    raw = hello(ground)
    each(ground, name, 80, lambda n: raw[:1 + n * 7 % (len(raw) - 1)])


def no_finish(ground, name):
    """A whole ClientHello; what the server says to it is not answered."""
    raw = hello(ground)
    each(ground, name, 80, lambda n: raw)


def no_tls(ground, name):
    said = [b'\0' * 500, ground.good.build('OPTIONS'), os.urandom(2000), b'GET / HTTP/1.0\r\n\r\n', b'\r\n\r\n',
            b'\x16\x03\x01\xff\xff\x01', b'\x15\x03\x01\x00\x02\x02\x28', b'\x80\x2e\x01\x03\x01']
    each(ground, name, 80, lambda n: said[n % len(said)])


def hello_drip(ground, name):
    """A ClientHello byte by byte puts no deadline off."""
    raw, socks = hello(ground), [ground.hold(spoken=False) for _ in range(20)]
    for n in range(40):
        for sock in socks:
            attacks.say(sock, raw[n:n + 1])
        ground.calls()
        time.sleep(0.1)
    ground.checks.same(ground.until_closed(socks), len(socks), name + ': closed by the server')


def resets_in_handshake(ground, name):
    raw = hello(ground)
    for n in range(300):
        sock = ground.transport.plain()
        attacks.say(sock, raw[:n * 5 % len(raw)] if n % 3 else raw)
        attacks.reset(sock)
        if n % 20 == 0:
            ground.calls()


def broken_record(ground, name):
    """Good so far, then a record that nobody has encrypted."""
    for n in range(50):
        sock = ground.hold()
        os.write(sock.fileno(), b'\x17\x03\x03\x00\x20' + os.urandom(32))
        if n % 20 == 0:
            ground.calls()
    ground.checks.same(ground.until_closed(ground.sockets), 50, name + ': closed by the server')


def no_good_bye(ground, name):
    """Ends in the middle of a message without a word of TLS."""
    for n in range(100):
        sock = ground.transport.dial()
        attacks.say(sock, ground.good.build()[:100])
        socket.socket(fileno=sock.detach()).close()
        if n % 20 == 0:
            ground.calls()


def asks_and_goes(ground, name):
    """Nobody is there to read the answers."""
    for n in range(100):
        sock = ground.transport.dial()
        attacks.say(sock, ground.good.build() * 20)
        socket.socket(fileno=sock.detach()).close()
        if n % 20 == 0:
            ground.calls()


def no_descriptors(ground, name):
    """The process may open but a few more: who is there stays, others come in when it can."""
    limits = resource.prlimit(ground.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(ground.pid, resource.RLIMIT_NOFILE, (ground.before + 12, limits[1]))
    for _ in range(90):
        ground.hold(spoken=False)
    for _ in range(10):
        ground.calls()
    full = ground.counts().get('full', 0)
    ground.checks.that(full > 0, name + ': counted', full)
    for sock in ground.sockets:
        sock.close()
    resource.prlimit(ground.pid, resource.RLIMIT_NOFILE, limits)
    end, answer = time.monotonic() + attacks.BACK, None
    while not answer and time.monotonic() < end:    # who was turned away comes again
        try:
            client = attacks.Client(ground.transport)
            answer = client.ask(client.build('OPTIONS'))
            client.close()
        except OSError:
            time.sleep(0.1)
    ground.checks.that(answer and answer.code == 200, name + ': let in when others are gone')


# a place that is freed by this deadline is taken anew: no flood must take as long
SETTINGS = dict(attacks.SETTINGS, tls_handshake='8s')

ON_TLS = [stalled, half_hello, no_finish, no_tls, hello_drip, resets_in_handshake, broken_record, no_good_bye,
          asks_and_goes, no_descriptors]


def test(laboratory, checks):
    pki = Authority(laboratory.folder / 'tls')
    pem, key = pki.issue('ours', 'DNS:localhost')
    server = laboratory.redirector(sip_listen=['udp:127.0.0.1:5060', 'tls:127.0.0.1:5061', 'tls:[::1]:5061'],
                                   tls_certificate=str(pem), tls_key=str(key), **SETTINGS)
    for host, what in ('127.0.0.1', attacks.ATTACKS + ON_TLS), ('::1', ON_TLS):
        ground = attacks.Ground(server, attacks.Transport('TLS', host, 5061, context(pki)), checks)
        ground.run(what)
        checks.same(server.workers(), [ground.pid], 'nobody died')
        checks.same(ground.counts()['open'], 1, 'one connection is left')
        ground.close()
    checks.that(ground.counts()['handshakes'] > 400, 'counted: handshakes', ground.counts())
    checks.same(server.stop(), 0, 'the redirector ends')


if __name__ == '__main__':
    lab.main(test)
