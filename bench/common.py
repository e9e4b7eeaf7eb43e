"""What bench/run, bench/overload and bench/kill share: servers on a core, the generator on the other.

A server is a process and all that it has started: the supervisor counts, its workers count.
"""
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

from meter import Meter, NoFigure, NotQuiet, family

SOURCE = pathlib.Path(__file__).resolve().parents[1]
SERVER_CORE, CLIENT_CORE, BOTH = '0', '1', '0,1'
POOL = 1000                     # Identity values; each is used calls / POOL times
X5U_HOST = 'certs.lab.example'


def laboratory_of(build):
    """The module of the end-to-end tests for this build; it reads the environment."""
    os.environ.update(BUILD_ROOT=str(build.resolve()), SOURCE_ROOT=str(SOURCE))
    sys.path.insert(0, str(SOURCE / 'tests' / 'e2e'))
    import lab
    lab.private_network()
    for number in signal.SIGTERM, signal.SIGINT:        # whoever ends us ends what we have started
        signal.signal(number, lambda *_: sys.exit('interrupted'))
    return lab


def on_cores(cores, *command):
    return ['taskset', '-c', cores, *map(str, command)]


def key_values(text):
    """The first line of the generator or of the yardstick."""
    return {k: float(v) for k, v in (w.split('=') for w in text.splitlines()[0].split())}


def keep(pid, cores, real_time=False):
    """A process and its descendants on these cores; before all others, and before the generator, if it must be."""
    whole = family(pid)
    for one in whole:
        subprocess.run(['taskset', '-a', '-p', '-c', cores, str(one)], check=True, stdout=subprocess.DEVNULL)
        if real_time:           # a supervisor must get at its workers
            priority = '3' if one == pid and len(whole) > 1 else '2'
            subprocess.run(['chrt', '-a', '-f', '-p', priority, str(one)], check=True)


class Server:
    """A process of the laboratory that serves on a port, kept on some cores."""

    def __init__(self, process, port, cores=SERVER_CORE, real_time=False):
        self.process, self.port, self.cores = process, port, cores
        keep(process.proc.pid, cores, real_time)

    @property
    def pids(self):
        return family(self.process.proc.pid)

    def pin(self, cores):
        if cores == self.cores:
            return
        self.cores = cores
        keep(self.process.proc.pid, cores)

    def stop(self):
        if self.process.stop() != 0:
            raise NoFigure('the server failed: ' + self.process.log[-2000:])


class Bench:
    """The laboratory, what this build's daemon can do, and how to start what is measured."""

    def __init__(self, build, lab, laboratory, real_time=False, quick=False, chunks=9):
        lab.PATIENCE = 120      # ten thousand tenants are read for some seconds
        self.real_time, self.quick, self.chunks = real_time, quick, 1 if quick else chunks
        self.build, self.lab, self.laboratory = build.resolve(), lab, laboratory
        self.blast_path, self.raw_path = self.build / 'bench' / 'blast', self.build / 'bench' / 'raw'
        self.sample = subprocess.run([lab.DAEMON, '--print-sample'], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.single = '--single' in subprocess.run([lab.DAEMON, '--help'], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.ports = iter(range(6000, 9000))
        self.pool = Pool(self)

    def knows(self, setting):
        """Is "section.key" a setting of this daemon?"""
        section, key = setting.split('.')
        at = re.search(r'^%s:' % section, self.sample, re.M)
        return bool(at) and bool(re.match(r'(?:.*\n)(?:(?:[ #].*)?\n)*?[ #]*%s:' % key, self.sample[at.start():]))

    def ours(self, name, workers=0, cores=SERVER_CORE, listen=(), sheds=False, alike=False, **changes):
        """Our daemon: one process when `workers` is 0, else a supervisor with so many.

        alike  treated as Kamailio is when there are others on the machine
        sheds  with its own ideas of what is too old, else with the laboratory's: that a machine is slow is no overload
        """
        port = next(self.ports)
        settings = dict(tenant_mode='auto', records_calls=False, log_level='warning',
                        verify_certificates={self.lab.X5U_BASE + 'sp.pem': str(self.laboratory.pki / 'sp.pem')})
        settings.update(changes)
        tree = self.laboratory.settings(port, **settings)
        tree['sip']['listen'] += listen
        for key in ('queue-age', 'overload-age') if sheds else ():
            tree['sip'].pop(key, None)
        for key in [key for key, value in tree['sign'].items() if value is None]:
            del tree['sign'][key]
        if workers and self.knows('service.workers'):
            tree.setdefault('service', {})['workers'] = workers
        elif workers > 1:
            raise NoFigure('this build has one process only')
        process = redirector(self, tree, name, ['--single'] if self.single and not workers else [])
        server = self.alike(process, port) if alike else Server(process, port, cores, self.real_time)
        end = time.monotonic() + self.lab.PATIENCE
        while workers and len(server.pids) != workers + 1 and time.monotonic() < end:
            time.sleep(0.01)            # the first one answers before the others are made
        if workers and len(server.pids) != workers + 1:
            raise NoFigure('%d workers were asked for, and there are %d processes' % (workers, len(server.pids)))
        return server

    def kamailio(self, name, fast=True):
        """Kamailio with secsipid, the keys in its configuration; with tlsf and enough memory, or as it starts by itself."""
        port, folder = next(self.ports), self.laboratory.folder / (name + '.run')
        pki = self.laboratory.pki
        public = subprocess.run(['openssl', 'x509', '-in', pki / 'sp.pem', '-noout', '-pubkey'],
                                check=True, stdout=subprocess.PIPE, text=True).stdout
        private = subprocess.run(['openssl', 'ec', '-in', pki / 'sp.key'], check=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True).stdout
        text = (SOURCE / 'bench' / 'kamailio.cfg').read_text()
        for mark, value in {'LISTEN': 'udp:127.0.0.1:%d' % port, 'PUBLIC': public.replace('\n', '\\n'),
                            'PRIVATE': private.replace('\n', '\\n'), 'X5U': self.lab.X5U_BASE + 'sp.pem'}.items():
            text = text.replace('@%s@' % mark, value)
        folder.mkdir()
        (folder / 'cfg').write_text(text)
        memory = ['-x', 'tlsf', '-X', 'tlsf', '-m', '256', '-M', '64'] if fast else []
        process = self.laboratory.start(['kamailio', '-f', folder / 'cfg', '-DD', '-E', *memory, '-Y', folder,
                                         '-P', folder / 'pid'], name)
        wait_sip(self.lab, port, process)
        return self.alike(process, port)

    def alike(self, process, port):
        """What is compared has the same rank: real time locks up Kamailio, with Go's threads in it, on one core."""
        server = Server(process, port)
        if self.real_time:
            subprocess.run(['renice', '-n', '-20', '-p', *map(str, server.pids)], check=True, stdout=subprocess.DEVNULL)
        return server

    def raw(self, kind):
        """Microseconds of one bare operation on the server's core, now."""
        first = ['chrt', '-f', '1'] if self.real_time else []
        run = subprocess.run(first + on_cores(SERVER_CORE, self.raw_path, kind, self.chunks), check=True, stdout=subprocess.PIPE, text=True)
        return key_values(run.stdout)[kind + '_ns'] / 1000

    def blast_command(self, server, kind, calls, *options, cores=CLIENT_CORE):
        if kind == 'verify' and '--identity' not in options:
            options = ('--identity', self.pool.fresh(), *options)
        if self.quick:          # all that may happen to a busy machine is that it takes longer
            options = ('--patience', 20, *options)
        if kind == 'sign':
            options = ('--certificate', self.laboratory.pki / 'sp.pem', *options)
        first = ['chrt', '-f', '1'] if self.real_time else []
        return first + on_cores(cores, self.blast_path, '--to', '127.0.0.1:%d' % server.port, '--kind', kind,
                                '--calls', calls, *options)

    def blast(self, server, kind, calls, *options, cores=CLIENT_CORE, strict=True):
        """@return the generator's figures; NoFigure when a call was lost or wrong, unless not strict"""
        command = self.blast_command(server, kind, calls, *options, cores=cores)
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if run.returncode > 1 or (strict and run.returncode):
            raise NoFigure((run.stdout + run.stderr)[:600])
        return key_values(run.stdout)

    def capacity(self, server, kind, calls, **how):
        """@return calls a second with 64 under way, of a server that may shed"""
        figures = self.blast(server, kind, calls, '--ack', '--shed', strict=False, **how)
        if figures['wrong']:
            raise NoFigure('%d wrong answers' % figures['wrong'])
        if not figures['answered'] or (not self.quick and (figures['shed'] or figures['lost'])):
            raise NotQuiet('of %(sent)d calls, 64 at a time, %(shed)d were shed and %(lost)d lost' % figures)
        return figures['rate']

    def cost(self, server, kind, calls, *options, **how):
        """One run.  @return CPU microseconds a call, of the whole server; the generator's figures"""
        meter = Meter(server)
        figures = self.blast(server, kind, calls, *options, **how)
        spent, workers = meter.spent(), meter.pids[1:]
        of_workers = max(1, sum(spent[pid] for pid in workers))
        figures['shares'] = [100 * spent[pid] / of_workers for pid in sorted(workers)]
        return sum(spent.values()) / figures['sent'] / 1000, figures


def redirector(bench, tree, name, arguments):
    """Our daemon; it answers when this returns."""
    config = bench.laboratory.folder / (name + '.yaml')
    config.write_text(json.dumps(tree))
    process = bench.laboratory.start([bench.lab.DAEMON, '-c', config, *arguments], name)
    wait_sip(bench.lab, int(tree['sip']['listen'][0].rsplit(':', 1)[1]), process)
    return process


def wait_sip(lab, port, process):
    """Until OPTIONS is answered 200."""
    peer = lab.Peer(('127.0.0.1', port))
    peer.sock.settimeout(0.1)
    end = time.monotonic() + lab.PATIENCE
    while True:
        try:
            if peer.ask(peer.build('OPTIONS')).code == 200:
                peer.close()
                return
        except OSError:
            pass
        if time.monotonic() > end or process.proc.poll() is not None:
            raise NoFigure('the server does not answer:\n' + process.log[-2000:])


class Pool:
    """Identity values, signed right before they are used: they are good for a minute."""

    def __init__(self, bench):
        self.bench, self.path = bench, bench.laboratory.folder / 'pool'

    def fresh(self, urls=1):
        """@param urls  how many x5u there are among them"""
        lab, pki, count = self.bench.lab, self.bench.laboratory.pki, max(POOL, urls)
        calls = [('1215%07d' % (5551000 + i % 10000), '1404%07d' % (5559999 - i % 10000)) for i in range(count)]
        if urls == 1:
            values = lab.tokens(pki, calls)
        else:
            made = [lab.Token(pki, 'sp', orig, dest) for orig, dest in calls]
            for i, token in enumerate(made):
                token.header['x5u'] = url_of(i % urls)
                token.params[0] = 'info=<%s>' % token.header['x5u']
            run = subprocess.run([lab.FORGE, pki / 'sp.key'], check=True, stdout=subprocess.PIPE,
                                 input=''.join(token.lines() for token in made).encode())
            values = [';'.join([text] + token.params) for token, text in zip(made, run.stdout.decode().split())]
        self.path.write_text('\n'.join(values) + '\n')
        return self.path


def url_of(number):
    return 'https://%s/%d/sp.pem' % (X5U_HOST, number)


NGINX = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
	access_log off;
	server {{
		listen 127.0.0.1:{port} ssl;
		ssl_certificate {pki}/tls.pem;
		ssl_certificate_key {pki}/tls.key;
		keepalive_requests 100000;
		location / {{
			rewrite ^/[0-9]+/(.*)$ /$1 break;
			root {pki};
			types {{ }}
			default_type application/pem-certificate-chain;
			add_header Cache-Control max-age=86400;
		}}
	}}
}}
"""


class Repository:
    """Serves one chain under as many addresses as are asked for."""

    def __init__(self, bench):
        self.bench, self.port, self.folder = bench, next(bench.ports), bench.laboratory.folder / 'nginx'
        self.folder.mkdir()
        for folder in [self.folder, bench.laboratory.folder, bench.laboratory.pki.folder]:
            folder.chmod(0o755)         # nginx's workers are somebody else
        config = self.folder / 'nginx.conf'
        config.write_text(NGINX.format(folder=self.folder, port=self.port, pki=bench.laboratory.pki.folder))
        nginx = bench.laboratory.start(['nginx', '-p', self.folder, '-c', config, '-g', 'daemon off;'], 'nginx')
        time.sleep(0.3)                 # it starts its worker
        keep(nginx.proc.pid, BOTH, bench.real_time)

    def settings(self, certificates):
        return {'certs_lab': True, 'certs_tls_ca': str(self.bench.laboratory.pki / 'tls-ca.pem'), 'certs_breaker': 0,
                'certs_resolve': {X5U_HOST + ':443': '127.0.0.1:%d' % self.port}, 'certs_per_host': 64,
                'certs_queue': 65536, 'certs_wait': '2s', 'sip_deadline': '3s', 'certs_entries': max(4096, 2 * certificates), 'certs_failure_lifetime': '1s'}

    def fill(self, server, certificates):
        """Ask until all of them are in memory; a fetch and the chain's check take half a millisecond of the core."""
        why = ''
        for _ in range(20):
            try:
                self.bench.blast(server, 'verify', certificates, '--rate', '400', '--identity', self.bench.pool.fresh(certificates))
                return
            except NoFigure as again:
                why = again
                time.sleep(1)
        raise NoFigure('the certificates cannot be had: %s\n%s' % (why, server.process.log[-1000:]))


# -------------------------------------------------------------------- figures

def spread(values):
    """Per cent of the median, from the lowest to the highest."""
    return 100 * (max(values) - min(values)) / statistics.median(values) if len(values) > 1 else 0.0


def steal():
    """Clock ticks that the host took from us, and all of them."""
    ticks = [int(t) for t in pathlib.Path('/proc/stat').read_text().splitlines()[0].split()[1:]]
    return ticks[7], sum(ticks[:8])


def machine(lab):
    """Lines that say what this was measured on."""
    def first(*command):
        run = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return run.stdout.splitlines()[0].strip() if run.stdout else '?'
    info = pathlib.Path('/proc/cpuinfo').read_text()
    model = re.search(r'model name\s*: (.*)', info)
    packages = {}
    for package in 'libssl3', 'libsofia-sip-ua0', 'kamailio', 'kamailio-secsipid-modules', 'libsecsipid1', 'secsipidx', 'libmicrohttpd12', 'gcc':
        packages[package] = first('dpkg-query', '-W', '-f', '${Version}', package)
    return ['%d processors, %s' % (os.cpu_count(), model.group(1) if model else '?'),
            'kernel %s; %s' % (os.uname().release, first('sh', '-c', '. /etc/os-release; echo $PRETTY_NAME')),
            '; '.join('%s %s' % item for item in packages.items()),
            first(lab.DAEMON, '--version')]
