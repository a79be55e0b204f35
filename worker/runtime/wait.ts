// `wait` (management.txt 9.3): sleeps, or looks again and again whether a condition holds, longer
// and longer apart. A condition is a row. Control thread; other sessions go on meanwhile.

import { parseTime } from '../../shared/units.ts';
import { type Answer, failure, information, type RuntimeCall } from './command.ts';
import type { RuntimeContext } from './context.ts';
import { backendRemovability, type Removability, serverRemovability } from './removability.ts';

/** What a look at a condition found: 'no' may become 'yes', 'never' will not. */
interface Finding {
  readonly holds: 'yes' | 'no' | 'never';
  readonly why: string;
}

interface Condition {
  readonly name: string;
  readonly usage: string;
  /** What is wrong with the word that follows, '' when it may be looked at. */
  readonly check: (word: string | undefined) => string;
  readonly look: (context: RuntimeContext, word: string) => Finding;
}

const conditions: readonly Condition[] = [
  {
    name: 'srv-removable',
    usage: 'srv-removable <px>/<sv> : the server is in maintenance and has no connection left',
    check: (word) => {
      if (word === undefined) return 'Missing server name (<backend>/<server>).';
      return /.\/./.test(word) ? '' : "Require 'backend/server'.";
    },
    look: (context, word) => asFinding(serverRemovability(context, word)),
  },
  {
    name: 'be-removable',
    usage: 'be-removable <px> : the backend is unpublished, without servers and without streams',
    check: (word) => (word === undefined ? 'Missing backend name.' : ''),
    look: (context, word) => asFinding(backendRemovability(context, word)),
  },
];

const answers = { now: 'yes', later: 'no', never: 'never' } as const;

function asFinding({ state, text }: Removability): Finding {
  return { holds: answers[state], why: text };
}

const usage =
  'Usage: wait {-h|<duration>} [condition [args...]]\n' +
  '  -h          this text\n' +
  '  <duration>  the longest wait, in ms unless a unit (us, ms, s, m, h, d) follows\n' +
  '  condition   what to wait for; without one the command only sleeps:\n' +
  conditions.map((one) => `    ${one.usage}\n`).join('');

/** Milliseconds of a time, -1 when it is none. */
function duration(text: string): number {
  const { value, fault } = parseTime(text, 'ms');
  return fault === '' && value >= 1 ? value : -1;
}

/** `wait <duration> [condition]`. */
export async function wait({ context, words, session }: RuntimeCall): Promise<Answer> {
  if (words.length === 0) return failure('Expects a duration in milliseconds.');
  if (words[0] === '-h' || words[1] === '-h') return information(usage);
  const limitMs = duration(words[0]);
  if (limitMs < 0) return failure('Invalid duration.');
  const condition = conditions.find(({ name }) => name === words[1]);
  if (words[1] !== undefined && condition === undefined) return failure(usage);
  const fault = condition?.check(words[2]) ?? '';
  if (fault !== '') return failure(fault);
  const startMs = performance.now();
  for (;;) {
    const finding = condition?.look(context, words[2]) ?? { holds: 'no', why: '' };
    if (finding.holds === 'yes') return 'Done.\n';
    if (finding.holds === 'never') return failure(`Failed. ${finding.why}`);
    const elapsedMs = performance.now() - startMs;
    const leftMs = limitMs - elapsedMs;
    if (leftMs <= 0) {
      return condition === undefined ? 'Done.\n' : failure(`Wait delay expired. ${finding.why}`);
    }
    if (session.isGone()) return failure('Interrupted.');
    const pauseMs = Math.min(leftMs, elapsedMs / 2 + 1, Math.max(1, limitMs / 10));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
