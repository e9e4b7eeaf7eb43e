"""ATIS-1000082 by the real daemon: every row of the exceptions and every verification case."""
import json
import sys
import time

import api_lab
import lab
from api_lab import post

SIGNING, VERIFICATION = '/stir/v1/signing', '/stir/v1/verification'
TEXTS = {
    'SVC4000': (400, 'Missing JSON body in the request.'),
    'SVC4001': (400, "Missing mandatory parameter '%1'."),
    'SVC4002': (406, "Requested response body type '%1' is not supported."),
    'SVC4003': (404, 'Requested resource was not found.'),
    'SVC4004': (415, "Unsupported request body type, expected '%1'."),
    'SVC4005': (400, "Invalid '%1' parameter value: %2."),
    'SVC4006': (400, "Failed to parse received message body: '%1'."),
    'SVC4007': (411, 'Missing mandatory Content-Length header.'),
    'POL4050': (405, 'Method Not Allowed: Invalid HTTP method used.'),
    'POL5000': (500, 'Internal Server Error. Please try again later.'),
    'POL4010': (401, 'Authentication is required.'),
    'POL4030': (403, 'Request is not allowed: %1.'),
    'POL4130': (413, 'Request body is too long.'),
    'POL5030': (503, 'Service is busy. Please try again later.'),
}
NO, FAILED, PASSED = 'No-TN-Validation', 'TN-Validation-Failed', 'TN-Validation-Passed'
SAID = {403: 'Stale Date', 436: 'Bad identity Info', 437: 'Unsupported credential',
        438: 'Invalid Identity Header'}
UNREAD = 'not a JSON object that is read here'


def signing(**changes):
    request = {'attest': 'A', 'dest': {'tn': [lab.DEST]}, 'iat': int(time.time()),
               'orig': {'tn': lab.ORIG}, 'origid': api_lab.ORIGID}
    request.update(changes)
    return {'signingRequest': {k: v for k, v in request.items() if v != 'without'}}


def verification(identity, **changes):
    request = {'from': {'tn': lab.ORIG}, 'to': {'tn': [lab.DEST]}, 'time': int(time.time()),
               'identity': str(identity)}
    request.update(changes)
    return {'verificationRequest': {k: v for k, v in request.items() if v != 'without'}}


def excepts(checks, answer, name, variables=(), what=''):
    status, text = TEXTS[name]
    kind = 'policyException' if name.startswith('POL') else 'serviceException'
    what = what or name
    checks.same(answer.status, status, what)
    checks.same(answer.get('Content-Type'), 'application/json', what)
    try:
        got = answer.json
    except ValueError:
        checks.that(False, what, answer.text)
        return
    row = got.get('requestError', {}).get(kind, {})
    checks.same(sorted(row), ['messageId', 'text', 'variables'], what)
    checks.same(row.get('messageId'), name, what)
    checks.same(row.get('text'), 'Error: ' + text, what)
    checks.same(row.get('variables'), list(variables) if variables is not None else row.get('variables'), what)


def exceptions(checks):
    for path, good in (SIGNING, signing()), (VERIFICATION, verification('a.b.c;info=<https://a.example/c>')):
        excepts(checks, post(path, ''), 'SVC4000')
        excepts(checks, post(path, '{"a"'), 'SVC4006', [UNREAD])
        for body in '{"a":1,"a":2}', '{"a":99999999999999999999}', '{"a":1e999}', '{"a":"\\u0000"}':
            excepts(checks, post(path, body), 'SVC4006', [UNREAD], body)
        excepts(checks, post(path, {}), 'SVC4001', [next(iter(good))])
        inner = next(iter(good.values()))
        for member in inner:
            less = {next(iter(good)): {k: v for k, v in inner.items() if k != member}}
            excepts(checks, post(path, less), 'SVC4001', [member], 'without ' + member)
            more = {next(iter(good)): dict(inner, **{member: True})}
            excepts(checks, post(path, more), 'SVC4005', None, 'wrong type of ' + member)
        excepts(checks, post(path, good, Accept='text/html'), 'SVC4002', ['text/html'])
        excepts(checks, post(path, good, Content_Type='text/plain'), 'SVC4004', ['application/json'])
        excepts(checks, post(path, good, key=None), 'POL4010')
        excepts(checks, post(path, good, key='sr_nobody'), 'POL4010')
        excepts(checks, post(path, 'x' * 66000), 'POL4130')
        for method in 'GET', 'PUT', 'DELETE':
            got = lab.http_request(api_lab.PORT, method, path, {'Authorization': 'Bearer ' + api_lab.KEY})
            excepts(checks, got, 'POL4050', what=method)
            checks.same(got.get('Allow'), 'POST', method)
        status, body = api_lab.raw(('POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n'
                                    'Content-Type: application/json\r\n\r\n' % (path, api_lab.KEY)).encode())
        checks.same(status, 411, 'no Content-Length')
        checks.that('"SVC4007"' in body and TEXTS['SVC4007'][1] in body, 'SVC4007', body)
    for path in '/stir/v1/', '/stir/v1/sign', '/stir/v1/signing/x':
        excepts(checks, post(path, signing()), 'SVC4003', what=path)
        for method in 'GET', 'PUT', 'DELETE':
            got = lab.http_request(api_lab.PORT, method, path, {'Authorization': 'Bearer ' + api_lab.KEY})
            excepts(checks, got, 'SVC4003', what=method + ' ' + path)


def types(checks):
    """What counts as JSON, and what does not."""
    for value in 'application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"':
        checks.same(post(SIGNING, signing(), Content_Type=value).status, 200, value)
    for value in 'application/jsonx', 'application/xml', 'json', '':
        excepts(checks, post(SIGNING, signing(), Content_Type=value), 'SVC4004', ['application/json'], repr(value))
    for value in 'application/json', '*/*', 'application/*', 'text/html, application/json;q=0.5', '', None:
        checks.same(post(SIGNING, signing(), Accept=value).status, 200, 'Accept: %s' % value)
    for value in 'text/html', 'application/json;q=0', 'image/*':
        excepts(checks, post(SIGNING, signing(), Accept=value), 'SVC4002', [value])


def signed(checks, laboratory):
    answer = post(SIGNING, signing(), X_RequestID='r-1', X_InstanceID='i-1')
    checks.same(answer.status, 200, answer.text)
    checks.same([answer.get('X-RequestID'), answer.get('X-InstanceID')], ['r-1', 'i-1'], 'ids come back')
    checks.same(list(answer.json), ['signingResponse'], 'one member')
    identity = answer.json['signingResponse']['identity']
    header, payload = lab.decode(identity)[:2]
    checks.same(header, {'alg': 'ES256', 'ppt': 'shaken', 'typ': 'passport',
                         'x5u': lab.X5U_BASE + 'sp.pem'}, 'header')
    checks.same([payload['attest'], payload['orig'], payload['dest'], payload['origid']],
                ['A', {'tn': lab.ORIG}, {'tn': [lab.DEST]}, api_lab.ORIGID], 'claims')
    checks.that(identity.endswith(';info=<%ssp.pem>;alg=ES256;ppt=shaken' % lab.X5U_BASE), 'parameters', identity)
    for changes, claims in (
            ({'attest': 'B'}, {'attest': 'B'}), ({'attest': 'C'}, {'attest': 'C'}),
            ({'orig': {'tn': '+1-215-555-0112'}}, {'orig': {'tn': '12155550112'}}),
            ({'dest': {'tn': ['14045550101', '+1 404 555 0100']}}, {'dest': {'tn': ['14045550100', '14045550101']}}),
            ({'origid': api_lab.ORIGID.upper()}, {'origid': api_lab.ORIGID}),
            ({'iat': int(time.time()) - 30}, None), ({'iat': int(time.time()) + 30}, None)):
        request = signing(**changes)
        answer = post(SIGNING, request)
        checks.same(answer.status, 200, '%r: %s' % (changes, answer.text))
        if answer.status == 200:
            payload = lab.decode(answer.json['signingResponse']['identity'])[1]
            wanted = claims or {'iat': request['signingRequest']['iat']}
            checks.same({k: payload[k] for k in wanted}, wanted, str(changes))
    for away in -3600, 3600, -200, 200:
        excepts(checks, post(SIGNING, signing(iat=int(time.time()) + away)), 'SVC4005', ['iat', 'not fresh'])
    # what was signed verifies
    answer = post(VERIFICATION, verification(identity))
    checks.same(answer.json, {'verificationResponse': {'verstat': PASSED}}, 'our own')
    for name, changes in (('orig.tn', {'orig': {'tn': 'alice'}}), ('dest.tn', {'dest': {'tn': []}}),
                          ('attest', {'attest': 'D'}), ('origid', {'origid': 'x'}), ('iat', {'iat': -1})):
        answer = post(SIGNING, signing(**changes))
        excepts(checks, answer, 'SVC4005', None)
        checks.same(answer.json['requestError']['serviceException']['variables'][0], name, name)


def cases(laboratory):
    """(En, token, changes of the request, reasonCode, reasonDesc, verstat)"""
    def token(leaf='sp', **how):
        t = lab.Token(laboratory.pki, leaf)
        for name, value in how.items():
            setattr(t, name, value)
        return t

    def header(**changes):
        t = token()
        t.header.update(changes)
        t.header = {k: v for k, v in t.header.items() if v is not None}
        return t

    def payload(**changes):
        t = token()
        t.payload.update(changes)
        t.payload = {k: v for k, v in t.payload.items() if v is not None}
        return t

    def params(*texts):
        return token(params=list(texts))

    info = 'info=<%ssp.pem>' % lab.X5U_BASE
    yield 'E3', token(), {'time': int(time.time()) - 3600}, 403, "Received 'time' value is not fresh.", NO
    yield ('E4', token(edit=lambda t: '..' + t.rsplit('.', 1)[1]), {}, 438,
           'Identity header in compact form instead of required by SHAKEN spec full form.', NO)
    not_shaken = "Identity header is received with 'ppt' parameter value that is not 'shaken'."
    yield 'E5', params(info, 'alg=ES256', 'ppt=other'), {}, 438, not_shaken, NO
    yield 'E6', params('alg=ES256', 'ppt=shaken'), {}, 436, "Missing 'info' parameter in the 'identity'.", NO
    for bad in 'http://a.example/c', 'https://a.example:99/c', 'https://u@a.example/c', 'https://a.example/c?x':
        yield 'E7', params('info=<%s>' % bad, 'alg=ES256', 'ppt=shaken'), {}, 436, "Invalid 'info' URI.", NO
    away = 'https://away.invalid/c.pem'
    t = header(x5u=away)
    t.params = ['info=<%s>' % away, 'alg=ES256', 'ppt=shaken']
    yield 'E8', t, {}, 436, "Failed to dereference 'info' URI.", NO
    for claim in 'alg', 'typ', 'x5u', 'ppt':
        yield 'E9', header(**{claim: None}), {}, 436, "Missing '%s' claim in the PASSporT header." % claim, NO
    yield ('E10', header(x5u=lab.X5U_BASE + 'other.pem'), {}, 436, "'x5u' from PASSporT header doesn't match the "
           "'info' parameter of identity header value.", NO)
    yield 'E11', header(typ='JWT'), {}, 437, "'typ' from PASSporT header is not 'passport'.", NO
    yield 'E12', header(alg='ES384'), {}, 437, "'alg' from PASSporT header is not 'ES256'.", NO
    yield 'E13', header(ppt='div'), {}, 438, "'ppt' from PASSporT header is not 'shaken'.", NO
    for claim in 'attest', 'dest', 'iat', 'orig', 'origid':
        yield ('E14', payload(**{claim: None}), {}, 438,
               "Missing '%s' mandatory claim in PASSporT payload" % claim, NO)
    for away in -3600, 3600:
        yield ('E15', payload(iat=int(time.time()) + away), {}, 403,
               "'iat' from PASSporT payload is not fresh.", NO)
    other = "'%s' claim from PASSporT payload doesn't match the received in the verification request claim."
    yield 'E16', token(), {'from': {'tn': '12155559999'}}, 438, other % 'orig', NO
    yield 'E16', token(), {'to': {'tn': ['12155559999']}}, 438, other % 'dest', NO
    yield 'E17', lab.Token(laboratory.pki, 'expired'), {}, 437, 'Failed to authenticate CA.', FAILED
    yield 'E18', token(spoil='bit'), {}, 438, 'Signature validation failed.', FAILED
    yield 'E19', payload(attest='D'), {}, 438, "'attest' claim in PASSporT is not valid.", NO


def verified(checks, laboratory):
    seen = {'E1', 'E2'}
    for name, token, changes, code, desc, verstat in cases(laboratory):
        answer = post(VERIFICATION, verification(token, **changes))
        checks.same(answer.status, 200, '%s: %s' % (name, answer.text))
        checks.same(answer.json, {'verificationResponse': {
            'reasonCode': code, 'reasonText': SAID[code], 'reasonDesc': desc, 'verstat': verstat}}, name)
        seen.add(name)
    checks.same(sorted(seen), sorted('E%d' % n for n in range(1, 20)), 'every case')
    for bad in 'x', 'a.b', '!.!.!;info=<https://a.example/c>;ppt=shaken', 'a.b.c;info="':
        answer = post(VERIFICATION, verification(bad))
        excepts(checks, answer, 'SVC4005', None, 'E2: ' + bad)
        checks.same(answer.json['requestError']['serviceException']['variables'][0], 'identity', bad)
    # of several, the claim is that of the one that came furthest
    bare, less = lab.Token(laboratory.pki), lab.Token(laboratory.pki)
    bare.params, less.payload = ['alg=ES256', 'ppt=shaken'], {k: v for k, v in less.payload.items() if k != 'origid'}
    for pair in (bare, less), (less, bare):
        answer = post(VERIFICATION, verification(', '.join(map(str, pair))))
        checks.same(answer.json['verificationResponse'].get('reasonDesc'),
                    "Missing 'origid' mandatory claim in PASSporT payload", 'two that fail')
    good = str(lab.Token(laboratory.pki))
    for changes in {}, {'to': {'tn': ['+1 (404) 555-0100']}}, {'from': {'tn': '+1-215-555-0112'}}, {'extra': 1}:
        answer = post(VERIFICATION, verification(good, **changes))
        checks.same([answer.status, answer.text], [200, '{"verificationResponse":{"verstat":"%s"}}' % PASSED],
                    str(changes))


def rights(checks):
    for key, path, body, name in (
            ('b', SIGNING, signing(attest='A'), 'attest'), ('verifier', SIGNING, signing(), 'signing'),
            ('signer', VERIFICATION, verification('a.b.c'), 'verification')):
        excepts(checks, post(path, body, key='sr_' + key + '-0123456789abcdef'), 'POL4030', [name])
    checks.same(post(SIGNING, signing(attest='B'), key='sr_b-0123456789abcdef').status, 200, 'B')
    checks.same(post(SIGNING, signing(), key='sr_signer-0123456789abcdef').status, 200, 'a signer signs')


def faults(checks, laboratory):
    """No key: ours, and never the client's."""
    server = api_lab.daemon(laboratory, sign={'key': '', 'certificate': '', 'x5u': ''})
    excepts(checks, post(SIGNING, signing()), 'POL5000')
    answer = post(VERIFICATION, verification(lab.Token(laboratory.pki)))
    checks.same(answer.json, {'verificationResponse': {'verstat': PASSED}}, 'verifying needs no key')
    server.stop()


def blocked(checks, laboratory):
    """A number on a list that blocks: the code and phrase of the answer by SIP, which no verdict has."""
    for block in '603+', '607':
        server = api_lab.daemon(laboratory, **api_lab.blocking(laboratory, block))
        for orig in api_lab.BLOCKED, api_lab.UNORIGINATED, lab.ORIG:
            identity = str(lab.Token(laboratory.pki, orig=orig))
            sip = server.peer().invite(orig=orig, identity=identity)
            answer = post(VERIFICATION, verification(identity, **{'from': {'tn': orig}}))
            got = answer.json['verificationResponse']
            if orig == lab.ORIG:
                checks.same((sip.code, got), (302, {'verstat': PASSED}), 'on no list')
                continue
            checks.same(sip.status, {'603+': '603 Network Blocked', '607': '607 Unwanted'}[block], 'blocked by SIP')
            checks.same((answer.status, '%s %s' % (got.get('reasonCode'), got.get('reasonText')), got.get('reasonDesc'),
                         got['verstat']), (200, sip.status, 'the calling number is on a list of numbers to block', NO),
                        '%s: %s' % (block, orig))
            checks.same(post('/v1/check', identity).text, 'FAILED\n\n', 'secsipidx has one word for all')
        server.stop()


def test(laboratory, checks):
    clients = {name: dict(rest, keys=[api_lab.hashed('sr_%s-0123456789abcdef' % name)])
               for name, rest in (('b', {'attest': 'B'}), ('verifier', {'sign': False}),
                                  ('signer', {'verify': False}))}
    server = api_lab.daemon(laboratory, clients)
    exceptions(checks)
    types(checks)
    signed(checks, laboratory)
    verified(checks, laboratory)
    rights(checks)
    checks.that(api_lab.KEY not in server.log and json.dumps(lab.ORIG) not in server.log, 'no key in the log')
    server.stop()
    faults(checks, laboratory)
    blocked(checks, laboratory)


if __name__ == '__main__':
    sys.exit(lab.main(test))
