"""The same question through every door: SIP, ATIS-1000082, Ms, secsipidx and `shaken verify`.

Each outcome stands in the record that the call leaves, so the names must be equal, whatever words a
door has for them; the words must fit the outcome.  Where a door cannot ask, or cannot say it, that
is an exception with a name and a count, never silence.
"""
import collections
import itertools
import json
import os
import subprocess
import time

import lab
from lab import http_request, unb64
from test_parity import CLOCK, DEST, DIV_X5U, DRAFT_X5U, ORIG, Past, dressed, jose_of, vectors, x5u_of

CLOCK_MODULE = lab.BUILD / 'tests' / 'fake' / 'still_clock.so'
PROFILES = 'atis', 'rfc8224', 'man'
UUID = '123e4567-e89b-12d3-a456-426655440000'

Question = collections.namedtuple('Question', 'group name identity orig dest now')


def still(now):
    return dict(os.environ, LD_PRELOAD=str(CLOCK_MODULE), STILL_CLOCK=str(now))


def key_of(laboratory, past):
    """The vectors' key in a file that only its owner reads."""
    path = laboratory.folder / 'draft.key'
    if not path.exists():
        path.write_bytes(past.keys['draft'].read_bytes())
        path.chmod(0o600)
    return path


class Server:
    """A redirector of one profile at one moment, with all of its doors open."""

    def __init__(self, laboratory, past, profile, now, number):
        self.port, self.web = 5100 + number, 8100 + number
        self.now, self.profile = now, profile
        self.daemon = laboratory.redirector(
            self.port, env=still(now), tenant_mode='auto', tenant_profile=profile, log_format='json', verify_fetch=False,
            sign_key=str(key_of(laboratory, past)), sign_certificate=str(past.chain[DRAFT_X5U]), sign_x5u=DRAFT_X5U,
            trust_anchors=[str(root) for root in past.roots], trust_crls=[],
            verify_certificates={url: str(path) for url, path in past.chain.items()},
            http_listen=['http:127.0.0.1:%d' % self.web], clients_doors={'sources': ['127.0.0.0/8'], 'attest': 'A'})
        self.daemon.wait_workers(1, web=1)
        self.peer, self.read, self.found = self.daemon.peer(), 0, {}

    def outcome(self, call):
        """What the record of this call says; each line of the log is read once."""
        end = time.monotonic() + lab.PATIENCE
        self.daemon.wait_log('"id":"%s"' % call, 'record')
        while call not in self.found and time.monotonic() < end:
            whole, _, _ = self.daemon.log.rpartition('\n')     # the last line may be half written
            lines = whole.splitlines()
            for line in lines[self.read:]:
                if line.startswith('{"event":"call"'):
                    record = json.loads(line)
                    self.found[record['id']] = record
            self.read = len(lines)
        return self.found[call]


class Doors:
    def __init__(self, laboratory, checks, past):
        self.lab, self.checks, self.past = laboratory, checks, past
        self.servers, self.asked, self.outcomes = {}, collections.Counter(), collections.Counter()
        self.exceptions, self.serial, self.commanded = collections.Counter(), 0, 0

    def server(self, profile, now):
        key = profile, now
        if key not in self.servers:
            self.servers[key] = Server(self.lab, self.past, profile, now, len(self.servers))
        return self.servers[key]

    def name(self):
        self.serial += 1
        return 'door-%d' % self.serial

    def post(self, server, path, body, kind='application/json'):
        """@return the answer, and the record"""
        name = self.name()
        answer = http_request(server.web, 'POST', path, {'X-RequestID': name, 'Content-Type': kind, 'Accept': '*/*'},
                              json.dumps(body) if kind == 'application/json' else body)
        return answer, name

    # --------------------------------------------------------------- the doors
    # each: @return the name of the call, None when it was not asked; and what the door said

    def by_sip(self, server, q):
        answer = server.peer.invite(identity=q.identity, orig=q.orig, dest=q.dest, date=q.now)
        return answer.get('Call-ID'), answer.verstat

    def by_atis(self, server, q):
        answer, name = self.post(server, '/stir/v1/verification', {'verificationRequest': {
            'from': {'tn': q.orig}, 'to': {'tn': [q.dest]}, 'time': q.now, 'identity': q.identity}})
        if answer.status != 200:
            return None, answer.text
        return name, answer.json['verificationResponse']

    def by_ms(self, server, q):
        answer, name = self.post(server, '/ms/verification', {'verificationRequest': {
            'from': {'tn': q.orig}, 'to': {'tn': q.dest}, 'time': q.now, 'identityHeader': q.identity}})
        if answer.status != 200:
            return None, answer.text
        return name, answer.json['verificationResponse']

    def by_check(self, server, q):
        answer, name = self.post(server, '/v1/check', q.identity.encode(), 'text/plain')
        return name, answer.text

    def by_command(self, profile, q):
        chain = self.past.chain[DIV_X5U if x5u_of(q.identity) == DIV_X5U else DRAFT_X5U]
        run = subprocess.run([lab.SHAKEN, 'verify', '--json', '--rules', profile, '--orig', q.orig, '--dest', q.dest, '--certificate', chain,
                              *self.past.trust, '--now', str(q.now), '-'], input=q.identity.encode(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return json.loads(run.stdout) if run.returncode in (0, 1) else {'outcome': run.stderr, 'code': None}

    # --------------------------------------------------------------- comparing

    def compare(self, profile, q):
        server = self.server(profile, q.now)
        what = '%s, %s, %s' % (profile, q.group, q.name)
        # all are asked before the first record is waited for: the log is written in turns
        (sip, said), *others = [by(server, q) for by in (self.by_sip, self.by_atis, self.by_ms, self.by_check)]
        want = server.outcome(sip)['result']
        self.asked[profile] += 1
        self.outcomes[want] += 1
        for door, (name, answer) in zip(('ATIS', 'Ms'), others):
            if name is None:
                # E2: a syntax that the interface refuses as a parameter, and so never asks
                self.exceptions['%s: refused as a parameter, 400' % door] += 1
                self.checks.that(want in ('SK_IDENTITY_SYNTAX', 'SK_TOKEN_SYNTAX', 'SK_TOKEN_SIZE', 'SK_IDENTITY_PARAMS',
                                          'SK_CLAIM_TYPE'), '%s: %s refuses only what SIP does' % (what, door), (want, answer))
                continue
            self.checks.same(server.outcome(name)['result'], want, '%s: by %s' % (what, door))
            verstat = answer['verstat' if door == 'ATIS' else 'verstatValue']
            self.checks.same(verstat, said, '%s: verstat by %s' % (what, door))
        self.compare_check(server, *others[2], want, what)
        self.compare_command(profile, q, want, others[0][1], what)
        return want

    def compare_command(self, profile, q, want, atis, what):
        got = self.by_command(profile, q)
        self.commanded += 1
        self.checks.same(got['outcome'], want, what + ': by `shaken verify`')
        if want == 'SK_PPT_UNKNOWN' and got['code'] == 0:
            # SIP passes over it, and so has no code; by ATIS it is the only token, and the answer needs one
            self.exceptions['ATIS: a code for a type that SIP passes over'] += 1
        elif isinstance(atis, dict):
            self.checks.same(got['code'], atis.get('reasonCode', 0), what + ': the code by `shaken verify`')

    def compare_check(self, server, name, said, want, what):
        """It has no numbers of its own: what is wrong with them alone it cannot see."""
        got = server.outcome(name)['result']
        self.checks.same(said == 'OK\n', got == 'SK_OK', what + ': /v1/check says what it found')
        if want in ('SK_ORIG_MISMATCH', 'SK_DEST_MISMATCH'):
            self.exceptions['check: it compares no numbers'] += 1
        elif got != want:
            # a token without a party is of nobody: found where the numbers are compared
            self.exceptions['check: no party to read'] += 1
            self.checks.that(got in ('SK_ORIG_MISMATCH', 'SK_DEST_MISMATCH') and want != 'SK_OK', what + ': by /v1/check',
                             (got, want))
        else:
            self.checks.same(got, want, what + ': by /v1/check')


def questions(past):
    """@return what can be asked by all of them"""
    for row in vectors('passports/generated.json'):
        if row['identity'] is not None:
            yield Question('generated', row['name'], row['identity'], row['call_orig'], row['call_dest'], row['now'])
    for row in vectors('passports/official.json'):
        for ppt in jose_of(row['token']).get('ppt'), 'shaken':
            yield Question('official', '%s as %s' % (row['name'], ppt), dressed(row['token'], ppt), ORIG, DEST, CLOCK)
    plain = vectors('passports/serialization.json')[0]['header']
    for row in vectors('passports/serialization.json'):
        header, payload = row.get('header', plain), row['payload']
        claims = json.loads(payload)
        yield Question('serialization', row['name'], dressed(past.sign(header, payload), json.loads(header)['ppt']),
                       claims['orig'].get('tn', ORIG), claims['dest'].get('tn', [DEST])[0], CLOCK)


def matrix(past):
    """Tokens with several faults at once: which of them is told is the order of the checks."""
    header = json.dumps({'alg': 'ES256', 'ppt': 'shaken', 'typ': 'passport', 'x5u': DRAFT_X5U}, separators=(',', ':'))
    for orig, dest, age, attest in itertools.product((ORIG, '12155550999'), (DEST, '12155550998'), (0, 60, 61, -60, -61), 'ABCDa'):
        payload = json.dumps({'attest': attest, 'dest': {'tn': [dest]}, 'iat': CLOCK - age, 'orig': {'tn': orig},
                              'origid': UUID}, separators=(',', ':'))
        yield Question('matrix', '%s to %s, %d s old, %s' % (orig, dest, age, attest),
                       dressed(past.sign(header, payload), 'shaken'), ORIG, DEST, CLOCK)


def test_matrix(doors, past):
    for q in matrix(past):
        doors.compare('atis', q)


def test_verdicts(doors, past):
    every = list(questions(past))
    for profile in PROFILES:
        for q in every:
            doors.compare(profile, q)


def test_signed(doors):
    """What each door signs, every door takes: the same claims, the same verdict."""
    server, check = doors.server('atis', CLOCK), doors.checks
    claims = {'attest': 'A', 'dest': {'tn': [DEST]}, 'iat': CLOCK, 'orig': {'tn': ORIG}, 'origid': UUID}
    sip = server.peer.invite(orig=ORIG, dest=DEST, date=CLOCK).get('Identity')
    atis, _ = doors.post(server, '/stir/v1/signing', {'signingRequest': claims})
    ms, _ = doors.post(server, '/ms/signing', {'signingRequest': claims})
    csv, _ = doors.post(server, '/v1/sign-csv', ('%s,%s,A,%s,%s' % (ORIG, DEST, UUID, DRAFT_X5U)).encode(), 'text/plain')
    made = {'SIP': sip, 'ATIS': atis.json['signingResponse']['identity'],
            'Ms': ms.json['signingResponse']['identityHeader'], 'secsipidx': csv.text.strip()}
    for door, identity in made.items():
        got = json.loads(unb64(identity.split('.')[1]))
        for claim in claims:
            if claim != 'origid' or door != 'SIP':
                check.same(got[claim], claims[claim], 'signed by %s: %s' % (door, claim))
        check.same(identity.partition(';')[2], made['SIP'].partition(';')[2], 'signed by %s: parameters' % door)
        for profile in PROFILES:
            want = doors.compare(profile, Question('signed', door, identity, ORIG, DEST, CLOCK))
            check.same(want, 'SK_OK', '%s: signed by %s' % (profile, door))
    for door, path, body, kind in (
            ('ATIS', '/stir/v1/signing', {'signingRequest': dict(claims, iat=CLOCK - 61)}, 'application/json'),
            ('Ms', '/ms/signing', {'signingRequest': dict(claims, iat=CLOCK - 61)}, 'application/json'),
            ('ATIS', '/stir/v1/signing', {'signingRequest': dict(claims, attest='D')}, 'application/json'),
            ('Ms', '/ms/signing', {'signingRequest': dict(claims, attest='D')}, 'application/json'),
            ('secsipidx', '/v1/sign-csv', ('%s,%s,D,%s,' % (ORIG, DEST, UUID)).encode(), 'text/plain'),
            ('secsipidx', '/v1/sign-csv', ('bob,%s,A,%s,' % (DEST, UUID)).encode(), 'text/plain')):
        check.same(doors.post(server, path, body, kind)[0].status, 400, '%s does not sign it' % door)


def test(laboratory, checks):
    past = Past(laboratory)
    doors = Doors(laboratory, checks, past)
    test_verdicts(doors, past)
    test_matrix(doors, past)
    test_signed(doors)
    print('questions: %s; together %d' % (', '.join('%s %d' % pair for pair in doors.asked.items()),
                                          sum(doors.asked.values())))
    print('outcomes: %s' % ', '.join('%s %d' % pair for pair in doors.outcomes.most_common()))
    for why, count in sorted(doors.exceptions.items()):
        print('exceptions, %d: %s' % (count, why))
    checks.same(doors.commanded, sum(doors.asked.values()), 'all of them by the command, too')
    checks.that(sum(doors.asked.values()) >= 200 and len(doors.outcomes) >= 15, 'enough of each', doors.outcomes)
    checks.that(doors.outcomes['SK_OK'] >= 16, 'some pass', doors.outcomes)


if __name__ == '__main__':
    lab.main(test)
