// How streams end, as the log tells: two letters for who ended it and where, four with cookies, and
// the status. The stories and what HAProxy says are in test/harness/stream-ends;
// HAWSER_ORACLE=/path/to/haproxy prints what that program says instead of checking ours.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AF_INET, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress, portOf } from '../../shared/sys/sockaddr.ts';
import { DatagramSink } from '../harness/log-sinks.ts';
import {
  exchange,
  inherited,
  type Owner,
  type RunningProxy,
  startProxy,
} from '../harness/proxy.ts';
import { cookieStories } from '../harness/stream-ends/cookies.ts';
import { answerStories } from '../harness/stream-ends/http-answer.ts';
import { requestStories } from '../harness/stream-ends/http-request.ts';
import { tcpStories } from '../harness/stream-ends/tcp.ts';
import { Client, Origin, type Story } from '../harness/stream-ends.ts';

const oracle = process.env['HAWSER_ORACLE'];

/** Ports that refuse, and that never answer. */
interface Ports {
  readonly origin: number;
  readonly refused: number;
  readonly full: number;
}

function bound(owner: Owner, backlog: number): number {
  const sys = linuxSys();
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const name = sys.address();
  encodeAddress({ family: 'ipv4', host: '127.0.0.1', port: 0 }, name);
  sys.bind(fd, name);
  sys.getsockname(fd, name);
  if (backlog >= 0) sys.listen(fd, backlog);
  owner.after(async () => void sys.close(fd));
  return portOf(name);
}

/** A port whose queue of connections is full. */
function fullPort(owner: Owner): number {
  const port = bound(owner, 0);
  for (let i = 0; i < 4; i++) {
    const { socket } = new Client(port, '');
    owner.after(async () => void socket.destroy());
  }
  return port;
}

function section(story: Story, index: number, sink: number, ports: Ports): string {
  const isTcp = story.mode === 'tcp';
  const format = isTcp ? '%ts' : '%ts %tsc %ST %[status] %[txn.status]';
  const back = (story.back ?? [])
    .join('\n  ')
    .replace(/\$(\w+)/g, (_, name: keyof Ports) => `127.0.0.1:${ports[name]}`);
  return `
frontend f${index}
  mode ${isTcp ? 'tcp' : 'http'}
  bind "${inherited(`f${index}`)}"
  log 127.0.0.1:${sink} format raw local0
  log-format "%f ${format} %rc"
  ${(story.front ?? []).join('\n  ')}
  ${isTcp ? '' : `http-request add-header story s${index}`}
  default_backend b${index}
backend b${index}
  mode ${isTcp ? 'tcp' : 'http'}
  ${back}
`;
}

async function play(story: Story, index: number, proxy: RunningProxy, origin: Origin) {
  const clients: Client[] = [];
  const named = (text: string): string =>
    text.replaceAll('$be', `b${index}`).replaceAll('$story', `s${index}`);
  await story.play({
    client: (text) => {
      const client = new Client(proxy.port(`f${index}`), named(text));
      clients.push(client);
      return client;
    },
    command: (line) => exchange(proxy.port('cli'), `${named(line)}\n`),
    streams: async (count) => {
      for (;;) {
        const shown = await exchange(proxy.port('cli'), 'show sess\n');
        if (shown.split(` fe=f${index} `).length - 1 === count) return;
      }
    },
    asked: (count = 1) => origin.asked(`s${index}`, count),
  });
  for (const client of clients) client.close();
}

async function playAll(owner: Owner, stories: readonly Story[]): Promise<void> {
  const sink = new DatagramSink();
  const sinkPort = await sink.start(owner);
  const origin = new Origin();
  await origin.start(owner);
  const ports = { origin: origin.port, refused: bound(owner, -1), full: fullPort(owner) };
  const config = `
global
  nbthread 1
  stats socket "${inherited('cli')}" level admin
defaults
  timeout client 10s
  timeout server 10s
  timeout connect 10s
${stories.map((story, index) => section(story, index, sinkPort, ports)).join('')}`;
  const proxy = startProxy(
    owner,
    oracle === undefined ? { config } : { config, command: [oracle] },
  );
  const faults: string[] = [];
  for (const [index, story] of stories.entries()) {
    if (process.env['STORY'] !== undefined && process.env['STORY'] !== story.name) continue;
    await play(story, index, proxy, origin);
    const own = (): string[] =>
      sink.lines
        .filter((line) => line.startsWith(`f${index} `))
        .map((line) => line.slice(line.indexOf(' ') + 1).trimEnd());
    const wanted = Math.max(1, story.logged.length);
    const limit = Date.now() + (oracle === undefined ? 20_000 : 1500);
    while (own().length < wanted && Date.now() < limit) {
      await new Promise((settle) => setTimeout(settle, 20));
    }
    if (oracle !== undefined) console.log(JSON.stringify([story.name, own()]));
    else if (own().slice(0, wanted).join() !== story.logged.join()) {
      faults.push(
        `${story.name}: '${own().join("', '")}' instead of '${story.logged.join("', '")}'`,
      );
    }
  }
  assert.deepEqual(faults, []);
  await proxy.stop();
}

test('how HTTP requests end', (owner) => playAll(owner, requestStories));
test('how HTTP answers end', (owner) => playAll(owner, answerStories));
test('cookies as the end of a stream shows them', (owner) => playAll(owner, cookieStories));
test('how TCP streams end', (owner) => playAll(owner, tcpStories));
