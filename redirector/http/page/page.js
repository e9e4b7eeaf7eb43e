'use strict';
/* Asks the service once a second and shows what it tells. */

const EACH_MS = 1000, HIDDEN_MS = 5000, PATIENCE_MS = 8000, HOUR_S = 3600, LEAST_S = 600;
const KEY = 'viewer-key';

const charts = {
  recent: new Chart('c-recent', { height: 40, series: [{ name: 'calls/s', kind: 'k-calls line' }],
    format: rate, label: 'Calls per second, last minute', bare: true, patience: 5 }),
  calls: new Chart('c-calls', { height: 150, series: [{ name: 'calls/s', kind: 'f-calls' }],
    format: rate, label: 'Calls per second, last hour', stacked: true }),
  verdicts: new Chart('c-verdicts', { height: 150, stacked: true, format: rate,
    label: 'Verdicts per second, last hour', series: [{ name: 'passed', kind: 'f-passed' },
      { name: 'failed', kind: 'f-failed' }, { name: 'unverified', kind: 'f-unverified' }] }),
  attest: new Chart('c-attest', { height: 150, stacked: true, format: rate,
    label: 'Signatures per second by attestation, last hour', series: [{ name: 'A', kind: 'f-a' },
      { name: 'B', kind: 'f-b' }, { name: 'C', kind: 'f-c' }] }),
  latency: new Chart('c-latency', { height: 170, log: true, format: (v) => span(Math.round(v)), patience: 60,
    label: 'Time taken, last hour', series: [{ name: 'p50', kind: 'k-p50 line' },
      { name: 'p95', kind: 'k-p95 line' }, { name: 'p99', kind: 'k-p99 line' }] }),
};

let key = sessionStorage.getItem(KEY) || '';
let hour = null;            /* the last /live-hour.json */
let now = null;             /* the last /live.json */
let answered = null;        /* when, by our clock */
let timer = 0;
let sortBy = 1, sortDown = true;
const shares = new Map();   /* pid -> [{at, calls, cpu}] */

/* ---- asking */

/* "key": a key is wanted; text: why there is nothing; else the data */
async function ask(path) {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(path, { signal: stop.signal, cache: 'no-store', credentials: 'omit',
      headers: key ? { Authorization: 'Bearer ' + key } : {} });
    if (answer.status === 401) return 'key';
    if (answer.status === 403) return 'not allowed from here';
    if (!answer.ok) return 'the service answers ' + answer.status;
    return await answer.json();
  } catch {
    return '';
  } finally {
    clearTimeout(patience);
  }
}

async function turn() {
  clearTimeout(timer);
  const got = await ask('/live.json');
  if (typeof got === 'object') {
    now = got;
    answered = new Date();
    showAll();
    if (!hour || hour.step !== now.step) await turnHour();
  } else if (got === 'key') {
    wantKey();
    return;
  } else {
    showOld(got);
  }
  timer = setTimeout(turn, document.hidden ? HIDDEN_MS : EACH_MS);
}

async function turnHour() {
  const got = await ask('/live-hour.json');
  if (typeof got !== 'object') return;
  hour = got;
  showHour();
}

function wantKey() {
  setHidden(byId('data'), true);
  setHidden(byId('key-form'), false);
  setState('wait', 'a key is wanted');
  document.title = 'Shaken Redirector';
  setText(byId('key-said'), key ? 'The service does not know that key.' : '');
  key = '';
  sessionStorage.removeItem(KEY);
  byId('key').value = '';
  byId('key').focus();
}

byId('key-form').addEventListener('submit', (e) => {
  e.preventDefault();
  const typed = byId('key').value.trim();
  if (!/^[\x21-\x7e]+$/.test(typed)) {
    setText(byId('key-said'), 'That cannot be a key.');
    return;
  }
  key = typed;
  sessionStorage.setItem(KEY, key);
  turn();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && answered && byId('key-form').hidden) turn();
});

/* ---- showing */

function setState(state, text) {
  const node = byId('state');
  if (node.dataset.state !== state) node.dataset.state = state;
  setText(byId('state-text'), text);
}

function showOld(why) {
  const since = answered ? 'no answer since ' + clockTime(answered / 1000, true) : 'no answer';
  document.body.classList.add('is-old');
  setState('old', since + (why ? ' (' + why + ')' : '') + (answered ? '; what is below is old' : ''));
  document.title = '! no answer – Shaken Redirector';
}

function showAll() {
  document.body.classList.remove('is-old');
  setHidden(byId('key-form'), true);
  setHidden(byId('data'), false);
  setState('live', 'live');
  setText(byId('version'), now.version);
  setText(byId('uptime'), 'up ' + lasting(now.at - now.started));
  setText(byId('clock-now'), clockTime(now.at, true));
  const wrong = now.problems.some((p) => p.level !== 'note');
  document.title = (wrong ? '! ' : '') + rate(now.rate.now) + ' calls/s – Shaken Redirector';
  showProblems();
  showRate();
  showSteps();
  showCerts();
  showTenants();
  showWorkers();
  showHosts();
  showTrust();
  showService();
}

function showProblems() {
  const list = byId('problem-list');
  const words = { bad: 'wrong', warn: 'look', note: 'note' };
  setHidden(byId('all-well'), now.problems.some((p) => p.level !== 'note'));
  setHidden(list, now.problems.length === 0);
  while (list.childElementCount > now.problems.length) list.lastElementChild.remove();
  now.problems.forEach((p, i) => {
    let item = list.children[i];
    if (!item) {
      item = make('li');
      item.append(make('span'), make('span', 'text'), make('code', 'see'));
      list.append(item);
    }
    setClass(item.children[0], 'word ' + p.level);
    setText(item.children[0], words[p.level]);
    setText(item.children[1], p.text);
    setText(item.children[2], 'docs/live-page.md#' + p.see);
  });
}

function showRate() {
  setText(byId('rate'), rate(now.rate.now));
  const values = now.rate.recent, first = now.at - values.length;
  charts.recent.set(values.map((v, i) => ({ from: first + i, to: first + i + 1, values: [v] })),
    now.at - 60, now.at, 'Calls per second, last minute: now ' + rate(now.rate.now));
}

function showSteps() {
  const past = hour ? hour.sums.steps : [];
  const seen = now.steps.map((s, i) => [s, past[i]]).filter(([s, h]) => s.count > 0 || (h && h.count > 0));
  fillRows(byId('steps').tBodies[0], seen.map(([s, h]) => [stepName(s.name), count(s.count), span(s.p50),
    span(s.p95), span(s.p99), h ? span(h.p50) : '–', h ? span(h.p95) : '–', h ? span(h.p99) : '–']),
    byId('steps').tHead.rows[1].cells);
}

function stepName(name) {
  return { sign: 'signed', verify: 'verified', pass: 'other calls', waited: 'had to wait',
    fetch: 'fetches', token: 'token' }[name] || name;
}

/* Days left: a colour and a word */
function certState(c) {
  const left = c.until - now.at;
  if (left <= 0) return { text: 'ended', word: 'bad' };
  if (c.from > now.at) return { text: 'not yet', word: 'note' };
  if (c.next) return { text: 'next', word: 'note' };
  if (left < 3 * 86400) return { text: 'ends', word: 'bad' };
  return left < 14 * 86400 ? { text: 'ends soon', word: 'warn' } : { text: 'good', word: 'good' };
}

function showCerts() {
  const c = now.certs;
  setText(byId('certs-of'), c.total > c.items.length ? 'the first of ' + count(c.total) + ' to end' : '');
  fillTable('certs', c.items.map((i) => [i.tenant, i.credential,
    { text: i.until > now.at ? lasting(i.until - now.at) : lasting(now.at - i.until) + ' ago', title: date(i.until) },
    certState(i)]));
}

function showTenants() {
  const t = now.tenants;
  const columns = ['name', 'calls', 'signed', 'passed', 'failed', 'unverified', 'blocked', 'limited', 'faults'];
  const by = columns[sortBy];
  const rows = [...t.rows].sort((a, b) => (sortDown ? -1 : 1) *
    (typeof a[by] === 'number' ? a[by] - b[by] : a[by].localeCompare(b[by])));
  const cells = rows.map((r) => columns.map((c, i) => i ? count(r[c]) : r[c]));
  if (t.rest) cells.push(columns.map((c, i) => i ? count(t.rest[c]) : count(t.others) + ' others'));
  setText(byId('tenants-of'), 'last ' + t.minutes + ' minutes');
  fillTable('tenants', cells);
}

/* Sorting: buttons in the headings */
function makeSortable() {
  [...byId('tenants').tHead.rows[0].cells].forEach((th, i) => {
    const button = make('button', '', th.textContent);
    button.type = 'button';
    th.textContent = '';
    th.append(button);
    button.addEventListener('click', () => {
      sortDown = i === sortBy ? !sortDown : i > 0;
      sortBy = i;
      showSort();
      showTenants();
    });
  });
  showSort();
}

function showSort() {
  [...byId('tenants').tHead.rows[0].cells].forEach((th, i) => {
    if (i === sortBy) th.setAttribute('aria-sort', sortDown ? 'descending' : 'ascending');
    else th.removeAttribute('aria-sort');
  });
}

/* What each process did within the last half minute */
function work() {
  const grown = now.workers.map((w) => {
    const kept = (shares.get(w.pid) || []).filter((s) => now.at - s.at <= 30 && now.at >= s.at);
    if (!kept.length || kept[kept.length - 1].at !== now.at) kept.push({ at: now.at, calls: w.calls, cpu: w.cpu_us });
    shares.set(w.pid, kept);
    return { calls: Math.max(0, w.calls - kept[0].calls), cpu: Math.max(0, w.cpu_us - kept[0].cpu), s: now.at - kept[0].at };
  });
  for (const pid of shares.keys()) if (!now.workers.some((w) => w.pid === pid)) shares.delete(pid);
  return grown;
}

function showWorkers() {
  const phases = { ready: 'good', starting: 'note', draining: 'note' };
  const grown = work(), all = grown.reduce((sum, g) => sum + g.calls, 0);
  setText(byId('workers-of'), now.ready + ' of ' + now.places + ' ready');
  fillTable('workers', now.workers.map((w, i) => [
    (w.web ? 'HTTP ' : 'SIP ') + w.pid,
    { text: w.silent_ms > 10000 ? 'silent' : w.phase, word: w.silent_ms > 10000 ? 'bad' : phases[w.phase] || 'bad' },
    { text: lasting(now.at - w.started), title: date(w.started) },
    { text: w.spawned + '×', title: 'so often a process was made for this place' },
    all > 0 ? Math.round(grown[i].calls * 100 / all) + THIN + '%' : '–',
    grown[i].s > 0 ? Math.round(grown[i].cpu / grown[i].s / 10000) + THIN + '%' : '–',
    size(w.resident)]));
}

function showHosts() {
  fillTable('hosts', now.hosts.map((h) => [h.name.replace(/:443$/, ''), count(h.failures), h.why,
    { text: lasting(now.at - h.since), title: 'last ' + date(h.last) },
    h.open ? { text: 'left alone', word: 'warn' } : { text: 'asked', word: 'note' }]));
}

function showTrust() {
  const words = { awaited: 'note', good: 'good', failed: 'warn' };
  setText(byId('trust-of'), now.trust.anchors + (now.trust.anchors === 1 ? ' authority' : ' authorities'));
  fillTable('lists', now.trust.lists.map((l) => [l.name, l.kind,
    l.fetched > 0 ? lasting(now.at - l.fetched) + ' ago' : '–',
    l.until > 0 ? { text: l.until > now.at ? lasting(l.until - now.at) : 'ended', title: date(l.until) } : '–',
    l.counts || l.state === 'awaited' ? { text: l.state, word: words[l.state] || 'bad' } : { text: 'does not count', word: 'bad' }]));
}

function showService() {
  const r = now.reload, c = now.clock, t = now.totals;
  setText(byId('reload'), !r.at ? 'None since the start.' :
    (r.good ? 'Good' : 'Refused') + ', ' + lasting(now.at - r.at) + ' ago (' + date(r.at) + '); ' +
    count(r.ok) + ' good and ' + count(r.failed) + ' refused since the start.');
  setHidden(byId('findings'), !r.findings);
  setText(byId('findings'), r.findings);
  const facts = [
    ['Clock', !c.known ? 'not known whether anybody keeps it' : !c.synchronised ? 'nobody keeps it' :
      'kept, at most ' + span(c.error_us) + ' wrong'],
    ['Started', date(now.started)],
    ['Calls', count(t.calls) + ', ' + count(t.repeats) + ' of them repeats'],
    ['Signed', count(t.signed) + ' (A ' + count(t.signed_a) + ', B ' + count(t.signed_b) + ', C ' + count(t.signed_c) + ')'],
    ['Verdicts', count(t.passed) + ' passed, ' + count(t.failed) + ' failed, ' + count(t.unverified) + ' unverified'],
    ['Waiting now', count(t.waiting)],
    ['Connections', count(t.streams_open) + ' over TCP and TLS'],
    ['Late answers', count(t.late)],
    ['Fetches failed', count(t.unfetched)],
    ['Log lines lost', count(now.log_lost)],
  ];
  const list = byId('service');
  facts.forEach(([name, text], i) => {
    if (!list.children[2 * i]) list.append(make('dt', '', name), make('dd'));
    setText(list.children[2 * i + 1], text);
  });
}

/* ---- the hour */

/* Where the charts begin: an hour ago, or with a service that is younger */
function beginning() {
  const age = hour.began.length ? hour.at - hour.began[0] : 0;
  return hour.at - Math.min(HOUR_S, Math.max(LEAST_S, age));
}

function column(names) {
  return hour.began.map((began, i) => ({ from: began, to: began + hour.ms[i] / 1000,
    values: names.map((n) => hour.ms[i] > 0 ? hour[n][i] * 1000 / hour.ms[i] : 0) }))
    .filter((p, i) => hour.ms[i] >= 900);
}

function showHour() {
  const sums = hour.sums, from = beginning(), most = Math.max(0, ...column(['calls']).map((p) => p.values[0]));
  const put = (chart, names, texts) => chart.set(column(names), from, hour.at, chart.o.label + ': ' +
    names.map((n, i) => count(sums[n]) + ' ' + texts[i]).join(', '), names.map((n) => count(sums[n])));
  charts.calls.set(column(['calls']), from, hour.at, 'Calls per second, last hour: ' + count(sums.calls) +
    ' calls, at most ' + rate(most) + ' a second');
  put(charts.verdicts, ['passed', 'failed', 'unverified'], ['passed', 'failed', 'unverified']);
  put(charts.attest, ['signed_a', 'signed_b', 'signed_c'], ['A', 'B', 'C']);
  const tiles = { calls: sums.calls, signed: sums.signed_a + sums.signed_b + sums.signed_c, passed: sums.passed,
    failed: sums.failed, unverified: sums.unverified, overload: sums.overload, faults: sums.faults };
  for (const name in tiles) setText(byId('t-' + name), count(tiles[name]));
  setClass(byId('t-overload'), sums.overload > 0 ? 'bad' : '');
  setClass(byId('t-faults'), sums.faults > 0 ? 'bad' : '');
  showLatency();
}

function showLatency() {
  const choice = byId('step'), names = Object.keys(hour.latency);
  if (choice.dataset.names !== names.join()) {
    const was = choice.value;
    choice.dataset.names = names.join();
    choice.replaceChildren(...names.map((n) => new Option(stepName(n), n, false, n === was)));
  }
  const l = hour.latency[choice.value];
  const points = !l ? [] : hour.began.map((began, i) => ({ from: began, to: began + hour.ms[i] / 1000,
    values: [l.p50[i], l.p95[i], l.p99[i]] }));
  const s = hour.sums.steps.find((x) => x.name === choice.value);
  const texts = s ? [span(s.p50), span(s.p95), span(s.p99)] : ['', '', ''];
  charts.latency.set(points, beginning(), hour.at, 'Time taken, last hour: ' + (s ? 'p50 ' + texts[0] +
    ', p95 ' + texts[1] + ', p99 ' + texts[2] : 'nothing'), texts);
}

byId('step').addEventListener('change', () => hour && showLatency());
makeSortable();
turn();
