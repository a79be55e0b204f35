// Commands about the session itself: prompt, levels, severities, timeouts, waiting. One row each.

import { parseTime } from '../../shared/units.ts';
import {
  type Answer,
  failure,
  information,
  isAllowed,
  type Level,
  type RuntimeCall,
  type RuntimeCommandDef,
  type SessionState,
} from './command.ts';
import { wait } from './wait.ts';

const promptUsage =
  'Usage: prompt [help | n | i | p | timed]*\n' +
  'Chooses how the session goes on after a command:\n' +
  '  help    display this help\n' +
  '  n       one line of commands, then disconnect\n' +
  '  i       interactive, no prompt\n' +
  '  p       interactive, with a prompt\n' +
  '  timed   show or hide the uptime in the prompt\n' +
  'Without argument: from n or i to p, from p to n.\n';

type Mode = 'n' | 'i' | 'p';
const modes: ReadonlySet<string> = new Set(['n', 'i', 'p']);

function prompt({ session, words }: RuntimeCall): Answer {
  let mode: Mode | null = null;
  let timed = false;
  for (const word of words) {
    if (word === 'help') return information(promptUsage);
    if (word === 'timed') timed = true;
    // The set holds exactly the members of the union.
    else if (modes.has(word)) mode = word as Mode;
    else return failure(promptUsage);
  }
  if (timed) session.timed = !session.timed;
  const isFull = session.prompt && session.interactive;
  const next = mode ?? (timed || !isFull ? 'p' : 'n');
  session.interactive = next !== 'n';
  session.prompt = next === 'p';
  return '';
}

function lower(level: Level) {
  return ({ session, words }: RuntimeCall): Answer => {
    if (words[0] === '-') session.unterminated = true;
    if (!isAllowed(session.level, level)) return failure('Permission denied');
    session.level = level;
    session.expert = false;
    session.experimental = false;
    return '';
  };
}

function toggle(name: string, flag: 'expert' | 'experimental') {
  return ({ session, words }: RuntimeCall): Answer => {
    if (words[1] === '-') session.unterminated = true;
    if (words.length === 0) return information(`${name} is ${session[flag] ? 'ON' : 'OFF'}`);
    session[flag] = words[0] === 'on';
    return '';
  };
}

const severities: ReadonlySet<string> = new Set(['none', 'number', 'string']);

function severityOutput({ session, words }: RuntimeCall): Answer {
  if (words[1] === '-') session.unterminated = true;
  if (!severities.has(words[0])) {
    return failure("one of 'none', 'number', 'string' is a required argument");
  }
  session.severityOutput = words[0] as SessionState['severityOutput'];
  return '';
}

function timeout({ session, words }: RuntimeCall): Answer {
  if (words[0] !== 'cli') return failure("'set timeout' only supports 'cli'.");
  if (words.length < 2) return failure('Expects an integer value.');
  const ms = duration(words[1], 's');
  if (ms < 1000) return failure('Invalid timeout value.');
  session.timeoutMs = ms;
  return '';
}

/** Milliseconds of a time, -1 when it is none. */
function duration(text: string, unit: 's' | 'ms'): number {
  const { value, fault } = parseTime(text, unit);
  if (fault !== '') return -1;
  return unit === 's' ? value * 1000 : value;
}

export const sessionCommands = [
  {
    words: ['echo'],
    requires: 'user',
    usage: '<text>',
    help: 'print text to the output',
    run: ({ words }) => information(words.join(' ')),
  },
  {
    words: ['expert-mode'],
    requires: 'admin',
    usage: '[on|off]',
    help: '',
    run: toggle('expert-mode', 'expert'),
  },
  {
    words: ['experimental-mode'],
    requires: 'admin',
    usage: '[on|off]',
    help: '',
    run: toggle('experimental-mode', 'experimental'),
  },
  {
    words: ['operator'],
    requires: 'user',
    usage: '',
    help: 'lower the level of this session to operator',
    run: lower('operator'),
  },
  {
    words: ['user'],
    requires: 'user',
    usage: '',
    help: 'lower the level of this session to user',
    run: lower('user'),
  },
  { words: ['prompt'], requires: 'user', usage: '', help: '', run: prompt },
  {
    words: ['quit'],
    requires: 'user',
    usage: '',
    help: '',
    run: ({ session }) => {
      session.isEnding = true;
      return '';
    },
  },
  {
    words: ['set', 'severity-output'],
    requires: 'user',
    usage: '[none|number|string]',
    help: 'show severities in front of messages',
    run: severityOutput,
  },
  {
    words: ['set', 'timeout'],
    requires: 'user',
    usage: '[cli] <delay>',
    help: 'change how long an idle session lives',
    run: timeout,
  },
  {
    words: ['show', 'cli', 'level'],
    requires: 'user',
    usage: '',
    help: 'show what this session may do',
    run: ({ session }) => information(session.level),
  },
  {
    words: ['wait'],
    requires: 'admin',
    usage: '{-h|<delay_ms>} cond [args...]',
    help: 'wait for a time or a condition (-h lists them)',
    run: wait,
  },
] as const satisfies readonly RuntimeCommandDef[];
