// A stream in words, for `show sess`: plain data that crosses to the control thread.

import { familyIpv6, familyUnix } from '../conn/endpoint.ts';
import { flagTcp } from './phases.ts';
import type { Stream } from './stream.ts';

/** Fields as worker/runtime/context.ts SessionSnapshot. */
export interface StreamSnapshot {
  readonly id: number;
  readonly thread: number;
  readonly protocol: string;
  readonly source: string;
  readonly frontend: string;
  readonly backend: string;
  readonly server: string;
  readonly ageMs: number;
  readonly expireMs: number;
  readonly frontFd: number;
  readonly backFd: number;
  readonly retries: number;
  readonly uri: string;
}

/** What `show sess` tells of a stream at `nowMs`, as plain data. */
export function snapshot(stream: Stream, nowMs: number): StreamSnapshot {
  const { source } = stream;
  const isUnix = source.family === familyUnix;
  const isTcp = (stream.flags & flagTcp) !== 0;
  return {
    id: stream.id,
    thread: stream.thread.index + 1,
    protocol: isUnix ? 'unix_stream' : source.family === familyIpv6 ? 'tcpv6' : 'tcpv4',
    source: isUnix ? `unix:${stream.session.listener.bind.id}` : `${source.text()}:${source.port}`,
    frontend: stream.frontend.name,
    backend: stream.backendEntered ? stream.backend.name : '',
    server: stream.server?.name ?? '',
    ageMs: Math.round(nowMs - stream.times.acceptMs),
    expireMs: stream.dueMs > 0 ? Math.max(0, Math.round(stream.dueMs - nowMs)) : -1,
    frontFd: stream.session.connection.fd,
    backFd: stream.backConnection?.fd ?? -1,
    retries: stream.retries,
    uri: isTcp ? '' : stream.request.target(),
  };
}
