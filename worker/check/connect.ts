// Where a check connects and what it says before its first step: address and port, PROXY header,
// TLS (manual 5.2: addr, port, check-ssl, check-sni, check-alpn, check-send-proxy; 4.2: connect).
// Control thread.

import type { AddressModel, ServerModel } from '../../shared/config/model.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress, Sys } from '../../shared/sys/sys.ts';
import type { TlsContext, TlsSession } from '../../shared/sys/tls.ts';
import type { Connection } from '../conn/connection.ts';
import { openSocket, plainApproach, type SocketPlan } from '../conn/connector.ts';
import type { OpeningStep } from '../conn/opening.ts';
import { Endpoint } from '../conn/endpoint.ts';
import { proxyBlock } from '../conn/proxy-header.ts';
import { type HeaderRoom, ProxySender } from '../conn/proxy-steps.ts';
import { readOwn, readPeer } from '../conn/socket-address.ts';
import { SocksRequest } from '../conn/socks4.ts';
import { TlsHandshake, tlsSessionOf, TlsTransport } from '../conn/tls.ts';
import { kindSint } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { type CheckPool, isUsualConnect } from './idle.ts';
import type { ConnectStep } from './plan.ts';

/** One connection as a step wants it. */
export interface CheckRoute {
  readonly step: ConnectStep;
  readonly target: SocketAddress | null;
  readonly isInternet: boolean;
  readonly socket: SocketPlan;
  readonly lingers: boolean;
  /** The handshake's last ACK waits for what is sent next. */
  readonly delaysAck: boolean;
  /** Idle connections that would do, null: it needs one of its own. HTTP checks only. */
  readonly pool: CheckPool | null;
  openingSteps(): readonly OpeningStep[];
  /** What HTTP checks speak on it: 'h1' or 'h2'. Once it is open. */
  protocolOf(connection: Connection): string;
}

/** TLS as one step wants it: a context, and what its sessions ask for. */
export interface CheckTls {
  readonly context: TlsContext;
  readonly verifies: boolean;
  readonly verifyHost: string;
}

export interface RouteParts {
  readonly sys: Sys;
  readonly model: ServerModel;
  readonly room: HeaderRoom;
  /** `pp2-never-send-local`. */
  readonly neverSaysLocal: boolean;
  readonly socket: SocketPlan;
  /** The same through the server's SOCKS4 proxy, null: it has none. */
  readonly socks: SocketPlan | null;
  /** A server's agent is asked: words about checks do not count. */
  readonly isAgent: boolean;
  /** `check-reuse-pool`, null: not for this server. */
  readonly pool: CheckPool | null;
  /** Address and port that stand on the server line for this check, or were set since. */
  address(): AddressModel | null;
  port(): number;
  /** Where the server's traffic goes. */
  serverAddress(): AddressModel;
  /** TLS that offers these protocols; null: it could not be made. */
  tlsFor(alpn: string): CheckTls | null;
}

const EINVAL = 22;

/** A descriptor with a connect under way, or minus errno. */
export function openCheck(sys: Sys, route: CheckRoute): number {
  if (route.target === null) return -EINVAL;
  approach.delaysAck = route.delaysAck;
  return openSocket(sys, route.target, route.socket, approach);
}

const approach = plainApproach();

const isPath = (address: AddressModel): boolean =>
  address.family === 'unix' || address.family === 'abns' || address.family === 'abnsz';

/** The route of one step of one server: made once, its target filled again when it has moved. */
class Route implements CheckRoute {
  readonly step: ConnectStep;
  target: SocketAddress | null;
  isInternet: boolean;
  readonly socket: SocketPlan;
  readonly lingers: boolean;
  readonly delaysAck: boolean;
  readonly pool: CheckPool | null;
  stream: Stream;
  private readonly router: Router;

  constructor(router: Router, step: ConnectStep, stream: Stream) {
    const { parts } = router;
    this.step = step;
    this.target = null;
    this.isInternet = true;
    this.socket = usesSocks(step, parts) ? (parts.socks ?? parts.socket) : parts.socket;
    this.lingers = step.lingers || (parts.isAgent && step.isImplicit);
    // What an agent is sent may be nothing, and then it has to be heard of at once.
    this.delaysAck = step.delaysAck && !parts.isAgent;
    this.pool = isUsualConnect(step) ? parts.pool : null;
    this.stream = stream;
    this.router = router;
  }

  openingSteps(): readonly OpeningStep[] {
    return this.router.stepsOf(this.step, this.stream, this.socket);
  }

  protocolOf(connection: Connection): string {
    return this.router.protocolOf(this.step, connection);
  }
}

/**
 * The routes of one server's checks. Its checks run one after the other, so one target serves all;
 * thousands of servers are checked every second, so nothing is made anew that has not changed.
 */
export class Router {
  readonly parts: RouteParts;
  private readonly target: SocketAddress;
  private route: Route | null;
  /** What `target` holds. */
  private family: string;
  private host: string;
  private port: number;

  constructor(parts: RouteParts) {
    this.parts = parts;
    this.target = parts.sys.address();
    this.route = null;
    this.family = '';
    this.host = '';
    this.port = -1;
  }

  routeOf(step: ConnectStep, stream: Stream): CheckRoute {
    const { parts } = this;
    const address = step.address ?? parts.address() ?? parts.serverAddress();
    const port = this.portOf(step, stream);
    const route = this.route?.step === step ? this.route : new Route(this, step, stream);
    this.route = route;
    route.stream = stream;
    route.target = this.encodes(address, port) ? this.target : null;
    route.isInternet = !isPath(address);
    return route;
  }

  /** Whether the target is this address now. */
  private encodes(address: AddressModel, port: number): boolean {
    const { family, host } = address;
    if (family === this.family && host === this.host && port === this.port) return true;
    if (!encode(address, port, this.target)) return false;
    this.family = family;
    this.host = host;
    this.port = port;
    return true;
  }

  /** The first that was given, from the step to the server line. */
  private portOf(step: ConnectStep, stream: Stream): number {
    const { parts } = this;
    return (
      step.port ||
      evaluatePort(step, stream) ||
      (step.address?.port ?? 0) ||
      parts.port() ||
      (parts.address()?.port ?? 0) ||
      parts.serverAddress().port
    );
  }

  /** Said by a word, else by what was negotiated. */
  protocolOf(step: ConnectStep, connection: Connection): string {
    const { checks, proto } = this.parts.model;
    const said = step.proto || (step.isDefault ? checks.proto || proto : '');
    if (said !== '') return said;
    return tlsSessionOf(connection)?.alpn() === 'h2' ? 'h2' : 'h1';
  }

  /** What comes before the check's first step. */
  stepsOf(step: ConnectStep, stream: Stream, socket: SocketPlan): readonly OpeningStep[] {
    const steps: OpeningStep[] = [];
    const { parts } = this;
    if (socket.via !== null) steps.push(new SocksRequest(parts.room, this.target));
    const preamble = preambleOf(step, parts);
    if (preamble === proxyLocal && parts.neverSaysLocal) {
      const source = parts.sys.address();
      steps.push(new ProxySender(parts.room, (connection) => proxyOwn(connection, source)));
    } else if (preamble !== '') steps.push(new ProxySender(parts.room, preamble));
    if (usesTls(step, parts)) steps.push(this.handshake(step, stream));
    return steps;
  }

  private handshake(step: ConnectStep, stream: Stream): TlsHandshake {
    const { parts } = this;
    const { checks } = parts.model;
    const alpn = step.alpn || (step.isDefault ? checks.alpn : '');
    const tls = parts.tlsFor(alpn);
    const name =
      step.sni ||
      (step.isDefault ? checks.sni : '') ||
      (checks.sniAuto && step.sniOf !== null ? hostName(step.sniOf(stream)) : '');
    return new TlsHandshake(false, (connection) => {
      if (tls === null) throw new Error(`no TLS for the checks of ${parts.model.name}`);
      const session = tls.context.session(connection.fd);
      if (name !== '') session.setHostname(name);
      const expected = name || tls.verifyHost;
      if (tls.verifies && expected !== '') session.expectHost(expected);
      return new TlsTransport(session, connection, unwatched, 0);
    });
  }
}

const unwatched = {
  shaken(_session: TlsSession, _succeeded: boolean): void {},
  resumable(_session: TlsSession): void {},
  freed(): void {},
};

function encode(address: AddressModel, port: number, target: SocketAddress): boolean {
  const { family, host } = address;
  if (family === 'ipv4' || family === 'ipv6' || isPath(address)) {
    const wanted = host === '' ? '127.0.0.1' : host;
    return encodeAddress({ family: family as 'ipv4', host: wanted, port }, target);
  }
  return false;
}

function evaluatePort({ portOf }: ConnectStep, stream: Stream): number {
  if (portOf === null) return 0;
  const { sample } = stream;
  sample.restart();
  return portOf(stream, sample) && sample.kind === kindSint ? Number(sample.int) : 0;
}

/** A name without the port that a Host header may carry. */
function hostName(text: string): string {
  const at = text.lastIndexOf(':');
  return at > text.lastIndexOf(']') ? text.slice(0, at) : text;
}

const proxyUnknown = 'PROXY UNKNOWN\r\n';
/** Signature, version 2 with command LOCAL, no address (PROXY protocol 2.2). */
const proxyLocal = '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0';

/** pp2-never-send-local: the addresses of the check's own connection instead of LOCAL. */
function proxyOwn({ sys, fd }: Connection, scratch: SocketAddress): string {
  const [source, destination] = [new Endpoint(), new Endpoint()];
  readOwn(sys, fd, scratch, source);
  readPeer(sys, fd, scratch, destination);
  return proxyBlock(source, destination, { crc32c: false, before: '', after: '' });
}

/** Checks go where traffic goes, as traffic goes: never those of servers added at run time. */
function usesOwnPlace({ checkAddress, checkPort, isDynamic }: ServerModel): boolean {
  return checkAddress === null && checkPort === 0 && !isDynamic;
}

/** Nothing is known of a client: there is none. */
function preambleOf(step: ConnectStep, { model, isAgent }: RouteParts): string {
  const own = usesOwnPlace(model);
  const isAsked = model.checkSendProxy || (own && model.sendProxy !== 0);
  const says = step.sendsProxy || (step.isDefault && isAsked && !isAgent);
  if (!says) return '';
  return model.sendProxy === 2 ? proxyLocal : proxyUnknown;
}

/** `via-socks4`, or check-via-socks4 where the server line decides. */
function usesSocks(step: ConnectStep, { model, isAgent }: RouteParts): boolean {
  if (step.viaSocks4) return true;
  return step.isDefault && model.socket.checkViaSocks4 && !isAgent;
}

/** A check with an address or port of its own speaks clear text unless it is told otherwise. */
function usesTls(step: ConnectStep, { model, isAgent }: RouteParts): boolean {
  if (step.tls) return true;
  if (!step.isDefault || isAgent) return false;
  const { ssl } = model.checks;
  if (ssl === 'on') return true;
  const own = usesOwnPlace(model);
  return own && ssl === 'server' && model.ssl !== null;
}
