// Connections to servers that one client alone may use again (manual, http-reuse never; NTLM). They
// idle with its session, and end with it. Made by mux/links.ts when the first one is kept.

import type { Server } from '../server/server.ts';
import type { H1Back } from './h1-back.ts';

export class OwnConnections {
  private readonly idle: H1Back[];

  constructor() {
    this.idle = [];
  }

  /** The last one kept for `hash`, null: there is none that is alive. */
  take(server: Server, hash: string): H1Back | null {
    const { idle } = this;
    for (let i = idle.length - 1; i >= 0; i--) {
      const back = idle[i];
      if (back.server !== server || back.hash !== hash) continue;
      idle.splice(i, 1);
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
    this.idle.push(back);
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
    if (at >= 0) this.idle.splice(at, 1);
    back.close();
  }

  clear(): void {
    const { idle } = this;
    while (idle.length > 0) idle.pop()!.close();
  }
}
