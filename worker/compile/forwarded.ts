// `option forwarded`: the element of the Forwarded header (RFC 7239) that a backend adds, as a
// closure. Called by proxies.ts at start. What an expression gives is checked when it is written:
// nobody can smuggle a second parameter through it.

import type { ProxyModel } from '../../shared/config/model.ts';
import { type Endpoint, familyIpv4, familyIpv6, ipv6Text } from '../conn/endpoint.ts';
import type { Evaluate, FormatText, Scope, WordCursor } from '../keyword.ts';
import type { ForwardedPlan } from '../program.ts';
import { headerName } from '../http/message.ts';
import { castSample } from '../sample/cast.ts';
import {
  forwardedFields,
  forwardedNode,
  isObfuscated,
} from '../sample/converters/forwarded-node.ts';
import { kindAny, kindIpv6, kindString } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { lineCursor } from '../line-cursor.ts';

/** null: the option is not set, does not apply, or alerts were given. */
export function compileForwarded(
  model: ProxyModel,
  scopeOf: (line: NonNullable<ProxyModel['forwarded']>) => Scope,
): ForwardedPlan | null {
  const line = model.forwarded;
  if (line === null || model.mode !== 'http' || model.kind === 'frontend') return null;
  const text = compileText(lineCursor(line), scopeOf(line));
  return text === null ? null : { text, isValid: (value) => forwardedFields(value) !== null };
}

const expressionMark = '-expr';

/** What each parameter is made from: null is what the connection or request says. */
type Sources = Map<string, Evaluate | null>;

function compileText(words: WordCursor, scope: Scope): FormatText | null {
  const sources: Sources = new Map();
  while (!words.atEnd()) {
    const word = words.next();
    if (!word.endsWith(expressionMark)) {
      sources.set(word, null);
      continue;
    }
    const name = word.slice(0, -expressionMark.length);
    const isNodeName = name === 'for' || name === 'by';
    const expression = scope.expressionOf(words.next(), isNodeName ? kindAny : kindString);
    if (expression === null) return null;
    sources.set(name, expression.evaluate);
  }
  if (sources.size === 0) sources.set('proto', null).set('for', null);
  const parts = partsOf(sources);
  return (stream) => {
    let text = '';
    for (const part of parts) text += text === '' ? part(stream) : `;${part(stream)}`;
    return text;
  };
}

/** The parameters that were asked for, in the order in which they are written. */
function partsOf(sources: Sources): readonly FormatText[] {
  const parts: FormatText[] = [];
  const host = sources.get('host');
  if (sources.has('proto')) parts.push(proto);
  if (host !== undefined) parts.push((stream) => `host="${hostOf(stream, host)}"`);
  for (const [name, end] of nodes) {
    const source = sources.get(name);
    if (source === undefined) continue;
    const node = compileNode({ source, port: sources.get(`${name}_port`), end });
    parts.push((stream) => `${name}=${node(stream)}`);
  }
  return parts;
}

const nodes: readonly (readonly [name: string, end: (stream: Stream) => Endpoint])[] = [
  ['by', (stream) => stream.destination],
  ['for', (stream) => stream.source],
];

function proto(stream: Stream): string {
  return stream.session.connection.transport === null ? 'proto=http' : 'proto=https';
}

const hostName = headerName('host');

/** '' for one that does not keep to the form. */
function hostOf(stream: Stream, source: Evaluate | null): string {
  const { request } = stream;
  const at = source === null ? request.find(hostName, 0) : -1;
  const text = source === null ? (at < 0 ? '' : request.valueText(at)) : textOf(stream, source);
  return forwardedFields(`host="${text}"`) === null ? '' : text;
}

interface NodeParts {
  readonly source: Evaluate | null;
  /** undefined: no port is written. */
  readonly port: Evaluate | null | undefined;
  readonly end: (stream: Stream) => Endpoint;
}

/** `name[:port]`; quoted where a port or an IPv6 address is in it (RFC 7239 6). */
function compileNode({ source, port, end }: NodeParts): FormatText {
  return (stream) => {
    const name = source === null ? addressName(end(stream)) : sampleName(stream, source);
    const known = name === '' ? 'unknown' : name;
    const portText = port === undefined ? '' : portOf(stream, port, end(stream));
    if (portText !== '') return `"${known}:${portText}"`;
    return port !== undefined || known.startsWith('[') ? `"${known}"` : known;
  };
}

function addressName(end: Endpoint): string {
  if (end.family === familyIpv4) return end.text();
  return end.family === familyIpv6 ? `[${end.text()}]` : '';
}

function sampleName(stream: Stream, source: Evaluate): string {
  const { sample } = stream;
  sample.restart();
  if (!source(stream, sample)) return '';
  if (sample.kind === kindIpv6) return `[${ipv6Text(sample.text)}]`;
  if (!castSample(sample, kindString)) return '';
  const { text } = sample;
  const node = text.includes(':') ? forwardedNode(`[${text}]`) : forwardedNode(text);
  if (node !== null && node.port < 0 && node.portName === '') {
    return node.ipv6 === '' ? text : `[${ipv6Text(node.ipv6)}]`;
  }
  return isObfuscated(text) ? `_${text}` : '';
}

function portOf(stream: Stream, source: Evaluate | null, end: Endpoint): string {
  if (source === null) return end.port > 0 ? String(end.port) : '';
  const text = textOf(stream, source);
  const isPort = forwardedNode(`unknown:${text}`) !== null;
  if (isPort) return text;
  return isObfuscated(text) ? `_${text}` : '';
}

function textOf(stream: Stream, source: Evaluate): string {
  const { sample } = stream;
  sample.restart();
  return source(stream, sample) && castSample(sample, kindString) ? sample.text : '';
}
