// What traffic says of a server's health (manual 5.2, observe): good news and bad news, counted one
// after the other over all threads in the server's words. Called by the stream engine for servers
// that ask for it; what enough bad news do is decided on the control thread (worker/check).

import { serverErrors } from '../../shared/segment/server-state.ts';
import type { Server } from './server.ts';

/** `Server.observes`: nothing, connections only, or answers. */
export const observesNothing = 0;
export const observesLayer4 = 1;
export const observesLayer7 = 2;

export const seenConnection = 0;
export const seenNoConnection = 1;
export const seenAnswer = 2;
export const seenWrongStatus = 3;
export const seenBadHead = 4;
export const seenBadAnswer = 5;
export const seenReadError = 6;
export const seenTimeout = 7;
export const seenClose = 8;

const ignored = 0;
const bad = 1;
const good = 2;

/** Sentences of the reference, by the numbers above; what each says on either layer. */
const seen = [
  { text: 'L4 successful connection', layers: [ignored, good, ignored] },
  { text: 'L4 unsuccessful connection', layers: [ignored, bad, bad] },
  { text: 'Correct http response', layers: [ignored, ignored, good] },
  { text: 'Wrong http response', layers: [ignored, ignored, bad] },
  { text: 'Invalid http response (headers)', layers: [ignored, ignored, bad] },
  { text: 'Invalid http response', layers: [ignored, ignored, bad] },
  { text: 'Read error (http)', layers: [ignored, ignored, bad] },
  { text: 'Read timeout (http)', layers: [ignored, ignored, bad] },
  { text: 'Close from server (http)', layers: [ignored, ignored, bad] },
] as const;

/**
 * Counts what was seen of a server; once `error-limit` is reached, the sentence about it, else ''.
 */
export function noteSeen(server: Server, what: number): string {
  const mark = seen[what].layers[server.observes];
  if (mark === ignored) return '';
  const { words } = server;
  const at = server.stateAt + serverErrors;
  if (mark === good) {
    if (words[at] !== 0) Atomics.store(words, at, 0);
    return '';
  }
  const errors = Atomics.add(words, at, 1) + 1;
  if (errors < server.errorLimit) return '';
  Atomics.store(words, at, 0);
  return `Detected ${errors} consecutive errors, last one was: ${seen[what].text}`;
}

const layers = { '': observesNothing, layer4: observesLayer4, layer7: observesLayer7 } as const;

/** Start only. Without checks there is nobody to tell. */
export function observesOf(model: Server['model']): number {
  return model.check ? layers[model.checks.observe] : observesNothing;
}
