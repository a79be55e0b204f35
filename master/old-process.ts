// The classic hand-over to a new process: signals to the pids of -sf and -st, and the listening
// sockets of the old process over its runtime socket (-x, the `_getsocks` command). Called by
// start.ts only.
//
// Wire format, as HAProxy's: we send "_getsocks\n"; the answer is a 32-bit count, then messages
// that carry descriptors (SCM_RIGHTS) and for each one: length and name of its namespace, length
// and name of its interface, 32 bits of zero. Each message is acknowledged with a 32-bit number.

import * as abi from '../shared/sys/constants.ts';
import { decodeAddress, encodeAddress } from '../shared/sys/sockaddr.ts';
import type { Region, Sys } from '../shared/sys/sys.ts';
import { anyAsEmpty, keyOf, type OfferedSocket } from './listeners.ts';

/** Signals every pid; returns how many were there. */
export function tellOldProcesses(sys: Sys, pids: readonly number[], signal: number): number {
  let told = 0;
  for (const pid of pids) if (sys.kill(pid, signal) >= 0) told++;
  return told;
}

export const SIGUSR1 = 10;
export const SIGTERM = 15;
export const SIGTTIN = 21;
export const SIGTTOU = 22;

export interface Inheritance {
  readonly sockets: readonly OfferedSocket[];
  /** '' or why the sockets could not be had. */
  readonly error: string;
}

const waitMs = 1000;
const messageBytes = 65_536;
/** Descriptors of one message; HAProxy sends 252 at most. */
const descriptorsMax = 252;

/** Asks the process behind `path` for its listening sockets. */
export function inheritSockets(sys: Sys, path: string): Inheritance {
  const fd = sys.socket(abi.AF_UNIX, abi.SOCK_STREAM, 0);
  if (fd < 0) return refusal(`Failed to connect to the old process socket '${path}'`);
  try {
    const address = sys.address();
    const family = path.startsWith('abns@') ? 'abns' : 'unix';
    const host = path.replace(/^(unix|abns)@/, '');
    if (!encodeAddress({ family, host, port: 0 }, address) || sys.connect(fd, address) < 0) {
      return refusal(`Failed to connect to the old process socket '${path}'`);
    }
    return receive(sys, fd);
  } finally {
    sys.close(fd);
  }
}

const refusal = (error: string): Inheritance => ({ sockets: [], error });

function receive(sys: Sys, fd: number): Inheritance {
  const memory = sys.region(messageBytes);
  const request = Buffer.from('_getsocks\n');
  memory.bytes.set(request);
  if (sys.send(fd, memory, 0, request.length, 0) !== request.length) {
    return refusal('Failed to ask for the sockets to be transferred');
  }
  const poll = waiter(sys, fd);
  try {
    return receiveAll(sys, fd, memory, poll);
  } finally {
    sys.close(poll.fd);
  }
}

interface Waiter {
  readonly fd: number;
  /** False: nothing came for a second. */
  readable(): boolean;
}

function waiter(sys: Sys, fd: number): Waiter {
  const epoll = sys.epollCreate();
  const batch = sys.eventBatch(1);
  sys.epollAdd(epoll, fd, abi.EPOLLIN);
  return { fd: epoll, readable: () => sys.epollWait(epoll, batch, waitMs) > 0 };
}

function receiveAll(sys: Sys, fd: number, memory: Region, poll: Waiter): Inheritance {
  if (!poll.readable() || sys.recv(fd, memory, 0, 4, 0) !== 4) {
    return refusal('Failed to get the number of sockets to be transferred');
  }
  const count = new DataView(memory.bytes.buffer, memory.bytes.byteOffset).getInt32(0, true);
  const fds: number[] = [];
  const records: Buffer[] = [];
  const arrived = new Int32Array(1 + descriptorsMax);
  while (fds.length < count) {
    if (!poll.readable()) break;
    const length = sys.recvDescriptors(fd, memory, 0, messageBytes, arrived);
    if (length <= 0) break;
    for (let i = 1; i <= arrived[0]!; i++) fds.push(arrived[i]!);
    records.push(Buffer.from(memory.bytes.subarray(0, length)));
    memory.bytes.fill(0, 0, 4);
    sys.send(fd, memory, 0, 4, 0);
  }
  if (fds.length !== count) {
    for (const extra of fds) sys.close(extra);
    return refusal(`Got ${fds.length} sockets of the ${count} that were announced`);
  }
  return { sockets: identify(sys, fds, Buffer.concat(records)), error: '' };
}

/** Finds out what each socket is; one of a namespace or of no known family is closed. */
function identify(sys: Sys, fds: readonly number[], records: Buffer): OfferedSocket[] {
  const sockets: OfferedSocket[] = [];
  let at = 0;
  for (const fd of fds) {
    const namespace = records[at] ?? 0;
    const interfaceAt = at + 1 + namespace;
    const length = records[interfaceAt] ?? 0;
    const device = records.toString('latin1', interfaceAt + 1, interfaceAt + 1 + length);
    at = interfaceAt + 1 + length + 4;
    const key = namespace === 0 ? describeSocket(sys, fd, device) : null;
    if (key === null) sys.close(fd);
    else sockets.push({ fd, key });
  }
  return sockets;
}

function describeSocket(sys: Sys, fd: number, device: string): string | null {
  const name = sys.address();
  if (sys.getsockname(fd, name) < 0) return null;
  const decoded = decodeAddress(name);
  if (decoded === null) return null;
  const six = decoded.family === 'ipv6';
  const only = six && sys.getsockoptInt(fd, abi.IPPROTO_IPV6, abi.IPV6_V6ONLY) > 0;
  const level = six ? abi.IPPROTO_IPV6 : abi.IPPROTO_IP;
  const option = six ? abi.IPV6_TRANSPARENT : abi.IP_TRANSPARENT;
  const isInternet = six || decoded.family === 'ipv4';
  const transparent = isInternet && sys.getsockoptInt(fd, level, option) > 0;
  const { family, port } = decoded;
  const host = family === 'unix' ? withoutSuffix(decoded.host) : anyAsEmpty(decoded.host);
  const words = [only ? 'v6only' : '', transparent ? 'transparent' : ''];
  return keyOf([family, host, port, -1, device, ...words]);
}

/** A socket bound under a temporary name keeps that name for getsockname(). */
const withoutSuffix = (path: string): string => path.replace(/\.\d+\.tmp$/, '');
