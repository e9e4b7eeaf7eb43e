'use strict';
/* Charts of the last minute and the last hour: SVG that is drawn here, changed in place.

   A point is {from, to, values}: seconds since the epoch and a value for each series; one whose
   value is below 0 has none.  Where no point is, nobody looked, and nothing is drawn.  Each chart
   can be walked through by the arrow keys and has its numbers as a table. */

const SVG = 'http://www.w3.org/2000/svg';
const TABLE_S = 300;    /* a row of the table is so long */

function draw(name, attributes, parent) {
  const node = document.createElementNS(SVG, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (parent) parent.append(node);
  return node;
}

function setAttribute(node, name, value) {
  value = String(value);
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/* The least of 1, 2, 5, 10, 20 ... that is no less */
function round125(max) {
  const power = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 5, 10].map((f) => f * power).find((f) => f >= max * 0.999) || max;
}

class Chart {
  /* options: height, series [{name, kind}], format, label; stacked (areas), log, bare (no axes) */
  constructor(id, options) {
    this.figure = byId(id);
    this.o = options;
    this.points = [];
    this.at = -1;
    this.svg = draw('svg', { height: options.height, tabindex: 0, role: 'img' });
    const caption = this.figure.querySelector('figcaption');
    if (caption) caption.after(this.svg);
    else this.figure.prepend(this.svg);
    this.grid = draw('g', {}, this.svg);
    this.paths = options.series.map((s) => draw('path', { class: s.kind }, this.svg));
    this.words = draw('g', { 'aria-hidden': 'true' }, this.svg);
    this.cursor = draw('line', { class: 'cursor', y1: 0, visibility: 'hidden' }, this.svg);
    this.tip = make('div', 'tip');
    this.tip.hidden = true;
    this.tip.setAttribute('role', 'status');
    this.figure.append(this.tip);
    if (!options.bare) this.addWords();
    this.listen();
    new ResizeObserver(() => this.redraw()).observe(this.figure);
  }

  addWords() {
    if (this.o.series.length > 1) {
      this.legend = make('ul', 'legend');
      this.sums = this.o.series.map((s) => {
        const item = make('li'), sum = make('b');
        item.append(make('i', s.kind.replace('line', '').trim()), s.name + ' ', sum);
        this.legend.append(item);
        return sum;
      });
      this.figure.append(this.legend);
    }
    this.details = make('details');
    this.details.append(make('summary', '', 'Numbers'));
    this.table = make('table');
    this.table.append(make('caption', 'unseen', this.o.label + ', each five minutes'));
    const head = this.table.createTHead().insertRow();
    ['From', ...this.o.series.map((s) => s.name)].forEach((name, i) => {
      const th = make('th', i ? 'n' : '', name);
      th.scope = 'col';
      head.append(th);
    });
    this.table.createTBody();
    this.details.append(this.table);
    this.details.addEventListener('toggle', () => this.fillTable());
    this.figure.append(this.details);
  }

  listen() {
    this.svg.addEventListener('pointermove', (e) => {
      const box = this.svg.getBoundingClientRect();
      this.show(this.nearest(this.timeOf(e.clientX - box.left)));
    });
    this.svg.addEventListener('pointerleave', () => this.show(-1));
    this.svg.addEventListener('blur', () => this.show(-1));
    this.svg.addEventListener('keydown', (e) => {
      const last = this.points.length - 1;
      const to = { ArrowLeft: this.at < 0 ? last : this.at - 1, ArrowRight: this.at + 1, Home: 0,
        End: last, Escape: -1 }[e.key];
      if (to === undefined) return;
      e.preventDefault();
      this.show(Math.min(last, to < 0 && e.key === 'ArrowLeft' ? 0 : to));
    });
  }

  /* from, to: what the width stands for; sums: texts for the legend */
  set(points, from, to, said, sums) {
    const shown = this.at >= 0 ? this.points[this.at] : null;
    this.points = points;
    this.from = from;
    this.to = to;
    setAttribute(this.svg, 'aria-label', said);
    if (this.sums && sums) sums.forEach((sum, i) => setText(this.sums[i], sum));
    this.redraw();
    if (shown) this.show(this.nearest((shown.from + shown.to) / 2));
    this.fillTable();
  }

  x(time) {
    return (time - this.from) / (this.to - this.from) * this.width;
  }

  timeOf(x) {
    return this.from + x / this.width * (this.to - this.from);
  }

  y(value) {
    const part = this.o.log ? Math.log10(Math.max(value, this.low) / this.low) / Math.log10(this.high / this.low)
      : value / this.high;
    return (this.base - part * (this.base - 6));
  }

  nearest(time) {
    let best = -1, least = Infinity;
    this.points.forEach((p, i) => {
      const off = Math.max(p.from - time, time - p.to, 0);
      if (off < least) {
        least = off;
        best = i;
      }
    });
    return least < (this.to - this.from) / 40 ? best : -1;
  }

  scale() {
    let max = 0, min = Infinity;
    for (const p of this.points) {
      const known = p.values.filter((v) => v >= 0);
      const top = this.o.stacked ? known.reduce((a, b) => a + b, 0) : Math.max(0, ...known);
      max = Math.max(max, top);
      for (const v of known) min = Math.min(min, v > 0 ? v : min);
    }
    this.low = 1;
    this.high = round125(Math.max(max, this.o.log ? 100 : 1));
    if (!this.o.log) return [this.high, this.high / 2];
    this.low = 10 ** Math.floor(Math.log10(Math.min(min, this.high / 10)));
    this.high = 10 ** Math.ceil(Math.log10(this.high) - 0.001);
    const lines = [];
    for (let line = this.low; line <= this.high * 1.001; line *= 10) lines.push(line);
    return lines.length > 4 ? lines.filter((_, i) => (lines.length - 1 - i) % 2 === 0) : lines;
  }

  redraw() {
    const all = this.figure.clientWidth;
    if (all === 0 || this.to === undefined) return;
    this.width = this.o.bare ? all : all - 48;
    this.base = this.o.height - (this.o.bare ? 2 : 20);
    setAttribute(this.cursor, 'y2', this.base);
    const lines = this.scale();
    if (!this.o.bare) this.drawAxes(lines, all);
    const below = this.points.map(() => 0);
    this.paths.forEach((path, i) => setAttribute(path, 'd', this.pathOf(i, below)));
  }

  drawAxes(lines, all) {
    const texts = lines.map((v) => ({ x: this.width + 6, y: this.y(v) + 4, text: this.o.format(v) }));
    const rules = lines.map((v) => ({ x1: 0, x2: this.width, y1: Math.round(this.y(v)), y2: Math.round(this.y(v)) }));
    const span = (this.to - this.from) * (this.width > 420 ? 1 : 2);
    const step = [60, 120, 300, 600, 1200].find((s) => span / s <= 7) || 1200;
    rules.push({ x1: 0, x2: this.width, y1: this.base, y2: this.base });
    for (let t = Math.ceil(this.from / step) * step; t < this.to; t += step) {
      const x = Math.round(this.x(t));
      if (x > 16 && x < all - 60) texts.push({ x, y: this.o.height - 5, text: clockTime(t), middle: true });
      rules.push({ x1: x, x2: x, y1: this.base, y2: this.base + 4 });
    }
    this.reuse(this.grid, 'line', rules, (node, r) => {
      for (const key in r) setAttribute(node, key, r[key]);
      setAttribute(node, 'class', 'grid');
    });
    this.reuse(this.words, 'text', texts, (node, t) => {
      setAttribute(node, 'x', t.x);
      setAttribute(node, 'y', t.y);
      setAttribute(node, 'text-anchor', t.middle ? 'middle' : 'start');
      setText(node, t.text);
    });
  }

  reuse(group, name, items, change) {
    while (group.childElementCount > items.length) group.lastElementChild.remove();
    items.forEach((item, i) => change(group.children[i] || draw(name, {}, group), item));
  }

  /* Runs of points between which there is no hole */
  runs(i) {
    const runs = [];
    let last = null;
    this.points.forEach((p, k) => {
      if (p.values[i] < 0) return;
      if (!last || p.from - last.to > (this.o.patience || 2)) runs.push([]);
      runs[runs.length - 1].push(k);
      last = p;
    });
    return runs;
  }

  pathOf(i, below) {
    let d = '';
    for (const run of this.runs(i))
      d += this.o.stacked ? this.areaOf(run, i, below) : this.lineOf(run, i);
    return d;
  }

  areaOf(run, i, below) {
    let up = '', down = '';
    for (const k of run) {
      const p = this.points[k], x0 = this.x(p.from).toFixed(1), x1 = this.x(p.to).toFixed(1);
      const low = this.y(below[k]).toFixed(1);
      below[k] += p.values[i];
      up += (up ? 'L' : 'M') + x0 + ' ' + this.y(below[k]).toFixed(1) + 'H' + x1;
      down = 'L' + x1 + ' ' + low + 'H' + x0 + down;
    }
    return up + down + 'Z';
  }

  lineOf(run, i) {
    const at = run.map((k) => {
      const p = this.points[k];
      return this.x((p.from + p.to) / 2).toFixed(1) + ' ' + this.y(p.values[i]).toFixed(1);
    });
    return 'M' + (at.length > 1 ? at.join('L') : at[0] + 'h2');
  }

  show(at) {
    const p = this.points[at];
    this.at = p ? at : -1;
    setAttribute(this.cursor, 'visibility', p ? 'visible' : 'hidden');
    setHidden(this.tip, !p);
    if (!p) return;
    const x = this.x((p.from + p.to) / 2);
    setAttribute(this.cursor, 'x1', Math.round(x));
    setAttribute(this.cursor, 'x2', Math.round(x));
    const lines = [['when', clockTime(p.from, true) + '–' + clockTime(p.to, true), '']].concat(
      this.o.series.map((s, i) => ['', s.name, p.values[i] < 0 ? '–' : this.o.format(p.values[i])]));
    while (this.tip.childElementCount > lines.length) this.tip.lastElementChild.remove();
    lines.forEach(([kind, name, value], i) => {
      let line = this.tip.children[i];
      if (!line) {
        line = make('p');
        line.append(make('span'), make('span'));
        this.tip.append(line);
      }
      setClass(line, kind);
      setText(line.children[0], name);
      setText(line.children[1], value);
    });
    const room = this.figure.clientWidth - this.tip.offsetWidth;
    const left = x + 12 > room ? x - this.tip.offsetWidth - 12 : x + 12;
    this.tip.style.left = Math.max(0, Math.min(room, left)) + 'px';
  }

  /* Means of five minutes, weighted by time; the newest first */
  fillTable() {
    if (!this.details || !this.details.open) return;
    const rows = new Map();
    for (const p of this.points) {
      const key = Math.floor(p.from / TABLE_S) * TABLE_S;
      const row = rows.get(key) || this.o.series.map(() => [0, 0]);
      p.values.forEach((v, i) => {
        if (v < 0) return;
        row[i][0] += v * (p.to - p.from);
        row[i][1] += p.to - p.from;
      });
      rows.set(key, row);
    }
    const cells = [...rows].reverse().map(([key, row]) =>
      [clockTime(key), ...row.map(([sum, time]) => time > 0 ? this.o.format(sum / time) : '–')]);
    fillRows(this.table.tBodies[0], cells, this.table.tHead.rows[0].cells);
  }
}
