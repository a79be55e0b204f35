// The chaos story: servers are killed, hang and answer slowly at random under load; no client may
// see an error that the configuration's retries should have hidden. Prints its seed and accepts one
// (HAWSER_SEED); a short one is part of the tests, `node dist/test/chaos/main.js` runs a long one.

import { connect } from 'node:net';
import { inherited, type Owner, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { type Mood, MoodyServer } from './farm.ts';

export interface StoryOptions {
  readonly servers: number;
  readonly clients: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface StoryResult {
  readonly requests: number;
  readonly changes: number;
  readonly slowestMs: number;
  /** What clients saw that they should not have seen. */
  readonly errors: readonly string[];
}

/** At most this many servers are in one mood at a time. */
function mostIn(mood: Mood, servers: number): number {
  if (mood === 'hanging') return 1;
  return mood === 'well' ? servers : Math.max(1, Math.floor(servers / 5));
}

function config(servers: readonly MoodyServer[]): string {
  const lines = servers.map(
    ({ port }, index) => `    server s${index} 127.0.0.1:${port} check inter 100ms fall 1 rise 1`,
  );
  return `global
    nbthread 2
    user root
    chroot /
defaults
    mode http
    timeout client 20s
    timeout server 400ms
    timeout connect 400ms
    timeout queue 10s
    retries 10
    option redispatch 1
    retry-on all-retryable-errors
frontend fe
    bind "${inherited('fe')}"
    default_backend be
backend be
    balance roundrobin
${lines.join('\n')}
`;
}

/** Numbers in [0, 1) from a seed. */
function chance(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const text = 'GET / HTTP/1.1\r\nHost: chaos\r\n\r\n';

class Client {
  requests = 0;
  slowestMs = 0;
  readonly errors: string[] = [];

  /** One request after the other on one connection until `isOver`. */
  run(port: number, isOver: () => boolean): Promise<void> {
    return new Promise((settle) => {
      const socket = connect({ host: '127.0.0.1', port });
      let startMs = performance.now();
      let answer = '';
      const send = (): void => {
        answer = '';
        startMs = performance.now();
        socket.write(text);
      };
      socket.setEncoding('latin1');
      socket.on('connect', send);
      socket.on('data', (part: string) => {
        answer += part;
        if (!answer.endsWith('ok') && answer.startsWith('HTTP/1.1 200')) return;
        this.note(answer, performance.now() - startMs);
        if (isOver() || !answer.startsWith('HTTP/1.1 200')) socket.destroy();
        else send();
      });
      socket.on('error', (fault) => this.errors.push(fault.message));
      socket.on('end', () => this.errors.push('the connection was closed'));
      socket.on('close', () => settle());
    });
  }

  private note(answer: string, elapsedMs: number): void {
    this.requests++;
    this.slowestMs = Math.max(this.slowestMs, elapsedMs);
    if (!answer.startsWith('HTTP/1.1 200')) this.errors.push(answer.split('\r\n')[0]);
  }
}

const moods: readonly Mood[] = ['killed', 'hanging', 'slow', 'well', 'well'];
const changeMs = 40;

/** Changes moods until `isOver`; how many changes there were. */
async function disturb(
  servers: readonly MoodyServer[],
  random: () => number,
  isOver: () => boolean,
): Promise<number> {
  let changes = 0;
  while (!isOver()) {
    const server = servers[Math.floor(random() * servers.length)];
    const mood = moods[Math.floor(random() * moods.length)];
    const same = servers.filter((one) => one.mood === mood).length;
    if (server.mood !== mood && same < mostIn(mood, servers.length)) {
      await server.change(mood);
      changes++;
    }
    await new Promise((settle) => setTimeout(settle, changeMs * random()));
  }
  return changes;
}

/** Runs the story once. */
export async function runStory(owner: Owner, options: StoryOptions): Promise<StoryResult> {
  const servers = Array.from({ length: options.servers }, () => new MoodyServer());
  await Promise.all(servers.map((server) => server.start()));
  const proxy: RunningProxy = startProxy(owner, { config: config(servers) });
  // The story begins when the proxy serves.
  const first = new Client();
  await first.run(proxy.port('fe'), () => true);
  const endMs = performance.now() + options.seconds * 1000;
  const isOver = (): boolean => performance.now() >= endMs;
  const clients = Array.from({ length: options.clients }, () => new Client());
  const loads = clients.map(async (client) => {
    while (!isOver()) await client.run(proxy.port('fe'), isOver);
  });
  const changes = await disturb(servers, chance(options.seed), isOver);
  await Promise.all(loads);
  await proxy.stop();
  for (const server of servers) server.end();
  return {
    requests: clients.reduce((sum, client) => sum + client.requests, 0),
    changes,
    slowestMs: Math.max(...clients.map((client) => client.slowestMs)),
    errors: [first, ...clients].flatMap((client) => client.errors),
  };
}
