"""HEP3 read back from the format alone, and collectors: ours, Kamailio's sipcapture, sngrep."""
import collections
import ipaddress
import json
import socket
import struct
import time

import lab

FAMILY, PROTOCOL, FROM4, TO4, FROM6, TO6, FROM_PORT, TO_PORT, SECONDS, MICROS, KIND, AGENT = range(1, 13)
PASSWORD, PAYLOAD, CORRELATION, NODE = 14, 15, 17, 19
SIP, RECORD = 1, 100
PORT = 9060
LINKS = {1: 14, 12: 0, 101: 0, 113: 16}     # of a capture file: bytes before the IP header

Packet = collections.namedtuple('Packet', 'chunks kind protocol source target seconds agent password '
                                'node correlation payload')


def number(chunks, kind, width):
    if len(chunks[kind]) != width:
        raise ValueError('chunk %d has %d bytes' % (kind, len(chunks[kind])))
    return int.from_bytes(chunks[kind], 'big')


def decode(raw):
    """One datagram taken apart; ValueError names what is wrong with it."""
    if raw[:4] != b'HEP3' or struct.unpack('!H', raw[4:6])[0] != len(raw):
        raise ValueError('no HEP3 of its length')
    chunks, at = {}, 6
    while at < len(raw):
        vendor, kind, size = struct.unpack('!HHH', raw[at:at + 6])
        if vendor or size < 6 or at + size > len(raw) or kind in chunks:
            raise ValueError('a chunk at %d' % at)
        chunks[kind] = raw[at + 6:at + size]
        at += size
    v4 = number(chunks, FAMILY, 1) == socket.AF_INET
    source, target = (FROM4, TO4) if v4 else (FROM6, TO6)
    return Packet(chunks, number(chunks, KIND, 1), number(chunks, PROTOCOL, 1),
                  (str(ipaddress.ip_address(chunks[source])), number(chunks, FROM_PORT, 2)),
                  (str(ipaddress.ip_address(chunks[target])), number(chunks, TO_PORT, 2)),
                  number(chunks, SECONDS, 4) + number(chunks, MICROS, 4) / 1e6, number(chunks, AGENT, 4),
                  chunks.get(PASSWORD), chunks.get(NODE), chunks.get(CORRELATION), chunks[PAYLOAD])


class Collector:
    """A socket that takes what comes.  What was sent on loopback before an answer is there with it."""

    def __init__(self, address='127.0.0.1', port=PORT, room=4 << 20):
        self.sock = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.sock.bind((address, port))
        self.sock.setblocking(False)

    def raw(self):
        """All datagrams that are there now."""
        got = []
        while True:
            try:
                got.append(self.sock.recv(65535))
            except BlockingIOError:
                return got

    def packets(self):
        return [decode(raw) for raw in self.raw()]

    def close(self):
        self.sock.close()


KAMAILIO = '''
debug=1
log_stderror=yes
fork=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:%(port)d
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_text.so"
loadmodule "sipcapture.so"
modparam("db_text", "db_mode", 0)
modparam("sipcapture", "db_url", "text://%(folder)s")
modparam("sipcapture", "capture_on", 1)
modparam("sipcapture", "hep_capture_on", 1)
modparam("sipcapture", "nonsip_hook", 1)
request_route { drop; }
event_route[sipcapture:request] {
	xlog("L_ERR", "PACKET {\\"version\\":\\"$hep(version)\\",\\"family\\":\\"$hep(0x001)\\",\\"protocol\\":\\"$hep(0x002)\\",\\"from\\":\\"$hep(0x003)\\",\\"to\\":\\"$hep(0x004)\\",\\"from_port\\":\\"$hep(0x007)\\",\\"to_port\\":\\"$hep(0x008)\\",\\"seconds\\":\\"$hep(0x009)\\",\\"kind\\":\\"$hep(0x00b)\\",\\"agent\\":\\"$hep(0x00c)\\",\\"password\\":\\"$hep(0x00e)\\",\\"correlation\\":\\"$hep(0x011)\\",\\"payload\\":\\"$(hep(0x00f){s.encode.hexa})\\"}END\\n");
	return 0;
}
'''


class Kamailio:
    """Its sipcapture takes the packets; each is told as it understood it."""

    def __init__(self, laboratory):
        folder = laboratory.folder / 'sipcapture'
        folder.mkdir()
        config = folder / 'kamailio.cfg'
        config.write_text(KAMAILIO % {'port': PORT, 'folder': folder})
        self.process = laboratory.start(['kamailio', '-f', config, '-DD', '-E', '-w', folder, '-Y', folder,
                                         '-m', '32', '-M', '8'], 'sipcapture')
        wait(lambda: is_bound(PORT), 'Kamailio listens')     # what comes before it reads waits there

    def packets(self, count):
        self.process.wait_log('}END', 'Kamailio', count)
        got = []
        for line in self.process.log.split('\n'):
            _, _, text = line.partition('PACKET ')
            if text:
                packet = json.loads(text.removesuffix('END'))
                packet['payload'] = bytes.fromhex(packet['payload'])
                got.append(packet)
        return got


def pcap_packets(path):
    """[(source, target, payload)] of a capture file with IPv4 and UDP in it."""
    raw = path.read_bytes() if path.exists() else b''
    if len(raw) < 24:
        return []
    order = '<' if raw[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    link = LINKS[struct.unpack(order + 'I', raw[20:24])[0]]
    at, got = 24, []
    while at + 16 <= len(raw):
        size = struct.unpack(order + 'I', raw[at + 8:at + 12])[0]
        frame = raw[at + 16:at + 16 + size]
        at += 16 + size
        if len(frame) < size or size < link + 28:
            break           # it is still being written
        ip = frame[link:]
        ports = struct.unpack('!HH', ip[20:24])
        got.append(((socket.inet_ntoa(ip[12:16]), ports[0]), (socket.inet_ntoa(ip[16:20]), ports[1]), ip[28:]))
    return got


class Sngrep:
    """It listens for HEP and keeps what it takes, with the password that it wants."""

    def __init__(self, laboratory, password, name):
        folder = laboratory.folder / name
        folder.mkdir()
        rules = folder / 'sngreprc'
        rules.write_text('set eep.listen.pass %s\n' % password)
        self.kept = folder / 'kept.pcap'
        self.process = laboratory.start(['sngrep', '-N', '-F', '-f', rules, '-L', 'udp:127.0.0.1:%d' % PORT,
                                         '-O', self.kept], name)
        wait(lambda: is_bound(PORT), 'sngrep listens')

    def packets(self, count):
        wait(lambda: len(pcap_packets(self.kept)) >= count, 'sngrep keeps %d' % count)
        return pcap_packets(self.kept)


def is_bound(port):
    with open('/proc/net/udp') as table:
        return any(line.split()[1].endswith(':%04X' % port) for line in list(table)[1:])


def is_read(port):
    """Nothing waits in the kernel for who listens there."""
    with open('/proc/net/udp') as table:
        rows = [line.split() for line in list(table)[1:]]
    return all(row[4].endswith(':00000000') for row in rows if row[1].endswith(':%04X' % port))


def wait(good, what):
    end = time.monotonic() + lab.PATIENCE
    while not good():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)
