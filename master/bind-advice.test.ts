// Listeners that could not be bound: what is advised.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindAdvice } from './bind-advice.ts';

const fault = (reason: string, at: string): string =>
  `Binding [a.cfg:3] for frontend f: protocol tcpv4: cannot bind socket (${reason}) for [${at}].`;

test('what to do about addresses that are taken or not allowed', () => {
  const told = bindAdvice([
    fault('Address already in use', '127.0.0.1:8080'),
    fault('Permission denied', '0.0.0.0:80'),
    fault('Permission denied', '[::]:443'),
    fault('Permission denied', '127.0.0.1:8081'),
    'Binding [a.cfg:2] for proxy GLOBAL: cannot bind UNIX socket (Permission denied) [/run/x].',
  ]);
  assert.equal(told.length, 2);
  assert.equal(told[0], "Who listens at port 8080 already: ss -ltnp 'sport = :8080'");
  assert.match(told[1], /^Ports below 1024 .*cap_net_bind_service/);
});
