// Parsers that only an exchange under way needs: an idle connection holds none. Taken and given
// back by receiver.ts and h1-*.ts. This module exists once per thread, and so do the spares.

import { BodyDecoder, type TrailerReader } from '../http/h1-body.ts';
import { type H1Limits, HeadState } from '../http/h1.ts';

/** More than this many wait for the collector instead. */
const sparesMax = 1024;

const heads: HeadState[] = [];
const decoders: BodyDecoder[] = [];

/** Ready for the first byte of a head. */
export function takeHead(limits: H1Limits): HeadState {
  const head = heads.pop();
  if (head === undefined) return new HeadState(limits);
  head.limits = limits;
  head.restart();
  return head;
}

/** It must not be used after this. Null is nothing to give back. */
export function releaseHead(head: HeadState | null): void {
  if (head !== null && heads.length < sparesMax) heads.push(head);
}

/** To be started before use. */
export function takeDecoder(trailers: TrailerReader): BodyDecoder {
  const decoder = decoders.pop();
  if (decoder === undefined) return new BodyDecoder(trailers);
  decoder.trailers = trailers;
  return decoder;
}

/** It must not be used after this. Null is nothing to give back. */
export function releaseDecoder(decoder: BodyDecoder | null): void {
  if (decoder !== null && decoders.length < sparesMax) decoders.push(decoder);
}
