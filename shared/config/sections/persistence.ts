// Words about coming back to the same server: the cookie of a backend and of its servers, and rules
// about using servers that are down. The line of `cookie` is read by worker/compile/cookie.ts.

import type { ProxyKeyword, ServerKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';

function hasCondition(line: Line): boolean {
  const word = line.arg(0);
  if ((word === 'if' || word === 'unless') && line.count > 1) return true;
  line.alert(0, `'${line.name}' requires either 'if' or 'unless' followed by a condition.`);
  return false;
}

export const persistenceKeywords: readonly ProxyKeyword[] = [
  {
    name: 'cookie',
    side: 'back',
    defaults: 'yes',
    help: 'the cookie that brings clients back to their server',
    example: 'cookie SRV insert indirect nocache',
    parse: (line, proxy) => {
      if (line.needed(0, '<cookie_name>') === null) return;
      proxy.model.cookie = line.model(0, '');
    },
  },
  {
    name: 'be-unpublished',
    side: 'back',
    defaults: 'no',
    help: 'rules of other proxies do not lead here until it is published',
    example: 'be-unpublished',
    parse: (line, proxy) => {
      if (line.atMost(0)) proxy.model.unpublished = true;
    },
  },
  {
    name: 'force-be-switch',
    side: 'front',
    defaults: 'no',
    help: 'when rules lead to backends that are disabled or unpublished too',
    example: 'force-be-switch if FALSE',
    parse: (line, proxy) => {
      if (hasCondition(line)) proxy.model.forceSwitches.push(line.model(0, ''));
    },
  },
  {
    name: 'force-persist',
    side: 'back',
    defaults: 'no',
    help: 'when a server that is down is used all the same',
    example: 'force-persist if FALSE',
    parse: (line, proxy) => {
      if (hasCondition(line)) proxy.model.forcePersist.push(line.model(0, ''));
    },
  },
  {
    name: 'ignore-persist',
    side: 'back',
    defaults: 'no',
    help: 'when cookies do not choose the server',
    example: 'ignore-persist if FALSE',
    parse: (line, proxy) => {
      if (hasCondition(line)) proxy.model.ignorePersist.push(line.model(0, ''));
    },
  },
];

export const persistenceWords: readonly ServerKeyword[] = [
  {
    name: 'cookie',
    takes: 1,
    help: 'value of the cookie that names the server',
    example: 'server s 127.0.0.1:80 cookie s1',
    parse: ({ line, index }, { model }) => {
      model.cookie = line.arg(index + 1);
    },
  },
  {
    name: 'redir',
    takes: 1,
    help: 'clients are sent there with their GET and HEAD requests',
    example: 'server s 127.0.0.1:80 redir http://static.example.com',
    parse: ({ line, index }, { model }) => {
      model.redir = line.arg(index + 1);
    },
  },
  {
    name: 'track',
    takes: 1,
    help: 'server whose checks decide',
    example: 'server s 127.0.0.1:80 track other/s1',
    parse: ({ line, index }, { model }) => {
      model.track = line.arg(index + 1);
    },
  },
];
