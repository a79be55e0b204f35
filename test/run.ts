// Runs the test files of a build, `npm test`'s last step: every x.test.js whose source still
// exists, two at a time, each in a process of its own. Words on the command line choose files by
// part of their path. Lists the files itself, because what `node --test FOLDER` means differs
// between versions of Node. Ends with one plain line of totals; the exit status is 0 only when
// something passed and nothing failed.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

const built = fileURLToPath(new URL('..', import.meta.url));
const root = process.cwd();
/** No file may take longer; a hang is a failure, not a wait. */
const fileTimeoutMs = 300_000;
/** Handed down to every process a test starts, so that what was left behind is found. */
const mark = `HAWSER_TEST_RUN=${process.pid}`;
const folders = ['cli', 'master', 'shared', 'worker', 'test'];

/** More files than these are not bad luck, and none of them is run again. */
const maxUnstableFiles = 3;

const totals = { passed: 0, failed: 0, skipped: 0, unstable: 0 };

/** What the running of one file came to. */
interface Outcome {
  passed: number;
  skipped: number;
  failures: string[];
}

/** Compiled tests whose source exists: a build folder keeps the output of deleted files. */
function testFiles(words: readonly string[]): string[] {
  const found = folders
    .map((folder) => join(built, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
  return found
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => existsSync(join(root, sourceOf(file))))
    .filter((file) => words.length === 0 || words.some((word) => sourceOf(file).includes(word)))
    .toSorted();
}

const sourceOf = (file: string): string =>
  relative(built, file).split(sep).join('/').replace(/\.js$/, '.ts');

interface Report {
  readonly name: string;
  readonly file?: string;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details: { readonly type?: string; readonly error?: unknown };
}

/** Some versions report a file, and all report a suite, as one more test: only real tests count. */
const isTest = ({ name, details }: Report): boolean =>
  details.type !== 'suite' && !name.endsWith('.test.js');

const placeOf = ({ file }: Report): string => (file === undefined ? '?' : sourceOf(file));

function onPass(outcome: Outcome, report: Report): void {
  if (!isTest(report)) return;
  const { skip, todo } = report;
  if (skip !== undefined && skip !== false) {
    outcome.skipped++;
    const reason = typeof skip === 'string' && skip !== '' ? `: ${skip}` : '';
    console.log(`SKIPPED ${placeOf(report)}: ${report.name}${reason}`);
  } else if (todo !== undefined && todo !== false) {
    fail(outcome, placeOf(report), `${report.name}: a test may not be marked todo`);
  } else outcome.passed++;
}

/** A suite or a file that only reports its tests' failures has been told already. */
function isEcho(error: unknown): boolean {
  const type = (error as { failureType?: string } | null)?.failureType;
  return type === 'subtestsFailed';
}

function onFail(outcome: Outcome, report: Report): void {
  const { error } = report.details;
  if (isEcho(error)) return;
  const cause = (error as { cause?: unknown } | null)?.cause ?? error;
  fail(outcome, placeOf(report), `${report.name}\n${indent(inspect(cause, { depth: 6 }))}`);
}

function fail(outcome: Outcome, place: string, text: string): void {
  outcome.failures.push(text);
  console.log(`FAILED ${place}: ${text}`);
}

const indent = (text: string): string => text.replace(/^/gm, '    ');

/**
 * Ends the living processes that carry our mark and name `file` among their words; what they were.
 */
function endMarked(file = ''): string[] {
  const ended: string[] = [];
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (Number(name) === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(mark)) continue;
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      if (words === '' || !words.includes(file)) continue;
      process.kill(Number(name), 'SIGKILL');
      ended.push(`${name} ${words}`);
    } catch {} // gone meanwhile, or another user's
  }
  return ended;
}

/**
 * One file in its own process. A version's own time limit may wait for the process it gave up on.
 */
async function runFile(file: string): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, skipped: 0, failures: [] };
  const guard = setTimeout(() => {
    fail(outcome, sourceOf(file), `not finished after ${fileTimeoutMs / 1000} s`);
    endMarked(file);
  }, fileTimeoutMs);
  const stream = run({ files: [file], concurrency: 1 });
  stream.on('test:pass', (report) => onPass(outcome, report as unknown as Report));
  stream.on('test:fail', (report) => onFail(outcome, report as unknown as Report));
  stream.on('test:stdout', ({ message }) => process.stdout.write(message));
  stream.on('test:stderr', ({ message }) => process.stderr.write(message));
  stream.resume();
  await new Promise((settle) => stream.once('end', settle));
  clearTimeout(guard);
  const { passed, skipped, failures } = outcome;
  if (passed + skipped + failures.length === 0) fail(outcome, sourceOf(file), 'has no test');
  return outcome;
}

function add({ passed, skipped, failures }: Outcome): void {
  totals.passed += passed;
  totals.skipped += skipped;
  totals.failed += failures.length;
}

/** Runs all; what came out of those in which something failed. */
async function runAll(files: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
  const waiting = [...files];
  const broken = new Map<string, Outcome>();
  const runOne = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const outcome = await runFile(file);
      if (outcome.failures.length === 0) add(outcome);
      else broken.set(file, outcome);
    }
  };
  await Promise.all([runOne(), runOne()]);
  return broken;
}

async function runAgain(broken: ReadonlyMap<string, Outcome>): Promise<void> {
  for (const [file, first] of broken) {
    const outcome = broken.size > maxUnstableFiles ? first : await runFile(file);
    add(outcome);
    if (outcome.failures.length > 0) continue;
    totals.unstable++;
    console.log(`UNSTABLE ${sourceOf(file)}: passed only when run again alone`);
  }
}

function tellTotals(): void {
  const { passed, failed, skipped, unstable } = totals;
  if (unstable > 0) console.log(`${unstable} of the files passed only when run again alone`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
}

async function main(): Promise<number> {
  const files = testFiles(process.argv.slice(2));
  const [name, value] = mark.split('=');
  process.env[name] = value;
  console.log(`${files.length} test files, Node ${process.version}`);
  await runAgain(await runAll(files));
  for (const left of endMarked()) {
    totals.failed++;
    console.log(`FAILED process: ${left} was left behind by a test`);
  }
  tellTotals();
  return totals.failed === 0 && totals.passed > 0 ? 0 : 1;
}

process.exitCode = await main();
