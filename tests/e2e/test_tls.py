"""TLS: versions, certificates of both sides, whose a call is by its client's, and a change of ours
while calls go on; Kamailio as the client.
"""
import json
import os
import signal
import ssl
import subprocess
import time

import lab
from lab import decode
from test_kamailio import kamailio, wait_sip
from tls_lab import Authority, TlsPeer, context, refused

V4, V6 = ('127.0.0.1', 5061), ('::1', 5061)
LISTEN = ['udp:127.0.0.1:5060', 'tls:127.0.0.1:5061', 'tls:[::1]:5061']
WHO = {'acme': 'https://certs.lab.example/acme.pem', 'zenith': 'https://certs.lab.example/zenith.pem'}


def until(what, function):
    end = time.monotonic() + lab.PATIENCE
    while not function():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def put(path, source):
    """Replaces it whole, as a renewal does."""
    beside = path.with_suffix('.new')
    beside.write_bytes(source.read_bytes())
    os.chmod(beside, source.stat().st_mode & 0o777)
    beside.replace(path)


def settings(laboratory, pki, **tls):
    """A daemon with two tenants that are told apart by their clients' names."""
    folder = laboratory.folder / 'tenants'
    folder.mkdir(exist_ok=True)
    for name, x5u in WHO.items():
        key = laboratory.pki
        (folder / (name + '.yaml')).write_text(json.dumps({
            'match': {'tls-names': ['sbc.%s.example' % name]},
            'sign': {'key': str(key / 'sp.key'), 'certificate': str(key / 'sp.pem'), 'x5u': x5u, 'attest': 'A'}}))
    tree = laboratory.settings(tenants_folder=str(folder))
    for key in 'key', 'certificate', 'x5u':
        del tree['sign'][key]
    tree['sip']['listen'] = LISTEN
    tree['sip']['sources'] = ['127.0.0.0/8', '::1/128']
    tree['sip'].update({'queue-age': '30s', 'overload-age': '29s'})     # a slow machine is not what is tested
    tree['service'] = {'workers': 2}
    tree['tls'] = dict({'certificate': str(pki.folder / 'ours.pem'), 'key': str(pki.folder / 'ours.key')}, **tls)
    return tree


def reload(server, tree=None):
    before = server.log.count('event=reload result=')
    if tree:
        server.write(tree)
    server.send_signal(signal.SIGHUP)
    until('a reload', lambda: server.log.count('event=reload result=') > before)
    return server.log


def signer(answer):
    """Whose key signed: the name of the tenant; None: nobody's."""
    value = answer.get('Identity')
    return value and next((n for n, x5u in WHO.items() if x5u == decode(value)[0]['x5u']), 'a stranger')


def whose(peer):
    """Who signs a call of this client; '': nobody, it is not even answered."""
    peer.send(peer.build() + peer.build('OPTIONS'))
    first = peer.receive()
    if first.get('CSeq').endswith('OPTIONS'):
        return ''
    checked = peer.receive().get('CSeq')
    return signer(first) or 'nobody, but it is answered; then ' + checked


def s_client(*words, say='OPTIONS'):
    """openssl s_client.  @return All that it prints."""
    run = subprocess.run(['openssl', 's_client', '-connect', '127.0.0.1:5061', *[str(w) for w in words]],
                         input=say.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=lab.PATIENCE)
    return run.stdout.decode(errors='replace')


def test_versions(checks, pki):
    plain = context(pki)
    for server, what in (V4, 'IPv4'), (V6, 'IPv6'):
        peer = TlsPeer(server, plain)
        checks.same(peer.options(), 200, what + ': answered')
        checks.same(peer.sock.version(), 'TLSv1.3', what + ': the best version')
        checks.same(peer.sock.compression(), None, what + ': no compression')
        checks.that(not peer.sock.session_reused, what + ': a new session')
        peer.close()
    for version, good in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True),
                          (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1, False)):
        why = refused(V4, context(pki, version=version))
        checks.that((why is None) == good, 'version %s' % version, why)
    text = s_client('-CAfile', pki.pem, '-verify_return_error', '-ign_eof', '-no_ign_eof')
    checks.that('Verification: OK' in text, 's_client takes our chain', text[-1500:])
    text = s_client('-CAfile', pki.pem, '-tls1_2', '-reconnect')
    checks.that('Reused' not in text and text.count('New, ') >= 3, 'nothing is resumed', text[-1500:])
    text = s_client('-tls1_2', '-cipher', 'AES128-SHA:ECDHE-ECDSA-AES128-SHA@SECLEVEL=0')
    checks.that('handshake failure' in text, 'old ciphers are refused', text[-1500:])
    text = s_client('-tls1_2', say='R\n')
    checks.that('no renegotiation' in text or 'renegotiation' in text.split('RENEGOTIATING')[-1], 'no renegotiation', text[-800:])


def test_calls(checks, pki):
    peer = TlsPeer(V4, context(pki, (pki.folder / 'acme.pem', pki.folder / 'acme.key')))
    calls = [peer.build() for _ in range(100)]
    peer.send(b''.join(calls))
    answers = [peer.receive() for _ in calls]
    checks.same([a.code for a in answers], [302] * 100, 'a hundred in a row')
    checks.same([a.get('Call-ID') for a in answers], [lab.Message(c).get('Call-ID') for c in calls], 'in order')
    checks.that(all(signer(a) == 'acme' for a in answers), 'each one signed')
    raw = peer.build()
    for at in range(len(raw)):
        peer.send(raw[at:at + 1])
    checks.same(peer.receive().code, 302, 'a record for each byte')
    peer.send(b'\r\n\r\n')
    peer.more()
    checks.same(peer.buffer, b'\r\n', 'a keep-alive is answered')
    peer.close()


def test_tenants(checks, server, tree, pki):
    """Who is asked for what, and whose the call is."""
    rows = [        # client, tls.clients: any, asked, required; None: refused, '': not signed
        (None, ('', '', None)),
        ('acme', ('', 'acme', 'acme')),
        ('zenith-uri', ('', 'zenith', 'zenith')),
        ('upper', ('', 'acme', 'acme')),
        ('by-cn', ('', 'acme', 'acme')),
        ('cn-beside', ('', '', '')),
        ('both', ('', '', '')),
        ('more', ('', 'acme', 'acme')),
        ('unknown', ('', '', '')),
        ('wildcard', ('', '', '')),
        ('ended', ('', None, None)),
        ('for-servers', ('', None, None)),
        ('stranger', ('', None, None)),
    ]
    for column, clients in enumerate(('any', 'asked', 'required')):
        tree['tls']['clients'] = clients
        reload(server, tree)
        for name, wants in rows:
            want, what = wants[column], '%s, clients: %s' % (name, clients)
            pair = name and (pki.folder / (name + '.pem'), pki.folder / (name + '.key'))
            if want is None:
                checks.that(refused(V4, context(pki, pair)), what + ': is refused')
                continue
            peer = TlsPeer(V4, context(pki, pair))
            checks.same(whose(peer), want, what)
            peer.close()
    udp = server.peer()
    checks.same(udp.silence(udp.build()), [], 'by UDP it is nobody\'s')
    udp.close()


def test_renewal(checks, server, pki):
    pair = (pki.folder / 'acme.pem', pki.folder / 'acme.key')
    how = context(pki, pair)
    old, ours = TlsPeer(V4, how), pki.folder / 'ours.pem'
    serial = old.serial
    saved = [(f, f.read_bytes()) for f in (ours, pki.folder / 'ours.key')]
    for name in 'renewed.key', 'renewed.pem':
        put(pki.folder / name.replace('renewed', 'ours'), pki.folder / name)
    calls = [old.build() for _ in range(50)]
    for raw in calls[:25]:
        old.send(raw)
    reload(server)
    for raw in calls[25:]:
        old.send(raw)
    checks.same([old.receive().code for _ in calls], [302] * 50, 'no call of the old connection is lost')
    fresh = TlsPeer(V4, how)
    checks.that(fresh.serial != serial and old.serial == serial, 'a new connection sees the new one')

    ending = server.log.count('event=expiry tls=yes')
    for end in 'key', 'pem':
        put(pki.folder / ('ours.' + end), pki.folder / ('soon.' + end))
    reload(server)
    server.wait_log('event=expiry tls=yes', 'one that ends soon', ending + 1)
    checks.same(server.log.count('event=expiry tls=yes'), ending + 1, 'one that ends soon is told of')
    for end in 'key', 'pem':
        put(pki.folder / ('ours.' + end), pki.folder / ('renewed.' + end))
    reload(server)
    checks.same(server.log.count('event=expiry tls=yes'), ending + 1, 'and no more when it is replaced')

    # what is no good is said, and changes nothing
    bad = [('mismatch', 'ours.key', saved[1][1], 0o600, 'tls.key: is not the key of the first certificate'),
           ('mode', 'ours.key', (pki.folder / 'renewed.key').read_bytes(), 0o644, 'group or others may touch a secret'),
           ('rubbish', 'ours.pem', b'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 0o644,
            'tls.certificate: '),
           ('gone', 'ours.pem', None, 0, 'No such file')]
    for what, name, text, mode, says in bad:
        path = pki.folder / name
        before = (path.read_bytes(), path.stat().st_mode & 0o777)
        if text is None:
            path.unlink()
        else:
            path.write_bytes(text)
            os.chmod(path, mode)
        told = server.log.count(says)
        reload(server)
        server.wait_log(says, what, told + 1)
        checks.that(server.log.count(says) > told, what + ': the log says why', says)
        peer = TlsPeer(V4, how)
        checks.same((peer.serial, whose(peer)), (fresh.serial, 'acme'), what + ': the one in use stays')
        peer.close()
        path.write_bytes(before[0])
        os.chmod(path, before[1])
    checks.same((old.options(), fresh.options()), (200, 200), 'both connections are still there')
    for path, text in saved:
        path.write_bytes(text)
    reload(server)
    old.close()
    fresh.close()


def test_death(checks, server, pki):
    """A worker that comes when the files are no good serves by UDP; TLS waits for a reload that finds them."""
    path, kept = pki.folder / 'ours.key', pki.folder / 'ours.key.kept'
    how = context(pki, (pki.folder / 'acme.pem', pki.folder / 'acme.key'))
    path.rename(kept)
    victims = server.workers()
    for n, victim in enumerate(victims):
        os.kill(victim, signal.SIGKILL)
        server.wait_log('result=ready index=', 'a worker in its place', n + 1)
    until('two others', lambda: len(set(server.workers()) - set(victims)) == 2)
    server.wait_log('event=tls msg="tls.key: ', 'why there is no TLS', 2)
    checks.same(server.log.count('event=tls msg="tls.key: '), 2, 'each says why it has no TLS')
    udp = server.peer()
    checks.same([udp.ask(udp.build('OPTIONS')).code for _ in range(20)], [200] * 20, 'served by UDP')
    checks.that(refused(V4, how), 'TLS is refused')
    reload(server)
    checks.that(refused(V4, how), 'and after a reload that does not find them')
    kept.rename(path)
    reload(server)
    for _ in range(10):
        peer = TlsPeer(V4, how)
        checks.same((peer.options(), whose(peer)), (200, 'acme'), 'after one that does TLS is back')
        peer.close()
    udp.close()


def test_check(laboratory, checks, tree, pki):
    """--check reads the files, too."""
    rows = [
        ('good', {}, 0, ''),
        ('another key', {'key': 'acme.key'}, 1, 'tls.key: is not the key of the first certificate'),
        ('no file', {'certificate': 'none.pem'}, 1, 'No such file'),
        ('ended', {'certificate': 'ended.pem', 'key': 'ended.key'}, 1, 'tls.certificate: the certificate has ended'),
        ('soon', {'certificate': 'soon.pem', 'key': 'soon.key'}, 0, 'event=expiry tls=yes'),
        ('no roots', {'client-ca': 'acme.key', 'clients': 'asked'}, 1, 'tls.client-ca: has no certificate'),
    ]
    config = laboratory.folder / 'check.yaml'
    for what, change, status, says in rows:
        copy = dict(tree, tls=dict(tree['tls'], clients='any'))
        copy['tls'].update({k: v if k == 'clients' else str(pki.folder / v) for k, v in change.items()})
        config.write_text(json.dumps(copy))
        run = subprocess.run([lab.DAEMON, '-c', config, '--check'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = run.stdout.decode()
        checks.that(run.returncode == status and says in text, '--check: ' + what, (run.returncode, text))


def test_kamailio(laboratory, checks, server, pki):
    """The name in its certificate picks the tenant."""
    for n, who in enumerate(WHO):
        here = ('127.0.0.%d' % (10 + n), 15060)
        config = laboratory.folder / ('tls-%s.cfg' % who)
        config.write_text('[server:default]\nmethod = TLSv1.2+\ncertificate = {0}/{1}.pem\nprivate_key = {0}/{1}.key\n'
                          '[client:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n'
                          'certificate = {0}/{1}.pem\nprivate_key = {0}/{1}.key\nca_list = {0}/ca.pem\n'
                          .format(pki.folder, 'acme' if who == 'acme' else 'zenith-uri'))
        proxy = kamailio(laboratory, lab.SOURCE / 'tests' / 'e2e' / 'tls.cfg', 'proxy-' + who,
                         LISTEN='udp:%s:%d' % here, LISTEN_TLS='tls:%s:15061' % here[0],
                         TLS_CONFIG='"%s"' % config, REDIRECTOR='"sip:127.0.0.1:5061;transport=tls"')
        wait_sip(here)
        caller = lab.Peer(here)
        for _ in range(3):
            answer = caller.invite()
            while answer.code < 200:
                answer = caller.receive()
            checks.same((answer.code, signer(answer)), (302, who), 'Kamailio of %s: signed by its key' % who)
        caller.close()
        checks.same(proxy.stop(), 0, 'Kamailio of %s ends' % who)


def certificates(laboratory):
    pki, other = Authority(laboratory.folder / 'tls'), Authority(laboratory.folder / 'tls-other', 'other')
    pki.issue('ours', 'DNS:redirector.lab.example', 'IP:127.0.0.1')
    pki.issue('renewed', 'DNS:redirector.lab.example', 'IP:127.0.0.1')
    pki.issue('soon', 'DNS:redirector.lab.example', days=5)
    pki.issue('acme', 'DNS:sbc.acme.example', usage='clientAuth')
    pki.issue('zenith-uri', 'URI:sip:sbc.zenith.example:5061', usage='serverAuth,clientAuth')
    pki.issue('upper', 'DNS:SBC.Acme.Example')
    pki.issue('by-cn', cn='sbc.acme.example')
    pki.issue('cn-beside', 'DNS:a.example', cn='sbc.acme.example')
    pki.issue('both', 'DNS:sbc.acme.example', 'DNS:sbc.zenith.example')
    pki.issue('more', 'DNS:a.example', 'email:a@b.example', 'URI:sip:sbc.acme.example')
    pki.issue('unknown', 'DNS:sbc.nowhere.example')
    pki.issue('wildcard', 'DNS:*.acme.example')
    pki.issue('ended', 'DNS:sbc.acme.example', days=5, when='-10 days')
    pki.issue('for-servers', 'DNS:sbc.acme.example', usage='serverAuth')
    for path in other.issue('stranger', 'DNS:sbc.acme.example'):
        put(pki.folder / path.name, path)
    return pki


def test(laboratory, checks):
    pki = certificates(laboratory)
    tree = settings(laboratory, pki, **{'client-ca': str(pki.pem), 'clients': 'asked'})
    server = lab.Redirector(laboratory, tree, 'redirector')
    test_versions(checks, pki)
    test_calls(checks, pki)
    test_tenants(checks, server, tree, pki)
    tree['tls']['clients'] = 'required'
    reload(server, tree)
    test_renewal(checks, server, pki)
    test_kamailio(laboratory, checks, server, pki)
    test_death(checks, server, pki)
    test_check(laboratory, checks, tree, pki)
    checks.same(server.stop(), 0, 'the redirector ends')


if __name__ == '__main__':
    lab.main(test)
