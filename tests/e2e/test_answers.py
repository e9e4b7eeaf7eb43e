"""Every shape of the answer that the configuration can ask for."""
import re
import time

import lab
from lab import Token, decode
from urllib.parse import unquote

PASSED = 'TN-Validation-Passed'


class Shapes:
    """A redirector per configuration, one after the other."""

    def __init__(self, laboratory, checks):
        self.lab, self.checks, self.port = laboratory, checks, 5060

    def server(self, **settings):
        self.port += 1
        return self.lab.redirector(self.port, **settings)

    def with_server(self, test, **settings):
        server = self.server(**settings)
        test(server.peer())
        server.stop()


def contact_of(answer):
    """@return (URI without headers, {header: value}) of the Contact"""
    uri = re.match(r'<([^>]*)>', answer.get('Contact')).group(1)
    uri, _, headers = uri.partition('?')
    return uri, dict((h.partition('=')[0], unquote(h.partition('=')[2])) for h in headers.split('&') if h)


def common(checks, what, answer, raw, us):
    """What holds for every answer to an INVITE."""
    request_uri = raw.decode().split(' ')[1]
    checks.same(answer.get('Expires'), None, what + ': no Expires')
    checks.that(answer.to_tag, what + ': a To tag')
    for name in 'From', 'Call-ID', 'CSeq':
        checks.same(answer.get(name), lab.Message(raw).get(name), what + ': ' + name)
    if 300 <= answer.code < 400:
        uri, headers = contact_of(answer)
        checks.that(uri.partition(';verstat=')[0] != request_uri or headers, what + ': Contact is not the Request-URI', uri)
        checks.that(':expires' not in uri and ';expires' not in answer.get('Contact'), what + ': Contact does not expire')
        checks.that(not re.search(r'127\.0\.0\.1:%d\b' % us, uri), what + ': Contact does not name us', uri)


def ask(shapes, peer, what, **how):
    raw = peer.build(**how)
    answer = peer.ask(raw)
    common(shapes.checks, what, answer, raw, peer.server[1])
    return answer


def test_defaults(s):
    def test(peer):
        answer = ask(s, peer, 'default, signed')
        header, payload, params = decode(answer.get('Identity'))
        s.checks.same(answer.status, '302 Moved Temporarily', 'default')
        s.checks.same(header, {'alg': 'ES256', 'ppt': 'shaken', 'typ': 'passport', 'x5u': lab.X5U_BASE + 'sp.pem'}, 'the header')
        s.checks.same((payload['attest'], payload['orig'], payload['dest']), ('A', {'tn': lab.ORIG}, {'tn': [lab.DEST]}), 'the payload')
        s.checks.same(params['info'], '<%ssp.pem>' % lab.X5U_BASE, 'info')
        s.checks.same(answer.get('Date'), lab.sip_date(payload['iat']), 'Date is iat when the INVITE had none')
        s.checks.that(abs(payload['iat'] - time.time()) < 60, 'iat is now')
        s.checks.same(contact_of(answer)[0], 'sip:+%s@127.0.0.1:%d;user=phone' % (lab.DEST, peer.port), 'contact: source')
        s.checks.same(contact_of(answer)[1], {}, 'no headers in the Contact')
        s.checks.same(answer.get('X-Identity'), None, 'no X-Identity')

        date = int(time.time()) - 20
        answer = ask(s, peer, 'default, with Date', date=date)
        s.checks.same(decode(answer.get('Identity'))[1]['iat'], date, 'iat is the Date')
        s.checks.same(answer.get('Date'), None, 'no Date when the INVITE had one')
        for what, when in (('old', time.time() - 600), ('in the future', time.time() + 600), ('in another zone', 'Fri, 25 Sep 2015 19:12:25 EST')):
            answer = ask(s, peer, 'Date ' + what, date=when)
            s.checks.same((answer.code, answer.get('Identity')), (302, None), 'Date %s: unsigned' % what)

        answer = ask(s, peer, 'default, verified', identity=str(Token(s.lab.pki)))
        s.checks.same(contact_of(answer)[0], 'sip:+%s@127.0.0.1:%d;user=phone;verstat=%s' % (lab.DEST, peer.port, PASSED), 'verstat in the Contact')
        s.checks.same(answer.get('P-Asserted-Identity'), '"Caller" <sip:+%s;verstat=%s@carrier.example;user=phone>' % (lab.ORIG, PASSED), 'verstat in the P-Asserted-Identity')
        s.checks.same(answer.get('P-Attestation-Indicator'), 'A', 'attestation')
        s.checks.same(answer.get('P-Origination-ID'), '123e4567-e89b-12d3-a456-426655440000', 'origid')
        s.checks.same((answer.get('Reason'), answer.get('Date')), (None, None), 'no Reason, no Date')

        bad = Token(s.lab.pki)
        bad.spoil = 'bit'
        answer = ask(s, peer, 'default, failed', identity=str(bad))
        s.checks.same((answer.get('P-Attestation-Indicator'), answer.get('P-Origination-ID')), (None, None), 'no attestation of a bad token')
    s.with_server(test)


def test_parties(s):
    """Who is the caller: P-Asserted-Identity, then From; who is called: To."""
    rows = [
        ('PAI before From', dict(extra=['P-Asserted-Identity: <sip:+12155550199@a.example>']), '12155550199'),
        ('PAI is a tel URI', dict(extra=['P-Asserted-Identity: <tel:+12155550199>']), '12155550199'),
        ('two PAI', dict(extra=['P-Asserted-Identity: <sip:alice@a.example>', 'P-Asserted-Identity: <tel:+12155550199>']), '12155550199'),
        ('two PAI in one line', dict(extra=['P-Asserted-Identity: <sip:alice@a.example>, <tel:+12155550199>']), '12155550199'),
        ('anonymous From, PAI', dict(replace={'From': 'From: <sip:anonymous@anonymous.invalid>;tag=1'},
                                     extra=['P-Asserted-Identity: <tel:+12155550199>', 'Privacy: id']), '12155550199'),
        ('a tel URI in From', dict(replace={'From': 'From: <tel:+1-215-555-0112>;tag=1'}), lab.ORIG),
        ('a display name with a bracket', dict(replace={'From': 'From: "a <sip:+1999@x> b" <sip:+12155550112@a.example>;tag=1'}), lab.ORIG),
        ('anonymous', dict(replace={'From': 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'}), None),
        ('letters', dict(replace={'From': 'From: <sip:alice@a.example>;tag=1'}), None),
        ('sixteen digits', dict(replace={'From': 'From: <sip:+1234567890123456@a.example>;tag=1'}), None),
    ]

    def test(peer):
        for what, how, orig in rows:
            answer = ask(s, peer, what, **how)
            value = answer.get('Identity')
            s.checks.same(value and decode(value)[1]['orig'], orig and {'tn': orig}, what)
            s.checks.same(answer.code, 302, what + ': the call goes on')
        answer = ask(s, peer, 'retargeted', uri='sip:+19995550000@b.example')
        s.checks.same(decode(answer.get('Identity'))[1]['dest'], {'tn': [lab.DEST]}, 'dest is the To, not the Request-URI')
        answer = ask(s, peer, 'an empty Identity', extra=['Identity: '])
        s.checks.that(answer.get('Identity'), 'an empty Identity header is a call to sign')
    s.with_server(test)


def test_identity_in(s):
    def x_identity(peer):
        answer = ask(s, peer, 'x-identity')
        s.checks.that(answer.get('X-Identity'), 'X-Identity')
        s.checks.same(answer.get('Identity'), None, 'and no Identity')
    s.with_server(x_identity, answer_identity_in=['x-identity'])

    def contact(peer):
        answer = ask(s, peer, 'contact')
        _, headers = contact_of(answer)
        s.checks.same(answer.get('Identity'), None, 'no Identity header')
        s.checks.same(decode(headers['Identity'])[1]['orig'], {'tn': lab.ORIG}, 'the Identity in the Contact, unescaped')
        s.checks.same(headers['Date'], lab.sip_date(decode(headers['Identity'])[1]['iat']), 'the Date in the Contact')
        s.checks.that(not re.search(r'Identity=[^&>]*[;=<>", ]', answer.get('Contact')), 'all marks are escaped')
    s.with_server(contact, answer_identity_in=['contact'])

    def all_three(peer):
        answer = ask(s, peer, 'all three')
        same = {answer.get('Identity'), answer.get('X-Identity'), contact_of(answer)[1]['Identity']}
        s.checks.same(len(same), 1, 'the same Identity in three places')
    s.with_server(all_three, answer_identity_in=['header', 'x-identity', 'contact'])


def test_verstat_in(s):
    identity = lambda: str(Token(s.lab.pki))

    def user(peer):
        answer = ask(s, peer, 'contact-user', identity=identity())
        s.checks.that(contact_of(answer)[0].startswith('sip:+%s;verstat=%s@' % (lab.DEST, PASSED)), 'contact-user', answer.get('Contact'))
        s.checks.same(answer.get('P-Asserted-Identity'), None, 'no P-Asserted-Identity')
    s.with_server(user, answer_verstat_in=['contact-user'])

    def contact_pai(peer):
        answer = ask(s, peer, 'contact-pai', identity=identity())
        uri, headers = contact_of(answer)
        s.checks.that(';verstat=%s@' % PASSED in headers.get('P-Asserted-Identity', ''), 'contact-pai', answer.get('Contact'))
        s.checks.that('verstat' not in uri, 'contact-pai: not in the URI')
    s.with_server(contact_pai, answer_verstat_in=['contact-pai'])

    for where, want in (('user', ';verstat=%s@carrier.example;user=phone>'), ('uri', '@carrier.example;user=phone;verstat=%s>'),
                        ('header', '@carrier.example;user=phone>;verstat=%s')):
        def pai(peer):
            answer = ask(s, peer, 'pai-verstat', identity=identity())
            for what, text in ('the header', answer.get('P-Asserted-Identity')), ('the Contact', contact_of(answer)[1].get('P-Asserted-Identity')):
                s.checks.that((text or '').endswith(want % PASSED), 'pai-verstat %s: %s' % (where, what), text)
                s.checks.same((text or '').count('verstat'), 1, 'pai-verstat %s: once in %s' % (where, what))
        s.with_server(pai, answer_verstat_in=['pai', 'contact-pai'], answer_pai_verstat=where)

    def header(peer):
        answer = ask(s, peer, 'header', identity=identity())
        s.checks.same(answer.get('X-Screening'), PASSED, 'a header of its own')
        s.checks.that('verstat' not in answer.get('Contact'), 'header: not in the Contact')
    s.with_server(header, answer_verstat_in=['header'], answer_verstat_header='X-Screening')

    def suffix(peer):
        answer = ask(s, peer, 'suffix', identity=identity())
        s.checks.same(answer.verstat, PASSED + '-A', 'suffix')
        bad = Token(s.lab.pki)
        bad.spoil = 'bit'
        s.checks.same(ask(s, peer, 'suffix', identity=str(bad)).verstat, 'TN-Validation-Failed', 'no suffix after a failure')
    s.with_server(suffix, answer_verstat_suffix=True)

    def forged(peer):
        answer = ask(s, peer, 'forged verstat', identity=identity(),
                     uri='sip:+%s;verstat=TN-Validation-Passed@b.example;verstat=x' % lab.DEST,
                     extra=['P-Asserted-Identity: <sip:+%s;verstat=TN-Validation-Failed@a.example>' % lab.ORIG])
        s.checks.same(re.findall(r'verstat=([\w-]+)', answer.get('P-Asserted-Identity') + answer.get('Contact')),
                      [PASSED, PASSED], 'a verstat from outside is gone')
    s.with_server(forged)


def test_contact(s):
    def request_uri(peer):
        answer = ask(s, peer, 'request-uri', uri='sip:+14045550100@next.example:5080;user=phone')
        s.checks.that(contact_of(answer)[0].startswith('sip:+14045550100@next.example:5080;user=phone;transport='), 'equal to the Request-URI: transport is added', answer.get('Contact'))
        answer = ask(s, peer, 'request-uri names us', uri='sip:+14045550100@127.0.0.1:%d' % s.port)
        s.checks.that('127.0.0.1:%d' % s.port not in answer.get('Contact'), 'never us', answer.get('Contact'))
        answer = ask(s, peer, 'sips', uri='sips:+14045550100@next.example')
        s.checks.that(contact_of(answer)[0].startswith('sips:'), 'sips stays sips', answer.get('Contact'))
        answer = ask(s, peer, 'headers in the Request-URI', uri='sip:+14045550100@next.example?Subject=x')
        s.checks.that('Subject' not in answer.get('Contact'), 'its headers are not copied', answer.get('Contact'))
    s.with_server(request_uri, answer_contact='request-uri')

    def template(peer):
        answer = ask(s, peer, 'template')
        s.checks.same(contact_of(answer)[0], 'sip:+14045550100@gateway.example:5080;user=phone', 'template')
    s.with_server(template, answer_contact='template', answer_contact_template='sip:{user}@gateway.example:5080;user=phone')

    def source(peer):
        answer = ask(s, peer, 'source', uri='sip:+14045550100@127.0.0.1:%d' % peer.port)
        s.checks.that(';transport=udp' in answer.get('Contact'), 'source equal to the Request-URI', answer.get('Contact'))
        answer = ask(s, peer, 'tel', uri='tel:+14045550100')
        s.checks.same(contact_of(answer)[0], 'sip:+14045550100@127.0.0.1:%d;user=phone' % peer.port, 'a tel Request-URI')
    s.with_server(source)


def test_code_and_nothing(s):
    def multiple(peer):
        for how in {}, {'identity': str(Token(s.lab.pki))}:
            s.checks.same(ask(s, peer, 'code 300', **how).status, '300 Multiple Choices', 'code 300')
    s.with_server(multiple, answer_code=300)

    anonymous = {'replace': {'From': 'From: <sip:anonymous@anonymous.invalid>;tag=1'}}
    for nothing, status in ((302, '302 Moved Temporarily'), (404, '404 Not Found'), (503, '503 Service Unavailable')):
        def test(peer):
            answer = ask(s, peer, 'nothing %d' % nothing)
            s.checks.same((answer.status, answer.get('Identity')), (status, None), 'mode pass, nothing to do: %d' % nothing)
        s.with_server(test, tenant_mode='pass', answer_nothing=nothing)

    for choice, status in (('continue', '302 Moved Temporarily'), ('403', '403 Forbidden'), ('433', '433 Anonymity Disallowed')):
        s.with_server(lambda peer: s.checks.same(ask(s, peer, 'no-orig', **anonymous).status, status, 'no-orig ' + choice),
                      sign_no_orig=choice)
    s.with_server(lambda peer: s.checks.same(ask(s, peer, 'stale', date=time.time() - 600).status, '403 Stale Date', 'stale-date 403'),
                  sign_stale_date='403')

    def own_clock(peer):
        answer = ask(s, peer, 'own clock', date=time.time() - 600)
        s.checks.that(abs(decode(answer.get('Identity'))[1]['iat'] - time.time()) < 60, 'stale-date own-clock')
    s.with_server(own_clock, sign_stale_date='own-clock')
    s.with_server(lambda peer: s.checks.same(
        ask(s, peer, 'in dialog', replace={'To': 'To: <sip:+14045550100@a.example>;tag=1'}).status,
        '481 Call/Transaction Does Not Exist', 'in-dialog 481'), sip_in_dialog='481')


def test_fault(s):
    """A store of numbers that is not there: nobody can say an attestation."""
    (s.lab.folder / 'nothing').mkdir()
    away = {'authority_store': str(s.lab.folder / 'nothing'), 'sign_by_number': True, 'sign_attest': 'none'}
    why = 'SIP;cause=503;text="the store of numbers could not be asked"'
    for choice, reason, want in (('continue', 'profile', ('302 Moved Temporarily', None, None)), ('503', 'profile', ('503 Service Unavailable', '1', why)),
                                 ('503', 'none', ('503 Service Unavailable', '1', None))):
        def test(peer):
            answer = ask(s, peer, 'fault')
            s.checks.same((answer.status, answer.get('Retry-After'), answer.get('Reason')), want, 'fault %s, reason %s' % (choice, reason))
            s.checks.same(answer.get('Identity'), None, 'fault %s: unsigned' % choice)
        s.with_server(test, sign_fault=choice, answer_reason=reason, **away)


def test_reason(s):
    def stale():
        return str(Token(s.lab.pki, iat=int(time.time()) - 600))
    for choice, want in (('stir', ['STIR;cause=403;text="Stale Date"']), ('sip', ['SIP;cause=403;text="Stale Date"']), ('none', [])):
        s.with_server(lambda peer: s.checks.same(ask(s, peer, 'reason', identity=stale()).all('Reason'), want, 'reason ' + choice),
                      answer_reason=choice)


def rcd_token(pki, **claims):
    token = Token(pki)
    token.header['ppt'] = 'rcd'
    token.params[-1] = 'ppt=rcd'
    for name in 'attest', 'origid':
        del token.payload[name]
    token.payload['rcd'] = claims
    return str(token)


def rph_token(pki, *auth):
    token = Token(pki)
    token.header['ppt'] = 'rph'
    token.params[-1] = 'ppt=rph'
    for name in 'attest', 'origid':
        del token.payload[name]
    token.payload['rph'] = {'auth': list(auth)}
    return str(token)


def test_beside(s):
    """What was signed beside the number: a line each; what was verified beside it: a header each."""
    pki, priority = s.lab.pki, ['Resource-Priority: ets.0']

    def signs(peer):
        answer = ask(s, peer, 'three PASSporTs', extra=priority)
        kinds = [decode(value)[0]['ppt'] for value in answer.all('Identity')]
        s.checks.same((kinds[:1], sorted(kinds)), (['shaken'], ['rcd', 'rph', 'shaken']), 'a line each, the number first')
        s.checks.same(len(answer.all('Date')), 1, 'one Date')
        embedded = re.findall(r'[?&]Identity=', answer.get('Contact'))
        s.checks.same((len(embedded), len(answer.all('X-Identity'))), (3, 3), 'in all places')
    s.with_server(signs, sign_rph=['ets.*'], sign_rcd='passport', answer_identity_in=['header', 'x-identity', 'contact'])

    good = str(Token(pki))
    rows = [
        ('none', [good], [], None, None),
        ('good', [good, rph_token(pki, 'ets.0')], priority, 'RPH-Validation-Passed', None),
        ('another', [good, rph_token(pki, 'wps.0')], priority, 'RPH-Validation-Failed', None),
        ('no token', [good], priority, 'No-RPH-Validation', None),
        ('a name', [good, rcd_token(pki, nam='Bank "of" Somewhere')], [], None, '"Bank \\"of\\" Somewhere"'),
        ('an empty name', [good, rcd_token(pki, nam='')], [], None, None),
        ('no name', [good, rcd_token(pki, apn='x')], [], None, None),
        ('a name with a line end', [good, rcd_token(pki, nam='a\r\nEvil: 1')], [], None, None),
    ]

    def verifies(peer):
        for what, values, extra, verdict, name in rows:
            answer = ask(s, peer, what, identity=values, extra=extra)
            s.checks.same((answer.get('Priority-Verstat'), answer.get('X-RCD-Name'), answer.verstat), (verdict, name, PASSED), 'beside: ' + what)
            s.checks.same(answer.get('Evil'), None, 'beside: %s, no line of theirs' % what)
    s.with_server(verifies, verify_rph=True, verify_rcd=True)
    s.with_server(lambda peer: s.checks.same(
        [ask(s, peer, 'not asked', identity=[good, rph_token(pki, 'ets.0'), rcd_token(pki, nam='Bob')], extra=priority).get(h)
         for h in ('Priority-Verstat', 'X-RCD-Name')], [None, None], 'beside: not asked for'))


def test_attestation(s):
    """Only a listed source may say the attestation."""
    settings = {'sign_attest': 'none', 'sign_attest_headers': ['Attestation', 'P-Attestation-Indicator'],
                'sign_attest_sources': ['127.0.0.1/32']}
    server = s.server(**settings)
    peer, other = server.peer(), server.peer(address='127.0.0.2')
    for line, want in (('P-Attestation-Indicator: B', 'B'), ('Attestation: C', 'C'), ('attestation: A', 'A'),
                       ('Attestation: D', None), ('Attestation: AB', None), ('Attestation:', None), ('X: A', None)):
        value = ask(s, peer, line, extra=[line]).get('Identity')
        s.checks.same(value and decode(value)[1]['attest'], want, line)
        value = ask(s, other, line + ', other source', extra=[line]).get('Identity')
        s.checks.same(value, None, line + ' of another source')
    server.stop()

    uuid = '123e4567-e89b-12d3-a456-426655440000'
    def fixed(peer):
        s.checks.same(decode(ask(s, peer, 'origid').get('Identity'))[1]['origid'], uuid, 'origid fixed')
    s.with_server(fixed, sign_origid='fixed', sign_origid_value=uuid)

    def header(peer):
        answer = ask(s, peer, 'origid', extra=['X-Origid: ' + uuid])
        s.checks.same(decode(answer.get('Identity'))[1]['origid'], uuid, 'origid header')
        answer = ask(s, peer, 'origid', extra=['X-Second: ' + uuid])
        s.checks.same(decode(answer.get('Identity'))[1]['origid'], uuid, 'origid: another header')
        for bad in 'no uuid', uuid + '"', '':
            answer = ask(s, peer, 'origid', extra=['X-Origid: ' + bad])
            s.checks.that(re.fullmatch(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', decode(answer.get('Identity'))[1]['origid']), 'origid %r: our own' % bad)
    s.with_server(header, sign_origid='header', sign_origid_headers=['X-Origid', 'X-Second'], sign_attest_headers=['X-A'],
                  sign_attest_sources=['127.0.0.1/32'])

    def stranger(peer):
        answer = ask(s, peer, 'origid', extra=['X-Origid: ' + uuid])
        s.checks.that(decode(answer.get('Identity'))[1]['origid'] != uuid, 'origid of somebody who may not say it')
    s.with_server(stranger, sign_origid='header', sign_origid_headers=['X-Origid'], sign_attest_headers=['X-A'],
                  sign_attest_sources=['127.0.0.9/32'])


def test(laboratory, checks):
    shapes = Shapes(laboratory, checks)
    for part in (test_defaults, test_parties, test_identity_in, test_verstat_in, test_contact,
                 test_code_and_nothing, test_fault, test_reason, test_beside, test_attestation):
        part(shapes)


if __name__ == '__main__':
    lab.main(test)
