"""The process that serves HTTP: it comes and goes with the others, it never costs SIP a call, and it
ends last."""
import calendar
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import lab
from lab import http_request
from tls_lab import Authority, context

HTTP, HEALTH = 8080, 8060
serial = itertools.count(1)
LISTEN = ['http:127.0.0.1:%d' % HTTP, 'http:[::1]:%d' % HTTP]


def until(what, good):
    """Polls: a generous deadline, for a slow machine."""
    end = time.monotonic() + lab.PATIENCE
    while not good():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def answers(port=HTTP, path='/healthz', host='127.0.0.1'):
    """The status; None when nobody answers."""
    try:
        return http_request(port, path=path, host=host).status
    except OSError:
        return None


def becomes(checks, status, what, *how):
    """It answers so before long: what one process has done another one tells."""
    try:
        until(what, lambda: answers(*how) == status)
    except TimeoutError:
        pass
    checks.same(answers(*how), status, what)


def start(lab_, port=5060, web=1, workers=2, **more):
    how = {'http_listen': LISTEN, 'http_health': '127.0.0.1:%d' % HEALTH, 'http_apis': [],
           'service_workers': workers, **more}
    server = lab_.redirector(port, 'web-%d' % next(serial), **how)      # a log of its own
    server.wait_log('event=ready', 'ready')
    server.wait_workers(workers, web=web)
    return server


def nice_of(pid):
    return int(pathlib.Path('/proc/%d/stat' % pid).read_text().rpartition(')')[2].split()[16])


def test_off(lab_, checks):
    """Without HTTP there is no such process, and no port."""
    server = start(lab_, web=0, http_listen=[], http_health='')
    checks.same(server.web(), [], 'no web process')
    checks.same(answers(HEALTH), None, 'no health')
    checks.same(answers(HTTP), None, 'no HTTP')
    checks.that('kind=web' not in server.log and 'worker=web' not in server.log, 'nothing is said of it')
    checks.same(server.stop(), 0, 'it ends')


def test_on(lab_, checks):
    server = start(lab_)
    web = server.web()[0]
    checks.same(answers(HEALTH), 200, 'health on loopback')
    checks.same(answers(HTTP), 200, 'health by IPv4')
    checks.same(answers(HTTP, host='::1'), 200, 'by IPv6')
    becomes(checks, 200, 'it is ready', HEALTH, '/readyz')
    checks.same(answers(HEALTH, '/metrics'), 404, 'health has no metrics')
    checks.same(answers(HTTP, '/metrics'), 200, 'metrics')
    checks.same(answers(HTTP, '/nothing'), 404, 'nothing is nothing')
    version = http_request(HTTP, path='/live.json').json['version']
    checks.that(version and 'shaken_build_info{version="%s"} 1' % version in http_request(HTTP, path='/metrics').text,
                'the page says which version runs', version)
    checks.that(nice_of(web) >= nice_of(server.workers()[0]) + 10 or nice_of(web) == 19,
                'SIP goes first', nice_of(web))
    for line in ('http:127.0.0.1:8080', 'http:[::1]:8080', 'health:127.0.0.1:8060'):
        server.wait_log('worker=web event=listen address=' + line, 'it says where')
    server.send_signal(signal.SIGUSR1)
    server.wait_log('index=2 kind=web', 'its line among the counters')
    checks.that(re.search(r'event=worker result=ready index=2 kind=web pid=%d made=1 ' % web, server.log),
                'what it is and who')
    checks.same(len(re.findall('kind=web', server.log)), 1, 'it is one of three')
    checks.same(server.stop(), 0, 'it ends')


def test_questions(lab_, checks):
    """What is asked by HTTP is a call on the page, as INVITEs are."""
    server = start(lab_, http_apis=['secsipidx'], clients={'a': {'sources': ['127.0.0.1']}})
    peer = server.peer()
    for _ in range(3):
        peer.invite()
    for _ in range(5):
        got = http_request(HTTP, 'POST', '/v1/sign-csv', body='12155550112,14045550100,A,,')
        checks.same(got.status, 200, 'a question')

    def calls():
        return http_request(HTTP, path='/live.json').json['totals']['calls']

    until('all of them on the page, not %d' % calls(), lambda: calls() == 8)
    peer.close()
    checks.same(server.stop(), 0, 'it ends')


def test_health_alone(lab_, checks):
    server = start(lab_, http_listen=[])
    checks.same(answers(HEALTH), 200, 'health')
    checks.same(answers(HTTP), None, 'and nothing else')
    checks.same(server.stop(), 0, 'it ends')


def test_killed(lab_, checks):
    """kill -9, ten times, while calls come: each gets its answer, and it comes back."""
    server = start(lab_)
    peer, calls, lost = server.peer(), 0, 0
    for n in range(10):
        victim = server.web()[0]
        os.kill(victim, signal.SIGKILL)
        end = time.monotonic() + lab.PATIENCE + 10      # which is how long the supervisor may wait before it makes one
        while (server.web() or [victim]) == [victim] or answers() != 200:
            calls += 1
            lost += not peer.invite().get('Identity')
            if time.monotonic() > end:
                raise TimeoutError('it does not come back:\n' + server.log[-3000:])
        checks.that(victim not in server.web(), 'round %d: another one' % n)
    checks.that(calls >= 10, 'there were calls', calls)
    checks.same(lost, 0, 'and each was signed')
    server.wait_log('event=worker result=died index=2 ', 'each is told', 10)
    checks.same(len(re.findall('event=worker result=died index=2 ', server.log)), 10, 'each is told')
    checks.that(not re.search('result=(died|ended|killed) index=[01] ', server.log), 'no worker for SIP died')
    becomes(checks, 200, 'it is ready', HEALTH, '/readyz')
    peer.close()
    checks.same(server.stop(), 0, 'it ends')


def test_killed_early(lab_, checks):
    """Before all were ready the first time it is killed once: the service starts all the same."""
    for again in range(10):             # until we came in time
        server = lab_.redirector(name='early-%d' % again, http_listen=LISTEN, http_apis=[], service_workers=2, ready=False)
        until('a web process', lambda: server.proc.poll() is not None or server.web())
        for pid in server.web():
            os.kill(pid, signal.SIGKILL)
        server.wait_log('event=ready', 'ready')
        server.wait_log('result=died index=2 ', 'killed')
        early = server.log.find('result=died index=2 ') < server.log.find('event=ready')
        if early:
            break
        server.stop()
    checks.that(early, 'before all were ready')
    server.wait_workers(2, web=1)
    until('it answers', lambda: answers() == 200)
    peer = server.peer()
    checks.that(peer.invite().get('Identity'), 'calls are signed')
    peer.close()
    checks.same(server.stop(), 0, 'it ends')


def test_hangs(lab_, checks):
    """It stands still: the watchdog kills it, and SIP's workers are left alone."""
    server = start(lab_, service_watchdog='5s')
    victim = server.web()[0]
    os.kill(victim, signal.SIGSTOP)
    server.wait_log('event=worker result=killed index=2 pid=%d' % victim, 'it is killed')
    until('another answers', lambda: victim not in server.web() and answers() == 200)
    checks.that(not re.search('result=(died|ended|killed) index=[01] ', server.log), 'SIP goes on')
    checks.same(server.stop(), 0, 'it ends')


def test_term(lab_, checks):
    """SIGTERM to it alone: it drains and is made anew."""
    server = start(lab_)
    victim = server.web()[0]
    os.kill(victim, signal.SIGTERM)
    until('another answers', lambda: server.web() and victim not in server.web() and answers() == 200)
    server.wait_log('worker=web event=drain', 'it has drained')
    checks.same(len(server.wait_workers(2, web=1)), 2, 'SIP goes on')
    checks.same(server.stop(), 0, 'it ends')


def test_late(lab_, checks):
    """Who had begun to ask when the drain began hears 503, and how it goes on: another is there."""
    server = start(lab_, http_apis=['secsipidx'], http_deadline='20s', sip_drain='25s', clients={'one': {'sources': ['127.0.0.1']}})
    body = '%s,%s,A,123e4567-e89b-12d3-a456-426655440000,%ssp.pem' % (lab.ORIG, lab.DEST, lab.X5U_BASE)
    checks.same(http_request(HTTP, 'POST', '/v1/sign-csv', body=body).status, 200, 'before')
    with socket.create_connection(('127.0.0.1', HTTP), lab.PATIENCE) as late:
        late.sendall(b'POST /v1/sign-csv HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n' % len(body))
        checks.that(b' 100 ' in late.recv(4096), 'it is being read')
        os.kill(server.web()[0], signal.SIGTERM)
        server.wait_log('worker=web event=drain', 'it drains')
        late.sendall(body.encode())
        got = b''
        while piece := late.recv(4096):
            got += piece
    head = got.split(b'\r\n\r\n')[0].lower()
    checks.that(head.startswith(b'http/1.1 503 '), 'nothing new', got)
    checks.that(b'connection: close' in head, 'and no more', got)
    until('another answers', lambda: answers() == 200)
    checks.same(http_request(HTTP, 'POST', '/v1/sign-csv', body=body).status, 200, 'afterwards')
    checks.same(server.stop(), 0, 'it ends')


def test_alike(lab_, checks):
    """Clients of two tenants that nothing tells apart: all processes refuse the reload, none half."""
    folder = lab_.folder / 'alike'
    folder.mkdir()
    text = 'match: {hosts: [%s.example]}\nclients: {c: {sources: [192.0.2.0/24]}}\n'
    (folder / 'a.yaml').write_text(text % 'a')
    server = start(lab_, tenants={'folder': str(folder), 'fallback': True})
    (folder / 'b.yaml').write_text(text % 'b')
    tree = json.loads(server.config.read_text())
    tree['sign']['attest'] = 'C'
    server.write(tree)
    checks.same(server.proc.args[0] and subprocess.run(
        [str(a) for a in server.proc.args] + ['--check'], capture_output=True, check=False).returncode, 1, '--check refuses it')
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=failed', 'it is refused')
    checks.that('failed=' not in server.log and 'a/c' in server.log and 'b/c' in server.log, 'by all, and named', server.log[-1000:])
    peers = [server.peer() for _ in range(16)]
    letters = {lab.decode(peer.invite().get('Identity'))[1]['attest'] for peer in peers}
    checks.same(letters, {'A'}, 'no worker has the new settings')
    checks.same(answers(), 200, 'HTTP goes on')
    (folder / 'b.yaml').write_text((text % 'b').replace('192.0.2.0/24', '192.0.2.0/25'))
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'a good one')
    letters = {lab.decode(peer.invite().get('Identity'))[1]['attest'] for peer in peers}
    checks.same(letters, {'C'}, 'all workers have')
    for peer in peers:
        peer.close()
    checks.same(server.stop(), 0, 'it ends')
    (folder / 'b.yaml').write_text(text % 'b')
    server = start(lab_, tenants={'folder': str(folder), 'fallback': True})
    server.wait_log('event=client result=left-out', 'at a start the later one is left out')
    peer = server.peer()
    checks.that(peer.invite().get('Identity'), 'and the service runs')
    peer.close()
    checks.same(server.stop(), 0, 'it ends')


def slow_call(server, repository):
    """A call that waits for a certificate that does not come."""
    peer = server.peer()
    token = lab.Token(server.lab_pki)
    token.header['x5u'] = 'https://127.0.0.1:%d/sp.pem' % repository
    token.params[0] = 'info=<%s>' % token.header['x5u']
    peer.send(peer.build(identity=str(token)))
    return peer


def test_end(lab_, checks):
    """While SIP drains it says so, and serves; then it ends; and so it is with whoever signals all."""
    for everybody in (False, True):
        silent = socket.create_server(('127.0.0.1', 0), backlog=8)
        silent.settimeout(lab.PATIENCE)
        server = start(lab_, certs_lab=True, certs_wait='20s', certs_timeout='25s', sip_deadline='25s', sip_drain='30s')
        server.lab_pki = lab_.pki
        peers = [slow_call(server, silent.getsockname()[1]) for _ in range(8)]
        held = silent.accept()[0]
        web = server.web()
        if everybody:
            os.kill(server.proc.pid, signal.SIGSTOP)        # it hears its own when the others have theirs
            for pid in server.workers() + web:
                os.kill(pid, signal.SIGTERM)
        server.send_signal(signal.SIGTERM)
        os.kill(server.proc.pid, signal.SIGCONT)
        until('it says that it drains', lambda: answers(HEALTH, '/readyz') == 503)
        checks.same(answers(HEALTH), 200, 'it lives')
        checks.same(server.web(), web, 'the same one')
        held.close()
        silent.close()      # the other connections are refused, or cut
        for peer in peers:
            peer.receive()
            peer.close()
        server.proc.wait(3 * lab.PATIENCE)
        checks.same(server.stop(), 0, 'it ends')
        log = server.log
        last_sip = max(log.rfind('worker=0 event=drain'), log.rfind('worker=1 event=drain'))
        checks.that(0 <= last_sip < log.rfind('worker=web event=drain'), 'it drains last')
        checks.that('result=killed' not in log, 'nobody had to be killed')
        checks.same(answers(HEALTH), None, 'it is gone')


def test_reload(lab_, checks):
    server = start(lab_)
    checks.same(answers(HTTP, '/metrics'), 200, 'metrics')
    tree = json.loads(server.config.read_text())
    tree['http']['metrics'] = False
    server.write(tree)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'a good one')
    until('no metrics', lambda: answers(HTTP, '/metrics') == 404)
    tree['http']['metrics'] = True
    tree['http']['listen'] = LISTEN[:1]         # needs a restart
    server.write(tree)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'a second one', 2)
    until('metrics again', lambda: answers(HTTP, '/metrics') == 200)
    server.wait_log('http.listen changed: takes effect after a restart', 'what waits for a restart')
    checks.same(answers(HTTP, host='::1'), 200, 'so the other listener is still there')
    # bad: its key cannot be read; the old settings stay, everywhere
    tree['http']['metrics'] = False
    tree['hep'] = {'collector': 'udp:127.0.0.1:9060', 'password': str(lab_.folder / 'nothing')}
    server.write(tree)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=failed', 'a bad one')
    server.wait_log('hep.password', 'it is told why')
    checks.same(answers(HTTP, '/metrics'), 200, 'what was there stays')
    # broken as a whole
    server.config.write_text('http: {listen: nonsense}\n')
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=failed', 'a broken one', 2)
    checks.same(answers(HTTP, '/metrics'), 200, 'what was there stays')
    # one that is made anew meanwhile has what runs, not what lies there
    os.kill(server.web()[0], signal.SIGKILL)
    until('it is back', lambda: answers(HTTP, '/metrics') == 200)
    checks.same(server.stop(), 0, 'it ends')


def refused_by_all(lab_, checks, server, tree, why):
    """What HTTP cannot use: nobody takes what came with it, SIP's workers neither."""
    failed = server.log.count('event=reload result=failed')
    tree['sign']['attest'] = 'C'
    server.write(tree)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=failed', why, failed + 1)
    line = server.log[server.log.rindex('event=reload result=failed'):].split('\n')[0]
    checks.that(why in line and line.endswith('the running configuration stays"'), 'refused by all: ' + why, line)
    peer = server.peer()
    got = lab.decode(peer.invite().get('Identity'))
    checks.same(got[1]['attest'], 'A', 'SIP has not taken it: ' + why)
    peer.close()


def ends_at(pem):
    said = subprocess.run(['openssl', 'x509', '-in', pem, '-noout', '-enddate', '-dateopt', 'iso_8601'], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()
    return calendar.timegm(time.strptime(said, 'notAfter=%Y-%m-%d %H:%M:%SZ'))


def test_secure(lab_, checks):
    """Certificates of https: what ends soon is said, what is no good changes nothing anywhere."""
    ours = Authority(lab_.folder / 'https')
    pairs = {name: ours.issue(name, 'DNS:a', days=days) for name, days in (('good', 90), ('late', 20), ('soon', 3))}
    pem, key = pairs['good']
    server = start(lab_, http_listen=LISTEN + ['https:127.0.0.1:8443'], http_certificate=str(pem), http_key=str(key))
    tree = json.loads(server.config.read_text())
    checks.same(server.log.count('event=expiry http=yes'), 0, 'nothing ends')
    for n, (name, level) in enumerate((('late', 'warning'), ('soon', 'error'), ('good', None))):
        tree['http'].update({'certificate': str(pairs[name][0]), 'key': str(pairs[name][1])})
        server.write(tree)
        server.send_signal(signal.SIGHUP)
        server.wait_log('event=reload result=ok', name, n + 1)
        server.wait_log('event=expiry http=yes', 'it is said: ' + name, min(n + 1, 2))
        said = [line for line in server.log.split('\n') if 'event=expiry http=yes' in line]
        checks.same(len(said), min(n + 1, 2), 'said once: ' + name)
        checks.that(level is None or 'level=%s worker=web' % level in said[-1], 'how bad: ' + name, said)
        shown = 'shaken_listener_certificate_expiry_timestamp_seconds{listener="https"} %d\n' % ends_at(pairs[name][0])
        until('it is measured: ' + name, lambda: shown in http_request(HTTP, path='/metrics').text)
    run = subprocess.run([lab.DAEMON, '-c', server.config, '--check'], stderr=subprocess.PIPE, check=False)
    checks.that(run.returncode == 0 and b'event=expiry' not in run.stderr, '--check: nothing ends', run.stderr)
    bad = json.loads(json.dumps(tree))
    bad['http']['key'] = str(pairs['soon'][1])
    refused_by_all(lab_, checks, server, bad, 'http.key: is not the key')
    bad['http']['certificate'] = str(lab_.folder / 'none.pem')
    refused_by_all(lab_, checks, server, bad, 'http.certificate: ')
    bad = json.loads(json.dumps(tree))
    bad['clients'] = {'a': {'sources': ['127.0.0.1']}, 'b': {'sources': ['127.0.0.1']}}
    refused_by_all(lab_, checks, server, bad, "nothing tells their requests apart")
    # https is to go at the next start: so is its certificate
    tree['http'].update({'listen': LISTEN, 'certificate': '', 'key': ''})
    server.write(tree)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'without https', 4)
    checks.same(http_request(8443, path='/healthz', tls=context(ours)).status, 200, 'it is served until then')
    checks.same(server.stop(), 0, 'it ends')


def test_rolling(lab_, checks):
    """All are made anew, it as well; on the same sockets, so that nobody is refused."""
    server = start(lab_, http_deadline='20s', sip_drain='25s')
    before = set(server.workers() + server.web())
    server.send_signal(signal.SIGWINCH)
    tried = lost = 0
    end = time.monotonic() + 3 * lab.PATIENCE
    while 'event=rolling result=' not in server.log and time.monotonic() < end:
        tried += 1
        lost += answers() != 200
    checks.that('event=rolling result=ok' in server.log, 'all of them')
    checks.that(tried > 0 and lost == 0, 'each request was answered', (tried, lost))
    until('the old ones are gone', lambda: not before & set(server.children()))
    server.wait_workers(2, web=1)
    checks.same(answers(), 200, 'it serves')
    checks.same(server.stop(), 0, 'it ends')


def test_single(lab_, checks):
    """One process, one loop, both."""
    settings = lab_.settings(http_listen=LISTEN, http_health='127.0.0.1:%d' % HEALTH, http_apis=[])
    path = lab_.folder / 'single.yaml'
    path.write_text(json.dumps(settings))
    single = lab_.start([lab.DAEMON, '-c', path, '--single'], 'single')
    single.wait_log('event=ready', 'ready')
    peer = lab.Peer()
    checks.that(peer.invite().get('Identity'), 'it signs')
    checks.same(answers(), 200, 'it answers by HTTP')
    becomes(checks, 200, 'it is ready', HEALTH, '/readyz')
    single.send_signal(signal.SIGHUP)
    single.wait_log('event=reload result=ok', 'a reload')
    checks.same(answers(HTTP, '/metrics'), 200, 'metrics')
    checks.that(peer.invite().get('Identity'), 'it signs')
    peer.close()
    checks.same(single.stop(), 0, 'it ends')


def test_health_taken(lab_, checks):
    """Health was not asked for: when its address is somebody else's, calls are served without it."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(('127.0.0.1', HEALTH))
    taken.listen(1)
    said = 'level=error msg="http.health: tcp:127.0.0.1:%d: Address already in use; SIP is served without it' % HEALTH
    for n, (listen, options) in enumerate((([], []), (LISTEN, []), ([], ['--single']), (LISTEN, ['--single']))):
        tree = lab_.settings(http_listen=listen, http_apis=[], service_workers=2)
        del tree['http']['health']
        path = lab_.folder / ('taken-%d.yaml' % n)
        path.write_text(json.dumps(tree))
        server = lab_.start([lab.DAEMON, '-c', path, *options], 'taken-%d' % n)
        server.wait_log('event=ready', 'ready')
        checks.same(server.log.count(said), 1, 'it is said: ' + server.log[-1500:])
        checks.same(answers(), 200 if listen else None, 'the rest of HTTP')
        peer = lab.Peer()
        checks.that(peer.invite().get('Identity'), 'it signs')
        peer.close()
        checks.same(server.stop(), 0, 'it ends')
    taken.close()


def test_refused(lab_, checks):
    """A start that cannot be: one reason, with the setting, and nobody is left."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(('127.0.0.1', HTTP))
    taken.listen(1)
    pki = lab_.pki
    https = {'http_listen': ['https:127.0.0.1:8443'], 'http_certificate': str(pki / 'tls.pem'),
             'http_key': str(pki / 'tls.key')}
    rows = [
        ('a port in use', {'http_listen': LISTEN}, 'http.listen: tcp:127.0.0.1:8080: Address already in use'),
        ('health on it', {'http_health': '127.0.0.1:8080'}, 'http.health: tcp:127.0.0.1:8080: Address already in use'),
        ('no such certificate', {**https, 'http_certificate': str(lab_.folder / 'none.pem')}, 'http.certificate'),
        ('no such key', {**https, 'http_key': str(lab_.folder / 'none.key')}, 'http.key'),
        ('a key that is not its', {**https, 'http_key': str(pki / 'sp.key')}, 'http.'),
        ('no such password', {'http_health': '127.0.0.1:8061', 'hep_collector': 'udp:127.0.0.1:9060',
                              'hep_password': str(lab_.folder / 'none')}, 'hep.password'),
    ]
    for n, (what, settings, why) in enumerate(rows):
        for option in ([], ['--single'], ['--check']):
            path = lab_.folder / ('refused-%d.yaml' % n)
            path.write_text(json.dumps(lab_.settings(http_apis=[], service_workers=2, **settings)))
            if option == ['--check'] and 'in use' in why:
                continue    # it binds nothing
            run = subprocess.run([lab.DAEMON, '-c', path] + option, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=3 * lab.PATIENCE, check=False)
            said = [line for line in run.stderr.decode().split('\n') if why in line]
            checks.same(run.returncode, 1, '%s %s: exit status: %s' % (what, option, run.stderr.decode()[-1500:]))
            checks.same(len(said), 1, '%s %s: one reason: %s' % (what, option, run.stderr.decode()[-1500:]))
    taken.close()


def test(lab_, checks):
    for step in (test_off, test_on, test_questions, test_health_alone, test_killed, test_killed_early, test_hangs, test_term,
                 test_late, test_alike, test_end, test_reload, test_secure, test_rolling, test_single, test_health_taken, test_refused):
        step(lab_, checks)


if __name__ == '__main__':
    lab.main(test)
