"""Every way a verification can fail, on the wire: when the call goes on, when it is
refused, and which of two faults is the one that is told.

The names F1..F23 are the rows of the failure table that shaken/err.h was made from.
"""
import itertools
import json
import socket
import time

import lab
from lab import Token, X5U_BASE

OPEN, SHUT, CHOICES_OPEN, CHOICES_SHUT = 5060, 5061, 5062, 5063


def edit(function):
    """A change of the finished token; several may follow one another."""
    def change(token):
        before = token.edit or (lambda text: text)
        token.edit = lambda text: function(before(text))
    return change


def param(name, value):
    """Another value of a parameter; None takes it away."""
    def change(token):
        token.params = [p for p in token.params if not p.startswith(name + '=')]
        if value is not None:
            token.params.append(name + '=' + value)
    return change


def member(part, name, value):
    """Another value of a member of the JSON header or payload; None takes it away."""
    def change(token):
        tree = getattr(token, part)
        if value is None:
            del tree[name]
        else:
            tree[name] = value
    return change


def leaf(name, x5u=None):
    """Signed by another certificate of the laboratory."""
    def change(token):
        token.key = name
        move(X5U_BASE + name + '.pem')(token)
    return change


def move(x5u):
    """Another address of the certificate, in both places."""
    def change(token):
        if token.header.get('x5u') == token.x5u:
            token.header['x5u'] = x5u
        token.params = ['info=<%s>' % x5u if p == 'info=<%s>' % token.x5u else p
                        for p in token.params]
        token.x5u = x5u
    return change


def text_of(part, text):
    """Other bytes in place of the JSON."""
    return lambda token: setattr(token, part + '_text', text)


def spoil(how):
    return lambda token: setattr(token, 'spoil', how)


def as_one(*changes):
    def change(token):
        for one in changes:
            one(token)
    return change


NOW = int(time.time())
BAD_INFO, UNSUPPORTED = '436 Bad Identity Info', '437 Unsupported Credential'
INVALID, STALE = '438 Invalid Identity Header', '403 Stale Date'
NO, FAILED, PASSED = 'No-TN-Validation', 'TN-Validation-Failed', 'TN-Validation-Passed'

# row, what is wrong, change, outcome, status when refused, verstat
FAULTS = [
    ('F17', 'padding in the token', edit(lambda t: t + '='), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F17', 'two parts', edit(lambda t: t.rpartition('.')[0]), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F17', 'four parts', edit(lambda t: t + '.AAAA'), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F17', 'a space in the token', edit(lambda t: t[:9] + ' ' + t[9:]), 'SK_IDENTITY_SYNTAX', INVALID, NO),
    ('F17', 'the standard alphabet', edit(lambda t: '+' + t[1:]), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F5', 'no ppt parameter', param('ppt', None), 'SK_PPT_PARAM', INVALID, NO),
    ('F5', 'ppt=div', param('ppt', 'div'), 'SK_PPT_PARAM', INVALID, NO),
    ('F4', 'compact form', edit(lambda t: '..' + t.rpartition('.')[2]), 'SK_COMPACT_FORM', INVALID, NO),
    ('F6', 'no info', param('info', None), 'SK_INFO_MISSING', BAD_INFO, NO),
    ('F7', 'info is http', param('info', '<http://certs.lab.example/sp.pem>'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F7', 'info has port 444', param('info', '<https://certs.lab.example:444/sp.pem>'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F7', 'info has a user', param('info', '<https://u@certs.lab.example/sp.pem>'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F7', 'info has a query', param('info', '<https://certs.lab.example/sp.pem?>'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F7', 'info has a fragment', param('info', '<https://certs.lab.example/sp.pem#>'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F7', 'info has no host', param('info', '<https:///sp.pem>'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F7', 'info is a path', param('info', '</sp.pem>'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F7', 'info without brackets', param('info', X5U_BASE + 'sp.pem'), 'SK_INFO_INVALID', BAD_INFO, NO),
    ('F12', 'alg=ES384', param('alg', 'ES384'), 'SK_ALG_UNSUPPORTED', UNSUPPORTED, NO),
    ('F12', 'alg=none', param('alg', 'none'), 'SK_ALG_UNSUPPORTED', UNSUPPORTED, NO),
    ('F17', 'header is no JSON', text_of('header', 'no JSON'), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F17', 'header is an array', text_of('header', '["ES256"]'), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F17', 'two typ', text_of('header', '{"alg":"ES256","ppt":"shaken","typ":"passport",'
                               '"typ":"passport","x5u":"%ssp.pem"}' % X5U_BASE), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F9', 'no alg', member('header', 'alg', None), 'SK_HEADER_CLAIM', BAD_INFO, NO),
    ('F9', 'no typ', member('header', 'typ', None), 'SK_HEADER_CLAIM', BAD_INFO, NO),
    ('F9', 'no ppt', member('header', 'ppt', None), 'SK_HEADER_CLAIM', BAD_INFO, NO),
    ('F9', 'no x5u', member('header', 'x5u', None), 'SK_HEADER_CLAIM', BAD_INFO, NO),
    ('F10', 'x5u differs in case', member('header', 'x5u', X5U_BASE + 'SP.pem'), 'SK_X5U_MISMATCH', BAD_INFO, NO),
    ('F10', 'x5u has port 443', member('header', 'x5u', 'https://certs.lab.example:443/sp.pem'), 'SK_X5U_MISMATCH', BAD_INFO, NO),
    ('F11', 'typ is JWT', member('header', 'typ', 'JWT'), 'SK_TYP_INVALID', UNSUPPORTED, NO),
    ('F11', 'typ is PASSPORT', member('header', 'typ', 'PASSPORT'), 'SK_TYP_INVALID', UNSUPPORTED, NO),
    ('F12', 'alg is none', member('header', 'alg', 'none'), 'SK_ALG_UNSUPPORTED', UNSUPPORTED, NO),
    ('F12', 'alg is HS256', member('header', 'alg', 'HS256'), 'SK_ALG_UNSUPPORTED', UNSUPPORTED, NO),
    ('F12', 'alg is an array', member('header', 'alg', ['ES256']), 'SK_ALG_UNSUPPORTED', UNSUPPORTED, NO),
    ('F13', 'ppt is div in the JSON', member('header', 'ppt', 'div'), 'SK_PPT_MISMATCH', INVALID, NO),
    ('F17', 'payload is no JSON', text_of('payload', 'no JSON'), 'SK_TOKEN_SYNTAX', INVALID, NO),
    ('F14', 'no attest', member('payload', 'attest', None), 'SK_CLAIM_MISSING', INVALID, NO),
    ('F14', 'no dest', member('payload', 'dest', None), 'SK_CLAIM_MISSING', INVALID, NO),
    ('F14', 'no iat', member('payload', 'iat', None), 'SK_CLAIM_MISSING', INVALID, NO),
    ('F14', 'no orig', member('payload', 'orig', None), 'SK_CLAIM_MISSING', INVALID, NO),
    ('F14', 'no origid', member('payload', 'origid', None), 'SK_CLAIM_MISSING', INVALID, NO),
    ('F14', 'iat is a text', member('payload', 'iat', str(NOW)), 'SK_CLAIM_TYPE', INVALID, NO),
    ('F14', 'iat is a real', member('payload', 'iat', NOW + .5), 'SK_CLAIM_TYPE', INVALID, NO),
    ('F14', 'orig is an array', member('payload', 'orig', {'tn': [lab.ORIG]}), 'SK_CLAIM_TYPE', INVALID, NO),
    ('F14', 'dest is a text', member('payload', 'dest', {'tn': lab.DEST}), 'SK_CLAIM_TYPE', INVALID, NO),
    ('F14', 'dest is empty', member('payload', 'dest', {'tn': []}), 'SK_CLAIM_TYPE', INVALID, NO),
    ('F15', 'iat is old', member('payload', 'iat', NOW - 600), 'SK_IAT_STALE', STALE, NO),
    ('F15', 'iat is in the future', member('payload', 'iat', NOW + 3600), 'SK_IAT_STALE', STALE, NO),
    ('F15', 'iat is negative', member('payload', 'iat', -1), 'SK_IAT_STALE', STALE, NO),
    ('F15', 'iat is the largest number', member('payload', 'iat', 2**63 - 1), 'SK_IAT_STALE', STALE, NO),
    ('F18', 'another orig', member('payload', 'orig', {'tn': '12155559999'}), 'SK_ORIG_MISMATCH', INVALID, NO),
    ('F18', 'orig with a plus', member('payload', 'orig', {'tn': '+' + lab.ORIG}), 'SK_ORIG_MISMATCH', INVALID, NO),
    ('F18', 'another dest', member('payload', 'dest', {'tn': ['14045559999']}), 'SK_DEST_MISMATCH', INVALID, NO),
    ('F19', 'attest is D', member('payload', 'attest', 'D'), 'SK_ATTEST_INVALID', INVALID, NO),
    ('F19', 'attest is a', member('payload', 'attest', 'a'), 'SK_ATTEST_INVALID', INVALID, NO),
    ('F21', '63 bytes of signature', spoil('short'), 'SK_BAD_SIGNATURE', INVALID, FAILED),
    ('F21', 'a signature in DER', spoil('der'), 'SK_BAD_SIGNATURE', INVALID, FAILED),
    ('F8', 'a host without an address', move('https://nowhere.invalid/sp.pem'), 'SK_FETCH_DNS', BAD_INFO, NO),
    ('F8', 'an address that may not be asked', move('https://127.0.0.1/sp.pem'), 'SK_FETCH_REFUSED', BAD_INFO, NO),
    ('F20', 'expired', leaf('expired'), 'SK_CERT_EXPIRED', UNSUPPORTED, FAILED),
    ('F20', 'not valid yet', leaf('notyet'), 'SK_CERT_NOT_YET', UNSUPPORTED, FAILED),
    ('F20', 'revoked', leaf('revoked'), 'SK_CERT_REVOKED', UNSUPPORTED, FAILED),
    ('F20', 'another root', leaf('untrusted'), 'SK_CERT_UNTRUSTED', UNSUPPORTED, FAILED),
    ('F20', 'signed by itself', leaf('self-signed'), None, UNSUPPORTED, FAILED),
    ('F20', 'a CA as leaf', leaf('ca-leaf'), None, UNSUPPORTED, FAILED),
    ('F20', 'no TNAuthList', leaf('no-tnauth'), 'SK_CERT_TNAUTH', UNSUPPORTED, FAILED),
    ('F20', 'two SPCs', leaf('two-spc'), 'SK_CERT_TNAUTH', UNSUPPORTED, FAILED),
    ('F20', 'a malformed TNAuthList', leaf('tnauth-malformed'), 'SK_CERT_TNAUTH', UNSUPPORTED, FAILED),
    ('F20', 'a delegate', leaf('delegate'), None, UNSUPPORTED, FAILED),
    ('F20', 'no key usage', leaf('no-keyusage'), None, UNSUPPORTED, FAILED),
    ('F20b', 'attest A where B and C are permitted', leaf('constraint'), 'SK_CONSTRAINT', INVALID, FAILED),
    ('F21', 'the last bit turned', spoil('bit'), 'SK_BAD_SIGNATURE', INVALID, FAILED),
    ('F21', 'r is 0', spoil('zero-r'), 'SK_BAD_SIGNATURE', INVALID, FAILED),
    ('F21', 's is 0', spoil('zero-s'), 'SK_BAD_SIGNATURE', INVALID, FAILED),
    ('F21', 'r and s above the order', spoil('order'), 'SK_BAD_SIGNATURE', INVALID, FAILED),
    ('F21', 'the key of somebody else', lambda t: setattr(t, 'key', 'untrusted'), 'SK_BAD_SIGNATURE', INVALID, FAILED),
]

# For pairs: one fault of each step, in the order of the checks.
STEPS = ['padding in the token', 'no ppt parameter', 'compact form', 'no info', 'info is http', 'alg=ES384',
         'no typ', 'x5u differs in case', 'typ is JWT', 'alg is HS256', 'ppt is div in the JSON',
         'no origid', 'iat is old', 'another orig', 'another dest', 'attest is D',
         '63 bytes of signature', 'a host without an address', 'expired', 'the last bit turned']

# Pairs that are one fault and not two, or that undo each other.
NOT_BOTH = {frozenset(pair) for pair in [
    ('no typ', 'typ is JWT'), ('no info', 'info is http'),
    ('63 bytes of signature', 'the last bit turned'),
    ('a host without an address', 'expired'),
]}


class Bench:
    """Servers with the settings that a row needs, and one way to judge an answer."""

    def __init__(self, laboratory, checks):
        self.lab, self.checks = laboratory, checks
        common = {'tenant_mode': 'verify', 'log_format': 'json', 'sip_deadline': '15s', 'certs_wait': '15s',
                  'certs_timeout': '60s'}       # how long a name is looked up is not what is tested
        choices = {'verify_extra_params_refused': 'yes', 'verify_unknown_ppt_refused': 'yes',
                   'verify_alg_required': 'yes', 'verify_identity_required': 'yes',
                   'verify_date_check': 'strict'}
        self.servers = {
            OPEN: laboratory.redirector(OPEN, **common),
            SHUT: laboratory.redirector(SHUT, verify_on_failure='reject', **common),
            CHOICES_OPEN: laboratory.redirector(CHOICES_OPEN, **common, **choices),
            CHOICES_SHUT: laboratory.redirector(CHOICES_SHUT, verify_on_failure='reject', **common, **choices),
        }
        self.peers = {port: server.peer() for port, server in self.servers.items()}

    def outcome(self, port, call):
        """The result that the call's record names."""
        needle = '"id":"%s"' % call
        self.servers[port].wait_log(needle, 'record')
        for line in self.servers[port].log.splitlines():
            if needle in line:
                return json.loads(line)['result']
        return None

    def ask(self, port, **how):
        answer = self.peers[port].invite(**how)
        return answer, self.outcome(port, answer.get('Call-ID'))

    def goes_on(self, port, what, outcome, status, verstat, **how):
        """302 with a verstat, and a Reason when there is something to blame the caller for."""
        answer, got = self.ask(port, **how)
        check = self.checks
        check.same(answer.status, '302 Moved Temporarily', what + ', goes on')
        check.same(answer.verstat, verstat, what + ', verstat of the Contact')
        check.that((';verstat=%s@' % verstat) in (answer.get('P-Asserted-Identity') or ''),
                   what + ', P-Asserted-Identity', answer.get('P-Asserted-Identity'))
        reasons = ['STIR;cause=%s;text="%s"' % tuple(status.split(' ', 1))] if status else []
        check.same(answer.all('Reason'), reasons, what + ', Reason')
        check.same(answer.get('Identity'), None, what + ', no Identity in the answer')
        if outcome:
            check.same(got, outcome, what + ', the record')

    def is_refused(self, port, what, outcome, status, **how):
        answer, got = self.ask(port, **how)
        self.checks.same(answer.status, status, what + ', refused')
        self.checks.same(answer.get('Identity'), None, what + ', no Identity in the answer')
        self.checks.that(';verstat=' not in answer.raw.decode(), what + ', no verstat')
        if outcome:
            self.checks.same(got, outcome, what + ', the record')


def spoiled(pki, *changes):
    token = Token(pki)
    for change in changes:
        change(token)
    return str(token)


def test_rows(bench):
    for row, what, change, outcome, status, verstat in FAULTS:
        what = '%s %s' % (row, what)
        bench.goes_on(OPEN, what, outcome, status, verstat, identity=spoiled(bench.lab.pki, change))
        bench.is_refused(SHUT, what, outcome, status, identity=spoiled(bench.lab.pki, change))


def test_good(bench):
    """The other half of each table: what must not be refused."""
    pki, passed = bench.lab.pki, ('SK_OK', None, PASSED)
    good = [
        ('a good token', []),
        ('ppt in quotes', [param('ppt', '"shaken"')]),
        ('no alg parameter', [param('alg', None)]),
        ('another parameter', [lambda t: t.params.append('x=y')]),
        ('a claim that nobody knows', [member('payload', 'news', {'a': [1]})]),
        ('attest B', [member('payload', 'attest', 'B')]),
        ('attest C', [member('payload', 'attest', 'C')]),
        ('half a minute old', [member('payload', 'iat', int(time.time()) - 30)]),
        ('half a minute ahead', [member('payload', 'iat', int(time.time()) + 30)]),
        ('two dests', [member('payload', 'dest', {'tn': ['14045559999', lab.DEST]})]),
        ('attest B, permitted', [leaf('constraint'), member('payload', 'attest', 'B')]),
        ('members in another order', [text_of('header', '{"x5u":"%ssp.pem","typ":"passport",'
                                              '"ppt":"shaken","alg":"ES256"}' % X5U_BASE)]),
    ]
    for what, changes in good:
        for port in OPEN, SHUT:
            bench.goes_on(port, 'good: ' + what, *passed, identity=spoiled(pki, *changes))

    good_one, bad_one = str(Token(pki)), spoiled(pki, spoil('bit'))
    for what, values in (('bad, good', [bad_one, good_one]), ('good, bad', [good_one, bad_one])):
        answer, got = bench.ask(SHUT, identity=values)
        bench.checks.same((answer.verstat, got), (PASSED, 'SK_OK'), 'several: ' + what)
    answer, got = bench.ask(OPEN, identity=[spoiled(pki, spoil('bit')), spoiled(pki, member('payload', 'attest', 'D'))])
    bench.checks.same((answer.verstat, got), (FAILED, 'SK_BAD_SIGNATURE'), 'several: the one that came furthest')
    bench.checks.same(len(answer.all('Reason')), 2, 'several: a Reason for each')
    for reason in answer.all('Reason'):
        bench.checks.that(';ppi="..' in reason, 'several: the Reason names its PASSporT', reason)


def test_request(bench):
    """F1, F2, F3: the request itself."""
    pki, checks = bench.lab.pki, bench.checks
    for what, line in (('an open quote', 'From: "Caller <sip:+12155550112@carrier.example>;tag=1'),
                       ('an open bracket', 'From: <sip:+12155550112@carrier.example;tag=1'),
                       ('%00 in the number', 'From: <sip:+1215%00550112@carrier.example>;tag=1')):
        for port in OPEN, SHUT:
            answer = bench.peers[port].invite(identity=str(Token(pki)), replace={'From': line})
            checks.same(answer.status, '400 Bad Request', 'F1 From with ' + what)
            checks.that(PASSED not in answer.raw.decode(), 'F1 never Passed')

    old, fresh = int(time.time()) - 600, int(time.time())
    bench.goes_on(CHOICES_OPEN, 'F2', 'SK_DATE_STALE', STALE, NO, date=old, identity=str(Token(pki)))
    bench.is_refused(CHOICES_SHUT, 'F2', 'SK_DATE_STALE', STALE, date=old, identity=str(Token(pki)))
    bench.goes_on(CHOICES_SHUT, 'F2, fresh', 'SK_OK', None, PASSED, date=fresh, identity=str(Token(pki)))
    needed = '428 Use Identity Header'
    bench.goes_on(CHOICES_OPEN, 'F2, no Date', 'SK_DATE_MISSING', needed, NO, identity=str(Token(pki)))
    bench.is_refused(CHOICES_SHUT, 'F2, no Date', 'SK_DATE_MISSING', needed, identity=str(Token(pki)))
    bench.goes_on(SHUT, 'F2, no Date is asked for', 'SK_OK', None, PASSED, identity=str(Token(pki)))
    bench.goes_on(SHUT, 'F2, the Date is not asked', 'SK_OK', None, PASSED, date=old, identity=str(Token(pki)))

    required = '428 Use Identity Header'
    bench.goes_on(CHOICES_OPEN, 'F3', 'SK_IDENTITY_REQUIRED', required, NO, date=fresh)
    bench.is_refused(CHOICES_SHUT, 'F3', 'SK_IDENTITY_REQUIRED', required, date=fresh)
    bench.goes_on(SHUT, 'F3b', 'SK_NO_IDENTITY', None, NO)
    bench.goes_on(OPEN, 'F3b', 'SK_NO_IDENTITY', None, NO)


def test_choices(bench):
    """F5b, F12, F16: where the documents differ."""
    pki, fresh = bench.lab.pki, int(time.time())
    unknown = [param('ppt', 'news'), member('header', 'ppt', 'news')]
    rows = [
        ('F5b a type nobody knows', unknown, 'SK_PPT_UNKNOWN', 'SK_PPT_PARAM', INVALID),
        ('F12 no alg parameter', [param('alg', None)], 'SK_OK', 'SK_ALG_UNSUPPORTED', UNSUPPORTED),
        ('F16 another parameter', [lambda t: t.params.append('x=y')], 'SK_OK', 'SK_IDENTITY_PARAMS', INVALID),
    ]
    for what, changes, lenient, strict, status in rows:
        value = spoiled(pki, *changes)
        verstat = PASSED if lenient == 'SK_OK' else NO
        for port in OPEN, SHUT:
            bench.goes_on(port, what + ', lenient', lenient, None, verstat, date=fresh, identity=value)
        bench.goes_on(CHOICES_OPEN, what, strict, status, NO, date=fresh, identity=value)
        bench.is_refused(CHOICES_SHUT, what, strict, status, date=fresh, identity=value)


def diverted(pki, by, to, *changes):
    """A div token: the call to `by` goes on to `to` (RFC 8946)."""
    token = Token(pki, dest=to)
    token.header['ppt'] = 'div'
    token.params[-1] = 'ppt=div'
    for name in 'attest', 'origid':
        del token.payload[name]
    token.payload['div'] = {'tn': by}
    for change in changes:
        change(token)
    return str(token)


def test_diverted(bench):
    """F22: the chain from where the call is going back to the token that was signed first."""
    pki, second, third = bench.lab.pki, '14045550177', '14045550188'
    for port, how in ((5066, {}), (5067, {'verify_on_failure': 'reject'})):
        bench.servers[port] = bench.lab.redirector(port, tenant_mode='verify', log_format='json',
                                                   verify_div=True, **how)
        bench.peers[port] = bench.servers[port].peer()
    shaken, hop = str(Token(pki)), diverted(pki, lab.DEST, second)
    whole = [
        ('not diverted', lab.DEST, [shaken]),
        ('one hop', second, [shaken, hop]),
        ('one hop, the other order', second, [hop, shaken]),
        ('two hops', third, [hop, diverted(pki, second, third), shaken]),
    ]
    broken = [
        ('no div token', second, [shaken]),
        ('goes elsewhere', third, [shaken, hop]),
        ('a hop is missing', third, [shaken, diverted(pki, second, third)]),
        ('another caller', second, [shaken, diverted(pki, lab.DEST, second, member('payload', 'orig', {'tn': '12155550999'}))]),
        ('a forged hop', second, [shaken, diverted(pki, lab.DEST, second, spoil('bit'))]),
        ('a stale hop', second, [shaken, diverted(pki, lab.DEST, second, member('payload', 'iat', NOW - 900))]),
        ('a hop signed by a stranger', second, [shaken, diverted(pki, lab.DEST, second, leaf('untrusted'))]),
    ]
    check = bench.checks.same
    for what, target, values in whole:
        for port in 5066, 5067, SHUT:
            answer, got = bench.ask(port, identity=values, uri='sip:+%s@sti.example' % target)
            check((answer.code, answer.verstat, got, answer.all('Reason')), (302, PASSED, 'SK_OK', []), 'div: ' + what)
    for what, target, values in broken:
        uri = 'sip:+%s@sti.example' % target
        answer, got = bench.ask(5066, identity=values, uri=uri)
        check((answer.code, answer.verstat, got), (302, FAILED, 'SK_DIV_BROKEN'), 'F22 %s, goes on' % what)
        bench.checks.that(answer.all('Reason'), 'F22 %s, Reason' % what)
        answer, got = bench.ask(5067, identity=values, uri=uri)
        check((answer.status, got), (INVALID, 'SK_DIV_BROKEN'), 'F22 %s, refused' % what)
    # alone it proves nothing
    answer, got = bench.ask(5067, identity=hop, uri='sip:+%s@sti.example' % second)
    bench.checks.that(PASSED not in answer.raw.decode() and got != 'SK_OK', 'div: without a shaken token')


def test_ours(bench):
    """F23: a fault of ours blames nobody, and never says Passed."""
    mute = socket.create_server(('127.0.0.9', 443), backlog=64)     # accepts by itself, says nothing
    names = {'%s.lab.example:443' % n: '127.0.0.9' for n in ('one', 'two', 'three')}
    how = {'tenant_mode': 'verify', 'log_format': 'json', 'certs_lab': True, 'certs_resolve': names,
           'certs_parallel': 1, 'certs_per_host': 1, 'certs_queue': 0, 'verify_on_failure': 'reject',
           'sip_deadline': '7s', 'certs_wait': '7s', 'certs_timeout': '60s'}    # the place is taken until the second call was answered
    bench.servers[5064] = bench.lab.redirector(5064, **how)
    bench.servers[5065] = bench.lab.redirector(5065, verify_fault='503', **how)
    value = spoiled(bench.lab.pki, move('https://two.lab.example/a.pem'))
    for port in 5064, 5065:     # not before both have started
        bench.peers[port] = bench.servers[port].peer()
        peer = bench.peers[port]
        # the first call takes the only place; it is answered last
        peer.send(peer.build(call='first-%d' % port, identity=spoiled(bench.lab.pki, move('https://one.lab.example/a.pem'))))
    answer = bench.peers[5064].invite(identity=value)
    bench.checks.same((answer.code, answer.verstat, answer.all('Reason')), (302, NO, []), 'F23, goes on')
    bench.checks.same(bench.outcome(5064, answer.get('Call-ID')), 'SK_BUSY', 'F23, the record')
    answer = bench.peers[5065].invite(identity=value)
    bench.checks.same(answer.status, '503 Service Unavailable', 'F23, fault: 503')
    bench.checks.that(answer.get('Retry-After'), 'F23, Retry-After')
    # F8: a certificate that does not come before the call's deadline is one that cannot be had
    answer = bench.peers[5064].receive()
    bench.checks.same((answer.get('Call-ID'), answer.status), ('first-5064', BAD_INFO), 'F8, too late')
    bench.checks.same(bench.outcome(5064, 'first-5064'), 'SK_FETCH_TIMEOUT', 'F8, too late, the record')
    mute.close()


def test_order(bench):
    """Of two faults the earlier one is told."""
    by_name = {what: (change, outcome, status) for _, what, change, outcome, status, _ in FAULTS}
    pairs = [p for p in itertools.combinations(STEPS, 2) if frozenset(p) not in NOT_BOTH]
    for first, second in pairs:
        # the certificate's address moves first, so that a change of one of its two places stays a change
        changes = sorted((by_name[first][0], by_name[second][0]),
                         key=lambda c: c not in (by_name['expired'][0], by_name['a host without an address'][0]))
        answer, got = bench.ask(SHUT, identity=spoiled(bench.lab.pki, *changes))
        bench.checks.same((got, answer.status), by_name[first][1:], '%s, then %s' % (first, second))


def test(laboratory, checks):
    bench = Bench(laboratory, checks)
    for part in test_rows, test_good, test_request, test_choices, test_diverted, test_ours, test_order:
        part(bench)


if __name__ == '__main__':
    lab.main(test)
