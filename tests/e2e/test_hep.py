"""Calls traced to a collector: what it is shown and what it is not, decoders of another make, and
that no call waits for a collector that is slow, away, or full."""
import json
import os
import signal
import time

import attacks
import hep_lab
import lab
from hep_lab import PORT, RECORD, SIP, Collector, Kamailio, Sngrep

SERVER = ('127.0.0.1', 5060)
ON = {'hep_collector': 'udp:127.0.0.1:%d' % PORT, 'hep_id': 2077, 'hep_node': 'dip-1'}
PASSWORD = 'a tracing s3cret'


def fence(peer):
    """All that was to be sent for what was asked before has been sent: one worker, one after the other."""
    while peer.ask(peer.build('OPTIONS')).get('CSeq') != '1 OPTIONS':
        pass


def traced(peer, collector, raw):
    """@return The answer, and what the collector has of it"""
    answer = peer.ask(raw)
    fence(peer)
    return answer, collector.packets()


def reload(server, settings, result='ok'):
    count = server.log.count('event=reload result=')
    server.write(settings)
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=', 'reload', count + 1)
    return server.log.rpartition('event=reload result=')[2].startswith(result)


def secret(laboratory, text=PASSWORD + '\n', mode=0o400, name='hep-password'):
    path = laboratory.folder / name
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


# ---------------------------------------------------------------- what is shown

def check_call(checks, what, peer, raw, answer, packets, began, protocol=17):
    """Request, answer, record: the same bytes, the right way round, at the right time."""
    if not checks.same([p.kind for p in packets], [SIP, SIP, RECORD], what + ': request, answer, record'):
        return {}
    asked, told, record = packets
    us, them = (peer.server, (peer.host, peer.port))
    checks.same((asked.payload, told.payload), (raw, answer.raw), what + ': byte by byte')
    checks.same([(p.source, p.target) for p in packets], [(them, us), (us, them), (them, us)], what + ': directions')
    checks.same({p.protocol for p in packets}, {protocol}, what + ': protocol')
    checks.that(began <= asked.seconds <= told.seconds <= record.seconds <= time.time(), what + ': times in order',
                [p.seconds for p in packets])
    checks.same([p.correlation for p in packets], [None, None, answer.get('Call-ID').encode()], what + ': correlation')
    checks.same({(p.agent, p.node) for p in packets}, {(2077, b'dip-1')}, what + ': who we are')
    fields = json.loads(record.payload)
    checks.same((fields['id'], fields['status'], fields['event']), (answer.get('Call-ID'), answer.code, 'call'),
                what + ': its record')
    return fields


def shown(laboratory, checks, server, collector):
    peer = server.peer()
    good = str(lab.Token(laboratory.pki))
    bad = good.replace('shaken', 'shaken;x=y').replace('eyJ', 'eyK', 1)
    rows = [
        ('signed', {}, 302, 'SK_OK', 'sign'),
        ('verified', {'identity': good}, 302, 'SK_OK', 'verify'),
        ('failed', {'identity': bad}, 302, None, 'verify'),
        ('in a dialog', {'replace': {'To': 'To: <sip:+14045550100@b.example>;tag=there'}}, 302, None, None),
        ('a scheme of nobody', {'uri': 'mailto:a@b.example'}, 416, None, None),
        ('malformed', {'without': ('From',)}, 400, None, None),
    ]
    for what, how, code, result, task in rows:
        began, raw = time.time(), peer.build(**how)
        answer, packets = traced(peer, collector, raw)
        checks.same(answer.code, code, what + ': answered')
        fields = check_call(checks, what, peer, raw, answer, packets, began)
        checks.that(result is None or fields.get('result') == result, what + ': result', fields)
        checks.that(task is None or fields.get('task') == task, what + ': task', fields)
    raw = peer.build()
    for n in range(3):
        answer, packets = traced(peer, collector, raw)
        fields = check_call(checks, 'sent %d times' % (n + 1), peer, raw, answer, packets, 0)
        checks.same(fields.get('repeat'), int(n > 0), 'a retransmission is one like any other')


def not_shown(checks, server, collector):
    peer, stranger = server.peer(), server.peer(address='127.1.0.1')
    for method in ('OPTIONS', 'REGISTER', 'BYE', 'MESSAGE'):
        answer, packets = traced(peer, collector, peer.build(method))
        checks.that(answer and not packets, method + ' is not shown', packets)
    for what, raw in (('ACK', peer.build('ACK')), ('CANCEL', peer.build('CANCEL')), ('noise', b'hello\r\n\r\n'),
                      ('an answer', b'SIP/2.0 200 OK\r\n\r\n'), ('nothing', b''), ('HEP3', b'HEP3\0\6')):
        checks.same(peer.silence(raw), [], what + ' gets no answer')
        checks.same(collector.packets(), [], what + ' is not shown')
    stranger.send(stranger.build())
    fence(peer)
    checks.same(collector.packets(), [], 'a stranger is not shown')


def over_tcp(checks, server, collector):
    client = attacks.Client(attacks.Transport('TCP', *SERVER))
    client.server, (client.host, client.port) = SERVER, client.sock.getsockname()
    began, raw = time.time(), client.build()
    client.send(raw)
    answer = client.receive()
    client.send(client.build('OPTIONS'))
    client.receive()
    fields = check_call(checks, 'TCP', client, raw, answer, collector.packets(), began, protocol=6)
    checks.same(fields.get('transport'), 'tcp', 'TCP: its record')
    client.close()


def masked(laboratory, checks, server, collector):
    """records.numbers is about the record; a SIP message is what it is."""
    for how, wanted in (('masked', lab.ORIG[:4] + 'x' * 7), ('full', lab.ORIG)):
        checks.that(reload(server, laboratory.settings(**ON, sip_sources=SOURCES, records_numbers=how)), how)
        _, packets = traced(server.peer(), collector, server.peer().build())
        checks.same(json.loads(packets[-1].payload)['orig'], wanted, 'records.numbers: ' + how)
        checks.that(lab.ORIG.encode() in packets[0].payload, how + ': the request as it came')


SOURCES = ['127.0.0.0/16']


def messages(laboratory, checks):
    collector = Collector()
    server = laboratory.redirector(sip_sources=SOURCES, **ON)
    shown(laboratory, checks, server, collector)
    not_shown(checks, server, collector)
    over_tcp(checks, server, collector)
    masked(laboratory, checks, server, collector)
    server.stop()
    collector.close()


def by_ipv6(laboratory, checks):
    """The collector is reached by IPv6; the call came by IPv4."""
    collector = Collector('::1')
    server = laboratory.redirector(hep_collector='udp:[::1]:%d' % PORT, hep_id=2077, hep_node='dip-1')
    peer = server.peer()
    raw, began = peer.build(), time.time()
    answer, packets = traced(peer, collector, raw)
    check_call(checks, 'a collector by IPv6', peer, raw, answer, packets, began)
    server.stop()
    collector.close()


# -------------------------------------------------------------- off, on, reload

def switched(laboratory, checks):
    collector = Collector()
    server = laboratory.redirector()
    peer = server.peer()
    _, packets = traced(peer, collector, peer.build())
    checks.same(packets, [], 'off by default')
    password = secret(laboratory)
    rows = [
        ('on', ON, [SIP, SIP, RECORD], None),
        ('records alone', {**ON, 'hep_requests': False}, [RECORD], None),
        ('messages alone', {**ON, 'hep_records': False}, [SIP, SIP], None),
        ('neither', {**ON, 'hep_requests': False, 'hep_records': False}, [], None),
        ('off', {'hep_collector': ''}, [], None),
        ('with a password', {**ON, 'hep_password': password}, [SIP, SIP, RECORD], PASSWORD.encode()),
        ('a tenant without records', {**ON, 'records_calls': False}, [SIP, SIP], None),
    ]
    for what, how, kinds, word in rows:
        checks.that(reload(server, laboratory.settings(**how)), what + ': reload')
        _, packets = traced(peer, collector, peer.build())
        checks.same([p.kind for p in packets], kinds, what)
        checks.that(all(p.password == word for p in packets), what + ': password', packets)
    refused(laboratory, checks, server, peer, collector)
    checks.that(PASSWORD not in server.log, 'no password in the log')
    server.stop()
    collector.close()


def refused(laboratory, checks, server, peer, collector):
    """A reload that cannot be leaves all as it was; a start that cannot be says why."""
    checks.that(reload(server, laboratory.settings(**ON)), 'on again')
    traced(peer, collector, peer.build())
    rows = [
        ('a password file for all', {'hep_password': secret(laboratory, mode=0o644, name='open')}),
        ('an empty one', {'hep_password': secret(laboratory, '\n', name='empty')}),
        ('a long one', {'hep_password': secret(laboratory, 'x' * 200, name='long')}),
        ('none there', {'hep_password': '/nonexistent'}),
        ('TCP', {'hep_collector': 'tcp:127.0.0.1:9060'}),
        ('a name', {'hep_collector': 'udp:localhost:9060'}),
        ('no port', {'hep_collector': 'udp:127.0.0.1'}),
        ('many hosts', {'hep_collector': 'udp:224.0.0.1:9060'}),
        ('a rate of nothing', {'hep_rate': 0}),
    ]
    for n, (what, how) in enumerate(rows):
        tree = laboratory.settings(**{**ON, **how})
        checks.that(reload(server, tree, 'failed'), what + ': the reload fails')
        _, packets = traced(peer, collector, peer.build())
        checks.same([p.kind for p in packets], [SIP, SIP, RECORD], what + ': as before')
        other = laboratory.redirector(5070 + n, ready=False, **{**ON, **how})
        checks.that(other.proc.wait(lab.PATIENCE) != 0, what + ': no start')
        checks.that('hep.' in other.log, what + ': it is said why', other.log)
        collector.packets()


# --------------------------------------------------------------- slow, away, full

def order(peer, calls=150):
    """Many at once; the Call-IDs and codes of the answers as they come."""
    raws = [peer.build() for _ in range(calls)]
    for raw in raws:
        peer.send(raw)
    got = [peer.receive() for _ in raws]
    return ([a.get('Call-ID') for a in got] == [lab.Message(raw).get('Call-ID') for raw in raws]
            and {a.code for a in got} == {302} and all(a.get('Identity') for a in got))


def troubled(laboratory, checks):
    server = laboratory.redirector(**ON)
    peer = server.peer()
    checks.that(order(peer), 'away: answered in the same order')
    collector = Collector()
    fence(peer)
    peer.invite()
    fence(peer)
    collector.packets()
    _, packets = traced(peer, collector, peer.build())
    checks.same(len(packets), 3, 'it comes: it is shown calls')
    collector.close()
    collector = Collector(room=1)
    checks.that(order(peer), 'full: answered in the same order')
    collector.raw()
    _, packets = traced(peer, collector, peer.build())
    checks.that(packets, 'full: it gets what it can take')
    way = talker()
    for _ in range(2000):                   # one that talks back
        collector.sock.sendto(b'x' * 1000, way)
    checks.that(order(peer), 'talkative: answered in the same order')
    collector.close()
    checks.that(order(peer), 'gone: answered in the same order')
    checks.that(reload(server, laboratory.settings(**{**ON, 'hep_collector': 'udp:203.0.113.1:9060'}), 'failed')
                or order(peer), 'no way there: answered in the same order')
    server.stop()


def talker():
    """A port of the service that is no listener: where its packets come from."""
    for line in open('/proc/net/udp').readlines()[1:]:
        local, remote = line.split()[1:3]
        if remote.endswith(':%04X' % PORT):
            return '127.0.0.1', int(local.rpartition(':')[2], 16)
    raise LookupError('the service has no socket to the collector')


def limited(laboratory, checks):
    collector = Collector()
    server = laboratory.redirector(**ON, hep_rate=1)
    peer = server.peer()
    checks.that(order(peer, 100), 'over the rate: answered in the same order')
    fence(peer)
    count = len(collector.packets())
    checks.that(10 <= count < 300, 'over the rate: few are sent', count)
    server.stop()
    collector.close()


def longest(laboratory, checks):
    """A message is shown whole or not at all."""
    collector = Collector()
    server = laboratory.redirector(**ON)
    peer = server.peer()
    for body in (1000, 8000, 14000):
        raw = peer.build(body='v' * body)
        answer, packets = traced(peer, collector, raw)
        checks.that(answer.code == 302 and packets and packets[0].payload == raw, '%d bytes: all of it' % body)
    server.stop()
    collector.close()


def by_http(laboratory, checks):
    """A question by HTTP has no message of SIP: its record alone, and nothing of what is refused."""
    collector = Collector()
    server = laboratory.redirector(**ON, http_listen=['http:127.0.0.1:8080'], clients={'one': {'sources': ['127.0.0.1']}})
    body = '%s,%s,A,123e4567-e89b-12d3-a456-426655440000,%ssp.pem' % (lab.ORIG, lab.DEST, lab.X5U_BASE)
    answer, got = lab.http_request(8080, 'POST', '/v1/sign-csv', body=body), []
    checks.same(answer.status, 200, 'HTTP: signed')

    def come():
        got.extend(collector.packets())
        return got
    hep_lab.wait(come, 'the record of a question by HTTP')
    fields = json.loads(got[0].payload)
    checks.same((len(got), got[0].kind, got[0].protocol, got[0].target), (1, RECORD, 6, ('127.0.0.1', 8080)), 'HTTP: its record')
    checks.same((fields['transport'], fields['task'], fields['result']), ('http', 'sign', 'SK_OK'), 'HTTP: what it says')
    checks.same((fields['id'].encode(), got[0].agent), (got[0].correlation, 2077), 'HTTP: correlation')
    for path in '/v1/nothing', '/':
        checks.that(lab.http_request(8080, 'POST', path, body=body).status >= 400, 'HTTP: refused')
    lab.http_request(8080, 'POST', '/v1/sign-csv', body=body)
    hep_lab.wait(lambda: come() and len(got) > 1, 'one more')
    checks.same([p.kind for p in got], [RECORD] * 2, 'HTTP: what is refused is not shown')
    checks.that(reload(server, laboratory.settings(**{**ON, 'hep_records': False}, http_listen=['http:127.0.0.1:8080'],
                                                   clients={'one': {'sources': ['127.0.0.1']}})), 'HTTP: records off')
    lab.http_request(8080, 'POST', '/v1/sign-csv', body=body)
    server.stop()
    checks.same(collector.packets(), [], 'HTTP: without records nothing')
    collector.close()


# ------------------------------------------------------------------ other makes

def kamailio(laboratory, checks):
    decoder = Kamailio(laboratory)
    server = laboratory.redirector(**ON, hep_password=secret(laboratory))
    peer = server.peer()
    asked = [peer.build(), peer.build(identity=str(lab.Token(laboratory.pki)))]
    answers = [peer.ask(raw) for raw in asked]
    got = decoder.packets(6)
    here, there = ('%s' % peer.host, str(peer.port)), ('127.0.0.1', '5060')
    for n, (raw, answer) in enumerate(zip(asked, answers)):
        request, reply, record = got[3 * n:3 * n + 3]
        checks.same((request['payload'], reply['payload']), (raw, answer.raw), 'Kamailio: the messages')
        checks.same((request['from'], request['from_port'], request['to'], request['to_port']), here + there,
                    'Kamailio: the way there')
        checks.same((reply['from'], reply['from_port'], reply['to'], reply['to_port']), there + here,
                    'Kamailio: the way back')
        checks.same((request['kind'], reply['kind'], record['kind']), ('1', '1', '100'), 'Kamailio: kinds')
        checks.same(json.loads(record['payload'])['id'], record['correlation'], 'Kamailio: the record by its Call-ID')
        for packet in (request, reply, record):
            checks.same((packet['version'], packet['agent'], packet['password'], packet['protocol']),
                        ('3', '2077', PASSWORD, '17'), 'Kamailio: the rest')
            checks.that(abs(int(packet['seconds']) - time.time()) < 60, 'Kamailio: the time', packet['seconds'])
    server.stop()
    decoder.process.stop()


def sngrep(laboratory, checks):
    """It takes packets with its password and no others."""
    word = 'only-this-one'
    for what, told, taken in (('another password', 'not-this-one', False), ('no password', None, False),
                              ('its password', word, True)):
        decoder = Sngrep(laboratory, word, 'sngrep-' + what.replace(' ', '-'))
        how = {'hep_password': secret(laboratory, told, name='told')} if told else {}
        server = laboratory.redirector(**ON, **how)
        peer = server.peer()
        raw = peer.build()
        answer = peer.ask(raw)
        fence(peer)
        if taken:
            got = decoder.packets(3)
            checks.same(got[:2], [((peer.host, peer.port), SERVER, raw), (SERVER, (peer.host, peer.port), answer.raw)],
                        'sngrep: the call')
            checks.same(json.loads(got[2][2])['id'], answer.get('Call-ID'), 'sngrep: the record')
        else:
            hep_lab.wait(lambda: hep_lab.is_read(PORT), 'sngrep has read all')
            decoder.process.stop(signal.SIGINT)
            checks.same(hep_lab.pcap_packets(decoder.kept), [], 'sngrep: ' + what)
        decoder.process.stop(signal.SIGINT)
        server.stop()


def test(laboratory, checks):
    only = os.environ.get('HEP_ONLY')
    for part in (messages, by_ipv6, switched, troubled, limited, longest, by_http, kamailio, sngrep):
        if not only or part.__name__ == only:
            part(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
