// The lists under the proxies: events, starts and reloads, stick tables.

import type { LiveEvent, LoadEvent, TopTable } from '../wire.ts';
import { byId, make } from './dom.ts';
import { clock, shortNumber } from './text.ts';

/** Newest first. */
export function drawEvents(events: readonly LiveEvent[]): void {
  const items = [...events].reverse().map((event) => {
    const level = event.severity <= 3 ? 'bad' : event.severity === 4 ? 'warn' : '';
    const text = event.text.replace(/\n+$/, '');
    return item(event.at, level, make('b', {}, event.proxy), ` ${text}`);
  });
  fill('events', items, 'Nothing has happened since this worker started.');
}

const loadTexts: Readonly<Record<LoadEvent['what'], readonly [text: string, level: string]>> = {
  start: ['Started', ''],
  reload: ['Reloaded', ''],
  restart: ['Started again', 'warn'],
  failed: ['Reload failed', 'bad'],
  crash: ['Worker died', 'bad'],
};

/** Newest first. */
export function drawLoads(loads: readonly LoadEvent[]): void {
  const items = [...loads].reverse().map(({ at, what, detail }) => {
    const [text, level] = loadTexts[what];
    // Below the sentence may stand the line of the configuration, with a caret.
    const [sentence, ...source] = detail.replace(/\s+$/, '').split('\n');
    const below = source.length === 0 ? '' : make('pre', {}, source.join('\n'));
    return item(at, level, make('b', {}, text), sentence === '' ? '' : ` ${sentence}`, below);
  });
  fill('loads', items, 'No start is known.');
}

function item(at: number, level: string, ...parts: readonly (Node | string)[]): HTMLElement {
  const time = make('time', { datetime: new Date(at).toISOString() }, clock(at, Date.now()));
  return make('li', { class: level }, time, make('span', {}, ...parts));
}

function fill(id: string, items: readonly HTMLElement[], empty: string): void {
  const list = byId(id);
  const shown = items.length > 0 ? items : [make('li', { class: 'empty' }, empty)];
  list.replaceChildren(...shown);
}

/** One small table for each stick table. */
export function drawTables(tables: readonly TopTable[]): void {
  byId('tables-section').hidden = tables.length === 0;
  byId('tables').replaceChildren(...tables.map(drawTable));
}

function drawTable({ name, type, size, used, columns, rows, isPart }: TopTable): HTMLElement {
  const part = isPart ? ', the first 50,000 looked at' : '';
  const about = `${type}, ${shortNumber(used)} of ${shortNumber(size)} used${part}`;
  const caption = make('caption', {}, make('b', {}, name), ` ${about}`);
  const heads = ['key', ...columns].map((title) => make('th', { scope: 'col' }, title));
  const lines = rows.map(([key, ...values]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, key),
      ...values.map((value) => make('td', {}, shortNumber(value))),
    ),
  );
  const none = make('td', { colspan: String(columns.length + 1), class: 'empty' }, 'no entries');
  const body = make('tbody', {}, ...(lines.length > 0 ? lines : [make('tr', {}, none)]));
  const table = make('table', {}, caption, make('thead', {}, make('tr', {}, ...heads)), body);
  return make('div', { class: 'frame' }, table);
}
