// The PROXY protocol as steps of an opening: a header that a client must send first (bind
// accept-proxy, expect-proxy), and one that a server gets first (server send-proxy). In front of
// TLS, in clear.

import { ECONNRESET, EPROTO } from '../../shared/sys/constants.ts';
import { writeLatin1 } from '../http/message.ts';
import { blocked, type Connection } from './connection.ts';
import {
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

/** Waits for a header, takes exactly its bytes off the socket, and shows it to `accept`. */
export class ProxyReceiver implements OpeningStep {
  readonly timeoutFault = faultProxyTimeout;
  private readonly room: HeaderRoom;
  private readonly header: ProxyHeader;
  private readonly accept: (header: ProxyHeader) => void;

  constructor(room: HeaderRoom, accept: (header: ProxyHeader) => void) {
    this.room = room;
    this.header = new ProxyHeader(room.memory.slotBytes);
    this.accept = accept;
  }

  advance(connection: Connection): number {
    const { header } = this;
    const { scratchAt, memory } = this.room;
    // A look first: what follows the header belongs to whoever comes next.
    const got = connection.peek(scratchAt, memory.slotBytes);
    if (got === blocked) return 0;
    if (got === 0) return failed(connection, faultProxyEmpty, -ECONNRESET);
    if (got < 0) return failed(connection, faultProxyAbort, got);
    const length = readProxyHeader(memory.bytes, scratchAt, got, header);
    if (length < 0) return failed(connection, -length, -EPROTO);
    if (length === 0) {
      if (connection.hangup) return failed(connection, faultProxyTruncated, -ECONNRESET);
      connection.readable = false;
      return 0;
    }
    const taken = connection.sys.recv(connection.fd, connection.memory, scratchAt, length, 0);
    if (taken !== length) return failed(connection, faultProxyAbort, -EPROTO);
    this.accept(header);
    return 1;
  }
}

function failed(connection: Connection, fault: number, result: number): number {
  connection.fault = fault;
  return result;
}

/** Sends a header, one character per byte. */
export class ProxySender implements OpeningStep {
  readonly timeoutFault = 0;
  private readonly room: HeaderRoom;
  private readonly text: string;
  private sentBytes: number;

  constructor(room: HeaderRoom, text: string) {
    this.room = room;
    this.text = text;
    this.sentBytes = 0;
  }

  advance(connection: Connection): number {
    const { scratchAt, memory } = this.room;
    const left = this.text.slice(this.sentBytes);
    writeLatin1(memory.bytes, scratchAt, left);
    const sent = connection.send(scratchAt, left.length, false);
    if (sent === blocked) return 0;
    if (sent < 0) return sent;
    this.sentBytes += sent;
    return sent === left.length ? 1 : 0;
  }
}
