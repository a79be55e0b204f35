// Sockets to servers: what they carry before they are connected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshServer } from '../../shared/config/fresh.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';
import { AF_INET6, IPV6_TCLASS } from '../../shared/sys/constants.ts';
import {
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  SO_MARK,
} from '../../shared/sys/constants.ts';
import { SOL_SOCKET, TCP_QUICKACK } from '../../shared/sys/constants.ts';
import { encodeAddress, familyOf } from '../../shared/sys/sockaddr.ts';
import { type Approach, openSocket, plainApproach, socketPlan } from './connector.ts';

const input = {
  source: null,
  options: [],
  resetsOnClose: false,
  fastOpen: false,
  socket: freshServer({ file: 'test', line: 1, column: 1 }, 's').socket,
  usesSocks: true,
  namespaces: null,
  portShare: 0,
};

/** The options of a socket towards `host`, as level/name to value. */
function optionsOf(host: string, approach: Partial<Approach>): Map<string, number> {
  const sys = new FakeSys();
  const set = new Map<string, number>();
  const setOption = sys.setsockoptInt;
  Object.assign(sys, {
    setsockoptInt: (fd: number, level: number, name: number, value: number) => {
      set.set(`${level}/${name}`, value >>> 0);
      return setOption(fd, level, name, value);
    },
  });
  const target = sys.address();
  const family = host.includes(':') ? 'ipv6' : 'ipv4';
  assert.ok(encodeAddress({ family, host, port: 80 }, target));
  assert.equal(familyOf(target) === AF_INET6, family === 'ipv6');
  const whole = { ...plainApproach(), hasData: true, ...approach };
  openSocket(sys, target, socketPlan(sys, input), whole);
  return set;
}

test('set-bc-mark and set-bc-tos are put on the socket before it is connected', () => {
  assert.deepEqual(
    optionsOf('127.0.0.1', { mark: 0xfffffffe, tos: 0x2c }),
    new Map([
      [`${SOL_SOCKET}/${SO_MARK}`, 0xfffffffe],
      [`${IPPROTO_IP}/${IP_TOS}`, 0x2c],
    ]),
  );
  assert.deepEqual(optionsOf('::1', { tos: 0 }), new Map([[`${IPPROTO_IPV6}/${IPV6_TCLASS}`, 0]]));
  assert.deepEqual(optionsOf('127.0.0.1', {}), new Map());
});

test('the ACK of a handshake waits for what is sent next', () => {
  const saved = new Map([[`${IPPROTO_TCP}/${TCP_QUICKACK}`, 0]]);
  assert.deepEqual(optionsOf('127.0.0.1', { delaysAck: true }), saved);
});
