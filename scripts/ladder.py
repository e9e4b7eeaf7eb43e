#!/usr/bin/env python3
"""What each party of a call saw.

  ladder.py record FILE PORT...           writes every SIP message on the loopback interface
  ladder.py wait ADDRESS:PORT             until somebody answers an OPTIONS there
  ladder.py show FILE CALL-ID EXPECTED NAME=ADDRESS:PORT...
                                          the call as a ladder, and whether it went as
                                          EXPECTED: signed, passed, failed or unsigned

Recording needs root: it reads the interface itself, so that no party has to help.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

WIDTH = 26
SHOWN = ('from', 'to', 'date', 'p-attestation-indicator', 'p-asserted-identity', 'identity',
         'contact', 'reason')
ETH_P_IP = 0x0800       # a tap of one protocol sees a packet once, on its way in


class Ink:
    """Colour for people; plain text for files and pipes."""
    on = sys.stdout.isatty() and 'NO_COLOR' not in os.environ

    @classmethod
    def put(cls, code, text):
        return '\033[%sm%s\033[0m' % (code, text) if cls.on else text


def udp_of(packet):
    """@return (source, destination, payload) of an IPv4 UDP packet, or None"""
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
        return None
    at = (packet[0] & 15) * 4
    ports = [int.from_bytes(packet[at + i:at + i + 2], 'big') for i in (0, 2)]
    hosts = [socket.inet_ntoa(packet[i:i + 4]) for i in (12, 16)]
    ends = ['%s:%d' % end for end in zip(hosts, ports)]
    return ends[0], ends[1], packet[at + 8:]


def record(path, ports):
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    tap.bind(('lo', 0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, 'w', buffering=1) as out:
        while True:
            packet = tap.recv(65535)
            found = udp_of(packet)
            if found and any(end.split(':')[1] in ports for end in found[:2]):
                json.dump([time.time(), *found[:2], found[2].decode('utf-8', 'replace')], out)
                out.write('\n')


def wait(address):
    host, port = address.split(':')
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('127.0.0.1', 0))
    sock.settimeout(0.1)
    mine = '%s:%d' % sock.getsockname()
    text = ('OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKwait%d\r\n'
            'Max-Forwards: 70\r\nFrom: <sip:%s>;tag=wait\r\nTo: <sip:%s>\r\n'
            'Call-ID: wait-%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n'
            % (address, mine, os.getpid(), mine, address, os.getpid()))
    for _ in range(200):
        try:
            sock.sendto(text.encode(), (host, int(port)))
            sock.recv(65535)
            return 0
        except OSError:
            time.sleep(0.05)
    print('nobody answers at ' + address, file=sys.stderr)
    return 1


class Message:
    def __init__(self, when, source, target, text):
        self.when, self.source, self.target = when, source, target
        lines = text.partition('\r\n\r\n')[0].split('\r\n')
        self.start = lines[0]
        self.headers = [(n.strip(), v.strip()) for n, _, v in (l.partition(':') for l in lines[1:])]

    def get(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), '')

    @property
    def what(self):
        """INVITE, or 302 Moved Temporarily"""
        if self.start.startswith('SIP/2.0 '):
            return self.start[8:]
        return self.start.split(' ')[0]

    @property
    def verstat(self):
        found = re.search(r';verstat=([A-Za-z-]+)', self.get('P-Asserted-Identity'))
        return found.group(1) if found else ''

    @property
    def carries(self):
        """What the call is about, as far as this message has it."""
        return [m for m, there in (('Identity', self.get('Identity')), ('verstat', self.verstat)) if there]


def arrow(message, columns):
    """One line of the ladder."""
    a, b = columns.index(message.source), columns.index(message.target)
    low, high = min(a, b), max(a, b)
    room = (high - low) * WIDTH - 3
    marks = ''.join(' + ' + m for m in ('Identity', 'verstat') if m in message.carries)
    label = ' %s%s ' % (message.what, marks)
    if len(label) > room:
        label = ' %s%s ' % (message.what.split(' ')[0], marks)
    body = label.center(room, '-')
    body = body + '->' if a < b else '<-' + body
    left = ('|' + ' ' * (WIDTH - 1)) * low + '|'
    right = '|' + (' ' * (WIDTH - 1) + '|') * (len(columns) - 1 - high)
    return left + body + right


def brief(name, value, room=92):
    if name.lower() == 'identity' and len(value) > room:
        head, _, rest = value.partition(';')
        return '%s...%s;%s' % (head[:24], head[-8:], rest)
    return value


def details(message, title):
    print('\n  ' + Ink.put('1', title))
    print('    ' + message.start)
    for name, value in message.headers:
        if name.lower() in SHOWN:
            print('    %s: %s' % (name, brief(name, value)))


def inspect(identity):
    shaken = os.environ.get('SHAKEN', 'shaken')
    done = subprocess.run([shaken, 'inspect', identity], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    print('\n  ' + Ink.put('1', 'the Identity, decoded'))
    for line in done.stdout.decode('utf-8', 'replace').splitlines():
        print('    ' + line)


def judge(expected, onward):
    """@return Whether the INVITE that reached the callee is as it should be, and what it is."""
    if not onward:
        return False, 'the INVITE did not reach the callee'
    has = 'with' if onward.get('Identity') else 'without'
    verstat = onward.verstat or 'no verstat'
    if expected == 'signed':
        return bool(onward.get('Identity')), 'the callee got the INVITE %s an Identity' % has
    if expected == 'unsigned':
        return not onward.get('Identity'), 'the callee got the INVITE %s an Identity' % has
    wanted = {'passed': 'TN-Validation-Passed', 'failed': 'TN-Validation-Failed'}[expected]
    return verstat == wanted, 'the callee got the INVITE with %s' % verstat


def read(path, call, columns):
    """The call's messages; who records them may be behind, so it is waited for the last one."""
    for _ in range(50):
        with open(path) as lines:
            messages = [Message(*json.loads(line)) for line in lines if line.endswith('\n')]
        messages = [m for m in messages if m.get('Call-ID').startswith(call)
                    and m.source in columns and m.target in columns]
        if any(m.what.startswith('200') and m.get('CSeq').endswith('BYE') and m.target == columns[0]
               for m in messages):
            break
        time.sleep(0.1)
    return messages


def show(path, call, expected, parties):
    names = [p.split('=')[0] for p in parties]
    columns = [p.split('=')[1] for p in parties]
    messages = read(path, call, columns)
    if not messages:
        print('ladder: no message of the call %s' % call, file=sys.stderr)
        return 1

    print(('\n%9s' % '' + ''.join(n.ljust(WIDTH) for n in names)).rstrip())
    for message in messages:
        print('%6.1f ms ' % ((message.when - messages[0].when) * 1000)
              + arrow(message, columns))

    def first(source, target, start):
        return next((m for m in messages if m.source == columns[source]
                     and m.target == columns[target] and m.what.startswith(start)), None)

    asked, answer = first(1, 2, 'INVITE'), first(2, 1, '')
    onward = first(1, 3, 'INVITE')
    for message, title in ((asked, 'the proxy asks'), (answer, 'the redirector answers'),
                           (onward, 'the proxy sends on')):
        if message:
            details(message, title)
    carrier = onward if onward and onward.get('Identity') else asked
    if carrier and carrier.get('Identity'):
        inspect(carrier.get('Identity'))

    good, verdict = judge(expected, onward)
    print('\n  ' + Ink.put('1;32' if good else '1;31', ('ok: ' if good else 'NOT OK: ') + verdict))
    return 0 if good else 1


def main(argv):
    if len(argv) >= 3 and argv[0] == 'record':
        return record(argv[1], argv[2:])
    if len(argv) == 2 and argv[0] == 'wait':
        return wait(argv[1])
    if len(argv) == 8 and argv[0] == 'show':
        return show(argv[1], argv[2], argv[3], argv[4:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
