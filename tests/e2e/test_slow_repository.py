"""A repository that never answers costs nobody else anything.

Some calls wait for it while 10,000 others are answered: shown by order alone,
all the others' answers arrive before the first answer of a call that waits.
"""
import collections
import socket

import lab
from lab import Token, decode, tokens

OTHERS, WAITING, WINDOW = 5000, 20, 100


def ask_all(peer, raws, seen):
    """Send all, at most WINDOW unanswered; every answer goes to `seen` in its order."""
    sent = 0
    while sent < len(raws) or seen.open:
        while sent < len(raws) and len(seen.open) < WINDOW:
            raw = raws[sent]
            sent += 1
            seen.open.add(lab.Message(raw).get('Call-ID'))
            peer.send(raw)
        seen.take(peer.receive())


class Seen:
    def __init__(self):
        self.open, self.order, self.answers = set(), [], {}

    def take(self, answer):
        call = answer.get('Call-ID')
        self.open.discard(call)
        self.order.append(call)
        self.answers[call] = answer


def test(laboratory, checks):
    silent = socket.create_server(('127.0.0.9', 443), backlog=WAITING + 8)
    urls = ['https://silent%d.lab.example/sp.pem' % i for i in range(WAITING)]
    names = {url.split('/')[2] + ':443': '127.0.0.9' for url in urls}
    server = laboratory.redirector(certs_lab=True, certs_resolve=names, certs_wait='30s', certs_timeout='60s',
                                   sip_deadline='30s', records_calls=False)
    peer = server.peer()
    numbers = [('1215%07d' % i, '1404%07d' % (9999999 - i)) for i in range(OTHERS)]
    values = tokens(laboratory.pki, numbers)
    raws = []
    for i, ((orig, dest), value) in enumerate(zip(numbers, values)):
        raws.append(peer.build(call='sign-%d' % i, orig=orig, dest=dest))
        raws.append(peer.build(call='verify-%d' % i, orig=orig, dest=dest, identity=value))
    waiting = []
    for i, url in enumerate(urls):
        token = Token(laboratory.pki)
        token.header['x5u'] = url
        token.params[0] = 'info=<%s>' % url
        waiting.append('waiting-%d' % i)
        peer.send(peer.build(call=waiting[-1], identity=str(token)))
    connection, _ = silent.accept()             # it is being asked
    seen = Seen()
    ask_all(peer, raws, seen)

    checks.same(len(seen.order), 2 * OTHERS, 'all the others are answered, each once')
    checks.same([c for c in seen.order if c.startswith('waiting')], [], 'before the first that waits')
    kinds = collections.Counter()
    for i, (orig, dest) in enumerate(numbers):
        signed = seen.answers['sign-%d' % i].get('Identity')
        payload = decode(signed)[1] if signed else {}
        kinds['signed'] += payload.get('orig') == {'tn': orig} and payload.get('dest') == {'tn': [dest]}
        kinds['passed'] += seen.answers['verify-%d' % i].verstat == 'TN-Validation-Passed'
    checks.same(kinds, {'signed': OTHERS, 'passed': OTHERS}, 'and rightly so')

    # the repository goes away: its calls are answered now
    connection.close()
    silent.close()
    late = {}
    while len(late) < WAITING:
        answer = peer.receive()
        late[answer.get('Call-ID')] = answer
    checks.same(sorted(late), sorted(waiting), 'those that wait are answered in the end')
    checks.same({(a.code, a.verstat) for a in late.values()}, {(302, 'No-TN-Validation')}, 'without a Passed')


if __name__ == '__main__':
    lab.main(test)
