"""The daemon under what the installed unit allows: it signs, verifies, reloads, makes a worker anew,
fetches, and signs by a key in a token.  confine.py plays systemd's part."""
import os
import shutil
import signal
import socket
import subprocess
import sys

import lab
from lab import Token, http_request
from test_fetch import PASSED, Repository, at, settings as fetching
from test_token import SOFTHSM, counted, until_signed, walk_through

UNIT = lab.BUILD / 'packaging' / 'shaken-redirector.service'
UID, GID = 65534, 65534
# adjtimex(2) with modes 0: reads
ADJTIMEX = 'import ctypes, sys; sys.exit(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256)) < 0)'

BACK = 'import os; os.nice(%d)\nfor policy in os.SCHED_IDLE, %s: os.sched_setscheduler(0, policy, os.sched_param(0))'


class Bench:
    def __init__(self, laboratory, checks):
        self.lab, self.checks, self.folder = laboratory, checks, laboratory.folder
        os.chmod(self.folder, 0o755)
        self.state = self.folder / 'state'
        self.state.mkdir(mode=0o750)
        self.own(self.state)
        self.own(self.folder / 'pki')
        self.daemon = self.folder / 'shaken-redirector'      # the build may lie where the unit sees nothing
        shutil.copy(lab.DAEMON, self.daemon)

    @staticmethod
    def own(top):
        for folder, _, files in os.walk(top):
            for name in [''] + files:
                os.chown(os.path.join(folder, name), UID, GID)

    def command(self, *words):
        return [sys.executable, '-B', lab.SOURCE / 'tests' / 'e2e' / 'confine.py', UNIT, UID, GID, self.state,
                *words]

    def start(self, name, port, env=None, tree=None, **more):
        server = lab.Redirector.__new__(lab.Redirector)
        server.config = self.folder / (name + '.yaml')
        server.write(tree or self.lab.settings(port, **{'service_workers': 2, **more}))
        server.config.chmod(0o644)
        server.address = ['127.0.0.1', str(port)]
        # no leak check: it looks into a process that lets nobody look
        lab.Process.__init__(server, self.command(self.daemon, '-c', server.config), self.folder / (name + '.log'),
                             env=dict(env or os.environ, ASAN_OPTIONS='detect_leaks=0'))
        self.lab.processes.append(server)
        server.wait_ready()
        return server


def may_be_nice():
    """Could confine.py give what LimitNICE= says?"""
    run = subprocess.run([sys.executable, '-c', 'import resource; resource.setrlimit(13, (10, 10))'], stderr=subprocess.DEVNULL, check=False)
    return run.returncode == 0


def test_bars(bench):
    """The bars are there: each of these works outside, and not inside."""
    python = '/usr/bin/python3'
    rows = [
        ('a file of its own', ['touch', str(bench.state / 'file')], True),
        ('a file elsewhere', ['touch', str(bench.folder / 'file')], False),
        ('a file in /tmp', ['touch', '/tmp/shaken-confined'], False),
        ('a home', ['ls', '/root'], False),
        ('a device', ['test', '-e', '/dev/kmsg'], False),
        ('random numbers', ['test', '-r', '/dev/urandom'], True),
        ('another process', ['test', '-e', '/proc/1/status'], False),
        ('a namespace', ['unshare', '-U', 'true'], False),
        ('memory to write and to execute', [python, '-c', 'import mmap; mmap.mmap(-1, 4096, prot=7)'], False),
        ('memory to write', [python, '-c', 'import mmap; mmap.mmap(-1, 4096, prot=3)'], True),
        ('a netlink socket', [python, '-c', 'import socket; socket.socket(socket.AF_NETLINK)'], False),
        ('a UDP socket', [python, '-c', 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)'], True),
        ('another user', [python, '-c', 'import os; os.setuid(%d)' % UID], False),
        ('the state of the clock', [python, '-c', ADJTIMEX], True),
        ('another time', [python, '-c', 'import time; time.clock_settime(0, time.time())'], False),
        ('a lower priority', [python, '-c', 'import os; os.setpriority(0, 0, 5)'], True),
        ('a higher priority', [python, '-c', 'import os; os.setpriority(0, 0, -5)'], False),
        ('behind everybody', [python, '-c', BACK % (10, 'os.SCHED_IDLE')], True),
        ('and back', [python, '-c', BACK % (10, 'os.SCHED_OTHER')], may_be_nice()),
        ('back at a niceness of 9', [python, '-c', BACK % (9, 'os.SCHED_OTHER')], False),
        ('a real-time priority', [python, '-c', 'import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))'], False),
    ]
    for what, words, works in rows:
        run = subprocess.run([str(w) for w in bench.command('/usr/bin/env', *words)], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, check=False)
        bench.checks.same(run.returncode == 0, works, what + ': ' + run.stderr.decode()[-300:])


def test_service(bench):
    that, same = bench.checks.that, bench.checks.same
    state = bench.state
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind('\0shaken-confined-%d' % os.getpid())
    manager.settimeout(lab.PATIENCE)
    server = bench.start('service', 5060, env=dict(os.environ, NOTIFY_SOCKET='@shaken-confined-%d' % os.getpid()),
                         http_health='127.0.0.1:8060', http_listen=['http:127.0.0.1:8080'], http_apis=[],
                         certs_store=str(state / 'store'), log_records=str(state / 'calls.jsonl'))
    server.wait_log('event=ready', 'ready')
    workers = server.wait_workers(2, web=1)
    same(http_request(8060, path='/healthz').status, 200, 'it tells how it is')
    same(http_request(8080, path='/metrics').status, 200, 'and what it counts')
    peer = server.peer()
    for _ in range(32):
        that(peer.invite().get('Identity'), 'it signs')
        same(peer.invite(identity=str(Token(bench.lab.pki))).verstat, 'TN-Validation-Passed', 'it verifies')
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'a reload')
    os.kill(workers[0], signal.SIGKILL)
    for _ in range(32):
        that(again(peer), 'it signs after the death of a worker')
    server.send_signal(signal.SIGUSR1)
    server.wait_log('event=counters', 'counters')
    peer.close()
    same(server.stop(), 0, 'the service: exit status: ' + server.log[-1500:])
    heard = []
    while not heard or heard[-1] != 'STOPPING=1':
        heard.append(manager.recv(4096).decode().split('\n')[0])
    that('READY=1' in heard and 'RELOADING=1' in heard, 'the manager hears it', heard)
    manager.close()
    that((state / 'calls.jsonl').read_text().count('"result":"SK_OK"') >= 64, 'records are written')
    that('Operation not permitted' not in server.log and 'Permission denied' not in server.log, 'nothing was refused', server.log)


def again(peer):
    """A call that is sent again when nobody answers, as SIP does."""
    raw = peer.build()
    peer.sock.settimeout(0.5)
    for _ in range(40):
        try:
            return peer.ask(raw).get('Identity')
        except socket.timeout:
            pass
    return None


def test_token(bench):
    """SoftHSM: its library is loaded where no page may be written and executed."""
    keys = bench.state / 'keys'
    env, _ = walk_through(keys, bench.lab.pki)
    bench.own(keys)
    server = bench.start('token', 5061, env=env, hsm_module=SOFTHSM, hsm_pin_file=str(keys / 'pin'),
                         sign_key='pkcs11:token=calls;object=sign', service_workers=1,
                         hsm_retry='300ms', sip_deadline='10s', certs_wait='10s')
    peer = server.peer()
    until_signed(peer)
    before = counted(server, 'signed')
    for _ in range(20):
        bench.checks.that(peer.invite().get('Identity'), 'a key in a token signs')
    bench.checks.same(counted(server, 'signed', before + 20) - before, 20, 'signatures are counted')
    peer.close()
    bench.checks.same(server.stop(), 0, 'the token: exit status')


def test_fetch(bench):
    """Sockets to the outside, the names of certificates' hosts, and the store on disk."""
    repository = Repository(bench.lab)
    server = bench.start('fetch', 5062, service_workers=1, certs_store=str(bench.state / 'fetched'), **fetching(bench.lab))
    peer = server.peer()
    for _ in range(3):
        bench.checks.same(peer.invite(identity=at(bench.lab.pki, lab.X5U_BASE + 'sp.pem')).verstat, PASSED, 'fetched')
    bench.checks.same(repository.asked('sp.pem'), 1, 'three calls, one request')
    peer.close()
    bench.checks.same(server.stop(), 0, 'fetched: exit status')
    bench.checks.that('state=none' not in server.log, 'the store is open', server.log)


def test(laboratory, checks):
    checks.that(os.geteuid() == 0, 'this test needs root')
    bench = Bench(laboratory, checks)
    test_bars(bench)
    test_service(bench)
    test_token(bench)
    test_fetch(bench)


if __name__ == '__main__':
    lab.main(test)
