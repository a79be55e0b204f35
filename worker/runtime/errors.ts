// `show errors` (management.txt 9.3): the last malformed request and response of each proxy, as the
// threads have kept them, with the byte that is wrong. The layout is the reference's.

import { anonymous, anonymousAddress } from './anonymity.ts';
import { type Answer, failure, type RuntimeCall, type RuntimeCommandDef } from './command.ts';
import type { ErrorCapture } from '../stream/error-captures.ts';
import type { CapturedErrors, RuntimeContext } from './context.ts';
import { stamp } from './times.ts';

interface Choice {
  /** Id of a proxy, -1: all. */
  readonly proxyId: number;
  readonly requests: boolean;
  readonly responses: boolean;
}

function choose(context: RuntimeContext, [name, side]: readonly string[]): Choice | null {
  const both = { requests: side !== 'response', responses: side !== 'request' };
  if (name === undefined) return { proxyId: -1, requests: true, responses: true };
  const { proxies } = context.stats.model;
  const named = proxies.find((proxy) => proxy.name === name);
  if (named !== undefined) return { proxyId: named.id, ...both };
  const id = /^-?\d+/.exec(name);
  return id === null ? null : { proxyId: Number(id[0]), ...both };
}

async function showErrors({ context, session, words }: RuntimeCall): Promise<Answer> {
  const choice = choose(context, words);
  if (choice === null) return failure('No such proxy.');
  // What a thread answers to 'errors' is this (context.ts).
  const threads = (await context.inspect('errors')) as readonly CapturedErrors[];
  const total = threads.reduce((sum, { count }) => sum + count, 0);
  const { proxies } = context.stats.model;
  const idOf = (index: number): number => proxies[index]?.id ?? -1;
  const chosen = latest(threads.flatMap(({ list }) => list)).filter(
    ({ isResponse, proxyIndex, otherIndex }) =>
      (isResponse ? choice.responses : choice.requests) &&
      (choice.proxyId < 0 || [proxyIndex, otherIndex].some((at) => idOf(at) === choice.proxyId)),
  );
  return [
    `Total events captured on [${stamp(Date.now(), 3)}] : ${total}\n`,
    ...chosen.map((one) => head(context, one, session.anonKey) + dump(one.bytes)),
  ];
}

/** Of what several threads have kept for one proxy and side, the newest. */
function latest(all: readonly ErrorCapture[]): ErrorCapture[] {
  const byPlace = new Map<number, ErrorCapture>();
  for (const one of all) {
    const place = one.proxyIndex * 2 + Number(one.isResponse);
    const known = byPlace.get(place);
    if (known === undefined || known.wallMs < one.wallMs) byPlace.set(place, one);
  }
  return [...byPlace].sort(([a], [b]) => a - b).map(([, one]) => one);
}

function head({ stats }: RuntimeContext, one: ErrorCapture, anonKey: number): string {
  const { proxies } = stats.model;
  const named = (index: number): string =>
    index < 0
      ? '<NONE> (#-1)'
      : `${anonymous(anonKey, proxies[index].name)} (#${proxies[index].id})`;
  const { proxyIndex, otherIndex, isResponse, serverIndex, bytes, bufferBytes } = one;
  const server =
    proxies[isResponse ? proxyIndex : Math.max(0, otherIndex)]?.servers[serverIndex] ?? null;
  const serverText =
    server === null ? '<NONE> (#-1)' : `${anonymous(anonKey, server.name)} (#${server.id})`;
  const colon = one.source.lastIndexOf(':');
  const source = anonymousAddress(anonKey, one.source.slice(0, colon)) + one.source.slice(colon);
  const [own, other] = isResponse ? ['backend', 'frontend'] : ['frontend', 'backend'];
  return (
    ` \n[${stamp(one.wallMs, 3)}] ${own} ${named(proxyIndex)}: ` +
    `invalid ${isResponse ? 'response' : 'request'}\n` +
    `  ${other} ${named(otherIndex)}, server ${serverText}, event #${one.event - 1}, ` +
    `src ${source}\n` +
    `  buffer starts at 0 (including 0 out), ${bufferBytes - bytes.length} free,\n` +
    `  len ${bytes.length}, wraps at ${bufferBytes}, error at position ${one.errorAt}\n` +
    '  \n'
  );
}

const widthMax = 79;

const letters: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\x1b': '\\e',
  '\\': '\\\\',
};

/** As it is, a letter behind a backslash, or \xNN. */
function shown(char: string): string {
  const letter = letters[char];
  if (letter !== undefined) return letter;
  if (char >= ' ' && char <= '~') return char;
  return `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Offsets in front; a line that goes on has a + behind its offset. */
export function dump(bytes: string): string {
  let text = '';
  let lineAt = 0;
  for (let at = 0; at < bytes.length; ) {
    let line = `  ${String(at).padStart(5, '0')}${at === lineAt ? ' ' : '+'} `;
    for (; at < bytes.length; at++) {
      const next = shown(bytes[at]);
      if (line.length + next.length > widthMax) break;
      line += next;
      if (bytes[at] !== '\n') continue;
      at++;
      lineAt = at;
      break;
    }
    text += `${line}\n`;
  }
  return text;
}

export const errorCommands = [
  {
    words: ['show', 'errors'],
    requires: 'operator',
    usage: '[<px>] [request|response]',
    help: 'show the last malformed requests and responses',
    run: showErrors,
  },
] as const satisfies readonly RuntimeCommandDef[];
