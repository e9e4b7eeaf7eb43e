"""The HTTP server alone (tests/fake/http_driver), and raw connections to a server."""
import json
import pathlib
import signal
import socket
import time

import lab
from http_shapes import answers

DRIVER = lab.BUILD / 'tests' / 'fake' / 'http_driver'


class Driver(lab.Process):
    """The driver with http.* of a configuration."""

    def __init__(self, home, *doors, name='driver', **http):
        self.home, self.name = home, name
        self.config = home.folder / (name + '.yaml')
        self.trees = {}
        self.write(**http)
        super().__init__([DRIVER, self.config, *doors], home.folder / (name + '.log'))
        home.processes.append(self)
        self.wait_log('ready\n', 'the driver')

    def write(self, hosting=False, **http):
        tree = {'health': '', 'listen': ['http:127.0.0.1:8080'], 'deadline': '20s'}    # a slow machine is not late
        tree.update({key.replace('_', '-'): value for key, value in http.items()})
        if 'certificate' in tree:
            tree['listen'] = tree['listen'] + ['https:127.0.0.1:8443']    # the doors are the driver's own arguments
        self.config.write_text(json.dumps({'http': tree, 'hosting': {'serve': hosting}}))

    def reload(self, good=True, **how):
        seen = self.log.count('reload ')
        self.write(**how)
        self.send_signal(signal.SIGHUP)
        self.wait_log('reload ', 'a reload', seen + 1)
        end = time.monotonic() + lab.PATIENCE
        while not self.log.endswith('\n') and time.monotonic() < end:
            time.sleep(0.01)
        last = [line for line in self.log.split('\n') if line.startswith('reload ')][-1]
        assert (last == 'reload ok') == good, last
        return last

    def counts(self):
        seen = self.log.count('accepted=')
        self.send_signal(signal.SIGUSR1)
        self.wait_log('open=', 'the counts', seen + 1)
        line = [line for line in self.log.split('\n') if line.startswith('accepted=')][-1]
        return {k: int(v) for k, _, v in (pair.partition('=') for pair in line.split())}

    def wait_count(self, name, value):
        """Waits until a count is at least that; @return what it is."""
        end = time.monotonic() + lab.PATIENCE
        while True:
            got = self.counts().get(name, 0)
            if got >= value or time.monotonic() > end:
                return got
            time.sleep(0.05)


class Raw:
    """A connection that says bytes."""

    def __init__(self, port, host='127.0.0.1', tls=None, source=None):
        self.sock = socket.create_connection((host, port), timeout=lab.PATIENCE,
                                             source_address=(source, 0) if source else None)
        if tls:
            self.sock = tls.wrap_socket(self.sock)
        self.got = b''

    def say(self, raw):
        """@return Whether it could be said: the other end may be gone."""
        try:
            self.sock.sendall(raw)
            return True
        except OSError:
            return False

    def until(self, count):
        """Reads so many answers.  @return them; fewer when the connection ends before"""
        wanted = 0
        while True:
            if len(self.got) >= wanted:
                got = answers(self.got)
                lack = self.lack(got)
                if len(got) >= count and lack == 0:
                    break
                wanted = len(self.got) + lack
            if not self.more():
                break
        return answers(self.got)[:count]

    @staticmethod
    def lack(got):
        """The bytes that the last of the answers lacks."""
        if not got or got[-1][0] == 100:
            return 0
        return int(got[-1][1].get('content-length', 0)) - len(got[-1][2])

    def more(self):
        try:
            piece = self.sock.recv(1 << 16)
        except ConnectionError:
            return False
        self.got += piece
        return piece != b''

    def rest(self):
        """Reads until the end.  @return all answers; raises TimeoutError when there is no end"""
        while self.more():
            pass
        return answers(self.got)

    def ask(self, raw):
        """One more answer."""
        self.got = b''
        self.say(raw)
        return self.until(1)

    def close(self):
        self.sock.close()


def codes(got):
    return [answer[0] for answer in got]


def one(port, raw, **how):
    """Says that, no more, and reads until the end."""
    c = Raw(port, **how)
    c.say(raw)
    got = c.rest()
    c.close()
    return got


def descriptors(pid):
    return len(list(pathlib.Path('/proc/%d/fd' % pid).iterdir()))


def resident(pid):
    """Bytes."""
    for line in pathlib.Path('/proc/%d/status' % pid).read_text().split('\n'):
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) << 10
    raise RuntimeError('no VmRSS')


def cpu(pid):
    """Seconds of processor time."""
    fields = pathlib.Path('/proc/%d/stat' % pid).read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
