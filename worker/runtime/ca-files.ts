// Files of authorities that are made and filled while the process serves, for servers that are
// added then (management.txt 9.3: new, set, add, commit, abort, del, show ssl ca-file). One
// transaction at a time, as in HAProxy. A file that servers or listeners use cannot be changed yet.

import { X509Certificate } from 'node:crypto';
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

interface CaFiles {
  /** Made by `new`: name to what has been committed. */
  readonly made: Map<string, string>;
  /** What is being filled, null: nothing. */
  transaction: { readonly name: string; readonly pem: string } | null;
}

/** By the model of a worker: a worker has one. */
const files = new WeakMap<Model, CaFiles>();

function filesOf({ stats }: RuntimeContext): CaFiles {
  const known = files.get(stats.model);
  if (known !== undefined) return known;
  const made: CaFiles = { made: new Map(), transaction: null };
  files.set(stats.model, made);
  return made;
}

/** Names of the files in use by servers and listeners. */
function usedFiles({ proxies }: Model): Set<string> {
  const names = new Set<string>();
  for (const { servers, binds } of proxies) {
    for (const server of servers) {
      if (!isGone(server) && server.ssl !== null) names.add(server.ssl.caFile);
    }
    for (const { ssl } of binds) if (ssl !== null) names.add(ssl.caFile);
  }
  names.delete('');
  return names;
}

const blocks = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];

/** The certificates of a text; null: there is none, or one cannot be read. */
function certificates(pem: string): X509Certificate[] | null {
  try {
    return blocks(pem).map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

/** Tells everybody what is in a file from now on. */
function put(context: RuntimeContext, name: string, pem: string): void {
  const contents = context.stats.model.contents as Record<string, string>;
  if (pem === '') delete contents[name];
  else contents[name] = pem;
  context.broadcast({ type: 'content', name, text: pem });
}

// ---- changes ----

function create({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'new ssl ca-file' expects a filename");
  const { made } = filesOf(context);
  if (made.has(name) || name in context.stats.model.contents) {
    return failure(`CA file '${name}' already exists!`);
  }
  made.set(name, '');
  return notice(`New CA file created '${name}'!`);
}

/** `set` and `add`: the payload instead of, or behind, what the file has. */
const fill =
  (verb: 'set' | 'add') =>
  ({ context, words: [name], payload }: RuntimeCall): Answer => {
    if (name === undefined || payload === '') {
      return failure(`'${verb} ssl ca-file' expects a filename and CAs as a payload`);
    }
    const state = filesOf(context);
    const { transaction } = state;
    const refuse = (why: string): RuntimeMessage => failure(`${why}\nCan't update ${name}!`);
    if (transaction !== null && transaction.name !== name) {
      return refuse(otherText(transaction.name, `set '${name}'`));
    }
    const before = transaction?.pem ?? state.made.get(name) ?? context.stats.model.contents[name];
    if (before === undefined) {
      return refuse("Can't replace a CA file which is not referenced by the configuration!");
    }
    const found = certificates(payload);
    if (found === null || found.length === 0) return refuse('Invalid payload');
    state.transaction = { name, pem: verb === 'add' ? `${before}\n${payload}` : payload };
    return notice(`transaction ${transaction === null ? 'created' : 'updated'} for CA ${name}!`);
  };

const otherText = (ongoing: string, what: string): string =>
  `The ongoing transaction is about '${ongoing}' but you are trying to ${what}`;

function commit({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'commit ssl ca-file' expects a filename");
  const state = filesOf(context);
  const { transaction } = state;
  const refuse = (why: string): RuntimeMessage => failure(`${why}\nCan't commit ${name}!`);
  if (transaction === null) return refuse('No ongoing transaction! !');
  if (transaction.name !== name) return refuse(otherText(transaction.name, `set '${name}'`));
  if (usedFiles(context.stats.model).has(name)) {
    return refuse('Changing a CA file that servers or listeners use is not supported yet!');
  }
  state.transaction = null;
  state.made.set(name, transaction.pem);
  put(context, name, transaction.pem);
  return notice(`Committing ${name}\nSuccess!`);
}

function abort({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'abort ssl ca-file' expects a filename");
  const state = filesOf(context);
  if (state.transaction === null) return failure('No ongoing transaction!');
  if (state.transaction.name !== name) {
    return failure(otherText(state.transaction.name, `abort a transaction for '${name}'`));
  }
  state.transaction = null;
  return notice(`Transaction aborted for certificate '${name}'!`);
}

function remove({ context, words: [name] }: RuntimeCall): Answer {
  if (name === undefined) return failure("'del ssl ca-file' expects a CA file name");
  const { made } = filesOf(context);
  const refuse = (why: string): RuntimeMessage => failure(`Can't remove the CA file: ${why}`);
  if (usedFiles(context.stats.model).has(name)) {
    return refuse(`CA file '${name}' in use, can't be deleted!`);
  }
  if (!made.has(name)) return refuse(`CA file '${name}' doesn't exist!`);
  made.delete(name);
  put(context, name, '');
  return notice(`CA file '${name}' deleted!`);
}

// ---- show ----

const countText = (name: string, pem: string): string =>
  `${name} - ${blocks(pem).length} certificate(s)\n`;

function list(context: RuntimeContext): string {
  const { made, transaction } = filesOf(context);
  const { contents } = context.stats.model;
  const names = [...new Set([...usedFiles(context.stats.model), ...made.keys()])].toSorted();
  const open =
    transaction === null
      ? ''
      : `# transaction\n${countText(`*${transaction.name}`, transaction.pem)}`;
  const lines = names.map((name) => countText(name, made.get(name) ?? contents[name] ?? ''));
  return `${open}# filename\n${lines.join('')}`;
}

function show({ context, words: [wanted] }: RuntimeCall): Answer {
  if (wanted === undefined) return list(context);
  const { made, transaction } = filesOf(context);
  const { contents } = context.stats.model;
  const [, star, name, number] = /^(\*?)(.*?)(?::(\d+))?$/.exec(wanted) ?? [];
  const index = number === undefined ? 0 : Number(number);
  if (number !== undefined && index === 0) {
    return failure(`wrong CA index after colons in '${wanted}'!`);
  }
  const isOpen = star === '*';
  const pem = isOpen
    ? transaction?.name === name
      ? transaction.pem
      : undefined
    : (made.get(name) ?? contents[name]);
  if (pem === undefined) return failure("Can't display the CA file : Not found!");
  const found = certificates(pem) ?? [];
  if (found.length === 0) return '';
  const used = usedFiles(context.stats.model).has(name) ? 'Used' : 'Unused';
  const parts = found.map((certificate, at) => certificateText(certificate, at + 1));
  const shown = index === 0 ? parts : parts.slice(index - 1, index);
  return `Filename: ${wanted.replace(/:\d+$/, '')}\nStatus: ${isOpen ? 'Uncommitted' : used}\n${shown.join('')}`;
}

function certificateText(certificate: X509Certificate, number: number): string {
  const { serialNumber, validFrom, validTo, subjectAltName = '', fingerprint } = certificate;
  const line = (entries: string): string => `/${entries.split('\n').join('/')}`;
  return (
    ` \nCertificate #${number}:\nSerial: ${serialNumber}\nnotBefore: ${validFrom}\n` +
    `notAfter: ${validTo}\nSubject Alternative Name: ${subjectAltName}\n` +
    `Algorithm: ${algorithmText(certificate)}\n` +
    `SHA1 FingerPrint: ${fingerprint.replaceAll(':', '')}\n` +
    `Subject: ${line(certificate.subject)}\nIssuer: ${line(certificate.issuer)}\n`
  );
}

function algorithmText({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = publicKey;
  if (type !== 'ec') return `${type.toUpperCase()}${details?.modulusLength ?? ''}`;
  return `EC${/\d+/.exec(details?.namedCurve ?? '')?.[0] ?? ''}`;
}

const row = (
  verb: string,
  help: string,
  run: RuntimeCommandDef['run'],
  usage = '<cafile>',
): RuntimeCommandDef => ({
  words: [verb, 'ssl', 'ca-file'],
  requires: 'admin',
  usage,
  help,
  run,
});

export const caFileCommands: readonly RuntimeCommandDef[] = [
  row('abort', 'give up what was set', abort),
  row('add', 'certificates behind those of a file', fill('add'), '<cafile> <payload>'),
  row('commit', 'put what was set in force', commit),
  row('del', 'delete a file that is not used', remove),
  row('new', 'a new, empty file of authorities', create),
  row('set', 'the certificates of a file', fill('set'), '<cafile> <payload>'),
  row('show', 'files of authorities, or what is in one', show, '[[*]<cafile>[:<index>]]'),
];
