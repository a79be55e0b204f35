// One run of the simulation: a world, its servers and clients from one seed, turned until every
// client is done, stopped softly, and looked over. Returns what was wrong; the same seed gives the
// same run.

import type { NamedAddress } from '../../shared/sys/sockaddr.ts';
import type { FaultRates } from '../../shared/sys/fake/faults.ts';
import { Chance } from './chance.ts';
import { type ClientHabits, type Outcome, SimClient } from './http-client.ts';
import { SimServer } from './http-server.ts';
import { planExchange } from './plan.ts';
import { TcpClient, TcpServer } from './tcp-actors.ts';
import { World } from './world.ts';

export interface Profile {
  readonly name: string;
  /** Servers fail and clients leave: not every request has an exact answer. */
  readonly isRough: boolean;
  readonly threads: number;
  readonly rates: FaultRates;
  /** RLIMIT_NOFILE of the worker. */
  readonly descriptorMax?: number;
  /** Slots of buffer memory that each thread has. */
  readonly slots?: number;
}

export interface RunResult {
  readonly faults: readonly string[];
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly turns: number;
}

const address = (port: number): NamedAddress => ({ family: 'ipv4', host: '127.0.0.1', port });

const turnsMost = 60_000;
/** After so long without a byte, time goes faster. */
const quietMostMs = 300;
const clientCount = 12;
const tcpCount = 4;

function configText(chance: Chance): string {
  const reuse = chance.pick(['safe', 'aggressive', 'always', 'never']);
  const balance = chance.pick(['roundrobin', 'leastconn', 'first', 'uri']);
  const splice = chance.hits(0.5) ? '  option splice-auto\n' : '';
  const bufferBytes = chance.pick([4096, 16_384]);
  const limit = chance.pick(['', ' maxconn 3', ' maxconn 1']);
  const mode = chance.pick(['http-keep-alive', 'http-server-close', 'httpclose']);
  return `global
  maxconn 100
  tune.bufsize ${bufferBytes}
  log 127.0.0.1:514 local0
defaults
  log global
  timeout client 30s
  timeout server 30s
  timeout connect 5s
  timeout queue 40s
  retries 3
  option redispatch
  no option abortonclose
${splice}frontend fe
  mode http
  option httplog
  option ${mode}
  bind 127.0.0.1:8080
  http-request set-header X-Sim 1
  http-response set-header X-Sim 1
  default_backend be
backend be
  mode http
  balance ${balance}
  http-reuse ${reuse}
  server s1 127.0.0.1:9001${limit}
  server s2 127.0.0.1:9002${limit}
listen tcp
  mode tcp
  option tcplog
  bind 127.0.0.1:8081
  server t1 127.0.0.1:9003
`;
}

function habitsOf(chance: Chance, isRough: boolean): ClientHabits {
  const pipeline = chance.pick([1, 1, 1, 4]);
  return {
    pipeline,
    reads: chance.pick([1, 0.5, 0.02]),
    leaves: isRough && chance.hits(0.4) ? 0.01 : 0,
    finishes: pipeline === 1 && chance.hits(0.3),
  };
}

interface Actors {
  readonly clients: readonly SimClient[];
  readonly tcpClients: readonly TcpClient[];
  readonly servers: readonly SimServer[];
  readonly tcpServer: TcpServer;
}

function makeActors(world: World, chance: Chance, isRough: boolean): Actors {
  const servers = [9001, 9002].map((port) => new SimServer(world, address(port), chance));
  const tcpServer = new TcpServer(world, address(9003), chance);
  const clients = Array.from({ length: clientCount }, (_, index) => {
    const plans = Array.from({ length: chance.between(1, 8) }, (_unused, number) =>
      planExchange(chance, `${index}-${number}`, isRough),
    );
    return new SimClient(world, address(8080), chance, {
      plans,
      habits: habitsOf(chance, isRough),
    });
  });
  const tcpClients = Array.from(
    { length: tcpCount },
    (_, index) => new TcpClient(world, address(8081), chance, `t${index}`),
  );
  return { clients, tcpClients, servers, tcpServer };
}

/** Runs one world to its end. */
export function simulate(profile: Profile, seed: number): RunResult {
  const chance = new Chance(seed);
  const world = new World(configText(chance), profile.threads, seed, profile.descriptorMax);
  const actors = makeActors(world, chance, profile.isRough);
  const { faults: mischief } = world.sys;
  const calm = mischief.rates;
  mischief.rates = { ...calm, ...profile.rates };
  if (profile.slots !== undefined) world.squeeze(profile.slots);
  const turns = runActors(world, actors);
  mischief.rates = calm;
  world.ease();
  const faults = turns >= turnsMost ? [`not done after ${turns} turns`] : [];
  faults.push(...settle(world, actors), ...actorFaults(actors, profile.isRough));
  // A log line that meets a full socket is dropped, as HAProxy does.
  const isLogged = !profile.isRough && profile.rates.again === undefined;
  if (isLogged) faults.push(...logFaults(world, actors));
  return { faults, outcomes: outcomesOf(actors.clients), turns };
}

function runActors(world: World, actors: Actors): number {
  const { clients, tcpClients } = actors;
  const all = [...clients, ...tcpClients];
  let turn = 0;
  for (; turn < turnsMost && all.some(({ isDone }) => !isDone); turn++) {
    for (const one of all) one.step();
    stepServers(actors);
    const nowMs = world.sys.monotonicNs() / 1e6;
    const quietMs = nowMs - Math.max(...all.map(({ sinceMs }) => sinceMs));
    world.turn(quietMs < quietMostMs ? 1 : 100);
  }
  return turn;
}

function stepServers({ servers, tcpServer }: Actors): void {
  for (const server of servers) server.step();
  tcpServer.step();
}

/** Stops softly, lets every timer that was left come up, and looks at what is not given back. */
function settle(world: World, actors: Actors): string[] {
  world.softStop();
  for (let turn = 0; turn < 1000; turn++) {
    stepServers(actors);
    world.turn(100);
  }
  for (const server of actors.servers) server.close();
  actors.tcpServer.close();
  world.turn(100);
  const faults = world.faults();
  if (world.drained.size < world.threads.length) faults.push('the soft stop did not end');
  return faults;
}

function actorFaults({ clients, tcpClients, servers, tcpServer }: Actors, isRough: boolean) {
  const faults = [...clients, ...tcpClients, ...servers, tcpServer].flatMap((one) => one.faults);
  if (isRough) return faults;
  for (const { outcomes } of clients) {
    for (const [id, outcome] of outcomes) if (outcome !== 'exact') faults.push(`${id}: ${outcome}`);
  }
  const exact = tcpClients.filter(({ isExact }) => isExact).length;
  if (exact !== tcpCount) faults.push(`${exact} of ${tcpCount} tcp clients got all bytes`);
  if (tcpServer.exact !== tcpCount) faults.push(`tcp server: ${tcpServer.exact} got all bytes`);
  return faults;
}

/** Where nothing fails, every exchange reaches a server once and leaves one line in the log. */
function logFaults(world: World, { clients, servers }: Actors): string[] {
  const requests = clients.reduce((sum, { outcomes }) => sum + outcomes.size, 0);
  const received = servers.reduce((sum, one) => sum + one.received, 0);
  const faults: string[] = [];
  if (received !== requests) faults.push(`${received} requests at the servers, not ${requests}`);
  const lines = world.sys.datagramsSent.map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
  const ofRequests = lines.filter((line) => line.includes(' fe be/'));
  if (ofRequests.length !== requests) {
    faults.push(`${ofRequests.length} log lines for ${requests} requests`);
  }
  const odd = ofRequests.find((line) => !/ 20[04] \d+ - - ---- /.test(line));
  if (odd !== undefined) faults.push(`log: ${odd}`);
  return faults;
}

function outcomesOf(clients: readonly SimClient[]): Record<Outcome, number> {
  const counts = { exact: 0, error: 0, cut: 0, left: 0 };
  for (const { outcomes } of clients) for (const outcome of outcomes.values()) counts[outcome]++;
  return counts;
}
