"""Several workers behind one address: who gets what, and what is lost when one dies."""
import json
import os
import re
import select
import signal
import socket
import subprocess
import time

import hep_lab
import lab
from lab import decode
from test_reload import Load, attest_now, until

CALLS = 240


def pages(server):
    """What each worker has counted, by its index, and the sums."""
    count = server.log.count('event=outcomes')
    server.send_signal(signal.SIGUSR1)
    server.wait_log('event=outcomes', 'counters', count + 1)
    lines = re.findall(r'event=worker result=\w+ index=(\d+) (.*made=.*)', server.log)
    workers = {int(index): {k: int(v) for k, v in re.findall(r'(\w+)=(\d+)', rest)}
               for index, rest in lines}    # the last one counts
    line = re.findall(r'event=counters (.*)', server.log)[-1]
    return workers, {k: int(v) for k, v in re.findall(r'(\w+)=(\d+)', line)}


def start(laboratory, workers, name='workers', port=5060, address='127.0.0.1', **changes):
    """`workers` processes that are ready."""
    changes.setdefault('sip_listen', ['udp:%s:%d' % (address, port)])
    server = laboratory.redirector(port, '%s-%d' % (name, next(lab._serial)), ready=False,
                                   service_workers=workers, **changes)
    server.wait_log('event=ready', 'all workers')
    return server


class Peer6(lab.Peer):
    """The same over IPv6."""

    def __init__(self, server):
        self.server = server
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        lab.widen(self.sock)
        self.sock.bind(('::1', 0))
        self.sock.settimeout(lab.PATIENCE)
        self.host, self.port = '[::1]', self.sock.getsockname()[1]


def send_all(peer, count):
    """@return Call-ID -> request"""
    calls = {}
    for _ in range(count):
        raw = peer.build()
        calls[lab.Message(raw).get('Call-ID')] = raw
        peer.send(raw)
    return calls


def answered(peer, calls, patience=None):
    """Receives until all of them have an answer.  @return Those that have none."""
    left = dict(calls)
    peer.sock.settimeout(patience or lab.PATIENCE)
    try:
        while left:
            answer = peer.receive()
            if answer.code == 302 and answer.get('Identity'):
                left.pop(answer.get('Call-ID'), None)
    except socket.timeout:
        pass
    peer.sock.settimeout(lab.PATIENCE)
    return left


def unanswered(peer, calls, patience=None):
    return len(answered(peer, calls, patience))


def gone(pid):
    try:
        return open('/proc/%d/stat' % pid).read().split(')')[1].split()[0] == 'Z'
    except OSError:
        return True


def all_work(laboratory, checks, workers, address, peer_of):
    what = '%d workers, %s' % (workers, address)
    server = start(laboratory, workers, 'all', 5060, address)
    peer = peer_of(server)
    checks.same(len(server.workers()), workers, what + ': so many processes')
    checks.same(unanswered(peer, send_all(peer, CALLS)), 0, what + ': every call of one socket is answered')
    by_worker, sums = pages(server)
    shares = [by_worker[i]['invites'] for i in range(workers)]
    checks.same(sum(shares), CALLS, what + ': each call is one worker\'s')
    checks.that(min(shares) > CALLS / workers / 2, what + ': all have their share', shares)
    checks.same((sums['invites'], sums['signed']), (CALLS, CALLS), what + ': the sum')

    again = send_all(peer, CALLS)
    other = peer_of(server)         # the same request by another way
    for raw in again.values():
        other.send(raw)
    checks.same(unanswered(peer, again), 0, what + ': sent once')
    checks.same(unanswered(other, again), 0, what + ': and once more')
    checks.same(pages(server)[1]['repeats'], CALLS, what + ': a retransmission meets the same worker')
    until('its record says so', lambda: len(re.findall(r'repeat=1\b', server.log)) == CALLS)

    checks.same(server.stop(), 0, what + ': ends well')
    checks.that(server.log.rstrip().endswith('event=stopped'), what + ': the last word')
    peer.close()
    other.close()


def killed(laboratory, checks):
    """What lay in the socket of a dead worker is answered by the next one."""
    server = start(laboratory, 2, 'killed', service_watchdog='60s')
    peer = server.peer()
    victim = server.workers()[1]
    os.kill(victim, signal.SIGSTOP)
    calls = send_all(peer, CALLS)
    select.select([peer.sock], [], [], lab.PATIENCE)        # the other one has begun
    left = answered(peer, calls, 1.0)
    checks.that(0 < len(left) < CALLS, 'a worker stands still: the other answers its own', len(left))
    os.kill(victim, signal.SIGKILL)
    checks.same(unanswered(peer, left), 0, 'what waited in its socket is answered by its successor')
    server.wait_log('result=died index=1', 'its end')
    checks.that('result=died index=1' in server.log and 'signal=9' in server.log, 'its end is told')
    server.wait_log('result=ready index=1', 'the next one')

    # in the middle of it: at most what it had in hand is lost, and asked again it is answered
    calls = send_all(peer, CALLS)
    os.kill(server.workers()[0], signal.SIGKILL)
    calls.update(send_all(peer, CALLS))
    server.wait_log('result=ready index=0', 'its successor')
    hep_lab.wait(lambda: hep_lab.is_read(5060), 'what waits in a socket is not lost')
    left = answered(peer, calls, 3.0)
    checks.that(len(left) <= 64, 'of %d calls at most a batch is lost' % len(calls), len(left))
    for raw in left.values():
        peer.send(raw)
    checks.same(unanswered(peer, left), 0, 'and is answered when it is sent again')
    checks.same(server.stop(), 0, 'after two deaths it ends well')
    peer.close()


def watchdog(laboratory, checks):
    server = start(laboratory, 2, 'watchdog', service_watchdog='5s')
    peer = server.peer()
    victim = server.workers()[0]
    os.kill(victim, signal.SIGSTOP)
    server.wait_log('result=killed index=0 pid=%d msg="it gives no sign of life"' % victim, 'watchdog')
    server.wait_log('result=ready index=0', 'its successor')
    checks.same(unanswered(peer, send_all(peer, CALLS)), 0, 'a worker that hung was made anew')
    checks.that(victim not in server.workers() and len(server.workers()) == 2, 'two serve')
    checks.same(server.stop(), 0, 'watchdog: ends well')
    peer.close()


def crash_loop(laboratory, checks):
    """At once the first time, then after longer and longer; the other one serves meanwhile."""
    server = start(laboratory, 2, 'loop')
    peer = server.peer()
    for n in range(4):
        victim = next(p for p in server.workers() if p in ready_pids(server, 1))
        os.kill(victim, signal.SIGKILL)
        server.wait_log('result=respawn index=1', 'death %d' % n, n + 1)
        checks.same(unanswered(peer, send_all(peer, 20), 10), 0, 'death %d: calls are answered' % n)
        server.wait_log('result=ready index=1', 'life %d' % n, n + 1)
    waits = [int(ms) for ms in re.findall(r'result=respawn index=1 after_ms=(\d+)', server.log)]
    checks.same(waits, [0, 100, 200, 400], 'it backs off')
    checks.same(pages(server)[0][1]['made'], 5, 'and counts how often')
    checks.same(server.stop(), 0, 'crash loop: ends well')
    peer.close()


def ready_pids(server, index):
    """Pids of a worker as the log and its processes say: of the first start the order tells."""
    named = [int(pid) for pid in re.findall(r'result=ready index=%d pid=(\d+)' % index, server.log)]
    return named[-1:] or server.workers()[index:index + 1]


def broken_file(laboratory, checks):
    """A worker that is made anew gets the last good configuration, whatever the file says."""
    server = start(laboratory, 2, 'broken')
    peer = server.peer()
    good = json.loads(server.config.read_text())

    server.config.write_text('sip: [what\n')
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=failed', 'a broken file')
    for round_, attest in enumerate(['A', 'B']):
        for victim in server.workers():
            os.kill(victim, signal.SIGKILL)
        for index in range(2):
            server.wait_log('result=ready index=%d' % index, 'anew', round_ + 1)
        got = {decode(peer.invite().get('Identity'))[1]['attest'] for _ in range(30)}
        checks.same(got, {attest}, 'both serve what was good last')
        if attest == 'A':
            server.write(dict(good, sign=dict(good['sign'], attest='B')))
            server.send_signal(signal.SIGHUP)
            server.wait_log('event=reload result=ok', 'a good file')
            got = {decode(peer.invite().get('Identity'))[1]['attest'] for _ in range(30)}
            checks.same(got, {'B'}, 'both took the good one')
            server.config.write_text('sip: [what\n')
    checks.same(server.log.count('event=reload result=ok'), 1, 'one line for all')
    checks.same(server.stop(), 0, 'broken file: ends well')
    peer.close()


def restart_settings(laboratory, checks):
    """What needs a restart is for a new worker what it is for all others."""
    server = start(laboratory, 2, 'restart')
    peer = server.peer()
    wanted = json.loads(server.config.read_text())
    wanted['sip']['listen'] = ['udp:127.0.0.1:5999']
    wanted['tenants'] = {'max': 7}
    wanted['service'] = {'workers': 9}
    server.write(wanted)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'reload')
    os.kill(server.workers()[1], signal.SIGKILL)
    server.wait_log('result=ready index=1', 'the next one')
    checks.same(unanswered(peer, send_all(peer, 100)), 0, 'all answer where they did')
    checks.same(len(server.workers()), 2, 'as many as before')
    checks.same(server.stop(), 0, 'restart settings: ends well')
    checks.same(server.log.count('sip.listen changed: takes effect after a restart'), 1, 'told once')
    peer.close()


def rolling(laboratory, checks):
    server = start(laboratory, 2, 'rolling')
    loads = [Load(server) for _ in range(2)]
    for load in loads:
        load.start()
    before = set(server.workers())
    files = len(os.listdir('/proc/%d/fd' % server.proc.pid))
    for n in range(25):                 # fifty processes
        server.send_signal(signal.SIGWINCH)
        server.wait_log('event=rolling result=', 'rolling %d' % n, n + 1)
    checks.same(server.log.count('event=rolling result=ok'), 25, 'all rounds went well')
    for load in loads:
        load.stop()
    checks.same(sum(load.lost for load in loads), 0, 'no call of %d is lost'
                % sum(load.asked for load in loads))
    checks.that(not before & set(server.workers()) and len(server.workers()) == 2, 'two others')
    checks.same(len(os.listdir('/proc/%d/fd' % server.proc.pid)), files, 'descriptors do not grow')
    checks.same(sum(w['made'] for w in pages(server)[0].values()), 52, 'so many were made')
    checks.same(server.stop(), 0, 'rolling: ends well')


def at_once(laboratory, checks):
    """Signals that come while another is under way."""
    server = start(laboratory, 2, 'once')
    peer = server.peer()
    good = json.loads(server.config.read_text())
    for attest in 'BCB':
        server.write(dict(good, sign=dict(good['sign'], attest=attest)))
        server.send_signal(signal.SIGHUP)
    until('the last one counts', lambda: {attest_now(peer) for _ in range(30)} == {'B'})
    checks.that(True, 'reloads in a row: the last one is what runs')

    server.write(dict(good, sign=dict(good['sign'], attest='C')))
    server.send_signal(signal.SIGHUP)
    for victim in server.workers():
        os.kill(victim, signal.SIGKILL)
    until('they took it', lambda: {attest_now(peer) for _ in range(30)} == {'C'})
    checks.that(True, 'death during a reload: all take it in the end')

    server.send_signal(signal.SIGWINCH)
    server.wait_log('event=rolling', 'rolling')
    server.write(good)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=rolling result=', 'rolled')
    until('they took it', lambda: {attest_now(peer) for _ in range(30)} == {'A'})
    checks.that(True, 'a reload during a rolling restart: all take it')

    rounds = server.log.count('event=rolling result=')
    before = server.workers()
    server.send_signal(signal.SIGWINCH)
    until('a third process', lambda: set(server.workers()) - set(before))
    for victim in set(server.workers()) - set(before):
        os.kill(victim, signal.SIGKILL)
    server.wait_log('event=rolling result=', 'the end of it', rounds + 1)
    until('two serve', lambda: len(server.workers()) == 2)
    checks.same(unanswered(peer, send_all(peer, 100)), 0, 'death during a rolling restart')

    server.send_signal(signal.SIGWINCH)
    server.send_signal(signal.SIGHUP)
    children = server.workers()
    checks.same(server.stop(), 0, 'SIGTERM during a rolling restart and a reload')
    until('all are gone', lambda: all(gone(p) for p in children))
    peer.close()

    for n in range(5):
        early = laboratory.redirector(5070, 'early-%d' % n, ready=False, service_workers=2)
        time.sleep(0.02 * n)
        early.stop()
        checks.that(early.proc.returncode in (0, -signal.SIGTERM), 'SIGTERM during the start',
                    early.proc.returncode)


def orphans(laboratory, checks):
    server = start(laboratory, 2, 'orphans')
    children = server.workers()
    server.proc.kill()
    server.proc.wait()
    until('they end by themselves', lambda: all(gone(p) for p in children))
    checks.that(True, 'without a supervisor the workers end')


def second_instance(laboratory, checks):
    server = start(laboratory, 2, 'first')
    peer = server.peer()
    for workers in (1, 2):
        second = subprocess.run([lab.DAEMON, '-c', server.config], capture_output=True, text=True)
        checks.that(second.returncode == 1 and 'Address already in use' in second.stderr,
                    'a second instance is refused', second.stderr)
        checks.same(unanswered(peer, send_all(peer, 50)), 0, 'and takes no call')
        settings = json.loads(server.config.read_text())
        settings['service']['workers'] = 1
        server.write(settings)
    checks.same(server.stop(), 0, 'first instance: ends well')
    third = laboratory.redirector(5060, 'third')
    checks.same(third.stop(), 0, 'afterwards the address is free')
    peer.close()


def no_start(laboratory, checks):
    """One reason, whatever the number of workers."""
    settings = laboratory.settings(5060, service_workers=4, sign_key='/nowhere/key.pem')
    config = laboratory.folder / 'nokey.yaml'
    config.write_text(json.dumps(settings))
    run = subprocess.run([lab.DAEMON, '-c', config], capture_output=True, text=True)
    checks.that(run.returncode == 1 and run.stderr.count('/nowhere/key.pem') == 1,
                'the first worker\'s reason ends the start', run.stderr)
    run = subprocess.run([lab.DAEMON, '--worker', '0', config], capture_output=True, text=True)
    checks.same(run.returncode, 2, '--worker is nobody\'s')


def waiting_is_freed(laboratory, checks):
    """Calls that a dead worker had waiting do not count against their tenant for ever."""
    silent = socket.create_server(('127.0.0.1', 8443))
    silent.settimeout(lab.PATIENCE)
    server = start(laboratory, 2, 'waiting', certs_lab=True, certs_wait='30s', sip_deadline='30s',
                   certs_timeout='60s', limits_waiting=1)
    peer = server.peer()

    def call():
        token = lab.Token(laboratory.pki)
        token.x5u = token.header['x5u'] = 'https://127.0.0.1:8443/%d.pem' % next(lab._serial)
        token.params[0] = 'info=<%s>' % token.x5u
        raw = peer.build(identity=str(token))
        peer.send(raw)
        return lab.Message(raw).get('Call-ID')

    first = call()
    connection, _ = silent.accept()     # it waits for its certificate
    second = call()
    checks.same(peer.receive().get('Call-ID'), second, 'more than one may not wait')
    for victim in server.workers():
        os.kill(victim, signal.SIGKILL)
    connection.close()
    for index in range(2):
        server.wait_log('result=ready index=%d' % index, 'anew')
    third = call()
    connection, _ = silent.accept()
    checks.that(True, 'what the dead had waiting is forgotten')
    server.send_signal(signal.SIGTERM)
    checks.same(peer.receive().get('Call-ID'), third, 'a call in hand is answered at the end')
    checks.same(server.proc.wait(lab.PATIENCE * 2), 0, 'and then all end')
    checks.that(first != third, 'three calls')
    connection.close()
    silent.close()
    peer.close()


def test(laboratory, checks):
    for workers in (2, 4):
        all_work(laboratory, checks, workers, '127.0.0.1', lambda s: s.peer())
        all_work(laboratory, checks, workers, '[::1]', lambda s: Peer6(('::1', 5060)))
    for part in (killed, watchdog, crash_loop, broken_file, restart_settings, rolling, at_once, orphans,
                 second_instance, no_start, waiting_is_freed):
        part(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
