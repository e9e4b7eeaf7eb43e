"""Certificates fetched from a real TLS server, and from ones that are none."""
import socket
import time

import lab
from lab import Token

NGINX = '''
daemon off;
worker_processes 1;
error_log %(dir)s/nginx-error.log;
pid %(dir)s/nginx.pid;
events { worker_connections 64; }
http {
    access_log %(dir)s/access.log;
    client_body_temp_path %(dir)s/tmp; proxy_temp_path %(dir)s/tmp; fastcgi_temp_path %(dir)s/tmp;
    uwsgi_temp_path %(dir)s/tmp; scgi_temp_path %(dir)s/tmp;
    default_type application/pem-certificate-chain;
    ssl_certificate_key %(pki)s/tls.key;
    server {
        listen 127.0.0.9:443 ssl;
        listen 127.0.0.9:80;
        ssl_certificate %(pki)s/tls.pem;
        root %(dir)s/www;
        location /moved.pem { return 301 https://certs.lab.example/sp.pem; }
        location /broken.pem { return 500; }
        location /none.pem { return 204; }
        location /html.pem { return 200 "<html>no certificate</html>"; }
        location /empty.pem { return 200 ""; }
        location /large.pem { alias %(dir)s/www/large; }
        location /slow.pem { limit_rate 1; alias %(dir)s/www/sp.pem; }
    }
    server {
        listen 127.0.0.10:443 ssl;
        ssl_certificate %(pki)s/tls-other.pem;
        ssl_certificate_key %(pki)s/tls-other.key;
        root %(dir)s/www;
    }
}
'''

NO, FAILED, PASSED = 'No-TN-Validation', 'TN-Validation-Failed', 'TN-Validation-Passed'
BAD_INFO = ['STIR;cause=436;text="Bad Identity Info"']


class Repository:
    """nginx in the namespace; its log counts what was asked for."""

    def __init__(self, laboratory):
        self.folder, self.fences = laboratory.folder / 'nginx', 0
        www = self.folder / 'www'
        www.mkdir(parents=True)
        (self.folder / 'tmp').mkdir()
        self.folder.chmod(0o755)
        laboratory.folder.chmod(0o755)          # nginx's worker is another user
        for leaf in laboratory.pki.leaves():
            (www / (leaf + '.pem')).write_bytes((laboratory.pki / (leaf + '.pem')).read_bytes())
        (www / 'large').write_bytes((laboratory.pki / 'sp.pem').read_bytes() * 200)
        config = self.folder / 'nginx.conf'
        config.write_text(NGINX % {'dir': self.folder, 'pki': laboratory.pki.folder})
        self.process = laboratory.start(['nginx', '-p', self.folder, '-c', config], 'nginx')
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.9', 443), 0.1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError('nginx does not listen:\n' + self.process.log)

    def asked(self, path):
        """nginx writes what it was asked for behind its answer: a request of our own is the last in the log."""
        log = self.folder / 'access.log'
        self.fences += 1
        fence = '/fence-%d' % self.fences
        lab.http_request(80, path=fence, host='127.0.0.9')
        end = time.monotonic() + lab.PATIENCE
        while not (log.exists() and 'GET %s ' % fence in log.read_text()) and time.monotonic() < end:
            time.sleep(0.01)
        return log.read_text().count('GET /%s ' % path) if log.exists() else 0


def at(pki, url, leaf='sp'):
    """A good token of `leaf` whose certificate is at another address."""
    token = Token(pki, leaf)
    token.header['x5u'] = url
    token.params[0] = 'info=<%s>' % url
    return str(token)


def settings(laboratory, **more):
    names = {'certs.lab.example:443': '127.0.0.9', 'wrong.lab.example:443': '127.0.0.10',
             'dead.lab.example:443': '127.0.0.11', 'mute.lab.example:443': '127.0.0.12',
             'plain.lab.example:443': '127.0.0.13'}
    how = {'tenant_mode': 'verify', 'certs_lab': True, 'certs_resolve': names, 'certs_tls_ca': str(laboratory.pki / 'tls-ca.pem'),
           'certs_wait': '10s', 'sip_deadline': '10s', 'certs_timeout': '5s', 'verify_certificates': {}}
    how.update(more)
    return how


def test_good(laboratory, checks, repository):
    peer = laboratory.redirector(5060, **settings(laboratory, certs_timeout='60s')).peer()
    good = lab.X5U_BASE + 'sp.pem'
    for again in range(3):
        answer = peer.invite(identity=at(laboratory.pki, good))
        checks.same((answer.verstat, answer.all('Reason')), (PASSED, []), 'fetched, call %d' % (again + 1))
    checks.same(repository.asked('sp.pem'), 1, 'three calls, one request')
    for leaf in 'expired', 'untrusted', 'long-chain':
        answer = peer.invite(identity=at(laboratory.pki, '%s%s.pem' % (lab.X5U_BASE, leaf), leaf))
        checks.same(answer.verstat, FAILED, 'fetched, ' + leaf)

    # many calls at once with a certificate that is new to all of them
    url = lab.X5U_BASE + 'constraint.pem'
    token = Token(laboratory.pki, 'constraint')
    token.payload['attest'] = 'B'
    for _ in range(100):
        peer.send(peer.build(identity=str(token)))
    verstats = {peer.receive().verstat for _ in range(100)}
    checks.same(verstats, {PASSED}, 'a hundred calls at once pass')
    checks.same(repository.asked('constraint.pem'), 1, 'a hundred calls at once, one request')


def test_bad(laboratory, checks, repository):
    peer = laboratory.redirector(5061, **settings(laboratory)).peer()
    mute = socket.create_server(('127.0.0.12', 443))
    plain = socket.create_server(('127.0.0.13', 443))
    rows = [
        ('nobody listens', 'https://dead.lab.example/sp.pem'),
        ('404', lab.X5U_BASE + 'nothing-here.pem'),
        ('500', lab.X5U_BASE + 'broken.pem'),
        ('204', lab.X5U_BASE + 'none.pem'),
        ('redirect', lab.X5U_BASE + 'moved.pem'),
        ('HTML', lab.X5U_BASE + 'html.pem'),
        ('empty', lab.X5U_BASE + 'empty.pem'),
        ('too large', lab.X5U_BASE + 'large.pem'),
        ('a byte a second', lab.X5U_BASE + 'slow.pem'),
        ('says nothing', 'https://mute.lab.example/sp.pem'),
        ('another name', 'https://wrong.lab.example/sp.pem'),
    ]
    for what, url in rows:
        answer = peer.invite(identity=at(laboratory.pki, url))
        checks.same((answer.code, answer.verstat, answer.all('Reason')), (302, NO, BAD_INFO), what)
    checks.same(repository.asked('sp.pem'), 1, 'the redirect was not followed')
    # a failure is remembered: asked again, the repository is not
    before = repository.asked('nothing-here.pem')
    for _ in range(3):
        answer = peer.invite(identity=at(laboratory.pki, lab.X5U_BASE + 'nothing-here.pem'))
        checks.same((answer.verstat, answer.all('Reason')), (NO, BAD_INFO), '404, again')
    checks.same((before, repository.asked('nothing-here.pem')), (1, 1), 'a failure is remembered')

    # TLS expected, plain text served
    peer.send(peer.build(call='plain', identity=at(laboratory.pki, 'https://plain.lab.example/sp.pem')))
    connection, _ = plain.accept()
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    connection.close()
    answer = peer.receive()
    checks.same((answer.get('Call-ID'), answer.verstat, answer.all('Reason')), ('plain', NO, BAD_INFO), 'plain text')
    mute.close()
    plain.close()


def test_rules(laboratory, checks, repository):
    """Without the laboratory's switch nothing on this machine is asked."""
    how = settings(laboratory, certs_lab=False)
    del how['certs_resolve']
    peer = laboratory.redirector(5062, **how).peer()
    before = (repository.folder / 'access.log').read_text()
    trap = socket.create_server(('127.0.0.14', 443))
    trap.setblocking(False)
    for host in '127.0.0.9', '127.0.0.14', 'localhost', '127.1', '2130706433', '0x7f000009', '127.0.0.9.', '0':
        answer = peer.invite(identity=at(laboratory.pki, 'https://%s/sp.pem' % host))
        checks.same((answer.code, answer.verstat, answer.all('Reason')), (302, NO, BAD_INFO), 'refused: ' + host)
    try:
        trap.accept()
        reached = True
    except BlockingIOError:
        reached = False
    checks.that(not reached, 'no connection was made')
    checks.same((repository.folder / 'access.log').read_text(), before, 'nginx was not asked')

    how = settings(laboratory, verify_fetch=False)
    peer = laboratory.redirector(5063, **how).peer()
    answer = peer.invite(identity=at(laboratory.pki, lab.X5U_BASE + 'sp.pem'))
    checks.same((answer.verstat, answer.code), (NO, 302), 'verify.fetch: no')
    checks.same((repository.folder / 'access.log').read_text(), before, 'nginx was not asked again')


def test(laboratory, checks):
    repository = Repository(laboratory)
    test_good(laboratory, checks, repository)
    test_bad(laboratory, checks, repository)
    test_rules(laboratory, checks, repository)


if __name__ == '__main__':
    lab.main(test)
