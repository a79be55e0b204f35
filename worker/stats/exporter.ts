// The service `prometheus-exporter` (http-request use-service): reads what a scrape asks for from
// the query of its target and answers with prometheus.ts. A row of the catalog's services.

import { headerName } from '../http/message.ts';
import { type Act, type ServiceDef, verdictDone } from '../keyword.ts';
import type { MetricScope, MetricsRequest, ReplyPlan } from '../program.ts';
import type { Stream } from '../stream/stream.ts';

const scopes: readonly MetricScope[] = [
  ...(['global', 'frontend', 'listener', 'backend', 'server'] as const),
  ...(['sticktable', 'resolver'] as const),
];
const modules: readonly MetricScope[] = ['sticktable', 'resolver'];

interface Draft {
  scopes: Set<MetricScope>;
  filters: Map<string, boolean>;
  hidesMaint: boolean;
  withModules: boolean;
  withDescriptions: boolean;
}

/** What a parameter means; false: the request is wrong. */
type Parameter = (draft: Draft, value: string | null) => boolean;

const flag =
  (name: 'hidesMaint' | 'withModules' | 'withDescriptions'): Parameter =>
  (draft) => {
    draft[name] = true;
    return true;
  };

const parameters: ReadonlyMap<string, Parameter> = new Map<string, Parameter>([
  ['scope', addScope],
  ['metrics', addFilters],
  ['no-maint', flag('hidesMaint')],
  ['extra-counters', flag('withModules')],
  ['desc-labels', flag('withDescriptions')],
]);

function addScope(draft: Draft, value: string | null): boolean {
  if (value === null) return false;
  if (value === '') draft.scopes = new Set();
  else if (value === '*') draft.scopes = new Set(scopes);
  else {
    const scope =
      scopes.find((name) => name === value) ?? modules.find((name) => value.startsWith(name));
    if (scope === undefined) return false;
    draft.scopes.add(scope);
  }
  return true;
}

function addFilters({ filters }: Draft, value: string | null): boolean {
  if (value === null) return false;
  for (const word of value.split(',')) {
    const excludes = word.startsWith('-');
    const name = excludes ? word.slice(1) : word;
    if (name !== '') filters.set(name, excludes);
  }
  return true;
}

/** What the query of `target` asks for; null: it is malformed. */
export function parseMetricsTarget(target: string): MetricsRequest | null {
  const draft: Draft = {
    scopes: new Set(),
    filters: new Map(),
    hidesMaint: false,
    withModules: false,
    withDescriptions: false,
  };
  let choosesScope = false;
  const query = /\?([^#]*)/.exec(target)?.[1] ?? '';
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name, value = null, ...more] = pair.split('=').map(decode);
    if (name === null || more.length > 0 || (pair.includes('=') && value === null)) return null;
    if (parameters.get(name)?.(draft, value) === false) return null;
    choosesScope ||= name === 'scope';
  }
  return choosesScope ? draft : { ...draft, scopes: new Set(scopes) };
}

/** null: a broken escape. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

const replyBase = {
  reason: '',
  body: null,
  silent: false,
  closes: false,
  fromProxy: false,
  service: '<PROMEX>',
} as const;

const cacheControl = { name: headerName('cache-control'), value: () => 'no-cache' };

const malformed: ReplyPlan = {
  ...replyBase,
  status: 400,
  headers: [],
  contentType: '',
  fromProxy: true,
};

function reply(stream: Stream): ReplyPlan {
  const request = parseMetricsTarget(stream.request.target());
  if (request === null) return malformed;
  return {
    ...replyBase,
    status: 200,
    headers: [cacheControl],
    contentType: 'text/plain; version=0.0.4',
    pieces: ({ thread }) => thread.statsPages?.metrics(request) ?? [][Symbol.iterator](),
  };
}

const answer: Act = (stream) => {
  stream.reply = reply(stream);
  return verdictDone;
};

export const exporterServices = [
  {
    name: 'prometheus-exporter',
    sets: ['http-request'],
    help: 'Answers scrapes of Prometheus with the statistics',
    build: () => answer,
  },
] as const satisfies readonly ServiceDef[];
