"""No header decides where an answer goes.

Hundreds of requests name other hosts wherever SIP lets them: maddr, sent-by,
received, rport, Route, Contact, Request-URI.  The namespace has a default route,
so a packet to anywhere would leave and be seen: all interfaces are captured.
Each packet must run between the peer's address and the server's, and no name may
be asked for.  The surprise: packets of our own to elsewhere come first, to prove
that the capture would see one.
"""
import itertools
import re
import select
import signal
import socket
import subprocess
import sys

import lab

NET4 = ('10.99.0.1', '10.99.0.2')        # server, peer
NET6 = ('fd99::1', 'fd99::2')
PORT = 5060
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86dd
UDP, ICMPV6, HOP_BY_HOP = 17, 58, 0      # the kernel's own IPv6 housekeeping is the last two

NAMES = ['victim.example', 'victim.example.', 'localhost', '_sip._udp.victim.example', 'a', '0',
         '0x7f000001', '2130706433', '127.1', '010.099.000.003', 'xn--bcher-kva.example',
         '%76ictim.example', 'x' * 63 + '.example', 'ip6-localhost', 'victim']
ADDRESSES = ['203.0.113.9', '255.255.255.255', '0.0.0.0', '224.0.0.1', '127.0.0.1', '127.0.0.53',
             '10.99.0.3', '10.99.0.1', '169.254.169.254', '[2001:db8::9]', '[::1]', '[::]',
             '[::ffff:203.0.113.9]', '[ff02::1]', '[fe80::1%way-out]', '[fd99::3]']
NUMBERS = ['0', '1', '53', '5060', '5099', '65535', '65536', '99999', '4294967296', '-1', 'abc', '',
           '"5090"', '5090;5091', '0x1000']


def interfaces():
    """A way out for everything, where all that takes it is seen."""
    for words in ('link add way-out type veth peer name far-end', 'link set way-out arp off up',
                  'link set far-end arp off up',
                  'addr add %s/24 dev way-out' % NET4[0], 'addr add %s/24 dev way-out' % NET4[1],
                  'route add default dev way-out',
                  '-6 addr add %s/64 dev way-out nodad' % NET6[0],
                  '-6 addr add %s/64 dev way-out nodad' % NET6[1],
                  '-6 route add default dev way-out'):
        subprocess.run(['ip', *words.split()], check=True)


class Capture:
    """All packets of all interfaces."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)

    def take(self):
        """@return What was seen since the last time: [(source, target, port, payload)]"""
        seen = []
        while select.select([self.sock], [], [], 0)[0]:
            packet, where = self.sock.recvfrom(65535)
            one = self.read(packet, where[1])
            if one:
                seen.append(one)
        return seen

    @staticmethod
    def read(packet, kind):
        if kind == ETH_P_IP:
            head, proto = (packet[0] & 15) * 4, packet[9]
            ends = [socket.inet_ntop(socket.AF_INET, packet[i:i + 4]) for i in (12, 16)]
        elif kind == ETH_P_IPV6:
            head, proto = 40, packet[6]
            ends = [socket.inet_ntop(socket.AF_INET6, packet[i:i + 16]) for i in (8, 24)]
            if proto in (ICMPV6, HOP_BY_HOP):
                return None
        else:
            return ('link', 'protocol %#x' % kind, 0, b'')
        port = int.from_bytes(packet[head + 2:head + 4], 'big') if proto == UDP else 0
        return (*ends, port, packet[head + 8:] if proto == UDP else b'')


def control(checks, capture):
    """The capture sees what leaves, by both families, and a question for a name."""
    for family, target in ((socket.AF_INET, ('203.0.113.9', 5060)),
                           (socket.AF_INET6, ('2001:db8::9', 5060)),
                           (socket.AF_INET, ('198.51.100.53', 53))):
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.sendto(b'control', target)
        checks.that(any(s[1] == target[0] and s[2] == target[1] for s in capture.take()),
                    'the capture sees a packet to %s' % target[0])


class Trick:
    """One request.  `here`: its answer must come to the port it was sent from."""

    def __init__(self, name, method='INVITE', here=False, via=None, **how):
        self.name, self.method, self.here, self.via, self.how = name, method, here, via, how

    def bytes(self, peer, host, number):
        mine = {'host': host, 'port': peer.port, 'branch': 'z9hG4bK-%d' % number}
        replace = {k: v.format(**mine) for k, v in self.how.get('replace', {}).items()}
        if self.via:
            replace['Via'] = self.via.format(**mine)
        how = {k: v for k, v in self.how.items() if k != 'replace'}
        if 'extra' in how:
            how['extra'] = [line.format(**mine) for line in how['extra']]
        return lab.request(self.method, host=host, port=peer.port, replace=replace, **how)


VIA = 'Via: SIP/2.0/UDP {host}:{port};branch={branch}'


def via_host_tricks():
    for to in NAMES + ADDRESSES:
        yield 'maddr=' + to, VIA + ';rport;maddr=' + to, True
        yield 'maddr without rport ' + to, VIA + ';maddr=' + to, True
        is_host = '%w' not in to                        # a zone is no part of a sent-by
        yield 'sent-by ' + to, 'Via: SIP/2.0/UDP %s:5099;branch={branch};rport' % to, is_host
        yield 'sent-by without rport ' + to, 'Via: SIP/2.0/UDP %s:{port};branch={branch}' % to, is_host
        yield 'sent-by without port ' + to, 'Via: SIP/2.0/UDP %s;branch={branch}' % to, False
        yield 'received=' + to, VIA + ';rport;received=' + to, True
        yield 'all of it ' + to, ('Via: SIP/2.0/UDP %s:53;branch={branch};rport=53;received=%s;maddr=%s'
                                  % (to, to, to)), False


def via_number_tricks():
    for n in NUMBERS:
        yield 'rport=' + n, VIA + ';rport=' + n, False
        yield 'rport twice ' + n, VIA + ';rport;rport=' + n, False
        yield 'port ' + n, 'Via: SIP/2.0/UDP {host}:%s;branch={branch}' % n, False
        yield 'port with rport ' + n, 'Via: SIP/2.0/UDP {host}:%s;branch={branch};rport' % n, False
        yield 'ttl=' + n, VIA + ';rport;maddr=224.0.0.1;ttl=' + n, False


def via_odd_tricks():
    other = 'SIP/2.0/UDP victim.example:5099;branch=z9hG4bK-other;maddr=203.0.113.9'
    for what in ('maddr', 'maddr=', 'MADDR=203.0.113.9', 'maddr="203.0.113.9"', 'maddr = 203.0.113.9',
                 'maddr=203.0.113.9;maddr=victim.example', 'maddr=203.0.113.9:5099', 'maddr=[2001:db8::9',
                 'maddr=203.0.113.9%0d%0aRoute:x', 'received', 'received=', 'Received="203.0.113.9"',
                 'alias', 'keep', 'oc=1;maddr=victim.example', 'comp=sigcomp', 'lr;transport=tcp',
                 'transport=tls;maddr=victim.example', 'sigcomp-id="<urn:x>"', 'i=1', 'extension'):
        yield 'parameter ' + what, VIA + ';rport;' + what, False
    for transport in ('TCP', 'TLS', 'SCTP', 'WS', 'WSS', 'TLS-SCTP', 'udp', 'X', ''):
        yield 'transport ' + transport, ('Via: SIP/2.0/%s victim.example:5099;branch={branch};rport'
                                         % transport), False
    for count in (2, 10, 60, 110):
        yield '%d Vias, ours on top' % count, VIA + ';rport' + ('\r\nVia: ' + other) * (count - 1), True
        yield '%d Vias, ours below' % count, ('Via: ' + other + '\r\n') * (count - 1) + VIA, False
    yield 'joined, ours first', VIA + ';rport, ' + other, True
    yield 'joined, ours last', 'Via: ' + other + ',' + VIA[5:], False
    yield 'joined, empty first', 'Via: , ' + VIA[5:], False
    yield 'compact', 'v: SIP/2.0/UDP {host}:{port};branch={branch};rport;maddr=victim.example', True
    yield 'folded', 'Via: SIP/2.0/UDP {host}:{port}\r\n ;branch={branch}\r\n ;rport;maddr=203.0.113.9', True
    yield 'no Via', 'X-Via: SIP/2.0/UDP victim.example;branch={branch}', False
    yield 'empty Via', 'Via:', False
    yield 'only a name', 'Via: victim.example', False
    yield 'user in sent-by', 'Via: SIP/2.0/UDP {host}:{port}@203.0.113.9;branch={branch};rport', False
    yield 'blanks', 'Via: SIP / 2.0 / UDP victim.example : 5099 ; branch = {branch} ; rport', False
    yield 'comment', 'Via: SIP/2.0/UDP {host}:{port};branch={branch};rport (victim.example)', False


def header_tricks():
    for to in ('victim.example', '203.0.113.9', '[2001:db8::9]', 'victim.example:53', 'localhost'):
        for name in ('Route', 'Record-Route', 'Contact', 'Reply-To', 'Path', 'Service-Route',
                     'P-Asserted-Identity', 'Referred-By', 'Call-Info', 'Alert-Info', 'History-Info',
                     'Error-Info', 'Warning', 'Forwarded', 'X-Forwarded-For', 'Alt-Svc'):
            yield Trick('%s to %s' % (name, to), here=True,
                        extra=['%s: <sip:%s;lr;maddr=%s>' % (name, to, to)],
                        without=('Contact',))
        yield Trick('From at ' + to, here=True,
                    replace={'From': 'From: <sip:+12155550112@%s;maddr=%s>;tag=f' % (to, to)})
        yield Trick('To at ' + to, here=True, replace={'To': 'To: <sip:+14045550100@%s>' % to})
        for uri in ('sip:+14045550100@%s', 'sip:+14045550100@%s;maddr=%s', 'sips:+14045550100@%s',
                    'sip:+14045550100@10.99.0.1;maddr=%s;transport=tcp;ttl=3', 'http://%s/x', '//%s',
                    'sip:%s', 'sip:+14045550100@x?Route=%%3Csip:%s%%3E', 'urn:service:%s'):
            yield Trick('Request-URI ' + uri % ((to,) * uri.count('%s')),
                        uri=uri % ((to,) * uri.count('%s')))


def tricks():
    """Those of Via by each kind of answer: 302, 200, 400 and 405."""
    kinds = (('INVITE', {}), ('OPTIONS', {}), ('PUBLISH', {}), ('INVITE', {'without': ('CSeq',)}))
    for (method, how), (name, via, here) in itertools.product(
            kinds, itertools.chain(via_host_tricks(), via_number_tricks(), via_odd_tricks())):
        yield Trick('%s%s, %s' % (method, ' without CSeq' if how else '', name), method,
                    here and not how, via, **how)
    yield from header_tricks()


def play(checks, capture, peer, server, number, trick):
    """One trick; all that moved because of it."""
    host = '[%s]' % peer.host if ':' in peer.host else peer.host
    answers = peer.silence(trick.bytes(peer, host, number))
    name = '%s (%s)' % (trick.name, peer.host)
    moved = capture.take()
    ours = {peer.host, server}
    astray = [m[:3] for m in moved if not {m[0], m[1]} <= ours]
    asked = [m[:3] for m in moved if m[2] == 53 and not m[3].startswith(b'SIP/2.0')]
    checks.that(not astray, name + ': nothing for anybody else', astray)
    checks.that(not asked, name + ': no name is asked for', asked)
    checks.that(len(answers) <= 1, name + ': one answer at most', len(answers))
    if trick.here:
        checks.that(len(answers) == 1, name + ': answered where it came from', len(answers))
    return len(answers)


class Peer6(lab.Peer):
    """The same over IPv6."""

    def __init__(self, server, address):
        self.server = server
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sock.bind((address, 0))
        self.sock.settimeout(lab.PATIENCE)
        self.host, self.port = self.sock.getsockname()[:2]

    def build(self, method='INVITE', **how):
        return lab.request(method, port=self.port, host='[%s]' % self.host, **how)


def test(laboratory, checks):
    interfaces()
    capture = Capture()
    control(checks, capture)
    daemon = laboratory.redirector(
        ready=False, sip_listen=['udp:%s:%d' % (NET4[0], PORT), 'udp:[%s]:%d' % (NET6[0], PORT)],
        sip_sources=['10.99.0.0/24', 'fd99::/64'])
    daemon.wait_log('event=ready', 'start')
    peers = ((lab.Peer((NET4[0], PORT), NET4[1]), NET4[0]), (Peer6((NET6[0], PORT), NET6[1]), NET6[0]))
    played = answered = 0
    for peer, server in peers:
        for number, trick in enumerate(tricks()):
            answered += play(checks, capture, peer, server, number, trick)
            played += 1
        peer.close()
    checks.that(played >= 400 and answered >= played // 2, 'most tricks are answered', answered)
    daemon.send_signal(signal.SIGUSR1)
    daemon.wait_log('event=outcomes', 'counters')
    counters = re.search(r'event=counters .*', daemon.log)[0]
    checks.that(' elsewhere=0 ' in counters, 'the server counts no answer to elsewhere', counters)
    print('%d tricks, %d answered; %s' % (played, answered, counters), file=sys.stderr)
    checks.same(daemon.stop(), 0, 'exit status')


if __name__ == '__main__':
    lab.main(test)
