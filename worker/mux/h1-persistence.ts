// How a response leaves towards an HTTP/1 client, and whether the connection lives on behind it
// (RFC 9112 6.3 and 9.3). Called by h1-front.ts, once per head.

import { framingBroken, settleEdits } from '../http/h1-outgoing.ts';
import { transferEncodingName } from '../http/h1-special.ts';
import { addChunked, addProxyName } from '../http/h1-write.ts';
import {
  bodyChunked,
  bodyNone,
  bodyTunnel,
  bodyUntilClose,
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  type Message,
  methodHead,
  proxyHeader,
} from '../http/message.ts';
import { persistClose, type ProxyPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';
import { endsConnections, type ThreadContext } from '../thread-context.ts';
import type { Output } from './output.ts';
import type { Receiver } from './receiver.ts';

/** The client's side of an exchange, as far as its response goes. */
export interface AnsweringFront {
  readonly thread: ThreadContext;
  readonly proxy: ProxyPlan;
  readonly inbound: Receiver;
  readonly outbound: Output;
  readonly stream: Stream | null;
  /** Method as received. */
  readonly methodReceived: number;
  /** The response leaves the connection usable: only ever taken back here. */
  persistent: boolean;
}

/** Does the client let its connection live on (RFC 9112 9.3)? */
export function mayPersist(request: Message): boolean {
  if ((request.flags & connectionClose) !== 0) return false;
  return request.version >= 11 || (request.flags & connectionKeepAlive) !== 0;
}

/**
 * Settles how the final response `message` is delimited and whether the connection outlives it.
 * Returns what the writer of the head adds, or framingBroken (below zero). Proxy thread.
 */
export function settleResponse(front: AnsweringFront, message: Message, done: boolean): number {
  const { outbound } = front;
  const edits = settleEdits(message, false);
  if (edits === framingBroken) return framingBroken;
  const adds = frame(front, message, edits, done) | (outbound.chunked ? edits & addChunked : 0);
  outbound.discards =
    front.methodReceived === methodHead ||
    message.framing === bodyNone ||
    isBodyless(message.status);
  return adds;
}

/** Decides framing and persistence of a final response; returns what the writer adds. */
function frame(front: AnsweringFront, message: Message, edits: number, done: boolean): number {
  const { outbound } = front;
  if (message.framing === bodyTunnel) {
    outbound.chunked = false;
    front.persistent = false;
    return 0;
  }
  const { version, flags } = front.stream!.request;
  const named = (flags & proxyHeader) === 0 ? 0 : addProxyName;
  if (message.framing === bodyChunked && version < 11) {
    // An HTTP/1.0 client knows no chunks: the end of the connection ends the body.
    message.framing = bodyUntilClose;
    message.removeAll(transferEncodingName);
  }
  outbound.chunked = message.framing === bodyChunked;
  if (mustClose(front, message, edits, done)) front.persistent = false;
  if (((edits | message.flags) & connectionUpgrade) !== 0) return 0;
  if (!front.persistent) return message.version >= 11 ? named | connectionClose : 0;
  return message.version >= 11 && version >= 11 ? 0 : named | connectionKeepAlive;
}

function mustClose(front: AnsweringFront, message: Message, edits: number, done: boolean): boolean {
  if ((edits & connectionClose) !== 0 || endsConnections(front.thread)) return true;
  if (message.framing === bodyUntilClose && front.methodReceived !== methodHead) return true;
  // Chunks in HTTP/1.0: the peer may not have meant what it wrote (RFC 9112 6.1).
  if (message.framing === bodyChunked && message.version < 11) return true;
  if (front.proxy.persist === persistClose && (edits & connectionKeepAlive) === 0) return true;
  return done && !front.inbound.bodyDone;
}

/** Responses without a body whatever their lines say (RFC 9110 6.4.1). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 304;
}
