"""The first moments, and what a start says: signals that come before anybody handles them, too few
files, a user that nobody becomes; and why a worker that was made later did not start."""
import json
import os
import resource
import signal
import subprocess
import time

import lab

KEPT = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH]
LONG = '# nothing but a long way to go for who reads it\n' * 20000
USER = 47110


def blocked(pid):
    """Does it keep the signals?"""
    with open('/proc/%d/status' % pid, encoding='utf-8') as f:
        mask = next(int(line.split()[1], 16) for line in f if line.startswith('SigBlk:'))
    return all(mask >> (number - 1) & 1 for number in KEPT)


def sockets(pid):
    count = 0
    for name in os.listdir('/proc/%d/fd' % pid):
        try:
            count += os.readlink('/proc/%d/fd/%s' % (pid, name)).startswith('socket:')
        except OSError:
            pass
    return count


def daemon(laboratory, name, settings, *words, before=(), **how):
    config = laboratory.folder / (name + '.yaml')
    config.write_text(json.dumps(settings) + '\n' + LONG)
    config.chmod(0o644)
    server = lab.Process([*before, lab.DAEMON, '-c', config, *words], laboratory.folder / (name + '.log'), **how)
    laboratory.processes.append(server)
    return server


def early_signals(laboratory, checks):
    """As early as a signal does not end it by default, it is kept until it can be obeyed."""
    for number, words in enumerate([(), ('--single',)]):
        what = words[0] if words else 'supervisor'
        for again in range(20):             # until we come in time; signals that are kept too late never let us
            server = daemon(laboratory, 'early%d-%d' % (number, again), laboratory.settings(5060 + number), *words)
            end = time.monotonic() + lab.PATIENCE
            while not blocked(server.proc.pid) and time.monotonic() < end and server.proc.poll() is None:
                pass
            early = sockets(server.proc.pid) == 0
            if early:
                break
            server.stop()
        checks.that(early, what + ': the configuration is still to be read')
        for each in KEPT:
            server.send_signal(each)
        for word in 'event=ready', 'event=reload result=ok', 'event=counters', 'event=reopen result=ok':
            server.wait_log(word, what)
        checks.same(server.stop(), 0, what + ': serves, and ends well')

    server = daemon(laboratory, 'terminated', laboratory.settings(5062))
    end = time.monotonic() + lab.PATIENCE
    while not blocked(server.proc.pid) and time.monotonic() < end:
        pass
    checks.that(server.stop() in (0, -signal.SIGTERM), 'SIGTERM ends it at any time')


def with_files(limit, hard=None):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard or limit))


def few_files(laboratory, checks):
    listen = ['udp:127.0.0.%d:5070' % n for n in range(1, 9)]
    settings = laboratory.settings(5070, sip_listen=listen, service_workers=16)
    for words in (), ('--single',):
        limit = 12 if words else 40
        server = daemon(laboratory, 'full' + ''.join(words), settings, *words, preexec_fn=with_files(limit))
        checks.same(server.proc.wait(lab.PATIENCE), 1, 'too few for the sockets: no start')
        workers = 1 if words else 16
        for word in ('Too many open files', '8 listeners of %d workers are up to %d sockets' % (workers, 16 * workers),
                     '%d files may be open' % limit, 'LimitNOFILE='):
            checks.that(word in server.log, 'the reason has ' + word, server.log)
        checks.same(server.log.count('Too many'), 1, 'once')

    rows = [('few', 3000, 3000, (), 1), ('single', 3000, 3000, ('--single',), 1), ('hard', 100, 3048, (), 0)]
    for number, (name, soft, hard, words, count) in enumerate(rows):
        server = daemon(laboratory, 'files-' + name, laboratory.settings(5071 + number, service_workers=2), *words,
                        preexec_fn=with_files(soft, hard))
        server.wait_log('event=ready', name)
        lines = [line for line in server.log.splitlines() if 'streams.connections: 2048' in line]
        checks.same(len(lines), count, name + ': files are few')
        checks.that(all('level=warning' in line and 'may open 3000 files' in line and '3048 are enough' in line
                        for line in lines), name + ': a warning', lines)
        checks.same(server.stop(), 0, name + ': ends well')


def nobodys_wish(laboratory, checks):
    """service.user, and nobody who could become it."""
    checks.same(os.geteuid(), 0, 'this test needs root')
    laboratory.folder.chmod(0o755)
    pki = laboratory.folder / 'pki'
    pki.chmod(0o755)
    for path in pki.iterdir():
        os.chown(path, USER, USER)
    plain = ('setpriv', '--reuid=%d' % USER, '--regid=%d' % USER, '--clear-groups')
    how = {'env': dict(os.environ, ASAN_OPTIONS='detect_leaks=0')}      # it looks into a process that lets nobody look
    for number, (user, words, count) in enumerate([('nobody', (), 1), ('nobody', ('--single',), 1), ('', (), 0)]):
        server = daemon(laboratory, 'wish-%d' % number, laboratory.settings(5080 + number, service_user=user, service_workers=2),
                        *words, before=plain, **how)
        server.wait_log('event=ready', 'wish %d' % number)
        text = 'service.user: "nobody" has no effect: only root becomes another user, and this is user id %d' % USER
        checks.same(server.log.count(text), count, 'wish %d: told' % number)
        checks.same(server.log.count('runs as root'), 0, 'wish %d: which is another thing' % number)
        checks.same(server.stop(), 0, 'wish %d: ends well' % number)
        check = daemon(laboratory, 'check-%d' % number, laboratory.settings(5080, service_user=user), '--check', before=plain, **how)
        checks.same(check.proc.wait(lab.PATIENCE), 0, 'wish %d: --check is content' % number)
        checks.same(check.log.count('warning: ' + text), bool(count), 'wish %d: and warns' % number)
    check = daemon(laboratory, 'check-root', laboratory.settings(5080, service_user='nobody'), '--check', **how)
    check.proc.wait(lab.PATIENCE)
    checks.that('has no effect' not in check.log, 'root can become it', check.log)


def why_not(laboratory, checks):
    """A worker that is made later and does not start: the log says why, with its index."""
    key = laboratory.folder / 'moved.key'
    key.write_bytes((laboratory.folder / 'pki' / 'sp.key').read_bytes())
    key.chmod(0o600)
    log = laboratory.folder / 'why-not.jsonl'
    server = laboratory.redirector(5090, 'why-not', service_workers=2, sign_key=str(key), log_target=str(log), log_format='json')

    def lines(**wanted):
        whole, _, _ = log.read_text().rpartition('\n')      # the last line may be half written
        read = [json.loads(line) for line in whole.splitlines()]
        return [line for line in read if all(line.get(k) == v for k, v in wanted.items())]

    def wait(count=1, **wanted):
        end = time.monotonic() + lab.PATIENCE
        while len(lines(**wanted)) < count and time.monotonic() < end:
            time.sleep(0.02)
        return lines(**wanted)

    wait(event='ready')
    names = [open('/proc/%d/comm' % pid, encoding='ascii').read().strip() for pid in server.workers()]
    checks.same(names, ['shaken-worker'] * 2, 'workers by name')
    away = key.rename(key.with_suffix('.away'))
    os.kill(server.workers()[1], signal.SIGKILL)
    told = wait(event='worker', result='failed', index=1)
    checks.that(told and told[0]['level'] == 'error' and str(key) in told[0].get('msg', '') and told[0]['pid'] > 0,
                'the reason, as an error', told)
    checks.that(wait(event='worker', result='ended', index=1, status=1), 'and its end')
    checks.that(all(set(line) <= {'time', 'level', 'event', 'result', 'index', 'pid', 'msg'} for line in told), 'no more than that', told)
    away.rename(key)
    checks.that(wait(event='worker', result='ready', index=1), 'with the key there is a next one', lines(event='worker'))

    key.rename(away)
    server.send_signal(signal.SIGWINCH)
    told = wait(event='worker', result='failed', index=0)
    checks.that(told and str(key) in told[0].get('msg', ''), 'so it is while all are made anew', lines(event='worker'))
    checks.that(wait(event='rolling', result='failed'), 'which is given up')
    away.rename(key)
    peer = server.peer()
    checks.that(peer.invite().get('Identity'), 'it signs')
    peer.close()
    checks.same(server.stop(), 0, 'ends well')

    key.rename(away)
    run = subprocess.run([lab.DAEMON, '-c', server.config], capture_output=True, text=True, check=False)
    checks.that(run.returncode == 1 and run.stderr.count(str(key)) == 1, 'the first start says it once, to stderr', run.stderr)
    checks.same(len([line for line in lines(result='failed') if line.get('index') == 0]), 1, 'and not again to the log')


def test(laboratory, checks):
    for part in early_signals, few_files, why_not, nobodys_wish:
        part(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
