// `fcgi-app` sections, and `use-fcgi-app` of proxies (manual 10.1): what requests are told of an
// application, and how its connections may be used. Conditions and formats stay words for the
// compiler.

import type { ProxyDraft, NamedKeyword, NamedSection, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import { type FcgiAppModel, fcgiLinesOf } from '../model-fcgi.ts';
import { readLog } from './log-target.ts';
import { isBadAclName } from './rules.ts';

const badName = /[^A-Za-z0-9_.:-]/;

type Switch = 'keepsConnections' | 'asksValues' | 'multiplexes';

const switchRow = (word: string, field: Switch, help: string): NamedKeyword<FcgiAppModel> => ({
  name: `option ${word}`,
  help,
  example: `option ${word}`,
  parse: (line, app) => {
    if (line.atMost(0)) app[field] = line.modifier === '';
  },
});

const textRow = (
  name: 'docroot' | 'index',
  what: string,
  help: string,
  example: string,
): NamedKeyword<FcgiAppModel> => ({
  name,
  help,
  example: `${name} ${example}`,
  parse: (line, app) => {
    const value = line.needed(0, what);
    if (value !== null && line.atMost(1)) app[name] = value;
  },
});

/** The words from the first on, if what follows `count` of them can be a condition. */
function addRule(line: Line, app: FcgiAppModel, field: 'params' | 'passed', count: number): void {
  const word = line.arg(count);
  if (word === '' || word === 'if' || word === 'unless') {
    app[field].push(line.model(0, fcgiLinesOf(app.name)));
  } else line.alert(count, `'${line.name}' : 'if' or 'unless' is expected, not '${word}'.`);
}

const rows: readonly NamedKeyword<FcgiAppModel>[] = [
  {
    name: 'acl',
    help: 'a named condition, for this application only',
    example: 'acl admin path_beg /admin',
    parse: (line, app) => {
      const name = line.needed(0, 'a name and a criterion');
      if (name === null || isBadAclName(line, name)) return;
      app.acls.push(line.model(0, fcgiLinesOf(app.name)));
    },
  },
  textRow('docroot', 'a path', 'folder of the scripts, on their host', '/var/www/app'),
  textRow('index', 'a script', 'script of a path that ends with a slash', 'index.php'),
  {
    name: 'log-stderr',
    help: 'where error output of the application is logged',
    example: 'log-stderr 127.0.0.1:514 local0',
    parse: (line, app, draft) => {
      const logs = readLog(line, app.logs, draft, draft.global.logs);
      if (logs !== null) app.logs = logs;
    },
  },
  switchRow('get-values', 'asksValues', 'ask the application what it allows'),
  switchRow('keep-conn', 'keepsConnections', 'connections stay open between requests'),
  {
    name: 'option max-reqs',
    help: 'requests at once on a connection',
    example: 'option max-reqs 10',
    parse: (line, app) => {
      if (line.modifier !== '') {
        line.alert(-1, "negation/default is not supported for 'option max-reqs'.");
        return;
      }
      const count = line.integer(0, { min: 1, max: 65_535 }, 'a number of requests');
      if (count !== null && line.atMost(1)) app.requestMax = count;
    },
  },
  switchRow('mpxs-conns', 'multiplexes', 'a connection may carry several requests at once'),
  {
    name: 'pass-header',
    help: 'a request header that the application gets although it is hidden',
    example: 'pass-header Authorization if { path_beg /api }',
    parse: (line, app) => {
      if (line.needed(0, 'a header name') !== null) addRule(line, app, 'passed', 1);
    },
  },
  {
    name: 'path-info',
    help: 'expression that takes script name and path info from a path',
    example: 'path-info ^(/.+\\.php)(/.*)?$',
    parse: (line, app) => {
      if (line.needed(0, 'a regular expression') === null || !line.atMost(1)) return;
      app.pathInfo = line.model(0, fcgiLinesOf(app.name));
    },
  },
  {
    name: 'set-param',
    help: 'a parameter of requests, instead of its default',
    example: 'set-param REDIRECT_STATUS 200',
    parse: (line, app) => {
      if (line.needed(0, 'a name and a value') === null) return;
      if (line.needed(1, 'a value') !== null) addRule(line, app, 'params', 2);
    },
  },
];

const isNegatable = (name: string): boolean => name.startsWith('option ');

function withoutModifier(row: NamedKeyword<FcgiAppModel>): NamedKeyword<FcgiAppModel> {
  if (isNegatable(row.name)) return row;
  return {
    ...row,
    parse: (line, app, draft) => {
      if (line.modifier === '') row.parse(line, app, draft);
      else line.alert(-1, `negation/default is not supported for '${row.name}'.`);
    },
  };
}

/** `fcgi-app NAME`. */
export const fcgiAppSection: NamedSection<FcgiAppModel> = {
  name: 'fcgi-app',
  rows: rows.map(withoutModifier),
  open: (line, draft) => {
    const name = line.needed(0, 'a name');
    if (name === null || !line.atMost(1)) return null;
    const bad = badName.exec(name);
    if (bad !== null) {
      return line.alert(0, `character '${bad[0]}' is not permitted in 'fcgi-app' name '${name}'.`);
    }
    const twin = draft.fcgiApps.find((app) => app.name === name);
    if (twin !== undefined) {
      const { file, line: number } = twin.place;
      return line.alert(0, `there is a fcgi-app '${name}' already, at ${file}:${number}.`);
    }
    const app: FcgiAppModel = {
      place: line.place(-1),
      name,
      docroot: '',
      index: '',
      pathInfo: null,
      acls: [],
      params: [],
      passed: [],
      logs: [],
      keepsConnections: true,
      asksValues: false,
      multiplexes: false,
      requestMax: 1,
    };
    draft.fcgiApps.push(app);
    return app;
  },
};

/** Sets the application of a proxy; there can be one. */
export function useFcgiApp(line: Line, { model }: ProxyDraft, index: number): void {
  const name = line.needed(index, 'the name of a fcgi-app section');
  if (name === null || !line.atMost(index + 1)) return;
  if (model.fcgiApp !== '' && model.fcgiApp !== name) {
    line.alert(index, `only one fcgi-app can be used: '${model.fcgiApp}' is already.`);
    return;
  }
  model.fcgiApp = name;
  model.fcgiPlace ??= line.place(-1);
}

export const fcgiKeywords: readonly ProxyKeyword[] = [
  {
    name: 'use-fcgi-app',
    side: 'back',
    defaults: 'no',
    help: 'application that servers with `proto fcgi` run',
    example: 'use-fcgi-app php',
    parse: (line, proxy) => useFcgiApp(line, proxy, 0),
  },
];
