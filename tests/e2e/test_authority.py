"""The number store in a running daemon: opened, replaced while it runs, missing, and never another tenant's."""
import json
import re
import signal
import subprocess
import time

import lab
from lab import decode

HEAD = 'tenant,list,customer,first,last,attest,credential,from,until\n'
A, B, C = '12155550101', '12155550202', '12155550303'


def until(what, function):
    end = time.monotonic() + lab.PATIENCE
    while not function():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


def load(store, lines):
    run = subprocess.run([lab.DAEMON, 'numbers', 'import', '--store', store, '-'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         input=(HEAD + ''.join(line + '\n' for line in lines)).encode())
    if run.returncode:
        raise RuntimeError(run.stdout.decode())


def attest(peer, tenant, orig):
    answer = peer.invite(uri='sip:+%s@%s.example' % (lab.DEST, tenant), orig=orig)
    return decode(answer.get('Identity'))[1]['attest'] if answer.get('Identity') else answer.code


def run_with(laboratory, checks, warm):
    name = 'warm' if warm else 'plain'
    store = laboratory.folder / ('store-' + name)
    server = lab.Redirector(laboratory, settings(laboratory, store, warm), name)
    peer = server.peer()
    checks.same(attest(peer, 'one', A), 302, name + ': no store yet: served, not signed')
    server.wait_log('event=numbers result=failed', 'why not')     # the log is written in turns
    checks.same(server.log.count('event=numbers result=failed'), 1, name + ': it is said once')
    load(store, ['one,number,,%s,,A,,,' % A, 'two,number,,%s,,B,,,' % B])
    until('the store is found', lambda: 'event=numbers result=opened' in server.log)
    # a look in the midst of the import finds another reason, and tells that once, too
    told = re.findall('event=numbers result=failed (.*)', server.log)
    checks.same(sorted(set(told)), sorted(told), name + ': and each reason was said once')
    want = {('one', A): 'A', ('one', B): 302, ('one', C): 302, ('two', A): 302, ('two', B): 'B', ('two', C): 302}
    checks.same({row: attest(peer, *row) for row in want}, want, name + ': each tenant has its own numbers')
    load(store, ['one,number,,%s,,C,,,' % A, 'one,number,,%s,,A,,,' % C])
    until('the next one is found', lambda: server.log.count('event=numbers result=opened') == 2)
    want = {('one', A): 'C', ('one', B): 302, ('one', C): 'A', ('two', B): 302}
    checks.same({row: attest(peer, *row) for row in want}, want, name + ': another import counts without a restart')
    server.send_signal(signal.SIGHUP)
    until('a reload', lambda: 'event=reload result=ok' in server.log)
    checks.same(attest(peer, 'one', A), 'C', name + ': a reload keeps it')
    before = server.log.count('event=counters')
    server.send_signal(signal.SIGUSR1)
    until('counters', lambda: server.log.count('event=counters') > before and 'event=numbers faults=0' in server.log)
    checks.that(True, name + ': no fault')
    peer.close()
    checks.same(server.stop(), 0, name + ': exit status')


def settings(laboratory, store, warm):
    tree = laboratory.settings(tenants_folder=str(laboratory.folder / 'tenants'), authority_store=str(store),
                               authority_watch='1s', authority_warm=warm)
    for key in 'key', 'certificate', 'x5u':
        del tree['sign'][key]
    return tree


def test(laboratory, checks):
    (laboratory.folder / 'tenants').mkdir()
    for name in 'one', 'two':
        pki = laboratory.pki
        (laboratory.folder / 'tenants' / (name + '.yaml')).write_text(json.dumps(
            {'match': {'hosts': [name + '.example']},
             'sign': {'key': str(pki / 'sp.key'), 'certificate': str(pki / 'sp.pem'), 'x5u': lab.X5U_BASE + 'sp.pem',
                      'attest': 'none', 'by-number': True}}))
    for warm in False, True:
        run_with(laboratory, checks, warm)


if __name__ == '__main__':
    lab.main(test)
