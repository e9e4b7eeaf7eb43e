"""Kamailio as docs/clients.md shows it: header form, follow-the-Contact form, dispatcher form.

The configurations, and the redirector's settings with them, are taken from the page; for the calls to a
redirector that lives with longer limits, since a machine that is slow is no redirector that is dead.
"""
import re

import lab
from lab import Peer, Token, decode
from test_kamailio import CARRIER, CUSTOMER, PHONE, PROXY, REDIRECTOR, STRANGER, Call, kamailio, quoted, wait_sip

PAGE = (lab.SOURCE / 'docs' / 'clients.md').read_text()
NOBODY = ('127.0.0.1', 15071)           # a redirector that is not there
FAST = ('127.0.0.1', 15061)             # a proxy with the page's own limits
LIMITS = {'t_set_fr(2000, 800)': 't_set_fr(20000, 15000)', 't_set_fr(1000, 400)': 't_set_fr(20000, 15000)',
          '"ds_probing_threshold", 1': '"ds_probing_threshold", 3'}


def block(mark):
    """The fenced text behind a mark of the page."""
    found = re.search(r'<!-- %s -->\n```\w*\n(.*?\n)```\n' % re.escape(mark), PAGE, re.S)
    if not found:
        raise LookupError('docs/clients.md has no block "%s"' % mark)
    return found.group(1)


def settings(name):
    """`section:` and `  key: value` as the laboratory wants its changes."""
    changes, section = {}, None
    for line in block('settings ' + name).splitlines():
        key, _, value = line.partition(': ' if line.startswith(' ') else ':')
        if line.startswith('  '):
            changes['%s_%s' % (section, key.strip().replace('-', '_'))] = value
        else:
            section = key
    return changes


def start_proxy(laboratory, form, end=PROXY, **defines):
    name = form if end == PROXY else form + '-fast'
    config = laboratory.folder / (name + '.cfg')
    text = block('kamailio common') + '\n' + block('kamailio ' + form)
    for short, long in LIMITS.items() if end == PROXY else ():
        if short not in PAGE:
            raise LookupError('docs/clients.md: %s has changed' % short)
        text = text.replace(short, long)
    config.write_text(text)
    proxy = kamailio(laboratory, config, name, LISTEN='udp:%s:%d' % end, REDIRECTOR=quoted(REDIRECTOR),
                     CARRIER=quoted(CARRIER), PHONES=quoted(PHONE), **defines)
    wait_sip(end)
    return proxy


class Ends:
    """Who is around the proxy."""

    def __init__(self):
        self.customer, self.stranger = Peer(PROXY, *CUSTOMER), Peer(PROXY, *STRANGER)
        self.carrier, self.phone = Peer(PROXY, *CARRIER), Peer(PROXY, *PHONE)

    def out(self, **how):
        return Call(self.customer, self.carrier, **how)

    def into(self, **how):
        return Call(self.stranger, self.phone, **how)


def until(works):
    """A proxy that sends probes finds a redirector by the next one; calls go on meanwhile."""
    for _ in range(100):
        if works():
            return


def answered(checks, call, what):
    return checks.that(call.final and call.final.code == 200 and call.onward, what + ': the call is answered',
                       call.final and call.final.status)


def check_signed(checks, ends, what):
    call = ends.out(extra=['P-Attestation-Indicator: C'])
    if not answered(checks, call, what):
        return call
    values = call.onward.all('Identity')
    checks.same(len(values), 1, what + ': one Identity at the carrier')
    if values:
        _, payload, _ = decode(values[0])
        checks.same((payload['orig'], payload['dest'], payload['attest']),
                    ({'tn': lab.ORIG}, {'tn': [lab.DEST]}, 'A'), what + ': its claims')
    checks.same(call.onward.get('P-Attestation-Indicator'), None, what + ': the attestation header stays inside')
    return call


def check_unsigned(laboratory, checks, ends, form, what, **defines):
    """Nobody answers the proxy of the page as it is."""
    proxy, customer = start_proxy(laboratory, form, FAST, **defines), Peer(FAST, CUSTOMER[0], FAST[1])
    call = Call(customer, ends.carrier)
    customer.close()
    proxy.stop()
    if answered(checks, call, what):
        checks.same(call.onward.get('Identity'), None, what + ': unsigned')
    return call


def check_verified(laboratory, checks, ends, what):
    bad = Token(laboratory.pki)
    bad.spoil = 'bit'
    forged = ['P-Asserted-Identity: <sip:+12155550112;verstat=TN-Validation-Passed@evil.example>']
    for name, identity, extra, verstat in (
            ('good', str(Token(laboratory.pki)), [], 'TN-Validation-Passed'),
            ('spoiled', str(bad), [], 'TN-Validation-Failed'),
            ('spoiled, with a verstat of its own', str(bad), forged, 'TN-Validation-Failed')):
        call = ends.into(identity=identity, extra=extra)
        if answered(checks, call, '%s: %s' % (what, name)):
            pai = call.onward.all('P-Asserted-Identity')
            checks.same(len(pai), 1, '%s: %s: one P-Asserted-Identity' % (what, name))
            checks.that(pai and ';verstat=%s@' % verstat in pai[0], '%s: %s: verstat at the phone' % (what, name), pai)
        if name == 'good':
            kept = call
    return kept


def check_actions(laboratory, checks, ends, what, changes):
    """Blocked where the number is false, and a name that warns where there is no Identity."""
    redirector = laboratory.redirector(REDIRECTOR[1], name=what + '-actions', tenant_mode='verify',
                                       actions_failed='block', actions_missing='alert', **changes)
    until(lambda: '[unsigned]' in (ends.into().onward.get('P-Asserted-Identity') or ''))
    bad = Token(laboratory.pki)
    bad.spoil = 'bit'
    call = ends.into(identity=str(bad))
    checks.same(call.final and call.final.status, '603 Network Blocked', what + ': blocked')
    checks.same(call.final and call.final.get('Reason'),
                'SIP;cause=603;text="v=analytics1;url=%s";location=RLN' % changes['answer_block_url'],
                what + ': and where to complain')
    checks.same(call.onward, None, what + ': the phone does not ring')
    call = ends.into()
    if answered(checks, call, what + ': no Identity'):
        pai = call.onward.get('P-Asserted-Identity') or ''
        checks.that(pai.startswith('"[unsigned] Caller" <sip:+%s;verstat=No-TN-Validation@' % lab.ORIG),
                    what + ': the name warns', pai)
    checks.same(redirector.stop(), 0, what + ': the redirector ends')


def test_header(laboratory, checks, ends):
    changes = settings('kamailio')
    proxy = start_proxy(laboratory, 'header')
    redirector = laboratory.redirector(REDIRECTOR[1], name='header-redirector', **changes)
    call = check_signed(checks, ends, 'header')
    checks.same(call.onward.start, 'INVITE sip:+14045550100@proxy.example;user=phone SIP/2.0', 'header: the proxy\'s own route')
    check_verified(laboratory, checks, ends, 'header')
    checks.same(redirector.stop(), 0, 'header: the redirector ends')
    check_unsigned(laboratory, checks, ends, 'header', 'header, dead redirector')
    check_actions(laboratory, checks, ends, 'header', changes)
    proxy.stop()


def test_follow(laboratory, checks, ends):
    changes = settings('kamailio-follow')
    proxy = start_proxy(laboratory, 'follow')
    redirector = laboratory.redirector(REDIRECTOR[1], name='follow-redirector', **changes)
    call = check_signed(checks, ends, 'follow')
    checks.same(call.onward.start, 'INVITE sip:+14045550100@127.0.0.4:15060;user=phone;transport=udp SIP/2.0',
                'follow: the Request-URI is the Contact')
    call = check_verified(laboratory, checks, ends, 'follow')
    checks.that(';verstat=TN-Validation-Passed' in call.onward.start, 'follow: the Contact says it too', call.onward.start)
    checks.same(redirector.stop(), 0, 'follow: the redirector ends')
    call = check_unsigned(laboratory, checks, ends, 'follow', 'follow, dead redirector')
    checks.same(call.onward.start, 'INVITE sip:+14045550100@127.0.0.4:15060;user=phone SIP/2.0', 'follow: on by itself')
    check_actions(laboratory, checks, ends, 'follow', changes)
    elsewhere = dict(changes, answer_contact='template', answer_contact_template='sip:{user}@127.0.0.9:15060')
    redirector = laboratory.redirector(REDIRECTOR[1], name='elsewhere', **elsewhere)
    check_signed(checks, ends, 'follow, to where the filter does not let it')
    redirector.stop()
    proxy.stop()


def test_dispatcher(laboratory, checks, ends):
    changes = settings('kamailio')
    listed = block('kamailio dispatcher.list')
    for name, end in ('REDIRECTOR_1', NOBODY), ('REDIRECTOR_2', REDIRECTOR):
        listed = listed.replace(name, 'sip:%s:%d' % end)
    path = laboratory.folder / 'dispatcher.list'
    path.write_text(listed)
    redirector = laboratory.redirector(REDIRECTOR[1], name='dispatcher-redirector', **changes)
    proxy = start_proxy(laboratory, 'dispatcher', LIST='"%s"' % path)
    check_signed(checks, ends, 'dispatcher, the first one dead')
    check_verified(laboratory, checks, ends, 'dispatcher')
    checks.same(redirector.stop(), 0, 'dispatcher: the redirector ends')
    check_unsigned(laboratory, checks, ends, 'dispatcher', 'dispatcher, all dead', LIST='"%s"' % path)
    redirector = laboratory.redirector(REDIRECTOR[1], name='dispatcher-again', **changes)
    until(lambda: ends.out().onward.get('Identity'))
    check_signed(checks, ends, 'dispatcher, one is back')
    redirector.stop()
    check_actions(laboratory, checks, ends, 'dispatcher', changes)
    proxy.stop()


def test(laboratory, checks):
    ends = Ends()
    test_header(laboratory, checks, ends)
    test_follow(laboratory, checks, ends)
    test_dispatcher(laboratory, checks, ends)


if __name__ == '__main__':
    lab.main(test)
