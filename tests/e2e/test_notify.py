"""What the service manager hears: ready, reloads, the end, signs of life.  Its part is played by a
socket; a wrapper sets $WATCHDOG_PID, which only the process itself can know, as systemd does."""
import os
import signal
import socket
import struct
import time

import lab

CREDENTIALS = struct.Struct('iII')
NOISE = ('STATUS=', 'WATCHDOG=')


class Manager:
    """Messages with the pid that sent them; the kernel vouches for it."""

    def __init__(self, address):
        self.address, self.heard, self.statuses, self.pids, self.alive = address, [], [], set(), 0
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.sock.bind('\0' + address[1:] if address[0] == '@' else address)

    def take(self, timeout):
        """The next message that is neither noise nor None."""
        end = time.monotonic() + timeout
        while True:
            self.sock.settimeout(max(0.001, end - time.monotonic()))
            try:
                data, extra, _, _ = self.sock.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
            except (socket.timeout, BlockingIOError):
                return None
            for _, kind, value in extra:
                if kind == socket.SCM_CREDENTIALS:
                    self.pids.add(CREDENTIALS.unpack(value)[0])
            text = data.decode()
            self.alive += text == 'WATCHDOG=1'
            if text.startswith('STATUS='):
                self.statuses.append(text[7:])
            if not text.startswith(NOISE):
                self.heard.append(text.split('\n')[0])
                return text

    def want(self, text):
        """The next message begins so."""
        got = self.take(lab.PATIENCE)
        return got is not None and got.split('\n')[0] == text

    def wait_alive(self, more):
        """So many signs of life more."""
        goal, end = self.alive + more, time.monotonic() + lab.PATIENCE
        while self.alive < goal and time.monotonic() < end:
            self.take(0.05)
        return self.alive >= goal

    def empty(self):
        """Everything that lies here is taken."""
        while self.take(0.001) is not None:
            pass


def start(laboratory, name, port, address, watchdog=None, pid='$$', **settings):
    """The daemon under a manager at `address`."""
    manager = Manager(address)
    command = 'export NOTIFY_SOCKET=%s; ' % address
    if watchdog:
        command += 'export WATCHDOG_USEC=%d WATCHDOG_PID=%s; ' % (watchdog, pid)
    config = laboratory.folder / (name + '.yaml')
    server = lab.Redirector.__new__(lab.Redirector)
    server.config = config
    server.write(laboratory.settings(port, **settings))
    server.address = ['127.0.0.1', str(port)]
    lab.Process.__init__(server, ['sh', '-c', command + 'exec "$0" -c "$1"', lab.DAEMON, config],
                         laboratory.folder / (name + '.log'))
    laboratory.processes.append(server)
    return server, manager


def children(pid):
    with open('/proc/%d/task/%d/children' % (pid, pid), encoding='ascii') as f:
        return [int(p) for p in f.read().split()]


def state(pid):
    with open('/proc/%d/stat' % pid, encoding='ascii') as f:
        return f.read().rpartition(') ')[2][0]


def test_life(laboratory, checks, address, port):
    """From start to end, with two workers."""
    that = checks.that
    server, manager = start(laboratory, 'life-%d' % port, port, address, service_workers=2)
    that(manager.want('READY=1'), 'ready', manager.heard)
    that(len(children(server.proc.pid)) == 2, 'by then both workers are there')
    peer = server.peer()
    for _ in range(32):                        # over branches enough to meet both
        checks.same(peer.invite().code, 302, 'and serve')
    for times in 1, 2:
        server.send_signal(signal.SIGHUP)
        that(manager.want('RELOADING=1'), 'reload %d begins' % times, manager.heard)
        that(manager.want('READY=1'), 'and is over', manager.heard)
    good = server.config.read_text()
    server.config.write_text('sip: {listen: 1}\nnonsense: yes\n')
    before = len(manager.statuses)
    server.send_signal(signal.SIGHUP)
    that(manager.want('RELOADING=1') and manager.want('READY=1'), 'so is one that fails', manager.heard)
    manager.empty()
    that(any('fail' in s for s in manager.statuses[before:]), 'which the status says', manager.statuses)
    server.config.write_text(good)
    before = len(manager.statuses)
    server.send_signal(signal.SIGHUP)
    that(manager.want('RELOADING=1') and manager.want('READY=1'), 'a good one again', manager.heard)
    manager.empty()
    that(not any('fail' in s for s in manager.statuses[before:]), 'and the status forgets', manager.statuses)
    checks.same(peer.invite().code, 302, 'calls go on')
    peer.close()
    server.send_signal(signal.SIGTERM)
    that(manager.want('STOPPING=1'), 'the end', manager.heard)
    checks.same(server.stop(), 0, 'exit status')
    manager.empty()
    checks.same(manager.heard[-1], 'STOPPING=1', 'nothing after it')
    checks.same(manager.pids, {server.proc.pid}, 'only the main process speaks')
    checks.same(manager.alive, 0, 'no signs of life unless asked for')
    checks.same(manager.statuses[-1], 'drains', 'the last status')
    that('2 of 2 workers serve' in manager.statuses, 'status lines', manager.statuses)


def test_no_start(laboratory, checks):
    """A start that fails is never ready."""
    rows = [
        ('a key that is not there', {'sign_key': '/nonexistent/key'}),
        ('no such user', {'service_user': 'no-such-user'}),
        ('an address of somebody else', {'sip_listen': ['udp:192.0.2.77:5060']}),
    ]
    for number, (what, settings) in enumerate(rows):
        address = str(laboratory.folder / ('no-start-%d' % number))
        server, manager = start(laboratory, 'no-start-%d' % number, 5080, address, **settings)
        checks.same(server.proc.wait(lab.PATIENCE), 1, what + ': exit status')
        manager.empty()
        checks.that('READY=1' not in manager.heard, what + ': never ready', manager.heard)


def test_watchdog(laboratory, checks):
    that = checks.that
    address = str(laboratory.folder / 'watchdog')
    server, manager = start(laboratory, 'watchdog', 5081, address, watchdog=1000000, service_workers=1)
    that(manager.want('READY=1'), 'ready', manager.heard)
    that(manager.wait_alive(3), 'signs of life', manager.alive)
    server.send_signal(signal.SIGHUP)
    that(manager.want('RELOADING=1') and manager.want('READY=1'), 'a reload', manager.heard)
    that(manager.wait_alive(2), 'and they go on', manager.alive)
    server.send_signal(signal.SIGSTOP)
    while state(server.proc.pid) != 'T':
        time.sleep(0.01)
    manager.empty()
    before = manager.alive
    time.sleep(1.5)                             # it would have spoken three times
    manager.empty()
    checks.same(manager.alive, before, 'none from one that stands still')
    server.send_signal(signal.SIGCONT)
    that(manager.wait_alive(2), 'and again when it goes on', manager.alive)
    checks.same(server.stop(), 0, 'exit status')
    checks.same(manager.pids, {server.proc.pid}, 'only the main process speaks')

    address = str(laboratory.folder / 'another')
    server, manager = start(laboratory, 'another', 5082, address, watchdog=200000, pid='1', service_workers=1)
    that(manager.want('READY=1'), 'ready', manager.heard)
    peer = server.peer()
    for _ in range(5):
        checks.same(peer.invite().code, 302, 'serves')
        time.sleep(0.1)
    peer.close()
    manager.empty()
    checks.same(manager.alive, 0, 'another process is watched: no signs of life')
    server.stop()


def test(laboratory, checks):
    test_life(laboratory, checks, str(laboratory.folder / 'manager'), 5060)
    test_life(laboratory, checks, '@shaken-manager-%d' % os.getpid(), 5061)
    test_no_start(laboratory, checks)
    test_watchdog(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
