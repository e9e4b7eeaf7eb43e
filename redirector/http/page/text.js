'use strict';
/* Numbers and times as people read them, and small changes of the document.  Whatever comes from
   the service is set as text, never as markup. */

const THIN = '\u202f';

/* 1234567 -> "1 234 567" with narrow spaces */
function count(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, THIN);
}

/* A rate: as many digits as mean something */
function rate(n) {
  if (n >= 100) return count(n);
  if (n === 0) return '0';
  return n < 10 ? n.toFixed(n < 1 ? 2 : 1) : n.toFixed(n % 1 ? 1 : 0);
}

/* Microseconds; below 0: there were none */
function span(us) {
  if (us < 0) return '–';
  if (us < 1000) return us + THIN + 'µs';
  if (us < 9995) return (us / 1000).toFixed(2) + THIN + 'ms';
  if (us < 999500) return (us < 99950 ? (us / 1000).toFixed(1) : Math.round(us / 1000)) + THIN + 'ms';
  return (us / 1e6).toFixed(2) + THIN + 's';
}

/* Seconds, in the two largest units */
function lasting(s) {
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  s = Math.max(0, Math.floor(s));
  for (let i = 0; i < units.length; i++) {
    const [name, size] = units[i];
    if (s < size && size > 1) continue;
    const first = Math.floor(s / size) + THIN + name;
    const next = units[i + 1];
    const rest = next ? Math.floor(s % size / next[1]) : 0;
    return rest > 0 && s / size < 100 ? first + ' ' + rest + THIN + next[0] : first;
  }
  return '0' + THIN + 's';
}

function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let i = 0;
  while (bytes >= 1024 && i < 3) {
    bytes /= 1024;
    i++;
  }
  return (bytes < 10 && i > 0 ? bytes.toFixed(1) : Math.round(bytes)) + THIN + units[i];
}

function two(n) {
  return String(n).padStart(2, '0');
}

/* Seconds since the epoch -> local time of day; with the day when it is another */
function clockTime(s, seconds) {
  const d = new Date(s * 1000);
  return two(d.getHours()) + ':' + two(d.getMinutes()) + (seconds ? ':' + two(d.getSeconds()) : '');
}

function date(s) {
  const d = new Date(s * 1000);
  return d.getFullYear() + '-' + two(d.getMonth() + 1) + '-' + two(d.getDate()) + ' ' + clockTime(s);
}

function byId(id) {
  return document.getElementById(id);
}

/* Touches the document only when something changes, so that nothing flickers or is read twice. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/* Rows of a table body, changed in place: each of `rows` is a list of cells, a cell a text or
   {text, word, title}; the first is the row's heading. */
function fillRows(body, rows, heads) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, r) => {
    const row = body.rows[r] || body.insertRow();
    cells.forEach((cell, c) => {
      let node = row.cells[c];
      if (!node) {
        node = make(c === 0 ? 'th' : 'td', heads[c] ? heads[c].className : '');
        if (c === 0) node.scope = 'row';
        row.append(node);
      }
      fillCell(node, cell);
    });
  });
}

function fillCell(node, cell) {
  if (typeof cell !== 'object') {
    setText(node, String(cell));
    return;
  }
  if (cell.word) {
    let word = node.firstElementChild;
    if (!word) {
      node.textContent = '';
      word = make('span');
      node.append(word);
    }
    setClass(word, 'word ' + cell.word);
    setText(word, cell.text);
  } else {
    setText(node, cell.text);
  }
  if (cell.title && node.title !== cell.title) node.title = cell.title;
}

/* A table with nothing to say says so. */
function fillTable(id, rows) {
  const table = byId(id);
  const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
  const empty = table.parentElement.querySelector('.empty');
  fillRows(table.tBodies[0], rows, heads);
  setHidden(table, rows.length === 0 && empty !== null);
  if (empty) setHidden(empty, rows.length > 0);
}
