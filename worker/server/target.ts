// Where connections to a server go: its address as the kernel wants it, completed from the stream
// where the configuration leaves it open (no address: the one the client asked for; `+N`: its port
// plus N). Used by the stream engine before connect.

import type { AddressModel, ServerModel } from '../../shared/config/model.ts';
import {
  encodeAddress,
  type NamedAddress,
  putIpv4,
  putIpv6,
  setPort,
} from '../../shared/sys/sockaddr.ts';
import { AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC } from '../../shared/sys/constants.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { type Endpoint, familyIpv4, familyIpv6 } from '../conn/endpoint.ts';

export interface ServerTarget {
  /** AF_UNSPEC: the client's destination decides. */
  readonly domain: number;
  /** As the kernel wants it; null: it cannot be written so (a path that is too long). */
  readonly encoded: Uint8Array | null;
  /** The address depends on the stream: connections are only shared by equal destinations. */
  readonly isDynamic: boolean;
  readonly portOffset: boolean;
  readonly port: number;
}

/** Start only. A host that is no number must have been resolved by the loader before. */
export function serverTarget(model: Pick<ServerModel, 'address'>): ServerTarget {
  const { address } = model;
  const named = namedAddress(address);
  const anyHost = named.host === '0.0.0.0' || named.host === '' || named.host === '::';
  const isPath = domainOf(address) === AF_UNIX;
  const open = anyHost && !isPath;
  return {
    domain: open ? AF_UNSPEC : domainOf(address),
    encoded: encode(named),
    isDynamic: open || address.portOffset,
    portOffset: address.portOffset,
    port: address.port,
  };
}

function encode(address: NamedAddress): Uint8Array | null {
  const into = { region: { bytes: new Uint8Array(addressBytesMax), address: 0 }, length: 0 };
  return encodeAddress(address, into) ? into.region.bytes.slice(0, into.length) : null;
}

/** struct sockaddr_storage. */
const addressBytesMax = 128;

function namedAddress(address: AddressModel): NamedAddress {
  const { host, port } = address;
  switch (address.family) {
    case 'unix':
    case 'abns':
    case 'abnsz':
      return { family: address.family, host, port: 0 };
    case 'ipv6':
      return { family: 'ipv6', host, port };
    default:
      return { family: host.includes(':') ? 'ipv6' : 'ipv4', host, port };
  }
}

function domainOf(address: AddressModel): number {
  switch (namedAddress(address).family) {
    case 'ipv4':
      return AF_INET;
    case 'ipv6':
      return AF_INET6;
    default:
      return AF_UNIX;
  }
}

const ipv6Bytes = new Uint8Array(16);

/**
 * Fills `into` for a connection of a stream whose client asked for `destination`. `chosen` (set-dst
 * and friends; family 0: none) replaces the destination. False: nothing says where to go.
 */
export function writeTarget(
  target: ServerTarget,
  destination: Endpoint,
  chosen: Endpoint,
  into: SocketAddress,
): boolean {
  const asked = chosen.family === 0 ? destination : chosen;
  if (target.domain !== AF_UNSPEC) {
    if (target.encoded === null) return false;
    copyAddress(target.encoded, into);
    if (target.portOffset) setPort(into, (asked.port + target.port) & 0xffff);
    return true;
  }
  const port = target.portOffset || target.port === 0 ? asked.port + target.port : target.port;
  return writeEndpoint(asked, port & 0xffff, into);
}

function copyAddress(from: Uint8Array, into: SocketAddress): void {
  const { bytes } = into.region;
  for (let i = 0; i < from.length; i++) bytes[i] = from[i];
  into.length = from.length;
}

function writeEndpoint(from: Endpoint, port: number, into: SocketAddress): boolean {
  if (from.family === familyIpv4) {
    putIpv4(from.ipv4, port, into);
    return true;
  }
  if (from.family !== familyIpv6) return false;
  for (let i = 0; i < 16; i++) ipv6Bytes[i] = from.bytes.charCodeAt(i);
  putIpv6(ipv6Bytes, 0, port, into);
  return true;
}
