// `hawser start`: the proxy in the foreground with readable messages, a socket for the other
// commands, and a demonstration when there is no configuration. Called by commands.ts.

import { runMaster } from '../master/main.ts';
import { ask, ClientError, defaultSocket, patienceMs } from './client.ts';
import { statusRefused, statusUsage } from './exit-status.ts';
import { parseProcesses } from './processes.ts';
import { isPortFree, quickstartPort, quickstartText, startDemoServers } from './quickstart.ts';

export interface StartOptions {
  readonly files: readonly string[];
  readonly port: number | undefined;
  readonly socket: string;
  readonly json: boolean;
}

/** Runs until the proxy ends; its exit status. */
export async function start(options: StartOptions): Promise<number> {
  const sink = await messageSink(options.json);
  const words = ['-W', '-db', '-S', `${options.socket},mode,600`];
  const taken = await holderOf(options.socket);
  if (taken !== '') {
    sink('ALERT', taken);
    sink('NOTICE', 'Another socket: --socket PATH');
    return statusRefused;
  }
  if (options.files.length > 0) {
    if (options.port !== undefined) {
      sink('ALERT', '--port goes with the demonstration; a configuration says where it listens.');
      return statusUsage;
    }
    const given = options.files.flatMap((file) => ['-f', file]);
    return await runMaster([...words, ...given], { sink, onReady: () => sayReady(sink, options) });
  }
  return await demonstrate(options, words, sink);
}

/**
 * What the socket is already, '' when it is free: of two masters the tool would find the younger
 * one alone, and a file would be replaced by the socket.
 */
async function holderOf(socket: string): Promise<string> {
  try {
    const answer = await ask(socket, 'show proc', patienceMs);
    if (answer === '') return '';
    const pid = parseProcesses(answer)?.find(({ role }) => role === 'master')?.pid;
    const whose = pid === undefined ? 'another process' : `a master that runs, process ${pid}`;
    return `${socket} is the socket of ${whose}`;
  } catch (fault) {
    // Nobody there, or nobody may be: whoever binds it says so.
    if (fault instanceof ClientError) return fault.code === '' ? fault.message : '';
    throw fault;
  }
}

/** Nobody guesses that the other words know this process already. */
function sayReady(sink: Sink, { socket }: StartOptions): void {
  const option = socket === defaultSocket() ? '' : ` --socket ${socket}`;
  const words = ['status', 'top', 'logs', 'reload', 'cli'].map((word) => `${word}${option}`);
  sink('NOTICE', `Ready; Ctrl-C ends it. In another terminal: hawser ${words.join(', ')}`);
}

type Sink = Awaited<ReturnType<typeof messageSink>>;

async function demonstrate(
  options: StartOptions,
  words: readonly string[],
  sink: Sink,
): Promise<number> {
  const port = options.port ?? quickstartPort;
  if (!(await isPortFree(port))) {
    sink('ALERT', `Port ${port} is taken by another program (which one, only the system knows).`);
    sink('NOTICE', `Choose another port: hawser start --port ${port + 1}`);
    return 1;
  }
  const demo = await startDemoServers();
  const texts = [{ name: 'quickstart', text: quickstartText(port, demo.ports) }];
  const onReady = (): void => {
    sink('NOTICE', `Demo servers: http://127.0.0.1:${demo.ports.join('/ and http://127.0.0.1:')}/`);
    sink('NOTICE', `hawser is ready: try   curl -i http://127.0.0.1:${port}/`);
    sink('NOTICE', `Statistics page: http://127.0.0.1:${port}/stats`);
    sink(
      'NOTICE',
      'In another terminal: hawser top, hawser logs, hawser status, hawser cli show info',
    );
    sink('NOTICE', 'Ctrl-C ends it. Your own configuration: hawser start FILE');
  };
  try {
    return await runMaster(words, { sink, texts, onReady });
  } finally {
    demo.stop();
  }
}

const winstonLevels = { ALERT: 'error', WARNING: 'warn', NOTICE: 'info', DIAG: 'debug' } as const;

/** Messages through winston, as lines for people or as JSON. */
async function messageSink(json: boolean) {
  const { default: winston } = await import('winston');
  const { combine, timestamp, printf } = winston.format;
  const line = printf(({ level, message }) => `${level.padEnd(5)} ${message}`);
  const logger = winston.createLogger({
    level: 'info',
    format: json ? combine(timestamp(), winston.format.json()) : line,
    transports: [new winston.transports.Console({ stderrLevels: ['error', 'warn'] })],
  });
  return (level: keyof typeof winstonLevels, message: string): void => {
    logger.log(winstonLevels[level], message);
  };
}
