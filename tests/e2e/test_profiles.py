"""Where the documents differ: each row under each profile, when the call goes on and when
it is refused; each choice by itself; and the rules that only the French MAN has.
"""
import time

import lab
from lab import Token, decode
from test_wire_failures import (BAD_INFO, FAILED, INVALID, NO, PASSED, STALE, UNSUPPORTED, Bench, edit, leaf,
                                member, param, spoil, spoiled)

PROFILES = 'atis', 'rfc8224', 'man'
OTHER = '12155550199'
REQUIRED, LOOP = '428 Use Identity Header', '482 Loop Detected'
BYPASS = 'P-Identity-Bypass: 1'
ANONYMOUS = {'From': 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'}
ASSERTED = 'P-Asserted-Identity: <tel:+%s>' % OTHER
UNKNOWN = [param('ppt', 'news'), member('header', 'ppt', 'news')]
OK, DIVERSION = ('SK_OK', None), 'Diversion: <sip:+12155550170@carrier.example>;reason=unconditional'


def same(outcome, status):
    return {profile: (outcome, status) for profile in PROFILES}


def but(rows, **others):
    return {**rows, **others}


def extra_param(token):
    token.params.append('x=y')


# what, changes of the token (None: no Identity at all), how the request differs, what each profile
# makes of it: the outcome and the status when refused.  A Date that is now unless said otherwise.
ROWS = [
    ('good', [], {}, same(*OK)),
    ('MAN 2, Date stale', [], {'date': -600}, but(same(*OK), man=('SK_DATE_STALE', STALE))),
    ('MAN 2, Date from the future', [], {'date': 600}, but(same(*OK), man=('SK_DATE_STALE', STALE))),
    ('no Date', [], {'date': None}, but(same(*OK), man=('SK_DATE_MISSING', REQUIRED))),
    ('Date is none', [], {'date': 'today'}, but(same('SK_DATE_SYNTAX', '400 Bad Request'), atis=OK)),
    ('MAN 3, iat stale', [member('payload', 'iat', int(time.time()) - 600)], {}, same('SK_IAT_STALE', STALE)),
    ('MAN 2 before 3', [member('payload', 'iat', int(time.time()) - 600)], {'date': -600},
     but(same('SK_IAT_STALE', STALE), man=('SK_DATE_STALE', STALE))),
    ('MAN 4, no Identity', None, {}, same('SK_IDENTITY_REQUIRED', REQUIRED)),
    ('MAN 4, neither Identity nor Date', None, {'date': None},
     but(same('SK_IDENTITY_REQUIRED', REQUIRED), man=('SK_DATE_MISSING', REQUIRED))),
    ('bypassed', None, {'extra': [BYPASS]}, but(same('SK_IDENTITY_REQUIRED', REQUIRED), man=('SK_BYPASSED', None))),
    ('bypassed, no Date', None, {'extra': [BYPASS], 'date': None},
     but(same('SK_IDENTITY_REQUIRED', REQUIRED), man=('SK_BYPASSED', None))),
    ('bypassed, old Date', None, {'extra': [BYPASS], 'date': -600},
     but(same('SK_IDENTITY_REQUIRED', REQUIRED), man=('SK_BYPASSED', None))),
    ('bypassed by nothing', None, {'extra': ['P-Identity-Bypass:']}, same('SK_IDENTITY_REQUIRED', REQUIRED)),
    ('bypassed and yet forged', [spoil('bit')], {'extra': [BYPASS]}, same('SK_BAD_SIGNATURE', INVALID)),
    ('bypassed and yet good', [], {'extra': [BYPASS]}, same(*OK)),
    ('MAN 5, no info', [param('info', None)], {}, same('SK_INFO_MISSING', BAD_INFO)),
    ('MAN 5, info is http', [param('info', '<http://certs.lab.example/sp.pem>')], {}, same('SK_INFO_INVALID', BAD_INFO)),
    ('MAN 6, no x5u', [member('header', 'x5u', None)], {}, but(same('SK_HEADER_CLAIM', BAD_INFO), rfc8224=('SK_HEADER_CLAIM', INVALID))),
    ('MAN 6, no typ', [member('header', 'typ', None)], {}, but(same('SK_HEADER_CLAIM', BAD_INFO), rfc8224=('SK_HEADER_CLAIM', INVALID))),
    ('MAN 6, no alg', [member('header', 'alg', None)], {}, but(same('SK_HEADER_CLAIM', BAD_INFO), rfc8224=('SK_HEADER_CLAIM', INVALID))),
    ('MAN 6, no ppt', [member('header', 'ppt', None)], {}, but(same('SK_HEADER_CLAIM', BAD_INFO), rfc8224=('SK_HEADER_CLAIM', INVALID))),
    ('MAN 7, x5u is not info', [member('header', 'x5u', lab.X5U_BASE + 'SP.pem')], {}, same('SK_X5U_MISMATCH', BAD_INFO)),
    ('MAN 9, no alg parameter', [param('alg', None)], {}, but(same(*OK), man=('SK_ALG_UNSUPPORTED', UNSUPPORTED))),
    ('MAN 9, another alg parameter', [param('alg', 'ES384')], {}, same('SK_ALG_UNSUPPORTED', UNSUPPORTED)),
    ('MAN 10, another alg', [member('header', 'alg', 'HS256')], {}, same('SK_ALG_UNSUPPORTED', UNSUPPORTED)),
    ('MAN 11, another typ', [member('header', 'typ', 'JWT')], {}, but(same('SK_TYP_INVALID', UNSUPPORTED), rfc8224=('SK_TYP_INVALID', INVALID))),
    ('MAN 13, expired', [leaf('expired')], {}, same('SK_CERT_EXPIRED', UNSUPPORTED)),
    ('MAN 14, not valid yet', [leaf('notyet')], {}, same('SK_CERT_NOT_YET', UNSUPPORTED)),
    ('MAN 16, another parameter', [extra_param], {}, but(same(*OK), man=('SK_IDENTITY_PARAMS', INVALID))),
    ('MAN 18, no ppt parameter', [param('ppt', None)], {}, same('SK_PPT_PARAM', INVALID)),
    ('MAN 18, an unknown ppt', UNKNOWN, {}, but(same('SK_IDENTITY_REQUIRED', REQUIRED), man=('SK_PPT_PARAM', INVALID))),
    ('MAN 18 class, compact form', [edit(lambda t: '..' + t.rpartition('.')[2])], {}, same('SK_COMPACT_FORM', INVALID)),
    ('MAN 19, another ppt', [member('header', 'ppt', 'div')], {}, same('SK_PPT_MISMATCH', INVALID)),
    ('MAN 20, no origid', [member('payload', 'origid', None)], {}, same('SK_CLAIM_MISSING', INVALID)),
    ('MAN 21, attest is D', [member('payload', 'attest', 'D')], {}, same('SK_ATTEST_INVALID', INVALID)),
    ('MAN 22, another orig', [member('payload', 'orig', {'tn': OTHER})], {}, same('SK_ORIG_MISMATCH', INVALID)),
    ('MAN 23, another dest', [member('payload', 'dest', {'tn': [OTHER]})], {}, same('SK_DEST_MISMATCH', INVALID)),
    ('constraint', [leaf('constraint')], {}, same('SK_CONSTRAINT', INVALID)),
    ('forged', [spoil('bit')], {}, same('SK_BAD_SIGNATURE', INVALID)),
    ('orig of From, another asserted', [], {'extra': [ASSERTED]}, but(same(*OK), atis=('SK_ORIG_MISMATCH', INVALID))),
    ('orig asserted, another From', [member('payload', 'orig', {'tn': OTHER})], {'extra': [ASSERTED]},
     but(same('SK_ORIG_MISMATCH', INVALID), atis=OK)),
    ('anonymous, orig asserted', [member('payload', 'orig', {'tn': OTHER})], {'extra': [ASSERTED], 'replace': ANONYMOUS},
     but(same(*OK), rfc8224=('SK_ORIG_MISMATCH', INVALID))),
]

FAILS = {'SK_CERT_EXPIRED', 'SK_CERT_NOT_YET', 'SK_CONSTRAINT', 'SK_BAD_SIGNATURE'}


class Profiles(Bench):
    """Servers by name; started when first asked for."""

    def __init__(self, laboratory, checks):
        self.lab, self.checks, self.port = laboratory, checks, 5060
        self.servers, self.peers = {}, {}

    def server(self, name, **settings):
        self.port += 1
        self.servers[name] = self.lab.redirector(self.port, log_format='json', **settings)
        self.peers[name] = self.servers[name].peer()
        return name

    def request(self, changes, how):
        """How a row asks: its token, and its Date told from now."""
        how = dict(how)
        date = how.pop('date', 0)
        how['date'] = int(time.time()) + date if isinstance(date, int) else date
        if changes is not None:
            how['identity'] = spoiled(self.lab.pki, *changes)
        return how

    def one(self, name, changes, how):
        return self.ask(name, **self.request(changes, how))


def verstat_of(outcome):
    return PASSED if outcome == 'SK_OK' else FAILED if outcome in FAILS else NO


def test_rows(bench):
    """No-kill: 302 with a Reason and a verstat; kill: the 4xx."""
    check = bench.checks.same
    for profile in PROFILES:
        how = {'tenant_mode': 'verify', 'tenant_profile': profile}
        if profile != 'man':            # where it is the profile's own rule
            how['verify_identity_required'] = 'yes'
        goes_on = bench.server(profile + ', no-kill', **how)
        kill = bench.server(profile + ', kill', verify_on_failure='reject', **how)
        protocol = 'SIP' if profile == 'man' else 'STIR'
        for what, changes, differs, want in ROWS:
            outcome, status = want[profile]
            answer, got = bench.one(goes_on, changes, differs)
            # RFC 9410, 4: 400 is no cause of the protocol STIR
            told = status and (protocol, status) != ('STIR', '400 Bad Request')
            reasons = ['%s;cause=%s;text="%s"' % (protocol, *status.split(' ', 1))] if told else []
            check((got, answer.code, answer.all('Reason')), (outcome, 302, reasons), '%s: %s' % (goes_on, what))
            check(answer.verstat, verstat_of(outcome), '%s: %s, verstat' % (goes_on, what))
            check(answer.get('Identity'), None, '%s: %s, the Identity stays here' % (goes_on, what))

            answer, got = bench.one(kill, changes, differs)
            check((got, answer.status), (outcome, status or '302 Moved Temporarily'), '%s: %s' % (kill, what))
            bench.checks.that(not status or not (answer.get('Contact') or answer.get('Reason')), '%s: %s, nothing else' % (kill, what))
        # MAN 1: a broken request is refused either way
        for name in goes_on, kill:
            for header, line in (('From', 'From: "Caller <sip:+1@a>;tag=1'), ('To', 'To: <sip:+14045550100@a')):
                answer = bench.peers[name].invite(replace={header: line}, date=time.time(), identity=str(Token(bench.lab.pki)))
                check(answer.status, '400 Bad Request', 'MAN 1, %s, %s' % (header, name))


# settings, what, changes, request, outcome, status: each choice turned over by itself
CHOICES = [
    ('atis', {'verify_alg_required': 'yes'}, [param('alg', None)], {}, 'SK_ALG_UNSUPPORTED', UNSUPPORTED),
    ('man', {'verify_alg_required': 'no'}, [param('alg', None)], {}, *OK),
    ('atis', {'verify_extra_params_refused': 'yes'}, [extra_param], {}, 'SK_IDENTITY_PARAMS', INVALID),
    ('man', {'verify_extra_params_refused': 'no'}, [extra_param], {}, *OK),
    ('atis', {'verify_unknown_ppt_refused': 'yes'}, UNKNOWN, {}, 'SK_PPT_PARAM', INVALID),
    ('man', {'verify_unknown_ppt_refused': 'no'}, UNKNOWN, {}, 'SK_IDENTITY_REQUIRED', REQUIRED),
    ('man', {'verify_unknown_ppt_refused': 'no', 'verify_identity_required': 'no'}, UNKNOWN, {}, 'SK_PPT_UNKNOWN', None),
    ('atis', {}, None, {}, 'SK_NO_IDENTITY', None),
    ('rfc8224', {}, None, {}, 'SK_NO_IDENTITY', None),
    ('man', {}, None, {}, 'SK_IDENTITY_REQUIRED', REQUIRED),
    ('man', {'verify_identity_required': 'no'}, None, {}, 'SK_NO_IDENTITY', None),
    ('atis', {'verify_date_check': 'strict'}, [], {'date': None}, 'SK_DATE_MISSING', REQUIRED),
    ('atis', {'verify_date_check': 'strict'}, [], {'date': -600}, 'SK_DATE_STALE', STALE),
    ('man', {'verify_date_check': 'iat-only'}, [], {'date': None}, *OK),
    ('man', {'verify_date_check': 'rfc'}, [], {'date': -600}, *OK),
    ('atis', {'verify_bypass': 'yes', 'verify_identity_required': 'yes'}, None, {'extra': [BYPASS]}, 'SK_BYPASSED', None),
    ('man', {'verify_bypass': 'no', 'verify_identity_required': 'yes'}, None, {'extra': [BYPASS]}, 'SK_IDENTITY_REQUIRED', REQUIRED),
    ('atis', {'verify_header_claim_code': 438}, [member('header', 'typ', None)], {}, 'SK_HEADER_CLAIM', INVALID),
    ('rfc8224', {'verify_header_claim_code': 436}, [member('header', 'typ', None)], {}, 'SK_HEADER_CLAIM', BAD_INFO),
    ('atis', {'verify_typ_code': 438}, [member('header', 'typ', 'JWT')], {}, 'SK_TYP_INVALID', INVALID),
    ('rfc8224', {'verify_typ_code': 437}, [member('header', 'typ', 'JWT')], {}, 'SK_TYP_INVALID', UNSUPPORTED),
    ('atis', {'verify_constraint_code': 437}, [leaf('constraint')], {}, 'SK_CONSTRAINT', UNSUPPORTED),
    ('atis', {'sign_orig_source': 'from-only'}, [], {'extra': [ASSERTED]}, *OK),
    ('rfc8224', {'sign_orig_source': 'pai-first'}, [], {'extra': [ASSERTED]}, 'SK_ORIG_MISMATCH', INVALID),
    ('man', {'sign_orig_source': 'pai-first'}, [], {'extra': [ASSERTED]}, 'SK_ORIG_MISMATCH', INVALID),
]


def test_choices(bench):
    for n, (profile, settings, changes, how, outcome, status) in enumerate(CHOICES):
        what = '%s with %s' % (profile, settings)
        name = bench.server('choice %d' % n, tenant_mode='verify', tenant_profile=profile,
                            verify_on_failure='reject', **settings)
        answer, got = bench.one(name, changes, how)
        bench.checks.same((got, answer.status), (outcome, status or '302 Moved Temporarily'), what)
        bench.servers[name].stop()

    for profile, reason, want in (('atis', 'sip', ['SIP;cause=403;text="Stale Date"']), ('man', 'stir', ['STIR;cause=403;text="Stale Date"']),
                                  ('man', 'none', [])):
        name = bench.server('%s, %s' % (profile, reason), tenant_mode='verify', tenant_profile=profile, answer_reason=reason)
        answer, _ = bench.one(name, [member('payload', 'iat', 1)], {})
        bench.checks.same(answer.all('Reason'), want, name)
        bench.servers[name].stop()


def test_verstat(bench):
    """The map from outcome to verstat, in all the places that say it."""
    name = bench.server('verstat', tenant_mode='verify', answer_verstat_in=['contact-uri', 'pai', 'header'],
                        verify_verstat={'token': 'failed', 'SK_TYP_INVALID': 'no', 'credential': 'no'})
    rows = [('by its class', [member('header', 'x5u', lab.X5U_BASE + 'SP.pem')], FAILED), ('by itself', [member('header', 'typ', 'JWT')], NO),
            ('another class', [leaf('expired')], NO), ('not in the map', [member('payload', 'iat', 1)], NO), ('good', [], PASSED)]
    for what, changes, want in rows:
        answer, _ = bench.one(name, changes, {})
        bench.checks.same((answer.verstat, answer.get('X-Verstat')), (want, want), 'verstat map: ' + what)
        bench.checks.that(';verstat=%s@' % want in answer.get('P-Asserted-Identity'), 'verstat map: %s, PAI' % what)
        bench.servers[name].wait_log('"id":"%s"' % answer.get('Call-ID'), 'record')
        line = [x for x in bench.servers[name].log.splitlines() if '"id":"%s"' % answer.get('Call-ID') in x][0]
        bench.checks.that('"verstat":"%s"' % want in line, 'verstat map: %s, the record' % what, line)
    for bad in {'token': 'passed'}, {'SK_NEWS': 'failed'}, {'ours': 'failed'}, {'SK_OK': 'no'}:
        server = bench.lab.redirector(5059, ready=False, name='refused', tenant_mode='verify', verify_verstat=bad)
        server.proc.wait(lab.PATIENCE)
        bench.checks.that(server.proc.returncode != 0 and 'verstat' in server.log, 'a map that is none: %s' % bad, server.log)


def signed(answer):
    """attest and orig of what was signed, or None"""
    value = answer.get('Identity')
    payload = value and decode(value)[1]
    return payload and (payload['attest'], payload['orig']['tn'])


def test_sign(bench):
    """Whose number is signed, what a Diversion does, and what is said when nothing can be signed."""
    check = bench.checks.same
    names = {profile: bench.server('sign, ' + profile, tenant_mode='sign', tenant_profile=profile) for profile in PROFILES}
    names['atis, diversion'] = bench.server('sign, diversion', tenant_mode='sign', sign_diversion='yes')
    names['man, no diversion'] = bench.server('sign, none', tenant_mode='sign', tenant_profile='man', sign_diversion='no')
    rows = [
        ('From', {}, dict.fromkeys(names, ('A', lab.ORIG))),
        ('another asserted', {'extra': [ASSERTED]}, {'atis': ('A', OTHER), 'rfc8224': ('A', lab.ORIG), 'man': ('A', lab.ORIG)}),
        ('anonymous, asserted', {'extra': [ASSERTED], 'replace': ANONYMOUS},
         {'atis': ('A', OTHER), 'rfc8224': None, 'man': ('A', OTHER)}),
        ('diverted', {'extra': [DIVERSION]}, {'atis': ('A', lab.ORIG), 'rfc8224': ('A', lab.ORIG), 'man': ('C', lab.ORIG),
                                              'atis, diversion': ('C', lab.ORIG), 'man, no diversion': ('A', lab.ORIG)}),
        ('diverted five times', {'extra': [DIVERSION] * 4 + [DIVERSION + ';counter=1']}, {'atis': ('A', lab.ORIG), 'man': ('C', lab.ORIG)}),
    ]
    for what, how, want in rows:
        for name, claims in want.items():
            answer, _ = bench.ask(names[name], **how)
            check((answer.code, signed(answer), answer.get('P-Identity-Bypass')), (302, claims, None), '%s: %s' % (what, name))
    for what, lines in (('six lines', [DIVERSION] * 6), ('six in one line', [', '.join([DIVERSION] + [DIVERSION[11:]] * 5)]),
                        ('a counter of six', [DIVERSION + ';counter=6']), ('counters', [DIVERSION + ';counter=3', DIVERSION + ';counter=3']),
                        ('junk', ['Diversion: junk'] * 6)):
        for name in 'man', 'atis, diversion':
            answer, got = bench.ask(names[name], extra=lines)
            check((answer.status, got, answer.get('Identity'), answer.get('Contact')), (LOOP, 'SK_DIVERSIONS', None, None), '%s: %s' % (what, name))
        for name in 'atis', 'rfc8224', 'man, no diversion':
            answer, got = bench.ask(names[name], extra=lines)
            check((signed(answer), got), (('A', lab.ORIG), 'SK_OK'), '%s: %s' % (what, name))


def test_bypass(bench):
    """P-Identity-Bypass is said when a signature could not be made, and only then."""
    check, none = bench.checks.same, {'sign_key': '', 'sign_certificate': '', 'sign_x5u': ''}
    rows = [
        ('man, no key', dict(none, tenant_profile='man', sign_bypass_value='no-key'), 'no-key', 'SK_NO_CREDENTIAL'),
        ('man, no key, bypass off', dict(none, tenant_profile='man', sign_bypass='no'), None, 'SK_NO_CREDENTIAL'),
        ('atis, no key', none, None, 'SK_NO_CREDENTIAL'),
        ('atis, no key, bypass on', dict(none, sign_bypass='yes'), '1', 'SK_NO_CREDENTIAL'),
        ('man, nothing to sign', {'tenant_profile': 'man', 'sign_attest': 'none'}, None, 'SK_NO_ATTEST'),
        ('man, nothing to do', {'tenant_profile': 'man', 'tenant_mode': 'pass'}, None, 'SK_NOTHING_TO_DO'),
        ('man, signed', {'tenant_profile': 'man'}, None, 'SK_OK'),
    ]
    for what, settings, value, outcome in rows:
        name = bench.server('bypass: ' + what, **settings)
        answer, got = bench.ask(name)
        check((got, answer.code, answer.get('P-Identity-Bypass')), (outcome, 302, value), name)
        check(bool(answer.get('Identity')), outcome == 'SK_OK', name + ': Identity')
        bench.servers[name].stop()

    # what one side says the other understands; in mode auto it is not signed a second time
    name = bench.server('auto', tenant_profile='man')
    answer, got = bench.ask(name, extra=[BYPASS])
    check((got, answer.code, answer.verstat, answer.get('Identity'), answer.get('P-Identity-Bypass')), ('SK_BYPASSED', 302, NO, None, None), 'auto, bypassed')


def test(laboratory, checks):
    bench = Profiles(laboratory, checks)
    for part in test_rows, test_choices, test_verstat, test_sign, test_bypass:
        part(bench)


if __name__ == '__main__':
    lab.main(test)
