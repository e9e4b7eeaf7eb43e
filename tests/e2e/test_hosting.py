"""Certificates at the addresses of their x5u: who asks gets them, nothing else gets out, and what one
redirector signs another verifies with the certificate that it fetched here."""
import http.client
import shutil
import signal
import socket
import ssl
import subprocess
import time

import lab

PORT = 8080
HOST = 'certs.lab.example'
CHAIN = 'application/pem-certificate-chain'
STRANGER = '127.0.0.5'  # not in http.sources


def until(what, function):
    end = time.monotonic() + lab.PATIENCE
    while not function():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def ask(path, method='GET', host=HOST, source=None, **headers):
    """One request, its path as it stands."""
    connection = http.client.HTTPConnection('127.0.0.1', PORT, timeout=lab.PATIENCE,
                                            source_address=(source, 0) if source else None)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader('Host', host)
        for name, value in headers.items():
            connection.putheader(name.replace('_', '-'), value)
        connection.endheaders()
        return lab.Answer(connection.getresponse())
    finally:
        connection.close()


def raw(path, method='GET', lines=(), source=None):
    """The bytes that come back for any path."""
    with socket.create_connection(('127.0.0.1', PORT), timeout=lab.PATIENCE, source_address=source and (source, 0)) as plain:
        more = ''.join(line + '\r\n' for line in lines).encode()
        plain.sendall(b'%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n' % (method.encode(), path, HOST.encode(), more))
        got = b''
        try:
            while True:
                piece = plain.recv(65536)
                if not piece:
                    return got
                got += piece
        except ConnectionResetError:
            return got


def certificates(text):
    """The PEM blocks, without what stands around them."""
    blocks = text.split('-----BEGIN CERTIFICATE-----')[1:]
    return [block.partition('-----END CERTIFICATE-----')[0].strip() for block in blocks]


def reload(server, tree, want='ok'):
    before = server.log.count('event=reload result=')
    server.write(tree)
    server.send_signal(signal.SIGHUP)
    until('a reload', lambda: server.log.count('event=reload result=') > before)
    last = server.log.rpartition('event=reload result=')[2]
    if not last.startswith(want):
        raise AssertionError('reload: ' + last[:200])


def check_answers(checks, pki):
    want = certificates((pki / 'sp.pem').read_text())
    good = ask('/sp.pem')
    tag, control = good.get('ETag'), good.get('Cache-Control')
    checks.same((good.status, good.get('Content-Type')), (200, CHAIN), 'the certificate')
    checks.same(certificates(good.text), want, 'is that of the file')
    checks.that(good.text.startswith('-----BEGIN CERTIFICATE-----\n') and 'PRIVATE' not in good.text, 'and nothing else', good.text)
    checks.that(tag and tag[0] == tag[-1] == '"' and len(tag) > 20, 'a strong ETag', tag)
    checks.same(control, 'public, max-age=3600', 'may be kept')
    head = ask('/sp.pem', 'HEAD')
    checks.same((head.status, head.body, head.get('Content-Length')), (200, b'', str(len(good.body))), 'HEAD')
    checks.same((head.get('ETag'), head.get('Content-Type')), (tag, CHAIN), 'HEAD: the same headers')

    rows = [  # If-None-Match
        (tag, 304), ('W/' + tag, 304), ('*', 304), ('"x", ' + tag, 304), ('"x",W/"y",' + tag + ',"z"', 304), (' ' + tag + ' ', 304),
        ('"x"', 200), (tag.strip('"'), 200), ('"', 200), (tag[:-1], 200), (tag.upper() if tag.upper() != tag else '"A"', 200),
        (',', 200), ('bad, ' + tag, 200), ('"' + tag + '"', 200),
    ]
    for value, status in rows:
        for method in 'GET', 'HEAD':
            answer = ask('/sp.pem', method, If_None_Match=value)
            checks.same(answer.status, status, '%s If-None-Match: %s' % (method, value))
            checks.same(len(answer.body), len(good.body) if status == 200 and method == 'GET' else 0, 'its body')
            checks.same((answer.get('ETag'), answer.get('Cache-Control')), (tag, control), 'its headers')
            checks.same(answer.get('Content-Length'), str(len(good.body)), 'its length, also of the body that is not there')
    rows = [  # lines of If-Match, lines of If-None-Match
        ([tag], [], 200), (['*'], [], 200), (['"x", ' + tag], [], 200), (['"x"', tag], [], 200), (['"x"'], [], 412), (['W/' + tag], [], 412),
        ([''], [], 412), ([tag], [tag], 304), (['"x"'], [tag], 412), ([], ['"x"', tag], 304), ([], [tag, '"x"'], 304), ([], ['"x"', '"y"'], 200),
        ([], ['"%s"' % ('x' * 40)] * 20 + [tag], 304), ([], ['"%s"' % ('x' * 40)] * 60 + [tag], 200),   # a list that no cache sends
    ]
    for only, known, status in rows:
        lines = ['If-Match: ' + v for v in only] + ['If-None-Match: ' + v for v in known]
        got = raw(b'/sp.pem', lines=lines)
        checks.same(got.split(b' ', 2)[1:2], [str(status).encode()], str(lines)[:200])
        checks.same(b'BEGIN' in got, status == 200, 'with a body or none')
    checks.same(ask('/nothing.pem', If_None_Match='*').status, 404, 'a condition on nothing')
    partial = ask('/sp.pem', Range='bytes=0-9')
    checks.same((partial.status, partial.body), (200, good.body), 'Range is not looked at')
    checks.same(ask('/sp.pem', If_Modified_Since='Fri, 01 Jan 2100 00:00:00 GMT').status, 200, 'nor If-Modified-Since')
    for method in 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS':
        answer = ask('/sp.pem', method, Content_Length='0')
        checks.same((answer.status, 'BEGIN' in answer.text), (405, False), method)
        checks.that('GET' in (answer.get('Allow') or ''), '%s: Allow' % method, answer.get('Allow'))
        for path in '/nothing.pem', '/v1/pub/nothing.pem':
            checks.same((ask(path, method, Content_Length='0').status, ask(path, method).status), (404, 404), '%s of nothing' % method)


def check_addresses(checks):
    for host in HOST, HOST.upper(), HOST + ':8080', HOST + '.', HOST + ':443':
        checks.same(ask('/sp.pem', host=host).status, 200, 'Host: ' + host)
    for host in '127.0.0.1', 'other.example', 'x.' + HOST, 'lab.example', 'localhost':
        checks.same(ask('/sp.pem', host=host).status, 404, 'Host: ' + host)
    checks.same(ask('/local.pem', host='localhost:8443').status, 200, 'an x5u of another host')
    checks.same(ask('/v1/pub/local.pem', host='whoever.example').status, 200, '/v1/pub/ has it by its name')
    checks.same(ask('/v1/pub/sp.pem').get('Content-Type'), CHAIN, '/v1/pub/: the same type')
    for path in '/v1/pub/nothing.pem', '/v1/pub/', '/v1/pub/x/sp.pem', '/v1/pub/redirector.yaml', '/v1/pub/sp.key':
        checks.same(ask(path).status, 404, path)


def check_files(checks, laboratory):
    """No path leads to a file."""
    folder = str(laboratory.pki / 'sp.key').encode()
    paths = [
        b'/sp.key', folder, b'/' + folder, b'/../sp.key', b'/sp.pem/../sp.key', b'/%2e%2e/sp.key', b'/..%2fsp.key',
        b'/%2e%2e%2f%2e%2e%2fetc%2fpasswd', b'/../../../../../../etc/passwd', b'/./sp.pem', b'//sp.pem', b'/sp.pem/', b'/sp%2epem',
        b'/sp.pem%00', b'/sp.pem%00.key', b'/SP.PEM', b'/sp.pem;x', b'/sp.pem\\..\\sp.key', b'/.', b'/..', b'/...', b'/%', b'/%zz',
        b'/v1/pub/../../sp.key', b'/v1/pub/%2e%2e/sp.key', b'/v1/pub/..', b'/v1/pub//sp.pem', b'/v1/pub/' + folder, b'/v1/pub/sp.pem/',
        b'file:///etc/passwd', b'/etc/passwd', b'/proc/self/environ', b'/\xff', b'/' + b'a' * 4000, b'/' + b'../' * 500 + b'etc/passwd',
        b'*', b'', b'http://' + HOST.encode() + b'/sp.key',
    ]
    for path in paths:
        got = raw(path)
        status = got.split(b' ', 2)[1:2]
        checks.that(status and status[0] in (b'400', b'404', b'414', b'431'), 'path %r' % path[:60], got[:200])
        checks.that(b'BEGIN' not in got and b'root:' not in got, 'path %r: nothing gets out' % path[:60], got[:200])


def check_strangers(checks):
    """Who is not in http.sources gets hosted certificates and nothing else."""
    mine = ask('/sp.pem')
    theirs = ask('/sp.pem', source=STRANGER)
    checks.same((theirs.status, theirs.body), (200, mine.body), 'a stranger gets the certificate')
    checks.same(ask('/v1/pub/sp.pem', source=STRANGER).status, 200, 'from /v1/pub/, too')
    for path in '/metrics', '/', '/live.json', '/readyz', '/stir/v1/signing', '/stir/v1/verification', '/ms/signing', '/v1/check', '/v1/sign-csv':
        for method in 'GET', 'POST':
            try:
                got = ask(path, method, source=STRANGER, Content_Length='0')
                checks.that(got.status in (401, 403, 404, 405), 'a stranger: %s %s' % (method, path), got.status)
                checks.that('shaken_' not in got.text, 'and learns nothing', got.text[:200])
            except (http.client.HTTPException, ConnectionError):
                checks.that(True, 'closed')
    def without_date(answer):
        return [line for line in answer.split(b'\r\n') if not line.startswith(b'Date:')]
    for method in 'GET', 'POST', 'OPTIONS', 'HEAD':
        nothing = without_date(raw(b'/nothing', method, source=STRANGER))
        for path in b'/metrics', b'/readyz', b'/stir/v1/signing', b'/ms/signing', b'/v1/check', b'/live.json', b'/ms/', b'/':
            checks.same(without_date(raw(path, method, source=STRANGER)), nothing, '%s %s: as if it was not there' % (method, path))


def signed(server):
    answer = server.peer().invite()
    return answer.get('Identity')


def check_fetched(checks, laboratory):
    """Sign here; elsewhere fetch the certificate from here, and verify."""
    pki = laboratory.pki
    tree = laboratory.settings(5070, certs_lab=True, certs_wait='15s', sip_deadline='15s', certs_timeout='15s', certs_resolve={HOST + ':443': '127.0.0.9'},
                               certs_tls_ca=str(pki / 'tls-ca.pem'), sign_check_x5u='refuse')
    tree['verify']['certificates'] = {}
    verifier = lab.Redirector(laboratory, tree, 'verifier')
    until('a look at our x5u', lambda: 'event=x5u ' in verifier.log)
    checks.that('result=same' in verifier.log.partition('event=x5u ')[2].split('\n')[0], 'sign.check-x5u finds it', verifier.log[-1000:])
    peer = lab.Peer(('127.0.0.1', 5070))
    for _ in range(2):
        token = signed(laboratory.processes[0])
        checks.same(peer.invite(identity=[token]).verstat, 'TN-Validation-Passed', 'verified with the certificate that is hosted')
    other = str(lab.Token(pki, 'untrusted'))
    checks.same(peer.invite(identity=[other]).verstat == 'TN-Validation-Passed', False, 'one that is not hosted')
    verifier.stop()


def check_command(checks, pki):
    for path, want in ('local.pem', 0), ('nothing.pem', 1):
        token = subprocess.run([lab.SHAKEN, 'sign', '--lab', '--key', pki / 'sp.key', '--x5u', 'https://localhost:8443/' + path, '--attest', 'A',
                                '--orig', lab.ORIG, '--dest', lab.DEST], capture_output=True, text=True, check=True).stdout
        run = subprocess.run([lab.SHAKEN, 'verify', '--lab', '--tls-ca', pki / 'tls-ca.pem', '--trust', pki / 'root.pem', '--orig', lab.ORIG,
                              '--dest', lab.DEST], input=token, capture_output=True, text=True, check=False)
        checks.same(run.returncode, want, 'shaken verify fetches %s: %s' % (path, run.stdout + run.stderr))


def check_rotation(checks, server, tree, pki):
    """The next certificate has its place from the reload on, long before it signs."""
    checks.same(ask('/next.pem').status, 404, 'nothing there yet')
    before = ask('/sp.pem')
    for setting, name in ('next-key', 'notyet.key'), ('next-certificate', 'notyet.pem'):
        tree['credentials']['default'][setting] = str(pki / name)
    tree['credentials']['default']['next-x5u'] = 'https://%s/next.pem' % HOST
    reload(server, tree)
    until('the next certificate', lambda: ask('/next.pem').status == 200)
    answer = ask('/next.pem')
    checks.same(certificates(answer.text), certificates((pki / 'notyet.pem').read_text()), 'the next certificate')
    checks.same(answer.get('Cache-Control'), 'public, max-age=3600', 'it may be kept')
    checks.same(lab.decode(signed(server))[0]['x5u'], 'https://%s/sp.pem' % HOST, 'the first one signs')
    checks.same(ask('/sp.pem').get('ETag'), before.get('ETag'), 'and is where it was')
    checks.same(ask('/sp.pem', If_None_Match=before.get('ETag')).status, 304, 'who has it has it')


def check_key_in_file(checks, server, tree, pki):
    """A certificate's file with a key in it is refused, and what is served does not change."""
    before = ask('/sp.pem').body
    served = pki.folder / 'served.pem'
    served.write_bytes((pki / 'sp.pem').read_bytes() + (pki / 'sp.key').read_bytes())
    checks.same(ask('/sp.pem').body, before, 'the file has a key now: nothing changes')
    run = subprocess.run([lab.DAEMON, '-c', server.config, '--check'], capture_output=True, text=True, check=False)
    checks.that(run.returncode != 0 and 'served.pem' in run.stdout + run.stderr, '--check names the file', run.stdout + run.stderr)
    reload(server, tree, 'failed')
    checks.same(ask('/sp.pem').body, before, 'a reload is refused, the old one is served')
    served.write_bytes((pki / 'sp.key').read_bytes())
    reload(server, tree, 'failed')
    checks.same(ask('/sp.pem').body, before, 'a key alone: the same')
    served.write_text('# issued in August\n' + (pki / 'sp.pem').read_text() + 'and a remark\n')
    reload(server, tree)
    answer = ask('/sp.pem')
    checks.same((answer.status, answer.body), (200, before), 'remarks are not served')
    served.unlink()
    checks.same(ask('/sp.pem').body, before, 'the file is gone: served until a reload')
    shutil.copy(pki / 'sp.pem', served)


def check_unreachable(checks, server, tree):
    """An x5u whose path is our own, or is refused: calls go on, --check and the log say it."""
    lost = tree['credentials']['lost']
    line = 'event=hosting result=unreachable x5u=%s left-out='

    def said(x5u, times):
        until('the log says %s' % x5u, lambda: server.log.count(line % x5u) == times)

    def check_says(x5u):
        run = subprocess.run([lab.DAEMON, '-c', server.config, '--check'], capture_output=True, text=True, check=False)
        checks.that(run.returncode == 0 and 'credentials.lost.x5u: "%s"' % x5u in run.stderr, '--check says it, and is content', run)

    said(lost['x5u'], 1)
    checks.that(ask('/healthz').get('Content-Type') != CHAIN, 'it is not there')
    checks.same(ask('/healthz', source=STRANGER).get('Content-Type'), CHAIN, 'but for who sees nothing of ours')
    check_says(lost['x5u'])
    reload(server, tree)
    said(lost['x5u'], 2)
    lost['x5u'] = 'https://%s/a/%%2e%%2e/e.pem' % HOST
    reload(server, tree)
    said(lost['x5u'], 1)
    checks.same(ask('/a/%2e%2e/e.pem').status, 400, 'it is not there')
    check_says(lost['x5u'])
    del tree['credentials']['lost']
    reload(server, tree)
    checks.same(server.log.count('result=unreachable'), 3, 'of no other')


def check_switch(checks, server, tree):
    tree['hosting']['serve'] = False
    reload(server, tree)
    until('switched off', lambda: ask('/sp.pem').status == 404)
    checks.same(ask('/v1/pub/sp.pem').status, 404, 'off: /v1/pub/, too')
    try:
        checks.that(ask('/sp.pem', source=STRANGER).status in (403, 404), 'off: a stranger')
    except (http.client.HTTPException, ConnectionError):
        checks.that(True, 'off: a stranger is not let in')
    tree['hosting'].update({'serve': True, 'max-age': '2m'})
    reload(server, tree)
    until('switched on', lambda: ask('/sp.pem').status == 200)
    checks.same(ask('/sp.pem').get('Cache-Control'), 'public, max-age=120', 'on again, with another max-age')


def check_tls(checks, pki):
    context = ssl.create_default_context(cafile=str(pki / 'tls-ca.pem'))
    answer = lab.http_request(8443, 'GET', '/local.pem', {'Host': 'localhost'}, tls=context, host='localhost')
    checks.same((answer.status, answer.get('Content-Type')), (200, CHAIN), 'by TLS')
    checks.same(lab.http_request(8443, 'GET', '/sp.key', {'Host': 'localhost'}, tls=context, host='localhost').status, 404, 'TLS: no key')


def test(laboratory, checks):
    pki = laboratory.pki
    shutil.copy(pki / 'sp.pem', pki.folder / 'served.pem')
    tree = laboratory.settings(
        http={'listen': ['http:127.0.0.1:%d' % PORT, 'https:127.0.0.1:8443', 'https:127.0.0.9:443'], 'certificate': str(pki / 'tls.pem'),
              'key': str(pki / 'tls.key'), 'sources': ['127.0.0.1/32']},
        hosting={'serve': True, 'max-age': '1h'}, certs_lab=True)
    del tree['sign']['key'], tree['sign']['certificate'], tree['sign']['x5u']
    tree['credentials'] = {
        'default': {'key': str(pki / 'sp.key'), 'certificate': str(pki.folder / 'served.pem'), 'x5u': 'https://%s/sp.pem' % HOST},
        'local': {'key': str(pki / 'sp.key'), 'certificate': str(pki / 'sp.pem'), 'x5u': 'https://localhost:8443/local.pem',
                  'numbers': ['+1999*']},
        'lost': {'key': str(pki / 'sp.key'), 'certificate': str(pki / 'sp.pem'), 'x5u': 'https://%s/healthz' % HOST, 'numbers': ['+1998*']},
    }
    server = lab.Redirector(laboratory, tree)
    server.wait_workers(1, web=1)
    until('HTTP', lambda: 'event=listen address=https:' in server.log)
    check_answers(checks, pki)
    check_addresses(checks)
    check_files(checks, laboratory)
    check_strangers(checks)
    check_tls(checks, pki)
    check_unreachable(checks, server, tree)
    check_command(checks, pki)
    check_fetched(checks, laboratory)
    check_rotation(checks, server, tree, pki)
    check_key_in_file(checks, server, tree, pki)
    check_switch(checks, server, tree)
    checks.that('PRIVATE' not in server.log, 'no key in the log')


if __name__ == '__main__':
    lab.main(test)
