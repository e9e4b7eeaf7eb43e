"""The laboratory of the end-to-end tests.

A test calls private_network() first: it then runs in a network namespace of its
own, where every port is free and nothing leaves the machine.  Silence is proven
by order, never by a clock: after the message that must get no answer an OPTIONS
is sent on the same socket, and its answer must be the next thing to arrive.
"""
import base64
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(os.environ.get('SOURCE_ROOT') or pathlib.Path(__file__).parents[2])
BUILD = pathlib.Path(os.environ.get('BUILD_ROOT') or SOURCE / 'build')
SHAKEN = BUILD / 'cli' / 'shaken'
FORGE = BUILD / 'tests' / 'tools' / 'forge'
DAEMON = BUILD / 'redirector' / 'shaken-redirector'

ORIG, DEST = '12155550112', '14045550100'
X5U_BASE = 'https://certs.lab.example/'
UNREADABLE = {'long-chain'}           # too many certificates: a configuration that names it is refused
PATIENCE = 20        # seconds for what must happen at all; no test measures time by it

COMPACT = {'v': 'via', 'f': 'from', 't': 'to', 'i': 'call-id', 'm': 'contact', 'l': 'content-length',
           'y': 'identity', 'c': 'content-type', 's': 'subject', 'k': 'supported'}

_serial = itertools.count(1)


def private_network(*extra):
    """Run the program again in a network namespace of its own; returns inside it."""
    if os.environ.get('LAB_NAMESPACE') != 'inside':
        os.environ['LAB_NAMESPACE'] = 'inside'
        how = ['unshare', '-n'] if os.geteuid() == 0 else ['unshare', '-rn']
        os.execvp('unshare', how + [sys.executable, '-B'] + sys.argv + list(extra))
    del os.environ['LAB_NAMESPACE']
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)


class Checks:
    """Counts; a failing check names itself."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, good, what, detail=''):
        if good:
            self.passed += 1
            return True
        self.failed += 1
        print('FAILED: %s%s' % (what, ': ' + str(detail) if detail != '' else ''), file=sys.stderr)
        return False

    def same(self, got, want, what):
        return self.that(got == want, what, 'got %r, want %r' % (got, want))

    def close(self):
        """The closing line; the exit status."""
        print('%d passed, %d failed' % (self.passed, self.failed))
        return 1 if self.failed or not self.passed else 0


# ---------------------------------------------------------------- SIP as text

class Message:
    """A SIP message taken apart: start line, headers in order, body."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.decode('utf-8', 'replace').partition('\r\n\r\n')
        lines = head.replace('\r\n ', ' ').replace('\r\n\t', ' ').split('\r\n')
        self.start = lines[0]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(':')
            name = name.strip().lower()
            self.headers.append((COMPACT.get(name, name), value.strip()))

    @property
    def status(self):
        """'302 Moved Temporarily'"""
        return self.start.partition(' ')[2]

    @property
    def code(self):
        return int(self.status.split(' ')[0])

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def get(self, name):
        return next(iter(self.all(name)), None)

    @property
    def to_tag(self):
        return self.get('To').partition(';tag=')[2].partition(';')[0]

    @property
    def verstat(self):
        """Of the Contact's URI parameter, where it stands by default."""
        rest = (self.get('Contact') or '').partition(';verstat=')[2]
        return rest.partition('>')[0].partition(';')[0].partition('@')[0].partition('?')[0] or None


def sip_date(when):
    days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
    months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
    t = time.gmtime(when)
    return '%s, %02d %s %04d %02d:%02d:%02d GMT' % (
        days[t.tm_wday], t.tm_mday, months[t.tm_mon - 1], t.tm_year, t.tm_hour, t.tm_min, t.tm_sec)


def request(method='INVITE', *, uri=None, orig=ORIG, dest=DEST, identity=(), date=None, extra=(),
            without=(), replace=None, port=0, host='127.0.0.1', call=None, branch=None, body=''):
    """A request as bytes.

    identity  one value or several        extra    lines put at the end of the headers
    without   names left out              replace  name -> whole line(s) instead of ours
    """
    n = next(_serial)
    identities = [identity] if isinstance(identity, str) else list(identity)
    replace = replace or {}
    call = call or 'call-%d-%d@lab' % (os.getpid(), n)
    lines = [
        ('Via', 'Via: SIP/2.0/UDP %s:%d;branch=%s;rport'
         % (host, port or 5090, branch or 'z9hG4bK-%d-%d' % (os.getpid(), n))),
        ('Max-Forwards', 'Max-Forwards: 70'),
        ('From', 'From: "Caller" <sip:+%s@carrier.example;user=phone>;tag=f%d' % (orig, n)),
        ('To', 'To: <sip:+%s@carrier.example;user=phone>' % dest),
        ('Call-ID', 'Call-ID: ' + call),
        ('CSeq', 'CSeq: 1 ' + method),
        ('Contact', 'Contact: <sip:%s:%d>' % (host, port or 5090)),
    ]
    if date is not None:
        lines.append(('Date', 'Date: ' + (date if isinstance(date, str) else sip_date(date))))
    lines += [('Identity', 'Identity: ' + value) for value in identities]
    text = '%s %s SIP/2.0\r\n' % (method, uri or 'sip:+%s@proxy.example;user=phone' % dest)
    for name, line in lines:
        if name not in without:
            text += replace.get(name, line) + '\r\n'
    text += ''.join(line + '\r\n' for line in extra)
    text += 'Content-Length: %d\r\n\r\n%s' % (len(body), body)
    return text.encode()


def widen(sock):
    """Room for what comes while the test does something else, whatever net.core.rmem_max says."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)         # SO_RCVBUFFORCE
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)


class Peer:
    """A proxy that asks: one UDP socket."""

    def __init__(self, server=('127.0.0.1', 5060), address='127.0.0.1', port=0):
        self.server = server
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        widen(self.sock)
        self.sock.bind((address, port))
        self.sock.settimeout(PATIENCE)
        self.host, self.port = self.sock.getsockname()

    def build(self, method='INVITE', **how):
        return request(method, port=self.port, host=self.host, **how)

    def send(self, raw):
        self.sock.sendto(raw, self.server)

    def receive(self):
        return Message(self.sock.recv(65535))

    def ask(self, raw):
        self.send(raw)
        return self.receive()

    def invite(self, **how):
        return self.ask(self.build(**how))

    def silence(self, raw):
        """Send what must get no answer.  @return The answers that came all the same."""
        self.send(raw)
        fence = 'fence-%d' % next(_serial)
        self.send(self.build('OPTIONS', call=fence))
        got = []
        while True:
            answer = self.receive()
            if answer.get('Call-ID') == fence:
                return got
            got.append(answer)

    def close(self):
        self.sock.close()


# --------------------------------------------------------------------- tokens

def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def decode(identity):
    """@return The header, the payload and the parameters of an Identity value."""
    token, _, params = identity.partition(';')
    header, payload, _ = token.split('.')
    pairs = dict((p.partition('=')[0], p.partition('=')[2]) for p in params.split(';'))
    return json.loads(unb64(header)), json.loads(unb64(payload)), pairs


class Pki:
    """A folder made by `shaken lab`."""

    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        subprocess.run([SHAKEN, 'lab', *options, self.folder], check=True,
                       stdout=subprocess.DEVNULL)

    def __truediv__(self, name):
        path = self.folder / name
        if not path.exists():
            raise FileNotFoundError('`shaken lab` made no ' + name)
        return path

    def leaves(self):
        """Names that have a key and a chain to serve."""
        return sorted(k.stem for k in self.folder.glob('*.key')
                      if (self.folder / (k.stem + '.pem')).exists()
                      and k.stem not in ('root', 'intermediate', 'other-root', 'tls', 'tls-other', 'tls-ca'))


class Token:
    """An Identity value in the making; a test changes what it likes, then signs it."""

    def __init__(self, pki, leaf='sp', orig=ORIG, dest=DEST, iat=None):
        self.pki, self.key, self.spoil = pki, leaf, 'none'
        self.x5u = X5U_BASE + leaf + '.pem'
        self.header = {'alg': 'ES256', 'ppt': 'shaken', 'typ': 'passport', 'x5u': self.x5u}
        self.payload = {'attest': 'A', 'dest': {'tn': [dest]},
                        'iat': int(time.time()) if iat is None else iat, 'orig': {'tn': orig},
                        'origid': '123e4567-e89b-12d3-a456-426655440000'}
        self.params = ['info=<%s>' % self.x5u, 'alg=ES256', 'ppt=shaken']
        self.header_text = self.payload_text = None     # bytes to sign instead of the JSON
        self.edit = None                                # a last change of the finished token

    def lines(self):
        plain = {'separators': (',', ':'), 'sort_keys': True}
        return '%s\t%s\n' % (
            self.header_text if self.header_text is not None else json.dumps(self.header, **plain),
            self.payload_text if self.payload_text is not None else json.dumps(self.payload, **plain))

    def __str__(self):
        run = subprocess.run([FORGE, self.pki / (self.key + '.key'), self.spoil], check=True,
                             input=self.lines().encode(), stdout=subprocess.PIPE)
        token = run.stdout.decode().strip()
        if self.edit:
            token = self.edit(token)
        return ';'.join([token] + self.params)


def tokens(pki, calls, leaf='sp'):
    """Good Identity values for many calls at once: [(orig, dest)] -> [value]"""
    made = [Token(pki, leaf, orig, dest) for orig, dest in calls]
    run = subprocess.run([FORGE, pki / (leaf + '.key')], check=True, stdout=subprocess.PIPE,
                         input=''.join(t.lines() for t in made).encode())
    return [';'.join([token] + t.params) for t, token in zip(made, run.stdout.decode().split())]


# ----------------------------------------------------------------------- HTTP

class Answer:
    """What came back: status, headers (any case by get()), body as bytes."""

    def __init__(self, got):
        self.status, self.reason, self.headers, self.body = got.status, got.reason, got.headers, got.read()

    @property
    def text(self):
        return self.body.decode('utf-8', 'replace')

    @property
    def json(self):
        return json.loads(self.body)

    def get(self, name):
        return self.headers.get(name)


def http_connection(port, host='127.0.0.1', tls=None):
    """A connection that may ask several times.  tls: an ssl.SSLContext"""
    if tls:
        return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=tls)
    return http.client.HTTPConnection(host, port, timeout=PATIENCE)


def http_ask(connection, method='GET', path='/', headers=None, body=None):
    """One request on an open connection; a body that is no text and no bytes is sent as JSON."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (str, bytes)):
        body = json.dumps(body)
        headers.setdefault('Content-Type', 'application/json')
    try:
        connection.request(method, path, body, headers)
    except (BrokenPipeError, ConnectionResetError):
        if connection.sock is None:     # not even connected
            raise
        # else answered by the head alone, and closed before we have sent the rest
    return Answer(connection.getresponse())


def http_request(port, method='GET', path='/', headers=None, body=None, tls=None, host='127.0.0.1'):
    """One request on a connection of its own.  @return an Answer"""
    connection = http_connection(port, host, tls)
    try:
        return http_ask(connection, method, path, headers, body)
    finally:
        connection.close()


# ------------------------------------------------------------------ processes

class Process:
    """A server that this test started and that it ends by its own pid."""

    def __init__(self, command, log, **how):
        self.log_path = pathlib.Path(log)
        self.log_file = open(self.log_path, 'ab')
        self.proc = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL,
                                     stdout=self.log_file, stderr=subprocess.STDOUT, **how)

    @property
    def log(self):
        """Whole lines: one that is just being written is not there yet."""
        ended = self.proc.poll() is not None
        text = self.log_path.read_text(errors='replace')
        return text if ended else text[:text.rfind('\n') + 1]

    def send_signal(self, number):
        self.proc.send_signal(number)

    def wait_log(self, text, what, count=1):
        """Wait until `text` stands `count` times in the log."""
        end = time.monotonic() + PATIENCE
        while True:
            ended = self.proc.poll() is not None        # asked first: it may write the line and end
            if self.log.count(text) >= count:
                return
            if time.monotonic() > end or ended:
                raise TimeoutError('%s: no %r in the log:\n%s' % (what, text, self.log[-4000:]))
            time.sleep(0.02)

    def stop(self, number=signal.SIGTERM):
        """@return The exit status; -9 when it had to be killed."""
        if self.proc.poll() is None:
            self.proc.send_signal(number)
        try:
            self.proc.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.log_file.close()
        return self.proc.returncode


class Redirector(Process):
    """The daemon with a configuration; answers OPTIONS when the constructor returns."""

    def __init__(self, lab, settings, name='redirector', ready=True, env=None, first=()):
        self.config = lab.folder / (name + '.yaml')
        self.write(settings)
        self.address = settings['sip']['listen'][0].split(':', 1)[1].rsplit(':', 1)
        super().__init__([*first, DAEMON, '-c', self.config], lab.folder / (name + '.log'), env=env)
        lab.processes.append(self)
        if ready:
            self.wait_ready()

    def children(self):
        """{pid: its name} of all that it has made, oldest first; one that is just being made may
        still have another name."""
        text = pathlib.Path('/proc/%d/task/%d/children' % (self.proc.pid, self.proc.pid)).read_text()
        found = {}
        for pid in text.split():
            try:
                found[int(pid)] = pathlib.Path('/proc/%s/comm' % pid).read_text().strip()
            except OSError:
                pass  # it has ended meanwhile
        return found

    def workers(self):
        """The pids of those that serve SIP, oldest first."""
        return [pid for pid, name in self.children().items() if name != 'shaken-web']

    def web(self):
        """The pids of those that serve HTTP, oldest first."""
        return [pid for pid, name in self.children().items() if name == 'shaken-web']

    def wait_workers(self, count, web=0):
        """Wait until so many serve SIP, and HTTP: after a start the first one has all calls until the others are
        ready.  @return The pids of those for SIP"""
        end = time.monotonic() + PATIENCE
        while True:
            names = list(self.children().items())
            workers = [pid for pid, name in names if name == 'shaken-worker']
            if (len(workers) == count and len(names) == count + web == len(workers) + len(self.web())
                    and re.search('event"?[=:]"?ready', self.log)):
                return workers
            if time.monotonic() > end:
                raise TimeoutError('%d workers and %d for HTTP are wanted: %r\n%s'
                                   % (count, web, names, self.log[-4000:]))
            time.sleep(0.02)

    def write(self, settings):
        """JSON is YAML.  Put in place whole: a reload under way must not see half of it."""
        beside = self.config.with_suffix('.new')
        beside.write_text(json.dumps(settings, indent=2) + '\n')
        beside.replace(self.config)

    def wait_ready(self):
        peer = self.peer()
        peer.sock.settimeout(0.1)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if peer.ask(peer.build('OPTIONS')).code == 200:
                    peer.close()
                    return
            except OSError:
                pass
            if time.monotonic() > end or self.proc.poll() is not None:
                raise TimeoutError('the redirector does not answer:\n' + self.log)

    def peer(self, **how):
        return Peer((self.address[0], int(self.address[1])), **how)


class Lab:
    """A temporary folder with a PKI, and everything started in it.  Use by `with`."""

    def __init__(self, pki=True):
        for tool in (SHAKEN, FORGE, DAEMON):
            if not tool.exists():
                raise FileNotFoundError('%s is not built' % tool)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='shaken-lab-'))
        self.processes = []
        self.pki = Pki(self.folder / 'pki') if pki else None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        bad = []
        for process in reversed(self.processes):
            if process.proc.poll() is None:
                process.stop()
            if 'Sanitizer' in process.log or 'runtime error:' in process.log:
                bad.append(process)
            if kind:
                print('---- %s\n%s' % (process.log_path, process.log[-6000:]), file=sys.stderr)
        for process in bad:
            print(process.log[-20000:], file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        if bad and not kind:
            raise AssertionError('a sanitizer spoke')

    def settings(self, port=5060, **changes):
        """A configuration; changes as section_key=value, dashes as underscores:
        verify_on_failure='reject'; http={...} is a whole section.  HTTP is off unless it is asked for
        (http_listen=['http:127.0.0.1:8080'], http_health='127.0.0.1:8060'): ports would clash."""
        pki = self.pki
        tree = {
            'service': {'workers': 1},
            # a slow machine is no overload
            'sip': {'listen': ['udp:127.0.0.1:%d' % port], 'queue-age': '30s', 'overload-age': '29s'},
            'tenant': {'name': 'lab', 'mode': 'auto'},
            'sign': {'key': str(pki / 'sp.key'), 'certificate': str(pki / 'sp.pem'),
                     'x5u': X5U_BASE + 'sp.pem', 'attest': 'A'},
            'verify': {'certificates': {X5U_BASE + leaf + '.pem': str(pki / (leaf + '.pem'))
                                        for leaf in pki.leaves() if leaf not in UNREADABLE}},
            'trust': {'anchors': [str(pki / 'root.pem')], 'crls': [str(pki / 'crl.pem')]},
            'log': {'level': 'info'},
            'http': {'health': ''},
        }
        for name, value in changes.items():
            section, _, key = name.partition('_')
            if key:
                tree.setdefault(section, {})[key.replace('_', '-')] = value
            else:
                tree.setdefault(section, {}).update(value)
        return tree

    def redirector(self, port=5060, name=None, ready=True, env=None, first=(), **changes):
        """`first`: words before the command, of a program that becomes it."""
        return Redirector(self, self.settings(port, **changes), name or 'redirector-%d' % port, ready, env, first)

    def start(self, command, name, **how):
        process = Process(command, self.folder / (name + '.log'), **how)
        self.processes.append(process)
        return process


def main(test):
    """Run `test(lab, checks)` in a namespace; the exit status of the program."""
    private_network()
    checks = Checks()
    with Lab() as lab:
        test(lab, checks)
    sys.exit(checks.close())
