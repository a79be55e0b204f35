// The action early-hint: header fields of a 103 response that goes ahead of everything else (manual
// 4.4; RFC 8297). Rules that follow each other without a condition between them fill one response.
// Built by compile/rules.ts.

import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictError, verdictNext } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import { takeFormat } from './arguments.ts';
import { takeHeaderName } from './header-name.ts';

const statusEarlyHints = 103;

function buildEarlyHint(words: WordCursor, scope: Scope): Act | null {
  const header = takeHeaderName(words, scope);
  const value = header === null ? null : takeFormat(words, scope, 'a header value');
  if (header === null || value === null) return null;
  const isLast = !isContinued(words, scope);
  return (stream) => {
    if (stream.request.version < 11) return verdictNext;
    const { response } = stream;
    if (response.status !== statusEarlyHints) {
      response.reset();
      response.version = 11;
      response.status = statusEarlyHints;
    }
    if (!response.add(header, value(stream))) {
      response.reset();
      return verdictError;
    }
    if (isLast) send(stream);
    return verdictNext;
  };
}

/** The next rule of the same set adds to the same response: it is one of these, always run. */
function isContinued(words: WordCursor, { proxy }: Scope): boolean {
  if (proxy === null) return false;
  const { file, line } = words.place;
  const rules = proxy.rules['http-request'];
  const own = rules.findIndex(({ place }) => place.file === file && place.line === line);
  const next = rules[own + 1];
  if (next === undefined || next.from !== rules[own].from) return false;
  return next.words[0] === 'early-hint' && next.words.length <= 3;
}

function send(stream: Stream): void {
  stream.front?.sendHead(stream.response, 0, 0, false);
  stream.response.reset();
}

export const earlyHint = [
  {
    name: 'early-hint',
    sets: ['http-request'],
    help: 'Adds a header field to a 103 response that is sent ahead of any other',
    example: 'early-hint Link "</style.css>; rel=preload; as=style"',
    build: buildEarlyHint,
  },
] satisfies readonly ActionDef[];
