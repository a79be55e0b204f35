// Connections of peers: TCP or unix sockets, with or without TLS, on libuv. Node's own sockets and
// TLS: peers are few and their traffic is bulk. Makes transports for sessions and hands bytes on.

import { connect, createServer, type Server, type Socket } from 'node:net';
import * as tls from 'node:tls';
import type { BindSslModel, ServerModel } from '../../shared/config/model.ts';
import { clientOptions, type Contents, serverOptions } from '../host-tls.ts';
import type { Transport } from './session-host.ts';

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

/** A peer that says nothing for so long while it should introduce itself is given up. */
const handshakeMs = 5000;
/** The name that a peer is asked for: resolve-peers.ts lets no other expression pass. */
const literal = /^str\(([^)]*)\)$/;

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
    ssl === null
      ? connect(target)
      : tls.connect({
          ...target,
          ...clientOptions(ssl, contents, literal.exec(ssl.sni)?.[1] ?? ''),
        });
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
    ssl === null
      ? createServer(accept)
      : tls.createServer(serverOptions(ssl, contents, handshakeMs), accept);
  server.on('error', (fault) => report.failed(fault.message));
  server.on('tlsClientError', (fault: Error, socket: Socket) => {
    const from = endText(socket.remoteAddress, socket.remotePort);
    report.refused(from, `SSL handshake failure (${fault.message})`);
    socket.destroy();
  });
  return server.listen({ fd });
}
