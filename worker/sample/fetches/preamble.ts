// Fetches of what came before the protocol (manual 7.3.3): the PROXY header's TLVs, and why a
// connection could not be used. Side × field where both sides have it.

import type { Connection } from '../../conn/connection.ts';
import { faultNone, faults } from '../../conn/fault.ts';
import { tlvAuthority, tlvUniqueId } from '../../conn/proxy-header.ts';
import type { ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindSint, kindString, type Sample } from '../sample.ts';
import { plain } from './row.ts';

// ---- PROXY header ----

const front = 'client-address';

/** Names of TLV types, beside their numbers. */
const typeNames: ReadonlyMap<string, number> = new Map([
  ['alpn', 0x01],
  ['authority', 0x02],
  ['crc32c', 0x03],
  ['noop', 0x04],
  ['unique_id', 0x05],
  ['ssl', 0x20],
  ['ssl_version', 0x21],
  ['ssl_cn', 0x22],
  ['ssl_cipher', 0x23],
  ['ssl_sig_alg', 0x24],
  ['ssl_key_alg', 0x25],
  ['netns', 0x30],
]);

/** The values of one type in turn; a caller that wants one gets the first. */
function tlv(type: number): Evaluate {
  return (stream, out) => {
    const { proxyTlvs } = stream.session;
    let index = out.cursor;
    while (index < proxyTlvs.length && proxyTlvs[index].type !== type) index++;
    if (index >= proxyTlvs.length) return false;
    let next = index + 1;
    while (next < proxyTlvs.length && proxyTlvs[next].type !== type) next++;
    out.more = out.iterate && next < proxyTlvs.length;
    out.cursor = next;
    return out.setText(proxyTlvs[index].value);
  };
}

function buildTlv([type]: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const text = String(type);
  const isNumber = /^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text);
  const number = isNumber ? Number(text) : (typeNames.get(text.toLowerCase()) ?? -1);
  if (number >= 0 && number <= 255) return tlv(number);
  scope.alert(`'${text}' is not a TLV type: a name of the PROXY protocol or a number up to 255`);
  return null;
}

const header: readonly FetchDef[] = [
  plain(
    'fc_pp_authority',
    [kindString, front],
    'the host name in the PROXY header',
    tlv(tlvAuthority),
  ),
  plain('fc_pp_unique_id', [kindString, front], 'the id in the PROXY header', tlv(tlvUniqueId)),
  {
    name: 'fc_pp_tlv',
    args: [{ name: 'type', type: 'string' }],
    returns: kindString,
    reads: 'client-connection',
    help: 'a TLV of the PROXY header, by type',
    example: 'fc_pp_tlv(0xEA)',
    build: buildTlv,
  },
];

// ---- faults ----

type ReadConnection = (stream: Stream) => Connection | null;

interface SideRow {
  readonly prefix: string;
  readonly reads: string;
  readonly what: string;
  readonly read: ReadConnection;
}

const sides: readonly SideRow[] = [
  {
    prefix: 'fc',
    reads: front,
    what: 'client connection',
    read: (stream) => stream.session.connection,
  },
  {
    prefix: 'bc',
    reads: 'server-address',
    what: 'server connection',
    read: (stream) => stream.backConnection ?? stream.servedBy,
  },
];

const readFault =
  (read: ReadConnection, set: (fault: number, out: Sample) => true): Evaluate =>
  (stream, out) => {
    const connection = read(stream);
    return connection !== null && set(connection.fault, out);
  };

const faultName = (fault: number, out: Sample): true =>
  out.setText(fault === faultNone ? '' : (faults.get(fault)?.name ?? ''));
const faultMessage = (fault: number, out: Sample): true =>
  out.setText(fault === faultNone ? 'Success' : (faults.get(fault)?.message ?? ''));

const errors: readonly FetchDef[] = sides.flatMap(({ prefix, reads, what, read }) => [
  plain(
    `${prefix}_err`,
    [kindSint, reads],
    `why the ${what} failed, as a number`,
    readFault(read, (fault, out) => out.setInt(fault)),
  ),
  plain(
    `${prefix}_err_name`,
    [kindString, reads],
    `why the ${what} failed, in a word`,
    readFault(read, faultName),
  ),
  plain(
    `${prefix}_err_str`,
    [kindString, reads],
    `why the ${what} failed`,
    readFault(read, faultMessage),
  ),
]);

export const preamble: readonly FetchDef[] = [...header, ...errors];
