// Connections of peers: TCP or unix sockets, with or without TLS, on libuv. Node's own sockets and
// TLS: peers are few and their traffic is bulk. Makes transports for sessions and hands bytes on.

import { constants } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import * as tls from 'node:tls';
import type { BindSslModel, ServerModel } from '../../shared/config/model.ts';
import type { Transport } from './session.ts';

/** What becomes of a connection. */
export interface LinkEvents {
  opened(): void;
  received(bytes: Buffer): void;
  drained(): void;
  closed(): void;
}

/** Where to connect to. */
export interface LinkTarget {
  readonly family: string;
  readonly host: string;
  readonly port: number;
}

/** Files of the configuration, by path. */
export type Contents = Readonly<Record<string, string>>;

/** A peer that says nothing for so long while it should introduce itself is given up. */
const handshakeMs = 5000;

/** Wraps a socket; `events` may only be called after this has returned. */
function transportOf(socket: Socket, kind: string, events: () => LinkEvents): Transport {
  socket.setNoDelay(true);
  socket.setTimeout(handshakeMs, () => socket.destroy());
  socket.on('data', (bytes: Buffer) => events().received(bytes));
  socket.on('drain', () => events().drained());
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', () => events().closed());
  return {
    kind,
    established: () => void socket.setTimeout(0),
    write: (bytes) => socket.destroyed || socket.write(bytes),
    end: () => {
      // What the other side still sends is of no use to anybody.
      socket.removeAllListeners('data').resume();
      socket.end(() => socket.destroy());
    },
    reset: () => {
      socket.removeAllListeners('data');
      const isInternet = socket.remoteAddress !== undefined || socket.connecting;
      if (isInternet && kind === 'RAW') socket.resetAndDestroy();
      else socket.destroy();
    },
    get from() {
      return endText(socket.localAddress, socket.localPort);
    },
    get to() {
      return endText(socket.remoteAddress, socket.remotePort);
    },
  };
}

function endText(host: string | undefined, port: number | undefined): string {
  return host === undefined ? 'unix:1' : `${host}:${port}`;
}

/** Connects to where a peer listens. */
export function openLink(
  { ssl, source }: Pick<ServerModel, 'ssl' | 'source'>,
  address: LinkTarget,
  contents: Contents,
  makeEvents: (transport: Transport) => LinkEvents,
): void {
  const from = source?.address?.host ?? '';
  const target = {
    ...targetOf(address),
    ...(from === '' ? {} : { localAddress: from }),
  };
  const socket =
    ssl === null ? connect(target) : tls.connect({ ...target, ...clientOptions(ssl, contents) });
  let events: LinkEvents | null = null;
  const transport = transportOf(socket, ssl === null ? 'RAW' : 'SSL', () => events as LinkEvents);
  events = makeEvents(transport);
  socket.once(ssl === null ? 'connect' : 'secureConnect', () => events?.opened());
}

function targetOf({ family, host, port }: LinkTarget) {
  if (family === 'unix') return { path: host };
  if (family === 'abns' || family === 'abnsz') return { path: `\0${host}` };
  return { host: host === '' ? (family === 'ipv6' ? '::1' : '127.0.0.1') : host, port };
}

/** Takes connections on a descriptor that the master bound. */
export function listenForPeers(
  fd: number,
  { ssl, contents }: { readonly ssl: BindSslModel | null; readonly contents: Contents },
  makeEvents: (transport: Transport) => LinkEvents,
  report: { failed(message: string): void; refused(from: string, reason: string): void },
): Server {
  const accept = (socket: Socket): void => {
    let events: LinkEvents | null = null;
    const kind = ssl === null ? 'RAW' : 'SSL';
    const transport = transportOf(socket, kind, () => events as LinkEvents);
    events = makeEvents(transport);
    events.opened();
  };
  const server =
    ssl === null ? createServer(accept) : tls.createServer(serverOptions(ssl, contents), accept);
  server.on('error', (fault) => report.failed(fault.message));
  server.on('tlsClientError', (fault: Error, socket: Socket) => {
    const from = endText(socket.remoteAddress, socket.remotePort);
    report.refused(from, `SSL handshake failure (${fault.message})`);
    socket.destroy();
  });
  return server.listen({ fd });
}

// ---- TLS ----

const versionNames: Readonly<Record<string, tls.SecureVersion>> = {
  SSLv3: 'TLSv1',
  'TLSv1.0': 'TLSv1',
  'TLSv1.1': 'TLSv1.1',
  'TLSv1.2': 'TLSv1.2',
  'TLSv1.3': 'TLSv1.3',
};

function versionLimits({ sslMinVer, sslMaxVer }: { sslMinVer: string; sslMaxVer: string }) {
  return {
    ...(sslMinVer === '' ? {} : { minVersion: versionNames[sslMinVer] }),
    ...(sslMaxVer === '' ? {} : { maxVersion: versionNames[sslMaxVer] }),
  };
}

/** Node takes both kinds in one list, and would drop TLS 1.3 where the list has none of its. */
function cipherList({ ciphers, ciphersuites }: { ciphers: string; ciphersuites: string }) {
  if (ciphers === '' && ciphersuites === '') return {};
  const all = tls.DEFAULT_CIPHERS.split(':');
  const suites = ciphersuites || all.filter((name) => name.startsWith('TLS_')).join(':');
  const others = ciphers || all.filter((name) => !name.startsWith('TLS_')).join(':');
  return { ciphers: `${suites}:${others}` };
}

function file(contents: Contents, path: string): Buffer {
  return Buffer.from(contents[path] ?? '', 'latin1');
}

/** A certificate and its key, which may lie in a file of its own. */
function identity(contents: Contents, path: string) {
  const key = contents[`${path}.key`] === undefined ? path : `${path}.key`;
  return { cert: file(contents, path), key: file(contents, key) };
}

function clientOptions(
  ssl: NonNullable<ServerModel['ssl']>,
  contents: Contents,
): tls.ConnectionOptions {
  const { verify, verifyHost, caFile, crt, sni, alpn } = ssl;
  const name = /^str\(([^)]*)\)$/.exec(sni)?.[1] ?? '';
  return {
    ...versionLimits(ssl),
    ...cipherList(ssl),
    ...(crt === '' ? {} : identity(contents, crt)),
    ...(caFile === '' ? {} : { ca: file(contents, caFile) }),
    ...(alpn === '' ? {} : { ALPNProtocols: alpn.split(',') }),
    ...(name === '' ? {} : { servername: name }),
    rejectUnauthorized: verify === 'required',
    // The chain is verified; a name only when one is asked for.
    checkServerIdentity: (_, certificate) =>
      verifyHost === '' ? undefined : tls.checkServerIdentity(verifyHost, certificate),
  };
}

function serverOptions(ssl: BindSslModel, contents: Contents): tls.TlsOptions {
  const identities = ssl.crts.map((path) => identity(contents, path));
  return {
    ...versionLimits(ssl),
    ...cipherList(ssl),
    cert: identities.map(({ cert }) => cert),
    key: identities.map(({ key }) => key),
    ...(ssl.caFile === '' ? {} : { ca: file(contents, ssl.caFile) }),
    ...(ssl.alpn === '' ? {} : { ALPNProtocols: ssl.alpn.split(',') }),
    ...(ssl.tlsTickets ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
    honorCipherOrder: !ssl.preferClientCiphers,
    requestCert: ssl.verify !== 'none',
    rejectUnauthorized: ssl.verify === 'required',
    handshakeTimeout: handshakeMs,
  };
}
