"""The sections of bench/run for HTTP: what a question costs, beside secsipidx's server; what the front does to SIP."""
import base64
import itertools
import json
import signal
import socket
import statistics
import subprocess
import time

import common
from common import BOTH, CLIENT_CORE, SERVER_CORE, NoFigure, Server, key_values, on_cores
from meter import Meter
from rows import Row, Section

HOT = 1100              # verifications after which a certificate surely is hot (as in sections.py)
CONNECTIONS = 64
LOOP = ['sh', '-c', 'while :; do :; done']
TURNS = 15              # of SIP beside HTTP, in a round


class Question:
    """A path, and how a body is made of a call; what every answer must have."""

    def __init__(self, kind, path, body, *wants, json_body=True):
        self.kind, self.path, self.body, self.wants, self.json_body = kind, path, body, wants, json_body

    def bodies(self, bench, folder):
        """A file of bodies, one a line; of tokens that are good for a minute from now."""
        path = folder / ('bodies' + self.path.replace('/', '-'))
        path.write_text(''.join(self.body(bench, *call) + '\n' for call in calls_of(bench, self.kind)))
        return path

    def command(self, bench, port, *options):
        lines = ['--line', 'Content-Type: application/json'] if self.json_body else []
        wants = [word for want in self.wants for word in ('--want', want)]
        return [bench.build / 'bench' / 'http_blast', '--to', '127.0.0.1:%d' % port, '--path', self.path,
                '--bodies', self.bodies(bench, bench.laboratory.folder), '--connections', CONNECTIONS,
                '--patience', 20 if bench.quick else 5, *lines, *wants, *options]


def calls_of(bench, kind):
    """[(caller, called, Identity value, when)]"""
    if kind == 'sign':
        return [('1215%07d' % (5551000 + i), '1404%07d' % (5559999 - i), '', int(time.time())) for i in range(common.POOL)]
    calls = []
    for identity in bench.pool.fresh().read_text().split('\n')[:-1]:
        payload = identity.split('.')[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + '=' * (-len(payload) % 4)))
        calls.append((claims['orig']['tn'], claims['dest']['tn'][0], identity, claims['iat']))
    return calls


def csv(bench, caller, called, _, __):
    return '%s,%s,A,123e4567-e89b-12d3-a456-426655440000,%ssp.pem' % (caller, called, bench.lab.X5U_BASE)


def atis_signing(_, caller, called, __, when):
    return json.dumps({'signingRequest': {'attest': 'A', 'orig': {'tn': caller}, 'dest': {'tn': [called]}, 'iat': when,
                                          'origid': '123e4567-e89b-12d3-a456-426655440000'}})


def atis_verification(_, caller, called, identity, when):
    return json.dumps({'verificationRequest': {'from': {'tn': caller}, 'to': {'tn': [called]}, 'time': when, 'identity': identity}})


SIGN_CSV = Question('sign', '/v1/sign-csv', csv, 'ppt=shaken', json_body=False)
CHECK = Question('verify', '/v1/check', lambda _, __, ___, identity, ____: identity, 'OK', json_body=False)
SIGNING = Question('sign', '/stir/v1/signing', atis_signing, 'signingResponse', 'ppt=shaken')
VERIFICATION = Question('verify', '/stir/v1/verification', atis_verification, 'verificationResponse', 'TN-Validation-Passed')


class HttpRow(Row):
    """A question asked over and over, of whoever serves it."""

    def __init__(self, name, server, question, calls):
        super().__init__(name, server, question.kind, calls)
        self.question = question

    def run(self, bench, calls):
        return cost(bench, self.server, self.question, calls)


def ask(bench, port, question, *options, cores=CLIENT_CORE, first=()):
    """@return the generator's figures; NoFigure when an answer was lost or wrong"""
    command = [*first, *on_cores(cores, *question.command(bench, port, *options))]
    run = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        raise NoFigure((run.stdout + run.stderr)[:600])
    return key_values(run.stdout)


def cost(bench, server, question, calls):
    """CPU microseconds a question, of the whole server; the generator's figures"""
    meter = Meter(server)
    figures = ask(bench, server.port, question, '--calls', calls)
    return sum(meter.spent().values()) / figures['sent'] / 1000, figures


def served(bench, name, cores=SERVER_CORE, **changes):
    """Our daemon, a worker and the process for HTTP.  @return a Server for SIP, one for HTTP"""
    if not bench.knows('http.listen'):
        raise NoFigure('this build has no HTTP')
    sip, http = next(bench.ports), next(bench.ports)
    settings = dict(tenant_mode='auto', records_calls=False, log_level='warning', service_workers=1,
                    http_listen=['http:127.0.0.1:%d' % http], clients={'bench': {'sources': ['127.0.0.0/8']}},
                    verify_certificates={bench.lab.X5U_BASE + 'sp.pem': str(bench.laboratory.pki / 'sp.pem')})
    settings.update(changes)
    process = common.redirector(bench, bench.laboratory.settings(sip, **settings), name, [])
    wait_http(http)
    return Server(process, sip, cores, bench.real_time), Server(process, http, cores, bench.real_time)


def secsipidx(bench, name='secsipidx'):
    """Debian's server with the same key; it says something of each question, and that goes nowhere."""
    port, pki, folder = next(bench.ports), bench.laboratory.pki, bench.laboratory.folder
    public = subprocess.run(['openssl', 'x509', '-in', pki / 'sp.pem', '-noout', '-pubkey'], check=True, stdout=subprocess.PIPE).stdout
    (folder / 'sp.public').write_bytes(public)
    process = bench.laboratory.start(['sh', '-c', 'exec "$@" >/dev/null 2>&1', 'sh', 'secsipidx', '-http-srv', '127.0.0.1:%d' % port,
                                      '-fprvkey', pki / 'sp.key', '-fpubkey', folder / 'sp.public', '-expire', '3600'], name)
    wait_http(port)
    return Server(process, port)


def wait_http(port):
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError as why:
            if time.monotonic() > end:
                raise NoFigure('nobody serves HTTP') from why
            time.sleep(0.05)


class Http(Section):
    """a question by HTTP, signed and verified, beside secsipidx's server"""
    title = 'Questions by HTTP'
    note = ('%d connections that are kept, one question under way on each; CPU is that of the supervisor, of a worker that has nothing to do, '
            'and of the process for HTTP. secsipidx is Debian\'s server, with the key in a file: it judges no certificate; what it prints for '
            'each question goes nowhere.' % CONNECTIONS)
    wanted = 'at least 1.5 times cheaper than secsipidx.'

    def make(self):
        bench, calls = self.bench, self.args.calls
        hot = bench.knows('certs.tables')
        _, ours = served(bench, 'http')
        questions = [('sign, /v1/sign-csv', SIGN_CSV), ('verify, /v1/check', CHECK), ('sign, ATIS', SIGNING), ('verify, ATIS', VERIFICATION)]
        if hot:
            for _ in range(2):
                ask(bench, ours.port, CHECK, '--calls', HOT)
                time.sleep(0.5)
        self.of = {}
        for name, question in questions:
            self.of['ours', question.path] = self.insert(name, ours, question, calls)
        if hot:
            _, plain = served(bench, 'http-plain', certs_tables=0)
            for name, question in questions:
                if question.kind == 'verify':
                    self.of['plain', question.path] = self.insert(name + ', no tables', plain, question, calls)
        other = secsipidx(bench)
        for name, question in questions[:2]:
            self.of['secsipidx', question.path] = self.insert(name + ', secsipidx', other, question, max(100, calls // 4))

    def insert(self, name, server, question, calls):
        self.rows.append(HttpRow(name, server, question, calls))
        return self.rows[-1]

    def conclude(self, report):
        report.say()
        of = getattr(self, 'of', {})
        for what, question in ('sign', SIGN_CSV), ('verify', CHECK):
            self.compare(report, what + ': secsipidx to the redirector', of.get(('secsipidx', question.path)),
                         of.get(('ours', question.path)), '>= 1.50')
        if ('plain', CHECK.path) in of:
            self.compare(report, 'verify: secsipidx to the redirector without tables', of.get(('secsipidx', CHECK.path)),
                         of['plain', CHECK.path])


class Front(Section):
    """SIP's response times while HTTP is asked as much as it can, and while it is not"""
    title = 'SIP beside HTTP'
    note = ('One worker and the process for HTTP on both cores, and both generators there, too. Signed calls by SIP at a fixed rate, a quarter '
            'of what one core can; meanwhile HTTP is asked to sign, %d connections, as fast as it answers; or two loops of SCHED_IDLE that do '
            'nothing keep the cores from falling asleep (what a host makes of a sleeping core is neither ours nor HTTP\'s); or nothing happens. '
            'The generator for HTTP stands for other machines: it is SCHED_IDLE as well. In each round the three take turns, %d times each, in '
            'ever another order; the median counts.' % (CONNECTIONS, TURNS))
    wanted = "SIP's p99 moves by less than 20 %."
    SECONDS = 0.3

    AGAINST = {'without': 'p99 with HTTP to without', 'awake': 'p99 with HTTP to awake cores without'}
    NAMES = {'without': 'SIP without HTTP', 'awake': 'SIP without HTTP, cores awake', 'with': 'SIP with HTTP'}

    def make(self):
        self.sip, self.http = served(self.bench, 'front', cores=BOTH)
        full = self.bench.blast(self.sip, 'sign', max(self.args.calls // 5, 400), '--ack')
        self.rate, self.seen, self.asked = full['rate'] / 4, {name: [] for name in self.NAMES}, []

    def once(self, _, __):
        if hasattr(self, 'seen'):
            self.attempt('SIP beside HTTP', self.take_turns)

    def take_turns(self):
        turns = {name: [] for name in self.NAMES}
        orders = list(itertools.permutations(self.NAMES))
        for number in range(1 if self.bench.quick else TURNS):
            for name in orders[(len(self.seen['with']) + number) % len(orders)]:
                turns[name].append(self.one(name))
        for name, figures in turns.items():
            self.seen[name].append({key: statistics.median(one[key] for one in figures) for key in figures[0]})

    def one(self, name):
        load = self.load() if name == 'with' else None
        loops = [self.idle(LOOP) for _ in range(2)] if name == 'awake' else []
        try:
            return self.bench.blast(self.sip, 'sign', 1, '--ack', '--phases',
                                    '%d:%.1f' % (self.rate, 0.3 if self.bench.quick else self.SECONDS), cores=BOTH)
        finally:
            for loop in loops:
                loop.kill()
                loop.communicate()
            if load:
                self.asked.append(self.end(load))

    @staticmethod
    def idle(command):
        return subprocess.Popen(['chrt', '--idle', '0', *map(str, on_cores(BOTH, *command))], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def load(self):
        load = self.idle(SIGN_CSV.command(self.bench, self.http.port, '--seconds', 600, '--rest'))
        first = load.stderr.readline()
        if first != 'the first answer\n':
            raise NoFigure((first + ''.join(load.communicate()))[:600])
        if not self.bench.quick:
            time.sleep(0.5)
        return load

    @staticmethod
    def end(load):
        load.send_signal(signal.SIGTERM)
        out, why = load.communicate()
        if load.returncode:
            raise NoFigure((out + why)[:600])
        return key_values(out)['rate']

    def conclude(self, report):
        report.table('what', 'calls/s', 'p50 us', 'p90 us', 'p99 us', 'p999 us', 'p99 of the rounds', 'HTTP requests/s')
        seen = getattr(self, 'seen', {name: [] for name in self.NAMES})
        for name, rounds in seen.items():
            if len(rounds) < self.args.rounds:
                report.row(self.NAMES[name], 'no figure', *[''] * 6)
                continue
            p99 = [figures['p99_us'] for figures in rounds]
            report.row(self.NAMES[name], *('%.0f' % statistics.median(figures[key] for figures in rounds)
                                           for key in ('rate', 'p50_us', 'p90_us', 'p99_us', 'p999_us')),
                       '%.0f to %.0f' % (min(p99), max(p99)), '%.0f' % statistics.median(self.asked) if name == 'with' else '-')
        report.say()
        for name, what in self.AGAINST.items():
            moved = [a['p99_us'] / b['p99_us'] for a, b in zip(seen['with'], seen[name]) if b['p99_us']]
            report.say('- %s: %s' % (what, '**%.2f** (rounds %.2f to %.2f; wanted: < 1.20)' % (
                statistics.median(moved), min(moved), max(moved)) if moved else 'no figure'))
