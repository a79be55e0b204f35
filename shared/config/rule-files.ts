// Files that rule lines name: pattern lists (-f), maps, bodies of answers. They are read into the
// Model here, because the worker may be in a chroot when it compiles. Called by resolve.ts.

import type { Draft } from './draft.ts';
import { readText } from './files.ts';
import type { LineModel, ProxyModel } from './model.ts';
import { ruleSets } from './model.ts';

/** Reads every file that a rule of the draft names; a file that cannot be read is an alert. */
export function readRuleFiles(draft: Draft): void {
  for (const { model } of draft.defaults) readLinesOf(model, draft);
  for (const { model } of draft.proxies) readLinesOf(model, draft);
}

function readLinesOf(model: ProxyModel, draft: Draft): void {
  const sets = ruleSets.flatMap((set) => model.rules[set]);
  const errors = model.errors.flatMap(({ line }) => (line === null ? [] : [line]));
  const patterns = [model.acls, model.useBackends, model.useServers, model.redirects];
  const formats = [model.logFormat, model.errorLogFormat, model.logFormatSd, model.uniqueIdFormat];
  const kept = formats.filter((line) => line !== null);
  for (const line of [...sets, ...errors]) readBodies(line, draft);
  for (const line of [...sets, ...patterns.flat(), ...model.monitorFail, ...errors, ...kept]) {
    readPatterns(line, draft);
  }
}

const bodyWords = new Set(['file', 'lf-file', 'errorfile']);
const answering = new Set(['return', 'deny', 'tarpit', 'status']);

/** `return ... file PATH`: the bodies of answers. */
function readBodies(line: LineModel, draft: Draft): void {
  if (!answering.has(line.words[0])) return;
  for (const [index, word] of line.words.entries()) {
    const path = line.words[index + 1];
    if (index > 0 && bodyWords.has(word) && path !== undefined) keep(line, index + 1, path, draft);
  }
}

const mapCall = /\bmap(?:_\w+)?\(([^,)]+)/g;

/** `-f PATH` of conditions and the maps of converters. */
function readPatterns(line: LineModel, draft: Draft): void {
  for (const [index, word] of line.words.entries()) {
    const path = line.words[index + 1];
    if (word === '-f' && path !== undefined) keep(line, index + 1, path, draft);
    if (!word.includes('map')) continue;
    for (const [, name] of word.matchAll(mapCall)) keep(line, index, name, draft);
  }
}

/** Manual 2.7: virt@ names no file, opt@ may be missing, file@ is the default. */
function keep(line: LineModel, index: number, name: string, draft: Draft): void {
  if (name.startsWith('virt@')) return;
  const optional = name.startsWith('opt@');
  const path = name.replace(/^(opt|file)@/, '');
  if (draft.contents.has(path)) return;
  const { text, error } = readText(path);
  if (error === '') draft.contents.set(path, text);
  else if (!optional) {
    const place = { ...line.place, column: line.columns[index] ?? line.place.column };
    draft.diagnostics.alert(place, `failed to open file '${path}' : ${error}.`, '', line.text);
  }
}
