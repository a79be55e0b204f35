// Header names that broken HTTP/1 peers want in a case of their own (manual 3, h1-case-adjust and
// h1-case-adjust-file). The file is read when all lines are: it can be named before its pairs are
// known to be wrong. Called by catalog.ts and resolve.ts.

import type { Place } from '../diagnostic.ts';
import type { Draft } from '../draft.ts';
import { readText } from '../files.ts';
import type { GlobalKeyword } from '../keyword.ts';

/** Adds a pair; '' or what is wrong with it. */
function addPair(draft: Draft, from: string, to: string): string {
  const { h1CaseAdjust: pairs } = draft.global;
  if (to === '') return 'a second name is expected, which is how the first one is written';
  if (from !== from.toLowerCase()) return `'${from}' must be in lower case`;
  if (from !== to.toLowerCase()) return `'${from}' and '${to}' may only differ in their case`;
  if (pairs.some((pair) => pair.from === from)) return `'${from}' is there already`;
  pairs.push({ from, to });
  return '';
}

/** The file that was named last, once per load. */
export function readHeaderCaseFile(draft: Draft): void {
  const named = draft.global.h1CaseAdjustFile;
  if (named === null) return;
  const { path, place } = named;
  const { text, error } = readText(path);
  if (error !== '') {
    draft.diagnostics.alert(place, `'h1-case-adjust-file' : cannot open '${path}' : ${error}.`);
    return;
  }
  for (const [index, line] of text.split('\n').entries()) {
    const [from, ...rest] = line.trim().split(/[ \t]+/);
    if (from === '' || from.startsWith('#')) continue;
    const fault = addPair(draft, from, rest.join(' '));
    if (fault === '') continue;
    const at: Place = { file: path, line: index + 1, column: 1 };
    draft.diagnostics.alert(at, `'h1-case-adjust-file' : ${fault}.`, '', line);
    return;
  }
}

export const headerCaseKeywords: readonly GlobalKeyword[] = [
  {
    name: 'h1-case-adjust',
    help: 'a header name as broken HTTP/1 peers want it',
    example: 'h1-case-adjust content-length Content-Length',
    parse: (line, _global, draft) => {
      if (line.needed(0, 'two header names') === null || !line.atMost(2)) return;
      const fault = addPair(draft, line.arg(0), line.arg(1));
      if (fault !== '') line.alert(0, `'h1-case-adjust' : ${fault}.`);
    },
  },
  {
    name: 'h1-case-adjust-file',
    help: 'a file of header names as broken HTTP/1 peers want them',
    example: 'h1-case-adjust-file /dev/null',
    parse: (line, global) => {
      const path = line.atMost(1) ? line.needed(0, 'a file name') : null;
      if (path !== null) global.h1CaseAdjustFile = { path, place: line.place(0) };
    },
  },
];
