// Which options sockets get, from the words of the configuration: keep-alive and its values, buffer
// sizes, delayed ACKs, lingering. Lists are made at start, one per proxy; applying one is a call
// per entry. What Linux lets accepted sockets inherit is set once on the listening socket.

import type { ProxyModel, TcpKeepAliveModel, TuneModel } from '../../shared/config/model.ts';
import {
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_TCLASS,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MARK,
  SO_RCVBUF,
  SO_SNDBUF,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
} from '../../shared/sys/constants.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { familyIpv4, familyIpv6 } from './endpoint.ts';

export interface SocketOption {
  readonly level: number;
  readonly name: number;
  readonly value: number;
}

const resetLinger = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
const usualLinger = new Uint8Array(8);

/** Sets every option; a kernel that refuses one goes on without it, as the reference does. */
export function applyOptions(sys: Sys, fd: number, options: readonly SocketOption[]): void {
  for (let i = 0; i < options.length; i++) {
    const { level, name, value } = options[i];
    sys.setsockoptInt(fd, level, name, value);
  }
}

/**
 * What accepted sockets inherit. Set whether on or off: a listening socket lives on over reloads,
 * and the configuration before may have said something else.
 */
export function prepareListener(sys: Sys, fd: number, model: ProxyModel, isTls: boolean): void {
  const { options } = model;
  sys.setsockoptInt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  sys.setsockoptInt(fd, SOL_SOCKET, SO_KEEPALIVE, options['clitcpka'] === true ? 1 : 0);
  sys.setsockoptInt(fd, IPPROTO_TCP, TCP_QUICKACK, savesFirstAck(model, isTls) ? 0 : 1);
  const linger = options['nolinger'] === true ? resetLinger : usualLinger;
  sys.setsockoptBytes(fd, SOL_SOCKET, SO_LINGER, linger);
}

/** option tcp-smart-accept: automatic for HTTP and TLS (manual 4). */
function savesFirstAck({ options, mode }: ProxyModel, isTls: boolean): boolean {
  return options['tcp-smart-accept'] ?? (mode === 'http' || isTls);
}

/** What each client socket gets: values that a listening socket could not take back. */
export function clientOptions(model: ProxyModel, tune: TuneModel): readonly SocketOption[] {
  const keepAlive = model.options['clitcpka'] === true ? keepAliveOptions(model.clitcpka) : [];
  return [
    ...keepAlive,
    ...given(SOL_SOCKET, SO_SNDBUF, tune.sndbufClient),
    ...given(SOL_SOCKET, SO_RCVBUF, tune.rcvbufClient),
    ...given(IPPROTO_TCP, TCP_NOTSENT_LOWAT, tune.notsentLowatClient),
  ];
}

export interface ServerOptionsInput {
  readonly model: ProxyModel;
  readonly tune: TuneModel;
  readonly userTimeoutMs: number;
}

/** What sockets to a server get before they are connected. */
export function serverOptions(input: ServerOptionsInput): readonly SocketOption[] {
  const { model, tune, userTimeoutMs } = input;
  const isKept = model.options['srvtcpka'] === true;
  return [
    { level: IPPROTO_TCP, name: TCP_NODELAY, value: 1 },
    ...given(SOL_SOCKET, SO_KEEPALIVE, isKept ? 1 : 0),
    ...(isKept ? keepAliveOptions(model.srvtcpka) : []),
    ...(model.options['tcp-smart-connect'] === true
      ? [{ level: IPPROTO_TCP, name: TCP_QUICKACK, value: 0 }]
      : []),
    ...given(IPPROTO_TCP, TCP_USER_TIMEOUT, userTimeoutMs),
    ...given(SOL_SOCKET, SO_SNDBUF, tune.sndbufServer),
    ...given(IPPROTO_TCP, TCP_NOTSENT_LOWAT, tune.notsentLowatServer),
    ...given(SOL_SOCKET, SO_RCVBUF, tune.rcvbufServer),
  ];
}

/** option nolinger: every close of ours is a reset, and nothing stays behind in the kernel. */
export function resetOnClose(sys: Sys, fd: number): void {
  sys.setsockoptBytes(fd, SOL_SOCKET, SO_LINGER, resetLinger);
}

/** Puts a number on a socket; refusals of the kernel do not disturb the traffic. */
export type SetSocketOption = (sys: Sys, fd: number, family: number, value: number) => void;

/** `family`: one of conn/endpoint.ts. */
export function setMark(sys: Sys, fd: number, _family: number, value: number): void {
  sys.setsockoptInt(fd, SOL_SOCKET, SO_MARK, value | 0);
}

/** `family`: as for a mark. */
export function setTos(sys: Sys, fd: number, family: number, value: number): void {
  if (family === familyIpv4) sys.setsockoptInt(fd, IPPROTO_IP, IP_TOS, value & 255);
  else if (family === familyIpv6) sys.setsockoptInt(fd, IPPROTO_IPV6, IPV6_TCLASS, value & 255);
}

function keepAliveOptions(model: TcpKeepAliveModel): readonly SocketOption[] {
  return [
    ...given(IPPROTO_TCP, TCP_KEEPCNT, model.count),
    ...given(IPPROTO_TCP, TCP_KEEPIDLE, Math.round(model.idleMs / 1000)),
    ...given(IPPROTO_TCP, TCP_KEEPINTVL, Math.round(model.intervalMs / 1000)),
  ];
}

/** Nothing for 0: the kernel's own value. */
function given(level: number, name: number, value: number): readonly SocketOption[] {
  return value > 0 ? [{ level, name, value }] : [];
}
