// `option` lines of proxies. Plain switches are a list; options with arguments have their own rows.
// Rows write ProxyModel.options or a field of their own.

import type { ProxyDraft, ProxyKeyword, Side } from '../keyword.ts';
import type { Line } from '../line.ts';

interface Switch {
  readonly name: string;
  readonly side: Side;
  readonly http?: true;
  /** The section it has a meaning in, when it is another one. */
  readonly belongsTo?: string;
  readonly help: string;
}

export const switches: readonly Switch[] = [
  { name: 'abortonclose', side: 'both', help: 'give up requests whose client left' },
  { name: 'allbackups', side: 'back', help: 'use all backup servers together' },
  { name: 'checkcache', side: 'back', http: true, help: 'no cookies in what caches may keep' },
  { name: 'clitcpka', side: 'front', help: 'TCP keep-alive towards clients' },
  { name: 'contstats', side: 'front', help: 'count traffic while it flows' },
  { name: 'disable-h2-upgrade', side: 'front', http: true, help: 'no HTTP/2 by its preface' },
  {
    name: 'assume-rfc6587-ntf',
    side: 'front',
    belongsTo: 'log-forward',
    help: 'messages are lines, whatever they begin with',
  },
  {
    name: 'dont-parse-log',
    side: 'front',
    belongsTo: 'log-forward',
    help: 'messages are forwarded as they came',
  },
  { name: 'dontlog-normal', side: 'front', help: 'log only what went wrong' },
  { name: 'dontlognull', side: 'front', help: 'do not log connections without data' },
  {
    name: 'h1-case-adjust-bogus-client',
    side: 'front',
    help: 'header names for broken clients',
  },
  {
    name: 'h1-case-adjust-bogus-server',
    side: 'back',
    help: 'header names for broken servers',
  },
  { name: 'http-buffer-request', side: 'both', http: true, help: 'wait for the body' },
  { name: 'http-drop-request-trailers', side: 'back', http: true, help: 'servers get no trailers' },
  {
    name: 'http-drop-response-trailers',
    side: 'front',
    http: true,
    help: 'clients get no trailers',
  },
  {
    name: 'prefer-last-server',
    side: 'back',
    http: true,
    help: 'requests stay with the server that a client has a connection to',
  },
  { name: 'persist', side: 'back', help: 'keep to servers that are down' },
  {
    name: 'http-ignore-probes',
    side: 'front',
    http: true,
    help: 'no 400 or 408 for empty requests',
  },
  { name: 'http-no-delay', side: 'both', http: true, help: 'never wait to fill segments' },
  { name: 'http-pretend-keepalive', side: 'back', http: true, help: 'close without announcing it' },
  {
    name: 'http-use-proxy-header',
    side: 'front',
    http: true,
    help: 'Proxy-Connection in place of Connection for requests to a proxy',
  },
  {
    name: 'idle-close-on-response',
    side: 'front',
    http: true,
    help: 'close idle ones late on stop',
  },
  { name: 'independent-streams', side: 'both', help: 'sending does not refresh the read timeout' },
  { name: 'log-health-checks', side: 'back', help: 'log results of health checks' },
  { name: 'log-separate-errors', side: 'front', help: 'raise the level of bad requests' },
  { name: 'logasap', side: 'front', help: 'log before the end' },
  { name: 'nolinger', side: 'both', help: 'reset instead of lingering' },
  { name: 'socket-stats', side: 'front', help: 'statistics per listening socket' },
  { name: 'splice-auto', side: 'both', help: 'splice where it pays' },
  { name: 'splice-request', side: 'both', help: 'splice requests' },
  { name: 'splice-response', side: 'both', help: 'splice responses' },
  { name: 'srvtcpka', side: 'back', help: 'TCP keep-alive towards servers' },
  { name: 'tcp-smart-accept', side: 'front', help: 'spare the first ACK' },
  { name: 'tcp-smart-connect', side: 'back', help: 'spare the first ACK' },
  {
    name: 'accept-unsafe-violations-in-http-request',
    side: 'front',
    http: true,
    help: 'accept some invalid requests',
  },
  {
    name: 'accept-unsafe-violations-in-http-response',
    side: 'back',
    http: true,
    help: 'accept some invalid responses',
  },
];

/** Sets, clears or forgets a switch, as the word before the line says. */
function turn(line: Line, proxy: ProxyDraft, name: string): void {
  proxy.cleared.delete(name);
  delete proxy.model.options[name];
  if (line.modifier === '') proxy.model.options[name] = true;
  if (line.modifier === 'no') {
    proxy.cleared.add(name);
    proxy.model.options[name] = false;
  }
}

const switchRows = switches.map(
  ({ name, side, http = false, belongsTo = '', help }): ProxyKeyword => ({
    name: `option ${name}`,
    side,
    http,
    defaults: 'yes',
    negatable: true,
    help,
    example: `option ${name}`,
    parse: (line, proxy) => {
      if (!line.atMost(0)) return;
      if (belongsTo === '') turn(line, proxy, name);
      else line.warning(-1, `'option ${name}' only has a meaning in '${belongsTo}' sections.`);
    },
  }),
);

/** The three connection modes exclude each other; `no` only takes back the one that is set. */
const connectionModes = ['httpclose', 'http-server-close', 'http-keep-alive'] as const;

const modeRows = connectionModes.map(
  (name): ProxyKeyword => ({
    name: `option ${name}`,
    side: 'both',
    defaults: 'yes',
    negatable: true,
    help: 'when connections are closed',
    example: `option ${name}`,
    parse: (line, proxy) => {
      if (!line.atMost(0)) return;
      const { options } = proxy.model;
      if (line.modifier === '') for (const other of connectionModes) delete options[other];
      if (line.modifier === '') options[name] = true;
      else delete options[name];
    },
  }),
);

function readRedispatch(line: Line, proxy: ProxyDraft): void {
  if (!line.atMost(1)) return;
  if (line.modifier !== '') {
    proxy.model.redispatch = 0;
    return;
  }
  const every = line.count === 0 ? -1 : line.integer(0, { min: -(2 ** 31) });
  if (every !== null) proxy.model.redispatch = every;
}

/** Where small buffers may take the place of those of tune.bufsize. Checks have none of either. */
const smallPlaces = ['queue', 'l7-retries', 'check'];

function readSmallBuffers(line: Line, proxy: ProxyDraft): void {
  const named = line.rest();
  const wrong = named.findIndex((word) => !smallPlaces.includes(word));
  if (wrong >= 0) {
    const known = "'queue', 'l7-retries' or 'check'";
    line.alert(
      wrong,
      `invalid parameter '${named[wrong]}'. option 'use-small-buffers' expects ${known} value.`,
    );
    return;
  }
  const places = named.length === 0 ? smallPlaces : named;
  const { model } = proxy;
  model.smallBuffers =
    line.modifier === '' ? places : model.smallBuffers.filter((one) => !places.includes(one));
}

const deprecated: readonly (readonly [old: string, now: string, side: Side])[] = [
  ['accept-invalid-http-request', 'accept-unsafe-violations-in-http-request', 'front'],
  ['accept-invalid-http-response', 'accept-unsafe-violations-in-http-response', 'back'],
];

const deprecatedRows = deprecated.map(
  ([old, now, side]): ProxyKeyword => ({
    name: `option ${old}`,
    side,
    defaults: 'yes',
    help: `old name of option ${now}`,
    example: `option ${old}`,
    parse: (line, proxy) => {
      if (!line.atMost(0)) return;
      line.warning(-1, `option '${old}' is deprecated, 'option ${now}' replaces it.`);
      turn(line, proxy, now);
    },
  }),
);

export const optionKeywords: readonly ProxyKeyword[] = [
  ...switchRows,
  ...modeRows,
  ...deprecatedRows,
  {
    name: 'option tcpka',
    side: 'both',
    defaults: 'yes',
    help: 'TCP keep-alive on both sides',
    example: 'option tcpka',
    parse: (line, proxy) => {
      if (!line.atMost(0)) return;
      if (proxy.section !== 'backend') turn(line, proxy, 'clitcpka');
      if (proxy.section !== 'frontend') turn(line, proxy, 'srvtcpka');
    },
  },
  {
    name: 'option redispatch',
    side: 'back',
    defaults: 'yes',
    negatable: true,
    help: 'try another server when one does not answer',
    example: 'option redispatch 1',
    parse: readRedispatch,
  },
  {
    name: 'option use-small-buffers',
    side: 'back',
    defaults: 'yes',
    negatable: true,
    help: 'small requests that wait, or may be sent again, take small buffers',
    example: 'option use-small-buffers queue',
    parse: readSmallBuffers,
  },
  {
    name: 'option http-restrict-req-hdr-names',
    side: 'both',
    defaults: 'yes',
    help: 'what happens to unusual header names',
    example: 'option http-restrict-req-hdr-names reject',
    parse: (line, proxy) => {
      const value = line.atMost(1) ? line.choice(0, ['preserve', 'delete', 'reject']) : null;
      if (value !== null) proxy.model.restrictReqHdrNames = value;
    },
  },
];
