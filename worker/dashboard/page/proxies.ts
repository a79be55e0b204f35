// Proxies with their servers: one block each, one line for each side and server. Lines are made
// once and then only written where a number is another one; blocks of a large configuration are
// made when they are opened.

import { column, type ProxyHead, type Row, type ServerHead } from '../wire.ts';
import { type Action, actions } from './changes.ts';
import { byId, make, setText } from './dom.ts';
import { isTrouble, numberIn, type Picture, rowKey, textIn } from './store.ts';
import { byteRate, duration, milliseconds, shortNumber, stateClass } from './text.ts';

/** Blocks are open from the start up to so many servers. */
const openServersMax = 200;

interface Cell {
  readonly title: string;
  /** Shown on a narrow screen too. */
  readonly isMain?: boolean;
  readonly text: (row: Row | undefined) => string;
}

const number =
  (at: number) =>
  (row: Row | undefined): string =>
    row?.[at] === null || row === undefined ? '' : shortNumber(numberIn(row, at));

const nowSeconds = (): number => Date.now() / 1000;

const cells: readonly Cell[] = [
  { title: 'Sessions', isMain: true, text: number(column.sessions) },
  { title: 'Queue', isMain: true, text: number(column.queue) },
  { title: 'Rate/s', isMain: true, text: number(column.rate) },
  { title: 'Errors/s', isMain: true, text: number(column.errorRate) },
  { title: 'Time', isMain: true, text: timeText },
  { title: 'In', text: (row) => byteRate(numberIn(row, column.bytesInRate)) },
  { title: 'Out', text: (row) => byteRate(numberIn(row, column.bytesOutRate)) },
  { title: 'Total', text: number(column.total) },
  { title: 'Weight', text: number(column.weight) },
  { title: 'Check', text: (row) => textIn(row, column.check) },
];

/** Percentiles where there are some, else the average. */
function timeText(row: Row | undefined): string {
  const p95 = row?.[column.p95];
  if (p95 !== null && p95 !== undefined) return `p95 ${milliseconds(Number(p95))}`;
  const average = row?.[column.totalMs];
  return average === null || average === undefined ? '' : `avg ${milliseconds(Number(average))}`;
}

function timeTitle(row: Row | undefined): string {
  const part = (name: string, at: number): string[] => {
    const value = row?.[at];
    return value === null || value === undefined ? [] : [`${name} ${milliseconds(Number(value))}`];
  };
  const marks = [
    ...part('p50', column.p50),
    ...part('p95', column.p95),
    ...part('p99', column.p99),
  ];
  const averages = [
    ...part('queue', column.queueMs),
    ...part('connect', column.connectMs),
    ...part('response', column.responseMs),
    ...part('total', column.totalMs),
  ];
  const lines = [marks.join(', '), averages.length > 0 ? `averages: ${averages.join(', ')}` : ''];
  return lines.filter((line) => line !== '').join('\n');
}

interface Line {
  readonly element: HTMLTableRowElement;
  readonly badge: HTMLElement;
  readonly since: HTMLElement;
  readonly cells: readonly HTMLElement[];
  readonly buttons: readonly (readonly [Action, HTMLButtonElement])[];
}

interface Block {
  readonly head: ProxyHead;
  readonly element: HTMLDetailsElement;
  readonly badge: HTMLElement;
  readonly sum: HTMLElement;
  isFilled: boolean;
}

export interface Asking {
  change(head: ProxyHead, server: ServerHead, action: Action): void;
}

export class Proxies {
  private readonly picture: Picture;
  private readonly isAdmin: boolean;
  private readonly asking: Asking;
  private blocks: Block[] = [];
  private readonly lines = new Map<string, Line>();
  private filter = '';
  private onlyTrouble = false;

  constructor(picture: Picture, isAdmin: boolean, asking: Asking) {
    this.picture = picture;
    this.isAdmin = isAdmin;
    this.asking = asking;
  }

  /** Proxies or servers are others now. */
  rebuild(): void {
    this.lines.clear();
    const { proxies } = this.picture;
    const servers = proxies.reduce((sum, head) => sum + head.servers.length, 0);
    const closed = new Set(
      this.blocks.filter(({ element }) => !element.open).map(({ head }) => head.name),
    );
    this.blocks = proxies.map((head) =>
      this.makeBlock(head, servers <= openServersMax && !closed.has(head.name)),
    );
    const none = make('p', { class: 'empty' }, 'Nothing to show.');
    const shown = this.blocks.map(({ element }) => element);
    byId('proxies').replaceChildren(...(shown.length > 0 ? shown : [none]));
    this.applyFilter();
  }

  private makeBlock(head: ProxyHead, isOpen: boolean): Block {
    const badge = make('span', { class: 'badge' });
    const sum = make('span', { class: 'sum' });
    const mode = make('small', {}, head.mode);
    const name = make('b', {}, head.name);
    const about = head.description === '' ? '' : make('small', {}, head.description);
    const summary = make('summary', {}, badge, ' ', name, ' ', mode, ' ', about, sum);
    const element = make('details', { class: 'proxy', open: isOpen }, summary);
    const block: Block = { head, element, badge, sum, isFilled: false };
    if (isOpen) this.fillBlock(block);
    element.addEventListener('toggle', () => {
      if (element.open && !block.isFilled) this.fillBlock(block);
    });
    this.drawSummary(block);
    return block;
  }

  private fillBlock(block: Block): void {
    const { head, element } = block;
    block.isFilled = true;
    const heads = ['Name', 'State', ...cells.map(({ title }) => title)];
    if (this.isAdmin) heads.push('Change');
    const titles = heads.map((title) =>
      make('th', { scope: 'col', class: `of-${title.toLowerCase().replace('/s', '')}` }, title),
    );
    const body = make('tbody');
    const add = (part: string, name: string, server: ServerHead | null): void => {
      const line = this.makeLine(head, name, server);
      this.lines.set(rowKey(head.index, part), line);
      body.append(line.element);
      this.drawLine(rowKey(head.index, part));
    };
    if (head.hasFront) add('f', 'Frontend', null);
    for (const server of head.servers) add(String(server.index), server.name, server);
    if (head.hasBack) add('b', 'Backend', null);
    const table = make(
      'table',
      { class: 'lines' },
      make('thead', {}, make('tr', {}, ...titles)),
      body,
    );
    element.append(make('div', { class: 'frame' }, table));
    this.applyFilter();
  }

  private makeLine(head: ProxyHead, name: string, server: ServerHead | null): Line {
    const badge = make('span', { class: 'badge' });
    const since = make('small', { class: 'since' });
    const address = server === null || server.address === '' ? '' : server.address;
    const title = make('th', { scope: 'row' }, name);
    if (address !== '') title.append(' ', make('small', {}, address));
    if (server?.isBackup === true) title.append(' ', make('small', {}, 'backup'));
    const values = cells.map((cell) =>
      make('td', { 'data-title': cell.title, class: cell.isMain === true ? '' : 'more' }),
    );
    const state = make('td', { class: 'state' }, badge, ' ', since);
    const element = make('tr', { class: server === null ? 'side' : '' }, title, state, ...values);
    const buttons = server === null || !this.isAdmin ? [] : this.makeButtons(head, server);
    if (this.isAdmin) {
      const group = { class: 'actions', role: 'group', 'aria-label': `Change ${name}` };
      element.append(make('td', group, ...buttons.map(([, button]) => button)));
    }
    return { element, badge, since, cells: values, buttons };
  }

  private makeButtons(head: ProxyHead, server: ServerHead): [Action, HTMLButtonElement][] {
    return actions.map(([action, text]) => {
      const button = make('button', { type: 'button', 'data-action': action }, text);
      button.addEventListener('click', () => this.asking.change(head, server, action));
      return [action, button];
    });
  }

  /** Writes the lines of these keys, and the blocks they are in. */
  draw(keys: readonly string[]): void {
    for (const key of keys) this.drawLine(key);
    const touched = new Set(keys.map((key) => Number(key.split('.')[0])));
    for (const block of this.blocks) if (touched.has(block.head.index)) this.drawSummary(block);
    if (this.onlyTrouble && keys.length > 0) this.applyFilter();
  }

  private drawLine(key: string): void {
    const line = this.lines.get(key);
    if (line === undefined) return;
    const row = this.picture.rows.get(key);
    const status = textIn(row, column.status);
    drawBadge(line.badge, status);
    for (const [index, { text }] of cells.entries()) setText(line.cells[index], text(row));
    line.cells[4].title = timeTitle(row);
    line.cells[3].classList.toggle('alarm', numberIn(row, column.errorRate) > 0);
    line.cells[1].classList.toggle('alarm', numberIn(row, column.queue) > 0);
    const limit = numberIn(row, column.limit);
    line.cells[0].title = limit > 0 ? `of ${shortNumber(limit)}` : '';
    const now = currentAction(status);
    for (const [action, button] of line.buttons) {
      button.setAttribute('aria-pressed', String(action === now));
    }
    this.drawSince(key, line);
  }

  private drawSince(key: string, line: Line): void {
    const changed = this.picture.rows.get(key)?.[column.changedAt];
    const isKnown = changed !== null && changed !== undefined;
    setText(line.since, isKnown ? duration(nowSeconds() - Number(changed)) : '');
  }

  /** Once a second: times go on. */
  beat(): void {
    for (const [key, line] of this.lines) {
      if (line.element.offsetParent !== null) this.drawSince(key, line);
    }
  }

  private drawSummary({ head, badge, sum }: Block): void {
    const { rows } = this.picture;
    const row = rows.get(rowKey(head.index, head.hasBack ? 'b' : 'f'));
    drawBadge(badge, textIn(row, column.status));
    const up = head.servers.filter(({ index }) =>
      /^(UP|no check)/.test(textIn(rows.get(rowKey(head.index, index)), column.status)),
    ).length;
    const parts = [`${shortNumber(numberIn(row, column.rate))}/s`];
    if (head.servers.length > 0) parts.unshift(`${up} of ${head.servers.length} servers`);
    if (timeText(row) !== '') parts.push(timeText(row));
    setText(sum, parts.join(' · '));
  }

  find(filter: string, onlyTrouble: boolean): void {
    this.filter = filter.trim().toLowerCase();
    this.onlyTrouble = onlyTrouble;
    this.applyFilter();
  }

  private applyFilter(): void {
    for (const { head, element } of this.blocks) {
      const own = this.shows(head.name, this.sideRows(head));
      let found = own;
      for (const server of head.servers) {
        const key = rowKey(head.index, server.index);
        const name = head.name.toLowerCase().includes(this.filter) ? head.name : server.name;
        const isShown = this.shows(name, [this.picture.rows.get(key)]);
        if (isShown) found = true;
        const line = this.lines.get(key);
        if (line !== undefined) line.element.hidden = !isShown;
      }
      element.hidden = !found;
    }
  }

  private sideRows({ index }: ProxyHead): (Row | undefined)[] {
    const { rows } = this.picture;
    return [rows.get(rowKey(index, 'f')), rows.get(rowKey(index, 'b'))];
  }

  private shows(name: string, rows: readonly (Row | undefined)[]): boolean {
    if (!name.toLowerCase().includes(this.filter)) return false;
    return !this.onlyTrouble || rows.some((row) => row !== undefined && isTrouble(row));
  }
}

function drawBadge(badge: HTMLElement, status: string): void {
  const name = `badge ${stateClass(status)}`;
  if (badge.textContent !== status) badge.textContent = status;
  if (badge.className !== name) badge.className = name;
}

/** Which button the state is that of. */
function currentAction(status: string): Action {
  if (status.startsWith('MAINT')) return 'maint';
  return status.startsWith('DRAIN') ? 'drain' : 'ready';
}
