// Fetches of times: how long each phase of an exchange took (manual 8.4) and the timeouts in force,
// all in milliseconds on the loop's clock. Read while serving and by log formats.

import type { Evaluate, FetchDef } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindSint } from '../sample.ts';
import { plain } from './row.ts';

const number =
  (read: (stream: Stream) => number): Evaluate =>
  (stream, out) =>
    out.setInt(read(stream));

/** Milliseconds between two moments of the loop's clock, -1 when one was not reached. */
const between = (from: number, to: number): number =>
  from < 0 || to < 0 ? -1 : Math.floor(to - from);

/** The end, or now while the stream lives. */
const endOf = (stream: Stream): number =>
  stream.times.endMs >= 0 ? stream.times.endMs : stream.thread.time.nowMs;

const timers: readonly FetchDef[] = [
  plain(
    'req.timer.idle',
    [kindSint, 'request-headers'],
    'idle ms before the request (%Ti)',
    number((stream) => stream.times.idleMs),
  ),
  plain(
    'req.timer.hdr',
    [kindSint, 'request-headers'],
    'ms to receive the request head (%TR)',
    number(({ times }) => between(times.firstByteMs, times.requestMs)),
  ),
  plain(
    'req.timer.tq',
    [kindSint, 'request-headers'],
    'ms until the request head was whole (%Tq)',
    number(({ times }) => between(times.acceptMs, times.requestMs)),
  ),
  plain(
    'req.timer.queue',
    [kindSint, 'server-address'],
    'ms in queues (%Tw)',
    number(({ times }) => between(times.requestMs, times.queueMs)),
  ),
  plain(
    'bc.timer.connect',
    [kindSint, 'server-address'],
    'ms to connect (%Tc)',
    number(({ times }) => between(times.queueMs, times.connectMs)),
  ),
  plain(
    'res.timer.hdr',
    [kindSint, 'response-headers'],
    'ms until the response head (%Tr)',
    number(({ times }) => between(times.connectMs, times.responseMs)),
  ),
  plain(
    'res.timer.data',
    [kindSint, 'response-totals'],
    'ms of response data (%Td)',
    number((stream) => between(stream.times.responseMs, endOf(stream))),
  ),
  plain(
    'fc.timer.handshake',
    [kindSint, 'client-address'],
    'ms of handshakes (%Th)',
    number((stream) => Math.floor(stream.times.handshakeMs)),
  ),
  plain(
    'fc.timer.total',
    [kindSint, 'session-totals'],
    'ms since the connection was accepted (%Tt)',
    number((stream) => between(stream.times.acceptMs, endOf(stream))),
  ),
  plain(
    'txn.timer.total',
    [kindSint, 'transaction-totals'],
    'ms since the first byte of the request (%Ta)',
    number((stream) => between(stream.times.firstByteMs, endOf(stream))),
  ),
  plain(
    'txn.timer.user',
    [kindSint, 'transaction-totals'],
    'ms the user has waited (%Tu)',
    number((stream) => between(stream.times.acceptMs, endOf(stream))),
  ),
];

const timeouts: readonly FetchDef[] = [
  plain(
    'cur_client_timeout',
    [kindSint, 'frontend'],
    'timeout client in force, ms',
    number((stream) => stream.clientTimeoutMs),
  ),
  plain(
    'cur_server_timeout',
    [kindSint, 'backend'],
    'timeout server in force, ms',
    number((stream) => stream.serverTimeoutMs),
  ),
  plain(
    'cur_tunnel_timeout',
    [kindSint, 'backend'],
    'timeout tunnel in force, ms',
    number((stream) => stream.tunnelTimeoutMs),
  ),
  plain(
    'cur_connect_timeout',
    [kindSint, 'backend'],
    'timeout connect in force, ms',
    number((stream) => stream.connectTimeoutMs),
  ),
  plain(
    'cur_queue_timeout',
    [kindSint, 'backend'],
    'timeout queue in force, ms',
    number((stream) => stream.queueTimeoutMs),
  ),
  plain(
    'cur_tarpit_timeout',
    [kindSint, 'frontend+backend'],
    'timeout tarpit in force, ms',
    number((stream) => stream.tarpitTimeoutMs),
  ),
  plain(
    'cur_max_retries',
    [kindSint, 'backend'],
    'retries allowed for this stream',
    number((stream) => (stream.retryMax >= 0 ? stream.retryMax : stream.backend.model.retries)),
  ),
  plain(
    'fe_client_timeout',
    [kindSint, 'frontend'],
    'timeout client of the frontend, ms',
    number((stream) => stream.frontend.timeouts.clientMs),
  ),
  plain(
    'fe_tarpit_timeout',
    [kindSint, 'frontend'],
    'timeout tarpit of the frontend, ms',
    number((stream) => stream.frontend.timeouts.tarpitMs),
  ),
  plain(
    'be_connect_timeout',
    [kindSint, 'backend'],
    'timeout connect of the backend, ms',
    number((stream) => stream.backend.timeouts.connectMs),
  ),
  plain(
    'be_queue_timeout',
    [kindSint, 'backend'],
    'timeout queue of the backend, ms',
    number((stream) => stream.backend.timeouts.queueMs),
  ),
  plain(
    'be_server_timeout',
    [kindSint, 'backend'],
    'timeout server of the backend, ms',
    number((stream) => stream.backend.timeouts.serverMs),
  ),
  plain(
    'be_tarpit_timeout',
    [kindSint, 'backend'],
    'timeout tarpit of the backend, ms',
    number((stream) => stream.backend.timeouts.tarpitMs),
  ),
  plain(
    'be_tunnel_timeout',
    [kindSint, 'backend'],
    'timeout tunnel of the backend, ms',
    number((stream) => stream.backend.timeouts.tunnelMs),
  ),
  plain(
    'be_max_retries',
    [kindSint, 'backend'],
    'retries of the backend',
    number((stream) => stream.backend.model.retries),
  ),
];

/** The rows of both. */
export const times: readonly FetchDef[] = [...timers, ...timeouts];
