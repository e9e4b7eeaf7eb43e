#!/usr/bin/env python3
"""Pictures of the live page over a real daemon under mixed load: screenshots.py FOLDER [MINUTES]

Makes live-light.png, live-dark.png and live-phone.png in FOLDER.  Run by Debian's python3 (it has
selenium), with BUILD_ROOT as for the tests; everything happens in a network namespace of its own.
"""
import ctypes
import itertools
import json
import math
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))

import chromium  # noqa: E402
import lab  # noqa: E402
from lab import DEST, Peer, Token, request  # noqa: E402

WEB = 8080
# name: (share of all calls, attestation, what part of its calls is to be verified)
TENANTS = {'northwind': (9, 'A', .5), 'harbor-tel': (6, 'A', .5), 'bluefin': (4, 'B', .4), 'lakeside-voice': (3, 'A', .6),
           'prairie-mobile': (2, 'A', .3), 'gateway-7': (2, 'C', .1), 'summit-sip': (1, 'B', .5), 'old-mill': (.3, 'A', .5)}
DEAD = ['certs.quiet-carrier.example', 'sti.fjord.example']
SPOILED = .03      # of those to verify: a signature that is none
UNSIGNED = .12     # ... without Identity


def tenants(laboratory):
    folder = laboratory.folder / 'tenants'
    folder.mkdir()
    soon = lab.Pki(laboratory.folder / 'pki-soon', '--days', '9')     # its certificate ends soon
    for name, (_, attest, _) in TENANTS.items():
        pki = soon if name == 'summit-sip' else laboratory.pki
        (folder / (name + '.yaml')).write_text(json.dumps({
            'match': {'hosts': [name + '.example']},
            'verify': {'certificates': {lab.X5U_BASE + 'sp.pem': str(laboratory.pki / 'sp.pem')}},
            'sign': {'key': str(pki / 'sp.key'), 'certificate': str(pki / 'sp.pem'),
                     'x5u': 'https://certs.%s.example/sp.pem' % name, 'attest': attest}}))
    return folder


class Load(threading.Thread):
    """Calls of all tenants; more of them now and then."""

    def __init__(self, laboratory, rate):
        super().__init__(daemon=True)
        self.pki, self.rate, self.over = laboratory.pki, rate, False
        self.random = random.Random(7)
        self.good, self.bad, self.dead = [], [], []

    def refill(self):
        made = [Token(self.pki) for _ in range(60)]
        run = subprocess.run([lab.FORGE, self.pki / 'sp.key'], check=True, stdout=subprocess.PIPE,
                             input=''.join(t.lines() for t in made).encode())
        self.good = [';'.join([token] + t.params) for t, token in zip(made, run.stdout.decode().split())]
        self.bad = []
        for _ in range(3):
            spoiled = Token(self.pki)
            spoiled.spoil = 'bit'
            self.bad.append(str(spoiled))
        dead = Token(self.pki)
        dead.x5u = dead.header['x5u'] = 'https://%s/a.pem' % self.random.choice(
            DEAD)
        dead.params[0] = 'info=<%s>' % dead.x5u
        self.dead = [str(dead)]

    def call(self, peers):
        names = list(TENANTS)
        name = self.random.choices(names, [TENANTS[n][0] for n in names])[0]
        identity, dice = (), self.random.random()
        uri = 'sip:+%s@%s.example;user=phone' % (DEST, name)
        if self.random.random() < TENANTS[name][2]:
            identity = self.random.choice(self.bad if dice < SPOILED else self.good)
            if dice > 1 - UNSIGNED / 4:
                identity = self.random.choice(self.dead)
        peer = self.random.choice(peers)
        peer.send(request('INVITE', uri=uri, identity=identity, port=peer.port))

    def run(self):
        peers = [Peer() for _ in range(8)]
        began = time.monotonic()
        for n in itertools.count():
            at = time.monotonic() - began
            if self.over:
                return
            if n % 1000 == 0:
                self.refill()
            wanted = self.rate * (1 + .35 * math.sin(at / 70) + .12 * math.sin(at / 11) + .25 * (at % 400 > 360))
            self.call(peers)
            time.sleep(self.random.expovariate(wanted))
            for peer in peers:
                peer.sock.setblocking(False)
                try:
                    while True:
                        peer.sock.recv(65535)
                except BlockingIOError:
                    pass


def take(folder, scheme, size, name, scale=1):
    with chromium.browser(scheme, size, scale) as driver:
        driver.get('http://127.0.0.1:%d/' % WEB)
        time.sleep(40)      # shares of the last half minute
        path = pathlib.Path(folder) / name
        chromium.picture(driver, path)
        for line in driver.get_log('browser'):
            print('browser: %s' % line['message'], file=sys.stderr)
        if shutil.which('pngquant'):
            subprocess.run(['pngquant', '--force', '--ext', '.png', str(path)], check=False)
        print('%s: %d bytes' % (path, path.stat().st_size))


def neat(file):
    """The page shows where a list is.  @return A name that no temporary folder is in"""
    if ctypes.CDLL(None, use_errno=True).unshare(0x00020000):     # CLONE_NEWNS: mounts of our own
        raise OSError(ctypes.get_errno(), 'unshare')
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    subprocess.run(['mount', '-t', 'tmpfs', 'none', '/srv'], check=True)
    return shutil.copy(file, '/srv/sti-pa-crl.pem')


def main(folder, minutes='10', rate='60'):
    lab.private_network()
    with lab.Lab() as laboratory:
        tree = laboratory.settings(
            service_workers=2, tenants_folder=str(tenants(laboratory)), tenant_name='carrier',
            http_listen=['http:127.0.0.1:%d' % WEB], log_level='warning', certs_lab=True,
            certs_resolve={name + ':443': '127.0.0.1:9' for name in DEAD})
        for key in 'key', 'certificate', 'x5u':
            del tree['sign'][key]
        tree['trust']['crls'] = [neat(laboratory.pki / 'crl.pem')]
        redirector = lab.Redirector(laboratory, tree)
        load = Load(laboratory, float(rate))
        load.start()
        time.sleep(30)
        redirector.send_signal(1)
        time.sleep(max(0, float(minutes) * 60 - 30))
        take(folder, 'light', (1240, 900), 'live-light.png')
        take(folder, 'dark', (1240, 900), 'live-dark.png')
        take(folder, 'light', (360, 740), 'live-phone.png')
        load.over = True
        load.join()


if __name__ == '__main__':
    main(*sys.argv[1:])
