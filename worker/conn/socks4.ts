// What a SOCKS4 proxy is told before anything else, and what it must answer: the first step of an
// opening (manual 5.2, socks4). Knows IPv4 only, as the protocol does.
//
//   request   04 01 port(2) address(4) "HAProxy" 00      answer   00 5a ignored(6)

import { AF_INET, ECONNRESET, EPROTO } from '../../shared/sys/constants.ts';
import { familyOf } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { blocked, type Connection } from './connection.ts';
import { faultSocksAbort, faultSocksDenied, faultSocksReceive, faultSocksSend } from './fault.ts';
import type { OpeningStep } from './opening.ts';
import type { HeaderRoom } from './proxy-steps.ts';

const EAFNOSUPPORT = 97;
const user = Buffer.from('HAProxy\0', 'latin1');
const answerBytes = 8;
const granted = 0x5a;

export class SocksRequest implements OpeningStep {
  readonly timeoutFault = faultSocksAbort;
  private readonly room: HeaderRoom;
  /** null: no address that the protocol can say. */
  private readonly request: Uint8Array | null;
  private sentBytes: number;

  /** `target` may change afterwards. */
  constructor(room: HeaderRoom, target: SocketAddress) {
    this.room = room;
    this.request = familyOf(target) === AF_INET ? requestTo(target.region.bytes) : null;
    this.sentBytes = 0;
  }

  advance(connection: Connection): number {
    const { request } = this;
    if (request === null) return failed(connection, faultSocksSend, -EAFNOSUPPORT);
    if (this.sentBytes < request.length) {
      const result = this.send(connection, request);
      if (result <= 0) return result;
    }
    return this.receive(connection);
  }

  private send(connection: Connection, request: Uint8Array): number {
    const { scratchAt, memory } = this.room;
    const left = request.subarray(this.sentBytes);
    memory.bytes.set(left, scratchAt);
    const sent = connection.send(scratchAt, left.length, false);
    if (sent === blocked) return 0;
    if (sent < 0) return failed(connection, faultSocksSend, sent);
    this.sentBytes += sent;
    return sent === left.length ? 1 : 0;
  }

  private receive(connection: Connection): number {
    const { scratchAt, memory } = this.room;
    if (!connection.readable) return 0;
    // A look first: what follows the answer is the server's.
    const got = connection.peek(scratchAt, answerBytes);
    if (got === blocked) return 0;
    if (got === 0) return failed(connection, faultSocksReceive, -ECONNRESET);
    if (got < 0) return failed(connection, faultSocksReceive, got);
    if (got < answerBytes) {
      if (connection.hangup) return failed(connection, faultSocksReceive, -ECONNRESET);
      connection.readable = false;
      return 0;
    }
    if (memory.bytes[scratchAt] !== 0 || memory.bytes[scratchAt + 1] !== granted) {
      return failed(connection, faultSocksDenied, -EPROTO);
    }
    const taken = connection.sys.recv(connection.fd, connection.memory, scratchAt, answerBytes, 0);
    return taken === answerBytes ? 1 : failed(connection, faultSocksAbort, -EPROTO);
  }
}

/** The steps of an opening with this one in front. */
export function throughSocks(
  room: HeaderRoom,
  target: SocketAddress,
  steps: readonly OpeningStep[],
): readonly OpeningStep[] {
  const all: OpeningStep[] = [new SocksRequest(room, target)];
  for (let i = 0; i < steps.length; i++) all.push(steps[i]);
  return all;
}

/** `bytes`: a sockaddr_in. */
function requestTo(bytes: Uint8Array): Uint8Array {
  const request = new Uint8Array(8 + user.length);
  request.set([4, 1]);
  request.set(bytes.subarray(2, 8), 2);
  request.set(user, 8);
  return request;
}

function failed(connection: Connection, fault: number, result: number): number {
  connection.fault = fault;
  return result;
}
