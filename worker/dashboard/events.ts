// The last events of all proxies: what the logs say of servers and backends that change. Told to
// dashboards whose scope has the proxy. Control thread.

import { eventsMax, type LiveEvent } from './wire.ts';

export class EventList {
  private readonly list: LiveEvent[];
  private lastId: number;

  constructor() {
    this.list = [];
    this.lastId = 0;
  }

  /** Number of the newest event, 0 before the first. */
  get newest(): number {
    return this.lastId;
  }

  add(proxy: string, severity: number, text: string, at: number): void {
    this.list.push({ id: ++this.lastId, at, proxy, severity, text });
    if (this.list.length > eventsMax) this.list.shift();
  }

  /** Those after number `id`, oldest first, of proxies that `shows` lets through. */
  since(id: number, shows: (proxy: string) => boolean): LiveEvent[] {
    return this.list.filter((event) => event.id > id && shows(event.proxy));
  }
}
