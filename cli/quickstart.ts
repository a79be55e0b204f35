// What `hawser start` runs when it is given no configuration: two demo servers of our own and a
// small configuration in front of them. Called by cli/start.ts.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const quickstartPort = 8080;

export interface DemoServers {
  readonly ports: readonly number[];
  stop(): void;
}

/** Starts the demo servers in a process of their own. */
export async function startDemoServers(): Promise<DemoServers> {
  const entry = fileURLToPath(new URL('./demo-servers.js', import.meta.url));
  const child: ChildProcess = fork(entry, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [ports] = (await once(child, 'message')) as [readonly number[]];
  child.unref();
  child.channel?.unref();
  return { ports, stop: () => void child.kill() };
}

/** The configuration: one frontend, two servers in turn, one of them answering for /slow. */
export function quickstartText(port: number, demoPorts: readonly number[]): string {
  const servers = demoPorts.map(
    (demoPort, index) => `    server demo${index + 1} 127.0.0.1:${demoPort} check`,
  );
  return `global
    maxconn 2000
    log ring@requests local0

ring requests
    description "the last requests, for hawser logs"
    format rfc3164
    size 256k

defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 30s
    timeout server 30s

frontend quickstart
    bind 127.0.0.1:${port}
    http-response set-header X-Served-By %[srv_name]
    stats enable
    stats uri /stats
    stats refresh 5s
    default_backend demo

backend demo
    balance roundrobin
${servers.join('\n')}
`;
}

/** True when nobody holds the port. Asked before SO_REUSEPORT would let two programs share it. */
export function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((settle) => {
    server.once('error', () => settle(false));
    server.listen(port, '127.0.0.1', () => server.close(() => settle(true)));
  });
}
