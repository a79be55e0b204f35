// Peers as the control thread runs them: what worker/peers is handed, when it starts and ends, and
// what the statistics ask of it. Made by control.ts.

import type { ControlLogs } from './control-logs.ts';
import type { ControlParts } from './control.ts';
import { type RunningPeers, startPeers } from './peers/peers.ts';
import type { RedisSection } from './peers/redis-section.ts';
import type { Section } from './peers/section.ts';

interface Host {
  readonly logs: ControlLogs;
  nowMs(): number;
  say(level: 'warning', text: string): void;
}

/** As syslog numbers it. */
const levelInfo = 6;

export class PeersHost {
  /** After a soft stop: resolves when peers need this process no more. */
  taught: Promise<void>;
  private readonly parts: ControlParts;
  private readonly host: Host;
  private running: RunningPeers | null;

  constructor(parts: ControlParts, host: Host) {
    this.parts = parts;
    this.host = host;
    this.running = null;
    this.taught = Promise.resolve();
  }

  /** Proxy threads serve: peers may come. */
  begin(): void {
    const { start, segment, slot, sys, tables } = this.parts;
    this.running = startPeers({
      start,
      segment,
      slot,
      sys,
      tableObjects: tables.objects,
      nowMs: () => this.host.nowMs(),
      warn: (text) => this.host.say('warning', text),
      log: ({ logs }, text) => this.host.logs.lineTo(logs, levelInfo, text),
    });
  }

  get sections(): readonly Section[] {
    return this.running?.sections ?? [];
  }

  get met(): readonly RedisSection[] {
    return this.running?.met ?? [];
  }

  /** Two lines of `show info`. */
  counts(): Readonly<Record<'ActivePeers' | 'ConnectedPeers', number>> {
    let [active, connected] = [0, 0];
    for (const { peers } of this.sections) {
      for (const { session } of peers) {
        if (session !== null) active++;
        if (session?.isEstablished === true) connected++;
      }
    }
    return { ActivePeers: active, ConnectedPeers: connected };
  }

  stop(): void {
    this.taught = this.running?.stop() ?? Promise.resolve();
  }

  close(): void {
    this.running?.close();
  }
}
