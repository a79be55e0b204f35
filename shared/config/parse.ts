// Lines to the draft: finds the section and the keyword's row, checks where it may stand, and lets
// the row write the model. Reports unknown words with the nearest known one, and known words that
// do not work yet. Called by load.ts; it looks at one line at a time.

import { globalKeywords, namedSections, proxySectionKeywords } from './catalog.ts';
import { type Draft, newProxyDraft } from './draft.ts';
import { nearestWord } from './hint.ts';
import type { KeywordRow, ProxyDraft, ProxyKeyword, SectionEntry } from './keyword.ts';
import type { Line } from './line.ts';
import {
  obsoleteWords,
  unsupportedGlobal,
  unsupportedProxy,
  unsupportedSections,
} from './unsupported.ts';

type Handler = (line: Line) => void;

/** Reads the lines of one load in order. */
export class Parser {
  readonly draft: Draft;
  handler: Handler;
  /** Value of `$.SECTION`. */
  section = '';

  constructor(draft: Draft) {
    this.draft = draft;
    this.handler = outOfSection;
  }

  read(line: Line): void {
    const word = line.words[0];
    if (word === undefined) return;
    const open = line.modifier === '' ? sections[word] : undefined;
    if (open !== undefined) {
      this.section = line.arg(0) === '' ? word : line.arg(0);
      this.handler = open(line, this.draft);
      return;
    }
    if (line.modifier === '' && laterSections.has(word)) {
      this.section = line.arg(0) === '' ? word : line.arg(0);
      line.notSupported(-1, word);
      this.handler = () => {};
      return;
    }
    this.handler(line);
  }
}

function outOfSection(line: Line): void {
  const isMarked = line.text.startsWith(byteOrderMark);
  const mark = isMarked ? 'a byte order mark (EF BB BF) begins the file: take it away' : '';
  line.alert(-1, `unknown keyword '${line.words[0]}' out of section.`, mark || sectionHint(line));
}

const byteOrderMark = '\xef\xbb\xbf';

/** A section's name, mistyped, is a word of the section above or stands for itself. */
function sectionHint(line: Line): string {
  const near = nearestWord(line.words[0], Object.keys(sections));
  return near === '' ? '' : `did you mean '${near}' maybe ?`;
}

const laterSections = new Set(unsupportedSections);
const skip: Handler = () => {};

const sections: Readonly<Record<string, (line: Line, draft: Draft) => Handler>> = {
  global: (line, draft) => {
    line.atMost(0);
    return (one) => readGlobal(one, draft);
  },
  defaults: (line, draft) => openProxy('defaults', line, draft),
  frontend: (line, draft) => openProxy('frontend', line, draft),
  backend: (line, draft) => openProxy('backend', line, draft),
  listen: (line, draft) => openProxy('listen', line, draft),
  ...Object.fromEntries(
    namedSections.map((section) => [
      section.name,
      (line: Line, draft: Draft) => openNamed(section, line, draft),
    ]),
  ),
};

/** Words whose `no` and `default` forms HAProxy accepts at all. */
const negatable = new Set([
  'option',
  'log',
  'busy-polling',
  'set-dumpable',
  'strict-limits',
  'insecure-fork-wanted',
  'numa-cpu-mapping',
]);

function modifierFits(line: Line): boolean {
  if (line.modifier === '' || negatable.has(line.words[0] ?? '')) return true;
  const list = [...negatable].join(', ');
  line.alert(-1, `negation/default currently supported only for ${list}.`);
  return false;
}

/** Finds a row by the first two words, then by the first; sets how many words name it. */
function findRow<T extends KeywordRow>(rows: ReadonlyMap<string, T>, line: Line): T | undefined {
  const [first, second] = line.words;
  const pair = second === undefined ? undefined : rows.get(`${first} ${second}`);
  line.nameWords = pair === undefined ? 1 : 2;
  return pair ?? rows.get(first);
}

interface Known {
  readonly rows: ReadonlyMap<string, KeywordRow>;
  readonly later: ReadonlySet<string>;
  readonly section: string;
}

/** The alert for a line without a row. */
function reportUnknown(line: Line, known: Known): void {
  const [first, second = ''] = line.words;
  const obsolete = obsoleteWords[first] ?? obsoleteWords[`${first} ${second}`];
  if (obsolete !== undefined) {
    line.alert(-1, `'${first}' is not supported anymore${obsolete === '' ? '' : `, ${obsolete}`}.`);
    return;
  }
  const pair = `${first} ${second}`;
  if (known.later.has(pair)) return void line.notSupported(0, pair);
  if (known.later.has(first)) return void line.notSupported(-1, first);
  const words = [...known.rows.keys(), ...known.later];
  const family = words.filter((word) => word.startsWith(`${first} `));
  if (family.length > 0) {
    reportUnknownMember(line, first, second, family);
    return;
  }
  const near = nearestWord(first, new Set(words.map((word) => word.split(' ')[0])));
  const hint = near === '' ? sectionHint(line) : `did you mean '${near}' maybe ?`;
  line.alert(-1, `unknown keyword '${first}' in '${known.section}' section`, hint || home(line));
}

/** A known word in the wrong section: `server` below `global`. */
function home(line: Line): string {
  const [first, second = ''] = line.words;
  const isOf = (rows: ReadonlyMap<string, KeywordRow>): boolean =>
    rows.has(first) || rows.has(`${first} ${second}`);
  if (isOf(globalKeywords)) return `'${first}' belongs in 'global'`;
  return isOf(proxySectionKeywords) ? `'${first}' belongs in a proxy's section` : '';
}

/** `option X`, `timeout X`, `stats X`: the first word is known, the second is not. */
function reportUnknownMember(
  line: Line,
  first: string,
  second: string,
  family: readonly string[],
): void {
  const members = family.map((word) => word.slice(first.length + 1));
  if (second === '') {
    line.alert(0, `'${first}' expects one of '${members.toSorted().join("', '")}'.`);
    return;
  }
  const near = nearestWord(second, members) || members.find((one) => one.startsWith(second)) || '';
  const hint = near === '' ? '' : `did you mean '${near}' maybe ?`;
  line.alert(0, `unknown ${first} '${second}'`, hint);
}

const globalWords: Known = {
  rows: globalKeywords,
  later: new Set(unsupportedGlobal),
  section: 'global',
};

function readGlobal(line: Line, draft: Draft): void {
  if (!modifierFits(line)) return;
  const row = findRow(globalKeywords, line);
  if (row === undefined) reportUnknown(line, globalWords);
  else row.parse(line, draft.global, draft);
}

const proxyLater: ReadonlySet<string> = new Set([...unsupportedProxy]);

function readProxy(line: Line, proxy: ProxyDraft, draft: Draft): void {
  if (!modifierFits(line)) return;
  const row = findRow(proxySectionKeywords, line);
  if (row === undefined) {
    reportUnknown(line, { rows: proxySectionKeywords, later: proxyLater, section: proxy.section });
    return;
  }
  if (line.modifier !== '' && row.negatable !== true) {
    line.alert(-1, `negation/default is not supported for '${row.name}'.`);
    return;
  }
  if (mayStand(line, row, proxy)) row.parse(line, proxy, draft);
}

/** Checks the section; a word on the wrong side is a warning and is ignored, as HAProxy does. */
function mayStand(line: Line, row: ProxyKeyword, proxy: ProxyDraft): boolean {
  if (proxy.section === 'defaults') return mayStandInDefaults(line, row, proxy);
  const missing = missingSide(row, proxy);
  if (missing === '') return true;
  const { name } = proxy.model;
  if (row.name === 'server' || row.name === 'default-server') {
    line.alert(
      -1,
      `'${row.name}' not allowed because ${proxy.section} '${name}' has no backend capability.`,
    );
    return false;
  }
  const word = row.name.replace(/^option /, '');
  const ignored = row.wrongSide === 'timeout' ? `'${word}' will be ignored` : `'${word}' ignored`;
  const more = row.wrongSide === 'timeout' ? '' : (row.wrongSide ?? '');
  line.warning(
    -1,
    `${ignored} because ${proxy.section} '${name}' has no ${missing} capability.${more}`,
  );
  return false;
}

function missingSide(row: ProxyKeyword, proxy: ProxyDraft): string {
  if (row.side === 'front' && proxy.section === 'backend') return 'frontend';
  return row.side === 'back' && proxy.section === 'frontend' ? 'backend' : '';
}

function mayStandInDefaults(line: Line, row: ProxyKeyword, proxy: ProxyDraft): boolean {
  if (row.defaults === 'no') {
    line.alert(-1, `'${row.name}' not allowed in 'defaults' section.`);
    return false;
  }
  if (row.defaults === 'named' && proxy.model.name === '') {
    line.alert(-1, `'${row.name}' not allowed in anonymous 'defaults' section.`);
    return false;
  }
  return true;
}

type Section = ProxyDraft['section'];

/** Opens a defaults, frontend, backend or listen section: names, conflicts, inheritance. */
function openProxy(section: Section, line: Line, draft: Draft): Handler {
  const unnamed = section === 'defaults' && (line.count === 0 || isFromOnly(line));
  const name = unnamed ? '' : line.arg(0);
  if (section !== 'defaults' && name === '') {
    line.alert(-1, `'${section}' expects an <id> argument`);
    return skip;
  }
  const fromAt = unnamed ? 0 : 1;
  if (!headerFits(line, section, name, fromAt)) return skip;
  if (section === 'defaults') hideDefaults(line, name, draft);
  reportConflict(line, section, name, draft);
  const parent = findParent(line, section, fromAt, draft);
  if (parent !== null) noteReference(line, parent, line.arg(fromAt) === 'from');
  const proxy = newProxyDraft(section, line.place(-1), name, parent);
  if (parent !== null) checkInheritedRules(line, section, parent, draft);
  if (section === 'defaults') {
    draft.defaults.push(proxy);
    draft.lastDefaults = proxy;
  } else {
    draft.proxies.push(proxy);
    if (!draft.proxyNames.has(name)) draft.proxyNames.set(name, proxy);
  }
  return (one) => readProxy(one, proxy, draft);
}

const isFromOnly = (line: Line): boolean => line.arg(0) === 'from' && line.count === 2;

function headerFits(line: Line, section: Section, name: string, fromAt: number): boolean {
  const bad = section === 'defaults' ? null : /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
  if (bad !== null) {
    line.alert(0, `character '${bad[0]}' is not permitted in '${section}' name '${name}'.`);
  }
  if (line.count <= fromAt) return true;
  if (line.arg(fromAt) === 'from' && line.arg(fromAt + 1) !== '') return line.atMost(fromAt + 2);
  const listening = section === 'frontend' || section === 'listen';
  const hint = listening ? "please use the 'bind' keyword for listening addresses" : '';
  line.alert(fromAt, `'${section}' cannot handle unexpected argument '${line.arg(fromAt)}'.`, hint);
  return true;
}

/** A later defaults section replaces an earlier one of its name, unless `from` named that one. */
function hideDefaults(line: Line, name: string, draft: Draft): void {
  if (name === '') return;
  const older = draft.defaults.findLast((one) => one.model.name === name);
  if (older === undefined || !older.explicitRef) return;
  const at = `${older.model.place.file}:${older.model.place.line}`;
  line.alert(
    0,
    `defaults '${name}' has the same name as another defaults section declared at ${at} ` +
      'which was explicitly referenced hence cannot be replaced.',
  );
}

function reportConflict(line: Line, section: Section, name: string, draft: Draft): void {
  if (name === '') return;
  const defaults =
    section === 'defaults' ? undefined : draft.defaults.find((one) => one.model.name === name);
  const other = draft.proxyNames.get(name) ?? defaults ?? forwardNamed(name, draft);
  if (other === undefined) return;
  const at = `${other.model.place.file}:${other.model.place.line}`;
  line.alert(
    0,
    `${section} '${name}' has the same name as ${other.section} '${name}' declared at ${at}.`,
  );
}

/** Log-forward sections share the names of proxies. */
function forwardNamed(name: string, { logForwards }: Draft) {
  const found = logForwards.find(({ model }) => model.name === name);
  return found === undefined ? undefined : { model: found.model, section: 'log forward section' };
}

function findParent(line: Line, section: Section, fromAt: number, draft: Draft): ProxyDraft | null {
  if (line.arg(fromAt) !== 'from') return section === 'defaults' ? null : draft.lastDefaults;
  const wanted = line.arg(fromAt + 1);
  const all = draft.defaults.filter((one) => one.model.name === wanted);
  const parent = wanted === '' ? undefined : all.at(-1);
  if (parent === undefined) {
    const name = line.arg(0);
    return line.alert(
      fromAt + 1,
      `defaults section '${wanted}' not found for ${section} '${name}'.`,
    );
  }
  if (all.length > 1) {
    const [first, second] = all
      .slice(-2)
      .map(({ model }) => `${model.place.file}:${model.place.line}`);
    line.alert(
      fromAt + 1,
      `ambiguous defaults section name '${wanted}' exists at least at ${second} and ${first}.`,
    );
  }
  return parent;
}

function noteReference(line: Line, parent: ProxyDraft, explicit: boolean): void {
  if (explicit) parent.explicitRef = true;
  else parent.implicitRef = true;
  if (!parent.explicitRef || !parent.implicitRef) return;
  const { name, place } = parent.model;
  line.warning(
    -1,
    `defaults section '${name}' (declared at ${place.file}:${place.line}) is explicitly ` +
      'referenced by another proxy and implicitly used here. ' +
      'To avoid any ambiguity do not mix both usages.',
  );
}

const connectionSets = ['tcp-request connection', 'tcp-request session'] as const;

/** Rules in a defaults section: who may inherit them. */
function checkInheritedRules(line: Line, section: Section, parent: ProxyDraft, draft: Draft): void {
  const { rules, place } = parent.model;
  if (Object.values(rules).every((lines) => lines.length === 0)) return;
  const at = `(defaults section at ${place.file}:${place.line})`;
  const inherit = 'cannot inherit from a defaults section defining';
  if (section === 'defaults' || section === 'listen') {
    line.alert(-1, `a ${section} section ${inherit} TCP/HTTP rules ${at}.`);
    return;
  }
  const other = draft.proxies.find((one) => one.parent === parent && one.section !== section);
  if (other !== undefined) {
    line.alert(
      -1,
      'frontends and backends cannot inherit from the same defaults section if it defines ' +
        `TCP/HTTP rules ${at}.`,
    );
  } else if (section === 'backend' && connectionSets.some((set) => rules[set].length > 0)) {
    line.alert(
      -1,
      `a backend section ${inherit} 'tcp-request connection' or 'tcp-request session' rules ${at}.`,
    );
  } else if (section === 'frontend' && rules['tcp-response content'].length > 0) {
    line.alert(-1, `a frontend section ${inherit} 'tcp-response content' rules ${at}.`);
  }
}

/** Opens a section whose lines write one thing with a name of its own. */
function openNamed(section: SectionEntry, line: Line, draft: Draft): Handler {
  const write = section.begin(line, draft);
  if (write === null) return skip;
  const known = { rows: section.rows, later: new Set<string>(), section: section.name };
  return (one) => {
    const row = findRow(section.rows, one);
    if (row === undefined) reportUnknown(one, known);
    else write(row.name, one);
  };
}
