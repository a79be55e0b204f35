// `option external-check`: a command tells how a server is, by its exit code (manual 4.2,
// external-check command). Runs on the control thread; the command is a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { AddressModel, ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type { CheckHost, Subject } from './host.ts';
import type { Asking } from './probe.ts';
import type { RunDone } from './report.ts';

const socketError = checkStatusNumber('SOCKERR');
const commandError = checkStatusNumber('PROCERR');
const commandTimeout = checkStatusNumber('PROCTOUT');
const commandOk = checkStatusNumber('PROCOK');

/** Without `external-check path`. */
const defaultPath = '';

export class ExternalCheck implements Asking {
  private readonly host: CheckHost;
  private readonly subject: Subject;
  private readonly done: RunDone;
  private child: ChildProcess | null;
  private timer: NodeJS.Timeout | null;
  private isLate: boolean;

  constructor(host: CheckHost, subject: Subject, done: RunDone) {
    this.host = host;
    this.subject = subject;
    this.done = done;
    this.child = null;
    this.timer = null;
    this.isLate = false;
  }

  start(): void {
    const { host, subject } = this;
    const proxy = host.model.proxies[subject.proxyIndex];
    const server = proxy.servers[subject.serverIndex];
    const args = commandArguments(proxy, server);
    const { check, connect } = proxy.timeouts;
    const limitMs = check > 0 && connect > 0 ? Math.min(server.interMs, connect) : server.interMs;
    this.isLate = false;
    const { sessions } = host.load(subject.proxyIndex, subject.serverIndex);
    const child = spawn(proxy.check.command, args.map(orUnused), {
      env: { ...this.kept(), ...environmentOf(proxy, server, args, sessions) },
      stdio: 'ignore',
    });
    this.child = child;
    child.on('error', (error) => this.failed(child, error));
    child.on('exit', (code, signal) => this.exited(child, code, signal));
    this.timer = setTimeout(() => this.expire(child), limitMs);
    host.busy();
  }

  /** `external-check preserve-env`: the command has the environment of the program too. */
  private kept(): NodeJS.ProcessEnv {
    return this.host.model.global.externalCheck === 'preserve-env' ? process.env : {};
  }

  stop(): void {
    const { child } = this;
    this.forget();
    child?.kill('SIGTERM');
  }

  private forget(): void {
    this.child = null;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** The result is told when the process is gone. */
  private expire(child: ChildProcess): void {
    if (this.child !== child) return;
    this.isLate = true;
    child.kill('SIGTERM');
    this.forget();
    this.done({ status: commandTimeout, info: '', code: 0 });
  }

  private failed(child: ChildProcess, error: Error): void {
    if (this.child !== child) return;
    this.forget();
    this.done({ status: socketError, info: error.message, code: 0 });
  }

  private exited(child: ChildProcess, code: number | null, signal: string | null): void {
    if (this.child !== child || this.isLate) return;
    this.forget();
    const isGood = code === 0 && signal === null;
    this.done({ status: isGood ? commandOk : commandError, info: '', code: code ?? -1 });
  }
}

type Arguments = readonly [proxyAddress: string, proxyPort: string, address: string, port: string];

const isPath = ({ family }: AddressModel): boolean =>
  family === 'unix' || family === 'abns' || family === 'abnsz';

/** '' stands for what does not exist. */
function commandArguments(proxy: ProxyModel, server: ServerModel): Arguments {
  const listener = proxy.binds
    .flatMap((bind) => bind.addresses)
    .find((one) => isPath(one) || one.family === 'ipv4' || one.family === 'ipv6');
  const [proxyAddress, proxyPort] = listener === undefined ? ['', ''] : textsOf(listener);
  const [address, port] = textsOf(server.address);
  return [proxyAddress, proxyPort, address, port];
}

function textsOf(address: AddressModel): readonly [string, string] {
  if (isPath(address)) return [address.host, ''];
  const any = address.family === 'ipv6' ? '::' : '0.0.0.0';
  return [address.host === '' ? any : address.host, String(address.port)];
}

const orUnused = (text: string): string => (text === '' ? 'NOT_USED' : text);

function environmentOf(
  proxy: ProxyModel,
  server: ServerModel,
  [proxyAddress, proxyPort, address, port]: Arguments,
  sessions: number,
): Record<string, string> {
  return {
    PATH: proxy.check.path === '' ? defaultPath : proxy.check.path,
    HAPROXY_PROXY_NAME: proxy.name,
    HAPROXY_PROXY_ID: String(proxy.id),
    HAPROXY_PROXY_ADDR: proxyAddress,
    HAPROXY_PROXY_PORT: proxyPort,
    HAPROXY_SERVER_NAME: server.name,
    HAPROXY_SERVER_ID: String(server.id),
    HAPROXY_SERVER_ADDR: address,
    HAPROXY_SERVER_PORT: port,
    HAPROXY_SERVER_MAXCONN: String(server.maxconn),
    HAPROXY_SERVER_CURCONN: String(sessions),
    HAPROXY_SERVER_SSL: server.ssl === null ? '0' : '1',
    HAPROXY_SERVER_PROTO: proxy.mode === 'http' ? server.proto || 'h1' : 'tcp',
  };
}
