"""Three doors, one verdict: `shaken verify`, `shaken cert` and the redirector say the same.

Every vector that can be put as "this Identity, these two numbers, this clock, this chain,
these anchors" goes through all of them, and the names of the outcomes must be equal.
What cannot be put so is counted and named with its reason, never left out in silence.
The vectors' clock stands in 2015: their redirectors' clock stands still, too (still_clock.c).
"""
import collections
import json
import os
import pathlib
import subprocess

import lab
from lab import Token, b64, unb64
from test_fetch import Repository, settings as fetch_settings

VECTORS = pathlib.Path(os.environ.get('VECTORS') or lab.SOURCE / 'tests' / 'vectors')
CLOCK_MODULE = lab.BUILD / 'tests' / 'fake' / 'still_clock.so'
CLOCK = 1443208350                      # of nearly all vectors: 5 s after their iat
DRAFT_X5U, DIV_X5U = 'https://cert.example.org/passport.cer', 'https://www.example.com/cert.cer'
ORIG, DEST = '12155551212', '12155551213'
AFTER_THE_CHAIN = {'SK_OK', 'SK_CONSTRAINT', 'SK_CERT_SCOPE', 'SK_BAD_SIGNATURE'}
# what the sets must at least hold, so that none of them shrinks unseen
AT_LEAST = {'generated.json': 87, 'official.json': 16, 'div-chains.json': 15, 'serialization.json': 6,
            'sip': 1, 'asn1': 26, 'certs': 1, 'laboratory': 23, 'administrator': 2, 'tn.tsv': 62}

# vectors that we do not meet, and what we say of them instead
UNSUPPORTED = {'div-o': 'SK_PPT_PARAM'}

Question = collections.namedtuple('Question', 'group name identity orig dest chain raw', defaults=[None])


def vectors(name):
    return json.loads((VECTORS / name).read_text())


class Parity:
    def __init__(self, laboratory, checks):
        self.lab, self.checks = laboratory, checks
        self.asked, self.outcomes = collections.Counter(), collections.Counter()
        self.values, self.left_out, self.peers = set(), [], {}

    def leave_out(self, group, name, why):
        self.left_out.append((group, name, why))

    # ------------------------------------------------------------- the doors

    def command(self, *words, stdin=''):
        """@return The answer as JSON, None when the command does not take the question."""
        run = subprocess.run([lab.SHAKEN, *map(str, words), '--json'], input=stdin.encode(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if run.returncode not in (0, 1):
            return None
        return json.loads(run.stdout)

    def by_verify(self, q, trust, now, options=()):
        words = ['verify', '--orig', q.orig, '--dest', q.dest, '--certificate', q.chain, *trust, *options]
        answer = self.command(*words, *(['--now', now] if now else []), '-', stdin=q.identity)
        return answer['outcome'] if answer else 'not taken'

    def by_cert(self, q, trust, now):
        answer = self.command('cert', *trust, *(['--now', now] if now else []), q.chain)
        return answer['verdict']['outcome'] if answer else 'not taken'

    def by_call(self, q, server):
        peer = self.peers.get(server) or self.peers.setdefault(server, server.peer())
        if q.raw:
            answer = peer.ask(q.raw)
        else:
            answer = peer.invite(identity=q.identity, orig=q.orig, dest=q.dest)
        return answer.get('Call-ID')

    def compare(self, q, server, trust, now=None, options=()):
        """The doors of one question; @return its outcome."""
        what = '%s, %s' % (q.group, q.name)
        asked = self.by_call(q, server)         # its record is written while the command runs
        command = self.by_verify(q, trust, now, options)
        call = outcome_of(server, asked)
        self.checks.same(call, command, what + ': redirector and `shaken verify`')
        self.asked[q.group] += 1
        self.outcomes[command] += 1
        self.values.add(q.identity)
        return command

    def compare_chain(self, q, server, trust, now=None, options=()):
        """The same with the third door.  What is wrong with the chain is all there is to say;
        a good one leaves what stands behind it in the order of the checks."""
        token, chain = self.compare(q, server, trust, now, options), self.by_cert(q, trust, now)
        good = token in AFTER_THE_CHAIN if chain == 'SK_OK' else token == chain
        self.checks.that(good, '%s, %s: `shaken cert`' % (q.group, q.name), '%s, the token %s' % (chain, token))


def outcome_of(server, call):
    needle = '"id":"%s"' % call
    server.wait_log(needle, 'record')
    return next(json.loads(line)['result'] for line in server.log.splitlines() if needle in line)


# ------------------------------------------------------- the vectors of 2015

class Past:
    """The vectors' keys under roots of ours, and a redirector for every clock they name."""

    def __init__(self, laboratory):
        self.lab, self.servers = laboratory, {}
        self.keys = {'draft': VECTORS / 'keys/draft-stir-passport.key.pem', 'div': VECTORS / 'keys/rfc8946-A.key.pem'}
        self.pkis = {name: lab.Pki(laboratory.folder / name, '--draft-key', key) for name, key in self.keys.items()}
        self.roots = [pki / 'root.pem' for pki in self.pkis.values()]
        self.chain = {DRAFT_X5U: self.pkis['draft'] / 'draft.pem', DIV_X5U: self.pkis['div'] / 'draft.pem'}
        self.trust = [word for root in self.roots for word in ('--trust', root)]

    def server(self, now):
        if now not in self.servers:
            self.servers[now] = self.lab.redirector(
                5100 + len(self.servers), env=self.clock(now), tenant_mode='verify', log_format='json', verify_fetch=False,
                sign_key='', sign_certificate='', sign_x5u='', trust_anchors=[str(root) for root in self.roots], trust_crls=[],
                verify_certificates={url: str(path) for url, path in self.chain.items()})
        return self.servers[now]

    @staticmethod
    def clock(now):
        """The wall clock stands still at `now`; the monotonic one goes on.  The sanitizer minds whoever comes first."""
        return dict(os.environ, LD_PRELOAD=str(CLOCK_MODULE), STILL_CLOCK=str(now),
                    ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0')

    def ask(self, parity, group, name, identity, orig=ORIG, dest=DEST, now=CLOCK, raw=None):
        chain = self.chain[DIV_X5U if x5u_of(identity) == DIV_X5U else DRAFT_X5U]
        return parity.compare(Question(group, name, identity, orig, dest, chain, raw), self.server(now), self.trust, now)

    def sign(self, header, payload):
        run = subprocess.run([lab.FORGE, self.keys['draft']], check=True, stdout=subprocess.PIPE,
                             input=('%s\t%s\n' % (header, payload)).encode())
        return run.stdout.decode().strip()


def jose_of(token):
    try:
        return json.loads(unb64(token.partition('.')[0]))
    except ValueError:
        return {}


def x5u_of(token):
    jose = jose_of(token)
    return jose.get('x5u') if isinstance(jose, dict) else None


def dressed(token, ppt):
    """A bare token as an Identity value."""
    return '%s;info=<%s>;alg=ES256%s' % (token, x5u_of(token) or DRAFT_X5U, ';ppt=' + ppt if ppt else '')


def test_generated(parity, past):
    passed = 0
    for row in vectors('passports/generated.json'):
        if row['identity'] is None:
            parity.leave_out('generated.json', row['name'], 'no Identity at all: nothing to ask the command')
            continue
        got = past.ask(parity, 'generated.json', row['name'], row['identity'], row['call_orig'], row['call_dest'], row['now'])
        passed += got == 'SK_OK'
    parity.checks.same(passed, 16, 'generated.json: those that pass')


def test_official(parity, past):
    for row in vectors('passports/official.json'):
        own = jose_of(row['token']).get('ppt')
        for ppt in own, 'shaken':
            past.ask(parity, 'official.json', '%s as %s' % (row['name'], ppt), dressed(row['token'], ppt))


def test_div(parity, past):
    for row in vectors('passports/div-chains.json'):
        for n, identity in enumerate(row['identities']):
            past.ask(parity, 'div-chains.json', '%s, Identity %d' % (row['name'], n + 1), identity, row['orig'], row['to'])


def test_chains(parity, past):
    """The chains as whole calls.  The vectors' tokens of one call name one x5u and have two keys, so
    their claims are signed anew, all by one."""
    server = past.lab.redirector(
        5199, name='chains', env=past.clock(CLOCK), tenant_mode='verify', log_format='json', verify_fetch=False, verify_div=True,
        sign_key='', sign_certificate='', sign_x5u='', trust_anchors=[str(root) for root in past.roots], trust_crls=[],
        verify_certificates={url: str(path) for url, path in past.chain.items()})
    peer, rows = server.peer(), vectors('passports/div-chains.json')
    for row in rows:
        identities = []
        for value in row['identities']:
            token, _, params = value.partition(';')
            header, payload, _ = token.split('.')
            identities.append('%s;%s' % (past.sign(unb64(header).decode(), unb64(payload).decode()), params))
        answer = peer.invite(identity=identities, orig=row['orig'], dest=row['to'], uri='sip:+%s@proxy.example;user=phone' % row['ruri'])
        outcome = outcome_of(server, answer.get('Call-ID'))
        if row['name'] in UNSUPPORTED:
            parity.checks.same(outcome, UNSUPPORTED[row['name']], 'chain %s: not followed' % row['name'])
            parity.leave_out('div-chains.json', row['name'], 'FAILS: the vector says %r, we say %s' % (row['expect'], outcome))
            continue
        want = ('SK_OK', 'TN-Validation-Passed') if row['expect'].startswith('pass') else ('SK_DIV_BROKEN', 'TN-Validation-Failed')
        parity.checks.same((outcome, answer.verstat), want, 'chain %s: %s' % (row['name'], row['expect']))
    parity.checks.same(len(rows), 8, 'chains: none is missing')
    peer.close()


def test_content(parity):
    """What rph and rcd say is judged last by both doors: a forged token is a forgery, whatever it says."""
    pki, trust = parity.lab.pki, ['--trust', parity.lab.pki / 'root.pem']
    server = parity.lab.redirector(5198, name='content', tenant_mode='verify', log_format='json', verify_rph=True, verify_rcd=True)
    peer, zero = server.peer(), 'sha256-' + 'A' * 43
    claims = [('rph', {'rph': {'auth': ['esnet.1']}}, 'SK_OK'), ('rph', {'rph': {'auth': ['ets.1']}}, 'SK_RPH_MISMATCH'),
              ('rph', {'rph': {}}, 'SK_CLAIM_MISSING'), ('rcd', {'rcd': {'nam': 'Q'}}, 'SK_OK'),
              ('rcd', {'rcd': {'nam': 'Q'}, 'rcdi': {'/nam': zero}}, 'SK_RCD_INVALID'), ('rcd', {'rcd': {}}, 'SK_RCD_INVALID')]
    ways = [('good', 'sp', 'none', None), ('forged', 'sp', 'bit', 'SK_BAD_SIGNATURE'), ('untrusted', 'untrusted', 'none', 'SK_CERT_UNTRUSTED')]
    for ppt, more, own in claims:
        for way, leaf, spoil, instead in ways:
            token = Token(pki, leaf)
            token.header['ppt'], token.params[2], token.spoil = ppt, 'ppt=' + ppt, spoil
            token.payload = {key: token.payload[key] for key in ('dest', 'iat', 'orig')} | more
            answer = peer.invite(identity=[str(Token(pki)), str(token)], extra=['Resource-Priority: esnet.1'] if ppt == 'rph' else [])
            needle = '"id":"%s"' % answer.get('Call-ID')
            server.wait_log(needle, 'record')
            record = next(json.loads(line) for line in server.log.splitlines() if needle in line)
            options = ['--ppt', ppt] + (['--resource-priority', 'esnet.1'] if ppt == 'rph' else [])
            q = Question('content', way, str(token), '+' + lab.ORIG, '+' + lab.DEST, pki / (leaf + '.pem'))
            want, what = instead or own, 'content, %s %s, %s' % (ppt, more, way)
            parity.checks.same((parity.by_verify(q, trust, None, options), record['result']), (want, 'SK_OK'), what + ': `shaken verify`')
            parity.checks.same(record[ppt], want, what + ': redirector')
    peer.close()


def test_serialization(parity, past):
    plain = vectors('passports/serialization.json')[0]['header']
    for row in vectors('passports/serialization.json'):
        header, payload = row.get('header', plain), row['payload']
        token, claims = past.sign(header, payload), json.loads(payload)
        numbers = claims['orig'].get('tn', ORIG), claims['dest'].get('tn', [DEST])[0]
        past.ask(parity, 'serialization.json', row['name'], dressed(token, json.loads(header)['ppt']), *numbers)
        parity.checks.same((unb64(token.split('.')[0]), unb64(token.split('.')[1])), (header.encode(), payload.encode()),
                           'serialization.json, %s: the bytes are the vector\'s' % row['name'])


def test_sip(parity, past):
    for path in sorted((VECTORS / 'sip' / 'examples').glob('*.sip')):
        raw = path.read_bytes()
        message = lab.Message(raw)
        if not raw.startswith(b'INVITE'):
            parity.leave_out('sip', path.name, 'an answer, not a question')
        elif not message.get('Identity'):
            parity.leave_out('sip', path.name, 'a call to be signed')
        else:
            past.ask(parity, 'sip', path.name, message.get('Identity'), raw=raw)


def test_texts(parity):
    known = {value.split(';')[0] for value in parity.values}
    for path in sorted((VECTORS / 'passports').glob('*.txt')):
        same = path.read_text().strip().split(';')[0] in known
        parity.checks.that(same, path.name + ' is a token of another set')
        parity.leave_out('passports', path.name, 'the same token as in another set')
    for folder in 'keys', 'misc':
        for path in sorted((VECTORS / folder).iterdir()):
            parity.leave_out(folder, path.name, 'a key or bare cryptography: no Identity')


# ------------------------------------------------------------ the certificates

PLAIN = '''basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
certificatePolicies=2.16.840.1.114569.1.1.3
'''
SPC = '1.3.6.1.5.5.7.1.26=DER:%s\n'
CONSTRAINTS = {'jcc': '1.3.6.1.5.5.7.1.27=DER:%s\n', 'ejcc': '1.3.6.1.5.5.7.1.33=DER:%s\n'}


class Issuer:
    """Certificates of the laboratory's service provider with an extension that is given as bytes."""

    def __init__(self, pki, folder):
        self.pki, self.folder = pki, folder
        self.request = folder / 'sp.csr'
        folder.mkdir()
        self.openssl('req', '-new', '-key', pki / 'sp.key', '-subj', '/C=US/O=Laboratory/CN=SHAKEN 709J', '-out', self.request)

    @staticmethod
    def openssl(*words):
        subprocess.run(['openssl', *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def issue(self, name, extensions):
        rules, path = self.folder / (name + '.ext'), self.folder / (name + '.pem')
        rules.write_text(PLAIN + extensions)
        self.openssl('x509', '-req', '-in', self.request, '-CA', self.pki / 'intermediate.pem', '-CAkey',
                     self.pki / 'intermediate.key', '-days', 2, '-sha256', '-extfile', rules, '-out', path)
        path.write_bytes(path.read_bytes() + (self.pki / 'intermediate.pem').read_bytes())
        return path


def extension_of(path, spc):
    """The vector as an extension; constraints stand beside a good TNAuthList."""
    kind, value = path.name.split('-')[0], path.read_bytes().hex()
    return SPC % value if kind == 'tnal' else SPC % spc + CONSTRAINTS[kind] % value


def test_certificates(parity):
    """The laboratory's chains, the vectors of ASN.1 as extensions, and the certificate that an RFC prints."""
    laboratory = parity.lab
    pki, repository = laboratory.pki, Repository(laboratory)
    server = laboratory.redirector(5090, **fetch_settings(laboratory, certs_timeout='60s', log_format='json'))
    trust = ['--trust', pki / 'root.pem', '--crl', pki / 'crl.pem']
    issuer = Issuer(pki, laboratory.folder / 'issued')
    spc = (VECTORS / 'asn1/tnal-spc-709J.der').read_bytes().hex()
    chains = [('laboratory', name, name, pki / (name + '.pem')) for name in pki.leaves() if name not in ('rsa', 'wrong-curve')]
    chains += [('laboratory', name, 'sp', pki / (name + '.pem')) for name in ('rsa', 'wrong-curve', 'root', 'intermediate')]
    chains += [('asn1', path.stem, 'sp', issuer.issue(path.stem, extension_of(path, spc)))
               for path in sorted((VECTORS / 'asn1').glob('*.der'))]
    chains += [('certs', path.stem, 'sp', path) for path in sorted((VECTORS / 'certs').iterdir())]
    for group, name, key, path in chains:
        (repository.folder / 'www' / (name + '.pem')).write_bytes(path.read_bytes())
        token = Token(pki, key)
        token.header['x5u'] = lab.X5U_BASE + name + '.pem'
        token.params[0] = 'info=<%s>' % token.header['x5u']
        parity.compare_chain(Question(group, name, str(token), lab.ORIG, lab.DEST, path), server, trust, options=['--lab'])


def test_administrator(parity):
    """The policy administrator's indirect list: whoever knows its signer counts it, by each door."""
    laboratory = parity.lab
    pki = laboratory.pki
    server = laboratory.redirector(5097, tenant_mode='verify', log_format='json', trust_crls=[str(pki / 'admin-crl.pem')],
                                   trust_administrator=[str(pki / 'admin.pem')])
    trust = ['--trust', pki / 'root.pem', '--crl', pki / 'admin-crl.pem', '--crl-signer', pki / 'admin.pem']
    for name, want in [('sp', 'SK_OK'), ('revoked', 'SK_CERT_REVOKED')]:
        token = Token(pki, name)
        token.header['x5u'] = lab.X5U_BASE + name + '.pem'
        token.params[0] = 'info=<%s>' % token.header['x5u']
        question = Question('administrator', name, str(token), lab.ORIG, lab.DEST, pki / (name + '.pem'))
        parity.compare_chain(question, server, trust)
        parity.checks.same(parity.command('cert', *trust, question.chain)['verdict']['outcome'], want, 'administrator, %s' % name)


# ------------------------------------------------------------------ the numbers

def address_of(value):
    """What the command takes: the address without display name, brackets and header parameters."""
    if '<' in value:
        return value.partition('<')[2].partition('>')[0]
    return value.partition(';')[0]


def line(name, value):
    return '%s: %s%s' % (name, value, ';tag=n' if name == 'From' and ';tag=' not in value else '')


def test_numbers(parity):
    """The table of numbers: the right token passes, one for another number fails, by both doors."""
    servers, pki, trust = {}, parity.lab.pki, ['--trust', parity.lab.pki / 'root.pem']
    for row in (VECTORS / 'canon/tn.tsv').read_text().splitlines():
        if row.startswith('#'):
            continue
        number, value, country, international, role, kind, canonical = row.split('\t')[:7]
        if kind != 'tn':
            parity.leave_out('tn.tsv', number, 'no number: the command refuses the question')
            continue
        plan = {'country': country, 'international': international}
        plan = {key: text for key, text in plan.items() if text}
        port = 5110 + sorted(['1', '1011', '3300']).index(country + international)
        if port not in servers:
            servers[port] = parity.lab.redirector(port, tenant_mode='verify', log_format='json',
                                                  **{'numbers_' + key: text for key, text in plan.items()})
        options = [word for key, text in plan.items() for word in ('--' + key, text)]
        for claim in canonical, '12155559999':
            said = {role: claim}
            token = Token(pki, orig=said.get('orig', lab.ORIG), dest=said.get('dest', lab.DEST))
            header = {'orig': 'From', 'dest': 'To'}[role]
            raw = lab.request(identity=str(token), replace={header: line(header, value)})
            numbers = {'orig': '+' + lab.ORIG, 'dest': '+' + lab.DEST, role: address_of(value)}
            q = Question('tn.tsv', '%s %s' % (number, value), str(token), numbers['orig'], numbers['dest'], pki / 'sp.pem', raw)
            got = parity.compare(q, servers[port], trust, options=options)
            want = 'SK_OK' if claim == canonical else 'SK_%s_MISMATCH' % role.upper()
            parity.checks.same(got, want, 'tn.tsv, %s as %s' % (value, claim))


def report(parity):
    print('through the doors: %s; together %d' % (
        ', '.join('%s %d' % pair for pair in parity.asked.items()), sum(parity.asked.values())))
    print('outcomes: %s' % ', '.join('%s %d' % pair for pair in parity.outcomes.most_common()))
    reasons = collections.defaultdict(list)
    for group, name, why in parity.left_out:
        reasons[why].append('%s/%s' % (group, name))
    for why, names in reasons.items():
        print('left out, %d, %s: %s' % (len(names), why, ', '.join(names)))
    for group, least in AT_LEAST.items():
        parity.checks.that(parity.asked[group] >= least, group + ': none is missing', parity.asked[group])


def test(laboratory, checks):
    parity, past = Parity(laboratory, checks), Past(laboratory)
    for part in test_generated, test_official, test_div, test_chains, test_serialization, test_sip:
        part(parity, past)
    test_content(parity)
    test_texts(parity)
    test_certificates(parity)
    test_administrator(parity)
    test_numbers(parity)
    report(parity)


if __name__ == '__main__':
    lab.main(test)
