// Payload of a DATA frame finds its stream (RFC 9113 6.1): lengths and windows are checked, the
// stream is told. Called by h2-link.ts for streams that are there.

import * as h2 from '../http/h2-frames.ts';
import { rare } from '../memory/rare-events.ts';
import type { H2Link } from './h2-link.ts';
import type { H2Stream } from './h2-stream.ts';

/** Takes `length` bytes at `at`; a number other than 0 is an error of the connection. */
export function takePayload(side: H2Stream, at: number, length: number, ends: boolean): number {
  const link = side.link as H2Link; // no other link calls this
  const { inbound } = side;
  if (inbound.isEnded || !side.hasHead) {
    link.resetByUs(side, inbound.isEnded ? h2.errorStreamClosed : h2.errorProtocol);
    return link.glitch(1, rare.h2DataLate);
  }
  if (inbound.expected >= 0) {
    inbound.expected -= length;
    if (inbound.expected < 0 || (ends && inbound.expected > 0)) {
      link.resetByUs(side, h2.errorProtocol);
      return link.glitch(1, rare.h2DataLength);
    }
  }
  if (inbound.arrived + length > inbound.allowed) {
    link.resetByUs(side, h2.errorFlowControl);
    return link.glitch(1, rare.h2DataWindow);
  }
  if (ends) link.noteReceiving(side, false);
  if (side.stream === null) {
    if (ends) inbound.isEnded = true;
    return 0;
  }
  let isKept = length === 0 || inbound.arrive(at, length);
  if (ends) inbound.end();
  if (isKept) {
    side.notifyReadable();
    isKept = inbound.settle();
  }
  if (!isKept) link.resetByUs(side, h2.errorInternal);
  return 0;
}
