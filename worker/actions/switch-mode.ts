// The action switch-mode: a TCP session goes on as HTTP (manual 4.4, and chapter 4 on upgrades).
// The frontend's HTTP rules then apply; what becomes of the connection is the acceptor's business.
// Built by compile/rules.ts.

import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictStop, verdictSwitch } from '../keyword.ts';
import { takeChoice } from './arguments.ts';

function buildSwitch(words: WordCursor, scope: Scope): Act | null {
  if (scope.proxy?.kind === 'backend') {
    scope.alert("'switch-mode' needs a proxy with frontend capability");
    return null;
  }
  if (takeChoice(words, scope, ['http']) === null) return null;
  let protocol = '';
  if (words.peek() === 'proto') {
    words.next();
    const chosen = takeChoice(words, scope, ['h1', 'h2']);
    if (chosen === null) return null;
    protocol = chosen;
  }
  return (stream) => {
    // The rules are run for the requests of the same connection too.
    if (stream.frontend.isHttp) return verdictStop;
    stream.session.httpProtocol = protocol;
    return verdictSwitch;
  };
}

export const switchMode = [
  {
    name: 'switch-mode',
    sets: ['tcp-request content'],
    help: 'Lets a TCP session go on as HTTP',
    example: 'switch-mode http proto h1',
    build: buildSwitch,
  },
] satisfies readonly ActionDef[];
