"""The benchmark works: few calls, every section and every row; no figure is looked at."""
import importlib.machinery
import os
import re
import socket
import subprocess
import sys
import threading

import lab

BENCH = lab.SOURCE / 'bench'
SECTIONS = {
    'sign': ('Signed call', ['signed', 'signed, records on', 'unsigned 302', 'unsigned 302, no ACK is sent',
                             'signed, sip.ack-filter: yes', 'unsigned 302, sip.ack-filter: yes', 'unsigned 302, sip.ack-filter: no']),
    'verify': ('Verified call', ['verified, no tables', 'verified, by table (hot certificate)']),
    'kamailio': ('Kamailio with secsipid', ['sign, redirector', 'sign, Kamailio, fast', 'sign, Kamailio, as packaged', 'verify, redirector',
                                            'verify, Kamailio, fast', 'verify, Kamailio, as packaged', 'verify, redirector, no tables']),
    'scale': ('Workers', ['%s, %s, %s' % (kind, workers, cores) for kind in ('sign', 'verify') for workers in ('1 worker', '2 workers')
                          for cores in ('core 0', 'both cores')]),
    'streams': ('TCP and TLS', ['%s, %s' % (kind, way) for kind in ('sign', 'plain') for way in (
        'UDP', 'TCP, 1 connection', 'TCP, 8 connections', 'TLS, 1 connection', 'TLS, 8 connections')]),
    'latency': ('Response times', ['%s, %s' % (kind, load) for kind in ('sign', 'verify') for load in (
        '64 under way', '50 % of that', '90 % of that')]),
    'memory': ('Memory', ['one process', 'supervisor, workers: 1', 'supervisor, workers: 2', 'Kamailio, fast']),
    'width': ('Many tenants, certificates, numbers', [
        'signed, 1 tenant', 'signed, 10 tenants', 'verified, 1 certificate, no tables', 'verified, 10 certificates',
        'signed, 1 number', 'signed, 10 numbers']),
    'overload': ('Overload', ['overload, sign', 'overload, verify']),
    'kill': ('kill -9', ['killed, 1']),
    'profile': ('Profile', ['profile, signed call', 'profile, unsigned 302', 'profile, verified call, no tables', 'profile, verified call, by table',
                            'all of `libcrypto.so.3`', 'all of `shaken-redirector`']),
    'http': ('Questions by HTTP', ['sign, /v1/sign-csv', 'verify, /v1/check', 'sign, ATIS', 'verify, ATIS', 'verify, /v1/check, no tables',
                                   'verify, ATIS, no tables', 'sign, /v1/sign-csv, secsipidx', 'verify, /v1/check, secsipidx']),
    'front': ('SIP beside HTTP', ['SIP without HTTP', 'SIP without HTTP, cores awake', 'SIP with HTTP']),
}
# What a machine with other work may say instead of figures.  Each of these rows is one to which a
# server is driven past its capacity, and then a second without the core is not to be told from one.
BUSY = re.compile(r'no figure: the machine was not quiet: \S')
MAY_BE_BUSY = 'overload, sign', 'overload, verify'
QUOTIENTS = ['sign: Kamailio, fast, to the redirector', 'verify: Kamailio, fast, to the redirector', 'sign: 2 workers to 1, both cores',
             'verify: 2 workers to 1, both cores', 'tenants: the most to one', 'certificates: the most to one', 'numbers: the most to one',
             'sign: secsipidx to the redirector', 'verify: secsipidx to the redirector', 'verify: secsipidx to the redirector without tables',
             'p99 with HTTP to without', 'p99 with HTTP to awake cores without']


def rows_of(text):
    """{first cell: the others} of all tables."""
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if line.startswith('| ')]
    return {row[0]: row[1:] for row in cells}


def test_run(checks, folder):
    written = folder / 'RESULTS.md'
    written.write_text('of the run before\n<!-- what follows is not written by bench/run -->\nby hand\n')
    run = subprocess.run([sys.executable, '-B', BENCH / 'run', lab.BUILD, '--quick', '--calls', '200', '--write', written],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    checks.same(run.returncode, 0, 'bench/run --quick: ' + run.stderr[-1500:])
    rows = rows_of(run.stdout)
    for section, (title, names) in SECTIONS.items():
        checks.that('## %s\n' % title in run.stdout, section + ': its title')
        for name in names:
            checks.that(name in rows, '%s: the row %r' % (section, name))
            cells = [cell for cell in rows.get(name, ['']) if cell]
            if cells == ['share']:
                continue
            if name in MAY_BE_BUSY and cells and BUSY.match(cells[0]):
                continue
            checks.that(cells and all(re.search(r'\d|^-$', cell) for cell in cells), '%s: figures in the row %r' % (section, name), cells)
    for quotient in QUOTIENTS:
        checks.that(re.search(r'^- %s: \*\*[0-9.]+\*\*' % re.escape(quotient), run.stdout, re.M), 'the quotient %r' % quotient)
    text = written.read_text()
    checks.that(text.startswith(run.stdout) and text.endswith('by hand\n') and 'of the run before' not in text, '--write: ours new, the rest kept')
    test_part(checks, written)


def test_part(checks, written):
    """A run of some sections replaces these, as often as it is made, and nothing else."""
    before, title = written.read_text(), '## SIP beside HTTP\n'
    for number in range(2):
        run = subprocess.run([sys.executable, '-B', BENCH / 'run', lab.BUILD, '--quick', '--calls', '200', '--only', 'front', '--write', written],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
        checks.same(run.returncode, 0, 'bench/run --only front: ' + run.stderr[-1500:])
        text, mine = written.read_text(), run.stdout.partition(title)[2].partition('## ')[0]
        checks.that(mine and mine in text and text.count(title) == 1, '--only --write: the section is the new one')
        checks.same(text.count('## Conditions: SIP beside HTTP\n'), 1, '--only --write: and says where it was measured')
        checks.same(text.partition(title)[0], before.partition(title)[0], '--only --write: those before it stay')
        checks.that(text.endswith('by hand\n') and '## Conditions\n' in text, '--only --write: so do those behind it')


def test_conditions(checks):
    """Those of a run go when all that was measured in it was measured again, and not before."""
    sys.path.insert(0, str(BENCH))
    run = importlib.machinery.SourceFileLoader('bench_run', str(BENCH / 'run')).load_module()
    old = '# all\n## A\n1\n## B\n2\n## Conditions: A, B\nthen\n'
    new = '# all\n## A\n3\n## Conditions\nnow\n'
    rows = [(['A'], new, 'A, B', True), (['A', 'B'], new.replace('## Cond', '## B\n4\n## Cond'), 'A, B', False)]
    for titles, text, of, stay in rows:
        got = run.merged(old, text, titles)
        checks.same('then' in got, stay, '%s: those of %s' % (titles, of))
        checks.that('now\n' in got and '1\n' not in got, '%s: the new ones' % titles, got)
    old = old.replace('A, B', 'A')
    got = run.merged(old, new.replace('## Cond', '## B\n4\n## Cond'), ['A', 'B'])
    checks.that('then' not in got and got.count('## Conditions') == 1, 'those of a part go, too', got)


def test_refused(checks):
    for arguments in (['--only', 'nothing'], ['--calls', '1'], ['--rounds', '0']):
        run = subprocess.run([sys.executable, '-B', BENCH / 'run', lab.BUILD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        checks.same(run.returncode, 2, 'bench/run %s' % ' '.join(arguments))


def blast(*arguments):
    return subprocess.run([lab.BUILD / 'bench' / 'blast', *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_blast(laboratory, checks):
    """A generator that does not look would make any server fast."""
    pki = laboratory.pki
    server = laboratory.redirector(5060, sip_listen=['udp:127.0.0.1:5060', 'tls:127.0.0.1:5062'], tls_certificate=str(pki / 'tls.pem'),
                                   tls_key=str(pki / 'tls.key'))
    plain = laboratory.redirector(5061, tenant_mode='pass')
    base = ['--calls', 300]
    good, bad = [pki / 'sp.pem', '--check', 1], [pki / 'expired.pem', '--check', 1]
    identities, spoiled = laboratory.folder / 'good', laboratory.folder / 'spoiled'
    identities.write_text(str(lab.Token(pki)) + '\n')
    token = lab.Token(pki)
    token.spoil = 'bit'
    spoiled.write_text(str(token) + '\n')
    rows = [
        ('signed calls', 0, 5060, ['--kind', 'sign', '--certificate', *good, '--ack']),
        ('... of 8 sockets', 0, 5060, ['--kind', 'sign', '--certificate', *good, '--sockets', 8]),
        ('... at a rate', 0, 5060, ['--kind', 'sign', '--rate', 1000]),
        ('... in phases', 0, 5060, ['--kind', 'sign', '--phases', '500:0.2,1000:0.2']),
        ('... signed by another', 1, 5060, ['--kind', 'sign', '--certificate', *bad]),
        ('... not signed at all', 1, 5061, ['--kind', 'sign']),
        ('unsigned calls', 0, 5061, ['--kind', 'plain']),
        ('... that are signed', 1, 5060, ['--kind', 'plain']),
        ('verified calls', 0, 5060, ['--kind', 'verify', '--identity', identities]),
        ('... with a spoiled signature', 1, 5060, ['--kind', 'verify', '--identity', spoiled]),
        ('... without a verdict', 1, 5061, ['--kind', 'verify', '--identity', identities]),
        ('... without a verdict, shed', 0, 5061, ['--kind', 'verify', '--identity', identities, '--shed']),
        ('TCP', 0, 5060, ['--kind', 'sign', '--certificate', *good, '--transport', 'tcp', '--ack']),
        ('TCP, 8 connections, at a rate', 0, 5060, ['--kind', 'sign', '--transport', 'tcp', '--connections', 8, '--rate', 1000]),
        ('TLS', 0, 5062, ['--kind', 'sign', '--certificate', *good, '--transport', 'tls', '--ca', pki / 'tls-ca.pem', '--connections', 3]),
        ('TLS of another authority', 3, 5062, ['--kind', 'sign', '--transport', 'tls', '--ca', pki / 'root.pem']),
        ('TLS where there is none', 3, 5060, ['--kind', 'sign', '--transport', 'tls', '--ca', pki / 'tls-ca.pem']),
        ('nobody there', 3, 5069, ['--kind', 'sign', '--calls', 3000]),    # it gives up before it has lost all
        ('no connection', 3, 5069, ['--kind', 'sign', '--transport', 'tcp']),
        ('no kind of identity', 2, 5060, ['--kind', 'verify']),
        ('TLS without an authority', 2, 5060, ['--kind', 'sign', '--transport', 'tls']),
        ('no such phase', 2, 5060, ['--kind', 'sign', '--phases', '5']),
    ]
    for what, status, port, options in rows:
        run = blast('--to', '127.0.0.1:%d' % port, *base, '--patience', 0.5 if status == 3 else 20, *options)
        checks.same(run.returncode, status, 'blast: %s: %s' % (what, (run.stdout + run.stderr)[-600:]))
    series = laboratory.folder / 'series'
    blast('--to', '127.0.0.1:5060', '--kind', 'sign', '--phases', '500:0.2,1000:0.2', '--series', series)
    lines = [line.split(',') for line in series.read_text().splitlines()]
    checks.same(lines[0], ['second', 'sent', 'answered', 'shed', 'lost', 'p50_us', 'p99_us'], 'series: its head')
    checks.same([int(line[1]) for line in lines[1:]], [50, 50, 100, 100], 'series: calls of each tenth')
    checks.same((server.stop(), plain.stop()), (0, 0), 'the redirectors end')


class Fake(threading.Thread):
    """Answers everything, with a little mistake, or more than once."""

    def __init__(self, mistake, stream, times=1):
        super().__init__(daemon=True)
        self.mistake, self.times = mistake, times
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        self.sock.bind(('127.0.0.1', 0))
        if stream:
            self.sock.listen()
        self.run, self.port = (self.run_stream if stream else self.run_datagrams), self.sock.getsockname()[1]
        self.start()

    def answer(self, request):
        lines = ['SIP/2.0 302 Moved Temporarily'] + ['%s: %s' % (name, value) for name in ('Via', 'From', 'Call-ID', 'CSeq')
                                                     for value in request.all(name)]
        lines += ['To: %s;tag=fake' % request.get('To'), 'Contact: <sip:x@127.0.0.1>', 'Content-Length: 0', '', '']
        return self.mistake('\r\n'.join(lines)).encode()

    def run_datagrams(self):
        while True:
            raw, source = self.sock.recvfrom(65535)
            for _ in range(self.times if raw.startswith(b'INVITE') else 0):
                self.sock.sendto(self.answer(lab.Message(raw)), source)

    def run_stream(self):
        connection, text = self.sock.accept()[0], b''
        try:
            while more := connection.recv(65535):
                *whole, text = (text + more).split(b'\r\n\r\n')    # a head each, behind the body of the one before
                for raw in whole:
                    connection.sendall(self.answer(lab.Message(raw[max(0, raw.find(b'INVITE ')):] + b'\r\n\r\n')) * self.times)
        except OSError:
            pass


def test_fakes(checks):
    """Each mistake in an answer is seen."""
    one_to_many = [('CSeq: 1', 'CSeq: 2'), (';tag=fake', ''), (' 302 ', ' 200 '), (' 302 ', ' 3x2 '), ('Contact:', 'Kontakt:'),
                   ('Contact:', 'Identity: a\r\nContact:'), ('branch=z9hG4bK-', 'branch=z9hG4bK-x'), ('\r\n', '\n'), ('Call-ID: ', 'Call-ID: x')]
    rows = [('none', False, lambda text: text, 0)]
    rows += [('%r for %r' % (new, old), False, lambda text, old=old, new=new: text.replace(old, new), 1) for old, new in one_to_many]
    rows.append(('none, TCP', True, lambda text: text, 0))
    for what, stream, mistake, status in rows:
        fake = Fake(mistake, stream)
        run = blast('--to', '127.0.0.1:%d' % fake.port, '--transport', 'tcp' if stream else 'udp', '--kind', 'plain', '--calls', 20, '--patience', 0.3 if status else 20)
        checks.same(run.returncode, status, 'a mistake in an answer: %s: %s' % (what, (run.stdout + run.stderr)[-400:]))
    for what, mistake in ('no length', lambda text: text.replace('Content-Length: 0\r\n', '')), ('a huge one', lambda text: text.replace(
            'Length: 0', 'Length: 99999999')), ('an end', lambda text: text[:-5]):
        fake = Fake(mistake, True)
        run = blast('--to', '127.0.0.1:%d' % fake.port, '--transport', 'tcp', '--kind', 'plain', '--calls', 20, '--patience', '0.3')
        checks.that(run.returncode in (1, 3), 'a mistake on a connection: %s: %s' % (what, (run.stdout + run.stderr)[-400:]))


def test_cheats(laboratory, checks):
    """Servers that look faster than they are, or do more than they were asked for."""
    pki = laboratory.pki
    good, late = ['--certificate', pki / 'sp.pem', '--check', 1], ['--certificate', pki / 'sp.pem', '--check', 20]
    first = lab.Token(pki, 'sp', '12155551000', '14045559999')     # the first of the generator's calls
    turned = lab.Token(pki, 'sp', '14045559999', '12155551000')
    two = lab.Token(pki, 'sp', '12155551000', '14045559999')
    two.payload['dest'] = {'tn': ['14045559999', '14045559998']}

    def signed(token):
        value = str(token)
        return lambda text: text.replace('Contact:', 'Identity: %s\r\nContact:' % value)

    right, another, twice = 'lost=0 wrong=0 stray=0 ', "the Identity is another call's", r'wrong=0 stray=[1-9]'
    rows = [
        ('an Identity for the only caller', 0, right, signed(first), 1, ['--kind', 'sign', '--numbers', 1, *good]),
        ('one Identity for all', 1, another, signed(first), 1, ['--kind', 'sign', *good]),
        ('one Identity for all, some looked at', 1, another, signed(first), 1, ['--kind', 'sign', '--calls', 200, *late]),
        ('... of the called number', 1, another, signed(turned), 1, ['--kind', 'sign', '--numbers', 1, *good]),
        ('... for one more', 1, another, signed(two), 1, ['--kind', 'sign', '--numbers', 1, *good]),
        ('each answer once', 0, right, lambda text: text, 1, ['--kind', 'plain']),
        ('each answer twice', 1, twice, lambda text: text, 2, ['--kind', 'plain']),
        ('each signed answer twice', 1, twice, signed(first), 2, ['--kind', 'sign', '--numbers', 1, *good]),
    ]
    for what, status, words, mistake, times, options in rows:
        for transport in 'udp', 'tcp':
            fake = Fake(mistake, transport == 'tcp', times)
            run = blast('--to', '127.0.0.1:%d' % fake.port, '--transport', transport, '--calls', 60, '--window', 8, '--patience', 5, *options)
            said = run.stdout + run.stderr
            checks.same((run.returncode, bool(re.search(words, said))), (status, True), 'a cheat: %s, %s: %s' % (what, transport, said[-400:]))


SPINNER = """
import os, sys, threading, time
def spin():
    end = time.thread_time() + 0.1
    while time.thread_time() < end:
        pass
def wait():
    done.wait()
def gone():                     # join() returns a little before the kernel's thread ends
    while len(os.listdir('/proc/self/task')) > 1:
        time.sleep(0.001)
for line in sys.stdin:
    if line == 'begin\\n':
        done = threading.Event()
        thread = threading.Thread(target=wait)
        thread.start()
    elif line == 'end\\n':
        done.set()
        thread.join()
        gone()
    elif line == 'thread\\n':
        other = threading.Thread(target=spin)
        other.start()
        other.join()
        gone()
    else:
        spin()
    print(line, end='', flush=True)
"""


class Spinner:
    """A process that takes time in the way that it is told."""

    def __init__(self):
        self.proc = subprocess.Popen([sys.executable, '-c', SPINNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pids = [self.proc.pid]

    def do(self, *words):
        for word in words:
            self.proc.stdin.write(word + '\n')
            self.proc.stdin.flush()
            self.proc.stdout.readline()


def test_meter(checks):
    """Time that went with a thread is missed, not left out."""
    sys.path.insert(0, str(BENCH))
    import meter
    rows = [('nothing', [], [], None), ('one thread', [], ['itself'], None), ('a new thread that stays', [], ['itself', 'begin'], None),
            ('a thread that stays', ['begin'], ['itself'], None), ('a thread that ends', ['begin'], ['itself', 'end'], 'a thread of process'),
            ('a thread that comes and goes', [], ['itself', 'thread'], 'differ by')]
    for what, before, meanwhile, why in rows:
        spinner = Spinner()
        spinner.do('ready', *before)
        scale, said = meter.Meter(spinner), None
        spinner.do(*meanwhile)
        try:
            spent = scale.spent()
            checks.that(list(spent) == spinner.pids and (spent[spinner.proc.pid] > 0 or not meanwhile), 'meter: %s: time' % what, spent)
        except meter.NoFigure as no:
            said = str(no)
        checks.that(said is None if why is None else said and why in said, 'meter: %s' % what, said)
        spinner.proc.kill()
        spinner.proc.wait()
        try:
            scale.spent()
            checks.that(False, 'meter: %s: a process that has ended' % what)
        except meter.NoFigure:
            pass


def test(laboratory, checks):
    test_fakes(checks)
    test_cheats(laboratory, checks)
    test_meter(checks)
    test_conditions(checks)
    test_blast(laboratory, checks)
    test_refused(checks)
    test_run(checks, laboratory.folder)


if __name__ == '__main__':
    lab.main(test)
