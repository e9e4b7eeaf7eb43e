"""Started by root, run by somebody else: who the processes are, what they may read, and to whom what
they write belongs.  The user is one of this test's own, in a mount namespace of each daemon."""
import os
import pathlib
import re
import signal
import stat
import subprocess
import time

import lab
from lab import Token

UID, GID, HSM = 47110, 47120, 47130
NOTHING = '0000000000000000'


class Bench:
    def __init__(self, laboratory, checks):
        self.lab, self.checks, self.folder = laboratory, checks, laboratory.folder
        self.passwd = self.copy('/etc/passwd', 'calls:x:%d:%d::/nonexistent:/usr/sbin/nologin\n' % (UID, GID))
        self.group = self.copy('/etc/group', 'calls:x:%d:\nhsm:x:%d:calls\n' % (GID, HSM))
        os.chmod(self.folder, 0o755)
        for path in (self.folder / 'pki').iterdir():     # keys are the service's own, mode 0600
            os.chown(path, UID, GID)
        os.chmod(self.folder / 'pki', 0o755)
        self.state = self.folder / 'state'
        self.state.mkdir(mode=0o750)
        os.chown(self.state, UID, GID)

    def copy(self, path, more):
        beside = self.folder / pathlib.Path(path).name
        beside.write_text(pathlib.Path(path).read_text() + more)
        beside.chmod(0o644)
        return beside

    def command(self, *words):
        """With the test's own user; `exec` keeps the pid."""
        script = 'mount --bind %s /etc/passwd && mount --bind %s /etc/group && exec "$@"' % (self.passwd, self.group)
        return ['unshare', '-m', 'sh', '-c', script, 'sh', *[str(w) for w in words]]

    def write(self, name, port, mode=0o644, **more):
        server = lab.Redirector.__new__(lab.Redirector)
        server.config = self.folder / (name + '.yaml')
        server.write(self.lab.settings(port, **{'service_user': 'calls', 'service_workers': 2, **more}))
        server.config.chmod(mode)
        server.address = ['127.0.0.1', str(port)]
        return server

    def start(self, name, port, before=(), **more):
        server = self.write(name, port, **more)
        # no leak check: it looks into a process that lets nobody look
        lab.Process.__init__(server, self.command(*before, lab.DAEMON, '-c', server.config), self.folder / (name + '.log'),
                             env=dict(os.environ, ASAN_OPTIONS='detect_leaks=0'))
        self.lab.processes.append(server)
        return server

    def check(self, server):
        run = subprocess.run(self.command(lab.DAEMON, '-c', server.config, '--check'), stdout=subprocess.PIPE, timeout=60,
                             stderr=subprocess.PIPE, check=False, env=dict(os.environ, ASAN_OPTIONS='detect_leaks=0'))
        return run.returncode, run.stderr.decode()


def processes(pid):
    """The supervisor and its workers."""
    with open('/proc/%d/task/%d/children' % (pid, pid), encoding='ascii') as f:
        return [pid] + [int(p) for p in f.read().split()]


def status(pid, task=None):
    with open('/proc/%d/task/%d/status' % (pid, task or pid), encoding='utf-8') as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)


def wait_text(path, text, count=1):
    """Until it stands so often in a log that may not be there yet."""
    end = time.monotonic() + lab.PATIENCE
    while time.monotonic() < end:
        if path.exists() and path.read_text().count(text) >= count:
            return True
        time.sleep(0.02)
    return False


def who(bench, pid, what):
    """Everything that a process of the service must be, and must not."""
    same = bench.checks.same
    for task in os.listdir('/proc/%d/task' % pid):       # each thread has its own
        got = status(pid, int(task))
        same(got['Uid'].split(), [str(UID)] * 4, what + ': user ids')
        same(got['Gid'].split(), [str(GID)] * 4, what + ': group ids')
        same(sorted(got['Groups'].split()), [str(GID), str(HSM)], what + ': groups')
        for name in 'CapInh', 'CapPrm', 'CapEff', 'CapAmb':
            same(got[name], NOTHING, what + ': ' + name)
        same(got['NoNewPrivs'], '1', what + ': no new privileges')
    same(os.stat('/proc/%d/mem' % pid).st_uid, 0, what + ': not dumpable, so its memory is root\'s')
    with open('/proc/%d/limits' % pid, encoding='ascii') as f:
        limits = {line[:26].strip(): line[26:].split() for line in f}
    same(limits['Max core file size'][:2], ['0', '0'], what + ': no core')
    same(limits['Max open files'][0], limits['Max open files'][1], what + ': all open files that may be')


def test_user(bench):
    same, that, state = bench.checks.same, bench.checks.that, bench.state
    tenants = bench.folder / 'tenants'
    tenants.mkdir()
    tenants.joinpath('one.yaml').write_text('match: {sources: [192.0.2.0/24]}\n')
    for path in tenants, tenants / 'one.yaml':
        os.chmod(path, 0o755)
    files = {'log_target': 'messages.log', 'log_records': 'calls.jsonl', 'tenants_running': 'running.yaml'}
    server = bench.start('user', 5060, certs_store=str(state / 'store'), tenants_folder=str(tenants), tenants_fallback=True,
                         **{k: str(state / v) for k, v in files.items()})
    messages = state / 'messages.log'
    wait_text(messages, 'event=ready')
    pids = processes(server.proc.pid)
    same(len(pids), 3, 'a supervisor and two workers')
    for number, pid in enumerate(pids):
        who(bench, pid, 'process %d' % number)
    peer = server.peer()
    that(peer.invite().get('Identity'), 'it signs')
    same(peer.invite(identity=str(Token(bench.lab.pki))).verstat, 'TN-Validation-Passed', 'it verifies')

    os.kill(pids[2], signal.SIGKILL)
    that(wait_text(messages, 'event=worker result=ready'), 'it is made anew', messages.read_text()[-500:])
    for number, pid in enumerate(processes(server.proc.pid)):
        who(bench, pid, 'after a respawn, process %d' % number)

    server.send_signal(signal.SIGHUP)
    that(wait_text(messages, 'event=reload result=ok'), 'a reload by the user', messages.read_text()[-500:])
    that('runs as root' not in messages.read_text(), 'no warning')
    peer.close()
    same(server.stop(), 0, 'exit status')
    for name in list(files.values()) + ['store']:
        path = state / name
        if not that(path.exists(), name + ' was written'):
            continue
        for each in [path] + sorted(path.rglob('*')):
            got = each.lstat()
            same((got.st_uid, got.st_gid), (UID, GID), '%s belongs to the user' % each)
            that(not stat.S_IMODE(got.st_mode) & 0o007, '%s is nobody else\'s' % each, oct(got.st_mode))


def test_check(bench):
    """What root may read and the user may not: name, settings, mode of the file, exit status, words"""
    pki, folder = bench.lab.pki, bench.folder
    secret = folder / 'root.key'
    secret.write_bytes((pki / 'sp.key').read_bytes())
    secret.chmod(0o600)
    closed = folder / 'closed'
    closed.mkdir(mode=0o700)
    closed.joinpath('one.yaml').write_text('match: {sources: [127.0.0.0/8]}\n')
    closed.joinpath('root.pem').write_bytes((pki / 'root.pem').read_bytes())
    rows = [
        ('all is well', {}, 0o644, 0, []),
        ('root, and all is well', {'service_user': '', 'sign_key': str(secret)}, 0o600, 0, []),
        ('no such user', {'service_user': 'callz'}, 0o644, 1, ['service.user: there is no user "callz"']),
        ('root as the user', {'service_user': 'root'}, 0o644, 1, ['service.user: "root" is root']),
        ('a key of root', {'sign_key': str(secret)}, 0o644, 1, ['root.key', 'Permission denied']),
        ('the configuration itself', {}, 0o600, 1, ['service.user: ', 'may not read this file']),
        ('a closed folder', {'trust_anchors': [str(closed / 'root.pem')]}, 0o644, 1, ['root.pem', 'Permission denied']),
        ('tenants in it', {'tenants_folder': str(closed)}, 0o644, 1, ['closed', 'Permission denied']),
        ('records into it', {'log_records': str(closed / 'calls')}, 0o644, 1, ['log.records: ', 'Permission denied']),
        ('records into the state', {'log_records': str(bench.state / 'calls')}, 0o644, 0, []),
    ]
    for number, (what, more, mode, want, said) in enumerate(rows):
        code, text = bench.check(bench.write('check-%d' % number, 5070, mode, **more))
        bench.checks.same(code, want, what + ': exit status of --check: ' + text)
        bench.checks.that(all(word in text for word in said), what + ': what it says', text)
        if want == 1:
            server = bench.start('start-%d' % number, 5070, mode=mode, **more)
            if 'itself' in what:              # the file was read by root; a reload will say it
                server.wait_ready()
                server.stop()
                continue
            bench.checks.same(server.proc.wait(lab.PATIENCE), 1, what + ': exit status of a start')
            bench.checks.that(all(word in server.log for word in said[1:]), what + ': what a start says', server.log)


def test_others(bench):
    """Root that stays root is told; whoever is not root stays who they are."""
    same, that = bench.checks.same, bench.checks.that
    server = bench.start('root', 5061, service_user='', service_workers=1)
    server.wait_ready()
    server.wait_log('runs as root', 'the warning')
    lines = re.findall(r'level=warning.*runs as root; set service\.user', server.log)
    same(len(lines), 1, 'one warning')
    for pid in processes(server.proc.pid):
        same(status(pid)['Uid'].split()[0], '0', 'root it is')
        same(status(pid)['NoNewPrivs'], '1', 'without new privileges')
    server.stop()

    plain = ('setpriv', '--reuid=%d' % UID, '--regid=%d' % GID, '--clear-groups')
    for name, port, before in (('plain', 5062, plain), ('capable', 5063, plain + ('--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service'))):
        server = bench.start(name, port, before, service_user='nobody')
        server.wait_ready()
        for pid in processes(server.proc.pid):
            got = status(pid)
            same(got['Uid'].split(), [str(UID)] * 4, name + ': stays who it is')
            same([got[c] for c in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb')], [NOTHING] * 4, name + ': without capabilities')
        that('runs as root' not in server.log, name + ': no warning')
        same(server.stop(), 0, name + ': exit status')


def test(laboratory, checks):
    checks.that(os.geteuid() == 0, 'this test needs root')
    bench = Bench(laboratory, checks)
    test_user(bench)
    test_check(bench)
    test_others(bench)


if __name__ == '__main__':
    lab.main(test)
