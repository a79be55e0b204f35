// What the page knows: the last whole picture, brought up to date by ticks. Tells those who draw
// what has changed. Knows neither the page nor the browser.

import {
  column,
  eventsMax,
  type FullMessage,
  type LiveEvent,
  type LoadEvent,
  type Point,
  pointsMax,
  type ProcessFacts,
  type ProxyHead,
  type Row,
  type TickMessage,
  type TopTable,
} from '../wire.ts';

export interface Picture {
  token: string;
  process: ProcessFacts | null;
  proxies: readonly ProxyHead[];
  /** By proxy index and key of wire.ts. */
  readonly rows: Map<string, Row>;
  /** Oldest first. */
  history: Point[];
  events: LiveEvent[];
  loads: readonly LoadEvent[];
  tables: readonly TopTable[];
}

/** What a message has changed. */
export interface Changes {
  /** Proxies and servers are others now. */
  readonly isNew: boolean;
  readonly rows: readonly string[];
  readonly events: boolean;
  readonly loads: boolean;
  readonly tables: boolean;
}

export const emptyPicture = (): Picture => ({
  token: '',
  process: null,
  proxies: [],
  rows: new Map(),
  history: [],
  events: [],
  loads: [],
  tables: [],
});

/** Key of a row in the picture. */
export const rowKey = (proxy: number, part: string | number): string => `${proxy}.${part}`;

/** Takes a whole picture. */
export function takeFull(picture: Picture, message: FullMessage): Changes {
  const isNew = JSON.stringify(picture.proxies) !== JSON.stringify(message.proxies);
  picture.token = message.token;
  picture.process = message.process;
  picture.proxies = message.proxies;
  picture.rows.clear();
  // Another process begins with an empty history: what is known stays.
  picture.history = joined(picture.history, message.history);
  picture.events = [...message.events];
  picture.loads = message.loads;
  picture.tables = message.tables;
  return { isNew, rows: putRows(picture, message.rows), events: true, loads: true, tables: true };
}

/** Brings the picture up to date. */
export function takeTick(picture: Picture, message: TickMessage): Changes {
  picture.process = message.process;
  picture.history = joined(picture.history, [message.point]);
  const last = picture.events.at(-1)?.id ?? 0;
  const news = (message.events ?? []).filter(({ id }) => id > last);
  if (news.length > 0) picture.events = [...picture.events, ...news].slice(-eventsMax);
  if (message.loads !== undefined) picture.loads = message.loads;
  if (message.tables !== undefined) picture.tables = message.tables;
  return {
    isNew: false,
    rows: putRows(picture, message.rows),
    events: news.length > 0,
    loads: message.loads !== undefined,
    tables: message.tables !== undefined,
  };
}

function putRows(picture: Picture, rows: FullMessage['rows']): string[] {
  const keys: string[] = [];
  for (const [proxy, parts] of Object.entries(rows)) {
    for (const [part, row] of Object.entries(parts)) {
      const key = rowKey(Number(proxy), part);
      picture.rows.set(key, row);
      keys.push(key);
    }
  }
  return keys;
}

function joined(known: readonly Point[], more: readonly Point[]): Point[] {
  const first = Number(more[0]?.[0] ?? Number.POSITIVE_INFINITY);
  const before = known.filter(([at]) => Number(at) < first);
  return [...before, ...more].slice(-pointsMax);
}

/** The number in a cell, 0 for none. */
export const numberIn = (row: Row | undefined, at: number): number => Number(row?.[at] ?? 0);

/** The text in a cell, '' for none. */
export const textIn = (row: Row | undefined, at: number): string => String(row?.[at] ?? '');

/** Something that an operator would look at. */
export function isTrouble(row: Row | undefined): boolean {
  const status = textIn(row, column.status);
  const isFine = /^(UP|OPEN|no check|$)/.test(status) && !status.includes('/');
  return !isFine || numberIn(row, column.errorRate) > 0 || numberIn(row, column.queue) > 0;
}

/** Servers of a proxy that new traffic goes to. */
export function usableServers(picture: Picture, { index, servers }: ProxyHead): number[] {
  return servers
    .map((server) => server.index)
    .filter((at) => {
      const row = picture.rows.get(rowKey(index, at));
      return /^(UP|no check)/.test(textIn(row, column.status));
    });
}
