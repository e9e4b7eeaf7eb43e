"""Which credential signs, as seen in the Identity: by provider code, and the next one by itself."""
import subprocess
import time

import lab
from lab import decode

OLD, NEXT, SECOND = (lab.X5U_BASE + name + '.pem' for name in ('sp', 'next', 'second'))
AHEAD = 15           # seconds from the making of the next certificate to its beginning
CA = """[ca]
default_ca = own
[own]
database = %(folder)s/index
serial = %(folder)s/serial
new_certs_dir = %(folder)s
default_md = sha256
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
serialNumber = optional
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 2.16.840.1.114569.1.1.3
1.3.6.1.5.5.7.1.26 = DER:3008a0061604%(spc)s
"""


def openssl(folder, *args):
    run = subprocess.run(['openssl', *map(str, args)], cwd=folder, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    if run.returncode:
        raise RuntimeError(run.stdout)
    return run.stdout


def stamp(when):
    return time.strftime('%Y%m%d%H%M%SZ', time.gmtime(when))


def make(laboratory, name, spc, begins):
    """NAME.key and NAME.pem, of the laboratory's own issuer, for a provider, from then on."""
    folder, pki = laboratory.folder / name, laboratory.pki
    folder.mkdir()
    (folder / 'ca.cnf').write_text(CA % {'folder': folder, 'spc': spc.encode().hex()})
    (folder / 'index').touch()
    (folder / 'serial').write_text('2A%02X\n' % len(name))
    openssl(folder, 'ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', 'key')
    openssl(folder, 'req', '-new', '-key', 'key', '-subj', '/C=US/O=Shaken Laboratory/CN=SHAKEN ' + spc,
            '-out', 'request')
    openssl(folder, 'ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', pki / 'intermediate.pem',
            '-keyfile', pki / 'intermediate.key', '-in', 'request', '-out', 'leaf', '-extfile', 'ca.cnf',
            '-extensions', 'leaf', '-startdate', stamp(begins), '-enddate', stamp(begins + 86400))
    (pki.folder / (name + '.pem')).write_text((folder / 'leaf').read_text() + (pki / 'intermediate.pem').read_text())
    (folder / 'key').chmod(0o600)
    (folder / 'key').rename(pki.folder / (name + '.key'))


def member(pki, name, x5u, **more):
    return {'key': str(pki / (name + '.key')), 'certificate': str(pki / (name + '.pem')), 'x5u': x5u, **more}


def settings(laboratory, credentials, **more):
    tree = laboratory.settings(**more)
    for key in 'key', 'certificate', 'x5u':
        del tree['sign'][key]
    tree['credentials'] = credentials
    return tree


def signer(answer):
    """The x5u that the answer is signed with; None: it is not."""
    return decode(answer.get('Identity'))[0]['x5u'] if answer.get('Identity') else None


def verified(laboratory, answer, name):
    run = subprocess.run([lab.SHAKEN, 'verify', '--trust', laboratory.pki / 'root.pem', '--certificate',
                          laboratory.pki / (name + '.pem'), '--orig', lab.ORIG, '--dest', lab.DEST,
                          answer.get('Identity') or 'none'], stdout=subprocess.PIPE, text=True)
    return run.returncode == 0


def takes_over(laboratory, checks):
    """One call after the other over the moment at which the next certificate begins."""
    begins, pki = int(time.time()) + AHEAD, laboratory.pki
    make(laboratory, 'next', '709J', begins)
    credential = member(pki, 'sp', OLD)
    credential.update({'next-key': str(pki / 'next.key'), 'next-certificate': str(pki / 'next.pem'), 'next-x5u': NEXT})
    server = lab.Redirector(laboratory, settings(laboratory, {'default': credential}), 'takeover')
    peer = server.peer()
    calls, end, last = {OLD: 0, NEXT: 0}, begins + lab.PATIENCE, {}
    while calls[NEXT] < 20 and time.time() < end:
        answer = peer.invite()
        who = signer(answer)
        if not checks.that(answer.code == 302 and who in calls, 'no call is lost', answer.raw):
            break
        iat = decode(answer.get('Identity'))[1]['iat']
        checks.same(who, NEXT if iat >= begins else OLD, 'iat %d, the next one begins at %d' % (iat, begins))
        calls[who] += 1
        last[who] = answer
        time.sleep(0.02)
    checks.that(calls[OLD] > 0 and calls[NEXT] == 20, 'both have signed', calls)
    if OLD in last and NEXT in last:
        checks.that(verified(laboratory, last[OLD], 'sp'), 'the last by the old one verifies')
        checks.that(verified(laboratory, last[NEXT], 'next'), 'the last by the next one verifies')
        checks.that(not verified(laboratory, last[NEXT], 'sp'), 'and not by the old one')
    checks.same(signer(peer.invite(date=begins - 2)), OLD, 'a call from before still has the old one')
    checks.that('event=reload' not in server.log, 'nothing was read anew')
    peer.close()
    checks.same(server.stop(), 0, 'the end')


def by_spc(laboratory, checks):
    """A header where headers count, a trunk, and neither."""
    pki = laboratory.pki
    make(laboratory, 'second', '1234', int(time.time()) - 3600)
    tree = settings(laboratory, {'default': member(pki, 'sp', OLD, spc='709J'),
                                 'second': member(pki, 'second', SECOND, spc='1234')},
                    sign_credential_header='X-Credential', sign_spc_header='X-SPC',
                    sign_attest_sources=['127.0.0.1/32'])
    tree['trunks'] = {'t': {'sources': ['127.0.0.9/32'], 'spc': '1234'}}
    server = lab.Redirector(laboratory, tree, 'spc')
    rows = [
        ('127.0.0.1', [], OLD),
        ('127.0.0.1', ['X-SPC: 1234'], SECOND),
        ('127.0.0.1', ['x-spc: 1234'], SECOND),
        ('127.0.0.1', ['X-SPC: 709J'], OLD),
        ('127.0.0.1', ['X-SPC: 709j'], None),
        ('127.0.0.1', ['X-SPC: 9999'], None),
        ('127.0.0.1', ['X-SPC: '], OLD),
        ('127.0.0.1', ['X-SPC: 1234', 'X-Credential: default'], OLD),
        ('127.0.0.1', ['X-SPC: 709J', 'X-Credential: nobody'], None),
        ('127.0.0.2', ['X-SPC: 1234'], OLD),
        ('127.0.0.9', [], SECOND),
        ('127.0.0.9', ['X-SPC: 709J'], SECOND),
    ]
    for address, extra, want in rows:
        peer = server.peer(address=address)
        answer = peer.invite(extra=extra)
        checks.same((answer.code, signer(answer)), (302, want), '%s, %s' % (address, extra))
        if want:
            checks.that(verified(laboratory, answer, 'sp' if want == OLD else 'second'), 'it verifies', answer.raw)
        peer.close()
    checks.same(server.stop(), 0, 'the end')
    checks.same(server.log.count('credential=second'), 5, 'the record says which')


def main():
    lab.private_network()
    checks = lab.Checks()
    with lab.Lab() as laboratory:
        takes_over(laboratory, checks)
        by_spc(laboratory, checks)
    return checks.close()


if __name__ == '__main__':
    raise SystemExit(main())
