// Words about coming back to the same server: the cookie of a backend and of its servers, and rules
// about using servers that are down. The line of `cookie` is read by worker/compile/cookie.ts.

import type { ProxyDraft, ProxyKeyword, ServerKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';

function hasCondition(line: Line): boolean {
  const word = line.arg(0);
  if ((word === 'if' || word === 'unless') && line.count > 1) return true;
  line.alert(0, `'${line.name}' requires either 'if' or 'unless' followed by a condition.`);
  return false;
}

/** Words of a `cookie` line that a value follows. */
const valued = new Set(['domain', 'attr', 'maxidle', 'maxlife']);

function isDynamic(line: Line): boolean {
  for (let i = 1; i < line.count; i++) {
    const word = line.arg(i);
    if (word === 'dynamic') return true;
    if (valued.has(word)) i++;
  }
  return false;
}

/** `persist rdp-cookie` or `persist rdp-cookie(name)`. */
function readPersist(line: Line, proxy: ProxyDraft): void {
  const method = line.needed(0, 'a method');
  if (method === null || !line.atMost(1)) return;
  const match = /^rdp-cookie(\((.*)\))?$/.exec(method);
  if (match === null) line.alert(0, `unknown persist method '${method}', expected 'rdp-cookie'.`);
  else if (match[2] === '') line.alert(0, "'persist rdp-cookie(name)' requires a name.");
  else proxy.model.rdpCookie = match[2] ?? 'msts';
}

/** Headers that say how a message is sent. */
const framingHeaders = new Set(['host', 'content-length', 'transfer-encoding', 'connection']);

function readNameHeader(line: Line, proxy: ProxyDraft): void {
  const name = line.needed(0, 'a header name');
  if (name === null || !line.atMost(1)) return;
  if (framingHeaders.has(name.toLowerCase())) {
    line.alert(0, `'${name}' cannot be used as header name for '${line.name}'.`);
  } else if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    line.alert(0, `'${name}' is not a header name.`);
  } else proxy.model.serverNameHeader = name.toLowerCase();
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
      proxy.model.hasDynamicCookies = isDynamic(line);
    },
  },
  {
    name: 'dynamic-cookie-key',
    side: 'back',
    defaults: 'yes',
    help: 'the secret in cookies made of the addresses of servers',
    example: 'dynamic-cookie-key secret',
    parse: (line, proxy) => {
      const key = line.needed(0, '<secret_key>');
      if (key !== null && line.atMost(1)) proxy.model.dynamicCookieKey = key;
    },
  },
  {
    name: 'http-send-name-header',
    side: 'back',
    defaults: 'yes',
    help: 'a header of requests that tells the server its name',
    example: 'http-send-name-header X-Server',
    parse: readNameHeader,
  },
  {
    name: 'persist',
    side: 'back',
    defaults: 'yes',
    help: 'an RDP cookie tells the server',
    example: 'persist rdp-cookie',
    parse: readPersist,
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
