"""How connections of HTTP end: what was answered is sent, what waits is told, and none is counted for ever."""
import http.client
import os
import signal
import socket
import threading

import lab
from lab import http_request
from test_web_process import HEALTH, HTTP, answers, start, until

ASKS = {'http_apis': ['secsipidx'], 'clients': {'a': {'sources': ['127.0.0.1']}}}
SLOW = {'certs_lab': True, 'certs_wait': '30s', 'certs_timeout': '60s', 'sip_deadline': '30s', 'http_deadline': '30s'}
OPEN = 'shaken_http_connections %d\n'


def slow_identity(laboratory, repository):
    token = lab.Token(laboratory.pki)
    token.header['x5u'] = 'https://127.0.0.1:%d/sp.pem' % repository
    token.params[0] = 'info=<%s>' % token.header['x5u']
    return str(token)


def ask_in_thread(identity):
    """@return a list that the answer comes into: a status, or what went wrong"""
    got = []

    def ask():
        try:
            got.append(http_request(HTTP, 'POST', '/v1/check', {}, identity).status)
        except (OSError, http.client.HTTPException) as why:
            got.append(why)
    threading.Thread(target=ask, daemon=True).start()
    return got


def test_told(lab_, checks):
    """A question waits for a certificate when the time to drain is over: it gets an answer."""
    silent = socket.create_server(('127.0.0.1', 0), backlog=8)
    silent.settimeout(lab.PATIENCE)
    server = start(lab_, sip_drain='0ms', **ASKS, **SLOW)
    identities = [slow_identity(lab_, silent.getsockname()[1]) for _ in range(4)]
    got = [ask_in_thread(identity) for identity in identities]
    held = silent.accept()[0]
    until('all four wait', lambda: 'shaken_calls_waiting 4\n' in http_request(HTTP, path='/metrics').text)
    server.send_signal(signal.SIGTERM)
    until('all are answered', lambda: all(got))
    checks.same(got, [[503]] * 4, 'who waits is told')
    held.close()
    silent.close()
    checks.same(server.stop(), 0, 'it ends')


def test_sent(lab_, checks):
    """The whole answer lies with the kernel when the service ends; the client takes it when it likes."""
    server = start(lab_)
    late = socket.socket()
    late.settimeout(lab.PATIENCE)
    late.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)      # what it has not read lies with the service's kernel
    late.connect(('127.0.0.1', HTTP))
    late.sendall(b'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
    head = late.recv(20, socket.MSG_PEEK)
    checks.same(head[:12], b'HTTP/1.1 200', 'an answer')
    checks.same(server.stop(), 0, 'it ends')
    answer = http.client.HTTPResponse(late)
    answer.begin()
    try:
        body = answer.read()
    except (OSError, http.client.HTTPException) as why:
        body = b'cut: %r' % why
    checks.that(b'# TYPE shaken_build_info' in body and body.endswith(b'\n'), 'all of it', (len(body), body[:60]))
    late.close()


def test_counted(lab_, checks):
    """The connections of one that was killed are none any more."""
    server = start(lab_)
    held = [socket.create_connection(('127.0.0.1', HTTP), lab.PATIENCE) for _ in range(5)]
    until('they are counted', lambda: OPEN % 6 in http_request(HTTP, path='/metrics').text)
    web = server.web()[0]
    os.kill(web, signal.SIGKILL)
    until('another one', lambda: server.web() not in ([], [web]) and answers() == 200)
    until('and they are not', lambda: OPEN % 1 in http_request(HTTP, path='/metrics').text)
    for connection in held:
        connection.close()
    checks.same(server.stop(), 0, 'it ends')
    checks.same(server.log.count('result=died'), 1, 'one died')


def test_health_has_room(lab_, checks):
    """Whoever has all the connections that one address may have does not keep health out."""
    server = start(lab_, http_per_source=3)
    held = [socket.create_connection(('127.0.0.1', HTTP), lab.PATIENCE) for _ in range(3)]
    until('there is no more room', lambda: answers() is None)
    checks.same(answers(HEALTH), 200, 'health')
    checks.same(http_request(HEALTH, path='/readyz').status, 200, 'ready')
    for connection in held:
        connection.close()
    until('there is room again', lambda: answers() == 200)
    checks.same(server.stop(), 0, 'it ends')


def is_refused(port):
    try:
        socket.create_connection(('127.0.0.1', port), lab.PATIENCE).close()
    except ConnectionError:
        return True
    return False


def test_refused(lab_, checks):
    """One request is on its way when all others have ended: who comes now hears at once that nobody is there."""
    server = start(lab_, sip_drain='30s', http_deadline='30s', http_request_time='60s')
    held = socket.create_connection(('127.0.0.1', HTTP), lab.PATIENCE)
    held.settimeout(lab.PATIENCE)
    held.sendall(b'GET /healthz HTTP/1.1\r\nHost: a\r\n')
    until('it is taken', lambda: OPEN % 2 in http_request(HTTP, path='/metrics').text)
    server.send_signal(signal.SIGTERM)
    for port in (HTTP, HEALTH):
        until('port %d refuses' % port, lambda port=port: is_refused(port))
    server.wait_log('worker=web event=drain', 'it is told, too')        # of two processes, the supervisor refuses first
    held.sendall(b'\r\n')
    try:
        answer = held.recv(65536)
    except ConnectionError as why:
        answer = repr(why).encode()
    checks.same(answer[:12], b'HTTP/1.1 200', 'the one on its way is answered')
    checks.that(b'\r\nConnection: close\r\n' in answer, 'and ends', answer)
    held.close()
    checks.same(server.stop(), 0, 'it ends')


def test(lab_, checks):
    for step in (test_told, test_sent, test_counted, test_health_has_room, test_refused):
        step(lab_, checks)


if __name__ == '__main__':
    lab.main(test)
