"""Limits on the wire: what each kind answers, that one tenant's is not another's, and silence for
strangers.  No limit is timed: it is found by asking until it says no."""
import json
import signal
import time

import lab

KINDS = {'503': 'one', '302': 'two', 'silence': 'three'}    # limits.over -> the tenant that has it
FREE = 'four'                                               # has no limit


def write(folder, name, sign, **sections):
    tree = {'match': {'hosts': [name + '.example']}, 'tenant': {'mode': 'sign'}, 'sign': sign}
    tree.update(sections)
    (folder / (name + '.yaml')).write_text(json.dumps(tree))


def to(name):
    return 'sip:+%s@%s.example;user=phone' % (lab.DEST, name)


def hear(peer, raw):
    """The answer to a request, None when it gets none: then the fence answers first."""
    fence = peer.build('OPTIONS')
    peer.send(raw)
    peer.send(fence)
    first = peer.receive()
    if first.get('Call-ID') == lab.Message(fence).get('Call-ID'):
        return None
    peer.receive()
    return first


def kind_of(answer):
    if answer is None:
        return 'silence'
    if answer.code == 302 and answer.get('Identity'):
        return 'signed'
    if answer.code == 503 and not answer.get('Retry-After'):
        return '503 without Retry-After'
    return str(answer.code)


def until_refused(peer, name):
    """Asks until the limit says no.  @return how many were signed, the request, and its answer"""
    for count in range(10000):
        raw = peer.build(uri=to(name))
        answer = hear(peer, raw)
        if kind_of(answer) != 'signed':
            return count, raw, answer
    raise AssertionError('%s: no limit in 10000 calls' % name)


def tenants(peer, checks):
    for over, name in KINDS.items():
        count, raw, answer = until_refused(peer, name)
        checks.that(count >= 5, '%s: the burst is signed' % name, count)
        checks.same(kind_of(answer), over, '%s: over its limit' % name)
        if answer and answer.code == 302:
            checks.that(answer.get('Contact') and not answer.get('Identity'), 'the call goes on as it is', answer.raw)
        checks.same(kind_of(hear(peer, raw)), over, '%s: so is a repeat' % name)
        checks.same(kind_of(hear(peer, peer.build(uri=to(FREE)))), 'signed', 'another tenant is not over')
    # in a row: the refused ones hold nobody up
    wave = [peer.build(uri=to(name)) for name in list(KINDS.values()) * 20]
    last = peer.build(uri=to(FREE))
    for raw in wave + [last]:
        peer.send(raw)
    got = []
    while not got or got[-1].get('Call-ID') != lab.Message(last).get('Call-ID'):
        got.append(peer.receive())
    asked = [lab.Message(raw).get('Call-ID') for raw in wave]
    order = [asked.index(answer.get('Call-ID')) for answer in got[:-1]]
    checks.that(order == sorted(order), 'answers come in the order of the calls', order)
    checks.same(kind_of(got[-1]), 'signed', 'behind a wave of refused calls')
    checks.that(sum(kind_of(answer) == '503' for answer in got) >= 10, 'most of the wave was refused', [a.status for a in got])


def strangers(laboratory, server, peer, checks, settings):
    nobody = peer.build(uri=to('nobody'))
    checks.same(hear(peer, nobody), None, 'a call of no tenant: silence')
    other = server.peer(address='127.9.9.9')
    other.send(other.build())
    other.send(other.build('OPTIONS'))
    checks.same(kind_of(hear(peer, peer.build(uri=to(FREE)))), 'signed', 'the service lives')
    other.sock.setblocking(False)
    try:
        checks.that(False, 'a stranger heard something', other.receive().raw)
    except BlockingIOError:
        checks.that(True, 'a stranger hears nothing')

    settings['sip']['strangers'] = '403'
    server.write(settings)
    before = server.log.count('event=reload')
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload', 'the reload', before + 1)
    began = time.monotonic()
    answers = [kind_of(hear(peer, peer.build(uri=to('nobody')))) for _ in range(100)]
    most = 10 + 10 * (time.monotonic() - began + 1)         # so many a second, and a burst of as many
    checks.that(set(answers) <= {'403', 'silence'} and ('silence' in answers or most >= 100), 'a call of no tenant: 403, a few', set(answers))
    checks.that(10 <= answers.count('403') <= most, 'few enough to be no reflector', (answers.count('403'), most))


def sources(laboratory, checks):
    for n, over in enumerate(('503', '302', 'silence')):
        server = laboratory.redirector(5070 + n, sip_source_rate=1, sip_source_burst=20, sip_source_over=over, ready=False)
        server.wait_log('event=ready', 'ready')     # nothing is asked before: each OPTIONS would count
        peer, good = server.peer(), server.peer(address='127.0.0.7')
        kinds = []
        for _ in range(60):
            peer.send(peer.build())
        while kind_of(good.invite()) == 'signed' and len(kinds) < 10:    # has a bucket of its own, and comes behind them
            kinds.append('signed')
        checks.same(len(kinds), 10, 'source, %s: another address is served' % over)
        peer.sock.setblocking(False)
        heard = []
        try:
            while True:
                heard.append(kind_of(peer.receive()))
        except BlockingIOError:
            pass
        checks.that(heard[:15] == ['signed'] * 15, 'source, %s: the burst' % over, heard)
        checks.that(set(heard) <= {'signed', over}, 'source, %s: what the rest gets' % over, heard)
        checks.that(heard.count('signed') < 40 and (over == 'silence' or heard.count(over) >= 5),
                    'source, %s: the rest is refused' % over, heard)
        checks.that(len(heard) < 60, 'source, %s: ten times over: silence' % over, len(heard))
        checks.same(server.stop(), 0, 'exit status')


def test(laboratory, checks):
    folder = laboratory.folder / 'tenants'
    folder.mkdir()
    sign = laboratory.settings()['sign']
    for over, name in KINDS.items():
        write(folder, name, sign, limits={'rate': 1, 'burst': 5, 'over': over})
    write(folder, FREE, sign)
    settings = laboratory.settings(tenants_folder=str(folder), sip_sources=['127.0.0.0/16'])
    server = lab.Redirector(laboratory, settings)
    peer = server.peer()
    tenants(peer, checks)
    strangers(laboratory, server, peer, checks, settings)
    checks.same(server.stop(), 0, 'exit status')
    sources(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
