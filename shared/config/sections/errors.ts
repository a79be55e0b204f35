// Error answers: errorfile, errorloc*, errorfiles, http-error in proxies, and errorfile in
// http-errors sections. Files are read here; what they hold is checked by the compiler.

import type { Draft } from '../draft.ts';
import type { HttpErrorsKeyword, Mutable, NamedSection, ProxyKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { ErrorModel, HttpErrorsModel } from '../model.ts';
import { keepFile } from './bind-tls.ts';

/** Status codes that the proxy itself may answer with. */
export const errorStatuses = [
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502,
  503, 504,
] as const;

function readStatus(line: Line, index: number): number | null {
  const text = line.arg(index);
  const found = errorStatuses.find((status) => String(status) === text);
  return found ?? line.alert(index, `'${line.name}' : status code '${text}' is not handled.`);
}

function readErrorFile(line: Line, draft: Draft): ErrorModel | null {
  if (line.count < 2) {
    return line.alert(-1, `'${line.name}' expects <status_code> and <file> as arguments.`);
  }
  const status = readStatus(line, 0);
  if (status === null || !line.atMost(2)) return null;
  const value = line.arg(1);
  // An empty answer: the connection is closed without a word.
  if (value !== '/dev/null') {
    if (keepFile(line, 1, value, draft) === null) return null;
  } else draft.contents.set(value, '');
  return { place: line.place(-1), kind: 'file', status, value, line: null };
}

const locationRow = (name: string, kind: 'loc302' | 'loc303'): ProxyKeyword => ({
  name,
  side: 'both',
  defaults: 'yes',
  help: 'redirect instead of an error',
  example: `${name} 503 http://example.com/sorry`,
  parse: (line, proxy) => {
    if (line.count < 2) {
      line.alert(-1, `'${name}' expects <status_code> and <url> as arguments.`);
      return;
    }
    const status = readStatus(line, 0);
    if (status === null || !line.atMost(2)) return;
    proxy.model.errors.push({
      place: line.place(-1),
      kind,
      status,
      value: line.arg(1),
      line: null,
    });
  },
});

function readErrorFiles(line: Line): ErrorModel[] | null {
  const value = line.needed(0, '<section> as argument');
  if (value === null) return null;
  const one = { place: line.place(-1), kind: 'section', value, line: null } as const;
  if (line.count === 1) return [{ ...one, status: 0 }];
  const statuses = line.rest(1).map((_, index) => readStatus(line, index + 1));
  return statuses.includes(null)
    ? null
    : statuses.map((status) => ({ ...one, status: Number(status) }));
}

function readHttpError(line: Line): ErrorModel | null {
  const at = line.rest().indexOf('status');
  if (at < 0)
    return line.alert(0, "'http-error' expects at least a status code ('status <code>').");
  const status = readStatus(line, at + 1);
  if (status === null) return null;
  const model = line.model(0, '');
  return { place: line.place(-1), kind: 'http-error', status, value: '', line: model };
}

export const errorKeywords: readonly ProxyKeyword[] = [
  {
    name: 'errorfile',
    side: 'both',
    defaults: 'yes',
    help: 'file sent instead of an error',
    example: 'errorfile 503 /dev/null',
    parse: (line, proxy, draft) => {
      const error = readErrorFile(line, draft);
      if (error !== null) proxy.model.errors.push(error);
    },
  },
  locationRow('errorloc', 'loc302'),
  locationRow('errorloc302', 'loc302'),
  locationRow('errorloc303', 'loc303'),
  {
    name: 'errorfiles',
    side: 'both',
    defaults: 'yes',
    help: 'answers of an http-errors section',
    example: 'errorfiles sorry 503',
    parse: (line, proxy) => {
      proxy.model.errors.push(...(readErrorFiles(line) ?? []));
    },
  },
  {
    name: 'http-error',
    side: 'both',
    defaults: 'yes',
    help: 'answer instead of an error',
    example: 'http-error status 503 content-type text/plain string busy',
    parse: (line, proxy) => {
      const error = readHttpError(line);
      if (error !== null) proxy.model.errors.push(error);
    },
  },
];

export const httpErrorsKeywords: readonly HttpErrorsKeyword[] = [
  {
    name: 'errorfile',
    help: 'file sent for a status',
    example: 'errorfile 503 /dev/null',
    parse: (line, list, draft) => {
      const error = readErrorFile(line, draft);
      if (error !== null) list.errors.push(error);
    },
  },
];

export const httpErrorsSection: NamedSection<Mutable<HttpErrorsModel>> = {
  name: 'http-errors',
  rows: httpErrorsKeywords,
  open: (line, draft) => {
    const name = line.needed(0, '<name> as argument');
    if (name === null || !line.atMost(1)) return null;
    if (draft.httpErrors.some((list) => list.name === name)) {
      return line.alert(0, `http-errors section '${name}' already exists.`);
    }
    const list = { name, errors: [] };
    draft.httpErrors.push(list);
    return list;
  },
};
