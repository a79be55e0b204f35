// The texts of -v, -vv, -vq, -vqs, -vqb and of the usage, with the lines that service scripts and
// test drivers read (version, TARGET, feature list). Called by main.ts. Says nothing that is not
// so.

import { detectedFeatures } from '../shared/config/detected.ts';
import { readFileSync } from 'node:fs';
import { arch, release, type, version as kernelVersion } from 'node:os';
import {
  compatibilityBranch,
  compatibilityVersion,
  type Feature,
  features,
  tlsLibraryName,
  tlsLibraryVersion,
} from '../shared/config/features.ts';
import { filterNames } from '../shared/config/sections/filters.ts';
import { hawserVersion } from '../shared/version.ts';
import { flagTable, type VersionForm } from './flags.ts';

/** The text of one form of -v, with its line end. */
export function versionText(form: VersionForm): string {
  return forms[form]();
}

const forms: Readonly<Record<VersionForm, () => string>> = {
  line: () => `${headLines()}\n`,
  full: () => `${headLines()}\n${buildLines()}\n`,
  plain: () => `${compatibilityVersion}\n`,
  short: () => `${compatibilityVersion.replace(/-.*/, '')}\n`,
  branch: () => `${compatibilityBranch}\n`,
};

function headLines(): string {
  return [
    `HAProxy version ${compatibilityVersion} compatible (hawser ${hawserVersion})`,
    'Status: the language, commands and formats of HAProxy, in TypeScript; not made by HAProxy.',
    `Running on: ${type()} ${release()} ${kernelVersion()} ${arch()}`,
  ].join('\n');
}

/** libc as HAProxy's TARGET names it. */
function target(): string {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report?.header?.glibcVersionRuntime === undefined ? 'linux-musl' : 'linux-glibc';
}

function buildLines(): string {
  const signed = (list: readonly Feature[]): string =>
    list.map(({ name, works }) => `${works ? '+' : '-'}${name}`).join(' ');
  return [
    'Build options :',
    `  TARGET  = ${target()}`,
    `  CPU     = ${arch()}`,
    `  RUNTIME = node ${process.version}, V8 ${process.versions.v8}, libuv ${process.versions.uv}`,
    '',
    `Feature list : ${signed(features)}`,
    `Detected feature list : ${signed(detectedFeatures())}`,
    '',
    'Default settings :',
    '  bufsize = 16384, maxrewrite = 1024, maxpollevents = 200',
    '',
    'Built with multi-threading support.',
    `Built with OpenSSL version : ${tlsLibraryName} ${tlsLibraryVersion}`,
    `Running on OpenSSL version : ${tlsLibraryName} ${tlsLibraryVersion}`,
    'Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND',
    '',
    'Available polling systems :',
    '      epoll : pref=300,  test result OK',
    'Total: 1 (1 usable), will use epoll.',
    '',
    'Available multiplexer protocols :',
    "(protocols marked as <default> cannot be specified using 'proto' keyword)",
    '         h2 : mode=HTTP  side=FE|BE  mux=H2    flags=HTX|HOL_RISK|NO_UPG',
    '       fcgi : mode=HTTP  side=BE     mux=FCGI  flags=HTX|HOL_RISK|NO_UPG',
    '  <default> : mode=HTTP  side=FE|BE  mux=H1    flags=HTX',
    '         h1 : mode=HTTP  side=FE|BE  mux=H1    flags=HTX|NO_UPG',
    '  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=',
    '       none : mode=TCP   side=FE|BE  mux=PASS  flags=NO_UPG',
    '',
    'Available services : prometheus-exporter',
    '',
    'Available filters :',
    ...filterNames.map((name) => `\t${name}`),
  ].join('\n');
}

/** What a wrong command line gets on standard error. */
export function usageText(): string {
  const rows = flagTable
    .map(({ name, value, help }) => `        -${`${name} ${value ?? ''}`.padEnd(16)} ${help}\n`)
    .join('');
  return `Usage : hawser [-f <cfgfile|cfgdir>]* [<flags>] [-- <cfgfile>*]\n${rows}`;
}

const classes: readonly (readonly [string, string])[] = [
  ['all', 'list all keywords'],
  ['acl', 'ACL keywords'],
  ['cfg', 'configuration keywords'],
  ['cli', 'CLI keywords'],
  ['cnv', 'sample converter keywords'],
  ['flt', 'filter names'],
  ['smp', 'sample fetch functions'],
  ['svc', 'service names'],
];

/** -dKhelp. */
export function keywordClasses(): string {
  const rows = classes.map(([name, help]) => `${name}: ${help}\n`).join('');
  return `# List of supported keyword classes:\n${rows}`;
}

/** -dL: the program and every object it has mapped, one path a line. */
export function sharedObjects(): string {
  const mapped = readFileSync('/proc/self/maps', 'utf8').matchAll(/ r-xp .*?(\/\S+)$/gm);
  const paths = new Set([process.execPath, ...Array.from(mapped, (match) => match[1])]);
  return Array.from(paths, (path) => `${path}\n`).join('');
}
