// `set server` for what is not in the segment: address, name, TLS (management.txt 9.3). A change
// reaches every thread before the command answers; idle connections to the old place are closed.

import { isIP } from 'node:net';
import type { ServerModel } from '../../shared/config/model.ts';
import * as state from '../../shared/segment/server-state.ts';
import { addressChange, type Port } from './address-change.ts';
import { setAddressKnown } from './administration.ts';
import { type Answer, failure, notice, type RuntimeCall, severityWarning } from './command.ts';
import type { ServerTarget } from './target.ts';

type Setting = (call: RuntimeCall, target: ServerTarget) => Answer | Promise<Answer>;

function modelOf({ context }: RuntimeCall, target: ServerTarget): ServerModel {
  return context.stats.model.proxies[target.proxyIndex].servers[target.serverIndex];
}

const warning = (text: string): Answer => ({ severity: severityWarning, text });

function readPort(text: string): Port | null {
  const match = /^\s*([+-]?\d+)/.exec(text);
  if (match === null) return null;
  const isOffset = text.startsWith('+') || text.startsWith('-');
  return { isOffset, value: Number(match[1]) & 0xffff };
}

async function setAddress(call: RuntimeCall, target: ServerTarget): Promise<Answer> {
  const [, , host, word, portText] = call.words;
  if (host === undefined) {
    return failure('set server <b>/<s> addr requires an address and optionally a port.');
  }
  const server = modelOf(call, target);
  const { address } = server;
  if (!isInternet(address.family)) {
    return warning(
      'Update for the current server address family is only supported through configuration file.',
    );
  }
  if (isIP(host) === 0) return warning(`Invalid addr '${host}'`);
  const port = word === 'port' ? readPort(portText ?? '') : undefined;
  if (port === null) return warning(`problem converting port '${portText}' to an int`);
  const change = addressChange(server, port === undefined ? { host } : { host, port });
  if (typeof change === 'string') return warning(change);
  if (change.said === '') return warning('nothing changed');
  const { context } = call;
  const fields = { address: change.address };
  await context.fleet.renew(target.proxyIndex, target.serverIndex, fields);
  setAddressKnown(context, target, false);
  return warning(`${change.said} by 'stats socket command'`);
}

const isInternet = (family: string): boolean =>
  family === 'ipv4' || family === 'ipv6' || family === 'unspecified';

async function setCheckAddress(call: RuntimeCall, target: ServerTarget): Promise<Answer> {
  const [, , host, word, portText] = call.words;
  if (host === undefined) {
    return failure('set server <b>/<s> check-addr requires an address and optionally a port.');
  }
  return setCheckPlace(call, target, host, word === 'port' ? portText : undefined);
}

async function setCheckPort(call: RuntimeCall, target: ServerTarget): Promise<Answer> {
  const [, , port] = call.words;
  if (port === undefined) return failure('set server <b>/<s> check-port requires a port.');
  return setCheckPlace(call, target, undefined, port);
}

const portMax = 65_535;

async function setCheckPlace(
  call: RuntimeCall,
  target: ServerTarget,
  host: string | undefined,
  port: string | undefined,
): Promise<Answer> {
  const server = modelOf(call, target);
  const { words, at } = target.words;
  if ((words[at + state.serverCheckFlags] & state.checkEnabled) === 0) {
    return warning('health checks are not enabled on this server');
  }
  const fields: Partial<ServerModel> = {};
  if (host !== undefined) {
    if (isIP(host) === 0) return warning(`invalid addr '${host}'`);
    const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
    fields.checkAddress = { ...(server.checkAddress ?? server.address), family, host };
  }
  if (port !== undefined) {
    const value = /^-?\d+$/.test(port) ? Number(port) : Number.NaN;
    if (Number.isNaN(value)) return warning('provided port is not an integer');
    if (value < 0 || value > portMax) return warning('provided port is invalid');
    if (value === 0 && server.address.portOffset) {
      return warning("can't unset 'port' since MAPPORTS is in use");
    }
    fields.checkPort = value;
  }
  await call.context.fleet.renew(target.proxyIndex, target.serverIndex, fields);
  return '';
}

async function setName(call: RuntimeCall, target: ServerTarget): Promise<Answer> {
  const { context, words } = call;
  const [, , name] = words;
  const { proxyIndex, serverIndex } = target;
  if (name === undefined) return failure('set server <b>/<s> name requires a new name.');
  const fault = nameFault(call, target, name);
  if (fault !== '') return failure(fault);
  if (modelOf(call, target).name !== name)
    await context.fleet.renew(proxyIndex, serverIndex, { name });
  return notice('Server name updated.');
}

const nameMax = 64;

function nameFault({ context }: RuntimeCall, target: ServerTarget, name: string): string {
  const { proxyIndex, serverIndex } = target;
  if (/[^A-Za-z0-9_.:-]/.test(name)) return 'Server name contains invalid characters.';
  if (name.length >= nameMax) return 'Server name too long.';
  const { words, at } = target.words;
  if ((words[at + state.serverAdmin] & state.adminMaint) === 0) {
    return 'Server must be in maintenance mode to be renamed (set server <b>/<s> state maint).';
  }
  if (context.references.isServerReferred(proxyIndex, serverIndex)) {
    return (
      "Cannot rename: server's name is statically referenced " +
      '(use-server, track, or sample argument).'
    );
  }
  const { servers } = context.stats.model.proxies[proxyIndex];
  const isTaken = servers.some((one, index) => one.name === name && index !== serverIndex);
  return isTaken ? 'A server with the same name already exists in this backend.' : '';
}

async function setTls(call: RuntimeCall, target: ServerTarget): Promise<Answer> {
  const { context, words } = call;
  const server = modelOf(call, target);
  if (server.isDynamic) return failure("'set server <srv> ssl' not supported on dynamic servers");
  const settings = server.ssl ?? server.spareSsl;
  if (settings === null) {
    return failure(
      "'set server <srv> ssl' cannot be set.  default-server should define ssl settings",
    );
  }
  const [, , wanted] = words;
  if (wanted !== 'on' && wanted !== 'off') {
    return failure("'set server <srv> ssl' expects 'on' or 'off'.");
  }
  const isOn = wanted === 'on';
  const fields = { ssl: isOn ? settings : null, spareSsl: isOn ? null : settings, noSsl: false };
  await context.fleet.renew(target.proxyIndex, target.serverIndex, fields);
  return notice('server ssl setting updated.');
}

function setFqdn(call: RuntimeCall, target: ServerTarget): Answer {
  const { context, words } = call;
  const { proxyIndex, serverIndex } = target;
  const [, , fqdn] = words;
  if (fqdn === undefined) return failure('set server <b>/<s> fqdn requires a FQDN.');
  const refused = 'set server <b>/<s> fqdn failed because';
  if (context.resolvers.serverOf(proxyIndex, serverIndex) === undefined) {
    return failure(`${refused} no resolution is configured.`);
  }
  if (modelOf(call, target).srvRecord !== '') {
    return failure(`${refused} SRV resolution is configured.`);
  }
  const said = context.resolvers.rename(proxyIndex, serverIndex, fqdn);
  return warning(`${said} by 'stats socket command'`);
}

/** What follows `set server <b>/<s>`. */
export const modelSettings: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['addr', setAddress],
  ['check-addr', setCheckAddress],
  ['check-port', setCheckPort],
  ['fqdn', setFqdn],
  ['name', setName],
  ['ssl', setTls],
]);
