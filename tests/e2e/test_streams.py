"""TCP: what is said on a connection is answered on it, in order; and whatever is done to
connections, other calls are answered and nothing of it stays."""
import os
import select
import signal
import time

import attacks
import lab

TCP4 = attacks.Transport('TCP', '127.0.0.1', 5060)
TCP6 = attacks.Transport('TCP', '::1', 5060)
MARK = b'SIP/2.0 302 '


def conversation(transport, checks):
    name = 'TCP to ' + transport.host
    client = attacks.Client(transport)
    answer = client.ask(client.build())
    checks.that(answer.code == 302 and answer.get('Identity'), name + ': signed', answer.raw)
    checks.same(answer.all('Content-Length'), ['0'], name + ': has a length')
    host, port = client.sock.getsockname()[:2]
    where = '[%s]:%d' % (host, port) if ':' in host else '%s:%d' % (host, port)
    checks.that('@%s;user=phone;transport=tcp>' % where in answer.get('Contact'), name + ': the Via\'s port', answer.raw)

    raws = [client.build(method) for method in ('INVITE', 'OPTIONS', 'INVITE') * 100]
    client.send(b''.join(raws))
    got = [client.receive().get('Call-ID') for _ in raws]
    checks.same(got, [lab.Message(raw).get('Call-ID') for raw in raws], name + ': pipelined, in order')

    raw = client.build(body='v=0\r\n' * 10)
    for n in range(len(raw)):
        client.send(raw[n:n + 1])
    checks.same(client.receive().code, 302, name + ': byte by byte')
    client.send(b'SIP/2.0 200 OK\r\nVia: x\r\nContent-Length: 0\r\n\r\n' + client.build('ACK') + client.build('CANCEL'))
    client.send(client.build().replace(b'SIP/2.0/TCP', b'SIP/2.0/UDP'))
    checks.same(client.receive().code, 302, name + ': responses, ACK and CANCEL are ignored; so is a Via of UDP')
    client.send(b'\r\n' + client.build('OPTIONS') + b'\r\n')
    checks.same(client.receive().code, 200, name + ': line ends around it')
    checks.same(client.rest, b'', name + ': nothing more')
    client.send(b'\r\n\r\n')
    checks.same(client.sock.recv(100), b'\r\n', name + ': a ping')
    client.send(client.build())
    client.sock.shutdown(1)
    answer = client.receive()
    checks.that(answer and answer.code == 302, name + ': half closed, answered')
    checks.same(client.receive(), None, name + ': then it ends')
    client.close()


def compact_length(checks):
    client = attacks.Client(TCP4)
    raw = client.build(body='v=0\r\n')
    for line, code in ((b'l: 5', 302), (b'L :5', 302), (b'content-length:\r\n  5', 302),
                       (b'Content-Length: 5\r\nl: 5', 400), (b'l: 05', 302), (b'l: 00000000000000000005', 302)):
        client.send(raw.replace(b'Content-Length: 5', line))
        answer = client.receive()
        checks.same(answer and answer.code, code, 'TCP: %r' % line)
    client.close()


def bad_lines(checks):
    """It has an end, but is no message: it gets no answer, and those behind it on the connection get theirs."""
    for line in (b'Subject: a\x01b', b'no header', b'Sub ject: x', b': x', b'Subject\r\n : x'):
        client = attacks.Client(TCP4)
        first, bad, last = client.build(), client.build(extra=['X-Mark: y']), client.build()
        client.send(first + bad.replace(b'X-Mark: y', line) + last)
        for call, what in (first, 'the call before it'), (last, 'the next answer is that of the call behind it'):
            answer = client.receive()
            checks.same(answer and answer.get('Call-ID'), lab.Message(call).get('Call-ID'), '%r: %s' % (line, what))
        client.close()


def flooded(laboratory, checks):
    """All lies there already when the worker goes on, the datagrams behind it: these are answered when a turn
    or two of the connections have passed, not after a turn of each."""
    connections, each, calls = 100, 80, 20
    server = laboratory.redirector(5067, streams_per_source=150, streams_message_time='60s', streams_send_time='60s',
                                   service_watchdog='60s')
    transport = attacks.Transport('TCP', '127.0.0.1', 5067)
    peer = server.peer(address='127.0.0.9')
    clients = [attacks.Client(transport, '127.0.0.2') for _ in range(connections)]
    for client in clients:
        client.ask(client.build('OPTIONS'))             # it has been accepted
        client.sock.setsockopt(attacks.socket.SOL_SOCKET, attacks.socket.SO_SNDBUF, 1 << 20)
    texts = [b''.join(client.build() for _ in range(each)) for client in clients]
    os.kill(server.workers()[0], signal.SIGSTOP)
    for client, text in zip(clients, texts):
        client.send(text)
        client.sock.setblocking(False)
    for _ in range(calls):
        peer.send(peer.build())
    os.kill(server.workers()[0], signal.SIGCONT)

    poll, by_fd, heard, early, rest = select.poll(), {}, 0, 0, calls
    peer.sock.setblocking(False)
    tails = {client.sock.fileno(): b'' for client in clients}
    for client in clients:
        by_fd[client.sock.fileno()] = client.sock
        poll.register(client.sock, select.POLLIN)
    poll.register(peer.sock, select.POLLIN)
    end = time.monotonic() + lab.PATIENCE
    while (rest or heard < connections * each) and time.monotonic() < end:
        for fd, _ in poll.poll(1000):
            end = time.monotonic() + lab.PATIENCE       # as long as something comes
            try:
                while rest and peer.receive().code == 302:
                    rest, early = rest - 1, heard       # answers by connections that were seen before the last
            except BlockingIOError:
                pass
            if fd in by_fd:
                data = by_fd[fd].recv(8192)             # few at a time
                heard += (tails[fd] + data).count(MARK)
                tails[fd] = data[1 - len(MARK):]        # less than a mark: none is counted twice
                if not data:
                    poll.unregister(fd)
    checks.same(rest, 0, 'flooded: the calls of others by UDP are answered')
    checks.that(early < connections * 64 / 4, 'flooded: before a quarter of one round', early)
    checks.that(heard == connections * each, 'flooded: so are those by connections', heard)
    for client in clients:
        client.close()
    peer.close()
    checks.same(server.stop(), 0, 'flooded: a clean end')


def shares(laboratory, checks):
    """However many workers there are, one address leaves half of all connections to others."""
    server = laboratory.redirector(5068, ready=False, service_workers=2, streams_connections=40)
    server.wait_log('event=ready', 'both workers')
    transport = attacks.Transport('TCP', '127.0.0.1', 5068)
    greedy = [transport.plain('127.0.0.2') for _ in range(100)]
    others = [attacks.Client(transport, '127.0.0.%d' % (10 + n % 5)) for n in range(10)]
    codes = [client.ask(client.build('OPTIONS')) for client in others]
    checks.same([answer and answer.code for answer in codes], [200] * 10, 'shares: others come in')
    left = [sock for sock in greedy if not attacks.is_closed(sock)]
    checks.that(10 <= len(left) <= 20, 'shares: half of all, at most', len(left))
    for sock in greedy:
        sock.close()
    for client in others:
        client.close()
    checks.same(server.stop(), 0, 'shares: a clean end')


def prices(laboratory, checks):
    """A connection takes one of what its source may ask."""
    server = laboratory.redirector(5069, sip_source_rate=1, sip_source_burst=20, ready=False)
    server.wait_log('event=ready', 'prices')        # nothing is asked before: each OPTIONS would count
    transport = attacks.Transport('TCP', '127.0.0.1', 5069)
    ground = attacks.Ground(server, transport, checks)
    for _ in range(200):
        transport.plain('127.0.0.2').close()
    client = attacks.Client(transport, '127.0.0.3')
    answer = client.ask(client.build())
    checks.that(answer and answer.code == 302, 'prices: others are served')
    counts = ground.counts()
    checks.that(20 <= counts['accepted'] < 120, 'prices: as many as there is something left for', counts)
    checks.that(counts.get('source_over', 0) >= 80, 'prices: the rest is reset', counts)
    client.close()
    ground.close()
    checks.same(server.stop(), 0, 'prices: a clean end')


def cpu(pid):
    """Nanoseconds that the worker has run, all threads."""
    total = 0
    for task in lab.pathlib.Path('/proc/%d/task' % pid).iterdir():
        total += int((task / 'schedstat').read_text().split()[0])
    return total


def no_descriptors(laboratory, checks):
    """All descriptors taken: those who are in are served, the others told at once; nothing spins."""
    daemon, few = lab.DAEMON, laboratory.folder / 'few-descriptors'
    few.write_text('#!/bin/sh\nulimit -n 120\nexec %s "$@"\n' % daemon)
    few.chmod(0o755)
    lab.DAEMON = few
    server = laboratory.redirector(5065)
    lab.DAEMON = daemon
    transport = attacks.Transport('TCP', '127.0.0.1', 5065)
    ground = attacks.Ground(server, transport, checks)
    socks = [transport.plain() for _ in range(250)]
    checks.that(ground.calls(), 'EMFILE: others are answered')
    counts = ground.counts()
    checks.that(50 <= counts['open'] < 120, 'EMFILE: as many as there is room for', counts)
    checks.that(counts.get('full', 0) >= 1, 'EMFILE: counted', counts)
    before, began, more = cpu(ground.pid), time.monotonic(), []
    while time.monotonic() - began < 1:
        more.append(transport.plain())
        time.sleep(0.05)
    # a spin would take the whole second, or what the machine leaves of it; half of it is room for the slowest
    spent = cpu(ground.pid) - before
    took = time.monotonic() - began
    checks.that(spent < took / 2 * 1e9, 'EMFILE: no spin', (spent, took))
    checks.that(ground.calls(), 'EMFILE: others are answered still')
    for sock in socks + more:
        sock.close()
    checks.that(ground.is_back(), 'EMFILE: descriptors', (ground.before, ground.descriptors()))
    again = attacks.Client(transport)
    answer = again.ask(again.build())
    checks.that(answer and answer.code == 302, 'EMFILE: served again')
    again.close()
    ground.close()


def drained(laboratory, checks):
    """A connection ends when the service does, and what had come is answered."""
    server = laboratory.redirector(5066)
    transport = attacks.Transport('TCP', '127.0.0.1', 5066)
    client, idle = attacks.Client(transport), attacks.Client(transport)
    checks.same(client.ask(client.build()).code, 302, 'drain: served')
    checks.same(server.stop(), 0, 'drain: a clean end')
    checks.same((client.receive(), idle.receive()), (None, None), 'drain: closed')


def test(laboratory, checks):
    listen = ['udp:127.0.0.1:5060', 'udp:[::1]:5060']
    server = laboratory.redirector(name='talk', sip_listen=listen, streams_message_time='60s', streams_send_time='60s')
    for transport in (TCP4, TCP6):
        conversation(transport, checks)
    compact_length(checks)
    bad_lines(checks)
    checks.same(server.stop(), 0, 'a clean end')
    server = laboratory.redirector(sip_listen=listen, **attacks.SETTINGS)
    for transport in (TCP4, TCP6):
        ground = attacks.Ground(server, transport, checks)
        ground.run(attacks.ATTACKS)
        counts = ground.counts()
        checks.same(counts['open'], 1, 'one connection is left')
        ground.close()
    for name in ('garbage', 'slow', 'idle', 'unread', 'pings'):
        checks.that(counts.get(name, 0) > 0, 'counted: ' + name, counts)
    for part in (flooded, shares, prices, no_descriptors):
        part(laboratory, checks)
    drained(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
