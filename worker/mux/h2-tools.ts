// What all HTTP/2 connections of one thread share: a list for decoded headers, the reader of heads,
// and spare stream objects. One for clients and one for servers, made by stream/acceptor.ts and
// mux/links.ts.

import { H2HeadReader } from '../http/h2-head.ts';
import { HeaderBlock } from '../http/hpack-decoder.ts';
import type { ThreadContext } from '../thread-context.ts';
import { H2Stream, type StreamLink } from './h2-stream.ts';

/** Ended streams kept for the next ones. */
const spareMax = 512;

/** What a side of the proxy announces and allows: tune.h2.* of the manual, 3.2. */
export interface H2Limits {
  /** Window of a stream at first, and at least. */
  readonly windowBytes: number;
  /** Streams at once; 0: no limit. */
  readonly streamMax: number;
  /** Slots that all streams of a connection may fill. */
  readonly receiveSlots: number;
  readonly frameBytes: number;
  readonly tableBytes: number;
  /** 0: glitches do not end a connection. */
  readonly glitchMax: number;
  /** Streams over the life of a connection; 0: no limit. */
  readonly totalMax: number;
  /** Frames, and resets of the peer, that are acted on in one go. */
  readonly framesAtOnce: number;
  readonly resetsAtOnce: number;
  /** The peer may open WebSockets over HTTP/2 (RFC 8441). */
  readonly allowsConnect: boolean;
}

export class H2Tools {
  readonly thread: ThreadContext;
  readonly limits: H2Limits;
  readonly block: HeaderBlock;
  readonly reader: H2HeadReader;
  private readonly spare: H2Stream[];

  /** `isFront`: towards clients. */
  constructor(thread: ThreadContext, isFront: boolean) {
    const { tune } = thread.program.model.global;
    this.thread = thread;
    this.limits = limitsOf(tune, isFront);
    this.block = new HeaderBlock(tune.httpMaxhdr + pseudoMax);
    this.reader = new H2HeadReader();
    this.spare = [];
  }

  take(link: StreamLink, id: number): H2Stream {
    const side = this.spare.pop() ?? new H2Stream(link);
    side.restart(link, id);
    return side;
  }

  /** Nobody refers to `side` any more. */
  release(side: H2Stream): void {
    side.inbound.drop();
    side.outbound.release();
    side.inbound.credit = null;
    if (this.spare.length < spareMax) this.spare.push(side);
  }
}

/** Pseudo headers of a request do not count as headers. */
const pseudoMax = 5;

type Tune = ThreadContext['program']['model']['global']['tune'];

function limitsOf(tune: Tune, isFront: boolean): H2Limits {
  const { h2, bufsize } = tune;
  const own = isFront ? h2.front : h2.back;
  const streamMax =
    own.maxConcurrentStreams < 0 ? h2.maxConcurrentStreams : own.maxConcurrentStreams;
  const wanted = own.rxbufBytes > 0 ? own.rxbufBytes : rxbufDefault;
  return {
    windowBytes: own.initialWindowSize || h2.initialWindowSize || bufsize,
    streamMax,
    receiveSlots: Math.max(Math.ceil(wanted / bufsize), streamMax || 1),
    frameBytes: Math.min(h2.maxFrameSize || bufsize, bufsize),
    tableBytes: h2.headerTableSize,
    glitchMax: own.glitchesThreshold,
    totalMax: own.maxTotalStreams,
    framesAtOnce: own.maxFramesAtOnce || Number.MAX_SAFE_INTEGER,
    resetsAtOnce: own.maxRstAtOnce || Number.MAX_SAFE_INTEGER,
    allowsConnect: !isFront || h2.announcesWebsockets,
  };
}

/** tune.h2.fe.rxbuf, tune.h2.be.rxbuf: 100 streams with a buffer each. */
const rxbufDefault = 1_638_400;
