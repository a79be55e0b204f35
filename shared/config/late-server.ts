// One server line that comes while the process serves (`add server`): the words that are legal
// then, read as in a file, with what `from` leads to. Called on the control thread; opens no file
// and asks no name service.

import { Diagnostics } from './diagnostic.ts';
import { type Draft, newDraft, newProxyDraft } from './draft.ts';
import type { ProxyDraft, ServerDraft } from './keyword.ts';
import { Line } from './line.ts';
import type { Model, ProxyModel, ServerModel } from './model.ts';
import { isGone } from './model-server.ts';
import { mergeServer } from './resolve-tls.ts';
import { readServer } from './sections/server.ts';

/** The server that the words describe, or what is wrong with them, one sentence a line. */
export interface LateServer {
  readonly server: ServerModel | null;
  readonly said: readonly string[];
}

/**
 * `words`: name, address and options of a server of `model.proxies[proxyIndex]`. Its id is the next
 * one that is free unless the words give one.
 */
export function readLateServer(
  model: Model,
  proxyIndex: number,
  words: readonly string[],
): LateServer {
  const diagnostics = new Diagnostics();
  const draft = newDraft(diagnostics, {}, () => null);
  draft.isRuntime = true;
  const { environment } = model.global;
  for (const name of Object.keys(environment)) draft.environment.set(name, environment[name]);
  for (const name of Object.keys(model.contents)) draft.contents.set(name, model.contents[name]);
  for (const [name, one] of Object.entries(model.certificates)) draft.certificates.set(name, one);
  const drafts = model.proxies.map((proxy) => redraft(proxy, draft));
  const all = ['server', ...words];
  const text = all.join(' ');
  const source = { file: 'CLI', number: 0, text };
  readServer(new Line(source, all, columnsOf(all), diagnostics), drafts[proxyIndex], draft);
  const server = drafts[proxyIndex].model.servers.at(-1) ?? null;
  const said = diagnostics.list.map(({ message, hint }) =>
    hint === '' ? message : `${message}; ${hint}`,
  );
  if (server === null || diagnostics.alerts > 0) return { server: null, said };
  complete(model, server);
  const proxy = model.proxies[proxyIndex];
  const fault = protocolFault(proxy, server) || numberFault(model, proxy, server);
  if (fault !== '') return { server: null, said: [...said, fault] };
  if (server.id === 0) server.id = freeId(model.proxies[proxyIndex].servers);
  return { server, said };
}

function columnsOf(words: readonly string[]): number[] {
  let column = 1;
  return words.map((word) => {
    const at = column;
    column += word.length + 1;
    return at;
  });
}

/** A proxy as `from` and twin names look at it. */
function redraft(proxy: ProxyModel, draft: Draft): ProxyDraft {
  const made = newProxyDraft(proxy.kind, proxy.place, proxy.name, null);
  for (const server of proxy.servers) {
    if (!isGone(server)) made.serverNames.set(server.name, draftOf(server));
  }
  for (const { name, server, tls, tlsOn } of proxy.presets) {
    const preset: ServerDraft = { model: server, tls, tlsOn };
    if (name === '') made.defaultServer = preset;
    else made.namedDefaultServers.set(name, preset);
  }
  if (!draft.proxyNames.has(proxy.name)) draft.proxyNames.set(proxy.name, made);
  return made;
}

function draftOf(server: ServerModel): ServerDraft {
  return { model: server, tls: server.ssl ?? server.spareSsl, tlsOn: server.ssl !== null };
}

/** What resolve.ts does for the servers of a file. */
function complete({ global }: Model, server: ServerModel): void {
  mergeServer(server, global.ssl);
  // No name is asked for at run time: the server waits for an address.
  if (server.fqdn !== '') server.address = { ...server.address, host: '' };
  const { ssl } = server;
  if (ssl !== null && ssl.caFile === '' && global.ssl.serverVerify === 'none') ssl.verify = 'none';
}

/** FastCGI is spoken to an application, which only the configuration can name. */
function protocolFault({ fcgiApp }: ProxyModel, { proto, checks }: ServerModel): string {
  const speaksFcgi = proto === 'fcgi' || checks.proto === 'fcgi';
  return speaksFcgi && fcgiApp === '' ? "'server' : the backend uses no FastCGI application." : '';
}

function numberFault(model: Model, proxy: ProxyModel, server: ServerModel): string {
  const twin = proxy.servers.find((one) => !isGone(one) && one.id === server.id);
  if (twin !== undefined) {
    return `'server' : server id ${server.id} is already used by server '${twin.name}'.`;
  }
  const { guid } = server;
  if (guid === '') return '';
  const isTaken = model.proxies.some(
    (one) =>
      one.guid === guid || one.servers.some((other) => !isGone(other) && other.guid === guid),
  );
  return isTaken ? `'guid' : '${guid}' is already used by another object.` : '';
}

function freeId(servers: readonly ServerModel[]): number {
  const used = new Set(servers.filter((server) => !isGone(server)).map(({ id }) => id));
  let id = 1;
  while (used.has(id)) id++;
  return id;
}
