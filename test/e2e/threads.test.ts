// What the threads of a process have, as the kernel shows it: the capabilities that are left when
// it becomes another user (only root can give rights up), the CPUs that they are bound to.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Topology } from '../../master/topology.ts';
import { exchange, inherited, startProxy } from '../harness/proxy.ts';

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'only root can become another user' };

const config = (more: string): string => `global
    nbthread 2
    uid 65534
    gid 65534
    chroot /
${more}
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend fe
    bind "${inherited('fe')}"
    http-request return status 200
`;

/** User and effective capabilities of every thread of a process. */
function rightsOf(pid: number): readonly (readonly [number, bigint])[] {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).map((task) => {
    const status = readFileSync(`${folder}/${task}/status`, 'latin1');
    const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
    return [uid, BigInt(`0x${/^CapEff:\s+(\w+)$/m.exec(status)?.[1]}`)];
  });
}

const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';

test(
  'setcap: control and proxy threads keep what is named, and nothing else',
  asRoot,
  async (context) => {
    const kept = startProxy(context, { config: config('    setcap cap_net_raw,cap_net_admin') });
    assert.match(await exchange(kept.port('fe'), request), /^HTTP\/1\.1 200 /);
    const rights = rightsOf(kept.pid);
    assert.ok(rights.every(([uid]) => uid === 65_534));
    const wanted = (1n << 13n) | (1n << 12n);
    const keeping = rights.filter(([, capabilities]) => capabilities !== 0n);
    assert.ok(keeping.every(([, capabilities]) => capabilities === wanted));
    assert.equal(keeping.length, 3, 'the control thread and two proxy threads');

    const plain = startProxy(context, { config: config('') });
    assert.match(await exchange(plain.port('fe'), request), /^HTTP\/1\.1 200 /);
    assert.ok(
      rightsOf(plain.pid).every(([uid, capabilities]) => uid === 65_534 && capabilities === 0n),
    );
  },
);

test('cpu-set and cpu-affinity bind proxy threads, and say how many there are', async (context) => {
  const [cpu] = Topology.allowed();
  const placed = startProxy(context, {
    config: config(`    cpu-set only-cpu ${cpu}\n    cpu-affinity per-thread`)
      .replace('    nbthread 2\n', '')
      .replace(/ {4}[ug]id 65534\n/g, '')
      .replace('    chroot /\n', ''),
  });
  assert.match(await exchange(placed.port('fe'), request), /^HTTP\/1\.1 200 /);
  const folder = `/proc/${placed.pid}/task`;
  const bound = readdirSync(folder).filter((task) =>
    readFileSync(`${folder}/${task}/status`, 'latin1').includes(`Cpus_allowed_list:\t${cpu}\n`),
  );
  const isAlone = Topology.allowed().length === 1;
  assert.ok(isAlone || bound.length === 1, `${bound.length} threads are bound`);
});
