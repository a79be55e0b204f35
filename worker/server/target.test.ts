// Addresses of servers: what is written before connect, by configuration and by the client's wish.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressModel } from '../../shared/config/model.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { decodeAddress } from '../../shared/sys/sockaddr.ts';
import { Endpoint } from '../conn/endpoint.ts';
import { serverTarget, writeTarget } from './target.ts';

const model = (family: string, host: string, port: number, portOffset = false) =>
  ({ address: { family, host, port, portOffset } as AddressModel }) as const;

const cases = [
  { model: model('ipv4', '192.0.2.7', 8080), to: ['ipv4', '192.0.2.7', 8080] },
  { model: model('ipv4', '192.0.2.7', 10, true), to: ['ipv4', '192.0.2.7', 90] },
  { model: model('ipv6', '2001:db8::9', 443), to: ['ipv6', '2001:db8::9', 443] },
  { model: model('unix', '/run/app', 0), to: ['unix', '/run/app', 0] },
  { model: model('abns', 'app', 0), to: ['abns', 'app', 0] },
  { model: model('ipv4', '0.0.0.0', 0), to: ['ipv4', '198.51.100.1', 80] },
  { model: model('ipv4', '0.0.0.0', 81), to: ['ipv4', '198.51.100.1', 81] },
  { model: model('unix', `/${'x'.repeat(200)}`, 0), to: null },
] as const;

test('where a connection goes', () => {
  const into = linuxSys().address();
  const asked = new Endpoint();
  asked.setIpv4(0xc6336401, 80);
  for (const { model, to } of cases) {
    const target = serverTarget(model);
    // Twice, the second time over the remains of the first.
    for (let round = 0; round < 2; round++) {
      const isWritten = writeTarget(target, asked, new Endpoint(), into);
      assert.equal(isWritten, to !== null);
      if (to === null) continue;
      const [family, host, port] = to;
      assert.deepEqual(decodeAddress(into), { family, host, port });
    }
  }
});
