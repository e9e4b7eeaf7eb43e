"""TS 24.229, Annex V.2 (Ms) by the real daemon: what is signed verifies, several Identity headers,
div, rph, every error."""
import sys
import time

import api_lab
import lab
from api_lab import post

SIGNING, VERIFICATION = '/ms/signing', '/ms/verification'
NO, FAILED, PASSED = 'No-TN-Validation', 'TN-Validation-Failed', 'TN-Validation-Passed'
THIRD = '14045550177'
MISSING, INVALID = 'Missing Mandatory Parameter', 'Invalid Parameter Value'


def signing(**changes):
    request = {'dest': {'tn': [lab.DEST]}, 'iat': int(time.time()), 'orig': {'tn': lab.ORIG}}
    if changes.get('ppt', 'shaken') == 'shaken':
        request.update(attest='A', origid=api_lab.ORIGID)
    request.update(changes)
    return {'signingRequest': {k: v for k, v in request.items() if v != 'without'}}


def verification(*identities, **changes):
    request = {'from': {'tn': lab.ORIG}, 'to': {'tn': lab.DEST}, 'time': int(time.time()),
               'identityHeaders': [str(i) for i in identities]}
    request.update(changes)
    return {'verificationRequest': {k: v for k, v in request.items() if v != 'without'}}


def sign(checks, **changes):
    answer = post(SIGNING, signing(**changes))
    checks.same(answer.status, 200, '%r: %s' % (changes, answer.text))
    return answer.json['signingResponse']['identityHeader'] if answer.status == 200 else ''


def verify(checks, *identities, **changes):
    answer = post(VERIFICATION, verification(*identities, **changes))
    checks.same(answer.status, 200, answer.text)
    return answer.json.get('verificationResponse', {})


def fails(checks, answer, status, error, parameter=None, what=''):
    want = {'error': error}
    if parameter:
        want['parameter'] = parameter
    checks.same([answer.status, answer.json], [status, want], what or error)
    checks.same(answer.get('Content-Type'), 'application/json', what or error)


def errors(checks):
    for path, good in (SIGNING, signing()), (VERIFICATION, verification('e30.e30.c2ln;info=<https://a.example/c>')):
        name = next(iter(good))
        fails(checks, post(path, ''), 400, 'Missing Request body')
        for body in '{', '{"a":99999999999999999999}', '{"a":1e999}', '{"a":"\\u0000"}':
            fails(checks, post(path, body), 400, 'Failed To Parse Message Body', what=body)
        fails(checks, post(path, {}), 400, MISSING, name)
        for member in good[name]:
            less = {name: {k: v for k, v in good[name].items() if k != member}}
            fails(checks, post(path, less), 400, MISSING,
                  'identityHeader' if member == 'identityHeaders' else member)
            fails(checks, post(path, {name: dict(good[name], **{member: True})}), 400, INVALID, member)
        fails(checks, post(path, good, key=None), 401, 'Unauthorized')
        fails(checks, post(path, good, key='sr_nobody'), 401, 'Unauthorized')
        fails(checks, lab.http_request(api_lab.PORT, 'GET', path, {'Authorization': 'Bearer ' + api_lab.KEY}),
              405, 'Method Not Allowed')
        fails(checks, post(path, good, Accept='text/html'), 406, 'Not Acceptable')
        fails(checks, post(path, good, Content_Type='text/plain'), 415, 'Unsupported Media Type')
        fails(checks, post(path, ' ' * 70000), 413, 'Content Too Large')
        status, body = api_lab.raw(('POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n'
                                    'Content-Type: application/json\r\n\r\n' % (path, api_lab.KEY)).encode())
        checks.same([status, body], [411, '{"error":"Length Required"}'], 'no Content-Length')
    for path in '/ms/divSigning', '/ms/rphSigning', '/ms/':
        fails(checks, post(path, signing()), 404, 'Not Found')
    for changes, parameter in (({'iat': 1443208345}, 'iat'), ({'dest': {'uri': ['sip:alice@a.example']}}, 'dest'),
                               ({'ppt': 'rcd'}, 'ppt'), ({'attest': 'D'}, 'attest'), ({'origid': 'x'}, 'origid'),
                               ({'orig': {'tn': 'x'}}, 'orig.tn'), ({'orig': {'uri': 'sip:alice@a.example'}}, 'orig'),
                               ({'ppt': 'div', 'div': {'tn': 'x'}}, 'div.tn'),
                               ({'ppt': 'div', 'div': {'tn': '1', 'hi': '1'}}, 'div.hi'),
                               ({'ppt': 'rph', 'rph': {'auth': ['a b']}}, 'rph.auth')):
        fails(checks, post(SIGNING, signing(**changes)), 400, INVALID, parameter)
    for auth in ['wps.0'], ['esnet.1', 'wps.0']:  # sign.rph does not allow it
        fails(checks, post(SIGNING, signing(ppt='rph', rph={'auth': auth})), 403, 'Forbidden')


def shaken(checks, laboratory):
    for changes in ({}, {'ppt': 'shaken'}, {'dest': {'tn': lab.DEST}}, {'dest': {'uri': ['tel:+' + lab.DEST]}},
                    {'orig': {'uri': 'sip:+%s@a.example;user=phone' % lab.ORIG}}, {'attest': 'C'},
                    {'orig': {'uri': 'sip:+%s@a.example' % lab.ORIG}}, {'dest': {'uri': 'sip:%s@a.example' % lab.DEST}}):
        identity = sign(checks, **changes)
        payload = lab.decode(identity)[1]
        checks.same([payload['orig'], payload['dest'], payload['attest']],
                    [{'tn': lab.ORIG}, {'tn': [lab.DEST]}, changes.get('attest', 'A')], str(changes))
        got = verify(checks, identity)
        checks.same(got, {'verstatValue': PASSED, 'verifyResults': [{'verifyResult': {
            'ppt': 'shaken', 'status': 'pass', 'passport': identity.split(';')[0], 'validClaims': payload}}]},
            str(changes))
        for parties in ({'from': {'uri': 'tel:+' + lab.ORIG}, 'to': {'uri': 'tel:+' + lab.DEST}},
                        {'to': {'tn': [lab.DEST]}},
                        {'identityHeader': identity, 'identityHeaders': 'without'}):
            checks.same(verify(checks, identity, **parties)['verstatValue'], PASSED, str(parties))
    for changes, err, verstat in (({'from': {'tn': '12155559999'}}, 438, NO), ({'to': {'tn': '12155559999'}}, 438, NO),
                                  ({'time': int(time.time()) - 3600}, 403, NO)):
        got = verify(checks, sign(checks), **changes)
        checks.same([got['verstatValue'], got['verifyResults'][0]['verifyResult']['reasonCode']], [verstat, err],
                    str(changes))
    # several: one that is good is enough, and each is told of
    bad, expired = lab.Token(laboratory.pki), lab.Token(laboratory.pki, 'expired')
    bad.spoil = 'bit'
    got = verify(checks, bad, expired, sign(checks))
    checks.same([got['verstatValue']] + [r['verifyResult']['status'] for r in got['verifyResults']],
                [PASSED, 'fail', 'fail', 'pass'], 'three')
    checks.same([r['verifyResult'].get('reasonCode') for r in got['verifyResults']], [438, 437, None], 'codes')
    checks.same([r['verifyResult'].get('reasonDescription') for r in got['verifyResults']],
                ['Signature validation failed.', 'Failed to authenticate CA.', None], 'descriptions')
    checks.same(verify(checks, bad)['verstatValue'], FAILED, 'a bad signature alone')


def diverted(checks):
    first = sign(checks)
    div = sign(checks, ppt='div', dest={'tn': [THIRD]}, div={'tn': lab.DEST})
    payload = lab.decode(div)[1]
    checks.same([payload['div'], payload['dest'], sorted(payload)],
                [{'tn': lab.DEST}, {'tn': [THIRD]}, ['dest', 'div', 'iat', 'orig']], 'claims of div')
    got = verify(checks, first, div, dest='tel:+' + THIRD)
    checks.same([got['verstatValue'], got['divResult']],
                [PASSED, [{'div': {'tn': lab.DEST}, 'verstatValue': PASSED}]], 'a chain')
    got = verify(checks, first, dest='tel:+' + THIRD)
    checks.same(got['verstatValue'], FAILED, 'a chain without its link')
    got = verify(checks, first, div, dest='tel:+14045550188')
    checks.same([got['verstatValue'], got['divResult'][0]['verstatValue']], [FAILED, FAILED], 'to somebody else')


def priority(checks):
    rph = sign(checks, ppt='rph', rph={'auth': ['esnet.1']})
    payload = lab.decode(rph)[1]
    checks.same([payload['rph'], 'attest' in payload], [{'auth': ['esnet.1']}, False], 'claims of rph')
    first = sign(checks)
    for header, value in ('esnet.1', 'Passed'), ('esnet.0', 'Failed'), ('esnet.1, esnet.0', 'Failed'):
        got = verify(checks, first, rph, protectedHeaders=['Resource-Priority: ' + header])
        checks.same([got['verstatValue'], got['verstatPriority']], [PASSED, 'RPH-Validation-' + value], header)
    checks.that('verstatPriority' not in verify(checks, first), 'none without rph')


def blocked(checks, laboratory):
    """A number on a list that blocks: the code and phrase of the answer by SIP, for each Identity."""
    server = api_lab.daemon(laboratory, **api_lab.blocking(laboratory))
    identity = str(lab.Token(laboratory.pki, orig=api_lab.BLOCKED))
    sip = server.peer().invite(orig=api_lab.BLOCKED, identity=identity)
    checks.same(sip.status, '603 Decline', 'blocked by SIP')
    got = verify(checks, identity, identity, **{'from': {'tn': api_lab.BLOCKED}})
    one = {'verifyResult': {'ppt': 'shaken', 'status': 'fail', 'reasonCode': 603, 'reasonText': 'Decline',
                            'reasonDescription': 'the calling number is on a list of numbers to block',
                            'passport': identity.split(';')[0]}}
    checks.same(got, {'verstatValue': NO, 'verifyResults': [one, one]}, 'blocked')
    server.stop()


def test(laboratory, checks):
    server = api_lab.daemon(laboratory, sign={'div': True, 'rph': ['esnet.*']}, verify={'div': True, 'rph': True})
    errors(checks)
    shaken(checks, laboratory)
    diverted(checks)
    priority(checks)
    server.stop()
    server = api_lab.daemon(laboratory)
    for changes in {'ppt': 'div', 'div': {'tn': lab.DEST}}, {'ppt': 'rph', 'rph': {'auth': ['esnet.1']}}:
        fails(checks, post(SIGNING, signing(**changes)), 403, 'Forbidden', what='off unless the tenant signs them')
    server.stop()
    blocked(checks, laboratory)


if __name__ == '__main__':
    sys.exit(lab.main(test))
