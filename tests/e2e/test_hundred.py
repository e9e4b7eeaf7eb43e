"""A hundred calls at once name a certificate that nobody has seen: one request, a hundred answers.

The requests lie in the redirector's socket before it wakes (one sendmmsg), and the
repository answers late, so that all of them wait for the same fetch.
"""
import ctypes
import socket
import struct

import lab
from lab import Token
from test_fetch import settings
from web import Web

CALLS, ROUNDS, DELAY = 100, 3, 0.15     # seconds; only makes the calls meet, nothing is measured by it


def send_at_once(peer, raws):
    """One system call for all of them."""
    class Piece(ctypes.Structure):
        _fields_ = [('base', ctypes.c_char_p), ('len', ctypes.c_size_t)]

    class Head(ctypes.Structure):               # struct msghdr
        _fields_ = [('name', ctypes.c_char_p), ('name_len', ctypes.c_uint), ('pieces', ctypes.POINTER(Piece)),
                    ('piece_count', ctypes.c_size_t), ('control', ctypes.c_void_p), ('control_len', ctypes.c_size_t),
                    ('flags', ctypes.c_int)]

    class Datagram(ctypes.Structure):           # struct mmsghdr
        _fields_ = [('head', Head), ('sent', ctypes.c_uint)]

    host, port = peer.server
    address = struct.pack('=H', socket.AF_INET) + struct.pack('!H', port) + socket.inet_aton(host) + bytes(8)
    pieces = [Piece(raw, len(raw)) for raw in raws]
    heads = [Head(address, len(address), ctypes.pointer(piece), 1, None, 0, 0) for piece in pieces]
    datagrams = (Datagram * len(raws))(*[Datagram(head, 0) for head in heads])
    sent = ctypes.CDLL(None, use_errno=True).sendmmsg(peer.sock.fileno(), datagrams, len(raws), 0)
    if sent != len(raws):
        raise OSError(ctypes.get_errno(), 'sendmmsg: %d of %d' % (sent, len(raws)))


def test(laboratory, checks):
    repository = Web(laboratory.pki, delay=DELAY)
    peer = laboratory.redirector(5060, **settings(laboratory, certs_timeout='60s', log_format='json')).peer()
    for number in range(ROUNDS):
        path = '/new-%d.pem' % number
        repository.pages[path] = (laboratory.pki / 'sp.pem').read_bytes()
        token = Token(laboratory.pki)
        token.header['x5u'] = lab.X5U_BASE + path[1:]
        token.params[0] = 'info=<%s>' % token.header['x5u']
        value, calls = str(token), ['%d-%d@hundred' % (number, n) for n in range(CALLS)]
        send_at_once(peer, [peer.build(call=call, identity=value) for call in calls])
        answers = [peer.receive() for _ in calls]
        checks.same(sorted(a.get('Call-ID') for a in answers), sorted(calls), 'round %d: each is answered, once' % number)
        checks.same({(a.code, a.verstat) for a in answers}, {(302, 'TN-Validation-Passed')}, 'round %d: all pass' % number)
        checks.same(repository.asked(path), 1, 'round %d: one request' % number)
        checks.same(peer.silence(b'\r\n\r\n'), [], 'round %d: nothing more' % number)
    checks.same(len(repository.requests), ROUNDS, 'one request each, no other')
    checks.that(repository.connections <= ROUNDS, 'and no connection beside', repository.connections)
    repository.stop()


if __name__ == '__main__':
    lab.main(test)
