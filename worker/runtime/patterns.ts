// Commands on ACLs and maps (management.txt 9.3): every command in two forms that differ in words
// only. The control thread's lists answer; edits go to all threads in order (match/edits.ts).

import type { PatternEdit } from '../../shared/messages.ts';
import { patternEdit } from '../match/edits.ts';
import { isLaterVersion, type PatternReference } from '../match/pattern-reference.ts';
import {
  type Answer,
  failure,
  information,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import { isMessage } from './target.ts';
import type { RuntimeMessage } from './command.ts';
import { matchLines } from './pattern-lookup.ts';

/** The two families of commands. */
export interface PatternKind {
  readonly word: 'acl' | 'map';
  /** In messages. */
  readonly label: string;
  readonly isUsed: (reference: PatternReference) => boolean;
}

const acl: PatternKind = { word: 'acl', label: 'ACL', isUsed: (list) => list.usedByAcl };
const map: PatternKind = { word: 'map', label: 'map', isUsed: (list) => list.usedByMap };

const unknown = ({ label }: PatternKind): RuntimeMessage =>
  failure(`Unknown ${label} identifier. Please use #<id> or <file>.`);

/** The list a word names; `anyUse`: one that only the other family uses will do. */
function findList(
  { context }: RuntimeCall,
  word: string | undefined,
  kind: PatternKind,
  anyUse = false,
): PatternReference | RuntimeMessage {
  const found = word === undefined ? null : context.live.patterns.lookup(word);
  return found !== null && (anyUse || kind.isUsed(found)) ? found : unknown(kind);
}

/** The words without a leading `@<ver>`, and that version (-1: none; what is no number is 0). */
function takeVersion(words: readonly string[]): {
  readonly version: number;
  readonly rest: readonly string[];
} {
  const [first = ''] = words;
  if (!first.startsWith('@')) return { version: -1, rest: words };
  const digits = /^@(\d+)/.exec(first)?.[1] ?? '0';
  return { version: Number(BigInt.asUintN(32, BigInt(digits))), rest: words.slice(1) };
}

type Run = (call: RuntimeCall, kind: PatternKind) => Answer | Promise<Answer>;

/** Sends edits to all threads; done when every thread has them. */
async function apply({ context }: RuntimeCall, edits: readonly PatternEdit[]): Promise<''> {
  context.live.editPatterns(edits);
  // A question that comes behind the edits: whoever answers it has applied them.
  await context.inspect('thread');
  return '';
}

// ---- show, get ----

/** Entries of a long list, a few hundred lines at a time. */
const linesAtOnce = 200;

function* entryLines(reference: PatternReference, version: number): Iterable<string> {
  const entries = reference.current(version);
  for (let from = 0; from < entries.length; from += linesAtOnce) {
    let text = '';
    for (const { id, text: pattern, value } of entries.slice(from, from + linesAtOnce)) {
      const words = value === null ? pattern : `${pattern} ${value}`;
      text += `0x${id.toString(16).padStart(12, '0')} ${words}\n`;
    }
    yield text;
  }
}

function* listLines(references: readonly PatternReference[], kind: PatternKind): Iterable<string> {
  yield '# id (file) description\n';
  for (const list of references) {
    if (!kind.isUsed(list)) continue;
    const versions = `curr_ver=${list.generation} next_ver=${list.nextGeneration}`;
    yield `${list.id} (${list.name}) ${list.display}. ${versions} entry_cnt=${list.size}\n`;
  }
}

const show: Run = (call, kind) => {
  const { version, rest } = takeVersion(call.words);
  if (call.words.length === 0) return listLines(call.context.live.patterns.references, kind);
  const list = findList(call, rest[0], kind);
  if (isMessage(list)) return list;
  return entryLines(list, version < 0 ? list.generation : version);
};

const get: Run = (call, kind) => {
  const [word, key] = call.words;
  if (key === undefined) return failure(`Missing ${kind.label} identifier and/or key.`);
  const list = findList(call, word, kind, true);
  return isMessage(list) ? list : matchLines(list, key, kind.word === 'map');
};

// ---- add ----

const add: Run = (call, kind) => {
  const { version, rest } = takeVersion(call.words);
  const [word, key, value] = rest;
  const { payload } = call;
  const hasValue = kind.word === 'map';
  if (hasValue && (word === undefined || (payload === '' && value === undefined))) {
    return failure(
      "'add map' expects three parameters (map identifier, key and value) " +
        'or one parameter (map identifier) and a payload',
    );
  }
  if (!hasValue && (word === undefined || (payload === '' && key === undefined))) {
    return failure("'add acl' expects two parameters: ACL identifier and pattern.");
  }
  const list = findList(call, word, kind, true);
  if (isMessage(list)) return list;
  if (version >= 0 && isLaterVersion(version, list.nextGeneration)) {
    return failure(`Version number in the future, please use 'prepare ${kind.word}' before.`);
  }
  if (!hasValue && list.isMap) {
    return failure(
      'This ACL is shared with a map containing samples. ' +
        "You must use the command 'add map' to add values.",
    );
  }
  const pairs = payload === '' ? [[key, value ?? '']] : payloadPairs(payload);
  return addPairs(call, list, { pairs, hasValue, version });
};

/** `key value` of every line: the first word, and the rest without the blanks between them. */
function payloadPairs(payload: string): readonly (readonly string[])[] {
  return payload
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const found = /^([^ \t]*)(?:[ \t]+(.*))?$/s.exec(line);
      return found === null ? [line] : found[2] === undefined ? [found[1]] : [found[1], found[2]];
    });
}

interface Additions {
  readonly pairs: readonly (readonly string[])[];
  readonly hasValue: boolean;
  /** -1: the version in force. */
  readonly version: number;
}

/** Adds up to the first pair that is wrong, and says what is. */
async function addPairs(
  call: RuntimeCall,
  list: PatternReference,
  additions: Additions,
): Promise<Answer> {
  const { pairs, hasValue } = additions;
  const version = additions.version < 0 ? list.generation : additions.version;
  const edits: PatternEdit[] = [];
  let fault = '';
  for (const [text, given] of pairs) {
    const value = hasValue ? (given ?? null) : null;
    if (hasValue && value === null) fault = `Missing value for key '${text}'.`;
    else fault = list.check(text, value);
    if (fault !== '') break;
    edits.push(patternEdit('add', list, { text, value, version }));
  }
  if (edits.length > 0) await apply(call, edits);
  return fault === '' ? '' : failure(fault.endsWith('.') ? fault : `${fault}.`);
}

// ---- set, del, clear ----

/** The number of `#0x...`, 0: the word is a key; NaN: it is neither. */
function entryNumber(word: string): number {
  if (!word.startsWith('#0x')) return 0;
  return /^#0x[0-9a-fA-F]{1,13}$/.test(word) ? Number.parseInt(word.slice(3), 16) : Number.NaN;
}

const malformed = 'Malformed identifier. Please use #<id> or <file>.';

function set(call: RuntimeCall): Answer | Promise<Answer> {
  const [word, key, value] = call.words;
  if (value === undefined) {
    return failure("'set map' expects three parameters: map identifier, key and value.");
  }
  const list = findList(call, word, map, true);
  if (isMessage(list)) return list;
  const entry = entryNumber(key);
  if (Number.isNaN(entry)) return failure(malformed);
  const found = entry > 0 ? list.findId(entry) : list.first(key);
  if (found === null) {
    return failure(entry > 0 ? 'key or pattern not found.' : 'entry not found.');
  }
  const fault = list.checkValue(value);
  if (fault !== '') return failure(`${fault}.`);
  const text = entry > 0 ? '' : key;
  return apply(call, [patternEdit('value', list, { text, value, entry })]);
}

const remove: Run = (call, kind) => {
  const [word, key] = call.words;
  if (key === undefined) {
    return failure(`This command expects two parameters: ${kind.label} identifier and key.`);
  }
  const list = findList(call, word, kind);
  if (isMessage(list)) return list;
  const entry = entryNumber(key);
  if (Number.isNaN(entry)) return failure(malformed);
  const found = entry > 0 ? list.findId(entry) : list.first(key);
  if (found === null) return failure('Key not found.');
  const text = entry > 0 ? '' : key;
  return apply(call, [patternEdit('delete', list, { text, entry })]);
};

const clear: Run = (call, kind) => {
  const { version, rest } = takeVersion(call.words);
  if (rest[0] === undefined) return failure(`Missing ${kind.label} identifier.`);
  const list = findList(call, rest[0], kind);
  if (isMessage(list)) return list;
  const parts = version < 0 ? {} : { version };
  return apply(call, [patternEdit('clear', list, parts)]);
};

// ---- versions ----

const prepare: Run = (call, kind) => {
  const list = findList(call, call.words[0], kind);
  // Threads hear of a version when something is added to it.
  return isMessage(list) ? list : information(`New version created: ${list.prepare()}`);
};

const commit: Run = (call, kind) => {
  const { version, rest } = takeVersion(call.words);
  if (version < 0) return failure('Missing version number.');
  if (rest[0] === undefined) return failure(`Missing ${kind.label} identifier.`);
  const list = findList(call, rest[0], kind);
  if (isMessage(list)) return list;
  if (!list.isPrepared(version)) return failure('Version number out of range.');
  return apply(call, [patternEdit('commit', list, { version })]);
};

interface Form {
  readonly verb: string;
  readonly usage: (word: string) => string;
  readonly help: (label: string) => string;
  readonly run: Run;
}

const forms: readonly Form[] = [
  {
    verb: 'add',
    usage: (word) => `[@<ver>] <${word}> ${word === 'map' ? '<key> <val>' : '<pattern>'}`,
    help: (label) => `add entries to an ${label} (also as payload)`.replace('an map', 'a map'),
    run: add,
  },
  {
    verb: 'clear',
    usage: (word) => `[@<ver>] <${word}>`,
    help: () => 'remove all entries of a version',
    run: clear,
  },
  {
    verb: 'commit',
    usage: (word) => `@<ver> <${word}>`,
    help: () => 'put a prepared version in force',
    run: commit,
  },
  {
    verb: 'del',
    usage: (word) => `<${word}> [<key>|#<ref>]`,
    help: () => 'delete the entries of a key',
    run: remove,
  },
  {
    verb: 'get',
    usage: (word) => `<${word}> <value>`,
    help: () => 'what a value matches, for every method in use',
    run: get,
  },
  {
    verb: 'prepare',
    usage: (word) => `<${word}>`,
    help: () => 'a new version to fill and commit',
    run: prepare,
  },
  {
    verb: 'show',
    usage: (word) => `[@<ver>] [<${word}>]`,
    help: (label) => `the lists used as ${label}, or the entries of one`,
    run: show,
  },
];

export const patternCommands: readonly RuntimeCommandDef[] = [
  ...[acl, map].flatMap((kind) =>
    forms.map(
      (form): RuntimeCommandDef => ({
        words: [form.verb, kind.word],
        requires: 'admin',
        usage: form.usage(kind.word),
        help: form.help(kind.label),
        run: (call) => form.run(call, kind),
      }),
    ),
  ),
  {
    words: ['set', 'map'],
    requires: 'admin',
    usage: '<map> [<key>|#<ref>] <value>',
    help: 'change the value of a key of a map',
    run: set,
  },
];
