// Trailers of HTTP/2 on their way in (RFC 9113 8.1): decoded, checked, and kept as the lines that
// HTTP/1 would have, because every side understands those. Called for clients and servers alike.

import { rare } from '../memory/rare-events.ts';
import * as h2 from '../http/h2-frames.ts';
import { writeTrailerLines } from '../http/h2-field.ts';
import type { H2Link } from './h2-link.ts';
import type { H2Stream } from './h2-stream.ts';

/**
 * The tools' block holds a second head of `side`. `isFine`: it ended the stream and could be read.
 * 0, or an error of the connection.
 */
export function takeTrailers(link: H2Link, side: H2Stream, isFine: boolean): number {
  const { inbound } = side;
  if (inbound.isEnded) {
    link.resetByUs(side, h2.errorStreamClosed);
    return link.glitch(1, rare.h2TrailersLate);
  }
  const { memory, scratchAt } = link.thread;
  const { block } = link.tools;
  // Strings stand in the first slot of the scratch area.
  const linesAt = scratchAt + memory.slotBytes;
  const length = isFine ? writeTrailerLines(block, linesAt, memory.slotBytes) : -1;
  const isShort = inbound.expected > 0;
  if (length < 0 || isShort) {
    link.resetByUs(side, h2.errorProtocol);
    return link.glitch(1, rare.h2TrailersOdd);
  }
  link.noteReceiving(side, false);
  if (length > 0 && side.stream !== null && !inbound.keepTrailers(linesAt, length)) {
    link.resetByUs(side, h2.errorInternal);
    return 0;
  }
  inbound.end();
  side.notifyReadable();
  return 0;
}
