// log-forward sections: messages of others over UDP, unix datagrams, TCP and TLS to targets of all
// kinds, limits of connections, and reloads that lose nothing.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { AF_UNIX, SOCK_DGRAM } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import { certificateFolder } from '../harness/certificate-files.ts';
import { DatagramSink, StreamSink } from '../harness/log-sinks.ts';
import { exchange, inherited, type Owner, startProxy } from '../harness/proxy.ts';

function send(port: number, ...messages: readonly string[]): Promise<void> {
  const socket = createSocket('udp4');
  const sent = messages.map(
    (text) => new Promise<void>((settle) => socket.send(text, port, '127.0.0.1', () => settle())),
  );
  return Promise.all(sent).then(() => void socket.close());
}

function open(owner: Owner, port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  socket.on('error', () => {});
  owner.after(async () => socket.destroy());
  return socket;
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((settle) => void socket.resume().once('close', () => settle()));

const global = (more = ''): string => `
global
  nbthread 2
  stats socket "${inherited('cli')}" level admin
  ${more}
`;

test('datagrams reach UDP, ring and backend targets, in the forms these want', async (owner) => {
  const [plain, balanced] = [new DatagramSink(), new DatagramSink()];
  const ports = [await plain.start(owner), await balanced.start(owner)];
  const stream = new StreamSink();
  const streamPort = await stream.start(owner);
  const config = `${global()}
backend sinks
  mode log
  server s udp@127.0.0.1:${ports[1]}
ring kept
  format rfc5424
  server r 127.0.0.1:${streamPort} log-proto octet-count
log-forward f
  dgram-bind "${inherited('udp_f')}"
  log 127.0.0.1:${ports[0]} local0
  log ring@kept local1
  log backend@sinks format short local2 notice
`;
  const proxy = startProxy(owner, { config });
  await send(proxy.port('udp_f'), '<13>Nov  2 07:00:00 hosty tag[12]: one');
  await plain.count(1);
  await stream.has(' one');
  await send(proxy.port('udp_f'), '<14>two');
  await plain.count(2);
  await balanced.count(1);
  assert.equal(plain.lines[0], '<13>Nov  2 07:00:00 hosty tag[12]: one\n');
  assert.match(plain.lines[1], /^<14>\w{3} .{11} 127\.0\.0\.1 two\n$/);
  assert.deepEqual(balanced.lines, ['<5>one\n']);
  await stream.has(' two');
  assert.match(stream.text, /^\d+ <13>1 \d{4}-11-02T07:00:00-00:00 hosty tag 12 - - one\d+ <14>1 /);
  assert.match(await exchange(proxy.port('cli'), 'show info\n'), /^CumRecvLogs: 2$/m);
  await proxy.stop();
});

test('a unix socket takes datagrams; their sender has no address', async (owner) => {
  const sink = new DatagramSink();
  const port = await sink.start(owner);
  const config = `${global()}
log-forward f
  dgram-bind "\${HOME}/log"
  log 127.0.0.1:${port} local0
`;
  const folder = certificateFolder(owner);
  const proxy = startProxy(owner, { config, env: { HOME: folder } });
  await exchange(proxy.port('cli'), 'show info\n');
  const sys = linuxSys();
  const fd = sys.socket(AF_UNIX, SOCK_DGRAM, 0);
  const name = sys.address();
  encodeAddress({ family: 'unix', host: `${folder}/log`, port: 0 }, name);
  const text = Buffer.from('<13>hello');
  const region = sys.region(64);
  region.bytes.set(text);
  assert.equal(sys.sendTo(fd, region, 0, text.length, 0, name), text.length);
  sys.close(fd);
  await sink.count(1);
  assert.deepEqual(sink.lines, ['<13>hello\n']);
  await proxy.stop();
});

test('streams: both framings, TLS, a fault ends only its connection', async (owner) => {
  const sink = new DatagramSink();
  const port = await sink.start(owner);
  const pem = certificateFolder(owner);
  const config = `${global()}
log-forward f
  bind "${inherited('tcp')}"
  bind "${inherited('tls')}" ssl crt ${pem}/first.pem
  option host keep
  log 127.0.0.1:${port} format raw local0
`;
  const proxy = startProxy(owner, { config });
  const fine = open(owner, proxy.port('tcp'), '<13>a\n6 <13>bc');
  await sink.count(2);
  await closed(open(owner, proxy.port('tcp'), 'neither\n'));
  fine.write('<13>d\r\n');
  await sink.count(3);
  const secure = connectTls({ port: proxy.port('tls'), rejectUnauthorized: false }, () => {
    secure.write('<13>secret\n');
  });
  await sink.count(4);
  secure.destroy();
  assert.deepEqual(sink.lines, ['a\n', 'bc\n', 'd\n', 'secret\n']);
  await proxy.stop();
});

test('maxconn lets others wait, timeout client ends the quiet', async (owner) => {
  const sink = new DatagramSink();
  const port = await sink.start(owner);
  const config = `${global()}
log-forward f
  bind "${inherited('tcp')}"
  maxconn 1
  timeout client 100ms
  option assume-rfc6587-ntf
  log 127.0.0.1:${port} format raw local0
`;
  const proxy = startProxy(owner, { config });
  const first = closed(open(owner, proxy.port('tcp'), 'first\n'));
  await sink.count(1);
  const second = closed(open(owner, proxy.port('tcp'), 'second\n'));
  await first;
  await sink.count(2);
  await second;
  assert.deepEqual(sink.lines, ['first\n', 'second\n']);
  await proxy.stop();
});

test('a reload loses no datagram, and a stream goes on with the process it is with', async (owner) => {
  const sink = new DatagramSink();
  const port = await sink.start(owner);
  const config = `${global('user root\n  chroot /')}
log-forward f
  bind "${inherited('tcp')}"
  dgram-bind "${inherited('udp_f')}"
  log 127.0.0.1:${port} format raw local0
`;
  const proxy = startProxy(owner, { config, args: ['-W', '-S', inherited('mcli')] });
  const stream = open(owner, proxy.port('tcp'), '<13>before\n');
  await sink.count(1);
  const reloading = exchange(proxy.port('mcli'), 'reload\n');
  let sent = 1;
  let isReloaded = false;
  void reloading.then(() => {
    isReloaded = true;
  });
  while (!isReloaded) {
    await send(proxy.port('udp_f'), `<13>${sent}`);
    await sink.count(++sent);
  }
  assert.match(await reloading, /Success=1/);
  stream.write('<13>after\n');
  await sink.count(sent + 1);
  assert.equal(sink.lines.at(-1), 'after\n');
  stream.destroy();
  await proxy.printed('exited with code 0');
  await proxy.stop();
});
