"""Who may ask by HTTP: keys, addresses, viewers; two that nothing tells apart; keys that change."""
import hashlib
import json
import signal
import subprocess
import time

import http.client

import lab

PORT = 8080
CSV = '+14045550100,+14045550101,A,,'


def until(what, function):
    end = time.monotonic() + lab.PATIENCE
    while not function():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def make_key():
    answer = json.loads(subprocess.run([lab.SHAKEN, 'key', '--json'], capture_output=True, check=True).stdout)
    assert answer['hash'] == 'sha256:' + hashlib.sha256(answer['key'].encode()).hexdigest()
    return answer['key'], answer['hash']


def ask(path, key=None, source='127.0.0.1', method='GET', body=None, scheme='Bearer'):
    connection = http.client.HTTPConnection('127.0.0.1', PORT, timeout=lab.PATIENCE, source_address=(source, 0))
    headers = {'Authorization': '%s %s' % (scheme, key)} if key is not None else {}
    try:
        connection.request(method, path, body, headers)
        return lab.Answer(connection.getresponse())
    finally:
        connection.close()


def sign(key=None, source='127.0.0.1', scheme='Bearer'):
    return ask('/v1/sign-csv', key, source, 'POST', CSV, scheme).status


def put(laboratory, name, clients, **more):
    pki = laboratory.pki
    tree = {'match': {'hosts': [name + '.example']}, 'clients': clients,
            'sign': {'key': str(pki / 'sp.key'), 'certificate': str(pki / 'sp.pem'), 'x5u': lab.X5U_BASE + 'sp.pem', 'attest': 'A'}}
    tree.update(more)
    beside = laboratory.folder / 'tenants' / ('.' + name)
    beside.write_text(json.dumps(tree))
    beside.replace(laboratory.folder / 'tenants' / (name + '.yaml'))


def reload(server, want='ok'):
    before = server.log.count('event=reload result=')
    server.send_signal(signal.SIGHUP)
    until('a reload', lambda: server.log.count('event=reload result=') > before)
    last = server.log.rpartition('event=reload result=')[2]
    if not last.startswith(want):
        raise AssertionError('reload: ' + last[:300])
    return last


def check_clients(checks, keys):
    rows = [  # key, source, status
        ('acme', '127.0.0.1', 200), ('acme', '127.0.0.9', 200), ('acme-2', '127.0.0.1', 200), ('far', '127.0.0.5', 200),
        (None, '127.0.0.7', 200), ('far', '127.0.0.1', 403), ('far', '127.0.0.7', 403), ('viewer', '127.0.0.1', 403),
        (None, '127.0.0.1', 401), (None, '127.0.0.5', 401), (None, '127.0.0.8', 401), ('nobody', '127.0.0.1', 401),
        ('nobody', '127.0.0.7', 401), ('verify', '127.0.0.1', 403),
    ]
    for name, source, status in rows:
        checks.same(sign(name and keys[name][0], source), status, 'sign: key %s from %s' % (name, source))
    checks.same([sign('', '127.0.0.7'), sign('   ', '127.0.0.7'), sign('', '127.0.0.7', 'Basic')], [401, 401, 200],
                'who is known by his address shows an empty key, or one of another kind')
    good = keys['acme'][0]
    for key in good[:-1], good + 'A', good.upper(), good[1:], keys['acme'][1], keys['acme'][1][7:], '', 'A' * 513, '"%s"' % good:
        checks.that(sign(key) in (400, 401), 'a key that is nearly one: %s...' % key[:4], sign(key))
    checks.same(sign(good, scheme='bearer'), 200, 'the scheme in small letters')
    for scheme in 'Basic', 'Token', 'BearerX':
        checks.that(sign(good, scheme=scheme) in (400, 401), 'scheme ' + scheme)


def check_viewers(checks, keys):
    rows = [
        ('viewer', '127.0.0.1', 200), ('viewer', '127.0.0.5', 200), (None, '127.0.0.6', 200), ('viewer', '127.0.0.6', 200),
        (None, '127.0.0.1', 401), (None, '127.0.0.7', 401), ('nobody', '127.0.0.1', 401), ('nobody', '127.0.0.6', 401),
        ('acme', '127.0.0.1', 403), ('acme', '127.0.0.6', 403),
    ]
    for name, source, status in rows:
        answer = ask('/metrics', name and keys[name][0], source)
        checks.same(answer.status, status, 'metrics: key %s from %s' % (name, source))
        checks.same('shaken_' in answer.text, status == 200, 'and what they hold')


def check_change(checks, laboratory, server, keys):
    """The second key, then the first one gone."""
    first, second = keys['acme'], make_key()
    put(laboratory, 'acme', {'web': {'keys': [first[1], second[1]]}})
    reload(server)
    until('the second key', lambda: sign(second[0]) == 200)
    checks.same(sign(first[0]), 200, 'both keys')
    put(laboratory, 'acme', {'web': {'keys': [second[1]]}})
    reload(server)
    until('the first is gone', lambda: sign(first[0]) == 401)
    checks.same(sign(second[0]), 200, 'the second stays')
    put(laboratory, 'acme', {'web': {'keys': [first[1], keys['acme-2'][1]]}})
    reload(server)
    until('back', lambda: sign(first[0]) == 200)


def check_alike(checks, laboratory, server, keys):
    """Two tenants' clients of one key: a reload is refused, a start leaves the later one out."""
    put(laboratory, 'thief', {'web': {'keys': [keys['acme'][1]]}, 'own': {'keys': [make_key()[1]]}})
    said = reload(server, 'failed')
    checks.that('acme/web' in said and 'thief/web' in said, 'the reload names both', said)
    checks.that('sha256' not in said, 'and no hash', said)
    checks.same(sign(keys['acme'][0]), 200, 'the old settings stay')
    run = subprocess.run([lab.DAEMON, '-c', server.config, '--check'], capture_output=True, text=True, check=False)
    checks.that(run.returncode != 0 and 'thief/web' in run.stdout + run.stderr, '--check names both', run.stdout + run.stderr)
    server.stop()

    again = lab.Redirector(laboratory, json.loads(server.config.read_text()), 'again')
    again.wait_workers(1, web=1)
    until('HTTP', lambda: 'event=listen address=http:' in again.log)
    line = [l for l in again.log.split('\n') if 'event=client result=left-out' in l]
    checks.that(len(line) == 1 and 'level=error' in line[0] and 'acme/web' in line[0] and 'thief/web' in line[0], 'the start tells', line)
    checks.same(sign(keys['acme'][0]), 200, 'who was first is served')
    checks.same(again.peer().invite(uri='sip:+%s@acme.example' % lab.DEST).code, 302, 'and SIP is')
    return again


def test(laboratory, checks):
    keys = {name: make_key() for name in ('acme', 'acme-2', 'far', 'viewer', 'nobody', 'verify')}
    (laboratory.folder / 'tenants').mkdir()
    put(laboratory, 'acme', {'web': {'keys': [keys['acme'][1], keys['acme-2'][1]]}})
    put(laboratory, 'borealis', {'far': {'keys': [keys['far'][1]], 'sources': ['127.0.0.5/32']}, 'near': {'sources': ['127.0.0.7/32']},
                                 'verify': {'keys': [keys['verify'][1]], 'sign': False}})
    server = lab.Redirector(laboratory, laboratory.settings(
        http={'listen': ['http:127.0.0.1:%d' % PORT], 'sources': ['127.0.0.0/8'], 'viewer-keys': [keys['viewer'][1]],
              'viewer-sources': ['127.0.0.6/32']},
        tenants_folder=str(laboratory.folder / 'tenants')))
    server.wait_workers(1, web=1)
    until('HTTP', lambda: 'event=listen address=http:' in server.log)
    check_clients(checks, keys)
    check_viewers(checks, keys)
    check_change(checks, laboratory, server, keys)
    again = check_alike(checks, laboratory, server, keys)
    for name, (key, told) in keys.items():
        for log in server.log, again.log:
            checks.that(key not in log and told not in log and told[7:] not in log, 'log: nothing of the key ' + name)


if __name__ == '__main__':
    lab.main(test)
