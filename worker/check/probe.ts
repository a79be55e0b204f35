// One health check over the wire: connects to a server, maybe says PROXY and shakes hands, and
// tells how it went. Called by runner.ts on the control thread; keeps nothing once it has answered.

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AddressModel, ServerModel } from '../../shared/config/model.ts';
import {
  checkStatusNumber,
  statusL4Connection,
  statusL4Ok,
  statusL4Timeout,
  statusSocketError,
} from '../../shared/segment/check-status.ts';
import { AF_UNIX, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { errnoText } from '../../shared/sys/errno.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import type { Sys } from '../../shared/sys/sys.ts';

const statusL6Ok = checkStatusNumber('L6OK');
const statusL6Timeout = checkStatusNumber('L6TOUT');
const statusL6Response = checkStatusNumber('L6RSP');

/**
 * `status`: number of a row of checkStatuses; `info`: what the log shows between quotes, '' for
 * none.
 */
export type ProbeDone = (status: number, info: string) => void;

/** What to probe, worked out once per server. */
export interface ProbeTarget {
  readonly address: AddressModel;
  readonly port: number;
  readonly localAddress: string;
  /** Bytes to send once connected. */
  readonly preamble: Buffer | null;
  /** null: clear text. */
  readonly tls: { readonly verify: boolean; readonly ca: string } | null;
}

const proxyUnknown = Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
/** Signature, version 2 with command LOCAL, no address (PROXY protocol 2.2). */
const proxyLocal = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');

/** Where a server's checks go and what they say (manual 5.2: addr, port, check-send-proxy). */
export function probeTarget(
  server: ServerModel,
  contents: Readonly<Record<string, string>>,
): ProbeTarget {
  const { checkAddress, checkPort, ssl } = server;
  const own = checkAddress === null && checkPort === 0;
  const address = checkAddress ?? server.address;
  const port = checkPort || checkAddress?.port || server.address.port;
  const says = server.checkSendProxy || (own && server.sendProxy !== 0);
  const tls =
    own && ssl !== null
      ? { verify: ssl.verify === 'required', ca: contents[ssl.caFile] ?? '' }
      : null;
  return {
    address,
    port,
    localAddress: server.source?.address?.host ?? '',
    preamble: says ? (server.sendProxy === 2 ? proxyLocal : proxyUnknown) : null,
    tls,
  };
}

/**
 * Runs one check; `done` is called exactly once, perhaps at once. Returns what stops it silently.
 */
export function probe(
  sys: Sys,
  target: ProbeTarget,
  timeoutMs: number,
  done: ProbeDone,
): () => void {
  const { family } = target.address;
  if (family === 'unix' || family === 'abns' || family === 'abnsz') {
    probePath(sys, target, done);
    return () => {};
  }
  const attempt = new Attempt(target, done);
  attempt.begin(timeoutMs);
  return () => attempt.stop();
}

/** A path connects at once or not at all. */
function probePath(sys: Sys, { address, preamble }: ProbeTarget, done: ProbeDone): void {
  const to = sys.address();
  const { family, host } = address;
  const isPath = family === 'unix' || family === 'abns' || family === 'abnsz';
  if (!isPath || !encodeAddress({ family, host, port: 0 }, to)) {
    done(statusSocketError, 'the path is too long');
    return;
  }
  const fd = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) {
    done(statusSocketError, errnoText(-fd));
    return;
  }
  const result = sys.connect(fd, to);
  if (result >= 0 && preamble !== null) {
    const region = sys.region(preamble.length);
    region.bytes.set(preamble);
    sys.send(fd, region, 0, preamble.length, 0);
  }
  sys.close(fd);
  if (result < 0) done(statusL4Connection, errnoText(-result));
  else done(statusL4Ok, '');
}

class Attempt {
  private readonly target: ProbeTarget;
  private done: ProbeDone | null;
  private socket: Socket | null;
  private timer: NodeJS.Timeout | null;
  private isConnected: boolean;

  constructor(target: ProbeTarget, done: ProbeDone) {
    this.target = target;
    this.done = done;
    this.socket = null;
    this.timer = null;
    this.isConnected = false;
  }

  begin(timeoutMs: number): void {
    const { address, port, localAddress } = this.target;
    const host = address.host === '' ? '127.0.0.1' : address.host;
    const local = localAddress === '' ? {} : { localAddress };
    const socket = connectTcp({ host, port, ...local });
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('connect', () => this.onConnect(socket));
    socket.on('error', (error: NodeJS.ErrnoException) => this.onError(error));
    this.timer = setTimeout(() => this.onTimeout(), timeoutMs);
  }

  private onConnect(socket: Socket): void {
    this.isConnected = true;
    const { preamble, tls } = this.target;
    if (preamble !== null) socket.write(preamble);
    if (tls !== null) this.shakeHands(socket, tls);
    else if (preamble === null) this.finish(statusL4Ok, '');
    else socket.end(() => this.finish(statusL4Ok, ''));
  }

  private shakeHands(socket: Socket, tls: { readonly verify: boolean; readonly ca: string }): void {
    const ca = tls.ca === '' ? {} : { ca: tls.ca };
    const secure = connectTls({
      socket,
      rejectUnauthorized: tls.verify,
      checkServerIdentity: () => undefined,
      ...ca,
    });
    secure.on('secureConnect', () => this.finish(statusL6Ok, ''));
    secure.on('error', (error: NodeJS.ErrnoException) => this.onError(error));
  }

  private onError(error: NodeJS.ErrnoException): void {
    if (this.isConnected && this.target.tls !== null) {
      this.finish(statusL6Response, 'SSL handshake failure');
      return;
    }
    const text = error.errno === undefined ? error.message : errnoText(Math.abs(error.errno));
    this.finish(this.isConnected ? statusSocketError : statusL4Connection, text);
  }

  private onTimeout(): void {
    this.finish(this.isConnected ? statusL6Timeout : statusL4Timeout, '');
  }

  private finish(status: number, info: string): void {
    const { done } = this;
    this.stop();
    done?.(status, info);
  }

  /** A reset leaves no socket in TIME_WAIT on this side. */
  stop(): void {
    this.done = null;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { socket } = this;
    this.socket = null;
    if (socket === null) return;
    if (this.isConnected && this.target.preamble === null) socket.resetAndDestroy();
    else socket.destroy();
  }
}
