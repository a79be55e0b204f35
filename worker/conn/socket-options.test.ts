// What sockets get from the words of a configuration, read back from the kernel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshProxy } from '../../shared/config/fresh.ts';
import { loadConfiguration } from '../../shared/config/load.ts';
import type { ProxyModel, TuneModel } from '../../shared/config/model.ts';
import {
  AF_INET,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
} from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import {
  applyOptions,
  clientOptions,
  prepareListener,
  resetOnClose,
  serverOptions,
} from './socket-options.ts';

function load(lines: readonly string[], global: readonly string[] = []): [ProxyModel, TuneModel] {
  const head = ['global', ...global, 'listen l', 'timeout client 1s', 'timeout server 1s'];
  const text = [...head, 'timeout connect 1s', 'bind 127.0.0.1:1', ...lines, ''].join('\n');
  const { model, diagnostics } = loadConfiguration({
    files: [],
    texts: [{ name: 'case', text }],
    environment: {},
  });
  assert.deepEqual(
    diagnostics.list.map(({ message }) => message),
    [],
  );
  return [model.proxies[0], model.global.tune];
}

/** Option values of a new socket after `act`, by name. */
function readBack(act: (fd: number) => void): (level: number, name: number) => number {
  const sys = linuxSys();
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const values = new Map<string, number>();
  const names = [
    ...[SO_KEEPALIVE, SO_SNDBUF, SO_RCVBUF, SO_LINGER].map((name) => [SOL_SOCKET, name] as const),
    ...[TCP_NODELAY, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_QUICKACK].map(
      (name) => [IPPROTO_TCP, name] as const,
    ),
    ...[TCP_NOTSENT_LOWAT, TCP_USER_TIMEOUT].map((name) => [IPPROTO_TCP, name] as const),
  ];
  act(fd);
  for (const [level, name] of names) {
    const bytes = new Uint8Array(8);
    sys.getsockoptBytes(fd, level, name, bytes);
    values.set(`${level} ${name}`, new Int32Array(bytes.buffer)[0]);
  }
  sys.close(fd);
  return (level, name) => values.get(`${level} ${name}`) ?? -1;
}

test('client sockets get keep-alive values and buffer sizes', () => {
  const tuned = ['tune.sndbuf.client 65536', 'tune.rcvbuf.client 32768'];
  const lines = ['option clitcpka', 'clitcpka-cnt 3', 'clitcpka-idle 40s', 'clitcpka-intvl 7s'];
  const [model, tune] = load(lines, [...tuned, 'tune.notsent-lowat.client 16384']);
  const value = readBack((fd) => applyOptions(linuxSys(), fd, clientOptions(model, tune)));
  assert.equal(value(IPPROTO_TCP, TCP_KEEPCNT), 3);
  assert.equal(value(IPPROTO_TCP, TCP_KEEPIDLE), 40);
  assert.equal(value(IPPROTO_TCP, TCP_KEEPINTVL), 7);
  // Linux reports twice what was asked for.
  assert.equal(value(SOL_SOCKET, SO_SNDBUF), 131_072);
  assert.equal(value(SOL_SOCKET, SO_RCVBUF), 65_536);
  assert.equal(value(IPPROTO_TCP, TCP_NOTSENT_LOWAT), 16_384);
});

test('keep-alive values say nothing without the option, and nothing is set by default', () => {
  assert.deepEqual(clientOptions(...load(['clitcpka-idle 40s'])), []);
  assert.deepEqual(clientOptions(...load([])), []);
});

test('a listening socket is told both ways, for it lives on over reloads', () => {
  const sys = linuxSys();
  const [on] = load(['option clitcpka', 'option nolinger', 'option tcp-smart-accept']);
  const [off] = load([]);
  const set = readBack((fd) => prepareListener(sys, fd, on, false));
  assert.equal(set(SOL_SOCKET, SO_KEEPALIVE), 1);
  assert.equal(set(SOL_SOCKET, SO_LINGER), 1);
  assert.equal(set(IPPROTO_TCP, TCP_NODELAY), 1);
  assert.equal(set(IPPROTO_TCP, TCP_QUICKACK), 0);
  const unset = readBack((fd) => {
    prepareListener(sys, fd, on, false);
    prepareListener(sys, fd, off, false);
  });
  assert.equal(unset(SOL_SOCKET, SO_KEEPALIVE), 0);
  assert.equal(unset(SOL_SOCKET, SO_LINGER), 0);
  assert.equal(unset(IPPROTO_TCP, TCP_QUICKACK), 1);
});

test('the first ACK is spared for HTTP and TLS unless the option says no', () => {
  const cases: [Partial<ProxyModel>, boolean, number][] = [
    [{ mode: 'http' }, false, 0],
    [{ mode: 'tcp' }, false, 1],
    [{ mode: 'tcp' }, true, 0],
    [{ mode: 'http', options: { 'tcp-smart-accept': false } }, false, 1],
    [{ mode: 'tcp', options: { 'tcp-smart-accept': true } }, false, 0],
  ];
  for (const [fields, isTls, wanted] of cases) {
    const model = freshProxy({ file: 'test', line: 1, column: 1 }, 'l', 'listen');
    Object.assign(model, fields);
    const value = readBack((fd) => prepareListener(linuxSys(), fd, model, isTls));
    assert.equal(value(IPPROTO_TCP, TCP_QUICKACK), wanted, JSON.stringify([fields, isTls]));
  }
});

test('server sockets get theirs', () => {
  const tuned = ['tune.sndbuf.server 65536', 'tune.notsent-lowat.server 8192'];
  const lines = ['option srvtcpka', 'srvtcpka-idle 50s', 'option tcp-smart-connect'];
  const [model, tune] = load(lines, tuned);
  const options = serverOptions({ model, tune, userTimeoutMs: 4000 });
  const value = readBack((fd) => {
    applyOptions(linuxSys(), fd, options);
    resetOnClose(linuxSys(), fd);
  });
  assert.equal(value(IPPROTO_TCP, TCP_NODELAY), 1);
  assert.equal(value(SOL_SOCKET, SO_KEEPALIVE), 1);
  assert.equal(value(IPPROTO_TCP, TCP_KEEPIDLE), 50);
  assert.equal(value(IPPROTO_TCP, TCP_QUICKACK), 0);
  assert.equal(value(IPPROTO_TCP, TCP_USER_TIMEOUT), 4000);
  assert.equal(value(SOL_SOCKET, SO_SNDBUF), 131_072);
  assert.equal(value(IPPROTO_TCP, TCP_NOTSENT_LOWAT), 8192);
  assert.equal(value(SOL_SOCKET, SO_LINGER), 1);
  const plain = serverOptions({ model: load([])[0], tune, userTimeoutMs: 0 });
  assert.equal(
    plain.some(({ name }) => name === SO_KEEPALIVE || name === TCP_QUICKACK),
    false,
  );
});
