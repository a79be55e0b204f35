// A stream in words, for `show sess`: plain data that crosses to the control thread.

import { familyIpv6, familyUnix } from '../conn/endpoint.ts';
import { flagTcp } from './phases.ts';
import type { Stream } from './stream.ts';

/** One stream as a thread describes it when asked to `inspect` 'sessions'. */
export interface StreamSnapshot {
  /** Unique in the process; shown in hexadecimal, taken by `show sess <id>`. */
  readonly id: number;
  /** From 1. */
  readonly thread: number;
  /** Name of the listener's protocol: tcpv4, tcpv6, unix_stream, ... */
  readonly protocol: string;
  /** "address:port" of the client, "unix:N" for a unix socket. */
  readonly source: string;
  readonly frontend: string;
  /** '' while none is chosen. */
  readonly backend: string;
  readonly server: string;
  readonly ageMs: number;
  /** Milliseconds until its next timeout, -1: none. */
  readonly expireMs: number;
  readonly frontFd: number;
  readonly backFd: number;
  readonly retries: number;
  /** '' outside HTTP. */
  readonly uri: string;
  /** Wall clock of the accept. */
  readonly acceptWallMs: number;
  readonly listener: string;
  readonly listenerId: number;
  /** Where the client connected to, and where the proxy did; '' while nowhere. */
  readonly destination: string;
  readonly serverAddress: string;
  readonly state: number;
  readonly flags: number;
  readonly waitsInQueue: boolean;
  /** Payload that has come and not gone on, by the side it came from; and all there was. */
  readonly requestPending: number;
  readonly responsePending: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly status: number;
}

/** What `show sess` tells of a stream at `nowMs`, as plain data. */
export function snapshot(stream: Stream, nowMs: number): StreamSnapshot {
  const { source, session, destination, backConnection, front, back, times } = stream;
  const { bind } = session.listener;
  const isUnix = source.family === familyUnix;
  const isTcp = (stream.flags & flagTcp) !== 0;
  const far = backConnection?.destination;
  return {
    id: stream.id,
    thread: stream.thread.index + 1,
    protocol: isUnix ? 'unix_stream' : source.family === familyIpv6 ? 'tcpv6' : 'tcpv4',
    source: isUnix ? `unix:${bind.id}` : `${source.text()}:${source.port}`,
    frontend: stream.frontend.name,
    backend: stream.backendEntered ? stream.backend.name : '',
    server: stream.server?.name ?? '',
    ageMs: Math.round(nowMs - times.acceptMs),
    expireMs: stream.dueMs > 0 ? Math.max(0, Math.round(stream.dueMs - nowMs)) : -1,
    frontFd: session.connection.fd,
    backFd: backConnection?.fd ?? -1,
    retries: stream.retries,
    uri: isTcp ? '' : stream.request.target(),
    acceptWallMs: times.acceptWallMs,
    listener: bind.name,
    listenerId: bind.id,
    destination: `${destination.text()}:${destination.port}`,
    serverAddress: far === undefined ? '' : `${far.text()}:${far.port}`,
    state: stream.state,
    flags: stream.flags,
    waitsInQueue: stream.waiter !== null,
    requestPending: front?.inbound.bodyLength ?? 0,
    responsePending: back?.inbound.bodyLength ?? 0,
    bytesIn: session.connection.bytesReceived,
    bytesOut: session.connection.bytesSent,
    status: stream.status,
  };
}
