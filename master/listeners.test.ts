import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../shared/config/load.ts';
import { SO_RCVBUF, SO_REUSEPORT, SO_SNDBUF, SOL_SOCKET } from '../shared/sys/constants.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import { Listeners } from './listeners.ts';

/** SO_REUSEPORT of a socket that a configuration with this line in global binds. */
async function sharesPort(line: string, reusePort: boolean): Promise<number> {
  const text = `global\n  ${line}\nfrontend f\n  mode tcp\n  bind 127.0.0.1:1\n`;
  const { model } = loadConfiguration({
    files: [],
    texts: [{ name: 'cfg', text }],
    environment: {},
  });
  // The parser takes no port 0, for which the kernel chooses one.
  Object.assign(model.proxies[0]?.binds[0]?.addresses[0] ?? {}, { port: 0 });
  const sys = linuxSys();
  const listeners = new Listeners(sys, { reusePort });
  const result = await listeners.bind(model);
  const [{ fd }] = result.sockets;
  const shares = sys.getsockoptInt(fd, SOL_SOCKET, SO_REUSEPORT);
  listeners.discard(result);
  return shares;
}

test('a port may be shared, unless -dR or noreuseport say otherwise', async () => {
  assert.equal(await sharesPort('', true), 1);
  assert.equal(await sharesPort('', false), 0);
  assert.equal(await sharesPort('noreuseport', true), 0);
});

test('sockets that take datagrams have the buffers that are asked for', async () => {
  const text = `global
  tune.rcvbuf.frontend 12345
  tune.sndbuf.frontend 23456
log-forward f
  dgram-bind abns@hawser-test-${process.pid}
  log 127.0.0.1 local0
`;
  const { model, diagnostics } = loadConfiguration({
    files: [],
    texts: [{ name: 'cfg', text }],
    environment: {},
  });
  assert.equal(diagnostics.alerts, 0);
  const sys = linuxSys();
  const listeners = new Listeners(sys, { reusePort: false });
  const result = await listeners.bind(model);
  const [{ fd }] = result.sockets;
  // The kernel doubles what it is asked for.
  assert.equal(sys.getsockoptInt(fd, SOL_SOCKET, SO_RCVBUF), 2 * 12_345);
  assert.equal(sys.getsockoptInt(fd, SOL_SOCKET, SO_SNDBUF), 2 * 23_456);
  listeners.discard(result);
});
