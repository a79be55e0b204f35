// Commands about the program and the machine it runs on: `show dev`, `show libs`. For people who
// compare one installation with another; read from the kernel when asked.

import { readFileSync } from 'node:fs';
import { arch, hostname, release, type, version } from 'node:os';
import {
  compatibilityVersion,
  features,
  tlsLibraryName,
  tlsLibraryVersion,
} from '../../shared/config/features.ts';
import { hawserVersion } from '../../shared/version.ts';
import { anonymous } from './anonymity.ts';
import { type Answer, failure, type RuntimeCall, type RuntimeCommandDef } from './command.ts';

/** A file of /proc or /etc; '' where there is none (chroot, container). */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The value behind `name` in lines of "name : value" or "name=value". */
function valueIn(text: string, name: string): string {
  const found = new RegExp(`^${name}\\s*[:=]\\s*"?(.*?)"?$`, 'm').exec(text);
  return found?.[1] ?? '';
}

const known = (title: string, value: string): string =>
  value === '' ? '' : `  ${title}: ${value}\n`;

function showDevelopers({ session, words }: RuntimeCall): Answer {
  if (words.length > 0) return failure('This command takes no argument.');
  const { anonKey } = session;
  const list = features.map(({ name, works }) => `${works ? '+' : '-'}${name}`).join(' ');
  return [
    `HAProxy version ${compatibilityVersion}\nFeatures:\n  ${list}\n`,
    'Build options:\n',
    `  hawser ${hawserVersion}\n  node ${process.version}, V8 ${process.versions.v8}, ` +
      `libuv ${process.versions.uv}\n`,
    `  Running on SSL library version : ${tlsLibraryName} ${tlsLibraryVersion}\n`,
    'Platform info:\n',
    known('cpu model', valueIn(textOf('/proc/cpuinfo'), 'model name')),
    known('OS name', type()),
    known('OS release', release()),
    known('OS version', version()),
    known('OS architecture', arch()),
    known('node name', anonymous(anonKey, hostname())),
    known(
      'distro pretty name',
      anonymous(anonKey, valueIn(textOf('/etc/os-release'), 'PRETTY_NAME')),
    ),
    processInfo(),
  ];
}

function processInfo(): string {
  const status = textOf('/proc/self/status');
  const capabilities = ['CapEff', 'CapPrm', 'CapInh']
    .map((name) => `  \t${name}: 0x${valueIn(status, name)}\n`)
    .join('');
  const limits = textOf('/proc/self/limits');
  const files = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits);
  const memory = /^Max address space\s+(\S+)\s+(\S+)/m.exec(limits);
  return (
    `Process info:\n  pid: ${process.pid}\n  cmdline: ${[...process.argv].join(' ')}\n` +
    `  runtime capabilities:\n${capabilities}` +
    `  identity:\n      uid: ${process.getuid?.() ?? 0}\n      gid: ${process.getgid?.() ?? 0}\n` +
    `  limits:\n      fd limit (soft): ${files?.[1] ?? '?'}\n` +
    `      fd limit (hard): ${files?.[2] ?? '?'}\n` +
    `      ram limit (soft): ${memory?.[1] ?? '?'}\n      ram limit (hard): ${memory?.[2] ?? '?'}\n`
  );
}

interface Span {
  start: bigint;
  end: bigint;
}

/** Pieces of one object lie near each other. */
const gapMax = 0x100_0000n;

/** Objects that code is mapped from, each from its first to its last byte. */
function showLibraries(): Answer {
  const spans = new Map<string, Span>();
  for (const line of textOf('/proc/self/maps').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s+(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, from, to, , path] = match;
    const start = BigInt(`0x${from}`);
    const end = BigInt(`0x${to}`) - 1n;
    const span = spans.get(path);
    if (span === undefined) spans.set(path, { start, end });
    else if (start - span.end < gapMax) span.end = end;
  }
  const executable = new Set(
    [...textOf('/proc/self/maps').matchAll(/ r.xp .*?(\/.*)$/gm)].map(([, path]) => path),
  );
  const hex = (value: bigint): string => value.toString(16).padStart(12, '0');
  return Array.from(spans)
    .filter(([path]) => executable.has(path))
    .map(([path, { start, end }]) => {
      const size = (end - start + 1n).toString(16).padStart(7, '0');
      return `0x${hex(start)}-0x${hex(end)} (0x${size}) ${path}\n`;
    });
}

export const platformCommands = [
  {
    words: ['show', 'dev'],
    requires: 'operator',
    usage: '',
    help: 'show what developers ask for',
    run: showDevelopers,
  },
  {
    words: ['show', 'libs'],
    requires: 'operator',
    usage: '',
    help: 'show the program and the libraries it has loaded',
    run: showLibraries,
  },
] as const satisfies readonly RuntimeCommandDef[];
