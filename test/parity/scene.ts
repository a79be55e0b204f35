// What the reference is asked: scenes, each a message, what the frontend does before, and the
// expressions, conditions and formats to answer on it. record.ts asks a haproxy binary and writes
// the answers down; answers.test.ts asks us. Nothing here runs either.

import { createHash } from 'node:crypto';

export type Question = 'value' | 'condition' | 'format';

export interface Scene {
  /** File of the answers: answers/NAME.jsonl. */
  readonly name: string;
  /** The rules that ask: http-request, http-response (after a request of its own), tcp content. */
  readonly place: 'request' | 'response' | 'payload';
  /** The message as bytes, one character each. */
  readonly message: string;
  /** Variables that are set first, by name. */
  readonly variables: Readonly<Record<string, string>>;
  /** Other lines of the frontend before the questions. */
  readonly lines: readonly string[];
  /** Files that may be named. */
  readonly files: Readonly<Record<string, string>>;
  /** Starts of expressions: every chain is asked on each. */
  readonly inputs: readonly string[];
  readonly chains: readonly string[];
  /** Whole expressions. */
  readonly values: readonly string[];
  /** What stands behind `if`. */
  readonly conditions: readonly string[];
  /** Log-format strings. */
  readonly formats: readonly string[];
}

/** A scene with nothing asked yet. */
export const emptyScene: Omit<Scene, 'name' | 'place' | 'message'> = {
  variables: {},
  lines: [],
  files: {},
  inputs: [],
  chains: [],
  values: [],
  conditions: [],
  formats: [],
};

/**
 * null: no value; '!' refused at start; else `type:text`, where addresses are hexadecimal and a
 * long text is `type~length:sha1`.
 */
export type Answer = string | null;
export const refused = '!';

/** One line of a file of answers: what was asked, with one answer or one for each input. */
export interface AnswerRow {
  readonly kind: Question;
  readonly text: string;
  readonly answers: readonly Answer[];
}

const longest = 160;

/** An answer of type `type` whose bytes are `text`. */
export function answerOf(type: string, text: string): string {
  if (text.length <= longest) return `${type}:${text}`;
  const sum = createHash('sha1').update(text, 'latin1').digest('hex').slice(0, 16);
  return `${type}~${text.length}:${sum}`;
}

/** The expression of one chain on one input. */
export const joinChain = (input: string, chain: string): string =>
  chain === '' ? input : `${input},${chain}`;

/** Everything a scene asks, in the order of its file. */
export function questionsOf(scene: Scene): { readonly kind: Question; readonly text: string }[] {
  const chained = scene.chains.flatMap((chain) =>
    scene.inputs.map((input) => ({ kind: 'value' as const, text: joinChain(input, chain) })),
  );
  return [
    ...chained,
    ...scene.values.map((text) => ({ kind: 'value' as const, text })),
    ...scene.conditions.map((text) => ({ kind: 'condition' as const, text })),
    ...scene.formats.map((text) => ({ kind: 'format' as const, text })),
  ];
}

/** The file of a scene's answers: a line for what answered and one for every row. */
export function writeAnswers(scene: Scene, reference: string, answers: readonly Answer[]): string {
  const lines = [JSON.stringify({ reference, inputs: scene.inputs })];
  const { inputs, chains } = scene;
  for (const [index, chain] of chains.entries()) {
    const own = answers.slice(index * inputs.length, (index + 1) * inputs.length);
    lines.push(JSON.stringify(['chain', chain, ...own]));
  }
  const rest = questionsOf(scene).slice(inputs.length * chains.length);
  for (const [index, { kind, text }] of rest.entries()) {
    lines.push(JSON.stringify([kind, text, answers[inputs.length * chains.length + index]]));
  }
  return `${lines.join('\n')}\n`;
}

/** Question and answer, one by one. */
export interface Recorded {
  readonly kind: Question;
  readonly text: string;
  readonly answer: Answer;
}

/** Reads a file that `writeAnswers` made. */
export function readAnswers(content: string): {
  readonly reference: string;
  readonly recorded: readonly Recorded[];
} {
  const [head, ...rows] = content.trimEnd().split('\n');
  const { reference, inputs } = JSON.parse(head) as { reference: string; inputs: string[] };
  const recorded = rows.flatMap((line): Recorded[] => {
    const [kind, text, ...answers] = JSON.parse(line) as [string, string, ...Answer[]];
    if (kind !== 'chain') return [{ kind: kind as Question, text, answer: answers[0] }];
    return inputs.map((input, index) => ({
      kind: 'value',
      text: joinChain(input, text),
      answer: answers[index],
    }));
  });
  return { reference, recorded };
}
