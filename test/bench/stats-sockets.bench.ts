// What statistics of many servers cost when clients ask for them: `show stat` on a runtime socket
// and a Prometheus scrape, of hawser and of another HAProxy in turns, so that whatever else the
// machine does meets both. Prints CPU time by thread, by the kernel's account of nanoseconds, and
// how long the answer took. Words of the command line: program=COMMAND (haproxy when there is none;
// several are measured in turns, as `program=haproxy` and `program=node older/main.js`), rounds=N,
// warm=N, backends=N, servers=N, and names of rows. Decides nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { bundledProgram, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const words = process.argv.slice(2);
const option = (name: string, without: string): string =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? without;
const programs = words
  .filter((word) => word.startsWith('program='))
  .map((word) => word.slice('program='.length).split(' '));
if (programs.length === 0) programs.push(['haproxy']);
const rounds = Number(option('rounds', '20'));
const warmUps = Number(option('warm', '8'));
const backends = Number(option('backends', '50'));
const serversEach = Number(option('servers', '100'));

/** Checks that hardly ever run: their columns have values, and they do not disturb. */
function configuration(): string {
  const sections = Array.from({ length: backends }, (_, back) => {
    const servers = Array.from(
      { length: serversEach },
      (_, at) => `  server srv${at} 127.0.0.1:${at + 1} check inter 24h weight 10\n`,
    );
    return `backend app${back}\n${servers.join('')}`;
  });
  return `global
  nbthread 1
  stats socket "${inherited('cli')}" level admin
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend f
  bind "${inherited('fe')}"
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 200
${sections.join('')}`;
}

/** Nanoseconds on the CPU by thread, of a process that is one (-db). */
function threadTimes(pid: number): Map<string, number> {
  const times = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${task}`;
    const name = readFileSync(`${folder}/comm`, 'latin1').trim();
    const ns = Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]);
    times.set(`${name} ${task}`, ns);
  }
  return times;
}

interface Run {
  readonly wholeMs: number;
  readonly bytes: number;
  readonly cpuMs: ReadonlyMap<string, number>;
}

const readBuffer = Buffer.alloc(1 << 20);

function ask(port: number, text: string): Promise<{ ms: number; bytes: number }> {
  return new Promise((settle, refuse) => {
    const start = performance.now();
    let bytes = 0;
    const read = (length: number): boolean => {
      bytes += length;
      return true;
    };
    const socket = connect({
      host: '127.0.0.1',
      port,
      allowHalfOpen: true,
      onread: { buffer: readBuffer, callback: read },
    });
    socket.on('error', refuse);
    socket.on('connect', () => socket.write(text));
    socket.on('end', () => {
      socket.end();
      settle({ ms: performance.now() - start, bytes });
    });
  });
}

async function measure({ pid }: RunningProxy, port: number, text: string): Promise<Run> {
  const before = threadTimes(pid);
  const { ms, bytes } = await ask(port, text);
  const cpuMs = new Map<string, number>();
  for (const [name, ns] of threadTimes(pid)) cpuMs.set(name, (ns - (before.get(name) ?? 0)) / 1e6);
  return { wholeMs: ms, bytes, cpuMs };
}

const rows = [
  { name: 'csv', port: 'cli', text: 'show stat\n' },
  { name: 'typed', port: 'cli', text: 'show stat typed\n' },
  { name: 'json', port: 'cli', text: 'show stat json\n' },
  {
    name: 'scrape',
    port: 'fe',
    text: 'GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n',
  },
] as const;

const shown = (values: readonly number[]): string => {
  const sorted = values.toSorted((a, b) => a - b);
  return `${sorted[sorted.length >> 1].toFixed(1)} (least ${sorted[0].toFixed(1)})`;
};

function report(name: string, runs: readonly Run[]): void {
  const total = runs.map(({ cpuMs }) => [...cpuMs.values()].reduce((sum, ms) => sum + ms, 0));
  console.log(
    `${name}: ${shown(runs.map(({ wholeMs }) => wholeMs))} ms, CPU ${shown(total)} ms, ` +
      `${runs[0].bytes} bytes`,
  );
  for (const thread of runs[0].cpuMs.keys()) {
    const own = runs.map(({ cpuMs }) => cpuMs.get(thread) ?? 0);
    if (Math.max(...own) > 1) console.log(`    ${thread}: ${shown(own)} ms`);
  }
}

const acts: (() => Promise<unknown>)[] = [];
const owner = { after: (act: () => Promise<unknown>) => void acts.push(act) };
try {
  const config = configuration();
  const peers = [
    { name: 'hawser', proxy: startProxy(owner, { config, entry: bundledProgram }) },
    ...programs.map((command) => ({
      name: command.join(' '),
      proxy: startProxy(owner, { config, command }),
    })),
  ];
  const wanted = rows.filter(
    ({ name }) => !rows.some((row) => words.includes(row.name)) || words.includes(name),
  );
  for (const row of wanted) {
    const runs = peers.map((): Run[] => []);
    for (let round = 0; round < rounds + warmUps; round++) {
      for (const [at, { proxy }] of peers.entries()) {
        const run = await measure(proxy, proxy.port(row.port), row.text);
        if (round >= warmUps) runs[at].push(run);
      }
    }
    for (const [at, { name }] of peers.entries()) report(`${row.name}, ${name}`, runs[at]);
  }
} finally {
  for (const act of acts) await act();
}
