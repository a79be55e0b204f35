// Actions that say what a client connection begins with, before anything of its protocol: run when
// it has been accepted, read by the steps that open it. Built by compile/rules.ts.

import type { Act, ActionDef, Scope, WordCursor } from '../keyword.ts';
import { verdictNext } from '../keyword.ts';
import { takeChoice } from './arguments.ts';

/** Reads `layer4`, the only place where a header can be expected. */
function buildExpect(
  name: 'expectsProxy' | 'expectsClientIp',
): (words: WordCursor, scope: Scope) => Act | null {
  return (words, scope) => {
    if (takeChoice(words, scope, ['layer4']) === null) return null;
    return (stream) => {
      stream.session[name] = true;
      return verdictNext;
    };
  };
}

export const preambles = [
  {
    name: 'expect-proxy',
    sets: ['tcp-request connection'],
    help: 'Lets the connection begin with a PROXY protocol header',
    example: 'expect-proxy layer4',
    build: buildExpect('expectsProxy'),
  },
  {
    name: 'expect-netscaler-cip',
    sets: ['tcp-request connection'],
    help: "Lets the connection begin with a NetScaler's Client IP header",
    example: 'expect-netscaler-cip layer4',
    build: buildExpect('expectsClientIp'),
  },
] satisfies readonly ActionDef[];
