// What the configuration says about health: how servers of a proxy are probed, what one server adds
// to that, and what its agent is asked. Plain data, written by sections/check.ts and
// sections/server-check.ts, understood by worker/check.

import type { Place } from './diagnostic.ts';
import type { AddressModel, LineModel, ServerSslModel } from './model.ts';

/** How a server is probed: '' a connection, or the `option` that says more. */
export const checkKinds = [
  '',
  'tcp-check',
  'httpchk',
  'redis-check',
  'ssl-hello-chk',
  'smtpchk',
  'pgsql-check',
  'mysql-check',
  'ldap-check',
  'spop-check',
  'grpc-check',
  'grpc-check',
  'external-check',
] as const;
export type CheckKind = (typeof checkKinds)[number];

/** The checks of a proxy, or of a `healthcheck` section. */
export interface CheckModel {
  kind: CheckKind;
  /** The line that chose the kind; its words are what follows the name. null: kind is ''. */
  line: LineModel | null;
  /** Words after `tcp-check`, line by line. */
  tcp: LineModel[];
  /**
   * Words after `http-check`; `option httpchk` stands among them, where it was written, as a line
   * that begins with `option`.
   */
  http: LineModel[];
  /** `external-check command` and `path`. */
  command: string;
  path: string;
}

export interface HealthcheckModel {
  readonly place: Place;
  readonly name: string;
  readonly check: CheckModel;
}

/** What a `server` line says of its checks beside intervals and thresholds. */
export interface ServerCheckModel {
  /** `check-ssl` on, `no-check-ssl` off; 'server': as traffic. */
  ssl: 'server' | 'on' | 'off';
  /** TLS words of a server whose traffic is clear, null: none were written. */
  tls: ServerSslModel | null;
  sni: string;
  /** Without `check-sni`, an HTTP check asks for its Host header. */
  sniAuto: boolean;
  alpn: string;
  /** Protocol of HTTP checks: '' automatic, 'h1', 'h2', 'none'. */
  proto: string;
  viaSocks4: boolean;
  /** HTTP checks may use idle connections of the server, and leave theirs to others. */
  reusePool: boolean;
  /** What such connections are shared by, as `pool-conn-name` says it for traffic; '' nothing. */
  poolConnName: string;
  /** Name of a `healthcheck` section, '' for the proxy's own checks. */
  healthcheck: string;
  /** Errors of traffic count: '' none, those of connections, or of answers too. */
  observe: '' | 'layer4' | 'layer7';
  /** What enough of them do, and how many that is. */
  onError: 'fastinter' | 'fail-check' | 'sudden-death' | 'mark-down';
  errorLimit: number;
  /** Streams end when the server goes down; those of backup servers when it comes up. */
  shutsWhenDown: boolean;
  shutsBackupsWhenUp: boolean;
  /** '' : up, one failure from down. */
  initState: '' | 'fully-up' | 'up' | 'down' | 'fully-down';
  /** Time over which the weight grows once it is up again, 0: at once. */
  slowstartMs: number;
}

export interface AgentModel {
  enabled: boolean;
  address: AddressModel | null;
  port: number;
  /** 0: as the server's `inter`. */
  interMs: number;
  send: string;
}

/** Checks of a proxy that says nothing about them. */
export function freshCheck(): CheckModel {
  return { kind: '', line: null, tcp: [], http: [], command: '', path: '' };
}

/** A server that says nothing of its checks. */
export function freshServerCheck(): ServerCheckModel {
  return {
    ssl: 'server',
    tls: null,
    sni: '',
    sniAuto: true,
    alpn: '',
    proto: '',
    viaSocks4: false,
    reusePool: false,
    poolConnName: '',
    healthcheck: '',
    observe: '',
    onError: 'fail-check',
    errorLimit: 10,
    shutsWhenDown: false,
    shutsBackupsWhenUp: false,
    initState: '',
    slowstartMs: 0,
  };
}

/** A server without an agent. */
export function freshAgent(): AgentModel {
  return { enabled: false, address: null, port: 0, interMs: 0, send: '' };
}
