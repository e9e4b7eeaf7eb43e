"""Calls through a real Kamailio with scripts/kamailio/redirector.cfg: signed, verified,
and going on when the redirector is dead; Kamailio's secsipid module checks what we sign.
"""
import os
import subprocess

import lab
from lab import Message, Peer, Token, decode

PROXY, REDIRECTOR = ('127.0.0.1', 15060), ('127.0.0.1', 15070)
FAST = ('127.0.0.1', 15061)             # gives up as early as the file says: for a redirector that is dead
CUSTOMER, STRANGER = ('127.0.0.2', 15060), ('127.0.0.3', 15060)
CARRIER, PHONE = ('127.0.0.4', 15060), ('127.0.0.5', 15060)


def quoted(end):
    return '"sip:%s:%d"' % end


class Call:
    """One INVITE through the proxy; the caller gets 200 as soon as the callee was asked."""

    def __init__(self, caller, callee, **how):
        self.onward = None              # the INVITE as the callee got it
        raw = caller.build(**how)
        self.call = Message(raw).get('Call-ID')
        caller.send(raw)
        callee.sock.settimeout(0.05)
        caller.sock.settimeout(0.05)
        self.final = None
        for _ in range(200):
            self.serve(callee)
            try:
                answer = caller.receive()
            except OSError:
                continue
            if answer.code < 200:
                continue
            self.acknowledge(caller, answer)
            if answer.get('Call-ID') == self.call:      # else of the call before, sent once more
                self.final = answer
                return

    def serve(self, callee):
        try:
            raw, source = callee.sock.recvfrom(65535)
        except OSError:
            return
        message = Message(raw)
        if not message.start.startswith('INVITE') or message.get('Call-ID') != self.call:
            return
        self.onward = message
        lines = ['SIP/2.0 200 OK'] + ['%s: %s' % (n, v) for n in ('Via', 'Record-Route', 'From', 'Call-ID', 'CSeq')
                                      for v in message.all(n)]
        lines += ['To: %s;tag=callee' % message.get('To'), 'Contact: <sip:callee@%s:%d>' % callee.sock.getsockname(),
                  'Content-Length: 0', '', '']
        callee.sock.sendto('\r\n'.join(lines).encode(), source)

    @staticmethod
    def acknowledge(caller, answer):
        if answer.code >= 300:
            lines = ['ACK sip:x@proxy SIP/2.0', 'Via: ' + answer.get('Via'), 'Max-Forwards: 70', 'From: ' + answer.get('From'),
                     'To: ' + answer.get('To'), 'Call-ID: ' + answer.get('Call-ID'),
                     'CSeq: ' + answer.get('CSeq').replace('INVITE', 'ACK'), 'Content-Length: 0', '', '']
            caller.send('\r\n'.join(lines).encode())


def kamailio(laboratory, config, name, **defines):
    run = laboratory.folder / (name + '.run')
    run.mkdir()
    command = ['kamailio', '-f', config, '-DD', '-E', '-m', '32', '-M', '4', '-Y', run, '-P', run / 'pid']
    for key, value in defines.items():
        command += ['-A', '%s=%s' % (key, value)]
    return laboratory.start(command, name)


def wait_sip(end):
    peer = Peer(end)
    peer.sock.settimeout(0.1)
    for _ in range(200):
        try:
            peer.ask(peer.build('OPTIONS', uri='sip:%s:%d' % end))
            return peer.close()
        except OSError:
            pass
    raise TimeoutError('nobody answers at %s:%d' % end)


def test_signed(checks, ends):
    call = Call(ends['customer'], ends['carrier'], extra=['P-Attestation-Indicator: C'])
    checks.same(call.final.code, 200, 'a call out is answered')
    value = call.onward.get('Identity')
    checks.that(value, 'the carrier gets an Identity')
    if value:
        _, payload, _ = decode(value)
        checks.same((payload['orig'], payload['dest'], payload['attest']),
                    ({'tn': lab.ORIG}, {'tn': [lab.DEST]}, 'A'), 'its claims')
    checks.same(call.onward.get('P-Attestation-Indicator'), None, 'the attestation header stays inside')
    checks.same(call.onward.start, 'INVITE sip:+14045550100@proxy.example;user=phone SIP/2.0', 'the Request-URI is the one before')
    return value


def test_verified(laboratory, checks, ends):
    pki = laboratory.pki
    bad, stale = Token(pki), Token(pki)
    bad.spoil = 'bit'
    stale.payload['iat'] -= 600
    forged = ['P-Asserted-Identity: <sip:+12155550112;verstat=TN-Validation-Passed@evil.example>']
    rows = [
        ('good', str(Token(pki)), [], 'TN-Validation-Passed', None),
        ('spoiled', str(bad), [], 'TN-Validation-Failed', 'STIR;cause=438;text="Invalid Identity Header"'),
        ('stale', str(stale), [], 'No-TN-Validation', 'STIR;cause=403;text="Stale Date"'),
        ('none', [], [], 'No-TN-Validation', None),
        ('none, with a verstat of its own', [], forged, 'No-TN-Validation', None),
        ('spoiled, with a verstat of its own', str(bad), forged, 'TN-Validation-Failed', 'STIR;cause=438;text="Invalid Identity Header"'),
    ]
    for what, identity, extra, verstat, reason in rows:
        call = Call(ends['stranger'], ends['phone'], identity=identity, extra=extra)
        checks.same(call.final and call.final.code, 200, what + ': the call is answered')
        pai = call.onward.all('P-Asserted-Identity')
        checks.same(len(pai), 1, what + ': one P-Asserted-Identity')
        checks.that(pai and (';verstat=%s@' % verstat) in pai[0], what + ': verstat at the phone', pai)
        checks.same(call.final.get('Reason'), reason, what + ': the caller\'s side learns why')


def test_fail_open(checks, ends):
    customer, stranger = Peer(FAST, CUSTOMER[0], 15061), Peer(FAST, STRANGER[0], 15061)
    call = Call(customer, ends['carrier'])
    checks.same((call.final and call.final.code, call.onward.get('Identity')), (200, None), 'dead redirector: out, unsigned')
    call = Call(stranger, ends['phone'], identity='x.y.z;info=<https://a.example/b>')
    checks.that(call.final and call.final.code == 200
                and 'No-TN-Validation' in call.onward.get('P-Asserted-Identity'), 'dead redirector: in, not validated')


def test_blocked(checks, ends):
    """A redirector that refuses: played by a socket, since ours refuses calls in only."""
    fake = Peer(PROXY, *REDIRECTOR)
    for status in '603 Network Blocked', '437 Unsupported Credential':
        caller = ends['stranger']
        raw = caller.build(identity='x.y.z;info=<https://a.example/b>')
        caller.send(raw)
        asked = fake.receive()
        lines = ['SIP/2.0 ' + status] + ['%s: %s' % (n, v) for n in ('Via', 'From', 'Call-ID', 'CSeq') for v in asked.all(n)]
        fake.send('\r\n'.join(lines + ['To: %s;tag=r' % asked.get('To'), 'Content-Length: 0', '', '']).encode())
        said = fake.receive()
        while said.start.startswith('INVITE') and said.get('Call-ID') == asked.get('Call-ID'):
            said = fake.receive()       # sent again before our answer came
        checks.that(said.start.startswith('ACK'), 'the proxy acknowledges ' + status, said.raw)
        caller.sock.settimeout(lab.PATIENCE)
        answer = caller.receive()
        while answer.code < 200 or answer.get('Call-ID') != Message(raw).get('Call-ID'):
            Call.acknowledge(caller, answer)        # what is not ours was sent once more
            answer = caller.receive()
        Call.acknowledge(caller, answer)
        checks.same(answer.status, status, 'the caller gets ' + status)
    fake.close()


def test_secsipid(laboratory, checks, ends):
    """The module of Kamailio sits where the carrier was."""
    key = subprocess.run(['openssl', 'x509', '-in', laboratory.pki / 'sp.pem', '-noout', '-pubkey'],
                         check=True, stdout=subprocess.PIPE).stdout.decode()
    ends['carrier'].close()
    config = laboratory.folder / 'secsipid.cfg'
    text = (lab.SOURCE / 'tests' / 'e2e' / 'secsipid.cfg').read_text()
    config.write_text(text.replace('PUBLIC_KEY)', '"%s")' % key.replace('\n', '\\n')))
    kamailio(laboratory, config, 'secsipid')
    wait_sip(CARRIER)
    checks.same(Call(ends['customer'], ends['phone']).final.status, '200 Identity Good', 'secsipid takes what we signed')
    # straight to the module: what it says to a spoiled one, so that its yes means something
    bad = Token(laboratory.pki)
    bad.spoil = 'bit'
    direct = Peer(CARRIER)
    checks.same(direct.invite(identity=str(bad)).code, 438, 'secsipid refuses a spoiled one')
    checks.same(direct.invite(identity=str(Token(laboratory.pki))).code, 200, 'and takes a good one')


def test_quickstart(checks):
    run = subprocess.run([lab.SOURCE / 'scripts' / 'quickstart', '--once'], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(os.environ, BUILD_ROOT=str(lab.BUILD), QUICKSTART_ANSWER_MS='20000'))
    text = run.stdout.decode()
    checks.same(run.returncode, 0, 'scripts/quickstart --once')
    for line in ('ok: the callee got the INVITE with an Identity', 'ok: the callee got the INVITE with TN-Validation-Passed',
                 'ok: the callee got the INVITE with TN-Validation-Failed', 'All three calls went as they should.'):
        checks.that(line in text, 'quickstart says: ' + line, text[-3000:])
    checks.that('\033' not in text, 'no colour in a pipe')


def test(laboratory, checks):
    test_quickstart(checks)
    redirector = laboratory.redirector(REDIRECTOR[1])
    for end, name, more in (PROXY, 'proxy', {'ANSWER_MS': 20000}), (FAST, 'fast', {}):
        kamailio(laboratory, lab.SOURCE / 'scripts' / 'kamailio' / 'redirector.cfg', name,
                 LISTEN='udp:%s:%d' % end, REDIRECTOR_SIGN=quoted(REDIRECTOR), REDIRECTOR_VERIFY=quoted(REDIRECTOR),
                 CARRIER=quoted(CARRIER), PHONES=quoted(PHONE), **more)
        wait_sip(end)
    ends = {'customer': Peer(PROXY, *CUSTOMER), 'stranger': Peer(PROXY, *STRANGER),
            'carrier': Peer(PROXY, *CARRIER), 'phone': Peer(PROXY, *PHONE)}
    test_signed(checks, ends)
    test_verified(laboratory, checks, ends)
    checks.same(redirector.stop(), 0, 'the redirector ends')
    test_fail_open(checks, ends)
    test_blocked(checks, ends)
    laboratory.redirector(REDIRECTOR[1], name='again')
    test_secsipid(laboratory, checks, ends)


if __name__ == '__main__':
    lab.main(test)
