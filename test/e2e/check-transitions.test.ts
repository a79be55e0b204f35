// What follows when checks change the state of a server: slow start, the state it begins with, and
// the sessions that end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { exchange, inherited, startProxy } from '../harness/proxy.ts';
import { scripted, silent } from '../harness/scripted.ts';

const head = `
global
  stats socket "${inherited('cli')}" level admin
defaults
  timeout connect 5s
  timeout client 30s
  timeout server 30s
`;

test('a server that begins down comes up slowly, and an agent can be decided for', async (owner) => {
  const port = await scripted(owner, silent);
  const words = 'check inter 50ms rise 1 fall 1 init-state fully-down slowstart 2s weight 100';
  const config = `${head}
backend b
  server slow 127.0.0.1:${port} ${words}
backend asked
  server s 127.0.0.1:${port} agent-check agent-port 1 agent-inter 1h
`;
  const proxy = startProxy(owner, { config });
  const says = async (line: string): Promise<string> =>
    (await exchange(proxy.port('cli'), `${line}\n`)).trim();
  await proxy.printed('Server b/slow is UP, reason: Layer4 check passed');
  assert.match(await says('show stat'), /^b,slow,.*,UP,(?!100,)\d+,1,0,/m, 'part of the weight');
  await proxy.printed('Server b/slow is UP. 1 active');
  assert.match(await says('show stat'), /^b,slow,.*,UP,100,1,0,/m, 'the whole weight');

  assert.equal(await says('set server asked/s agent down'), '');
  assert.match(await says('show stat'), /^asked,s,.*,DOWN/m);
  assert.equal(await says('set server asked/s agent up'), '');
  assert.match(await says('show stat'), /^asked,s,.*,no check,/m);
  const answers: readonly [string, string][] = [
    ['set server asked/s agent left', "'set server <srv> agent' expects 'up' or 'down'."],
    ['set server asked/s agent-port x', 'provided port is not an integer'],
    ['set server asked/s agent-port 70000', 'provided port is invalid'],
    ['set server asked/s agent-addr 127.0.0.1 port 2', ''],
    ['set server asked/s agent-send hello', ''],
    ['disable agent asked/s', ''],
    ['set server asked/s agent-port 3', 'agent checks are not enabled on this server'],
    ['enable agent asked/s', ''],
    ['enable agent b/slow', 'Agent was not configured on this server, cannot enable.'],
  ];
  for (const [line, answer] of answers) assert.equal(await says(line), answer, line);
});

test('marked down, a server loses its sessions; marked up, the backups lose theirs', async (owner) => {
  const sockets = new Set<Socket>();
  const target = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', (piece) => socket.write(piece));
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  owner.after(() => {
    for (const socket of sockets) socket.destroy();
    target.close();
  });
  const { port } = target.address() as AddressInfo;
  const words = 'on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions';
  const config = `${head}
listen l
  mode tcp
  bind "${inherited('in')}"
  default-server check inter 1h
  server main 127.0.0.1:${port} ${words}
  server spare 127.0.0.1:${port} backup
`;
  const proxy = startProxy(owner, { config });
  const session = async (): Promise<{ readonly ended: Promise<unknown> }> => {
    const client = connect(proxy.port('in'), '127.0.0.1');
    client.on('error', () => {});
    client.write('hello');
    await once(client, 'data');
    return { ended: once(client, 'close') };
  };
  const onMain = await session();
  await exchange(proxy.port('cli'), 'set server l/main health down\n');
  await onMain.ended;
  const onSpare = await session();
  await exchange(proxy.port('cli'), 'set server l/main health up\n');
  await onSpare.ended;
});
