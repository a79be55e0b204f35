// The reference of all words, from the tables themselves: rows for `hawser help` (the build writes
// them to reference.json) and pages in doc/reference. `node dist/test/reference.js` writes the
// pages; reference.test.ts says when one of them says what is not so.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  bindKeywords,
  globalKeywords,
  httpErrorsKeywords,
  proxySectionKeywords,
  serverKeywords,
  userlistKeywords,
} from '../shared/config/catalog.ts';
import type { KeywordRow, Side } from '../shared/config/keyword.ts';
import type { ReferenceRow } from '../shared/config/reference.ts';
import { algorithms } from '../worker/balance/algorithms.ts';
import { actions, converters, fetches, logTags, services } from '../worker/catalog.ts';
import type { ArgumentDef } from '../worker/keyword.ts';
import { aclKeywords, matchMethodByName } from '../worker/match/methods.ts';
import { runtimeCommands } from '../worker/runtime/catalog.ts';
import { kindNames } from '../worker/sample/sample.ts';

/** Everything that works. */
export function referenceRows(): readonly ReferenceRow[] {
  return [
    ...configurationRows(),
    ...balanceRows(),
    ...actionRows(),
    ...fetchRows(),
    ...converterRows(),
    ...matchRows(),
    ...tagRows(),
    ...commandRows(),
  ];
}

function formOf(name: string, args: readonly ArgumentDef[]): string {
  if (args.length === 0) return name;
  const at = args.findIndex(({ optional }) => optional === true);
  const needed = args.slice(0, at < 0 ? args.length : at).map((one) => one.name);
  const rest = at < 0 ? [] : args.slice(at).map((one) => one.name);
  const comma = needed.length > 0 && rest.length > 0 ? ',' : '';
  const optional = rest.length > 0 ? `[${comma}${rest.join(',')}]` : '';
  return `${name}(${needed.join(',')}${optional})`;
}

type Row = Pick<KeywordRow, 'name' | 'help' | 'example'>;

/** The rows of one table; `form`: how a word is written there. */
function keywordRows(
  family: string,
  rows: Iterable<Row & { readonly side?: Side }>,
  form: (name: string) => string,
): readonly ReferenceRow[] {
  return [...rows].map(({ name, help, example, side }) => ({
    kind: 'configuration keyword',
    family,
    name,
    form: form(name),
    about: side === undefined ? '' : sides[side],
    help,
    example,
  }));
}

const sides: Readonly<Record<Side, string>> = {
  front: 'frontend',
  back: 'backend',
  both: 'frontend, backend',
};
const asItIs = (name: string): string => name;

const configurationRows = (): readonly ReferenceRow[] => [
  ...keywordRows('global', globalKeywords.values(), asItIs),
  ...keywordRows('proxies', proxySectionKeywords.values(), asItIs),
  ...keywordRows('bind lines', bindKeywords, (name) => `bind <addr> ${name}`),
  ...keywordRows('server lines', serverKeywords, (name) => `server <name> <addr> ${name}`),
  ...keywordRows('userlists', userlistKeywords, asItIs),
  ...keywordRows('http-errors', httpErrorsKeywords, asItIs),
];

const balanceRows = (): readonly ReferenceRow[] =>
  [...algorithms.values()].map(({ name, help, example, httpOnly }) => ({
    kind: 'balance algorithm',
    family: 'balance',
    name,
    form: `balance ${example}`,
    about: httpOnly ? 'HTTP' : '',
    help,
    example: `balance ${example}`,
  }));

const actionRows = (): readonly ReferenceRow[] =>
  [...actions.values()].map(({ name, sets, help, example }) => ({
    kind: 'action',
    family: 'actions',
    name,
    form: example,
    about: sets.join(', '),
    help,
    example: `${sets[0]} ${example}`,
  }));

/** Words with the same beginning: req.hdr, table_conn_cnt, sc0_key. */
const familyOf = (name: string): string =>
  /^(sc\d?_|src_|table_|map_|req\.|res\.|ssl_|fc_|bc_|be_|fe_|srv_|txn\.|eth\.|ip\.|tcp\.)/.exec(
    name,
  )?.[1] ?? 'others';

const fetchRows = (): readonly ReferenceRow[] =>
  [...fetches.values()].map(({ name, args, returns, reads, help, example }) => ({
    kind: 'sample fetch',
    family: familyOf(name),
    name,
    form: formOf(name, args),
    about: `${kindNames[returns]}, reads ${reads.replaceAll('-', ' ')}`,
    help,
    example,
  }));

const converterRows = (): readonly ReferenceRow[] =>
  [...converters.values()].map(({ name, args, takes, returns, help, example }) => ({
    kind: 'converter',
    family: familyOf(name),
    name,
    form: formOf(name, args),
    about: `${kindNames[takes]} to ${kindNames[returns]}`,
    help,
    example,
  }));

const matchRows = (): readonly ReferenceRow[] => [
  ...[...matchMethodByName.values()].map(({ name, help }) => ({
    kind: 'match method',
    family: 'methods',
    name,
    form: `-m ${name}`,
    about: '',
    help,
    example: '',
  })),
  ...aclKeywords.map(({ name, fetch, method }) => ({
    kind: 'acl keyword',
    family: 'keywords',
    name,
    form: name,
    about: `${fetch} -m ${method}`,
    help: `${fetch} matched by ${method}`,
    example: '',
  })),
];

const tagRows = (): readonly ReferenceRow[] =>
  [...logTags.values()].map(({ name, help, http }) => ({
    kind: 'log-format alias',
    family: 'aliases',
    name: `%${name}`,
    form: `%${name}`,
    about: http === true ? 'HTTP' : '',
    help,
    example: '',
  }));

const commandRows = (): readonly ReferenceRow[] => [
  ...runtimeCommands()
    .all.filter(({ help }) => help !== '')
    .map(({ words, usage, help, mode }) => ({
      kind: 'runtime command',
      family: 'commands',
      name: words.join(' '),
      form: `${words.join(' ')} ${usage}`.trim(),
      about: mode === undefined ? '' : `${mode} mode`,
      help,
      example: '',
    })),
  ...[...services.values()].map(({ name, help }) => ({
    kind: 'service',
    family: 'services',
    name,
    form: `use-service ${name}`,
    about: '',
    help,
    example: '',
  })),
];

// ---- pages ----

/** File of doc/reference, title, kinds. */
const pages: readonly (readonly [string, string, readonly string[]])[] = [
  ['configuration', 'Configuration keywords', ['configuration keyword', 'balance algorithm']],
  ['actions', 'Actions', ['action']],
  ['fetches', 'Sample fetches', ['sample fetch']],
  ['converters', 'Converters', ['converter']],
  ['acls', 'Match methods and ACL keywords', ['match method', 'acl keyword']],
  ['log-format', 'Log-format aliases', ['log-format alias']],
  ['runtime', 'Runtime commands and services', ['runtime command', 'service']],
];

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``);

export const rowLine = ({ form, about, help }: ReferenceRow): string =>
  `| ${code(form)} | ${cell(about)} | ${cell(help)} |`;

/** Text of each page by file name. */
export function referencePages(): ReadonlyMap<string, string> {
  const rows = referenceRows();
  return new Map(
    pages.map(([file, title, kinds]) => {
      const own = rows.filter(({ kind }) => kinds.includes(kind));
      const families = [...new Set(own.map(({ family }) => family))].toSorted();
      const parts = families.flatMap((family) => [
        `## ${family}`,
        '',
        '| form | | |',
        '| --- | --- | --- |',
        ...own
          .filter((row) => row.family === family)
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
          .map(rowLine),
        '',
      ]);
      const head = [`# ${title}`, '', 'Written from the tables by `test/reference.ts`.', ''];
      return [`${file}.md`, [...head, ...parts].join('\n')];
    }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = join(process.cwd(), 'doc/reference');
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of referencePages()) writeFileSync(join(folder, file), text);
}
