"""Addresses that never repeat and never answer: a stranger names hundreds a second, each a fetch that lasts until its timeout.

Hosts that have answered before keep half of all places, so certificates that are new still come from them.
"""
import socket
import subprocess
import threading
import time

import lab
from lab import Token
from test_fetch import settings
from web import Web

PASSED = 'TN-Validation-Passed'
NAMES = 1200
ASKED_EVERY = 100       # names between two calls that matter


def mute():
    """Takes every connection to this machine's port 8443, and says nothing."""
    door, kept = socket.socket(), []
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(('0.0.0.0', 8443))
    door.listen(1024)

    def take():
        while True:
            kept.append(door.accept()[0])

    threading.Thread(target=take, daemon=True).start()
    return kept


def flood(pki):
    """One Identity value for each name, signed all at once."""
    tokens = []
    for i in range(NAMES):
        url = 'https://127.1.%d.%d:8443/c.pem' % (i // 250, i % 250 + 1)
        token = Token(pki, iat=int(time.time()) + 10)
        token.header['x5u'], token.params[0] = url, 'info=<%s>' % url
        tokens.append(token)
    run = subprocess.run([lab.FORGE, pki / 'sp.key'], check=True, stdout=subprocess.PIPE,
                         input=''.join(t.lines() for t in tokens).encode())
    return [';'.join([text] + token.params) for token, text in zip(tokens, run.stdout.decode().split())]


def at(pki, url):
    token = Token(pki)
    token.header['x5u'], token.params[0] = url, 'info=<%s>' % url
    return str(token)


def test(laboratory, checks):
    kept, repository = mute(), Web(laboratory.pki)
    leaf = (laboratory.pki / 'sp.pem').read_bytes()
    names = ['n%d.pem' % i for i in range(NAMES // ASKED_EVERY)]
    for name in ['first.pem', *names]:
        repository.pages['/' + name] = leaf
    values = flood(laboratory.pki)
    how = settings(laboratory, certs_wait='12s', sip_deadline='12s', certs_timeout='60s')
    service = laboratory.redirector(5060, **how)
    attacker, peer = service.peer(), service.peer()
    checks.same(peer.invite(identity=at(laboratory.pki, lab.X5U_BASE + 'first.pem')).verstat, PASSED, 'before')
    got = []
    for i, value in enumerate(values):
        attacker.send(attacker.build(identity=value))
        time.sleep(0.003)
        if i % ASKED_EVERY == ASKED_EVERY - 1:
            got.append(peer.invite(identity=at(laboratory.pki, lab.X5U_BASE + names[i // ASKED_EVERY])).verstat)
    checks.same(got, [PASSED] * len(names), 'new certificates of a known host, under the flood')
    checks.that(len(kept) >= 32, 'the flood had its half of the places: %d' % len(kept))
    repository.stop()


if __name__ == '__main__':
    lab.main(test)
