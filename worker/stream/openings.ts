// What lies between a socket and its mux, for clients and for servers: which steps an opening takes and
// what connections to a server must have in common to be shared (manual, http-reuse). Handed to the
// acceptor and to mux/links.ts at start.

import { Endpoint } from '../conn/endpoint.ts';
import type { OpeningStep } from '../conn/opening.ts';
import {
  type ProxyHeader,
  proxyBlock,
  proxyLine,
  tlvAuthority,
  tlvBytes,
  tlvUniqueId,
} from '../conn/proxy-header.ts';
import { ProxyReceiver, ProxySender } from '../conn/proxy-steps.ts';
import type { BackOpenings } from '../mux/links.ts';
import type { Server } from '../server/server.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { ClientSession } from './acceptor.ts';
import type { Stream } from './stream.ts';

const noSteps: readonly OpeningStep[] = [];

/** Steps between accept and the mux. */
export function frontSteps(thread: ThreadContext, session: ClientSession): readonly OpeningStep[] {
  const { bind } = session.listener;
  if (!bind.acceptProxy && !session.expectsProxy) return noSteps;
  return [new ProxyReceiver(thread, (header) => acceptHeader(session, header))];
}

/** The connection keeps its own addresses (fc_src, fc_dst); the session has those of the header. */
function acceptHeader(session: ClientSession, header: ProxyHeader): void {
  session.hasProxyHeader = true;
  session.proxyTlvs = header.tlvs;
  if (!header.hasAddresses) return;
  session.source = copyOf(header.source);
  session.destination = copyOf(header.destination);
}

function copyOf(end: Endpoint): Endpoint {
  const copy = new Endpoint();
  copy.copy(end);
  return copy;
}

/** Steps between connect and the mux. */
export class ServerOpenings implements BackOpenings {
  private readonly thread: ThreadContext;
  /** The PROXY header for the stream that `keyOf` was asked about last, '' for none. */
  private header: string;

  constructor(thread: ThreadContext) {
    this.thread = thread;
    this.header = '';
  }

  keyOf(stream: Stream, server: Server): string {
    this.header = server.model.sendProxy === 0 ? '' : proxyHeader(stream, server);
    return this.header;
  }

  stepsOf(_stream: Stream, _server: Server): readonly OpeningStep[] {
    if (this.header === '') return noSteps;
    return [new ProxySender(this.thread, this.header)];
  }
}

/** The header that a server gets for the connection of `stream`, one character per byte. */
function proxyHeader(stream: Stream, server: Server): string {
  const { source, destination } = stream.session;
  if (server.model.sendProxy === 1) return proxyLine(source, destination);
  const options = server.model.proxyV2Options;
  let after = '';
  for (const option of options) after += optionTlvs.get(option)?.(stream) ?? '';
  return proxyBlock(source, destination, {
    before: '',
    after,
    crc32c: options.includes('crc32c'),
  });
}

/** The TLV of an option of proxy-v2-options, '' when there is nothing to say. */
type OptionTlv = (stream: Stream) => string;

const optionTlvs: ReadonlyMap<string, OptionTlv> = new Map<string, OptionTlv>([
  ['authority', authorityTlv],
  ['unique-id', uniqueIdTlv],
]);

function authorityTlv(stream: Stream): string {
  const known = stream.session.proxyTlvs.find(({ type }) => type === tlvAuthority);
  return known === undefined ? '' : tlvBytes(tlvAuthority, known.value);
}

function uniqueIdTlv(stream: Stream): string {
  const { uniqueId } = stream.frontend;
  if (stream.uniqueId === '' && uniqueId !== null) stream.uniqueId = uniqueId(stream);
  return tlvBytes(tlvUniqueId, stream.uniqueId);
}
