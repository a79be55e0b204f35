// Two tiny HTTP servers for `hawser start` without a configuration: a process of their own, started
// by quickstart.ts. It tells its ports to the parent and ends with it.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const names = ['demo1', 'demo2'];
const ports: number[] = [];

async function startServers(): Promise<void> {
  for (const name of names) {
    const server = createServer((request, response) => {
      const lines = Object.entries(request.headers).map(([field, value]) => `  ${field}: ${value}`);
      const body = `Hello from ${name}.\n\n${request.method} ${request.url}\n${lines.join('\n')}\n`;
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(body);
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    // A server that listens on TCP has an address of this form.
    ports.push((server.address() as AddressInfo).port);
  }
  process.send?.(ports);
}

process.on('disconnect', () => process.exit(0));
// The terminal's Ctrl-C reaches the whole group: the proxy ends us when it is done.
process.on('SIGINT', () => undefined);
void startServers();
