// `crt-store` sections (manual 12.7): certificates by name, with the files they are made of. Files
// are read here, so that a chrooted worker needs none.

import { noWords, readCertificate, underBase } from '../certificates.ts';
import type { Draft } from '../draft.ts';
import type { NamedKeyword, NamedSection } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { CertificateWords } from '../model-certificates.ts';
import { readCertificateWord } from './crt-words.ts';

/** A section while it is read. */
interface StoreDraft {
  readonly name: string;
  crtBase: string;
  keyBase: string;
  hasLoaded: boolean;
}

const baseRow = (
  name: 'crt-base' | 'key-base',
  field: 'crtBase' | 'keyBase',
  help: string,
): NamedKeyword<StoreDraft> => ({
  name,
  help,
  example: `${name} /etc/ssl`,
  parse: (line, store) => {
    const path = line.atMost(1) ? line.needed(0, 'a <path> argument') : null;
    if (path === null) return;
    if (store.hasLoaded) line.alert(-1, `'${name}' can't be used after a load line.`);
    else store[field] = path;
  },
});

interface LoadWords {
  readonly crt: string;
  readonly alias: string;
  readonly words: CertificateWords;
}

function readWords(line: Line): LoadWords | null {
  let crt = '';
  let alias = '';
  let words: CertificateWords = { ...noWords, from: 'store' };
  for (let index = 0; index < line.count; index += 2) {
    const word = line.arg(index);
    const value = line.arg(index + 1);
    if (word === 'crt') crt = value;
    else if (word === 'alias') alias = value;
    else {
      const next = readCertificateWord({ line, index }, words);
      if (next === null) return null;
      words = next;
    }
  }
  if (crt === '') return line.alert(-1, "'load' : mandatory 'crt' parameter not found.");
  if (alias.startsWith('/')) {
    return line.alert(-1, `'alias' : '/' is forbidden as the first character of '${alias}'.`);
  }
  return { crt, alias, words };
}

/** How other lines call the certificate. */
function nameOf(store: StoreDraft, { crt, alias }: LoadWords, draft: Draft): string {
  if (alias !== '') return `@${store.name}/${alias}`;
  if (store.name !== '') return `@${store.name}${crt.startsWith('/') ? '' : '/'}${crt}`;
  return underBase(draft.global.ssl.crtBase, crt);
}

function load(line: Line, store: StoreDraft, draft: Draft): void {
  const read = readWords(line);
  if (read === null) return;
  store.hasLoaded = true;
  const name = nameOf(store, read, draft);
  if (draft.certificates.has(name)) {
    line.alert(-1, `'load' : store '${name}' was already defined.`);
    return;
  }
  const path = underBase(store.crtBase, read.crt);
  const certificate = readCertificate(draft, path, read.words, store);
  if (typeof certificate === 'string') line.alert(-1, certificate);
  else draft.certificates.set(name, certificate);
}

const rows: readonly NamedKeyword<StoreDraft>[] = [
  baseRow('crt-base', 'crtBase', 'folder of relative certificate names'),
  baseRow('key-base', 'keyBase', 'folder of relative key names'),
  {
    name: 'load',
    help: 'a certificate with its files',
    example: 'load crt site.crt key site.key alias site',
    parse: load,
  },
];

/** `crt-store`. */
export const crtStoreSection: NamedSection<StoreDraft> = {
  name: 'crt-store',
  rows,
  open: (line, draft) => {
    if (!line.atMost(1)) return null;
    const { crtBase, keyBase } = draft.global.ssl;
    return { name: line.arg(0), crtBase, keyBase, hasLoaded: false };
  },
};
