// Servers and backends that come and go while a proxy thread serves. Made by proxy-thread.ts, which
// passes the control thread's messages on.

import type { ThreadStart } from '../shared/messages.ts';
import type { LiveWords } from '../shared/segment/live.ts';
import type { ObjectTable } from '../shared/segment/objects.ts';
import type { ProxyCompiler } from './compile/proxies.ts';
import type { CompileContext } from './compile/context.ts';
import type { Links } from './mux/links.ts';
import type { Backend } from './server/backend.ts';
import type { StatsSource } from './stats/source.ts';
import type { EngineContext } from './stream/context.ts';
import { type BackendMessage, ThreadBackends } from './thread-backends.ts';
import { type ServerMessage, ThreadServers } from './thread-servers.ts';

/** What proxy-thread.ts hands over. */
export interface ThreadMembersParts {
  readonly start: ThreadStart;
  readonly compiler: ProxyCompiler;
  readonly names: CompileContext;
  readonly live: LiveWords;
  readonly objects: ObjectTable;
  readonly links: Links;
  readonly stats: StatsSource;
  readonly engine: EngineContext;
  /** Lets streams of a backend wait and be woken. */
  bind(backend: Backend): void;
}

export class ThreadMembers {
  private readonly servers: ThreadServers;
  private readonly backends: ThreadBackends;

  constructor(parts: ThreadMembersParts) {
    this.servers = new ThreadServers(parts);
    this.backends = new ThreadBackends(parts);
  }

  handle(message: ServerMessage | BackendMessage): void {
    switch (message.type) {
      case 'backend-added':
      case 'backend-removed':
      case 'backend-published':
        this.backends.handle(message);
        return;
      default:
        this.servers.handle(message);
    }
  }

  /** As ThreadServers.changed. */
  changed(proxyIndex: number, serverIndex: number): void {
    this.servers.changed(proxyIndex, serverIndex);
  }
}
