// Answers made here, from the words of `return`, `deny`, `tarpit` and `http-error`, and the error
// pages of a proxy (manual 4.2: errorfile, errorfiles, errorloc, http-error). Start only; called
// through Scope.reply and by proxies.ts.

import type { ErrorModel } from '../../shared/config/model.ts';
import { reasonText } from '../http/syntax-reason.ts';
import type { FormatText, Scope, WordCursor } from '../keyword.ts';
import type { ReplyPlan } from '../program.ts';
import { blankReply, pageStatuses, parsePage, redirectPage } from './error-page.ts';
import { lineCursor } from '../line-cursor.ts';

type Header = ReplyPlan['headers'][number];

/** What the words said. */
interface Draft {
  status: number;
  contentType: string;
  /** The word that gave the payload, '' : none did. */
  source: string;
  /** Its argument. */
  value: string;
  readonly headers: Header[];
  /** A word could not be used; an alert has been given. */
  failed: boolean;
}

/** How the payload word `source` becomes a reply. */
type MakePayload = (draft: Draft, scope: Scope) => ReplyPlan | null;

interface PayloadRow {
  readonly hasArgument: boolean;
  /** True: the payload is a whole page, so content-type and hdr do not count. */
  readonly isPage: boolean;
  readonly make: MakePayload;
}

const payloads: ReadonlyMap<string, PayloadRow> = new Map([
  ['default-errorfiles', { hasArgument: false, isPage: true, make: makeProxyPage }],
  ['errorfile', { hasArgument: true, isPage: true, make: makeFilePage }],
  ['errorfiles', { hasArgument: true, isPage: true, make: makeSectionPage }],
  ['file', { hasArgument: true, isPage: false, make: makeFromFile }],
  ['string', { hasArgument: true, isPage: false, make: makeFromString }],
  ['lf-file', { hasArgument: true, isPage: false, make: makeFromFileFormat }],
  ['lf-string', { hasArgument: true, isPage: false, make: makeFromFormat }],
]);

type TakeOption = (words: WordCursor, draft: Draft, scope: Scope) => void;

const options: ReadonlyMap<string, TakeOption> = new Map([
  ['status', takeStatus],
  ['content-type', takeContentType],
  ['hdr', takeHeader],
]);

/** Reads a reply up to the first word that is none of its own; null after alerts. */
export function buildReply(
  words: WordCursor,
  scope: Scope,
  statusDefault: number,
): ReplyPlan | null {
  const draft: Draft = {
    status: statusDefault,
    contentType: '',
    source: '',
    value: '',
    headers: [],
    failed: false,
  };
  while (isTaken(words, draft, scope));
  if (draft.failed) return null;
  const row = payloads.get(draft.source);
  if (row === undefined) return makeEmpty(draft, scope);
  if (row.isPage) warnUnused(draft, scope);
  return row.make(draft, scope);
}

function isTaken(words: WordCursor, draft: Draft, scope: Scope): boolean {
  const word = words.peek();
  const option = options.get(word);
  const payload = payloads.get(word);
  if (words.atEnd() || (option === undefined && payload === undefined)) return false;
  const place = words.here();
  words.next();
  if (option !== undefined) option(words, draft, scope);
  else if (draft.source !== '') {
    draft.failed = true;
    scope.alertAt(place, `unexpected '${word}': the answer is given by '${draft.source}' already`);
  } else takePayload(words, draft, scope, word);
  return !draft.failed;
}

function takePayload(words: WordCursor, draft: Draft, scope: Scope, source: string): void {
  draft.source = source;
  if (payloads.get(source)?.hasArgument === true) draft.value = take(words, draft, scope, source);
}

function take(words: WordCursor, draft: Draft, scope: Scope, of: string): string {
  if (!words.atEnd()) return words.next();
  draft.failed = true;
  scope.alertAt(words.here(), `'${of}' expects an argument`);
  return '';
}

function takeStatus(words: WordCursor, draft: Draft, scope: Scope): void {
  const place = words.here();
  const text = take(words, draft, scope, 'status');
  draft.status = Number(text);
  if (draft.failed || (/^\d+$/.test(text) && draft.status >= 200 && draft.status <= 599)) return;
  draft.failed = true;
  scope.alertAt(place, `'${text}' is not a status between 200 and 599`);
}

function takeContentType(words: WordCursor, draft: Draft, scope: Scope): void {
  draft.contentType = take(words, draft, scope, 'content-type');
}

const framingNames = new Set(['content-length', 'transfer-encoding', 'content-type']);

function takeHeader(words: WordCursor, draft: Draft, scope: Scope): void {
  const name = take(words, draft, scope, 'hdr');
  const format = take(words, draft, scope, `hdr ${name}`);
  if (draft.failed) return;
  if (framingNames.has(name.toLowerCase())) {
    scope.warning(`header '${name}' is made from the body and ignored here`);
    return;
  }
  const value = scope.logFormat(format);
  if (value === null) draft.failed = true;
  else draft.headers.push({ name: scope.header(name), value });
}

function warnUnused(draft: Draft, scope: Scope): void {
  if (draft.contentType !== '') {
    scope.warning(`content-type '${draft.contentType}' is ignored: a page is given whole`);
  }
  if (draft.headers.length > 0) scope.warning("'hdr' is ignored: a page is given whole");
}

function makeEmpty(draft: Draft, scope: Scope): ReplyPlan {
  if (draft.contentType !== '') {
    scope.warning(`content-type '${draft.contentType}' is ignored: there is no payload`);
  }
  return { ...blankReply(draft.status, reasonText(draft.status)), headers: draft.headers };
}

/** The proxy's page for a status, looked up when it is needed. */
export function proxyReply(status: number): ReplyPlan {
  return { ...blankReply(status, reasonText(status)), fromProxy: true };
}

function isPageStatus(draft: Draft, scope: Scope): boolean {
  if (pageStatuses.includes(draft.status)) return true;
  scope.alert(`status ${draft.status} has no error page, '${draft.source}' cannot be used with it`);
  return false;
}

function makeProxyPage(draft: Draft, scope: Scope): ReplyPlan | null {
  return isPageStatus(draft, scope) ? proxyReply(draft.status) : null;
}

function makeFilePage(draft: Draft, scope: Scope): ReplyPlan | null {
  return filePage(draft.value, scope);
}

function makeSectionPage(draft: Draft, scope: Scope): ReplyPlan | null {
  if (!isPageStatus(draft, scope)) return null;
  const found = sectionReplies(draft.value, scope);
  if (found === null) return null;
  const page = found.get(draft.status);
  if (page !== undefined) return page;
  scope.warning(`http-errors section '${draft.value}' has no page for status ${draft.status}`);
  return proxyReply(draft.status);
}

/** The page in a file, null after an alert. */
function filePage(path: string, scope: Scope): ReplyPlan | null {
  const text = scope.content(path);
  if (text === null) return null;
  const { bufsize } = scope.model.global.tune;
  if (text.length > bufsize) {
    scope.alert(`error page '${path}' has ${text.length} bytes, tune.bufsize allows ${bufsize}`);
    return null;
  }
  const page = parsePage(text);
  if (typeof page !== 'string') return page;
  scope.alert(`error page '${path}': ${page}`);
  return null;
}

function makeFromFile(draft: Draft, scope: Scope): ReplyPlan | null {
  const text = payloadFile(draft.value, scope);
  return text === null ? null : makeBody(draft, scope, text);
}

function makeFromString(draft: Draft, scope: Scope): ReplyPlan | null {
  return makeBody(draft, scope, draft.value);
}

function makeFromFileFormat(draft: Draft, scope: Scope): ReplyPlan | null {
  const text = payloadFile(draft.value, scope);
  return text === null ? null : makeFormatBody(draft, scope, text);
}

function makeFromFormat(draft: Draft, scope: Scope): ReplyPlan | null {
  return makeFormatBody(draft, scope, draft.value);
}

function payloadFile(path: string, scope: Scope): string | null {
  const text = scope.content(path);
  if (text === null) return null;
  const { bufsize } = scope.model.global.tune;
  if (text.length <= bufsize) return text;
  scope.alert(`file '${path}' has ${text.length} bytes, tune.bufsize allows ${bufsize}`);
  return null;
}

function makeBody(draft: Draft, scope: Scope, text: string): ReplyPlan | null {
  if (text === '') return makeEmpty(draft, scope);
  if (!isBodyAllowed(draft, scope)) return null;
  return withBody(draft, () => text);
}

function makeFormatBody(draft: Draft, scope: Scope, format: string): ReplyPlan | null {
  if (!isBodyAllowed(draft, scope)) return null;
  const body = scope.logFormat(format, 'text');
  return body === null ? null : withBody(draft, body);
}

function withBody(draft: Draft, body: FormatText): ReplyPlan {
  const { status, headers, contentType } = draft;
  return { ...blankReply(status, reasonText(status)), headers, contentType, body };
}

function isBodyAllowed(draft: Draft, scope: Scope): boolean {
  if (draft.status === 204 || draft.status === 304) {
    scope.alert(`a response of status ${draft.status} has no body`);
    return false;
  }
  if (draft.contentType !== '') return true;
  scope.alert("'content-type' is needed for a payload that is not empty");
  return false;
}

/** The pages of an http-errors section by status; null after alerts. */
function sectionReplies(name: string, scope: Scope): ReadonlyMap<number, ReplyPlan> | null {
  const section = scope.model.httpErrors.find((one) => one.name === name);
  if (section !== undefined) return collectReplies(section.errors, scope);
  scope.alert(`no http-errors section is called '${name}'`);
  return null;
}

/** The pages that `errors` give, in order: a later line replaces an earlier one. */
export function collectReplies(
  errors: readonly ErrorModel[],
  scope: Scope,
): ReadonlyMap<number, ReplyPlan> {
  const found = new Map<number, ReplyPlan>();
  for (const error of errors) applyError[error.kind](error, scope, found);
  return found;
}

type ApplyError = (error: ErrorModel, scope: Scope, found: Map<number, ReplyPlan>) => void;

const applyError: Readonly<Record<ErrorModel['kind'], ApplyError>> = {
  file: (error, scope, found) => {
    const page = filePage(error.value, scope);
    if (page !== null) found.set(error.status, page);
  },
  loc302: (error, _scope, found) => {
    found.set(error.status, redirectPage(302, error.value));
  },
  loc303: (error, _scope, found) => {
    found.set(error.status, redirectPage(303, error.value));
  },
  section: (error, scope, found) => {
    const pages = sectionReplies(error.value, scope) ?? [];
    for (const [status, page] of pages) {
      if (error.status === 0 || error.status === status) found.set(status, page);
    }
  },
  'http-error': (error, scope, found) => {
    if (error.line !== null) applyHttpError(error.line, scope, found);
  },
};

function applyHttpError(
  line: NonNullable<ErrorModel['line']>,
  scope: Scope,
  found: Map<number, ReplyPlan>,
): void {
  const words = lineCursor(line);
  const statusAt = line.words.indexOf('status');
  const status = Number(line.words[statusAt + 1]);
  if (statusAt < 0 || !pageStatuses.includes(status)) {
    scope.alertAt(words.here(), "'status' and a status that has an error page are expected");
    return;
  }
  const reply = buildReply(words, scope, status);
  if (reply === null) return;
  if (!words.atEnd()) scope.alertAt(words.here(), `unexpected word '${words.peek()}'`);
  else if (reply.fromProxy) found.delete(status);
  else found.set(status, reply);
}
