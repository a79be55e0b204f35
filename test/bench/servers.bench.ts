// What changes of many servers cost one proxy thread: following 1 000 servers that went down at
// once, and taking in one more server beside few or many. Prints numbers; decides nothing.

import { freshServer } from '../../shared/config/fresh.ts';
import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import {
  adminForcedMaint,
  backendRevision,
  serverAdmin,
  serverState,
  serverWeight,
  stateRunning,
  stateStopped,
} from '../../shared/segment/server-state.ts';
import { admit } from '../../worker/server/membership.ts';
import { privateWords } from '../../worker/server/words.ts';
import { prepareWords, TestFarm } from '../harness/farm.ts';

interface Algorithm {
  readonly balance: string;
  readonly proxy: Partial<ProxyModel>;
}

const algorithms: readonly Algorithm[] = [
  { balance: 'roundrobin', proxy: {} },
  { balance: 'leastconn', proxy: {} },
  { balance: 'random', proxy: {} },
  { balance: 'source', proxy: { hashType: ['consistent'] } },
];

const place = { file: 'bench', line: 1, column: 1 };
const joiners = 200;
const rounds = 7;

function serverModel(index: number): ServerModel {
  const address = {
    family: 'ipv4',
    socket: 'stream',
    host: `10.0.${index >> 8}.${index & 0xff}`,
    port: 80,
    portOffset: false,
    fd: -1,
  } as const;
  return { ...freshServer(place, `s${index}`), id: index + 1, address };
}

function makeFarm({ balance, proxy }: Algorithm, count: number): TestFarm {
  const servers = Array.from({ length: count }, (_, index) => serverModel(index));
  const words = privateWords(count + joiners);
  const farm = new TestFarm({ balance, servers, proxy, words });
  prepareWords(words, farm.backend.parts.model);
  farm.backend.statesChanged();
  return farm;
}

function setAll({ servers, table }: TestFarm, state: number): void {
  for (const { stateAt } of servers) table.words[stateAt + serverState] = state;
  table.words[table.backend(0).stateAt + backendRevision]++;
}

function elapsedUs(act: () => void): number {
  const start = process.hrtime.bigint();
  act();
  return Number(process.hrtime.bigint() - start) / 1000;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** Microseconds until a thread has followed: all down, all up again. */
function followUs(algorithm: Algorithm, count: number): readonly [number, number] {
  const farm = makeFarm(algorithm, count);
  const down: number[] = [];
  const up: number[] = [];
  for (let round = 0; round < rounds; round++) {
    setAll(farm, stateStopped);
    down.push(elapsedUs(() => farm.backend.follow()));
    setAll(farm, stateRunning);
    up.push(elapsedUs(() => farm.backend.follow()));
  }
  return [median(down), median(up)];
}

/** Microseconds for one more server, beside `count`. */
function joinUs(algorithm: Algorithm, count: number): number {
  const farm = makeFarm(algorithm, count);
  const times: number[] = [];
  for (let index = count; index < count + joiners; index++) {
    const at = farm.table.server(0, index);
    farm.table.words[at.stateAt + serverAdmin] = adminForcedMaint;
    farm.table.words[at.stateAt + serverWeight] = 1;
    const model = serverModel(index);
    times.push(elapsedUs(() => admit(farm.backend, model, index, at)));
  }
  return median(times);
}

const fixed = (value: number): string => value.toFixed(1).padStart(9);

console.log('1000 servers change at once, us on one thread:      down        up');
for (const algorithm of algorithms) {
  const [down, up] = followUs(algorithm, 1000);
  console.log(`  ${algorithm.balance.padEnd(44)} ${fixed(down)} ${fixed(up)}`);
}
console.log('one server joins, us on one thread, beside:   10       100      1000     10000');
for (const algorithm of algorithms) {
  const cells = [10, 100, 1000, 10_000].map((count) => fixed(joinUs(algorithm, count)));
  console.log(`  ${algorithm.balance.padEnd(34)} ${cells.join(' ')}`);
}
