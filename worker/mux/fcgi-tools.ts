// What all FastCGI connections of a thread share: sides that wait to be used again, limits of
// response heads, and who writes requests. Made by links.ts with the first connection.

import { H1Limits } from '../http/h1.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { FcgiBack } from './fcgi-back.ts';
import { FcgiRequest } from './fcgi-request.ts';
import { FcgiStream } from './fcgi-stream.ts';

/** More than this many sides wait for the collector instead. */
const spareMax = 1024;

export class FcgiTools {
  readonly thread: ThreadContext;
  readonly request: FcgiRequest;
  private readonly limits: H1Limits;
  private readonly spare: FcgiStream[];

  constructor(thread: ThreadContext) {
    this.thread = thread;
    this.request = new FcgiRequest(thread);
    this.limits = new H1Limits(thread.program.model.global.tune.httpMaxhdr - 1);
    this.spare = [];
  }

  take(link: FcgiBack, id: number): FcgiStream {
    const side = this.spare.pop() ?? new FcgiStream(this.thread);
    side.restart(link, id, this.limits);
    return side;
  }

  /** Nobody refers to `side` any more; its memory is given back already. */
  release(side: FcgiStream): void {
    side.link = null;
    if (this.spare.length < spareMax) this.spare.push(side);
  }
}
