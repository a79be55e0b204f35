// Lists of certificates while the process serves (management.txt 9.3: add, del, show ssl crt-list;
// show ssl sni). A line that is added or deleted counts at once for every bind line of the list.

import { readListLine } from '../../shared/config/crt-list.ts';
import { Diagnostics } from '../../shared/config/diagnostic.ts';
import { newDraft } from '../../shared/config/draft.ts';
import type { BindModel, Model } from '../../shared/config/model.ts';
import type { CrtListLineModel, CrtListModel } from '../../shared/config/model-certificates.ts';
import { underBase, withoutSlashes } from '../../shared/config/certificates.ts';
import { crtListRows } from '../../shared/config/sections/bind-crt.ts';
import {
  type Answer,
  failure,
  notice,
  type RuntimeCall,
  type RuntimeCommandDef,
} from './command.ts';
import { sniCommand } from './server-names.ts';

/** Bind lines that draw from a list. */
function bindsOf({ proxies }: Model, list: string): BindModel[] {
  return proxies
    .flatMap(({ binds }) => binds)
    .filter(({ ssl }) => ssl?.crts.some(({ kind, name }) => kind === 'list' && name === list));
}

// ---- add ----

/** The line as the loader reads it; a string says what is wrong. */
function readLine(model: Model, path: string, text: string): CrtListLineModel | string {
  const diagnostics = new Diagnostics();
  const draft = newDraft(diagnostics, {}, () => null);
  draft.isRuntime = true;
  Object.assign(draft.global.ssl, model.global.ssl);
  for (const [name, one] of Object.entries(model.certificates)) draft.certificates.set(name, one);
  for (const [name, one] of Object.entries(model.contents)) draft.contents.set(name, one);
  const [line] = readListLine({ file: path, number: 0, text }, draft, crtListRows);
  const [said] = diagnostics.list;
  if (line === undefined || diagnostics.alerts > 0) return said?.message ?? 'malformed line';
  return line;
}

function add({ context, words: [file, certificate], payload }: RuntimeCall): Answer {
  const text = payload === '' ? (certificate ?? '') : payload.trim();
  if (file === undefined || text === '') {
    return failure("'add ssl crtlist' expects a filename and a certificate name");
  }
  const refuse = (why: string): Answer => failure(`Can't edit the crt-list: ${why}`);
  const { model } = context.stats;
  const path = withoutSlashes(file);
  const list = model.crtLists[path];
  if (list === undefined) return refuse(`crt-list '${path}' does not exist!`);
  if (text.includes('\n')) return refuse('only one line of payload is supported!');
  const name = underBase(model.global.ssl.crtBase, text.split(/[\s[]/)[0]);
  const stored = model.certificates[name];
  if (stored === undefined) return refuse(`certificate '${name}' does not exist!`);
  if (stored.pem === '') return refuse(`certificate '${name}' is empty!`);
  const line = readLine(model, path, text);
  if (typeof line === 'string') return refuse(line);
  if (list.isFolder && (line.options.length > 0 || line.filters.length > 0)) {
    return refuse(
      'this is a directory, SSL configuration, crt-store keywords and filters are not allowed',
    );
  }
  if (list.isFolder && list.lines.some((one) => one.certificate === name)) {
    return refuse('file already exists in this directory!');
  }
  const lines = [...list.lines, line];
  const fault = context.tlsFiles.put({ crtLists: { [path]: { ...list, lines } } });
  const dots = '.'.repeat(bindsOf(model, path).length);
  const head = `Inserting certificate '${name}' in crt-list '${path}'${dots}\n`;
  return fault === '' ? notice(`${head}Success!`) : failure(`${head}${fault}\nFailed!`);
}

// ---- del ----

/** The line that is meant; a string says why none is. */
function findLine(
  { lines }: CrtListModel,
  path: string,
  name: string,
  number: number | null,
): CrtListLineModel | string {
  const all = lines.filter(({ certificate }) => certificate === name);
  if (all.length === 0) return `certificate '${name}' can't be found in crt-list '${path}'!`;
  const numbers = all.map(({ line }) => line).join(', ');
  if (number === null) {
    return all.length === 1
      ? all[0]
      : `found the certificate '${name}' in several entries, please specify a line number ` +
          `preceded by colons (${numbers})!`;
  }
  return (
    all.find(({ line }) => line === number) ??
    `found a certificate '${name}' but the line number is incorrect, please specify a correct ` +
      `line number preceded by colons (${numbers})!`
  );
}

/** Bind lines where it answers those whose name no certificate has. */
function defaultsOf(model: Model, path: string, line: CrtListLineModel): BindModel[] {
  return bindsOf(model, path).filter(({ ssl }) => {
    if (ssl === null || ssl.strictSni) return false;
    const [first] = ssl.crts;
    const isFirst = first?.name === path && model.crtLists[path].lines[0] === line;
    return isFirst || line.filters.includes('*');
  });
}

function remove({ context, words: [file, wanted] }: RuntimeCall): Answer {
  if (file === undefined || wanted === undefined) {
    return failure("'del ssl crtlist' expects a filename and a certificate name");
  }
  const refuse = (why: string): Answer => failure(`Can't delete the entry: ${why}`);
  const { model } = context.stats;
  const [, name, digits] = /^(.*?)(?::(\d*))?$/.exec(wanted) ?? [];
  if (digits === '') return refuse(`wrong line number after colons in '${wanted}'!`);
  const path = withoutSlashes(file);
  const list = model.crtLists[path];
  if (list === undefined) return refuse(`crt-list '${path}' does not exist!`);
  if (!(name in model.certificates)) return refuse(`certificate '${name}' does not exist!`);
  const line = findLine(list, path, name, digits === undefined ? null : Number(digits));
  if (typeof line === 'string') return refuse(line);
  const defaults = defaultsOf(model, path, line);
  if (defaults.length > 0) {
    const places = defaults.map(({ place }) => `\t- ${place.file}:${place.line}\n`).join('');
    return refuse(
      `certificate '${name}' cannot be deleted, it is used as default certificate by the ` +
        `following frontends:\n${places}`,
    );
  }
  const lines = list.lines.filter((one) => one !== line);
  const fault = context.tlsFiles.put({ crtLists: { [path]: { ...list, lines } } });
  return fault === '' ? notice(`Entry '${name}' deleted in crtlist '${path}'!`) : refuse(fault);
}

// ---- show ----

function show({ context, words }: RuntimeCall): Answer {
  const { crtLists } = context.stats.model;
  const isNumbered = words[0] === '-n';
  const file = words[isNumbered ? 1 : 0];
  if (file === undefined) {
    if (isNumbered) return failure("'show ssl crt-list -n' expects a filename or a directory");
    return Object.keys(crtLists)
      .toSorted()
      .map((name) => `${name}\n`)
      .join('');
  }
  const path = withoutSlashes(file);
  const list = crtLists[path];
  if (list === undefined) return failure("didn't find the specified filename");
  const lines = list.lines.map(({ certificate, line, options, filters }) => {
    const number = isNumbered ? `:${line}` : '';
    const brackets = options.length === 0 ? [] : [`[${options.join(' ')}]`];
    return `${[`${certificate}${number}`, ...brackets, ...filters].join(' ')}\n`;
  });
  return `# ${path}\n${lines.join('')}`;
}

export const crtListCommands: readonly RuntimeCommandDef[] = [
  {
    words: ['add', 'ssl', 'crt-list'],
    requires: 'admin',
    usage: '<crtlist> <certfile>|<payload>',
    help: 'a certificate more in a list',
    run: add,
  },
  {
    words: ['del', 'ssl', 'crt-list'],
    requires: 'admin',
    usage: '<crtlist> <certfile>[:<line>]',
    help: 'a certificate less in a list',
    run: remove,
  },
  {
    words: ['show', 'ssl', 'crt-list'],
    requires: 'admin',
    usage: '[-n] [<crtlist>]',
    help: 'the lists, or the lines of one',
    run: show,
  },
  sniCommand,
];
