// Opens one listening socket: creation, options, binding, listening, for every family a `bind` line
// can name. Called by listeners.ts before privileges are dropped. Never accepts a connection.

import * as abi from '../shared/sys/constants.ts';
import { errnoText } from '../shared/sys/errno.ts';
import { decodeAddress, encodeAddress, type SocketFamily } from '../shared/sys/sockaddr.ts';
import type { Sys } from '../shared/sys/sys.ts';
import type { AddressModel, BindModel, TuneModel } from '../shared/config/model.ts';
import { renameSync, rmSync } from 'node:fs';
import { Namespaces } from '../shared/sys/namespaces.ts';
import { congestionName, md5SignatureOfAll } from '../shared/sys/tcp-options.ts';

export interface SocketRequest {
  readonly bind: BindModel;
  /** Names have been resolved: family is not 'unspecified'. */
  readonly address: AddressModel;
  readonly backlog: number;
  readonly reusePort: boolean;
  /** A descriptor of the old process that has the same address, -1: make one. */
  readonly offeredFd: number;
}

export interface OpenSocket {
  readonly fd: number;
  /** 'ipv4', 'ipv6', 'unix', 'abns', 'abnsz' or 'sockpair'. */
  readonly family: string;
  readonly host: string;
  readonly port: number;
  readonly isDatagram: boolean;
}

export interface SocketOutcome {
  readonly socket: OpenSocket | null;
  /** '' or what failed, with the address, as HAProxy words it. */
  readonly error: string;
  /** The old process may still hold the address: worth another try. */
  readonly retryable: boolean;
  readonly warnings: readonly string[];
}

const failed = (error: string, retryable = false): SocketOutcome => ({
  socket: null,
  error,
  retryable,
  warnings: [],
});

/** Names of the protocols in HAProxy's messages. */
export function protocolName({ family, socket }: Pick<AddressModel, 'family' | 'socket'>): string {
  if (socket === 'dgram') return datagramNames[family] ?? 'udp4';
  return protocolNames[family] ?? 'tcpv4';
}

const datagramNames: Readonly<Record<string, string>> = {
  ipv6: 'udp6',
  unix: 'uxdg',
  abns: 'abns_dgram',
  abnsz: 'abnsz_dgram',
};

const protocolNames: Readonly<Record<string, string>> = {
  ipv4: 'tcpv4',
  ipv6: 'tcpv6',
  unix: 'unix_stream',
  abns: 'abns_stream',
  abnsz: 'abnsz_stream',
  sockpair: 'sockpair',
};

/** Opens, binds and listens. Control thread, at start and at reload. */
export function openSocket(sys: Sys, request: SocketRequest): SocketOutcome {
  const { address } = request;
  if (address.family === 'sockpair') return takeSockpair(sys, address.fd);
  if (address.family === 'fd') return takeDescriptor(sys, request);
  return isInternet(address.family) ? openInternet(sys, request) : openUnix(sys, request);
}

const isInternet = (family: string): boolean => family === 'ipv4' || family === 'ipv6';

function takeSockpair(sys: Sys, fd: number): SocketOutcome {
  const result = sys.setNonBlocking(fd);
  if (result < 0) return failed(`cannot use file descriptor '${fd}' (${errnoText(-result)})`);
  sys.setCloseOnExec(fd, true);
  const socket = { fd, family: 'sockpair', host: '', port: 0, isDatagram: false };
  return { socket, error: '', ...calm };
}

const calm = { retryable: false, warnings: [] } as const;

/** `fd@N`: a socket that somebody bound for us. */
function takeDescriptor(sys: Sys, request: SocketRequest): SocketOutcome {
  const { fd } = request.address;
  const name = sys.address();
  const result = sys.getsockname(fd, name);
  if (result < 0) return failed(`cannot use file descriptor '${fd}' (${errnoText(-result)})`);
  const decoded = decodeAddress(name);
  if (decoded === null) return failed(`file descriptor '${fd}' is of an unsupported family`);
  const isDatagram = isDatagramAddress(request.address);
  if ((sys.getsockoptInt(fd, abi.SOL_SOCKET, abi.SO_TYPE) === abi.SOCK_DGRAM) !== isDatagram) {
    return failed(`file descriptor '${fd}' is of a bad socket type`);
  }
  sys.setNonBlocking(fd);
  sys.setCloseOnExec(fd, true);
  return listenOn(sys, request, { fd, ...decoded, isDatagram });
}

const isDatagramAddress = ({ socket }: AddressModel): boolean => socket === 'dgram';

function openInternet(sys: Sys, request: SocketRequest): SocketOutcome {
  const { address, bind } = request;
  const family = address.family as SocketFamily;
  const shown = describe(address);
  const isDatagram = isDatagramAddress(address);
  if (request.offeredFd >= 0) {
    return listenOn(sys, request, { ...address, fd: request.offeredFd, isDatagram });
  }
  const domain = family === 'ipv6' ? abi.AF_INET6 : abi.AF_INET;
  const type = isDatagram ? abi.SOCK_DGRAM : abi.SOCK_STREAM;
  const fd =
    bind.namespace === ''
      ? sys.socket(domain, type, 0)
      : socketInside(sys, bind.namespace, domain, type);
  if (fd < 0)
    return failed(`cannot create receiving socket (${errnoText(-fd)}) for ${shown}`, true);
  const warnings: string[] = [];
  const refusal = setBeforeBind(sys, fd, request, warnings);
  if (refusal !== '') {
    sys.close(fd);
    return failed(`${refusal} for ${shown}`);
  }
  const name = sys.address();
  if (!encodeAddress({ family, host: address.host, port: address.port }, name)) {
    sys.close(fd);
    return failed(`invalid address '${address.host}' for ${shown}`);
  }
  const bound = sys.bind(fd, name);
  if (bound < 0) {
    sys.close(fd);
    return failed(`cannot bind socket (${errnoText(-bound)}) for ${shown}`, true);
  }
  const outcome = listenOn(sys, request, {
    fd,
    family: address.family,
    host: address.host,
    port: address.port,
    isDatagram,
  });
  if (bind.interface === '' && warnings.length === 0) return outcome;
  return { ...outcome, warnings: [...warnings, ...outcome.warnings] };
}

function socketInside(sys: Sys, name: string, domain: number, type: number): number {
  const namespaces = new Namespaces(sys, [name], []);
  const fd = namespaces.socket(name, domain, type);
  namespaces.close();
  return fd;
}

/** '' or what makes the socket useless. */
function setBeforeBind(sys: Sys, fd: number, request: SocketRequest, warnings: string[]): string {
  const { address, bind } = request;
  if (sys.setsockoptInt(fd, abi.SOL_SOCKET, abi.SO_REUSEADDR, 1) < 0) {
    return 'cannot do so_reuseaddr';
  }
  if (request.reusePort) sys.setsockoptInt(fd, abi.SOL_SOCKET, abi.SO_REUSEPORT, 1);
  if (bind.transparent && !makeTransparent(sys, fd, address.family)) {
    return 'cannot make receiving socket transparent';
  }
  if (bind.interface !== '') {
    const device = Buffer.from(`${bind.interface}\0`);
    const result = sys.setsockoptBytes(fd, abi.SOL_SOCKET, abi.SO_BINDTODEVICE, device);
    if (result < 0) {
      const reason = errnoText(-result);
      warnings.push(`cannot bind receiver to device '${bind.interface}' (${reason})`);
    }
  }
  if (address.family === 'ipv6') {
    const byDefault = sys.getsockoptInt(fd, abi.IPPROTO_IPV6, abi.IPV6_V6ONLY) > 0;
    const only = bind.v6only || (byDefault && !bind.v4v6);
    sys.setsockoptInt(fd, abi.IPPROTO_IPV6, abi.IPV6_V6ONLY, only ? 1 : 0);
  }
  return '';
}

/** IP_TRANSPARENT needs a capability; IP_FREEBIND does for binding to an address not here yet. */
function makeTransparent(sys: Sys, fd: number, family: string): boolean {
  const six = family === 'ipv6';
  const level = six ? abi.IPPROTO_IPV6 : abi.IPPROTO_IP;
  const name = six ? abi.IPV6_TRANSPARENT : abi.IP_TRANSPARENT;
  return (
    sys.setsockoptInt(fd, level, name, 1) >= 0 ||
    sys.setsockoptInt(fd, abi.IPPROTO_IP, abi.IP_FREEBIND, 1) >= 0
  );
}

interface TcpOption {
  readonly name: number;
  readonly value: number;
  readonly failure: string;
}

function tcpOptions(request: SocketRequest): TcpOption[] {
  const { bind } = request;
  const wanted: (TcpOption | null)[] = [
    bind.mss > 0
      ? { name: abi.TCP_MAXSEG, value: bind.mss, failure: `cannot set MSS to ${bind.mss}` }
      : null,
    bind.tcpUtMs > 0
      ? { name: abi.TCP_USER_TIMEOUT, value: bind.tcpUtMs, failure: 'cannot set TCP User Timeout' }
      : null,
    bind.deferAccept
      ? { name: abi.TCP_DEFER_ACCEPT, value: 1, failure: 'cannot enable DEFER_ACCEPT' }
      : null,
    bind.tfo
      ? { name: abi.TCP_FASTOPEN, value: request.backlog, failure: 'cannot enable TCP_FASTOPEN' }
      : null,
  ];
  return wanted.filter((option) => option !== null);
}

/** tune.rcvbuf.frontend and tune.sndbuf.frontend: of sockets that many clients share. */
export function sizeBuffers(sys: Sys, fd: number, tune: TuneModel): void {
  const { rcvbufFrontend, sndbufFrontend } = tune;
  if (rcvbufFrontend > 0) sys.setsockoptInt(fd, abi.SOL_SOCKET, abi.SO_RCVBUF, rcvbufFrontend);
  if (sndbufFrontend > 0) sys.setsockoptInt(fd, abi.SOL_SOCKET, abi.SO_SNDBUF, sndbufFrontend);
}

function listenOn(sys: Sys, request: SocketRequest, socket: OpenSocket): SocketOutcome {
  const { fd, family, host, port } = socket;
  const warnings: string[] = [];
  // Nothing is to be listened to: datagrams come when the socket is bound.
  if (socket.isDatagram) return { socket, error: '', retryable: false, warnings };
  const shown = describe({ family, host, port });
  for (const option of isInternet(family) ? tcpOptions(request) : []) {
    const result = sys.setsockoptInt(fd, abi.IPPROTO_TCP, option.name, option.value);
    if (result < 0) warnings.push(`${option.failure}, (${errnoText(-result)}) for ${shown}`);
  }
  if (isInternet(family)) {
    warnings.push(...setTcpValues(sys, request, socket));
    sys.setsockoptInt(fd, abi.IPPROTO_TCP, abi.TCP_QUICKACK, 1);
  }
  if (sys.getsockoptInt(fd, abi.SOL_SOCKET, abi.SO_ACCEPTCONN) <= 0) {
    const result = sys.listen(fd, request.backlog);
    if (result < 0) {
      if (request.address.family !== 'fd' && request.offeredFd < 0) sys.close(fd);
      return failed(`cannot listen to socket: (${errnoText(-result)}) for ${shown}`, true);
    }
  }
  return { socket, error: '', retryable: false, warnings };
}

/** Options that are more than a number; what could not be set. */
function setTcpValues(sys: Sys, { bind }: SocketRequest, socket: OpenSocket): string[] {
  const { fd, family, host, port } = socket;
  const warnings: string[] = [];
  const set = (name: number, value: Uint8Array, failure: string): void => {
    const result = sys.setsockoptBytes(fd, abi.IPPROTO_TCP, name, value);
    const shown = describe({ family, host, port });
    if (result < 0) warnings.push(`${failure}, (${errnoText(-result)}) for ${shown}`);
  };
  if (bind.md5Key !== '') {
    const domain = family === 'ipv6' ? abi.AF_INET6 : abi.AF_INET;
    const value = md5SignatureOfAll(domain, bind.md5Key);
    set(abi.TCP_MD5SIG_EXT, value, 'cannot set TCP MD5 signature');
  }
  if (bind.congestion !== '') {
    const value = congestionName(bind.congestion);
    set(abi.TCP_CONGESTION, value, `cannot set congestion control to '${bind.congestion}'`);
  }
  return warnings;
}

/** `[0.0.0.0:80]`, `[:::443]`, `[/run/x.sock]`, `[abns@name]`. */
export function describe(address: {
  readonly family: string;
  readonly host: string;
  readonly port: number;
}): string {
  const { family, host, port } = address;
  if (family === 'ipv4') return `[${host || '0.0.0.0'}:${port}]`;
  if (family === 'ipv6') return `[${host || '::'}:${port}]`;
  return family === 'unix' ? `[${host}]` : `[${family}@${host}]`;
}

function openUnix(sys: Sys, request: SocketRequest): SocketOutcome {
  const { address } = request;
  const isDatagram = isDatagramAddress(address);
  if (request.offeredFd >= 0) {
    return listenOn(sys, request, { ...address, fd: request.offeredFd, isDatagram });
  }
  const fd = sys.socket(abi.AF_UNIX, isDatagram ? abi.SOCK_DGRAM : abi.SOCK_STREAM, 0);
  if (fd < 0) {
    return failed(`cannot create receiving socket (${errnoText(-fd)}) ${describe(address)}`);
  }
  const fault = address.family === 'unix' ? bindPath(sys, fd, request) : bindName(sys, fd, address);
  if (fault !== null) {
    sys.close(fd);
    return fault;
  }
  const { family, host } = address;
  return listenOn(sys, request, { fd, family, host, port: 0, isDatagram });
}

function bindName(sys: Sys, fd: number, address: AddressModel): SocketOutcome | null {
  const name = sys.address();
  const family = address.family as SocketFamily;
  if (!encodeAddress({ family, host: address.host, port: 0 }, name)) {
    return failed(`name too long for UNIX socket ${describe(address)}`);
  }
  const result = sys.bind(fd, name);
  return result < 0 ? failed(bindFailure(result, address), result === -abi.EADDRINUSE) : null;
}

function bindFailure(result: number, address: AddressModel): string {
  const reason = result === -abi.EADDRINUSE ? 'already in use' : errnoText(-result);
  return `cannot bind UNIX socket (${reason}) ${describe(address)}`;
}

/**
 * Binds under a temporary name; `publishPaths` renames. So the path never disappears, whoever
 * connects reaches the old process or the new one, and a start that fails has taken nothing from
 * the old one.
 */
function bindPath(sys: Sys, fd: number, request: SocketRequest): SocketOutcome | null {
  const { address, bind } = request;
  const temporary = temporaryName(address.host);
  const shown = describe(address);
  const name = sys.address();
  if (!encodeAddress({ family: 'unix', host: temporary, port: 0 }, name)) {
    return failed(`name too long for UNIX socket (limit usually 97) ${shown}`);
  }
  const cleared = attempt('error when trying to unlink previous UNIX socket', () =>
    rmSync(temporary, { force: true }),
  );
  if (cleared !== '') return failed(`${cleared} ${shown}`);
  const result = sys.bind(fd, name);
  if (result < 0) return failed(bindFailure(result, address), result === -abi.EADDRINUSE);
  const fault = setOwner(sys, temporary, bind);
  if (fault === '') return null;
  rmSync(temporary, { force: true });
  return failed(`${fault} ${shown}`);
}

const temporaryName = (path: string): string => `${path}.${process.pid}.tmp`;

/** Gives sockets their paths; the sentences of those that cannot be renamed. */
export function publishPaths(paths: readonly string[]): string[] {
  return paths
    .map((path) => {
      const fault = attempt('cannot switch final and temporary UNIX sockets', () =>
        renameSync(temporaryName(path), path),
      );
      return fault === '' ? '' : `${fault} [${path}]`;
    })
    .filter((fault) => fault !== '');
}

/** The opposite: removes the temporary names of sockets that will not be used. */
export function withdrawPaths(paths: readonly string[]): void {
  for (const path of paths) rmSync(temporaryName(path), { force: true });
}

function setOwner(sys: Sys, path: string, bind: BindModel): string {
  const owned = bind.uid < 0 && bind.gid < 0 ? 0 : sys.chown(path, bind.uid, bind.gid);
  const result = owned < 0 || bind.mode <= 0 ? owned : sys.chmod(path, bind.mode);
  return result < 0 ? `cannot change UNIX socket ownership (${errnoText(-result)})` : '';
}

function attempt(what: string, act: () => void): string {
  try {
    act();
    return '';
  } catch (fault) {
    const number = (fault as NodeJS.ErrnoException).errno ?? 0;
    return `${what} (${errnoText(-number)})`;
  }
}
