// `resolvers` sections (manual 5.3.2): name servers, and how long their answers count. Rows write
// ResolversDraft.

import { isIP } from 'node:net';
import { parseAddress } from '../../address.ts';
import { parseTime } from '../../units.ts';
import type { Place } from '../diagnostic.ts';
import type { Draft } from '../draft.ts';
import { newProxyDraft } from '../draft.ts';
import { readText } from '../files.ts';
import { freshResolvers } from '../fresh.ts';
import type { GlobalKeyword, NamedKeyword, NamedSection, ResolversDraft } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { AddressModel } from '../model.ts';
import type { NameserverModel } from '../model-resolvers.ts';
import { beginServer, endServer, readServerAddress } from './server.ts';

/** A section about which nothing has been said. */
export function newResolversDraft(place: Place, name: string, isImplicit = false): ResolversDraft {
  return {
    model: freshResolvers(place, name, isImplicit),
    proxy: newProxyDraft('backend', place, name, null),
  };
}

const holdKinds = ['nx', 'refused', 'timeout', 'other', 'valid', 'obsolete'] as const;
const smallMs = 100;

/** A time at argument `index`; null after an alert, which says what it is of. */
function readTime(line: Line, index: number, what: string): number | null {
  const text = line.arg(index);
  const found = parseTime(text);
  if (found.fault === 'overflow') {
    return line.alert(
      index,
      `timer overflow in argument <${text}> to <${what}>, maximum value is ` +
        '2147483647 ms (~24.8 days).',
    );
  }
  if (found.fault !== '') {
    const char = text.charAt(found.at);
    return line.alert(index, `unexpected character '${char}' in argument to <${what}>.`);
  }
  if (/^\d+$/.test(text) && found.value > 0 && found.value < smallMs) {
    line.warning(
      index,
      `'${line.words.slice(0, 2).join(' ')} ${found.value}' looks suspiciously small for a value ` +
        `in milliseconds. Please use an explicit unit ('${found.value}ms') if that was the intent.`,
    );
  }
  return found.value;
}

function readHold(line: Line, { model }: ResolversDraft): void {
  if (line.arg(1) === '') {
    line.alert(-1, "'hold' expects an <event> and a <time> as arguments.");
    return;
  }
  const value = readTime(line, 1, 'hold');
  if (value === null) return;
  const kind = holdKinds.find((one) => one === line.arg(0));
  if (kind !== undefined) model.hold[kind] = value;
  else {
    const known = "expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'";
    line.alert(0, `'hold' unknown <event>: '${line.arg(0)}', ${known}.`);
  }
}

function readTimeout(line: Line, { model }: ResolversDraft): void {
  const kind = line.arg(0);
  if (kind !== 'retry' && kind !== 'resolve') {
    const got = kind === '' ? '' : ` got '${kind}'`;
    line.alert(0, `'timeout' expects 'retry' or 'resolve' and <time> as arguments${got}.`);
    return;
  }
  if (line.arg(1) === '') {
    line.alert(1, `'timeout ${kind}' expects <time> as argument.`);
    return;
  }
  const value = readTime(line, 1, `timeout ${kind}`);
  if (value === null) return;
  if (kind === 'retry') model.retryMs = value;
  else model.resolveMs = value;
}

/** `nameserver NAME ADDRESS`; with a stream address the words of a server may follow. */
function readNameserver(line: Line, section: ResolversDraft, draft: Draft): void {
  const name = line.arg(0);
  if (line.arg(1) === '') {
    line.alert(-1, "'nameserver' expects <name> and <addr>[:<port>] as arguments.");
    return;
  }
  const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
  if (bad !== null) {
    line.alert(0, `character '${bad[0]}' is not permitted in server name '${name}'.`);
    return;
  }
  const other = section.model.nameservers.find((one) => one.name === name);
  if (other !== undefined) {
    const at = `${other.place.file}:${other.place.line}`;
    const what = 'has same name as another nameserver';
    line.alert(0, `nameserver '${name}' ${what} (declared at ${at}).`);
    return;
  }
  const found = readNameserverAddress(line, name, draft);
  if (found === null) return;
  if (found.socket === 'dgram') add(section, { place: line.place(-1), name, address: found });
  else readStreamServer(line, section, draft);
}

function add(section: ResolversDraft, one: Omit<NameserverModel, 'server'>): void {
  section.model.nameservers = [...section.model.nameservers, { ...one, server: null }];
}

function readNameserverAddress(line: Line, name: string, draft: Draft): AddressModel | null {
  const rules = { port: true, portNeeded: true, names: true, dgram: true, defaultDgram: true };
  const { address, error } = parseAddress(line.arg(1), { ...rules, variables: draft.environment });
  if (address === null) return line.alert(1, `'nameserver ${name}' : ${error}`);
  const { family, socket, portLow: port } = address;
  if (family !== 'ipv4' && family !== 'ipv6' && family !== 'unspecified') {
    return line.notSupported(1, `nameserver on a socket of family ${family}`);
  }
  const isName = family === 'unspecified' && address.host !== '';
  const host = isName ? draft.resolveHost(address.host, 0) : address.host;
  if (host === null) {
    return line.alert(1, `'nameserver ${name}' : invalid address: '${address.host}'`);
  }
  const numeric = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const known = family === 'unspecified' ? numeric : family;
  return { family: known, socket, host, port, portOffset: false, fd: -1 };
}

function readStreamServer(line: Line, section: ResolversDraft, draft: Draft): void {
  const server = beginServer(line, 2, section.proxy, draft);
  if (server === null || !readServerAddress(line, line.arg(1), server.model, draft)) return;
  endServer(line, server, section.proxy, draft);
  if (line.failed) return;
  const { model } = server;
  const one = { place: line.place(-1), name: model.name, address: model.address, server: model };
  section.model.nameservers = [...section.model.nameservers, one];
}

const resolvConf = '/etc/resolv.conf';
const namePort = 53;

/** What is wrong with the file, and with lines of it. */
interface ResolvConfFaults {
  error: string;
  readonly warnings: string[];
}

/** Adds the name servers that the system uses. */
export function addSystemNameservers(section: ResolversDraft): ResolvConfFaults {
  const faults: ResolvConfFaults = { error: '', warnings: [] };
  const { text, error } = readText(resolvConf);
  if (error !== '') return { ...faults, error: `failed to open ${resolvConf}.` };
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^nameserver[\r\t ]+(\S+)/.exec(line);
    const at = `${resolvConf}:${index + 1}`;
    if (match !== null) {
      const warning = addSystemNameserver(section, match[1], index + 1);
      if (warning !== '') faults.warnings.push(`arsing [${at}] : ${warning}`);
    } else if (/^nameserver\s*$/.test(line)) {
      faults.warnings.push(`arsing [${at}] : nameserver line is missing address.`);
    }
  }
  return faults;
}

function addSystemNameserver(section: ResolversDraft, host: string, number: number): string {
  const other = section.model.nameservers.find(({ name }) => name === host);
  if (other !== undefined) {
    const { file, line } = other.place;
    return (
      `generated name for ${resolvConf} nameserver '${host}' conflicts with another nameserver ` +
      `(declared at ${file}:${line}), it appears to be a duplicate and will be excluded.`
    );
  }
  const version = isIP(host);
  if (version === 0) {
    return `address '${host}' could not be recognized, nameserver will be excluded.`;
  }
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const place = { file: resolvConf, line: number, column: 1 };
  add(section, {
    place,
    name: host,
    address: { family, socket: 'dgram', host, port: namePort, portOffset: false, fd: -1 },
  });
  return '';
}

function readResolvConf(line: Line, section: ResolversDraft): void {
  const { error, warnings } = addSystemNameservers(section);
  for (const warning of warnings) line.warning(-1, `P${warning}`);
  if (error !== '') line.alert(-1, error);
}

const payloadMin = 12;
const payloadMax = 65_535;

/** As C's atoi: the number a text starts with, 0 when it starts with none. */
const leadingNumber = (text: string): number => Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);

const rows: readonly NamedKeyword<ResolversDraft>[] = [
  {
    name: 'accepted_payload_size',
    help: 'bytes of an answer that are accepted',
    example: 'accepted_payload_size 8192',
    parse: (line, { model }) => {
      if (line.needed(0, '<nb> as argument') === null) return;
      const size = leadingNumber(line.arg(0));
      if (size >= payloadMin && size <= payloadMax) model.payloadBytes = size;
      else {
        const range = `must be between ${payloadMin} and ${payloadMax} inclusive`;
        line.alert(0, `'accepted_payload_size' ${range} (was ${line.arg(0)}).`);
      }
    },
  },
  {
    name: 'hold',
    help: 'how long an earlier valid answer counts more than one of a kind',
    example: 'hold nx 30s',
    parse: readHold,
  },
  {
    name: 'nameserver',
    help: 'a server that is asked, by UDP or TCP',
    example: 'nameserver dns1 10.0.0.1:53',
    parse: readNameserver,
  },
  {
    name: 'parse-resolv-conf',
    help: 'the name servers of /etc/resolv.conf',
    example: 'parse-resolv-conf',
    parse: readResolvConf,
  },
  {
    name: 'resolution_pool_size',
    help: 'refused: no release ever had it',
    example: '',
    parse: (line) => {
      const why = 'directive is not supported anymore (it never appeared in a stable release)';
      line.alert(-1, `'resolution_pool_size' ${why}.`);
    },
  },
  {
    name: 'resolve_retries',
    help: 'questions before a resolution fails',
    example: 'resolve_retries 3',
    parse: (line, { model }) => {
      if (line.needed(0, '<nb> as argument') !== null) model.retries = leadingNumber(line.arg(0));
    },
  },
  {
    name: 'timeout',
    help: 'time between resolutions of a name, and between questions without answer',
    example: 'timeout retry 1s',
    parse: readTimeout,
  },
];

const families = ['ipv4', 'ipv6', 'auto'] as const;

/** Words of `global`. */
export const resolverGlobals: readonly GlobalKeyword[] = [
  {
    name: 'dns-accept-family',
    help: 'address families that resolvers ask for',
    example: 'dns-accept-family ipv4,ipv6',
    parse: (line, global) => {
      if (!line.atMost(1)) return;
      const words = line.arg(0).split(',');
      const found = words.map((word) => families.find((family) => family === word));
      const chosen = found.filter((family) => family !== undefined);
      if (chosen.length === words.length) global.dnsFamilies = chosen;
      else {
        const known = "expects a comma-delimited list of 'ipv4' and 'ipv6'";
        line.alert(0, `'dns-accept-family' ${known} but got '${line.arg(0)}'.`);
      }
    },
  },
];

/** `resolvers NAME`. */
export const resolversSection: NamedSection<ResolversDraft> = {
  name: 'resolvers',
  rows,
  open: (line, draft) => {
    const name = line.arg(0);
    if (name === '') return line.alert(-1, 'missing name for resolvers section.');
    const bad = /[^A-Za-z0-9_.:-][\x80-\xbf]*/.exec(name);
    if (bad !== null) {
      return line.alert(0, `character '${bad[0]}' is not permitted in 'resolvers' name '${name}'.`);
    }
    const other = draft.resolvers.find(({ model }) => model.name === name);
    if (other !== undefined) {
      const at = `${other.model.place.file}:${other.model.place.line}`;
      const what = 'has same name as another resolvers';
      return line.alert(0, `resolvers '${name}' ${what} (declared at ${at}).`);
    }
    const section = newResolversDraft(line.place(-1), name);
    draft.resolvers.push(section);
    return section;
  },
};
