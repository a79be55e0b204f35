// Fetches of frontends, backends, servers and their load (manual 7.3.2, 7.3.3). Names were resolved
// at start; numbers come from the words all threads share.

import type { ArgumentValue, Evaluate, FetchDef } from '../../keyword.ts';
import type { Server } from '../../server/server.ts';
import type { Stream } from '../../stream/stream.ts';
import type { ProxyNumbers } from '../../thread-context.ts';
import { serverIndex, serverProxyIndex } from '../arguments.ts';
import { kindBool, kindSint, kindString } from '../sample.ts';
import { serversOf, usableServers } from '../server-counts.ts';
import { plain } from './row.ts';

const internal = 'internal';
/** Streams waiting in a backend and in its servers. */
function queuedCount(stream: Stream, proxyIndex: number): number {
  const servers = serversOf(stream, proxyIndex);
  let total = stream.thread.numbers?.queued(proxyIndex) ?? 0;
  for (let i = 0; i < servers.length; i++) total += servers[i].queued();
  return total;
}

/** Free slots and queue places; -1: some server has no limit. */
function freeSlots(stream: Stream, proxyIndex: number): number {
  const servers = serversOf(stream, proxyIndex);
  let total = 0;
  for (let i = 0; i < servers.length; i++) {
    const server = servers[i];
    if (!server.isRunning()) continue;
    const maxconn = server.maxconn();
    if (maxconn === 0 || server.maxqueue === 0) return -1;
    total += maxconn - server.served() + server.maxqueue - server.queued();
  }
  return total;
}

/** Free slots of the servers; -1: some server has no limit. */
function freeConnections(stream: Stream, proxyIndex: number): number {
  const servers = serversOf(stream, proxyIndex);
  let total = 0;
  for (let i = 0; i < servers.length; i++) {
    const server = servers[i];
    if (!server.isRunning()) continue;
    const maxconn = server.maxconn();
    if (maxconn === 0) return -1;
    total += Math.max(0, maxconn - server.served());
  }
  return total;
}

function averageQueue(stream: Stream, proxyIndex: number): number {
  const usable = usableServers(stream, proxyIndex);
  const queued = queuedCount(stream, proxyIndex);
  return usable > 0 ? Math.floor((queued + usable - 1) / usable) : queued * 2;
}

type ReadProxy = (stream: Stream, proxyIndex: number) => number;

function ofProxy(
  side: 'frontend' | 'backend',
  name: string,
  help: string,
  read: ReadProxy,
): FetchDef {
  return {
    name,
    args: [{ name: side, type: side }],
    returns: kindSint,
    reads: internal,
    help,
    example: side === 'frontend' ? `${name}(fe)` : `${name}(be)`,
    build:
      ([proxyIndex]) =>
      (stream, out) =>
        out.setInt(read(stream, proxyIndex as number)),
  };
}

/** A number that only exists where threads share a segment. */
function ofNumbers(
  side: 'frontend' | 'backend',
  name: string,
  help: string,
  read: (numbers: ProxyNumbers, proxyIndex: number) => number,
): FetchDef {
  const row = ofProxy(side, name, help, () => 0);
  return {
    ...row,
    build:
      ([proxyIndex]) =>
      (stream, out) => {
        const { numbers } = stream.thread;
        return numbers !== undefined && out.setInt(read(numbers, proxyIndex as number));
      },
  };
}

function ofServer(
  name: string,
  help: string,
  fill: (server: Server, out: Parameters<Evaluate>[1]) => boolean,
  returns = kindSint,
): FetchDef {
  return {
    name,
    args: [{ name: 'server', type: 'server' }],
    returns,
    reads: internal,
    help,
    example: `${name}(be/s1)`,
    build: ([value]: readonly ArgumentValue[]) => {
      const proxyIndex = serverProxyIndex(value as number);
      const index = serverIndex(value as number);
      return (stream, out) => fill(serversOf(stream, proxyIndex)[index], out);
    },
  };
}

const frontConnections: FetchDef = {
  ...ofProxy('frontend', 'fe_conn', 'connections of a frontend', () => 0),
  build:
    ([proxyIndex]) =>
    (stream, out) => {
      const { connections } = stream.thread;
      return connections !== undefined && out.setInt(connections.ofFrontend(proxyIndex as number));
    },
};

const serverName: Evaluate = (stream, out) =>
  stream.server !== null && out.setText(stream.server.name);
const serverId: Evaluate = (stream, out) => stream.server !== null && out.setInt(stream.server.id);
const defaultBackend: Evaluate = (stream, out) => {
  const { defaultBackend: index } = stream.frontend;
  return index >= 0 && out.setText(stream.thread.program.proxies[index].name);
};

export const proxies: readonly FetchDef[] = [
  plain('fe_id', [kindSint, 'frontend'], 'number of the frontend', (stream, out) =>
    out.setInt(stream.frontend.model.id),
  ),
  plain('fe_name', [kindString, 'frontend'], 'name of the frontend', (stream, out) =>
    out.setText(stream.frontend.name),
  ),
  plain('fe_defbe', [kindString, 'frontend'], 'default backend of the frontend', defaultBackend),
  plain('be_id', [kindSint, 'backend'], 'number of the backend', (stream, out) =>
    out.setInt(stream.backend.model.id),
  ),
  plain('be_name', [kindString, 'backend'], 'name of the backend', (stream, out) =>
    out.setText(stream.backend.name),
  ),
  plain('srv_id', [kindSint, 'server'], 'number of the server', serverId),
  plain('srv_name', [kindString, 'server'], 'name of the server', serverName),
  frontConnections,
  ofNumbers(
    'frontend',
    'fe_sess_rate',
    'sessions of a frontend in the last second',
    (numbers, index) => numbers.frontSessionRate(index),
  ),
  ofNumbers(
    'frontend',
    'fe_req_rate',
    'requests of a frontend in the last second',
    (numbers, index) => numbers.frontRequestRate(index),
  ),
  ofNumbers('backend', 'be_conn', 'streams of a backend', (numbers, index) =>
    numbers.backConnections(index),
  ),
  ofNumbers(
    'backend',
    'be_sess_rate',
    'streams given to a backend in the last second',
    (numbers, index) => numbers.backSessionRate(index),
  ),
  ofProxy(
    'backend',
    'be_conn_free',
    'free connections of a backend, -1: no limit',
    freeConnections,
  ),
  ofProxy(
    'backend',
    'connslots',
    'free connections and queue places of a backend, -1: no limit',
    freeSlots,
  ),
  ofProxy('backend', 'nbsrv', 'servers of a backend that can be used', usableServers),
  ofProxy('backend', 'queue', 'streams waiting in a backend', queuedCount),
  ofProxy('backend', 'avg_queue', 'streams waiting in a backend per usable server', averageQueue),
  ofServer(
    'srv_is_up',
    'the server can be used',
    (server, out) => out.setBool(!server.isStopped()),
    kindBool,
  ),
  ofServer('srv_conn', 'connections of the server', (server, out) => out.setInt(server.served())),
  ofServer('srv_conn_free', 'free connections of the server, -1: no limit', (server, out) => {
    const maxconn = server.maxconn();
    return out.setInt(maxconn === 0 ? -1 : Math.max(0, maxconn - server.served()));
  }),
  {
    ...ofServer('srv_sess_rate', 'sessions of the server in the last second', () => false),
    build: ([value]: readonly ArgumentValue[]) => {
      const proxyIndex = serverProxyIndex(value as number);
      const index = serverIndex(value as number);
      return (stream, out) => {
        const { object } = serversOf(stream, proxyIndex)[index];
        return out.setInt(stream.thread.numbers?.serverSessionRate(object) ?? 0);
      };
    },
  },
  ofServer('srv_queue', 'streams waiting for the server', (server, out) =>
    out.setInt(server.queued()),
  ),
  ofServer('srv_weight', 'weight in force', (server, out) =>
    out.setInt(Math.floor((server.userWeight() * server.throttle() + 99) / 100)),
  ),
  ofServer('srv_uweight', 'weight as set by the user', (server, out) =>
    out.setInt(server.userWeight()),
  ),
  ofServer('srv_iweight', 'weight as configured', (server, out) => out.setInt(server.model.weight)),
];
