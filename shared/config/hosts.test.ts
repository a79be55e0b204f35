// Names and accounts of the machine: what every system has, and what none has.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { groupId, userId } from './accounts.ts';
import { HostResolver } from './hosts.ts';

test('the hosts file answers for localhost, an invalid name has no address', () => {
  const hosts = new HostResolver();
  assert.notEqual(isIP(hosts.resolve('localhost') ?? ''), 0);
  assert.equal(hosts.resolve('no-such-host.invalid'), null);
  assert.equal(hosts.resolve('no-such-host.invalid'), null);
});

test('where only IPv4 is wanted no other address is given', () => {
  const hosts = new HostResolver(() => true);
  hosts.hosts = new Map([['six.test', '::1']]);
  assert.equal(isIP(hosts.resolve('localhost') ?? ''), 4);
  assert.equal(hosts.resolve('six.test'), null);
  const both = new HostResolver();
  both.hosts = new Map([['six.test', '::1']]);
  assert.equal(both.resolve('six.test'), '::1');
});

test('users and groups by name', () => {
  assert.equal(userId('root'), 0);
  assert.equal(groupId('root') ?? groupId('wheel'), 0);
  assert.equal(userId('no-such-user-here'), null);
  assert.equal(groupId('no-such-group-here'), null);
});
