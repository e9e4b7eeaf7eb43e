"""Certificates by openssl, and clients that speak SIP over TLS."""
import os
import socket
import ssl
import subprocess

import lab
from lab import Message


class Authority:
    """Makes certificates in a folder: NAME.pem (with what stands above it but the root), NAME.key."""

    def __init__(self, folder, name='ca'):
        self.folder, self.name = folder, name
        folder.mkdir(exist_ok=True)
        self.openssl('req', '-x509', *self.new_key(name), '-subj', '/CN=' + name, '-days', '90',
                     '-out', folder / (name + '.pem'), '-addext', 'keyUsage=critical,keyCertSign,cRLSign')

    @staticmethod
    def openssl(*words, when=None):
        command = (['faketime', when] if when else []) + ['openssl'] + [str(w) for w in words]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if run.returncode != 0:
            raise RuntimeError('%s: %s' % (' '.join(command), run.stdout.decode()))
        return run.stdout.decode()

    def new_key(self, name):
        return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout',
                self.folder / (name + '.key')]

    def issue(self, name, *san, days=90, when=None, usage=None, cn='nobody in particular'):
        """@return The paths of certificate and key."""
        pem, key, request = (self.folder / (name + end) for end in ('.pem', '.key', '.csr'))
        extensions = self.folder / (name + '.ext')
        lines = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature']
        lines += ['subjectAltName=' + ','.join(san)] if san else []
        lines += ['extendedKeyUsage=' + usage] if usage else []
        extensions.write_text('\n'.join(lines) + '\n')
        self.openssl('req', '-new', *self.new_key(name), '-subj', '/CN=' + cn, '-out', request)
        self.openssl('x509', '-req', '-in', request, '-CA', self.pem, '-CAkey', self.folder / (self.name + '.key'),
                     '-days', days, '-extfile', extensions, '-out', pem, when=when)
        os.chmod(key, 0o600)
        return pem, key

    @property
    def pem(self):
        return self.folder / (self.name + '.pem')


def context(authority, client=None, version=None, verify=True):
    """A client's: `client` is (certificate, key)."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if authority:
        made.load_verify_locations(authority.pem)
    if client:
        made.load_cert_chain(*client)
    if version:
        made.set_ciphers('ALL:@SECLEVEL=0')
        made.minimum_version = made.maximum_version = version
    return made


class TlsPeer:
    """A proxy that asks by one connection."""

    def __init__(self, server, how):
        self.family = socket.AF_INET6 if ':' in server[0] else socket.AF_INET
        self.raw = socket.socket(self.family, socket.SOCK_STREAM)
        self.raw.settimeout(lab.PATIENCE)
        self.raw.connect(server)
        self.sock = how.wrap_socket(self.raw)
        self.host, self.port = self.sock.getsockname()[:2]
        self.buffer = b''

    @property
    def serial(self):
        return self.sock.getpeercert()['serialNumber']

    def build(self, method='INVITE', **how):
        host = '[%s]' % self.host if self.family == socket.AF_INET6 else self.host
        via = lab.request(method, port=self.port, host=host, **how).split(b'\r\n')
        return b'\r\n'.join([via[0], via[1].replace(b'SIP/2.0/UDP', b'SIP/2.0/TLS')] + via[2:])

    def send(self, raw):
        self.sock.sendall(raw)

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise ConnectionError('closed')
        self.buffer += got

    def receive(self):
        while b'\r\n\r\n' not in self.buffer:
            self.more()
        head, _, rest = self.buffer.partition(b'\r\n\r\n')
        message = Message(head + b'\r\n\r\n')
        length = int(message.get('Content-Length'))
        while len(rest) < length:
            self.more()
            rest = self.buffer.partition(b'\r\n\r\n')[2]
        self.buffer = rest[length:]
        return message

    def ask(self, raw):
        self.send(raw)
        return self.receive()

    def invite(self, **how):
        return self.ask(self.build(**how))

    def options(self):
        return self.ask(self.build('OPTIONS')).code

    def close(self):
        self.sock.close()


def refused(server, how):
    """Does the server end a connection like this before it answers?  @return What it said, or None: it answers"""
    try:
        peer = TlsPeer(server, how)
        peer.sock.settimeout(lab.PATIENCE)
        code = peer.options()
        peer.close()
        return None if code == 200 else 'answered %d' % code
    except (ssl.SSLError, ConnectionError) as e:
        return str(e)
