"""More than the service can do, on the wire: what waited too long is dropped, calls that are too
many are turned away as configured, some never are, and it ends.  A worker that is stopped makes
the queue; nothing is timed: what was sent before is old, what was sent behind it is not."""
import collections
import re
import signal
import time

import lab

CALLS = 1200            # signing them takes longer than sip.overload-age by far
OC = ';oc;oc-algo="loss,A"'


def worker(server):
    workers = server.workers()
    assert len(workers) == 1, workers
    return workers[0]


class Stopped:
    """Its worker stands still; what is sent meanwhile lies in the kernel."""

    def __init__(self, server):
        self.pid = worker(server)

    def __enter__(self):
        lab.os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        lab.os.kill(self.pid, signal.SIGCONT)


def counters(server):
    """Of the whole service, now; what is not written is 0."""
    seen = server.log.count('event=counters')
    server.send_signal(signal.SIGUSR1)
    server.wait_log('event=counters', 'counters', seen + 1)
    line = [l for l in server.log.splitlines() if 'event=counters' in l][-1]
    return collections.Counter({k: int(v) for k, v in re.findall(r'(\w+)=(\d+)', line)})


def call_id(raw):
    return lab.Message(raw).get('Call-ID')


def kind_of(answer):
    if answer.code == 302:
        return 'signed' if answer.get('Identity') else '302'
    return str(answer.code)


def gather(peer, fence):
    """All answers by Call-ID until that of the fence."""
    got = {}
    while fence not in got:
        answer = peer.receive()
        got[answer.get('Call-ID')] = answer
    return got


def stale(laboratory, checks):
    """What waited for longer than sip.queue-age is dropped unread, what came behind it is not."""
    server = laboratory.redirector(5061, sip_queue_age='6s', tenant_mode='sign', service_watchdog='60s', ready=False)
    server.wait_log('event=ready', 'ready')     # nothing is asked before: it would be counted
    peer = server.peer()
    first = [peer.build() for _ in range(40)] + [peer.build('OPTIONS')]
    late = [peer.build() for _ in range(20)]
    fence = peer.build('OPTIONS')
    before = counters(server)
    with Stopped(server):
        for raw in first:
            peer.send(raw)
        time.sleep(6.3)
        for raw in late + [fence]:
            peer.send(raw)
    got = gather(peer, call_id(fence))
    checks.same([call_id(r) for r in first if call_id(r) in got], [], 'nothing that was too old is answered')
    checks.same([kind_of(got[call_id(r)]) for r in late if call_id(r) in got], ['signed'] * len(late),
                'all that came later is')
    after = counters(server)
    checks.same(after['stale'] - before['stale'], len(first), 'counted')
    checks.same(after['overload'], 0, 'a queue that is short is served')
    checks.same(after['datagrams'] - before['datagrams'], len(first) + len(late) + 1, 'all came')
    server.stop()


def full(laboratory, checks, how, port):
    server = laboratory.redirector(port, sip_queue_age='30s', sip_overload_age='5ms', sip_overload=how,
                                   tenant_mode='sign', ready=False)
    server.wait_log('event=ready', 'ready')     # nothing is asked before: two that waited are too much already
    peer = server.peer()
    calls = [peer.build() for _ in range(CALLS)]
    police = peer.build(uri='urn:service:sos')
    dialog = peer.build(replace={'To': 'To: <sip:+%s@x.example>;tag=1' % lab.DEST})
    other = peer.build('REGISTER')
    fence = peer.build('OPTIONS', call='fence-' + how)
    before = counters(server)
    server.wait_log('event=lists', 'that round is over')
    began = time.monotonic()
    with Stopped(server):
        for raw in calls + [police, dialog, other, fence]:
            peer.send(raw)
        time.sleep(0.05)
    got = gather(peer, 'fence-' + how)
    took = time.monotonic() - began
    kinds = [kind_of(got[call_id(raw)]) if call_id(raw) in got else 'silence' for raw in calls]
    signed = kinds.count('signed')
    checks.that(0 < signed < CALLS, how + ': some are served, some are too many', signed)
    checks.same(kinds[0], 'signed', how + ': the first is')
    checks.that(set(kinds) <= {'signed', how, 'silence'}, how + ': as configured', set(kinds))
    checks.that(how == 'silence' or kinds.count(how) > 0, how + ': some are told', kinds.count(how))
    for answer in got.values():
        if answer.code == 503:
            checks.that(answer.get('Retry-After') in list('12345'), 'Retry-After', answer.raw)
            checks.that(not answer.get('Identity'), 'a 503 has no Identity', answer.raw)
    checks.same(kind_of(got[call_id(police)]), 'signed', how + ': an emergency is served')
    checks.same(kind_of(got[call_id(dialog)]), '302', how + ': inside a dialog as ever')
    checks.that(call_id(other) not in got, how + ': another method gets nothing')
    checks.same(got['fence-' + how].code, 200, how + ': OPTIONS is answered')

    after = counters(server)
    server.wait_log('event=lists', 'what the worker said before', 2)
    begins = server.log.count('event=overload state=begin')
    checks.same(after['overload'] - before['overload'], CALLS - signed + 1, how + ': counted')
    checks.same(after['shed'] - before['shed'], kinds.count('silence') + 1, how + ': and those without an answer')
    checks.same(after['stale'], before['stale'], how + ': none was stale')
    server.wait_log('event=overload state=end', 'its end', begins)
    told = re.findall(r'state=end ms=\d+ turned_away=(\d+) unanswered=(\d+) stale=0', server.log)
    # it begins anew for a worker that got no processor for a second in the midst of it
    checks.that(len(told) == begins == server.log.count('event=overload') - len(told) and 1 <= begins <= 1 + int(took),
                how + ': one line when it begins, one when it ends', (begins, len(told), took))
    checks.same((sum(int(t[0]) for t in told), sum(int(t[1]) for t in told)),
                (CALLS - signed + 1, kinds.count('silence') + 1), how + ': its counts')
    checks.same(kind_of(peer.invite()), 'signed', how + ': served again')
    again = next(raw for raw, kind in zip(calls, kinds) if kind != 'signed')
    checks.same(kind_of(peer.ask(again)), 'signed', how + ': so is one that was turned away')
    checks.that('Passed' not in server.log, how + ': nothing passed')
    server.stop()


def told(laboratory, checks):
    """RFC 7339: who asks in its Via is told, on UDP, whatever the answer."""
    server = laboratory.redirector(5065, tenant_mode='sign')
    peer = server.peer()
    last = 0.0
    for method in ['INVITE', 'OPTIONS', 'INVITE', 'REGISTER']:
        raw = peer.build(method)
        asks = raw.replace(b';rport\r\n', (';rport' + OC + '\r\n').encode(), 1)
        answer = peer.ask(asks)
        via = re.fullmatch(r'(.*);oc=0;oc-algo="loss";oc-validity=0;oc-seq=(\d+\.\d{5})', answer.get('Via'))
        checks.that(via, method + ': nothing is to be held back', answer.get('Via'))
        checks.that(via and ';branch=' in via[1] and ';received=' in via[1] and 'oc' not in via[1].split(';branch')[0],
                    method + ': the rest of its Via is there', answer.get('Via'))
        checks.that(via and float(via[2]) > last, method + ': each answer is later than those before')
        last = float(via[2]) if via else last
        checks.that('oc' not in peer.ask(peer.build(method)).get('Via'), method + ': who does not ask is not told')
    server.stop()


def shared(laboratory, checks):
    """A rate is one for all workers, and a copy is seen whichever of them it comes to."""
    server = laboratory.redirector(5066, service_workers=2, tenant_mode='sign', sip_source_rate=2, sip_source_burst=60,
                                   sip_source_over='302', ready=False)
    server.wait_log('event=ready', 'ready')     # nothing is asked before: that would count, and too many get no answer
    peer = server.peer()
    began = time.monotonic()
    kinds = [kind_of(peer.invite()) for _ in range(75)]
    most = 60 + 2 * (time.monotonic() - began + 1)
    checks.same(len(server.workers()), 2, 'two workers, over which calls are spread (test_workers.py)')
    checks.that(50 <= kinds.count('signed') <= most and ('302' in kinds or most > 75), 'a rate: one burst for both',
                kinds.count('signed'))
    server.stop()

    server = laboratory.redirector(5067, service_workers=2, tenant_mode='verify', verify_replay='refuse')
    peer = server.peer()
    value = str(lab.Token(laboratory.pki))
    first = peer.build(identity=value)
    checks.same(peer.ask(first).verstat, 'TN-Validation-Passed', 'a token: the first call')
    copies = [peer.ask(peer.build(identity=value)).verstat for _ in range(40)]
    checks.same(set(copies), {'TN-Validation-Failed'}, 'a token: every copy, wherever it came')
    checks.same(peer.ask(first).verstat, 'TN-Validation-Passed', 'a token: the first call again')
    server.stop()


def test(laboratory, checks):
    stale(laboratory, checks)
    for port, how in enumerate(['503', '302', 'silence'], 5062):
        full(laboratory, checks, how, port)
    told(laboratory, checks)
    shared(laboratory, checks)


lab.main(test)
