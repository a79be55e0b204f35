// A worker for tests of the master: accepts on every listener with node:net, says who it is and
// closes. A connection that sends a byte is kept until it closes, so that a soft stop has something
// to wait for.

import { createServer, type Server, type Socket } from 'node:net';
import type {
  MasterToWorker,
  RunningWorker,
  WorkerHost,
  WorkerStart,
} from '../../../shared/messages.ts';
import { checkConfiguration } from './check-configuration.ts';

/** Names of proxies that make this worker behave badly. */
const dies = 'dies-at-once';
const refuses = 'refuses-to-start';

export async function startWorker(start: WorkerStart, host: WorkerHost): Promise<RunningWorker> {
  if (start.model.proxies.some(({ name }) => name === refuses)) throw new Error('refused');
  const { diagnostics } = checkConfiguration(start.model);
  const type = diagnostics.alerts > 0 ? 'failed' : 'checked';
  host.send({ type, diagnostics: diagnostics.list });
  if (type === 'failed') throw new Error('does not compile');
  const worker = new FakeWorker(start, host);
  host.dropPrivileges();
  await worker.listen();
  if (start.model.proxies.some(({ name }) => name === dies)) setImmediate(() => process.exit(3));
  return worker;
}

class FakeWorker implements RunningWorker {
  readonly finished: Promise<number>;
  private readonly start: WorkerStart;
  private readonly host: WorkerHost;
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();
  private stopping = false;
  /** Answers that end when they are told to. */
  private readonly endless = new Set<number>();
  private finish: (status: number) => void = () => undefined;

  constructor(start: WorkerStart, host: WorkerHost) {
    this.start = start;
    this.host = host;
    this.finished = new Promise((settle) => {
      this.finish = settle;
    });
  }

  async listen(): Promise<void> {
    for (const { fd, proxyIndex } of this.start.listeners) {
      const { name } = this.start.model.proxies[proxyIndex];
      const server = createServer((socket) => this.serve(socket, name));
      this.servers.push(server);
      await new Promise<void>((settle) => server.listen({ fd }, settle));
    }
  }

  handle(message: MasterToWorker): void {
    if (message.type === 'hard-stop') this.finish(0);
    if (message.type === 'soft-stop') {
      this.stopping = true;
      for (const server of this.servers) server.close();
      this.leaveWhenIdle();
    }
    if (message.type === 'cli-stop' && this.endless.delete(message.id)) {
      process.stderr.write(`endless answer ${message.id} was stopped\n`);
      this.host.send({ type: 'cli-answer', id: message.id, text: '' });
    }
    if (message.type === 'cli' && message.line === 'endless') {
      this.endless.add(message.id);
      this.host.send({ type: 'cli-part', id: message.id, text: 'begun\n' });
    } else if (message.type === 'cli') {
      const text = `${process.pid} ${message.level}: ${message.line}${message.payload}\n`;
      this.host.send({ type: 'cli-answer', id: message.id, text });
    }
  }

  private serve(socket: Socket, name: string): void {
    const { generation } = this.start;
    this.sockets.add(socket);
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.leaveWhenIdle();
    });
    socket.on('error', () => socket.destroy());
    socket.write(`${process.pid} ${generation} ${name}\n`);
  }

  private leaveWhenIdle(): void {
    if (this.stopping && this.sockets.size === 0) this.finish(0);
  }
}
