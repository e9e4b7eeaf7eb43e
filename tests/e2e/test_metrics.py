"""What is counted is what happened; no count ever falls; and whoever asks is told how it is.

The counters after a known load, promtool on what is served, alerts and dashboard against it, kills
and rolling restarts, health from start to end, 2,000 tenants, and nothing in it that is a secret.
"""
import json
import os
import re
import signal
import socket
import subprocess
import time

import lab
from lab import Token
from soak import is_sanitizer_build

FILES = lab.SOURCE / 'packaging'
SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
WEB, HEALTH = 8080, 8060
STUCK_SIP, STUCK_WEB, STUCK_HEALTH = 5070, 8081, 8061


def parse(text):
    """{(name, ((label, value), ...)): number} and {name: type}"""
    samples, types = {}, {}
    for line in text.splitlines():
        if line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            types[name] = kind
        elif not line.startswith('#'):
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, tuple(sorted(LABEL.findall(labels or ''))))
            if key in samples:
                raise ValueError('twice: ' + line)
            samples[key] = float(value)
    return samples, types


def scrape():
    answer = lab.http_request(WEB, path='/metrics')
    if answer.status != 200:
        raise ValueError('%d: %s' % (answer.status, answer.text))
    return answer.text


def value(samples, name, **labels):
    return samples.get((name, tuple(sorted(labels.items()))))


def until(what, function, patience=lab.PATIENCE):
    end = time.monotonic() + patience
    while True:
        got = function()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


def settled(wanted, **labels):
    """The samples, once one of them has its value: they may be some seconds behind."""
    name, number = wanted

    def look():
        samples, _ = parse(scrape())
        return samples if value(samples, name, **labels) == number else None
    try:
        return until('%s to be %s' % (name, number), look)
    except TimeoutError:
        return parse(scrape())[0]   # the checks say what it is instead


def promtool(checks, what, *words, text=None):
    run = subprocess.run(['promtool', *map(str, words)], input=text, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    checks.that(run.returncode == 0, what, run.stdout[-2000:])
    return run.returncode


# ------------------------------------------------------------- a known load

def load(laboratory, checks):
    server = laboratory.redirector(service={'workers': 2}, http_listen=['http:127.0.0.1:%d' % WEB],
                                   http_health='127.0.0.1:%d' % HEALTH, ready=False)
    server.wait_log('event=ready', 'ready')     # nothing is asked before the first look
    server.wait_workers(2, web=1)
    peer = server.peer()
    first, _ = parse(scrape())
    for _ in range(7):
        peer.invite()
    for _ in range(4):
        peer.invite(identity=str(Token(laboratory.pki)))
    for _ in range(3):
        forged = Token(laboratory.pki)
        forged.spoil = 'bit'
        peer.invite(identity=str(forged))
    old = Token(laboratory.pki, iat=int(time.time()) - 3600)
    peer.invite(identity=str(old))
    for _ in range(2):
        peer.ask(peer.build('OPTIONS'))
    peer.ask(peer.build('REGISTER'))
    peer.silence(b'no SIP at all\r\n\r\n')      # and an OPTIONS
    for path in '/nothing', '/metrics', '/':
        lab.http_request(WEB, method='POST' if path == '/metrics' else 'GET', path=path)

    def grown(name, **labels):
        return (value(samples, name, **labels) or 0) - (value(first, name, **labels) or 0)
    wants = [
        (15, 'shaken_requests_total', {'method': 'invite'}),
        (3, 'shaken_requests_total', {'method': 'options'}),
        (1, 'shaken_requests_total', {'method': 'other'}),
        (0, 'shaken_requests_total', {'method': 'ack'}),
        (20, 'shaken_datagrams_total', {}),
        (15, 'shaken_answers_total', {'code': '302'}),
        (3, 'shaken_answers_total', {'code': '200'}),
        (1, 'shaken_answers_total', {'code': '405'}),
        (0, 'shaken_answers_total', {'code': '503'}),
        (7, 'shaken_signed_total', {}),
        (7, 'shaken_signatures_total', {'attestation': 'A'}),
        (0, 'shaken_signatures_total', {'attestation': 'B'}),
        (4, 'shaken_verdicts_total', {'verstat': 'passed'}),
        (3, 'shaken_verdicts_total', {'verstat': 'failed'}),
        (1, 'shaken_verdicts_total', {'verstat': 'none'}),
        (11, 'shaken_outcomes_total', {'outcome': 'SK_OK', 'class': 'none'}),
        (3, 'shaken_outcomes_total', {'outcome': 'SK_BAD_SIGNATURE', 'class': 'token'}),
        (0, 'shaken_outcomes_total', {'outcome': 'SK_ENOMEM', 'class': 'ours'}),
        (7, 'shaken_step_seconds_count', {'step': 'sign'}),
        (8, 'shaken_step_seconds_count', {'step': 'verify'}),
        (7, 'shaken_step_seconds_bucket', {'step': 'sign', 'le': '+Inf'}),
        (0, 'shaken_step_seconds_count', {'step': 'token'}),
        (15, 'shaken_tenant_calls_total', {'tenant': 'lab'}),
        (7, 'shaken_tenant_results_total', {'tenant': 'lab', 'result': 'signed'}),
        (4, 'shaken_tenant_results_total', {'tenant': 'lab', 'result': 'passed'}),
        (0, 'shaken_tenant_calls_total', {'tenant': 'other'}),
        (1, 'shaken_dropped_total', {'reason': 'no_request'}),
        (0, 'shaken_dropped_total', {'reason': 'stranger'}),
        (0, 'shaken_reloads_total', {'result': 'ok'}),
    ]
    end = time.monotonic() + lab.PATIENCE
    while True:     # what was counted is seen a moment later, and not all of it at once
        samples, _ = parse(scrape())
        if all(grown(name, **labels) == want for want, name, labels in wants) or time.monotonic() > end:
            break
        time.sleep(0.05)
    for want, name, labels in wants:
        checks.same(grown(name, **labels), want, '%s %r' % (name, labels))
    states = [
        (2, 'shaken_workers_configured', {}), (2, 'shaken_workers_ready', {}), (1, 'shaken_web_ready', {}),
        (1, 'shaken_certificates', {}), (1, 'shaken_trust_anchors', {}), (1, 'shaken_reload_ok', {}),
        (2, 'shaken_worker_starts_total', {'kind': 'sip'}), (1, 'shaken_signers_able', {}),
        (0, 'shaken_crls_missing', {}), (0, 'shaken_repositories_failing', {}),
    ]
    for want, name, labels in states:
        checks.same(value(samples, name, **labels), want, name)
    ends = value(samples, 'shaken_certificate_expiry_timestamp_seconds', tenant='lab', credential='default',
                 which='first')
    said = subprocess.run(['openssl', 'x509', '-in', laboratory.pki / 'sp.pem', '-noout', '-enddate', '-dateopt',
                           'iso_8601'], capture_output=True, text=True, check=True).stdout.strip()
    checks.same(time.strftime('notAfter=%Y-%m-%d %H:%M:%SZ', time.gmtime(ends or 0)), said, 'the certificate ends')
    return server, peer


# ----------------------------------------------------------- files and tools

def alerts_begin():
    """It takes some seconds of work: beside all that waits."""
    return subprocess.Popen(['promtool', 'test', 'rules', FILES / 'prometheus/alerts_test.yml'], text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def alerts_end(run, checks):
    text, _ = run.communicate()
    checks.that(run.returncode == 0, 'the alerts fire when they should', text[-2000:])


def names_in(expression):
    return set(re.findall(r'\bshaken_\w+', expression))


def tools(checks):
    text = scrape()
    samples, types = parse(text)
    known = {name for name, _ in samples} | set(types)
    promtool(checks, 'promtool likes the metrics', 'check', 'metrics', text=text)
    promtool(checks, 'promtool likes the alerts', 'check', 'rules', FILES / 'prometheus/alerts.yml')

    alerts = (FILES / 'prometheus/alerts.yml').read_text()
    pages = (lab.SOURCE / 'docs/monitoring.md').read_text()
    rules = re.findall(r'- alert: (\w+)\n\s+expr: >-\n\s+(.*)\n', alerts)
    checks.that(len(rules) > 30, 'alerts are found', len(rules))
    tested = (FILES / 'prometheus/alerts_test.yml').read_text()
    for name, expression in rules:
        for metric in names_in(expression):
            checks.that(metric in known, '%s: %s is served' % (name, metric))
        checks.that('### %s\n' % name in pages, '%s: the manual says what to do' % name)
        checks.that('alertname: %s\n' % name in tested, '%s: has a test' % name)
    for metric in sorted(types):
        checks.that('`%s`' % metric in pages, '%s: the manual has it' % metric)
    for metric in names_in(pages):
        checks.that(metric in known, 'monitoring.md: %s is served' % metric)

    board = json.loads((FILES / 'grafana/shaken-redirector.json').read_text())
    panels = [p for p in board['panels'] if p['type'] != 'row']
    checks.that(len(panels) > 10, 'panels', len(panels))
    checks.same(len({p['id'] for p in board['panels']}), len(board['panels']), 'each panel has an id of its own')
    expressions = [t['expr'] for p in panels for t in p['targets']]
    for expression in expressions:
        for metric in names_in(expression):
            checks.that(metric in known, 'dashboard: %s is served' % metric)
    rules = {'groups': [{'name': 'board', 'rules': [
        {'record': 'board:%d' % i, 'expr': e.replace('$__rate_interval', '5m').replace('$instance', '.*')}
        for i, e in enumerate(expressions)]}]}
    promtool(checks, 'the dashboard\'s expressions can be read', 'check', 'rules', '/dev/stdin',
             text=json.dumps(rules))
    # what a tool must not like
    bad = subprocess.run(['promtool', 'check', 'metrics'], input=text + 'x{y="z} 1\n', text=True,
                         capture_output=True)
    checks.that(bad.returncode != 0, 'promtool refuses what is wrong')


# ---------------------------------------------------------------- no count falls

def counted(samples, types):
    found = {}
    for (name, labels), number in samples.items():
        base = re.sub(r'_(bucket|sum|count)$', '', name)
        if types.get(name) == 'counter' or types.get(base) in ('histogram', 'summary'):
            found[name, labels] = number
    return found


def monotonic(server, peer, checks):
    before = counted(*parse(scrape()))
    checks.that(len(before) > 200, 'counters are found', len(before))

    def look(what):
        nonlocal before
        now = counted(*parse(scrape()))
        fallen = {key: (number, now.get(key)) for key, number in before.items()
                  if now.get(key, -1) < number}
        checks.same(fallen, {}, 'no count falls: ' + what)
        before = now

    victim = server.wait_workers(2, web=1)[0]
    os.kill(victim, signal.SIGKILL)
    until('it is gone', lambda: victim not in server.workers())
    look('a worker was killed')
    server.wait_workers(2, web=1)
    server.wait_log('event=ready', 'ready')
    until('starts', lambda: value(parse(scrape())[0], 'shaken_worker_starts_total', kind='sip') == 3)
    until('both serve', lambda: value(parse(scrape())[0], 'shaken_workers_ready') == 2)
    look('another has its place')
    for _ in range(40):
        peer.invite()
    samples = settled(('shaken_requests_total', 55), method='invite')
    checks.same(value(samples, 'shaken_requests_total', method='invite'), 55, 'counting goes on')
    look('more calls')

    olds = server.wait_workers(2, web=1)
    server.send_signal(signal.SIGWINCH)
    until('all are made anew', lambda: not set(olds) & set(server.workers()))
    server.wait_workers(2, web=1)
    until('both serve', lambda: value(parse(scrape())[0], 'shaken_workers_ready') == 2)
    look('a rolling restart')
    samples, _ = parse(scrape())
    checks.same(value(samples, 'shaken_requests_total', method='invite'), 55, 'nothing is lost')

    server.send_signal(signal.SIGHUP)
    samples = settled(('shaken_reloads_total', 1), result='ok')
    checks.same(value(samples, 'shaken_reloads_total', result='ok'), 1, 'a reload')
    until('when', lambda: value(parse(scrape())[0], 'shaken_reload_timestamp_seconds') > time.time() - 600)
    good = server.config.read_text()
    server.config.write_text(good + '\nnonsense: 1\n')
    server.send_signal(signal.SIGHUP)
    settled(('shaken_reloads_total', 1), result='failed')
    samples = settled(('shaken_reload_ok', 0))
    checks.same(value(samples, 'shaken_reload_ok'), 0, 'a reload that failed')
    server.config.write_text(good)
    look('reloads')


# --------------------------------------------------------------------- health

def health(path, wanted, says='', patience=lab.PATIENCE, port=HEALTH):
    """Asks until it is so.  @return the answer, or the last other one"""
    end = time.monotonic() + patience
    while True:
        answer = lab.http_request(port, path=path)
        if answer.status == wanted and says in answer.text:
            return answer
        if time.monotonic() > end:
            return answer
        time.sleep(0.05)


def said(checks, path, wanted, says, what, patience=lab.PATIENCE, port=HEALTH):
    answer = health(path, wanted, says, patience, port)
    checks.same((answer.status, answer.json['status']), (wanted, 'ok' if wanted == 200 else 'fail'), what)
    checks.that(says in answer.text, what, answer.text)
    return answer


def doors(checks):
    """What http.health gives, and what it does not."""
    said(checks, '/healthz', 200, 'signs of life', 'alive', port=STUCK_HEALTH)
    said(checks, '/readyz', 200, 'trusted authorities: 1', 'ready', port=STUCK_HEALTH)
    head = lab.http_request(STUCK_HEALTH, 'HEAD', '/readyz')
    checks.same((head.status, head.body), (200, b''), 'HEAD')
    checks.same(head.get('Cache-Control'), 'no-store', 'nobody keeps it')
    checks.same(lab.http_request(STUCK_HEALTH, 'POST', '/readyz', body='x').status, 405, 'POST')
    checks.same(lab.http_request(STUCK_HEALTH, path='/metrics').status, 404, 'metrics are not health')
    checks.same(lab.http_request(STUCK_WEB, path='/healthz').status, 200, 'health is at http.listen, too')


def stuck(laboratory, checks):
    """A redirector whose worker is stopped: that it is stuck shows after some seconds, so others are
    tested meanwhile.  @return it, and its worker"""
    server = laboratory.redirector(STUCK_SIP, service={'workers': 1, 'watchdog': '600s'},
                                   http_listen=['http:127.0.0.1:%d' % STUCK_WEB],
                                   http_health='127.0.0.1:%d' % STUCK_HEALTH)
    server.wait_workers(1, web=1)
    doors(checks)
    worker = server.wait_workers(1, web=1)[0]
    os.kill(worker, signal.SIGSTOP)
    return server, worker


def workers_away(server, stopped, checks):
    ours = {'port': STUCK_HEALTH}
    said(checks, '/healthz', 503, '"loops", "ok": false', 'a worker is stuck', 90, **ours)
    os.kill(stopped, signal.SIGCONT)
    said(checks, '/healthz', 200, 'ok', 'and lives again', 60, **ours)
    end = time.monotonic() + 90
    seen = None
    while not seen and time.monotonic() < end:      # the longer it takes to come back the more often
        for pid in server.workers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has gone meanwhile
        answer = lab.http_request(STUCK_HEALTH, path='/readyz')
        seen = answer if answer.status == 503 and '"workers", "ok": false' in answer.text else None
        time.sleep(0.05)
    checks.that(seen and '"workers", "ok": false' in seen.text, 'no worker: not ready', seen and seen.text)
    said(checks, '/readyz', 200, 'ok', 'and ready again', 90, **ours)
    server.stop()


def missing(laboratory, checks):
    """Ready only with what the work needs: without keys it does not even start."""
    ask = {'http_listen': ['http:127.0.0.1:%d' % WEB], 'http_health': '127.0.0.1:%d' % HEALTH}
    whole = laboratory.settings(tenant_mode='verify', **ask)
    bare = laboratory.settings(tenant_mode='verify', **ask)
    bare['trust'] = {'ca-list-url': 'https://list.lab.example/ca', 'administrator': whole['trust']['anchors']}
    server = lab.Redirector(laboratory, bare, 'trustless')
    server.wait_workers(1, web=1)
    said(checks, '/readyz', 503, 'no authority is trusted', 'the list of authorities does not come')
    samples = settled(('shaken_trust_anchors', 0))
    checks.same(value(samples, 'shaken_trust_anchors'), 0, 'a metric says so')
    samples = settled(('shaken_list_counts', 0), kind='ca_list', list='https://list.lab.example/ca')
    checks.same(value(samples, 'shaken_list_fetched_timestamp_seconds', kind='ca_list',
                      list='https://list.lab.example/ca'), 0, 'it never came')
    server.write(whole)
    server.send_signal(signal.SIGHUP)
    said(checks, '/readyz', 200, 'trusted authorities: 1', 'files have come')
    server.stop()


def drain(laboratory, checks):
    """While the last calls are answered it says that it ends."""
    silent = socket.create_server(('127.0.0.9', 443), backlog=8)
    silent.settimeout(lab.PATIENCE)
    server = laboratory.redirector(certs_lab=True, certs_resolve={'silent.lab.example:443': '127.0.0.9'},
                                   certs_wait='30s', certs_timeout='60s', sip_deadline='30s', sip_drain='30s',
                                   http_listen=['http:127.0.0.1:%d' % WEB], http_health='127.0.0.1:%d' % HEALTH)
    server.wait_workers(1, web=1)
    peer = server.peer()
    token = Token(laboratory.pki)
    token.header['x5u'] = 'https://silent.lab.example/hunter2/sp.pem'
    token.params[0] = 'info=<%s>' % token.header['x5u']
    peer.send(peer.build(identity=str(token)))
    connection, _ = silent.accept()
    samples = settled(('shaken_calls_waiting', 1))
    checks.same(value(samples, 'shaken_calls_waiting'), 1, 'a call waits')
    said(checks, '/readyz', 200, 'ok', 'ready')
    server.send_signal(signal.SIGTERM)
    said(checks, '/readyz', 503, '"draining", "ok": false', 'it drains')
    said(checks, '/healthz', 200, 'ok', 'and lives')
    connection.close()
    silent.close()
    checks.that(peer.receive().code in (302, 503), 'the call is answered')
    checks.same(server.stop(), 0, 'and it ends')


# ----------------------------------------------------------- many, and no secrets

def many(laboratory, checks):
    folder = laboratory.folder / 'tenants'
    folder.mkdir()
    # with sanitizers each takes many times as long, and a fifth of them is as far above the bounds
    names = ['tenant%04d' % i for i in range(400 if is_sanitizer_build() else 2000)]
    for name in names:
        (folder / (name + '.yaml')).write_text(json.dumps({
            'match': {'hosts': [name + '.example']},
            'sign': {'key': str(laboratory.pki / 'sp.key'), 'certificate': str(laboratory.pki / 'sp.pem'),
                     'x5u': 'https://certs.lab.example/%s/sp.pem' % name, 'attest': 'B'}}))
    tree = laboratory.settings(tenants_folder=str(folder), http_listen=['http:127.0.0.1:%d' % WEB])
    tree['service']['workers'] = 1
    for key in 'key', 'certificate', 'x5u':
        del tree['sign'][key]
    server = lab.Redirector(laboratory, tree, 'many', ready=False)
    until('it serves', lambda: 'event=ready' in server.log or server.proc.poll() is not None, 6 * lab.PATIENCE)
    server.wait_workers(1, web=1)
    scrape()
    peer = server.peer()
    busy = names[-100:-97]
    for name in busy:
        for _ in range(9):
            peer.invite(uri='sip:+%s@%s.example;user=phone' % (lab.DEST, name))
    peer.invite(uri='sip:+%s@%s.example;user=phone' % (lab.DEST, names[-1]))
    samples = settled(('shaken_signed_total', 28))
    checks.same(value(samples, 'shaken_signatures_total', attestation='B'), 28, 'all are signed')
    found = until('those with calls have names', lambda: all(
        value(parse(scrape())[0], 'shaken_tenant_calls_total', tenant=name) == 9 for name in busy))
    checks.that(found, 'the busy ones have names')
    text = scrape()
    samples, _ = parse(text)
    tenants = [labels for name, labels in samples if name == 'shaken_tenant_calls_total']
    certs = [labels for name, labels in samples if name == 'shaken_certificate_expiry_timestamp_seconds']
    checks.same((len(tenants), len(certs)), (101, 100), 'bounded')
    checks.that(len(text) < 400000, 'the whole page', len(text))
    checks.that(value(samples, 'shaken_certificates') >= len(names), 'all certificates are counted')
    checks.same(value(samples, 'shaken_certificates'),
                sum(number for (name, _), number in samples.items() if name == 'shaken_certificates_left'),
                'by what is left')
    return text


def no_secrets(text, laboratory, checks):
    key = (laboratory.pki / 'sp.key').read_text().split('\n')[1]
    for what in (key, lab.ORIG, lab.DEST, '12155550112', '@lab', 'z9hG4bK', 'hunter2', 'secret',
                 'certs.lab.example', 'silent.lab.example', 'PRIVATE', 'sp.pem'):
        checks.that(what not in text, 'not in the metrics: ' + what)


def test(laboratory, checks):
    alerts = alerts_begin()
    held = stuck(laboratory, checks)
    server, peer = load(laboratory, checks)
    tools(checks)
    no_secrets(scrape(), laboratory, checks)
    monotonic(server, peer, checks)
    server.stop()
    missing(laboratory, checks)
    drain(laboratory, checks)
    workers_away(*held, checks)
    no_secrets(many(laboratory, checks), laboratory, checks)
    alerts_end(alerts, checks)


if __name__ == '__main__':
    lab.main(test)
