// What the fetch families share: rows without arguments, and the way to the messages of a stream.
// Used by sample/fetches only.

import type { Message } from '../../http/message.ts';
import type { Evaluate, FetchDef } from '../../keyword.ts';
import { directionRequest, directionResponse, type Stream } from '../../stream/stream.ts';
import type { Sample, SampleKind } from '../sample.ts';
import { rawRequest } from './raw-request.ts';

/**
 * A fetch without arguments whose closure needs nothing from the configuration. In brackets: its
 * type and what it reads.
 */
export function plain(
  name: string,
  [returns, reads]: readonly [SampleKind, string],
  help: string,
  evaluate: Evaluate,
): FetchDef {
  return { name, args: [], returns, reads, help, example: name, build: () => evaluate };
}

/** The same fetch under another name. */
export function alias(name: string, def: FetchDef, reads = def.reads): FetchDef {
  return { ...def, name, reads, example: name + def.example.slice(def.name.length) };
}

/**
 * The request's head, null when it is not there: `out.mayChange` then says whether it may come. It
 * stays readable while the answer is made, for log formats of replies and of the log line.
 */
export function requestHead(stream: Stream, out: Sample): Message | null {
  const { request } = stream;
  if (request.headLength > 0) return request;
  if (stream.direction !== directionRequest) return null;
  if (!stream.frontend.isHttp) return rawRequest(stream, out);
  out.mayChange = true;
  return null;
}

/** The request's head or what is left of it once the response has come: persistent parts only. */
export function requestEver(stream: Stream, out: Sample): Message | null {
  const { request } = stream;
  if (request.headLength > 0) return request;
  return requestHead(stream, out);
}

/** The response's head, as requestHead. */
export function responseHead(stream: Stream, out: Sample): Message | null {
  const { response } = stream;
  if (response.status > 0) return response;
  if (stream.direction !== directionResponse) return null;
  out.mayChange = true;
  return null;
}

/** Which message a fetch reads. */
export type ReadHead = (stream: Stream, out: Sample) => Message | null;
