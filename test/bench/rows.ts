// The rows of the bench that compare CPU per request under load: configuration, load, and the
// budget as a ratio to haproxy. One row per kind of work; run.ts measures them.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inherited } from '../harness/proxy.ts';
import type { LoadOptions } from './load.ts';
import type { Stand } from './stand.ts';

export interface RowDef {
  readonly name: string;
  readonly title: string;
  /** Highest ratio to haproxy. */
  readonly budget: number;
  readonly config: (stand: Stand) => string;
  readonly load: Omit<LoadOptions, 'url' | 'seconds'> & { readonly path: string };
  readonly isTls?: boolean;
}

export interface ConfigParts {
  readonly mode?: 'http' | 'tcp';
  /** Lines of `defaults`. */
  readonly defaults?: readonly string[];
  /** Words behind the bind's address. */
  readonly bind?: string;
  readonly front?: readonly string[];
  /** Sections at the end. */
  readonly more?: string;
}

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

/** A frontend on the inherited socket `fe` before the origin. */
export function configText(stand: Stand, parts: ConfigParts = {}): string {
  const { mode = 'http', defaults = [], bind = '', front = [], more = '' } = parts;
  return `global
  nbthread ${stand.threads}
  maxconn 6000
  log 127.0.0.1:${stand.sinkPort} local0
defaults
  mode ${mode}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${indent(defaults)}frontend fe
  bind "${inherited('fe')}" ${bind}
${indent(front)}  default_backend be
backend be
  server s1 127.0.0.1:${stand.originPort}
${more}`;
}

const httplog = ['log global', 'option httplog'];

/** `map`: file of the map that hosts are looked up in. */
function ruleLines(map: string): string[] {
  const kinds = [
    (n: number) => `path_beg /section${n}/`,
    (n: number) => `hdr(host) -i www${n}.example.com`,
    (n: number) => `path_end .type${n}`,
    (n: number) => `hdr_sub(user-agent) robot${n}`,
    (n: number) => `src 10.${n}.0.0/16`,
    (n: number) => `url_sub key${n}=`,
  ];
  const names = Array.from({ length: 60 }, (_, index) => `a${index}`);
  const acls = names.map((name, index) => `acl ${name} ${kinds[index % kinds.length](index)}`);
  const uses = Array.from({ length: 6 }, (_, index) => {
    const ten = names.slice(index * 10, index * 10 + 10).join(' or ');
    return `http-request deny if ${ten}`;
  });
  const zone = `http-request set-header X-Zone %[req.hdr(host),lower,map_str(${map},none)]`;
  return [...acls, ...uses, zone, ...rewriteLines];
}

const mapEntries = 10_000;

/** Written for the run; the host that the load asks for is in it. */
function mapFile({ folder }: Stand): string {
  const path = join(folder, 'zones.map');
  const lines = Array.from(
    { length: mapEntries },
    (_, n) => `host${n}.example.com zone${n % 100}\n`,
  );
  writeFileSync(path, `${lines.join('')}127.0.0.1 zone0\n`);
  return path;
}

const rewriteLines = [
  'capture request header Host len 64',
  'capture request header User-Agent len 64',
  'capture response header Content-Length len 10',
  'log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %hr %hs %{+Q}r"',
  'log global',
  'http-request set-header X-Forwarded-Proto http',
  'http-request set-header X-Client %[src]',
  'http-request add-header X-Trace one',
  'http-request del-header X-Secret',
  'http-request replace-header Accept ^text/(.*)$ text/\\1',
  'http-request set-var(txn.host) req.hdr(host),lower',
  'http-response set-header X-Host %[var(txn.host)]',
  'http-response add-header X-Served yes',
  'http-response del-header Server',
  'http-response set-header Cache-Control no-cache',
];

const browser = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Cookie: session=0123456789abcdef; theme=dark',
];

const tableLines = [
  'http-request track-sc0 src table seen',
  'http-request deny deny_status 429 if { sc0_http_req_rate gt 100000000 }',
];
const tableSection = `backend seen
  stick-table type ip size 100k expire 10m store http_req_rate(10s)
`;

const plain = (stand: Stand): string => configText(stand);
const tls = (stand: Stand): string => configText(stand, { bind: `ssl crt ${stand.certificate}` });
const close = ['Connection: close'];

export const rows = [
  {
    name: 'keep-alive',
    title: 'HTTP/1 keep-alive, 32 B, httplog to UDP',
    budget: 0.9,
    config: (stand) => configText(stand, { defaults: httplog }),
    load: { path: '/32', connections: 32 },
  },
  {
    name: 'plain',
    title: 'HTTP/1 keep-alive, 32 B, no log',
    budget: 0.9,
    config: plain,
    load: { path: '/32', connections: 32 },
  },
  {
    name: 'close',
    title: 'HTTP/1, new connection per request',
    budget: 1.0,
    config: plain,
    load: { path: '/32', connections: 32, headers: close },
  },
  {
    name: '16k',
    title: 'keep-alive, 16 KB',
    budget: 1.0,
    config: plain,
    load: { path: '/16k', connections: 32 },
  },
  {
    name: 'post',
    title: 'POST 64 KB',
    budget: 1.0,
    config: plain,
    load: { path: '/post', connections: 16, bodyBytes: 65_536 },
  },
  {
    name: '1m',
    title: '1 MB bodies, HTTP/1',
    budget: 0.85,
    config: (stand) => configText(stand, { defaults: ['option splice-auto'] }),
    load: { path: '/1m', connections: 8 },
  },
  {
    name: '1m-tcp',
    title: '1 MB bodies, TCP mode',
    budget: 0.85,
    config: (stand) => configText(stand, { mode: 'tcp', defaults: ['option splice-auto'] }),
    load: { path: '/1m', connections: 8 },
  },
  {
    name: 'rules',
    title: '60 ACLs, 10 rewrites, map of 10 000, captures, log line',
    budget: 1.0,
    config: (stand) => configText(stand, { front: ruleLines(mapFile(stand)) }),
    load: { path: '/shop/list?page=2', connections: 32, headers: browser },
  },
  {
    name: 'table',
    title: 'stick table: track, rate, deny',
    budget: 1.0,
    config: (stand) => configText(stand, { front: tableLines, more: tableSection }),
    load: { path: '/32', connections: 32 },
  },
  {
    name: 'tcp',
    title: 'TCP mode, small exchanges',
    budget: 0.9,
    config: (stand) => configText(stand, { mode: 'tcp' }),
    load: { path: '/32', connections: 32 },
  },
  {
    name: 'tls',
    title: 'TLS keep-alive, 32 B',
    budget: 0.9,
    config: tls,
    load: { path: '/32', connections: 32 },
    isTls: true,
  },
  {
    name: 'tls-close',
    title: 'TLS, full handshake per request',
    budget: 1.05,
    config: tls,
    load: { path: '/32', connections: 16, headers: close },
    isTls: true,
  },
] satisfies readonly RowDef[];
