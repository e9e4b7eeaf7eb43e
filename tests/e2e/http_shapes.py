"""Requests that two readers might see differently: what is sent, and what must come of it.

Each shape is (name, bytes, statuses).  What it hides behind itself is a request for SMUGGLED; an
answer to that would mean that two requests were read where one was sent, or the other way round.
"""
SMUGGLED = b'/healthz?smuggled'
BEHIND = b'GET ' + SMUGGLED + b' HTTP/1.1\r\nHost: a\r\n\r\n'


def post(*lines, body=b'', end=b'\r\n', first=b'POST /v1/check HTTP/1.1', host=True):
    """A request with these header lines, as they stand."""
    rows = [first] + ([b'Host: a'] if host else []) + [b'Content-Type: application/json'] + list(lines)
    return end.join(rows) + end + end + body


def get(*lines, first=b'GET /healthz HTTP/1.1', host=True, end=b'\r\n'):
    rows = [first] + ([b'Host: a'] if host else []) + list(lines)
    return end.join(rows) + end + end


def lengths():
    hidden = str(len(BEHIND)).encode()
    for name, lines in (
            ('two Content-Length', (b'Content-Length: 0', b'Content-Length: ' + hidden)),
            ('two, the other way', (b'Content-Length: ' + hidden, b'Content-Length: 0')),
            ('two equal ones', (b'Content-Length: 0', b'Content-Length: 0')),
            ('two, another case', (b'content-length: 0', b'CONTENT-LENGTH: ' + hidden)),
            ('a list of lengths', (b'Content-Length: 0, ' + hidden,)),
            ('a list of equal ones', (b'Content-Length: 0,0',)),
            ('a plus', (b'Content-Length: +0',)),
            ('a minus', (b'Content-Length: -1',)),
            ('hexadecimal', (b'Content-Length: 0x0',)),
            ('a letter behind', (b'Content-Length: 0a',)),
            ('a space within', (b'Content-Length: 0 0',)),
            ('a point', (b'Content-Length: 0.0',)),
            ('an exponent', (b'Content-Length: 0e0',)),
            ('empty', (b'Content-Length:',)),
            ('blank', (b'Content-Length:   ',)),
            ('in quotes', (b'Content-Length: "0"',)),
            ('too many digits', (b'Content-Length: 00000000000000000000',)),
            ('a NUL behind', (b'Content-Length: 0\x00' + hidden,)),
            ('a vertical tab', (b'Content-Length: \x0b0',)),
            ('a no-break space', (b'Content-Length: \xa00',))):
        yield 'length: ' + name, post(*lines, body=BEHIND), {400}
    yield 'length: 2 to the 64th', post(b'Content-Length: 18446744073709551616', body=BEHIND), {400, 413}


def codings():
    chunks = b'0\r\n\r\n' + BEHIND
    for name, lines in (
            ('with a length', (b'Content-Length: 4', b'Transfer-Encoding: chunked')),
            ('before a length', (b'Transfer-Encoding: chunked', b'Content-Length: 4')),
            ('twice', (b'Transfer-Encoding: chunked', b'Transfer-Encoding: chunked')),
            ('and identity', (b'Transfer-Encoding: chunked', b'Transfer-Encoding: identity')),
            ('identity', (b'Transfer-Encoding: identity',)),
            ('gzip, chunked', (b'Transfer-Encoding: gzip, chunked',)),
            ('chunked, gzip', (b'Transfer-Encoding: chunked, gzip',)),
            ('chunked, chunked', (b'Transfer-Encoding: chunked, chunked',)),
            ('xchunked', (b'Transfer-Encoding: xchunked',)),
            ('in quotes', (b'Transfer-Encoding: "chunked"',)),
            ('with a parameter', (b'Transfer-Encoding: chunked;q=1',)),
            ('with a comma', (b'Transfer-Encoding: chunked,',)),
            ('behind a comma', (b'Transfer-Encoding: ,chunked',)),
            ('empty', (b'Transfer-Encoding:',)),
            ('a vertical tab', (b'Transfer-Encoding: \x0bchunked',)),
            ('a form feed', (b'Transfer-Encoding:\x0cchunked',)),
            ('a NUL within', (b'Transfer-Encoding: chunked\x00',)),
            ('space before the colon', (b'Transfer-Encoding : chunked',)),
            ('tab before the colon', (b'Transfer-Encoding\t: chunked',)),
            ('space before the name', (b' Transfer-Encoding: chunked',)),
            ('folded', (b'Transfer-Encoding:\r\n chunked',)),
            ('folded on', (b'Transfer-Encoding: chunked\r\n , identity',)),
            ('behind a bare LF', (b'X: y\nTransfer-Encoding: chunked',)),
            ('behind a bare CR', (b'X: y\rTransfer-Encoding: chunked',)),
            ('an underscore and a length', (b'Content-Length: 0', b'Content-Length : 5'))):
        yield 'coding: ' + name, post(*lines, body=chunks), {400}
    yield ('coding: HTTP/1.0', post(b'Transfer-Encoding: chunked', body=chunks,
                                    first=b'POST /v1/check HTTP/1.0'), {400})
    yield 'coding: with GET', get(b'Transfer-Encoding: chunked') + chunks, {400}


def lines():
    bare = get()[:-2]
    for name, raw in (
            ('bare LF', get(end=b'\n')),
            ('bare CR', get(end=b'\r')),
            ('LF CR', get(end=b'\n\r')),
            ('LF behind the first line', b'GET /healthz HTTP/1.1\nHost: a\r\n\r\n'),
            ('LF at the end of the head', bare + b'\n'),
            ('LF behind the last field', bare[:-2] + b'\n\r\n'),
            ('CR CR LF', b'GET /healthz HTTP/1.1\r\r\nHost: a\r\n\r\n'),
            ('folded', get(b'X: a\r\n b')),
            ('folded by a tab', get(b'X: a\r\n\tb')),
            ('folded first', b'GET /healthz HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n'),
            ('space before a colon', get(b'X : y')),
            ('no colon', get(b'X')),
            ('no name', get(b': y')),
            ('NUL in a name', get(b'X\x00Y: z')),
            ('NUL in a value', get(b'X: a\x00b')),
            ('NUL at the end', get(b'X: a\x00')),
            ('CR in a value', get(b'X: a\rb')),
            ('control in a value', get(b'X: a\x01b')),
            ('DEL in a value', get(b'X: a\x7fb')),
            ('escape in a value', get(b'X: \x1b[31m')),
            ('space in a name', get(b'X Y: z')),
            ('bracket in a name', get(b'X(Y): z')),
            ('non-ASCII name', get(b'X\xe9: z')),
            ('65 fields', get(*[b'X%d: y' % n for n in range(64)]))):
        yield 'line: ' + name, raw + BEHIND, {400, None}


def firsts():
    for name, first in (
            ('absolute', b'GET http://a/healthz HTTP/1.1'),
            ('authority', b'GET a:80 HTTP/1.1'),
            ('asterisk', b'OPTIONS * HTTP/1.1'),
            ('CONNECT', b'CONNECT a:80 HTTP/1.1'),
            ('no slash', b'GET healthz HTTP/1.1'),
            ('empty target', b'GET  HTTP/1.1'),
            ('two spaces before', b'GET  /healthz HTTP/1.1'),
            ('two spaces behind', b'GET /healthz  HTTP/1.1'),
            ('space at the end', b'GET /healthz HTTP/1.1 '),
            ('space within', b'GET /heal thz HTTP/1.1'),
            ('tabs', b'GET\t/healthz\tHTTP/1.1'),
            ('control', b'GET /healthz\x01 HTTP/1.1'),
            ('NUL', b'GET /healthz\x00x HTTP/1.1'),
            ('NUL behind the target', b'GET /healthz\x00 HTTP/1.1'),
            ('DEL', b'GET /healthz\x7f HTTP/1.1'),
            ('not ASCII', b'GET /healthz\xc3\xa9 HTTP/1.1'),
            ('fragment', b'GET /healthz#x HTTP/1.1'),
            ('backslash', b'GET /x\\..\\healthz HTTP/1.1'),
            ('two dots', b'GET /x/../healthz HTTP/1.1'),
            ('two dots at the end', b'GET /healthz/.. HTTP/1.1'),
            ('coded dots', b'GET /x/%2e%2E/healthz HTTP/1.1'),
            ('half coded dots', b'GET /x/.%2e/healthz HTTP/1.1'),
            ('one dot', b'GET /./healthz HTTP/1.1'),
            ('a method with a colon', b'GE:T /healthz HTTP/1.1'),
            ('no method', b' /healthz HTTP/1.1')):
        yield 'first line: ' + name, get(first=first) + BEHIND, {400, None}
    for name, first in (('HTTP/1.2', b'GET /healthz HTTP/1.2'), ('HTTP/2.0', b'GET /healthz HTTP/2.0'),
                        ('HTTP/0.9', b'GET /healthz HTTP/0.9'), ('no version', b'GET /healthz'),
                        ('http/1.1', b'GET /healthz http/1.1'), ('HTTP/1.10', b'GET /healthz HTTP/1.10'),
                        ('HTTP/01.1', b'GET /healthz HTTP/01.1'), ('HTTP/1.1x', b'GET /healthz HTTP/1.1x'),
                        ('HTP/1.1', b'GET /healthz HTP/1.1')):
        yield 'version: ' + name, get(first=first) + BEHIND, {400, 505, None}


def hosts():
    yield 'host: none', get(host=False) + BEHIND, {400}
    for name, value in (('with a path', b'a/b'), ('two in one', b'a, b'), ('with a user', b'u@a'),
                        ('with a space', b'a b'), ('with a tab', b'a\tb')):
        yield 'host: ' + name, get(b'Host: ' + value, host=False) + BEHIND, {400}
    yield 'host: two', get(b'Host: b') + BEHIND, {400}
    yield 'host: two equal', get(b'Host: a') + BEHIND, {400}
    yield 'host: two, another case', get(b'hOST: b') + BEHIND, {400}


def others():
    yield 'GET with a body', get(b'Content-Length: %d' % len(BEHIND)) + BEHIND, {400}
    yield ('HEAD with a body', get(b'Content-Length: %d' % len(BEHIND), first=b'HEAD /healthz HTTP/1.1') +
           BEHIND, {400})
    yield 'two keys', get(b'Authorization: Bearer a', b'Authorization: Bearer b') + BEHIND, {400}
    yield 'expects something else', post(b'Expect: 200-ok', b'Content-Length: 0') + BEHIND, {400}


def refused():
    """All that is refused, and the connection ended."""
    for shapes in (lengths, codings, lines, firsts, hosts, others):
        yield from shapes()


def taken():
    """Odd, but clear: (name, bytes, statuses of all answers)."""
    yield 'plain', get(), [200]
    yield 'two behind one another', get() + get(), [200, 200]
    yield 'an empty line before', b'\r\n' + get(), [200]
    yield 'HTTP/1.0 without Host', get(first=b'GET /healthz HTTP/1.0', host=False), [200]
    yield 'a name in other cases', get(b'x-aNY: y'), [200]
    yield 'an empty value', get(b'X:'), [200]
    yield 'no space behind the colon', get(b'X:y'), [200]
    yield 'blanks around a value', get(b'X:  \t y \t '), [200]
    yield 'bytes above ASCII in a value', get(b'X: \xc3\xa9'), [200]
    yield 'a tab within a value', get(b'X: a\tb'), [200]
    yield 'length 0 with GET', get(b'Content-Length: 0') + get(), [200, 200]
    yield 'leading zeros', get(b'Content-Length: 000') + get(), [200, 200]
    yield 'a host with a port', get(b'Host: [::1]:80', host=False), [200]
    yield 'a query', get(first=b'GET /healthz?x=%2e%2e/..&y HTTP/1.1'), [200]
    yield 'three dots', get(first=b'GET /... HTTP/1.1'), [404]
    yield 'the body is another request', post(b'Content-Length: %d' % len(BEHIND), body=BEHIND) + get(), [None, 200]
    yield 'the method PUT', get(first=b'PUT /healthz HTTP/1.1') + get(), [405, 200]
    yield 'connection: close ends it', get(b'Connection: close') + get(), [200]
    yield 'HTTP/1.0 ends it', get(first=b'GET /healthz HTTP/1.0') + get(), [200]


def answers(got):
    """The answers in these bytes, as a client reads them: (status, headers, body); behind one that
    says `Connection: close` there is none."""
    out = []
    while got:
        head, mark, rest = got.partition(b'\r\n\r\n')
        if not mark:
            break
        first, *rows = head.decode('latin-1').split('\r\n')
        headers = {name.strip().lower(): value.strip() for name, _, value in (r.partition(':') for r in rows)}
        status = int(first.split(' ')[1])
        length = 0 if status == 100 else int(headers.get('content-length', 0))
        out.append((status, headers, rest[:length]))
        if headers.get('connection', '').lower() == 'close':
            break
        got = rest[length:]
    return out
