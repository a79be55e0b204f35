// What frames other than HEADERS and DATA do to an HTTP/2 connection (RFC 9113 6.3 to 6.9). Called
// by h2-link.ts; a number other than 0 is an error of the connection. Priorities are read for
// their form and otherwise ignored, as RFC 9113 5.3.2 allows.

import { rare } from '../memory/rare-events.ts';
import * as h2 from '../http/h2-frames.ts';
import { countGoaways, countResets, countSettings } from './h2-counts.ts';
import type { H2Link } from './h2-link.ts';
import { inboundClosed, inboundRefused } from './side.ts';

type Act = (link: H2Link, frame: h2.FrameHeader, at: number) => number;

const acts: readonly (Act | undefined)[] = [
  undefined, // DATA
  undefined, // HEADERS
  priority,
  reset,
  settings,
  undefined, // PUSH_PROMISE: refused by the demultiplexer
  ping,
  goaway,
  windowUpdate,
];

/** Acts on a complete frame whose payload starts at `at`. Proxy thread. */
export function actOn(link: H2Link, frame: h2.FrameHeader, at: number): number {
  const act = acts[frame.type];
  return act === undefined ? h2.errorProtocol : act(link, frame, at);
}

function priority(link: H2Link, frame: h2.FrameHeader, at: number): number {
  const { bytes } = link.thread.memory;
  const isOwn = (h2.readUint32(bytes, at) & h2.streamIdMax) === frame.streamId;
  return isOwn ? h2.errorProtocol : 0;
}

function reset(link: H2Link, frame: h2.FrameHeader, at: number): number {
  const side = link.streams.get(frame.streamId);
  if (side === undefined || side.isReset) {
    return link.role.isPast(frame.streamId) || side !== undefined ? 0 : h2.errorProtocol;
  }
  link.count(countResets);
  link.noteReset();
  const fault = link.role.onReset(side);
  const code = h2.readUint32(link.thread.memory.bytes, at);
  side.resetCode = code;
  const isRefused = code === h2.errorRefused && !side.hasHead;
  side.fail(isRefused ? inboundRefused : inboundClosed);
  return fault;
}

function settings(link: H2Link, frame: h2.FrameHeader, at: number): number {
  if ((frame.flags & h2.flagAck) !== 0) return frame.length === 0 ? 0 : h2.errorFrameSize;
  link.count(countSettings);
  const before = link.peer.windowBytes;
  const fault = link.peer.read(link.thread.memory.bytes, at, frame.length);
  if (fault !== 0) return fault;
  link.encoder.limit(link.peer.tableBytes);
  const isFirst = !link.hasSettings;
  link.hasSettings = true;
  link.output.frame(0, h2.frameSettings, h2.flagAck, 0);
  if (isFirst) link.openWindow();
  const change = link.peer.windowBytes - before;
  const changed = change === 0 ? 0 : changeWindows(link, change);
  if (changed !== 0) return changed;
  link.role.onSettings();
  return 0;
}

/** A new first window moves the windows of all streams (RFC 9113 6.9.2). */
function changeWindows(link: H2Link, change: number): number {
  for (const { outbound } of link.streams.values()) {
    if (outbound.window + change > h2.windowMax) return h2.errorFlowControl;
    outbound.window += change;
    if (outbound.isStarved && outbound.window > 0) {
      outbound.isStarved = false;
      if (!outbound.isWaiting) link.wait(outbound);
    }
  }
  link.wake();
  return change < 0 ? link.glitch(1, rare.h2WindowShrunk) : 0;
}

function ping(link: H2Link, frame: h2.FrameHeader, at: number): number {
  if ((frame.flags & h2.flagAck) !== 0) {
    link.role.onPong();
    return 0;
  }
  const to = link.output.frame(frame.length, h2.framePing, h2.flagAck, 0);
  if (to >= 0) link.thread.memory.bytes.copyWithin(to, at, at + frame.length);
  return 0;
}

function goaway(link: H2Link, _frame: h2.FrameHeader, at: number): number {
  link.count(countGoaways);
  link.isEnding = true;
  link.role.onGoaway(h2.readUint32(link.thread.memory.bytes, at) & h2.streamIdMax);
  return 0;
}

function windowUpdate(link: H2Link, frame: h2.FrameHeader, at: number): number {
  const more = h2.readUint32(link.thread.memory.bytes, at) & h2.windowMax;
  if (frame.streamId === 0) {
    if (more === 0) return h2.errorProtocol;
    if (link.sendWindow + more > h2.windowMax) return h2.errorFlowControl;
    link.sendWindow += more;
    link.wake();
    return 0;
  }
  const side = link.streams.get(frame.streamId);
  if (side === undefined) return link.role.isPast(frame.streamId) ? 0 : h2.errorProtocol;
  const { outbound } = side;
  if (more === 0 || outbound.window + more > h2.windowMax) {
    link.resetByUs(side, more === 0 ? h2.errorProtocol : h2.errorFlowControl);
    return link.glitch(1, rare.h2WindowOdd);
  }
  outbound.window += more;
  if (outbound.isStarved && outbound.window > 0) {
    outbound.isStarved = false;
    side.notifyWritable();
  }
  return 0;
}
