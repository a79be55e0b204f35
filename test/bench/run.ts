// The bench: hawser and Debian's haproxy on the same configurations, in turns. A tool, not a test:
// it prints a table, and with --write it adds that to results.md. Needs `haproxy` and `wrk`. Run
// from the repository's root: `npm run bench -- --rows keep-alive,close --seconds 3 --threads 1
// --write`.

import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureChecks } from './checks-row.ts';
import { measureRow } from './cpu-row.ts';
import { measureLatency } from './latency-row.ts';
import { measureMemory } from './memory-row.ts';
import { measureReload } from './reload-row.ts';
import { isWithin, type Result, tableText } from './result.ts';
import { rows } from './rows.ts';
import { Stand } from './stand.ts';
import { measureStart } from './start-row.ts';

interface Measure {
  readonly name: string;
  readonly run: (stand: Stand, seconds: number) => Promise<readonly Result[]>;
}

const measures: readonly Measure[] = [
  ...rows.map(
    (row): Measure => ({
      name: row.name,
      run: async (stand, seconds) => [await measureRow(stand, row, seconds)],
    }),
  ),
  { name: 'checks', run: measureChecks },
  { name: 'memory', run: measureMemory },
  { name: 'latency', run: measureLatency },
  { name: 'start', run: measureStart },
  { name: 'reload', run: measureReload },
];

const resultsFile = 'test/bench/results.md';

function optionsOf(words: string[]) {
  const { values } = parseArgs({
    args: words,
    options: {
      rows: { type: 'string', default: '' },
      seconds: { type: 'string', default: '3' },
      threads: { type: 'string', default: '1' },
      write: { type: 'boolean', default: false },
    },
  });
  const names = values.rows.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !measures.some((one) => one.name === name));
  if (unknown.length > 0) {
    const known = measures.map(({ name }) => name).join(', ');
    throw new Error(`no row is called ${unknown.join(', ')}; there are ${known}`);
  }
  const [seconds, threads] = [Number(values.seconds), Number(values.threads)];
  if (!(seconds >= 1 && seconds <= 60)) throw new Error('--seconds takes 1 to 60');
  if (!(threads >= 1 && threads <= 64)) throw new Error('--threads takes 1 to 64');
  return { names, seconds, threads, isWritten: values.write };
}

function requirePrograms(): void {
  for (const program of ['haproxy', 'wrk']) {
    if (spawnSync(program, ['-v'], { stdio: 'ignore' }).error !== undefined) {
      throw new Error(`the bench needs '${program}', which is not installed`);
    }
  }
}

const firstLine = (program: string, words: readonly string[]): string =>
  execFileSync(program, [...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).split('\n')[0];

/** The commit, and whether anything differs from it; a copy without git has neither. */
function revision(): string {
  try {
    const commit = firstLine('git', ['rev-parse', '--short', 'HEAD']);
    const changes = firstLine('git', ['status', '--porcelain', '--untracked-files=no']);
    return changes === '' ? commit : `${commit} with changes`;
  } catch {
    return 'no commit';
  }
}

/** What a number means nothing without. */
function circumstances(seconds: number, threads: number): string {
  const processors = cpus();
  const machine = `${processors.length} x ${processors[0].model}; Node ${process.version}`;
  const load = `nbthread ${threads}, ${seconds} s per turn`;
  const heading = `## ${new Date().toISOString().slice(0, 10)}, ${revision()}`;
  return `${heading}\n\n${machine}; ${firstLine('haproxy', ['-v'])}; ${load}.\n\n`;
}

async function main(): Promise<number> {
  const { names, seconds, threads, isWritten } = optionsOf(process.argv.slice(2));
  requirePrograms();
  const chosen = measures.filter(({ name }) => names.length === 0 || names.includes(name));
  const head = circumstances(seconds, threads);
  const stand = new Stand(threads);
  const results: Result[] = [];
  let failed = 0;
  for (const { name, run } of chosen) {
    try {
      results.push(...(await run(stand, seconds)));
      console.error(`measured ${name}`);
    } catch (error) {
      failed++;
      console.error(`FAILED ${name}: ${(error as Error).message}`);
    }
  }
  await stand.end();
  console.log(`${head}${tableText(results)}`);
  if (isWritten) appendFileSync(resultsFile, `${head}${tableText(results)}\n`);
  const kept = results.filter(isWithin).length;
  console.log(`${kept} of ${results.length} within budget, ${failed} rows could not be measured`);
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
