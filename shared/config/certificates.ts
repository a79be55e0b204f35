// Reads certificates into the store (manual 12.7, ssl-load-extra-files): the file itself, what lies
// beside it, bundles and folders. Called by the rows of bind and server lines, of crt-store and by
// crt-list.ts. At run time nothing is read: what is asked for must be in the store.

import type { Draft } from './draft.ts';
import { exists, isDirectory, listNames, readText } from './files.ts';
import type { CertificateModel, CertificateWords, CrtListModel } from './model-certificates.ts';

/** Suffixes of the parts of a bundle, in HAProxy's order. */
export const bundleSuffixes = ['rsa', 'dsa', 'ecdsa'] as const;

export const noWords: CertificateWords = {
  from: '',
  key: '',
  ocsp: '',
  issuer: '',
  sctl: '',
  ocspUpdate: '',
  jwt: '',
};

const keyPattern = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** The PEM has a private key. */
export const hasKey = (pem: string): boolean => keyPattern.test(pem);

/** `path` below `base` unless it is absolute, names something in the store, or is ''. */
export const underBase = (base: string, path: string): string =>
  base === '' || path === '' || path.startsWith('/') || path.startsWith('@')
    ? path
    : `${base}/${path}`;

/** What was found, and what is wrong; '' for nothing. */
export interface Found {
  readonly names: readonly string[];
  readonly error: string;
}

const found = (...names: string[]): Found => ({ names, error: '' });
const failed = (error: string): Found => ({ names: [], error });

/**
 * The certificate called `path`, or the parts of a bundle of this name. `words`: what its line says
 * about it.
 */
export function findCertificates(draft: Draft, path: string, words = noWords): Found {
  const known = draft.certificates.get(path);
  if (known !== undefined) {
    const why = incompatible(known.words, words);
    return why === ''
      ? found(path)
      : failed(`'${path}' is already defined with incompatible parameters: ${why}`);
  }
  // Files are read before the process serves.
  if (draft.isRuntime) return failed(`unable to load ${path}.`);
  if (exists(path)) return readOne(draft, path, words);
  const parts = hasExtra(draft, 'bundle')
    ? bundleSuffixes
        .map((suffix) => `${path}.${suffix}`)
        .filter((part) => draft.certificates.has(part) || exists(part))
    : [];
  if (parts.length === 0) return failed(`unable to read '${path}' : ${reasonOf(path)}.`);
  if (words.from !== '') {
    return failed(`'${path}' : options of a crt-store do not go with a bundle of certificates.`);
  }
  for (const part of parts) {
    const { error } = findCertificates(draft, part);
    if (error !== '') return failed(error);
  }
  return found(...parts);
}

const reasonOf = (path: string): string =>
  path.startsWith('@') ? 'no crt-store has it' : readText(path).error;

function readOne(draft: Draft, path: string, words: CertificateWords): Found {
  const read = readCertificate(draft, path, words, draft.global.ssl);
  if (typeof read === 'string') return failed(read);
  draft.certificates.set(path, read);
  return found(path);
}

export type Bases = Pick<Draft['global']['ssl'], 'crtBase' | 'keyBase'>;

/** Reads a file and, unless its words describe them, the files beside it; or what is wrong. */
export function readCertificate(
  draft: Draft,
  path: string,
  words: CertificateWords,
  { crtBase, keyBase }: Bases,
): CertificateModel | string {
  const { text: pem, error } = readText(path);
  if (error !== '') return `unable to read '${path}' : ${error}.`;
  const isDescribed = words.from !== '';
  const stem = stemOf(draft, path);
  const beside = (extra: ExtraFile): string =>
    !isDescribed && hasExtra(draft, extra) && exists(`${stem}.${extra}`) ? `${stem}.${extra}` : '';
  const key = underBase(keyBase, words.key);
  const files = {
    keyPem: key || (hasKey(pem) ? '' : beside('key')),
    issuerPem: underBase(crtBase, words.issuer) || beside('issuer'),
    ocsp: underBase(crtBase, words.ocsp) || beside('ocsp'),
    sctl: underBase(crtBase, words.sctl) || beside('sctl'),
  };
  const texts = { keyPem: '', issuerPem: '', ocsp: '', sctl: '' };
  for (const [name, file] of Object.entries(files) as [keyof typeof files, string][]) {
    if (file === '') continue;
    const { text, error: why } = readText(file);
    if (why !== '') return `unable to read '${file}' : ${why}.`;
    texts[name] = text;
  }
  // One of a crt-store may be for tokens only: a line that shows it says that the key is missing.
  if (words.from !== 'store' && !hasKey(pem) && !hasKey(texts.keyPem)) {
    const place = isDescribed ? '' : ` or '${stem}.key'`;
    return `no private key found in '${path}'${place}.`;
  }
  return { pem, ...texts, jwt: words.jwt === 'on', words };
}

/** `ssl-load-extra-del-ext`: what extensions are put behind. */
function stemOf({ global }: Draft, path: string): string {
  return global.ssl.loadExtraDelExt && path.endsWith('.crt') ? path.slice(0, -4) : path;
}

type ExtraFile = 'key' | 'ocsp' | 'issuer' | 'sctl';

/** `ssl-load-extra-files`: whether files that are not named are looked for. */
function hasExtra({ global }: Draft, extra: ExtraFile | 'bundle'): boolean {
  const { loadExtraFiles } = global.ssl;
  return loadExtraFiles.includes('all') || loadExtraFiles.includes(extra);
}

const described = ['key', 'ocsp', 'issuer', 'sctl', 'jwt'] as const;

/** Two descriptions of one certificate must say the same; '' when they do. */
function incompatible(before: CertificateWords, now: CertificateWords): string {
  const isPlain = now.from === '';
  if (isPlain && before.from === 'store') return '';
  if (before.from === '' && now.from === 'list') {
    return 'it was used without any option before.';
  }
  if (before.from === 'list' && isPlain) return 'it was used with options before.';
  for (const name of described) {
    if (before[name] !== now[name]) {
      return `different parameter '${name}': '${before[name]}', then '${now[name]}'.`;
    }
  }
  const update = (words: CertificateWords): string => words.ocspUpdate || 'off';
  return update(before) === update(now)
    ? ''
    : `different parameter 'ocsp-update': '${update(before)}', then '${update(now)}'.`;
}

const reserved = /\.(issuer|ocsp|sctl|key|dhparam)(\.(rsa|dsa|ecdsa))?$/;

/** A path without the slashes at its end; the root keeps its own. */
export const withoutSlashes = (path: string): string => path.replace(/(?!^)\/+$/, '');

/** The certificates of a folder become a list of its name; '' or what is wrong. */
export function readFolder(draft: Draft, path: string): string {
  if (draft.crtLists.has(path)) return '';
  const { names, error } = listNames(path);
  if (names === null) return `unable to read '${path}' : ${error}.`;
  const files = names.filter((name) => !reserved.test(name)).map((name) => `${path}/${name}`);
  const lines: CrtListModel['lines'][number][] = [];
  for (const file of files.filter((name) => !isDirectory(name))) {
    const { error: why } = findCertificates(draft, file);
    if (why !== '') return why;
    lines.push({ certificate: file, filters: [], ssl: null, options: [], line: 0 });
  }
  draft.crtLists.set(path, { lines, isFolder: true });
  return '';
}

/** `issuers-chain-path`: PEM files that complete what certificates lack; '' or what is wrong. */
export function readChains(draft: Draft, path: string): string {
  const { names, error } = listNames(path);
  if (names === null) return `unable to open directory '${path}' : ${error}.`;
  for (const name of names) {
    const file = `${path}/${name}`;
    if (isDirectory(file)) continue;
    const { text, error: why } = readText(file);
    if (why !== '') return `unable to read '${file}' : ${why}.`;
    draft.issuerChains.push({ file, pem: text });
  }
  return '';
}

/** A certificate that verifies tokens and is shown to nobody: it needs no key. */
export const tokenCertificate = (pem: string): CertificateModel => ({
  pem,
  keyPem: '',
  issuerPem: '',
  ocsp: '',
  sctl: '',
  jwt: true,
  words: noWords,
});
