"""SIGHUP under load: a good configuration is taken, a broken one is not, no call is lost."""
import signal
import threading
import time

import lab
from lab import decode


class Load(threading.Thread):
    """Asks all the time; every request waits for its own answer, so nothing can get lost unseen."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.peer, self.stopping = server.peer(), threading.Event()
        self.asked, self.attests, self.lost = 0, [], 0

    def run(self):
        while not self.stopping.is_set():
            raw = self.peer.build()
            try:
                answer = self.peer.ask(raw)
            except OSError:
                self.lost += 1
                continue
            self.asked += 1
            if answer.get('Call-ID') != lab.Message(raw).get('Call-ID') or not answer.get('Identity'):
                self.lost += 1
            else:
                self.attests.append(decode(answer.get('Identity'))[1]['attest'])

    def stop(self):
        self.stopping.set()
        self.join()


def attest_now(peer):
    return decode(peer.invite().get('Identity'))[1]['attest']


def until(what, function):
    end = time.monotonic() + lab.PATIENCE
    while not function():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.005)


def test(laboratory, checks):
    server = laboratory.redirector()
    peer = server.peer()
    load = Load(server)
    load.start()
    until('load', lambda: load.asked > 100)

    good = laboratory.settings(sign_attest='B')
    server.write(good)
    server.send_signal(signal.SIGHUP)
    until('the new configuration counts', lambda: attest_now(peer) == 'B')
    checks.that(True, 'a good configuration is taken')

    pki = laboratory.pki
    empty = laboratory.folder / 'empty'
    empty.mkdir()
    broken = [
        ('no YAML', lambda tree: None, '{[', 'redirector-5060.yaml'),
        ('an empty file', lambda tree: None, '', 'there is nothing in it'),
        ('comments alone', lambda tree: None, '# sip:\n', 'there is nothing in it'),
        ('an unknown key', lambda tree: tree['sign'].update({'atest': 'C'}), None, 'atest'),
        ('a value out of range', lambda tree: tree['verify'].update({'max-age': '9h'}), None, 'max-age'),
        ('a key file that is not there', lambda tree: tree['sign'].update({'key': '/nonexistent.key'}), None, '/nonexistent.key'),
        ('a key of another certificate', lambda tree: tree['sign'].update({'key': str(pki / 'untrusted.key')}), None, 'key'),
        ('no anchor file', lambda tree: tree['trust'].update({'anchors': ['/nonexistent.pem']}), None, '/nonexistent.pem'),
        ('an anchor that is a key', lambda tree: tree['trust'].update({'anchors': [str(pki / 'sp.key')]}), None, 'sp.key'),
        ('a folder without an anchor', lambda tree: tree['trust'].update({'anchors': [str(empty)]}), None, 'trust.anchors'),
        ('a list that nobody signs for', lambda tree: tree['trust'].update({'ca-list': 'list.jws'}), None, 'trust.administrator'),
        ('a list that is not there', lambda tree: tree['trust'].update(
            {'administrator': [str(pki / 'root.pem')], 'ca-list-certificate': str(pki / 'root.pem'),
             'ca-list': '/nonexistent.jws'}), None, '/nonexistent.jws'),
        # found when the new trust was built already
        ('no web authorities', lambda tree: tree.update({'certs': {'tls-ca': '/nonexistent-web.pem'}}), None, '/nonexistent-web.pem'),
        ('no configured certificate', lambda tree: tree['verify'].update(
            {'certificates': {'https://certs.lab.example/a.pem': '/nonexistent-sp.pem'}}), None, '/nonexistent-sp.pem'),
        ('a host that is none', lambda tree: tree.update({'certs': {'hosts': ['*']}}), None, 'certs.hosts'),
        ('an outcome that is none', lambda tree: tree['verify'].update({'verstat': {'SK_NO': 'failed'}}), None, 'verify.verstat'),
    ]
    for what, change, text, word in broken:
        tree = laboratory.settings(sign_attest='C')
        change(tree)
        server.write(tree)
        if text is not None:
            server.config.write_text(text)
        before, failed = len(server.log), server.log.count('event=reload result=failed')
        server.send_signal(signal.SIGHUP)
        server.wait_log('event=reload result=failed', what, failed + 1)
        until(what, lambda: word in server.log[before:])
        checks.that(word in server.log[before:], what + ': the log says why', server.log[before:][-2000:])
        checks.same(attest_now(peer), 'B', what + ': the old one stays')

    tree = laboratory.settings(sign_attest='B', certs_store=str(laboratory.folder / 'store'), verify_replay='report')
    server.write(tree)
    before = len(server.log)
    server.send_signal(signal.SIGHUP)
    until('what needs a restart', lambda: 'event=reload result=ok' in server.log[before:])
    server.send_signal(signal.SIGUSR1)      # behind its answer is all that the worker said before
    until('what it said', lambda: 'event=lists' in server.log[before:])
    named = [line for line in server.log[before:].split('\n') if 'takes effect after a restart' in line]
    checks.that(len(named) == 1 and 'certs.store changed' in named[0], 'what needs a restart is named', named)
    checks.that(not (laboratory.folder / 'store').exists(), 'and is not done')

    for _ in range(100):
        server.write(good)
        server.send_signal(signal.SIGHUP)
        peer.invite()
    server.write(laboratory.settings(sign_attest='A'))
    server.send_signal(signal.SIGHUP)
    until('and back', lambda: attest_now(peer) == 'A')
    load.stop()
    checks.same(load.lost, 0, 'no call is lost or unsigned in %d' % load.asked)
    checks.that('C' not in load.attests, 'nothing of a broken configuration was ever used')
    checks.same(server.stop(), 0, 'exit status')


if __name__ == '__main__':
    lab.main(test)
