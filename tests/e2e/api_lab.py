"""A daemon with an HTTP side, and a client that it knows: for the tests of the interfaces."""
import hashlib
import json
import socket
import subprocess
import time

import lab

PORT = 8080
KEY = 'sr_of-the-interfaces-tests'
ORIGID = '123e4567-e89b-12d3-a456-426655440000'


def hashed(key):
    return 'sha256:' + hashlib.sha256(key.encode()).hexdigest()


def daemon(laboratory, clients=None, **changes):
    """Answers at PORT.  The client `test` may all; numbers of the country 1."""
    clients = dict({'test': {'keys': [hashed(KEY)]}}, **(clients or {}))
    changes.setdefault('http', {'listen': ['http:127.0.0.1:%d' % PORT], 'health': ''})
    changes.setdefault('numbers', {'country': '1'})
    tree = laboratory.settings(**changes)
    tree['clients'] = clients
    server = lab.Redirector(laboratory, tree)
    end = time.monotonic() + lab.PATIENCE
    while True:
        try:
            socket.create_connection(('127.0.0.1', PORT), 1).close()
            return server
        except OSError:
            if time.monotonic() > end:
                raise TimeoutError('nobody serves HTTP:\n' + server.log)
            time.sleep(0.05)


# numbers that blocking() puts on lists; the rest are on none
BLOCKED, UNORIGINATED = '14045550301', '14045550302'


def blocking(laboratory, block='603'):
    """Settings with a store of numbers whose lists end a call by that answer.block."""
    store, table = laboratory.folder / 'numbers', laboratory.folder / 'numbers.csv'
    if not store.exists():
        table.write_text('tenant,list,customer,first,last,attest,credential,from,until\n'
                         'lab,block,,+%s,,,,,\n*,do-not-originate,,+%s,,,,,\n' % (BLOCKED, UNORIGINATED))
        store.mkdir()
        subprocess.run([lab.DAEMON, 'numbers', 'import', '--store', store, table], check=True, stdout=subprocess.DEVNULL)
    return {'authority': {'store': str(store)}, 'lists': {'block': 'block', 'do-not-originate': 'block'},
            'answer': {'block': block, 'block-url': 'https://calls.example.net/blocked'},
            'tenant': {'name': 'lab', 'mode': 'verify'}}


def post(path, body, key=KEY, **headers):
    """A body that is no text is sent as JSON.  Headers: dashes as underscores; None: without it."""
    if not isinstance(body, (str, bytes)):
        body = json.dumps(body)
    all_headers = {'Content-Type': 'application/json', 'Accept': 'application/json'}
    if key:
        all_headers['Authorization'] = 'Bearer ' + key
    all_headers.update({name.replace('_', '-'): value for name, value in headers.items()})
    return lab.http_request(PORT, 'POST', path, {n: v for n, v in all_headers.items() if v is not None}, body)


def raw(request):
    """What comes back for these bytes: (status, body)"""
    with socket.create_connection(('127.0.0.1', PORT), lab.PATIENCE) as s:
        s.sendall(request)
        got = b''
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            got += piece
            head, end, body = got.partition(b'\r\n\r\n')
            if end and b'content-length' in head.lower():
                length = int(head.lower().split(b'content-length:')[1].split(b'\r\n')[0])
                if len(body) >= length:
                    break
    head, _, body = got.partition(b'\r\n\r\n')
    return (int(head.split(b' ')[1]), body.decode()) if head else (0, '')
