"""sign.check-x5u: is the certificate where the signatures will say it is?"""
import json
import signal
import time

import lab
import web
from lab import decode

BASE = 'https://certs.lab.example/'


def put(laboratory, name, path, check, **more):
    """A tenant of its own host whose certificate should be at BASE + path."""
    pki = laboratory.pki
    tree = {'match': {'hosts': [name + '.example']},
            'sign': {'key': str(pki / 'sp.key'), 'certificate': str(pki / 'sp.pem'), 'x5u': BASE + path, 'attest': 'A', 'check-x5u': check}, **more}
    beside = laboratory.folder / 'tenants' / ('.' + name)
    beside.write_text(json.dumps(tree))
    beside.replace(laboratory.folder / 'tenants' / (name + '.yaml'))


def found(server, name):
    """What was found of a tenant's certificate, in order."""
    return [line.partition('result=')[2].split(' ')[0] for line in server.log.split('\n')
            if 'event=x5u tenant=%s ' % name in line]


def until(what, function):
    end = time.monotonic() + lab.PATIENCE
    while not function():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def signed(peer, name):
    answer = peer.invite(uri='sip:+%s@%s.example' % (lab.DEST, name))
    return answer.code == 302 and bool(answer.get('Identity'))


def reload(server):
    before = server.log.count('event=reload result=')
    server.send_signal(signal.SIGHUP)
    until('a reload', lambda: server.log.count('event=reload result=ok') > before)


def settings(laboratory, **more):
    pki = laboratory.pki
    tree = laboratory.settings(certs_lab=True, certs_timeout='15s', certs_resolve={'certs.lab.example:443': '127.0.0.9'}, certs_tls_ca=str(pki / 'tls-ca.pem'),
                               tenants_folder=str(laboratory.folder / 'tenants'), **more)
    for key in 'key', 'certificate', 'x5u':
        del tree['sign'][key]
    return tree


def every_process(laboratory, checks):
    """Each has keys of its own: none of them signs with what is refused."""
    for file in (laboratory.folder / 'tenants').iterdir():
        file.unlink()
    pages = web.Web(laboratory.pki)
    pages.pages.update({'/right.pem': (laboratory.pki / 'sp.pem').read_bytes(),
                        '/wrong.pem': (laboratory.pki / 'expired.pem').read_bytes(),
                        '/warned.pem': (laboratory.pki / 'expired.pem').read_bytes()})
    client = {'one': {'sources': ['127.0.0.1']}}
    put(laboratory, 'wrong', 'wrong.pem', 'refuse', clients=client)
    put(laboratory, 'warned', 'warned.pem', 'warn')     # not the same: who looks at both at once asks once
    put(laboratory, 'right', 'right.pem', 'refuse')
    server = lab.Redirector(laboratory, settings(laboratory, service_workers=3, http_listen=['http:127.0.0.1:8080']), 'three')
    server.wait_workers(3, web=1)
    peers = [server.peer() for _ in range(24)]

    def by_http():
        body = '%s,%s,A,123e4567-e89b-12d3-a456-426655440000,%swrong.pem' % (lab.ORIG, lab.DEST, BASE)
        return lab.http_request(8080, 'POST', '/v1/sign-csv', body=body).status

    def signing(name):
        return sum(signed(peer, name) for peer in peers)
    until('all know', lambda: signing('wrong') == 0)
    until('HTTP knows', lambda: by_http() == 400)
    for _ in range(3):
        checks.same(signing('wrong'), 0, 'no worker signs with what is refused')
    checks.same((signing('right'), signing('warned')), (24, 24), 'all sign with what is right, or not to be refused')
    until('all is told', lambda: all(found(server, name) for name in ('wrong', 'warned', 'right')))
    checks.same([found(server, name) for name in ('wrong', 'warned', 'right')], [['differs'], ['differs'], ['same']], 'told once')
    checks.same([pages.requests.count(path) for path in ('/wrong.pem', '/warned.pem')], [4, 1],
                'to refuse each process looks, to warn one is enough')
    for file in ('wrong', 'right'):
        put(laboratory, file, 'right.pem', 'refuse', **({'clients': client} if file == 'wrong' else {}))
    reload(server)
    until('all know that it is mended', lambda: signing('wrong') == 24)
    for peer in peers:
        peer.close()
    checks.same(server.stop(), 0, 'exit status')
    pages.stop()


def test(laboratory, checks):
    pki = laboratory.pki
    (laboratory.folder / 'tenants').mkdir()
    pages = web.Web(pki)
    pages.pages.update({'/right.pem': (pki / 'sp.pem').read_bytes(), '/wrong.pem': (pki / 'expired.pem').read_bytes(),
                        '/page.pem': b'<html>no certificate</html>'})
    # path, sign.check-x5u: what is found, and does it sign?
    rows = {
        'right': ('right.pem', 'refuse', 'same', True), 'right-warn': ('right.pem', 'warn', 'same', True),
        'wrong': ('wrong.pem', 'refuse', 'differs', False), 'wrong-warn': ('wrong.pem', 'warn', 'differs', True),
        'page': ('page.pem', 'refuse', 'differs', False), 'page-warn': ('page.pem', 'warn', 'differs', True),
        'gone': ('gone.pem', 'refuse', 'unknown', True), 'unasked': ('wrong.pem', 'no', None, True),
    }
    for name, (path, check, _, _) in rows.items():
        put(laboratory, name, path, check)
    for n in range(20):
        put(laboratory, 'many-%d' % n, 'right.pem', 'refuse')
    server = lab.Redirector(laboratory, settings(laboratory))
    peer = server.peer()
    for name, (_, _, want, signs) in rows.items():
        if want:
            until('a look at ' + name, lambda n=name: found(server, n))
        checks.same(found(server, name), [want] if want else [], name)
        checks.same(signed(peer, name), signs, name + ': signs')
    until('a look at all', lambda: all(found(server, 'many-%d' % n) for n in range(20)))
    checks.same([found(server, 'many-%d' % n) for n in range(20)], [['same']] * 20, 'many at one host')
    checks.that('level=error event=x5u tenant=wrong ' in server.log and 'level=warning event=x5u tenant=wrong-warn ' in server.log,
                'an error where it does not sign, else a warning')

    asked = len(pages.requests)
    reload(server)
    checks.same(len(pages.requests), asked, 'who went through a reload unchanged is not looked at again')
    checks.same(signed(peer, 'wrong'), False, 'and stays refused')
    pages.pages['/mended.pem'] = (pki / 'sp.pem').read_bytes()
    put(laboratory, 'wrong', 'mended.pem', 'refuse')
    reload(server)
    until('another look', lambda: len(found(server, 'wrong')) == 2)
    checks.same(found(server, 'wrong'), ['differs', 'same'], 'mended')
    answer = peer.invite(uri='sip:+%s@wrong.example' % lab.DEST)
    checks.same(decode(answer.get('Identity'))[0]['x5u'], BASE + 'mended.pem', 'signs again')
    checks.same(pages.requests[asked:], ['/mended.pem'], 'and nobody else was looked at again')

    pages.stop()
    put(laboratory, 'right', 'elsewhere.pem', 'refuse')
    reload(server)
    until('a look at nobody', lambda: len(found(server, 'right')) == 2)
    checks.same(found(server, 'right'), ['same', 'unknown'], 'nobody answers')
    checks.same(signed(peer, 'right'), True, 'which is no proof: it signs on')
    checks.same(server.stop(), 0, 'exit status')
    every_process(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
