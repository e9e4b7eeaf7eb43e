"""Many tenants in one daemon: whose a request is, what is done with it, and never another's key."""
import json
import re
import signal
import subprocess
import time

import lab
from lab import decode

X5U = 'https://certs.lab.example/%s-%s.pem'
HOSTS = {name: 'sip:+%s@%s.example;user=phone' % (lab.DEST, name) for name in 'abc'}
NUMBERS = {'one': '12155550112', 'two': '14045559999'}


class Tenants:
    """The folder with their files, and a PKI for each key: {tenant: {credential: Pki}}."""

    def __init__(self, laboratory):
        self.folder = laboratory.folder / 'tenants'
        self.folder.mkdir()
        self.pki = {name: {c: lab.Pki(laboratory.folder / ('pki-%s-%s' % (name, c))) for c in NUMBERS}
                    for name in 'abc'}

    def put(self, name, tree):
        beside = self.folder / ('.' + name)
        beside.write_text(tree if isinstance(tree, str) else json.dumps(tree))
        beside.replace(self.folder / (name + '.yaml'))

    def keyed(self, name, **more):
        """Two credentials, called the same at each tenant, and one whose name nobody else has."""
        pki = self.pki[name]
        credentials = {c: {'key': str(pki[c] / 'sp.key'), 'certificate': str(pki[c] / 'sp.pem'),
                           'x5u': X5U % (name, c), 'numbers': ['+' + number]}
                       for c, number in NUMBERS.items()}
        credentials['only-' + name] = dict(credentials['one'], numbers=[], x5u=X5U % (name, 'only'))
        return dict({'match': {'hosts': [name + '.example']}, 'credentials': credentials,
                     'sign': {'attest': 'A', 'attest-sources': ['127.0.0.0/8'],
                              'credential-header': 'X-Credential'}}, **more)


def settings(laboratory, listen=(), **changes):
    tree = laboratory.settings(tenants_folder=str(laboratory.folder / 'tenants'), **changes)
    tree['sip']['listen'] += list(listen)
    for key in 'key', 'certificate', 'x5u':
        del tree['sign'][key]
    return tree


def until(what, function):
    end = time.monotonic() + lab.PATIENCE
    while not function():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def reload(server):
    before = server.log.count('event=reload result=')
    server.send_signal(signal.SIGHUP)
    until('a reload', lambda: server.log.count('event=reload result=') > before)
    return [line for line in server.log.split('\n') if 'event=reload result=' in line][-1]


def counts(server):
    """What is counted for each tenant: {name: {what: how often}}.  Asked twice: one process writes
    both, so the first is whole when the second begins."""
    before = server.log.count('event=counters')
    for more in 1, 2:
        server.send_signal(signal.SIGUSR1)
        until('counters', lambda: server.log.count('event=counters') >= before + more)
    last = server.log.split('event=counters')[-2]
    return {name: dict((k, int(v)) for k, v in (pair.split('=') for pair in rest.split()))
            for name, rest in re.findall(r'event=tenant name=(\S+)(.*)', last)}


def signer(answer):
    """The x5u that the answer is signed with; None: it is not."""
    return decode(answer.get('Identity'))[0]['x5u'] if answer.get('Identity') else None


def verifies(answer, certificate, orig):
    run = subprocess.run([lab.SHAKEN, 'verify', '--certificate', certificate / 'sp.pem', '--trust', certificate / 'root.pem',
                          '--orig', orig, '--dest', lab.DEST, answer.get('Identity')], stdout=subprocess.PIPE)
    return run.returncode == 0


def matrix(server, tenants, checks):
    """tenant x number x credential that is asked for: its own key, or none."""
    before, asked, signed = counts(server), dict.fromkeys('abc', 0), dict.fromkeys('abc', 0)
    peer = server.peer()
    for name, uri in HOSTS.items():
        for credential, orig in NUMBERS.items():
            answer = peer.invite(uri=uri, orig=orig)
            what = '%s, number of %s' % (name, credential)
            checks.same(signer(answer), X5U % (name, credential), what)
            for other, of in tenants.pki.items():
                for its, pki in of.items():
                    checks.same(verifies(answer, pki, orig), (other, its) == (name, credential),
                                '%s: verified by %s of %s' % (what, its, other))
            asked[name], signed[name] = asked[name] + 1, signed[name] + 1
            for wanted in ['one', 'two', 'only-a', 'only-b', 'only-c', 'nobody']:
                answer = peer.invite(uri=uri, orig=orig, extra=['X-Credential: ' + wanted])
                want = X5U % (name, wanted.replace('-' + name, '')) if wanted in NUMBERS or wanted == 'only-' + name else None
                checks.same(signer(answer), want, '%s asks for %s' % (what, wanted))
                asked[name], signed[name] = asked[name] + 1, signed[name] + bool(want)
    after = counts(server)
    for name in 'abc':
        for key, want in ('calls', asked), ('signed', signed):
            got = after[name].get(key, 0) - before.get(name, {}).get(key, 0)
            checks.same(got, want[name], '%s: its own %s are counted' % (name, key))
    checks.same(sorted(after), ['a', 'b', 'c'], 'and nobody else\'s')
    peer.close()


def store(laboratory, tenants, checks):
    """tenant x number and list of another, and a number that names another's credential."""
    held = {name: '121555501%d' % n for n, name in enumerate('abc')}
    rows = ['tenant,list,first,credential']
    for name, other in zip('abc', 'bca'):
        tree = tenants.keyed(name, lists={'block': 'block'}, answer={'block': '603'})
        tree['sign'].update({'attest': 'none', 'by-number': True})
        for credential in tree['credentials'].values():
            credential['numbers'] = []
        tenants.put(name, tree)
        rows += ['%s,number,%s1,one' % (name, held[name]), '%s,number,%s2,only-%s' % (name, held[name], other),
                 '%s,block,%s3,' % (name, held[name])]
    folder = laboratory.folder / 'numbers'
    subprocess.run([lab.DAEMON, 'numbers', 'import', '--store', folder, '-'], input='\n'.join(rows + ['']).encode(),
                   check=True, stdout=subprocess.DEVNULL)
    server = lab.Redirector(laboratory, settings(laboratory, authority_store=str(folder)), 'store')
    peer = server.peer()
    for name, uri in HOSTS.items():
        for other, number in held.items():
            answers = [peer.invite(uri=uri, orig=number + digit) for digit in '123']
            own = name == other
            checks.same([(a.code, signer(a)) for a in answers],
                        [(302, X5U % (name, 'one') if own else None), (302, None), (603 if own else 302, None)],
                        '%s calls with numbers of %s' % (name, other))
    want = {'calls': 9, 'signed': 1, 'blocked': 1, 'billable': 1}
    checks.same(counts(server), dict.fromkeys('abc', want), 'and each has its own counts')
    peer.close()
    checks.same(server.stop(), 0, 'exit status')
    for name in 'abc':
        tenants.put(name, tenants.keyed(name))


def by_what(laboratory, tenants, checks):
    """Matched by source, listener, host and header, with the right one first."""
    plain = {'sign': tenants.keyed('a')['sign']}
    rows = {'src': {'sources': ['127.0.0.2/32']}, 'net': {'sources': ['127.0.0.0/24']}, 'host': {'hosts': ['h.example']},
            'ear': {'listeners': ['udp:127.0.0.1:5062']}, 'head': {'headers': ['h-1']}, 'far': {'sources': ['127.9.0.1/32'], 'hosts': ['f.example']}}
    for path in tenants.folder.glob('*.yaml'):
        path.unlink()
    for name, match in rows.items():
        tenants.put(name, dict(plain, match=match))
    tree = settings(laboratory, ['udp:127.0.0.1:5062'], tenants_header='X-Tenant', tenants_header_sources=['127.0.0.7/32'])
    tree['sip']['sources'] = ['127.0.0.0/16']
    server = lab.Redirector(laboratory, tree, 'by-what')
    calls = [
        ('127.0.0.2', 5060, 'x.example', None, 'src'), ('127.0.0.3', 5060, 'x.example', None, 'net'),
        ('127.0.0.2', 5060, 'h.example', None, 'host'), ('127.0.0.2', 5062, 'x.example', None, 'ear'),
        ('127.0.0.2', 5062, 'H.Example', None, 'host'), ('127.0.0.7', 5062, 'h.example', 'h-1', 'head'),
        ('127.0.0.8', 5060, 'x.example', 'h-1', 'net'), ('127.0.0.7', 5060, 'x.example', 'h-2', 'net'),
        ('127.0.1.1', 5060, 'h.example', None, 'host'), ('127.0.1.1', 5062, 'x.example', 'h-1', 'ear'),
        ('127.9.0.1', 5060, 'f.example', None, 'far'),
    ]
    for address, port, host, header, want in calls:
        before = counts(server)
        peer = lab.Peer(('127.0.0.1', port), address=address)
        peer.invite(uri='sip:+%s@%s' % (lab.DEST, host), extra=['X-Tenant: ' + header] if header else [])
        peer.close()
        after = counts(server)
        got = [name for name in after if after[name].get('calls', 0) != before.get(name, {}).get('calls', 0)]
        checks.same(got, [want], '%s to %d, %s, %s' % (address, port, host, header))
    outside = [('127.0.1.1', 'x.example', 'nobody\'s'), ('127.9.0.1', 'h.example', 'a network of one, the host of another'),
               ('127.8.0.1', 'h.example', 'a stranger')]
    for address, host, what in outside:
        before = counts(server)
        peer = lab.Peer(('127.0.0.1', 5060), address=address)
        peer.send(peer.build(uri='sip:+%s@%s' % (lab.DEST, host)))
        fence = server.peer(address='127.0.0.2')
        fence.invite()
        peer.sock.setblocking(False)
        try:
            checks.that(False, what + ' gets nothing', peer.receive().raw)
        except BlockingIOError:
            checks.that(True, what + ' gets nothing')
        after = counts(server)
        checks.same({n: after[n] for n in after if n != 'src'}, {n: before[n] for n in before if n != 'src'},
                    what + ' is counted for nobody')
        peer.close()
        fence.close()
    tree['sip']['strangers'] = '403'
    server.write(tree)
    reload(server)
    for address, host, what in outside:
        peer = lab.Peer(('127.0.0.1', 5060), address=address)
        checks.same(peer.invite(uri='sip:+%s@%s' % (lab.DEST, host)).code, 403, what + ' by choice gets 403')
        peer.close()
    checks.same(server.stop(), 0, 'exit status')


def function(laboratory, tenants, checks):
    """Sign or verify by parameter, host or listener; else by whether there is an Identity."""
    for path in tenants.folder.glob('*.yaml'):
        path.unlink()
    tree = tenants.keyed('a', match={'sources': ['127.0.0.1/32']}, verify=laboratory.settings()['verify'])
    tree['function'] = {'hosts': {'out.example': 'sign', 'in.example': 'verify', 'none.example': 'pass'},
                        'listeners': {'udp:127.0.0.1:5062': 'verify'}, 'header': 'X-Do', 'parameter': 'qtype'}
    tree['verify'] = {'certificates': laboratory.settings()['verify']['certificates']}
    tenants.put('a', tree)
    tenants.put('z', {'match': {'sources': ['127.0.0.2/32']}})
    server = lab.Redirector(laboratory, settings(laboratory, ['udp:127.0.0.1:5062']), 'function')
    token = str(lab.Token(laboratory.pki))
    plain, qtype = '<sip:+%s@c.example%s>;tag=1', ';qtype='
    rows = [
        (5060, 'x.example', '', (), False, 'sign'), (5060, 'x.example', '', (), True, 'verify'),
        (5060, 'out.example', '', (), False, 'sign'), (5060, 'in.example', '', (), False, 'nothing'),
        (5060, 'in.example', '', (), True, 'verify'), (5060, 'none.example', '', (), False, 'nothing'),
        (5062, 'x.example', '', (), False, 'nothing'), (5062, 'out.example', '', (), False, 'sign'),
        (5060, 'in.example', qtype + 'sti-as', (), False, 'sign'), (5060, 'out.example', qtype + 'sti-vs', (), False, 'nothing'),
        (5060, 'out.example', qtype + 'lnp', (), False, 'sign'), (5060, 'in.example', qtype + 'sti-vs', ['X-Do: sign'], False, 'sign'),
    ]
    for port, host, parameter, extra, identity, want in rows:
        peer = lab.Peer(('127.0.0.1', port))
        answer = peer.invite(uri='sip:+%s@%s' % (lab.DEST, host), identity=token if identity else (), extra=extra,
                             replace={'From': 'From: ' + plain % (lab.ORIG, parameter)})
        got = 'sign' if answer.get('Identity') else 'verify' if answer.verstat == 'TN-Validation-Passed' else 'nothing'
        checks.same(got, want, 'port %d, %s%s %s %s' % (port, host, parameter, extra, identity))
        peer.close()
    peer = server.peer(address='127.0.0.2')
    checks.same(peer.invite(identity=token).verstat, 'No-TN-Validation', 'another\'s certificates on file vouch for nobody else')
    peer.close()
    checks.same(server.stop(), 0, 'exit status')


def check(server):
    run = subprocess.run([lab.DAEMON, '-c', server.config, '--check'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def reloads(laboratory, tenants, server, checks):
    """A broken file keeps the last good version; --check says what a reload would do."""
    peer = server.peer()
    status, out, err = check(server)
    checks.that(status == 0 and 'change 0 settings' in out and 'add 0 tenants, change 0 and remove 0' in out,
                'nothing would change', (status, out, err))
    tenants.put('a', '{"match": {"hosts": ["a.example"]}, "sign": {"atest": "A"}}')
    tenants.put('b', tenants.keyed('b', match={'hosts': ['bb.example']}))
    tenants.put('d', {'match': {'hosts': ['d.example']}})
    (tenants.folder / 'c.yaml').unlink()
    status, out, err = check(server)
    checks.that(status == 1 and 'atest' in err, 'a broken tenant fails the check', (status, err))
    checks.that('tenant ~ b\n' in out and 'tenant + d\n' in out and 'tenant - c\n' in out, 'and it says what a reload would change', out)
    checks.that('tenant ! a: broken, the version in use stays\n' in out and 'tenant - a' not in out and 'remove 1\n' in out,
                'a broken one is not removed', out)
    line = reload(server)
    checks.that('result=ok added=1 changed=1 removed=1 unchanged=0 broken=1' in line, 'the reload says the same', line)
    until('and why', lambda: 'a.yaml:1' in server.log and 'the version in use stays' in server.log)
    checks.same(signer(peer.invite(uri=HOSTS['a'])), X5U % ('a', 'one'), 'the broken one\'s last good version signs')
    checks.same(signer(peer.invite(uri='sip:+%s@bb.example' % lab.DEST)), X5U % ('b', 'one'), 'the changed one')
    for host in 'b.example', 'c.example':
        got = peer.silence(peer.build(uri='sip:+%s@%s' % (lab.DEST, host)))
        checks.same(got, [], host + ' is nobody\'s any more')
    tenants.put('e', tenants.keyed('c', match={'hosts': ['a.example']}))
    line = reload(server)
    checks.that('broken=2' in line, 'one that wants what is another\'s is refused', line)
    until('and why', lambda: 'tenants e and a have the same criteria' in server.log)
    checks.same(signer(peer.invite(uri=HOSTS['a'])), X5U % ('a', 'one'), 'and the other keeps it')
    # another key under the same name, the file untouched
    tenants.put('a', tenants.keyed('a'))
    (tenants.folder / 'e.yaml').unlink()
    reload(server)
    old = tenants.pki['a']['one']
    fresh = lab.Pki(laboratory.folder / 'pki-fresh')
    for name in 'sp.key', 'sp.pem':
        (fresh / name).rename(old.folder / name)
    checks.that('changed=1' in reload(server), 'another key alone is a change')
    answer = peer.invite(uri=HOSTS['a'])
    run = subprocess.run([lab.SHAKEN, 'verify', '--certificate', old / 'sp.pem', '--trust', fresh / 'root.pem', '--orig', lab.ORIG,
                          '--dest', lab.DEST, answer.get('Identity')], stdout=subprocess.PIPE)
    checks.same(run.returncode, 0, 'the new key signs')
    peer.close()


def names(laboratory, checks):
    """A name is whatever somebody chose: it makes no pair of its own in a line of the log, and no line."""
    name = 'a "b" calls=9 \\ <c>'
    for format in 'key-value', 'json':
        server = laboratory.redirector(name='named-' + format, tenant_name=name, log_format=format)
        peer = server.peer()
        peer.invite()
        server.send_signal(signal.SIGUSR1)
        until('counters', lambda s=server: re.search('event(=|":")tenant\\b.*\n', s.log))
        if format == 'json':
            told = [json.loads(line) for line in server.log.split('\n') if '"event":"tenant"' in line]
            checks.same([(r['name'], r['calls']) for r in told], [(name, 1)], 'JSON')
        else:
            told = re.findall(r'event=tenant name=(.*)', server.log)
            checks.same(told, [r'"a \"b\" calls=9 \\ <c>" calls=1 signed=1 billable=1'], 'text')
        peer.close()
        checks.same(server.stop(), 0, 'exit status')
    config = laboratory.folder / 'lines.yaml'
    config.write_text(json.dumps(laboratory.settings(tenant_name='a\nb')))
    run = subprocess.run([lab.DAEMON, '-c', config, '--check'], stderr=subprocess.PIPE, text=True)
    checks.that(run.returncode == 1 and 'line ends' in run.stderr, 'a line end is refused', run.stderr)


def test(laboratory, checks):
    tenants = Tenants(laboratory)
    for name in 'abc':
        tenants.put(name, tenants.keyed(name))
    store(laboratory, tenants, checks)
    server = lab.Redirector(laboratory, settings(laboratory, tenants_running=str(laboratory.folder / 'running')), 'matrix')
    matrix(server, tenants, checks)
    reloads(laboratory, tenants, server, checks)
    checks.that('event=expiry' not in server.log or 'ends soon' in server.log, 'what ends soon is said')
    checks.same(server.stop(), 0, 'exit status')
    by_what(laboratory, tenants, checks)
    function(laboratory, tenants, checks)
    names(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
