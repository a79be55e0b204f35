// Words of defaults, frontend, backend and listen sections that are neither options, rules, logs
// nor balancing: identity, limits, timeouts, sockets and servers. Rows write ProxyModel.

import type { Draft } from '../draft.ts';
import type { ProxyDraft, ProxyKeyword, Side } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { ProxyModel, TimeoutsModel } from '../model.ts';
import { readBind } from './bind.ts';
import { readDefaultServer, readServer, readServerTemplate } from './server.ts';
import { readSource } from './source.ts';

const timeouts: readonly (readonly [string, keyof TimeoutsModel, Side, string])[] = [
  ['client', 'client', 'front', 'inactivity of clients'],
  ['server', 'server', 'back', 'inactivity of servers'],
  ['connect', 'connect', 'back', 'connecting to a server'],
  ['queue', 'queue', 'back', 'waiting for a free server'],
  ['tunnel', 'tunnel', 'back', 'inactivity of tunnels'],
  ['tarpit', 'tarpit', 'both', 'holding a tarpitted request'],
  ['http-request', 'httpRequest', 'both', 'receiving a whole request head'],
  ['http-keep-alive', 'httpKeepAlive', 'both', 'waiting for the next request'],
  ['check', 'check', 'back', 'answer of a health check'],
  ['client-fin', 'clientFin', 'front', 'inactivity of half-closed clients'],
  ['server-fin', 'serverFin', 'back', 'inactivity of half-closed servers'],
  ['client-hs', 'clientHs', 'front', 'TLS and PROXY handshakes of clients'],
];

const timeoutRows = timeouts.map(
  ([word, field, side, help]): ProxyKeyword => ({
    name: `timeout ${word}`,
    side,
    defaults: 'yes',
    wrongSide: 'timeout',
    help,
    example: `timeout ${word} 10s`,
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.time(0) : null;
      if (value === null) return;
      warnTimeout(line, proxy, field, value);
      // Zero is how a timeout is turned off.
      proxy.model.timeouts[field] = value === 0 ? -1 : value;
    },
  }),
);

function warnTimeout(
  line: Line,
  proxy: ProxyDraft,
  field: keyof TimeoutsModel,
  value: number,
): void {
  if (value > 0 && value < 100 && /^\d+$/.test(line.arg(0))) {
    const where = `${proxy.section} '${proxy.model.name}'`;
    line.warning(
      0,
      `'${line.name} ${value}' in ${where} is suspiciously small for a value in milliseconds.`,
      `write '${value}ms' if that is meant`,
    );
  }
  const inherited = proxy.parent?.model.timeouts[field] ?? -1;
  if (proxy.model.timeouts[field] !== inherited) {
    line.warning(-1, `overwriting '${line.name}' which was already specified`);
  }
}

type NumberField = 'maxconn' | 'backlog' | 'fullconn' | 'retries';

const numbers: readonly (readonly [NumberField, Side, string])[] = [
  ['maxconn', 'front', 'connections of the frontend'],
  ['backlog', 'front', 'length of the accept queue'],
  ['fullconn', 'back', 'load at which minconn becomes maxconn'],
  ['retries', 'back', 'attempts to connect again'],
];

/** The word that means about the same on the other side. */
const otherName: Partial<Record<NumberField, string>> = {
  maxconn: 'fullconn',
  fullconn: 'maxconn',
};

const kept: readonly ProxyKeyword[] = [
  {
    name: 'max-session-srv-conns',
    side: 'front',
    defaults: 'yes',
    help: 'idle connections to servers that are kept for one client',
    example: 'max-session-srv-conns 2',
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.integer(0) : null;
      if (value !== null) proxy.model.maxSessionSrvConns = value;
    },
  },
  {
    name: 'max-keep-alive-queue',
    side: 'back',
    defaults: 'yes',
    help: 'length of a queue from which on a client may leave its last server',
    example: 'max-keep-alive-queue 10',
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.integer(0, { min: -1 }) : null;
      if (value !== null) proxy.model.maxKeepAliveQueue = value;
    },
  },
];

const numberRows = numbers.map(
  ([name, side, help]): ProxyKeyword => ({
    name,
    side,
    defaults: 'yes',
    help,
    example: `${name} 100`,
    ...(otherName[name] === undefined
      ? {}
      : { wrongSide: ` Maybe you want '${otherName[name]}' instead ?` }),
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.integer(0) : null;
      if (value !== null) proxy.model[name] = value;
    },
  }),
);

type KeepAlive = 'clitcpka' | 'srvtcpka';
const keepAlive = (['clitcpka', 'srvtcpka'] as const).flatMap((field): ProxyKeyword[] => [
  keepAliveRow(field, 'cnt', (model, line) => {
    model[field].count = line.integer(0, { min: 1 }) ?? model[field].count;
  }),
  keepAliveRow(field, 'idle', (model, line) => {
    const value = line.time(0, 's');
    if (value !== null) model[field].idleMs = value * 1000;
  }),
  keepAliveRow(field, 'intvl', (model, line) => {
    const value = line.time(0, 's');
    if (value !== null) model[field].intervalMs = value * 1000;
  }),
]);

function keepAliveRow(
  field: KeepAlive,
  word: string,
  write: (model: ProxyModel, line: Line) => void,
): ProxyKeyword {
  return {
    name: `${field}-${word}`,
    side: field === 'clitcpka' ? 'front' : 'back',
    defaults: 'yes',
    help: 'TCP keep-alive of the system',
    example: `${field}-${word} 5`,
    parse: (line, proxy) => {
      if (line.atMost(1)) write(proxy.model, line);
    },
  };
}

/** Modes that exist but do not work yet. */
const laterModes = ['log', 'spop', 'haterm'];

function setMode(line: Line, proxy: ProxyDraft): void {
  if (!line.atMost(1)) return;
  const mode = line.arg(0);
  proxy.hasMode = true;
  if (mode === 'tcp' || mode === 'http') proxy.model.mode = mode;
  else if (mode === 'log' && proxy.section === 'backend') proxy.model.mode = mode;
  else if (mode === 'log' && proxy.section !== 'defaults') {
    line.alert(0, 'mode log is only applicable on proxies with backend capability.');
  } else if (laterModes.includes(mode)) line.notSupported(0, `mode ${mode}`);
  else if (mode === 'health') {
    line.alert(0, "'mode health' doesn't exist anymore, 'http-request return status 200' does it.");
  } else line.alert(0, `unknown proxy mode '${mode}'.`, "it is one of 'http', 'tcp', 'log'");
}

function setId(line: Line, proxy: ProxyDraft, draft: Draft): void {
  if (!line.atMost(1)) return;
  const id = line.integer(0, { min: -(2 ** 31) });
  if (id === null) return;
  if (id <= 0) {
    line.alert(0, 'custom id has to be > 0.');
    return;
  }
  const other = draft.proxies.find((one) => one !== proxy && one.model.id === id);
  if (other !== undefined) {
    const { name, place } = other.model;
    const at = `${place.file}:${place.line}`;
    const names = `${proxy.section} ${proxy.model.name} reuses same custom id as ${other.section}`;
    line.alert(0, `${names} ${name} (declared at ${at}).`);
    return;
  }
  proxy.model.id = id;
}

function setSource(line: Line, proxy: ProxyDraft, draft: Draft): void {
  const found = readSource(line, 0, draft);
  if (found === null) return;
  if (found.next < line.count) {
    line.alert(found.next, "'source' only supports optional keywords 'interface' and 'usesrc'.");
    return;
  }
  proxy.model.source = found.source;
}

function setDefaultBackend(line: Line, proxy: ProxyDraft): void {
  const name = line.needed(0, 'a backend name');
  if (name === null || !line.atMost(1)) return;
  proxy.model.defaultBackend = name;
  proxy.model.defaultBackendPlace = line.place(0);
}

export const proxyKeywords: readonly ProxyKeyword[] = [
  ...timeoutRows,
  ...numberRows,
  ...kept,
  ...keepAlive,
  {
    name: 'bind',
    side: 'front',
    defaults: 'no',
    help: 'addresses to listen on',
    example: 'bind :8080',
    parse: readBind,
  },
  {
    name: 'server',
    side: 'back',
    defaults: 'no',
    help: 'a server',
    example: 'server s1 127.0.0.1:80 check',
    parse: readServer,
  },
  {
    name: 'server-template',
    side: 'back',
    defaults: 'no',
    help: 'many servers alike',
    example: 'server-template web 1-3 127.0.0.1:80 check',
    parse: readServerTemplate,
  },
  {
    name: 'default-server',
    side: 'back',
    defaults: 'yes',
    help: 'options of the servers that follow',
    example: 'default-server inter 5s fall 2',
    parse: readDefaultServer,
  },
  {
    name: 'mode',
    side: 'both',
    defaults: 'yes',
    help: 'protocol',
    example: 'mode http',
    parse: setMode,
  },
  { name: 'id', side: 'both', defaults: 'no', help: 'number', example: 'id 20', parse: setId },
  {
    name: 'guid',
    side: 'both',
    defaults: 'no',
    help: 'identifier that survives reloads',
    example: 'guid web',
    parse: (line, proxy) => {
      const guid = line.atMost(1) ? line.needed(0, 'an identifier') : null;
      if (guid !== null) proxy.model.guid = guid;
    },
  },
  {
    name: 'description',
    side: 'both',
    defaults: 'no',
    help: 'text shown in statistics',
    example: 'description the shop',
    parse: (line, proxy) => {
      if (line.needed(0, 'a string argument') === null) return;
      proxy.model.description = line.rest().join(' ');
    },
  },
  {
    name: 'disabled',
    side: 'both',
    defaults: 'yes',
    help: 'not started',
    example: 'disabled',
    parse: (line, proxy) => {
      if (line.atMost(0)) proxy.model.disabled = true;
    },
  },
  {
    name: 'enabled',
    side: 'both',
    defaults: 'yes',
    help: 'started, whatever the defaults say',
    example: 'enabled',
    parse: (line, proxy) => {
      if (line.atMost(0)) proxy.model.disabled = false;
    },
  },
  {
    name: 'default_backend',
    side: 'front',
    defaults: 'yes',
    help: 'backend when no rule chooses one',
    example: 'default_backend self',
    parse: setDefaultBackend,
  },
  {
    name: 'rate-limit sessions',
    side: 'front',
    defaults: 'yes',
    help: 'new sessions per second',
    example: 'rate-limit sessions 100',
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.integer(0) : null;
      if (value !== null) proxy.model.rateLimitSessions = value;
    },
  },
  {
    name: 'source',
    side: 'back',
    defaults: 'yes',
    help: 'address that connections to servers come from',
    example: 'source 127.0.0.1 interface lo',
    parse: setSource,
  },
  {
    name: 'monitor-uri',
    side: 'front',
    defaults: 'yes',
    help: 'URI that the proxy answers itself',
    example: 'monitor-uri /alive',
    parse: (line, proxy) => {
      const uri = line.atMost(1) ? line.needed(0, 'an URI') : null;
      if (uri !== null) proxy.model.monitorUri = uri;
    },
  },
];
