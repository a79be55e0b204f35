// The address a connection to a server shows as its own when the configuration lends it from
// somebody else (manual 4.2, source ... usesrc): the client's, a fixed one, or one that a header
// names. Called by mux/links.ts before each connect; binding to it needs the rights of a
// transparent proxy.

import type { SourceModel } from '../../shared/config/model.ts';
import { encodeAddress, putIpv4, putIpv6 } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { type Endpoint, familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import type { Evaluate } from '../keyword.ts';
import { kindIpv4, kindIpv6 } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';

/** Fills `into`; false: there is no such address for this stream, the proxy's own is used. */
export type WriteSource = (stream: Stream, into: SocketAddress) => boolean;

type Build = (source: SourceModel, header: Evaluate | null) => WriteSource;

const builds: Readonly<Record<string, Build>> = {
  client: () => (stream, into) => writeClient(stream.source, true, into),
  clientip: () => (stream, into) => writeClient(stream.source, false, into),
  address: ({ usesrcAddress }) => {
    const host = usesrcAddress?.host ?? '';
    const family = host.includes(':') ? 'ipv6' : 'ipv4';
    const wanted = { family, host, port: usesrcAddress?.port ?? 0 } as const;
    return (_stream, into) => encodeAddress(wanted, into);
  },
  header: (_source, header) => (stream, into) =>
    header !== null && writeHeader(stream, header, into),
};

/** Start only. `header` evaluates hdr_ip(...). null: nothing is lent. */
export function sourceWriter(
  source: SourceModel | null,
  header: Evaluate | null,
): WriteSource | null {
  if (source === null || source.usesrc === '') return null;
  const kind = source.usesrc.startsWith('hdr_ip(') ? 'header' : source.usesrc;
  return builds[kind](source, header);
}

const ipv6Bytes = new Uint8Array(16);

function writeClient(from: Endpoint, withPort: boolean, into: SocketAddress): boolean {
  const port = withPort ? from.port : 0;
  if (from.family === familyIpv4) putIpv4(from.ipv4, port, into);
  else if (from.family === familyIpv6) writeIpv6(from.bytes, port, into);
  else return false;
  return true;
}

function writeHeader(stream: Stream, header: Evaluate, into: SocketAddress): boolean {
  const { sample } = stream;
  sample.restart();
  if (!header(stream, sample)) return false;
  if (sample.kind === kindIpv4) putIpv4(Number(sample.int), 0, into);
  else if (sample.kind === kindIpv6) writeIpv6(sample.text, 0, into);
  else return false;
  return true;
}

function writeIpv6(bytes: string, port: number, into: SocketAddress): void {
  for (let i = 0; i < 16; i++) ipv6Bytes[i] = bytes.charCodeAt(i);
  putIpv6(ipv6Bytes, 0, port, into);
}
