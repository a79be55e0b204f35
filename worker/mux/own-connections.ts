// Connections to servers that one client alone may use again (manual, http-reuse never; NTLM). They
// idle with its session, and end with it. Made by mux/links.ts when the first one is kept.

import { enter, leave, liveIdlePrivate } from '../../shared/segment/live.ts';
import type { Server } from '../server/server.ts';
import type { H1Back } from './h1-back.ts';

export class OwnConnections {
  private readonly idle: H1Back[];
  /** Those of all clients that keep something now. */
  private readonly owners: Set<OwnConnections>;

  constructor(owners: Set<OwnConnections>) {
    this.idle = [];
    this.owners = owners;
  }

  /** The last one kept for `hash`, null: there is none that is alive. */
  take(server: Server, hash: string): H1Back | null {
    const { idle } = this;
    for (let i = idle.length - 1; i >= 0; i--) {
      const back = idle[i];
      if (back.server !== server || back.hash !== hash) continue;
      this.drop(i);
      if (back.connection.isOpen && !back.connection.hangup) return back;
      back.close();
    }
    return null;
  }

  /** Keeps `back`, unless `max` are kept already: then it is closed. */
  keep(back: H1Back, max: number): void {
    if (this.idle.length >= max) {
      back.close();
      return;
    }
    if (this.idle.length === 0) this.owners.add(this);
    this.idle.push(back);
    enter(back.server.words, back.server.liveAt + liveIdlePrivate);
    back.detach(this);
  }

  /** The first server of backend `name` that `isGood` and has a connection here; null: none. */
  serverOf(name: string, isGood: (server: Server) => boolean): Server | null {
    for (let i = 0; i < this.idle.length; i++) {
      const { server } = this.idle[i];
      if (server.backendName === name && isGood(server)) return server;
    }
    return null;
  }

  /** An idle one has ended or said something: it is of no use any more. */
  lost(back: H1Back): void {
    const at = this.idle.indexOf(back);
    if (at >= 0) this.drop(at);
    back.close();
  }

  clear(): void {
    for (let i = this.idle.length - 1; i >= 0; i--) this.drop(i).close();
  }

  /** Those that lead to `server` are of no use any more. */
  clearServer(server: Server): void {
    for (let i = this.idle.length - 1; i >= 0; i--) {
      if (this.idle[i].server === server) this.drop(i).close();
    }
  }

  private drop(at: number): H1Back {
    const [back] = this.idle.splice(at, 1);
    leave(back.server.words, back.server.liveAt + liveIdlePrivate);
    if (this.idle.length === 0) this.owners.delete(this);
    return back;
  }
}
