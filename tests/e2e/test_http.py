"""The HTTP server: methods, connections, bodies, refusals, limits, times, TLS, reloads, its end."""
import signal
import socket
import ssl
import threading
import time

import lab
from http_lab import Driver, Raw, codes, one
from lab import http_ask, http_connection, http_request
from tls_lab import Authority, context

PLAIN, SECURE, HEALTH, SIX = 8080, 8443, 8060, 8086
JSON = {'Content-Type': 'application/json'}


def get(path='/get', *lines, version='HTTP/1.1'):
    rows = ['GET %s %s' % (path, version), 'Host: a'] + list(lines)
    return ('\r\n'.join(rows) + '\r\n\r\n').encode()


def post(body, *lines, path='/echo', length=True):
    rows = ['POST %s HTTP/1.1' % path, 'Host: a', 'Content-Type: application/json'] + list(lines)
    rows += ['Content-Length: %d' % len(body)] if length else []
    return ('\r\n'.join(rows) + '\r\n\r\n').encode() + body


def chunks(*pieces, end=b'0\r\n\r\n'):
    return b''.join(b'%x\r\n%s\r\n' % (len(p), p) for p in pieces) + end


def methods(checks):
    c = http_connection(PLAIN)
    for method, path, body, headers, want in (
            ('GET', '/get', None, {}, 200), ('GET', '/below/it', None, {}, 200), ('GET', '/below/', None, {}, 200),
            ('GET', '/below', None, {}, 404), ('GET', '/get/', None, {}, 404), ('GET', '/', None, {}, 404),
            ('GET', '/GET', None, {}, 404), ('GET', '/get%20', None, {}, 404), ('GET', '/get?x=1', None, {}, 200),
            ('POST', '/echo', '{}', JSON, 200), ('POST', '/get', '{}', JSON, 405), ('GET', '/echo', None, {}, 405),
            ('PUT', '/echo', '{}', JSON, 405), ('DELETE', '/get', None, {}, 405), ('TRACE', '/get', None, {}, 405),
            ('OPTIONS', '/get', None, {}, 405), ('PATCH', '/nothing', '{}', JSON, 404), ('get', '/get', None, {}, 405),
            ('POST', '/echo', '{}', {}, 415), ('POST', '/echo', '{}', {'Content-Type': 'text/json'}, 415),
            ('POST', '/echo', '{}', {'Content-Type': 'application/json; charset=utf-8'}, 200),
            ('POST', '/echo', '{}', {'Content-Type': 'APPLICATION/JSON'}, 200),
            ('POST', '/echo', '{}', dict(JSON, Accept='text/html'), 406),
            ('POST', '/echo', '{}', dict(JSON, Accept='text/html, */*;q=0.1'), 200),
            ('POST', '/echo', '{}', dict(JSON, Accept='*/*, application/json;q=0'), 406),
            ('POST', '/echo', 'x' * 65536, JSON, 200)):
        got = http_ask(c, method, path, headers, body)
        what = '%s %s %s' % (method, path, headers)
        checks.same(got.status, want, what)
        checks.that(got.get('Date') and got.get('Content-Length') is not None, what + ': Date and length')
        checks.same(got.get('X-Content-Type-Options'), 'nosniff', what + ': no sniffing')
        checks.same(got.get('Server'), None, what + ': no banner')
        if want == 405:
            checks.same(got.get('Allow'), 'POST' if path == '/echo' else 'GET, HEAD', what + ': Allow')
    checks.that(c.sock, 'all on one connection')
    for path, want, length in (('/get', 200, '4'), ('/nothing', 404, '23'), ('/echo', 405, '37')):
        got = http_ask(c, 'HEAD', path)
        checks.same((got.status, got.body, got.get('Content-Length')), (want, b'', length), 'HEAD ' + path)
    c.close()


def connections(checks):
    for raw, count, what in (
            (get() * 3, None, 'kept by itself'), (get('/get', 'Connection: close') + get(), 1, 'closed when asked'),
            (get('/get', 'connection: CLOSE'), 1, 'in any case'), (get(version='HTTP/1.0') + get(), 1, 'HTTP/1.0'),
            (get('/get', 'Connection: keep-alive', version='HTTP/1.0') * 2, None, 'HTTP/1.0 that asks')):
        c = Raw(PLAIN)
        c.say(raw)
        got = c.until(count or raw.count(b'GET'))
        checks.same(codes(got), [200] * (count or raw.count(b'GET')), what)
        if count:
            checks.same(len(c.rest()), count, what + ': and ended')
        else:
            checks.same(codes(c.ask(get())), [200], what + ': and there')
        c.close()


def pipelining(checks):
    c = Raw(PLAIN)
    paths = ['/slow', '/get', '/nothing', '/get', '/slow', '/get']
    c.say(b''.join(get(p) for p in paths) + post(b'"1"') + post(b'"22"'))
    got = c.until(8)
    checks.same(codes(got), [200, 200, 404, 200, 200, 200, 200, 200], 'pipelined: in order')
    checks.same([a[2] for a in got[6:]], [b'"1"', b'"22"'], 'pipelined: bodies')
    c.say(get() * 400)
    c.got = b''
    checks.same(codes(c.until(400)), [200] * 400, '400 pipelined')
    c.close()


def bodies(checks):
    body = b'{"a":"%s"}' % (b'b' * 3000)
    for name, raw, want in (
            ('in one', chunks(body), body), ('in many', chunks(*[body[n:n + 7] for n in range(0, len(body), 7)]), body),
            ('with an extension', b'1;x=y\r\n1\r\n0\r\n\r\n', b'1'), ('with trailers', chunks(b'1', end=b'0\r\nX-Say: no\r\n\r\n'), b'1'),
            ('empty', chunks(), b'')):
        c = Raw(PLAIN)
        c.say(post(b'', 'Transfer-Encoding: chunked', length=False) + raw + get())
        got = c.rest()
        checks.same(codes(got), [200], 'chunks ' + name)
        checks.same(got[0][2], want, 'chunks %s: the body' % name)
        checks.same(got[0][1].get('connection'), 'close', 'chunks %s: nothing follows' % name)
        c.close()
    for name, raw in (('a minus', b'-1\r\n1\r\n0\r\n\r\n'), ('0x', b'0x1\r\n1\r\n0\r\n\r\n'), ('no number', b'g\r\n1\r\n0\r\n\r\n'),
                      ('too many digits', b'11111111111111111\r\n1\r\n0\r\n\r\n'), ('no end of a chunk', b'1\r\n11\r\n0\r\n\r\n')):
        got = one(PLAIN, post(b'', 'Transfer-Encoding: chunked', length=False) + raw)
        checks.that(200 not in codes(got), 'chunks with %s' % name, codes(got))
    for name, raw, want in (
            ('by its length', post(b'x' * 65537), 413), ('said alone', post(b'')[:-5] + b'1000000000\r\n\r\n', 413),
            ('by chunks', post(b'', 'Transfer-Encoding: chunked', length=False) + chunks(b'x' * 40000, b'x' * 40000), 413)):
        got = one(PLAIN, raw)
        checks.same(codes(got), [want], 'too long ' + name)
        checks.same(got[0][1].get('connection'), 'close', 'too long %s: and ended' % name)
    got = one(PLAIN, post(b'', 'Transfer-Encoding: chunked', length=False) + chunks(*[b'x' * 65536] * 200))
    checks.that(len(got) < 2 and 200 not in codes(got), 'chunks without end', codes(got))
    checks.same(codes(one(PLAIN, post(b'', 'Connection: close', length=False))), [411], 'no length')


def expecting(checks):
    def ask(*lines, path='/echo', length=2):
        c = Raw(PLAIN)
        c.say(post(b'', 'Expect: 100-continue', *lines, path=path, length=False)[:-2] + b'Content-Length: %d\r\n\r\n' % length)
        first = c.until(1)
        if codes(first) == [100]:
            c.got = b''
            c.say(b'{}')
            first = c.until(1)
            c.close()
            return [100] + codes(first)
        c.close()
        return codes(first)
    checks.same(ask(), [100, 200], '100-continue')
    checks.same(ask(length=65537), [413], '100-continue: too long is said first')
    checks.same(ask('Accept: text/html'), [406], '100-continue: not acceptable is said first')
    checks.same(ask(path='/nothing'), [404], '100-continue: no such path is said first')
    checks.same(ask(path='/get'), [405], '100-continue: no such method is said first')


def doors(checks, driver):
    checks.same(http_request(HEALTH, path='/healthz').status, 200, 'health')
    for path in ('/get', '/open', '/nothing'):
        checks.same(http_request(HEALTH, path=path).status, 404, 'health: not ' + path)
    checks.same(http_request(SIX, path='/get', host='::1').status, 200, 'IPv6')
    driver.reload(sources=['127.0.0.0/8'])
    refused(checks, SIX, 'IPv6 that may not', host='::1')
    driver.reload(sources=['127.0.0.2'])
    refused(checks, PLAIN, 'a stranger')
    checks.same(http_request(HEALTH, path='/healthz').status, 200, 'health has no strangers')
    c = Raw(PLAIN, source='127.0.0.2')
    checks.same(codes(c.ask(get())), [200], 'no stranger')
    c.close()
    kept = Raw(PLAIN, source='127.0.0.2')
    for sources, path, want in (('2', '/get', 200), ('3', '/get', 404), ('3', '/open', 200), ('2', '/get', 200)):
        driver.reload(sources=['127.0.0.' + sources], hosting=True)
        checks.same(codes(kept.ask(get(path))), [want], 'a reload counts for one that is kept: %s of %s' % (path, sources))
    driver.reload(sources=['127.0.0.3'])
    kept.say(get())
    checks.same((kept.rest()[1:], kept.close()), ([], None), 'it is closed when its address may not any more')
    driver.reload(sources=['127.0.0.2'], hosting=True)
    for path, want in (('/open', 200), ('/get', 404), ('/nothing', 404), ('/healthz', 404)):
        checks.same(http_request(PLAIN, path=path).status, want, 'a stranger, for certificates: ' + path)
    checks.that(driver.counts()['closed_source'] >= 2, 'strangers are counted')
    driver.reload()


def refused(checks, port, what, **how):
    try:
        c = Raw(port, **how)
        c.say(get())
        checks.same(c.rest(), [], what + ': closed')
        c.close()
    except ConnectionError:
        checks.that(True, what)


def limits(checks, driver):
    driver.reload(per_source=3, connections=5, sources=['127.0.0.0/8'])
    held = [Raw(PLAIN) for _ in range(3)]
    checks.same([codes(c.ask(get())) for c in held], [[200]] * 3, 'three of one address')
    refused(checks, PLAIN, 'the fourth')
    held += [Raw(PLAIN, source='127.0.0.2') for _ in range(2)]
    checks.same([codes(c.ask(get())) for c in held[3:]], [[200]] * 2, 'two of another')
    refused(checks, PLAIN, 'the sixth of all', source='127.0.0.3')
    held.pop().close()
    lab_wait(lambda: driver.counts()['open'] == 4)
    held.append(Raw(PLAIN, source='127.0.0.3'))
    checks.same(codes(held[-1].ask(get())), [200], 'one has gone, one may come')
    for c in held:
        c.close()
    checks.that(driver.counts()['closed_full'] >= 2, 'full is counted')
    lab_wait(lambda: driver.counts()['open'] == 0)
    driver.reload(per_source=3, connections=5, sources=['127.0.0.1'], hosting=True)
    held = [Raw(PLAIN, source='127.0.0.2') for _ in range(3)]
    checks.same([codes(c.ask(get('/open'))) for c in held], [[200]] * 3, 'three strangers')
    refused(checks, PLAIN, 'strangers may have half', source='127.0.0.3')
    held += [Raw(PLAIN) for _ in range(2)]
    checks.same([codes(c.ask(get())) for c in held[3:]], [[200]] * 2, 'the others are for those who are listed')
    checks.same([c.close() for c in held], [None] * 5, 'all go')
    driver.reload(rate=1, burst=5)
    lab_wait(lambda: driver.counts()['open'] == 0)
    c = Raw(PLAIN)
    got = [c.ask(get())[0] for _ in range(20)]
    checks.that(codes(got)[:5] == [200] * 5 and 429 in codes(got), 'the rate', codes(got))
    late = [a for a in got if a[0] == 429]
    checks.that(late and late[0][1].get('retry-after'), 'the rate: Retry-After')
    checks.that(driver.counts()['limited'] >= len(late), 'the rate is counted')
    c.close()
    driver.reload(header_max=2048)
    checks.same(codes(one(PLAIN, get('/get', 'X: ' + 'y' * 12000)))[:1], [431], 'a head over the smaller limit')
    checks.same(codes(one(PLAIN, get('/get', 'Connection: close', 'X: ' + 'y' * 1500))), [200], 'and one under it')
    for size, want in ((1900, [200]), (2100, [431]), (3000, [431]), (6000, [431])):
        before = driver.counts()['malformed']
        c = Raw(PLAIN)
        c.say(get('/get', 'X: ' + 'y' * size) + get())
        got = c.rest() if want == [431] else c.until(2)
        checks.same(codes(got), want if want == [431] else [200, 200], 'a head of %d bytes and some, 2048 allowed' % size)
        checks.same(driver.counts()['malformed'] - before, len(want) if want == [431] else 0, 'is counted')
        c.close()
    # up to what libmicrohttpd has room for beside: a refusal or none, never an answer of a handler
    for size in range(8000, 11000, 150):
        checks.that(codes(one(PLAIN, get('/get', 'X: ' + 'y' * size))) in ([431], []), 'a head of %d bytes' % size)
    driver.reload()
    for size, want in ((16200, 200), (16400, 431), (20000, 431)):
        checks.same(codes(one(PLAIN, get('/get', 'Connection: close', 'X: ' + 'y' * size))), [want], 'by default: %d' % size)
    driver.reload(header_max=65536)
    checks.same(codes(one(PLAIN, get('/get', 'Connection: close', 'X: ' + 'y' * 40000))), [200], 'a larger limit')
    checks.same(codes(one(PLAIN, get('/get', 'X: ' + 'y' * 200000)))[:1], [431], 'and one over it')
    driver.reload()


def lab_wait(test):
    end = time.monotonic() + lab.PATIENCE
    while not test() and time.monotonic() < end:
        time.sleep(0.02)
    return test()


def quick():
    """@return A connection that has got an answer: on a slow machine it may be cut before it has asked"""
    for _ in range(50):
        c = Raw(PLAIN)
        if codes(c.ask(get())) == [200]:
            return c
        c.close()
    return None


def times(checks, driver):
    driver.reload(request_time='400ms', idle='900ms', send_time='400ms', deadline='100ms')
    silent, half, body, kept = (Raw(PLAIN) for _ in range(4))
    half.say(get()[:20])
    body.say(post(b'{}')[:-1])
    idle = quick()
    checks.that(idle, 'idle: answered')
    for c, what in ((silent, 'one that says nothing'), (half, 'half a head'), (body, 'half a body'), (idle, 'an idle one')):
        c.got = b''
        checks.same(c.rest(), [], what + ' is closed')
        c.close()
    kept.close()

    def drips(first, what):
        """A byte now and then puts nothing off."""
        c = Raw(PLAIN)
        c.sock.settimeout(0.1)
        if first:
            c.say(first)
        end, closed = time.monotonic() + lab.PATIENCE, False
        while not closed and time.monotonic() < end:
            c.say(b'X')
            try:
                closed = not c.more()
            except TimeoutError:
                pass
        checks.that(closed, what)
        c.close()
    drips(b'', 'a dripping first line')
    drips(get()[:-2], 'a dripping head')
    drips(post(b'', length=False)[:-2] + b'Content-Length: 60000\r\n\r\n', 'a dripping body')
    drips(get(), 'a dripping second request')
    checks.that(driver.counts()['timed_out'] >= 6, 'they are counted', driver.counts())

    driver.reload(request_time='60s', idle='60s', send_time='400ms')
    before = driver.counts()['timed_out']
    c = Raw(PLAIN)
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.say(get('/big'))
    checks.that(driver.wait_count('timed_out', before + 1) > before, 'who takes no answer is cut')
    c.close()
    driver.reload(deadline='100ms')
    c = Raw(PLAIN)
    got = c.ask(get('/late'))
    checks.same(codes(got), [503], 'nobody answers')
    checks.that(got[0][1].get('retry-after'), 'nobody answers: Retry-After')
    checks.same(codes(c.ask(get())), [200], 'and the connection goes on')
    c.say(get('/late'))
    c.close()
    checks.same(driver.wait_count('late', 2), 2, 'nobody answers, and nobody waits')
    c = Raw(PLAIN)
    c.say(get('/slow'))
    c.close()
    checks.that(lab_wait(lambda: driver.counts()['open'] == 0), 'whoever has gone meanwhile is forgotten')
    driver.reload()


def half_closed(checks, driver):
    """Who closes his side with the request is answered, and holds no place until http.idle."""
    driver.reload(idle='600s')
    for raw, count in ((get(), 1), (get() * 3, 3), (post(b'{}'), 1), (get('/get', 'Connection: close'), 1), (get('/big'), 1)):
        clients = [Raw(PLAIN) for _ in range(5)]
        for c in clients:
            c.say(raw)
            c.sock.shutdown(socket.SHUT_WR)
        for c in clients:
            checks.same(codes(c.rest()), [200] * count, 'half closed: answered and ended: %r' % raw[:30])
            c.close()
    checks.that(lab_wait(lambda: driver.counts()['open'] == 0), 'half closed: none is left', driver.counts())
    driver.reload()


def counted(checks, driver):
    """What libmicrohttpd refuses by itself, and what we do: each once."""
    for what, raw in (('no Host', b'GET /get HTTP/1.1\r\n\r\n'), ('a sign', post(b'')[:-5] + b'+5\r\n\r\n12345'),
                      ('20 digits', post(b'')[:-5] + b'18446744073709551617\r\n\r\n'), ('a head too long', get('/get', 'X: ' + 'y' * 30000)),
                      ('no chunk', post(b'', 'Transfer-Encoding: chunked', length=False) + b'g\r\n1\r\n0\r\n\r\n'),
                      ('two lengths', post(b'', 'Content-Length: 0')), ('a fold', get('/get', 'X: y', ' z'))):
        before = driver.counts()['malformed']
        got = codes(one(PLAIN, raw))
        checks.that(got and 400 <= got[0] < 500, what + ': refused', got)
        checks.same(driver.wait_count('malformed', before + 1), before + 1, what + ': counted once')
    before = driver.counts()['malformed']
    for raw in (get(), get()[:20], post(b'{}')[:-1], b'', get('/nothing'), post(b'x' * 70000)):
        c = Raw(PLAIN)
        c.say(raw)
        c.close()
    checks.that(lab_wait(lambda: driver.counts()['open'] == 0), 'they are gone')
    checks.same(driver.counts()['malformed'], before, 'who goes away is not malformed')


def plain_test(home, checks):
    driver = Driver(home, 'http:%d' % PLAIN, 'health:%d' % HEALTH, 'http6:%d' % SIX)
    for part in (methods, connections, pipelining, bodies, expecting):
        part(checks)
    for part in (doors, limits, times, half_closed, counted):
        part(checks, driver)
    idle, busy = Raw(PLAIN), Raw(PLAIN)
    idle.ask(get())
    busy.say(get('/held'))
    driver.wait_log('held\n', 'one that waits')
    checks.that(lab_wait(lambda: driver.counts()['open'] == 2), 'two are there')
    driver.send_signal(signal.SIGTERM)
    idle.got = b''
    checks.same(idle.rest(), [], 'the end: an idle one is closed')
    got = busy.rest()
    checks.same(codes(got), [200], 'the end: one that waits is answered')
    checks.same(got and got[0][1].get('connection'), 'close', 'the end: and closed')
    idle.close()
    busy.close()
    checks.same(driver.stop(), 0, 'the end')


def secure_settings(folder, pem, key, **more):
    return dict(certificate=str(pem), key=str(key), **more)


def says(how, path='/get'):
    """The status, or 'refused'."""
    try:
        return http_request(SECURE, path=path, tls=how).status
    except (ssl.SSLError, ConnectionError, OSError):
        return 'refused'


def secure_test(home, checks):
    ours, other = Authority(home.folder / 'ours'), Authority(home.folder / 'other', 'else')
    pem, key = ours.issue('server', 'DNS:a')
    pem2, key2 = ours.issue('again', 'DNS:a')
    clients = {
        'none': None, 'good': ours.issue('good', 'DNS:client.example', usage='clientAuth'),
        'any purpose': ours.issue('plain', 'DNS:client.example'),
        'for servers': ours.issue('wrong', 'DNS:client.example', usage='serverAuth'),
        'ended': ours.issue('ended', 'DNS:client.example', when='2020-01-01', days=1),
        'of another': other.issue('stranger', 'DNS:client.example', usage='clientAuth')}
    settings = secure_settings(home.folder, pem, key)
    driver = Driver(home, 'https:%d' % SECURE, name='secure', **settings)
    checks.same(says(context(ours)), 200, 'https')
    checks.same(says(context(other)), 'refused', 'https: the client looks at us, too')
    for version, want in ((ssl.TLSVersion.TLSv1_2, 200), (ssl.TLSVersion.TLSv1_3, 200), (ssl.TLSVersion.TLSv1_1, 'refused'),
                          (ssl.TLSVersion.TLSv1, 'refused')):
        checks.same(says(context(ours, version=version)), want, 'https: %s' % version.name)
    how = context(ours)
    how.set_alpn_protocols(['h2', 'http/1.1'])
    c = http_connection(SECURE, tls=how)
    checks.same((http_ask(c, path='/get').status, c.sock.selected_alpn_protocol()), (200, 'http/1.1'), 'ALPN')
    before = c.sock.getpeercert()['serialNumber']
    checks.same(c.sock.session_reused, False, 'nothing is resumed')

    driver.reload(**secure_settings(home.folder, pem2, key2))
    checks.same(http_ask(c, path='/get').status, 200, 'a new certificate: the old connection goes on')
    fresh = http_connection(SECURE, tls=context(ours))
    checks.same(http_ask(fresh, path='/get').status, 200, 'a new certificate: a new connection')
    checks.that(fresh.sock.getpeercert()['serialNumber'] != before, 'a new certificate: it is shown')
    now = fresh.sock.getpeercert()['serialNumber']
    for what, bad in (('the key of another', (pem, key2)), ('no file', (home.folder / 'none.pem', key)),
                      ('no certificate', (key2, key2)), ('no key', (pem2, pem2)),
                      ('ended', (clients['ended'][0], clients['ended'][1])),
                      ('for clients', (clients['good'][0], clients['good'][1]))):
        why = driver.reload(good=False, **secure_settings(home.folder, *bad))
        checks.that('http.' in why, 'a reload with %s: refused' % what, why)
    key2.chmod(0o644)
    checks.that('http.key' in driver.reload(good=False, **secure_settings(home.folder, pem2, key2)), 'a key that all may read')
    key2.chmod(0o600)
    again = http_connection(SECURE, tls=context(ours))
    http_ask(again, path='/get')
    checks.same(again.sock.getpeercert()['serialNumber'], now, 'a bad reload: nothing changed')
    for x in (c, fresh, again):
        x.close()

    table = {  # http.clients, with http.client-ca
        ('any', True): {'none': 200, 'good': 200, 'any purpose': 200, 'for servers': 200, 'ended': 200, 'of another': 200},
        ('asked', True): {'none': 200, 'good': 200, 'any purpose': 200},
        ('required', True): {'good': 200, 'any purpose': 200},
        ('any', False): dict.fromkeys(clients, 200)}
    for (asked, ca), row in table.items():
        more = {'client_ca': str(ours.pem)} if ca else {}
        driver.reload(**secure_settings(home.folder, pem, key, clients=asked, **more))
        for name, client in clients.items():
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                got = says(context(ours, client, version=version))
                checks.same(got, row.get(name, 'refused'), 'clients %s, CA %s: %s by %s' % (asked, ca, name, version.name))
    driver.reload(**secure_settings(home.folder, pem, key, version='1.3'))
    checks.same(says(context(ours, version=ssl.TLSVersion.TLSv1_2)), 'refused', '1.3 alone')
    checks.same(says(context(ours, version=ssl.TLSVersion.TLSv1_3)), 200, '1.3 alone: 1.3')
    checks.that(driver.counts()['tls_failed'] >= 10, 'failed handshakes are counted', driver.counts())

    driver.reload(**settings)
    c = Raw(SECURE, tls=context(ours))
    c.say(get() * 100 + post(b'x' * 60000) + get('/big'))
    got = c.until(102)
    checks.same((codes(got), len(got[-1][2])), ([200] * 102, 4 << 20), 'https: pipelined, and large')
    c.close()
    results = []
    threads = [threading.Thread(target=lambda: results.append(says(context(ours), '/slow'))) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    checks.same(results, [200] * 20, 'https: twenty at once')
    checks.same(driver.stop(), 0, 'https: the end')


def test(home, checks):
    plain_test(home, checks)
    secure_test(home, checks)


if __name__ == '__main__':
    lab.main(test)
