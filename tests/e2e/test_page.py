"""The live page in a real Chromium, over a real daemon: its numbers, its manners, its refusals."""
import hashlib
import json
import os
import re
import signal
import sys
import time

import chromium
import lab
from lab import DEST, ORIG, Token
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

WEB = 8080
URL = 'http://127.0.0.1:%d/' % WEB
HOSTILE = '<img src=x onerror=document.title=1><script>alert(1)&amp;"'
SIGNED, PASSED, FAILED, UNVERIFIED = 23, 11, 5, 7
THIN = '\u202f'

# every text that is seen, its colour, and all that is painted behind it
CONTRAST = r'''
function rgba(text) {
  const m = text.match(/[\d.]+/g).map(Number);
  return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1];
}
function over(top, under) {
  return [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
}
function light(c) {
  const v = c.slice(0, 3).map((x) => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
}
function behind(node) {
  const layers = [];
  for (let n = node; n; n = n.parentElement) layers.push(rgba(getComputedStyle(n).backgroundColor));
  return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
}
const bad = [];
let count = 0;
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const node = walk.currentNode.parentElement;
  if (!walk.currentNode.textContent.trim() || ['SCRIPT', 'NOSCRIPT', 'STYLE'].includes(node.tagName)) continue;
  if (!node.checkVisibility({ checkVisibilityCSS: true })) continue;
  const style = getComputedStyle(node), back = behind(node);
  const ink = rgba(node.closest('svg') ? style.fill : style.color);
  const [a, b] = [light(over(ink, back)), light(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  count++;
  if (ratio < 4.5) bad.push(walk.currentNode.textContent.trim().slice(0, 30) + ' ' + ratio.toFixed(2));
}
return [count, bad];
'''

# what a reader without eyes or mouse needs; each a sentence when it is missing
ACCESS = r'''
const bad = [];
const need = (good, what) => good || bad.push(what);
need(document.documentElement.lang === 'en', 'a language');
for (const name of ['header', 'main', 'footer', 'h1']) need(document.querySelectorAll(name).length === 1, 'one ' + name);
for (const t of document.querySelectorAll('table')) {
  need(t.caption && t.caption.textContent, 'a caption of ' + t.id);
  for (const th of t.querySelectorAll('th')) need(th.scope, 'a scope in ' + t.id + ': ' + th.textContent);
}
for (const s of document.querySelectorAll('figure svg'))
  need(s.getAttribute('role') === 'img' && s.getAttribute('aria-label') && s.tabIndex === 0, 'a text of ' + s.parentElement.id);
for (const s of document.querySelectorAll('section')) need(document.getElementById(s.getAttribute('aria-labelledby')), 'a name of a section');
for (const i of document.querySelectorAll('input, select')) need(document.querySelector('label[for=' + i.id + ']'), 'a label of ' + i.id);
need(document.getElementById('problems').getAttribute('aria-live') === 'polite', 'problems are told');
need(!document.querySelector('[style]:not(.tip), style, script:not([src]), [onclick], [onload]'), 'nothing inline');
const ids = [...document.querySelectorAll('[id]')].map((n) => n.id);
need(new Set(ids).size === ids.length, 'each id once');
return bad;
'''


def plain(text):
    return text.replace(THIN, '')


def until(what, function):
    """Wait until it is true.  @return What it returned; None after a long time"""
    end = time.monotonic() + chromium.PATIENCE
    while time.monotonic() < end:
        try:
            got = function()
        except Exception as fault:      # a node that was just changed
            got, what = None, '%s (%s)' % (what.split(' (')[0], type(fault).__name__)
        if got:
            return got
        time.sleep(0.1)
    print('never: ' + what, file=sys.stderr)
    return None


def text_of(driver, name):
    return plain(driver.execute_script('return document.getElementById(arguments[0]).textContent', name))


def rows_of(driver, table):
    return driver.execute_script(
        'return [...document.getElementById(arguments[0]).tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent))', table)


def service_of(driver):
    names = driver.execute_script('return [...document.querySelectorAll("#service > *")].map(n => n.textContent)')
    return dict(zip(names[::2], map(plain, names[1::2])))


def errors(driver):
    """Of the console; what the browser's own pages say is not ours."""
    return [line['message'] for line in driver.get_log('browser') if not line['message'].startswith('chrome')]


def live(driver):
    return driver.execute_script('return document.getElementById("state").dataset.state') == 'live'


def load(redirector, pki, checks):
    """Calls whose outcomes are known."""
    peer = redirector.peer()
    # made before, for the page shows the steps of one minute
    good = lab.tokens(pki, [(ORIG, DEST)] * PASSED)
    bad, late = [Token(pki) for _ in range(FAILED)], [Token(pki, iat=int(time.time()) + 5000) for _ in range(UNVERIFIED)]
    for token in bad:
        token.spoil = 'bit'
    bad, late = [str(token) for token in bad], [str(token) for token in late]
    for _ in range(SIGNED):
        peer.invite()
    for identity in good:
        checks.same(peer.invite(identity=identity).verstat, 'TN-Validation-Passed', 'the load passes')
    for identity in bad:
        checks.same(peer.invite(identity=identity).verstat, 'TN-Validation-Failed', 'the load fails')
    for identity in late:
        peer.invite(identity=identity)
    peer.close()


def counters(redirector):
    """What the log says of all processes together."""
    before = redirector.log.count('event=counters')
    redirector.send_signal(signal.SIGUSR1)
    until('counters', lambda: redirector.log.count('event=counters') > before)
    line = [x for x in redirector.log.split('\n') if 'event=counters' in x and 'worker=' not in x][-1]
    return {k: int(v) for k, v in re.findall(r'(\w+)=(\d+)(?= |$)', line)}


def numbers(driver, redirector, pki, checks):
    """What the page shows is what was counted."""
    load(redirector, pki, checks)
    calls = SIGNED + PASSED + FAILED + UNVERIFIED
    until('all calls on the page', lambda: service_of(driver).get('Calls') == '%d, 0 of them repeats' % calls)
    def steps():
        found = {r[0]: int(plain(r[1])) for r in rows_of(driver, 'steps')}
        return found.get('signed'), found.get('verified')
    want = SIGNED, PASSED + FAILED + UNVERIFIED
    checks.that(until('steps', lambda: steps() == want), 'steps of the last minute', steps())
    until('all calls of the hour', lambda: text_of(driver, 't-calls') == str(calls))
    got, known = service_of(driver), counters(redirector)
    checks.same(got['Calls'], '%d, 0 of them repeats' % known['invites'], 'calls')
    checks.same(got['Signed'], '%d (A %d, B 0, C 0)' % (known['signed'], SIGNED), 'signed')
    checks.same(got['Verdicts'], '%d passed, %d failed, %d unverified' % (
        known['passed'], known['failed'], known['unverified']), 'verdicts')
    checks.same((known['signed'], known['passed']), (SIGNED, PASSED), 'the load is what it should be')
    tiles = {'calls': known['invites'], 'signed': known['signed'], 'passed': known['passed'], 'failed': known['failed'],
             'unverified': known['unverified'], 'overload': 0, 'faults': 0}
    until('all tiles', lambda: all(text_of(driver, 't-' + name) == str(want) for name, want in tiles.items()))
    for name, want in tiles.items():
        checks.same(text_of(driver, 't-' + name), str(want), 'the hour: ' + name)
    until('the tenant', lambda: rows_of(driver, 'tenants'))
    checks.same([plain(c) for c in rows_of(driver, 'tenants')[0]],
                [HOSTILE] + [str(n) for n in (calls, SIGNED, PASSED, known['failed'], known['unverified'], 0, 0, 0)], 'its tenant')
    checks.same(len(rows_of(driver, 'tenants')), 1, 'nobody else')
    checks.same(driver.execute_script('return document.querySelectorAll("#data script, #data img, #data b b").length'), 0,
                'a name is text')
    checks.same(sorted(r[0].split()[0] for r in rows_of(driver, 'workers')), ['HTTP', 'SIP', 'SIP'], 'workers')
    until('workers', lambda: {r[1] for r in rows_of(driver, 'workers')} == {'ready'})
    checks.same({r[1] for r in rows_of(driver, 'workers')}, {'ready'}, 'workers are ready')
    checks.same(rows_of(driver, 'certs')[0][0], HOSTILE, 'its certificate')
    checks.same(rows_of(driver, 'certs')[0][3], 'good', 'its certificate is good')
    return calls


def manners(driver, checks):
    """Light, dark, wide and narrow; without eyes; without a mouse; without flicker."""
    driver.execute_script('for (const d of document.querySelectorAll("details")) d.open = true')
    for scheme in 'light', 'dark':
        for size in (1240, 900), (360, 740):
            chromium.look(driver, scheme, size)
            what = '%s, %d wide' % (scheme, size[0])
            until(what + ': drawn', lambda: driver.execute_script(
                'return matchMedia("(prefers-color-scheme: " + arguments[0] + ")").matches && innerWidth === arguments[1]'
                ' && document.documentElement.scrollWidth <= innerWidth', scheme, size[0]))
            time.sleep(0.3)
            driver.find_element(By.CSS_SELECTOR, '#c-calls svg').send_keys(Keys.END)
            count, bad = driver.execute_script(CONTRAST)
            checks.that(count > 100, what + ': texts', count)
            checks.same(bad, [], what + ': contrast')
            wide = driver.execute_script('return [document.documentElement.scrollWidth, innerWidth]')
            checks.that(wide[0] <= wide[1], what + ': no sideways scroll', wide)
            back = driver.execute_script('return getComputedStyle(document.body).backgroundColor')
            checks.that((max(map(int, re.findall(r'\d+', back)[:3])) < 128) == (scheme == 'dark'), what + ': its colours', back)
    checks.same(driver.execute_script(ACCESS), [], 'accessible')

    chromium.look(driver, 'light', (1240, 900))
    chart = driver.find_element(By.CSS_SELECTOR, '#c-verdicts svg')
    chart.send_keys(Keys.END)
    tip = driver.find_element(By.CSS_SELECTOR, '#c-verdicts .tip')
    checks.that('passed' in tip.text and re.search(r'\d\d:\d\d:\d\d', tip.text), 'a chart is walked by keys', tip.text)
    chart.send_keys(Keys.ESCAPE)
    checks.same(tip.text, '', 'and left')
    button = driver.find_elements(By.CSS_SELECTOR, '#tenants thead button')[0]
    button.send_keys(Keys.ENTER)
    checks.same(driver.execute_script('return document.querySelector("#tenants th[aria-sort]").textContent'), 'Tenant', 'sorted by another column')

    driver.execute_script('window.kept = [document.querySelector("#tenants tbody tr"), document.querySelector("#c-calls path")];'
                          'scrollTo(0, 300)')
    at = driver.execute_script('return now.at')
    until('three more answers', lambda: driver.execute_script('return now.at') >= at + 3)
    checks.same(driver.execute_script('return [kept.every(n => n.isConnected), scrollY]'), [True, 300], 'changed in place')
    title = driver.title
    checks.that(re.match(r'(! )?[\d.]+ calls/s – Shaken Redirector$', title), 'the title', title)


def only_ours(driver, checks):
    asked = driver.execute_script('return performance.getEntriesByType("resource").map(e => e.name)')
    checks.that(len(asked) > 3, 'it asked', asked)
    checks.same([a for a in asked if not a.startswith(URL)], [], 'nobody else is asked')
    checks.same(errors(driver), [], 'nothing on the console')
    driver.execute_script('const s = document.createElement("script"); s.textContent = "window.inlined = 1"; document.body.append(s);'
                          'const i = new Image(); i.src = "http://127.0.0.2:9/x.png"; document.body.append(i)')
    checks.same(driver.execute_script('return window.inlined === undefined'), True, 'no script of another may run')
    blocked = until('the policy speaks', lambda: [e for e in errors(driver) if 'Content Security Policy' in e])
    checks.that(blocked, 'nor may another be asked')


def kill_web(driver, redirector, calls, checks):
    """kill -9 of the process that serves the page: the hour stays."""
    old = redirector.web()[0]
    started = driver.execute_script('return hour.began[0]')
    os.kill(old, signal.SIGKILL)
    redirector.wait_workers(2, web=1)
    until('another process', lambda: any(r[0].startswith('HTTP') and not r[0].endswith(str(old)) for r in rows_of(driver, 'workers')))
    until('it is live', lambda: live(driver))
    step = driver.execute_script('return now.step')
    until('another hour', lambda: driver.execute_script('return hour.step') > step)
    checks.same(text_of(driver, 't-calls'), str(calls), 'the hour outlives the process')
    checks.that(abs(driver.execute_script('return hour.began[0]') - started) <= 1, 'from its beginning')


def away(driver, laboratory, redirector, how, checks):
    """The service goes and comes back."""
    redirector.stop(signal.SIGTERM)
    until('the page says so', lambda: not live(driver))
    state = text_of(driver, 'state-text')
    checks.that(re.match(r'no answer since \d\d:\d\d:\d\d', state) and 'old' in state, 'it says since when', state)
    checks.that(driver.title.startswith('! no answer'), 'the title says so', driver.title)
    count, bad = driver.execute_script(CONTRAST)
    checks.that(count > 50 and not bad, 'what is old can be read', bad)
    errors(driver)      # that nobody answers is on the console
    again = lab.Redirector(laboratory, how, 'again')
    until('it comes back', lambda: live(driver))
    until('with its own numbers', lambda: service_of(driver).get('Calls', '').startswith('0'))
    checks.that(live(driver) and 'no answer' not in driver.title, 'and says so', driver.title)
    return again


def served(redirector, checks):
    """What is asked without a browser."""
    get = lambda path='/', **how: lab.http_request(WEB, path=path, **how)
    page = get()
    checks.same((page.status, page.get('Content-Type')), (200, 'text/html; charset=utf-8'), 'the page')
    policy = page.get('Content-Security-Policy')
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
        checks.that(part in policy, 'policy: ' + part, policy)
    checks.that('unsafe' not in policy, 'policy: nothing unsafe')
    checks.same((page.get('Referrer-Policy'), page.get('X-Content-Type-Options')), ('no-referrer', 'nosniff'), 'headers')
    checks.that(HOSTILE not in page.text and ORIG not in page.text, 'the page itself has no data')
    assets = re.findall(r'(?:href|src)="(/page/[^"]+)"', page.text)
    checks.same(len(assets), 4, 'assets')
    for path in assets:
        got = get(path)
        digest = hashlib.sha256(got.body).hexdigest()[:16]
        checks.that(got.status == 200 and digest in path, path + ': its name is its content')
        checks.that('immutable' in got.get('Cache-Control'), path + ': may be kept')
        checks.same(get(path, headers={'If-None-Match': got.get('ETag')}).status, 304, path + ': not twice')
        checks.same(get(path, headers={'If-None-Match': '"other"'}).status, 200, path + ': another tag')
        checks.same(get(path.replace(digest, '0' * 16)).status, 404, path + ': another name')
    for path in '/live.json', '/live-hour.json':
        got = get(path)
        checks.same((got.status, got.get('Content-Type'), got.get('Cache-Control')), (200, 'application/json', 'no-store'), path)
        checks.that(json.loads(got.body) and got.get('ETag'), path + ': data')
        head = get(path, method='HEAD')
        checks.that(head.status == 200 and not head.body, path + ': HEAD')
        for method in 'POST', 'PUT', 'DELETE':
            checks.same(get(path, method=method, body='').status, 405, '%s %s' % (method, path))
    for path in '/page/', '/page', '/live', '/live.json/', '/index.html', '/favicon.ico', '/page/../etc/passwd':
        checks.that(get(path).status in (400, 404), path, get(path).status)
    checks.that(ORIG not in get('/live.json').text and DEST not in get('/live.json').text, 'no numbers of callers')


def with_key(laboratory, redirector, how, checks):
    """A viewer is known by a key alone."""
    redirector.stop()
    key = 'sr_' + 'k' * 43
    how = json.loads(json.dumps(how))
    how['http'].update({'viewer-sources': [], 'viewer-keys': ['sha256:' + hashlib.sha256(key.encode()).hexdigest()]})
    keyed = lab.Redirector(laboratory, how, 'keyed')
    bearer = lambda text: {'Authorization': 'Bearer ' + text}
    until('it serves', lambda: lab.http_request(WEB).status == 200)
    for headers, want in (({}, 401), (bearer('wrong'), 401), (bearer(key[:-1]), 401), (bearer(key), 200)):
        for path in '/live.json', '/live-hour.json':
            checks.same(lab.http_request(WEB, path=path, headers=headers).status, want, '%s with %s' % (path, headers))
    with chromium.browser() as driver:
        driver.get(URL)
        field = driver.find_element(By.ID, 'key')
        checks.that(until('the form', field.is_displayed), 'a key is asked for')
        checks.that(not driver.find_element(By.ID, 'data').is_displayed(), 'and nothing is shown')
        count, bad = driver.execute_script(CONTRAST)
        checks.that(count > 3 and not bad, 'the form can be read', bad)
        field.send_keys('wrong' + Keys.ENTER)
        checks.that(until('refused', lambda: 'does not know' in text_of(driver, 'key-said')), 'a wrong key is refused')
        field.send_keys('no key' + Keys.ENTER)
        checks.that(until('no key', lambda: 'cannot be' in text_of(driver, 'key-said')), 'what cannot be one is not sent')
        field.clear()
        field.send_keys(key + Keys.ENTER)
        checks.that(until('data', lambda: live(driver) and driver.find_element(By.ID, 'data').is_displayed()), 'the right one opens')
        checks.that(not field.is_displayed(), 'the form is gone')
        checks.that(key not in driver.execute_script('return document.documentElement.outerHTML + location.href'), 'the key is not shown')
        driver.refresh()
        checks.that(until('again', lambda: live(driver)), 'it is kept for this tab')
    checks.that(key not in keyed.log, 'the key is not logged')
    how['http'].update({'page': False, 'viewer-sources': ['127.0.0.0/8']})
    keyed.write(how)
    before = keyed.log.count('event=reload result=')
    keyed.send_signal(signal.SIGHUP)
    until('a reload', lambda: keyed.log.count('event=reload result=') > before)
    until('switched off', lambda: lab.http_request(WEB).status == 404)
    for path in '/', '/live.json', '/live-hour.json':
        checks.same(lab.http_request(WEB, path=path).status, 404, path + ' is switched off')


def test(laboratory, checks):
    how = laboratory.settings(service_workers=2, tenant_name=HOSTILE, http_listen=['http:127.0.0.1:%d' % WEB])
    redirector = lab.Redirector(laboratory, how)
    redirector.wait_workers(2, web=1)
    until('it serves', lambda: lab.http_request(WEB).status == 200)
    served(redirector, checks)
    with chromium.browser() as driver:
        driver.get(URL)
        checks.that(until('the page is live', lambda: live(driver)), 'the page is live')
        calls = numbers(driver, redirector, laboratory.pki, checks)
        manners(driver, checks)
        kill_web(driver, redirector, calls, checks)
        driver.refresh()
        until('the page is live', lambda: live(driver))
        errors(driver)      # that nobody answered for a while
        driver.refresh()
        until('the page is live', lambda: live(driver) and text_of(driver, 't-calls') == str(calls))
        only_ours(driver, checks)
        redirector = away(driver, laboratory, redirector, how, checks)
    with_key(laboratory, redirector, how, checks)


if __name__ == '__main__':
    lab.main(test)
