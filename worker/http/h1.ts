// HTTP/1: what its parser, body decoder and writer share. Result codes, limits, and the state a
// connection keeps while a head arrives in pieces. Called by the muxes and health checks.
// It never touches a socket and never keeps a reference to a message.

/**
 * Why a message was refused: what the parsers and the body decoder return below zero.
 * `h1ErrorStatus` tells the status a client gets; a server's message that is refused is a 502
 * whatever the code.
 */
export const h1ErrorMethod = -1;
export const h1ErrorTarget = -2;
export const h1ErrorVersion = -3;
export const h1ErrorStatusLine = -4;
export const h1ErrorName = -5;
export const h1ErrorValue = -6;
export const h1ErrorLineEnd = -7;
export const h1ErrorHeaderCount = -8;
export const h1ErrorHost = -9;
export const h1ErrorContentLength = -10;
export const h1ErrorTransferEncoding = -11;
/** A transfer coding other than chunked: 422. */
export const h1ErrorCoding = -12;
/** A body with GET, HEAD or DELETE in HTTP/1.0: 413. */
export const h1ErrorPayload = -13;
export const h1ErrorWebsocketKey = -14;
export const h1ErrorChunk = -15;
/** Not an error of the peer: the first line is that of the HTTP/2 preface (RFC 9113 3.4). */
export const h1PrefaceH2 = -16;

const errorStatuses = new Uint16Array(17).fill(400);
errorStatuses[-h1ErrorCoding] = 422;
errorStatuses[-h1ErrorPayload] = 413;

/** Status of the answer to a request refused with `code` (below zero): 400, 413 or 422. */
export function h1ErrorStatus(code: number): number {
  return errorStatuses[-code];
}

/** What a proxy's configuration says about reading messages in one direction. */
export class H1Limits {
  /**
   * Header lines at most: tune.http.maxhdr less one, because that count includes the first line.
   */
  readonly headerMax: number;
  /**
   * `option accept-unsafe-violations-in-http-request`, or `-response` for the limits of a server.
   */
  readonly relaxed: boolean;
  /** `accept-payload-with-any-method`. */
  readonly payloadWithAnyMethod: boolean;
  /** `h1-do-not-close-on-insecure-transfer-encoding`. */
  readonly keepInsecure: boolean;

  constructor(
    headerMax: number,
    relaxed = false,
    payloadWithAnyMethod = false,
    keepInsecure = false,
  ) {
    this.headerMax = headerMax;
    this.relaxed = relaxed;
    this.payloadWithAnyMethod = payloadWithAnyMethod;
    this.keepInsecure = keepInsecure;
  }
}

/**
 * One head on its way in. One per connection and direction, or one per thread when the caller
 * keeps `scanned` and `passes` itself; `restart` before each message.
 */
export class HeadState {
  limits: H1Limits;
  /** Response: code of the method that it answers (methodHead and methodConnect matter). */
  requestMethod: number;
  /** Bytes of the head seen by the last call, and calls that read lines. 0 and 0 at the start. */
  scanned: number;
  passes: number;
  /** The first line is complete; a head that then fills the buffer is 431, before that 414. */
  inFields: boolean;
  /** After an error: its offset from `at`. */
  errorAt: number;
  /**
   * Offset from `at` of the first violation let through when relaxed, -1: none (`show errors`).
   */
  violationAt: number;

  // Scratch of one pass, written by the parser only.
  isResponse: boolean;
  isTrailers: boolean;
  valueAt: number;
  valueLength: number;
  hostWord: number;
  /** field* bits below. */
  seen: number;

  constructor(limits: H1Limits) {
    this.limits = limits;
    this.requestMethod = 0;
    this.scanned = 0;
    this.passes = 0;
    this.inFields = false;
    this.errorAt = 0;
    this.violationAt = -1;
    this.isResponse = false;
    this.isTrailers = false;
    this.valueAt = 0;
    this.valueLength = 0;
    this.hostWord = -1;
    this.seen = 0;
  }

  /** Ready for the next message on the same connection. */
  restart(): void {
    this.scanned = 0;
    this.passes = 0;
    this.inFields = false;
    this.violationAt = -1;
  }

  /** Records where an error is and returns its code. */
  fail(offset: number, code: number): number {
    this.errorAt = offset;
    return code;
  }

  /** A violation at `offset`: let through when relaxed (0), else an error. */
  tolerate(offset: number, code: number): number {
    if (!this.limits.relaxed) return this.fail(offset, code);
    if (this.violationAt < 0) this.violationAt = offset;
    return 0;
  }
}

/** Bits of `HeadState.seen`: what the header lines of this pass held. */
export const fieldContentLength = 1;
export const fieldTransferEncoding = 2;
/** A chunked coding was named, and it is the last one. */
export const fieldChunked = 4;
export const fieldChunkedLast = 8;
export const fieldOtherCoding = 16;
export const fieldUpgrade = 32;
export const fieldWebsocket = 64;
/** A list holds members to take out once the head is complete. */
export const fieldRewrite = 128;
export const fieldExpect = 256;

/** Largest chunk: 2^52 - 1, far inside what a double holds exactly. */
export const chunkBytesMax = 2 ** 52 - 1;
/** Longest chunk line, extensions included (they are validated and dropped). */
export const chunkLineBytesMax = 16384;
