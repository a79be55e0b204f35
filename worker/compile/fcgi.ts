// FastCGI applications, as the backends that use them see them: conditions and formats are compiled
// for each backend, with the ACLs of the section. Called by proxies.ts at start.

import { type FcgiAppModel, fcgiLinesOf } from '../../shared/config/model-fcgi.ts';
import type { LineModel, Model, ProxyModel } from '../../shared/config/model.ts';
import { type HeaderName, headerName } from '../http/message.ts';
import { paramName } from '../http/fcgi-params.ts';
import type { Condition, FormatText } from '../keyword.ts';
import type { SenderSet } from '../log/sender-set.ts';
import { compileRegex } from '../match/regex.ts';
import type { Regex } from '../match/regex-guard.ts';
import { paramPrefix } from '../mux/fcgi-request.ts';
import type {
  FcgiAppPlan,
  FcgiHeaderPlan,
  FcgiParamChoice,
  FcgiParamPlan,
  FcgiPlan,
} from '../program.ts';
import { lineCursor } from '../line-cursor.ts';
import { compileEventLog } from './logs.ts';
import { takeCondition } from './rules.ts';
import type { CompileScope } from './scope.ts';

/** Set unless the section sets them otherwise. */
const defaultParams: readonly (readonly [name: string, format: string])[] = [
  ['REMOTE_USER', '%[http_auth_user]'],
  ['AUTH_TYPE', '%[http_auth_type]'],
];

/** Headers that applications do not get unless they are passed (manual 10.1.1, pass-header). */
const hidden = (
  'connection keep-alive authorization proxy proxy-authorization proxy-authenticate te trailers ' +
  'transfer-encoding upgrade'
).split(' ');

/** Makes the scope of a line of the section in the backend. */
export type FcgiScopeOf = (line: LineModel) => CompileScope;

export interface FcgiInput {
  readonly model: Model;
  readonly senders: SenderSet;
  readonly scopeOf: FcgiScopeOf;
}

/** null: the proxy uses none, or one that is not there (the loader has said so). */
export function compileFcgi(proxy: ProxyModel, input: FcgiInput): FcgiPlan | null {
  const section = input.model.fcgiApps.find(({ name }) => name === proxy.fcgiApp);
  if (section === undefined) return null;
  const ownLine = headLine(section);
  input.scopeOf(ownLine).compileAcls();
  return {
    app: compileApp(section, input),
    params: compileParams(section, input.scopeOf, ownLine),
    headers: compileHeaders(section, input.scopeOf),
  };
}

/** Stands for the section as a whole. */
function headLine({ place, name }: FcgiAppModel): LineModel {
  return { place, words: [], columns: [], text: '', from: fcgiLinesOf(name) };
}

function compileApp(section: FcgiAppModel, { model, senders, scopeOf }: FcgiInput): FcgiAppPlan {
  const log = compileEventLog(section.logs, model, senders);
  return {
    name: section.name,
    docroot: section.docroot,
    index: section.index,
    pathInfo: compilePathInfo(section, scopeOf),
    keepsConnections: section.keepsConnections,
    asksValues: section.asksValues,
    multiplexes: section.multiplexes,
    requestMax: section.requestMax,
    stderr: log === null ? null : { ...log, tag: section.name },
  };
}

function compilePathInfo({ pathInfo }: FcgiAppModel, scopeOf: FcgiScopeOf): Regex | null {
  if (pathInfo === null) return null;
  const regex = compileRegex(pathInfo.words[0], { captures: true });
  if (typeof regex !== 'string') return regex;
  scopeOf(pathInfo).alert(`'path-info' : ${regex}`);
  return null;
}

function compileParams(
  section: FcgiAppModel,
  scopeOf: FcgiScopeOf,
  ownLine: LineModel,
): readonly FcgiParamPlan[] {
  const found = new Map<string, FcgiParamChoice[]>();
  const add = (name: string, value: FormatText | null, condition?: Condition | null): void => {
    if (value === null || condition === undefined) return;
    const key = paramName(name);
    const choices = found.get(key) ?? [];
    choices.unshift({ condition, value });
    found.set(key, choices);
  };
  for (const [name, format] of defaultParams) {
    add(name, scopeOf(ownLine).logFormat(format), null);
  }
  for (const line of section.params) {
    const scope = scopeOf(line);
    const words = lineCursor(line);
    const name = words.next();
    add(name, scope.logFormat(words.next()), takeCondition(words, scope));
  }
  return [...found].map(([name, choices]) => ({ name: paramHeader(name), choices }));
}

const paramHeader = (name: string): HeaderName => headerName(paramPrefix + name);

function compileHeaders(section: FcgiAppModel, scopeOf: FcgiScopeOf): readonly FcgiHeaderPlan[] {
  const passed = new Map<string, (Condition | null)[]>(hidden.map((name) => [name, []]));
  for (const line of section.passed) {
    const words = lineCursor(line);
    // Others are passed anyhow.
    const conditions = passed.get(words.next().toLowerCase());
    const condition = takeCondition(words, scopeOf(line));
    if (condition !== undefined) conditions?.push(condition);
  }
  return [...passed].map(([name, conditions]) => ({ name: headerName(name), passes: conditions }));
}
