"""Lists that are fetched: the policy administrator's list of authorities, and revocation lists.

Every redirector starts with a good list; then all pages change at once, and each looks again
after trust.refresh, a minute.  What each shows is one row: what it was given, what its log must
say of it, and what a call gets then.
"""
import datetime
import json
import signal
import socket
import subprocess
import time

import lab
from lab import Token
from test_fetch import settings
from test_store import check_unasked, wait_kept
from web import Web

PASSED, FAILED = 'TN-Validation-Passed', 'TN-Validation-Failed'
DAY = 86400
LONG = 150              # seconds for a second look, which comes after 60


class Administrator:
    """Signs lists: the authority is other-root.pem, the signer a certificate below it."""

    def __init__(self, pki):
        self.pki = pki
        self.chain = (pki / 'untrusted.pem').read_bytes()
        self.root = (pki / 'root.pem').read_text()

    def sign(self, sequence, anchors=None, key='untrusted', spoil='none', ends=DAY):
        header = {'alg': 'ES256', 'typ': 'JWT', 'x5u': lab.X5U_BASE + 'signer.pem'}
        payload = {'version': 1, 'sequence': sequence, 'exp': int(time.time()) + ends, 'trustList': anchors or [self.root]}
        run = subprocess.run([lab.FORGE, self.pki / (key + '.key'), spoil], check=True, stdout=subprocess.PIPE,
                             input=('%s\t%s\n' % (json.dumps(header), json.dumps(payload))).encode())
        return run.stdout.strip()

    def strangers(self, folder):
        """An authority that issued nothing."""
        path = folder / 'stranger.pem'
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-subj', '/CN=Stranger',
                '-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', folder / 'stranger.key', '-out', path)
        return path.read_text()


def openssl(*words, cwd=None):
    run = subprocess.run(['openssl', *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd)
    if run.returncode:
        raise RuntimeError('openssl %s: %s' % (words[0], run.stderr.decode()))
    return run.stdout


class Revoker:
    """Revocation lists of an issuer of the laboratory, made with the openssl command."""

    def __init__(self, pki, folder):
        self.pki, self.folder = pki, folder
        folder.mkdir()
        (folder / 'ca.cnf').write_text('[ca]\ndefault_ca=a\n[a]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n'
                                       'crl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n')

    def sign(self, number, revoked=(), issuer='intermediate', age=60):
        stamp = datetime.datetime.now(datetime.timezone.utc)
        lines = ''
        for leaf in revoked:
            serial = openssl('x509', '-in', self.pki / (leaf + '.pem'), '-noout', '-serial').decode().strip().partition('=')[2]
            lines += 'R\t351231000000Z\t260101000000Z\t%s\tunknown\t/CN=%s\n' % (serial, leaf)
        (self.folder / 'index').write_text(lines)
        (self.folder / 'number').write_text('%04X\n' % number)
        first, last = (stamp - datetime.timedelta(seconds=age)), (stamp + datetime.timedelta(days=1))
        openssl('ca', '-config', 'ca.cnf', '-gencrl', '-cert', self.pki / (issuer + '.pem'), '-keyfile', self.pki / (issuer + '.key'),
                '-crl_lastupdate', first.strftime('%Y%m%d%H%M%SZ'), '-crl_nextupdate', last.strftime('%Y%m%d%H%M%SZ'),
                '-out', 'list.pem', cwd=self.folder)
        return (self.folder / 'list.pem').read_bytes()

    @staticmethod
    def forged(text):
        """The last byte of the signature turned."""
        der = subprocess.run(['openssl', 'crl', '-outform', 'DER'], input=text, check=True, stdout=subprocess.PIPE).stdout
        return der[:-1] + bytes([der[-1] ^ 1])


class Bench:
    def __init__(self, laboratory, checks):
        self.lab, self.checks, self.pki = laboratory, checks, laboratory.pki
        self.web, self.admin = Web(laboratory.pki), Administrator(laboratory.pki)
        self.revoker = Revoker(laboratory.pki, laboratory.folder / 'revoker')
        self.web.pages['/sp.pem'] = (self.pki / 'sp.pem').read_bytes()
        self.web.pages['/signer.pem'] = self.admin.chain
        self.port = 5060

    def start(self, name, **more):
        how = settings(self.lab, certs_timeout='60s', log_records='stderr', trust_refresh='60s', trust_crls=[],
                       verify_certificates={lab.X5U_BASE + 'sp.pem': str(self.pki / 'sp.pem')})
        how.update(more)
        self.port += 1
        return self.lab.redirector(self.port, name=name, **how)

    def with_ca_list(self, name, page, **more):
        return self.start(name, trust_anchors=[], trust_ca_list_url=lab.X5U_BASE + page, trust_administrator=[str(self.pki / 'other-root.pem')], **more)

    def with_crl(self, name, page, **more):
        return self.start(name, trust_crl_urls=[lab.X5U_BASE + page], trust_crl_signers=[str(self.pki / 'intermediate.pem')], **more)

    def call(self, server, name='sp'):
        token, peer = Token(self.pki), server.peer()
        token.header['x5u'] = '%s%s.pem' % (lab.X5U_BASE, name)
        token.params[0] = 'info=<%s>' % token.header['x5u']
        answer = peer.invite(identity=str(token))
        peer.close()
        return answer.status if answer.code >= 400 else answer.verstat


def lines(server, event):
    return [line for line in server.log.splitlines() if 'event=%s ' % event in line]


def wait_line(server, event, words, count=1):
    """Until a line of the log about this event has the words."""
    end = time.monotonic() + LONG
    while sum(words in line for line in lines(server, event)) < count:
        if time.monotonic() > end or server.proc.poll() is not None:
            raise TimeoutError('no %s with %r in the log:\n%s' % (event, words, server.log[-4000:]))
        time.sleep(0.05)


def rows(bench):
    """name, kind of list, first page, second page, what the log says of it (None: either), what a call gets
    at first and then.  Who signed the list of an intermediate is known with a chain only: forged, it counts as none."""
    admin, revoker, stranger = bench.admin, bench.revoker, bench.admin.strangers(bench.lab.folder)
    good, empty = admin.sign(5), revoker.sign(2)
    by_root = {'issuer': 'root', 'age': 30}
    revoked_by_root = revoker.sign(2, ['intermediate'], issuer='root')
    return [
        ('ca-newer', 'ca-list', good, admin.sign(6, [stranger]), 'result=ok sequence=6', PASSED, FAILED),
        ('ca-both', 'ca-list', good, admin.sign(6, [stranger, admin.root]), 'result=ok sequence=6', PASSED, PASSED),
        ('ca-wrapped', 'ca-list', good, b'{"status":"success","caList":"%s"}' % admin.sign(7), 'result=ok sequence=7', PASSED, PASSED),
        ('ca-forged', 'ca-list', good, admin.sign(6, [stranger], spoil='bit'), 'result=refused', PASSED, PASSED),
        ('ca-stranger', 'ca-list', good, admin.sign(6, [stranger], key='sp'), 'result=refused', PASSED, PASSED),
        ('ca-lower', 'ca-list', good, admin.sign(4, [stranger]), 'result=refused', PASSED, PASSED),
        ('ca-ended', 'ca-list', good, admin.sign(6, [stranger], ends=-10), 'result=refused', PASSED, PASSED),
        ('ca-empty', 'ca-list', good, b'', 'result=refused', PASSED, PASSED),
        ('ca-html', 'ca-list', good, b'<html>no list</html>', 'result=refused', PASSED, PASSED),
        ('ca-404', 'ca-list', good, 404, 'result=failed', PASSED, PASSED),
        ('crl-newer', 'crl', empty, revoker.sign(3, ['sp'], age=30), 'result=ok', PASSED, FAILED),
        ('crl-other', 'crl', empty, revoker.sign(3, ['expired'], age=30), 'result=ok', PASSED, PASSED),
        ('crl-lifted', 'crl', revoker.sign(2, ['sp']), revoker.sign(3, age=30), 'result=ok', FAILED, PASSED),
        ('crl-root', 'crl', revoked_by_root, revoker.sign(3, **by_root), 'result=ok', FAILED, PASSED),
        ('crl-forged', 'crl', revoked_by_root, revoker.forged(revoker.sign(3, **by_root)), 'result=refused', FAILED, FAILED),
        ('crl-forgery', 'crl', revoker.sign(2, issuer='root'), revoker.forged(revoker.sign(3, ['intermediate'], **by_root)),
         'result=refused', PASSED, PASSED),
        ('crl-below-forged', 'crl', revoker.sign(2, ['sp']), revoker.forged(revoker.sign(3, age=30)), 'result=refused', FAILED, FAILED),
        ('crl-stranger', 'crl', revoker.sign(2, ['sp']), revoker.sign(3, issuer='other-root', age=30), 'result=refused', FAILED, FAILED),
        ('crl-swapped', 'crl', revoker.sign(2, ['sp']), revoker.sign(3, issuer='root', age=30), 'result=refused', FAILED, FAILED),
        ('crl-older', 'crl', empty, revoker.sign(1, ['sp'], age=3600), 'result=refused', PASSED, PASSED),
        ('crl-html', 'crl', empty, b'<html>no list</html>', 'result=refused', PASSED, PASSED),
        ('crl-404', 'crl', empty, 404, 'result=failed', PASSED, PASSED),
    ]


def test_second_look(bench):
    table, servers = rows(bench), {}
    same = bench.checks.same
    for name, kind, first, *_ in table:
        bench.web.pages['/' + name] = first
        servers[name] = bench.with_ca_list(name, name) if kind == 'ca-list' else bench.with_crl(name, name)
    reject = bench.with_crl('reject', 'crl-newer', verify_on_failure='reject')
    for name, kind, _, _, _, before, _ in table:
        wait_line(servers[name], kind, 'result=ok')
        same(bench.call(servers[name]), before, name + ': at first')
    wait_line(reject, 'crl', 'result=ok')
    same(bench.call(reject), PASSED, 'reject: at first')
    bench.checks.that(bench.web.asked('/signer.pem') > 0, 'the signer of the lists is fetched')

    for name, _, _, second, *_ in table:
        bench.web.pages['/' + name] = second
    for name, kind, _, _, said, _, then in table:
        wait_line(servers[name], kind, said or 'result=', 2 if said in (None, 'result=ok') else 1)
        same(bench.call(servers[name]), then, name + ': then')
        if said in ('result=refused', 'result=failed'):
            line = next(line for line in lines(servers[name], kind) if said in line)
            bench.checks.that('level=warning' in line and 'the one in use stays' in line, name + ': the log says what stays', line)
    wait_line(reject, 'crl', 'result=ok', 2)
    same(bench.call(reject), '437 Unsupported Credential', 'reject: then')

    # a reload of the same configuration loses no list, good or refused
    for name in 'ca-newer', 'ca-forged', 'crl-newer', 'crl-forged':
        servers[name].send_signal(signal.SIGHUP)
        servers[name].wait_log('event=reload', 'reload')
        same(bench.call(servers[name]), {row[0]: row[6] for row in table}[name], name + ': after a reload')
    for server in [*servers.values(), reject]:
        server.stop()


def test_first_look(bench):
    """Nothing good to start with: files count, and nobody is trusted on the word of a bad list."""
    admin, same = bench.admin, bench.checks.same
    for name, page in [('first-forged', admin.sign(1, spoil='bit')), ('first-stranger', admin.sign(1, key='sp')), ('first-404', 404)]:
        bench.web.pages['/' + name] = page
        server = bench.with_ca_list(name, name)
        wait_line(server, 'ca-list', 'result=failed' if page == 404 else 'result=refused')
        same(bench.call(server), FAILED, name + ': nobody is trusted')
        same(server.stop(), 0, name + ': exit status')
    # a list of the file, and one below it from the network
    path = bench.lab.folder / 'ca-list.jws'
    path.write_bytes(admin.sign(9))
    bench.web.pages['/below'] = admin.sign(8, [admin.strangers(bench.lab.folder)])
    server = bench.with_ca_list('below', 'below', trust_ca_list=str(path), trust_ca_list_certificate=str(bench.pki / 'untrusted.pem'))
    wait_line(server, 'ca-list', 'result=refused')
    same(bench.call(server), PASSED, 'a list of the file, a lower one of the network')


def test_reload_back(bench):
    """A list of before, put in the file's place: the reload is refused, and who was taken off stays off."""
    admin, same = bench.admin, bench.checks.same
    path = bench.lab.folder / 'reloaded.jws'
    path.write_bytes(admin.sign(9, [admin.strangers(bench.lab.folder)]))
    server = bench.start('reloaded', trust_anchors=[], trust_ca_list=str(path), trust_ca_list_certificate=str(bench.pki / 'untrusted.pem'),
                         trust_administrator=[str(bench.pki / 'other-root.pem')])
    same(bench.call(server), FAILED, 'reloaded: our root was taken off')
    for n, (sequence, result, verstat) in enumerate([(4, 'failed', FAILED), (9, 'ok', PASSED), (8, 'failed', PASSED)]):
        path.write_bytes(admin.sign(sequence))
        server.send_signal(signal.SIGHUP)
        server.wait_log('event=reload', 'reload', n + 1)
        line = lines(server, 'reload')[n]
        bench.checks.that('result=' + result in line, 'reloaded: sequence %d' % sequence, line)
        bench.checks.that(result == 'ok' or 'sequence is lower' in server.log, 'reloaded: says why', server.log)
        same(bench.call(server), verstat, 'reloaded: sequence %d' % sequence)
    same(server.stop(), 0, 'reloaded: exit status')


def test_stored(bench):
    """Lists outlive a restart: with the repository gone, list and certificate come from the store."""
    how = {'certs_store': str(bench.lab.folder / 'store'), 'verify_certificates': {}}
    bench.web.pages['/stored'] = bench.admin.sign(3)
    server = bench.with_ca_list('stored', 'stored', **how)
    wait_line(server, 'ca-list', 'result=ok')
    bench.checks.same(bench.call(server), PASSED, 'stored: fetched')
    wait_kept(server, 3)        # the list, its signer's certificate and the call's
    bench.checks.same(server.stop(), 0, 'stored: exit status')
    bench.web.stop()
    mute = socket.create_server(('127.0.0.9', 443))     # if the store's 50 ms are missed its copy still comes first
    server = bench.with_ca_list('stored-again', 'stored', certs_timeout='5s', **how)
    wait_line(server, 'ca-list', 'result=ok')
    bench.checks.same(bench.call(server), PASSED, 'stored: after a restart without a repository')
    check_unasked(bench.checks, mute, server, 'stored: nobody is asked')


def test(laboratory, checks):
    bench = Bench(laboratory, checks)
    test_first_look(bench)
    test_reload_back(bench)
    test_second_look(bench)
    test_stored(bench)


if __name__ == '__main__':
    lab.main(test)
