"""Certificates outlive the redirector: a restart without a repository, two redirectors with one
store, kill -9, and a store that is damaged.

"No request" is proven by a repository that counts, and then by one that is gone.
"""
import json
import signal
import socket
import time

import lab
from lab import Token
from test_fetch import settings
from web import Web

PASSED, NO = 'TN-Validation-Passed', 'No-TN-Validation'


class Bench:
    def __init__(self, laboratory, checks):
        self.lab, self.checks = laboratory, checks
        self.store = laboratory.folder / 'store'
        self.web = Web(laboratory.pki)
        self.web.pages = {'/%s.pem' % name: (laboratory.pki / (leaf + '.pem')).read_bytes()
                          for name, leaf in [('sp', 'sp'), ('second', 'sp'), ('third', 'sp'), ('untrusted', 'untrusted')]}
        self.count, self.late, self.in_time = 0, {}, 0

    def start(self, port, store=None, **more):
        self.count += 1
        how = settings(self.lab, log_records='stderr', certs_timeout='60s', certs_store=str(store or self.store))
        how.update(more)
        server = self.lab.redirector(port, name='redirector-%d' % self.count, **how)
        server.wait_log('event=store state=', 'what became of the store')
        return server

    def call(self, server, name='sp', leaf='sp'):
        """@return The verstat, and where the record says that the certificate came from."""
        token, peer = Token(self.lab.pki, leaf), server.peer()
        token.header['x5u'] = '%s%s.pem' % (lab.X5U_BASE, name)
        token.params[0] = 'info=<%s>' % token.header['x5u']
        answer = peer.invite(identity=str(token))
        peer.close()
        needle = '"id":"%s"' % answer.get('Call-ID')
        server.wait_log(needle, 'record')
        record = next(json.loads(line) for line in server.log.splitlines() if needle in line)
        return answer.verstat, record.get('cert')

    def from_store(self, server, what, name='sp'):
        """Its reader has 50 ms.  When the machine took them from it that is counted, and the repository asked."""
        before = counters(server)['late']
        got = self.call(server, name)
        late = counters(server)['late'] - before
        self.late[name] = self.late.get(name, 0) + late
        self.in_time += not late
        self.same(got, (PASSED, 'fetch' if late else 'store'), what)

    def asked(self, name, want, what):
        """So often, and once more for each time that the store was late."""
        self.same(self.web.asked('/%s.pem' % name), want + self.late.get(name, 0), what)

    def same(self, got, want, what):
        return self.checks.same(got, want, what)


def counters(server):
    """What the redirector counts of its store."""
    count = server.log.count('event=stored ')
    server.send_signal(signal.SIGUSR1)
    server.wait_log('event=stored ', 'counters', count + 1)
    line = [text for text in server.log.splitlines() if 'event=stored ' in text][-1]
    return {key: int(value) for key, _, value in (word.partition('=') for word in line.split()) if value.isdigit()}


def wait_kept(server, records):
    """The writer is a thread of its own, and a crash may come before it."""
    end = time.monotonic() + lab.PATIENCE
    while counters(server)['kept'] < records:
        if time.monotonic() > end:
            raise TimeoutError('not kept: ' + server.log[-2000:])
        time.sleep(0.02)


def check_unasked(checks, mute, server, what):
    """Nobody has knocked there, unless the store was late.  Closes it."""
    mute.setblocking(False)
    try:
        mute.accept()[0].close()
        checks.that(counters(server)['late'] > 0, what)
    except BlockingIOError:
        checks.that(True, what)
    mute.close()


def test_restart(bench):
    """Stopped and started again, with the repository and without."""
    server = bench.start(5060)
    bench.checks.that('event=store state=new' in server.log, 'a new store is told', server.log)
    bench.same(bench.call(server), (PASSED, 'fetch'), 'the first call asks the repository')
    bench.same(bench.call(server), (PASSED, 'memory'), 'the second does not')
    bench.same(bench.call(server, 'untrusted', 'untrusted')[0], 'TN-Validation-Failed', 'a chain that nobody trusts')
    bench.same(bench.web.asked('/sp.pem'), 1, 'one request')
    wait_kept(server, 1)
    bench.same(counters(server)['kept'], 1, 'what is not trusted is not kept')
    bench.same(server.stop(), 0, 'exit status')
    bench.same(bench.store.stat().st_mode & 0o777, 0o700, 'the folder is the owner\'s alone')
    bench.same({path.stat().st_mode & 0o777 for path in bench.store.iterdir()}, {0o600}, 'and so are its files')

    server = bench.start(5060)
    told = [line for line in server.log.splitlines() if 'event=store state=opened' in line]
    bench.checks.that(len(told) == 1 and told[0].endswith('records=1'), 'the store is there', told)
    bench.from_store(server, 'after a restart')
    bench.asked('sp', 1, 'after a restart: no other request')
    bench.same(server.stop(), 0, 'exit status')


def test_shared(bench):
    """Two redirectors at once: what one has fetched the other has."""
    one, two = bench.start(5061), bench.start(5062)
    bench.same(bench.call(one, 'second'), (PASSED, 'fetch'), 'shared, the first asks')
    wait_kept(one, 1)
    bench.from_store(two, 'shared, the second has it', 'second')
    bench.asked('second', 1, 'shared, one request')
    return one, two


def test_killed(bench, one, two):
    """kill -9 while another has the store open, and with nobody left."""
    bench.same(bench.call(one, 'third'), (PASSED, 'fetch'), 'kill -9, before')
    wait_kept(one, 2)
    bench.same(one.stop(signal.SIGKILL), -signal.SIGKILL, 'kill -9')
    bench.from_store(two, 'kill -9, the other one lives', 'third')
    bench.same(two.stop(signal.SIGKILL), -signal.SIGKILL, 'kill -9, the other one')
    server = bench.start(5063)
    bench.from_store(server, 'kill -9, the next one has it', 'third')
    bench.asked('third', 1, 'kill -9, one request')
    for number in range(5):
        bench.same(server.stop(signal.SIGKILL), -signal.SIGKILL, 'kill -9, again')
        server = bench.start(5100 + number)     # the one before may have a worker that still has its port
        bench.from_store(server, 'kill -9, time %d' % (number + 2))
    server.stop()


def test_alone(bench):
    """The repository is gone: the store serves, and what it has not fails as before."""
    bench.web.stop()
    mute = socket.create_server(('127.0.0.9', 443))     # if the store's 50 ms are missed its copy still comes first
    server = bench.start(5064, certs_timeout='5s')
    bench.same(bench.call(server), (PASSED, 'store'), 'without a repository, the first call')
    check_unasked(bench.checks, mute, server, 'without a repository: nobody is asked')
    bench.same(bench.call(server), (PASSED, 'memory'), 'without a repository, the second call')
    bench.same(bench.call(server, 'never-seen')[0], NO, 'without a repository, a new address')
    server.stop()
    server = bench.start(5064, store=bench.lab.folder / 'empty')
    bench.same(bench.call(server)[0], NO, 'without a repository and with an empty store')
    server.stop()


def test_damaged(bench):
    """A damaged store is moved aside; calls are served."""
    bench.web = Web(bench.lab.pki)
    bench.web.pages['/sp.pem'] = (bench.lab.pki / 'sp.pem').read_bytes()
    data = bench.store / 'data.mdb'
    whole = data.read_bytes()
    rows = [
        ('cut in the middle', whole[:len(whole) // 2 + 100]),
        ('cut behind the first page', whole[:4096]),
        ('a few bytes', whole[:17]),
        ('empty', b''),
        ('noise', bytes(range(256)) * (len(whole) // 256)),
        ('text', b'no database\n' * 2000),
    ]
    bench.late.pop('sp', None)      # of the repository before
    for number, (what, content) in enumerate(rows):
        data.write_bytes(content)
        server = bench.start(5070 + number)
        told = 'event=store state=' in server.log and 'state=opened' not in server.log
        bench.checks.that(told, what + ': the log says so', server.log)
        if content:
            bench.checks.that('state=rebuilt' in server.log, what + ': rebuilt', server.log)
            bench.checks.that((bench.store / 'data.mdb.broken').exists(), what + ': the old one is kept aside')
        bench.same(bench.call(server), (PASSED, 'fetch'), what + ': it serves')
        wait_kept(server, 1)
        bench.same(server.stop(), 0, what + ': exit status')
        server = bench.start(5080 + number)
        bench.from_store(server, what + ': and keeps again')
        bench.same(server.stop(), 0, what + ': exit status')
    bench.asked('sp', len(rows), 'one request after each')


def test_unusable(bench):
    """A store that cannot be used costs the memory of it, no call."""
    folder = bench.lab.folder
    (folder / 'file').write_text('no folder\n')
    (folder / 'open').mkdir()
    (folder / 'open').chmod(0o777)
    for number, name in enumerate(['file', 'open', 'file/below']):
        server = bench.start(5090 + number, store=folder / name)
        bench.checks.that('event=store state=none' in server.log, name + ': the log says so', server.log)
        bench.same(bench.call(server), (PASSED, 'fetch'), name + ': it serves')
        bench.same(server.stop(), 0, name + ': exit status')


def test(laboratory, checks):
    bench = Bench(laboratory, checks)
    test_restart(bench)
    test_killed(bench, *test_shared(bench))
    test_alone(bench)
    test_damaged(bench)
    test_unusable(bench)
    checks.that(bench.in_time > 7, 'the store served', (bench.in_time, bench.late))
    bench.web.stop()


if __name__ == '__main__':
    lab.main(test)
