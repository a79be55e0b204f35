// Load from wrk, which the bench needs installed: runs it for a bounded time against a port of
// 127.0.0.1 and reads its numbers. A script of ours in wrk's Lua makes it print them in one line.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LoadOptions {
  /** `http://127.0.0.1:PORT/path`. */
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  /** Header lines sent with every request. */
  readonly headers?: readonly string[];
  /** Bytes of a POST body; 0: GET. */
  readonly bodyBytes?: number;
  /** Requests per second over all connections; 0: as fast as answers come. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /**
   * Connections that could not be made or broke, answers that did not come or were no 2xx or 3xx.
   */
  readonly errors: number;
  /** The parts of it, for a person. */
  readonly faults: string;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

const report = `
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d %d %.0f %.0f %.0f\\n", summary.requests,
    summary.duration, e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`;

/** Runs wrk once; `folder` takes its script. Rejects when wrk fails. */
export async function runLoad(folder: string, options: LoadOptions): Promise<LoadResult> {
  const script = join(folder, 'load.lua');
  writeFileSync(script, scriptText(options));
  const headers = (options.headers ?? []).flatMap((line) => ['-H', line]);
  const words = [
    ...['-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--timeout', '10s'],
    ...[...headers, '-s', script, options.url],
  ];
  return parseResult(await outputOf('wrk', words));
}

function scriptText({ bodyBytes = 0, rate = 0, connections }: LoadOptions): string {
  const post =
    bodyBytes === 0 ? '' : `wrk.method = "POST"\nwrk.body = string.rep("x", ${bodyBytes})\n`;
  // wrk waits whole milliseconds before each request; a random rest makes the mean right.
  const meanMs = rate === 0 ? 0 : (connections / rate) * 1000;
  const pace = `delay = function() return math.floor(${meanMs.toFixed(3)} * 2 * math.random()) end\n`;
  return `${post}${rate === 0 ? '' : pace}${report}`;
}

function outputOf(program: string, words: readonly string[]): Promise<string> {
  return new Promise((settle, refuse) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString()));
    child.stderr.on('data', (part: Buffer) => (text += part.toString()));
    child.on('error', refuse);
    child.on('close', (status) => {
      if (status === 0) settle(text);
      else refuse(new Error(`${program} ended with ${status}:\n${text}`));
    });
  });
}

function parseResult(text: string): LoadResult {
  const line = /^RESULT (.*)$/m.exec(text);
  if (line === null) throw new Error(`wrk reported nothing:\n${text}`);
  const [requests, durationUs, connect, read, write, status, timeout, p50Us, p99Us, p999Us] =
    line[1].split(' ').map(Number);
  const faults = { connect, read, write, status, timeout };
  return {
    requests,
    seconds: durationUs / 1e6,
    errors: connect + read + write + status + timeout,
    faults: Object.entries(faults)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} ${name}`)
      .join(', '),
    p50Us,
    p99Us,
    p999Us,
  };
}
