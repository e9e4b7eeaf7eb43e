"""What is vouched for and who is let through, by the store of numbers: attestation by number and trunk,
lists, heartbeats, names that warn, and a client that says everything in headers.
"""
import subprocess

import lab
from lab import Token, decode

HELD, OTHERS, NOBODYS = '14045550101', '14045550201', '14045559999'
SPAM, DNO, SPAM_ALLOWED, OFF_LIMITS = '14045550301', '14045550302', '14045550303', '14045550304'
MASKED = 'https://calls.example.net/blocked'
BLOCKED = ('603 Network Blocked', 'SIP;cause=603;text="v=analytics1;url=%s";location=RLN' % MASKED)
NUMBERS = """tenant,list,customer,first,last,attest,credential,from,until
lab,number,acme,+14045550100,+14045550199,A,,,
lab,number,beta,+14045550200,+14045550299,A,,,
lab,number,beta,+14045550401,,C,,,
lab,block,,+14045550301,,,,,
lab,block,,+14045550303,,,,,
lab,allow,,+14045550303,,,,,
*,do-not-originate,,+14045550302,,,,,
other,number,acme,+14045550500,+14045550599,A,,,
other,block,,+14045550304,,,,,
"""
TRUNKS = {'trunks_acme': {'groups': ['acme'], 'customer': 'acme', 'attest': 'B'},
          'trunks_gateway': {'groups': ['gw'], 'attest': 'C', 'customer': 'nobody'}}
LISTS = {'lists_block': 'block', 'lists_do_not_originate': 'block', 'lists_allow': 'exempt'}


def start(laboratory, name, **changes):
    settings = {'answer_block_url': MASKED, 'tenant_trunk_parameter': 'otg', 'authority_store': str(laboratory.folder / 'numbers')}
    settings.update(changes)
    return laboratory.redirector(15080, name=name, **settings)


def build(peer, orig, trunk=None, **how):
    line = 'From: "Caller" <sip:+%s%s@carrier.example;user=phone>;tag=f1' % (orig, ';otg=' + trunk if trunk else '')
    return peer.build(replace={'From': line}, orig=orig, **how)


def attest_of(answer):
    value = answer.get('Identity')
    return value and decode(value)[1]['attest']


def test_by_number(laboratory, checks):
    server = start(laboratory, 'by-number', sign_by_number='yes', sign_attest='none', **TRUNKS)
    peer = server.peer()
    for orig, trunk, want, what in (
            (HELD, 'acme', 'A', 'the customer\'s own'),
            (OTHERS, 'acme', 'B', 'another customer\'s'),
            (NOBODYS, 'acme', 'B', 'nobody\'s, from a customer'),
            (HELD, 'gw', 'C', 'through a gateway'),
            (NOBODYS, 'gw', 'C', 'nobody\'s, through a gateway'),
            (HELD, None, 'A', 'no trunk: any customer\'s'),
            ('14045550401', None, 'C', 'what the store says'),
            ('14045550501', None, None, 'another tenant\'s'),
            ('14045550501', 'acme', 'B', 'another tenant\'s customer of the same name'),
            (NOBODYS, None, None, 'nobody\'s, from nobody'),
            (NOBODYS, 'unknown', None, 'a trunk that nobody knows')):
        answer = peer.ask(build(peer, orig, trunk))
        checks.same((answer.code, attest_of(answer)), (302, want), 'by number: ' + what)
    server.stop()


def test_lists(laboratory, checks):
    for mode in 'sign', 'verify':
        server = start(laboratory, 'lists-' + mode, tenant_mode=mode, **LISTS)
        peer = server.peer()
        for orig, blocked, what in ((SPAM, True, 'block'), (DNO, True, 'do not originate'), (SPAM_ALLOWED, False, 'exempt'),
                                    (NOBODYS, False, 'on no list'), (OFF_LIMITS, False, 'on another tenant\'s list')):
            identity = str(Token(laboratory.pki, orig=orig)) if mode == 'verify' else ()
            answer = peer.ask(build(peer, orig, identity=identity))
            if blocked:
                checks.same((answer.status, answer.get('Reason')), BLOCKED, '%s: %s' % (mode, what))
                checks.same((answer.get('Contact'), answer.get('Identity')), (None, None), '%s: %s' % (mode, what))
                needle = 'id=%s ' % answer.get('Call-ID')
                server.wait_log(needle, 'record')
                record = next(line for line in server.log.splitlines() if needle in line)
                checks.that(' orig=%s dest=%s waited=' % (orig, lab.DEST) in record, '%s: %s: a blocked number can be found' % (mode, what), record)
            else:
                good = answer.get('Identity') if mode == 'sign' else answer.verstat == 'TN-Validation-Passed'
                checks.that(answer.code == 302 and good, '%s: %s' % (mode, what), answer.raw)
        server.stop()


def test_block_answers(laboratory, checks):
    card = 'https://calls.example.net/card.jws'
    for word, status, name, value in (('603', '603 Decline', 'Reason', None), ('607', '607 Unwanted', 'Reason', None),
                                      ('608', '608 Rejected', 'Call-Info', '<%s>;purpose=jwscard' % card)):
        server = start(laboratory, 'block-' + word, answer_block=word, answer_block_card=card if word == '608' else '',
                       answer_block_url='', **LISTS)
        peer = server.peer()
        answer = peer.ask(build(peer, SPAM))
        checks.same((answer.status, answer.get(name)), (status, value), 'block: ' + word)
        server.stop()


def test_alert(laboratory, checks):
    server = start(laboratory, 'alert', lists_block='alert', tenant_mode='verify', actions_failed='alert')
    peer = server.peer()
    bad = Token(laboratory.pki, orig=NOBODYS)
    bad.spoil = 'bit'
    for orig, identity, name, verstat in (
            (SPAM, str(Token(laboratory.pki, orig=SPAM)), '[spam?] Caller', 'TN-Validation-Passed'),
            (NOBODYS, str(bad), '[spoofed?] Caller', 'TN-Validation-Failed'),
            (NOBODYS, str(Token(laboratory.pki, orig=NOBODYS)), 'Caller', 'TN-Validation-Passed')):
        answer = peer.ask(build(peer, orig, identity=identity))
        checks.same((answer.code, answer.get('P-Asserted-Identity')),
                    (302, '"%s" <sip:+%s;verstat=%s@carrier.example;user=phone>' % (name, orig, verstat)), 'alert: ' + name)
    server.stop()


def test_heartbeats(laboratory, checks):
    server = start(laboratory, 'heartbeats', tenant_mode='auto', **LISTS)
    peer = server.peer()
    for orig, dest in ('9999999999', lab.DEST), (NOBODYS, '7777777777'):
        raw = peer.build(orig=orig, dest=dest).replace(b'sip:+', b'sip:')
        answer = peer.ask(raw)
        checks.same((answer.code, answer.get('Identity'), answer.verstat), (302, None, None), 'heartbeat %s to %s' % (orig, dest))
    bad = Token(laboratory.pki, orig=NOBODYS)
    bad.spoil = 'bit'
    raw = peer.build(orig=NOBODYS, identity=str(bad), replace={'To': 'To: <sip:7777777777@sbc.example>'})
    checks.same(peer.ask(raw).verstat, 'No-TN-Validation', 'a heartbeat by its To alone: it calls somebody, and is verified')
    server.stop()


def test_agnostic(laboratory, checks):
    """A client that names numbers and attestation, and one that may not."""
    uuid = '123e4567-e89b-12d3-a456-426655440000'
    server = start(laboratory, 'agnostic', sign_orig_header='X-Orig', sign_dest_header='X-Dest', sign_attest='C',
                   sign_attest_headers=['X-Attest'], sign_origid='header', sign_origid_headers=['X-Origid'],
                   sign_attest_sources=['127.0.0.1/32'], numbers_country='1', **LISTS)
    said = ['X-Orig: +12155550199', 'X-Dest: (404) 555-0188', 'X-Attest: B', 'X-Origid: ' + uuid]
    for address, want in (('127.0.0.1', ('12155550199', '14045550188', 'B', True)),
                          ('127.0.0.2', (NOBODYS, lab.DEST, 'C', False))):
        peer = server.peer(address=address)
        payload = decode(peer.ask(build(peer, NOBODYS, extra=said)).get('Identity'))[1]
        checks.same((payload['orig']['tn'], payload['dest']['tn'][0], payload['attest'], payload['origid'] == uuid), want,
                    'agnostic from ' + address)
    peer = server.peer()
    for line in 'X-Orig: bob', 'X-Orig:', 'X-Dest: <sip:bob@a.example>', 'X-Attest: Z':
        answer = peer.ask(build(peer, NOBODYS, extra=[line]))
        checks.same((answer.code, answer.get('Identity')), (302, None), 'agnostic, ' + line)
    answer = peer.ask(build(peer, NOBODYS, extra=['X-Orig: +' + SPAM]))
    checks.same((answer.status, answer.get('Reason')), BLOCKED, 'agnostic: the number that is to be signed is on a list')
    server.stop()


def test(laboratory, checks):
    table = laboratory.folder / 'numbers.csv'
    table.write_text(NUMBERS)
    (laboratory.folder / 'numbers').mkdir()
    subprocess.run([lab.DAEMON, 'numbers', 'import', '--store', laboratory.folder / 'numbers', table], check=True,
                   stdout=subprocess.DEVNULL)
    for part in test_by_number, test_lists, test_block_answers, test_alert, test_heartbeats, test_agnostic:
        part(laboratory, checks)


if __name__ == '__main__':
    lab.main(test)
