"""Which certificates count: the settings of `trust:` on the wire, each with what it lets pass and what
it does not, and what the log says of a certificate's faults.
"""
import datetime
import json
import subprocess
import time

import lab
from lab import Token
from test_fetch import Repository, settings as fetch_settings
from test_parity import PLAIN, SPC, VECTORS, Issuer
from test_trust_lists import openssl

US = ['2.16.840.1.114569.1.1.%d' % n for n in (1, 2, 3, 4)]
OTHER_POLICY = '2.16.124.113550.1.3'
DIVERTED = '14045550111'
WHOLE = PLAIN.replace(US[2], '%s') + '''crlDistributionPoints=point
[point]
fullname=URI:https://sti-pa.example/crl
CRLissuer=dirName:issuer
[issuer]
C=US
O=STI-PA
CN=STI-PA CRL
'''
CA = '''[ca]
default_ca=a
[a]
database=index
serial=serial
new_certs_dir=.
default_md=sha256
policy=any
unique_subject=no
crlnumber=number
crl_extensions=%s
[any]
commonName=supplied
countryName=optional
organizationName=optional
[direct]
authorityKeyIdentifier=keyid
[indirect]
authorityKeyIdentifier=keyid
issuingDistributionPoint=critical,@where
[where]
indirectCRL=TRUE
'''


def stamp(seconds):
    """A moment so far from now, as the openssl command takes it."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime('%Y%m%d%H%M%SZ')


class Authority:
    """Certificates and lists with any beginning and end; `openssl x509` knows only days."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name, text in ('index', ''), ('serial', '7A1C0FFEE0000001\n'), ('number', '01\n'):
            (folder / name).write_text(text)

    def openssl(self, *words):
        return openssl(*words, cwd=self.folder)

    def config(self, kind='direct'):
        (self.folder / 'ca.cnf').write_text(CA % kind)
        return 'ca.cnf'

    def leaf(self, pki, name, begins, ends):
        """The laboratory's service provider once more, valid for another time."""
        spc = (VECTORS / 'asn1/tnal-spc-709J.der').read_bytes().hex()
        (self.folder / 'ext').write_text(PLAIN + SPC % spc)
        self.openssl('req', '-new', '-key', pki / 'sp.key', '-subj', '/C=US/O=Laboratory/CN=SHAKEN 709J', '-out', 'csr')
        self.openssl('ca', '-batch', '-notext', '-config', self.config(), '-cert', pki / 'intermediate.pem', '-keyfile', pki / 'intermediate.key',
                     '-in', 'csr', '-extfile', 'ext', '-startdate', stamp(begins), '-enddate', stamp(ends), '-out', name + '.pem')
        path = self.folder / (name + '.pem')
        path.write_bytes(path.read_bytes() + (pki / 'intermediate.pem').read_bytes())
        return path

    def administrator(self, name, begins, ends):
        """A root of lists, signed by itself."""
        (self.folder / 'ext').write_text('basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n')
        self.openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=STI-PA %s' % name,
                     '-keyout', name + '.key', '-out', 'csr')
        self.openssl('ca', '-batch', '-notext', '-selfsign', '-config', self.config(), '-keyfile', name + '.key', '-in', 'csr', '-extfile', 'ext',
                     '-startdate', stamp(begins), '-enddate', stamp(ends), '-out', name + '.pem')
        return self.folder / (name + '.pem')

    def crl(self, name, cert, key, *, revoked=(), ends=86400, kind='direct'):
        """An issuer's list; who is on it is told by their certificates."""
        lines = ''
        for path in revoked:
            serial = self.openssl('x509', '-in', path, '-noout', '-serial').decode().strip().partition('=')[2]
            lines += 'R\t351231000000Z\t260101000000Z\t%s\tunknown\t/CN=x\n' % serial
        (self.folder / 'index').write_text(lines)
        self.openssl('ca', '-config', self.config(kind), '-gencrl', '-cert', cert, '-keyfile', key, '-crl_lastupdate', stamp(-7200),
                     '-crl_nextupdate', stamp(ends), '-out', name + '.crl')
        (self.folder / 'index').write_text('')
        return str(self.folder / (name + '.crl'))


class Bench:
    def __init__(self, laboratory, checks):
        self.lab, self.pki, self.same, self.that = laboratory, laboratory.pki, checks.same, checks.that
        self.authority, self.port = Authority(laboratory.folder / 'authority'), 5060
        self.issuer = Issuer(laboratory.pki, laboratory.folder / 'issued')
        self.spc = SPC % (VECTORS / 'asn1/tnal-spc-709J.der').read_bytes().hex()
        self.paths = {lab.X5U_BASE + leaf + '.pem': str(self.pki / (leaf + '.pem')) for leaf in ('sp', 'delegate-good', 'revoked')}

    def add(self, name, path):
        """A chain of the service provider's key, under an address of its own."""
        self.paths['%s%s.pem' % (lab.X5U_BASE, name)] = str(path)

    def start(self, name, **settings):
        self.port += 1
        how = {'tenant_mode': 'verify', 'log_format': 'json', 'verify_certificates': self.paths, 'trust_crls': []}
        how.update(settings)
        return self.lab.redirector(self.port, name=name, **how)

    def token(self, name='sp', key='sp', ppt='shaken', dest=lab.DEST, **claims):
        token = Token(self.pki, key, dest=dest)
        token.x5u = '%s%s.pem' % (lab.X5U_BASE, name)
        token.header.update(x5u=token.x5u, ppt=ppt)
        token.params = ['info=<%s>' % token.x5u, 'alg=ES256', 'ppt=' + ppt]
        if ppt != 'shaken':
            token.payload = {name: token.payload[name] for name in ('dest', 'iat', 'orig')}
        token.payload.update(claims)
        return str(token)

    def record(self, server, *tokens, **how):
        """The record of a call, and its answer."""
        peer = server.peer()
        answer = peer.invite(identity=list(tokens) or self.token(), **how)
        peer.close()
        needle = '"id":"%s"' % answer.get('Call-ID')
        server.wait_log(needle, 'record')
        return next(json.loads(line) for line in server.log.splitlines() if needle in line), answer

    def outcome(self, server, *tokens, **how):
        return self.record(server, *tokens, **how)[0]['result']


def told(server):
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith('{')]
    return [line for line in lines if line.get('event') == 'certificate']


# ---------------------------------------------------------------- the profile

def test_profile(bench):
    """A chain that lacks a CRL point: who takes it, who says so, and how often."""
    bench.add('bare', bench.issuer.issue('bare', bench.spc))
    rows = [('off', 'SK_OK', None), ('warn', 'SK_OK', 'SK_OK'), ('strict', 'SK_CERT_PROFILE', 'SK_CERT_PROFILE')]
    for mode, want, line in rows:
        server = bench.start('profile-' + mode, trust_profile=mode)
        bench.same([bench.outcome(server, bench.token('bare')) for _ in range(4)], [want] * 4, 'profile %s: bare' % mode)
        bench.same(bench.outcome(server), 'SK_OK', 'profile %s: one without faults' % mode)
        lines = told(server)
        bench.same(len(lines), 1 if line else 0, 'profile %s: told once' % mode)
        for said in lines:
            bench.same((said['x5u'], said['result'], said['level']), (lab.X5U_BASE + 'bare.pem', line, 'warning'), 'profile %s: of which' % mode)
            bench.that('cRLDistributionPoints is not one point' in said['finding'], 'profile %s: why' % mode, said)
    kill = bench.start('profile-kill', trust_profile='strict', verify_on_failure='reject')
    bench.same(bench.record(kill, bench.token('bare'))[1].status, '437 Unsupported Credential', 'profile strict: rejected')
    # what RFC 5280 demands is a must in every mode
    bench.add('no-aki', bench.issuer.issue('no-aki', (bench.spc + 'authorityKeyIdentifier=none\n')))
    off = bench.start('profile-aki', trust_profile='off')
    bench.same(bench.outcome(off, bench.token('no-aki')), 'SK_CERT_INVALID', 'profile off: no authorityKeyIdentifier')


def test_profile_fetched(bench):
    """The same of a certificate that is fetched: told when it arrives, not call by call."""
    repository = Repository(bench.lab)
    (repository.folder / 'www' / 'bare.pem').write_bytes((bench.lab.folder / 'issued' / 'bare.pem').read_bytes())
    server = bench.start('fetched', **fetch_settings(bench.lab, certs_timeout='60s', log_format='json', trust_crls=[], trust_profile='warn'))
    bench.same([bench.outcome(server, bench.token('bare')) for _ in range(4)], ['SK_OK'] * 4, 'fetched: accepted')
    bench.same(bench.outcome(server), 'SK_OK', 'fetched: one without faults')
    bench.same(len(told(server)), 1, 'fetched: told once')
    bench.same(repository.asked('bare.pem'), 1, 'fetched: once')


def test_policies(bench):
    for name, policy in ('us', US[2]), ('other', OTHER_POLICY):
        bench.add(name, bench.issuer.issue('policy-' + name, bench.spc + (WHOLE % policy).partition('keyid\n')[2]))
    rows = [('us', {}, 'SK_OK'), ('other', {}, 'SK_CERT_PROFILE'), ('other', {'trust_policies': US + [OTHER_POLICY]}, 'SK_OK'),
            ('us', {'trust_policies': US + [OTHER_POLICY]}, 'SK_OK'), ('us', {'trust_policies': [OTHER_POLICY]}, 'SK_CERT_PROFILE'),
            ('other', {'trust_policies': [OTHER_POLICY], 'trust_profile': 'warn'}, 'SK_OK')]
    for n, (name, settings, want) in enumerate(rows):
        server = bench.start('policies-%d' % n, **{'trust_profile': 'strict', **settings})
        bench.same(bench.outcome(server, bench.token(name)), want, 'policies: %s with %s' % (name, settings))
        bench.same(server.stop(), 0, 'policies: exit status')
    for bad in ['shaken'], ['1.2..3'], []:
        server = bench.lab.redirector(5059, ready=False, name='no-oid', tenant_mode='verify', trust_policies=bad)
        server.proc.wait(lab.PATIENCE)
        bench.that(server.proc.returncode != 0 and 'trust.policies' in server.log, 'policies: refused: %s' % bad, server.log)


# ------------------------------------------------------------------ delegates

def test_delegates(bench):
    """A certificate of numbers: for div and rcd of its numbers, never for shaken, and only where it is wanted."""
    number, name = '12155551212', {'rcd': {'nam': 'Bob'}}
    key = {'key': 'delegate-good', 'name': 'delegate-good'}
    orig = {'orig': {'tn': number}}
    good = bench.token(**orig)
    on, off = (bench.start('delegates-' + word, trust_delegates=word, verify_rcd=True, verify_div=True) for word in ('yes', 'no'))
    for server, word, want in (on, 'yes', 'SK_OK'), (off, 'no', 'SK_CERT_TNAUTH'):
        record, answer = bench.record(server, good, bench.token(ppt='rcd', **key, **orig, **name), orig=number)
        bench.same((record['result'], record['rcd']), ('SK_OK', want), 'delegates %s: rcd of its number' % word)
        bench.same('Bob' in (answer.get('X-RCD-Name') or ''), want == 'SK_OK', 'delegates %s: the name' % word)
        bench.same(bench.outcome(server, bench.token(**key, **orig), orig=number), 'SK_CERT_TNAUTH', 'delegates %s: shaken' % word)
        # a number of the delegate's diverts: the link is his to sign
        diverts = bench.token(ppt='div', dest=DIVERTED, div={'tn': number}, **key)
        said = bench.outcome(server, bench.token(dest=number), diverts, dest=number, uri='sip:+%s@proxy.example;user=phone' % DIVERTED)
        bench.same(said, 'SK_OK' if want == 'SK_OK' else 'SK_DIV_BROKEN', 'delegates %s: div of its number' % word)
    record, _ = bench.record(on, bench.token(), bench.token(ppt='rcd', **key, **name))
    bench.same((record['result'], record['rcd']), ('SK_OK', 'SK_CERT_SCOPE'), 'delegates yes: rcd of another number')
    diverts = bench.token(ppt='div', dest=DIVERTED, div={'tn': lab.DEST}, **key)
    said = bench.outcome(on, bench.token(), diverts, uri='sip:+%s@proxy.example;user=phone' % DIVERTED)
    bench.same(said, 'SK_DIV_BROKEN', 'delegates yes: div of another number')


# ----------------------------------------------------------- revocation lists

def test_crls(bench):
    authority, pki = bench.authority, bench.pki
    root = authority.crl('root', pki / 'root.pem', pki / 'root.key')
    below = pki / 'intermediate.pem', pki / 'intermediate.key'
    good, late = authority.crl('good', *below), authority.crl('late', *below, ends=-600)
    revoked, late_revoked = (authority.crl(name, *below, revoked=[pki / 'sp.pem'], ends=ends) for name, ends in (('on', 86400), ('late-on', -600)))
    old = authority.administrator('old', -9 * 86400, -3 * 86400)
    new = authority.administrator('new', -9 * 86400, 86400)
    by_old, by_new = (authority.crl('by-' + path.stem, path, path.with_suffix('.key'), kind='indirect') for path in (old, new))
    rows = [
        # what, lists, settings, without and with crl-required
        ('no list', [], {}, 'SK_OK', 'SK_CRL_INVALID'),
        ('a list of each issuer', [root, good], {}, 'SK_OK', 'SK_OK'),
        ('none of the root', [good], {}, 'SK_OK', 'SK_CRL_INVALID'),
        ('none of the intermediate', [root], {}, 'SK_OK', 'SK_CRL_INVALID'),
        ('late', [root, late], {}, 'SK_OK', 'SK_CRL_INVALID'),
        ('late, in its grace', [root, late], {'trust_crl_grace': '1h'}, 'SK_OK', 'SK_OK'),
        ('revoked', [root, revoked], {}, 'SK_CERT_REVOKED', 'SK_CERT_REVOKED'),
        ('revoked by a late list', [root, late_revoked], {'trust_crl_grace': '1h'}, 'SK_CERT_REVOKED', 'SK_CERT_REVOKED'),
        ('of the administrator', [by_new], {'trust_administrator': [str(new)]}, 'SK_OK', 'SK_OK'),
        ('of one who has expired', [by_old], {'trust_administrator': [str(old)]}, 'SK_OK', 'SK_CRL_INVALID'),
    ]
    for n, (what, lists, settings, *wants) in enumerate(rows):
        for word, want in zip(('no', 'yes'), wants):
            server = bench.start('crls-%d-%s' % (n, word), trust_crls=lists, trust_crl_required=word, **settings)
            bench.same(bench.outcome(server), want, 'crl-required %s: %s' % (word, what))
            bench.same(server.stop(), 0, 'crl-required: exit status')


def test_grace(bench):
    """No list is missed for the grace after the start; then every chain misses it, and nobody has to ask again."""
    grace, began = 3, int(time.time())      # the service counts in whole seconds, too
    server = bench.start('grace', trust_crl_required='yes', trust_crl_grace='%ds' % grace)
    first = bench.outcome(server)
    bench.that(first == 'SK_OK' or (first == 'SK_CRL_INVALID' and time.time() >= began + grace), 'crl-grace: just started', first)
    end = time.monotonic() + lab.PATIENCE
    while bench.outcome(server) == 'SK_OK' and time.monotonic() < end:
        time.sleep(0.2)
    bench.same(bench.outcome(server), 'SK_CRL_INVALID', 'crl-grace: over')


# ------------------------------------------------------------------------ Date

def test_date(bench):
    """French MAN: a certificate that is younger than the Date, though not than iat."""
    bench.add('young', bench.authority.leaf(bench.pki, 'young', -20, 86400))
    now = int(time.time())
    rows = [('man', {}, now - 50, 'SK_CERT_NOT_YET'), ('man', {}, now, 'SK_OK'), ('atis', {}, now - 50, 'SK_OK'), ('rfc8224', {}, now - 50, 'SK_OK'),
            ('atis', {'verify_date_check': 'strict'}, now - 50, 'SK_CERT_NOT_YET'), ('man', {'verify_date_check': 'rfc'}, now - 50, 'SK_OK')]
    for profile, settings, date, want in rows:
        server = bench.start('date', tenant_profile=profile, verify_on_failure='reject', verify_max_age='300s', **settings)
        record, answer = bench.record(server, bench.token('young'), date=date)
        bench.same((record['result'], answer.code), (want, 302 if want == 'SK_OK' else 437), 'Date: %s %s, %d' % (profile, settings, date - now))
        bench.same(bench.outcome(server, date=date), 'SK_OK', 'Date: %s %s, an older certificate' % (profile, settings))
        bench.same(server.stop(), 0, 'Date: exit status')


def test(laboratory, checks):
    bench = Bench(laboratory, checks)
    test_profile(bench)
    test_profile_fetched(bench)
    test_policies(bench)
    test_delegates(bench)
    test_crls(bench)
    test_grace(bench)
    test_date(bench)


if __name__ == '__main__':
    lab.main(test)
