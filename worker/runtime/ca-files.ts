// Files of authorities and of revocations while the process serves (management.txt 9.3: new, set,
// add, commit, abort, del, show ssl ca-file; the same without add for crl-file). One transaction of
// each kind at a time, as in HAProxy.

import { entriesOf } from '../../shared/config/model-certificates.ts';
import { isGone, type Model } from '../../shared/config/model.ts';
import {
  type Answer,
  failure,
  notice,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
} from './command.ts';
import type { RuntimeContext } from './context.ts';
import { certificatesIn, certificateText, revocationBlocks } from './pem.ts';
import { revocationText } from './revocations.ts';

/** What is different between the two kinds of files. */
interface Kind {
  readonly word: 'ca-file' | 'crl-file';
  readonly label: 'CA' | 'CRL';
  readonly field: 'caFile' | 'crlFile';
  readonly payload: string;
  /** What each part of the file says; null: it is no such file. */
  readonly parts: (context: RuntimeContext, pem: string) => readonly string[] | null;
}

const kinds: readonly Kind[] = [
  {
    word: 'ca-file',
    label: 'CA',
    field: 'caFile',
    payload: 'CAs',
    parts: (_context, pem) => certificatesIn(pem)?.map(certificateText) ?? null,
  },
  {
    word: 'crl-file',
    label: 'CRL',
    field: 'crlFile',
    payload: 'CRLs',
    parts: (context, pem) => {
      const texts = revocationBlocks(pem).map((block) => revocationText(context, block));
      return texts.every((text) => text !== null) ? texts.filter((text) => text !== null) : null;
    },
  },
];

const headings = { CA: 'Certificate', CRL: 'Certificate Revocation List' };

interface Files {
  /** Made by `new`. */
  readonly made: Set<string>;
  /** What is being filled, null: nothing. */
  transaction: { readonly name: string; readonly pem: string } | null;
}

/** By the model of a worker: a worker has one. */
const files = new WeakMap<Model, Readonly<Record<Kind['word'], Files>>>();

function filesOf({ stats }: RuntimeContext, { word }: Kind): Files {
  let known = files.get(stats.model);
  if (known === undefined) {
    known = {
      'ca-file': { made: new Set(), transaction: null },
      'crl-file': { made: new Set(), transaction: null },
    };
    files.set(stats.model, known);
  }
  return known[word];
}

/** Names of the files in use by servers and listeners, lines of lists included. */
function usedFiles(model: Model, { field }: Kind): Set<string> {
  const names = new Set<string>();
  for (const { servers, binds } of model.proxies) {
    for (const server of servers) {
      if (!isGone(server) && server.ssl !== null) names.add(server.ssl[field]);
    }
    for (const { ssl } of binds) {
      if (ssl === null) continue;
      names.add(ssl[field]);
      for (const { ssl: own } of entriesOf(model, ssl.crts)) names.add(own?.[field] ?? '');
    }
  }
  names.delete('');
  return names;
}

/** What is in force; undefined: there is no such file. */
function contentOf(context: RuntimeContext, kind: Kind, name: string): string | undefined {
  const { model } = context.stats;
  if (filesOf(context, kind).made.has(name)) return model.contents[name] ?? '';
  return usedFiles(model, kind).has(name) ? model.contents[name] : undefined;
}

// ---- changes ----

type Run = (call: RuntimeCall, kind: Kind) => Answer;

const create: Run = ({ context, words: [name] }, kind) => {
  if (name === undefined) return failure(`'new ssl ${kind.word}' expects a filename`);
  const { made } = filesOf(context, kind);
  if (made.has(name) || name in context.stats.model.contents) {
    return failure(`${kind.label} file '${name}' already exists!`);
  }
  made.add(name);
  return notice(`New ${kind.label} file created '${name}'!`);
};

/** `set` and `add`: the payload instead of, or behind, what the file has. */
const fill =
  (verb: 'set' | 'add'): Run =>
  ({ context, words: [name], payload }, kind) => {
    if (name === undefined || payload === '') {
      return failure(
        `'${verb} ssl ${kind.word}' expects a filename and ${kind.payload} as a payload`,
      );
    }
    const state = filesOf(context, kind);
    const { transaction } = state;
    const refuse = (why: string): RuntimeMessage => failure(`${why}\nCan't update ${name}!`);
    if (transaction !== null && transaction.name !== name) {
      return refuse(otherText(transaction.name, `set '${name}'`));
    }
    const before = transaction?.pem ?? contentOf(context, kind, name);
    if (before === undefined) {
      return refuse(
        `Can't replace a ${kind.label} file which is not referenced by the configuration!`,
      );
    }
    const found = kind.parts(context, payload);
    if (found === null || found.length === 0) return refuse('Invalid payload');
    state.transaction = { name, pem: verb === 'add' ? `${before}\n${payload}` : payload };
    const done = transaction === null ? 'created' : 'updated';
    return notice(`transaction ${done} for ${kind.label} ${name}!`);
  };

const otherText = (ongoing: string, what: string): string =>
  `The ongoing transaction is about '${ongoing}' but you are trying to ${what}`;

const commit: Run = ({ context, words: [name] }, kind) => {
  if (name === undefined) return failure(`'commit ssl ${kind.word}' expects a filename`);
  const state = filesOf(context, kind);
  const { transaction } = state;
  const refuse = (why: string): RuntimeMessage => failure(`${why}\nCan't commit ${name}!`);
  if (transaction === null) return refuse('No ongoing transaction! !');
  if (transaction.name !== name) return refuse(otherText(transaction.name, `set '${name}'`));
  state.transaction = null;
  const fault = context.tlsFiles.put({ contents: { [name]: transaction.pem } });
  if (fault !== '') return failure(`Committing ${name}\n${fault}\nFailed!`);
  return notice(`Committing ${name}\nSuccess!`);
};

const abort: Run = ({ context, words: [name] }, kind) => {
  if (name === undefined) return failure(`'abort ssl ${kind.word}' expects a filename`);
  const state = filesOf(context, kind);
  if (state.transaction === null) return failure('No ongoing transaction!');
  if (state.transaction.name !== name) {
    return failure(otherText(state.transaction.name, `abort a transaction for '${name}'`));
  }
  state.transaction = null;
  return notice(`Transaction aborted for certificate '${name}'!`);
};

const remove: Run = ({ context, words: [name] }, kind) => {
  const { word, label } = kind;
  if (name === undefined) return failure(`'del ssl ${word}' expects a ${label} file name`);
  const { made } = filesOf(context, kind);
  const refuse = (why: string): RuntimeMessage => failure(`Can't remove the ${label} file: ${why}`);
  if (usedFiles(context.stats.model, kind).has(name)) {
    return refuse(`${label} file '${name}' in use, can't be deleted!`);
  }
  if (!made.has(name)) return refuse(`${label} file '${name}' doesn't exist!`);
  made.delete(name);
  context.tlsFiles.put({ contents: { [name]: null } });
  return notice(`${label} file '${name}' deleted!`);
};

// ---- show ----

function list(context: RuntimeContext, kind: Kind): string {
  const { made, transaction } = filesOf(context, kind);
  const isCounted = kind.word === 'ca-file';
  const line = (name: string, pem: string): string => {
    const count = isCounted ? ` - ${kind.parts(context, pem)?.length ?? 0} certificate(s)` : '';
    return `${name}${count}\n`;
  };
  const names = [...new Set([...usedFiles(context.stats.model, kind), ...made])].toSorted();
  const open =
    transaction === null ? '' : `# transaction\n${line(`*${transaction.name}`, transaction.pem)}`;
  const lines = names.map((name) => line(name, contentOf(context, kind, name) ?? ''));
  return `${open}# filename\n${lines.join('')}`;
}

const show: Run = ({ context, words: [wanted] }, kind) => {
  if (wanted === undefined) return list(context, kind);
  const { transaction } = filesOf(context, kind);
  const [, star, name, number] = /^(\\?\*|\\)?(.*?)(?::(\d+))?$/.exec(wanted) ?? [];
  const index = number === undefined ? 0 : Number(number);
  if (number !== undefined && index === 0) {
    return failure(`wrong ${kind.label} index after colons in '${wanted}'!`);
  }
  // `\*` names a transaction for shells, and a file whose name has a star.
  const isOpen = star === '*' || (star === '\\*' && transaction?.name === name);
  const pem = isOpen
    ? transaction?.name === name
      ? transaction.pem
      : undefined
    : contentOf(context, kind, star === '\\*' ? `*${name}` : name);
  if (pem === undefined) return failure(`Can't display the ${kind.label} file : Not found!`);
  const texts = kind.parts(context, pem) ?? [];
  const used = usedFiles(context.stats.model, kind).has(name) ? 'Used' : 'Unused';
  const status = isOpen ? 'Uncommitted' : texts.length === 0 ? 'Empty' : used;
  const parts = texts.map((text, at) => ` \n${headings[kind.label]} #${at + 1}:\n${text}`);
  const shown = index === 0 ? parts : parts.slice(index - 1, index);
  return `Filename: ${isOpen ? '*' : ''}${name}\nStatus: ${status}\n${shown.join('')}`;
};

interface Verb {
  readonly verb: string;
  readonly help: string;
  readonly run: Run;
  readonly more?: string;
  readonly isOfAuthorities?: true;
}

const verbs: readonly Verb[] = [
  { verb: 'abort', help: 'give up what was set', run: abort },
  {
    verb: 'add',
    help: 'certificates behind those of a file',
    run: fill('add'),
    more: ' <payload>',
    isOfAuthorities: true,
  },
  { verb: 'commit', help: 'put what was set in force', run: commit },
  { verb: 'del', help: 'delete a file that is not used', run: remove },
  { verb: 'new', help: 'a new, empty file', run: create },
  { verb: 'set', help: 'what is in a file', run: fill('set'), more: ' <payload>' },
];

const rowsOf = (kind: Kind): RuntimeCommandDef[] => {
  const file = kind.word === 'ca-file' ? 'cafile' : 'crlfile';
  const own = verbs.filter((row) => row.isOfAuthorities !== true || kind.word === 'ca-file');
  return [
    ...own.map(
      ({ verb, help, run, more = '' }): RuntimeCommandDef => ({
        words: [verb, 'ssl', kind.word],
        requires: 'admin',
        usage: `<${file}>${more}`,
        help,
        run: (call) => run(call, kind),
      }),
    ),
    {
      words: ['show', 'ssl', kind.word],
      requires: 'admin',
      usage: `[[*]<${file}>[:<index>]]`,
      help: 'such files, or what is in one',
      run: (call) => show(call, kind),
    },
  ];
};

export const caFileCommands: readonly RuntimeCommandDef[] = kinds.flatMap(rowsOf);
