// The lists of -dK: every word that works, in the classes and the form that HAProxy prints, so that
// tools and the parity test can compare. Built from the tables it is handed; called by catalog.ts
// only.

import { configKeywords, type ListedKeyword } from '../shared/config/catalog.ts';
import { filterNames } from '../shared/config/sections/filters.ts';
import { ruleSets } from '../shared/config/model.ts';
import { masterCommandRows } from '../shared/master-commands.ts';
import type { ActionDef, ArgumentDef, ConverterDef, FetchDef, ServiceDef } from './keyword.ts';
import { aclKeywords } from './match/methods.ts';
import { pointLabels, readsColumns } from './sample/reads.ts';
import { kindNames } from './sample/sample.ts';

/** The tables that are listed. */
export interface ListedTables {
  readonly actions: ReadonlyMap<string, ActionDef>;
  readonly fetches: ReadonlyMap<string, FetchDef>;
  readonly converters: ReadonlyMap<string, ConverterDef>;
  readonly services: ReadonlyMap<string, ServiceDef>;
  /** Words of the runtime commands of a worker. */
  readonly commands: readonly {
    readonly words: readonly string[];
    readonly mode?: 'expert' | 'experimental';
  }[];
}

type ListClass = (tables: ListedTables) => readonly string[];

const lists: ReadonlyMap<string, ListClass> = new Map<string, ListClass>([
  ['acl', listAcls],
  ['cfg', listConfiguration],
  ['cli', listCommands],
  ['cnv', listConverters],
  ['flt', listFilters],
  ['smp', listFetches],
  ['svc', listServices],
]);

/** The words of one class, or of `all`; '' for a class that does not exist. */
export function keywordList(className: string, tables: ListedTables): string {
  const wanted = className === 'all' ? [...lists.keys()] : [className];
  const lines = wanted.flatMap((name) => lists.get(name)?.(tables) ?? []);
  return lines.map((line) => `${line}\n`).join('');
}

function sorted(lines: readonly string[]): string[] {
  return lines.toSorted((a, b) => (a < b ? -1 : 1));
}

function listFilters(): readonly string[] {
  const lines = filterNames.map((name) => `${name} [${filterFamilies[name]}]`);
  return ['# List of registered filter names:', ...lines];
}

/** HAProxy names the file that a filter is in. */
const filterFamilies: Readonly<Record<string, string>> = {
  'bwlim-in': 'BWLIM',
  'bwlim-out': 'BWLIM',
  'fcgi-app': 'FCGI',
};

function listAcls({ fetches }: ListedTables): readonly string[] {
  const works = aclKeywords.filter(({ fetch }) => fetches.has(fetch));
  const lines = works.map(({ name, fetch, method }) => `${name} = ${fetch} -m ${method}`);
  return ['# List of registered ACL keywords:', ...sorted(lines)];
}

/** Words that HAProxy's parser reads by itself: they work, and its list does not have them. */
const unlisted: ReadonlySet<string> = new Set([
  ...(
    'acl anonkey backlog balance bind ' +
    'busy-polling capture cpu-map default-server default_backend ' +
    'description disabled email-alert enabled error-log-format fd-hard-limit fullconn gid ' +
    'hash-balance-factor hash-type http-after-response http-request http-response http-reuse ' +
    'h2-workaround-bogus-websocket-clients insecure-setuid-wanted nogetaddrinfo noreuseport ' +
    'id insecure-fork-wanted limited-quic log log-format log-format-sd log-send-hostname ' +
    'log-tag max-session-srv-conns max-spread-checks maxconn maxconnrate maxpipes ' +
    'maxsessrate maxsslrate ' +
    'mode monitor-uri node ' +
    'nosplice numa-cpu-mapping ' +
    'quick-exit redirect retries server set-dumpable source spread-checks ssl-server-verify ' +
    'strict-limits uid ulimit-n unique-id-format unique-id-header unix-bind use-server ' +
    'use_backend cookie force-persist ignore-persist stats-file stick-table ' +
    'load-server-state-from-file server-state-base server-state-file server-state-file-name ' +
    'server-template dynamic-cookie-key http-send-name-header persist'
  ).split(' '),
  // In builds for developers only.
  'debug.counters',
  'profiling.memory',
  // Ours.
  'option grpc-check',
  'grpc-check',
  'stick match',
  'stick on',
  'stick store',
  'stick store-request',
  'stick store-response',
  'bind <addr> ssl',
  'monitor fail',
  ...(
    'admin auth dashboard enable hide-version http-request maxconn realm refresh scope ' +
    'show-desc show-legends show-modules show-node show-version socket timeout uri'
  )
    .split(' ')
    .map((word) => `stats ${word}`),
]);

/** Words of two parts that HAProxy lists by the first one: all that follow it work. */
const listedByFirst: ReadonlySet<string> = new Set(
  'declare rate-limit tcp-request tcp-response timeout'.split(' '),
);

/** Sections that the list opens with a line of their own, then rows of that class below it. */
const classesBySection: readonly (readonly [section: string, classes: readonly string[]])[] = [
  ['global', ['global']],
  ['listen', ['listen', 'bind', 'server', 'option']],
];

function listConfiguration({ actions }: ListedTables): readonly string[] {
  const all = configKeywords();
  const lines = ['# List of registered configuration keywords:'];
  for (const [section, classes] of classesBySection) {
    lines.push(section);
    for (const one of classes) {
      lines.push(...rowsOf(all, one));
    }
    if (section === 'listen') lines.push(...listActions(actions));
  }
  return [...lines, 'userlist', ...rowsOf(all, 'userlist')];
}

function rowsOf(all: readonly ListedKeyword[], className: string): readonly string[] {
  const rows = all.filter((row) => row.class === className && !unlisted.has(row.name));
  const lines = rows.map(({ name }) => {
    const [first] = name.split(' ');
    return `\t${listedByFirst.has(first) ? first : name}`;
  });
  return [...new Set(lines)];
}

/** Actions whose name is followed by parentheses are marked. */
const withParentheses = new Set([
  'add-acl',
  'del-acl',
  'del-map',
  'do-resolve',
  'sc-add-gpc',
  'sc-inc-gpc',
  'sc-inc-gpc0',
  'sc-inc-gpc1',
  'sc-set-gpt',
  'sc-set-gpt0',
  'track-sc',
  'set-map',
  'set-var',
  'set-var-fmt',
  'unset-var',
]);
/**
 * Verdicts that are part of the rule's own grammar in TCP rule sets: HAProxy's list leaves them
 * out.
 */
const grammarOfTcp = new Set([
  'track-sc',
  'accept',
  'reject',
  'close',
  'capture',
  'expect-proxy',
  'expect-netscaler-cip',
]);

function listActions(actions: ReadonlyMap<string, ActionDef>): readonly string[] {
  return ruleSets.flatMap((ruleSet) => {
    const isTcp = ruleSet.startsWith('tcp');
    const names = [...actions.values()]
      .filter((row) => row.sets.includes(ruleSet) && !(isTcp && grammarOfTcp.has(row.name)))
      .map((row) => (withParentheses.has(row.name) ? `${row.name}*` : row.name));
    return sorted(names).map((name) => `\t${ruleSet} ${name}`);
  });
}

function listServices({ services }: ListedTables): readonly string[] {
  return ['# List of registered service names:', ...sorted([...services.keys()])];
}

const modeMarks = { expert: '[EXPERT] ', experimental: '[EXPERIM] ' };

function listCommands({ commands }: ListedTables): readonly string[] {
  const shared = masterCommandRows.filter(({ isShared }) => isShared);
  const masterToo = new Set(shared.map(({ words }) => words.join(' ')));
  const lines = commands.map(({ words, mode }) => {
    const name = words.join(' ');
    const master = masterToo.has(name) ? '[MASTER] ' : '';
    return `${name} ${master}[WORKER] ${mode === undefined ? '' : modeMarks[mode]}`;
  });
  const known = new Set(commands.map(({ words }) => words.join(' ')));
  const others = masterCommandRows
    .filter(({ words }) => !known.has(words.join(' ')))
    .map(({ words, isShared }) => `${words.join(' ')} [MASTER] ${isShared ? '[WORKER] ' : ''}`);
  return ['# List of registered CLI keywords:', ...sorted([...lines, ...others])];
}

const typeNames: Readonly<Record<string, string>> = {
  userlist: 'user list',
  sint: 'integer',
  ipv4: 'IPv4 address',
  ipv6: 'IPv6 address',
  mask4: 'IPv4 mask',
  mask6: 'IPv6 mask',
  variable: 'string',
  any: 'string',
  address: 'string',
  size: 'size',
  'field-path': 'Protocol buffers field number',
};

/** `(string[,integer])`, '' without arguments. */
function argumentsText(args: readonly ArgumentDef[]): string {
  if (args.length === 0) return '';
  let text = '';
  let open = 0;
  for (const [index, { type, optional }] of args.entries()) {
    if (optional === true && open === 0) {
      text += '[';
      open = 1;
    }
    text += `${index > 0 ? ',' : ''}${typeNames[type] ?? type}`;
  }
  return `(${text}${open > 0 ? ']' : ''})`;
}

/** The list has what comes out before what goes in. */
function listConverters({ converters }: ListedTables): readonly string[] {
  const lines = [...converters.values()].map(
    ({ name, args, takes, returns }) =>
      `${name}${argumentsText(args)}: ${kindNames[returns]} => ${kindNames[takes]}`,
  );
  return ['# List of registered sample converter functions:', ...sorted(lines)];
}

function listFetches({ fetches }: ListedTables): readonly string[] {
  const rows = [...fetches.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const lines = rows.map(
    ({ name, args, reads, returns }) =>
      `[ ${readsColumns(reads)} ] ${name}${argumentsText(args)}: ${kindNames[returns]}`,
  );
  return ['# List of registered sample fetch functions:', ...legend(), ...lines];
}

/** The slanted head of the columns: one line per place, then two lines of bars. */
function legend(): readonly string[] {
  const count = pointLabels.length;
  const lines = pointLabels.map((label, index) => {
    const bars = '/ '.repeat(index);
    const indent = ' '.repeat(count - index);
    return `# ${indent}${bars}_.${'-'.repeat(count - index)} ${label}`;
  });
  return [...lines, `# ${'/ '.repeat(count)} `, `# ${'| '.repeat(count)}`];
}
