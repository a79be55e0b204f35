import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshProxy, freshServer } from '../../shared/config/fresh.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import { trackersOf, trackFault } from './track.ts';

const place = { file: 'test', line: 1, column: 1 };

/** `name=track`, or `name!` for a server that is checked. */
function backend(name: string, ...servers: string[]): ProxyModel {
  const proxy = freshProxy(place, name, 'backend');
  proxy.servers = servers.map((text) => {
    const [own, track = ''] = text.split('=');
    const check = own.endsWith('!');
    return { ...freshServer(place, own.replace('!', '')), track, check };
  });
  return proxy;
}

const model = {
  proxies: [
    backend('one', 'a!', 'b=a', 'c=two/x', 'd', 'e=f', 'f=e', 'g=d', 'h=none', 'i!=a'),
    backend('two', 'x=one/b', 'y=z/z'),
  ],
};

test('followers by the server they follow', () => {
  const trackers = trackersOf(model);
  const names = (key: string): string[] => (trackers.get(key) ?? []).map(({ model }) => model.name);
  assert.deepEqual(names('0/0'), ['b', 'i']);
  assert.deepEqual(names('0/1'), ['x']);
  assert.deepEqual(names('1/0'), ['c']);
});

const faults: readonly (readonly [proxy: number, server: string, fault: string])[] = [
  [0, 'a', ''],
  [0, 'b', ''],
  [0, 'c', ''],
  [1, 'x', ''],
  [0, 'e', "server 'e' tracks itself in a circle"],
  [0, 'g', "server 'one/d' cannot be tracked: it is not checked"],
  [0, 'h', "unable to find server 'none' to track"],
  [0, 'i', "server 'i' cannot have both 'check' and 'track'"],
  [1, 'y', "unable to find server 'z/z' to track"],
];

for (const [proxyIndex, name, fault] of faults) {
  test(`track of ${name}: ${fault || 'works'}`, () => {
    const proxy = model.proxies[proxyIndex];
    const server = proxy.servers.find((one) => one.name === name);
    assert.ok(server);
    assert.equal(trackFault(model, proxy.name, server), fault);
  });
}
