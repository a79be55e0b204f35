// How much a peer may send on one stream of HTTP/2 (RFC 9113 5.2, 6.9): the configured window, or a
// share of what the connection may keep (manual, tune.h2.fe.rxbuf). Called by h2-link.ts and its
// roles when payload is expected and when some was consumed.

import { frameWindow } from '../http/h2-frames.ts';
import type { H2Inbound } from './h2-inbound.ts';
import type { H2Link } from './h2-link.ts';

/** Tells the peer when it may send notably more on a stream (RFC 9113 6.9.1). */
export function grant(link: H2Link, inbound: H2Inbound): void {
  const window = windowFor(link, inbound);
  const more = inbound.taken + window - inbound.allowed;
  if (more <= 0 || (more < window / 2 && inbound.allowed > inbound.arrived)) return;
  inbound.allowed += more;
  link.sendNumber(frameWindow, inbound.id, more);
}

/**
 * What a stream may have on its way: the configured window where that is enough for its payload,
 * else an even share of the buffers that the connection may use, less one for each other stream
 * and an eighth for new ones. Rounded up towards clients, down towards servers, where a slow
 * client's payload would stand in the way of others.
 */
function windowFor(link: H2Link, inbound: H2Inbound): number {
  const { windowBytes, receiveSlots, streamMax } = link.tools.limits;
  if (inbound.expected >= 0 && inbound.expected + inbound.arrived <= windowBytes) {
    return windowBytes;
  }
  const count = link.streams.size;
  const receiving = Math.max(link.receiving, 1);
  const reserved = Math.max(0, Math.floor((streamMax - count + 7) / 8));
  const toShare = Math.max(0, receiveSlots - Math.max(0, count - receiving) - reserved);
  const share = toShare / receiving;
  const slots = link.isFront ? Math.ceil(share) : Math.floor(share);
  return Math.max(windowBytes, slots * link.thread.memory.slotBytes);
}
