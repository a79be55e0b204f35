// Starts the built program for a test on sockets that the test has bound: every `fd@${name}` in the
// configuration or the arguments becomes a listening socket on a port of the kernel's choice, so a
// client may connect at once and waits in the accept queue. Used by test/e2e and the bench.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress, portOf } from '../../shared/sys/sockaddr.ts';

export interface ProxyOptions {
  readonly config: string;
  /** Flags beside `-f`; default: `-db`. `$folder` is the test's folder. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The program; default: the built cli/main.js. */
  readonly entry?: URL;
  /** Another program instead, as `['haproxy']`. */
  readonly command?: readonly string[];
}

/** What a test runs in (node:test's TestContext): ends the process when the test failed before. */
export interface Owner {
  after(act: () => Promise<unknown>): void;
}

const program = new URL('../../cli/main.js', import.meta.url);

/** The program as users start it: what the build bundles. The tests run what tsc has written. */
export const bundledProgram = new URL('../../bundle/cli/main.js', import.meta.url);

/** The program with test/harness/fake-worker instead of a worker. */
export const fakeProgram = new URL('./fake-hawser.js', import.meta.url);

/**
 * The address of a socket that the test binds: for the configuration (in double quotes) and for -S.
 */
export const inherited = (name: string): string => `fd@\${${name}}`;

/** First descriptor of the child that is a socket of ours. */
const firstFd = 3;

export class RunningProxy {
  /** A folder of its own, removed by `stop`; the configuration is `cfg` in it. */
  readonly folder: string;
  readonly pid: number;
  /** Exit status, 128 + signal when one ended it. */
  readonly exited: Promise<number>;
  output = '';
  private readonly child: ChildProcess;
  private readonly ports: ReadonlyMap<string, number>;
  private readonly watchers = new Set<() => void>();
  private isGone = false;

  constructor(folder: string, child: ChildProcess, ports: ReadonlyMap<string, number>) {
    this.folder = folder;
    this.child = child;
    this.pid = child.pid ?? -1;
    this.ports = ports;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => {
        this.output += text;
        for (const watch of this.watchers) watch();
      });
    }
    this.exited = new Promise((settle) => {
      child.on('close', (code, signal) => {
        this.isGone = true;
        for (const watch of this.watchers) watch();
        settle(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  }

  /** Port behind `fd@${name}`. */
  port(name: string): number {
    const port = this.ports.get(name);
    if (port === undefined) throw new Error(`no fd@\${${name}} in the configuration`);
    return port;
  }

  configure(config: string): void {
    writeFileSync(join(this.folder, 'cfg'), config);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /**
   * Waits until the output has `text` `count` times; rejects with the output when it ends before.
   */
  printed(text: string, count = 1): Promise<void> {
    return new Promise((settle, refuse) => {
      const watch = (): void => {
        const isThere = this.output.split(text).length > count;
        if (!isThere && !this.isGone) return;
        this.watchers.delete(watch);
        if (isThere) settle();
        else refuse(new Error(`'${text}' was not printed ${count} times:\n${this.output}`));
      };
      this.watchers.add(watch);
      watch();
    });
  }

  /** Ends it and removes its folder; its exit status. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number> {
    if (!this.isGone) this.child.kill(signal);
    const status = await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
    return status;
  }
}

/** Starts the program; it may still be reading its configuration when this returns. */
export function startProxy(owner: Owner, options: ProxyOptions): RunningProxy {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-test-'));
  writeFileSync(join(folder, 'cfg'), options.config);
  const words = (options.args ?? ['-db']).map((word) => word.replaceAll('$folder', folder));
  const names = new Set(
    Array.from(
      [options.config, ...words].join('\n').matchAll(/fd@\$\{(\w+)\}/g),
      (found) => found[1],
    ),
  );
  const sockets = Array.from(names, (name) => ({
    name,
    ...(name.startsWith('udp') ? bindDatagrams() : listenAnywhere()),
  }));
  const numbers = sockets.map(({ name }, index) => [name, String(firstFd + index)] as const);
  const resolved = words.map((word) =>
    word.replace(/fd@\$\{(\w+)\}/g, (_, name: string) => `fd@${new Map(numbers).get(name)}`),
  );
  const own = [process.execPath, fileURLToPath(options.entry ?? program)];
  const [file, ...first] = options.command ?? own;
  const child = spawn(file, [...first, ...resolved, '-f', join(folder, 'cfg')], {
    stdio: ['ignore', 'pipe', 'pipe', ...sockets.map(({ fd }) => fd)],
    env: { ...process.env, ...Object.fromEntries(numbers), ...options.env },
  });
  for (const { fd } of sockets) linuxSys().close(fd);
  const ports = new Map(sockets.map(({ name, port }) => [name, port]));
  const proxy = new RunningProxy(folder, child, ports);
  owner.after(() => proxy.stop('SIGKILL'));
  return proxy;
}

interface BoundSocket {
  readonly fd: number;
  readonly port: number;
}

function listenAnywhere(): BoundSocket {
  const socket = bindAnywhere(SOCK_STREAM);
  const result = linuxSys().listen(socket.fd, 100);
  if (result < 0) throw new Error(`cannot listen: errno ${-result}`);
  return socket;
}

/** For names that begin with `udp`. */
const bindDatagrams = (): BoundSocket => bindAnywhere(SOCK_DGRAM);

function bindAnywhere(type: number): BoundSocket {
  const sys = linuxSys();
  const fd = sys.socket(AF_INET, type, 0);
  const name = sys.address();
  encodeAddress({ family: 'ipv4', host: '127.0.0.1', port: 0 }, name);
  const result = fd < 0 ? fd : sys.bind(fd, name);
  if (result < 0) throw new Error(`cannot bind: errno ${-result}`);
  sys.getsockname(fd, name);
  return { fd, port: portOf(name) };
}

/**
 * Sends `text` and answers all that comes until the end. Half-closes, but for an HTTP request that
 * says `Connection: close`: whoever ends his side while a server works has left (option
 * abortonclose), and browsers do not.
 */
export function exchange(to: number | string, text: string): Promise<string> {
  if (typeof to === 'number' && /\r\nconnection: close\r\n/i.test(text)) return request(to, text);
  const target = typeof to === 'number' ? { host: '127.0.0.1', port: to } : { path: to };
  return new Promise((settle, refuse) => {
    const socket = connect({ ...target, allowHalfOpen: true }, () => socket.end(text));
    collect(socket, settle, refuse);
  });
}

/** The same for any text: our side stays open until the other one ends. */
export function request(port: number, text: string): Promise<string> {
  return new Promise((settle, refuse) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => {
      socket.write(text);
    });
    socket.once('end', () => socket.end());
    collect(socket, settle, refuse);
  });
}

/** `exchange` with an abstract name (abns@), whose length node's versions do not agree about. */
export function exchangeAbstract(host: string): Promise<string> {
  const sys = linuxSys();
  const name = sys.address();
  encodeAddress({ family: 'abns', host, port: 0 }, name);
  const fd = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  const result = sys.connect(fd, name);
  if (result < 0) throw new Error(`cannot connect to abns@${host}: errno ${-result}`);
  return new Promise((settle, refuse) => {
    const socket = new Socket({ fd, allowHalfOpen: true });
    collect(socket, settle, refuse);
    socket.end();
  });
}

function collect(
  socket: Socket,
  settle: (text: string) => void,
  refuse: (fault: Error) => void,
): void {
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    answer += part;
  });
  socket.on('end', () => settle(answer));
  socket.on('error', refuse);
}
