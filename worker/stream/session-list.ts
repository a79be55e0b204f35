// What is done to the sessions of one thread from outside traffic: listed, closed while idle, ended
// at an operator's word or with the process. Called by proxy-thread.ts and thread-inspection.ts.

import { type ClientSession, streamsOf } from './client-session.ts';
import type { Engine } from './engine.ts';
import { type StreamSnapshot, snapshot } from './snapshot.ts';
import type { Stream } from './stream.ts';

/** The acceptor, as far as this file needs it. */
export interface SessionOwner {
  readonly list: readonly ClientSession[];
  frontClosed(session: ClientSession): void;
}

/** What `show sess` prints, one row per stream. */
export function snapshots({ list }: SessionOwner, nowMs: number): StreamSnapshot[] {
  const rows: StreamSnapshot[] = [];
  for (const session of list) {
    for (const stream of streamsOf(session)) rows.push(snapshot(stream, nowMs));
  }
  return rows;
}

/**
 * Soft stop: closes at most `most` keep-alive connections that have been quiet since `sinceMs`,
 * but for those that option idle-close-on-response lets have one more response.
 */
export function closeIdle({ list }: SessionOwner, most: number, sinceMs: number): void {
  let left = most;
  for (let i = list.length - 1; i >= 0 && left > 0; i--) {
    const { http, frontend } = list[i];
    if (http === null || !http.isIdleSince(sinceMs)) continue;
    if (frontend.model.options['idle-close-on-response'] === true) continue;
    left--;
    http.closeGracefully();
  }
}

/** Hard stop. */
export function killAll(owner: SessionOwner, engine: Engine, cause: string): void {
  const { list } = owner;
  for (let i = list.length - 1; i >= 0; i--) {
    const session = list[i];
    if (session === undefined) continue;
    for (const stream of streamsOf(session)) engine.kill(stream, cause);
    if (session.place >= 0 && session.http !== null) session.http.close();
    if (session.place >= 0) owner.frontClosed(session);
  }
}

/** Termination state of what an operator ends (manual 8.5). */
const killed = 'K';

/** Ends the streams that `isMeant` names; how many there were. */
function shutdown(
  { list }: SessionOwner,
  engine: Engine,
  isMeant: (stream: Stream) => boolean,
  cause = killed,
): number {
  const meant = list.flatMap(streamsOf).filter(isMeant);
  for (const stream of meant) engine.kill(stream, cause);
  return meant.length;
}

/** `shutdown session`: the stream of this number, if it is here. */
export function shutdownStream(owner: SessionOwner, engine: Engine, id: number): number {
  return shutdown(owner, engine, (stream) => stream.id === id);
}

/** All streams that use or wait for this server: `shutdown sessions server`, on-marked-down. */
export function shutdownServer(
  owner: SessionOwner,
  engine: Engine,
  [proxyIndex, serverIndex]: readonly number[],
  cause = killed,
): number {
  return shutdown(
    owner,
    engine,
    ({ backend, server }) => backend.index === proxyIndex && server?.index === serverIndex,
    cause,
  );
}
