"""A key in a token: signed and verified, away and back, hanging, and the end of the service.

The token is made by the commands of docs/keys.md, as they stand there.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import lab

SOFTHSM = '/usr/lib/softhsm/libsofthsm2.so'
STALL = lab.BUILD / 'tests' / 'unit' / 'stall.so'
PIN = '12345678'
FILES = 'sip:+%s@files.example;user=phone' % lab.DEST


def walk_through(folder, pki):
    """@return The environment in which the token is found."""
    text = (lab.SOURCE / 'docs' / 'keys.md').read_text()
    blocks = re.findall(r'^```sh\n(.*?)^```$', text, re.S | re.M)
    folder.mkdir()
    shutil.copy(pki / 'sp.key', folder)
    script = 'set -e\n' + ''.join(blocks)
    run = subprocess.run(['bash', '-c', script], cwd=folder, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    if run.returncode:
        raise RuntimeError('docs/keys.md: ' + run.stdout)
    return dict(os.environ, SOFTHSM2_CONF=str(folder / 'softhsm2.conf'), STALL_FOLDER=str(folder)), len(blocks)


def settings(laboratory, keys, module=SOFTHSM, port=5060, **changes):
    # a token has time: on a slow machine it is not away
    changes = {'hsm_module': str(module), 'hsm_pin_file': str(keys / 'pin'), 'hsm_retry': '300ms',
               'sign_key': 'pkcs11:token=calls;object=sign', 'sip_deadline': '10s', 'certs_wait': '10s', **changes}
    return laboratory.settings(port, **changes)


def start(laboratory, name, tree, env, ready=True):
    return lab.Redirector(laboratory, tree, name, ready, env)


def verified(laboratory, answer):
    run = subprocess.run([lab.SHAKEN, 'verify', '--trust', laboratory.pki / 'root.pem', '--certificate',
                          laboratory.pki / 'sp.pem', '--orig', lab.ORIG, '--dest', lab.DEST,
                          answer.get('Identity') or 'none'], stdout=subprocess.PIPE, text=True)
    return run.returncode == 0


def until_signed(peer):
    """How many calls went on unsigned before one was signed."""
    end, unsigned = time.monotonic() + lab.PATIENCE, 0
    while True:
        answer = peer.invite()
        if answer.get('Identity'):
            return unsigned
        if answer.code != 302 or time.monotonic() > end:
            raise TimeoutError('it does not heal: ' + answer.status)
        unsigned += 1
        time.sleep(0.02)


def counted(server, name, least=0):
    """A count as SIGUSR1 prints it; asked again until it is so much: its line may come after others."""
    end = time.monotonic() + lab.PATIENCE
    while True:
        before = server.log.count('event=tokens')
        server.send_signal(signal.SIGUSR1)
        server.wait_log('event=tokens', 'counters', before + 1)
        lines = [l for l in server.log.splitlines() if name + '=' in l and 'event=' in l]
        found = re.search(r'\b%s=(\d+)' % name, lines[-1]) if lines else None
        count = int(found.group(1)) if found else 0
        if count >= least or time.monotonic() > end:
            return count
        time.sleep(0.05)


def timed():
    """How many signatures of the token the metrics have."""
    end = time.monotonic() + lab.PATIENCE
    while True:
        try:
            text = lab.http_request(8080, path='/metrics').text
            count = int(re.search(r'^shaken_step_seconds_count\{step="token"\} (\d+)$', text, re.M).group(1))
        except OSError:
            count = 0
        if count >= 20 or time.monotonic() > end:
            return count
        time.sleep(0.05)


def signs(laboratory, checks, keys, env):
    server = start(laboratory, 'plain', settings(laboratory, keys, http_listen=['http:127.0.0.1:8080']), env)
    peer = server.peer()
    until_signed(peer)
    before = counted(server, 'signed')
    for n in range(20):
        answer = peer.invite()
        checks.that(answer.code == 302 and verified(laboratory, answer), 'call %d is signed and verifies' % n,
                    answer.raw)
    checks.same(counted(server, 'signed', before + 20) - before, 20, 'signatures are counted')
    checks.that(timed() >= 20, 'and timed')

    (keys / 'tokens').rename(keys / 'away')
    answers = [peer.invite() for _ in range(20)]
    checks.that(all(a.code == 302 and not a.get('Identity') for a in answers), 'away: 302, unsigned')
    server.wait_log('event=token result=away', 'the reason')
    checks.that(counted(server, 'SK_SIGNER_AWAY', 20) >= 20, 'counted')
    (keys / 'away').rename(keys / 'tokens')
    until_signed(peer)
    server.wait_log('event=token result=back', 'it is back')
    checks.that(verified(laboratory, peer.invite()), 'back: signed without a restart')
    peer.close()
    checks.same(server.stop(), 0, 'the end')
    checks.that(PIN not in server.log, 'the PIN is in no log')


def comes_late(laboratory, checks, keys, env):
    """The service starts while the token is away; a file's keys sign from the first call on."""
    (keys / 'tokens').rename(keys / 'away')
    server = start(laboratory, 'late', with_file_tenant(laboratory, settings(laboratory, keys)), env)
    peer = server.peer()
    checks.that(not peer.invite().get('Identity'), 'started without the token')
    checks.that(peer.invite(uri=FILES).get('Identity'), 'the key in a file signs')
    (keys / 'away').rename(keys / 'tokens')
    until_signed(peer)
    checks.that(verified(laboratory, peer.invite()), 'it came')
    peer.close()
    checks.same(server.stop(), 0, 'the end')


def with_file_tenant(laboratory, tree):
    """A tenant beside, whose key is in a file."""
    folder = laboratory.folder / 'tenants'
    folder.mkdir(exist_ok=True)
    pki = laboratory.pki
    (folder / 'files.yaml').write_text(
        'match: {hosts: [files.example]}\n'
        'sign: {key: "%s", certificate: "%s", x5u: "%ssp.pem", attest: B}\n'
        % (pki / 'sp.key', pki / 'sp.pem', lab.X5U_BASE))
    tree['tenants'] = {'folder': str(folder), 'fallback': True}
    return tree


def stalls(laboratory, checks, keys, env):
    tree = with_file_tenant(laboratory, settings(laboratory, keys, STALL))
    tree['sip']['deadline'] = tree.setdefault('certs', {})['wait'] = '5s'
    tree['sip']['drain'] = '12s'
    server = start(laboratory, 'stall', tree, env)
    peer = server.peer()
    until_signed(peer)
    (keys / 'stall-calls').touch()
    for n in range(5):
        peer.send(peer.build(call='token-%d' % n))
    for n in range(50):
        peer.send(peer.build(call='file-%d' % n, uri=FILES))
    answers = [peer.receive() for _ in range(55)]
    checks.that(all(a.get('Call-ID').startswith('file-') and a.get('Identity') for a in answers[:50]),
                'all calls of the other tenant are signed first', [a.get('Call-ID') for a in answers])
    checks.that(all(a.get('Call-ID').startswith('token-') and a.code == 302 and not a.get('Identity')
                    for a in answers[50:]), 'then the others go on unsigned', [a.raw for a in answers[50:]])
    checks.that(not peer.invite().get('Identity'), 'while it hangs nobody waits for it any more')
    (keys / 'stall-calls').unlink()
    until_signed(peer)
    checks.that(verified(laboratory, peer.invite()), 'it signs again')
    checks.that(counted(server, 'abandoned', 5) >= 5, 'counted')
    checks.same(peer.silence(peer.build('ACK')), [], 'no answer came twice')

    (keys / 'stall-calls').touch()
    peer.send(peer.build(call='last'))
    checks.that(peer.invite(uri=FILES).get('Identity'), 'it is in hand')
    status = server.stop()
    checks.that((keys / 'stall-calls').exists() and status == 0, 'the end comes though the token hangs', status)
    answer = peer.receive()
    checks.that(answer.get('Call-ID') == 'last' and answer.code == 302 and not answer.get('Identity'),
                'the call in hand got its answer', answer.raw)
    (keys / 'stall-calls').unlink()
    peer.close()


def refuses(laboratory, checks, keys, env):
    """What cannot be right ends the start, with the setting and the reason."""
    (keys / 'open').write_text(PIN)
    (keys / 'open').chmod(0o644)
    rows = [
        ('no library', {'hsm_module': '/nonexistent/p11.so'}, 'hsm.module'),
        ('no PKCS#11 library', {'hsm_module': 'libm.so.6'}, 'hsm.module'),
        ('a PIN that others may read', {'hsm_pin_file': str(keys / 'open')}, 'hsm.pin-file'),
        ('no PIN', {'hsm_pin_file': str(keys / 'none')}, 'hsm.pin-file'),
        ('a PIN in the URI', {'sign_key': 'pkcs11:token=calls;object=sign?pin-value=' + PIN}, 'sign.key'),
        ('a key of another certificate', {'sign_key': 'pkcs11:token=calls;object=made'}, 'sign.certificate'),
    ]
    for n, (what, changes, why) in enumerate(rows):
        server = start(laboratory, 'refused-%d' % n, settings(laboratory, keys, **changes), env, ready=False)
        status = server.proc.wait(lab.PATIENCE)
        checks.that(status not in (0, -11, -6) and why in server.log, what, (status, server.log[-500:]))


def main():
    lab.private_network()
    checks = lab.Checks()
    if not STALL.exists() or not pathlib.Path(SOFTHSM).exists():
        raise FileNotFoundError('%s or %s' % (STALL, SOFTHSM))
    with lab.Lab() as laboratory:
        keys = laboratory.folder / 'keys'
        env, blocks = walk_through(keys, laboratory.pki)
        checks.that(blocks == 2 and (keys / 'made.csr').exists(), 'the commands of docs/keys.md')
        signs(laboratory, checks, keys, env)
        comes_late(laboratory, checks, keys, env)
        stalls(laboratory, checks, keys, env)
        refuses(laboratory, checks, keys, env)
    return checks.close()


if __name__ == '__main__':
    raise SystemExit(main())
