// What every row of the bench stands on: an origin server, a log sink, a certificate, and the two
// programs to compare, each started on the same configuration. Everything is on ports of the
// kernel's choice on
// 127.0.0.1, and ends with `end`. Needs `haproxy`, which is the origin, too.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AF_INET, SOCK_DGRAM } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress, portOf } from '../../shared/sys/sockaddr.ts';
import { firstKeyPem, firstPem } from '../harness/certificates.ts';
import {
  bundledProgram,
  inherited,
  type Owner,
  type RunningProxy,
  request,
  startProxy,
} from '../harness/proxy.ts';

export interface Peer {
  readonly name: 'hawser' | 'haproxy';
  readonly proxy: RunningProxy;
}

export class Stand implements Owner {
  readonly folder: string;
  /** PEM file with certificate and key. */
  readonly certificate: string;
  readonly sinkPort: number;
  readonly originPort: number;
  readonly threads: number;
  private readonly sinkFd: number;
  private acts: (() => Promise<unknown>)[];

  constructor(threads: number) {
    this.threads = threads;
    this.acts = [];
    this.folder = mkdtempSync(join(tmpdir(), 'hawser-bench-'));
    this.certificate = join(this.folder, 'first.pem');
    writeFileSync(this.certificate, firstKeyPem + firstPem);
    const sink = openSink();
    this.sinkFd = sink.fd;
    this.sinkPort = sink.port;
    const origin = startProxy(this, {
      config: originText(this.folder),
      command: ['haproxy'],
    });
    this.originPort = origin.port('origin');
  }

  after(act: () => Promise<unknown>): void {
    this.acts.unshift(act);
  }

  /** Starts one program; both take the same flags. */
  start(name: Peer['name'], config: string, args: readonly string[] = ['-db']): Peer {
    const program = name === 'haproxy' ? { command: ['haproxy'] } : { entry: bundledProgram };
    return { name, proxy: startProxy(this, { config, args, ...program }) };
  }

  /** Both programs on one configuration, ready to answer. */
  async startBoth(config: string, args?: readonly string[]): Promise<readonly [Peer, Peer]> {
    const peers = [
      this.start('hawser', config, args),
      this.start('haproxy', config, args),
    ] as const;
    for (const { proxy } of peers) if (!config.includes(' ssl ')) await firstAnswer(proxy);
    return peers;
  }

  /** Ends the programs; the origin stays. */
  async stop(peers: readonly Peer[]): Promise<void> {
    for (const { proxy } of peers) await proxy.stop('SIGKILL');
  }

  async end(): Promise<void> {
    for (const act of this.acts) await act();
    this.acts = [];
    linuxSys().close(this.sinkFd);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One request; fails with what the program printed when it does not answer. */
export async function firstAnswer(proxy: RunningProxy): Promise<void> {
  const text = 'GET /32 HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n';
  let answer = '';
  try {
    // Our side stays open: a client that ends it while the server is connected to has left (option
    // abortonclose, on by default), and a busy origin makes that happen.
    answer = await request(proxy.port('fe'), text);
  } catch {
    await Promise.race([proxy.exited, wait(1000)]); // for its last words
  }
  if (!answer.startsWith('HTTP/1.1 200 ')) {
    throw new Error(`answered\n${answer}\nand printed\n${proxy.output}`);
  }
}

/** Bound and never read: a full queue drops, which costs the sender the same. */
function openSink(): { readonly fd: number; readonly port: number } {
  const sys = linuxSys();
  const fd = sys.socket(AF_INET, SOCK_DGRAM, 0);
  const name = sys.address();
  encodeAddress({ family: 'ipv4', host: '127.0.0.1', port: 0 }, name);
  const result = fd < 0 ? fd : sys.bind(fd, name);
  if (result < 0) throw new Error(`cannot open the log sink: errno ${-result}`);
  sys.getsockname(fd, name);
  return { fd, port: portOf(name) };
}

const bodies = [
  { path: '/32', bytes: 32 },
  { path: '/16k', bytes: 16_384 },
  { path: '/1m', bytes: 1_048_576 },
];

/** Answers from memory, and takes whole bodies before it does. */
function originText(folder: string): string {
  const answers = bodies.map(({ path, bytes }) => {
    const file = join(folder, path.slice(1));
    writeFileSync(file, 'x'.repeat(bytes));
    return `  http-request return status 200 content-type text/plain file ${file} if { path ${path} }`;
  });
  return `global
  nbthread 1
  tune.bufsize 1200000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend origin
  bind "${inherited('origin')}"
  http-request wait-for-body time 5s at-least 65536 if METH_POST
${answers.join('\n')}
  http-request return status 200 content-type text/plain string ok
`;
}
