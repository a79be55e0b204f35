// Asks a haproxy binary every question of the scenes and writes its answers down, one file a scene:
// node dist/test/parity/record.js BINARY [SCENE...]. Run by hand; the answers are facts about the
// version named in each file. answers.test.ts asks us the same.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  type Answer,
  answerOf,
  type Question,
  questionsOf,
  refused,
  type Scene,
  writeAnswers,
} from './scene.ts';
import { scenes } from './scenes.ts';

const run = promisify(execFile);
const target = join(process.cwd(), 'test/parity/answers');

/** How the inputs of chains start; the argument does not change what may follow. */
const start = /^(req\.fhdr|int|str|ipv4|ipv6|bin)\([^)]+\)(?=,)/;

interface Asked {
  readonly kind: Question;
  readonly text: string;
  /** Questions of one group are refused together: the same words on values of the same type. */
  readonly group: string;
  refused: boolean;
  /** Kinds of lines (letters of variables) that were taken back. */
  dropped: string;
}

/** One word of a configuration line. */
const word = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

const ruleSets = {
  request: 'http-request',
  response: 'http-response',
  payload: 'tcp-request content',
} as const;

/** Lines of one question; the first one decides whether it is refused. */
function questionLines({ kind, text }: Asked, index: number, rule: string): readonly string[] {
  if (kind === 'format') {
    return [
      `${rule} set-var-fmt(proc.t${index}) ${word(text)}`,
      `${rule} set-var(proc.h${index}) var(proc.t${index}),hex`,
    ];
  }
  if (kind === 'condition') {
    const words = text.split(' ').map(word).join(' ');
    return [`${rule} set-var(proc.t${index}) bool(1) if ${words}`];
  }
  return [
    `${rule} set-var(proc.t${index}) ${word(text)}`,
    `${rule} set-var(proc.h${index}) ${word(`${text},hex`)}`,
    `${rule} set-var(proc.s${index}) ${word(`${text},sha1,hex`)}`,
    `${rule} set-var(proc.l${index}) ${word(`${text},bytes(0),length`)}`,
  ];
}

/** What a line sets: t what was asked, h its bytes in hexadecimal, s their sum, l their length. */
const variableOf = /\(proc\.([thsl])\d+\)/;

interface Written {
  readonly text: string;
  /** Question of each line, -1: none. */
  readonly owners: readonly number[];
}

interface Ports {
  readonly front: number;
  readonly back: number;
}

/** One scene being recorded, in a folder of its own. */
interface Session {
  readonly binary: string;
  readonly folder: string;
  readonly scene: Scene;
  readonly asked: readonly Asked[];
  readonly ports: Ports;
}

function setUp({ scene, ports }: Session): readonly string[] {
  const rule = ruleSets[scene.place];
  const mode = scene.place === 'payload' ? 'tcp' : 'http';
  const wait = [
    'tcp-request inspect-delay 300ms',
    'tcp-request content set-var(proc.waited) bool(1) if WAIT_END',
  ];
  return [
    'global',
    'nbthread 1',
    'stats socket unix@cli level admin',
    'expose-experimental-directives',
    'userlist staff',
    'user ann insecure-password sec:ret groups G',
    'user user insecure-password x',
    'group G',
    'group H',
    'defaults',
    `mode ${mode}`,
    'timeout client 20s',
    'timeout server 20s',
    'timeout connect 5s',
    'frontend fe',
    `bind 127.0.0.1:${ports.front}`,
    'default_backend be',
    ...scene.lines,
    ...Object.entries(scene.variables).map(([name, text]) => `${rule} set-var(${name}) ${text}`),
    ...(scene.place === 'payload' ? wait : []),
  ];
}

/** The configuration with the questions from number `from` on. */
function configuration(session: Session, from: number): Written {
  const { scene, asked, ports } = session;
  const rule = ruleSets[scene.place];
  const lines: string[] = [];
  const owners: number[] = [];
  const put = (line: string, owner = -1): void => {
    lines.push(line);
    owners.push(owner);
  };
  for (const line of setUp(session)) put(line);
  for (const [index, question] of asked.entries()) {
    if (question.refused || index < from) continue;
    for (const line of questionLines(question, index, rule)) {
      const letter = variableOf.exec(line)?.[1] ?? '';
      if (!question.dropped.includes(letter)) put(line, index);
    }
  }
  if (scene.place === 'request') put('http-request return status 200');
  put('backend be');
  put(`server s1 127.0.0.1:${ports.back}`);
  return { text: `${lines.join('\n')}\n`, owners };
}

/**
 * Drops what the binary refuses until it takes the rest. It stops at the first fault of a line, so
 * what stands before one is not read again until all have been found.
 */
function settle(session: Session): void {
  const { binary, folder, scene, asked } = session;
  let from = 0;
  for (let round = 0; round < 20_000; round++) {
    const { text, owners } = configuration(session, from);
    writeFileSync(join(folder, 'haproxy.cfg'), text, 'latin1');
    const faults = checkFaults(binary, folder);
    if (faults === null) {
      if (from === 0) return;
      from = 0;
      continue;
    }
    const lines = text.split('\n');
    for (const number of faults) {
      const owner = owners[number - 1];
      const line = lines[number - 1];
      if (owner < 0) throw new Error(`${scene.name}: the reference refuses '${line}'`);
      from = owner;
      const letter = variableOf.exec(line)?.[1] ?? '';
      for (const one of asked) {
        if (one.group !== asked[owner].group) continue;
        one.dropped += letter;
        one.refused ||= letter === 't';
      }
    }
  }
  throw new Error(`${scene.name}: the reference is never content`);
}

/** Numbers of refused lines; null: the configuration is good. */
function checkFaults(binary: string, folder: string): readonly number[] | null {
  try {
    execFileSync(binary, ['-c', '-f', 'haproxy.cfg'], {
      cwd: folder,
      stdio: 'pipe',
      maxBuffer: 64_000_000,
    });
    return null;
  } catch (error) {
    const text = String((error as { stderr: Buffer }).stderr);
    const numbers = [...text.matchAll(/\[haproxy\.cfg:(\d+)\]/g)].map((found) => Number(found[1]));
    if (numbers.length === 0) throw new Error(text, { cause: error });
    return [...new Set(numbers)];
  }
}

/** Says one message and reads until the far end is done. */
async function exchange(port: number, message: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (part: string) => {
      text += part;
      socket.end();
    });
    socket.on('close', () => resolve(text));
    socket.write(message, 'latin1');
    setTimeout(() => socket.destroy(), 2000).unref();
  });
}

async function command(folder: string, line: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(join(folder, 'cli'));
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('close', () => resolve(text));
    socket.write(`${line}\n`, 'latin1');
  });
}

/** Types and texts of variables: `name: type=sint value=<5>`. */
async function readVariables(
  folder: string,
  names: readonly string[],
): Promise<Map<string, { type: string; text: string }>> {
  const found = new Map<string, { type: string; text: string }>();
  for (let from = 0; from < names.length; from += 100) {
    const batch = names.slice(from, from + 100);
    const text = await command(folder, batch.map((name) => `get var ${name}`).join(';'));
    for (const line of text.split(/^(?=proc\.\w+: )/m)) {
      const row = /^(proc\.\w+): type=(\S*) value=<(.*?)>\n(?:\n|$)/s.exec(line);
      if (row !== null) found.set(row[1], { type: row[2], text: row[3] });
    }
  }
  return found;
}

function answerFrom(
  index: number,
  question: Asked,
  known: Map<string, { type: string; text: string }>,
): Answer {
  if (question.refused) return refused;
  const value = known.get(`proc.t${index}`);
  if (value === undefined) return null;
  if (question.kind === 'condition') return 'bool:1';
  const hexadecimal = known.get(`proc.h${index}`)?.text;
  const { type } = value;
  if (type === 'sint' || type === 'bool') return `${type}:${value.text}`;
  if (type === 'ipv4' || type === 'ipv6') return `${type}:${hexadecimal}`;
  if (hexadecimal !== undefined) {
    return answerOf(type, Buffer.from(hexadecimal, 'hex').toString('latin1'));
  }
  const sum = known.get(`proc.s${index}`)?.text ?? '';
  const length = known.get(`proc.l${index}`)?.text ?? '';
  if (sum === '') return answerOf(type, value.text);
  return `${type}~${length}:${sum.slice(0, 16).toLowerCase()}`;
}

async function untilServing(folder: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    await sleep(50);
    if ((await command(folder, 'show version').catch(() => '')) !== '') return;
  }
  throw new Error('the reference does not start');
}

async function listening(message: string): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end(message, 'latin1'));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return { server, port };
}

async function freePort(): Promise<number> {
  const { server, port } = await listening('');
  server.close();
  return port;
}

async function record(binary: string, reference: string, scene: Scene): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-parity-'));
  for (const [name, content] of Object.entries(scene.files)) {
    writeFileSync(join(folder, name), content, 'latin1');
  }
  const origin = await listening(scene.place === 'response' ? scene.message : 'bye');
  const ports = { front: await freePort(), back: origin.port };
  const asked = questionsOf(scene).map((question, index): Asked => {
    const { kind, text } = question;
    const group = `${kind} ${text.replace(start, '$1(?)')} ${start.test(text) ? '' : index}`;
    return { ...question, group, refused: false, dropped: '' };
  });
  settle({ binary, folder, scene, asked, ports });
  const child = spawn(binary, ['-db', '-f', 'haproxy.cfg'], { cwd: folder, stdio: 'ignore' });
  try {
    await untilServing(folder);
    const isResponse = scene.place === 'response';
    const message = isResponse
      ? 'GET /response HTTP/1.1\r\nhost: r.example\r\n\r\n'
      : scene.message;
    await exchange(ports.front, message);
    const names = asked.flatMap(({ kind }, index) => [
      `proc.t${index}`,
      `proc.h${index}`,
      ...(kind === 'value' ? [`proc.s${index}`, `proc.l${index}`] : []),
    ]);
    const known = await readVariables(folder, names);
    const answers = asked.map((question, index) => answerFrom(index, question, known));
    writeFileSync(join(target, `${scene.name}.jsonl`), writeAnswers(scene, reference, answers));
    const valued = answers.filter((one) => one !== null && one !== refused).length;
    console.log(`${scene.name}: ${answers.length} questions, ${valued} values`);
  } finally {
    child.kill('SIGKILL');
    origin.server.close();
    rmSync(folder, { recursive: true });
  }
}

const [binary, ...names] = process.argv.slice(2);
if (binary === undefined) throw new Error('usage: record.js BINARY [SCENE...]');
const { stdout } = await run(binary, ['-v']);
const reference = /version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
mkdirSync(target, { recursive: true });
for (const scene of scenes) {
  if (names.length === 0 || names.includes(scene.name)) await record(binary, reference, scene);
}
