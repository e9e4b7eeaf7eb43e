#!/usr/bin/env python3
"""A verdict stands on the number that was proven and on no other, and nothing that a
stranger adds to a request turns a "no" into something else.
"""
import socket
import time

import lab
from lab import Token, X5U_BASE
from test_wire_failures import FAILED, INVALID, NO, PASSED, Bench, move, spoiled, spoil

STRANGER = '19005550666'
ATIS, MAN, SLOW = 5070, 5071, 5072


def asserted(answer):
    return answer.get('P-Asserted-Identity') or ''


def test_proven_number(bench):
    """The P-Asserted-Identity that says Passed names the caller of the token."""
    pki, check = bench.lab.pki, bench.checks
    bench.servers[MAN] = bench.lab.redirector(MAN, tenant_mode='verify', log_format='json',
                                              tenant_profile='man')
    bench.peers[MAN] = bench.servers[MAN].peer()
    good = 'P-Asserted-Identity: <tel:+%s>' % lab.ORIG
    bad = 'P-Asserted-Identity: "Your Bank" <sip:+%s@bank.example;user=phone>' % STRANGER
    rows = [
        ('the second of two', ATIS, [bad, good], None, 'tel:+%s;verstat=%s' % (lab.ORIG, PASSED)),
        ('joined by a comma', ATIS, [bad + ', <tel:+%s>' % lab.ORIG], None, 'tel:+%s;verstat=%s' % (lab.ORIG, PASSED)),
        ('an address that is no number', ATIS, ['P-Asserted-Identity: <sip:bank@bank.example>'], None,
         'sip:+%s;verstat=%s@' % (lab.ORIG, PASSED)),
        ('From, where From counts', MAN, [bad], time.time(), 'sip:+%s;verstat=%s@' % (lab.ORIG, PASSED)),
    ]
    for what, port, extra, date, want in rows:
        answer, got = bench.ask(port, identity=str(Token(pki)), extra=extra, date=date)
        check.same((got, answer.code), ('SK_OK', 302), what)
        check.that(want in asserted(answer), what + ': the number that was proven', asserted(answer))
        check.that(STRANGER not in asserted(answer) and 'bank' not in asserted(answer).lower(),
                   what + ': no other', asserted(answer))
    # nothing proven: then nothing says Passed, whatever the caller wrote
    fake = 'P-Asserted-Identity: "x;verstat=%s" <sip:+%s;%%76erstat=%s@a.example>' % (PASSED, STRANGER, PASSED)
    answer, _ = bench.ask(ATIS, extra=[fake])
    check.that(PASSED not in answer.raw.decode(), 'a verstat of the caller does not come back', answer.raw.decode())


def test_beside(bench):
    """A slow certificate delays the others' verdict by the deadline and changes it in nothing."""
    pki, check = bench.lab.pki, bench.checks
    mute = socket.create_server(('127.0.0.9', 443), backlog=64)     # accepts, says nothing
    bench.servers[SLOW] = bench.lab.redirector(
        SLOW, tenant_mode='verify', log_format='json', certs_lab=True, verify_on_failure='reject',
        certs_resolve={'slow.lab.example:443': '127.0.0.9'}, certs_per_host=1, certs_queue=2)
    bench.peers[SLOW] = bench.servers[SLOW].peer()

    def slow(n):
        return spoiled(pki, move('https://slow.lab.example/%s.pem' % n))
    good, forged = str(Token(pki)), spoiled(pki, spoil('bit'))
    for what, values in (('slow, good', [slow('a'), good]), ('good, slow', [good, slow('b')])):
        answer, got = bench.ask(SLOW, identity=values)
        check.same((answer.code, answer.verstat, got), (302, PASSED, 'SK_OK'), what)
    for what, values in (('slow, forged', [slow('c'), forged]), ('forged, slow', [forged, slow('d')])):
        answer, got = bench.ask(SLOW, identity=values)
        check.same((answer.status, got), (INVALID, 'SK_BAD_SIGNATURE'), what)
    # its host's share of the queue full: still the host's fault, and no way around the refusal
    peer = bench.peers[SLOW]
    for n in range(8):
        peer.send(peer.build(call='fill-%d' % n, identity=slow('fill-%d' % n)))
    peer.send(peer.build(call='last', identity=[forged, slow('last')]))
    answers = {}
    while 'last' not in answers:
        answer = peer.receive()
        answers[answer.get('Call-ID')] = answer
    check.same(answers['last'].status, INVALID, 'forged, and a host whose queue is full')
    mute.close()


def test_repeat(bench):
    """A repeated branch stretches no freshness."""
    pki, check = bench.lab.pki, bench.checks
    peer = bench.peers[ATIS]
    how = {'call': 'again', 'branch': 'z9hG4bK-again'}
    first = peer.build(identity='junk', **how)
    peer.ask(first)
    old = Token(pki, iat=int(time.time()) - 62)
    replaced = first.replace(b'Identity: junk', b'Identity: ' + str(old).encode())
    answer = peer.ask(replaced)
    check.same((answer.verstat, answer.all('Reason')), (NO, ['STIR;cause=403;text="Stale Date"']), 'a stale token under a known branch')
    check.that(FAILED not in answer.raw.decode() and PASSED not in answer.raw.decode(), 'no verdict at all')


def test_record(bench):
    """Outcome and claims of a record are of the same token."""
    pki, check = bench.lab.pki, bench.checks
    forged, elsewhere = spoiled(pki, spoil('bit')), str(Token(pki, dest='14045559999'))
    for what, values in (('forged first', [forged, elsewhere]), ('forged last', [elsewhere, forged])):
        answer, got = bench.ask(ATIS, identity=values)
        check.same(got, 'SK_BAD_SIGNATURE', what)
        line = [x for x in bench.servers[ATIS].log.splitlines() if '"id":"%s"' % answer.get('Call-ID') in x][0]
        check.that('"dest":"%s"' % lab.DEST in line and '14045559999' not in line, what + ': its own claims', line)


def test(laboratory, checks):
    bench = Bench(laboratory, checks)
    bench.servers[ATIS] = laboratory.redirector(ATIS, tenant_mode='verify', log_format='json')
    bench.peers[ATIS] = bench.servers[ATIS].peer()
    for part in test_proven_number, test_beside, test_repeat, test_record:
        part(bench)


if __name__ == '__main__':
    lab.main(test)
