// `debug dev`: what a developer may do to a running worker in expert mode, some of it on purpose
// deadly; the master then starts another worker. Every one counts in DebugCommandsIssued.

import { blockFor } from '../../shared/block.ts';
import { readdirSync, readlinkSync } from 'node:fs';
import { anonymous } from './anonymity.ts';
import {
  type Answer,
  failure,
  information,
  type RuntimeCall,
  type RuntimeCommandDef,
  severityInfo,
  severityWarning,
} from './command.ts';
import type { DescriptorSnapshot } from './context.ts';

const integer = (word: string | undefined): number => Number.parseInt(word ?? '', 10) || 0;

/** Heartbeats must come within a minute. */
const delayMaxMs = 30_000;

function log({ context, words }: RuntimeCall): Answer {
  context.log(severityInfo, words.join(' '));
  return '';
}

/** Holds the control thread, as a command that does not end would. */
function delay({ words }: RuntimeCall): Answer {
  const ms = Math.min(Math.max(0, integer(words[0])), delayMaxMs);
  blockFor(ms);
  return '';
}

/** Holds every proxy thread. */
async function loop({ context, words }: RuntimeCall): Promise<Answer> {
  const ms = Math.min(integer(words[0]), delayMaxMs);
  if (ms <= 0) return failure('Missing loop time in milliseconds.');
  if (words[1] === 'warn') context.log(severityWarning, `all threads are held for ${ms} ms`);
  await context.inspect('delay', [ms]);
  return '';
}

function exit({ words }: RuntimeCall): Answer {
  process.exit(integer(words[0]) & 0xff);
}

function abort(): Answer {
  process.abort();
}

function warn({ context }: RuntimeCall): Answer {
  context.warn('WARNING as asked for by debug dev');
  return '';
}

const signalMax = 64;
const signalAbort = 6;

/** A signal to this process; Node has no way to pick one thread. */
function kill({ context, words }: RuntimeCall): Answer {
  const thread = integer(words[0]);
  if (thread < 0 || thread > context.threadCount) {
    return failure('Thread number out of range (use 0 for current).');
  }
  const signal = words[1] === undefined ? signalAbort : integer(words[1]);
  if (signal < 0 || signal > signalMax) return failure('Signal number out of range.');
  process.kill(process.pid, signal);
  return '';
}

function write({ context, words }: RuntimeCall): Answer {
  if (words[0] === undefined) return failure('Missing output size.');
  const length = Number(words[0]) || 0;
  if (length < 0 || length >= context.stats.model.global.tune.bufsize) {
    return failure('Output too large, must be <tune.bufsize.');
  }
  let text = '';
  for (let at = 0; at < length; at++) text += at > 0 && at % 64 === 0 ? '\n' : '.';
  return `${text}\n`;
}

/** Descriptors of the process that no proxy thread watches and no listener is. */
async function rogueDescriptors({ context }: RuntimeCall): Promise<Answer> {
  // What a thread answers to 'descriptors' is a list of these (context.ts).
  const seen = (await context.inspect('descriptors')).flat() as readonly DescriptorSnapshot[];
  const known = new Set(seen.map(({ fd }) => fd));
  for (const { fd } of context.stats.listeners) known.add(fd);
  for (const { fd } of context.cliListeners) known.add(fd);
  const rows: string[] = [];
  for (const name of readdirSync('/proc/self/fd')) {
    if (known.has(Number(name))) continue;
    rows.push(`${name.padStart(7)} : ${targetOf(name)}\n`);
  }
  return rows;
}

/** The list itself is read through a descriptor, which is gone by now. */
function targetOf(name: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    return '(closed)';
  }
}

function hash({ session, words }: RuntimeCall): Answer {
  return information(anonymous(session.anonKey, words[0] ?? ''));
}

/** A fault that nobody catches: this worker ends as it would by a mistake of ours. */
function bug(): Answer {
  setImmediate(() => {
    throw new Error('debug dev bug');
  });
  return '';
}

async function check({ context }: RuntimeCall): Promise<Answer> {
  await context.inspect('check');
  return '';
}

const shutBoth = 2;

/** Ends a connection as a network that failed would: both sides notice, and nothing is reused. */
async function close({ context, words }: RuntimeCall): Promise<Answer> {
  if (words[0] === undefined) return failure('Missing file descriptor number.');
  if (words[1] !== undefined) return failure(`'${words[1]}' is not supported.`);
  const fd = Number.parseInt(words[0], 10);
  // What a thread answers to 'descriptors' is a list of these (context.ts).
  const seen = (await context.inspect('descriptors')).flat() as readonly DescriptorSnapshot[];
  const found = seen.find((one) => one.fd === fd && (one.kind === 'front' || one.kind === 'back'));
  if (found === undefined) return information('File descriptor was already closed.');
  context.sys.shutdown(fd, shutBoth);
  return '';
}

const schedUsage =
  'Usage: debug dev sched {task|tasklet} { <obj> = <value> }*\n' +
  '     <obj>   = {count | inter}\n' +
  '     <value> = 64-bit dec/hex integer (0x prefix supported)';

/** Timers or acts that every proxy thread repeats for as long as it lives. */
async function sched({ context, words }: RuntimeCall): Promise<Answer> {
  const isTask = words[0] === 'task';
  if (!isTask && words[0] !== 'tasklet') return failure(schedUsage);
  const values = { count: 0, inter: 0 };
  for (const word of words.slice(1)) {
    const [, name, text] = /^(\w+)=(.*)$/.exec(word) ?? [];
    if (name !== 'count' && name !== 'inter') return failure(`Unsupported setting: '${word}'.`);
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) {
      return failure(`Ignoring unparsable value '${text}' for field '${name}'.`);
    }
    values[name] = value;
  }
  await context.inspect('stress', [isTask ? 1 : 0, values.count, values.inter]);
  return '';
}

type Run = RuntimeCommandDef['run'];

/** Counted; needs expert mode. */
function dangerous(
  name: string,
  usage: string,
  help: string,
  run: Run,
): RuntimeCommandDef & { readonly mode: 'expert' } {
  return {
    words: ['debug', 'dev', name],
    requires: 'admin',
    mode: 'expert',
    usage,
    help,
    run: (call) => {
      call.context.debugCommands++;
      return run(call);
    },
  };
}

export const debugCommands: readonly RuntimeCommandDef[] = [
  dangerous('abort', '', 'end this worker as a fault would, with a core', abort),
  dangerous('bug', '', 'end this worker as a mistake in its code would', bug),
  dangerous('check', '', 'make a fault that every proxy thread survives', check),
  dangerous('close', '<fd>', 'cut a connection off', close),
  dangerous('delay', '[ms]', 'hold the control thread', delay),
  dangerous('exit', '[code]', 'end this worker at once', exit),
  dangerous('fd', '', 'list descriptors that nobody watches', rogueDescriptors),
  dangerous('log', '[msg]*', 'send this message to the global logs', log),
  dangerous('loop', '<ms> [warn]', 'hold all proxy threads', loop),
  dangerous('panic', '', 'end this worker as a fault would, with a core', abort),
  dangerous('sched', '{task|tasklet} [k=v]*', 'keep the proxy threads busy', sched),
  dangerous('tkill', '[thr] [sig]', 'send this process a signal', kill),
  dangerous('warn', '', 'emit a warning', warn),
  dangerous('write', '[size]', 'print that many bytes', write),
  {
    words: ['debug', 'dev', 'hash'],
    requires: 'user',
    usage: '[msg]',
    help: 'show a word as this session would hide it',
    run: hash,
  },
];
