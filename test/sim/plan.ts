// What a simulated client asks for and what the server behind has to do about it. The request
// carries it in its target, so that the server needs no knowledge of its own.

import type { Chance } from './chance.ts';

export const methods = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE'] as const;
/** How the server frames its answer. */
export const framings = ['length', 'length', 'chunked', 'trailer', 'close', 'none'] as const;
/**
 * What becomes of the answer; all but 'fine' leave the client with an error, or with part of it.
 */
export const fates = ['fine', 'reset', 'close', 'cut', 'garbage'] as const;

export interface ExchangePlan {
  readonly id: string;
  readonly method: (typeof methods)[number];
  readonly requestBytes: number;
  readonly requestChunked: boolean;
  /** The client waits for `100 Continue` before its body. */
  readonly expects: boolean;
  readonly responseBytes: number;
  readonly framing: (typeof framings)[number];
  readonly fate: (typeof fates)[number];
  /** Turns before the server answers. */
  readonly delay: number;
  /** The server asks for the end of the connection behind this answer. */
  readonly last: boolean;
}

const bodyMost = 100_000;

/** `isRough`: servers fail, too. */
export function planExchange(chance: Chance, id: string, isRough: boolean): ExchangePlan {
  const method = chance.pick(methods);
  const hasBody = method === 'POST' || method === 'PUT';
  const requestBytes = hasBody ? chance.size(bodyMost) : 0;
  return {
    id,
    method,
    requestBytes,
    requestChunked: hasBody && chance.hits(0.4),
    expects: requestBytes > 0 && chance.hits(0.1),
    responseBytes: chance.size(bodyMost),
    framing: chance.pick(framings),
    fate: isRough && chance.hits(0.2) ? chance.pick(fates) : 'fine',
    delay: chance.hits(0.3) ? chance.between(1, 50) : 0,
    last: chance.hits(0.1),
  };
}

export function targetOf(plan: ExchangePlan): string {
  const { id, requestBytes, responseBytes, framing, fate, delay, last } = plan;
  const words = { id, requestBytes, responseBytes, framing, fate, delay, last };
  return `/sim?${Object.entries(words)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')}`;
}

export interface ServerOrder
  extends Pick<
    ExchangePlan,
    'id' | 'requestBytes' | 'responseBytes' | 'framing' | 'fate' | 'delay' | 'last'
  > {
  readonly isHead: boolean;
}

/** What a request line asks of the server; null when it was damaged on the way. */
export function orderOf(line: string): ServerOrder | null {
  const target = / \/sim\?(\S+) /.exec(line)?.[1];
  if (target === undefined) return null;
  const words = new Map(target.split('&').map((word) => word.split('=') as [string, string]));
  return {
    id: words.get('id') ?? '',
    requestBytes: Number(words.get('requestBytes')),
    responseBytes: Number(words.get('responseBytes')),
    framing: words.get('framing') as ServerOrder['framing'],
    fate: words.get('fate') as ServerOrder['fate'],
    delay: Number(words.get('delay')),
    last: words.get('last') === 'true',
    isHead: line.startsWith('HEAD '),
  };
}
