// SETTINGS of HTTP/2 (RFC 9113 6.5, RFC 8441 3): what is announced, and what the peer's mean for a
// connection. Called by h2-link.ts only.

import * as h2 from '../http/h2-frames.ts';
import { readUint32, writeSetting } from '../http/h2-frames.ts';
import type { H2Output } from './h2-output.ts';
import type { H2Limits } from './h2-tools.ts';

/** What the peer announced; starts with the protocol's own values (RFC 9113 6.5.2). */
export class PeerSettings {
  tableBytes: number;
  streamMax: number;
  windowBytes: number;
  frameBytes: number;
  allowsConnect: boolean;

  constructor() {
    this.tableBytes = 4096;
    this.streamMax = Number.MAX_SAFE_INTEGER;
    this.windowBytes = h2.windowDefault;
    this.frameBytes = h2.frameBytesDefault;
    this.allowsConnect = false;
  }

  /** Reads the `length` bytes of a frame at `at`. 0, or an error of the connection. */
  read(bytes: Uint8Array, at: number, length: number): number {
    if (length % 6 !== 0) return h2.errorFrameSize;
    for (let i = at; i < at + length; i += 6) {
      const fault = this.set((bytes[i] << 8) | bytes[i + 1], readUint32(bytes, i + 2));
      if (fault !== 0) return fault;
    }
    return 0;
  }

  private set(name: number, value: number): number {
    switch (name) {
      case h2.settingTableSize:
        this.tableBytes = value;
        return 0;
      case h2.settingPush:
        return value > 1 ? h2.errorProtocol : 0;
      case h2.settingStreams:
        this.streamMax = value;
        return 0;
      case h2.settingWindow:
        this.windowBytes = value;
        return value > h2.windowMax ? h2.errorFlowControl : 0;
      case h2.settingFrameSize:
        this.frameBytes = value;
        return value < h2.frameBytesDefault || value > h2.frameBytesMax ? h2.errorProtocol : 0;
      case h2.settingConnect:
        this.allowsConnect = value === 1;
        return value > 1 ? h2.errorProtocol : 0;
      default:
        return 0;
    }
  }
}

/** Writes a SETTINGS frame with what `limits` say. Proxy thread. */
export function sendSettings(output: H2Output, limits: H2Limits, isFront: boolean): void {
  const settings: (readonly [number, number])[] = [];
  if (limits.allowsConnect) settings.push([h2.settingConnect, 1]);
  if (!isFront) settings.push([h2.settingPush, 0]);
  if (limits.tableBytes !== 4096) settings.push([h2.settingTableSize, limits.tableBytes]);
  if (limits.windowBytes !== h2.windowDefault) {
    settings.push([h2.settingWindow, limits.windowBytes]);
  }
  if (limits.streamMax > 0) settings.push([h2.settingStreams, limits.streamMax]);
  if (limits.frameBytes !== h2.frameBytesDefault) {
    settings.push([h2.settingFrameSize, limits.frameBytes]);
  }
  let at = output.frame(settings.length * 6, h2.frameSettings, 0, 0);
  if (at < 0) return;
  for (const [name, value] of settings) at = writeSetting(output.bytes, at, name, value);
}
