// `show fd`: the descriptors that proxy threads watch, one a line, in the reference's layout as far
// as it applies (management.txt 9.3): what is ready and active, who owns it, where it leads.

import { anonymous, anonymousAddress } from './anonymity.ts';
import { type Answer, failure, type RuntimeCall } from './command.ts';
import type { DescriptorSnapshot } from './context.ts';

type Kind = DescriptorSnapshot['kind'];

/** What the letters of the argument select. */
const selections: Readonly<Record<string, readonly Kind[]>> = {
  p: ['pipe'],
  l: ['listener'],
  c: ['front', 'back'],
  f: ['front'],
  b: ['back'],
  s: ['back'],
};

const allKinds: readonly Kind[] = ['pipe', 'listener', 'front', 'back'];

interface Choice {
  kinds: Set<Kind> | null;
  fd: number;
}

/** `-` and `!` turn the letters after them round, within their word. */
function choose(choice: Choice, word: string): string {
  const number = /^(?:\d*\/)?(\d+)$/.exec(word);
  if (number !== null) {
    choice.fd = Number(number[1]);
    return '';
  }
  if (/^\d*\/$/.test(word)) return '';
  let isInverted = false;
  for (const letter of word) {
    if (letter === '-' || letter === '!') {
      isInverted = true;
      continue;
    }
    const meant = selections[letter];
    if (meant === undefined) return 'Invalid FD type';
    choice.kinds ??= new Set(isInverted ? allKinds : []);
    for (const kind of meant) {
      if (isInverted) choice.kinds.delete(kind);
      else choice.kinds.add(kind);
    }
  }
  return '';
}

/** Runs the command. */
export async function showDescriptors({ context, session, words }: RuntimeCall): Promise<Answer> {
  const choice: Choice = { kinds: null, fd: -1 };
  for (const word of words) {
    const fault = choose(choice, word);
    if (fault !== '') return failure(fault);
  }
  // What a thread answers to 'descriptors' is a list of these (context.ts).
  const seen = (await context.inspect('descriptors')).flat() as readonly DescriptorSnapshot[];
  const byNumber = new Map<number, DescriptorSnapshot[]>();
  for (const one of seen) {
    if (choice.kinds?.has(one.kind) === false) continue;
    if (choice.fd >= 0 && one.fd !== choice.fd) continue;
    const known = byNumber.get(one.fd);
    if (known === undefined) byNumber.set(one.fd, [one]);
    else known.push(one);
  }
  const numbers = [...byNumber.keys()].sort((a, b) => a - b);
  return numbers.map((fd) => descriptorRow(byNumber.get(fd) ?? [], session.anonKey));
}

/** One line; a listener is watched by several threads. */
function descriptorRow(threads: readonly DescriptorSnapshot[], anonKey: number): string {
  const [one] = threads;
  const mask = threads.reduce((bits, { thread }) => bits + 2 ** (thread - 1), 0);
  const letter = (is: boolean, char: string): string => (is ? char.toUpperCase() : char);
  const state =
    `cl he${letter(one.writable, 'o')}p${letter(one.readable, 'i')} ` +
    `W:s${letter(one.writable, 'r')}a R:s${letter(one.readable, 'r')}A`;
  const flags = Number(one.readable) + 2 * Number(one.writable) + 4 * Number(one.hangup);
  return (
    `${String(one.fd).padStart(7)} : st=0x${flags.toString(16).padStart(6, '0')}(${state}) ` +
    `ref=0 gid=1 tmask=0x${mask.toString(16)} iocb=${one.kind}${describe(one, anonKey)}` +
    `${one.broken ? ' !' : ''}\n`
  );
}

function describe(one: DescriptorSnapshot, anonKey: number): string {
  if (one.kind === 'pipe') return '';
  const proxy = anonymous(anonKey, one.proxy);
  if (one.kind === 'listener') {
    const status = one.readable ? 'RDY' : 'LIM';
    return ` l.st=${status} fe=${proxy} fam=${one.family} lport=${one.port}`;
  }
  const isBack = one.kind === 'back';
  const place = `${anonymousAddress(anonKey, one.address)}:${one.port}`;
  const ends = isBack ? `dst=${place}` : `fe=${proxy} src=${place}`;
  return ` back=${isBack ? 1 : 0} fam=${one.family} ${ends}` + ` xprt=${one.isTls ? 'SSL' : 'RAW'}`;
}
