"""The sections of bench/run: each makes its servers and its rows, and says what came out."""
import json
import os
import signal
import statistics
import subprocess
import sys
import time

import common
import meter
from common import BOTH, POOL, SERVER_CORE, NoFigure
from rows import Row, Section
from sections_http import Front, Http

HOT = 1100              # verifications after which a certificate surely is hot
TABLES = 128            # certs.tables as it is by default


class Sign(Section):
    """a signed call, and one that goes on as it is, with and without the kernel's ACK filter"""
    title = 'Signed call'
    note = 'A call is an INVITE of about 1 kB, the 302 and the ACK; UDP, one socket, 64 calls under way.'
    wanted = 'signed <= 1.40; an unsigned 302 <= 5 us, ACK included.'

    def make(self):
        calls, bench = self.args.calls, self.bench
        records = {'records_calls': True, 'log_level': 'info', 'log_target': str(bench.laboratory.folder / 'calls')}
        self.add('signed', bench.ours('sign'), 'sign', calls, '--ack')
        self.add('signed, records on', bench.ours('sign-records', **records), 'sign', calls, '--ack')
        plain = bench.ours('plain', tenant_mode='pass')
        self.add('unsigned 302', plain, 'plain', calls, '--ack')
        self.add('unsigned 302, no ACK is sent', plain, 'plain', calls)
        if bench.knows('sip.ack-filter'):
            for word in 'no', 'yes':
                changes = {'sip_ack_filter': word == 'yes'}
                self.add('signed, sip.ack-filter: ' + word, bench.ours('sign-filter-' + word, **changes), 'sign', calls, '--ack')
                self.add('unsigned 302, sip.ack-filter: ' + word,
                         bench.ours('plain-filter-' + word, tenant_mode='pass', **changes), 'plain', calls, '--ack')


class Verify(Section):
    """a verified call, without tables and with them"""
    title = 'Verified call'
    note = 'As above, with an Identity of about 480 bytes; the certificate is in memory.'
    wanted = '<= 1.20 without tables, <= 0.60 with them.'

    def make(self):
        calls, bench = self.args.calls, self.bench
        tables = bench.knows('certs.tables')
        self.add('verified, no tables', bench.ours('verify', **({'certs_tables': 0} if tables else {})), 'verify', calls, '--ack')
        if tables:
            self.add('verified, by table (hot certificate)', heat(bench, bench.ours('verify-hot')), 'verify', calls, '--ack')


def heat(bench, server, certificates=1):
    """Until the tables are there: a thread makes one after the other, in 20 ms or so."""
    if bench.knows('certs.tables'):
        for _ in range(5):      # a token is good for a minute
            bench.blast(server, 'verify', certificates * HOT // 5 + POOL, '--ack', '--identity', bench.pool.fresh(certificates))
        time.sleep(0.5 + 0.03 * certificates)
    return server


class Kamailio(Section):
    """Kamailio with secsipid at the same work, beside ours"""
    title = 'Kamailio with secsipid'
    note = ('One child; `bench/kamailio.cfg`: keys inline, answered without a transaction. It checks signature, header and age of a token '
            'against a key that it is given; the redirector also compares the numbers, and has checked the chain. '
            '"Fast" is `-x tlsf -X tlsf`; "as packaged" is as it starts without options, so with the default allocator and memory: for information.')

    def make(self):
        calls, bench = self.args.calls, self.bench
        servers = {'redirector': heat(bench, bench.ours('beside', alike=True)), 'Kamailio, fast': bench.kamailio('kamailio-fast'),
                   'Kamailio, as packaged': bench.kamailio('kamailio', fast=False)}
        if bench.knows('certs.tables'):
            servers['redirector, no tables'] = bench.ours('beside-plain', alike=True, certs_tables=0)
        self.of = {(kind, name): self.add('%s, %s' % (kind, name), server, kind, calls, '--ack')
                   for kind in ('sign', 'verify') for name, server in servers.items()
                   if kind == 'verify' or name != 'redirector, no tables'}

    def conclude(self, report):
        report.say()
        of = getattr(self, 'of', {})
        for kind, wanted in ('sign', '1.80'), ('verify', '2.30'):
            ours = of.get((kind, 'redirector'))
            self.compare(report, kind + ': Kamailio, fast, to the redirector', of.get((kind, 'Kamailio, fast')), ours, '>= ' + wanted)
            self.compare(report, kind + ': Kamailio, as packaged, to the redirector', of.get((kind, 'Kamailio, as packaged')), ours)
        if ('verify', 'redirector, no tables') in of:
            self.compare(report, 'verify: Kamailio, fast, to the redirector without tables', of['verify', 'Kamailio, fast'],
                         of['verify', 'redirector, no tables'])


class Scale(Section):
    """one worker and two, and one proxy's load over both"""
    title = 'Workers'
    note = ('One UDP socket of the generator, so one 4-tuple. CPU is that of the supervisor and of all workers. "Both cores": the generator '
            'spins on one of the two that the workers have, so they lose time to it (which is not counted) and caches (which is).')

    def make(self):
        calls, bench = self.args.calls, self.bench
        one, two = heat(bench, bench.ours('one-worker', workers=1)), heat(bench, bench.ours('two-workers', workers=2))
        self.of = {}
        for kind in 'sign', 'verify':
            for name, server in ('1 worker', one), ('2 workers', two):
                self.of[kind, name, 1] = self.add('%s, %s, core 0' % (kind, name), server, kind, calls, '--ack', cores=SERVER_CORE)
                self.of[kind, name, 2] = self.add('%s, %s, both cores' % (kind, name), server, kind, calls, '--ack',
                                                  cores=BOTH, client=BOTH)

    def conclude(self, report):
        report.say()
        for kind in 'sign', 'verify':
            for cores, where in (1, 'core 0, the generator on the other'), (2, 'both cores'):
                rows = [getattr(self, 'of', {}).get((kind, name, cores)) for name in ('2 workers', '1 worker')]
                self.compare(report, '%s: 2 workers to 1, %s' % (kind, where), *rows, '0.95 to 1.05')
        for (kind, name, cores), row in getattr(self, 'of', {}).items():
            if name == '2 workers' and row.good:
                shares = [statistics.median(column) for column in zip(*row.values('shares'))]
                report.say('- %s: share of each worker in the CPU time: %s' % (row.name, ', '.join('%.1f %%' % s for s in shares)))


class Streams(Section):
    """TCP and TLS, one connection and eight"""
    title = 'TCP and TLS'
    note = 'The window of 64 calls is spread over the connections, each of which is pipelined. The handshakes are in it.'

    def make(self):
        bench = self.bench
        for mode, kind in ('auto', 'sign'), ('pass', 'plain'):
            self.attempt('TCP, ' + kind, self.make_kind, mode, kind, 'tcp', bench)
            self.attempt('TLS, ' + kind, self.make_kind, mode, kind, 'tls', bench)

    def make_kind(self, mode, kind, transport, bench):
        pki, port, changes, more = bench.laboratory.pki, next(bench.ports), {}, []
        if transport == 'tls':
            if not bench.knows('tls.certificate'):
                raise NoFigure('this build speaks no TLS')
            changes = {'tls_certificate': str(pki / 'tls.pem'), 'tls_key': str(pki / 'tls.key')}
            more = ['--ca', pki / 'tls-ca.pem']
        server = bench.ours('%s-%s' % (transport, kind), tenant_mode=mode, listen=['%s:127.0.0.1:%d' % (transport, port)], **changes)
        if transport == 'tcp':
            self.add('%s, UDP' % kind, server, kind, self.args.calls, '--ack')
        for count in 1, 8:
            self.add('%s, %s, %d connection%s' % (kind, transport.upper(), count, 's' if count > 1 else ''), server, kind, self.args.calls,
                     '--ack', '--to', '127.0.0.1:%d' % port, '--transport', transport, '--connections', count, *more)


class Latency(Section):
    """response times at half and at nine tenths of the capacity"""
    title = 'Response times'
    note = ('Open rate: calls come when they are due, whatever became of those before, and time counts from then. Capacity is what 64 calls '
            'under way made of the core in the same round. Medians of the rounds.')
    SECONDS = 0.6               # longer than that, the kernel takes the core from what spins

    def make(self):
        calls = self.args.calls
        self.servers = {'sign': self.bench.ours('latency-sign'), 'verify': heat(self.bench, self.bench.ours('latency-verify'))}
        self.seen = {(kind, share): [] for kind in self.servers for share in (1, 0.5, 0.9)}
        self.rows = []
        self.calls = max(calls // 5, 400)

    def once(self, bench, report):
        for kind, server in getattr(self, 'servers', {}).items():
            self.attempt('response times, ' + kind, self.once_kind, kind, server)

    def once_kind(self, kind, server):
        full = self.bench.blast(server, kind, self.calls, '--ack')
        self.seen[kind, 1].append(full)
        for share in 0.5, 0.9:
            rate = share * full['rate']
            self.seen[kind, share].append(self.bench.blast(
                server, kind, 1, '--ack', '--phases', '%d:%.1f' % (rate, 0.1 if self.args.quick else self.SECONDS)))

    def conclude(self, report):
        report.table('what', 'calls/s', 'p50 us', 'p90 us', 'p99 us', 'p999 us', 'p99 of the rounds', 'generator late, at worst, us')
        for (kind, share), seen in getattr(self, 'seen', {}).items():
            name = '%s, %s' % (kind, '64 under way' if share == 1 else '%d %% of that' % (100 * share))
            if len(seen) < self.args.rounds:
                report.row(name, 'no figure', *[''] * 6)
                continue
            p99 = [figures['p99_us'] for figures in seen]
            report.row(name, *('%.0f' % statistics.median(figures[key] for figures in seen)
                               for key in ('rate', 'p50_us', 'p90_us', 'p99_us', 'p999_us')), '%.0f to %.0f' % (min(p99), max(p99)),
                       '%.0f' % max(figures['behind_us'] for figures in seen) if share < 1 else '-')


class Memory(Section):
    """resident memory, idle and after calls"""
    title = 'Memory'
    note = 'VmRSS, and Pss, which shares out the pages that processes have in common; KiB, the sum of all processes of a server.'

    def conclude(self, report):
        report.table('what', 'processes', 'VmRSS idle', 'VmRSS after calls', 'Pss after calls')
        self.attempt('memory, one process', self.one, report, 'one process', lambda: self.bench.ours('memory'))
        for count in 1, 2:
            self.attempt('memory, %d workers' % count, self.one, report, 'supervisor, workers: %d' % count,
                         lambda n=count: self.bench.ours('memory-%d' % n, workers=n))
        self.attempt('memory, Kamailio', self.one, report, 'Kamailio, fast', lambda: self.bench.kamailio('memory-kamailio'))

    def one(self, report, name, start):
        server = start()
        idle = sum(meter.memory_kib(pid)[0] for pid in server.pids)
        for kind in 'sign', 'verify':
            self.bench.blast(server, kind, self.args.calls, '--ack')
        after = [meter.memory_kib(pid) for pid in server.pids]
        report.row(name, len(after), idle, sum(rss for rss, _ in after), sum(pss for _, pss in after))
        server.stop()


def counted(n, what):
    return '%d %s%s' % (n, what, '' if n == 1 else 's')


class Width(Section):
    """1, 100 and 10,000 tenants, certificates and numbers"""
    title = 'Many tenants, certificates, numbers'
    note = ('Tenants are told apart by the host of the request-URI, each with a credential of its own; certificates are distinct x5u, fetched '
            'over https before and kept in memory; numbers are those of the number store, which decides about each signature.')

    def make(self):
        sizes = (1, 10) if self.args.quick else (1, 10000) if self.args.short else (1, 100, 10000)
        self.of = {}
        for what, function in ('tenants', self.tenants), ('certificates', self.certificates), ('numbers', self.numbers):
            for n in sizes:
                self.attempt('%d %s' % (n, what), function, n)

    def conclude(self, report):
        report.say()
        for what in 'tenants', 'certificates', 'numbers':
            rows = [row for (kind, _), row in getattr(self, 'of', {}).items() if kind == what]
            if len(rows) > 1:
                self.compare(report, '%s: the most to one' % what, rows[-1], rows[0])
        for row in self.rows:
            if row.good:
                report.say('- %s: VmRSS %d KiB' % (row.name, sum(meter.memory_kib(pid)[0] for pid in row.server.pids)))

    def without_key(self):
        return {'sign_key': None, 'sign_certificate': None, 'sign_x5u': None}

    def tenants(self, n):
        bench, folder = self.bench, self.bench.laboratory.folder / ('tenants-%d' % n)
        sign = bench.laboratory.settings()['sign']
        folder.mkdir()
        for i in range(n):
            (folder / ('t%d.yaml' % i)).write_text(json.dumps({
                'match': {'hosts': ['t%d.example' % i]}, 'sign': dict(sign, x5u=common.url_of(i)), 'records': {'calls': False}}))
        server = bench.ours('tenants-%d' % n, tenants_folder=str(folder), verify_certificates={}, **self.without_key())
        self.of['tenants', n] = self.add('signed, ' + counted(n, 'tenant'), server, 'sign', self.args.calls, '--ack', '--hosts', n)

    def numbers(self, n):
        bench, store = self.bench, self.bench.laboratory.folder / ('numbers-%d' % n)
        lines = ['tenant,list,customer,first,last,attest,credential,from,until'] + [
            'lab,number,,1215%07d,,A,,,' % ((5551000 + i) % 10000000) for i in range(n)]
        subprocess.run([bench.lab.DAEMON, 'numbers', 'import', '--store', store, '-'], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, input='\n'.join(lines).encode() + b'\n')
        server = bench.ours('numbers-%d' % n, authority_store=str(store), sign_attest='none', sign_by_number=True)
        self.of['numbers', n] = self.add('signed, ' + counted(n, 'number'), server, 'sign', self.args.calls, '--ack', '--numbers', n)

    def certificates(self, n):
        bench = self.bench
        if not hasattr(self, 'web'):
            self.web = common.Repository(bench)
        for tables in (False, True) if bench.knows('certs.tables') else (None,):
            if tables and n > TABLES and self.args.short:
                break                   # none is hot, so it is the same as without, and fetched again for half a minute
            server = bench.ours('certificates-%d%s' % (n, '-tables' if tables else ''), tenant_mode='verify', verify_certificates={},
                                **self.web.settings(n), **({'certs_tables': 0} if tables is False else {}))
            self.web.fill(server, n)
            if tables and n <= TABLES:
                heat(bench, server, n)
            row = CertificateRow('verified, ' + counted(n, 'certificate') + {False: ', no tables'}.get(tables, ''), server, n, self.args.calls)
            self.rows.append(row)
            if not tables:
                self.of['certificates', n] = row


class CertificateRow(Row):
    """Verified calls that name so many certificates in turn."""

    def __init__(self, name, server, certificates, calls):
        super().__init__(name, server, 'verify', max(calls, certificates), '--ack')
        self.certificates = certificates

    def run(self, bench, calls):
        return bench.cost(self.server, 'verify', calls, '--identity', bench.pool.fresh(self.certificates), *self.options)


class Script(Section):
    """a program of its own, whose tables go among the others"""
    name, short = '', []

    def conclude(self, report):
        more = [option for option, wanted in (('--quick', self.args.quick), ('--real-time', self.args.real_time)) if wanted]
        more += self.short if self.args.short else []
        run = subprocess.run([sys.executable, '-B', common.SOURCE / 'bench' / self.name, self.bench.build, '--rounds', str(self.args.rounds),
                              *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        report.say(run.stdout.strip())
        if run.returncode:
            raise NoFigure(run.stderr[-1000:])


class Overload(Script):
    """three times more calls than there is capacity for"""
    title, name = 'Overload', 'overload'
    note = ('Half of the capacity, then too many, then half of it again, without a pause. Goodput, of the capacity: signed or with a verdict '
            'within 500 ms. Shed: 503, or 302 with nothing in it. The capacity is that before and after, their mean.')
    short = ['--seconds', '3', '--after', '3']


class Kill(Script):
    """kill -9 of a worker under load"""
    title, name = 'kill -9', 'kill'
    note = 'Late: answered after more than 500 ms. One UDP socket, a new server in each round.'


class Profile(Section):
    """where the time of a signed, a verified and a plain call goes, by perf"""
    title = 'Profile'
    note = ('Shares of the samples of the server, by `perf record -e cpu-clock`: it slows what it looks at, so they are shares and not times. '
            'What has no name, as most of libcrypto, counts for its library only.')
    LIBRARIES, FUNCTIONS = 8, 12        # rows, at most

    def conclude(self, report):
        hot = self.bench.knows('certs.tables')
        calls = [('signed call', 'sign', {}), ('unsigned 302', 'plain', {'tenant_mode': 'pass'}),
                 ('verified call, no tables', 'verify', {'certs_tables': 0} if hot else {})]
        for name, kind, changes in calls + ([('verified call, by table', 'verify', {})] if hot else []):
            self.attempt('profile, ' + name, self.one, report, name, kind, changes)

    def one(self, report, name, kind, changes):
        server, data = self.bench.ours('profile-' + name.replace(' ', '-'), **changes), self.bench.laboratory.folder / 'perf.data'
        if kind == 'verify' and not changes:
            heat(self.bench, server)
        self.record(server, kind, data)
        libraries, functions = shares(data, 'dso'), shares(data, 'symbol,dso')
        if not libraries:
            raise NoFigure('perf has counted nothing')
        report.table('profile, ' + name, 'share')
        for share, what in libraries[:self.LIBRARIES]:
            report.row('all of `%s`' % what, share)
        for share, what in [row for row in functions if '0x0' not in row[1]][:self.FUNCTIONS]:
            report.row('`%s`' % ' '.join(what.split()), share)
        report.say()
        server.stop()

    def record(self, server, kind, data):
        (take, tell), (hear, say) = os.pipe(), os.pipe()
        try:
            perf = subprocess.Popen(['perf', 'record', '-q', '-D', '-1', '--control', 'fd:%d,%d' % (take, say), '-e', 'cpu-clock', '-F', '4000',
                                     '-o', data, '-p', ','.join(map(str, server.pids))], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, pass_fds=(take, say))
        except FileNotFoundError as why:
            raise NoFigure('perf is not there') from why
        finally:
            os.close(take)
            os.close(say)
        try:
            try:
                os.write(tell, b'enable\n')
                enabled = os.read(hear, 16)         # it says that it counts from now on
            except BrokenPipeError:
                enabled = b''
            if not enabled:
                raise NoFigure('perf has ended')
            self.bench.blast(server, kind, max(self.args.calls, 1000), '--ack')
        finally:
            perf.send_signal(signal.SIGINT)
            perf.wait()
            os.close(tell)
            os.close(hear)


def shares(data, sort):
    """@return [(per cent, name)] of what perf has recorded, the largest first"""
    run = subprocess.run(['perf', 'report', '-i', data, '--stdio', '--no-children', '--percent-limit', '0.3', '--sort', sort, '-g', 'none'],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    rows = [line.split(None, 1) for line in run.stdout.splitlines() if line.strip() and not line.startswith('#')]
    return [(row[0], row[1].rstrip(' -')) for row in rows if len(row) == 2 and row[0].endswith('%')]


ALL = {'sign': Sign, 'verify': Verify, 'kamailio': Kamailio, 'scale': Scale, 'streams': Streams, 'latency': Latency,
       'memory': Memory, 'width': Width, 'overload': Overload, 'kill': Kill, 'profile': Profile,
       'http': Http, 'front': Front}
