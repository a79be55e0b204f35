// Commands about streams, which HAProxy's commands call sessions: `show sess` in its two forms,
// `shutdown session`. The proxy threads answer one after the other while traffic goes on.

import { parseTime } from '../../shared/units.ts';
import { anonymous, anonymousAddress } from './anonymity.ts';
import {
  type Answer,
  failure,
  information,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
} from './command.ts';
import type { StreamSnapshot } from '../stream/snapshot.ts';
import type { RuntimeContext } from './context.ts';
import { sessionDetails } from './session-details.ts';
import { findServer, isMessage } from './target.ts';
import { shortAge, shortDelay } from './times.ts';

const usage =
  'Usage: show sess [<id> | all | help] [<options>*]\n' +
  'Lists the streams there are, one a line, or with all details. Which:\n' +
  '   <id>         this one (0x...), in detail\n' +
  '   all          all, in detail\n' +
  '   susp         those without a timeout or past it\n' +
  '   help         this text\n' +
  'Options:\n' +
  '   show-uri     with the URI of the request\n' +
  '   older <age>  those older than <age> (seconds)\n' +
  '   server <b/s> those of this server\n' +
  '   backend <b>  those of this backend\n' +
  '   frontend <f> those of this frontend\n';

type Test = (session: StreamSnapshot) => boolean;

interface Filter {
  readonly tests: Test[];
  id: number | null;
  isDetailed: boolean;
  withUri: boolean;
}

/** What a word adds to the filter; `value` is the word after it. A text says what is wrong. */
type Option = (filter: Filter, context: RuntimeContext, value: string | undefined) => string;

interface OptionDef {
  readonly takesValue: boolean;
  readonly apply: Option;
}

const flag = (apply: (filter: Filter) => void): OptionDef => ({
  takesValue: false,
  apply: (filter) => {
    apply(filter);
    return '';
  },
});

const valued = (apply: Option): OptionDef => ({ takesValue: true, apply });

const options: ReadonlyMap<string, OptionDef> = new Map<string, OptionDef>([
  ['all', flag((filter) => void (filter.isDetailed = true))],
  ['show-uri', flag((filter) => void (filter.withUri = true))],
  ['susp', flag((filter) => void filter.tests.push(({ expireMs }) => expireMs <= 0))],
  ['older', valued(olderThan)],
  ['frontend', valued((filter, context, name) => ofProxy(filter, context, 'frontend', name))],
  ['backend', valued((filter, context, name) => ofProxy(filter, context, 'backend', name))],
  ['server', valued(ofServer)],
]);

function olderThan(filter: Filter, _context: RuntimeContext, value: string | undefined): string {
  if (value === undefined) return 'Expects a minimum age (in seconds by default).';
  const { value: seconds, fault } = parseTime(value, 's');
  if (fault !== '') return 'Invalid age.';
  filter.tests.push(({ ageMs }) => ageMs >= seconds * 1000);
  return '';
}

function ofProxy(
  filter: Filter,
  { stats }: RuntimeContext,
  side: 'frontend' | 'backend',
  name: string | undefined,
): string {
  if (name === undefined) return `Missing ${side} name.`;
  const other = side === 'frontend' ? 'backend' : 'frontend';
  const known = stats.model.proxies.some((one) => one.name === name && one.kind !== other);
  if (!known) return `No such ${side}.`;
  filter.tests.push((session) => session[side] === name);
  return '';
}

function ofServer(filter: Filter, context: RuntimeContext, value: string | undefined): string {
  if (value === undefined) return 'Missing server name (<backend>/<server>).';
  const target = findServer(context, value);
  if (isMessage(target)) return target.text;
  filter.tests.push(({ backend, server }) => `${backend}/${server}` === target.name);
  return '';
}

const sessionId = /^(0x[0-9a-f]+|\d+)$/i;

function parseFilter(context: RuntimeContext, words: readonly string[]): Filter | string {
  const filter: Filter = { tests: [], id: null, isDetailed: false, withUri: false };
  for (let i = 0; i < words.length; i++) {
    const option = options.get(words[i]);
    if (option === undefined) {
      if (!sessionId.test(words[i])) {
        return `Unsupported option '${words[i]}', try 'help' for more info.`;
      }
      filter.id = Number(words[i]);
      filter.isDetailed = true;
      continue;
    }
    const fault = option.apply(filter, context, words[i + 1]);
    if (fault !== '') return fault;
    if (option.takesValue) i++;
  }
  return filter;
}

async function allSessions(context: RuntimeContext): Promise<readonly StreamSnapshot[]> {
  // What a thread answers to 'sessions' is a list of these (context.ts).
  return (await context.inspect('sessions')).flat() as readonly StreamSnapshot[];
}

async function showSessions({ context, session, words }: RuntimeCall): Promise<Answer> {
  if (words[0] === 'help') return information(usage);
  const filter = parseFilter(context, words);
  if (typeof filter === 'string') return failure(filter);
  const { id, tests, isDetailed, withUri } = filter;
  const sessions = await allSessions(context);
  const chosen = sessions.filter(
    (one) => (id === null || one.id === id) && tests.every((test) => test(one)),
  );
  if (id !== null && chosen.length === 0) return 'Session not found.\n';
  const { anonKey } = session;
  return chosen.map((one) =>
    isDetailed ? sessionDetails(context, one, anonKey) : sessionRow(one, withUri, anonKey),
  );
}

/** Address and port, both of which may be hidden. */
function sourceText(source: string, anonKey: number): string {
  const colon = source.lastIndexOf(':');
  if (anonKey === 0 || source.startsWith('unix:')) return source;
  return anonymousAddress(anonKey, source.slice(0, colon)) + source.slice(colon);
}

function sessionRow(one: StreamSnapshot, withUri: boolean, anonKey: number): string {
  const name = (text: string, none: string): string =>
    text === '' ? none : anonymous(anonKey, text);
  const expire = one.expireMs < 0 ? '' : shortDelay(one.expireMs);
  const { state, flags } = one;
  const side = (fd: number): string => `[${state},${flags.toString(16)}h,fd=1/${fd},rex=,wex=]`;
  const fields = [
    `0x${one.id.toString(16)}: proto=${one.protocol} src=${sourceText(one.source, anonKey)}`,
    `fe=${name(one.frontend, '')} be=${name(one.backend, '<NONE>')}`,
    `srv=${name(one.server, '<none>')} ts=${state.toString(16).padStart(2, '0')}`,
    `thr=${one.thread} age=${shortAge(one.ageMs)}`,
    `rq[i=${one.requestPending}] rp[i=${one.responsePending}]`,
    `scf=${side(one.frontFd)} scb=${side(one.backFd)}`,
    `exp=${expire} rc=${one.retries}`,
  ];
  if (withUri && one.uri !== '') fields.push(`uri="${anonymous(anonKey, one.uri)}"`);
  return `${fields.join(' ')}\n`;
}

const total = (counts: readonly unknown[]): number =>
  counts.reduce<number>((sum, count) => sum + Number(count), 0);

async function shutdownSession({ context, words }: RuntimeCall): Promise<Answer> {
  const unnamed: RuntimeMessage = failure("Session pointer expected (use 'show sess').");
  if (words[0] === undefined || !sessionId.test(words[0])) return unnamed;
  const ended = total(await context.inspect('shutdown-session', [Number(words[0])]));
  return ended > 0 ? '' : failure("No such session (use 'show sess').");
}

async function shutdownServerSessions({ context, words }: RuntimeCall): Promise<Answer> {
  const target = findServer(context, words[0]);
  if (isMessage(target)) return target;
  await context.inspect('shutdown-server', [target.proxyIndex, target.serverIndex]);
  return '';
}

export const sessionListCommands = [
  {
    words: ['show', 'sess'],
    requires: 'operator',
    usage: '[help|<id>|all] [opts...]',
    help: 'list the streams, or show one in detail',
    run: showSessions,
  },
  {
    words: ['shutdown', 'session'],
    requires: 'admin',
    usage: '[id]',
    help: 'end one stream',
    run: shutdownSession,
  },
  {
    words: ['shutdown', 'sessions', 'server'],
    requires: 'admin',
    usage: '<bk>/<srv>',
    help: 'end all streams of a server',
    run: shutdownServerSessions,
  },
] as const satisfies readonly RuntimeCommandDef[];
