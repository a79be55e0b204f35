// Headers about a connection as steps of an opening: one that a client must send first (bind
// accept-proxy and accept-netscaler-cip, or the rules that expect them), and one that a server gets
// first (server send-proxy). In front of TLS, in clear.

import { ECONNRESET, EPROTO } from '../../shared/sys/constants.ts';
import { writeLatin1 } from '../http/message.ts';
import { blocked, type Connection } from './connection.ts';
import { readClientIpHeader } from './client-ip-header.ts';
import {
  faultCipAbort,
  faultCipEmpty,
  faultCipTimeout,
  faultCipTruncated,
  faultProxyAbort,
  faultProxyEmpty,
  faultProxyTimeout,
  faultProxyTruncated,
} from './fault.ts';
import type { OpeningStep } from './opening.ts';
import { ProxyHeader, readProxyHeader } from './proxy-header.ts';

/** Memory for one header, free between two calls. */
export interface HeaderRoom {
  readonly scratchAt: number;
  readonly memory: { readonly slotBytes: number; readonly bytes: Uint8Array };
}

/** What a kind of header is called when it does not come as it should. */
interface HeaderFaults {
  readonly empty: number;
  readonly abort: number;
  readonly timeout: number;
  readonly truncated: number;
}

/** Above zero: the header's length, `into` is filled; 0: more is needed; below: minus a fault. */
type ReadHeader<T> = (bytes: Uint8Array, at: number, length: number, into: T) => number;

/** Waits for a header, takes exactly its bytes off the socket, and shows it to `accept`. */
class HeaderReceiver<T extends ProxyHeader> implements OpeningStep {
  readonly timeoutFault: number;
  private readonly room: HeaderRoom;
  private readonly header: T;
  private readonly faults: HeaderFaults;
  private readonly read: ReadHeader<T>;
  private readonly accept: (header: ProxyHeader) => void;

  constructor(
    room: HeaderRoom,
    header: T,
    kind: { readonly faults: HeaderFaults; readonly read: ReadHeader<T> },
    accept: (header: ProxyHeader) => void,
  ) {
    this.timeoutFault = kind.faults.timeout;
    this.room = room;
    this.header = header;
    this.faults = kind.faults;
    this.read = kind.read;
    this.accept = accept;
  }

  advance(connection: Connection): number {
    const { header, faults } = this;
    const { scratchAt, memory } = this.room;
    // A look first: what follows the header belongs to whoever comes next.
    const got = connection.peek(scratchAt, memory.slotBytes);
    if (got === blocked) return 0;
    if (got === 0) return failed(connection, faults.empty, -ECONNRESET);
    if (got < 0) return failed(connection, faults.abort, got);
    const length = this.read(memory.bytes, scratchAt, got, header);
    if (length < 0) return failed(connection, -length, -EPROTO);
    if (length === 0) {
      if (connection.hangup) return failed(connection, faults.truncated, -ECONNRESET);
      connection.readable = false;
      return 0;
    }
    const taken = connection.sys.recv(connection.fd, connection.memory, scratchAt, length, 0);
    if (taken !== length) return failed(connection, faults.abort, -EPROTO);
    this.accept(header);
    return 1;
  }
}

const proxyKind = {
  faults: {
    empty: faultProxyEmpty,
    abort: faultProxyAbort,
    timeout: faultProxyTimeout,
    truncated: faultProxyTruncated,
  },
  read: readProxyHeader,
};

const clientIpKind = {
  faults: {
    empty: faultCipEmpty,
    abort: faultCipAbort,
    timeout: faultCipTimeout,
    truncated: faultCipTruncated,
  },
  read: readClientIpHeader,
};

/** A step that waits for a PROXY header. */
export function proxyReceiver(
  room: HeaderRoom,
  accept: (header: ProxyHeader) => void,
): OpeningStep {
  const header = new ProxyHeader(room.memory.slotBytes);
  return new HeaderReceiver(room, header, proxyKind, accept);
}

/** A step that waits for a NetScaler's header with this magic number. */
export function clientIpReceiver(
  room: HeaderRoom,
  magic: number,
  accept: (header: ProxyHeader) => void,
): OpeningStep {
  const header = Object.assign(new ProxyHeader(room.memory.slotBytes), { magic });
  return new HeaderReceiver(room, header, clientIpKind, accept);
}

function failed(connection: Connection, fault: number, result: number): number {
  connection.fault = fault;
  return result;
}

/** Sends a header, one character per byte; it may be about the connection that it opens. */
export class ProxySender implements OpeningStep {
  readonly timeoutFault = 0;
  private readonly room: HeaderRoom;
  private text: string | ((connection: Connection) => string);
  private sentBytes: number;

  constructor(room: HeaderRoom, text: ProxySender['text']) {
    this.room = room;
    this.text = text;
    this.sentBytes = 0;
  }

  advance(connection: Connection): number {
    const { scratchAt, memory } = this.room;
    if (typeof this.text === 'function') this.text = this.text(connection);
    const left = this.text.slice(this.sentBytes);
    writeLatin1(memory.bytes, scratchAt, left);
    const sent = connection.send(scratchAt, left.length, false);
    if (sent === blocked) return 0;
    if (sent < 0) return sent;
    this.sentBytes += sent;
    return sent === left.length ? 1 : 0;
  }
}
