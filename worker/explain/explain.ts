// What becomes of one request: the program of a configuration runs on a fake kernel, a client sends
// the request, whichever server is chosen gets it and answers. Called by the master's entry for
// `hawser explain`. Nothing leaves the process; the rules are run by what serves (stream/), not by
// a copy of it. The model is changed: it must be read for this alone.

import type { BindModel, LineModel, Model, ServerModel } from '../../shared/config/model.ts';
import type {
  ExplainedListener,
  ExplainRequest,
  Explanation,
  UnreachedRule,
} from '../../shared/explanation.ts';
import type { NamedAddress } from '../../shared/sys/sockaddr.ts';
import { assumedTls } from './assumed-tls.ts';
import { converse } from './conversation.ts';
import { type ListenerChoice, Stage } from './stage.ts';

/** Ports of URLs that name none. */
const usualPorts = { clear: 80, tls: 443 };

interface Candidate {
  readonly choice: ListenerChoice;
  readonly bind: BindModel;
  readonly isTcp: boolean;
  readonly listener: ExplainedListener;
}

/** Runs the request through the program of `model`. */
export function explainRequest(model: Model, request: ExplainRequest): Explanation {
  const candidates = listCandidates(model, request);
  const found = choose(candidates, request);
  if (typeof found === 'string') return refused(found);
  const missing = takeDown(model, request.down);
  if (missing !== '') return refused(`there is no server '${missing}'`);
  const tlsServers = simplify(model);
  const { bind, choice, listener } = found;
  const alpn = bind.ssl?.alpn ?? '';
  if (bind.netscalerMagic > 0) return refused('accept-netscaler-cip is not supported yet here');
  // Certificates are the check's business; the session is taken to exist.
  for (const proxy of model.proxies) for (const one of proxy.binds) one.ssl = null;
  const stage = new Stage(model, choice);
  if (listener.isTls) {
    const [plan] = stage.thread.thread.program.listeners;
    Object.assign(plan, { tls: assumedTls(stage.sys, request.serverName, alpn) });
  }
  const passesTls = request.secure === true && !listener.isTls;
  const said = converse(stage, {
    request,
    at: choice.at,
    sendsHeader: bind.acceptProxy,
    passesTls,
  });
  const { steps, frontend, backend } = stage.recorder;
  const server = model.proxies
    .find(({ name, kind }) => name === said.backend && kind !== 'frontend')
    ?.servers.find(({ name }) => name === said.server);
  const backName = said.backend === '' ? backend : said.backend;
  const isTls = server !== undefined && tlsServers.has(server);
  const notes = notesOf(request, { listener, isTls, passesTls, stage });
  return {
    fault: '',
    listener,
    steps: named(model, steps),
    unreached: unreachedOf(model, [listener.proxy, backName], steps),
    outcome: said.outcome,
    frontend: frontend === '' ? listener.proxy : frontend,
    backend: isBackend(model, backName) ? backName : '',
    server: said.server,
    reason: said.reason,
    serverAddress: server === undefined ? '' : addressText(server.address),
    balance: balanceOf(model, said.backend),
    request: said.request,
    response: said.response,
    waitedMs: said.waitedMs,
    logs: said.logs,
    notes,
  };
}

function refused(fault: string): Explanation {
  const nothing = { frontend: '', backend: '', server: '', serverAddress: '', balance: '' };
  const silent = { request: '', response: '', waitedMs: 0, logs: [], notes: [], steps: [] };
  const rest = { unreached: [], reason: '' } as const;
  return { fault, listener: null, outcome: 'none', ...nothing, ...silent, ...rest };
}

const isBackend = (model: Model, wanted: string): boolean =>
  model.proxies.some(({ name, kind }) => name === wanted && kind !== 'frontend');

function balanceOf(model: Model, backend: string): string {
  const found = model.proxies.find(({ name, kind }) => name === backend && kind !== 'frontend');
  return found?.balance?.algorithm ?? '';
}

function listCandidates(model: Model, request: ExplainRequest): readonly Candidate[] {
  return model.proxies.flatMap(({ name, binds, disabled, kind, mode }, proxyIndex) => {
    if (kind === 'backend' || disabled || (mode !== 'http' && mode !== 'tcp')) return [];
    return binds.flatMap((bind, bindIndex) =>
      bind.addresses.map((address, addressIndex): Candidate => {
        const { file, line } = bind.place;
        return {
          bind,
          isTcp: mode === 'tcp',
          choice: { proxyIndex, bindIndex, addressIndex, at: placeOf(address, request) },
          listener: {
            proxy: name,
            address: addressText(address),
            isTls: bind.ssl !== null,
            file,
            line,
          },
        };
      }),
    );
  });
}

/** Where the client finds it: any address, and sockets without one, are the loopback's. */
function placeOf(address: BindModel['addresses'][0], { from }: ExplainRequest): NamedAddress {
  const { family, host, port } = address;
  if (family === 'unix') return { family, host, port: 0 };
  const isIpv6 = from.includes(':');
  const isAny = !['ipv4', 'ipv6'].includes(family) || /^(?:0\.0\.0\.0|::)?$/.test(host);
  const isOther = (family === 'ipv6') !== isIpv6;
  const loopback = isIpv6 ? '::1' : '127.0.0.1';
  return {
    family: isIpv6 ? 'ipv6' : 'ipv4',
    host: isAny || isOther ? loopback : host,
    port: port === 0 ? usualPorts.clear : port,
  };
}

function addressText({ family, host, port, fd }: BindModel['addresses'][0]): string {
  if (family === 'fd' || family === 'sockpair') return `${family}@${fd}`;
  if (family !== 'ipv4' && family !== 'ipv6') return host === '' ? family : host;
  const shown = host === '' ? '*' : family === 'ipv6' ? `[${host}]` : host;
  return port === 0 ? shown : `${shown}:${port}`;
}

/** The listener that is meant, or why there is none. */
function choose(all: readonly Candidate[], request: ExplainRequest): Candidate | string {
  const { frontend, secure, port, isRaw } = request;
  const able = isRaw ? all.filter(({ isTcp }) => isTcp) : all;
  if (able.length < all.length && able.length === 0) {
    return 'no frontend in TCP mode listens: ask with a http:// or https:// URL, or a /path';
  }
  const named = able.filter(({ listener }) => frontend === '' || listener.proxy === frontend);
  if (named.length === 0) {
    const names = [...new Set(able.map(({ listener }) => listener.proxy))];
    return names.length === 0
      ? 'nothing listens for traffic in this configuration'
      : `no frontend '${frontend}' listens${isRaw ? ' in TCP mode' : ''}; there are: ${names.join(', ')}`;
  }
  const speaks = named.filter(({ bind }) => secure === null || (bind.ssl !== null) === secure);
  // In TCP mode a listener in clear passes TLS on.
  const passes =
    secure === true ? named.filter(({ isTcp, bind }) => isTcp && bind.ssl === null) : [];
  const fits = [...speaks, ...passes];
  const exact = fits.find(({ choice }) => choice.at.port === port);
  if (exact !== undefined) return exact;
  const isDefault = port === usualPorts.clear || port === usualPorts.tls;
  const isUsual = port === 0 || (isDefault && !isRaw);
  const open = new Set(fits.map(({ listener }) => listener.proxy));
  if (fits.length > 0 && isUsual && (port === 0 || open.size === 1)) return fits[0];
  const list = named.map(({ listener }) => `${listener.proxy} at ${described(listener)}`);
  const what = isRaw ? ' in TCP mode' : secure === null ? '' : secure ? ' with TLS' : ' in clear';
  return `nobody listens${what} at port ${port}; there are: ${list.join(', ')}`;
}

const described = ({ address, isTls }: ExplainedListener): string =>
  `${address}${isTls ? ' (TLS)' : ''}`;

/** Servers in maintenance get nothing. The first that does not exist, '' when all do. */
function takeDown(model: Model, down: readonly string[]): string {
  for (const wanted of down) {
    const [backend, name] = wanted.split('/');
    const proxy = model.proxies.find((one) => one.name === backend && one.kind !== 'frontend');
    const server = proxy?.servers.find((one) => one.name === name);
    if (server === undefined) return wanted;
    server.disabled = true;
  }
  return '';
}

/** What needs a peer of its own is left out of the model; servers that would have had TLS. */
function simplify(model: Model): ReadonlySet<ServerModel> {
  const tlsServers = new Set<ServerModel>();
  Object.assign(model.global, { nbthread: 1, groups: [] });
  const target = { family: 'ipv4', socket: 'dgram', host: '127.0.0.1', port: 514 } as const;
  const address = { ...target, portOffset: false, fd: -1 };
  const logs = [...model.global.logs, ...model.proxies.flatMap((proxy) => proxy.logs)];
  for (const log of logs) Object.assign(log, { address, target: '' });
  for (const ring of model.rings) Object.assign(ring, { servers: [], backingFile: '' });
  for (const { servers } of model.proxies) {
    for (const server of servers) {
      if (server.ssl !== null) tlsServers.add(server);
      Object.assign(server, { ssl: null, spareSsl: null, proto: '', check: false });
    }
  }
  return tlsServers;
}

/** Rule sets of a request; those of the answer have no order with these. */
const requestSets = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'http-request',
] as const;

/** Rules of the proxies that were passed which nothing came to. */
function unreachedOf(
  model: Model,
  names: readonly string[],
  steps: Explanation['steps'],
): readonly UnreachedRule[] {
  const seen = new Set(steps.map(({ proxy, file, line }) => `${proxy} ${file}:${line}`));
  return model.proxies
    .filter(({ name }) => names.includes(name))
    .flatMap(({ name, rules, redirects, useBackends, mode }) => {
      const sets = requestSets.filter((ruleSet) => mode === 'http' || ruleSet !== 'http-request');
      const lists: readonly (readonly [string, readonly LineModel[]])[] = [
        ...sets.map((ruleSet) => [ruleSet, rules[ruleSet]] as const),
        ['redirect', redirects],
        ['', useBackends],
      ];
      return lists.flatMap(([ruleSet, lines]) =>
        lines
          .filter(({ place }) => !seen.has(`${name} ${place.file}:${place.line}`))
          .map(({ place: { file, line }, text }) => {
            return { proxy: name, ruleSet, file, line, text: text.trim() };
          }),
      );
    });
}

/** The acl that a line belongs to, by the lines of the model. */
function named(model: Model, steps: Explanation['steps']): Explanation['steps'] {
  const names = new Map<number, string>();
  for (const { acls } of [...model.proxies, ...model.defaults]) {
    for (const { place, words } of acls) names.set(place.line, words[0]);
  }
  return steps.map((step) => ({
    ...step,
    acls: step.acls.map((acl) => ({
      ...acl,
      name: acl.line === step.line ? '' : (names.get(acl.line) ?? ''),
    })),
  }));
}

interface Noted {
  readonly listener: ExplainedListener;
  /** The server is reached over TLS. */
  readonly isTls: boolean;
  readonly passesTls: boolean;
  readonly stage: Stage;
}

function notesOf(
  { down, repeat, isRaw, body }: ExplainRequest,
  { listener, isTls, passesTls, stage }: Noted,
): string[] {
  const { faults, recorder } = stage;
  const resolves = recorder.steps.some(({ text }) => text.includes('do-resolve('));
  const servers = down.length === 0 ? 'every server' : `every server but ${down.join(', ')}`;
  const before = repeat > 1 ? `${repeat - 1} such requests have been answered, no others` : '';
  return [
    `${servers} is taken to be up, every counter and table to be empty`,
    ...(before === '' ? [] : [before]),
    ...(resolves ? ['no name server answers: names have no address'] : []),
    ...(listener.isTls
      ? [
          `the client is taken to speak TLS 1.3${isRaw ? '' : ' and HTTP/1.1'}, without a certificate`,
        ]
      : []),
    ...(isRaw && body === '' ? ['the client sends nothing: --data gives its first bytes'] : []),
    ...(passesTls ? ['TLS is passed on as it is: the server gets its first message'] : []),
    ...(isTls ? ['the server gets this over TLS'] : []),
    ...faults.map((fault) => `a fault of hawser's own: ${fault}`),
  ];
}
