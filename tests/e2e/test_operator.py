"""What an operator is told: by --check, at start, while running, and at each reload."""
import json
import signal
import subprocess

import lab
from lab import Token
from test_fetch import settings
from test_trust_lists import Revoker

LEVEL_ERROR, LEVEL_WARNING = 'level=error', 'level=warning'


class Bench:
    def __init__(self, laboratory, checks):
        self.lab, self.checks, self.pki = laboratory, checks, laboratory.pki
        self.count = 0
        folder = laboratory.folder / 'revoker'
        self.revoker = Revoker(laboratory.pki, folder)
        self.folder = folder

    def write(self, **more):
        """A configuration that nobody runs with."""
        self.count += 1
        config = self.lab.folder / ('check-%d.yaml' % self.count)
        config.write_text(json.dumps(self.lab.settings(5060, **more)))
        return config

    def check(self, config):
        run = subprocess.run([lab.DAEMON, '-c', config, '--check'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return run.returncode, run.stderr.decode()

    def crl(self, name, text):
        path = self.lab.folder / name
        path.write_bytes(text)
        return str(path)


def lines(server, *words):
    return [line for line in server.log.splitlines() if all(word in line for word in words)]


def forged(text):
    der = Revoker.forged(text)
    return openssl_pem(der)


def openssl_pem(der):
    return subprocess.run(['openssl', 'crl', '-inform', 'DER'], input=der, check=True, stdout=subprocess.PIPE).stdout


def test_check(bench):
    """name, settings, exit status of --check, words that it says, words that it does not say"""
    pki, that = bench.pki, bench.checks.that
    admin = (pki / 'admin-crl.pem').read_bytes()
    known = {'trust_administrator': [str(pki / 'admin.pem')]}
    plain = bench.lab.folder / 'plain'
    plain.write_text('no folder')
    crl = lambda name, text: {'trust_crls': [bench.crl(name, text)]}
    stranger = bench.revoker.sign(2, issuer='other-root')
    expired = {'trust_crls': [str(pki / 'expired-crl.pem')], 'trust_crl_required': True}
    rows = [
        ('a good indirect list', {**crl('good.pem', admin), **known}, 0, [], ['event=crl']),
        ('an indirect list of nobody', crl('nobody.pem', admin), 1, ['trust.crls: ', 'nobody.pem', 'indirect'], []),
        ('a forged indirect list', {**crl('forged.pem', forged(admin)), **known}, 1, ['forged.pem', 'indirect'], []),
        ('a direct list of a stranger', crl('stranger.pem', stranger), 0, [LEVEL_WARNING, 'stranger.pem', 'nobody known yet'], []),
        ('a forged direct list', crl('forged-direct.pem', forged(bench.revoker.sign(2, issuer='root'))), 0, [LEVEL_WARNING, 'forged-direct.pem'], []),
        ('required, out of date', expired, 1, ['trust.crl-required'], []),
        ('required, of a stranger', {**crl('stranger-2.pem', stranger), 'trust_crl_required': True}, 1, ['trust.crl-required'], []),
        ('required, none', {'trust_crls': [], 'trust_crl_required': True}, 1, ['trust.crl-required'], []),
        ('required, in date', {**crl('good-2.pem', admin), **known, 'trust_crl_required': True}, 0, [], ['event=crl']),
        ('a store that is a file', {'certs_store': str(plain)}, 0, [LEVEL_WARNING, 'certs.store', 'not a folder'], []),
        ('a store below nothing', {'certs_store': '/nonexistent/store'}, 0, [LEVEL_WARNING, 'certs.store'], []),
        ('a store that can be made', {'certs_store': str(bench.lab.folder / 'store')}, 0, [], ['certs.store']),
        ('a mirror inside', {'trust_crl_urls': ['https://10.0.0.5/crl']}, 1, ['trust.crl-urls', 'https://10.0.0.5/crl', 'public Internet'], []),
        ('a mirror inside, IPv6', {'trust_crl_urls': ['https://[fd00::5]/crl']}, 1, ['trust.crl-urls', 'public Internet'], []),
        ('records where none can be', {'log_records': '/nonexistent/calls'}, 1, ['log.records: /nonexistent/calls: No such file'], []),
        ('messages where none can be', {'log_target': str(bench.lab.folder)}, 1, ['log.target: ', 'Is a directory'], []),
        ('records to a new file', {'log_records': str(bench.lab.folder / 'calls')}, 0, [], ['log.records']),
        ('no store of numbers', {'authority_store': '/nonexistent/numbers'}, 1, ['authority.store: /nonexistent/numbers'], []),
        ('a file for a store of numbers', {'authority_store': str(plain)}, 1, ['authority.store: '], []),
        ('a mirror outside', {'trust_crl_urls': ['https://8.8.8.8/crl']}, 0, [], ['trust.crl-urls']),
        ('a mirror inside, in a laboratory', {'trust_crl_urls': ['https://10.0.0.5/crl'], 'certs_lab': True}, 0, [], ['public Internet']),
    ]
    for what, more, status, said, unsaid in rows:
        got, text = bench.check(bench.write(**more))
        bench.checks.same(got, status, what + ': exit status of --check')
        that(all(word in text for word in said), what + ': what it says', text)
        that(not any(word in text for word in unsaid), what + ': what it does not say', text)
    that(not (bench.lab.folder / 'store').exists(), 'nothing was made')
    that(not (bench.lab.folder / 'calls').exists(), 'no file of records either')


def test_start(bench):
    """A list that nobody vouches for: no start, and no reload; one out of date: a start, and an error."""
    pki, same, that = bench.pki, bench.checks.same, bench.checks.that
    bad = {'trust_crls': [str(pki / 'admin-crl.pem')]}
    server = bench.lab.redirector(5061, name='nobody', ready=False, **bad)
    same(server.proc.wait(lab.PATIENCE), 1, 'an indirect list of nobody: exit status')
    that('admin-crl.pem' in server.log, 'and why', server.log)

    server = bench.lab.redirector(5062, name='reload', tenant_mode='verify')
    server.write(bench.lab.settings(5062, tenant_mode='verify', **bad))
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=failed', 'the reload is refused')
    that('admin-crl.pem' in server.log, 'and why', server.log)
    server.stop()

    server = bench.lab.redirector(5063, name='expired', tenant_mode='verify', trust_crls=[str(pki / 'expired-crl.pem')], trust_crl_required=True)
    server.wait_log('event=crl result=ended', 'out of date at start')
    that(lines(server, LEVEL_ERROR, 'event=crl result=ended', 'expired-crl.pem', 'chains fail'), 'out of date at start: an error', server.log)
    peer = server.peer()
    same(peer.invite(identity=str(Token(pki))).verstat, 'TN-Validation-Failed', 'and calls fail')
    peer.close()
    server.stop()


def test_restart(bench):
    """What waits for a restart is named at each reload; what does not is not."""
    server = bench.lab.redirector(5064, name='restart')
    tree = bench.lab.settings(5064, certs_store=str(bench.lab.folder / 'later'), certs_queue=0, certs_entries=16, certs_parallel=8,
                              sip_waiting_max=1)
    tree['certs']['per-host'] = 2
    server.write(tree)
    for times in 1, 2, 3:
        server.send_signal(signal.SIGHUP)
        server.wait_log('event=reload result=ok', 'reload', times)
        server.wait_log('takes effect after a restart', 'the %d. reload is told' % times, times)
        named = lines(server, 'takes effect after a restart')
        bench.checks.that(len(named) == times and all('certs.store changed' in line for line in named), 'the %d. reload' % times, named)
    server.write(bench.lab.settings(5064))
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'reload', 4)
    server.stop()
    bench.checks.same(len(lines(server, 'takes effect after a restart')), 3, 'taken back: nothing waits')


def test_breaker(bench):
    """A host that does not answer is named when it is given up."""
    server = bench.lab.redirector(5065, name='breaker', **settings(bench.lab))
    peer = server.peer()
    for number in range(7):
        token = Token(bench.pki)
        token.header['x5u'] = 'https://dead.lab.example/%d.pem' % number
        token.params[0] = 'info=<%s>' % token.header['x5u']
        peer.invite(identity=str(token))
    server.wait_log('event=breaker state=open', 'the host is given up')
    told = lines(server, LEVEL_WARNING, 'event=breaker state=open')
    bench.checks.that(len(told) == 1 and 'host="dead.lab.example:443"' in told[0], 'one warning, with the host', told)
    peer.close()
    server.stop()


def test_losses(bench):
    """Lines that cannot be written are missed by nobody: one says so, of records in the log, of the log itself beside it."""
    for number, setting in enumerate(['records', 'target']):
        server = bench.lab.redirector(5066 + number, name='losses-' + setting, tenant_mode='verify', **{'log_' + setting: '/dev/full'})
        peer = server.peer()
        for _ in range(3):
            peer.invite()
        server.wait_log('event=log result=losing', setting + ': told')
        for _ in range(3):
            peer.invite()
        told = lines(server, 'event=log result=')
        bench.checks.that(len(told) == 1 and 'log.%s: /dev/full' % setting in told[0], setting + ': once', told)
        bench.checks.that(setting == 'target' or LEVEL_ERROR in told[0], setting + ': an error', told)
        peer.close()
        server.stop()


def test(laboratory, checks):
    bench = Bench(laboratory, checks)
    for part in test_check, test_start, test_restart, test_breaker, test_losses:
        part(bench)


if __name__ == '__main__':
    lab.main(test)
