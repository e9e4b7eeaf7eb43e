"""The load generator for HTTP: what it sends, and that each mistake in an answer is seen."""
import http.server
import socket
import subprocess
import threading

import lab
from lab import http_request

BLAST = lab.BUILD / 'bench' / 'http_blast'
PORT = 8080


def blast(port, bodies, *options, path='/v1/sign-csv', base=('--calls', 40, '--connections', 4, '--patience', 5)):
    command = [BLAST, '--to', '127.0.0.1:%d' % port, '--path', path, '--bodies', bodies, *base, *options]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def figures(run):
    return {k: float(v) for k, v in (word.split('=') for word in run.stdout.split())}


class Fake(threading.Thread):
    """Answers each request with the same bytes, in pieces, and may hang up then."""

    def __init__(self, answer, pieces=1, hangs_up=False):
        super().__init__(daemon=True)
        self.answer, self.pieces, self.hangs_up, self.asked = answer, pieces, hangs_up, []
        self.sock = socket.create_server(('127.0.0.1', 0))
        self.port = self.sock.getsockname()[1]
        self.start()

    def run(self):
        while True:
            threading.Thread(target=self.serve, args=(self.sock.accept()[0],), daemon=True).start()

    def serve(self, connection):
        text = b''
        try:
            while more := connection.recv(65536):
                text += more
                head, end, rest = text.partition(b'\r\n\r\n')
                length = int(head.lower().partition(b'content-length: ')[2].split(b'\r\n')[0]) if end else 0
                if not end or len(rest) < length:
                    continue
                self.asked.append((head, rest[:length]))
                text = rest[length:]
                size = -(-len(self.answer) // self.pieces)
                for at in range(0, len(self.answer), size):
                    connection.sendall(self.answer[at:at + size])
                if self.hangs_up:
                    break
        except OSError:
            pass
        connection.close()


def answer(status='200 OK', body='good day', length=None, more='', lines=''):
    return ('HTTP/1.1 %s\r\n%sContent-Length: %s\r\n\r\n%s%s' % (
        status, lines, len(body) if length is None else length, body, more)).encode()


def test_answers(checks, bodies):
    rows = [
        ('good', answer(), {}, [], 0),
        ('byte by byte', answer(), {'pieces': 999}, [], 0),
        ('no body', answer(body=''), {}, [], 0),
        ('a long one', answer(body='x' * 60000), {}, [], 0),
        ('other case', answer().replace(b'Content-Length', b'content-length'), {}, [], 0),
        ('the text that is wanted', answer(), {}, ['--want', 'good', '--want', 'day'], 0),
        ('another status that is wanted', answer('403 Forbidden'), {}, ['--status', '403'], 0),
        ('another status', answer('500 Oh'), {}, [], 1),
        ('HTTP/1.0', answer().replace(b'1.1', b'1.0'), {}, [], 1),
        ('another text', answer(), {}, ['--want', 'good night'], 1),
        ('the text in the head alone', answer(lines='X: night\r\n'), {}, ['--want', 'night'], 1),
        ('no length', b'HTTP/1.1 200 OK\r\n\r\ngood', {}, [], 1),
        ('chunks', b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n', {}, [], 1),
        ('a length that is none', answer(length='many'), {}, [], 1),
        ('a negative one', answer(length='-1'), {}, [], 1),
        ('a huge one', answer(length='999999999'), {}, [], 1),
        ('too few bytes', answer(length=50), {}, [], 1),
        ('too many', answer(more='x'), {}, [], 1),
        ('each answer twice', answer() * 2, {}, [], 1),
        ('a zero in the head', b'HTTP/1.1 200\0 OK\r\n\r\n', {}, [], 1),
        ('an endless head', b'HTTP/1.1 200 OK\r\nX: ' + b'x' * 70000, {}, [], 1),
        ('it hangs up', answer(), {'hangs_up': True}, [], 1),
        ('noise', b'hello\r\n\r\n', {}, [], 1),
    ]
    for what, text, how, options, status in rows:
        run = blast(Fake(text, **how).port, bodies, *options)
        checks.same(run.returncode, status, '%s: %s' % (what, (run.stdout + run.stderr)[-300:]))
        got = figures(run)
        checks.same(got['sent'], got['answered'] + got['wrong'] + got['lost'], what + ': all are counted')
        checks.that(status or got['answered'] == 40, what + ': all are answered', got)


def test_sent(checks, bodies):
    fake = Fake(answer())
    run = blast(fake.port, bodies, '--line', 'X-One: 1', '--line', 'X-Two: 2', '--connections', 1, path='/a/b')
    wanted = bodies.read_text().split('\n')[:-1]
    checks.same(run.returncode, 0, 'what is sent')
    checks.same([body.decode() for _, body in fake.asked], [wanted[n % len(wanted)] for n in range(40)], 'the bodies in turn')
    for head in {head for head, _ in fake.asked}:
        checks.that(head.startswith(b'POST /a/b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n' % fake.port), 'the request line', head)
        checks.that(b'\r\nX-One: 1\r\nX-Two: 2' in head, 'the lines', head)
    run = blast(fake.port, bodies, base=('--seconds', '2', '--rest', '--connections', 2))
    checks.that(run.returncode == 0 and figures(run)['answered'] > 1, 'by time', run.stdout + run.stderr)


def test_refused(checks, bodies, folder):
    empty = folder / 'empty'
    empty.write_text('')
    good = ('--calls', 1)
    rows = [
        ('nobody there', 3, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', bodies, *good]),
        ('no bodies', 2, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', empty, *good]),
        ('no such file', 2, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', folder / 'none', *good]),
        ('nobody to ask', 2, ['--path', '/', '--bodies', bodies, *good]),
        ('a name', 2, ['--to', 'localhost:80', '--path', '/', '--bodies', bodies, *good]),
        ('no path', 2, ['--to', '127.0.0.1:1', '--bodies', bodies, *good]),
        ('half a path', 2, ['--to', '127.0.0.1:1', '--path', 'x', '--bodies', bodies, *good]),
        ('no end', 2, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', bodies]),
        ('no connection', 2, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', bodies, *good, '--connections', 0]),
        ('too many', 2, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', bodies, *good, '--connections', 1001]),
        ('an unknown option', 2, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', bodies, *good, '--what']),
        ('too many lines', 2, ['--to', '127.0.0.1:1', '--path', '/', '--bodies', bodies, *good] + ['--line', 'X: y'] * 9),
    ]
    for what, status, arguments in rows:
        run = subprocess.run([str(word) for word in [BLAST, *arguments]], capture_output=True, text=True)
        checks.same(run.returncode, status, what + ': ' + run.stderr[-200:])


def test_real(laboratory, checks, bodies):
    """The redirector, and a server of another make."""
    server = laboratory.redirector(http_listen=['http:127.0.0.1:%d' % PORT], clients={'bench': {'sources': ['127.0.0.0/8']}})
    one = http_request(PORT, 'POST', '/v1/sign-csv', body=bodies.read_text().split('\n')[0])
    checks.that(one.status == 200 and 'ppt=shaken' in one.text, 'one question', one.text)
    run = blast(PORT, bodies, '--want', 'ppt=shaken')
    checks.same((run.returncode, figures(run)['answered']), (0, 40), 'signed: ' + run.stderr[-300:])
    run = blast(PORT, bodies, '--want', 'ppt=div')
    checks.same((run.returncode, figures(run)['wrong']), (1, 40), 'not what is wanted')
    server.stop()

    class Hello(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_POST(self):
            body = self.rfile.read(int(self.headers['Content-Length']))
            self.send_response(200)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    other = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Hello)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    run = blast(other.server_address[1], bodies, '--want', ',A,')
    checks.same((run.returncode, figures(run)['answered']), (0, 40), 'an echo: ' + run.stderr[-300:])
    other.shutdown()


def test(laboratory, checks):
    bodies = laboratory.folder / 'bodies'
    bodies.write_text(''.join('1215555%04d,14045550100,A,123e4567-e89b-12d3-a456-426655440000,%ssp.pem\n' % (n, lab.X5U_BASE)
                              for n in range(7)))
    test_answers(checks, bodies)
    test_sent(checks, bodies)
    test_refused(checks, bodies, laboratory.folder)
    test_real(laboratory, checks, bodies)


if __name__ == '__main__':
    lab.main(test)
