"""Many calls of every kind, each answer looked at; what test_soak.py and bench/soak share."""
import collections
import itertools
import json
import os
import re
import signal
import socket
import time

import lab

WINDOW = 64
SPARE = 30                   # seconds after which Identity values are signed anew: good for 60
DEAD = 8443                  # port of the repository that never speaks
GROWTH_MAX = 0.01
ASAN = 'detect_leaks=1:abort_on_error=1:allocator_may_return_null=1'

CALL_ID = re.compile(rb'\r\nCall-ID: ([^\r]+)\r\n')

# status, what must be in the answer, what must not
Want = collections.namedtuple('Want', 'status has lacks')
SIGNED = Want(b'302', b'\r\nIdentity: ', b'verstat=')
PASSED = Want(b'302', b';verstat=TN-Validation-Passed', b'\r\nIdentity: ')
FAILED = Want(b'302', b';verstat=TN-Validation-Failed', b'TN-Validation-Passed')
NO = Want(b'302', b';verstat=No-TN-Validation', b'TN-Validation-Passed')
PLAIN = Want(b'302', b'\r\nContact: ', b'\r\nIdentity: ')


def is_sanitizer_build(build=lab.BUILD):
    options = json.loads((build / 'meson-info' / 'intro-buildoptions.json').read_text())
    return any(o['name'] == 'b_sanitize' and 'address' in o['value'] for o in options)


class Kinds:
    """Makes the calls.  Each method yields bytes for one call-id at a time."""

    def __init__(self, pki):
        self.pki, self.born = pki, 0.0
        self.table = {
            'sign': (5060, SIGNED, lambda i: {}),
            'verify passed': (5061, PASSED, lambda i: {'identity': self.good[i % len(self.good)]}),
            'verify bad signature': (5061, FAILED, lambda i: {'identity': self.bad}),
            'verify stale': (5061, NO, lambda i: {'identity': self.stale}),
            'unsigned anonymous': (5060, PLAIN, lambda i: {'replace': {
                'From': 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=f%d' % i}}),
            'no identity': (5061, NO, lambda i: {}),
            'options': (5060, Want(b'200', b'\r\nAllow: ', b'\r\nIdentity: '),
                        lambda i: {'method': 'OPTIONS'}),
            'another method': (5060, Want(b'405', b'\r\nAllow: ', b'\r\nIdentity: '),
                               lambda i: {'method': 'PUBLISH'}),
            'malformed': (5060, Want(b'400', b'', b'\r\nIdentity: '),
                          lambda i: {'extra': ['From: <sip:second@x.example>;tag=2']}),
            'dead repository': (5061, NO, lambda i: {'identity': self.dead[i % len(self.dead)]}),
        }

    def refresh(self):
        """Sign again before a minute is over."""
        if time.monotonic() - self.born < SPARE:
            return
        self.born = time.monotonic()
        self.good = lab.tokens(self.pki, [(lab.ORIG, lab.DEST)] * 50)
        token = lab.Token(self.pki)
        token.spoil = 'bit'
        self.bad = str(token)
        self.stale = str(lab.Token(self.pki, iat=int(time.time()) - 3600))
        self.dead = [self.elsewhere(n) for n in range(100)]

    def elsewhere(self, n):
        token = lab.Token(self.pki)
        token.header['x5u'] = 'https://dead%d.example:%d/%d.pem' % (n % 20, DEAD, n)
        token.params[0] = 'info=<%s>' % token.header['x5u']
        return str(token)

    def calls(self, kind, count, peers):
        """@return An iterator of (peer, call-id, bytes, want)"""
        port, want, make = self.table[kind]
        peer = peers[port]
        for i in range(count):
            if i % 500 == 0:
                self.refresh()
            how = make(i)
            call = '%s-%d-%d' % (kind.replace(' ', '-'), i, time.monotonic_ns())
            yield peer, call, peer.build(how.pop('method', 'INVITE'), call=call, **how), want


def fault(data, want):
    """@return None or what is wrong with an answer"""
    if not data.startswith(b'SIP/2.0 ' + want.status + b' '):
        return 'another status than %s' % want.status.decode()
    if want.has not in data:
        return 'no %r' % want.has
    if want.lacks in data:
        return 'has %r' % want.lacks
    return None


def take(peer, open_calls, checks):
    data = peer.sock.recv(65535)
    found = CALL_ID.search(data)
    call = found and found[1].decode()
    want = open_calls.pop(call, None)
    if not checks.that(want is not None, 'an answer that nobody waits for', data):
        return
    wrong = fault(data, want)
    checks.that(not wrong, call, '%s: %s' % (wrong, data))


def drive(calls, checks):
    """Closed window: all calls, each answered once and right."""
    open_calls = {}
    for peer, call, raw, want in calls:
        open_calls[call] = want
        peer.send(raw)
        if len(open_calls) >= WINDOW:
            take(peer, open_calls, checks)
        last = peer
    while open_calls:
        take(last, open_calls, checks)


class Bench:
    """Two redirectors, one that signs and one that verifies, and a repository that is dead."""

    def __init__(self, laboratory):
        self.kinds = Kinds(laboratory.pki)
        self.repository = socket.create_server(('127.0.0.1', DEAD), backlog=4096)
        dead = {'dead%d.example:%d' % (n, DEAD): '127.0.0.1' for n in range(20)}
        os.environ.setdefault('ASAN_OPTIONS', ASAN)
        self.servers = {
            5060: laboratory.redirector(5060, log_target=str(laboratory.folder / 'calls-5060')),
            5061: laboratory.redirector(
                5061, tenant_mode='verify', certs_lab=True, certs_resolve=dead,
                log_target=str(laboratory.folder / 'calls-5061'),
                verify_certificates={lab.X5U_BASE + 'sp.pem': str(laboratory.pki / 'sp.pem')})}
        self.peers = {port: server.peer() for port, server in self.servers.items()}

    def each_kind(self, count, dead, checks):
        """`count` calls of each kind, `dead` of those that wait for nothing."""
        for kind in self.kinds.table:
            before = checks.failed
            n = dead if kind == 'dead repository' else count
            drive(self.kinds.calls(kind, n, self.peers), checks)
            print('%6d %-22s %s' % (n, kind, 'wrong: %d' % (checks.failed - before)
                                    if checks.failed > before else 'ok'), flush=True)

    def mixed(self, count, checks):
        """`count` calls, all kinds in turn but the one that waits."""
        kinds = [k for k in self.kinds.table if k != 'dead repository']
        for kind in itertools.islice(itertools.cycle(kinds), max(1, count // 500)):
            drive(self.kinds.calls(kind, 500, self.peers), checks)

    def rss(self):
        """KiB of both servers together."""
        return sum(int(re.search(r'VmRSS:\s+(\d+)', open('/proc/%d/status' % s.workers()[0]).read())[1])
                   for s in self.servers.values())

    def growth(self, first, last, checks):
        self.mixed(first, checks)
        before = self.rss()
        self.mixed(last - first, checks)
        after = self.rss()
        print('VmRSS of both: %d KiB after %d calls, %d KiB after %d: %+.2f %%' % (
            before, first, after, last, 100 * (after - before) / before), flush=True)
        checks.that(after <= before * (1 + GROWTH_MAX), 'memory does not grow',
                    '%d -> %d KiB' % (before, after))

    def stop(self, checks):
        for port, server in self.servers.items():
            self.peers[port].close()
            checks.same(server.stop(signal.SIGTERM), 0, 'exit status of %d' % port)
            checks.that('Sanitizer' not in server.log, 'no sanitizer spoke', server.log[-8000:])
        self.repository.close()
