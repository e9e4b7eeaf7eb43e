"""What a stateless server owes to every kind of request (RFC 3261, 8.2.7)."""
import signal
import socket
import time

import lab
from lab import Token, decode


def test_options(bench, checks):
    peer = bench.peer()
    answer = peer.ask(peer.build('OPTIONS'))
    checks.same(answer.status, '200 OK', 'OPTIONS')
    checks.that('INVITE' in (answer.get('Allow') or ''), 'OPTIONS has Allow')
    checks.that(answer.to_tag, 'OPTIONS has a To tag')


def test_silence(bench, checks):
    """What gets not a single byte."""
    peer = bench.peer()
    invite = peer.build()
    peer.ask(invite)
    response = peer.ask(peer.build())
    rows = [
        ('ACK', peer.build('ACK')),
        ('CANCEL', peer.build('CANCEL')),
        ('a response', response.raw),
        ('STUN', bytes.fromhex('000100002112a442') + b'123456789012'),
        ('a keep-alive', b'\r\n\r\n'),
        ('an empty datagram', b''),
        ('noise', bytes(range(256))),
        ('NUL bytes', b'\0' * 500),
        ('half a request', invite[:40]),
        ('no Via', peer.build(without=['Via'])),
        ('more lines than allowed', peer.build(extra=['X: y'] * 200)),
        ('too large', peer.build(extra=['X: ' + 'y' * 20000])),
    ]
    for what, raw in rows:
        checks.same([a.start for a in peer.silence(raw)], [], 'silence after ' + what)


def test_refused(bench, checks):
    peer = bench.peer()
    for method in 'MESSAGE', 'REGISTER', 'BYE', 'SUBSCRIBE', 'NOTIFY', 'INFO', 'PRACK', 'UPDATE', 'FOO':
        answer = peer.ask(peer.build(method))
        checks.same(answer.status, '405 Method Not Allowed', method)
        checks.same(answer.get('Allow'), 'INVITE, ACK, CANCEL, OPTIONS', method + ' is told what is allowed')
    twice = [
        ('From', 'From: <sip:+12155550112@a.example>;tag=2'),
        ('f', 'f: <sip:+12155550112@a.example>;tag=2'),
        ('To', 'To: <sip:+14045550100@a.example>'),
        ('t', 't: <sip:+14045550100@a.example>'),
        ('Call-ID', 'Call-ID: another@lab'),
        ('i', 'i: another@lab'),
        ('CSeq', 'CSeq: 2 INVITE'),
        ('Date', 'Date: ' + lab.sip_date(time.time())),
    ]
    for what, line in twice:
        answer = peer.invite(extra=[line], date=time.time())
        checks.same(answer.status, '400 Bad Request', 'two ' + what)
        checks.same(answer.get('Identity'), None, 'two %s, unsigned' % what)
    checks.same(peer.silence(peer.build(without=['To'])), [], 'no To: there is nothing to hang a tag on')
    for name in 'From', 'CSeq':
        answer = peer.invite(without=[name])
        checks.same(answer.status, '400 Bad Request', 'no ' + name)
        checks.same(answer.get('Identity'), None, 'no %s, unsigned' % name)
    answer = peer.ask(peer.build(replace={'CSeq': 'CSeq: 1 MESSAGE'}))
    checks.same(answer.status, '400 Bad Request', 'CSeq of another method')


def test_in_dialog(bench, checks):
    peer = bench.peer()
    answer = peer.invite(replace={'To': 'To: <sip:+14045550100@carrier.example>;tag=abc'})
    checks.same(answer.status, '302 Moved Temporarily', 'INVITE in a dialog')
    checks.same((answer.to_tag, answer.get('Identity')), ('abc', None), 'it keeps its tag and stays unsigned')
    checks.that(answer.get('Contact'), 'it has a Contact')


def test_never_signed(bench, checks):
    """No amplifier: what lacks a part that every proxy writes is never signed."""
    peer = bench.peer()
    checks.that(peer.invite().get('Identity'), 'a whole request is signed')
    rows = [
        ('Max-Forwards', peer.build(without=['Max-Forwards'])),
        ('Call-ID', peer.build(without=['Call-ID'])),
        ('a From tag', peer.build(replace={'From': 'From: <sip:+12155550112@carrier.example>'})),
        ('a branch', peer.build(replace={'Via': 'Via: SIP/2.0/UDP 127.0.0.1:%d;rport' % peer.port})),
        ('the cookie of the branch', peer.build(branch='1234')),
    ]
    for what, raw in rows:
        answers = peer.silence(raw)
        checks.that(len(answers) <= 1, 'without %s: one answer at most' % what)
        checks.same([a.get('Identity') for a in answers if a.get('Identity')], [], 'without %s: unsigned' % what)


def test_retransmission(bench, checks):
    peer = bench.peer()
    raw = peer.build()
    answers = []
    for again in range(3):
        answers.append(peer.ask(raw))
        if again == 1:
            time.sleep(1.1)         # so that another iat would be another second
    claims = [decode(a.get('Identity'))[1] for a in answers]
    checks.same(len({a.to_tag for a in answers}), 1, 'a repeat gets the same To tag')
    checks.same(len({c['iat'] for c in claims}), 1, 'a repeat gets the same iat')
    checks.same(len({c['origid'] for c in claims}), 1, 'a repeat gets the same origid')
    other = peer.invite()
    checks.that(other.to_tag != answers[0].to_tag, 'another request gets another To tag')
    checks.that(decode(other.get('Identity'))[1]['origid'] != claims[0]['origid'], 'and another origid')
    # the second dip of one call: same Call-ID, From tag and CSeq, another branch: never a 482
    second = peer.ask(raw.replace(b'branch=z9hG4bK-', b'branch=z9hG4bK-second-'))
    checks.same(second.code, 302, 'the second dip of a call')


def test_spelling(bench, checks):
    """Compact forms, folds, spaces before the colon."""
    peer = bench.peer()
    compact = peer.build()
    for long, short in ((b'Via', b'v'), (b'From', b'f'), (b'To', b't'), (b'Call-ID', b'i'), (b'Contact', b'm')):
        compact = compact.replace(b'\r\n' + long + b':', b'\r\n' + short + b':')
    answer = peer.ask(compact)
    checks.that(answer.get('Identity'), 'compact headers are signed')
    upper = peer.build().replace(b'\r\nFrom:', b'\r\nFROM :').replace(b'\r\nCall-ID:', b'\r\ncall-id\t:')
    checks.that(peer.ask(upper).get('Identity'), 'names in any case, white space before the colon')
    folded = peer.build(replace={'From': 'From: "Caller"\r\n <sip:+12155550112@carrier.example>\r\n\t;tag=1'})
    answer = peer.ask(folded)
    checks.same(decode(answer.get('Identity'))[1]['orig'], {'tn': lab.ORIG}, 'a folded From is signed')
    for what, line in (('Identity :', 'Identity : %s'), ('y:', 'y: %s'), ('identity:', 'identity: %s'),
                       ('folded after the colon', 'Identity:\r\n %s'), ('IDENTITY\\t:', 'IDENTITY\t:%s')):
        answer = peer.invite(extra=[line % Token(bench.lab.pki)])
        checks.same(answer.verstat, 'TN-Validation-Passed', what)
    value = str(Token(bench.lab.pki))
    answer = peer.invite(extra=['Identity: ' + value.replace(';', '\r\n ;\r\n\t')])
    checks.same(answer.verstat, 'TN-Validation-Passed', 'folded between the parameters')
    answer = peer.invite(extra=['Identity: ' + value.replace(';', ' ; ')])
    checks.same(answer.verstat, 'TN-Validation-Passed', 'spaces around the semicolons')


def test_way_back(bench, checks):
    """Answers go to the packet's source and nowhere else; no name is looked up."""
    peer, victim = bench.peer(), bench.peer(address='127.0.0.6', port=5099)
    via = 'Via: SIP/2.0/UDP %s;branch=z9hG4bK-way-%d'
    rows = [
        ('rport', '127.0.0.6:5099', ';rport'),
        ('maddr', '127.0.0.1:%d' % peer.port, ';maddr=127.0.0.6;rport'),
        ('maddr, a name', '127.0.0.1:%d' % peer.port, ';maddr=victim.example'),
        ('received', '127.0.0.1:%d' % peer.port, ';received=127.0.0.6'),
        ('a name', 'proxy.example:%d' % peer.port, ''),
        ('another host', '127.0.0.6:%d' % peer.port, ''),
    ]
    for i, (what, sent_by, params) in enumerate(rows):
        answer = peer.ask(peer.build(replace={'Via': via % (sent_by, i) + params}))
        checks.same(answer.code, 302, 'way back: ' + what)
        checks.same(len(answer.all('Via')), 1, 'way back: one Via: ' + what)
    several = peer.build(extra=['Via: SIP/2.0/UDP a.example;branch=z9hG4bKa', 'Via: SIP/2.0/TCP b.example;branch=z9hG4bKb'])
    answer = peer.ask(several)
    checks.same([v.split()[1].split(';')[0] for v in answer.all('Via')][1:], ['a.example', 'b.example'], 'all Via in their order')
    checks.same(victim.silence(b''), [], 'the victim got nothing')


def test_strangers(bench, checks):
    stranger = bench.peer(address='127.0.0.77')
    friend = bench.peer(address='127.0.0.1')
    # nothing comes back to the stranger, though the friend, who asks later, is answered
    stranger.send(stranger.build())
    checks.same(friend.ask(friend.build('OPTIONS')).code, 200, 'a listed source is answered')
    stranger.sock.setblocking(False)
    try:
        got = stranger.sock.recv(65535)
    except BlockingIOError:
        got = b''
    checks.same(got, b'', 'an unlisted source gets 0 bytes')


def test_strangers_403(lab_, checks):
    server = lab_.redirector(5061, sip_sources=['127.0.0.1/32'], sip_strangers='403')
    stranger = server.peer(address='127.0.0.77')
    answer = stranger.invite()
    checks.same((answer.status, answer.get('Identity')), ('403 Forbidden', None), 'an unlisted source gets 403 by choice')
    checks.same(server.stop(), 0, 'SIGTERM ends with status 0')


def in_hand(lab_, port, mute, **how):
    """A redirector with one call that waits for its certificate.  @return it, the caller and the connection"""
    server = lab_.redirector(port, certs_lab=True, certs_resolve={'mute.example:443': '127.0.0.9'}, certs_timeout='30s',
                             sip_drain='25s', **how)
    peer = server.peer()
    token = Token(lab_.pki)
    token.header['x5u'] = 'https://mute.example/a.pem'
    token.params[0] = 'info=<https://mute.example/a.pem>'
    peer.send(peer.build(call='in-hand', identity=str(token)))
    return server, peer, mute.accept()[0]


def ends(checks, server, peer, what):
    answer = peer.receive()
    checks.same((answer.get('Call-ID'), answer.code, answer.verstat), ('in-hand', 302, 'No-TN-Validation'),
                what + ': the call in hand is answered')
    checks.same(server.proc.wait(lab.PATIENCE), 0, what + ': and then the exit status is 0')


def test_drain(lab_, checks):
    """After SIGTERM: the calls in hand are answered, new ones and OPTIONS get 503."""
    mute = socket.create_server(('127.0.0.9', 443))
    mute.settimeout(lab.PATIENCE)
    server, peer, fetching = in_hand(lab_, 5062, mute, certs_wait='2s', sip_deadline='2s')
    server.send_signal(signal.SIGTERM)
    ends(checks, server, peer, 'at its deadline')
    fetching.close()

    server, peer, fetching = in_hand(lab_, 5063, mute, certs_wait='15s', sip_deadline='15s')
    server.send_signal(signal.SIGTERM)
    end = time.monotonic() + lab.PATIENCE
    answer = peer.ask(peer.build('OPTIONS'))
    while answer.code == 200 and time.monotonic() < end:
        answer = peer.ask(peer.build('OPTIONS'))
    checks.same(answer.status, '503 Service Unavailable', 'OPTIONS while draining')
    checks.same(peer.invite().status, '503 Service Unavailable', 'INVITE while draining')
    fetching.close()
    mute.close()                        # now the fetch ends
    ends(checks, server, peer, 'when its fetch ends')


def test(laboratory, checks):
    bench = laboratory.redirector(sip_sources=['127.0.0.1/32', '127.0.0.6/32'])
    bench.lab = laboratory
    for part in (test_options, test_silence, test_refused, test_in_dialog, test_never_signed,
                 test_retransmission, test_spelling, test_way_back, test_strangers):
        part(bench, checks)
    test_strangers_403(laboratory, checks)
    test_drain(laboratory, checks)
    checks.same(bench.stop(), 0, 'exit status')


if __name__ == '__main__':
    lab.main(test)
