// Files that rule lines name: pattern lists (-f), maps, keys, bodies of answers. They are read into
// the Model here, because the worker may be in a chroot when it compiles. Called by resolve.ts.

import type { Draft } from './draft.ts';
import { tokenCertificate } from './certificates.ts';
import { readText } from './files.ts';
import type { LineModel, ProxyModel } from './model.ts';
import type { Place } from './diagnostic.ts';
import { ruleSets } from './model.ts';

/** Reads every file that a rule of the draft names; a file that cannot be read is an alert. */
export function readRuleFiles(draft: Draft): void {
  for (const line of draft.global.setVars) readPatterns(line, draft);
  for (const { model } of draft.defaults) readLinesOf(model, draft);
  for (const { model } of draft.proxies) readLinesOf(model, draft);
}

function readLinesOf(model: ProxyModel, draft: Draft): void {
  for (const set of ruleSets) {
    for (const line of model.rules[set]) {
      readBodies(line, draft);
      readPatterns(line, draft);
    }
  }
  for (const { line } of model.errors) {
    if (line !== null) readBodies(line, draft);
  }
  const conditions = [model.acls, model.useBackends, model.useServers, model.redirects];
  const persistence = [model.forceSwitches, model.forcePersist, model.ignorePersist];
  for (const lines of [...conditions, ...persistence, model.monitorFail]) {
    for (const line of lines) readPatterns(line, draft);
  }
  const { logFormat, errorLogFormat, logFormatSd, uniqueIdFormat } = model;
  for (const line of [logFormat, errorLogFormat, logFormatSd, uniqueIdFormat]) {
    if (line !== null) readPatterns(line, draft);
  }
  const { balance } = model;
  if (balance !== null) readPatterns(lineAt(balance.place, balance.words), draft);
  for (const { place, ssl } of model.servers) {
    if (ssl !== null) readPatterns(lineAt(place, [ssl.sni]), draft);
  }
}

/** Words of which only the place of their line is known. */
function lineAt(place: Place, words: readonly string[]): LineModel {
  return { place, words, columns: [], text: '', from: '' };
}

const bodyWords = new Set(['file', 'lf-file', 'errorfile']);
const answering = new Set(['return', 'deny', 'tarpit', 'status']);

/** `return ... file PATH`: the bodies of answers. */
function readBodies(line: LineModel, draft: Draft): void {
  if (!answering.has(line.words[0])) return;
  for (const [index, word] of line.words.entries()) {
    const path = line.words[index + 1];
    if (index > 0 && bodyWords.has(word) && path !== undefined)
      keepWhole(line, index + 1, path, draft);
  }
}

/** Of a converter: the actions set-map and del-map read no file. */
const mapCall = /(?<![-\w])map(?:_\w+)?\(([^,)]+)/g;

/** Keys of token signatures; secrets (HS...) and variables are no paths. */
const keyCall = /jwt_verify\((?!HS)([^,)]+),(?!(?:proc|sess|txn|req|res|check)\.)([^,)]+)\)/g;

/** Certificates that tokens are verified with; variables are no names. */
const certificateCall = /jwt_verify_cert\([^,)]+,(?!(?:proc|sess|txn|req|res|check)\.)([^,)]+)\)/g;

/** A certificate that a rule names may be used for tokens, also one that has no key. */
function keepCertificate(name: string, draft: Draft): void {
  const known = draft.certificates.get(name);
  if (known !== undefined) {
    draft.certificates.set(name, { ...known, jwt: true });
    return;
  }
  const { text, error } = readText(name);
  // What cannot be read is reported where the rule is compiled.
  if (error === '') draft.certificates.set(name, tokenCertificate(text));
}

/** `-f PATH` of conditions, the maps and the keys of converters. */
function readPatterns(line: LineModel, draft: Draft): void {
  for (const [index, word] of line.words.entries()) {
    const path = line.words[index + 1];
    if (word === '-f' && path !== undefined) keepPatterns(line, index + 1, path, draft);
    for (const [, algorithm, key] of word.matchAll(keyCall)) {
      // Where a variable names the algorithm, this may be a secret.
      keepWhole(line, index, algorithm.includes('.') ? `opt@${key}` : key, draft);
    }
    for (const [, name] of word.matchAll(certificateCall)) keepCertificate(name, draft);
    if (!word.includes('map')) continue;
    for (const [, name] of word.matchAll(mapCall)) keepPatterns(line, index, name, draft);
  }
}

/** A list or a map; what is read as something else too is not one only. */
function keepPatterns(line: LineModel, index: number, name: string, draft: Draft): void {
  const path = pathOf(name);
  if (!draft.contents.has(path)) draft.patternFiles.add(path);
  keep(line, index, name, draft);
}

/** What is read as one text. */
function keepWhole(line: LineModel, index: number, name: string, draft: Draft): void {
  draft.patternFiles.delete(pathOf(name));
  keep(line, index, name, draft);
}

const pathOf = (name: string): string => name.replace(/^(opt|file)@/, '');

/** Manual 2.7: virt@ names no file, opt@ may be missing, file@ is the default. */
function keep(line: LineModel, index: number, name: string, draft: Draft): void {
  if (name.startsWith('virt@')) return;
  const optional = name.startsWith('opt@');
  const path = pathOf(name);
  if (draft.contents.has(path)) return;
  const { text, error } = readText(path);
  if (error === '') draft.contents.set(path, text);
  else if (!optional) {
    const place = { ...line.place, column: line.columns[index] ?? line.place.column };
    draft.diagnostics.alert(place, `failed to open file '${path}' : ${error}.`, '', line.text);
  }
}
