// Converters that look at the proxy's own state (manual 7.3.1): proxies and servers by a name that
// is known only while serving, values that pass on a condition, values shown to the operator, and
// names of verification results.

import { hasError } from '../../log/logger.ts';
import { Sender } from '../../log/sender.ts';
import type { ArgumentValue, Condition, Convert, ConverterDef, Scope } from '../../keyword.ts';
import type { Server } from '../../server/server.ts';
import type { Stream } from '../../stream/stream.ts';
import { castSample } from '../cast.ts';
import { kindAny, kindBool, kindNames, kindSame, kindSint, kindString, Sample } from '../sample.ts';
import { usableServers } from '../server-counts.ts';
import { simple } from './row.ts';
import { verifyName } from '../../../shared/verify-names.ts';

// ---- names known while serving ----

function buildFrontendExists(_args: readonly ArgumentValue[], scope: Scope): Convert {
  const names = new Set(
    scope.model.proxies.filter(({ kind }) => kind !== 'backend').map(({ name }) => name),
  );
  return (sample) => sample.setBool(names.has(sample.text));
}

/** Positions of backends by their names. */
function buildIndexes(scope: Scope): ReadonlyMap<string, number> {
  const { proxies } = scope.model;
  return new Map(
    proxies.flatMap(({ kind, name }, index) => (kind === 'frontend' ? [] : [[name, index]])),
  );
}

function buildUsableCount(_args: readonly ArgumentValue[], scope: Scope): Convert {
  const indexes = buildIndexes(scope);
  return (sample, stream) => {
    const index = indexOf(stream, indexes, sample.text);
    return index >= 0 && sample.setInt(usableServers(stream, index));
  };
}

type FindServer = (stream: Stream, name: string) => Server | null;

/** `backend/server`, or a server of the stream's own backend. */
function buildFinder(scope: Scope): FindServer {
  const indexes = buildIndexes(scope);
  return (stream, text) => {
    const slash = text.indexOf('/');
    const proxyIndex =
      slash < 0 ? stream.backend.index : indexOf(stream, indexes, text.slice(0, slash));
    if (proxyIndex < 0) return null;
    const { backend } = stream.thread.program.proxies[proxyIndex];
    return backend?.persistence.named(text.slice(slash + 1)) ?? null;
  };
}

/** Backends of the configuration are known by name, those that came later are looked for. */
function indexOf(stream: Stream, indexes: ReadonlyMap<string, number>, name: string): number {
  const { proxies } = stream.thread.program;
  const known = indexes.get(name) ?? -1;
  if (known >= 0 && proxies[known].name === name) return known;
  for (let i = proxies.length - 1; i >= indexes.size; i--) {
    if (proxies[i].name === name && proxies[i].hasBack) return i;
  }
  return -1;
}

/** What is read from the server that the sample names. */
function ofServer(read: (server: Server, sample: Sample) => boolean): ConverterDef['build'] {
  return (_args, scope) => {
    const find = buildFinder(scope);
    return (sample, stream) => {
      const server = find(stream, sample.text);
      return server !== null && read(server, sample);
    };
  };
}

// ---- when ----

type Holds = (stream: Stream) => boolean;

const wasForwarded: Holds = ({ backConnection, servedBy }) =>
  backConnection !== null || servedBy !== null;
/** Applets are what HAProxy answers statistics and cached objects with; none exists here. */
const byApplet: Holds = () => false;

const conditions: ReadonlyMap<string, Holds> = new Map<string, Holds>([
  ['error', hasError],
  ['forwarded', wasForwarded],
  ['normal', (stream) => !hasError(stream)],
  ['processed', (stream) => wasForwarded(stream) || byApplet(stream)],
  ['stopping', ({ thread }) => thread.stopping],
  ['toapplet', byApplet],
]);

/** An ACL that cannot tell yet does not hold. */
function buildAclCondition(name: string | undefined, scope: Scope): Holds | null {
  if (name === undefined || name === '') {
    scope.alert("the condition 'acl' of 'when' needs the name of an ACL");
    return null;
  }
  const acl: Condition | null = scope.acl(name);
  return acl === null ? null : (stream) => acl(stream) === 1;
}

function buildWhen(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [word, aclName] = args as readonly string[];
  const isNegated = word.startsWith('!');
  const name = isNegated ? word.slice(1) : word;
  const holds = name === 'acl' ? buildAclCondition(aclName, scope) : conditions.get(name);
  if (holds === undefined) {
    const known = [...conditions.keys(), 'acl'].join(', ');
    scope.alert(`'when' does not know the condition '${name}': ${known} are known`);
  }
  if (holds === undefined || holds === null) return null;
  return (_sample, stream) => holds(stream) !== isNegated;
}

// ---- debug ----

const descriptors: ReadonlyMap<string, number> = new Map([
  ['stdout', 1],
  ['stderr', 2],
]);

const lineMax = 16_384;
/** Bytes shown as they are: the printable ones. */
const shown = (code: number): number => (code >= 32 && code < 127 ? code : 46);

/** Writes `[debug] prefix: type=str <value>` to a descriptor, at once. */
function buildDebug(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [prefix = '', name = 'buf0'] = args as readonly string[];
  const descriptor = descriptors.get(name);
  if (descriptor === undefined) {
    scope.alert(`event sink '${name}' of 'debug' is not supported yet: name stdout or stderr`);
    return null;
  }
  const sender = new Sender(null, descriptor);
  const copy = new Sample();
  return (sample, stream) => {
    const line = sender.begin(stream.thread.sys, lineMax);
    line.end--;
    line.text(`[debug] ${prefix}: type=${kindNames[sample.kind]} `);
    copy.copy(sample);
    if (castSample(copy, kindString)) {
      line.byte(60);
      for (let i = 0; i < copy.text.length; i++) line.byte(shown(copy.text.charCodeAt(i)));
      line.byte(62);
    } else line.text('(undisplayable)');
    line.end++;
    line.byte(10);
    sender.commit(line);
    sender.flush(stream.thread.sys);
    return true;
  };
}

export const states: readonly ConverterDef[] = [
  {
    ...simple('fe_exists', [kindString, kindBool], 'a frontend has this name', () => false),
    build: buildFrontendExists,
  },
  {
    ...simple('nbsrv', [kindString, kindSint], 'usable servers of the backend', () => false),
    build: buildUsableCount,
  },
  {
    ...simple('srv_is_up', [kindString, kindBool], 'the server is up', () => false),
    build: ofServer((server, sample) => sample.setBool(!server.isStopped())),
  },
  {
    ...simple('srv_queue', [kindString, kindSint], 'streams waiting for the server', () => false),
    build: ofServer((server, sample) => sample.setInt(server.queued())),
  },
  {
    name: 'when',
    args: [
      { name: 'condition', type: 'string' },
      { name: 'argument', type: 'string', optional: true },
      { name: 'argument2', type: 'string', optional: true },
    ],
    takes: kindAny,
    returns: kindAny,
    help: 'the value while a condition holds, else none',
    example: 'when(error)',
    build: buildWhen,
  },
  {
    name: 'debug',
    args: [
      { name: 'prefix', type: 'string', optional: true },
      { name: 'destination', type: 'string', optional: true },
    ],
    takes: kindAny,
    returns: kindSame,
    help: 'shows the value and passes it on',
    example: 'debug(src,stderr)',
    build: buildDebug,
  },
  simple('x509_v_err_str', [kindSint, kindString], 'name of a verification result', (sample) =>
    sample.setText(verifyName(Number(sample.int)) || String(sample.int)),
  ),
];
